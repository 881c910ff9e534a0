"""From a fitted circuit to the numbers that are reported: assignment of arcs, withheld parameters, conductivity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from closo.fit import correlations
from closo.quantity import Number, Quantity, exp, from_fit, uncertain, withheld
from closo.techniques.impedance.assignment import as_assigned, ends_at_bounds, not_measured
from closo.techniques.impedance.fitting import CircuitFit
from closo.techniques.impedance.reading import (
    BULK_PERMITTIVITY,
    CORRELATED,
    VACUUM_PERMITTIVITY,
    VAGUE,
    Reading,
    not_known,
    permittivity,
    read_fit,
)
from closo.techniques.impedance.selection import Choice, correlation_factor
from closo.techniques.impedance.terms import ELECTRODE_FARAD, Term
from closo.units import percent

# Three resistors and more for one electrolyte, or two arcs that overlap: no arc has the shape of the model.
_MANY, _SHAPE = 3, 0.003  # relative u of a total
_APART = "not identifiable: circuits that fit as well differ by {} in the resistance"
_OTHERWISE = 0.2  # weight of circuits without an arc beyond which it is withheld


@dataclass(frozen=True)
class Pellet:
    """What is known of the specimen; None where it is not. `assign`: label of a resistor -> what the user says it is."""

    area: Number | None = None
    thickness: Number | None = None
    temperature: Number | None = None
    lead_resistance: Number | None = None
    assign: Mapping[str, str] = field(default_factory=dict)

    @property
    def cell_constant(self) -> Number | None:
        """L/A [1/m], None without geometry."""
        return None if self.area is None or self.thickness is None else self.thickness / self.area

    @property
    def constant(self) -> float | None:
        """L/A [1/m] without its uncertainty."""
        area, thickness = self.sizes
        return None if area is None or thickness is None else thickness / area

    @property
    def kelvin(self) -> float | None:
        """Temperature without its uncertainty [K]."""
        return None if self.temperature is None else float(self.temperature.x)

    @property
    def sizes(self) -> tuple[float | None, float | None]:
        """Area [m2] and thickness [m] without their uncertainties."""
        area = None if self.area is None else Quantity("area", self.area).value
        return area, None if self.thickness is None else Quantity("thickness", self.thickness).value


_GAIN = {"resistance": 1.0, "inductance": 1.0, "warburg_coefficient": 1.0, "capacitance": -1.0, "cpe_coefficient": -1.0}


def theta_numbers(fit: CircuitFit, *, name: str) -> list[Number]:
    """Return theta as correlated numbers with the source `fit:<name>`."""
    covariance = np.where(np.isfinite(fit.covariance), fit.covariance, 0.0) * correlation_factor(fit)
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


def resistances(
    choice: Choice, theta: list[Number], pellet: Pellet, *, frequency: np.ndarray, name: str
) -> dict[str, Quantity]:
    """Return total, bulk and grain-boundary resistance, each with its method or the reason why it is withheld."""
    area, thickness = pellet.sizes
    readings = [read_fit(fit, frequency, area, thickness) for fit in choice.fits]
    spread = _spread([r.value(r.total) for r in readings], choice.weights)
    best = as_assigned(readings[0], pellet.assign) if pellet.assign else readings[0]
    found = {"total_resistance": _total(best, theta, pellet, spread=spread, name=name)}
    for which, key in (("bulk", "bulk_resistance"), ("boundary", "grain_boundary_resistance")):
        why = getattr(best, f"why_{which}") or not_measured(best.fit, getattr(best, which))
        apart = spread  # of the total: where the user says what is what, other circuits have other names
        if not pellet.assign and not why:
            apart, why = _spread_of_part(which, readings, choice.weights)
        found[key] = withheld(key, why) if why else _part(key, best, which, theta, spread=apart, name=name)
    return found | _of_material(best, theta, pellet, found)


def _total(best: Reading, theta: list[Number], pellet: Pellet, *, spread: float, name: str) -> Quantity:
    key = "total_resistance"
    fit = best.fit
    why = best.why_total or not_measured(fit, best.total)
    if not why and spread > VAGUE:
        why = _APART.format(percent(spread))
    if why:
        return withheld(key, why)
    total = sum((exp(theta[t.resistor.first]) for t in best.total), uncertain(0.0, {}))
    shape = _SHAPE if len(best.total) >= _MANY or best.distributed else 0.0
    model = float(np.linalg.norm([shape, *best.doubts(best.total), spread]))
    if model:
        total = total * (1.0 + uncertain(0.0, {f"model choice:{name}": model}))
    method = f"sum of {', '.join(t.resistor.label for t in best.total)} in {fit.circuit.text}"
    if best.left_out:
        method += f"; {_outside(best)}"
    elif not best.said and any(c > ELECTRODE_FARAD for t in best.total for c in t.capacitances):
        why = "nothing else is left between the blocking ones" if fit.circuit.blocking else "ideal, as a component's"
        method += f"; its capacitance is that of an electrode, but {why}"
    method += _taken_as_boundary(best, pellet.constant)
    if pellet.lead_resistance is not None:
        total, method = total - pellet.lead_resistance, f"{method}, leads taken off"
    return _limited(Quantity(key, total, method))


def _taken_as_boundary(best: Reading, constant: float | None) -> str:
    """Say which arcs count to the electrolyte though no bulk speaks for it: their capacitance could be that of a contact."""
    arcs = [] if constant is None or best.bulk or best.said else [t for t in best.total if t.storage is not None]
    slow = {t.resistor.label: permittivity(t, constant) for t in arcs if constant is not None}
    said = [f"{label} (permittivity {e:.2g})" for label, e in slow.items() if e > BULK_PERMITTIVITY[1]]
    return f"; {', '.join(said)} counts as a grain boundary: a bad contact can look the same" if said else ""


def _outside(reading: Reading) -> str:
    """Say what is left out of the total, and why."""
    labels = [t.resistor.label for t in reading.left_out]
    if reading.said:
        return f"{', '.join(f'{label} ({reading.said[label]})' for label in labels)} left out"
    shorted = [t.resistor.label for t in reading.left_out if t.shorted and not t.capacitances]
    why = "its capacitance is that of an electrode" + (f", an inductor lies across {shorted[0]}" if shorted else "")
    if len(shorted) == len(labels):
        why = "an inductor lies across it"
    return f"{', '.join(labels)} left out: {why}"


def _limited(quantity: Quantity) -> Quantity:
    """Withhold what is known worse than 40 %."""
    if quantity.number is None or not quantity.value or quantity.u is None:
        return quantity
    relative = abs(quantity.u / quantity.value)
    if relative < VAGUE:
        return quantity
    return withheld(quantity.name, not_known(relative), method=quantity.method)


def _spread(values: Sequence[float], weights: np.ndarray) -> float:
    """Relative spread around the best, over the circuits that the data do not rule out."""
    if not values[0] > 0:
        return 0.0
    return float(np.sqrt(weights @ (np.array(values) / values[0] - 1.0) ** 2))


def _spread_of_part(which: str, readings: Sequence[Reading], weights: np.ndarray) -> tuple[float, str]:
    """Return the spread of bulk or grain boundary over the circuits that have it, and why there is none."""
    parts = [getattr(r, which) for r in readings]
    if which == "bulk" and readings[0].lonely:
        label = parts[0][0].resistor.label
        return 0.0, (
            f"{label} is one depressed arc, in which a grain boundary of nearly the same time constant can hide: only the "
            f"total is known; if it is the bulk alone, say assign={label}:bulk"
        )
    if sum(w for part, w in zip(parts, weights, strict=True) if not part) > _OTHERWISE:
        return 0.0, "not identifiable: circuits that fit as well do not have this arc"
    given = [k for k, part in enumerate(parts) if part]
    return _spread([readings[k].value(parts[k]) for k in given], weights[given]), ""


def _part(key: str, best: Reading, which: str, theta: list[Number], *, spread: float, name: str) -> Quantity:
    """Return the bulk or the grain boundary with what the choice of circuit, the window and the misfit add."""
    part: tuple[Term, ...] = getattr(best, which)
    if spread > VAGUE:
        return withheld(key, _APART.format(percent(spread)))
    size = float(np.linalg.norm([*best.doubts(part), spread]))
    number = sum((exp(theta[t.resistor.first]) for t in part), uncertain(0.0, {}))
    if size:
        number = number * (1.0 + uncertain(0.0, {f"model choice:{name}": size}))
    labels = "+".join(t.resistor.label for t in part)
    how = "as assigned" if best.said else "by capacitance"
    return _limited(Quantity(key, number, f"{labels} of {best.fit.circuit.text}, {how}"))


def _of_material(best: Reading, theta: list[Number], pellet: Pellet, found: dict[str, Quantity]) -> dict[str, Quantity]:
    """Return conductivities and the permittivity of what is given."""
    bulk, boundary = found["bulk_resistance"].number, found["grain_boundary_resistance"].number
    constant = pellet.cell_constant
    if bulk is None or constant is None:
        return {}
    made, methods = {"bulk_conductivity": constant / bulk}, {"bulk_conductivity": "L/(R_b A)"}
    c_bulk, c_boundary = (_capacitance(part, best.fit, theta) for part in (best.bulk, best.boundary))
    if c_bulk is not None:
        made["relative_permittivity"] = c_bulk * constant / VACUUM_PERMITTIVITY
        methods["relative_permittivity"] = "effective capacitance of the bulk arc"
    if c_bulk is not None and c_boundary is not None and boundary is not None:
        made["grain_boundary_conductivity"] = constant / boundary * (c_bulk / c_boundary)
        methods["grain_boundary_conductivity"] = "brick layer: L/(R_gb A) C_b/C_gb"
    return {key: _limited(Quantity(key, number, methods[key])) for key, number in made.items()}


def _capacitance(part: Sequence[Term], fit: CircuitFit, theta: list[Number]) -> Number | None:
    """Effective capacitance of an arc with its sources; of several arcs, or one that the data do not know, None."""
    arcs = [(t.resistor.first, t.storage) for t in part if t.storage is not None]
    if len(arcs) != 1:
        return None
    resistor, storage = arcs[0]
    if storage.first in fit.at_bound or not np.sqrt(fit.covariance[storage.first, storage.first]) < VAGUE:
        return None
    r, q = theta[resistor], theta[storage.first]
    n = theta[storage.first + 1] if storage.kind.symbol == "Q" else 1.0
    return exp((r + q) / n - r)


def conductivity(total: Quantity, pellet: Pellet) -> Quantity:
    """Return L/(R A), or why it cannot be given."""
    name = "ionic_conductivity"
    constant = pellet.cell_constant
    if constant is None:
        missing = [key for key in ("area", "thickness") if getattr(pellet, key) is None]
        return withheld(name, f"needs {' and '.join(missing)} of the pellet")
    if total.number is None or (total.value or 0.0) <= 0:
        return withheld(name, total.why or "the resistance left after taking off the leads is not positive")
    return Quantity(name, constant / total.number, f"L/(R A) with R = {total.method}; total, not bulk")


def circuit_quantities(fit: CircuitFit, theta: list[Number]) -> dict[str, Quantity]:
    """Return every parameter of the circuit; those that the data do not fix are withheld with the reason.

    Where single resistances are withheld, their sum may be known: then it is there as `resistance:all`.
    """
    found: dict[str, Quantity] = {}
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
    resistors = [e.first for e in fit.circuit.elements if e.kind.symbol == "R"]
    apart = all(q.number is not None for key, q in found.items() if key.startswith("resistance:"))
    if not apart and fit.circuit.is_ladder and not fit.at_bound and np.all(spread[resistors] < 5.0):
        whole = sum((exp(theta[k]) for k in resistors[1:]), exp(theta[resistors[0]]))
        if float(whole.u) < VAGUE * float(whole.x):
            found["resistance:all"] = Quantity("resistance", whole, f"sum of all resistances of {fit.circuit.text}")
    return found
