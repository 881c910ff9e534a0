"""Names and sentences as a reader of the page wants them."""

from __future__ import annotations

from closo.figures.labels import pretty, typeset
from closo.nomenclature import to_shown
from closo.result import Result


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


def celsius(result: Result) -> str:
    """Return the temperature of a result as a short label: as measured, or for which it was computed; empty without one.

    Example
    -------
    >>> celsius(Result("replicates", "pellets", {}, settings={"temperature": 303.15}))
    '30 °C'
    """
    quantity = result.quantities.get("temperature")
    kelvin = result.settings.get("temperature") if quantity is None else quantity.value
    return pretty(f"{to_shown('temperature', kelvin):.4g} degC") if isinstance(kelvin, float) else ""


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
