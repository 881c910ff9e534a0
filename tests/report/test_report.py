"""The report: complete in itself, safe with any text, honest about synthetic data."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

from closo.claims import judge, load_claims
from closo.errors import ReadError
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.pipeline import Analysis, Failure, Problem
from closo.report.build import build
from closo.report.inline import inline_svg
from closo.report.pictures import Studio
from closo.result import Check

VOID = {"meta", "link", "br", "img", "input", "hr", "use", "path", "rect"}


class Page(HTMLParser):
    """What is on a page: tags with their attributes, text, and whether tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.unclosed.pop() == tag

    def handle_data(self, data):
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="session")
def built(analysis: Analysis, small_study: Path, tmp_path_factory) -> Path:
    verdicts = judge(load_claims(small_study), analysis.results)
    problems = [Problem("warning", "specimens.p1", "thickness is odd.")]
    folder = tmp_path_factory.mktemp("built")
    assert build(analysis, folder, verdicts=verdicts, problems=problems) == folder / "report.html"
    return folder


@pytest.fixture(scope="session")
def page(built: Path) -> Page:
    return Page((built / "report.html").read_text(encoding="utf-8"))


def test_the_page_is_well_formed(page: Page):
    assert page.unclosed == []
    assert len(page.of("h1")) == 1


def test_ids_are_unique_and_every_link_inside_the_page_has_its_place(page: Page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"] for _, attrs in page.tags if (attrs.get("href") or "").startswith("#")]
    assert len(targets) > 20
    assert {t.removeprefix("#") for t in targets} <= set(ids)


def test_nothing_is_fetched_from_anywhere(built: Path, page: Page):
    text = (built / "report.html").read_text(encoding="utf-8")
    assert page.of("script") == [{}]  # one of its own, in the page
    assert not page.of("link")
    for tag, attrs in page.tags:
        assert "src" not in attrs
        link = attrs.get("href") or attrs.get("xlink:href") or ""
        if re.match(r"[a-z]+:|//", link):
            assert tag == "a"
            assert link.startswith("https://doi.org/")
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)
    policy = next(a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{known}'" in policy  # no other script runs


def test_the_order_of_a_supervisor(page: Page):
    places = [page.text.index(word) for word in ("Summary", "Conductivity and activation energy", "Claims")]
    text = page.text[page.text.index("Skip to the content") :]
    headings = [
        "Summary",
        "Conductivity over temperature",
        "What is claimed",
        "Samples and pellets",
        "Checks",
        "provenance",
    ]
    found = [text.index(heading, text.index("Report of closo")) for heading in headings]
    assert found == sorted(found)
    assert places == sorted(places)


def test_every_result_and_every_claim_is_on_the_page(page: Page, analysis: Analysis, small_study: Path):
    for result in analysis.results.values():
        assert result.name in page.text
    for claim in load_claims(small_study):
        assert claim.text in page.text
    for path in (small_study / "raw").iterdir():
        assert path.name in page.text


def test_the_page_is_accessible(page: Page):
    assert page.of("html")[0]["lang"] == "en"
    assert next(a for a in page.of("a") if a.get("class") == "skip")["href"] == "#content"
    pictures = [attrs for attrs in page.of("svg")]
    assert len(pictures) >= 5
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 20 for attrs in pictures)
    assert all("scope" in attrs for attrs in page.of("th"))
    assert len(page.of("figcaption")) == len(page.of("figure")) == len(pictures)


def test_synthetic_data_say_so_everywhere(built: Path, page: Page, analysis: Analysis):
    assert analysis.study.synthetic
    assert "SYNTHETIC DATA" in page.text
    figures = sorted((built / "figures").glob("*.svg"))
    assert len(figures) == len(page.of("svg"))
    assert all("synthetic data" in path.read_text(encoding="utf-8") for path in figures)
    assert all("synthetic data" in path.read_text(encoding="utf-8").splitlines()[2] for path in figures_csv(built))
    assert all("synthetic data" in path.read_text(encoding="utf-8") for path in (built / "tables").glob("*.csv"))


