"""Ask closo about spectra whose truth is known (`benchmarks.stress_scenarios`): a table of what is right, withheld, wrong.

`benchmarks.stress_judge` says what the verdicts mean.

    python -m benchmarks stress [--seeds 36] [--only PART OF A NAME] [--workers 2] [--json]
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from scipy.stats import binom

from benchmarks.stress_judge import (
    JUDGED,
    VAGUE,
    WORST_FIRST,
    Answer,
    analyse,
    analyse_series,
    answers_of,
    geometry,
    judge,
    verdicts,
)
from benchmarks.stress_scenarios import scenarios, series_scenarios
from benchmarks.stress_symmetry import equivariance, without_geometry

__all__ = [
    "VAGUE",
    "Answer",
    "analyse",
    "analyse_series",
    "answers",
    "equivariance",
    "geometry",
    "judge",
    "missed",
    "run",
    "scenarios",
    "show",
    "verdicts",
    "without_geometry",
]

SHORT = dict(zip(JUDGED, ("R", "sigma", "R_b", "R_gb"), strict=True))
COLUMNS = {
    "inside": "inside",
    "none": "withheld",
    "flag.": "flagged",
    "WRONG": "WRONG",
    "SUM": "SUM",
    "crash": "CRASH",
}
COLUMNS |= {"alarm": "alarm", "vague": "vague"}
OUTRIGHT = 5.0  # pulls beyond are counted as wrong, and left out of the standard deviation of the others


def _one(task: tuple[str, int]) -> list[Answer]:
    """Make one case (or series), analyse and judge it."""
    name, seed = task
    if name in series_scenarios():
        cases = series_scenarios()[name](seed)
        start = time.process_time()
        results = analyse_series(cases)
        cpu = (time.process_time() - start) / len(cases)
        return [
            a for c, r in zip(cases, results, strict=True) for a in answers_of(c, r, scenario=name, seed=seed, cpu=cpu)
        ]
    case = scenarios()[name](seed)
    start = time.process_time()
    result = analyse(case)
    return answers_of(case, result, scenario=name, seed=seed, cpu=time.process_time() - start)


def answers(names: Sequence[str], seeds: range, workers: int = 1) -> list[Answer]:
    """Return the answers of all scenarios and seeds."""
    tasks = [(name, seed) for name in names for seed in seeds]
    if workers < 2:
        return [a for task in tasks for a in _one(task)]
    with ProcessPoolExecutor(workers) as pool:
        return [a for found in pool.map(_one, tasks, chunksize=4) for a in found]


def summary(found: Sequence[Answer]) -> dict[str, Any]:
    """Shares in percent, pulls and widths of a set of answers."""
    count = len(found)
    share = {v: 100 * sum(a.verdict == v for a in found) / count for v in WORST_FIRST[:-1]}
    pulls = [a.pull for a in found if abs(a.pull) < OUTRIGHT]
    widths = [a.relative_u for a in found if np.isfinite(a.relative_u)]
    known = [a for a in found if a.known]
    given = [a for a in found if a.verdict != "withheld"]
    return {
        "n": count,
        **share,
        "inside_of_given": 100 * sum(a.verdict == "inside" for a in given) / max(len(given), 1),
        "alarm": 100 * sum(a.alarm for a in found) / count,
        "vague": 100 * sum(a.relative_u > VAGUE for a in found) / count,
        "pull_sd": float(np.std(pulls)) if len(pulls) > 1 else None,
        "median_u_percent": float(100 * np.median(widths)) if widths else None,
        "known": len(known),
        "given_of_known": 100 * sum(a.verdict != "withheld" for a in known) / len(known) if known else None,
        "cpu_s": float(np.mean([a.cpu for a in found])),
    }


def run(*, seeds: int = 36, only: str = "", workers: int = 1) -> dict[str, Any]:
    """Return scenario -> quantity -> figures; 'all well-posed' pools the scenarios that begin with 'ok: '."""
    names = [name for name in (*scenarios(), *series_scenarios()) if only in name]
    count = round(200 * min(1.0, seeds / 36))
    symmetry = {f.__name__: f(count) for f in (equivariance, without_geometry) if only in f.__name__}
    groups: Mapping[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers(names, range(seeds), workers):
        groups[answer.scenario, answer.quantity].append(answer)
        if answer.scenario.startswith("ok: "):
            groups["all well-posed", answer.quantity].append(answer)
    figures: dict[str, Any] = defaultdict(dict)
    for (scenario, quantity), found in groups.items():
        figures[scenario][quantity] = summary(found)
    return {"seeds": seeds, "scenarios": figures, "symmetry": symmetry}


def missed(result: Mapping[str, Any]) -> list[str]:
    """Return a sentence per bar that the figures miss: what is wrong in silence, and what is withheld without need."""
    found = []
    for scenario, quantities in result["scenarios"].items():
        for quantity, s in quantities.items():
            found += [f"{scenario}, {SHORT[quantity]}: {what}" for what in _missed(scenario, quantity, s)]
    return found


def _missed(scenario: str, quantity: str, s: Mapping[str, Any]) -> list[str]:
    """Return what one row misses; well-posed scenarios are judged together."""
    found = []
    silent = round((s["WRONG"] + s["SUM"] + s["CRASH"]) * s["n"] / 100)
    chance = binom.sf(silent - 1, s["n"], 0.05)  # an honest 95 % interval has as many by chance
    if scenario.startswith("ok: "):
        return [f"{silent} of {s['n']} wrong in silence (chance {chance:.0e})"] if chance < 1e-3 else []
    if silent > 0.08 * s["n"]:
        found.append(f"{silent} of {s['n']} wrong in silence (8 %; chance {chance:.0e})")
    if s["SUM"]:
        found.append("a sum has the name of one arc")
    if s["vague"]:
        found.append(f"{round(s['vague'] * s['n'] / 100)} of {s['n']} are given though known worse than 40 %")
    if "ceramic" in scenario and s["inside_of_given"] < 92.0 and s["withheld"] < 100.0:
        found.append(f"{s['inside_of_given']:.0f} % inside of those given (92 %)")
    if "ceramic" in scenario and s["known"] and s["given_of_known"] <= 60.0:
        found.append(f"{s['given_of_known']:.0f} % given of those that can be known (60 %)")
    if scenario == "all well-posed" and quantity == "total_resistance":
        bars = (("inside", 92, 98), ("pull_sd", 0.9, 1.15), ("withheld", 0, 5))
        found += [
            f"{key} {s[key]:.3g} ({low} to {high})" for key, low, high in bars if not low <= (s[key] or 0) <= high
        ]
    return found


def show(result: Mapping[str, Any]) -> None:
    """Print one table, the equivariance, and the bars that are missed."""
    head = "".join(f"{title:>7s}" for title in COLUMNS)
    print(f"{'scenario':38s}{'':6s}{'n':>4s}{head}{'pull sd':>8s}{'u %':>7s}{'CPU s':>7s}  given of known")
    for scenario, quantities in result["scenarios"].items():
        for quantity, s in quantities.items():
            if s["withheld"] == 100 and quantity != "total_resistance":
                continue
            shares = "".join(f"{s[key]:7.0f}" for key in COLUMNS.values())
            pull = f"{s['pull_sd']:8.2f}" if s["pull_sd"] is not None else f"{'-':>8s}"
            width = f"{s['median_u_percent']:7.2g}" if s["median_u_percent"] is not None else f"{'-':>7s}"
            known = f"  {s['given_of_known']:.0f} % of {s['known']}" if s["known"] else ""
            print(f"{scenario:38s}{SHORT[quantity]:6s}{s['n']:4d}{shares}{pull}{width}{s['cpu_s']:7.2f}{known}")
    for name, figures in result["symmetry"].items():
        largest = "".join(
            f"; {key.replace('_', ' ')} {figures[key]:.2g}" for key in figures if key.startswith("largest")
        )
        print(f"\n{name}: {figures['failed']} of {figures['n']} failed{largest}", *figures["failures"], sep="\n  ")
    print("\nBars missed:", *(missed(result) or ["none"]), sep="\n  ")
