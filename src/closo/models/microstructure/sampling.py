"""From a geometry to labels on a grid of samples; the shell by its distance from the surfaces, never by counting voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closo.errors import StudyError
from closo.models.microstructure.records import (
    LABELS,
    PARTICLE,
    VOID,
    Channels,
    Geometry,
    Microstructure,
    Spheres,
    checked_fraction,
)
from closo.models.microstructure.spheres import counting_shape, rows

_MOST_SAMPLES = 1_100_000_000


def sample(
    geometry: Geometry,
    cells: int | Sequence[int],
    *,
    subvoxels: int = 1,
    shell: float = 0.0,
    filled_fraction: float = 1.0,
) -> Microstructure:
    """Return labels of a geometry on a grid.

    Parameters
    ----------
    cells : cells of the solver along the three axes; one number is meant along axis 0, with cubic cells.
    subvoxels : samples per edge of a cell, 1 or an even number.
    shell : thickness [m]; shell is what lies at a distance 0 < d <= shell from the nearest particle surface.
    filled_fraction : share of the space outside of the particles that is filled, from their surfaces outwards. The rest
        is void. 0 leaves it empty.

    Raises
    ------
    StudyError  when the grid does not fit the box or is too large.

    Example
    -------
    >>> from closo.models.microstructure import overlapping_spheres
    >>> made = sample(overlapping_spheres(60e-9, 10e-9, 0.35, seed=1), 24, subvoxels=4, shell=2e-9)
    >>> made.labels.shape, made.voxel_size[0] * 24
    ((96, 96, 96), 6e-08)
    """
    if subvoxels != 1 and (subvoxels < 1 or subvoxels % 2):
        raise StudyError(f"subvoxels is {subvoxels}; it must be 1 or an even number.")
    if not (0 <= shell < np.inf):
        raise StudyError(f"The shell is {shell} m thick; it must be finite and not negative.")
    checked_fraction("The filled fraction", filled_fraction, most=1.0)
    shape = tuple(subvoxels * n for n in _cells(geometry, cells))
    if np.prod(shape, dtype=float) > _MOST_SAMPLES:
        raise StudyError(f"A grid of {shape} is {np.prod(shape, dtype=float):.2g} samples.", hint="Use fewer cells.")
    step = np.array(geometry.box) / shape
    film = np.inf if filled_fraction == 1 else film_thickness(geometry, filled_fraction)
    if filled_fraction < 1 and isinstance(geometry, Spheres) and len(geometry.void_radii):
        raise StudyError("The geometry has pores already.", hint="Give either pores or filled_fraction.")
    from closo.models.microstructure import painting

    reach = max(shell, film if np.isfinite(film) else 0.0)
    field = distance(geometry, shape, reach=reach)
    labels = painting.to_labels(field, _voids(geometry, shape, step), np.float32(shell), np.float32(film))
    asked = {PARTICLE: geometry.asked, VOID: _void_asked(geometry, filled_fraction)}
    edges = (float(step[0]), float(step[1]), float(step[2]))
    text = geometry.description + (f"; shell {shell * 1e9:.3g} nm" if shell else "")
    return Microstructure(labels, subvoxels, edges, fractions_of(labels), asked, geometry.seed, text)


def distance(geometry: Geometry, shape: Sequence[int], *, reach: float) -> np.ndarray:
    """Return the distance [m] (float32, `shape`) to the nearest particle surface; what lies beyond `reach` is infinite.

    Exact outside of the particles. Inside it is negative, and for overlapping spheres not nearer to zero than it should be.
    """
    from closo.models.microstructure import painting

    step = np.array(geometry.box) / shape
    if isinstance(geometry, Channels):
        y, z = ((np.arange(n) + 0.5) * h for n, h in zip(shape[1:], step[1:], strict=True))
        nearest = np.full((shape[1], shape[2]), np.inf)
        for centre in geometry.centres:
            dy, dz = (x - c for x, c in zip((y, z), centre, strict=True))
            dy -= geometry.box[1] * np.round(dy / geometry.box[1])
            dz -= geometry.box[2] * np.round(dz / geometry.box[2])
            nearest = np.minimum(nearest, np.hypot(dy[:, None], dz[None, :]))
        inside = (geometry.radius - nearest).astype(np.float32)
        inside[inside > reach] = np.inf
        return np.broadcast_to(inside, tuple(shape)).copy()
    field = np.full(tuple(shape), np.inf, np.float32)
    painting.paint_distance(field, rows(geometry.centres, geometry.radii), step, float(reach))
    return field


def film_thickness(geometry: Geometry, filled_fraction: float) -> float:
    """Return the thickness [m] of the film on the particles that fills `filled_fraction` of the space outside of them.

    Found on a fixed grid, so that every sampling of this geometry uses the same film.
    """
    checked_fraction("The filled fraction", filled_fraction, most=1.0)
    shape = counting_shape(geometry.box)
    reach = max(geometry.box) / 8
    while True:
        field = distance(geometry, shape, reach=reach)
        outside = np.sort(field[field > 0])
        number = round(filled_fraction * outside.size)
        if number == 0:
            return 0.0
        if np.isfinite(outside[number - 1]):
            return float(outside[number - 1])
        if reach > 2 * max(geometry.box):  # there is no particle
            return float("inf")
        reach *= 2


def fractions_of(labels: np.ndarray) -> dict[int, float]:
    """Return the share of each of the four labels (and of others that are there)."""
    counts = np.bincount(labels.ravel(), minlength=len(LABELS))
    return {label: float(count / labels.size) for label, count in enumerate(counts) if count or label in LABELS}


def _void_asked(geometry: Geometry, filled_fraction: float) -> float:
    carved = geometry.void_asked if isinstance(geometry, Spheres) else 0.0
    return carved if filled_fraction == 1 else (1 - filled_fraction) * (1 - geometry.asked)


def _voids(geometry: Geometry, shape: Sequence[int], step: np.ndarray) -> np.ndarray:
    from closo.models.microstructure import painting

    if isinstance(geometry, Channels) or not len(geometry.void_radii):
        return np.zeros((0, 0, 0), np.bool_)
    taken = np.zeros(tuple(shape), np.bool_)
    painting.cover(taken, rows(geometry.void_centres, geometry.void_radii), step)
    return taken


def _cells(geometry: Geometry, cells: int | Sequence[int]) -> tuple[int, int, int]:
    if np.ndim(cells) == 0:
        wanted = np.array(geometry.box) / geometry.box[0] * float(np.asarray(cells))
        numbers = np.round(wanted).astype(int)
        if np.any(np.abs(numbers - wanted) > 1e-6 * np.maximum(wanted, 1)):
            raise StudyError(
                f"{cells} cells along axis 0 are not cubic in a box of {geometry.box}.",
                hint="Give the number of cells along each axis, or another box.",
            )
    else:
        numbers = np.asarray(cells)
    if numbers.shape != (3,) or not np.issubdtype(numbers.dtype, np.integer) or np.any(numbers < 1):
        raise StudyError(f"cells is {cells}; one or three whole numbers >= 1 are needed.")
    a, b, c = (int(n) for n in numbers)
    return a, b, c
