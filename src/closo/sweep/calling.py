"""What a worker does: call one function once, and put what came of it into plain values."""

from __future__ import annotations

import importlib
import importlib.util
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from closo.errors import ClosoError

__all__ = ["RESERVED", "Outcome", "attempt"]

RESERVED = ("state", "failure", "attempts", "wall_time")  # columns of every table of results
_LONGEST_REASON = 2000  # characters


@dataclass(frozen=True)
class Outcome:
    """What came of one try.

    `failure` is the reason where there is no result. `final`: another try would end the same way.
    """

    key: str
    result: dict[str, Any] | None = None
    failure: str | None = None
    final: bool = False
    wall_time: float = math.nan  # [s]


class _TaskFailure(Exception):
    """The function failed; `final` when it said so on purpose, so that another try is in vain."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason[:_LONGEST_REASON]
        self.final = final


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


def attempt(key: str, path: str, arguments: Mapping[str, Any]) -> Outcome:
    """Call 'module:function' with `arguments`; whatever it raises becomes the reason of the failure.

    Example
    -------
    >>> attempt("k", "math:hypot", {"a": 3}).failure
    'TypeError: math.hypot() takes no keyword arguments'
    """
    begun = time.perf_counter()
    try:
        result = _call(path, arguments)
    except _TaskFailure as failure:
        wall_time = time.perf_counter() - begun
        return Outcome(key, failure=failure.reason, final=failure.final, wall_time=wall_time)
    return Outcome(key, result=result, wall_time=time.perf_counter() - begun)


def _call(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of the function as plain values."""
    module, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        with _one_thread():
            return _plain_result(function(**arguments), arguments)
    except _TaskFailure:
        raise
    except ClosoError as error:
        raise _TaskFailure(str(error), final=True) from None
    except (Exception, SystemExit) as error:
        raise _TaskFailure(f"{type(error).__name__}: {error}".removesuffix(": "), final=False) from error


def _plain_result(result: object, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as plain values, or say what cannot stand in a table."""
    if not isinstance(result, Mapping):
        raise _TaskFailure(f"The function returned a {type(result).__name__}, not a dict of numbers.", final=True)
    plain = {}
    for name, value in result.items():
        if name in RESERVED or name in arguments:
            taken = "an argument" if name in arguments else "a column of every table"
            raise _TaskFailure(f"The function returned '{name}', which is the name of {taken}.", final=True)
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            value = value.item()
        if not (value is None or isinstance(value, bool | int | float | str)) or not isinstance(name, str):
            raise _TaskFailure(f"The function returned {name!r} = a {type(value).__name__}, not a number.", final=True)
        plain[name] = value
    return plain
