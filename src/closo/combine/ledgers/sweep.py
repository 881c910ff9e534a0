"""The current of a potential sweep (LSV) at one potential."""

from __future__ import annotations

import math

import numpy as np

from closo.quantity import Number, uncertain
from closo.result import Result

_WINDOW = 0.02  # V, on either side
_FEWEST = 4  # points in it


def sweep_current(sweep: Result, potential: float, *, area: Number | None = None) -> Number | str:
    """Return the current density [A/m2] of the upward sweep at `potential` [V], or the reason why there is none.

    Parameters
    ----------
    sweep : a voltammetry result whose curves hold `potential` and `current` or `current_density`.
    potential : against the same reference [V].
    area : of the electrode of the sweep [m2]; that in the result's findings where absent.

    Returns
    -------
    number or str
        from a straight line through the points within 20 mV, with the source `sweep at <E> V:<name>`; where a sweep goes
        up several times, through all of them.
    """
    read = _columns(sweep, area)
    if isinstance(read, str):
        return read
    e, j, scale = read
    if e.ndim != 1 or e.shape != j.shape or len(e) < _FEWEST:
        return f"'{sweep.name}' has no sweep"
    rising = np.gradient(e) > 0
    use = rising & np.isfinite(j) & (np.abs(e - potential) <= _WINDOW)
    if not use.any():
        low, high = np.nanmin(e), np.nanmax(e)
        return f"the sweep of '{sweep.name}' covers {low:.2f} to {high:.2f} V, not {potential:.2f} V"
    if np.count_nonzero(use) < _FEWEST:
        return f"the sweep of '{sweep.name}' has only {np.count_nonzero(use)} points at {potential:.2f} V"
    x, y = e[use] - potential, j[use]
    design = np.column_stack([np.ones_like(x), x])
    line, *_ = np.linalg.lstsq(design, y, rcond=None)
    df = len(y) - 2
    scatter = float(np.sum((y - design @ line) ** 2)) / df
    u = math.sqrt(scatter * float(np.linalg.pinv(design.T @ design)[0, 0]))
    return uncertain(float(line[0]), {f"sweep at {potential:.3f} V:{sweep.name}": u}, df=float(df)) * scale


def _columns(sweep: Result, area: Number | None) -> tuple[np.ndarray, np.ndarray, Number] | str:
    """Return potential, current (or current density) and what makes a current density of it, or what is missing."""
    if "potential" not in sweep.curves:
        return f"'{sweep.name}' has no potential in its curves"
    e = np.asarray(sweep.curves["potential"].values, float)
    if "current_density" in sweep.curves:
        return e, np.asarray(sweep.curves["current_density"].values, float), uncertain(1.0, {})
    area = sweep.findings.get("area") if area is None else area
    if "current" not in sweep.curves or area is None:
        return f"the current density of '{sweep.name}' is not known: its electrode area is missing"
    return e, np.asarray(sweep.curves["current"].values, float), 1.0 / area
