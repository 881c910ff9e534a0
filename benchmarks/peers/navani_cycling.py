"""navani: its loader and its cycle summary."""

import importlib.metadata

from cycling_process import measure


def load(path):
    """Return the rows and the table."""
    import navani.echem as ec

    data = ec.echem_file_loader(path)
    return len(data), data


def summary(data):
    """Return the number of cycles, and its coulombic efficiency [%]."""
    import navani.echem as ec

    found = ec.cycle_summary(data)
    column = next((c for c in found.columns if c.upper().startswith("CE")), None)
    return len(found), [] if column is None else 100.0 * found[column].to_numpy(float)[:3]


import navani.echem  # noqa: E402, F401  imports are not timed

measure(load, summary, importlib.metadata.version("navani"))
