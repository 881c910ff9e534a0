"""What a worker does: call one function once; whatever it raises becomes a reason."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import ClosoError

_LONGEST_REASON = 2000  # characters


@dataclass(frozen=True)
class Outcome:
    """What came of one try.

    `failure` is the reason where there is no result. `final`: another try would end the same way.
    """

    key: str
    result: Any = None
    failure: str | None = None
    final: bool = False
    wall_time: float = math.nan  # [s]


def attempt(key: str, path: str, arguments: Mapping[str, Any]) -> Outcome:
    """Call 'module:function' with `arguments`; whatever it raises becomes the reason of the failure.

    Example
    -------
    >>> attempt("k", "math:hypot", {"a": 3}).failure
    'TypeError: math.hypot() takes no keyword arguments'
    """
    begun = time.perf_counter()
    module, _, name = path.partition(":")
    final = False
    try:
        result = getattr(importlib.import_module(module), name)(**arguments)
    except ClosoError as error:
        failure, final = str(error), True
    except (Exception, SystemExit) as error:  # noqa: BLE001  the reason goes back to the one who asked
        failure = f"{type(error).__name__}: {error}".removesuffix(": ")
    else:
        return Outcome(key, result=result, wall_time=time.perf_counter() - begun)
    return Outcome(key, failure=failure[:_LONGEST_REASON], final=final, wall_time=time.perf_counter() - begun)
