"""A synthetic series over milling time: any law of `closo.models.milling`, with a laboratory's nuisances.

The nuisances are not those that are fitted: phases share the current as Bruggeman's effective medium says, times are off by
two minutes, one sample in ten is an outlier of three standard deviations, shares of phases have an error in common.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from closo.combine.milling import Milled
from closo.models.milling import shares
from closo.quantity import uncertain

TIMES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # h
_SIGMA = 0.14  # S/m of the best state
_SAMPLES, _READING, _DIE, _SHARE, _COMMON = 0.05, 0.02, 0.01, 0.03, 0.01


def truth_of(law: str, seed: int) -> dict[str, float]:
    """Return parameters of a law, drawn: an optimum between two and eight hours, most often."""
    rng = np.random.default_rng([41, seed, *law.encode()])
    drawn = {
        "k1": 0.64 * math.exp(0.3 * rng.standard_normal()),
        "c": rng.uniform(0.05, 0.4),
        "a": 10 ** rng.uniform(-4, -2),
    }
    if law == "impacts":
        n1 = int(rng.integers(1, 4))
        return drawn | {"n1": float(n1), "more": float(rng.integers(3, 9)), "k1": drawn["k1"] * n1}
    drawn["k2"] = drawn["k1"] * 0.1 * math.exp(0.4 * rng.standard_normal())
    return drawn | ({"n": rng.uniform(0.8, 2.0)} if law == "JMAK" else {})


def conductivity(law: str, truth: Mapping[str, float], hours: np.ndarray) -> np.ndarray:
    """Return the conductivity [S/m] after milling [h]: Bruggeman's effective medium of the three states."""
    fractions = np.stack(shares(law, hours, {k: np.array(v) for k, v in truth.items()}), axis=-1)
    sigma = _SIGMA * np.array([truth["a"], 1.0, truth["c"]])
    low, high = np.full(len(fractions), sigma.min()), np.full(len(fractions), sigma.max())
    for _ in range(80):
        middle = 0.5 * (low + high)[:, None]
        above = (fractions * (sigma - middle) / (sigma + 2.0 * middle)).sum(axis=-1) > 0
        low, high = np.where(above, middle[:, 0], low), np.where(above, high, middle[:, 0])
    return np.asarray(0.5 * (low + high))


def best_time(law: str, truth: Mapping[str, float]) -> float:
    """Return the milling time of the highest conductivity [h].

    Example
    -------
    >>> round(best_time("consecutive", {"k1": 0.64, "k2": 0.064, "a": 1e-3, "c": 0.3}), 1)
    4.9
    """
    hours = np.exp(np.arange(math.log(0.02), math.log(200.0), 0.002))
    return float(hours[np.argmax(conductivity(law, truth, hours))])


def milled(law: str, *, seed: int) -> list[Milled]:
    """Return a synthetic series of a law with parameters `truth_of(law, seed)`; shares of A and B are known, too."""
    truth, rng = truth_of(law, seed), np.random.default_rng([43, seed, *law.encode()])
    real = np.array(TIMES) + rng.normal(0.0, 2.0 / 60.0, len(TIMES))
    states = shares(law, real, {k: np.array(v) for k, v in truth.items()})
    die, common = _DIE * rng.standard_normal(), _COMMON * rng.standard_normal()
    samples = []
    for k, (hours, sigma) in enumerate(zip(TIMES, conductivity(law, truth, real), strict=True)):
        off = _SAMPLES * rng.standard_normal() * (3.0 if rng.random() < 0.1 else 1.0)
        seen = sigma * math.exp(off + die + _READING * rng.standard_normal())
        label = f"{hours:g}h"
        number = uncertain(seen, {f"thickness:{label}": _READING * seen, "area:die": _DIE * seen})
        found = {
            name: float(x[k]) + common + _SHARE * rng.standard_normal() for name, x in zip("AB", states, strict=False)
        }
        known = tuple((s, uncertain(x, {f"profile:{label}/{s}": _SHARE})) for s, x in found.items())
        samples.append(Milled(label, 3600.0 * hours, number, known))
    return samples
