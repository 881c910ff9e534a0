"""Maps: what was counted in each pixel, beside its uncertainty, and a profile between two points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo.dataset import KINDS
from closo.errors import ClosoError, StudyError
from closo.figures import Axis, FigureSpec, Image, Panel, Trace
from closo.result import Result
from closo.techniques import TECHNIQUES
from closo.techniques.line_profile import profile_between
from closo.web import child, pieces
from closo.web.answer import answer
from closo.web.compare import known

router = APIRouter()
_ENDS = ("x1", "y1", "x2", "y2")


@router.get("/maps")
async def page(request: Request) -> Response:
    """Show one map of one result; `key` and `map` say which, x1 to y2 and `width` where the profile lies."""
    query, results = dict(request.query_params), with_maps(request)
    key = query.get("key", next(iter(results), ""))
    shown: dict[str, Any] = {"figure": None, "error": None, "names": [], "map": "", "size": None}
    line = {name: query.get(name, "") for name in (*_ENDS, "width")}
    if results:
        try:
            result = chosen(results, key)
            shown["names"] = names = names_of(result)
            shown["map"] = query.get("map") if query.get("map") in names else names[0]
            shown["size"] = [int(n) for n in result.curves[f"map:{shown['map']}"].shape[::-1]]
            asked = {**line, "map": shown["map"]}
            for texts in ({"map": shown["map"]}, asked):  # a line that cannot be leaves the map as it is
                shown["figure"] = pieces.figure_page(
                    drawn(result, texts), pieces.saved_as("map", {"key": key, **texts})
                )
        except ClosoError as error:
            shown["error"] = child.said(error)
    listed = [{"key": k, "name": k.removeprefix("drop:") if r.about.owner else r.name} for k, r in results.items()]
    form = {"title": "Maps", "key": key, "listed": listed, "line": line}
    return answer(request, "maps.html", form | shown, 200 if shown["error"] is None else 422)


def with_maps(request: Request) -> dict[str, Result]:
    """Return key -> result of what may have maps: of the techniques that take measurements along y and x."""
    rows = [row.name for row in TECHNIQUES if any({"y", "x"} <= set(KINDS[kind].dims) for kind in row.kinds)]
    return {key: result for key, result in known(request).items() if result.technique in rows and names_of(result)}


def names_of(result: Result) -> list[str]:
    """Return of what a result has maps."""
    return [str(name)[4:] for name in result.curves.data_vars if str(name).startswith("map:")]


def chosen(results: Mapping[str, Result], key: str) -> Result:
    """Return one of the results that have maps.

    Raises
    ------
    StudyError  when the key is of none.
    """
    if key not in results:
        raise StudyError(f"'{key[:200]}' has no maps.", hint="Choose one of the list.")
    return results[key]


def drawn(result: Result, texts: Mapping[str, str]) -> FigureSpec:
    """Return the figure of a map: counts, uncertainties and, where two points are given, the profile between them.

    Raises
    ------
    StudyError  when a text is not a number; DataError when the line leaves the map.
    """
    name = texts["map"] if texts.get("map") in names_of(result) else names_of(result)[0]
    values, u = (np.asarray(result.curves[f"{kind}:{name}"].values, float) for kind in ("map", "map_u"))
    ends = [pieces.number_of(texts[end], end) for end in _ENDS if texts.get(end)]
    line, profile, said = [], [], ""
    if len(ends) == 4:
        width = int(pieces.number_of(texts.get("width") or "1", "width"))
        d, mean, spread = profile_between(values, u, tuple(ends), width)  # type: ignore[arg-type]
        line = [Trace(ends[0::2], ends[1::2], "profile", "both", color=1)]
        axes = (Axis("distance / pixel"), Axis(f"N({name})"))
        profile = [Panel(*axes, [Trace(d, mean, "", "both", y_u=spread, color=1)], title="profile")]
        said = f" The profile goes over {d[-1]:.1f} pixels, {width} wide, from {mean[0]:.3g} to {mean[-1]:.3g}."
    edges = [np.arange(size + 1.0) for size in values.shape]
    panels = [
        Panel(Axis("x / pixel"), Axis("y / pixel"), line, images=[Image(z, edges[1], edges[0], "values", label)],
              title=title, equal=True)
        for z, label, title in ((values, f"N({name})", name), (u, f"u of N({name})", f"u of {name}"))
    ]  # fmt: skip
    inner, middle = np.nanmedian(u), np.nanmedian(values)
    summary = f"{name} in {result.name}: median {middle:.3g} per pixel, median standard uncertainty {inner:.2g}.{said}"
    return FigureSpec(f"map {name} {result.name}", [*panels, *profile], f"{name} in {result.name}", summary, columns=3)
