"""The sum of many reflections, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

_REACH = 30.0  # half-widths from the centre to where a reflection is left out
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_HEIGHT = 0.5 * (_NODES + 1.0)  # of the ray's ends over the largest one
_SHARE = (1.0 - _HEIGHT) * _WEIGHTS / float(np.sum((1.0 - _HEIGHT) * _WEIGHTS))


def add_peaks(
    x: np.ndarray, centre: np.ndarray, *, fwhm: np.ndarray, share: np.ndarray, area: np.ndarray, axial: float
) -> np.ndarray:
    """Return the sum of reflections at angles `x` [deg], which rise.

    Parameters
    ----------
    centre, fwhm, share, area : position [deg], FWHM [deg], Lorentzian share and area, shape (n,) each.
    axial : axial divergence as in `Instrument`.
    """
    total = np.zeros(len(x))
    _sum(x, centre, fwhm, share, area, axial, total)
    return total


@njit(cache=True, error_model="numpy")
def _one(x, centre, fwhm, share, area, total):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    half = 0.5 * fwhm
    gauss = area * (1.0 - share) * 0.9394372786996513 / fwhm
    lorentz = area * share * 0.6366197723675814 / fwhm
    turn = 1.0 / half
    # two loops without a branch: the compiler makes vectors of the first
    for i in range(np.searchsorted(x, centre - _REACH * fwhm), np.searchsorted(x, centre + _REACH * fwhm)):
        total[i] += lorentz / (1.0 + ((x[i] - centre) * turn) ** 2)
    for i in range(np.searchsorted(x, centre - 5.0 * half), np.searchsorted(x, centre + 5.0 * half)):
        total[i] += gauss * np.exp(-0.6931471805599453 * ((x[i] - centre) * turn) ** 2)


@njit(cache=True, error_model="numpy")
def _sum(x, centre, fwhm, share, area, axial, total):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    for k in range(len(centre)):
        cosine = np.cos(np.radians(centre[k]))
        longest = abs(np.degrees(0.5 * axial**2 * cosine / max(np.sqrt(1.0 - cosine**2), 1e-3)))
        if longest < 0.25 * fwhm[k]:  # the tail is lost in the width; its centroid lies at a sixth
            shift = np.sign(cosine) * longest / 6.0
            _one(x, centre[k] - shift, fwhm[k], share[k], area[k], total)
            continue
        for j in range(len(_HEIGHT)):
            moved = min(max(cosine * np.sqrt(1.0 + (axial * _HEIGHT[j]) ** 2), -1.0), 1.0)
            _one(x, np.degrees(np.arccos(moved)), fwhm[k], share[k], area[k] * _SHARE[j], total)
