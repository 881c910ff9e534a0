"""Patterns as two or three columns of text (.xy, .xye, .prn), with or without a header of DIFFRAC.EVA.

Recognised by the EVA header (`Scantype: "` in the first line), else by the suffix alone. Other tables of two columns
are read with `--reader xy`.

Structure: lines that begin with a letter, a quote, #, !, ;, /, or * before the numbers are a header. Of an EVA header,
`Anode: "Cu"`, `Wavelength: "1.5406"`, `TimePerStep: "96"` are used; a `2theta`, `wavelength` or `anode` in other
headers is not.

Columns: 2theta [deg], counts (an intensity where they are not whole numbers), and where there is a third one, the standard
deviation of these.  Columns are separated by blanks, tabs, semicolons or commas.

Refused: rows with other than two or three numbers; 2theta that does not rise or fall; angles beyond 180 deg.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.scans import ANGSTROM, Scan, finish_scans, unsure_end
from closo.readers.tools.table import best_separator, cells, is_number, read_rows
from closo.readers.tools.text import Text, load, shown

_AGAIN = "Give two columns: 2theta in deg and counts."
_MOST_HEADER = 200  # lines
_STATED = re.compile(r"(\w+): \"([^\"]*)\"")


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read a pattern from columns of text.

    Raises
    ------
    ReadError  when it is not two or three columns of numbers.
    """
    text = load(path)
    first = next((i for i in range(min(len(text.lines), _MOST_HEADER)) if _width(text.lines[i])), None)
    if first is None:
        raise text.error(
            f"it has no row of two or three numbers; it begins with {shown(text.lines[0])}.", _AGAIN, line=0
        )
    separator, width = best_separator(text.lines[first]) or " ", _width(text.lines[first])
    rows = read_rows(text, range(first, len(text.lines)), separator, wanted=list(range(width)), width=width)
    kept = np.isfinite(rows.values[:, :2]).all(axis=1)
    warnings = list(unsure_end(text, rows.warnings))
    if not kept.all():
        warnings.append(f"{int(np.sum(~kept))} rows without an angle and an intensity left out.")
    if kept.sum() < len(kept) / 2:
        raise text.error("most of its rows are not numbers.", _AGAIN, line=first)
    angle, intensity = rows.values[kept, 0], rows.values[kept, 1]
    return finish_scans(text, [Scan(angle, intensity)], metadata=_stated(text, first), warnings=warnings)


def _width(line: str) -> int:
    """Return the number of cells of a row of two or three numbers, 0 for another line."""
    separator = best_separator(line)
    found = [cell.strip() for cell in cells(line, separator)] if separator and len(line) < 200 else []
    found = found[:-1] if found and not found[-1] else found
    return len(found) if len(found) in (2, 3) and all(is_number(cell) for cell in found) else 0


def _stated(text: Text, first: int) -> dict[str, Any]:
    """Return what an EVA header states."""
    words = dict(_STATED.findall("\n".join(text.lines[:first])[:10_000]))
    stated: dict[str, Any] = {}
    if re.fullmatch(r"[A-Z][a-z]?", words.get("Anode", "")):
        stated["anode"] = words["Anode"]
    for key, name, factor, low, high in (
        ("Wavelength", "wavelength", ANGSTROM, 0.1, 5.0),
        ("TimePerStep", "time_per_step", 1.0, 1e-6, 1e6),
    ):
        if is_number(words.get(key, "")) and low <= float(words[key]) <= high:
            stated[name] = float(words[key]) * factor
    return stated
