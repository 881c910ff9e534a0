"""The figure of a cycled cell, drawn from the curves of a result alone."""

from __future__ import annotations

import numpy as np

from closo.figures.spec import Axis, FigureSpec, Panel, Span, Text, Trace
from closo.nomenclature import look_up
from closo.quantity import Quantity
from closo.result import Result

_MOST_BARS = 20  # cycles with an error bar each; beyond, the uncertainty is written


def figure(result: Result) -> FigureSpec:
    """Return voltage curves, capacity and efficiency over cycles, differential capacity, and capacity over temperature.

    Parameters
    ----------
    result : of `cycling`.
    """
    scale = _Scale(result)
    panels = []
    if result.curves.sizes.get("curve", 0):
        panels.append(_voltage(result, scale))
    if result.curves.sizes.get("cycles", 0):
        panels += [_capacity(result, scale), _efficiency(result)]
    if result.curves.sizes.get("slope", 0) and result.settings["cell"] != "symmetric cell":
        panels.append(_slope(result, scale))
    if _has_temperature(result):
        panels.append(_temperature(result, scale))
    return FigureSpec(
        name=f"cycling {result.name}",
        panels=panels,
        title=f"Cycling of {result.name} ({result.settings['cell']})",
        summary=_summary(result),
        notes=tuple(n for n in (_summary(result), _resolution(result)) if n),
    )


class _Scale:
    """How capacity is shown: per mass where the active mass is known, per area where that is, else as charge."""

    def __init__(self, result: Result) -> None:
        self.name, self.divisor = "charge", 1.0
        for name in ("specific_capacity", "areal_capacity"):
            for key in ("first_discharge", "last", "initial_discharge", "initial_charge"):
                whole, part = result.quantities.get(f"charge:{key}"), result.quantities.get(f"{name}:{key}")
                if whole is not None and part is not None and whole.value and part.value and self.name == "charge":
                    self.name, self.divisor = name, whole.value / part.value
        self.factor = look_up(self.name).factor * self.divisor
        self.unit = look_up(self.name).shown
        if self.name == "charge":
            largest = float(np.abs(result.curves["leg_charge"].values).max())
            if largest < 0.1 * self.factor:
                self.factor, self.unit = 3.6e-3, "uAh"

    @property
    def label(self) -> str:
        return f"q / {self.unit}"


def _pieces(result: Result, prefix: str) -> list[tuple[int, int, np.ndarray]]:
    """Return (cycle, sign, rows) of each branch, in order."""
    cycle, sign = (result.curves[f"{prefix}_{key}"].values for key in ("cycle", "sign"))
    return [
        (int(k), int(s), np.flatnonzero((cycle == k) & (sign == s)))
        for k in np.unique(cycle)
        for s in (1, -1)
        if np.any((cycle == k) & (sign == s))
    ]


def _voltage(result: Result, scale: _Scale) -> Panel:
    """Return voltage against capacity; one colour per cycle."""
    traces, colors = [], _colors(result)
    named: set[int] = set()
    for k, _, rows in _pieces(result, "curve"):
        x = result.curves["curve_charge"].values[rows] / scale.factor
        y = result.curves["curve_voltage"].values[rows]
        label = "" if k in named else _cycle(k)
        named.add(k)
        traces.append(Trace(x, y * _volts(result)[0], label=label, style="line", color=colors[k]))
    return Panel(Axis(scale.label), Axis(f"U / {_volts(result)[1]}"), traces=traces)


def _cycle(k: int) -> str:
    """Return the name of a cycle in the legend."""
    return f"cycle {k}" if k else "half cycles outside"


def _volts(result: Result) -> tuple[float, str]:
    """Return factor and unit of a voltage: mV for a cell that stays below 0.5 V."""
    small = float(np.abs(result.curves["curve_voltage"].values).max(initial=0.0)) < 0.5
    return (1000.0, "mV") if small else (1.0, "V")


def _colors(result: Result) -> dict[int, int]:
    """Return cycle -> colour."""
    return {int(k): i for i, k in enumerate(np.unique(result.curves["curve_cycle"].values))}


def _capacity(result: Result, scale: _Scale) -> Panel:
    """Return charge (open) and discharge (filled) against the cycle."""
    curves = result.curves
    n = curves["cycle"].values
    traces = [
        Trace(n, curves["charge"].values / scale.factor, label="charge", color=1, marker=1, filled=False),
        Trace(n, curves["discharge"].values / scale.factor, label="discharge", color=0, marker=0),
    ]
    top = max(float(np.max(t.y)) for t in traces)
    return Panel(_cycle_axis(n), Axis(scale.label, range=(0.0, 1.12 * top)), traces=traces, spans=_spans(result))


def _cycle_axis(n: np.ndarray) -> Axis:
    return Axis("cycle", range=(0.5, float(n[-1]) + 0.5) if len(n) > 1 else (0.0, 2.0))


def _spans(result: Result) -> list[Span]:
    """Return marks of the spectra: a narrow span before (or in) the cycle they precede."""
    if "interlude_cycle" not in result.curves:
        return []
    places = np.unique(result.curves["interlude_cycle"].values)
    width = 0.04 if len(result.curves["cycle"]) < 20 else 0.12
    return [
        Span(float(k) - 0.5 - width, float(k) - 0.5 + width, label="impedance spectra" if i == 0 else "")
        for i, k in enumerate(places)
    ]


