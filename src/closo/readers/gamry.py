"""Gamry .DTA (EXPLAIN text of Gamry Framework).

Recognised by `EXPLAIN` in the first line, followed by `TAG`.

Structure: lines `NAME<tab>TYPE<tab>value<tab>label`; tables begin with a line `NAME<tab>TABLE[<tab>rows]`, then a line of
column names and one of units (both begin with a tab), then rows that begin with a tab. Decimal point or decimal comma;
Latin-1 or UTF-8.

Tables: `ZCURVE...` is an impedance spectrum: `Freq` [Hz], `Zreal`, `Zimag` [ohm, negative when capacitive], `Zmod`, `Zphz`
(compared), `Time` [s], `Idc` [A], `Vdc` [V]. Where the software corrected for drift (`ZrealDrCor`, `ZimagDrCor`), the
corrected columns are taken and the metadata say so. `OCVCURVE` is an open circuit: `T` [s], `Vf` [V]. `CURVE...`: `T` [s],
`Vf` [V], `Im` [A], `Temp` (left out below 0 K: no sensor); the TAG of the file decides on its kind: CHRONOA, CHRONOP, CV,
LSV, POTENTIODYNAMIC (POTDYN), CORPOT, PWR800_READVOLTAGE, PWR800_CHARGE, PWR800_DISCHARGE; any other PWR800_... is
'cycling', any other TAG a 'record'. Two or more galvanostatic curves (CHRONOP, PWR800_...) are one measurement of kind
'cycling' with `step` = number of the curve; where the clock starts again with a curve, its time goes on from the end of the
one before. Files without an OCVCURVE (galvanostatic EIS) are as good.

Set current of a CHRONOP: ISTEP1 [A] from time 0 for TSTEP1 [s], then ISTEP2 for TSTEP2; 0 before and after.

Sign: CONVENTION 1 (every file seen) writes anodic currents positive: > 0 charges. Another value gives a warning.

The units row is obeyed (kohm, mA, ...). An unknown unit is refused in a column that is needed; another one, such as a phase
whose degree sign was damaged, is left out with a warning.

Suggestions only: AREA (1 cm2 is the software's default).

Refused: a file without one of these tables, or whose tables have no rows; a CAPACITYCURVE, which holds one row per half
cycle and no record (read the files of its steps).
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.nomenclature import look_up
from closo.readers.tools.columns import Column, unit_factor
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import read_rows, scaled
from closo.readers.tools.text import Text, load, shown

_SPECTRUM = {
    "Freq": "frequency",
    "Zreal": "impedance_real",
    "Zimag": "impedance_imag",
    "Zmod": "impedance_modulus",
    "Zphz": "phase",
    "Time": "time",
    "Idc": "current",
    "Vdc": "potential",
}
_DRIFT_CORRECTED = {
    "ZrealDrCor": "impedance_real",
    "ZimagDrCor": "impedance_imag",
    "ZmodDrCor": "impedance_modulus",
    "ZphzDrCor": "phase",
}
_CURVE = {"T": "time", "Vf": "potential", "Im": "current", "Temp": "temperature"}
_KIND_OF_TAG = {
    "CHRONOA": ("chronoamperometry", "CA"),
    "CHRONOP": ("chronopotentiometry", "CP"),
    "CV": ("voltammetry", "CV"),
    "LSV": ("voltammetry", "LSV"),
    "POTENTIODYNAMIC": ("voltammetry", "LSV"),
    "POTDYN": ("voltammetry", "LSV"),
    "CORPOT": ("open_circuit", "OCV"),
    "PWR800_READVOLTAGE": ("open_circuit", "OCV"),
    "PWR800_CHARGE": ("chronopotentiometry", "charge"),
    "PWR800_DISCHARGE": ("chronopotentiometry", "discharge"),
}
_STATED = {
    "TITLE": "technique",
    "PSTAT": "instrument",
    "FRAMEWORKVERSION": "software",
    "VAC": "amplitude",
    "EOC": "open_circuit",
    "CONVENTION": "current_convention",
    "DRIFTCOR": "drift_correction",
}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectra and curves of a .DTA file."""
    text = load(path)
    tables = [i for i, line in enumerate(text.lines) if re.match(r"\w{1,40}\tTABLE\b", line[:60])]
    header = _header(text, tables[0] if tables else len(text.lines))
    tag = header.get("TAG", "")
    parts = []
    for position, line in enumerate(tables):
        end = tables[position + 1] if position + 1 < len(tables) else len(text.lines)
        part = _part(text, line, end, tag)
        if part is not None:
            parts.append(_with_set_current(part, header) if tag == "CHRONOP" else part)
    if not parts:
        names = ", ".join(text.lines[i].split("\t")[0][:40] for i in tables[:5]) or "no table at all"
        if "CAPACITYCURVE" in names:
            raise text.error(
                "it holds the capacity of each half cycle (CAPACITYCURVE), and no current and potential over time.",
                "Read the files of its steps, CHARGE_#1.DTA, DISCHARGE_#1.DTA and so on.",
            )
        raise text.error(
            f"it has no ZCURVE, OCVCURVE or CURVE with rows (found: {names}).",
            "Was the run stopped before its first point? Export the data as text with column names if it is another kind.",
        )
    metadata = _metadata(text, header)
    warnings: tuple[str, ...] = ()
    if any("current" in part.columns and part.kind != "impedance" for part in parts):
        metadata |= {"current_sign": "positive charges"}
        if header.get("CONVENTION", "1") != "1":
            warnings = (
                f"CONVENTION is {shown(header['CONVENTION'], 10)}, not 1: the current may have the opposite sign (cathodic "
                "positive); check that the potential rises while it is positive.",
            )
    return finish(text, _joined(parts), metadata=metadata, suggestions=_suggestions(header), warnings=warnings)


