"""Numbers with *named* sources of uncertainty, computed by GTC (GUM Tree Calculator, MIT), which no other module knows.

Every source is one standard normal (or Student t) variable with a label such as `thickness:pellet1`: **the label is the
identity**, also in another process. Several directions of one source (the covariance of a fit) carry `[1]`, `[2]`...
behind the label.

Source: JCGM 100:2008 (GUM); Hall, B. D., GTC 1.5, https://gtc.readthedocs.io. Checked by tests/test_quantity.py.
"""

from __future__ import annotations

import copyreg
import importlib
import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, runtime_checkable
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable  # pydantic asks
class Number(Protocol):
    """A value with named sources of uncertainty: counts with numbers and with its like. (`GTC.lib.UncertainReal`.)"""

    x: float  # best estimate
    u: float  # standard uncertainty
    df: float  # degrees of freedom

    def __abs__(self) -> Number: ...
    def __add__(self, other: Number | float) -> Number: ...
    def __radd__(self, other: float) -> Number: ...
    def __sub__(self, other: Number | float) -> Number: ...
    def __rsub__(self, other: float) -> Number: ...
    def __mul__(self, other: Number | float) -> Number: ...
    def __rmul__(self, other: float) -> Number: ...
    def __truediv__(self, other: Number | float) -> Number: ...
    def __rtruediv__(self, other: float) -> Number: ...
    def __pow__(self, other: Number | float) -> Number: ...
    def __neg__(self) -> Number: ...


Same = TypeVar("Same", Number, float)  # of a function that gives back a float for floats, and a number for numbers
_SEPARATOR = "\x1f"  # between label and degrees of freedom inside a GTC label


@cache
def _gtc() -> Any:
    """Import GTC where something is first computed with a number.

    GTC imports scipy.special and scipy.optimize for what closo does not call; it gets stand-ins that import them when used,
    which saves most of its 0.3 s.
    """
    stand_ins = {name: _stand_in(name) for name in ("scipy.special", "scipy.optimize") if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        gtc = importlib.import_module("GTC")
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
    copyreg.pickle(gtc.lib.UncertainReal, lambda number: (rebuilt, (number.x, sources(number))))
    return gtc


def _stand_in(name: str) -> ModuleType:
    """Return a module that becomes `name` when something of it is asked for."""
    module = ModuleType(name)

    def attribute(of: str) -> Any:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), of)

    module.__getattr__ = attribute  # type: ignore[method-assign]
    return module


def log(number: Same) -> Same:
    """Return the natural logarithm."""
    logarithm: Same = _gtc().log(number)
    return logarithm


def exp(number: Same) -> Same:
    """Return e to the power of the number."""
    power: Same = _gtc().exp(number)
    return power


def sqrt(number: Same) -> Same:
    """Return the square root."""
    root: Same = _gtc().sqrt(number)
    return root


_leaves: WeakValueDictionary[tuple[str, float], Any] = WeakValueDictionary()
_one_at_a_time = Lock()


def _unit_variable(label: str, df: float) -> Number:
    """Return the one variable (value 0, u 1) that stands for the source `label`.

    GTC knows a variable by its leaf, which every number holds that depends on it; it is forgotten with the last of them.
    """
    gtc = _gtc()
    with _one_at_a_time:
        leaf = _leaves.get((label, df))
        if leaf is None:
            variable = gtc.ureal(0.0, 1.0, df, label=f"{label}{_SEPARATOR}{df!r}")
            _leaves[label, df] = variable._node
        else:
            vector = gtc.vector.Vector
            variable = gtc.lib.UncertainReal(0.0, vector(index=[leaf], value=[1.0]), vector(), vector(), leaf)
    return cast("Number", variable)


def uncertain(value: float, components: Mapping[str, float], *, df: float = math.inf) -> Number:
    """Return a number that depends on named sources.

    Parameters
    ----------
    value : best estimate, SI.
    components : label of a source -> its contribution u to the value (signed: equal signs correlate positively), SI.
    df : degrees of freedom behind these u; `inf` when u is known.

    Example
    -------
    >>> length = uncertain(300e-6, {"thickness:pellet1": 5e-6})
    >>> ratio = length / length          # the same source: it cancels
    >>> u_of(ratio)
    0.0
    """
    number: Number = _gtc().constant(float(value))
    for label, u in components.items():
        if u:
            number = number + float(u) * _unit_variable(label, float(df))
    return number


def from_fit(values: Sequence[float] | np.ndarray, covariance: np.ndarray, *, label: str, df: float) -> list[Number]:
    """Return fitted values (SI) as numbers that keep their covariance.

    Parameters
    ----------
    values : shape (n,).
    covariance : shape (n, n), positive semi-definite.
    label : name of the source, e.g. `fit:a200_30C.par#1`.
    df : degrees of freedom of the fit (points - parameters).
    """
    import numpy as np

    covariance = np.asarray(covariance, float)
    sd = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    unit = np.where(sd > 0.0, sd, 1.0)  # else rounding of one that nothing fixes swamps the others
    eigenvalues, vectors = np.linalg.eigh(covariance / np.outer(unit, unit))
    loadings = unit[:, None] * vectors * np.sqrt(np.clip(eigenvalues, 0.0, None))
    return [
        uncertain(value, {f"{label}[{k + 1}]": float(loadings[i, k]) for k in range(len(loadings))}, df=max(df, 1.0))
        for i, value in enumerate(values)
    ]


def sources(number: Number) -> dict[str, tuple[float, float]]:
    """Return label -> (signed component, degrees of freedom) of every source of `number`.

    Example
    -------
    >>> sources(2.0 * uncertain(1.0, {"mass:p1": 0.1}))
    {'mass:p1': (0.2, inf)}
    """
    shares: dict[str, tuple[float, float]] = {}
    for influence in _gtc().rp.budget(number, trim=0.0):
        label, text = influence.label.split(_SEPARATOR)
        u, df = float(_gtc().rp.u_component(number, _unit_variable(label, float(text)))), float(text)
        if label in shares:  # two variables of one label with other degrees of freedom: none of the variance is lost
            old, least = shares[label]
            u, df = math.copysign(math.hypot(u, old), old), min(df, least)
        shares[label] = (u, df)
    return shares


def correlation(a: Number, b: Number) -> float:
    """Return the correlation coefficient of two numbers through the sources they share."""
    ca, cb = sources(a), sources(b)
    shared = sum(u * cb[label][0] for label, (u, _) in ca.items() if label in cb and cb[label][1] == ca[label][1])
    norm = math.sqrt(sum(u * u for u, _ in ca.values()) * sum(u * u for u, _ in cb.values()))
    return shared / norm if norm else 0.0


def value_of(number: Number | float) -> float:
    """Return the best estimate."""
    return float(_gtc().value(number))


def u_of(number: Number | float) -> float:
    """Return the standard uncertainty."""
    return float(_gtc().uncertainty(number))


def rebuilt(value: float, listed: Mapping[str, tuple[float, float]]) -> Number:
    """Return a number from what `sources` gave; equal labels are again the same source."""
    number: Number = _gtc().constant(value)
    for label, (u, df) in listed.items():
        number = number + u * _unit_variable(label, df)
    return number
