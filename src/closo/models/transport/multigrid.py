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

COARSEST = 3  # cells along an edge
AFTER = (1, 0, 1, 0, 1)  # colours that are relaxed after the correction from the coarse grid
MANY = 20  # steps of conjugate gradients after which cycles become symmetric
_ENOUGH = 0.25  # a first step that leaves less than this of the residual needs no second (Notay)

_NOTHING = np.empty((0, 0, 0), np.float32)

Network = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Level:
    """A grid with the vectors that a cycle needs on it."""

    network: Network
    source: np.ndarray
    first: np.ndarray
    second: np.ndarray
    image: np.ndarray  # A first
    sums: np.ndarray  # (5, n0 + 2)
    inverse: np.ndarray  # of the coarsest grid, (cells, cells); else empty


def hierarchy(network: Network, shape: tuple[int, ...], *, periodic: bool) -> list[Level]:
    """Return the grids below the finest one, one at least; `shape` is the padded shape of the finest."""
    levels: list[Level] = []
    while not levels or max(shape) - 2 > COARSEST:
        g = kernels.coarsen(network)
        for faces in range(3):
            if periodic and g.shape[faces + 1] == 3:  # a cell would be its own neighbour
                g[faces] = 0
        network, shape = (np.zeros((1, 1, 1), np.float32), g, np.ones(3, np.float32)), g.shape[1:]
        inverse = np.empty((0, 0)) if max(shape) - 2 > COARSEST else inverse_of(g, periodic=periodic)
        b, c, d, v = (kernels.zeros(shape, np.float32) for _ in range(4))
        levels.append(Level(network, b, c, d, v, np.zeros((5, shape[0])), inverse))
    return levels


def inverse_of(g: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return the inverse of A on a small grid; where the constant is free, that of what is left (Moore and Penrose)."""
    shape = tuple(n - 2 for n in g.shape[1:])
    index = np.arange(int(np.prod(shape))).reshape(shape)
    a = np.zeros((index.size, index.size))
    for d in range(3):
        for lower in np.ndindex(tuple(n + 2 for n in shape)):
            inside = all(1 <= i <= n + (e == d) for e, (i, n) in enumerate(zip(lower, shape, strict=True)))
            if not inside or (periodic and lower[d] == shape[d] + 1):
                continue
            upper, below = list(lower), list(lower)
            below[d] -= 1
            ends = [[i - 1 for i in cell] for cell in (upper, below)]
            cells = [
                index[tuple(i % n for i, n in zip(end, shape, strict=True))]
                for end in ends
                if periodic or 0 <= end[d] < shape[d]
            ]
            for one in cells:
                a[one, one] += g[(d, *lower)]
                for other in cells:
                    a[one, other] -= g[(d, *lower)] if other != one else 0.0
    scale = 1 / np.sqrt(np.maximum(a.diagonal(), 1e-30)) * (a.diagonal() > 0)
    return np.asarray(scale[:, None] * np.linalg.pinv(scale[:, None] * a * scale, rcond=1e-12, hermitian=True) * scale)


def smooth(
    network: Network,
    x: np.ndarray,
    b: np.ndarray,
    colours: tuple[int, ...],
    *,
    periodic: bool,
    coarse: np.ndarray = _NOTHING,
) -> None:
    """Relax the colours one after the other, in place; x is first written from `coarse` where that is not empty."""
    loop = kernels.relax.on(x.size)
    if loop is kernels.relax.one and not periodic:
        kernels.relax_in_one_pass(network, x, (b, coarse), colours)
        return
    if coarse.size:
        x[...] = 0
        kernels.prolong.on(x.size)(x, coarse)
    for colour in colours:
        if periodic:
            kernels.fill_ghosts(x)
        loop(network, x, b, colour)


def cycle(network: Network, levels: list[Level], x: np.ndarray, b: np.ndarray, *, periodic: bool, both: bool) -> None:
    """Write an approximate solution of A x = b, where the ghosts of b are 0, into x.

    Five half sweeps after the correction from the coarse grid do more than two before and two after it, at the same
    cost: nothing has to be multiplied by A. But such a cycle is not symmetric, which conjugate gradients pay for where
    they need many steps (sites near the threshold: a third more); `both` smooths before and after.
    """
    if not both:
        kernels.collect.on(x.size)(b, levels[0].source)
        coarse = _coarse(levels, periodic=periodic, both=both)
        smooth(network, x, b, AFTER, periodic=periodic, coarse=coarse)
        return
    x[...] = 0
    smooth(network, x, b, (0, 1), periodic=periodic)
    if periodic:
        kernels.fill_ghosts(x)
    kernels.restrict.on(x.size)(network, x, b, levels[0].source)
    kernels.prolong.on(x.size)(x, _coarse(levels, periodic=periodic, both=both))
    smooth(network, x, b, (1, 0), periodic=periodic)


def _coarse(levels: list[Level], *, periodic: bool, both: bool) -> np.ndarray:
    """Return an approximate solution on the first of `levels` for the source that stands there."""
    here, below = levels[0], levels[1:]
    if here.inverse.size:
        source = here.source[1:-1, 1:-1, 1:-1]
        here.first[1:-1, 1:-1, 1:-1] = (here.inverse @ source.ravel().astype(float)).reshape(source.shape)
        return here.first
    b, c, d, v, sums = here.source, here.first, here.second, here.image, here.sums
    blend = kernels.blend.on(b.size)
    cycle(here.network, below, c, b, periodic=periodic, both=both)
    if periodic:
        kernels.fill_ghosts(c)
    kernels.image.on(b.size)(here.network, c, (b, v), sums)
    cv, cb, bb, bv, vv = sums.sum(axis=1).tolist()
    if not cv > 0:
        return c
    step = cb / cv
    if bb - 2 * step * bv + step**2 * vv <= _ENOUGH**2 * bb:
        blend(c, np.float32(step), c, np.float32(0.0))
        return c
    blend(b, np.float32(1.0), v, np.float32(-step))
    cycle(here.network, below, d, b, periodic=periodic, both=both)
    if periodic:
        kernels.fill_ghosts(d)
    kernels.products.on(b.size)(here.network, d, (b, c), sums)
    dw, db, dv = sums[:3].sum(axis=1).tolist()
    rest = dw - dv * dv / cv
    second = db / rest if rest > 0 else 0.0
    blend(c, np.float32(step - second * dv / cv), d, np.float32(second))
    return c
