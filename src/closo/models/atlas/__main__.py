"""Make the table of the atlas: python -m closo.models.atlas --make [--processes N] [--to FILE]."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the command line; return the exit code."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # before anything is imported that counts the cores
    parser = argparse.ArgumentParser(prog="python -m closo.models.atlas", description="Make the table of the atlas.")
    parser.add_argument("--make", action="store_true", required=True, help="solve everything and write the table")
    parser.add_argument("--processes", type=int, default=1, help="worked on at once")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "atlas.npz", help="file to write")
    asked = parser.parse_args()
    from closo.models.atlas.making import make

    def say(text: str) -> None:
        sys.stderr.write(f"\r{text}")

    make(asked.to, processes=asked.processes, say=say)
    sys.stderr.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
