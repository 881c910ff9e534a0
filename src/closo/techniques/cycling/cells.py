"""What kind of cell it is, which legs make a cycle, and which legs ended by themselves."""

from __future__ import annotations

import numpy as np

from closo.errors import StudyError, did_you_mean
from closo.techniques.choices import spelled
from closo.techniques.half_cycles import Legs

CELLS = {  # kind -> sign of the leg with which a cycle begins (0: whichever comes first)
    "cathode half cell": 1,
    "full cell": 1,
    "anode half cell": -1,
    "symmetric cell": 0,
}
_ANODE_BELOW = 1.2  # V, mean voltage of the discharge of an anode against its metal
_PULSE, _PULSE_SHARE, _FEWEST_PULSES = 120.0, 0.05, 5  # s; of the largest charge; legs
_SAME_VOLTAGE = (0.002, 0.005)  # V, and share of the range of end voltages: two legs ended at the same limit
_SAME_AMOUNT = 0.002  # relative: two legs ended after the same time or the same charge


def known_cell(cell: str) -> str:
    """Return the kind of cell as spelled here; 'cathode', 'anode', 'full' and 'symmetric' are enough.

    Raises
    ------
    StudyError  when it is none of them.

    Example
    -------
    >>> known_cell("Anode")
    'anode half cell'
    """
    kind = spelled(cell, CELLS)
    if kind is None:
        raise StudyError(f"cell = '{cell}' is not a kind of cell.", hint=did_you_mean(str(cell).lower(), CELLS))
    return kind


def guess_cell(legs: Legs) -> tuple[str, str]:
    """Return the kind of cell that the legs look like, and why (for a note)."""
    weight = np.abs(legs.charge)
    charging, discharging = legs.sign > 0, legs.sign < 0
    if charging.any() and discharging.any():
        up = float(np.average(legs.mean_voltage[charging], weights=weight[charging]))
        down = float(np.average(legs.mean_voltage[discharging], weights=weight[discharging]))
        if up > 0 > down and abs(up + down) < 0.5 * (up - down):
            return "symmetric cell", "the voltage changes its sign with the current"
        if legs.sign[0] < 0 and down < _ANODE_BELOW:
            why = f"the record starts with a discharge, at {down:.2f} V on average (below {_ANODE_BELOW} V)"
            return "anode half cell", why
    return "cathode half cell", "neither a symmetric cell nor an anode below 1.2 V; a full cell is paired the same way"


def pulses_in(legs: Legs) -> str:
    """Return what makes a record a pulse test, in words; '' where it is cycling.

    A pulse lasts up to two minutes and passes less than 5 % of the charge of the largest leg; a pulse test has at least
    five, one in every third leg.
    """
    charge = np.abs(legs.charge)
    brief = (legs.duration <= _PULSE) & (charge < _PULSE_SHARE * charge.max(initial=0.0))
    n = int(brief.sum())
    if n < _FEWEST_PULSES or 3 * n < len(legs):
        return ""
    return f"{n} of {len(legs)} half cycles last up to {legs.duration[brief].max():.3g} s with less than 5 % of the largest"


def pairs(legs: Legs, cell: str) -> np.ndarray:
    """Return the legs with which cycles begin, shape (n_cycles,); the leg after each completes the cycle.

    Legs alternate in sign. One that comes before the first leg of the right sign belongs to no cycle.
    """
    sign = CELLS[cell] or (int(legs.sign[0]) if len(legs) else 1)
    right = np.flatnonzero(legs.sign == sign)
    return np.asarray(right[right + 1 < len(legs)], int)


def ended(legs: Legs) -> np.ndarray:
    """Return which legs ended at a limit of the program, shape (n_legs,), rather than by an interruption.

    A leg counts as ended when it went as far in voltage as the usual leg of its sign, or ended within 2 mV (or 0.5 % of the
    window) of another one, or lasted as long, or passed as much charge, within 0.2 %. The only leg of its sign cannot be
    compared and counts as ended.
    """
    found = np.ones(len(legs), bool)
    if not len(legs):
        return found
    last = legs.voltage_last
    tolerance = max(_SAME_VOLTAGE[0], _SAME_VOLTAGE[1] * float(np.ptp(last)))
    for sign in (1, -1):
        mine = np.flatnonzero(legs.sign == sign)
        if len(mine) < 2:
            continue
        far = sign * (last[mine] - np.median(last[mine])) >= -tolerance
        alike = _has_neighbour(last[mine], np.full(len(mine), tolerance))
        for amount in (legs.duration[mine], np.abs(legs.charge[mine])):
            alike |= _has_neighbour(amount, _SAME_AMOUNT * amount)
        found[mine] = far | alike
    return found


def _has_neighbour(values: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Return which values have another one within their tolerance."""
    order = np.argsort(values)
    apart = np.diff(values[order])
    nearest = np.minimum(np.append(apart, np.inf), np.insert(apart, 0, np.inf))
    near = np.empty(len(values), bool)
    near[order] = nearest <= tolerance[order]
    return near
