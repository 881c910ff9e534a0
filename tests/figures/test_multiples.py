"""Small multiples written directly: what is drawn where, and that it is what `draw` would show."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from closo.figures import Axis, Band, FigureSpec, Panel, Span, Text, Trace, draw, render
from closo.figures.multiples import is_plain, multiples_svg

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
    box = next(ElementTree.fromstring(multiples_svg(spec)).iter(f"{SVG}clipPath"))[0]
    width, height = (float(box.get(side)) for side in ("width", "height"))
    for panel, ax, drawn in zip(spec.panels, figure.axes, panels_of(multiples_svg(spec)), strict=True):
        dots = next(p for p in drawn.iter(f"{SVG}path") if p.get("stroke-linecap") == "round")
        shown = places(dots.get("d")) / 10.0
        points = np.column_stack([panel.traces[0].x, panel.traces[0].y])
        share = ax.transAxes.inverted().transform(ax.transData.transform(points))
        assert shown[:, 0] == pytest.approx(share[:, 0] * width, abs=0.3)
        assert shown[:, 1] == pytest.approx((1.0 - share[:, 1]) * height, abs=0.3)


def test_every_point_and_every_panel_is_there():
    svg = multiples_svg(spec_of(*[nyquist(10.0 * k) for k in range(1, 8)]))
    assert svg.count("h0") == 7 * 20 + 1  # and one in the legend
    assert len(panels_of(svg)) == 7


def test_open_markers_have_a_white_middle():
    assert 'stroke="#fff"' in multiples_svg(spec_of(nyquist(1.0, filled=False)))
    assert 'stroke="#fff"' not in multiples_svg(spec_of(nyquist(1.0)))


def test_gaps_stay_gaps_and_nothing_is_not_finite():
    y = np.array([1.0, np.nan, 3.0, np.inf, -5.0, 6.0])
    panel = Panel(
        Axis("x"), Axis("y", "log"), [Trace(np.arange(6.0), y, "a", "both")], spans=[Span(1.0, 2.0, "window")]
    )
    svg = multiples_svg(spec_of(panel, Panel(Axis("x"), Axis("y"), [Trace([], [], "none")])))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


def test_what_users_write_is_text():
    odd = '</text><script>alert(1)</script>&"'
    panel = replace(nyquist(1.0), title=odd, x=Axis(odd), y=Axis(odd), traces=[Trace([1.0], [1.0], odd)])
    svg = multiples_svg(spec_of(panel, title=odd, synthetic=True))
    assert f"{SVG}script" not in {one.tag for one in ElementTree.fromstring(svg).iter()}
    assert "synthetic data" in svg


def test_only_what_it_can_draw_comes_here():
    plain = spec_of(nyquist(1.0), bode())
    assert is_plain(plain)
    assert is_plain(spec_of(replace(nyquist(1.0), texts=[Text(1.0, 1.0, "not shown on small panels")])))
    assert render(plain)["svg"].decode() == multiples_svg(plain)
    for odd in (
        replace(nyquist(1.0), traces=[Trace([1.0], [1.0], style="bars")]),
        replace(nyquist(1.0), traces=[Trace([1.0], [1.0], y_u=[0.1])]),
        replace(nyquist(1.0), x=Axis("x", ticks=[(0.0, "a")])),
        replace(nyquist(1.0), top=Axis("t")),
    ):
        assert not is_plain(spec_of(odd))
        assert b"matplotlib" in render(spec_of(odd))["svg"]
    assert set(render(plain, ("svg", "pdf"))) == {"svg", "pdf"}
