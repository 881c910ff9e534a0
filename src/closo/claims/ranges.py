"""The values for which a claim is true: what its printed digits, tolerance or bound allow."""

from __future__ import annotations

import math

from closo.claims.claim import Claim
from closo.errors import StudyError
from closo.nomenclature import look_up
from closo.toml import last_digit, read_number, split_number, split_range


def claimed_range(claim: Claim, name: str) -> tuple[float, float]:
    """Return the values [SI] for which the claim is true.

    Parameters
    ----------
    name : of the nomenclature; decides the unit.

    Example
    -------
    >>> claim = Claim(id="C005", text="conducts", quantity="ionic_conductivity", value="5e-4 S/cm")
    >>> [round(100 * end, 3) for end in claimed_range(claim, "ionic_conductivity")]
    [4.5, 5.5]
    """
    infinity = math.inf
    text = str(claim.value)
    ends = split_range(text)
    if ends is not None and claim.relation in ("=", "about"):
        low, high, unit = ends
        return _si(f"{low} {unit}", name), _si(f"{high} {unit}", name)
    value = _si(text, name)
    if claim.relation in "<>":
        wider = 0.0 if claim.tolerance is None else _tolerance(claim, value, name)
        return (value - wider, infinity) if claim.relation == ">" else (-infinity, value + wider)
    half = _tolerance(claim, value, name)
    return value - half, value + half


def claimed_shares(claim: Claim) -> dict[str, tuple[float, float]]:
    """Return key -> share [1] for which a claim on a mixture is true.

    The printed numbers are taken relative to their sum, each known to half a unit of its last digit; a `tolerance` is that
    of every share.

    Raises
    ------
    StudyError  when the value is not as many numbers as there are parts, or they do not belong to a share.

    Example
    -------
    >>> claim = Claim(id="C", text="mixed 7:2.5:0.5", kind="proportions", quantity="mass_fraction", value="7:2.5:0.5",
    ...               parts=("active_fraction", "electrolyte_fraction", "carbon_fraction"))
    >>> [(round(low, 3), round(high, 3)) for low, high in claimed_shares(claim).values()]
    [(0.65, 0.75), (0.245, 0.255), (0.045, 0.055)]
    """
    if claim.name not in ("mass_fraction", "volume_fraction") or claim.relation not in ("=", "about"):
        raise StudyError(
            "a claim on proportions is about shares that are equal to the printed ones.",
            hint="Write quantity = 'mass_fraction' or 'volume_fraction', and leave out the relation.",
        )
    texts = [text.strip() for text in str(claim.value).split(":")]
    pieces = [split_number(text) for text in texts]
    if len(texts) != len(claim.parts) or len(texts) < 2 or any(p is None or p[1] or p[2] for p in pieces):
        raise StudyError(
            f"'{claim.value}' is not {len(claim.parts)} numbers, one for each of {', '.join(claim.parts)}.",
            hint="Write for example '6:3:1'.",
        )
    total = sum(float(text) for text in texts)
    given = None if claim.tolerance is None else _si(claim.tolerance, claim.name)
    ranges = {}
    for key, text in zip(claim.keys, texts, strict=True):
        half = last_digit(text) / 2.0 / total if given is None else given
        ranges[key] = (float(text) / total - half, float(text) / total + half)
    return ranges


def _tolerance(claim: Claim, value: float, name: str) -> float:
    """Return how far from the printed value [SI] the claim is still true."""
    half = _half(claim, value, name)
    if half < 0:
        raise StudyError(f"tolerance = '{claim.tolerance}' is negative.", hint="Write how far the value may be off.")
    return half


def _half(claim: Claim, value: float, name: str) -> float:
    width = "temperature_difference" if look_up(name).offset else name
    if claim.tolerance is not None:
        percent = split_number(claim.tolerance)
        if percent is not None and percent[2] == "%" and "%" not in look_up(name).shown:
            return abs(value) * float(percent[0]) / 100.0
        return _si(claim.tolerance, width)
    pieces = split_number(str(claim.value))
    assert pieces is not None  # it was read already
    number, spread, unit = pieces
    unit = "K" if width != name else unit
    half = 2.0 * _si(f"{spread} {unit}", width) if spread else _si(f"{last_digit(number) / 2.0!r} {unit}", width)
    return max(half, 0.1 * abs(value)) if claim.relation == "about" else half


def _si(text: str, name: str) -> float:
    return float(read_number(text, name, label="claim").x)
