"""The page of one measurement: its numbers, its figure, and the settings of its technique; a re-run is kept or discarded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from closo.documents import from_document
from closo.errors import ClosoError, StudyError
from closo.figures import FigureSpec
from closo.pipeline.plan import supplied_files
from closo.result import Result
from closo.techniques import Technique, get
from closo.techniques.inputs import INPUTS
from closo.toml import read_number
from closo.web import child, pieces, sandbox
from closo.web.answer import answer, bench_of, sent
from closo.web.bench import Draft, Measured
from closo.web.controls import controls_of, settings_from
from closo.web.keeping import keep_settings
from closo.web.subject import Subject, subject_of

router = APIRouter()


@router.get("/measurement")
async def page(request: Request, key: str) -> Response:
    """Show a measurement, or a result made of several."""
    return answer(request, "measurement.html", _page(request, subject_of(request, key)))


def _page(request: Request, subject: Subject, error: Mapping[str, Any] | None = None) -> dict[str, Any]:
    result, draft = subject.result, subject.draft
    shown = draft.result if draft is not None and draft.result is not None else result
    asked = draft.settings if draft is not None else subject.settings
    given = draft.given if draft is not None else subject.given
    spec = pieces.figure_of(shown) if shown is not None else subject.measured.seen if subject.measured else None
    if spec is not None and result is not None and shown is not result:
        spec = _with_before(spec, pieces.figure_of(result))
    return {
        "title": subject.name,
        "key": subject.key,
        "name": subject.name,
        "technique": subject.row.title if subject.row is not None else "",
        "technique_name": subject.row.name if subject.row is not None else "",
        "techniques": [{"name": name, "title": get(name).title} for name in subject.techniques],
        "about": result.about.as_json() if result is not None else {},
        "result": pieces.full(result) if result is not None else None,
        "draft": _draft(subject),
        "figure": pieces.figure_page(spec, pieces.files_of(subject.key)),
        "controls": controls_of(subject.row, asked, shown) if subject.row is not None else None,
        "inputs": _inputs(subject.row, given),
        "loose": subject.measured is not None,
        "history": list(subject.history),
        "before": subject.before,
        "after": subject.after,
        "error": error or subject.error,
    }


def _draft(subject: Subject) -> dict[str, Any] | None:
    draft, old = subject.draft, subject.result
    if draft is None:
        return None
    shown: dict[str, Any] = {"settings": dict(draft.settings), "error": draft.error, "changes": [], "checks": None}
    if draft.result is not None:
        shown["checks"] = pieces.checks_of(draft.result)
        shown["result"] = pieces.full(draft.result)
        shown["changes"] = pieces.change(old, draft.result) if old is not None else []
    return shown


def _inputs(row: Technique | None, given: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return the inputs of a loose file that its technique uses."""
    if row is None or given is None:
        return []
    names = [name for name in INPUTS if name in row.inputs or (name == "diameter" and "area" in row.inputs)]
    return pieces.inputs_page(names, given)


def _with_before(now: FigureSpec, before: FigureSpec | None) -> FigureSpec:
    """Return the figure of a re-run with the lines of the result before it, dashed and grey."""
    if before is None or len(before.panels) != len(now.panels):
        return now
    panels = []
    for panel, old in zip(now.panels, before.panels, strict=True):
        lines = [trace for trace in old.traces if trace.style in ("line", "dashed")]
        first = next((trace for trace in lines if trace.label), lines[0] if lines else None)
        grey = [
            replace(t, style="dashed", color=7, label="before the re-run" if t is first else "", behind={})
            for t in lines
        ]
        panels.append(replace(panel, traces=[*panel.traces, *grey]))
    return replace(now, panels=panels)


