"""Impedance text files with the suffix .P00 ('Procedure : ...', columns f/Hz, Z'/Ohm, -Z''/Ohm).

Recognised by `i(init)=` in the second line.

Structure: `Procedure : title`; a line of dates and currents; a free description; `t = ... s`; the column names
`f/Hz  Z'/Ohm  -Z''/Ohm  time/s  Edc/V  Idc/A`; the number of points; rows separated by tabs.

Columns used: all six; `-Z''` is the negative.

Refused: no column names, no rows; a warning tells when fewer rows are there than announced.
"""

from __future__ import annotations

from pathlib import Path

from closo.dataset import Dataset
from closo.readers.delimited import parts_of_table
from closo.readers.tools.named import find_header, named_tables
from closo.readers.tools.parts import finish
from closo.readers.tools.text import load


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a .P00 file."""
    text = load(path)
    header = find_header(text)
    if header is None:
        raise text.error("no line names f/Hz, Z'/Ohm and -Z''/Ohm.", "Save it again with the program that wrote it.")
    (table,) = named_tables(text, header, most=1)
    warnings = table.warnings
    count = text.lines[header + 1].strip()
    rows = len(next(iter(table.columns.values())))
    if count.isdecimal() and len(count) < 8 and rows < int(count):
        warnings += (f"{count} points are announced, {rows} are there: the file may be cut off.",)
    above = [line.strip()[:200] for line in text.lines[: min(header, 10)] if line.strip()]
    metadata = {"procedure": above[0].partition(":")[2].strip(), "comment": "\n".join(above[1:])} if above else {}
    return finish(text, parts_of_table(table.columns, header), metadata=metadata, warnings=warnings)
