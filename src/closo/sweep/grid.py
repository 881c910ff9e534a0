"""The grid file: which function over which values, as TOML.

function = "conductivity"

[grid]                                # every combination is computed
filler_fraction = [0.1, 0.2, 0.3]
seed = [0, 1, 2, 3]

[fixed]                               # the same everywhere
shell_ratio = 0.25
contrast = 100.0
"""

from __future__ import annotations

from pathlib import Path

from closo.errors import StudyError, did_you_mean
from closo.sweep.functions import SWEEPS
from closo.sweep.tasks import Task, plan
from closo.toml import read_toml

_KEYS = ("function", "grid", "fixed")


def read_grid(path: Path) -> list[Task]:
    """Return the tasks of a grid file.

    Raises
    ------
    StudyError  when the file is missing or no TOML, or names something unknown; only functions in `SWEEPS` are known.
    """
    content = read_toml(path)
    for key in content:
        if key not in _KEYS:
            raise StudyError(f"'{key}' is not a part of a grid file.", file=path, hint=did_you_mean(key, _KEYS))
    function = content.get("function")
    if not isinstance(function, str):
        raise StudyError(
            "the file does not say which function.", file=path, hint=f'Add: function = "{next(iter(SWEEPS))}".'
        )
    if function not in SWEEPS:
        raise StudyError(
            f"'{function}' is not a function that can be swept.",
            file=path,
            where="function",
            hint=did_you_mean(function, SWEEPS),
        )
    grid, fixed = content.get("grid", {}), content.get("fixed", {})
    for name, table in (("grid", grid), ("fixed", fixed)):
        if not isinstance(table, dict):
            raise StudyError(f"'{name}' is not a table.", file=path, hint=f"Write [{name}] and its values below.")
    try:
        return plan(function, grid, fixed=fixed)
    except StudyError as error:
        raise StudyError(error.message, file=path, where=error.where, hint=error.hint) from None
