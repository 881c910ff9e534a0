"""Gas adsorption as a table of text: CSV and other delimited text that names its columns. The readers `micromeritics`,
`aif` and `pygaps` take their columns, units and branches from here.

Recognised by a column such as `Quantity Adsorbed (cm3/g STP)`, `quantity_adsorbed_cm3STP_per_g`, `Volume @ STP (cc/g)`
or `adsorbed_amount [mmol/g]`.

Columns, each with its unit in brackets or behind the name:

- relative pressure: `Relative Pressure (P/Po)`, `p/p0`;
- amount: `Quantity Adsorbed`, `Amount Adsorbed`, `Volume @ STP`, `Uptake`, `Loading`, in mmol/g, mol/kg or cm3(STP)/g
  (also ml, cc).
  A volume is that of the gas at 0 degC and 1 atm, 22414 cm3/mol, as the instruments' programs convert; a cm3/g that
  does not say STP is taken for it, with a warning;
- absolute pressure (`Absolute Pressure (mmHg)`, `p / kPa`) and saturation pressure (`Saturation Pressure`, `p0`), in
  Pa, hPa, kPa,
  mbar, bar, Torr, mmHg, atm or psi. Where both are there and the relative pressure is not, it is their ratio;
- branch: `branch`, `desorption` (0 or 1). Without it, rows after the highest pressure are the desorption branch.

Without relative and saturation pressure the absolute pressure alone is kept: the technique asks for the saturation
pressure then.

Refused: no amount or no pressure, an amount or an absolute pressure without a unit or in one that is not known (mg/g
and wt% need the gas), no rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import SEPARATORS, best_separator, cells, read_rows
from closo.readers.tools.text import Text, load, shown

MOLAR_VOLUME = 22414.0  # cm3(STP)/mol
_HEADER_LINES = 300
_NAMES = (  # the first that fits
    ("relative_pressure", r"relative[ _]*pressure|p ?/ ?p ?(?:[o0°º]|sat)\b|p ?/ ?p[°º]"),
    ("adsorbed_amount", r"(?:quantity|amount|volume)[ _]*adsorbed|adsorbed[ _]*(?:quantity|amount|volume)|uptake|loading|"
                        r"volume[ _]*@?[ _]*stp"),
    ("saturation_pressure", r"saturation[ _]*(?:vapou?r[ _]*)?pressure|p[o0°º]\b"),
    ("gas_pressure", r"(?:absolute|gas)?[ _]*pressure|p\b"),
    ("desorption", r"branch|desorption"),
)  # fmt: skip
_PRESSURES = {
    "pa": 1.0, "hpa": 1e2, "kpa": 1e3, "mbar": 1e2, "bar": 1e5, "torr": 133.322368421, "mmhg": 133.322387415,
    "atm": 101325.0, "psi": 6894.757293, "psia": 6894.757293,
}  # fmt: skip
_BRANCHES = {"0": 0.0, "1": 1.0, "ads": 0.0, "adsorption": 0.0, "des": 1.0, "desorption": 1.0}


@dataclass(frozen=True)
class Heading:
    """A column that is understood: name of the nomenclature, unit as written, factor to SI (None: unknown unit)."""

    name: str
    unit: str
    factor: float | None


def pressure_factor(unit: str) -> float | None:
    """Return Pa per unit, None for an unknown one.

    Example
    -------
    >>> pressure_factor("kPa"), pressure_factor("Pa/Po")
    (1000.0, None)
    """
    return _PRESSURES.get(unit.strip().lower())


def amount_factor(unit: str) -> float | None:
    """Return mol/kg per unit, None for an unknown one.

    Example
    -------
    >>> round(amount_factor("cm³/g STP"), 6), amount_factor("mmol g-1"), amount_factor("wt%")
    (0.044615, 1.0, None)
    """
    plain = re.sub(r"[\s()@_.*·^]", "", unit.lower()).replace("³", "3").replace("⁻¹", "-1")
    if re.fullmatch(r"(?:mmol(?:/g|g-1|perg))|(?:mol(?:/kg|kg-1|perkg))", plain):
        return 1.0
    if re.fullmatch(r"(?:cm3|ml|cc)(?:stp)?(?:/g|g-1|perg)(?:stp)?", plain):
        return 1000.0 / MOLAR_VOLUME
    return None


def heading_of(cell: str) -> Heading | None:
    """Return what a cell of a header names, None where it is nothing of an isotherm.

    Example
    -------
    >>> heading_of("Absolute Pressure (mmHg)").factor, heading_of("quantity_adsorbed_cm3STP_per_g").unit
    (133.322387415, 'cm3STP_per_g')
    >>> heading_of("Relative Pressure (p/p°)").name, heading_of("p0 / kPa").name, heading_of("Elapsed Time (h:min)")
    ('relative_pressure', 'saturation_pressure', None)
    """
    text = " ".join(cell[:120].split())
    for name, pattern in _NAMES:
        found = re.match(pattern, text, re.IGNORECASE)
        if found is None:
            continue
        unit = text[found.end() :].strip(" _/,")
        while unit[:1] in ("(", "[") and unit[-1:] in (")", "]"):
            unit = unit[1:-1].strip()
        if name in ("relative_pressure", "desorption"):
            return Heading(name, "", 0.01 if unit == "%" else 1.0)
        if "stp" in found[0].lower() and "stp" not in unit.lower():
            unit = f"{unit} STP"
        return Heading(name, unit, amount_factor(unit) if name == "adsorbed_amount" else pressure_factor(unit))
    return None


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a table of an isotherm.

    Raises
    ------
    ReadError  when it is none, a unit is missing or unknown, or no rows follow.
    """
    text = load(path)
    header, separator, titles = _header(text)
    found = {i: h for i, h in enumerate(map(heading_of, titles)) if h is not None}
    wanted: dict[str, int] = {}
    for i, heading in found.items():
        wanted.setdefault(heading.name, i)
    for name, i in wanted.items():
        if found[i].factor is None:
            said = f"the unit {shown(found[i].unit, 30)}, which is not one of" if found[i].unit else "no unit of"
            known = "mmol/g or cm3(STP)/g" if name == "adsorbed_amount" else ", ".join(list(_PRESSURES)[:9])
            hint = f"Write it into the name of the column: {known}."
            raise text.error(f"the column {shown(titles[i])} has {said} {name}.", hint, line=header)
    lines, branch = range(header + 1, len(text.lines)), wanted.pop("desorption", None)
    rows = read_rows(text, lines, separator, wanted=list(wanted.values()), width=len(titles))
    columns = {name: rows.values[:, k] * (found[i].factor or 1.0) for k, (name, i) in enumerate(wanted.items())}
    if branch is not None:
        words = [cells(text.lines[i], separator) for i in lines if text.lines[i].strip()]
        marks = [_BRANCHES.get(row[branch].strip().lower()) if branch < len(row) else None for row in words]
        if len(marks) == len(rows.values) and None not in marks:
            columns["desorption"] = np.array(marks, float)
    amount = found[wanted["adsorbed_amount"]].unit
    comments = [line.strip()[:200] for line in text.lines[: min(header, 30)] if line.strip()]
    part = isotherm(columns, line=header, unit=amount, metadata={"comment": "\n".join(comments)} if comments else {})
    return finish(text, [part], warnings=rows.warnings)


