"""How the table of the atlas is made: microstructures, solves, and what becomes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from closo.models.atlas import AGGREGATIONS, hermite, spline_weights
from closo.models.microstructure import aggregates, overlapping_spheres, sample

__all__ = ["CONTRASTS", "FRACTIONS", "SHELLS", "Task", "make", "reduce", "run", "tasks"]

FRACTIONS = (0.05, 0.10, 0.15, 0.20, 0.26, 0.33, 0.42, 0.53, 0.65)
SHELLS = (0.03, 0.055, 0.10, 0.18, 0.30, 0.50)
CONTRASTS = (1.0, 10 ** (4 / 3), 10 ** (8 / 3), 1e4)
SUBVOXELS = 4
BOX = {"dispersed": 6, "aggregated": 8}  # diameters per edge, for the mean over seeds and directions
SEEDS, AXES = (0, 1, 2), (0, 1, 2)
FINE_BOX, FINE_SEEDS = 4, (10, 11)  # for the correction of the grid: the same boxes on several grids
GRIDS = (4, 8, 12, 16)  # cells per diameter; the last one for thin shells only
THIN = 3  # so many of the shells are thin
_TOLERANCE = 5e-4
_WIDE = 4  # cells per diameter of the boxes for the mean


@dataclass(frozen=True)
class Task:
    """One geometry on one grid: every shell and contrast, in one or three directions."""

    aggregation: str
    fraction: float
    seed: int
    box: int
    grid: int
    axes: tuple[int, ...]
    shells: tuple[float, ...]


def tasks() -> list[Task]:
    """Return everything that is to be solved."""
    found = []
    for aggregation, fraction in itertools.product(AGGREGATIONS, FRACTIONS):
        for seed in SEEDS:
            found.append(Task(aggregation, fraction, seed, BOX[aggregation], _WIDE, AXES, SHELLS))
        for seed, grid in itertools.product(FINE_SEEDS, GRIDS):
            finest = grid == GRIDS[-1]
            if seed == FINE_SEEDS[0] or grid <= GRIDS[1]:  # the second seed tells the scatter, on the cheap grids
                shells = SHELLS[:THIN] if finest else SHELLS
                found.append(Task(aggregation, fraction, seed, FINE_BOX, grid, (0,), shells))
    return found


def run(task: Task) -> np.ndarray:
    """Return (2, axes, shells, contrasts): ln(sigma_eff / sigma_matrix) and its derivative by ln(contrast)."""
    found = np.empty((2, len(task.axes), len(task.shells), len(CONTRASTS)))
    diameter = 1.0
    grow = overlapping_spheres if task.aggregation == "dispersed" else aggregates
    geometry = grow(task.box * diameter, diameter, task.fraction, seed=task.seed)
    for i, shell in enumerate(task.shells):
        made = sample(geometry, task.box * task.grid, subvoxels=SUBVOXELS, shell=shell * diameter)
        for (a, axis), (c, contrast) in itertools.product(enumerate(task.axes), enumerate(CONTRASTS)):
            found[:, a, i, c] = conduct(made.labels, contrast, axis=axis)
    return found


def conduct(
    labels: np.ndarray, contrast: float, *, axis: int = 0, tolerance: float = _TOLERANCE
) -> tuple[float, float]:
    """Return ln(sigma_eff / sigma_matrix) and its derivative by ln(contrast) of a sampled microstructure."""
    from closo.models.transport import solve

    sigma = {0: 0.0, 1: 1.0, 2: contrast}
    settings: dict[str, Any] = {"subvoxels": SUBVOXELS, "rod_share": 0.5}  # links whose error is linear in the cell
    solved = solve(labels, sigma, axis=axis, boundary="periodic", tolerance=tolerance, **settings)
    share = contrast * solved.derivatives.get(2, 0.0) / solved.effective_conductivity
    return float(np.log(solved.effective_conductivity)), share


def make(path: Path, *, processes: int = 1, say: Callable[[str], None] = lambda text: None) -> None:
    """Solve everything and write the table; what a call that was broken off had solved stands in `*.runs` beside it.

    Parameters
    ----------
    processes : worked on at once, each on one thread.
    say : is told how far it is.
    """
    runs = path.with_suffix(".runs")
    runs.mkdir(exist_ok=True)
    todo = sorted(tasks(), key=lambda task: (task.fraction, -task.box * task.grid))
    missing = [task for task in todo if not (runs / _file_name(task)).exists()]
    with ProcessPoolExecutor(processes) as pool:
        for done, (task, result) in enumerate(zip(missing, pool.map(run, missing), strict=True)):
            np.save(runs / _file_name(task), result)
            say(f"{done + 1} of {len(missing)}")
    results = {task: np.load(runs / _file_name(task)) for task in todo}
    with path.open("wb") as file:
        np.savez_compressed(file, **cast(Any, reduce(results)))
    for task in todo:
        (runs / _file_name(task)).unlink()
    runs.rmdir()


def _file_name(task: Task) -> str:
    return f"{task.aggregation}-{task.fraction:g}-seed{task.seed}-box{task.box}-grid{task.grid}.npy"


def reduce(results: dict[Task, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the table: values and slopes at the nodes, and the uncertainty of each node."""
    shape = (len(AGGREGATIONS), len(FRACTIONS), len(SHELLS), len(CONTRASTS))
    value, slope, scatter, grid = (np.zeros(shape) for _ in range(4))
    for (a, aggregation), (f, fraction) in itertools.product(enumerate(AGGREGATIONS), enumerate(FRACTIONS)):
        mine = {task: r for task, r in results.items() if task.aggregation == aggregation and task.fraction == fraction}
        wide = np.stack([r for task, r in mine.items() if task.seed in SEEDS])  # seeds, 2, axes, shells, contrasts
        correction, u_grid = grid_correction(
            {(t.seed, t.grid): r[:, 0] for t, r in mine.items() if t.seed in FINE_SEEDS}
        )
        mean = wide.mean(axis=(0, 2)) + correction
        value[a, f], slope[a, f] = mean
        every = np.moveaxis(wide[:, 0], 1, 0).reshape(-1, len(SHELLS), len(CONTRASTS))
        scatter[a, f], grid[a, f] = every.std(axis=0, ddof=1) / np.sqrt(len(SEEDS)), u_grid
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


