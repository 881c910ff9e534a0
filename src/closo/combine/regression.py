"""Weighted straight lines and means of numbers that keep their sources.

A linear estimator is a sum of weights x numbers. Its weights come from the covariance of the numbers; the sum itself is
done with the numbers, so every source (a thickness common to all points, the fit of one point) reaches the result
exactly, with its label.

Where the residuals are larger than the stated uncertainties allow, scatter is added until chi2 equals the degrees of
freedom (Birge ratio where it scales the stated variances, Paule-Mandel where it is one variance for all), and Student's
t of these degrees of freedom applies.

Sources: Birge 1932, doi:10.1103/PhysRev.40.207; Paule and Mandel 1982, doi:10.6028/jres.087.022; GUM supplement 1.
Checked by tests/combine/test_regression.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closo.combine.doubts import is_mark, marks_of, with_marks
from closo.quantity import Number, sources, uncertain

_SMALLEST = 1e-12  # relative: below this a scatter is not distinguishable from rounding


@dataclass(frozen=True)
class Sources:
    """What several numbers owe to each source."""

    matrix: np.ndarray  # shape (n, m), signed component of number i from source k
    labels: tuple[str, ...]  # m labels
    df: np.ndarray  # shape (m,), degrees of freedom of each source


@dataclass(frozen=True)
class Regression:
    """The outcome of a linear fit."""

    values: np.ndarray  # shape (p,), the coefficients
    estimator: np.ndarray  # shape (p, n); values = estimator @ y
    residuals: np.ndarray  # shape (n,)
    chi2: float  # of the stated covariance; NaN where no uncertainty was stated
    df: int  # n - p
    scatter: np.ndarray  # shape (n,), standard deviation added to each y so that chi2 = df
    covariance: np.ndarray  # shape (p, p), from stated uncertainties and scatter together


def tabulate(numbers: Sequence[Number]) -> Sources:
    """Return the sources of `numbers`, but no marks of `doubts`, as one matrix.

    Example
    -------
    >>> s = tabulate([uncertain(1.0, {"area:p1": 0.1, "fit:a": 0.2}), uncertain(2.0, {"area:p1": 0.3})])
    >>> s.labels, s.matrix.tolist()
    (('area:p1', 'fit:a'), [[0.1, 0.2], [0.3, 0.0]])
    """
    found = [{k: u for k, u in sources(number).items() if not is_mark(k)} for number in numbers]
    keys = sorted({(label, df) for one in found for label, (_, df) in one.items()})
    column = {key: k for k, key in enumerate(keys)}
    matrix = np.zeros((len(numbers), len(keys)))
    for i, one in enumerate(found):
        for label, (u, df) in one.items():
            matrix[i, column[label, df]] = u
    return Sources(matrix, tuple(label for label, _ in keys), np.array([df for _, df in keys], float))


def split(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the covariance of numbers into what they share and what each has of its own.

    Parameters
    ----------
    matrix : shape (n, m), as in `Sources`.

    Returns
    -------
    common : shape (n, n), covariance from sources that touch two numbers or more.
    own : shape (n,), variances from sources that touch one number only.
    """
    alone = np.count_nonzero(matrix, axis=0) == 1
    shared = matrix[:, ~alone]
    return shared @ shared.T, np.asarray((matrix[:, alone] ** 2).sum(axis=1))


def regress(
    design: np.ndarray, y: np.ndarray, *, stated: np.ndarray, excess: np.ndarray, known: bool = True
) -> Regression:
    """Fit y = design @ values by generalised least squares.

    Parameters
    ----------
    design : shape (n, p), of full rank.
    y : shape (n,).
    stated : shape (n, n), covariance of y from its sources.
    excess : shape (n,), variances that scatter scales: the points' own ones (Birge), or ones (Paule-Mandel).
    known : False where `stated` holds no uncertainty of the points' own; the scatter then comes from the residuals alone.

    Example
    -------
    >>> line = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    >>> fit = regress(line, np.array([1.0, 3.0, 5.0]), stated=np.eye(3), excess=np.ones(3))
    >>> fit.values.round(9).tolist(), fit.df
    ([1.0, 2.0], 1)
    """
    df = len(y) - design.shape[1]
    chi2 = solve(design, y, stated)[2] if known else float("nan")
    factor = 0.0 if known and (df == 0 or chi2 <= df) else _scatter_factor(design, y, stated=stated, excess=excess)
    estimator, residuals, _, covariance = solve(design, y, stated + np.diag(factor * excess))
    return Regression(estimator @ y, estimator, residuals, chi2, df, np.sqrt(factor * excess), covariance)


