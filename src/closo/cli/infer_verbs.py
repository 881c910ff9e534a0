"""Verbs that explain: infer interphase, infer milling; and the one that says what to make next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.options import Figures, Json, Study, Workers
from closo.cli.output import analysed, cell, say, show_lines, show_table, write_json
from closo.errors import StudyError, counted

if TYPE_CHECKING:
    from closo.figures import FigureSpec
    from closo.pipeline import Analysis
    from closo.result import Result

_Seed = Annotated[int, typer.Option(min=0, help="Of the sampling; the same seed gives the same numbers.")]


def interphase(
    study: Study,
    *,
    figures: Figures = None,
    workers: Workers = 0,
    seed: _Seed = 0,
    as_json: Json = False,
) -> int:
    """Fit every explanation of the interphase to a study, rank them, and name the sample that would decide.

    The result is kept with the study: claims, show and report know it as 'interphase' until the data change.
    Exit code: 1 if a check failed, else 0.
    """
    from closo.combine import interphase as drawn
    from closo.pipeline.explained import INTERPHASE
    from closo.pipeline.interphase import infer_interphase

    analysis = analysed(study, workers)
    say(f"{counted(len(analysis.results), 'result')}; explaining them takes about 10 s.")
    result = known_or_made(analysis, INTERPHASE, lambda: infer_interphase(analysis, seed=seed), {"seed": seed})
    return _told(analysis, result, drawn.figures(result), _RANKED["interphase"], folder=figures, as_json=as_json)


def milling(
    study: Study,
    *,
    phase: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE=NAME", help="Phase of diffraction (its CIF name) that is the salt in state A, B or C."
        ),
    ] = None,
    figures: Figures = None,
    workers: Workers = 0,
    seed: _Seed = 0,
    as_json: Json = False,
) -> int:
    """Fit laws of milling to a recipe that was milled for different times, rank them, and say when to stop.

    The result is kept with the study: claims, show and report know it as 'milling' until the data change.
    Exit code: 1 if a check failed, else 0.
    """
    from closo.combine.milling import figure
    from closo.pipeline.explained import MILLING
    from closo.pipeline.milling import infer_milling

    phases = dict(_phase(text) for text in phase or [])
    analysis = analysed(study, workers)
    result = known_or_made(
        analysis, MILLING, lambda: infer_milling(analysis, phases=phases, seed=seed), {"phases": phases, "seed": seed}
    )
    return _told(analysis, result, (figure(result),), _RANKED["milling"], folder=figures, as_json=as_json)


def _phase(text: str) -> tuple[str, str]:
    state, _, name = text.partition("=")
    if state not in ("A", "B", "C") or not name:
        raise StudyError(
            f"--phase {text} does not say which state a phase is.",
            hint="Write A=NAME: A as received, B what milling makes of it, C over-milled.",
        )
    return state, name


def known_or_made(analysis: Analysis, key: str, make: Callable[[], Result], settings: Mapping[str, object]) -> Result:
    """Return the result that is kept with a study where its settings are these, else make it and keep it."""
    from closo.pipeline.explained import keep_explained

    known = analysis.results.get(key)
    if known is not None and settings.items() <= known.settings.items():
        return known
    result = make()
    keep_explained(analysis, key, result)
    return result


def _told(
    analysis: Analysis,
    result: Result,
    specs: Iterable[FigureSpec],
    ranked: Mapping[str, str],
    *,
    folder: Path | None,
    as_json: bool,
) -> int:
    """Draw and show a result; return the exit code."""
    written = draw(specs, folder, synthetic=analysis.study.synthetic)
    if as_json:
        write_json(result.as_json() | {"synthetic": analysis.study.synthetic, "figures": written})
    else:
        _show(result, ranked, written)
    return int(bool(result.failed_checks))


def draw(specs: Iterable[FigureSpec], folder: Path | None, *, synthetic: bool = False) -> list[str]:
    """Write the figures; those of synthetic data say so. Return where they are, nothing without a folder."""
    if folder is None:
        return []
    from dataclasses import replace

    from closo import figures

    drawn = [replace(spec, synthetic=synthetic or spec.synthetic) for spec in specs]
    return [str(path) for spec in drawn for path in figures.save(spec, folder)]


_RANKED = {  # heading -> key of a row of the ranking
    "interphase": {
        "explanation": "name",
        "elpd difference": "difference",
        "± ": "standard_error",
        "ln evidence": "log_evidence",
        "verdict": "verdict",
    },
    "milling": {"law": "name", "AICc difference": "difference", "ln evidence": "log_evidence", "says": "title"},
}


def _show(result: Result, ranked: Mapping[str, str], written: list[str]) -> None:
    from closo.cli.screen import check_lines

    main = {key: q for key, q in result.quantities.items() if result.technique == "milling" or ":" not in key}
    show_table(["quantity", "value", "method"], [[key, str(q), q.method] for key, q in main.items()])
    rows = [[cell(row[key], "{:.1f}") for key in ranked.values()] for row in result.findings["ranking"]]
    show_table(list(ranked), rows)
    show_lines(check_lines(result))
    show_lines([f"  {note}" for note in result.notes])
    show_lines(written)


def next_(
    study: Study, *, figures: Figures = None, workers: Workers = 0, seed: _Seed = 0, as_json: Json = False
) -> int:
    """Say which sample to make next: the one with the highest expected conductivity, and the one that teaches most.

    From what `closo infer interphase` found and kept with the study; where there is nothing, it is inferred first.
    Exit code: 1 if no explanation fits, so that nothing can be said, else 0.
    """
    from closo.combine.interphase import figure_next, offers
    from closo.pipeline.explained import INTERPHASE
    from closo.pipeline.interphase import infer_interphase

    analysis = analysed(study, workers)
    if INTERPHASE not in analysis.results:
        say("The interphase has not been explained yet; this takes about 10 s.")
    result = known_or_made(analysis, INTERPHASE, lambda: infer_interphase(analysis, seed=seed), {})
    ranked = {told: offers(result, by=by) for told, by in (("conducts best", "mean"), ("teaches most", "information"))}
    known = any(ranked.values())
    written = draw([figure_next(result)] if known else [], figures, synthetic=analysis.study.synthetic)
    if as_json:
        head = {"temperature": result.findings["reference_temperature"], "synthetic": analysis.study.synthetic}
        write_json(head | {told.replace(" ", "_"): rows for told, rows in ranked.items()} | {"figures": written})
    elif known:
        _show_offers(result, ranked, written)
    else:
        show_lines([f"No sample can be named. {result.notes[0]}"])
    return 0 if known else 1


def _show_offers(result: Result, found: Mapping[str, list[dict[str, Any]]], written: list[str]) -> None:
    from closo.combine.arrhenius.points import celsius

    at = celsius(float(result.findings["reference_temperature"]))
    for told, rows in found.items():
        show_table(
            [
                told,
                "silica",
                "vol%",
                "milling / h",
                f"S/cm at {at}",
                "95 %",
                "better than all so far",
                "information / nat",
            ],
            [
                [
                    str(k),
                    str(row["silica"]),
                    f"{100 * row['fraction']:.0f}",
                    f"{row['time'] / 3600.0:g}",
                    f"{row['median'] / 100.0:.2g}",
                    f"{row['low'] / 100.0:.2g} to {row['high'] / 100.0:.2g}",
                    "" if math.isnan(row["better"]) else f"{100 * row['better']:.0f} %",
                    f"{row['information']:.2f}",
                ]
                for k, row in enumerate(rows, 1)
            ],
        )
    show_lines([f"  {note}" for note in result.notes[:1]])
    show_lines(written)


next_.__name__ = "next"
VERBS = (interphase, milling)
SINGLE = (next_,)
