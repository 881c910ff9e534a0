"""How the table of the atlas is made: microstructures, solves, and what becomes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from closo.models.atlas import AGGREGATIONS, hermite, spline_weights
from closo.models.microstructure import MATRIX, PARTICLE, SHELL, aggregates, overlapping_spheres, sample

if TYPE_CHECKING:
    from closo.models.transport import Conduction

FRACTIONS = (0.05, 0.10, 0.15, 0.20, 0.26, 0.33, 0.42, 0.53, 0.65)
SHELLS = (0.03, 0.055, 0.10, 0.18, 0.30, 0.50)
CONTRASTS = (1.0, 10 ** (4 / 3), 10 ** (8 / 3), 1e4)
GRID, SUBVOXELS = 8, 4  # cells per diameter, samples along the edge of a cell
BOX = {"dispersed": 6, "aggregated": 8}  # diameters per edge, for the mean over seeds and directions
SEEDS, AXES = (0, 1, 2), (0, 1, 2)
FINE_BOX, FINE_SEEDS = 4, (10, 11)  # for the correction of the grid: the same boxes on finer grids
WITHIN, MOST_CELLS = 0.02, (FINE_BOX * 4 * GRID) ** 3  # of these: the error asked for, and the finest grid
_TOLERANCE = 5e-4


@dataclass(frozen=True)
class Task:
    """One geometry, every shell and contrast: its mean in all directions on GRID, or what finer grids change."""

    aggregation: str
    fraction: float
    seed: int

    @property
    def refined(self) -> bool:
        """Tell whether it is about finer grids."""
        return self.seed in FINE_SEEDS

    @property
    def box(self) -> int:
        """Diameters per edge."""
        return FINE_BOX if self.refined else BOX[self.aggregation]


def tasks() -> list[Task]:
    """Return everything that is to be solved."""
    return [Task(*each) for each in itertools.product(AGGREGATIONS, FRACTIONS, SEEDS + FINE_SEEDS)]


def run(task: Task) -> np.ndarray:
    """Return (2, axes, shells, contrasts): ln(sigma_eff / sigma_matrix) and its derivative by ln(contrast).

    Of a task on finer grids (3, shells, contrasts): what they add to both along the first axis, and the uncertainty of it.
    """
    grow = overlapping_spheres if task.aggregation == "dispersed" else aggregates
    geometry = grow(task.box, 1.0, task.fraction, seed=task.seed)
    both = len(SHELLS), len(CONTRASTS)
    found = np.empty((3, *both) if task.refined else (2, len(AXES), *both))
    for i, shell in enumerate(SHELLS):

        @lru_cache(maxsize=1)
        def labels(cells: int, shell: float = shell) -> np.ndarray:
            return sample(geometry, cells, subvoxels=SUBVOXELS, shell=shell).labels

        for c, contrast in enumerate(CONTRASTS):
            if task.refined:
                found[:, i, c] = refine(labels, contrast)
            else:
                for a, axis in enumerate(AXES):
                    found[:, a, i, c] = conduct(labels(task.box * GRID), contrast, axis=axis)
    return found


def conduct(labels: np.ndarray, contrast: float, *, axis: int = 0) -> tuple[float, float]:
    """Return ln(sigma_eff / sigma_matrix) and its derivative by ln(contrast) of a sampled microstructure."""
    from closo.models.transport import solve

    phases = {PARTICLE: 0.0, MATRIX: 1.0, SHELL: contrast}
    return _logarithm(
        solve(labels, phases, axis=axis, boundary="periodic", tolerance=_TOLERANCE, subvoxels=SUBVOXELS), contrast
    )


def refine(labels: Callable[[int], np.ndarray], contrast: float) -> tuple[float, float, float]:
    """Return what finer grids add to both results of `conduct` in a box of FINE_BOX, and the uncertainty of the first.

    `labels` makes the image for a number of cells along the edge.
    """
    from closo.models.transport import resolved

    phases = {PARTICLE: 0.0, MATRIX: 1.0, SHELL: contrast}
    plain, slope = conduct(labels(FINE_BOX * GRID), contrast)
    settings: dict[str, Any] = {"subvoxels": SUBVOXELS, "tolerance": _TOLERANCE, "within": WITHIN, "most": MOST_CELLS}
    found = resolved(labels, FINE_BOX * GRID, phases, **settings)
    value = float(np.log(found.effective_conductivity))
    return value - plain, _logarithm(found.fine, contrast)[1] - slope, found.relative_u


def _logarithm(solved: Conduction, contrast: float) -> tuple[float, float]:
    sigma = solved.effective_conductivity
    return float(np.log(sigma)), contrast * solved.derivatives.get(SHELL, 0.0) / sigma


def make(path: Path, *, processes: int = 1, say: Callable[[str], None] = lambda text: None) -> None:
    """Solve everything and write the table; what a call that was broken off had solved stands in `*.runs` beside it.

    Parameters
    ----------
    processes : worked on at once, each on one thread.
    say : is told how far it is.
    """
    runs = path.with_suffix(".runs")
    runs.mkdir(exist_ok=True)
    todo = sorted(tasks(), key=lambda task: (not task.refined, task.fraction))  # the longest ones first
    missing = [task for task in todo if not (runs / _file_name(task)).exists()]
    with ProcessPoolExecutor(processes) as pool:
        working = {pool.submit(run, task): task for task in missing}
        for done, each in enumerate(as_completed(working)):
            np.save(runs / _file_name(working[each]), each.result())
            say(f"{done + 1} of {len(missing)}")
    results = {task: np.load(runs / _file_name(task)) for task in todo}
    with path.open("wb") as file:
        np.savez_compressed(file, **cast(Any, reduce(results)))
    for task in todo:
        (runs / _file_name(task)).unlink()
    runs.rmdir()


def _file_name(task: Task) -> str:
    return f"{task.aggregation}-{task.fraction:g}-seed{task.seed}.npy"


def reduce(results: dict[Task, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the table: values and slopes at the nodes, and the uncertainty of each node."""
    shape = (len(AGGREGATIONS), len(FRACTIONS), len(SHELLS), len(CONTRASTS))
    value, slope, scatter, grid = (np.zeros(shape) for _ in range(4))
    for (a, aggregation), (f, fraction) in itertools.product(enumerate(AGGREGATIONS), enumerate(FRACTIONS)):
        # (seeds, 2, axes, shells, contrasts), and (seeds, 3, shells, contrasts)
        wide, finer = (
            np.stack([results[Task(aggregation, fraction, seed)] for seed in seeds]) for seeds in (SEEDS, FINE_SEEDS)
        )
        value[a, f], slope[a, f] = wide.mean(axis=(0, 2)) + finer[:, :2].mean(axis=0)
        every = wide[:, 0].reshape(-1, len(SHELLS), len(CONTRASTS))
        scatter[a, f] = every.std(axis=0, ddof=1) / np.sqrt(len(SEEDS))
        # What the grid gets wrong is alike in all boxes; two boxes of few particles also differ.
        grid[a, f] = np.hypot(finer[:, 2].mean(axis=0), finer[:, 0].std(axis=0, ddof=1) / np.sqrt(len(FINE_SEEDS)))
    # More conductance anywhere, by a thicker shell or more contrast, never conducts less.
    value = np.maximum.accumulate(np.maximum.accumulate(value, axis=3), axis=2)
    slope = np.clip(slope, 0.0, 1.0)
    nodes = np.array(FRACTIONS)
    between = np.hypot(leave_out(value, nodes, np.log(SHELLS)), leave_contrast_out(value, slope))
    return {
        "filler_fraction": nodes,
        "ln_shell": np.log(SHELLS),
        "ln_contrast": np.log(CONTRASTS),
        "value": value,
        "slope": slope,
        "u": np.sqrt(scatter**2 + grid**2 + between**2),
        "u_scatter": scatter,
        "u_grid": grid,
        "u_interpolation": between,
    }


