"""Which cells of an image carry current from one side to the other.

Where the box is periodic, a part carries current if it winds around axis 0: in the union-find of the parts across the faces
every part knows how many boxes it lies from its root, and a join that contradicts this closes a path that winds.
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit


def keep_crossing(cells: np.ndarray, faces: np.ndarray, *, periodic: bool) -> tuple[float, np.ndarray]:
    """Clear the cells of parts that do not cross the box, in place.

    Returns the share of the cells that were cleared, and where the box is periodic and several parts are left, the number
    of the part of every cell (int32, flat; else empty): the potential of each is known up to a constant only.

    Parameters
    ----------
    cells : uint8, padded with a margin of 0; what is not 0 conducts.
    faces : float32 (3, ...) conductances of lower faces, or empty where all neighbours that conduct touch.
    """
    flat, flat_faces = cells.reshape(-1), faces.reshape(3, faces[0].size)
    root = _label(cells.shape, flat, flat_faces)
    mark = _winding if periodic else _touching
    crosses = mark(cells.shape, flat, flat_faces, root)
    total, kept = _clear(flat, root, crosses)
    share = 1 - kept / total if total else 0.0
    return share, _number(flat, root) if periodic else np.empty(0, np.int32)


def close(faces: np.ndarray, cells: np.ndarray) -> None:
    """Set the faces of cells that are 0 to zero, in place."""
    off = cells[1:-1, 1:-1, 1:-1] == 0
    for d in range(3):
        upper = tuple(slice(2, None) if e == d else slice(1, -1) for e in range(3))
        faces[d, 1:-1, 1:-1, 1:-1][off] = 0
        faces[d][upper][off] = 0


@njit(inline="always")
def _find(root, cell):  # type: ignore[no-untyped-def]
    """Return the root of a cell; the path to it is halved on the way."""
    while root[cell] != cell:
        root[cell] = root[root[cell]]
        cell = root[cell]
    return cell


@njit(inline="always")
def _join(root, a, b):  # type: ignore[no-untyped-def]
    """Join two parts; the smaller index becomes the root."""
    if root[a] == root[b]:
        return
    ra, rb = _find(root, a), _find(root, b)
    if ra < rb:
        root[rb] = ra
    elif rb < ra:
        root[ra] = rb


@njit(cache=True)
def _label(shape, cells, faces):  # type: ignore[no-untyped-def]
    """Return the root of every padded cell that conducts, joined inside the box."""
    n0, n1, n2 = shape
    size, plain = n1 * n2, faces.shape[1] == 0
    root = np.empty(cells.size, np.int32)
    for i in range(1, n0 - 1):
        for j in range(1, n1 - 1):
            row = (i * n1 + j) * n2
            for here in range(row + 1, row + n2 - 1):
                if cells[here] == 0:
                    continue
                before = cells[here - 1] != 0 and (plain or faces[2, here] > 0)
                root[here] = root[here - 1] if before else here
                if cells[here - n2] != 0 and (plain or faces[1, here] > 0):
                    _join(root, here - n2, here)
                if cells[here - size] != 0 and (plain or faces[0, here] > 0):
                    _join(root, here - size, here)
    for cell in range(cells.size):
        if cells[cell] != 0:
            root[cell] = _find(root, cell)
    return root


@njit(cache=True)
def _touching(shape, cells, faces, root):  # type: ignore[no-untyped-def]
    """Return 1 at the root of every part that touches both electrodes."""
    size, last = shape[1] * shape[2], shape[0] - 2
    touched = np.zeros(cells.size, np.uint8)
    for cell in range(size, 2 * size):
        if cells[cell] != 0 and (faces.shape[1] == 0 or faces[0, cell] > 0):
            touched[root[cell]] |= 1
    for cell in range(last * size, (last + 1) * size):
        if cells[cell] != 0 and (faces.shape[1] == 0 or faces[0, cell + size] > 0):
            touched[root[cell]] |= 2
    for part in range(touched.size):
        touched[part] = 1 if touched[part] == 3 else 0
    return touched


@njit(cache=True)
def _far_root(root, offset, part):  # type: ignore[no-untyped-def]
    """Return the root of a part joined across the faces, and how many boxes it lies from it."""
    boxes = 0
    while root[part] != part:
        boxes += offset[part]
        part = root[part]
    return part, boxes


@njit(cache=True)
def _winding(shape, cells, faces, inside):  # type: ignore[no-untyped-def]
    """Return 1 at the root of every part that, joined across the periodic faces, winds around axis 0.

    The roots `inside` the box then point at the root of all that is joined across the faces.
    """
    steps = (shape[1] * shape[2], shape[2], 1)
    root = np.arange(cells.size).astype(np.int32)
    offset = np.zeros(cells.size, np.int16)
    winds = np.zeros(cells.size, np.uint8)
    for d in range(3):
        first, second = (1, 2) if d == 0 else ((0, 2) if d == 1 else (0, 1))
        for a in range(1, shape[first] - 1):
            for b in range(1, shape[second] - 1):
                here = steps[d] + a * steps[first] + b * steps[second]
                last = here + (shape[d] - 3) * steps[d]
                if cells[here] == 0 or cells[last] == 0 or (faces.shape[1] > 0 and faces[d, here] <= 0):
                    continue
                ra, sa = _far_root(root, offset, inside[last])
                rb, sb = _far_root(root, offset, inside[here])
                step = 1 if d == 0 else 0
                if ra != rb:
                    root[rb], offset[rb] = ra, sa + step - sb
                    winds[ra] |= winds[rb]
                elif sb != sa + step:
                    winds[ra] = 1
    for part in range(cells.size):
        if cells[part] != 0 and inside[part] == part:
            inside[part] = _far_root(root, offset, part)[0]
            winds[part] = winds[inside[part]]
    return winds


@njit(cache=True)
def _clear(cells, root, crosses):  # type: ignore[no-untyped-def]
    """Set the cells of parts that do not cross to 0; return how many cells there were and are left."""
    total = kept = 0
    for cell in range(cells.size):
        if cells[cell] != 0:
            total += 1
            if crosses[root[cell]] != 0:
                kept += 1
            else:
                cells[cell] = 0
    return total, kept


@njit(cache=True)
def _number(cells, root):  # type: ignore[no-untyped-def]
    """Return the number 0, 1, ... of the part of each cell; an empty array where there is one part only."""
    first, several = -1, False
    for cell in range(cells.size):
        if cells[cell] != 0:
            top = root[root[cell]]
            several = several or (first >= 0 and top != first)
            first = top
    if not several:
        return np.empty(0, np.int32)
    number, part, count = np.full(cells.size, -1, np.int32), np.zeros(cells.size, np.int32), 0
    for cell in range(cells.size):
        if cells[cell] != 0:
            top = root[root[cell]]
            if number[top] < 0:
                number[top] = count
                count += 1
            part[cell] = number[top]
    return part


@njit(cache=True)
def remove_means(x, cells, part):  # type: ignore[no-untyped-def]
    """Subtract the mean of the padded x over each part from it, in place."""
    n0, n1, n2 = x.shape
    count = 1 if part.size == 0 else part.max() + 1
    sums, sizes = np.zeros(count), np.zeros(count)
    for i in range(1, n0 - 1):
        for j in range(1, n1 - 1):
            for k in range(1, n2 - 1):
                if cells[i, j, k] != 0:
                    p = 0 if part.size == 0 else part[(i * n1 + j) * n2 + k]
                    sums[p] += x[i, j, k]
                    sizes[p] += 1
    means = sums / np.maximum(sizes, 1)
    for i in range(1, n0 - 1):
        for j in range(1, n1 - 1):
            for k in range(1, n2 - 1):
                if cells[i, j, k] != 0:
                    x[i, j, k] -= means[0 if part.size == 0 else part[(i * n1 + j) * n2 + k]]
