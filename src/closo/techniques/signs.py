"""Which rows of a record are under current, and of which sign, where readings are noisy or wrong.

Noise. Where the noise of the readings is comparable with the threshold of the rest, single readings do not tell a rest, or
the tail of a step at constant voltage, from a change of sign. Then a leg begins and goes on with readings above five
standard deviations, and the rows after such a reading belong to it as long as the sum of I dt still grows faster than half
the threshold: the likeliest place of a change from the threshold to zero. Readings of both signs count in such a tail, so
that their noise averages out.

Readings of the other sign. One or two readings in a row, within a leg, are either misread or a real pulse. The voltage
tells: a current that really turns moves it. Misread ones are replaced by the line between their neighbours, real ones count
with their sign; neither ends the leg. Where a rest is beside them, at the first or last row of a leg, the voltage against
that of the rest tells: on the leg's side of it they are misread, and have the current of the leg's next row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from closo.techniques.noise import white_noise

_NOISY = 4.0  # standard deviations; a threshold below these is within the noise
_STRONG = 5.0  # standard deviations of a reading that is surely not zero
_MOST = 250.0  # times the threshold (half of the usual current): what is above is current, however noisy
_WEAK = 25.0  # times the threshold: below, readings are looked at for their noise
_SAMPLE = 100_000  # readings looked at for that
_FEWEST = 10
_SHORT = 2  # readings in a row that may be misread
_AROUND = 10  # times as many of the leg's own sign around them
_LIKE = 2.0  # readings at the end of a leg that differ by this factor are not one current with its sign turned
_RESPONSE = 6.0  # times its usual change of slope, by which the voltage moves in a real pulse
_FLOOR = 1e-4  # V, and at least this
_HELD = 0.005  # V, within which a step at constant voltage keeps its voltage
_SMALL = 100.0  # times the threshold (a fifth of the usual current): below, a run may be noise around zero
_LONGEST = 100  # readings of such a run
_NEAR = 10  # readings on both sides, which its noise is taken from


@dataclass(frozen=True)
class Signs:
    """The rows under current."""

    active: np.ndarray  # (n,) bool: under current
    positive: np.ndarray  # (n,) bool: in a charging leg (of meaning in active rows)
    current: np.ndarray  # (n,) [A], misread readings replaced
    misread: np.ndarray  # rows of readings of the other sign: replaced
    pulses: np.ndarray  # rows of readings of the other sign: counted as they are
    doubt: np.ndarray | None  # (n,): change of the current by a replacement that no voltage confirms [A]


def signs_of(
    step: np.ndarray, current: np.ndarray, voltage: np.ndarray, spectrum: np.ndarray, *, limit: float
) -> Signs:
    """Tell the rows under current from the rest, and their signs.

    Parameters
    ----------
    step : (n,) interval that ends at each row [s]. current, voltage : (n,) [A], [V]. spectrum : (n,) bool.
    limit : |I| below which a reading without noise is rest [A].

    Example
    -------
    >>> i = np.array([0.0, *[1.0] * 12, -1.0, *[1.0] * 12]); flat = np.full(26, 3.0)
    >>> found = signs_of(np.ones(26), i, flat, flat > 9, limit=0.002)
    >>> found.misread.tolist(), float(found.current[13]), bool(found.positive[1:].all())
    ([13], 1.0, True)
    """
    positive = current > 0
    noise = _noise_near_zero(current, spectrum, limit)
    if _NOISY * noise <= limit:
        active = ((current > limit) | (current < -limit)) & ~spectrum
    else:
        active = (np.abs(current) > min(_STRONG * noise, _MOST * limit)) & ~spectrum
        _add_tails(active, positive, step=step, current=current, voltage=_held(voltage, spectrum), limit=limit)
    runs = _runs(active, positive)
    if _join_noise(runs, positive, step=step, current=current, limit=limit):
        runs = _runs(active, positive)
    return _without_single_readings(runs, active, positive, current, voltage=voltage)


def _noise_near_zero(current: np.ndarray, spectrum: np.ndarray, limit: float) -> float:
    """Return the standard deviation of readings around zero [A]; exact zeros are none, and too few say nothing."""
    window, noise = _WEAK * limit, 0.0
    for _ in range(4):
        weak = (current != 0) & (current < window) & (current > -window) & ~spectrum
        together = np.flatnonzero(weak[2:] & weak[1:-1] & weak[:-2]) + 1
        if len(together) >= _FEWEST:
            at = together[:: 1 + len(together) // _SAMPLE]
            second = np.abs(current[at - 1] - 2.0 * current[at] + current[at + 1])
            noise = float(np.median(second)) / (0.6745 * math.sqrt(6.0))
        if window > _STRONG * noise or window > _MOST * limit:
            break
        window = 2.0 * _STRONG * noise
    return noise


def _held(voltage: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Return the voltage, 0 where none is known at all, NaN in the rows of spectra."""
    if not np.isfinite(voltage).any():
        voltage = np.zeros(len(voltage))
    return np.where(spectrum, np.nan, voltage)


