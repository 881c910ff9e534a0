"""The figures of a report: which ones, and each as SVG on the page and as files beside it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from closo import pipeline
from closo.errors import ClosoError
from closo.figures import FigureSpec, Panel, render, to_csv
from closo.figures.draw import file_stem
from closo.figures.svg import is_plain, to_page_svg
from closo.figures.table import to_rows
from closo.report.inline import inline_svg
from closo.report.wording import celsius, sentences
from closo.result import Result
from closo.techniques import get

_COLUMNS = 5
_NOT_ON_PAGE = ("residuals", "Bode plots")  # their check is in the table; `closo show KEY --figures DIR` draws them
_NUMBERS_ON_PAGE = 600  # figures with more numbers point to their CSV file instead


@dataclass(frozen=True)
class Picture:
    """A figure on the page."""

    number: int  # counted over the page
    title: str
    caption: str
    svg: Markup  # the drawing, safe to insert
    files: Mapping[str, str]  # names of the files, relative to the page
    rows: Sequence[Sequence[str]]  # the plotted numbers as text, 3 headings first; empty where there are too many


class Studio:
    """Draws figures one after the other, numbers them, and writes their files into `folder`/figures."""

    def __init__(self, folder: Path, *, synthetic: bool, pdf: bool, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._formats = ("svg", "pdf") if pdf else ("svg",)
        self._synthetic = synthetic
        self._report = report
        self._names: set[str] = set()
        self._count = 0

    def draw(self, spec: FigureSpec, formats: Sequence[str] = ()) -> Picture:
        """Draw a figure and write it in `formats` (those of all figures where none is named), with its numbers as CSV."""
        self._report(spec.title or spec.name)
        self._count += 1
        spec = replace(spec, synthetic=spec.synthetic or self._synthetic)
        wanted = tuple(formats or self._formats)
        files = {"svg": to_page_svg(spec).encode()} if wanted == ("svg",) and is_plain(spec) else render(spec, wanted)
        files["csv"] = to_csv(spec).encode()
        stem = self._free_name(file_stem(spec.name))
        (self._folder / "figures").mkdir(parents=True, exist_ok=True)
        for kind, content in files.items():
            (self._folder / "figures" / f"{stem}.{kind}").write_bytes(content)
        title = spec.title or spec.name
        description = f"{title}. {spec.summary}".strip()
        head, body = to_rows(spec)
        rows = [*head, *[["" if v is None or math.isnan(v) else f"{v:.5g}" for v in row] for row in body]]
        return Picture(
            number=self._count,
            title=title,
            caption=sentences(spec.summary, *spec.notes, "Synthetic data" if spec.synthetic else ""),
            svg=inline_svg(files["svg"].decode(), f"f{self._count}", description),
            files={kind: f"figures/{stem}.{kind}" for kind in files},
            rows=rows if sum(map(len, rows)) <= _NUMBERS_ON_PAGE else (),
        )

    def try_draw(self, make: Callable[[], FigureSpec]) -> list[Picture]:
        """Draw what `make` returns; a result that cannot be drawn gives nothing, not an error."""
        try:
            return [self.draw(make())]
        except ClosoError:
            return []

    def _free_name(self, stem: str) -> str:
        name, number = stem, 2
        while name.casefold() in self._names:
            name, number = f"{stem}-{number}", number + 1
        self._names.add(name.casefold())
        return name


def spectra_of(results: Sequence[Result], name: str) -> list[FigureSpec]:
    """Return small multiples: for each panel of the technique's figure, one figure with that of all results.

    Parameters
    ----------
    results : of one technique, of the pellets of one sample.
    name : of the sample.
    """
    drawn: list[tuple[Result, FigureSpec]] = []
    for result in results:
        try:
            drawn.append((result, pipeline.figure(result)))
        except ClosoError:
            continue
    figures = [spec for spec in [_series(results)] if spec is not None]
    for number in range(max((len(spec.panels) for _, spec in drawn), default=0)):
        panels = [replace(spec.panels[number], title=_place(r, name)) for r, spec in drawn if number < len(spec.panels)]
        what = _what(panels[0])
        if what in _NOT_ON_PAGE:
            continue
        figures.append(
            FigureSpec(
                name=f"{name} {results[0].technique} {what}",
                panels=panels,
                title=f"{name}: {what}",
                summary=f"{len(panels)} measurements, one panel each.",
                columns=_COLUMNS,
            )
        )
    return figures


def _series(results: Sequence[Result]) -> FigureSpec | None:
    """Return the pellet with most measurements in one figure, where the technique has such a figure."""
    owner, count = Counter(result.about.owner for result in results).most_common(1)[0]
    mine = [result for result in results if result.about.owner == owner]
    return get(results[0].technique).overlay(mine) if count > 1 else None


def _place(result: Result, sample: str) -> str:
    """Return pellet, temperature and branch of a measurement, or its name."""
    specimen = result.about.owner
    pellet = specimen.removeprefix(sample).strip(" -_.") if len(specimen) > 8 else specimen
    temperature = celsius(result)
    place = f"{temperature} {result.about.branch}".strip() or result.name
    return f"{pellet} {place}".strip()


def _what(panel: Panel) -> str:
    """Return what a panel shows."""
    if panel.equal:
        return "Nyquist plots"
    for mark, words in (("fit", "residuals"), ("|Z|", "Bode plots"), ("gamma", "distributions of relaxation times")):
        if mark in panel.y.label:
            return words
    return panel.y.label
