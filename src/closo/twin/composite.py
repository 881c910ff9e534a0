"""Closed-form models behind the twin's composites: effective medium, milling kinetics, filling of pores.

They are forward models of the twin, chosen because they reproduce the trends that the reference study prints
(a maximum at 35 vol% and after 4 h of milling). That a twin contains them says nothing about which mechanism is true.
"""

from __future__ import annotations

import math


def volume_fraction(mass_filler: float, mass_matrix: float, *, density_filler: float, density_matrix: float) -> float:
    """Return the volume fraction of filler from two weighed masses [kg] and densities [kg/m3].

    Example
    -------
    >>> round(volume_fraction(249.4, 250.6, density_filler=2200.0, density_matrix=1190.0), 3)
    0.35
    """
    filler, matrix = mass_filler / density_filler, mass_matrix / density_matrix
    return filler / (filler + matrix)


def shell_conductivity(phi: float, *, shell: float, sigma_shell: float, sigma_matrix: float) -> float:
    """Return the conductivity of a salt with insulating grains, each in a conducting shell that may overlap others.

    Parameters
    ----------
    phi : volume fraction of the insulating grains.
    shell : shell thickness over grain radius, x. Grains and shells together fill 1 - (1 - phi)^((1 + x)^3), because
        randomly placed shells overlap.
    sigma_shell, sigma_matrix : conductivities [any unit; the result has the same].

    Notes
    -----
    Bruggeman's symmetric effective medium of three phases, sum_i f_i (s_i - s)/(s_i + 2 s) = 0. With one phase
    insulating it is a quadratic: 2 s^2 - b s - c = 0. Zero from phi = 2/3 on, where the conducting phases no longer
    percolate. Source: D. A. G. Bruggeman, Ann. Phys. 1935, 416, 636, 10.1002/andp.19354160705.

    Example
    -------
    >>> shell_conductivity(0.0, shell=0.65, sigma_shell=5.4e-3, sigma_matrix=1.9e-5)
    1.9e-05
    """
    total = 1.0 - math.pow(1.0 - phi, (1.0 + shell) ** 3)
    in_shell, in_matrix = total - phi, 1.0 - total
    b = (
        in_shell * (2.0 * sigma_shell - sigma_matrix)
        + in_matrix * (2.0 * sigma_matrix - sigma_shell)
        - phi * (sigma_shell + sigma_matrix)
    )
    c = sigma_shell * sigma_matrix * (1.0 - 1.5 * phi)
    if c <= 0.0:
        return 0.0
    root = math.sqrt(b * b + 8.0 * c)
    # the same root twice: the form without cancellation is taken
    return (b + root) / 4.0 if b >= 0.0 else 2.0 * c / (root - b)


def phase_fractions(hours: float, *, k1: float, k2: float) -> tuple[float, float, float]:
    """Return the fractions of A, B and C after milling, for A -> B -> C with rate constants k1 and k2 [1/h].

    A: the crystalline monoclinic salt; B: the well-conducting disordered state; C: over-milled.

    Example
    -------
    >>> [round(x, 3) for x in phase_fractions(4.0, k1=0.640, k2=0.064)]
    [0.077, 0.774, 0.148]
    """
    a = math.exp(-k1 * hours)
    b = k1 / (k2 - k1) * (a - math.exp(-k2 * hours))
    return a, b, 1.0 - a - b


def salt_to_pore_ratio(phi: float, *, pore_volume: float, density: float) -> float:
    """Return volume of salt over volume of the silica's pores; below 1 the salt cannot fill them.

    Parameters
    ----------
    phi : volume fraction of silica (skeleton).
    pore_volume : [m3/kg]; density : of the silica's skeleton [kg/m3].

    Example
    -------
    >>> round(salt_to_pore_ratio(0.35, pore_volume=1.207e-3, density=2200.0), 2)
    0.7
    """
    return (1.0 - phi) / (phi * density * pore_volume)


def unfilled_pore_fraction(phi: float, *, pore_volume: float, density: float) -> float:
    """Return the share of a pellet that stays empty inside the silica when all salt has gone into its pores.

    Zero where there is salt enough (ratio >= 1). Arguments as in `salt_to_pore_ratio`.

    Example
    -------
    >>> round(unfilled_pore_fraction(0.35, pore_volume=1.207e-3, density=2200.0), 3)
    0.218
    """
    empty = phi * density * pore_volume - (1.0 - phi)  # per volume of solid
    return empty / (1.0 + empty) if empty > 0.0 else 0.0