def _add_tails(
    active: np.ndarray,
    positive: np.ndarray,
    *,
    step: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    limit: float,
) -> None:
    """Add the weak rows after each strong one, as long as they carry charge of its sign; in place.

    `voltage` is NaN in the rows of a spectrum, which end a tail.
    """
    strong = np.flatnonzero(active)
    stops = np.append(strong[1:], len(active))
    followed = np.flatnonzero(stops - strong > 1)
    for last, stop in zip(strong[followed].tolist(), stops[followed].tolist(), strict=True):
        left = np.flatnonzero(~(np.abs(voltage[last + 1 : stop] - voltage[last]) <= _HELD))
        rows = slice(last + 1, last + 1 + int(left[0]) if len(left) else stop)
        if rows.start == rows.stop:
            continue
        charging = bool(positive[last])
        weight = np.clip(step[rows], 0.0, 5.0 * float(np.median(step[rows])))
        grown = np.cumsum(((current[rows] if charging else -current[rows]) - 0.5 * limit) * weight)
        end = int(np.argmax(grown))
        if grown[end] > 0.0:
            active[last + 1 : last + 2 + end] = True
            positive[last + 1 : last + 2 + end] = charging


@dataclass(frozen=True)
class _Runs:
    """Runs of one sign among the active rows, (n,) each: rows `start` to `stop`, `length` of active rows.

    `joined` is True where no other row lies between a run and the one before it.
    """

    start: np.ndarray
    stop: np.ndarray
    length: np.ndarray
    joined: np.ndarray


