"""The numbers of a library as one table: CSV with every digit, or an Excel workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from closo.errors import StudyError
from closo.figures.table import csv_text
from closo.library.finding import Hit

_COLUMNS = (
    "study", "synthetic", "folder", "owner", "kind", "sample", "technique", "branch", "result", "key", "value", "u",
    "low_95", "high_95", "unit", "temperature_degC", "basis", "failed_checks", "meets", "surely", "changed_since",
)  # fmt: skip


def write_hits(hits: Sequence[Hit], path: Path) -> Path:
    """Write hits as .csv, a row each; a number is the shortest text that gives it back exactly.

    Raises
    ------
    StudyError  when the name does not end with .csv, or the file cannot be written.
    """
    if path.suffix.lower() != ".csv":
        raise StudyError("a table is written as .csv.", file=path, hint="Give the file that ending.")
    try:
        path.write_text(csv_text([_COLUMNS, *map(_row, hits)], digits=17), encoding="utf-8")
    except OSError as error:
        raise StudyError(f"the table cannot be written ({error.strerror or error}).", file=path) from None
    return path


def _row(hit: Hit) -> list[str | float | int | None]:
    shown = hit.as_json()
    low, high = shown["interval"]
    words = [hit.study, int(hit.synthetic), hit.folder, hit.owner, hit.kind, hit.sample, hit.technique, hit.branch]
    numbers = [shown["value"], shown["u"], low, high, shown["unit"], shown["temperature"]]
    return [*words, hit.result, hit.key, *numbers, hit.basis, hit.failed, hit.asked, int(hit.sure), int(hit.stale)]
