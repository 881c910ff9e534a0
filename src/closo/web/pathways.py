"""Pathways: a slice through the microstructure of a composite, and its conductivity over its composition."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from closo.errors import ClosoError
from closo.figures import FigureSpec
from closo.pipeline.explained import INTERPHASE
from closo.result import Result
from closo.web import child, pieces
from closo.web.answer import answer
from closo.web.workplace import Workplace

router = APIRouter()
_SLIDERS = {  # name -> label, least, most, step, at first; in the units of the label
    "filler": ("particles / vol%", 5.0, 65.0, 1.0, 35.0),
    "diameter": ("their diameter / nm", 2.0, 60.0, 0.2, 7.8),
    "thickness": ("thickness of the shell / nm", 0.2, 20.0, 0.1, 2.0),
}
_TYPED = {"matrix": ("conductivity of the matrix / S cm⁻¹", 2e-5), "shell": ("of the shell / S cm⁻¹", 5e-3)}
_WIDTH, _CELLS = 6, 48  # of the box [diameters], and cells along it


@router.get("/pathways")
async def page(request: Request) -> Response:
    """Show what the numbers in the address mean, beside what a study says."""
    texts, place = dict(request.query_params), request.app.state.workplace
    result = explained(place)
    asked = {name: texts[name] for name in (*_SLIDERS, *_TYPED) if texts.get(name)}
    shown: dict[str, Any] = {"quantity": None, "figures": [], "error": None}
    try:
        quantity, specs = await asyncio.to_thread(drawn, texts, result)
        shown["quantity"] = pieces.quantity_page("effective_conductivity", quantity)
        shown["figures"] = [
            pieces.figure_page(spec, pieces.saved_as("pathways", {"of": f"{k}", **asked}))
            for k, spec in enumerate(specs)
        ]
    except ClosoError as error:
        shown["error"] = child.said(error)
    sliders = [
        {"name": name, "label": label, "least": least, "most": most, "step": step, "value": texts.get(name, f"{at:g}")}
        for name, (label, least, most, step, at) in _SLIDERS.items()
    ]
    typed = [{"name": n, "label": label, "value": texts.get(n, f"{at:g}")} for n, (label, at) in _TYPED.items()]
    notes = list(result.notes) if result is not None else []
    form = {"title": "Pathways", "sliders": sliders, "typed": typed, "notes": notes, "explained": result is not None}
    return answer(request, "pathways.html", form | shown, 200 if shown["error"] is None else 422)


def explained(place: Workplace) -> Result | None:
    """Return what is known of the interphase of the study, if there is one."""
    return None if place.folder is None else place.analysis().results.get(INTERPHASE)


def drawn(texts: Mapping[str, str], known: Result | None) -> tuple[Any, list[FigureSpec]]:
    """Return the conductivity of the composite that the texts describe, the figure over composition, and the slice.

    Raises
    ------
    StudyError  when a text is not a number of its range.
    """
    from closo.models.atlas.pictures import composition

    limits = {name: (label, least, most) for name, (label, least, most, *_) in _SLIDERS.items()}
    limits |= {name: (label, 1e-12, 1e4) for name, (label, _) in _TYPED.items()}
    firsts = {name: row[-1] for name, row in (*_SLIDERS.items(), *_TYPED.items())}
    given = {name: pieces.number_of(texts.get(name) or f"{firsts[name]}", *limits[name]) for name in limits}
    ratio, phi = given["thickness"] / given["diameter"], given["filler"] / 100.0
    quantity, over = composition(phi, ratio, matrix=given["matrix"], shell=given["shell"])
    told = pieces.figure_of(known) if known is not None else None
    if told is not None:
        own, study = over.panels[0], told.panels[0]
        both = replace(study, traces=[*study.traces, *own.traces], bands=[*study.bands, *own.bands])
        over = replace(told, panels=[both, *told.panels[1:]], title=f"{told.title}, and of these numbers")
    return quantity, [over, _slice(given["filler"], given["diameter"], given["thickness"])]


@lru_cache(maxsize=32)
def _slice(filler: float, diameter: float, thickness: float) -> FigureSpec:
    """Return a slice of one box: its phases, and which part of the shells connects both sides. Lengths in nm."""
    from closo.models.microstructure import SHELL, overlapping_spheres, sample
    from closo.models.microstructure.pathways import pathways_figure

    box = overlapping_spheres(_WIDTH * diameter * 1e-9, diameter * 1e-9, filler / 100.0, seed=1)
    return pathways_figure(sample(box, _CELLS, subvoxels=2, shell=thickness * 1e-9), (SHELL,))
