"""Tables of a report: one description, written as CSV and XLSX and shown on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from closo.figures.labels import literal, number_text
from closo.figures.table import csv_text
from closo.report.workbook import Sheet, write_workbook

Cell = str | float | int | None


@dataclass(frozen=True)
class Column:
    """A column: long name, unit, and what it is, as the three header rows of the file."""

    name: str
    unit: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `name` is that of the file and the sheet."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def as_printed(table: Table) -> Table:
    """Return a table for the page: X and its u(X) become one column 'value ± u'; a method of all rows is in the title."""
    pairs = [k for k, c in enumerate(table.columns[1:], 1) if c.name == f"u({table.columns[k - 1].name})"]
    kept, title = [k for k in range(len(table.columns)) if k not in pairs], table.title
    methods = {row[-1] for row in table.rows}
    if table.columns[-1].name == "method" and len(methods) == 1 < len(table.rows):
        kept, title = kept[:-1], f"{title}: {methods.pop()}"
    rows = [[_printed(row, k) if k + 1 in pairs else row[k] for k in kept] for row in table.rows]
    return Table(table.name, title, [table.columns[k] for k in kept], rows)


def _printed(row: Sequence[Cell], k: int) -> str:
    value, u = row[k], row[k + 1]
    return number_text(value if isinstance(value, float) else None, u if isinstance(u, float) else None)


def write_csv(table: Table, folder: Path, *, digits: int = 10) -> Path:
    """Write `<name>.csv`: three header rows (long name, unit, comment), then the rows; text that a spreadsheet would
    run as a formula gets an apostrophe in front, numbers stay numbers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table.name}.csv"
    path.write_text(_as_csv(table, 3, digits), encoding="utf-8")
    return path


def write_xlsx(tables: Sequence[Table], path: Path) -> Path:
    """Write all tables into one workbook, a sheet each; text is stored as text and never as a formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_workbook([_sheet(table) for table in tables], path, head=3)
    return path


def write_table(table: Table, path: Path, *, header_rows: int = 1) -> None:
    """Write one table as .csv or .xlsx, by the ending of `path`, under its names (1) or names, units and comments (3)."""
    if path.suffix.lower() == ".xlsx":
        write_workbook([_sheet(table, header_rows)], path, head=header_rows)
        return
    path.write_text(_as_csv(table, header_rows), encoding="utf-8")


def _as_csv(table: Table, header_rows: int, digits: int = 10) -> str:
    body = [[literal(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows]
    return csv_text([*_head(table, header_rows), *body], digits=digits)


def _head(table: Table, rows: int) -> list[list[str]]:
    return [[getattr(column, part) for column in table.columns] for part in ("name", "unit", "comment")[:rows]]


def _sheet(table: Table, header_rows: int = 3) -> Sheet:
    lengths = [max([len(c.name), *(len(str(row[k])) for row in table.rows)]) for k, c in enumerate(table.columns)]
    return table.name, [min(max(length, 8), 60) for length in lengths], [*_head(table, header_rows), *table.rows]
