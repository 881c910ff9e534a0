"""Tables that name their columns: find the line of names, then read the rows below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

import numpy as np

from closo.nomenclature import look_up
from closo.readers.bulk import read_rows
from closo.readers.columns import Column, UnknownUnitError, from_header, name_of
from closo.readers.table import MAX_COLUMNS, SEPARATORS, Rows, best_separator, cells, scaled
from closo.readers.text import Text, shown

__all__ = ["Table", "find_header", "is_spectrum", "named_table"]

MAX_HEADER_LINES = 3000
_MAX_LENGTH = 5000  # of a line of names
_BUDGET = 500_000  # characters that are searched
_HINT = re.compile(r"freq|time|potential|voltage|current|\b[fteiu]\b|ewe|ecell|<i>", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table whose columns are understood.

    Attributes
    ----------
    columns : nomenclature name -> values [SI], shape (rows,).
    warnings : what was assumed or left out.
    header : line of the names, from 0.
    unused : names of the columns that were not read.
    """

    columns: dict[str, np.ndarray]
    warnings: tuple[str, ...] = ()
    header: int = 0
    unused: tuple[str, ...] = ()


def find_header(text: Text, start: int = 0) -> int | None:
    """Return the first line, from `start`, whose cells name a spectrum, or a record above rows of numbers; None without."""
    budget = _BUDGET
    for i in range(start, min(len(text.lines), start + MAX_HEADER_LINES)):
        line = text.lines[i]
        if not 2 < len(line) < _MAX_LENGTH:
            continue
        budget -= len(line)
        if budget < 0:
            break
        if _HINT.search(line) is None:
            continue
        for separator in SEPARATORS:
            names = [name_of(cell) for cell in _split(line, separator)]
            if is_spectrum(names) or (_is_record(names) and _rows_follow(text, i)):
                return i
    return None


def is_spectrum(names: Container[str | None]) -> bool:
    """Return True when the names make an impedance spectrum."""
    return "frequency" in names and (
        ("impedance_real" in names and "impedance_imag" in names) or ("impedance_modulus" in names and "phase" in names)
    )


def _is_record(names: list[str | None]) -> bool:
    """Return True for time with a signal, and for a voltammogram that has no other columns."""
    signals = {"potential", "voltage", "current"} & set(names)
    return ("time" in names and bool(signals)) or (len(signals) > 1 and None not in names)


def _split(line: str, separator: str) -> list[str]:
    """Split a line of names; blanks before a unit in brackets do not separate."""
    if separator == "\t":
        line = re.sub(r" {2,}", "\t", line.strip(" "))
    if separator == " ":
        line = re.sub(r" +([\[(])", r"\1", line)
    return cells(line, separator)


def _rows_follow(text: Text, header: int) -> bool:
    below = [line for line in text.lines[header + 1 : header + 6] if line.strip()][:2]
    return any(best_separator(line) is not None for line in below)


def named_table(
    text: Text,
    header: int,
    *,
    separator: str | None = None,
    end: int | None = None,
    units_known: bool = False,
    extra: Mapping[str, str] | None = None,
    rows_of: Callable[..., Rows] = read_rows,
) -> Table:
    """Read the table whose names stand in line `header`.

    Below the names may stand a row of units, blank lines, and up to three lines that are no numbers; then the rows, until
    line `end` or the end of the file. `units_known`: the format fixes the units that the names do not state. `extra`: exact
    name in the file -> name in the table, of columns of plain numbers that the format knows beyond the general names.
    `rows_of`: reads the rows in place of `bulk.read_rows`, with the same arguments.

    Raises
    ------
    ReadError  when a unit is unknown, no rows follow, or they do not have as many cells as the names.
    """
    end = len(text.lines) if end is None else end
    first, found_separator = _first_row(text, header, end)
    separator = separator or found_separator
    names, units, width = _names(text, header, first, separator)
    columns = _understood(text, header, names, units)
    columns += [Column(extra[n.strip()], i, unit="1") for i, n in enumerate(names) if extra and n.strip() in extra]
    columns = sorted({c.name: c for c in reversed(columns)}.values(), key=lambda c: c.index)
    rows = rows_of(text, range(first, end), separator, wanted=[c.index for c in columns], width=width)
    warnings = rows.warnings
    bare = [f"{c.name} [{look_up(c.name).si}]" for c in columns if not c.unit and c.name != "cycle"]
    if bare and not units_known:
        warnings += (f"The header states no units; taken as {', '.join(bare)}.",)
    taken = {c.index for c in columns}
    got = {c.name for c in columns}
    unused = tuple(shown(n.strip(), 30).strip("'") for i, n in enumerate(names[:200]) if n.strip() and i not in taken)
    for name in unused:
        if name_of(name) is not None and name_of(name) not in got:
            warnings += (f"The column '{name}' was left out: its unit is missing or not known.",)
    return Table(scaled(rows, columns), warnings, header, unused)


def _understood(text: Text, header: int, names: list[str], units: list[str] | None) -> list[Column]:
    """Return the columns that have a name and a unit, in the order of the file."""
    try:
        found = from_header(names, units)
    except UnknownUnitError as error:
        raise text.error(f"{error}.", "Convert it, or read it with --columns and a known unit.", line=header) from None
    if is_spectrum([name_of(n) for n in names]) and not is_spectrum(found):
        raise text.error(
            "the phase has no unit.",
            "Read it with --columns frequency,impedance_modulus,phase[deg] or [rad].",
            line=header,
        )
    return sorted(found.values(), key=lambda c: c.index)


def _first_row(text: Text, header: int, end: int) -> tuple[int, str]:
    """Return the line of the first row of numbers below the names, and its separator."""
    looked = 0
    for i in range(header + 1, end):
        if not text.lines[i].strip():
            continue
        separator = best_separator(text.lines[i])
        if separator is not None:
            return i, separator
        looked += 1
        if looked > 3:
            break
    raise text.error(
        f"no rows of numbers follow the column names {shown(text.lines[header])}.",
        "Export the measurement again; it may have been stopped before its first point.",
        line=header,
    )


def _names(text: Text, header: int, first: int, separator: str) -> tuple[list[str], list[str] | None, int]:
    """Return the names, the units (None without such a row) and the number of cells of a row."""
    row = cells(text.lines[first], separator)
    width = len(row) - (1 if not row[-1].strip() else 0)
    counts = []
    for split in (separator, *SEPARATORS):
        names = _split(text.lines[header], split)
        if len(names) > MAX_COLUMNS:
            continue
        counts.append(len(names))
        for candidate in (names, names[:-1] if not names[-1].strip() else names, [n for n in names if n.strip()]):
            if len(candidate) == width:
                return candidate, _units(text, header, first, split=split, width=width), width
    raise text.error(
        f"the header names {max(counts)} columns, but the row in line {first + 1} has {width}: {shown(text.lines[first])}.",
        "Export the file again, or name its columns with --columns.",
        line=header,
    )


def _units(text: Text, header: int, first: int, *, split: str, width: int) -> list[str] | None:
    """Return the cells of the one line between names and rows, when there is one of equal length."""
    between = [text.lines[i] for i in range(header + 1, first) if text.lines[i].strip()]
    if len(between) != 1:
        return None
    units = [u.strip().strip("()[]") for u in cells(between[0], split)]
    units = units if len(units) == width else [u for u in units if u]
    return units if len(units) == width else None
