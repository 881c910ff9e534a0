"""Synthetic composites whose explanation is not in the list of `closo.combine.interphase`.

Each has a forward model written here, which shares nothing with those that are fitted but the conductivities of matrix and
interphase. `judge` says whether the inference was confident and wrong about one series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

K_EV = 8.617333262e-5  # eV/K

Laws = Callable[[Any, Any, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def effective(fractions: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return Bruggeman's effective conductivity of many phases, shape (rows,), by bisection in the logarithm."""
    low, high = np.full(len(fractions), -60.0), np.log(sigmas.max(axis=1))
    for _ in range(80):
        middle = 0.5 * (low + high)
        k = np.exp(middle)[:, None]
        above = (fractions * (sigmas - k) / (sigmas + 2.0 * k)).sum(axis=1) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))


def layered(place: Any, thickness: np.ndarray, profile: Callable[[np.ndarray], np.ndarray], ends: Any) -> np.ndarray:
    """Return the conductivity with a shell of 24 layers;
    `profile` of 0 (on the particle) to 1 is the share of ln contrast.
    """
    matrix, best = ends
    phi, steps = place.filler_fraction, np.linspace(0.0, 1.0, 25)
    outside = (1.0 - phi[:, None]) ** ((1.0 + 2.0 * (thickness / place.diameter)[:, None] * steps) ** 3)
    layers = outside[:, :-1] - outside[:, 1:]
    level = profile(0.5 * (steps[1:] + steps[:-1]))
    sigma = matrix[:, None] * (best / matrix)[:, None] ** level[None, :]
    fractions = np.hstack([phi[:, None], layers, outside[:, -1:]])
    return effective(fractions, np.hstack([np.zeros((len(phi), 1)), sigma, matrix[:, None]]))


def uniform(place: Any, thickness: np.ndarray, ends: Any) -> np.ndarray:
    """Return the conductivity with a uniform shell."""
    return layered(place, thickness, np.ones_like, ends)


