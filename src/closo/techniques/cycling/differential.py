"""Voltage against capacity, and differential capacity, of selected cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.cycling.cycles import Cycles

_POINTS = 1500  # per leg, in the curves
_BINS = 150  # of differential capacity over the window of voltage
_FINEST = 0.005  # V


@dataclass(frozen=True)
class Branches:
    """Legs of selected cycles, one after the other, (n,) each."""

    cycle: np.ndarray  # index of the cycle of each point
    sign: np.ndarray  # +1 in a charge, -1 in a discharge
    capacity: np.ndarray  # |charge| since the leg began [C]
    voltage: np.ndarray  # [V]


def selected(cycles: Cycles) -> list[tuple[int, int]]:
    """Return (index of the cycle, leg) of the curves that are kept: first, second, middle and last complete cycle.

    Without a complete cycle the first one is kept; without any cycle the first two legs, as cycle -1.
    """
    done = np.flatnonzero(cycles.complete)
    if not len(cycles):
        return [(-1, leg) for leg in range(min(2, len(cycles.legs)))]
    places = {0, min(1, len(done) - 1), len(done) // 2, len(done) - 1} if len(done) else set()
    chosen = [int(done[k]) for k in sorted(places)] or [0]
    return [(k, int(leg[k])) for k in chosen for leg in (cycles.first, cycles.second)]


def branches(
    cycles: Cycles, chosen: list[tuple[int, int]], columns: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Branches:
    """Return voltage over capacity of the chosen legs, thinned; rests and spectra inside a leg are left out.

    `columns` are time [s], current [A] and voltage [V] of the record.
    """
    time, current, voltage = columns
    parts: list[tuple[np.ndarray, ...]] = []
    legs = cycles.legs
    for k, leg in chosen:
        rows = slice(int(legs.start[leg]), int(legs.stop[leg]))
        active = legs.active[rows] & np.isfinite(voltage[rows])
        step = np.diff(time[rows], prepend=time[rows.start])
        joined = active & np.append(False, active[:-1])
        passed = np.cumsum(np.where(joined, np.abs(current[rows]) * np.maximum(step, 0.0), 0.0))[active]
        if not len(passed):
            continue
        total = abs(float(legs.charge[leg]))
        if passed[-1] > 0:
            passed = passed * (total / passed[-1])  # ends at the charge of the leg, whatever the rule was
        volts = voltage[rows][active]
        keep = _thin(passed, volts)
        n = len(keep)
        parts.append((np.full(n, k), np.full(n, legs.sign[leg]), passed[keep], volts[keep]))
    if not parts:
        return Branches(*(np.zeros(0, int),) * 2, *(np.zeros(0),) * 2)
    return Branches(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _thin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the rows to keep: even in x and even in y, with both ends."""
    n = len(x)
    if n <= _POINTS:
        return np.arange(n)
    half = _POINTS // 2
    by_x = np.searchsorted(x, np.linspace(x[0], x[-1], half))
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(y)))])
    by_y = np.searchsorted(way, np.linspace(0.0, way[-1], half))
    return np.unique(np.clip(np.concatenate([[0], by_x, by_y, [n - 1]]), 0, n - 1))


def differential_capacity(found: Branches) -> tuple[Branches, float]:
    """Return dq/dU (as `capacity` [C/V], signed like the current) on even steps of voltage, and the step [V].

    The charge of each interval is spread evenly over the voltages that it crosses, so that the area under the curve is the
    charge; features finer than the step are not resolved. Steps: 1/150 of the window, at least 5 mV and at least the
    typical step of the record.
    """
    if len(found.voltage) < 3:
        return Branches(found.cycle[:0], found.sign[:0], found.capacity[:0], found.voltage[:0]), 0.0
    low, high = (float(v) for v in (found.voltage.min(), found.voltage.max()))
    same = (np.diff(found.cycle) == 0) & (np.diff(found.sign) == 0)
    usual = float(np.median(np.abs(np.diff(found.voltage)[same]))) if same.any() else 0.0
    width = max((high - low) / _BINS, 2.0 * usual, min(_FINEST, (high - low) / 20.0))
    if not width > 0:
        return Branches(found.cycle[:0], found.sign[:0], found.capacity[:0], found.voltage[:0]), 0.0
    edges = low + width * np.arange(int(np.ceil((high - low) / width)) + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    parts = []
    for k in np.unique(found.cycle):
        for sign in (1, -1):
            mine = (found.cycle == k) & (found.sign == sign)
            if mine.sum() < 3:
                continue
            slope = sign * _spread(found.voltage[mine], found.capacity[mine], edges) / width
            parts.append((np.full(len(middle), k), np.full(len(middle), sign), slope, middle))
    if not parts:
        return Branches(found.cycle[:0], found.sign[:0], found.capacity[:0], found.voltage[:0]), 0.0
    return Branches(*(np.concatenate(columns) for columns in zip(*parts, strict=True))), width


def _spread(voltage: np.ndarray, capacity: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the charge in each bin of voltage, each interval spread evenly over the voltages it crosses."""
    dq = np.diff(capacity)
    low, high = np.minimum(voltage[1:], voltage[:-1]), np.maximum(voltage[1:], voltage[:-1])
    high = np.maximum(high, low + 1e-6)
    below = np.zeros(len(edges))
    for begin in range(0, len(dq), 500):  # in pieces, so that the table stays small
        part = slice(begin, begin + 500)
        share = (edges[None, :] - low[part, None]) / (high - low)[part, None]
        below += dq[part] @ np.clip(share, 0.0, 1.0)
    return np.diff(below)
