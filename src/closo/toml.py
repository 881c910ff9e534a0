"""TOML as people write it: the file with its encodings and limits, and the numbers inside it; and written by closo.

TOML only: it has no aliases to blow up and no code to run. A number is text with a unit. `"310 ± 5 um"` states its
standard uncertainty; where none is stated, only the rounding of the last printed digit is known (half a unit,
rectangular: u = half / sqrt 3). `"200-400 um"` is a range. Decimal commas and missing units are refused.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closo.errors import StudyError, with_article
from closo.nomenclature import look_up
from closo.quantity import Number, parse

_VALUE = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = re.compile(rf"\s*({_VALUE})\s*(?:(?:±|\+/-|\+-)\s*({_VALUE}))?\s*(.*?)\s*")
_RANGE = re.compile(rf"\s*({_VALUE})\s*(?:-|–|to)\s*({_VALUE})\s*(.*?)\s*")
_MAXIMUM_LENGTH = 200  # characters of one number
_MAXIMUM_SIZE = 2_000_000  # bytes of a file
_MAXIMUM_ENTRIES = 200_000  # lines, keys and members of lists in a file
_DEEPEST = 8  # parts of a dotted key; tomllib keeps every prefix of it, which grows with the square
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_DEEP_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_PART}\.[ \t]*+){{{_DEEPEST},}}+")
_END_OF_KEY = re.compile(rf"{_PART}[\]=]")
_NO_SENTENCE = 100  # parts in a row, which nobody writes in a text either


@dataclass(frozen=True)
class Range:
    """A printed range such as '200-400 um': both ends with their rounding, and the whole as one number."""

    low: Number  # the ends [SI]
    high: Number
    number: Number  # the middle with a rectangular uncertainty, half the width / sqrt 3 [SI]


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    StudyError  when it is missing, too large, not UTF-8 or not TOML, with the line.
    """
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        raise StudyError(f"closo reads TOML, not {path.suffix[1:].upper()}.", file=path, hint="Write it as .toml.")
    try:
        if not path.is_file():
            raise StudyError(
                "there is no such file." if not path.exists() else "this is not a regular file.",
                file=path,
                hint="`closo new` makes a study.",
            )
        if path.stat().st_size > _MAXIMUM_SIZE:
            raise StudyError(
                f"the file has {path.stat().st_size} bytes; at most {_MAXIMUM_SIZE} are read.",
                file=path,
                hint="Measured data belong in files of their own.",
            )
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise StudyError(f"the file cannot be opened ({error}).", file=str(path)[:300]) from None
    return _parse_toml(content, path)


