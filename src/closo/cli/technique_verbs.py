"""The verb that says what can be asked: techniques."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.options import Json
from closo.cli.output import show_lines, show_table, write_json

if TYPE_CHECKING:
    from closo.techniques import Technique


def complete(incomplete: str) -> list[str]:
    """Return the techniques that begin so, for the shell's completion."""
    from closo.techniques import TECHNIQUES

    return [row.name for row in TECHNIQUES if row.name.startswith(incomplete)]


def techniques(
    name: Annotated[
        str | None, typer.Argument(help="A technique, e.g. impedance; all without it.", autocompletion=complete)
    ] = None,
    *,
    as_json: Json = False,
) -> int:
    """List the techniques of `closo run`; of one, its inputs and settings with units and defaults."""
    from closo.techniques import TECHNIQUES, get

    chosen = TECHNIQUES if name is None else (get(name),)
    if as_json:
        write_json([_described(row) for row in chosen])
    elif name is None:
        show_table(
            ["technique", "what it is", "takes", "needs"],
            [[row.name, row.title, " or ".join(row.kinds), ", ".join(row.needs)] for row in chosen],
        )
        show_lines(["", "`closo techniques NAME` shows the inputs and settings of one."])
    else:
        _show(_described(chosen[0]))
    return 0


def _described(row: Technique) -> dict[str, Any]:
    from closo.nomenclature import look_up

    defaults = row.defaults()
    options = {"ionic_conductivity": "conductivity"}  # `closo run` names it shorter
    return {
        "name": row.name,
        "title": row.title,
        "takes": list(row.kinds),
        "needs": list(row.needs),
        "also_uses": list(row.also),
        "inputs": [
            {
                "name": one,
                "option": f"--{options.get(one, one).replace('_', '-')}",
                "unit": look_up(one).shown,
                "meaning": look_up(one).meaning,
            }
            for one in row.inputs
        ],
        "settings": [
            {
                "name": key,
                "type": {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(
                    kind, kind.__name__
                ),
                "default": defaults[key],
                "choices": list(row.choices.get(key, ())),
                "meaning": meaning,
            }
            for key, (kind, meaning) in row.settings.items()
        ],
    }


def _show(row: dict[str, Any]) -> None:
    also = f"; also uses {', '.join(row['also_uses'])} if present" if row["also_uses"] else ""
    show_lines([f"{row['name']}: {row['title']}", f"Needs {', '.join(row['needs'])}{also}.", ""])
    show_table(["option", "unit", "meaning"], [[one["option"], one["unit"], one["meaning"]] for one in row["inputs"]])
    show_lines([""])
    show_table(
        ["--set", "type", "default", "meaning"],
        [[one["name"], one["type"], _default(one["default"]), one["meaning"]] for one in row["settings"]],
    )
    show_lines(["", f"Example: closo run {row['name']} FILE --set {row['settings'][0]['name']}=..."])


def _default(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


VERBS = (techniques,)
