"""A tree through a network and a balanced flux along it: the bound of the effective conductivity from below.

The flux of an approximate potential does not balance: cell c gains r_c. A tree carries these imbalances to an electrode
(where the box is periodic: to one cell of each part, whose imbalances sum to zero). The sum of q^2 / g over the branches
of the tree is exactly the gap between the energy of the potential and that of the balanced flux (Prager and Synge 1947,
DOI 10.1090/qam/25902). The tree spreads from the electrodes breadth first, and over the best conductors before the
others, else a shell of high conductivity would send its imbalance through the poor matrix.

A tree is one byte per cell: bits 0 to 5 say that the face to the lower and upper neighbour along axis 0, 1, 2 belongs to
it, bits 6 and 7 that the cell hangs on the lower or upper electrode.
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit

_LOWER, _UPPER = 64, 128
_BEYOND = 255  # no order is as high

Conductors = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # cells, resistance, faces, factors; see Medium


def spanning_tree(medium: Conductors, order: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return the trees through all padded cells that conduct (uint8, flat).

    Parameters
    ----------
    medium : with a margin that does not conduct, also where electrodes or the other side will be.
    order : uint8, padded like the cells: 1 the best conductors, 2 the next, ...; 0 where nothing conducts.
    """
    faces = medium[2]
    tree = np.zeros(order.size, np.uint8)
    flat = order.reshape(-1)
    counts = np.array([np.count_nonzero(flat == c) for c in range(int(flat.max(initial=0)) + 1)])
    _grow((flat, faces.reshape(3, faces[0].size)), order.shape, (tree, np.cumsum(counts) - counts[0]), periodic)
    return tree


def gap(medium: Conductors, tree: np.ndarray, imbalance: np.ndarray) -> float:
    """Return the energy of the flux that carries `imbalance` (float32, padded, overwritten) along the trees."""
    cells, resistance, faces, factors = medium
    flat = (cells.reshape(-1), resistance, faces.reshape(3, faces[0].size), factors)
    return float(_carry(flat, cells.shape, tree.copy(), imbalance.reshape(-1)))


@njit(cache=True)
def _grow(network, shape, result, periodic):  # type: ignore[no-untyped-def]
    """Spread over all cells; `result` holds the tree, and the ends of the queues of each order in one list.

    A cell with a better unreached neighbour reaches that one only and stays at the head of its queue until the better
    ones are done. `waiting` is the order of a cell until it is reached, then 0.
    """
    waiting, (tree, ends) = network[0].copy(), result
    queue = np.empty(ends[-1], np.int32)
    head, tail = np.zeros(ends.size, np.int64), np.zeros(ends.size, np.int64)
    head[1:], tail[1:] = ends[:-1], ends[:-1]
    if periodic:
        _mark_margin(waiting, shape)
    else:
        _hang(network[1], shape, tree, (waiting, queue, tail))
    fresh = 0
    while True:
        c = 1
        while c < ends.size and head[c] == tail[c]:
            c += 1
        if c == ends.size:  # the first cell of a part not reached yet
            while fresh < waiting.size and waiting[fresh] in (0, _BEYOND):
                fresh += 1
            if fresh == waiting.size:
                return
            c = waiting[fresh]
            waiting[fresh] = 0
            queue[tail[c]] = fresh
            tail[c] += 1
        _spread(network[1], shape, (tree, waiting, queue, tail), (c, head))


