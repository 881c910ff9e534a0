"""What is tested before an Arrhenius law is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from closo.combine.arrhenius.laws import Law
from closo.combine.arrhenius.points import Table, celsius
from closo.combine.arrhenius.shape import ALARM, Shape
from closo.constants import ELECTRONVOLT
from closo.quantity import Number, Quantity
from closo.result import Check

_HYSTERESIS = 0.05  # |ln(cooling/heating)| that is flagged
_PLAUSIBLE = 2.0  # eV
_SURE = 0.05  # p-value


def checks_of(table: Table, law: Law, shape: Shape, quantities: Mapping[str, Quantity]) -> tuple[Check, ...]:
    """Return the checks of an Arrhenius result."""
    found = [_points(table, law), _scatter(law), _straight(shape, law), _outlier(table, shape)]
    if law.hysteresis is not None:
        found.append(_hysteresis(law.hysteresis))
    up, down = (quantities.get(f"activation_energy:{b}") for b in ("heating", "cooling"))
    if up is not None and down is not None and up.number is not None and down.number is not None:
        p = p_of_zero(up.number - down.number)
        found.append(Check("equal energies", p >= ALARM, f"heating {up}, cooling {down} (p = {p:.2g})"))
    found.append(_plausible(law))
    return tuple(found)


def p_of_zero(number: Number) -> float:
    """Return the two-sided probability that a number is zero within its uncertainty."""
    u = float(number.u)
    if not u:
        return 1.0 if not number.x else 0.0
    df = min(Quantity("conductivity_ratio", number).df, 1e9)
    from scipy.special import stdtr

    return float(2.0 * stdtr(df, -abs(float(number.x)) / u))


def _points(table: Table, law: Law) -> Check:
    """Are there points left to judge the line by?"""
    count, temperatures = len(table.points), len(table.distinct())
    detail = f"{count} points at {temperatures} temperatures, {law.df} degrees of freedom"
    return Check("enough points", law.df >= 1, detail if law.df else f"{detail}: the line cannot be judged")


def _scatter(law: Law) -> Check:
    """Do the points scatter as their uncertainties say?"""
    if math.isnan(law.chi2) or law.df == 0:
        why = "no uncertainty of single points is stated" if math.isnan(law.chi2) else "no degree of freedom is left"
        return Check("scatter", None, f"{why}; scatter found {100 * law.scatter:.2g} % of sigma")
    from scipy.special import chdtrc

    p = float(chdtrc(law.df, law.chi2))
    detail = f"chi2/df = {law.chi2 / law.df:.2f} with df = {law.df} (p = {p:.2g})"
    if law.scatter > 0:
        detail += f"; up to {100 * law.scatter:.2g} % of sigma added as scatter"
    return Check("scatter", p >= ALARM, detail)


def _straight(shape: Shape, law: Law) -> Check:
    """Is one straight line right?"""
    name = "one straight line"
    if shape.p_value is None:
        return Check(name, None, "not tested: kink and curvature need 4 temperatures and 2 degrees of freedom")
    p = f"p {'<' if shape.p_value < 1e-3 else '='} {max(shape.p_value, 1e-3):.2g}, scan included"
    if shape.kind in ("line", "outlier"):
        return Check(name, True, f"no kink, jump or curvature ({p})")
    detail = f"a {'Vogel curve' if shape.kind == 'curvature' else shape.kind} is preferred ({p})"
    best = shape.bic[shape.kind]
    near = [k for k, v in shape.bic.items() if k not in (shape.kind, "outlier") and v < best + 2.0]
    if near:
        detail += f"; a {' or a '.join(near)} fits about as well"
    if law.findings["model"] == "line":
        detail += "; it changes the energy by less than 5 %, so one energy is quoted with `curvature` as a source"
    return Check(name, False, detail)


def _outlier(table: Table, shape: Shape) -> Check:
    """Does a single point stand out?"""
    if shape.kind != "outlier" or shape.outlier is None:
        return Check(
            "outliers",
            None if shape.p_value is None else True,
            "no single point stands out" if shape.p_value is not None else "not tested: too few points",
        )
    point, t = table.points[shape.outlier], float(table.temperature[shape.outlier])
    named = " ".join(part for part in (f"'{point.source}'" if point.source else "", point.branch) if part)
    return Check(
        "outliers",
        False,
        f"the point at {celsius(t)} {named} stands out (p = {shape.p_value:.2g}); it is kept, look at its spectrum",
    )


def _hysteresis(number: Number) -> Check:
    """Do heating and cooling agree?"""
    percent, u, p = 100 * float(np.expm1(number.x)), 100 * float(number.u), p_of_zero(number)
    sure = p < _SURE
    flagged = sure and abs(float(number.x)) > _HYSTERESIS
    verdict = "significant" if sure else "not significant"
    limit = f"flagged above {100 * _HYSTERESIS:.0f} %"
    detail = f"cooling over heating {percent:+.1f} ± {u:.1f} % (p = {p:.2g}, {verdict}; {limit})"
    return Check("hysteresis", not flagged, detail)


def _plausible(law: Law) -> Check:
    """Is the energy that of an ion conductor?"""
    low, high = (energy / ELECTRONVOLT for energy in law.ends)
    text = (
        f"{low:.3g} eV" if low == high else f"{low:.3g} eV at the lowest and {high:.3g} eV at the highest temperature"
    )
    fine = 0.0 < min(low, high) and max(low, high) < _PLAUSIBLE
    return Check(
        "plausible energy",
        fine,
        text if fine else f"{text}: outside 0 to {_PLAUSIBLE:g} eV; are temperature and conductivity right?",
    )
