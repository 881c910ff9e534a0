"""Figures of a page as SVG, written without matplotlib: a hundred in the time and space that it needs for ten.

Lines, points with error bars, bands, spans and texts on linear and logarithmic axes; whatever else is in a panel, `draw`
draws it. Limits, ticks, colours and places are those of `draw`, so that a panel looks the same in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from closo.figures.axes import COUNTED, log_power, places_above, power_of, scaled_label
from closo.figures.labels import literal, pretty, shorten, split_label, title_of
from closo.figures.legend import MOST_INSIDE, SIDES, dense
from closo.figures.scales import Scale, Tick, scales_of, step_of, ticks_of
from closo.figures.spec import FigureSpec, Panel, Trace
from closo.figures.strokes import bare_colors, color_of, dash_of, dots, inside
from closo.figures.style import (
    CM,
    DOUBLE_COLUMN,
    EQUAL_SHAPE,
    PREFIXED,
    SINGLE_COLUMN,
    SMALL_FROM,
    SMALL_MARKER,
    SmallGrid,
)

_FONT = "font-family=\"'DejaVu Sans',Verdana,Arial,sans-serif\""
_LETTER = 0.6  # width of a letter over the size of the font
_ROW = 9.5  # of a legend [pt]
_RIGHT = 9.0  # of a large panel [pt]: half of a tick label
_PLACES = ((1, 0), (0, 0), (1, 1), (0, 1), (1, 0.5), (0, 0.5), (0.5, 0), (0.5, 1))  # of a legend: share across and down

Entries = dict[str, str]  # text of the legend -> its drawing
Names = tuple[str, str]  # of the axes
Note = tuple[float, float, float, float, str]  # left, top, width, height [pt], text


@dataclass(frozen=True)
class _Layout:
    """Where panels stand [pt]: the first one's corner, their size, and the distance from one to the next."""

    columns: int
    width: float
    left: float
    top: float
    across: float
    up: float
    gap: tuple[float, float]
    bottom: float
    small: bool

    def corner(self, number: int) -> tuple[float, float]:
        """Return the upper left corner of a panel."""
        row, column = divmod(number, self.columns)
        return self.left + column * (self.across + self.gap[0]), self.top + row * (self.up + self.gap[1])

    def height(self, panels: int) -> float:
        """Return the height of a figure of so many panels."""
        return self.corner(panels - 1)[1] + self.up + self.bottom


@dataclass(frozen=True)
class _Axes:
    """A panel with its scales, ticks, and the names of its axes."""

    panel: Panel
    x: Scale
    y: Scale
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    names: Names


def is_plain(spec: FigureSpec) -> bool:
    """Return whether a figure has nothing that only `draw` can draw."""
    small = spec.columns >= SMALL_FROM
    traces = [trace for panel in spec.panels for trace in panel.traces]
    odd = [bool(p.images or p.x.ticks or p.y.ticks or (small and p.top)) for p in spec.panels]
    odd += [t.style == "bars" or (small and (t.x_u is not None or t.y_u is not None)) for t in traces]
    return bool(spec.panels) and not any(odd)


def to_page_svg(spec: FigureSpec) -> str:
    """Return a figure that `is_plain` as SVG text; every text of a user in it is escaped."""
    layout = _layout_small(spec) if spec.columns >= SMALL_FROM else _layout(spec)
    all_axes = _all_axes(spec.panels, layout)
    height = layout.height(len(all_axes))
    body, below = [], Entries()
    named: set[tuple[str, str]] = set()
    for number, axes in enumerate(all_axes):
        new = {text: look for text, look in _entries(axes.panel, layout).items() if (text, look) not in named}
        named |= set(new.items())
        notes, legend = ("", "") if layout.small else _notes_and_legend(axes, new)
        below |= {} if legend else {text: look for text, look in new.items() if text not in below}
        left, top = layout.corner(number)
        parts = _panel(axes, layout, number if len(all_axes) > 1 else -1) + _names(
            _shown(all_axes, number, layout), axes, layout
        )
        body.append(f'<g transform="translate({left:.1f} {top:.1f})">{parts}{notes}{legend}</g>')
    if not layout.small and spec.title:
        body.append(_text(2, 8, title_of(spec, layout.width / 72), size=7, anchor="start"))
    if spec.synthetic:
        body.append(_text(layout.width - 2, 6.5, "synthetic data", size=5.5, anchor="end", more=' fill="#777"'))
    drawn, more = _legend_below(below, layout.width, height)
    title = escape(literal(spec.title or spec.name))
    width, high = f"{layout.width:.1f}", f"{height + more:.1f}"
    size = f'width="{width}pt" height="{high}pt" viewBox="0 0 {width} {high}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} version="1.1"><title>{title}</title>'
    white = f'<rect width="{width}" height="{high}" fill="#fff"/>'
    clip = f'<clipPath id="panel"><rect width="{layout.across:.1f}" height="{layout.up:.1f}"/></clipPath>'
    return f'{head}{white}{clip}<g {_FONT} fill="none" stroke-linejoin="round">{"".join(body)}{drawn}</g></svg>\n'


