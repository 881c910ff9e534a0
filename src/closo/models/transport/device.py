"""The iteration of `iteration` in whole-array operations: on a GPU with CuPy, or on the processor with numpy.

It is the same method, cycle by cycle: flexible conjugate gradients, K-cycles over aggregates of 2 x 2 x 2 cells,
Gauss-Seidel on the two colours of the chessboard. Every function takes its arrays from one library, `xp`, and knows no
other difference, so that what is tested with numpy is what runs on a GPU. The compiled loops of `kernels` are faster on a
processor. The bound from below is always formed on the processor from the potential that comes back: a fault of a device
cannot give a wrong conductivity, only one that is not accepted.

Layout and ghosts are those of `kernels`; `g[d]` holds the conductances of the lower faces along axis d.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.errors import StudyError
from closo.models.transport import flux, multigrid
from closo.models.transport.kernels import BEYOND
from closo.models.transport.network import Medium

Array = Any  # numpy.ndarray or cupy.ndarray
_INSIDE = (slice(1, -1),) * 3
_ENOUGH = 0.25  # as in multigrid
_TINY = 1e-30


def library(device: str) -> Any:
    """Return the array library of a device: 'cuda' or 'arrays' (numpy, for tests).

    Raises
    ------
    StudyError  when there is no such device, or CuPy is not installed.
    """
    if device == "arrays":
        return np
    hint = "Leave device out to use the processor."
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        raise StudyError("device = 'cuda' needs CuPy.", hint=f"pip install 'closo[gpu]'. {hint}") from None
    try:
        count = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise StudyError(f"device = 'cuda', but CUDA does not answer ({error}).", hint=hint) from None
    if count == 0:
        raise StudyError("device = 'cuda', but there is no such device.", hint=hint)
    return cupy


@dataclass(frozen=True)
class Grid:
    """A network of cells.

    Attributes
    ----------
    g : conductances of the lower faces along each axis, padded.
    total : sum of the conductances of each cell.
    colours : for each colour of the chessboard, 1 on its cells.
    inverse : of the coarsest grid, (cells, cells); else None.
    """

    g: tuple[Array, Array, Array]
    total: Array
    colours: tuple[Array, Array]
    inverse: Array | None = None


def _shift(a: Array, axis: int, step: int) -> Array:
    """Return the inside of a padded array as seen from its neighbours along an axis."""
    where = [slice(1, -1)] * 3
    where[axis] = slice(1 + step, a.shape[axis] - 1 + step)
    return a[tuple(where)]


def _grid(xp: Any, g: tuple[Array, Array, Array]) -> Grid:
    total = sum(_shift(g[d], d, 0) + _shift(g[d], d, 1) for d in range(3))
    i, j, k = (xp.arange(1, n - 1) for n in g[0].shape)
    parity = (i[:, None, None] + j[None, :, None] + k[None, None, :]) % 2
    return Grid(g, total, (parity == 1, parity == 0))


def _finest(xp: Any, medium: Medium, precision: Any) -> tuple[Array, Array, Array]:
    """Return the conductances of the finest grid."""
    if medium.faces.shape[1]:
        return tuple(xp.asarray(face, precision) for face in medium.faces)
    rho = xp.asarray(medium.resistance, precision)[xp.asarray(medium.cells)]
    found = []
    for d in range(3):
        face = xp.zeros(rho.shape, precision)
        upper, lower = [slice(None)] * 3, [slice(None)] * 3
        upper[d], lower[d] = slice(1, None), slice(None, -1)
        both = xp.maximum(rho[tuple(upper)] + rho[tuple(lower)], precision(_TINY))  # 0 between two electrodes only
        face[tuple(upper)] = precision(medium.factors[d]) / both
        found.append(face)
    return tuple(found)


def _pairs(xp: Any, a: Array, axis: int) -> Array:
    """Return the sums of neighbours two by two along an axis; a last single one stays alone."""
    if a.shape[axis] % 2:
        a = xp.concatenate([a, xp.zeros_like(xp.take(a, xp.arange(1), axis=axis))], axis=axis)
    even, odd = [slice(None)] * 3, [slice(None)] * 3
    even[axis], odd[axis] = slice(0, None, 2), slice(1, None, 2)
    return a[tuple(even)] + a[tuple(odd)]


def _coarse_faces(xp: Any, g: tuple[Array, Array, Array], *, periodic: bool) -> tuple[Array, Array, Array]:
    """Return half the sum of the faces between aggregates (see `kernels.coarsen`)."""
    cells = [n - 2 for n in g[0].shape]
    coarse = [(n + 1) // 2 for n in cells]
    found = []
    for d in range(3):
        out = xp.zeros([n + 2 for n in coarse], g[d].dtype)
        if not (periodic and coarse[d] == 1):  # else a cell would be its own neighbour
            where = [slice(1, -1)] * 3
            where[d] = slice(1, None)
            faces = g[d][tuple(where)]
            steps = [slice(None)] * 3
            steps[d] = slice(0, None, 2)
            chosen = faces[tuple(steps)]
            if cells[d] % 2:
                steps[d] = slice(-1, None)
                chosen = xp.concatenate([chosen, faces[tuple(steps)]], axis=d)
            for other in {0, 1, 2} - {d}:
                chosen = _pairs(xp, chosen, other)
            out[tuple(where)] = 0.5 * chosen
        found.append(out)
    return tuple(found)


def _hierarchy(xp: Any, finest: Grid, *, periodic: bool) -> list[Grid]:
    """Return all grids, the finest first; the last one carries its inverse."""
    grids = [finest]
    while True:
        g = _coarse_faces(xp, grids[-1].g, periodic=periodic)
        grid = _grid(xp, g)
        if max(g[0].shape) - 2 <= multigrid.COARSEST:
            host = np.stack([_host(face) for face in g])
            inverse = xp.asarray(multigrid.inverse_of(host, periodic=periodic))
            return [*grids, Grid(grid.g, grid.total, grid.colours, inverse)]
        grids.append(grid)


def _host(a: Array) -> np.ndarray:
    """Return an array as numpy's."""
    return np.asarray(a.get() if hasattr(a, "get") else a)


