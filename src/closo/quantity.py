"""A number with its unit and its *named* sources of uncertainty.

`closo.number` propagates; this module gives its numbers names that survive the disk. Every source is one standard normal
(or Student t) variable with a label such as `thickness:pellet1`. Two numbers that name the same source are correlated
through it, also when they were saved apart and read back: **the label is the identity**. So a label must say what it
belongs to: `fit:a200_30C.par#1`, never just `fit`. A quantity that was stored keeps to what was written until something is
computed with it.

Several directions of one source (the covariance of a fit) carry `[1]`, `[2]`... behind the label; a budget shows them
as one line.

Source: JCGM 100:2008 (GUM); Hall, B. D., GTC 1.5, https://gtc.readthedocs.io. Checked by tests/test_quantity.py.
"""

from __future__ import annotations

import math
import re
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from closo.errors import DataError, StudyError, did_you_mean, with_article
from closo.nomenclature import look_up, to_shown
from closo.number import Number, correlation, exp, from_fit, log, rebuilt, sources, sqrt, u_of, uncertain, value_of
from closo.units import read_as, to_si

__all__ = [
    "BASES",
    "Number",
    "Quantity",
    "as_stated",
    "correlation",
    "exp",
    "from_fit",
    "log",
    "parse",
    "sources",
    "sqrt",
    "uncertain",
    "withheld",
]

BASES = {
    "measured": "a measurement is behind it",
    "derived": "follows by arithmetic from what is stated; nothing was measured",
    "stated": "stated with its uncertainty; nothing was measured",
    "digits": "stated without an uncertainty: any value that rounds to its digits (or lies in its range), equally likely",
}
"""What a quantity rests on."""


def _source_name(label: str) -> str:
    """Return the label without its `[k]` direction."""
    return re.sub(r"\[\d+\]$", "", label)


@dataclass(frozen=True)
class _Kept:
    """A number as it was stored: value and sources, without GTC, small: a study holds a hundred thousand sources."""

    value: float
    labels: tuple[str, ...]
    us: array[float]
    dfs: array[float]

    @property
    def sources(self) -> dict[str, tuple[float, float]]:
        return dict(zip(self.labels, zip(self.us, self.dfs, strict=True), strict=True))

    @property
    def u(self) -> float:
        return math.sqrt(math.fsum(u * u for u in self.us))


