"""The preconditioner: one K-cycle over aggregates of 2 x 2 x 2 cells.

Faces between aggregates are sums of fine faces, so that every level is again a network of conductors and zeros need no
care. On each level below the finest, two steps of flexible conjugate gradients make up for the constant interpolation
(Notay and Vassilevski 2008, DOI 10.1002/nla.542); the number of cycles then hardly depends on the size of the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.models.transport import kernels

_COARSEST = 3  # cells along an edge
_SWEEPS = (1,) + (0, 1) * 5 + (1, 0) * 6
_ENOUGH = 0.25  # a first step that leaves less than this of the residual needs no second (Notay)

Network = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Level:
    """A grid with the vectors that a cycle needs on it."""

    network: Network
    source: np.ndarray
    first: np.ndarray
    second: np.ndarray
    image: np.ndarray  # A first
    other: np.ndarray  # A second
    sums: np.ndarray  # (2, n0 + 2)


def hierarchy(network: Network, shape: tuple[int, ...], *, periodic: bool) -> list[Level]:
    """Return the grids below the finest one, whose padded shape is `shape`."""
    levels: list[Level] = []
    while max(shape) - 2 > _COARSEST:
        g = kernels.coarsen(network, periodic)
        network, shape = (np.zeros((1, 1, 1), np.float32), g, np.ones(3, np.float32)), g.shape[1:]
        b, c, d, v, w = (np.zeros(shape, np.float32) for _ in range(5))
        levels.append(Level(network, b, c, d, v, w, np.zeros((2, shape[0]))))
    return levels


def smooth(network: Network, x: np.ndarray, b: np.ndarray, colours: tuple[int, ...], *, periodic: bool) -> None:
    """Relax the colours one after the other, in place."""
    loop = kernels.relax.on(x.size)
    for colour in colours:
        if periodic:
            kernels.fill_ghosts(x)
        loop(network, x, b, colour)


def cycle(network: Network, levels: list[Level], x: np.ndarray, b: np.ndarray, *, periodic: bool) -> None:
    """Write an approximate solution of A x = b into x."""
    kernels.start.on(x.size)(network, x, b)
    if not levels:
        smooth(network, x, b, _SWEEPS, periodic=periodic)
        return
    smooth(network, x, b, (1,), periodic=periodic)
    if periodic:
        kernels.fill_ghosts(x)
    kernels.restrict.on(x.size)(network, x, b, levels[0].source)
    kernels.prolong.on(x.size)(x, _coarse(levels, periodic=periodic))
    smooth(network, x, b, (1, 0), periodic=periodic)


def _coarse(levels: list[Level], *, periodic: bool) -> np.ndarray:
    """Return an approximate solution on the first of `levels` for the source that stands there."""
    here, below = levels[0], levels[1:]
    b, c, d, v, w = here.source, here.first, here.second, here.image, here.other
    cycle(here.network, below, c, b, periodic=periodic)
    if not below:
        return c
    blend = kernels.blend.on(b.size)
    cv, cb = _image(here, c, v, periodic=periodic)
    if not cv > 0:
        return c
    before = _products(here, b, b, b)[0]
    blend(b, np.float32(1.0), v, np.float32(-cb / cv))
    if _products(here, b, b, b)[0] <= _ENOUGH**2 * before:
        blend(c, np.float32(cb / cv), c, np.float32(0.0))
        return c
    cycle(here.network, below, d, b, periodic=periodic)
    dw, db = _image(here, d, w, periodic=periodic)
    dv = _products(here, d, v, v)[0]
    rest = dw - dv * dv / cv
    if not rest > 0:
        blend(c, np.float32(cb / cv), c, np.float32(0.0))
        return c
    blend(c, np.float32(cb / cv - dv * db / (cv * rest)), d, np.float32(db / rest))
    return c


def _image(level: Level, x: np.ndarray, y: np.ndarray, *, periodic: bool) -> tuple[float, float]:
    """Write A x into y; return x.y and the product of x with the source."""
    if periodic:
        kernels.fill_ghosts(x)
    kernels.apply.on(x.size)(level.network, x, y, level.sums[0])
    return float(level.sums[0].sum()), _products(level, x, level.source, level.source)[0]


def _products(level: Level, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[float, float]:
    """Return a.b and a.c."""
    kernels.products.on(a.size)(a, b, c, level.sums)
    return float(level.sums[0].sum()), float(level.sums[1].sum())
