"""Units as people type them -> a factor to SI, and numbers as people read them.

A unit is checked by a small grammar before pint sees it, because pint evaluates what it is given: factors with powers,
joined by '/', '*', '·' or a blank, one group in brackets after '/', and only names of `_NAMES`. What has two meanings
(`Nm`: newton metre, but nanometre to some) or another one in pint than in the field (`rpm`, rad in a frequency) is taken
as the field does, or refused.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from closo.constants import AVOGADRO
from closo.errors import StudyError
from closo.nomenclature import Name, look_up

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
# only of an angle: pint gives them no dimension
_ANGLES = {"rad": "radian", "mrad": "mrad", "deg": "degree", "°": "degree"}

# SI unit of a name -> what pint makes of the usual units, so that it can stay out
_USUAL: dict[str, dict[str, float]] = {
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

_READ = {  # unit -> the prefixes that people read with it, small to large; it may stand in the nomenclature with one of them
    "ohm": "mkMG", "ohm cm2": "mkM", "Hz": "mkM", "V": "um", "A": "pnum", "A/cm2": "num", "S/cm": "m", "F": "pnum",
    "H": "num", "s": "num", "eV": "m", "m": "num", "g": "um", "Ah": "um",
}  # fmt: skip
_SIZE = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}

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
    StudyError  when it is not a unit, or not one of `name`.

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
    StudyError  when one is not a unit, or the product has none that can be written.

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


def with_prefix(value: float, unit: str) -> tuple[float, str]:
    """Return (size in `unit`, name) of the unit in which people read `value`, which is in `unit`.

    The unit stays where the number is between 0.01 and 10 000; else it gets the largest prefix that leaves at least 1, or
    at least 0.1. Where none does, the unit stays: such a number is written with a power of ten.

    Example
    -------
    >>> with_prefix(5.02e-4, "S/cm"), with_prefix(9.8e-10, "S/cm"), with_prefix(97144.0, "ohm"), with_prefix(0.004, "mV")
    ((0.001, 'mS/cm'), (1.0, 'S/cm'), (1000.0, 'kohm'), (0.001, 'uV'))
    """
    base, prefix = (unit, "") if unit in _READ else (unit[1:], unit[:1])
    size = abs(value)
    if base not in _READ or prefix not in _SIZE or not 0.0 < size < math.inf or 0.01 <= size < 1e4:
        return 1.0, unit
    sizes = [(_SIZE[p] / _SIZE[prefix], p + base) for p in _SIZE if p in _READ[base] or not p]
    return max(
        [one for one in sizes if size >= one[0]] or [one for one in sizes if size >= 0.1 * one[0]] or [(1.0, unit)]
    )


def spelled(value: float, u: float) -> str:
    """Return 'value ± u' with two digits of u and as many places of the value; small and large ones with a power of ten.

    This is the one spelling of numbers for people: the terminal, the report, the pages and the figures use it.

    Example
    -------
    >>> spelled(5.0213e-4, 1.73e-5), spelled(303.15, 0.5), spelled(20012.3, 61.0), spelled(1437.2, 223.0)
    ('(5.02 ± 0.17)e-04', '303.15 ± 0.50', '20012 ± 61', '1440 ± 220')
    >>> spelled(1.83e-3, 5.6e-5), spelled(0.3, 0.0996), spelled(1.0, 0.0)
    ('(1.830 ± 0.056)e-03', '0.30 ± 0.10', '1')
    """
    if not (math.isfinite(value) and math.isfinite(u)) or u <= 1e-13 * abs(value):  # what is left of a cancelled source
        return f"{value:.6g}"
    u = float(f"{u:.1e}")
    exponent = math.floor(math.log10(max(abs(value), u)))
    scale = 1.0 if -2 <= exponent < 6 else 10.0**exponent
    places = 1 - math.floor(math.log10(u / scale) + 1e-9)
    texts = [f"{round(one / scale, places):.{max(places, 0)}f}" for one in (value, u)]
    text = " ± ".join(texts)
    return text if scale == 1.0 else f"({text})e{exponent:+03d}"


def read_as(value: float, u: float, unit: str) -> tuple[str, str]:
    """Return 'value ± u' and the unit, with the prefix that suits their size.

    Example
    -------
    >>> read_as(5.0213e-4, 1.73e-5, "S/cm")
    ('0.502 ± 0.017', 'mS/cm')
    """
    size, unit = with_prefix(max(abs(value), u), unit)
    return spelled(value / size, u / size), unit


def percent(share: float) -> str:
    """Return a share or a relative difference as people read it: in percent, or as a factor where that is 300 % or more.

    Example
    -------
    >>> percent(0.043), percent(0.5), percent(35840.48)
    ('4.3 %', '50 %', 'a factor of 3.6e+04')
    """
    if abs(share) >= 3.0:
        return f"a factor of {1.0 + abs(share):.2g}"
    return f"{100.0 * share:.2g} %" if abs(share) < 0.095 else f"{100.0 * share:.0f} %"


def _known(row: Name) -> str:
    """Return the units that may be used, in words."""
    return " or ".join(dict.fromkeys([row.shown, row.si] + (["kJ/mol"] if row.si == "J" else [])))


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
