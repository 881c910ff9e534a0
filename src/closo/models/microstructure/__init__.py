"""Microstructures of composites: geometry from a seed, or a segmented image, as labels of phases on a grid.

    geometry = overlapping_spheres(60e-9, 10e-9, 0.35, seed=1)       # spheres in a periodic box, in metres
    made = sample(geometry, 48, subvoxels=4, shell=2e-9)             # uint8 labels: 0 particle, 1 matrix, 2 shell, 3 void

A geometry knows nothing of grids: the same seed sampled at two resolutions is the same composite. Fractions are met as
nearly as one particle more or less allows, and what was reached is reported.
"""

from closo.models.microstructure.aggregates import agglomerates, aggregate, aggregates, radius_of_gyration
from closo.models.microstructure.channels import channel_fraction, hexagonal_channels
from closo.models.microstructure.importing import from_labels, phases_from_maps, read_stack
from closo.models.microstructure.pathways import connected_share, crossing, pathways_figure, slice_figure
from closo.models.microstructure.records import LABELS, MATRIX, PARTICLE, SHELL, VOID, Channels, Microstructure, Spheres
from closo.models.microstructure.sampling import film_thickness, sample
from closo.models.microstructure.spheres import (
    boolean_fraction,
    hard_spheres,
    overlapping_spheres,
    with_void_spheres,
)

__all__ = [
    "LABELS",
    "MATRIX",
    "PARTICLE",
    "SHELL",
    "VOID",
    "Channels",
    "Microstructure",
    "Spheres",
    "agglomerates",
    "aggregate",
    "aggregates",
    "boolean_fraction",
    "channel_fraction",
    "connected_share",
    "crossing",
    "film_thickness",
    "from_labels",
    "hard_spheres",
    "hexagonal_channels",
    "overlapping_spheres",
    "pathways_figure",
    "phases_from_maps",
    "radius_of_gyration",
    "read_stack",
    "sample",
    "slice_figure",
    "with_void_spheres",
]
