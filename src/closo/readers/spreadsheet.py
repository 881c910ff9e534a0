"""Excel workbooks (.xlsx, .xlsm): the sheet is read as a table with column names, as the reader `text` reads one.

Recognised by the zip archive that holds `xl/workbook.xml`, or by the name .xlsx or .xlsm. Columns, units (Hz, ohm, s, V, A)
and signs are those of `delimited`. Cells that hold a date are written as text, durations as h:mm:ss; empty columns are
left out. Of a formula, the value that was saved counts; one without is refused where its column is needed.

The one sheet that names a spectrum or a record is read. Sheets of sums (names that begin with cycle, step, statistics, info
or global) count only where there is no other: of a Neware workbook, `record` is read. Sheets with equal names of columns
whose first column counts on from sheet to sheet (Arbin, beyond the rows that one sheet holds) are read as one.
`--sheet NAME` (in a study `columns = "sheet=NAME:"`) reads another, with a warning where the record goes on in more
sheets; `--columns` names the columns of a sheet, empty ones not counted.

Refused: several sheets that could be read and no name, none that can, a hidden one without its name, numbers as text with
a comma that could be decimal or of thousands, .xls and workbooks with a password, archives that
are damaged or unpack to more than 500 MB, or to 200 times their own size and more than 20 MB, and sheets of more than
2000 columns.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

from closo.dataset import Dataset
from closo.errors import ReadError, did_you_mean
from closo.readers.delimited import asked, read_text
from closo.readers.tools.named import find_header
from closo.readers.tools.requested import fits, sheet_said
from closo.readers.tools.table import MAX_COLUMNS, is_number, numeric_cells
from closo.readers.tools.text import DAMAGE, Text, load_bytes, shown

_MAX_UNPACKED, _MAX_RATIO, _RATIO_MATTERS = 500_000_000, 200, 20_000_000
_MAX_MEMBERS, _MAX_CELLS = 2000, 30_000_000
_HIDDEN = "xlsx, hidden"  # encoding of a sheet that is not shown
_COMMAS = re.compile(r"(?:^|(?<=\t))[-+]?\d+,\d+(?=\t|$)", re.MULTILINE)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_SUMS = ("cycle", "step", "statistic", "info", "global")
_TO_CSV = "Open it in a spreadsheet program, save the sheet of the measurement as CSV, and read that."


def read(path: Path, *, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read the sheet of a workbook that holds measurements; `columns` names the sheet, its columns, or both.

    Raises
    ------
    ReadError  when it is not a workbook, is not safe to unpack, or not exactly one sheet can be read.
    StudyError  when `columns` itself is wrong.
    """
    path = Path(path)
    sheet, columns = sheet_said(columns)
    asked(columns)
    raw = bytes(load_bytes(path))
    _check(path, raw)
    try:
        sheets = _sheets(path, raw)
    except DAMAGE as error:
        what = shown(str(error), 80)
        raise ReadError(f"the workbook is damaged ({what}).", file=path, hint=f"Copy it again. {_TO_CSV}") from None
    chosen = _chosen(path, sheets, sheet, columns)
    commas = _COMMAS.findall(chosen.content)
    if commas and all(_THOUSANDS.fullmatch(number) for number in commas):
        raise ReadError(
            f"the text {shown(commas[0], 30)} in a cell could have a decimal comma or a thousands separator.",
            file=path,
            hint="Turn such cells into numbers in a spreadsheet program.",
        )
    measured = read_text(chosen, columns=columns)
    more = _more_of(chosen, sheets) if sheet is not None else []
    if not more:
        return measured
    listed = ", ".join(shown(name, 30) for name in more)
    told = (
        f"The record goes on in sheets that were not read: {listed}. Without --sheet they are read if no other can be."
    )
    return tuple(data.assign_attrs(warnings=(*data.attrs["warnings"], told)) for data in measured)


def _check(path: Path, raw: bytes) -> None:
    """Refuse what is not a workbook, or unpacks to too much; the sizes are those that `zipfile` holds to."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise ReadError("this is an old .xls workbook, or one with a password.", file=path, hint=_TO_CSV)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
    except DAMAGE:
        raise ReadError(
            "this is not a complete Excel workbook: its zip archive cannot be opened.", file=path, hint="Copy it again."
        ) from None
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise ReadError(
            "this zip archive is not an Excel workbook.", file=path, hint="Unpack it and read what it holds."
        )
    size = sum(member.file_size for member in members)
    if size > _MAX_UNPACKED or size > max(_MAX_RATIO * len(raw), _RATIO_MATTERS) or len(members) > _MAX_MEMBERS:
        raise ReadError(f"the workbook unpacks to {size / 1e6:.0f} MB, which is too much.", file=path, hint=_TO_CSV)
    if any(member.flag_bits & 1 for member in members):
        raise ReadError("the workbook is locked with a password.", file=path, hint=_TO_CSV)


def _sheets(path: Path, raw: bytes) -> dict[str, Text]:
    """Return name of the sheet -> its cells as text, a line for each row, tabs between cells."""
    from openpyxl import load_workbook

    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which are not read
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        left = _MAX_CELLS
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file claims is not believed
            rows: list[list[str]] = []
            for values in sheet.iter_rows(values_only=True):
                left -= len(values) + 1
                if len(values) > MAX_COLUMNS or left < 0:
                    raise ValueError(f"the sheet {sheet.title[:30]} has too many cells")
                rows.append([_written(value) for value in values])
            if any(sum(map(bool, column)) == 1 for column in zip_longest(*rows)) and len(rows) > 2:
                _with_formulas(raw, sheet.title, rows)
            found[sheet.title] = Text(path, _as_lines(rows), "xlsx" if sheet.sheet_state == "visible" else _HIDDEN)
    return found


def _with_formulas(raw: bytes, name: str, rows: list[list[str]]) -> None:
    """Write the formulas into the cells that were saved without a value."""
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(raw), read_only=True)[name]
    sheet.reset_dimensions()
    for row, formulas in zip(rows, sheet.iter_rows(values_only=True), strict=False):
        for k, formula in enumerate(formulas[: len(row)]):
            row[k] = row[k] or (_written(formula) if str(formula).startswith("=") else "")


def _written(value: Any) -> str:
    """Return the text of a cell, without tabs, line breaks and runs of blanks."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        if value.year > 1901:
            return value.isoformat(sep=" ")
        first = dt.datetime(1899, 12, 31 if value < dt.datetime(1900, 3, 1) else 30)
        value = value - first  # a duration of a day or more that is shown as a time of day
    if isinstance(value, dt.timedelta):
        seconds = value.total_seconds()
        sign, whole = "-" if seconds < 0 else "", round(abs(seconds), 3)
        return f"{sign}{int(whole // 3600)}:{int(whole % 3600 // 60):02d}:{whole % 60:06.3f}"
    return " ".join(str(value).split())


