"""Points that do not belong to a linear fit of a spectrum, several of which may hide one another.

The point whose leaving lowers the sum of squares most leaves first, then the next. As many are outliers as the last
significant step asks for, because a group hides each of its own in the first steps. More than one in twelve are none.

Source: Rosner, Technometrics 1983, 25, 165, doi:10.1080/00401706.1983.10487848. Checked by
tests/techniques/impedance/test_kramers_kronig.py.
"""

from __future__ import annotations

import numpy as np

FINEST = 1e-8  # residuals below this part of |Z| are rounding
KNOWN = 1e-3  # variance of a residual, in units of the noise, below which the fit passes through the point
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
    steps, freedom = [(u, left)], np.array([[1.0], [0.0], [1.0]]) - _products(u)
    significant = 0
    while len(gone) <= most:
        explained, rest = steps[-1]
        gain, distance = _leaving(freedom, rest)
        gain[distance < nearest] = 0.0
        gain[gone] = 0.0
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
        pair = [worst, worst + n]
        _, variance, axes = _principal(freedom[:, [worst]], rest[pair])
        known = np.isfinite(variance[:, 0])
        new = -explained @ (explained[pair].T @ axes[:, known, 0])
        new[pair] += axes[:, known, 0]
        new /= np.sqrt(variance[known, 0])
        freedom = freedom - _products(new)
        freedom[:, worst] = 1.0, 0.0, 1.0  # of any value but 0: what is left of it is
        steps.append((np.concatenate([explained, new], axis=1), rest - new @ (new.T @ rest)))
    if significant > most:
        significant = 0  # so many are no outliers
    return (gone[:significant], *steps[significant])


def _products(columns: np.ndarray) -> np.ndarray:
    """Sums over columns, shape (2n, k), of Re Re, Re Im and Im Im of each point, shape (3, n)."""
    n = len(columns) // 2
    re, im = columns[:n], columns[n:]
    return np.array([np.einsum("ij,ij->i", a, b) for a, b in ((re, re), (re, im), (im, im))])


def _leaving(freedom: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By how much the sum of squares falls when a point leaves, and how far it is from the rest then; shape (n,) each."""
    n = left.size // 2
    a, both, d = freedom
    x, y = left[:n], left[n:]
    if (0.5 * (a + d) - np.hypot(0.5 * (a - d), both)).min() <= KNOWN:
        along, variance, _ = _principal(freedom, left)
        return np.sum(along**2 / variance, axis=0), np.hypot(*(along / variance))
    determinant = a * d - both * both
    p, q = (d * x - both * y) / determinant, (a * y - both * x) / determinant
    return x * p + y * q, np.hypot(p, q)


def _principal(freedom: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn the residuals (Re, Im) of each point to the two axes on which they are uncorrelated.

    Parameters
    ----------
    freedom : shape (3, n), variance of Re, covariance and variance of Im, in units of the noise.

    Returns
    -------
    The residuals, shape (2, n); their variances in units of the noise, infinite where the fit passes through the point
    whatever its value; the axes as columns, shape (2, 2, n).
    """
    n = left.size // 2
    a, both, d = freedom
    half, angle = np.hypot(0.5 * (a - d), both), 0.5 * np.arctan2(2.0 * both, a - d)
    variance = 0.5 * (a + d) + np.array([half, -half])
    cos, sin = np.cos(angle), np.sin(angle)
    along = np.array([cos * left[:n] + sin * left[n:], cos * left[n:] - sin * left[:n]])
    return along, np.where(variance > KNOWN, variance, np.inf), np.array([[cos, -sin], [sin, cos]])
