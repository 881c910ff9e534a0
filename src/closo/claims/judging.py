"""Claims + results -> verdicts.

A claim is a range of values, a result a 95 % interval. Interval inside the range: supported. Interval and range without
a common point: contradicted. Else the data cannot tell: not identifiable. (This is the equivalence test by interval
inclusion, at 2.5 % on each side; Schuirmann 1987, doi:10.1007/BF01068419.)

Where several comparisons are made at once, 'all of them' is supported when each is (intersection-union test, Berger
1982, doi:10.1080/00401706.1982.10487790), and 'any of them' is only believed at 1 - 0.05/m (Bonferroni).

A number that a study only states can be held against a claim too, but nothing was measured then: `Verdict.basis` and the
reason say so. Where other statements contradict it, it supports nothing, and the verdict is not identifiable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from closo.claims.finding import cross_checks, kelvin, location_of_maximum, pairs, quantity_of
from closo.claims.reading import Claim, claimed_range, claimed_shares
from closo.combine.arrhenius.points import celsius
from closo.combine.samples import temperatures_of
from closo.errors import ClosoError
from closo.nomenclature import look_up, to_shown
from closo.quantity import Quantity, log
from closo.result import Result

__all__ = ["RESTS_ON", "Verdict", "judge"]

Word = Literal["supported", "contradicted", "not identifiable", "no data"]
RESTS_ON = {
    "measured": "measurement",
    "derived": "arithmetic on statements",
    "stated": "statement alone",
    "": "",
}
"""Basis of a verdict -> how it is written."""
_LN10 = math.log(10.0)
_ON_TEMPERATURE = ("conductivity", "conductivity_ratio", "resistance")  # names that end so depend on it strongly


@dataclass(frozen=True)
class Verdict:
    """What the results say about a claim.

    Attributes
    ----------
    verdict : 'supported', 'contradicted', 'not identifiable' or 'no data'.
    reason : one or two sentences with the numbers, how they were obtained, and the temperature.
    quantities : the numbers behind it.
    """

    claim: Claim
    verdict: Word
    reason: str
    quantities: tuple[Quantity, ...] = ()

    @property
    def basis(self) -> str:
        """What the verdict rests on: 'measured' if a measurement is in it, 'derived' (arithmetic on statements), 'stated'.

        Empty where there is no data.
        """
        found = {q.basis for q in self.quantities if q.number is not None}
        if self.verdict == "no data" or not found:
            return ""
        return "measured" if "measured" in found else "derived" if "derived" in found else "stated"

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "id": self.claim.id,
            "text": self.claim.text,
            "where": self.claim.where,
            "verdict": self.verdict,
            "basis": self.basis,
            "reason": self.reason,
            "quantities": [quantity.as_json() for quantity in self.quantities],
        }


def judge(claims: Sequence[Claim], results: Mapping[str, Result]) -> list[Verdict]:
    """Return one verdict per claim.

    Parameters
    ----------
    results : key -> Result, as `pipeline.analyse` returns them.
    """
    return [_judge_one(claim, results) for claim in claims]


def _judge_one(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    if claim.no_data is not None:
        return Verdict(claim, "no data", claim.no_data)
    try:
        return _cross_checked(_BY_KIND[claim.kind](claim, results), results)
    except ClosoError as error:
        return Verdict(claim, "no data", str(error))


def _cross_checked(verdict: Verdict, results: Mapping[str, Result]) -> Verdict:
    """Add how what is only stated fits what else is stated; where it does not fit, it decides nothing."""
    if verdict.basis != "stated":
        return verdict
    checks, implied = cross_checks(results, verdict.quantities)
    wrong = [c for c in checks if c.passed is False]
    if wrong:
        text = f"The study's statements contradict each other, so none of them decides. {wrong[0].detail}"
        return replace(verdict, verdict="not identifiable", reason=f"{text} {_sentence(verdict.reason)}")
    said = [f"{'Cross-check' if c.passed else 'Nothing to check it with'}: {c.detail}" for c in checks]
    if implied:
        said.append(f"Implied: {'; '.join(f'{key} {quantity}' for key, quantity in implied.items())}.")
    return replace(verdict, reason=" ".join([verdict.reason, *said]))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _judge_number(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge a value, a ratio or a difference; where the claim leaves the temperature open, at both ends of the data."""
    names = [claim.of[0], *([claim.to] if claim.to else [])]
    temperatures = [None if claim.temperature is None else kelvin(claim.temperature)]
    open_choice = "convention (slope of ln(sigma T) or of ln sigma)"
    if claim.temperature is None and claim.name.endswith(_ON_TEMPERATURE):
        open_choice = "temperature"
        temperatures = list(temperatures_of(results, names) or temperatures)
    verdicts = [_judge_at(claim, results, key=key, temperature=t) for t in temperatures for key in claim.keys]
    return _agree(claim, verdicts, open_choice)