def _layout_small(spec: FigureSpec) -> _Layout:
    """Lay small multiples out on a fixed grid, as `draw` does."""
    grid = SmallGrid(DOUBLE_COLUMN * 72, spec.columns)
    gap = (grid.gap, grid.gap)
    return _Layout(spec.columns, grid.width, grid.left, grid.top, grid.across, grid.up, gap, grid.bottom, small=True)


def _layout(spec: FigureSpec) -> _Layout:
    """Lay a few panels out: as much room beside them as their longest tick label needs."""
    panels = spec.panels
    columns = max(1, min(spec.columns, len(panels)))
    rows, width = math.ceil(len(panels) / columns), (DOUBLE_COLUMN if columns > 1 else SINGLE_COLUMN) * 72
    longest = max((len(text) for one in _all_axes(panels) for _, text, _ in one.y_ticks), default=1)
    beside = longest * 6.5 * _LETTER + 17.0
    above = 4.0 + 10.0 * any(p.title or len(panels) > 1 for p in panels) + 18.0 * any(p.top for p in panels)
    across = width / columns - beside - _RIGHT
    shape = 0.86 if any(p.equal or p.top for p in panels) else 0.74
    tallest = (min(rows * width / columns * shape, 22.7 * CM * 72) / rows) - above - 24.0
    up = across * EQUAL_SHAPE if any(p.equal for p in panels) else tallest
    top = above + 10.0 * bool(spec.title or spec.synthetic)
    return _Layout(columns, width, beside, top, across, up, (beside + _RIGHT, above + 24.0), 24.0, small=False)


def _all_axes(panels: Sequence[Panel], layout: _Layout | None = None) -> list[_Axes]:
    """Return all panels with their scales and ticks; small multiples share one power of ten per side."""
    size = (1.0, 1.0) if layout is None else (layout.across, layout.up)
    small = layout is not None and layout.small
    scales = [scales_of(panel, *size) for panel in panels]
    shared = _powers(panels[0], scales) if small else None
    return [
        _axes(p, two, shared or _powers(p, [two]), count=4 if small else 6)
        for p, two in zip(panels, scales, strict=True)
    ]


def _powers(panel: Panel, scales: Sequence[tuple[Scale, Scale]]) -> tuple[int, int]:
    """Return the power of ten by which the numbers of each side are divided."""
    powers = []
    for side, axis in enumerate((panel.x, panel.y)):
        unit = split_label(pretty(axis.label))[1]
        if axis.scale == "log":
            ends = sorted((scales[0][side].low, scales[0][side].high))
            powers.append(log_power(ends[0], ends[1], unit) if len(scales) == 1 else 0)
            continue
        largest = float(np.median([max(abs(s[side].low), abs(s[side].high)) for s in scales]))
        powers.append(power_of(largest, unit in PREFIXED))
    return (powers[0], powers[0]) if panel.equal and len(scales) > 1 else (powers[0], powers[1])


def _axes(panel: Panel, scales: tuple[Scale, Scale], powers: tuple[int, int], *, count: int) -> _Axes:
    x, y = scales
    step = step_of(x, count) if panel.equal and not x.log else None
    names = [pretty(axis.label) for axis in (panel.x, panel.y)]
    ticks = [
        ticks_of(scale, power, step=step, count=count, counted=name in COUNTED)
        for scale, power, name in zip(scales, powers, names, strict=True)
    ]
    shown = [scaled_label(name, power) for name, power in zip(names, powers, strict=True)]
    return _Axes(panel, x, y, ticks[0], ticks[1], (shown[0], shown[1]))


def _panel(axes: _Axes, layout: _Layout, number: int) -> str:
    """Return what is inside a panel, its frame, ticks, texts and title; `number` for its letter, -1 without one."""
    panel, small = axes.panel, layout.small
    inner = "".join(inside(panel, axes.x, axes.y, size=SMALL_MARKER if small else None))
    clipped = f'<g clip-path="url(#panel)"><g transform="scale(.1)" stroke-width="10">{inner}</g></g>'
    parts = [clipped if inner else "", *_frame(axes, layout)]
    if not small and panel.top is not None:
        parts += _top(axes)
    letter = f"({chr(ord('a') + number)}) " if 0 <= number < 26 and not small else ""
    title = letter + shorten(pretty(panel.title), 22 if small else 52)
    above = -4 - 18 * (panel.top is not None)
    parts.append(_text(0, above, title.strip(), size=6.5 if small else 7.5, anchor="start") if title.strip() else "")
    return "".join(parts)


