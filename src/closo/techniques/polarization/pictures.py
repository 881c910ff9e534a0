"""The figure of a polarization."""

from __future__ import annotations

import numpy as np

from closo.dataset import Dataset
from closo.errors import counted
from closo.figures import Axis, FigureSpec, Panel, Text, Trace
from closo.figures.labels import value_text
from closo.quantity import Quantity
from closo.result import Result

_PREFIXES = ((1e-3, "mA"), (1e-6, "uA"), (1e-9, "nA"))


def figure(result: Result) -> FigureSpec:
    """Return current over time with its steady state, and the currents over voltage where there are several."""
    blocking = result.settings.get("electrodes") != "nonblocking"
    panels = [_over_time(result)]
    if blocking:
        panels.append(_late(result))
        if len(result.findings["steps"]) > 1:
            panels.append(_over_voltage(result))
        what = "electronic_conductivity"
    else:
        panels.append(_beginning(result))
        what = "current_fraction"
    told, steps = result.quantities[what], counted(len(result.findings["steps"]), "voltage step")
    return FigureSpec(
        name=f"polarization {result.name}",
        panels=panels,
        title=result.name,
        summary=f"Current over time of {result.name} after {steps}; {what.replace('_', ' ')} {value_text(told)}.",
    )


def unit_of(values: np.ndarray) -> tuple[float, str]:
    """Return a factor and a unit in which currents [A] read well.

    Example
    -------
    >>> unit_of(np.array([3e-6]))
    (1e-06, 'uA')
    """
    largest = float(np.max(np.abs(values))) if values.size else 0.0
    return next(((factor, text) for factor, text in _PREFIXES if largest >= 0.95 * factor), _PREFIXES[-1])


def _over_time(result: Result) -> Panel:
    """The whole record, over the time since the first step."""
    c = result.curves
    begin = result.findings["steps"][0][0]
    factor, unit = unit_of(c["current"].values)
    blocking = result.settings.get("electrodes") != "nonblocking"
    t = c["time"].values - begin
    positive = bool(np.all(c["current"].values > 0)) and blocking
    traces = [
        Trace(t, c["current"].values / factor, "measured", "points", color=0),
        _tails(c, begin, factor),
    ]
    if not blocking:
        traces += _levels(result, t, factor)
    if positive and len(result.findings["steps"]) == 1:
        return Panel(Axis("t / s", "log"), Axis(f"I / {unit}", "log"), traces)
    return Panel(Axis("t / s"), Axis(f"I / {unit}"), traces)


def _tails(c: Dataset, begin: float, factor: float) -> Trace:
    """The fitted tails, broken between the steps."""
    x, y, owner = c["time_binned"].values - begin, c["current_fit"].values / factor, c["step_binned"].values
    breaks = np.flatnonzero(np.diff(owner)) + 1
    return Trace(np.insert(x, breaks, np.nan), np.insert(y, breaks, np.nan), "tail", "line", color=1)


def _levels(result: Result, t: np.ndarray, factor: float) -> list[Trace]:
    """I_0 and I_ss as lines."""
    ends = np.array([0.0, float(t[-1])])
    found = []
    for key, label, color in (("initial_current", "I₀", 2), ("steady_state_current", "Iₛₛ", 3)):
        value = result.quantities[key].value or 0.0
        found.append(Trace(ends, np.full(2, value / factor), label, "dashed", color=color))
    return found


def _late(result: Result) -> Panel:
    """The bins that were fitted, with the steady state of each step."""
    c = result.curves
    t, mean, u, fit, owner = (
        c[k].values for k in ("time_binned", "current_binned", "current_binned_u", "current_fit", "step_binned")
    )
    factor, unit = unit_of(np.percentile(np.abs(mean), [75]))
    traces, texts = [], []
    for k, (begin, _, volt) in enumerate(result.findings["steps"]):
        mine = owner == k
        since = t[mine] - begin
        label = f"{1e3 * volt:.4g} mV"
        traces.append(Trace(since, mean[mine] / factor, label, "points", color=k, marker=k, y_u=u[mine] / factor))
        traces.append(Trace(since, fit[mine] / factor, "", "line", color=k))
        steady = _steady(result, k)
        traces.append(Trace(since[[0, -1]], np.full(2, (steady.value or 0.0) / factor), "", "dashed", color=k))
    if traces:
        texts = [Text(float(traces[0].x[0]), float(traces[2].y[0]), "I∞")]
    return Panel(Axis("t after the step / s", "log"), Axis(f"I / {unit}"), traces, texts=texts)


def _steady(result: Result, k: int) -> Quantity:
    several = len(result.findings["steps"]) > 1
    return result.quantities[f"steady_state_current:step {k + 1}" if several else "steady_state_current"]


def _over_voltage(result: Result) -> Panel:
    """Steady current against voltage, with the line through them."""
    steps = result.findings["steps"]
    found = [_steady(result, k) for k in range(len(steps))]
    volts = np.array([s[2] for s in steps])
    values, u = np.array([q.value for q in found], float), np.array([q.u for q in found], float)
    own = np.array([sum(_share(q, s) ** 2 for s in ("fit", "tail model", "extrapolation")) ** 0.5 for q in found])
    factor, unit = unit_of(values)
    w = 1.0 / np.maximum(own, 1e-3 * u.max()) ** 2
    centre, level = np.sum(w * volts) / np.sum(w), np.sum(w * values) / np.sum(w)
    slope = np.sum(w * (volts - centre) * values) / np.sum(w * (volts - centre) ** 2)
    ends = np.array([min(0.0, float(volts.min())), float(volts.max())])
    return Panel(
        Axis("U / V"),
        Axis(f"I_inf / {unit}"),
        [
            Trace(volts, values / factor, "steady state", "points", color=0, y_u=u / factor),
            Trace(ends, (level + slope * (ends - centre)) / factor, "line", "line", color=1),
        ],
    )


def _share(quantity: Quantity, source: str) -> float:
    return sum(u for label, u in quantity.budget().items() if label.startswith(f"{source}:"))


def _beginning(result: Result) -> Panel:
    """The first samples with the extrapolation to the step."""
    c = result.curves
    begin = result.findings["steps"][0][0]
    t, i = c["time"].values - begin, c["current"].values
    shown = t <= 3.0 * t[min(result.findings["first_samples"], t.size) - 1]
    factor, unit = unit_of(i)
    first = result.quantities["initial_current"]
    return Panel(
        Axis("t after the step / s"),
        Axis(f"I / {unit}"),
        [
            Trace(t[shown], i[shown] / factor, "measured", "points", color=0),
            Trace(
                np.zeros(1),
                np.array([(first.value or 0.0) / factor]),
                "I₀",
                "points",
                color=2,
                marker=1,
                y_u=np.array([(first.u or 0.0) / factor]),
            ),
        ],
    )
