"""One option for each input of the techniques."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated

import typer

from closo.techniques.inputs import INPUTS

_FLAGS = {name: name.removeprefix("ionic_") for name in INPUTS}


def with_inputs(verb: Callable[..., int]) -> Callable[..., int]:
    """Return a verb with an option for each row of INPUTS; it gets them together as `inputs`."""

    @wraps(verb)
    def called(**options: object) -> int:
        return verb(inputs={name: options.pop(flag, None) for name, flag in _FLAGS.items()}, **options)

    signature = inspect.signature(verb, eval_str=True)
    named = inspect.Parameter.KEYWORD_ONLY
    own = []
    for name, flag in _FLAGS.items():
        what, example = INPUTS[name]
        option = Annotated[str | None, typer.Option(help=f"{what}, e.g. '{example}'.")]
        own.append(inspect.Parameter(flag, named, default=None, annotation=option))
    listed = list(signature.parameters.values())
    place = [parameter.name for parameter in listed].index("inputs")
    called.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*listed[:place], *own, *listed[place + 1 :]]
    )
    return called
