"""A map of loss spectra: background and three references fitted at each pixel with variances, against a loop of `lstsq`.

128 x 128 x 1024, and 512 x 512 x 2048, from a memory map (1.07 GB in a temporary folder). Counts are Poisson; the true
weights are known, so pulls are those of the fit. Where CLOSO_HYPERSPY names a Python with HyperSpy (GPL, not installed with
closo), its linear multifit with errors and its full fit run on the first cube, in a process of their own.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

_SIDES = ((128, 1024), (512, 2048))
_LOOP = 256  # pixels of the peer, scaled to all
_PATCH = 12  # pixels along a side of what HyperSpy fits in full, scaled to all


def _components(channels: int) -> np.ndarray:
    e = 150.0 + 256.0 / channels * np.arange(channels)
    cage = np.where(e > 188, np.exp(-(e - 188) / 90), 0) + np.exp(-(((e - 199) / 5) ** 2))
    planar = 1.6 * np.exp(-(((e - 194) / 0.8) ** 2)) + np.where(e > 196, 0.5 * np.exp(-(e - 196) / 90), 0)
    carbon = np.where(e > 285, np.exp(-(e - 285) / 80), 0)
    return np.stack([cage, planar, carbon, (e / 170) ** -2.4, (e / 170) ** -3.2])


def _cube(path: Path, side: int, components: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write a cube whose rows repeat 4096 drawn spectra, and return it with its weights."""
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.2, 1.0, (4096, 5)) * [120.0, 60.0, 60.0, 300.0, 60.0]
    drawn = rng.poisson(truth @ components).astype(np.uint16)
    cube = np.lib.format.open_memmap(path, "w+", np.uint16, (side * side, components.shape[1]))
    for i in range(0, side * side, 4096):
        cube[i : i + 4096] = drawn
    cube.flush()
    return np.load(path, mmap_mode="r"), truth


def run() -> dict[str, Any]:
    """Return seconds, memory, and errors over their uncertainties."""
    from closo.techniques.linear_fit import fit_linear

    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for side, channels in _SIDES:
            components = _components(channels)
            cube, truth = _cube(Path(folder) / "cube.npy", side, components)
            wall, cpu = time.perf_counter(), time.process_time()
            fit = fit_linear(components, cube)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            pulls = (fit.values[:4096] - truth) / fit.u[:4096]
            begun = time.process_time()
            for row in cube[:_LOOP]:
                np.linalg.lstsq(components.T, row.astype(float), rcond=None)
            peer = (time.process_time() - begun) * side * side / _LOOP
            sizes[f"{side}x{side}x{channels}"] = {
                "cpu_s": round(cpu, 2),
                "wall_s": round(wall, 2),
                "lstsq_loop_cpu_s": round(peer, 2),
                "ratio": round(peer / cpu, 1),
                "pulls_sd": pulls.std(axis=0).round(3).tolist(),
                "peak_rss_MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
            } | (_hyperspy(Path(folder), components, cpu) if channels == 1024 else {})
    return {"benchmark": "maps", "machine": platform.machine(), "numpy": np.__version__, "sizes": sizes}


def _hyperspy(folder: Path, components: np.ndarray, cpu: float) -> dict[str, Any]:
    """Return CPU seconds of HyperSpy's fits of the cube in a folder, and their ratios; nothing where it is not there."""
    python = os.environ.get("CLOSO_HYPERSPY")
    if not python:
        return {"hyperspy": "CLOSO_HYPERSPY names no Python with it"}
    np.save(folder / "components.npy", components)
    script = Path(__file__).parent / "peers" / "hyperspy_maps.py"
    asked = [python, str(script), str(folder / "cube.npy"), str(folder / "components.npy"), str(_PATCH)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=1800, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    ratios = {f"{key.removesuffix('_cpu_s')}_ratio": round(found[key] / cpu, 1) for key in found if key.endswith("_s")}
    return {"hyperspy": found | ratios}


def show(result: dict[str, Any]) -> None:
    """Print a table."""
    for size, row in result["sizes"].items():
        peer = f"a loop of lstsq without variances {row['lstsq_loop_cpu_s']:.1f} CPU s, {row['ratio']} times"
        print(f"{size:16s} {row['cpu_s']:6.2f} CPU s, {peer}; HyperSpy: {row.get('hyperspy', 'not run')}")