def _frame(axes: _Axes, layout: _Layout) -> list[str]:
    """Return the frame with its ticks, also on the far sides of large panels, and their texts."""
    width, height, far = axes.x.length, axes.y.length, not layout.small
    main: list[str] = []
    minor: list[str] = []
    texts = []
    for at, text, is_main in axes.x_ticks:
        marks, long = (main, "3") if is_main else (minor, "1.6")
        marks.append(
            f"M{at:.1f} {height:.1f}v-{long}" + (f"M{at:.1f} 0v{long}" if far and axes.panel.top is None else "")
        )
        texts.append(_text(at, height + (8 if layout.small else 9), text, size=6.5) if text else "")
    for at, text, is_main in axes.y_ticks:
        marks, long = (main, "3") if is_main else (minor, "1.6")
        marks.append(f"M0 {height - at:.1f}h{long}" + (f"M{width:.1f} {height - at:.1f}h-{long}" if far else ""))
        texts.append(_text(-3.5, height - at + 2.3, text, size=6.5, anchor="end") if text else "")
    frame = f"M0 0h{width:.1f}v{height:.1f}h-{width:.1f}z"
    thin = f'<path d="{"".join(minor)}" stroke="#000" stroke-width=".4"/>' if minor else ""
    return [f'<path d="{frame}{"".join(main)}" stroke="#000" stroke-width=".6"/>', thin, *texts]


def _top(axes: _Axes) -> list[str]:
    """Return the second x axis above."""
    top = axes.panel.top
    assert top is not None
    low, high = sorted((axes.x.low, axes.x.high))
    ticks = sorted((x, literal(text)) for x, text in top.ticks if low <= x <= high)
    at, names = axes.x(np.array([x for x, _ in ticks])).tolist(), [text for _, text in ticks]
    marks = "".join(f"M{one:.1f} 0v3" for one in at)
    places = places_above(at, names, 6.5 * _LETTER, axes.x.length)
    texts = [_text(one, -3, text, size=6.5) for one, text in zip(places, names, strict=True) if one is not None]
    name = _text(axes.x.length / 2, -12.5, pretty(top.label), size=7.5)
    return [f'<path d="{marks}" stroke="#000" stroke-width=".6"/>', *texts, name]


def _notes_and_legend(axes: _Axes, entries: Entries) -> tuple[str, str]:
    """Return the texts of a panel where they cover least, and its legend where that covers nothing."""
    covered = _covered(axes)
    notes = []
    for note in axes.panel.texts:
        at, up = float(axes.x([note.x])[0]), float(axes.y([note.y])[0])
        if 0 <= at <= axes.x.length and 0 <= up <= axes.y.length:
            notes.append(_placed(axes, covered, (at, axes.y.length - up), shorten(literal(note.text), 60)))
            covered = np.concatenate([covered, _filled(notes[-1])])
    if not len(covered):
        notes.append((axes.x.length / 2 - 14, axes.y.length / 2 - 4, 28.0, 7.5, "no data"))
    texts = [_text(x + width / 2, y + height - 1.9, text, size=6) for x, y, width, height, text in notes]
    return "".join(texts), _legend_inside(axes, entries, covered)


def _placed(axes: _Axes, covered: np.ndarray, at: tuple[float, float], text: str) -> Note:
    """Return a text beside a place, on the side where it covers least."""
    width, height = 6 * _LETTER * len(text), 7.5
    best, least = None, (True, math.inf)
    for across, down in SIDES:
        left = at[0] + 3 * across - (1 - across) / 2 * width
        top = at[1] - 3 * down - (1 + down) / 2 * height
        note = (left, top, width, height, text)
        outside = left < 0 or top < 0 or left + width > axes.x.length or top + height > axes.y.length
        cost = (outside, float(np.count_nonzero(_inside(covered, note, 1.0))))
        if best is None or cost < least:
            best, least = note, cost
    assert best is not None
    return best


def _inside(points: np.ndarray, box: Note, pad: float) -> np.ndarray:
    left, top, width, height, _ = box
    across = (points[:, 0] > left - pad) & (points[:, 0] < left + width + pad)
    return np.asarray(across & (points[:, 1] > top - pad) & (points[:, 1] < top + height + pad))


def _filled(box: Note) -> np.ndarray:
    left, top, width, height, _ = box
    x, y = np.meshgrid(np.linspace(left, left + width, 12), np.linspace(top, top + height, 4))
    return np.column_stack([x.ravel(), y.ravel()])


