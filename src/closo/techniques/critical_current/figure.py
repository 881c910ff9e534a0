"""The figure of a staircase: voltage and current over time with the bracket shaded, |U| against the current density."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.result import Result
from closo.techniques.plating.figure import shown_range


def figure(result: Result) -> FigureSpec:
    """Return the panels of a result of `analyse`."""
    bracket = result.quantities["critical_current_density"]
    survived, failed = (result.quantities[f"current:{which}"] for which in ("survived", "failed"))
    verdict = result.findings["event"]
    summary = f"Staircase {result.name}: {verdict}; survived {survived}, failed {failed}; critical current {bracket}."
    panels = [_voltage(result), _current(result), _response(result), _resistance(result)]
    return FigureSpec(name=f"critical_current {result.name}", panels=panels, title=result.name, summary=summary)


def _steps_of(result: Result, key: str) -> np.ndarray:
    """Return which half cycles ran at the current of a quantity; none where it is withheld."""
    value = result.quantities[key].value if key in result.quantities else None
    current = np.abs(result.curves["half_cycle_current"].values)
    return np.zeros(current.size, bool) if value is None else np.abs(current - value) <= 0.02 * value


def _spans(result: Result) -> list[Span]:
    """Return the times of the last step survived and of the step that failed."""
    begin, end = (result.curves[f"half_cycle_{which}"].values / 3600 for which in ("begin", "end"))
    spans = []
    for key, label, color in (
        ("current:survived", "last step survived", 2),
        ("current:failed", "step that failed", 1),
        ("current:limit", "step in which contact was lost", 4),
    ):
        rows = _steps_of(result, key)
        if rows.any():
            spans.append(Span(float(begin[rows].min()), float(end[rows].max()), label, color=color))
    return spans


def _voltage(result: Result) -> Panel:
    hours, volts = result.curves["time"].values / 3600, 1e3 * result.curves["voltage"].values
    usual = 1e3 * np.abs(result.curves["polarization"].values)
    reach = 1.15 * float(np.abs(volts).max())
    if reach > 4 * float(np.percentile(usual, 95)):
        reach = 2.0 * float(np.percentile(usual, 95))
    return Panel(
        Axis("t / h"),
        Axis("U / mV", range=shown_range(volts, reach)),
        [Trace(hours, volts, "", "line", color=0)],
        spans=_spans(result),
        title="voltage",
    )


def _density(result: Result) -> tuple[np.ndarray, str]:
    """Return the signed current of each half cycle, per area where that is known, and the label of its axis."""
    if "half_cycle_current_density" in result.curves:
        return result.curves["half_cycle_current_density"].values / 10.0, "j / (mA/cm2)"
    return 1e3 * result.curves["half_cycle_current"].values, "I / mA"


def _current(result: Result) -> Panel:
    values, label = _density(result)
    begin, end = (result.curves[f"half_cycle_{which}"].values / 3600 for which in ("begin", "end"))
    hours = np.stack([begin, begin, end, end], axis=1).ravel()
    stairs = np.stack([np.zeros_like(values), values, values, np.zeros_like(values)], axis=1).ravel()
    return Panel(
        Axis("t / h"), Axis(label), [Trace(hours, stairs, "", "line", color=3)], spans=_spans(result), title="current"
    )


def _scattered(result: Result, values: np.ndarray) -> list[Trace]:
    j, _ = _density(result)
    before = result.curves["before_failure"].values > 0.5
    traces = []
    for marker, (sign, label) in enumerate(((1, "positive"), (-1, "negative"))):
        for filled, among in ((True, before), (False, ~before)):
            rows = (np.sign(j) == sign) & among
            if rows.any():
                text = label if filled else f"{label}, at failure and after"
                traces.append(
                    Trace(np.abs(j[rows]), values[rows], text, "points", color=marker, marker=marker, filled=filled)
                )
    return traces


def _bracket(result: Result) -> list[Span]:
    j, _ = _density(result)
    low, high = _steps_of(result, "current:survived"), _steps_of(result, "current:failed")
    if not (low.any() and high.any()):
        return []
    return [Span(float(np.abs(j[low]).mean()), float(np.abs(j[high]).mean()), "bracket", color=1)]


def _response(result: Result) -> Panel:
    j, label = _density(result)
    volts = 1e3 * result.curves["polarization"].values
    traces = _scattered(result, volts)
    order = np.argsort(np.abs(j))
    for name, text, style, color in (
        ("ohmic_voltage", "own response at low steps", "line", 2),
        ("floor_voltage", "ohmic floor j L/σ", "dashed", 3),
    ):
        if name in result.curves:
            line = 1e3 * result.curves[name].values[order]
            traces.append(Trace(np.abs(j)[order], line, text, "dashed" if style == "dashed" else "line", color=color))
    return Panel(
        Axis(f"|{label[0]}|{label[1:]}"), Axis("|U| / mV"), traces, spans=_bracket(result), title="polarization"
    )


def _resistance(result: Result) -> Panel:
    _, label = _density(result)
    if "area_specific_resistance" in result.curves:
        values, unit = 1e4 * result.curves["area_specific_resistance"].values, "|U| A/|I| / (ohm cm2)"
    else:
        values, unit = result.curves["resistance"].values, "|U|/|I| / ohm"
    return Panel(
        Axis(f"|{label[0]}|{label[1:]}"),
        Axis(unit),
        _scattered(result, values),
        spans=_bracket(result),
        title="resistance",
    )
