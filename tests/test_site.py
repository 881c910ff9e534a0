"""What keeps the documentation site honest: the check of a built site, and how our docstrings reach numpydoc."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def site(tmp_path):
    (tmp_path / "b.html").write_text('<h1 id="there">B</h1>')
    (tmp_path / "style.css").write_text("a { background: url(local.png) }")
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="style.css"><link rel="canonical" href="https://example.org/a.html">'
        '<a href="b.html#there">B</a><a href="https://example.org">outside</a><img src="data:image/png;base64,AA">'
    )
    return tmp_path


def test_a_site_that_is_whole_has_no_problems(site):
    assert module(DOCS / "check_site.py").problems(site) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<script src="https://cdn.example.org/x.js"></script>', "bad.html loads https://cdn.example.org/x.js"),
        ('<img src="//example.org/x.png">', "bad.html loads //example.org/x.png"),
        ('<a href="missing.html">x</a>', "bad.html links to missing.html, which is not there"),
        ('<a href="b.html#nowhere">x</a>', "bad.html links to b.html#nowhere, which is not there"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(site, page, said):
    (site / "bad.html").write_text(page)
    assert module(DOCS / "check_site.py").problems(site) == [said]


def test_a_style_that_loads_from_elsewhere_is_found(site):
    (site / "style.css").write_text('@import "https://fonts.example.org/x.css";')
    assert module(DOCS / "check_site.py").problems(site) == ["style.css loads https://fonts.example.org/x.css"]


def test_our_docstrings_are_turned_into_those_of_numpydoc():
    rewrite = module(DOCS / "_ext" / "house_docstrings.py").rewrite
    lines = [
        "Do |U|.",
        "",
        "Parameters",
        "----------",
        "a,",
        "b : how many [1].",
        "c : str, optional",
        "    A name.",
        "",
    ]
    lines += ["Returns", "-------", "What came of it, in", "two lines.", ""]
    lines += ["Raises", "------", "StudyError  when it is wrong.", "", "Example", "-------", ">>> 1 | 2", "3"]
    assert rewrite(lines) == [
        *[
            "Do \\|U\\|.",
            "",
            "Parameters",
            "----------",
            "a, b",
            "    how many [1].",
            "c : str, optional",
            "    A name.",
            "",
        ],
        *["Returns", "-------", "\u200b", "    What came of it, in", "    two lines.", ""],
        *["Raises", "------", "StudyError", "    when it is wrong.", "", "Examples", "--------", ">>> 1 | 2", "3"],
    ]
