"""Axes of a figure: limits, ticks and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.figures.labels import exponent, literal, pretty, shorten, split_label
from closo.figures.spec import Array, Axis, Panel
from closo.figures.style import EQUAL_SHAPE, PREFIXED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PREFIX = {9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "µ", -9: "n", -12: "p"}
_CATEGORY_LENGTH = 18
COUNTED = ("cycle", "half cycle")  # axes of whole numbers
SHORT = 6.0  # a logarithmic axis over less than this factor has even steps
_LETTER = 4.0  # width of a letter of a tick label [pt]


def finite(values: Array, scale: str = "linear") -> np.ndarray:
    """Return `values` as floats with NaN where they cannot be drawn."""
    numbers = np.array(values, dtype=float)
    bad = ~np.isfinite(numbers) if scale == "linear" else ~(np.isfinite(numbers) & (numbers > 0))
    numbers[bad] = np.nan
    return numbers


def sizes(u: Array) -> np.ndarray:
    """Return the lengths of error bars; 0 where there is none."""
    return np.asarray(np.nan_to_num(np.abs(np.asarray(u, float)), nan=0.0, posinf=0.0))


def set_axes(all_axes: Sequence[Axes], panels: Sequence[Panel], *, small: bool = False) -> None:
    """Give axes the limits, ticks and labels of their panels; to be called when everything is drawn.

    Parameters
    ----------
    small : few ticks, and one power of ten for all panels, so that their labels are the same.
    """
    for ax, panel in zip(all_axes, panels, strict=True):
        _set_limits(ax, panel)
    powers = {}
    if small:
        for side in ("x", "y"):
            largest = [float(np.abs(getattr(ax, f"{side}axis").get_view_interval()).max()) for ax in all_axes]
            unit = split_label(pretty(getattr(panels[0], side).label))[1]
            powers[side] = power_of(float(np.median(largest)), unit in PREFIXED)
        if panels[0].equal:
            powers["y"] = powers["x"]
    for ax, panel in zip(all_axes, panels, strict=True):
        _set_labels(ax, panel, powers)


def _set_limits(ax: Axes, panel: Panel) -> None:
    for side, axis in (("x", panel.x), ("y", panel.y)):
        if axis.range is not None:
            getattr(ax, f"set_{side}lim")(*axis.range)
    if panel.equal:
        _make_equal(ax, panel)


def _set_labels(ax: Axes, panel: Panel, powers: dict[str, int]) -> None:
    for side, axis in (("x", panel.x), ("y", panel.y)):
        label = set_ticks(ax, side, axis, powers)
        getattr(ax, f"set_{side}label")(label)
    if panel.equal:
        _equal_steps(ax)
    if panel.top is not None:
        _add_top(ax, panel.top)


def _make_equal(ax: Axes, panel: Panel) -> None:
    """Choose limits whose ratio is that of the box, so that one unit is as long in x as in y."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    if panel.images:  # the box fits the image
        ax.set_box_aspect(abs((y1 - y0) / (x1 - x0)))
        return
    x0, x1, y0, y1 = equal_limits(panel, (x0, x1), (y0, y1))
    ax.set_xlim(x0, x1)
    ax.set_ylim(y0, y1)
    ax.set_box_aspect(EQUAL_SHAPE)


def equal_limits(panel: Panel, x: tuple[float, float], y: tuple[float, float]) -> tuple[float, float, float, float]:
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


def _equal_steps(ax: Axes) -> None:
    """Give both axes of a Nyquist plot the same distance between ticks."""
    from matplotlib.ticker import MultipleLocator

    ticks = ax.get_xticks()
    if len(ticks) > 1:
        ax.xaxis.set_major_locator(MultipleLocator(float(ticks[1] - ticks[0])))
        ax.yaxis.set_major_locator(MultipleLocator(float(ticks[1] - ticks[0])))


def set_ticks(ax: Axes, side: str, axis: Axis, powers: dict[str, int]) -> str:
    """Set the scale and ticks of one axis and return its label, which holds the power of ten where there is one."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    one, count = (ax.xaxis if side == "x" else ax.yaxis), (4 if powers else 6)
    label = pretty(axis.label)
    if axis.ticks:
        one.set_major_locator(FixedLocator([position for position, _ in axis.ticks]))
        one.set_minor_locator(FixedLocator([]))
        texts = [shorten(literal(text), _CATEGORY_LENGTH) for _, text in axis.ticks]
        slanted = side == "x" and max(map(len, texts)) * _LETTER > _width(ax) / len(texts)
        slant: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        one.set_ticklabels(texts, **slant)
        return label
    low, high = sorted(one.get_view_interval())
    if axis.scale == "log":
        power = 0 if powers else log_power(low, high, split_label(label)[1])
        _set_log_ticks(one, low, high, count=count, scale=10.0**power)
        if powers:
            one.set_minor_locator(NullLocator())
        return scaled_label(label, power)
    counted = label in COUNTED
    one.set_major_locator(MaxNLocator(count, steps=[1, 2, 5, 10] if counted else [1, 2, 2.5, 5, 10], integer=counted))
    power = powers.get(side, power_of(max(abs(low), abs(high)), split_label(label)[1] in PREFIXED))
    one.set_major_formatter(FuncFormatter(linear_text(10.0**power)))
    return scaled_label(label, power)


def log_power(low: float, high: float, unit: str) -> int:
    """Return the power of ten for the prefix of a unit where a logarithmic axis of under three decades reads better so."""
    if unit not in PREFIXED or not 0 < low < high < 1e3 * low or (low >= 0.01 and high < 2e4):
        return 0
    power = 3 * math.floor((math.log10(high) + 0.7) / 3)
    return power if power in _PREFIX else 0


def _set_log_ticks(one: Any, low: float, high: float, *, count: int, scale: float) -> None:
    """Mark the decades, 2 and 5 beside them where fewer than two are in sight, and even steps where the axis is short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    decades = math.log10(high / low) if low > 0 else math.inf
    if high < SHORT * low:
        one.set_major_locator(MaxNLocator(count, steps=[1, 2, 5, 10]))
        one.set_major_formatter(FuncFormatter(linear_text(scale)))
        one.set_minor_formatter(NullFormatter())
        return
    low, high = low / scale, high / scale
    one.set_major_locator(LogLocator(numticks=count if count < 5 else count + 2))
    plain = decades < 3 and low > 5e-4 and high < 2e4
    one.set_major_formatter(FuncFormatter(log_text(plain, scale=scale)))
    one.set_minor_locator(LogLocator(subs=tuple(range(2, 10)) if decades < 4.5 else (1.0,), numticks=100))
    few = decades < 3 and math.floor(math.log10(high)) - math.ceil(math.log10(low)) < 1
    one.set_minor_formatter(FuncFormatter(log_text(plain, only=(2, 5), scale=scale)) if few else NullFormatter())


