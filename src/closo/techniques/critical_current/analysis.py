"""Dataset -> Result: the staircase, the failure, the bracket."""

from __future__ import annotations

import numpy as np
import xarray as xr

from closo.dataset import Dataset, name_of
from closo.errors import DataError
from closo.quantity import Number, Quantity
from closo.result import Check, Result
from closo.techniques.critical_current.quantities import quantities_of
from closo.techniques.critical_current.steps import Steps, find_steps
from closo.techniques.instrument import GAIN, time_check
from closo.techniques.plating.analysis import Survey, geometry_of, stated, survey
from closo.techniques.plating.checks import current_check, event_checks, gap_check
from closo.techniques.plating.curves import curves_of
from closo.techniques.plating.events import CONTACT_LOSS, NONE
from closo.techniques.plating.instrument import instrument_of
from closo.techniques.plating.quantities import Geometry


def analyse(
    data: Dataset,
    *,
    voltage_zero: float = 1e-4,
    voltage_gain: float = 1e-3,
    current_gain: float = GAIN,
    current_offset: str | float | None = None,
    area: Number | None = None,
    thickness: Number | None = None,
    temperature: Number | None = None,
    ionic_conductivity: Number | None = None,
    pressure: Number | None = None,
) -> Result:
    """Analyse a staircase of current densities.

    Parameters
    ----------
    data : a measurement of kind 'cycling' or 'chronopotentiometry'.
    voltage_zero : standard uncertainty of the voltage's zero [V].
    voltage_gain, current_gain : relative standard uncertainties of the readings.
    current_offset : of the zero of the current: '0.1 %' of the range (default), or '5 nA'.
    area [m2], thickness [m], temperature [K], ionic_conductivity [S/m], pressure [Pa] : of the cell, with their sources;
        the conductivity at the temperature of the cell.

    Raises
    ------
    DataError  when the record has no half cycles, or only one level of the current.
    StudyError  when a setting is wrong.
    """
    instrument = instrument_of(
        data, zero=voltage_zero, gain=voltage_gain, current_gain=current_gain, current_offset=current_offset
    )
    geometry = geometry_of(area, thickness, ionic_conductivity)
    found = survey(data, instrument, geometry, fixed_time=None, who="critical_current")
    steps = find_steps(found.half, found.event)
    if steps.current.size < 2:
        raise DataError(
            f"critical_current needs steps of the current, but all {len(found.half)} half cycles have "
            f"{1e3 * steps.current[0]:.4g} mA.",
            file=data.attrs.get("source"),
            hint="Use the technique plating for a cell at one current.",
        )
    quantities = quantities_of(found, steps, geometry)
    quantities |= stated(temperature, pressure)
    settings = {
        "voltage_zero": voltage_zero,
        "voltage_gain": voltage_gain,
        "current_gain": current_gain,
        "current_offset": current_offset,
    }
    findings = {
        "event": found.event.kind,
        "steps": int(steps.current.size),
        "half_cycles_per_step": steps.half_cycles,
    }
    return Result(
        "critical_current",
        name_of(data),
        quantities,
        _curves(found, steps, geometry, quantities),
        (
            *event_checks(found),
            *_checks(found, steps, geometry),
            *current_check(found),
            *gap_check(found),
            time_check(found.time, found.current),
        ),
        settings,
        tuple(_notes(data, found, steps)),
        findings=findings,
    )


def _curves(found: Survey, steps: Steps, geometry: Geometry, quantities: dict[str, Quantity]) -> xr.Dataset:
    curves = curves_of(found, geometry)
    curves = curves.drop_vars([n for n in curves if str(n).startswith(("first_", "last_", "polarization_line"))])
    curves["level"] = ("half_cycle", steps.level.astype(float), {"units": "1"})
    curves["before_failure"] = ("half_cycle", (np.arange(len(found.half)) < found.event.half_cycle).astype(float))
    slope = quantities["resistance:low_steps"].value
    if slope is not None:
        curves["ohmic_voltage"] = ("half_cycle", slope * found.half.current, {"units": "V"})
    floor, _ = geometry.floor
    if floor is not None:
        curves["floor_voltage"] = ("half_cycle", floor * found.half.current, {"units": "V"})
    if geometry.area is not None:
        area = float(Quantity("area", geometry.area).value or 1.0)
        curves["half_cycle_current_density"] = (
            "half_cycle",
            found.half.sign * found.half.current / area,
            {"units": "A/m2"},
        )
    return curves


def _checks(found: Survey, steps: Steps, geometry: Geometry) -> list[Check]:
    text = f"{steps.current.size} levels from {1e3 * steps.current[0]:.4g} to {1e3 * steps.current[-1]:.4g} mA"
    regular = steps.even and steps.rising
    wrong = "" if regular else "; the steps are uneven" if steps.rising else "; a smaller current follows a larger one"
    checks = [Check("staircase", regular, f"{text}, {steps.half_cycles} half cycles each{wrong}.")]
    floor, floor_u = geometry.floor
    first = found.half.polarization[0] / found.half.late_current[0]
    if floor is None:
        checks.append(Check("ohmic floor", None, f"Not evaluated: {' and '.join(geometry.missing)} missing."))
    else:
        limit = 1.0 - 2.0 * floor_u
        detail = f"The first half cycle has {first / floor:.3f} of the ohmic L/(sigma A); not below {limit:.3f}."
        checks.append(Check("ohmic floor", bool(first >= limit * floor), detail))
    reached = found.event.kind not in (NONE, CONTACT_LOSS)
    outcome = {NONE: "The record ends without a failure.", CONTACT_LOSS: "Contact was lost first."}
    checks.append(Check("failure reached", reached, outcome.get(found.event.kind, f"A {found.event.kind}.")))
    return checks


def _notes(data: Dataset, found: Survey, steps: Steps) -> list[str]:
    notes = [*data.attrs.get("warnings", ()), *found.event.notes]
    if not steps.rising:
        notes.append("Smaller currents follow larger ones: the cell's history is part of the result.")
    return notes
