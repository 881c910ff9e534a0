"""RelaxIS 3 spectrum export (rhd instruments), text.

Recognised by `RelaxIS 3` in the first line.

Structure: line 1 `RelaxIS 3.0 Spectrum export`; line 2 `Date: ...`; a line that names the columns: `Data: Frequency`,
`Data: Z'`, `Data: Z''`, `Data: |Z|`, `Data: Theta (Z)`; then for each spectrum a line of information (`DC=..., TM=...`,
model, name of the spectrum) and its rows, separated by tabs. Units are Hz, ohm and degrees, though the names do not say so.
Z'' is negative when capacitive.

The information line goes into the metadata as it is; its abbreviations are the user's and are not interpreted.

Refused: no names, no rows.
"""

from __future__ import annotations

from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.columns import Column
from closo.readers.tools.named import find_header
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import cells, numeric_cells, read_rows, scaled
from closo.readers.tools.text import load

_NAMES = {
    "Data: Frequency": ("frequency", 1.0),
    "Data: Z'": ("impedance_real", 1.0),
    "Data: Z''": ("impedance_imag", 1.0),
    "Data: |Z|": ("impedance_modulus", 1.0),
    "Data: Theta (Z)": ("phase", 0.017453292519943295),
}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a RelaxIS export."""
    text = load(path)
    header = find_header(text)
    names = [] if header is None else [n.strip() for n in cells(text.lines[header], "\t")]
    columns = [Column(_NAMES[n][0], i, factor=_NAMES[n][1]) for i, n in enumerate(names) if n in _NAMES]
    if header is None or not set(list(_NAMES)[:3]) <= set(names):
        raise text.error(
            "no line names Data: Frequency, Data: Z' and Data: Z''.", "Export the spectrum again from RelaxIS."
        )
    information = [
        i
        for i in range(header + 1, len(text.lines))
        if text.lines[i].strip() and not numeric_cells(text.lines[i], "\t")
    ]
    begins = information if information and not any(text.lines[header + 1 : information[0]]) else [header, *information]
    parts = []
    for begin, end in zip(begins, [*begins[1:], len(text.lines)], strict=True):
        rows = read_rows(text, range(begin + 1, end), "\t", wanted=[c.index for c in columns], width=len(names))
        if not len(rows.values):
            continue
        stated = "; ".join(c.strip() for c in text.lines[begin][:2000].split("\t") if c.strip())
        metadata = {"information": stated} if begin != header else {}
        parts.append(Part("impedance", "EIS", scaled(rows, columns), begin, metadata, warnings=rows.warnings))
    date = next((line[5:].strip() for line in text.lines[:header] if line.startswith("Date:")), "")
    return finish(text, parts, metadata={"software": text.lines[0].strip()[:100]} | ({"date": date} if date else {}))
