"""The gallery of the documentation has every kind of figure; no text in it lies on another, on data, or off the page."""

import re
import runpy
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from overlaps import problems

from closo.combine import combinations
from closo.techniques import TECHNIQUES

DOCS = Path(__file__).parents[2] / "docs"
SCRIPTS = sorted((DOCS / "figures").glob("plot_*.py"))
SLOW = ("interphase",)  # a minute of inference


@pytest.mark.parametrize(
    "script",
    [pytest.param(s, marks=[pytest.mark.slow] if any(w in s.name for w in SLOW) else []) for s in SCRIPTS],
    ids=lambda s: s.stem.removeprefix("plot_"),
)
def test_no_text_of_a_figure_is_in_the_way_of_another(script):
    made = runpy.run_path(str(script))
    axes = made["axes"] if isinstance(made["axes"], list) else [made["axes"]]
    assert axes
    assert problems(axes[0].figure) == []


def test_every_kind_of_figure_is_in_the_gallery():
    text = " ".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    for technique in TECHNIQUES:
        assert f'run(\n    "{technique.name}"' in text or f'run("{technique.name}"' in text, technique.name
    names = " ".join(re.sub(r"\d+", "", script.stem) for script in SCRIPTS)
    for kind in [*(name for name, row in combinations().items() if row.draws), "conduction"]:
        assert kind in names, f"docs/figures has no script for {kind}"


def test_the_check_sees_what_is_wrong():
    figure = Figure(figsize=(4, 3))
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    ax.text(0.5, 0.5, "one", transform=ax.transAxes)
    ax.text(0.51, 0.5, "two", transform=ax.transAxes)
    ax.text(0.2, 0.2, "slanted", rotation=30, transform=ax.transAxes)
    ax.text(0.2, 0.4, "another slanted", rotation=30, transform=ax.transAxes)
    ax.plot([0.7, 0.8], [0.8, 0.8], "o")
    ax.text(0.69, 0.79, "on points")
    ax.plot([0.5, 0.9], [0.1, 0.1], "-")
    ax.text(0.6, 0.09, "on a line")
    ax.plot([0.05, 0.05], [0.6, 0.9], "-")
    ax.text(0.01, 0.7, "crossed once")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_ylabel("a label that is much too long for a figure of this height, isn't it")
    found = problems(figure)
    assert "'one' lies on 'two'" in found
    assert "'on points' lies on points" in found
    assert "'on a line' lies on a curve" in found
    assert not any("crossed once" in sentence for sentence in found)
    assert any(sentence.endswith("leaves the canvas") for sentence in found)
    assert not any("slanted" in sentence for sentence in found)
