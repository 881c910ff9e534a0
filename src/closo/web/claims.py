"""The page of claims: words, verdict, and the found number beside the claimed one."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo import pipeline
from closo.claims import RESTS_ON, WORDS, Verdict, claimed_range
from closo.errors import ClosoError
from closo.figures.labels import value_text
from closo.web.answer import answer

router = APIRouter()


@router.get("/claims")
async def page(request: Request, verdict: str = "", q: str = "") -> Response:
    """Show the claims, all or those with one verdict."""
    place = request.app.state.workplace
    analysis = place.analysis()
    verdicts = place.once(pipeline.judge)
    tally = {word: sum(one.verdict == word for one in verdicts) for word in WORDS}
    shown = [
        _claim(one, list(analysis.results))
        for one in verdicts
        if (not verdict or one.verdict == verdict) and q.casefold() in f"{one.claim.id} {one.claim.text}".casefold()
    ]
    page = {"title": "Claims", "tally": tally, "total": len(verdicts), "claims": shown, "verdict": verdict, "query": q}
    return answer(request, "claims.html", page)


def _claim(one: Verdict, keys: list[str]) -> dict[str, Any]:
    texts = [value_text(quantity) for quantity in one.quantities]
    evidence = [key for name in one.claim.of for key in keys if key == name or key.startswith(f"{name}/")]
    claimed = " ".join(w for w in (one.claim.relation, str(one.claim.value or "")) if w) if one.claim.value else ""
    return one.as_json() | {
        "shown": one.text,
        "found": texts,
        "claimed": claimed,
        "rests_on": RESTS_ON[one.basis],
        "evidence": evidence[:8],
        "fault": one.claim.fault or "",
        "axis": _axis(one),
    }


def _axis(one: Verdict) -> dict[str, Any] | None:
    """Return where claim and found intervals lie on an axis from 0 to 100, None where they have no common one."""
    judged = [q for q in one.quantities if q.value is not None and q.name == one.claim.name]
    if one.claim.value is None or not judged:
        return None
    try:
        claimed = claimed_range(one.claim, one.claim.name)
    except ClosoError:
        return None
    spans = [(interval, q.value or 0.0) for q in judged for interval in [q.interval()] if interval is not None]
    ends = [end for end in (*claimed, *(e for interval, _ in spans for e in interval)) if math.isfinite(end)]
    if not spans or min(ends) == max(ends):
        return None
    low, width = min(ends) - 0.15 * (max(ends) - min(ends)), 1.3 * (max(ends) - min(ends))

    def at(value: float) -> float:
        return round(min(max(100.0 * (value - low) / width, 0.0), 100.0), 2)

    bars = [{"from": at(interval[0]), "to": at(interval[1]), "at": at(value)} for interval, value in spans]
    return {"claim": [at(claimed[0]), at(claimed[1])], "found": bars}
