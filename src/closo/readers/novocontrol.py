"""Novocontrol (WinDETA, WinFIT) text export of an impedance table.

Recognised by `Freq.[Hz]` or `Freq. [Hz]` among the column names.

Structure: a free title line (sample, date, time); a line `Diameter[mm]: ... Thickness[mm]: ...`; a line of fixed values;
the column names; rows separated by tabs (blanks around the numbers). Files that begin with the names, or with lines
beginning with '#', are read too.

Columns used: `Freq.[Hz]`, `Zs'[ohm]`, `Zs''[ohm]` (negative when capacitive), `Temp.[°C]` or `[K]`. Stacked spectra (one
per temperature) are split where the frequency starts again.

Suggestions only: diameter and thickness of the sample as typed in before the run.

Refused: tables of other quantities (Eps', Sig') without Zs' and Zs''; no rows.
"""

from __future__ import annotations

import re
from pathlib import Path

from closo.dataset import Dataset
from closo.readers.delimited import read_named
from closo.readers.tools.named import find_header
from closo.readers.tools.text import load


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a Novocontrol text file."""
    text = load(path)
    header = find_header(text)
    if header is None:
        raise text.error(
            "no line names Freq.[Hz] with Zs'[ohm] and Zs''[ohm].",
            "Export the columns Freq., Zs' and Zs'' from WinDETA.",
        )
    above = [line.strip()[:300] for line in text.lines[: min(header, 50)] if line.strip()]
    suggestions = {}
    for name, word in (("diameter", "Diameter"), ("thickness", "Thickness")):
        match = re.search(rf"(?<!Electrode ){word}\[mm\]:\s*([-+\d.eE]{{1,20}})", " ".join(above))
        if match is not None:
            suggestions[name] = {"value": f"{match[1]} mm", "from": "header"}
    metadata = {"comment": "\n".join(above)} if above else {}
    return read_named(text, metadata=metadata, suggestions=suggestions)