def _header(text: Text) -> tuple[int, str, list[str]]:
    """Return the line of the names, the separator of the rows, and the names.

    Raises
    ------
    ReadError  when no line names an amount and a pressure.
    """
    for i, line in enumerate(text.lines[:_HEADER_LINES]):
        if len(line) > 5000:
            continue
        below = next((row for row in text.lines[i + 1 : i + 4] if row.strip()), "")
        for separator in dict.fromkeys([best_separator(below[:5000]) or ",", *SEPARATORS[:3]]):
            titles = [title.strip() for title in cells(line, separator)]
            names = {h.name for h in map(heading_of, titles) if h is not None}
            if "adsorbed_amount" in names and names & {"relative_pressure", "gas_pressure"}:
                return i, separator, titles
    raise text.error(
        "no line names an adsorbed amount beside a pressure.",
        "Name the columns, for example 'Relative Pressure (p/p0)' and 'Quantity Adsorbed (cm3/g STP)'.",
    )


def isotherm(
    columns: Mapping[str, np.ndarray],
    *,
    line: int = 0,
    unit: str = "",
    metadata: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
) -> Part:
    """Return the part of an isotherm: with the relative pressure where it follows, and the branch of every row.

    Parameters
    ----------
    columns : nomenclature name -> values [SI]; rows without an amount are left out here.
    unit : of the amount, as the file writes it.
    """
    kept = np.isfinite(columns["adsorbed_amount"])
    found = {name: np.asarray(values, float)[kept] for name, values in columns.items()}
    if "relative_pressure" not in found and {"gas_pressure", "saturation_pressure"} <= set(found):
        with np.errstate(all="ignore"):
            found["relative_pressure"] = found["gas_pressure"] / found["saturation_pressure"]
    said = [*warnings, *_disagree(found)]
    pressure = found.get("relative_pressure", found.get("gas_pressure", np.empty(0)))
    if "desorption" not in found and np.isfinite(pressure).any():
        found["desorption"] = (np.arange(len(pressure)) > int(np.nanargmax(pressure))).astype(float)
    if unit and "mol" not in unit.lower() and "stp" not in unit.lower():
        said.append(f"The amount is in {unit}, taken as cm3 of gas at 0 degC and 1 atm (STP).")
    return Part("isotherm", "isotherm", found, line, dict(metadata or {}), tuple(said))


def _disagree(columns: Mapping[str, np.ndarray]) -> list[str]:
    """Return a sentence where the relative pressure is not the pressure over the saturation pressure beside it."""
    if not {"relative_pressure", "gas_pressure", "saturation_pressure"} <= set(columns):
        return []
    with np.errstate(all="ignore"):
        ratio = columns["gas_pressure"] / columns["saturation_pressure"] / columns["relative_pressure"]
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) == 0 or 0.95 < float(np.median(ratio)) < 1.05:
        return []
    return [f"p over p0 is {np.median(ratio):.3g} times the relative pressure beside them: a unit or a name is wrong."]
