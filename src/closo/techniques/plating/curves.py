"""The arrays behind the figure of a symmetric cell, thinned so that no extreme is lost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from closo.quantity import Quantity
from closo.techniques.plating.quantities import Geometry

if TYPE_CHECKING:
    from closo.techniques.plating.analysis import Survey

_SHOWN = 3000  # points of a long record
_CYCLE = 1200  # of one cycle


def thinned(values: np.ndarray, most: int) -> np.ndarray:
    """Return rows of a record that keep the smallest and the largest value of each of `most`/2 equal stretches.

    Example
    -------
    >>> thinned(np.array([0.0, 5.0, 1.0, 0.0, -3.0, 0.0, 0.0, 0.0]), 4).tolist()
    [0, 1, 4, 5]
    """
    if values.size <= most:
        return np.arange(values.size)
    edges = np.linspace(0, values.size, most // 2 + 1).astype(int)
    rows = set()
    for a, b in pairwise(edges):
        rows |= {a + int(np.argmin(values[a:b])), a + int(np.argmax(values[a:b]))}
    return np.array(sorted(rows))


def curves_of(found: Survey, geometry: Geometry) -> xr.Dataset:
    """Return the record (dimension `point`), one row per half cycle (`half_cycle`), and the first and last cycle."""
    half = found.half
    rows = thinned(found.voltage, _SHOWN)
    volt, second = {"units": "V"}, {"units": "s"}
    curves = xr.Dataset(
        {
            "time": ("point", found.time[rows], second),
            "current": ("point", found.current[rows], {"units": "A"}),
            "voltage": ("point", found.voltage[rows], volt),
            "half_cycle_time": ("half_cycle", half.middle, second),
            "half_cycle_begin": ("half_cycle", half.begin, second),
            "half_cycle_end": ("half_cycle", half.end, second),
            "half_cycle_current": ("half_cycle", half.sign * half.current, {"units": "A"}),
            "half_cycle_charge": ("half_cycle", half.charge, {"units": "C"}),
            "polarization": ("half_cycle", half.polarization, volt),
            "polarization_u": ("half_cycle", np.hypot(half.noise, found.instrument.zero), volt),
            "polarization_at_fixed_time": ("half_cycle", half.at_time, volt),
            "resistance": ("half_cycle", half.polarization / half.late_current, {"units": "ohm"}),
            "used": ("half_cycle", np.isin(np.arange(len(half)), found.used).astype(float), {"units": "1"}),
        }
    )
    if geometry.area is not None:
        area = float(Quantity("area", geometry.area).value or 0.0)
        if geometry.ohmic is not None:
            ohmic = np.full(len(half), Quantity("area_specific_resistance", geometry.ohmic).value)
            curves["ohmic_resistance"] = ("half_cycle", ohmic, {"units": "ohm m2"})
        curves["area_specific_resistance"] = (
            "half_cycle",
            half.polarization / half.late_current * area,
            {"units": "ohm m2"},
        )
    if found.line is not None:
        line = found.line.intercept + found.line.slope * (half.middle - half.begin[0])
        curves["polarization_line"] = ("half_cycle", line, volt)
    return _with_cycles(curves, found)


def _with_cycles(curves: xr.Dataset, found: Survey) -> xr.Dataset:
    """Add the first and the last pair of used half cycles, time from the beginning of each pair."""
    used = found.used
    if used.size < 2:
        return curves
    last = int(used[-2])
    if found.half.sign[last] != found.half.sign[used[0]] and used.size >= 3:
        last = int(used[-3])
    for name, k in (("first", int(used[0])), ("last", last)):
        begin = found.half.begin[k]
        end = found.half.end[min(k + 1, len(found.half) - 1)]
        rows = np.flatnonzero((found.time >= begin) & (found.time <= end))
        rows = rows[thinned(found.voltage[rows], _CYCLE)]
        curves[f"{name}_cycle_time"] = (f"{name}_cycle", found.time[rows] - begin, {"units": "s"})
        curves[f"{name}_cycle_voltage"] = (f"{name}_cycle", found.voltage[rows], {"units": "V"})
    return curves
