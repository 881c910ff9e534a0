"""The page of `closo serve` without a study: drop files, see how each was recognised, its numbers and its plot."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from closo.errors import StudyError
from closo.toml import read_number
from closo.web import pieces
from closo.web.answer import answer, bench_of, sent, wants_json
from closo.web.bench import Dropped, Measured
from closo.web.making import make_study

router = APIRouter()
_GIVEN = ("area", "diameter", "thickness", "temperature", "active_mass")  # asked for all files; the others per file


@router.get("/drop")
async def page(request: Request) -> Response:
    """Show what is on the bench."""
    return answer(request, "drop.html", _page(request))


def _page(request: Request, error: dict[str, Any] | None = None) -> dict[str, Any]:
    bench = bench_of(request)
    files = [_file(file) for file in bench.files.values()]
    waiting = sum(file["state"] in ("waiting", "working") for file in files)
    first = next((one for one in bench.measured() if one.result is not None), None)
    first = first or next((one for one in bench.measured() if one.seen is not None), None)
    spec = None if first is None else pieces.figure_of(first.result) if first.result is not None else first.seen
    figure = pieces.figure_page(spec, pieces.files_of(f"drop:{first.id}")) if first is not None else None
    return {
        "title": "Drop files",
        "files": files,
        "waiting": waiting,
        "given": pieces.inputs_page(_GIVEN, bench.given),
        "use_header": bench.use_header,
        "figure": figure,
        "first": _row(first) if first is not None else None,
        "error": error,
        "drafts": sum(one.draft is not None for one in bench.measured()),
        "overlay": [one.id for one in bench.measured() if one.result is not None],
    }


def _file(file: Dropped) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "state": file.state,
        "reader": file.reader,
        "error": file.error,
        "measured": [_row(one) for one in file.measured],
    }


def _row(one: Measured) -> dict[str, Any]:
    shown = pieces.brief(one.result) if one.result is not None else None
    return {
        "key": f"drop:{one.id}",
        "name": one.name,
        "title": one.title,
        "kind": one.kind,
        "size": one.size,
        "technique": one.technique,
        "result": shown,
        "error": one.error,
        "suggestions": dict(one.suggestions),
        "draft": pieces.brief(one.draft.result) if one.draft is not None and one.draft.result is not None else None,
    }


@router.post("/drop/files")
async def arrive(request: Request) -> Response:
    """Take files that arrive; each is looked at in a process of its own."""
    bench = bench_of(request)
    form = await request.form(max_files=500, max_fields=50, max_part_size=64 * 1024)
    try:
        uploads = [upload for upload in form.getlist("files") if not isinstance(upload, str) and upload.filename]
        for upload in uploads:
            bench.start(bench.store(upload.filename or "file", upload.file))
    finally:
        await form.close()
    if wants_json(request):
        return answer(request, "drop.html", _page(request))
    return RedirectResponse("/drop", 303)


@router.post("/drop/given")
async def give(request: Request) -> Response:
    """Take what is the same for all files, and analyse them again with it."""
    bench = bench_of(request)
    form = await request.form(max_files=0, max_fields=50)
    given = {name: str(form.get(name, "")).strip() for name in _GIVEN}
    for name, text in given.items():
        if text:
            read_number(text, name, label=name)  # refused before anything is analysed
    if given["area"] and given["diameter"]:
        raise StudyError("area and diameter are both given.", hint="Give one of the two.")
    bench.given, bench.use_header = {k: v for k, v in given.items() if v}, form.get("use_header") == "on"
    for file in bench.files.values():
        bench.start(file)
    return RedirectResponse("/drop", 303)


@router.post("/drop/columns")
async def columns(request: Request) -> Response:
    """Read a table again, with the columns that the user names."""
    bench = bench_of(request)
    form = await request.form(max_files=0, max_fields=5)
    file = bench.files.get(str(form.get("file", "")))
    if file is None:
        raise StudyError("this file is no longer on the bench.")
    file.columns = str(form.get("columns", "")).strip()[:1000]
    bench.start(file)
    return RedirectResponse("/drop", 303)


@router.post("/drop/cancel")
async def cancel(request: Request) -> Response:
    """Stop what is waiting or at work."""
    bench_of(request).cancel()
    return RedirectResponse("/drop", 303)


@router.post("/drop/clear")
async def clear(request: Request) -> Response:
    """Take everything off the bench."""
    bench_of(request).clear()
    return RedirectResponse("/drop", 303)


@router.post("/drop/study")
async def study(request: Request) -> Response:
    """Make a study of what is on the bench, beside the folder in which closo was started, open and analyse it."""
    place = request.app.state.workplace
    place.open(make_study(bench_of(request), place.home, await sent(request, "name")))
    place.analyse()
    return RedirectResponse("/study", 303)
