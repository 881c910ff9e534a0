"""Ask closo about spectra whose truth is known (`benchmarks.stress_scenarios`) and judge every number that it gives.

A number is 'inside' when its 95 % interval holds the truth, 'withheld' when there is none, 'flagged' when it is outside but
a check of the result that judges it has failed, 'WRONG' when nothing says that it is, 'SUM' when bulk and grain boundary are
given under the name of one, and 'CRASH' when the analysis ends by anything but an error of closo's own.

    python -m benchmarks stress [--seeds 36] [--only PART OF A NAME] [--workers 2] [--json]
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import binom

from benchmarks.stress_scenarios import scenarios, series_scenarios
from benchmarks.stress_spectra import Case, Draw
from closo.errors import ClosoError
from closo.result import Result

__all__ = [
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
]

JUDGED = ("total_resistance", "ionic_conductivity", "bulk_resistance", "grain_boundary_resistance")
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
WORST_FIRST = ("CRASH", "SUM", "WRONG", "flagged", "inside", "withheld", "")
VAGUE = 0.4  # relative u beyond which a number ought not to be given
NO_BOUNDARY = 0.02  # a grain boundary of less than this share of the total may be given where there is none
OUTRIGHT = 5.0  # pulls beyond are counted as wrong, and left out of the standard deviation of the others


@dataclass(frozen=True)
class Answer:
    """The verdict on one number.

    Attributes
    ----------
    pull : ln(value / truth) over the relative u; nan where the truth is a range or zero.
    error : relative distance from the nearest true value, 0 within a range; nan where there is no value.
    relative_u : of the value.
    known : theory lets one know the quantity.
    alarm : some check of the result has failed.
    cpu : seconds of the spectrum.
    """

    scenario: str
    seed: int
    quantity: str
    verdict: str
    pull: float
    error: float
    relative_u: float
    known: bool
    alarm: bool
    cpu: float


def _dataset(case: Case, name: str) -> Any:
    from closo.dataset import new

    return new("impedance", {"frequency": case.frequency, "impedance": case.impedance}, source=name)


def geometry(case: Case, name: str) -> dict[str, Any]:
    """Return area and thickness as they are stated."""
    from closo.quantity import uncertain

    g = case.geometry
    if g is None:
        return {}
    return {
        "area": uncertain(g.stated_area, {f"area:{name}": g.relative_u * g.stated_area}),
        "thickness": uncertain(g.stated_thickness, {f"thickness:{name}": g.relative_u * g.stated_thickness}),
    }


def analyse(case: Case, name: str = "stress") -> Result | Exception:
    """Return closo's result of one spectrum, or the error that it ended with."""
    from closo.techniques.impedance import analyse as impedance

    try:
        return impedance(_dataset(case, name), drt=False, **geometry(case, name), **case.settings)
    except Exception as error:
        return error


def analyse_series(cases: Sequence[Case], name: str = "stress") -> Sequence[Result | Exception]:
    """Return closo's results of a temperature series."""
    from closo.quantity import uncertain
    from closo.techniques.impedance import analyse_series as impedance

    temperatures = [uncertain(c.temperature or 300.0, {"temperature": 0.1}) for c in cases]
    data = [_dataset(case, f"{name}#{k}") for k, case in enumerate(cases)]
    try:
        return impedance(data, name=name, temperatures=temperatures, **geometry(cases[0], name))
    except Exception as error:
        return [error] * len(cases)


def _flagged(result: Result, quantity: str) -> bool:
    """Return whether a check that judges the quantity has failed; a check that names none judges all."""
    for check in result.checks:
        judged = getattr(check, "judges", None) or getattr(check, "quantities", None) or (quantity,)
        if check.passed is False and quantity in [str(name).split(":")[0] for name in judged]:
            return True
    return False


