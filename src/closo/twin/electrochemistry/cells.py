"""The two cells with a Prussian white cathode (F19 with the spectra of F20, F21), as EC-Lab files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from closo.twin.cell import ROOM_CELL, WARM_CELL, CellRun, CellTruth, cycle_cell
from closo.twin.cell.files import write_cell
from closo.twin.electrochemistry.records import OVEN, CellRecord, oven_temperature, reading
from closo.twin.truth import ZERO_CELSIUS, Truth

__all__ = ["write_room_cell", "write_warm_cell"]

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
        figure="F19, F20",
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
        figure="F21",
        file=f"{name}.mpt",
        cell=_notes(run, "0.541 mAh/cm2", "0.05 1/h", "0.0271 mA/cm2"),
        measurements=(entries | {"settings": _settings(run.truth)},),
        truth=_truth(run),
        tables={f"chambers.{_ROOM}": {"temperature_offset": offset}},
    )


def _notes(run: CellRun, areal_capacity: str, c_rate: str, current_density: str) -> dict[str, Any]:
    """Return the entries of `[cells.*]`: what the reference study prints, and readings with their uncertainties."""
    truth = run.truth
    dense = truth.separator_thickness
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
        "separator_thickness": f"{dense * 1e3:.2f} mm",
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
    """Return the truth in the keys of the technique, as far as the cycles go."""
    q, mass = run.cycles.discharge, run.draws.mass * run.truth.active_fraction
    found = {
        "specific_capacity:first_discharge": q[0] / mass,
        "coulombic_efficiency:first": run.cycles.efficiency[0],
        "coulombic_efficiency:7-10": run.cycles.efficiency[6:10].mean(),
        "capacity_retention": q[-1] / q[0],
        "temperature": run.cycles.temperature[0],
    }
    if q.size >= 50:
        found["coulombic_efficiency:46-50"] = run.cycles.efficiency[45:50].mean()
        found |= {f"capacity_retention:{n}": q[n - 1] / q[0] for n in (45, 50)}
    return {key: float(value) for key, value in found.items()}
