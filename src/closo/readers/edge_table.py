"""Near-edge and X-ray Raman spectra as columns of text: XDI, .nor and .xmu of Athena and Larch, FEFF's xmu.dat, tables.

Recognised by `XDI/1`, by a column named `munorm` or `xmu`, by FEFF's `omega e k`, or by an energy with its unit, `(eV)`,
`[eV]`, `/ eV` or `_eV`.

Columns: an XDI file lists them, `# Column.1: energy eV`; in others the last line of names above the first row of numbers,
which may begin with `#`, does. The energy (`energy`, `energy loss`, `omega`; eV, or keV where it says so) is the axis.
`analyser 1`, `analyser 2` ... make one scan of an X-ray Raman spectrometer, with `I0` as its monitor and `time` [s] per
point. Else every column that is not a monitor (`i0`), time, error or readback is a spectrum of its own; where there is none,
ln(I0/It) and If/I0 are made. A column `error` or `sigma` belongs to the spectrum before it. What is called `norm` or
`flat` counts as normalised.

Metadata of an XDI: `Element.symbol`, `Element.edge`, `Scan.edge_energy`, `Sample.name` and `Facility.name`.

Refused: no energy among the names, names and numbers that do not match in number, energies that jump to and fro.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from closo.dataset import Dataset
from closo.readers.tools.edges import measurements, role
from closo.readers.tools.table import best_separator, cells, numeric_cells, read_rows
from closo.readers.tools.text import Text, load, shown

_SEARCHED = 2000  # lines
_STATED = {
    "element.symbol": "element", "scan.element": "element", "element.edge": "edge", "scan.edge": "edge",
    "scan.edge_energy": "edge_energy", "sample.name": "sample", "facility.name": "facility",
}  # fmt: skip
_HINT = "Name them: --columns energy,intensity or energy,intensity,intensity_u ('_' skips a column)."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every spectrum of a table, or the one scan of many analysers.

    Raises
    ------
    ReadError  when no line names the columns, or none of them is an energy.
    """
    text = load(path)
    searched = range(min(len(text.lines), _SEARCHED))
    first = next((i for i in searched if text.lines[i].lstrip()[:1] not in "#*%" and _numbers(text.lines[i]) > 1), None)
    if first is None:
        raise text.error("it has no rows of numbers.", "Export the spectrum again.")
    separator = best_separator(text.lines[first]) or " "
    row = cells(text.lines[first], separator)
    width = len(row) - (not row[-1].strip())
    stated, listed = _header(text, first)
    names = [listed.get(k, "") for k in range(1, width + 1)] if listed else _names(text, first, width)
    last = next(
        (i for i in range(first, len(text.lines)) if text.lines[i].lstrip()[:1] in "#*%" and text.lines[i].strip()),
        None,
    )
    rows = read_rows(text, range(first, last or len(text.lines)), separator, wanted=list(range(width)), width=width)
    if len(rows.values) < 2:
        raise text.error("fewer than two rows of numbers follow the names.", "Export the spectrum again.", line=first)
    return measurements(path, names, rows.values, metadata=stated, warnings=rows.warnings)


def _numbers(line: str) -> int:
    return numeric_cells(line, best_separator(line) or " ")


def _header(text: Text, first: int) -> tuple[dict[str, Any], dict[int, str]]:
    """Return what the lines above the numbers state, and the columns that an XDI lists: number -> name with unit."""
    stated: dict[str, Any] = {}
    listed: dict[int, str] = {}
    for line in text.lines[:first]:
        key, colon, value = line.lstrip("#*% ").partition(":")
        key, value = key.strip().lower(), value.split("||")[0].strip()
        column = re.fullmatch(r"column\.(\d{1,3})", key)
        if column is not None and value:
            listed[int(column[1])] = value.removesuffix(" counts").strip()
        elif colon and key in _STATED and value:
            stated[_STATED[key]] = value[:80]
        elif "SYNTHETIC" in line:
            stated["comment"] = line.lstrip("#*% ").strip()[:200]
    return stated, listed


def _names(text: Text, first: int, width: int) -> list[str]:
    """Return the names of the columns from the nearest line above the numbers that holds so many and an energy."""
    for i in range(first - 1, max(-1, first - 40), -1):
        line = text.lines[i].strip().lstrip("#*%;").replace("@#", "").strip()
        for separator in ("\t", ";", ",", None, "  "):
            parts = re.split(r"\s{2,}", line) if separator == "  " else line.split(separator)
            names = [part.strip().strip('"') for part in parts if part.strip()]
            if len(names) == width and any(role(name)[0] in ("energy", "loss") for name in names):
                return names
    above = next((line for line in reversed(text.lines[:first]) if line.strip()), "")
    raise text.error(f"no line names its {width} columns; above them stands {shown(above)}.", _HINT, line=first)
