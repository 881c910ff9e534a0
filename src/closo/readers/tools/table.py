"""Turn rows of text into numbers: separators, decimal comma or point, missing and broken cells. One place for all formats.

The fast way is `numpy.loadtxt` on the wanted columns alone; rows that it cannot take are looked at one by one. Numbers are
`1.5`, `-3E-07`, or `1,5` where the table uses a decimal comma. A table that mixes the two, or writes thousands with a
separator (`1.234,5`), is refused: guessing would be wrong by a factor of a thousand.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from closo.errors import counted
from closo.readers.tools.clocks import clock_for
from closo.readers.tools.columns import Column
from closo.readers.tools.text import Text, shown

SEPARATORS = ("\t", ";", ",", " ")  # ' ' stands for any run of blanks
MAX_COLUMNS = 2000
Words = Mapping[int, Callable[[str], float]]

_NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eEdD][-+]?\d+)?|[-+]?(?:nan|inf)", re.IGNORECASE | re.ASCII)
# 1,234.50 or 1.234,50 or 1,234,567 or 1.234.567 or 1'234.5: with one sign alone it could be a decimal sign
_THOUSANDS = re.compile(
    r"[-+]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*|(?:,\d{3}){2,}|(?:\.\d{3}){2,}|(?:['’   ]\d{3})+(?:[.,]\d*)?)",
    re.ASCII,
)
_PERHAPS_THOUSANDS = re.compile(r"[-+]?\d{1,3},\d{3}", re.ASCII)
_LAST_ROW = {
    "cut": "The last row (line {}) is cut off and was left out.",
    "unclear": "The file does not end with a line break: check that its last number (line {}) is whole.",
}
_MISSING = ("", "-", "--", "n/a", "#n/a", "nan", "null", "none")


@dataclass(frozen=True)
class Rows:
    """The numbers of a table."""

    values: np.ndarray  # shape (rows, wanted columns); NaN where a cell is not a number
    warnings: tuple[str, ...] = ()  # one sentence per kind of row that was left out


def cells(line: str, separator: str) -> list[str]:
    """Split a line at `separator`; double quotes protect it.

    Example
    -------
    >>> cells('"a,b",2', ","), cells(" 1.0   2.0 ", " ")
    (['a,b', '2'], ['1.0', '2.0'])
    """
    if separator == " ":
        return line.split()
    if line.count('"') > 1 and len(line) < 20_000:
        try:
            quoted = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            quoted = []
        if len(quoted) > 1:
            return quoted
    return line.split(separator)


def numeric_cells(line: str, separator: str) -> int:
    """Return how many of the first cells of a line (at most 60) are numbers; 0 when most are not, or for absurd lines."""
    if line.count(separator) > MAX_COLUMNS:
        return 0
    parts = [c.strip() for c in cells(line, separator)[:60]]
    numbers = sum(1 for c in parts if is_number(c))
    return numbers if 2 * numbers >= sum(1 for c in parts if c) else 0


def best_separator(line: str) -> str | None:
    """Return the separator that leaves the largest share of numbers among at least two cells; None when there is none.

    Example
    -------
    >>> best_separator("100,5 2,3 1,1"), best_separator("1e3, 2, 3"), best_separator("10,5;2,5"), best_separator("a b")
    (' ', ',', ';', None)
    """
    best, best_share = None, 0.0
    for separator in SEPARATORS:
        numbers = numeric_cells(line, separator)
        if numbers > 1 or (numbers == 1 and _clock_and_number(cells(line, separator))):
            share = numbers / sum(1 for c in cells(line, separator)[:60] if c.strip())
            if share > best_share:
                best, best_share = separator, share
    return best


def _clock_and_number(row: Sequence[str]) -> bool:
    """Return True for two cells, of which one is a time of the day or a date with one."""
    filled = [cell.strip() for cell in row[:60] if cell.strip()]
    return len(filled) == 2 and sum(":" in cell and clock_for([cell, cell]) is not None for cell in filled) == 1


def is_number(cell: str) -> bool:
    """Return True for a cell that is a number, or one with a thousands separator (which is refused when it is read)."""
    if len(cell) >= 60:
        return False
    if _THOUSANDS.fullmatch(cell) is not None:
        return True
    return _NUMBER.fullmatch(cell) is not None


def read_rows(
    text: Text, lines: range, separator: str, *, wanted: Sequence[int], width: int, words: Words | None = None
) -> Rows:
    """Read the wanted columns of the lines `lines` of a file; blank lines are skipped.

    Parameters
    ----------
    wanted : positions of the columns, from 0.
    width : number of cells that a whole row has; rows with fewer or more are left out with a warning.
    words : position -> function that makes a number of a cell's text (NaN where it cannot), for columns that hold words.

    Raises
    ------
    ReadError  when more than half of the rows are broken, or decimal commas and points are mixed.
    """
    used = [i for i in lines if text.lines[i] and not text.lines[i].isspace()]
    rows = [text.lines[i] for i in used]
    end = _last_row(text, used, separator, max(wanted, default=0))
    if end == "cut":
        used, rows = used[:-1], rows[:-1]
    if not rows:
        return Rows(np.empty((0, len(wanted))))
    if max(wanted, default=0) >= width:
        raise text.error(
            f"a column that is needed stands at position {max(wanted) + 1}, but the row has {width} values.",
            "Check that the file is whole and of the format named.",
            line=used[0],
        )
    words = words or {}
    values, broken = _fast(rows, separator, wanted, width=width, words=words), list[int]()
    if values is None:
        values, broken = _careful(text, used, separator, wanted=wanted, width=width, words=words)
    if len(broken) > len(used) / 2:
        raise text.error(
            f"{len(broken)} of {len(used)} rows do not have {width} values; the first is {shown(text.lines[broken[0]])}.",
            "Check that the file is whole and of the format named.",
            line=broken[0],
        )
    warnings = [_LAST_ROW[end].format(len(text.lines))] if end in _LAST_ROW else []
    if broken:
        places = ", ".join(str(i + 1) for i in broken[:5]) + (", ..." if len(broken) > 5 else "")
        warnings.append(f"{counted(len(broken), 'row')} without {width} values left out (line {places}).")
    return Rows(values, tuple(warnings))


def _last_row(text: Text, used: Sequence[int], separator: str, last: int) -> str:
    """Judge the last row of a file that does not end with a line break: 'whole', 'cut' or 'unclear'.

    It is cut when its last cell has fewer digits than all others in that column. Where the others differ in length among
    themselves, a cell of fair length proves nothing.
    """
    if text.complete or len(used) < 2 or used[-1] != len(text.lines) - 1:
        return "whole"
    final = cells(text.lines[used[-1]], separator)
    others = [cells(text.lines[i], separator) for i in used[-20:-1]]
    if len(final) < min(len(row) for row in others):
        return "cut"
    if len(final) - 1 > last:
        return "whole"
    length = len(final[-1].strip(" +-"))
    lengths = {len(row[-1].strip(" +-")) for row in others}
    if length < min(lengths):
        return "cut"
    return "whole" if lengths == {length} else "unclear"


def _fast(rows: list[str], separator: str, wanted: Sequence[int], *, width: int, words: Words) -> np.ndarray | None:
    """Return the numbers when every row is whole and plain, None otherwise."""
    if separator != "," and any("," in row for row in rows):
        if any("." in row for row in rows):
            return None
        rows = [row.replace(",", ".") for row in rows]
    if separator == " ":
        if any(len(row.split()) != width for row in rows):
            return None
    else:
        counts = {row.count(separator) for row in rows}
        ended = counts == {width} and all(row.rstrip(" ").endswith(separator) for row in rows)
        if counts != {width - 1} and not ended:
            return None
    delimiter = None if separator == " " else separator
    made: dict[int | str, Callable[[str], float]] = {place: number for place, number in words.items()}
    try:
        found = np.loadtxt(
            rows, delimiter=delimiter, usecols=list(wanted), comments=None, ndmin=2, converters=made or None
        )
    except ValueError:
        return None
    return np.asarray(found)


def _careful(
    text: Text, used: Sequence[int], separator: str, *, wanted: Sequence[int], width: int, words: Words
) -> tuple[np.ndarray, list[int]]:
    """Return the numbers of the whole rows, NaN where a cell is none, and the lines of the broken rows."""
    whole: list[list[str]] = []
    broken: list[int] = []
    comma = point = -1
    for i in used:
        row = cells(text.lines[i], separator) if text.lines[i].count(separator) <= MAX_COLUMNS else []
        if len(row) == width + 1 and not row[-1].strip():
            row.pop()
        if len(row) != width:
            broken.append(i)
            continue
        numbers = [row[k].strip() for k in wanted if k not in words]
        _refuse_thousands(text, i, numbers, separator)
        if any("," in c for c in numbers):
            comma = i
        if any("." in c and c.strip(".") for c in numbers):
            point = i
        if comma >= 0 and point >= 0:
            where = "" if comma == point else f" (point in line {point + 1}, comma in line {comma + 1})"
            raise text.error(
                f"decimal comma and decimal point are mixed{where}: {shown(text.lines[i])}.",
                "Export the file again with one decimal sign and no thousands separator.",
                line=i,
            )
        whole.append([row[k].strip() for k in wanted])

    def plain(cell: str) -> float:
        return _number(cell.replace(",", ".") if comma >= 0 else cell)

    made = [words.get(k, plain) for k in wanted]
    values = [[number(c) for number, c in zip(made, row, strict=True)] for row in whole]
    return np.array(values, dtype=float).reshape(len(whole), len(wanted)), broken


def _refuse_thousands(text: Text, line: int, row: Sequence[str], separator: str) -> None:
    """Refuse numbers with a thousands separator; between commas, one in a number is such a sign."""
    for cell in row:
        perhaps = separator == "," and _PERHAPS_THOUSANDS.fullmatch(cell)
        if perhaps or (len(cell) < 60 and _THOUSANDS.fullmatch(cell)):
            raise text.error(
                f"the number {shown(cell, 30)} has a thousands separator{' or a decimal comma' if perhaps else ''}.",
                "Export the file again without it (in a spreadsheet: give the cells the number format 'General').",
                line=line,
            )


def _number(cell: str) -> float:
    """Return the number, NaN when the cell is none."""
    if len(cell) > 60 or cell.lower() in _MISSING or _NUMBER.fullmatch(cell) is None:
        return float("nan")
    return float(cell.replace("D", "e").replace("d", "e"))  # Fortran's exponents


def scaled(rows: Rows, columns: Sequence[Column]) -> dict[str, np.ndarray]:
    """Return name -> values [SI]; `rows` holds the wanted columns in this order and may be overwritten."""
    return {
        column.name: in_si(rows, k, column.sign * column.factor, column.sign * column.offset)
        for k, column in enumerate(columns)
    }


def all_finite(values: np.ndarray) -> bool:
    """Return True where all numbers are finite; their sum tells, unless it overflows."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.sum(values))) or bool(np.isfinite(values).all())


def in_si(rows: Rows, k: int, factor: float, offset: float) -> np.ndarray:
    """Return column `k` of the rows times `factor` plus `offset`, in its place where the columns are stored one by one."""
    values = np.ascontiguousarray(rows.values[:, k])
    with np.errstate(all="ignore"):
        if factor != 1.0:
            values *= factor
        if offset:
            values += offset
    return values
