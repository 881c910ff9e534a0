"""batterydf: its reader; it has no table of cycles."""

import importlib.metadata

import bdf
from cycling_process import measure


def load(path):
    """Return the rows and the table."""
    found = bdf.read(path)
    data = found[0] if isinstance(found, tuple) else found
    return len(data), data


measure(load, None, importlib.metadata.version("batterydf"))
