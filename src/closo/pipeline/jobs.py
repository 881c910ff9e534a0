"""One analysis of one part of one file: what it is computed from, and the computation.

A `Job` is plain data, so that it can be hashed (the cache) and sent to another process. Its fingerprint is the sha256 of
everything that decides the numbers: the bytes of the file, part, reader, technique, inputs with their labelled
sources, settings, and the code of reader and technique.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closo import errors, readers
from closo.documents import to_document
from closo.errors import ClosoError, DataError, StudyError
from closo.pipeline.code import code_version
from closo.quantity import Quantity
from closo.result import About, Check, Provenance, Result
from closo.techniques import Technique, get

if TYPE_CHECKING:
    from closo.dataset import Dataset


@dataclass(frozen=True)
class Job:
    """What one result is computed from."""

    key: str  # of the result
    path: str | tuple[str, ...]  # the file; of a test in several files, all of them
    sha256: str  # of its bytes; of several files, of their hashes
    file: str  # its name for people, relative to the study
    source: str  # its name in labels and keys, unique in the study
    part: int  # number inside the file
    technique: str
    reader: str | None = None  # as the user asked
    columns: str | None = None
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name -> `Quantity.as_stored`
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the technique
    about: About = About()  # what the study says about it
    joined: tuple[tuple[str, str], ...] = ()  # of a test in several files, the name and hash of each
    read_by: str = ""  # name of the reader that the file needs, where it has been looked at
    supplied: Mapping[str, str] = field(default_factory=dict)  # name -> hash of the files that the settings name
    folder: str = ""  # where these lie, empty for the current one

    @property
    def code(self) -> str:
        """Hash of the code that reads and analyses it."""
        return code_version(__name__, get(self.technique).module, *readers.modules_of(self.read_by))

    @property
    def cost(self) -> int:
        """How long it takes, counted in spectra."""
        return get(self.technique).cost

    @property
    def fingerprint(self) -> str:
        """sha256 of everything that decides the numbers."""
        names = dict.fromkeys(("path", "file", "joined", "folder"), "")
        return fingerprint_of(vars(self) | names | {"about": vars(self.about), "code": self.code})


@dataclass(frozen=True)
class Computed:
    """A result as plain data (`store.to_document`), or the fields of the error instead."""

    document: Mapping[str, Any] | None = None
    curves: bytes = b""
    error: Mapping[str, str | None] | None = None


def fingerprint_of(content: object) -> str:
    """Return the sha256 of plain JSON values.

    Example
    -------
    >>> fingerprint_of({"a": 1, "b": 2}) == fingerprint_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


File = tuple[str | tuple[str, ...], str, str | None, str | None]  # path or paths, sha256, reader, columns


@lru_cache(maxsize=8)
def read_file(
    path: str | tuple[str, ...], sha256: str, reader: str | None, columns: str | None
) -> tuple[tuple[Dataset, ...], str]:
    """Return the measurements of a file and the name of the reader; `sha256` says which content the memory is of.

    The files of one test, a tuple of paths, give one record.
    """
    if not isinstance(path, str):
        from closo.readers.tools.joining import join

        read = [(Path(one).name, *read_file(one, sha256, reader, columns)) for one in path]
        return (join([(name, parts) for name, parts, _ in read]),), ", ".join(dict.fromkeys(r[2] for r in read))
    return readers.read(Path(path), reader=reader, columns=columns), readers.name_of(Path(path), reader, columns)


def compute(job: Job, data: Dataset | None = None) -> Computed:
    """Analyse one part of one file. An error comes back as data, so that it can cross to another process.

    Parameters
    ----------
    data : the measurement, where it is at hand already; else it is read from the job's file.
    """
    return as_data(partial(_analyse, job, data), job.file)


def as_data(make: Callable[[], Result], file: str) -> Computed:
    """Make a result as plain data; an error comes back as data too.

    Parameters
    ----------
    file : what an error of a kind that nobody foresaw names.
    """
    try:
        return Computed(*to_document(make()))
    except ClosoError as error:
        return Computed(error={"kind": type(error).__name__, **error.as_json()})
    except Exception as error:  # noqa: BLE001  one bad file must not end the study; it is recorded
        return Computed(error={"kind": "DataError", **unexpected(error, file).as_json()})


