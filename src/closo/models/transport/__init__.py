"""Effective conductivity of a voxel image: a network of half cells in series, solved with a bound on its error.

Computes the conductivity of an image of phase labels: along one axis (`solve`), as a tensor (`tensor`), as a map of the
current (`current_map`), and from two resolutions with the error of the grid (`resolved`). Faces conduct by the harmonic
mean of their two cells, or by composite links where the image is finer than the cells. The energy of any potential bounds
the effective conductivity of the network from above, that of any balanced flux from below (Prager and Synge 1947, DOI
10.1090/qam/25902); the solver stops when the two are close enough. The bound is about the network: how well cells describe
the geometry is not in it. Point contacts between squares or cubes are under-conducted by every such network.

The solver is flexible conjugate gradients, preconditioned by an aggregation multigrid cycle in single precision.
"""

from closo.models.transport.maps import CurrentMap, current_figure, current_map
from closo.models.transport.request import Options
from closo.models.transport.resolution import Resolved, Spread, over_seeds, resolved
from closo.models.transport.solving import Conduction, Tensor, solve, tensor

__all__ = [
    "Conduction",
    "CurrentMap",
    "Options",
    "Resolved",
    "Spread",
    "Tensor",
    "current_figure",
    "current_map",
    "over_seeds",
    "resolved",
    "solve",
    "tensor",
]
