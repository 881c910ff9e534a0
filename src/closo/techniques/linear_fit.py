"""Weighted linear least squares with known components: fractions of references, edges of a loss spectrum, X-ray lines.

The same problem everywhere: spectrum = sum of w_i times component_i, with Poisson counts or a known variance. One spectrum
gets the weights of its own model, again and again until they rest: that is maximum likelihood. The spectra of a map share
the weights of their mean, so that every value is *linear* in the counts: no bias, however few they are, and the variance
follows from the counts themselves.

Sources: Cash 1979, doi:10.1086/156922 (Poisson likelihood); Mighell 1999, doi:10.1086/307253 (why weights must not come from
single counts); Geyer 1992, doi:10.1214/ss/1177011137 (sum of an autocorrelation); Künsch 1989,
doi:10.1214/aos/1176347265 (blocks of residuals).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.errors import DataError, StudyError

LIMITS = ("free", "non-negative", "simplex")
_PASSES, _AT_REST = 30, 1e-9
_CHUNK = 2**23  # elements that are worked on at once
_MOST_BOUNDED = 10  # components with limits: every subset is looked at
_LEAST = 1e-3  # of the mean of a spectrum: the least variance of a channel, where the model is below it
_ALIKE = 1e-11  # of the largest eigenvalue of scaled normal equations: below it components cannot be told apart


@dataclass(frozen=True)
class LinearFit:
    """The weights of the components, for one spectrum or for each spectrum of a map (leading dimensions `...`)."""

    values: np.ndarray  # shape (..., k)
    # Shape (..., k, k). It knows of the sum of a simplex but not of w >= 0: a component at its limit has the
    # uncertainty that the data give it.
    covariance: np.ndarray
    # Shape (...), sum of squared residuals over their variance. With Poisson counts and one weight vector it is
    # sum (y - model)^2 / sum(model) times the number of points.
    chi2: np.ndarray
    df: int  # points minus free components

    @property
    def u(self) -> np.ndarray:
        """Standard uncertainties, shape (..., k)."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance, axis1=-2, axis2=-1)))

    def scaled(self) -> LinearFit:
        """Return the fit with a covariance that takes the scatter of the residuals for the noise."""
        factor = np.asarray(self.chi2 / max(self.df, 1))
        return replace(self, covariance=self.covariance * factor[..., None, None])


def fit_linear(
    components: np.ndarray,
    spectra: np.ndarray,
    *,
    variance: np.ndarray | None = None,
    limits: str = "free",
    bounded: int | None = None,
    components_variance: np.ndarray | None = None,
    own_weights: bool | None = None,
) -> LinearFit:
    """Return the weights with which the components add up to each spectrum.

    Parameters
    ----------
    components : shape (k, n).
    spectra : shape (n,) or (..., n), or a sparse matrix (CSR); integers stay integers until they are used, in chunks (also
        from a memory map).
    variance : shape (n,) or that of `spectra`; Poisson counts when absent.
    limits : 'free'; 'non-negative'; or 'simplex', non-negative with the sum 1.
    bounded : the limits concern the first so many components (all when absent); what follows, a background, is free.
    components_variance : shape (k, n), noise of the components themselves; for single spectra.
    own_weights : whether each spectrum is weighted by its own model, which costs time; the default for one spectrum.

    Raises
    ------
    DataError  when there are fewer points than components, or components are multiples or sums of each other.
    StudyError  when the limits are unknown.

    Example
    -------
    >>> x = np.linspace(0.0, 1.0, 50)
    >>> fit = fit_linear(np.array([np.ones(50), x]), 400.0 * x + 100.0)
    >>> fit.values.round(6).tolist(), fit.u.round(1).tolist()
    ([100.0, 400.0], [3.6, 7.7])
    """
    components = np.asarray(components, float)
    spectra = spectra if hasattr(spectra, "toarray") else np.asanyarray(spectra)
    count = len(components) if bounded is None else bounded
    _check(components, spectra, limits, count)
    shape, n = spectra.shape[:-1], spectra.shape[-1]
    rows = spectra if hasattr(spectra, "toarray") else spectra.reshape(-1, n)
    spread = None if variance is None else np.broadcast_to(np.asarray(variance, float), spectra.shape).reshape(-1, n)
    fixed = variance is not None and np.ndim(variance) == 1 and components_variance is None
    own = own_weights if own_weights is not None else rows.shape[0] == 1
    if own and not fixed:
        found = [
            _of_one(
                components,
                row,
                None if spread is None else spread[i],
                limits=limits,
                count=count,
                more=components_variance,
            )
            for i, row in enumerate(rows)
        ]
        values, covariance, chi2 = (np.stack(part) for part in zip(*found, strict=True))
    else:
        values, covariance, chi2 = _of_many(components, rows, spread, limits=limits, count=count, fixed=fixed)
    k, df = len(components), n - len(components) + (limits == "simplex")
    return LinearFit(values.reshape(*shape, k), covariance.reshape(*shape, k, k), chi2.reshape(shape), df)


