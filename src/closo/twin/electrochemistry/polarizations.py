"""The steps at constant or swept potential (Figs. S9 to S13), each between two spectra, as VersaStudio files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from closo.twin import versastudio
from closo.twin.electrochemistry.records import OVEN, CellRecord, oven_temperature, reading
from closo.twin.electrochemistry.separators import draw_separator
from closo.twin.impedance import draw_instrument
from closo.twin.pellet import draw_batch, draw_pellet
from closo.twin.polarization import BlockingTruth, BruceVincent, BruceVincentTruth, blocking_polarization, bruce_vincent
from closo.twin.runs import draw_run, specimen_texts
from closo.twin.truth import Truth, stream
from closo.twin.voltammetry import LinearSweep, LinearSweepTruth, linear_sweep

_FIRST_DAY = datetime(2026, 2, 16, 9, 0, 0)
_SAMPLE = "A200-35-4h"
_AT = 30.0  # degC; free
_EITHER_SIDE = [{"stage": "before"}, {"stage": "after"}]


def write_blocking(raw: Path, truth: Truth) -> CellRecord:
    """Write the polarization of a pellet between blocking electrodes: a spectrum, then three voltages (Figs. S9, S10)."""
    name = "blocking"
    pellet = draw_pellet(truth, draw_batch(truth, _SAMPLE), f"{_SAMPLE}-dc")
    (point,) = draw_run(truth, pellet, [(_AT, "heating")])
    plan = BlockingTruth(
        thickness=pellet.thickness, area=pellet.area, voltages=(0.1, 0.2, 0.3), duration=1800.0, interval=2.0
    )
    step = blocking_polarization(plan, truth.seed)
    levels = np.repeat(np.array(plan.voltages), len(step.time) // len(plan.voltages))
    rng = stream(truth.seed, "file", name)
    actions = [
        versastudio.open_circuit(1800.0, 6, rng),
        versastudio.potentiostatic_eis(point.frequency, point.impedance, rng),
        versastudio.chronoamperometry(step.time, step.current, step.voltage, level=levels, full_scale=2e-6),
    ]
    comment = "blocking steel electrodes, 30 C, steps of 100 mV"
    versastudio.write_par(raw / f"{name}.par", actions, comment=comment, date=_FIRST_DAY)
    notes = specimen_texts(truth, pellet)
    celsius = {"temperature": reading(truth, _AT)} | OVEN
    return CellRecord(
        name=name,
        figure="Figs. S9, S10",
        file=f"{name}.par",
        cell={
            "kind": "blocking cell",
            "area": notes["area"],
            "separator_sample": _SAMPLE,
            "separator_mass": notes["mass"],
            "separator_thickness": notes["thickness"],
            "lead_resistance": notes["lead_resistance"],
            "pressure": "187 MPa",
        },
        measurements=(
            {"technique": "impedance"} | celsius,
            {"technique": "polarization"}
            | celsius
            | {
                "settings": {
                    "electrodes": "blocking",
                    "current_offset": f"{1e9 * plan.offset_u:g} nA",
                    "current_gain": plan.gain_u,
                }
            },
        ),
        truth={
            "electronic_conductivity": plan.electronic_conductivity,
            "ionic_conductivity": point.conductivity,
            "electronic_fraction": plan.electronic_conductivity / point.conductivity,
            "temperature": point.temperature,
        },
    )


def write_transference(raw: Path, truth: Truth) -> CellRecord:
    """Write a Na | electrolyte | Na cell at 10 mV between two spectra (Fig. S11)."""
    name = "transference"
    kelvin = oven_temperature(truth, _AT, name)
    separator = draw_separator(truth, name, temperature=kelvin, mass=35e-6, dense=0.80e-3)
    plan = replace(BruceVincentTruth(), bulk_resistance=separator.resistance, duration=5400.0, interval=2.0)
    instrument = draw_instrument(truth.seed, truth.nuisances)
    cell = bruce_vincent(plan, truth.seed, instrument=instrument, nuisances=truth.nuisances)
    step = versastudio.chronoamperometry(cell.time, cell.current, cell.voltage, full_scale=2e-5)
    _write(raw / f"{name}.par", truth, cell, step, comment="Na | Na2B12H12-SiO2 | Na, 30 C, 10 mV", day=1)
    celsius = {"temperature": reading(truth, _AT)} | OVEN
    settings = {
        "electrodes": "nonblocking",
        "current_offset": f"{1e9 * plan.offset_u:g} nA",
        "current_gain": plan.gain_u,
    }
    return CellRecord(
        name=name,
        figure="Fig. S11",
        file=f"{name}.par",
        cell={"kind": "symmetric cell"} | separator.cell,
        measurements=(
            _two_spectra(celsius),
            {"technique": "polarization"} | celsius | {"settings": settings},
        ),
        truth={
            "transference_number": plan.transference_number,
            "current_fraction": plan.steady_current / plan.initial_current,
            "initial_current": plan.initial_current,
            "steady_state_current": plan.steady_current,
            "bulk_resistance": plan.bulk_resistance,
            "temperature": kelvin,
        },
    )


def write_sweep(raw: Path, truth: Truth) -> CellRecord:
    """Write a sweep to high potential between two spectra (Figs. S12, S13)."""
    name = "sweep"
    kelvin = oven_temperature(truth, _AT, name)
    separator = draw_separator(truth, name, temperature=kelvin, mass=45e-6, dense=1.03e-3)
    plan = LinearSweepTruth()
    bulk = separator.resistance
    plan = replace(plan, bulk_resistance=bulk, resistance=bulk + plan.interface_before)
    instrument = draw_instrument(truth.seed, truth.nuisances)
    sweep = linear_sweep(plan, truth.seed, instrument=instrument, nuisances=truth.nuisances)
    step = versastudio.linear_sweep(sweep.potential, sweep.current, sweep.time, plan.scan_rate)
    comment = "Na | Na2B12H12-SiO2 | composite with carbon, 30 C"
    _write(raw / f"{name}.par", truth, sweep, step, comment=comment, day=2)
    celsius = {"temperature": reading(truth, _AT)} | OVEN
    return CellRecord(
        name=name,
        figure="Figs. S12, S13",
        file=f"{name}.par",
        cell={"reference": "Na+/Na"} | separator.cell,
        measurements=(_two_spectra(celsius), {"technique": "voltammetry"} | celsius),
        truth={
            "resistance_before": bulk + plan.interface_before,
            "resistance_after": bulk + plan.interface_after,
            "resistance_ratio": (bulk + plan.interface_after) / (bulk + plan.interface_before),
            "scan_rate": plan.scan_rate,
            "temperature": kelvin,
        },
    )


def _write(
    path: Path, truth: Truth, cell: BruceVincent | LinearSweep, step: versastudio.Action, *, comment: str, day: int
) -> None:
    """Write a step between two spectra, after a rest."""
    rng = stream(truth.seed, "file", path.stem)
    rest = versastudio.open_circuit(3600.0, 12, rng)
    before, after = (versastudio.potentiostatic_eis(cell.frequency, z, rng) for z in (cell.before, cell.after))
    date = _FIRST_DAY + timedelta(days=day)
    versastudio.write_par(path, [rest, before, step, after], comment=comment, date=date)


def _two_spectra(celsius: dict[str, str]) -> dict[str, object]:
    """Return the entries for the spectra before and after a step."""
    return {"technique": "impedance", "conditions": [celsius | side for side in _EITHER_SIDE]}
