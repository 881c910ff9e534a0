"""How long a cell rested before the first current of a record."""

from __future__ import annotations

import math

import numpy as np

from closo.quantity import Quantity, uncertain, withheld
from closo.techniques.half_cycles import Legs
from closo.techniques.instrument import CLOCK


def first_rest(time: np.ndarray, legs: Legs, *, frequency: np.ndarray | None, name: str) -> Quantity:
    """Return the time [s] from the first row of a record to the first current of its first leg.

    The current began somewhere between the last row before the leg and the leg's first row: the middle, rectangular.
    Spectra in between, taken at open circuit, count as rest and are named. Withheld where the record begins under
    current, or its time does not run forward until then.

    Parameters
    ----------
    time : shape (n,) [s]. frequency : shape (n,) [Hz], > 0 in the rows of a spectrum, or None.
    """
    first = int(legs.start[0]) if len(legs) else 0
    if first == 0:
        return withheld("duration", "the record begins under current, so it does not say how long the cell rested")
    if np.any(np.diff(time[: first + 1]) < 0):
        return withheld("duration", "the time decreases before the first current")
    early, late = float(time[first - 1] - time[0]), float(time[first] - time[0])
    middle = 0.5 * (early + late)
    u = {f"sampling of the rest:{name}": (late - early) / math.sqrt(12.0), f"clock:{name}": CLOCK * middle}
    inside = np.zeros(first, np.int8) if frequency is None else (frequency[:first] > 0).astype(np.int8)
    spectra = int(np.sum(np.diff(inside, prepend=0) == 1))
    within = f", with {spectra} {'spectrum' if spectra == 1 else 'spectra'} in it" if spectra else ""
    method = f"from the first row of the record to the first current{within}; what came before the record is not in it"
    return Quantity("duration", uncertain(middle, u), method)
