"""NewareNDA: its reader; the table by pandas, one row per cycle as the file counts."""

import importlib.metadata

import NewareNDA
from cycling_process import measure


def load(path):
    """Return the rows and the table."""
    data = NewareNDA.read(path)
    return len(data), data


def cycles(data):
    """Return the number of cycles, and discharge over charge."""
    columns = ["Charge_Capacity(mAh)", "Discharge_Capacity(mAh)"]
    found = data.groupby("Cycle")[columns].max()
    return len(found), (100.0 * found[columns[1]] / found[columns[0]]).to_numpy()[:3]


measure(load, cycles, importlib.metadata.version("NewareNDA"))
