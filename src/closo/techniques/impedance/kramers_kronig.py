"""Kramers-Kronig test: can any linear, causal, stable circuit explain the spectrum, and how large is its noise?

A sum of M resistor-capacitor pairs with fixed time constants (two per decade and more), a resistance, an inductance and a
*series capacitance* (a blocking cell needs it: without it the test raises false alarms of several per cent) is fitted by
linear least squares with modulus weights. M is chosen by an information criterion between those of Akaike and Bayes.

Points that no such circuit reaches are outliers: they are taken out one by one, the one whose leaving lowers the sum of
squares most first, and as many are named as the last significant step asks for (several hide one another, so the first
step alone does not decide). Noise, terms and structure are those of the rest. Where the residuals say that the noise is
not proportional to |Z|, the fit is weighted by the noise that they show (`noise.relative_shape`). Nothing here has a unit:
a spectrum in other units of impedance or frequency, or with its rows in another order, gives the same answer.

Sources: Boukamp, J. Electrochem. Soc. 1995, 142, 1885, doi:10.1149/1.2044210; Schönleber, Klotz, Ivers-Tiffée,
Electrochim. Acta 2014, 131, 20, doi:10.1016/j.electacta.2014.01.034; Yrjänä, Bobacka, Electrochim. Acta 2024, 504,
144951, doi:10.1016/j.electacta.2024.144951; Rosner, Technometrics 1983, 25, 165, doi:10.1080/00401706.1983.10487848 (many
outliers). Checked by tests/techniques/impedance/test_kramers_kronig.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.linalg import lapack

from closo.errors import DataError
from closo.techniques.impedance.noise import median, relative_shape
from closo.techniques.impedance.outliers import FINEST, KNOWN, evidence_needed, take_out

_TERMS = (3, 5, 8, 11, 15, 20, 27, 36)
_STRUCTURE_LIMIT = 4.0  # standard deviations of the correlation of the residuals
_LARGEST = 0.15  # noise beyond 15 % of |Z| hides everything: nothing is confirmed
_SMALLEST = 0.001  # structure below 0.1 % of |Z| is finer than any instrument's own accuracy
_OUTLYING = 0.003  # a point nearer than this part of |Z| is not an outlier
_MOST = 400  # points in the fit; of more than that, as many are drawn evenly in order of frequency
_PASSES = 4  # fits in which the weights follow the noise
_DEPENDENT = 1e-7  # singular values below this part of the largest carry rounding only
_CLEARLY = 10.0  # above so many times that, by LAPACK's estimate, which is about half of the true ratio, none does
_RUN = 3  # outliers in a row that are none
_SAME = 1e-3  # frequencies this close are one
_NEIGHBOURS = (0.5, 0.5, 0.35, 0.2)  # weights of the products of residuals 0, 1, 2, 3 frequencies apart
_PRICE = 0.5  # of a parameter in the criterion, times ln(rows); 1 (Bayes) leaves structure in one spectrum of fifty
_PRICE_OF_NOISE = 15.0  # what noise that is not proportional to |Z| must gain in the criterion
_CROWD, _PRICE_OF_CROWD = 5, 10.0  # points within which outliers are a crowd; what each of them costs then
_HOPELESS = 3.0  # a number of terms whose median residual is so many times the least is not tried
_FINEST_SEEN = 1e-4  # where the noise varies, no part of it is taken as finer than this part of |Z|
_ROUNDING = 1e-4  # residuals below this part of |Z| are those of a computed spectrum: the spacing of the terms
_SETTLED = 0.1  # change of ln sd between two fits


@dataclass(frozen=True)
class KramersKronig:
    """The outcome of the test."""

    fitted: np.ndarray  # complex, shape (n,), the nearest KK-consistent spectrum [ohm]
    residual: np.ndarray  # complex, shape (n,), (Z - fitted) / |Z| [1]
    noise: float  # standard deviation of Re and Im relative to |Z|, corrected for the degrees of freedom [1]
    terms: int  # number of RC pairs
    # Correlation of the residuals with their neighbours along frequency, in standard deviations of white noise;
    # negative where points of one frequency differ in a way that noise does not.
    structure: float
    passed: bool  # the residuals look like noise and are < 15 % of |Z|, and no three outliers follow one another
    # Indices of the points that do not belong to the rest; fit, noise and structure are without them.
    outliers: np.ndarray
    # Shape (n,), standard deviation of Re and Im [ohm]: noise times |Z|, or a smooth function of the frequency where
    # the residuals show that the noise is not proportional to |Z|, then at least 0.01 % of |Z|.
    sd: np.ndarray


@dataclass(frozen=True)
class _Fit:
    """A fit with the outliers taken out; everything in units of the weights."""

    terms: int  # number of RC pairs
    explained: np.ndarray  # shape (2n, p + 2k), orthonormal: what p columns and k outliers explain
    left: np.ndarray  # shape (2n,), residuals; 0 at outliers
    coefficients: np.ndarray  # shape (terms + 3,), of `_stacked_columns`
    outliers: list[int]  # indices, in the order in which they left
    criterion: float  # twice the negative logarithm of the likelihood, with what parameters and outliers cost

    @property
    def scale(self) -> float:
        """Standard deviation of the residuals, corrected for the degrees of freedom."""
        rows, used = self.explained.shape
        return float(np.sqrt(self.left @ self.left / max(rows - used, 1)))


def kramers_kronig(frequency: np.ndarray, impedance: np.ndarray) -> KramersKronig:
    """Test a spectrum.

    Parameters
    ----------
    frequency : shape (n,), > 0 [Hz], any order, n >= 6.
    impedance : complex, shape (n,) [ohm], not 0.

    Raises
    ------
    DataError  with fewer than 6 points.
    """
    if frequency.size < 6:
        raise DataError(f"The Kramers-Kronig test needs 6 frequencies; there are {frequency.size}.")
    order = np.lexsort((impedance.imag, impedance.real, -frequency))
    f, z = frequency[order], impedance[order]
    size, drawn = _size(z), _drawn(f.size)
    shape, fit = _fit_and_noise(f[drawn], z[drawn], size[drawn])
    stacked = _stacked_columns(f, fit.terms, 1.0 / size) @ fit.coefficients
    fitted = size * (stacked[: f.size] + 1j * stacked[f.size :])
    relative = fit.scale * np.exp(np.interp(-np.log(f), -np.log(f[drawn]), np.log(shape)))
    outlying = _outlying(np.abs(z - fitted), relative * size, drawn=drawn, found=fit.outliers)
    noise = float(np.sqrt(np.mean((relative * size / np.abs(z))[~outlying] ** 2)))
    if np.all(shape == 1.0):
        relative = np.full(f.size, noise)
    else:
        relative = np.maximum(relative, min(noise, _FINEST_SEEN))
    structure = _structure(f[drawn], fit)
    back = np.argsort(order)
    return KramersKronig(
        fitted=fitted[back],
        residual=((z - fitted) / np.abs(z))[back],
        noise=noise,
        terms=fit.terms,
        structure=structure,
        passed=(abs(structure) < _STRUCTURE_LIMIT or noise < _SMALLEST) and noise < _LARGEST and not _row(outlying),
        outliers=np.sort(order[outlying]),
        sd=(relative * np.where(outlying, np.abs(fitted), np.abs(z)))[back],
    )


def orientation_problem(frequency: np.ndarray, impedance: np.ndarray, found: KramersKronig) -> str | None:
    """Say whether the columns seem to be swapped or their sign inverted, judged by which reading obeys Kramers-Kronig.

    Returns None when the spectrum as it stands is the most consistent reading, or none is consistent.
    """
    if found.noise < 0.01:
        return None
    readings = {
        "the sign of Z'' inverted (the file holds -Z'')": np.conj(impedance),
        "Z' and Z'' swapped": impedance.imag + 1j * impedance.real,
        "Z' and -Z'' swapped": -impedance.imag - 1j * impedance.real,
    }
    possible = {name: z for name, z in readings.items() if np.mean(z.real > 0) > 0.9}
    for name, z in possible.items():
        noise = kramers_kronig(frequency, z).noise
        if noise < 0.2 * found.noise and noise < 0.03:
            return name
    return None


def _size(z: np.ndarray) -> np.ndarray:
    """|Z|, but not far below its neighbours: a point that dropped to nothing must not have all the weight."""
    modulus = np.abs(z)
    padded = np.concatenate([modulus[3:0:-1], modulus, modulus[-2:-5:-1]])
    around = np.lib.stride_tricks.sliding_window_view(padded, 7)
    return np.asarray(np.maximum(modulus, 0.2 * np.partition(around, 2, axis=1)[:, 2]))  # the third lowest of seven


def _drawn(points: int) -> np.ndarray:
    """Return the indices in the fit: all, or one from each of equal groups, and both ends."""
    if points <= _MOST:
        return np.arange(points)
    edges = np.linspace(0, points, _MOST + 1).astype(int)
    inside = np.random.default_rng(0).integers(edges[:-1], edges[1:])
    return np.unique(np.concatenate([[0], inside, [points - 1]]))


def _row(outlying: np.ndarray) -> bool:
    """True where so many outliers follow one another that they are no accidents."""
    return bool(np.any(np.convolve(outlying, np.ones(_RUN, int), mode="valid") == _RUN))


def _outlying(distance: np.ndarray, sd: np.ndarray, *, drawn: np.ndarray, found: list[int]) -> np.ndarray:
    """Return which points are outliers: those of the fit, and of the points not in it those too far from it."""
    outlying = np.asarray(0.5 * (distance / np.maximum(sd, 1e-300)) ** 2 > evidence_needed(distance.size))
    outlying[drawn] = False
    outlying[drawn[found]] = True
    return outlying


def _fit_and_noise(f: np.ndarray, z: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, _Fit]:
    """Fit with weights that follow the noise: the sd over |Z| along the spectrum, with a mean square of 1, and the fit.

    A few large residuals are outliers, or the noise is large there. The weights are found once without the one and once
    without the other to begin with, and the more likely outcome is taken. What a computed spectrum leaves is neither.
    """
    white = np.ones(f.size)
    shape, fit = _settled(f, z, size, white)
    if not fit.outliers and np.all(shape == 1.0):
        return shape, fit
    bare = _best_fit(f, z, size, white, search=False)
    if bare.scale < _SMALLEST and np.abs(bare.left).max() < _OUTLYING:  # finer than any instrument's own accuracy
        return white, bare
    kept, _ = _settled(f, z, size, white, search=False)
    other_shape, other = _settled(f, z, size, kept)
    return (shape, fit) if _with_crowd(fit) <= _with_crowd(other) else (other_shape, other)


def _with_crowd(fit: _Fit) -> float:
    """Criterion, with a price for outliers close to each other: more likely the noise is large there."""
    k = np.array(fit.outliers, int)
    near = (np.abs(k[:, None] - k) <= _CROWD).sum(axis=1) > 1
    return fit.criterion + _PRICE_OF_CROWD * float(near.sum())


def _settled(
    f: np.ndarray, z: np.ndarray, size: np.ndarray, shape: np.ndarray, *, search: bool = True
) -> tuple[np.ndarray, _Fit]:
    """Find the noise from the residuals and fit anew with it, until it stays."""
    fit = _best_fit(f, z, size, shape, search=search)
    for _ in range(_PASSES):
        if fit.scale < _ROUNDING:  # computed, not measured: what is left has no shape
            break
        found = relative_shape(f, size, _roughness(fit) * shape[1:-1] ** 2)
        if np.max(np.abs(np.log(found / shape))) < _SETTLED:
            break
        shape = found
        fit = _best_fit(f, z, size, shape, search=search)
    return shape, fit


def _best_fit(f: np.ndarray, z: np.ndarray, size: np.ndarray, shape: np.ndarray, *, search: bool = True) -> _Fit:
    """Fit with every number of terms, take out the outliers of each, and return the one with the lowest criterion.

    Parameters
    ----------
    size, shape : shape (n,), |Z| [ohm] and the noise over it; their product is the unit of the residuals.
    search : False to leave the outliers in.
    """
    unit, plain = size * shape, []
    target = np.concatenate([(z / unit).real, (z / unit).imag])
    level = 4.0 * float(np.sum(np.log(shape))) + (_PRICE_OF_NOISE if np.ptp(shape) > 0.0 else 0.0)
    for terms in _TERMS:
        if terms + 3 > 0.7 * target.size:
            break
        u = _orthonormal(_stacked_columns(f, terms, 1.0 / unit))
        left = target - u @ (u.T @ target)
        plain.append((float(median(np.abs(left))), terms, u, left))
    closest = max(min(middle for middle, *_ in plain), FINEST)
    best = None
    for middle, terms, u, left in plain:
        if middle > _HOPELESS * closest:
            continue
        outliers, explained, rest = take_out(u, left, nearest=_OUTLYING / shape) if search else ([], u, left)
        used = explained.shape[1]
        cost = _PRICE * np.log(target.size) * used * target.size / (target.size - used - 1)
        cost += 2.0 * len(outliers) * np.log(f.size)
        criterion = target.size * np.log(max(rest @ rest / target.size, FINEST**2)) + cost + level
        if best is None or criterion < best.criterion:
            best, found = _Fit(terms, explained, rest, target, outliers, criterion), (u, left)
    assert best is not None
    u, left = found
    moved, at = target.copy(), [*best.outliers, *(k + f.size for k in best.outliers)]
    if at:
        moved[at] -= np.linalg.lstsq(np.eye(len(at)) - u[at] @ u[at].T, left[at], rcond=KNOWN)[0]
    columns = _stacked_columns(f, best.terms, 1.0 / unit)
    norm = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    small, right = u.T @ (columns / norm), u.T @ moved
    square = small.shape[0] == small.shape[1]
    solved = np.linalg.solve(small, right) if square else np.linalg.lstsq(small, right, rcond=None)[0]
    return replace(best, coefficients=solved / norm)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what columns, shape (m, p), span; directions that carry rounding only are left out."""
    columns = columns / np.sqrt(np.einsum("ij,ij->j", columns, columns))
    room = 32 * columns.shape[1]
    factor, tau, *_ = lapack.dgeqrf(columns, lwork=room)
    if lapack.dtrcon(factor[: columns.shape[1]])[0] > _CLEARLY * _DEPENDENT:
        return np.asarray(lapack.dorgqr(factor, tau, lwork=room)[0])
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(u[:, s > _DEPENDENT * s[0]])


