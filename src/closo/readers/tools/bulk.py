"""Rows of long tables, fast: polars where a table is large and plain, and line by line (`table.read_rows`) where it is not.

The fast way is taken only where it gives what the careful one gives: at least MIN_ROWS rows, a line break at the end of the
last one, every row with the same number of separators, no quotes, one decimal sign, every wanted cell a number or empty. A
column of words (a state, a time as d h:m:s) is turned into numbers by a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from closo.readers.tools.clocks import in_column, seconds
from closo.readers.tools.table import Rows, Words
from closo.readers.tools.table import read_rows as read_carefully
from closo.readers.tools.text import Text

__all__ = ["MIN_ROWS", "Words", "read_rows", "seconds"]

MIN_ROWS = 20_000
_CLOCKS = 100_000  # times that are taken apart at once


def read_rows(
    text: Text, lines: range, separator: str, *, wanted: Sequence[int], width: int, words: Words | None = None
) -> Rows:
    """Read the wanted columns of the lines `lines`; blank lines are skipped.

    Parameters
    ----------
    wanted : positions of the columns, from 0, in rising order.
    width : number of cells that a whole row has; rows with fewer or more are left out with a warning.
    words : position -> function that makes a number of a cell's text (NaN where it cannot), for columns that hold words.

    Raises
    ------
    ReadError  as `table.read_rows`.
    """
    words = words or {}
    if len(lines) >= MIN_ROWS and separator != " " and (text.complete or lines.stop < len(text.lines)):
        values = _fast(text, lines, separator, wanted=wanted, width=width, words=words)
        if values is not None:
            return Rows(values)
    return read_carefully(text, lines, separator, wanted=wanted, width=width, words=words)


def _fast(
    text: Text, lines: range, separator: str, *, wanted: Sequence[int], width: int, words: Words
) -> np.ndarray | None:
    """Return the numbers, None when the table is not plain."""
    import polars as pl

    if max(wanted, default=width) >= width:
        return None
    raw = _encoded(text, lines)
    if b'"' in raw or not _regular(raw, separator, width):
        return None
    commas = separator != "," and b"," in raw
    names = [f"c{k}" for k in wanted]
    numeric = {f"c{k}" for k in wanted if k not in words and not commas}
    ended = int(raw[: max(raw.find(b"\n"), 0)].count(separator.encode()) == width)
    try:
        frame = pl.read_csv(
            raw,
            has_header=False,
            separator=separator,
            columns=list(wanted),
            schema={f"c{k}": pl.Float64 if f"c{k}" in numeric else pl.String for k in range(width + ended)},
            quote_char=None,
            truncate_ragged_lines=True,
        )
        numbers = [name for k, name in zip(wanted, names, strict=True) if k not in words]
        if commas:
            found = [frame[name].str.contains(sign, literal=True).any() for sign in ",." for name in numbers]
            if any(found[: len(numbers)]) and any(found[len(numbers) :]):
                return None
            frame = frame.with_columns(pl.col(numbers).str.replace(",", ".", literal=True).cast(pl.Float64))
    except pl.exceptions.PolarsError:
        return None
    if frame.height != raw.count(b"\n") + 1:
        return None
    del raw  # as long as the file
    values = np.empty((frame.height, len(wanted)))
    for i, (k, name) in enumerate(zip(wanted, names, strict=True)):
        column = frame[name]
        if k in words:
            values[:, i] = _from_words(column, words[k])
        else:
            values[:, i] = column.fill_null(float("nan")).to_numpy()
    return values


def _encoded(text: Text, lines: range) -> bytes:
    """Return the bytes of some lines, without line breaks before and after them."""
    start = sum(len(line) + 1 for line in text.lines[: lines.start])
    end = min(start + sum(map(len, text.lines[lines.start : lines.stop])) + len(lines), len(text.content))
    while end > start and text.content[end - 1] == "\n":
        end -= 1
    while start < end and text.content[start] == "\n":
        start += 1
    return text.content[start:end].encode()


def _from_words(column: Any, number: Callable[[str], float]) -> np.ndarray:
    """Return the numbers of a column of words: each different word once, times all at once."""
    column = column.fill_null("").str.strip_chars()
    return np.concatenate([in_column(number, column[k : k + _CLOCKS]) for k in range(0, len(column), _CLOCKS)])


def _regular(raw: bytes, separator: str, width: int) -> bool:
    """Return True when every line has width - 1 separators, or width and ends with one."""
    data = np.frombuffer(raw, dtype=np.uint8)
    pieces = np.array_split(data, 1 + len(data) // 2**23)
    marks = np.concatenate([piece[(piece == ord(separator)) | (piece == 10)] for piece in pieces])
    lines = int(np.sum(marks == 10)) + 1
    for per_line in (width - 1, width):
        if len(marks) == lines * (per_line + 1) - 1:
            return bool(np.all(marks[per_line :: per_line + 1] == 10))
    return False
