"""closo in a notebook: three lines from a file to a number, a data frame and a picture."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

from closo import pipeline
from closo.dataset import Dataset
from closo.errors import ClosoError, StudyError, counted
from closo.pipeline import Outcome
from closo.quantity import Number, Quantity
from closo.result import Result
from closo.toml import read_number
from closo.value import Value
from closo.views import as_frame, html_table

Given = str | Value | Quantity | Number
"""What a property of a specimen may be: text with a unit, a value computed before, or a number in SI."""

_HEADLINES = 4  # quantities of a result that a table of many shows


@dataclass(frozen=True)
class Results(Sequence[Result]):
    """What came of a run: the results in order, and the files that gave none.

    Attributes
    ----------
    outcomes : one per measurement or file, with its file, part, result or error.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def _results(self) -> tuple[Result, ...]:
        return tuple(outcome.result for outcome in self.outcomes if outcome.result is not None)

    @property
    def errors(self) -> dict[str, ClosoError]:
        """File (with #part) -> why it gave no result; files of a folder that are of another kind are not counted."""
        return {
            f"{o.file}#{o.part}" if o.part else str(o.file): o.error
            for o in self.outcomes
            if o.error is not None and not o.skipped
        }

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Result | Results:
        if isinstance(index, slice):
            return Results(tuple(o for o in self.outcomes if o.result is not None)[index])
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, one row per measurement; `attrs["units"]` holds the unit of every quantity.

        Columns: `file`, `part`, each quantity and its standard uncertainty `<quantity>_u` in the unit that closo prints
        (nothing where it is withheld), `failed_checks`.
        """
        frame = as_frame(self._rows(), "pandas")
        frame.attrs["units"] = self.units
        return frame

    def to_polars(self) -> Any:
        """Return a polars DataFrame, one row per measurement; the units are in `Results.units`.

        Raises
        ------
        StudyError  when polars is not installed.
        """
        return as_frame(self._rows(), "polars")

    @property
    def units(self) -> dict[str, str]:
        """Quantity -> unit of its column."""
        return {key: result[key].unit for result in self for key in result}

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for outcome in self.outcomes:
            if outcome.result is None:
                continue
            row: dict[str, Any] = {"file": str(outcome.file), "part": outcome.part}
            for key in outcome.result:
                value = outcome.result[key]
                row |= {key: value.value, f"{key}_u": value.u}
            failed = ", ".join(check.name for check in outcome.result.failed_checks)
            rows.append(row | {"failed_checks": failed})
        return rows

    def __str__(self) -> str:
        failures = [f"no result: {error}" for error in self.errors.values()]
        return "\n".join([*(str(result) for result in self), *failures]) or "no results"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if len(self) == 1 and not self.errors:
            return self[0]._repr_html_()
        keys = list(dict.fromkeys(key for result in self for key in result if ":" not in key))[:_HEADLINES]
        rows: list[list[Value | str]] = []
        for result in self:
            failed = ", ".join(check.name for check in result.failed_checks)
            rows.append([result.name, *(result[key] if key in result else "" for key in keys), failed])
        below = " ".join(f"No result: {error}" for error in self.errors.values())
        caption = f"{counted(len(self), 'result')}, {counted(len(self.errors), 'file')} without one"
        return html_table(["measurement", *keys, "failed checks"], rows, caption=caption, below=below)


def run(
    technique: str,
    files: str | Path | Dataset | Iterable[str | Path | Dataset],
    *,
    area: Given | None = None,
    diameter: Given | None = None,
    thickness: Given | None = None,
    temperature: Given | None = None,
    lead_resistance: Given | None = None,
    ionic_conductivity: Given | None = None,
    pressure: Given | None = None,
    active_mass: Given | None = None,
    theoretical_capacity: Given | None = None,
    density: Given | None = None,
    settings: Mapping[str, Any] | None = None,
    columns: str | None = None,
    reader: str | None = None,
    part: int | str | None = None,
    use_header: bool = False,
    specimen: str | None = None,
) -> Results:
    """Analyse instrument files, or measurements that `closo.read` gave, and return the results.

    Parameters
    ----------
    technique : 'impedance', 'cycling', ...; `closo techniques` lists them with their inputs and settings.
    files : a file, a folder (whose files are all tried), a measurement, or several of them.
    area, diameter, thickness, temperature, lead_resistance, ionic_conductivity, pressure, active_mass,
    theoretical_capacity, density : of the specimen, powder or cell, as text with a unit ('310 ± 5 um'), as a value
        computed before, or as a number in SI. A diameter is that of a round electrode, instead of the area.
    settings : of the technique, {'circuit': 'L-(R|C)-Q'}.
    columns, reader, part : of files that are not understood by themselves, and of files that hold several measurements.
    use_header : take area, thickness, mass and temperature from the files' headers where they are not given here.
    specimen : name of the pellet or cell. What is given as text belongs to it: two calls with the same specimen share the
        uncertainties of its thickness and area. Without it the files of one call share them, and other calls do not.

    Returns
    -------
    Results, a list of `Result`: `results[0]["ionic_conductivity"]` is a value with its uncertainty in the unit that closo
    prints, `results.to_pandas()` a table with one row per measurement, `results[0].plot()` the picture.

    Raises
    ------
    StudyError  when the request is wrong.
    ClosoError  when no file gives a result. Where only some do, a warning counts the others and `results.errors` has them.

    Examples
    --------
    >>> import closo
    >>> import numpy as np
    >>> from closo.dataset import new
    >>> f = np.geomspace(1e6, 1.0, 37)
    >>> z = 500 / (1 + 2j * np.pi * f * 500 * 1e-10) + 1 / (2j * np.pi * f * 1e-5)  # 500 ohm, then electrodes
    >>> spectrum = new("impedance", {"frequency": f, "impedance": z}, source="pellet.txt")
    >>> results = closo.run("impedance", spectrum, diameter="10.0 ± 0.1 mm", thickness="300 ± 3 um")
    >>> results[0]["ionic_conductivity"].to("mS/cm")
    0.0764 ± 0.0017 mS/cm

    A file, a folder or several go in the same way:

        results = closo.run("impedance", "file.mpr", area="0.785 cm2", thickness="310 ± 5 um")
        float(results[0]["ionic_conductivity"])  # in S/cm, as printed
    """
    listed = [files] if isinstance(files, str | Path | Dataset) else list(files)
    owner = specimen or ", ".join(Path(f.attrs.get("source", "") if isinstance(f, Dataset) else f).name for f in listed)

    given = {
        "area": area,
        "diameter": diameter,
        "thickness": thickness,
        "temperature": temperature,
        "lead_resistance": lead_resistance,
        "ionic_conductivity": ionic_conductivity,
        "pressure": pressure,
        "active_mass": active_mass,
        "theoretical_capacity": theoretical_capacity,
        "density": density,
    }
    inputs = {name: as_number(value, name, owner) for name, value in given.items() if value is not None}
    asked: dict[str, Any] = {"columns": columns, "reader": reader, "part": part, "use_header": use_header}
    outcomes = tuple(pipeline.run(technique, listed, inputs=inputs, settings=settings, **asked))
    results = Results(outcomes)
    _tell(results)
    _warn_of_namesakes(results)
    return results


def _tell(results: Results) -> None:
    """Raise where nothing came out, warn where some files gave nothing."""
    errors = list(results.errors.values())
    if not len(results):
        if errors:
            raise errors[0]
        raise StudyError("none of the files holds such a measurement.", hint="`closo.read(file)` shows what is in one.")
    if errors:
        text = f"{len(errors)} of {len(errors) + len(results)} gave no result (see `.errors`); the first: {errors[0]}"
        warnings.warn(text, stacklevel=3)


_seen: dict[str, tuple[str, str]] = {}  # name of a result in its sources of uncertainty -> file and content behind it


def _warn_of_namesakes(results: Results) -> None:
    """Warn where a result is called like one of another call that is of another file: their noise would count as one."""
    for outcome in results.outcomes:
        if outcome.result is not None:
            name, path = outcome.result.name, str(outcome.file.resolve())
            stamp = outcome.result.provenance
            content = path if stamp is None else ",".join(stamp.inputs.values())
            other, known = _seen.setdefault(name, (path, content))
            if known != content:
                text = f"{path} and {other} are both called '{name}', so that their errors would be taken for the same"
                warnings.warn(f"{text} in a calculation with both. Analyse them in one call.", stacklevel=3)


def as_number(value: Given, name: str, owner: str) -> Number | None:
    """Return a property as a number [SI]; what is text has the source `name:owner`.

    Raises
    ------
    StudyError  when it is not a number, not of this kind, or withheld.
    """
    if isinstance(value, str):
        return read_number(value, name, label=f"{name}:{owner}")
    if isinstance(value, Quantity):
        value = Value.of(value)
    if not isinstance(value, Value):
        return value
    if value.number is None:
        raise StudyError(
            f"{name} is withheld: {value.why or 'not determined'}.", hint="Give a number, or leave it out."
        )
    quantity = value.named(name).quantity
    return None if quantity is None else quantity.number


def plot(result: Result, panel: int | None = None) -> Any:
    """Draw a result; see `Result.plot`."""
    from closo.figures import draw

    spec = pipeline.figure(result)
    if panel is not None:
        if panel not in range(len(spec.panels)):
            raise StudyError(f"the figure has no panel {panel}.", hint=f"Its panels are 0 to {len(spec.panels) - 1}.")
        spec = replace(spec, panels=(spec.panels[panel],), columns=1)
    figure = draw(spec)
    _register(figure)
    axes = figure.axes[: len(spec.panels)]
    return axes[0] if len(axes) == 1 else axes


def _register(figure: Any) -> None:
    """Hand a figure to pyplot, which a notebook asks for the pictures of a cell."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    if "inline" in mpl.get_backend().lower():
        plt.figure(figure)
