"""The straight line and the Vogel curve through the points of an Arrhenius plot.

y = ln(sigma T) or ln sigma.  Line: y = level - E/k (1/T - 1/T_ref).  Vogel: y = level - B (1/(T-T0) - 1/(T_ref-T0)).
Each branch has its own level; the level quoted is their mean. An uncertainty of T counts through the slope of the model
(effective variance), and through ln T where y = ln(sigma T).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from closo.combine.arrhenius.points import K_B, Table
from closo.combine.regression import Regression, regress, scatter_numbers, solve, split, weighted_sum
from closo.quantity import Number, uncertain

Convention = Literal["sigmaT", "sigma"]
ORDINATE: dict[Convention, str] = {"sigmaT": "ln(sigma T)", "sigma": "ln sigma"}
_NEGLIGIBLE = 1e-10  # variance of ln sigma, also relative to the common one, below which a point states none of its own


@dataclass(frozen=True)
class Line:
    """A straight line in the Arrhenius plot."""

    level: Number  # y at the reference temperature, mean of the branches; holds the source `hysteresis:<name>`
    energy: Number  # activation energy [J]
    reference: float  # T_ref [K], exact; chosen where level and energy are least correlated
    hysteresis: Number | None  # ln(sigma_cooling / sigma_heating), None without both branches
    weighted: bool  # False where a point states no uncertainty of its own, so that all weigh the same
    regression: Regression


@dataclass(frozen=True)
class Vogel:
    """A Vogel curve: level at T_ref, B [K], T0 [K]; the rest as in `Line`."""

    level: Number
    b: Number
    t0: Number
    reference: float
    hysteresis: Number | None
    regression: Regression


def ordinate(table: Table, convention: Convention) -> np.ndarray:
    """Return y, shape (n,): ln(sigma T / (S K/m)) or ln(sigma / (S/m))."""
    return table.ln_sigma + np.log(table.temperature) if convention == "sigmaT" else table.ln_sigma


def branch_columns(table: Table, others: int) -> tuple[np.ndarray, bool]:
    """Return one indicator column per branch, shape (n, b), or a single column of ones where the points are too few.

    Parameters
    ----------
    others : how many columns of the design follow; at least one degree of freedom must remain.
    """
    branches = table.branches
    columns = np.array([[float(p.branch == b) for b in branches] for p in table.points])
    if len(branches) > 1 and len(table.points) - len(branches) - others >= 1 and _apart(table):
        return columns, True
    return np.ones((len(table.points), 1)), False


def _apart(table: Table) -> bool:
    """Return whether levels and slope can be told apart: some branch spans a range of temperatures."""
    ranges = [np.ptp([t for t, p in zip(table.temperature, table.points, strict=True) if p.branch == b])
              for b in table.branches]  # fmt: skip
    return bool(max(ranges) > 0.5)


def stated_covariance(
    table: Table, gradient: np.ndarray, convention: Convention
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Return what the sources say about y minus the model.

    Parameters
    ----------
    gradient : shape (n,), d(model)/dT at the points [1/K].

    Returns
    -------
    stated : shape (n, n).
    excess : shape (n,), variances that scatter scales.
    sensitivity : shape (n,), d(y - model)/dT [1/K].
    weighted : False where a point has no uncertainty of its own.
    """
    sensitivity = (1.0 / table.temperature if convention == "sigmaT" else 0.0) - gradient
    common, own = split(table.sigma_parts + sensitivity[:, None] * table.temperature_parts)
    weighted = bool((own > np.maximum(_NEGLIGIBLE, _NEGLIGIBLE * np.diag(common))).all())
    return common + np.diag(own), own if weighted else np.ones_like(own), sensitivity, weighted


def fit_line(table: Table, convention: Convention, *, label: str, extra: np.ndarray | None = None) -> Line:
    """Fit a straight line with one level per branch.

    Parameters
    ----------
    label : what the fit belongs to; names the sources `scatter:<label>` and `hysteresis:<label>`.
    extra : shape (n, k), further columns of the design (a kink), so that hysteresis can be judged beside it.
    """
    y = ordinate(table, convention)
    further = np.zeros((len(y), 0)) if extra is None else extra
    levels, apart = branch_columns(table, 1 + further.shape[1])
    x = 1000.0 / table.temperature
    slope = float(np.polyfit(x, y, 1)[0])
    for _ in range(2):  # the weights depend on the slope through the uncertainty of T
        gradient = -slope * 1000.0 / table.temperature**2
        stated, excess, sensitivity, weighted = stated_covariance(table, gradient, convention)
        centre = float((x / excess).sum() / (1.0 / excess).sum())
        design = np.column_stack([levels, x - centre, further])
        estimator = solve(design, y, stated if weighted else np.diag(excess))[0]
        slope = float(estimator[levels.shape[1]] @ y)
    regression = regress(design, y, stated=stated, excess=excess, known=weighted)
    slope = float(regression.values[levels.shape[1]])
    numbers = _residual_numbers(table, sensitivity, regression, label=label)
    level, hysteresis = _levels(table, regression, numbers, label=label, count=levels.shape[1] if apart else 0)
    row = regression.estimator[levels.shape[1]]
    energy = weighted_sum(-1000.0 * K_B * row, numbers, value=-1000.0 * K_B * slope)
    return Line(level, energy, 1000.0 / centre, hysteresis, weighted, regression)


