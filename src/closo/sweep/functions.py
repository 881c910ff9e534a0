"""What can be swept by name: one visible table. Nothing else is imported because a file says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.models.simulation import GEOMETRIES


@dataclass(frozen=True)
class Parameter:
    """A parameter: its type, what it means, its value where none is given (None: it must be), and the words allowed."""

    kind: type
    meaning: str
    default: Any = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SweepFunction:
    """A function that can be swept by name; `path` is 'module:function', imported when a task is computed."""

    name: str
    path: str
    description: str
    parameters: Mapping[str, Parameter]


SWEEPS: dict[str, SweepFunction] = {
    row.name: row
    for row in (
        SweepFunction(
            "conductivity",
            "closo.sweep.conductivity:conductivity",
            "Effective conductivity of particles with a conducting shell in a matrix, in units of the matrix's.",
            {
                "filler_fraction": Parameter(float, "volume fraction of the particles"),
                "shell_ratio": Parameter(float, "thickness of the shell / diameter of the particles"),
                "contrast": Parameter(float, "conductivity of the shell / that of the matrix"),
                "geometry": Parameter(str, "how the particles lie", "overlapping", GEOMETRIES),
                "seed": Parameter(int, "number of the random arrangement", 0),
                "box": Parameter(float, "edge of the periodic box / diameter of the particles", 6.0),
                "cells": Parameter(int, "cells of the solver along the edge of the box", 48),
                "subvoxels": Parameter(int, "samples of the image along the edge of a cell, 1 or a multiple of 4", 4),
            },
        ),
    )
}


def importable(function: str) -> str:
    """Return the path 'module:function' of a name in `SWEEPS`, or of a path itself; nothing is imported.

    Raises
    ------
    StudyError  when it is neither.

    Example
    -------
    >>> importable("conductivity"), importable("math:hypot")
    ('closo.sweep.conductivity:conductivity', 'math:hypot')
    """
    if function in SWEEPS:
        return SWEEPS[function].path
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", function):
        raise StudyError(f"'{function}' is not a function that can be swept.", hint=did_you_mean(function, SWEEPS))
    return function


def checked_arguments(function: SweepFunction, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments of a function in `SWEEPS`, in its order and of its types.

    Raises
    ------
    StudyError  for an unknown or missing parameter, or a value of another type.

    Example
    -------
    >>> given = {"filler_fraction": 0.2, "shell_ratio": 0.125, "contrast": 100}
    >>> checked_arguments(SWEEPS["conductivity"], given)
    {'filler_fraction': 0.2, 'shell_ratio': 0.125, 'contrast': 100.0, 'geometry': 'overlapping', 'seed': 0,
     'box': 6.0, 'cells': 48, 'subvoxels': 4}
    """
    for name in arguments:
        if name not in function.parameters:
            raise StudyError(
                f"'{name}' is not a parameter of {function.name}.", hint=did_you_mean(name, function.parameters)
            )
    full = {}
    for name, parameter in function.parameters.items():
        value = arguments.get(name, parameter.default)
        if value is None:
            raise StudyError(
                f"{function.name} needs '{name}': {parameter.meaning}.",
                hint="Add it to the grid or to the fixed values.",
            )
        if parameter.kind is float and type(value) is int:
            value = float(value)
        if type(value) is not parameter.kind:
            raise StudyError(
                f"{function.name}: '{name}' is {value!r}; {parameter.meaning} is of type {parameter.kind.__name__}."
            )
        if parameter.choices and value not in parameter.choices:
            raise StudyError(
                f"{function.name}: '{name}' is '{value}'.", hint=did_you_mean(str(value), parameter.choices)
            )
        full[name] = value
    return full
