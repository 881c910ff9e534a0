"""GSAS raw data (.gsa, .gda, .gss, .xra, .fxye, .raw) with steps of constant width.

Recognised by a line that begins with `BANK`, a number and the numbers of points and of lines.

Structure: a title line and comments (`#`), then for each pattern `BANK number points lines CONST start step 0 0 form`, start
and step in hundredths of a degree, and the points: `STD` (also without a form) ten of eight characters in a line, the
first two a number of detectors; `ESD` ten of eight characters, intensity and standard deviation in turn; `FXY` angle
[0.01 deg] and intensity in a line; `FXYE` also the standard deviation. The manual: Larson, Von Dreele, GSAS, LAUR 86-748.

Columns: 2theta [deg] and counts, or an intensity where the numbers are not whole. The radiation stands in another file
(.prm, .instprm): say it (`anode`, `wavelength`).

Refused: steps that are not constant angles (times of flight: RALF, SLOG, TIME_MAP), other forms, and patterns of fewer
points than they state.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.scans import MOST_POINTS, Scan, finish_scans, steps
from closo.readers.tools.text import Text, load, shown

_BANK = re.compile(r"BANK\s+\d+\s+(\d+)\s+(\d+)\s+(\S+)((?:\s+[-+.\dEe]+)*)(?:\s+([A-Z]+))?\s*$")
_AGAIN = "Export it again, or as .xy."
_CENTIDEGREE = 0.01
_WIDTHS = {"STD": 1, "ESD": 2, "FXY": 2, "FXYE": 3}  # numbers that belong to one point
_CELL = 8  # characters of a number where columns are fixed


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the banks of a GSAS file.

    Raises
    ------
    ReadError  when it is no such file, or a bank is not a pattern over 2theta.
    """
    text = load(path)
    banks = [i for i, line in enumerate(text.lines) if line.startswith("BANK")]
    if not banks:
        raise text.error("it has no line that begins with BANK.", _AGAIN)
    ends = [*banks[1:], len(text.lines)]
    title = text.lines[0].strip()[:200] if banks[0] else ""
    scans = [_scan(text, range(first, end)) for first, end in zip(banks, ends, strict=True)]
    return finish_scans(text, scans, metadata={"title": title} if title else {})


def _scan(text: Text, lines: range) -> Scan:
    """Return the pattern of a bank: its line, and those of its points."""
    at = lines.start
    stated = _BANK.match(text.lines[at][:200])
    if stated is None:
        raise text.error(f"{shown(text.lines[at])} does not say points, lines, steps and form.", _AGAIN, line=at)
    points, form = int(stated[1]), stated[5] or "STD"
    if stated[3] not in ("CONST", "CONS"):
        raise text.error(
            f"the points of the bank are spaced by {shown(stated[3], 20)}, not by a constant angle: no pattern over 2theta.",
            "Convert times of flight to a file of its own technique.",
            line=at,
        )
    if form not in _WIDTHS or not 0 < points <= MOST_POINTS:
        raise text.error(f"closo knows no bank of {points} points in the form {shown(form, 20)}.", _AGAIN, line=at)
    numbers = [float(word) for word in stated[4].split()]
    if len(numbers) < 2 or not 0.0 < numbers[1] < 2000.0:
        raise text.error("the bank does not state where it begins and its step.", _AGAIN, line=at)
    rows = [line for line in text.lines[at + 1 : lines.stop] if line.strip() and not line.startswith("#")]
    values = _numbers(text, rows, form, line=at)
    if len(values) < points:
        raise text.error(f"the bank states {points} points and holds {len(values)}.", "Was it copied whole?", line=at)
    if form in ("FXY", "FXYE"):
        angle, intensity = _CENTIDEGREE * values[:points, 0], values[:points, 1]
    else:
        angle, intensity = steps(_CENTIDEGREE * numbers[0], _CENTIDEGREE * numbers[1], points), values[:points, 0]
    return _without_filling(Scan(angle, intensity))


def _without_filling(scan: Scan) -> Scan:
    """Leave out zeros at the end of a pattern whose other points all have counts: they fill its last line."""
    measured = np.flatnonzero(scan.intensity)
    last = int(measured[-1]) + 1 if len(measured) else 0
    if last == len(scan.intensity) or not last or not scan.intensity[:last].min() > 0:
        return scan
    told = f"{len(scan.intensity) - last} points at the end are 0 and were left out: no other point is."
    return Scan(scan.two_theta[:last], scan.intensity[:last], scan.metadata, (told,))


def _numbers(text: Text, rows: list[str], form: str, *, line: int) -> np.ndarray:
    """Return the numbers of a bank, shape (points, numbers of a point)."""
    width = _WIDTHS[form]
    if form in ("FXY", "FXYE"):
        words = [word for row in rows for word in row.split()[:width]]
    else:
        cells = [row[k : k + _CELL] for row in rows for k in range(0, len(row.rstrip()), _CELL)]
        words = [cell[2:] if form == "STD" else cell for cell in cells]
    try:
        values = np.array(words, dtype=float)
    except ValueError:
        raise text.error("the points hold something that is not a number.", _AGAIN, line=line) from None
    return values[: len(values) // width * width].reshape(-1, width)
