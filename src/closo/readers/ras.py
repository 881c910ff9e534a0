"""Rigaku .ras of SmartLab, MiniFlex and Ultima.

Recognised by `*RAS_DATA_START` or `*RAS_HEADER_START` in the first lines.

Structure: for each scan a header of lines `*KEY "value"` between `*RAS_HEADER_START` and `*RAS_HEADER_END`, and its points
between `*RAS_INT_START` and `*RAS_INT_END`: angle, intensity and, in a third column, what the attenuator divided it by, for
which it is multiplied. Used keys: `FILE_SAMPLE`, `HW_XG_TARGET_NAME`, `HW_XG_WAVE_LENGTH_ALPHA1`, `..._ALPHA2` [angstrom],
`MEAS_SCAN_AXIS_X_INTERNAL` or `MEAS_SCAN_AXIS_X`, `MEAS_SCAN_UNIT_Y`, `MEAS_SCAN_STEP` [deg] with `MEAS_SCAN_SPEED` where
`MEAS_SCAN_SPEED_UNIT` is deg/min, `MEAS_SCAN_START_TIME`.

Columns: 2theta [deg] and counts, or an intensity where the numbers are not whole or the file says cps.

Refused: scans along another axis than 2theta; rows with other than two or three numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.scans import ANGSTROM, Scan, finish_scans, is_two_theta, refuse_axis
from closo.readers.tools.table import is_number, read_rows
from closo.readers.tools.text import Text, load

_AGAIN = "Was it copied whole? Else export it from SmartLab Studio as .ras or .xy."


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the scans of a .ras file.

    Raises
    ------
    ReadError  when it is no such file, or a scan does not run along 2theta.
    """
    text = load(path)
    stated: dict[str, str] = {}
    scans = []
    first = None
    for at, line in enumerate(text.lines):
        key, _, value = line.strip().partition(" ")
        if key == "*RAS_HEADER_START":
            stated = {}
        elif key == "*RAS_INT_START":
            first = at + 1
        elif key == "*RAS_INT_END" and first is not None:
            scans.append(_scan(text, stated, range(first, at)))
            first = None
        elif first is None and key.startswith("*"):
            stated[key[1:]] = value.strip().strip('"')[:200]
    if first is not None:
        raise text.error("the points of a scan do not end with *RAS_INT_END.", _AGAIN, line=first - 1)
    if not scans:
        raise text.error("it holds no points behind *RAS_INT_START.", _AGAIN)
    return finish_scans(text, scans)


def _scan(text: Text, stated: dict[str, str], lines: range) -> Scan:
    """Return the scan whose points stand in some lines."""
    axis = stated.get("MEAS_SCAN_AXIS_X_INTERNAL") or stated.get("MEAS_SCAN_AXIS_X", "2theta")
    if not is_two_theta(axis):
        raise refuse_axis(text, axis)
    if not len(lines):
        raise text.error("no points follow.", _AGAIN, line=lines.start - 1)
    width = len(text.lines[lines.start].split())
    if width not in (2, 3):
        raise text.error(f"a point has {width} numbers; two or three are known.", _AGAIN, line=lines.start)
    rows = read_rows(text, lines, " ", wanted=list(range(width)), width=width)
    intensity = rows.values[:, 1] * (rows.values[:, 2] if width == 3 else 1.0)
    told = list(rows.warnings)
    if width == 3 and np.ptp(rows.values[:, 2]) > 0:
        told.append(
            "The attenuator moved during the scan: its points are counted fewer times than their intensities say."
        )
    if stated.get("MEAS_SCAN_UNIT_Y", "").lower() == "cps" and np.all(intensity == np.rint(intensity)):
        told.append("The file states counts per second; its numbers are whole and are taken for counts.")
    return Scan(rows.values[:, 0], intensity, _metadata(stated), tuple(told))


def _metadata(stated: dict[str, str]) -> dict[str, Any]:
    """Return what the header of a scan states."""
    metadata: dict[str, Any] = {}
    for key, name in (("FILE_SAMPLE", "sample"), ("MEAS_SCAN_START_TIME", "date"), ("HW_XG_TARGET_NAME", "anode")):
        if stated.get(key):
            metadata[name] = stated[key]
    for key, name in (("HW_XG_WAVE_LENGTH_ALPHA1", "wavelength"), ("HW_XG_WAVE_LENGTH_ALPHA2", "wavelength_alpha2")):
        if is_number(stated.get(key, "")) and 0.1 <= float(stated[key]) <= 5.0:
            metadata[name] = float(stated[key]) * ANGSTROM
    step, speed = stated.get("MEAS_SCAN_STEP", ""), stated.get("MEAS_SCAN_SPEED", "")
    if stated.get("MEAS_SCAN_SPEED_UNIT", "") == "deg/min" and is_number(step) and is_number(speed):
        seconds = 60.0 * float(step) / float(speed) if float(speed) > 0 else 0.0
        if 0.0 < seconds < 1e6:
            metadata["time_per_step"] = seconds
    return metadata
