"""Impedance text files with the suffix .i2b: a few free lines, the number of points, three columns.

Recognised by the suffix .i2b alone (the content has no mark).

Structure: any number of free lines; a line with one whole number N; then N rows of three numbers separated by blanks:
frequency [Hz], Z' [ohm], Z'' [ohm, negative when capacitive].

Refused: no such number, or fewer rows than it says.
"""

from __future__ import annotations

from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.columns import Column
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import numeric_cells, read_rows, scaled
from closo.readers.tools.text import load

_COLUMNS = (Column("frequency", 0), Column("impedance_real", 1), Column("impedance_imag", 2))
_ADVICE = (
    "If it is another kind of table, read it with --reader text --columns frequency,impedance_real,impedance_imag."
)


def read(path: Path) -> tuple[Dataset, ...]:
    """Read an .i2b file."""
    text = load(path)
    start = next((i for i in range(min(len(text.lines) - 1, 500)) if _is_count(text.lines[i], text.lines[i + 1])), None)
    if start is None:
        raise text.error("no line holds the number of points above rows of three numbers.", _ADVICE)
    n = int(text.lines[start].strip())
    rows = read_rows(text, range(start + 1, min(start + 1 + n, len(text.lines))), " ", wanted=[0, 1, 2], width=3)
    if len(rows.values) < n:
        raise text.error(
            f"{n} points are announced, {len(rows.values)} are there: the file is cut off.", _ADVICE, line=start
        )
    comment = "\n".join(line.strip()[:200] for line in text.lines[: min(start, 20)] if line.strip())
    parts = [Part("impedance", "EIS", scaled(rows, list(_COLUMNS)), start, warnings=rows.warnings)]
    return finish(text, parts, metadata={"comment": comment} if comment else {})


def _is_count(line: str, below: str) -> bool:
    count = line.strip()
    return count.isdecimal() and len(count) < 8 and numeric_cells(below, " ") == 3
