"""A result as the pages show it: plain values, in words and numbers that closo prints everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from closo import pipeline
from closo.errors import ClosoError, StudyError
from closo.figures import FigureSpec, to_plotly
from closo.figures.labels import value_text
from closo.figures.table import to_rows
from closo.quantity import Quantity
from closo.report.wording import celsius, key_text
from closo.result import Result
from closo.techniques.inputs import INPUTS

KINDS = ("svg", "png", "pdf", "csv")  # of the files of a figure
_ROWS = 60  # of the numbers behind a figure, on the page; the CSV has all
_SOURCES = 12


def brief(result: Result) -> dict[str, Any]:
    """Return the line of a result in a list: its main quantities, and what its checks say."""
    keys = [key for key in pipeline.main_quantities(result) if result.quantities[key].value is not None]
    keys = keys or pipeline.main_quantities(result)
    shown = [quantity_page(key, result.quantities[key]) for key in keys[:2]]
    line = {"technique": result.technique, "name": result.name, "temperature": celsius(result)}
    return line | {"main": shown, "checks": checks_of(result)}


def checks_of(result: Result) -> dict[str, Any]:
    """Return the checks, the failed ones first, and their tally."""
    order = ("failed", "undecided", "passed")
    listed = sorted(result.checks, key=lambda check: order.index(check.outcome))
    rows = [{"name": c.name, "outcome": c.outcome, "detail": c.detail} for c in listed]
    return {"rows": rows} | {word: sum(row["outcome"] == word for row in rows) for word in order}


def quantity_page(key: str, quantity: Quantity) -> dict[str, Any]:
    """Return a quantity as `--json` prints it, with its text and the shares of its budget."""
    shown = quantity.as_json()
    total = sum(entry["u"] ** 2 for entry in shown["budget"])
    budget = [e | {"share": e["u"] ** 2 / total if total else 0.0} for e in shown["budget"][:_SOURCES]]
    text = {"key": key, "label": key_text(key), "text": value_text(quantity), "budget": budget}
    return {**shown, **text, "why": quantity.why or ("not determined" if quantity.value is None else "")}


def full(result: Result) -> dict[str, Any]:
    """Return everything about a result but its figure: what `--json` prints, with the words of the page."""
    keys = pipeline.main_quantities(result)
    keys = [*keys, *(key for key in result.quantities if key not in keys)]
    shown = result.as_json() | brief(result)
    head = next((key for key in keys if result.quantities[key].value is not None), keys[0] if keys else "")
    quantities = [quantity_page(key, result.quantities[key]) for key in keys]
    return shown | {"headline": head, "quantities": quantities}


def figure_of(result: Result) -> FigureSpec | None:
    """Return the figure of a result, None where it has none."""
    try:
        return pipeline.figure(result)
    except ClosoError:
        return None


def files_of(key: str) -> dict[str, str]:
    """Return the addresses of the figure of a result, and of its numbers."""
    return saved_as("figure", {"key": key})


def saved_as(what: str, query: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a figure that its address describes, and of its numbers."""
    asked = "&".join(f"{name}={quoted(text)}" for name, text in query.items() if text)
    return {kind: f"/download/{what}.{kind}?{asked}" for kind in KINDS}


def inputs_page(names: Iterable[str], given: Mapping[str, str]) -> list[dict[str, str]]:
    """Return fields for inputs of techniques, with what is in them and an example."""
    return [{"name": name, "value": given.get(name, ""), "example": INPUTS[name][1]} for name in names]


def number_of(text: str, label: str, least: float = -1e9, most: float = 1e9) -> float:
    """Return the number that a user wrote, with a point or a comma.

    Raises
    ------
    StudyError  when it is none, or outside of its limits.
    """
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise StudyError(f"{label}: '{text[:40]}' is not a number from {least:g} to {most:g}.")
    return value


def quoted(key: str) -> str:
    """Return a key as it stands in an address.

    Example
    -------
    >>> quoted("pellet1/impedance/a b.par#3")
    'pellet1%2Fimpedance%2Fa%20b.par%233'
    """
    return quote(key, safe="")


def figure_page(spec: FigureSpec | None, files: Mapping[str, str]) -> dict[str, Any] | None:
    """Return a figure for the page: what plotly.js draws, its first numbers as a table, and the addresses of its files."""
    if spec is None:
        return None
    head, body = to_rows(spec)
    rows = [["" if v is None else f"{v:.5g}" for v in row] for row in body[:_ROWS]]
    table = {"head": head, "rows": rows, "total": len(body)}
    return to_plotly(spec) | {"table": table, "files": dict(files)}


def change(old: Result, new: Result) -> list[dict[str, Any]]:
    """Return what a re-run has changed: old and new value with u, and the change in units of the old u."""
    keys = [key for key in pipeline.main_quantities(new) if key != "temperature"]
    keys += [key for key in new.quantities if ":" in key and key not in keys]
    rows = []
    for key in keys:
        before, after = old.quantities.get(key), new.quantities[key]
        if after.value is None and (before is None or before.value is None):
            continue
        u = before.u if before is not None and before.value is not None else None
        moved = None
        if u and before is not None and before.value is not None and after.value is not None:
            moved = (after.value - before.value) / u
        texts = {"old": value_text(before), "new": value_text(after)}
        rows.append({"key": key, "label": key_text(key), "moved": moved, **texts})
    return rows
