"""What the command line prints: JSON or tables on standard output, progress and complaints on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from closo.pipeline import Analysis


def write_json(value: object) -> None:
    """Print `value` as JSON on standard output; what is not finite becomes null."""
    from closo.documents import plain

    typer.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def say(text: str) -> None:
    """Print a line for people on standard error."""
    typer.echo(_printable(text), err=True)


def show_lines(lines: Sequence[str]) -> None:
    """Print lines on standard output."""
    from closo.cli.screen import coloured

    for line in lines:
        typer.echo(coloured(_printable(line)))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output; text of users is printed as it is, and numbers are never broken."""
    from closo.cli.screen import coloured, table_lines, width_of_terminal

    cells = [[_printable(cell) for cell in row] for row in rows]
    for line in table_lines(headings, cells, width_of_terminal()):
        typer.echo(coloured(line))


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int | None, str], None]]:
    """Show a progress bar on standard error where that is a terminal; yields `report(finished, total, what)`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, markup=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def report(finished: int, total: int | None, what: str) -> None:
            if total == 0 and what.startswith("waiting for "):
                console.print(what[:1].upper() + what[1:] + ".", soft_wrap=True)
            progress.update(task, completed=finished, total=total, description=f"{title} {_printable(what)[:40]}")

        yield report


def analysed(study: Path, workers: int, scheduler: str | None = None) -> Analysis:
    """Return the analysis of a study, with a progress bar."""
    from closo import pipeline

    with progress_bar("Analysing") as progress:
        return pipeline.analyse(study, workers=workers, scheduler=scheduler, progress=progress)


def cell(value: object, number: str = "{:.6g}") -> str:
    """Return a cell of a table; `number` is the format of a float, and None leaves it empty."""
    return "" if value is None else number.format(value) if isinstance(value, float) else str(value)


def exit_code(*, errors: Sequence[Exception], failed: bool) -> int:
    """Return the exit code: 3 for a file that cannot be read, 2 for any other error, 1 for a failed check, else 0."""
    codes = [int(getattr(error, "exit_code", 2)) for error in errors]
    return max(codes, default=int(failed))


_UNIT = re.compile(r"(?:(?<=\d )|(?<=/ ))[A-Za-z%][^\s,;:()]*(?: c?m2\b)?")  # behind a number, or in a heading
_SIGNS = (
    (r"\bdegC\b", "°C"),
    (r"\b([kMm]?)ohm\b", r"\1Ω"),
    (r"\bu(?=(?:A|Ah|F|H|S|V|g|m|mol|s)(?![A-Za-z]))", "µ"),
    (r"(?<=m)2\b", "²"),
    (r"(?<=m)3\b", "³"),
)


def _printable(text: str) -> str:
    """Return text without control characters, which a file name may hold to play with the terminal.

    Units are typeset where the terminal has the letters.
    """

    def typeset(unit: re.Match[str]) -> str:
        shown = unit[0]
        for plain, sign in _SIGNS:
            shown = re.sub(plain, sign, shown)
        return shown

    text = "".join(c if c == "\n" or c.isprintable() else "�" for c in text)
    try:
        "°Ωµ²³".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return text
    return _UNIT.sub(typeset, text)
