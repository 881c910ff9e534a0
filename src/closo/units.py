"""Units as people type them -> a factor to SI.

A unit is checked by a small grammar before pint sees it, because pint evaluates what it is given: factors with powers,
joined by '/', '*', '·' or a blank, one group in brackets after '/', and only names of `_NAMES`. What has two meanings
(`Nm`: newton metre, but nanometre to some) or another one in pint than in the field (`rpm`, rad in a frequency) is taken
as the field does, or refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from closo.constants import AVOGADRO
from closo.errors import StudyError
from closo.nomenclature import Name, look_up

__all__ = ["combine", "to_si"]

_MAXIMUM_LENGTH = 60  # characters of a unit

_PLAIN = str.maketrans({
    "µ": "u", "μ": "u", "Ω": "ohm", "\u2126": "ohm", "Å": "angstrom", "\u212b": "angstrom", "·": "*", "×": "*", "−": "-",
    "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁻": "-",
})  # fmt: skip
_CELSIUS = frozenset({"degC", "°C", "ºC", "C", "celsius", "Celsius", "deg C", "° C"})
_KELVIN = frozenset({"K", "kelvin", "Kelvin"})
_FAHRENHEIT = frozenset({"degF", "°F", "ºF"})
_WITH_PREFIX = "m s g A V W J N Pa C F ohm S Hz H eV Ah Wh mol L l K bar cal".split()
_PREFIXES = "fpnumcdhkMGT"
_NAMES: dict[str, str] = {  # as typed -> as pint understands it
    **{p + unit: p + unit for unit in _WITH_PREFIX for p in ("", *_PREFIXES) if p + unit != "hbar"},  # Planck's, to pint
    "1": "dimensionless", "%": "percent", "vol%": "percent", "wt%": "percent", "ppm": "ppm",
    "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute", "sec": "second", "secs": "second",
    "second": "second", "seconds": "second", "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour",
    "d": "day", "day": "day", "days": "day", "week": "week", "weeks": "week", "year": "year", "years": "year",
    "rpm": "1/minute", "micron": "micron", "microns": "micron", "angstrom": "angstrom", "inch": "inch",
    "meter": "meter", "metre": "meter", "gram": "gram", "grams": "gram", "t": "tonne", "tonne": "tonne",
    "atm": "atm", "torr": "torr", "Torr": "torr", "mmHg": "mmHg", "psi": "psi", "kgf": "kgf",
    "lbf": "lbf", "Ohm": "ohm", "Ohms": "ohm", "ohms": "ohm", "kOhm": "kohm", "MOhm": "Mohm", "mOhm": "mohm",
    "GOhm": "Gohm", "volt": "volt", "volts": "volt", "Volt": "volt", "Volts": "volt", "amp": "ampere",
    "amps": "ampere", "Amp": "ampere", "Amps": "ampere", "ampere": "ampere", "siemens": "siemens", "kelvin": "kelvin",
}  # fmt: skip
_ANGLES = {
    "rad": "radian",
    "mrad": "mrad",
    "deg": "degree",
    "°": "degree",
}  # only of an angle: pint gives them no dimension

_USUAL: dict[
    str, dict[str, float]
] = {  # SI unit of a name -> what pint makes of the usual units, so that it can stay out
    "1": {"1": 1.0, "%": 0.01, "vol%": 0.01, "wt%": 0.01},
    "Hz": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "mHz": 1e-3},
    "ohm": {"ohm": 1.0, "kohm": 1e3, "Mohm": 1e6, "mohm": 1e-3},
    "s": {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "m": {"nm": 1e-9, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0},
    "m2": {"mm2": 1e-6, "cm2": 1e-4, "m2": 1.0},
    "kg": {"ug": 1e-9, "mg": 1e-6, "g": 1e-3, "kg": 1.0},
    "kg/m3": {"kg/m3": 1.0},
    "m2/kg": {"m2/g": 1e3, "m2/kg": 1.0},
    "Pa": {"Pa": 1.0, "kPa": 1e3, "MPa": 1e6, "GPa": 1e9, "bar": 1e5},
    "N": {"N": 1.0, "kN": 1e3},
    "1/s": {"rpm": 1.0 / 60.0, "1/h": 1.0 / 3600.0},
    "V": {"uV": 1e-6, "mV": 1e-3, "V": 1.0},
    "A": {"nA": 1e-9, "uA": 1e-6, "mA": 1e-3, "A": 1.0},
    "A/m2": {"mA/cm2": 10.0, "uA/cm2": 0.01, "A/m2": 1.0},
    "S/m": {"S/cm": 100.0, "mS/cm": 0.1, "S/m": 1.0},
    "J": {"eV": 1.602176634e-19, "J": 1.0},
    "C": {"mAh": 3.6, "Ah": 3600.0},
}

_FACTOR = re.compile(r"([A-Za-z%°]+|1(?![0-9]))(?:(?:\^|\*\*)?(?:([-+]?[1-9])|\(([-+]?[1-9])\)))?")


@lru_cache(maxsize=1024)
def to_si(unit: str, name: str) -> tuple[float, float]:
    """Return (factor, offset) from `unit` to the SI unit of `name`: SI = number * factor + offset.

    Parameters
    ----------
    unit : as typed; '' is not a unit here.
    name : of the nomenclature.

    Raises
    ------
    StudyError  when it is no unit, or not one of `name`.

    Example
    -------
    >>> to_si("um", "thickness"), to_si("degC", "temperature"), to_si("S m⁻¹", "ionic_conductivity")
    ((1e-06, 0.0), (1.0, 273.15), (1.0, 0.0))
    >>> round(to_si("kJ/mol", "activation_energy")[0] / to_si("eV", "activation_energy")[0], 6)
    0.010364
    """
    row = look_up(name)
    if unit == row.shown:
        return row.factor, row.offset
    if row.si == "K" and (scale := _temperature(unit, absolute=bool(row.offset))) is not None:
        return scale
    usual = _USUAL.get(row.si, {}).get(unit.translate(_PLAIN))
    if usual is not None:
        return usual, 0.0
    spelled = _spelled(unit, angle=row.si == "rad")
    factor = None if spelled is None else _factor(spelled, row)
    if factor is None:
        raise StudyError(f"'{unit[:_MAXIMUM_LENGTH]}' is not a unit of {name}.", hint=f"Use {_known(row)}.")
    return factor, 0.0


def combine(*units: tuple[str, float]) -> tuple[float, str]:
    """Return the product of units with their powers as (factor, unit), in as few units as possible.

    Parameters
    ----------
    units : (unit as typed, power); '1' for none.

    Raises
    ------
    StudyError  when one is no unit, or the product has none that can be written.

    Example
    -------
    >>> combine(("um", 1), ("cm2", -1), ("ohm", -1))
    (0.0001, '1/cm/ohm')
    >>> combine(("mS", 1), ("S", -1))
    (0.001, '1')
    """
    import pint

    registry = pint.get_application_registry()  # type: ignore[no-untyped-call]
    product = registry.Quantity(1.0, "dimensionless")
    for unit, power in units:
        spelled = _spelled(unit, angle=False)
        if spelled is None:
            raise StudyError(f"'{unit[:_MAXIMUM_LENGTH]}' is not a unit to calculate with.", hint="Use its `.value`.")
        product *= registry.Quantity(1.0, spelled) ** power
    reduced = product.to_reduced_units()
    if reduced.check("[]"):
        return float(reduced.to("dimensionless").magnitude), "1"
    text = f"{reduced.units:~C}".translate(_PLAIN).replace("**", "")
    if _spelled(text, angle=False) is None:
        raise StudyError(f"the result would have the unit {text}.", hint="Calculate with `.value`.")
    return float(f"{reduced.magnitude:.15g}"), text


def _known(row: Name) -> str:
    """Return the units that may be used, in words."""
    first = dict.fromkeys([row.shown, row.si] + (["kJ/mol"] if row.si == "J" else []))
    return " or ".join(first)


def _temperature(unit: str, *, absolute: bool) -> tuple[float, float] | None:
    """Return the scale of a temperature, or of a difference of temperatures, which has no zero of its own."""
    if unit in _CELSIUS:
        return 1.0, 273.15 if absolute else 0.0
    if unit in _FAHRENHEIT:
        return 5.0 / 9.0, 459.67 * 5.0 / 9.0 if absolute else 0.0
    return (1.0, 0.0) if unit in _KELVIN else None


def _spelled(unit: str, *, angle: bool) -> str | None:
    """Return a unit as pint reads it, None where it is none."""
    text = unit.translate(_PLAIN).strip()
    if not text or len(unit) > _MAXIMUM_LENGTH:
        return None
    outside, slash, group = text.partition("(")
    if slash and outside.rstrip().endswith("/") and group.endswith(")"):  # 1/(ohm cm)
        above, below = _product(outside.rstrip()[:-1], angle=angle), _product(group[:-1], angle=angle)
        return f"({above})/({below})" if above and below else None
    return _product(text, angle=angle)


def _product(text: str, *, angle: bool) -> str | None:
    """Return factors joined by '/', '*' or blanks as pint reads them."""
    spelled, place = "", 0
    text = text.strip()
    while place < len(text):
        if spelled:
            joint = re.compile(r"\s*([/*])(?!\*)\s*|\s+").match(text, place)
            if joint is None:
                return None
            spelled += joint[1] or "*"
            place = joint.end()
        factor = _FACTOR.match(text, place)
        known = None if factor is None else _NAMES.get(factor[1]) or (_ANGLES.get(factor[1]) if angle else None)
        if factor is None or known is None:
            return None
        power = factor[2] or factor[3]
        spelled += f"({known})**{int(power)}" if power else f"({known})"
        place = factor.end()
    return spelled or None


def _factor(spelled: str, row: Name) -> float | None:
    """Return the factor to the SI unit of a name, None where the dimensions differ."""
    import pint  # only here, and only for units that are not the shown one: its import takes 0.3 s

    registry = pint.get_application_registry()  # type: ignore[no-untyped-call]
    wanted = _product(row.si, angle=row.si == "rad")
    if wanted is None:  # of a constant-phase element, with a power that differs from one to the next
        return None
    try:
        given = registry.Quantity(1.0, spelled)
        if row.si == "J" and given.check("[energy]/[substance]"):  # of one mole, where closo counts one particle
            return float(given.to("J/mol").magnitude) / AVOGADRO
        return float(given.to(wanted).magnitude)
    except (pint.PintError, ValueError, OverflowError):
        return None
