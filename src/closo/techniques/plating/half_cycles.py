"""The half cycles of a symmetric cell: legs at one level of the current, and the polarization of each.

A half cycle is a leg (`closo.techniques.half_cycles`), cut where the current steps to another level within one sign, as in a
staircase of one direction. Its polarization is the mean of |U| over the second half of its time: the transients after
the change of polarity have died away by then.

The resistance is U/I with the signed mean current of the half cycle. It is positive in a cell that only resists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.half_cycles import Legs, find_legs
from closo.techniques.noise import white_noise
from closo.techniques.plating.flow import Flow, flow_of

_SAME_LEVEL = 0.02  # two currents closer than this are one level
_SAME_BOTH_WAYS = 0.1  # levels of the two polarities closer than this are one, read with a zero that is off
_STEP_ROWS = 5  # rows that a new level must hold
_NOISE, _SPAN = 5.0, 8.0  # standard deviations of a reading that a step must exceed, and that five readings may span


@dataclass(frozen=True)
class HalfCycles:
    """The half cycles of a record, in order; arrays of shape (n,) where nothing else is said."""

    # For each the rows under current (spectra and rests left out), of shape (points of it,).
    rows: tuple[np.ndarray, ...]
    # |I| of the voltage at these rows [A]: `current` where constant, else rows, smoothed.
    flowing: tuple[np.ndarray, ...]
    sign: np.ndarray  # +1 or -1
    current: np.ndarray  # mean |I| [A]
    flow: Flow  # what flowed, interval by interval
    charge: np.ndarray  # |integral of I dt|, edges included [C]
    charge_noise: np.ndarray  # standard error of it by the noise of the current's readings [C]
    begin: np.ndarray  # time of its first row [s]
    end: np.ndarray  # time of its last row [s]
    late_current: np.ndarray  # mean |I| of its second half, which its polarization belongs to [A]
    polarization: np.ndarray  # mean |U| of the second half [V]
    noise: np.ndarray  # the standard error that the noise of the samples gives it [V]
    at_time: np.ndarray  # |U| at `fixed` after its beginning [V]; NaN where it is shorter
    fixed: float  # that time [s], one number
    complete: np.ndarray  # whether it lasts at least 0.9 of what is usual at its level
    interludes: np.ndarray  # interruptions with a spectrum inside or just before it
    gaps: np.ndarray  # in the record, left out
    sampling: np.ndarray  # time step at its end [s]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def middle(self) -> np.ndarray:
        """Time at the middle of the second half of each, which its polarization belongs to [s], shape (n,)."""
        return 0.25 * self.begin + 0.75 * self.end


def find_half_cycles(
    time: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    *,
    frequency: np.ndarray | None = None,
    counter: np.ndarray | None = None,
    fixed: float | None = None,
) -> HalfCycles:
    """Find the half cycles of a record.

    Parameters
    ----------
    time, current, voltage : shape (n,), [s], [A], [V], in file order.
    frequency : shape (n,), > 0 in the rows of a spectrum [Hz].
    counter : shape (n,), the instrument's own charge [C].
    fixed : time after the beginning at which |U| is read [s]; half of the usual half cycle when absent.

    Example
    -------
    >>> t = np.arange(0.0, 40.0); i = np.where(t < 20, 1e-3, -1e-3)
    >>> find_half_cycles(t, i, 100.0 * i).polarization.round(3).tolist()
    [0.1, 0.1]
    """
    legs = find_legs(time, current, voltage, frequency=frequency, counter=counter)
    leg, rows = _pieces(time, current, legs)
    flow = flow_of(time, current, rows, ends=legs.ends, rule=legs.rule)
    begin, end = np.array([time[r[0]] for r in rows]), np.array([time[r[-1]] for r in rows])
    sign = np.array([1 if np.median(current[r]) > 0 else -1 for r in rows], int)
    passed = flow.until(np.inf, len(rows))
    level = _levels_of_flow(flow, begin)
    span = end - begin
    usual = float(np.median(span)) if span.size else 0.0
    fixed = 0.5 * usual if fixed is None else float(fixed)
    flowing = tuple(_flowing(np.abs(current[r]), mean) for r, mean in zip(rows, level, strict=True))
    late = [_second_half(time[r], s * voltage[r]) for r, s in zip(rows, sign, strict=True)]
    first = np.array([j == 0 or leg[j] != leg[j - 1] for j in range(leg.size)], bool)
    return HalfCycles(
        rows=rows,
        flowing=flowing,
        sign=sign,
        current=level,
        flow=flow,
        charge=passed.charge,
        charge_noise=legs.noise[leg] * np.sqrt(np.minimum(passed.time / legs.duration[leg], 1.0)),
        begin=begin,
        end=end,
        late_current=np.array([_second_half(time[r], i)[0] for r, i in zip(rows, flowing, strict=True)]),
        polarization=np.array([p for p, _ in late]),
        noise=np.array([u for _, u in late]),
        at_time=np.array([_value_at(time[r], s * voltage[r], fixed) for r, s in zip(rows, sign, strict=True)]),
        fixed=fixed,
        complete=_complete(span, level),
        interludes=np.where(first, legs.interludes[leg], 0) if leg.size else np.zeros(0, int),
        gaps=np.where(first, legs.gaps[leg], 0) if leg.size else np.zeros(0, int),
        sampling=legs.sampling[leg] if leg.size else np.zeros(0),
    )


def _pieces(time: np.ndarray, current: np.ndarray, legs: Legs) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return the leg and the rows of each half cycle: legs, cut where the current steps to another level."""
    leg: list[int] = []
    rows: list[np.ndarray] = []
    for k in range(len(legs)):
        own = legs.start[k] + np.flatnonzero(legs.active[legs.start[k] : legs.stop[k]])
        for part in _levels_within(np.abs(current[own])):
            piece = own[part]
            if piece.size >= 2 and time[piece[-1]] > time[piece[0]]:
                leg.append(k)
                rows.append(piece)
    return np.array(leg, int), tuple(rows)


