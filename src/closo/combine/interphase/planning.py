"""What should one make next: what conducts best, and what teaches most?

Every silica at hand, at contents from 15 to 55 vol% and at milling times within those of the data, is an offer. What it
would conduct at the reference temperature is the mixture of what the explanations say that are not ruled out, each with the
weight of its evidence: its parameters, the scatter of samples, what it misses and the measurement are in the interval. What
a measurement of it would teach is the information that it is expected to give on explanation and parameters, in nats: half
the logarithm of the variance of all that over the variance of scatter, misfit and measurement alone.

Source: Lindley 1956, 10.1214/aoms/1177728069; the distributions are taken as normal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from closo.combine.interphase.inference import Posterior
from closo.combine.interphase.ranking import Rank, leading
from closo.combine.interphase.records import Composite, Place, Silica, Table, places_of
from closo.constants import S_PER_CM
from closo.figures.spec import Axis, FigureSpec, Panel, Trace
from closo.result import Result

CONTENTS = tuple(round(0.15 + 0.05 * k, 2) for k in range(9))  # 15 to 55 vol%
_MEASUREMENT = 0.04  # standard uncertainty of ln sigma of a new pellet: thickness, area, temperature
_NEW = 0.02  # contents closer to one that was made are not new
_HOURS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
_DRAWS = 300

Offers = dict[str, tuple[str | tuple[str, str], np.ndarray]]


def to_tell_apart(ranking: Sequence[Rank]) -> list[str]:
    """Return the explanations that are not ruled out; where one alone leads, also the next one behind it."""
    return leading(ranking) if len(leading(ranking)) > 1 else [row.name for row in ranking[:2]]


def told_next(made: Offers, names: Sequence[str], at: str) -> str:
    """Return which sample teaches most, and what each explanation in `names` expects of it `at` a temperature."""
    k = int(np.argmax(made["offer_information"][1]))
    filler, phi, hours = (made[f"offer_{key}"][1][k] for key in ("silica", "fraction", "time"))
    expected = made["explained_offer"][1][:, k] / S_PER_CM
    says = ", ".join(f"{y:.2g} S/cm by '{name}'" for name, y in zip(names, expected, strict=True))
    return f"Next sample, which teaches most: {filler} at {100 * phi:g} vol%, {hours / 3600.0:g} h ({says} at {at})."


def plan(
    posteriors: Mapping[str, Posterior],
    ranking: Sequence[Rank],
    *,
    silicas: Mapping[str, Silica],
    filler_density: float,
) -> Offers:
    """Return all offers as variables along 'offer': what they are, what they would conduct, what they would teach.

    Parameters
    ----------
    posteriors : explanation -> its posterior; ranking : the leading one first. No offers where no explanation fits. Where
        one alone leads, what a sample teaches is to tell it from the next one; what it conducts is by the leading one.
    silicas : at hand; filler_density : of their skeleton [kg/m3].
    """
    if ranking[0].verdict == "none fits":
        return {}
    used = [posteriors[name] for name in to_tell_apart(ranking)]
    table = used[0].model.table
    done = [c.milling_time / 3600.0 for c in table.composites if c.filler_fraction > 0]
    times = sorted({h for h in _HOURS if min(done) <= h <= max(done)} | {table.place.reference_hours})
    samples = _offered(table, silicas, times)
    if not samples:
        return {}
    logs = np.array([p.log_evidence if p.model.name in leading(ranking) else -np.inf for p in used])
    weight = np.exp(logs - logs.max())
    doubt = weight if len(weight) > 1 and weight[-1] > 0 else np.ones(len(weight))  # one leads: it or the next one
    place = place_at_reference(samples, table, filler_density=filler_density)
    rng = np.random.default_rng(20260715)
    means, noise, drawn = [], [], []
    for posterior in used:
        y, own = posterior.predicted(place, draws=_DRAWS)
        own = own + _MEASUREMENT**2
        means.append(y)
        noise.append(own)
        drawn.append(y + np.sqrt(own) * rng.standard_normal(y.shape))
    counts = np.array([len(y) for y in means])
    share, doubted = (np.repeat(w / w.sum() / counts, counts) for w in (weight, doubt))
    y, own, seen = np.concatenate(means), np.concatenate(noise), np.concatenate(drawn)
    middle = doubted @ y
    variance, kept = doubted @ (y - middle) ** 2, doubted @ own
    low, median, high = _quantiles(seen, share)
    best = max(table.y[_at_reference(table)].tolist(), default=math.nan)
    better = share @ (seen > best) if math.isfinite(best) else np.full(len(samples), math.nan)
    return {
        "offer_silica": ("offer", np.array([c.filler for c in samples])),
        "offer_fraction": ("offer", np.array([c.filler_fraction for c in samples])),
        "offer_time": ("offer", np.array([c.milling_time for c in samples])),
        "offer_low": ("offer", np.exp(low)),
        "offer_median": ("offer", np.exp(median)),
        "offer_high": ("offer", np.exp(high)),
        "offer_mean": ("offer", share @ np.exp(np.minimum(y, 50.0))),
        "offer_better": ("offer", better),
        "offer_information": ("offer", 0.5 * np.log1p(variance / kept)),
        "explained_offer": (("explanation", "offer"), np.exp([np.median(each, axis=0) for each in means])),
    }


def place_at_reference(composites: Sequence[Composite], table: Table, *, filler_density: float) -> Place:
    """Return where composites stand at the reference temperature."""
    kelvin = np.full(len(composites), table.place.reference_temperature)
    return places_of(composites, kelvin, filler_density=filler_density, like=table.place)


def _offered(table: Table, silicas: Mapping[str, Silica], times: Sequence[float]) -> list[Composite]:
    """Return every silica at every content and milling time [h], but not what was made already."""
    made = [(c.filler, c.filler_fraction, c.milling_time / 3600.0) for c in table.composites]
    return [
        Composite("", phi, 3600.0 * hours, (), name, *silica)
        for name, silica in silicas.items()
        for phi in CONTENTS
        for hours in times
        if not any(f == name and abs(x - phi) < _NEW and abs(h - hours) < 0.05 * hours for f, x, h in made)
    ]


def _at_reference(table: Table) -> np.ndarray:
    """Return the rows of conductivities at the reference temperature."""
    near = np.abs(table.place.temperature - table.place.reference_temperature) < 1.0
    return np.flatnonzero(near & ~table.chemical)


def _quantiles(values: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends and the middle of the central 95 % of weighted draws (draws, offers)."""
    order = np.argsort(values, axis=0)
    grown, ordered = np.cumsum(share[order], axis=0), np.take_along_axis(values, order, axis=0)
    ends = [np.argmax(grown >= level, axis=0) for level in (0.025, 0.5, 0.975)]
    low, middle, high = (ordered[k, np.arange(values.shape[1])] for k in ends)
    return low, middle, high


