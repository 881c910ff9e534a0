"""Cell: what limits it, how sure that is, and the run that would decide; and where its voltage and charge go."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo.pipeline.explained import CELL
from closo.web import pieces
from closo.web.answer import answer

router = APIRouter()


@router.get("/cell")
async def page(request: Request) -> Response:
    """Show what limits the cells of the study, and the main numbers of all that is about a cell."""
    place = request.app.state.workplace
    analysis = place.analysis()
    result = analysis.results.get(CELL)
    cells = {name: [] for name in analysis.study.cells}  # type: dict[str, list[dict[str, Any]]]
    for key, one in analysis.results.items():
        if one.about.owner in cells and pieces.brief(one)["main"]:
            cells[one.about.owner].append(pieces.brief(one) | {"key": key, "name": one.technique.replace("_", " ")})
    shown: dict[str, Any] = {"title": "Cells", "answer": "", "ranking": [], "checks": None, "figure": None, "notes": []}
    if result is not None:
        shown["answer"], shown["ranking"] = result.findings["answer"], result.findings["ranking"]
        shown["checks"], shown["notes"] = pieces.checks_of(result), list(result.notes)[1:]
        shown["figure"] = pieces.figure_page(pieces.figure_of(result), pieces.files_of(CELL))
    return answer(request, "cell.html", shown | {"cells": cells, "known": result is not None})
