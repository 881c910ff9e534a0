"""Limits and ticks of a panel that is written without matplotlib; they are those that `draw` chooses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from closo.figures.axes import SHORT, equal_limits, finite, linear_text, log_text, sizes
from closo.figures.spec import Array, Axis, Panel

_MARGIN = 0.05  # of the data, on each side
_LARGEST = 1e100  # of a number that is drawn
_ROUND, _WHOLE = (1.0, 2.0, 2.5, 5.0, 10.0), (1.0, 2.0, 5.0, 10.0)  # steps between ticks

Tick = tuple[float, str, bool]  # place [pt], text, whether it is a main one


@dataclass(frozen=True)
class Scale:
    """From numbers to places [pt] along one side of a panel."""

    low: float
    high: float
    log: bool
    length: float

    def __call__(self, values: Array) -> np.ndarray:
        """Return places; a number that a logarithmic axis cannot show has none."""
        numbers = finite(values, "log" if self.log else "linear")
        with np.errstate(all="ignore"):
            at, low, high = (np.log10(v) if self.log else np.asarray(v) for v in (numbers, self.low, self.high))
            return np.asarray(np.clip((at - low) / (high - low) * self.length, -9999.0, 9999.0))


def scales_of(panel: Panel, across: float, up: float) -> tuple[Scale, Scale]:
    """Return the scales of a panel of this size [pt]: its ranges, else those of its data with a margin."""
    x0, x1 = _limits([*_extents([(t.x, t.x_u) for t in panel.traces]), *(b.x for b in panel.bands)], panel.x)
    edges = [values for band in panel.bands for values in (band.low, band.high)]
    y0, y1 = _limits([*_extents([(t.y, t.y_u) for t in panel.traces]), *edges], panel.y)
    if panel.equal:
        x0, x1, y0, y1 = equal_limits(panel, (x0, x1), (y0, y1))
    return Scale(x0, x1, panel.x.scale == "log", across), Scale(y0, y1, panel.y.scale == "log", up)


def _extents(pairs: Sequence[tuple[Array, Array | None]]) -> Iterable[Array]:
    """Yield numbers, and the ends of their error bars."""
    for values, u in pairs:
        yield values
        if u is not None:
            yield np.asarray(values, float) - sizes(u)
            yield np.asarray(values, float) + sizes(u)


def _limits(values: Sequence[Array], axis: Axis) -> tuple[float, float]:
    if axis.range is not None:
        ends = finite(axis.range, axis.scale)
        if np.isfinite(ends).all() and ends[0] != ends[1]:
            return axis.range
    known = np.concatenate([finite(v, axis.scale).ravel() for v in values]) if values else np.empty(0)
    known = np.clip(known[np.isfinite(known)], 1.0 / _LARGEST if axis.scale == "log" else -_LARGEST, _LARGEST)
    if not known.size:
        return (1.0, 10.0) if axis.scale == "log" else (0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if axis.scale == "log":
        spread = (math.log10(high / low) or 1.0) * _MARGIN
        return low * 10.0**-spread, high * 10.0**spread
    spread = (high - low or abs(high) or 1.0) * _MARGIN
    return low - spread, high + spread


def ticks_of(scale: Scale, power: int, *, step: float | None = None, count: int, counted: bool = False) -> list[Tick]:
    """Return the ticks of an axis whose numbers are divided by ten to `power`, at most `count` intervals between them.

    `counted`: the numbers are whole ones.
    """
    least, most = sorted((scale.low, scale.high))  # an axis may fall, as that of wavenumbers does
    if not scale.log or most < SHORT * least:
        step = step or step_of(scale, count, steps=_ROUND if not counted and not scale.log else _WHOLE)
        step = max(step, 1.0) if counted else step
        first, last = math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9)
        values = [step * k for k in range(first, last + 1)]
        text = linear_text(10.0**power)
        return [(float(at), text(v, None), True) for v, at in zip(values, scale(np.array(values)), strict=True)]
    unit = 10.0**power
    low, high = math.log10(least), math.log10(most)
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    plain = high - low < 3 and least / unit > 5e-4 and most / unit < 2e4
    stride = math.ceil(len(powers) / 4) if count <= 4 else (len(powers) - 1) // (count + 2) + 1
    main = [10.0**p for p in powers if p % max(1, stride) == 0]
    between: list[float] = []
    if count > 4:
        whole = range(math.floor(low), math.ceil(high))
        between = [m * 10.0**p for p in whole for m in range(2, 10)] if high - low < 4.5 else [10.0**p for p in powers]
        between = [v for v in between if least <= v <= most and v not in main]
    few = high - low < 3 and len(powers) < 3 and count > 4
    named, unnamed = log_text(plain, scale=unit), log_text(plain, only=(2, 5), scale=unit)
    ticks = [(float(at), named(v, None), True) for v, at in zip(main, scale(np.array(main)), strict=True)]
    places = zip(between, scale(np.array(between)), strict=True)
    return ticks + [(float(at), unnamed(v, None) if few else "", False) for v, at in places]


def step_of(scale: Scale, count: int, steps: Sequence[float] = _ROUND) -> float:
    """Return the smallest round step that gives at most `count` intervals."""
    rough = abs(scale.high - scale.low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * round_one for round_one in steps if power * round_one >= rough * (1 - 1e-9))
