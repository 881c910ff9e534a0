"""Figures: looked at as data and labels, not as pixels."""

from __future__ import annotations

import base64
import itertools
import math
import re
import xml.sax
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from closo.errors import StudyError
from closo.figures import (
    Axis,
    Band,
    FigureSpec,
    Image,
    Look,
    Panel,
    Span,
    Text,
    Trace,
    draw,
    render,
    save,
    to_csv,
    to_svg,
)
from closo.figures.style import COLORS, DOUBLE_COLUMN, MISSING, SINGLE_COLUMN
from closo.figures.svg import to_page_svg


def nyquist(**keywords: object) -> FigureSpec:
    f = np.logspace(6, 0, 31)
    z = 2e4 / (1 + 2e4 * 3e-10 * (2j * np.pi * f) ** 0.9) + 1 / (2e-6 * (2j * np.pi * f) ** 0.9)
    traces = [Trace(z.real, -z.imag, "data"), Trace(z.real, -z.imag, "fit", "line", color=1)]
    panel = Panel(Axis("Z' / ohm"), Axis("-Z'' / ohm"), traces, equal=True)
    return FigureSpec("nyquist", [panel], **keywords)


def one_trace(label: str, **keywords: object) -> FigureSpec:
    trace = Trace([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], label, "both")
    return FigureSpec("f", [Panel(Axis("t / s"), Axis("U / V"), [trace], title=label, **keywords)], title=label)


def texts_of(svg: str) -> str:
    """Parse the SVG as XML (it must be well-formed) and return all its text."""
    found: list[str] = []

    class Reader(xml.sax.ContentHandler):
        def characters(self, content: str) -> None:
            found.append(content)

    parser = xml.sax.make_parser()
    parser.setFeature(xml.sax.handler.feature_external_ges, False)
    parser.setContentHandler(Reader())
    parser.parse(BytesIO(svg.encode()))
    return "".join(found)


def test_one_unit_is_as_long_in_x_as_in_y():
    figure = draw(nyquist())
    ax = figure.axes[0]
    figure.draw_without_rendering()
    box = ax.get_window_extent()
    x, y = ax.get_xlim(), ax.get_ylim()
    assert box.width / (x[1] - x[0]) == pytest.approx(box.height / (y[1] - y[0]), rel=1e-3)
    assert np.diff(ax.get_xticks())[0] == pytest.approx(np.diff(ax.get_yticks())[0])


@pytest.mark.parametrize("span", [(1e3, 1e6), (1e6, 1e3), (5.0, 5.0)])
def test_equal_axes_show_every_point(span: tuple[float, float]):
    x, y = np.linspace(0, span[0], 9), np.linspace(-1, span[1], 9)
    ax = draw(FigureSpec("n", [Panel(Axis("Z' / ohm"), Axis("-Z'' / ohm"), [Trace(x, y)], equal=True)])).axes[0]
    assert ax.get_xlim()[0] <= x.min()
    assert ax.get_xlim()[1] >= x.max()
    assert ax.get_ylim()[0] <= y.min()
    assert ax.get_ylim()[1] >= y.max()


def test_widths_of_a_journal():
    assert draw(one_trace("a")).get_size_inches()[0] == pytest.approx(SINGLE_COLUMN)
    assert SINGLE_COLUMN * 2.54 == pytest.approx(8.3)
    two = FigureSpec("two", [one_trace("a").panels[0], one_trace("b").panels[0]])
    assert draw(two).get_size_inches()[0] == pytest.approx(DOUBLE_COLUMN)
    assert DOUBLE_COLUMN * 2.54 == pytest.approx(17.1)


def test_yellow_is_left_out_and_colour_is_never_the_only_difference():
    assert "#F0E442" not in COLORS
    lines = [Trace([0, 1], [k, k + 1], f"run {k}", "line", color=k) for k in range(5)]
    ax = draw(FigureSpec("l", [Panel(Axis("t / s"), Axis("U / V"), lines)])).axes[0]
    assert len({str(line._unscaled_dash_pattern) for line in ax.lines}) == 5
    points = [Trace([0, 1], [k, k + 1], f"run {k}", color=k, marker=k) for k in range(5)]
    ax = draw(FigureSpec("p", [Panel(Axis("t / s"), Axis("U / V"), points)])).axes[0]
    assert len({line.get_marker() for line in ax.lines}) == 5


def test_cooling_is_open():
    traces = [Trace([1, 2], [1, 2], "heating"), Trace([1, 2], [1, 3], "cooling", filled=False)]
    heating, cooling = draw(FigureSpec("h", [Panel(Axis("x"), Axis("y"), traces)])).axes[0].lines
    assert heating.get_markerfacecolor() == COLORS[0]
    assert cooling.get_markerfacecolor() == "white"
    assert cooling.get_markeredgecolor() == COLORS[0]


