"""The numbers of a staircase: the bracket, what it depends on, and why a number is withheld."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from closo.quantity import Number, Quantity, uncertain, withheld
from closo.techniques.critical_current.steps import Steps, low_response
from closo.techniques.instrument import CLOCK
from closo.techniques.plating.analysis import Survey
from closo.techniques.plating.events import CONTACT_LOSS, NONE
from closo.techniques.plating.quantities import (
    Geometry,
    charge_of,
    mean_current,
    passed_charge,
    per_area_too,
    time_passed,
)

_UNIFORM = 1.0 / math.sqrt(12.0)


def quantities_of(found: Survey, steps: Steps, geometry: Geometry) -> dict[str, Quantity]:
    """Return all quantities of a staircase, key -> Quantity."""
    quantities: dict[str, Quantity] = {}
    for key, (number, text) in _currents(found, steps).items():
        quantities |= per_area_too((key, _NAMES[key]), number, text, geometry)
    quantities |= _times(found, steps)
    for key, (number, text) in _charges(found, steps).items():
        quantities |= per_area_too((key, _NAMES[key]), number, text, geometry)
    return quantities | _ohmic(found, steps, geometry)


_NAMES = {  # extensive key -> key per area
    "current:survived": "critical_current_density:survived",
    "current:failed": "critical_current_density:failed",
    "current:critical": "critical_current_density",
    "current:step": "current_density:step",
    "current:limit": "current_density:limit",
    "charge:survived": "areal_capacity:survived",
    "charge:failed": "areal_capacity:failed",
    "charge:cumulative": "cumulative_areal_capacity",
}


def _currents(found: Survey, steps: Steps) -> dict[str, tuple[Any, str]]:
    """Return the currents of the bracket [A] with their methods, or None with the reason."""
    event = found.event
    shorted = event.kind not in (NONE, CONTACT_LOSS)
    rows: dict[str, tuple[Any, str]] = {
        "current:step": (_height(found, steps), "median height of the steps"),
        "current:survived": (None, "the first step failed"),
    }
    if steps.survived is not None:
        bound = "" if shorted else ", a lower bound"
        rows["current:survived"] = (
            _of_level(found, steps, steps.survived),
            f"highest step completed before the end{bound}",
        )
    why = {
        NONE: f"no failure up to {1e3 * steps.current[-1]:.4g} mA: a lower bound only",
        CONTACT_LOSS: f"contact was lost at {1e3 * found.half.current[_place(found)]:.4g} mA: not a critical current",
    }
    rows["current:failed"] = rows["current:critical"] = (None, why.get(event.kind, ""))
    if event.kind == CONTACT_LOSS:
        limit = mean_current(found, np.array([_place(found)]))
        rows["current:limit"] = (limit, "step in which contact was lost or the voltage limit reached")
    if shorted and steps.failed is not None:
        failed = _of_level(found, steps, steps.failed)
        rows["current:failed"] = (failed, f"step of the {event.kind}")
        rows["current:critical"] = _bracket(found, steps, failed)
    return rows


def _of_level(found: Survey, steps: Steps, level: int) -> Number:
    """Return the mean |I| of the half cycles of one level [A]."""
    return mean_current(found, np.flatnonzero(steps.level == level))


def _height(found: Survey, steps: Steps) -> Number:
    """Return the median height of the steps [A]; the zero cancels where both levels have the same polarities."""
    zero = np.array([found.zero[steps.level == k].mean() for k in range(steps.current.size)])
    return found.instrument.size_of_current(steps.height, zero=float(np.median(np.diff(zero))))


def _bracket(found: Survey, steps: Steps, failed: Number) -> tuple[Any, str]:
    """Return the middle of the bracket with the u of a uniform distribution over it."""
    if steps.survived is None:
        return None, "the first step failed: an upper bound only"
    low = _of_level(found, steps, steps.survived)
    width = float(failed.x) - float(low.x)
    if width <= 0:
        return None, "the cell failed below a current that it had survived: its history decides, not the current"
    number = 0.5 * (low + failed) + uncertain(0.0, {f"bracket:{found.instrument.name}": width * _UNIFORM})
    return (
        number,
        f"middle of the bracket [last survived, first failed] ({found.event.kind}), uniform: u = width/sqrt(12)",
    )


def _place(found: Survey) -> int:
    return min(found.event.half_cycle, len(found.half) - 1)


def _times(found: Survey, steps: Steps) -> dict[str, Quantity]:
    half, k, name = found.half, _place(found), found.instrument.name
    step = float(np.median(np.diff(found.time[half.rows[k]])))
    whole = half.flow.until(math.inf, len(half))
    usual = float(np.median(whole.time[_complete(found)]))
    source = {f"sampling:{name}": max(step, 1e-3) * _UNIFORM, f"clock:{name}": CLOCK * usual}
    quantities = {"duration:half_cycle": Quantity("duration", uncertain(usual, source), "median half cycle")}
    if found.event.kind == NONE:
        quantities["duration:failure"] = withheld("duration", "no failure")
    else:
        text = f"time under current until the {found.event.kind}, between two samples"
        quantities["duration:failure"] = Quantity("duration", time_passed(found)[0], text)
    return quantities


def _complete(found: Survey) -> np.ndarray:
    """Return the complete half cycles, all where none is."""
    complete = found.half.complete
    return np.asarray(complete if complete.any() else np.ones(complete.size, bool))


def _charges(found: Survey, steps: Steps) -> dict[str, tuple[Any, str]]:
    """Return charge per half cycle at the bracket's ends and charge passed in all [C]."""
    half, event = found.half, found.event
    rows: dict[str, tuple[Any, str]] = {}
    for key, level, why in (
        ("charge:survived", steps.survived, "the first step failed"),
        ("charge:failed", steps.failed, "no failure"),
    ):
        if level is None:
            rows[key] = (None, why)
            continue
        use = np.flatnonzero(half.complete & (steps.level == level))
        if use.size:
            rows[key] = (charge_of(found, use), "charge of one complete half cycle at that step")
        elif half.complete.any():
            duration = _times(found, steps)["duration:half_cycle"].number
            assert duration is not None
            charge = _of_level(found, steps, level) * duration
            rows[key] = (charge, "current of that step times the usual half cycle; none was completed there")
        else:
            rows[key] = (None, "no half cycle was completed")
    end = "end of the record" if event.kind == NONE else event.kind
    rows["charge:cumulative"] = (passed_charge(found), f"sum of |I| dt until the {end}")
    return rows


def _ohmic(found: Survey, steps: Steps, geometry: Geometry) -> dict[str, Quantity]:
    """Return the cell's own response at the lower steps."""
    response = low_response(found.half, found.event, steps)
    if response is None:
        why = "needs two complete half cycles before the failure"
        return {
            "resistance:low_steps": withheld("resistance", why),
            "area_specific_resistance:low_steps": withheld("area_specific_resistance", why),
        }
    value, error, use = response
    name, read, half = found.instrument.name, found.instrument, found.half
    number = uncertain(value, {f"fit ohmic:{name}": error}, df=use.size - 1.0)
    size = half.late_current[use]
    parts = {
        f"voltage gain:{name}": read.gain * value,
        f"current gain:{read.meter}": -read.current_gain * value,
        f"voltage zero:{name}": float(np.mean(half.sign[use] * read.zero / size)),
        f"current offset:{name}": -float(np.mean(found.zero[use] * half.polarization[use] / size**2)),
    }
    number = number + uncertain(0.0, parts)
    text = f"mean |U|/|I| of {use.size} half cycles at the lower steps, interfaces included"
    keys = ("resistance:low_steps", "area_specific_resistance:low_steps")
    return per_area_too(keys, number, text, geometry)