def _roughness(fit: _Fit) -> np.ndarray:
    """Mean square of Re and Im of how far each residual is from the mean of its neighbours, over its degrees of freedom.

    What the fit missed is smooth and hardly enters. Shape (n - 2,), NaN where no freedom is left.
    """
    n = fit.left.size // 2
    squares, freedom = np.zeros(n - 2), np.zeros(n - 2)
    for part in (slice(None, n), slice(n, None)):
        both = np.column_stack([fit.left[part], fit.explained[part]])
        rough = both[1:-1] - 0.5 * (both[:-2] + both[2:])
        squares += rough[:, 0] ** 2
        freedom += 1.5 - np.sum(rough[:, 1:] ** 2, axis=1)
    return np.where(freedom > KNOWN, squares / np.maximum(freedom, KNOWN), np.nan)


def _structure(f: np.ndarray, fit: _Fit) -> float:
    """Correlation of the residuals with their neighbours, less its mean for white noise, in its standard deviations.

    Both moments are exact for Gaussian noise: residuals of a fit with p of 2n degrees of freedom are correlated. Points of
    one frequency have no order; they are judged by how each differs from their mean: noise has no direction in the complex
    plane, a change between two sweeps has one that varies slowly. It counts as negative, and the larger of the two is given.
    """
    power = fit.left @ fit.left
    if power <= FINEST**2 * fit.left.size:
        return 0.0
    n, (group, w) = f.size, _neighbours(f.tobytes())
    wq = np.concatenate([w @ fit.explained[:n], w @ fit.explained[n:]])
    inner = fit.explained.T @ wq
    free = 2 * n - fit.explained.shape[1]
    trace = -np.trace(inner)
    square = 2 * np.vdot(w, w) - 2 * np.vdot(wq, wq) + np.vdot(inner, inner.T)
    variance = 2 * (square - trace**2 / free) / (free * (free + 2))
    observed = (fit.left[:n] @ w @ fit.left[:n] + fit.left[n:] @ w @ fit.left[n:]) / power
    along = (observed - trace / free) / np.sqrt(max(variance, 1e-12))
    return float(max(along, -_common_direction(group, fit), key=abs))


