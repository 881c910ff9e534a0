"""Synthetic composites whose explanation is not in the list of `closo.combine.interphase`.

Each has a forward model written here, which shares nothing with those that are fitted but the conductivities of matrix and
interphase. `judge` says whether the inference was confident and wrong about one series. The rules were chosen on OUTSIDE;
`run` judges them on FRESH, ten series of each, at which nobody looked before. A quarter of an hour of one core.
"""

from __future__ import annotations

import math
import platform
import sys
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


def _depleted(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell that conducts, behind a layer next to the particle from which the carriers are gone."""
    poor, good = rng.uniform(0.3, 0.6) * 1e-9, rng.uniform(1.5, 3.0) * 1e-9
    low = -math.log(rng.uniform(3.0, 50.0))  # of the poor layer, below the matrix
    share = poor / (poor + good)
    contrast = np.log(ends[1] / ends[0]).mean()
    return layered(
        place, np.full(len(place.diameter), poor + good), lambda r: np.where(r < share, low / contrast, 1.0), ends
    )


def _fibres(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Fibres in all directions: less shell for a volume than on spheres, but it conducts along them."""
    matrix, best = ends
    phi, x = place.filler_fraction, rng.uniform(1.0, 2.5) * 1e-9 / (place.diameter * 2.0 / 3.0)
    outside = (1.0 - phi) ** ((1.0 + 2.0 * x) ** 2)
    shell = 1.0 - phi - outside
    low, high = np.full(len(phi), -60.0), np.log(np.maximum(matrix, best))
    for _ in range(80):  # self-consistent: needles of silica and of shell, the rest in grains
        middle = 0.5 * (low + high)
        k = np.exp(middle)
        along, across = (best - k) / k, (best - k) / (0.5 * (best + k))
        pull = (
            shell * (along + 2.0 * across) / 3.0 - phi * 5.0 / 3.0 + outside * 3.0 * (matrix - k) / (matrix + 2.0 * k)
        )
        low, high = np.where(pull > 0, middle, low), np.where(pull > 0, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))