def _as_lines(rows: list[list[str]]) -> str:
    """Return rows of one width without the columns that are empty; a missing last number is written as '-'."""
    used = sorted({i for row in rows for i, cell in enumerate(row) if cell})
    lines = []
    for row in rows:
        kept = [row[i] if i < len(row) else "" for i in used]
        if kept and not kept[-1] and sum(map(is_number, kept)) > 1:
            kept[-1] = "-"
        lines.append("\t".join(kept) if any(kept) else "")
    return "\n".join(lines) + "\n"


def _chosen(path: Path, sheets: dict[str, Text], sheet: str | None, columns: str | None) -> Text:
    """Return the sheet that is asked for, else the one whose columns name a measurement or are as `columns` says.

    Raises
    ------
    ReadError  when there is none, or more than one.
    """
    if sheet is not None:
        found = next((text for name, text in sheets.items() if name.strip().lower() == sheet.lower()), None)
        if found is None:
            raise ReadError(
                f"the workbook has no sheet {shown(sheet, 30)}.", file=path, hint=did_you_mean(sheet, list(sheets))
            )
        return found
    request = asked(columns)[1]
    if request is None:
        named = [name for name, text in sheets.items() if find_header(text) is not None]
    else:
        named = [name for name, text in sheets.items() if fits(text, *request)]
        if not named and len(sheets) == 1:
            return next(iter(sheets.values()))
    hidden = [name for name in named if sheets[name].encoding == _HIDDEN]
    named = [name for name in named if name not in hidden]
    named = [name for name in named if not name.lower().startswith(_SUMS)] or named
    if len(named) == 1:
        return sheets[named[0]]
    whole = _continued(path, [sheets[name] for name in named]) if request is None else None
    if whole is not None:
        return whole
    if hidden and not named:
        raise ReadError(
            f"only a hidden sheet of the workbook can be read: {shown(hidden[0], 30)}.",
            file=path,
            hint=f"If it is meant, name it: --sheet {shown(hidden[0], 40)}.",
        )
    listed = ", ".join(shown(name, 30) for name in (named or list(sheets))[:8])
    if not named:
        raise ReadError(
            f"no sheet of the workbook {'names' if request is None else 'has'} the columns of a measurement (sheets: "
            f"{listed or 'none'}).",
            file=path,
            hint="Name the sheet with --sheet, and its columns with --columns.",
        )
    raise ReadError(
        f"{len(named)} sheets of the workbook can be read: {listed}.",
        file=path,
        hint=f"Name the one to read: --sheet {shown(named[0], 40)}.",
    )


def _continued(path: Path, sheets: list[Text]) -> Text | None:
    """Return sheets as one where each goes on where the one before ends."""
    tables = [_table(text) for text in sheets]
    if not tables or not all(_goes_on(before, after) for before, after in pairwise(tables)):
        return None
    later = (row for _, rows in tables[1:] for row in rows)
    return Text(path, "\n".join([sheets[0].content.rstrip("\n"), *later, ""]), "xlsx")


def _table(text: Text) -> tuple[str, list[str]]:
    """Return the names of the columns of a sheet, '' without, and its rows of numbers."""
    header = find_header(text)
    lines = text.lines if header is None else text.lines[header + 1 :]
    return "" if header is None else text.lines[header], [line for line in lines if numeric_cells(line, "\t")]


def _goes_on(before: tuple[str, list[str]], after: tuple[str, list[str]]) -> bool:
    """Return whether two tables have equal names, and the first column of one counts on from that of the other."""
    if before[0] != after[0] or not before[1] or not after[1]:
        return False
    last, first = (line.split("\t", 1)[0] for line in (before[1][-1], after[1][0]))
    return last.isdecimal() and first.isdecimal() and int(first) == int(last) + 1


def _more_of(chosen: Text, sheets: dict[str, Text]) -> list[str]:
    """Return the names of the other sheets that the record of one sheet goes on in, or comes from."""
    tables = {name: _table(text) for name, text in sheets.items()}
    record = [name for name, text in sheets.items() if text is chosen]
    for one in record:  # it grows
        linked = (n for n in tables if _goes_on(tables[one], tables[n]) or _goes_on(tables[n], tables[one]))
        record += [name for name in linked if name not in record]
    return [name for name in tables if name in record[1:]]
