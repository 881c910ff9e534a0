"""Kernels of maps: distance to the edge of particles, models of a profile in projection, correlation and domains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, label, zoom

from closo.fit import least_squares
from closo.techniques.linear_fit import LinearFit, fit_linear

MODELS = ("outside only", "uniform in the particle", "shell")
_SMOOTH, _FINER, _FINE, _LEAST = 1.0, 5, 0.25, 20  # pixels of smoothing; cells of a pixel; grid; pixels of a particle
_FARTHEST, _CELLS = 3.0, 60.0  # radii outside; cells of the grid
_STANDS_OUT = 3.0  # variance over that of smoothed noise
_SHEETS = np.array([-0.75, -0.25, 0.25, 0.75])  # where the outer side of a shell that fades is taken to lie


@dataclass(frozen=True)
class Edge:
    """Signed distance of each pixel to the edge of particles (> 0 outside) and their radius [pixels]."""

    distance: np.ndarray
    radius: float


@dataclass(frozen=True)
class Profile:
    """Means of maps, shape (k, shells), over the distance to the edge (pixels, > 0 outside), with their variances."""

    distance: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    radius: float


@dataclass(frozen=True)
class ShellFit:
    """Width of the shell [pixels] and u; chi2 of each of MODELS and points; sharpness and radius found from the particle."""

    width: float
    u: float
    excess: float
    chi2: dict[str, float]
    points: int
    blur: float
    radius: float
    model: np.ndarray


def particle_edge(marker: np.ndarray, *, factor: float = 1.0, noise: float = 0.0) -> Edge | None:
    """Return the edge of what is bright in `marker`, None where nothing stands out of its noise (a variance).

    The threshold is Otsu's on the smoothed map, times `factor`; the edge is found on a finer grid. The radius is that of a
    circle with the median area of a particle.
    """
    smooth = gaussian_filter(marker, _SMOOTH)
    if smooth.var() <= _STANDS_OUT * noise / (4.0 * np.pi * _SMOOTH**2):
        return None
    levels = np.sort(smooth.ravel())
    n = np.arange(1, levels.size)
    sums = np.cumsum(levels)
    between = (sums[:-1] / n - (sums[-1] - sums[:-1]) / (levels.size - n)) ** 2 * n * (levels.size - n)
    top = int(np.argmax(between))
    inside = zoom(smooth, _FINER, order=1, grid_mode=True, mode="nearest") > factor * 0.5 * float(
        levels[top] + levels[top + 1]
    )
    if min(inside.sum(), (~inside).sum()) < _LEAST * _FINER**2:
        return None
    apart = np.where(inside, 0.5 - distance_transform_edt(inside), distance_transform_edt(~inside) - 0.5) / _FINER
    areas = np.bincount(label(inside)[0].ravel())[1:] / _FINER**2
    radius = float(np.sqrt(np.median(areas[areas >= min(_LEAST, areas.max())]) / np.pi))
    middle = apart.reshape(marker.shape[0], _FINER, marker.shape[1], _FINER)[:, _FINER // 2, :, _FINER // 2]
    return Edge(middle, radius)


def profile_of(maps: np.ndarray, variances: np.ndarray, edge: Edge, keep: np.ndarray | None = None) -> Profile:
    """Return means of maps, shape (k, y, x), over whole pixels of the distance to an edge."""
    distance, radius = edge.distance, edge.radius
    chosen = (distance < _FARTHEST * radius) & (True if keep is None else keep)
    shell = np.round(distance[chosen]).astype(int)
    first = int(shell.min())
    number = np.bincount(shell - first)
    full = number >= 4
    means = np.array([np.bincount(shell - first, m[chosen])[full] / number[full] for m in maps])
    spread = np.array([np.bincount(shell - first, v[chosen])[full] / number[full] ** 2 for v in variances])
    place = np.bincount(shell - first, distance[chosen])[full] / number[full]
    return Profile(place, means, np.maximum(spread, 1e-30), radius)


def _chord(rho: np.ndarray, radius: float) -> np.ndarray:
    """Return the length of a sphere that is seen at a distance rho from its centre."""
    return np.asarray(2.0 * np.sqrt(np.maximum(radius**2 - rho**2, 0.0)))


def _seen(distance: np.ndarray, centre: float, blur: float, radii: tuple[float, ...]) -> np.ndarray:
    """Return the projected length between the first of concentric spheres and the others (their mean), blurred.

    `distance` is that of the profile, to an edge at a radius of `centre`.
    """
    far = max(radii) + 4.0 * blur + 2.0
    step = max(_FINE, far / _CELLS)
    grid = np.arange(-np.ceil(far / step), np.ceil(far / step) + 1.0) * step
    across = grid[np.abs(grid) <= 4.0 * blur]  # the blur in both directions is needed along a radius only
    weights = np.exp(-0.5 * (across / blur) ** 2)
    rho = np.hypot(across[:, None], grid)
    length = np.mean([_chord(rho, r) for r in radii[1:]], axis=0) - _chord(rho, radii[0])
    row = gaussian_filter(weights @ length / weights.sum(), blur / step, mode="constant")
    return np.asarray(np.interp(centre + distance, grid, row, left=0.0, right=0.0))


def _particle(profile: Profile) -> tuple[float, float]:
    """Return radius and blur [pixels] with which a sphere explains the profile of the particles."""
    d, centre, marker, root = profile.distance, profile.radius, profile.means[2], np.sqrt(profile.variances[2])

    def residual(p: np.ndarray) -> np.ndarray:
        rows = np.array([_seen(d, centre, float(p[1]), (0.0, float(p[0]))), np.ones_like(d)])
        return np.asarray((marker - fit_linear(rows, marker, variance=root**2).values @ rows) / root)

    ends = (np.array([0.7 * centre, 0.3]), np.array([1.6 * centre + 1.0, 0.5 * centre + 1.0]))
    radius, blur = least_squares(residual, np.array([1.1 * centre, 0.8]), noise_known=True, bounds=ends).values
    return float(radius), float(blur)


def fit_shell(profile: Profile, *, fade: float = 0.0) -> ShellFit:
    """Compare three models of the first map: with the second one (the matrix) outside only, with the particle, with a shell.

    The third map is that of the particle: its profile gives the radius and the blur. Signal = a matrix + b length, in
    which the noise of the matrix counts. A shell that fades does so evenly from 1 - fade to 1 + fade of its width.
    """
    d, (signal, matrix, _), (variance, noise, _) = profile.distance, profile.means, profile.variances
    centre, (radius, blur) = profile.radius, _particle(profile)

    def fitted(*lengths: np.ndarray) -> tuple[LinearFit, np.ndarray]:
        rows = np.array([matrix, *lengths])
        extra = np.zeros_like(rows)
        extra[0] = noise
        return fit_linear(rows, signal, variance=variance, components_variance=extra, own_weights=True), rows

    def shell(width: float) -> np.ndarray:
        sides = radius + width * (1.0 + fade * _SHEETS) if fade else [radius + width]
        return _seen(d, centre, blur, (radius, *sides))

    def residual(p: np.ndarray) -> np.ndarray:
        fit, rows = fitted(shell(float(np.exp(p[0]))))
        return np.asarray((signal - fit.values @ rows) / np.sqrt(variance + fit.values[0] ** 2 * noise))

    widths = np.geomspace(0.25, 0.8 * centre + 1.0, 10)
    best = min(widths, key=lambda w: float(fitted(shell(w))[0].chi2))
    ends = (np.log(widths[:1] / 2.0), np.log(widths[-1:] * 1.5))
    found = least_squares(residual, np.log(np.array([best])), noise_known=True, bounds=ends)
    width = float(np.exp(found.values[0]))
    fit, rows = fitted(shell(width))
    chi2 = [float(fitted(*parts)[0].chi2) for parts in ((), (_seen(d, centre, blur, (0.0, radius)),))]
    inflate = max(1.0, float(fit.chi2) / max(d.size - 3, 1)) ** 0.5
    u = width * float(found.covariance[0, 0]) ** 0.5 * inflate
    listed = dict(zip(MODELS, (*chi2, float(fit.chi2)), strict=True))
    return ShellFit(width, u, float(fit.values[1]), listed, d.size, blur, radius, fit.values @ rows)


def correlation(one: np.ndarray, other: np.ndarray, noise: np.ndarray) -> float:
    """Return the correlation of two maps without their noise: `noise` is their mean covariance, shape (2, 2).

    NaN where the scatter of a map is not above its noise.
    """
    clean = np.cov(one.ravel(), other.ravel()) - noise
    if min(clean[0, 0], clean[1, 1]) <= 0:
        return float("nan")
    return float(clean[0, 1] / np.sqrt(clean[0, 0] * clean[1, 1]))


def domains(share: np.ndarray, noise: float) -> tuple[float, float]:
    """Return the scatter of a share without its noise, and the distance at which it no longer resembles itself [pixels].

    That is where the autocorrelation falls to 1/e; NaN where it does not within a third of the map, or no scatter is left.
    """
    left = share - share.mean()
    variance = float(np.mean(left**2)) - noise
    if variance <= 0:
        return float("nan"), float("nan")
    reach = min(share.shape) // 3
    alike = [
        0.5 * (np.mean(left[k:] * left[: len(left) - k]) + np.mean(left[:, k:] * left[:, : left.shape[1] - k]))
        for k in range(1, reach + 1)
    ]
    fallen = np.array([1.0, *(np.array(alike) / variance)])
    below = np.flatnonzero(fallen < np.exp(-1.0))
    if not below.size:
        return variance**0.5, float("nan")
    k = int(below[0])
    return variance**0.5, k - 1 + float((fallen[k - 1] - np.exp(-1.0)) / (fallen[k - 1] - fallen[k]))
