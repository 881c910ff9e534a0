"""One number against one claimed range.

A claim is a range of values, a result a 95 % interval (Student's t with the effective degrees of freedom). The whole
interval inside the range, or beyond the bound: supported (the equivalence test by interval inclusion, at 2.5 % on each
side; Schuirmann 1987, doi:10.1007/BF01068419).

An equality is contradicted where the data reject it at 5 %: the level is chosen so that of the claims that are true at the
edge of their range, where a true claim is rejected most often, 5 % are. For a claim with many digits this is the
two-sided test at 95 %; for a range far wider than u it is one-sided at each edge. A bound is contradicted where the
whole 95 % interval lies on its other side.

An equality that is neither is consistent, and the half width of the interval says which deviation the data would have
shown. Where the interval is wider than half of the value, or holds the bound, the claim is undecided.
"""

from __future__ import annotations

import math

from closo.claims.claim import Claim
from closo.claims.verdict import Verdict, Word
from closo.nomenclature import look_up, to_shown
from closo.quantity import Quantity
from closo.units import with_prefix

Range = tuple[float, float]
_EVERYTHING = (-math.inf, math.inf)


def compare(claim: Claim, quantity: Quantity, claimed: Range) -> Verdict:
    """Return the verdict of one number on the claimed range [SI]."""
    bound = math.inf in claimed or -math.inf in claimed
    what, claims = found(quantity), said(quantity.name, claimed)

    def verdict(word: Word, reason: str, deviation: str = "") -> Verdict:
        return Verdict(claim, word, f"{what}: {reason}.", (quantity,), deviation)

    if is_inside(quantity, claimed):
        return verdict("supported", f"the whole interval is {claims}")
    if is_rejected(quantity, claimed):
        why = f"no part of the interval is {claims}" if bound else f"the claim is {claims}, which the data reject"
        return verdict("contradicted", why)
    if bound:
        return verdict("undecided", f"the claim is {claims}, and the bound lies inside the interval")
    if is_too_wide(quantity, claimed):
        return verdict("undecided", f"the claim is {claims}, but the interval is wider than half of the value")
    deviation = deviation_of(quantity)
    why = f"the claim is {claims}, which the data do not reject; they would have shown a deviation of {deviation}"
    return verdict("consistent", why, deviation)


def is_inside(quantity: Quantity, claimed: Range) -> bool:
    """Tell whether the whole 95 % interval lies inside the claimed range."""
    low, high = quantity.interval() or _EVERYTHING
    return claimed[0] <= low and high <= claimed[1]


def is_rejected(quantity: Quantity, claimed: Range, *, among: int = 1) -> bool:
    """Tell whether the data reject the claimed range at 5 %, or at 5 %/`among` where so many are tested at once."""
    low, high = quantity.interval(_level(quantity, claimed, 0.05 / among)) or _EVERYTHING
    return high < claimed[0] or low > claimed[1]


def _level(quantity: Quantity, claimed: Range, error: float) -> float:
    """Return the level of the interval that has no point of the claimed range in `error` of the true claims at its edge."""
    value, u = quantity.value, quantity.u
    if not (value and u) or math.inf in claimed or -math.inf in claimed or quantity.basis == "digits":
        return 1.0 - error
    if look_up(quantity.name).positive and value > 0:
        width = math.log(claimed[1] / claimed[0]) * value / u if 0 < claimed[0] <= claimed[1] else math.inf
    else:
        width = (claimed[1] - claimed[0]) / u
    from scipy.special import stdtr, stdtrit

    df = min(quantity.df, 1e9)
    low, high = error / 2.0, error  # one side of a point, of a range without end
    for _ in range(50):
        side = (low + high) / 2.0
        both = side + float(stdtr(df, float(stdtrit(df, side)) - width))
        low, high = (low, side) if both > error else (side, high)
    return 1.0 - 2.0 * low


def is_too_wide(quantity: Quantity, claimed: Range) -> bool:
    """Tell whether the 95 % interval is wider than half of the value, so that it tells nothing about an equality.

    What can be zero or below is compared with the claimed range too: half of nothing is no measure.
    """
    low, high = quantity.interval() or _EVERYTHING
    row = look_up(quantity.name)
    limit = abs(to_shown(quantity.name, quantity.value or 0.0)) * row.factor / 2.0
    return high - low > (limit if row.positive else max(limit, claimed[1] - claimed[0]))


def deviation_of(quantity: Quantity) -> str:
    """Return half the 95 % interval: '±9 %' of the value, or in the unit where a share of the value says little."""
    low, high = quantity.interval() or _EVERYTHING
    row, half = look_up(quantity.name), (high - low) / 2.0
    in_unit = row.offset or "%" in row.shown or row.name == "conductivity_ratio"
    if in_unit or not quantity.value or half > 0.5 * abs(quantity.value):
        unit = "K" if row.offset else "" if row.shown == "1" else row.shown
        return f"±{half / row.factor:.2g} {unit}".rstrip()
    share = 100.0 * half / abs(quantity.value)
    return f"±{share:.0f} %" if share >= 9.5 else f"±{share:.2g} %"


def found(quantity: Quantity) -> str:
    """Return what was found, how, and whether anything was measured."""
    number = f"{shown(quantity)} ({quantity.method})" if quantity.method else shown(quantity)
    if quantity.basis == "measured":
        return f"found {number}"
    if quantity.basis == "derived":
        return f"computed from what the study states, not measured: {number}"
    return f"stated, not measured: {number}"


def shown(quantity: Quantity) -> str:
    """Return 'value ± u unit (95 %: low to high)', all in one unit."""
    ends = quantity.interval() or (math.nan, math.nan)
    value, u = to_shown(quantity.name, quantity.value or 0.0), (quantity.u or 0.0) / look_up(quantity.name).factor
    size, _ = with_prefix(max(abs(value), u), look_up(quantity.name).shown)
    low, high = (to_shown(quantity.name, end) / size for end in ends)
    return f"{quantity} (95 %: {_number(low, high)} to {_number(high, low)})"


def _number(value: float, other: float) -> str:
    """Return a number with as many digits as tell it from the other end of an interval."""
    width, size = abs(value - other), max(abs(value), abs(other))
    if not (math.isfinite(width) and width > 0):
        return f"{value:.4g}"
    digits = min(9, max(3, 3 + math.floor(math.log10(size / width))))
    return f"{value:.{digits - 1}e}" if 0 < abs(value) < 1e-3 else f"{value:.{digits}g}"


def said(name: str, claimed: tuple[float, float]) -> str:
    """Return the claimed range in words."""
    low, high = (to_shown(name, end) if math.isfinite(end) else end for end in claimed)
    size, unit = with_prefix(
        max((abs(end) for end in (low, high) if math.isfinite(end)), default=0.0), look_up(name).shown
    )
    low, high, unit = low / size, high / size, "" if unit == "1" else f" {unit}"
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