def _joined(parts: list[Part]) -> list[Part]:
    """Put one record in the place of two or more galvanostatic curves."""
    curves = [part for part in parts if part.kind in ("chronopotentiometry", "cycling")]
    if len(curves) < 2 or not all({"time", "current"} <= set(part.columns) for part in curves):
        return parts
    names = [n for n in curves[0].columns if all(n in part.columns for part in curves)]
    columns = {name: np.concatenate([part.columns[name] for part in curves]) for name in names}
    end, times = 0.0, []
    for part in curves:
        time = part.columns["time"]
        times.append(time + end if time[0] < end else time)
        end = float(times[-1][-1])
    columns["time"] = np.concatenate(times)
    columns["step"] = np.repeat(np.arange(1.0, len(curves) + 1), [len(part.columns["time"]) for part in curves])
    warnings = tuple(dict.fromkeys(w for part in curves for w in part.warnings))
    joined = Part("cycling", "cycling", columns, curves[0].line, warnings=warnings)
    first = next(i for i, part in enumerate(parts) if part is curves[0])
    others = [part for part in parts if not any(part is curve for curve in curves)]
    return [*others[:first], joined, *others[first:]]


def _header(text: Text, end: int) -> dict[str, str]:
    """Return NAME -> value of the lines above the first table."""
    found = {}
    for line in text.lines[: min(end, 2000)]:
        fields = line[:2000].split("\t")
        if len(fields) > 2 and fields[0]:
            found[fields[0]] = fields[2].strip()
        elif len(fields) == 2 and fields[0] == "TAG":
            found["TAG"] = fields[1].strip()
    return found


