"""Capacity retention: of single cycles, of the last five, of the plateau, all against one named cycle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from closo.quantity import Number, Quantity, exp, uncertain, withheld
from closo.techniques.cycling.budget import Instrument, ratio
from closo.techniques.cycling.cycles import Cycles
from closo.techniques.cycling.trends import Trend, compared
from closo.techniques.noise import Scatter

_LOCAL = 5  # cycles of the local median
_MEDIAN = math.pi / 2.0  # variance of a median over that of a mean (normal distribution)
_PLATEAU_AFTER = 10


def retentions(
    cycles: Cycles,
    meter: Instrument,
    reference: int | None,
    wanted: Sequence[int],
    *,
    trend: Trend,
    name: str,
) -> dict[str, Quantity]:
    """Return the retentions; `reference` is the index of the cycle that counts as 100 %, `wanted` are indices.

    The scatter from cycle to cycle is part of the uncertainty: a retention is read as the state of the cell, not as the
    chance of one cycle.
    """
    key = "capacity_retention"
    if reference is None or not cycles.complete.any():
        names = [key, *(f"{key}:{k + 1}" for k in wanted)]
        return {n: withheld(key, "no complete cycle to compare with") for n in names}
    of = f"{cycles.delivered} over that of cycle {reference + 1}"
    scatter = trend.scatter
    last = int(np.flatnonzero(cycles.complete)[-1])
    found = {}
    for label, k in [("", last), *((f":{k + 1}", k) for k in wanted)]:
        same = cycles.rate_level[k] == cycles.rate_level[reference]
        why = _unfit(cycles, k, reference, same or bool(label))
        if why:
            found[key + label] = withheld(key, why, method=of)
            continue
        number = _single(cycles, meter, k, reference, name=name)
        number = number + _scatter(cycles, scatter, k, reference, name=name)
        rate = "" if same else ", at another rate"
        found[key + label] = Quantity(key, number, f"{of}: cycle {k + 1}{rate}{_without(scatter)}")
    use = compared(cycles, int(cycles.rate_level[reference]))
    found[f"{key}:local"] = _group(
        cycles, meter, use[-_LOCAL:], reference, scatter=scatter, of=f"median of {of}", name=name
    )
    plateau = use[cycles.number[use] > _PLATEAU_AFTER]
    if len(plateau) >= 3:
        of_plateau = f"mean of {of}"
        found[f"{key}:plateau"] = _group(cycles, meter, plateau, reference, scatter=scatter, of=of_plateau, name=name)
    else:
        found[f"{key}:plateau"] = withheld(key, f"fewer than 3 plain cycles after cycle {_PLATEAU_AFTER}")
    if found[key].number is not None:
        found |= _at_equal_temperature(cycles, meter, last, reference, trend=trend, name=name)
    return found


def _unfit(cycles: Cycles, k: int, reference: int, same_rate: bool) -> str:
    """Return why a cycle has no retention, '' where it has one."""
    if k == reference:
        return f"cycle {k + 1} is the reference itself"
    if not cycles.complete[k]:
        return f"cycle {k + 1} is not complete"
    if not same_rate:
        return f"cycle {k + 1} ran at another rate than cycle {reference + 1}: name a reference_cycle at its rate"
    return ""


def _at_equal_temperature(
    cycles: Cycles, meter: Instrument, last: int, reference: int, *, trend: Trend, name: str
) -> dict[str, Quantity]:
    """Return the retention of the last cycle at the temperature of the reference; nothing where that is not known."""
    slope, kelvin = trend.sensitivity.number, cycles.temperature[[last, reference]]
    if not np.isfinite(kelvin).all():
        return {}
    key = "capacity_retention"
    if slope is None:
        return {f"{key}:at_equal_temperature": withheld(key, str(trend.sensitivity.why))}
    warmer = float(kelvin[0] - kelvin[1])
    scatter = trend.scatter_at_equal_temperature
    number = _single(cycles, meter, last, reference, name=name) * exp(-slope * warmer)
    number = number + _scatter(cycles, scatter, last, reference, name=name)
    method = f"{cycles.delivered} of cycle {last + 1} over that of cycle {reference + 1}, corrected for {warmer:+.2f} K"
    return {f"{key}:at_equal_temperature": Quantity(key, number, method)}


def _without(scatter: Scatter) -> str:
    if math.isfinite(scatter.s):
        return ""
    return "; too few cycles for their scatter: only the noise of the current is in the uncertainty"


def _single(cycles: Cycles, meter: Instrument, k: int, reference: int, *, name: str) -> Number:
    """Return one retention with the sources of the instrument."""
    part = ratio(cycles.legs, meter, cycles.second[[k]], cycles.second[[reference]])
    return uncertain(
        float(part.value[0]),
        {
            f"current offset:{name}": float(part.offset[0]),
            f"late end of half cycles:{name}": float(part.late[0]),
            f"sampling at the cut-off:{name}, cycles {k + 1} and {reference + 1}": float(part.step[0]),
            f"integration:{name}": float(part.integration[0]),
        },
    )


def _scatter(cycles: Cycles, scatter: Scatter, k: int, reference: int, *, name: str) -> Number:
    """Return the share of the scatter in one retention: of its own cycle and of the reference.

    The noise of the current is a part of it, and stands for it where there are too few cycles.
    """
    if not math.isfinite(scatter.s):
        lost = [float(cycles.legs.noise[leg] / abs(cycles.legs.charge[leg])) for leg in cycles.second[[k, reference]]]
        value = float(cycles.capacity[k] / cycles.capacity[reference])
        noise = {
            f"current noise:{name}, cycle {n + 1}": sign * value * u
            for n, sign, u in zip((k, reference), (1.0, -1.0), lost, strict=True)
        }
        return uncertain(0.0, noise)
    own = scatter.s * float(cycles.capacity[k] / cycles.capacity[reference])
    labels = {
        f"scatter of cycles:{name}, cycle {k + 1}": own,
        f"scatter of cycles:{name}, cycle {reference + 1}": -own,
    }
    return uncertain(0.0, labels, df=scatter.df)


def _group(
    cycles: Cycles,
    meter: Instrument,
    use: np.ndarray,
    reference: int,
    *,
    scatter: Scatter,
    of: str,
    name: str,
) -> Quantity:
    """Return the median (few cycles) or mean of several retentions."""
    key = "capacity_retention"
    if len(use) < 3:
        return withheld(key, "fewer than 3 plain cycles", method=of)
    median = of.startswith("median")
    part = ratio(cycles.legs, meter, cycles.second[use], np.full(len(use), cycles.second[reference]))
    value = float(np.median(part.value) if median else part.value.mean())
    spread = float(np.std(part.value, ddof=1)) / math.sqrt(len(use)) * (math.sqrt(_MEDIAN) if median else 1.0)
    df: float = len(use) - 1
    if math.isfinite(scatter.s):  # without the trend inside the group
        spread, df = scatter.s * value * math.sqrt((_MEDIAN if median else 1.0) / len(use)), scatter.df
    what = f"{name}, capacity of cycles {use[0] + 1}-{use[-1] + 1}"
    number = uncertain(value, {f"scatter of cycles:{what}": spread}, df=df)
    if math.isfinite(scatter.s):
        label = f"scatter of cycles:{name}, cycle {reference + 1}"
        number = number + uncertain(0.0, {label: -scatter.s * value}, df=scatter.df)
    else:
        leg = cycles.second[reference]
        lost = float(cycles.legs.noise[leg] / abs(cycles.legs.charge[leg]))
        number = number + uncertain(0.0, {f"current noise:{name}, cycle {reference + 1}": -value * lost})
    number = number + uncertain(
        0.0,
        {
            f"current offset:{name}": float(part.offset.mean()),
            f"late end of half cycles:{name}": float(part.late.mean()),
            f"sampling at the cut-off:{what}": float(np.linalg.norm(part.step)) / len(use),
            f"integration:{name}": float(part.integration.mean()),
        },
    )
    return Quantity(key, number, f"{of}: cycles {use[0] + 1}-{use[-1] + 1} ({len(use)} plain ones)")