@njit(inline="always")
def _spread(faces, shape, memory, at):  # type: ignore[no-untyped-def]
    """Reach the neighbours of the cells at the head of queue c until it is empty or a better conductor was reached."""
    tree, waiting, queue, tail = memory
    c, head = at
    size, row = shape[1] * shape[2], shape[2]
    while head[c] < tail[c]:
        cell = queue[head[c]]
        around = waiting[cell - size] | waiting[cell + size] | waiting[cell - row] | waiting[cell + row]
        if around | waiting[cell - 1] | waiting[cell + 1] == 0:
            head[c] += 1
            continue
        for way in range(6):
            step = size if way < 2 else (row if way < 4 else 1)
            other = cell + step if way & 1 else cell - step
            o = waiting[other]
            if o == _BEYOND:
                other = _along(shape, cell, way)[0]
                o = waiting[other]
            if o == 0 or (faces.shape[1] > 0 and faces[way // 2, other if way & 1 else cell] <= 0):
                continue
            waiting[other] = 0
            tree[cell] |= 1 << way
            tree[other] |= 1 << (way ^ 1)
            queue[tail[o]] = other
            tail[o] += 1
            if o < c:
                return
        head[c] += 1


@njit(cache=True)
def _mark_margin(waiting, shape):  # type: ignore[no-untyped-def]
    """Write `_BEYOND` into the margin, flat: there a neighbour is found on the other side."""
    n0, n1, n2 = shape
    for i in range(n0):
        for j in range(n1):
            row = (i * n1 + j) * n2
            if i in (0, n0 - 1) or j in (0, n1 - 1):
                waiting[row : row + n2] = _BEYOND
            waiting[row] = waiting[row + n2 - 1] = _BEYOND


@njit(cache=True)
def _hang(faces, shape, tree, memory):  # type: ignore[no-untyped-def]
    """Let every cell at an electrode hang on it."""
    waiting, queue, tail = memory
    size = shape[1] * shape[2]
    for plane, mark in ((1, _LOWER), (shape[0] - 2, _UPPER)):
        for cell in range(plane * size, (plane + 1) * size):
            face, o = cell if mark == _LOWER else cell + size, waiting[cell]
            if o != 0 and (faces.shape[1] == 0 or faces[0, face] > 0):
                waiting[cell] = 0
                tree[cell] = mark
                queue[tail[o]] = cell
                tail[o] += 1


@njit(inline="always")
def _along(shape, cell, way):  # type: ignore[no-untyped-def]
    """Return the cell in direction `way` (0..5), across the periodic faces, and the one whose lower face is between."""
    d = way // 2
    step = shape[1] * shape[2] if d == 0 else (shape[2] if d == 1 else 1)
    at, last = (cell // step) % shape[d], shape[d] - 2
    if way % 2 == 0:
        return (cell - step if at > 1 else cell + (last - 1) * step), cell
    other = cell + step if at < last else cell - (last - 1) * step
    return other, other


@njit(inline="always")
def _only(bits):  # type: ignore[no-untyped-def]
    """Return the number of the only bit that is set, -1 where none or several are."""
    if bits == 0 or bits & (bits - 1) != 0:
        return -1
    way = 0
    while bits >> way != 1:
        way += 1
    return way


@njit(cache=True, error_model="numpy")
def _carry(medium, shape, tree, q):  # type: ignore[no-untyped-def]
    """Carry q from the leaves of the trees inwards; return sum q^2 / g.

    Planes are taken from the middle outwards, as the trees lead; a path is followed at once only into planes that were
    taken before.
    """
    cells, resistance, faces, factors = medium
    size, n0 = shape[1] * shape[2], shape[0]
    steps = (size, shape[2], 1)
    middle = (n0 - 1) // 2
    energy = 0.0
    for step in range(n0 - 2):
        i = middle - step if step < middle else step + 1
        for leaf in range(i * size, (i + 1) * size):
            cell = leaf
            way = _only(tree[cell])
            while way >= 0:
                tree[cell] = 0
                d, other, between = way // 2, -1, resistance[cells[cell]]
                if way < 6:
                    other = cell + steps[d] if way & 1 else cell - steps[d]
                    upper = max(cell, other)
                    if tree[other] & (1 << (way ^ 1)) == 0:  # the margin of a periodic box
                        other, upper = _along(shape, cell, way)
                    between += resistance[cells[other]]
                else:
                    d, upper = 0, cell if way == 6 else cell + size
                g = np.float64(faces[d, upper]) if faces.shape[1] > 0 else factors[d] / between
                energy += q[cell] * np.float64(q[cell]) / g
                if other < 0:
                    break
                q[other] += q[cell]
                tree[other] &= 255 ^ (1 << (way ^ 1))
                if d == 0:
                    plane = other // size
                    if (plane < i or plane > middle) if i <= middle else plane > i:
                        break
                cell, way = other, _only(tree[other])
    return energy
