"""What was tested about a cycling record, and what the file itself says that should not be believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from closo.quantity import Quantity
from closo.result import Check
from closo.techniques.cycling.budget import Instrument
from closo.techniques.cycling.cycles import NO_LOG, Cycles
from closo.techniques.cycling.quantities import Specimen
from closo.techniques.half_cycles import Legs
from closo.techniques.instrument import OF_CHARGE, OF_RATIO, OF_TIME, range_check, set_check, time_check

_AGREE = 0.005  # integral and counter of a leg
_NO_MATERIAL = 5000.0 * 3600.0  # C/kg; lithium metal has 3861 mAh/g
_MOSTLY = 0.9  # share of the legs whose voltage has to move with the current

_ROWS, _SWING = 12, 0.1  # rows of a leg, and V, from which a voltage that goes back is told
_LONGEST_LEG = 30.0 * 86400.0  # s
_SPARSEST = 3.0 * 3600.0  # s, usual interval between rows under current
_IMPOSSIBLE = 1.02  # efficiency, with its uncertainty taken off
_DEFAULTS = {"area": (0.001, 0.0), "mass": (0.001, 0.0), "active_mass": (7000.0, 0.001, 0.0)}
_WORDS = {"area": "area", "mass": "characteristic mass", "active_mass": "active mass"}


def checks_of(
    cycles: Cycles,
    meter: Instrument,
    specimen: Specimen,
    quantities: Mapping[str, Quantity],
    *,
    spread: float,
    voltage: np.ndarray,
) -> list[Check]:
    """Return the checks; `spread` is the range of the logged temperature [K], NaN without a log; `voltage` of all rows."""
    legs = cycles.legs
    return [
        _sign(cycles, voltage),
        _counter(legs),
        _first_leg(cycles),
        _limits(cycles),
        _possible(cycles),
        _one_rate(cycles),
        _gaps(legs),
        range_check(legs.mean_current, meter.scale, stated=meter.stated),
        _capacity(specimen, quantities),
        _temperature(spread),
    ]


def _sign(cycles: Cycles, voltage: np.ndarray) -> Check:
    legs = cycles.legs
    if cycles.cell == "symmetric cell":
        right = np.sign(legs.mean_voltage) == legs.sign
        words = "the voltage has the sign of the current in {} of {} half cycles"
    else:
        right = np.sign(legs.voltage_last - legs.voltage_first) == legs.sign
        words = "the voltage moves with the sign of the current in {} of {} half cycles"
    n, good = len(legs), int(right.sum())
    advice = ""
    if good < _MOSTLY * n:
        advice = "; the half cycles are not those of charge and discharge: check time, current and voltage"
    if 2 * good <= n:
        advice = "; with the sign inverted, charge and discharge are exchanged: check the file"
    if not advice and cycles.cell != "symmetric cell" and _turns_back(legs, voltage):
        advice = "; under one polarity it goes there and back: the current seems to have lost its sign"
    return Check("sign of the current", not advice, words.format(good, n) + advice, OF_CHARGE + OF_RATIO)


def _turns_back(legs: Legs, voltage: np.ndarray) -> bool:
    """Return True where all legs have one polarity and the voltage of one goes back by more than half of its range."""
    for start, stop, sign in zip(legs.start, legs.stop, legs.sign, strict=True):
        along = sign * voltage[start:stop][legs.active[start:stop]]
        along = along[np.isfinite(along)]
        if len(along) < _ROWS or np.any(legs.sign != sign):
            continue
        middle = np.array([np.median(part) for part in np.array_split(along, min(40, len(along) // 3))])
        back = float(np.max(np.maximum.accumulate(middle) - middle))
        if back > max(0.5 * float(np.ptp(middle)), _SWING):
            return True
    return False


def _counter(legs: Legs) -> Check:
    name = "integral against counter"
    known = np.isfinite(legs.counter)
    if not known.any():
        return Check(name, None, f"the file has no counter of charge; I dt was summed by the {legs.rule} rule")
    miss = np.abs(legs.counter[known] / legs.charge[known] - 1.0)
    worst = int(np.argmax(miss))
    where = f"half cycle {np.flatnonzero(known)[worst] + 1}; limit {100 * _AGREE:.1f} %"
    detail = f"largest difference {100 * miss[worst]:.3g} % ({where}), {legs.rule} rule"
    return Check(name, bool(miss[worst] <= _AGREE), detail, OF_CHARGE + OF_RATIO)


def _first_leg(cycles: Cycles) -> Check:
    name = "first half cycle"
    legs = cycles.legs
    kind = "charge" if legs.sign[0] > 0 else "discharge"
    if len(cycles) and cycles.first[0] == 0:
        return Check(name, True, f"the record starts with the {kind} that begins a cycle of this cell ({cycles.cell})")
    mah = abs(legs.charge[0]) / 3.6
    detail = (
        f"a {kind} of {mah:.4g} mAh comes before the first cycle of a {cycles.cell}: reported as initial, not paired"
    )
    return Check(name, True, detail)


def _limits(cycles: Cycles) -> Check:
    name = "complete cycles"
    if not len(cycles):
        return Check(name, None, "no cycle to judge")
    broken = cycles.number[~cycles.complete]
    start = "; the first one started from a partly charged cell" if cycles.partial_start else ""
    if len(broken):
        which = ", ".join(str(n) for n in broken[:8]) + (" ..." if len(broken) > 8 else "")
        return Check(name, False, f"not complete: cycle {which}{start}; left out of means and retention")
    if len(cycles) == 1:
        return Check(name, None, "one cycle: nothing to compare the ends of its half cycles with")
    return Check(name, True, f"both half cycles of all {len(cycles)} cycles ended at a limit")


def _possible(cycles: Cycles) -> Check:
    name = "efficiency possible"
    ce, u = cycles.efficiency.value[cycles.complete], cycles.efficiency.u[cycles.complete]
    if not len(ce):
        return Check(name, None, "no complete cycle")
    k = int(np.argmax(ce - 2.0 * u))
    detail = f"largest efficiency {100 * ce[k]:.2f} % (cycle {cycles.number[cycles.complete][k]})"
    if ce[k] - 2.0 * u[k] > _IMPOSSIBLE:
        detail += ": more came back than was put in; time, current or the kind of cell is wrong, or it charges itself"
        return Check(name, False, detail, OF_RATIO)
    return Check(name, True, detail, OF_RATIO)


def _one_rate(cycles: Cycles) -> Check:
    name = "one rate"
    n = int(cycles.rate_level.max(initial=-1)) + 1
    if n < 1:
        return Check(name, None, "no cycle")
    detail = "all cycles at one current" if n == 1 else f"{n} currents: retention compares cycles at one of them only"
    return Check(name, True if n == 1 else None, detail)


def _gaps(legs: Legs) -> Check:
    n = int(legs.gaps.sum())
    detail = (
        "no gap under current" if not n else f"{n} intervals without records inside half cycles were not integrated"
    )
    return Check("record without gaps", n == 0, detail, OF_CHARGE + OF_RATIO)


def clock_check(time: np.ndarray, current: np.ndarray, legs: Legs) -> Check:
    """Return whether the time runs forward, and whether cells are cycled for as long as it says."""
    found = time_check(time, current)
    if not found.passed or not len(legs):
        return found
    k = int(np.argmax(legs.duration))
    longest = float(legs.duration[k])
    usual = float(np.median(np.diff(time[legs.start[k] : legs.stop[k]]))) if legs.stop[k] - legs.start[k] > 1 else 0.0
    if longest <= _LONGEST_LEG and usual <= _SPARSEST:
        return found
    detail = (
        f"half cycle {k + 1} lasts {longest / 86400.0:.3g} days with a row every {usual:.3g} s: is it in milliseconds?"
    )
    hard = longest > _LONGEST_LEG and usual > _SPARSEST
    return Check("time", False, f"{detail} Charges and durations are wrong then", OF_TIME, hard)


def current_set(current: np.ndarray, wanted: np.ndarray | None, legs: Legs, meter: Instrument) -> list[Check]:
    """Return whether the current of each leg is what the program asked for (`wanted`, [A], as `current`)."""
    pieces = [a + np.flatnonzero(legs.active[a:b]) for a, b in zip(legs.start, legs.stop, strict=True)]
    u = np.hypot(meter.offset, meter.gain * legs.mean_current)
    return set_check(current, wanted, pieces, u=u, what="half cycle")


def _capacity(specimen: Specimen, quantities: Mapping[str, Quantity]) -> Check:
    name = "capacity below theory"
    found = {k: q for k, q in quantities.items() if k.startswith("specific_capacity:") and q.value is not None}
    if found and max(q.value or 0.0 for q in found.values()) > _NO_MATERIAL:
        detail = "beyond what any material stores (5000 mAh/g): the unit of the current, or the active mass, is wrong"
        return Check(name, False, detail)
    if specimen.theoretical_capacity is None or not found:
        return Check(name, None, "needs active_mass and theoretical_capacity")
    key = max(found, key=lambda k: found[k].value or 0.0)
    highest = found[key].number
    assert highest is not None
    share = Quantity("capacity_retention", highest / specimen.theoretical_capacity)
    low, _ = share.interval() or (0.0, 0.0)
    detail = f"{key} is {100 * (share.value or 0.0):.1f} % of the theoretical capacity"
    advice = "" if low <= 1.0 else ": active mass, its fraction, or the theoretical capacity is wrong"
    return Check(name, bool(low <= 1.0), detail + advice)


def _temperature(spread: float) -> Check:
    if not np.isfinite(spread):
        return Check("temperature log", None, f"{NO_LOG}: swings of capacity are not distinguishable from fading")
    return Check("temperature log", True, f"logged; range {spread:.2f} K")


def suspect_suggestions(suggestions: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each mass or area of the header that is the software's default."""
    found = []
    for key, defaults in _DEFAULTS.items():
        entry = suggestions.get(key)
        text = str(entry.get("value", "") if isinstance(entry, Mapping) else entry or "")
        number = re.match(r"\s*([\d.]+)", text)
        origin = str(entry.get("from", "")) if isinstance(entry, Mapping) else ""
        if number and (any(abs(float(number[1]) - d) < 1e-9 for d in defaults) or "default" in origin):
            found.append(f"The {_WORDS[key]} in the file, {text}, is the default of the software and not used.")
        elif number:
            found.append(f"The file states {_WORDS[key]} {text}; it is not used unless given as an input.")
    return found
