"""Fractions of reference spectra in a spectrum: the fit, its budget, the ranking of all combinations, limits of detection.

Neighbouring residuals of such a fit resemble each other: 160 points may be five independent ones. So models are ranked by
BIC with the effective number of points, and scatter that counting does not explain comes from blocks of residuals.

Sources: Schwarz 1978, doi:10.1214/aos/1176344136; Künsch 1989, doi:10.1214/aos/1176347265 (blocks); Ravel, Newville
2005, doi:10.1107/S0909049505012719 (combinatorial fits); Currie 1968, doi:10.1021/ac60259a007 (limits of detection).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closo.errors import DataError
from closo.techniques.linear_fit import LinearFit, block_bootstrap, effective_points, fit_linear
from closo.techniques.near_edge.normalising import Prepared

_MOST_COMBINED = 8  # references of which all combinations are tried
_NEAR = 6.0  # difference of BIC within which a combination may be true
_BROADER = 0.458  # of the resolution: what makes it 10 % wider
_DRAWS = 400
_SEEN = (
    "counting",
    "misfit",
    "residuals",
    "reference set",
)  # sources that simulated noise shows by itself, or that are no noise
_MISFIT = 1.2  # reduced chi-square above which counting alone does not explain the residuals

Budget = dict[str, np.ndarray]  # label of a source with its direction -> what it moves each fraction


@dataclass(frozen=True)
class Combination:
    """Some of the references: their positions, fractions, reduced chi-square, BIC with the effective number of points."""

    members: tuple[int, ...]
    values: np.ndarray
    chi2: float
    reduced: float
    bic: float


@dataclass(frozen=True)
class Fractions:
    """What a fit found: spectrum, its deviations and the references on `energy`; fractions, sources, combinations."""

    energy: np.ndarray
    spectrum: np.ndarray
    sigma: np.ndarray
    references: np.ndarray
    values: np.ndarray
    budget: Budget
    reduced: float
    points: float
    combinations: tuple[Combination, ...]
    limits: str


def fractions_of(
    sample: Prepared,
    references: Sequence[Prepared],
    window: tuple[float, float],
    *,
    limits: str,
    alignment_u: float,
    resolution: float,
) -> Fractions:
    """Return the fractions of all references, with their sources.

    Parameters
    ----------
    window : [eV], of the fit. limits : of `fit_linear`. alignment_u : of each reference against the sample [eV].
    resolution : full width [eV], 0 where it is not known.

    Raises
    ------
    DataError  when the window holds too few points, or a reference does not reach over it.
    """
    low, high = (
        max(window[0], *(r.energy[0] for r in references)),
        min(window[1], *(r.energy[-1] for r in references)),
    )
    chosen = (sample.energy >= low) & (sample.energy <= high)
    if chosen.sum() < 3 * len(references) + 2 or high - low < 0.7 * (window[1] - window[0]):
        raise DataError(
            f"the fit from {window[0]:g} to {window[1]:g} eV has {int(chosen.sum())} points that all references cover "
            f"({low:g} to {high:g} eV).",
            hint="Name a window that they cover: --set window=LOW-HIGH.",
        )
    x = sample.energy[chosen]
    y, u = sample.values[chosen], sample.u[chosen]
    known = bool(np.all(u > 0))
    matrix = np.stack([r.at(x) for r in references])
    own = np.stack([np.interp(x, r.energy, r.u) for r in references]) ** 2
    more = own if known and np.all(own > 0) else None
    variance = u**2 if known else np.full(x.size, 1.0)
    fit = fit_linear(matrix, y, variance=variance, limits=limits, components_variance=more)
    residuals = y - fit.values @ matrix
    if not known:
        variance = np.full(x.size, max(float(residuals @ residuals) / max(fit.df, 1), 1e-30))
    points = effective_points(residuals / np.sqrt(variance))
    points = min(points, (high - low) / resolution) if resolution > 0 else points
    whole = variance if more is None else variance + fit.values**2 @ more
    scatter = float(np.sum(residuals**2 / whole)) / max(fit.df, 1)
    project = fit.covariance @ (
        matrix / whole
    )  # of noise to fractions; that of a reference is common to all spectra too
    shared = [(project * spread) @ project.T for spread in ([] if more is None else fit.values[:, None] ** 2 * more)]
    budget = _noise(
        fit, sum(shared), matrix, y, variance=whole, known=known, limits=limits, scatter=scatter, points=points
    )
    for k, part in enumerate(shared):
        budget |= _directions(f"counting of {k}", part, ordered=True)

    def again(values: np.ndarray, components: np.ndarray) -> np.ndarray:
        return np.asarray(fit_linear(components, values, variance=whole, limits=limits).values)

    moved = _other_choices(sample, references, x)
    for k, (kind, values, components) in enumerate(moved):
        same = sum(one[0] == kind for one in moved) * (3.0 if kind == "background model" else 1.0)
        budget[f"{kind}[{k + 1}]"] = (again(values, components) - fit.values) / math.sqrt(same)
    for k, reference in enumerate(references):
        both = [matrix.copy(), matrix.copy()]
        both[0][k], both[1][k] = (reference.at(x, shift=s) for s in (-alignment_u, alignment_u))
        half = 0.5 * (again(y, both[1]) - again(y, both[0])) / math.sqrt(2.0)  # the reference's own half is common
        budget |= {f"alignment[{k + 1}]": half, f"alignment of {k}[1]": half}
    if resolution > 0:
        broad = np.stack([_broadened(r, x, _BROADER * resolution) for r in references])
        budget["resolution"] = again(y, broad) - fit.values
    ranked = _ranked(matrix, y, variance, limits=limits, points=points) if len(references) <= _MOST_COMBINED else ()
    for k, (share, one) in enumerate(_weights(ranked, len(references))):
        full = np.zeros(len(references))
        full[list(one.members)] = one.values
        budget[f"reference set[{k + 1}]"] = math.sqrt(share) * (full - fit.values)
    sigma = np.sqrt(whole * (max(scatter, 1.0) if known else 1.0))
    return Fractions(
        x, y, sigma, matrix, fit.values, budget, scatter if known else math.nan, points, ranked, limits,
    )  # fmt: skip


def _noise(
    fit: LinearFit,
    shared: np.ndarray | int,
    matrix: np.ndarray,
    y: np.ndarray,
    *,
    variance: np.ndarray,
    known: bool,
    limits: str,
    scatter: float,
    points: float,
) -> Budget:
    """Return what counting, and scatter beyond it, move the fractions."""
    found: Budget = {}
    if known:
        found |= _directions("counting", fit.covariance - shared)
    if not known or scatter > _MISFIT:
        block = int(np.clip(2.0 * y.size / points, 1, y.size // 3))
        free = "simplex" if limits == "simplex" else "free"
        draws = block_bootstrap(matrix, y, variance=variance, block=block, limits=free, draws=_DRAWS)
        beyond = np.cov(draws.T).reshape(len(matrix), -1) - (fit.covariance if known else 0.0)
        found |= _directions("misfit" if known else "residuals", beyond)
    return found


def _directions(label: str, covariance: np.ndarray, *, ordered: bool = False) -> Budget:
    if ordered:
        least = (1e-9 * np.trace(covariance) + 1e-30) * np.eye(len(covariance))
        return {f"{label}[{k + 1}]": c for k, c in enumerate(np.linalg.cholesky(covariance + least).T)}
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return {f"{label}[{k + 1}]": vectors[:, k] * math.sqrt(max(v, 0.0)) for k, v in enumerate(values)}


def _other_choices(
    sample: Prepared, references: Sequence[Prepared], x: np.ndarray
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return spectrum and references under each other choice: name of the source, values.

    A choice of the normalisation is made for all alike. A background is chosen for each by itself: only the sample's is
    moved where a reference does not allow the same model.
    """
    return [
        (
            "normalisation" if choice.startswith("normalisation") else "background model",
            sample.at(x, choice),
            np.stack([r.at(x, choice) for r in references]),
        )
        for choice in sample.others
    ]


