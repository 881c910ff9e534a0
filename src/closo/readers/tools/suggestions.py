"""What a file name seems to say: offered to the user, never used as a value."""

from __future__ import annotations

import re
from pathlib import Path

_NUMBER = r"(?P<value>[-+]?\d+(?:[.,]\d+)?)"
_START, _END = r"(?<![\w.,])", r"(?![A-Za-z0-9°])"
_PATTERNS: tuple[tuple[str, str, str], ...] = (  # name, pattern of the unit, unit as written into a study
    ("temperature", r"\s*(?:°|deg(?:rees?)?)\s*(?:C|celsius)", "degC"),
    ("temperature", r"\s*(?:°|deg(?:rees?)?)", "degC"),
    ("temperature", r"K", "K"),
    ("temperature", r"C", "degC"),
    ("mass", r"\s*mg", "mg"),
    ("area", r"\s*cm\^?[2²]", "cm2"),
    ("thickness", r"\s*[uµμ]m", "um"),
    ("pressure", r"\s*MPa", "MPa"),
    ("milling_time", r"\s*h", "h"),
)


def from_name(path: Path) -> dict[str, dict[str, str]]:
    """Return nomenclature name -> {'value': text with unit, 'from': 'file name'}; the first fitting piece of each kind.

    Example
    -------
    >>> from_name(Path("a200_4h_-25C_310um.par"))["temperature"]
    {'value': '-25 degC', 'from': 'file name'}
    >>> from_name(Path("LLZO_140deg_run2.z"))["temperature"]["value"]
    '140 degC'
    """
    stem = re.sub(r"[_#=]", " ", path.stem[:200])
    found: dict[str, dict[str, str]] = {}
    for name, unit, written in _PATTERNS:
        if name in found:
            continue
        for match in re.finditer(_START + _NUMBER + unit + _END, stem, re.IGNORECASE if "deg" in unit else 0):
            if written == "degC" and unit == "C" and abs(float(match["value"].replace(",", "."))) < 5:
                continue  # '1C' is a charging rate
            if written == "K" and float(match["value"].replace(",", ".")) < 100:
                continue
            found[name] = {"value": f"{match['value'].replace(',', '.')} {written}", "from": "file name"}
            break
    return found
