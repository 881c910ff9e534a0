"""Run a benchmark: `python -m benchmarks NAME [--json]`. The last line is one JSON object.

Some are run only where they are named, as they take ten minutes or more: `stress` takes --seeds, --only and --workers,
`interphase`, `outside`, `milling` and `limits` --seeds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys

NAMES = ("commands", "impedance", "transport", "grids", "cycling", "maps")
NAMED_ONLY = ("stress", "interphase", "outside", "milling", "limits")


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, or all; print a table, then one JSON line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="no tables")
    parser.add_argument("--seeds", type=int, help="spectra of each scenario, series of each kind")
    parser.add_argument("--only", help="stress: part of the name of the scenarios")
    parser.add_argument("--workers", type=int, help="stress: processes")
    given = parser.parse_args(arguments)
    names = given.names or list(NAMES)
    unknown = [name for name in names if name not in NAMES + NAMED_ONLY]
    if unknown:
        known = ", ".join(NAMES + NAMED_ONLY)
        print(f"No benchmark is called {', '.join(unknown)}. There are: {known}.", file=sys.stderr)
        return 2
    options = {key: value for key in ("seeds", "only", "workers") if (value := getattr(given, key)) is not None}
    for name in names:
        result = importlib.import_module(f"benchmarks.{name}").run(**(options if name in NAMED_ONLY else {}))
        if not given.json:
            importlib.import_module(f"benchmarks.{name}").show(result)
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one thread each, so that CPU seconds compare
        if os.environ.get(f"{library}_NUM_THREADS") != "1":
            os.environ[f"{library}_NUM_THREADS"] = "1"
    sys.exit(main(sys.argv[1:]))
