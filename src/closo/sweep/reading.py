"""What a ledger knows: how far it is, and the table of results."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from closo.errors import StudyError
from closo.sweep.calling import RESERVED
from closo.sweep.ledger import STATES, Row, open_ledger
from closo.sweep.tasks import Task


def results(ledger: Path, tasks: Sequence[Task] | None = None) -> list[dict[str, Any]]:
    """Return one row per task: its arguments, its result, and `state`, `failure`, `attempts`, `wall_time` [s].

    Parameters
    ----------
    tasks : the tasks wanted, in the order wanted; all of the ledger, as they were asked for, without it.

    Raises
    ------
    StudyError  when the ledger cannot be used or does not have a task.
    """
    rows = open_ledger(Path(ledger)).rows()
    return table(rows, [row.key for row in rows] if tasks is None else [task.key for task in tasks])


def table(rows: Sequence[Row], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the tasks with these keys as flat rows."""
    by_key = {row.key: row for row in rows}
    missing = [key for key in keys if key not in by_key]
    if missing:
        raise StudyError(f"{len(missing)} of {len(keys)} tasks are not in the ledger.", hint="Run the grid with it.")
    wanted = (by_key[key] for key in keys)
    return [{**r.arguments, **(r.result or {}), **{name: getattr(r, name) for name in RESERVED}} for r in wanted]


def status(ledger: Path) -> dict[str, Any]:
    """Return how many tasks wait, are leased, done and failed, and the reason of each failure.

    Raises
    ------
    StudyError  when the ledger cannot be used.
    """
    rows = open_ledger(Path(ledger)).rows()
    counts = Counter(row.state for row in rows)
    return {
        "ledger": str(ledger),
        "functions": dict(Counter(row.function for row in rows)),
        "tasks": len(rows),
        **{state: counts[state] for state in STATES},
        "failures": [
            {"function": row.function, "arguments": row.arguments, "attempts": row.attempts, "failure": row.failure}
            for row in rows
            if row.state == "failed"
        ],
    }


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows as CSV with every digit; the columns are those of all rows, in the order in which they appear.

    Raises
    ------
    StudyError  when the file cannot be written.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [name for name in names if name not in RESERVED] + [name for name in RESERVED if name in names]
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise StudyError(f"the table cannot be written ({error.strerror or error}).", file=path) from None
    return path
