"""A study's results -> the cells that `closo.combine.limits` scores, and its result."""

from __future__ import annotations

from closo.combine.doubts import judged, marked
from closo.combine.limits import evidence_of, limits
from closo.pipeline.explained import stamped
from closo.pipeline.records import Analysis
from closo.processes import Progress
from closo.result import Result


def infer_cell(analysis: Analysis, *, progress: Progress | None = None) -> Result:
    """Return what limits the cells of a study; raises as `closo.combine.limits.limits`."""
    results, why = marked(analysis.results)
    cells, left_out = evidence_of(analysis.study, results)
    result = limits(cells, name=analysis.study.title, progress=progress)
    return stamped(judged(result, why, {key for cell in cells for key in cell.doubts}), analysis, left_out)
