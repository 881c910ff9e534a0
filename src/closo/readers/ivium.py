"""Ivium .idf (IviumSoft): impedance spectra.

Recognised by `Corrosion=false` and `Solarcell=` in the first bytes.

Structure: text lines with a few binary length fields between them, Latin-1. `Method=`, `Technique=`, `Title=`,
`start time  :` and other settings as `key=value`; then for each data set a line `primary_data`, the number of columns (3),
the number of rows, and the rows: for `Method=Impedance` Z' [ohm], Z'' [ohm, negative when capacitive], frequency [Hz].
`osc_data` (raw oscillograms) that follow are passed over.

Suggestions only: `Data Options.Area` (1 cm2 is the default).

Refused: any other method (its columns are not known for certain), no `primary_data`, fewer rows than announced.
"""

from __future__ import annotations

import re
from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.columns import Column
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import read_rows, scaled
from closo.readers.tools.text import Text, load, shown

_COLUMNS = (Column("impedance_real", 0), Column("impedance_imag", 1), Column("frequency", 2))
_STATED = {"Technique": "technique", "Title": "comment", "start time": "date", "instrument": "instrument"}
_ADVICE = "Export it from IviumSoft as text (columns freq, Z1, Z2) and read that with --columns."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectra of an .idf file."""
    text = load(path, allow_binary=True)
    settings = _settings(text)
    method = settings.get("Method", "")
    if method != "Impedance":
        raise text.error(f"the method is {shown(method)}; only impedance is read from .idf files.", _ADVICE)
    starts = [i for i, line in enumerate(text.lines) if line.strip(" \x00") == "primary_data"]
    if not starts:
        raise text.error("there is no 'primary_data' in it.", _ADVICE)
    parts = [_part(text, i) for i in starts]
    metadata = {key: settings[name] for name, key in _STATED.items() if settings.get(name)}
    area = settings.get("Data Options.Area")
    origin = "header, the software's default" if area == "1" else "header"
    suggestions = {"area": {"value": f"{area} cm2", "from": origin}} if area else {}
    return finish(text, parts, metadata=metadata, suggestions=suggestions)


def _settings(text: Text) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.lines[:5000]:
        match = re.match(r"(?:Report\.Process data=)?([A-Za-z][\w. ]{0,40})[=:]([^\x00-\x1f]{0,200})", line[:300])
        if match is not None:
            found.setdefault(match[1].strip(), match[2].strip())
    return found


def _part(text: Text, start: int) -> Part:
    """Read the rows below one 'primary_data'."""
    counts = [line.strip() for line in text.lines[start + 1 : start + 3]]
    if len(counts) < 2 or counts[0] != "3" or not counts[1].isdecimal() or len(counts[1]) > 7:
        raise text.error(
            f"expected 3 columns and a number of rows, found {shown(' '.join(counts))}.", _ADVICE, line=start + 1
        )
    first, n = start + 3, int(counts[1])
    rows = read_rows(text, range(first, min(first + n, len(text.lines))), " ", wanted=[0, 1, 2], width=3)
    if len(rows.values) < n:
        raise text.error(
            f"{n} rows are announced, {len(rows.values)} are there: the file is cut off.", _ADVICE, line=start + 2
        )
    return Part("impedance", "EIS", scaled(rows, list(_COLUMNS)), start, warnings=rows.warnings)
