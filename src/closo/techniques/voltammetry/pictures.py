"""The figure of a voltammogram: the constructions drawn on the curve, and log |j|."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.quantity import Quantity
from closo.result import Result

_NAME = "onset_potential"


def figure(result: Result) -> FigureSpec:
    """Return the sweep with baseline, tangent, threshold and noise band, and |j| on a logarithmic axis."""
    factor, label = _unit(result)
    e, i = result.curves["potential"].values, result.curves["current"].values
    axis = Axis(f"E / V {result.findings['versus']}")
    spans = _interval(result, e)
    onset = result.quantities[_NAME]
    return FigureSpec(
        name=f"voltammetry {result.name}",
        panels=[
            _linear(result, axis, label, factor),
            Panel(
                axis,
                Axis(f"|{label[0]}|{label[1:]}", "log", _decades(np.abs(i) / factor, _thresholds(result, e, factor))),
                [Trace(e, np.abs(i) / factor, "measured", "line", color=0), *_thresholds(result, e, factor)],
                spans=spans,
            ),
        ],
        title=result.name,
        summary=f"Current over potential of {result.name} {result.findings['versus']} with three definitions of the "
        f"oxidative onset: {onset}.",
    )


def _unit(result: Result) -> tuple[float, str]:
    """Return the factor from A to the shown unit and the label of the axis."""
    area = result.findings["area"]
    return (1e-6, "I / uA") if area is None else (0.01 * area, "j / (uA/cm2)")


def _decades(size: np.ndarray, thresholds: list[Trace]) -> tuple[float, float] | None:
    """Return the range of a logarithmic axis: at most five decades, however close to zero the current passes."""
    shown = [float(trace.y[0]) for trace in thresholds]
    largest = float(size.max(initial=0.0))
    if largest <= 0.0:
        return None
    least = max(float(size[size > 0].min()), 1e-5 * largest)
    return 0.5 * min(least, *shown), 2.0 * max(largest, *shown)


def _interval(result: Result, e: np.ndarray) -> list[Span]:
    """The range between the definitions (on the measured potential), shaded."""
    found = [q.value for q in _drawn(result).values() if q.value is not None]
    if not found:
        return []
    low, high = min(found), max(found)
    least = 0.002 * float(np.ptp(e))
    return [Span(low - least, high + least, "between the definitions", 7)]


def _drawn(result: Result) -> dict[str, Quantity]:
    """Return the onsets on the measured potential, where the curve is drawn."""
    mark = "" if result.findings["resistance"] is None else " uncorrected"
    return {key: result.quantities[f"{_NAME}:{key}{mark}"] for key in ("tangent", "threshold", "noise")}


def _linear(result: Result, axis: Axis, label: str, factor: float) -> Panel:
    e, i = result.curves["potential"].values, result.curves["current"].values / factor
    traces = [Trace(e, i, "measured", "line", color=0)]
    bands: list[Band] = []
    top = float(i.max())
    base, tangent = result.findings.get("baseline"), result.findings.get("tangent")
    if base is not None:
        x = np.array([base["low"], float(e.max())])
        y = (base["level"] + base["slope"] * (x - base["centre"])) / factor
        noise = result.settings["factor"] * base["sd"] / factor
        traces.append(Trace(x, y, "baseline", "dashed", color=2))
        bands.append(Band(x, y - noise, y + noise, f"{result.settings['factor']:g} x scatter", 2))
    if base is not None and tangent is not None:
        start = _at(tangent, base, 0.0)
        x = np.array([start, float(e.max())])
        y = (tangent["level"] + tangent["slope"] * (x - tangent["centre"])) / factor
        traces.append(Trace(x, np.minimum(y, 1.1 * top), "steepest tangent", "dashed", color=1))
    traces += _thresholds(result, e, factor)
    traces += _marks(result, e, i)
    return Panel(axis, Axis(label), traces, bands=bands, spans=_interval(result, e))


def _at(tangent: dict[str, float], base: dict[str, float], level: float) -> float:
    """Return the potential where the tangent is at the baseline, less a little."""
    slope = tangent["slope"] - base["slope"]
    zero = (base["level"] - base["slope"] * base["centre"]) - (tangent["level"] - tangent["slope"] * tangent["centre"])
    return zero / slope + level


def _thresholds(result: Result, e: np.ndarray, factor: float) -> list[Trace]:
    area = result.findings["area"]
    shown = "µA" if area is None else "µA cm⁻²"
    return [
        Trace(
            np.array([e.min(), e.max()]),
            np.full(2, value * (area or 1.0) / factor),
            f"threshold {value * (area or 1.0) / factor:g} {shown}",
            "dashed",
            color=3,
        )
        for value in result.settings["thresholds"]
    ]


def _marks(result: Result, e: np.ndarray, i: np.ndarray) -> list[Trace]:
    """The onsets as points: on the curve, by tangents on the baseline."""
    base = result.findings.get("baseline")
    factor = _unit(result)[0]
    found = []
    for number, (key, quantity) in enumerate(_drawn(result).items(), start=1):
        value = quantity.value
        if value is None:
            continue
        at = float(i[int(np.argmin(np.abs(e - value)))])
        if key == "tangent" and base is not None:
            at = (base["level"] + base["slope"] * (value - base["centre"])) / factor
        found.append(
            Trace(
                np.array([value]),
                np.array([at]),
                f"onset: {key}",
                color=3 + number,
                marker=number,
                x_u=np.array([quantity.u or 0.0]),
            )
        )
    return found
