"""Claims + results -> verdicts, kind by kind; how one number is held against a range: `closo.claims.comparing`.

Where several comparisons are made at once, 'all of them' is supported when each is (intersection-union test, Berger
1982, doi:10.1080/00401706.1982.10487790), and 'any of them' is only believed at 1 - 0.05/m (Bonferroni).

A number that a study only states can be held against a claim too, but nothing was measured then: `Verdict.basis` and the
reason say so. Where other statements contradict it, it supports nothing, and the claim is undecided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from closo.claims.claim import Claim
from closo.claims.comparing import compare, deviation_of, found, is_inside, is_rejected, is_too_wide, said, shown
from closo.claims.finding import cross_checks, kelvin, location_of_maximum, pairs, quantity_of, ratio_of
from closo.claims.ranges import claimed_range, claimed_shares
from closo.claims.verdict import Verdict, Word
from closo.combine.arrhenius.points import celsius
from closo.combine.samples import temperatures_of
from closo.constants import LN10
from closo.errors import ClosoError, StudyError
from closo.quantity import Quantity, log, withheld
from closo.result import Result

_ON_TEMPERATURE = ("conductivity", "conductivity_ratio", "resistance")  # names that end so depend on it strongly


def judge(claims: Sequence[Claim], results: Mapping[str, Result]) -> list[Verdict]:
    """Return one verdict per claim; a claim with a fault is undecided, and its fault the reason.

    Parameters
    ----------
    results : key -> Result, as `pipeline.analyse` returns them.
    """
    return [_judge_one(claim, results) for claim in claims]


def _judge_one(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    if claim.fault is not None:
        return Verdict(claim, "undecided", f"This claim cannot be judged as it is written. {claim.fault}")
    if claim.no_data is not None:
        return Verdict(claim, "no data", claim.no_data)
    try:
        return _cross_checked(_BY_KIND[claim.kind](claim, results), results)
    except StudyError as error:  # the value does not belong to what was found, such as a time on an axis of volumes
        return Verdict(claim, "undecided", f"This claim cannot be judged as it is written. {error}")
    except ClosoError as error:
        return Verdict(claim, "no data", str(error))


def _cross_checked(verdict: Verdict, results: Mapping[str, Result]) -> Verdict:
    """Return the verdict with the checks that judge its numbers: one that failed leaves nothing decided.

    What is only stated also tells how it fits what else is stated.
    """
    checks, implied = cross_checks(results, verdict.quantities)
    wrong = [c for c in checks if c.passed is False]
    stated = verdict.basis == "stated"
    if wrong and (stated or verdict.verdict not in ("no data", "undecided")):
        why = "The study's statements contradict each other, so none of them decides."
        text = why if stated else f"The check '{wrong[0].name}' of this number failed, so it decides nothing:"
        reason = f"{text} {wrong[0].detail} {verdict.reason[:1].upper()}{verdict.reason[1:]}"
        return replace(verdict, verdict="undecided", reason=reason, deviation="")
    if not stated:
        return verdict
    told = [f"{'Cross-check' if c.passed else 'Nothing to check it with'}: {c.detail}" for c in checks]
    if implied:
        told.append(f"Implied: {'; '.join(f'{key} {quantity}' for key, quantity in implied.items())}.")
    return replace(verdict, reason=" ".join([verdict.reason, *told]))


def _judge_number(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge a value, a ratio or a difference; where the claim leaves the temperature open, at both ends of the data."""
    names = [claim.of[0], *([claim.to] if claim.to else [])]
    temperatures = [None if claim.temperature is None else kelvin(claim.temperature)]
    open_choice = "convention (slope of ln(sigma T) or of ln sigma)"
    if claim.temperature is None and claim.keys[0].partition(":")[0].endswith(_ON_TEMPERATURE):
        open_choice = "temperature"
        temperatures = list(temperatures_of(results, names) or temperatures)
    verdicts = [_judge_at(claim, results, key=key, temperature=t) for t in temperatures for key in claim.keys]
    return _agree(claim, verdicts, open_choice)


