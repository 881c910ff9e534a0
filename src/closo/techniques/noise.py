"""How much single values scatter about a smooth curve, and how much neighbours resemble each other.

Samples of a voltage or a current: `sample_noise`, `white_noise` (medians, which single wrong samples do not move). Values
from cycle to cycle: `scatter_of`, `neighbour_scatter` (squares, with degrees of freedom). All of them come from second
differences, which neither a trend nor a slow curve moves. Residuals of a fit: `memory_factor`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_MEDIAN_OF_SECOND = 0.6745 * math.sqrt(6.0)  # median of |x1 - 2 x2 + x3| for white noise of sd 1
_OVERLAP = 1.944  # second differences per degree of freedom: neighbours share two of three values


@dataclass(frozen=True)
class Scatter:
    """Relative standard deviation from cycle to cycle, with the trend taken off; NaN where it cannot be known."""

    s: float
    df: float


def sample_noise(current: np.ndarray) -> float:
    """Return the standard deviation of a sample [A] from second differences; a trend or smooth rise does not count.

    Where most differences are zero (a coarse last digit) their standard deviation is taken.
    """
    if current.size < 4:
        return 0.0
    second = current[2:] - 2.0 * current[1:-1] + current[:-2]
    robust = 1.4826 * float(np.median(np.abs(second - np.median(second))))
    return (robust or float(np.std(second))) / float(np.sqrt(6.0))


def wild_points(values: np.ndarray) -> np.ndarray:
    """Return the places of single values that stand apart from both neighbours by 30 times the noise, and do not bend them.

    Example
    -------
    >>> wild_points(np.array([0.0, 0.1, 0.0, -0.1, 9.0, 0.1, 0.0, 0.1, -0.1, 0.0])).tolist()
    [4]
    """
    apart = values[1:-1] - 0.5 * (values[:-2] + values[2:])
    d, noise = apart[1:-1], sample_noise(values[np.isfinite(values)])
    beside = np.maximum(np.abs(apart[:-2] + 0.5 * d), np.abs(apart[2:] + 0.5 * d))
    return 2 + np.flatnonzero((np.abs(d) > 30.0 * max(noise, 1e-12)) & (beside < 0.2 * np.abs(d)))


def cut_off(values: np.ndarray) -> bool:
    """Return whether eight neighbours or more are equal and the highest or lowest of all, in values of finer digits.

    Example
    -------
    >>> wave = np.sin(np.linspace(0.0, 6.0, 200))
    >>> cut_off(np.minimum(wave, 0.9)), cut_off(wave), cut_off(wave.round(1))
    (True, False, False)
    """
    same = np.diff(values) == 0.0
    runs = [same & (values[1:] == end) for end in (values.max(), values.min())]
    held = [np.convolve(run, np.ones(7), "valid").max(initial=0.0) > 6.5 for run in runs]
    return any(held) and float(np.sum(same & ~runs[0] & ~runs[1])) < 0.1 * len(values)


def odd_values(values: np.ndarray) -> str:
    """Return what of values cannot be so (`cut_off`, `wild_points`), '' where nothing is."""
    wild, told = wild_points(values), "they are cut off at one height; " if cut_off(values) else ""
    told += f"{len(wild)} points stand alone, the first is number {wild[0] + 1}" if len(wild) else ""
    return told.removesuffix("; ")


def white_noise(values: np.ndarray) -> float:
    """Return the standard deviation of white noise on a slowly varying signal; 0 for fewer than 4 values.

    Unlike `sample_noise` it takes the curve to bend little between three samples, and is 0 where most differences are.

    Example
    -------
    >>> white_noise(np.array([1.0, 2.0, 3.0, 4.0, 50.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]))
    0.0
    """
    if values.size < 4:
        return 0.0
    first = values[1:] - values[:-1]
    second = np.abs(first[1:] - first[:-1])
    half = second.size // 2
    second.partition(half)  # np.median does the same, in five times the time where there are many short pieces
    median = second[half] if second.size % 2 else 0.5 * (second[half] + second[:half].max())
    return float(median) / _MEDIAN_OF_SECOND


def neighbour_scatter(values: np.ndarray) -> tuple[float, float]:
    """Return the standard deviation of evenly spaced values with a smooth trend taken off, and its degrees of freedom.

    (0, inf) for fewer than 3 values.
    """
    if len(values) < 3:
        return 0.0, math.inf
    second = np.diff(values, n=2)
    return float(np.sqrt(np.mean(second**2) / 6.0)), max(1.0, len(second) / _OVERLAP)


def scatter_of(number: np.ndarray, values: np.ndarray, *, fitted: np.ndarray | None = None) -> Scatter:
    """Return the scatter of (logarithms of) values about a smooth trend.

    It is found from the deviation of each value from the line between its neighbours. `fitted`, shape (n, m), are the
    directions of a fit whose residuals the values are: a fit takes some of the scatter with it.

    Source: Gasser, Sroka, Jennen-Steinmetz, Biometrika 1986, 73, 625, doi:10.1093/biomet/73.3.625. The degrees of freedom
    allow for the overlap of neighbouring triples (Satterthwaite).

    Example
    -------
    >>> round(scatter_of(np.arange(5.0), 2.0 + 3.0 * np.arange(5.0)).s, 12)
    0.0
    """
    if len(values) < 4:
        return Scatter(math.nan, 1.0)
    left = (number[2:] - number[1:-1]) / (number[2:] - number[:-2])
    norm = np.sqrt(left**2 + (1.0 - left) ** 2 + 1.0)
    rows = np.column_stack([left, -np.ones_like(left), 1.0 - left]) / norm[:, None]
    # overlap of neighbouring triples, and of those after the next
    near = rows[:-1, 1] * rows[1:, 0] + rows[:-1, 2] * rows[1:, 1]
    far = rows[:-2, 2] * rows[2:, 0]
    total, squares = float(len(rows)), len(rows) + 2.0 * float(near @ near + far @ far)
    if fitted is not None:
        directions = np.linalg.qr(fitted)[0]
        lost = _apart(rows, directions)
        again = np.zeros_like(directions)
        for k in range(3):
            again[k : k + len(rows)] += rows[:, k, None] * lost
        total -= float(np.sum(lost**2))
        squares += float(np.sum((lost.T @ lost) ** 2)) - 2.0 * float(np.sum(again**2))
    if total < 1e-6 or squares < 1e-12:
        return Scatter(math.nan, 1.0)
    scatter = math.sqrt(float(np.sum(_apart(rows, values) ** 2)) / total)
    return Scatter(scatter, max(1.0, total**2 / squares))


def _apart(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the deviation of each value from the line between its neighbours, over its standard deviation for s = 1."""
    parts = [rows[:, k].reshape(-1, *(1,) * (values.ndim - 1)) * values[k : k + len(rows)] for k in range(3)]
    return np.asarray(parts[0] + parts[1] + parts[2])


def memory_factor(left: np.ndarray) -> float:
    """Return by how much the variance of a fit grows because neighbouring residuals are alike (1 where they are not)."""
    if not left.any():
        return 1.0
    alike = min(max(float(left[1:] @ left[:-1]) / float(left @ left), 0.0), 0.9)
    return (1.0 + alike) / (1.0 - alike)
