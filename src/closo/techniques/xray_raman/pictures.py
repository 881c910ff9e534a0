"""The figure of an edge: the loss spectrum with its background models, and the normalised edge with their spread."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.result import Result

_LOSS = Axis("energy loss / eV")


def figure(result: Result) -> FigureSpec:
    """Return loss spectrum with models of the background, normalised edge with the spread over them and its peaks."""
    found = result.findings
    names = ", ".join(one["model"] for one in found["background"])
    return FigureSpec(
        name=f"{found['edge']} edge {result.name}",
        panels=edge_panels(result),
        title=result.name,
        summary=f"{found['edge']} edge by X-ray Raman scattering, with the backgrounds {names}.",
        notes=[found["ambiguous"]] if "ambiguous" in found else [],
    )


def edge_panels(result: Result) -> list[Panel]:
    """Return the two panels of a reduced edge."""
    found, curves = result.findings, result.curves
    energy = curves["energy"].values
    low, high = found["windows"]["background"]
    first, *_ = found["windows"]["normalise"]
    near = (energy >= low - 5.0) & (energy <= first[1] + 5.0)
    x, signal = energy[near], curves["signal"].values[near]
    models = [
        Trace(x, curves[f"background_{k}"].values[near], one["model"], style="line", color=k + 1)
        for k, one in enumerate(found["background"])
    ]
    lowest = min(
        float(signal.min()), max(float(curves["background_0"].values[near].min()), 0.0)
    )  # the area is above it
    span = float(signal.max()) - lowest
    raw = Panel(
        Axis(_LOSS.label),
        Axis("signal", range=(lowest - 0.1 * span, float(signal.max()) + 0.35 * span)),
        traces=[Trace(x, signal, "measured", style="line"), *models],
        spans=[Span(low, high, "background")],
        title=f"{found['edge']} edge and backgrounds",
    )
    shown = (energy >= first[0] - 5.0) & (energy <= first[1] + 5.0)
    x, edge = energy[shown], curves["intensity"].values[shown]
    bottom, top = float(curves["low"].values[shown].min()), float(curves["high"].values[shown].max())
    peaks = [
        Trace(energy[inside], np.asarray(one["model"]), "", style="dashed", color=1)
        for one in found["peaks"]
        if one["model"] is not None
        and (inside := (energy >= one["window"][0]) & (energy <= one["window"][1])).sum() == len(one["model"])
    ]
    spans = [
        Span(one["window"][0], one["window"][1], " + ".join(one["names"]), color=2 + k)
        for k, one in enumerate(found["peaks"])
    ]
    normalised = Panel(
        Axis(_LOSS.label),
        Axis("normalised / 1/eV", range=(bottom - 0.08 * (top - bottom), top + 0.35 * (top - bottom))),
        traces=[Trace(x, edge, "edge", style="line"), *peaks],
        bands=[Band(x, curves["low"].values[shown], curves["high"].values[shown], "backgrounds")],
        spans=spans,
        title=f"normalised over {first[0]:g} to {first[1]:g} eV",
    )
    return [raw, normalised]
