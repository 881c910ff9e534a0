"""Rows of a very long table, read piece by piece by polars: the memory is that of the columns wanted, not of the file.

Only a table that is plain throughout is read so: every row with the same number of cells, every wanted cell a finite number,
one decimal sign, no quotes. Anything else is an `IrregularError`, and the caller reads the file line by line, which gives
the same numbers, looks at every row, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from closo.errors import ReadError
from closo.readers.tools.table import Rows, all_finite, read_rows
from closo.readers.tools.text import Text, load_bytes, pieces, size_of

_PIECE = 1 << 22  # bytes that are read at a time
_CACHED = 1 << 18  # bytes that stay in the cache of the processor
_LOOKED_AT = 50  # rows
_LAST_LINES = 21  # of a file without a line break at its end: these are looked at one by one
_TAIL = 1 << 16  # bytes that hold them


class IrregularError(Exception):
    """The table needs the line by line reader."""


@dataclass(frozen=True)
class _Plan:
    """How a plain row looks: `width` cells (and a separator behind them, `ended`), numbers at `wanted`, decimal `comma`.

    The numbers at `whole` seem to be counters, which are read faster as such.
    """

    separator: str
    wanted: tuple[int, ...]
    width: int
    ended: bool
    comma: bool
    whole: tuple[int, ...]


def rows_to_the_end(
    beginning: Text,
    lines: range,
    separator: str,
    *,
    wanted: Sequence[int],
    width: int,
    words: Mapping[int, Any] | None = None,
) -> Rows:
    """Read the wanted columns of all rows from line `lines.start` to the end of the file; otherwise as `table.read_rows`.

    Parameters
    ----------
    beginning : the first lines of the file (`text.load_beginning`), among them some rows.
    wanted : positions of the columns, from 0, in rising order.
    width : number of cells that a whole row has.
    words : as in `bulk.read_rows`; a table with words is not plain.

    Raises
    ------
    IrregularError  when the table is not plain.
    """
    first = beginning.lines[lines.start]
    ended = first.count(separator) == width and first.endswith(separator)
    some = [line.split(separator) for line in beginning.lines[lines.start : lines.start + _LOOKED_AT] if line]
    whole = tuple(k for k in wanted if all(row[k : k + 1] and row[k].isdecimal() for row in some))
    plan = _Plan(separator, tuple(wanted), width, ended, separator != "," and "," in first, whole)
    if separator == " " or words or not wanted or max(wanted) >= width or beginning.encoding == "utf-16":
        raise IrregularError
    try:
        start = _offset(beginning, lines.start)
        stop, last = _ending(beginning, start)
        values = np.empty((len(wanted), 3 * (stop - start) // (2 * len(first)) + _LAST_LINES))
        n, warnings = 0, tuple[str, ...]()
        for found in map(partial(_columns, plans=[plan]), pieces(beginning.path, start, stop, _PIECE)):
            n = _add(values, n, found)
        if last:
            rows = _last_rows(beginning, last, stop, plan)
            n, warnings = _add(values, n, list(rows.values.T)), rows.warnings
    except ReadError:
        raise IrregularError from None
    return Rows(values[:, :n].T, warnings)  # what was not written takes no memory


def _columns(raw: bytes, plans: list[_Plan]) -> list[np.ndarray]:
    """Return the wanted columns of whole lines; where a counter is none, the one plan in `plans` becomes one without."""
    try:
        return _parsed(raw, plans[0])
    except IrregularError:
        if not plans[0].whole:
            raise
        plans[0] = replace(plans[0], whole=())
        return _parsed(raw, plans[0])


def _add(values: np.ndarray, n: int, found: list[np.ndarray]) -> int:
    """Write what was found behind the first `n` rows and return how many there are now."""
    end = n + len(found[0])
    if end > values.shape[1]:  # rows much shorter than the first one
        raise IrregularError
    for row, numbers in zip(values, found, strict=True):
        row[n:end] = numbers
        if numbers.dtype.kind != "i" and not all_finite(row[n:end]):
            raise IrregularError
    return end


def _parsed(raw: bytes, plan: _Plan) -> list[np.ndarray]:
    """Return the wanted columns of whole lines."""
    import polars as pl

    if raw.endswith((b"\n\n", b"\n\r\n")):  # empty lines, as at the end of a file
        raw = raw.rstrip(b"\r\n") + b"\n"
    returns, separators = _counts(raw, b"\r", plan.separator.encode())
    ends = None
    if plan.ended:
        end = plan.separator.encode() + (b"\r\n" if returns else b"\n")
        ends, raw = raw.count(end), raw.replace(end, b"\n")
    if b'"' in raw or (plan.comma and b"." in raw):
        raise IrregularError
    types = dict.fromkeys(plan.wanted, pl.Float64) | dict.fromkeys(plan.whole, pl.Int32)
    try:
        frame = pl.read_csv(
            raw,
            has_header=False,
            columns=sorted({*plan.wanted, plan.width - 1}),
            schema={str(k): types.get(k, pl.String) for k in range(plan.width)},
            separator=plan.separator,
            quote_char=None,
            decimal_comma=plan.comma,
        )
    except pl.exceptions.PolarsError:
        raise IrregularError from None
    lines = frame.height
    # no row has too many cells: none has too few (its last would be null), and the sum is right
    if separators != lines * (plan.width - 1 + plan.ended) or frame[str(plan.width - 1)].null_count():
        raise IrregularError
    if returns not in (0, lines) or ends not in (None, lines):
        raise IrregularError
    return [frame[str(k)].to_numpy() for k in plan.wanted]


def _counts(raw: bytes, *marks: bytes) -> list[int]:
    """Return how often each byte occurs: as `bytes.count`, and several times faster where it occurs often."""
    there = [mark[0] for mark in marks if mark in raw[:_TAIL] or mark in raw]
    data, found = np.frombuffer(raw, np.uint8), dict.fromkeys(there, 0)
    for k in range(0, len(data), _CACHED):
        for mark in there:
            found[mark] += int(np.count_nonzero(data[k : k + _CACHED] == mark))
    return [found.get(mark[0], 0) for mark in marks]


def _offset(beginning: Text, line: int) -> int:
    """Return the byte at which a line begins."""
    raw = bytes(load_bytes(beginning.path, stop=1 << 20))
    parts = raw.split(b"\n", line)
    if len(parts) <= line or b"\r" in raw[: len(raw) - len(parts[-1])].replace(b"\r\n", b""):
        raise IrregularError
    return len(raw) - len(parts[-1])


def _ending(beginning: Text, start: int) -> tuple[int, bytes]:
    """Return where the rows end, without the last ones of a file that does not end with a line break, and these."""
    low = max(start, size_of(beginning.path) - _TAIL)
    tail = bytes(load_bytes(beginning.path, low))
    if tail.endswith(b"\n"):
        return low + len(tail), b""
    at = len(tail)
    for _ in range(_LAST_LINES):
        at = tail.rfind(b"\n", 0, max(at, 0))
    if at < 0 and low > start:
        raise IrregularError
    return low + at + 1, tail[at + 1 :]


def _last_rows(beginning: Text, raw: bytes, stop: int, plan: _Plan) -> Rows:
    """Read the last rows of a file that does not end with a line break, where a number may be cut off."""
    mixed = b"." in raw if plan.comma else b"," in raw and plan.separator != ","
    if mixed or b"\r" in raw.replace(b"\r\n", b"") or not raw.isascii():
        raise IrregularError
    line = sum(_counts(piece, b"\n")[0] for piece in pieces(beginning.path, 0, stop, _PIECE))
    content = "\n" * line + raw.decode("ascii").replace("\r\n", "\n")  # so that warnings name the line of the file
    text = Text(beginning.path, content, beginning.encoding)
    rows = read_rows(text, range(line, len(text.lines)), plan.separator, wanted=plan.wanted, width=plan.width)
    if len(rows.values) < raw.count(b"\n") or not np.isfinite(rows.values).all():  # at most the last row is left out
        raise IrregularError
    return rows