def _is_sum(case: Case, quantity: str, value: float) -> bool:
    """Return whether the sum of two arcs, or the other arc, is called by the name of one."""
    total, boundary = case.truth.get("total_resistance"), case.truth.get("grain_boundary_resistance")
    if not isinstance(total, float) or not isinstance(boundary, float):
        return False
    other = {"bulk_resistance": boundary / total, "grain_boundary_resistance": 1 - boundary / total}.get(quantity, 0.0)
    return other > 0.15 and abs(value / total - 1) < 0.05


def verdicts(case: Case, result: Result | Exception) -> dict[str, str]:
    """Return quantity -> verdict, for every quantity whose truth is known."""
    if isinstance(result, Exception):
        kind = "withheld" if isinstance(result, ClosoError) else "CRASH"
        return {name: kind for name in JUDGED if name in case.truth}
    found = {}
    for name in (name for name in JUDGED if name in case.truth):
        try:
            found[name] = _verdict(case, result, name)
        except ArithmeticError:  # an interval that cannot be computed
            found[name] = "CRASH"
    return found


def _verdict(case: Case, result: Result, name: str) -> str:
    quantity = result.quantities.get(name)
    if quantity is None or quantity.value is None or quantity.u is None:
        return "withheld"
    truth = case.truth[name]
    low, high = truth if isinstance(truth, tuple) else (truth, truth)
    if high == 0.0:  # no grain boundary: none, or next to nothing, may be given
        high = NO_BOUNDARY * np.max(case.truth["total_resistance"])
    interval = quantity.interval() or (np.nan, np.nan)
    if interval[0] <= high and interval[1] >= low:
        return "inside"
    if _is_sum(case, name, quantity.value) and not _flagged(result, name):
        return "SUM"
    return "flagged" if _flagged(result, name) else "WRONG"


def judge(case: Case, result: Result | Exception) -> str:
    """Return the worst verdict over the quantities."""
    found = verdicts(case, result).values()
    return min(found, key=WORST_FIRST.index, default="")


def _answer(case: Case, result: Result | Exception, *, scenario: str, seed: int, cpu: float) -> list[Answer]:
    alarm = isinstance(result, Result) and any(c.passed is False for c in result.checks)
    answers = []
    for name, verdict in verdicts(case, result).items():
        figures = _figures(case, result, name)
        answers.append(Answer(scenario, seed, name, verdict, **figures, known=name in case.known, alarm=alarm, cpu=cpu))
    return answers


def _figures(case: Case, result: Result | Exception, name: str) -> dict[str, float]:
    """Return pull, relative error and relative u of a quantity; nan where there is none."""
    quantity = result.quantities.get(name) if isinstance(result, Result) else None
    if quantity is None or not quantity.value:
        return dict.fromkeys(("pull", "error", "relative_u"), np.nan)
    value, relative = quantity.value, max((quantity.u or 0.0) / abs(quantity.value), 1e-12)
    low, high = np.min(case.truth[name]), np.max(case.truth[name])
    nearest = min(max(value, low), high)
    scale = nearest or float(np.max(case.truth["total_resistance"]))  # no grain boundary: in parts of the total
    single = low == high > 0 and value > 0
    pull = float(np.log(value / high) / relative) if single else np.nan
    return {"pull": pull, "error": abs(value - nearest) / scale, "relative_u": relative}


def _one(task: tuple[str, int]) -> list[Answer]:
    """Make one case (or series), analyse and judge it."""
    name, seed = task
    if name in series_scenarios():
        cases = series_scenarios()[name](seed)
        start = time.process_time()
        results = analyse_series(cases)
        cpu = (time.process_time() - start) / len(cases)
        return [
            a for c, r in zip(cases, results, strict=True) for a in _answer(c, r, scenario=name, seed=seed, cpu=cpu)
        ]
    case = scenarios()[name](seed)
    start = time.process_time()
    result = analyse(case)
    return _answer(case, result, scenario=name, seed=seed, cpu=time.process_time() - start)


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


