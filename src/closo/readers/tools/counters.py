"""Counters of cyclers: from what a vendor counts (per step, per cycle, unsigned) to one signed charge over the file."""

from __future__ import annotations

import numpy as np


def accumulated(counter: np.ndarray, sign: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the running sum of what a counter counted, through its resets.

    Parameters
    ----------
    counter : one that grows and starts again at (nearly) 0 with each step or cycle, or never, shape (n,).
    sign : +1, -1 or 0 per row, what a step upwards means there.

    Returns
    -------
    shape (n,), from 0. A fall to less than half counts as a reset, after which the counter shows what was counted since;
    a smaller fall (rounding) counts as it is. NaN from the first NaN on.

    Example
    -------
    >>> accumulated(np.array([0.0, 2.0, 3.0, 0.0, 1.0]), np.array([1, 1, 1, -1, -1])).tolist()
    [0.0, 2.0, 3.0, 3.0, 2.0]
    """
    if len(counter) == 0:
        return np.zeros(0)
    step = np.diff(counter, prepend=counter[0])
    with np.errstate(invalid="ignore"):
        reset = (step < 0) & (np.abs(counter) < 0.5 * np.abs(counter - step))
    total: np.ndarray = np.cumsum(np.where(reset, counter, step) * sign)
    return total


def net_charge(charging: np.ndarray | None, discharging: np.ndarray | None) -> np.ndarray | None:
    """Return the signed charge of two counters [their unit], shape (n,); None when one is missing."""
    if charging is None or discharging is None:
        return None
    net: np.ndarray = accumulated(charging) - accumulated(discharging)
    return net


def sign_warning(time: np.ndarray, current: np.ndarray, charge: np.ndarray | None) -> tuple[str, ...]:
    """Return a sentence when the current has the sign opposite to what the file's own counters say, else ()."""
    if charge is None or len(time) < 3:
        return ()
    with np.errstate(all="ignore"):
        passed = np.where(np.diff(time) > 0, np.diff(time), 0.0) * 0.5 * (current[1:] + current[:-1])
        counted = np.diff(charge)
        agreement = float(np.nansum(passed * counted))
        scale = float(np.sqrt(np.nansum(passed**2) * np.nansum(counted**2)))
    if not scale or agreement > -0.5 * scale:
        return ()
    return (
        "The current is negative while the file's counter of charge grows: its sign is opposite to 'positive charges'; "
        "read it with --columns and '-current'.",
    )
