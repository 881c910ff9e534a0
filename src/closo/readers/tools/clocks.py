"""Clocks: times and dates written as text, steps that count from zero, and two clocks in one file compared.

A time is `h:mm:ss` with or without days before it (`1d 02:03:04`, `2 days 00:00:30`, `1.02:03:04`, `0-00:00:30`) and `AM`
or `PM` behind it. A date-time is `2024-03-01 09:00:00`, `01.03.2024 09:00`, `03/01/2024 09:00:00 AM` or
`01-Mar-2024 09:00:00` (months in seven languages), also with `T`, fractions of a second and a zone. Where day and month
could be meant either way, the way is taken in which the time rises and the largest pause is by far the shorter; where that
does not decide, nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

Clock = Callable[[str], float]

TIME = r"(?:(\d{1,6})(?:\s*d(?:ays?)?,?\s*|\s+|\.|-))?(\d{1,7}):(\d{1,2}):(\d{1,2}(?:[.,]\d{0,9})?)(?:\s*([AaPp][Mm]))?"
DATE = (
    r"(\d{1,4})[-/.](\d{1,2}|[A-Za-zäéû]{3,10})[-/.](\d{1,4})[T\s]+"
    r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:[.,]\d{0,9})?))?(?:\s*([AaPp][Mm]))?\s*(?:(Z)|([+-]\d{2}):?(\d{2}))?"
)
_MONTHS = (  # how they begin in English, German, Dutch, French, Spanish, Italian and Portuguese
    *("jan ene gen", "feb fév fev", "mar mär mrz mrt", "apr avr abr", "may mai mei mag", "jun juin giu"),
    *("jul juil lug", "aug aoû ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic"),
)
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_EPOCH = date(1970, 1, 1).toordinal()


def seconds(text: str) -> float:
    """Return a time written as `h:m:s` or `0d h:m:s` [s]; NaN for anything else.

    Example
    -------
    >>> seconds("1d 00:00:10.5"), seconds("26:00:01"), seconds("12:00:01 AM"), seconds("x")
    (86410.5, 93601.0, 1.0, nan)
    """
    match = re.fullmatch(TIME, text[:60].strip(), re.ASCII)
    if match is None:
        return float("nan")
    days, hours, minutes, rest, half = match.groups()
    return float(days or 0) * 86400.0 + _of_day(hours, minutes, rest, half)


def _of_day(hours: str, minutes: str, rest: str | None, half: str | None) -> float:
    hour = float(hours)
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return hour * 3600.0 + float(minutes) * 60.0 + float((rest or "0").replace(",", "."))


@dataclass(frozen=True)
class Dates:
    """Turns a date-time into seconds since 1970; `order` is 'ymd', 'mdy' or 'dmy'."""

    order: str

    def __call__(self, text: str) -> float:
        """Return the seconds; NaN for what is not a date-time of this order."""
        match = re.fullmatch(DATE, text[:60].strip(), re.ASCII)
        if match is None:
            return float("nan")
        first, middle, last, hours, minutes, rest, half, _, zone, zone_minutes = match.groups()
        fields = dict(zip(self.order, (first, middle, last), strict=True))
        month = fields["m"].lower()
        number = int(month) if month.isdigit() else _MONTH.get(month[:3], _MONTH.get(month[:4], 0))
        year = int(fields["y"]) + (2000 if len(fields["y"]) == 2 else 0)
        try:
            days = date(year, number, int(fields["d"])).toordinal() - _EPOCH
        except ValueError:
            return float("nan")
        east = 0.0 if zone is None else float(zone) * 3600.0 + np.copysign(float(zone_minutes) * 60.0, float(zone))
        return days * 86400.0 + _of_day(hours, minutes, rest, half) - float(east)


def clock_for(words: Sequence[str]) -> Clock | None:
    """Return what makes numbers [s] of the words of a column, None where they are no times.

    Parameters
    ----------
    words : cells of the column from its beginning to its end; numbers and empty cells among them do not count.

    Example
    -------
    >>> clock_for(["0:00:00", "0:00:30"]) is seconds, clock_for(["1.5", "2.5"])
    (True, None)
    >>> clock_for(["03/01/2024 09:00:00", "03/02/2024 09:00:00", "03/03/2024 09:00:00"])
    Dates(order='mdy')
    """
    filled = [word.strip() for word in words if word.strip()]
    words = [word for word in filled if ":" in word][:1000]
    if not words or len(words) < 0.5 * min(len(filled), 1000):
        return None
    if np.isfinite([seconds(word) for word in words]).mean() > 0.5:
        return seconds
    read = {order: np.array([Dates(order)(word) for word in words]) for order in ("ymd", "mdy", "dmy")}
    right = {order: t for order, t in read.items() if np.isfinite(t).all() and (t > 0).all()}
    if len(right) > 1 and "." in words[0].split()[0]:
        right.pop("mdy", None)  # with dots the day comes first
    if len(right) < 2:
        most = max(read, key=lambda order: int(np.isfinite(read[order]).sum()))
        enough = np.isfinite(read[most]).mean() > 0.5
        return Dates(next(iter(right), most)) if enough else None
    gaps = {order: float(np.max(np.abs(np.diff(t)), initial=0.0)) for order, t in right.items()}
    rising = [order for order, t in right.items() if np.all(np.diff(t) >= 0)]
    best, other = sorted(rising if len(rising) > 1 else right, key=lambda order: gaps[order])[:2]
    if len(rising) == 1:
        return Dates(rising[0])
    same = np.array_equal(np.diff(right[best]), np.diff(right[other]))
    return Dates(best) if same or gaps[best] < 0.2 * gaps[other] else None


def in_column(clock: Clock, column: Any) -> np.ndarray:
    """Return `clock` of each word of a polars column of stripped text."""
    import polars as pl

    if clock is not seconds:
        days, rest = column, None
        if isinstance(clock, Dates):  # the few dates one by one, the many times of day at once
            found = column.str.extract_groups(
                r"^(\S+?)[T\s]+(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d{0,9})?)$"
            ).struct.unnest()
            if found[found.columns[0]].is_not_null().all():
                parts = [found[name].str.replace(",", ".", literal=True) for name in found.columns]
                hours, minutes, rest = (part.cast(pl.Float64).to_numpy() for part in parts[1:])
                days, rest = found[found.columns[0]] + " 0:00:00", hours * 3600.0 + minutes * 60.0 + rest
        known = {word: clock(word) for word in days.unique().to_list()}
        numbers = np.asarray(days.replace_strict(known, return_dtype=pl.Float64).to_numpy(), dtype=float)
        return numbers if rest is None else numbers + rest
    found = column.str.extract_groups(f"^{TIME}$").struct.unnest()
    if found[found.columns[4]].is_not_null().any():
        return np.array([seconds(word) for word in column.to_list()])
    parts = [found[name].str.replace(",", ".", literal=True).cast(pl.Float64) for name in found.columns[:4]]
    total = parts[0].fill_null(0.0) * 86400.0 + parts[1] * 3600.0 + parts[2] * 60.0 + parts[3]
    return np.asarray(total.fill_null(float("nan")).to_numpy(), dtype=float)


def one_time(
    time: np.ndarray, step: np.ndarray | None = None, *, of_step: bool = False, of_day: bool = False
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return one time for the whole record from a clock that starts again, and a sentence that says so.

    Parameters
    ----------
    time : what the clock shows [s], shape (n,).
    step : number of the step, where the file has it.
    of_step : True where the clock is known to count from the beginning of each step.
    of_day : True where it may be the time of the day, which starts again at midnight.

    Returns
    -------
    The time as it is where it never runs backwards, or where it is not clear why it does (the warning about that is given
    where the record is checked).

    Example
    -------
    >>> one_time(np.array([0.0, 10.0, 20.0, 0.0, 10.0]), np.array([1, 1, 1, 2, 2]))[0].tolist()
    [0.0, 10.0, 20.0, 20.0, 30.0]
    """
    if not np.isfinite(time).all():
        return time, ()
    back = np.flatnonzero(time[1:] < time[:-1])
    if len(back) == 0:
        return time, ()
    forward = np.diff(time)[np.diff(time) > 0]
    usual = float(np.median(forward)) if len(forward) else 0.0
    times = "once" if len(back) == 1 else f"{len(back)} times"
    if of_day and np.all(time < 86400.0) and np.all(time[back + 1] - time[back] + 86400.0 <= max(10 * usual, 900.0)):
        days = np.concatenate(([0.0], np.cumsum(np.diff(time) < 0)))
        return time + 86400.0 * days, (f"The time of the day passes midnight {times}; the days were added.",)
    with_step = step is not None and np.isfinite(step).all() and bool(np.all(step[back + 1] != step[back]))
    from_zero = bool(np.all(time[back + 1] <= max(10 * usual, 1.0)))
    if not from_zero or not (of_step or with_step or of_day):
        return time, ()
    passed = np.diff(time, prepend=0.0)
    passed[back + 1] = time[back + 1]
    return np.cumsum(passed), (f"The time starts again {times}, with each step: the times of the steps were added.",)


