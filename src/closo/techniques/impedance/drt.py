"""Distribution of relaxation times: gamma(ln tau) >= 0 with credible bands and a peak table.

    Z(w) = R_s + j w L + B (j w)^-n + integral gamma(ln tau) / (1 + j w tau) dln tau

The blocking electrode (B, with the exponent n of the circuit fit) and the inductance are part of the model, so they do
not have to be cut away first. gamma is piecewise linear on a grid of ten points per decade, half a decade wider than the
data at the fast end (what is faster still looks like R_s). Its prior is Gaussian on the second difference, relative to
the local size of gamma; the strength is chosen from the data by the largest marginal likelihood (evidence), where the
noise level is the one that Kramers-Kronig found. The non-negative problem is solved exactly. Bands come from samples of the
Gaussian around the solution, restricted to gamma >= 0.

Sources: Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 2015, 184, 483, doi:10.1016/j.electacta.2015.09.097 (regularised
DRT); MacKay, Neural Comput. 1992, 4, 415, doi:10.1162/neco.1992.4.3.415 (evidence); Kim, Park, SIAM J. Sci. Comput. 2011,
33, 3261, doi:10.1137/110821172 (block principal pivoting).
Checked against the exact gamma of ZARC elements by tests/techniques/impedance/test_drt.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.linalg import lapack, solve_triangular
from scipy.optimize import nnls

from closo.errors import DataError
from closo.techniques.impedance.noise import binned

_PER_DECADE = 10
_SAMPLES = (30, 30, 200)  # per refinement of the local scale; only the last ones make the bands
_SMOOTHING = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_FLOOR = 0.01
_FINEST = 1e-4  # no noise is taken as smaller than this part of |Z|
_MOST = 500  # points; more are averaged
_STRENGTHS = np.geomspace(1e-12, 1e6, 109)
_ALL_BUT_FREE = 1e-12  # prior of what has none, in units of that of gamma
_RANK = 1e-9  # singular values of the smooth kernel below this part of the largest: their squares are rounding
_ROUNDS = 100  # of the active-set method, per unknown
_WING = 1.0  # the wing of an arc falls by e over so much ln tau: beyond a valley lies as much as gamma is there
_SPACING = (
    0.0012  # relative error of the area of an ideal arc, root mean square: no piecewise linear gamma is so narrow
)
_SMALLEST = 0.02  # share of the whole below which a maximum is not a peak
_NOUGHT = 1e-10  # violations below this part of the largest right-hand side are rounding


@dataclass(frozen=True)
class Peak:
    """A local maximum of gamma: where it is, and the resistance under it up to the valleys beside it.

    `resistance_u` holds the spread of the samples, what lies beyond the valleys, where the wings of two peaks overlap, the
    small maxima that count to this peak, and what the spacing of the grid leaves open.
    """

    time_constant: float
    time_constant_u: float
    resistance: float
    resistance_u: float


@dataclass(frozen=True)
class Distribution:
    """The outcome of `relaxation_times`."""

    tau: np.ndarray  # shape (m,) [s], rising
    gamma: np.ndarray  # shape (m,) [ohm], estimate
    low: np.ndarray  # shape (m,) [ohm], lower end of its 95 % band
    high: np.ndarray  # shape (m,) [ohm], upper end
    fitted: np.ndarray  # complex, shape (n,) [ohm]
    series_resistance: float  # R_s [ohm]
    inductance: float  # L [H]
    strength: float  # weight of the prior, chosen by the evidence
    peaks: tuple[Peak, ...]  # in order of rising tau, those above 2 % of the area


def relaxation_times(
    frequency: np.ndarray,
    impedance: np.ndarray,
    *,
    noise: float,
    sd: np.ndarray | None = None,
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
    sd : shape (n,), standard deviation of Re and Im [ohm], where the noise is not proportional to |Z|; instead of `noise`.
    blocking_exponent : n of a blocking electrode in series; None when direct current passes.
    inductive : True to let a series inductance take part.
    seed : of the samples behind the bands.

    Raises
    ------
    DataError  with fewer than 10 points.
    """
    if frequency.size < 10:
        raise DataError(f"A distribution of relaxation times needs 10 frequencies; there are {frequency.size}.")
    least = _FINEST * np.abs(impedance)
    wanted = np.maximum(noise * np.abs(impedance) if sd is None else sd, least)
    f, z, sd = binned(frequency, impedance, wanted, most=_MOST)
    sd = np.maximum(sd, _FINEST * np.abs(z))
    tau = _grid(frequency)
    basis = np.concatenate([_kernel(f, tau), _extra_columns(f, blocking_exponent, inductive)], axis=1) / sd[:, None]
    matrix = np.concatenate([basis.real, basis.imag])
    target = np.concatenate([(z / sd).real, (z / sd).imag])
    scale = np.linalg.norm(matrix, axis=0)
    scale[: tau.size] = np.median(scale[: tau.size])  # one scale for gamma, so that its prior keeps its shape
    matrix = matrix / scale
    smooth = _smooth_kernel(f.tobytes(), tau.tobytes())
    rows, reduced = _without_free(matrix[:, tau.size :], target, 1.0 / (scale[0] * sd), smooth)
    normal, linear = matrix.T @ matrix, matrix.T @ target
    local, likely = np.ones(tau.size), np.ones(scale.size, bool)
    for k, count in enumerate(_SAMPLES):
        curvature = _second_difference(tau.size)[0] / local[:, None]
        strength = _best_strength(rows @ (smooth[1] * local), reduced)
        hessian = normal + strength * _ALL_BUT_FREE * np.eye(scale.size)
        hessian[: tau.size, : tau.size] = normal[: tau.size, : tau.size] + strength * curvature.T @ curvature
        samples = _samples(hessian, linear, draws=_draws(seed, scale.size, count), positive=likely)
        local = _local_scale(samples[: tau.size, 1:].mean(axis=1))
        likely = (samples[:, 0] > 0.0) | (k == 0)  # what a flat scale makes 0 says little of the next
    solution, spread = samples[:, 0] / scale, samples[:, 1:] / scale[:, None]
    gamma = solution[: tau.size]
    ordered = np.sort(spread[: tau.size], axis=1)
    low, high = (_quantile(ordered, q) for q in (0.025, 0.975))
    return Distribution(
        tau=tau,
        gamma=gamma,
        low=np.minimum(low, gamma),
        high=np.maximum(high, gamma),
        fitted=_fitted(frequency, tau, solution, exponent=blocking_exponent, inductive=inductive),
        series_resistance=float(solution[tau.size]),
        inductance=float(solution[tau.size + 1]) if inductive else 0.0,
        strength=strength,
        peaks=_peaks(tau, gamma, spread[: tau.size]),
    )