def solve(
    design: np.ndarray, y: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Return estimator (p, n), residuals (n,), chi2 and covariance (p, p) of generalised least squares.

    Parameters
    ----------
    design : shape (n, p), of full rank.
    y : shape (n,).
    covariance : shape (n, n), positive definite.
    """
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, np.column_stack([design, y]))
    q, r = np.linalg.qr(whitened[:, :-1])
    inverse = np.linalg.inv(r)
    estimator = inverse @ np.linalg.solve(factor.T, q).T
    rest = whitened[:, -1] - q @ (q.T @ whitened[:, -1])
    return estimator, y - design @ (estimator @ y), float(rest @ rest), inverse @ inverse.T


def _scatter_factor(design: np.ndarray, y: np.ndarray, *, stated: np.ndarray, excess: np.ndarray) -> float:
    """Return f >= 0 such that chi2 with covariance stated + f diag(excess) equals its degrees of freedom."""
    df = len(y) - design.shape[1]
    floor = (_SMALLEST * float(np.trace(stated)) / len(y) + _SMALLEST**2) / float(excess.mean())
    if df == 0:
        return max(floor, _SMALLEST)

    def excess_of_chi2(factor: float) -> float:
        return float(solve(design, y, stated + np.diag(factor * excess))[2] - df)

    if excess_of_chi2(floor) <= 0:
        return floor
    high = max(1.0, 2.0 * floor)
    while excess_of_chi2(high) > 0:
        high *= 10.0
    from scipy.optimize import brentq

    return float(np.exp(brentq(lambda t: excess_of_chi2(float(np.exp(t))), np.log(floor), np.log(high), xtol=1e-6)))


def scatter_numbers(numbers: Sequence[Number], regression: Regression, *, label: str) -> list[Number]:
    """Return the numbers with the scatter of the fit, where there is any.

    What several numbers share keeps its labels. What each has of its own was less than what is seen, so it is taken
    over by the source `label` (one direction for each number, its size included) with the degrees of freedom of the
    fit: Student's t then applies to all that was judged by the residuals.
    """
    if not regression.scatter.any():
        return list(numbers)
    found = tabulate(numbers)
    _, own = split(found.matrix)
    shared = np.count_nonzero(found.matrix, axis=0) > 1
    seen = np.sqrt(own + regression.scatter**2)
    result = []
    for i, number in enumerate(numbers):
        kept = uncertain(float(number.x), {f"{label}[{i + 1}]": float(seen[i])}, df=max(regression.df, 1))
        for k in np.flatnonzero(shared & (found.matrix[i] != 0.0)):
            kept = kept + uncertain(0.0, {found.labels[k]: float(found.matrix[i, k])}, df=float(found.df[k]))
        result.append(with_marks(kept, marks_of(number)))
    return result


def weighted_sum(weights: np.ndarray, numbers: Sequence[Number], *, value: float) -> Number:
    """Return the number with all sources of sum(weights x numbers), and the given value.

    Example
    -------
    >>> both = weighted_sum(np.array([0.5, 0.5]), [uncertain(1.0, {"a": 0.2}), uncertain(3.0, {"a": 0.2})], value=2.0)
    >>> sources(both)
    {'a': (0.2, inf)}
    """
    total = uncertain(0.0, {})
    for weight, number in zip(weights, numbers, strict=True):
        total = total + float(weight) * number
    return total + (value - float(total.x))
