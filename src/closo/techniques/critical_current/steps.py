"""The staircase in a record: levels of the current, and between which two of them the cell failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.plating.events import NONE, Event
from closo.techniques.plating.half_cycles import HalfCycles, levels_of

_EVEN = 0.1  # of the usual height
_LOW_SHARE = 0.5  # of the steps survived, which the cell's own ohmic response is taken from


@dataclass(frozen=True)
class Steps:
    """A staircase."""

    level: np.ndarray  # (n,) number of the level of each half cycle, from the smallest current
    current: np.ndarray  # (levels,) mean |I| of each level [A]
    half_cycles: int  # per level, the most frequent number
    height: float  # median difference of neighbouring levels [A]
    even: bool  # whether all differences are within 10 % of it
    rising: bool  # whether no half cycle before the failure has a smaller current than one before it
    survived: int | None  # highest level completed before the failure, below the level that failed
    failed: int | None  # level of the failure; None where there is none


def find_steps(half: HalfCycles, event: Event) -> Steps:
    """Return the staircase of a record; one level where it is none.

    Parameters
    ----------
    half : the half cycles of the record.
    event : what happened first.
    """
    level = levels_of(half.current, half.sign)
    current = np.array([half.current[level == k].mean() for k in range(int(level.max()) + 1)])
    failed = None if event.kind == NONE else int(level[event.half_cycle])
    before = np.arange(len(half)) < event.half_cycle
    complete = before & half.complete
    if failed is not None:
        complete &= level != failed
    survived = int(level[complete].max()) if complete.any() else None
    heights = np.diff(current)
    height = float(np.median(heights)) if heights.size else 0.0
    counts = np.bincount(level)
    return Steps(
        level=level,
        current=current,
        half_cycles=int(np.bincount(counts[counts > 0]).argmax()),
        height=height,
        even=bool(np.all(np.abs(heights - height) <= _EVEN * height)),
        rising=bool(np.all(np.diff(level[: min(event.half_cycle + 1, len(half))]) >= 0)),
        survived=survived,
        failed=failed,
    )


def low_response(half: HalfCycles, event: Event, steps: Steps) -> tuple[float, float, np.ndarray] | None:
    """Return the resistance of the lower half of the steps survived [ohm], its standard error, and which half cycles.

    The mean of |U|/|I|; None where fewer than two complete half cycles lie there. It includes the interfaces.
    """
    if steps.survived is None:
        return None
    highest = int(_LOW_SHARE * steps.survived)
    use = half.complete & (np.arange(len(half)) < event.half_cycle) & (steps.level <= highest)
    if use.sum() < 2:
        return None
    resistance = half.polarization[use] / half.late_current[use]
    error = float(np.std(resistance, ddof=1) / np.sqrt(use.sum()))
    return float(resistance.mean()), error, np.flatnonzero(use)
