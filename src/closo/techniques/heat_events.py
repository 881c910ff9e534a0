"""By what a run of a calorimeter or an event in it is not what it seems: shape, and sizes that a wrong unit gives."""

from __future__ import annotations

import numpy as np

_STEP, _LOBES = 0.5, 0.45  # of its height: a step of the baseline across it, a lobe of the other sign beside it
_MOST_HEAT, _COLDEST, _ROOM = 2.5e6, 77.0, (285.0, 330.0)  # J/kg; K; degC


def units_of(coldest: float, heat: float) -> tuple[bool | None, str]:
    """Return whether temperature [K] at the cold end of a run and heat [J/kg] of its event are those of a laboratory.

    A run that begins at 285 to 330 degC may do so: that is not decided.
    """
    told = f"the cold end is at {coldest:.0f} K = {coldest - 273.15:.0f} degC, the event has {heat / 1e3:.3g} J/g"
    room = _ROOM[0] <= coldest - 273.15 <= _ROOM[1]
    wrong = {
        "colder than liquid nitrogen; are they degC, named K?": coldest < _COLDEST,
        "room temperature in K; are they K, named degC?": room,
        f"above {_MOST_HEAT / 1e3:g}, as no transition; is it in mW, or W/kg named W/g?": abs(heat) > _MOST_HEAT,
    }
    said = [why for why, so in wrong.items() if so]
    return None if room and len(said) == 1 else not said, ": ".join([told, *said])


def shape_of(t: np.ndarray, c: np.ndarray, centre: float, width: float) -> tuple[bool, str]:
    """Return whether an event is one peak on its baseline, and what it is by its shape.

    A step has two levels, a peak one: the jump between the lines of one slope through both flanks. The derivative of a peak
    has two lobes of opposite sign.

    t, c : shape (n,), even, rising; the run. centre, width : of the event between its feet, in the unit of t.
    """
    away = (t - centre) / width
    flank = (np.abs(away) > 0.5) & (np.abs(away) <= 1.0)
    if min(np.sum(flank & (away < 0)), np.sum(flank & (away > 0))) < 4:
        return True, "its flanks are too short to tell a step from a peak"
    a = np.stack([np.ones(len(t)), away, np.sign(away)], axis=1)
    _, _, half = np.linalg.lstsq(a[flank], c[flank], rcond=None)[0]
    line = a[:, :2] @ np.linalg.lstsq(a[flank, :2], c[flank], rcond=None)[0]
    points = max(int(width / 20.0 / (t[1] - t[0])), 1)
    mean = np.full(2 * points + 1, 1.0 / (2 * points + 1))
    inside = np.convolve(np.pad(c - line, points, mode="edge"), mean, "valid")[np.abs(away) <= 0.75]
    high, low = sorted((abs(float(inside.max())), abs(float(inside.min()))), reverse=True)
    step, lobes = abs(2.0 * half) / max(high, 1e-300), low / max(high, 1e-300)
    told = f"its baseline steps by {step:.2g} of its height (limit {_STEP:g}), {lobes:.2g} of it points the other way"
    why = ": the derivative of a heat flow, a step, or two events in one" if lobes > _LOBES else ": a step (glass)"
    fine = step <= _STEP and lobes <= _LOBES
    return bool(fine), f"{told} (limit {_LOBES:g}){'' if fine else why}"
