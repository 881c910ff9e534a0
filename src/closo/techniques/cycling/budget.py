"""How well the charge of a leg is known: offset, gain and noise of the current, sampling at the cut-off, integration.

A cycler reads I_read = I (1 + g) + o. The gain g cancels in a ratio of charges, the offset o does not: it adds o T to a
charge and takes it from a discharge, so that a coulombic efficiency moves by about 2 o/I. Both belong to the instrument and
are the same in all cycles. The noise of the readings is new in every leg; in what is compared from cycle to cycle it is
part of their scatter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from closo.errors import StudyError
from closo.quantity import Number, uncertain
from closo.techniques.half_cycles import Legs
from closo.techniques.instrument import GAIN, full_scale, read_offset

_AGREE = 0.5  # integral and counter; beyond, the counter counts something else
_THIRD = 1.0 / math.sqrt(3.0)  # standard deviation of an even distribution over [-1, 1]


@dataclass(frozen=True)
class Instrument:
    """Standard uncertainties of the current."""

    name: str  # of the instrument, which its gain is called by
    offset: np.ndarray  # of each leg, (n_legs,) [A]; one and the same error, scaled with the range
    gain: float  # relative
    scale: np.ndarray  # current range of each leg, (n_legs,) [A]; the offset is a share of the current above it
    stated: bool  # True where the file states the ranges
    text: str  # in words, for notes


def instrument(
    legs: Legs,
    ranges: np.ndarray | None,
    *,
    offset: str | float | None = None,
    gain: float | None = None,
    name: str = "instrument",
) -> Instrument:
    """Return the uncertainty of the current in each leg.

    Parameters
    ----------
    ranges : (n_rows,), full scale of the range of each row [A]; None or NaN where the file does not say. Then the next
        decade above the current is taken.
    offset : '0.1 %' of the range (the default), '50 nA', or a number: fraction of the range.
    gain : relative; 0.1 % when absent.
    name : of the instrument.

    Raises
    ------
    StudyError  when one of them is not a number >= 0.
    """
    largest = np.abs(legs.mean_current)
    named = np.full(len(legs), np.nan)
    if ranges is not None and len(legs):
        named = np.asarray(ranges, float)[legs.start + (legs.stop - legs.start) // 2]
    stated = np.isfinite(named) & (named > 0)
    scale = full_scale(named, largest)
    fraction, absolute = read_offset(offset)
    relative = GAIN if gain is None else float(gain)
    if not (math.isfinite(relative) and 0 <= relative < 1):
        raise StudyError(f"current_gain = {gain} is not a relative uncertainty.", hint="Write for example 0.001.")
    text = f"{absolute:.3g} A" if absolute else f"{100 * fraction:.3g} % of the range"
    return Instrument(name, fraction * np.maximum(scale, largest) + absolute, relative, scale, bool(stated.all()), text)


@dataclass(frozen=True)
class Sensitivity:
    """How the errors of the instrument move one number, for each of n values."""

    value: np.ndarray  # (n,)
    offset: np.ndarray  # du of one standard uncertainty of the offset, signed; the same error in all
    late: np.ndarray  # the same for the late end of a leg (the mean of the missed half step), signed; one error in all
    step: np.ndarray  # of the part of the missed step that differs from leg to leg; independent
    integration: np.ndarray  # of the rule of integration (against the instrument's counter)
    noise: np.ndarray  # of the current's readings, and of misread ones that no voltage confirms; independent

    @property
    def u(self) -> np.ndarray:
        """Standard uncertainty of each value, gain and mass not included."""
        parts = (self.offset, self.late, self.step, self.integration, self.noise)
        return np.asarray(np.sqrt(sum(part**2 for part in parts)))


def ratio(legs: Legs, meter: Instrument, above: np.ndarray, below: np.ndarray) -> Sensitivity:
    """Return |charge| of the legs `above` over that of the legs `below`, with its sensitivities; indices (n,)."""
    qa, qb = np.abs(legs.charge[above]), np.abs(legs.charge[below])
    value = qa / qb
    per = [np.zeros(len(value)) for _ in range(2)]
    for legs_of, factor, k in ((above, 1.0 / qb, 0), (below, -value / qb, 1)):
        per[k] = factor * legs.sign[legs_of] * meter.offset[legs_of] * legs.duration[legs_of]
    missed = [legs.end_current[k] * legs.sampling[k] for k in (above, below)]
    late = (missed[0] - value * missed[1]) / 2.0 / qb
    step = np.hypot(missed[0], value * missed[1]) / math.sqrt(12.0) / qb
    spread = np.hypot(legs.noise, legs.doubt * _THIRD)
    noise = np.hypot(spread[above], value * spread[below]) / qb
    return Sensitivity(value, per[0] + per[1], late, step, _counter_ratio(legs, above, below, value), noise)


def _counter_ratio(legs: Legs, above: np.ndarray, below: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the difference to the ratio of the instrument's counter, as a standard uncertainty."""
    trusted = _trusted(legs)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = np.abs(legs.counter[above] / legs.counter[below])
    use = trusted[above] & trusted[below] & np.isfinite(counted)
    return np.where(use, np.abs(np.where(use, counted, value) - value) * _THIRD, 0.0)


def _trusted(legs: Legs) -> np.ndarray:
    """Return where the counter agrees with the integral well enough to be a second opinion."""
    difference = np.abs(legs.counter - legs.charge)
    return np.asarray(np.isfinite(difference) & (difference <= _AGREE * np.abs(legs.charge)))


def charge_number(legs: Legs, meter: Instrument, leg: int, *, name: str) -> Number:
    """Return |charge| of a leg [C] with its sources."""
    charge = abs(float(legs.charge[leg]))
    missed = float(legs.end_current[leg] * legs.sampling[leg])
    counted = abs(float(legs.counter[leg] - legs.charge[leg])) if _trusted(legs)[leg] else 0.0
    return uncertain(
        charge,
        {
            f"current offset:{name}": float(legs.sign[leg] * meter.offset[leg] * legs.duration[leg]),
            f"current gain:{meter.name}": charge * meter.gain,
            f"late end of half cycles:{name}": missed / 2.0,
            f"sampling at the cut-off:{name}[{leg + 1}]": missed / math.sqrt(12.0),
            f"current noise:{name}[{leg + 1}]": float(legs.noise[leg]),
            f"readings of the other sign:{name}[{leg + 1}]": float(legs.doubt[leg]) * _THIRD,
            f"integration:{name}": counted * _THIRD,
        },
    )


def ratio_number(found: Sensitivity, index: int, legs: tuple[int, int], *, name: str) -> Number:
    """Return one ratio of `found` with its sources; `legs` name the two legs."""
    return uncertain(
        float(found.value[index]),
        {
            f"current offset:{name}": float(found.offset[index]),
            f"late end of half cycles:{name}": float(found.late[index]),
            f"sampling at the cut-off:{name}, half cycles {legs[0] + 1} and {legs[1] + 1}": float(found.step[index]),
            f"current noise:{name}, half cycles {legs[0] + 1} and {legs[1] + 1}": float(found.noise[index]),
            f"integration:{name}": float(found.integration[index]),
        },
    )