def _bimodal(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Part of the silica in dense agglomerates, more of it the more there is and the finer it is; shells on both."""
    thickness, size = rng.uniform(1.5, 3.0) * 1e-9, rng.uniform(4.0, 10.0)
    lumped = 1.0 - np.exp(-rng.uniform(1.0, 4.0) * place.filler_fraction * np.minimum((1e-8 / place.diameter), 2.0))
    phi = place.filler_fraction
    volume = lumped * (1 + 2 * thickness / (size * place.diameter)) ** 3
    volume = volume + (1 - lumped) * (1 + 2 * thickness / place.diameter) ** 3
    outside = (1 - phi) ** volume
    matrix, best = ends
    none = np.zeros_like(phi)
    return effective(np.stack([phi, 1 - phi - outside, outside], 1), np.stack([none, best, matrix], 1))


def _boundaries(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Salt that silica makes amorphous, in grains whose boundaries block the more the finer the silica grinds them."""
    matrix, best = ends
    phi = place.filler_fraction
    share = 1.0 - np.exp(-rng.uniform(3.0, 8.0) * phi)
    grains = effective(np.stack([share, 1.0 - share], 1), np.stack([best, matrix], 1))
    block = rng.uniform(2.0, 10.0) * (phi / 0.35) ** 2 * (1e-8 / place.diameter) ** rng.uniform(0.2, 0.8)
    return grains / (1.0 + block) * (1.0 - phi) ** 1.5


def _porous(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Milled salt in pellets that press worse with the square of the content and with fineness."""
    matrix, best = ends
    phi = place.filler_fraction
    share = 1.0 - np.exp(-rng.uniform(4.0, 8.0) * phi)
    voids = np.minimum(rng.uniform(0.2, 0.6) * (phi / 0.5) ** 2 * (1e-8 / place.diameter) ** 0.4, 0.6)
    mixed = effective(np.stack([share, 1.0 - share], 1), np.stack([best, matrix], 1))
    return mixed * (1.0 - phi) ** 1.5 * (1.0 - voids) ** rng.uniform(2.0, 4.0)


def _space_charge(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A layer of space charge in parallel with the salt, a constant share of the area on a path through the sample."""
    phi, (matrix, best) = place.filler_fraction, ends
    layer = rng.uniform(0.3, 1.0) * 1e-9 * 6.0 * phi / place.diameter * rng.uniform(0.2, 0.5)
    return (1.0 - phi) ** 1.5 * matrix + best * (1.0 - phi) * layer / (1.0 + 2.0 * layer)


def _contacts(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Necks of good salt where particles touch: as many as pairs of particles, the better the finer."""
    phi, (matrix, best) = place.filler_fraction, ends
    finer = np.minimum((1e-8 / place.diameter) ** rng.uniform(0.3, 0.9), 2.0)
    return (1.0 - phi) ** 1.5 * (matrix + rng.uniform(0.5, 2.0) * best * phi**2 * finer)


def _water(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Water of the silanols loosens the salt: ln sigma rises with it and saturates; silica and voids take away."""
    phi, (matrix, best) = place.filler_fraction, ends
    water = phi / (1.0 - phi) * (1e-8 / place.diameter)
    share = water / (water + rng.uniform(0.1, 0.4))
    return matrix * (best / matrix) ** share * (1.0 - phi) ** rng.uniform(1.5, 3.0)


def _saturating(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell that milling grows until the balls' energy, shared by all of the area, no longer reaches it."""
    area = place.filler_fraction / (1 - place.filler_fraction) * 1e-8 / place.diameter
    thickness = rng.uniform(2.0, 4.0) * 1e-9 * -np.expm1(-rng.uniform(0.3, 1.0) / np.maximum(area, 1e-6))
    return uniform(place, thickness, ends)


def _filling(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Salt that conducts well in pores; only the wider pores fill, and the rest is void."""
    phi, (matrix, best) = place.filler_fraction, ends
    room = phi * np.nan_to_num(place.pores) * rng.uniform(0.6, 1.0)
    inside = room * -np.expm1(-rng.uniform(1.0, 2.0) * (1 - phi) / np.maximum(room, 1e-6))
    share = np.minimum(inside / (1 - phi), 1.0)
    void = (room - inside) / (1 + room - inside)
    mixed = effective(np.stack([share, 1 - share], 1), np.stack([best, matrix], 1))
    return mixed * (1 - phi) ** 1.5 * (1 - void) ** rng.uniform(1.5, 3.0)


def _populations(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Shells of one thickness on fine and coarse particles of one powder, whose mean surface is that measured."""
    phi, (matrix, best) = place.filler_fraction, ends
    thickness, share, ratio = rng.uniform(1.0, 2.0) * 1e-9, rng.uniform(0.3, 0.7), rng.uniform(3.0, 8.0)
    fine = place.diameter * (share + (1 - share) / ratio)
    volume = share * (1 + 2 * thickness / fine) ** 3 + (1 - share) * (1 + 2 * thickness / (ratio * fine)) ** 3
    outside = (1 - phi) ** volume
    return effective(np.stack([phi, 1 - phi - outside, outside], 1), np.stack([np.zeros_like(phi), best, matrix], 1))


def _contact(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell behind a contact to the electrodes that silica makes worse, with an activation energy of its own half."""
    sound, worse = uniform(place, np.full(len(place.diameter), 1.5e-9), ends), rng.uniform(0.5, 3.0)
    contact = 0.02 * np.sqrt(ends[1] / ends[1].max())
    return 1.0 / (1.0 / sound + worse * place.filler_fraction**2 / contact)


def _flakes(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """Flakes that pressing lays across the current, with a layer on both faces: it leads along them, not through."""
    phi, (matrix, best) = place.filler_fraction, ends
    layer = np.minimum(6.0 * phi * rng.uniform(0.8, 1.6) * 1e-9 / place.diameter, 0.8 * (1 - phi))
    around = effective(np.stack([layer, 1 - layer], 1), np.stack([best, matrix], 1))
    return around / (1.0 + rng.uniform(1.0, 3.0) * phi) ** 2 * (1.0 - phi)


def _dead(place: Any, rng: np.random.Generator, ends: Any) -> np.ndarray:
    """A shell of fixed volume per silica; part of the salt is cut off, more of it where there is more and finer silica."""
    cut = rng.uniform(0.3, 0.8) * (place.filler_fraction / 0.5) ** 2 * np.minimum(1e-8 / place.diameter, 1.5)
    x = 0.5 * (np.cbrt(1.0 + rng.uniform(1.0, 2.0)) - 1.0)
    return uniform(place, x * place.diameter, ends) * (1.0 - np.minimum(cut, 0.9)) ** 1.5


FRESH = {
    "shell that milling saturates": _saturating,
    "pores that fill in part": _filling,
    "two populations of particles": _populations,
    "contact that silica makes worse": _contact,
    "flakes across the current": _flakes,
    "salt that is cut off": _dead,
}
OUTSIDE = {
    "space charge in parallel": _space_charge,
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
    "shell behind a depleted layer": _depleted,
    "fibres": _fibres,
    "two sizes, agglomerates": _bimodal,
    "amorphous salt with blocking boundaries": _boundaries,
    "milled salt, pores by content and fineness": _porous,
    "necks where particles touch": _contacts,
    "water of silanols": _water,
}
# truth of these is one of the list (with another profile or exponent): that one may win
RELATED = {
    "shell graded linearly in ln sigma": ("graded shell",),
    "shell graded as a Gaussian": ("graded shell",),
    "thickness ~ root of the diameter": ("scaled shell",),
    "law of percolation": ("percolation",),
    "salt milled by silica, no shell": ("milled by area",),
    "pores that fill in part": ("pores", "milled + pores"),
    "two populations of particles": ("shell",),  # with a spread of sizes
}


def explained(kind: str, seed: int, *, draws: int = 400) -> dict[str, Any]:
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

        sigma = (OUTSIDE | FRESH)[kind](place, np.random.default_rng(own), (phase("matrix"), phase("interphase")))
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


def run(*, seeds: int = 10) -> dict[str, Any]:
    """Return what was said of `seeds` series of each kind in FRESH."""
    found = []
    for seed in range(100, 100 + seeds):
        for kind in FRESH:
            found.append(explained(kind, seed))
            print(found[-1], file=sys.stderr, flush=True)
    return {
        "benchmark": "outside",
        "series": found,
        "wrong_winners": sum(r["wrong_winner"] for r in found),
        "printed": sum(r["printed"] for r in found),
        "missed": sum(len(r["missed"]) for r in found),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each kind."""
    print("| truth | wrong winner | none fits | leads | intervals given, missed |\n|---|---|---|---|---|")
    for kind in dict.fromkeys(r["kind"] for r in result["series"]):
        rows = [r for r in result["series"] if r["kind"] == kind]
        verdicts = [r["verdict"] for r in rows]
        print(
            f"| {kind} | {sum(r['wrong_winner'] for r in rows)} of {len(rows)} | {verdicts.count('none fits')} "
            f"| {verdicts.count('leads')} | {sum(r['printed'] for r in rows)}, {sum(len(r['missed']) for r in rows)} |"
        )
    print(f"{result['wrong_winners']} wrong winners in {len(result['series'])}")
