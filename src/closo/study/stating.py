"""What the tables of study.toml state, as quantities that say so: nothing of it was measured here."""

from __future__ import annotations

from functools import partial

from closo.nomenclature import NAMES
from closo.quantity import Quantity
from closo.study.fields import Table
from closo.toml import Range, split_number


def stated(table: Table) -> dict[str, Quantity]:
    """Return what a table states, as '<name of the nomenclature>:<field of study.toml>' -> quantity.

    The method quotes the text. Where it gives an uncertainty (±) the basis is 'stated'; where it gives only digits or a
    range, of which every value is as likely as the next, 'digits'.

    Parameters
    ----------
    table : a cell, press, specimen, material, ... of a study.
    """
    quantities: dict[str, Quantity] = {}
    for field, kind in _kinds(table).items():
        number = getattr(table, field)
        if isinstance(number, Quantity):  # a fraction, by volume or by mass
            kind, number = number.name, number.number
        if number is None or kind not in NAMES:
            continue
        text = table.written(field) or ""
        pieces = split_number(text)
        given = not isinstance(number, Range) and pieces is not None and pieces[1] is not None
        value = number.number if isinstance(number, Range) else number
        basis = "stated" if given else "digits"
        quantities[f"{kind}:{field}"] = Quantity(kind, value, f'{field} = "{text}" of study.toml', basis=basis)
    return quantities


def _kinds(table: Table) -> dict[str, str]:
    """Return field -> name of the nomenclature, of the fields that hold a number with a unit."""
    kinds: dict[str, str] = {}
    for field, info in type(table).model_fields.items():
        for entry in info.metadata:
            reader = getattr(entry, "func", None)
            if isinstance(reader, partial) and "quantity" in reader.keywords:
                kinds[field] = str(reader.keywords["quantity"])
    return kinds
