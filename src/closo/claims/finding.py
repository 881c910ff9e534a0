"""Where the numbers behind a claim are: by result, sample or specimen, at a temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from closo.combine.arrhenius.points import celsius
from closo.combine.samples import quantity
from closo.errors import DataError, did_you_mean
from closo.nomenclature import look_up
from closo.quantity import Quantity, withheld
from closo.result import Check, Result
from closo.toml import read_number


@dataclass(frozen=True)
class Pairs:
    """Several samples compared two by two."""

    names: tuple[str, ...]  # of the samples
    values: tuple[Quantity, ...]
    couples: tuple[tuple[str, str], ...]  # the two names of each comparison
    ratios: tuple[Quantity, ...]  # first/second of each


def kelvin(temperature: str) -> float:
    """Return the temperature [K] of a claim."""
    return float(read_number(temperature, "temperature", label="claim").x)


def quantity_of(results: Mapping[str, Result], of: str, key: str, *, temperature: float | None) -> Quantity:
    """Return a quantity of a result, sample or specimen; withheld with the reason where there is none."""
    measured = quantity(results, of, key, temperature=temperature)
    if measured.why is not None and measured.why.startswith("nothing was measured"):
        hint = did_you_mean(of, _known(results))
        return withheld(measured.name, f"{measured.why}. {hint if hint.startswith('Did') else ''}".strip())
    return measured


def cross_checks(
    results: Mapping[str, Result], quantities: Sequence[Quantity]
) -> tuple[tuple[Check, ...], dict[str, Quantity]]:
    """Return the checks that judge these quantities, and what they imply by themselves (findings 'implied')."""
    checks: dict[str, Check] = {}
    implied: dict[str, Quantity] = {}
    for result in results.values():
        mine = [key for key, quantity in result.quantities.items() if any(quantity is one for one in quantities)]
        for check in (c for c in result.checks if any(c.concerns(key) for key in mine)):
            if (
                check.passed is False or check.name not in checks
            ):  # one that failed stands, whatever another result says
                checks[check.name] = check
        keys = (k for key in mine for k in result.findings.get("implied", {}).get(key, ()))
        implied |= {key: result.quantities[key] for key in keys}
    return tuple(checks.values()), implied


def _known(results: Mapping[str, Result]) -> set[str]:
    """Return every name that a claim can speak of."""
    owners = {name for r in results.values() for name in (r.about.sample, r.about.owner)}
    return (owners | set(results)) - {""}


def members_of(results: Mapping[str, Result], of: Sequence[str]) -> tuple[str, ...]:
    """Return the samples that a claim speaks of: those named, or the members of the one series named.

    Raises
    ------
    DataError  when the series is not there.
    """
    if len(of) > 1 or not of[0].startswith("series/"):
        return tuple(of)
    return tuple(str(label) for label in _series(results, of[0]).findings["members"])


def _series(results: Mapping[str, Result], key: str) -> Result:
    if key not in results or results[key].technique != "series":
        known = [k for k in results if k.startswith("series/")]
        raise DataError(f"there is no '{key}'.", hint=did_you_mean(key, known) if known else "The study has no series.")
    return results[key]


def location_of_maximum(results: Mapping[str, Result], of: str) -> Quantity:
    """Return where a series has its maximum; withheld where it stands at an end of the range.

    Raises
    ------
    DataError  when there is no such series, or its axis has no numbers.
    """
    series = _series(results, of)
    maximum = series.quantities.get(f"{series.settings['axis']}:maximum")
    if maximum is None:
        raise DataError(f"'{of}' runs over {series.settings['axis']}, which has no numbers.", hint="Use an ordering.")
    return maximum


def pairs(
    results: Mapping[str, Result],
    of: Sequence[str],
    key: str,
    *,
    temperature: float | None,
    neighbours: bool = False,
) -> Pairs:
    """Return all pairs of the samples (or only each with the next) as ratios; shared sources cancel.

    Raises
    ------
    DataError  when there are fewer than two samples, or one of them has no value; says which and why.
    """
    names = members_of(results, of)
    if len(names) < 2:
        raise DataError(f"a comparison needs two samples or more, and there is {len(names)}.")
    values = tuple(quantity_of(results, name, key, temperature=temperature) for name in names)
    for name, value in zip(names, values, strict=True):
        if value.number is None or not (value.value or 0.0) > 0:
            raise DataError(f"'{name}' has no {key} that could be compared: {value.why or 'it is not positive'}.")
    at = "" if temperature is None else f" at {celsius(temperature)}"
    chosen = list((pairwise if neighbours else lambda places: combinations(places, 2))(range(len(names))))
    return Pairs(
        names,
        values,
        tuple((names[i], names[j]) for i, j in chosen),
        tuple(
            Quantity("factor", a / b, f"{names[i]} over {names[j]}{at}")
            for i, j in chosen
            if (a := values[i].number) is not None and (b := values[j].number) is not None
        ),
    )


def ratio_of(first: Quantity, second: Quantity, *, method: str, basis: str) -> Quantity:
    """Return first/second, or why there is none; of two that can only be positive, with its interval in the logarithm."""
    positive = look_up(first.name).positive and look_up(second.name).positive
    name = "factor" if positive else "ratio"
    assert first.number is not None
    if second.number is None or not second.value:
        return withheld(name, "the second of the two is zero", method=method)
    return Quantity(name, first.number / second.number, method, basis=basis)