def test_measured_data_do_not(analysis: Analysis, tmp_path: Path):
    measured = replace(analysis, study=analysis.study.model_copy(update={"synthetic": False, "title": "Measured"}))
    text = build(measured, tmp_path).read_text(encoding="utf-8")
    assert "SYNTHETIC" not in text
    assert "synthetic data" not in text


def figures_csv(built: Path) -> list[Path]:
    found = sorted((built / "figures").glob("*.csv"))
    assert found
    return found


def test_figures_lie_beside_the_page_as_svg_and_csv(built: Path, page: Page):
    links = {attrs["href"] for attrs in page.of("a") if (attrs["href"] or "").startswith("figures/")}
    assert links == {f"figures/{path.name}" for path in (built / "figures").iterdir()}
    assert {path.suffix for path in (built / "figures").iterdir()} == {".svg", ".csv"}


def test_a_figure_is_written_as_pdf_where_asked(tmp_path: Path):
    axis = Axis("x / m")
    spec = FigureSpec("one", [Panel(axis, axis, [Trace([1.0, 2.0], [1.0, 2.0])])])
    picture = Studio(tmp_path, synthetic=False, pdf=True, report=lambda _what: None).draw(spec)
    assert (tmp_path / picture.files["pdf"]).read_bytes().startswith(b"%PDF")