@lru_cache(maxsize=4)
def _neighbours(frequency: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each point's frequency, shape (n,), and the weights of the products, shape (n, n)."""
    f = np.frombuffer(frequency)
    group = np.concatenate([[0], np.cumsum(f[1:] < (1.0 - _SAME) * f[:-1])])
    count = np.bincount(group)
    step = np.abs(group[:, None] - group[None, :])
    w = np.choose(np.minimum(step, len(_NEIGHBOURS)), [*_NEIGHBOURS, 0.0]) / np.outer(count[group], count[group])
    np.fill_diagonal(w, 0.0)
    return group, w


def _common_direction(group: np.ndarray, fit: _Fit) -> float:
    """How alike the directions are in which points of one frequency differ, in standard deviations of noise."""
    if group[-1] + 3 > group.size:  # fewer than two frequencies with more than one point
        return 0.0
    left = fit.left[: group.size] + 1j * fit.left[group.size :]
    counted = np.abs(left) > 0.0
    number = np.maximum(np.bincount(group, weights=counted), 1.0)
    mean = (np.bincount(group, weights=left.real) + 1j * np.bincount(group, weights=left.imag)) / number
    square = np.where(counted, (left - mean[group]) ** 2, 0.0)  # twice the angle: the direction has no sign
    axis = np.bincount(group, weights=square.real) + 1j * np.bincount(group, weights=square.imag)
    axis = axis[(number > 1.0) & (np.abs(axis) > 0.0)]
    if axis.size < 2:
        return 0.0
    cosines = np.cos(np.diff(np.angle(axis)))
    return float(np.sum(cosines) / np.sqrt(0.5 * cosines.size))


def _stacked_columns(f: np.ndarray, terms: int, weight: np.ndarray) -> np.ndarray:
    """Return the basis, shape (2n, terms + 3), Re above Im: RC pairs, resistance, inductance, series capacitance."""
    return np.asarray(_basis(f.tobytes(), terms) * np.concatenate([weight, weight])[:, None])


@lru_cache(maxsize=4 * len(_TERMS))  # the spectra of a batch share their frequencies, and so do the fits of one
def _basis(frequency: bytes, terms: int) -> np.ndarray:
    w = 2 * np.pi * np.frombuffer(frequency)
    x = w[:, None] * np.exp(np.linspace(np.log(0.3 / w.max()), np.log(3.0 / w.min()), terms))
    matrix = np.zeros((2 * w.size, terms + 3))
    real, imag = matrix[: w.size], matrix[w.size :]
    real[:, :terms] = 1.0 / (1.0 + x * x)
    imag[:, :terms] = -x * real[:, :terms]
    real[:, terms] = 1.0
    imag[:, terms + 1] = w / w.max()
    imag[:, terms + 2] = -w.min() / w
    return matrix


def lag_one(residual: np.ndarray, used: int) -> float:
    """Return the lag-one correlation of Re and Im along frequency, in units of its standard deviation for white noise.

    Parameters
    ----------
    residual : complex, shape (n,), in order of frequency.
    used : parameters that the fit took out.
    """
    products = residual.real[1:] * residual.real[:-1] + residual.imag[1:] * residual.imag[:-1]
    power = np.sum(np.abs(residual) ** 2)
    if power == 0:
        return 0.0
    expected = -used / (2 * residual.size)  # a fit takes out slow variation, which leaves the rest anticorrelated
    return float((products.sum() / power - expected) * np.sqrt(2 * residual.size))