@lru_cache(maxsize=64)
def _shared(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first of equal tuples: the quantities of a fit have the same sources."""
    return tuple(sys.intern(label) for label in labels)


@dataclass(frozen=True)
class Quantity:
    """A named result: value and uncertainty in SI, shown in the unit of the nomenclature.

    Attributes
    ----------
    name : a name of the nomenclature.
    number : the value with its sources (SI), or None where the quantity is withheld.
    method : how it was obtained, printed beside it.
    why : the reason, where it is withheld.
    basis : what it rests on, one of BASES.
    """

    name: str
    number: Number | None = field(default_factory=lambda: None)  # no class attribute, so that __getattr__ is asked
    method: str = ""
    why: str | None = None
    basis: str = "measured"

    def __getattr__(self, name: str) -> Any:
        """Rebuild the number of a stored quantity when it is first needed."""
        kept = self._kept if name == "number" else None
        if kept is None:
            raise AttributeError(name)
        object.__setattr__(self, "number", rebuilt(kept.value, kept.sources))
        return self.number

    @property
    def _kept(self) -> _Kept | None:
        return self.__dict__.get("stored")

    def _sources(self) -> Mapping[str, tuple[float, float]]:
        if self._kept is not None:
            return self._kept.sources
        return {} if self.number is None else sources(self.number)

    def __post_init__(self) -> None:
        look_up(self.name)
        if self.basis not in BASES:
            raise StudyError(f"basis = '{self.basis}' is not possible.", hint=did_you_mean(self.basis, BASES))

    @property
    def value(self) -> float | None:
        """Best estimate [SI], None where withheld."""
        if self._kept is not None:
            return self._kept.value
        return None if self.number is None else value_of(self.number)

    @property
    def u(self) -> float | None:
        """Standard uncertainty [SI], None where withheld."""
        if self._kept is not None:
            return self._kept.u
        return None if self.number is None else u_of(self.number)

    @property
    def unit(self) -> str:
        """The SI unit of `value` and `u`; `as_json` shows the unit of the nomenclature, `str()` with a prefix that suits."""
        return look_up(self.name).si

    def to(self, unit: str) -> tuple[float, float]:
        """Return value and standard uncertainty in a unit.

        Raises
        ------
        DataError  where the quantity is withheld.
        StudyError  where the unit does not belong to it.

        Example
        -------
        >>> sigma = Quantity("ionic_conductivity", uncertain(0.05, {"thickness:p1": 0.001}))
        >>> sigma.to("mS/cm"), sigma.unit, sigma.value
        ((0.5, 0.01), 'S/m', 0.05)
        """
        factor, offset = to_si(unit, self.name)
        return (self._known_value() - offset) / factor, float(self.u or 0.0) / factor

    def _known_value(self) -> float:
        if self.value is None:
            raise DataError(f"{self.name} is withheld: {self.why}.", hint="Ask for `.value`, which is None then.")
        return self.value

    @property
    def df(self) -> float:
        """Effective degrees of freedom (Welch-Satterthwaite over whole sources, GUM G.4)."""
        whole = self.u
        if not whole:
            return math.inf
        merged: dict[str, list[float]] = {}
        for label, (u, df) in self._sources().items():
            entry = merged.setdefault(_source_name(label), [0.0, df])
            entry[0] += u * u
            entry[1] = min(entry[1], df)
        below = sum(u2 * u2 / df for u2, df in merged.values() if math.isfinite(df))
        return whole**4 / below if below > 0 else math.inf

    def budget(self) -> dict[str, float]:
        """Return source -> u [SI], largest first, equal ones by name; the squares add up to u squared.

        Example
        -------
        >>> q = Quantity("mass", uncertain(1.0, {"balance": 3.0, "drift": 4.0}))
        >>> q.budget(), q.u
        ({'drift': 4.0, 'balance': 3.0}, 5.0)
        """
        merged: dict[str, float] = {}
        if self.value is not None:
            for label, (u, _) in self._sources().items():
                merged[_source_name(label)] = merged.get(_source_name(label), 0.0) + u * u
        return {name: math.sqrt(u2) for name, u2 in sorted(merged.items(), key=lambda item: (-item[1], item[0]))}

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the coverage interval [SI]; in the logarithm where the quantity can only be positive.

        What is known by its digits alone has sharp ends: 'level' of its half width, sqrt(3) u, to each side.

        Example
        -------
        >>> low, high = Quantity("pressure", parse("347 ± 0.288675 MPa", "pressure"), basis="digits").interval()
        >>> round(low / 1e6, 3), round(high / 1e6, 3)
        (346.525, 347.475)
        """
        value, u = self.value, self.u
        if value is None or u is None:
            return None
        if self.basis == "digits":
            return value - level * math.sqrt(3.0) * u, value + level * math.sqrt(3.0) * u
        from scipy.special import stdtrit

        factor = float(stdtrit(min(self.df, 1e9), 0.5 + level / 2.0))
        if look_up(self.name).positive and value > 0:
            spread = math.exp(min(factor * u / value, 700.0))
            return value / spread, value * spread
        return value - factor * u, value + factor * u

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` prints: everything in the shown unit."""
        row = look_up(self.name)
        shown: dict[str, Any] = {"name": self.name, "value": None, "u": None, "unit": row.shown, "interval": None}
        shown |= {"budget": [], "method": self.method}
        if self.basis != "measured":
            shown["basis"] = self.basis
        value, df = self.value, self.df
        if value is None:
            return shown | {"why": self.why or "not determined"}
        low, high = self.interval() or (math.nan, math.nan)
        return shown | {
            "value": to_shown(self.name, value),
            "u": float(self.u or 0.0) / row.factor,
            "interval": [to_shown(self.name, low), to_shown(self.name, high)],
            "budget": [{"source": s, "u": u / row.factor} for s, u in self.budget().items()],
            "df": None if math.isinf(df) else round(df, 1),
        }

    def as_stored(self) -> dict[str, Any]:
        """Return what is kept on disk: SI value and labelled sources, from which `from_stored` rebuilds correlations."""
        stored: dict[str, Any] = {"name": self.name, "method": self.method, "why": self.why, "value": self.value}
        if self.basis != "measured":
            stored["basis"] = self.basis
        if self.value is not None:
            stored["sources"] = {
                label: [u, None if math.isinf(df) else df] for label, (u, df) in self._sources().items()
            }
        return stored

    @staticmethod
    def from_stored(stored: Mapping[str, Any]) -> Quantity:
        """Rebuild a quantity; sources with equal labels are again the same source."""
        basis = str(stored.get("basis", "measured"))
        quantity = Quantity(sys.intern(stored["name"]), None, sys.intern(stored["method"]), stored["why"], basis)
        if stored["value"] is not None:
            listed = stored["sources"]
            us, dfs = ([pair[k] for pair in listed.values()] for k in (0, 1))
            numbers = array("d", us), array("d", [math.inf if df is None else df for df in dfs])
            object.__setattr__(quantity, "stored", _Kept(float(stored["value"]), _shared(tuple(listed)), *numbers))
            object.__delattr__(quantity, "number")
        return quantity

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name}: withheld ({self.why})"
        number, unit = self.as_read()
        return number if unit == "1" else f"{number} {unit}"

    def as_read(self) -> tuple[str, str]:
        """Return the number with its uncertainty, and the unit, with the prefix that suits its size; not if withheld.

        Example
        -------
        >>> Quantity("ionic_conductivity", uncertain(0.0502, {"thickness:p1": 0.0017})).as_read()
        ('0.502 ± 0.017', 'mS/cm')
        """
        row = look_up(self.name)
        value, u = to_shown(self.name, self._known_value()), float(self.u or 0.0) / row.factor
        return read_as(value, u, row.shown)


def as_stated(name: str, number: Number) -> Quantity:
    """Return a quantity that a result only repeats from what was stated."""
    return Quantity(name, number, "as stated", basis="stated")


def withheld(name: str, why: str, *, method: str = "") -> Quantity:
    """Return a quantity without a value, and the reason for it."""
    return Quantity(name, None, method, why)


_MAXIMUM_LENGTH = 200  # characters of a number with its unit
_PARTS = re.compile(
    r"^\s*(?P<value>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?:(?:±|\+/-|\+-)\s*(?P<u>[\d.]+(?:[eE][-+]?\d+)?)\s*(?P<percent>%(?=\s+\S|$))?)?\s*(?P<unit>.*?)\s*$"
)


def parse(text: str | float, name: str, *, label: str | None = None, default_u: float | None = None) -> Number:
    """Read '310 ± 5 um' into a number in SI.

    Parameters
    ----------
    text : value, optionally ± standard uncertainty (or ± percent, '310 ± 2 % um'), and a unit; or a bare number in
        the shown unit of `name`.
    name : what it is, a name of the nomenclature; decides the unit expected.
    label : name of its uncertainty source.
    default_u : standard uncertainty [SI] to use when the text states none.

    Raises
    ------
    StudyError  when the text is not a number with a fitting unit.

    Example
    -------
    >>> Quantity("thickness", parse("310 ± 5 um", "thickness", label="thickness:p1")).interval(0.68)[0] < 310e-6
    True
    """
    row = look_up(name)
    text = str(text)
    match = _PARTS.match(text) if len(text) <= _MAXIMUM_LENGTH else None
    try:
        if match is None:
            raise ValueError(text)
        value, u = float(match["value"]), float(match["u"] or 0.0)
    except ValueError:
        raise StudyError(
            f"'{text[:_MAXIMUM_LENGTH]}' is not {with_article(name)}.", hint=f"Write for example '310 ± 5 {row.shown}'."
        ) from None
    if match["percent"]:
        u *= abs(value) / 100.0
    factor, offset = to_si(match["unit"] or row.shown, name)
    si, si_u = value * factor + offset, u * factor
    if not (math.isfinite(si) and math.isfinite(si_u * si_u)) or (row.positive and si <= 0) or (row.offset and si < 0):
        limit = "above absolute zero" if row.offset else "finite and > 0" if row.positive else "finite"
        raise StudyError(f"{name} = '{text}' is not valid: it must be {limit}.", hint="Correct the value.")
    if abs(si) > row.largest:
        limit = f"{to_shown(name, row.largest):.4g} {row.shown}"
        raise StudyError(f"{name} = '{text}' is not valid: it is above {limit}.", hint="Check the number and its unit.")
    if match["u"] is None and default_u is not None:
        si_u = default_u
    return uncertain(si, {label or name: si_u})
