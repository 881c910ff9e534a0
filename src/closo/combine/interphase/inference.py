"""From a density over z to draws of the posterior and the evidence; the same seed gives the same numbers.

1. Modes: least squares from several starts (`closo.fit`).
2. Ridges: how much interphase there is and how well it conducts are known together much better than each, along a curved
   ridge. So from each mode the parameter of the structure is moved in steps, both ways, while least squares adapts the
   others, until the posterior has fallen by e^-12.
3. Proposal: a mixture of Student t (5 degrees of freedom), one at each step of a ridge, with the curvature there.
4. Annealing from the proposal to the posterior: importance weights, and where those are uneven, stages with resampling
   and random walks (Del Moral, Doucet, Jasra 2006, 10.1111/j.1467-9868.2006.00553.x). Where the proposal is good, as it
   mostly is, there is one stage without a walk. The product of the mean weights is the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammaln, logsumexp

from closo.combine.interphase.likelihood import Model, predict
from closo.combine.interphase.mechanisms import Parameter, natural
from closo.combine.interphase.records import Place
from closo.errors import ConvergenceError
from closo.fit import least_squares

_STARTS = 5
_DF = 5.0
_SLOPE = 1e-4  # step of z for slopes
_AWAY = 12.0  # fall of ln posterior from the best mode at which a ridge ends and another mode does not count
_STEPS = 30  # at most, of a ridge to each side
_EDGE = 6.0  # of z
_EVEN = 0.5  # effective share of the draws below which a stage ends
_AHEAD = 4  # the proposal gives this many times the draws: its stage is the cheapest
_WALKS = 8
_STAGES = 60
_NEVER = -1e30  # ln of a probability


class Density(Protocol):
    """What can be sampled: a density over z whose prior is standard normal; `structure` is the parameter of its ridge."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of the density, d of them."""

    @property
    def structure(self) -> int:
        """Index of the parameter along which the ridge is followed."""

    def log_posterior(self, z: np.ndarray) -> np.ndarray:
        """Return ln of the density, shape (draws,)."""

    def residuals(self, z: np.ndarray) -> np.ndarray:
        """Return numbers, shape (draws, any): half the sum of their squares is -ln of the density + constant."""


@dataclass(frozen=True)
class _Knot:
    """One component of the proposal: z = centre + factor x, with x from Student t; `height` is ln posterior there."""

    centre: np.ndarray
    factor: np.ndarray
    height: float