def test_error_bars_have_the_stated_length():
    trace = Trace([1.0, 2.0], [10.0, 20.0], y_u=[1.0, 3.0])
    ax = draw(FigureSpec("e", [Panel(Axis("x"), Axis("y"), [trace])])).axes[0]
    heights = sorted(float(np.ptp(path.vertices[:, 1])) for c in ax.collections for path in c.get_paths())
    assert heights == pytest.approx([2.0, 6.0])


def test_the_legend_covers_nothing():
    figure = draw(nyquist())
    figure.draw_without_rendering()
    ax = figure.axes[0]
    box = ax.get_legend().get_window_extent()
    for line in ax.lines:
        points = ax.transData.transform(np.column_stack(line.get_data()))
        assert not any(box.contains(*point) for point in points)


def test_a_legend_without_room_stands_below_the_panel():
    rng = np.random.default_rng(0)
    traces = [Trace(rng.uniform(size=400), rng.uniform(size=400), f"cloud {k}", color=k, marker=k) for k in range(3)]
    figure = draw(FigureSpec("full", [Panel(Axis("x"), Axis("y"), traces)]))
    figure.draw_without_rendering()
    assert figure.axes[0].get_legend() is None
    assert figure.legends[0].get_window_extent().y1 < figure.axes[0].get_window_extent().y0


def test_the_top_axis_stands_at_its_places():
    top = Axis("T / degC", ticks=tuple((1000 / (t + 273.15), str(t)) for t in (30, 60, 90)))
    panel = Panel(Axis("1000/T / K-1"), Axis("y"), [Trace([2.7, 3.4], [1, 2])], top=top)
    above = draw(FigureSpec("a", [panel])).axes[0].child_axes[0]
    assert list(above.get_xticks()) == pytest.approx([1000 / 363.15, 1000 / 333.15, 1000 / 303.15])
    assert above.get_xlabel() == "T / °C"


