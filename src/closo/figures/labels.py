"""Text in figures: our own labels made to look like print, everybody else's drawn literally."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["exponent", "literal", "pretty", "shorten", "split_label", "unit_text"]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PRETTY = (
    (r"''", "″"),
    (r"(?<=\w)'", "′"),
    (r"\blog10\b", "log₁₀"),
    (r"\bEa\b", "Eₐ"),
    (r"\bohm\b", "Ω"),
    (r"\bdegC\b", "°C"),
    (r"\bdeg\b", "°"),
    (r"\bum\b", "µm"),
    (r"\bsigma", "σ"),
    (r"\btau\b", "τ"),
    (r"\bgamma\b", "γ"),
    (r"\bphi\b", "φ"),
    (r"\brho\b", "ρ"),
    (r"\beps", "ε"),
    (r"\bdZ", "ΔZ"),
    (r"\bdT", "ΔT"),
    (r"\+-", "±"),
    (r"σ_b\b", "σ(bulk)"),
    (r"\bR_b\b", "R(bulk)"),
    (r"\bR_gb\b", "R(gb)"),
    (r"\bR_tot\b", "R"),
)
_POWER = re.compile(r"(?<=[A-Za-zΩ°%])(?:\^?(-?\d)|\^\((-?\d)\))(?![\d.])")
_PER = re.compile(r"(?<=\w)/(cm3|cm2|cm|m3|m2|m|K|g|kg|s|h|V|eV)\b")


def exponent(power: int) -> str:
    """Return 10 to `power` as printed.

    Example
    -------
    >>> exponent(-4)
    '10⁻⁴'
    """
    return "10" + str(power).translate(_SUPERSCRIPT)


def literal(text: object) -> str:
    """Return `text` on one line, without characters that no figure file can hold (controls, lone surrogates).

    Example
    -------
    >>> literal("a$b<c>" + chr(10) + "d" + chr(0))
    'a$b<c> d�'
    """
    if str(text).isprintable():
        return str(text)
    one_line = " ".join(str(text).split("\n"))
    return "".join("�" if _unprintable(character) else character for character in one_line.replace("\t", " "))


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or ord(character) & 0xFFFE == 0xFFFE


def shorten(text: str, length: int) -> str:
    """Return `text` with its middle left out where it is longer than `length`; the ends tell samples apart.

    Example
    -------
    >>> shorten("Na2B12H12-Aerosil200-35vol-4h-pellet1", 20)
    'Na2B12H12-Ae…pellet1'
    """
    if len(text) <= length:
        return text
    tail = (length - 1) * 2 // 5
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def pretty(label: str) -> str:
    """Return one of our own labels with the symbols of print (never used on names that a user gave).

    Example
    -------
    >>> pretty("-Z'' / ohm"), pretty("sigma / S/cm"), pretty("log10(sigma T / S K/cm)")
    ('−Z″ / Ω', 'σ / S cm⁻¹', 'log₁₀(σ T / S K cm⁻¹)')
    """
    text = literal(label)
    for pattern, replacement in _PRETTY:
        text = re.sub(pattern, replacement, text)
    symbol, separator, unit = text.partition(" / ")
    unit = unit_text(unit)
    return re.sub(r"(?:(?<=^)|(?<=[ (]))-(?=\w)", "−", symbol) + separator + unit


def unit_text(unit: str) -> str:
    """Return a unit of the nomenclature as printed.

    Example
    -------
    >>> unit_text("S/cm"), unit_text("1/K"), unit_text("cm2"), unit_text("F s^(n-1)"), unit_text("ohm"), unit_text("1")
    ('S cm⁻¹', 'K⁻¹', 'cm²', 'F sⁿ⁻¹', 'Ω', '')
    """
    if unit == "1":
        return ""
    for pattern, replacement in _PRETTY:
        unit = re.sub(pattern, replacement, unit)
    if re.fullmatch(r"1/\w+", unit):
        unit = f"{unit[2:]}-1"
    unit = _PER.sub(lambda m: f" {m[1].rstrip('23')}-{m[1][-1] if m[1][-1] in '23' else 1}", unit)
    return _POWER.sub(lambda m: (m[1] or m[2]).translate(_SUPERSCRIPT), unit.replace("^(n-1)", "ⁿ⁻¹"))


def split_label(label: str) -> tuple[str, str]:
    """Return (symbol, unit) of a label in the form 'symbol / unit'; the unit is empty where there is none.

    Example
    -------
    >>> split_label("σ / S cm⁻¹"), split_label("log₁₀(σ / S cm⁻¹)"), split_label("1000 K / T")
    (('σ', 'S cm⁻¹'), ('log₁₀(σ / S cm⁻¹)', ''), ('1000 K / T', ''))
    """
    symbol, separator, unit = label.rpartition(" / ")
    if not separator or unit == "T" or symbol.count("(") != symbol.count(")"):
        return label, ""
    return symbol, unit
