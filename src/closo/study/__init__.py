"""study.toml -> Study: what was made, which pellet was measured when, and where the files lie.

`load` gives a study or one clear error; `examine` lists every problem at once. Nothing is computed here, no
instrument file is opened. The tables and their keys: `closo.study.tables`; how numbers are written: `closo.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from closo.errors import StudyError
from closo.quantity import Number
from closo.study.fields import as_number
from closo.study.loading import Problem, read_study
from closo.study.references import name_measurement, repeats, unknown_names
from closo.study.stating import stated
from closo.study.tables import (
    Cell,
    Chamber,
    Condition,
    Material,
    Measurement,
    Milling,
    Owner,
    Powder,
    Press,
    Printed,
    Recipe,
    Sample,
    Series,
    Specimen,
    Study,
)
from closo.toml import Range, read_number

__all__ = [
    "Cell",
    "Chamber",
    "Condition",
    "Material",
    "Measurement",
    "Milling",
    "Owner",
    "Powder",
    "Press",
    "Printed",
    "Problem",
    "Range",
    "Recipe",
    "Sample",
    "Series",
    "Specimen",
    "Study",
    "as_number",
    "examine",
    "files_of",
    "load",
    "name_measurement",
    "path_in",
    "problems",
    "stated",
    "temperature_of",
]


def load(path: str | Path) -> Study:
    """Read a study.

    Parameters
    ----------
    path : folder of the study, or its study.toml.

    Raises
    ------
    StudyError  with the place in the file and the nearest right name; when there are more problems, it says how many.
    """
    file = _study_file(path)
    study, errors = read_study(file)
    if study is not None:
        errors = [p for p in (*unknown_names(study), *repeats(study)) if p.level == "error"]
    if study is None or errors:
        more = f"({len(errors) - 1} more: `closo check` lists them.)" if len(errors) > 1 else None
        raise StudyError(errors[0].text, file=file, where=errors[0].where, hint=more)
    return study


def examine(path: str | Path) -> tuple[Study | None, list[Problem]]:
    """Return the study (None where study.toml is too wrong to be one) and every problem of it.

    Raises
    ------
    StudyError  when there is no study.toml or it is not TOML.
    """
    study, remarks = read_study(_study_file(path))
    return study, remarks if study is None else problems(study)


def problems(study: Study) -> list[Problem]:
    """Return what is wrong without opening an instrument file: unknown names, missing files, repeats."""
    return [*unknown_names(study), *repeats(study), *_missing_files(study)]


def files_of(study: Study, measurement: Measurement) -> tuple[Path, ...]:
    """Return the path of each file of a measurement.

    Raises
    ------
    StudyError  when one is missing, is not a regular file, or leaves the study folder through a link.
    """
    return tuple(path_in(study, file) for file in measurement.files)


def path_in(study: Study, file: str) -> Path:
    """Return the path of a file that is named relative to the study's folder.

    Raises
    ------
    StudyError  when it is missing, is not a regular file, or leaves the study folder.
    """
    root = study.folder.resolve()
    path = root / file
    try:
        real = path.resolve()
        if not real.is_relative_to(root):
            raise StudyError(
                "the file is a link that leaves the study folder.", file=file, hint="Copy the file into it."
            )
        if not real.exists():
            names = (str(p.relative_to(root)) for p in real.parent.iterdir()) if real.parent.is_dir() else ()
            raise StudyError("the file is missing.", file=file, hint=_nearest_file(file, names))
        if not real.is_file():
            raise StudyError("this is not a regular file.", file=file, hint="Name an instrument file.")
    except (OSError, RuntimeError) as error:
        raise StudyError(f"the file cannot be reached ({error}).", file=file) from None
    return real


def temperature_of(study: Study, text: str, *, chamber: str | None, label: str) -> Number:
    """Return a temperature [K] with its own scatter `label` and the offset that its chamber gives to all of them.

    Parameters
    ----------
    text : as in study.toml, '30 ± 0.5 degC'.
    chamber : name of the chamber it was measured in, or None.
    label : source of this reading alone, `temperature:<specimen>/<file>#<part>`.
    """
    number = read_number(text, "temperature", label=label)
    offset = study.chambers[chamber].temperature_offset if chamber is not None else None
    return number if offset is None else number + offset


def _study_file(path: str | Path) -> Path:
    """Return the study.toml meant by `path`.

    Raises
    ------
    StudyError  when there is none, and one lies in the folder above.
    """
    path = Path(path)
    file = path / "study.toml" if path.is_dir() else path
    above = path.parent / "study.toml"
    if not file.exists() and file != above and above.exists():
        what = "there is no study.toml here." if path.is_dir() else "there is no such file."
        raise StudyError(what, file=path, hint=f"A study lies in the folder {above.parent}.")
    return file


def _nearest_file(file: str, names: Iterable[str]) -> str:
    """Return a hint that names the file that may have been meant."""
    near = get_close_matches(file, sorted(names), n=1, cutoff=0.8)
    return f"Did you mean '{near[0]}'?" if near else "Copy it there or correct the name."


def _missing_files(study: Study) -> Iterator[Problem]:
    """Yield the files that are missing, unreadable, or outside the study."""
    for k, measurement in enumerate(study.measurements, 1):
        try:
            files_of(study, measurement)
        except StudyError as error:
            yield Problem("error", f"measurements[{k}].file", str(error))
