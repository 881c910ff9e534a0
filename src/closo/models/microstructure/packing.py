"""Compiled kernels that place hard spheres, push them apart, and bring clusters in contact.

Spheres are rows (x, y, z, r) inside a periodic box, in any unit. Lists of the spheres in each cell keep the search short.
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit


@njit(cache=True)
def cell_of(x, box, m):  # type: ignore[no-untyped-def]
    """Return the cell of the point `x` inside the box."""
    return (
        min(int(x[0] / box[0] * m[0]), m[0] - 1),
        min(int(x[1] / box[1] * m[1]), m[1] - 1),
        min(int(x[2] / box[2] * m[2]), m[2] - 1),
    )


@njit(cache=True)
def new_cells(box, least):  # type: ignore[no-untyped-def]
    """Return the first sphere of each cell (-1: none); cells are at least `least` wide."""
    m = np.empty(3, np.int64)
    for d in range(3):
        m[d] = max(1, min(int(box[d] / least), 128))
    return np.full((m[0], m[1], m[2]), -1, np.int64)


@njit(cache=True)
def gather(cell, first, after, found):  # type: ignore[no-untyped-def]
    """Write the spheres in and around a cell into `found`; return how many. `after` chains the spheres of one cell."""
    count = 0
    m = first.shape
    for a in range(-1 if m[0] > 2 else 0, min(m[0], 2)):
        for b in range(-1 if m[1] > 2 else 0, min(m[1], 2)):
            for e in range(-1 if m[2] > 2 else 0, min(m[2], 2)):
                o = first[(cell[0] + a) % m[0], (cell[1] + b) % m[1], (cell[2] + e) % m[2]]
                while o >= 0:
                    found[count] = o
                    count += 1
                    o = after[o]
    return count


@njit(cache=True)
def square_distance(x, y, box):  # type: ignore[no-untyped-def]
    """Return the squared distance of two points to the nearest image."""
    square = 0.0
    for d in range(3):
        gap = x[d] - y[d]
        gap -= box[d] * np.round(gap / box[d])
        square += gap * gap
    return square


@njit(cache=True)
def add_hard(spheres, box, trials, start):  # type: ignore[no-untyped-def]
    """Place sphere `start` and those after it at the first of `trials` (k, 3) where they touch none before them.

    Returns how many are placed now. Their centres are filled in; radii and the spheres before `start` are given.
    """
    n = len(spheres)
    first = new_cells(box, 2 * spheres[:, 3].max())
    after, found = np.full(n, -1, np.int64), np.empty(n, np.int64)
    for s in range(start):
        cell = cell_of(spheres[s], box, first.shape)
        after[s], first[cell] = first[cell], s
    s = start
    for t in range(len(trials)):
        if s == n:
            return n
        cell = cell_of(trials[t], box, first.shape)
        free = True
        for near in found[: gather(cell, first, after, found)]:
            touching = spheres[s, 3] + spheres[near, 3]
            if square_distance(trials[t], spheres[near], box) < touching * touching:
                free = False
                break
        if free:
            spheres[s, :3] = trials[t]
            after[s], first[cell] = first[cell], s
            s += 1
    return s


@njit(cache=True)
def part_pair(spheres, pair, box, grown):  # type: ignore[no-untyped-def]
    """Return distance / touching distance of a pair, and the step (3,) by which its first sphere must move."""
    s, o = pair
    step = np.zeros(3)
    touching = spheres[s, 3] + spheres[o, 3]
    distance = np.sqrt(square_distance(spheres[s], spheres[o], box))
    ratio = distance / touching
    if 0 < ratio < grown:
        part = 0.5 * (grown * touching - distance) / distance
        for d in range(3):
            gap = spheres[s, d] - spheres[o, d]
            step[d] = part * (gap - box[d] * np.round(gap / box[d]))
    return ratio, step


@njit(cache=True)
def push_apart(spheres, box, grown):  # type: ignore[no-untyped-def]
    """Move both of each pair nearer than `grown` times touching by half of what is missing.

    Returns the smallest distance over touching distance before the move.
    """
    n = len(spheres)
    first = new_cells(box, 2 * spheres[:, 3].max() * grown)
    after, found = np.full(n, -1, np.int64), np.empty(n, np.int64)
    for s in range(n):
        cell = cell_of(spheres[s], box, first.shape)
        after[s], first[cell] = first[cell], s
    move = np.zeros((n, 3))
    least = np.inf
    for s in range(n):
        cell = cell_of(spheres[s], box, first.shape)
        for near in found[: gather(cell, first, after, found)]:
            if near > s:
                ratio, step = part_pair(spheres, (s, near), box, grown)
                least = min(least, ratio)
                move[s] += step
                move[near] -= step
    for s in range(n):
        for d in range(3):
            spheres[s, d] = (spheres[s, d] + move[s, d]) % box[d]
            if spheres[s, d] >= box[d]:  # the remainder of a tiny negative number is rounded up to the edge
                spheres[s, d] = 0.0
    return least


@njit(cache=True)
def touching_shift(a, b, u):  # type: ignore[no-untyped-def]
    """Return how far cluster `b` (k, 3) must be shifted along the unit vector `u` to touch `a` first, coming from far.

    Two spheres touch at distance 1. -inf: it passes by.
    """
    shift = -np.inf
    for i in range(len(a)):
        for j in range(len(b)):
            along, square = 0.0, 0.0
            for d in range(3):
                gap = b[j, d] - a[i, d]
                along += gap * u[d]
                square += gap * gap
            beside = square - along * along
            if beside < 1.0:
                shift = max(shift, np.sqrt(1.0 - beside) - along)
    return shift


@njit(cache=True)
def join(first, second, trials, wanted):  # type: ignore[no-untyped-def]
    """Return `second` where it touches `first` with its centre of mass nearest to the distance `wanted` from the origin.

    `trials` (k, 5, 3) holds for each attempt a rotation, the direction from which `second` comes, and how far beside.
    Trials end when the distance is right to 1 %.
    """
    best, miss = np.empty_like(second), np.inf
    for t in range(len(trials)):
        turned = np.empty_like(second)
        for j in range(len(second)):
            for d in range(3):
                turned[j, d] = trials[t, 4, d]
                for e in range(3):
                    turned[j, d] += trials[t, d, e] * second[j, e]
        shift = touching_shift(first, turned, trials[t, 3])
        if shift == -np.inf:
            continue
        centre = trials[t, 4] + shift * trials[t, 3]
        off = abs(np.sqrt((centre * centre).sum()) - wanted)
        if off < miss:
            best, miss = turned + shift * trials[t, 3], off
        if miss < 0.01 * wanted:
            break
    return best
