"""Compiled loops of the conduction solver over a padded network of cells.

A grid of n0 x n1 x n2 cells is stored with one ghost layer on every side, so that arrays have shape (n0 + 2, n1 + 2,
n2 + 2). Ghost potentials are 0 at an electrode or a wall (a wall's face has no conductance), and copies of the other side
where the box is periodic. A network is a tuple (rho, g, w):

rho : float32 (n0 + 2, ...), resistance of half a cell; infinite where nothing conducts and beyond a wall, 0 in an electrode.
    A face conducts w[d] / (rho here + rho there): nothing else is stored for an image of phases.
g : float32 (3, n0 + 2, ...), conductance of the lower faces of each cell; used where it is not empty (coarse grids,
    composite links).
w : float32 (3,), the factor of each axis.

Every loop exists once as Python and twice compiled: on one thread for small grids, on all for large ones (`on`).
Rows are worked on in short steps of few arrays each: so they run as vector instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from closo.models.compiled import get_num_threads, njit, prange

_LARGE = 150_000  # cells; below this a second thread costs more than it saves
_FAST = {"reassoc", "contract", "arcp", "nsz"}
_TINY = np.float32(1e-30)


class Loop:
    """A loop over the planes of a grid, compiled for one thread and for all threads."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.one = njit(cache=True, fastmath=_FAST, error_model="numpy")(function)
        self.all = njit(cache=True, fastmath=_FAST, error_model="numpy", parallel=True)(function)

    def on(self, cells: int) -> Any:
        """Return the version for a grid of this many cells."""
        return self.all if cells > _LARGE and get_num_threads() > 1 else self.one


