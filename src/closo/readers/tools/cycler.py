"""Tables of battery cyclers: columns by the vendor's names, words made numbers, and one record in closo's names and signs.

A vendor's reader says which names it knows (`Known`); everything else is the same for all: units stand in the name
(`Current (A)`, `Cap. [Ah]`, `Test_Time(s)`, `Voltage / V`) or are the vendor's own, times may be written `0d 00:00:10.5` or
`1:02:03`, and what is counted per step or cycle becomes one signed charge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from closo.readers.tools.bulk import read_rows
from closo.readers.tools.clocks import Dates, clock_for
from closo.readers.tools.columns import Column, split_unit, unit_factor
from closo.readers.tools.reading import Place, same_clock
from closo.readers.tools.table import MAX_COLUMNS, SEPARATORS, Rows, cells, in_si, numeric_cells
from closo.readers.tools.text import Text, shown

_UNITS = {  # what a column is -> its SI unit; '1' for counters, 'state' for the word of charge, discharge or rest
    "time": "s", "voltage": "V", "current": "A", "capacity": "C", "charging": "C", "discharging": "C", "net": "C",
    "temperature": "K", "surface": "K", "ambient": "K", "cycle": "1", "step": "1", "step_count": "1", "step_index": "1",
    "point": "1", "test": "1", "date": "s", "frequency": "Hz", "impedance_real": "ohm", "impedance_imag": "ohm",
    "state": "state", "current_range": "A", "set_current": "A", "uncalibrated": "1",
}  # fmt: skip
_NEEDED = ("time", "voltage", "current")
_SEARCHED = 200  # lines in which the names may stand


@dataclass(frozen=True)
class Known:
    """The names of one vendor."""

    names: Mapping[str, str]  # name as `plain` writes it -> what it is (a key of the units above, 'state' included)
    units: Mapping[str, str]  # what it is -> unit where the name states none; what is not here must state it
    states: Mapping[str, float] = field(default_factory=dict)  # word -> +1 charge, -1 discharge, 0 rest


@dataclass(frozen=True)
class Table:
    """What was read: what it is -> values [SI], sentences, names that were not used, names as they stand in the file."""

    columns: dict[str, np.ndarray]
    warnings: tuple[str, ...]
    unused: tuple[str, ...]
    written: dict[str, str]


def plain(name: str) -> str:
    """Write a name without case, blanks, underscores, dots and '#'.

    Example
    -------
    >>> plain("Cyc#"), plain("Test_Time"), plain("Cap. ")
    ('cyc', 'testtime', 'cap')
    """
    return re.sub(r"[\s_.#\"']", "", name.lower().lstrip("\ufeff"))


def find_names(text: Text, known: Known, *, needed: Sequence[str] = _NEEDED) -> tuple[int, str]:
    """Return (line, separator) of the first line that names every needed column.

    Raises
    ------
    ReadError  when there is no such line.
    """
    best: tuple[int, set[str]] = (0, set())
    for i, line in enumerate(text.lines[:_SEARCHED]):
        if not 2 < len(line) < 20_000:
            continue
        for separator in SEPARATORS[:3]:
            found = _found(line, separator, known)
            if set(needed) <= found:
                return i, separator
            if len(found) > len(best[1]):
                best = (i, found)
    missing = ", ".join(name for name in needed if name not in best[1])
    raise text.error(
        f"no line names the columns of {', '.join(needed)}; the nearest lacks {missing}.",
        "Export the table again with these columns, or read it with --columns.",
        line=best[0],
    )


def names_all(line: str, known: Known, needed: Sequence[str] = _NEEDED) -> bool:
    """Return True for a line that names every needed column.

    Example
    -------
    >>> names_all("Time,Volts", Known({"time": "time", "volts": "voltage"}, {}), ("time", "voltage"))
    True
    """
    return any(set(needed) <= _found(line, separator, known) for separator in SEPARATORS[:3])


def _found(line: str, separator: str, known: Known) -> set[str]:
    found = (known.names.get(plain(split_unit(cell)[0])) for cell in _names(line, separator))
    return {name for name in found if name is not None}


def _names(line: str, separator: str) -> list[str]:
    names = cells(line, separator) if line.count(separator) <= MAX_COLUMNS else []
    return names[:-1] if names and not names[-1].strip() else names


def read_table(
    text: Text, header: int, separator: str, known: Known, *, rows_of: Callable[..., Rows] = read_rows
) -> Table:
    """Read the table whose names stand in line `header`.

    `text` holds at least the names and the first rows; `rows_of` gets all rows.

    Raises
    ------
    ReadError  when a needed column has an unknown unit, no rows follow, or they do not fit the names.
    """
    names = _names(text.lines[header], separator)
    warnings: list[str] = []
    found: dict[str, tuple[int, float, float]] = {}
    for index, cell in enumerate(names):
        what = known.names.get(plain(split_unit(cell)[0]))
        if what is None or what in found:
            continue
        factor = _factor(text, header, what, cell=cell, known=known, warnings=warnings)
        if factor is not None:
            found[what] = (index, *factor)
    order = sorted(found, key=lambda what: found[what][0])
    first = next((i for i in range(header + 1, len(text.lines)) if numeric_cells(text.lines[i], separator)), None)
    if first is None or any(line.strip() for line in text.lines[header + 1 : first][3:]):
        raise text.error(
            f"no rows of numbers follow the column names {shown(text.lines[header])}.",
            "Export the test again; it may have been stopped before its first record.",
            line=header,
        )
    row = cells(text.lines[first], separator)
    words = {found["state"][0]: lambda word: known.states.get(word.lower(), float("nan"))} if "state" in found else {}
    place = Place(first, len(text.lines), separator, len(row))
    clock = None
    if "time" in found and found["time"][0] < len(row):
        clock = clock_for([word for word in place.sample(text, found["time"][0])[0] if word])
        time = Column("time", found["time"][0], factor=found["time"][1])
        words |= (clocks := {} if clock is None else {time.index: clock})
        if clocks or split_unit(names[time.index])[1]:
            same_clock(text, [time], place, titles=names, clocks=clocks)
    width = len(row) - (1 if not row[-1].strip() and len(row) == len(names) + 1 else 0)
    if width != len(names):
        raise text.error(f"{len(names)} columns are named, but the row has {width}.", "Export it again.", line=first)
    rows = rows_of(
        text,
        range(first, len(text.lines)),
        separator,
        wanted=[found[what][0] for what in order],
        width=width,
        words=words,
    )
    columns = {
        what: rows.values[:, k] if what == "time" and clock is not None else in_si(rows, k, *found[what][1:])
        for k, what in enumerate(order)
    }
    if isinstance(clock, Dates) and np.isfinite(columns["time"]).any():
        columns["time"] = columns["time"] - columns["time"][np.isfinite(columns["time"])][0]
    taken = {index for index, *_ in found.values()}
    unused = tuple(shown(n.strip(), 30)[1:-1] for i, n in enumerate(names[:200]) if n.strip() and i not in taken)
    written = {what: names[found[what][0]].strip() for what in order}
    return Table(columns, (*warnings, *rows.warnings), unused, written)


def _factor(
    text: Text, header: int, what: str, *, cell: str, known: Known, warnings: list[str]
) -> tuple[float, float] | None:
    """Return (factor, offset) to SI, None for a side column whose unit is not known."""
    si = _UNITS[what]
    if si in ("1", "state"):
        return 1.0, 0.0
    unit = split_unit(cell)[1] or known.units.get(what, "")
    unit = "degC" if si == "K" and unit.upper() in ("C", "CELSIUS") else unit
    factor = unit_factor(unit) if unit else None
    if factor is not None and factor[0] == si:
        return factor[1], factor[2]
    if what in _NEEDED:
        raise text.error(
            f"the unit {shown(unit, 20)} of the column {shown(cell.strip(), 30)} is not known.",
            "Read it with --columns and a known unit.",
            line=header,
        )
    warnings.append(f"The column {shown(cell.strip(), 30)} was left out: its unit is missing or not known.")
    return None


def kind_of(columns: Mapping[str, np.ndarray]) -> tuple[str, str]:
    """Return (kind, technique) of a cycler's record: 'open_circuit' where no current flows in any row, else 'cycling'."""
    current = columns["current"]
    if np.any(current[np.isfinite(current)]) or not np.isfinite(current).any():
        return "cycling", "cycling"
    return "open_circuit", "OCV"
