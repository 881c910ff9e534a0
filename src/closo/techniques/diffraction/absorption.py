"""Micro-absorption: intensity that does not leave the particles (Brindley 1945, doi:10.1080/14786444508520918)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from closo.techniques.diffraction.structure import Phase

_LONGEST = 6.0  # path, beyond which the mean of exponentials says nothing; its u is larger than it then
Sizes = Mapping[int, tuple[float, float]]  # phase -> diameter of its particles and u [um]


def brindley(path: np.ndarray) -> np.ndarray:
    """Return the share of intensity that leaves spheres, over that of a powder of the mean attenuation.

    `path` is (mu - mean mu) times the diameter. Mean of exp(-path t) over the chords t, in diameters, through all points of
    a sphere: at reflection under 90 deg it is 1 % more at a path of 0.6, and 4 % at 1.

    Example
    -------
    >>> brindley(np.array([-0.2, 0.0, 0.2])).round(3).tolist()
    [1.163, 1.0, 0.861]
    """
    chord, weight = np.polynomial.legendre.leggauss(12)
    t = 0.5 * (chord + 1.0)
    return np.asarray(np.exp(-np.multiply.outer(path, t)) @ (1.5 * weight * t**2))


def _path(phases: Sequence[Phase], parts: np.ndarray) -> np.ndarray:
    """Return the attenuation of each phase beyond that of the mixture of masses `parts`, for a path of 1 um."""
    volume = parts / np.array([phase.density for phase in phases])
    attenuation = np.array([phase.attenuation for phase in phases])
    return np.asarray(1e-4 * (attenuation - float(volume @ attenuation / volume.sum())))


def kept_of(phases: Sequence[Phase], masses: Callable[[np.ndarray], np.ndarray], sizes: Sizes) -> np.ndarray:
    """Return the share of intensity that leaves the particles of each phase; `masses` corrected for such shares."""
    kept, diameters = np.ones(len(phases)), np.array([sizes[k][0] for k in range(len(phases))])
    for _ in range(8 if diameters.any() else 0):  # the mean attenuation depends on the masses
        kept = brindley(np.clip(_path(phases, masses(kept)) * diameters, -_LONGEST, _LONGEST))
    return kept


def error_of(phases: Sequence[Phase], share: np.ndarray, sizes: Sizes) -> np.ndarray:
    """Return the relative error of each mass by the u of the diameter of its particles; 3/4 of it is the mean chord."""
    return np.asarray(0.75 * _path(phases, share) * np.array([sizes[k][1] for k in range(len(phases))]))