def _broadened(reference: Prepared, x: np.ndarray, width: float) -> np.ndarray:
    """Return a reference seen through a Gaussian of full width `width` more, at energies x."""
    step = min(width / 8.0, float(np.median(np.diff(reference.energy))))
    fine = np.arange(reference.energy[0], reference.energy[-1], step)
    if fine.size > 200_000:
        return reference.at(x)
    half = math.ceil(1.5 * width / step)
    bell = np.exp(-4.0 * math.log(2.0) * (np.arange(-half, half + 1) * step / width) ** 2)
    padded = np.pad(reference.at(fine), half, mode="edge")
    return np.asarray(np.interp(x, fine, np.convolve(padded, bell / bell.sum(), "valid")))


def _ranked(
    matrix: np.ndarray, y: np.ndarray, variance: np.ndarray, *, limits: str, points: float
) -> tuple[Combination, ...]:
    """Return all combinations of the references, the best BIC first; adding one to another never raises chi-square."""
    found = []
    n = len(matrix)
    for members in itertools.chain.from_iterable(itertools.combinations(range(n), k) for k in range(1, n + 1)):
        fit = fit_linear(matrix[list(members)], y, variance=variance, limits=limits)
        if 1 < len(members) < n and np.min(fit.values) <= 0:
            continue  # the same as without that one
        chi2 = max(float(fit.chi2), 1e-300)
        bic = points * math.log(chi2) + len(members) * math.log(max(points, 2.0))
        found.append(Combination(members, fit.values, chi2, chi2 / max(fit.df, 1), bic))
    return tuple(sorted(found, key=lambda one: one.bic))


