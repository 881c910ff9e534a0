"""A number as people read it: value, uncertainty and unit that belong together, and arithmetic that keeps correlations.

Inside closo a `Quantity` is in SI. What a notebook gets is a `Value`: `float(v)`, `v.u`, `v.interval()` and `str(v)` are
all in `v.unit`. Two values that share a source stay correlated, whatever is computed from them: the resistances of one
pellet at two temperatures share its lead resistance, and it cancels in their difference.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo import quantity as quantities
from closo.errors import DataError, StudyError
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity
from closo.toml import read_number
from closo.units import combine, spelled, to_si

_PLAIN = "current_fraction"  # a name without unit and sign: lends a nameless number its degrees of freedom and interval
_TEMPERATURE = ("K", "degC", "°C", "degF", "°F")


@dataclass(frozen=True, eq=False, repr=False)
class Value:
    """A number with its uncertainty, in a unit.

    Attributes
    ----------
    number : the value with its sources, in `unit`; None where it is withheld.
    unit : of everything that this object says.
    quantity : the named quantity behind it; None for the result of a calculation.

    Example
    -------
    >>> sigma = Value.of(Quantity("ionic_conductivity", quantities.uncertain(0.05, {"thickness:p1": 0.001})))
    >>> sigma, float(sigma), sigma.u, sigma.unit
    ((5.00 ± 0.10)e-04 S/cm, 0.0005, 1e-05, 'S/cm')
    >>> sigma.to("mS/cm")
    0.500 ± 0.010 mS/cm
    >>> sigma / sigma  # one source: it cancels
    1
    """

    number: Number | None
    unit: str = "1"
    quantity: Quantity | None = None

    @staticmethod
    def of(quantity: Quantity) -> Value:
        """Return a quantity in the unit in which closo shows it."""
        row = look_up(quantity.name)
        shown = None if quantity.number is None else (quantity.number - row.offset) / row.factor
        return Value(shown, row.shown, quantity)

    @property
    def name(self) -> str:
        """The name in the nomenclature; empty for the result of a calculation."""
        return "" if self.quantity is None else self.quantity.name

    @property
    def method(self) -> str:
        """How it was obtained."""
        return "computed" if self.quantity is None else self.quantity.method

    @property
    def why(self) -> str | None:
        """The reason, where it is withheld."""
        return None if self.quantity is None else self.quantity.why

    @property
    def value(self) -> float | None:
        """Best estimate in `unit`, None where it is withheld; `float()` raises then."""
        return None if self.number is None else float(self.number.x)

    @property
    def u(self) -> float | None:
        """Standard uncertainty in `unit`, None where it is withheld."""
        return None if self.number is None else float(self.number.u)

    @property
    def df(self) -> float:
        """Effective degrees of freedom of the uncertainty."""
        return self._carrier.df

    @property
    def _carrier(self) -> Quantity:
        """A quantity with the same number, for what does not depend on the unit."""
        return Quantity(_PLAIN, self.number) if self.quantity is None else self.quantity

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the coverage interval in `unit`; None where it is withheld."""
        ends = self._carrier.interval(level)
        if ends is None or self.quantity is None:
            return ends
        factor, offset = to_si(self.unit, self.name)
        return (ends[0] - offset) / factor, (ends[1] - offset) / factor

    def budget(self) -> dict[str, float]:
        """Return source -> standard uncertainty in `unit`, largest first."""
        factor = 1.0 if self.quantity is None else to_si(self.unit, self.name)[0]
        return {source: u / factor for source, u in self._carrier.budget().items()}

    def to(self, unit: str) -> Value:
        """Return the same in another unit.

        Raises
        ------
        StudyError  when it is not a unit of this quantity.
        """
        if self.quantity is None:
            return Value(self._number * _factor(self.unit, unit), unit)
        factor, offset = to_si(unit, self.name)
        number = self.quantity.number
        return Value(None if number is None else (number - offset) / factor, unit, self.quantity)

    def named(self, name: str, method: str = "computed") -> Value:
        """Return the result of a calculation as a quantity of the nomenclature, in its usual unit.

        Example
        -------
        >>> r, l = stated("1437 ± 22 ohm", "total_resistance"), stated("310 ± 5 um", "thickness")
        >>> (l / r / stated("0.785 ± 0.005 cm2", "area")).named("ionic_conductivity")
        (2.748 ± 0.064)e-05 S/cm
        """
        row = look_up(name)
        si = self if self.unit == row.si else self.to(row.si)
        return Value.of(Quantity(name, si.number, method, basis="derived"))

    @property
    def _number(self) -> Number:
        if self.number is None:
            raise DataError(f"{self.name} is withheld: {self.why or 'not determined'}.", hint="`.value` is None then.")
        return self.number

    def _plainly(self) -> Value:
        """Return it ready for arithmetic: a temperature from absolute zero, percent as a fraction."""
        if self.quantity is not None and look_up(self.name).offset and self.unit in _TEMPERATURE:
            return self.to("K")
        return self.to("1") if self.unit in ("%", "ppm", "vol%", "wt%") else self

    def __float__(self) -> float:
        return float(self._number.x)

    def __neg__(self) -> Value:
        one = self._plainly()
        return Value(-one._number, one.unit)

    def __add__(self, other: object) -> Value:
        return _sum(self, other, lambda a, b: a + b)

    def __radd__(self, other: object) -> Value:
        return _sum(self, other, lambda a, b: b + a)

    def __sub__(self, other: object) -> Value:
        return _sum(self, other, lambda a, b: a - b)

    def __rsub__(self, other: object) -> Value:
        return _sum(self, other, lambda a, b: b - a)

    def __mul__(self, other: object) -> Value:
        return _product(self, other, (1, 1))

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Value:
        return _product(self, other, (1, -1))

    def __rtruediv__(self, other: object) -> Value:
        return _product(self, other, (-1, 1))

    def __pow__(self, power: float) -> Value:
        one = self._plainly()
        factor, unit = combine((one.unit, power))
        return Value(one._number**power * factor, unit)

    def sqrt(self) -> Value:
        """Return the square root; `numpy.sqrt` calls it."""
        return self**0.5

    def log(self) -> Value:
        """Return the natural logarithm of a number without unit; `numpy.log` calls it."""
        return Value(quantities.log(self._without_unit()))

    def exp(self) -> Value:
        """Return the exponential of a number without unit; `numpy.exp` calls it."""
        return Value(quantities.exp(self._without_unit()))

    def _without_unit(self) -> Number:
        one = self._plainly()
        return one._number * _factor(one.unit, "1")

    def __str__(self) -> str:
        if self.number is None:
            return f"withheld: {self.why or 'not determined'}"
        text = spelled(float(self.number.x), float(self.number.u))
        return text if self.unit == "1" else f"{text} {self.unit}"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def _repr_html_(self) -> str:
        if self.number is None:
            return f"<em>{html.escape(str(self))}</em>"
        text = re.sub(
            r"e([-+]\d+)$",
            lambda m: f" × 10<sup>{int(m[1])}</sup>",
            spelled(float(self.number.x), float(self.number.u)),
        )
        return text if self.unit == "1" else f"{text} {pretty_unit(self.unit)}"


