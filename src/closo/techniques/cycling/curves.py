"""The arrays behind the figure: table of cycles, legs, voltage curves, differential capacity, spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from closo.dataset import Dataset
from closo.nomenclature import look_up
from closo.techniques.cycling.cycles import Cycles
from closo.techniques.cycling.differential import branches, differential_capacity, selected
from closo.techniques.cycling.interludes import Interludes


def curves_of(
    name: str,
    cycles: Cycles,
    found: Interludes,
    reference: int | None,
    *,
    columns: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Dataset, float]:
    """Return the curves of a result and the step of voltage of its differential capacity [V].

    Dimensions: `cycles` (one row per cycle; `partial` marks interrupted ones, `next_to_interlude` those with a spectrum in
    them or just before them), `legs` (every leg, signed), `curve` (voltage over capacity of selected cycles), `slope`
    (differential capacity), `interludes`. `columns` are time, current and voltage of the record.
    """
    time = columns[0]
    variables = _table(cycles, reference, time) | _legs(cycles, time)
    drawn = branches(cycles, selected(cycles), columns)
    slope, width = differential_capacity(drawn)
    for prefix, dim, part, what in (
        ("curve", "curve", drawn, "charge"),
        ("slope", "slope", slope, "differential_capacity"),
    ):
        variables[f"{prefix}_cycle"] = _v(dim, part.cycle + 1, "cycle")
        variables[f"{prefix}_sign"] = _v(dim, part.sign, "cycle")
        variables[f"{prefix}_{what}"] = _v(dim, part.capacity, what)
        variables[f"{prefix}_voltage"] = _v(dim, part.voltage, "voltage")
    if len(found):
        variables["interlude_time"] = _v("interludes", time[found.start], "time")
        variables["interlude_charge"] = _v("interludes", found.charge, "charge")
        at = (
            np.searchsorted(cycles.legs.stop[cycles.second], found.start, side="right") + 1
        )  # inside it, or just before
        variables["interlude_cycle"] = _v("interludes", at, "cycle")
    attrs = {"kind": "cycling", "source": name, "cell": cycles.cell}
    return xr.Dataset(variables, attrs=attrs), width


def _v(dim: str, values: Any, name: str) -> tuple[str, np.ndarray, dict[str, str]]:
    """Return a variable with the unit of a name; whole numbers as int32, which netCDF 3 knows."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        array = array.astype(np.int32)
    return dim, array, {"units": look_up(name).si}


def _table(cycles: Cycles, reference: int | None, time: np.ndarray) -> dict[str, Any]:
    """Return one row per cycle."""
    legs = cycles.legs
    up, down = legs.mean_voltage[cycles.charge], legs.mean_voltage[cycles.discharge]
    scale = np.nan if reference is None else cycles.capacity[reference]
    columns = {
        "cycle": (cycles.number, "cycle"),
        "charge": (np.abs(legs.charge[cycles.charge]), "charge"),
        "discharge": (np.abs(legs.charge[cycles.discharge]), "charge"),
        "coulombic_efficiency": (cycles.efficiency.value, "coulombic_efficiency"),
        "coulombic_efficiency_u": (cycles.efficiency.u, "coulombic_efficiency"),
        "capacity_retention": (cycles.capacity / scale, "capacity_retention"),
        "mean_voltage_charge": (up, "mean_voltage"),
        "mean_voltage_discharge": (down, "mean_voltage"),
        "voltage_hysteresis": (up - down, "voltage_hysteresis"),
        "current": (np.abs(legs.mean_current[cycles.second]), "current"),
        "time": (time[legs.stop[cycles.second] - 1], "time"),
        "temperature": (cycles.temperature, "temperature"),
        "rate_group": (cycles.rate_group, "cycle"),
        "partial": (~cycles.complete, "cycle"),
        "next_to_interlude": (cycles.interlude, "cycle"),
    }
    return {key: _v("cycles", values, name) for key, (values, name) in columns.items()}


def _legs(cycles: Cycles, time: np.ndarray) -> dict[str, Any]:
    """Return one row per leg, the ones outside cycles included."""
    legs = cycles.legs
    columns = {
        "leg_charge": (legs.charge, "charge"),
        "leg_counter": (legs.counter, "charge"),
        "leg_noise": (legs.noise, "charge"),
        "leg_start": (time[legs.start], "time"),
        "leg_duration": (legs.duration, "duration"),
        "leg_voltage_last": (legs.voltage_last, "voltage"),
    }
    return {key: _v("legs", values, name) for key, (values, name) in columns.items()}