def _part(text: Text, line: int, end: int, tag: str) -> Part | None:
    """Read the table that begins at `line`; None for a table of another kind or without rows."""
    name = text.lines[line].split("\t")[0]
    kinds = {"ZCURVE": ("impedance", "GEIS" if "GALV" in tag else "PEIS"), "OCVCURVE": ("open_circuit", "OCV")}
    stem = re.sub(r"\d+$", "", name)
    other = ("cycling", "cycling") if tag.startswith("PWR800") else ("record", tag[:20] or "curve")
    kind, technique = kinds.get(stem, _KIND_OF_TAG.get(tag, other))
    if stem not in ("ZCURVE", "OCVCURVE", "CURVE") or line + 2 >= end:
        return None
    names = [n.strip() for n in text.lines[line + 1][:20_000].split("\t")]
    units = [u.strip() for u in text.lines[line + 2][:20_000].split("\t")]
    rows = range(line + 3, _end_of_rows(text, line + 3, end))
    if not any(text.lines[i].strip() for i in rows):
        return None
    corrected = stem == "ZCURVE" and {"ZrealDrCor", "ZimagDrCor"} <= set(names)
    known = dict(_CURVE if stem != "ZCURVE" else _SPECTRUM)
    if corrected:
        known = {n: v for n, v in known.items() if v not in _DRIFT_CORRECTED.values()} | _DRIFT_CORRECTED
    needed = {"impedance": {"frequency", "impedance_real", "impedance_imag"}}.get(
        kind, {"time", "potential", "current"}
    )
    columns, left_out = [], []
    for n in (n for n in known if n in names):
        column = _column(known[n], names.index(n), units)
        if column is not None:
            columns.append(column)
            continue
        unit = shown("".join(units[names.index(n) :][:1]), 20)
        if known[n] in needed:
            raise text.error(
                f"the unit {unit} of {known[n]} is not known.", "Export it again in SI units.", line=line + 2
            )
        left_out.append(f"The column {n} of {name} was left out: its unit {unit} is not known.")
    missing = {"impedance": {"frequency", "impedance_real", "impedance_imag"}}.get(kind, {"potential"}) - {
        c.name for c in columns
    }
    if missing:
        raise text.error(
            f"the table {name} has no column for {', '.join(sorted(missing))}.", "Export it again.", line=line + 1
        )
    columns.sort(key=lambda c: c.index)
    width = text.lines[rows.start].rstrip("\t ").count("\t") + 1
    read_in = read_rows(text, rows, "\t", wanted=[c.index for c in columns], width=width)
    warnings = (*left_out, *read_in.warnings)
    announced = re.match(r"\w+\tTABLE\t(\d{1,7})\s*$", text.lines[line][:80])
    if announced is not None and int(announced[1]) > len(read_in.values):
        warnings += (f"{announced[1]} rows are announced, {len(read_in.values)} are there: the file may be cut off.",)
    values = scaled(read_in, columns)
    if "temperature" in values and not np.all(values["temperature"] > 0):
        del values["temperature"]
    part = Part(kind, technique, values, line, warnings=warnings)
    return replace(part, metadata={"drift_corrected": True}) if corrected else part


def _with_set_current(part: Part, header: dict[str, str]) -> Part:
    """Return a chronopotentiometry with `set_current`: ISTEP1 from time 0 on for TSTEP1, then ISTEP2; 0 before."""
    first, until, second, then = (_number(header, key) for key in ("ISTEP1", "TSTEP1", "ISTEP2", "TSTEP2"))
    if part.kind != "chronopotentiometry" or "time" not in part.columns or not np.isfinite(first):
        return part
    time = part.columns["time"]
    end = until if np.isfinite(until) else np.inf if not np.isfinite(second) else 0.0
    wanted = np.where((time > 0) & (time < end), first, 0.0)
    if np.isfinite(second) and np.isfinite(then):
        wanted = np.where((time > end) & (time < end + then), second, wanted)
    return replace(part, columns={**part.columns, "set_current": wanted}) if np.any(wanted) else part


def _number(header: dict[str, str], key: str) -> float:
    """Return a number of the header, NaN where there is none."""
    try:
        return float(header.get(key, "").replace(",", "."))
    except ValueError:
        return np.nan


def _end_of_rows(text: Text, start: int, end: int) -> int:
    """Return the line after the last row: rows begin with a tab."""
    i = start
    while i < end and (text.lines[i].startswith("\t") or not text.lines[i].strip()):
        i += 1
    return i


def _column(name: str, index: int, units: list[str]) -> Column | None:
    """Return the column with the factor of its unit, None where that is not known."""
    written = units[index] if index < len(units) else ""
    factor = unit_factor(written.split(" vs")[0])
    if factor is None or factor[0] != look_up(name).si:
        return None
    return Column(name, index, 1, factor[1], factor[2], written)


def _metadata(text: Text, header: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {key: header[name] for name, key in _STATED.items() if header.get(name)}
    date = f"{header.get('DATE', '')} {header.get('TIME', '')}".strip()
    notes = next((i for i, line in enumerate(text.lines[:100]) if line.startswith("NOTES\t")), None)
    comment = ""
    if notes is not None:
        lines = takewhile(lambda line: line.startswith("\t"), text.lines[notes + 1 : notes + 100])
        comment = "\n".join(line.strip() for line in lines if line.strip())[:2000]
    return found | {k: v for k, v in (("date", date), ("comment", comment)) if v}


def _suggestions(header: dict[str, str]) -> dict[str, dict[str, str]]:
    area = _number(header, "AREA")
    if not np.isfinite(area):
        return {}
    return {
        "area": {"value": f"{area:g} cm2", "from": "header, the software's default" if area == 1 else "header: AREA"}
    }