def power_of(largest: float, prefixed: bool) -> int:
    """Return the power of ten (a multiple of three) that keeps tick labels short."""
    if not math.isfinite(largest) or largest <= 0:
        return 0
    digits = math.log10(largest)
    if (-1 if prefixed else -2) <= digits < (3.3 if prefixed else 4.3):
        return 0
    power = 3 * math.floor((digits + 0.7) / 3)
    return power if not prefixed or power in _PREFIX else 0


def scaled_label(label: str, power: int) -> str:
    """Return the label of an axis whose numbers are divided by a power of ten."""
    if power == 0:
        return label
    symbol, unit = split_label(label)
    if unit in PREFIXED:
        return f"{symbol} / {_PREFIX[power]}{unit}"
    return f"{symbol} / {exponent(power)} {unit}".rstrip()


def linear_text(scale: float) -> Callable[[float, Any], str]:
    """Return what writes the numbers of a linear axis, divided by `scale`."""

    def text(value: float, _position: Any) -> str:
        shown = f"{value / scale:.6g}"
        return "0" if float(shown) == 0 else shown.replace("-", "−")

    return text


def log_text(plain: bool, *, only: Sequence[int] = (1,), scale: float = 1.0) -> Callable[[float, Any], str]:
    """Return what writes the numbers of a logarithmic axis, divided by `scale`: those that begin with one of `only`."""

    def text(value: float, _position: Any) -> str:
        value /= scale
        if round(value / 10.0 ** math.floor(math.log10(value) + 1e-9), 6) not in only:
            return ""
        if plain:
            return f"{value:g}"
        power = math.floor(math.log10(value) + 1e-9)
        factor = value / 10.0**power
        return exponent(power) if abs(factor - 1) < 1e-6 else f"{factor:g}·{exponent(power)}"

    return text


def _width(ax: Axes) -> float:
    """Return the rough width of a panel [pt], before it is laid out."""
    figure, grid = ax.get_figure(root=True), ax.get_gridspec()
    return 0.8 * 72 * float(figure.get_size_inches()[0]) / grid.ncols if figure and grid else 190.0


def places_above(at: Sequence[float], texts: Sequence[str], letter: float, length: float) -> list[float | None]:
    """Return where the texts of ticks along an edge stand, None for one that has no room.

    A number stands at its tick or goes, its neighbours tell it; a name, which nobody can guess, moves aside.

    Parameters
    ----------
    at : places of the ticks, rising. letter, length : width of a letter, and of the edge; all in the same unit.

    Example
    -------
    >>> places_above([20.0, 25.0], ["20", "25"], 4.0, 100.0), places_above([20.0, 25.0], ["A1", "A2"], 4.0, 100.0)
    ([20.0, None], [17.0, 28.0])
    """
    half = [(letter * len(text) + 3) / 2 for text in texts]
    if 2 * sum(half) <= length and not all(text.strip("-−.0123456789") == "" for text in texts):
        from scipy.optimize import isotonic_regression

        needed = np.cumsum([0.0, *(a + b for a, b in pairwise(half))])
        return [float(one) for one in isotonic_regression(np.asarray(at) - needed).x + needed]
    places: list[float | None] = []
    free_from = -math.inf
    for one, width in zip(at, half, strict=True):
        places.append(one if one - width >= free_from else None)
        free_from = one + width if places[-1] is not None else free_from
    return places


def _add_top(ax: Axes, top: Axis) -> None:
    """Add a second x axis above, whose ticks stand at given positions of x."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    low, high = sorted(ax.get_xlim())
    inside = sorted((x, literal(text)) for x, text in top.ticks if low <= x <= high)
    scale = _width(ax) / (high - low)
    places = places_above([(x - low) * scale for x, _ in inside], [text for _, text in inside], _LETTER, _width(ax))
    shown = [(low + at / scale, text) for at, (_, text) in zip(places, inside, strict=True) if at is not None]
    above = ax.secondary_xaxis("top")
    above.xaxis.set_major_locator(FixedLocator([x for x, _ in shown]))
    above.xaxis.set_major_formatter(FixedFormatter([text for _, text in shown]))
    above.xaxis.set_minor_locator(FixedLocator([x for x, _ in inside]))
    above.xaxis.remove_overlapping_locs = False  # the marks are minor ticks, of which none may be missing
    above.tick_params(axis="x", which="major", length=0)
    above.tick_params(axis="x", which="minor", length=3, width=0.6)
    above.set_xlabel(pretty(top.label))
    ax.tick_params(axis="x", which="both", top=False)
