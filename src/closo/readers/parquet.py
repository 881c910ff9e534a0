"""Parquet tables: Battery Data Format, or any table with column names.

Recognised by `PAR1` at the beginning.

Columns: with the names of the Battery Data Format (`test_time_second`, or `Test Time / s`; voltage [V], current [A]) as the
reader `bdf` reads them. Otherwise as the reader `text` reads a table: `Voltage(mV)`, `Current(uA)`, `Total Time`, `freq/Hz`;
columns of dates and durations are times. Lists and other columns that are not numbers, words or times do not count.

Refused: a damaged file, more than 500 MB or 30 million cells, and what `text` refuses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers import bdf
from closo.readers.delimited import read_text
from closo.readers.tools.columns import name_of, names_in
from closo.readers.tools.text import MAX_BYTES, Text, size_of

_BDF = ("test_time_second", "test time / s")
_MAX_CELLS = 30_000_000


def read(path: Path, *, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read a Parquet table; `columns` names its columns in their order.

    Raises
    ------
    ReadError  when it is no such table.
    StudyError  when `columns` itself is wrong.
    """
    import polars as pl

    path = Path(path)
    text = Text(path, "", "binary")
    if size_of(path) > MAX_BYTES:
        raise text.error("the file is too large.", "Split it into smaller files.")
    try:
        schema = pl.read_parquet_schema(path)
        names = list(schema)
        if columns is None and any(name.lower() in _BDF for name in names):
            return bdf.read(path)
        known = [name for name in names if name_of(name) is not None]
        known += [name for name, what in zip(names, names_in(names), strict=True) if what and name not in known]
        words = (pl.String, pl.Categorical, pl.Enum)  # one of them may say charge or discharge
        known += [name for name in names if schema[name] in words]
        wanted = names if columns is not None or len(known) < 2 else [name for name in names if name in known]
        table = pl.scan_parquet(path).select(wanted)
        if int(table.select(pl.len()).collect().item()) * len(wanted) > _MAX_CELLS:
            raise text.error("the table has too many cells.", "Split it into smaller files.")
        content = _as_csv(table.collect())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(f"the parquet table cannot be read ({reason}).", file=path, hint="Copy it again.") from None
    return read_text(Text(path, content, "parquet"), columns=columns)


def _as_csv(table: Any) -> str:
    """Return a polars table as text with tabs; durations in seconds, dates as ISO text, a missing cell as '-'."""
    import polars as pl

    cells = []
    for name, kind in table.schema.items():
        column, title = pl.col(name), " ".join(name.split())
        if isinstance(kind, pl.Duration):
            column, title = column.dt.total_microseconds() / 1e6, f"{title} (s)"
        elif isinstance(kind, pl.Datetime):
            column = column.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S%.f")
        elif not kind.is_numeric():
            if kind.is_nested() or kind in (pl.Binary, pl.Object):
                continue
            column = column.cast(pl.String).str.replace_all(r"\s+", " ")
        cells.append(column.alias(title))
    return str(table.select(cells).write_csv(separator="\t", quote_style="never", null_value="-"))
