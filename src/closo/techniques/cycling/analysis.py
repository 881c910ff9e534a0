"""Dataset -> Result: legs, cycles, numbers, checks, curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.dataset import Dataset, name_of, require, voltage_of
from closo.errors import DataError
from closo.quantity import Number, Quantity, as_stated, uncertain, withheld
from closo.result import Result
from closo.techniques.cycling.budget import Instrument, instrument
from closo.techniques.cycling.cells import guess_cell, known_cell, pulses_in
from closo.techniques.cycling.checks import checks_of, clock_check, current_set, suspect_suggestions
from closo.techniques.cycling.curves import curves_of
from closo.techniques.cycling.cycles import Cycles, mean_per_leg, tabulate
from closo.techniques.cycling.interludes import Interludes, effect_on_efficiency, find_interludes
from closo.techniques.cycling.quantities import Specimen, capacities, efficiencies, rates, voltages
from closo.techniques.cycling.request import reference_of, singles, windows
from closo.techniques.cycling.rest import first_rest
from closo.techniques.cycling.retention import retentions
from closo.techniques.cycling.trends import stabilised, trend_of
from closo.techniques.half_cycles import Legs, find_legs
from closo.techniques.instrument import instrument_name

_SENSOR = 0.5  # K, standard uncertainty of a logged temperature


def analyse(
    data: Dataset,
    *,
    cell: str | None = None,
    reference_cycle: int | None = None,
    efficiency_cycles: str | None = None,
    retention_cycles: str | None = None,
    current_offset: str | float | None = None,
    current_gain: float | None = None,
    area: Number | None = None,
    active_mass: Number | None = None,
    theoretical_capacity: Number | None = None,
    temperature: Number | None = None,
) -> Result:
    """Analyse the cycling of one cell.

    Parameters
    ----------
    data : a measurement of kind 'cycling' or 'chronopotentiometry'.
    cell : 'cathode half cell', 'anode half cell', 'full cell' or 'symmetric cell'; guessed, with a note, when absent.
    reference_cycle : the cycle that counts as 100 %, from 1; the first complete one when absent.
    efficiency_cycles : ranges for mean efficiencies, e.g. '7-10, 46-50'.
    retention_cycles : single cycles, e.g. '45, 50'.
    current_offset : standard uncertainty of the zero of the current: '0.1 %' of the range (default), '50 nA', or a
        fraction of the range.
    current_gain : relative standard uncertainty of the current; 0.001 when absent.
    area [m2], active_mass [kg], theoretical_capacity [C/kg], temperature [K] : of the cell, with their sources.

    Raises
    ------
    DataError  when no current flows, or current, time or voltage is missing.
    StudyError  when a setting is wrong.
    """
    require(data, "time", "current", who="cycling")
    known = np.isfinite(data["time"].values) & np.isfinite(data["current"].values)
    if not known.all():
        data = data.isel(point=np.flatnonzero(known))
    record = _record(data)
    legs = find_legs(record.time, record.current, record.voltage, frequency=record.frequency, counter=record.counter)
    if not len(legs):
        forward = bool(np.any(np.diff(record.time) > 0))
        raise DataError(
            f"cycling needs a current that flows for some time, and '{data.attrs.get('title')}' has none outside spectra.",
            file=data.attrs.get("source"),
            hint="Is it a rest or an open-circuit record?"
            if forward
            else "Its time does not run forward: check the file.",
        )
    pulsed = pulses_in(legs)
    if pulsed:
        raise DataError(
            f"'{data.attrs.get('title')}' is a pulse test, not cycling: {pulsed}.",
            file=data.attrs.get("source"),
            hint="Charge and discharge that follow each other are needed for an efficiency; cut the pulses out.",
        )
    kind, why = (known_cell(cell), "") if cell is not None else guess_cell(legs)
    meter = instrument(
        legs,
        _column(data, "current_range"),
        offset=current_offset,
        gain=current_gain,
        name=instrument_name(data),
    )
    cycles = tabulate(legs, meter, kind, leg_temperature=mean_per_leg(record.temperature, legs))
    specimen = Specimen(area, active_mass, theoretical_capacity, temperature)
    request = {
        "cell": kind,
        "cell_given": cell is not None,
        "reference_cycle": reference_cycle,
        "efficiency_cycles": efficiency_cycles,
        "retention_cycles": retention_cycles,
    }
    return _report(data, record, cycles, meter, specimen=specimen, request=request, why=why)


@dataclass(frozen=True)
class _Record:
    """The columns of a record, (n,) each; None where the file has none."""

    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    frequency: np.ndarray | None
    counter: np.ndarray | None
    temperature: np.ndarray | None


def _record(data: Dataset) -> _Record:
    """Return the columns; a voltage that is not known leaves gaps, not errors."""
    _, voltage = voltage_of(data, who="cycling")
    voltage = np.where(np.isfinite(voltage), voltage, np.nan)
    time, current = (np.asarray(data[n].values, float) for n in ("time", "current"))
    return _Record(
        time, current, voltage, _column(data, "frequency"), _column(data, "charge"), _column(data, "temperature")
    )


def _column(data: Dataset, name: str) -> np.ndarray | None:
    """Return a column, None where it is missing, has no finite value, or is a temperature that never changes."""
    if name not in data:
        return None
    values = np.asarray(data[name].values, float)
    known = values[np.isfinite(values)]
    if not len(known) or (name == "temperature" and known.min() == known.max()):  # a constant is a default, not a log
        return None
    return values


def _report(
    data: Dataset,
    record: _Record,
    cycles: Cycles,
    meter: Instrument,
    *,
    specimen: Specimen,
    request: dict[str, Any],
    why: str,
) -> Result:
    """Turn the cycles into a Result."""
    name = name_of(data)
    reference = reference_of(cycles, request["reference_cycle"])
    asked = windows(request["efficiency_cycles"], len(cycles))
    inside, beyond = singles(request["retention_cycles"], len(cycles))
    found = find_interludes(record.time, record.current, record.frequency, record.counter)
    trend = trend_of(cycles, name=name)
    quantities = efficiencies(cycles, asked, name=name)
    quantities |= capacities(cycles, meter, specimen, name=name)
    quantities |= retentions(cycles, meter, reference, inside, trend=trend, name=name)
    for number in beyond:
        why_not = f"the record ends with cycle {len(cycles)}"
        quantities[f"capacity_retention:{number}"] = withheld("capacity_retention", why_not)
    quantities |= {"cycle:stabilised": stabilised(cycles, trend.fade, name=name)}
    quantities |= voltages(cycles, name=name)
    quantities |= rates(cycles, meter, specimen, reference, name=name)
    quantities |= _temperatures(record, cycles, specimen, name=name) | {"temperature_sensitivity": trend.sensitivity}
    quantities |= _interlude_quantities(cycles, found, meter, name=name)
    quantities["duration:first_rest"] = first_rest(record.time, cycles.legs, frequency=record.frequency, name=name)
    spread = quantities["temperature_difference:log"].value if "temperature_difference:log" in quantities else np.nan
    settings = request | {
        "reference_cycle": None if reference is None else reference + 1,
        "current_offset": meter.text,
        "current_gain": meter.gain,
    }
    findings: dict[str, Any] = {
        "instrument": meter.name,
        "integration": cycles.legs.rule,
        "threshold": cycles.legs.threshold,
    }
    curves, resolution = curves_of(
        name, cycles, found, reference, columns=(record.time, record.current, record.voltage)
    )
    findings["differential_capacity_step"] = resolution
    return Result(
        "cycling",
        name,
        quantities,
        curves,
        (
            *checks_of(
                cycles,
                meter,
                specimen,
                quantities,
                spread=np.nan if spread is None else spread,
                voltage=record.voltage,
            ),
            clock_check(record.time, record.current, cycles.legs),
            *current_set(record.current, _column(data, "set_current"), cycles.legs, meter),
        ),
        settings,
        tuple(_notes(data, cycles, meter, request=request, why=why)),
        findings=findings,
    )


def _temperatures(record: _Record, cycles: Cycles, specimen: Specimen, *, name: str) -> dict[str, Quantity]:
    """Return the mean and the range of the logged temperature, or the temperature as stated."""
    if record.temperature is not None:
        kelvin = record.temperature[cycles.legs.active & np.isfinite(record.temperature)]
        if len(kelvin):
            low, high = (float(v) for v in np.percentile(kelvin, [2.5, 97.5]))
            mean = uncertain(float(kelvin.mean()), {f"temperature sensor:{name}": _SENSOR})
            spread = uncertain(high - low, {f"temperature sensor:{name}, gain": 0.01 * (high - low)})
            return {
                "temperature": Quantity("temperature", mean, "mean of the log under current"),
                "temperature_difference:log": Quantity(
                    "temperature_difference", spread, "95 % of the log under current"
                ),
            }
    if specimen.temperature is not None:
        return {"temperature": as_stated("temperature", specimen.temperature)}
    return {}


def _interlude_quantities(cycles: Cycles, found: Interludes, meter: Instrument, *, name: str) -> dict[str, Quantity]:
    """Return what spectra did to the efficiency and the charge that they moved; nothing where there is none."""
    if not len(found):
        return {}
    offset = float(meter.offset.mean() * found.duration.sum())
    moved = float(found.charge.sum())
    number = uncertain(moved, {f"current offset:{name}": offset, f"current gain:{meter.name}": moved * meter.gain})
    by = "instrument's counter" if found.counted else "integral of I dt"
    method = f"net charge of {len(found)} spectra, {by}; in no half cycle"
    return {
        "charge:interludes": Quantity("charge", number, method),
        "coulombic_efficiency:after_interlude": effect_on_efficiency(cycles, name=name),
    }


def _notes(data: Dataset, cycles: Cycles, meter: Instrument, *, request: dict[str, Any], why: str) -> list[str]:
    """Return sentences for the reader of the report."""
    notes = [str(text) for text in data.attrs.get("warnings", ())]
    if not request["cell_given"]:
        notes.append(
            f"Taken as {'an' if cycles.cell[0] == 'a' else 'a'} {cycles.cell} because {why}; state cell= if it is not."
        )
    notes.append(
        f"Current offset {meter.text} (standard uncertainty, one error in all cycles); it moves an efficiency by twice its "
        f"share of the current. Gain {100 * meter.gain:.2g} % cancels in ratios."
    )
    legs = cycles.legs
    after = len(legs) - (int(cycles.second[-1]) + 1 if len(cycles) else 0)
    if after and len(cycles):
        notes.append(f"The record ends with {after} half cycle that has no partner; it belongs to no cycle.")
    if cycles.interlude.any() and not (cycles.complete & ~cycles.interlude).any():
        notes.append("Every complete cycle has a spectrum in it or just before it: there is no efficiency without.")
    return notes + _opposite(legs) + suspect_suggestions(data.attrs.get("suggestions", {}))


def _opposite(legs: Legs) -> list[str]:
    """Return a sentence for readings of the other sign inside legs."""
    notes = []
    misread, pulses = int(legs.misread.sum()), int(legs.pulses.sum())
    if misread:
        n, doubt = int(np.sum(legs.misread > 0)), bool(np.any(legs.doubt))
        why = "the uncertainty holds their charge" if doubt else "the voltage did not move with them"
        notes.append(
            f"{misread} single readings of the current have the other sign, in {n} half cycles: taken as misread, replaced "
            f"by the line between their neighbours ({why})."
        )
    if pulses:
        notes.append(
            f"{pulses} readings have the other sign and moved the voltage: real pulses, counted with their sign."
        )
    return notes
