"""How well `resolved` knows a geometry from 2, 4 and 8 cells per radius: boxes of spheres with shells, against 32.

The limit is the middle of what links of both kinds give on the fine grid; a part of their distance is its doubt. A quarter
of an hour of one core and 4 GB.
"""

from __future__ import annotations

import platform
import sys
from typing import Any

import numpy as np

BOXES = (  # kind, filled share, seed
    ("overlapping", 0.354, 11),
    ("overlapping", 0.28, 31),
    ("hard", 0.35, 31),
    ("overlapping", 0.45, 31),
    ("overlapping", 0.2, 12),
    ("overlapping", 0.354, 12),
    ("overlapping", 0.28, 32),
    ("overlapping", 0.354, 13),
)
SHELLS = ((0.125, (100.0, 1000.0)), (0.25, (1000.0,)))  # thickness over diameter, contrasts
WIDTH, GRIDS, FINE = 4, (16, 32, 64), 256  # diameters, cells along the edge (4 samples each; the fine ones 2)


def one(kind: str, fraction: float, seed: int) -> list[dict[str, Any]]:
    """Return the estimates and the limit of one box at every shell and contrast."""
    from closo.models.microstructure import hard_spheres, overlapping_spheres, sample
    from closo.models.transport import resolved, solve

    grow = overlapping_spheres if kind == "overlapping" else hard_spheres
    geometry = grow(WIDTH, 1, fraction, seed=seed)
    found = []
    for shell, contrasts in SHELLS:

        def labels(cells: int, samples: int = 4, shell: float = shell) -> np.ndarray:
            return sample(geometry, cells, subvoxels=samples, shell=shell).labels

        fine = labels(FINE, 2)
        for contrast in contrasts:
            phases, settings = {0: 0.0, 1: 1.0, 2: contrast}, {"boundary": "periodic", "tolerance": 2e-3}
            ends = [
                solve(fine, phases, subvoxels=2, rod_share=r, **settings).effective_conductivity for r in (0.0, 0.5)
            ]
            limit, doubt = sum(ends) / 2, (ends[0] - ends[1]) / 2 / np.sqrt(3)
            for cells in GRIDS:
                guess = resolved(labels, cells, phases, subvoxels=4, tolerance=1e-3)
                error = guess.effective_conductivity - limit
                found.append(
                    {
                        "box": f"{kind}, {100 * fraction:g} vol%, seed {seed}, shell {shell:g}, contrast {contrast:g}",
                        "cells_per_radius": cells / WIDTH / 2,
                        "relative_error": error / limit,
                        "relative_u": guess.u / limit,
                        "error_over_u": error / float(np.hypot(guess.u, doubt)),
                    }
                )
    return found


def run() -> dict[str, Any]:
    """Return all boxes and what they say together, for each grid."""
    boxes: list[dict[str, Any]] = []
    for box in BOXES:
        boxes += one(*box)
        print(boxes[-1], file=sys.stderr, flush=True)
    return {
        "benchmark": "grids",
        "boxes": boxes,
        "grids": [_together([b for b in boxes if b["cells_per_radius"] == n / WIDTH / 2]) for n in GRIDS],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def _together(boxes: list[dict[str, Any]]) -> dict[str, float]:
    errors, pulls = (np.array([box[key] for box in boxes]) for key in ("relative_error", "error_over_u"))
    return {
        "cells_per_radius": boxes[0]["cells_per_radius"],
        "median_error": float(np.median(np.abs(errors))),
        "largest_error": float(np.abs(errors).max()),
        "rms_error_over_u": float(np.sqrt((pulls**2).mean())),
        "largest_error_over_u": float(np.abs(pulls).max()),
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each box and grid, and the summary of each grid."""
    print("| box | cells per radius | error | u | error / u |\n|---|---|---|---|---|")
    for box in result["boxes"]:
        print(
            f"| {box['box']} | {box['cells_per_radius']:g} | {100 * box['relative_error']:+.1f} % "
            f"| {100 * box['relative_u']:.1f} % | {box['error_over_u']:+.1f} |"
        )
    for grid in result["grids"]:
        print(
            f"{grid['cells_per_radius']:g} cells per radius: median error {100 * grid['median_error']:.1f} %, largest "
            f"{100 * grid['largest_error']:.1f} %; {grid['rms_error_over_u']:.2f} u (rms), "
            f"{grid['largest_error_over_u']:.1f} u at most"
        )
