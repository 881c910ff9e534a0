"""Delimited text: tables of numbers with column names, or with the names given by the user.

The reader for every text file that no other one recognises. Separators: tab, semicolon, comma, blanks; decimal point or
comma; UTF-8, UTF-16 or Latin-1; any lines above the table.

With column names that make a spectrum (frequency with Z' and Z'', or with |Z| and the phase; see `columns.ALIASES`) or a
record (at least two of time, potential, current), the table is read by itself: units are taken from the names or from the
line below them (`Freq/Hz`, `Z' (kΩ)`, `<I>/mA`, `phase [deg]`), `-Z''` is the negative. A name without a unit counts as
Hz, ohm, s, V, A, with a warning; a phase or temperature without a unit is not taken. Stacked spectra are split where the
frequency starts again; rows at frequency 0 with impedance 0 become a record.

A direct-current table of at least 10 rows gets its kind from the numbers, by the rule in `direct`: what is constant, what is
swept, whether the current changes sign or rests. A warning names the kind and the reason. Where the rule does not decide, it
is a 'record'. Current > 0 charges: '-current' in `columns` where the file has it the other way round.

With `columns` ('frequency[kHz],impedance_real,-impedance_imag,_') any table of numbers is read: one name per column of the
file, in the SI unit or with a unit in brackets, '-' where the file holds the negative, '_' for a column to skip. Lines
above the first row of numbers are passed over.

Refused: no names and no `columns` (the message proposes the text to paste), a number of columns other than named, units
closo does not know (ohm cm2 is no resistance), JSON, XML and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.nomenclature import NAMES
from closo.readers.bulk import read_rows as read_many_rows
from closo.readers.columns import Column, from_request, name_of
from closo.readers.direct import kind_of
from closo.readers.named import Table, find_header, is_spectrum, named_tables
from closo.readers.parts import Part, finish, split_ac_dc, split_sweeps
from closo.readers.table import SEPARATORS, best_separator, cells, numeric_cells, read_rows, scaled
from closo.readers.text import Text, load, shown

__all__ = ["parts_of_table", "read", "read_named", "unnamed"]

_LINES_SEARCHED = 3000
_MARKUP = (
    ("{", "JSON"),
    ("[{", "JSON"),
    ("<?xml", "XML"),
    ("<!DOCTYPE", "HTML"),
    ("<html", "HTML"),
    ("EC-LAB SETTING FILE", "an EC-Lab file of settings"),
)
_SYMBOLS = {row.symbol.lower(): name for name, row in reversed(NAMES.items())}


def read(path: Path, *, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read a table; `columns` names its columns where the file does not.

    Raises
    ------
    ReadError  when the file is not such a table.
    StudyError  when `columns` itself is wrong.
    """
    request = None if columns is None else from_request(columns)
    text = load(path)
    for mark, what in _MARKUP:
        if text.content[:100].lstrip().startswith(mark):
            raise text.error(
                f"this is {what}, not a table of columns.", "Export the measurement as CSV with column names."
            )
    if request is not None:
        return _read_requested(text, *request)
    if find_header(text) is None:
        raise unnamed(text)
    return read_named(text)


def read_named(
    text: Text,
    *,
    technique: str = "EIS",
    metadata: Mapping[str, Any] | None = None,
    suggestions: Mapping[str, Any] | None = None,
    units_known: bool = False,
) -> tuple[Dataset, ...]:
    """Read every table of a text whose columns are named; a table may repeat its line of names for each spectrum.

    Raises
    ------
    ReadError  when no line names the columns, or no rows follow.
    """
    header = find_header(text)
    if header is None:
        raise text.error("no line of known column names was found.", "Export it again with column names.")
    repeated = text.content.count(text.lines[header]) > 1
    headers = (
        [i for i in range(header, len(text.lines)) if text.lines[i] == text.lines[header]] if repeated else [header]
    )
    parts: list[Part] = []
    warnings: list[str] = []
    unused: tuple[str, ...] = ()
    for begin, end in zip(headers, [*headers[1:], len(text.lines)], strict=True):
        for table in named_tables(text, begin, end=end, units_known=units_known):
            parts += [_labelled(part, table) for part in parts_of_table(table.columns, begin, technique=technique)]
            warnings += [w for w in table.warnings if w not in warnings]
            unused = table.unused
    stated = dict(metadata or {}) | ({"columns_not_used": list(unused)} if unused else {})
    return finish(text, parts, metadata=stated, suggestions=suggestions, warnings=warnings)


