"""How well `resolved` knows a geometry from 2, 4 and 8 cells per radius, and when 1 % is asked for, against 32.

Boxes of spheres with shells. The limit is what `resolved` makes of 16 and 32 cells per radius, with its own uncertainty.
Half an hour of one core and 5 GB.
"""

from __future__ import annotations

import platform
import sys
from functools import lru_cache
from typing import Any

import numpy as np

BOXES = (  # kind, filled share, seed: none of them was looked at when the estimate was chosen
    ("overlapping", 0.354, 51),
    ("overlapping", 0.354, 52),
    ("hard", 0.35, 53),
    ("aggregated", 0.35, 54),
    ("overlapping", 0.2, 55),
    ("overlapping", 0.28, 56),
    ("overlapping", 0.45, 57),
    ("hard", 0.25, 58),
)
SHELLS = ((0.125, (100.0, 1000.0)), (0.25, (100.0, 1000.0)))  # thickness over diameter, contrasts
WIDTH, GRIDS, FINE = 4, (16, 32, 64), 128  # diameters; cells along the edge, the finer grid has twice as many
ASKED, FROM, MOST = 0.01, 32, 128**3  # relative uncertainty, first cells along the edge, cells of the finest grid


def one(kind: str, fraction: float, seed: int) -> list[dict[str, Any]]:
    """Return the estimates and the limit of one box at every shell and contrast."""
    from closo.models.microstructure import sample
    from closo.models.simulation import geometry_of
    from closo.models.transport import resolved

    geometry = geometry_of(kind, fraction, WIDTH, seed=seed)
    found = []
    for shell, contrasts in SHELLS:

        @lru_cache(maxsize=1)
        def labels(cells: int, shell: float = shell) -> np.ndarray:
            return sample(geometry, cells, subvoxels=4, shell=shell).labels

        for contrast in contrasts:
            phases, settings = {0: 0.0, 1: 1.0, 2: contrast}, {"subvoxels": 4, "tolerance": 1e-3}
            limit = resolved(labels, FINE, phases, **settings)
            guesses = {f"{cells / WIDTH / 2:g}": resolved(labels, cells, phases, **settings) for cells in GRIDS}
            asked = resolved(labels, FROM, phases, within=ASKED, most=MOST, **settings)
            if asked.relative_u <= ASKED:
                guesses[f"{FROM / WIDTH / 2:g}, 1 % asked and reached"] = asked
            for cells, guess in guesses.items():
                error = guess.effective_conductivity - limit.effective_conductivity
                found.append(
                    {
                        "box": f"{kind}, {100 * fraction:g} vol%, seed {seed}, shell {shell:g}, contrast {contrast:g}",
                        "cells_per_radius": cells,
                        "finest": guess.cells / WIDTH / 2,
                        "relative_error": error / limit.effective_conductivity,
                        "relative_u": guess.u / limit.effective_conductivity,
                        "relative_u_of_limit": limit.relative_u,
                        "error_over_u": error / float(np.hypot(guess.u, limit.u)),
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
        "grids": [
            _together([b for b in boxes if b["cells_per_radius"] == cells])
            for cells in dict.fromkeys(box["cells_per_radius"] for box in boxes)
        ],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def _together(boxes: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("relative_error", "error_over_u", "relative_u")
    errors, pulls, u = (np.array([box[key] for box in boxes]) for key in keys)
    return {
        "cells_per_radius": boxes[0]["cells_per_radius"],
        "boxes": len(boxes),
        "within_1_percent": int((np.abs(errors) <= 0.01).sum()),
        "within_1_percent_or_u": int((np.abs(errors) <= np.maximum(0.01, u)).sum()),
        "median_error": float(np.median(np.abs(errors))),
        "largest_error": float(np.abs(errors).max()),
        "rms_error_over_u": float(np.sqrt((pulls**2).mean())),
        "largest_error_over_u": float(np.abs(pulls).max()),
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each box and grid, and the summary of each grid."""
    print(
        "| box | cells per radius | finest grid | error | u | u of the limit | error / u |\n|---|---|---|---|---|---|---|"
    )
    for box in result["boxes"]:
        numbers = (100 * box[key] for key in ("relative_error", "relative_u", "relative_u_of_limit"))
        error, u, limit = (f"{number:.1f} %" for number in numbers)
        print(
            f"| {box['box']} | {box['cells_per_radius']} | {box['finest']:g} | {error} | {u} | {limit} "
            f"| {box['error_over_u']:+.1f} |"
        )
    for grid in result["grids"]:
        print(
            f"{grid['cells_per_radius']} cells per radius: {grid['boxes']} cases, {grid['within_1_percent']} within 1 %, "
            f"{grid['within_1_percent_or_u']} within 1 % or u, "
            f"median error {100 * grid['median_error']:.1f} %, largest "
            f"{100 * grid['largest_error']:.1f} %; {grid['rms_error_over_u']:.2f} u (rms), "
            f"{grid['largest_error_over_u']:.1f} u at most"
        )
