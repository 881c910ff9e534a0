"""Arbin: tables exported from MITS Pro or Data Watcher as CSV, and `mdb-export` of a .res; the .res itself is refused.

Recognised by `Test_Time(s)`, `Test Time (s)`, `Charge_Capacity(Ah)` or `Charge Capacity (Ah)`, or by `Test_ID,Data_Point`
(`mdb-export FILE.res Channel_Normal_Table`, whose names state no units: s, A, V, Ah; elsewhere a warning says that they
were assumed). A table with such a name that does not name time, current and voltage as Arbin does is read as any other.

Columns used, with or without underscores and blanks: `Test_Time` time, `Current` (positive charges), `Voltage`, all three
needed; `Cycle_Index` cycle, `Step_Index` step, `Aux_Temperature_1` or `Temperature`; `Charge_Capacity` and
`Discharge_Capacity`, which start again where the schedule says so: their sum through all such resets, charging minus
discharging, is the charge [C]. `Test_ID`: every test is a measurement of its own. `Data_Point`: rows that are not in its
order are put in order, with a warning. `Date_Time` is compared with the time. The set current stands in the schedule (.sdx),
which is not exported with the table: the check 'set current' is not made.

Refused: a .res (an Access database), with advice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.columns import split_unit
from closo.readers.tools.counters import net_charge, sign_warning
from closo.readers.tools.cycler import Known, find_names, kind_of, read_table
from closo.readers.tools.parts import Part, finish, runs
from closo.readers.tools.text import head, load

KNOWN = Known(
    {
        "testtime": "time",
        "current": "current",
        "voltage": "voltage",
        "cycleindex": "cycle",
        "stepindex": "step",
        "chargecapacity": "charging",
        "dischargecapacity": "discharging",
        "auxtemperature1": "temperature",
        "auxtemperature(1)": "temperature",
        "temperature": "temperature",
        "datapoint": "point",
        "testid": "test",
    },
    {"time": "s", "current": "A", "voltage": "V", "charging": "Ah", "discharging": "Ah", "temperature": "degC"},
)


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is left out by `finish`
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the tests of an Arbin table.

    Raises
    ------
    ReadError  when it is a .res, or no table with time, current and voltage.
    """
    beginning = head(path)
    if "Standard Jet DB" in beginning[:40] or "Standard ACE DB" in beginning[:40]:
        raise ReadError(
            "this is an Arbin .res, an Access database, not a table.",
            file=path,
            hint="Export it from MITS Pro as CSV, or with mdbtools: "
            "mdb-export FILE.res Channel_Normal_Table > FILE.csv, and read that.",
        )
    text = load(path)
    header, separator = find_names(text, KNOWN)
    table = read_table(text, header, separator, KNOWN)
    columns = dict(table.columns)
    bare = [table.written[n] for n in ("time", "current", "voltage") if not split_unit(table.written[n])[1]]
    said = (
        ()
        if "test" in columns or not bare
        else (f"The header states no units of {', '.join(bare)}; taken as s, A and V.",)
    )
    test = columns.pop("test", np.zeros(len(columns["time"])))
    parts = []
    for rows in runs(test):
        part = {name: values[rows] for name, values in columns.items()}
        warnings: tuple[str, ...] = ()
        point = part.pop("point", None)
        if point is not None and np.any(np.diff(point) < 0):
            order = np.argsort(point, kind="stable")
            part = {name: values[order] for name, values in part.items()}
            warnings = ("The rows were not in the order of Data_Point and were put in order.",)
        charge = net_charge(part.pop("charging", None), part.pop("discharging", None))
        warnings += sign_warning(part["time"], part["current"], charge)
        if charge is not None:
            part["charge"] = charge
        parts.append(Part(*kind_of(part), part, header, warnings=warnings))
    metadata: dict[str, Any] = {"current_sign": "positive charges"}
    if table.unused:
        metadata["columns_not_used"] = list(table.unused)
    return finish(text, parts, metadata=metadata, warnings=(*table.warnings, *said))
