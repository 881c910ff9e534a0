"""Energies and imbalances of a potential, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from closo.models.compiled import njit, prange


@njit(inline="always", error_model="numpy")
def _current(state, d, lower, upper):  # type: ignore[no-untyped-def]
    """Return the conductance of a face and the drop of potential over it (indices of its two cells)."""
    cells, resistance, faces, factors, x = state
    drop = np.float64(x[lower]) - x[upper] + (1.0 / (x.shape[0] - 2) if d == 0 else 0.0)
    if faces.shape[1] > 0:
        return np.float64(faces[d, upper[0], upper[1], upper[2]]), drop
    return factors[d] / (resistance[cells[lower]] + resistance[cells[upper]]), drop


@njit(cache=True, parallel=True, error_model="numpy")
def energy_and_imbalance(medium: Any, x: Any, r: Any, periodic: bool) -> float:
    """Write the current that each cell gains into r; return the Joule energy of the potential x, padded, less its ramp."""
    cells, resistance, faces, factors = medium
    state = (cells, resistance, faces, factors, x)
    sums = np.zeros(x.shape[0])
    for i in prange(1, x.shape[0] - 1):
        total = 0.0
        for j in range(1, x.shape[1] - 1):
            for k in range(1, x.shape[2] - 1):
                if cells[i, j, k] == 0:
                    r[i, j, k] = 0
                    continue
                here = (i, j, k)
                g, u = _current(state, 0, (i - 1, j, k), here)
                gained, energy = g * u, g * u * u
                g, u = _current(state, 0, here, (i + 1, j, k))
                gained -= g * u
                if not periodic and i == x.shape[0] - 2:
                    energy += g * u * u
                g, u = _current(state, 1, (i, j - 1, k), here)
                gained, energy = gained + g * u, energy + g * u * u
                g, u = _current(state, 1, here, (i, j + 1, k))
                gained -= g * u
                g, u = _current(state, 2, (i, j, k - 1), here)
                gained, energy = gained + g * u, energy + g * u * u
                g, u = _current(state, 2, here, (i, j, k + 1))
                gained -= g * u
                r[i, j, k] = gained
                total += energy
        sums[i] = total
    return float(sums.sum())


@njit(cache=True, error_model="numpy")
def energies(medium, x, periodic):  # type: ignore[no-untyped-def]
    """Return the Joule energy in each class of a network of plain cells; a face is two half cells in series."""
    cells, resistance, _, factors = medium
    kinds = resistance.size
    squares = np.zeros((3, kinds, kinds))  # squared drops over the faces between classes a and b
    n0, n1, n2 = x.shape
    for i in range(1, n0 if not periodic else n0 - 1):
        for j in range(1, n1 - 1):
            for k in range(1, n2 - 1):
                a = cells[i, j, k]
                squares[0, cells[i - 1, j, k], a] += (x[i - 1, j, k] - x[i, j, k]) ** 2
                if i < n0 - 1:
                    squares[1, cells[i, j - 1, k], a] += (x[i, j - 1, k] - x[i, j, k]) ** 2
                    squares[2, cells[i, j, k - 1], a] += (x[i, j, k - 1] - x[i, j, k]) ** 2
    found = np.zeros(kinds)
    for d in range(3):
        for a in range(kinds):
            for b in range(kinds):
                total = resistance[a] + resistance[b]
                if 0 < total < np.inf:
                    found[a] += factors[d] * squares[d, a, b] * resistance[a] / total**2
                    found[b] += factors[d] * squares[d, a, b] * resistance[b] / total**2
    return found


def squared_drops(x: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return the squared drop over the lower faces (3, n0 + 2, ...) of a padded potential; each face once."""
    found = np.zeros((3, *x.shape))
    for d in range(3):
        np.moveaxis(found[d], d, 0)[1:] = np.diff(np.moveaxis(x, d, 0), axis=0) ** 2
        if periodic:
            np.moveaxis(found[d], d, 0)[-1] = 0
    return found
