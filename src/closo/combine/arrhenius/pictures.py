"""The Arrhenius figure: log10(sigma / S cm-1) against 1000/T, temperature on top, filled = heating, open = cooling.

Drawn from the curves of a result alone, so it shows what was stored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from closo.combine.arrhenius.parts import view
from closo.constants import LN10, S_PER_CM
from closo.errors import DataError
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.result import Result

_X = "1000/T / K-1"
_Y = "log10(sigma / S cm-1)"
_STEPS = (5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0)  # of the temperature axis [K]
_MOST_TICKS = 7


def figure(result: Result) -> FigureSpec:
    """Return the Arrhenius plot of one pellet: points, law with its 95 % band, and residuals.

    Bulk and grain boundary stand beside the total where they have points of their own.

    Parameters
    ----------
    result : of `arrhenius`.
    """
    parts = [view(result, part) for part in result.findings.get("parts", {})]
    shown = [part for part in parts if "temperature" in part.curves]
    panels = [_panel([result, *shown], labels=["total" if shown else "", *(p.name for p in shown)], band=True)]
    if "residual" in result.curves:
        panels.append(_residuals(result))
    return FigureSpec(
        name=f"arrhenius {result.name}",
        panels=panels,
        title=f"Arrhenius plot of {result.name}",
        summary=f"Conductivity of {result.name} over temperature. {_energies(result)}",
        notes=(_energies(result), *(f"{p.name} (L/RA): {_energies(p)}" for p in parts), _convention(result)),
    )


def figure_overlay(results: Sequence[Result], *, name: str = "arrhenius overlay", title: str = "") -> FigureSpec:
    """Return several samples in one Arrhenius plot.

    Parameters
    ----------
    results : of `arrhenius`, in the order of the legend.

    Raises
    ------
    DataError  when there is none.
    """
    if not results:
        raise DataError("An Arrhenius overlay needs at least one result, and there are none.")
    notes = [f"{result.name}: {_energies(result)}" for result in results]
    return FigureSpec(
        name=name,
        panels=[_panel(results, labels=[result.name for result in results], band=len(results) <= 4)],
        title=title,
        summary="Conductivity over temperature of " + ", ".join(result.name for result in results) + ".",
        columns=1,
        notes=(*notes, *sorted({_convention(result) for result in results})),
    )


def _panel(results: Sequence[Result], *, labels: Sequence[str], band: bool) -> Panel:
    """Return the plot of conductivities; each result has its colour and marker."""
    traces: list[Trace] = []
    bands: list[Band] = []
    spans: list[Span] = []
    for index, (result, label) in enumerate(zip(results, labels, strict=True)):
        traces += _points(result, index, label)
        if "line_temperature" not in result.curves:
            continue
        for piece in _pieces(result):
            x = 1000.0 / result.curves["line_temperature"].values[piece]
            sigma, low, high = (
                np.log10(result.curves[f"line_{key}"].values[piece] / S_PER_CM)
                for key in ("conductivity", "low", "high")
            )
            traces.append(Trace(x, sigma, style="line", color=index))
            if band:
                bands.append(Band(x, low, high, label="95 %" if index == 0 and not bands else "", color=index))
        transition = result.quantities.get("transition_temperature")
        limits = transition.interval() if transition is not None else None
        if limits is not None and len(results) == 1:
            spans.append(Span(1000.0 / limits[1], 1000.0 / limits[0], label="transition"))
    kelvin = np.concatenate([result.curves["temperature"].values for result in results])
    return Panel(Axis(_X), Axis(_Y), traces=traces, bands=bands, spans=spans, top=_top(kelvin))


def _points(result: Result, index: int, label: str) -> list[Trace]:
    """Return one trace per branch: filled, but open for cooling."""
    curves = result.curves
    x, sigma = 1000.0 / curves["temperature"].values, curves["ionic_conductivity"].values
    x_u = x * curves["temperature_u"].values / curves["temperature"].values
    y_u = curves["ionic_conductivity_u"].values / sigma / LN10
    traces = []
    for branch, mine in _branches(result):
        words = [label, branch] if not label else ["cooling"] if branch == "cooling" and index == 0 else [label]
        if label and branch == "cooling" and index and len(_branches(result)) > 1:
            words = []
        traces.append(
            Trace(
                x[mine],
                np.log10(sigma[mine] / S_PER_CM),
                label=" ".join(word for word in words if word),
                color=index,
                marker=index,
                filled=branch != "cooling",
                x_u=x_u[mine],
                y_u=y_u[mine],
            )
        )
    return traces


def _branches(result: Result) -> list[tuple[str, np.ndarray]]:
    """Return the branches, heating first, with the points of each."""
    branch = np.array(result.curves.attrs["metadata"]["branches"], dtype=object)
    return [(name, branch == name) for name in sorted(set(branch), key=lambda b: (b == "cooling", b))]


def _pieces(result: Result) -> list[np.ndarray]:
    """Return the points of the drawn line on each side of a transition."""
    kelvin = result.curves["line_temperature"].values
    transition = result.findings.get("transition")
    if transition is None:
        return [np.ones(len(kelvin), bool)]
    return [kelvin < transition, kelvin >= transition]


def _residuals(result: Result) -> Panel:
    """Return the deviation of each point from the law in percent; branches share the mean law."""
    curves = result.curves
    x, residual = 1000.0 / curves["temperature"].values, 100.0 * curves["residual"].values
    traces = [
        Trace(x[mine], residual[mine], label=branch, filled=branch != "cooling") for branch, mine in _branches(result)
    ]
    ends = [float(x.min()), float(x.max())]
    zero = Trace(ends, [0.0, 0.0], style="line", color=7)
    axis = Axis("deviation of sigma / %")
    return Panel(Axis(_X), axis, traces=[zero, *traces], top=_top(curves["temperature"].values))


def _top(kelvin: np.ndarray) -> Axis:
    """Return the temperature axis in degC above an axis of 1000/T."""
    low, high = float(kelvin.min()) - 273.15, float(kelvin.max()) - 273.15
    span = max(high - low, 1.0)
    step = next((s for s in _STEPS if span / s <= _MOST_TICKS), _STEPS[-1])
    first, last = math.floor(low / step), math.ceil(high / step)
    values = [step * k for k in range(first, last + 1) if low - 0.3 * step <= step * k <= high + 0.3 * step]
    return Axis("T / degC", ticks=tuple((1000.0 / (v + 273.15), f"{v:g}") for v in values))


def _energies(result: Result) -> str:
    """Return the energies in words."""
    energy = result.quantities["activation_energy"]
    if energy.number is not None:
        return f"Ea = {energy}"
    parts = [(part, result.quantities.get(f"activation_energy:{part}")) for part in ("low", "high")]
    told = [f"{q} at {part} temperature" for part, q in parts if q is not None]
    return "Ea = " + ", ".join(told) if told else f"no activation energy: {energy.why}"


def _convention(result: Result) -> str:
    """Return how the energy was obtained, with the value of the other convention."""
    used = "ln(sigma T)" if result.settings["convention"] == "sigmaT" else "ln sigma"
    key, other = ("lnsigma", "ln sigma") if used == "ln(sigma T)" else ("lnsigmaT", "ln(sigma T)")
    quantity = result.quantities[f"activation_energy:{key}"]
    tail = f"; from {other}: {quantity}" if quantity.number is not None else ""
    return f"Ea is the slope of {used} against 1/T{tail}"
