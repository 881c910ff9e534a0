"""What the user says a resistor is overrides what its capacitance says; the rest is as without an assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from closo.constants import CELSIUS
from closo.fit import correlations
from closo.nomenclature import look_up
from closo.result import Check
from closo.techniques.impedance.fitting import CircuitFit
from closo.techniques.impedance.reading import (
    ASSIGNED_PERMITTIVITY,
    CORRELATED,
    VAGUE,
    Reading,
    is_known,
    not_closed,
    not_known,
    permittivity,
    relative_spread,
)
from closo.techniques.impedance.terms import Term, terms

# No solid is known to conduct better than RbCu4Cl3I2 (temperature [K], conductivity [S/m]), nor than the line through both:
# RbAg4I5 has 0.27 S/cm at 25 degC, alpha-AgI 2.6 at 555 degC. Geller, Akridge, Wilber 1979, doi:10.1103/PhysRevB.19.5396.
_FASTEST = ((298.15, 47.0), (419.0, 153.0))
_BEYOND = 1.5  # times that is not believed
_LITHIUM, _HOT = 5.0, 373.15  # conductivity [S/m] that only Ag and Cu exceed below that temperature [K]
_SCALED = ("ionic_conductivity", "total_resistance", "bulk_resistance", "bulk_conductivity")
_SURELY = 3.0  # standard deviations of Re Z above which it holds the bulk, too
_OUTSIDE = ("electrode", "lead")  # what is not part of the electrolyte


def as_assigned(reading: Reading, assign: Mapping[str, str]) -> Reading:
    """Return the reading with the resistors that the user names as he says.

    One that he does not name counts as without an assignment: an arc by its class, any other one as part of the total.
    """
    fit = reading.fit
    parts = {"bulk": reading.bulk, "grain_boundary": reading.boundary, "electrode": reading.left_out}
    kinds = {t: kind for kind, part in parts.items() for t in part}
    found = [t for t in terms(fit.circuit, fit.theta) if t.resistor.kind.symbol == "R" or t in reading.total]
    kinds = {t: assign.get(t.resistor.label, kinds.get(t, "")) for t in found}
    total = tuple(t for t in found if kinds[t] not in _OUTSIDE)
    bulk, boundary = (tuple(t for t in found if kinds[t] == kind) for kind in ("bulk", "grain_boundary"))
    return replace(
        reading,
        total=total,
        left_out=tuple(t for t in found if kinds[t] in _OUTSIDE),
        bulk=bulk,
        boundary=boundary,
        why_total=_why(reading, total, "electrolyte"),
        why_bulk=_why(reading, bulk, "bulk") or _tied(fit, bulk),
        why_boundary=_why(reading, boundary, "grain boundary") or _tied(fit, boundary),
        said={t.resistor.label: kinds[t] for t in found if kinds[t]},
    )


def _why(reading: Reading, part: Sequence[Term], words: str) -> str:
    """Say why the data do not know a sum of resistors, '' where they do."""
    if not part:
        return f"no resistor of {reading.fit.circuit.text} is assigned to the {words}"
    spread = relative_spread(reading.fit, part)
    if not spread < VAGUE and not not_measured(reading.fit, part):
        return not_known(spread)
    return not_closed(reading.unseen(part))


def _tied(fit: CircuitFit, part: Sequence[Term]) -> str:
    """Say that a part goes together with another resistance, '' where it does not."""
    index = [t.resistor.first for t in part]
    others = [e.first for e in fit.circuit.elements if e.kind.symbol == "R" and e.first not in index]
    tied = np.abs(correlations(fit.covariance)[np.ix_(index, others)])
    if tied.size and tied.max() > CORRELATED:
        return "not identifiable: it is correlated beyond 0.95 with another resistance"
    return ""


def ends_at_bounds(fit: CircuitFit, only: Sequence[int] | None = None) -> str:
    """Say which parameters end at their bounds, '' for none; `only` these indices of theta."""
    ended = [k for k in fit.at_bound if only is None or k in only]
    values = fit.circuit.to_values(fit.theta)
    said = []
    for k in ended:
        key, symbol = fit.circuit.parameters[k]
        unit = look_up(key.split(":")[0]).si
        said.append(f"{symbol} ends at its {fit.at_bound[k]} bound {values[k]:.4g} {unit}".removesuffix(" 1"))
    return ", ".join(said)


def not_measured(fit: CircuitFit, part: Sequence[Term]) -> str:
    """Say why a sum of resistors is not what the data say: one ends at its bound, or all are held; '' where it is."""
    index = [t.resistor.first for t in part]
    if index and all(k in fit.held for k in index):
        return f"{', '.join(fit.circuit.parameters[k][1] for k in index)} held as asked: nothing of it is measured"
    ended = ends_at_bounds(fit, index)
    return f"{ended}: the data would have more room" if ended else ""


def possible_checks(
    fit: CircuitFit,
    assign: Mapping[str, str],
    constant: float | None,
    *,
    total: float | None,
    temperature: float | None,
) -> list[Check]:
    """Judge what area, thickness and the unit of the impedance make of the electrolyte: is there such a solid?

    Parameters
    ----------
    constant : L/A [1/m]. total : resistance [ohm]. temperature : [K]. None where unknown.
    """
    if constant is None:
        return []
    arcs = [t for t in terms(fit.circuit, fit.theta) if t.capacitances]
    said = {t.resistor.label: permittivity(t, constant) for t in arcs if assign.get(t.resistor.label) == "bulk"}
    if said:
        low, high = ASSIGNED_PERMITTIVITY
        detail = ", ".join(f"{label}, assigned to the bulk, has {epsilon:.3g}" for label, epsilon in said.items())
        detail += f"; an ion conductor's lies between {low:g} and {high:g}"
        judged = ("relative_permittivity", "bulk_resistance", "bulk_conductivity")
        return [Check("permittivity of the bulk", all(low < e < high for e in said.values()), detail, judged)]
    resistance, checks = total or np.inf, []
    fastest = min((t for t in arcs if t.storage and is_known(fit, t)), key=lambda t: t.time_constant, default=None)
    if fastest is not None:
        epsilon, label = permittivity(fastest, constant), fastest.resistor.label
        if epsilon < 1.0:
            detail = (
                f"{label} has {epsilon:.2g}, less than vacuum: are area, thickness and the unit of the impedance right?"
            )
            checks.append(Check("permittivity of the bulk", False, detail, _SCALED))
        if epsilon > ASSIGNED_PERMITTIVITY[1]:  # then the bulk is in series with every arc
            resistance = min(resistance, float(np.min(fit.model.real + _SURELY * fit.sd)))
    sigma, kelvin = constant / resistance, temperature or _FASTEST[0][0]
    limit = _BEYOND * highest_conductivity(kelvin)
    if sigma > limit or (sigma > _LITHIUM and kelvin < _HOT):
        detail = (
            f"the electrolyte conducts at least {sigma / 100:.2g} S/cm; at {kelvin - CELSIUS:.0f} degC no solid is known to "
            f"have {limit / 100:.2g}, and below 100 degC those of Li, Na, H reach 0.04. Unless it is one of Ag or Cu: are "
            "the unit of the impedance, the area and the thickness right?"
        )
        checks.append(Check("conductivity of a solid", False if sigma > limit else None, detail, _SCALED))
    return checks


def highest_conductivity(kelvin: float) -> float:
    """Return the highest conductivity that any solid is known to have [S/m]; below 25 degC that at 25 degC.

    Example
    -------
    >>> [round(highest_conductivity(t) / 100, 2) for t in (298.15, 419.0, 828.0)]
    [0.47, 1.53, 4.94]
    """
    (cold, low), (warm, high) = _FASTEST
    slope = np.log(high * warm / (low * cold)) / (1.0 / cold - 1.0 / warm)
    kelvin = max(kelvin, cold)
    return float(low * cold / kelvin * np.exp(slope * (1.0 / cold - 1.0 / kelvin)))
