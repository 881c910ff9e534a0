"""The images of the transport benchmark, made once and kept in build/: overlapping spheres with shells, random sites."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent.parent / "build" / "transport"
RADIUS, SHELL, FILLED = 10.0, 3.0, 0.35  # voxels, voxels, volume fraction of the spheres


def spheres(n: int, seed: int = 1) -> np.ndarray:
    """Return labels (n, n, n), uint8: 0 sphere, 1 matrix, 2 shell, in a periodic box of overlapping spheres.

    A voxel belongs to a sphere when its centre does; spheres are added until they fill 35 %. A voxel belongs to a shell
    when the nearest voxel of a sphere is at most 3 voxels away.
    """
    random = np.random.default_rng(seed)
    filled = np.zeros((n, n, n), bool)
    count = 0
    while count / n**3 < FILLED:
        centre = random.random(3) * n
        axes = [np.arange(np.floor(c - RADIUS - 1), np.ceil(c + RADIUS + 1) + 1) for c in centre]
        squares = [(axis + 0.5 - c) ** 2 for axis, c in zip(axes, centre, strict=True)]
        inside = squares[0][:, None, None] + squares[1][None, :, None] + squares[2] <= RADIUS**2
        block = np.ix_(*[axis.astype(int) % n for axis in axes])
        count += int(np.count_nonzero(inside & ~filled[block]))
        filled[block] |= inside
    labels = np.where(filled, 0, 1).astype(np.uint8)
    reach = int(SHELL)
    grown = np.zeros_like(filled)
    for i in range(-reach, reach + 1):  # the ball of radius 3, as pencils along axis 2
        for j in range(-reach, reach + 1):
            if i * i + j * j <= SHELL**2:
                half = int(np.sqrt(SHELL**2 - i * i - j * j))
                grown |= np.roll(_widened(filled, half), (i, j), (0, 1))
    labels[grown & ~filled] = 2
    return labels


def _widened(mask: np.ndarray, half: int) -> np.ndarray:
    wide = mask.copy()
    for k in range(1, half + 1):
        wide |= np.roll(mask, k, 2) | np.roll(mask, -k, 2)
    return wide


def sites(n: int, fraction: float, seed: int = 1) -> np.ndarray:
    """Return labels (n, n, n), uint8: 1 with a probability (threshold of a path: 0.3116), else 0."""
    return (np.random.default_rng(seed).random((n, n, n)) < fraction).astype(np.uint8)


def image(name: str) -> Path:
    """Return the file of "spheres-N" or "sites-N-P", made now if it is missing."""
    path = FOLDER / f"{name}.npy"
    if not path.exists():
        kind, *numbers = name.split("-")
        made = spheres(int(numbers[0])) if kind == "spheres" else sites(int(numbers[0]), float(numbers[1]))
        FOLDER.mkdir(parents=True, exist_ok=True)
        np.save(path, made)
    return path