def offers(result: Result, *, by: str, count: int = 5) -> list[dict[str, Any]]:
    """Return the first offers of a result of `interphase` by 'mean' (expected conductivity) or by 'information'.

    Of offers that differ in the milling time alone the best one is named.
    """
    c = result.curves
    if "offer_median" not in c:
        return []
    found: list[dict[str, Any]] = []
    for k in np.argsort(-c[f"offer_{by}"].values, kind="stable"):
        names = [str(name) for name in c.data_vars if str(name).startswith("offer_")]
        one = {name.removeprefix("offer_"): c[name].values[k].item() for name in names}
        if all((one["silica"], one["fraction"]) != (f["silica"], f["fraction"]) for f in found):
            found.append(one)
        if len(found) == count:
            break
    return found


def figure_next(result: Result) -> FigureSpec:
    """Return what every offer would conduct against what it would teach; the two to make are named.

    Parameters
    ----------
    result : of `interphase`, with offers.
    """
    c = result.curves
    silicas = list(dict.fromkeys(c["offer_silica"].values.tolist()))
    x, low, y, high = (c[f"offer_{k}"].values for k in ("information", "low", "median", "high"))
    traces = [
        Trace(x[mine], y[mine] / S_PER_CM, label=name, style="points", color=k % 6, marker=k)
        for k, name in enumerate(silicas)
        if (mine := c["offer_silica"].values == name).any()
    ]
    named = []
    for by, told in (("mean", "conducts best"), ("information", "teaches most")):
        k = int(np.argmax(c[f"offer_{by}"].values))
        made = f"{c['offer_silica'].values[k]}, {100 * c['offer_fraction'].values[k]:.0f} vol%"
        named.append(f"{told}: {made}, {c['offer_time'].values[k] / 3600.0:g} h")
        ends = np.array([low[k], high[k]]) / S_PER_CM
        traces.append(
            Trace(np.full(2, x[k]), ends, label=named[-1], style="line" if by == "mean" else "dashed", color=6)
        )
    title = "Samples that could be made next"
    return FigureSpec(
        name=f"next sample {result.name}",
        panels=[Panel(Axis("information expected / nat"), Axis("sigma / S cm-1", "log"), traces=traces)],
        title=title,
        summary=f"{title}: expected conductivity against expected information. {'; '.join(named)}.",
        columns=1,
        notes=("Points: median of what the explanations expect that are not ruled out. Lines: 95 %.",),
    )
