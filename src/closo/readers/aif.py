"""Adsorption information file (.aif): text in the style of a CIF, one isotherm per data block.

Recognised by `_adsorp_pressure` or `_units_loading` near the beginning.

Structure: `data_NAME`, then lines `_key value` (text in single or double quotes), and loops: `loop_`, one `_key` per
line, then rows of numbers separated by blanks. Columns of the loops: `_adsorp_pressure`, `_adsorp_p0`,
`_adsorp_amount`, and the same with `_desorp_`; units from `_units_pressure` (Pa, kPa, mbar, bar, Torr, ...;
`relative` is p/p0 already) and `_units_loading` (mmol/g, mol/kg, cm3(STP)/g and their like). Where a loop has no p0,
`_exptl_p0` counts.

Gas (`_exptl_adsorptive`), temperature, mass of the sample and every other key go into the metadata.

Refused: no loop of adsorption, a loop whose cells are not numbers or do not fill its rows, units that are missing or
not known.

Source: J. D. Evans, V. Bon, I. Senkovska, S. Kaskel, Langmuir 2021, 37, 4222, doi:10.1021/acs.langmuir.1c00122.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.isotherms import amount_factor, isotherm, pressure_factor
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.text import Text, load, shown

_TOKEN = re.compile(r"'([^'\n]*)'(?=\s|$)|\"([^\"\n]*)\"(?=\s|$)|(\S+)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_BRANCHES = {"adsorp": 0.0, "desorp": 1.0}
_LONGEST = 10_000  # characters of a line
_KNOWN = {"adsorptive": "gas", "temperature": "temperature", "sample_mass": "mass", "sample_id": "sample"}


@dataclass
class _Block:
    """A data block: its keys, and the rows of each branch."""

    line: int
    keys: dict[str, str] = field(default_factory=dict)
    branches: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the isotherms of an AIF.

    Raises
    ------
    ReadError  when there is none, or a unit or a number is not understood.
    """
    text = load(path)
    parts = [_part(text, block) for block in _blocks(text) if block.branches]
    if not parts:
        raise text.error("it holds no loop with _adsorp_pressure and _adsorp_amount.", "Export the isotherm again.")
    whole = f"The file does not end with a line break: check that its last number (line {len(text.lines)}) is whole."
    return finish(text, parts, warnings=() if text.complete else (whole,))


def _blocks(text: Text) -> list[_Block]:
    """Split the file into blocks with their keys and loops."""
    blocks = [_Block(0)]
    loop: dict[str, list[str]] | None = None
    for i, line in enumerate(text.lines):
        words = ["".join(groups) for groups in _TOKEN.findall(line[:_LONGEST])]
        if not words or line.lstrip().startswith("#"):
            continue
        head = words[0].lower()
        if loop is not None and (
            head.startswith("data_") or head == "loop_" or (head[0] == "_" and any(loop.values()))
        ):
            _close(text, blocks[-1], loop, i)
            loop = None
        if head.startswith("data_"):
            blocks.append(_Block(i, {"name": words[0][5:205]}))
        elif head == "loop_":
            loop = {}
        elif head[0] == "_" and loop is not None and len(words) == 1:
            loop[head] = []
        elif head[0] == "_":
            blocks[-1].keys[head] = " ".join(words[1:])[:500]
        elif loop:
            _add_row(text, loop, words, i)
    _close(text, blocks[-1], loop, len(text.lines))
    return blocks


def _add_row(text: Text, loop: dict[str, list[str]], words: list[str], line: int) -> None:
    """Add a row to a loop; the last line of a file that was cut off is left out where cells are missing."""
    if len(words) == len(loop):
        for values, word in zip(loop.values(), words, strict=True):
            values.append(word)
    elif line < len(text.lines) - 1:
        what = f"a row of a loop has {len(words)} cells, not {len(loop)}: {shown(text.lines[line])}."
        raise text.error(what, "Check that the file is whole.", line=line)


def _close(text: Text, block: _Block, loop: Mapping[str, list[str]] | None, line: int) -> None:
    """Put a loop of a branch into its block."""
    for branch in _BRANCHES:
        names = {key.removeprefix(f"_{branch}_"): values for key, values in (loop or {}).items() if branch in key}
        if {"pressure", "amount"} <= set(names):
            if branch in block.branches:
                raise text.error(f"the block has two loops of _{branch}_.", "Write each into a file.", line=line - 1)
            block.branches[branch] = names


def _part(text: Text, block: _Block) -> Part:
    """Return the isotherm of a block."""
    pressure_unit, unit = block.keys.get("_units_pressure", ""), block.keys.get("_units_loading", "")
    relative = pressure_unit.lower() in ("relative", "p/p0", "-")
    factor, amount = 1.0 if relative else pressure_factor(pressure_unit), amount_factor(unit)
    for key, said, known in (("_units_pressure", pressure_unit, factor), ("_units_loading", unit, amount)):
        if known is None:
            what = f"{key} is {shown(said, 30)}, which closo does not know." if said else f"{key} is missing."
            hint = "Write for example _units_pressure kPa and _units_loading mmol/g."
            raise text.error(what, hint, line=block.line)
    name = "relative_pressure" if relative else "gas_pressure"
    columns: dict[str, list[np.ndarray]] = {}
    for branch, loop in sorted(block.branches.items()):
        pressure = _numbers(text, loop["pressure"], block)
        columns.setdefault(name, []).append(pressure * (factor or 1.0))
        columns.setdefault("adsorbed_amount", []).append(_numbers(text, loop["amount"], block) * (amount or 1.0))
        columns.setdefault("desorption", []).append(np.full(len(pressure), _BRANCHES[branch]))
        fixed = block.keys.get("_exptl_p0")
        if "p0" in loop or fixed:
            p0 = _numbers(text, loop.get("p0") or [str(fixed)] * len(pressure), block)
            columns.setdefault("saturation_pressure", []).append(p0 * (factor or 1.0))
    joined = {key: np.concatenate(values) for key, values in columns.items()}
    if relative:
        joined.pop("saturation_pressure", None)
    size = len(joined["adsorbed_amount"])
    joined = {key: values for key, values in joined.items() if len(values) == size}
    return isotherm(joined, line=block.line, unit=unit, metadata=_metadata(block))


def _numbers(text: Text, words: list[str], block: _Block) -> np.ndarray:
    """Return the numbers of a column of a loop; NaN where it says that the value is not known.

    Raises
    ------
    ReadError  when a cell is not a number.
    """
    wrong = next((word for word in words if not _NUMBER.fullmatch(word[:60]) and word not in ("?", ".")), None)
    if wrong is not None:
        what = f"{shown(wrong, 30)} in a loop of the block is not a number."
        raise text.error(what, "Write numbers with a decimal point.", line=block.line)
    return np.array([np.nan if word in ("?", ".") else float(word[:60]) for word in words], float)


def _metadata(block: _Block) -> dict[str, Any]:
    """Return the keys of a block; those that the technique asks for under their common names, with units."""
    units = {"temperature": block.keys.get("_units_temperature", ""), "mass": block.keys.get("_units_mass", "")}
    found: dict[str, Any] = {}
    for key, value in block.keys.items():
        name = next((n for end, n in _KNOWN.items() if key.endswith(f"_{end}") and not key.startswith("_units")), None)
        found[name or key.lstrip("_")] = f"{value} {units[name]}".strip() if name in units else value
    return found