def _pieces(active: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows at which the pieces of neighbouring active rows of one sign start, and stop."""
    joined = np.zeros(len(active) + 1, bool)  # whether a row belongs together with the one before it
    np.logical_and(active[1:], active[:-1], out=joined[1:-1])
    joined[1:-1] &= positive[1:] == positive[:-1]
    return np.flatnonzero(active & ~joined[:-1]), np.flatnonzero(active & ~joined[1:]) + 1


def _runs(active: np.ndarray, positive: np.ndarray) -> _Runs:
    start, stop = _pieces(active, positive)
    sign = positive[start]
    first = np.append(0, np.flatnonzero(sign[1:] != sign[:-1]) + 1)[: len(start)]
    length = np.add.reduceat(stop - start, first) if len(first) else np.zeros(0, int)
    start, stop = start[first], stop[np.append(first[1:], len(stop)) - 1] if len(first) else stop
    return _Runs(start, stop, length, np.append(False, start[1:] == stop[:-1])[: len(first)])


def _join_noise(runs: _Runs, positive: np.ndarray, *, step: np.ndarray, current: np.ndarray, limit: float) -> bool:
    """Give runs around zero whose charge is below its noise to the leg before them, in place; return whether there are."""
    changed = False
    few = np.flatnonzero(runs.joined & (runs.length <= _LONGEST))
    for k in few.tolist():
        rows = slice(int(runs.start[k]), int(runs.stop[k]))
        if abs(float(current[rows].mean())) > _SMALL * limit:
            continue
        noise = white_noise(current[max(0, rows.start - _NEAR) : rows.stop + _NEAR])
        charge, weight = float(current[rows] @ step[rows]), float(step[rows] @ step[rows])
        if abs(charge) < _STRONG * noise * math.sqrt(weight):
            positive[rows] = positive[rows.start - 1]
            changed = True
    return changed


def _without_single_readings(
    runs: _Runs, active: np.ndarray, positive: np.ndarray, current: np.ndarray, *, voltage: np.ndarray
) -> Signs:
    """Give readings of the other sign within a leg to it, misread ones replaced."""
    none = np.zeros(0, int)
    before, after = np.append(0, runs.length[:-1]), np.append(runs.length[1:], 0)
    single = (runs.length <= _SHORT) & (runs.stop - runs.start == runs.length)
    single &= (np.minimum(before, after) >= runs.length) & (before + after >= _AROUND * runs.length)
    single &= runs.joined & np.append(runs.joined[1:], False)[: len(single)]
    found = np.flatnonzero(single)
    signs = Signs(active, positive, current, none, none, None)
    if len(found):
        signs = _repaired(active, positive, current, voltage, runs=(runs.start[found], runs.stop[found]))
    return _with_edges(signs, voltage)


def _edges(active: np.ndarray, positive: np.ndarray) -> Iterator[tuple[int, int, bool]]:
    """Yield rows (from, to) of short runs between a rest and a long run of the other sign, and whether the rest is first."""
    start, stop = _pieces(active, positive)
    apart = start[1:] != stop[:-1]
    rested = np.concatenate([[True], apart, [True]])  # before each piece, and behind the last
    length = stop - start
    before, after = np.append(0, length[:-1]), np.append(length[1:], 0)
    long_after = ~rested[1:] & rested[:-1] & (after >= _AROUND * length)
    long_before = ~rested[:-1] & rested[1:] & (before >= _AROUND * length)
    for k in np.flatnonzero((length <= _SHORT) & (long_after | long_before)).tolist():
        yield int(start[k]), int(stop[k]), bool(long_after[k])


def _with_edges(signs: Signs, voltage: np.ndarray) -> Signs:
    """Give misread readings at the first or last rows of a leg to it, with the current of its next row.

    Readings that are not as large as that current are no misread ones of it; they stay as they are.
    """
    edges = list(_edges(signs.active, signs.positive)) if signs.active.any() else []
    if not edges:
        return signs
    positive, current = signs.positive.copy(), signs.current.copy()
    doubt = np.zeros(len(current)) if signs.doubt is None else signs.doubt
    sure = max(_RESPONSE * white_noise(voltage[np.isfinite(voltage)][:_SAMPLE]), _FLOOR)
    misread = signs.misread.tolist()
    for a, b, at_first in edges:
        inner, outer = (b, a - 1) if at_first else (a - 1, b)
        beside = float(current[inner])
        alike = np.all((np.abs(current[a:b]) * _LIKE > abs(beside)) & (np.abs(current[a:b]) < _LIKE * abs(beside)))
        rest = voltage[outer] if 0 <= outer < len(voltage) else np.nan
        moved = math.copysign(1.0, beside) * float(np.mean(voltage[a:b]) - rest)
        if not alike or moved < -sure:
            continue
        if not moved > sure:
            doubt[a:b] = beside - current[a:b]
        positive[a:b], current[a:b] = beside > 0, beside
        misread += range(a, b)
    doubted = doubt if np.any(doubt) or signs.doubt is not None else None
    return Signs(signs.active, positive, current, np.array(sorted(misread), int), signs.pulses, doubted)


def _repaired(
    active: np.ndarray,
    positive: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    *,
    runs: tuple[np.ndarray, np.ndarray],
) -> Signs:
    """Decide by the voltage which of the runs are misread, and replace those."""
    start, stop = runs
    before, after = start - 1, stop  # the neighbours, both of the leg's sign
    sign = np.where(positive[start], -1.0, 1.0)  # of the leg
    moved = sign * (0.5 * (voltage[before] + voltage[after]) - voltage[start])
    known = np.isfinite(moved)
    usual = white_noise(voltage[np.isfinite(voltage)][:_SAMPLE])
    real = known & (moved > max(_RESPONSE * usual, _FLOOR))
    positive, current, doubt = positive.copy(), current.copy(), np.zeros(len(current))
    misread: list[int] = []
    pulses: list[int] = []
    for k, (a, b) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        positive[a:b] = ~positive[a:b]
        if real[k]:
            pulses.extend(range(a, b))
            continue
        misread.extend(range(a, b))
        line = np.linspace(current[a - 1], current[b], b - a + 2)[1:-1]
        if not known[k]:
            doubt[a:b] = line - current[a:b]
        current[a:b] = line
    return Signs(active, positive, current, np.array(misread, int), np.array(pulses, int), doubt)
