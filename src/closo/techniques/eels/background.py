"""Kernels of loss spectra: power laws by Poisson likelihood, net counts with variances, noise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closo.errors import DataError, StudyError
from closo.techniques.linear_fit import fit_linear

ONSETS = {
    "Al L": 73.0, "Si L": 99.2, "P L": 132.0, "Si L1": 149.7, "S L": 165.0, "B K": 188.0, "C K": 284.2, "N K": 401.0,
    "O K": 532.0, "Fe L": 708.0, "F K": 685.0, "Na K": 1071.0, "Al K": 1560.0, "Si K": 1839.0,
}  # eV  # fmt: skip
FLATTEST, STEEPEST = 2.0, 5.0  # exponents between which those of thin specimens lie (Egerton 2011)
_LEVEL, _FEW = 1.0, 12  # exponent of the end of a spectrum, edges included; its channels
_RISE = 3.0  # eV of smoothing
_STEPS, _APART = 12, 0.2  # Newton steps; exponents of the two fixed power laws, to either side
_SUMMED, _LAGS, _SHARED = 8, (5, 6, 7, 8), 0.3  # channels; a smaller part of the scatter over LAGS: smoothed
_CHUNK = 2**23  # elements that are worked on at once


@dataclass(frozen=True)
class Spectra:
    """What is analysed: counts (pixels, n), their sum, energies [eV], rows and columns of the map (None for a spectrum).

    `scale` : of the values of the file to these counts; `smoothed` : whether neighbours share their noise; `axis_u` : of
    the zero of the axis [eV], 0 where it is calibrated; `pixel` : [m], None where it is not known; `dark` : u of the zero
    of the values, where a dark current was subtracted.
    """

    name: str
    cube: np.ndarray
    total: np.ndarray
    energies: np.ndarray
    raster: tuple[int, int] | None
    scale: float
    smoothed: bool
    axis_u: float
    pixel: float | None
    dark: float = 0.0

    @property
    def share(self) -> float:
        """By what a sum of counts is divided to be the mean of a pixel, in the values of the file."""
        return len(self.cube) / self.scale


@dataclass(frozen=True)
class PowerLaw:
    """A (E/E0)^-r for each spectrum, shape (...): ln A, r, covariance (..., 2, 2), chi2 over degrees of freedom."""

    centre: float
    log_amplitude: np.ndarray
    exponent: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray

    def at(self, energies: np.ndarray) -> np.ndarray:
        """Return the background, shape (..., n)."""
        x = np.log(np.where(energies > 0, energies, np.nan) / self.centre)
        return np.asarray(np.exp(self.log_amplitude[..., None] - np.multiply.outer(self.exponent, x)))


@dataclass(frozen=True)
class Net:
    """Counts of an edge above its background, with their variance; the background in the same channels; its law."""

    value: np.ndarray
    variance: np.ndarray
    background: np.ndarray
    law: PowerLaw


def power_law(counts: np.ndarray, energies: np.ndarray) -> PowerLaw:
    """Fit a power law to counts by Poisson likelihood.

    Parameters
    ----------
    counts : shape (..., n), whole or scaled by a gain; a spectrum with fewer than 3 counts gives NaN.
    energies : shape (n,), > 0 [eV].

    Example
    -------
    >>> e = np.arange(165.0, 187.0, 0.25)
    >>> round(float(power_law(1e4 * (e / 170.0) ** -2.8, e).exponent), 3)
    2.8
    """
    y = np.asarray(counts, float)
    centre = float(np.exp(np.mean(np.log(energies))))
    x = -np.log(energies / centre)  # so that the slope is r
    total = y.sum(axis=-1)
    good = total > 2
    with np.errstate(all="ignore"):
        level = np.log(np.where(good, total, 1.0) / len(energies))
        slope = np.full(level.shape, 3.0)
        for _ in range(_STEPS):
            model = np.exp(level[..., None] + slope[..., None] * x)
            s0, s1, s2 = model.sum(-1), model @ x, model @ (x * x)
            g0, g1 = total - s0, (y - model) @ x
            det = s0 * s2 - s1 * s1
            level = level + np.clip((s2 * g0 - s1 * g1) / det, -2.0, 2.0)
            slope = slope + np.clip((s0 * g1 - s1 * g0) / det, -5.0, 5.0)
        model = np.exp(level[..., None] + slope[..., None] * x)
        s0, s1, s2 = model.sum(-1), model @ x, model @ (x * x)
        shape = np.stack([np.stack([s2, -s1], -1), np.stack([-s1, s0], -1)], -2) / (s0 * s2 - s1 * s1)[..., None, None]
        chi2 = np.sum((y - model) ** 2 / model, axis=-1) / max(len(energies) - 2, 1)
    bad = ~good | ~np.isfinite(level + slope)
    level, slope, chi2 = (np.where(bad, np.nan, part) for part in (level, slope, chi2))
    return PowerLaw(centre, level, slope, shape, chi2)


def net_of(counts: np.ndarray, energies: np.ndarray, window: np.ndarray, signal: np.ndarray) -> Net:
    """Return the counts of `signal` channels above the power law of the `window` channels (masks, shape (n,))."""
    law = power_law(counts[..., window], energies[window])
    x = -np.log(energies[signal] / law.centre)
    below = law.at(energies[signal])
    slopes = np.stack([below.sum(-1), below @ x], -1)
    extrapolated = np.einsum("...i,...ij,...j->...", slopes, law.covariance, slopes)
    gross = np.asarray(counts[..., signal].sum(-1), float)
    return Net(gross - slopes[..., 0], np.maximum(gross, 1.0) + extrapolated, slopes[..., 0], law)


def bend_of(
    counts: np.ndarray, energies: np.ndarray, window: np.ndarray, signal: np.ndarray
) -> tuple[float, float, float]:
    """Return by how much the exponent falls per unit of ln E in a window, u of that, and what 1 of it adds to `signal`.

    One step away from the power law, along what of (ln E)^2/2 no power law can follow.
    """
    law = power_law(counts[window], energies[window])
    model = law.at(energies)
    x = np.log(np.where(energies > 0, energies, np.nan) / law.centre)
    basis = np.stack([np.ones_like(x), x, 0.5 * x * x])
    normal = (basis * model)[:, window] @ basis[:, window].T
    along = basis[2] - np.linalg.solve(normal[:2, :2], normal[:2, 2]) @ basis[:2]
    weight = float(model[window] @ along[window] ** 2)
    bend = float((counts - model)[window] @ along[window]) / weight
    return bend, (max(1.0, float(law.chi2)) / weight) ** 0.5, float(model[signal] @ along[signal])


def net_map(
    cube: np.ndarray, energies: np.ndarray, window: np.ndarray, signal: np.ndarray, *, exponent: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return net counts and variances, shape (pixels,), over two power laws with exponents beside `exponent`.

    `cube` has the shape (pixels, n); windows are ranges. All is linear in the counts: exact variances, no bias.
    """
    laws = np.stack([(energies / energies[window].mean()) ** -(exponent + d) for d in (-_APART, _APART)])
    first, last = np.flatnonzero(window)[[0, -1]]
    fit = fit_linear(laws[:, window], cube[:, first : last + 1])
    begin, end = np.flatnonzero(signal)[[0, -1]]
    gross = cube[:, begin : end + 1].sum(axis=1, dtype=float)
    sums = laws[:, signal].sum(axis=1)
    variance = np.maximum(gross, 1.0) + np.einsum("i,pij,j->p", sums, fit.covariance, sums)
    return gross - fit.values @ sums, variance


