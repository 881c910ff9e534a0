"""Three figures of a result: what each explanation expects, how well it predicts, the posterior of the leading one."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from closo.combine.arrhenius.points import celsius
from closo.combine.interphase.mechanisms import MECHANISMS
from closo.constants import S_PER_CM
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Span, Text, Trace
from closo.result import Result

_COLORS = (0, 1, 2, 3, 4, 5, 7)  # black is for what was measured
_BANDS = 2  # explanations with a band; more would hide each other
_SHOWN = 5  # explanations with a line
_STRUCTURES = {m.parameters[0].name for m in MECHANISMS}
_LABELS = {
    "shell_thickness": "delta / nm",
    "film_thickness": "shell volume per area / nm",
    "shell_per_silica": "shell volume / silica volume",
    "interphase_conductivity": "sigma_i / S m-1",
    "interphase_energy": "Ea_i / eV",
}


def figures(result: Result) -> tuple[FigureSpec, ...]:
    """Return the figures of a result of `interphase`."""
    return (figure(result), figure_ranking(result), figure_posterior(result))


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


def figure_posterior(result: Result) -> FigureSpec:
    """Return the posterior of the leading explanation: each parameter, and each pair with its 95 % ellipse.

    Parameters
    ----------
    result : of `interphase`.
    """
    meta = _meta(result)
    draws = result.curves["draws"].values
    pick = _main_parameters(meta["parameters"])
    names = [_LABELS.get(meta["parameters"][k], meta["parameters"][k].replace("_", " ")) for k in pick]
    panels = [_histogram(draws[:, k], name) for k, name in zip(pick, names, strict=True)]
    panels += [
        _pair(draws[:, pick[i]], draws[:, pick[j]], x_label=names[i], y_label=names[j])
        for i, j in combinations(range(len(pick)), 2)
    ]
    first = meta["models"][0]
    return FigureSpec(
        name=f"interphase posterior {result.name}",
        panels=panels,
        title=f"Posterior of '{first}'",
        summary=f"Histograms and pairs of {', '.join(names)} from the posterior of '{first}'.",
        columns=3,
        notes=("Dashed: holds 95 % of a (log-)normal distribution with the same covariance; r: correlation.",),
    )


def _meta(result: Result) -> dict[str, Any]:
    return dict(result.curves.attrs["metadata"])


def _models(result: Result) -> list[str]:
    return [str(name) for name in _meta(result)["models"]]


def _color(model: str) -> int:
    """Return the colour of an explanation: the same in all figures and studies."""
    return _COLORS[[m.name for m in MECHANISMS].index(model) % len(_COLORS)]


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
        traces.append(Trace(x, middle, label=model, style="line", color=_color(model)))
        if k < _BANDS:
            bands.append(Band(x, low, high, color=_color(model)))
    return traces, bands


def _lone_shell(result: Result, x: np.ndarray, key: str) -> list[Trace]:
    """Return what the fixed shell expects when it is fitted to the main silica alone."""
    main = str(_meta(result)["main_silica"])
    return [
        Trace(x, one[:, 1] / S_PER_CM, label=f"shell, from {main} alone", style="dashed", color=_color("shell"))
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
    places = np.arange(len(models), dtype=float)
    difference, error = c["elpd_difference"].values, c["elpd_error"].values
    verdicts = {str(row["name"]): str(row["verdict"]) for row in result.findings["ranking"]}
    traces = [
        Trace([-0.5, len(models) - 0.5], [0.0, 0.0], style="line", color=7),
        *(
            Trace(places[[k]], difference[[k]], label=f"{m}: {verdicts[m]}", color=_color(m), y_u=2.0 * error[[k]])
            for k, m in enumerate(models)
        ),
    ]
    ticks = tuple((float(k), m) for k, m in enumerate(models))
    axis = Axis("explanation", ticks=ticks, range=(-0.5, len(models) - 0.5))
    told = "Prediction of left-out samples; bars: 2 standard errors of the difference"
    return FigureSpec(
        name=f"interphase ranking {result.name}",
        panels=[Panel(axis, Axis("elpd difference"), traces=traces)],
        title=told,
        summary=f"{told}: " + ", ".join(f"{m} {d:.1f}" for m, d in zip(models, difference, strict=True)) + ".",
        columns=1,
    )


def _main_parameters(names: list[str]) -> list[int]:
    """Return the three parameters to show: how much interphase there is, its conductivity, its energy."""
    structure = next(k for k, name in enumerate(names) if name in _STRUCTURES)
    return [structure, names.index("interphase_conductivity"), names.index("interphase_energy")]


def _histogram(values: np.ndarray, name: str) -> Panel:
    """Return the density of one parameter as a stepped line, with its 95 % interval."""
    count, edges = np.histogram(values, bins=24, density=True)
    x, y = np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(count, 2), [0.0]])
    low, high = np.quantile(values, [0.025, 0.975])
    span = Span(float(low), float(high), label="95 %")
    return Panel(Axis(name), Axis("density"), traces=[Trace(x, y, style="line")], spans=[span])


def _pair(x: np.ndarray, y: np.ndarray, *, x_label: str, y_label: str) -> Panel:
    """Return draws of two parameters with the ellipse of their covariance."""
    r = float(np.corrcoef(_straight(x), _straight(y))[0, 1])
    u, v = _straight(x), _straight(y)
    values, vectors = np.linalg.eigh(np.cov(u, v))
    angle = np.linspace(0.0, 2.0 * math.pi, 73)
    circle = math.sqrt(5.991) * np.stack([np.cos(angle), np.sin(angle)])  # chi2 of 2 degrees of freedom, 95 %
    ring = (vectors * np.sqrt(np.maximum(values, 0.0))) @ circle
    traces = [
        Trace(x, y, style="points", color=5),
        Trace(_back(u.mean() + ring[0], x), _back(v.mean() + ring[1], y), style="dashed", color=6),
    ]
    told = Text(float(x.min()), float(y.max()), f"r = {r:.2f}")
    return Panel(Axis(x_label), Axis(y_label), traces=traces, texts=[told])


def _straight(values: np.ndarray) -> np.ndarray:
    """Return the logarithm of what can only be positive and spreads widely: there its posterior is nearly normal."""
    return np.log(values) if values.min() > 0 and values.std() > 0.05 * values.mean() else values


def _back(straight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what `_straight` of `values` made straight as it was."""
    return np.exp(straight) if values.min() > 0 and values.std() > 0.05 * values.mean() else straight
