"""What a worker does for a sweep: call one function, and put what it returns into plain values."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from closo.engine.calling import Outcome
from closo.errors import DataError

__all__ = ["CALL", "RESERVED", "Outcome", "call"]

CALL = f"{__name__}:call"
RESERVED = ("state", "failure", "attempts", "wall_time")  # columns of every table of results


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let compiled loops use one thread: the last digit of a sum depends on their number, a table must not."""
    if importlib.util.find_spec("numba") is None:  # nothing is compiled then
        yield
        return
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def call(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of 'module:function' as plain values.

    Raises
    ------
    DataError  when it returns what cannot stand in a table.
    """
    module, _, name = path.partition(":")
    function = getattr(importlib.import_module(module), name)
    with _one_thread():
        result = function(**arguments)
    if not isinstance(result, Mapping):
        raise DataError(f"The function returned a {type(result).__name__}, not a dict of numbers.")
    plain = {}
    for name, value in result.items():
        if name in RESERVED or name in arguments:
            taken = "an argument" if name in arguments else "a column of every table"
            raise DataError(f"The function returned '{name}', which is the name of {taken}.")
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            value = value.item()
        if not (value is None or isinstance(value, bool | int | float | str)) or not isinstance(name, str):
            raise DataError(f"The function returned {name!r} = a {type(value).__name__}, not a number.")
        plain[name] = value
    return plain