def _judge_at(claim: Claim, results: Mapping[str, Result], *, key: str, temperature: float | None) -> Verdict:
    pair = [quantity_of(results, name, key, temperature=temperature) for name in (claim.of[0], claim.to) if name]
    for quantity in pair:
        if quantity.number is None:
            return Verdict(claim, _word_for(quantity), f"{quantity.name}: {quantity.why}", tuple(pair))
    judged = pair[0] if claim.kind == "value" else _of_two(claim, pair, temperature)
    if judged.number is None:
        return Verdict(claim, "undecided", f"{judged.method}: {judged.why}", tuple(pair))
    return compare(claim, judged, claimed_range(claim, judged.name))


def _of_two(claim: Claim, pair: Sequence[Quantity], temperature: float | None) -> Quantity:
    """Return the ratio, its logarithm, or the difference of two quantities; what they share cancels."""
    first, second = pair
    a, b = (n for q in pair if (n := q.number) is not None)
    at = "" if temperature is None else f" at {celsius(temperature)}"
    basis = _basis_of(pair)
    if claim.kind == "difference":
        method = f"{claim.of[0]} minus {claim.to}{at}: {_both(pair)}"
        return Quantity(claim.name, a - b, method, basis=basis)
    method = f"{claim.of[0]} over {claim.to}{at}: {_both(pair)}"
    if claim.kind == "ratio":
        return ratio_of(first, second, method=method, basis=basis)
    if min(first.value or 0.0, second.value or 0.0) <= 0:
        return withheld(claim.name, "one of the two is not positive", method=method)
    decades = (log(a) - log(b)) / LN10
    return Quantity(claim.name, decades, f"log10 of {method}", basis=basis)


def _basis_of(pair: Sequence[Quantity]) -> str:
    return "measured" if any(q.basis == "measured" for q in pair) else "derived"


def _both(pair: Sequence[Quantity]) -> str:
    """Return the methods of two quantities, once where they are the same."""
    first, second = (q.method for q in pair)
    return f"each {first}" if first == second else f"{first}; and {second}"


def _word_for(withheld: Quantity) -> Word:
    return "no data" if (withheld.why or "").startswith("nothing") else "undecided"


def _agree(claim: Claim, verdicts: Sequence[Verdict], open_choice: str) -> Verdict:
    """Return the common verdict; where it hangs on a choice that the claim leaves open, say so."""
    words = {v.verdict for v in verdicts}
    quantities = tuple(q for v in verdicts for q in v.quantities)
    if len(words) == 1 or words == {"supported", "consistent"}:
        reasons = dict.fromkeys(v.reason for v in verdicts)
        deviation = max((v.deviation for v in verdicts), key=len)
        word: Word = "consistent" if "consistent" in words else verdicts[0].verdict
        return Verdict(claim, word, " ".join(reasons), quantities, deviation)
    parts = " ".join(f"{v.verdict.capitalize()}: {v.reason}" for v in verdicts)
    return Verdict(claim, "undecided", f"The claim names no {open_choice}, and it matters. {parts}", quantities)