def fill_ghosts(x: np.ndarray) -> None:
    """Copy the outer cells of a padded array into the ghosts of the other side."""
    x[0], x[-1] = x[-2], x[1]
    x[:, 0], x[:, -1] = x[:, -2], x[:, 1]
    x[:, :, 0], x[:, :, -1] = x[:, :, -2], x[:, :, 1]


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _faces(net, i, j, c):  # type: ignore[no-untyped-def]
    """Return the conductances of row (i, j): lower and upper faces of axis 0, of axis 1, and lower faces of axis 2.

    Rows are asked for in order, from j = 1: the upper faces of axis 1 stay in the buffer `c` as the next row's lower ones.
    """
    rho, g, w = net
    if g.shape[1] > 0:
        return g[0, i, j], g[0, i + 1, j], g[1, i, j], g[1, i, j + 1], g[2, i, j]
    here = rho[i, j]
    c0, c1, c2, c3, c4 = c[0], c[1], c[2 + j % 2], c[3 - j % 2], c[4]
    below, above, left, right = rho[i - 1, j], rho[i + 1, j], rho[i, j - 1], rho[i, j + 1]
    for k in range(here.size):
        c0[k] = w[0] / (here[k] + below[k])
    for k in range(here.size):
        c1[k] = w[0] / (here[k] + above[k])
    if j == 1:
        for k in range(here.size):
            c2[k] = w[1] / (here[k] + left[k])
    for k in range(here.size):
        c3[k] = w[1] / (here[k] + right[k])
    for k in range(1, here.size):
        c4[k] = w[2] / (here[k] + here[k - 1])
    return c0, c1, c2, c3, c4


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _made(net, x, row, rows):  # type: ignore[no-untyped-def]
    """Do the part of `_neighbours` across axes 0 and 1 for faces made of `rho`; return the lower faces of axis 2.

    The conductances are those of `_faces`, used as they come: storing them first takes a fifth longer.
    """
    i, j = row
    c, s, d = rows
    rho, _, w = net
    below, above, left, right = x[i - 1, j], x[i + 1, j], x[i, j - 1], x[i, j + 1]
    own, lower, upper, before, after = rho[i, j], rho[i - 1, j], rho[i + 1, j], rho[i, j - 1], rho[i, j + 1]
    kept, fresh, along = c[2 + j % 2], c[3 - j % 2], c[4]
    n = own.size - 1
    if j == 1:
        for k in range(n):
            kept[k] = w[1] / (own[k] + before[k])
    for k in range(1, n):
        a, b = w[0] / (own[k] + lower[k]), w[0] / (own[k] + upper[k])
        s[k] = a * below[k] + b * above[k]
        d[k] = a + b
    for k in range(1, n):
        a = w[1] / (own[k] + after[k])
        s[k] += kept[k] * left[k] + a * right[k]
        d[k] += kept[k] + a
        fresh[k] = a
    for k in range(1, n + 1):
        along[k] = w[2] / (own[k] + own[k - 1])
    return along


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _given(net, x, row, rows):  # type: ignore[no-untyped-def]
    """Do the part of `_neighbours` across axes 0 and 1 for faces in `g`; return the lower faces of axis 2."""
    i, j = row
    c, s, d = rows
    below, above, left, right = x[i - 1, j], x[i + 1, j], x[i, j - 1], x[i, j + 1]
    c0, c1, c2, c3, c4 = _faces(net, i, j, c)
    for k in range(1, c4.size - 1):
        s[k] = c0[k] * below[k] + c1[k] * above[k]
        d[k] = c0[k] + c1[k]
    for k in range(1, c4.size - 1):
        s[k] += c2[k] * left[k] + c3[k] * right[k]
        d[k] += c2[k] + c3[k]
    return c4


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _neighbours(net, x, row, rows):  # type: ignore[no-untyped-def]
    """Write sum g x over the neighbours of a row into s, sum g into d; `rows` = (buffer, s, d)."""
    _, s, d = rows
    c4 = _given(net, x, row, rows) if net[1].shape[1] > 0 else _made(net, x, row, rows)
    here = x[row[0], row[1]]
    for k in range(1, here.size - 1):
        s[k] += c4[k] * here[k - 1] + c4[k + 1] * here[k + 1]
        d[k] += c4[k] + c4[k + 1]


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _relax_plane(net, x, b, where):  # type: ignore[no-untyped-def]
    """Gauss-Seidel on the cells of one colour in one plane; `where` = (plane, colour, (buffer, s, d))."""
    i, colour, rows = where
    _, s, d = rows
    n = x.shape[2]
    for j in range(1, x.shape[1] - 1):
        _neighbours(net, x, (i, j), rows)
        here, source = x[i, j], b[i, j]
        for k in range(1, n - 1):
            s[k] = (s[k] + source[k]) / (d[k] + _TINY)
        for k in range(1 + (i + j + colour) % 2, n - 1, 2):
            here[k] = s[k]


def _relax(net, x, b, colour):  # type: ignore[no-untyped-def]
    """Gauss-Seidel on the cells of one colour of the chessboard."""
    n = x.shape[2]
    for i in prange(1, x.shape[0] - 1):
        rows = (np.empty((5, n), np.float32), np.empty(n, np.float32), np.empty(n, np.float32))
        _relax_plane(net, x, b, (i, colour, rows))


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def relax_in_one_pass(net, x, b, colours):  # type: ignore[no-untyped-def]
    """Relax several colours, each one plane behind the one before it: the same result, from memory that is read once.

    Not for periodic boxes, whose first plane needs the last one.
    """
    n, last = x.shape[2], x.shape[0] - 2
    rows = (np.empty((5, n), np.float32), np.empty(n, np.float32), np.empty(n, np.float32))
    for front in range(1, last + len(colours)):
        for behind in range(len(colours)):
            if 1 <= front - behind <= last:
                _relax_plane(net, x, b, (front - behind, colours[behind], rows))


