"""Where the current flows: a map of the current density, and a slice of it beside the phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.errors import StudyError
from closo.figures.spec import Axis, FigureSpec, Image, Panel
from closo.models.transport.network import Medium
from closo.models.transport.request import Options, checked
from closo.models.transport.solving import Conduction, Solved, potential, unit

_AS_USUAL = Options()
_DECADES = 4.0  # of the colour scale below the largest current density


@dataclass(frozen=True)
class CurrentMap:
    """Modulus of the current density in every cell (float32, shape of the cells), in units of its mean along `axis`."""

    current_density: np.ndarray
    axis: int
    conduction: Conduction | None


def current_map(labels: Any, conductivities: Mapping[int, float], options: Options = _AS_USUAL) -> CurrentMap:
    """Return the map of the current density of an image; parameters and errors as in `solve`.

    In a cell the current along an axis is the mean of what passes its two faces. Where nothing flows it is 0 everywhere.

    Example
    -------
    >>> stripes = np.array([[1, 2], [1, 2]], np.uint8)
    >>> current_map(stripes, {1: 1.0, 2: 3.0}).current_density[:, :, 0].tolist()
    [[0.5, 1.5], [0.5, 1.5]]
    """
    request = checked(labels, conductivities, options)
    done, axis, subvoxels = potential(request), options.axis, options.subvoxels
    if done.potential is None:
        shape = tuple(n // subvoxels for n in request.image.shape)
        return CurrentMap(np.moveaxis(np.zeros(shape, np.float32), 0, axis), axis, done.conduction)
    density = _density(done.medium, done.potential.x) * _per_mean(done)
    density = density[: request.image.shape[0] // subvoxels]  # a box of one cell was doubled
    return CurrentMap(np.moveaxis(density.astype(np.float32), 0, axis), axis, done.conduction)


def _density(found: Medium, x: np.ndarray) -> np.ndarray:
    """Return the modulus of the current through a cell per face area, up to a factor."""
    squares = np.zeros(found.shape)
    for d in range(3):
        lower = tuple(slice(0, -1) if e == d else slice(1, -1) for e in range(3))
        upper = tuple(slice(1, None) if e == d else slice(1, -1) for e in range(3))
        if found.faces.shape[1]:
            g = found.faces[d][upper].astype(float)
        else:
            g = found.factors[d] / (found.resistance[found.cells[lower]] + found.resistance[found.cells[upper]])
        current = np.moveaxis(g * (x[lower] - x[upper]), d, 0)
        mean = 0.5 * (current[:-1] + current[1:])
        squares += np.moveaxis(mean, 0, d) ** 2 * found.factors[d] ** -1.0
    return np.asarray(np.sqrt(squares))


def _per_mean(done: Solved) -> float:
    """Return the factor that makes the mean current density along the field 1."""
    _, n1, n2 = done.medium.shape
    total = done.conduction.effective_conductivity / unit(done.medium, done.request)  # current at a drop of 1
    return float(n1 * n2 / total * np.sqrt(done.medium.factors[0]))


def current_figure(
    found: CurrentMap, labels: np.ndarray, *, index: int | None = None, names: Mapping[int, str] | None = None
) -> FigureSpec:
    """Return a slice along the current twice: the phases, and the current density on a logarithmic scale.

    Parameters
    ----------
    labels : the image of the map (it may be finer than the map).
    index : of the slice in cells of the map; the middle one without it.
    names : label -> name in the legend.

    Raises
    ------
    StudyError  when there is no such slice.
    """
    across = 1 if found.axis == 2 else 2
    cells = found.current_density.shape[across]
    index = cells // 2 if index is None else index
    if not 0 <= index < cells:
        raise StudyError(f"There is no slice {index} across {'xyz'[across]}; there are {cells}.")
    image = labels[:, :, None] if labels.ndim == 2 else labels
    fine = image.shape[across] // cells
    phases = np.take(image, index * fine + fine // 2, axis=across)
    density = np.take(found.current_density, index, axis=across)
    first, second = (a for a in range(3) if a != across)
    axes = (Axis(f"{'xyz'[second]} / voxel"), Axis(f"{'xyz'[first]} / voxel"))
    edges = [np.arange(n + 1.0) for n in phases.shape]
    coarse = [np.linspace(0, n, m + 1) for n, m in zip(phases.shape, density.shape, strict=True)]
    named = {int(k): (names or {}).get(int(k), f"phase {k}") for k in np.unique(phases)}
    top = max(float(found.current_density.max()), 1e-30)
    values = Image(
        density, coarse[1], coarse[0], "values", "|j| / mean j", scale="log", range=(top / 10**_DECADES, top)
    )
    panels = [
        Panel(*axes, images=[Image(phases, edges[1], edges[0], names=named)], title="phases", equal=True),
        Panel(*axes, images=[values], title=f"current density, field along {'xyz'[found.axis]}", equal=True),
    ]
    ordered = np.sort(found.current_density, axis=None)[::-1]
    share = float(ordered[: max(ordered.size // 10, 1)].sum(dtype=float)) / max(float(ordered.sum(dtype=float)), 1e-30)
    summary = (
        f"Slice {index} across {'xyz'[across]}. A tenth of the cells holds {100 * share:.0f} % of |j|; the largest density "
        f"is {top:.3g} times the mean."
    )
    return FigureSpec("current density", panels, "Conduction through the microstructure", summary, columns=2)
