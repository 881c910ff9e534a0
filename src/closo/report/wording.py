"""Names and sentences as a reader of the page wants them."""

from __future__ import annotations

from closo.figures.labels import pretty, typeset
from closo.nomenclature import to_shown
from closo.quantity import Quantity


def key_text(key: str) -> str:
    """Return the key of a quantity as words.

    Example
    -------
    >>> key_text("activation_energy:lnsigmaT"), key_text("resistance:R1")
    ('activation energy (ln σT)', 'resistance (R1)')
    """
    name, _, suffix = key.partition(":")
    words = name.replace("_", " ")
    suffix = {"lnsigma": "ln σ", "lnsigmaT": "ln σT"}.get(suffix, suffix)
    return f"{words} ({suffix})" if suffix else words


def sentences(*texts: str) -> str:
    """Return texts as sentences, without those that were said before.

    Example
    -------
    >>> sentences("Points of p1. Ea = 0.4 eV", "Ea = 0.4 eV", "filled: heating")
    'Points of p1. Ea = 0.4 eV. Filled: heating.'
    """
    said = ""
    for text in texts:
        one = text.strip()
        if one and one.rstrip(".") not in said:
            said += f" {one[0].upper()}{one[1:]}" + ("" if one.endswith((".", "?", "!")) else ".")
    return typeset(said.strip())


def celsius(quantity: Quantity | None) -> str:
    """Return a temperature as a short label.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> celsius(Quantity("temperature", uncertain(303.15, {"temperature:a": 0.2})))
    '30 °C'
    """
    if quantity is None or quantity.value is None:
        return ""
    return pretty(f"{to_shown(quantity.name, quantity.value):.4g} degC")


def level_class(word: str) -> str:
    """Return the CSS class that colours a verdict, a level or the outcome of a check.

    Example
    -------
    >>> level_class("consistent, ±9 %"), level_class("contradicted"), level_class("undecided")
    ('good', 'bad', 'open')
    """
    word = word.partition(", ±")[0]
    good = {"supported", "consistent", "passed"}
    bad = {"contradicted", "failed", "error"}
    return "good" if word in good else "bad" if word in bad else "open"
