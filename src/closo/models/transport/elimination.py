"""Near the percolation threshold a network is almost a tree, and is solved by eliminating one cell after the other.

Aggregates of eight cells know nothing of who is connected to whom, so multigrid needs a hundred iterations there.
Elimination in the order of the fewest neighbours fills in little where few links close loops: on random sites of 64^3,
3 entries a cell at 1.2 links a cell (35 % of sites), 6 at 1.27 (40 %), 14 at 1.39 (45 %).
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit
from closo.models.transport.kernels import fill_ghosts
from closo.models.transport.network import Medium

_LOOPS = 16.0
"""Loops over cells^(2/3) up to which cells are eliminated: 0.05 to 0.5 of the time of iterations up to there, 1.5 at 22."""


def potential(medium: Medium) -> np.ndarray | None:
    """Return the padded potential of plain cells; None where the network is better iterated."""
    if medium.faces.shape[1]:
        return None
    count, links = _count(medium.cells, medium.periodic)
    if links - count > _LOOPS * count ** (2 / 3):
        return None
    conducts, inside = medium.cells > 0, medium.cells[1:-1, 1:-1, 1:-1] > 0
    joined = [np.logical_and(*_lower(conducts, d, periodic=medium.periodic)) for d in range(3)]
    number = np.full(medium.cells.shape, -1, np.int32)
    number[1:-1, 1:-1, 1:-1][inside] = np.arange(count)
    ground = np.zeros(count)
    if medium.periodic:
        fill_ghosts(number)
        part = medium.part.reshape(medium.cells.shape)[1:-1, 1:-1, 1:-1][inside] if medium.part.size else number[:0]
        ground[np.unique(part, return_index=True)[1] if part.size else 0] = 1.0  # nothing else holds its constant
    parts = [_links(medium, number, d, joined[d]) for d in range(3)]
    below, above, conductance, drop = (np.concatenate(each) for each in zip(*parts, strict=True))
    x = np.zeros(medium.cells.shape)
    x[1:-1, 1:-1, 1:-1][inside] = _eliminate((below, above), conductance, conductance * drop, ground)
    return x


@njit(cache=True)
def _count(cells, periodic):  # type: ignore[no-untyped-def]
    """Return how many padded cells conduct, and how many faces do; electrodes and the other side stand in the ghosts."""
    count = links = 0
    for i in range(1, cells.shape[0] - 1):
        for j in range(1, cells.shape[1] - 1):
            for k in range(1, cells.shape[2] - 1):
                if cells[i, j, k] != 0:
                    count += 1
                    links += (cells[i - 1, j, k] != 0) + (cells[i, j - 1, k] != 0) + (cells[i, j, k - 1] != 0)
                    links += not periodic and i == cells.shape[0] - 2
    return count, links


def _lower(padded: np.ndarray, d: int, *, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return what lies below and above every face along one axis; in a periodic box each face once."""
    rows = np.moveaxis(padded, d, 0)[:, 1:-1, 1:-1]
    rows = rows[:-1] if periodic else rows
    return rows[:-1], rows[1:]


def _links(medium: Medium, number: np.ndarray, d: int, on: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return cells on both sides of the faces `on` along one axis (-1: an electrode), conductance, drop across the box."""
    classes, numbers = (_lower(padded, d, periodic=medium.periodic) for padded in (medium.cells, number))
    resistance = medium.resistance[classes[0][on]] + medium.resistance[classes[1][on]]
    across = np.zeros(on.shape)
    across[:1] = float(d == 0 and medium.periodic)
    return numbers[0][on], numbers[1][on], medium.factors[d] / resistance, across[on]


def _eliminate(
    ends: tuple[np.ndarray, np.ndarray], g: np.ndarray, driven: np.ndarray, ground: np.ndarray
) -> np.ndarray:
    """Return the potential of cells; the lower electrode is at 1, the upper one at 0, `driven` flows where nothing drops."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    (below, above), count = ends, len(ground)
    lower, upper = below < 0, above < 0
    between = ~(lower | upper)
    i, j, links = below[between], above[between], g[between]
    source = np.bincount(above[lower], g[lower], count)
    diagonal = ground + source + np.bincount(below[upper], g[upper], count)
    diagonal += np.bincount(i, links, count) + np.bincount(j, links, count)
    source = source + np.bincount(j, driven[between], count) - np.bincount(i, driven[between], count)
    own = np.arange(count)
    entries = np.concatenate([-links, -links, diagonal]), (np.concatenate([i, j, own]), np.concatenate([j, i, own]))
    matrix = sparse.coo_matrix(entries, shape=(count, count)).tocsc()
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.asarray(factors.solve(source))
