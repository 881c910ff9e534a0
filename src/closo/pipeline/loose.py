"""Analyse loose files and folders, without a study: they are taken as one pellet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from closo import readers
from closo.errors import ClosoError, DataError, ReadError, StudyError
from closo.pipeline.jobs import Job, as_closo_error, compute, list_parts, unexpected
from closo.pipeline.plan import choose_parts, hash_of
from closo.pipeline.records import Outcome
from closo.quantity import Number, Quantity
from closo.store import from_document
from closo.study import Measurement
from closo.techniques import Technique, get
from closo.toml import read_number

__all__ = ["run"]

_OWNER = "command line"
_PLAIN_SUFFIXES = frozenset({"", ".txt", ".csv", ".dat", ".tsv", ".asc", ".log", ".md"})  # may be anything


def run(
    technique: str,
    files: Iterable[str | Path],
    *,
    area: str | Number | None = None,
    thickness: str | Number | None = None,
    temperature: str | Number | None = None,
    lead_resistance: str | Number | None = None,
    ionic_conductivity: str | Number | None = None,
    pressure: str | Number | None = None,
    active_mass: str | Number | None = None,
    theoretical_capacity: str | Number | None = None,
    settings: Mapping[str, Any] | None = None,
    columns: str | None = None,
    reader: str | None = None,
    part: int | str | None = None,
) -> Iterator[Outcome]:
    """Yield one outcome per measurement of the technique's kind; a bad file gives its error and the rest goes on.

    Parameters
    ----------
    technique : a name of TECHNIQUES.
    files : files, or folders whose files are all tried (those in hidden folders are not).
    area, thickness, temperature, lead_resistance, ionic_conductivity, pressure, active_mass, theoretical_capacity : text
        with a unit or numbers [SI]; the same for all files, so that they are one source of uncertainty
        (`thickness:command line`).
    settings : of the technique.
    columns, reader, part : as in study.toml.

    Raises
    ------
    StudyError  when the technique, a setting or a number is wrong: nothing is analysed then.
    """
    row = get(technique)
    given = {
        "area": area,
        "thickness": thickness,
        "temperature": temperature,
        "lead_resistance": lead_resistance,
        "ionic_conductivity": ionic_conductivity,
        "pressure": pressure,
        "active_mass": active_mass,
        "theoretical_capacity": theoretical_capacity,
    }
    inputs = _inputs(row, given)
    row.check_settings(settings or {})
    if isinstance(part, int) and part < 1:
        raise StudyError(f"part = {part} does not exist.", hint="Parts are counted from 1.")
    wanted = Measurement(label=_OWNER, specimen=_OWNER, technique=technique, file="-", part=part)
    listed = list(_expand(files))
    names = _unique_names([path for path, _ in listed])
    return _outcomes(listed, names, row, wanted=wanted, job_fields={
        "inputs": inputs, "settings": dict(settings or {}), "reader": reader, "columns": columns,
    })  # fmt: skip


def _inputs(technique: Technique, given: Mapping[str, str | Number | None]) -> dict[str, Any]:
    """Return what was given as stored quantities."""
    inputs = {}
    for name, value in given.items():
        if value is None:
            continue
        if name not in technique.inputs:
            raise StudyError(f"{technique.name} does not use {name}.", hint=f"It uses {', '.join(technique.inputs)}.")
        number = read_number(value, name, label=f"{name}:{_OWNER}") if isinstance(value, str) else value
        inputs[name] = Quantity(name, number).as_stored()
    return inputs


def _expand(files: Iterable[str | Path]) -> Iterator[tuple[Path, bool]]:
    """Yield every file, and whether it was found in a folder (True) or named by the user (False)."""
    for entry in map(Path, files):
        if not entry.is_dir():
            yield entry, False
            continue
        inside = sorted(p for p in entry.rglob("*") if p.is_file() and not _hidden(p.relative_to(entry)))
        if not inside:
            raise StudyError("the folder holds no files.", file=entry)
        yield from ((path, True) for path in inside)


def _hidden(path: Path) -> bool:
    return any(name.startswith(".") for name in path.parts)


def _unique_names(paths: list[Path]) -> list[str]:
    """Return a name per file for keys and labels: the bare name, with folders in front where two are equal."""
    bare = [path.name for path in paths]
    return [
        name if bare.count(name) == 1 else "_".join(part for part in path.parts if part not in ("/", ".", ".."))
        for path, name in zip(paths, bare, strict=True)
    ]


def _outcomes(
    listed: list[tuple[Path, bool]],
    names: list[str],
    technique: Technique,
    *,
    wanted: Measurement,
    job_fields: Mapping[str, Any],
) -> Iterator[Outcome]:
    for (path, from_folder), name in zip(listed, names, strict=True):
        try:
            yield from _outcomes_of_file(path, name, technique, wanted=wanted, job_fields=job_fields)
        except ClosoError as error:
            yield Outcome(path, error=error, skipped=from_folder and _promises_nothing(path, error))
        except Exception as error:  # noqa: BLE001  one bad file must not end the run; it is recorded
            yield Outcome(path, error=unexpected(error, str(path)))


def _outcomes_of_file(
    path: Path, name: str, technique: Technique, *, wanted: Measurement, job_fields: Mapping[str, Any]
) -> Iterator[Outcome]:
    if not path.is_file():
        what = "this is not a regular file." if path.exists() else "there is no such file."
        raise ReadError(what, file=path, hint="Check the name.")
    sha256 = hash_of(path)
    parts = list_parts((str(path), sha256, job_fields["reader"], job_fields["columns"]))
    for part, _ in choose_parts(parts, technique, measurement=wanted.model_copy(update={"file": str(path)})):
        job = Job(
            key=f"{name}#{part}",
            path=str(path),
            sha256=sha256,
            file=str(path),
            source=name,
            part=part,
            technique=technique.name,
            **job_fields,
        )
        computed = compute(job)
        if computed.document is None:
            fields = dict(computed.error or {})
            yield Outcome(path, part, error=as_closo_error(fields | {"file": fields.get("file") or str(path)}))
        else:
            yield Outcome(path, part, from_document(computed.document, computed.curves))


def _promises_nothing(path: Path, error: ClosoError) -> bool:
    """Return whether a file of a folder may be left aside: of another kind, or of no instrument."""
    known = {suffix for reader in readers.READERS for suffix in reader.suffixes} - _PLAIN_SUFFIXES
    return isinstance(error, DataError) or path.suffix.lower() not in known
