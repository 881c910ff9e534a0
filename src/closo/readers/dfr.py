"""Autolab FRA .dfr (Eco Chemie), version 8.0.

Recognised by `VERSION8.0` in the first line.

Structure: one number per line, no columns. Line 2: number of points N; line 3: a flag; then N times nine numbers, of which
the first three are frequency [Hz], Z' [ohm] and -Z'' [ohm] (the negative). What follows are the program's settings.

Refused: any other version (its layout is not known), and files that end before the last point.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import read_rows
from closo.readers.tools.text import load, shown

_ADVICE = "Export the spectrum from the FRA program as text and read that."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a .dfr file."""
    text = load(path)
    if text.lines[0].strip() != "VERSION8.0":
        raise text.error(f"expected VERSION8.0, found {shown(text.lines[0])}.", _ADVICE, line=0)
    count = text.lines[1].strip() if len(text.lines) > 1 else ""
    if not count.isdecimal() or len(count) > 7 or int(count) == 0:
        raise text.error(f"expected the number of points, found {shown(count)}.", _ADVICE, line=1)
    n = int(count)
    lines = range(3, 3 + 9 * n)
    if len(text.lines) < lines.stop or not text.lines[lines.stop - 1].strip():
        raise text.error(f"{n} points are announced, but the file ends before the last.", _ADVICE, line=1)
    rows = read_rows(text, lines, " ", wanted=[0], width=1)
    if len(rows.values) != 9 * n:
        raise text.error("blank or broken lines among the numbers.", _ADVICE, line=3)
    values = np.reshape(rows.values, (n, 9))
    columns = {"frequency": values[:, 0], "impedance_real": values[:, 1], "impedance_imag": -values[:, 2]}
    return finish(text, [Part("impedance", "EIS", columns, 3)])