def parts_of_table(columns: dict[str, np.ndarray], line: int, *, technique: str = "EIS") -> list[Part]:
    """Return the spectra and records of one table."""
    if not is_spectrum(columns):
        kind, short, reason = kind_of(columns)
        warnings = (f"Taken as '{kind}': {reason}.",) if reason else ()
        metadata = {"current_sign": "positive charges"} if reason else {}
        return [Part(kind, short, columns, line, metadata, warnings)]
    parts = []
    for alternating, run in split_ac_dc(columns):
        if alternating:
            parts += [Part("impedance", technique, sweep, line) for sweep in split_sweeps(run)]
        else:
            direct = {n: v for n, v in run.items() if not n.startswith(("impedance", "frequency", "phase"))}
            parts.append(Part("record", "record", direct, line))
    return parts


def _labelled(part: Part, table: Table) -> Part:
    """Return a part with what its table says about it: the label above its names, the reference of the potential."""
    said = {"label": table.label, "reference_electrode": table.reference}
    return replace(part, metadata=dict(part.metadata) | {key: value for key, value in said.items() if value})


def _read_requested(text: Text, width: int, found: dict[str, Column]) -> tuple[Dataset, ...]:
    """Read a table whose columns the user named."""
    columns = sorted(found.values(), key=lambda c: c.index)
    first, separator = _first_fitting_row(text, width, [c.index for c in columns])
    wanted = [c.index for c in columns]
    rows = read_many_rows(text, range(first, len(text.lines)), separator, wanted=wanted, width=width)
    return finish(text, parts_of_table(scaled(rows, columns), first), warnings=rows.warnings)


def _first_fitting_row(text: Text, width: int, wanted: list[int]) -> tuple[int, str]:
    """Return (line, separator) of the first row with `width` cells of which the wanted ones are numbers."""
    seen: tuple[int, int] | None = None
    for i, line in enumerate(text.lines[:_LINES_SEARCHED]):
        for separator in SEPARATORS:
            numbers = numeric_cells(line, separator)
            if not numbers:
                continue
            row = cells(line.rstrip(separator + " "), separator)
            if len(row) == width and all(numeric_cells(row[k], "\t") for k in wanted):
                return i, separator
            if numbers > 1 and seen is None:
                seen = (i, len(row))
    if seen is None:
        raise text.error("there is no table of numbers in it.", "Export the measurement as a table of columns.")
    raise text.error(
        f"--columns names {width} columns, but the row has {seen[1]}: {shown(text.lines[seen[0]])}.",
        "Write one name for each column, and '_' for a column to skip.",
        line=seen[0],
    )


def unnamed(text: Text) -> ReadError:
    """Return the error for a table without known names; it proposes the `--columns` to paste."""
    i = next((i for i, line in enumerate(text.lines[:_LINES_SEARCHED]) if best_separator(line) is not None), None)
    if i is None:
        return text.error(
            "there is no table of numbers with at least two columns in it.", "Export it with column names."
        )
    separator = best_separator(text.lines[i]) or " "
    width = len(cells(text.lines[i].rstrip(separator + " "), separator))
    above = next((text.lines[k] for k in range(i - 1, max(i - 4, -1), -1) if text.lines[k].strip()), "")
    names = [n.strip() for n in cells(above[:20_000], separator)]
    named = len(names) == width and any(any(c.isalpha() for c in n) for n in names)
    what = (
        f"closo knows no column names such as {shown(above)}"
        if named
        else f"the columns have no names: {shown(text.lines[i])}"
    )
    guess = _guess(text, range(i, len(text.lines)), separator, width=width, names=names if named else None)
    if guess is None:
        return text.error(
            f"{what}, and the {width} columns do not look like frequency, Z' and Z''.",
            "Name them, for example --columns frequency,impedance_real,-impedance_imag or time,current[mA],voltage "
            "('_' skips a column).",
            line=i,
        )
    return text.error(f"{what}.", f"If they are what they seem, read it with --columns {guess}", line=i)


def _guess(text: Text, lines: range, separator: str, *, width: int, names: list[str] | None) -> str | None:
    """Return a proposal for `columns`, None when there is none."""
    if names is not None:
        known = [name_of(n) or _SYMBOLS.get(n.lower()) or "_" for n in names]
        if sum(k != "_" for k in known) > 1 and len(set(known) - {"_"}) == sum(k != "_" for k in known):
            return ",".join(known)
    if not 2 < width < 50:
        return None
    values = read_rows(text, lines[:200], separator, wanted=list(range(width)), width=width).values
    with np.errstate(all="ignore"):
        counter = width > 3 and len(values) > 2 and bool(np.all(np.diff(values[:, 0]) == 1))
        first = 1 if counter else 0
        frequency, imag = values[:, first], values[:, first + 2]
        steps = np.diff(frequency)
        if not np.all(frequency > 0) or not (np.all(steps >= 0) or np.all(steps <= 0)):
            return None
        sign = "-" if np.mean(imag > 0) > 0.5 else ""
    rest = ["_"] * (width - first - 3)
    return ",".join([*["_"] * first, "frequency", "impedance_real", f"{sign}impedance_imag", *rest])
