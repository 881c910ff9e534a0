"""The file of a cycled cell: its rows as a Modulo Bat table, and the program that made them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from closo.twin.biologic import ProgramStep, Table, write_mpr, write_mpt
from closo.twin.cell.run import CellRun
from closo.twin.cell.simulation import CHARGE, DISCHARGE

_FIRST_DAY = datetime(2026, 3, 2, 9, 0, 0)


def table_of(run: CellRun) -> Table:
    """Return the rows of a run as its file has them; only a room that is not controlled has a thermometer in the file."""
    level = run.truth.current_density * run.draws.area_reading
    return Table(
        time=run.time,
        voltage=run.voltage,
        current=run.current,
        charge=run.charge,
        step=run.step,
        half_cycle=run.half_cycle,
        cycle=run.cycle,
        control=np.select([run.step == CHARGE, run.step == DISCHARGE], [level, -level], 0.0),
        frequency=run.frequency,
        impedance=run.impedance,
        current_range=run.truth.current_range,
        temperature=run.temperature if run.truth.course else None,
    )


def write_cell(path: Path, run: CellRun, *, day: int = 0) -> None:
    """Write a run as `.mpt` or `.mpr`, by the ending of `path`; `day` counts from the first day of the study's cells."""
    truth = run.truth
    level, (low, high) = 1e6 * truth.current_density * run.draws.area_reading, truth.voltage_limits
    step, seconds = truth.record
    each = f"{1e3 * step:.0f} mV, {seconds:.0f} s"
    short, long = f"{truth.rest / 60.0:.0f} min", f"{truth.interludes.rest / 60.0:.0f} min"
    plan = truth.interludes
    program = (
        ProgramStep("Rest", until=f"{truth.first_rest / 3600.0:.0f} h, {long}", record=f"{seconds:.0f} s"),
        ProgramStep("PEIS", "10.000", "mV", until=f"{plan.highest:.0E}-{plan.lowest:.0E} Hz"),
        ProgramStep("Rest", until=long, record=f"{seconds:.0f} s"),
        ProgramStep("CC", f"{level:.3f}", "µA", until=f"Ewe > {high:.3f} V", record=each),
        ProgramStep("Rest", until=short, record=f"{truth.rest / 5.0:.0f} s"),
        ProgramStep("CC", f"{-level:.3f}", "µA", until=f"Ewe < {low:.3f} V", record=each),
        ProgramStep("Rest", until=short, record=f"{truth.rest / 5.0:.0f} s"),
    )
    celsius = "room temperature" if truth.course else f"{truth.temperature - 273.15:.0f} C"
    comment = f"{truth.name}: Na | Na2B12H12-SiO2 | {truth.active}, {celsius}, {level:.2f} uA"
    date = _FIRST_DAY + timedelta(days=day)
    if path.suffix == ".mpr":
        write_mpr(path, table_of(run), comment=comment, date=date)
    else:
        write_mpt(path, table_of(run), program, comment=comment, date=date)
