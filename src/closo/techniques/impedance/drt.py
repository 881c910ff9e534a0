"""Distribution of relaxation times: gamma(ln tau) >= 0 with credible bands and a peak table.

    Z(w) = R_s + j w L + B (j w)^-n + integral gamma(ln tau) / (1 + j w tau) dln tau

The blocking electrode (B, with the exponent n of the circuit fit) and the inductance are part of the model, so they do
not have to be cut away first. gamma is piecewise linear on a grid of ten points per decade, half a decade wider than the
data at the fast end (what is faster still looks like R_s). Its prior is Gaussian on the second difference, relative to
the local size of gamma; the strength is chosen from the data by the largest marginal likelihood (evidence), where the
noise level is the one that Kramers-Kronig found. Bands come from samples of randomise-then-optimise: the data and the
prior are disturbed by their own spread and the non-negative problem is solved anew, all samples at once by ADMM.

Sources: Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 2015, 184, 483, doi:10.1016/j.electacta.2015.09.097 (regularised
DRT); MacKay, Neural Comput. 1992, 4, 415, doi:10.1162/neco.1992.4.3.415 (evidence); Bardsley et al., SIAM J. Sci. Comput.
2014, 36, A1895, doi:10.1137/140964023 (randomise-then-optimise); Boyd et al. 2011, doi:10.1561/2200000016 (ADMM).
Checked against the exact gamma of ZARC elements by tests/techniques/impedance/test_drt.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from closo.errors import DataError

__all__ = ["Distribution", "Peak", "relaxation_times"]

_PER_DECADE = 10
_SAMPLES = (15, 15, 60)  # per refinement of the local scale; only the last ones make the bands
_SMOOTHING = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_FLOOR = 0.01
_STRENGTHS = np.geomspace(1e-12, 1e6, 109)
_ITERATIONS = 300


@dataclass(frozen=True)
class Peak:
    """A local maximum of gamma: where it is, and the resistance under it up to the valleys beside it."""

    time_constant: float
    time_constant_u: float
    resistance: float
    resistance_u: float


@dataclass(frozen=True)
class Distribution:
    """The outcome of `relaxation_times`.

    Attributes
    ----------
    tau : shape (m,) [s], rising.
    gamma, low, high : shape (m,) [ohm], estimate and 95 % band.
    fitted : complex, shape (n,) [ohm].
    series_resistance, inductance : R_s [ohm], L [H].
    strength : weight of the prior, chosen by the evidence.
    peaks : in order of rising tau, those above 2 % of the area.
    """

    tau: np.ndarray
    gamma: np.ndarray
    low: np.ndarray
    high: np.ndarray
    fitted: np.ndarray
    series_resistance: float
    inductance: float
    strength: float
    peaks: tuple[Peak, ...]


def relaxation_times(
    frequency: np.ndarray,
    impedance: np.ndarray,
    *,
    noise: float,
    blocking_exponent: float | None = None,
    inductive: bool = False,
    seed: int = 0,
) -> Distribution:
    """Invert a spectrum into its distribution of relaxation times.

    Parameters
    ----------
    frequency : shape (n,) [Hz].
    impedance : complex, shape (n,) [ohm].
    noise : standard deviation of Re and Im relative to |Z| [1], as the Kramers-Kronig test estimates it.
    blocking_exponent : n of a blocking electrode in series; None when direct current passes.
    inductive : True to let a series inductance take part.
    seed : of the samples behind the bands.

    Raises
    ------
    DataError  with fewer than 10 points.
    """
    if frequency.size < 10:
        raise DataError(f"A distribution of relaxation times needs 10 frequencies; there are {frequency.size}.")
    sd = max(noise, 1e-4) * np.abs(impedance)
    tau = _grid(frequency)
    extra = _extra_columns(frequency, blocking_exponent, inductive)
    basis = np.concatenate([_kernel(frequency, tau), extra], axis=1) / sd[:, None]
    matrix = np.concatenate([basis.real, basis.imag])
    target = np.concatenate([(impedance / sd).real, (impedance / sd).imag])
    scale = np.linalg.norm(matrix, axis=0)
    scale[: tau.size] = np.median(scale[: tau.size])  # one scale for gamma, so that its prior keeps its shape
    matrix = matrix / scale
    local = np.ones(tau.size)
    for count in _SAMPLES:
        penalty = _penalty(local, extra.shape[1])
        strength = _best_strength(matrix, target, penalty[: tau.size, : tau.size])
        samples = _samples(matrix, target, penalty, strength=strength, seed=seed, count=count)
        local = _local_scale(samples[: tau.size, 1:].mean(axis=1))
    solution, spread = samples[:, 0] / scale, samples[:, 1:] / scale[:, None]
    gamma = solution[: tau.size]
    band = np.quantile(spread[: tau.size], [0.025, 0.975], axis=1)
    return Distribution(
        tau=tau,
        gamma=gamma,
        low=np.minimum(band[0], gamma),
        high=np.maximum(band[1], gamma),
        fitted=(basis * sd[:, None]) @ solution,
        series_resistance=float(solution[tau.size]),
        inductance=float(solution[tau.size + 1]) if inductive else 0.0,
        strength=strength,
        peaks=_peaks(tau, gamma, spread[: tau.size]),
    )


def _grid(frequency: np.ndarray) -> np.ndarray:
    low, high = 0.3 / (2 * np.pi * frequency.max()), 1.0 / (2 * np.pi * frequency.min())
    return np.geomspace(low, high, int(np.log10(high / low) * _PER_DECADE) + 1)


def _kernel(frequency: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Integral of hat function x 1/(1 + jw tau) dln tau, complex, shape (n, m): Gauss-Legendre, 4 points per side."""
    log_tau = np.log(tau)
    step = log_tau[1] - log_tau[0]
    nodes, weights = np.polynomial.legendre.leggauss(4)
    x = 0.5 * (nodes + 1.0)
    jw = 2j * np.pi * frequency[:, None]
    total = np.zeros((frequency.size, tau.size), complex)
    for position, weight in zip(x, weights, strict=True):
        rising = 1.0 / (1.0 + jw * np.exp(log_tau - step * position))
        falling = 1.0 / (1.0 + jw * np.exp(log_tau + step * position))
        total += 0.5 * step * weight * (1.0 - position) * (rising + falling)
    return total


