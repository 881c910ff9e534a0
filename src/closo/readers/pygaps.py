"""Isotherm of pyGAPS as JSON (.json).

Recognised by `"isotherm_data"` near the beginning.

Structure: one object with the keys `adsorbate`, `temperature`, `pressure_mode`, `pressure_unit`, `loading_basis`,
`loading_unit`, `material_basis`, `material_unit`, and `isotherm_data`: a list of rows. Columns of a row: `pressure`,
`loading`, and `branch` (`ads`, `des`; without it the row belongs to the branch before).

A pressure in the mode `relative` is p/p0 (`relative%`: a hundredth of it). The mode `absolute` states no saturation
pressure; the technique asks for it. Loadings are read as mmol/g, mol/kg or cm3(STP)/g.

Refused: other bases (volume, fraction) and units, rows that are not numbers, and what is not such an object.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.isotherms import amount_factor, isotherm, pressure_factor
from closo.readers.tools.parts import finish
from closo.readers.tools.text import Text, load, shown

_RELATIVE = {"relative": 1.0, "relative%": 0.01}
_AGAIN = "Write it again with pyGAPS, with pressures in bar or relative and loadings in mmol/g."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read an isotherm that pyGAPS wrote.

    Raises
    ------
    ReadError  when it is no such object, or its units are not known.
    """
    text = load(path)
    try:
        found = json.loads(text.content)
        rows = [row for row in found["isotherm_data"] if isinstance(row, dict)]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise text.error("this is not an isotherm of pyGAPS, or it is cut off.", _AGAIN) from None
    mode, basis = str(found.get("pressure_mode", "absolute")), str(found.get("loading_basis", "molar"))
    unit = f"{found.get('loading_unit', '')}/{found.get('material_unit', '')}"
    relative = mode in _RELATIVE
    pressure = _RELATIVE[mode] if relative else pressure_factor(str(found.get("pressure_unit", "")))
    amount = amount_factor(unit) if basis in ("molar", "volume_gas") else None
    if pressure is None or amount is None:
        what = f"the pressure is '{mode}' in {shown(str(found.get('pressure_unit')), 20)}, the loading in {shown(unit, 20)}"
        raise text.error(f"{what} ('{basis[:20]}'), which closo does not know.", _AGAIN)
    columns = {
        "relative_pressure" if relative else "gas_pressure": _column(text, rows, "pressure") * pressure,
        "adsorbed_amount": _column(text, rows, "loading") * amount,
    }
    branches = [row.get("branch") for row in rows]
    if any(branch is not None for branch in branches):
        marks = [float(branch in ("des", 1)) for branch in branches]
        columns["desorption"] = np.maximum.accumulate(np.array(marks))
    metadata = {key: value for key, value in found.items() if key != "isotherm_data" and isinstance(value, str | float)}
    metadata["gas"] = str(metadata.pop("adsorbate", ""))
    return finish(text, [isotherm(columns, unit=unit, metadata=metadata)])


def _column(text: Text, rows: list[dict[str, Any]], name: str) -> np.ndarray:
    """Return the numbers of one key in all rows.

    Raises
    ------
    ReadError  when one is missing or no number.
    """
    try:
        return np.array([float(row[name]) for row in rows], float)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise text.error(f"a row of isotherm_data has no number as '{name}'.", _AGAIN) from None
