"""The notebooks of the documentation: every cell runs, and what it shows can be shown."""

import ast
import re
from pathlib import Path

import matplotlib as mpl
import pytest

from closo.techniques import TECHNIQUES

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    page
    for page in sorted([*(DOCS / "notebooks").glob("*.md"), *(DOCS / "techniques").glob("*.md")])
    if "file_format: mystnb" in page.read_text(encoding="utf-8")
]


def cells_of(page: Path) -> list[str]:
    return re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def show(cell: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does, and make what it would show."""
    body = ast.parse(cell.rstrip().rstrip(";")).body
    last = ast.Expression(body.pop().value) if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)  # noqa: S102  our own pages
    shown = None if last is None else eval(compile(last, "<cell>", "eval"), names)  # noqa: S307
    make = getattr(shown, "_repr_html_", None)
    assert (make() if make else repr(shown)) is not None
    return shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_notebook_runs(page, monkeypatch, tmp_path):
    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    names: dict[str, object] = {"__name__": "__main__"}
    cells = cells_of(page)
    assert cells
    for cell in cells:
        show(cell, names)


def test_there_are_the_notebooks_and_a_page_per_technique():
    names = {page.stem for page in PAGES}
    assert {"spectrum", "temperature_series", "cell", "limits", "own_reader"} <= names
    assert {row.name for row in TECHNIQUES} <= names


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.name)
def test_the_page_of_a_technique_has_its_parts(row):
    text = (DOCS / "techniques" / f"{row.name}.md").read_text(encoding="utf-8")
    for part in ("In the lab", "What is computed", "What yields no number", "Example"):
        section = text.split(f"\n## {part}\n")[1].split("\n## ")[0]
        assert len(section.split()) > 15, part
    assert "$" in text or row.name in ("voltammetry",)
    assert f"({row.name}.md)" in (DOCS / "techniques" / "index.md").read_text(encoding="utf-8")


def test_the_spectrum_of_the_notebook_gives_what_it_prints(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    names: dict[str, object] = {}
    results = show(cells_of(DOCS / "notebooks" / "spectrum.md")[0], names)
    shown = next(q for q in results[0].as_json()["quantities"] if q["key"] == "ionic_conductivity")
    assert float(results[0]["ionic_conductivity"]) == pytest.approx(shown["value"], rel=1e-12)
