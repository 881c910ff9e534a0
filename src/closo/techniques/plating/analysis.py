"""Dataset -> Result: half cycles, event, numbers, checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, name_of, require, voltage_of
from closo.errors import DataError, StudyError
from closo.quantity import Number, Quantity, as_stated
from closo.result import Result
from closo.techniques.instrument import GAIN, full_scale
from closo.techniques.plating.checks import checks_of
from closo.techniques.plating.curves import curves_of
from closo.techniques.plating.events import Event, find_event
from closo.techniques.plating.half_cycles import HalfCycles, find_half_cycles, levels_of
from closo.techniques.plating.instrument import Instrument, instrument_of
from closo.techniques.plating.quantities import Geometry, quantities_of
from closo.techniques.plating.trend import Trend, trend

_POINTS = 5  # in the usual half cycle, at least
_AGAINST = 0.3  # share of the readings; half of them where voltage or current is written without its sign
_STAIRCASE = 3  # levels of one sign
_APART = 0.1  # V; two equal electrodes do not stand further apart at rest


@dataclass(frozen=True)
class Survey:
    """What a record of a symmetric cell holds.

    `time` [s], `voltage` [V] : (n,) the whole record; `half` : its half cycles; `event` : what happened first; `used` :
    numbers of the complete half cycles before it at the current that flowed longest; `instrument` : what readings are worth;
    `scale` : current range of each half cycle [A], `stated` by the file or not; `line` : drift of the used ones, None where
    there are too few; `wanted` : (n,) the set current [A], None where the file does not tell it.
    """

    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    half: HalfCycles
    event: Event
    used: np.ndarray
    instrument: Instrument
    scale: np.ndarray
    stated: bool
    line: Trend | None
    wanted: np.ndarray | None = None

    @property
    def zero(self) -> np.ndarray:
        """Standard uncertainty of the zero of the current in each half cycle, with the sign of the half cycle [A]."""
        fraction, absolute = self.instrument.offset
        return np.asarray(self.half.sign * (absolute + fraction * np.maximum(self.scale, self.half.current)))


def analyse(
    data: Dataset,
    *,
    fixed_time: float | None = None,
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
    """Analyse plating and stripping at constant current.

    Parameters
    ----------
    data : a measurement of kind 'cycling' or 'chronopotentiometry'.
    fixed_time : time after a change of polarity at which |U| is read too [s]; half of a half cycle when absent.
    voltage_zero : standard uncertainty of the voltage's zero [V].
    voltage_gain, current_gain : relative standard uncertainties of the readings.
    current_offset : of the zero of the current: '0.1 %' of the range (default), or '5 nA'.
    area [m2], thickness [m], temperature [K], ionic_conductivity [S/m], pressure [Pa] : of the cell, with their sources;
        the conductivity at the temperature of the cell.

    Raises
    ------
    DataError  when the record has no current or no half cycle.
    StudyError  when a setting is wrong.
    """
    instrument = instrument_of(
        data, zero=voltage_zero, gain=voltage_gain, current_gain=current_gain, current_offset=current_offset
    )
    geometry = geometry_of(area, thickness, ionic_conductivity)
    found = survey(data, instrument, geometry, fixed_time=fixed_time, who="plating")
    _refuse_staircase(found.half, data)
    quantities = quantities_of(found, geometry)
    quantities |= stated(temperature, pressure)
    settings = {
        "fixed_time": found.half.fixed,
        "voltage_zero": voltage_zero,
        "voltage_gain": voltage_gain,
        "current_gain": current_gain,
        "current_offset": current_offset,
    }
    findings = {
        "half_cycles": len(found.half),
        "half_cycles_used": int(found.used.size),
        "event": found.event.kind,
    }
    return Result(
        "plating",
        name_of(data),
        quantities,
        curves_of(found, geometry),
        checks_of(found, geometry, quantities),
        settings,
        tuple(_notes(data, found)),
        findings=findings,
    )


def stated(temperature: Number | None, pressure: Number | None) -> dict[str, Quantity]:
    """Return the conditions of the cell [K, Pa] that are given."""
    given = {"temperature": temperature, "pressure": pressure}
    return {key: as_stated(key, number) for key, number in given.items() if number is not None}


def geometry_of(area: Number | None, thickness: Number | None, conductivity: Number | None) -> Geometry:
    """Return area and ohmic resistance L/sigma [ohm m2], each None where it is not known."""
    ohmic = thickness / conductivity if thickness is not None and conductivity is not None else None
    missing = [
        name
        for name, number in (("thickness", thickness), ("ionic_conductivity", conductivity), ("area", area))
        if number is None
    ]
    return Geometry(area, ohmic, tuple(missing), thickness)


def survey(data: Dataset, instrument: Instrument, geometry: Geometry, *, fixed_time: float | None, who: str) -> Survey:
    """Find half cycles, event and drift of a record.

    Raises
    ------
    DataError  when the record has no current or no half cycle, few points, or a voltage against the current.
    StudyError  when `fixed_time` is not positive.
    """
    if fixed_time is not None and not (np.isfinite(fixed_time) and fixed_time > 0):
        raise StudyError(f"fixed_time = {fixed_time} s is not valid.", hint="Give a positive time in seconds.")
    require(data, "time", "current", who=who)
    _, voltage = voltage_of(data, who=who)
    time, current = (np.asarray(data[key].values, float) for key in ("time", "current"))
    optional = {
        name: np.asarray(data[key].values, float) if key in data else None
        for name, key in (
            ("frequency", "frequency"),
            ("counter", "charge"),
            ("ranges", "current_range"),
            ("wanted", "set_current"),
        )
    }
    known = np.isfinite(time) & np.isfinite(current) & np.isfinite(voltage)
    time, current, voltage = time[known], current[known], voltage[known]
    optional = {name: None if values is None else values[known] for name, values in optional.items()}
    ranges, wanted = optional.pop("ranges"), optional.pop("wanted")
    half = find_half_cycles(time, current, voltage, fixed=fixed_time, **optional)
    if len(half) == 0:
        raise DataError(
            f"{who} needs half cycles under current, but none was found in {time.size} points.",
            file=data.attrs.get("source"),
            hint="Is this the record of a symmetric cell at constant current?",
        )
    _refuse(half, voltage, instrument, data=data, who=who)
    _refuse_rest(half, voltage, data, who)
    floor, floor_u = geometry.floor
    event = find_event(time, voltage, half, floor=floor, floor_u=floor_u)
    used = _used(half, event)
    line = trend(half.middle[used] - half.begin[0], half.polarization[used], half.sign[used])
    scale, named = _scale(half, ranges)
    return Survey(time, current, voltage, half, event, used, instrument, scale, named, line, wanted)


def _scale(half: HalfCycles, ranges: np.ndarray | None) -> tuple[np.ndarray, bool]:
    """Return the current range of each half cycle [A], and whether the file names it; else all have that of the largest."""
    assumed = full_scale(np.nan, float(half.current.max()))
    if ranges is None:
        return np.full(len(half), assumed), False
    named = np.array([float(np.median(ranges[rows])) for rows in half.rows])
    known = np.isfinite(named) & (named > 0)
    return np.where(known, named, assumed), bool(known.all())


def _refuse(half: HalfCycles, voltage: np.ndarray, instrument: Instrument, *, data: Dataset, who: str) -> None:
    """Refuse a record that is sampled too coarsely, of a cell that is not symmetric, or with a voltage of the wrong sign."""
    points = float(np.median([rows.size for rows in half.rows]))
    if points < _POINTS:
        raise DataError(
            f"{who} needs at least {_POINTS} points in a half cycle, but the usual one of {len(half)} has {points:g}.",
            file=data.attrs.get("source"),
            hint="Is this the record of a symmetric cell at constant current?",
        )
    positive, negative = (sign * half.polarization[half.sign == sign] for sign in (1, -1))
    if positive.size and negative.size:
        up, down = float(np.median(positive)), float(np.median(negative))
        if abs(up + down) / 2 > max(_APART, abs(up - down) / 2):
            raise DataError(
                f"{who} needs a symmetric cell, whose voltage changes its sign with the current; here it is {up:.3g} V at "
                f"positive and {down:.3g} V at negative currents.",
                file=data.attrs.get("source"),
                hint="Was the technique cycling meant?",
            )
    with_current = np.concatenate([sign * voltage[rows] for sign, rows in zip(half.sign, half.rows, strict=True)])
    against = float(np.mean(with_current < -3.0 * instrument.zero))
    if against > _AGAINST:
        raise DataError(
            f"The voltage is against the current in {100 * against:.3g} % of the readings under current, which no "
            "symmetric cell does.",
            file=data.attrs.get("source"),
            hint="Is it one, and are both columns written with their signs?",
        )


def _refuse_rest(half: HalfCycles, voltage: np.ndarray, data: Dataset, who: str) -> None:
    """Refuse a record of one polarity that begins with the rest of a cell that is not symmetric."""
    rest = voltage[: half.rows[0][0]]
    if np.unique(half.sign).size > 1 or rest.size == 0 or abs(float(np.median(rest))) <= _APART:
        return
    raise DataError(
        f"{who} needs a symmetric cell, whose voltage at rest is about 0; here it is {float(np.median(rest)):.3g} V.",
        file=data.attrs.get("source"),
        hint="Was the technique cycling meant?",
    )


def _refuse_staircase(half: HalfCycles, data: Dataset) -> None:
    """Refuse a record of one polarity whose current steps from level to level in one direction."""
    steps = np.diff(levels_of(half.current, half.sign))
    if np.unique(half.sign).size > 1 or len(half) < _STAIRCASE or not (np.all(steps > 0) or np.all(steps < 0)):
        return
    raise DataError(
        f"plating needs one current or a change of its sign; here it steps through {len(half)} levels of one sign, from "
        f"{1e3 * half.current[0]:.4g} to {1e3 * half.current[-1]:.4g} mA: a staircase.",
        file=data.attrs.get("source"),
        hint="Of a symmetric cell it is critical_current; no number here would belong to one current.",
    )


def _used(half: HalfCycles, event: Event) -> np.ndarray:
    """Return the complete half cycles before the event at the level of current that flowed longest."""
    before = half.complete & (np.arange(len(half)) < event.half_cycle)
    if not before.any():
        return np.zeros(0, int)
    level = levels_of(half.current, half.sign)
    spent = np.bincount(level[before], half.end[before] - half.begin[before])
    return np.flatnonzero(before & (level == int(np.argmax(spent))))


def _notes(data: Dataset, found: Survey) -> list[str]:
    notes = list(data.attrs.get("warnings", ()))
    half = found.half
    notes.append(f"{len(half)} half cycles, {found.used.size} complete ones before any event are used.")
    notes += found.event.notes
    if half.interludes.sum():
        notes.append(
            f"{int(half.interludes.sum())} spectra lie between or within half cycles; their charge is not counted."
        )
    levels = np.unique(levels_of(half.current, half.sign)).size
    if levels > 1:
        notes.append(f"{levels} levels of current; the numbers belong to the one that flowed longest.")
    return notes
