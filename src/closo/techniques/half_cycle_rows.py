"""The rows of half cycles, and what is read from them one leg at a time: ends, noise, readings that were replaced."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from closo.techniques.noise import white_noise

_READINGS = 5  # of the current in a leg, for its noise and its end
_PARTS = 4  # of a leg, each with its own noise
_EVEN = 0.02  # relative: steps of one length
_SHORTER = 0.9  # of the usual step: the last one ended early
_ENOUGH, _MOSTLY = 3, 0.75  # legs, and share of those that tell


@dataclass(frozen=True)
class Table:
    """The record without unknown rows; `step` and `counted` belong to the interval that ends at a row."""

    time: np.ndarray
    current: np.ndarray
    positive: np.ndarray
    voltage: np.ndarray
    spectrum: np.ndarray
    step: np.ndarray
    counted: np.ndarray | None


@dataclass(frozen=True)
class Rows:
    """Rows under current and the intervals between them.

    `at` (m,) are the rows, `first` (n_legs,) the position in `at` where a leg begins; `ends` (k,) are the rows that end an
    interval, `leg` (k,) its leg; `skipped` (n_legs,) counts gaps.
    """

    at: np.ndarray
    first: np.ndarray
    ends: np.ndarray
    leg: np.ndarray
    skipped: np.ndarray


def interludes_of(table: Table, rows: Rows) -> np.ndarray:
    """Count the interruptions with a spectrum inside each leg or just before it."""
    n = len(rows.first)
    if not n or not table.spectrum.any():
        return np.zeros(n, int)
    seen = np.cumsum(table.spectrum)[rows.at]
    interrupted = np.diff(seen, prepend=0) > 0
    return np.asarray(np.add.reduceat(interrupted.astype(int), rows.first))


def sampling_of(table: Table, rows: Rows, last: np.ndarray) -> np.ndarray:
    """Return the step within which a leg's end is not known [s]: to the next row, but at most the usual step before.

    It is 0 where the instrument wrote a row at the end: after even steps the last one is shorter, and not because the
    voltage moved more in it (that writes a row, too). Where three of four legs that tell show such a row, all legs have
    it but one that the end of the record cut off.
    """
    n = len(rows.first)
    found, at_end, even = np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
    bounds = np.searchsorted(rows.leg, np.arange(n + 1))
    for k in range(n):
        ends = rows.ends[max(bounds[k], bounds[k + 1] - 1 - _READINGS) : bounds[k + 1]]
        steps = table.step[ends]
        longest = median(steps[-_READINGS:].tolist()) if len(ends) else 0.0
        following = table.step[last[k] + 1] if last[k] + 1 < len(table.step) else longest
        found[k] = min(longest, max(float(following), 0.0))
        if len(ends) > _READINGS and ends[-1] == last[k]:
            at_end[k], even[k] = _row_at_end(steps, np.abs(table.voltage[ends] - table.voltage[ends - 1]))
    shown = int(at_end.sum())
    if shown >= _ENOUGH and shown >= _MOSTLY * (shown + int(even.sum())):
        at_end[last + 1 < len(table.step)] = True
    return np.where(at_end, 0.0, found)


def _row_at_end(steps: np.ndarray, moved: np.ndarray) -> tuple[bool, bool]:
    """Return whether the last of some steps shows that a row was written at the end, and whether it shows none."""
    usual = median(steps[:-1].tolist())
    if not np.all(np.abs(steps[:-1] - usual) <= _EVEN * usual):
        return False, False
    short = bool(steps[-1] < _SHORTER * usual)
    return short and bool(moved[-1] <= moved[:-1].max()), bool(steps[-1] >= (1.0 - _EVEN) * usual)


def noise_of(table: Table, rows: Rows) -> np.ndarray:
    """Return the standard uncertainty of each leg's charge by the noise of its current readings [C].

    A charge is a sum of I dt over readings with independent noise s: u = s sqrt(sum dt^2). s is found from the median
    second difference of the readings within the leg, which neither a tapering current nor a step of it moves; 0 where
    there are fewer than 5 readings in a row.
    """
    found = np.zeros(len(rows.first))
    bounds = np.searchsorted(rows.leg, np.arange(len(found) + 1))
    for k in range(len(found)):
        ends = rows.ends[bounds[k] : bounds[k + 1]]
        parts = np.array_split(ends, _PARTS) if len(ends) >= _PARTS * _READINGS else [ends]
        variance = 0.0
        for part in parts if len(ends) >= _READINGS else ():
            step = table.step[part]
            variance += white_noise(table.current[part]) ** 2 * float(step @ step)
        found[k] = math.sqrt(variance)
    return found


def end_current_of(table: Table, rows: Rows) -> np.ndarray:
    """Return the size of the current at the end of each leg [A]."""
    bounds = np.append(rows.first, len(rows.at))
    last = (rows.at[max(a, b - _READINGS) : b] for a, b in pairwise(bounds.tolist()))
    return np.array([abs(median(table.current[at].tolist())) for at in last])


def count_of(rows: Rows, found: np.ndarray) -> np.ndarray:
    """Return how many of the rows `found` lie in each leg."""
    leg = np.searchsorted(rows.at[rows.first], found, side="right") - 1
    return np.bincount(leg[leg >= 0], minlength=len(rows.first))


def doubt_of(table: Table, rows: Rows, doubt: np.ndarray | None) -> np.ndarray:
    """Return the charge in doubt of each leg [C]."""
    if doubt is None or not len(rows.first):
        return np.zeros(len(rows.first))
    charge = 0.5 * (np.abs(doubt[rows.ends]) + np.abs(doubt[rows.ends - 1])) * table.step[rows.ends]
    return np.bincount(rows.leg, weights=charge, minlength=len(rows.first))
