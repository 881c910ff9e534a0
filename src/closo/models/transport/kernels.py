"""Compiled loops of the conduction solver over a padded network of cells.

A grid of n0 x n1 x n2 cells is stored with one ghost layer on every side, so that arrays have shape (n0 + 2, n1 + 2,
n2 + 2). Ghost potentials are 0 at an electrode or a wall (a wall's face has no conductance), and copies of the other side
where the box is periodic. A network is a tuple (rho, g, w):

rho : float32 (n0 + 2, ...), resistance of half a cell; 0 in an electrode, 1e18 where nothing conducts and beyond a wall (so
    that a product of two is still a number).
    A face conducts w[d] / (rho here + rho there): nothing else is stored for an image of phases.
g : float32 (3, n0 + 2, ...), conductance of the lower faces of each cell; used where it is not empty (coarse grids,
    composite links).
w : float32 (3,), the factor of each axis.

Every loop exists once as Python and twice compiled: on one thread for small grids, on all for large ones (`on`).
Cells are addressed by three indices, and a row is one loop that writes one array: so it runs as vector instructions. Views
of rows cost 0.2 us for each row, which was as much as the arithmetic of 256 cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from closo.models.compiled import get_num_threads, njit, prange

_LARGE = 2_000_000  # cells; below this a second thread saves less than its compilation costs
_FAST = {"reassoc", "contract", "arcp", "nsz"}
_TINY = np.float32(1e-30)
BEYOND = np.float32(
    1.2
)  # over-relaxation: 256^3 at a contrast of 100 needs 6 steps in place of 7, a gap 3 times smaller


class Loop:
    """A loop over the planes of a grid, compiled for one thread and for all threads."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.one = njit(cache=True, fastmath=_FAST, error_model="numpy")(function)
        self.all = njit(cache=True, fastmath=_FAST, error_model="numpy", parallel=True)(function)

    def on(self, cells: int) -> Any:
        """Return the version for a grid of this many cells."""
        return self.all if cells > _LARGE and get_num_threads() > 1 else self.one


@njit(cache=True)
def zeros(shape, number):  # type: ignore[no-untyped-def]
    """Return zeros in pages of the usual size: numpy asks for huge ones, which may cost 2 ns a byte on a virtual machine."""
    return np.zeros(shape, number)


def fill_ghosts(x: np.ndarray) -> None:
    """Copy the outer cells of a padded array into the ghosts of the other side."""
    x[0], x[-1] = x[-2], x[1]
    x[:, 0], x[:, -1] = x[:, -2], x[:, 1]
    x[:, :, 0], x[:, :, -1] = x[:, :, -2], x[:, :, 1]


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _neighbours(net, x, cell):  # type: ignore[no-untyped-def]
    """Return sum g x over the neighbours of a cell, and sum g; one division gives the two faces of an axis."""
    (rho, g, w), (i, j, k) = net, cell
    if g.shape[1] > 0:
        a0, a1, b0 = g[0, i, j, k], g[0, i + 1, j, k], g[1, i, j, k]
        b1, c0, c1 = g[1, i, j + 1, k], g[2, i, j, k], g[2, i, j, k + 1]
    else:
        own = rho[i, j, k]
        a1, a0 = own + rho[i - 1, j, k], own + rho[i + 1, j, k]
        b1, b0 = own + rho[i, j - 1, k], own + rho[i, j + 1, k]
        c1, c0 = own + rho[i, j, k - 1], own + rho[i, j, k + 1]
        p, q, r = w[0] / (a0 * a1), w[1] / (b0 * b1), w[2] / (c0 * c1)
        a0, a1, b0, b1, c0, c1 = p * a0, p * a1, q * b0, q * b1, r * c0, r * c1
    s = a0 * x[i - 1, j, k] + a1 * x[i + 1, j, k] + b0 * x[i, j - 1, k] + b1 * x[i, j + 1, k]
    return s + c0 * x[i, j, k - 1] + c1 * x[i, j, k + 1], a0 + a1 + b0 + b1 + c0 + c1


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _relax_plane(net, x, b, where):  # type: ignore[no-untyped-def]
    """Over-relaxed Gauss-Seidel on the cells of one colour in one plane; `where` = (plane, colour, memory from `_rows`).

    Both colours are computed, and the other one gets no weight: quicker than every second cell.
    """
    i, colour, rows = where
    for j in range(1, x.shape[1] - 1):
        weight = 1 + (i + j + colour) % 2
        for k in range(1, x.shape[2] - 1):
            s, d = _neighbours(net, x, (i, j, k))
            rows[0, k] = x[i, j, k] + rows[weight, k] * ((s + b[i, j, k]) / (d + _TINY) - x[i, j, k])
        for k in range(1, x.shape[2] - 1):
            x[i, j, k] = rows[0, k]


