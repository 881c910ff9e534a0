"""From the columns of an EC-Lab file, text or binary, to measurements: techniques, spectra inside a record, counters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.readers.tools.named import is_spectrum
from closo.readers.tools.parts import Part, split_sweeps

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Technique:
    """One technique: `title` in the header, `short` name, `kind` of measurement, `code` in a .mpr (0: not known)."""

    title: str
    short: str
    kind: str
    code: int = 0

    @property
    def beginning(self) -> str:
        """How the line begins that names it in a header."""
        return self.title.removesuffix(" Spectroscopy").split(" /")[0]


TECHNIQUES = (  # the codes are those of .mpr files beside which the .mpt names the technique; 136 by the name of the file
    Technique("Potentio Electrochemical Impedance Spectroscopy", "PEIS", "impedance", 29),
    Technique("Galvano Electrochemical Impedance Spectroscopy", "GEIS", "impedance"),
    Technique("Staircase Potentio Electrochemical Impedance Spectroscopy", "SPEIS", "impedance"),
    Technique("Staircase Galvano Electrochemical Impedance Spectroscopy", "SGEIS", "impedance"),
    Technique("Chronoamperometry / Chronocoulometry", "CA", "chronoamperometry", 24),
    Technique("Chronopotentiometry", "CP", "chronopotentiometry", 25),
    Technique("Linear Sweep Voltammetry", "LSV", "voltammetry", 108),
    Technique("Cyclic Voltammetry", "CV", "voltammetry", 6),
    Technique("Open Circuit Voltage", "OCV", "open_circuit", 11),
    Technique("Galvanostatic Cycling with Potential Limitation", "GCPL", "cycling", 4),
    Technique("Modulo Bat", "MB", "cycling", 127),
    Technique("Battery Capacity Determination", "BCD", "cycling", 136),
)
CODES = {t.code: t for t in TECHNIQUES if t.code}

EXTRA = {  # name in the file -> name here: whole numbers that have no unit
    "half cycle": "half_cycle",
    "Ns": "step",
    "I Range": "range_code",
    "z cycle": "z_cycle",
}
COUNTERS = (  # say nothing about a spectrum
    *("charge", "cycle", "half_cycle", "step"),
    *("current_range", "set_current", "set_potential"),
)

# full scale [A] of the codes of the column `I Range`. 13, 14 and 37 are stated by settings beside the data (100 uA in two
# GCPL files, 10 uA in the constant-current steps of a Modulo Bat, 1 A in CP, LSV and PEIS of an SP-240); 11 and 12
# continue the decades of 13 and 14, and the currents found on them (up to 1.5 mA on 12) agree.
_FULL_SCALE = {11: 1e-2, 12: 1e-3, 13: 1e-4, 14: 1e-5, 37: 1.0}


_GALVANOSTATIC = 1  # of the column `mode`; 2 is potentiostatic, 3 open circuit


def control_columns(names: Collection[str]) -> dict[str, str]:
    """Return name in the file -> name here of the columns that tell the set current or potential, {} without any."""
    if "control/mA" in names:
        return {"control/mA": "control"}
    if {"control/V/mA", "mode"} <= set(names):
        return {"control/V/mA": "control", "mode": "mode"}
    return {"control/V": "set_potential"} if "control/V" in names else {}


def kind_of(columns: Columns, names: Collection[str]) -> Technique:
    """Return the technique that the columns show, where the file names none; `names` as the file writes them."""
    spectrum = is_spectrum(columns)
    if spectrum and np.all(columns["frequency"] > 0):
        return Technique("", "EIS", "impedance")
    if "control/V/mA" in names:
        return Technique("", "cycling", "cycling")
    if "control/mA" in names and not spectrum:
        return Technique("", "CP", "chronopotentiometry")
    if "current" not in columns and not spectrum:
        return Technique("", "OCV", "open_circuit")
    return Technique("", "record", "record")


def with_counters(columns: Mapping[str, np.ndarray], kind: str) -> tuple[Columns, dict[str, Any]]:
    """Return the columns with current range, cycle and current, and what the metadata must say about them.

    The code of the range becomes its full scale [A] where all codes are known, the control of galvanostatic rows the set
    current [A]. `cycle` is the instrument's, else half of
    the half cycle, as EC-Lab counts it by default. A record of the kind 'cycling' without a current gets the one that EC-Lab
    exports as `<I>`: the charge since the row before (`charge_step` where the file counts it, else the difference of
    `charge`) over the time since then; 0 in the first row and where no time passed. The columns that become others are
    overwritten.
    """
    columns = dict(columns)
    said: dict[str, Any] = {}
    step = columns.pop("charge_step", None)
    control, mode = columns.pop("control", None), columns.pop("mode", None)
    if control is not None and kind != "impedance":
        control *= 1e-3
        if mode is not None:
            control[mode != _GALVANOSTATIC] = 0.0
        columns |= {"set_current": control} if np.any(control) else {}
    code = columns.pop("range_code", None)
    if code is not None and len(code) and kind != "impedance":
        used = np.unique(code[np.append(True, code[1:] != code[:-1])])
        unknown = [int(c) if abs(c) < 1e6 else None for c in used if c not in _FULL_SCALE]
        if unknown:
            said["current_range_codes_not_known"] = unknown[:20]
        else:
            for c in used:  # no full scale is the number of a code that is still to come
                code[code == c] = _FULL_SCALE[int(c)]
            columns["current_range"] = code
    if "cycle" not in columns and "half_cycle" in columns:
        columns["cycle"] = np.floor(columns["half_cycle"] * 0.5)
    if kind == "cycling" and "current" not in columns and "time" in columns and "charge" in columns:
        if step is None:
            step = since_before(columns["charge"])
        columns["current"] = per_time(step, columns["time"])
        said["current"] = "derived from the charge counter: charge since the row before, over the time since then"
    return columns, said


def since_before(values: np.ndarray) -> np.ndarray:
    """Return the difference to the row before, shape (rows,), 0 in the first row (NaN where it is not finite)."""
    found = np.empty(len(values))
    found[:1] = values[:1] - values[:1]
    np.subtract(values[1:], values[:-1], out=found[1:])
    return found


def per_time(step: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return step / (time since the row before), 0 in the first row and where no time passed; shape (rows,)."""
    passed = since_before(time)
    return np.asarray(np.divide(step, passed, out=np.zeros(len(time)), where=passed > 0))


