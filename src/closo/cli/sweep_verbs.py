"""Verbs for sweeps: sweep run, sweep resume, sweep status."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from closo.cli.groups import with_options
from closo.cli.options import Json, Scheduler
from closo.cli.output import cell, progress_bar, say, show_lines, show_table, write_json
from closo.errors import counted

LedgerFile = Annotated[Path, typer.Argument(metavar="LEDGER", help="Ledger of a sweep.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table of results there.")]


@dataclass(frozen=True)
class How:
    """How tasks are computed."""

    workers: Annotated[
        int, typer.Option(min=1, help="Number of processes; with --scheduler, tasks under way at least.")
    ] = 1
    scheduler: Scheduler = None
    attempts: Annotated[int, typer.Option(min=1, help="How often a task is tried before it is failed.")] = 3
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed tasks again.")] = False


@with_options({"how": How})
def run(
    grid: Annotated[Path, typer.Argument(metavar="GRID", help="TOML file: function, [grid], [fixed].")],
    *,
    ledger: Annotated[Path, typer.Option(metavar="FILE", help="Ledger that keeps the results; made if missing.")],
    how: How,
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

    tasks = sweep.read_grid(grid)
    with progress_bar("Sweeping") as progress:
        rows = sweep.run(tasks, ledger, progress=progress, **vars(how))
    return _finish(ledger, rows, csv, as_json)


@with_options({"how": How})
def resume(
    ledger: LedgerFile,
    *,
    how: How,
    csv: Csv = None,
    as_json: Json = False,
) -> int:
    """Compute what is not finished in a ledger. Exit code: 2 if a task failed, else 0."""
    from closo import sweep

    with progress_bar("Sweeping") as progress:
        rows = sweep.resume(ledger, progress=progress, **vars(how))
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
        for failed in found["failures"]:
            arguments = ", ".join(f"{name} = {cell(value)}" for name, value in failed["arguments"].items())
            show_lines([f"failed: {arguments}: {failed['failure']}"])
    return 2 if found["failed"] else 0


def _finish(ledger: Path, rows: list[dict[str, Any]], csv: Path | None, as_json: bool) -> int:
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
            show_table(columns, [[cell(row.get(name)) for name in columns] for row in rows])
        show_lines([written] if written else [])
        for row in failed:
            say(f"failed: {row['failure']}")
        say(f"{counted(len(rows) - len(failed), 'result')}, {counted(len(failed), 'failure')}.")
    return 2 if failed else 0


VERBS = (run, resume, status)
