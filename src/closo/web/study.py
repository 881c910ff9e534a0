"""The page of a study: what was made, what was measured, what is missing or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo import pipeline
from closo.figures.labels import value_text
from closo.pipeline import Analysis
from closo.report.wording import celsius, key_text
from closo.result import Result
from closo.web import child, sandbox
from closo.web.answer import answer

router = APIRouter()
_PAGE = 100  # rows of a page


@router.get("/study")
async def page(request: Request, q: str = "", at: int = 1) -> Response:
    """Show samples and measurements; `q` filters, `at` is the number of the page."""
    place = request.app.state.workplace
    analysis = place.analysis()
    wanted = [row for row in rows_of(analysis) if all(word in row["search"] for word in q.casefold().split())]
    pages = max(1, -(-len(wanted) // _PAGE))
    at = min(max(at, 1), pages)
    return answer(
        request,
        "study.html",
        {
            "title": analysis.study.title,
            "synthetic": analysis.study.synthetic,
            "folder": str(analysis.study.folder),
            "work": place.progress(),
            "samples": _samples(analysis),
            "measurements": wanted[(at - 1) * _PAGE : at * _PAGE],
            "found": len(wanted),
            "total": len(analysis.results),
            "query": q,
            "at": at,
            "pages": pages,
            "waiting": dict(list(analysis.waiting.items())[:50]),
            "waiting_count": len(analysis.waiting),
            "failures": [{"key": f.key} | child.said(f.error) for f in analysis.failures],
            "notes": list(analysis.notes),
        },
    )


@router.get("/study/problems")
async def problems(request: Request) -> Response:
    """Show what `closo check` finds; the files are opened in a child."""
    place = request.app.state.workplace
    folder = place.analysis().study.folder
    said, _ = await asyncio.to_thread(sandbox.call, child.check_study, (str(folder),))
    return answer(request, "problems.html", {"title": "Problems", "problems": said["problems"]})


def rows_of(analysis: Analysis) -> list[dict[str, Any]]:
    """Return one row per result: key, technique, owner, temperature, main number, what failed."""
    return [_row(key, result) for key, result in analysis.results.items()]


def _row(key: str, result: Result) -> dict[str, Any]:
    name = pipeline.headline(result)
    quantity = result.quantities.get(name)
    failed = [check.name for check in result.failed_checks]
    owner, sample = result.about.owner, result.about.sample
    temperature = celsius(result)
    search = " ".join([key, result.technique, owner, sample, temperature, *failed]).casefold()
    return {
        "key": key,
        "technique": result.technique,
        "owner": owner or result.name,
        "sample": sample,
        "temperature": f"{temperature} {result.about.branch}".strip(),
        "label": key_text(name),
        "text": value_text(quantity),
        "why": (quantity.why or "") if quantity is not None and quantity.value is None else "",
        "failed": failed,
        "search": search,
    }


def _samples(analysis: Analysis) -> list[dict[str, Any]]:
    """Return a card per sample: recipe, its best number per technique, how many measurements it has."""
    cards = []
    for name, sample in analysis.study.samples.items():
        results = {key: r for key, r in analysis.results.items() if name in (r.about.sample, r.about.owner)}
        recipe = sample.recipe
        words = [] if recipe is None else [w for w in (recipe.matrix, recipe.filler_type or recipe.filler) if w]
        if recipe is not None and recipe.filler_fraction is not None:
            words.append(value_text(recipe.filler_fraction))
        cards.append(
            {"name": name, "recipe": ", ".join(words), "numbers": _best(list(results.items())), "count": len(results),
             "failed": sum(bool(r.failed_checks) for r in results.values())}
        )  # fmt: skip
    return cards


def _best(results: Sequence[tuple[str, Result]]) -> list[dict[str, str]]:
    """Return the main number of the last result of each technique: that is the one made of most others."""
    found: dict[str, dict[str, str]] = {}
    for key, result in results:
        name = pipeline.headline(result)
        quantity = result.quantities.get(name)
        if quantity is not None and quantity.value is not None and ":" not in name:
            label = key_text(name)
            at = celsius(result)
            text = value_text(quantity) + (f" at {at}" if at else "")
            found[label] = {"key": key, "label": label, "text": text, "of": result.technique}
    return list(found.values())[-5:]