def _residual_numbers(table: Table, sensitivity: np.ndarray, regression: Regression, *, label: str) -> list[Number]:
    """Return numbers that vary as y minus the model: ln sigma + sensitivity x T, with the scatter of the fit."""
    plain = [
        ln_sigma + float(s) * point.temperature
        for ln_sigma, s, point in zip(table.ln_numbers, sensitivity, table.points, strict=True)
    ]
    return scatter_numbers(plain, regression, label=f"scatter:{label}")


def _levels(
    table: Table, regression: Regression, numbers: list[Number], *, label: str, count: int
) -> tuple[Number, Number | None]:
    """Return the mean level of the branches, and the hysteresis where both branches are there.

    The spread of the branches beyond their own uncertainty is a source of the level: which of them is the sample?
    """
    if count == 0:
        return weighted_sum(regression.estimator[0], numbers, value=float(regression.values[0])), None
    values, rows = regression.values[:count], regression.estimator[:count]
    level = weighted_sum(rows.mean(axis=0), numbers, value=float(values.mean()))
    centred = np.eye(count) - 1.0 / count
    own = float(np.trace(centred @ regression.covariance[:count, :count] @ centred.T))
    spread2 = (float(((values - values.mean()) ** 2).sum()) - own) / (count * (count - 1))
    level = level + uncertain(0.0, {f"hysteresis:{label}": math.sqrt(max(spread2, 0.0))}, df=count - 1)
    names = table.branches
    if not {"heating", "cooling"} <= set(names):
        return level, None
    up, down = names.index("heating"), names.index("cooling")
    difference = weighted_sum(rows[down] - rows[up], numbers, value=float(values[down] - values[up]))
    return level, difference


def fit_vogel(table: Table, convention: Convention, *, label: str) -> Vogel | None:
    """Fit ln s0 - B/(T - T0); None where T0 does not lie between 1 K and 10 K below the lowest temperature."""
    y = ordinate(table, convention)
    levels, apart = branch_columns(table, 2)
    reference = 1000.0 / float((1000.0 / table.temperature).mean())
    slope = float(np.polyfit(1.0 / table.temperature, y, 1)[0])
    gradient = -slope / table.temperature**2  # d(model)/dT [1/K] of the straight line, to weight the scan of T0
    stated, excess, _, weighted = stated_covariance(table, gradient, convention)
    covariance = stated if weighted else np.eye(len(y))

    def design_at(t0: float) -> np.ndarray:
        return np.column_stack([levels, 1.0 / (reference - t0) - 1.0 / (table.temperature - t0)])

    low, high = 0.0, float(table.temperature.min()) - 10.0
    for _ in range(4):
        grid = np.linspace(low, high, 25)
        chi2 = [solve(design_at(t), y, covariance)[2] for t in grid]
        best = int(np.argmin(chi2))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 24)]
    t0 = float(grid[best])
    if t0 < 1.0 or t0 > float(table.temperature.min()) - 11.0:
        return None
    linear = design_at(t0)
    b = float(solve(linear, y, covariance)[0][-1] @ y)
    to_t0 = b * (1.0 / (reference - t0) ** 2 - 1.0 / (table.temperature - t0) ** 2)
    gradient = b / (table.temperature - t0) ** 2
    stated, excess, sensitivity, weighted = stated_covariance(table, gradient, convention)
    regression = regress(
        np.column_stack([linear, to_t0]), y + t0 * to_t0, stated=stated, excess=excess, known=weighted
    )  # linear in T0 about the best one
    numbers = _residual_numbers(table, sensitivity, regression, label=label)
    level, hysteresis = _levels(table, regression, numbers, label=label, count=levels.shape[1] if apart else 0)
    b_number = weighted_sum(regression.estimator[-2], numbers, value=float(regression.values[-2]))
    t0_number = weighted_sum(regression.estimator[-1], numbers, value=float(regression.values[-1]))
    return Vogel(level, b_number, t0_number, reference, hysteresis, regression)
