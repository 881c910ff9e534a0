"""CH Instruments text (CHI600, CHI700, ... 'Convert to text').

Recognised by `Instrument Model:  CHI` in the first lines, or `A.C. Impedance` as the technique.

Structure: line 1 date and time; line 2 the technique; `File:`, `Data Source:`, `Instrument Model:`, `Header:`, `Note:`;
settings `name (unit) = value`; the column names; a blank line; comma-separated rows.

Columns used: `Freq/Hz`, `Z'/ohm`, `Z"/ohm` (negative when capacitive; `-Z"/ohm` in some versions), `Z/ohm` and `Phase/deg`
(compared), or `Potential/V`, `Current/A`, `Time/sec` for other techniques: A.C. Impedance, Open Circuit Potential - Time,
Amperometric i-t Curve, Chronoamperometry, Chronopotentiometry, Linear Sweep Voltammetry, Cyclic Voltammetry.

CHI shows cathodic currents as positive unless the user changed it; the file does not say. The sign is left as it is, with
a warning on every measurement that has a current.

Refused: no column names, no rows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from closo.dataset import Dataset
from closo.readers.delimited import parts_of_table
from closo.readers.tools.named import find_header, named_tables
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.text import load

_TECHNIQUES = {  # second line -> kind, short name
    "A.C. Impedance": ("impedance", "EIS"),
    "Open Circuit Potential - Time": ("open_circuit", "OCP"),
    "Amperometric i-t Curve": ("chronoamperometry", "CA"),
    "Chronoamperometry": ("chronoamperometry", "CA"),
    "Chronopotentiometry": ("chronopotentiometry", "CP"),
    "Linear Sweep Voltammetry": ("voltammetry", "LSV"),
    "Cyclic Voltammetry": ("voltammetry", "CV"),
}
_STATED = {"Instrument Model": "instrument", "Header": "comment", "Note": "note"}
_SIGN = "CHI shows cathodic currents as positive by default: check the sign of the current."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a CHI text file."""
    text = load(path)
    header = find_header(text)
    if header is None:
        raise text.error(
            "there is no line of column names such as Freq/Hz, Z'/ohm, Z\"/ohm.",
            "Convert it to text again, with the data points.",
        )
    lines = text.lines[: min(header, 300)]
    technique = next((line.strip() for line in lines[:6] if line.strip() in _TECHNIQUES), "")
    kind, short = _TECHNIQUES.get(technique, ("record", "record"))
    (table,) = named_tables(text, header, most=1)
    parts = [_named(part, kind, short) for part in parts_of_table(table.columns, header)]
    return finish(text, parts, metadata=_metadata(lines, technique), warnings=table.warnings)


def _named(part: Part, kind: str, short: str) -> Part:
    """Give a record its kind from the technique, and warn about the sign of a current."""
    if part.kind == "record" and kind not in ("impedance", "record"):
        part = replace(part, kind=kind, technique=short)
    return replace(part, warnings=(_SIGN,)) if "current" in part.columns else part


def _metadata(lines: list[str], technique: str) -> dict[str, Any]:
    found: dict[str, Any] = {"technique": technique} if technique else {}
    settings = {}
    for line in lines:
        if re.match(r"[A-Z][a-z]{2}\. \d{1,2}, \d{4}", line[:40]):
            found["date"] = line.strip()
        name, colon, value = line[:300].partition(":")
        if colon and name.strip() in _STATED and value.strip():
            found[_STATED[name.strip()]] = value.strip()
        name, equals, value = line[:300].partition("=")
        if equals and value.strip():
            settings[name.strip()] = value.strip()
    return found | ({"settings": settings} if settings else {})
