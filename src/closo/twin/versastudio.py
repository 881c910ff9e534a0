"""Write VersaStudio `.par` files: the layout that the instrument's software saves, filled with synthetic data.

Sections `<Application>`, `<Action0>` (Common), `<Instrument>`, `<Experiment>`, views, `<Action1>`... and one
`<Segment1>` with the rows of every action, told apart by the column `Segment #`; then what the program keeps about its
windows. CRLF. The note that the data are synthetic is the first entry of the file and stands in the comment. Equal
arguments give equal bytes: the date is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from closo.twin.truth import SYNTHETIC

_COLUMNS = (
    "Segment #, Point #, E(V), I(A), Elapsed Time(s), ADC Sync Input(V), Current Range, Status, E Applied(V), "
    "Frequency(Hz), E Real, E Imag, I Real, I Imag, Z Real, Z Imag, E2 Status, E2(V), E2 Real, E2 Imag, Z2 Real, "
    "Z2 Imag, ActionId, AC Amplitude, 0"
)
_RANGES = (200e-3, 20e-3, 2e-3, 200e-6, 20e-6, 2e-6, 200e-9, 20e-9)  # A; written as 3, 4, 5...
_EIS, _OPEN_CIRCUIT, _CHRONOAMPEROMETRY, _CYCLIC_VOLTAMMETRY = 21, 41, 3, 38  # ActionId, as in real files
_LINEAR_SCAN, _CHRONOPOTENTIOMETRY = 901, 902  # no real file shows these: the name of the action tells what it is
_AMPLITUDE = 0.010  # of a spectrum, rms [V]
_RANGE_NAMES = ("200mA", "20mA", "2mA", "200uA", "20uA", "2uA", "200nA", "20nA")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # English in every locale
_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Action:
    """One step of an experiment."""

    name: str  # as the software calls it
    settings: tuple[str, ...]  # the lines of its section, without `Name`
    duration: float  # s until the next action
    columns: dict[str, np.ndarray | float | int]  # name -> its values, or one for all rows; others are 0


def open_circuit(duration: float, points: int, rng: np.random.Generator) -> Action:
    """Return the rest before a spectrum: a potential of a few mV that creeps, no current."""
    time = duration * np.arange(1, points + 1) / points
    potential = 0.004 * rng.standard_normal() + 2e-4 * np.exp(-time / 600.0) + 2e-5 * rng.standard_normal(points)
    settings = (
        "Cell to Use=External",
        "Electrometer Mode=Differential",
        "Acquisition Mode=Auto",
        "Current Range=20uA",
        f"Total Points={points}",
        "Drift Rate (mV/min)=0",
        f"Duration (s)={duration:.7G}",
        f"Time Per Point (s)={duration / points:.7G}",
        "ParentNode=Common",
    )
    columns: dict[str, np.ndarray | float | int] = {
        "Elapsed Time(s)": time,
        "E(V)": potential,
        "I(A)": 1e-12 * np.round(40.0 * rng.standard_normal(points)),
        "Current Range": 7,
        "Status": 163845,
        "ActionId": _OPEN_CIRCUIT,
    }
    return Action("Open Circuit", settings, duration, columns)


def potentiostatic_eis(frequency: np.ndarray, impedance: np.ndarray, rng: np.random.Generator) -> Action:
    """Return a spectrum at open circuit: E and I as the analyser found them, Z = E/I.

    Parameters
    ----------
    frequency : [Hz], shape (n,); impedance : [ohm], complex, shape (n,).
    rng : gives the phases of E and the times.
    """
    n = frequency.size
    e = _AMPLITUDE * (1.0 + 0.01 * rng.standard_normal(n)) * np.exp(2j * np.pi * rng.random(n))
    i = e / impedance
    steps = 0.25 + 0.02 * rng.random(n) + 3.0 / frequency
    settings = (
        "Cell to Use=External",
        "Leave Cell ON=Yes",
        "LCI Bandwidth Limit=Auto",
        "Bandwidth Limit=Auto",
        "Electrometer Mode=Differential",
        "VoltageRange=+/-6V",
        "Current Range=Auto",
        "Scan Rate (V/s)=0",
        "Measurement Delay (s)=0",
        "Data Quality=1",
        f"Points Per Decade={round((n - 1) / np.log10(frequency.max() / frequency.min()))}",
        f"Number of Points={n}",
        "Point Spacing=Logarithmic",
        "Final Potential (V),Versus=vs OC",
        "Final Potential (V),Value=0",
        "Potential (V),Versus=vs OC",
        "Potential (V),Value=0",
        "Step or Scan=Step",
        f"Amplitude (mV RMS)={_AMPLITUDE * 1e3:.7G}",
        f"End Frequency (Hz)={frequency[-1]:.7G}",
        f"Start Frequency (Hz)={frequency[0]:.7G}",
        "Segments=1",
        "ParentNode=Common",
    )
    columns: dict[str, np.ndarray | float | int] = {
        "Elapsed Time(s)": np.round(np.cumsum(steps), 3),
        "I(A)": 1e-11 * rng.standard_normal(),
        "ADC Sync Input(V)": np.round(rng.integers(-4, 5, n) * 3.051804e-4, 10),
        "Current Range": 3 + np.array([sum(x < r for r in _RANGES[1:]) for x in np.abs(i) * 1.5]),
        "Status": 164,
        "Frequency(Hz)": frequency,
        "E Real": e.real,
        "E Imag": e.imag,
        "I Real": i.real,
        "I Imag": i.imag,
        "Z Real": impedance.real,
        "Z Imag": impedance.imag,
        "ActionId": _EIS,
        "AC Amplitude": _AMPLITUDE,
    }
    return Action("Potentiostatic EIS", settings, float(np.sum(steps)) + 1.0, columns)


def chronoamperometry(
    time: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    *,
    level: float | np.ndarray | None = None,
    full_scale: float = 0.0,
) -> Action:
    """Return a constant voltage with the current that it drives.

    Parameters
    ----------
    time : from the beginning of the action [s], shape (n,); the file keeps milliseconds.
    current, voltage : [A] (> 0 oxidises the working electrode), [V], shape (n,), noise included.
    level : the voltage that was asked for [V], one for all rows or shape (n,); the median of `voltage` when absent.
    full_scale : of the current range [A]; 0 for the smallest that holds the currents.
    """
    level = float(np.median(voltage)) if level is None else level
    first = float(np.ravel(level)[0])
    settings = (*_timing(time), "Potential (V),Versus=vs Ref", f"Potential (V),Value={first:.7G}")
    columns = _measured(time, current, voltage, full_scale) | {"E Applied(V)": level, "ActionId": _CHRONOAMPEROMETRY}
    return _direct("Chronoamperometry", settings, columns)


def chronopotentiometry(
    time: np.ndarray, potential: np.ndarray, current: np.ndarray, *, level: float | None = None, full_scale: float = 0.0
) -> Action:
    """Return a galvanostatic step, as one charge or discharge: a constant current with the potential that it needs.

    Parameters
    ----------
    time : from the beginning of the action [s], shape (n,); the file keeps milliseconds.
    potential, current : [V], [A] (> 0 charges), shape (n,), noise included.
    level : the current that was asked for [A]; the median of `current` when absent.
    full_scale : of the current range [A]; 0 for the smallest that holds the currents.
    """
    level = float(np.median(current)) if level is None else level
    settings = (*_timing(time), f"Current (A),Value={level:.7G}")
    columns = _measured(time, current, potential, full_scale) | {"ActionId": _CHRONOPOTENTIOMETRY}
    return _direct("Chronopotentiometry", settings, columns)


def linear_sweep(potential: np.ndarray, current: np.ndarray, time: np.ndarray, scan_rate: float) -> Action:
    """Return one sweep of the potential.

    Parameters
    ----------
    potential, current, time : [V], [A], [s] from the beginning of the action, shape (n,); in the order of the sweep.
    scan_rate : [V/s].
    """
    settings = (
        f"Total Points={time.size}",
        f"Scan Rate (V/s)={abs(scan_rate):.7G}",
        "Final Potential (V),Versus=vs Ref",
        f"Final Potential (V),Value={potential[-1]:.7G}",
        "Initial Potential (V),Versus=vs Ref",
        f"Initial Potential (V),Value={potential[0]:.7G}",
    )
    columns = _measured(time, current, potential) | {"E Applied(V)": potential, "ActionId": _LINEAR_SCAN}
    return _direct("Linear Scan Voltammetry", settings, columns)


def cyclic_voltammetry(potential: np.ndarray, current: np.ndarray, time: np.ndarray, scan_rate: float) -> Action:
    """Return sweeps to and fro; arguments as for `linear_sweep`."""
    settings = (
        f"Total Points={time.size}",
        f"Points Per Cycle={time.size}",
        "Cycles=1",
        f"Scan Rate (V/s)={abs(scan_rate):.7G}",
        "Vertex 2 Potential (V),Versus=vs Ref",
        f"Vertex 2 Potential (V),Value={potential.min():.7G}",
        "Vertex 1 Potential (V),Versus=vs Ref",
        f"Vertex 1 Potential (V),Value={potential.max():.7G}",
    )
    columns = _measured(time, current, potential) | {"E Applied(V)": potential, "ActionId": _CYCLIC_VOLTAMMETRY}
    return _direct("Cyclic Voltammetry (Multiple Cycles)", settings, columns)


def _timing(time: np.ndarray) -> tuple[str, ...]:
    step = float(np.median(np.diff(time))) if time.size > 1 else float(time[0])
    return (f"Total Points={time.size}", f"Duration (s)={time[-1]:.7G}", f"Time Per Point (s)={step:.7G}")


def _measured(
    time: np.ndarray, current: np.ndarray, potential: np.ndarray, full_scale: float = 0.0
) -> dict[str, np.ndarray | float | int]:
    """Return the columns that every action without an alternating signal fills."""
    full_scale = full_scale or float(np.max(np.abs(current)))
    code = sum(full_scale <= r for r in _RANGES[1:])
    return {
        "Elapsed Time(s)": time,
        "E(V)": potential,
        "I(A)": current,
        "Current Range": 3 + code,
        "Status": 3 + code,
    }


def _direct(name: str, settings: tuple[str, ...], columns: dict[str, np.ndarray | float | int]) -> Action:
    """Return an action without an alternating signal; it ends with its last point."""
    code = columns["Current Range"]
    common = (
        "Cell to Use=External",
        "Leave Cell ON=Yes",
        "iR Compensation=Disabled",
        "LCI Bandwidth Limit=Auto",
        "Bandwidth Limit=Auto",
        "I Filter=Auto",
        "E Filter=Auto",
        "Electrometer Mode=Auto",
        "VoltageRange=+/-6V",
        f"Current Range={_RANGE_NAMES[int(code) - 3]}",
    )
    duration = float(np.asarray(columns["Elapsed Time(s)"])[-1])
    return Action(name, (*common, *settings, "Segments=1", "ParentNode=Common"), duration, columns)


def write_par(
    path: Path,
    actions: Sequence[Action],
    *,
    comment: str,
    date: datetime,
    encoding: str = "utf-8",
    blob: int = 0,
) -> None:
    """Write one experiment.

    Parameters
    ----------
    comment : what the user typed; the synthetic note is put before it.
    date : when the experiment pretends to have started.
    encoding : 'utf-8', or 'latin-1' as German systems write it.
    blob : length of the one line of calibration numbers that some files hold (up to 48 kB in real ones), 0 for none.
    """
    lines = [*_header(comment, date, actions), *_segment(actions)]
    if blob:
        lines += _section("PStatACCalibrationE1", ["[Date=2018/01/01]" + "[Magnitude_2mA_10mV=[0]]" * (blob // 24)])
    lines += [*_graph(1, "Frequency (Hz)", "|Z| (ohms)"), *_graph(2, "Zre (ohms)", "Zim (ohms)"), *_windows()]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def _section(name: str, lines: Sequence[str]) -> list[str]:
    return [f"<{name}>", *lines, f"</{name}>", ""]


def _header(comment: str, date: datetime, actions: Sequence[Action]) -> list[str]:
    application = (
        f"Note={SYNTHETIC}",
        "Name=VersaStudio",
        "Version=2.60.6.0",
        "LoggedIn=Security Disabled",
        "Language [VersaStudio]=English (United States) [en-US]",
    )
    common = (
        "Remeasure OC Per Action=No",
        f"Measured Open Circuit={_open_circuit_potential(actions) * 1e3:.3f} mV",
        "E2 Cell to Use=External",
        "Mass (g)=0",
        "Density (g/ml)=0",
        "Working Electrode Area (cm2)=1",  # what the software writes when nobody has typed an area
        "Working Electrode Type=Unspecified",
        "Reference Electrode=(unspecified) (0 Volts)",
        "Segments=0",
        "Name=Common",
        f"Comment={SYNTHETIC}. {comment}",
    )
    instrument = ("Type=Synthetic (layout of a PMC-1000)", "Model=", "SN=0", "Options=FRA, EIS <Filter:Normal>")
    hour = f"{(date.hour - 1) % 12 + 1}:{date:%M:%S} {'AM' if date.hour < 12 else 'PM'}"
    day = f"{_DAYS[date.weekday()]}, {_MONTHS[date.month - 1]} {date.day}, {date.year}"
    experiment = (
        f"TimeAcquired={hour}",
        f"DateAcquired={day}",
        "Height=661",
        "Width=712",
        "LocY=0",
        "LocX=0",
        "Show=True",
    )
    lines = [
        *_section("Application", application),
        *_section("Action0", common),
        *_section("Instrument", instrument),
        *_section("Experiment", experiment),
        *_section(
            "DataView", ("ViewSegments=All Segments", "Height=328", "Width=728", "LocY=0", "LocX=0", "Show=True")
        ),
        *_section("Overlays", ("Height=438", "Width=294", "LocY=0", "LocX=0", "Show=False")),
    ]
    for number, action in enumerate(actions, start=1):
        lines += _section(f"Action{number}", [*action.settings, f"Name={action.name}"])
    return lines


def _open_circuit_potential(actions: Sequence[Action]) -> float:
    """Return the last potential of the first rest [V], 0 where there is none."""
    rests = (np.asarray(action.columns["E(V)"]) for action in actions if action.name == "Open Circuit")
    return float(next((rest[-1] for rest in rests), 0.0))


def _segment(actions: Sequence[Action]) -> list[str]:
    """Return the one segment section with the rows of all actions; points and time go on from action to action."""
    names = _COLUMNS.split(", ")[:-1]
    rows: list[str] = []
    start = 0.0
    for number, action in enumerate(actions):
        n = np.asarray(action.columns["Elapsed Time(s)"]).size
        table = {name: np.broadcast_to(action.columns.get(name, 0), n) for name in names[2:]}
        texts = {
            name: [f"{value:.7G}" if value else "0" for value in values.tolist()] for name, values in table.items()
        }
        texts["Elapsed Time(s)"] = [f"{t + start:.3f}".rstrip("0").rstrip(".") for t in table["Elapsed Time(s)"]]
        first = len(rows)
        rows += [
            ",".join((str(number), str(first + k), *cells)) for k, cells in enumerate(zip(*texts.values(), strict=True))
        ]
        start += action.duration
    return _section("Segment1", ["Type=11", "Version=3", f"Definition={_COLUMNS}", *rows])


def _graph(number: int, x: str, y: str) -> list[str]:
    lines = ["Analysis=0", "Type=Unknown", "LockAspectRatio=False", "Grid=True", "Legend=False", "GraphTitle="]
    lines += [f"YAxisName={y}", f"YAxisType={y}", f"XAxisName={x}", f"XAxisType={x}", "Height=923", "Width=958"]
    return _section(f"Graph{number}", lines)


def _windows() -> list[str]:
    """Return the window layout: XML inside the INI-like file, as real files end."""
    return [
        "<DockingLayout>",
        '<?xml version="1.0" encoding="utf-16"?>',
        '<DockPanel FormatVersion="1.0" ActiveDocumentPane="1">',
        '  <Contents Count="1">',
        '    <Content ID="0" PersistString="PowerSTAT.DataView" IsHidden="False" />',
        "  </Contents>",
        "</DockPanel>",
        "</DockingLayout>",
    ]
