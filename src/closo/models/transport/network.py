"""From an image of phases to a network of conductors: which cells carry current, and the faces between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.models.transport import composite, connected, flux
from closo.models.transport.kernels import zeros
from closo.models.transport.multigrid import Network
from closo.models.transport.request import present_labels

WALL = np.inf  # resistance of half a cell
WALLS = {np.float32: 1e18, np.float64: 1e150}  # the same in loops that multiply two faces


@dataclass(frozen=True)
class Medium:
    """A network of padded cells and what it was made from.

    Attributes
    ----------
    cells : uint8 (n0 + 2, ...), 0 where nothing conducts, else a class of `resistance`; electrodes are the last class.
    resistance : float64, of half a cell of each class, in units of 1 / the largest conductivity.
    faces : float32 (3, n0 + 2, ...) where the image is finer than the cells, else empty.
    factors : float64 (3,), area over length of a cell along each axis.
    tree : uint8, flat, the faces that carry imbalances (see flux).
    part : int32, flat, number of the part of each cell where there are several without an electrode; else empty.
    fine : the image of classes (without a margin) that `faces` were made from, or None.
    """

    cells: np.ndarray
    resistance: np.ndarray
    faces: np.ndarray
    factors: np.ndarray
    tree: np.ndarray
    part: np.ndarray
    fine: np.ndarray | None
    subvoxels: int
    rod_share: float
    labels: tuple[int, ...]  # phase of class 1, 2, ...
    dropped: float
    periodic: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis, without the ghosts."""
        n0, n1, n2 = self.cells.shape
        return n0 - 2, n1 - 2, n2 - 2

    def network(self, precision: type[np.floating[Any]]) -> Network:
        """Return the network in single or double precision."""
        w = self.factors.astype(precision)
        faces = self.faces.astype(precision, copy=False)
        if faces.shape[1]:
            return np.zeros((1, 1, 1), precision), faces, w
        table = np.minimum(self.resistance, WALLS[precision]).astype(precision)
        rho = zeros(self.cells.shape, precision)
        for plane, classes in zip(rho, self.cells, strict=True):
            plane[...] = table[classes]
        return rho, faces, w


@dataclass(frozen=True)
class Crossing:
    """An image as padded `classes`, 0 where nothing conducts or what does not cross the box; otherwise as `Medium`."""

    classes: np.ndarray
    labels: tuple[int, ...]
    dropped: float
    part: np.ndarray


def crossing(image: np.ndarray, conductivities: Mapping[int, float], *, periodic: bool) -> Crossing:
    """Return the parts of an image that carry current along axis 0; arguments as in `medium`."""
    conducting = [label for label in present_labels(image) if conductivities[label] > 0]
    keep = tuple(sorted(conducting, key=lambda label: -conductivities[label]))  # the best conductor is class 1
    classes = bytes(keep.index(label) + 1 if label in keep else 0 for label in range(256))
    cells = np.zeros(tuple(n + 2 for n in image.shape), np.uint8)
    for plane, source in zip(cells[1:-1, 1:-1, 1:-1], image, strict=True):
        plane[...] = np.frombuffer(source.tobytes().translate(classes), np.uint8).reshape(source.shape)
    dropped, part = connected.keep_crossing(cells, np.zeros((3, 0, 1, 1), np.float32), periodic=periodic)
    return Crossing(cells, keep, dropped, part)


def medium(
    crossed: Crossing,
    conductivities: Mapping[int, float],
    size: np.ndarray,
    *,
    periodic: bool,
    subvoxels: int,
    rod_share: float = 0.0,
) -> Medium:
    """Return the network of what crosses the box along axis 0.

    Parameters
    ----------
    crossed : an image of (s n0, s n1, s n2) samples, s = `subvoxels`; where s is 1 its classes get electrodes.
    conductivities : label -> conductivity; the largest one in the image becomes 1.
    size : edges of a cell (ratios matter only).
    """
    keep, cells, part = crossed.labels, crossed.classes, crossed.part
    top = max((conductivities[label] for label in keep), default=1.0)
    resistance = np.array([WALL, *(0.5 * top / conductivities[label] for label in keep), 0.0])
    factors = size.prod() / size**2
    faces, fine, order = np.zeros((3, 0, 1, 1), np.float32), None, cells
    if subvoxels > 1:
        fine = cells[1:-1, 1:-1, 1:-1]
        faces = composite.faces(fine, 0.5 / resistance[:-1], subvoxels, factors, periodic=periodic, rod_share=rod_share)
        cells = np.zeros(faces.shape[1:], np.uint8)
        cells[1:-1, 1:-1, 1:-1] = 1
        _, part = connected.keep_crossing(cells, faces, periodic=periodic)
        connected.close(faces, cells)
        order = _order(faces, cells)
    tree = flux.spanning_tree((cells, resistance, faces, factors), order, periodic=periodic)
    if subvoxels == 1 and cells.any():
        _margin(cells, len(keep) + 1, periodic=periodic)
    dropped = crossed.dropped
    return Medium(cells, resistance, faces, factors, tree, part, fine, subvoxels, rod_share, keep, dropped, periodic)


def _order(faces: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return how well every cell conducts by its best lower face: 1 within a factor of 2 of the best, 2 within 4, ..."""
    best = faces.max(axis=0)
    found = np.zeros(cells.shape, np.uint8)
    on = cells > 0
    found[on] = 1 + np.minimum(np.log2(best[on].max(initial=0.0) / np.maximum(best[on], 1e-30)), 30)
    return found


def _margin(cells: np.ndarray, electrode: int, *, periodic: bool) -> None:
    """Fill the ghosts of padded classes: copies of the other side, or electrodes on axis 0 and walls elsewhere."""
    if periodic:
        for d in range(3):
            ghosts = np.moveaxis(cells, d, 0)
            if ghosts.shape[0] > 3:  # a cell is not a neighbour of itself
                ghosts[0], ghosts[-1] = ghosts[-2], ghosts[1]
        return
    cells[0, 1:-1, 1:-1] = cells[-1, 1:-1, 1:-1] = electrode