def measurements(columns: Columns, technique: Technique, *, line: int = 0) -> list[Part]:
    """Return the record and the spectra of a table, in file order; `line` is where the table begins.

    A record of cycling keeps every row, with `frequency` > 0 in those of a spectrum and 0 elsewhere; other records keep the
    rows without a frequency. The spectra are parts of their own, split where the counter of the file changes or the
    frequency starts again.
    """
    z_cycle = columns.pop("z_cycle", None)
    kind, short = technique.kind, technique.short
    if not is_spectrum(columns):
        return [Part("record" if kind == "impedance" else kind, short, columns, line)]
    counter = columns.get("cycle") if z_cycle is None else z_cycle
    alternating = columns["frequency"] != 0
    parts: list[tuple[int, Part]] = []
    direct = {n: v for n, v in columns.items() if not n.startswith(("impedance", "phase"))}
    if kind == "cycling":
        parts.append((0, Part(kind, short, direct, line)))
    elif not alternating.all():
        rows = np.flatnonzero(~alternating)
        direct = {n: v[rows] for n, v in direct.items() if n != "frequency"}
        parts.append((int(rows[0]), Part("record" if kind == "impedance" else kind, f"{short} DC", direct, line)))
    if alternating.any():
        rows = np.flatnonzero(alternating)
        name = short if kind == "impedance" else "PEIS" if short == "MB" else "EIS"
        picked = {n: v[rows] for n, v in columns.items() if n not in COUNTERS}
        begin = 0
        for sweep in split_sweeps(picked, None if counter is None else counter[rows]):
            parts.append((int(rows[begin]), Part("impedance", name, sweep, line)))
            begin += len(sweep["frequency"])
    return [part for _, part in sorted(parts, key=lambda p: p[0])]
