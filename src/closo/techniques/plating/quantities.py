"""The numbers of a symmetric cell, with their sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.quantity import Number, Quantity, uncertain, withheld
from closo.techniques.instrument import CLOCK
from closo.techniques.plating.events import CONTACT_LOSS, NONE
from closo.techniques.plating.trend import asymmetry

if TYPE_CHECKING:
    from closo.techniques.plating.analysis import Survey

__all__ = ["Geometry", "passed_charge", "quantities_of", "survived"]

_NO_AREA = "needs the electrode area; give `area`"
_ROUND = 1.0 / math.sqrt(12.0)  # standard deviation of a uniform distribution over its width


@dataclass(frozen=True)
class Geometry:
    """Area [m2] and ohmic L/sigma [ohm m2] of the electrolyte, None where not known; `missing` names what was not given."""

    area: Number
    ohmic: Number
    missing: tuple[str, ...]

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
    resistance = size / read.size_of_current(found.half.current[k], sign=sign)
    which = f"of half cycle {k + 1}"
    quantities = {
        "polarization": Quantity("polarization", size, f"mean |U| of the second half {which}"),
        "resistance": Quantity("resistance", resistance, f"polarization over |I| {which}"),
    }
    if geometry.area is None:
        quantities["area_specific_resistance"] = withheld("area_specific_resistance", _NO_AREA)
    else:
        specific = resistance * geometry.area
        quantities["area_specific_resistance"] = Quantity("area_specific_resistance", specific, f"|U| A/|I| {which}")
    if geometry.missing:
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


def survived(found: Survey) -> tuple[float, float]:
    """Return time under current and time elapsed from the first current to the event, or to the end [s]."""
    half, event = found.half, found.event
    until = half.end[-1] if event.kind == NONE else event.time
    share = np.clip((until - half.begin) / (half.end - half.begin), 0.0, 1.0)
    return float(np.sum(share * half.charge / half.current)), float(until - half.begin[0])


def _endured(found: Survey) -> dict[str, Quantity]:
    under, elapsed = survived(found)
    if found.event.kind != NONE:  # it happened between the sample that shows it and the one before
        under, elapsed = (t - 0.5 * _moment_u(found) / _ROUND for t in (under, elapsed))
    step, clock = {f"sampling:{found.instrument.name}": _moment_u(found)}, f"clock:{found.instrument.name}"
    until = "the end of the record, a lower bound" if found.event.kind == NONE else f"the {found.event.kind}"
    return {
        "duration": Quantity(
            "duration", uncertain(under, step | {clock: CLOCK * under}), f"time under current until {until}"
        ),
        "duration:elapsed": Quantity(
            "duration", uncertain(elapsed, step | {clock: CLOCK * elapsed}), f"from the first current to {until}"
        ),
    }


def _moment_u(found: Survey) -> float:
    """Return how well the moment of the event, or the end, is known by the sampling: a uniform distribution [s]."""
    k = min(found.event.half_cycle, len(found.half) - 1)
    usual = float(np.median(np.diff(found.time[found.half.rows[k]])))
    return max(usual if found.event.kind != NONE else float(found.half.sampling[k]), 1e-3) * _ROUND


def passed_charge(found: Survey) -> Number:
    """Return the sum of |I| dt until the event, or the end [C]."""
    half, event = found.half, found.event
    until = half.end[-1] if event.kind == NONE else event.time
    share = np.clip((until - half.begin) / (half.end - half.begin), 0.0, 1.0)
    k = min(event.half_cycle, len(half) - 1)
    last = uncertain(0.0, {f"sampling:{found.instrument.name}": float(half.current[k]) * _moment_u(found)})
    return found.instrument.charge(float(np.sum(share * half.charge))) + last


def _passed(found: Survey, geometry: Geometry) -> dict[str, Quantity]:
    """Return current and charge, extensive and per area."""
    half, instrument = found.half, found.instrument
    used = found.used if found.used.size else np.arange(1)
    scatter = float(np.std(half.charge[used], ddof=1)) / math.sqrt(used.size) if used.size > 1 else 0.0
    extensive: dict[str, Any] = {
        "current": instrument.size_of_current(float(half.current[used].mean())),
        "charge:half_cycle": instrument.charge(float(half.charge[used].mean()), scatter=scatter),
        "charge:cumulative": passed_charge(found),
    }
    end = "end" if found.event.kind in (NONE,) else "loss of contact" if found.event.kind == CONTACT_LOSS else "short"
    methods = {
        "current": "mean |I| of the half cycles used",
        "charge:half_cycle": f"mean |charge| of {used.size} half cycles, spectra and rests left out",
        "charge:cumulative": f"sum of |I| dt until the {end}",
    }
    quantities = {key: Quantity(key.split(":")[0], number, methods[key]) for key, number in extensive.items()}
    per_area = {
        "current_density": "current",
        "areal_capacity:half_cycle": "charge:half_cycle",
        "cumulative_areal_capacity": "charge:cumulative",
    }
    for key, source in per_area.items():
        name = key.split(":")[0]
        quantities[key] = (
            withheld(name, _NO_AREA)
            if geometry.area is None
            else Quantity(name, extensive[source] / geometry.area, f"{methods[source]}, per area")
        )
    return quantities
