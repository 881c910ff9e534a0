"""Is one straight line right? Kink, jump, Vogel curvature and a single outlier are tested together.

Each alternative adds columns to the straight line. The smallest of their F-test p-values is compared with its own
distribution under a straight line (simulated for exactly these temperatures and weights), so that the scan over
transition temperatures does not raise false alarms. The stated uncertainties count like a variance known from a few
degrees of freedom: points that agree too well raise no alarm, a few points that miss the line by far do. Among the
alternatives the one with the lowest BIC is preferred.

Moderated F-test: Smyth 2004, doi:10.2202/1544-6115.1027.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

import numpy as np

from closo.combine.arrhenius.line import Convention, branch_columns, ordinate, stated_covariance
from closo.combine.arrhenius.points import Table

ALARM = 0.01  # probability of refusing a line that is straight
_DRAWS = 2000
_ROUNDING = 1e-18  # variance of ln sigma that rounding makes
_BELIEF = 2.0  # degrees of freedom that the stated uncertainties are worth
_KNOTS = 60  # kinks tried, even in 1/T


@dataclass(frozen=True)
class _Family:
    """Alternatives of one kind: candidates of `size` orthonormal columns each, shape (n, candidates * size)."""

    kind: str
    columns: np.ndarray
    size: int
    scanned: int  # places that were chosen by the scan
    where: tuple[Any, ...]  # candidate -> mask of the high phase, knot [K], or point

    def reduction(self, residuals: np.ndarray) -> np.ndarray:
        """Return by how much each candidate lowers chi2, shape (draws, count), for residuals (draws, n)."""
        squares = (residuals @ self.columns) ** 2
        return np.asarray(squares.reshape(len(residuals), -1, self.size).sum(axis=2))


@dataclass(frozen=True)
class Shape:
    """The verdict."""

    # A kink is continuous; untested means too few points.
    kind: Literal["line", "outlier", "curvature", "kink", "jump", "untested"]
    # Probability of so strong a deviation from a straight line by chance, scan included; None if untested.
    p_value: float | None = None
    # Shape (n,), points in the high-temperature phase (kink, jump, best kink of a curvature).
    high: np.ndarray | None = None
    transition: float | None = None  # [K] best kink (kink, curvature)
    transition_u: float | None = None  # [K] half-width of its 95 % interval over t
    outlier: int | None = None  # index of the point that stands out
    bic: dict[str, float] = field(default_factory=dict)  # kind -> BIC relative to the straight line; lower is better


def judge_shape(table: Table, convention: Convention) -> Shape:
    """Test the straight line against its alternatives."""
    space = _whitened(table, convention)
    if space is None:
        return Shape("untested")
    whiten, design, y, weighted = space
    basis = np.linalg.qr(whiten @ design)[0]
    df = len(y) - design.shape[1]
    if df < 2 or len(table.distinct()) < 4:
        return Shape("untested")
    belief = _BELIEF if weighted else 0.0
    families = _families(table, whiten, basis, df if weighted else df - 1)
    residual = _without(whiten @ y, basis)
    p_value = _p_value(residual, families, df=df, basis=basis, belief=belief)
    bic = _bic(residual, families, belief)
    if p_value >= ALARM:
        return Shape("line", p_value, bic=bic)
    best = min(families, key=lambda family: bic[family.kind])
    place = best.where[int(np.argmax(best.reduction(residual[None, :])[0]))]
    if best.kind == "outlier":
        return Shape("outlier", p_value, outlier=int(place), bic=bic)
    if best.kind == "jump":
        return Shape("jump", p_value, high=np.asarray(place, bool), bic=bic)
    transition, u = _kink(table, (whiten, basis, residual), df=df - 2, weighted=weighted)
    kind: Literal["curvature", "kink"] = "curvature" if best.kind == "curvature" else "kink"
    return Shape(kind, p_value, table.temperature >= transition, transition, u, bic=bic)


def _whitened(table: Table, convention: Convention) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool] | None:
    """Return whitening matrix (n, n), design (n, p) of the straight line, y (n,) and whether uncertainties are stated."""
    if len(table.points) < 4:
        return None
    y = ordinate(table, convention)
    levels, _ = branch_columns(table, 1)
    slope = float(np.polyfit(1.0 / table.temperature, y, 1)[0])
    stated, _, _, weighted = stated_covariance(table, -slope / table.temperature**2, convention)
    covariance = stated if weighted else np.eye(len(y))
    whiten = np.linalg.inv(np.linalg.cholesky(covariance))
    x = 1000.0 / table.temperature
    return whiten, np.column_stack([levels, x - x.mean()]), y, weighted


def _without(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return columns minus their part in the basis."""
    return np.asarray(columns - basis @ (basis.T @ columns))


