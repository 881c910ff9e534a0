"""Compiled kernels that paint spheres on a periodic grid.

Grids hold samples at (i + 0.5) h. Spheres are rows (x, y, z, r), in the unit of the box.
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit


@njit(cache=True)
def paint_distance(field, spheres, h, reach):  # type: ignore[no-untyped-def]
    """Lower `field` (n0, n1, n2) to the signed distance to each sphere's surface, up to `reach` outside of it."""
    n0, n1, n2 = field.shape
    for s in range(len(spheres)):
        x, y, z, r = spheres[s]
        p = r + reach
        for i in range(int(np.ceil((x - p) / h[0] - 0.5)), int(np.floor((x + p) / h[0] - 0.5)) + 1):
            dx = (i + 0.5) * h[0] - x
            w = np.sqrt(max(p * p - dx * dx, 0.0))
            for j in range(int(np.ceil((y - w) / h[1] - 0.5)), int(np.floor((y + w) / h[1] - 0.5)) + 1):
                dy = (j + 0.5) * h[1] - y
                q = dx * dx + dy * dy
                v = np.sqrt(max(p * p - q, 0.0))
                row = field[i % n0, j % n1]
                first = int(np.ceil((z - v) / h[2] - 0.5))
                k = first % n2
                for t in range(first, int(np.floor((z + v) / h[2] - 0.5)) + 1):
                    dz = (t + 0.5) * h[2] - z
                    d = np.float32(np.sqrt(q + dz * dz) - r)
                    row[k] = min(row[k], d)
                    k += 1
                    if k == n2:
                        k = 0


@njit(cache=True)
def cover(taken, spheres, h):  # type: ignore[no-untyped-def]
    """Mark the samples inside each sphere in turn; return how many each was the first to take."""
    n0, n1, n2 = taken.shape
    new = np.zeros(len(spheres), np.int64)
    for s in range(len(spheres)):
        x, y, z, p = spheres[s]
        for i in range(int(np.ceil((x - p) / h[0] - 0.5)), int(np.floor((x + p) / h[0] - 0.5)) + 1):
            dx = (i + 0.5) * h[0] - x
            w = np.sqrt(max(p * p - dx * dx, 0.0))
            for j in range(int(np.ceil((y - w) / h[1] - 0.5)), int(np.floor((y + w) / h[1] - 0.5)) + 1):
                dy = (j + 0.5) * h[1] - y
                v = np.sqrt(max(p * p - dx * dx - dy * dy, 0.0))
                row = taken[i % n0, j % n1]
                for t in range(int(np.ceil((z - v) / h[2] - 0.5)), int(np.floor((z + v) / h[2] - 0.5)) + 1):
                    if not row[t % n2]:
                        row[t % n2] = True
                        new[s] += 1
    return new


@njit(cache=True)
def to_labels(distance, voids, shell, film):  # type: ignore[no-untyped-def]
    """Return labels: particle up to distance 0, then shell up to `shell`, then matrix; void beyond `film` and in `voids`."""
    labels = np.ones(distance.shape, np.uint8)
    flat, d, v = labels.ravel(), distance.ravel(), voids.ravel()
    for n in range(flat.size):
        if d[n] <= 0:
            flat[n] = 0
        elif d[n] > film or (v.size and v[n]):
            flat[n] = 3
        elif d[n] <= shell:
            flat[n] = 2
    return labels