def stated(text: str, name: str, *, of: str = "") -> Value:
    """Return what you know yourself, as text with a unit, for use in calculations and as `area=...`.

    Parameters
    ----------
    text : e.g. '310 ± 5 um'; without ± the rounding of the digits is its uncertainty.
    name : what it is, a name of the nomenclature.
    of : the specimen that it belongs to. Equal names and specimens are one source of uncertainty; without it the text
        itself takes the place of the specimen.

    Raises
    ------
    StudyError  when the text is not a number with a unit that fits.

    Example
    -------
    >>> stated("310 ± 5 um", "thickness", of="pellet 1").to("mm")
    0.3100 ± 0.0050 mm
    """
    number = read_number(text, name, label=f"{name}:{of or text}")
    return Value.of(Quantity(name, number, "as stated", basis="stated"))


def pretty_unit(unit: str) -> str:
    """Return a unit as HTML.

    Example
    -------
    >>> pretty_unit("ohm cm2"), pretty_unit("degC")
    ('Ω cm<sup>2</sup>', '°C')
    """
    text = html.escape(unit).replace("ohm", "Ω").replace("degC", "°C").replace("**", "").replace("*", " ")
    text = re.sub(r"\bu(?=[a-zA-Z])", "µ", text)
    return re.sub(r"(?<=[A-Za-zΩ])(-?\d)", r"<sup>\1</sup>", text)


def _as_value(other: object) -> Value:
    if isinstance(other, Value):
        return other
    if isinstance(other, Quantity):
        return Value.of(other)
    if isinstance(other, int | float | np.number):
        return Value(quantities.uncertain(float(other), {}))
    raise TypeError(f"a value cannot be combined with {type(other).__name__}; take its float()")


def _factor(unit: str, wanted: str) -> float:
    factor, rest = combine((unit, 1), (wanted, -1))
    if rest != "1":
        words = ["a number without a unit" if one == "1" else one for one in (unit, wanted)]
        raise StudyError(f"{words[0]} cannot be converted to {words[1]}.", hint=f"They differ by {rest}.")
    return factor


def _sum(one: Value, other: object, add: Callable[[Any, Any], Any]) -> Value:
    second = _as_value(other)
    if one.unit == second.unit and one.unit not in _TEMPERATURE:  # percent stay percent
        return Value(add(one._number, second._number), one.unit)
    first, second = one._plainly(), second._plainly()
    return Value(add(first._number, second._number * _factor(second.unit, first.unit)), first.unit)


def _product(one: Value, other: object, powers: tuple[int, int]) -> Value:
    first, second = one._plainly(), _as_value(other)._plainly()
    factor, unit = combine((first.unit, powers[0]), (second.unit, powers[1]))
    number = first._number ** powers[0] if powers[0] < 0 else first._number
    return Value((number / second._number if powers[1] < 0 else number * second._number) * factor, unit)
