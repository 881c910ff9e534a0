"""The figure of loss spectra: the mean spectrum with backgrounds and windows, and each map beside its uncertainty."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.result import Result
from closo.techniques.element_map.pictures import map_panels, profile_panel

_MOST_MAPS = 4


def figure(result: Result) -> FigureSpec:
    """Return the spectrum with its backgrounds and, of a map, net counts and standard uncertainties."""
    curves, found = result.curves, result.findings
    energies = curves["energy_loss"].values
    traces = [Trace(energies, curves["mean_counts"].values, "counts", style="line")]
    for k, name in enumerate(n for n in map(str, curves.data_vars) if n.startswith("background:") or n == "model"):
        line = curves[name].values
        shown = np.isfinite(line)
        traces.append(Trace(energies[shown], line[shown], name.replace(":", " of "), style="dashed", color=k + 1))
    spans = [Span(low, high, f"window of {name}") for name, (low, high) in found.get("windows", {}).items()]
    y = Axis("N per channel", scale="linear" if "edges" in found else "log")
    panels = [Panel(Axis("dE / eV"), y, traces, spans=spans, title="spectrum" if "edges" in found else "low losses")]
    maps = [str(n)[4:] for n in curves.data_vars if str(n).startswith("map:")][-_MOST_MAPS:]
    panels += map_panels(result, maps) + profile_panel(result)
    words = ", ".join(found.get("seen", ())) or "no edge"
    summary = f"Loss spectrum from {energies[0]:.0f} to {energies[-1]:.0f} eV; seen: {words}; {len(maps)} maps."
    return FigureSpec(result.name, panels, result.name, summary, columns=3 if maps else 1)
