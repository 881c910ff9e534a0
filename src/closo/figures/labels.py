"""Text in figures and on pages: our own labels and numbers made to look like print, everybody else's drawn literally."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from closo.quantity import Quantity
from closo.units import spelled

if TYPE_CHECKING:
    from closo.figures.spec import FigureSpec

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PRETTY = (
    (r"(?<=(?<!['\w])[A-Z])''", "″"),
    (r"(?<=(?<!['\w])[A-Z])'", "′"),
    (r"log10\b", "log₁₀"),
    (r"\b2theta\b", "2θ"),
    (r"\bnu\b", "ν̃"),
    (r"\bp0\b", "p₀"),
    (r"\bdE\b", "ΔE"),
    (r"\bpi\*", "π*"),
    (r"\bEa\b", "Eₐ"),
    (r"\b([kMm]?)ohm\b", r"\1Ω"),
    (r"\bangstrom\b", "Å"),
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
    (r"\bI_inf\b", "I∞"),
    (r"\bI_0\b", "I₀"),
    (r"\bI_ss\b", "Iₛₛ"),
)
_POWER = re.compile(r"(?<=[A-Za-zΩ°%])(?:\^?(-?\d)|\^\((-?\d)\))(?![\d.])")
_MICRO = re.compile(r"\bu(?=(?:A|Ah|F|H|S|V|g|m|mol|s)(?![a-zA-Z]))")
_IN_TEXT = re.compile(
    r"(?<=\d) ((?:degC|[kMm]?ohm|um|u[AVF]|angstrom|m?S(?=/)|(?:\w+/)?[cmn]?m[23])(?:/\w+)?)(?![\w/])"
)
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
    odd = {c for c in one_line if unicodedata.category(c) in ("Cc", "Cs") or ord(c) & 0xFFFE == 0xFFFE}
    return "".join("�" if c in odd else c for c in one_line.replace("\t", " "))


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
    unit = _MICRO.sub("µ", unit)
    return _POWER.sub(lambda m: (m[1] or m[2]).translate(_SUPERSCRIPT), unit.replace("^(n-1)", "ⁿ⁻¹"))


def typeset(text: str) -> str:
    """Return a sentence of our own with the units behind its numbers as printed.

    Example
    -------
    >>> typeset("13 points, 30 degC to 130 degC; 97.1 kohm or 0.5 mS/cm at 50 uA/cm2 over 0.785 cm2")
    '13 points, 30 °C to 130 °C; 97.1 kΩ or 0.5 mS cm⁻¹ at 50 µA cm⁻² over 0.785 cm²'
    """
    return _IN_TEXT.sub(lambda unit: f" {unit_text(unit[1])}", text)


def value_text(quantity: Quantity | None) -> str:
    """Return value, uncertainty and unit as printed; '–' where there is no such quantity.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> value_text(Quantity("ionic_conductivity", uncertain(0.00502, {"thickness:p": 0.00017}))).replace(chr(160), " ")
    '(5.02 ± 0.17)·10⁻⁵ S cm⁻¹'
    """
    if quantity is None:
        return "–"
    if quantity.value is None:
        return "withheld"
    number, unit = quantity.as_read()
    return f"{_typeset(number)} {unit_text(unit)}".strip().replace(" ", chr(160))  # blanks that do not break


def number_text(value: float | None, u: float | None) -> str:
    """Return value and uncertainty as printed.

    Example
    -------
    >>> number_text(-1.234e-5, 2e-7), number_text(0.001468, 7e-5), number_text(20.0, None), number_text(None, None)
    ('(−1.234 ± 0.020)·10⁻⁵', '(1.468 ± 0.070)·10⁻³', '20', '–')
    """
    return "–" if value is None else _typeset(spelled(value, u or 0.0))


def _typeset(number: str) -> str:
    """Return a number with the signs and the power of ten of print."""
    mantissa, _, power = number.partition("e")
    return f"{mantissa}·{exponent(int(power))}".replace("-", "−") if power else number.replace("-", "−")


def title_of(spec: FigureSpec, width: float) -> str:
    """Return what stands above a figure that is `width` [inch] wide."""
    return shorten(literal(spec.title).replace(" degC", " °C"), int(17 * width) - 14 * spec.synthetic)


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
