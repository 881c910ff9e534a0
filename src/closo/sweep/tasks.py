"""Tasks: one call of a function each, with a key that says exactly what is computed."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from closo import __version__
from closo.errors import StudyError
from closo.sweep.calling import RESERVED
from closo.sweep.functions import SWEEPS, checked_arguments, importable

MAXIMUM_TASKS = 1_000_000


@dataclass(frozen=True)
class Task:
    """One call of a function."""

    key: str  # sha256 of function, arguments and the version of closo
    function: str  # name in `SWEEPS`, or 'module:function'
    arguments: Mapping[str, Any]  # keyword arguments, plain JSON values


def plan(function: str, grid: Mapping[str, Sequence[Any]], *, fixed: Mapping[str, Any] | None = None) -> list[Task]:
    """Return one task per point of a grid, the last parameter running fastest.

    Parameters
    ----------
    function : name in `SWEEPS`, or 'module:function' of a function at the top level of a module. It takes keyword
        arguments that are plain JSON values and returns a dict of numbers (or text, or None).
    grid : parameter -> its values; every combination is a task, equal ones once.
    fixed : parameter -> its one value.

    Raises
    ------
    StudyError  when the function or a parameter is unknown, a value is of the wrong type, or a list is empty.

    Example
    -------
    >>> [task.arguments for task in plan("math:hypot", {"a": [1, 2], "b": [3]})]
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    fixed = dict(fixed or {})
    importable(function)
    for name, values in grid.items():
        if name in fixed:
            raise StudyError(f"The parameter '{name}' is in the grid and fixed.", hint="Give it once.")
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            raise StudyError(f"The grid's '{name}' is {values!r}.", hint=f"A list is needed: {name} = [{values!r}].")
        if not values:
            raise StudyError(f"The grid's '{name}' has no values.", hint="Give at least one.")
    taken = [name for name in (*grid, *fixed) if name in RESERVED]
    if taken:
        raise StudyError(
            f"'{taken[0]}' is a column of every table of results.", hint="Give the parameter another name."
        )
    number = math.prod(len(values) for values in grid.values())
    if number > MAXIMUM_TASKS:
        raise StudyError(f"The grid has {number} points; at most {MAXIMUM_TASKS} are swept.", hint="Divide it.")
    tasks: dict[str, Task] = {}
    for point in itertools.product(*grid.values()):
        arguments = fixed | dict(zip(grid, point, strict=True))
        if function in SWEEPS:
            arguments = checked_arguments(SWEEPS[function], arguments)
        key = key_of(function, arguments)
        tasks.setdefault(key, Task(key, function, arguments))
    return list(tasks.values())


def key_of(function: str, arguments: Mapping[str, Any], version: str = __version__) -> str:
    """Return the key of a task: the order of the arguments does not matter.

    Example
    -------
    >>> key_of("f", {"a": 1, "b": 2}) == key_of("f", {"b": 2, "a": 1}) != key_of("f", {"a": 1, "b": 2.5})
    True
    """
    return hashlib.sha256(to_json([function, arguments, version], sort_keys=True).encode()).hexdigest()


def to_json(value: object, *, sort_keys: bool = False) -> str:
    """Return JSON in which nan and inf survive (as NaN and Infinity, which Python and JavaScript read).

    Raises
    ------
    StudyError  when something is not a plain JSON value.
    """
    try:
        return json.dumps(value, sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise StudyError(
            f"An argument is not a plain JSON value ({error}).", hint="Use numbers, text and lists."
        ) from None
