"""Bruker DIFFRAC text (.uxd).

Recognised by `_FILEVERSION=` and `_STEPSIZE=` or `_WL1=` in the first lines.

Structure: lines `_KEY=value` (texts in single quotes), `;` before a comment, then the data of a range behind
`_COUNTS`, `_CPS` (one or several intensities per line), `_2THETACOUNTS`, `_2THETACPS` or `_2THETACOUNTSTIME` (an
angle, an intensity and, in the last, a time per line). A new range begins with `_DRIVE=` or with `_STEPTIME=`,
`_START=` after data. Used keys: `_START`, `_STEPSIZE` [deg], `_STEPTIME` [s], `_DRIVE`, `_ANODE`, `_WL1`, `_WL2`
[angstrom], `_WLRATIO`, `_GONIOMETER_RADIUS` [mm], `_SAMPLE`, `_DATEMEASURED`.

Columns: 2theta [deg] and counts, or an intensity where the numbers are not whole.

Refused: a drive other than 2theta or coupled; data without angles, start or step; rows that are not numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.scans import (
    ANGSTROM,
    MOST_POINTS,
    Scan,
    finish_scans,
    is_two_theta,
    refuse_axis,
    steps,
    unsure_end,
)
from closo.readers.tools.table import read_rows
from closo.readers.tools.text import Text, load

_AGAIN = "Export it again from DIFFRAC, as .uxd or .xy."
_DATA = {
    "_COUNTS": 0,
    "_CPS": 0,
    "_2THETACOUNTS": 2,
    "_2THETACPS": 2,
    "_2THETACOUNTSTIME": 3,
}  # columns, 0: intensities alone


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the ranges of a .uxd file.

    Raises
    ------
    ReadError  when it is no such file, or holds no range along 2theta.
    """
    text = load(path)
    stated: dict[str, str] = {}
    scans = []
    at = 0
    while at < len(text.lines):
        line = text.lines[at].strip()
        key, _, value = line.partition("=")
        if key.upper() in _DATA and not value:
            end = next(
                (i for i in range(at + 1, len(text.lines)) if text.lines[i].lstrip()[:1] in ("_", ";")), len(text.lines)
            )
            scans.append(_scan(text, stated, range(at + 1, end), width=_DATA[key.upper()]))
            at = end
            continue
        if line[:1] == "_" and "=" in line:
            stated[key.strip().upper()] = value.strip().strip("'")[:200]
        elif line and line[:1] != ";" and line[:1] != "_":
            raise text.error("this line is neither a key nor within data.", _AGAIN, line=at)
        at += 1
    if not scans:
        raise text.error("it holds no data behind _COUNTS or _2THETACOUNTS.", _AGAIN)
    return finish_scans(text, scans, metadata=_metadata(stated))


def _scan(text: Text, stated: dict[str, str], lines: range, *, width: int) -> Scan:
    """Return the range whose data stand in some lines."""
    drive = stated.get("_DRIVE", "COUPLED")
    if not is_two_theta(drive) and "COUPLED" not in drive.upper():
        raise refuse_axis(text, drive)
    if not len(lines):
        raise text.error("no data follow.", _AGAIN, line=lines.start - 1)
    seconds = _number(stated, "_STEPTIME")
    timed = {"time_per_step": seconds} if seconds is not None and 0.0 < seconds < 1e6 else {}
    if width:
        rows = read_rows(text, lines, " ", wanted=[0, 1], width=width)
        return Scan(
            rows.values[:, 0],
            rows.values[:, 1],
            timed,
            unsure_end(text, rows.warnings) if lines.stop == len(text.lines) else rows.warnings,
        )
    start, step = _number(stated, "_START"), _number(stated, "_STEPSIZE")
    if start is None or step is None or not 1e-6 < abs(step) < 20.0:
        raise text.error(
            "the range does not say where it begins (_START) and its step (_STEPSIZE).", _AGAIN, line=lines.start
        )
    words = " ".join(text.lines[i].replace(",", " ") for i in lines).split()
    if len(words) > MOST_POINTS:
        raise text.error(f"the range has {len(words)} points.", _AGAIN, line=lines.start)
    try:
        values = np.array(words, dtype=float)
    except ValueError:
        raise text.error("the data hold something that is not a number.", _AGAIN, line=lines.start) from None
    told = unsure_end(text, ()) if lines.stop == len(text.lines) else ()
    return Scan(steps(start, step, len(values)), values, timed, told)


def _number(stated: dict[str, str], key: str) -> float | None:
    try:
        value = float(stated[key])
    except (KeyError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _metadata(stated: dict[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for key, name in (("_SAMPLE", "sample"), ("_DATEMEASURED", "date"), ("_ANODE", "anode")):
        if stated.get(key):
            metadata[name] = stated[key]
    for key, name, factor, low, high in (
        ("_WL1", "wavelength", ANGSTROM, 0.1, 5.0),
        ("_WL2", "wavelength_alpha2", ANGSTROM, 0.1, 5.0),
        ("_WLRATIO", "alpha2_ratio", 1.0, 0.0, 1.0),
        ("_GONIOMETER_RADIUS", "goniometer_radius", 1e-3, 10.0, 2000.0),
    ):
        value = _number(stated, key)
        if value is not None and low <= value <= high:
            metadata[name] = value * factor
    return metadata
