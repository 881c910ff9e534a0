"""How the audit compares numbers and writes them down.

Two numbers disagree when they differ by more than `LIMIT` standard uncertainties of their difference (99 %). A printed
number without ± is known to half a unit of its last digit (rectangular, u = half / sqrt 3), whose tails are shorter
than a normal distribution's: there a false alarm is rarer than 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from closo.combine.audit.records import NumberOrRange
from closo.constants import ELECTRONVOLT
from closo.nomenclature import look_up, to_shown
from closo.number import Number, u_of, value_of
from closo.quantity import Quantity

LIMIT = 2.576  # two-sided 99 % of a normal distribution

# What occurs where pellets are pressed [SI]; beyond it a unit was mistaken or a default of a file header kept.
PLAUSIBLE = {
    "thickness": (5e-6, 1e-2),
    "diameter": (5e-4, 0.1),
    "area": (1e-6, 1e-2),
    "mass": (1e-7, 1e-2),
    "areal_mass": (1e-4, 3.0),  # from thin films to the thickest pressed electrodes
    "density": (300.0, 22600.0),
    "pressure": (1e3, 5e9),
    "specific_surface_area": (10.0, 8e6),
    "temperature": (77.0, 3000.0),
    "ionic_conductivity": (1e-16, 1e4),
    "activation_energy": (0.01 * ELECTRONVOLT, 3.0 * ELECTRONVOLT),
}


def value(number: Number | float | None) -> float:
    """Return the best estimate of a number."""
    return 0.0 if number is None else value_of(number) or 0.0


def uncertainty(number: Number | float | None) -> float:
    """Return the standard uncertainty of a number."""
    return 0.0 if number is None else u_of(number)


def deviation(number: Number | float, expected: Number | float) -> float:
    """Return how many standard uncertainties of the difference `number` lies above `expected`.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> deviation(uncertain(5.0, {"a": 3.0}), uncertain(0.0, {"b": 4.0}))
    1.0
    """
    difference = number - expected
    size, u = value(difference), uncertainty(difference)
    if abs(size) <= 1e-9 * abs(value(expected)):  # equal but for the computer's rounding
        return 0.0
    return size / u if u > 0 else math.copysign(math.inf, size)


def differ(number: Number | float, expected: Number | float) -> bool:
    """Tell whether two numbers disagree beyond `LIMIT`."""
    return abs(deviation(number, expected)) > LIMIT


def exceeds(number: Number, limit: float) -> bool:
    """Tell whether a number lies above `limit` beyond its uncertainty."""
    return deviation(number, limit) > LIMIT


def ends(number: NumberOrRange) -> tuple[Number, Number]:
    """Return (low, high) of a number or a printed range."""
    return number if isinstance(number, tuple) else (number, number)


def digits(shown: float, u: float = 0.0) -> str:
    """Return a number as it was printed, as far as its uncertainty tells.

    Rounding leaves u = last digit / sqrt 12, so 0.80 keeps its zero. A number with more digits than its stated
    uncertainty carries is cut to four.

    Example
    -------
    >>> digits(0.8, 0.01 / 12**0.5), digits(2.2), digits(5e-4), digits(6.31216, 0.025)
    ('0.80', '2.2', '5e-4', '6.312')
    """
    if shown != 0 and not 0.01 <= abs(shown) < 1e6:
        mantissa, exponent = f"{shown:.3e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    exact = f"{shown:.6g}"
    if shown == 0 or u <= 0:
        return exact
    from_u = min(max(0, math.ceil(-math.log10(math.sqrt(12.0) * u) - 1e-6)), 6)
    four = max(0, 3 - math.floor(math.log10(abs(shown))))
    in_exact = len(exact.partition(".")[2])
    return f"{shown:.{min(max(in_exact, from_u), max(four, from_u))}f}"


def plain(name: str, number: NumberOrRange | float | tuple[float, float] | None) -> str:
    """Return a number as it was printed, without its uncertainty.

    Example
    -------
    >>> plain("thickness", 3.1e-4), plain("thickness", (2e-4, 4e-4)), plain("ionic_conductivity", 0.05)
    ('310 um', '200 to 400 um', '5e-4 S/cm')
    """
    row = look_up(name)
    unit = "" if row.shown == "1" else f" {row.shown}"
    both = number if isinstance(number, tuple) else (number,)
    shown = [digits(to_shown(name, value(n)), uncertainty(n) / row.factor) for n in both]
    return " to ".join(dict.fromkeys(shown)) + unit


def with_u(name: str, number: Number) -> str:
    """Return a number as 'value ± u unit'."""
    return str(Quantity(name, number))


def implausible(name: str, number: NumberOrRange) -> str | None:
    """Return a sentence part when a number lies outside `PLAUSIBLE`, else None.

    Example
    -------
    >>> implausible("thickness", 0.3)
    'thickness 300000 um is outside 5 to 10000 um'
    """
    low, high = PLAUSIBLE[name]
    if all(low <= value(n) <= high for n in ends(number)):
        return None
    return f"{name.replace('_', ' ')} {plain(name, number)} is outside {plain(name, (low, high))}"


def listed(words: Iterable[str]) -> str:
    """Return 'a, b and c'.

    Example
    -------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    items: Sequence[str] = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