def _efficiency(result: Result) -> Panel:
    """Return the efficiency of each cycle with its uncertainty; incomplete cycles open, the axis on the steady part."""
    curves = result.curves
    n, ce, u = (curves[k].values for k in ("cycle", "coulombic_efficiency", "coulombic_efficiency_u"))
    partial, touched = curves["partial"].values.astype(bool), curves["next_to_interlude"].values.astype(bool)
    traces = []
    for label, rows, marker, color, filled in (
        ("complete", ~partial & ~touched, 0, 0, True),
        ("next to a spectrum", ~partial & touched, 2, 3, True),
        ("not complete", partial, 1, 7, False),
    ):
        if rows.any():
            traces.append(
                Trace(
                    n[rows],
                    100 * ce[rows],
                    label=label,
                    color=color,
                    marker=marker,
                    filled=filled,
                    y_u=100 * u[rows] if len(n) <= _MOST_BARS else None,
                )
            )
    shown = _zoom(100 * ce, 100 * u)
    many = len(n) > _MOST_BARS  # no bars then: above the panel stands what they would show
    title = f"u(CE) = {100 * float(np.median(u)):.2g} %, mostly common to all cycles" if many else ""
    texts = _outside(n, 100 * ce, shown)
    axes = (_cycle_axis(n), Axis("CE / %", range=shown))
    return Panel(*axes, traces=traces, spans=_spans(result), texts=texts, title=title)


def _zoom(ce: np.ndarray, u: np.ndarray) -> tuple[float, float]:
    """Return a range that shows the steady cycles; a poor first cycle or an interrupted one may lie outside."""
    steady = ce[len(ce) // 3 :] if len(ce) > 4 else ce
    middle = float(np.median(steady))
    spread = max(float(np.percentile(np.abs(steady - middle), 80)), float(np.median(u)), 0.05)
    near = np.abs(ce - middle) <= 6.0 * spread
    low, high = float(np.min((ce - 1.5 * u)[near])), float(np.max((ce + 1.5 * u)[near]))
    return low - 0.1 * (high - low), high + 0.1 * (high - low)


def _outside(n: np.ndarray, ce: np.ndarray, shown: tuple[float, float]) -> list[Text]:
    """Return the values of cycles that the range does not show, at its edge; of those side by side the first."""
    low, high = shown
    out: list[int] = []
    for k in np.flatnonzero((ce < low) | (ce > high)):
        if not out or n[k] - n[out[-1]] > 0.12 * n[-1]:
            out.append(int(k))
    at = {k: low + 0.06 * (high - low) if ce[k] < low else high - 0.06 * (high - low) for k in out}
    return [Text(float(n[k]), at[k], f"cycle {n[k]:g}: {ce[k]:.1f} %") for k in out]


def _slope(result: Result, scale: _Scale) -> Panel:
    """Return differential capacity against voltage."""
    factor, unit = _volts(result)
    colors, traces, named = _colors(result), [], set()
    for k, _, rows in _pieces(result, "slope"):
        x = result.curves["slope_voltage"].values[rows] * factor
        y = result.curves["slope_differential_capacity"].values[rows] / scale.factor / factor
        inside = np.flatnonzero(y != 0)
        if not len(inside):
            continue
        part = slice(inside[0], inside[-1] + 1)
        label = "" if k in named else _cycle(k)
        named.add(k)
        traces.append(Trace(x[part], y[part], label=label, style="line", color=colors[k]))
    return Panel(Axis(f"U / {unit}"), Axis(f"dq/dU / {scale.unit} {unit}-1"), traces=traces)


def _has_temperature(result: Result) -> bool:
    kelvin = result.curves["temperature"].values
    return bool(np.isfinite(kelvin).sum() >= 3 and np.nanmax(kelvin) - np.nanmin(kelvin) > 0.05)


def _temperature(result: Result, scale: _Scale) -> Panel:
    """Return capacity against the logged temperature, complete cycles only."""
    curves = result.curves
    use = np.isfinite(curves["temperature"].values) & ~curves["partial"].values.astype(bool)
    key = "charge" if result.settings["cell"] == "anode half cell" else "discharge"
    x, y = curves["temperature"].values - 273.15, curves[key].values / scale.factor
    settled = result.quantities["cycle:stabilised"].value or 0.0
    early = curves["cycle"].values < settled
    traces = [Trace(x[use & ~early], y[use & ~early], label=key, color=2)]
    if (use & early).any():
        label = f"before cycle {settled:.0f}"
        traces.append(Trace(x[use & early], y[use & early], label=label, color=2, filled=False))
    return Panel(Axis("T / degC"), Axis(scale.label), traces=traces)


def _summary(result: Result) -> str:
    """Return one sentence with the main numbers."""
    parts = []
    for key, words in (("coulombic_efficiency", "CE"), ("capacity_retention", "retention")):
        quantity: Quantity | None = result.quantities.get(key)
        if quantity is not None and quantity.number is not None:
            parts.append(f"{words} {quantity}")
    n = result.curves.sizes.get("cycles", 0)
    return f"{n} cycle{'' if n == 1 else 's'}; " + ", ".join(parts) if parts else f"{n} cycles"


def _resolution(result: Result) -> str:
    step = result.findings.get("differential_capacity_step") or 0.0
    return f"Derivative dq/dU on steps of {1000 * step:.3g} mV" if step else ""
