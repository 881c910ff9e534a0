"""How much shell there is, from the filler: overlapping and hard spheres, specific surface areas, films, pores."""

from __future__ import annotations

from typing import Any

import numpy as np


def overlapping_fractions(filler_fraction: Any, shell_ratio: Any) -> tuple[Any, Any, Any]:
    """Return the fractions of filler, shell and matrix for spheres placed at random, free to overlap.

    Parameters
    ----------
    filler_fraction : of the union of the spheres, 0 <= phi < 1.
    shell_ratio : thickness of the shell / diameter of the sphere.

    Notes
    -----
    A point is outside of all spheres of a volume with probability exp(-number density x volume), so the matrix fills
    (1 - phi)^((1 + 2 x)^3). Torquato 2002, DOI 10.1007/978-1-4757-6355-3.

    Example
    -------
    >>> [round(float(f), 4) for f in overlapping_fractions(0.35, 0.25)]
    [0.35, 0.4163, 0.2337]
    """
    phi = np.asarray(filler_fraction, float)
    outside = 1 - phi
    matrix = outside ** ((1 + 2 * np.asarray(shell_ratio, float)) ** 3)
    return phi + 0 * matrix, outside - matrix, matrix


def hard_fractions(filler_fraction: Any, shell_ratio: Any) -> tuple[Any, Any, Any]:
    """Return the fractions of filler, shell and matrix where shells never overlap, the shell at most all that is left.

    Example
    -------
    >>> [round(float(f), 4) for f in hard_fractions(0.2, 0.25)]
    [0.2, 0.475, 0.325]
    """
    phi = np.asarray(filler_fraction, float)
    shell = np.minimum(phi * ((1 + 2 * np.asarray(shell_ratio, float)) ** 3 - 1), 1 - phi)
    return phi + 0 * shell, shell, 1 - phi - shell


def hard_saturation(shell_ratio: Any) -> Any:
    """Return the filler fraction at which shells that never overlap fill all that is left: (1 + 2 x)^-3.

    Example
    -------
    >>> round(float(hard_saturation(0.25)), 3)
    0.296
    """
    return (1 + 2 * np.asarray(shell_ratio, float)) ** -3.0


def sphere_diameter(specific_area: Any, *, density: Any) -> Any:
    """Return the diameter [m] of equal spheres of a specific surface area [m2/kg] and a density [kg/m3]: 6 / (rho S).

    Example
    -------
    >>> round(float(sphere_diameter(349e3, density=2200.0)) * 1e9, 2)
    7.81
    """
    return 6 / (np.asarray(density, float) * np.asarray(specific_area, float))


def shell_fraction_of_surface(
    filler_fraction: Any, specific_area: Any, thickness: Any, *, density: Any, overlapping: bool = True
) -> Any:
    """Return the fraction of the composite that a shell takes, from the specific surface area of the filler.

    Parameters
    ----------
    specific_area : of the filler [m2/kg]; thickness : of the shell [m]; density : of the filler [kg/m3], about 2200 for
        fumed silica. Without it diameters, and all ratios of thickness to diameter, are wrong by its value in g/cm3.
    overlapping : spheres and shells placed at random, free to overlap; else shells never overlap.

    Notes
    -----
    Takes the filler as equal spheres, all of whose surface the matrix reaches.

    Example
    -------
    >>> round(float(shell_fraction_of_surface(0.35, 349e3, 1e-9, density=2200.0)), 3)
    0.224
    """
    ratio = np.asarray(thickness, float) / sphere_diameter(specific_area, density=density)
    return (overlapping_fractions if overlapping else hard_fractions)(filler_fraction, ratio)[1]


def film_thickness(filler_fraction: Any, specific_area: Any, *, density: Any) -> Any:
    """Return the volume of matrix per area of filler [m]: (1 - phi) / (phi rho S).

    Example
    -------
    >>> round(float(film_thickness(0.35, 349e3, density=2200.0)) * 1e9, 2)
    2.42
    """
    phi = np.asarray(filler_fraction, float)
    return (1 - phi) / (phi * np.asarray(density, float) * np.asarray(specific_area, float))


def pore_filling_fraction(pore_volume: Any, *, density: Any) -> Any:
    """Return the filler fraction at which the matrix just fills the pores of the filler; above it voids remain.

    Parameters
    ----------
    pore_volume : of the filler powder [m3/kg]; of a loose powder it is an upper limit, as pressing closes pores.
    density : of the filler's solid [kg/m3].

    Notes
    -----
    1 / (1 + density x pore volume).

    Example
    -------
    >>> float(pore_filling_fraction(1e-3, density=2000.0))
    0.3333333333333333
    """
    return 1 / (1 + np.asarray(density, float) * np.asarray(pore_volume, float))


def interface_fraction(filler_fraction: Any, thickness_ratio: Any, *, shape: float = 3.0) -> Any:
    """Return Uvarov's fraction of interface, 2 shape x ratio x f (1 - f), at most 1.

    Parameters
    ----------
    thickness_ratio : thickness of the interface / size of the grains.
    shape : 3 for spheres or cubes.

    Notes
    -----
    For `closo.models.mixing.uvarov`; largest at f = 1/2. Uvarov 2011, DOI 10.1007/s10008-008-0739-4.

    Example
    -------
    >>> float(interface_fraction(0.5, 0.1))
    0.15000000000000002
    """
    f = np.asarray(filler_fraction, float)
    return np.minimum(2 * shape * np.asarray(thickness_ratio, float) * f * (1 - f), 1.0)
