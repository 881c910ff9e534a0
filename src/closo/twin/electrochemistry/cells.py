"""The cells with a cathode: Prussian white (Fig. 5 with the spectra of Fig. S16) and TiS2 (Fig. S17), as EC-Lab files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closo.twin.cell import ROOM_CELL, TIS2_CELL, WARM_CELL, CellRun, CellTruth, cycle_cell
from closo.twin.cell.files import write_cell
from closo.twin.electrochemistry.records import OVEN, CellRecord, oven_temperature, reading
from closo.twin.electrochemistry.separators import THICKNESS_U
from closo.twin.truth import ZERO_CELSIUS, Truth, stream

_ROOM = "room"
_EFFICIENCY, _RETENTION = "7-10, 46-50", "45, 50"  # windows and cycles that are printed


def write_warm_cell(raw: Path, truth: Truth, *, cycles: int | None = None) -> CellRecord:
    """Write the cell at 40 degC as `.mpr`, with spectra between its cycles."""
    name = "warm-cell"
    kelvin = oven_temperature(truth, WARM_CELL.temperature - ZERO_CELSIUS, name)
    quiet = replace(WARM_CELL.nuisances, spectra=truth.nuisances, temperature_offset=0.0)
    cell = replace(WARM_CELL, temperature=kelvin, nuisances=quiet)
    run = cycle_cell(cell, seed=truth.seed, cycles=cycles)
    write_cell(raw / f"{name}.mpr", run)
    celsius = {"temperature": reading(truth, 40.0)} | OVEN
    spectra = {"technique": "impedance"} | celsius
    return CellRecord(
        name=name,
        figure="Figs. 5a, 5b, S16",
        file=f"{name}.mpr",
        cell=_notes(run, "0.505 mAh/cm2", "0.1 1/h", "0.05051 mA/cm2"),
        measurements=({"technique": "cycling"} | celsius | {"settings": _settings(cell)}, spectra),
        truth=_truth(run),
    )


def write_room_cell(raw: Path, truth: Truth, *, cycles: int | None = None) -> CellRecord:
    """Write the cell at room temperature as `.mpt`, with the room's temperature in it."""
    name = "room-cell"
    run = cycle_cell(replace(ROOM_CELL, name=name), seed=truth.seed, cycles=cycles)
    write_cell(raw / f"{name}.mpt", run, day=60)
    offset = f"0 ± {ROOM_CELL.nuisances.temperature_offset:g} K"
    entries = {"technique": "cycling", "temperature": "20 ± 0.7 degC", "chamber": _ROOM}
    return CellRecord(
        name=name,
        figure="Figs. 5c, 5d",
        file=f"{name}.mpt",
        cell=_notes(run, "0.541 mAh/cm2", "0.05 1/h", "0.0271 mA/cm2"),
        measurements=(entries | {"settings": _settings(run.truth)},),
        truth=_truth(run),
        tables={f"chambers.{_ROOM}": {"temperature_offset": offset}},
    )


def write_tis2_cell(raw: Path, truth: Truth) -> CellRecord:
    """Write the cell with TiS2 at 60 degC as `.mpt`: made empty, so discharged first, then three cycles."""
    name = "tis2-cell"
    kelvin = oven_temperature(truth, TIS2_CELL.temperature - ZERO_CELSIUS, name)
    cell = replace(
        TIS2_CELL, name=name, temperature=kelvin, nuisances=replace(TIS2_CELL.nuisances, temperature_offset=0.0)
    )
    run = cycle_cell(cell, seed=truth.seed)
    write_cell(raw / f"{name}.mpt", run, day=140)
    notes = _notes(run, "0.709 mAh/cm2", "0.1 1/h", "0.0709 mA/cm2")
    changed = {
        "active_material": "TiS2",
        "theoretical_capacity": "239.3 mAh/g",
        "molar_mass": "111.99 g/mol",
        "electrons": 1,
    }
    without = ("carbon_fraction", "carbon_material")
    settings = {key: value for key, value in _settings(cell).items() if key.startswith("current")}
    return CellRecord(
        name=name,
        figure="Fig. S17",
        file=f"{name}.mpt",
        cell={key: value for key, value in (notes | changed).items() if key not in without},
        measurements=({"technique": "cycling", "temperature": reading(truth, 60.0)} | OVEN | {"settings": settings},),
        truth=_truth(run),
    )


