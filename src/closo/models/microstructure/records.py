"""What a microstructure is: a geometry in space, and labels sampled from it on a grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from closo.errors import StudyError

PARTICLE, MATRIX, SHELL, VOID = 0, 1, 2, 3
LABELS = {PARTICLE: "particle", MATRIX: "matrix", SHELL: "shell", VOID: "void"}


@dataclass(frozen=True)
class Spheres:
    """Spheres in a periodic box; what is in none of them is matrix."""

    box: tuple[float, float, float]  # edge lengths [m]
    centres: np.ndarray  # (n, 3) [m], inside the box
    radii: np.ndarray  # (n,) [m]
    asked: float  # volume fraction of the particles, as wanted
    reached: float  # as it is: their union (counted on a fixed fine grid for overlapping spheres; exact for hard ones)
    seed: int
    description: str
    void_centres: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))  # (k, 3) [m], of pores in the matrix
    void_radii: np.ndarray = field(default_factory=lambda: np.empty(0))  # (k,) [m]; these pores are spheres
    void_asked: float = 0.0  # volume fraction of these pores in the composite, as wanted
    void_reached: float = 0.0  # as it is
    groups: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))  # aggregate of each, (n,)


@dataclass(frozen=True)
class Channels:
    """Cylindrical channels along axis 0 through solid particle.

    `centres` (n, 2) are places on axes 1 and 2 [m]; box and radius in [m]; `asked` and `reached` as in `Spheres`.
    """

    box: tuple[float, float, float]
    centres: np.ndarray
    radius: float
    asked: float
    reached: float
    seed: int
    description: str


Geometry = Spheres | Channels


@dataclass(frozen=True)
class Microstructure:
    """Phase labels on a periodic grid."""

    # uint8 (s n0, s n1, s n2): 0 particle, 1 matrix, 2 shell, 3 void, each at the centre of a sub-voxel.
    labels: np.ndarray
    subvoxels: int  # s, samples per edge of a cell of the solver
    edges: tuple[float, float, float]  # distance of the samples along the three axes [m]
    fractions: Mapping[int, float]  # label -> volume fraction reached, of all samples
    asked: Mapping[int, float]  # label -> volume fraction asked for
    seed: int | None  # of the geometry, None for an image
    description: str  # one sentence, for a report

    @property
    def edge(self) -> float:
        """Distance of the samples along axis 0 [m]."""
        return self.edges[0]

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a cell of the solver [m]."""
        a, b, c = (self.subvoxels * edge for edge in self.edges)
        return a, b, c


def box_of(box: float | Sequence[float]) -> tuple[float, float, float]:
    """Return `box` as three edge lengths [m]; one number is a cube."""
    edges = np.broadcast_to(np.asarray(box, float), 3) if np.ndim(box) == 0 else np.asarray(box, float)
    if edges.shape != (3,):
        raise StudyError(f"The box has {edges.size} edge lengths.", hint="Give one length or three.")
    a, b, c = (checked_length("The edge of the box", float(edge)) for edge in edges)
    return a, b, c


def checked_length(what: str, value: float) -> float:
    """Return `value` [m] if it is finite and > 0."""
    if not (math.isfinite(value) and value > 0):
        raise StudyError(f"{what} is {value} m; it must be finite and > 0.", hint="Lengths are in metres: 8e-9.")
    return float(value)


def checked_fraction(what: str, value: float, *, most: float = 0.98) -> float:
    """Return `value` if it lies in 0..`most`."""
    if not 0 <= value <= most:
        raise StudyError(f"{what} is {value:.4g}; it must lie between 0 and {most:g}.", hint="35 vol% is 0.35.")
    return float(value)
