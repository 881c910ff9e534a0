"""The sweeps of a voltammogram: where the potential turns, and the first one that rises."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_TURN = 0.03  # share of the range that the potential must come back to have turned
_MAIN = 0.4  # share of the widest rising sweep that the first one must have
_LEAST = 20  # points of a sweep


@dataclass(frozen=True)
class Sweep:
    """Rows `start:stop`, in one direction (sign +1 rising, -1 falling)."""

    start: int
    stop: int
    sign: int


def find_sweeps(potential: np.ndarray) -> list[Sweep]:
    """Split a potential at its turning points.

    Parameters
    ----------
    potential : shape (n,) [V]; noise of less than 3 % of its range does not turn it.

    Example
    -------
    >>> [(s.start, s.stop, s.sign) for s in find_sweeps(np.array([1.0, 0.5, 0.0, 1.0, 2.0, 1.0]))]
    [(0, 3, -1), (2, 5, 1), (4, 6, -1)]
    """
    back = _TURN * float(np.ptp(potential))
    turns, sign = [0], 0
    low = high = 0
    for k, value in enumerate(potential.tolist()):
        if value > potential[high]:
            high = k
        if value < potential[low]:
            low = k
        if sign >= 0 and potential[high] - value > back:
            if sign > 0 or potential[high] - potential[0] > back:
                turns.append(high)
            sign, low, high = -1, k, k
        elif sign <= 0 and value - potential[low] > back:
            if sign < 0 or potential[0] - potential[low] > back:
                turns.append(low)
            sign, low, high = 1, k, k
    turns = sorted({*turns, potential.size - 1})
    return [Sweep(a, b + 1, 1 if potential[b] > potential[a] else -1) for a, b in pairwise(turns)]


def first_rising(potential: np.ndarray) -> Sweep | None:
    """Return the first rising sweep of the full width (a short rise from the open circuit does not count)."""
    rising = [s for s in find_sweeps(potential) if s.sign > 0 and s.stop - s.start >= _LEAST]
    if not rising:
        return None
    width = [float(potential[s.stop - 1] - potential[s.start]) for s in rising]
    return next(s for s, w in zip(rising, width, strict=True) if w >= _MAIN * max(width))
