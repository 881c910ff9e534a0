"""Battery Data Format (BDF) of the Battery Data Alliance: .bdf.csv, .bdf, .bdf.parquet; reader and writer.

Recognised by a column `test_time_second` or `Test Time / ...`.

Structure: one line of names, machine-readable (`voltage_volt`) or preferred labels (`Voltage / V`), then rows; units are
fixed by the names. Columns used (ontology 1.2.0, https://w3id.org/battery-data-alliance/ontology/battery-data-format):
`test_time_second` time [s], `voltage_volt` [V], `current_ampere` [A] (positive charges, by the ontology), all three needed;
`cycle_count`, `step_id` (else `step_count`, else `step_index`, which older files use for the step), temperatures T1,
surface or ambient [degC], `frequency_hertz`, `real_impedance_ohm` and `imaginary_impedance_ohm` (negative when capacitive).
Charge [C]: `net_capacity_ah`, else charging minus discharging capacity; counters that start again (older files, the
cycle-scope columns) are summed through. `unix_time_second` of the first row becomes the date of the metadata.

One record of kind 'cycling' ('open_circuit' where no current flows); rows with a frequency stay in it, and are spectra of
their own where the file has their impedance. A time that runs backwards (a clock that starts again with a step) is kept as
it is, with a warning that says where. A current that contradicts the file's own capacities gets a warning.

A text of more than 4 MB is read piece by piece where it is regular throughout, which gives the same numbers.

Refused: a time that runs faster or slower than `unix_time_second` by the factor of a unit (1000, 60, 3600); a table without
time, voltage and current; a parquet file of more than 20 million rows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset, require, voltage_of
from closo.errors import ReadError
from closo.readers.bulk import read_rows
from closo.readers.clocks import disagreement
from closo.readers.counters import net_charge, sign_warning
from closo.readers.cycler import Known, Table, find_names, kind_of, plain, read_table
from closo.readers.parts import Part, finish, runs, split_sweeps
from closo.readers.streamed import IrregularError, rows_to_the_end
from closo.readers.table import Rows
from closo.readers.text import MAX_BYTES, Text, head, load, load_beginning, size_of

__all__ = ["ONTOLOGY", "read", "write"]

ONTOLOGY = "1.2.0"
_IRI = f"https://w3id.org/battery-data-alliance/ontology/battery-data-format/{ONTOLOGY}/battery-data-format"
_MAX_ROWS = 20_000_000
_LARGE = 4_000_000  # bytes, from which a text file is read piece by piece
_BEGINNING = 1_000_000  # bytes, which hold the names and the first rows
_TERMS = {  # machine-readable name -> what it is, unit
    "test_time_second": ("time", "s"),
    "voltage_volt": ("voltage", "V"),
    "current_ampere": ("current", "A"),
    "unix_time_second": ("date", "s"),
    "cycle_count": ("cycle", "1"),
    "step_id": ("step", "1"),
    "step_count": ("step_count", "1"),
    "step_index": ("step_index", "1"),
    "net_capacity_ah": ("net", "Ah"),
    "charging_capacity_ah": ("charging", "Ah"),
    "discharging_capacity_ah": ("discharging", "Ah"),
    "cycle_charging_capacity_ah": ("charging", "Ah"),
    "cycle_discharging_capacity_ah": ("discharging", "Ah"),
    "temperature_t1_celsius": ("temperature", "degC"),
    "surface_temperature_celsius": ("surface", "degC"),
    "ambient_temperature_celsius": ("ambient", "degC"),
    "frequency_hertz": ("frequency", "Hz"),
    "real_impedance_ohm": ("impedance_real", "ohm"),
    "imaginary_impedance_ohm": ("impedance_imag", "ohm"),
}
_LABELS = {  # preferred labels that are not the machine-readable name without its unit
    "surfacetemperaturet1": "temperature",
    "temperaturet1": "temperature",
}


def _label(term: str) -> str:
    """Return the preferred label without its unit, as `plain` writes it."""
    return plain(term.rsplit("_", 1)[0] if term not in ("cycle_count", "step_id", "step_count", "step_index") else term)


_KNOWN = Known(
    {plain(term): what for term, (what, _) in _TERMS.items()}
    | {_label(term): what for term, (what, _) in _TERMS.items()}
    | _LABELS,
    dict(_TERMS.values()),
)


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is left out by `finish`
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the record of a BDF file, and its spectra.

    Raises
    ------
    ReadError  when it is no table with time, voltage and current.
    """
    path = Path(path)
    if head(path).startswith("PAR1"):
        text, table = _parquet(path)
    else:
        text, table = _csv(path)
    columns, cold = _without_dead_sensors(table.columns)
    metadata: dict[str, Any] = {"current_sign": "positive charges"}
    date = columns.pop("date", np.zeros(1))
    faster = disagreement(columns["time"], date) if len(date) == len(columns["time"]) else None
    if faster is not None:
        raise text.error(
            f"test_time_second runs {faster:g} times as fast as unix_time_second: one of the two is not in seconds.",
            "Correct the times, or read it with --columns and the true unit, for example time[ms].",
        )
    started = date[:1]
    if len(started) and 0.0 < started[0] < 4e9:
        metadata["date"] = datetime.fromtimestamp(float(started[0]), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if table.unused:
        metadata["columns_not_used"] = list(table.unused)
    record = _record(columns)
    counted = _net(columns.get("charging"), columns.get("discharging"))
    warnings = sign_warning(record["time"], record["current"], counted)
    parts = [Part(*kind_of(record), record, warnings=warnings), *_spectra(columns)]
    return finish(text, parts, metadata=metadata, warnings=(*table.warnings, *cold))


def _without_dead_sensors(columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the columns without temperatures that are exactly 0 degC in all rows, and a sentence about them."""
    dead = [n for n in ("temperature", "surface", "ambient") if n in columns and np.all(columns[n] == 273.15)]
    told = ("A temperature is 0 degC in all rows (no sensor?) and was left out.",) if dead else ()
    return {name: values for name, values in columns.items() if name not in dead}, told


def _record(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns of the record by closo's names."""
    record = {name: columns[name] for name in ("time", "voltage", "current")}
    charge = columns.get("net", _net(columns.get("charging"), columns.get("discharging")))
    if charge is not None:
        record["charge"] = charge
    choices = {
        "cycle": ("cycle",),
        "step": ("step", "step_count", "step_index"),
        "temperature": ("temperature", "surface", "ambient"),
    }
    for name, sources in choices.items():
        source = next((s for s in sources if s in columns and np.isfinite(columns[s]).all()), None)
        if source is not None:
            record[name] = columns[source]
    frequency = np.nan_to_num(columns.get("frequency", np.zeros(1)))
    return record | ({"frequency": frequency} if np.any(frequency > 0) else {})


def _net(charging: np.ndarray | None, discharging: np.ndarray | None) -> np.ndarray | None:
    if discharging is not None and np.any(discharging < 0):  # written as negative numbers by some programs
        discharging = np.abs(discharging)
    return net_charge(charging, discharging)


def _spectra(columns: dict[str, np.ndarray]) -> list[Part]:
    """Return the spectra: runs of rows with a frequency and an impedance."""
    names = ("frequency", "impedance_real", "impedance_imag")
    if not set(names) <= set(columns):
        return []
    alternating = np.nan_to_num(columns["frequency"]) > 0
    picked = {name: columns[name] for name in (*names, "time", "voltage", "current")}
    found = []
    for rows in runs(alternating.astype(float)):
        if alternating[rows.start]:
            found += [
                Part("impedance", "EIS", sweep) for sweep in split_sweeps({n: v[rows] for n, v in picked.items()})
            ]
    return found


def _csv(path: Path) -> tuple[Text, Table]:
    """Read a text table with BDF names; a long one piece by piece where it is plain throughout."""
    if size_of(path) > _LARGE:
        try:
            return _named(load_beginning(path, _BEGINNING), rows_to_the_end)
        except (IrregularError, ReadError):  # a reason to look at every line, which also finds the right words
            pass
    return _named(load(path), read_rows)


def _named(text: Text, rows_of: Callable[..., Rows]) -> tuple[Text, Table]:
    header, separator = find_names(text, _KNOWN)
    return text, read_table(text, header, separator, _KNOWN, rows_of=rows_of)


def _parquet(path: Path) -> tuple[Text, Table]:
    """Read a parquet table with BDF names."""
    import polars as pl

    text = Text(path, "", "binary")
    if path.stat().st_size > MAX_BYTES:
        raise text.error("the file is too large.", "Split it into smaller files.")
    try:
        schema = pl.read_parquet_schema(path)
        names = {n: _KNOWN.names.get(plain(n.split(" / ")[0])) for n in schema}
        wanted = {what: name for name, what in reversed(names.items()) if what and schema[name].is_numeric()}
        if int(pl.scan_parquet(path).select(pl.len()).collect().item()) > _MAX_ROWS:
            raise text.error(f"the table has more than {_MAX_ROWS} rows.", "Split it into smaller files.")
        frame = pl.read_parquet(path, columns=list(wanted.values()))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(f"the parquet table cannot be read ({reason}).", file=path, hint="Copy it again.") from None
    missing = [name for name in ("time", "voltage", "current") if name not in wanted]
    if missing or frame.height == 0:
        raise text.error(
            f"the table has no column of {', '.join(missing)}." if missing else "the table has no rows.",
            "A BDF table needs test_time_second, voltage_volt and current_ampere.",
        )
    units = {"charging": 3600.0, "discharging": 3600.0, "net": 3600.0}
    columns = {
        what: frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() * units.get(what, 1.0)
        for what, name in wanted.items()
    }
    columns |= {n: columns[n] + 273.15 for n in ("temperature", "surface", "ambient") if n in columns}
    unused = tuple(n for n in schema if n not in wanted.values())
    return text, Table(columns, (), unused, {what: name for what, name in wanted.items()})


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
    if "frequency" in data:
        columns["frequency_hertz"] = data["frequency"].values
    if "impedance" in data:
        columns["real_impedance_ohm"] = data["impedance"].values.real
        columns["imaginary_impedance_ohm"] = data["impedance"].values.imag
    path = Path(path)
    stem = path.name.removesuffix(".csv").removesuffix(".bdf")
    table = path if path.name.endswith((".bdf.csv", ".bdf")) else path.with_name(f"{stem}.bdf.csv")
    written = {name, "time", "current", "charge", "temperature", "frequency", "impedance", *counters}
    sidecar = {
        "conforms_to": _IRI,
        "ontology_version": ONTOLOGY,
        "written_by": "closo",
        "voltage_volt": f"the {name} of the record",
        "left_out": [str(n) for n in data.data_vars if n not in written],
        "record": {k: data.attrs[k] for k in ("kind", "source", "part", "title", "metadata", "warnings")},
    }
    _replace(table, pl.DataFrame(columns).write_csv())
    text = json.dumps(sidecar, indent=2, sort_keys=True, default=str, ensure_ascii=False)
    _replace(table.with_name(f"{stem}.bdf.metadata.json"), text + "\n")
    return table


def _replace(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)