def test_the_tables_hold_the_numbers_of_the_results(built: Path, analysis: Analysis):
    with (built / "tables" / "quantities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[3:]
    by_key = {(row[0], row[2]): row for row in rows}
    for key, result in analysis.results.items():
        for name, quantity in result.quantities.items():
            shown = quantity.as_json()
            row = by_key[key, name]
            if shown["value"] is None:
                assert row[3] == ""
                assert row[9]
            else:
                assert float(row[3]) == pytest.approx(shown["value"], rel=1e-9)
                assert float(row[4]) == pytest.approx(shown["u"], rel=1e-9, abs=1e-300)


def test_the_workbook_has_a_sheet_per_table_with_numbers_as_numbers(built: Path):
    book = load_workbook(built / "tables" / "tables.xlsx")
    assert set(book.sheetnames) == {path.stem for path in (built / "tables").glob("*.csv")}
    row = [cell.value for cell in book["pellets"][4]]
    assert all(isinstance(value, float) for value in row[2:6])


def test_the_budget_adds_up(built: Path):
    with (built / "tables" / "budgets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[3:]
    shares: dict[tuple[str, str], float] = {}
    for row in rows:
        if row[5]:
            shares[row[0], row[1]] = shares.get((row[0], row[1]), 0.0) + float(row[5])
    assert len(shares) > 50
    assert all(total == pytest.approx(100.0) for total in shares.values())


def test_failures_and_problems_are_shown(analysis: Analysis, tmp_path: Path):
    bad = replace(
        analysis,
        failures=(Failure("p9/impedance/bad.par", ReadError("the file ends in row 7.", file="raw/bad.par")),),
        notes=("p7 was left out.",),
    )
    text = Page(build(bad, tmp_path).read_text(encoding="utf-8")).text
    assert "the file ends in row 7." in text
    assert "p7 was left out." in text


def test_an_empty_study_gives_a_page(analysis: Analysis, tmp_path: Path):
    empty = replace(analysis, results={})
    assert Page(build(empty, tmp_path).read_text(encoding="utf-8")).unclosed == []


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><iframe src=javascript:alert(1)>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "]]><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "<a href=//evil.example>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<style>@import '//evil.example';</style>",
]


@pytest.fixture(scope="session")
def hostile(analysis: Analysis, tmp_path_factory) -> tuple[Path, str]:
    """Build a report in which every text is hostile."""
    everything = " ".join(PAYLOADS)
    renamed = {}
    for key, result in analysis.results.items():
        checks = (Check(everything, False, everything),)
        settings = {k: everything if isinstance(v, str) and k == "circuit" else v for k, v in result.settings.items()}
        new = replace(result, name=everything, checks=checks, notes=(everything,), settings=settings)
        renamed[key.replace("#", everything)] = (
            new if result.technique != "impedance" else replace(new, name=everything)
        )
    samples = {name: table for name, table in analysis.study.samples.items()}
    samples[everything] = next(iter(samples.values()))
    study = analysis.study.model_copy(update={"title": everything, "doi": everything, "samples": samples})
    bad = replace(
        analysis,
        study=study,
        results=renamed,
        failures=(Failure(everything, ReadError(everything, file=everything)),),
        notes=(everything,),
    )
    folder = tmp_path_factory.mktemp("hostile")
    path = build(bad, folder, problems=[Problem("error", everything, everything)])
    return path, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_appears_literally(hostile: tuple[Path, str], payload: str):
    assert payload in Page(hostile[1]).text


def test_hostile_text_adds_no_tag_and_no_handler(hostile: tuple[Path, str], page: Page):
    bad = Page(hostile[1])
    assert {tag for tag, _ in bad.tags} <= {tag for tag, _ in page.tags}
    assert bad.of("script") == page.of("script")
    for tag, attrs in bad.tags:
        assert not any(name.startswith("on") for name in attrs)
        if tag == "a":
            assert re.match(r"#|figures/|https://doi\.org/", attrs["href"] or "")
    assert bad.unclosed == []


def test_hostile_text_leaves_the_folder_alone_and_no_formula(hostile: tuple[Path, str]):
    folder = hostile[0].parent
    assert {path.name for path in folder.iterdir()} == {"report.html", "figures", "tables"}
    book = load_workbook(folder / "tables" / "tables.xlsx")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_ids_of_two_drawings_do_not_meet():
    points = "".join(f'<use xlink:href="#m1" x="{k}" y="5.04" style="fill: #ff0000"/>' for k in (1, 2))
    svg = '<?xml version="1.0"?>\n<svg width="9pt" height="9pt" viewBox="0 0 9 9">'
    svg += f'<defs><path id="m1" d="M 1.23456 2"/></defs><g id="unused">{points}</g></svg>'
    first, second = inline_svg(svg, "f1", 'a "b"'), inline_svg(svg, "f2", "c")
    assert 'id="f1-0"' in first
    assert 'href="#f1-0"' in first
    assert "f1-0" not in second
    assert "unused" not in first
    assert "1.23 2" in first
    assert first.replace(" ", "").count("fill:#ff0000") == 1
    assert '<path d="M1 5.04L2 5.04"' in first  # many equal markers are the corners of one path
    assert re.search(r'<marker id="([^"]+)".*marker:url\(#\1\)', first)
    assert 'aria-label="a &#34;b&#34;"' in first


def test_a_browser_shows_the_page(built: Path, hostile: tuple[Path, str], tmp_path: Path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    for number, path in enumerate((built / "report.html", hostile[0])):
        picture = tmp_path / f"{number}.png"
        command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}"]
        subprocess.run(
            [*command, "--window-size=1200,900", path.as_uri()], check=True, capture_output=True, timeout=120
        )
        assert picture.stat().st_size > 20_000


def test_the_first_screen_shows_the_figures_that_matter(built: Path):
    page = (built / "report.html").read_text(encoding="utf-8")
    summary = page[page.index('<section id="summary"') : page.index('<section id="conductivity"')]
    shown = re.findall(r'<figure id="figure-(\d+)"', summary)
    assert 1 <= len(shown) <= 4
    assert 'href="#checks"' in summary
    numbers = re.findall(r'<figure id="figure-(\d+)"', page)
    assert len(numbers) == len(set(numbers))
    for place, number in enumerate(shown, 1):
        assert f'<a href="#figure-{number}">Figure {place}</a>' in page
