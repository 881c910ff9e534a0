"""Two thresholds of a conductor with insulating filler whose interface conducts best.

With more filler the interfaces first join to a path (`onset`: a conductor with superconducting parts, exponent s), later
what conducts falls apart (`end`: a conductor with insulating parts, exponent t). Bunde, Dieterich and Roman 1985, DOI
10.1103/PhysRevLett.55.5; Roman, Bunde and Dieterich 1986, DOI 10.1103/PhysRevB.34.3439. The power laws hold near the
thresholds; their prefactors are of order 1 and not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

S_3D, T_3D = 0.73, 2.0  # exponents in three dimensions
_ETA = 0.34189  # reduced density of equal overlapping spheres at their threshold
_VOID_END = 0.9699  # filler fraction at which the space between overlapping spheres falls apart
_CUBES = 0.09764  # of cubes that touch by faces, edges or corners


@dataclass(frozen=True)
class Thresholds:
    """Filler fractions: shells percolate from `onset` on; nothing percolates from `end` on."""

    onset: Any
    end: Any


def overlapping(shell_ratio: Any) -> Thresholds:
    """Return the thresholds of overlapping spheres with shells.

    Parameters
    ----------
    shell_ratio : thickness of the shell / diameter of the sphere.

    Notes
    -----
    Spheres with their shells percolate at the reduced density 0.34189 (Lorenz and Ziff 2001, DOI 10.1063/1.1338506), at
    which the cores fill 1 - exp(-0.34189 (1 + 2 x)^-3). The space between spheres is connected up to a fraction of 0.9699
    (Rintoul 2000, DOI 10.1103/PhysRevE.62.68), so spheres without voids do not explain a loss of conduction at 0.4.

    Example
    -------
    >>> [round(float(overlapping(x).onset), 2) for x in (0.0625, 0.125, 0.25, 0.375)]
    [0.21, 0.16, 0.1, 0.06]
    """
    ratio = np.asarray(shell_ratio, float)
    return Thresholds(1 - np.exp(-_ETA * (1 + 2 * ratio) ** -3.0), np.full(ratio.shape, _VOID_END)[()])


def cubes() -> Thresholds:
    """Return the thresholds of equal cubes on a lattice whose edges are the paths of the ions.

    Notes
    -----
    An edge conducts well where between one and three of its four cubes are filler, not at all where all four are
    (`cube_bonds`). Edges around filler join wherever cubes touch by a face, an edge or a corner, so the onset is the
    threshold of that lattice of cubes (26 neighbours), 0.0976: Kurzawski and Malarz 2012, DOI
    10.1016/S0034-4877(12)60036-6. Exchanging filler and conductor leaves the picture, so the end is 1 - onset.

    Example
    -------
    >>> round(cubes().onset + cubes().end, 12)
    1.0
    """
    return Thresholds(_CUBES, 1 - _CUBES)


def cube_bonds(filler_fraction: Any) -> tuple[Any, Any, Any]:
    """Return the fractions of edges in filler, along interfaces and in the conductor, for cubes placed at random.

    Example
    -------
    >>> [float(f) for f in cube_bonds(0.5)]
    [0.0625, 0.875, 0.0625]
    """
    p = np.asarray(filler_fraction, float)
    inside, outside = p**4, (1 - p) ** 4
    return inside, 1 - inside - outside, outside


def near_onset(filler_fraction: Any, threshold: Any, *, s: float = S_3D) -> Any:
    """Return sigma / sigma of the conductor below the onset for shells that conduct perfectly: (1 - p / onset)^-s.

    Returns inf from the onset on, where the conductivity of the shell limits (`at_onset`).

    Example
    -------
    >>> float(near_onset(0.0, 0.1)), float(near_onset(0.1, 0.1))
    (1.0, inf)
    """
    left = 1 - np.asarray(filler_fraction, float) / np.asarray(threshold, float)
    with np.errstate(divide="ignore"):
        return np.where(left > 0, np.abs(np.maximum(left, 0.0)) ** -s, np.inf)[()]


def at_onset(contrast: Any, *, s: float = S_3D, t: float = T_3D) -> Any:
    """Return the order of sigma / sigma of the conductor at the onset: contrast^(s / (s + t)).

    Example
    -------
    >>> float(at_onset(1e4, s=1.0, t=1.0))
    100.0
    """
    return np.asarray(contrast, float) ** (s / (s + t))


def near_end(filler_fraction: Any, threshold: Any, *, t: float = T_3D) -> Any:
    """Return the factor (1 - p / end)^t by which the conductivity vanishes at the end; exactly 0 from there on.

    Example
    -------
    >>> float(near_end(0.5, 1.0)), float(near_end(0.97, 0.9699))
    (0.25, 0.0)
    """
    left = 1 - np.asarray(filler_fraction, float) / np.asarray(threshold, float)
    return np.maximum(left, 0.0) ** t
