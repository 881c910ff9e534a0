"""The one door to least squares: residual -> values, covariance, degrees of freedom.

Kernels bring a residual function and, where they can, its Jacobian; nobody else calls an optimiser.

Sources: Moré 1978 (MINPACK lmder), doi:10.1007/BFb0067700; with bounds Branch, Coleman, Li 1999,
doi:10.1137/S1064827595289108; both through scipy. Checked by tests/test_fit.py against the NIST
StRD reference values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from closo.errors import ConvergenceError

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Fit:
    """The outcome of a least-squares fit."""

    values: np.ndarray  # the parameters, shape (n,)
    covariance: np.ndarray  # (n, n), scaled by chi2 / df where the noise was unknown; inf where nothing is fixed
    residuals: np.ndarray  # at `values`, shape (m,)
    chi2: float  # sum of squared residuals
    df: int  # m - n


def least_squares(
    residual: Function,
    start: np.ndarray,
    *,
    jacobian: Function | None = None,
    noise_known: bool = False,
    tolerance: float = 1e-10,
    max_evaluations: int = 400,
    with_covariance: bool = True,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
) -> Fit:
    """Minimise the sum of squared residuals (Levenberg-Marquardt, scaled by the Jacobian's columns).

    Parameters
    ----------
    residual : parameters (n,) -> residuals (m,), m >= n; already divided by their standard deviation, or by something
        proportional to it.
    start : shape (n,).
    jacobian : parameters (n,) -> (m, n); by finite differences when absent.
    noise_known : True when residuals are in units of a known standard deviation: the covariance is then not scaled.
    with_covariance : False leaves it out (zeros) where the caller forms its own.
    bounds : lowest and highest values, shape (n,) each, inf where there is none; `start` must lie between. The values
        stay inside (trust region, reflective); the covariance knows nothing of bounds.

    Raises
    ------
    ConvergenceError  when there are fewer residuals than parameters, or the model gives no finite residual.

    Example
    -------
    >>> x = np.arange(5.0); y = 2.0 * x + 1.0
    >>> least_squares(lambda p: p[0] * x + p[1] - y, np.array([1.0, 0.0])).values.round(6).tolist()
    [2.0, 1.0]
    """
    start = np.asarray(start, float)
    first = residual(start)
    if first.size < start.size:
        raise ConvergenceError(
            f"{first.size} data values cannot fix {start.size} parameters.", hint="Use a simpler model."
        )
    if not np.all(np.isfinite(first)):
        raise ConvergenceError("The model is not finite at the start values.", hint="Give other start values.")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        values, residuals = _minimise(
            residual, start, jacobian, tolerance=tolerance, max_evaluations=max_evaluations, bounds=bounds
        )
    if not np.all(np.isfinite(residuals)):
        raise ConvergenceError("The fit left the range where the model is finite.", hint="Give other start values.")
    df = residuals.size - values.size
    chi2 = float(residuals @ residuals)
    if not with_covariance:
        return Fit(values, np.zeros((values.size, values.size)), residuals, chi2, df)
    slope = jacobian(values) if jacobian is not None else _differences(residual, values)
    scale = 1.0 if noise_known or df == 0 else chi2 / df
    covariance = covariance_of(slope.T @ slope)
    known = np.isfinite(covariance)  # what nothing fixes stays infinite, also where the residuals are 0
    covariance[known] *= scale
    return Fit(values, covariance, residuals, chi2, df)


def straight_line(x: np.ndarray, y: np.ndarray) -> Fit:
    """Fit y = slope x + intercept with equal weights; the scatter about the line is the noise.

    x, y : shape (m,), m >= 2 with two different x. The values are (slope, intercept).

    Example
    -------
    >>> fit = straight_line(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.1]))
    >>> fit.values.round(2).tolist(), fit.df
    ([2.03, 0.98], 2)
    """
    middle, spread = float(x.mean()), float(np.sum((x - x.mean()) ** 2))
    slope = float(np.sum((x - middle) * (y - y.mean()))) / spread
    residuals = y - y.mean() - slope * (x - middle)
    chi2, df = float(residuals @ residuals), len(x) - 2
    shape = np.array([[1.0, -middle], [-middle, spread / len(x) + middle * middle]]) / spread
    values = np.array([slope, float(y.mean()) - slope * middle])
    return Fit(values, shape * chi2 / max(df, 1), residuals, chi2, df)


def _minimise(
    residual: Function,
    start: np.ndarray,
    jacobian: Function | None,
    *,
    tolerance: float,
    max_evaluations: int,
    bounds: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values at the minimum and their residuals."""
    from scipy import optimize

    if bounds is None:
        values, _, info, _, _ = optimize.leastsq(
            residual,
            start,
            Dfun=jacobian,
            full_output=True,
            xtol=tolerance,
            ftol=tolerance,
            gtol=0.0,
            maxfev=max_evaluations,
        )
        return values, info["fvec"]
    minimum = optimize.least_squares(
        residual,
        start,
        jac=jacobian or "2-point",
        bounds=bounds,
        x_scale="jac",
        xtol=tolerance,
        ftol=tolerance,
        gtol=None,
        max_nfev=max_evaluations,
    )
    return minimum.x, minimum.fun


def covariance_of(fisher: np.ndarray) -> np.ndarray:
    """Invert a Fisher matrix; a direction without information gets a variance of inf instead of a wrong finite one.

    Parameters
    ----------
    fisher : shape (n, n), symmetric, of any scaling between its parameters.
    """
    if not np.all(np.isfinite(fisher)):  # a fit that was given up far outside: nothing is known
        return np.diag(np.full(len(fisher), np.inf))
    scale = np.sqrt(np.diag(fisher))
    scale = np.where(scale > 1e-100, scale, 0.0)
    safe = np.where(scale > 0, scale, 1.0)
    eigenvalues, vectors = np.linalg.eigh(fisher / np.outer(safe, safe))
    lost = eigenvalues <= len(fisher) * np.finfo(float).eps * max(eigenvalues[-1], 1e-300)
    inverse = np.where(lost, 0.0, 1.0 / np.where(lost, 1.0, eigenvalues))
    covariance = np.asarray((vectors * inverse) @ vectors.T / np.outer(safe, safe))
    blind = (scale == 0) | (np.abs(vectors[:, lost]).max(axis=1, initial=0.0) > 1e-3)
    covariance[blind, blind] = np.inf
    return covariance


def correlations(covariance: np.ndarray) -> np.ndarray:
    """Return the correlation matrix; 0 where a variance is not finite."""
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(all="ignore"):
        matrix = covariance / np.outer(spread, spread)
    return np.asarray(np.where(np.isfinite(matrix), matrix, 0.0))


def _differences(residual: Function, values: np.ndarray) -> np.ndarray:
    """Central differences, for kernels without an analytic Jacobian."""
    columns = []
    for k, value in enumerate(values):
        step = np.zeros_like(values)
        step[k] = 6e-6 * max(abs(value), 1e-8)
        columns.append((residual(values + step) - residual(values - step)) / (2 * step[k]))
    return np.stack(columns, axis=1)