def _fill_ghosts(x: Array) -> None:
    x[0], x[-1] = x[-2], x[1]
    x[:, 0], x[:, -1] = x[:, -2], x[:, 1]
    x[:, :, 0], x[:, :, -1] = x[:, :, -2], x[:, :, 1]


def _neighbours(grid: Grid, x: Array, *, periodic: bool) -> Array:
    """Return the sum of g x over the neighbours of every cell."""
    if periodic:
        _fill_ghosts(x)
    return sum(_shift(grid.g[d], d, 0) * _shift(x, d, -1) + _shift(grid.g[d], d, 1) * _shift(x, d, 1) for d in range(3))


def _apply(grid: Grid, x: Array, *, periodic: bool) -> Array:
    """Return A x on the cells."""
    return grid.total * x[_INSIDE] - _neighbours(grid, x, periodic=periodic)


def _cycle(xp: Any, grids: list[Grid], b: Array, *, periodic: bool, both: bool) -> Array:
    """Return an approximate solution of A x = b, padded; b is given on the cells; `both` as in `multigrid.cycle`."""
    here = grids[0]
    x = xp.zeros(here.g[0].shape, b.dtype)
    safe = here.total + b.dtype.type(_TINY)

    def relax(colour: int) -> None:
        old = x[_INSIDE]
        new = (_neighbours(here, x, periodic=periodic) + b) / safe
        x[_INSIDE] = xp.where(here.colours[colour], old + BEYOND * (new - old), old)

    rest = b
    if both:
        relax(0)
        relax(1)
        rest = b - _apply(here, x, periodic=periodic)
    for axis in range(3):
        rest = _pairs(xp, rest, axis)
    correction = _coarse(xp, grids[1:], rest, periodic=periodic, both=both)[_INSIDE]
    for axis in range(3):
        correction = xp.repeat(correction, 2, axis=axis)
    x[_INSIDE] += correction[tuple(slice(0, n - 2) for n in x.shape)]
    for colour in (1, 0) if both else multigrid.AFTER:
        relax(colour)
    return x


def _coarse(xp: Any, grids: list[Grid], b: Array, *, periodic: bool, both: bool) -> Array:
    """Return an approximate solution below the finest grid: up to two steps of conjugate gradients on cycles."""
    here = grids[0]
    if here.inverse is not None:
        x = xp.zeros(here.g[0].shape, b.dtype)
        x[_INSIDE] = (here.inverse @ b.ravel().astype(float)).reshape(b.shape).astype(b.dtype)
        return x
    c = _cycle(xp, grids, b, periodic=periodic, both=both)
    v = _apply(here, c, periodic=periodic)
    cv, cb = _dot(xp, c[_INSIDE], v), _dot(xp, c[_INSIDE], b)
    if not cv > 0:
        return c
    left = b - b.dtype.type(cb / cv) * v
    if _dot(xp, left, left) <= _ENOUGH**2 * _dot(xp, b, b):
        return c * b.dtype.type(cb / cv)
    d = _cycle(xp, grids, left, periodic=periodic, both=both)
    w = _apply(here, d, periodic=periodic)
    dw, db, dv = _dot(xp, d[_INSIDE], w), _dot(xp, d[_INSIDE], left), _dot(xp, d[_INSIDE], v)
    rest = dw - dv * dv / cv
    if not rest > 0:
        return c * b.dtype.type(cb / cv)
    return c * b.dtype.type(cb / cv - dv * db / (cv * rest)) + d * b.dtype.type(db / rest)


