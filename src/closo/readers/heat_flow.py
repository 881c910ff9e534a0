"""Heat flow over temperature (DSC) as columns of text: Proteus, TRIOS and STARe exports, and tables with names.

Recognised by a column of heat flow (`DSC/(mW/mg)`, `Heat Flow (W/g)`, `Heat Flow (Normalized)`, `heat_flow`, `DSC / mW`)
beside one of temperature, in one line or with the units in the line below.

Columns: temperature [degC or K], heat flow in W/g, mW/mg, W/kg (per mass), or in mW or W, which a sample mass above the
table (`Sample Mass 5.12 mg`, `#SAMPLE MASS /mg:5.12`) makes one per mass; time [s, min, h] where there is one. Heat that is
given off points down in the result; where a line above or the name of the column says `exo up`, `exotherm up`, `#EXO:1` or
`^exo` (`exo` of the metadata), it is turned. Runs up and down in one file are measurements of their own. Separators,
decimal comma and cut rows as in other tables.

Refused: no unit of heat flow or temperature; heat flow in mW without a mass below 1 g; a signal in uV, which nobody
calibrated; a derivative, a reversing part or a baseline alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from closo.dataset import Dataset, new
from closo.readers.tools.suggestions import from_name
from closo.readers.tools.table import SEPARATORS, cells, numeric_cells, read_rows
from closo.readers.tools.text import Text, load, shown

_SEARCHED = 400  # lines
_AGAIN = "Export temperature, time and heat flow with their units, as W/g or with the sample mass in the header."
_PER_MASS = {"w/g": 1e3, "mw/mg": 1e3, "mw/g": 1.0, "w/kg": 1.0}
_TOTAL = {"mw": 1e-3, "w": 1.0, "uw": 1e-6, "µw": 1e-6}
_EXO_UP = re.compile(
    r"exo(?:therm|thermic)?\.?\s*(?:=|:|is)?\s*(?:up|↑|\^)|\^\s*exo|↑\s*exo|#EXO:\s*1\b|"
    r"endo(?:therm|thermic)?\.?\s*(?:=|:|is)?\s*(?:down|↓)",
    re.IGNORECASE,
)
_EXO_DOWN = re.compile(
    r"exo(?:therm|thermic)?\.?\s*(?:=|:|is)?\s*(?:down|↓)|endo(?:therm|thermic)?\.?\s*(?:=|:|is)?\s*(?:up|↑|\^)|"
    r"#EXO:\s*-1\b|↓\s*exo|\^\s*endo|↑\s*endo",
    re.IGNORECASE,
)
_MASS = re.compile(
    r"(?:sample\s*mass|sample\s*weight|^size)\W*?(?:/?\s*\(?\[?(mg|g)\)?\]?)?\s*[:=\t;, ]\s*([\d.,]+)\s*(mg|g)?\b",
    re.I | re.M,
)
_LEAST_SPAN = 10.0  # K of a run


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the runs up and down of a table of heat flow.

    Raises
    ------
    ReadError  when no line names temperature and heat flow with units, or no run spans 10 K.
    """
    text = load(path)
    header = _header(text)
    if header is None:
        raise text.error(
            f"no line names temperature and heat flow with units; the first is {shown(text.lines[0])}.", _AGAIN
        )
    line, separator, places, names = header
    start = next((i for i in range(line + 1, len(text.lines)) if numeric_cells(text.lines[i], separator) > 1), None)
    if start is None:
        raise text.error("no rows of numbers follow the names.", _AGAIN, line=line)
    rows = read_rows(text, range(start, len(text.lines)), separator, wanted=list(places.values()), width=len(names))
    columns = dict(zip(places, rows.values.T, strict=True))
    above = "\n".join(text.lines[:line])[:20_000]
    factor, mass = _scale(text, line, _unit(names[places["heat_flow"]]), above)
    said = f"{above}\n{names[places['heat_flow']]}"
    up = _EXO_UP.search(said) is not None and _EXO_DOWN.search(said) is None
    t = columns["temperature"] + (0.0 if _unit(names[places["temperature"]]) == "k" else 273.15)
    made = {"temperature": t, "heat_flow": columns["heat_flow"] * (-factor if up else factor)}
    if "time" in columns:
        made["time"] = columns["time"] * {"min": 60.0, "h": 3600.0}.get(_unit(names[places["time"]]), 1.0)
    about = {"mass": f"{mass:.6g} mg"} if mass else {}
    warnings = list(rows.warnings)
    if up or _EXO_DOWN.search(said) is not None:
        about["exo"] = "up" if up else "down"
    else:
        warnings.append("The file does not say whether exo is up or down: down is assumed (setting exo).")
    return _parts(text, path, made, about=about, warnings=warnings)


