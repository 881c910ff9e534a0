"""Drawing of a `FigureSpec` with matplotlib, for print: SVG, PDF and PNG, with the plotted numbers as CSV.

No pyplot, no global state: a figure is made, drawn and dropped. Every text that a user can give is drawn literally. The
same figure gives the same bytes.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.figures.axes import finite, set_axes, sizes
from closo.figures.image import draw_image
from closo.figures.labels import literal, pretty, shorten, title_of
from closo.figures.legend import SIDES, Entries, count_inside, drawn_points, place_below, place_legends, points_of_box
from closo.figures.spec import FigureSpec, Panel, Text, Trace
from closo.figures.strokes import DENSE, bare_colors, crosses, pattern_of, size_of
from closo.figures.style import CM, COLORS, MARKERS, SMALL_FROM, SMALL_MARKER, Look, SmallGrid
from closo.figures.table import to_csv

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_USUAL = Look()
_LEGEND_LENGTH = 44
_ABOVE = ((0, 1),)  # of a bar
_ACROSS = {1: "left", 0: "center", -1: "right"}
_UP = {1: "bottom", 0: "center", -1: "top"}
_CANVASES = {
    "svg": ("backend_svg", "FigureCanvasSVG"),
    "pdf": ("backend_pdf", "FigureCanvasPdf"),
    "png": ("backend_agg", "FigureCanvasAgg"),
}
_SYNTHETIC: dict[str, Any] = {"fontsize": 5.5, "color": "#777777"}


def draw(spec: FigureSpec, look: Look = _USUAL) -> Figure:
    """Return `spec` as a matplotlib figure, one column of a journal (8.3 cm in RSC's) or two (17.1 cm) wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _style(look):
        small = spec.columns >= SMALL_FROM
        columns = spec.columns if small else max(1, min(spec.columns, len(spec.panels)))
        rows = max(1, math.ceil(len(spec.panels) / columns))
        width = look.width(columns)
        figure = Figure(figsize=(width, _height(spec, width, rows=rows, columns=columns)))
        figure.set_layout_engine("none" if small else "constrained")
        FigureCanvasAgg(figure)
        axes = [figure.add_subplot(rows, columns, number + 1) for number in range(len(spec.panels))]
        legends = _draw_panels(axes, spec, small=small)
        if axes:
            set_axes(axes, spec.panels, small=small)
        title = title_of(spec, width)
        if title and not small:
            figure.suptitle(title, x=0.006, y=0.997, ha="left", va="top", fontsize=7)
        if spec.synthetic:
            figure.text(0.995, 0.997, "synthetic data", ha="right", va="top", **_SYNTHETIC)
        if small:
            _label_outer(axes, columns)
            place_below(figure, [entries for _, entries in legends])
            _arrange_small(figure, rows, columns)
        else:
            layout: Any = figure.get_layout_engine()
            above = 0.15 if title or spec.synthetic else 0.0  # inch
            layout.set(rect=(0, 0, 1, 1 - above / figure.get_size_inches()[1]))
            if any(panel.texts for panel in spec.panels):
                layout.execute(figure)
                _draw_texts(axes, spec)
            place_legends(figure, legends)
            figure.set_layout_engine("none")  # laid out once for all formats
        return figure


def _draw_panels(axes: Sequence[Axes], spec: FigureSpec, *, small: bool) -> list[tuple[Axes, Entries]]:
    """Draw every panel; an entry that a panel before has in its legend is not repeated."""
    legends, named = [], set()
    for number, (ax, panel) in enumerate(zip(axes, spec.panels, strict=True)):
        entries = _draw_panel(ax, panel, small=small)
        new = {text: handle for text, handle in entries.items() if (text, _look(handle)) not in named}
        named |= {(text, _look(handle)) for text, handle in new.items()}
        legends.append((ax, new))
        _title(ax, panel, number, spec=spec, small=small)
    return legends


def _arrange_small(figure: Figure, rows: int, columns: int) -> None:
    """Lay small multiples out on a fixed grid: much faster than measuring every label."""
    width, height = 72 * figure.get_size_inches()
    grid = SmallGrid(width, columns)
    figure.subplots_adjust(
        left=grid.left / width,
        right=1 - grid.right / width,
        top=1 - grid.top / height,
        bottom=1 - (grid.height(rows) - grid.bottom) / height,
        wspace=grid.gap / grid.across,
        hspace=grid.gap / grid.up,
    )


def render(spec: FigureSpec, formats: Sequence[str] = ("svg",), look: Look = _USUAL) -> dict[str, bytes]:
    """Return `spec` drawn once, as the bytes of a file for each of `formats` (svg, pdf, png).

    In SVG and PDF letters stay letters. The same figure gives the same bytes.
    """
    files = {}
    with _style(look):
        figure = draw(spec, look)
        for kind in formats:
            out = io.BytesIO()
            _print(figure, out, kind, _metadata(spec, kind))
            files[kind] = _with_fallback_fonts(out.getvalue()) if kind == "svg" else out.getvalue()
    return files


def _print(figure: Figure, out: io.BytesIO, kind: str, metadata: dict[str, str | None]) -> None:
    """Write the figure in one pass (`savefig` would draw it twice)."""
    module, name = _CANVASES[kind]
    canvas: Any = getattr(import_module(f"matplotlib.backends.{module}"), name)
    figure.set_dpi(300)  # of PNG, and of the images inside SVG and PDF
    getattr(canvas(figure), f"print_{kind}")(out, metadata=metadata)


def to_svg(spec: FigureSpec) -> str:
    """Return `spec` as SVG text."""
    return render(spec)["svg"].decode("utf-8")


def save(
    spec: FigureSpec, folder: str | Path, formats: Sequence[str] = ("svg", "pdf"), look: Look = _USUAL
) -> list[Path]:
    """Write `spec.name` into `folder` in each of `formats` (svg, pdf, png), and the plotted numbers as CSV.

    Returns
    -------
    The files written; the name is made safe for every file system.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = render(spec, formats, look) | {"csv": to_csv(spec).encode("utf-8")}
    paths = []
    for kind, content in files.items():
        paths.append(folder / f"{file_stem(spec.name)}.{kind}")
        paths[-1].write_bytes(content)
    return paths


def file_stem(name: str) -> str:
    """Return `name` as part of a file name: letters, digits and '-_.', at most 80 characters.

    Example
    -------
    >>> file_stem("pellet 1/a200_30C.par#1"), file_stem("../..")
    ('pellet_1-a200_30C.par-1', 'figure')
    """
    kept = "".join(c if (c.isalnum() and c.isascii()) or c in "-_." else "_" if c.isspace() else "-" for c in name)
    return shorten(kept.strip("-_."), 80).replace("…", "--") or "figure"


def _with_fallback_fonts(svg: bytes) -> bytes:
    """Name fonts of nearly the same width behind DejaVu Sans, for machines that lack it."""
    fonts = b"font-family: 'DejaVu Sans', Verdana, Arial, sans-serif"
    return re.sub(rb"<text [^<>]*>", lambda tag: tag[0].replace(b"font-family: 'DejaVu Sans'", fonts), svg)


@contextmanager
def _style(look: Look) -> Iterator[None]:
    """Apply the style; a glyph that the font lacks is no reason to warn (SVG keeps the letter, PDF shows a box)."""
    import matplotlib as mpl

    with mpl.rc_context(look.rc()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Glyph.*missing from", category=UserWarning)
        yield


def _metadata(spec: FigureSpec, kind: str) -> dict[str, str | None]:
    title, summary = literal(spec.title or spec.name), literal(spec.summary)
    if kind == "svg":
        return {"Date": None, "Creator": "closo", "Title": title, "Description": summary}
    if kind == "pdf":
        return {"CreationDate": None, "Creator": "closo", "Title": title, "Subject": summary}
    return {"Software": "closo"}


def _height(spec: FigureSpec, width: float, *, rows: int, columns: int) -> float:
    """Return the height [inch]: equal panels decide by their shape, others are a little wider than high."""
    panel = width / columns
    if columns >= SMALL_FROM:
        return SmallGrid(72 * width, columns).height(rows) / 72
    shape = 0.86 if any(p.equal or p.top for p in spec.panels) else 0.74
    return min(rows * panel * shape + 0.1 + 0.14 * bool(spec.title), 23 * CM)


def _draw_panel(ax: Axes, panel: Panel, *, small: bool) -> Entries:
    """Draw everything in one set of axes and return its legend entries."""
    if small:
        ax.tick_params(which="both", top=False, right=False)
    ax.set_xscale(panel.x.scale)
    ax.set_yscale(panel.y.scale)
    entries: Entries = {}
    for image in panel.images:
        for name, patch in draw_image(ax, image, bar=not small).items():
            _enter(entries, name, patch)
    for span in panel.spans:
        shade = ax.axvspan(span.low, span.high, color=_color(span.color), alpha=0.13, lw=0, zorder=0, gid="span")
        _enter(entries, span.label, shade)
    for band in panel.bands:
        low, high = finite(band.low, panel.y.scale), finite(band.high, panel.y.scale)
        color = _color(band.color)
        drawn = ax.fill_between(finite(band.x, panel.x.scale), low, high, color=color, alpha=0.2, lw=0, zorder=1)
        _enter(entries, band.label, drawn)
    bare = bare_colors(panel)
    bars = [trace for trace in panel.traces if trace.style == "bars"]
    for trace in panel.traces:
        if trace.style == "bars":
            place = next(k for k, one in enumerate(bars) if one is trace)  # == would compare arrays
            drawn = _draw_bars(ax, trace, place=place, count=len(bars))
        else:
            drawn = _draw_trace(ax, trace, panel, dash=pattern_of(trace, bare), small=small)
        _enter(entries, trace.label, drawn)
    drawn_already = panel.bands or any(collection.get_rasterized() for collection in ax.collections)
    if not any(np.isfinite(finite(t.y, panel.y.scale)).any() for t in panel.traces) and not drawn_already:
        ax.text(0.5, 0.5, "no data", transform=ax.transAxes, ha="center", va="center", color="#777777")
    return entries


def _enter(entries: Entries, label: str, drawn: Any) -> None:
    text = shorten(literal(label), _LEGEND_LENGTH)
    if text.strip():
        entries.setdefault(text if not text.startswith("_") else f"\u200b{text}", drawn)


def _draw_trace(ax: Axes, trace: Trace, panel: Panel, *, dash: Any, small: bool) -> Any:
    """Draw points with error bars, a line, or both."""
    x, y = finite(trace.x, panel.x.scale), finite(trace.y, panel.y.scale)
    color = _color(trace.color)
    marked = trace.style in ("points", "both")
    look: dict[str, Any] = {
        "color": color,
        "linestyle": "none" if trace.style == "points" else dash,
        "zorder": 2.5 if marked else 3,
    }
    if not marked and crosses(y) > DENSE:
        look["linewidth"] = 0.3
    if marked:
        look |= {
            "marker": MARKERS[trace.marker % len(MARKERS)],
            "markersize": SMALL_MARKER if small else size_of(len(x)),
            "markerfacecolor": color if trace.filled else "white",
            "markeredgecolor": color,
        }
    if trace.x_u is None and trace.y_u is None:
        return ax.plot(x, y, **look)[0]
    bars = (("xerr", trace.x_u), ("yerr", trace.y_u))
    errors: dict[str, Any] = {side: None if u is None else sizes(u) for side, u in bars}
    return ax.errorbar(x, y, **errors, elinewidth=0.7, capsize=1.6, capthick=0.7, **look)


def _draw_bars(ax: Axes, trace: Trace, *, place: int, count: int) -> Any:
    """Draw bars; several traces of bars stand beside each other."""
    x, y = finite(trace.x), finite(trace.y)
    step = float(np.min(np.diff(np.unique(x)))) if len(np.unique(x)) > 1 else 1.0
    width = 0.75 * step / count
    return ax.bar(
        x + (place - (count - 1) / 2) * width,
        y,
        width * 0.94,
        yerr=None if trace.y_u is None else sizes(trace.y_u),
        color=_color(trace.color) if trace.filled else "white",
        edgecolor=_color(trace.color),
        hatch=None if trace.filled else "////",
        linewidth=0.7,
        error_kw={"elinewidth": 0.7, "capsize": 1.6, "capthick": 0.7},
    )


def _draw_texts(axes: Sequence[Axes], spec: FigureSpec) -> None:
    """Write the texts of the panels where they cover least of what is drawn; the panels have their final places."""
    for ax, panel in zip(axes, spec.panels, strict=True):
        drawn = drawn_points(ax) if panel.texts else np.empty((0, 2))
        above = any(trace.style == "bars" for trace in panel.traces)
        for note in panel.texts:
            if math.isfinite(note.x) and math.isfinite(note.y):
                box = _draw_text(ax, note, drawn, above=above)
                drawn = np.concatenate([drawn, points_of_box(box)])


def _draw_text(ax: Axes, note: Text, drawn: np.ndarray, *, above: bool) -> Any:
    """Write a text beside a point of the data, on the side where it covers least, and return its box [pixels]."""
    text = ax.annotate(
        shorten(literal(note.text), 60),
        (note.x, note.y),
        xytext=(0, 0),
        textcoords="offset points",
        fontsize=6,
        annotation_clip=True,
    )
    costs = []
    frame = ax.get_window_extent()
    for across, up in _ABOVE if above else SIDES:
        text.set(position=(3 * across, 3 * up), ha=_ACROSS[across], va=_UP[up])
        box = text.get_window_extent()
        outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
        costs.append((outside, count_inside(drawn, box)))
        if costs[-1] == (False, 0):
            return box
    across, up = (_ABOVE if above else SIDES)[costs.index(min(costs))]
    text.set(position=(3 * across, 3 * up), ha=_ACROSS[across], va=_UP[up])
    return text.get_window_extent()


def _title(ax: Axes, panel: Panel, number: int, *, spec: FigureSpec, small: bool) -> None:
    title = shorten(pretty(panel.title), 22 if small else 52)
    if small:
        ax.set_title(title, fontsize=6.5)
    elif len(spec.panels) > 1:
        letter = f"({chr(ord('a') + number)})" if number < 26 else ""
        ax.set_title(f"{letter} {title}".strip())
    elif title:
        ax.set_title(title)


def _label_outer(axes: Sequence[Axes], columns: int) -> None:
    """Drop the axis labels of small multiples that the panel below or on the left repeats."""
    shown = [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes]
    for number, ax in enumerate(axes):
        below = number + columns
        if below < len(axes) and shown[below][0] == shown[number][0]:
            ax.set_xlabel("")
        if number % columns and shown[number - 1][1] == shown[number][1]:
            ax.set_ylabel("")


def _look(handle: Any) -> str:
    """Return what tells two legend entries of the same text apart."""
    line = handle[0] if isinstance(handle, tuple) and not hasattr(handle, "get_color") else handle
    parts = [getattr(line, f"get_{name}", str)() for name in ("color", "marker", "linestyle", "facecolor")]
    return repr([str(part) for part in parts])


def _color(index: int) -> str:
    import matplotlib as mpl

    colors = mpl.rcParams["axes.prop_cycle"].by_key().get("color", COLORS)
    return str(colors[index % len(colors)])
