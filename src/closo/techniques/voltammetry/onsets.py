"""The definitions of an onset: arrays in, a potential with its parts of uncertainty out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from closo.techniques.noise import sample_noise
from closo.techniques.voltammetry.curve import Baseline, refit, smoothed

_WIDTHS = (0.025, 0.05, 0.10)  # of the sweep: the steepest piece whose line is the tangent; the middle one is quoted
_FEWEST = 7  # points of a local fit on each side
_LEAK = 0.5  # share of a threshold that the baseline may carry where the current crosses it
_CLEAR = 10.0  # standard deviations that the current must rise above the baseline for a tangent


@dataclass(frozen=True)
class Nowhere:
    """Why a definition gives no onset, and above which potential it then must lie [V]."""

    why: str
    above: float = -math.inf


@dataclass(frozen=True)
class Crossing:
    """Where a current crosses a level."""

    potential: float  # [V]
    fit_u: float  # [V]
    window_u: float  # [V]
    current: float  # the level [A]
    slope: float  # dI/dE there [A/V]
    df: int  # degrees of freedom of the local fit


@dataclass(frozen=True)
class Tangents:
    """Where the baseline meets the tangent of the steepest part."""

    potential: float  # [V]
    fit_u: float  # [V]
    window_u: float  # standard deviation over baselines and widths [V]
    current: float  # of the baseline there [A]
    level: float  # of the tangent, i = level + slope (E - centre)
    slope: float
    centre: float
    df: int  # degrees of freedom of the tangent


def crossing(potential: np.ndarray, current: np.ndarray, level: float) -> Crossing | Nowhere:
    """Return where `current` first exceeds `level` for good, or why there is no such place.

    A cubic through the points between half and twice the level gives the crossing; on an exponential it is right to a
    thousandth of its width.

    Parameters
    ----------
    potential, current : shape (n,) [V, A].
    level : [A], > 0.
    """
    width = max(current.size // 200, 3)
    smooth = smoothed(current, width)
    k = _first_above(smooth, level, hold=5 * width)
    if k is None:
        high = float(potential.max())
        return Nowhere(
            f"the current stays below {1e6 * level:.3g} uA up to {high:.3f} V: the onset lies above", above=high
        )
    if k == 0:
        start = f"from the beginning, {potential[0]:.3f} V"
        return Nowhere(f"the current is above {1e6 * level:.3g} uA {start}: the onset lies below, or a leak flows")
    below = np.flatnonzero(smooth[:k] < 0.5 * level)
    above = np.flatnonzero(smooth[k:] > 2.0 * level)
    low = min(int(below[-1]) + 1 if below.size else 0, k - _FEWEST)
    high = max(k + int(above[0]) if above.size else current.size, k + _FEWEST)
    x, y = potential[max(low, 0) : high], current[max(low, 0) : high]
    return _local(x, y, level, float(potential[k]))


def by_threshold(
    potential: np.ndarray, current: np.ndarray, baseline: Baseline | None, level: float
) -> Crossing | Nowhere:
    """Return where the current exceeds a threshold; nowhere where more than half of that is its straight baseline.

    A leak, or the charging of the double layer, reaches any threshold: a resistor at E = I R.
    """
    found = crossing(potential, current, level)
    if baseline is None or isinstance(found, Nowhere):
        return found
    share = float(baseline.at(np.array([found.potential]))[0]) / level
    if share <= _LEAK:
        return found
    per_volt = 1e6 * baseline.slope
    return Nowhere(
        f"at {found.potential:.3f} V the straight baseline ({per_volt:.3g} uA/V) already carries {100 * share:.0f} % of "
        f"{1e6 * level:.3g} uA: a leak, charging, or a sweep that begins too late, but no onset"
    )


def _first_above(smooth: np.ndarray, level: float, *, hold: int) -> int | None:
    """Return the first row from which the current stays above the level over `hold` rows (or to the end)."""
    above = smooth >= level
    changes = np.flatnonzero(np.diff(above.astype(int)) != 0) + 1
    edges = np.concatenate([[0], changes, [smooth.size]])
    for a, b in pairwise(edges):
        if above[a] and (b - a >= hold or b == smooth.size):
            return int(a)
    return None


def _local(x: np.ndarray, y: np.ndarray, level: float, near: float) -> Crossing | Nowhere:
    """Solve a cubic through (x, y) for `level`, next to `near`."""
    if x.size < 7:
        return Nowhere(f"only {x.size} points lie around {1e6 * level:.3g} uA: sample faster")
    unit = max(float(np.ptp(x)), 1e-12)
    design = np.vander((x - near) / unit, 4, increasing=True)
    values = np.linalg.lstsq(design, y, rcond=None)[0]
    df = x.size - 4
    sd = float(np.sqrt(np.sum((y - design @ values) ** 2) / df))
    cubic = np.polynomial.Polynomial(values)
    real = [float(r.real) for r in (cubic - level).roots() if abs(r.imag) < 1e-9 and cubic.deriv()(r.real) > 0]
    root = min(real, key=abs, default=np.inf)
    if not x.min() <= near + root * unit <= x.max():
        return Nowhere(f"the current does not rise through {1e6 * level:.3g} uA at {near:.3f} V")
    at, slope = root ** np.arange(4), float(cubic.deriv()(root))
    u = sd * float(np.sqrt(at @ np.linalg.pinv(design.T @ design) @ at)) * unit / slope
    return Crossing(float(near + root * unit), u, 0.0, level, slope / unit, df)


def by_noise(potential: np.ndarray, current: np.ndarray, baseline: Baseline, factor: float) -> Crossing | Nowhere:
    """Return where the current exceeds the baseline by `factor` times the scatter about it.

    The uncertainty holds that of the crossing, of the baseline there and of the scatter; the window that of the other
    baseline, the upper half of the first.
    """
    if baseline.sd <= 0:
        return Nowhere("the baseline shows no scatter: its last digit is too coarse")
    found = _above_baseline(potential, current, baseline, factor)
    if isinstance(found, Nowhere):
        return found
    other = _above_baseline(potential, current, _upper_half(potential, current, baseline), factor)
    window = 0.0 if isinstance(other, Nowhere) else abs(other.potential - found.potential) / np.sqrt(2.0)
    level_u = np.hypot(baseline.u_at(found.potential), factor * baseline.sd / np.sqrt(2.0 * baseline.df))
    u = float(np.hypot(found.fit_u, level_u / found.slope))
    total = float(baseline.at(np.array([found.potential]))[0]) + found.current
    return Crossing(found.potential, u, float(window), total, found.slope, found.df)


def _above_baseline(
    potential: np.ndarray, current: np.ndarray, baseline: Baseline, factor: float
) -> Crossing | Nowhere:
    rise = (current - baseline.at(potential))[baseline.start :]
    return crossing(potential[baseline.start :], rise, factor * baseline.sd)


def _upper_half(potential: np.ndarray, current: np.ndarray, baseline: Baseline) -> Baseline:
    middle = (baseline.start + baseline.stop) // 2
    return refit(potential, current, middle, baseline.stop) if baseline.stop - middle >= 10 else baseline


def by_tangents(potential: np.ndarray, current: np.ndarray, baseline: Baseline) -> Tangents | Nowhere:
    """Return where the baseline meets the tangent of the steepest part above it, or why it does not."""
    rise = smoothed(current, max(current.size // 200, 3)) - baseline.at(potential)
    top = float(rise[baseline.stop :].max(initial=0.0))
    if top < _CLEAR * max(baseline.sd, sample_noise(current)):
        high = float(potential.max())
        why = (
            f"the current rises by {1e6 * top:.3g} uA only, less than {_CLEAR:.0f} times the scatter, up to "
            f"{high:.3f} V: the onset lies above"
        )
        return Nowhere(why, above=high)
    baselines = [baseline, _upper_half(potential, current, baseline)]
    steep = [_steepest(potential, current, baseline, width) for width in _WIDTHS]
    lines = [found[0] for found in steep if found is not None]
    if len(lines) < len(steep) or steep[1] is None or not _steeper(lines[1], baseline):
        high = float(potential.max())
        return Nowhere(f"no piece of the curve rises faster than its baseline up to {high:.3f} V", above=high)
    quoted, equal_u = steep[1]
    at = _meet(baseline, quoted)
    if not potential.min() < at <= potential.max():
        return Nowhere(f"the tangents meet at {at:.3f} V, outside the sweep")
    slope = quoted.slope - baseline.slope
    u = float(np.hypot(np.hypot(quoted.u_at(at), baseline.u_at(at)) / slope, equal_u))
    window = float(np.std([_meet(low, line) for low in baselines for line in lines]))
    level = float(baseline.at(np.array([at]))[0])
    return Tangents(at, u, window, level, quoted.level, quoted.slope, quoted.centre, quoted.df)


def _steepest(
    potential: np.ndarray, current: np.ndarray, baseline: Baseline, width: float
) -> tuple[Baseline, float] | None:
    """Return the line through the steepest piece of `width` x sweep above the baseline.

    Beside it stands the spread of the onset over the pieces whose slope is not distinguishable from the steepest one [V].
    """
    rows = np.arange(baseline.stop, potential.size)
    count = int(np.clip(round(width * potential.size), _FEWEST, max(rows.size, _FEWEST)))
    if rows.size < _FEWEST:
        return None
    x, y = potential[rows] - baseline.centre, current[rows]
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (x, y, x * x, x * y)]
    sx, sy, sxx, sxy = (s[count:] - s[:-count] for s in sums)
    variance = sxx - sx * sx / count
    slopes = (sxy - sx * sy / count) / np.where(variance > 0, variance, np.inf)
    best = int(np.argmax(slopes))
    first = int(rows[best])
    piece = slice(best, best + count)
    line = refit(potential, current, first, first + count, sd=sample_noise(y[piece] - slopes[best] * x[piece]))
    equal = slopes > slopes[best] - 2.0 * float(np.sqrt(line.covariance[1, 1]))
    excess = slopes[equal] - baseline.slope
    onsets = (baseline.level - (sy - slopes * sx)[equal] / count) / np.where(excess > 0, excess, np.nan)
    # baseline.slope x onset moves both lines alike; its share is in the excess
    return line, float(np.nanstd(onsets)) if np.any(excess > 0) else 0.0


def _steeper(line: Baseline, baseline: Baseline) -> bool:
    """True where a line rises clearly faster than the baseline: by five uncertainties and by a tenth of its slope."""
    u = float(np.sqrt(line.covariance[1, 1] + baseline.covariance[1, 1]))
    return bool(line.slope - baseline.slope > max(5.0 * u, 0.1 * abs(line.slope)))


def _meet(low: Baseline, steep: Baseline) -> float:
    """Return the potential where two lines meet [V]."""
    at_zero = (low.level - low.slope * low.centre) - (steep.level - steep.slope * steep.centre)
    difference = steep.slope - low.slope
    return float(at_zero / difference) if difference else float("nan")
