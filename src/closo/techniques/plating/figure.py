"""The figure of a symmetric cell: voltage over time, first and last cycle, polarization and resistance per half cycle."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.figures.labels import value_text
from closo.result import Result


def figure(result: Result) -> FigureSpec:
    """Return the panels of a result of `analyse`."""
    panels = [_record(result)]
    if "first_cycle_time" in result.curves:
        panels.append(_cycles(result))
    used = bool(result.curves["used"].values.any())  # the mean over a short says nothing
    if used:
        panels.append(_polarization(result))
    if used and "area_specific_resistance" in result.curves:
        panels.append(_resistance(result))
    first, last = (result.quantities[f"polarization:{which}"] for which in ("first", "last"))
    verdict = result.findings["event"]
    summary = (
        f"Symmetric cell {result.name}: {verdict}; {result.findings['half_cycles']} half cycles, polarization {first} at "
        f"first, {last} at last."
    )
    return FigureSpec(name=f"plating {result.name}", panels=panels, title=result.name, summary=summary)


def _record(result: Result) -> Panel:
    hours, volts = result.curves["time"].values / 3600, 1e3 * result.curves["voltage"].values
    usual = float(np.percentile(np.abs(volts), 97))
    reach = 1.6 * usual if np.abs(volts).max() > 4 * usual else 1.1 * float(np.abs(volts).max())
    return Panel(
        Axis("t / h"),
        Axis("U / mV", range=shown_range(volts, reach)),
        [Trace(hours, volts, "", "line", color=0)],
        spans=_after(result),
        title="record",
    )


def shown_range(volts: np.ndarray, reach: float) -> tuple[float, float] | None:
    """Return the range of the axis of voltages up to `reach`: on both sides of 0, on one where only noise lies on the other.

    Example
    -------
    >>> shown_range(np.array([-0.1, 4.5]), 5.0), shown_range(np.array([-4.5, 4.5]), 5.0)
    ((-0.5, 5.0), (-5.0, 5.0))
    """
    if not reach > 0:
        return None
    side = 0.1 * reach
    low, high = (reach if np.percentile(sign * volts, 1) < -side else side for sign in (1.0, -1.0))
    return -low, high


def _after(result: Result) -> list[Span]:
    """Return the time after the event, shaded."""
    if result.findings["event"] == "no short":
        return []
    begin = result.curves["half_cycle_begin"].values[0] + (result.quantities["duration:elapsed"].value or 0.0)
    return [Span(begin / 3600, float(result.curves["time"].values[-1]) / 3600, f"after {result.findings['event']}")]


def _cycles(result: Result) -> Panel:
    curves = result.curves
    traces = [
        Trace(
            curves["first_cycle_time"].values / 3600, 1e3 * curves["first_cycle_voltage"].values, "first cycle", "line"
        ),
        Trace(
            curves["last_cycle_time"].values / 3600,
            1e3 * curves["last_cycle_voltage"].values,
            "last cycle",
            "dashed",
            color=1,
        ),
    ]
    return Panel(Axis("t - t(cycle) / h"), Axis("U / mV"), traces, title="first and last cycle")


def _polarities(result: Result, name: str, factor: float) -> list[Trace]:
    hours, values = result.curves["half_cycle_time"].values / 3600, factor * result.curves[name].values
    sign, used = np.sign(result.curves["half_cycle_current"].values), result.curves["used"].values > 0.5
    traces = []
    for marker, (which, label) in enumerate(((1, "positive"), (-1, "negative"))):
        for filled, among in ((True, used), (False, ~used)):
            rows = (sign == which) & among
            if rows.any():
                text = label if filled else f"{label}, not used"
                traces.append(
                    Trace(hours[rows], values[rows], text, "points", color=marker, marker=marker, filled=filled)
                )
    return traces


def _polarization(result: Result) -> Panel:
    traces = _polarities(result, "polarization", 1e3)
    if "polarization_line" in result.curves:
        used = result.curves["used"].values > 0.5
        hours = result.curves["half_cycle_time"].values[used] / 3600
        line = 1e3 * result.curves["polarization_line"].values[used]
        drift = result.quantities["polarization_drift"]
        traces.append(Trace(hours, line, f"drift {value_text(drift)}", "line", color=2))
    return Panel(Axis("t / h"), Axis("|U| / mV"), traces, title="polarization per half cycle")


def _resistance(result: Result) -> Panel:
    traces = _polarities(result, "area_specific_resistance", 1e4)
    if "ohmic_resistance" in result.curves:
        hours = result.curves["half_cycle_time"].values / 3600
        traces.append(Trace(hours, 1e4 * result.curves["ohmic_resistance"].values, "L/σ", "dashed", color=2))
    return Panel(
        Axis("t / h"),
        Axis("|U| A/|I| / (ohm cm2)"),
        traces,
        title="area-specific resistance",
    )
