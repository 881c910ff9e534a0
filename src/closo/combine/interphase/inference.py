"""From a density over z to draws of the posterior and the evidence; the same seed gives the same numbers.

1. Modes: least squares from several starts, all at once.
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

import numpy as np
from scipy.special import gammaln, logsumexp

from closo.combine.interphase.likelihood import Density, Model, predict
from closo.combine.interphase.mechanisms import natural
from closo.combine.interphase.records import Place
from closo.errors import ConvergenceError

_STARTS = 5
_DF = 5.0
_SLOPE = 1e-4  # step of z for slopes
_AWAY = 12.0  # fall of ln posterior from the best mode at which a ridge ends and another mode does not count
_STEPS = 30  # at most, of a ridge to each side
_EDGE = 6.0  # of z
_FARTHEST = 3.0  # of z in one step of a climb
_EVEN = 0.5  # effective share of the draws below which a stage ends
_AHEAD = 4  # the proposal gives this many times the draws: its stage is the cheapest
_WALKS = 8
_STAGES = 60
_NEVER = -1e30  # ln of a probability


@dataclass(frozen=True)
class _Knot:
    """One component of the proposal: z = centre + factor x, with x from Student t; `height` is ln posterior + constant."""

    centre: np.ndarray
    factor: np.ndarray
    height: float

    def holds(self, z: np.ndarray) -> bool:
        """Return whether z lies within one width of it."""
        return bool(np.abs(np.linalg.solve(self.factor, z - self.centre)).max() < 1.0)


@dataclass(frozen=True)
class _Top:
    """Where a climb ended: z, ln posterior + constant, the curvature (d, d) there, and how far up it went."""

    z: np.ndarray
    height: float
    fisher: np.ndarray
    gain: float


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
    d = len(model.parameters)
    starts = np.vstack(
        [np.zeros(d), 0.8 * rng.standard_normal((_STARTS - 1, d))]
    )  # the centre of the prior, and about it
    centres, factors, weights = _proposal(model, starts)
    which = rng.choice(len(weights), _AHEAD * draws, p=weights)
    heavy = np.sqrt(_DF / rng.chisquare(_DF, len(which)))[:, None]
    normal = rng.standard_normal((len(which), d))
    first = centres[which] + heavy * np.einsum("kij,kj->ki", factors[which], normal)
    return anneal(first, _mixture(centres, factors, weights), model, draws=draws, rng=rng)


def _proposal(model: Density, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centres (m, d), factors (m, d, d) and weights (m,) of the mixture."""
    tops = _climb(model, starts, most=40, enough=1e-5)
    modes: list[_Top] = []
    for top in sorted((t for t in tops if math.isfinite(t.height)), key=lambda t: -t.height):
        if all(np.abs(top.z - other.z).max() > 0.05 for other in modes):
            modes.append(top)
    if not modes:
        raise ConvergenceError(f"No start leads to a fit of '{model.name}' to the data.")
    best, knots = modes[0].height, list[_Knot]()
    for top in modes[:3]:
        if top.height > best - _AWAY and not any(knot.holds(top.z) for knot in knots):
            knots += _ridge(model, top, best)
    sizes = np.array([knot.height + np.linalg.slogdet(knot.factor)[1] for knot in knots])
    weights = 0.85 * np.exp(sizes - logsumexp(sizes)) + 0.15 / len(knots)
    return np.array([k.centre for k in knots]), np.array([k.factor for k in knots]), weights


def _climb(model: Density, z: np.ndarray, *, most: int, enough: float, fixed: int | None = None) -> list[_Top]:
    """Return how far up the density it goes from each z (k, d), by Levenberg-Marquardt for all of them at once.

    Parameters
    ----------
    most : steps; enough : gain of ln posterior below which none is made.
    fixed : index of a parameter that stays where it is.
    """
    free = np.array([i for i in range(z.shape[1]) if i != fixed])
    damping, ladder = np.full(len(z), 1e-2), np.array([1e-2, 1.0, 1e2])
    residuals, slopes = _around(model, z)
    start = _height(residuals)
    for _ in range(most):
        now = _height(residuals)
        part = slopes[:, :, free]
        curved = part.transpose(0, 2, 1) @ part
        pull = part.transpose(0, 2, 1) @ residuals[:, :, None]
        tried = damping[:, None] * ladder
        scale = np.einsum("kii->ki", curved)[:, None, :, None] * np.eye(len(free))
        steps = np.linalg.solve(curved[:, None] + tried[:, :, None, None] * scale, pull[:, None])[..., 0]
        trial = np.repeat(z[:, None], len(ladder), axis=1)
        trial[:, :, free] -= np.clip(steps, -_FARTHEST, _FARTHEST)
        heights = _height(model.residuals(trial.reshape(-1, z.shape[1]))).reshape(tried.shape)
        pick = heights.argmax(axis=1)[:, None]
        gain = np.take_along_axis(heights, pick, axis=1)[:, 0] - now
        up = gain > 0.0
        z = np.where(up[:, None], np.take_along_axis(trial, pick[..., None], axis=1)[:, 0], z)
        damping = np.maximum(np.where(up, np.take_along_axis(tried, pick, axis=1)[:, 0], 1e2 * damping), 1e-8)
        residuals, slopes = _around(model, z)
        if not ((gain > enough) | (~up & (damping < 1e6))).any():
            break
    heights, fisher = _height(residuals), slopes.transpose(0, 2, 1) @ slopes
    return [_Top(*each) for each in zip(z, heights.tolist(), fisher, (heights - start).tolist(), strict=True)]