def leave_out(value: np.ndarray, fractions: np.ndarray, shells: np.ndarray) -> np.ndarray:
    """Return a quarter of the error at each inner node when it is left out (its neighbours are then twice as far away)."""
    error = np.zeros_like(value)
    for axis, nodes in ((1, fractions), (2, shells)):
        moved, into = np.moveaxis(value, axis, -1), np.moveaxis(error, axis, -1)
        miss = np.zeros_like(moved)
        for n in range(1, len(nodes) - 1):
            rest = np.delete(np.arange(len(nodes)), n)
            weights = spline_weights(nodes[rest], nodes[n : n + 1])[0]
            miss[..., n] = np.abs(moved[..., rest] @ weights - moved[..., n]) / 4
        miss[..., 0], miss[..., -1] = miss[..., 1], miss[..., -2]
        into[...] = np.hypot(into, miss)
    return error


def leave_contrast_out(value: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return an eighth of the error at each inner contrast when it is left out of the Hermite cubic (of fourth order)."""
    nodes, error = np.log(CONTRASTS), np.zeros_like(value)
    for n in range(1, len(nodes) - 1):
        ends = [n - 1, n + 1]
        values, slopes = (x[..., ends].reshape(-1, 2) for x in (value, slope))
        found = hermite(nodes[ends], values, slopes, np.full(len(values), nodes[n]))
        error[..., n] = np.abs(found.reshape(value.shape[:-1]) - value[..., n]) / 8
    error[..., 0], error[..., -1] = error[..., 1], error[..., -2]
    return error
