"""What the command line prints: JSON or tables on standard output, progress and complaints on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

__all__ = ["exit_code", "plain", "progress_bar", "say", "show_lines", "show_table", "write_json"]


def write_json(value: object) -> None:
    """Print `value` as JSON on standard output; what is not finite becomes null."""
    typer.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def plain(value: object) -> Any:
    """Return `value` as plain JSON values.

    Example
    -------
    >>> plain({"a": (1, float("nan")), "b": {2.5}})
    {'a': [1, None], 'b': [2.5]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):  # numpy
        return plain(value.tolist())
    return str(value)


def say(text: str) -> None:
    """Print a line for people on standard error."""
    typer.echo(_printable(text), err=True)


def show_lines(lines: Sequence[str]) -> None:
    """Print lines on standard output."""
    for line in lines:
        typer.echo(_printable(line))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output; text of users is printed as it is."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())
    if not sys.stdout.isatty():
        console.width = 200
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for number, heading in enumerate(headings):  # keys are never cut: two of them may differ at the end only
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*[Text(_printable(cell)) for cell in row])
    console.print(table)


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
            progress.update(task, completed=finished, total=total, description=f"{title} {_printable(what)[:40]}")

        yield report


def exit_code(*, errors: Sequence[Exception], failed: bool) -> int:
    """Return the exit code: 3 for a file that cannot be read, 2 for any other error, 1 for a failed check, else 0."""
    codes = [int(getattr(error, "exit_code", 2)) for error in errors]
    return max(codes, default=int(failed))


def _printable(text: str) -> str:
    """Return text without control characters, which a file name may hold to play with the terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "�" for c in text)
