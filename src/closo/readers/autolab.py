"""Autolab (Eco Chemie / Metrohm) FRA spectra exported as 'Z60W Data File' text.

Recognised by `Z60W Data File` in the first line. (NOVA's own ASCII export is a table with column names,
`Frequency (Hz)`, `Z' (Ω)`, `-Z'' (Ω)`, and is read as delimited text.)

Structure: the mark and comment lines in double quotes; a line of six settings; the number of points alone on a line; the
column names in quotes, `Freq (Hz) Ampl Bias Time(Sec) Z'(a) Z''(b) GD Err Range`; then comma-separated rows of nine
columns, as in a ZPlot file. UTF-8 with or without a byte-order mark.

Columns used: 1 frequency [Hz], 4 time [s], 5 Z' [ohm], 6 Z'' [ohm, negative when capacitive].

Refused: no line of column names, no rows. When fewer rows follow than announced, a warning says so.
"""

from __future__ import annotations

from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.parts import finish
from closo.readers.tools.text import load
from closo.readers.zplot import nine_columns


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a Z60W file."""
    text = load(path)
    names = next((i for i, line in enumerate(text.lines[:200]) if "Freq" in line and "Z'" in line), None)
    if names is None:
        raise text.error("there is no line of column names with Freq and Z'.", "Export it again from Autolab.")
    above = text.lines[names - 1].strip() if names else ""
    announced = int(above) if above.isdecimal() and len(above) < 8 else None
    comment = [line.strip().strip('"').strip() for line in text.lines[: min(names, 20)] if line.startswith('"')]
    metadata = {"software": comment[0]} if comment and comment[0] else {}
    if any(comment[1:]):
        metadata["comment"] = "\n".join(c for c in comment[1:] if c)
    return finish(text, nine_columns(text, names + 1, announced=announced), metadata=metadata)
