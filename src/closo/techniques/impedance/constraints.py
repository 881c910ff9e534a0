"""Parameters of a circuit in the user's hand: held, kept between bounds, or begun with.

A held parameter takes no part in the fit: its rows of the covariance are zero, and the covariance of the others is their
Schur complement, Sff - Sfh Shh^-1 Shf. A parameter that the data would have outside its bounds ends at one of them. Its
likelihood then falls from the bound inwards as exp(-g x - h x^2/2), with x the distance, g the slope and h the curvature of
half the sum of squares along the valley of the other parameters. The root mean square of x stands as its uncertainty, and
moves the others along the valley: it shrinks to nothing where the bound is far from what the data want, and it becomes the
free uncertainty where the bound just touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, permutations, product

import numpy as np

from closo.fit import Fit, Function, covariance_of, least_squares
from closo.techniques.impedance.circuit import Circuit

_ORDERS = 24  # orders of the arcs in which the values named by the user are tried
_RELEASED = 1e-6  # relative rise of the sum of squares that a parameter put at its bound may cause


@dataclass(frozen=True)
class Constraints:
    """What the user says of theta, by its indices."""

    held: Mapping[int, float] = field(default_factory=dict)  # index -> value that stays
    bounds: Mapping[int, tuple[float, float]] = field(default_factory=dict)  # index -> (lowest, highest)
    begin: Mapping[int, float] = field(default_factory=dict)  # index -> value to begin with

    @property
    def named(self) -> frozenset[int]:
        """Every index that the user named: its arc keeps its place."""
        return frozenset(self.held) | frozenset(self.bounds) | frozenset(self.begin)

    def free(self, size: int) -> np.ndarray:
        """Return the indices that are fitted, of `size` parameters."""
        return np.array([k for k in range(size) if k not in self.held], int)

    def applied(self, theta: np.ndarray) -> np.ndarray:
        """Return theta with the named values put in and moved between the bounds."""
        theta = np.array(theta, float)
        for k, value in {**self.begin, **self.held}.items():
            theta[k] = value
        for k, (low, high) in self.bounds.items():
            theta[k] = min(max(theta[k], low), high)
        return theta

    def starts(
        self, circuit: Circuit, drawn: Iterable[np.ndarray], residual: Function, *, most: int
    ) -> list[np.ndarray]:
        """Return the best start vectors with the named values put in, the arcs in every order.

        The data know no names: which of its arcs the user calls R1 shows in the order that fits. Behind them stand the
        starts that the data alone would have, each in the order nearest to the values to begin with: a start that was
        right for another temperature must not end in another valley.
        """
        ordered = [[theta[order] for order in islice(_orders(circuit), _ORDERS)] for theta in drawn]
        if not ordered:
            return []
        named = np.unique([self.applied(theta) for thetas in ordered for theta in thetas], axis=0)
        misfit = np.nan_to_num([np.sum(residual(theta) ** 2) for theta in named], nan=np.inf)
        found = [named[k] for k in np.argsort(misfit, kind="stable")[:most]]
        if self.begin:
            index, values = list(self.begin), np.array(list(self.begin.values()))
            plain = replace(self, begin={})
            nearest = [min(thetas, key=lambda theta: np.sum(np.abs(theta[index] - values))) for thetas in ordered]
            found += [plain.applied(theta) for theta in nearest[:most]]
        return found

    def solve(self, residual: Function, jacobian: Function, theta: np.ndarray, *, max_evaluations: int) -> Fit:
        """Fit what is free from `theta`; the values of the outcome are all of theta.

        Raises
        ------
        ConvergenceError  as `least_squares`.
        """
        if not self.held and not self.bounds:
            return least_squares(
                residual, theta, jacobian=jacobian, max_evaluations=max_evaluations, with_covariance=False
            )
        theta, free = self.applied(theta), self.free(theta.size)

        def whole(x: np.ndarray) -> np.ndarray:
            full = theta.copy()
            full[free] = x
            return full

        if not free.size:
            left = residual(theta)
            return Fit(theta, np.zeros((theta.size, theta.size)), left, float(left @ left), left.size)
        limits = np.array([self.bounds.get(int(k), (-np.inf, np.inf)) for k in free]).T
        fit = least_squares(
            lambda x: residual(whole(x)),
            theta[free],
            jacobian=lambda x: jacobian(whole(x))[:, free],
            max_evaluations=max_evaluations,
            with_covariance=False,
            bounds=(limits[0], limits[1]) if np.any(np.isfinite(limits)) else None,
        )
        return replace(fit, values=whole(fit.values))


def _orders(circuit: Circuit) -> Iterator[np.ndarray]:
    """Yield the permutations of theta that exchange arcs of one kind."""
    kinds = [[a for a in circuit.arcs if a.storage.kind.symbol == symbol] for symbol in ("C", "Q")]
    for chosen in product(*(permutations(arcs) for arcs in kinds)):
        order = np.arange(circuit.size)
        for places, arcs in zip(kinds, chosen, strict=True):
            for place, arc in zip(places, arcs, strict=True):
                order[list(place.slots)] = arc.slots
        yield order


def settle(
    given: Constraints, best: Fit, residual: Function, jacobian: Function, *, max_evaluations: int
) -> tuple[Fit, dict[int, str]]:
    """Put the parameters that the data would have outside exactly at their bounds, and fit the others again.

    Returns
    -------
    The fit, and index -> 'lower' or 'upper' of every parameter that ends at a bound.
    """
    ended: dict[int, str] = {}
    if not given.bounds:
        return best, ended
    for _ in given.bounds:
        held = replace(given, held={**given.held, **{k: given.bounds[k][s == "upper"] for k, s in ended.items()}})
        wanted = _outside(held, best, jacobian)
        if wanted is None:
            break
        k, side = wanted
        tried = replace(held, held={**held.held, k: given.bounds[k][side == "upper"]})
        again = tried.solve(residual, jacobian, best.values, max_evaluations=max_evaluations)
        if again.chi2 > best.chi2 * (1.0 + _RELEASED):
            break
        best, ended = again, ended | {k: side}
    slope = jacobian(best.values).T @ best.residuals  # a bound that the last steps made idle is not a bound
    return best, {k: s for k, s in ended.items() if (slope[k] > 0) == (s == "lower")}


def _outside(given: Constraints, fit: Fit, jacobian: Function) -> tuple[int, str] | None:
    """Return the bounded parameter that the next free step would take out of its bounds farthest, None where none."""
    free = given.free(fit.values.size)
    if not free.size:
        return None
    step = np.linalg.lstsq(jacobian(fit.values)[:, free], -fit.residuals, rcond=1e-10)[0]
    beyond = {}
    for k, value in zip(map(int, free), fit.values[free] + step, strict=True):
        low, high = given.bounds.get(k, (-np.inf, np.inf))
        if not low <= value <= high:
            beyond[k] = (max(low - value, value - high), "lower" if value < low else "upper")
    if not beyond:
        return None
    worst = max(beyond, key=lambda k: beyond[k][0])
    return worst, beyond[worst][1]


def covariance_within(
    fisher: np.ndarray, slope: np.ndarray, given: Constraints, ended: Mapping[int, str]
) -> np.ndarray:
    """Invert a Fisher matrix where some parameters are held and others end at their bounds.

    Parameters
    ----------
    fisher : shape (n, n).
    slope : shape (n,), derivative of half the sum of squares, in the same units.
    ended : index -> bound, of the parameters at their bounds.
    """
    inside = np.array([k for k in given.free(len(fisher)) if k not in ended], int)
    covariance = np.zeros_like(fisher)
    if inside.size:
        covariance[np.ix_(inside, inside)] = covariance_of(fisher[np.ix_(inside, inside)])
    finite = np.where(np.isfinite(covariance), covariance, 0.0)
    for k in ended:
        along = -finite @ fisher[:, k]  # how the others follow when this one moves
        along[k] = 1.0
        curvature = max(float(fisher[k] @ along), 0.0)
        low, high = given.bounds[k]
        square = _mean_square(abs(float(slope[k])), curvature, high - low)
        covariance = covariance + square * np.outer(along, along)
    return covariance


def _mean_square(slope: float, curvature: float, width: float) -> float:
    """Return the mean of x^2 under exp(-slope x - curvature x^2/2) for 0 < x < width."""
    fall = max(slope, float(np.sqrt(curvature)), 40.0 / width)
    if not fall > 0:  # no bound beyond and nothing that the data say
        return float("inf")
    reach = 40.0 / fall
    x = reach * (np.arange(4000) + 0.5) / 4000
    weight = np.exp(-slope * x - 0.5 * curvature * x * x)
    return float(np.sum(weight * x * x) / np.sum(weight))
