"""Compare: any results of one technique in one figure, and their main numbers in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo import pipeline
from closo.combine import combinations
from closo.errors import StudyError, counted
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.nomenclature import look_up, to_shown
from closo.report.wording import celsius, key_text
from closo.result import Result
from closo.techniques import get
from closo.web import pieces
from closo.web.answer import answer, bench_of

router = APIRouter()
_MOST = 60  # results in one figure


@router.get("/compare")
async def page(request: Request, q: str = "") -> Response:
    """Show the results whose keys are given, over one another; a quantity of theirs beside them."""
    results = known(request)
    keys = [key for key in request.query_params.getlist("key") if key in results]
    picked = {key: results[key] for key in keys[:_MOST]}
    techniques = dict.fromkeys(result.technique for result in picked.values())
    words = q.casefold().split()
    listed = [
        {"key": key, "name": _label(r), "technique": r.technique, "chosen": key in picked}
        for key, r in results.items()
        if all(word in f"{key} {r.technique} {_label(r)}".casefold() for word in words)
    ]
    listed.sort(key=lambda one: not one["chosen"])
    figures = [pieces.figure_page(spec, _files(keys, number)) for number, spec in enumerate(overlay(picked))]
    return answer(
        request,
        "compare.html",
        {
            "title": "Compare",
            "listed": listed[:2000],
            "left_out": max(0, len(listed) - 2000),
            "query": q,
            "keys": keys,
            "techniques": list(techniques),
            "figures": figures,
            "rows": [pieces.brief(r) | {"key": key, "name": _label(r)} for key, r in picked.items()],
        },
    )


def _files(keys: Sequence[str], number: int) -> dict[str, str]:
    query = "&".join(f"key={pieces.quoted(key)}" for key in keys)
    return {kind: f"/download/overlay.{kind}?of={number}&{query}" for kind in pieces.KINDS}


def known(request: Request) -> dict[str, Result]:
    """Return key -> result of everything that can be compared: on the bench, and in the study."""
    place = request.app.state.workplace
    loose = {f"drop:{one.id}": one.result for one in bench_of(request).measured() if one.result is not None}
    return {**loose, **(place.analysis().results if place.folder is not None else {})}


def chosen(request: Request) -> dict[str, Result]:
    """Return the results that the address names.

    Raises
    ------
    StudyError  when it names none.
    """
    results = known(request)
    keys = [key for key in request.query_params.getlist("key") if key in results][:_MOST]
    if not keys:
        raise StudyError("nothing is chosen.", hint="Tick results on the page 'compare'.")
    return {key: results[key] for key in keys}


def _label(result: Result) -> str:
    place = f"{result.about.owner} {celsius(result)} {result.about.branch}"
    return " ".join(place.split()) if result.about.owner else result.name


def overlay(results: Mapping[str, Result]) -> list[FigureSpec]:
    """Return one figure per technique with the curves of all its results over one another, and their main number."""
    figures = []
    for technique in dict.fromkeys(result.technique for result in results.values()):
        mine = [result for result in results.values() if result.technique == technique]
        drawn = [(r, spec) for r in mine for spec in [pieces.figure_of(r)] if spec is not None]
        panels = [_over([(r, spec.panels[n]) for r, spec in drawn if n < len(spec.panels)])
                  for n in range(max((len(spec.panels) for _, spec in drawn), default=0))]  # fmt: skip
        number = _numbers(mine)
        panels += [number] if number is not None else []
        if panels:
            title = f"{_title(technique)}: {counted(len(mine), 'result')}"
            said = "; ".join(f"{_label(r)}: {_main(r)}" for r in mine[:12])
            synthetic = any(spec.synthetic for _, spec in drawn)
            name = f"compare {technique}"
            figures.append(FigureSpec(name=name, panels=panels, title=title, summary=said, synthetic=synthetic))
    return figures


def _title(technique: str) -> str:
    known = combinations().get(technique)
    return get(technique).title if known is None else known.title[:1].upper() + known.title[1:]


def _main(result: Result) -> str:
    key = pipeline.headline(result)
    return f"{key_text(key)} {result.quantities[key]}" if key else "no number"


def _over(panels: Sequence[tuple[Result, Panel]]) -> Panel:
    """Return the panels of several results as one; each result has its colour and mark."""
    first = panels[0][1]
    traces = [
        replace(trace, label=_label(result) if trace is panel.traces[0] else "", color=k % 7, marker=k)
        for k, (result, panel) in enumerate(panels)
        for trace in panel.traces
    ]
    x, y = (_axis([getattr(panel, side) for _, panel in panels]) for side in ("x", "y"))
    return Panel(x, y, traces, title=first.title, equal=first.equal, top=first.top)


def _axis(axes: Sequence[Axis]) -> Axis:
    """Return an axis that shows what every one of several shows."""
    ranges = [axis.range for axis in axes]
    if any(one is None for one in ranges):
        return replace(axes[0], range=None)
    low, high = min(r[0] for r in ranges if r is not None), max(r[1] for r in ranges if r is not None)
    falling = ranges[0] is not None and ranges[0][0] > ranges[0][1]
    return replace(axes[0], range=None if falling else (low, high))


def _numbers(results: Sequence[Result]) -> Panel | None:
    """Return the main quantity of several results beside each other."""
    key = next((key for key in map(pipeline.headline, results) if key), "")
    pairs = [(r, r.quantities[key]) for r in results if key in r.quantities and r.quantities[key].value is not None]
    if len(pairs) < 2:
        return None
    row = look_up(key.partition(":")[0])
    at = [float(k) for k in range(len(pairs))]
    ticks = [(float(k), _label(r)) for k, (r, _) in enumerate(pairs)]
    values = [to_shown(row.name, quantity.value or 0.0) for _, quantity in pairs]
    u = [(quantity.u or 0.0) / row.factor for _, quantity in pairs]
    axis = Axis(f"{key_text(key)} / {row.shown}" if row.shown != "1" else key_text(key))
    across = Axis("", ticks=ticks, range=(-0.5, len(pairs) - 0.5))
    return Panel(across, axis, [Trace(at, values, "", "points", y_u=u)], title=key_text(key))
