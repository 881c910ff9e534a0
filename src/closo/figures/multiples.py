"""Small multiples as SVG, written without matplotlib: hundreds of panels in the time and space that it needs for ten.

Lines, points, bands and spans on linear and logarithmic axes; whatever else is in a panel, `draw` draws it. Limits, ticks,
colours and places are those of `draw`, so that a panel looks the same in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from closo.figures.axes import EQUAL_SHAPE, finite, linear_text, log_text, power_of, scaled_label
from closo.figures.labels import literal, pretty, shorten, split_label
from closo.figures.spec import Axis, FigureSpec, Panel, Trace
from closo.figures.style import COLORS, DASHES, DOUBLE_COLUMN, PREFIXED

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 32.4, 4.3, 21.6, 25.9, 25.9  # pt, as in `draw`
_MARGIN = 0.05  # of the data, on each side
_FONT = "font-family=\"'DejaVu Sans',Verdana,Arial,sans-serif\""


@dataclass(frozen=True)
class _Scale:
    """From numbers to places along one side of a panel."""

    low: float
    high: float
    log: bool
    length: float

    def __call__(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            at, low, high = (np.log10(v) if self.log else np.asarray(v) for v in (values, self.low, self.high))
            return np.asarray((at - low) / (high - low) * self.length)


def is_plain(spec: FigureSpec) -> bool:
    """Return whether a figure has nothing that only `draw` can draw."""
    traces = [trace for panel in spec.panels for trace in panel.traces]
    odd = any(p.images or p.top or p.x.ticks or p.y.ticks for p in spec.panels)
    return not odd and all(t.style != "bars" and t.x_u is None and t.y_u is None for t in traces)


def multiples_svg(spec: FigureSpec) -> str:
    """Return a figure whose panels are `is_plain` as SVG text; every text of a user in it is escaped."""
    width = DOUBLE_COLUMN * 72
    across = (width - _LEFT - _RIGHT + _GAP) / spec.columns - _GAP
    up = across * EQUAL_SHAPE
    rows = math.ceil(len(spec.panels) / spec.columns)
    height = _TOP + rows * (up + _GAP) - _GAP + _BOTTOM
    legend, more = _legend(spec, width, height)
    scales = [_scales(panel, across, up) for panel in spec.panels]
    powers = _powers(spec.panels, scales)
    labels = [_labels(panel, powers) for panel in spec.panels]
    body = []
    for k, (panel, (x, y)) in enumerate(zip(spec.panels, scales, strict=True)):
        left, top = _LEFT + k % spec.columns * (across + _GAP), _TOP + k // spec.columns * (up + _GAP)
        below = k + spec.columns
        shown = (
            "" if below < len(labels) and labels[below][0] == labels[k][0] else labels[k][0],
            "" if k % spec.columns and labels[k - 1][1] == labels[k][1] else labels[k][1],
        )
        body.append(
            f'<g transform="translate({left:.1f} {top:.1f})">{_panel(panel, x, y, powers)}{_names(shown, across, up)}</g>'
        )
    if spec.synthetic:
        body.append(_text(width - 2, 6.5, "synthetic data", size=5.5, anchor="end", more=' fill="#777"'))
    title = escape(literal(spec.title or spec.name))
    size = f'width="{width:.1f}pt" height="{height + more:.1f}pt" viewBox="0 0 {width:.1f} {height + more:.1f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} version="1.1"><title>{title}</title>'
    white = f'<rect width="{width:.1f}" height="{height + more:.1f}" fill="#fff"/>'
    clip = f'<clipPath id="panel"><rect width="{across:.1f}" height="{up:.1f}"/></clipPath>'
    return f'{head}{white}{clip}<g {_FONT} fill="none" stroke-linejoin="round">{"".join(body)}{legend}</g></svg>\n'


def _scales(panel: Panel, across: float, up: float) -> tuple[_Scale, _Scale]:
    """Return the scales of a panel: its ranges, else those of its data with a margin."""
    xs = [np.asarray(v, float) for t in panel.traces for v in (t.x,)] + [np.asarray(b.x, float) for b in panel.bands]
    ys = [np.asarray(t.y, float) for t in panel.traces] + [
        np.asarray(v, float) for b in panel.bands for v in (b.low, b.high)
    ]
    x0, x1 = _limits(xs, panel.x)
    y0, y1 = _limits(ys, panel.y)
    if panel.equal:
        x0, x1, y0, y1 = _equal(panel, (x0, x1), (y0, y1))
    return _Scale(x0, x1, panel.x.scale == "log", across), _Scale(y0, y1, panel.y.scale == "log", up)


def _limits(values: Sequence[np.ndarray], axis: Axis) -> tuple[float, float]:
    if axis.range is not None:
        return axis.range
    known = np.concatenate([finite(v, axis.scale).ravel() for v in values]) if values else np.empty(0)
    known = known[np.isfinite(known)]
    if not known.size:
        return (1.0, 10.0) if axis.scale == "log" else (0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if axis.scale == "log":
        spread = (math.log10(high / low) or 1.0) * _MARGIN
        return low * 10.0**-spread, high * 10.0**spread
    spread = (high - low or abs(high) or 1.0) * _MARGIN
    return low - spread, high + spread


def _equal(panel: Panel, x: tuple[float, float], y: tuple[float, float]) -> tuple[float, float, float, float]:
    """Choose limits so that one unit is as long in x as in y."""
    (x0, x1), (y0, y1) = x, y
    if panel.x.range is None and 0 < x0 < 0.6 * x1:
        x0 = 0.0
    if panel.y.range is None and y0 > -0.12 * y1:
        y0 = min(0.0, y0)
    extra = (y1 - y0) / EQUAL_SHAPE - (x1 - x0)
    if extra < 0:
        return x0, x1, y0, y0 + EQUAL_SHAPE * (x1 - x0)
    left = min(0.05 * (x1 - x0 + extra), extra) if panel.x.range is None else 0.0
    return x0 - left, x1 + extra - left, y0, y1


def _powers(panels: Sequence[Panel], scales: Sequence[tuple[_Scale, _Scale]]) -> tuple[int, int]:
    """Return one power of ten per side for all panels, so that their labels are the same."""
    found = []
    for side in (0, 1):
        largest = float(np.median([max(abs(s[side].low), abs(s[side].high)) for s in scales]))
        label = pretty((panels[0].x, panels[0].y)[side].label)
        found.append(power_of(largest, split_label(label)[1] in PREFIXED))
    return (found[0], found[0]) if panels[0].equal else (found[0], found[1])


def _labels(panel: Panel, powers: tuple[int, int]) -> tuple[str, str]:
    pairs = zip((panel.x, panel.y), powers, strict=True)
    x, y = (pretty(a.label) if a.scale == "log" else scaled_label(pretty(a.label), power) for a, power in pairs)
    return x, y


def _panel(panel: Panel, x: _Scale, y: _Scale, powers: tuple[int, int]) -> str:
    """Return what is inside a panel, its frame, ticks and title."""
    width, height = x.length, y.length
    inner = "".join(_contents(panel, x, y))
    tenths = '<g clip-path="url(#panel)"><g transform="scale(.1)" stroke-width="10">'
    parts = [f"{tenths}{inner}</g></g>"] if inner else []
    step = _step(x) if panel.equal and not x.log else None
    ticks, texts = [], []
    for at, text in _ticks(x, powers[0], step):
        ticks.append(f"M{at:.1f} {height:.1f}v-3")
        texts.append(_text(at, height + 8, text, size=6.5))
    for at, text in _ticks(y, powers[1], step):
        ticks.append(f"M0 {height - at:.1f}h3")
        texts.append(_text(-3.5, height - at + 2.3, text, size=6.5, anchor="end"))
    frame = f"M0 0h{width:.1f}v{height:.1f}h-{width:.1f}z"
    parts.append(f'<path d="{frame}{"".join(ticks)}" stroke="#000" stroke-width=".6"/>')
    title = shorten(pretty(panel.title), 22)
    return "".join([*parts, *texts, _text(0, -4, title, size=6.5, anchor="start") if title else ""])


def _names(labels: tuple[str, str], across: float, up: float) -> str:
    """Return the names of the axes."""
    x = _text(across / 2, up + 18, labels[0], size=7.5) if labels[0] else ""
    turned = f' transform="translate(-24 {up / 2:.1f}) rotate(-90)"'
    return x + (_text(0, 0, labels[1], size=7.5, more=turned) if labels[1] else "")


def _contents(panel: Panel, x: _Scale, y: _Scale) -> Iterable[str]:
    """Yield spans, bands and traces."""
    for span in panel.spans:
        low, high = (round(10 * place) for place in _places(x, [span.low, span.high]))
        yield f'<path d="M{low} 0H{high}V{10 * y.length:.0f}H{low}z" fill="{_color(span.color)}" fill-opacity=".13"/>'
    for band in panel.bands:
        at, low, high = (_places(s, v) for s, v in ((x, band.x), (y, band.low), (y, band.high)))
        use = np.isfinite(at) & np.isfinite(low) & np.isfinite(high)
        edge = np.concatenate([np.column_stack([at, low])[use], np.column_stack([at, high])[use][::-1]])
        if len(edge):
            yield f'<path d="{_line(edge[:, 0], edge[:, 1], y.length)}z" fill="{_color(band.color)}" fill-opacity=".2"/>'
    marked = {trace.color for trace in panel.traces if trace.style in ("points", "both")}
    bare = sorted({trace.color for trace in panel.traces} - marked)
    for trace in sorted(panel.traces, key=lambda t: t.style not in ("points", "both")):
        at, up = _places(x, trace.x), _places(y, trace.y)
        dash = _dash(trace, bare)
        if trace.style != "points":
            yield f'<path d="{_line(at, up, y.length)}" stroke="{_color(trace.color)}"{dash}/>'
        if trace.style in ("points", "both"):
            yield _dots(at, up, y.length, trace)


def _places(scale: _Scale, values: object) -> np.ndarray:
    """Return places; a number that a logarithmic axis cannot show has none."""
    places = scale(finite(np.asarray(values, float), "log" if scale.log else "linear"))
    return np.asarray(np.clip(places, -9999.0, 9999.0))


def _line(at: np.ndarray, up: np.ndarray, height: float) -> str:
    """Return a path through the points in tenths of a point, broken where one has no place."""
    words, move, last = [], True, (0, 0)
    for x, y in zip(10 * at, 10 * (height - up), strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            move = True
            continue
        place = (round(x), round(y))
        if move:
            words.append(f"M{place[0]} {place[1]}")
        elif place != last:
            words.append(f"l{_step_to(place, last)}")
        move, last = False, place
    return "".join(words)


def _step_to(place: tuple[int, int], last: tuple[int, int]) -> str:
    x, y = place[0] - last[0], place[1] - last[1]
    return f"{x}{y}" if y < 0 else f"{x} {y}"


def _dots(at: np.ndarray, up: np.ndarray, height: float, trace: Trace) -> str:
    """Return markers, in tenths of a point: strokes without length and with round ends; open ones have a white middle."""
    known = [(round(x), round(y)) for x, y in zip(10 * at, 10 * (height - up), strict=True) if math.isfinite(x + y)]
    places = list(dict.fromkeys(known))
    dots = "".join(f"m{_step_to(place, last)}h0" for last, place in zip([(0, 0), *places], places, strict=False))
    ring = f'<path d="{dots}" stroke="{_color(trace.color)}" stroke-width="22" stroke-linecap="round"/>'
    return ring if trace.filled else f'{ring}<path d="{dots}" stroke="#fff" stroke-width="10" stroke-linecap="round"/>'


def _dash(trace: Trace, bare: Sequence[int]) -> str:
    pattern = (0, (3.5, 1.8)) if trace.style == "dashed" else "-"
    if trace.style == "line" and trace.color in bare:
        pattern = DASHES[bare.index(trace.color) % len(DASHES)]
    return "" if pattern == "-" else f' stroke-dasharray="{" ".join(f"{10 * length:g}" for length in pattern[1])}"'


def _ticks(scale: _Scale, power: int, step: float | None) -> Iterable[tuple[float, str]]:
    """Yield place and text of a few ticks."""
    if scale.log:
        powers = range(math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9) + 1)
        plain = math.log10(scale.high / scale.low) < 3 and scale.low > 5e-4 and scale.high < 2e4
        text: Callable[[float, object], str] = log_text(plain)
        values = [10.0**p for p in powers if p % max(1, math.ceil(len(powers) / 4)) == 0]
    else:
        step = step or _step(scale)
        text = linear_text(10.0**power)
        first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
        values = [step * k for k in range(first, last + 1)]
    for value, at in zip(values, scale(np.array(values)), strict=True):
        yield float(at), text(value, None)


def _step(scale: _Scale) -> float:
    """Return the smallest round step that gives at most four intervals."""
    rough = (scale.high - scale.low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * round_one for round_one in (1, 2, 2.5, 5, 10) if power * round_one >= rough * (1 - 1e-9))


def _legend(spec: FigureSpec, width: float, top: float) -> tuple[str, float]:
    """Return one legend below all panels, and the height that it takes."""
    entries: dict[str, str] = {}
    for panel in spec.panels:
        marked = {trace.color for trace in panel.traces if trace.style in ("points", "both")}
        bare = sorted({trace.color for trace in panel.traces} - marked)
        for trace in panel.traces:
            line = f'<path d="M0-23h120" stroke="{_color(trace.color)}"{_dash(trace, bare)}/>'
            dot = _dots(np.array([6.0]), np.array([2.3]), 0.0, trace)
            look = {"points": dot, "both": line + dot}.get(trace.style, line)
            entries.setdefault(shorten(literal(trace.label), 44), look)
        shades = [(b.label, b.color, ".2") for b in panel.bands] + [(s.label, s.color, ".13") for s in panel.spans]
        for label, color, opacity in shades:
            box = f'<path d="M0-50h120v50h-120z" fill="{_color(color)}" fill-opacity="{opacity}"/>'
            entries.setdefault(shorten(literal(label), 44), box)
    named = [(text, look) for text, look in entries.items() if text.strip()]
    if not named:
        return "", 0.0
    columns = int(np.clip(width // (max(len(text) for text, _ in named) * 3.9 + 28), 1, len(named)))
    step = (width - 20) / columns
    parts = []
    for k, (text, look) in enumerate(named):
        x, y = 10 + k % columns * step, top + 8 + k // columns * 9.5
        parts.append(
            f'<g transform="translate({x:.1f} {y:.1f})">{look}{_text(15, 0, text, size=6.5, anchor="start")}</g>'
        )
    return "".join(parts), math.ceil(len(named) / columns) * 9.5 + 5


def _text(x: float, y: float, text: str, *, size: float, anchor: str = "middle", more: str = "") -> str:
    fill = "" if "fill" in more else ' fill="#000"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{fill}{more}>{escape(text)}</text>'
    )


def _color(index: int) -> str:
    return COLORS[index % len(COLORS)]