def _judge_at(claim: Claim, results: Mapping[str, Result], *, key: str, temperature: float | None) -> Verdict:
    key = "ionic_conductivity" if claim.kind == "ratio" and key in ("", "conductivity_ratio") else key
    found = [quantity_of(results, name, key, temperature=temperature) for name in (claim.of[0], claim.to) if name]
    for quantity in found:
        if quantity.number is None:
            return Verdict(claim, _word_for(quantity), f"{quantity.name}: {quantity.why}", tuple(found))
    quantity = found[0]
    if claim.kind == "ratio":
        decades = (log(found[0].number) - log(found[1].number)) / _LN10
        at = "" if temperature is None else f" at {celsius(temperature)}"
        method = f"{claim.of[0]} over {claim.to}{at}: {_both(found)}"
        quantity = Quantity("conductivity_ratio", decades, method, basis=_basis_of(found))
    elif claim.kind == "difference":
        method = f"{claim.of[0]} minus {claim.to}: {_both(found)}"
        quantity = Quantity(claim.name, found[0].number - found[1].number, method, basis=_basis_of(found))
    return _compare(claim, quantity, claimed_range(claim, quantity.name))


def _basis_of(found: Sequence[Quantity]) -> str:
    """Return what something computed from these quantities rests on."""
    return "measured" if any(q.basis == "measured" for q in found) else "derived"


def _both(found: Sequence[Quantity]) -> str:
    """Return the methods of two quantities, once where they are the same."""
    first, second = (q.method for q in found)
    return f"each {first}" if first == second else f"{first}; and {second}"


def _word_for(withheld: Quantity) -> Word:
    return "no data" if (withheld.why or "").startswith("nothing") else "not identifiable"


def _agree(claim: Claim, verdicts: Sequence[Verdict], open_choice: str) -> Verdict:
    """Return the common verdict; where it hangs on a choice that the claim leaves open, say so."""
    words = {v.verdict for v in verdicts}
    quantities = tuple(q for v in verdicts for q in v.quantities)
    if len(words) == 1:
        reasons = dict.fromkeys(v.reason for v in verdicts)
        return Verdict(claim, verdicts[0].verdict, " ".join(reasons), quantities)
    parts = " ".join(f"{v.verdict.capitalize()}: {v.reason}" for v in verdicts)
    return Verdict(claim, "not identifiable", f"The claim names no {open_choice}, and it matters. {parts}", quantities)


