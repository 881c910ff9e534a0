"""closo: read, then the legs of the cycling record and their pairs."""

import importlib
import sys

import numpy as np
from cycling_process import measure

import closo
from closo.dataset import new
from closo.readers import read
from closo.techniques.half_cycles import find_legs


def load(path):
    """Return the rows and the cycling record."""
    from pathlib import Path

    data = next(part for part in read(Path(path)) if part.attrs["kind"] == "cycling")
    return data.sizes["point"], data


def legs(data):
    """Return the number of legs, and discharge over the charge before it."""
    column = {str(name): np.asarray(data[name].values, float) for name in data.data_vars}
    voltage = column["voltage"] if "voltage" in column else column["potential"]
    found = find_legs(
        column["time"], column["current"], voltage, frequency=column.get("frequency"), counter=column.get("charge")
    )
    up = np.flatnonzero(found.sign[:-1] > 0)[:3]
    return len(found), 100.0 * np.abs(found.charge[up + 1] / found.charge[up])


IMPORTED = {  # what closo imports when it reads such a file: not timed, as with the peers
    "mpr": ("closo.readers.biologic.mpr",),
    "mpt": ("closo.readers.biologic", "polars"),
    "ndax": ("closo.readers.neware", "fastnda.ndax", "polars"),
}
for name in IMPORTED[sys.argv[1].rsplit(".", 1)[1]]:
    importlib.import_module(name)
new("record", {"time": [0.0]}, source="none")  # xarray imports dask, where it is installed, with its first dataset
measure(load, legs, closo.__version__)
