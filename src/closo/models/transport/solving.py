"""The effective conductivity of an image, along one axis or as a tensor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.errors import ConvergenceError, StudyError
from closo.models.transport.iteration import Potential, converge, shares
from closo.models.transport.network import Crossing, Medium, crossing, medium
from closo.models.transport.request import Options, Request, checked


@dataclass(frozen=True)
class Conduction:
    """Effective conductivity along one axis, in the unit of the phase conductivities, with its bounds.

    Attributes
    ----------
    effective_conductivity : the best estimate, near the upper bound, whose error is of second order.
    lower, upper : bounds of the conductivity of the network.
    derivatives : with respect to each phase's conductivity; phases that conduct nothing have none.
    dropped_fraction : of the voxels that conduct, those in parts that do not connect both sides.
    reason : why the conductivity is exactly 0, else None.
    seconds : wall time.
    """

    effective_conductivity: float
    lower: float
    upper: float
    derivatives: dict[int, float]
    iterations: int
    dropped_fraction: float
    reason: str | None
    seconds: float


def solve(
    labels: Any,
    conductivities: Mapping[int, float],
    *,
    axis: int = 0,
    boundary: str = "electrode",
    tolerance: float = 1e-4,
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
    subvoxels: int = 1,
    rod_share: float = 0.0,
    max_iterations: int = 500,
    device: str = "cpu",
) -> Conduction:
    """Return the effective conductivity of an image along one axis.

    Parameters
    ----------
    labels : uint8 (n0, n1, n2), or (n0, n1) for one voxel of depth.
    conductivities : phase label -> conductivity >= 0, any unit.
    axis, boundary, tolerance, voxel_size, subvoxels, rod_share, max_iterations, device : see `Options`.

    Raises
    ------
    StudyError : the image or a conductivity is unusable.
    ConvergenceError : the bounds did not come close enough in `max_iterations`.

    Example
    -------
    >>> result = solve(np.array([[[1]], [[2]]], np.uint8), {1: 1.0, 2: 3.0})
    >>> round(result.effective_conductivity, 10)
    1.5
    """
    options = Options(
        axis=axis,
        boundary=boundary,
        tolerance=tolerance,
        voxel_size=voxel_size,
        subvoxels=subvoxels,
        rod_share=rod_share,
        max_iterations=max_iterations,
        device=device,
    )
    return potential(checked(labels, conductivities, options)).conduction


@dataclass(frozen=True)
class Solved:
    """A request with its conduction, the network, and the potential (None where nothing conducts)."""

    request: Request
    conduction: Conduction
    medium: Medium
    potential: Potential | None


def potential(request: Request, *, crossed: Crossing | None = None, derivatives: bool = True) -> Solved:
    """Return the conduction with the network and its potential.

    `crossed` is what `network.crossing` makes of the image, where that is known; without `derivatives` there are none.
    """
    begun = time.perf_counter()
    image, size, options = request.image, request.size, request.options
    if request.periodic and image.shape[0] == options.subvoxels:  # no cell may be its own neighbour along the current
        image, crossed = np.concatenate([image, image]), None
    found = medium(
        crossed or crossing(image, request.conductivities, periodic=request.periodic),
        request.conductivities,
        size,
        periodic=request.periodic,
        subvoxels=options.subvoxels,
        rod_share=options.rod_share,
    )
    if not found.cells[1:-1, 1:-1, 1:-1].any():
        reason = "No conducting path connects the two sides." if found.labels else "No phase in the image conducts."
        if found.fine is not None and found.fine.any():
            reason = (
                "No path of links between cells connects the two sides, though one of samples does: use more cells."
            )
        seconds = time.perf_counter() - begun
        return Solved(request, Conduction(0.0, 0.0, 0.0, {}, 0, found.dropped, reason, seconds), found, None)
    solved = converge(found, tolerance=options.tolerance, max_iterations=options.max_iterations, device=options.device)
    scale = unit(found, request)
    upper, lower, best = (float(e * scale) for e in (solved.upper, solved.lower, solved.best))
    if not (upper > 0 and upper - lower <= options.tolerance * upper):
        raise ConvergenceError(
            f"After {solved.iterations} iterations the effective conductivity is known to lie between {lower:.6g} and "
            f"{upper:.6g}, wider than the tolerance {options.tolerance:g}.",
            hint="Allow more iterations or a larger tolerance.",
        )
    energies = shares(found, solved.x) * scale if derivatives else ()
    slopes = {
        label: float(e / request.conductivities[label]) for label, e in zip(found.labels, energies[1:], strict=False)
    }
    seconds = time.perf_counter() - begun
    result = Conduction(best, lower, upper, slopes, solved.iterations, found.dropped, None, seconds)
    return Solved(request, result, found, solved)


def unit(found: Medium, request: Request) -> float:
    """Return the conductivity of the box per energy of its potential, which drops by 1."""
    n0, n1, n2 = found.shape
    top = max(request.conductivities[label] for label in found.labels)
    return float(top * n0 * request.size[0] ** 2 / (n1 * n2 * request.size.prod()))


@dataclass(frozen=True)
class Tensor:
    """The conductivity tensor (3, 3) of a periodic image, symmetric, and a bound of the error of each component."""

    conductivity: np.ndarray
    error: np.ndarray
    seconds: float


def tensor(
    labels: Any,
    conductivities: Mapping[int, float],
    *,
    tolerance: float = 1e-4,
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
    max_iterations: int = 500,
) -> Tensor:
    """Return the full tensor of a periodic image; parameters and errors as in `solve`.

    The component (a, b) is the energy shared by the potentials along a and b. Its error is at most the root of the
    product of their gaps (Cauchy and Schwarz).

    Example
    -------
    >>> layers = np.ones((4, 4, 4), np.uint8)
    >>> layers[::2] = 2
    >>> np.round(tensor(layers, {1: 1.0, 2: 3.0}).conductivity.diagonal(), 6).tolist()
    [1.5, 2.0, 2.0]
    """
    begun = time.perf_counter()
    if np.ndim(labels) != 3:
        raise StudyError(f"The image has {np.ndim(labels)} dimensions; a tensor needs three.")
    options = Options(boundary="periodic", tolerance=tolerance, voxel_size=voxel_size, max_iterations=max_iterations)
    solved = [potential(checked(labels, conductivities, replace(options, axis=axis))) for axis in range(3)]
    error, value = np.zeros((3, 3)), np.zeros((3, 3))
    gaps = [max(s.conduction.upper - s.conduction.lower, 0.0) for s in solved]
    for a in range(3):
        value[a, a] = solved[a].conduction.effective_conductivity
        for b in range(3):
            error[a, b] = np.sqrt(gaps[a] * gaps[b])
        for b in range(a):
            value[a, b] = value[b, a] = _shared(solved[a], solved[b])
    return Tensor(value, error, time.perf_counter() - begun)


def _shared(first: Solved, second: Solved) -> float:
    """Return (1/V) sum of g du dv over all faces, for fields of mean gradient 1 along two axes."""
    if first.potential is None or second.potential is None:
        return 0.0
    fields, conducts = [], []
    for each, solved in ((first, first.potential), (second, second.potential)):
        length, axis = each.medium.shape[0] * each.request.size[0], each.request.options.axis
        fields.append(np.moveaxis(solved.x, 0, axis) * length)
        conducts.append(np.moveaxis(each.medium.cells, 0, axis))
    if fields[0].shape != fields[1].shape:  # one voxel along an axis: nothing couples to it
        return 0.0
    found = first.medium
    top = max(first.request.conductivities[label] for label in found.labels)
    edges, total = np.array(first.request.options.voxel_size, float), 0.0
    for d in range(3):
        upper = tuple(slice(1, -1) for _ in range(3))
        lower = tuple(slice(0, -2) if e == d else slice(1, -1) for e in range(3))
        resistance = found.resistance[conducts[0][lower]] + found.resistance[conducts[0][upper]]
        both = (conducts[1][lower] > 0) & (conducts[1][upper] > 0)
        drops = (fields[0][lower] - fields[0][upper]) * (fields[1][lower] - fields[1][upper])
        total += top * edges.prod() / edges[d] ** 2 * float(np.sum(np.where(both, drops / resistance, 0.0)))
    n0, n1, n2 = (n - 2 for n in conducts[0].shape)
    return float(total / (n0 * n1 * n2 * edges.prod()))
