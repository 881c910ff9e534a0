"""Did the resistance of a cell rise? Two spectra of one cell, before and after something was done to it.

Measures
    the ratio and the difference of the resistances of two spectra.
Needs
    two results of technique 'impedance' of the same cell.
Gives
    `resistance_ratio` and `resistance_difference` of all resistances of the circuits (all that a direct current would
    meet, interfaces included), `:electrolyte` of `total_resistance` alone, and `resistance:before`, `resistance:after`.
Uncertainty sources
    those of the two results with their labels: gain of the instrument and lead resistance are common, so a gain cancels
    in the ratio and a lead in the difference. The difference of the two temperatures (5 % per kelvin, an energy of
    0.50 ± 0.15 eV assumed); the offset of a common oven cancels.
Checks
    risen: the 95 % interval of the ratio lies above 1; equal circuits; overlap of the frequencies.
Limits
    Fits with different circuits may count an arc at the end of the frequencies in one spectrum and not in the other.
Sources
    JCGM 100:2008 (GUM), correlated input quantities; doi:10.59161/JCGM100-2008E.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from closo.combine.conditions import at_one_temperature, temperature_factor
from closo.dataset import Dataset
from closo.errors import StudyError
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.figures.labels import value_text
from closo.quantity import Number, Quantity, withheld
from closo.result import Check, Result
from closo.techniques.impedance.circuit import parse

_REACH = 2.2  # times the larger resistance: the Nyquist panel ends where a blocking spike begins to dwarf the arcs


def resistance_change(before: Result, after: Result, *, name: str) -> Result:
    """Compare two spectra of one cell.

    Parameters
    ----------
    before, after : of technique 'impedance'.
    name : of the cell or of what was done to it.

    Raises
    ------
    StudyError  when a result is of another technique.
    DataError  when their temperatures differ by more than 2 K.
    """
    for result in (before, after):
        if result.technique != "impedance":
            raise StudyError(
                f"resistance_change needs results of 'impedance'; '{result.name}' is one of '{result.technique}'.",
                hint="Give the spectrum before and the spectrum after.",
            )
    at_one_temperature((before, after), "A change of resistance")
    circuits = [before.findings["circuit"], after.findings["circuit"]]
    warmed = temperature_factor(before, after, name=name)
    quantities: dict[str, Quantity] = {}
    sums = [_all_resistances(result) for result in (before, after)]
    quantities |= _compared("", _alike(sums, warmed), f"all resistances of {circuits[0]} and {circuits[1]}")
    totals = [_known(r.quantities["total_resistance"], r.name) for r in (before, after)]
    quantities |= _compared(
        ":electrolyte", _alike(totals, warmed), "total_resistance, leads taken off where they are known"
    )
    for key, (number, why) in zip(("before", "after"), sums, strict=True):
        method = "sum of all resistances"
        quantities[f"resistance:{key}"] = (
            withheld("resistance", why) if number is None else Quantity("resistance", number, method)
        )
    said = f"{circuits[0]} before, {circuits[1]} after"
    equal = Check("equal circuits", circuits[0] == circuits[1], said)
    checks = (_risen(quantities["resistance_ratio"]), equal, _same_range(before, after))
    findings: dict[str, Any] = {"members": [before.name, after.name], "circuits": circuits}
    return Result("resistance_change", name, quantities, both_spectra(before, after), checks, findings=findings)


def _alike(pair: list[tuple[Number | None, str]], factor: Number) -> list[tuple[Number | None, str]]:
    """Return the two resistances at the temperature of the first."""
    (old, why_old), (new, why_new) = pair
    return [(old, why_old), (None if new is None else new * factor, why_new)]


def _known(quantity: Quantity, name: str) -> tuple[Number | None, str]:
    return quantity.number, "" if quantity.number is not None else f"{name}: {quantity.why}"


def _all_resistances(result: Result) -> tuple[Number | None, str]:
    """Return the sum of all resistances of the circuit [ohm], or None and the reason."""
    labels = [e.label for e in parse(result.findings["circuit"]).elements if e.kind.symbol == "R"]
    if not labels:
        return None, f"{result.findings['circuit']} of {result.name} has no resistance"
    numbers = [n for label in labels if (n := result.quantities[f"resistance:{label}"].number) is not None]
    if len(numbers) < len(labels):
        # single resistances may be entangled while their sum is well known
        return _known(result.quantities.get("resistance:all", result.quantities["total_resistance"]), result.name)
    return sum(numbers[1:], numbers[0]), ""


def _compared(suffix: str, pair: list[tuple[Number | None, str]], method: str) -> dict[str, Quantity]:
    """Return ratio and difference."""
    ratio, difference = "resistance_ratio", "resistance_difference"
    (old, why_old), (new, why_new) = pair
    why = "; ".join(w for w in (why_old, why_new) if w)
    if not why and old is not None and old.x <= 0:
        why = f"the resistance before is {float(old.x):.3g} ohm"
    if why or old is None or new is None:
        return {key + suffix: withheld(key, why, method=method) for key in (ratio, difference)}
    return {
        ratio + suffix: Quantity(ratio, new / old, f"after over before: {method}"),
        difference + suffix: Quantity(difference, new - old, f"after minus before: {method}"),
    }


def _risen(ratio: Quantity) -> Check:
    interval = ratio.interval()
    if interval is None:
        return Check("risen", None, ratio.why or "")
    low, high = interval
    detail = f"after / before = {ratio.value:.3f}, 95 % from {low:.3f} to {high:.3f}"
    if low <= 1.0 <= high:
        return Check("risen", None, f"{detail}: no change can be told")
    return Check("risen", low > 1.0, detail)


def _same_range(before: Result, after: Result) -> Check:
    """Do both spectra reach equally far down?"""
    lows = [float(r.curves["frequency"].values.min()) for r in (before, after)]
    detail = f"lowest frequencies {lows[0]:.3g} and {lows[1]:.3g} Hz (limit a factor of 3)"
    return Check("overlap of the frequencies", bool(max(lows) <= 3.0 * min(lows)), detail)


def both_spectra(before: Result, after: Result) -> Dataset:
    """Return the spectra before and after with their fits, for the figure."""
    variables: dict[str, Any] = {}
    for key, result in (("before", before), ("after", after)):
        for name in ("frequency", "impedance", "impedance_fit"):
            source = result.curves[name]
            variables[f"{name}_{key}"] = (key, source.values, dict(source.attrs))
    return xr.Dataset(variables)


def figure(result: Result) -> FigureSpec:
    """Return both spectra: Nyquist with equal axes, and |Z| over frequency."""
    curves = result.curves
    nyquist, bode = [], []
    reach = 0.0
    for k, key in enumerate(("before", "after")):
        f, z, fit = (curves[f"{n}_{key}"].values for n in ("frequency", "impedance", "impedance_fit"))
        nyquist += [
            Trace(z.real, -z.imag, key, "points", color=k, marker=k),
            Trace(fit.real, -fit.imag, "", "line", color=k),
        ]
        bode += [Trace(f, np.abs(z), key, "points", color=k, marker=k), Trace(f, np.abs(fit), "", "line", color=k)]
        total = result.quantities[f"resistance:{key}"].value
        largest = float(np.abs(z).max())
        reach = max(reach, min(largest, _REACH * total) if total else largest)
    low = min(0.0, *(float(-curves[f"impedance_{k}"].values.imag.max()) for k in ("before", "after")))
    ratio = result.quantities["resistance_ratio"]
    return FigureSpec(
        name=f"resistance change {result.name}",
        panels=[
            Panel(
                Axis("Z' / ohm", range=(0.0, 1.05 * reach)),
                Axis("-Z'' / ohm", range=(max(low, -0.2 * reach) * 1.1, 0.8 * reach)),
                nyquist,
                equal=True,
            ),
            Panel(Axis("f / Hz", "log"), Axis("|Z| / ohm", "log"), bode),
        ],
        title=f"{result.name}: resistance after over before {value_text(ratio)}",
        summary=f"Impedance of {result.name} before and after: {ratio}.",
    )
