"""Which mechanism limits the cells of a study: ranking, verdict, intervals, and the run that would decide.

Measures
    findings: `ranking`, `verdict`, `alive`, `intervals` of the values that each mechanism would need, `runs`.
Needs
    two cathode half cells or more that were cycled, of an active material that closo has parameters of, and the
    conductivity of their electrolyte; a spectrum and a symmetric cell with the same electrolyte help.
Uncertainty sources
    those of `scoring`: mass, conductivity, temperature through the energies, charge lost in the first cycle, the hysteresis
    of the active material, double layers, and what the model itself may be wrong by.
Checks
    does the best explanation fit; are there two cells at two temperatures?
Limits
    Ranked among those tried. A real cell may have two causes at once; then the verdict is that none fits, or the larger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from closo.combine.limits.evidence import Evidence
from closo.combine.limits.mechanisms import MECHANISMS, NONE, OTHER
from closo.combine.limits.next_run import NextRun, next_runs
from closo.combine.limits.scoring import Score, score, simulate_row
from closo.combine.limits.verdicts import Verdict, fits, judge, probabilities
from closo.constants import CELSIUS
from closo.errors import DataError, counted
from closo.figures.spec import Axis, FigureSpec, Panel, Span, Trace
from closo.processes import Progress
from closo.result import Check, Result


def limits(cells: Sequence[Evidence], *, name: str, progress: Progress | None = None) -> Result:
    """Score every mechanism against all cells, and find the run that would decide between those that remain.

    Raises
    ------
    DataError  when there is no cell.
    """
    if not cells:
        raise DataError(
            "No cathode half cell of the study has what a score needs: its cycling, masses, area and electrolyte.",
            hint="`closo analyse` and `closo check` say what is missing.",
        )
    steps = [0]

    def tell(what: str) -> None:
        steps[0] += 1
        if progress is not None:
            progress(steps[0], None, what)

    rows = []
    for cell in cells:
        tell(cell.name)
        rows.append(simulate_row(cell, kelvin=cell.kelvin, c_rate=cell.c_rate))
    scores = score(cells, rows, tell=tell)
    verdict, probability = judge(scores), probabilities(scores)
    runs: list[NextRun] = []
    known = {n: probability[n] for n in verdict.alive if n != OTHER}
    if len(known) > 1:
        runs = next_runs(cells, rows, scores, known, tell=tell)
    findings = {
        "verdict": verdict.kind,
        "alive": list(verdict.alive),
        "ranking": [_row(s, probability[s.name], scores[0].evidence) for s in scores],
        "runs": [_run(run, cells) for run in runs[:8]],
        "course": [_run(run, cells) for run in runs if runs and run.cell == runs[0].cell and _same_rate(run, cells)],
        "cells": [_cell(cell) for cell in cells],
    }
    answer = _sentence(verdict, findings)
    findings["answer"] = answer
    notes = (
        answer,
        "Ranked among the mechanisms tried; parameters of the active material that nobody measured are assumed.",
    )
    return Result("cell_limits", name, {}, checks=_checks(cells, verdict, scores), notes=notes, findings=findings)


def _row(found: Score, probability: float, top: float) -> dict[str, Any]:
    low, middle, high = interval_of(found)
    unit = next((m.unit for m in MECHANISMS if m.name == found.name), "")
    return {
        "name": found.name,
        "probability": probability,
        "difference": found.evidence - top,
        "chi2": found.best,
        "dof": found.dof,
        "fits": fits(found),
        "interval": [low, high],
        "median": middle,
        "unit": unit,
    }


def interval_of(found: Score) -> tuple[float, float, float]:
    """Return 2.5 %, median and 97.5 % of the value at 20 degC that a mechanism would need; NaN for 'none'."""
    mechanism = next((m for m in MECHANISMS if m.name == found.name), None)
    if mechanism is None:
        return (np.nan,) * 3
    order = np.argsort(found.posterior[:, 0], kind="stable")
    x, weight = found.posterior[order, 0], found.posterior[order, 2]
    coordinate = np.interp([0.025, 0.5, 0.975], np.cumsum(weight) - 0.5 * weight, x)
    width = 0.5 * float(np.ptp(mechanism.grid(2))) / 24
    coordinate = coordinate + np.array([-width, 0.0, width])
    low, middle, high = (float(v) for v in (coordinate if mechanism.linear else np.exp(coordinate)))
    return low, middle, high


def _run(run: NextRun, cells: Sequence[Evidence]) -> dict[str, Any]:
    cell = next(c for c in cells if c.name == run.cell)
    theory = cell.stack.chemistry["theoretical_capacity"] / 3600.0
    return {
        "cell": run.cell,
        "temperature": run.kelvin - CELSIUS,
        "c_rate": run.c_rate,
        "bits": run.information,
        "most": run.most,
        "expected": {n: {"capacity": c * theory, "gap": g} for n, (c, g) in run.expected.items()},
    }


def _cell(cell: Evidence) -> dict[str, Any]:
    return {
        "name": cell.name,
        "temperature": cell.kelvin - CELSIUS,
        "c_rate": cell.c_rate,
        "capacity": cell.capacity * cell.stack.chemistry["theoretical_capacity"] / 3600.0,
        "ratio": cell.ratio,
        "gaps": [float(g) for g in cell.gaps],
        "spectrum": cell.impedance is not None,
    }


def _same_rate(run: NextRun, cells: Sequence[Evidence]) -> bool:
    cell = next(c for c in cells if c.name == run.cell)
    return abs(run.c_rate / cell.c_rate - 1.0) < 1e-6


def _sentence(verdict: Verdict, findings: Mapping[str, Any]) -> str:
    """Return the answer."""
    if verdict.kind == "none fits":
        return (
            "None of the mechanisms tried explains these cells, alone: what limits them is something else or several."
        )
    first = verdict.alive[0]
    if verdict.kind == "identified":
        if first == NONE:
            return "Nothing slow is needed to explain these cells."
        return f"These cells are limited by: {first}."
    number = len(findings["cells"])
    count = {1: "this one cell", 2: "these two cells"}.get(number, f"these {number} cells")
    text = f"Not identifiable from {count}: {' or '.join(verdict.alive)}."
    if findings["runs"]:
        run = findings["runs"][0]
        what = ", ".join(f"{n} {e['capacity']:.0f} mAh/g" for n, e in run["expected"].items())
        text += (
            f" The run that would decide: '{run['cell']}' at {run['temperature']:.0f} degC and {run['c_rate']:.2g} 1/h "
            f"(expected: {what}; {run['bits']:.2f} of {run['most']:.2f} bit)."
        )
    return text


def _checks(cells: Sequence[Evidence], verdict: Verdict, scores: Sequence[Score]) -> tuple[Check, ...]:
    best = min((s for s in scores if s.name != OTHER), key=lambda s: s.best / max(s.dof, 1))
    spread = max(c.kelvin for c in cells) - min(c.kelvin for c in cells)
    fit = f"best: {best.name}, chi2 {best.best:.1f} for {best.dof} degrees of freedom, limit P = 0.01"
    apart = f"{counted(len(cells), 'cell')}, {spread:.1f} K apart"
    return (
        Check("an explanation fits", verdict.kind != "none fits", fit),
        Check("two temperatures", spread > 5.0 if len(cells) > 1 else False, apart),
    )


def figure(result: Result) -> FigureSpec:
    """Return the ranking, and what the mechanisms that remain expect of the run that would decide."""
    rows = result.findings["ranking"]
    shown = [r for r in rows if np.isfinite(r["difference"])]
    ticks = [(float(k), r["name"]) for k, r in enumerate(shown)]
    drop = np.array([max(r["difference"], -60.0) for r in shown])
    fit = np.array([r["fits"] for r in shown])
    place = np.arange(len(shown), dtype=float)
    traces = [
        Trace(drop[fit], place[fit], "fits", "points", color=0),
        Trace(drop[~fit], place[~fit], "does not fit", "points", color=1, marker=1),
    ]
    ranking = Panel(
        Axis("ln evidence, less that of the best", range=(-63.0, 3.0)),
        Axis("", ticks=ticks, range=(len(shown) - 0.5, -0.5)),
        [t for t in traces if len(t.x)],
        title="mechanisms",
    )
    panels = [ranking]
    course = sorted(result.findings["course"], key=lambda r: r["temperature"])
    if course:
        cell = next(c for c in result.findings["cells"] if c["name"] == course[0]["cell"])
        lines = []
        for k, name in enumerate(course[0]["expected"]):
            points = [(r["temperature"], r["expected"][name]["capacity"]) for r in course]
            x, y = zip(*sorted([*points, (cell["temperature"], cell["capacity"])]), strict=True)
            lines.append(Trace(x, y, name, "both", color=k + 2, marker=k))
        lines.append(Trace([cell["temperature"]], [cell["capacity"]], "measured", "points", color=0, marker=3))
        title = f"{cell['name']} at {course[0]['c_rate']:.2g} 1/h"
        decides = result.findings["runs"][0]["temperature"]
        spans = [Span(decides - 1.0, decides + 1.0, label="the run that would decide")]
        panels.append(Panel(Axis("T / degC"), Axis("q / mAh g-1"), lines, spans=spans, title=title))
    title = f"What limits the cells: {result.name}"
    return FigureSpec(f"cell limits {result.name}", panels, title, result.findings["answer"], notes=result.notes)
