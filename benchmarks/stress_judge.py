"""Give closo a spectrum whose truth is known, and judge every number that it gives.

A number is 'inside' when its 95 % interval holds the truth, 'withheld' when there is none, 'flagged' when it is outside but
a check of the result that judges it has failed, 'WRONG' when nothing says that it is, 'SUM' when bulk and grain boundary are
given under the name of one, and 'CRASH' when the analysis ends by anything but an error of closo's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.stress_spectra import Case
from closo.errors import ClosoError
from closo.result import Result

__all__ = [
    "JUDGED",
    "VAGUE",
    "WORST_FIRST",
    "Answer",
    "analyse",
    "analyse_series",
    "answers_of",
    "geometry",
    "judge",
    "verdicts",
]

JUDGED = ("total_resistance", "ionic_conductivity", "bulk_resistance", "grain_boundary_resistance")
WORST_FIRST = ("CRASH", "SUM", "WRONG", "flagged", "inside", "withheld", "")
VAGUE = 0.4  # relative u beyond which a number ought not to be given
NO_BOUNDARY = 0.02  # a grain boundary of less than this share of the total may be given where there is none


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


def answers_of(case: Case, result: Result | Exception, *, scenario: str, seed: int, cpu: float) -> list[Answer]:
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
