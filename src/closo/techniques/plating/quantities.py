"""The numbers of a symmetric cell, with their sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.quantity import Number, Quantity, uncertain, withheld
from closo.techniques.instrument import CLOCK
from closo.techniques.plating.events import CONTACT_LOSS, NONE
from closo.techniques.plating.flow import Passed
from closo.techniques.plating.trend import asymmetry

if TYPE_CHECKING:
    from closo.techniques.plating.analysis import Survey

_NO_AREA = "needs the electrode area; give `area`"
_UNIFORM = 1.0 / math.sqrt(12.0)  # standard deviation of a uniform distribution over its width
_WORTHLESS = 0.4  # relative u beyond which a number is not printed


@dataclass(frozen=True)
class Geometry:
    """Area [m2], ohmic L/sigma [ohm m2] and thickness [m] of the electrolyte, None where not known; what was not given."""

    area: Number | None
    ohmic: Number | None
    missing: tuple[str, ...]
    thickness: Number | None = None

    @property
    def floor(self) -> tuple[float | None, float]:
        """L/(sigma A) [ohm] and its relative standard uncertainty; (None, 0) where it is not known."""
        if self.area is None or self.ohmic is None:
            return None, 0.0
        floor = Quantity("resistance", self.ohmic / self.area)
        return floor.value, (floor.u or 0.0) / float(floor.value or 1.0)


def quantities_of(found: Survey, geometry: Geometry) -> dict[str, Quantity]:
    """Return all quantities of a record, key -> Quantity."""
    quantities: dict[str, Quantity] = {}
    for suffix, place in (("first", 0), ("last", -1)):
        quantities |= _of_half_cycle(found, geometry, place, suffix)
    quantities |= _moving(found)
    quantities |= _endured(found)
    return quantities | _passed(found, geometry)


def _of_half_cycle(found: Survey, geometry: Geometry, place: int, suffix: str) -> dict[str, Quantity]:
    keys = ("polarization", "resistance", "area_specific_resistance", "interfacial_resistance")
    if found.used.size == 0:
        why = (
            f"no complete half cycle before the {found.event.kind}"
            if found.event.kind != NONE
            else "no complete half cycle"
        )
        return {f"{key}:{suffix}": withheld(key, why) for key in keys}
    k = int(found.used[place])
    sign, read = int(found.half.sign[k]), found.instrument
    size = read.size_of_voltage(found.half.polarization[k], found.half.noise[k], sign=sign, place=k)
    resistance = size / read.size_of_current(float(found.half.late_current[k]), zero=float(found.zero[k]))
    which = f"of half cycle {k + 1}"
    quantities = {
        "polarization": Quantity("polarization", size, f"mean |U| of the second half {which}"),
        "resistance": sure(Quantity("resistance", resistance, f"polarization over |I| {which}")),
    }
    if geometry.area is None:
        quantities["area_specific_resistance"] = withheld("area_specific_resistance", _NO_AREA)
    else:
        specific = resistance * geometry.area
        quantities["area_specific_resistance"] = sure(
            Quantity("area_specific_resistance", specific, f"|U| A/|I| {which}")
        )
    if geometry.area is None or geometry.ohmic is None:
        why = f"the electrolyte's share L/sigma needs {', '.join(geometry.missing)}"
        quantities["interfacial_resistance"] = withheld("interfacial_resistance", why)
    else:
        share = (resistance * geometry.area - geometry.ohmic) / 2.0
        method = f"(|U| A/|I| - L/sigma)/2 {which}"
        quantities["interfacial_resistance"] = Quantity("interfacial_resistance", share, method)
    return {f"{key}:{suffix}": quantity for key, quantity in quantities.items()}


def _moving(found: Survey) -> dict[str, Quantity]:
    """Return drift and asymmetry."""
    half, used, instrument = found.half, found.used, found.instrument
    quantities = {}
    if found.line is None:
        hours = (half.end[used[-1]] - half.begin[used[0]]) / 3600 if used.size else 0.0
        why = f"a drift needs 4 complete cycles and 72 h at one current; there are {used.size} half cycles in {hours:.0f} h"
        quantities["polarization_drift"] = withheld("polarization_drift", why)
    else:
        line = found.line
        drift = uncertain(line.slope, {f"fit drift:{instrument.name}": line.slope_u}, df=line.df)
        drift = drift + uncertain(0.0, {f"voltage gain:{instrument.name}": instrument.gain * line.slope})
        method = f"line through {line.cycles} cycles, residuals of neighbours correlated by {line.memory:.2f}"
        quantities["polarization_drift"] = Quantity("polarization_drift", drift, method)
    difference, own = asymmetry(half.polarization[used], half.sign[used]) if used.size >= 3 else (math.nan, math.nan)
    if not math.isfinite(difference):
        quantities["polarization_asymmetry"] = withheld(
            "polarization_asymmetry", "needs 3 complete half cycles of alternating sign"
        )
        return quantities
    number = uncertain(difference, {f"scatter:{instrument.name}": own}, df=max(used.size - 2.0, 1.0))
    number = number + uncertain(0.0, {f"voltage zero:{instrument.name}": 2.0 * instrument.zero})
    method = "each half cycle against the mean of its neighbours; the zero error counts twice"
    quantities["polarization_asymmetry"] = Quantity("polarization_asymmetry", number, method)
    return quantities


def sure(quantity: Quantity) -> Quantity:
    """Return a positive quantity, withheld where its u is more than 40 % of it."""
    value, u = quantity.value, quantity.u or 0.0
    if value is None or u <= _WORTHLESS * abs(value):
        return quantity
    largest = max(quantity.budget().items(), key=lambda item: item[1])[0]
    why = f"its uncertainty is {u / abs(value) if value else math.inf:.2g} times the value, most of it from '{largest}'"
    return withheld(quantity.name, why, method=quantity.method)


def _to_the_event(found: Survey) -> tuple[Passed, Passed]:
    """Return what passed up to the last sample without the event and up to the first with it; all of it without one."""
    event, flow, n = found.event, found.half.flow, len(found.half)
    moments = (math.inf, math.inf) if event.kind == NONE else (event.since, event.time)
    before, after = (flow.until(moment, n) for moment in moments)
    return before, after


def time_passed(found: Survey) -> tuple[Number, Number]:
    """Return time under current and time elapsed from the first current to the event, or to the end [s]."""
    event, name = found.event, found.instrument.name
    before, after = _to_the_event(found)
    flow = found.half.flow
    first = float(flow.begin[flow.half == 0].min())
    last = found.half.end[-1] if event.kind == NONE else event.time
    missed = last - event.since if event.kind != NONE else 0.0
    started = float(np.max(flow.edge[(flow.half == 0) & (flow.begin == first)], initial=0.0))
    numbers = []
    for value, width, edge in (
        (float((before.time + after.time).sum()) / 2, float((after.time - before.time).sum()), float(after.edge.sum())),
        (float(last - missed / 2 - first), float(missed), started),
    ):
        parts = {f"moment:{name}": _UNIFORM * width, f"sampling:{name}": edge, f"clock:{name}": CLOCK * value}
        numbers.append(uncertain(value, parts))
    return numbers[0], numbers[1]


def _endured(found: Survey) -> dict[str, Quantity]:
    under, elapsed = time_passed(found)
    until = "the end of the record, a lower bound" if found.event.kind == NONE else f"the {found.event.kind}"
    return {
        "duration": Quantity("duration", under, f"time under current until {until}"),
        "duration:elapsed": Quantity("duration", elapsed, f"from the first current to {until}"),
    }


def passed_charge(found: Survey) -> Number:
    """Return the sum of |I| dt until the event, or the end [C]."""
    before, after = _to_the_event(found)
    half = found.half
    share = after.charge / np.where(half.charge > 0, half.charge, 1.0)
    number = found.instrument.charge(
        float((before.charge + after.charge).sum()) / 2,
        zero=float(found.zero @ (before.time + after.time)) / 2,
        noise=float(np.linalg.norm(half.charge_noise * np.sqrt(np.clip(share, 0.0, 1.0)))),
        sampling=float(half.current @ after.edge),
    )
    return number + uncertain(
        0.0, {f"moment:{found.instrument.name}": _UNIFORM * float((after.charge - before.charge).sum())}
    )


def mean_current(found: Survey, halves: np.ndarray) -> Number:
    """Return the mean |I| of some half cycles [A]."""
    half = found.half
    time = half.flow.until(math.inf, len(half)).time[halves]
    noise = float(np.linalg.norm(half.charge_noise[halves] / time)) / halves.size
    return found.instrument.size_of_current(
        float(half.current[halves].mean()), zero=float(found.zero[halves].mean()), noise=noise
    )


def charge_of(found: Survey, halves: np.ndarray) -> Number:
    """Return the mean |charge| of some half cycles [C], with the scatter among those of one polarity."""
    half = found.half
    whole = half.flow.until(math.inf, len(half))
    number = found.instrument.charge(
        float(half.charge[halves].mean()),
        zero=float((found.zero * whole.time)[halves].mean()),
        noise=float(np.linalg.norm(half.charge_noise[halves])) / halves.size,
        sampling=float((half.current * whole.edge)[halves].mean()),
    )
    rest = half.charge[halves].copy()
    signs = np.unique(half.sign[halves])
    for sign in signs:  # a zero that is off is not a scatter
        same = half.sign[halves] == sign
        rest[same] -= rest[same].mean()
    df = halves.size - signs.size
    if df > 0:
        scatter = float(np.linalg.norm(rest)) / math.sqrt(df * halves.size)
        number = number + uncertain(0.0, {f"charge scatter:{found.instrument.name}": scatter}, df=df)
    return number


def _passed(found: Survey, geometry: Geometry) -> dict[str, Quantity]:
    """Return current and charge, extensive and per area."""
    event = found.event
    end = "end" if event.kind == NONE else "loss of contact" if event.kind == CONTACT_LOSS else "short"
    used = found.used if found.used.size else np.flatnonzero(np.arange(len(found.half)) <= event.half_cycle)
    current = "of the half cycles used" if found.used.size else f"of the half cycles up to the {end}"
    extensive: dict[str, tuple[Any, str]] = {
        "current": (mean_current(found, used), f"mean |I| {current}"),
        "charge:half_cycle": (None, f"no complete half cycle before the {end}"),
        "charge:cumulative": (passed_charge(found), f"sum of |I| dt until the {end}"),
    }
    if found.used.size:
        text = f"mean |charge| of {used.size} half cycles, spectra and rests left out"
        extensive["charge:half_cycle"] = (charge_of(found, used), text)
    per_area = {
        "current": "current_density",
        "charge:half_cycle": "areal_capacity:half_cycle",
        "charge:cumulative": "cumulative_areal_capacity",
    }
    quantities: dict[str, Quantity] = {}
    for key, (number, text) in extensive.items():
        quantities |= per_area_too((key, per_area[key]), number, text, geometry)
    order = [*per_area, *per_area.values()]
    return {key: quantities[key] for key in order}


def per_area_too(keys: tuple[str, str], number: Number | None, text: str, geometry: Geometry) -> dict[str, Quantity]:
    """Return an extensive quantity and the same per area; `text` is the method, or the reason where `number` is None."""
    key, other = keys
    name, other_name = key.split(":", maxsplit=1)[0], other.split(":", maxsplit=1)[0]
    if number is None:
        return {key: withheld(name, text), other: withheld(other_name, text)}
    own = sure(Quantity(name, number, text))
    if geometry.area is None:
        return {key: own, other: withheld(other_name, _NO_AREA)}
    return {key: own, other: sure(Quantity(other_name, number / geometry.area, f"{text}, per area"))}
