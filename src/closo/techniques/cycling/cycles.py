"""The table of cycles: one row for each pair of legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.cycling.budget import Instrument, Sensitivity, ratio
from closo.techniques.cycling.cells import CELLS, ended, pairs
from closo.techniques.half_cycles import Legs

NO_LOG = "no temperature was logged, or none that changes"
_PARTIAL = 0.1  # share that is missing from a partial first leg


@dataclass(frozen=True)
class Cycles:
    """Cycles in order; arrays of length n_cycles. Cycle k of the text (from 1) is index k - 1."""

    cell: str  # kind of cell
    legs: Legs  # of the record
    first: np.ndarray  # index of the first leg of each cycle
    second: np.ndarray  # index of the second leg, which the cell gives back
    charge: np.ndarray  # index of the charging leg
    discharge: np.ndarray  # index of the discharging leg
    efficiency: Sensitivity  # |second| over |first|, with sensitivities
    complete: np.ndarray  # both legs ended at a limit, and the first one did not start from a partly charged cell
    ended: np.ndarray  # of each leg, (n_legs,): it ended at a limit
    partial_start: bool  # the record's first leg is much shorter than those after it: the cell was not empty
    interlude: np.ndarray  # a spectrum interrupted the cycle or came just before it
    temperature: np.ndarray  # mean logged temperature of the second leg [K]; NaN without a log
    rate_group: np.ndarray  # 0, 1, ...: one more wherever the current of the second leg changes by more than 10 %
    rate_level: np.ndarray  # 0, 1, ... from the lowest to the highest current of the second leg, in steps of > 10 %

    def __len__(self) -> int:
        return len(self.first)

    @property
    def number(self) -> np.ndarray:
        """Number of each cycle, from 1."""
        return np.arange(1, len(self) + 1)

    def gap(self, k: int) -> str:
        """Return which leg of a cycle (index) is not complete and why; '' where both are."""
        if self.complete[k]:
            return ""
        if k == 0 and self.partial_start:
            leg, why = int(self.first[0]), "started from a partly charged cell"
        else:
            leg = int(self.second[k] if self.ended[self.first[k]] else self.first[k])
            why = "did not end at a limit as the others of its sign did"
        kind = "charge" if self.legs.sign[leg] > 0 else "discharge"
        return f"cycle {k + 1} is not complete: its {kind} (half cycle {leg + 1}) {why}"

    @property
    def capacity(self) -> np.ndarray:
        """What each cycle gave back: |charge| of its second leg [C]."""
        return np.asarray(np.abs(self.legs.charge[self.second]))

    @property
    def plain(self) -> np.ndarray:
        """Complete cycles without a spectrum in them or just before them; all complete ones if there is no such cycle."""
        quiet = self.complete & ~self.interlude
        return np.asarray(quiet if quiet.any() else self.complete)

    @property
    def delivered(self) -> str:
        """Name of the second leg: 'discharge' or 'charge'."""
        return "charge" if len(self) and self.legs.sign[self.second[0]] > 0 else "discharge"


def tabulate(legs: Legs, meter: Instrument, cell: str, *, leg_temperature: np.ndarray) -> Cycles:
    """Pair the legs of a record into cycles.

    Parameters
    ----------
    cell : one of `cells.CELLS`.
    leg_temperature : (n_legs,) [K], NaN where there is no log.
    """
    first = pairs(legs, cell)
    second = first + 1
    done = ended(legs)
    starts_with_charge = bool(legs.sign[first[0]] > 0) if len(first) else CELLS[cell] >= 0
    charge, discharge = (first, second) if starts_with_charge else (second, first)
    current = np.abs(legs.mean_current[second])
    order = np.argsort(current, kind="stable")
    level = np.zeros(len(first), int)
    level[order] = _steps(current[order])
    efficiency = ratio(legs, meter, second, first)
    complete = done[first] & done[second]
    partial_start = _partial_start(np.abs(legs.charge[first]), efficiency.value)
    complete[:1] &= not partial_start
    return Cycles(
        cell=cell,
        legs=legs,
        first=first,
        second=second,
        charge=charge,
        discharge=discharge,
        efficiency=efficiency,
        complete=complete,
        ended=done,
        partial_start=partial_start,
        interlude=(legs.interludes[first] > 0) | (legs.interludes[second] > 0),
        temperature=leg_temperature[second],
        rate_group=_steps(current),
        rate_level=level,
    )


def _steps(current: np.ndarray) -> np.ndarray:
    """Return 0, 1, ...: one more wherever a value differs from the one before by more than 10 %."""
    jump = np.abs(np.diff(np.log(np.maximum(current, 1e-300)))) > 0.1
    return np.concatenate([np.zeros(min(len(current), 1), int), np.cumsum(jump)])


def _partial_start(put: np.ndarray, efficiency: np.ndarray) -> bool:
    """Return whether cycle 1 began in a partly charged cell: more came back than in, and later legs are longer."""
    if len(put) < 2:
        return False
    return bool(efficiency[0] > 1.0 + _PARTIAL and put[0] < (1.0 - _PARTIAL) * np.median(put[1:]))


def mean_per_leg(values: np.ndarray | None, legs: Legs) -> np.ndarray:
    """Return the mean of a column over the active rows of each leg, (n_legs,); NaN where nothing is known.

    The mean is over rows, not over time: a log of temperature has few steps within a leg.
    """
    found = np.full(len(legs), np.nan)
    if values is None or not len(legs):
        return found
    use = legs.active & np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(use, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(use)])
    n = count[legs.stop] - count[legs.start]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(n > 0, (total[legs.stop] - total[legs.start]) / n, np.nan))
