"""What lies beyond the edges of the table of voxel solves.

A fit looks at thicknesses that no table holds. There the known limits take over: without a shell only insulating
particles are left, and when the shells have taken all of the salt, they are the matrix. What is not known enters the
uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from closo.combine.interphase.forward import Ratio

__all__ = ["beyond_table"]

_PER_E_FOLD = 0.5  # uncertainty of ln ratio per e-fold of contrast beyond the table


def beyond_table(ratio: Ratio, ranges: Mapping[str, tuple[float, float]]) -> Ratio:
    """Return `ratio` for any shell thickness and contrast.

    Thinner shells: the gain in conductivity over bare particles is in proportion to the thickness. Thicker shells: the
    loss against particles in pure interphase is in proportion to the salt outside randomly placed shells. Contrasts
    outside: the nearest one, with an uncertainty of half the e-folds in between.

    Parameters
    ----------
    ratio : of the table.
    ranges : 'shell_ratio' and 'contrast' -> lowest and highest value in it.
    """
    thinnest, thickest = ranges["shell_ratio"]
    lowest, highest = ranges["contrast"]

    def extended(
        phi: np.ndarray, shell_ratio: np.ndarray, contrast: np.ndarray, aggregation: str
    ) -> tuple[np.ndarray, np.ndarray]:
        inside = np.clip(shell_ratio, thinnest, thickest)
        k = np.clip(contrast, lowest, highest)
        value, u = ratio(phi, inside, k, aggregation)
        thin, thick = shell_ratio < thinnest, shell_ratio > thickest
        if thin.any():
            bare, bare_u = ratio(phi[thin], inside[thin], np.ones(int(thin.sum())), aggregation)
            value[thin], u[thin] = _between(
                (bare, bare_u), (value[thin], u[thin]), np.maximum(shell_ratio[thin], 0.0) / thinnest
            )
        if thick.any():
            filled, filled_u = ratio(phi[thick], inside[thick], np.ones(int(thick.sum())), aggregation)
            left = _outside(phi[thick], shell_ratio[thick]) / _outside(phi[thick], inside[thick])
            value[thick], u[thick] = _between(
                (filled + np.log(k[thick]), filled_u), (value[thick], u[thick]), np.minimum(left, 1.0)
            )
        beyond = np.abs(np.log(np.maximum(contrast, 1e-300) / k))
        return value, np.sqrt(u**2 + (_PER_E_FOLD * beyond) ** 2)

    return extended


def _between(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of a conductivity between two, `share` of the way to the second, and its uncertainty."""
    a, b = (1.0 - share) * np.exp(first[0]), share * np.exp(second[0])
    total = a + b
    return np.log(total), np.hypot(a * first[1], b * second[1]) / total


def _outside(phi: np.ndarray, shell_ratio: np.ndarray) -> np.ndarray:
    """Return the volume fraction outside randomly placed, overlapping shells."""
    return np.asarray(np.power(1.0 - phi, np.power(1.0 + 2.0 * np.minimum(shell_ratio, 5.0), 3)) + 1e-300)