def unexpected(error: Exception, file: str) -> DataError:
    """Return an error of a kind that nobody foresaw, as a sentence."""
    return DataError(
        f"the analysis stopped with {type(error).__name__} ({str(error)[:200]}).",
        file=file,
        hint="This is a bug in closo; please report it with the file.",
    )


def as_closo_error(fields: Mapping[str, str | None]) -> ClosoError:
    """Rebuild the error that `compute` recorded."""
    kind = getattr(errors, str(fields["kind"]), ClosoError)
    rebuilt: ClosoError = kind(str(fields["error"]), file=fields["file"], where=fields["where"], hint=fields["hint"])
    return rebuilt


def _analyse(job: Job, given: Dataset | None) -> Result:
    """Read, choose the part, analyse, stamp."""
    if given is None:
        datasets, reader = read_file(job.path, job.sha256, job.reader, job.columns)
    else:
        datasets, reader = (given,), job.reader or ""
    chosen = [d for d in datasets if d.attrs["part"] == job.part]
    if not chosen:
        raise DataError(f"part {job.part} does not exist.", file=job.file)
    data = chosen[0].copy()
    data.attrs = {**chosen[0].attrs, "source": job.source}
    technique = get(job.technique)
    inputs = {name: Quantity.from_stored(stored).number for name, stored in job.inputs.items()}
    named = {key: job.settings[key] for key in technique.file_settings if key in job.settings}
    found: dict[str, Any] = _in_folder(named, job.folder)
    found |= {key: _measured(found[key], technique) for key in technique.measured_settings if key in found}
    result = technique.analyse(data, **inputs, **{**job.settings, **found})
    result = replace(result, settings={**result.settings, **named})
    provenance = Provenance(
        inputs=(dict(job.joined) or {job.file: job.sha256}) | dict(job.supplied),
        reader=reader,
        function=f"{technique.module}.analyse",
        closo_version=job.code,
    )
    checks = (*result.checks, *_of_reader(result, data.attrs.get("failed_checks", ())))
    return replace(result, checks=checks, about=job.about, provenance=provenance)


def _of_reader(result: Result, failed: Iterable[Mapping[str, str]]) -> Iterator[Check]:
    """Yield the checks that failed in the reader: `unit` judges what hangs on the voltage, others all that was computed."""
    from closo.techniques.instrument import OF_VOLTAGE  # numpy, which not every verb needs

    computed = tuple(key for key, quantity in result.quantities.items() if quantity.basis != "stated")
    for check in failed:
        judges = OF_VOLTAGE if check["name"] == "unit" else computed
        yield Check(check["name"], False, check["detail"], judges)


def _in_folder(named: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Return settings that name files, with the folder in front of each name."""
    return {
        key: ",".join(str(Path(folder) / name.strip()) for name in str(text).split(",")) for key, text in named.items()
    }


def split_part(name: str) -> tuple[str, str]:
    """Split 'FILE#PART' into the file and the number or title of a measurement in it, '' where none is named.

    Example
    -------
    >>> split_part("gold.prj#Au foil"), split_part("a.xdi")
    (('gold.prj', 'Au foil'), ('a.xdi', ''))
    """
    file, _, part = name.strip().partition("#")
    return file.strip(), part.strip()


def _measured(text: str, technique: Technique) -> tuple[Dataset, ...]:
    """Return the measurements that a setting names; each is titled as its file, or its part where one is named."""
    found = []
    for name in (name for name in text.split(",") if name.strip()):
        file, part = split_part(name)
        path = Path(file)
        if not path.is_file():
            raise StudyError("there is no such file.", file=file, hint="Check the name; a part stands behind #.")
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        parts = [d for d in read_file(file, sha256, None, None)[0] if d.attrs["kind"] in technique.kinds]
        meant = [d for d in parts if part in ("", d.attrs["title"], str(d.attrs["part"]))]
        meant = [d for d in meant if d.attrs["title"] == part] or meant
        if len(meant) != 1:
            titles = ", ".join(f"'{d.attrs['title']}'" for d in (meant or parts)[:12])
            text = f"{len(meant)} spectra of it are meant by '{name.strip()}'; it holds {titles or 'none'}."
            raise StudyError(text, file=file, hint="Name one: FILE#TITLE or FILE#NUMBER.")
        found.append(meant[0].assign_attrs(title=part if part and not part.isdigit() else path.stem))
    return tuple(found)