@njit(inline="always")
def _rows(n):  # type: ignore[no-untyped-def]
    """Return memory for a row of n cells, and the weights of its cells where the odd and the even ones are relaxed."""
    rows = np.zeros((3, n), np.float32)
    rows[1, 1::2] = rows[2, ::2] = BEYOND
    return rows


@njit(inline="always")
def _spread_plane(x, coarse, i):  # type: ignore[no-untyped-def]
    """Write the potential of each aggregate into its cells in one plane."""
    for j in range(1, x.shape[1] - 1):
        for k in range(1, x.shape[2] - 1):
            x[i, j, k] = coarse[(i + 1) // 2, (j + 1) // 2, (k + 1) // 2]


def _relax(net, x, b, colour):  # type: ignore[no-untyped-def]
    """Gauss-Seidel on the cells of one colour of the chessboard."""
    for i in prange(1, x.shape[0] - 1):
        _relax_plane(net, x, b, (i, colour, _rows(x.shape[2])))


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def relax_in_one_pass(net, x, source, colours):  # type: ignore[no-untyped-def]
    """Relax several colours, each one plane behind the one before it: the same result, from memory that is read once.

    `source` = (b, coarse): where `coarse` is not empty, x is first written from it. Not for periodic boxes,
    whose first plane needs the last one.
    """
    b, coarse = source
    rows, last = _rows(x.shape[2]), x.shape[0] - 2
    if coarse.size:
        _spread_plane(x, coarse, 1)
    for front in range(1, last + len(colours)):
        if coarse.size and front < last:
            _spread_plane(x, coarse, front + 1)
        for behind in range(len(colours)):
            if 1 <= front - behind <= last:
                _relax_plane(net, x, b, (front - behind, colours[behind], rows))


def _restrict(net, x, b, coarse):  # type: ignore[no-untyped-def]
    """Write the residual b - A x, summed over aggregates of 2 x 2 x 2 cells, into the padded array `coarse`."""
    n = x.shape[2] - 1
    for ci in prange(1, coarse.shape[0] - 1):
        row = np.zeros(n + 1, np.float32)
        coarse[ci] = 0
        for i in range(2 * ci - 1, min(2 * ci + 1, x.shape[0] - 1)):
            for j in range(1, x.shape[1] - 1):
                for k in range(1, n):
                    s, d = _neighbours(net, x, (i, j, k))
                    row[k] = s + b[i, j, k] - d * x[i, j, k]
                for k in range(1, coarse.shape[2] - 1):
                    coarse[ci, (j + 1) // 2, k] += row[2 * k - 1] + row[2 * k]


def _prolong(x, coarse):  # type: ignore[no-untyped-def]
    """Add the potential of each aggregate to its cells."""
    for i in prange(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            for k in range(1, x.shape[2] - 1):
                x[i, j, k] += coarse[(i + 1) // 2, (j + 1) // 2, (k + 1) // 2]


def _collect(b, coarse):  # type: ignore[no-untyped-def]
    """Write b, whose ghosts are 0, summed over aggregates into the padded array `coarse`."""
    for ci in prange(1, coarse.shape[0] - 1):
        coarse[ci] = 0
        for i in range(2 * ci - 1, min(2 * ci + 1, b.shape[0] - 1)):
            for j in range(1, b.shape[1] - 1):
                for k in range(1, coarse.shape[2] - 1):
                    coarse[ci, (j + 1) // 2, k] += b[i, j, 2 * k - 1] + b[i, j, 2 * k]


def _image(net, x, pair, sums):  # type: ignore[no-untyped-def]
    """Write y = A x, and for each plane x.y, x.b, b.b, b.y and y.y into `sums` (5, n0 + 2); `pair` = (b, y)."""
    b, y = pair
    for i in prange(1, x.shape[0] - 1):
        sums[:, i] = 0
        for j in range(1, x.shape[1] - 1):
            xy = xb = bb = by = yy = x.dtype.type(0)  # single rows of single precision, summed up in double
            for k in range(1, x.shape[2] - 1):
                s, d = _neighbours(net, x, (i, j, k))
                u, v = b[i, j, k], d * x[i, j, k] - s
                y[i, j, k] = v
                xy, xb = xy + x[i, j, k] * v, xb + x[i, j, k] * u
                bb, by, yy = bb + u * u, by + u * v, yy + v * v
            sums[0, i], sums[1, i], sums[2, i] = sums[0, i] + xy, sums[1, i] + xb, sums[2, i] + bb
            sums[3, i], sums[4, i] = sums[3, i] + by, sums[4, i] + yy


def _products(net, x, pair, sums):  # type: ignore[no-untyped-def]
    """Write x.(A x), x.b and c.(A x) of each plane into `sums` (3 or more, n0 + 2); `pair` = (b, c)."""
    b, c = pair
    for i in prange(1, x.shape[0] - 1):
        sums[:, i] = 0
        for j in range(1, x.shape[1] - 1):
            xy = xb = cy = b.dtype.type(0)
            for k in range(1, x.shape[2] - 1):
                s, d = _neighbours(net, x, (i, j, k))
                v = d * x[i, j, k] - s
                xy, xb, cy = xy + x[i, j, k] * v, xb + x[i, j, k] * b[i, j, k], cy + c[i, j, k] * v
            sums[0, i], sums[1, i], sums[2, i] = sums[0, i] + xy, sums[1, i] + xb, sums[2, i] + cy


def _blend(x, a, y, b):  # type: ignore[no-untyped-def]
    """Replace x by a x + b y."""
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            u, v = x[i, j], y[i, j]
            for k in range(u.size):
                u[k] = a * u[k] + b * v[k]


def _advance(net, p, pair, alpha):  # type: ignore[no-untyped-def]
    """Add alpha p to x and subtract alpha A p from r; `pair` = (x, r)."""
    x, r = pair
    for i in prange(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            for k in range(1, x.shape[2] - 1):
                s, d = _neighbours(net, p, (i, j, k))
                r[i, j, k] -= alpha * (d * p[i, j, k] - s)
                x[i, j, k] += alpha * p[i, j, k]


@njit(inline="always", error_model="numpy")
def _face(net, d, here, below):  # type: ignore[no-untyped-def]
    """Return half the conductance of the lower face of axis d of a cell, whose neighbour is `below`."""
    rho, g, w = net
    half = np.float32(0.5)
    return half * g[d, here[0], here[1], here[2]] if g.shape[1] > 0 else half * w[d] / (rho[here] + rho[below])


@njit(cache=True, error_model="numpy")
def coarsen(net):  # type: ignore[no-untyped-def]
    """Return the faces (3, m0 + 2, ...) between aggregates: half the sum of the fine faces (over-correction).

    The half makes up for a correction that is constant over an aggregate and so too stiff: without it twice as many
    cycles are needed.
    """
    rho, g, _ = net
    n0, n1, n2 = g.shape[1:] if g.shape[1] > 0 else rho.shape
    out = np.zeros((3, (n0 + 3) // 2, (n1 + 3) // 2, (n2 + 3) // 2), np.float32)
    _, m0, m1, m2 = out.shape
    for c in range(1, m0):  # the lower faces of an aggregate are those of its first cells; the last are upper faces
        i = min(2 * c - 1, n0 - 1)
        for j in range(1, n1 - 1):
            for k in range(1, n2 - 1):
                out[0, c, (j + 1) // 2, (k + 1) // 2] += _face(net, 0, (i, j, k), (i - 1, j, k))
    for i in range(1, n0 - 1):
        for c in range(1, m1):
            j = min(2 * c - 1, n1 - 1)
            for k in range(1, n2 - 1):
                out[1, (i + 1) // 2, c, (k + 1) // 2] += _face(net, 1, (i, j, k), (i, j - 1, k))
        for j in range(1, n1 - 1):
            for c in range(1, m2):
                k = min(2 * c - 1, n2 - 1)
                out[2, (i + 1) // 2, (j + 1) // 2, c] += _face(net, 2, (i, j, k), (i, j, k - 1))
    return out


relax, restrict, prolong, collect = Loop(_relax), Loop(_restrict), Loop(_prolong), Loop(_collect)
image, products, blend, advance = Loop(_image), Loop(_products), Loop(_blend), Loop(_advance)