def _extra_columns(frequency: np.ndarray, exponent: float | None, inductive: bool) -> np.ndarray:
    jw = 2j * np.pi * frequency
    columns = [np.ones_like(jw)]
    if inductive:
        columns.append(jw)
    if exponent is not None:
        columns.append(jw**-exponent)
    return np.stack(columns, axis=1)


def _penalty(local: np.ndarray, extra: int) -> np.ndarray:
    """Second difference of gamma over its local size, with gamma = 0 outside the grid; other columns are all but free."""
    points = local.size
    second = 2.0 * np.eye(points) - np.eye(points, k=1) - np.eye(points, k=-1)
    second = (second + 0.05 * np.eye(points)) / local[:, None]
    full = np.zeros((points + extra, points + extra))
    full[:points, :points] = second
    full[points:, points:] = 1e-6 * np.eye(extra)
    return full


def _local_scale(gamma: np.ndarray) -> np.ndarray:
    """Size of gamma around each point, never below a hundredth of the largest: curvature is judged relative to it."""
    padded = np.pad(gamma, 2, mode="edge")
    smooth = np.convolve(padded, _SMOOTHING, mode="valid")
    return np.asarray(np.maximum(smooth / smooth.max(), _FLOOR))


def _best_strength(matrix: np.ndarray, target: np.ndarray, second: np.ndarray) -> float:
    """Return the strength with the largest evidence; the noise is 1 in the units of `matrix` and `target`.

    The free columns (series R, L, blocking) are projected out first: they have no prior.
    """
    points = len(second)
    free = np.linalg.qr(matrix[:, points:])[0]
    a = matrix[:, :points] - free @ (free.T @ matrix[:, :points])
    b = target - free @ (free.T @ target)
    eigenvalues, vectors = eigh(a.T @ a, second.T @ second)
    moment = vectors.T @ (a.T @ b)
    power = np.clip(eigenvalues, 0.0, None)
    strength = _STRENGTHS[:, None]
    explained = np.sum(moment**2 / (power + strength), axis=1)
    evidence = 0.5 * explained + 0.5 * np.sum(np.log(strength / (power + strength)), axis=1)
    return float(_STRENGTHS[np.argmax(evidence)])


