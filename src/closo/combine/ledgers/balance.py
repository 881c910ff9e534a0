"""The charge a cell took and did not give back, cycle by cycle, against the capacity it lost.

An error of the current (an offset o) adds o T to every charge and takes o T from every discharge: it looks exactly like a
leak of that size. So a leak is known no better than the offset of the instrument, however many cycles are summed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from closo.errors import DataError
from closo.quantity import Number, uncertain
from closo.techniques.cycling.trends import early_fade
from closo.techniques.noise import memory_factor, neighbour_scatter

_FEWEST = 3  # cycles
_EXACT = 1e-6  # relative deviation from a line that is none


@dataclass(frozen=True, kw_only=True)
class CycleTable:
    """Complete cycles in order; arrays of shape (n_cycles,)."""

    cycle: np.ndarray  # number
    put: np.ndarray  # charge put into the active material, > 0 [C]; the charge of a cathode
    back: np.ndarray  # charge got back, > 0 [C]; the discharge of a cathode
    duration: np.ndarray  # time in which a leak flows: from the beginning of the first leg to the end of the second [s]
    under_current: np.ndarray  # time in which the current flows, and with it its offset [s]
    voltage: np.ndarray  # mean voltage of the charge against the metal [V], NaN where not known
    sign: int = 1  # +1 where `put` is a charge, -1 where it is a discharge (anode)
    offset: float = 0.0  # standard uncertainty of the current's offset [A], one error in all cycles
    gain: float = 0.0  # relative standard uncertainty of the current
    instrument: str = ""  # whose gain that is, the measurement's own where ''
    # Source -> signed change of an efficiency, one in all (ends, integration).
    common: Mapping[str, float] = field(default_factory=dict)
    # Standard uncertainty of one efficiency, independent from cycle to cycle (noise of the current, sampling at the
    # cut-off); None where nobody states it: then the scatter of the cycles stands for it, which is too much where they
    # really differ.
    sampling: float | None = None

    def __len__(self) -> int:
        return len(self.cycle)

    def between(self, first: float | None, last: float | None) -> CycleTable:
        """Return the cycles from `first` to `last` (numbers, both included; None for no limit)."""
        low, high = -math.inf if first is None else first, math.inf if last is None else last
        use = (self.cycle >= low) & (self.cycle <= high)
        arrays = ("cycle", "put", "back", "duration", "under_current", "voltage")
        return replace(self, **{name: getattr(self, name)[use] for name in arrays})


@dataclass(frozen=True)
class Balance:
    """What a stretch of cycles took and did not give back."""

    missing: Number  # sum of charge put in - charge got back [C]
    share: Number  # sum of 1 - CE [1]
    # Capacity lost over the stretch, relative to its beginning [1], from a straight line; None below 3 cycles.
    loss: Number | None
    between: Number  # what is missing from the first to the last cycle, relative to the beginning like `loss` [1]
    leak: Number  # mean side current [A]
    cumulative: np.ndarray  # sum of 1 - CE up to each cycle, (n,) [1]
    lost: np.ndarray  # capacity lost up to each cycle, relative to the beginning of the line, (n,) [1]


def balance(table: CycleTable, *, name: str) -> Balance:
    """Return the balance of a stretch of cycles.

    Parameters
    ----------
    table : one cycle or more, all complete.
    name : of the measurement; labels `current offset:<name>`, `current gain:<instrument>`, `scatter of the cycles:<name>`,
        `scatter of the capacity:<name>`.

    Raises
    ------
    DataError  when there is no cycle or a charge or duration is not positive.

    Example
    -------
    >>> n = np.arange(1.0, 11.0)
    >>> hour = np.full(10, 3600.0)
    >>> table = CycleTable(
    ...     cycle=n, put=10.0 + 0 * n, back=9.9 + 0 * n, duration=hour, under_current=hour, voltage=np.nan * n
    ... )
    >>> found = balance(table, name="a")
    >>> print(round(found.share.x, 3), round(found.loss.x, 6), round(found.leak.x * 1e6, 1))   # 1, 1, uA
    0.1 0.0 27.8
    """
    _check(table, name)
    each = table.put - table.back
    time = float(table.duration.sum())
    missing = missing_between(table, name=name)
    relative = each / table.put
    mean_charge = float(np.mean(table.put))
    share = missing / mean_charge + (float(relative.sum()) - float(each.sum()) / mean_charge)
    loss, lost = _loss(table, name)
    steps = (len(table) - 1) / len(table)  # n cycles are n - 1 steps from the first to the last
    start = float(table.back[0]) / (1.0 - float(lost[0]))
    return Balance(missing, share, loss, missing * steps / start, missing / time, np.cumsum(relative), lost)


def missing_between(table: CycleTable, *, name: str) -> Number:
    """Return the sum of charge put in - charge got back over all cycles of `table` [C], with its sources."""
    each = table.put - table.back
    components = {
        f"current offset:{name}": table.sign * table.offset * float(table.under_current.sum()),
        f"current gain:{table.instrument or name}": table.gain * float(each.sum()),
    }
    components |= {source: -moved * float(table.put.sum()) for source, moved in table.common.items()}
    number = uncertain(float(each.sum()), components)
    stretch = f"{table.cycle[0]:.0f}-{table.cycle[-1]:.0f}"
    if table.sampling is not None:
        spread = table.sampling * float(np.linalg.norm(table.put))
        return number + uncertain(0.0, {f"noise and sampling:{name}, cycles {stretch}": spread})
    scatter, df = neighbour_scatter(each)
    label = f"scatter of the cycles:{name}, cycles {stretch}"
    return number + uncertain(0.0, {label: scatter * math.sqrt(len(each))}, df=df)


def _check(table: CycleTable, name: str) -> None:
    if not len(table):
        raise DataError(f"The charge ledger of '{name}' has no complete cycle.", hint="Give another range of cycles.")
    for word, values in (("charge put in", table.put), ("charge got back", table.back), ("time", table.duration)):
        bad = ~(np.isfinite(values) & (values > 0))
        if bad.any():
            where = table.cycle[bad][0]
            raise DataError(f"The {word} of cycle {where:.0f} of '{name}' is {values[bad][0]:.3g}; it must be > 0.")


def _loss(table: CycleTable, name: str) -> tuple[Number | None, np.ndarray]:
    """Return the capacity lost along the trend of the discharges, and that of each cycle against its start.

    The trend is a straight line, with an early change where one is told from it (`closo.techniques.cycling.trends`). The
    scatter about it is that of residuals, widened where neighbours resemble each other (room temperature).
    """
    n, q = table.cycle.astype(float), table.back
    if len(n) < _FEWEST:
        return None, 1.0 - q / q[0]
    x = n - n.mean()
    slope = float(x @ q / (x @ x))
    start = float(q.mean() + slope * x[0])
    left = q - q.mean() - slope * x
    fade = early_fade(n, q) if float(np.abs(left).max()) > _EXACT * start else None
    if fade is not None:
        first, last = fade.at(n[[0, -1]])
        along = np.diff(fade.directions(n[[0, -1]]), axis=0)[0] * (last / first)
        u = math.sqrt(max(float(along @ fade.covariance @ along), 0.0))
        loss = uncertain(1.0 - last / first, {f"scatter of the capacity:{name}": u}, df=float(fade.df))
        return loss, 1.0 - q / first
    df = len(n) - 2
    variance = float(left @ left) / df
    u = math.sqrt(variance * memory_factor(left) / float(x @ x)) * float(n[-1] - n[0]) / start
    loss = uncertain(-slope * float(n[-1] - n[0]) / start, {f"scatter of the capacity:{name}": u}, df=float(df))
    return loss, 1.0 - q / start
