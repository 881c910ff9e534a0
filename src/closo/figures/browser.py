"""A `FigureSpec` as plain JSON values for plotly.js: the figure of print, drawn by the browser.

No plotly is imported here. Every text is escaped: plotly.js takes some HTML in texts, and a name is drawn as it is written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from closo.figures.axes import finite, sizes
from closo.figures.image import phases
from closo.figures.labels import literal, pretty, split_label
from closo.figures.spec import Axis, Band, FigureSpec, Image, Panel, Span, Trace
from closo.figures.strokes import bare_colors, color_of
from closo.figures.style import COLORS, PREFIXED

MOST_POINTS = 4000  # of one trace; of more, the extremes of so many stretches are drawn
_MARKERS = (  # as MARKERS of print
    *("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "hexagon"),
    *("triangle-left", "triangle-right", "pentagon", "star"),
)
_DASHES = ("solid", "dashdot", "dot", "longdashdot", "longdash")  # as DASHES of print

Json = dict[str, Any]


def to_plotly(spec: FigureSpec) -> Json:
    """Return a figure as plain values: title, summary, notes, and per panel `data` and `layout` of plotly.js.

    A point that has something behind it carries it as `customdata`: a text for people, its number in the measurement, and
    its place along the quantity of which a range can be chosen (None where there is none).

    Example
    -------
    >>> panel = Panel(Axis("f / Hz", "log"), Axis("|Z| / ohm"), [Trace([1.0, 10.0], [5.0, float("nan")], "a<b")])
    >>> drawn = to_plotly(FigureSpec("one", [panel]))["panels"][0]
    >>> drawn["data"][0]["y"], drawn["data"][0]["name"], drawn["layout"]["yaxis"]["title"]["text"]
    ([5.0, None], 'a&lt;b', '|Z| / Ω')
    """
    panels = [_panel(panel) for panel in spec.panels]
    notes = [literal(note) for note in spec.notes]
    if any(len(trace.x) > MOST_POINTS for panel in spec.panels for trace in panel.traces):
        notes.append(
            f"Of traces with more than {MOST_POINTS} points the extremes are drawn; the CSV holds every point."
        )
    return {
        "name": literal(spec.name),
        "title": literal(spec.title or spec.name),
        "summary": literal(spec.summary),
        "notes": notes,
        "synthetic": spec.synthetic,
        "panels": panels,
    }


def panel_name(panel: Panel) -> str:
    """Return what a panel shows, for people.

    Example
    -------
    >>> panel_name(Panel(Axis("f / Hz"), Axis("|Z| / ohm"))), panel_name(Panel(Axis("x"), Axis("y"), title="a"))
    ('|Z| against f', 'a')
    """
    y, x = (split_label(pretty(axis.label))[0] for axis in (panel.y, panel.x))
    return literal(panel.title) or f"{y} against {x}"


def _panel(panel: Panel) -> Json:
    bare = bare_colors(panel)
    data = [_image(image) for image in panel.images]
    data += [part for band in panel.bands for part in _band(band, panel)]
    data += [_trace(trace, panel, _DASHES[bare.index(trace.color) % 5] if trace.color in bare else "solid")
             for trace in panel.traces]  # fmt: skip
    if panel.top is not None and panel.traces:  # an axis is drawn where a trace uses it
        xs = data[-len(panel.traces)]["x"]
        data.append({"type": "scatter", "x": xs, "y": [None] * len(xs), "xaxis": "x2", "showlegend": False})
    return {"name": panel_name(panel), "data": data, "layout": _layout(panel)}


def _layout(panel: Panel) -> Json:
    layout: Json = {
        "xaxis": _axis(panel.x),
        "yaxis": _axis(panel.y),
        "shapes": [_span(span) for span in panel.spans],
        "annotations": [
            _note(t.x, t.y, t.text, panel) for t in panel.texts if math.isfinite(t.x) and math.isfinite(t.y)
        ],
        "showlegend": any(t.label for t in panel.traces) or any(b.label for b in panel.bands),
        "barmode": "group",
    }
    layout["annotations"] += [_over(span, panel) for span in panel.spans if span.label]
    if panel.equal:
        layout["yaxis"] |= {"scaleanchor": "x", "constraintoward": "bottom"}
        layout["xaxis"]["constraintoward"] = "left"
        if panel.images:  # a map ends where its axes end
            layout["xaxis"]["constrain"] = layout["yaxis"]["constrain"] = "domain"
    if panel.top is not None:
        at = [position for position, _ in panel.top.ticks]
        texts = [_text(text) for _, text in panel.top.ticks]
        layout["xaxis2"] = {
            "title": {"text": _label(panel.top.label)},
            "overlaying": "x",
            "side": "top",
            "matches": "x",
        }
        layout["xaxis2"] |= {"tickvals": at, "ticktext": texts, "showgrid": False}
    return layout


def _axis(axis: Axis) -> Json:
    prefixed = split_label(pretty(axis.label))[1] in PREFIXED
    drawn: Json = {
        "title": {"text": _label(axis.label)},
        "type": axis.scale,
        "exponentformat": "SI" if prefixed else "power",
    }
    if axis.range is not None:
        low, high = axis.range
        logs = axis.scale == "log" and low > 0 and high > 0
        drawn["range"] = [math.log10(low), math.log10(high)] if logs else [low, high]
    if axis.ticks:
        drawn |= {"tickvals": [at for at, _ in axis.ticks], "ticktext": [_text(text) for _, text in axis.ticks]}
    return drawn


def _trace(trace: Trace, panel: Panel, dash: str) -> Json:
    x, y = finite(trace.x, panel.x.scale), finite(trace.y, panel.y.scale)
    kept = _kept(y)
    color = color_of(trace.color)
    drawn: Json = {"x": _numbers(x[kept]), "y": _numbers(y[kept]), "name": _text(trace.label)}
    drawn["showlegend"] = bool(trace.label.strip())
    if trace.style == "bars":
        drawn |= {"type": "bar", "marker": {"color": color, "opacity": 1.0 if trace.filled else 0.4}}
    else:
        symbol = _MARKERS[trace.marker % len(_MARKERS)] + ("" if trace.filled else "-open")
        mode = {"points": "markers", "both": "lines+markers"}.get(trace.style, "lines")
        drawn |= {"type": "scatter", "mode": mode, "marker": {"color": color, "symbol": symbol, "size": 7}}
        drawn["line"] = {"color": color, "width": 1.7, "dash": "dash" if trace.style == "dashed" else dash}
    for key, u in (("error_x", trace.x_u), ("error_y", trace.y_u)):
        if u is not None:
            drawn[key] = {
                "type": "data",
                "array": _numbers(sizes(u)[kept]),
                "color": color,
                "thickness": 1.2,
                "width": 3,
            }
    drawn["hovertemplate"] = "%{x:.4g}, %{y:.4g}"
    if trace.behind:
        drawn["customdata"] = _behind(trace.behind, kept)
        drawn["hovertemplate"] = "%{customdata[0]}<br>" + drawn["hovertemplate"]
    return drawn


def _behind(behind: Mapping[str, Any], kept: np.ndarray) -> list[list[Any]]:
    """Return per point a text, its number, and its place along the first other quantity behind it."""
    columns = {name: np.asarray(values, float)[kept] for name, values in behind.items()}
    along = next((values for name, values in columns.items() if name != "point"), None)
    points = columns.get("point")
    rows: list[list[Any]] = []
    for k in range(len(kept)):
        text = ", ".join(_said(name, float(values[k])) for name, values in columns.items())
        rows.append([text, None if points is None else int(points[k]), None if along is None else float(along[k])])
    return rows


def _said(name: str, value: float) -> str:
    if name == "point":
        return f"point {value:.0f}"
    symbol, unit = split_label(pretty(name))
    return _text(f"{symbol} = {value:.4g} {unit}".rstrip())


def _band(band: Band, panel: Panel) -> tuple[Json, Json]:
    x = _numbers(finite(band.x, panel.x.scale))
    color = color_of(band.color)
    edge: Json = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0, "color": color}, "hoverinfo": "skip"}
    low, high = (_numbers(finite(values, panel.y.scale)) for values in (band.low, band.high))
    filled = {"fill": "tonexty", "fillcolor": f"{color}33", "name": _text(band.label), "showlegend": bool(band.label)}
    return edge | {"y": low, "showlegend": False}, edge | {"y": high} | filled


def _image(image: Image) -> Json:
    z = finite(np.asarray(image.z), image.scale if image.kind == "values" else "linear")
    drawn: Json = {"type": "heatmap", "x": _numbers(image.x_edges), "y": _numbers(image.y_edges), "zsmooth": False}
    if image.kind == "labels":
        place, named = phases(image, z)
        present, colors = list(named) or [0], list(named.values()) or [COLORS[0]]
        ends = [(k / len(present), color) for k, color in enumerate(colors)]
        scale = [[at, color] for k, (start, color) in enumerate(ends) for at in (start, (k + 1) / len(present))]
        names = [_text(image.names.get(label, f"phase {label}")).replace(", ", ",<br>") for label in present]
        bar = {"tickvals": list(range(len(present))), "ticktext": names}
        limits = {"zmin": -0.5, "zmax": len(present) - 0.5}
        return drawn | {"z": [_numbers(row) for row in place], "colorscale": scale, "colorbar": bar} | limits
    shown = np.log10(z) if image.scale == "log" else z
    title = _label(image.label)
    drawn |= {"z": [_numbers(row) for row in shown], "colorscale": "Viridis"}
    drawn["colorbar"] = {"title": {"text": f"log₁₀({title})" if image.scale == "log" else title, "side": "right"}}
    if image.range is not None:
        low, high = (math.log10(end) if image.scale == "log" else end for end in image.range)
        drawn |= {"zmin": low, "zmax": high}
    return drawn


def _span(span: Span) -> Json:
    return {
        "type": "rect",
        "x0": span.low,
        "x1": span.high,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": color_of(span.color),
        "opacity": 0.15,
        "line": {"width": 0},
        "layer": "below",
    }


def _over(span: Span, panel: Panel) -> Json:
    """Return the name of a span, at its upper end."""
    middle = (
        math.sqrt(span.low * span.high) if panel.x.scale == "log" and span.low > 0 else 0.5 * (span.low + span.high)
    )
    at = math.log10(middle) if panel.x.scale == "log" and middle > 0 else middle
    place = {"x": at, "y": 1, "yref": "paper", "yanchor": "top", "showarrow": False}
    return place | {"text": _text(span.label), "font": {"size": 11}}


def _note(x: float, y: float, text: str, panel: Panel) -> Json:
    """Return a text at a point of the data; on a logarithmic axis plotly.js wants the logarithm here."""
    at = [math.log10(v) if scale == "log" and v > 0 else v for v, scale in ((x, panel.x.scale), (y, panel.y.scale))]
    place = {"x": at[0], "y": at[1], "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    return place | {"text": _text(text), "font": {"size": 11}}


def _kept(y: np.ndarray) -> np.ndarray:
    """Return the indices that are drawn: all, or of a long trace the extremes of each stretch."""
    if y.size <= MOST_POINTS:
        return np.arange(y.size)
    stretches = np.array_split(np.arange(y.size), MOST_POINTS // 2)
    ends = [0, y.size - 1]
    for stretch in stretches:
        good = stretch[np.isfinite(y[stretch])]
        if good.size:
            ends += [int(good[np.argmin(y[good])]), int(good[np.argmax(y[good])])]
    return np.unique(ends)


def _numbers(values: Sequence[float] | np.ndarray) -> list[float | None]:
    return [float(f"{v:.7g}") if math.isfinite(v) else None for v in np.asarray(values, float)]


def _label(label: str) -> str:
    return escape(pretty(label), quote=False)


def _text(text: str) -> str:
    return escape(literal(text), quote=False)
