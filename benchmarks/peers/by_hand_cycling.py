"""What knowing the file beforehand saves: numpy on the one known record, polars or pandas on the one known header.

usage: by_hand_cycling.py FILE numpy|polars|pandas
"""

import sys
from pathlib import Path

import polars as pl
from cycling_process import measure

TEXT = ["Ns", "time/s", "(Q-Qo)/mA.h", "Ecell/V", "half cycle", "<I>/mA"]


def header_lines(path):
    """Return the number of header lines of a text export."""
    with Path(path).open(encoding="latin1") as file:
        file.readline()
        return int(file.readline().split(":")[1])


def load_numpy(path):
    """Return rows and table of the one known layout of records."""
    import numpy as np

    raw = Path(path).read_bytes()
    start = raw.find(b"MODULEVMP data") + 57
    n, size = (int.from_bytes(raw[i : i + 4], "little") for i in (start, start - 16))
    formats, offsets = ["<f8", "<f8", "<f4", "<u4"], [3, 19, 31, 45]
    names = ["time", "q", "E", "half"]
    layout = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": 53})
    records = np.frombuffer(raw, layout, offset=start + size - n * 53, count=n)
    return n, pl.DataFrame({name: np.ascontiguousarray(records[name]) for name in names})


def table_numpy(data):
    """Return half cycles and discharge over the charge before it."""
    q, voltage = pl.col("q"), pl.col("E")
    by = data.lazy().group_by("half", maintain_order=True)
    found = by.agg(q=q.last() - q.first(), low=voltage.min(), high=voltage.max()).collect()
    return found.height, ratios(found["q"].to_list())


def load_polars(path):
    """Return rows and the six columns that matter."""
    data = pl.read_csv(path, separator="\t", skip_rows=header_lines(path) - 1, encoding="utf8-lossy", columns=TEXT)
    return data.height, data


def table_polars(data):
    """Return half cycles and discharge over the charge before it, by integration."""
    step = pl.col("<I>/mA") * pl.col("time/s").diff().fill_null(0.0) / 3600.0
    voltage = pl.col("Ecell/V")
    lazy = data.lazy().with_columns(q=step).group_by("half cycle", maintain_order=True)
    found = lazy.agg(q=pl.col("q").sum(), low=voltage.min(), high=voltage.max()).collect()
    return found.height, ratios(found["q"].to_list())


def load_pandas(path):
    """Return rows and all columns."""
    import pandas as pd

    data = pd.read_csv(path, sep="\t", skiprows=header_lines(path) - 1, encoding="latin1")
    return len(data), data


def table_pandas(data):
    """Return half cycles and discharge over the charge before it, by integration."""
    data["q"] = data["<I>/mA"] * data["time/s"].diff().fillna(0.0) / 3600.0
    by = data.groupby("half cycle")
    found = by["q"].sum()
    by["Ecell/V"].agg(["min", "max"])
    return len(found), ratios(found.to_list())


def ratios(q):
    """Return discharge over the charge before it [%], of the first three."""
    return [100.0 * abs(q[k + 1] / q[k]) for k in range(len(q) - 1) if q[k] > 0][:3]


WAYS = {
    "numpy": (load_numpy, table_numpy),
    "polars": (load_polars, table_polars),
    "pandas": (load_pandas, table_pandas),
}
measure(*WAYS[sys.argv[2]], pl.__version__ if sys.argv[2] != "pandas" else __import__("pandas").__version__)