def _height(residuals: np.ndarray) -> np.ndarray:
    """Return ln posterior from residuals (..., m), up to a constant."""
    found = -0.5 * (residuals**2).sum(axis=-1)
    return np.where(np.isfinite(found), found, -np.inf)


def _around(model: Density, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals (k, m) at z (k, d) and their slopes (k, m, d), from one evaluation of all points."""
    k, d = z.shape
    points = z[:, None] + _SLOPE * np.vstack([np.zeros(d), np.eye(d)])
    found = model.residuals(points.reshape(-1, d)).reshape(k, d + 1, -1)
    return found[:, 0], ((found[:, 1:] - found[:, :1]) / _SLOPE).transpose(0, 2, 1)


def _ridge(model: Density, mode: _Top, best: float) -> list[_Knot]:
    """Return the mode and the steps along its ridge to both sides."""
    k = model.structure
    first = math.sqrt(float(np.linalg.inv(mode.fisher)[k, k]))
    knots = [_knot(mode, k, first)]
    for direction in (1.0, -1.0):
        last, step = knots[0], first
        for _ in range(_STEPS):
            straight = last.centre + last.factor[:, k] / last.factor[k, k] * direction * step
            if abs(straight[k]) > _EDGE:
                break
            top = _climb(model, np.clip(straight, -_EDGE, _EDGE)[None], most=2, enough=0.05, fixed=k)[0]
            if not math.isfinite(top.height):
                break
            if top.gain > 2.0 and step > 0.1 * first:  # the ridge has turned away: try a smaller step
                step *= 0.5
                continue
            fall = last.height - top.height
            last = _knot(top, k, step)
            knots.append(last)
            if top.height < best - _AWAY:
                break
            step *= 1.5 if fall < 0.7 and top.gain < 0.5 else 0.7 if fall > 3.0 else 1.0
    return knots


def _knot(top: _Top, k: int, step: float) -> _Knot:
    """Return the component at a step of a ridge: as wide as the step along it, as the posterior across it."""
    d, fisher = len(top.z), top.fisher
    free = np.array([i for i in range(d) if i != k])
    values, vectors = np.linalg.eigh(fisher[np.ix_(free, free)])
    across = vectors / np.sqrt(np.maximum(values, 0.5))
    factor = np.zeros((d, d))
    factor[np.ix_(free, free)] = across
    factor[k, k] = step
    factor[free, k] = -step * (across @ (across.T @ fisher[free, k]))
    return _Knot(top.z, factor, top.height)


def _mixture(centres: np.ndarray, factors: np.ndarray, weights: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the log density of the mixture of Student t, a function of z (draws, d)."""
    m, d = centres.shape
    inverse = np.linalg.inv(factors)
    middle = np.einsum("kij,kj->ki", inverse, centres)
    constant = gammaln(0.5 * (_DF + d)) - gammaln(0.5 * _DF) - 0.5 * d * math.log(_DF * math.pi)
    levels = constant - np.linalg.slogdet(factors)[1] + np.log(weights)

    def log_density(z: np.ndarray) -> np.ndarray:
        x = (z @ inverse.transpose(2, 0, 1).reshape(d, m * d)).reshape(len(z), m, d) - middle
        parts = levels - 0.5 * (_DF + d) * np.log1p(np.einsum("nkd,nkd->nk", x, x) / _DF)
        most = parts.max(axis=1)
        return np.asarray(most + np.log(np.exp(parts - most[:, None]).sum(axis=1)))

    return log_density


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

    def high(function: Callable[[np.ndarray], np.ndarray], z: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(function(z), _NEVER))

    target, proposal = high(model.log_posterior, z), high(log_proposal, z)
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
            new_target = high(model.log_posterior, trial)
            new_proposal = high(log_proposal, trial) if done < 1.0 else proposal  # at the end it has no weight
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
