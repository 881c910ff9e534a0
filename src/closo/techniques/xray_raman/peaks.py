"""Energies of peaks of a normalised edge: Gaussians on a line within a window, and what other profiles and windows give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Fit, least_squares
from closo.techniques.linear_fit import effective_points
from closo.techniques.xray_raman.background import inside
from closo.techniques.xray_raman.edges import Peak, Window

_LN2 = 4.0 * math.log(2.0)
_TRIMS = ((0.12, 0.0), (0.0, 0.12), (-0.1, -0.1))  # of the window, on both sides: other choices of it
_SURE = 3.0  # standard deviations of the height


@dataclass(frozen=True)
class Place:
    """Energy of a peak [eV], its sources: of the fit, of the choice of window and profile; `why` where it has none."""

    energy: float
    fit: float
    choice: float
    why: str = ""


def places_of(
    energy: np.ndarray, values: np.ndarray, u: np.ndarray, peak: Peak
) -> tuple[list[Place], np.ndarray | None]:
    """Return the places of the peaks that share a window, and the model over it.

    Peaks in one window are fitted together. The line below them is free, which takes the rise of the edge as well as
    it can; how well shows in the spread over windows and profiles (Gaussian, Lorentzian), which is a source.

    Parameters
    ----------
    energy, values, u : shape (n,); standard deviations, 0 where the noise is only known from the scatter.
    """
    chosen = inside(energy, peak.window)
    if chosen.sum() < 3 * len(peak.names) + 3:
        why = f"{int(chosen.sum())} points lie from {peak.window[0]:g} to {peak.window[1]:g} eV; too few"
        return [Place(math.nan, math.nan, math.nan, why)] * len(peak.names), None
    main = _fitted(energy, values, u, peak, window=peak.window, lorentzian=False)
    if main is None:
        return [Place(math.nan, math.nan, math.nan, "the fit did not arrive")] * len(peak.names), None
    fit, model = main
    others = [_fitted(energy, values, u, peak, window=peak.window, lorentzian=True)]
    width = peak.window[1] - peak.window[0]
    for low, high in _TRIMS:
        window = (peak.window[0] + low * width, peak.window[1] - high * width)
        others.append(_fitted(energy, values, u, peak, window=window, lorentzian=False))
    memory = math.sqrt(max(1.0, chosen.sum() / max(effective_points(fit.residuals), 4.0)))
    scatter = math.sqrt(max(1.0, fit.chi2 / max(fit.df, 1))) if np.all(u > 0) else 1.0
    factor = scatter * (memory if scatter > 1.2 or not np.all(u > 0) else 1.0)
    return [
        _place(k, peak.window, fit, others=[o[0] for o in others if o is not None], factor=factor)
        for k in range(len(peak.names))
    ], model


def _place(k: int, window: Window, fit: Fit, *, others: list[Fit], factor: float) -> Place:
    at, height = float(fit.values[3 * k]), float(fit.values[3 * k + 2])
    variance = fit.covariance[3 * k, 3 * k]
    height_u = math.sqrt(max(float(fit.covariance[3 * k + 2, 3 * k + 2]), 0.0)) * factor
    if not math.isfinite(float(variance)) or not height > _SURE * height_u:
        return Place(at, math.nan, math.nan, f"no peak stands {_SURE:g} standard deviations above the line below it")
    u = math.sqrt(float(variance)) * factor
    moved = [float(o.values[3 * k]) - at for o in others]
    choice = math.sqrt(float(np.mean(np.square(moved)))) if moved else 0.0
    if not window[0] < at < window[1] or math.hypot(u, choice) > 0.25 * (window[1] - window[0]):
        return Place(at, u, choice, "the data do not fix it within its window")
    return Place(at, u, choice)


def _fitted(
    energy: np.ndarray, values: np.ndarray, u: np.ndarray, peak: Peak, *, window: Window, lorentzian: bool
) -> tuple[Fit, np.ndarray] | None:
    """Return the fit, per peak (centre, log width, height), then level and slope; and the model over the window."""
    chosen = inside(energy, window)
    if chosen.sum() < 3 * len(peak.names) + 3:
        return None
    x, y = energy[chosen], values[chosen]
    known = bool(np.all(u[chosen] > 0))
    sigma = u[chosen] if known else np.full(x.size, max(float(np.ptp(y)), 1e-30))
    middle, half = 0.5 * (window[0] + window[1]), 0.5 * (window[1] - window[0])
    t = (x - middle) / half

    def model(p: np.ndarray) -> np.ndarray:
        total = p[-2] + p[-1] * t
        for k in range(len(peak.names)):
            r2 = ((x - p[3 * k]) / math.exp(min(max(p[3 * k + 1], -4.0), 4.0))) ** 2
            total = total + p[3 * k + 2] * (1.0 / (1.0 + 4.0 * r2) if lorentzian else np.exp(-_LN2 * r2))
        return np.asarray(total)

    line = np.interp(x, x[[0, -1]], y[[0, -1]])
    starts = [float(x[int(np.argmax(y - line))]) if at is None else at for at in peak.starts]
    first: list[float] = []
    for at in starts:
        height = max(float(np.interp(at, x, y - line)), 0.1 * float(np.ptp(y)))
        first += [at, math.log(0.7 * half / len(starts)), height]
    try:
        fit = least_squares(
            lambda p: (model(p) - y) / sigma,
            np.array([*first, float(line.mean()), 0.5 * float(line[-1] - line[0])]),
            noise_known=known,
            max_evaluations=300,
        )
    except ConvergenceError:
        return None
    return fit, model(fit.values)
