"""Functions to be swept: quick ones, wrong ones and deadly ones. Each call leaves lines in the file `calls`."""

import math
import os
import time
from pathlib import Path

from closo.errors import DataError


def note(calls: str, *words: object) -> None:
    """Append one line; O_APPEND keeps lines of several processes whole."""
    with Path(calls).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def square(x, calls=None, delay=0.0):
    """Return x squared."""
    if calls:
        note(calls, x, os.getpid(), time.time())
    time.sleep(delay)
    return {"squared": x * x}


def moody(x, mood, calls):
    """Fail in the way of `mood` where x is 3."""
    note(calls, x, os.getpid(), time.time())
    if x == 3 and mood == "broken":
        raise ZeroDivisionError("nobody saw this coming")
    if x == 3 and mood == "sad":
        raise DataError("the data are sad.", hint="Cheer them up.")
    if x == 3 and mood == "deadly":
        os._exit(7)
    if x == 3 and mood == "leaving":
        raise SystemExit(1)
    if x == 3 and mood == "once" and len([n for n in Path(calls).read_text().splitlines() if n[:2] == "3 "]) == 1:
        os._exit(7)
    return {"squared": x * x}


def odd_numbers(x):
    """Return what plain JSON does not know."""
    return {"a": math.nan, "b": math.inf, "c": -math.inf, "d": None, "e": 0.1 + 0.2, "f": True}


def wrong_results(x):
    """Return what cannot stand in a table."""
    return {"list": {"y": [1, 2]}, "argument": {"x": 1}, "column": {"state": 1}, "number": 3}[x]


def tiny_solve(seed, contrast, calls):
    """Return the effective conductivity of a random image of 8 x 8 x 8 voxels."""
    import numpy as np

    from closo.models.transport import solve

    note(calls, seed, os.getpid(), time.time())
    labels = np.random.default_rng(seed).integers(0, 3, (8, 8, 8)).astype(np.uint8)
    found = solve(labels, {0: 0.0, 1: 1.0, 2: contrast})
    return {"effective_conductivity": found.effective_conductivity, "lower": found.lower, "upper": found.upper}


def talk(x):
    """Print what would disturb --json."""
    print("hello", flush=True)  # noqa: T201
    os.write(1, b"hello\n")
    return {"y": x}
