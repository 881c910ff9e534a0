"""yadg: its extractor; the table by pandas, one row per half cycle (yadg makes none)."""

import importlib.metadata

import pandas as pd
import yadg
from cycling_process import measure


def load(path):
    """Return the rows and the dataset."""
    data = yadg.extractors.extract("eclab." + path.rsplit(".", 1)[1], path).to_dataset()
    return data.sizes["uts"], data


def halves(data):
    """Return the number of half cycles, and charge over the discharge before it."""
    voltage = "Ewe" if "Ewe" in data else "Ecell"
    table = pd.DataFrame({"h": data["half cycle"].values, "q": data["(Q-Qo)"].values, "v": data[voltage].values})
    by = table.groupby("h")
    found = by["q"].last() - by["q"].first()
    by["v"].agg(["min", "max"])
    q = found.to_numpy()
    up = [k for k in range(len(q) - 1) if q[k] > 0][:3]
    return len(found), [100.0 * abs(q[k + 1] / q[k]) for k in up]


measure(load, halves, importlib.metadata.version("yadg"))
