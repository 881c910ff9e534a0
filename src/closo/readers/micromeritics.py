"""Micromeritics report as an old Excel workbook (.xls): TriStar, ASAP, Gemini, 3Flex, MicroActive.

Recognised by the first bytes of an Office file of that time; a workbook without an isotherm is refused.

Structure: every report has the same heading (instrument, sample, gas, temperature of the bath, mass) and a title,
below it pairs of `Name:` and value, or a table. The reports stand side by side in one sheet, parted by columns of
`|`, or each in a sheet of its own. Columns of `Isotherm Tabular Report`: `Relative Pressure`, `Absolute Pressure
(mmHg, kPa, ...)`, `Quantity Adsorbed (cm3/g STP or mmol/g)`, `Elapsed Time (h:min)`, `Saturation Pressure`, the last
in some rows only and valid until the next. 1 mol is 22414 cm3 STP.

Texts such as `1,596.4627 ± 0.6426 m²/g` or `1.589,6174 ± 7,6619 m²/g` are read with the decimal sign of the sample's
mass. What the program itself found goes into the metadata as `vendor`, name -> value, u, unit as printed and SI
value; never used as a value, only compared. `points` is its window: first and last relative pressure and number of
points of its BET table.

Refused: workbooks with a password, damaged ones, and those without a table that names a relative pressure and an
amount.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.isotherms import amount_factor, heading_of, isotherm
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.text import DAMAGE, Text, load_bytes, shown

Row = list[Any]  # of cells: str, or float
Report = list[Row]
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST = 60_000_000  # bytes
_TO_CSV = "Export the report again, or save the table of the isotherm as CSV and read that."
_NUMBER = re.compile(r"\s*(-?[\d.,]*\d)\s*(?:±\s*([\d.,]*\d))?\s*(.*?)\s*")
_HEADING = {  # as the heading of a report calls it -> key of the metadata
    "Sample": "sample", "Started": "started", "Analysis adsorptive": "gas", "Analysis bath temp.": "temperature",
    "Sample mass": "mass", "Sample density": "density", "Automatic degas": "degas",
    "Equilibration interval": "equilibration", "Thermal correction": "thermal_correction",
}  # fmt: skip
_VENDOR = {  # (title of the report, name in it) -> name of the nomenclature
    ("bet", "bet surface area"): "specific_surface_area",
    ("bet", "c"): "bet_constant",
    ("bet", "qm"): "monolayer_capacity",
    ("bet", "molecular cross-sectional area"): "cross_section",
    ("t-plot", "micropore volume"): "micropore_volume",
    ("t-plot", "external surface area"): "specific_surface_area:external",
}
_UNITS = {"m²/g": 1e3, "nm²": 1e-18, "cm³/g": 1e-3, "": 1.0, "å": 1e-10, "nm": 1e-9, "g/cm³": 1e3}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the isotherm of a report, and what the program made of it.

    Raises
    ------
    ReadError  when it is no such workbook.
    """
    path = Path(path)
    raw = bytes(load_bytes(path))
    if not raw.startswith(_OLE) or len(raw) > _LARGEST:
        raise ReadError("this is not a .xls workbook of a usual size.", file=path, hint=_TO_CSV)
    reports = [report for sheet in _sheets(path, raw) for report in _side_by_side(sheet)]
    text = Text(path, "", "xls")
    tables = [(report, row) for report in reports for row in _tables(report)]
    if not tables:
        what = "no sheet of the workbook has a table of relative pressures and adsorbed amounts"
        raise text.error(f"{what}: it is not a Micromeritics report with an isotherm.", _TO_CSV)
    # the tabular report has absolute pressures too; plots and fitted points repeat a part of it
    report, row = max(tables, key=lambda found: (len(_named(found[0], found[1])), len(found[0])))
    return finish(text, [_part(text, report, row, reports)])


def _sheets(path: Path, raw: bytes) -> list[list[Row]]:
    """Return the cells of every sheet: stripped text, or numbers."""
    import xlrd

    try:
        with xlrd.open_workbook(file_contents=raw, logfile=io.StringIO(), ragged_rows=True, on_demand=True) as book:
            return [
                [[_cell(cell) for cell in sheet.row(i)] for i in range(sheet.nrows)]
                for sheet in map(book.sheet_by_index, range(book.nsheets))
            ]
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, *DAMAGE) as error:
        what = shown(str(error), 80)
        text = f"this old Excel workbook is damaged, or locked with a password ({what})."
        raise ReadError(text, file=path, hint=_TO_CSV) from None


def _cell(cell: Any) -> str | float:
    return float(cell.value) if cell.ctype == 2 else str(cell.value).strip() if cell.ctype == 1 else ""


