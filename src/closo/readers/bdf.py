"""Battery Data Format (BDF) of the Battery Data Alliance: .bdf.csv, .bdf, .bdf.parquet; reader and writer.

Recognised by a column `test_time_second` or `Test Time / ...`.

Structure: one line of names, machine-readable (`voltage_volt`) or preferred labels (`Voltage / V`), then rows; units are
fixed by the names. Columns used (ontology 1.2.0, https://w3id.org/battery-data-alliance/ontology/battery-data-format):
`test_time_second` time [s], `voltage_volt` [V], `current_ampere` [A] (positive charges, by the ontology), all three needed;
`cycle_count`, `step_id` (else `step_count`, else `step_index`, which older files use for the step), temperatures T1,
surface or ambient [degC], `frequency_hertz`, `real_impedance_ohm` and `imaginary_impedance_ohm` (negative when capacitive).
Charge [C]: `net_capacity_ah`, else charging minus discharging capacity; counters that start again (older files, the
cycle-scope columns) are summed through. `unix_time_second` of the first row becomes the date of the metadata.

closo's own columns: `current_range_ampere`, `set_current_ampere`, and `uncalibrated` (1 where the impedance is); what
`closo convert` wrote comes back with its kind and metadata where `<name>.bdf.metadata.json` is beside it.

One record of kind 'cycling' ('open_circuit' where no current flows); rows with a frequency stay in it, and are spectra of
their own where the file has their impedance. A time that runs backwards (a clock that starts again with a step) is kept as
it is, with a warning that says where. A current that contradicts the file's own capacities gets a warning.

A text of more than 4 MB is read piece by piece where it is regular throughout, which gives the same numbers.

Refused: a time that runs faster or slower than `unix_time_second` by the factor of a unit (1000, 60, 3600); a table without
time, voltage and current; a parquet file of more than 20 million rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.bdf_export import ONTOLOGY, stated_by_closo, write
from closo.readers.exports import finished
from closo.readers.tools.bulk import read_rows
from closo.readers.tools.clocks import disagreement
from closo.readers.tools.counters import net_charge, sign_warning
from closo.readers.tools.cycler import Known, Table, find_names, kind_of, plain, read_table
from closo.readers.tools.parts import Part, finish, runs, split_sweeps
from closo.readers.tools.streamed import IrregularError, rows_to_the_end
from closo.readers.tools.table import Rows
from closo.readers.tools.text import MAX_BYTES, Text, head, load, load_beginning, size_of
from closo.readers.tools.units import unit_factor

__all__ = ["KNOWN", "ONTOLOGY", "read", "write"]

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
    "current_range_ampere": ("current_range", "A"),  # this and the next two are closo's own
    "set_current_ampere": ("set_current", "A"),
    "uncalibrated": ("uncalibrated", "1"),
}
_LABELS = {  # preferred labels that are not the machine-readable name without its unit
    "surfacetemperaturet1": "temperature",
    "temperaturet1": "temperature",
}


def _label(term: str) -> str:
    """Return the preferred label without its unit, as `plain` writes it."""
    return plain(
        term.rsplit("_", 1)[0]
        if term not in ("cycle_count", "step_id", "step_count", "step_index", "uncalibrated")
        else term
    )


KNOWN = Known(
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
    ReadError  when it is not a table with time, voltage and current.
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
    uncalibrated = bool(np.any(columns.pop("uncalibrated", np.zeros(1)) != 0))
    record = _record(columns)
    counted = _net(columns.get("charging"), columns.get("discharging"))
    warnings = sign_warning(record["time"], record["current"], counted)
    parts = [Part(*kind_of(record), record, warnings=warnings)]
    parts += [replace(part, uncalibrated=uncalibrated) for part in _spectra(columns)]
    own = stated_by_closo(path, record, columns)
    if own is not None:
        return finished(text, *own, metadata=metadata, warnings=(*table.warnings, *cold))
    return finish(text, parts, metadata=metadata, warnings=(*table.warnings, *cold))


def _without_dead_sensors(columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the columns without temperatures that are exactly 0 degC in all rows, and a sentence about them."""
    dead = [n for n in ("temperature", "surface", "ambient") if n in columns and np.all(columns[n] == 273.15)]
    told = ("A temperature is 0 degC in all rows (no sensor?) and was left out.",) if dead else ()
    return {name: values for name, values in columns.items() if name not in dead}, told


def _record(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns of the record by closo's names."""
    record: dict[str, np.ndarray] = {
        n: columns[n] for n in ("time", "voltage", "current", "current_range", "set_current") if n in columns
    }
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
    header, separator = find_names(text, KNOWN)
    return text, read_table(text, header, separator, KNOWN, rows_of=rows_of)


def _unit_of(name: str, what: str) -> tuple[str, float, float] | None:
    """Return (SI unit, factor, offset) of a column: of its label 'Voltage / V', else as BDF has it; None where unknown."""
    stated = name.partition(" / ")[2]
    usual = KNOWN.units.get(what, "1")
    if usual == "1" and not stated:
        return "1", 1.0, 0.0
    found, expected = unit_factor(stated or usual), unit_factor(usual)
    return found if found is not None and expected is not None and found[0] == expected[0] else None


def _parquet(path: Path) -> tuple[Text, Table]:
    """Read a parquet table with BDF names."""
    import polars as pl

    text = Text(path, "", "binary")
    if path.stat().st_size > MAX_BYTES:
        raise text.error("the file is too large.", "Split it into smaller files.")
    try:
        schema = pl.read_parquet_schema(path)
        names = {n: KNOWN.names.get(plain(n.split(" / ")[0])) for n in schema}
        wanted = {
            what: name
            for name, what in reversed(names.items())
            if what and schema[name].is_numeric() and _unit_of(name, what) is not None
        }
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
    columns = {}
    for what, name in wanted.items():
        _, factor, offset = _unit_of(name, what) or ("", 1.0, 0.0)
        columns[what] = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() * factor + offset
    unused = tuple(n for n in schema if n not in wanted.values())
    return text, Table(columns, (), unused, {what: name for what, name in wanted.items()})
