"""Na | electrolyte | Na at constant current (Fig. S14), and staircases of it (Fig. S15), as EC-Lab files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from closo.twin.biologic import ProgramStep, Table, write_mpr, write_mpt
from closo.twin.electrochemistry.records import OVEN, CellRecord, oven_temperature, reading
from closo.twin.electrochemistry.separators import AREA, Separator, draw_separator
from closo.twin.plating import Cell, Disturbances, Event, Record, Staircase, Symmetric, staircase, symmetric_cell
from closo.twin.truth import Truth, stream

_FIRST_DAY = datetime(2026, 2, 20, 9, 0, 0)
_AT = 30.0  # degC; free
_GAIN = 1e-3  # sd of the gain of voltage and current, as cyclers are specified; free
_ZERO = 1e-4  # V, sd of the zero of the voltage; free
_LEVEL = 0.5  # A/m2: 0.05 mA/cm2; printed
# a staircase starts at 0.025 and rises by 0.05 mA/cm2: the last step passed and the first one failed bracket the printed 0.3
_START, _STEP, _STEPS, _BREAKDOWN = 0.25, 0.5, 8, 3.0  # A/m2; free, but for the last


def write_symmetric(raw: Path, truth: Truth, *, half_cycles: int = 156) -> CellRecord:
    """Write a cell at 0.05 mA/cm2 with half cycles of one hour (Fig. S14)."""
    name = "symmetric"
    kelvin = oven_temperature(truth, _AT, name)
    separator = draw_separator(truth, name, temperature=kelvin, mass=35e-6, dense=0.80e-3)
    plan = Symmetric(
        cell=_cell(separator),
        disturbances=_disturbances(truth, name),
        current_density=_LEVEL * AREA / separator.area,
        half_cycles=half_cycles,
        sampling=60.0,
    )
    record = symmetric_cell(plan, stream(truth.seed, "symmetric cell", name))
    comment = "Na | Na2B12H12-SiO2 | Na, 30 C, 50 uA/cm2, half cycles of 1 h"
    write_mpr(raw / f"{name}.mpr", _table(record, full_scale=1e-4), comment=comment, date=_FIRST_DAY)
    late = (record.half_cycle == record.half_cycle.max()) & (record.tau >= 0.5 * plan.half_cycle)
    return CellRecord(
        name=name,
        figure="Fig. S14",
        file=f"{name}.mpr",
        cell={"kind": "symmetric cell"} | separator.cell,
        measurements=({"technique": "plating", "temperature": reading(truth, _AT)} | OVEN,),
        truth={
            "duration": half_cycles * plan.half_cycle,
            "current_density": plan.current_density,
            "polarization:last": float(np.mean(np.abs(record.true_voltage[late]))),
            "interfacial_resistance": plan.cell.interface,
            "ionic_conductivity": separator.conductivity,
            "temperature": kelvin,
        },
    )


def write_staircase(raw: Path, truth: Truth, sample: str, *, day: int) -> CellRecord:
    """Write a staircase of current densities that ends in a hard short (Fig. S15), with a separator of `sample`."""
    name = f"staircase-{sample.partition('-')[0]}"
    kelvin = oven_temperature(truth, _AT, name)
    separator = draw_separator(truth, name, temperature=kelvin, mass=35e-6, dense=0.80e-3, sample=sample)
    scale = AREA / separator.area
    plan = Staircase(
        cell=_cell(separator),
        disturbances=_disturbances(truth, name),
        event=Event("hard short", moment=0.4, ratio=0.01),
        breakdown=_BREAKDOWN * scale,
        start=_START * scale,
        step=_STEP * scale,
        steps=_STEPS,
        sampling=30.0,
    )
    record = staircase(plan, stream(truth.seed, "staircase", name))
    levels = _START + _STEP * np.arange(_STEPS)
    micro = ", ".join(f"{100 * level:g}" for level in levels)
    comment = f"Na | Na2B12H12-SiO2 ({sample}) | Na, 30 C, {micro} uA/cm2, 1 h + 1 h each"
    program = (
        ProgramStep("Rest"),
        ProgramStep("CC", f"{1e6 * levels[0] * AREA:.3f}", "µA", until="1 h", record=f"{plan.sampling:.0f} s"),
        ProgramStep("CC", f"{-1e6 * levels[0] * AREA:.3f}", "µA", until="1 h", record=f"{plan.sampling:.0f} s"),
    )
    date = _FIRST_DAY + timedelta(days=day)
    write_mpt(raw / f"{name}.mpt", _table(record, full_scale=1e-3), program, comment=comment, date=date)
    failed = int(np.argmax(levels >= _BREAKDOWN))
    return CellRecord(
        name=name,
        figure="Fig. S15",
        file=f"{name}.mpt",
        cell={"kind": "symmetric cell"} | separator.cell,
        measurements=({"technique": "critical_current", "temperature": reading(truth, _AT)} | OVEN,),
        truth={
            "current_density:passed": float(levels[failed - 1] * scale),
            "current_density:failed": float(levels[failed] * scale),
            "duration": record.event_time,
            "ionic_conductivity": separator.conductivity,
            "temperature": kelvin,
        },
    )


def _cell(separator: Separator) -> Cell:
    return Cell(area=separator.area, thickness=separator.thickness, conductivity=separator.conductivity)


def _disturbances(truth: Truth, name: str) -> Disturbances:
    """Return a quiet cell in an oven, read by a cycler within its specification."""
    zero, gain, current_gain = stream(truth.seed, "cycler", name).standard_normal(3)
    return Disturbances(
        noise=1e-4,
        zero=_ZERO * zero,
        gain=_GAIN * gain,
        current_gain=_GAIN * current_gain,
        walk=0.2,
        daily=0.1,
        slope=0.05,
        spike=0.2,
    )


def _table(record: Record, *, full_scale: float) -> Table:
    """Return the rows of a record as its file has them."""
    resting = record.half_cycle < 0
    counter = np.maximum.accumulate(np.maximum(record.half_cycle, 0))
    asked = record.current / (1.0 + record.truth.disturbances.current_gain)
    none = np.zeros(record.time.size)
    return Table(
        time=record.time,
        voltage=record.voltage,
        current=record.current,
        charge=np.cumsum(record.current * np.diff(record.time, prepend=0.0)),
        step=np.select([resting, record.current > 0.0], [0, 1], 2),
        half_cycle=counter,
        cycle=counter // 2,
        control=np.where(resting, 0.0, asked),
        frequency=none,
        impedance=none.astype(complex),
        current_range=full_scale,
    )
