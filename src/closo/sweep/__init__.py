"""A function over a grid, restartable: on this computer or on a Dask cluster.

    tasks = plan("conductivity", {"filler_fraction": [0.1, 0.2], "seed": [0, 1, 2]}, fixed={"contrast": 100.0})
    rows = run(tasks, "sweep.sqlite", workers=2)

The ledger, one SQLite file, is the memory. A task's key is the sha256 of the function's name, its arguments and the
version of closo; what is finished under a key is never computed again. Whoever runs a sweep leases tasks (owner,
expiry, renewed by a heartbeat) and is the only one that writes their results; workers see no ledger. Killed at any
moment, a sweep goes on with `run` or `resume`; a task is tried `attempts` times, then it is failed with its reason.
Several sweeps may work on one ledger at once. Keep it on a local disk: SQLite's locks fail on network file systems.

Nothing that a ledger or a grid file names is imported unless it stands in `SWEEPS` or the caller names it in Python.
"""

from __future__ import annotations

from closo.sweep.driving import resume, run
from closo.sweep.functions import SWEEPS, SweepFunction
from closo.sweep.grid import read_grid
from closo.sweep.reading import results, status, write_csv
from closo.sweep.tasks import Task, plan

__all__ = [
    "SWEEPS",
    "SweepFunction",
    "Task",
    "plan",
    "read_grid",
    "results",
    "resume",
    "run",
    "status",
    "write_csv",
]
