"""claims.toml -> claims. An entry that cannot be judged becomes a claim with its `fault`; the others are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from closo.claims.claim import CONVENTIONS, KINDS, RELATIONS, Claim
from closo.claims.ranges import claimed_range, claimed_shares
from closo.errors import StudyError, did_you_mean
from closo.nomenclature import look_up
from closo.toml import read_number, read_toml

_OF_TWO = ("ratio", "decades", "difference")
_LONGEST_TEXT = 2000  # characters of one entry
_OF_ONE = ("value", "proportions", *_OF_TWO)


def load_claims(path: str | Path) -> tuple[Claim, ...]:
    """Read the claims beside a study; no file means no claims.

    Parameters
    ----------
    path : folder of the study, or its claims.toml.

    Raises
    ------
    StudyError  with the place in the file and the nearest right name; when there are more faults, it says how many.
    """
    claims = read_claims(path)
    faults = [claim.fault for claim in claims if claim.fault is not None]
    if faults:
        more = f"({len(faults) - 1} more: `closo check` lists them.)" if len(faults) > 1 else None
        raise StudyError(faults[0], file=_file(path), hint=more)
    return claims


def read_claims(path: str | Path) -> tuple[Claim, ...]:
    """Read the claims beside a study, those included that cannot be judged: their `fault` says why.

    Parameters
    ----------
    path : folder of the study, or its claims.toml.

    Raises
    ------
    StudyError  when the file is not TOML.
    """
    file = _file(path)
    if Path(path).is_dir() and not file.exists():
        return ()
    document = read_toml(file)
    entries = document.pop("claims", [])
    if not isinstance(entries, list):
        raise StudyError("'claims' must be written as [[claims]].", file=file, where="claims")
    claims = [_claim(entry, number=k) for k, entry in enumerate(entries, 1)]
    seen: set[str] = set()
    for k, claim in enumerate(claims):
        if claim.id in seen and claim.fault is None:
            fault = f"claims[{k + 1}]: the id '{claim.id}' is there twice. Give each claim its own."
            claims[k] = replace(claim, fault=fault)
        seen.add(claim.id)
    stray = (Claim(id=key, text="", fault=f"{key}: {_not_a_key(key, ['claims'], 'claims.toml')}") for key in document)
    return (*claims, *stray)


def _file(path: str | Path) -> Path:
    return Path(path) / "claims.toml" if Path(path).is_dir() else Path(path)


def _not_a_key(key: str, known: list[str], of: str) -> str:
    return f"'{key[:80]}' is not a key of {of}. {did_you_mean(key[:80], known)}"


def _claim(entry: object, *, number: int) -> Claim:
    """Return one entry as a claim, with its fault where it cannot be judged."""
    where = f"claims[{number}]"
    if not isinstance(entry, dict):
        return Claim(id=where, text="", fault=f"{where}: {str(entry)[:80]!r} is not a table. Write [[claims]].")
    known = [field.name for field in fields(Claim) if field.name != "fault"]
    try:
        for key in entry:
            if key not in known:
                where += f".{key[:80]}"
                raise StudyError(_not_a_key(key, known, "a claim"))
        claim = Claim(**_texts(entry))
        _check(claim)
    except StudyError as error:
        key, text, printed = (str(entry.get(name) or "")[:300] for name in ("id", "text", "where"))
        name = f"{where} ({key})" if key and where.endswith("]") else where
        return Claim(id=key or where, text=text, where=printed, fault=f"{name}: {error}")
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
            if len(value) > _LONGEST_TEXT:
                raise StudyError(f"{key} has {len(value)} characters; at most {_LONGEST_TEXT} are read.")
        else:
            raise StudyError(f"{key} = {str(value)[:80]} must be text in quotes.")
    return texts


def _check(claim: Claim) -> None:
    _one_of("kind", claim.kind, KINDS)
    _one_of("relation", claim.relation, RELATIONS)
    if claim.convention is not None:
        _one_of("convention", claim.convention, CONVENTIONS)
    if claim.quantity:
        look_up(claim.quantity.partition(":")[0])
    if claim.temperature is not None:
        read_number(claim.temperature, "temperature", label=f"temperature:claim {claim.id}")
    if claim.no_data is not None:
        return
    for key in _missing(claim):
        raise StudyError(f"'{key}' is missing: a claim of the kind '{claim.kind}' needs it.", hint="Add it.")
    _check_form(claim)
    _check_value(claim)


def _check_form(claim: Claim) -> None:
    """Refuse a relation, a number of samples or a quantity that does not belong to the kind of claim."""
    if claim.kind == "ordering" and (len(claim.of) < 2 or claim.relation not in "<>"):
        raise StudyError("an ordering needs two samples or more, and the relation '>' or '<'.")
    if claim.kind == "spread" and claim.relation not in "<>":
        raise StudyError(f"a spread is above or below a factor, not '{claim.relation}' it.", hint="Write '<' or '>'.")
    if claim.kind in _OF_ONE and len(claim.of) != 1:
        raise StudyError(f"a claim of the kind '{claim.kind}' speaks of one sample, not of {len(claim.of)}.")
    if claim.kind == "ratio" and claim.quantity.partition(":")[0] == "conductivity_ratio":
        raise StudyError(
            "conductivity_ratio is a logarithm, and a ratio is none: 'more than 1000 times' is the ratio 1000.",
            hint="Write kind = 'decades' for orders of magnitude, or leave the quantity out for the plain factor.",
        )


def _check_value(claim: Claim) -> None:
    if claim.kind in ("value", *_OF_TWO):
        claimed_range(claim, claim.name)
    elif claim.kind == "proportions":
        claimed_shares(claim)
    elif claim.kind == "spread":
        claimed_range(claim, "ratio")


def _missing(claim: Claim) -> list[str]:
    needed = ["of"] if claim.kind in ("ratio", "decades") else ["of", "quantity"]
    if claim.kind in _OF_TWO:
        needed.append("to")
    if claim.kind == "proportions":
        needed.append("parts")
    if claim.kind != "ordering":
        needed.append("value")
    return [key for key in needed if not getattr(claim, key)]


def _one_of(key: str, value: str, known: Mapping[str, Any] | tuple[str, ...]) -> None:
    if value not in known:
        raise StudyError(f"{key} = '{value[:80]}' is not possible.", hint=did_you_mean(value[:80], known))
