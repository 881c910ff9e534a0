"""A function per technique that takes arrays: `closo.impedance(frequency, impedance, area="0.785 cm2")`.

Each is made from the technique's row and the signature of its `analyse`: the columns of the measurement, then the properties
of the specimen, then the settings. `help(closo.impedance)` shows them all.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from closo.dataset import KINDS, Dataset, new, to_bytes
from closo.errors import StudyError
from closo.notebook import as_number
from closo.pipeline import Job, compute, outcome_of
from closo.quantity import Quantity
from closo.result import Result
from closo.techniques import Technique, get


@cache
def function_of(technique: str) -> Callable[..., Result]:
    """Return the function that analyses arrays by a technique.

    Example
    -------
    >>> list(inspect.signature(function_of("impedance")).parameters)[:5]
    ['frequency', 'impedance', 'impedance_u', 'area', 'thickness']
    """
    row = get(technique)
    columns = _columns(row)
    signature = _signature(row, columns)

    def analyse(*arguments: Any, **keywords: Any) -> Result:
        bound = signature.bind(*arguments, **keywords)
        given = {name: value for name, value in bound.arguments.items() if value is not None}
        name = given.pop("name", None)
        data = _measurement(row, {k: given.pop(k) for k in columns if _is_column(given.get(k), k, row)}, name)
        return _analyse(row, data, given)

    analyse.__name__ = analyse.__qualname__ = technique
    analyse.__signature__ = signature  # type: ignore[attr-defined]
    analyse.__doc__ = _docstring(row, columns)
    analyse.__module__ = "closo"
    return analyse


def _columns(row: Technique) -> list[str]:
    """Return the variables that the function takes, those that are always needed first."""
    either = [name for group in KINDS[row.kinds[0]].needs for name in group]
    return list(dict.fromkeys([*row.needs, *either, *row.also]))


def _signature(row: Technique, columns: list[str]) -> inspect.Signature:
    """Return the arguments: needed columns by place, all else by name."""
    defaults = row.defaults()
    only = [name for name in (*columns, *row.inputs, *row.settings, "name") if name not in row.needs]
    named = {
        name: defaults[name] if name in row.settings and name not in columns else None for name in only
    }  # a name may be a column, a property and a setting; it is one argument
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in row.needs]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters += [inspect.Parameter(name, keyword, default=default) for name, default in named.items()]
    return inspect.Signature(parameters)


def _is_column(value: object, name: str, row: Technique) -> bool:
    """Return whether an argument is a column: a name may also be that of a property or setting, which is one number."""
    return value is not None and (name not in (*row.inputs, *row.settings) or np.ndim(value) > 0)  # type: ignore[arg-type]


def _kind(row: Technique, arrays: Mapping[str, np.ndarray]) -> str:
    """Return the kind of measurement of a technique that has as many dimensions as the arrays, and their columns."""
    depth = max((array.ndim for array in arrays.values()), default=1)
    if len(KINDS[row.kinds[0]].dims) == depth:
        return row.kinds[0]
    alike = [kind for kind in row.kinds if len(KINDS[kind].dims) == depth]
    whole = [kind for kind in alike if all(any(n in arrays for n in group) for group in KINDS[kind].needs)]
    return (whole or alike or row.kinds)[0]


def _measurement(row: Technique, columns: Mapping[str, Any], name: str | None) -> Dataset:
    """Return the arrays as a measurement; without a name they are called by their content, so that others differ."""
    arrays = {key: np.asarray(values) for key, values in columns.items()}
    data = new(_kind(row, arrays), arrays, source=name or "arrays", title=row.title)
    if name is None:
        data.attrs["source"] = f"arrays {hashlib.sha256(to_bytes(data)).hexdigest()[:6]}"
    return data


def _analyse(row: Technique, data: Dataset, given: Mapping[str, Any]) -> Result:
    """Return the result, stamped as one of a file is."""
    source = str(data.attrs["source"])
    inputs = {
        name: Quantity(name, as_number(value, name, source)).as_stored()
        for name, value in given.items()
        if name in row.inputs
    }
    settings = {name: value for name, value in given.items() if name in row.settings}
    for name, value in settings.items():
        wrong = row.wrong_choice(name, value)
        if wrong is not None:
            raise StudyError(wrong)
    row.check_settings(settings)
    job = Job(
        key=f"{source}#1",
        path=source,
        sha256=hashlib.sha256(to_bytes(data)).hexdigest(),
        file=source,
        source=source,
        part=1,
        technique=row.name,
        inputs=inputs,
        settings=settings,
    )
    outcome = outcome_of(job, compute(job, data))
    if outcome.result is None:
        assert outcome.error is not None
        raise outcome.error
    return outcome.result


def _docstring(row: Technique, columns: list[str]) -> str:
    """Return what `help()` shows: what it does, its arguments with units, and what is withheld when."""
    from closo.nomenclature import look_up

    def line(name: str) -> str:
        unit = look_up(name.removesuffix("_u")).si
        what = "standard uncertainty of the " * name.endswith("_u") + look_up(name.removesuffix("_u")).meaning
        also = f" Or {row.settings[name][1]}." if name in row.settings else ""
        also = " Or one temperature of the whole, as text." if name in row.inputs else also
        return f"    {what}{f' [{unit}]' * (unit != '1')}.{also}"

    parts = [f"{row.title}: analyse arrays.", "", "Parameters", "----------"]
    for name in columns:
        parts += [f"{name} : array" + ("" if name in row.needs else ", optional"), line(name)]
    for name in row.inputs:
        if name not in columns:
            parts += [
                f"{name} : str, Value or number in SI, optional",
                f"    {look_up(name).meaning}, e.g. '{_example(name)}'.",
            ]
    for name, (kind, meaning) in row.settings.items():
        if name not in columns:
            parts += [f"{name} : {kind.__name__}, optional", f"    {meaning}."]
    parts += [
        "name : str, optional",
        "    What the measurement is called in sources of uncertainty; made from its content when absent.",
    ]
    parts += ["", "Returns", "-------", "Result", "    `result['...']` is a `Value`; `result.plot()` draws it.", ""]
    parts += ["Raises", "------", "DataError", "    When the data cannot give the result.", "StudyError"]
    parts += ["    When an argument is wrong.", "", "Notes", "-----"]
    return "\n".join([*parts, *inspect.cleandoc(importlib.import_module(row.module).__doc__ or "").splitlines()])


def _example(name: str) -> str:
    from closo.nomenclature import look_up

    return {"area": "0.785 ± 0.005 cm2", "thickness": "310 ± 5 um", "temperature": "30 ± 0.5 degC"}.get(
        name, f"1.0 ± 0.1 {look_up(name).shown}"
    )
