"""Explanations of the interphase: how often the true one is ranked first, and how often posteriors hold the truth.

Composites of every explanation are made with parameters drawn about the declared ones, three of the samples with the share
of changed salt that X-ray Raman sees, and explained by `combine.interphase`. No peer does this: the figures are closo's own.
About two minutes of one core for each seed.
"""

from __future__ import annotations

import math
import platform
import sys
from dataclasses import replace
from typing import Any

import numpy as np

FIRST = 2000  # seed
SILICAS = {"A90": (70.2e3, 0.152e-3), "A200": (191.2e3, 0.437e-3), "A380": (349.2e3, 0.692e-3)}  # m2/kg, m3/kg
CELSIUS = (30.0, 60.0, 100.0)


def drawn(explanation: str, seed: int) -> dict[str, float]:
    """Return parameters about the declared ones."""
    from closo.twin.interphase import COMMON, TRUTHS

    rng = np.random.default_rng([99, seed, len(explanation)])
    truth = {k: v * math.exp(0.2 * rng.standard_normal()) for k, v in TRUTHS[explanation].items()}
    truth["interphase_conductivity"] = COMMON["interphase_conductivity"] * math.exp(0.4 * rng.standard_normal())
    truth["interphase_energy"] = COMMON["interphase_energy"] + 0.03 * rng.standard_normal()
    return truth


def one(explanation: str, seed: int) -> dict[str, Any]:
    """Return which explanation came first on one synthetic series, and which 95 % intervals of the true one hold."""
    from closo.combine.interphase import interphase
    from closo.twin.interphase import COMMON, DENSITY, REFERENCE, WIDE, bruggeman_ratio, composites

    design = tuple(replace(m, raman=0.05) if m.fraction in (0.35, 0.40, 0.50) else m for m in WIDE)
    truth = drawn(explanation, seed)
    result = interphase(
        composites(explanation, truth, seed=seed, design=design, celsius=CELSIUS),
        name="twin",
        filler_density=DENSITY,
        ratio=bruggeman_ratio,
        temperature=REFERENCE,
        silicas=SILICAS,
        draws=800,
    )
    ranking = result.findings["ranking"]
    known = COMMON | truth
    rows = next(row for row in ranking if row["name"] == explanation)["parameters"]
    held = {p["name"]: p["interval"][0] <= known[p["name"]] <= p["interval"][1] for p in rows if p["name"] in known}
    return {"explanation": explanation, "seed": seed, "first": ranking[0]["name"], "held": held}


def run(*, seeds: int = 30) -> dict[str, Any]:
    """Return how often the true explanation is first and how often each parameter is held, on `seeds` series of each."""
    from closo.twin.interphase import TRUTHS

    found = []
    for seed in range(FIRST, FIRST + seeds):
        found += [one(explanation, seed) for explanation in TRUTHS]
        print(f"seed {seed}: {len(found)} of {seeds * len(TRUTHS)}", file=sys.stderr, flush=True)
    held: dict[str, list[bool]] = {}
    for row in found:
        for name, inside in row["held"].items():
            held.setdefault(name, []).append(inside)
    return {
        "benchmark": "interphase",
        "series": len(found),
        "seeds": seeds,
        "first": {e: sum(r["first"] == e for r in found if r["explanation"] == e) for e in TRUTHS},
        "held": {name: (sum(inside), len(inside)) for name, inside in held.items()},
        "not_first": [row for row in found if row["first"] != row["explanation"]],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def show(result: dict[str, Any]) -> None:
    """Print two rows for each, ready for a README."""
    print("| explanation | ranked first |\n|---|---|")
    for name, count in result["first"].items():
        print(f"| {name} | {count} of {result['seeds']} |")
    print("| parameter | truth in its 95 % interval |\n|---|---|")
    for name, (inside, number) in result["held"].items():
        print(f"| {name} | {100 * inside / number:.1f} % of {number} |")
