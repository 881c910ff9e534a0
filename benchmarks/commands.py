"""What a person waits for: the verbs of the README as whole processes, on a copy of the example study.

CPU seconds (user and system, of the process and those that it starts) and wall time, the least of `repeats` runs; the files
are in memory and Python's byte code is written. What computes something for the first time is run once. `first` is the first
call of a solver on a fresh machine: nothing of it has been compiled.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

__all__ = ["run", "show"]

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "na2b12h12-sio2"


def run(*, repeats: int = 3) -> dict[str, object]:
    """Return the seconds of every verb and the size of the report."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        study = place / "study"
        shutil.copytree(EXAMPLE, study)
        for name in (".closo", "report"):
            shutil.rmtree(study / name, ignore_errors=True)
        one, image = _inputs(place)
        compiled = {"NUMBA_CACHE_DIR": str(place / "numba")}
        simulate = ["simulate", "conductivity", "--image", image, "--phase", "0=1e-6", "--phase", "1=1e-3"]
        times = {
            "--version": _time("--version", repeats=repeats + 1),
            "new": _time("new", place / "new", repeats=1),
            "convert": _time("convert", one, repeats=repeats),
            "run impedance, one spectrum": _time("run", "impedance", one, repeats=repeats),
            "check, not analysed": _time("check", study, repeats=1),
            "analyse, cold": _time("analyse", study, repeats=1),
            "analyse again": _time("analyse", study, repeats=repeats),
            "check": _time("check", study, repeats=repeats),
            "show": _time("show", study, repeats=repeats),
            "show one": _time("show", study, "A200-35-4h-p1/arrhenius", repeats=repeats),
            "claims": _time("claims", study, repeats=repeats),
            "report": _time("report", study, repeats=1),
            "simulate conductivity, first": _time(*simulate, repeats=1, more=compiled),
            "simulate conductivity": _time(*simulate, repeats=repeats, more=compiled),
        }
        return {
            "benchmark": "commands",
            "seconds": times,
            "report_bytes": (study / "report" / "report.html").stat().st_size,
            "workers": len(os.sched_getaffinity(0)),
            "import_xarray": _seconds([sys.executable, "-c", "import xarray"], {})[0],
        }


def _inputs(place: Path) -> tuple[Path, Path]:
    """Write a file of one spectrum and an image of 96^3 voxels."""
    frequency = np.geomspace(1e6, 1.0, 61)
    arc = 2e4 / (1.0 + 2e4 * 3e-10 * (2j * np.pi * frequency) ** 0.88) + 1e6 / (2j * np.pi * frequency) ** 0.85
    columns = np.column_stack([frequency, arc.real, arc.imag])
    spectrum = place / "one.csv"
    np.savetxt(spectrum, columns, delimiter=",", header="frequency,impedance_real,impedance_imag", comments="")
    image = place / "image.npy"
    np.save(image, (np.random.default_rng(0).random((96, 96, 96)) < 0.6).astype(np.uint8))
    return spectrum, image


def _time(*words: object, repeats: int, more: dict[str, str] | None = None) -> dict[str, float]:
    """Return CPU and wall seconds of one verb."""
    command = [sys.executable, "-m", "closo.cli", *map(str, words)]
    times = [_seconds(command, more or {}) for _ in range(repeats)]
    cpu, wall = (min(one[k] for one in times) for k in (0, 1))
    return {"cpu": round(cpu, 2), "wall": round(wall, 2)}


def _seconds(command: list[str], more: dict[str, str]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | more)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command[2:])} left with {ended.returncode}: {ended.stderr[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def show(result: dict[str, object]) -> None:
    """Print the table."""
    seconds = result["seconds"]
    assert isinstance(seconds, dict)
    print(f"{'':32}  CPU s  wall s")
    for verb, one in seconds.items():
        print(f"{verb:32} {one['cpu']:6.2f} {one['wall']:7.2f}")
    size = int(str(result["report_bytes"])) / 1e6
    print(f"report {size:.2f} MB; importing xarray takes {result['import_xarray']:.2f} CPU s here")
