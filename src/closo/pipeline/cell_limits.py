"""A study's results -> what limits its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from closo.combine.limits import evidence_of, limits
from closo.pipeline.records import Analysis
from closo.result import Result

__all__ = ["infer_cell_limits"]


def infer_cell_limits(analysis: Analysis, *, progress: Callable[[int, int | None, str], None] | None = None) -> Result:
    """Score what may limit the cells of a study; cells that cannot be scored are named in the notes.

    Raises
    ------
    DataError  when no cell can.
    """
    cells, left_out = evidence_of(analysis.study, analysis.results)
    result = limits(cells, name=analysis.study.title, progress=progress)
    return replace(result, notes=(*result.notes, *left_out))
