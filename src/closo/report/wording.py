"""Numbers and names as a reader of the page wants them."""

from __future__ import annotations

import math

from closo.figures.labels import exponent, pretty, unit_text
from closo.nomenclature import look_up, to_shown
from closo.quantity import Quantity, show

__all__ = ["celsius", "key_text", "level_class", "number_text", "sentences", "value_text"]


_NO_BREAK = chr(160)


def value_text(quantity: Quantity | None) -> str:
    """Return value, uncertainty and unit as printed; '–' where there is no such quantity.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> value_text(Quantity("ionic_conductivity", uncertain(0.0502, {"thickness:p": 0.0017}))).replace(chr(160), " ")
    '(5.02 ± 0.17)·10⁻⁴ S cm⁻¹'
    """
    if quantity is None:
        return "–"
    if quantity.number is None:
        return "withheld"
    row = look_up(quantity.name)
    number = number_text(to_shown(quantity.name, quantity.value or 0.0), (quantity.u or 0.0) / row.factor)
    return f"{number} {unit_text(row.shown)}".strip().replace(" ", _NO_BREAK)


def number_text(value: float | None, u: float | None) -> str:
    """Return value and uncertainty as printed.

    Example
    -------
    >>> number_text(-1.234e-5, 2e-7), number_text(0.001468, 7e-5), number_text(20.0, None), number_text(None, None)
    ('(−1.234 ± 0.020)·10⁻⁵', '(1.468 ± 0.070)·10⁻³', '20', '–')
    """
    if value is None:
        return "–"
    u = u or 0.0
    power = math.floor(math.log10(max(abs(value), u))) if value or u else 0
    if -2 <= power < 5:
        return show(value, u).replace("-", "−")
    return f"({show(value / 10.0**power, u / 10.0**power)})·{exponent(power)}".replace("-", "−")


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
    return said.strip()


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