def _compare(claim: Claim, quantity: Quantity, claimed: tuple[float, float]) -> Verdict:
    """Compare a 95 % interval with the claimed range."""
    low, high = quantity.interval() or (-math.inf, math.inf)
    found = _found(quantity)
    said = _said(quantity.name, claimed)
    if claimed[0] <= low and high <= claimed[1]:
        return Verdict(claim, "supported", f"{found}: the whole interval is {said}.", (quantity,))
    if high < claimed[0] or low > claimed[1]:
        return Verdict(claim, "contradicted", f"{found}: no part of the interval is {said}.", (quantity,))
    value = quantity.value or 0.0
    best = "agrees" if claimed[0] <= value <= claimed[1] else "does not agree"
    wide = high - low > claimed[1] - claimed[0]
    but = "the interval is wider than the claim" if wide else "the interval reaches over its edge"
    return Verdict(
        claim, "not identifiable", f"{found}: the claim is {said}; the best value {best}, but {but}.", (quantity,)
    )


def _found(quantity: Quantity) -> str:
    """Return what was found, how, and whether anything was measured."""
    number = f"{_shown(quantity)} ({quantity.method})" if quantity.method else _shown(quantity)
    if quantity.basis == "measured":
        return f"found {number}"
    if quantity.basis == "derived":
        return f"computed from what the study states, not measured: {number}"
    return f"stated, not measured: {number}"


