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
    """Spheres in a periodic box; what is in none of them is matrix.

    Attributes
    ----------
    box : edge lengths [m].
    centres : (n, 3) [m], inside the box.
    radii : (n,) [m].
    asked, reached : volume fraction of the particles, as wanted and as it is (union, counted on a fixed fine grid for
        overlapping spheres; exact for hard ones).
    void_centres, void_radii : (k, 3) and (k,) [m], spherical pores in the matrix.
    void_asked, void_reached : volume fraction of these pores in the composite.
    groups : (n,) number of the aggregate of each sphere.
    """

    box: tuple[float, float, float]
    centres: np.ndarray
    radii: np.ndarray
    asked: float
    reached: float
    seed: int
    description: str
    void_centres: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    void_radii: np.ndarray = field(default_factory=lambda: np.empty(0))
    void_asked: float = 0.0
    void_reached: float = 0.0
    groups: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


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
    """Phase labels on a periodic grid.

    Attributes
    ----------
    labels : uint8 (s n0, s n1, s n2): 0 particle, 1 matrix, 2 shell, 3 void, each a sample at the centre of a sub-voxel.
    subvoxels : s, samples per edge of a cell of the solver.
    edges : distance of the samples along the three axes [m].
    fractions : label -> volume fraction reached, of all samples.
    asked : label -> volume fraction asked for.
    seed : of the geometry, None for an image.
    description : one sentence, for a report.
    """

    labels: np.ndarray
    subvoxels: int
    edges: tuple[float, float, float]
    fractions: Mapping[int, float]
    asked: Mapping[int, float]
    seed: int | None
    description: str

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
