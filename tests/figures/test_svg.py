"""Figures of a page, written without matplotlib: what is drawn where, and that it is what `draw` would show."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from closo.figures import Axis, Band, FigureSpec, Panel, Span, Text, Trace, draw
from closo.figures.svg import is_plain, to_page_svg

SVG = "{http://www.w3.org/2000/svg}"


def spec_of(*panels: Panel, **more: object) -> FigureSpec:
    return replace(FigureSpec("many", panels, columns=5), **more)


def nyquist(scale: float, *, filled: bool = True) -> Panel:
    angle = np.linspace(0.1, 3.0, 20)
    x, y = scale * (1.2 + np.cos(angle)), scale * np.sin(angle)
    traces = [Trace(x, y, "data", filled=filled), Trace(x, y, "fit", "line", 1)]
    return Panel(Axis("Z\u2032 / ohm"), Axis("-Z\u2033 / ohm"), traces, title=f"p{scale:g}", equal=True)


def bode() -> Panel:
    f = np.geomspace(1.0, 1e6, 13)
    band = Band(f, 1e3 / f**0.2, 3e3 / f**0.2, "95 %", 2)
    return Panel(Axis("f / Hz", "log"), Axis("|Z| / ohm", "log"), [Trace(f, 2e3 / f**0.2, "both", "both")], [band])


def panels_of(svg: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(svg).iter(f"{SVG}g") if one.get("clip-path")]


def places(path: str) -> np.ndarray:
    """Return the points of a path of relative steps [tenths of a point]."""
    steps = [
        (command, *map(int, re.findall(r"-?\d+", words))) for command, words in re.findall(r"([Mml])([-\d ]+)", path)
    ]
    return np.cumsum([step[1:3] for step in steps], axis=0)


def test_points_lie_where_matplotlib_puts_them():
    spec = spec_of(nyquist(100.0), nyquist(250.0), bode())
    figure = draw(replace(spec, columns=5))
    box = next(ElementTree.fromstring(to_page_svg(spec)).iter(f"{SVG}clipPath"))[0]
    width, height = (float(box.get(side)) for side in ("width", "height"))
    for panel, ax, drawn in zip(spec.panels, figure.axes, panels_of(to_page_svg(spec)), strict=True):
        dots = next(p for p in drawn.iter(f"{SVG}path") if p.get("stroke-linecap") == "round")
        shown = places(dots.get("d")) / 10.0
        points = np.column_stack([panel.traces[0].x, panel.traces[0].y])
        share = ax.transAxes.inverted().transform(ax.transData.transform(points))
        assert shown[:, 0] == pytest.approx(share[:, 0] * width, abs=0.3)
        assert shown[:, 1] == pytest.approx((1.0 - share[:, 1]) * height, abs=0.3)


def test_every_point_and_every_panel_is_there():
    svg = to_page_svg(spec_of(*[nyquist(10.0 * k) for k in range(1, 8)]))
    assert svg.count("h0") == 7 * 20 + 1  # and one in the legend
    assert len(panels_of(svg)) == 7


def test_open_markers_have_a_white_middle():
    assert 'stroke="#fff"' in to_page_svg(spec_of(nyquist(1.0, filled=False)))
    assert 'stroke="#fff"' not in to_page_svg(spec_of(nyquist(1.0)))


def test_gaps_stay_gaps_and_nothing_is_not_finite():
    y = np.array([1.0, np.nan, 3.0, np.inf, -5.0, 6.0])
    panel = Panel(
        Axis("x"), Axis("y", "log"), [Trace(np.arange(6.0), y, "a", "both")], spans=[Span(1.0, 2.0, "window")]
    )
    svg = to_page_svg(spec_of(panel, Panel(Axis("x"), Axis("y"), [Trace([], [], "none")])))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_what_users_write_is_text():
    odd = '</text><script>alert(1)</script>&"'
    panel = replace(nyquist(1.0), title=odd, x=Axis(odd), y=Axis(odd), traces=[Trace([1.0], [1.0], odd)])
    svg = to_page_svg(spec_of(panel, title=odd, synthetic=True))
    assert f"{SVG}script" not in {one.tag for one in ElementTree.fromstring(svg).iter()}
    assert "synthetic data" in svg


def test_only_what_it_can_draw_comes_here():
    plain = spec_of(nyquist(1.0), bode())
    assert is_plain(plain)
    assert is_plain(spec_of(replace(nyquist(1.0), texts=[Text(1.0, 1.0, "not shown on small panels")])))
    bars = replace(nyquist(1.0), traces=[Trace([1.0], [1.0], y_u=[0.1])])
    for odd in (
        replace(nyquist(1.0), traces=[Trace([1.0], [1.0], style="bars")]),
        replace(nyquist(1.0), x=Axis("x", ticks=[(0.0, "a")])),
        bars,
        replace(nyquist(1.0), top=Axis("t")),
    ):
        assert not is_plain(spec_of(odd))
    assert is_plain(spec_of(bars, columns=2))


def large() -> FigureSpec:
    """Return a figure of a few panels with all that one can have."""
    f = np.geomspace(1.0, 1e6, 25)
    y = 2e3 / f**0.2
    errors = [Trace(f, y, f"marker {k}", "both", k, k, filled=k % 2 == 0, y_u=0.1 * y, x_u=0.05 * f) for k in range(12)]
    top = Axis("T / degC", ticks=[(10.0**k, f"{k}0") for k in range(7)])
    log = Panel(
        Axis("f / Hz", "log"), Axis("|Z| / ohm", "log", range=(50.0, 4e3)), errors, texts=[Text(1e3, 500.0, "here")]
    )
    return FigureSpec("large", [nyquist(100.0), replace(log, top=top, title="all markers"), bode()], columns=2)


def words(svg: str) -> list[str]:
    return [one.text for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_large_panel_has_the_ticks_names_and_legends_that_matplotlib_gives_it():
    spec = large()
    shown, figure = words(to_page_svg(spec)), draw(spec)
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [t for t, at in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True) if low <= at <= high]
            assert {tick.get_text() for tick in ticks} <= set(shown)
            assert axis.label.get_text() in shown
    assert [f"marker {k}" for k in range(12)] == [word for word in shown if word.startswith("marker")]
    assert {"here", "(b) all markers", "T / °C", "60"} <= set(shown)
    assert shown.count("data") == shown.count("fit") == 1


def test_a_large_panel_has_its_points_where_matplotlib_puts_them():
    spec = FigureSpec("one", [bode()])
    svg = to_page_svg(spec)
    box = next(ElementTree.fromstring(svg).iter(f"{SVG}clipPath"))[0]
    ax = draw(spec).axes[0]
    path = next(p for p in panels_of(svg)[0].iter(f"{SVG}path") if p.get("stroke-linecap") == "round")
    points = np.column_stack([bode().traces[0].x, bode().traces[0].y])
    share = ax.transAxes.inverted().transform(ax.transData.transform(points))
    expected = np.column_stack([share[:, 0] * float(box.get("width")), (1 - share[:, 1]) * float(box.get("height"))])
    assert places(path.get("d")) / 10.0 == pytest.approx(expected, abs=0.3)


def test_a_legend_never_lies_on_a_point():
    x = np.linspace(0.0, 1.0, 30)
    full = [Trace(x, np.full(30, level), f"level {k}", color=k) for k, level in enumerate(np.linspace(0, 1, 12))]
    beside = to_page_svg(FigureSpec("full", [Panel(Axis("x"), Axis("y"), full[:3])]))
    below = to_page_svg(FigureSpec("full", [Panel(Axis("x"), Axis("y"), [*full[:6], replace(full[11], label="top")])]))
    height = re.compile(r'viewBox="0 0 [\d.]+ ([\d.]+)"')
    assert float(height.search(below)[1]) > float(height.search(beside)[1])
    assert words(below)[-1] == "top"


def test_a_value_below_a_logarithmic_axis_ends_its_error_bar_there():
    trace = Trace([1.0, 2.0], [1e-3, 1e-2], "x", y_u=[5e-3, 1e-3])
    svg = to_page_svg(FigureSpec("bar", [Panel(Axis("x"), Axis("y", "log"), [trace])]))
    assert "nan" not in svg
    assert svg.count("V") >= 2


def test_an_axis_that_falls_has_its_ticks():
    panel = Panel(
        Axis("wavenumber / 1/cm", range=(4000.0, 400.0)), Axis("y"), [Trace([400.0, 4000.0], [0.0, 1.0], "x", "line")]
    )
    svg = to_page_svg(FigureSpec("falls", [panel]))
    assert {"1000", "2000", "4000"} <= set(words(svg))
    at = {t.text: float(t.get("x")) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert at["4000"] < at["2000"] < at["1000"]


NAN = float("nan")
ODD = {
    "a range without length": Panel(Axis("x", range=(0.0, 0.0)), Axis("y"), [Trace([1.0], [1.0])]),
    "a logarithmic range from 0": Panel(Axis("x"), Axis("y", "log", range=(0.0, 10.0)), [Trace([1.0], [1.0])]),
    "a range that is no number": Panel(Axis("x", range=(NAN, 1.0)), Axis("y"), [Trace([1.0, 2.0], [0.0, 1.0])]),
    "the largest numbers": Panel(Axis("x"), Axis("y"), [Trace([1.0, 2.0], [-1e308, 1e308])]),
    "the widest logarithm": Panel(Axis("x"), Axis("y", "log"), [Trace([1.0, 2.0], [1e-300, 1e300])]),
    "a span that is no number": Panel(Axis("x"), Axis("y"), [Trace([1.0], [0.0])], spans=[Span(NAN, 1.0)]),
    "a span from 0 on a logarithm": Panel(
        Axis("x", "log"), Axis("y"), [Trace([1.0, 9.0], [0, 1])], spans=[Span(0.0, 2.0)]
    ),
    "an uncertainty that is no number": Panel(Axis("x"), Axis("y"), [Trace([1.0, 2.0], [0.0, 1.0], y_u=[NAN, np.inf])]),
}


@pytest.mark.parametrize("panel", ODD.values(), ids=ODD)
@pytest.mark.parametrize("columns", [1, 5])
def test_what_cannot_be_drawn_ends_no_report(panel, columns):
    svg = to_page_svg(FigureSpec("odd", [panel, panel], columns=columns))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
