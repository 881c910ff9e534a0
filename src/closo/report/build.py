"""Write a report: report.html (complete in itself), figures/ (SVG, CSV, PDF where asked), tables/ (CSV and one XLSX)."""

from __future__ import annotations

import hashlib
import sys
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import closo
from closo.claims import WORDS, Verdict
from closo.combine.samples import quantity
from closo.figures.labels import literal, typeset, value_text
from closo.nomenclature import to_shown
from closo.pipeline import Analysis, Problem, headline
from closo.processes import Progress
from closo.quantity import Quantity
from closo.report import listing
from closo.report.pictures import Picture, Studio
from closo.report.pieces import Section
from closo.report.sections import all_sections
from closo.report.tables import Table, as_printed, write_csv, write_xlsx
from closo.report.wording import key_text, level_class

_FIRST = ("conductivity", "series")  # sections that stand before the claims
_LEADING = ("cells", "powders")  # sections whose parts show their first figure, and fold the rest
# figures of each section in the summary
_KEY = {"conductivity": 1, "series": 2, "interphase": 1, "cells": 1, "samples": 1, "powders": 1}
_MOST_KEY = 4
_LIBRARIES = ("numpy", "scipy", "xarray", "GTC", "matplotlib")


@dataclass(frozen=True)
class Card:
    """A sample in the summary."""

    name: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    anchor: str
    title: str
    inside: Sequence[Entry] = ()


