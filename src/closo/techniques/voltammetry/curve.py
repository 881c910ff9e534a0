"""A rising sweep as arrays: noise, baseline, smoothing, and where it is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.noise import sample_noise

_BLOCKS = 40  # of the potential range
_SEED = 6  # blocks of the first, flattest piece
_SKIPPED = 0.02  # of the range at its beginning: charging after the start
_APART = 3.5  # standard deviations of a block about the line beyond which the baseline ends
_MARGIN = 2  # blocks taken off again before the rise
_JUMP = 5.0  # times the largest current so far
_SHARE = 0.1  # of the largest current of the sweep: the first digit of a coarse reading is not a jump


@dataclass(frozen=True)
class Baseline:
    """A straight line below the rise, i = level + slope (E - centre)."""

    start: int  # row; `start:stop` of the sweep
    stop: int
    centre: float  # [V]
    level: float  # [A]
    slope: float  # [A/V]
    covariance: np.ndarray  # of (level, slope), shape (2, 2)
    sd: float  # standard deviation of the points about the line [A]
    df: int  # degrees of freedom

    def at(self, potential: np.ndarray) -> np.ndarray:
        """Return the line at `potential` [V]."""
        return np.asarray(self.level + self.slope * (potential - self.centre))

    def u_at(self, potential: float) -> float:
        """Return the standard uncertainty of the line at one potential [A]."""
        lever = np.array([1.0, potential - self.centre])
        return float(np.sqrt(max(lever @ self.covariance @ lever, 0.0)))


def smoothed(current: np.ndarray, width: int) -> np.ndarray:
    """Return the running mean over `width` points (fewer at the ends), shape of `current`."""
    half = max(width // 2, 0)
    total = np.concatenate([[0.0], np.cumsum(current)])
    index = np.arange(current.size)
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, current.size)
    return np.asarray((total[high] - total[low]) / (high - low))


def jump(current: np.ndarray) -> int | None:
    """Return the first row after which the current jumps by five times all it was before; None where it never does.

    Example
    -------
    >>> jump(np.r_[np.linspace(0.0, 1.0, 50), 100.0, 1.0])
    49
    """
    largest = np.maximum.accumulate(np.abs(current))
    step = np.abs(np.diff(current))
    sudden = (step > _JUMP * largest[:-1]) & (step > _SHARE * largest[-1]) & (largest[:-1] > 0)
    jumps = np.flatnonzero(sudden[10:])
    return int(jumps[0]) + 10 if jumps.size else None


def find_baseline(potential: np.ndarray, current: np.ndarray) -> Baseline | None:
    """Find the flattest piece below the rise and extend it as far as it stays straight.

    Parameters
    ----------
    potential, current : shape (n,) [V, A], one rising sweep.

    Returns
    -------
    None where no piece of 15 % of the range lies below half of the largest current.
    """
    low, width = float(potential.min()), float(np.ptp(potential))
    edges = low + width * np.linspace(_SKIPPED, 1.0, _BLOCKS + 1)
    which = np.searchsorted(edges, potential, side="right") - 1
    inside = (which >= 0) & (which < _BLOCKS)
    count = np.bincount(which[inside], minlength=_BLOCKS).astype(float)
    if np.any(count == 0):
        return None
    mean = np.bincount(which[inside], current[inside], _BLOCKS) / count
    centre = np.bincount(which[inside], potential[inside], _BLOCKS) / count
    half = mean.min() + 0.5 * (mean.max() - mean.min())
    floor = sample_noise(current) / np.sqrt(np.median(count))
    last = int(np.argmax(mean >= half)) if mean.max() - mean.min() > 10.0 * floor else _BLOCKS
    if last < _SEED:
        return None
    scores = [_flatness(centre[k : k + _SEED], mean[k : k + _SEED]) for k in range(last - _SEED + 1)]
    first = int(np.argmin(scores))
    left, right = _extended(centre, mean, (first, first + _SEED), floor=floor, last=last)
    if right < _BLOCKS:
        right = max(right - _MARGIN, left + _SEED, first + _SEED - _MARGIN)
    rows = np.flatnonzero((potential >= edges[left]) & (potential < edges[right]))
    return refit(potential, current, int(rows[0]), int(rows[-1]) + 1)


def _flatness(x: np.ndarray, y: np.ndarray) -> float:
    """Return how much a piece changes plus how much it bends."""
    slope, level = np.polyfit(x - x.mean(), y, 1)
    rest = y - level - slope * (x - x.mean())
    return float(abs(slope) * np.ptp(x) + 2.0 * np.std(rest))


def _extended(x: np.ndarray, y: np.ndarray, seed: tuple[int, int], *, floor: float, last: int) -> tuple[int, int]:
    """Return the blocks `left:right` that lie on one line with the seed."""
    left, right = seed
    grown = True
    while grown:
        grown = False
        for side in (1, -1):
            k = right if side > 0 else left - 1
            if not 0 <= k < min(last, y.size):
                continue
            centre = x[left:right].mean()
            slope, level = np.polyfit(x[left:right] - centre, y[left:right], 1)
            rest = y[left:right] - level - slope * (x[left:right] - centre)
            n = right - left
            sd = max(float(np.sqrt(np.sum(rest**2) / max(n - 2, 1))), floor)
            lever = 1.0 + 1.0 / n + (x[k] - centre) ** 2 / np.sum((x[left:right] - centre) ** 2)
            if abs(y[k] - level - slope * (x[k] - centre)) < _APART * sd * np.sqrt(lever):
                right, left = (right + 1, left) if side > 0 else (right, left - 1)
                grown = True
    return left, right


def refit(potential: np.ndarray, current: np.ndarray, start: int, stop: int, *, sd: float | None = None) -> Baseline:
    """Return the line through the rows `start:stop`.

    The covariance is scaled up where means over 20 pieces scatter more than single points explain (a bent baseline).
    With `sd`, the noise of a sample [A], it counts noise alone: how a curve bends is then left to the choice of windows.
    """
    x, y = potential[start:stop], current[start:stop]
    centre = float(x.mean())
    design = np.column_stack([np.ones_like(x), x - centre])
    values = np.linalg.lstsq(design, y, rcond=None)[0]
    rest = y - design @ values
    df = max(x.size - 2, 1)
    if sd is not None:
        return Baseline(
            start,
            stop,
            centre,
            float(values[0]),
            float(values[1]),
            np.linalg.inv(design.T @ design) * sd**2,
            sd,
            df,
        )
    sd = float(np.sqrt(np.sum(rest**2) / df))
    pieces = [p.mean() for p in np.array_split(rest, min(20, max(x.size // 5, 1)))]
    each = x.size / len(pieces)
    inflation = max(1.0, each * float(np.mean(np.square(pieces))) / max(sd**2, 1e-300)) if len(pieces) > 5 else 1.0
    covariance = np.linalg.inv(design.T @ design) * sd**2 * inflation
    return Baseline(start, stop, centre, float(values[0]), float(values[1]), covariance, sd, df)
