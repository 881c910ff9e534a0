"""Analyse loose files and folders, without a study: they are taken as one pellet."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from closo import readers
from closo.combine.audit import area_question
from closo.dataset import Dataset, to_bytes
from closo.documents import from_document
from closo.errors import ClosoError, DataError, ReadError, StudyError
from closo.models.recipe import disc_area
from closo.pipeline.header import take_header
from closo.pipeline.jobs import Computed, Job, as_closo_error, compute, fingerprint_of, read_file, unexpected
from closo.pipeline.listing import list_parts
from closo.pipeline.plan import choose_parts, hash_of, named_files
from closo.pipeline.records import Outcome
from closo.quantity import Number, Quantity
from closo.study import Measurement
from closo.techniques import Technique, get
from closo.toml import read_number

_OWNER = "command line"
_PLAIN_SUFFIXES = frozenset({"", ".txt", ".csv", ".dat", ".tsv", ".asc", ".log", ".md"})  # may be anything


File = str | Path | Dataset


def run(
    technique: str,
    files: File | Iterable[File],
    *,
    inputs: Mapping[str, str | Number | None] | None = None,
    settings: Mapping[str, Any] | None = None,
    columns: str | None = None,
    reader: str | None = None,
    part: int | str | None = None,
    use_header: bool = False,
) -> Iterator[Outcome]:
    """Yield one outcome per measurement of the technique's kind; a bad file gives its error and the rest goes on.

    Parameters
    ----------
    technique : a name of TECHNIQUES.
    files : one or more files, as path or text; folders, whose files are all tried (those in hidden folders are not); or
        measurements that `closo.read` gave.
    inputs : names of INPUTS -> text with a unit or a number [SI]; the same for all files, so that they are one source of
        uncertainty (`thickness:command line`). A diameter is that of a round electrode, instead of the area.
    settings : of the technique.
    columns, reader, part : as in study.toml.
    use_header : take area, thickness, temperature and mass from the header of each file where they are not given here and
        are not the default of the program; a note of the result says what was taken.

    Raises
    ------
    StudyError  when the technique, a setting or a number is wrong: nothing is analysed then.

    Example
    -------
    >>> import numpy as np
    >>> from closo.dataset import new
    >>> f = np.geomspace(1e6, 1.0, 37)
    >>> arc = 500.0 / (1.0 + 2j * np.pi * f * 500.0 * 1e-10) + 1.0 / (2j * np.pi * f * 1e-5)  # 500 ohm, then electrodes
    >>> spectrum = new("impedance", {"frequency": f, "impedance": arc}, source="mine")
    >>> outcomes = list(run("impedance", spectrum, inputs={"diameter": "10 mm", "thickness": "300 ± 3 um"}))
    >>> round(outcomes[0].result.quantities["total_resistance"].value)
    500

    A file or several go in the same way: `run("impedance", "a.mpr")`, `run("impedance", ["a.mpr", "b.par"])`.
    """
    row = get(technique)
    known = _inputs(row, {name: value for name, value in (inputs or {}).items() if value is not None})
    row.check_settings(settings or {})
    if isinstance(part, int) and part < 1:
        raise StudyError(f"part = {part} does not exist.", hint="Parts are counted from 1.")
    wanted = Measurement(label=_OWNER, specimen=_OWNER, technique=technique, file="-", part=part)
    supplied = {name: hash_of(Path(name)) for name in named_files(row, settings or {}) if Path(name).is_file()}
    asked = _Asked(row, known, dict(settings or {}), reader, columns, wanted, use_header, supplied)
    listed = list(_expand([files] if isinstance(files, File) else files))
    names = _unique_names([Path(str(one.attrs["source"])) if isinstance(one, Dataset) else one for one, _ in listed])
    return _outcomes(listed, names, asked)


@dataclass(frozen=True)
class _Asked:
    """What is asked of every file."""

    technique: Technique
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    reader: str | None
    columns: str | None
    wanted: Measurement
    use_header: bool
    supplied: Mapping[str, str]


def _inputs(technique: Technique, given: Mapping[str, str | Number]) -> dict[str, Any]:
    """Return what was given as stored quantities."""
    numbers = {
        name: read_number(value, name, label=f"{name}:{_OWNER}") if isinstance(value, str) else value
        for name, value in given.items()
    }
    if "diameter" in numbers:
        if "area" in numbers:
            raise StudyError("area and diameter are both given.", hint="Give one of the two.")
        numbers["area"] = disc_area(numbers.pop("diameter"))
    for name in numbers:
        if name not in technique.inputs:
            raise StudyError(f"{technique.name} does not use {name}.", hint=f"It uses {', '.join(technique.inputs)}.")
    return {name: Quantity(name, number).as_stored() for name, number in numbers.items()}


def _expand(files: Iterable[File]) -> Iterator[tuple[Path | Dataset, bool]]:
    """Yield every file or measurement, and whether it was found in a folder (True) or named by the user (False)."""
    for entry in files:
        if isinstance(entry, Dataset):
            if not {"kind", "part", "source", "title"} <= set(entry.attrs):
                raise StudyError(
                    "this Dataset is not a measurement.", hint="Make it with closo.read or closo.dataset.new."
                )
            yield entry, False
            continue
        path = Path(entry)
        if not path.is_dir():
            yield path, False
            continue
        found = ((p, p.relative_to(path).parts) for p in path.rglob("*") if p.is_file())
        inside = sorted(p for p, parts in found if not any(part.startswith(".") for part in parts))
        if not inside:
            raise StudyError("the folder holds no files.", file=path)
        yield from ((one, True) for one in inside)


def _unique_names(paths: list[Path]) -> list[str]:
    """Return a name per file for keys and labels: the bare name, with folders in front where two are equal."""
    count = Counter(path.name for path in paths)
    return [
        path.name if count[path.name] == 1 else "_".join(part for part in path.parts if part not in ("/", ".", ".."))
        for path in paths
    ]


def _outcomes(listed: list[tuple[Path | Dataset, bool]], names: list[str], asked: _Asked) -> Iterator[Outcome]:
    if "raman_scan" in asked.technique.kinds:
        scans = [k for k, (entry, _) in enumerate(listed) if isinstance(entry, Path) and _is_scan(entry, asked)]
        if len(scans) > 1:
            yield _of_scans([(listed[k][0], names[k]) for k in scans], asked)
            listed = [one for k, one in enumerate(listed) if k not in scans]
            names = [name for k, name in enumerate(names) if k not in scans]
    for (entry, from_folder), name in zip(listed, names, strict=True):
        path = Path(str(entry.attrs["source"])) if isinstance(entry, Dataset) else entry
        try:
            yield from _of_dataset(entry, name, asked) if isinstance(entry, Dataset) else _of_file(entry, name, asked)
        except ClosoError as error:
            yield Outcome(path, error=error, skipped=from_folder and _promises_nothing(path, error))
        except Exception as error:  # noqa: BLE001  one bad file must not end the run; it is recorded
            yield Outcome(path, error=unexpected(error, str(path)))


def _is_scan(path: Path, asked: _Asked) -> bool:
    """Return whether a file holds one scan of a spectrometer with many analysers; a bad file is told of later."""
    try:
        parts, _ = read_file(str(path), hash_of(path), asked.reader, asked.columns)
    except ClosoError:
        return False
    return [part.attrs["kind"] for part in parts] == ["raman_scan"]


def _job(asked: _Asked, name: str, part: int, path: str | tuple[str, ...], **more: Any) -> Job:
    """Return the job of one part of a file that is called `name`."""
    return Job(
        key=f"{name}#{part}",
        path=path,
        source=name,
        part=part,
        technique=asked.technique.name,
        inputs=asked.inputs,
        settings=asked.settings,
        supplied=asked.supplied,
        **more,
    )


def _of_scans(files: Sequence[tuple[Any, str]], asked: _Asked) -> Outcome:
    """Return the outcome of all scans of one sample, which are one measurement."""
    hashes = [hash_of(path) for path, _ in files]
    names = [name for _, name in files]
    job = _job(
        asked,
        names[0],
        1,
        tuple(str(path) for path, _ in files),
        sha256=fingerprint_of(hashes),
        file=", ".join(names),
        reader=asked.reader,
        columns=asked.columns,
        joined=tuple(zip(names, hashes, strict=True)),
    )
    return outcome_of(job, compute(job))


def _of_file(path: Path, name: str, asked: _Asked) -> Iterator[Outcome]:
    if not path.is_file():
        what = "this is not a regular file." if path.exists() else "there is no such file."
        raise ReadError(what, file=path, hint="Check the name.")
    sha256 = hash_of(path)
    file = (str(path), sha256, asked.reader, asked.columns)
    wanted = asked.wanted.model_copy(update={"file": str(path)})
    told = {"sha256": sha256, "file": str(path), "reader": asked.reader, "columns": asked.columns}
    for part, _ in choose_parts(list_parts(file), asked.technique, measurement=wanted):
        job = _job(asked, name, part, str(path), **told)
        if not asked.use_header:
            yield outcome_of(job, compute(job))
            continue
        datasets, reader = read_file(*file)
        data = next(d for d in datasets if d.attrs["part"] == part)
        yield _with_header(replace(job, reader=reader), data, asked)


def _of_dataset(data: Dataset, name: str, asked: _Asked) -> Iterator[Outcome]:
    """Yield the outcome of a measurement that is at hand; its content stands in for a file's."""
    source, part = str(data.attrs["source"]), int(data.attrs["part"])
    parts = [{"part": part, "kind": str(data.attrs["kind"]), "title": str(data.attrs["title"])}]
    choose_parts(parts, asked.technique, measurement=asked.wanted.model_copy(update={"file": source}))
    job = _job(asked, name, part, source, sha256=hashlib.sha256(to_bytes(data)).hexdigest(), file=source)
    yield _with_header(job, data, asked) if asked.use_header else outcome_of(job, compute(job, data))


