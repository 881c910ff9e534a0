"""Were two measurements made at one temperature, and what does a small difference do to a resistance?

Source: Arrhenius, R ~ exp(E/kT): d ln R/dT = -E/(kT2), 5 % per kelvin at 0.4 eV and 30 degC.
"""

from __future__ import annotations

from collections.abc import Sequence

from closo.combine.arrhenius.points import celsius
from closo.constants import BOLTZMANN, ELECTRONVOLT, ONE_TEMPERATURE
from closo.errors import DataError
from closo.quantity import Number, exp, uncertain
from closo.result import Result

_ENERGY = (0.5, 0.15)  # eV, range of solid sodium electrolytes and their interfaces


def temperature_of(result: Result) -> Number | None:
    """Return the temperature [K] of a result, None where it states none."""
    found = result.quantities.get("temperature")
    return None if found is None else found.number


def at_one_temperature(results: Sequence[Result], who: str) -> None:
    """Refuse results whose stated temperatures differ by more than `ONE_TEMPERATURE`; those without one pass.

    Raises
    ------
    DataError  naming the two that are furthest apart.
    """
    known = [(float(number.x), r.name) for r in results if (number := temperature_of(r)) is not None]
    if len(known) < 2:
        return
    (cold, first), (warm, last) = min(known), max(known)
    if warm - cold > ONE_TEMPERATURE:
        raise DataError(
            f"{who} needs measurements at one temperature, but '{first}' was made at {celsius(cold)} and '{last}' at "
            f"{celsius(warm)}.",
            hint="Name the spectra that belong to the step by stage = 'before' and 'after'.",
        )


def temperature_factor(before: Result, after: Result, *, name: str) -> Number:
    """Return by what a resistance measured `after` is to be multiplied, to be that at the temperature of `before`.

    Its value is 1 where the two temperatures read the same; its uncertainty is that of their difference, in which the
    offset of a common oven cancels. 1 exactly where a temperature is not known.

    Parameters
    ----------
    name : labels the assumed activation energy, 0.50 ± 0.15 eV.
    """
    cold, warm = temperature_of(before), temperature_of(after)
    if cold is None or warm is None:
        return uncertain(1.0, {})
    energy = uncertain(_ENERGY[0] * ELECTRONVOLT, {f"assumed activation energy:{name}": _ENERGY[1] * ELECTRONVOLT})
    return exp(energy / BOLTZMANN * (1.0 / cold - 1.0 / warm))
