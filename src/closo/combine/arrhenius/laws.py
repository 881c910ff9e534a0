"""The three laws an Arrhenius plot may follow, as quantities: one line, two lines, a Vogel curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.combine.arrhenius.line import ORDINATE, Convention, Line, Vogel, branch_columns, fit_line
from closo.combine.arrhenius.points import K_B, Table, celsius
from closo.combine.arrhenius.shape import Shape
from closo.combine.regression import tabulate
from closo.constants import LN10
from closo.quantity import Number, Quantity, exp, uncertain, withheld

_UNKNOWN, _LARGEST = 20.0, 200.0  # uncertainty and size of a logarithm beyond which its exponential is not a number


@dataclass(frozen=True)
class Law:
    """What is quoted of an Arrhenius plot."""

    quantities: Mapping[str, Quantity]  # key -> Quantity; everything `predict` needs
    findings: Mapping[str, Any]  # model, reference temperatures, transition, covariances
    hysteresis: Number | None  # ln(sigma_cooling / sigma_heating), None without both branches
    chi2: float  # NaN where no uncertainty was stated
    df: int  # of the law
    scatter: float  # largest standard deviation added to ln sigma
    ends: tuple[float, float]  # activation energies at the lowest and at the highest temperature [J]
    step: float = 0.0  # by how much ln sigma jumps at a transition


def straight(
    table: Table, lines: Mapping[Convention, Line], *, convention: Convention, name: str, energy_range: float = 0.0
) -> Law:
    """Quote one straight line.

    Parameters
    ----------
    energy_range : difference [J] between the energies at both ends where a small curvature is certain; becomes the
        source `curvature:<name>`, rectangular.
    """
    bend = uncertain(0.0, {f"curvature:{name}": energy_range / math.sqrt(12.0)})
    lines = {c: replace(line, energy=line.energy + bend) for c, line in lines.items()}
    line = lines[convention]
    energies = {
        f"activation_energy:ln{c}": Quantity("activation_energy", one.energy, _slope(table, c, one))
        for c, one in lines.items()
    }
    quantities = {
        "activation_energy": Quantity("activation_energy", line.energy, _slope(table, convention, line)),
        **energies,
        "prefactor": _prefactor(lines["sigmaT"]),
        "log_prefactor": _log_prefactor(line, convention),
        "ionic_conductivity:reference": _at_reference(line, convention),
    }
    findings = {"model": "line", "reference_temperature": line.reference, **_covariance(line)}
    value = float(line.energy.x)
    scatter = float(line.regression.scatter.max())
    return Law(quantities, findings, line.hysteresis, line.regression.chi2, line.regression.df, scatter, (value, value))


def _slope(table: Table, convention: Convention, line: Line) -> str:
    """Return the method of an activation energy."""
    low, high = celsius(float(table.temperature.min())), celsius(float(table.temperature.max()))
    weights = (
        "weights from the stated uncertainties" if line.weighted else "equal weights, uncertainty from the scatter"
    )
    levels = ", one level per branch" if branch_columns(table, 1)[1] else ""
    return (
        f"slope of {ORDINATE[convention]} against 1/T, {len(table.points)} points, {low} to {high}, {weights}{levels}"
    )


def _at_reference(line: Line, convention: Convention) -> Quantity:
    """Return the conductivity of the line at its reference temperature, from which `predict` starts."""
    y = line.level - (math.log(line.reference) if convention == "sigmaT" else 0.0)
    return Quantity("ionic_conductivity", exp(y), f"line of {ORDINATE[convention]} at {celsius(line.reference)}")


def _intercept(line: Line) -> Number:
    """Return y at 1/T = 0."""
    return line.level + line.energy / (K_B * line.reference)


def _prefactor(line: Line) -> Quantity:
    """Return exp of the intercept of ln(sigma T) [S K/m]."""
    method = "exp of the intercept of ln(sigma T) at 1/T = 0"
    intercept = _intercept(line)
    if abs(intercept.x) > _LARGEST or intercept.u > _UNKNOWN:
        why = f"its logarithm is {intercept.x:.3g} ± {intercept.u:.3g}, which says nothing"
        return withheld("prefactor", why, method=method)
    return Quantity("prefactor", exp(intercept), method)


def _log_prefactor(line: Line, convention: Convention) -> Quantity:
    """Return log10 of the prefactor in S K/cm or S/cm."""
    unit = "S K/cm" if convention == "sigmaT" else "S/cm"
    method = f"log10 of the prefactor of {ORDINATE[convention]} in {unit}"
    return Quantity("log_prefactor", _intercept(line) / LN10 - 2.0, method)


def _covariance(line: Line) -> dict[str, Any]:
    """Return intercept and slope of y against 1/T with their covariance, all sources included."""
    intercept, slope = _intercept(line), -line.energy / K_B
    return {
        "intercept": float(intercept.x),
        "slope": float(slope.x),
        "intercept_slope_covariance": covariance([intercept, slope]),
    }


def covariance(numbers: list[Number]) -> list[list[float]]:
    """Return the covariance matrix of numbers as nested lists."""
    matrix = tabulate(numbers).matrix
    return [[float(v) for v in row] for row in matrix @ matrix.T]


def kinked(table: Table, shape: Shape, convention: Convention, *, name: str) -> Law:
    """Quote two straight lines, below and above a transition."""
    high = np.asarray(shape.high, bool)
    quantities: dict[str, Quantity] = {}
    findings: dict[str, Any] = {"model": "kink" if shape.kind == "kink" else "jump"}
    lines = {}
    for part, chosen in (("low", ~high), ("high", high)):
        segment = table.subset(chosen)
        line = lines[part] = fit_line(segment, convention, label=f"{name}:{part}")
        quantities[f"activation_energy:{part}"] = Quantity(
            "activation_energy", line.energy, _slope(segment, convention, line)
        )
        quantities[f"log_prefactor:{part}"] = _log_prefactor(line, convention)
        quantities[f"ionic_conductivity:reference:{part}"] = _at_reference(line, convention)
        findings[f"reference_temperature:{part}"] = line.reference
        findings |= {f"{key}:{part}": value for key, value in _covariance(line).items()}
        pieces = [line.regression for line in lines.values()]
    transitions = _transitions(table, shape, high, df=sum(p.df for p in pieces), name=name)
    findings["transition"] = transitions["transition_temperature"].value
    both = fit_line(table, convention, label=name, extra=_beside(table, shape))
    return Law(
        quantities | transitions,
        findings,
        both.hysteresis,
        sum(p.chi2 for p in pieces),
        sum(p.df for p in pieces),
        max(float(p.scatter.max()) for p in pieces),
        (float(lines["low"].energy.x), float(lines["high"].energy.x)),
        _at(lines["high"], findings["transition"]) - _at(lines["low"], findings["transition"]),
    )


def _at(line: Line, kelvin: float) -> float:
    """Return y of a line at one temperature."""
    return float(line.level.x) - float(line.energy.x) / K_B * (1.0 / kelvin - 1.0 / line.reference)


def _beside(table: Table, shape: Shape) -> np.ndarray:
    """Return the columns that a kink or jump adds to the straight line, shape (n, 1) or (n, 2)."""
    x = 1000.0 / table.temperature
    if shape.kind == "kink" and shape.transition is not None:
        return np.asarray(np.clip(x - 1000.0 / shape.transition, 0.0, None)[:, None])
    high = np.asarray(shape.high, float)
    return np.column_stack([high, high * (x - x.mean())])


def _transitions(table: Table, shape: Shape, high: np.ndarray, *, df: int, name: str) -> dict[str, Quantity]:
    """Return the transition temperature: of a kink from the scan, of a jump from the gap in each branch."""
    if shape.kind == "kink" and shape.transition is not None:
        _, _, nearest = _gap(table, high)
        scan = {f"transition scan:{name}": float(shape.transition_u or 0.0)}
        number = uncertain(shape.transition, scan, df=max(df, 1)) + (nearest - float(nearest.x))
        return {
            "transition_temperature": Quantity(
                "transition_temperature", number, "kink of two lines that meet, found by scan"
            )
        }
    found = {}
    branches = [np.array([p.branch == branch for p in table.points]) for branch in table.branches]
    for branch, mine in zip(table.branches, branches, strict=True):
        if high[mine].all() or not high[mine].any():
            continue
        below, above, nearest = _gap(table.subset(mine), high[mine])
        gap = {f"transition scan:{name}:{branch}": (above - below) / math.sqrt(12.0)}
        method = f"jump between {celsius(below)} and {celsius(above)}" + (f" ({branch})" if branch else "")
        key = f"transition_temperature:{branch or 'all'}"
        found[key] = Quantity("transition_temperature", nearest + uncertain(0.0, gap), method)
    if not found:  # each branch stays in one phase
        below, above, nearest = _gap(table, high)
        gap = {f"transition scan:{name}": abs(above - below) / math.sqrt(12.0)}
        method = f"jump between {celsius(below)} and {celsius(above)}"
        found["transition_temperature:all"] = Quantity("transition_temperature", nearest + uncertain(0.0, gap), method)
    numbers = [n for q in found.values() if (n := q.number) is not None]
    values = [float(n.x) for n in numbers]
    spread = uncertain(0.0, {f"transition hysteresis:{name}": (max(values) - min(values)) / math.sqrt(12.0)})
    method = "; ".join(q.method for q in found.values())
    mean = Quantity("transition_temperature", sum(numbers[1:], numbers[0]) / len(numbers) + spread, method)
    return {"transition_temperature": mean} | (found if len(found) > 1 else {})


def _gap(table: Table, high: np.ndarray) -> tuple[float, float, Number]:
    """Return the highest temperature below and the lowest above the transition [K], and the middle as a number."""
    below = max(np.flatnonzero(~high), key=lambda i: table.temperature[i])
    above = min(np.flatnonzero(high), key=lambda i: table.temperature[i])
    middle = 0.5 * (table.points[below].temperature + table.points[above].temperature)
    return float(table.temperature[below]), float(table.temperature[above]), middle


def vogel_curve(table: Table, fit: Vogel, convention: Convention) -> Law:
    """Quote ln s0 - B/(T - T0) with the apparent energies at both ends of the range."""
    law = f"{ORDINATE[convention]} = const - B/(T - T0)"
    ends = {"low": float(table.temperature.min()), "high": float(table.temperature.max())}
    y = fit.level - (math.log(fit.reference) if convention == "sigmaT" else 0.0)
    quantities = {
        "vogel_temperature": Quantity("vogel_temperature", fit.t0, law),
        "activation_energy:vogel": Quantity("activation_energy", K_B * fit.b, f"k B of {law}; not an Arrhenius energy"),
        "ionic_conductivity:reference": Quantity("ionic_conductivity", exp(y), f"{law} at {celsius(fit.reference)}"),
    }
    slopes = {part: K_B * fit.b * (kelvin / (kelvin - fit.t0)) ** 2 for part, kelvin in ends.items()}
    for part, local in slopes.items():
        method = f"slope of the curve at {celsius(ends[part])}"
        quantities[f"activation_energy:{part}"] = Quantity("activation_energy", local, method)
    findings = {
        "model": "vogel",
        "reference_temperature": fit.reference,
        "vogel_covariance": covariance([fit.level, fit.b, fit.t0]),
    }
    energies = [float(slope.x) for slope in slopes.values()]
    r = fit.regression
    return Law(quantities, findings, fit.hysteresis, r.chi2, r.df, float(r.scatter.max()), (energies[0], energies[1]))


def refused(law: Law, shape: Shape, convention: Convention) -> Law:
    """Return the law with the single energy and prefactor withheld, and the reason."""
    low, high = (law.quantities[f"activation_energy:{part}"] for part in ("low", "high"))
    if law.findings["model"] == "vogel":
        reason = f"the plot is curved: the apparent energy falls from {low} to {high}; see vogel_temperature"
    else:
        place = celsius(float(law.findings["transition"]))
        reason = (
            f"the plot has a {shape.kind} at {place}: {low} below and {high} above; see activation_energy:low and :high"
        )
    keys = {"activation_energy": "activation_energy"}
    keys |= {f"activation_energy:ln{c}": "activation_energy" for c in ORDINATE}
    keys |= {"prefactor": "prefactor", "log_prefactor": "log_prefactor"}
    method = f"slope of {ORDINATE[convention]} against 1/T"
    return replace(
        law,
        quantities={key: withheld(name, reason, method=method) for key, name in keys.items()} | dict(law.quantities),
    )
