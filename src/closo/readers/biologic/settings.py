"""What a .mpr says about the run: the fixed places of its settings and log modules, as proved by the header of the .mpt.

Byte in the settings (text is a length byte, then Latin-1 or UTF-8): 0 technique; 7 comment; 263 mass of active material
[mg], 267 x of that mass, 271 molar mass at x = 0, 275 atomic mass of the ion [g/mol], 279 x at the start, 283 electrons per
ion; 286 electrode material, 367 initial state, 448 electrolyte; 529 area, its unit at 592 (2 cm2, 3 mm2); 533 reference
electrode; 588 characteristic mass, its unit at 593 (1 g, 2 mg).
Byte in the log: 9 channel, from 0; 171 its serial number; 585 start as days since 1899-12-30; 593 file name; 951 version of
the software; 974 device (5 VMP3, 22 MPG-2, 27 SP-240; others stay a number); 975 its serial number.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from closo.readers.biologic.layout import Contents
from closo.readers.biologic.measurements import CODES

_TEXTS = {7: "comment", 286: "electrode_material", 367: "initial_state", 448: "electrolyte", 533: "reference_electrode"}
_AREA_UNITS, _MASS_UNITS = {2: "cm2", 3: "mm2"}, {1: "g", 2: "mg"}
_DEVICES = {5: "VMP3", 22: "MPG-2", 27: "SP-240"}
_DEFAULTS = ("0.000", "0.001", "7000.000")
_FARADAY = 26801.5  # mA.h per mole, as EC-Lab rounds it


@dataclass(frozen=True)
class Insertion:
    """What EC-Lab computes its `x` from: `start` at zero charge, and the change per mA.h of charge."""

    start: float
    per_charge: float


def metadata(contents: Contents) -> dict[str, Any]:
    """Return what settings and log state, under the names that the .mpt reader uses."""
    settings, log = contents.settings, contents.log
    found: dict[str, Any] = {}
    if settings:
        known = CODES.get(settings[0])
        found["technique"] = known.title if known else f"technique {settings[0]}"
    date = _start(log) or header_date(contents.date)
    if date:
        found["date"] = date
    if len(log) > 175:
        serial = struct.unpack_from("<I", log, 171)[0]
        found["channel"] = f"{log[9] + 1}" + (f" (SN {serial})" if serial else "")
    if len(log) > 991:
        device = _DEVICES.get(log[974], f"device {log[974]}")
        number = _text(log, 975)
        found["instrument"] = f"{device} (SN {number})" if number else device
        found |= {"software": f"version {_text(log, 951)}"} if _text(log, 951) else {}
        name = re.split(r"[\\/]", _text(log, 593))[-1]
        found |= {"original_file": name} if name else {}
    for at, name in _TEXTS.items():
        words = _text(settings, at)
        if words and words != "(unspecified)":
            found[name] = words
    return found


def suggestions(contents: Contents) -> dict[str, dict[str, str]]:
    """Return area and masses of the settings with where they come from; the software's defaults are marked."""
    settings = contents.settings
    rows = (
        ("area", "Electrode surface area", 529, _AREA_UNITS.get(_byte(settings, 592), "")),
        ("mass", "Characteristic mass", 588, _MASS_UNITS.get(_byte(settings, 593), "")),
        ("active_mass", "Mass of active material", 263, "mg"),
    )
    found = {}
    for name, label, at, unit in rows:
        value = _number(settings, at)
        if unit and 0.0 <= value < 1e9:
            found[name] = suggested(label, f"{value:.3f}", unit)
    return found


def suggested(label: str, value: str, unit: str) -> dict[str, str]:
    """Return one suggestion of a header; the software's default is marked.

    Example
    -------
    >>> suggested("Mass of active material", "7000.000", "mg")["from"]
    "header: Mass of active material, the software's default"
    """
    default = ", the software's default" if value in _DEFAULTS else ""
    return {"value": f"{value} {unit}", "from": f"header: {label}{default}"}


def insertion(contents: Contents) -> Insertion | None:
    """Return how `x` follows from the charge, None where the settings do not say.

    x = start - (Q-Qo) M / (m F n), with M the molar mass at the x for which the mass m is given.
    """
    settings = contents.settings
    mass, at_x, molar, ion, start = (_number(settings, at) for at in (263, 267, 271, 275, 279))
    electrons = _byte(settings, 283)
    if not all(math.isfinite(v) for v in (mass, at_x, molar, ion, start)) or mass <= 0 or electrons < 1:
        return None
    return Insertion(start, -(molar + at_x * ion) / (mass * 1e-3 * _FARADAY * electrons))


def header_date(text: str) -> str:
    """Return the date of a module as MM/DD/YYYY, '' when it is none.

    Example
    -------
    >>> header_date("05.15.25"), header_date("08/04/25"), header_date("x")
    ('05/15/2025', '08/04/2025', '')
    """
    match = re.fullmatch(r"(\d\d)[./-](\d\d)[./-](\d\d)", text)
    return f"{match[1]}/{match[2]}/20{match[3]}" if match else ""


def _start(log: bytes) -> str:
    """Return the start of the run as the .mpt writes it, '' when the log does not hold a date."""
    if len(log) < 593:
        return ""
    days = struct.unpack_from("<d", log, 585)[0]
    if not 36526.0 <= days < 73051.0:  # years 2000 to 2099
        return ""
    time = datetime(1899, 12, 30) + timedelta(milliseconds=round(days * 86_400_000.0))
    return f"{time:%m/%d/%Y %H:%M:%S}.{time.microsecond // 1000:03d}"


def _text(body: bytes, at: int) -> str:
    length = _byte(body, at)
    raw = body[at + 1 : at + 1 + length]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c.isprintable() or c == "\n").strip()


def _byte(body: bytes, at: int) -> int:
    return body[at] if at < len(body) else 0


def _number(body: bytes, at: int) -> float:
    return float(struct.unpack_from("<f", body, at)[0]) if at + 4 <= len(body) else math.nan
