"""What lies beyond the edges of the table of voxel solves.

A fit looks at thicknesses that no table holds. There the known limits take over: without a shell only insulating
particles are left, and when the shells have taken all of the salt, they are the matrix. What is not known enters the
uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from closo.combine.interphase.forward import Ratio

_NODES = (97, 137)  # of the fast table, in thickness and contrast
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
        inside, k = np.clip(shell_ratio, thinnest, thickest), np.clip(contrast, lowest, highest)
        value, u = ratio(phi, inside, k, aggregation)
        if (shell_ratio != inside).any():
            bare, bare_u = ratio(phi, inside, np.ones_like(k), aggregation)
            thin, thick = shell_ratio < thinnest, shell_ratio > thickest
            left = np.minimum(_outside(phi, shell_ratio) / _outside(phi, inside), 1.0)
            limit = np.where(thick, bare + np.log(k), bare)  # all of it shell, or bare particles
            share = np.where(thin, np.maximum(shell_ratio, 0.0) / thinnest, np.where(thick, left, 1.0))
            value, u = _between((limit, bare_u), (value, u), share)
        beyond = np.abs(np.log(np.maximum(contrast, 1e-300) / k))
        return value, np.sqrt(u**2 + (_PER_E_FOLD * beyond) ** 2)

    return extended


def tabulated(ratio: Ratio, ranges: Mapping[str, tuple[float, float]], fractions: Sequence[float]) -> Ratio:
    """Return `ratio`, read linearly from a fine table where the rows hold the given filler fractions: 20 times faster.

    A sampler asks for the same few fractions thousands of times. The steps are 3 % in thickness and 7 % in contrast, where
    linear interpolation is off by less than a tenth of the uncertainty of the table of voxel solves.

    Parameters
    ----------
    ratio : exact, within `ranges`.
    fractions : of the data; for arrays of other fractions `ratio` itself is asked.
    """
    spans = [tuple(np.log(ranges[name])) for name in ("shell_ratio", "contrast")]
    axes = [np.linspace(low, high, nodes) for (low, high), nodes in zip(spans, _NODES, strict=True)]
    shells, contrasts = np.exp(axes[0])[:, None], np.exp(axes[1])[None]
    known = {float(phi): k for k, phi in enumerate(sorted(set(fractions)))}
    shape = (len(shells), contrasts.shape[1])
    tables = [
        ratio(np.full(shape, phi), shells + 0.0 * contrasts, contrasts + 0.0 * shells, "dispersed") for phi in known
    ]
    value, u = (np.stack([table[part] for table in tables]).ravel() for part in (0, 1))

    def fast(
        phi: np.ndarray, shell_ratio: np.ndarray, contrast: np.ndarray, aggregation: str
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = [known.get(float(x)) for x in phi[0]] if phi.ndim == 2 and phi.strides[0] == 0 else [None]
        if None in rows or aggregation != "dispersed":
            return ratio(phi, shell_ratio, contrast, aggregation)
        x, y = (
            (np.log(a) - axis[0]) / (axis[1] - axis[0]) for a, axis in zip((shell_ratio, contrast), axes, strict=True)
        )
        i, j = (np.clip(a.astype(np.intp), 0, n - 2) for a, n in zip((x, y), _NODES, strict=True))
        x, y = x - i, y - j
        at = (np.array(rows) * _NODES[0] + i) * _NODES[1] + j
        corners = ((0, (1 - x) * (1 - y)), (1, (1 - x) * y), (_NODES[1], x * (1 - y)), (_NODES[1] + 1, x * y))
        both = [sum(weight * table[at + step] for step, weight in corners) for table in (value, u)]
        return np.asarray(both[0]), np.asarray(both[1])

    return fast


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