def _shown(all_axes: Sequence[_Axes], number: int, layout: _Layout) -> Names:
    """Return the names of a panel's axes; of small multiples without those that the panel below or on the left repeats."""
    x, y = all_axes[number].names
    if layout.small:
        below = number + layout.columns
        x = "" if below < len(all_axes) and all_axes[below].names[0] == x else x
        y = "" if number % layout.columns and all_axes[number - 1].names[1] == y else y
    return x, y


def _names(names: Names, axes: _Axes, layout: _Layout) -> str:
    x = _text(layout.across / 2, layout.up + (18 if layout.small else 19), names[0], size=7.5) if names[0] else ""
    longest = max((len(text) for _, text, _ in axes.y_ticks), default=1)
    left = -24.0 if layout.small else -longest * 6.5 * _LETTER - 7.5
    turned = f' transform="translate({left:.1f} {layout.up / 2:.1f}) rotate(-90)"'
    return x + (_text(0, 0, names[1], size=7.5, more=turned) if names[1] else "")


def _entries(panel: Panel, layout: _Layout) -> Entries:
    bare, entries = bare_colors(panel), Entries()
    for trace in panel.traces:
        entries.setdefault(shorten(literal(trace.label), 44), _sample(trace, bare, small=layout.small))
    shades = [(b.label, b.color, ".2") for b in panel.bands] + [(s.label, s.color, ".13") for s in panel.spans]
    for label, color, opacity in shades:
        box = f'<path d="M0-50h120v50h-120z" fill="{color_of(color)}" fill-opacity="{opacity}"/>'
        entries.setdefault(shorten(literal(label), 44), f'<g transform="scale(.1)">{box}</g>')
    return {text: look for text, look in entries.items() if text.strip()}


def _sample(trace: Trace, bare: Sequence[int], *, small: bool) -> str:
    """Return the line, marker or both that stand for a trace in the legend."""
    line = f'<path d="M0-23h120" stroke="{color_of(trace.color)}" stroke-width="10"{dash_of(trace, bare)}/>'
    dot = dots(np.array([6.0]), np.array([2.3]), 0.0, trace, size=SMALL_MARKER if small else None)
    return f'<g transform="scale(.1)">{ {"points": dot, "both": line + dot}.get(trace.style, line) }</g>'


def _legend_inside(axes: _Axes, entries: Entries, covered: np.ndarray) -> str:
    """Return the legend at the first place of the panel where nothing lies under it; nothing where there is none."""
    if not 0 < len(entries) <= MOST_INSIDE:
        return ""
    width, height = 22 + max(map(len, entries)) * 6.5 * _LETTER, len(entries) * _ROW + 2
    for share_across, share_down in _PLACES:
        left = 3 + share_across * (axes.x.length - 6 - width)
        top = 3 + share_down * (axes.y.length - 6 - height)
        fits = width < axes.x.length - 6 and height < axes.y.length - 6
        if fits and not _inside(covered, (left, top, width, height, ""), 2.0).any():
            return "".join(_row(left + 3, top + 8 + k * _ROW, *pair) for k, pair in enumerate(entries.items()))
    return ""


def _covered(axes: _Axes) -> np.ndarray:
    """Return points (n, 2) [pt from the upper left] that cover what is drawn: markers, lines and bands."""
    paths = [np.empty((0, 2))]
    for trace in axes.panel.traces:
        at, up = axes.x(trace.x), axes.y.length - axes.y(trace.y)
        paths.append(np.column_stack([at, up]) if trace.style == "points" else dense(np.column_stack([at, up])))
        for sign in (-1.0, 1.0):
            if trace.y_u is not None:
                end = np.asarray(trace.y, float) + sign * np.asarray(trace.y_u, float)
                paths.append(np.column_stack([at, axes.y.length - axes.y(end)]))
    for band in axes.panel.bands:
        paths += [dense(np.column_stack([axes.x(band.x), axes.y.length - axes.y(v)])) for v in (band.low, band.high)]
    points = np.concatenate(paths)
    return np.asarray(points[np.isfinite(points).all(axis=1)])


def _legend_below(entries: Entries, width: float, top: float) -> tuple[str, float]:
    """Return one legend below all panels, and the height that it takes."""
    if not entries:
        return "", 0.0
    columns = int(np.clip(width // (max(map(len, entries)) * 3.9 + 28), 1, len(entries)))
    step = (width - 20) / columns
    parts = [
        _row(10 + k % columns * step, top + 8 + k // columns * _ROW, *pair) for k, pair in enumerate(entries.items())
    ]
    return "".join(parts), math.ceil(len(entries) / columns) * _ROW + 5


def _row(x: float, y: float, text: str, look: str) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f})">{look}{_text(15, 0, text, size=6.5, anchor="start")}</g>'


def _text(x: float, y: float, text: str, *, size: float, anchor: str = "middle", more: str = "") -> str:
    fill = "" if "fill" in more else ' fill="#000"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{fill}{more}>{escape(text)}</text>'
    )