def _parse_toml(content: bytes, path: Path) -> dict[str, Any]:
    """Decode and parse, or say where it went wrong."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise StudyError("the file is UTF-16.", file=path, hint="Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"byte 0x{content[error.start]:02x} is not UTF-8.",
            file=path,
            where=f"line {line}",
            hint="Save it as UTF-8.",
        ) from None
    _refuse_bulk(text, path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        hint = "Text goes in quotes: key = 'value'." if "value" in what.lower() else None
        raise StudyError(f"not TOML: {what}.", file=path, where=place.rstrip(")") or None, hint=hint) from None
    except (RecursionError, ValueError):
        raise StudyError("not TOML: nested too deeply, or a number too long.", file=path) from None


def _refuse_bulk(text: str, path: Path) -> None:
    """Refuse what would take minutes or gigabytes to parse, and is not a study."""
    entries = sum(text.count(mark) for mark in "\n,=")
    if entries > _MAXIMUM_ENTRIES:
        what = f"the file has about {entries} lines, keys and members of lists; at most {_MAXIMUM_ENTRIES} are read."
        raise StudyError(what, file=path, hint="Measured data belong in files of their own.")
    for deep in _DEEP_KEY.finditer(text):
        if deep[0].count(".") < _NO_SENTENCE and not _END_OF_KEY.match(text, deep.end()):
            continue  # short words in a text
        what = f"a key has more than {_DEEPEST} parts, '{deep[0][:60]}...'."
        line = text.count("\n", 0, deep.start()) + 1
        raise StudyError(what, file=path, where=f"line {line}", hint="No table of closo is that deep.")


def toml_table(heading: str, entries: Mapping[str, Any]) -> list[str]:
    """Return the lines of a table of TOML, the last of them empty."""
    return [heading, *(f"{key} = {toml_text(value)}" for key, value in entries.items()), ""]


def toml_text(value: Any) -> str:
    """Return a TOML string, number, truth value, array or inline table.

    Example
    -------
    >>> toml_text({"circuit": "(R|Q)-Q", "f_min": 10.0, "drt": False})
    '{ circuit = "(R|Q)-Q", f_min = 10.0, drt = false }'
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_text(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(toml_text(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # a text is as in JSON, but for this


def last_digit(text: str) -> float:
    """Return the size of the last printed digit of a number.

    Example
    -------
    >>> last_digit("5e-4"), last_digit("1.9e-5"), last_digit("0.785"), last_digit("350")
    (0.0001, 1e-06, 0.001, 1.0)
    """
    mantissa, _, exponent = text.strip().lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(f"1e{int(exponent or 0) - decimals}")


def split_number(text: str) -> tuple[str, str | None, str] | None:
    """Return number, standard uncertainty and unit as they are written, or None where the text is not a number.

    Example
    -------
    >>> split_number("310 ± 5 um"), split_number("5e-4 S/cm"), split_number("many")
    (('310', '5', 'um'), ('5e-4', None, 'S/cm'), None)
    """
    match = _NUMBER.fullmatch(text) if len(text) <= _MAXIMUM_LENGTH else None
    return match.groups() if match else None  # type: ignore[return-value]


def split_range(text: str) -> tuple[str, str, str] | None:
    """Return both ends and the unit of '25-40 vol%', or None where the text is not a range."""
    match = _RANGE.fullmatch(text) if len(text) <= _MAXIMUM_LENGTH else None
    return match.groups() if match else None  # type: ignore[return-value]


def read_number(value: object, quantity: str, *, label: str) -> Number:
    """Return the number [SI] that `value` states, with `label` as its source.

    Parameters
    ----------
    value : text with a unit, e.g. '310 ± 5 um'; a bare number only where the unit is 1.
    quantity : a name of the nomenclature.

    Raises
    ------
    StudyError  when it is not a number, has no unit, or one that does not fit.

    Example
    -------
    >>> length = read_number("310 ± 5 um", "thickness", label="thickness:p1")
    >>> f"{length.x:.3g} m, {length.u:.1g} m"
    '0.00031 m, 5e-06 m'
    """
    shown = look_up(quantity).shown
    text = _as_text(value, quantity)
    pieces = split_number(text)
    if pieces is None:
        raise StudyError(f"'{text}' is not {with_article(quantity)}.", hint=f"Write for example '{_example(shown)}'.")
    number, spread, unit = pieces
    if not math.isfinite(float(number)):
        raise StudyError(f"{quantity} = '{text}' is not valid: it must be finite.", hint="Correct the value.")
    if unit == "%" and "%" in shown:  # points of percent, not percent of the value
        spread = spread or repr(_rounding(number))
        return parse(f"{float(number) / 100.0!r} ± {float(spread) / 100.0!r} 1", quantity, label=label)
    if not re.sub(r"^%\s*", "", unit) and shown != "1":
        raise StudyError(
            f"'{text}' has no unit, but {quantity} needs one.", hint=f"Write for example '{text} {shown}'."
        )
    whole = f"{number} ± {_rounding(number):.6e} {unit}" if spread is None else text
    try:
        return parse(whole, quantity, label=label)
    except StudyError as error:
        raise StudyError(error.message.replace(whole, text), hint=error.hint) from None


def _rounding(number: str) -> float:
    """Return the standard uncertainty of a number of which only the printed digits are known."""
    return last_digit(number) / 2.0 / math.sqrt(3.0)


def read_range(value: object, quantity: str, *, label: str) -> Number | Range:
    """Return a number, or a `Range` where `value` states two ends ('200-400 um', '200 to 400 um')."""
    pieces = split_range(_as_text(value, quantity))
    if pieces is None:
        return read_number(value, quantity, label=label)
    low, high, unit = pieces
    if float(low) >= float(high):
        raise StudyError(f"'{value}' is not a range: {low} is not below {high}.", hint="Write the lower end first.")
    middle = (float(low) + float(high)) / 2.0
    half = (float(high) - float(low)) / 2.0
    return Range(
        read_number(f"{low} {unit}", quantity, label=f"{label} (low)"),
        read_number(f"{high} {unit}", quantity, label=f"{label} (high)"),
        read_number(f"{middle!r} ± {half / math.sqrt(3.0)!r} {unit}", quantity, label=label),
    )


def _as_text(value: object, quantity: str) -> str:
    """Return the text of a value of the study file; anything that cannot be a number is refused."""
    shown = look_up(quantity).shown
    if isinstance(value, int | float) and not isinstance(value, bool):
        if shown != "1":
            raise StudyError(
                f"{value!r} has no unit, but {quantity} needs one.", hint=f"Write it as text, '{value!r} {shown}'."
            )
        value = repr(value)
    if not isinstance(value, str):
        raise StudyError(f"a {quantity} is needed, but a {type(value).__name__} was found.")
    if len(value) > _MAXIMUM_LENGTH:
        raise StudyError(f"a text of {len(value)} characters is not a {quantity}.")
    if re.search(r"\d,\d", value):
        raise StudyError(
            f"'{value}' has a decimal comma.", hint=f"Write the number with a point: '{value.replace(',', '.')}'."
        )
    return value


def _example(shown: str) -> str:
    """Return a number with the unit `shown`, as an example."""
    return "310 ± 5" if shown == "1" else f"310 ± 5 {shown}"