def gain_of(values: np.ndarray) -> tuple[float, bool]:
    """Return the variance of a spectrum's values over their mean, as sums over channels have it, and whether neighbours
    share their noise, as in smoothed and interpolated values.

    From second differences; of smoothed values from sums over 8 channels. The noise of a dark current that was
    subtracted is part of it.

    Raises
    ------
    DataError  when the values are not positive on the whole, so that nothing says what their noise is.
    """
    y = np.asarray(values, float)
    pieces = np.array_split(y, max(1, len(y) // 64))
    found = [np.mean(np.diff(p, 2) ** 2) / 6.0 / p.mean() for p in pieces if len(p) > 8 and p.mean() > 0]
    if not found or np.median(found) <= 0:
        text = "eels cannot tell the noise of these values: they are negative on the whole, or smoothed."
        raise DataError(text, hint="Read the file before its dark current was subtracted, or set gain.")
    if len(y) < 12 * _SUMMED or _scatter(y, 1) > _SHARED * np.mean([_scatter(y, lag) for lag in _LAGS]):
        return float(np.median(found)), False
    return _scatter(y[: len(y) // _SUMMED * _SUMMED].reshape(-1, _SUMMED).sum(axis=1), 1), True


def _scatter(y: np.ndarray, lag: int) -> float:
    """Return variance over mean, from the median of fourth differences over points that are `lag` apart."""
    n = len(y) - 4 * lag
    apart = sum(weight * y[k * lag : k * lag + n] for k, weight in enumerate((1, -4, 6, -4, 1)))
    mean = np.convolve(np.pad(y, 4, mode="edge"), np.ones(9) / 9.0, "valid")[2 * lag : 2 * lag + n]
    return float(np.median(np.abs(apart) / np.sqrt(np.maximum(mean, 1e-12 * y.max())))) ** 2 / 0.6745**2 / 70.0


def components_above_noise(cube: np.ndarray) -> int:
    """Return how many eigenvalues of Poisson-scaled spectra (pixels, n) exceed those that noise alone has."""
    mean = cube.mean(axis=0, dtype=float)
    bins = max(1, len(mean) // 128)
    n = len(mean) // bins
    starts, rows = np.arange(0, n * bins, bins), np.empty((len(cube), n), np.float32)
    chunks = np.array_split(np.arange(len(cube)), max(1, cube.size // _CHUNK))
    places = [slice(int(c[0]), int(c[-1]) + 1) for c in chunks]
    for place in places:
        np.add.reduceat(cube[place, : n * bins], starts, axis=1, dtype=np.float32, out=rows[place])
    channel, pixel = rows.mean(axis=0, dtype=float), np.maximum(rows.mean(axis=1, dtype=float), 1e-12)
    kept, gram = channel > 0, np.zeros((int(np.sum(channel > 0)),) * 2)
    for place in places:
        expected = np.sqrt(np.outer(pixel[place] / max(pixel.mean(), 1e-12), channel[kept])).astype(np.float32)
        scaled = rows[place][:, kept] / expected
        gram += scaled.T @ scaled
    eigenvalues = np.linalg.eigvalsh(gram) / len(rows)
    edge = (1.0 + np.sqrt(kept.sum() / len(rows))) ** 2
    return int(np.sum(eigenvalues > 1.05 * edge))


def odd_zero(values: np.ndarray, energies: np.ndarray) -> str:
    """Return what says that the zero of values is wrong: a twelfth of the channels whose mean is below zero by more than its
    noise, or an end that cannot be losses of electrons alone; '' where nothing does.
    """
    for y, e in zip(np.array_split(values, 12), np.array_split(energies, 12), strict=True):
        if len(y) > 4 and y.mean() < -4.0 * float(np.sqrt(np.mean(np.diff(y, 2) ** 2) / 6.0 / len(y))):
            return f"the mean from {e[0]:.0f} to {e[-1]:.0f} eV is {y.mean():.3g}: too much dark current was subtracted"
    start = 0.88 * float(energies[-1])
    if (end := energies > start).sum() < _FEW or any(start - 30.0 < onset < energies[-1] for onset in ONSETS.values()):
        return ""
    law = power_law(values[end], energies[end])
    falls, u = float(law.exponent), 3.0 * (max(1.0, float(law.chi2)) * float(law.covariance[1, 1])) ** 0.5
    told = f"beyond {start:.0f} eV the exponent is {falls:.2g}, not {_LEVEL:g} to {STEEPEST:g}"
    return f"{told}: a dark current, or an afterglow?" if falls - u > STEEPEST or falls + u < _LEVEL else ""


def odd_channels(counts: np.ndarray, energies: np.ndarray) -> str:
    """Return which channels of a spectrum cannot be right: dead, cut off at one height, or apart from both neighbours."""
    from scipy.ndimage import median_filter

    y = np.asarray(counts, float)
    dead = (y == 0) & (median_filter(y, min(61, y.size)) > 20)
    top = (y == y.max()) & (y.max() > 50)
    cut = top[:-2] & top[1:-1] & top[2:]
    near, far = np.maximum(y[1:-3], y[3:-1]), np.abs(np.diff(y))
    apart = y[2:-2] - near > 8.0 * np.sqrt(2.0 * np.maximum(near, 1.0)) + 3.0 * np.maximum(far[:-3], far[3:])
    for places, what in ((dead, "hold no counts"), (cut, "are cut off at one height"), (apart, "stand apart (X-ray?)")):
        if places.any():
            at = energies[int(np.argmax(places)) + (y.size - places.size) // 2]
            return f"{int(places.sum())} channels {what}, the first at {at:.1f} eV"
    return ""


def rise_of(energies: np.ndarray, net: np.ndarray) -> float:
    """Return where a smoothed edge first reaches 30 % of its highest [eV]."""
    width = max(1, round(_RISE / float(np.median(np.diff(energies)))))
    smooth = np.convolve(net, np.ones(width) / width, mode="same")
    return float(energies[int(np.argmax(smooth >= 0.3 * smooth.max()))])


def columns_of(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return energy loss and intensity of a reference: two columns, also with decimal commas; lines that do not begin with a
    number are left out.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[:100_000]
        rows = [re.split(r"[;\s]+", line.strip()) for line in lines if re.match(r"\s*[-+.\d]", line)]
        rows = [[w.rstrip(",").replace(",", ".") for w in row] if len(row) > 1 else row[0].split(",") for row in rows]
        table = np.array([row[:2] for row in rows], float).reshape(-1, 2)
    except (OSError, ValueError):
        table = np.zeros((0, 2))
    if len(table) < 5 or not np.all(np.isfinite(table)) or not np.all(np.diff(table[:, 0]) > 0):
        text = "this is not a reference: two columns are needed, rising energy loss and intensity."
        raise StudyError(text, file=path, hint="Write it as text with two columns.")
    return table[:, 0], table[:, 1]