def _judge_proportions(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge the shares of a mixture: every one must be inside, one surely outside contradicts."""
    ranges = claimed_shares(claim)
    found = {key: quantity_of(results, claim.of[0], key, temperature=_temperature(claim)) for key in ranges}
    for key, quantity in found.items():
        if quantity.number is None:
            return Verdict(claim, _word_for(quantity), f"{key}: {quantity.why}", tuple(found.values()))
    inside, outside = True, False
    for key, (low, high) in ranges.items():
        ends = found[key].interval() or (-math.inf, math.inf)
        sure = found[key].interval(1.0 - 0.05 / len(ranges)) or (-math.inf, math.inf)
        inside = inside and low <= ends[0] and ends[1] <= high
        outside = outside or sure[1] < low or sure[0] > high
    shares = "; ".join(f"{_found(q)}, claimed {_said(q.name, ranges[key])}" for key, q in found.items())
    if inside or outside:
        word: Word = "supported" if inside else "contradicted"
        tail = "each share is inside" if inside else "a share is outside"
        return Verdict(claim, word, f"{shares}: {tail}.", tuple(found.values()))
    return Verdict(claim, "not identifiable", f"{shares}: an interval reaches over its edge.", tuple(found.values()))


def _judge_maximum(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge where a series has its maximum."""
    location = location_of_maximum(results, claim.of[0])
    claimed = claimed_range(claim, location.name)
    if location.number is None:
        return Verdict(
            claim, "not identifiable", f"{location.why}; the claim is {_said(location.name, claimed)}.", (location,)
        )
    return _compare(claim, location, claimed)


def _judge_spread(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge largest over smallest: every pair must be inside for '<', one pair is enough for '>'."""
    found = pairs(results, claim.of, claim.quantity, temperature=_temperature(claim))
    low, high = (math.log10(max(end, 1e-300)) for end in claimed_range(claim, "conductivity_ratio"))
    limit = high if claim.relation == "<" else low
    every = [_size(q, 0.95) for q in found.ratios]
    sure = [_size(q, 1.0 - 0.05 / len(every)) for q in found.ratios]
    all_below = all(end <= limit for _, end in every)
    one_above = any(start > limit for start, _ in sure)
    widest = max(found.ratios, key=lambda q: abs(q.value or 0.0))
    factor = 10.0 ** abs(widest.value or 0.0)
    ends = [10.0**end for end in _size(widest, 0.95)]
    numbers = (
        f"largest over smallest of {len(found.values)} is {factor:.3g} (95 %: {ends[0]:.3g} to {ends[1]:.3g}; "
        f"{widest.method}), the claim is {claim.relation} {10.0**limit:.3g}"
    )
    if claim.relation not in "<>":
        return Verdict(claim, "not identifiable", f"{numbers}; a spread is judged with '<' or '>'.", found.values)
    if all_below or one_above:
        true = all_below if claim.relation == "<" else one_above
        return Verdict(claim, "supported" if true else "contradicted", f"{numbers}.", found.values)
    return Verdict(claim, "not identifiable", f"{numbers}: the intervals of the pairs allow both.", found.values)


def _temperature(claim: Claim) -> float | None:
    return None if claim.temperature is None else kelvin(claim.temperature)


def _size(ratio: Quantity, level: float) -> tuple[float, float]:
    """Return the interval of |log10 ratio|."""
    low, high = ratio.interval(level) or (-math.inf, math.inf)
    return (0.0, max(-low, high)) if low <= 0.0 <= high else (min(abs(low), abs(high)), max(abs(low), abs(high)))


def _judge_ordering(claim: Claim, results: Mapping[str, Result]) -> Verdict:
    """Judge 'each is larger than the next'."""
    found = pairs(results, claim.of, claim.quantity, temperature=_temperature(claim), neighbours=True)
    sign = 1.0 if claim.relation == ">" else -1.0
    level = 1.0 - 0.05 / len(found.ratios)
    every = [sorted(sign * end for end in q.interval() or (-math.inf, math.inf)) for q in found.ratios]
    sure = [sorted(sign * end for end in q.interval(level) or (-math.inf, math.inf)) for q in found.ratios]
    at = "" if claim.temperature is None else f" at {claim.temperature}"
    steps = "; ".join(
        f"log10({a}/{b}){at} = {_shown(q)}" for (a, b), q in zip(found.couples, found.ratios, strict=True)
    )
    if all(low > 0 for low, _ in every):
        return Verdict(claim, "supported", f"{steps}: each is {claim.relation} 0.", found.values)
    if any(high < 0 for _, high in sure):
        return Verdict(claim, "contradicted", f"{steps}: not every one is {claim.relation} 0.", found.values)
    return Verdict(claim, "not identifiable", f"{steps}: an interval includes 0.", found.values)


def _shown(quantity: Quantity) -> str:
    """Return 'value ± u unit (95 %: low to high)' in shown units."""
    ends = quantity.interval() or (math.nan, math.nan)
    low, high = (to_shown(quantity.name, end) for end in ends)
    return f"{quantity} (95 %: {_number(low, high)} to {_number(high, low)})"


def _number(value: float, other: float) -> str:
    """Return a number with as many digits as tell it from the other end of an interval."""
    width, size = abs(value - other), max(abs(value), abs(other))
    if not (math.isfinite(width) and width > 0):
        return f"{value:.4g}"
    digits = min(9, max(3, 3 + math.floor(math.log10(size / width))))
    return f"{value:.{digits - 1}e}" if 0 < abs(value) < 1e-3 else f"{value:.{digits}g}"


def _said(name: str, claimed: tuple[float, float]) -> str:
    """Return the claimed range in words."""
    unit = look_up(name).shown
    unit = "" if unit == "1" else f" {unit}"
    low, high = (to_shown(name, end) if math.isfinite(end) else end for end in claimed)
    low_text, high_text = _plain(low), _plain(high)
    if math.isinf(high):
        return f"above {low_text}{unit}"
    if math.isinf(low):
        return f"below {high_text}{unit}"
    return f"{low_text} to {high_text}{unit}"


def _plain(value: float) -> str:
    """Return a claimed number without digits that nobody claimed.

    Example
    -------
    >>> _plain(4.5e-4), _plain(0.705), _plain(3.0)
    ('4.5e-04', '0.705', '3')
    """
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{float(mantissa):g}e{exponent}" if 0 < abs(value) < 1e-3 else f"{value:.5g}"


_BY_KIND: Mapping[str, Callable[[Claim, Mapping[str, Result]], Verdict]] = {
    "value": _judge_number,
    "ratio": _judge_number,
    "difference": _judge_number,
    "proportions": _judge_proportions,
    "maximum": _judge_maximum,
    "spread": _judge_spread,
    "ordering": _judge_ordering,
}
