"""The page of long work: how far it is, and how it is stopped. What is finished is kept, whenever it is stopped."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from closo.errors import StudyError, did_you_mean
from closo.pipeline.explained import EXPLAINED
from closo.processes import cores
from closo.web import child
from closo.web.answer import answer, sent

router = APIRouter()


@router.get("/work")
async def page(request: Request) -> Response:
    """Show the long work, at work or done."""
    return answer(request, "work.html", {"title": "Progress", "work": request.app.state.workplace.progress()})


@router.post("/work/analyse")
async def analyse(request: Request) -> Response:
    """Analyse the study: what is on disk and still true is not computed again."""
    request.app.state.workplace.analyse()
    return RedirectResponse("/work", 303)


@router.post("/work/explain")
async def explain(request: Request) -> Response:
    """Find what explains the results of the study, as `closo infer` does, and keep it with them."""
    place = request.app.state.workplace
    what = await sent(request, "what")
    if what not in EXPLAINED:
        raise StudyError(f"'{what[:40]}' cannot be explained.", hint=did_you_mean(what[:40], EXPLAINED))
    place.begin(f"closo infer {what}", child.explain, (str(place.analysis().study.folder), what, cores()))
    return RedirectResponse("/work", 303)


@router.post("/work/report")
async def report(request: Request) -> Response:
    """Write the report of the study, to be downloaded."""
    place = request.app.state.workplace
    folder = place.analysis().study.folder
    place.begin("Writing the report", child.write_report, (str(folder), str(place.scratch / "report")))
    return RedirectResponse("/work", 303)


@router.post("/work/cancel")
async def cancel(request: Request) -> Response:
    """Stop the work; the next one goes on where it was."""
    work = request.app.state.workplace.work
    if work is None or work.done:
        raise StudyError("nothing is at work.")
    work.running.stop()
    return RedirectResponse("/work", 303)