@dataclass(frozen=True)
class Posterior:
    """Draws of equal weight.

    Attributes
    ----------
    model : what was sampled.
    z : shape (draws, d).
    values : parameter -> shape (draws,), in its unit.
    log_evidence : ln p(data | explanation).
    effective : effective number of draws of the last stage.
    stages : of the annealing; 1 where the proposal was good enough.
    """

    model: Model
    z: np.ndarray
    values: dict[str, np.ndarray]
    log_evidence: float
    effective: float
    stages: int

    def predicted(self, place: Place, *, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ln sigma at new places and the variance of what no explanation foresees, each (about `draws`, places)."""
        pick = slice(None, None, max(1, len(self.z) // draws))
        found = predict(self.model, self.z[pick], place)
        own = (
            self.values["scatter"][pick, None] ** 2 + self.values["discrepancy"][pick, None] ** 2 + found.emulator_u**2
        )
        return found.log_conductivity, own


def sample(model: Model, *, draws: int = 1500, seed: int = 0) -> Posterior:
    """Return draws of the posterior of a model.

    Parameters
    ----------
    draws : number of draws.
    seed : the same seed gives the same draws.

    Raises
    ------
    ConvergenceError  when no start leads to a finite mode, or the annealing does not arrive.
    """
    z, effective, log_evidence, stages = draw(model, draws=draws, seed=seed)
    values = {name: x[:, 0] for name, x in natural(model.parameters, z).items()}
    return Posterior(model, z, values, log_evidence, effective, stages)


def draw(model: Density, *, draws: int, seed: int) -> tuple[np.ndarray, float, float, int]:
    """Return draws (draws, d) of any density, their effective number, the log evidence and the stages; see `sample`."""
    rng = np.random.default_rng([20260711, seed])
    centres, factors, weights = _proposal(model, _starts(model, rng))
    which = rng.choice(len(weights), _AHEAD * draws, p=weights / weights.sum())
    heavy = np.sqrt(_DF / rng.chisquare(_DF, len(which)))[:, None]
    normal = rng.standard_normal((len(which), len(model.parameters)))
    first = centres[which] + heavy * np.einsum("kij,kj->ki", factors[which], normal)
    return anneal(first, lambda x: _log_mixture(x, centres, factors, weights), model, draws=draws, rng=rng)


def _starts(model: Density, rng: np.random.Generator) -> np.ndarray:
    """Return where the search for modes starts: the centre of the prior, and places about it."""
    d = len(model.parameters)
    return np.vstack([np.zeros(d), 0.8 * rng.standard_normal((_STARTS - 1, d))])


def _proposal(model: Density, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centres (m, d), factors (m, d, d) and weights (m,) of the mixture."""
    modes: list[np.ndarray] = []
    heights: list[float] = []
    for start in starts:
        try:
            mode = _adapt(model, start, None)
        except ConvergenceError:
            continue
        height = float(model.log_posterior(mode[None])[0])
        if math.isfinite(height) and all(np.abs(mode - other).max() > 0.05 for other in modes):
            modes.append(mode)
            heights.append(height)
    if not modes:
        raise ConvergenceError(f"No start leads to a fit of '{model.name}' to the data.")
    best = max(heights)
    used = [k for k in np.argsort(heights)[::-1] if heights[k] > best - _AWAY][:3]
    knots = [knot for k in used for knot in _ridge(model, modes[k], best)]
    sizes = np.array([knot.height + np.linalg.slogdet(knot.factor)[1] for knot in knots])
    weights = np.exp(sizes - logsumexp(sizes))
    even = np.full(len(knots), 1.0 / len(knots))
    return np.array([k.centre for k in knots]), np.array([k.factor for k in knots]), 0.85 * weights + 0.15 * even


def _adapt(model: Density, start: np.ndarray, fixed: int | None) -> np.ndarray:
    """Return the highest point near a start, with the parameter of index `fixed` left where it is."""
    free = np.array([k for k in range(len(start)) if k != fixed])

    def full(x: np.ndarray) -> np.ndarray:
        z = np.repeat(start[None], len(x), axis=0)
        z[:, free] += x - 1.0  # the first step of least squares is in proportion to the size of x: start from ones
        return z

    def slope(x: np.ndarray) -> np.ndarray:
        return _slopes(lambda points: model.residuals(full(points)), x)

    fit = least_squares(
        lambda x: np.asarray(model.residuals(full(x[None]))[0]),
        np.ones(len(free)),
        jacobian=slope,
        tolerance=1e-6 if fixed is None else 1e-4,
        max_evaluations=60 if fixed is None else 15,
        with_covariance=False,
        noise_known=True,
    )
    return np.asarray(full(fit.values[None])[0])


def _slopes(residuals: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the slopes of residuals at x, shape (residuals, len(x)), from one evaluation of many points."""
    steps = _SLOPE * np.vstack([np.eye(len(x)), -np.eye(len(x))])
    around = residuals(x + steps)
    return np.asarray((around[: len(x)] - around[len(x) :]).T / (2.0 * _SLOPE))


def _ridge(model: Density, mode: np.ndarray, best: float) -> list[_Knot]:
    """Return the mode and the steps along its ridge to both sides."""
    k = model.structure
    height = float(model.log_posterior(mode[None])[0])
    inverse = np.linalg.inv(_fisher(model, mode))
    first = math.sqrt(float(inverse[k, k]))
    knots = [_knot(model, mode, first, height)]
    for direction in (1.0, -1.0):
        last, step = knots[0], first
        for _ in range(_STEPS):
            straight = last.centre + last.factor[:, k] / last.factor[k, k] * direction * step
            if abs(straight[k]) > _EDGE:
                break
            z = _adapt(model, np.clip(straight, -_EDGE, _EDGE), k)
            missed, now = model.log_posterior(np.stack([straight, z]))
            if not math.isfinite(now):
                break
            if now - missed > 2.0 and step > 0.1 * first:  # the ridge has turned away: try a smaller step
                step *= 0.5
                continue
            fall = last.height - now
            last = _knot(model, z, step, float(now))
            knots.append(last)
            if now < best - _AWAY:
                break
            step *= 1.5 if fall < 0.7 and now - missed < 0.5 else 0.7 if fall > 3.0 else 1.0
    return knots


def _fisher(model: Density, z: np.ndarray) -> np.ndarray:
    """Return the curvature of the posterior at z, shape (d, d), from the slopes of the residuals."""
    slope = _slopes(model.residuals, z)
    return np.asarray(slope.T @ slope)


def _knot(model: Density, z: np.ndarray, step: float, height: float) -> _Knot:
    """Return the component at a step of a ridge: as wide as the step along it, as the posterior across it."""
    k, d = model.structure, len(z)
    fisher = _fisher(model, z)
    free = np.array([i for i in range(d) if i != k])
    values, vectors = np.linalg.eigh(fisher[np.ix_(free, free)])
    across = vectors / np.sqrt(np.maximum(values, 0.5))
    factor = np.zeros((d, d))
    factor[np.ix_(free, free)] = across
    factor[k, k] = step
    factor[free, k] = -step * (across @ (across.T @ fisher[free, k]))
    return _Knot(z, factor, height)


def _log_mixture(z: np.ndarray, centres: np.ndarray, factors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the log density of the mixture of Student t at z (draws, d)."""
    d = z.shape[1]
    constant = gammaln(0.5 * (_DF + d)) - gammaln(0.5 * _DF) - 0.5 * d * math.log(_DF * math.pi)
    parts = []
    for centre, factor, weight in zip(centres, factors, weights, strict=True):
        x = np.linalg.solve(factor, (z - centre).T)
        level = constant - np.linalg.slogdet(factor)[1] + math.log(weight)
        parts.append(level - 0.5 * (_DF + d) * np.log1p((x**2).sum(axis=0) / _DF))
    return np.asarray(logsumexp(parts, axis=0))


def anneal(
    z: np.ndarray,
    log_proposal: Callable[[np.ndarray], np.ndarray],
    model: Density,
    *,
    draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float, float, int]:
    """Carry draws z of a proposal to the posterior; return them, their effective number, the log evidence, the stages."""
    d = z.shape[1]

    def both(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(model.log_posterior(z), _NEVER), np.maximum(log_proposal(z), _NEVER)

    target, proposal = both(z)
    done, log_evidence = 0.0, 0.0
    for stage in range(1, _STAGES + 1):
        step = _next_step(target - proposal, 1.0 - done, least=_EVEN * draws)
        weight = step * (target - proposal)
        log_evidence += float(logsumexp(weight)) - math.log(len(z))
        share = np.exp(weight - logsumexp(weight))
        effective = 1.0 / float((share**2).sum())
        done += step
        pick = _resample(share, draws, rng)
        z, target, proposal = z[pick], target[pick], proposal[pick]
        if stage == 1 and done >= 1.0:
            return z, effective, log_evidence, stage
        covariance = np.cov(z.T) + 1e-10 * np.eye(d)
        factor = 2.38 / math.sqrt(d) * np.linalg.cholesky(covariance)
        for walk in range(_WALKS):
            trial = z + (1.0 if walk % 3 else 0.3) * rng.standard_normal(z.shape) @ factor.T
            new_target, new_proposal = both(trial)
            gain = done * (new_target - target) + (1.0 - done) * (new_proposal - proposal)
            taken = np.log(rng.random(draws)) < gain
            z, target, proposal = (
                np.where(taken[:, None], trial, z),
                np.where(taken, new_target, target),
                np.where(taken, new_proposal, proposal),
            )
        if done >= 1.0:
            return z, effective, log_evidence, stage
    raise ConvergenceError(f"The posterior of '{model.name}' was not reached in {_STAGES} stages.")


def _next_step(log_ratio: np.ndarray, left: float, *, least: float) -> float:
    """Return the largest step of the annealing that leaves at least `least` effective draws."""

    def even(step: float) -> bool:
        w = step * log_ratio
        return bool(math.exp(2.0 * logsumexp(w) - logsumexp(2.0 * w)) >= least)

    if even(left):
        return left
    low, high = 0.0, left
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if even(middle) else (low, middle)
    return max(low, 1e-4)


def _resample(share: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return indices by systematic resampling, shape (draws,)."""
    points = (np.arange(draws) + rng.random()) / draws
    return np.minimum(np.searchsorted(np.cumsum(share), points), len(share) - 1)
