"""How the polarization moves: its drift, and the difference of the polarities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CYCLES_NEEDED = 4
TIME_NEEDED = 71.0 * 3600.0  # s; three days, from the middle of the first half cycle to that of the last

_MEMORIES = np.concatenate([np.linspace(0.0, 0.9, 19), 1.0 - np.logspace(-1.1, -3.0, 16)])  # correlations tried


@dataclass(frozen=True)
class Trend:
    """A line through the polarizations of whole cycles.

    `slope`, `slope_u` [V/s] with `df` degrees of freedom; `intercept` [V] at time 0; `memory` : correlation of
    the residuals of neighbouring cycles; `curved` : how many u the quadratic term is from 0; `cycles` : their number.
    """

    slope: float
    slope_u: float
    df: float
    intercept: float
    memory: float
    curved: float
    cycles: int


def trend(time: np.ndarray, polarization: np.ndarray, sign: np.ndarray) -> Trend | None:
    """Fit a line to the polarizations of whole cycles (means of two half cycles of opposite sign).

    A cell follows the temperature of its room, so the residuals are taken as a first-order autoregression with a memory
    r that is not known: for each r in 0-0.999 the line is fitted by generalised least squares, and slope and u are means
    over r weighted by the restricted likelihood. A memory near 1, that of a random walk, so remains a possibility as long
    as the data do not exclude it, and with it goes most of what a line can tell. The degrees of freedom are those of
    independent residuals times 1 - r, a rule that was tested, not derived.

    Parameters
    ----------
    time [s], polarization [V], sign : shape (n,), of half cycles.

    Returns
    -------
    The trend; None for fewer than 4 whole cycles, or for less than three days: no line can then tell a drift from what
    the temperature of the room does.

    Source: restricted likelihood, Harville 1977, doi:10.1080/01621459.1977.10480998.
    """
    first = _pairs(sign)
    if first.size < CYCLES_NEEDED or time[-1] - time[0] < TIME_NEEDED:
        return None
    middle = 0.5 * (time[first] + time[first + 1])
    mean = 0.5 * (polarization[first] + polarization[first + 1])
    span = float(np.ptp(middle))
    t = (middle - middle.mean()) / span
    columns = np.stack([np.ones(t.size), t], axis=1)
    value, u, memory = _remembering(columns, mean, which=1)
    bent, bent_u, _ = _remembering(np.column_stack([columns, t**2]), mean, which=-1)
    return Trend(
        slope=value / span,
        slope_u=u / span,
        df=max((t.size - 2) * (1 - memory), 1.0),
        intercept=float(mean.mean()) - value * float(middle.mean()) / span,
        memory=memory,
        curved=abs(bent) / bent_u if bent_u > 0 else 0.0,
        cycles=int(t.size),
    )


def _pairs(sign: np.ndarray) -> np.ndarray:
    """Return the first of each pair of neighbouring half cycles of opposite sign, each half cycle in one pair only."""
    found, k = [], 0
    while k + 1 < sign.size:
        if sign[k] != sign[k + 1]:
            found.append(k)
            k += 1
        k += 1
    return np.array(found, int)


def _remembering(columns: np.ndarray, values: np.ndarray, *, which: int) -> tuple[float, float, float]:
    """Return one coefficient, its u and the memory, as means over the memories by restricted likelihood."""
    n, used = columns.shape
    scale = float(np.ptp(values)) or 1.0
    found = np.empty((_MEMORIES.size, 3))
    for k, r in enumerate(_MEMORIES):
        first = math.sqrt(1 - r * r)
        x = np.vstack([first * columns[:1], columns[1:] - r * columns[:-1]])
        y = np.concatenate([first * values[:1], values[1:] - r * values[:-1]]) / scale
        normal = x.T @ x
        inverse = np.linalg.inv(normal)
        coefficients = inverse @ (x.T @ y)
        square = max(float(np.sum((y - x @ coefficients) ** 2)), 1e-18)
        likelihood = (
            0.5 * math.log(1 - r * r) - 0.5 * np.linalg.slogdet(normal)[1] - 0.5 * (n - used) * math.log(square)
        )
        found[k] = coefficients[which], square / (n - used) * inverse[which, which], likelihood
    weight = np.exp(found[:, 2] - found[:, 2].max()) * np.gradient(_MEMORIES)
    weight /= weight.sum()
    mean = float(weight @ found[:, 0])
    variance = float(weight @ (found[:, 1] + (found[:, 0] - mean) ** 2))
    return mean * scale, math.sqrt(variance) * scale, float(weight @ _MEMORIES)


def asymmetry(polarization: np.ndarray, sign: np.ndarray) -> tuple[float, float]:
    """Return the mean difference of positive minus negative half cycles and its standard error [V].

    Each half cycle is compared with the mean of its two neighbours of the other sign, so that a drift drops out.

    Parameters
    ----------
    polarization [V], sign : shape (n,), n >= 3, alternating.

    Example
    -------
    >>> asymmetry(np.array([1.2, 1.1, 1.4, 1.3, 1.6]), np.array([1, -1, 1, -1, 1]))[0].__round__(6)
    0.2
    """
    middle = (sign[1:-1] != sign[:-2]) & (sign[1:-1] != sign[2:])
    difference = (sign[1:-1] * (polarization[1:-1] - 0.5 * (polarization[:-2] + polarization[2:])))[middle]
    if difference.size == 0:
        return math.nan, math.nan
    n = difference.size
    own = float(np.std(difference, ddof=1)) / math.sqrt(1.5) if n > 1 else abs(float(difference[0]))
    return float(difference.mean()), 2.0 * own / math.sqrt(n + 2)
