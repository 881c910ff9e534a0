"""From a series over milling time to one result: laws ranked, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from closo.combine.interphase.mechanisms import natural, summary_of
from closo.combine.milling.kinetics import BEYOND, HOUR, Fitted, Milled, checked, fit, kinetics_of, with_missed
from closo.models.milling import LAWS
from closo.quantity import Quantity, exp, uncertain, withheld
from closo.result import Check, Result

_WIDE = 4.0  # between the ends of a 95 % interval beyond which an optimum says too little
_LARGE = 0.25  # scatter of ln sigma beyond which a law does not explain


def milling(
    samples: Sequence[Milled],
    *,
    name: str,
    temperature: float,
    notes: Sequence[str] = (),
    draws: int = 1000,
    seed: int = 0,
) -> Result:
    """Fit every law to a series over milling time, rank them, and say when to stop.

    Parameters
    ----------
    samples : with four milling times or more that have a conductivity.
    name : of the series.
    temperature : [K] of the conductivities.
    notes : what else is known of the series, kept with the result.
    draws : of each posterior; the same `seed` gives the same numbers.

    Raises
    ------
    DataError  when there are fewer than four milling times, or a value is impossible.
    ConvergenceError  when a posterior cannot be sampled.
    """
    times = checked(samples)
    fitted = [fit(kinetics_of(law, samples), times, draws=draws, seed=seed) for law in LAWS]
    ranked = sorted(fitted, key=lambda f: (f.aicc, -f.log_evidence))
    logs = np.array([f.log_evidence for f in ranked])
    weight = np.exp(logs - logsumexp(logs))
    finite = all(math.isfinite(f.aicc) for f in ranked)
    ranking = [
        {
            "name": f.kinetics.name,
            "title": f.kinetics.law.title,
            "aicc": f.aicc if finite else None,
            "difference": f.aicc - ranked[0].aicc if finite else None,
            "log_evidence": f.log_evidence,
            "probability": float(w),
            "parameters": summary_of(f.kinetics.parameters, f.z),
        }
        for f, w in zip(ranked, weight, strict=True)
    ]
    quantities = _quantities(ranked, weight, times, name=name)
    said = _sentences(ranked, quantities["milling_time:optimum"], finite=finite)
    return Result(
        "milling",
        name,
        quantities,
        _curves(samples, ranked, weight, times),
        _checks(ranked, quantities, times),
        {"draws": draws, "seed": seed},
        (*said, *notes),
        findings={"temperature": temperature, "ranking": ranking, "samples": [m.label for m in samples]},
    )


# --- what is said ---------------------------------------------------------------------------------------------------


def _quantities(ranked: Sequence[Fitted], weight: np.ndarray, times: np.ndarray, *, name: str) -> dict[str, Quantity]:
    """Return the best time of all laws together and of each, and the conductivity there."""
    together = np.concatenate([_share_of(f.best, w) for f, w in zip(ranked, weight, strict=True)])
    peak = np.concatenate([_share_of(f.peak, w) for f, w in zip(ranked, weight, strict=True)])
    told = "where the conductivity is highest, all laws by their evidence"
    found = {"milling_time:optimum": _optimum(together, times, told, f"posterior:{name}")}
    for f in ranked:
        key = f"milling_time:optimum:{f.kinetics.name}"
        found[key] = _optimum(f.best, times, f"by '{f.kinetics.name}'", f"posterior:{name}/{f.kinetics.name}")
    why = found["milling_time:optimum"].why
    if why:
        found["ionic_conductivity:optimum"] = withheld("ionic_conductivity", why)
    else:
        number = exp(uncertain(float(peak.mean()), {f"posterior:{name}": float(peak.std())}))
        found["ionic_conductivity:optimum"] = Quantity(
            "ionic_conductivity", number, "expected at the best milling time"
        )
    return found


def _share_of(draws: np.ndarray, weight: float) -> np.ndarray:
    """Return as many draws, evenly taken, as their law weighs among 4000."""
    pick = np.linspace(0, len(draws) - 1, round(4000 * weight)).round().astype(int)
    return np.asarray(np.sort(draws)[pick])


def _optimum(draws: np.ndarray, times: np.ndarray, told: str, label: str) -> Quantity:
    """Return the best milling time from draws [h], withheld where the times measured do not hold it."""
    low, high = np.quantile(draws, [0.025, 0.975])
    late = bool(high > 0.98 * BEYOND * times[-1])
    if late or low < 1.02 * times[0] / BEYOND:
        edge = f"longer than {min(low, times[-1]):.2g} h" if late else f"shorter than {max(high, times[0]):.2g} h"
        beside = "" if low < times[0] and high > times[-1] else f"; it is {edge} (97.5 %)"
        return withheld(
            "milling_time", f"{times[0]:g} to {times[-1]:g} h do not hold the maximum for certain{beside}", method=told
        )
    if high > _WIDE * low:
        return withheld("milling_time", f"its 95 % interval goes from {low:.2g} to {high:.2g} h", method=told)
    spread = float(np.log(high / low)) / (2.0 * 1.959964)
    return Quantity("milling_time", HOUR * exp(uncertain(0.5 * float(np.log(low * high)), {label: spread})), told)


def _sentences(ranked: Sequence[Fitted], optimum: Quantity, *, finite: bool) -> list[str]:
    """Return what the result says, in sentences."""
    first = ranked[0]
    gap = ranked[1].aicc - first.aicc if finite else ranked[0].log_evidence - ranked[1].log_evidence
    by = "AICc" if finite else "evidence: there are too few data for AICc"
    close = "; the data hardly tell them apart" if not gap > 4.0 else ""
    told = [f"Of the {len(ranked)} laws tried '{first.kinetics.name}' leads by {gap:.1f} ({by}){close}."]
    interval = optimum.interval()
    if interval is not None:
        low, high = (t / HOUR for t in interval)
        told.append(f"The conductivity is highest after {low:.2g} to {high:.2g} h of milling (95 %).")
    else:
        told.append(f"No best milling time: {optimum.why}.")
    if not (first.kinetics.state != "").any():
        told.append("Shares of phases: no data; how fast the salt changes is known from its conductivity alone.")
    return told


def _checks(ranked: Sequence[Fitted], quantities: dict[str, Quantity], times: np.ndarray) -> tuple[Check, ...]:
    """Return the checks: is the maximum inside, do the laws agree, does the leading one explain?"""
    first = ranked[0]
    low, high = np.quantile(first.best, [0.025, 0.975])
    inside = bool(low > times[0] and high < times[-1])
    beyond = bool(high < times[0] or low > times[-1])
    scatter = natural(first.kinetics.parameters, first.z)["scatter"]
    least, middle, most = (100.0 * float(q) for q in np.quantile(scatter, [0.025, 0.5, 0.975]))
    each = [quantities[f"milling_time:optimum:{f.kinetics.name}"].interval() for f in ranked]
    ends = [e for e in each if e is not None]
    agree = max(e[0] for e in ends) <= min(e[1] for e in ends) if len(ends) == len(each) else None
    return (
        Check(
            "maximum inside the times",
            True if inside else False if beyond else None,
            f"{low:.2g} to {high:.2g} h by '{first.kinetics.name}', measured {times[0]:g} to {times[-1]:g} h",
        ),
        Check(
            "laws agree",
            agree,
            "the 95 % intervals of the best time overlap" if agree else "not all laws give one best time",
        ),
        Check(
            "scatter from sample to sample",
            False if middle > 100.0 * _LARGE else True if most < 100.0 * _LARGE else None,
            f"'{first.kinetics.name}' leaves {least:.0f} to {most:.0f} %; more than {100 * _LARGE:.0f} % would mean that "
            "it does not explain the data",
        ),
    )


def _curves(samples: Sequence[Milled], ranked: Sequence[Fitted], weight: np.ndarray, times: np.ndarray) -> xr.Dataset:
    """Return what was measured, and quantiles of conductivity and shares over time for each law."""
    hours = np.exp(np.linspace(math.log(times[0] / BEYOND), math.log(times[-1] * BEYOND), 80))
    levels = [0.025, 0.5, 0.975]
    said = [(with_missed(f.kinetics, f.z, hours, seed=0), f.kinetics.expected(f.z, hours)[1]) for f in ranked]
    used = [m for m in samples if m.conductivity is not None and m.time > 0]
    seen = [(m.time, "ABC".index(s), x) for m in samples for s, x in m.shares]
    sigma = np.array([float(m.conductivity.x) for m in used if m.conductivity is not None])
    sigma_u = np.array([float(m.conductivity.u) for m in used if m.conductivity is not None])
    return xr.Dataset(
        {
            "expected": (("law", "level", "hour"), np.array([np.exp(np.quantile(y, levels, axis=0)) for y, _ in said])),
            "state_share": (
                ("law", "state", "hour"),
                np.array([[np.median(np.broadcast_to(x, y.shape), axis=0) for x in states] for y, states in said]),
            ),
            "milling_time": ("sample", np.array([m.time for m in used])),
            "ionic_conductivity": ("sample", sigma),
            "ionic_conductivity_u": ("sample", sigma_u),
            "share_time": ("seen", np.array([t for t, *_ in seen])),
            "share_state": ("seen", np.array([s for _, s, _ in seen], dtype=int)),
            "share": ("seen", np.array([float(x.x) for *_, x in seen])),
            "share_u": ("seen", np.array([float(x.u) for *_, x in seen])),
            "weight": ("law", weight),
        },
        coords={"hour": hours},
        attrs={"kind": "milling", "metadata": {"laws": [f.kinetics.name for f in ranked]}},
    )