def _weights(ranked: tuple[Combination, ...], size: int) -> list[tuple[float, Combination]]:
    """Return the combinations, other than that of all, that may be true as well, with the weight that BIC gives them."""
    if not ranked:
        return []
    near = [one for one in ranked if one.bic - ranked[0].bic < _NEAR]
    near += [one for one in ranked if len(one.members) == size and one not in near]
    weights = np.exp([-0.5 * (one.bic - ranked[0].bic) for one in near])
    return [(float(w), one) for w, one in zip(weights / weights.sum(), near, strict=True) if len(one.members) < size]


def detection_limits(found: Fractions, *, seed: int = 0) -> list[tuple[float, float]]:
    """Return per reference the fraction that is found in 19 of 20 spectra, and its error.

    Spectra are simulated: the best fit without the reference with the noise of the points; what energies, backgrounds,
    normalisation and resolution move a fraction is drawn and added. Then with more and more of the reference, until 95 %
    of the spectra give more than 95 % of those without it do. The error is that of the draws and of the noise.
    """
    random = np.random.default_rng(seed)
    noise = random.standard_normal((_DRAWS, found.energy.size)) * found.sigma
    shifts = [moved for label, moved in found.budget.items() if re.split(r" of \d|\[", label)[0] not in _SEEN]
    drawn = random.standard_normal((_DRAWS, len(shifts))) @ np.reshape(shifts, (len(shifts), -1))
    return [_limit(found, k, noise, drawn[:, k] if shifts else np.zeros(_DRAWS)) for k in range(len(found.references))]


def _limit(found: Fractions, k: int, noise: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    rest = [j for j in range(len(found.references)) if j != k]
    null = np.zeros(len(found.references))
    without = fit_linear(found.references[rest], found.spectrum, variance=found.sigma**2, limits=found.limits)
    null[rest] = without.values
    level = float(null.sum()) or 1.0

    def fitted(w: float) -> np.ndarray:
        parts = null * (1.0 - w / level)
        parts[k] += w
        spectra = parts @ found.references + noise
        values = fit_linear(found.references, spectra, variance=found.sigma**2, limits=found.limits).values[:, k]
        return np.asarray(values + drawn)

    threshold = float(np.quantile(fitted(0.0), 0.95))
    low, high = 0.0, 1.0
    if np.mean(fitted(high) > threshold) < 0.95:
        return math.inf, math.inf
    for _ in range(10):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if np.mean(fitted(middle) > threshold) >= 0.95 else (middle, high)
    spread = float(np.std(fitted(high)))
    # standard error of a 95 % quantile of normal draws: 2.11 sd / sqrt(draws), here of two of them
    error = math.hypot(2.11 * math.sqrt(2.0 / _DRAWS) * spread, high / math.sqrt(2.0 * max(found.points, 4.0)))
    return high, error