def _side_by_side(sheet: list[Row]) -> Iterator[Report]:
    """Yield the reports of a sheet, which columns of '|' part."""
    width = max((len(row) for row in sheet), default=0)
    bars = sorted({k for row in sheet[:40] for k, cell in enumerate(row) if cell == "|"})
    for first, last in zip([0, *(k + 1 for k in bars)], [*bars, width], strict=True):
        if last > first:
            yield [row[first:last] for row in sheet]


def _tables(report: Report) -> list[int]:
    """Return the rows that name the columns of an isotherm."""
    wanted = {"relative_pressure", "adsorbed_amount"}
    return [i for i in range(min(len(report), 80)) if wanted <= set(_named(report, i))]


def _named(report: Report, row: int) -> dict[str, int]:
    """Return name -> column of a row of names; the first of each, with units that are known."""
    found: dict[str, int] = {}
    for k, cell in enumerate(report[row]):
        heading = heading_of(cell) if isinstance(cell, str) and cell else None
        if heading is not None and heading.factor is not None:
            found.setdefault(heading.name, k)
    return found


def _part(text: Text, report: Report, row: int, reports: Sequence[Report]) -> Part:
    """Return the isotherm with the metadata of its report and the results of the others."""
    pairs = dict(_pairs(report[:row]))
    comma = re.match(r"\s*-?\d+,\d", pairs.get("sample mass", pairs.get("analysis bath temp.", ""))) is not None
    columns, names = {}, _named(report, row)
    rows = [cells for cells in report[row + 1 :] if any(isinstance(cell, float) or cell for cell in cells)]
    for name, k in names.items():
        heading = heading_of(str(report[row][k]))
        values = [_float(cells[k], comma) if k < len(cells) else np.nan for cells in rows]
        columns[name] = np.array(values, float) * (heading.factor or 1.0 if heading else 1.0)
    if "saturation_pressure" in columns:
        columns["saturation_pressure"] = _carried(columns["saturation_pressure"])
    unit = heading_of(str(report[row][names["adsorbed_amount"]]))
    metadata: dict[str, Any] = {key: pairs[name.lower()] for name, key in _HEADING.items() if pairs.get(name.lower())}
    metadata = {key: _point(value) if comma and key in ("mass", "density", "temperature") else value
                for key, value in metadata.items()}  # fmt: skip
    instrument = next((str(c) for c in report[1] if c), "") if len(report) > 1 else ""
    metadata |= {"instrument": instrument[:80], "vendor": _vendor(reports, comma)}
    return isotherm(columns, unit=unit.unit if unit else "", metadata=metadata)


def _pairs(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield name in small letters, value of cells 'Name:' with one behind them, the last of a name first."""
    for row in reversed(rows):
        for name, value in pairwise(row):
            if isinstance(name, str) and name.endswith(":") and value != "":
                yield name[:-1].strip().lower(), str(value)[:200]


def _point(text: str) -> str:
    return text.replace(".", "").replace(",", ".")


def _float(cell: str | float, comma: bool) -> float:
    """Return the number of a cell, NaN where it is none."""
    if isinstance(cell, float):
        return cell
    try:
        return float(_point(cell) if comma else cell.replace(",", ""))
    except ValueError:
        return float("nan")


def _carried(values: np.ndarray) -> np.ndarray:
    """Return values with each gap filled by the last one before it, at the beginning by the first one."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 0:
        return values
    last = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return np.asarray(values[known[np.maximum(last, 0)]])


def _vendor(reports: Sequence[Report], comma: bool) -> dict[str, Any]:
    """Return what the program found: name -> {'value', 'u', 'unit', 'si'}, and its BET window under 'points'."""
    found: dict[str, Any] = {}
    for report in reports:
        titles = [row[0].lower() for row in report[15:30] if row and isinstance(row[0], str) and row[0]]
        kind = next((k for k in ("bet", "t-plot") for t in titles if t.startswith(k) and t.endswith("report")), None)
        if kind is None:
            continue
        for name, value in _pairs(report):
            key = _VENDOR.get((kind, name))
            read_as = _stated(value, comma)
            if key is not None and read_as is not None:
                found[key] = read_as
        for row in _tables(report) if kind == "bet" else ():
            k = _named(report, row)["relative_pressure"]
            used = [_float(cells[k], comma) for cells in report[row + 1 :] if k < len(cells) and cells[k] != ""]
            used = [x for x in used if np.isfinite(x)]
            if len(used) > 1:
                found["points"] = [used[0], used[-1], len(used)]
    return found


def _stated(text: str, comma: bool) -> dict[str, Any] | None:
    """Read '194.7493 ± 0.5313 m²/g'; None where the unit is not known."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    unit = match[3]
    factor = _UNITS.get(unit.lower(), amount_factor(unit) if unit else None)
    value, u = (_float(match[k], comma) if match[k] else float("nan") for k in (1, 2))
    if factor is None or not np.isfinite(value):
        return None
    found = {"value": value, "unit": unit.replace("²", "2").replace("³", "3"), "si": value * factor}
    return found | ({"u": u} if np.isfinite(u) else {})
