"""Options that go together: a verb gets one of them for each field of a record, and all of them as that record."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import field, fields, make_dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from closo.techniques.inputs import INPUTS

_FLAGS = {name: name.removeprefix("ionic_") for name in INPUTS}

Inputs = make_dataclass(
    "Inputs",
    [
        (
            flag,
            Annotated[str | None, typer.Option(help=f"{INPUTS[name][0]}, e.g. '{INPUTS[name][1]}'.")],
            field(default=None),
        )
        for name, flag in _FLAGS.items()
    ],
)
"""An option for each input of the techniques."""


def given(inputs: Any) -> dict[str, str | None]:
    """Return the name of each input -> what its option says."""
    return {name: getattr(inputs, flag) for name, flag in _FLAGS.items()}


def with_options(groups: Mapping[str, type]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return what gives a verb the options of some records, each in the place of the argument that takes it."""

    def decorate(verb: Callable[..., int]) -> Callable[..., int]:
        @wraps(verb)
        def called(**options: Any) -> int:
            records = {
                name: record(**{f.name: options.pop(f.name) for f in fields(record)}) for name, record in groups.items()
            }
            return verb(**records, **options)

        signature = inspect.signature(verb, eval_str=True)
        parameters = []
        for name, parameter in signature.parameters.items():
            inside = (
                inspect.signature(groups[name], eval_str=True).parameters.values() if name in groups else [parameter]
            )
            parameters += [p if p is parameter else p.replace(kind=p.KEYWORD_ONLY) for p in inside]
        called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return called

    return decorate
