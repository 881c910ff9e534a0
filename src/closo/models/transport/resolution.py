"""From the conductivity of a network to that of a geometry: the error of the grid and the scatter of boxes.

The bound of `solve` is about the network. That cells describe a geometry only so well is the larger error; it is judged
from the same geometry on two grids and, with composite links, from two pictures of what lies between cell centres.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from closo.errors import StudyError
from closo.models.transport.network import crossing
from closo.models.transport.request import Options, Request, checked
from closo.models.transport.solving import Conduction, potential

_LEAST = 0.003  # relative u of the grid


@dataclass(frozen=True)
class Resolved:
    """Effective conductivity of a geometry, from two grids.

    Attributes
    ----------
    effective_conductivity : from both grids.
    grid_u : standard uncertainty for the grid (two resolutions).
    link_u : standard uncertainty for the links (two pictures of a block); 0 without subvoxels.
    solver_u : half the distance of the bounds of the finer grid.
    fine, coarse : the two solutions, with links of layers.
    cells : along the edge of the finer grid.
    """

    effective_conductivity: float
    grid_u: float
    link_u: float
    solver_u: float
    fine: Conduction
    coarse: Conduction
    cells: int

    @property
    def u(self) -> float:
        """Standard uncertainty, all sources."""
        return math.sqrt(self.grid_u**2 + self.link_u**2 + self.solver_u**2)

    @property
    def relative_u(self) -> float:
        """The uncertainty over the value; infinite where only the coarse grid has a path, 0 where none has."""
        if self.effective_conductivity > 0:
            return self.u / self.effective_conductivity
        return math.inf if self.u > 0 else 0.0


def resolved(
    sample: Callable[[int], np.ndarray],
    cells: int,
    conductivities: Mapping[int, float],
    *,
    axis: int = 0,
    boundary: str = "periodic",
    tolerance: float = 1e-4,
    subvoxels: int = 1,
    within: float | None = None,
    most: int = 8_000_000,
) -> Resolved:
    """Return the conductivity of a geometry with the error of its grid.

    Parameters
    ----------
    sample : number of cells along an edge -> labels of the geometry, `subvoxels` samples per edge of a cell.
    cells : along an edge; without subvoxels even, and the second grid has half as many. With subvoxels the second grid cuts
        every cell of the same image in eight.
    subvoxels : 1 or a multiple of 4.
    within : relative u that is asked for: the number of cells along an edge is doubled until u is no larger.
    most : cells that the finest grid may have; where doubling would need more, u stays larger than asked for. 8 million take
        some 15 s and 2 GB.

    Notes
    -----
    The order at which the value approaches its limit depends on the geometry: none, the first order of smeared surfaces, or
    about 0.6 for shells of a cell at a contrast of 1000, where gaps and necks narrower than a cell count. The value is the
    middle between the finer grid and its extrapolation of first order, 2 fine - coarse (in logarithms), and its u the
    whole change from one grid to the other. With subvoxels, links of layers come down to the limit or up to it, links that
    are half rods come up: the value is the mean of what both give, u the change of the layers, and half of the distance
    between both on the finer grid a source of its own. Chosen on four boxes of spheres with shells, and compared with 32
    cells per radius on others (`python -m benchmarks grids`): u holds from 4 cells per radius on, not from 2. Two
    shells that pass within one cell share its potential, whatever its links are: only smaller cells (`within`) part them.

    u of the grid is never less than 0.3 %: on arrays of coated spheres, two grids that agree by chance were both off by
    0.3 to 0.5 %.

    Raises
    ------
    StudyError  when the cells or samples do not make two grids, or 0.3 % or less is asked for.

    Example
    -------
    >>> def sample(cells):
    ...     image = np.ones((cells, cells, cells), np.uint8)
    ...     image[: cells // 2] = 2
    ...     return image
    >>> round(resolved(sample, 4, {1: 1.0, 2: 3.0}).effective_conductivity, 6)
    1.5
    """
    _check_grids(cells, subvoxels, within)
    request = partial(_asked, conductivities, Options(axis=axis, boundary=boundary, tolerance=tolerance))
    found, size = _on_two_grids(sample, cells, subvoxels, request)
    while within is not None and found.relative_u > within and 8 * size <= most:
        cells *= 2
        found, size = _on_two_grids(sample, cells, subvoxels, request)
    return found


def _asked(
    conductivities: Mapping[int, float], options: Options, image: np.ndarray, links: tuple[int, float] = (1, 0.0)
) -> Request:
    """Return what is asked of an image; `links` = (subvoxels, rod_share)."""
    return checked(image, conductivities, replace(options, subvoxels=links[0], rod_share=links[1]))


def _check_grids(cells: int, subvoxels: int, within: float | None) -> None:
    if cells < 4 or (cells % 2 and subvoxels == 1):
        raise StudyError(f"cells is {cells}; two grids need an even number of 4 or more.")
    if subvoxels > 1 and subvoxels % 4:
        raise StudyError(f"subvoxels is {subvoxels}; two grids of one image need 1 or a multiple of 4.")
    if within is not None and not within > _LEAST:
        raise StudyError(
            f"An error of {100 * within:.3g} % is asked for; two grids never tell less than {100 * _LEAST:g} %."
        )


def _on_two_grids(
    sample: Callable[[int], np.ndarray], cells: int, subvoxels: int, request: Callable[..., Request]
) -> tuple[Resolved, int]:
    """Return what two grids say, and how many cells the finer one has; only its links of layers give derivatives."""
    image = sample(cells)
    if subvoxels == 1:
        fine = potential(request(image)).conduction
        coarse = potential(request(sample(cells // 2)), derivatives=False).conduction
        return _from_two((fine, fine), (coarse, coarse), cells), image.size
    half = subvoxels // 2
    first = request(image, (half, 0.0))
    crossed = crossing(first.image, first.conductivities, periodic=first.periodic)
    layers = potential(first, crossed=crossed).conduction
    rods, wide_layers, wide_rods = (
        potential(request(image, links), crossed=crossed, derivatives=False).conduction
        for links in ((half, 0.5), (subvoxels, 0.0), (subvoxels, 0.5))
    )
    return _from_two((layers, rods), (wide_layers, wide_rods), 2 * cells), image.size // half**3


def _from_two(fine: tuple[Conduction, Conduction], coarse: tuple[Conduction, Conduction], cells: int) -> Resolved:
    """Return what two grids say, each with links of layers and of half rods; the finer one has `cells` along an edge.

    All is done in logarithms: near a threshold one grid may conduct several times what the other does.
    """
    (layers, rods), (wide_layers, wide_rods) = (
        tuple(each.effective_conductivity for each in pair) for pair in (fine, coarse)
    )
    mean, wide_mean = (layers + rods) / 2, (wide_layers + wide_rods) / 2
    solver = 0.5 * (fine[0].upper - fine[0].lower)
    if min(layers, rods, wide_layers, wide_rods) == 0.0:  # a path on one grid alone is a doubt, and no trend
        grid = max(abs(layers - wide_layers), _LEAST * mean)
        return Resolved(mean, grid, abs(layers - rods) / 2, solver, fine[0], coarse[0], cells)
    value = mean * math.sqrt(mean / wide_mean)
    grid = value * max(abs(math.log(layers / wide_layers)), _LEAST)
    return Resolved(value, grid, value * abs(math.log(layers / rods)) / 2, solver, fine[0], coarse[0], cells)


@dataclass(frozen=True)
class Spread:
    """Mean over realisations, its standard uncertainty, the standard deviation of one, and each value."""

    mean: float
    u: float
    deviation: float
    values: tuple[float, ...]


def over_seeds(conductivity: Callable[[int], float], seeds: Sequence[int]) -> Spread:
    """Return the mean of a conductivity over boxes made from different seeds: the statistical error of a finite box.

    Raises
    ------
    StudyError  with fewer than two seeds: one box does not tell how boxes scatter.

    Example
    -------
    >>> over_seeds(lambda seed: 1.0 + 0.1 * seed, [1, 2, 3]).mean
    1.2
    """
    if len(set(seeds)) < 2:
        raise StudyError(f"{len(set(seeds))} seed given; the scatter of boxes needs two or more different ones.")
    values = np.array([conductivity(seed) for seed in seeds])
    deviation = float(values.std(ddof=1))
    u = deviation / math.sqrt(len(values))
    return Spread(float(values.mean()), u, deviation, tuple(float(v) for v in values))
