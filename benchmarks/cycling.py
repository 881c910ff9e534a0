"""Reading cycling files and making a table of legs or cycles: closo and its peers on the same files in one run.

Files: A, a real Na | NaxCoO2 measurement (BioLogic .mpr) with its records repeated to 1 014 244 rows, and the same as text
(.mpt); B, a real Neware .ndax of 699 677 rows. Every run is a fresh process on one thread, the tools by turns; the
median of three counts.
Times are wall and CPU seconds of the read alone, and of the read with a table; imports are not timed, but are in the CPU
seconds of the process. closo's table are the legs, found from the current; the peers' tables are their own, or, where they
have none, the shortest group-by on the counter in the file. Ratios are to the fastest peer tool that can read the file
(and makes a table); what can be written by hand for one known file is listed apart.

`efficiency` is discharge over the charge before it of the first three pairs [%]; by legs it is 86.43, 93.52, 92.86 in A.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cycling_files import CASES, FOLDER, file_of

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
REPEATS, LONGEST = 3, 300.0  # runs, seconds of wall time for one


@dataclass(frozen=True)
class Tool:
    """A tool: its virtual environment ('' is closo's own), script, further arguments, and the files it reads."""

    venv: str
    script: str
    cases: tuple[str, ...]
    arguments: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return BUILD / self.venv / "bin" / "python" if self.venv else Path(sys.executable)


CLOSO = Tool("", "closo_cycling.py", CASES)
PEERS = {
    "navani": Tool("bench-navani", "navani_cycling.py", ("mpr", "ndax")),
    # yadg reads text exports only with the full header of settings, which the made file does not have
    "yadg": Tool("bench-yadg", "yadg_cycling.py", ("mpr",)),
    "PyProBE": Tool("bench-pyprobe", "pyprobe_cycling.py", ("mpt",)),
    "batterydf": Tool("bench-bdf", "batterydf_cycling.py", ("mpt", "ndax")),
    "NewareNDA": Tool("bench-yadg", "newarenda_cycling.py", ("ndax",)),
    "fastnda + polars": Tool("bench-yadg", "fastnda_cycling.py", ("ndax",)),
}
BY_HAND = {
    "numpy + polars by hand": Tool("", "by_hand_cycling.py", ("mpr",), ("numpy",)),
    "polars by hand": Tool("", "by_hand_cycling.py", ("mpt",), ("polars",)),
    "pandas by hand": Tool("", "by_hand_cycling.py", ("mpt",), ("pandas",)),
}


def once(tool: Tool, path: Path) -> dict[str, Any]:
    """Return the figures of one fresh process, or why there are none."""
    if not tool.python.exists():
        return {"missing": f"no Python {tool.python}; `make build/peers-cycling.stamp` tells what to install"}
    command = [str(tool.python), str(HERE / "peers" / tool.script), str(path), *tool.arguments]
    one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")} | {
        "POLARS_MAX_THREADS": "1"
    }
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST, check=False, env=os.environ | one
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"unfinished after {LONGEST:.0f} s"}
    if done.returncode != 0:
        return {"missing": (done.stderr.strip().splitlines() or ["failed"])[-1][:160]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of the runs of a tool, or why there are none."""
    missing = next((run for run in runs if "missing" in run), None)
    if missing is not None:
        return missing
    timed = [key for key in runs[0] if key.endswith(("_s", "_mb"))]
    return runs[0] | {key: statistics.median(run[key] for run in runs) for key in timed}


def case(name: str) -> dict[str, Any]:
    """Return the figures of all tools on one file, and the ratios of the fastest peer to closo."""
    path = file_of(name)
    if isinstance(path, str):
        return {"file": name, "skipped": path}
    tools = {tool: how for tool, how in ({"closo": CLOSO} | PEERS | BY_HAND).items() if name in how.cases}
    runs: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
    for _ in range(REPEATS):  # by turns: what else the machine does meets all of them
        for tool, how in tools.items():
            if not any("missing" in run for run in runs[tool]):
                runs[tool].append(once(how, path))
    figures = {tool: medians(each) for tool, each in runs.items()}
    found: dict[str, Any] = {"file": name, "path": path.name, "closo": figures["closo"]}
    found |= {
        kind: {t: figures[t] for t in known if t in figures} for kind, known in (("peers", PEERS), ("by_hand", BY_HAND))
    }
    found["fastest_peer_over_closo"] = ratios(found["closo"], found["peers"])
    return found


def ratios(own: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return, for each figure, the least of the peers over closo's, and whose it is."""
    best: dict[str, Any] = {}
    for key in ("read_s", "read_cpu_s", "total_s", "total_cpu_s", "process_cpu_s", "peak_mb"):
        there = {tool: figures[key] for tool, figures in peers.items() if key in figures}
        if there and key in own:
            tool = min(there, key=lambda name: there[name])
            best[key] = {"ratio": there[tool] / own[key], "peer": tool}
    return best


def run() -> dict[str, Any]:
    """Return the figures of all cases; each is kept in build/cycling/measured.json as soon as it is known."""
    cases: list[dict[str, Any]] = []
    for name in CASES:
        cases.append(case(name))
        if "skipped" not in cases[-1]:
            (FOLDER / "measured.json").write_text(json.dumps(cases, indent=1))
    return {
        "benchmark": "cycling",
        "cases": cases,
        "versions": {"python": platform.python_version(), "machine": platform.processor(), "load": os.getloadavg()[0]},
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each tool on each file, ready for a README."""
    print(
        "| file | tool | read s (CPU) | read + table s (CPU) | process CPU s | peak MB | table rows | efficiency / % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for found in result["cases"]:
        if "skipped" in found:
            print(f"| {found['file']} | skipped: {found['skipped']} |")
            continue
        print(_row(found["file"], "closo", found["closo"]))
        for tool, figures in (found["peers"] | found["by_hand"]).items():
            print(_row(found["file"], tool, figures))
        for key, best in found["fastest_peer_over_closo"].items():
            print(f"    {key}: fastest peer ({best['peer']}) over closo {best['ratio']:.2f}")


def _row(file: str, tool: str, figures: dict[str, Any]) -> str:
    if "missing" in figures:
        return f"| {file} | {tool} | {figures['missing']} |"
    table = "- | " if "total_s" not in figures else f"{figures['total_s']:.2f} ({figures['total_cpu_s']:.2f}) | "
    efficiency = ", ".join("-" if x is None else f"{x:.2f}" for x in figures.get("efficiency", ()))
    return (
        f"| {file} | {tool} {figures['version']} | {figures['read_s']:.2f} ({figures['read_cpu_s']:.2f}) | {table}"
        f"{figures['process_cpu_s']:.1f} | {figures['peak_mb']:.0f} | {figures.get('table_rows', '-')} | {efficiency} |"
    )
