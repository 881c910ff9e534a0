"""The resistances of an electrolyte where the user says which resistor is what; nobody's capacitance is asked then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from closo.fit import correlations
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity, exp, uncertain, withheld
from closo.techniques.impedance.circuit import Arc, Element
from closo.techniques.impedance.fitting import CircuitFit
from closo.techniques.impedance.reading import CORRELATED, EXTRAPOLATED, VACUUM_PERMITTIVITY, VAGUE, Reading, not_closed
from closo.techniques.impedance.terms import terms
from closo.units import percent

if TYPE_CHECKING:
    from closo.techniques.impedance.quantities import Pellet

__all__ = ["assigned_resistances", "ends_at_bounds", "not_measured"]

_NAMES = {"bulk": "bulk_resistance", "grain_boundary": "grain_boundary_resistance"}
_OUTSIDE = ("electrode", "lead")  # what is not part of the electrolyte


def assigned_resistances(
    reading: Reading, theta: list[Number], pellet: Pellet, *, spread: float, name: str
) -> dict[str, Quantity]:
    """Return total, bulk and grain-boundary resistance as `pellet.assign` says, with their conductivities.

    A resistor that the user does not name counts as without an assignment: an arc by its class, any other one as part of
    the total.

    Parameters
    ----------
    reading : what the best circuit says without the user.
    spread : relative, of the total over the circuits that the data do not rule out.
    name : of the measurement, for the source of the spread.
    """
    fit = reading.fit
    kinds = _kinds(reading, pellet)
    inside = [e for e, kind in kinds if kind not in _OUTSIDE]
    total = _resistance(fit, theta, inside, key="total_resistance", kind="electrolyte")
    found = {"total_resistance": _total(_with_model(total, reading, inside, name=name, spread=spread), kinds, pellet)}
    for kind, key in _NAMES.items():
        mine = [e for e, k in kinds if k == kind]
        part = _resistance(fit, theta, mine, key=key, kind=kind)
        found[key] = _with_model(part, reading, mine, name=name, spread=spread)
    if pellet.cell_constant is not None:
        found |= _of_material(fit, theta, kinds, found=found, cell_constant=pellet.cell_constant)
    return found


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


def not_measured(fit: CircuitFit, index: Sequence[int]) -> str:
    """Say why a sum of resistors is not what the data say: one ends at its bound, or all are held; '' where it is."""
    if index and all(k in fit.held for k in index):
        return f"{', '.join(fit.circuit.parameters[k][1] for k in index)} held as asked: nothing of it is measured"
    ended = ends_at_bounds(fit, index)
    return f"{ended}: the data would have more room" if ended else ""


def _capacitance_of(arc: Arc, theta: list[Number]) -> Number:
    """Effective capacitance of an arc with its sources; `arc_capacitance` gives the bare value."""
    r, q = theta[arc.resistor.first], theta[arc.storage.first]
    n = theta[arc.storage.first + 1] if arc.storage.kind.symbol == "Q" else 1.0
    return exp((r + q) / n - r)


def _kinds(reading: Reading, pellet: Pellet) -> list[tuple[Element, str]]:
    """Return every resistor with its kind, '' where nobody knows it."""
    parts = {"bulk": reading.bulk, "grain_boundary": reading.boundary, "electrode": reading.left_out}
    automatic = {t.resistor.label: kind for kind, part in parts.items() for t in part}
    resistors = [e for e in reading.fit.circuit.elements if e.kind.symbol == "R"]
    resistors += [t.resistor for t in reading.total if t.resistor.kind.symbol != "R"]
    return [(e, pellet.assign.get(e.label, automatic.get(e.label, ""))) for e in resistors]


def _total(total: Quantity, kinds: list[tuple[Element, str]], pellet: Pellet) -> Quantity:
    """Say what the total leaves out, and take the leads off."""
    if total.number is None:
        return total
    number, method = total.number, total.method
    outside = [f"{e.label} ({kind})" for e, kind in kinds if kind in _OUTSIDE]
    if outside:
        method += f"; {', '.join(outside)} left out"
    if pellet.lead_resistance is not None:
        number, method = number - pellet.lead_resistance, f"{method}, leads taken off"
    return Quantity(total.name, number, method)


def _with_model(
    resistance: Quantity, reading: Reading, elements: Sequence[Element], *, name: str, spread: float
) -> Quantity:
    """Add the spread over circuits (of the total, likewise of its parts), what lies below the window, and the misfit."""
    if resistance.number is None:
        return resistance
    unseen = reading.unseen([t for t in terms(reading.fit.circuit, reading.fit.theta) if t.resistor in elements])
    why = not_closed(unseen)
    if spread > VAGUE:
        why = f"not identifiable: circuits that fit as well differ by {percent(spread)} in the resistance"
    if why:
        return withheld(resistance.name, why)
    size = float(np.sqrt(spread**2 + (EXTRAPOLATED * unseen) ** 2 + reading.misfit**2))
    if not size:
        return resistance
    number = resistance.number * (1.0 + uncertain(0.0, {f"model choice:{name}": size}))
    return Quantity(resistance.name, number, resistance.method)


def _resistance(fit: CircuitFit, theta: list[Number], elements: list[Element], *, key: str, kind: str) -> Quantity:
    """Return the sum of some resistors, or why it is withheld."""
    words = kind.replace("_", " ")
    if not elements:
        return withheld(key, f"no resistor of {fit.circuit.text} is assigned to the {words}")
    index = [e.first for e in elements]
    why = not_measured(fit, index)
    if why:
        return withheld(key, why)
    value = np.exp(fit.theta[index])
    spread = float(np.sqrt(value @ fit.covariance[np.ix_(index, index)] @ value) / value.sum())
    if not spread < VAGUE:
        return withheld(key, f"not identifiable: its relative uncertainty is {spread:.2g}")
    others = [e.first for e in fit.circuit.elements if e.kind.symbol == "R" and e.first not in index]
    tied = np.abs(correlations(fit.covariance)[np.ix_(index, others)])
    if kind in _NAMES and tied.size and tied.max() > CORRELATED:
        return withheld(key, "not identifiable: it is correlated beyond 0.95 with another resistance")
    total = exp(theta[index[0]])
    for k in index[1:]:
        total = total + exp(theta[k])
    return Quantity(key, total, f"{'+'.join(e.label for e in elements)} of {fit.circuit.text}, as assigned")


def _of_material(
    fit: CircuitFit,
    theta: list[Number],
    kinds: list[tuple[Element, str]],
    *,
    found: dict[str, Quantity],
    cell_constant: Number,
) -> dict[str, Quantity]:
    """Return conductivities and the permittivity, where the resistances are given and their arcs have a capacitance."""
    bulk, boundary = (found[key].number for key in _NAMES.values())
    made: dict[str, Quantity] = {}
    if bulk is None:
        return made
    made["bulk_conductivity"] = Quantity("bulk_conductivity", cell_constant / bulk, "L/(R_b A)")
    arcs = {kind: [a for a in fit.circuit.arcs if (a.resistor, kind) in kinds] for kind in _NAMES}
    c_bulk, c_boundary = (_one_capacitance(arcs[kind], fit, theta) for kind in _NAMES)
    if c_bulk is not None:
        permittivity = c_bulk * cell_constant / VACUUM_PERMITTIVITY
        made["relative_permittivity"] = Quantity(
            "relative_permittivity", permittivity, "effective capacitance of the bulk arc"
        )
    if c_bulk is not None and c_boundary is not None and boundary is not None:
        brick = "grain_boundary_conductivity"
        number = cell_constant / boundary * c_bulk / c_boundary
        made[brick] = Quantity(brick, number, "brick layer: L/(R_gb A) C_b/C_gb")
    return made


def _one_capacitance(arcs: list[Arc], fit: CircuitFit, theta: list[Number]) -> Number:
    """Return the capacitance of a single arc that the data know, else None."""
    if len(arcs) != 1 or not np.sqrt(fit.covariance[arcs[0].storage.first, arcs[0].storage.first]) < VAGUE:
        return None
    return None if arcs[0].storage.first in fit.at_bound else _capacitance_of(arcs[0], theta)