def equivariance(count: int = 200, seed: int = 0) -> dict[str, Any]:
    """Scale Z by a and f by b, each 1e-3 to 1e3, shuffle the rows, and compare circuit, resistances and their u.

    The geometry is scaled with them, L/A by a b, so that relative permittivities stay; without geometry a b = 1, so that
    capacitances do. A resistance is compared where both analyses give it; one that only one of them gives is a failure.
    """
    names = list(scenarios())
    failures, largest_r, largest_u = [], 0.0, 0.0
    for k in range(count):
        d = Draw("equivariance", seed + k)
        name, own = d.one(*names), int(d.random.integers(10_000))
        case = scenarios()[name](own)
        a, b = d.log(1e-3, 1e3), d.log(1e-3, 1e3)
        b = 1 / a if case.geometry is None else b
        moved, expected = analyse(scaled(case, a, b, d.random.permutation(case.frequency.size))), analyse(case)
        difference = _difference(expected, moved, a)
        label = f"{name}, seed {own}, Z x {a:.3g}, f x {b:.3g}"
        if isinstance(difference, str):
            failures.append(f"{label}: {difference}")
            continue
        largest_r, largest_u = max(largest_r, difference[0]), max(largest_u, difference[1])
        if difference[0] > 1e-6 or difference[1] > 1e-3:
            failures.append(f"{label}: R by {difference[0]:.2g}, u by {difference[1]:.2g}")
    return {"n": count, "failed": len(failures), "largest_R": largest_r, "largest_u": largest_u, "failures": failures}


def scaled(case: Case, a: float, b: float, order: np.ndarray) -> Case:
    """Return the case with Z times a, f times b, L/A times a b, and its rows in another order."""
    g = case.geometry
    moved = g and replace(g, thickness=g.thickness * a * b, stated_thickness=g.stated_thickness * a * b)
    return replace(case, frequency=b * case.frequency[order], impedance=a * case.impedance[order], geometry=moved)


def _difference(one: Result | Exception, other: Result | Exception, a: float) -> str | tuple[float, float]:
    """Return the largest relative differences of R and of u, or what else differs."""
    if isinstance(one, Exception) or isinstance(other, Exception):
        same = type(one) is type(other)
        return (0.0, 0.0) if same else f"{type(one).__name__} became {type(other).__name__}"
    if one.settings["circuit"] != other.settings["circuit"]:
        return f"{one.settings['circuit']} became {other.settings['circuit']}"
    of_r = of_u = 0.0
    for key in (key for key in one.quantities if "resistance" in key):
        p, q = one.quantities[key], other.quantities.get(key)
        if q is None or (p.value is None) != (q.value is None):
            return f"{key} is given by one of them only"
        if p.value and p.u and q.value and q.u:
            of_r, of_u = max(of_r, abs(q.value / (a * p.value) - 1)), max(of_u, abs(q.u / (a * p.u) - 1))
    return of_r, of_u


def run(*, seeds: int = 36, only: str = "", workers: int = 1) -> dict[str, Any]:
    """Return scenario -> quantity -> figures; 'all well-posed' pools the scenarios that begin with 'ok: '."""
    names = [name for name in (*scenarios(), *series_scenarios()) if only in name]
    moved = equivariance(round(200 * min(1.0, seeds / 36))) if only in "equivariance" else None
    groups: Mapping[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers(names, range(seeds), workers):
        groups[answer.scenario, answer.quantity].append(answer)
        if answer.scenario.startswith("ok: "):
            groups["all well-posed", answer.quantity].append(answer)
    figures: dict[str, Any] = defaultdict(dict)
    for (scenario, quantity), found in groups.items():
        figures[scenario][quantity] = summary(found)
    return {"seeds": seeds, "scenarios": figures, "equivariance": moved}


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
    if moved := result["equivariance"]:
        print(f"\nequivariance: {moved['failed']} of {moved['n']} failed; ", end="")
        print(f"largest deviation of R {moved['largest_R']:.2g}, of u {moved['largest_u']:.2g}")
        print("\n".join(moved["failures"]))
    print("\nBars missed:", *(missed(result) or ["none"]), sep="\n  ")
