"""Conductivity of composites with an interphase, read from a table of solved microstructures.

    ln(sigma_eff / sigma_matrix) of insulating particles with a conducting shell in a conducting matrix depends on four
    things only: the filler fraction, shell thickness / particle diameter, shell over matrix conductivity, and how the
    particles lie. One table serves all sizes, temperatures and salts.

Dispersed: overlapping spheres at independent places. Aggregated: fractal clusters of 32 spheres (dimension 1.8, neighbours
overlap by a tenth). No voids. The table is remade by `python -m closo.models.atlas --make` (an hour and a half of one
core).

Uncertainty: scatter of three boxes of 6 (8) diameters in three directions, on 8 cells per diameter; what finer grids, up
to 32 cells per diameter, add to that, as `transport.resolved` finds it in two boxes of 4 diameters; interpolation, from
leaving out nodes. For shells of a tenth of a diameter or more it is 0.03 (median) at contrasts up to 20, 0.07 at 500 and
0.2 at 1e4; up to 0.2 at 500 and 0.7 at 1e4 for thinner ones; and up to 0.7 and 1.8 where the shells are about to
connect, where a box conducts through them or does not.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from closo.errors import StudyError, did_you_mean

__all__ = ["AGGREGATIONS", "RANGES", "ratio"]

AGGREGATIONS = ("dispersed", "aggregated")
RANGES = {"filler_fraction": (0.05, 0.65), "shell_ratio": (0.03, 0.5), "contrast": (1.0, 1e4)}


def ratio(
    filler_fraction: ArrayLike, shell_ratio: ArrayLike, contrast: ArrayLike, aggregation: str = "dispersed"
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln(sigma_eff / sigma_matrix) and its standard uncertainty.

    Parameters
    ----------
    filler_fraction : volume fraction of the insulating particles, 0.05..0.65.
    shell_ratio : thickness of the shell over the diameter of the particles, 0.03..0.5.
    contrast : conductivity of the shell over that of the matrix, 1..1e4.
    aggregation : "dispersed" or "aggregated".

    Returns
    -------
    Two arrays of the shape to which the three numbers broadcast. Smooth in all three, and never falling with contrast.

    Raises
    ------
    StudyError  when a number lies outside the table, or the aggregation is unknown.

    Example
    -------
    >>> value, u = ratio(0.35, 0.25, [1.0, 100.0])
    >>> bool(value[0] < 0 < value[1])
    True
    """
    if aggregation not in AGGREGATIONS:
        raise StudyError(f"There is no aggregation '{aggregation}'.", hint=did_you_mean(aggregation, AGGREGATIONS))
    given = {"filler_fraction": filler_fraction, "shell_ratio": shell_ratio, "contrast": contrast}
    for name, value in given.items():
        _check_range(name, np.asarray(value, float))
    arrays = np.broadcast_arrays(*(np.asarray(value, float) for value in given.values()))
    phi, shell, strength = (array.ravel() for array in arrays)
    table = _table()
    at_shell = np.log(shell)
    values, slopes = (
        _tensor(
            table[name][AGGREGATIONS.index(aggregation)], (table["filler_fraction"], table["ln_shell"]), (phi, at_shell)
        )
        for name in ("value", "slope")
    )
    found = hermite(table["ln_contrast"], *monotone(table["ln_contrast"], values, slopes), np.log(strength))
    u = _linear(table, AGGREGATIONS.index(aggregation), (phi, at_shell, np.log(strength)))
    return found.reshape(arrays[0].shape), u.reshape(arrays[0].shape)


def _check_range(name: str, value: np.ndarray) -> None:
    low, high = RANGES[name]
    inside = (value >= low * (1 - 1e-12)) & (value <= high * (1 + 1e-12))
    if not np.all(inside):
        wrong = float(value[~inside].flat[0])
        raise StudyError(
            f"{name} = {wrong:.4g} lies outside the table, which reaches from {low:g} to {high:g}.",
            hint="Solve this microstructure directly: closo.models.transport.solve.",
        )


@lru_cache(maxsize=1)
def _table() -> dict[str, np.ndarray]:
    with resources.files("closo.models.atlas").joinpath("atlas.npz").open("rb") as file, np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def spline_weights(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the weights (points, nodes) of the cubic spline through values at `nodes`."""
    from scipy.interpolate import CubicSpline

    weights: np.ndarray = CubicSpline(nodes, np.eye(len(nodes)), axis=0)(points)
    return weights


def _tensor(values: np.ndarray, nodes: tuple[np.ndarray, ...], points: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return `values` (fractions, shells, contrasts) at points (p,) of the first two axes, as (p, contrasts)."""
    first, second = (spline_weights(n, p) for n, p in zip(nodes, points, strict=True))
    found: np.ndarray = np.einsum("pi,pj,ijc->pc", first, second, values)
    return found


def monotone(nodes: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values (p, n) that do not fall and slopes with which a Hermite cubic does not fall either.

    Source
    ------
    Fritsch and Carlson, SIAM J. Numer. Anal. 1980, 17, 238, DOI 10.1137/0717021: slopes up to three times the secants.
    """
    rising = np.maximum.accumulate(values, axis=1)
    secants = np.diff(rising, axis=1) / np.diff(nodes)
    most = np.full(slopes.shape, np.inf)
    most[:, :-1] = 3 * secants
    most[:, 1:] = np.minimum(most[:, 1:], 3 * secants)
    return rising, np.clip(slopes, 0.0, most)


def hermite(nodes: np.ndarray, values: np.ndarray, slopes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the cubic through values and slopes (p, n) at the point `at` (p,) of each row."""
    left = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, len(nodes) - 2)
    row, width = np.arange(len(at)), nodes[left + 1] - nodes[left]
    t = (at - nodes[left]) / width
    y0, y1 = values[row, left], values[row, left + 1]
    m0, m1 = slopes[row, left] * width, slopes[row, left + 1] * width
    shape = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2)
    found: np.ndarray = shape[0] * y0 + shape[1] * m0 + shape[2] * y1 + shape[3] * m1
    return found


def _linear(table: dict[str, np.ndarray], which: int, points: Any) -> np.ndarray:
    from scipy.interpolate import RegularGridInterpolator

    nodes = (table["filler_fraction"], table["ln_shell"], table["ln_contrast"])
    inside = [np.clip(p, n[0], n[-1]) for p, n in zip(points, nodes, strict=True)]
    found: np.ndarray = RegularGridInterpolator(nodes, table["u"][which])(np.column_stack(inside))
    return found
