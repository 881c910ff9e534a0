"""The sections on cells, on the interphase and on milling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from closo import pipeline
from closo.figures import FigureSpec
from closo.figures.labels import value_text
from closo.pipeline import Analysis
from closo.quantity import Quantity
from closo.report.pictures import Studio
from closo.report.pieces import Fold, Part, Section, budgets, numbers
from closo.report.tables import Column, Table
from closo.report.wording import key_text
from closo.result import Result
from closo.study import Cell


def cells(analysis: Analysis, studio: Studio) -> Section:
    """Return every cell that was measured: what it is, its figures, numbers and budgets; spectra last."""
    parts = []
    for number, (name, cell) in enumerate(analysis.study.cells.items(), 1):
        of_owner = [(k, r) for k, r in analysis.results.items() if r.about.owner == name]
        ordered = sorted(of_owner, key=lambda pair: pair[1].technique == "impedance")
        folds = [one_result(result, studio, title=_title(name, key)) for key, result in ordered]
        if folds:
            parts.append(Part(f"cell-{number}", name, texts=_described(cell), folds=folds))
    common = [(key, r) for key, r in analysis.results.items() if key.startswith(("cells/", "presses/"))]
    together = [
        Part(f"cells-all-{number}", key.replace("/", ": "), folds=[one_result(result, studio)])
        for number, (key, result) in enumerate(common, 1)
    ]
    return Section("cells", "Cells", tables=[_glance(analysis)], parts=[*parts, *together])


_HEADLINES = (  # what a cell is measured for, in the order of the table
    "specific_capacity:first_discharge",
    "coulombic_efficiency",
    "capacity_retention",
    "critical_current_density:survived",
    "critical_current_density:failed",
    "polarization:first",
    "polarization:last",
    "duration",
    "interfacial_resistance",
    "interfacial_resistance:upper_limit",
    "transference_number",
    "electronic_conductivity",
    "electronic_conductivity:upper_limit",
    "electronic_fraction",
    "onset_potential",
    "resistance_ratio",
    "overpotential:separator",
    "missing_charge",
    "electrons_per_anion",
)


def _glance(analysis: Analysis) -> Table:
    """Return the main numbers of every cell."""
    rows = []
    for name in analysis.study.cells:
        of_cell = [r for r in analysis.results.values() if r.about.owner == name]
        for key in _HEADLINES:
            first = next((r.quantities[key] for r in of_cell if key in r.quantities), None)
            if first is not None:
                said = first.method if first.number is not None else first.why
                rows.append([name, key_text(key), value_text(first), said])
    columns = [Column("cell"), Column("quantity"), Column("value"), Column("method, or why it is withheld")]
    return Table("cells", "Cells at a glance", columns, rows)


def one_result(result: Result, studio: Studio, *, title: str = "") -> Fold:
    """Return the figure, the numbers and the budgets of one result."""
    return Fold(
        title or f"{result.technique.replace('_', ' ').capitalize()}: {result.name}",
        texts=result.notes,
        pictures=studio.try_draw(partial(pipeline.figure, result)),
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


def explanations(analysis: Analysis, studio: Studio) -> list[Section]:
    """Return what `closo infer` said of the interphase, of milling and of the cells, where it was asked."""
    from closo.combine import interphase, limits, milling

    return [
        _explained(analysis, studio, "interphase", title="Interphase", draw=interphase.figures),
        _explained(analysis, studio, "milling", title="Milling", draw=lambda result: [milling.figure(result)]),
        _explained(analysis, studio, "cell", title="What limits the cells", draw=lambda r: [limits.figure(r)]),
    ]


def _explained(
    analysis: Analysis, studio: Studio, key: str, *, title: str, draw: Callable[[Result], Iterable[FigureSpec]]
) -> Section:
    """Return what an explanation says, with its figures, checks and numbers; empty where nobody asked for it."""
    result = analysis.results.get(key)
    if result is None:
        return Section(key, title)
    checked = [f"{check.name} ({check.outcome}): {check.detail}." for check in result.checks]
    pictures = [studio.draw(spec) for spec in draw(result)]
    return Section(key, title, texts=(*result.notes, *checked), pictures=pictures, tables=[numbers(result)])
