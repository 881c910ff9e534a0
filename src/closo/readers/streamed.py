"""Rows of a very long table, read piece by piece by polars: the memory is that of the columns wanted, not of the file.

Only a table that is plain throughout is read so: every row with the same number of cells, every wanted cell a finite number,
one decimal sign, no quotes. Anything else is an `IrregularError`, and the caller reads the file line by line, which gives
the same numbers, looks at every row, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closo.errors import ReadError
from closo.readers.table import Rows, read_rows
from closo.readers.text import Text, pieces, size_of

__all__ = ["IrregularError", "rows_to_the_end"]

_PIECE = 1 << 23
_LAST_LINES = 21  # of a file without a line break at its end: these are looked at one by one


class IrregularError(Exception):
    """The table needs the line by line reader."""


@dataclass(frozen=True)
class _Plan:
    """How a plain row looks: `width` cells (and a separator behind them, `ended`), numbers at `wanted`, decimal `comma`."""

    separator: str
    wanted: tuple[int, ...]
    width: int
    ended: bool
    comma: bool


def rows_to_the_end(beginning: Text, lines: range, separator: str, *, wanted: Sequence[int], width: int) -> Rows:
    """Read the wanted columns of all rows from line `lines.start` to the end of the file; otherwise as `table.read_rows`.

    Parameters
    ----------
    beginning : the first lines of the file (`text.load_beginning`), among them some rows.
    wanted : positions of the columns, from 0, in rising order.
    width : number of cells that a whole row has.

    Raises
    ------
    IrregularError  when the table is not plain.
    """
    first = beginning.lines[lines.start]
    ended = first.count(separator) == width and first.endswith(separator)
    plan = _Plan(separator, tuple(wanted), width, ended, "," in first)
    if separator in ", " or not wanted or max(wanted) >= width or beginning.encoding == "utf-16":
        raise IrregularError
    rows = 3 * size_of(beginning.path) // (2 * len(first))
    values = np.empty((len(wanted), rows))  # what is not written takes no memory
    try:
        n, warnings = _fill(values, beginning, lines.start, plan)
    except ReadError:
        raise IrregularError from None
    return Rows(values[:, :n].T, warnings)


def _fill(values: np.ndarray, beginning: Text, line: int, plan: _Plan) -> tuple[int, tuple[str, ...]]:
    """Write all rows from line `line` on into `values` (wanted, rows or more); return their number and warnings."""
    n, warnings = 0, tuple[str, ...]()
    for block, end in _blocks(beginning.path, _offset(beginning, line)):
        kept = block
        if block.endswith((b"\n\n", b"\n\r\n")):  # empty lines, as at the end of a file
            kept = block.rstrip(b"\r\n") + b"\n"
        if kept and not kept.isspace():
            n = _add(values, n, _parsed(kept, plan))
        if end:
            last = _last_rows(beginning, end, line + _lines(block), plan)
            n = _add(values, n, list(last.values.T))
            warnings = last.warnings
        line += _lines(block)
    return n, warnings


def _lines(block: bytes) -> int:
    """Return the number of line breaks, faster than `bytes.count` where there are many."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))


def _blocks(path: Path, start: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield pieces of whole lines; with the last one, the last lines of a file that does not end with a line break."""
    held = b""
    for piece in pieces(path, start, _PIECE):
        if held and piece.endswith(b"\n"):
            yield held, b""
            held = piece
        else:
            held += piece
    if held:
        yield (held, b"") if held.endswith(b"\n") else _without_last_lines(held)


def _add(values: np.ndarray, n: int, found: list[np.ndarray]) -> int:
    """Write what was found behind the first `n` rows and return how many there are now."""
    end = n + len(found[0])
    if end > values.shape[1]:  # rows much shorter than the first one
        raise IrregularError
    for row, numbers in zip(values, found, strict=True):
        row[n:end] = numbers
        if not np.isfinite(row[n:end]).all():
            raise IrregularError
    return end


def _offset(beginning: Text, line: int) -> int:
    """Return the byte at which a line begins."""
    raw = next(pieces(beginning.path, 0, 1 << 20), b"")
    parts = raw.split(b"\n", line)
    if len(parts) <= line or b"\r" in raw[: len(raw) - len(parts[-1])].replace(b"\r\n", b""):
        raise IrregularError
    return len(raw) - len(parts[-1])


def _without_last_lines(piece: bytes) -> tuple[bytes, bytes]:
    """Split the last lines off the last piece."""
    at = len(piece)
    for _ in range(_LAST_LINES):
        at = piece.rfind(b"\n", 0, at)
        if at < 0:
            return b"", piece
    return piece[: at + 1], piece[at + 1 :]


def _last_rows(beginning: Text, raw: bytes, line: int, plan: _Plan) -> Rows:
    """Read the last rows of a file that does not end with a line break, where a number may be cut off."""
    if (b"," in raw) != plan.comma or b"\r" in raw.replace(b"\r\n", b"") or not raw.isascii():
        raise IrregularError
    content = "\n" * line + raw.decode("ascii").replace("\r\n", "\n")  # so that warnings name the line of the file
    text = Text(beginning.path, content, beginning.encoding)
    rows = read_rows(text, range(line, len(text.lines)), plan.separator, wanted=plan.wanted, width=plan.width)
    if len(rows.values) < raw.count(b"\n") or not np.isfinite(rows.values).all():  # at most the last row is left out
        raise IrregularError
    return rows


def _parsed(block: bytes, plan: _Plan) -> list[np.ndarray]:
    """Return the wanted columns of whole lines."""
    import polars as pl

    separator, per_line = plan.separator.encode(), plan.width - 1
    data = np.frombuffer(block, np.uint8)
    lines = _lines(block)
    returns = np.count_nonzero(data == 13)
    if returns and not returns == np.count_nonzero((data[:-1] == 13) & (data[1:] == 10)) == lines:
        raise IrregularError
    if plan.ended:
        end = separator + (b"\r\n" if returns else b"\n")
        if block.count(end) != lines:
            raise IrregularError
        block = block.replace(end, b"\n")
        data = np.frombuffer(block, np.uint8)
    if b'"' in block or (plan.comma and b"." in block) or np.count_nonzero(data == separator[0]) != lines * per_line:
        raise IrregularError
    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            columns=sorted({*plan.wanted, per_line}),
            schema={str(k): pl.Float64 if k in plan.wanted else pl.String for k in range(plan.width)},
            separator=plan.separator,
            quote_char=None,
            decimal_comma=plan.comma,
        )
    except pl.exceptions.PolarsError:
        raise IrregularError from None
    # no row has too many cells: none has too few (its last would be null), and the sum is right
    if frame.height != lines or frame[str(per_line)].null_count():
        raise IrregularError
    return [frame[str(k)].to_numpy() for k in plan.wanted]
