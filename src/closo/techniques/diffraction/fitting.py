"""The bounded fit of a whole pattern, and how sure it is of its parameters.

The optimiser begins where a coarse search over cells and sizes leaves it, since a narrow reflection that begins beside its
place is never found by slopes. Weights follow the fitted pattern, not the counts, which would favour low points.

Residuals of a wrong shape are not noise: they are equal over whole reflections. So the covariance is that of a
jackknife that leaves out one block of angles at a time, never less than what counting gives.

Sources: Bell, McCaffrey, Survey Methodology 2002, 28, 169 (jackknife from leverages of blocks); Efron, Stein, Ann.
Stat. 1981, 9, 586, doi:10.1214/aos/1176345462; Hermans, Weidinger, J. Appl. Phys. 1948, 19, 491,
doi:10.1063/1.1698162 (amorphous part of a pattern).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Function, covariance_of, least_squares
from closo.techniques.diffraction.model import Model, Solution

_TOLERANCE = 1e-6
_MOST_CALLS = 60
_BLOCK = 3.0  # deg
_SIZES = (60.0, 200.0, 1000.0)  # angstrom, where the search begins
_LEAST_COUNTS = 3.0

Cost = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Fitted:
    """A fitted pattern.

    Attributes
    ----------
    model, values, solution : the model and where it fits best.
    covariance : of amounts (phases, humps), then of the parameters; shape (k, k).
    chi2 : reduced.
    """

    model: Model
    values: np.ndarray
    solution: Solution
    covariance: np.ndarray
    chi2: float

    def at_limit(self, name: str, phase: int = -1) -> bool:
        """Return whether a parameter ended at one of its limits."""
        k = self.model.index.get((name, phase))
        if k is None:
            return False
        parameter = self.model.parameters[k]
        margin = 1e-3 * (parameter.high - parameter.low)
        return bool(not parameter.low + margin < self.values[k] < parameter.high - margin)


def scatter_of(y: np.ndarray, counts: bool) -> float:
    """Return the factor k of the noise, variance = k y: 1 for counts, else from neighbours (robust second differences).

    Example
    -------
    >>> scatter_of(np.array([4.0, 9.0, 3.0, 5.0]), True)
    1.0
    """
    if counts or len(y) < 10:
        return 1.0
    bend = y[:-2] - 2.0 * y[1:-1] + y[2:]
    level = np.maximum((y[:-2] + y[1:-1] + y[2:]) / 3.0, 1e-12 * max(float(np.max(y)), 1e-300))
    return max(float(np.median(bend**2 / (6.0 * level))) / 0.4549, 1e-12)


def deviations(calculated: np.ndarray, scatter: float) -> np.ndarray:
    """Return the standard deviations of intensities that a pattern predicts."""
    return np.asarray(np.sqrt(scatter * np.maximum(calculated, _LEAST_COUNTS * scatter)))


def fit(
    model: Model, *, scatter: float, start: np.ndarray | None = None, passes: int = 2, judge: bool = True
) -> Fitted:
    """Fit a pattern.

    Parameters
    ----------
    start : where to begin; a search finds it when absent.
    passes : fits, each with the weights of the one before.
    judge : False leaves the covariances out (zeros).

    Raises
    ------
    ConvergenceError  where the model gives nothing finite.
    """
    low = np.array([p.low for p in model.parameters])
    high = np.array([p.high for p in model.parameters])
    values = search(model) if start is None else np.clip(start, low, high)
    inside = 1e-6 * (high - low)
    for _ in range(passes):
        found = least_squares(
            _with_priors(model),
            np.clip(values, low + inside, high - inside),
            jacobian=_slopes_with_priors(model),
            bounds=(low, high),
            tolerance=_TOLERANCE,
            max_evaluations=_MOST_CALLS,
            with_covariance=False,
        )
        values = found.values
        model = model.weighted(deviations(model.solve(values).calculated, scatter))
    if judge:
        return _judged(model, values)
    solution = model.solve(values)
    empty = np.zeros((len(solution.amounts) + len(values),) * 2)
    chi2 = float(solution.residuals @ solution.residuals) / max(len(model.x) - len(values), 1)
    return Fitted(model, values, solution, empty, chi2)


def _with_priors(model: Model) -> Function:
    def function(values: np.ndarray) -> np.ndarray:
        return np.concatenate([model.residuals(values), model.priors(values)])

    return function


def _slopes_with_priors(model: Model) -> Function:
    rows = np.diag([0.0 if p.prior is None else 1.0 / p.prior for p in model.parameters])

    def function(values: np.ndarray) -> np.ndarray:
        return np.concatenate([model.slopes(values), rows])

    return function


def search(model: Model) -> np.ndarray:
    """Return where to begin: sizes and cells of one phase after the other, on a coarse grid, twice."""
    values = np.array([p.start for p in model.parameters])

    def cost(trial: np.ndarray) -> float:
        residuals = model.residuals(trial)
        return float(residuals @ residuals)

    best = cost(values)
    for size in _SIZES:
        trial = values.copy()
        for phase in range(len(model.phases)):
            k = model.index.get(("size", phase))
            if k is not None:
                trial[k] = np.clip(np.log(size), model.parameters[k].low, model.parameters[k].high)
        if (value := cost(trial)) < best:
            best, values = value, trial
    for _ in range(2):
        for phase in range(len(model.phases)):
            values, best = _search_phase(model, values, best, phase=phase, cost=cost)
    return values


def _search_phase(model: Model, values: np.ndarray, best: float, *, phase: int, cost: Cost) -> tuple[np.ndarray, float]:
    lengths = [
        k
        for g, group in enumerate(model.phases[phase].free)
        if group[0] < 3 and (k := model.index.get((f"cell{g}", phase))) is not None
    ]
    at = model.index.get(("size", phase))
    sizes = _SIZES if at is not None else (None,)
    limit = min((model.parameters[k].high for k in lengths), default=0.0)
    begin = values
    for size in sizes:
        for change in np.linspace(-0.9 * limit, 0.9 * limit, 15):
            trial = begin.copy()
            trial[lengths] = change
            if at is not None and size is not None:
                trial[at] = np.clip(np.log(size), model.parameters[at].low, model.parameters[at].high)
            if (value := cost(trial)) < best:
                best, values = value, trial
    return values, best


def _judged(model: Model, values: np.ndarray) -> Fitted:
    """Return the fit with its covariance."""
    solution = model.solve(values)
    if not np.all(np.isfinite(solution.residuals)):
        raise ConvergenceError(
            "The fit left the range where the pattern is finite.", hint="Check the cells of the phases."
        )
    columns = model.columns(values)
    used = solution.amounts > 0
    used[: len(model.phases)] = True  # how well an amount of 0 is known is the limit of its detection
    moved = model.derivatives(values, solution.amounts)
    slope = np.column_stack([columns[:, used], moved, model.base]) / model.sd[:, None]
    scale = np.linalg.norm(slope, axis=0)
    scale[scale == 0] = 1.0
    slope = slope / scale
    n = int(used.sum()) + len(values)
    prior = np.zeros(slope.shape[1])
    for k, parameter in enumerate(model.parameters):
        j = int(used.sum()) + k
        spread = (parameter.high - parameter.low) if parameter.prior is None else parameter.prior
        prior[j] = 1.0 / (spread * scale[j]) ** 2
    normal = slope.T @ slope + np.diag(prior)
    robust = _jackknife(slope, solution.residuals, normal, blocks=_blocks(model.x))
    place = np.concatenate([np.flatnonzero(used), len(used) + np.arange(len(values))]).astype(int)
    covariance = np.zeros((len(used) + len(values),) * 2)
    covariance[np.ix_(place, place)] = (_at_least(robust, covariance_of(normal)) / np.outer(scale, scale))[:n, :n]
    df = max(len(model.x) - slope.shape[1], 1)
    chi2 = float(solution.residuals @ solution.residuals) / df
    return Fitted(model, values, solution, covariance, chi2)


def _blocks(x: np.ndarray) -> list[slice]:
    edges = np.searchsorted(x, np.arange(x[0], x[-1], _BLOCK))
    bounds = [*edges.tolist(), len(x)]
    return [slice(a, b) for a, b in pairwise(bounds) if b > a]


def _jackknife(slope: np.ndarray, residuals: np.ndarray, normal: np.ndarray, *, blocks: Sequence[slice]) -> np.ndarray:
    """Return the covariance of the parameters from leaving out each block, to first order with leverage."""
    inverse = np.linalg.pinv(normal, hermitian=True)
    eigenvalues, vectors = np.linalg.eigh(inverse)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    total = np.zeros_like(normal)
    for block in blocks:
        left, leverage, _ = np.linalg.svd(slope[block] @ root, full_matrices=False)
        # (I - H)^(-1/2) r: halfway, in the exponent, between no correction and that of leaving the block out
        more = 1.0 / np.sqrt(np.maximum(1.0 - leverage**2, 0.05)) - 1.0
        adjusted = residuals[block] + left @ (more * (left.T @ residuals[block]))
        change = inverse @ (slope[block].T @ adjusted)
        total += np.outer(change, change)
    return total


def _at_least(robust: np.ndarray, counting: np.ndarray) -> np.ndarray:
    """Return the robust covariance, with no variance below that of counting."""
    have, least = np.diag(robust), np.diag(counting)
    factor = np.sqrt(np.maximum(least / np.where(have > 0, have, 1.0), 1.0))
    raised = robust * np.outer(factor, factor)
    empty = have <= 0
    raised[empty, empty] = least[empty]
    return np.asarray(raised)


def refit(fitted: Fitted, model: Model, *, scatter: float, judge: bool = True) -> Fitted:
    """Fit another model from where one ended; parameters that both have begin there.

    `judge`: with covariances, else zeros.
    """
    start = np.array(
        [
            fitted.values[fitted.model.index[p.name, p.phase]] if (p.name, p.phase) in fitted.model.index else p.start
            for p in model.parameters
        ]
    )
    return fit(model.weighted(fitted.model.sd), scatter=scatter, start=start, passes=1, judge=judge)
