"""Tables whose columns the user names: `--columns 'frequency[kHz],impedance_real,-impedance_imag,_'`.

Lines above the first row that fits are passed over. In front of the names, or alone where the file names its columns, may
stand the kind of a direct-current table: `voltammetry: time,potential,current`, `voltammetry:`; and in front of all, or
alone, the sheet of a workbook: `sheet=Data:`, `sheet=Data: voltammetry: time,potential,current`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from closo.dataset import KINDS
from closo.errors import ReadError, StudyError, did_you_mean
from closo.readers.tools.bulk import read_rows
from closo.readers.tools.clocks import clock_for
from closo.readers.tools.columns import Column
from closo.readers.tools.reading import Place, Read, read_columns
from closo.readers.tools.table import SEPARATORS, cells, numeric_cells
from closo.readers.tools.text import Text, shown

_LINES_SEARCHED = 3000


def sheet_said(columns: str | None) -> tuple[str | None, str | None]:
    """Split the sheet of a workbook off the user's `columns`: return (sheet or None, the rest or None).

    Example
    -------
    >>> sheet_said("sheet=Data 1: time,current"), sheet_said("sheet=Data 1:"), sheet_said("time,current")
    (('Data 1', 'time,current'), ('Data 1', None), (None, 'time,current'))
    """
    text = (columns or "").strip().strip("'\"")
    match = re.fullmatch(r"sheet\s*=\s*([^:]+?)\s*(?::\s*(.*))?", text, re.DOTALL)
    return (None, columns) if match is None else (match[1], match[2] or None)


def kind_said(columns: str) -> tuple[str | None, str | None]:
    """Split the kind off the user's `columns`: return (kind or None, names or None).

    Raises
    ------
    StudyError  when what stands before the colon is not a kind of a direct-current table.

    Example
    -------
    >>> kind_said("voltammetry: time,potential,current"), kind_said("voltammetry:"), kind_said("time,current")
    (('voltammetry', 'time,potential,current'), ('voltammetry', None), (None, 'time,current'))
    """
    kind, colon, names = columns.strip().strip("'\"").partition(":")
    if not colon:
        return None, columns
    known = [name for name in KINDS if name != "impedance"]
    if kind.strip() not in known:
        raise StudyError(f"'{kind.strip()[:50]}' in columns is not a kind of a table.", hint=did_you_mean(kind, known))
    return kind.strip(), names.strip() or None


def read_requested(text: Text, width: int, columns: Sequence[Column]) -> tuple[Read, int]:
    """Read a table whose columns the user named; return what was read and the line of its first row.

    Parameters
    ----------
    width : number of cells of a row.
    columns : as `columns.from_request` gives them.

    Raises
    ------
    ReadError  when no row fits, or as `reading.read_columns`.
    """
    columns = sorted(columns, key=lambda c: c.index)
    first, separator = _first_fitting_row(text, width, columns)
    titles = [next((c.name for c in columns if c.index == k), "") for k in range(width)]
    place = Place(first, len(text.lines), separator, width)
    return read_columns(text, columns, place, titles=titles, rows_of=read_rows), first


def fits(text: Text, width: int, columns: Mapping[str, Column]) -> bool:
    """Tell whether a text has a row that fits the columns that the user named."""
    try:
        _first_fitting_row(text, width, list(columns.values()))
    except ReadError:
        return False
    return True


def _first_fitting_row(text: Text, width: int, columns: Sequence[Column]) -> tuple[int, str]:
    """Return (line, separator) of the first row with `width` cells of which the wanted ones are numbers or times."""
    seen: tuple[int, int] | None = None
    wrong: tuple[int, Column, str] | None = None
    for i, line in enumerate(text.lines[:_LINES_SEARCHED]):
        for separator in SEPARATORS:
            numbers = numeric_cells(line, separator)
            if not numbers:
                continue
            row = cells(line, separator)
            row = row[:-1] if len(row) == width + 1 and not row[-1].strip() else row
            if len(row) == width:
                bad = next((c for c in columns if not _holds(c, row[c.index].strip())), None)
                if bad is None:
                    return i, separator
                wrong = wrong or (i, bad, row[bad.index].strip())
            elif numbers > 1 and seen is None:
                seen = (i, len(row))
    if wrong is not None:
        line_number, column, cell = wrong
        raise text.error(
            f"--columns takes column {column.index + 1} for {column.name}, but it holds {shown(cell, 30)}, which is not a "
            "number.",
            "Name the columns in the order of the file, and write '_' for a column to skip.",
            line=line_number,
        )
    if seen is None:
        raise text.error("there is no table of numbers in it.", "Export the measurement as a table of columns.")
    raise text.error(
        f"--columns names {width} columns, but the row has {seen[1]}: {shown(text.lines[seen[0]])}.",
        "Write one name for each column, and '_' for a column to skip.",
        line=seen[0],
    )


def _holds(column: Column, cell: str) -> bool:
    """Return True for a cell that the column may hold: a number, nothing in a column at the side, or a time as text."""
    if numeric_cells(cell, "\t"):
        return True
    return column.name in ("time", "step_time", "date_time") and clock_for([cell]) is not None
