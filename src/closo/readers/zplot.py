"""ZPlot / ZView .z (Scribner).

Recognised by `ZPLOT2 ASCII` in the first line.

Structure: a header of `key: value` lines; a line of column names `Freq(Hz) Ampl Bias Time(Sec) Z'(a) Z''(b) GD Err Range`;
`End Comments`; then rows of nine columns separated by tabs, commas or blanks. The letters in `Z'(a)` are ZPlot's, not
units: Z' and Z'' are in ohm, Z'' negative when capacitive.

Columns used: `Freq` [Hz], `Time` [s], `Z'` [ohm], `Z''` [ohm], where the names say that they stand; columns 1, 4, 5, 6 where
there are not as many names as columns and the names are in the usual order; `-Z''` is the negative.

Suggestions only: `Surface Area` (1 cm2 is the default) and `Weight`.

Refused: files of the time or DC kind (CorrWare .cor, no `Z'(a)` among the names), no `End Comments`, no rows. When fewer
rows follow than `Data Points` announces, a warning says so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.columns import Column
from closo.readers.tools.parts import Part, finish, split_sweeps
from closo.readers.tools.table import best_separator, numeric_cells, read_rows, scaled
from closo.readers.tools.text import Text, load, shown

_COLUMNS = (
    Column("frequency", 0, unit="Hz"),
    Column("time", 3, unit="s"),
    Column("impedance_real", 4, unit="ohm"),
    Column("impedance_imag", 5, unit="ohm"),
)
_STATED = {
    "Measured Data, ZPlot": "software",
    "Experiment Type": "technique",
    "Open Circuit Potential (V)": "open_circuit",
}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a .z file."""
    text = load(path)
    end = next((i for i, line in enumerate(text.lines[:5000]) if line.strip() == "End Comments"), None)
    if end is None:
        raise text.error(
            "there is no line 'End Comments', after which the rows stand.", "Save it again in ZPlot or ZView."
        )
    names = next((line for line in text.lines[:end] if "Z'" in line and "Freq" in line), None)
    if names is None:
        raise text.error(
            "the column names hold no frequency and Z': this is not an impedance spectrum.", "Export it as text."
        )
    header = _header(text.lines[:end])
    points = header.get("Data Points", "")
    metadata = {key: header[name] for name, key in _STATED.items() if header.get(name)}
    date = f"{header.get('Date', '')} {header.get('Time', '')}".strip()
    metadata |= {"date": date} if date else {}
    suggestions = {
        name: {
            "value": f"{header[key]} {unit}",
            "from": "header, the software's default" if header[key] in ("0", "1") else "header",
        }
        for key, name, unit in (("Surface Area", "area", "cm2"), ("Weight", "mass", "g"))
        if header.get(key)
    }
    announced = int(points) if points.isdecimal() and len(points) < 8 else None
    parts = nine_columns(text, end + 1, announced=announced, names=names)
    return finish(text, parts, metadata=metadata, suggestions=suggestions)


def _places(text: Text, names: str, width: int, *, line: int) -> list[Column]:
    """Return the columns where the names say that they stand.

    Raises
    ------
    ReadError  when there are not as many names as cells, and the names are not in the usual order.
    """
    written = [re.split(r"[(/\[]", name.strip('" '))[0] for name in re.split(r"[\s,;]+(?![(\[])", names.strip())]
    usual = dict(zip(("Freq", "Time", "Z'", "Z''"), _COLUMNS, strict=True))
    found = {
        name.lstrip("-"): replace(usual[name.lstrip("-")], index=i, sign=-1 if name.startswith("-") else 1)
        for i, name in reversed(list(enumerate(written)))
        if name.lstrip("-") in usual
    }
    if not names or (len(written) != width and all(found.get(n, c) == c for n, c in usual.items())):
        found = usual
    elif len(written) != width or not {"Freq", "Z'", "Z''"} <= set(found):
        raise text.error(
            f"the header names {len(written)} columns ({shown(names.strip())}), but the row has {width}.",
            "Save it again in ZPlot or ZView.",
            line=line,
        )
    return sorted(found.values(), key=lambda c: c.index)


def nine_columns(text: Text, start: int, *, announced: int | None, names: str = "") -> list[Part]:
    """Read the rows of nine columns that ZPlot, ZView and their imitators write; `names` says in which order."""
    first = next((i for i in range(start, len(text.lines)) if text.lines[i].strip()), None)
    if first is None:
        raise text.error(
            "no rows follow the header.", "The run may have been stopped before its first point; save it again."
        )
    line = text.lines[first]
    separator = best_separator(line)
    if separator is None or numeric_cells(line, separator) < (3 if names else 6):
        raise text.error(f"expected nine numbers, found {shown(line)}.", "Save it again in ZPlot or ZView.", line=first)
    width = len(line.split(None if separator == " " else separator))
    columns = _places(text, names, width, line=first)
    rows = read_rows(text, range(first, len(text.lines)), separator, wanted=[c.index for c in columns], width=width)
    warnings = rows.warnings
    if announced is not None and len(rows.values) < announced:
        warnings += (
            f"The header announces {announced} points, {len(rows.values)} are there: the file may be cut off.",
        )
    return [Part("impedance", "EIS", sweep, first, warnings=warnings) for sweep in split_sweeps(scaled(rows, columns))]


def _header(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = re.match(r"\s*([^:]{1,60}):\s*(.{0,200})", line[:300])
        if match is not None:
            found.setdefault(match[1].strip(), match[2].strip())
    return found
