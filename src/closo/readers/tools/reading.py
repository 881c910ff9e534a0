"""From columns that are understood to numbers in SI: what every table goes through, named by its header or by the user.

A time may be written as a clock (`clocks`); a clock that starts again with each step becomes one time, and a second clock of
the file must agree with the first. Other ways to write an impedance become Z' and Z'' (`immittance`). A column that is
needed and whose cells are not numbers is refused with the cell, not with what its absence leads to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.readers.tools.clocks import FACTORS, Clock, Dates, clock_for, disagreement, one_time, seconds
from closo.readers.tools.columns import Column
from closo.readers.tools.immittance import pair_in, with_impedance
from closo.readers.tools.names import si_of, split_unit, understand
from closo.readers.tools.table import Rows, all_finite, cells, in_si, is_number
from closo.readers.tools.text import Text, shown
from closo.readers.tools.units import unit_factor

SIGNALS = ("potential", "voltage", "current")
_TIMES = ("time", "step_time", "date_time")
_SAMPLED = 400  # rows from which it is judged what a column of text holds
_MOST = 0.9  # of the cells of a signal or time that have to be numbers
_MISSING = ("n/a", "#n/a", "null", "none")
_STATES = re.compile(r"stat(e|us)\b|mode\b|type\b|工步", re.IGNORECASE)
_DISCHARGE = re.compile(r"dis-?\s?ch\w*|d_?ch(?:g|a\w*|$)|\bdis\b|^d$|entlad\w*|放电", re.IGNORECASE)
_CHARGE = re.compile(r"ch(?:g|ar)|^c$|^cha?$|lad|充电", re.IGNORECASE)
_UNIX = (8e8, 4e9)  # s since 1970, as a date may be written


@dataclass(frozen=True)
class Place:
    """Where rows stand: their first line, the line after the last, how they are split, and how many cells they have."""

    first: int
    end: int
    separator: str
    width: int

    @property
    def lines(self) -> range:
        """The lines of the rows."""
        return range(self.first, self.end)

    def sample(self, text: Text, *indices: int) -> list[list[str]]:
        """Return the cells of some columns in rows from the first to the last: one list for each column."""
        picked = np.unique(np.linspace(self.first, self.end - 1, min(len(self.lines), _SAMPLED)).astype(int))
        lines = [text.lines[i] for i in picked.tolist()]
        rows = [cells(line, self.separator) for line in lines if line.strip() and len(line) < 100_000]
        return [[row[k].strip() if k < len(row) else "" for row in rows] for k in indices]


@dataclass(frozen=True)
class Read:
    """What was read: name -> values [SI], sentences, and which columns hold times written as text."""

    columns: dict[str, np.ndarray]
    warnings: tuple[str, ...]
    clocks: Collection[str]


def read_columns(
    text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str], rows_of: Callable[..., Rows]
) -> Read:
    """Read the columns of a table.

    Parameters
    ----------
    columns : in the order of the file.
    titles : what each position of a row is called in the file, for messages and for a second clock.
    rows_of : `bulk.read_rows` or a function with the same arguments.

    Raises
    ------
    ReadError  as `table.read_rows`, when the cells of a column that is needed are not numbers, or two clocks disagree.
    """
    clocks = _clocks(text, columns, place, titles=titles)
    state = _state(text, columns, place, titles=titles)
    words = {**clocks} if state is None else {**clocks, state.index: sign_said}
    columns = columns if state is None else sorted([*columns, state], key=lambda c: c.index)
    wanted = [c.index for c in columns]
    read: dict[str, Any] = {"wanted": wanted, "width": place.width} | ({"words": words} if words else {})
    rows = rows_of(text, place.lines, place.separator, **read)
    values = {
        c.name: in_si(rows, k, *((1.0, 0.0) if c.index in clocks else (c.sign * c.factor, c.sign * c.offset)))
        for k, c in enumerate(columns)
    }
    lost = _unreadable(text, [c for c in columns if c.index not in clocks], values, place=place, titles=titles)
    same_clock(text, columns, place, titles=titles, clocks=clocks)
    same_charge(text, columns, place, titles=titles, clocks=clocks)
    _same_twice(text, columns, place, titles=titles)
    if state is not None:
        discharging = values.pop(state.name) < 0
        values["current"][discharging] *= -1.0
        lost.append(f"The current is never negative; its sign is taken from the column {_called(titles, state.index)}.")
    values, told = _with_time(values, {c.name: clocks.get(c.index) for c in columns})
    names = {c.name for c in columns if c.index in clocks}
    return Read(with_impedance(values), (*rows.warnings, *lost, *told), names)


def _clocks(text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str]) -> dict[int, Clock]:
    """Return position -> clock of the times that are written as text.

    Raises
    ------
    ReadError  when a date is neither a date and time nor seconds since 1970, or its day and month cannot be told apart.
    """
    found: dict[int, Clock] = {}
    for column in (c for c in columns if c.name in _TIMES):
        words = [word for word in place.sample(text, column.index)[0] if word]
        clock = clock_for(words)
        if clock is not None:
            found[column.index] = clock
        elif 2 * sum(":" in word for word in words) > len(words) or (
            column.name == "date_time" and not _since_1970(words)
        ):
            word = next((w for w in words if ":" in w), words[0] if words else "")
            raise text.error(
                f"the column {_called(titles, column.index)} holds {shown(word, 30)}, which is not clearly a date and time.",
                "Export it with the time in seconds, or with dates such as 2024-03-01 09:00:00.",
                line=place.first,
            )
    return found


def sign_said(word: str) -> float:
    """Return 1 for a word that says charge, -1 for discharge, 0 for one that says neither or both.

    Example
    -------
    >>> [sign_said(word) for word in ("CC_Chg", "CC_DChg", "Discharge", "D", "C", "Rest", "charge/discharge")]
    [1.0, -1.0, -1.0, -1.0, 1.0, 0.0, 0.0]
    """
    rest, discharges = _DISCHARGE.subn("", word.strip())
    return float(_CHARGE.search(rest) is not None) - float(discharges > 0)


def _state(text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str]) -> Column | None:
    """Return the column of words that tells charge from discharge where the current, without a sign, does not."""
    current = next((c for c in columns if c.name == "current" and c.sign > 0), None)
    taken = {c.index for c in columns}
    said = [k for k in range(len(titles)) if k not in taken and k < place.width]
    if current is None or not said:
        return None
    amperes, *states = place.sample(text, current.index, *said)
    numbers = [plain_number(word) for word in amperes]
    if any(number < 0 for number in numbers):
        return None
    for k, words in zip(said, states, strict=True):
        signs = {sign_said(word) for word, number in zip(words, numbers, strict=True) if number > 0}
        if signs == {1.0, -1.0} or (signs == {-1.0} and _STATES.search(titles[k])):
            return Column("state", k)
    return None


def _since_1970(words: Sequence[str]) -> bool:
    try:
        return bool(words) and all(_UNIX[0] < float(word) < _UNIX[1] for word in words[:-1] or words)
    except ValueError:
        return False


def _called(titles: Sequence[str], index: int) -> str:
    return shown(titles[index].strip().strip('"'), 40) if index < len(titles) else f"{index + 1}"


def _unreadable(
    text: Text,
    columns: Sequence[Column],
    values: Mapping[str, np.ndarray],
    *,
    place: Place,
    titles: Sequence[str],
) -> list[str]:
    """Return a sentence for each column that holds words where numbers are due; refuse where it is needed."""
    said = []
    for column in columns:
        numbers = values[column.name]
        share = 1.0 if all_finite(numbers) else float(np.isfinite(numbers).mean())
        if share > (_MOST if column.name in (*SIGNALS, *_TIMES) else 0.0):
            continue
        sample = [w for w in place.sample(text, column.index)[0] if w]
        words = [w for w in sample if not is_number(w) and w.strip("-") and w.lower() not in _MISSING]
        if not words or (share and len(words) < (1.0 - _MOST) * len(sample)):
            continue
        word, advice = words[0], "Export the column as plain numbers, with a time in seconds."
        sentence = f"the column {_called(titles, column.index)} holds {shown(word, 30)}, which is not a number"
        if word.startswith("="):
            sentence += ": a formula that was saved without its value"
            advice = "Open the workbook in a spreadsheet program, which computes it, and save it."
        if share or _needed(column.name, values):
            raise text.error(f"{sentence}.", advice, line=place.first)
        said.append(f"{sentence[0].upper()}{sentence[1:]}, and was left out.")
    return said


def _needed(name: str, values: Mapping[str, np.ndarray]) -> bool:
    """Return True when a measurement cannot be read without this column."""
    pair = pair_in(values) if "frequency" in values else None
    if pair is not None:
        return name in ("frequency", *pair)
    signals = [s for s in SIGNALS if s in values and np.isfinite(values[s]).any()]
    return name in _TIMES or (name in SIGNALS and not signals)


def same_clock(
    text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str], clocks: Mapping[int, Clock]
) -> None:
    """Compare the time with a date beside it.

    Raises
    ------
    ReadError  when the time runs by a factor faster or slower, as with milliseconds under the name of seconds.
    """
    column = next((c for c in columns if c.name in ("time", "step_time")), None)
    others = [i for i, title in enumerate(titles) if understand(title).name == "date_time"]
    if column is None or not others:
        return
    own, *dates = place.sample(text, column.index, *others)
    for index, words in zip(others, dates, strict=True):
        clock = clock_for(words)
        if clock is None or clock is seconds:
            continue
        wall = np.array([clock(word) for word in words])
        read, scale = (clocks[column.index], 1.0) if column.index in clocks else (plain_number, column.factor)
        factor = disagreement(np.array([read(word) * scale for word in own]), wall)
        if factor is not None:
            times = f"{factor:g} times as fast as" if factor > 1 else f"{1 / factor:g} times slower than"
            raise text.error(
                f"the time in {_called(titles, column.index)} runs {times} the clock in {_called(titles, index)}: "
                "its unit is not what its name says.",
                "Export it again, or read it with --columns and the true unit, for example time[ms].",
                line=place.first,
            )


def same_charge(
    text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str], clocks: Mapping[int, Clock]
) -> None:
    """Compare current and time with a capacity beside them that is not read.

    Raises
    ------
    ReadError  when it counts a factor of a wrong unit more or less than current and time give, from row to row.
    """
    named = {c.name: c for c in columns}
    counted = [k for k, title in enumerate(titles) if (unit := split_unit(title)[1]).lower().endswith("h")
               and (unit_factor(unit) or ("",))[0] == "C"]  # fmt: skip
    if not {"time", "current"} <= set(named) or "charge" in named or not counted:
        return
    time, current = named["time"], named["current"]
    for index in counted:
        sample = place.sample(text, time.index, current.index, index)
        t, i, q = (
            np.array([clocks.get(k, plain_number)(w) for w in words])
            for k, words in zip((time.index, current.index, index), sample, strict=True)
        )
        t = t if time.index in clocks else t * time.factor
        steady = (np.diff(t) > 0) & (i[1:] * i[:-1] > 0) & (np.diff(q) != 0)
        scale = (unit_factor(split_unit(titles[index])[1]) or ("", 1.0))[1] / current.factor
        with np.errstate(all="ignore"):
            ratio = np.abs(np.diff(q) * scale / (i[1:] * np.diff(t)))[steady]
        ratio = ratio[np.isfinite(ratio)]
        middle = float(np.median(ratio)) if len(ratio) > 9 else 1.0
        wrong = any(abs(middle * known - 1.0) < 0.05 for factor in FACTORS for known in (factor, 1.0 / factor))
        if wrong and np.mean(np.abs(ratio / middle - 1.0) < 0.05) > 0.8:
            raise text.error(
                f"{_called(titles, index)} counts {middle:.4g} times the charge that {_called(titles, current.index)} and "
                f"{_called(titles, time.index)} give: one of the units is not what its name says.",
                "Export it again, or read it with --columns and the true units, for example time,current[A],voltage.",
                line=place.first,
            )


def _same_twice(text: Text, columns: Sequence[Column], place: Place, *, titles: Sequence[str]) -> None:
    """Compare a column with another of the same name and another unit.

    Raises
    ------
    ReadError  when they differ by the factor of a unit.
    """
    for column in (c for c in columns if c.name in (*SIGNALS, "frequency", "time")):
        for k, title in enumerate(titles[: place.width]):
            cell = understand(title)
            factor = unit_factor(cell.unit, si_of(column.name)) if cell.name == column.name and cell.unit else None
            if k == column.index or factor is None:
                continue
            pair = np.array([[plain_number(w) for w in words] for words in place.sample(text, column.index, k)])
            with np.errstate(all="ignore"):
                ratio = np.abs(pair[0] * column.factor / (pair[1] * factor[1]))
            middle = float(np.median(ratio[np.isfinite(ratio)])) if np.isfinite(ratio).any() else 1.0
            if any(abs(middle * known - 1.0) < 0.01 for f in FACTORS for known in (f, 1.0 / f)):
                raise text.error(
                    f"{_called(titles, column.index)} is {middle:.4g} times {_called(titles, k)}: one of the units is not "
                    "what its name says.",
                    "Export it again, or read it with --columns and the true unit of one of them.",
                    line=place.first,
                )


def plain_number(word: str) -> float:
    """Return the number of a cell with a decimal point or comma, NaN for a cell that is none."""
    try:
        return float(word.replace(",", "."))
    except ValueError:
        return float("nan")


def _with_time(
    values: dict[str, np.ndarray], clocks: Mapping[str, Clock | None]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the columns with one time for the whole record, and what was done to make it."""
    name = next((n for n in _TIMES if n in values), None)
    if name is None or not len(values[name]):
        return values, ()
    time = values[name]
    if (name == "date_time" or isinstance(clocks[name], Dates)) and np.isfinite(time).any():
        time = time - time[np.isfinite(time)][0]
    of_day = clocks[name] is seconds and name != "step_time"
    time, told = one_time(time, values.get("step"), of_step=name == "step_time", of_day=of_day)
    return {"time": time} | {n: v for n, v in values.items() if n not in _TIMES}, told