def _linear(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    return layered(place, np.full(len(place.diameter), rng.uniform(2, 4) * 1e-9), lambda r: 1.0 - r, ends)


def _gauss(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    return layered(
        place, np.full(len(place.diameter), rng.uniform(2, 4) * 1e-9), lambda r: np.exp(-((2 * r) ** 2)), ends
    )


def _root(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    return uniform(place, rng.uniform(1, 2) * 1e-9 * np.sqrt(place.diameter / 1e-8), ends)


def _salt(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Salt that silica mills: its conductivity rises with the area, without a shell."""
    area = place.filler_fraction / (1 - place.filler_fraction) * (1e-8 / place.diameter) ** rng.uniform(0.3, 1.0)
    share = 1 - np.exp(-rng.uniform(3, 6) * area)
    matrix, best = ends
    return matrix * (best / matrix) ** share * (1 - place.filler_fraction) ** 1.5


def _percolation(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    phi, (onset, t, last) = (
        place.filler_fraction,
        (rng.uniform(0.08, 0.16), rng.uniform(1.3, 2.5), rng.uniform(0.65, 0.9)),
    )
    above, left = np.maximum(phi - onset, 0.0), np.maximum(last - phi, 0.0) / last
    return ends[0] * (1 - phi) ** 1.5 + ends[1] * above**t * left


def _two(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A thin shell on the particles and, away from them, a salt that milling improves."""
    matrix, best = ends
    better = matrix * np.exp(rng.uniform(1, 3) * np.minimum(place.filler_fraction / 0.35, 1.5))
    return uniform(place, np.full(len(place.diameter), rng.uniform(0.5, 1.2) * 1e-9), (better, best))


def _each(place: Any, seed: int) -> np.ndarray:
    """Return a normal number for each silica, known by its diameter."""
    drawn = [np.random.default_rng([seed, round(1e13 * d)]).standard_normal() for d in place.diameter]
    return np.array(drawn)


def _aggregates(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Shells on fused aggregates, whose size has its own scatter from silica to silica."""
    thickness, own = rng.uniform(1.5, 3) * 1e-9, int(rng.integers(1 << 30))
    size = place.diameter * np.exp(0.9 + 0.35 * _each(place, own))
    return uniform(place, thickness * place.diameter / size, ends)


def _mixing_rule(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Uvarov's rule: a power of the conductivities averages, with an interface of 2 beta (lambda/L) phi (1 - phi)."""
    a, phi = rng.uniform(0.15, 0.5), place.filler_fraction
    interface = np.minimum(rng.uniform(1.5, 3.0) * (1e-8 / place.diameter) ** 0.5 * phi * (1 - phi), 1 - phi)
    return ((1 - phi - interface) * ends[0] ** a + interface * ends[1] ** a) ** (1 / a)


def _silica(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell whose conductivity depends on the silica's chemistry, not on its size."""
    better = ends[1] * np.exp(0.6 * _each(place, int(rng.integers(1 << 30))))
    return uniform(place, 0.2 * place.diameter, (ends[0], better))


def _blocking(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell, and voids that grow with the content of silica whatever its pores."""
    voids = rng.uniform(0.4, 0.8) * np.maximum(place.filler_fraction - 0.2, 0.0)
    return uniform(place, np.full(len(place.diameter), 1.5e-9), ends) * (1 - voids) ** 3


OUTSIDE = {
    "shell graded linearly in ln sigma": _linear,
    "shell graded as a Gaussian": _gauss,
    "thickness ~ root of the diameter": _root,
    "salt milled by silica, no shell": _salt,
    "law of percolation": _percolation,
    "shell and better salt": _two,
    "shells on aggregates": _aggregates,
    "general mixing rule": _mixing_rule,
    "conductivity by silica": _silica,
    "shell and voids by content": _blocking,
}
# truth of these is one of the list (with another profile or exponent): that one may win
RELATED = {
    "shell graded linearly in ln sigma": ("graded shell",),
    "shell graded as a Gaussian": ("graded shell",),
    "thickness ~ root of the diameter": ("scaled shell",),
    "law of percolation": ("percolation",),
    "salt milled by silica, no shell": ("milled by area",),
}


def explained(kind: str, seed: int, *, draws: int = 600) -> dict[str, Any]:
    """Return what the inference says of one series: verdict, the leading explanation, and what it printed that is wrong."""
    from closo.combine.interphase import interphase
    from closo.combine.interphase.forward import Prediction
    from closo.combine.interphase.mechanisms import Mechanism
    from closo.twin.interphase import COMMON, DENSITY, PRINTED, REFERENCE, WIDE, bruggeman_ratio, composites

    drawn = np.random.default_rng([7, seed, *kind.encode()])
    own = int(drawn.integers(1 << 30))
    truth = {
        "interphase_conductivity": COMMON["interphase_conductivity"] * math.exp(0.4 * drawn.standard_normal()),
        "interphase_energy": COMMON["interphase_energy"] + 0.03 * drawn.standard_normal(),
    }

    def law(values: Any, place: Any, _ratio: Any) -> Prediction:
        def phase(name: str) -> np.ndarray:
            t, t0 = place.temperature, REFERENCE
            energy = float(values[f"{name}_energy"][0, 0]) / K_EV
            return np.asarray(float(values[f"{name}_conductivity"][0, 0]) * t0 / t * np.exp(-energy * (1 / t - 1 / t0)))

        sigma = OUTSIDE[kind](place, np.random.default_rng(own), (phase("matrix"), phase("interphase")))
        salt = place.filler_fraction == 0
        y = np.log(np.where(salt, phase("matrix"), sigma))[None]
        return Prediction(y, np.zeros_like(y), np.zeros_like(y))

    made = composites(
        Mechanism(kind, kind, (), (), law),
        truth,
        seed=seed,
        design=WIDE if seed % 3 == 2 else PRINTED,
        celsius=(60.0, 90.0),
    )
    result = interphase(
        made, name="twin", filler_density=DENSITY, ratio=bruggeman_ratio, temperature=REFERENCE, draws=draws
    )
    return {"kind": kind, "seed": seed} | judge(result, truth, kind)


def judge(result: Any, truth: dict[str, float], kind: str) -> dict[str, Any]:
    """Return verdict and leader, whether a wrong explanation won, and the printed intervals that miss the truth."""
    from closo.constants import ELECTRONVOLT

    first = result.findings["ranking"][0]
    known = {
        "interphase_conductivity": truth["interphase_conductivity"],
        "interphase_activation_energy": truth["interphase_energy"] * ELECTRONVOLT,
    }
    missed, printed = [], []
    for key, value in known.items():
        interval = result.quantities[key].interval()
        if interval is not None:
            printed.append(key)
            if not interval[0] <= value <= interval[1]:
                missed.append(
                    f"{key} {result.quantities[key]} for {value / (ELECTRONVOLT if 'energy' in key else 100):.3g}"
                )
    wins = first["verdict"] == "best of those tried" and first["name"] not in RELATED.get(kind, ())
    return {
        "first": first["name"],
        "verdict": first["verdict"],
        "probability": round(first["probability"], 3),
        "wrong_winner": wins,
        "printed": len(printed),
        "missed": missed,
    }
