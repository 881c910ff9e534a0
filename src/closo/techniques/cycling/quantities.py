"""Numbers of a cycled cell, each with its sources of uncertainty: efficiencies and charges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from closo.quantity import Number, Quantity, uncertain, withheld
from closo.techniques.cycling.budget import Instrument, Sensitivity, charge_number, ratio_number
from closo.techniques.cycling.cycles import Cycles
from closo.techniques.cycling.trends import early_fade
from closo.techniques.half_cycles import Legs
from closo.techniques.instrument import CLOCK
from closo.techniques.noise import Scatter, scatter_of

_NONE = "no complete cycle: no two half cycles that ended at a limit follow each other"
_VOLTAGE_OFFSET, _VOLTAGE_GAIN = 0.001, 0.0005  # V; relative: a common specification of cyclers
_VOLTAGE_LINEARITY = 1e-4  # V, what is left in a difference of voltages

_VOLTAGES = ("mean_voltage", "voltage_hysteresis", "energy_efficiency")
_MOST = 1.1  # efficiency of a reasonable record
_MOST_STEPS = 30  # of the rate, listed as quantities
_NEIGHBOURHOOD = 10  # cycles from which the scatter of a shorter window is taken
_NO_ENERGY = {
    "symmetric cell": "a symmetric cell stores no energy",
    "anode half cell": "an anode half cell gives energy first; the metal counter electrode sets it",
}


@dataclass(frozen=True)
class Specimen:
    """What was stated about the cell, as numbers in SI with their sources; None where it was not."""

    area: Number | None = None
    active_mass: Number | None = None
    theoretical_capacity: Number | None = None
    temperature: Number | None = None


def scatter_number(values: np.ndarray, *, label: str) -> Number:
    """Return the mean of values with their scatter as the source `label` (Student t); one value has none.

    Example
    -------
    >>> mean = Quantity("coulombic_efficiency", scatter_number(np.array([0.98, 0.99, 1.0]), label="scatter:c"))
    >>> round(mean.df, 6)
    2.0
    """
    n = len(values)
    u = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return uncertain(float(np.mean(values)), {label: u}, df=max(n - 1, 1))


def efficiencies(cycles: Cycles, windows: dict[str, np.ndarray], *, name: str) -> dict[str, Quantity]:
    """Return the coulombic efficiencies; `windows` are the cycles (indices) of each name that was asked for."""
    back, put = cycles.delivered, "charge" if cycles.delivered == "discharge" else "discharge"
    rule = f"{back} over the {put} before it, complete cycles"
    plain, done = np.flatnonzero(cycles.plain), np.flatnonzero(cycles.complete)
    key = "coulombic_efficiency"
    if not len(done):
        names = (key, *(f"{key}:{w}" for w in windows))
        return {k: withheld(key, _NONE, method=rule) for k in names} | {
            f"{key}:first": withheld(key, _first_as_read(cycles), method=f"{rule}: cycle 1")
        }
    if np.median(cycles.efficiency.value[done]) > _MOST:
        why = "most cycles gave back more than was put in: time, current or the kind of cell is wrong"
        return {k: withheld(key, why, method=rule) for k in (key, *(f"{key}:{w}" for w in windows))}
    quiet = "away from spectra" if (cycles.complete & ~cycles.interlude).any() else "all of them next to a spectrum"
    found = {
        key: _mean_efficiency(cycles, plain, f"mean of {rule}, {quiet}", name=name),
        f"{key}:first": withheld(key, _first_as_read(cycles), method=f"{rule}: cycle 1")
        if cycles.gap(0)
        else _single(cycles, 0, rule, name=name),
        f"{key}:last": _single(cycles, int(done[-1]), rule, name=name),
    }
    if cycles.gap(0):
        found[f"{key}:{done[0] + 1}"] = _single(cycles, int(done[0]), rule, name=name)
    if cycles.interlude.any():
        found[f"{key}:all"] = _mean_efficiency(cycles, done, f"mean of {rule}, spectra or not", name=name)
    for text, wanted in windows.items():
        use = wanted[cycles.plain[wanted]]
        if len(use):
            method = f"mean of {rule}, cycles {text} {quiet} ({len(use)} of {len(wanted)})"
            found[f"{key}:{text}"] = _mean_efficiency(cycles, use, method, name=name, window=text)
        else:
            found[f"{key}:{text}"] = withheld(key, f"none of the cycles {text} is complete and away from spectra")
    return found


def _first_as_read(cycles: Cycles) -> str:
    """Return why cycle 1 has no efficiency, with the charges that were read."""
    if not len(cycles):
        leg = "charge" if cycles.legs.sign[-1] > 0 else "discharge"
        return (
            f"cycle 1 is not complete: the record ends with a {leg} (half cycle {len(cycles.legs)}) that none follows"
        )
    q = [abs(float(cycles.legs.charge[leg[0]])) / 3.6 for leg in (cycles.charge, cycles.discharge)]
    return f"{cycles.gap(0)} ({q[0]:.4g} mAh charge, {q[1]:.4g} mAh discharge on record)"


def _single(cycles: Cycles, k: int, rule: str, *, name: str) -> Quantity:
    legs = int(cycles.first[k]), int(cycles.second[k])
    number = ratio_number(cycles.efficiency, k, legs, name=name)
    return Quantity("coulombic_efficiency", number, f"{rule}: cycle {k + 1}")


def _mean_efficiency(cycles: Cycles, use: np.ndarray, method: str, *, name: str, window: str = "") -> Quantity:
    """Return a mean over cycles: what is one error in all stays, what is independent averages out, scatter is added.

    The scatter is that about the trend: an efficiency that rises from cycle to cycle makes their mean no less certain.
    """
    part: Sensitivity = cycles.efficiency
    cycles_used = f"{window}, {len(use)} of them" if window else f"{use[0] + 1}-{use[-1] + 1}, {len(use)} of them"
    what = f"{name}, efficiency of cycles {cycles_used}"
    spread = _scatter_about_trend(cycles, use)
    if math.isfinite(spread.s):
        u = spread.s / math.sqrt(len(use))
        number = uncertain(float(part.value[use].mean()), {f"scatter of cycles:{what}": u}, df=spread.df)
    else:
        number = scatter_number(part.value[use], label=f"scatter of cycles:{what}")
        if len(use) == 1:
            number = number + uncertain(0.0, {f"current noise:{what}": float(part.noise[use[0]])})
    number = number + uncertain(
        0.0,
        {
            f"current offset:{name}": float(part.offset[use].mean()),
            f"late end of half cycles:{name}": float(part.late[use].mean()),
            f"sampling at the cut-off:{what}": float(np.linalg.norm(part.step[use])) / len(use),
            f"integration:{name}": float(part.integration[use].mean()),
        },
    )
    return Quantity("coulombic_efficiency", number, method)


def _scatter_about_trend(cycles: Cycles, use: np.ndarray) -> Scatter:
    """Return the scatter of the efficiency about its trend over the cycles used; a short window borrows its neighbours.

    The trend is smooth, with an early change (the first cycles cost most) where there is one.
    """
    plain = np.flatnonzero(cycles.plain & np.isin(cycles.rate_level, cycles.rate_level[use]))
    near = use
    if len(use) < _NEIGHBOURHOOD:
        away = np.maximum(np.maximum(use.min() - plain, plain - use.max()), 0)
        near = np.sort(plain[np.argsort(away, kind="stable")[:_NEIGHBOURHOOD]])
    number, ce = near.astype(float), cycles.efficiency.value[near]
    early = early_fade(number, ce)
    if early is None:
        return scatter_of(number, ce)
    return scatter_of(number, ce - early.at(number), fitted=early.directions(number) * early.at(number)[:, None])


def _label(k: int, leg: str) -> str:
    """Return what a leg of a cycle (index) is called: only cycle 1 is the first."""
    return f"{k + 1 if k else 'first'}_{leg}"


def capacities(cycles: Cycles, meter: Instrument, specimen: Specimen, *, name: str) -> dict[str, Quantity]:
    """Return charges of the first and the last complete cycle, as such, per mass and per area.

    Where cycle 1 is not complete its charges are given as read, without capacities, and those of the first complete cycle
    under its own number.
    """
    legs, done = cycles.legs, np.flatnonzero(cycles.complete)
    wanted: dict[str, int] = {}
    if len(legs) and (not len(cycles) or cycles.first[0] > 0):
        wanted[f"initial_{'charge' if legs.sign[0] > 0 else 'discharge'}"] = 0
    for k in sorted({0, int(done[0])}) if len(done) else range(len(cycles))[:1]:
        wanted[_label(k, "charge")], wanted[_label(k, "discharge")] = int(cycles.charge[k]), int(cycles.discharge[k])
    if len(done):
        wanted["last"] = int(cycles.second[done[-1]])
    gap = cycles.gap(0) if len(cycles) else ""
    found = {}
    for key, leg in wanted.items():
        number = charge_number(legs, meter, leg, name=name)
        method = f"integral of I dt ({legs.rule}) over half cycle {leg + 1}"
        unfit = gap if key.startswith("first_") else ""
        if unfit:
            method += f"; {unfit}"
        found[f"charge:{key}"] = Quantity("charge", number, method)
        for quantity, divisor, input_name in (
            ("specific_capacity", specimen.active_mass, "active_mass"),
            ("areal_capacity", specimen.area, "area"),
        ):
            if unfit:
                found[f"{quantity}:{key}"] = withheld(quantity, unfit, method=method)
            elif divisor is None:
                found[f"{quantity}:{key}"] = withheld(quantity, f"needs {input_name}", method=method)
            else:
                found[f"{quantity}:{key}"] = Quantity(quantity, number / divisor, f"{method}, over {input_name}")
    return found


def voltages(cycles: Cycles, *, name: str) -> dict[str, Quantity]:
    """Return mean voltages, hysteresis and energy efficiency of the first and the last complete cycle."""
    done = np.flatnonzero(cycles.complete)
    if not len(done):
        return {k: withheld(k, _NONE) for k in _VOLTAGES}
    found = {}
    legs = cycles.legs
    for when, k in (("first", int(done[0])), ("last", int(done[-1]))):
        up, down = (float(legs.mean_voltage[leg[k]]) for leg in (cycles.charge, cycles.discharge))
        method = f"energy over charge, cycle {k + 1}"
        if not np.isfinite([up, down]).all():
            return {key: withheld(key, "the voltage is not recorded", method=method) for key in _VOLTAGES}
        for leg, value in (("charge", up), ("discharge", down)):
            number = uncertain(value, {f"voltage offset:{name}": _VOLTAGE_OFFSET, f"voltage gain:{name}": _gain(value)})
            label = f"last_{leg}" if when == "last" else _label(k, leg)
            found[f"mean_voltage:{label}"] = Quantity("mean_voltage", number, method)
        errors = {f"voltage gain:{name}": _gain(up - down), f"voltage linearity:{name}": _VOLTAGE_LINEARITY}
        gap = uncertain(up - down, errors) + _interpolation(cycles, k, name=name)
        suffix = "" if when == "first" else ":last"
        found[f"voltage_hysteresis{suffix}"] = Quantity("voltage_hysteresis", gap, f"charge - discharge, {method}")
        found[f"energy_efficiency{suffix}"] = _energy_efficiency(cycles, k, (up, down), name=name)
    return found


def _gain(value: float) -> float:
    return value * _VOLTAGE_GAIN


def _interpolation(cycles: Cycles, k: int, *, name: str) -> Number:
    """Return the uncertainty of a difference of mean voltages by the interval that the last step may have missed."""
    legs = cycles.legs
    u = 0.0
    for leg in (int(cycles.charge[k]), int(cycles.discharge[k])):
        away = float(legs.voltage_last[leg] - legs.mean_voltage[leg])
        if math.isfinite(away):
            u = math.hypot(u, away * float(legs.sampling[leg] / legs.duration[leg]) / math.sqrt(3.0))
    return uncertain(0.0, {f"sampling at the cut-off:{name}, voltage of cycle {k + 1}": u})


def _energy_efficiency(cycles: Cycles, k: int, mean: tuple[float, float], *, name: str) -> Quantity:
    if _NO_ENERGY.get(cycles.cell):
        return withheld("energy_efficiency", _NO_ENERGY[cycles.cell])
    up, down = mean
    if min(up, down) <= 0:
        return withheld("energy_efficiency", "the voltage changes sign: the energy does not go in and come back")
    efficiency = ratio_number(cycles.efficiency, k, (int(cycles.first[k]), int(cycles.second[k])), name=name)
    slope = _VOLTAGE_OFFSET * (1.0 / up - down / up**2)
    share = uncertain(down / up, {f"voltage offset:{name}": slope}) + _interpolation(cycles, k, name=name) / up
    method = f"energy of the discharge over that of the charge before it, cycle {k + 1}"
    return Quantity("energy_efficiency", efficiency * share, method)


def rates(
    cycles: Cycles, meter: Instrument, specimen: Specimen, reference: int | None, *, name: str
) -> dict[str, Quantity]:
    """Return current, current density and C-rate of the reference cycle; C-rates and capacities of rate steps."""
    if reference is None:
        return {key: withheld(key, _NONE) for key in ("current_density", "c_rate")}
    legs = cycles.legs
    found = {}
    method = f"mean current of the {cycles.delivered}, cycle {reference + 1}"
    current = _current(legs, meter, int(cycles.second[reference]), name=name)
    found["current"] = Quantity("current", current, method)
    found["current_density"] = (
        withheld("current_density", "needs area", method=method)
        if specimen.area is None
        else Quantity("current_density", current / specimen.area, method)
    )
    nominal, words = _nominal(cycles, meter, specimen, reference, name=name)
    found["c_rate"] = Quantity("c_rate", current / nominal, f"{method}, over {words}")
    steps = int(cycles.rate_group.max()) + 1
    for group in range(steps) if 1 < steps <= _MOST_STEPS else ():
        use = np.flatnonzero(cycles.complete & (cycles.rate_group == group))
        if not len(use):
            continue
        members = f"mean of cycles {use[0] + 1}-{use[-1] + 1} at one rate" if len(use) > 1 else f"cycle {use[0] + 1}"
        step = f"rate_step_{group + 1}"
        at = _current(legs, meter, int(cycles.second[use[0]]), name=name)
        found[f"c_rate:{step}"] = Quantity("c_rate", at / nominal, f"{members}, over {words}")
        one = charge_number(legs, meter, int(cycles.second[use[0]]), name=name)
        mean = scatter_number(cycles.capacity[use], label=f"scatter of cycles:{name}, rate step {group + 1}")
        number = mean + (one - one.x) * (float(cycles.capacity[use].mean()) / one.x)
        found[f"charge:{step}"] = Quantity("charge", number, members)
        if specimen.active_mass is not None:
            found[f"specific_capacity:{step}"] = Quantity("specific_capacity", number / specimen.active_mass, members)
    return found


def _current(legs: Legs, meter: Instrument, leg: int, *, name: str) -> Number:
    """Return |mean current| of a leg [A]."""
    value = abs(float(legs.mean_current[leg]))
    offset = float(legs.sign[leg] * meter.offset[leg])
    gain, clock = value * meter.gain, value * CLOCK
    parts = {f"current offset:{name}": offset, f"current gain:{meter.name}": gain, f"clock:{name}": clock}
    return uncertain(value, parts)


def _nominal(cycles: Cycles, meter: Instrument, specimen: Specimen, reference: int, *, name: str) -> tuple[Number, str]:
    """Return the capacity [C] that a C-rate refers to, and what it is."""
    if specimen.theoretical_capacity is not None and specimen.active_mass is not None:
        return specimen.theoretical_capacity * specimen.active_mass, "theoretical capacity x active mass"
    number = charge_number(cycles.legs, meter, int(cycles.second[reference]), name=name)
    return number, f"the capacity of cycle {reference + 1} (no theoretical capacity and mass given)"
