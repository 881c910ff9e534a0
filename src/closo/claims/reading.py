"""claims.toml -> claims."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.nomenclature import look_up
from closo.toml import last_digit, read_number, read_toml, split_number, split_range

__all__ = ["KINDS", "Claim", "claimed_range", "claimed_shares", "load_claims"]

KINDS = {
    "value": "a quantity has this value",
    "ratio": "orders of magnitude between two conductivities, log10(of/to)",
    "difference": "a quantity of one sample minus that of another",
    "maximum": "where a series has its maximum",
    "spread": "largest over smallest conductivity of several samples, as a factor",
    "proportions": "shares of a mixture, such as 6:3:1 by mass",
    "ordering": "each sample is larger (or smaller) than the next",
}
_PLAIN_KINDS = ("value", "ratio", "difference")
_OF_ONE = (*_PLAIN_KINDS, "proportions")
_RELATIONS = ("=", ">", "<", "about")
_CONVENTIONS = {"sigmaT": "lnsigmaT", "sigma": "lnsigma"}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published number, or a sentence that can be tested.

    Attributes
    ----------
    id, text, where : its number, what it says, where it is printed.
    kind : one of KINDS.
    quantity : key of a quantity ('ionic_conductivity', 'activation_energy:lnsigma').
    of, to : samples, specimens or results it speaks of; `to` is what a ratio or difference refers to.
    temperature : text with a unit, or None where the text names none.
    value : text with a unit; a number, a range '25-40 vol%', or a word (the maximum of a series over silica types).
    relation : '=', '>', '<' or 'about'.
    tolerance : text with a unit or in percent; None takes half a unit of the last printed digit ('about': at least 10 %).
        A bound ('>' or '<') is meant as it stands; with a tolerance it is that much wider.
    parts : of a mixture, in the order of its value '6:3:1'; each is the rest of a key, 'mass_fraction:<part>'.
    convention : 'sigmaT' or 'sigma' where an activation energy says so; None judges both.
    no_data : the reason why nobody can judge it here.
    """

    id: str
    text: str
    where: str = ""
    kind: str = "value"
    quantity: str = ""
    of: tuple[str, ...] = ()
    to: str | None = None
    temperature: str | None = None
    value: str | None = None
    relation: str = "="
    tolerance: str | None = None
    convention: str | None = None
    parts: tuple[str, ...] = ()
    no_data: str | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The nomenclature's name of what is claimed."""
        return "conductivity_ratio" if self.kind == "ratio" else self.quantity.partition(":")[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of results to look for: of an activation energy without a stated convention, both; of a mixture, all."""
        if self.kind == "proportions":
            return tuple(f"{self.quantity}:{part}" for part in self.parts)
        if self.quantity != "activation_energy":
            return (self.quantity,)
        endings = [_CONVENTIONS[self.convention]] if self.convention else list(_CONVENTIONS.values())
        return tuple(f"activation_energy:{ending}" for ending in endings)


def load_claims(path: str | Path) -> tuple[Claim, ...]:
    """Read the claims beside a study; no file means no claims.

    Parameters
    ----------
    path : folder of the study, or its claims.toml.

    Raises
    ------
    StudyError  with the place in the file and the nearest right name.
    """
    file = Path(path) / "claims.toml" if Path(path).is_dir() else Path(path)
    if Path(path).is_dir() and not file.exists():
        return ()
    document = read_toml(file)
    for key in document:
        if key != "claims":
            raise StudyError(
                f"'{key}' is not a key of claims.toml.", file=file, where=key, hint="Did you mean 'claims'?"
            )
    entries = document.get("claims", [])
    if not isinstance(entries, list):
        raise StudyError("'claims' must be written as [[claims]].", file=file, where="claims")
    claims = tuple(_claim(entry, file=file, number=k) for k, entry in enumerate(entries, 1))
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise StudyError(f"the id '{claim.id}' is there twice.", file=file, hint="Give each claim its own.")
        seen.add(claim.id)
    return claims


def _claim(entry: object, *, file: Path, number: int) -> Claim:
    """Check one entry and return it."""
    where = f"claims[{number}]"
    if not isinstance(entry, dict):
        raise StudyError(f"{entry!r} is not a table.", file=file, where=where)
    known = {field.name for field in fields(Claim)}
    for key in entry:
        if key not in known:
            hint = did_you_mean(key, known)
            raise StudyError(f"'{key}' is not a key of a claim.", file=file, where=f"{where}.{key}", hint=hint)
    try:
        claim = Claim(**_texts(entry))
        _check(claim)
    except StudyError as error:
        name = f"{where} ({entry.get('id', 'without id')})"
        raise StudyError(error.message, file=file, where=name, hint=error.hint) from None
    return claim


def _texts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry with text everywhere, and `of` as a tuple."""
    texts: dict[str, Any] = {}
    for key in ("id", "text"):
        if not str(entry.get(key, "")).strip():
            raise StudyError(f"'{key}' is missing.", hint="Every claim needs an id and a text.")
    for key, value in entry.items():
        if key in ("of", "parts") and isinstance(value, list) and all(isinstance(v, str) for v in value):
            texts[key] = tuple(value)
        elif key in ("value", "tolerance") and isinstance(value, int | float) and not isinstance(value, bool):
            texts[key] = repr(value)
        elif isinstance(value, str):
            texts[key] = (value,) if key in ("of", "parts") else value
        else:
            raise StudyError(f"{key} = {value!r} must be text in quotes.")
    return texts


def _check(claim: Claim) -> None:
    """Refuse a claim that could not be judged."""
    _one_of("kind", claim.kind, KINDS)
    _one_of("relation", claim.relation, _RELATIONS)
    if claim.convention is not None:
        _one_of("convention", claim.convention, _CONVENTIONS)
    if claim.quantity:
        look_up(claim.quantity.partition(":")[0])
    if claim.temperature is not None:
        read_number(claim.temperature, "temperature", label=f"temperature:claim {claim.id}")
    if claim.no_data is not None:
        return
    for key in _missing(claim):
        raise StudyError(f"'{key}' is missing: a claim of the kind '{claim.kind}' needs it.", hint="Add it.")
    if claim.kind == "ordering" and (len(claim.of) < 2 or claim.relation not in "<>"):
        raise StudyError("an ordering needs two samples or more, and the relation '>' or '<'.")
    if claim.kind in _OF_ONE and len(claim.of) != 1:
        raise StudyError(f"a claim of the kind '{claim.kind}' speaks of one sample, not of {len(claim.of)}.")
    _check_value(claim)


def _check_value(claim: Claim) -> None:
    """Refuse a value that is not of the claim's kind."""
    if claim.kind in _PLAIN_KINDS:
        claimed_range(claim, claim.name)
    elif claim.kind == "proportions":
        claimed_shares(claim)
    elif claim.kind == "spread":
        claimed_range(claim, "conductivity_ratio")  # a plain number


def _missing(claim: Claim) -> list[str]:
    """Return the keys that a claim of this kind lacks."""
    needed = ["of"] if claim.kind == "ratio" else ["of", "quantity"]
    if claim.kind in ("ratio", "difference"):
        needed.append("to")
    if claim.kind == "proportions":
        needed.append("parts")
    if claim.kind != "ordering":
        needed.append("value")
    return [key for key in needed if not getattr(claim, key)]


def _one_of(key: str, value: str, known: Mapping[str, Any] | tuple[str, ...]) -> None:
    if value not in known:
        raise StudyError(f"{key} = '{value}' is not possible.", hint=did_you_mean(value, known))


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
    """Return the value [SI] of a text with a unit."""
    return float(read_number(text, name, label="claim").x)