def _parts(
    text: Text, path: Path, made: dict[str, np.ndarray], *, about: dict[str, str], warnings: list[str]
) -> tuple[Dataset, ...]:
    """Return each run up or down of 10 K or more as a measurement."""
    good = np.isfinite(made["temperature"]) & np.isfinite(made["heat_flow"])
    made = {key: values[good] for key, values in made.items()}
    t = made["temperature"]
    runs = [(a, b) for a, b in _runs(t) if b > a and abs(t[b - 1] - t[a]) >= _LEAST_SPAN]
    if not runs:
        raise text.error(f"no run spans {_LEAST_SPAN:g} K.", "Export the run on heating or cooling.")
    parts = []
    for k, (a, b) in enumerate(runs, start=1):
        cut = {key: values[a:b] for key, values in made.items()}
        if "time" in cut:
            cut["time"] = cut["time"] - cut["time"][0]
        title = f"{'heating' if t[b - 1] > t[a] else 'cooling'} {t[a] - 273.15:.0f} to {t[b - 1] - 273.15:.0f} degC"
        parts.append(
            new(
                "calorimetry", cut, source=path.name, part=k, title=title, metadata=about, suggestions=from_name(path),
                warnings=tuple(warnings),
            )
        )  # fmt: skip
    return tuple(parts)


def _runs(t: np.ndarray) -> list[tuple[int, int]]:
    """Return where the temperature turns by 5 K or more: first and last + 1 of each run."""
    runs, start, low, high = [], 0, 0, 0
    for i in range(1, len(t)):
        low = i if t[i] < t[low] else low
        high = i if t[i] > t[high] else high
        turned = high if high > low and t[high] - t[i] > 5.0 else low if low > high and t[i] - t[low] > 5.0 else None
        if turned is not None and turned > start:
            runs.append((start, turned + 1))
            start, low, high = turned, turned, turned
            low = i if t[i] < t[turned] else turned
            high = i if t[i] > t[turned] else turned
    return [*runs, (start, len(t))]


def _header(text: Text) -> tuple[int, str, dict[str, int], list[str]] | None:
    """Return line, separator, name -> column, and the names of the columns with their units."""
    for i, line in enumerate(text.lines[:_SEARCHED]):
        if not re.search(r"dsc|heat[ _]?flow", line[:2000], re.IGNORECASE):
            continue
        below = text.lines[i + 1] if i + 1 < len(text.lines) else ""
        for separator in SEPARATORS[:3]:
            names = [name.strip(" #\"'") for name in cells(line[:2000], separator)]
            units = [unit.strip() for unit in cells(below[:2000], separator)]
            if len(units) == len(names) and not numeric_cells(below, separator):
                names = [name if _unit(name) else f"{name} ({unit})" for name, unit in zip(names, units, strict=True)]
            places: dict[str, int] = {}
            for k, name in enumerate(names):
                called = _called(name)
                if called is not None and called not in places:
                    places[called] = k
            if {"temperature", "heat_flow"} <= set(places):
                return i, separator, places, names
    return None


def _called(name: str) -> str | None:
    """Return which column a name with its unit is, None for another one.

    Example
    -------
    >>> _called("Temp./°C"), _called("DSC/(mW/mg)"), _called("Heat Flow (Normalized) Q (W/g)"), _called("Time (min)")
    ('temperature', 'heat_flow', 'heat_flow', 'time')
    >>> _called("DSC/(uV/mg)"), _called("Temperature"), _called("DDSC/(mW/mg)"), _called("Reversing Heat Flow (W/g)")
    (None, None, None, None)
    """
    unit = _unit(name)
    if re.match(r"temp|t(?:s|r)?\b(?![a-z])", name, re.IGNORECASE) and unit in ("°c", "degc", "c", "k", "ºc"):
        return "temperature"
    derived = re.search(r"d+dsc|deriv|\bd\W*(?:dsc|heat)|/\s*dt|\b(?:non[- ]?)?rev|baseline", name, re.IGNORECASE)
    if re.search(r"dsc|heat[ _]?flow", name, re.IGNORECASE) and unit in (*_PER_MASS, *_TOTAL) and not derived:
        return "heat_flow"
    return "time" if re.match(r"time|t\b", name, re.IGNORECASE) and unit in ("s", "sec", "min", "h") else None


def _unit(name: str) -> str:
    """Return the unit that a name ends with, in small letters.

    Example
    -------
    >>> _unit("DSC/(mW/mg)"), _unit("Temp./°C"), _unit("Heat flow / W/g"), _unit("heat_flow [W/kg]"), _unit("DSC / mW")
    ('mw/mg', '°c', 'w/g', 'w/kg', 'mw')
    """
    match = re.search(r"(?:/\s*\(?|\(|\[|,\s*)([^\s()\[\]/]+(?:/[^\s()\[\]/]+)?)\s*[)\]]*\s*$", name)
    return match[1].lower() if match else ""


def _scale(text: Text, line: int, unit: str, above: str) -> tuple[float, float | None]:
    """Return the factor to W/kg, and the mass [mg] that the header states."""
    match = _MASS.search(above)
    stated = None
    if match is not None and (match[1] or match[3]):
        stated = float(match[2].replace(",", ".")) * (1e3 if (match[3] or match[1]).lower() == "g" else 1.0)
    if unit in _PER_MASS:
        return _PER_MASS[unit], stated
    if not stated or not 1e-3 < stated < 1e3:
        told = f"its sample mass of {stated:g} mg fits in no pan" if stated else "no sample mass stands above it"
        raise text.error(f"the heat flow is in {unit}, and {told}.", _AGAIN, line=line)
    return _TOTAL[unit] / (stated * 1e-6), stated
