"""The figure of a series over milling time."""

from __future__ import annotations

from closo.combine.arrhenius.points import celsius
from closo.combine.milling.kinetics import HOUR
from closo.constants import S_PER_CM
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.result import Result


def figure(result: Result) -> FigureSpec:
    """Return conductivity and shares of the states over milling time, as measured and as the laws expect them.

    Parameters
    ----------
    result : of `milling`.
    """
    c, laws = result.curves, [str(name) for name in result.curves.attrs["metadata"]["laws"]]
    hours, at = c["hour"].values, celsius(float(result.findings["temperature"]))
    y, u = (c[key].values / S_PER_CM for key in ("ionic_conductivity", "ionic_conductivity_u"))
    expected = c["expected"].values / S_PER_CM
    lines = [Trace(hours, expected[k, 1], label=law, style="line", color=k) for k, law in enumerate(laws)]
    measured = Trace(c["milling_time"].values / HOUR, y, label="measured", style="points", color=6, y_u=u)
    interval = result.quantities["milling_time:optimum"].interval()
    spans = [] if interval is None else [Span(interval[0] / HOUR, interval[1] / HOUR, label="optimum, 95 %")]
    axis = Axis("milling time / h", "log")
    first = Panel(
        axis,
        Axis("sigma / S cm-1", "log"),
        traces=[*lines, measured],
        bands=[Band(hours, expected[0, 0], expected[0, 2], color=0)],
        spans=spans,
        title=f"at {at}",
    )
    shown = [
        Trace(hours, c["state_share"].values[0, k], label=state, style="line", color=k) for k, state in enumerate("ABC")
    ]
    for k in range(3):
        mine = c["share_state"].values == k
        if mine.any():
            x, share, share_u = (c[key].values[mine] for key in ("share_time", "share", "share_u"))
            shown.append(Trace(x / HOUR, share, style="points", color=k, y_u=share_u))
    second = Panel(axis, Axis("share of the salt", range=(0.0, 1.05)), traces=shown, title=f"states by '{laws[0]}'")
    return FigureSpec(
        name=f"milling {result.name}",
        panels=[first, second],
        title="Conductivity and states of the salt over milling time",
        summary=f"Conductivity over milling time at {at} with {len(laws)} laws. {' '.join(result.notes)}",
        notes=(
            "Lines and band: what laws miss is in them, the scatter of samples is not; the band is 95 % of the leading law.",
            *result.notes,
        ),
    )
