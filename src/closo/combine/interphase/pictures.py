"""Two figures of a result: what each explanation expects, and how well it predicts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from closo.combine.arrhenius.points import celsius
from closo.constants import S_PER_CM
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Trace
from closo.result import Result

_BANDS = 2  # explanations with a band; more would hide each other
_SHOWN = 5  # explanations with a line


def figures(result: Result) -> tuple[FigureSpec, ...]:
    """Return the figures of a result of `interphase`."""
    return (figure(result), figure_ranking(result))


def figure(result: Result) -> FigureSpec:
    """Return conductivity over silica content and over silica area, as measured and as the explanations expect it.

    Parameters
    ----------
    result : of `interphase`.
    """
    at = celsius(float(result.findings["reference_temperature"]))
    first = _models(result)[0]
    return FigureSpec(
        name=f"interphase {result.name}",
        panels=[_over_content(result), _over_area(result)],
        title=f"Explanations of the conductivity at {at}",
        summary=f"Conductivity of composites over silica content and silica area at {at}, with what {len(_models(result))} "
        f"explanations expect; '{first}' leads. {' '.join(result.notes)}",
        notes=(
            "Lines: median of the expected conductivity; bands: its 95 % interval, without the scatter of samples.",
            *result.notes,
        ),
    )


def _meta(result: Result) -> dict[str, Any]:
    return dict(result.curves.attrs["metadata"])


def _models(result: Result) -> list[str]:
    return [str(name) for name in _meta(result)["models"]]


def _over_content(result: Result) -> Panel:
    """Return conductivity over silica content, for the silica that most samples hold."""
    c = result.curves
    main = str(_meta(result)["main_silica"])
    traces, bands = _expected(result, 100.0 * c["content"].values, c["expected_over_content"].values)
    traces += _lone_shell(result, 100.0 * c["content"].values, "shell_over_content")
    mine = c["main"].values.astype(bool) & c["usual_time"].values.astype(bool)
    x = 100.0 * c["filler_fraction"].values[mine]
    y, u = (c[key].values[mine] / S_PER_CM for key in ("ionic_conductivity", "ionic_conductivity_u"))
    traces.append(Trace(x, y, label="measured", style="points", color=6, y_u=u))
    return Panel(
        Axis("phi / vol%"), Axis("sigma / S cm-1", "log", range=_range(result)), traces=traces, bands=bands, title=main
    )


def _over_area(result: Result) -> Panel:
    """Return conductivity over the silica's area at the content that most silicas share."""
    c = result.curves
    usual = float(_meta(result)["usual_content"])
    area = c["specific_surface_area"].values / 1000.0
    traces, bands = _expected(result, area, c["expected_over_silica"].values)
    traces += _lone_shell(result, area, "shell_over_silica")
    near = np.abs(c["filler_fraction"].values - usual) < 0.015
    mine = near & c["usual_time"].values.astype(bool)
    y, u = (c[key].values[mine] / S_PER_CM for key in ("ionic_conductivity", "ionic_conductivity_u"))
    traces.append(Trace(c["area"].values[mine] / 1000.0, y, style="points", color=6, y_u=u))
    names = [str(name) for name in _meta(result)["silicas"]]
    top = Axis("silica", ticks=tuple(zip(area.tolist(), names, strict=True)))
    y_axis = Axis("sigma / S cm-1", "log", range=_range(result))
    return Panel(Axis("S / m2 g-1"), y_axis, traces=traces, bands=bands, title=f"{100 * usual:.0f} vol%", top=top)


def _expected(result: Result, x: np.ndarray, quantiles: np.ndarray) -> tuple[list[Trace], list[Band]]:
    """Return lines of the first explanations and bands of the very first."""
    traces, bands = [], []
    for k, model in enumerate(_models(result)[:_SHOWN]):
        low, middle, high = (quantiles[k, :, level] / S_PER_CM for level in range(3))
        traces.append(Trace(x, middle, label=model, style="line", color=k))
        if k < _BANDS:
            bands.append(Band(x, low, high, color=k))
    return traces, bands


def _lone_shell(result: Result, x: np.ndarray, key: str) -> list[Trace]:
    """Return what the fixed shell expects when it is fitted to the main silica alone."""
    main = str(_meta(result)["main_silica"])
    return [
        Trace(x, one[:, 1] / S_PER_CM, label=f"shell, from {main} alone", style="dashed", color=7)
        for one in result.curves[key].values
    ]


def _range(result: Result) -> tuple[float, float]:
    """Return the range of the conductivity axis: that of the data, with what the leading explanation adds."""
    c = result.curves
    lines = [c["expected_over_content"].values[0, :, 1], *c["shell_over_silica"].values[:, :, 1]]
    shown = np.concatenate([c["ionic_conductivity"].values, *lines]) / S_PER_CM
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    return 10.0 ** math.floor(math.log10(low) - 0.15), 10.0 ** math.ceil(math.log10(high) + 0.15)


def figure_ranking(result: Result) -> FigureSpec:
    """Return the difference in predictive density to the leading explanation, two standard errors as bars.

    Parameters
    ----------
    result : of `interphase`.
    """
    c, models = result.curves, _models(result)
    difference, error = c["elpd_difference"].values, c["elpd_error"].values
    verdicts = {str(row["name"]): str(row["verdict"]) for row in result.findings["ranking"]}
    traces = [Trace([-0.5, len(models) - 0.5], [0.0, 0.0], style="line", color=7)]
    for n, verdict in enumerate(dict.fromkeys(verdicts[m] for m in models)):
        mine = np.array([k for k, m in enumerate(models) if verdicts[m] == verdict])
        traces.append(
            Trace(mine.astype(float), difference[mine], label=verdict, color=n, marker=n, y_u=2.0 * error[mine])
        )
    ticks = tuple((float(k), m) for k, m in enumerate(models))
    axis = Axis("", ticks=ticks, range=(-0.5, len(models) - 0.5))
    title = "Prediction of left-out samples"
    return FigureSpec(
        name=f"interphase ranking {result.name}",
        panels=[Panel(axis, Axis("elpd, less that of the leading"), traces=traces)],
        title=title,
        summary=f"{title}: " + ", ".join(f"{m} {d:.1f}" for m, d in zip(models, difference, strict=True)) + ".",
        columns=1,
        notes=("elpd: expected log predictive density; bars: 2 standard errors of the difference.",),
    )
