"""Spectra taken while a cell was cycled: what they did to the efficiency, and what charge they moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.quantity import Quantity, uncertain, withheld
from closo.techniques.cycling.cycles import Cycles

_REACH = 3  # cycles within which a neighbour is comparable


@dataclass(frozen=True)
class Interludes:
    """Blocks of rows with a frequency, (n,): `start`, `stop` rows, `charge` [C] that passed, `duration` [s]."""

    start: np.ndarray
    stop: np.ndarray
    charge: np.ndarray
    duration: np.ndarray
    counted: bool

    def __len__(self) -> int:
        return len(self.start)


def find_interludes(
    time: np.ndarray, current: np.ndarray, frequency: np.ndarray | None, counter: np.ndarray | None
) -> Interludes:
    """Return the spectra in a record and the charge that each moved: by the counter where there is one, else I dt."""
    inside = np.zeros(len(time), bool) if frequency is None else np.asarray(frequency, float) > 0
    edges = np.diff(inside.astype(np.int8), prepend=0, append=0)
    start, stop = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    before = np.maximum(start - 1, 0)
    if counter is not None:
        charge = np.asarray(counter, float)[stop - 1] - np.asarray(counter, float)[before]
        if np.isfinite(charge).all():
            return Interludes(start, stop, charge, time[stop - 1] - time[start], counted=True)
    step = np.diff(time, prepend=time[:1])
    total = np.concatenate([[0.0], np.cumsum(np.where(inside, current * np.maximum(step, 0.0), 0.0))])
    return Interludes(start, stop, total[stop] - total[start], time[stop - 1] - time[start], counted=False)


def effect_on_efficiency(cycles: Cycles, *, name: str) -> Quantity:
    """Return the mean of CE(cycle with a spectrum in it or just before it) - CE(its neighbours without one).

    A constant error of the current cancels in the difference.
    """
    method = f"paired difference to the nearest plain cycles (at most {_REACH} away) on both sides"
    quiet = np.flatnonzero(cycles.complete & ~cycles.interlude)
    touched = np.flatnonzero(cycles.complete & cycles.interlude)
    if not len(touched):
        return withheld("coulombic_efficiency", "no spectrum interrupted the cycling", method=method)
    differences = []
    ce = cycles.efficiency.value
    for k in touched:
        below, above = quiet[(quiet < k) & (quiet >= k - _REACH)], quiet[(quiet > k) & (quiet <= k + _REACH)]
        if len(below) and len(above):
            # on the line between the neighbours, so that a steady drift of the efficiency cancels
            a, b = int(below[-1]), int(above[0])
            differences.append(ce[k] - (ce[a] + (ce[b] - ce[a]) * (k - a) / (b - a)))
    if len(differences) < 2:
        why = f"only {len(differences)} of {len(touched)} such cycles has plain neighbours on both sides"
        return withheld("coulombic_efficiency", why, method=method)
    n = len(differences)
    u = float(np.std(differences, ddof=1)) / np.sqrt(n)
    number = uncertain(float(np.mean(differences)), {f"scatter of the difference:{name}": float(u)}, df=n - 1)
    return Quantity("coulombic_efficiency", number, f"{method}; {n} pairs")
