"""From a fitted circuit to the numbers that are reported: assignment of arcs, withheld parameters, conductivity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from closo.fit import correlations
from closo.quantity import Number, Quantity, exp, from_fit, uncertain, withheld
from closo.techniques.impedance.assignment import (
    AMBIGUOUS,
    CORRELATED,
    VACUUM_PERMITTIVITY,
    VAGUE,
    assigned_resistances,
    capacitance_of,
    ends_at_bounds,
    not_measured,
)
from closo.techniques.impedance.circuit import Arc, Element
from closo.techniques.impedance.fitting import CircuitFit, Prior, arc_capacitance
from closo.techniques.impedance.selection import Choice, geometric_prior

__all__ = [
    "Pellet",
    "circuit_quantities",
    "conductivity",
    "resistances",
    "theta_numbers",
    "with_calibration",
    "with_held",
]

_BULK, _ELECTRODE = 2e-9, 3e-6  # C L/A [F/m] below: bulk (2e-11 F/cm); above: electrode (3e-8 F/cm)
_ELECTRODE_FARAD = 3e-7  # the same for a pellet of unknown geometry [F]


@dataclass(frozen=True)
class Pellet:
    """What is known of the specimen; None where it is not. `assign`: label of a resistor -> what the user says it is."""

    area: Number = None
    thickness: Number = None
    temperature: Number = None
    lead_resistance: Number = None
    assign: Mapping[str, str] = field(default_factory=dict)

    @property
    def cell_constant(self) -> Number:
        """L/A [1/m], None without geometry."""
        return None if self.area is None or self.thickness is None else self.thickness / self.area

    @property
    def capacitance_prior(self) -> Prior:
        """Prior of the geometric capacitance, from area and thickness where they are known."""
        if self.area is None or self.thickness is None:
            return geometric_prior(None, None)
        return geometric_prior(Quantity("area", self.area).value, Quantity("thickness", self.thickness).value)


_GAIN = {"resistance": 1.0, "inductance": 1.0, "warburg_coefficient": 1.0, "capacitance": -1.0, "cpe_coefficient": -1.0}


def theta_numbers(fit: CircuitFit, *, name: str) -> list[Number]:
    """Return theta as correlated numbers with the source `fit:<name>`."""
    covariance = np.where(np.isfinite(fit.covariance), fit.covariance, 0.0)
    free = [k for k in range(fit.theta.size) if k not in fit.held]
    numbers = from_fit(fit.theta[free], covariance[np.ix_(free, free)], label=f"fit:{name}", df=fit.df)
    fitted = dict(zip(free, numbers, strict=True))
    return [fitted[k] if k in fitted else uncertain(value, {}) for k, value in enumerate(fit.theta)]


def with_held(fit: CircuitFit, theta: list[Number], held_u: Mapping[int, float], *, name: str) -> list[Number]:
    """Add what the uncertainty of held parameters adds, to them and to those that follow them.

    A shift of a held one moves the others by -Sff J' Jh, S being their covariance with the held ones fixed.

    Parameters
    ----------
    held_u : index of theta -> standard uncertainty that the user stated.
    """
    covariance = np.where(np.isfinite(fit.covariance), fit.covariance, 0.0)
    symbols = [symbol for _, symbol in fit.circuit.parameters]
    for k, u in held_u.items():
        shift = -covariance @ (fit.jacobian.T @ fit.jacobian[:, k]) / fit.scale
        shift[k] = 1.0
        label = f"held {symbols[k]}:{name}"
        theta = [n + uncertain(0.0, {label: float(s) * u}) for n, s in zip(theta, shift, strict=True)]
    return theta


def with_calibration(fit: CircuitFit, theta: list[Number], calibration: dict[str, float]) -> list[Number]:
    """Add what an uncalibrated instrument adds: a relative error of its gain [1], and of its phase [rad].

    A gain g moves every ln R and ln L by g and every ln C and ln Q by -g. A rotation of the spectrum, and a
    gain where a parameter is held, are carried through the fit linearly: dtheta = covariance J' dr.

    Parameters
    ----------
    calibration : 'calibration gain:<instrument>' -> size, 'calibration phase:<instrument>' -> size; empty for none.
    """
    covariance = np.where(np.isfinite(fit.covariance), fit.covariance, 0.0)
    impedance = fit.model + fit.residual * np.abs(fit.model)
    for label, size in calibration.items():
        if "gain" in label and not fit.held and not fit.at_bound:
            shift = np.array([_GAIN.get(key.split(":")[0], 0.0) for key, _ in fit.circuit.parameters])
        else:
            moved = (impedance if "gain" in label else 1j * impedance) / fit.sd
            shift = covariance @ (fit.jacobian.T @ np.concatenate([moved.real, moved.imag])) / fit.scale
        theta = [n + uncertain(0.0, {label: float(s) * size}) for n, s in zip(theta, shift, strict=True)]
    return theta


def resistances(choice: Choice, theta: list[Number], pellet: Pellet, *, name: str) -> dict[str, Quantity]:
    """Return total, bulk and grain-boundary resistance, each with its method or the reason why it is withheld."""
    fit = choice.best
    spread = _model_spread(choice, pellet)
    if pellet.assign:
        return assigned_resistances(fit, theta, pellet, classes=_classes(fit, pellet), spread=spread, name=name)
    why = not_measured(fit, _included(fit, pellet))
    if why:
        names = ("total_resistance", "bulk_resistance", "grain_boundary_resistance")
        return {key: withheld(key, why) for key in names}
    total, included = _total(fit, theta, pellet)
    if spread > AMBIGUOUS:
        why = f"not identifiable: circuits that fit as well differ by {100 * spread:.0f} % in the resistance"
        return {"total_resistance": withheld("total_resistance", why)} | _split(fit, theta, pellet)
    if total is None:
        why = f"{fit.circuit.text} has no resistance of the electrolyte"
        return {"total_resistance": withheld("total_resistance", why)} | _split(fit, theta, pellet)
    if spread:
        total = total * (1.0 + uncertain(0.0, {f"model choice:{name}": spread}))
    method = f"sum of {', '.join(included)} in {fit.circuit.text}"
    left_out = [
        a.resistor.label for a, kind in zip(fit.circuit.arcs, _classes(fit, pellet), strict=True) if kind == "electrode"
    ]
    if left_out:
        method += f"; {', '.join(left_out)} left out: its capacitance is that of an electrode"
    if pellet.lead_resistance is not None:
        total = total - pellet.lead_resistance
        method += ", leads taken off"
    found = {"total_resistance": Quantity("total_resistance", total, method)}
    return found | _split(fit, theta, pellet)


def _classes(fit: CircuitFit, pellet: Pellet) -> list[str]:
    """Assign each arc by its capacitance: 'bulk', 'grain boundary', 'electrode', or '' where that is not known.

    Without geometry only one thing is known: beside a blocking electrode an arc of more than 0.3 uF is part of it.
    """
    found = [arc_capacitance(arc, fit.theta) for arc in fit.circuit.arcs]
    constant = pellet.cell_constant
    if constant is None:
        blocked = fit.circuit.blocking is not None
        return ["electrode" if blocked and c > _ELECTRODE_FARAD else "" for c in found]
    scale = float(constant.x)
    specific = [c * scale for c in found]
    return ["bulk" if c < _BULK else "grain boundary" if c < _ELECTRODE else "electrode" for c in specific]


def _included(fit: CircuitFit, pellet: Pellet) -> list[int]:
    """Indices of theta of the resistances that belong to the electrolyte."""
    arcs = zip(fit.circuit.arcs, _classes(fit, pellet), strict=True)
    of_arcs = [arc.resistor.first for arc, kind in arcs if kind != "electrode"]
    single = [e.first for e in fit.circuit.single if e.kind.symbol == "R"]
    if not fit.circuit.is_ladder:
        return [e.first for e in fit.circuit.elements if e.kind.symbol == "R"]
    return single + of_arcs if single + of_arcs else [arc.resistor.first for arc in fit.circuit.arcs]


def _total(fit: CircuitFit, theta: list[Number], pellet: Pellet) -> tuple[Number, list[str]]:
    indices = _included(fit, pellet)
    symbols = [symbol for _, symbol in fit.circuit.parameters]
    if not indices:
        return None, []
    total = exp(theta[indices[0]])
    for k in indices[1:]:
        total = total + exp(theta[k])
    return total, [symbols[k] for k in indices]


def _model_spread(choice: Choice, pellet: Pellet) -> float:
    """Relative spread of the total resistance around the best, over the circuits that the data do not rule out."""
    totals = np.array([sum(np.exp(fit.theta[k]) for k in _included(fit, pellet)) for fit in choice.fits])
    if not totals[0] > 0:
        return 0.0
    return float(np.sqrt(choice.weights @ (totals - totals[0]) ** 2) / totals[0])


def _split(fit: CircuitFit, theta: list[Number], pellet: Pellet) -> dict[str, Quantity]:
    """Bulk and grain boundary, refused where they cannot be told apart."""
    classes, arcs = _classes(fit, pellet), fit.circuit.arcs
    names = ("bulk_resistance", "grain_boundary_resistance")
    why = ""
    bulk = [a for a, kind in zip(arcs, classes, strict=True) if kind == "bulk"]
    boundary = [a for a, kind in zip(arcs, classes, strict=True) if kind == "grain boundary"]
    index = [a.resistor.first for a in bulk + boundary]
    spread = np.sqrt(np.diag(fit.covariance))
    if pellet.cell_constant is None:
        why = "arcs are assigned by capacitance, which needs area and thickness"
    elif not bulk or _worst(bulk, spread) > VAGUE or any(_entangled(fit, a.storage) for a in bulk):
        why = "no bulk arc lies inside the measured frequencies: only the total is known"
    elif boundary and np.max(np.abs(np.triu(correlations(fit.covariance)[np.ix_(index, index)], 1))) > CORRELATED:
        why = "not identifiable: the arcs' resistances are correlated beyond 0.95"
    why = why or not_measured(fit, [a.resistor.first for a in bulk])
    if why:
        return {name: withheld(name, why) for name in names}
    r_bulk = _sum([exp(theta[a.resistor.first]) for a in bulk])
    how = f"{'+'.join(a.resistor.label for a in bulk)} of {fit.circuit.text}, by capacitance"
    found = {names[0]: Quantity(names[0], r_bulk, how)}
    first = bulk[0]
    capacitance = capacitance_of(first, theta)
    permittivity = capacitance * pellet.cell_constant / VACUUM_PERMITTIVITY
    found["relative_permittivity"] = Quantity(
        "relative_permittivity", permittivity, "effective capacitance of the bulk arc"
    )
    found["bulk_conductivity"] = Quantity("bulk_conductivity", pellet.cell_constant / r_bulk, "L/(R_b A)")
    why = not_measured(fit, [a.resistor.first for a in boundary])
    if why or not boundary:
        return found | {names[1]: withheld(names[1], why or "no arc has a grain-boundary capacitance")}
    r_boundary = _sum([exp(theta[a.resistor.first]) for a in boundary])
    ratio = capacitance / capacitance_of(boundary[0], theta)
    found[names[1]] = Quantity(
        names[1], r_boundary, f"{'+'.join(a.resistor.label for a in boundary)} of {fit.circuit.text}"
    )
    brick = "grain_boundary_conductivity"
    found[brick] = Quantity(brick, pellet.cell_constant / r_boundary * ratio, "brick layer: L/(R_gb A) C_b/C_gb")
    return found


def _entangled(fit: CircuitFit, element: Element) -> bool:
    """True when the first parameter of an element is known through another element only (C through L of a spike)."""
    matrix = correlations(fit.covariance)
    own = range(element.first, element.first + len(element.kind.parameters))
    others = np.abs(np.delete(matrix[element.first], list(own)))
    vague = np.sqrt(fit.covariance[element.first, element.first]) > 0.1
    return bool(others.size and others.max() > CORRELATED and vague)


def _worst(arcs: list[Arc], spread: np.ndarray) -> float:
    """Largest uncertainty of ln R and ln C among the arcs."""
    return float(max(max(spread[a.resistor.first], spread[a.storage.first]) for a in arcs))


def _sum(numbers: list[Number]) -> Number:
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def conductivity(total: Quantity, pellet: Pellet) -> Quantity:
    """Return L/(R A), or why it cannot be given."""
    name = "ionic_conductivity"
    missing = [key for key in ("area", "thickness") if getattr(pellet, key) is None]
    if missing:
        return withheld(name, f"needs {' and '.join(missing)} of the pellet")
    if total.number is None or (total.value or 0.0) <= 0:
        return withheld(name, total.why or "the resistance left after taking off the leads is not positive")
    return Quantity(name, pellet.cell_constant / total.number, f"L/(R A) with R = {total.method}; total, not bulk")


def circuit_quantities(fit: CircuitFit, theta: list[Number]) -> dict[str, Quantity]:
    """Return every parameter of the circuit; those that the data do not fix are withheld with the reason."""
    found = {}
    spread = np.sqrt(np.diag(fit.covariance))
    matrix = correlations(fit.covariance)
    symbols = [symbol for _, symbol in fit.circuit.parameters]
    for k, (key, symbol) in enumerate(fit.circuit.parameters):
        name = key.split(":")[0]
        if k in fit.at_bound:
            why = f"{ends_at_bounds(fit, [k])}: the data would have more room"
            found[key] = withheld(name, why, method=fit.circuit.text)
            continue
        others = np.abs(np.delete(matrix[k], k))
        partner = int(np.argmax(np.abs(matrix[k]) - 2.0 * np.eye(len(matrix))[k])) if others.size else k
        vague = not spread[k] < VAGUE
        # Q and n of one element are always correlated; that does not make either of them unknown
        entangled = others.size > 0 and others.max() > CORRELATED and spread[k] > 0.1
        if vague or entangled:
            why = f"not identifiable: u(ln {symbol}) = {spread[k]:.2g}"
            if entangled:
                why += f", correlated {matrix[k][partner]:+.2f} with {symbols[partner]}"
            found[key] = withheld(name, why, method=fit.circuit.text)
            continue
        number = exp(theta[k]) if fit.circuit.logarithmic[k] else theta[k]
        held = ", held" if k in fit.held else ""
        found[key] = Quantity(name, number, f"{symbol} of {fit.circuit.text}{held}")
    return found