def build(
    analysis: Analysis,
    folder: Path,
    *,
    verdicts: Sequence[Verdict] = (),
    problems: Sequence[Problem] = (),
    pdf: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the report of a study and return the path of its page.

    Parameters
    ----------
    analysis : of `pipeline.analyse`.
    folder : where to write; made if it is not there.
    verdicts : of `claims.judge`.
    problems : of `pipeline.check`.
    pdf : whether to write the figures as PDF too; it takes as long as all the rest.
    progress : called with (figures drawn, None, title of the next).

    The page needs nothing beside it: no network, no script, no file. It may be sent by mail.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    study = analysis.study
    drawn = iter(range(1_000_000))
    studio = Studio(
        folder,
        synthetic=study.synthetic,
        pdf=pdf,
        report=lambda what: progress(next(drawn), None, what) if progress else None,
    )
    sections, claims = all_sections(analysis, studio, problems=problems), listing.claims(verdicts)
    page = (
        _environment()
        .get_template("report.html")
        .render(
            **_frame(),
            **_summary(analysis, sections, verdicts),
            title=literal(study.title),
            synthetic=study.synthetic,
            doi=study.doi,
            claims=claims,
            sections=sections,
            contents=_contents(sections, with_claims=bool(claims.rows)),
        )
    )
    _write_tables(analysis, folder / "tables", [claims, listing.problems(problems)])
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8", errors="replace")
    return path


def _frame() -> dict[str, Any]:
    """Return what every report has: its looks, its script and the hash that lets it run, and what made it."""
    script = _part("report.js").strip()
    return {
        "css": Markup(_part("report.css")),
        "script": Markup(script),
        "script_hash": Markup(f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"),
        "version": closo.__version__,
        "time": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        "imprint": _imprint(),
    }


def _summary(analysis: Analysis, sections: Sequence[Section], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return what stands first, and how the sections below are laid out."""
    key, counts = _key_figures(sections), Counter(str(v.verdict) for v in verdicts)
    return {
        "cards": _cards(analysis),
        "overview": _overview(analysis),
        "key": key,
        "figure_number": _in_order(key, sections),
        "verdict_note": _on_statements(verdicts),
        "verdict_counts": [(word, counts[word]) for word in WORDS if counts[word]],
        "first": _FIRST,
        "leading": _leading(sections),
    }


def _key_figures(sections: Sequence[Section]) -> list[Picture]:
    """Return the few figures that a reader should see first; further down a line points to them."""
    pictures: list[Picture] = []
    for section in sections:
        folds = sorted(
            (f for part in section.parts for f in part.folds), key=lambda f: not f.title.startswith("Cycling")
        )
        own = [*section.pictures, *(one for part in section.parts for one in part.pictures)]
        own += [one for fold in folds for one in fold.pictures[:1]]
        pictures += own[: _KEY.get(section.anchor, 0)]
    return pictures[:_MOST_KEY]


def _in_order(key: Sequence[Picture], sections: Sequence[Section]) -> dict[int, int]:
    """Return the number of each figure on the page, where those of the summary come first, by the number it was drawn as."""
    drawn = [one.number for one in key]
    for section in sorted(sections, key=lambda section: section.anchor not in _FIRST):
        drawn += [one.number for one in section.pictures]
        for part in section.parts:
            drawn += [one.number for one in (*part.pictures, *(one for fold in part.folds for one in fold.pictures))]
    return {number: place for place, number in enumerate(dict.fromkeys(drawn), 1)}


def _leading(sections: Sequence[Section]) -> defaultdict[str, Picture | None]:
    """Return the figure that stands open in a part of cells and powders, by the part's anchor."""
    pictures: defaultdict[str, Picture | None] = defaultdict(lambda: None)
    for part in (part for section in sections if section.anchor in _LEADING for part in section.parts):
        pictures[part.anchor] = next((one for fold in part.folds for one in fold.pictures), None)
    return pictures


def _on_statements(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims are supported by what the study states alone; empty where none is."""
    supported = [v.basis for v in verdicts if v.verdict == "supported"]
    stated, derived = supported.count("stated"), supported.count("derived")
    if not stated and not derived:
        return ""
    return (
        f"Of the {len(supported)} supported, {len(supported) - stated - derived} rest on measurements, {derived} on "
        f"arithmetic with what the study states, and {stated} on its statement alone: there nothing was measured."
    )


def _environment() -> Environment:
    """Return templates in which everything is escaped."""
    environment = Environment(loader=PackageLoader("closo.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"level_class": level_class, "as_printed": as_printed, "typeset": typeset}
    environment.globals["badges"] = (*WORDS, "passed", "failed", "error", "warning", "note")
    return environment


def _part(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _write_tables(analysis: Analysis, folder: Path, more: Sequence[Table]) -> None:
    """Write all tables as CSV and together as XLSX; those of synthetic data say so."""
    tables = [
        *more,
        listing.pellets(analysis),
        listing.measurements(listing.single(analysis)),
        listing.quantities(analysis.results.items()),
        listing.budgets(analysis),
        listing.checks(analysis),
        listing.failures(analysis.failures),
        listing.files(analysis),
    ]
    if analysis.study.synthetic:
        firsts = [replace(table.columns[0], comment="synthetic data") for table in tables]
        tables = [replace(t, columns=[first, *t.columns[1:]]) for t, first in zip(tables, firsts, strict=True)]
    for table in tables:
        write_csv(table, folder)
    write_xlsx(tables, folder / "tables.xlsx")


def _cards(analysis: Analysis) -> list[Card]:
    """Return one card per measured sample: conductivity, activation energy, number of points."""
    cards = []
    for name in analysis.study.samples:
        pellets = [s for s, table in analysis.study.specimens.items() if table.sample == name]
        measured = listing.single(analysis, pellets)
        if not measured:
            continue
        energy = quantity(analysis.results, name, "activation_energy")
        points = sum("ionic_conductivity" in result.quantities for result in measured)
        count = f"{points} on {len(pellets)} pellet{'s' if len(pellets) != 1 else ''}"
        lines = [_conductivity(analysis, name), ("points", count)]
        if energy.number is not None:
            lines.insert(1, ("Eₐ", value_text(energy)))
        cards.append(Card(name, lines))
    return cards + [card for name in analysis.study.powders if (card := _powder_card(analysis, name)) is not None]


def _powder_card(analysis: Analysis, name: str) -> Card | None:
    """Return the main number of each technique by which a powder was measured."""
    lines: dict[str, tuple[str, str]] = {}
    for result in listing.single(analysis, [name]):
        key = headline(result)
        if key and result.quantities[key].number is not None:
            lines.setdefault(key, (key_text(key), value_text(result.quantities[key])))
    return Card(name, list(lines.values())) if lines else None


def _conductivity(analysis: Analysis, sample: str) -> tuple[str, str]:
    """Return the conductivity at 30 °C, or else at the temperature at which the sample was measured."""
    sigma = quantity(analysis.results, sample, "ionic_conductivity", temperature=listing.REFERENCE)
    mean = analysis.results.get(f"{sample}/conductivity")
    if sigma.number is not None or mean is None:
        return "σ at 30 °C", _or_dash(sigma)
    celsius = to_shown("temperature", float(mean.settings["temperature"]))
    return f"σ at {celsius:.4g} °C", _or_dash(mean.quantities.get("ionic_conductivity"))


def _or_dash(found: Quantity | None) -> str:
    return "–" if found is None or found.number is None else value_text(found)


def _overview(analysis: Analysis) -> str:
    checks = [check.passed for result in analysis.results.values() for check in result.checks]
    return (
        f"{len(analysis.results)} results from {len(listing.files(analysis).rows)} files; "
        f"{checks.count(True)} checks passed, {checks.count(False)} failed; {len(analysis.failures)} without a result."
    )


def _contents(sections: Sequence[Section], *, with_claims: bool) -> list[Entry]:
    entries = [Entry("summary", "Summary")]
    first = [section for section in sections if section.anchor in _FIRST]
    for section in (*first, *(section for section in sections if section not in first)):
        if with_claims and section not in first and not any(entry.anchor == "claims" for entry in entries):
            entries.append(Entry("claims", "Claims"))
        inside = [Entry(part.anchor, part.title) for part in section.parts] if len(section.parts) > 1 else []
        entries.append(Entry(section.anchor, section.title, inside))
    return entries


def _imprint() -> str:
    """Return the versions that made the page."""
    libraries: list[Any] = []
    for name in _LIBRARIES:
        try:
            libraries.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Made by closo {closo.__version__} with Python {python}, {', '.join(libraries)}."