FACTORS = (1000.0, 60.0, 3600.0, 86400.0, 1e6, 24.0)


def disagreement(time: np.ndarray, wall: np.ndarray) -> float | None:
    """Return by which factor a time runs faster than the wall clock beside it, None where the two agree.

    Parameters
    ----------
    time, wall : what the two clocks show in the same rows [s], shape (n,); some rows of a long file will do.

    The median ratio of the increments is compared: a pause, in which only the wall clock runs, does not count. Only factors
    of wrong units (1000, 60, 3600, 86400, 24, and their inverses, within 5 %) are told. Rows are picked that lie about 20 s
    apart or more, since a wall clock may show no more than seconds.

    Example
    -------
    >>> wall = 1.7e9 + np.arange(0.0, 3000.0, 30.0)
    >>> disagreement((wall - wall[0]) * 1000.0, wall), disagreement(wall - wall[0], wall)
    (1000.0, None)
    """
    rows = np.flatnonzero(np.isfinite(time) & np.isfinite(wall))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), 4000)).astype(int))]
    if len(rows) < 3:
        return None
    later = np.floor((wall[rows] - wall[rows[0]]) / 20.0)
    rows = rows[np.flatnonzero(np.diff(later, prepend=-1.0) > 0)]
    passed, counted = np.diff(wall[rows]), np.diff(time[rows])
    use = (passed > 0) & (counted > 0)
    if use.sum() < 2:
        return None
    ratio = float(np.median(counted[use] / passed[use]))
    for factor in FACTORS:
        for known in (factor, 1.0 / factor):
            if abs(ratio / known - 1.0) < 0.05:
                return known
    return None
