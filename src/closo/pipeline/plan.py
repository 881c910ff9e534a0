"""What a study asks for: one `Job` per measured part of every file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from closo.errors import ClosoError, DataError, ReadError, did_you_mean, with_article
from closo.pipeline.code import code_version
from closo.pipeline.jobs import File, Job, fingerprint_of, split_part, unexpected
from closo.pipeline.records import Failure
from closo.quantity import Number, Quantity
from closo.study import Condition, Measurement, Owner, Study, files_of, name_measurement, path_in, temperature_of
from closo.techniques import Technique, get

Parts = Sequence[Mapping[str, Any]]
Listing = Callable[[str, File], Parts]  # fingerprint, file -> its parts


def plan(study: Study, list_file: Listing) -> Iterator[Job | Failure]:
    """Yield the jobs of every measurement; where a file cannot be used, its failure.

    Parameters
    ----------
    list_file : returns what a file holds, from memory where it can.
    """
    for measurement in study.measurements:
        yield from plan_measurement(study, measurement, list_file)


def plan_measurement(study: Study, measurement: Measurement, list_file: Listing) -> Iterator[Job | Failure]:
    """Yield the jobs of one measurement, or its failure."""
    key = key_of(study, measurement)
    try:
        yield from _jobs_of(study, measurement, list_file)
    except ClosoError as error:
        yield Failure(key, error)
    except Exception as error:  # noqa: BLE001  one bad file must not end the study; it is recorded
        yield Failure(key, unexpected(error, measurement.file))


def key_of(study: Study, measurement: Measurement) -> str:
    """Return '<owner>/<technique>/<file>', to which '#<part>' is added."""
    return f"{measurement.owner}/{measurement.technique}/{name_measurement(study, measurement)}"


def hash_of(path: Path) -> str:
    """Return the sha256 of a file.

    Raises
    ------
    ReadError  when it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(f"the file cannot be opened ({error.strerror or error}).", file=path) from None


def _jobs_of(study: Study, measurement: Measurement, list_file: Listing) -> Iterator[Job | Failure]:
    technique = get(measurement.technique)
    path, sha256, joined = _files(study, measurement, technique)
    file = (path, sha256, measurement.reader, measurement.columns)
    parts = list_file(fingerprint_of([sha256, measurement.reader, measurement.columns, code_version()]), file)
    owner = study.owner_of(measurement)
    about = owner.about(measurement.owner)
    for part, condition in choose_parts(parts, technique, measurement=measurement):
        source = name_measurement(study, measurement)
        if isinstance(condition, ClosoError):
            yield Failure(f"{key_of(study, measurement)}#{part}", condition)
            continue
        temperature = _temperature(study, measurement, condition, name=f"{source}#{part}")
        words = {w: getattr(condition, w) or getattr(measurement, w) or "" for w in ("branch", "stage", "chamber")}
        settings = {
            **study.settings.get(measurement.technique, {}),
            **_settings_of(technique, owner, measurement),
            **measurement.settings,
        }
        yield Job(
            key=f"{key_of(study, measurement)}#{part}",
            path=path,
            joined=joined,
            sha256=sha256,
            file=", ".join(measurement.files),
            source=source,
            part=part,
            technique=measurement.technique,
            reader=measurement.reader,
            columns=measurement.columns,
            inputs=store_inputs(study, technique, owner, temperature),
            settings=settings,
            supplied=supplied_files(study, technique, settings),
            folder=str(study.folder.resolve()),
            about=replace(about, **words),
        )


