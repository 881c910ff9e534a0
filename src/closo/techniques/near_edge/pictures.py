"""The figure of a near-edge spectrum: the fit with its components and what it leaves, or the spectrum with its peaks."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.result import Result


def figure(result: Result) -> FigureSpec:
    """Return spectrum, fit, components and residual; the fractions in the legend."""
    curves, found = result.curves, result.findings
    x, y = curves["energy"].values, curves["intensity"].values
    titles, loss = found["references"], "area" in found["normalised"]
    energy = Axis("energy loss / eV" if loss else "energy / eV")
    traces = [Trace(x, y, "measured", style="points" if x.size < 150 else "line")]
    panels = []
    if titles:
        parts = [curves[f"component_{k}"].values for k in range(len(titles))]
        residual = curves["residual"].values
        traces.append(Trace(x, np.sum(parts, axis=0), "fit", style="dashed", color=1))
        for k, (title, part) in enumerate(zip(titles, parts, strict=True)):
            share = 100.0 * found["fractions"][k]
            traces.append(Trace(x, part, f"{title}, {share:.3g} %", style="line", color=2 + k % 5))
        sigma = curves["intensity_u"].values if "intensity_u" in curves else np.ones(x.size)
        scaled = "intensity_u" in curves
        label = "residual / standard deviation" if scaled else "residual"
        zero = Trace(x[[0, -1]], np.zeros(2), style="dashed", color=7)
        panels.append(Panel(energy, Axis(label), [Trace(x, residual / sigma, style="line"), zero], title="residual"))
    for one in found["peaks"]:
        inside = (x >= one["window"][0]) & (x <= one["window"][1])
        if one["model"] is not None and inside.sum() == len(one["model"]):
            traces.append(Trace(x[inside], np.asarray(one["model"]), "", style="dashed", color=1))
    low, high = float(min(y.min(), 0.0)), float(y.max())
    main = Panel(
        energy,
        Axis(
            "normalised / 1/eV" if loss else "normalised",
            range=(low - 0.05 * (high - low), high + (0.12 + 0.09 * len(traces)) * (high - low)),
        ),
        traces=traces,
        spans=[
            Span(one["window"][0], one["window"][1], " + ".join(one["names"]), color=2 + k)
            for k, one in enumerate(found["peaks"])
        ],
        title=found["normalised"],
    )
    shares = ", ".join(f"{t} {100 * w:.3g} %" for t, w in zip(titles, found.get("fractions", ()), strict=False))
    return FigureSpec(
        name=f"near edge {result.name}",
        panels=[main, *panels],
        title=result.name,
        summary=f"Near-edge spectrum; {shares or 'no references'}.",
        notes=[found["ambiguous"]] if "ambiguous" in found else [],
    )
