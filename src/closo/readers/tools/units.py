"""The units that headers write, and how closo writes them back: `kOhm`, `hours`, `milliamps`, `mA.h`, `°`."""

from __future__ import annotations

import re

Found = tuple[str, float, float]  # SI unit, factor, offset: SI = number * factor + offset

_DEGREE = 0.017453292519943295
_BASES: dict[str, Found] = {
    name: found
    for names, found in (
        ("hz hertz", ("Hz", 1.0, 0.0)),
        ("ohm ohms", ("ohm", 1.0, 0.0)),
        ("v volt volts", ("V", 1.0, 0.0)),
        ("a amp amps ampere amperes", ("A", 1.0, 0.0)),
        ("s sec secs second seconds", ("s", 1.0, 0.0)),
        ("min mins minute minutes", ("s", 60.0, 0.0)),
        ("h hr hrs hour hours", ("s", 3600.0, 0.0)),
        ("d day days", ("s", 86400.0, 0.0)),
        ("c coulomb coulombs", ("C", 1.0, 0.0)),
        ("ah a.h a·h a*h amphour amphours amperehour amperehours", ("C", 3600.0, 0.0)),
        ("f farad farads", ("F", 1.0, 0.0)),
        ("rad radian radians", ("rad", 1.0, 0.0)),
        ("deg degree degrees °", ("rad", _DEGREE, 0.0)),
        ("k kelvin", ("K", 1.0, 0.0)),
        ("°c 'c degc deg.c degreec degreesc celsius degreecelsius degreescelsius", ("K", 1.0, 273.15)),
        ("1", ("1", 1.0, 0.0)),
        ("%", ("1", 0.01, 0.0)),
    )
    for name in names.split()
}
# what means something else where the quantity is known
_MEANT: dict[str, dict[str, Found]] = {
    "K": {"c": ("K", 1.0, 273.15)},
    "Hz": {name: ("Hz", 1.0, 0.0) for name in ("1/s", "s-1", "s^-1", "s⁻¹")},
    "H": {name: ("H", 1.0, 0.0) for name in ("h", "henry", "henries", "henrys")},
    "S": {name: ("S", 1.0, 0.0) for name in ("s", "siemens", "mho", "1/ohm", "ohm-1", "ohm^-1", "ohm⁻¹")},
    "1": {"-": ("1", 1.0, 0.0)},
}
_PREFIXES = {
    "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
}  # fmt: skip
_SPELLED = {
    "pico": 1e-12, "nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "kilo": 1e3, "mega": 1e6, "giga": 1e9,
}  # fmt: skip
_WITH_PREFIX = {"Hz", "ohm", "V", "A", "s", "C", "F", "H", "S", "rad"}
_NEVER_LARGE = {"V", "A", "s", "C", "F", "H", "S", "rad"}  # 'MA' is a mA in capitals rather than a megaampere


def unit_factor(unit: str, si: str | None = None) -> Found | None:
    """Return (SI unit, factor, offset) of a unit, None when it is not known.

    Parameters
    ----------
    unit : as a header writes it.
    si : the SI unit of what is measured, where that is known: a 'C' of a temperature is °C, an 'S' of an admittance siemens.

    Example
    -------
    >>> unit_factor("kOhm"), unit_factor("mA.h"), unit_factor("°C"), unit_factor("ohm cm2")
    (('ohm', 1000.0, 0.0), ('C', 3.6, 0.0), ('K', 1.0, 273.15), None)
    >>> unit_factor("hours"), unit_factor("pA"), unit_factor("C", "K"), unit_factor("MA")
    (('s', 3600.0, 0.0), ('A', 1e-12, 0.0), ('K', 1.0, 273.15), None)
    """
    text = re.sub(r"\s", "", unit[:60]).replace("Ω", "ohm").replace("\u2126", "ohm").replace("º", "°").rstrip(".")
    bases = _BASES | _MEANT.get(si or "", {})
    if text.lower() in bases:
        return bases[text.lower()]
    for word, size in _SPELLED.items():
        if text.lower().startswith(word):
            return _scaled(bases.get(text[len(word) :].lower()), size, factors=(1.0,))
    prefix, base = text[:1], text[1:]
    found = bases.get(base.lower())
    if prefix not in _PREFIXES or found is None:
        return None
    if base == "hz" and prefix == "m":  # 'mhz' may be milli or mega
        return None
    if prefix in "MGT" and found[0] in _NEVER_LARGE:
        return None
    return _scaled(found, _PREFIXES[prefix], factors=(1.0, 3600.0) if found[0] == "C" else (1.0,))


def _scaled(found: Found | None, size: float, *, factors: tuple[float, ...]) -> Found | None:
    """Return a unit with a prefix; None where it takes none (a minute, a degree)."""
    if found is None or found[0] not in _WITH_PREFIX or found[1] not in factors:
        return None
    return found[0], float(f"{found[1] * size:.15g}"), 0.0


_WRITTEN = (
    "Hz", "ohm", "V", "A", "s", "min", "h", "d", "degC", "C", "Ah", "F", "H", "S", "rad", "deg", "K", "1", "%",
)  # fmt: skip


def unit_for(si: str, factor: float, offset: float = 0.0) -> str | None:
    """Return how closo writes a unit, None where it has no way to.

    Example
    -------
    >>> unit_for("ohm", 1e3), unit_for("s", 3600.0), unit_for("C", 3.6), unit_for("K", 1.0, 273.15)
    ('kohm', 'h', 'mAh', 'degC')
    """
    for written in _WRITTEN:
        for prefix in ("", "p", "n", "u", "m", "k", "M", "G", "T"):
            if unit_factor(prefix + written, si) == (si, factor, offset):
                return prefix + written
    return None