def _families(table: Table, whiten: np.ndarray, basis: np.ndarray, largest: int) -> list[_Family]:
    """Return the alternatives with at most `largest` columns that these points can tell from a straight line."""
    x = 1000.0 / table.temperature
    n = len(x)
    distinct = table.distinct()
    knots = 1000.0 / np.linspace(1000.0 / distinct[-2], 1000.0 / distinct[1], _KNOTS)
    cuts = min(len(table.branches), 2)
    phases = _phases(table)
    tried: list[tuple[str, int, list[np.ndarray], list[Any]]] = [
        ("outlier", 1, list(np.eye(n)[:, :, None]), list(range(n))),
        ("curvature", 0, [((x - x.mean()) ** 2)[:, None]], [0]),
        ("kink", 1, [_bend(x, 1000.0 / knot)[:, None] for knot in knots], list(knots)),
        ("jump", cuts, [np.column_stack([m, m * (x - x.mean())]) for m in phases], phases),
    ]
    families = []
    for kind, scanned, candidates, places in tried:
        if not candidates or candidates[0].shape[1] > largest:
            continue
        size = candidates[0].shape[1]
        free = _without(whiten @ np.hstack(candidates), basis)
        q, r = np.linalg.qr(free.reshape(n, -1, size).transpose(1, 0, 2))  # all candidates at once
        told_apart = np.abs(np.diagonal(r, axis1=1, axis2=2)).min(axis=1) > 1e-6 * np.abs(whiten).max()
        if told_apart.any():
            where = tuple(place for place, ok in zip(places, told_apart, strict=True) if ok)
            columns = q[told_apart].transpose(1, 0, 2).reshape(n, -1)
            families.append(_Family(kind, columns, size, scanned, where))
    return families


def _bend(x: np.ndarray, knot: float) -> np.ndarray:
    """Return the column of a kink at `knot`: zero on its high-temperature side [1000/K]."""
    return np.asarray(np.clip(x - knot, 0.0, None))


def _phases(table: Table) -> list[np.ndarray]:
    """Return the ways to split the points into a low and a high phase, two temperatures or more in each.

    Of two branches each may turn at its own temperature (thermal hysteresis of a transition).
    """
    branch = np.array([p.branch for p in table.points])
    groups = [branch == name for name in table.branches] if len(table.branches) <= 2 else [np.ones(len(branch), bool)]
    gaps = [_gaps(np.sort(table.temperature[group])) for group in groups]
    phases = []
    for cuts in product(*gaps):
        high = np.zeros(len(branch), bool)
        for group, cut in zip(groups, cuts, strict=True):
            high |= group & (table.temperature > cut)
        if min(np.ptp(table.temperature[high]), np.ptp(table.temperature[~high])) > 0.5:
            phases.append(high.astype(float))
    return phases


def _gaps(ordered: np.ndarray) -> list[float]:
    """Return the middles between temperatures that differ by more than 0.5 K."""
    apart = np.diff(ordered) > 0.5
    return [float(t) for t in ((ordered[1:] + ordered[:-1]) / 2.0)[apart]]


def _p_values(shares: np.ndarray, family: _Family, df: float) -> np.ndarray:
    """Return F-test p-values for reductions of chi2 given as shares of the straight line's."""
    from scipy.special import betainc

    return np.asarray(betainc((df - family.size) / 2.0, family.size / 2.0, np.clip(1.0 - shares, 0.0, 1.0)))


def _p_value(residual: np.ndarray, families: list[_Family], *, df: int, basis: np.ndarray, belief: float) -> float:
    """Return the p-value of the smallest p among all candidates, from straight lines simulated at the same points."""
    rng = np.random.default_rng(20260101)
    draws = rng.standard_normal((_DRAWS, len(residual)))
    draws = draws - (draws @ basis) @ basis.T
    if belief:
        draws *= np.sqrt(belief / rng.chisquare(belief, (_DRAWS, 1)))
    floor = belief + len(residual) * _ROUNDING
    rows = np.vstack([residual, draws])
    total = (rows**2).sum(axis=1) + floor
    smallest = np.ones(len(rows))
    for family in families:
        smallest = np.minimum(smallest, _p_values(family.reduction(rows).max(axis=1) / total, family, df + belief))
    return float((1 + np.count_nonzero(smallest[1:] <= smallest[0])) / (_DRAWS + 1))


def _bic(residual: np.ndarray, families: list[_Family], belief: float) -> dict[str, float]:
    """Return BIC relative to the straight line; each scanned place counts as one parameter."""
    n, floor = len(residual), belief + len(residual) * _ROUNDING
    chi2 = float(residual @ residual) + floor
    found = {}
    for family in families:
        rest = max(chi2 - float(family.reduction(residual[None, :]).max()), floor)
        parameters = family.size + family.scanned
        found[family.kind] = (n + belief) * float(np.log(rest / chi2)) + parameters * float(np.log(n))
    return found


def _kink(
    table: Table, space: tuple[np.ndarray, np.ndarray, np.ndarray], *, df: int, weighted: bool
) -> tuple[float, float]:
    """Return the best kink [K] and the half-width of its profile interval (95 %) over the factor that belongs to it."""
    whiten, basis, residual = space
    distinct = table.distinct()
    knots = np.linspace(1000.0 / distinct[-2], 1000.0 / distinct[1], 400)
    columns = _without(whiten @ np.column_stack([_bend(1000.0 / table.temperature, k) for k in knots]), basis)
    size = (columns**2).sum(axis=0)
    gain = np.divide((residual @ columns) ** 2, size, out=np.zeros_like(size), where=size > 1e-9 * size.max())
    rest = np.maximum(residual @ residual - gain, 0.0)
    best = int(np.argmin(rest))
    scale = float(rest[best]) / max(df, 1)
    from scipy.special import stdtrit

    factor = float(stdtrit(max(df, 1), 0.975))
    inside = 1000.0 / knots[rest - rest[best] <= factor**2 * (max(scale, 1.0) if weighted else scale)]
    transition = float(1000.0 / knots[best])
    half = max(inside.max() - transition, transition - inside.min(), 0.5 * abs(1000.0 / knots[0] - 1000.0 / knots[1]))
    return transition, float(half) / factor
