"""Run a benchmark: `python -m benchmarks NAME [--json]`. The last line is one JSON object."""

from __future__ import annotations

import importlib
import json
import os
import sys

NAMES = ("impedance", "transport", "grids", "interphase", "cycling")


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, or all; print a table, then one JSON line each."""
    names = [a for a in arguments if not a.startswith("-")] or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    for name in names:
        result = importlib.import_module(f"benchmarks.{name}").run()
        if "--json" not in arguments:
            importlib.import_module(f"benchmarks.{name}").show(result)
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one thread each, so that CPU seconds compare
        if os.environ.get(f"{library}_NUM_THREADS") != "1":
            os.environ[f"{library}_NUM_THREADS"] = "1"
    sys.exit(main(sys.argv[1:]))
