"""What the segments of a VersaStudio .par are: kinds by id and by name, full scales, and the record of a cycling run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from closo.readers.tools.parts import Part

_BY_ID = {  # ActionId of real files -> kind and technique
    21: ("impedance", "PEIS"),
    3: ("chronoamperometry", "CA"),
    38: ("voltammetry", "CV"),
    41: ("open_circuit", "OCP"),
}
_BY_NAME = (  # beginning of an action's name -> kind and technique of its DC rows
    ("Open Circuit", "open_circuit", "OCP"),
    ("Chronoamperometry", "chronoamperometry", "CA"),
    ("Constant Potential", "chronoamperometry", "CA"),
    ("Constant Voltage", "chronoamperometry", "CA"),
    ("Chronopotentiometry", "chronopotentiometry", "CP"),
    ("Constant Current", "chronopotentiometry", "CP"),
    ("Charge", "chronopotentiometry", "CP"),
    ("Discharge", "chronopotentiometry", "CP"),
    ("Cyclic Voltammetry", "voltammetry", "CV"),
    ("Linear Scan Voltammetry", "voltammetry", "LSV"),
)
_EXPLAINED = ("Open Circuit", "Chronoamperometry", "Cyclic Voltammetry")  # names whose id is known
_STATED_CURRENT = r"(?:Applied |Step )?Current \(A\)(?:,Value)?"
_FULL_SCALE = {code: float(f"2e{2 - code}") for code in range(2, 13)}  # [A]; auto-ranged real files: code 5 is 2 mA


def id_of(columns: Mapping[str, np.ndarray]) -> int | None:
    """Return the id of the action behind a segment, None where the file has none."""
    ids = columns.get("action", np.array([np.nan]))
    ids = ids[np.isfinite(ids)]
    return int(np.clip(ids[0], -1, 10**6)) if len(ids) else None


def named_kind(name: str) -> tuple[str, str] | None:
    """Return (kind, technique) of the DC rows of an action called `name`, None where closo does not know it."""
    for beginning, kind, technique in _BY_NAME:
        if name.startswith(beginning):
            return kind, technique
    return None


def explained(name: str) -> bool:
    """Return True for an action whose id is known from real files."""
    return name.startswith(_EXPLAINED)


def kind_of(columns: Mapping[str, np.ndarray], action: Mapping[str, str]) -> tuple[str, str]:
    """Return (kind, technique) of DC rows: by the id, else by the name of the action, else a record."""
    number = id_of(columns)
    if number in _BY_ID and _BY_ID[number][0] != "impedance":
        return _BY_ID[number]
    named = named_kind(action.get("Name", ""))
    return named or ("record", f"action {number}" if number is not None else "record")


def full_scale(code: np.ndarray) -> dict[str, np.ndarray]:
    """Return {'current_range': full scale [A], shape (n,)} for the column `Current Range`, {} where a code is not known."""
    if len(code) == 0 or not set(np.unique(code).tolist()) <= set(_FULL_SCALE):
        return {}
    return {"current_range": np.array([_FULL_SCALE[c] for c in range(2, 13)])[code.astype(int) - 2]}


def with_set_current(
    measured: Sequence[dict[str, np.ndarray]], actions: Sequence[Mapping[str, str]]
) -> list[dict[str, np.ndarray]]:
    """Return the segments with `set_current` [A]: of a galvanostatic action, 0 in others; unchanged if none states one."""
    stated = [_stated_current(columns, action) for columns, action in zip(measured, actions, strict=True)]
    if not any(stated):
        return list(measured)
    return [
        columns | {"set_current": np.full(len(next(iter(columns.values()))), level)}
        for columns, level in zip(measured, stated, strict=True)
    ]


def _stated_current(columns: Mapping[str, np.ndarray], action: Mapping[str, str]) -> float:
    """Return the current that a galvanostatic action asks for [A], 0 where it states none."""
    if kind_of(columns, action)[0] != "chronopotentiometry":
        return 0.0
    text = next((v for k, v in action.items() if re.fullmatch(_STATED_CURRENT, k)), "")
    words = text.rpartition("Value=")[2].strip().replace(",", ".")
    try:
        return float(words) if np.isfinite(float(words)) else 0.0
    except ValueError:
        return 0.0


def with_cycling(
    parts: list[Part], measured: Sequence[Mapping[str, np.ndarray]], actions: Sequence[Mapping[str, str]]
) -> list[Part]:
    """Put one record of all rows in the place of the DC parts, when two or more of them are galvanostatic.

    The record comes first; it holds every segment but voltammograms in file order. Spectra and voltammograms stay parts.
    """
    if sum(part.kind == "chronopotentiometry" for part in parts) < 2:
        return parts
    own = [part for part in parts if part.kind in ("impedance", "voltammetry")]
    pairs = zip(measured, actions, strict=True)
    used = [columns for columns, action in pairs if kind_of(columns, action)[0] != "voltammetry"]
    names = [
        n
        for n in ("time", "potential", "current", "frequency", "current_range", "set_current")
        if all(n in c for c in used)
    ]
    if not {"time", "potential", "current"} <= set(names):
        return parts
    merged = {name: np.concatenate([columns[name] for columns in used]) for name in names}
    steps = [columns.get("segment", np.full(len(columns["time"]), float(k))) for k, columns in enumerate(used)]
    if "frequency" in merged and not np.any(merged["frequency"] > 0):
        del merged["frequency"]
    merged["step"] = np.concatenate(steps)
    metadata = {"current_sign": "positive charges", "actions": [action.get("Name", "") for action in actions]}
    return [Part("cycling", "cycling", merged, parts[0].line, metadata), *own]