def supplied_files(study: Study, technique: Technique, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return name -> hash of the files that the settings of a technique name.

    Raises
    ------
    StudyError  when one is missing, or leaves the study folder.
    """
    return {name: hash_of(path_in(study, name)) for name in named_files(technique, settings)}


def named_files(technique: Technique, settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that the settings of a technique name, as they are written."""
    texts = [str(settings[key]) for key in technique.file_settings if settings.get(key)]
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return list(dict.fromkeys(split_part(name)[0] for name in names))


def _files(
    study: Study, measurement: Measurement, technique: Technique
) -> tuple[str | tuple[str, ...], str, tuple[tuple[str, str], ...]]:
    """Return path and hash of a measurement's file; of several, all paths, one hash of all, and the hash of each.

    Raises
    ------
    DataError  when several files are named for a technique that needs one.
    """
    paths = files_of(study, measurement)
    hashes = [hash_of(path) for path in paths]
    if len(paths) == 1:
        return str(paths[0]), hashes[0], ()
    if not technique.several_files:
        raise DataError(
            f"{technique.title} is made of one file, and {len(paths)} are named.",
            file=measurement.file,
            hint="Write one [[measurements]] per file.",
        )
    names = tuple(zip(measurement.files, hashes, strict=True))
    return tuple(str(path) for path in paths), fingerprint_of(hashes), names


def _settings_of(technique: Technique, owner: Owner, measurement: Measurement) -> dict[str, Any]:
    """Return the settings of a technique that the owner's table already states.

    Raises
    ------
    DataError  when the measurement contradicts its cell, such as blocking electrodes in a symmetric one.
    """
    stated = {key: value for key, value in owner.states().items() if key in technique.settings}
    for key, value in stated.items():
        asked = measurement.settings.get(key, value)
        if asked != value:
            what = f"states '{value}'" if key == "reference" else f"is {with_article(str(owner.states()['cell']))}"
            raise DataError(
                f"the measurement says {key} = '{asked}', but '{measurement.owner}' {what}.",
                file=measurement.file,
                hint="Correct one of the two.",
            )
    return stated


def store_inputs(study: Study, technique: Technique, owner: Owner, temperature: Number | None) -> dict[str, Any]:
    """Return what the technique can use of its owner, as stored quantities."""
    numbers = {name: study.given(owner, name) for name in technique.inputs if name != "temperature"}
    if "temperature" in technique.inputs:
        numbers["temperature"] = temperature
    return {name: Quantity(name, number).as_stored() for name, number in numbers.items() if number is not None}


def _temperature(study: Study, measurement: Measurement, condition: Condition, *, name: str) -> Number | None:
    text = condition.temperature or measurement.temperature
    if text is None:
        return None
    label = f"temperature:{measurement.owner}/{name}"
    return temperature_of(study, text, chamber=condition.chamber or measurement.chamber, label=label)


_NOTHING_SAID = Condition(label="none")


def choose_parts(
    parts: Parts, technique: Technique, *, measurement: Measurement
) -> list[tuple[int, Condition | DataError]]:
    """Return the parts that a measurement means, each with what was different in it.

    Raises
    ------
    DataError  when a part does not exist, is of another kind, or the conditions do not fit the parts.
    """
    file = measurement.file
    if measurement.part is not None:
        numbers = [_find(parts, measurement.part, technique, file=file)]
    else:
        numbers = [int(p["part"]) for p in parts if p["kind"] in technique.kinds]
    conditions = measurement.conditions
    if not numbers:
        unused = next((f"; columns not used: {p['unused']}" for p in parts if p.get("unused")), "")
        hint = "Was another technique meant?"
        if any(p.get("guessed") for p in parts):
            hint += (
                f" If the table is one, say so in --columns: '{technique.kinds[0]}:' before the names of the columns, or "
                "alone where the file names them."
            )
        raise DataError(
            f"{technique.title} needs a measurement of the kind {_kinds(technique)}; the file holds {_listed(parts)}"
            f"{unused}.",
            file=file,
            hint=hint,
        )
    if not conditions:
        return [(number, _NOTHING_SAID) for number in numbers]
    if all(c.part is not None for c in conditions):
        return [_matched(parts, c, technique, file=file) for c in conditions]
    if len(conditions) != len(numbers):
        raise DataError(
            f"conditions has {len(conditions)} entries, but the file holds {len(numbers)} measurements of the kind "
            f"{_kinds(technique)}: {_listed([p for p in parts if p['part'] in numbers])}.",
            file=file,
            hint="Give one entry per measurement, or name its part in each entry.",
        )
    return list(zip(numbers, conditions, strict=True))


def _matched(
    parts: Parts, condition: Condition, technique: Technique, *, file: str
) -> tuple[int, Condition | DataError]:
    """Return the part that a condition names; where it is missing, the error in its place, so that the rest goes on."""
    assert condition.part is not None
    try:
        return _find(parts, condition.part, technique, file=file), condition
    except DataError as error:
        return (condition.part if isinstance(condition.part, int) else 0), error


def _kinds(technique: Technique) -> str:
    return " or ".join(f"'{kind}'" for kind in technique.kinds)


def _find(parts: Parts, wanted: int | str, technique: Technique, *, file: str) -> int:
    """Return the number of the part that is meant."""
    fitting = [p for p in parts if wanted == (p["part"] if isinstance(wanted, int) else p["title"])]
    if not fitting:
        titles = [str(p["title"]) for p in parts]
        hint = did_you_mean(wanted, titles) if isinstance(wanted, str) else None
        raise DataError(f"part {wanted!r} does not exist; the file holds {_listed(parts)}.", file=file, hint=hint)
    if len(fitting) > 1:
        numbers = ", ".join(str(p["part"]) for p in fitting)
        raise DataError(f"{len(fitting)} parts are called '{wanted}'.", file=file, hint=f"Use a number: {numbers}.")
    if fitting[0]["kind"] not in technique.kinds:
        raise DataError(
            f"part {wanted!r} is of the kind '{fitting[0]['kind']}', but {technique.name} needs {_kinds(technique)}.",
            file=file,
            hint=f"The file holds {_listed(parts)}.",
        )
    return int(fitting[0]["part"])


def _listed(parts: Parts) -> str:
    """Return the parts of a file in words, at most six of them."""
    words = [f"{p['part']} '{p['title']}' ({p['kind']})" for p in parts[:6]]
    return (", ".join(words) + (f" and {len(parts) - 6} more" if len(parts) > 6 else "")) or "nothing"