def _notes(run: CellRun, areal_capacity: str, c_rate: str, current_density: str) -> dict[str, Any]:
    """Return the entries of `[cells.*]`: what the reference study prints, and readings with their uncertainties.

    The printed thickness is that at full density; the notebook holds that of the pellet with its voids, as measured.
    """
    truth = run.truth
    error = THICKNESS_U * float(stream(run.seed, "separator thickness", truth.name).standard_normal())
    thickness = truth.separator_thickness / (1.0 - truth.separator_void) + error
    return {
        "kind": "cathode half cell",
        "reference": "Na+/Na",
        **run.readings,
        "active_fraction": f"{100 * truth.active_fraction:g} wt%",
        "electrolyte_fraction": f"{100 * truth.electrolyte_fraction:g} wt%",
        "carbon_fraction": f"{100 * truth.carbon_fraction:g} wt%",
        "active_material": "Prussian white",
        "carbon_material": "carbon",
        "porosity": "5 ± 3 vol%",
        "electrolyte_molar_mass": "187.80 g/mol",
        "theoretical_capacity": "171 mAh/g",
        "areal_capacity": areal_capacity,
        "c_rate": c_rate,
        "current_density": current_density,
        "separator_sample": truth.separator_sample,
        "separator_mass": f"{truth.separator_mass * 1e6:g} ± 0.1 mg",
        "separator_thickness": f"{thickness * 1e6:.0f} ± {THICKNESS_U * 1e6:g} um",
        "diameter": "6.00 ± 0.01 mm",
        "molar_mass": "312.87 g/mol",
        "electrons": 2,
        "pressure": "106 ± 30 MPa",
    }


def _settings(cell: CellTruth) -> dict[str, Any]:
    """Return what cycler and cycles are: the specification that the errors were drawn from."""
    u = cell.nuisances
    return {
        "efficiency_cycles": _EFFICIENCY,
        "retention_cycles": _RETENTION,
        "current_offset": f"{100 * u.current_offset:g} %",
        "current_gain": u.current_gain,
    }


def _truth(run: CellRun) -> dict[str, float]:
    """Return the truth in the keys of the technique and of the charge ledger, as far as the cycles go."""
    cycles, draws = run.cycles, run.draws
    q, ce, mass = cycles.discharge, cycles.efficiency, draws.mass * run.truth.active_fraction
    missing = float(np.sum(cycles.charge - q))
    # cycles away from spectra: a spectrum after cycle n counts to cycle n + 1
    plain = np.array([n for n in range(q.size) if n not in run.truth.interludes.after])
    truth = {
        "specific_capacity:first_discharge": q[0] / mass,
        "specific_capacity:last": q[-1] / mass,
        "areal_capacity:first_discharge": q[0] / draws.area,
        "current_density": q[0] / cycles.discharging[0] / draws.area,
        "coulombic_efficiency": ce[plain].mean(),
        "coulombic_efficiency:first": ce[0],
        "coulombic_efficiency:last": ce[-1],
        "capacity_retention": q[-1] / q[0],
        "missing_charge": np.sum(1.0 - ce),
        "charge:missing": missing,
        "leak_current_density": missing / float(cycles.duration.sum()) / draws.area,
        "temperature": cycles.temperature[0],
    }
    if q.size >= 10:
        truth["coulombic_efficiency:7-10"] = ce[6:10].mean()
    if q.size >= 50:
        truth["coulombic_efficiency:46-50"] = ce[45:50].mean()
        truth |= {f"capacity_retention:{n}": q[n - 1] / q[0] for n in (45, 50)}
        truth["capacity_retention:plateau"] = q[plain[plain >= 10]].mean() / q[0]
    return {key: float(value) for key, value in truth.items()}
