"""Half cycles, in code their legs: what a cell did between two changes of the sign of its current.

A leg is a maximal run of one sign of the current above a threshold. Rest, open circuit and the rows of a spectrum do not
belong to it, and do not end it: only the opposite sign does (noise and misread readings apart, see `signs`).
Cycle counters of instruments are not used: they disagree between vendors, and they count the charge of a spectrum.

The charge of a leg is the sum of I dt over the intervals between neighbouring rows of the leg. An interval that touches a
row that does not belong (a rest, a spectrum) is left out, and so is a gap in the record: an interval longer than 600 s and
than 20 times all but the longest 1 %, unless the instrument's counter says that charge passed. Three rules are at hand:
`backward` (a row holds the mean current since the row before, as EC-Lab writes it), `trapezoid` and `forward`. With a
counter the rule that reproduces it best is taken; without one, the trapezoid.

Currents below the threshold are rest: by default 0.2 % of the median current, weighted by charge, so that neither a long
rest with noise nor a tapering current at constant voltage moves it. Runs that carry less than 1e-5 of the largest leg
(a spike, noise around zero) are not legs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from closo.errors import DataError
from closo.techniques.half_cycle_rows import (
    Rows,
    Table,
    count_of,
    doubt_of,
    end_current_of,
    interludes_of,
    noise_of,
    sampling_of,
)
from closo.techniques.signs import Signs, signs_of

RULES = ("backward", "trapezoid", "forward")
_REST = 0.002  # of the charge-weighted median current
_NEGLIGIBLE = 1e-5  # of the largest leg's charge
_GAP = 600.0  # s, and
_GAP_FACTOR = 20.0  # times the interval that 99 % of the intervals do not exceed
_BINS = 40  # per decade of current, for the weighted median
_SAMPLE = 100_000  # intervals looked at for that
_PIECE = 1 << 14  # intervals that are summed at a time, about
_ABSURD = 1e15  # s, A, V or C: beyond, a number is a misread one, and products of such numbers overflow


@dataclass(frozen=True)
class Legs:
    """The legs of a record, in order of time; arrays of length n_legs where nothing else is said."""

    start: np.ndarray  # row; `data[start:stop]` spans the leg (with rests and spectra inside it)
    stop: np.ndarray
    sign: np.ndarray  # +1 charge, -1 discharge
    charge: np.ndarray  # signed integral of I dt over the leg's own rows [C]
    counter: np.ndarray  # signed difference of the instrument's counter over the same intervals [C]; NaN without one
    duration: np.ndarray  # time under current [s]
    mean_current: np.ndarray  # charge / duration, signed [A]
    voltage_first: np.ndarray  # of its first row [V]
    voltage_last: np.ndarray  # of its last row [V]
    mean_voltage: np.ndarray  # energy / charge, over the intervals with a known voltage [V]
    interludes: np.ndarray  # number of interruptions with a spectrum inside the leg or just before it
    sampling: np.ndarray  # time step at the end, within which that is not known; 0 where a row was written there [s]
    noise: np.ndarray  # standard uncertainty of the charge by the noise of the current's readings [C]
    gaps: np.ndarray  # number of intervals left out because nothing was recorded in them
    end_current: np.ndarray  # |I| at the end, median of the last five readings [A]
    misread: np.ndarray  # number of readings of the other sign inside the leg that were replaced (see `signs`)
    pulses: np.ndarray  # number of those counted as they are
    doubt: np.ndarray  # charge that the replaced readings would take away if real, where no voltage tells [C]
    threshold: float  # |I| below is rest [A], one number
    rule: str  # how I dt was summed, one of RULES
    active: np.ndarray  # (n_rows,) True in the rows that belong to a leg
    # Rows at the end of the intervals that count, in order; each begins with the row before that is known.
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


def find_legs(
    time: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    *,
    frequency: np.ndarray | None = None,
    counter: np.ndarray | None = None,
    threshold: float | None = None,
) -> Legs:
    """Split a record into legs.

    Parameters
    ----------
    time, current, voltage : shape (n,) [s], [A] (> 0 charges), [V], in file order. Rows without a finite time or current
        are passed over.
    frequency : shape (n,) [Hz]; > 0 in the rows of a spectrum.
    counter : shape (n,), the instrument's signed cumulative charge [C].
    threshold : |I| [A] at or below which is rest; from the data when absent.

    Returns
    -------
    Legs, of length 0 where no current flowed.

    Raises
    ------
    DataError  when the arrays differ in length, a value cannot be (beyond 1e15), or the threshold is not a positive number.

    Example
    -------
    >>> t = np.arange(7.0); i = np.array([0.0, 1.0, 1.0, 1.0, -2.0, -2.0, -2.0])
    >>> find_legs(t, i, np.ones(7)).charge.tolist()
    [2.0, -4.0]
    """
    given = [time, current, voltage, *(a for a in (frequency, counter) if a is not None)]
    if len({np.shape(a) for a in given}) > 1:
        raise DataError(f"Half cycles need arrays of one length; found {', '.join(str(np.shape(a)) for a in given)}.")
    if threshold is not None and not (np.isfinite(threshold) and threshold > 0):
        raise DataError(f"The threshold of the current must be a positive number, not {threshold}.")
    time, current, voltage = (np.asarray(a, float) for a in (time, current, voltage))
    _refuse_absurd({"time": time, "current": current, "voltage": voltage, "charge": counter})
    rows = _known_rows(time, current)
    if rows is not None:
        time, current, voltage = time[rows], current[rows], voltage[rows]
        frequency = None if frequency is None else np.asarray(frequency)[rows]
        counter = None if counter is None else np.asarray(counter)[rows]
    spectrum = np.zeros(len(time), bool) if frequency is None else np.asarray(frequency, float) > 0
    step = _steps(time, 0.0)
    limit = _REST * _weighted_median(current, step, spectrum) if threshold is None else float(threshold)
    signs = signs_of(step, current, voltage, spectrum, limit=limit)
    counted = None if counter is None else _steps(np.asarray(counter, float), np.nan)
    table = Table(time, signs.current, signs.positive, voltage, spectrum, step, counted)
    legs, sums = _without_spikes(table, signs.active)
    return _summed(table, legs, sums, origin=(len(given[0]), rows), of=(limit, signs))


def _refuse_absurd(columns: dict[str, np.ndarray | None]) -> None:
    """Refuse finite values that no instrument reads."""
    for name, values in columns.items():
        if values is None or not np.size(values) or max(np.max(values), -np.min(values)) <= _ABSURD:  # False for a NaN
            continue
        size = np.abs(np.asarray(values, float))
        bad = np.flatnonzero((size > _ABSURD) & (size < np.inf))
        if len(bad):
            raise DataError(
                f"The {name} in row {bad[0] + 1} is {size[bad[0]]:.3g} in SI units, which no cell reaches.",
                hint="The column is not what it is taken for, or the file is damaged there.",
            )


def _steps(values: np.ndarray, first: float) -> np.ndarray:
    """Return the difference to the row before; `first` for the first row."""
    found = np.empty_like(values)
    found[:1] = first
    np.subtract(values[1:], values[:-1], out=found[1:])
    return found


def _known_rows(time: np.ndarray, current: np.ndarray) -> np.ndarray | None:
    """Return the rows with finite time and current, None where that is all of them."""
    known = np.isfinite(time) & np.isfinite(current)
    return None if known.all() else np.flatnonzero(known)


def _weighted_median(values: np.ndarray, weights: np.ndarray, skip: np.ndarray) -> float:
    """Return the median of |values| by weight, to 6 %, without sorting a million numbers; 0 for nothing."""
    lowest = -400 * _BINS  # below every double
    share = np.zeros(-2 * lowest)
    for start in range(0, len(values), _PIECE):
        rows = slice(start, start + _PIECE)
        size, weight = np.abs(values[rows]), weights[rows]
        use = (size > 0) & (weight > 0) & ~skip[rows]
        place = (np.log10(size[use]) * _BINS).astype(np.int64) - lowest
        if len(place):
            base = int(place.min())
            found = np.bincount(place - base, weights=(size * weight)[use])
            share[base : base + len(found)] += found
    share = np.cumsum(share)
    if not share[-1] > 0:
        return 0.0
    return float(10.0 ** ((int(np.searchsorted(share, share[-1] / 2.0)) + lowest + 0.5) / _BINS))


def _split(table: Table, active: np.ndarray) -> Rows:
    """Find legs among the active rows, and the intervals that count."""
    at = np.flatnonzero(active)
    positive = table.positive
    sign = positive[at]
    first = np.flatnonzero(np.append(True, sign[1:] != sign[:-1])[: len(at)])
    joined = np.zeros(len(active), bool)
    joined[1:] = active[1:] & active[:-1] & (positive[1:] == positive[:-1]) & (table.step[1:] >= 0)
    gap = np.flatnonzero(joined & (table.step > _GAP))
    if len(gap):
        step = table.step[joined]
        usual = float(np.percentile(step[:: 1 + len(step) // _SAMPLE], 99.0))
        gap = gap[table.step[gap] > _GAP_FACTOR * usual]
    if len(gap) and table.counted is not None:
        gap = gap[~(np.abs(table.counted[gap]) > 0.5 * np.abs(table.current[gap]) * table.step[gap])]
    joined[gap] = False
    ends, bounds = np.flatnonzero(joined), np.append(at[first], len(active))
    leg = np.repeat(np.arange(len(first)), np.diff(np.searchsorted(ends, bounds)))
    return Rows(at, first, ends, leg, np.diff(np.searchsorted(gap, bounds)))


def _without_spikes(table: Table, active: np.ndarray) -> tuple[Rows, _Sums]:
    """Return the legs without runs that carry next to nothing, and what adds up over each."""
    rows = _split(table, active)
    sums = _add_up(table, rows)
    charge = np.abs(sums.charge["backward"])
    small = charge <= _NEGLIGIBLE * charge.max(initial=0.0)
    if not small.any():
        return rows, sums
    length = np.diff(rows.first, append=len(rows.at))
    active = active.copy()
    active[rows.at[np.repeat(small, length)]] = False
    rows = _split(table, active)
    return rows, _add_up(table, rows)


@dataclass(frozen=True)
class _Piece:
    """Some intervals, where they can so few that they stay in the cache: their `ends`, and where each of `legs` begins."""

    ends: np.ndarray
    begins: np.ndarray
    legs: np.ndarray

    def add(self, total: np.ndarray, values: np.ndarray) -> None:
        """Add the values of the intervals to the totals of their legs."""
        total[self.legs] += np.add.reduceat(values, self.begins)


def _pieces(rows: Rows) -> Iterator[_Piece]:
    """Yield the intervals in pieces of whole legs: equal legs then have equal sums, in all digits."""
    begins = np.flatnonzero(np.diff(rows.leg, prepend=-1))
    number = begins // _PIECE
    first = np.flatnonzero(np.diff(number, prepend=-1))
    for a, b in pairwise([*first.tolist(), len(begins)]):
        stop = begins[b] if b < len(begins) else len(rows.ends)
        yield _Piece(rows.ends[begins[a] : stop], begins[a:b] - begins[a], rows.leg[begins[a:b]])


@dataclass(frozen=True)
class _Sums:
    """Sums over the intervals of each leg, all (n_legs,).

    `charge` [C], `energy` [J] and `seen` (the charge where the voltage is known) by the rule that takes the current of an
    interval from its end ('backward'), from its begin ('forward'), or from both. `counted` is the counter's difference.
    """

    charge: dict[str, np.ndarray]
    energy: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]
    counted: np.ndarray
    duration: np.ndarray


def _add_up(table: Table, rows: Rows) -> _Sums:
    """Add up the intervals of each leg, in one pass."""
    n = len(rows.first)
    counted, duration = np.zeros((2, n))
    charge, energy, seen = ({rule: np.zeros(n) for rule in ("backward", "forward")} for _ in range(3))
    for piece in _pieces(rows):
        ends = piece.ends
        step, middle = table.step[ends], 0.5 * (table.voltage[ends] + table.voltage[ends - 1])
        known = np.isfinite(middle)
        gaps = not known.all()
        if gaps:
            middle = np.where(known, middle, 0.0)
        for rule, at in (("backward", ends), ("forward", ends - 1)):
            dq = table.current[at] * step
            piece.add(charge[rule], dq)
            piece.add(energy[rule], middle * dq)
            piece.add(seen[rule], dq * known if gaps else dq)
        piece.add(duration, step)
        if table.counted is not None:
            piece.add(counted, table.counted[ends])
    for sums in (charge, energy, seen):
        sums["trapezoid"] = 0.5 * (sums["backward"] + sums["forward"])
    return _Sums(charge, energy, seen, counted, duration)


def _rule_of(table: Table, sums: _Sums) -> str:
    """Return the rule whose charges come closest to the counter; the trapezoid where there is none."""
    if table.counted is None or not np.isfinite(sums.counted).any():
        return "trapezoid"
    misses = {rule: float(np.nansum(np.abs(sums.charge[rule] - sums.counted))) for rule in RULES}
    return min(RULES, key=lambda rule: (misses[rule], rule != "trapezoid"))


def _summed(
    table: Table, rows: Rows, sums: _Sums, *, origin: tuple[int, np.ndarray | None], of: tuple[float, Signs]
) -> Legs:
    """Return the legs; `origin` is the length of the record as given, and which of its rows the table has (None: all)."""
    given, rows_given = origin
    n = len(rows.first)
    rule = _rule_of(table, sums)
    charge = sums.charge[rule]
    first = rows.at[rows.first]
    last = rows.at[np.append(rows.first[1:], len(rows.at)) - 1] if n else first
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_current, mean_voltage = charge / sums.duration, sums.energy[rule] / sums.seen[rule]
    active = np.zeros(given, bool)
    active[rows.at if rows_given is None else rows_given[rows.at]] = True
    return Legs(
        start=first if rows_given is None else rows_given[first],
        stop=(last if rows_given is None else rows_given[last]) + 1,
        sign=np.where(table.positive[first], 1, -1),
        charge=charge,
        counter=sums.counted if table.counted is not None else np.full(n, np.nan),
        duration=sums.duration,
        mean_current=mean_current,
        voltage_first=table.voltage[first],
        voltage_last=table.voltage[last],
        mean_voltage=mean_voltage,
        interludes=interludes_of(table, rows),
        sampling=sampling_of(table, rows, last),
        noise=noise_of(table, rows),
        gaps=rows.skipped,
        end_current=end_current_of(table, rows),
        misread=count_of(rows, of[1].misread),
        pulses=count_of(rows, of[1].pulses),
        doubt=doubt_of(table, rows, of[1].doubt),
        threshold=of[0],
        rule=rule,
        active=active,
        ends=rows.ends if rows_given is None else rows_given[rows.ends],
    )