def _levels_of_flow(flow: Flow, begin: np.ndarray) -> np.ndarray:
    """Return the mean |I| between the rows of each half cycle [A], without its edges and the step to its level."""
    inner = (flow.edge == 0) & (flow.begin >= begin[flow.half])
    sums = [np.bincount(flow.half[inner], v[inner], begin.size) for v in (flow.charge, flow.end - flow.begin)]
    return np.asarray(sums[0] / sums[1])


def _flowing(size: np.ndarray, mean: float) -> np.ndarray:
    """Return |I| of each row: the mean where a tenth of the rows agrees with any other to 2 %, else a running median."""
    if size.size >= 5:
        parts = [float(np.median(part)) for part in np.array_split(size, min(10, size.size // 5))]
        smooth = running_median(size)
        if np.ptp(parts) > _SAME_LEVEL * mean and smooth.min() > 0:
            return smooth
    return np.full(size.size, mean)


def _second_half(time: np.ndarray, voltage: np.ndarray) -> tuple[float, float]:
    """Return the time-weighted mean over the second half of a half cycle and its standard error from sample noise.

    Single wrong samples are replaced by the median of their neighbours.
    """
    use = time >= 0.5 * (time[0] + time[-1])
    t, u = time[use], voltage[use]
    if t.size < 2:
        return float(u[-1]), 0.0
    u = _without_glitches(u)
    mean = float(np.trapezoid(u, t) / (t[-1] - t[0])) if t[-1] > t[0] else float(u.mean())
    return mean, white_noise(u) / float(np.sqrt(u.size))


def running_median(values: np.ndarray) -> np.ndarray:
    """Return the median of five around each sample; at the ends that of the nearest five; shape (n,), n >= 5."""
    windows = np.stack([values[k : values.size - 4 + k] for k in range(5)])
    inner = np.partition(windows, 2, axis=0)[2]
    return np.concatenate([np.full(2, inner[0]), inner, np.full(2, inner[-1])])


def _without_glitches(voltage: np.ndarray) -> np.ndarray:
    """Put the running median in place of samples that are off by more than 5 % and 8 times the noise."""
    if voltage.size < 5:
        return voltage
    middle = running_median(voltage)
    off = np.abs(voltage - middle)
    return np.where(off > np.maximum(0.05 * np.abs(middle), 8.0 * white_noise(voltage)), middle, voltage)


def _value_at(time: np.ndarray, voltage: np.ndarray, fixed: float) -> float:
    since = time - time[0]
    return float(np.interp(fixed, since, voltage)) if since[-1] >= fixed else float("nan")


def _complete(span: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return which half cycles last as long as the others at their level (the longest of only two)."""
    usual = np.empty(span.size)
    for k in range(span.size):
        same = span[np.abs(level - level[k]) <= _SAME_LEVEL * level[k]]
        usual[k] = np.median(same) if same.size > 2 else max(same.max(), np.median(span))
    return np.asarray(span >= 0.9 * usual)


def _levels_within(size: np.ndarray) -> list[np.ndarray]:
    """Cut |I| of one leg into runs of one level: a new one begins where the next rows agree on another value."""
    if size.size < 2 * _STEP_ROWS or np.ptp(size[[0, size.size // 2, -1]]) <= _SAME_LEVEL * np.median(size):
        return [np.arange(size.size)]
    steps = np.flatnonzero(np.abs(np.diff(size)) > _SAME_LEVEL * size[:-1]) + 1
    cuts, last, noise = [0], float(np.median(size[:_STEP_ROWS])), white_noise(size)
    for k in steps:
        ahead, behind = size[k : k + _STEP_ROWS], size[max(k - 2 * _STEP_ROWS, 0) : max(k - _STEP_ROWS, 1)]
        level = float(np.median(ahead))
        steady = ahead.size == _STEP_ROWS and np.ptp(ahead) <= max(0.5 * _SAME_LEVEL * level, _SPAN * noise)
        step = min(abs(ahead[0] - last), abs(level - last), abs(level - float(np.median(behind))))  # a taper has none
        if steady and step > max(_SAME_LEVEL * last, _NOISE * noise):
            cuts.append(int(k))
            last = level
    return [np.arange(a, b) for a, b in zip(cuts, [*cuts[1:], size.size], strict=True)]


def levels_of(current: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Return for each half cycle the number of its level of |I|, counted from the smallest, shape (n,).

    A zero that is off makes |I| of one polarity larger than that of the other. Where both have the same levels, each within
    10 % of its counterpart, or all apart by one amount that is less than half of the smallest step, the two are one level;
    the highest may have one polarity only.

    Parameters
    ----------
    current : |I| of each half cycle [A], shape (n,).
    sign : +1 or -1, shape (n,).

    Example
    -------
    >>> levels_of(np.array([1.0, 1.001, 2.0, 2.0, 1.0]), np.array([1, -1, 1, -1, 1])).tolist()
    [0, 0, 1, 1, 0]
    >>> levels_of(np.array([1.03, 0.97, 1.13, 1.07, 1.23]), np.array([1, -1, 1, -1, 1])).tolist()
    [0, 0, 1, 1, 2]
    >>> levels_of(np.array([1.2, 0.8, 2.2, 1.8, 3.2, 2.8]), np.array([1, -1, 1, -1, 1, -1])).tolist()  # a zero of 0.2
    [0, 0, 1, 1, 2, 2]
    """
    ways = [np.flatnonzero(sign == s) for s in (1, -1)]
    levels = [_levels(current[way]) for way in ways]
    means = [np.bincount(level, current[way]) / np.bincount(level) for level, way in zip(levels, ways, strict=True)]
    fewer, more = sorted(mean.size for mean in means)
    if not fewer or more > fewer + 1 or not _counterparts(means[0][:fewer], means[1][:fewer]):
        return _levels(current)
    number = np.empty(current.size, int)
    for level, way in zip(levels, ways, strict=True):
        number[way] = level
    return number


def _counterparts(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether the levels of the two polarities are the same ones, read with a zero that is off."""
    apart = one - other
    if np.all(np.abs(apart) <= _SAME_BOTH_WAYS * other):
        return True
    if one.size < 2:
        return False
    shift, step = float(np.median(apart)), float(min(np.diff(one).min(), np.diff(other).min()))
    return bool(np.all(np.abs(apart - shift) <= _SAME_LEVEL * np.maximum(one, other)) and abs(shift) < 0.5 * step)


def _levels(current: np.ndarray) -> np.ndarray:
    """Return the number of the level of each current, which a step of more than 2 % parts from the next."""
    order = np.argsort(current, kind="stable")
    sorted_current = current[order]
    new = np.diff(sorted_current, prepend=sorted_current[:1]) > _SAME_LEVEL * sorted_current
    number = np.empty(current.size, int)
    number[order] = np.cumsum(new)
    return number
