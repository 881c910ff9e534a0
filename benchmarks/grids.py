"""How well `resolved` knows a geometry from 4 cells per radius: boxes of spheres with shells against 14 cells per radius.

The limit is the middle of what links of both kinds give on the fine grid; half of their distance is its doubt. A quarter of
an hour of one core and 3 GB.
"""

from __future__ import annotations

import itertools
import platform
import sys
from typing import Any

import numpy as np

BOXES = (("overlapping", 0.28), ("hard", 0.35), ("overlapping", 0.45))
SEEDS, SHELLS, CONTRASTS = (31, 32, 33), (0.125, 0.25), (30.0, 1000.0)
WIDTH, CELLS, FINE = 4, 32, 112  # diameters, cells along the edge


def one(kind: str, fraction: float, seed: int, shell: float) -> list[dict[str, Any]]:
    """Return the estimate and the limit of one box at every contrast."""
    from closo.models.microstructure import hard_spheres, overlapping_spheres, sample
    from closo.models.transport import resolved, solve

    grow = overlapping_spheres if kind == "overlapping" else hard_spheres
    geometry = grow(WIDTH, 1, fraction, seed=seed)
    coarse, fine = (sample(geometry, n, subvoxels=4, shell=shell).labels for n in (CELLS, FINE))
    settings: dict[str, Any] = {"boundary": "periodic", "subvoxels": 4, "tolerance": 1e-3}
    found = []
    for contrast in CONTRASTS:
        phases = {0: 0.0, 1: 1.0, 2: contrast}
        ends = [solve(fine, phases, rod_share=r, **settings).effective_conductivity for r in (0.0, 0.5)]
        limit, doubt = sum(ends) / 2, (ends[0] - ends[1]) / 2 / np.sqrt(3)
        guess = resolved(lambda n: coarse, CELLS, phases, **settings)
        error = guess.effective_conductivity - limit
        found.append(
            {
                "box": f"{kind}, {100 * fraction:g} vol%, seed {seed}, shell {shell:g}, contrast {contrast:g}",
                "relative_error": error / limit,
                "relative_u": guess.u / limit,
                "error_over_u": error / float(np.hypot(guess.u, doubt)),
            }
        )
    return found


def run() -> dict[str, Any]:
    """Return all boxes and what they say together."""
    boxes: list[dict[str, Any]] = []
    for (kind, fraction), seed, shell in itertools.product(BOXES, SEEDS, SHELLS):
        boxes += one(kind, fraction, seed, shell)
        print(boxes[-1], file=sys.stderr, flush=True)
    errors, pulls = (np.array([box[key] for box in boxes]) for key in ("relative_error", "error_over_u"))
    return {
        "benchmark": "grids",
        "boxes": boxes,
        "median_error": float(np.median(np.abs(errors))),
        "largest_error": float(np.abs(errors).max()),
        "rms_error_over_u": float(np.sqrt((pulls**2).mean())),
        "largest_error_over_u": float(np.abs(pulls).max()),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each box and the summary."""
    print("| box | error | u | error / u |\n|---|---|---|---|")
    for box in result["boxes"]:
        print(
            f"| {box['box']} | {100 * box['relative_error']:+.1f} % | {100 * box['relative_u']:.1f} % "
            f"| {box['error_over_u']:+.1f} |"
        )
    print(
        f"{len(result['boxes'])} boxes: median error {100 * result['median_error']:.1f} %, largest "
        f"{100 * result['largest_error']:.1f} %; {result['rms_error_over_u']:.2f} u (rms), "
        f"{result['largest_error_over_u']:.1f} u at most"
    )
