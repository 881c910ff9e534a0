"""Verbs for sweeps: sweep run, sweep resume, sweep status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from closo.cli.options import Json, Scheduler
from closo.cli.output import progress_bar, say, show_lines, show_table, write_json
from closo.errors import counted

LedgerFile = Annotated[Path, typer.Argument(metavar="LEDGER", help="Ledger of a sweep.")]
Workers = Annotated[int, typer.Option(min=1, help="Number of processes; with --scheduler, tasks under way at least.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table of results there.")]
Attempts = Annotated[int, typer.Option(min=1, help="How often a task is tried before it is failed.")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Try failed tasks again.")]


def run(
    grid: Annotated[Path, typer.Argument(metavar="GRID", help="TOML file: function, [grid], [fixed].")],
    *,
    ledger: Annotated[Path, typer.Option(metavar="FILE", help="Ledger that keeps the results; made if missing.")],
    workers: Workers = 1,
    scheduler: Scheduler = None,
    attempts: Attempts = 3,
    retry_failed: Retry = False,
    csv: Csv = None,
    as_json: Json = False,
) -> int:
    """Compute a function over a grid; what the ledger has already is not computed again.

    Without --csv or --json the results are shown, less the columns that are the same in all rows.

    The grid file says function = "conductivity", in [grid] a list of values per parameter (every combination is
    computed), and in [fixed] one value per parameter. Stopped or killed, the same command or 'closo sweep resume' goes
    on. Exit code: 2 if a task failed, else 0.
    """
    from closo import sweep

    how: dict[str, Any] = {
        "workers": workers,
        "scheduler": scheduler,
        "attempts": attempts,
        "retry_failed": retry_failed,
    }
    tasks = sweep.read_grid(grid)
    with progress_bar("Sweeping") as progress:
        rows = sweep.run(tasks, ledger, progress=progress, **how)
    return _finish(ledger, rows, csv, as_json)


def resume(
    ledger: LedgerFile,
    *,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    attempts: Attempts = 3,
    retry_failed: Retry = False,
    csv: Csv = None,
    as_json: Json = False,
) -> int:
    """Compute what is not finished in a ledger. Exit code: 2 if a task failed, else 0."""
    from closo import sweep

    how: dict[str, Any] = {
        "workers": workers,
        "scheduler": scheduler,
        "attempts": attempts,
        "retry_failed": retry_failed,
    }
    with progress_bar("Sweeping") as progress:
        rows = sweep.resume(ledger, progress=progress, **how)
    return _finish(ledger, rows, csv, as_json)


def status(ledger: LedgerFile, *, csv: Csv = None, as_json: Json = False) -> int:
    """Show how far a sweep is, and why tasks failed. Exit code: 2 if a task failed, else 0."""
    from closo import sweep

    found = sweep.status(ledger)
    if csv is not None:
        found["csv"] = str(sweep.write_csv(sweep.results(ledger), csv))
    if as_json:
        write_json(found)
    else:
        show_table(
            ["state", "tasks"], [[state, str(found[state])] for state in ("waiting", "leased", "done", "failed")]
        )
        show_lines([f"failed: {_arguments(f['arguments'])}: {f['failure']}" for f in found["failures"]])
    return 2 if found["failed"] else 0


def _finish(ledger: Path, rows: list[dict[str, Any]], csv: Path | None, as_json: bool) -> int:
    """Write and show the table; return the exit code."""
    from closo import sweep

    failed = [row for row in rows if row["state"] == "failed"]
    written = None if csv is None else str(sweep.write_csv(rows, csv))
    if as_json:
        write_json({"ledger": str(ledger), "csv": written, "rows": rows})
    else:
        if csv is None:
            names = dict.fromkeys(
                name for row in rows for name in row if name not in ("failure", "attempts", "wall_time")
            )
            columns = [name for name in names if len(rows) == 1 or len({str(row.get(name)) for row in rows}) > 1]
            show_table(columns, [[_cell(row.get(name)) for name in columns] for row in rows])
        show_lines([written] if written else [])
        for row in failed:
            say(f"failed: {row['failure']}")
        say(f"{counted(len(rows) - len(failed), 'result')}, {counted(len(failed), 'failure')}.")
    return 2 if failed else 0


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _arguments(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_cell(value)}" for name, value in arguments.items())


VERBS = (run, resume, status)
