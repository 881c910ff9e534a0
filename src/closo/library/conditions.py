"""What is asked of a library, as people write it: 'sigma(30 degC) > 1e-4 S/cm', 'kind = specimen'.

A number: a name of the nomenclature or its symbol; in brackets the temperature, taken with 2 K to each side, or as it says
(30 ± 5 degC); >, >=, <, <= and a value with its unit, or = and a range. A word: kind, owner, sample, technique, branch,
stage or study, =, and a text in which * stands for anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from closo.constants import ONE_TEMPERATURE
from closo.errors import StudyError, did_you_mean
from closo.nomenclature import NAMES
from closo.toml import read_number, split_number, split_range

WORDS = ("kind", "owner", "sample", "technique", "branch", "stage", "study")
_SHAPE = re.compile(
    r"\s*(?P<name>[^<>=()]+?)\s*(?:\((?P<at>[^()]*)\)\s*)?(?P<relation>>=|<=|>|<|=)\s*(?P<value>.+?)\s*"
)
_EXAMPLE = "Write for example 'sigma(30 degC) > 1e-4 S/cm' or 'kind = specimen'."
_LONGEST = 300  # characters


@dataclass(frozen=True)
class Number:
    """A quantity between two bounds."""

    text: str  # as it was asked
    name: str  # of the nomenclature, empty for any
    key: str | None  # where one of several is meant ('specific_capacity:last')
    low: float  # bounds [SI]; infinite where there is none
    high: float
    strict: bool  # whether the bounds themselves are out
    at: tuple[float, float] | None  # lowest and highest temperature [K], None where any counts


_ANY = Number("", "", None, -math.inf, math.inf, strict=False, at=None)


@dataclass(frozen=True)
class Word:
    """A word that must fit; `pattern` has * for anything."""

    text: str
    word: str
    pattern: str


def read_condition(text: str) -> Number | Word:
    """Return what a condition asks.

    Raises
    ------
    StudyError  when it is not a condition, the name is unknown, or the value has no unit that fits.

    Example
    -------
    >>> asked = read_condition("sigma(30 degC) > 1e-4 S/cm")
    >>> asked.name, asked.low, asked.at
    ('ionic_conductivity', 0.01, (301.15, 305.15))
    >>> read_condition("kind = specimen").pattern
    'specimen'
    """
    shape = _SHAPE.fullmatch(text) if len(text) <= _LONGEST else None
    if shape is None:
        raise StudyError(f"'{text[:_LONGEST]}' is not a condition.", hint=_EXAMPLE)
    if shape["name"] in WORDS:
        if shape["relation"] != "=" or shape["at"] is not None:
            raise StudyError(f"'{text}': a {shape['name']} can only be equal to a text.", hint=_EXAMPLE)
        return Word(text, shape["name"], shape["value"].strip("'\""))
    bare, colon, _ = shape["name"].partition(":")
    name = _name_of(bare.strip())
    low, high = _bounds(name, shape["relation"], shape["value"])
    key = shape["name"].replace(bare, name, 1) if colon else None
    return Number(text, name, key, low, high, shape["relation"] in "<>", _around(shape["at"]))


def _name_of(text: str) -> str:
    """Return the name that a name or a symbol means."""
    if text in NAMES:
        return text
    symbol = {"σ": "sigma", "E_a": "Ea"}.get(text, text)
    meant = [row.name for row in NAMES.values() if row.symbol == symbol]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise StudyError(f"'{text}' means several things: {', '.join(meant)}.", hint="Write the name of one of them.")
    raise StudyError(f"'{text}' is not a quantity closo knows.", hint=did_you_mean(text, [*NAMES, *WORDS]))


def _bounds(name: str, relation: str, text: str) -> tuple[float, float]:
    ends = split_range(text)
    if relation == "=":
        if ends is None:
            raise StudyError(f"{name} = {text}: no measured number is equal to it.", hint="Write a range, or > and <.")
        low, high = (_si(f"{end} {ends[2]}".strip(), name) for end in ends[:2])
        if low > high:
            raise StudyError(f"{name} = {text}: the range ends before it begins.", hint="Swap the two numbers.")
        return low, high
    return (_si(text, name), math.inf) if ">" in relation else (-math.inf, _si(text, name))


def _si(text: str, name: str) -> float:
    return float(read_number(text, name, label="condition").x)


def _around(text: str | None) -> tuple[float, float] | None:
    """Return the temperatures [K] that count as the one in brackets."""
    if text is None:
        return None
    ends = split_range(text)
    if ends is not None:
        return _si(f"{ends[0]} {ends[2]}", "temperature"), _si(f"{ends[1]} {ends[2]}", "temperature")
    middle, pieces = read_number(text, "temperature", label="condition"), split_number(text)
    stated = pieces is not None and pieces[1] is not None
    half = float(middle.u) if stated else ONE_TEMPERATURE
    return float(middle.x) - half, float(middle.x) + half


def read_all(texts: Sequence[str]) -> tuple[list[Number], list[Word]]:
    """Return the numbers and the words that are asked for; where no number is, any number.

    Raises
    ------
    StudyError  as `read_condition`.
    """
    asked = [read_condition(text) for text in texts]
    numbers = [one for one in asked if isinstance(one, Number)]
    return numbers or [_ANY], [one for one in asked if isinstance(one, Word)]