def _check(components: np.ndarray, spectra: np.ndarray, limits: str, count: int) -> None:
    if limits not in LIMITS:
        raise StudyError(f"limits = '{limits}' is not possible.", hint=f"Known: {', '.join(LIMITS)}.")
    k, n = components.shape
    if spectra.shape[-1] != n or n < k or not spectra.size:
        raise DataError(f"{k} components of {n} points cannot be fitted to spectra of {spectra.shape[-1]} points.")
    if not np.all(np.isfinite(components)):
        raise DataError("A component is not finite everywhere.", hint="Choose a range that all components cover.")
    if limits != "free" and count > _MOST_BOUNDED:
        raise DataError(f"{count} components with limits are too many; {_MOST_BOUNDED} are possible.")


def _of_one(
    components: np.ndarray,
    row: np.ndarray,
    variance: np.ndarray | None,
    *,
    limits: str,
    count: int,
    more: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, covariance and chi2 of one spectrum, weighted by its own model until it no longer moves."""
    row = np.asarray(row, float)
    least = _LEAST * max(float(np.mean(np.abs(row))), 1e-300)
    weights = 1.0 / (np.full(row.shape, max(float(np.mean(row)), least)) if variance is None else variance)
    values = np.zeros(len(components))
    for _ in range(_PASSES):
        normal = (components * weights) @ components.T
        before, values = values, _solved(normal, (components * weights) @ row, limits, count)[0]
        now = np.maximum(values @ components, least) if variance is None else np.asarray(variance, float)
        weights = 1.0 / (now if more is None else now + values**2 @ more)
        if np.all(np.abs(values - before) <= _AT_REST * np.abs(values).max()):
            break
    normal = (components * weights) @ components.T
    covariance = _summed(_inverse(normal), normal, limits, count)
    return values, covariance, np.asarray(np.sum(weights * (row - values @ components) ** 2))


def _of_many(
    components: np.ndarray, rows: np.ndarray, spread: np.ndarray | None, *, limits: str, count: int, fixed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, covariances and chi2 of spectra that share their weights, chunk by chunk."""
    (k, n), size = components.shape, rows.shape[0]
    step = max(1, _CHUNK // n)
    chunks = [slice(i, min(i + step, size)) for i in range(0, size, step)]
    variance = _common_variance(components, rows, spread, chunks, fixed=fixed)
    weighted = components / variance
    normal = weighted @ components.T
    project = _inverse(normal) @ weighted  # (k, n): values = project @ spectrum
    upper = np.triu_indices(k)
    single = (rows.dtype.kind in "ui" and rows.dtype.itemsize <= 4) or rows.dtype == np.float32
    kind: type = np.float32 if single else np.float64
    # what is multiplied by spectra, or by their variance: small numbers are scaled up for single precision
    scale = np.abs(project).max(axis=1)
    forward: np.ndarray = np.ascontiguousarray((project / scale[:, None]).T, kind)
    pairs: np.ndarray = np.ascontiguousarray(
        (project[upper[0]] * project[upper[1]] / (scale[upper[0]] * scale[upper[1]])[:, None]).T, kind
    )
    values, packed, chi2 = np.empty((size, k)), np.empty((size, len(upper[0]))), np.empty(size)
    factor = scale[upper[0]] * scale[upper[1]]
    for chunk in chunks:
        block = _dense(rows[chunk], kind)
        values[chunk] = (block @ forward) * scale
        if not fixed:
            packed[chunk] = ((block if spread is None else np.asarray(spread[chunk], kind)) @ pairs) * factor
        if limits != "free":
            values[chunk] = _solved(normal, values[chunk] @ normal, limits, count)
        chi2[chunk] = _misfit(components.astype(kind), block, values[chunk], variance if spread is not None else None)
    if fixed:
        packed[:] = _inverse(normal)[upper]
    covariance = np.empty((size, k, k))
    covariance[:, upper[0], upper[1]] = packed
    covariance[:, upper[1], upper[0]] = packed
    return values, _summed(covariance, normal, limits, count), chi2


def _dense(rows: Any, kind: type | None = None) -> np.ndarray:
    """Return rows as an array; those of a sparse matrix are filled in."""
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, kind)


def _common_variance(
    components: np.ndarray, rows: np.ndarray, spread: np.ndarray | None, chunks: list[slice], *, fixed: bool
) -> np.ndarray:
    """Return the variance of a channel that weights all spectra: what is given, else that of their mean."""
    if spread is not None:
        return np.asarray(spread[0] if fixed else np.mean(spread, axis=0))
    whole = np.sum([np.sum(_dense(rows[chunk]), axis=0, dtype=np.float64) for chunk in chunks], axis=0)
    if not np.any(whole > 0):
        return np.ones(rows.shape[1])
    values = _of_one(components, whole, None, limits="free", count=0, more=None)[0]
    return np.asarray(np.maximum(values @ components, _LEAST * float(np.mean(whole))) / rows.shape[0])


def _misfit(components: np.ndarray, block: np.ndarray, values: np.ndarray, variance: np.ndarray | None) -> np.ndarray:
    """Return chi2 of each spectrum of a chunk; `block` is overwritten."""
    model = values.astype(components.dtype) @ components
    total = model.sum(axis=1, dtype=float)
    residual = np.subtract(block, model, out=model)
    if variance is not None:
        residual *= (1.0 / np.sqrt(variance)).astype(components.dtype)
        return np.asarray(np.einsum("ij,ij->i", residual, residual), float)
    with np.errstate(all="ignore"):
        return np.where(total > 0, np.einsum("ij,ij->i", residual, residual) * components.shape[1] / total, np.nan)


def _inverse(normal: np.ndarray) -> np.ndarray:
    """Return the inverse of normal equations, shape (k, k).

    Raises
    ------
    DataError  when components cannot be told apart.
    """
    scale = np.sqrt(np.diag(normal))
    if np.any(scale <= 0):
        raise DataError(f"Component {int(np.argmin(scale)) + 1} is zero in the range of the fit.", hint="Leave it out.")
    eigenvalues, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
    if eigenvalues[0] < _ALIKE * eigenvalues[-1]:
        alike = np.flatnonzero(np.abs(vectors[:, 0]) > 0.1) + 1
        text = (
            f"Components {', '.join(map(str, alike))} cannot be told apart: one is a multiple or a sum of the others."
        )
        raise DataError(text, hint="Leave one of them out, or widen the range.")
    return np.asarray((vectors / eigenvalues) @ vectors.T / np.outer(scale, scale))


def _summed(covariance: np.ndarray, normal: np.ndarray, limits: str, count: int) -> np.ndarray:
    """Return the covariance of the values once the first `count` of them must sum to one (simplex), else as it is."""
    if limits != "simplex":
        return covariance
    one = (np.arange(len(normal)) < count).astype(float)
    direction = _inverse(normal) @ one
    keep = np.eye(len(normal)) - np.outer(direction, one) / (one @ direction)
    return np.asarray(keep @ covariance @ keep.T)


def _solved(normal: np.ndarray, right: np.ndarray, limits: str, count: int) -> np.ndarray:
    """Return the values (m, k) that minimise v.N.v - 2 v.r within the limits, for right sides r of shape (m, k) or (k,).

    Every choice of components at zero is tried, the fewest first: exact, and the same for one spectrum and for many.
    """
    right = np.atleast_2d(right)
    k = len(normal)
    best = _on_face(normal, right, np.arange(k), limits=limits, count=count)
    if limits == "free":
        return best
    open_rows = np.flatnonzero(np.any(best[:, :count] < 0, axis=1))
    lowest = np.full(len(open_rows), np.inf)
    for zeros in itertools.chain.from_iterable(itertools.combinations(range(count), m) for m in range(1, count + 1)):
        kept = np.setdiff1d(np.arange(k), zeros)
        if not len(open_rows) or not len(kept) or (limits == "simplex" and len(zeros) == count):
            continue
        tried = _on_face(normal, right[open_rows], kept, limits=limits, count=count)
        cost = np.einsum("mi,ij,mj->m", tried, normal, tried) - 2.0 * np.einsum("mi,mi->m", tried, right[open_rows])
        better = (cost < lowest) & np.all(tried[:, :count] >= 0, axis=1)
        best[open_rows[better]], lowest[better] = tried[better], cost[better]
    if count == k and limits == "non-negative":
        best[open_rows[lowest >= 0]] = 0.0  # nothing at all fits better
    return best


def _on_face(normal: np.ndarray, right: np.ndarray, kept: np.ndarray, *, limits: str, count: int) -> np.ndarray:
    """Return the best values with only the kept components, shape (m, k), whatever their signs."""
    inverse = _inverse(normal[np.ix_(kept, kept)])
    values = right[:, kept] @ inverse
    if limits == "simplex":
        one = (kept < count).astype(float)
        direction = inverse @ one
        values += (1.0 - values @ one)[:, None] * direction / (one @ direction)
    full = np.zeros(right.shape)
    full[:, kept] = values
    return full


def effective_points(residuals: np.ndarray) -> float:
    """Return how many independent points residuals amount to, from the sum of their autocorrelation (1 to their number).

    The sum ends where neighbours of neighbours no longer resemble each other (Geyer's initial positive sequence). Residuals
    of a fit lack what the fit took with it, so the number is rather too large: cap it by range over resolution.

    Example
    -------
    >>> effective_points(np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]))
    6.0
    >>> effective_points(np.repeat([1.0, -1.0, 1.0, 1.0, -1.0, -1.0], 10)) < 12
    True
    """
    residuals = np.asarray(residuals, float)
    n, power = len(residuals), float(residuals @ residuals)
    if n < 3 or power <= 0:
        return float(n)
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    transformed = np.fft.rfft(residuals, size)
    alike = np.fft.irfft(np.abs(transformed) ** 2, size)[:n] / power
    pairs = alike[: n - n % 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    total = 2.0 * float(pairs[: ends[0] if len(ends) else None].sum()) - 1.0
    return float(n / min(max(total, 1.0), float(n)))


def block_bootstrap(
    components: np.ndarray,
    spectrum: np.ndarray,
    *,
    variance: np.ndarray,
    block: int,
    limits: str = "free",
    bounded: int | None = None,
    draws: int = 400,
    seed: int = 0,
) -> np.ndarray:
    """Return values of refits, shape (draws, k), to the model plus blocks of the residuals in random order.

    Parameters
    ----------
    block : points that stay together; at least two resolutions long.
    variance : shape (n,); residuals are moved in units of its root.

    Example
    -------
    >>> rng = np.random.default_rng(4)
    >>> parts = np.array([np.ones(200), np.linspace(-1.0, 1.0, 200)])
    >>> again = block_bootstrap(parts, 5.0 + rng.normal(size=200), variance=np.ones(200), block=5)
    >>> float(again[:, 0].std().round(2))  # 1/sqrt(200) = 0.07
    0.07
    """
    components, spectrum = np.asarray(components, float), np.asarray(spectrum, float)
    if not 1 <= block <= len(spectrum) // 2:
        raise DataError(f"Blocks of {block} points cannot be drawn from {len(spectrum)}.")
    root = np.sqrt(np.asarray(variance, float))
    fit = fit_linear(components, spectrum, variance=variance, limits=limits, bounded=bounded)
    model = fit.values @ components
    taken = len(components) * block  # what the fit took of the sum of a block
    left = (spectrum - model) / root * np.sqrt(len(spectrum) / max(len(spectrum) - taken, len(spectrum) / 4))
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, len(spectrum) - block + 1, (draws, -(-len(spectrum) // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, : len(spectrum)]
    return fit_linear(components, model + left[rows] * root, variance=variance, limits=limits, bounded=bounded).values
