"""The sections of a report: which figures and tables stand where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from closo import pipeline
from closo.combine.arrhenius import figure_overlay
from closo.figures import FigureSpec
from closo.figures.labels import value_text
from closo.pipeline import Analysis, Problem
from closo.quantity import Quantity
from closo.report import listing
from closo.report.cells import cells, explanations, one_result
from closo.report.pictures import Studio, spectra_of
from closo.report.pieces import Fold, Part, Section, budgets, numbers
from closo.report.tables import Column, Table
from closo.result import Result
from closo.techniques import get

_SHOWN_ONE_BY_ONE = 3  # measurements of one technique on one sample; more share their figures and one table


def all_sections(analysis: Analysis, studio: Studio, *, problems: Sequence[Problem]) -> list[Section]:
    """Return the sections in the order in which a supervisor asks for them; empty ones are left out."""
    sections = [
        _conductivity(analysis, studio),
        _series(analysis, studio),
        *explanations(analysis, studio),
        cells(analysis, studio),
        _samples(analysis, studio),
        _powders(analysis, studio),
        _checks(analysis),
        Section("problems", "Problems in the study", tables=[listing.problems(problems)]),
        Section("failures", "Without a result", texts=analysis.notes, tables=[listing.failures(analysis.failures)]),
        _provenance(analysis),
    ]
    return [s for s in sections if s.pictures or s.parts or s.texts or any(t.rows for t in s.tables)]


def _conductivity(analysis: Analysis, studio: Studio) -> Section:
    """Return all samples in one Arrhenius plot, and the numbers of every pellet."""
    laws = [r for r in analysis.results.values() if r.technique == "arrhenius"]
    return Section(
        "conductivity",
        "Conductivity and activation energy",
        pictures=studio.try_draw(lambda: overlay(laws)) if len(laws) > 1 else [],
        tables=[table] if (table := listing.pellets(analysis)).rows else [],
    )


def overlay(laws: Sequence[Result]) -> FigureSpec:
    """Return all Arrhenius laws in one plot; the pellets of one sample share colour, marker and entry of the legend."""
    spec = figure_overlay(laws, title="Conductivity over temperature")
    samples = [law.about.sample or law.name for law in laws]
    colors = {sample: number for number, sample in enumerate(dict.fromkeys(samples))}
    named: set[str] = set()
    traces = []
    for trace in spec.panels[0].traces:
        sample = samples[trace.color]
        label = trace.label if trace.label == "cooling" else ""
        if trace.label == laws[trace.color].name and sample not in named:
            label = sample
            named.add(sample)
        traces.append(replace(trace, color=colors[sample], marker=colors[sample], label=label))
    bands = [replace(band, color=colors[samples[band.color]]) for band in spec.panels[0].bands]
    summary = f"Conductivity of {len(laws)} pellets of {len(colors)} samples with their Arrhenius laws."
    notes = ("Filled: heating; open: cooling. Pellets of one sample have one colour.",)
    return replace(spec, panels=[replace(spec.panels[0], traces=traces, bands=bands)], summary=summary, notes=notes)


def _series(analysis: Analysis, studio: Studio) -> Section:
    """Return the samples along composition, milling time, kind of silica."""
    parts: list[Part] = []
    for key, result in analysis.results.items():
        if key.startswith("series/"):
            part = Part(
                f"series-{len(parts) + 1}",
                key.removeprefix("series/"),
                texts=result.notes,
                pictures=studio.try_draw(partial(pipeline.figure, result)),
                folds=[Fold("Numbers", tables=[numbers(result)])],
            )
            parts.append(part)
    return Section("series", "Series", parts=parts)


def _samples(analysis: Analysis, studio: Studio) -> Section:
    """Return every sample with its pellets: spectra, numbers, budgets."""
    parts = []
    for number, (name, sample) in enumerate(analysis.study.samples.items(), 1):
        specimens = [name, *(s for s, table in analysis.study.specimens.items() if table.sample == name)]
        folds = _laws(analysis, specimens, studio) + _other_fits(analysis, specimens, studio)
        folds += _spectra(analysis, specimens, name, studio=studio)
        combined = analysis.results.get(f"{name}/conductivity")
        if combined is not None:
            folds.insert(0, Fold("Mean of the pellets", tables=[numbers(combined)], budgets=budgets(combined)))
        if folds:
            parts.append(Part(f"sample-{number}", name, texts=_recipe(sample), folds=folds))
    return Section("samples", "Samples and pellets", parts=parts)


def _powders(analysis: Analysis, studio: Studio) -> Section:
    """Return every powder as bought that was measured, and what follows from all powders together."""
    parts = []
    for number, name in enumerate(analysis.study.powders, 1):
        folds = _spectra(analysis, [name], name, studio=studio)
        if folds:
            parts.append(Part(f"powder-{number}", name, folds=folds))
    together = [r for key, r in analysis.results.items() if key.startswith("powders/")]
    parts += [Part(f"powders-all-{n}", r.name, folds=[one_result(r, studio)]) for n, r in enumerate(together, 1)]
    return Section("powders", "Powders", parts=parts)


def _laws(analysis: Analysis, specimens: Sequence[str], studio: Studio) -> list[Fold]:
    """Return the Arrhenius law of every pellet of a sample."""
    folds = []
    for specimen in specimens:
        law = analysis.results.get(f"{specimen}/arrhenius")
        if law is None:
            continue
        folds.append(
            Fold(
                f"{specimen}: Arrhenius law, Eₐ = {value_text(law.quantities.get('activation_energy'))}",
                pictures=studio.try_draw(partial(pipeline.figure, law)),
                tables=[numbers(law)],
                budgets=budgets(law, extra={"ionic conductivity at 30 °C": listing.at_reference(law)}),
            )
        )
    return folds


def _other_fits(analysis: Analysis, specimens: Sequence[str], studio: Studio) -> list[Fold]:
    """Return what else was made of the results of a pellet, such as one fit of all its spectra."""
    single = {id(result) for result in listing.single(analysis, specimens)}
    folds = []
    for key, result in analysis.results.items():
        specimen, _, what = key.partition("/")
        if specimen not in specimens or what in ("arrhenius", "conductivity") or id(result) in single:
            continue
        pictures = studio.try_draw(partial(pipeline.figure, result))
        folds.append(Fold(f"{specimen}: {what}", pictures=pictures, tables=[numbers(result)]))
    return folds


def _spectra(analysis: Analysis, specimens: Sequence[str], sample: str, *, studio: Studio) -> list[Fold]:
    """Return the measurements of all pellets of a sample, a fold per technique."""
    by_technique: dict[str, list[Result]] = {}
    for result in listing.single(analysis, specimens):
        by_technique.setdefault(result.technique, []).append(result)
    folds = []
    for technique, results in by_technique.items():
        if len(results) <= _SHOWN_ONE_BY_ONE:
            folds += [one_result(result, studio) for result in results]
            continue
        pictures = [studio.draw(spec, ("svg",)) for spec in spectra_of(results, sample)]
        pellets = len({result.about.owner for result in results})
        where = f" on {pellets} pellets" if pellets > 1 else ""
        title = f"{get(technique).title}: {len(results)} measurements{where}"
        folds.append(Fold(title, pictures=pictures, tables=[listing.measurements(results)]))
    return folds


def _recipe(sample: Any) -> list[str]:
    """Return how a sample was made, as a sentence."""
    words = []
    recipe, milling = sample.recipe, sample.milling
    if recipe is not None:
        parts = [recipe.matrix, recipe.filler_type or recipe.filler]
        words.append(" with ".join(str(p) for p in parts if p))
        if recipe.filler_fraction is not None:
            words.append(value_text(recipe.filler_fraction))
    if milling is not None and milling.time is not None:
        words.append(f"milled {value_text(Quantity('milling_time', milling.time))}")
    return [", ".join(words) + "."] if words else []


def _checks(analysis: Analysis) -> Section:
    """Return the checks that failed or are undecided, and how many passed."""
    outcomes = [check.passed for result in analysis.results.values() for check in result.checks]
    text = (
        f"{outcomes.count(True)} checks passed, {outcomes.count(False)} failed, {outcomes.count(None)} undecided. "
        "All of them are in tables/checks.csv."
    )
    return Section("checks", "Checks", texts=[text], tables=[listing.open_checks(analysis)])


def _provenance(analysis: Analysis) -> Section:
    """Return settings, files with their sha256, and versions."""
    kinds: dict[str, set[str]] = {}
    for result in analysis.results.values():
        for name in ("circuit", "weights", "convention", "model"):
            chosen = {**result.findings, **result.settings}
            if name in chosen:
                kinds.setdefault(f"{result.technique}: {name}", set()).add(str(chosen[name]))
    settings = Table(
        "settings",
        "Settings behind the numbers",
        [Column("setting"), Column("values")],
        [[name, ", ".join(sorted(values))] for name, values in sorted(kinds.items())],
    )
    files = listing.files(analysis)
    folds = [Fold(f"{len(files.rows)} files with their sha256", tables=[files])] if files.rows else []
    part = Part("provenance-files", "Files", folds=folds)
    return Section("provenance", "Settings and provenance", tables=[settings], parts=[part])
