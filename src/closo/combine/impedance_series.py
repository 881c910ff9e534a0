"""The spectra of one pellet over temperature, fitted together -> conductivities that share what a pellet shares.

Measures
    total_resistance and ionic_conductivity at every temperature, as `total_resistance:<measurement>` and so on, from one
    global fit; the common inductance and capacitances.
Needs
    results of technique 'impedance' of one pellet, at three temperatures or more.
Gives
    a Result 'impedance_series'. Where the data refuse common parameters (see the check), the single fits.
Uncertainty sources
    those of `techniques.impedance`; `fit shared:<name>` is common to all temperatures.
Checks
    global fit of the series: its criterion against that of the single fits.
Limits
    Capacitances that change with temperature are refused as a whole, not one by one.
Sources
    See `closo.techniques.impedance.series`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from closo.combine.doubts import marks_of, with_marks
from closo.dataset import Dataset, new
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.quantity import Number, Quantity
from closo.result import Result
from closo.techniques.impedance import analyse_series

SERIES_SETTINGS = ("circuit", "hold", "start", "bound", "assign")
"""What the spectra of a series must have been asked alike: it is asked of their common fit."""

_KEPT = (
    "total_resistance",
    "ionic_conductivity",
    "bulk_resistance",
    "bulk_conductivity",
    "grain_boundary_resistance",
    "temperature",
)


def impedance_series(
    results: Sequence[Result],
    *,
    name: str,
    area: Number | None,
    thickness: Number | None,
    lead_resistance: Number | None = None,
    shared: str = "auto",
) -> Result:
    """Fit the spectra behind `results` together.

    Parameters
    ----------
    results : of technique 'impedance', one pellet, asked alike (`SERIES_SETTINGS`); those without a temperature are left out
        by the caller.
    name : of the pellet; names the common source.
    area [m2], thickness [m], lead_resistance [ohm] : of the pellet, the same numbers as in `results`.
    shared : what all temperatures have in common, as in `techniques.impedance.analyse_series`.

    Raises
    ------
    DataError, ConvergenceError  as `techniques.impedance.analyse_series`.
    """
    asked: dict[str, Any] = {key: results[0].settings.get(key) for key in SERIES_SETTINGS}
    together = analyse_series(
        [_spectrum(result) for result in results],
        name=name,
        calibrated=bool(results[0].settings.get("calibrated", False)),
        shared=shared,
        **asked,
        temperatures=[n for result in results if (n := result.quantities["temperature"].number) is not None],
        area=area,
        thickness=thickness,
        lead_resistance=lead_resistance,
    )
    quantities: dict[str, Quantity] = {}
    for single, member in zip(results, together, strict=True):
        found = {key: member.quantities[key] for key in _KEPT if key in member.quantities}
        doubts = marks_of(*single.quantities.values())  # of the same points
        quantities |= {f"{key}:{single.name}": with_marks(quantity, doubts) for key, quantity in found.items()}
    findings = dict(together[0].findings["series"])
    findings |= {"members": [result.name for result in results], "circuits": [r.findings["circuit"] for r in together]}
    check = next(c for c in together[0].checks if c.name == "global fit of the series")
    return Result("impedance_series", name, quantities, _curves(together), (check,), findings=findings)


def _spectrum(result: Result) -> Dataset:
    """Rebuild the measurement from the curves of its result: the points that were used, and what the file said."""
    curves, findings = result.curves, result.findings
    data = new(
        "impedance",
        {"frequency": curves["frequency"].values, "impedance": curves["impedance"].values},
        source=result.name,
        metadata={"instrument": findings["instrument"]},
        uncalibrated=findings["uncalibrated"],
    )
    source, _, part = result.name.rpartition("#")
    data.attrs.update(source=source or result.name, part=int(part) if part.isdigit() else 1)
    return data


def _curves(members: Sequence[Result]) -> Dataset:
    """Put the spectra one below the other: shape (member, point), NaN where a member has fewer points."""
    points = max(m.curves.sizes["point"] for m in members)
    curves = xr.Dataset()
    for variable in ("frequency", "impedance", "impedance_fit"):
        rows = [_padded(m.curves[variable].values, points) for m in members]
        curves[variable] = (("member", "point"), np.stack(rows), members[0].curves[variable].attrs)
    kelvin = [m.quantities["temperature"].value for m in members]
    curves["temperature"] = ("member", np.array(kelvin, float), {"units": "K"})
    return curves


def _padded(values: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([values, np.full(size - values.size, np.nan, values.dtype)])


def figure(result: Result) -> FigureSpec:
    """Return the spectra of the series with their fits, as |Z| and phase over frequency."""
    curves = result.curves
    modulus, phase = [], []
    order = np.argsort(curves["temperature"].values, kind="stable")
    seen: list[float] = []
    for k in order:
        celsius = round(float(curves["temperature"].values[k]) - 273.15, 1)
        if celsius in seen:
            continue
        color = len(seen)
        seen.append(celsius)
        f, z, fit = (curves[name].values[k] for name in ("frequency", "impedance", "impedance_fit"))
        label = f"{celsius:g} °C"
        modulus += [Trace(f, np.abs(z), label, "points", color, color), Trace(f, np.abs(fit), "", "line", color)]
        phase += [
            Trace(f, np.degrees(np.angle(z)), "", "points", color, color),
            Trace(f, np.degrees(np.angle(fit)), "", "line", color),
        ]
    axis = Axis("f / Hz", "log")
    used = "one global fit" if result.findings.get("used") else "single fits"
    return FigureSpec(
        name=f"impedance series {result.name}",
        panels=[Panel(axis, Axis("|Z| / ohm", "log"), modulus), Panel(axis, Axis("phase / deg"), phase)],
        title=f"{result.name}: {used}",
        summary=f"Impedance of {result.name} at {len(seen)} temperatures with the fit ({used}).",
    )