def _with_header(job: Job, data: Dataset, asked: _Asked) -> Outcome:
    """Return the outcome of a measurement with what its header states of the sample."""
    label = f"header of {job.source}"
    taken, notes, left = take_header(data, asked.technique, given=asked.inputs, label=label)
    job = replace(job, inputs={**job.inputs, **taken})
    return outcome_of(job, compute(job, left), notes)


def outcome_of(job: Job, computed: Computed, notes: Sequence[str] = ()) -> Outcome:
    """Return what came of a job, with the doubts about its geometry among the notes."""
    path = Path(job.file)
    if computed.document is None:
        fields = dict(computed.error or {})
        return Outcome(path, job.part, error=as_closo_error(fields | {"file": fields.get("file") or job.file}))
    result = from_document(computed.document, computed.curves)
    doubt = area_question(Quantity.from_stored(job.inputs["area"]).number, None) if "area" in job.inputs else None
    said = [*notes, doubt] if doubt else notes
    return Outcome(path, job.part, replace(result, notes=(*result.notes, *said)))


def _promises_nothing(path: Path, error: ClosoError) -> bool:
    """Return whether a file of a folder may be skipped: of another type, or of no instrument."""
    known = {suffix for reader in readers.READERS for suffix in reader.suffixes} - _PLAIN_SUFFIXES
    return isinstance(error, DataError) or path.suffix.lower() not in known