def grid_correction(fine: dict[tuple[int, int], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return what to add to results on the wide boxes' grid (2, shells, contrasts), and its uncertainty.

    From 4 to 8 cells per diameter a gap between two shells may open or close, which in a small box is a matter of chance:
    the mean over two seeds, and half of their difference as its uncertainty. From 8 on the results go nearly linearly with
    the width of a cell: a line through the two finest grids, uncertain by half of what it adds to the finest one, or, for
    thin shells, by what the finest grid changes.

    Parameters
    ----------
    fine : (seed, cells per diameter) -> (2, shells, contrasts).
    """
    steps = [fine[seed, GRIDS[1]] - fine[seed, GRIDS[0]] for seed in FINE_SEEDS]
    middle, finest = (fine[FINE_SEEDS[0], grid] for grid in GRIDS[1:3])
    line = _to_zero(middle, finest, GRIDS[1:3])
    doubt = np.abs(line - finest)[0] / 2
    thin = fine[FINE_SEEDS[0], GRIDS[3]]
    finer = _to_zero(finest[:, :THIN], thin, GRIDS[2:])
    # At contrast 1 the shell makes no difference, and so its thickness must not decide about the grids.
    doubt[:THIN, 1:] = np.maximum(np.abs(finer - line[:, :THIN]), np.abs(finer - thin) / 2)[0, :, 1:]
    line[:, :THIN, 1:] = finer[:, :, 1:]
    spread = np.abs(steps[0] - steps[1])[0] / 2
    return np.mean(steps, axis=0) + line - middle, np.hypot(doubt, spread)


def _to_zero(wider: np.ndarray, finer: np.ndarray, grids: tuple[int, ...]) -> np.ndarray:
    """Return the value at cell width 0 of the line through two grids (cells per diameter)."""
    h0, h1 = 1 / grids[0], 1 / grids[1]
    line: np.ndarray = finer + (finer - wider) * h1 / (h0 - h1)
    return line


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
