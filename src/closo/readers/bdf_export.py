"""Write a measurement as Battery Data Format, and take back what was written beside its table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset, require, voltage_of
from closo.errors import ReadError
from closo.readers.exports import described, part_of
from closo.readers.tools.parts import Part
from closo.readers.tools.text import load

ONTOLOGY = "1.2.0"
_IRI = f"https://w3id.org/battery-data-alliance/ontology/battery-data-format/{ONTOLOGY}/battery-data-format"


def stated_by_closo(
    path: Path, record: dict[str, np.ndarray], columns: dict[str, np.ndarray]
) -> tuple[Part, dict[str, Any]] | None:
    """Return the measurement that `write` wrote, with what the file beside the table states; None without one."""
    beside = _beside(path)
    try:
        stated = json.loads(load(beside).content) if beside.is_file() else {}
    except (ReadError, ValueError, RecursionError):
        return None
    found = stated.get("record") if isinstance(stated, dict) else None
    if not isinstance(found, dict):
        return None
    record = dict(record)
    if stated.get("voltage_volt") == "the potential of the record":
        record["potential"] = record.pop("voltage")
    if found.get("kind") == "open_circuit" and not np.any(record["current"]):
        del record["current"]
    impedance = {n: columns[n] for n in ("impedance_real", "impedance_imag") if n in columns}
    part = part_of(found, record | (impedance if found.get("kind") == "impedance" else {}))
    return None if part is None else (part, found)


def _beside(table: Path) -> Path:
    """Return the file that holds what a table of `write` states."""
    return table.with_name(f"{table.name.removesuffix('.csv').removesuffix('.bdf')}.bdf.metadata.json")


def write(data: Dataset, path: Path) -> Path:
    """Write a record as BDF: `<name>.bdf.csv`, and `<name>.bdf.metadata.json` beside it.

    The table has no place for the version of the specification, so the second file holds it, with what the record states.
    Numbers are written with all their digits.

    Parameters
    ----------
    data : a measurement with time, a voltage or potential, and a current (0 for an open circuit without one).
    path : where to; '.bdf.csv' is put at the end of a name that does not end with '.bdf.csv' or '.bdf'.

    Returns
    -------
    The path of the table.

    Raises
    ------
    DataError  when the measurement lacks what BDF requires.
    """
    import polars as pl

    require(data, "time", who="BDF")
    name, voltage = voltage_of(data, who="BDF")
    if data.attrs["kind"] != "open_circuit":
        require(data, "current", who="BDF")
    current = data["current"].values if "current" in data else np.zeros(len(voltage))
    columns: dict[str, np.ndarray] = {
        "test_time_second": data["time"].values,
        "voltage_volt": voltage,
        "current_ampere": current,
    }
    counters = {"cycle": "cycle_count", "step": "step_id"}
    for variable, term in counters.items():
        if variable in data:
            columns[term] = data[variable].values.astype(np.int64)
    if "charge" in data:
        columns["net_capacity_ah"] = data["charge"].values / 3600.0
    if "temperature" in data:
        columns["temperature_t1_celsius"] = np.round(data["temperature"].values - 273.15, 9)
    columns |= {f"{n}_ampere": data[n].values for n in ("current_range", "set_current") if n in data}
    if data.attrs["uncalibrated"]:
        columns["uncalibrated"] = np.ones(len(voltage), np.int64)
    if "frequency" in data:
        columns["frequency_hertz"] = data["frequency"].values
    if "impedance" in data:
        columns["real_impedance_ohm"] = data["impedance"].values.real
        columns["imaginary_impedance_ohm"] = data["impedance"].values.imag
    path = Path(path)
    stem = path.name.removesuffix(".csv").removesuffix(".bdf")
    table = path if path.name.endswith((".bdf.csv", ".bdf")) else path.with_name(f"{stem}.bdf.csv")
    written = {name, "time", "current", "charge", "temperature", "frequency", "impedance", "current_range"}
    written |= {"set_current", *counters}
    sidecar = {
        "conforms_to": _IRI,
        "ontology_version": ONTOLOGY,
        "written_by": "closo",
        "voltage_volt": f"the {name} of the record",
        "left_out": [str(n) for n in data.data_vars if n not in written],
        "record": described(data),
    }
    _replace(table, pl.DataFrame(columns).write_csv())
    text = json.dumps(sidecar, indent=2, sort_keys=True, default=str, ensure_ascii=False)
    _replace(_beside(table), text + "\n")
    return table


def _replace(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)
