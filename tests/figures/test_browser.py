"""The figure of the browser is the figure of print: same numbers, same colours, every text escaped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closo.figures import Axis, Band, FigureSpec, Image, Panel, Span, Text, Trace, to_plotly
from closo.figures.browser import MOST_POINTS
from closo.figures.style import COLORS, DASHES, MARKERS


def panel(*traces: Trace, **more) -> dict:
    spec = FigureSpec("one", [Panel(more.pop("x", Axis("x / s")), more.pop("y", Axis("y / V")), traces, **more)])
    drawn = to_plotly(spec)
    json.dumps(drawn, allow_nan=False)  # plain values
    return drawn["panels"][0]


def test_numbers_come_across_and_gaps_stay_gaps():
    (drawn,) = panel(Trace([1.0, 2.0, np.nan], [0.1, np.inf, 3.0]))["data"]
    assert drawn["x"] == [1.0, 2.0, None]
    assert drawn["y"] == [0.1, None, 3.0]


def test_what_is_not_positive_has_no_place_on_a_logarithmic_axis():
    (drawn,) = panel(Trace([-1.0, 0.0, 10.0], [1.0, 2.0, 3.0]), x=Axis("f / Hz", "log", range=(1.0, 100.0)))["data"]
    assert drawn["x"] == [None, None, 10.0]
    layout = panel(Trace([1.0], [1.0]), x=Axis("f / Hz", "log", range=(1.0, 100.0)))["layout"]
    assert layout["xaxis"]["range"] == [0.0, 2.0]
    assert layout["xaxis"]["type"] == "log"


def test_colours_and_marks_are_those_of_print():
    for k in range(len(COLORS)):
        (drawn,) = panel(Trace([1.0], [1.0], color=k, marker=k))["data"]
        assert drawn["marker"]["color"] == COLORS[k]
    symbols = [panel(Trace([1.0], [1.0], marker=k))["data"][0]["marker"]["symbol"] for k in range(len(MARKERS))]
    assert len(set(symbols)) == len(MARKERS)
    assert panel(Trace([1.0], [1.0], filled=False))["data"][0]["marker"]["symbol"] == "circle-open"
    lines = panel(*[Trace([0.0, 1.0], [k, k], style="line", color=k) for k in range(len(DASHES))])["data"]
    assert len({line["line"]["dash"] for line in lines}) == len(DASHES)  # told apart without colour


def test_a_nyquist_plot_is_equal_and_knows_what_stands_behind_its_points():
    behind = {"f / Hz": [1e6, 1e3], "point": [1, 2]}
    drawn = panel(Trace([0.0, 1.0], [0.0, 1.0], behind=behind), equal=True)
    assert drawn["layout"]["yaxis"]["scaleanchor"] == "x"
    assert drawn["data"][0]["customdata"] == [["f = 1e+06 Hz, point 1", 1, 1e6], ["f = 1000 Hz, point 2", 2, 1e3]]


def test_bands_spans_bars_errors_and_a_second_axis():
    spec = panel(
        Trace([1.0, 2.0], [1.0, 2.0], "a", "bars", y_u=[0.1, np.nan]),
        bands=[Band([1.0, 2.0], [0.0, 1.0], [2.0, 3.0], "95 %")],
        spans=[Span(1.0, 1.5, "window")],
        texts=[Text(1.0, 1.0, "1 kHz"), Text(np.nan, 1.0, "nowhere")],
        top=Axis("T / degC", ticks=[(1.0, "30")]),
    )
    kinds = [one["type"] for one in spec["data"]]
    assert kinds == ["scatter", "scatter", "bar", "scatter"]
    assert spec["data"][2]["error_y"]["array"] == [0.1, 0.0]
    assert [one["text"] for one in spec["layout"]["annotations"]] == ["1 kHz", "window"]
    assert spec["layout"]["xaxis2"]["tickvals"] == [1.0]
    assert spec["layout"]["xaxis2"]["title"]["text"] == "T / °C"
    assert spec["layout"]["shapes"][0]["x1"] == 1.5


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_maps(scale):
    values = Image(
        [[1.0, 100.0], [np.nan, 0.0]], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], kind="values", label="c / %", scale=scale
    )
    (drawn,) = panel(images=[values])["data"]
    assert drawn["z"][0] == ([0.0, 2.0] if scale == "log" else [1.0, 100.0])
    assert drawn["z"][1] == ([None, None] if scale == "log" else [None, 0.0])
    labels = Image([[0, 5], [5, 0]], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], names={5: "<b>salt</b>"}, colors={5: 1})
    (drawn,) = panel(images=[labels])["data"]
    assert drawn["z"] == [[0.0, 1.0], [1.0, 0.0]]
    assert drawn["colorbar"]["ticktext"] == ["phase 0", "&lt;b&gt;salt&lt;/b&gt;"]
    assert drawn["colorscale"][-1] == [1.0, COLORS[1]]


def test_a_long_trace_keeps_its_extremes():
    y = np.zeros(100_000)
    y[12_345], y[77_777] = 5.0, -5.0
    drawn = to_plotly(FigureSpec("one", [Panel(Axis("x"), Axis("y"), [Trace(np.arange(y.size), y)])]))
    shown = drawn["panels"][0]["data"][0]
    assert len(shown["x"]) <= MOST_POINTS + 2
    assert {5.0, -5.0} <= set(shown["y"])
    assert shown["x"][shown["y"].index(5.0)] == 12_345
    assert "the CSV holds every point" in drawn["notes"][0]


@given(st.text(max_size=40))
def test_any_name_is_text(name):
    spec = FigureSpec(
        name or "x", [Panel(Axis("x"), Axis("y"), [Trace([1.0], [1.0], name)], texts=[Text(1.0, 1.0, name)], title=name)],
        title=name,
    )  # fmt: skip
    drawn = to_plotly(spec)["panels"][0]
    for text in (drawn["data"][0]["name"], *(one["text"] for one in drawn["layout"]["annotations"])):
        assert "<" not in text
    json.dumps(to_plotly(spec))