def _start(net, x, b):  # type: ignore[no-untyped-def]
    """Gauss-Seidel from zero on the cells of colour 0; the others become zero."""
    n = x.shape[2]
    for i in prange(1, x.shape[0] - 1):
        c, s = np.empty((5, n), np.float32), np.empty(n, np.float32)
        for j in range(1, x.shape[1] - 1):
            c0, c1, c2, c3, c4 = _faces(net, i, j, c)
            here, source = x[i, j], b[i, j]
            for k in range(1, n - 1):
                s[k] = c0[k] + c1[k] + c2[k] + c3[k]
            for k in range(1, n - 1):
                here[k] = source[k] / (s[k] + c4[k] + c4[k + 1] + _TINY)
            for k in range(1 + (i + j + 1) % 2, n - 1, 2):
                here[k] = 0


def _restrict(net, x, b, coarse):  # type: ignore[no-untyped-def]
    """Write the residual b - A x, summed over aggregates of 2 x 2 x 2 cells, into the padded array `coarse`."""
    n = x.shape[2]
    for ci in prange(1, coarse.shape[0] - 1):
        c, s, d = np.empty((5, n), np.float32), np.empty(n, np.float32), np.empty(n + 1, np.float32)
        coarse[ci] = 0
        for i in range(2 * ci - 1, min(2 * ci + 1, x.shape[0] - 1)):
            for j in range(1, x.shape[1] - 1):
                _neighbours(net, x, (i, j), (c, s, d))
                here, source, target = x[i, j], b[i, j], coarse[ci, (j + 1) // 2]
                for k in range(1, n - 1):
                    s[k] += source[k] - d[k] * here[k]
                s[n - 1] = 0
                for k in range(1, target.size - 1):
                    target[k] += s[2 * k - 1] + s[2 * k]


def _prolong(x, coarse):  # type: ignore[no-untyped-def]
    """Add the potential of each aggregate to its cells."""
    for i in prange(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            here, source = x[i, j], coarse[(i + 1) // 2, (j + 1) // 2]
            for k in range(1, here.size - 1):
                here[k] += source[(k + 1) // 2]


def _collect(b, coarse):  # type: ignore[no-untyped-def]
    """Write b, whose ghosts are 0, summed over aggregates into the padded array `coarse`."""
    for ci in prange(1, coarse.shape[0] - 1):
        coarse[ci] = 0
        for i in range(2 * ci - 1, min(2 * ci + 1, b.shape[0] - 1)):
            for j in range(1, b.shape[1] - 1):
                source, target = b[i, j], coarse[ci, (j + 1) // 2]
                for k in range(1, target.size - 1):
                    target[k] += source[2 * k - 1] + source[2 * k]


def _spread(x, coarse):  # type: ignore[no-untyped-def]
    """Write the potential of each aggregate into its cells."""
    for i in prange(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            here, source = x[i, j], coarse[(i + 1) // 2, (j + 1) // 2]
            for k in range(1, here.size - 1):
                here[k] = source[(k + 1) // 2]


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _dot(a, b):  # type: ignore[no-untyped-def]
    """Return the product of two rows without their ghosts."""
    total = a.dtype.type(0)  # single rows of single precision, summed up in double
    for k in range(1, a.size - 1):
        total += a[k] * b[k]
    return total


def _apply(net, x, y, sums):  # type: ignore[no-untyped-def]
    """Write A x into `y` and the part of x.(A x) of each plane into `sums`."""
    n = x.shape[2]
    for i in prange(1, x.shape[0] - 1):
        c, s, d = np.empty((5, n), x.dtype), np.empty(n, x.dtype), np.empty(n, x.dtype)
        total = 0.0
        for j in range(1, x.shape[1] - 1):
            _neighbours(net, x, (i, j), (c, s, d))
            here, out = x[i, j], y[i, j]
            for k in range(1, n - 1):
                out[k] = d[k] * here[k] - s[k]
            total += _dot(out, here)
        sums[i] = total


def _products(a, b, c, sums):  # type: ignore[no-untyped-def]
    """Write a.b and a.c of each plane into `sums` (2, n0 + 2)."""
    for i in prange(1, a.shape[0] - 1):
        first = second = 0.0
        for j in range(1, a.shape[1] - 1):
            first += _dot(a[i, j], b[i, j])
            second += _dot(a[i, j], c[i, j])
        sums[0, i], sums[1, i] = first, second


def _blend(x, a, y, b):  # type: ignore[no-untyped-def]
    """Replace x by a x + b y."""
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            u, v = x[i, j], y[i, j]
            for k in range(u.size):
                u[k] = a * u[k] + b * v[k]


def _advance(x, p, residual, alpha):  # type: ignore[no-untyped-def]
    """Add alpha p to x and subtract alpha q from r; `residual` = (r, q)."""
    r, q = residual
    for i in prange(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            a, b, c, d = x[i, j], p[i, j], r[i, j], q[i, j]
            for k in range(1, a.size - 1):
                a[k] += alpha * b[k]
            for k in range(1, a.size - 1):
                c[k] -= alpha * d[k]


@njit(cache=True, error_model="numpy")
def coarsen(net, periodic):  # type: ignore[no-untyped-def]
    """Return the faces (3, m0 + 2, ...) between aggregates: half the sum of the fine faces (over-correction).

    The half makes up for a correction that is constant over an aggregate and so too stiff: without it twice as many
    cycles are needed.
    """
    rho, g, _ = net
    shape = g.shape[1:] if g.shape[1] > 0 else rho.shape
    m0, m1, m2 = (shape[0] - 1) // 2, (shape[1] - 1) // 2, (shape[2] - 1) // 2
    out = np.zeros((3, m0 + 2, m1 + 2, m2 + 2), np.float32)
    c = np.empty((5, shape[2]), np.float32)
    for i in range(1, shape[0] - 1):
        for j in range(1, shape[1] - 1):
            _gather(_faces(net, i, j, c), out, i, j)
            if j == shape[1] - 2:
                _gather_outer(net, out, 1, (i, j + 1))
    for j in range(1, shape[1] - 1):
        _gather_outer(net, out, 0, (shape[0] - 1, j))
    for d in range(3):
        if periodic and out.shape[d + 1] == 3:  # a cell would be its own neighbour
            out[d] = 0
    return out


@njit(inline="always", error_model="numpy")
def _gather(faces, out, i, j):  # type: ignore[no-untyped-def]
    """Add half the lower faces of row (i, j), and the last upper one of axis 2, where they lie between aggregates."""
    c0, _, c2, _, c4 = faces
    ci, cj, n = (i + 1) // 2, (j + 1) // 2, c0.size - 1
    half = np.float32(0.5)
    if i % 2 == 1:
        for k in range(1, n):
            out[0, ci, cj, (k + 1) // 2] += half * c0[k]
    if j % 2 == 1:
        for k in range(1, n):
            out[1, ci, cj, (k + 1) // 2] += half * c2[k]
    for k in range(1, n, 2):
        out[2, ci, cj, (k + 1) // 2] += half * c4[k]
    out[2, ci, cj, out.shape[3] - 1] += half * c4[n]


@njit(inline="always", error_model="numpy")
def _gather_outer(net, out, d, row):  # type: ignore[no-untyped-def]
    """Add half the upper outer faces of axis d = 0 or 1; `row` is the row of ghosts beyond them."""
    rho, g, w = net
    i, j = row
    ci = out.shape[1] - 1 if d == 0 else (i + 1) // 2
    cj = (j + 1) // 2 if d == 0 else out.shape[2] - 1
    n = (g.shape[3] if g.shape[1] > 0 else rho.shape[2]) - 1
    for k in range(1, n):
        if g.shape[1] > 0:
            face = g[d, i, j, k]
        else:
            face = w[d] / (rho[i, j, k] + (rho[i - 1, j, k] if d == 0 else rho[i, j - 1, k]))
        out[d, ci, cj, (k + 1) // 2] += np.float32(0.5) * face


start, relax, restrict, prolong = Loop(_start), Loop(_relax), Loop(_restrict), Loop(_prolong)
collect, spread = Loop(_collect), Loop(_spread)
apply, products, blend, advance = Loop(_apply), Loop(_products), Loop(_blend), Loop(_advance)
