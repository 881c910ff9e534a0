"""The figure of an X-ray map: the spectrum with its fit, maps beside their uncertainties, the profile across the edge."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Image, Panel, Trace
from closo.result import Result


def figure(result: Result) -> FigureSpec:
    """Return spectrum, maps of the ratio's elements and of the particles with their uncertainties, and the profile."""
    curves, found = result.curves, result.findings
    energies = curves["energy"].values / 1e3
    traces = [Trace(energies, curves["mean_counts"].values, "counts", style="line")]
    for k, key in enumerate(("model", "background"), 1):
        traces.append(Trace(energies, curves[key].values, key, style="dashed", color=k))
    panels = [Panel(Axis("E / keV"), Axis("N per channel"), traces, title="spectrum")]
    maps = [str(n)[4:] for n in curves.data_vars if str(n).startswith("map:")]
    shown = [
        e for e in (*str(found.get("ratio", "")).split("/"), str(result.settings.get("particle"))) if e in maps
    ] or maps[:3]
    pairs, profile = map_panels(result, shown), profile_panel(result)  # a map and its uncertainty stand side by side
    panels = [*panels, *profile, *pairs] if profile else [*pairs, *panels]
    summary = f"X-ray spectrum of {', '.join(found['elements'])}; {len(maps)} maps."
    return FigureSpec(result.name, panels, result.name, summary, columns=2 if maps else 1)


def map_panels(result: Result, names: list[str]) -> list[Panel]:
    """Return the map of each name beside its standard uncertainty."""
    panels = []
    for name, suffix, said in ((n, *both) for n in names for both in (("", ""), ("_u", "u of "))):
        values = result.curves[f"map{suffix}:{name}"].values
        edges = [np.arange(size + 1.0) for size in values.shape]
        image = Image(values, edges[1], edges[0], kind="values", label=f"{said}N({name})")
        panels.append(Panel(Axis("x / pixel"), Axis("y / pixel"), images=[image], title=said + name, equal=True))
    return panels


def profile_panel(result: Result) -> list[Panel]:
    """Return the ratio over the distance to the edge of particles with the model of a shell; nothing where there is none."""
    curves = result.curves
    if "profile" not in curves:
        return []
    d, ratio = curves["distance"].values, result.findings["ratio"]
    unit, factor = ("nm", 1e9) if d.max() < 1e-3 else ("pixel", 1.0)
    y, u, model = (curves[key].values for key in ("profile", "profile_u", "profile_model"))
    good = np.isfinite(y) & np.isfinite(u) & (u < 2.0 * np.nanmax(np.abs(y)))
    traces = [Trace(factor * d[good], y[good], "measured", y_u=u[good])]
    traces.append(Trace(factor * d[good], model[good], "shell model", style="line", color=1))
    return [Panel(Axis(f"distance to the edge / {unit}"), Axis(f"N({ratio})"), traces, title="profile")]
