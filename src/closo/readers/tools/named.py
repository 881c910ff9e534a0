"""Tables that name their columns: find the line of names, then read the rows below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.readers.tools.blocks import blocks_of, padded, trimmed
from closo.readers.tools.bulk import read_rows
from closo.readers.tools.columns import Column, UnknownUnitError, from_header, name_of, names_in, to_request
from closo.readers.tools.immittance import pair_in
from closo.readers.tools.names import si_of, understand
from closo.readers.tools.proposals import unnamed
from closo.readers.tools.reading import SIGNALS, Place, plain_number, read_columns
from closo.readers.tools.table import MAX_COLUMNS, SEPARATORS, Rows, best_separator, cells
from closo.readers.tools.text import Text, shown
from closo.readers.tools.units import unit_factor

MAX_HEADER_LINES = 3000
_MAX_LENGTH = 5000  # of a line of names
_BUDGET = 500_000  # characters that are searched
_HINT = re.compile(
    r"freq|time|date|potential|voltage|current|duration|\b[fteiu]\b|_[av]\b|ewe|ecell|<[ie]>|"
    r"seconds|minutes|hours|amps|volts|时间|电",
    re.IGNORECASE,
)
_LARGEST_RADIAN = 3.2  # no phase angle of an impedance is larger


@dataclass(frozen=True)
class Table:
    """A table whose columns are understood."""

    columns: dict[str, np.ndarray]  # nomenclature name -> values [SI], shape (rows,)
    warnings: tuple[str, ...] = ()  # what was assumed or left out
    header: int = 0  # line of the names, from 0
    unused: tuple[str, ...] = ()  # names of the columns that were not read
    label: str = ""  # what stands above the names of one table of several side by side
    reference: str = ""  # what a potential is measured against, '' where the names do not say


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
        for separator in SEPARATORS if "\t" not in line and ";" not in line else SEPARATORS[:3]:
            names = _split(line, separator)
            spectrum_or_record = _is_table(names) and (is_spectrum(names_in(names)) or _rows_follow(text, i))
            if spectrum_or_record and not _is_units(text, i, separator, names):
                return i
    return None


def _is_units(text: Text, line: int, separator: str, names: Sequence[str]) -> bool:
    """Return True for a row of units alone, below names that say more."""
    return all(map(unit_factor, names)) and line > 0 and len(_split(text.lines[line - 1], separator)) == len(names)


def is_spectrum(names: Collection[str | None]) -> bool:
    """Return True when the names make an impedance spectrum."""
    return "frequency" in names and pair_in(names) is not None


def _is_table(cells_of_names: Sequence[str]) -> bool:
    """Return True for a header of a spectrum, of time with a signal, and of a voltammogram that has no other columns."""
    names = names_in(cells_of_names)
    if is_spectrum(names):
        return True
    signals = set(SIGNALS) & set(names)
    timed = any(name in names for name in ("time", "step_time", "date_time"))
    return (timed and bool(signals)) or (len(signals) > 1 and None not in names)


def _split(line: str, separator: str) -> list[str]:
    """Split a line of names; blanks before a unit in brackets, and around 'in' and 'vs.', do not separate."""
    if separator == "\t":
        line = re.sub(r" {2,}", "\t", line.strip(" "))
    if separator == " ":
        line = re.sub(r" +([\[(])", r"\1", line)
        line = re.sub(r" +(in|vs\.?) +(?=\S)", "\x01\\1\x01", line)
        return [cell.replace("\x01", " ") for cell in line.split()]
    return cells(line, separator)


def _rows_follow(text: Text, header: int) -> bool:
    below = [line for line in text.lines[header + 1 : header + 6] if line.strip()][:2]
    return any(best_separator(line) is not None for line in below)


def named_tables(
    text: Text,
    header: int,
    *,
    separator: str | None = None,
    end: int | None = None,
    units_known: bool = False,
    extra: Mapping[str, str] | None = None,
    rows_of: Callable[..., Rows] = read_rows,
    most: int = 1000,
) -> list[Table]:
    """Read the tables that stand side by side below the names in line `header`, at most `most`; of more, with a warning.

    Below the names may stand a row of units, blank lines, and up to three lines that are not numbers; then the rows, until
    line `end` or the end of the file. `units_known`: the format fixes the units that the names do not state. `extra`: exact
    name in the file -> name in the table, of columns of plain numbers that the format knows beyond the general names.
    `rows_of`: reads the rows in place of `bulk.read_rows`, with the same arguments.

    Raises
    ------
    ReadError  when a unit is unknown, no rows follow, they do not have as many cells as the names, the cells of a column
        that is needed are not numbers, or two clocks disagree.
    """
    end = len(text.lines) if end is None else end
    first, found_separator = _first_row(text, header, end)
    separator = separator or found_separator
    names, units, width = _names(text, header, first, separator)
    if not _is_table(names):
        raise unnamed(text)
    place = Place(first, end, separator, width)
    blocks = blocks_of(names, _is_table)
    stated: dict[str, Any] = {"extra": extra or {}, "rows_of": rows_of, "units_known": units_known}
    if len(blocks) == 1:
        return [_table(text, header, names, units=units, place=place, **stated)]
    text = padded(text, range(first, end), separator, width=width)
    above = cells(text.lines[header - 1], separator) if header else []
    found = []
    for block in blocks[:most]:
        part = [name if i in block else "" for i, name in enumerate(names)]
        table = _table(text, header, part, units=units, place=place, **stated)
        label = next((above[i].strip() for i in block[::-1] if i < len(above) and above[i].strip()), "")
        found.append(replace(table, columns=trimmed(table.columns), label=label[:80]))
    if most < len(blocks):
        said = f"{len(blocks)} tables stand side by side; only the first was read."
        found[0] = replace(found[0], warnings=(*found[0].warnings, said))
    return found


def _table(
    text: Text,
    header: int,
    names: list[str],
    *,
    units: list[str] | None,
    place: Place,
    extra: Mapping[str, str],
    rows_of: Callable[..., Rows],
    units_known: bool,
) -> Table:
    """Read one table; a name is '' where a column belongs to another one."""
    columns, warnings = _understood(text, header, names, units=units, place=place)
    columns += [Column(extra[n.strip()], i, unit="1") for i, n in enumerate(names) if n.strip() in extra]
    columns = sorted({c.name: c for c in reversed(columns)}.values(), key=lambda c: c.index)
    read = read_columns(text, columns, place, titles=names, rows_of=rows_of)
    warnings += read.warnings
    bare = [c.name for c in columns if not c.unit and c.name not in read.clocks and si_of(c.name) != "1"]
    if bare and not units_known:
        assumed = ", ".join(f"{name} [{si_of(name)}]" for name in bare)
        warnings += (f"The header states no units; taken as {assumed}.",)
    twice = [names[c.index] for c in columns if names.count(names[c.index]) > 1]
    if twice:
        warnings += (f"The name {shown(twice[0].strip(), 30)} stands above two columns; the first was read.",)
    taken, got = {c.index for c in columns}, {c.name for c in columns} | {"step_time", "date_time"}
    unused = tuple(shown(n.strip(), 30)[1:-1] for i, n in enumerate(names[:200]) if n.strip() and i not in taken)
    for name in unused:
        if name_of(name) is not None and name_of(name) not in got:
            warnings += (f"The column '{name}' was left out: its unit is missing or not known.",)
    reference = next((c.reference for c in columns if c.reference), "")
    return Table(read.columns, warnings, header, unused, reference=reference)


def _understood(
    text: Text, header: int, names: list[str], *, units: list[str] | None, place: Place
) -> tuple[list[Column], tuple[str, ...]]:
    """Return the columns that have a name and a unit, in the order of the file, and what was assumed."""
    try:
        found = from_header(names, units)
    except UnknownUnitError as error:
        raise text.error(f"{error}.", "Convert it, or read it with --columns and a known unit.", line=header) from None
    warnings: tuple[str, ...] = ()
    if is_spectrum(names_in(names)) and not is_spectrum(found):
        found["phase"] = _phase_without_unit(text, header, names, place, others=list(found.values()))
        warnings = ("The header states no unit of the phase; its numbers are too large for radians: taken as degrees.",)
    return sorted(found.values(), key=lambda c: c.index), warnings


def _phase_without_unit(text: Text, header: int, names: list[str], place: Place, *, others: Sequence[Column]) -> Column:
    """Return the column of a phase in degrees where its numbers are too large for radians.

    Raises
    ------
    ReadError  where the numbers could be either, or what lacks its unit is not the phase.
    """
    index = next((i for i, name in enumerate(names_in(names)) if name == "phase"), None)
    told = {"phase", *(column.name for column in others)}
    if index is None or understand(names[index]).unit or not is_spectrum(told):
        bare = [n.strip() for n in names if understand(n).name is not None and not understand(n).unit]
        raise text.error(
            f"the unit of a column that makes the impedance is not stated ({', '.join(bare)[:80]}).",
            "Read it with --columns and the units of all columns.",
            line=header,
        )
    factor = unit_factor("deg")
    assert factor is not None
    phase = Column("phase", index, understand(names[index]).sign, factor[1], unit="deg")
    numbers = [abs(plain_number(word)) for word in place.sample(text, index)[0]]
    if max((v for v in numbers if v < np.inf), default=0.0) <= _LARGEST_RADIAN:
        raise text.error(
            "the phase has no unit, and its numbers could be degrees or radians.",
            f"If they are degrees, read it with --columns {to_request(place.width, [*others, phase])}",
            line=header,
        )
    return phase


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
    """Return the cells of the one line between names and rows, or of units right above the names, of equal length."""
    between = [text.lines[i] for i in range(header + 1, first) if text.lines[i].strip()]
    above = cells(text.lines[header - 1], split) if header and not between else []
    if len(above) == width and all(map(unit_factor, above)):
        return above
    if len(between) != 1:
        return None
    units = [u.strip().strip("()[]") for u in cells(between[0], split)]
    units = units if len(units) == width else [u for u in units if u]
    return units if len(units) == width else None
