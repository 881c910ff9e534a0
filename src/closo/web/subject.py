"""What the page of a measurement is about: a loose file on the bench, or a result of the study. One shape for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from closo.errors import StudyError
from closo.result import Result
from closo.techniques import TECHNIQUES, Technique
from closo.web.bench import Draft, Measured
from closo.web.workplace import Workplace


@dataclass
class Subject:
    """One measurement or combined result."""

    key: str  # in the address of the page: 'drop:ID', or the key of the study's result
    name: str
    row: Technique | None  # of its technique; None of a combined result, which has no settings of its own
    result: Result | None
    settings: Mapping[str, Any]  # as they were asked
    given: Mapping[str, str] | None = None  # inputs as text, of a loose file; None where study.toml states them
    draft: Draft | None = None
    history: list[Mapping[str, Any]] = field(default_factory=list)
    before: str = ""  # keys of its neighbours
    after: str = ""
    techniques: list[str] = field(default_factory=list)
    error: Mapping[str, Any] | None = None
    measured: Measured | None = None  # the loose measurement, where it is one


def subject_of(request: Request, key: str) -> Subject:
    """Return what a key means to the user who asks.

    Raises
    ------
    StudyError  when there is no such thing.
    """
    from closo.pipeline.analysis import job_of

    place: Workplace = request.app.state.workplace
    if key.startswith("drop:"):
        return _loose(place, request.scope["user"], key)
    analysis = place.analysis()
    result = analysis.result(key)
    row = next((row for row in TECHNIQUES if row.name == result.technique), None)
    from_file = result.provenance is not None and bool(result.provenance.reader)
    keys = list(analysis.results)
    at = keys.index(key)
    job = job_of(analysis.study, key) if row is not None and from_file else None
    return Subject(
        key=key,
        name=result.name,
        row=row if from_file else None,
        result=result,
        settings={} if job is None else job.settings,  # as study.toml asks for them
        draft=place.drafts.get((request.scope["user"], key)),
        before=keys[at - 1] if at else "",
        after=keys[at + 1] if at + 1 < len(keys) else "",
    )


def _loose(place: Workplace, user: str, key: str) -> Subject:
    bench = place.bench(user)
    listed = list(bench.measured())
    one = bench.find(key.removeprefix("drop:"))
    if one is None:
        raise StudyError("this measurement is no longer on the bench.", hint="Drop its file again.")
    at = listed.index(one)
    return Subject(
        key=key,
        name=one.name,
        row=next((row for row in TECHNIQUES if row.name == one.technique), None),
        result=one.result,
        settings=one.settings,
        given=one.given if one.given is not None else bench.given,
        draft=one.draft,
        history=one.history,
        before=f"drop:{listed[at - 1].id}" if at else "",
        after=f"drop:{listed[at + 1].id}" if at + 1 < len(listed) else "",
        techniques=one.techniques,
        error=one.error,
        measured=one,
    )