def _grid(frequency: np.ndarray) -> np.ndarray:
    low, high = 0.3 / (2 * np.pi * frequency.max()), 1.0 / (2 * np.pi * frequency.min())
    return np.geomspace(low, high, int(np.log10(high / low) * _PER_DECADE + 1e-6) + 1)


def _kernel(frequency: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Integral of hat function x 1/(1 + jw tau) dln tau, complex, shape (n, m): Gauss-Legendre, 4 points per side."""
    return _integrated(frequency.tobytes(), tau.tobytes())


@lru_cache(maxsize=4)  # the spectra of a batch share their frequencies
def _integrated(frequencies: bytes, times: bytes) -> np.ndarray:
    frequency, log_tau = np.frombuffer(frequencies), np.log(np.frombuffer(times))
    step = log_tau[1] - log_tau[0]
    nodes, weights = np.polynomial.legendre.leggauss(4)
    x = 0.5 * (nodes + 1.0)
    jw = 2j * np.pi * frequency[:, None]
    total = np.zeros((frequency.size, log_tau.size), complex)
    for position, weight in zip(x, weights, strict=True):
        rising = 1.0 / (1.0 + jw * np.exp(log_tau - step * position))
        falling = 1.0 / (1.0 + jw * np.exp(log_tau + step * position))
        total += 0.5 * step * weight * (1.0 - position) * (rising + falling)
    return total


def _extra_columns(f: np.ndarray, exponent: float | None, inductive: bool) -> np.ndarray:
    """Return the impedance of R_s, then of L and B where they take part, complex, shape (n, 1 to 3)."""
    jw = 2j * np.pi * f
    columns = [np.ones_like(jw)]
    if inductive:
        columns.append(jw)
    if exponent is not None:
        columns.append(jw**-exponent)
    return np.stack(columns, axis=1)


def _fitted(
    f: np.ndarray, tau: np.ndarray, solution: np.ndarray, *, exponent: float | None, inductive: bool
) -> np.ndarray:
    """Impedance at every frequency; for a large spectrum that of gamma is interpolated (to 2e-5 of it)."""
    extra = _extra_columns(f, exponent, inductive) @ solution[tau.size :]
    if f.size <= _MOST:
        return np.asarray(_kernel(f, tau) @ solution[: tau.size] + extra)
    grid = np.geomspace(f.min(), f.max(), 2 * _MOST)
    values = _kernel(grid, tau) @ solution[: tau.size]
    return np.asarray(np.interp(np.log(f), np.log(grid), values) + extra)


def _quantile(ordered: np.ndarray, share: float) -> np.ndarray:
    """Quantile along the second axis of what is sorted along it, interpolated."""
    below, part = divmod(share * (ordered.shape[1] - 1), 1.0)
    return np.asarray(ordered[:, int(below)] * (1.0 - part) + ordered[:, int(below) + 1] * part)


@lru_cache(maxsize=4)
def _second_difference(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Second difference of gamma, with gamma = 0 outside the grid, and its inverse."""
    second = 2.05 * np.eye(points) - np.eye(points, k=1) - np.eye(points, k=-1)
    return second, np.linalg.inv(second)


def _local_scale(gamma: np.ndarray) -> np.ndarray:
    """Size of gamma around each point, never below a hundredth of the largest: curvature is judged relative to it."""
    padded = np.concatenate([gamma[[0, 0]], gamma, gamma[[-1, -1]]])
    smooth = np.convolve(padded, _SMOOTHING, mode="valid")
    largest = smooth.max()
    return np.asarray(np.maximum(smooth / largest, _FLOOR)) if largest > 0 else np.ones_like(smooth)  # no gamma at all


@lru_cache(maxsize=4)
def _smooth_kernel(frequencies: bytes, times: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Kernel times the inverse second difference, as the product of (2n, r) and (r, m), the latter orthonormal.

    It is smooth, and r is its numerical rank: two thirds of m where that is 60.
    """
    kernel = _integrated(frequencies, times)
    smooth = np.concatenate([kernel.real, kernel.imag]) @ _second_difference(kernel.shape[1])[1]
    u, s, vt = np.linalg.svd(smooth, full_matrices=False)
    seen = s > _RANK * s[0]
    return u[:, seen] * s[seen], vt[seen]


def _without_free(
    free: np.ndarray, target: np.ndarray, weight: np.ndarray, kernel: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Project the free columns (series R, L, blocking: they have no prior) out of the smooth kernel and the target.

    Returns
    -------
    The rows of what is left in an orthonormal basis, shape (up to r, r), and the target in it.
    """
    rows = kernel[0] * np.concatenate([weight, weight])[:, None]
    factor, used = np.asarray(np.linalg.qr(np.column_stack([free, rows, target]), mode="r")), free.shape[1]
    return factor[used:, used:-1], factor[used:, -1]


def _best_strength(matrix: np.ndarray, target: np.ndarray) -> float:
    """Return the strength with the largest evidence, in units in which noise and prior are white with a variance of 1."""
    power, axes = np.linalg.eigh(matrix @ matrix.T)
    power = np.clip(power, 0.0, None)
    strength = _STRENGTHS[:, None]
    explained = (power / (power + strength)) @ (axes.T @ target) ** 2
    return float(_STRENGTHS[np.argmax(explained + np.sum(np.log(strength / (power + strength)), axis=1))])


@lru_cache(maxsize=8)
def _draws(seed: int, unknowns: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((unknowns, count))


def _samples(hessian: np.ndarray, linear: np.ndarray, *, draws: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Minimise x'Hx/2 - c'x with x >= 0, and draw from the Gaussian around it, cut off at 0.

    What is positive in the solution is drawn from its joint distribution; each of the others, which the data push below
    0, from its own, given the rest.

    Parameters
    ----------
    draws : shape (n, count), standard normal. positive : shape (n,), where the solution is likely to be above 0.

    Returns
    -------
    Shape (n, 1 + count), the solution first.
    """
    scale = 1.0 / np.sqrt(np.diag(hessian))
    h = hessian * np.outer(scale, scale)
    x = _non_negative(h, linear * scale, positive)
    on, off = np.flatnonzero(x > 0.0), np.flatnonzero(x <= 0.0)
    found = np.zeros((x.size, 1 + draws.shape[1]))
    found[:, 0] = x
    factor = np.linalg.cholesky(h[on][:, on])
    shared = np.zeros((on.size, off.size))
    if on.size:
        found[on, 1:] = x[on, None] + lapack.dtrtrs(factor, draws[on], lower=1, trans=1)[0]
        shared = lapack.dtrtrs(factor, h[on][:, off], lower=1)[0]
    curvature = np.maximum(1.0 - np.einsum("ij,ij->j", shared, shared), _NOUGHT)
    push = h[off] @ x - linear[off] * scale[off]
    found[off, 1:] = -(push / curvature)[:, None] + draws[off] / np.sqrt(curvature)[:, None]
    return np.asarray(np.maximum(found, 0.0) * scale[:, None])


def _non_negative(h: np.ndarray, c: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Minimise x'hx/2 - c'x with x >= 0 exactly; the diagonal of h is 1.

    Block principal pivoting: all that violates x >= 0 or hx >= c changes sides, as long as that leaves less of it; where it
    does not, an active-set method ends for certain. `positive`, shape (n,), says where to begin.
    """
    positive = positive.copy()
    fewest, patience = c.size + 1, 3
    while patience > 0:
        on = np.flatnonzero(positive)
        x = np.zeros(c.size)
        _, x[on], unsolved = lapack.dposv(h[on][:, on], c[on], lower=1)
        if unsolved:  # singular to rounding
            break
        below = x < -_NOUGHT * np.abs(x).max()
        wanted = h @ x - c < -_NOUGHT * np.abs(c).max()
        wrong = np.where(positive, below, wanted)
        count = int(np.count_nonzero(wrong))
        if count == 0:
            return np.asarray(np.maximum(x, 0.0))
        patience = 3 if count < fewest else patience - 1
        fewest = min(fewest, count)
        positive ^= wrong
    factor = np.linalg.cholesky(h + 1e-13 * np.eye(c.size))
    return np.asarray(nnls(factor.T, solve_triangular(factor, c, lower=True), maxiter=_ROUNDS * c.size)[0])


def _peaks(tau: np.ndarray, gamma: np.ndarray, spread: np.ndarray) -> tuple[Peak, ...]:
    """Peak table: position and area of every maximum above 2 % of the whole; smaller ones count to the peak beside them."""
    step = float(np.log(tau[1] / tau[0]))
    tops = [k for k in range(1, gamma.size - 1) if gamma[k] >= gamma[k - 1] and gamma[k] > gamma[k + 1]]
    if not tops or not gamma.sum() > 0:
        return ()
    # what rises towards the ends of the grid belongs to processes outside the data, not to the peak beside it
    ends = int(np.argmin(gamma[: tops[0] + 1])), tops[-1] + int(np.argmin(gamma[tops[-1] :])) + 1
    share = np.cumsum(np.append(0.0, gamma / gamma.sum()))
    small = np.zeros(gamma.size)  # the wings of an arc break up into bumps of less than a per cent
    while len(tops) > 1:
        edges = _edges(gamma, tops, ends)
        areas = np.diff(share[edges])
        k = int(np.argmin(areas))
        if areas[k] > _SMALLEST:
            break
        small[edges[k] : edges[k + 1]] = gamma[edges[k] : edges[k + 1]]
        del tops[k]
    found = []
    for low, high in pairwise(_edges(gamma, tops, ends)):
        log_tau, weights, sampled = np.log(tau[low:high]), gamma[low:high], spread[low:high]
        centres = (log_tau[:, None] * sampled).sum(axis=0) / np.maximum(sampled.sum(axis=0), 1e-300)
        centre = float(np.exp((log_tau * weights).sum() / weights.sum()))
        beyond = [_WING * gamma[low], _WING * gamma[min(high, gamma.size - 1)], small[low:high].sum() * step]
        area = float(weights.sum()) * step
        u = float(np.linalg.norm([np.std(sampled.sum(axis=0)) * step, _SPACING * area, *beyond]))
        found.append(Peak(centre, centre * float(np.std(centres)), area, u))
    return tuple(found)


def _edges(gamma: np.ndarray, tops: list[int], ends: tuple[int, int]) -> list[int]:
    """Return where each peak begins and the last one ends: the valleys between the tops."""
    return [ends[0], *(a + int(np.argmin(gamma[a : b + 1])) for a, b in pairwise(tops)), ends[1]]