def test_crowded_names_above_move_aside_and_crowded_numbers_go():
    areas = (90.0, 191.2, 283.0, 349.2, 1200.0)
    for names, kept in ((("A90", "A200", "A300", "A380", "SBA-15"), 5), (("90", "200", "300", "380", "1200"), 4)):
        top = Axis("silica", ticks=tuple(zip(areas, names, strict=True)))
        spec = FigureSpec("s", [Panel(Axis("x"), Axis("y"), [Trace(areas, areas)], top=top)] * 2)
        figure = draw(spec)
        figure.draw_without_rendering()
        above = figure.axes[1].child_axes[0]
        labels = [one for one in above.get_xticklabels() if one.get_text()]
        assert len(labels) == kept
        boxes = sorted((one.get_window_extent() for one in labels), key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
        assert list(above.get_xticks(minor=True)) == pytest.approx(areas)  # the marks stay where they belong
        svg = to_page_svg(spec)
        assert sum(f">{name}<" in svg for name in names) == kept


def test_labels_look_like_print():
    panel = Panel(Axis("1000/T / K-1"), Axis("log10(sigma / S cm-1)"), [Trace([1, 2], [1, 2])])
    ax = draw(FigureSpec("l", [panel])).axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("1000/T / K⁻¹", "log₁₀(σ / S cm⁻¹)")


def test_large_numbers_move_into_the_unit():
    trace = Trace([0.0, 2e6], [0.0, 1e6])
    ax = draw(FigureSpec("k", [Panel(Axis("Z' / ohm"), Axis("N"), [trace])])).axes[0]
    assert ax.get_xlabel() == "Z′ / MΩ"
    assert ax.get_ylabel() == "N / 10⁶"
    assert ax.xaxis.get_major_formatter()(1e6, 0) == "1"


def test_small_multiples_share_one_unit_and_label_the_outer_panels_only():
    panels = [
        Panel(Axis("Z' / ohm"), Axis("-Z'' / ohm"), [Trace([0, r], [0, r / 2])], equal=True)
        for r in (1e3, 1e5, 1e6, 2e5, 1e4, 3e4)
    ]
    axes = draw(FigureSpec("m", panels, columns=5)).axes
    assert [ax.get_ylabel() for ax in axes] == ["−Z″ / kΩ", "", "", "", "", "−Z″ / kΩ"]
    assert [ax.get_xlabel() for ax in axes] == ["", *["Z′ / kΩ"] * 5]


def test_synthetic_data_say_so_in_the_picture_and_in_the_numbers():
    spec = nyquist(synthetic=True)
    assert "synthetic data" in texts_of(to_svg(spec))
    assert "synthetic data" in to_csv(spec).splitlines()[2]
    assert "synthetic data" not in texts_of(to_svg(nyquist()))


def test_the_same_figure_gives_the_same_bytes():
    first, second = render(nyquist(), ("svg", "pdf", "png")), render(nyquist(), ("svg", "pdf", "png"))
    assert first == second


def test_letters_stay_letters_and_fonts_are_embedded():
    files = render(nyquist(), ("svg", "pdf"))
    assert "data" in texts_of(files["svg"].decode())
    assert b"/FontFile2" in files["pdf"]
    assert b"/Type3" not in files["pdf"]


NASTY = [
    r"$\frac{",
    "50 % of $x$",
    "<script>alert(1)</script>",
    "a & b; 'c' \"d\"",
    "_begins with an underscore",
    "µ° ± − Ω ² 日本語 🧪",
    "line\nbreak\tand\x00control\ud800",
    "x" * 200,
    "",
    r"\alpha^{2}_{3} {unbalanced",
]


@pytest.mark.parametrize("name", NASTY)
def test_names_are_drawn_literally(name: str):
    files = render(one_trace(name), ("svg", "pdf", "png"))
    text = texts_of(files["svg"].decode())
    if name.isprintable() and len(name) < 40:
        assert text.count(name) >= 2 or not name  # in the legend and in the title
    assert "<script" not in files["svg"].decode()


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_well_formed_figure(name: str):
    texts_of(to_svg(one_trace(name)))
    to_csv(one_trace(name)).encode()


def test_what_cannot_be_drawn_leaves_a_gap():
    trace = Trace([1.0, math.nan, 3.0, 4.0], [1.0, 2.0, math.inf, -4.0])
    ax = draw(FigureSpec("gap", [Panel(Axis("x"), Axis("y", "log"), [trace])])).axes[0]
    assert np.isfinite(ax.lines[0].get_ydata()).sum() == 2
    empty = FigureSpec("none", [Panel(Axis("x"), Axis("y", "log"), [Trace([], [])])])
    assert "no data" in texts_of(to_svg(empty))


def test_spans_bands_texts_and_bars():
    panel = Panel(
        Axis("type", ticks=((0, "A90"), (1, "$A_200$"))),
        Axis("Ea / eV"),
        [
            Trace([0, 1], [0.4, 0.5], "heating", "bars", y_u=[0.01, 0.02]),
            Trace([0, 1], [0.4, 0.6], "cooling", "bars", 1),
        ],
        bands=[Band([0, 1], [0.3, 0.4], [0.5, 0.6], "95 %")],
        spans=[Span(0.2, 0.4, "window")],
        texts=[Text(0.5, 0.5, "peak <1>")],
    )
    text = texts_of(to_svg(FigureSpec("all", [panel])))
    for wanted in ("A90", "$A_200$", "heating", "95 %", "window", "peak <1>", "Eₐ / eV"):
        assert wanted in text


def test_files_and_their_names(tmp_path):
    spec = one_trace("x")
    paths = save(FigureSpec("pellet 1/../a#1", spec.panels), tmp_path / "new", ("svg", "pdf", "png"))
    assert [p.name for p in paths] == [f"pellet_1-..-a-1.{kind}" for kind in ("svg", "pdf", "png", "csv")]
    assert all(p.parent == tmp_path / "new" and p.stat().st_size > 10 for p in paths)


def picture(**keywords: object) -> FigureSpec:
    labels = np.array([[0, 0, 2], [1, 0, 2]])
    image = Image(labels, [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0], names={0: "silica", 2: "shell"}, colors={0: 7})
    panel = Panel(Axis("x / nm"), Axis("y / nm"), images=[image], equal=True)
    return FigureSpec("image", [panel], **keywords)


def values(z: object, **keywords: object) -> FigureSpec:
    shape = np.shape(z)
    image = Image(z, np.arange(shape[1] + 1.0), np.arange(shape[0] + 1.0), "values", "j / A/m2", **keywords)
    return FigureSpec("values", [Panel(Axis("x / nm"), Axis("y / nm"), images=[image], equal=True)])


def mesh_of(ax: object) -> object:
    return next(c for c in ax.collections if c.get_rasterized())


def test_labels_have_their_colour_at_their_place_and_their_name_in_the_legend():
    figure = draw(picture())
    figure.draw_without_rendering()
    ax, legend = figure.axes[0], figure.legends[0]
    hexes = [to_hex(color).upper() for color in mesh_of(ax).get_facecolors()]
    assert hexes == [COLORS[i].upper() for i in (7, 7, 2, 1, 7, 2)]  # rows go up, columns to the right
    named = {
        text.get_text(): to_hex(patch.get_facecolor()).upper() for text, patch in zip(*entries(legend), strict=True)
    }
    assert named == {"silica": COLORS[7], "phase 1": COLORS[1], "shell": COLORS[2]}
    assert legend.get_window_extent().y1 < ax.get_window_extent().y0
    assert not any(text.get_text() == "no data" for text in ax.texts)


def entries(legend: object) -> tuple[list, list]:
    return legend.get_texts(), legend.get_patches()


def test_an_image_fills_its_box_and_one_unit_is_as_long_in_x_as_in_y():
    figure = draw(picture())
    figure.draw_without_rendering()
    ax = figure.axes[0]
    assert ax.get_xlim() == pytest.approx((0, 3))
    assert ax.get_ylim() == pytest.approx((0, 2))
    box = ax.get_window_extent()
    assert box.width / 3 == pytest.approx(box.height / 2, rel=1e-3)


def test_values_have_a_colour_bar_with_their_range_and_unit():
    figure = draw(values([[1e-3, 10.0], [0.0, math.nan]], scale="log"))
    figure.draw_without_rendering()
    ax, bar = figure.axes
    assert bar.get_ylabel() == "j / A m⁻²"
    assert bar.get_yscale() == "log"
    assert bar.get_ylim() == pytest.approx((1e-3, 10.0))
    colors = [to_hex(color) for color in mesh_of(ax).get_facecolors()]
    assert colors[2:] == [MISSING, MISSING]  # nothing to show on a logarithmic scale
    assert len({*colors[:2], MISSING}) == 3


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_range_given_a_single_value_and_no_value_at_all(scale):
    low, high = draw(values([[1.0, 2.0]], scale=scale, range=(0.5, 8.0))).axes[1].get_ylim()
    assert (low, high) == pytest.approx((0.5, 8.0))
    low, high = draw(values([[2.0, 2.0]], scale=scale)).axes[1].get_ylim()
    assert low < 2 < high
    assert "no data" in texts_of(to_svg(values([[math.nan]], scale=scale)))


def test_an_image_inside_print_files_is_sharp_and_repeats():
    first, second = render(picture(), ("svg", "pdf", "png")), render(picture(), ("svg", "pdf", "png"))
    assert first == second
    size = re.search(r'<image [^>]*width="([\d.]+)"', first["svg"].decode())
    data = re.search(r"base64,\s*([^\"]+)\"", first["svg"].decode())
    pixels = PIL.Image.open(BytesIO(base64.b64decode(data[1]))).size
    assert pixels[0] > 3.5 * float(size[1])  # more than 250 pixels per inch, at 72 points per inch


def test_two_sets_of_bars_stand_side_by_side():
    heights = np.array([1.0, 2.0, 3.0])
    bars = [Trace(np.arange(3.0), scale * heights, f"set {scale}", "bars", color=k) for k, scale in enumerate((1, 2))]
    figure = draw(FigureSpec("bars", [Panel(Axis("x"), Axis("y"), bars)]))
    left = [patch.get_x() for patch in figure.axes[0].patches]
    assert len(left) == 6
    assert len(set(np.round(left, 6))) == 6


def test_a_style_of_the_user_and_the_columns_of_a_journal(tmp_path):
    style = tmp_path / "mine.mplstyle"
    style.write_text(
        "lines.linewidth: 3.25\naxes.prop_cycle: cycler('color', ['123456', '654321'])\ntext.usetex: True\n"
    )
    traces = [Trace([0.0, 1.0], [0.0, 1.0], "$a$", "line"), Trace([0.0, 1.0], [1.0, 0.0], style="line", color=1)]
    spec = FigureSpec("s", [Panel(Axis("x"), Axis("y"), traces)])
    figure = draw(spec, Look(style=style, journal="acs"))
    assert figure.get_size_inches()[0] == pytest.approx(3.25)
    drawn = [(to_hex(line.get_color()), line.get_linewidth()) for line in figure.axes[0].lines]
    assert drawn == [("#123456", 3.25), ("#654321", 3.25)]
    assert draw(spec).axes[0].lines[0].get_color() == COLORS[0]
    assert b"$a$" in render(spec, ("svg",), Look(style=style))["svg"]
    nothing = Look(style=tmp_path / "none.mplstyle")
    with pytest.raises(StudyError, match="not a matplotlib style file"):
        nothing.rc()
    with pytest.raises(StudyError, match="not a journal"):
        Look(journal="ac")
