"""PyProBE: import of the text export (it writes a parquet file) and its summary."""

import importlib.metadata
import tempfile
from pathlib import Path

import pyprobe
from cycling_process import measure
from pyprobe.analysis import cycling


def load(path):
    """Return the rows and the procedure."""
    cell = pyprobe.Cell(info={"Name": "x"})
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "x.parquet")
        cell.import_from_cycler(procedure_name="p", cycler="biologic", input_data_path=path, output_data_path=target)
        procedure = cell.procedure["p"]
        return len(procedure.data), procedure


def summary(procedure):
    """Return the number of cycles, and its coulombic efficiency [%]."""
    found = cycling.summary(procedure, dchg_before_chg=True).data
    column = next((c for c in found.columns if "Coulombic" in c), None)
    return len(found), [] if column is None else [100.0 * x for x in found[column].to_list()[:3] if x is not None]


measure(load, summary, importlib.metadata.version("PyProBE-Data"))
