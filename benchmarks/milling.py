"""When to stop milling: how often the 95 % interval of the best time holds it, where the nuisances are not those fitted.

Half of the series are those of `closo.twin.milling` with seeds that nothing was chosen on, the other half differ in all
but the laws of the shares: how phases share the current, other times, scatter of any size with heavy tails, a vial whose
wear drifts. About three minutes of one core. (What is fitted was chosen on 40000 to 40119, and on others below 30100.)
"""

from __future__ import annotations

import platform
import sys
from typing import Any

import numpy as np

SERIES = 100  # of each half
FIRST = 50000  # seed
DESIGNS = (
    (0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0),
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 16.0),
    (1.0, 2.0, 4.0, 8.0, 16.0),
)


def shared(states: np.ndarray, sigma: np.ndarray, rule: int) -> np.ndarray:
    """Return the conductivity of phases (..., 3): a power of each averages, or A is a skin on grains of B and C."""
    if rule < 2:
        power = (0.15, 0.6)[rule]
        return np.asarray((states * sigma**power).sum(axis=-1) ** (1.0 / power))
    a, b, c = np.moveaxis(states, -1, 0)
    inner, share = b * sigma[1] + c * sigma[2], np.maximum(1.0 - a, 1e-12)
    core = inner / share
    contrast = (core - sigma[0]) / (core + 2.0 * sigma[0])
    return np.asarray(sigma[0] * (1.0 + 3.0 * share * contrast / (1.0 - share * contrast)))


def other(law: str, seed: int) -> tuple[list[Any], float]:
    """Return a series with other nuisances, and its best time [h]."""
    from closo.combine.milling import Milled
    from closo.models.milling import shares
    from closo.quantity import uncertain
    from closo.twin.milling import truth_of

    rng = np.random.default_rng([47, seed, *law.encode()])
    truth, rule, times = truth_of(law, seed), int(rng.integers(3)), DESIGNS[int(rng.integers(len(DESIGNS)))]
    values = {k: np.array(v) for k, v in truth.items()}
    sigma = 0.14 * np.array([max(truth["a"], 3e-3 if rule == 2 else 0.0), 1.0, truth["c"]])
    hours = np.exp(np.arange(np.log(0.02), np.log(200.0), 0.002))
    best = float(hours[np.argmax(shared(np.stack(shares(law, hours, values), -1), sigma, rule))])
    real = np.array(times) * np.exp(0.02 * rng.standard_normal(len(times)))
    states = np.stack(shares(law, real, values), -1)
    scatter, drift = rng.uniform(0.02, 0.09), 0.03 * rng.standard_normal(2)
    wear = drift[0] * np.sin(np.log(real) + 3.0 * drift[1] / 0.03)
    off = scatter * rng.standard_t(4, len(times)) + wear
    seen = shared(states, sigma, rule) * np.exp(off)
    with_shares, bias = rng.random() < 0.6, 0.02 * rng.standard_normal()
    series = []
    for k, t in enumerate(times):
        found = [(s, states[k, i] + bias + 0.03 * rng.standard_normal()) for i, s in enumerate("AB")]
        known = tuple((s, uncertain(float(x), {f"profile:{t}/{s}": 0.03})) for s, x in found) if with_shares else ()
        parts = {f"thickness:{t}": 0.02 * seen[k], "area:die": 0.01 * seen[k]}
        series.append(Milled(f"{t:g}h", 3600.0 * t, uncertain(float(seen[k]), parts), known))
    return series, best


def one(seed: int, *, own: bool) -> dict[str, Any]:
    """Return the best time of a series and the interval that was found [h], None where it was withheld."""
    from closo.combine.milling import milling
    from closo.models.milling import LAWS
    from closo.twin.milling import best_time, milled, truth_of

    law = LAWS[seed % len(LAWS)].name
    series, best = (milled(law, seed=seed), best_time(law, truth_of(law, seed))) if own else other(law, seed)
    result = milling(series, name="series", temperature=333.15, draws=300)
    quantity = result.quantities["milling_time:optimum"]
    interval = quantity.interval()
    return {
        "seed": seed,
        "law": law,
        "nuisances": "twin" if own else "other",
        "best": best,
        "interval": None if interval is None else [t / 3600.0 for t in interval],
        "why": quantity.why,
    }


def run(*, seeds: int = SERIES) -> dict[str, Any]:
    """Return all series and how many of the intervals given hold the best time."""
    found = []
    for own in (True, False):
        for seed in range(FIRST, FIRST + seeds):
            found.append(one(seed, own=own))
            print(found[-1], file=sys.stderr, flush=True)
    given = [r for r in found if r["interval"] is not None]
    held = [r for r in given if r["interval"][0] <= r["best"] <= r["interval"][1]]
    return {
        "benchmark": "milling",
        "series": len(found),
        "given": {n: sum(r["nuisances"] == n for r in given) for n in ("twin", "other")},
        "held": {n: sum(r["nuisances"] == n for r in held) for n in ("twin", "other")},
        "missed": [r for r in given if r not in held],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each kind of nuisances."""
    print("| nuisances | interval given | it holds the best time |\n|---|---|---|")
    for name, given in result["given"].items():
        print(f"| {name} | {given} | {result['held'][name]} ({100 * result['held'][name] / max(given, 1):.0f} %) |")