def _dot(xp: Any, a: Array, b: Array) -> float:
    """Return the product of two arrays, summed in double precision."""
    return float(xp.sum(a * b, dtype=np.float64))


class ArrayWork:
    """The vectors of one solution, as `iteration._Work`, on a device."""

    def __init__(self, medium: Medium, *, double: bool, xp: Any) -> None:
        self.medium, self.xp = medium, xp
        self.precision = np.float64 if double else np.float32
        self.exact = _grid(xp, _finest(xp, medium, np.float64))
        single = _grid(xp, _finest(xp, medium, np.float32))
        self.network = self.exact if double else single
        self.grids = _hierarchy(xp, single, periodic=medium.periodic)
        self.conducts = xp.asarray(medium.cells)[_INSIDE] > 0
        self.part = _parts(xp, medium)
        self.potential = xp.zeros(medium.cells.shape)
        n0 = medium.shape[0]
        self.potential[_INSIDE] = (1 - (xp.arange(n0) + 0.5) / n0)[:, None, None]
        self.r = xp.zeros(medium.shape, self.precision)
        self.p = xp.zeros(medium.cells.shape, self.precision)
        self.q = xp.zeros(medium.shape, self.precision)
        self.alpha, self.steps = 0.0, 0

    def solution(self) -> np.ndarray:
        """Return the padded potential, on the processor."""
        return _host(self.potential)

    def step(self, before: float) -> tuple[float, bool]:
        """Do one step of flexible conjugate gradients; return r.z and whether the step was sound."""
        xp, periodic = self.xp, self.medium.periodic
        if periodic:
            self._remove_means(self.r)
        scale = float(xp.abs(self.r).max()) or 1.0
        self.steps += 1
        source, both = (self.r / self.precision(scale)).astype(np.float32), self.steps > multigrid.MANY
        z = _cycle(xp, self.grids, source, periodic=periodic, both=both)
        inside = z[_INSIDE]
        if periodic:
            self._remove_means(inside)
        error, zq = scale * _dot(xp, inside, self.r), scale * _dot(xp, inside, self.q)
        if not error > 0:
            return error, False
        beta = -self.alpha * zq / before if before else 0.0
        self.p = self.precision(beta) * self.p + self.precision(scale) * z
        self.q = _apply(self.network, self.p, periodic=periodic)
        power = _dot(xp, self.p[_INSIDE], self.q)
        if not power > 0:
            return error, False
        self.alpha = error / power
        self.potential[_INSIDE] += self.alpha * self.p[_INSIDE]
        self.r -= self.precision(self.alpha) * self.q
        return error, True

    def imbalance(self) -> float:
        """Compute the current that every cell gains anew in double precision; return the energy."""
        xp, x, g = self.xp, self.potential, self.exact.g
        if self.medium.periodic:
            _fill_ghosts(x)
            x[0] += 1.0
            x[-1] -= 1.0
        else:
            x[0], x[-1] = 1.0, 0.0
        gained, energy = xp.zeros(self.medium.shape), 0.0
        for d in range(3):
            lower, upper = _shift(x, d, -1) - x[_INSIDE], x[_INSIDE] - _shift(x, d, 1)
            gained += _shift(g[d], d, 0) * lower - _shift(g[d], d, 1) * upper
            energy += _dot(xp, _shift(g[d], d, 0), lower * lower)
            if d == 0 and not self.medium.periodic:
                energy += _dot(xp, _shift(g[d], d, 1)[-1], upper[-1] ** 2)
        self.r = xp.where(self.conducts, gained, 0.0).astype(self.precision)
        return energy

    def gap(self) -> float:
        """Return the gap to the energy of the balanced flux, formed on the processor."""
        medium = self.medium
        r = np.zeros(medium.cells.shape, np.float32)
        r[_INSIDE] = _host(self.r)
        return flux.gap((medium.cells, medium.resistance, medium.faces, medium.factors), medium.tree, r)

    def _remove_means(self, a: Array) -> None:
        """Subtract the mean over each part, which nothing holds."""
        xp = self.xp
        if self.part is None:
            count = float(xp.sum(self.conducts)) or 1.0
            mean = float(xp.sum(xp.where(self.conducts, a, 0.0), dtype=np.float64)) / count
            a -= xp.where(self.conducts, mean, 0.0).astype(a.dtype)
            return
        label = self.part[self.conducts]
        sums = xp.bincount(label, weights=a[self.conducts].astype(np.float64))
        means = sums / xp.maximum(xp.bincount(label), 1)
        a[self.conducts] -= means[label].astype(a.dtype)


def _parts(xp: Any, medium: Medium) -> Array | None:
    """Return the number of the part of every cell, None where there is one part only."""
    if medium.part.size == 0:
        return None
    return xp.asarray(medium.part.reshape(medium.cells.shape)[_INSIDE])
