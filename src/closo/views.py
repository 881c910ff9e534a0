"""How quantities look outside the command line: text, HTML, and rows for a data frame. Every value in its shown unit."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from closo.errors import StudyError
from closo.quantity import Quantity
from closo.value import Value

Row = Mapping[str, Any]


def quantity_rows(quantities: Mapping[str, Quantity]) -> list[dict[str, Any]]:
    """Return one row per quantity: key, value, u, unit, the ends of the 95 % interval, method, why it is withheld."""
    rows = []
    for key, quantity in quantities.items():
        value = Value.of(quantity)
        low, high = value.interval() or (None, None)
        row = {"quantity": key, "value": value.value, "u": value.u, "unit": value.unit, "low": low, "high": high}
        rows.append(row | {"method": value.method, "why": value.why})
    return rows


def text_table(quantities: Mapping[str, Quantity]) -> str:
    """Return one line per quantity.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> print(text_table({"mass": Quantity("mass", uncertain(45e-6, {"balance": 1e-7}))}))
      mass  45.00 ± 0.10 mg
    """
    width = max((len(key) for key in quantities), default=0)
    return "\n".join(f"  {key:<{width}}  {Value.of(quantity)}" for key, quantity in quantities.items())


def html_table(headings: Sequence[str], rows: Iterable[Sequence[Value | str]], *, caption: str, below: str = "") -> str:
    """Return a table for a notebook; text is escaped.

    Example
    -------
    >>> html_table(["a"], [["1 < 2"]], caption="x")
    '<table><caption>x</caption><tr><th>a</th></tr><tr><td>1 &lt; 2</td></tr></table>'
    """
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    foot = f"<p>{html.escape(below)}</p>" if below else ""
    return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>{foot}"


def _cell(cell: Value | str) -> str:
    return cell._repr_html_() if isinstance(cell, Value) else html.escape(cell)


def as_frame(rows: Sequence[Row], library: str) -> Any:
    """Return rows as a data frame of 'pandas' or 'polars'; a row that lacks a column has nothing there.

    Raises
    ------
    StudyError  when the library is not installed.
    """
    try:
        module = importlib.import_module(library)
    except ImportError:
        raise StudyError(f"{library} is not installed.", hint=f"Install it with 'pip install {library}'.") from None
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return module.DataFrame({name: [row.get(name) for row in rows] for name in columns})
