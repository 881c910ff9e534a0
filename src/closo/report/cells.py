"""The sections on cells and on the interphase."""

from __future__ import annotations

from functools import partial

from closo import pipeline
from closo.pipeline import Analysis
from closo.quantity import Quantity
from closo.report.pictures import Studio
from closo.report.pieces import Fold, Part, Section, budgets, numbers
from closo.report.wording import value_text
from closo.result import Result
from closo.study import Cell

__all__ = ["cells", "interphase", "one_result"]


def cells(analysis: Analysis, studio: Studio) -> Section:
    """Return every cell that was measured: what it is, its figures, numbers and budgets; spectra last."""
    parts = []
    for number, (name, cell) in enumerate(analysis.study.cells.items(), 1):
        found = [(k, r) for k, r in analysis.results.items() if r.settings.get("specimen") == name]
        ordered = sorted(found, key=lambda pair: pair[1].technique == "impedance")
        folds = [one_result(result, studio, title=_title(name, key)) for key, result in ordered]
        if folds:
            parts.append(Part(f"cell-{number}", name, texts=_described(cell), folds=folds))
    common = [(key, r) for key, r in analysis.results.items() if key.startswith(("cells/", "presses/"))]
    together = [
        Part(f"cells-all-{number}", key.replace("/", ": "), texts=result.notes, folds=[one_result(result, studio)])
        for number, (key, result) in enumerate(common, 1)
    ]
    return Section("cells", "Cells", parts=[*together, *parts])


def one_result(result: Result, studio: Studio, *, title: str = "") -> Fold:
    """Return the figure, the numbers and the budgets of one result."""
    picture = studio.try_draw(partial(pipeline.figure, result))
    return Fold(
        title or f"{result.technique.replace('_', ' ').capitalize()}: {result.name}",
        texts=result.notes,
        pictures=[picture] if picture else [],
        tables=[numbers(result)],
        budgets=budgets(result),
    )


def _title(cell: str, key: str) -> str:
    what = key.removeprefix(f"{cell}/").replace("_", " ").replace("/", ": ")
    return what[:1].upper() + what[1:]


def _described(cell: Cell) -> list[str]:
    """Return what a cell is, as a sentence."""
    words: list[str] = [cell.kind or "cell"]
    if cell.separator_sample:
        words.append(f"electrolyte {cell.separator_sample}")
    for key in ("area", "separator_thickness", "cathode_mass", "areal_capacity", "current_density", "pressure"):
        number = getattr(cell, key)
        if number is not None:
            name = {"separator_thickness": "thickness", "cathode_mass": "mass"}.get(key, key)
            words.append(f"{key.replace('_', ' ')} {value_text(Quantity(name, number))}")
    text = ", ".join(words)
    return [f"{text[:1].upper()}{text[1:]}.", *([cell.note] if cell.note else [])]


def interphase(analysis: Analysis, studio: Studio) -> Section:
    """Return which interphase explains the conductivities, where `closo infer interphase` was asked."""
    from closo.combine.interphase import figures

    result = analysis.results.get("interphase")
    if result is None:
        return Section("interphase", "Interphase")
    pictures = [studio.draw(spec) for spec in figures(result)]
    return Section("interphase", "Interphase", texts=result.notes, pictures=pictures, tables=[numbers(result)])
