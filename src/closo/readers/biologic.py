"""BioLogic EC-Lab and BT-Lab text (.mpt, or .txt with the same content).

Recognised by `EC-Lab ASCII FILE` or `BT-Lab ASCII FILE` in the first line, or by the suffix .mpt.

Structure: line 2 `Nb header lines : N`; line 4 the technique; settings; line N the column names; then the rows, separated
by tabs, decimal point or (German and other locales) decimal comma; Latin-1 or UTF-8. A header of three lines (mark,
number, names) and a file that begins with the names or even without any mark are read too; then the columns decide on the
kind, with a warning.

Columns used: `freq/Hz`, `Re(Z)/Ohm`, `-Im(Z)/Ohm` (the negative), `|Z|/Ohm` and `Phase(Z)/deg` (compared), `time/s`,
`Ewe/V` or `<Ewe>/V` potential, `Ecell/V` voltage, `I/mA` or `<I>/mA` current, `(Q-Qo)/mA.h` or `/C` charge,
`cycle number`, `Temperature/°C`. Others are passed over.

Techniques: PEIS, GEIS (and their staircase forms), CA, CP, LSV, CV, OCV, GCPL, MB (Modulo Bat). Several spectra in one
file are split where `z cycle` or `cycle number` changes or the frequency starts again. In a file that mixes spectra with
other rows, the rows at frequency 0 form one record ('cycling' for MB and GCPL), so that the charge passed during a
spectrum is not taken for capacity.

Suggestions only: electrode area, characteristic mass, mass of active material (0.001 and 0 are the software's defaults).

Refused: binary .mpr; a table without rows; columns of no known technique.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.delimited import unnamed
from closo.readers.named import Table, find_header, is_spectrum, named_table
from closo.readers.parts import Part, finish, split_sweeps
from closo.readers.table import cells, read_rows
from closo.readers.text import Text, load

__all__ = ["read"]

_TECHNIQUES = (  # beginning of the technique's name -> short name, kind
    ("Potentio Electrochemical Impedance", "PEIS", "impedance"),
    ("Galvano Electrochemical Impedance", "GEIS", "impedance"),
    ("Staircase Potentio Electrochemical Impedance", "SPEIS", "impedance"),
    ("Staircase Galvano Electrochemical Impedance", "SGEIS", "impedance"),
    ("Chronoamperometry", "CA", "chronoamperometry"),
    ("Chronopotentiometry", "CP", "chronopotentiometry"),
    ("Linear Sweep Voltammetry", "LSV", "voltammetry"),
    ("Cyclic Voltammetry", "CV", "voltammetry"),
    ("Open Circuit Voltage", "OCV", "open_circuit"),
    ("Galvanostatic Cycling with Potential Limitation", "GCPL", "cycling"),
    ("Modulo Bat", "MB", "cycling"),
)
_STATED = {  # line of the header -> metadata
    "Run on channel": "channel",
    "Acquisition started on": "date",
    "Technique started on": "technique_started",
    "Device": "instrument",
    "EC-Lab for windows": "software",
    "EC-LAB for windows": "software",
    "BT-Lab for windows": "software",
    "Electrode material": "electrode_material",
    "Electrolyte": "electrolyte",
    "Comments": "comment",
    "Reference electrode": "reference_electrode",
}
_SUGGESTED = (
    ("Electrode surface area", "area"),
    ("Characteristic mass", "mass"),
    ("Mass of active material", "active_mass"),
)


def read(path: Path) -> tuple[Dataset, ...]:
    """Read all measurements of an EC-Lab text file."""
    text = load(path)
    header = _header_line(text)
    table = named_table(text, header, separator="\t" if "\t" in text.lines[header] else None)
    lines = text.lines[: min(header, 2000)]
    short, kind = _technique(lines)
    warnings = list(table.warnings)
    names = [n.strip() for n in text.lines[header].split("\t")]
    if not kind:
        short, kind = _from_columns(names, table)
        if kind != "impedance":
            warnings.append(f"The header names no technique that closo knows; the columns are those of '{kind}'.")
    parts = _parts(text, table, short=short, kind=kind, names=names)
    metadata: dict[str, Any] = _metadata(lines)
    if table.unused:
        metadata["columns_not_used"] = list(table.unused)
    return finish(text, parts, metadata=metadata, suggestions=_suggestions(lines), warnings=warnings)


def _header_line(text: Text) -> int:
    """Return the line of the column names: where the header says, else the first that looks like it."""
    match = re.search(r"^Nb header lines\s*:\s*(\d{1,6})", text.content[:2000], re.MULTILINE)
    if match is not None and 0 < int(match[1]) <= len(text.lines):
        line = int(match[1]) - 1
        if find_header(text, line) == line:
            return line
    found = find_header(text)
    if found is None:
        raise unnamed(text)
    return found


def _technique(lines: list[str]) -> tuple[str, str]:
    """Return (short name, kind) stated in the header, ('', '') when it states none that is known."""
    for line in lines[:12]:
        for beginning, short, kind in _TECHNIQUES:
            if line.strip().startswith(beginning):
                return short, kind
    return "", ""


def _from_columns(names: list[str], table: Table) -> tuple[str, str]:
    """Return (short name, kind) that the columns show."""
    columns = table.columns
    if is_spectrum(columns) and np.any(columns["frequency"] > 0):
        return ("EIS", "impedance") if np.all(columns["frequency"] > 0) else ("record", "record")
    if "control/V/mA" in names:
        return "cycling", "cycling"
    if "control/mA" in names:
        return "CP", "chronopotentiometry"
    if "current" not in columns:
        return "OCV", "open_circuit"
    return "record", "record"


def _parts(text: Text, table: Table, *, short: str, kind: str, names: list[str]) -> list[Part]:
    """Split the table into spectra and one record of the other rows, in file order."""
    columns = table.columns
    if not is_spectrum(columns):
        return [Part("record" if kind == "impedance" else kind, short, columns, table.header)]
    counter = _counter(text, table, names)
    alternating = columns["frequency"] != 0
    parts: list[tuple[int, Part]] = []
    if alternating.any():
        rows = np.flatnonzero(alternating)
        name = short if kind == "impedance" else "PEIS" if short == "MB" else "EIS"
        picked = {n: v[rows] for n, v in columns.items() if n not in ("cycle", "charge")}
        begin = 0
        for sweep in split_sweeps(picked, None if counter is None else counter[rows]):
            parts.append((int(rows[begin]), Part("impedance", name, sweep, table.header)))
            begin += len(sweep["frequency"])
    rows = np.flatnonzero(~alternating)
    if len(rows):
        direct = {n: v[rows] for n, v in columns.items() if not n.startswith(("impedance", "frequency", "phase"))}
        parts.append(
            (int(rows[0]), Part("record" if kind == "impedance" else kind, f"{short} DC", direct, table.header))
        )
    return [part for _, part in sorted(parts, key=lambda p: p[0])]


def _counter(text: Text, table: Table, names: list[str]) -> np.ndarray | None:
    """Return the column that counts the spectra: 'z cycle' where there is one, else 'cycle number'."""
    if "z cycle" not in names:
        return table.columns.get("cycle")
    first = next(i for i in range(table.header + 1, len(text.lines)) if text.lines[i].strip())
    width = len(cells(text.lines[first], "\t"))
    rows = read_rows(text, range(first, len(text.lines)), "\t", wanted=[names.index("z cycle")], width=width)
    counter = np.asarray(rows.values[:, 0])
    return counter if len(counter) == len(table.columns["frequency"]) else None


def _metadata(lines: list[str]) -> dict[str, Any]:
    """Return what the header states; several comment lines are joined."""
    found: dict[str, Any] = {}
    technique = next((line.strip() for line in lines[2:12] if line.strip() and ":" not in line), "")
    if technique:
        found["technique"] = technique
    for line in lines:
        for beginning, key in _STATED.items():
            if line.startswith(beginning):
                value = line.split(" : ", 1)[1].strip() if " : " in line else line.strip()
                if value:
                    found[key] = f"{found[key]}\n{value}" if key in found else value
    return found


def _suggestions(lines: list[str]) -> dict[str, dict[str, str]]:
    """Return area and masses of the header with where they come from; the software's defaults are marked."""
    found = {}
    for line in lines:
        for beginning, name in _SUGGESTED:
            match = re.match(beginning + r"\s*:\s*([\d.,]{1,20})\s*(\S{1,5})\s*$", line[:200])
            if match is not None:
                value = match[1].replace(",", ".")
                default = value in ("0.000", "0.001", "7000.000")
                origin = f"header: {beginning}" + (", the software's default" if default else "")
                found[name] = {"value": f"{value} {match[2].replace('²', '2')}", "from": origin}
    return found
