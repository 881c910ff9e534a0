"""Thresholds, amounts of shell and exact arrays: what is known of a composite without solving for its currents.

`closo.models.mixing` has the bounds and theories of mixtures; `closo.models.transport` solves a given geometry.
"""

from closo.models.percolation.arrays import cubic_array, square_array
from closo.models.percolation.dispersed import (
    S_3D,
    T_3D,
    Thresholds,
    at_onset,
    cube_bonds,
    cubes,
    near_end,
    near_onset,
    overlapping,
)
from closo.models.percolation.geometry import (
    film_thickness,
    hard_fractions,
    hard_saturation,
    interface_fraction,
    overlapping_fractions,
    pore_filling_fraction,
    shell_fraction_of_surface,
    sphere_diameter,
)
from closo.models.percolation.picture import Points, conductivity_figure
from closo.models.percolation.planar import checkerboard, corner_exponent, from_corners

__all__ = [
    "S_3D",
    "T_3D",
    "Points",
    "Thresholds",
    "at_onset",
    "checkerboard",
    "conductivity_figure",
    "corner_exponent",
    "cube_bonds",
    "cubes",
    "cubic_array",
    "film_thickness",
    "from_corners",
    "hard_fractions",
    "hard_saturation",
    "interface_fraction",
    "near_end",
    "near_onset",
    "overlapping",
    "overlapping_fractions",
    "pore_filling_fraction",
    "shell_fraction_of_surface",
    "sphere_diameter",
    "square_array",
]
