"""The pieces that sections are made of, and the tables of one result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from closo.figures.labels import unit_text, value_text
from closo.quantity import Quantity
from closo.report.pictures import Picture
from closo.report.tables import Column, Table
from closo.report.wording import key_text
from closo.result import Result

_SHOWN_SOURCES = 8  # of a budget; the rest is one line


@dataclass(frozen=True)
class Budget:
    """The sources of one uncertainty: (source, u, percent of the variance)."""

    title: str
    value: str
    unit: str
    entries: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Fold:
    """Something that is closed until the reader opens it."""

    title: str
    texts: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    budgets: Sequence[Budget] = ()


@dataclass(frozen=True)
class Part:
    """A part of a section, with its own line in the table of contents."""

    anchor: str
    title: str
    texts: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    folds: Sequence[Fold] = ()


@dataclass(frozen=True)
class Section:
    """A section of the page."""

    anchor: str
    title: str
    texts: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    parts: Sequence[Part] = ()


def numbers(result: Result) -> Table:
    """Return the quantities of one result as printed."""
    rows = [
        [key_text(k), value_text(q), q.method if q.number is not None else q.why] for k, q in result.quantities.items()
    ]
    columns = [Column("quantity"), Column("value"), Column("method, or why it is withheld")]
    return Table("numbers", f"Quantities of {result.name}", columns, rows)


def budgets(result: Result, *, extra: Mapping[str, Quantity | None] | None = None) -> list[Budget]:
    """Return the budgets of the quantities that a result is about."""
    chosen = dict(extra or {})
    chosen |= {key_text(key): q for key, q in result.quantities.items() if ":" not in key and key in _BUDGETED}
    return [_budget(title, q) for title, q in chosen.items() if q is not None and q.number is not None and q.u]


_BUDGETED = (
    "activation_energy",
    "ionic_conductivity",
    "conductivity_ratio",
    "log_prefactor",
    "electronic_conductivity",
    "transference_number",
    "onset_potential",
    "interfacial_resistance",
    "critical_current_density",
    "coulombic_efficiency",
    "capacity_retention",
)


def _budget(title: str, quantity: Quantity) -> Budget:
    shown = quantity.as_json()
    total = sum(entry["u"] ** 2 for entry in shown["budget"])
    entries = [
        {"source": entry["source"], "u": entry["u"], "percent": round(100 * entry["u"] ** 2 / total, 1)}
        for entry in shown["budget"]
    ]
    rest = entries[_SHOWN_SOURCES:]
    if len(rest) > 1:
        u = sum(entry["u"] ** 2 for entry in rest) ** 0.5
        others = {"source": f"{len(rest)} more sources", "u": u, "percent": round(100 * u * u / total, 1)}
        entries = [*entries[:_SHOWN_SOURCES], others]
    return Budget(title, value_text(quantity), unit_text(shown["unit"]), entries)
