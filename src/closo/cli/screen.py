"""How results look on a terminal of any width: a number and its uncertainty never break, nothing breaks inside a word.

A table has columns that stay whole; its last one wraps at blanks. Where the others leave it no room, each row is written as
lines below each other.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from closo.claims import Verdict
    from closo.quantity import Quantity
    from closo.result import Result

_MOST_LINES = 6  # of one result
_LEAST = 24  # columns that the last cell of a row needs
_JOINED = chr(160) + "±" + chr(160)  # blanks at which a line is not broken
_COLOURS = {
    "FAILED": "red",
    "contradicted": "red",
    "error": "red",
    "supported": "green",
    "consistent": "cyan",
    "undecided": "yellow",
    "warning": "yellow",
}


def width_of_terminal() -> int:
    """Return the columns of the terminal, at least 60; 120 where the output goes into a file and COLUMNS is not set."""
    return max(60, shutil.get_terminal_size((120, 24)).columns)


def coloured(line: str) -> str:
    """Return a line with the words that judge in colour, where the output is a terminal and NO_COLOR is not set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return line
    for word, colour in _COLOURS.items():
        if f" {word} " in f" {line} ":
            line = f" {line} ".replace(f" {word} ", f" {typer.style(word, fg=colour, bold=True)} ", 1)[1:-1]
    return line


def shortened(text: str, width: int) -> str:
    """Return a text that fits, cut between two words.

    Example
    -------
    >>> shortened("the conductivity rises with milling", 24)
    'the conductivity rises …'
    """
    text = " ".join(text.split())
    if len(text) <= width:
        return text
    kept = text[: width - 1]
    return (kept.rpartition(" ")[0] or kept).rstrip(",;:. ") + " …"


def result_lines(result: Result, width: int) -> list[str]:
    """Return a result in at most six lines: name, temperature, circuit, main numbers, failed checks, notes."""
    from closo.pipeline import main_quantities

    kelvin = result.quantities.get("temperature")
    words = [result.name, "" if kelvin is None else str(kelvin), str(result.findings.get("circuit") or "")]
    failed = [f"  FAILED {check.name}: {check.detail}" for check in result.failed_checks]
    main = main_quantities(result)
    keys = [*main[:2], *(key for key in main[2:] if result.quantities[key].number is not None)]
    notes = [f"  note: {note}" for note in result.notes]
    keys = keys[: max(2, _MOST_LINES - 2 - len(failed) - bool(notes))]
    longest = max((len(key) for key in keys), default=0)
    lines = [shortened(", ".join(word for word in words if word), width)]
    lines += [f"  {key:<{longest}}  {_value(result.quantities[key], width - longest - 4)}" for key in keys]
    room = _MOST_LINES - len(lines) - bool(notes)
    if len(failed) > room:
        failed = [*failed[: room - 1], f"  FAILED and {len(failed) - room + 1} more checks; -v shows all"]
    if len(notes) > 1:
        notes = [f"  {len(notes)} notes: {result.notes[0]}"]
    return [*lines, *(coloured("  " + shortened(line, width - 2)) for line in (*failed, *notes))]


def check_lines(result: Result) -> list[str]:
    """Return one line per check: what came of it, its name and what was found."""
    words = {"failed": "FAILED"}
    return [f"  {words.get(c.outcome, c.outcome):<9} {c.name}: {c.detail}" for c in result.checks]


def _value(quantity: Quantity, width: int) -> str:
    """Return a quantity, or why it is withheld as far as it fits."""
    if quantity.number is not None:
        return str(quantity)
    return shortened(f"withheld: {quantity.why or 'not determined'}", width)


def claim_lines(verdicts: Sequence[Verdict], width: int) -> list[str]:
    """Return one line per claim: verdict, id, what is claimed, and the number that was found."""
    longest = max((len(v.claim.id) for v in verdicts), default=0)
    told = [v.text if width >= 100 else v.verdict for v in verdicts]
    words = max((len(text) for text in told), default=0)
    numbers = [_number(v) for v in verdicts]
    most = max((len(n) for n in numbers if len(n) <= 0.4 * width), default=0)
    lines = []
    for verdict, word, number in zip(verdicts, told, numbers, strict=True):
        room = width - words - longest - 4 - max(most, len(number)) - 2
        text = shortened(verdict.claim.text, room) if room >= 8 else ""
        line = f"{word:<{words}}  {verdict.claim.id:<{longest}}  {text}"
        lines.append(coloured(f"{line:<{width - max(most, len(number))}}{number}".rstrip()))
    return lines


def _number(verdict: Verdict) -> str:
    """Return the first number that a verdict rests on."""
    known = [q for q in verdict.quantities if q.number is not None]
    return str(known[0]) if known else ""


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    r"""Return a table; its columns stay whole, the last one wraps at blanks.

    Example
    -------
    >>> print("\n".join(table_lines(["name", "value", "method"], [["mass", "45.0 ± 0.1 mg", "weighed twice"]], 32)))
    name: mass
      value: 45.0 ± 0.1 mg
      method: weighed twice
    >>> print("\n".join(table_lines(["name", "value", "method"], [["mass", "45.0 ± 0.1 mg", "weighed twice"]], 60)))
    name  value          method
    ----  -------------  -------------
    mass  45.0 ± 0.1 mg  weighed twice
    """
    cells = [[" ".join(str(cell).split()) for cell in row] for row in (headings, *rows)]
    filled = [k for k in range(len(headings)) if any(row[k] for row in cells[1:])] or list(range(len(headings)))
    cells = [[row[k] for k in filled] for row in cells]
    sizes = [max(len(row[k]) for row in cells) for k in range(len(filled))]
    room = width - sum(sizes[:-1]) - 2 * (len(sizes) - 1)
    if room < min(sizes[-1], _LEAST):
        return [line for row in cells[1:] for line in _stacked(cells[0], row, width)]
    sizes[-1] = min(sizes[-1], room)
    ruled = [cells[0], ["-" * size for size in sizes], *cells[1:]]
    return [line for row in ruled for line in _wrapped(row, sizes)]


def _broken(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Break a text at blanks, but not between a number and its uncertainty."""
    joined = text.replace(" ± ", _JOINED)
    lines = textwrap.wrap(
        joined, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_JOINED, " ± ") for line in lines] or [""]


def _wrapped(row: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a row, of which only the last cell takes more than one."""
    front = "".join(f"{cell:<{size}}  " for cell, size in zip(row[:-1], sizes[:-1], strict=True))
    last = _broken(row[-1], sizes[-1])
    yield (front + last[0]).rstrip()
    yield from (" " * len(front) + text for text in last[1:])


def _stacked(headings: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    """Yield a row as lines below each other; empty cells are left out."""
    for k, (heading, cell) in enumerate(zip(headings, row, strict=True)):
        if cell:
            yield from _broken(f"{heading}: {cell}", width, first="" if k == 0 else "  ", rest="    ")