@router.post("/measurement/run")
async def run(request: Request) -> Response:
    """Analyse a measurement again, with the settings of the form; what comes of it is a draft."""
    form = await request.form(max_files=0, max_fields=400)
    texts = {key: str(value)[:2000] for key, value in form.items()}
    subject = subject_of(request, texts.get("key", ""))
    try:
        if subject.row is None:
            raise StudyError(
                "this result is made of others and has no settings.", hint="Change those of a measurement."
            )
        row = get(texts.get("technique") or subject.row.name)
        settings = settings_from(row, texts, subject.result)
        if subject.measured is not None:
            bench_of(request).supplied(row, settings)
        else:  # refuses what lies outside the study
            supplied_files(request.app.state.workplace.analysis().study, row, settings)
        given = {name: texts.get(f"given-{name}", "").strip() for name in INPUTS}
        given = {name: text for name, text in given.items() if text}
        for name, text in given.items():
            read_number(text, name, label=name)
    except ClosoError as error:
        return answer(request, "measurement.html", _page(request, subject, child.said(error)), 422)
    draft = Draft(settings, given)
    if subject.measured is not None:
        subject.measured.draft = await bench_of(request).rerun(subject.measured, row.name, draft)
        if row.name != subject.row.name and draft.result is not None:
            subject.measured.technique = row.name
            subject.measured.result, subject.measured.error, subject.measured.draft = draft.result, None, None
    else:
        request.app.state.workplace.drafts[request.scope["user"], subject.key] = await _rerun(request, subject, draft)
    return _back_to(subject)


def _back_to(subject: Subject) -> Response:
    return RedirectResponse(f"/measurement?key={pieces.quoted(subject.key)}", 303)


async def _named(request: Request) -> Subject:
    """Return the subject whose key a button has sent."""
    return subject_of(request, await sent(request, "key"))


async def _rerun(request: Request, subject: Subject, draft: Draft) -> Draft:
    """Analyse a measurement of the study with other settings."""
    from closo.pipeline.analysis import job_of
    from closo.pipeline.jobs import as_closo_error

    study = request.app.state.workplace.analysis().study
    job = job_of(study, subject.key)
    if job is None:
        raise StudyError("the study does not ask for this measurement any more.", hint="Analyse it again.")
    try:
        said, curves = await asyncio.to_thread(
            sandbox.call, child.rerun, (replace(job, settings=dict(draft.settings)),)
        )
        if "error" in said:
            raise as_closo_error(said["error"])
        draft.result = from_document(said["document"], curves[0])
    except ClosoError as error:
        draft.error = child.said(error)
    return draft


@router.post("/measurement/keep")
async def keep(request: Request) -> Response:
    """Keep a re-run: on the bench at once, in a study by its settings in study.toml."""
    subject = await _named(request)
    draft = subject.draft
    if draft is None or draft.result is None:
        raise StudyError("there is no re-run to keep.", hint="Run it first.")
    if subject.measured is not None:
        _keep(subject.measured)
    else:
        place = request.app.state.workplace
        keep_settings(place.analysis().study, subject.key, draft.settings)
        del place.drafts[request.scope["user"], subject.key]
        place.analyse(f"Analysing with the new settings of {subject.name}")
    return _back_to(subject)


def _keep(one: Measured) -> None:
    """Put the re-run of a loose measurement in the place of its result, which goes into the history."""
    draft = one.draft
    if draft is not None and draft.result is not None:
        one.history.append(_remembered(one.result, one.settings))
        one.result, one.error, one.settings, one.given = draft.result, None, draft.settings, draft.given
    one.draft = None


def _remembered(result: Result | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    main = pieces.brief(result)["main"] if result is not None else []
    said = ", ".join(f"{key} = {value}" for key, value in settings.items()) or "as the data chose"
    return {"settings": said, "main": ", ".join(f"{one['label']} {one['text']}" for one in main)}


@router.post("/measurement/discard")
async def discard(request: Request) -> Response:
    """Discard a re-run."""
    subject = await _named(request)
    if subject.measured is not None:
        subject.measured.draft = None
    else:
        request.app.state.workplace.drafts.pop((request.scope["user"], subject.key), None)
    return _back_to(subject)


@router.post("/measurement/series")
async def series(request: Request) -> Response:
    """Analyse all files on the bench that were made with the same technique with the settings of this one."""
    subject = await _named(request)
    if subject.measured is None:
        raise StudyError("in a study, settings of all are written as [settings.TECHNIQUE] in study.toml.")
    bench = bench_of(request)
    for other in list(bench.measured()):
        if other is not subject.measured and other.technique == subject.measured.technique:
            common = {k: v for k, v in subject.settings.items() if k != subject.row.controls.leave_out}  # type: ignore[union-attr]
            given = other.given if other.given is not None else bench.given
            other.draft = await bench.rerun(other, other.technique, Draft(common, given))
    return RedirectResponse("/drop", 303)


@router.post("/measurement/settle")
async def settle(request: Request) -> Response:
    """Keep, or discard, all re-runs on the bench."""
    what = await sent(request, "what")
    for one in bench_of(request).measured():
        if what == "keep":
            _keep(one)
        one.draft = None
    return RedirectResponse("/drop", 303)
