"""Maccor: tables exported as text or CSV (MIMS client, MacTest).

Recognised by `Rec#<tab>Cyc#`, `Rec<tab>Cycle P`, `Rec,Cycle` or `Today's Date`.

Structure: lines of settings (`Name:`, `Channel:`, ...), a line of names, perhaps a blank line, rows; tab or comma, decimal
point or (German systems) decimal comma. Columns used: `TestTime`, `Test Time (sec)`, `Test (Min)` time, `Amps` or `Current`,
`Volts` or `Voltage`, all three needed; `Cyc#`, `Cycle C` cycle, `Step`, `Temp 1`, `Amp-hr`, `Cap.` or `Capacity`, `State` or
`Md`: C charge, D discharge, anything else rest.

Time: text `0d 00:01:00.0`, or numbers in the unit that the name states; where it states none, the column `DPT Time` (the
clock) tells whether they are seconds, minutes, hours or days, and without one the file is refused.
A time with its unit is compared with `DPT Time`. The set current stands in the procedure, which is not in the table: the
check 'set current' is not made.

Signs: Maccor writes currents without sign. Where the state says charge or discharge, it gives the sign; a table with
negative currents is taken as it is; a table without a state and without negative currents gets a warning, because nothing
in it tells charge from discharge. The capacity is counted without sign and starts again with a step: summed through the
resets with the sign of the current it is the charge [C]. Units that are not stated are A, V, Ah, with a warning.

Refused: a table without time, current and voltage; a time without a unit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.bulk import seconds
from closo.readers.tools.columns import split_unit
from closo.readers.tools.counters import accumulated
from closo.readers.tools.cycler import Known, Table, find_names, kind_of, plain, read_table
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import cells
from closo.readers.tools.text import Text, load

_STATES = {"c": 1.0, "d": -1.0} | dict.fromkeys(("r", "p", "s", "o", "i", "a", "e", "z", ""), 0.0)
_KNOWN = Known(
    {
        "testtime": "time",
        "test": "time",
        "amps": "current",
        "current": "current",
        "volts": "voltage",
        "voltage": "voltage",
        "cyc": "cycle",
        "cyclec": "cycle",
        "cycle": "cycle",
        "step": "step",
        "temp1": "temperature",
        "amp-hr": "capacity",
        "cap": "capacity",
        "capacity": "capacity",
        "state": "state",
        "md": "state",
    },
    {"time": "s", "current": "A", "voltage": "V", "capacity": "Ah", "temperature": "degC"},
    _STATES,
)
_STATED_BY_NAME = ("Amps", "Volts", "Amp-hr")  # the name is the unit
_UNITS_OF_TIME = {1.0: "seconds", 60.0: "minutes", 3600.0: "hours", 86400.0: "days"}
_HEADER = {
    "Name": "comment",
    "Channel": "channel",
    "Tester": "instrument",
    "Procedure": "program",
    "Description": "description",
    "Started": "date",
    "Date of Test": "date",
}


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is left out by `finish`
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the one test of a Maccor table.

    Raises
    ------
    ReadError  when it is not a table with time, current and voltage, or the unit of the time cannot be known.
    """
    text = load(path)
    header, separator = find_names(text, _KNOWN)
    table = read_table(text, header, separator, _KNOWN)
    columns = dict(table.columns)
    warnings = list(_bare(table))
    columns["time"] = columns["time"] * _time_unit(text, header, separator, table=table, warnings=warnings)
    state = columns.pop("state", None)
    columns["current"], told = _signed(columns["current"], state)
    capacity = columns.pop("capacity", None)
    sign = np.sign(columns["current"]) if state is None else np.where(state == 0, np.sign(columns["current"]), state)
    if capacity is not None and not told:
        columns["charge"] = accumulated(np.abs(capacity), np.nan_to_num(sign))
    metadata = _metadata(text, header, separator)
    if table.unused:
        metadata["columns_not_used"] = list(table.unused)
    part = Part(*kind_of(columns), columns, header, warnings=(*warnings, *told))
    return finish(text, [part], metadata=metadata, warnings=table.warnings)


def _signed(current: np.ndarray, state: np.ndarray | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the current with its sign, and what cannot be known about it."""
    if np.any(current < 0) or not np.any(current > 0):
        return current, ()
    if state is not None and np.any(state != 0):
        return np.where(state < 0, -current, current), ()
    return current, (
        "No column tells charge from discharge, and no current is negative: whether these are charges or discharges is "
        "not known. They are shown as charges.",
    )


def _bare(table: Table) -> tuple[str, ...]:
    """Return a sentence about the columns whose names state no unit."""
    bare = [
        f"{what} [{_KNOWN.units[what]}]"
        for what, name in table.written.items()
        if what in ("current", "voltage", "capacity") and name not in _STATED_BY_NAME and not split_unit(name)[1]
    ]
    return (f"The header states no units; taken as {', '.join(bare)}.",) if bare else ()


def _time_unit(text: Text, header: int, separator: str, *, table: Table, warnings: list[str]) -> float:
    """Return what the times are to be multiplied with to be seconds; 1 where their name or their form states the unit."""
    names = cells(text.lines[header], separator)
    name = table.written["time"]
    rows = [
        row for line in text.lines[header + 1 : header + 5001] if len(row := cells(line, separator)) >= len(names) - 1
    ]
    index = next(i for i, n in enumerate(names) if n.strip() == name)
    if split_unit(name)[1] or any(":" in row[index] for row in rows[:3]):
        return 1.0
    clock = next((i for i, n in enumerate(names) if plain(n) in ("dpttime", "dptime")), None)
    found = None if clock is None else _by_clock(rows, index, clock)
    if found is None:
        raise text.error(
            f"the column '{name}' states no unit, and no clock (DPT Time) beside it tells whether it is seconds or minutes.",
            "Export it with the unit in the name, or read it with --columns and 'time[min]' or 'time[s]'.",
            line=header,
        )
    if found != 1.0:
        warnings.append(f"By the clock in DPT Time, '{name}' counts {_UNITS_OF_TIME[found]}.")
    return found


def _by_clock(rows: list[list[str]], index: int, clock: int) -> float | None:
    """Return seconds per unit of the times, from the time of day beside them; None where they do not agree."""
    pairs = []
    for row in rows:
        match = re.search(
            r"^(.{0,30}?)\s*(\d{1,2}:\d{2}:\d{2})\s*([AP]M)?\s*$", row[clock][:60] if clock < len(row) else ""
        )
        number = row[index].strip().replace(",", ".")
        if match is not None and re.fullmatch(r"\d{1,12}(\.\d{0,12})?", number, re.ASCII):
            pairs.append((f"{match[1]}{match[3]}", seconds(match[2]), float(number)))
    same = [pair for pair in pairs if pair[0] == pairs[0][0] and not pair[1] // 3600 == 12]
    if len(same) < 2 or same[-1][2] <= same[0][2]:
        return None
    ratio = (same[-1][1] - same[0][1]) / (same[-1][2] - same[0][2])
    return next((unit for unit in _UNITS_OF_TIME if abs(ratio / unit - 1.0) < 0.05), None)


def _metadata(text: Text, header: int, separator: str) -> dict[str, Any]:
    found: dict[str, Any] = {"current_sign": "positive charges"}
    for line in text.lines[: min(header, 100)]:
        row = [cell.strip() for cell in line[:2000].split(separator) if cell.strip()]
        for name, value in zip(row[::2], row[1::2], strict=False):
            key = _HEADER.get(name.rstrip(": "))
            if key is not None:
                found[key] = value
    return found
