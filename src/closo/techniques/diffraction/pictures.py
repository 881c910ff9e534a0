"""The figure of a pattern: measured, fitted, background, halo and phases; the residual; the ticks of the reflections."""

from __future__ import annotations

import numpy as np

from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.result import Result

_MOST_POINTS = 4000


def figure(result: Result) -> FigureSpec:
    """Return the pattern with all parts of the fit, and the residual in units of the noise."""
    curves = result.curves
    x = curves["two_theta"].values
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).astype(int))
    x, names = x[kept], list(result.settings["names"])
    ground = curves["background"].values[kept]
    traces = [
        Trace(
            x, curves["counts"].values[kept], "measured", "points", color=7, filled=False, behind={"2theta / deg": x}
        ),
        Trace(x, curves["calculated"].values[kept], "fit", "line", color=0),
        Trace(x, ground, "background", "dashed", color=2),
    ]
    if result.settings["halo"] != "none":
        traces.append(Trace(x, ground + curves["halo"].values[kept], "halo", "line", color=6))
    step = 0.035 * float(np.max(curves["counts"].values))
    for k, name in enumerate(names):
        color = (1, 3, 4, 5)[k % 4]
        traces.append(Trace(x, ground + curves[f"phase_{k + 1}"].values[kept], name, "line", color=color))
        ticks = curves[f"ticks_{k + 1}"].values
        traces.append(_ticks(ticks, -step * (k + 1), 0.7 * step, color))
    axis = Axis("2theta / deg", range=(float(x[0]), float(x[-1])))
    residual = Trace(x, curves["residual"].values[kept], style="line", color=0)
    zero = Trace(x[[0, -1]], np.zeros(2), style="dashed", color=7)
    quantities = "; ".join(f"{key} {q}" for key, q in result.quantities.items() if key.startswith("mass_fraction"))
    return FigureSpec(
        name=f"diffraction {result.name}",
        panels=[
            Panel(axis, Axis("counts"), traces),
            Panel(axis, Axis("residual / noise"), [residual, zero], title="measured - fit"),
        ],
        title=result.name,
        summary=f"Powder pattern of {result.name} with the fit of {', '.join(names)}: {quantities or 'no fraction'}.",
        columns=1,
    )


def _ticks(angles: np.ndarray, low: float, length: float, color: int) -> Trace:
    """Return short upright lines at angles, as one line with gaps."""
    x = np.repeat(angles, 3)
    y = np.tile([low, low + length, np.nan], len(angles))
    return Trace(x, y, "", "line", color=color)