def _judge_proportions(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge the shares of a mixture: every one must be inside, one surely outside contradicts."""
    ranges = claimed_shares(claim)
    shares = {key: quantity_of(results, claim.of[0], key, temperature=_temperature(claim)) for key in ranges}
    quantities = tuple(shares.values())
    for key, quantity in shares.items():
        if quantity.number is None:
            return Verdict(claim, _word_for(quantity), f"{key}: {quantity.why}", quantities)
    what = "; ".join(f"{found(q)}, claimed {said(q.name, ranges[key])}" for key, q in shares.items())
    if all(is_inside(q, ranges[key]) for key, q in shares.items()):
        return Verdict(claim, "supported", f"{what}: each share is inside.", quantities)
    if any(is_rejected(q, ranges[key], among=len(ranges)) for key, q in shares.items()):
        return Verdict(claim, "contradicted", f"{what}: the data reject a share.", quantities)
    if any(is_too_wide(q, ranges[key]) for key, q in shares.items()):
        return Verdict(claim, "undecided", f"{what}: an interval is wider than half of its share.", quantities)
    deviation = deviation_of(max(quantities, key=lambda q: q.u or 0.0))
    reason = f"{what}: the data reject no share; they would have shown a deviation of {deviation}."
    return Verdict(claim, "consistent", reason, quantities, deviation)


def _judge_maximum(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    location = location_of_maximum(results, claim.of[0])
    claimed = claimed_range(claim, location.name)
    if location.number is None:
        reason = f"{location.why}; the claim is {said(location.name, claimed)}."
        return Verdict(claim, "undecided", reason, (location,))
    return compare(claim, location, claimed)


def _judge_spread(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge largest over smallest: every pair must be inside for '<', one pair is enough for '>'."""
    compared = pairs(results, claim.of, claim.quantity, temperature=_temperature(claim))
    low, high = claimed_range(claim, "factor")
    limit = high if claim.relation == "<" else low
    every = [_size(q, 0.95) for q in compared.ratios]
    sure = [_size(q, 1.0 - 0.05 / len(every)) for q in compared.ratios]
    all_below = all(end <= limit for _, end in every)
    one_above = any(start > limit for start, _ in sure)
    widest = max(compared.ratios, key=lambda q: abs(math.log(q.value or 1.0)))
    factor = math.exp(abs(math.log(widest.value or 1.0)))
    ends = _size(widest, 0.95)
    numbers = (
        f"largest over smallest of {len(compared.values)} is {factor:.3g} (95 %: {ends[0]:.3g} to {ends[1]:.3g}; "
        f"{widest.method}), the claim is {claim.relation} {limit:.3g}"
    )
    if all_below or one_above:
        true = all_below if claim.relation == "<" else one_above
        return Verdict(claim, "supported" if true else "contradicted", f"{numbers}.", compared.values)
    return Verdict(claim, "undecided", f"{numbers}: the intervals of the pairs allow both.", compared.values)


def _temperature(claim: Claim) -> float | None:
    return None if claim.temperature is None else kelvin(claim.temperature)


def _size(ratio: Quantity, level: float) -> tuple[float, float]:
    """Return the interval of the larger over the smaller of two."""
    low, high = ratio.interval(level) or (0.0, math.inf)
    upper = max(high, 1.0 / low if low > 0 else math.inf)
    return (1.0, upper) if low <= 1.0 <= high else (max(low, 1.0 / high), upper)


def _judge_ordering(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge 'each is larger than the next'."""
    compared = pairs(results, claim.of, claim.quantity, temperature=_temperature(claim), neighbours=True)
    level = 1.0 - 0.05 / len(compared.ratios)
    every = [q.interval() or (0.0, math.inf) for q in compared.ratios]
    sure = [q.interval(level) or (0.0, math.inf) for q in compared.ratios]
    at = "" if claim.temperature is None else f" at {claim.temperature}"
    couples = zip(compared.couples, compared.ratios, strict=True)
    steps = "; ".join(f"{a} over {b}{at} = {shown(q)}" for (a, b), q in couples)
    larger = claim.relation == ">"
    if all(low > 1 if larger else high < 1 for low, high in every):
        return Verdict(claim, "supported", f"{steps}: each is {claim.relation} 1.", compared.values)
    if any(high < 1 if larger else low > 1 for low, high in sure):
        return Verdict(claim, "contradicted", f"{steps}: not every one is {claim.relation} 1.", compared.values)
    return Verdict(claim, "undecided", f"{steps}: an interval includes 1.", compared.values)


_BY_KIND: Mapping[str, Callable[[Claim, Mapping[str, Result]], Verdict]] = {
    "value": _judge_number,
    "ratio": _judge_number,
    "decades": _judge_number,
    "difference": _judge_number,
    "proportions": _judge_proportions,
    "maximum": _judge_maximum,
    "spread": _judge_spread,
    "ordering": _judge_ordering,
}
