"""What stands inside a panel as paths of SVG: spans, bands, lines, markers and error bars, in tenths of a point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from closo.figures.axes import sizes
from closo.figures.scales import Scale
from closo.figures.spec import Array, Panel, Trace
from closo.figures.style import COLORS, DASHES

DENSE = 60  # times that a line crosses its middle; from here on it is drawn thin, so that it stays a line
_CAP = 8  # half of the end of an error bar
_TURN = math.pi / 180


def _ring(count: int, start: float, radii: Sequence[float] = (1.0,)) -> tuple[tuple[float, float], ...]:
    """Return corners at equal angles from `start` [deg]; y points down."""
    angles = [(start + 360 * k / count) * _TURN for k in range(count)]
    return tuple(
        (radii[k % len(radii)] * math.cos(a), radii[k % len(radii)] * math.sin(a)) for k, a in enumerate(angles)
    )


_PLUS = ((-1, -0.35), (-0.35, -0.35), (-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35))
_CROSS = (*_PLUS, *((-x, -y) for x, y in _PLUS))
_SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (  # as in style.MARKERS; the first is a dot
    (),
    _ring(4, 45, (1.25,)),
    _ring(3, -90, (1.3,)),
    _ring(4, 0, (1.35,)),
    _ring(3, 90, (1.3,)),
    _CROSS,
    tuple(((x - y) * 0.75, (x + y) * 0.75) for x, y in _CROSS),
    _ring(6, 90, (1.1,)),
    _ring(3, 180, (1.3,)),
    _ring(3, 0, (1.3,)),
    _ring(5, -90, (1.15,)),
    _ring(10, -90, (1.35, 0.55)),
)


def inside(panel: Panel, x: Scale, y: Scale, *, size: float | None = None) -> Iterable[str]:
    """Yield spans, bands and traces; `size` of markers [pt] where it does not follow from their number."""
    for span in panel.spans:
        ends = [span.low, span.high] if not x.log else [max(end, min(x.low, x.high)) for end in (span.low, span.high)]
        if not np.isfinite(ends).all():
            continue
        low, high = (round(10 * place) for place in x(ends))
        yield f'<path d="M{low} 0H{high}V{10 * y.length:.0f}H{low}z" fill="{color_of(span.color)}" fill-opacity=".13"/>'
    for band in panel.bands:
        at, low, high = x(band.x), y(band.low), y(band.high)
        use = np.isfinite(at) & np.isfinite(low) & np.isfinite(high)
        edge = np.concatenate([np.column_stack([at, low])[use], np.column_stack([at, high])[use][::-1]])
        if len(edge):
            path = _line(edge[:, 0], edge[:, 1], y.length)
            yield f'<path d="{path}z" fill="{color_of(band.color)}" fill-opacity=".2"/>'
    bare = bare_colors(panel)
    for trace in sorted(panel.traces, key=lambda t: t.style not in ("points", "both")):
        at, up = x(trace.x), y(trace.y)
        if trace.x_u is not None or trace.y_u is not None:
            yield f'<path d="{_error_bars(trace, x, y)}" stroke="{color_of(trace.color)}" stroke-width="7"/>'
        if trace.style != "points":
            thin = ' stroke-width="3"' if trace.style != "both" and crosses(trace.y) > DENSE else ""
            yield f'<path d="{_line(at, up, y.length)}" stroke="{color_of(trace.color)}"{thin}{dash_of(trace, bare)}/>'
        if trace.style in ("points", "both"):
            yield dots(at, up, y.length, trace, size=size)


def crosses(values: Array) -> int:
    """Return how often a line crosses its middle."""
    y = np.asarray(values, float)
    known = y[np.isfinite(y)]
    return int(np.count_nonzero(np.diff(np.sign(known - known.mean())))) if known.size else 0


def bare_colors(panel: Panel) -> list[int]:
    """Return the colours of lines that have no markers beside them: they differ by their dashes."""
    marked = {trace.color for trace in panel.traces if trace.style in ("points", "both")}
    return sorted({trace.color for trace in panel.traces} - marked)


def _line(at: np.ndarray, up: np.ndarray, height: float) -> str:
    """Return a path through the points, broken where one has no place."""
    words: list[str] = []
    mark, last = "M", (0, 0)
    for x, y in zip((10 * at).tolist(), (10 * (height - up)).tolist(), strict=True):
        if not (math.isfinite(x) and math.isfinite(y)):
            mark = "M"
            continue
        place = (round(x), round(y))
        if mark == "M":
            words.append(f"M{place[0]} {place[1]}")
            mark = "l"
        elif place != last:
            step = _step_to(place, last)
            words.append(f"{mark if mark == 'l' or not step.startswith('-') else ''}{step}")
            mark = " "
        last = place
    return "".join(words)


def _step_to(place: tuple[int, int], last: tuple[int, int]) -> str:
    x, y = place[0] - last[0], place[1] - last[1]
    return f"{x}{y}" if y < 0 else f"{x} {y}"


def _error_bars(trace: Trace, x: Scale, y: Scale) -> str:
    """Return bars with ends, of x and of y; what goes below a logarithmic axis goes to its lower end."""
    words = []
    for u, upright in ((trace.y_u, True), (trace.x_u, False)):
        if u is None:
            continue
        scale, values = (y, trace.y) if upright else (x, trace.x)
        ends = [scale(np.asarray(values, float) + sign * sizes(u)) for sign in (-1.0, 1.0)]
        across = (x(trace.x) if upright else y(trace.y)).tolist()
        for low, high, at in zip(np.nan_to_num(ends[0], nan=-99.0).tolist(), ends[1].tolist(), across, strict=True):
            if not (math.isfinite(high) and math.isfinite(at)):
                continue
            if upright:
                a, b, c = round(10 * at), round(10 * (y.length - low)), round(10 * (y.length - high))
                words.append(f"M{a} {b}V{c}M{a - _CAP} {b}h{2 * _CAP}M{a - _CAP} {c}h{2 * _CAP}")
            else:
                a, b, c = round(10 * (y.length - at)), round(10 * low), round(10 * high)
                words.append(f"M{b} {a}H{c}M{b} {a - _CAP}v{2 * _CAP}M{c} {a - _CAP}v{2 * _CAP}")
    return "".join(words)


def dots(at: np.ndarray, up: np.ndarray, height: float, trace: Trace, *, size: float | None = None) -> str:
    """Return markers: dots are strokes without length and with round ends; open ones have a white middle."""
    pairs = zip((10 * at).tolist(), (10 * (height - up)).tolist(), strict=True)
    places = list(dict.fromkeys((round(x), round(y)) for x, y in pairs if math.isfinite(x + y)))
    color, shape = color_of(trace.color), _SHAPES[trace.marker % len(_SHAPES)]
    wide = 10 * size + 4 if size else 10 * size_of(len(at)) + 6
    steps = [_step_to(place, last) for last, place in zip([(0, 0), *places], places, strict=False)]
    if shape and size is None:
        corners = [(round(wide * 0.46 * a), round(wide * 0.46 * b)) for a, b in shape]
        rim = "".join(f"l{_step_to(here, last)}" for last, here in pairwise(corners)) + "z"
        (first, second), back = corners[0], _step_to((0, 0), corners[0])
        path = "".join(f"m{step}m{first} {second}{rim}m{back}" for step in steps)
        return f'<path d="{path}" stroke="{color}" stroke-width="6" fill="{color if trace.filled else "#fff"}"/>'
    path = "".join(f"m{step}h0" for step in steps)
    ring = f'<path d="{path}" stroke="{color}" stroke-width="{wide:.0f}" stroke-linecap="round"/>'
    inner = wide - 12 - 2 * (size is None)
    return (
        ring
        if trace.filled
        else f'{ring}<path d="{path}" stroke="#fff" stroke-width="{inner:.0f}" stroke-linecap="round"/>'
    )


def size_of(count: int) -> float:
    """Return the size of so many markers [pt]."""
    return 3.8 if count <= 40 else 2.8 if count <= 120 else 1.8


def pattern_of(trace: Trace, bare: Sequence[int]) -> Any:
    """Return the dashes of a line, as matplotlib takes them."""
    if trace.style == "dashed":
        return (0, (3.5, 1.8))
    return DASHES[bare.index(trace.color) % len(DASHES)] if trace.style == "line" and trace.color in bare else "-"


def dash_of(trace: Trace, bare: Sequence[int]) -> str:
    """Return the dashes of a line as an attribute."""
    pattern = pattern_of(trace, bare)
    return "" if pattern == "-" else f' stroke-dasharray="{" ".join(f"{10 * length:g}" for length in pattern[1])}"'


def color_of(index: int) -> str:
    """Return a colour of the palette."""
    return COLORS[index % len(COLORS)]
