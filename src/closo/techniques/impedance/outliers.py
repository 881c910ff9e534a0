"""Points that do not belong to a linear fit of a spectrum, several of which may hide one another.

The point whose leaving lowers the sum of squares most leaves first, then the next. As many are outliers as the last
significant step asks for, because a group hides each of its own in the first steps. More than one in twelve are none.

Source: Rosner, Technometrics 1983, 25, 165, doi:10.1080/00401706.1983.10487848. Checked by
tests/techniques/impedance/test_kramers_kronig.py.
"""

from __future__ import annotations

import math

import numpy as np

FINEST = 1e-8  # residuals below this part of |Z| are rounding
KNOWN = 1e-3  # variance of a residual, in units of the noise, below which the fit passes through the point
_NOTHING = np.eye(2)  # variance of a point that nothing fits
_FALSE_ALARM = 0.002  # probability that a clean spectrum loses a point
_SHARE = 12  # of so many points one may be an outlier, of 32 and more at least four; more are no outliers
_WORTH_A_SEARCH = 0.4  # evidence for a first outlier, over the limit, below which no group of outliers can hide


def evidence_needed(points: int) -> float:
    """Minus the logarithm of the probability below which the largest of so many residuals is not noise."""
    return float(np.log(points / _FALSE_ALARM))


def take_out(u: np.ndarray, left: np.ndarray, *, nearest: np.ndarray) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Take points out, each time the one that lowers the sum of squares most, up to the last step that is significant.

    Parameters
    ----------
    u : shape (2n, p), orthonormal, of the fit. left : shape (2n,), its residuals.
    nearest : shape (n,), distance from the rest below which a point is none.

    Returns
    -------
    The indices; what the fit and they explain, orthonormal, shape (2n, p + 2k); the residuals of the rest.
    """
    n = left.size // 2
    most, limit = max(1, min(4, n // 8), n // _SHARE), evidence_needed(n)
    gone: list[int] = []
    steps, freedom = [(u, left)], np.eye(2)[:, :, None] - _products(u)
    significant = 0
    while len(gone) <= most:
        explained, rest = steps[-1]
        gain, re, im = _leaving(freedom, rest)
        gain[gone] = 0.0
        worst = int(np.argmax(gain))
        while gain[worst] and math.hypot(re[worst], im[worst]) < nearest[worst]:
            gain[worst] = 0.0
            worst = int(np.argmax(gain))
        total, free = rest @ rest, rest.size - explained.shape[1] - 2
        if gain[worst] == 0.0 or free < 2:
            break
        # the F test with 2 and `free` degrees of freedom: its tail has a closed form
        evidence = 0.5 * free * np.log(total / max(total - gain[worst], FINEST**2 * rest.size))
        if evidence < _WORTH_A_SEARCH * limit:
            break
        gone.append(worst)
        significant = len(gone) if evidence > limit else significant
        new = _directions(explained, worst, freedom[:, :, worst])
        freedom = freedom - _products(new)
        freedom[:, :, worst] = _NOTHING  # of any value but 0: what is left of it is
        steps.append((np.concatenate([explained, new], axis=1), rest - new @ (new.T @ rest)))
    if significant > most:
        significant = 0  # so many are no outliers
    return (gone[:significant], *steps[significant])


def _products(columns: np.ndarray) -> np.ndarray:
    """Sums over columns, shape (2n, k), of the products of Re and Im of each point, shape (2, 2, n)."""
    parts = columns.reshape(2, len(columns) // 2, -1)
    return np.asarray(np.einsum("aij,bij->abi", parts, parts))


def _directions(explained: np.ndarray, point: int, freedom: np.ndarray) -> np.ndarray:
    """What a point adds to a fit when it leaves, orthonormal, shape (2n, 2 or fewer)."""
    n = len(explained) // 2
    new = -explained @ explained[[point, point + n]].T
    new[point, 0] += 1.0
    new[point + n, 1] += 1.0
    (a, both), (_, d) = freedom.tolist()
    if a * d - both * both > 2.0 * KNOWN:
        new[:, 1] -= both / a * new[:, 0]
        return np.asarray(new / (math.sqrt(a), math.sqrt(d - both * both / a)))
    _, variance, axes = _principal(freedom[:, :, None], np.zeros(2))
    known = np.isfinite(variance[:, 0])
    return np.asarray(new @ axes[:, known, 0] / np.sqrt(variance[known, 0]))


def _leaving(freedom: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By how much the sum of squares falls when a point leaves, and where it is from the rest then; shape (n,) each."""
    n = left.size // 2
    a, both, d = freedom[0, 0], freedom[0, 1], freedom[1, 1]
    x, y = left[:n], left[n:]
    determinant = a * d - both * both
    if determinant.min() <= 2.0 * KNOWN:  # it is the product of two variances of at most 1
        along, variance, _ = _principal(freedom, left)
        return np.sum(along**2 / variance, axis=0), *(along / variance)
    p, q = (d * x - both * y) / determinant, (a * y - both * x) / determinant
    return x * p + y * q, p, q


def _principal(freedom: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn the residuals (Re, Im) of each point to the two axes on which they are uncorrelated.

    Parameters
    ----------
    freedom : shape (2, 2, n), covariance of Re and Im, in units of the noise.

    Returns
    -------
    The residuals, shape (2, n); their variances in units of the noise, infinite where the fit passes through the point
    whatever its value; the axes as columns, shape (2, 2, n).
    """
    n = left.size // 2
    a, both, d = freedom[0, 0], freedom[0, 1], freedom[1, 1]
    half, angle = np.hypot(0.5 * (a - d), both), 0.5 * np.arctan2(2.0 * both, a - d)
    variance = 0.5 * (a + d) + np.array([half, -half])
    cos, sin = np.cos(angle), np.sin(angle)
    along = np.array([cos * left[:n] + sin * left[n:], cos * left[n:] - sin * left[:n]])
    return along, np.where(variance > KNOWN, variance, np.inf), np.array([[cos, -sin], [sin, cos]])