def _samples(
    matrix: np.ndarray, target: np.ndarray, penalty: np.ndarray, *, strength: float, seed: int, count: int
) -> np.ndarray:
    """Solve min |A x - b|^2 + strength |P x - e|^2, x >= 0, for the data (column 0) and for disturbed copies.

    Returns shape (columns of A, 1 + samples).
    """
    random = np.random.default_rng(seed)
    b = target[:, None] + np.concatenate(
        [np.zeros((target.size, 1)), random.standard_normal((target.size, count))], axis=1
    )
    e = np.concatenate([np.zeros((len(penalty), 1)), random.standard_normal((len(penalty), count))], axis=1)
    hessian = matrix.T @ matrix + strength * penalty.T @ penalty
    linear = matrix.T @ b + np.sqrt(strength) * penalty.T @ e
    return _non_negative(hessian, linear)


def _non_negative(hessian: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Minimise x'Hx/2 - c'x, x >= 0, for every column c at once (ADMM with a step from the diagonal of H)."""
    scale = 1.0 / np.sqrt(np.diag(hessian))
    h = hessian * np.outer(scale, scale)
    c = linear * scale[:, None]
    eigenvalues = np.linalg.eigvalsh(h)
    step = float(np.sqrt(max(eigenvalues[0], 1e-8 * eigenvalues[-1]) * eigenvalues[-1]))
    factor = cho_factor(h + step * np.eye(len(h)))
    inverse = cho_solve(factor, np.eye(len(h)))
    z = np.maximum(inverse @ c, 0.0)
    dual = np.zeros_like(z)
    for _ in range(_ITERATIONS):
        x = inverse @ (c + step * (z - dual))
        z = np.maximum(x + dual, 0.0)
        dual += x - z
    return np.asarray(z * scale[:, None])


def _peaks(tau: np.ndarray, gamma: np.ndarray, spread: np.ndarray) -> tuple[Peak, ...]:
    """Peak table: position and area of every maximum above 2 % of the whole."""
    step = float(np.log(tau[1] / tau[0]))
    total = float(gamma.sum()) * step
    tops = [k for k in range(1, gamma.size - 1) if gamma[k] >= gamma[k - 1] and gamma[k] > gamma[k + 1]]
    if not tops:
        return ()
    # what rises towards the ends of the grid belongs to processes outside the data, not to the peak beside it
    first, last = int(np.argmin(gamma[: tops[0] + 1])), tops[-1] + int(np.argmin(gamma[tops[-1] :]))
    valleys = [a + int(np.argmin(gamma[a : b + 1])) for a, b in pairwise(tops)]
    edges = [first, *valleys, last + 1]
    found = []
    for low, high in pairwise(edges):
        area = float(gamma[low:high].sum()) * step
        if area < 0.02 * total or total <= 0:
            continue
        log_tau, weights = np.log(tau[low:high]), gamma[low:high]
        sampled = spread[low:high]
        centres = (log_tau[:, None] * sampled).sum(axis=0) / np.maximum(sampled.sum(axis=0), 1e-300)
        centre = float(np.exp((log_tau * weights).sum() / weights.sum()))
        found.append(Peak(centre, centre * float(np.std(centres)), area, float(np.std(sampled.sum(axis=0) * step))))
    return tuple(found)
