"""The figure of a spectrum: the whole with its bands shaded, and each band with its baseline."""

from __future__ import annotations

from typing import Any

import numpy as np

from closo.figures import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.figures.labels import value_text
from closo.nomenclature import look_up
from closo.result import Result

_MARGIN = 0.35  # of the span of a band on both sides of its panel
_MOST_ZOOMS = 8


def figure(result: Result) -> FigureSpec:
    """Return the spectrum with its bands, limits, anchors and baselines.

    Source of the numbers: `curves`, and what `findings` say of each band.
    """
    name = next(str(n) for n in result.curves.data_vars)
    label = "A = log10(1/R)" if name == "absorbance" else look_up(name).label
    x, y = result.curves["wavenumber"].values, result.curves[name].values
    drawn = [one for one in result.findings["bands"] if x[0] <= one["limits"][1] and one["limits"][0] <= x[-1]]
    zooms = [_zoom(result, one, (x, y), label) for one in drawn if "line" in one][:_MOST_ZOOMS]
    whole = Panel(
        Axis("nu / 1/cm", range=(float(x[-1]), float(x[0]))),
        Axis(label, range=_height(x, y, drawn)),
        traces=[Trace(x, y, style="line")],
        spans=[Span(one["limits"][0], one["limits"][1], one["name"], color=k + 1) for k, one in enumerate(drawn)],
    )
    seen = [one["name"] for one in drawn if one.get("detected")]
    return FigureSpec(
        name=result.name,
        panels=[whole, *zooms, *_components(result, label)],
        title=result.name,
        summary=f"Infrared spectrum over {x[0]:.0f} to {x[-1]:.0f} 1/cm; detected: {', '.join(seen) or 'no band'}.",
        columns=3,
    )


def _components(result: Result, label: str) -> list[Panel]:
    """Return what one and three profiles leave of the B-H band."""
    rows = result.findings.get("components_of_B-H", {}).get("residuals")
    if not rows:
        return []
    x, one, three = (np.asarray(row) for row in rows)
    traces = [
        Trace(x[[0, -1]], np.zeros(2), style="dashed", color=7),
        Trace(x, one, "one profile", "line", color=1),
        Trace(x, three, "three profiles", "line", color=2),
    ]
    axis = Axis("nu / 1/cm", range=(float(x[-1]), float(x[0])))
    return [Panel(axis, Axis(label), traces, title="B-H: measured - fit")]


def _height(x: np.ndarray, y: np.ndarray, drawn: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Return the range of the ordinate within the bands, so that a strong lattice band does not flatten them."""
    inside = np.zeros(x.size, bool)
    for one in drawn:
        inside |= (x >= one["anchors"][0]) & (x <= one["anchors"][3])
    values = y[inside & np.isfinite(y)]
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    return low - 0.1 * (high - low), high + 0.3 * (high - low)


def _zoom(result: Result, one: dict[str, Any], spectrum: tuple[np.ndarray, np.ndarray], label: str) -> Panel:
    """Return one band: spectrum, anchors, line and the area between them."""
    x, y = spectrum
    a, b, c, d = one["anchors"]
    low, high = one["limits"]
    margin = _MARGIN * (d - a)
    near = (x >= a - margin) & (x <= d + margin)
    line_x = np.array([a, d])
    centre, level, slope = one["line"]
    inside = (x >= low) & (x <= high)
    below = level + slope * (x[inside] - centre)
    area = result.quantities[f"band_area:{one['name']}"]
    said = value_text(area) if area.number is not None else str(area.why).split(";")[0]
    return Panel(
        Axis("nu / 1/cm", range=(float(d + margin), float(a - margin))),
        Axis(label),
        traces=[
            Trace(x[near], y[near], style="line"),
            Trace(line_x, level + slope * (line_x - centre), "baseline", style="dashed", color=1),
        ],
        bands=[Band(x[inside], below, y[inside], "area", color=2)],
        spans=[Span(a, b, "anchors"), Span(c, d)],
        title=f"{one['name']}: {said}".replace("band_area: ", "").replace("withheld ", ""),
    )
