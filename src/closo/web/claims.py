"""The page of claims: words, verdict, and the found number beside the claimed one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo.claims import RESTS_ON, WORDS, Verdict
from closo.report.wording import value_text
from closo.web.answer import answer

__all__ = ["router"]

router = APIRouter()


@router.get("/claims")
async def page(request: Request, verdict: str = "", q: str = "") -> Response:
    """Show the claims, all or those with one verdict."""
    place = request.app.state.workplace
    analysis = place.analysis()
    verdicts = place.verdicts()
    tally = {word: sum(one.verdict == word for one in verdicts) for word in WORDS}
    shown = [
        _claim(one, list(analysis.results))
        for one in verdicts
        if (not verdict or one.verdict == verdict) and q.casefold() in f"{one.claim.id} {one.claim.text}".casefold()
    ]
    page = {"title": "Claims", "tally": tally, "total": len(verdicts), "claims": shown, "verdict": verdict, "query": q}
    return answer(request, "claims.html", page)


def _claim(one: Verdict, keys: list[str]) -> dict[str, Any]:
    found = [value_text(quantity) for quantity in one.quantities]
    evidence = [key for name in one.claim.of for key in keys if key == name or key.startswith(f"{name}/")]
    claimed = " ".join(w for w in (one.claim.relation, str(one.claim.value or "")) if w) if one.claim.value else ""
    return one.as_json() | {
        "shown": one.text,
        "found": found,
        "claimed": claimed,
        "rests_on": RESTS_ON[one.basis],
        "evidence": evidence[:8],
        "fault": one.claim.fault or "",
    }
