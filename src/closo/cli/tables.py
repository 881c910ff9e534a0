"""Tables that `closo run` writes for pandas or Origin: one row per measurement, or one row per cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.errors import StudyError
from closo.nomenclature import look_up, to_shown
from closo.report.tables import Column, Table, write_table

if TYPE_CHECKING:
    from closo.pipeline import Outcome
    from closo.result import Result

_CYCLE = {  # column -> name of the nomenclature, in whose shown unit it is written
    "cycle": "cycle",
    "charge": "charge",
    "discharge": "charge",
    "coulombic_efficiency": "coulombic_efficiency",
    "coulombic_efficiency_u": "coulombic_efficiency",
    "capacity_retention": "capacity_retention",
    "mean_voltage_charge": "mean_voltage",
    "mean_voltage_discharge": "mean_voltage",
    "voltage_hysteresis": "voltage_hysteresis",
    "current": "current",
    "time": "time",
    "temperature": "temperature",
}
_ENERGY = {
    "energy_charge": ("charge", "mean_voltage_charge"),
    "energy_discharge": ("discharge", "mean_voltage_discharge"),
}
_WATT_HOUR = 3.6  # J in a mWh


def measurement_rows(outcomes: Sequence[Outcome]) -> Table:
    """Return one row per measurement: file, part, each quantity with its u as shown, failed checks, or the error."""
    units: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for outcome in (o for o in outcomes if not o.skipped):
        row: dict[str, Any] = {"file": str(outcome.file), "part": outcome.part}
        if outcome.result is not None:
            row["circuit"] = outcome.result.findings.get("circuit")
            for key, quantity in outcome.result.quantities.items():
                shown = quantity.as_json()
                row |= {key: shown["value"], f"{key}_u": shown["u"]}
                units |= dict.fromkeys((key, f"{key}_u"), shown["unit"])
            row["failed_checks"] = ", ".join(check.name for check in outcome.result.failed_checks)
        row["error"] = None if outcome.error is None else str(outcome.error)
        rows.append(row)
    return _table("measurements", rows, units)


def cycle_rows(results: Sequence[Result]) -> Table:
    """Return one row per cycle: charges [mAh], efficiency with its u [%], mean voltages, energies [mWh], marks.

    `interlude` is 1 for a cycle with a spectrum in it or just before it, `complete` is 0 for one that was interrupted.

    Raises
    ------
    StudyError  when no result has cycles.
    """
    cycled = [result for result in results if "coulombic_efficiency" in result.curves]
    if not cycled:
        raise StudyError("--cycles needs results of the technique cycling, and there is none.")
    rows: list[dict[str, Any]] = []
    for result in cycled:
        curves = {key: np.asarray(result.curves[key].values, float) for key in _CYCLE}
        columns: dict[str, Any] = {key: _shown(name, curves[key], key) for key, name in _CYCLE.items()}
        columns |= {key: curves[q] * curves[u] / _WATT_HOUR for key, (q, u) in _ENERGY.items()}
        columns["interlude"] = result.curves["next_to_interlude"].values.astype(int)
        columns["complete"] = 1 - result.curves["partial"].values.astype(int)
        whole = ("cycle", "interlude", "complete")
        for k in range(curves["cycle"].size):
            row = {key: int(v[k]) if key in whole else _finite(v[k]) for key, v in columns.items()}
            rows.append({"measurement": result.name, **row})
    units = {key: look_up(name).shown for key, name in _CYCLE.items()} | dict.fromkeys(_ENERGY, "mWh")
    return _table("cycles", rows, {key: "" if unit == "1" else unit for key, unit in units.items()})


def _shown(name: str, values: np.ndarray, key: str) -> np.ndarray:
    """Return values in the shown unit; an uncertainty has no offset."""
    offset = 0.0 if not key.endswith("_u") else to_shown(name, 0.0)
    return np.array([to_shown(name, float(value)) - offset for value in values])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _table(name: str, rows: Sequence[Mapping[str, Any]], units: Mapping[str, str]) -> Table:
    """Return rows as a table; a column that none of them fills is left out."""
    keys = [
        key for key in dict.fromkeys(k for row in rows for k in row) if any(row.get(key) is not None for row in rows)
    ]
    columns = [Column(key, units.get(key, "")) for key in keys]
    return Table(name, name.capitalize(), columns, [[row.get(key) for key in keys] for row in rows])


def write_rows(path: Path, table: Table, *, origin: bool = False) -> None:
    """Write a table as CSV or XLSX: one row of names, or with `origin` three (name, unit, comment).

    Raises
    ------
    StudyError  when the file is neither.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise StudyError(f"'{path}' is neither a .csv nor an .xlsx.", hint="Write for example --table results.csv.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(table, path, header_rows=3 if origin else 1)
