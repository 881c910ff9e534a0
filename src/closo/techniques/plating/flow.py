"""What flowed in a symmetric cell: charge and time under current, interval by interval, up to any moment.

Between two rows of a half cycle the charge is the integral of the current by the rule of its leg
(`closo.techniques.half_cycles`). At its edges the record is silent: the current began or ended somewhere between the row
that has it and the neighbour that has not.

- Where the polarity changes from one row to the next, the current flowed all the time. Each half cycle gets half of the
  interval; what one has too much the other has too little, so that a sum over both knows it exactly.
- Beside a rest each edge gets half of the interval, but no more than half of the usual one. A file that writes a row at
  every change (intervals across a change of polarity less than a tenth of the usual ones) needs neither.
- A record that begins under current, not more than one interval after the zero of its clock, began at that zero.

Beside both stands what a uniform distribution over the interval leaves: its length over the root of 12. A gap in the record
is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_UNIFORM = 1.0 / np.sqrt(12.0)  # standard deviation of a uniform distribution over its width
_ROWS_AT_CHANGES = 0.1  # of the usual interval
_LONGEST = 2.0  # usual intervals that a change of polarity may take; beyond, it is a gap


@dataclass(frozen=True)
class Passed:
    """What passed in each half cycle, shape (half cycles,).

    `charge` : integral of |I| dt [C]; `time` : under current [s]; `edge` : u of `time` by the edges, signed: as many
    edges as are summed share one error, and the two sides of a change of polarity have opposite signs [s].
    """

    charge: np.ndarray
    time: np.ndarray
    edge: np.ndarray


@dataclass(frozen=True)
class Flow:
    """Intervals under current, shape (m,): `half` cycle, `begin` and `end` [s], |`charge`| [C], `edge` [s]."""

    half: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    charge: np.ndarray
    edge: np.ndarray

    def until(self, moment: float, halves: int) -> Passed:
        """Return what passed up to a moment [s]; `inf` for all. An interval that it cuts counts by its share of time."""
        length = self.end - self.begin
        share = np.clip((moment - self.begin) / np.where(length > 0, length, 1.0), 0.0, 1.0)
        sums = (share * self.charge, share * length, np.where(share > 0, self.edge, 0.0))
        return Passed(*(np.bincount(self.half, values, halves) for values in sums))


def flow_of(
    time: np.ndarray, current: np.ndarray, rows: tuple[np.ndarray, ...], *, ends: np.ndarray, rule: str
) -> Flow:
    """Return the intervals of all half cycles.

    Parameters
    ----------
    time, current : shape (n,) [s], [A], the whole record.
    rows : of each half cycle.
    ends, rule : of the legs.

    Example
    -------
    >>> t = np.arange(6.0); i = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    >>> flow = flow_of(t, i, (np.arange(3), np.arange(3, 6)), ends=np.array([1, 2, 4, 5]), rule="trapezoid")
    >>> flow.until(np.inf, 2).charge.tolist(), float(flow.until(2.25, 2).time.sum())
    ([2.5, 2.5], 2.25)
    """
    owner = np.full(time.size, -1)
    for k, own in enumerate(rows):
        owner[own] = k
    size = np.abs(current)
    ends = ends[(owner[ends] >= 0) & (owner[ends - 1] >= 0)]
    step = time[ends] - time[ends - 1]
    weight = {"backward": (1.0, 0.0), "forward": (0.0, 1.0)}.get(rule, (0.5, 0.5))
    charge = (weight[0] * size[ends] + weight[1] * size[ends - 1]) * step
    inner = np.stack([owner[ends], time[ends - 1], time[ends], charge, np.zeros(ends.size)])
    parts = np.concatenate([inner, _edges(time, size, owner, ends, rows=rows)], axis=1)
    half, begin, end, passed, edge = parts
    return Flow(half.astype(int), begin, end, passed, edge)


def _edges(
    time: np.ndarray, size: np.ndarray, owner: np.ndarray, ends: np.ndarray, *, rows: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Return (half, begin, end, charge, edge) of the half intervals at the edges, shape (5, e)."""
    if not rows:
        return np.zeros((5, 0))
    usual = np.array([float(np.median(np.diff(time[own]))) for own in rows])
    counted = np.zeros(time.size, bool)
    counted[ends] = True
    later = np.flatnonzero(~counted[1:] & (np.diff(time) > 0)) + 1
    before, after, gap = owner[later - 1], owner[later], time[later] - time[later - 1]
    both = (before >= 0) & (after >= 0)
    across = both & (before != after) & (gap <= _LONGEST * np.minimum(usual[before], usual[after]))
    beside = ((before >= 0) | (after >= 0)) & ~both
    if across.any() and np.median(gap[across]) < _ROWS_AT_CHANGES * np.median(usual):
        beside &= False
    found = [np.zeros((5, 0))]
    if owner[0] >= 0 and 0 < time[0] <= usual[owner[0]] * (1 + 1e-6):
        found = [np.array([[owner[0]], [0.0], [time[0]], [time[0] * size[0]], [_UNIFORM * time[0]]])]
    for row, own, is_end in ((later - 1, before, True), (later, after, False)):
        for use, length, sign in (
            (across, gap, 1.0 if is_end else -1.0),
            (beside & (own >= 0), np.minimum(gap, usual[own]), 1.0),
        ):
            half = 0.5 * length[use]
            begin = time[row[use]] - (0.0 if is_end else half)
            found.append(np.stack([own[use], begin, begin + half, half * size[row[use]], 2.0 * sign * _UNIFORM * half]))
    return np.concatenate(found, axis=1)
