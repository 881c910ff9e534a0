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
from closo.techniques.plating.quantities import Geometry, passed_charge, survived

__all__ = ["quantities_of"]

_NO_AREA = "needs the electrode area; give `area`"
_UNIFORM = 1.0 / math.sqrt(12.0)


def quantities_of(found: Survey, steps: Steps, geometry: Geometry) -> dict[str, Quantity]:
    """Return all quantities of a staircase, key -> Quantity."""
    quantities: dict[str, Quantity] = {}
    for key, (number, text) in _currents(found, steps).items():
        quantities |= _per_area(key, number, text, geometry)
    quantities |= _times(found, steps)
    for key, (number, text) in _charges(found, steps).items():
        quantities |= _per_area(key, number, text, geometry)
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


def _per_area(key: str, number: Number, text: str, geometry: Geometry) -> dict[str, Quantity]:
    """Return an extensive quantity and the same per area; `text` is the method, or the reason where `number` is None."""
    other = _NAMES[key]
    name, other_name = key.split(":", maxsplit=1)[0], other.split(":")[0]
    if number is None:
        return {key: withheld(name, text), other: withheld(other_name, text)}
    if geometry.area is None:
        return {key: Quantity(name, number, text), other: withheld(other_name, _NO_AREA)}
    return {key: Quantity(name, number, text), other: Quantity(other_name, number / geometry.area, f"{text}, per area")}


def _currents(found: Survey, steps: Steps) -> dict[str, tuple[Any, str]]:
    """Return the currents of the bracket [A] with their methods, or None with the reason."""
    instrument, event = found.instrument, found.event
    shorted = event.kind not in (NONE, CONTACT_LOSS)
    rows: dict[str, tuple[Any, str]] = {
        "current:step": (instrument.size_of_current(steps.height), "median height of the steps"),
        "current:survived": (None, "the first step failed"),
    }
    if steps.survived is not None:
        bound = "" if shorted else ", a lower bound"
        survived_current = instrument.size_of_current(float(steps.current[steps.survived]))
        rows["current:survived"] = (survived_current, f"highest step completed before the end{bound}")
    why = {
        NONE: f"no failure up to {1e3 * steps.current[-1]:.4g} mA: a lower bound only",
        CONTACT_LOSS: f"contact was lost at {1e3 * found.half.current[_place(found)]:.4g} mA: not a critical current",
    }
    rows["current:failed"] = rows["current:critical"] = (None, why.get(event.kind, ""))
    if event.kind == CONTACT_LOSS:
        limit = instrument.size_of_current(float(found.half.current[_place(found)]))
        rows["current:limit"] = (limit, "step in which contact was lost or the voltage limit reached")
    if shorted and steps.failed is not None:
        failed = float(steps.current[steps.failed])
        rows["current:failed"] = (instrument.size_of_current(failed), f"step of the {event.kind}")
        rows["current:critical"] = _bracket(found, steps, failed)
    return rows


def _bracket(found: Survey, steps: Steps, failed: float) -> tuple[Any, str]:
    """Return the middle of the bracket with the u of a uniform distribution over it."""
    if steps.survived is None:
        return None, "the first step failed: an upper bound only"
    low = float(steps.current[steps.survived])
    if low >= failed:
        return None, "the cell failed below a current that it had survived: its history decides, not the current"
    middle = found.instrument.size_of_current(0.5 * (low + failed))
    number = middle + uncertain(0.0, {f"bracket:{found.instrument.name}": (failed - low) * _UNIFORM})
    return (
        number,
        f"middle of the bracket [last survived, first failed] ({found.event.kind}), uniform: u = width/sqrt(12)",
    )


def _place(found: Survey) -> int:
    return min(found.event.half_cycle, len(found.half) - 1)


def _times(found: Survey, steps: Steps) -> dict[str, Quantity]:
    half, k = found.half, _place(found)
    step = float(np.median(np.diff(found.time[half.rows[k]])))
    source = {f"sampling:{found.instrument.name}": max(step, 1e-3) * _UNIFORM}
    usual = half.end - half.begin
    use = half.complete if half.complete.any() else np.ones(len(half), bool)
    under, _ = survived(found)
    quantities = {
        "duration:half_cycle": Quantity(
            "duration", uncertain(float(np.median(usual[use])), source), "median half cycle"
        )
    }
    if found.event.kind == NONE:
        quantities["duration:failure"] = withheld("duration", "no failure")
    else:
        text = f"time under current until the {found.event.kind}, between two samples"
        moment = {f"moment:{found.instrument.name}": step * _UNIFORM, f"clock:{found.instrument.name}": CLOCK * under}
        quantities["duration:failure"] = Quantity("duration", uncertain(under - 0.5 * step, moment), text)
    return quantities


def _charges(found: Survey, steps: Steps) -> dict[str, tuple[Any, str]]:
    """Return charge per half cycle at the bracket's ends and charge passed in all [C]."""
    half, instrument, event = found.half, found.instrument, found.event
    duration = float(np.median((half.end - half.begin)[half.complete])) if half.complete.any() else 0.0
    rows: dict[str, tuple[Any, str]] = {}
    for key, level, why in (
        ("charge:survived", steps.survived, "the first step failed"),
        ("charge:failed", steps.failed, "no failure"),
    ):
        if level is None:
            rows[key] = (None, why)
            continue
        use = half.complete & (steps.level == level)
        charge = float(np.median(half.charge[use])) if use.any() else float(steps.current[level]) * duration
        if charge <= 0:
            rows[key] = (None, "no half cycle was completed")
            continue
        rows[key] = (instrument.charge(charge), "charge of one complete half cycle at that step")
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
    value, error, count = response
    name, read = found.instrument.name, found.instrument
    number = uncertain(value, {f"fit ohmic:{name}": error}, df=count - 1.0)
    gains = {f"voltage gain:{name}": read.gain * value, f"current gain:{read.meter}": -read.current_gain * value}
    number = number + uncertain(0.0, gains)
    text = f"mean |U|/|I| of {count} half cycles at the lower steps, interfaces included"
    quantities = {"resistance:low_steps": Quantity("resistance", number, text)}
    key = "area_specific_resistance"
    quantities[f"{key}:low_steps"] = (
        withheld(key, _NO_AREA) if geometry.area is None else Quantity(key, number * geometry.area, text)
    )
    return quantities
