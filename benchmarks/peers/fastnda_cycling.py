"""fastnda with polars by hand: one row per cycle as the file counts."""

import importlib.metadata

import fastnda
import polars as pl
from cycling_process import measure


def load(path):
    """Return the rows and the table."""
    data = fastnda.read(path)
    return data.height, data


def cycles(data):
    """Return the number of cycles, and the largest discharge over the largest charge in each."""
    capacity = pl.col("capacity_mAh")
    found = data.group_by("cycle_count", maintain_order=True).agg(up=capacity.max(), down=-capacity.min())
    return found.height, (100.0 * found["down"] / found["up"]).to_list()[:3]


measure(load, cycles, importlib.metadata.version("fastnda"))
