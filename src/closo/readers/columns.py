"""What a column is called: the declared table of header names and units, and the `columns` text of the user.

A header cell such as `-Im(Z)/Ohm`, `Freq.[Hz]`, `Z'' (kΩ)` or `<I>/mA` is split into a name, a sign and a unit; the name
is looked up in ALIASES and the unit in the table of units. A name that is not in the table is skipped; a known name with
an unknown unit is an error, because the numbers would be wrong by an unknown factor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from closo.errors import StudyError, did_you_mean
from closo.nomenclature import NAMES, look_up

__all__ = [
    "ALIASES",
    "Column",
    "UnknownUnitError",
    "from_header",
    "from_request",
    "name_of",
    "split_unit",
    "unit_factor",
]

# nomenclature name -> header names, as `_plain` writes them (small letters, no blanks, underscores or quotes)
ALIASES: dict[str, tuple[str, ...]] = {
    "frequency": ("f", "freq", "freq.", "frequency", "frequenz", "data:frequency"),
    "impedance_real": (
        "z'", "zs'", "re(z)", "rez", "real(z)", "zre", "zreal", "zr", "real", "realz", "impedancereal", "data:z'",
    ),
    "impedance_imag": (
        "z''", "zs''", "im(z)", "imz", "imag(z)", "zim", "zimg", "zimag", "zi", "imag", "imagz", "impedanceimag",
        "data:z''",
    ),
    "impedance_modulus": ("|z|", "z", "zmod", "mod(z)", "abs(z)", "impedancemodulus", "data:|z|"),
    "phase": ("phase", "phase(z)", "phaseofz", "phaseangle", "phi", "theta", "zphz", "zphase", "data:theta(z)"),
    "time": ("time", "t", "elapsedtime", "timesec"),
    "potential": ("ewe", "<ewe>", "e", "potential", "we(1).potential", "vf", "vdc", "edc"),
    "voltage": ("ecell", "<ecell>", "voltage", "u", "cellvoltage"),
    "current": ("i", "<i>", "current", "we(1).current", "idc"),
    "charge": ("(q-qo)", "charge"),
    "cycle": ("cyclenumber", "cycle"),
    "temperature": ("temp.", "temp", "temperature"),
}  # fmt: skip
_NAME_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

# what a number is taken as when its header states no unit; None: it must be stated
_ASSUMED_UNIT = {
    "frequency": "Hz", "impedance_real": "ohm", "impedance_imag": "ohm", "impedance_modulus": "ohm", "phase": None,
    "time": "s", "potential": "V", "voltage": "V", "current": "A", "charge": None, "cycle": "1", "temperature": None,
}  # fmt: skip

_SIDE = ("charge", "cycle", "temperature")  # left out, not refused, when their unit is not known

_BASES: dict[str, tuple[str, float, float]] = {  # small letters -> SI unit, factor, offset
    "hz": ("Hz", 1.0, 0.0),
    "ohm": ("ohm", 1.0, 0.0),
    "ohms": ("ohm", 1.0, 0.0),
    "v": ("V", 1.0, 0.0),
    "a": ("A", 1.0, 0.0),
    "s": ("s", 1.0, 0.0),
    "sec": ("s", 1.0, 0.0),
    "min": ("s", 60.0, 0.0),
    "h": ("s", 3600.0, 0.0),
    "hr": ("s", 3600.0, 0.0),
    "c": ("C", 1.0, 0.0),
    "ah": ("C", 3600.0, 0.0),
    "a.h": ("C", 3600.0, 0.0),
    "rad": ("rad", 1.0, 0.0),
    "deg": ("rad", 0.017453292519943295, 0.0),
    "degree": ("rad", 0.017453292519943295, 0.0),
    "degrees": ("rad", 0.017453292519943295, 0.0),
    "°": ("rad", 0.017453292519943295, 0.0),
    "k": ("K", 1.0, 0.0),
    "°c": ("K", 1.0, 273.15),
    "degc": ("K", 1.0, 273.15),
    "1": ("1", 1.0, 0.0),
    "%": ("1", 0.01, 0.0),
}
_PREFIXES = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_WITH_PREFIX = {"Hz", "ohm", "V", "A", "s", "C"}


class UnknownUnitError(Exception):
    """A known column has a unit that is not in the table (caught by the readers, which know file and line)."""


@dataclass(frozen=True)
class Column:
    """One understood column: SI value = sign * (number * factor + offset).

    Attributes
    ----------
    name : of the nomenclature.
    index : position in the row, from 0.
    sign : -1 where the file holds the negative.
    unit : as written, '' where the header states none.
    """

    name: str
    index: int
    sign: int = 1
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""


def unit_factor(unit: str) -> tuple[str, float, float] | None:
    """Return (SI unit, factor, offset) of a unit, None when it is not known.

    Example
    -------
    >>> unit_factor("kOhm"), unit_factor("mA.h"), unit_factor("°C"), unit_factor("ohm cm2")
    (('ohm', 1000.0, 0.0), ('C', 3.6, 0.0), ('K', 1.0, 273.15), None)
    """
    text = re.sub(r"\s", "", unit).replace("Ω", "ohm").replace("\u2126", "ohm").replace("º", "°")
    if text.lower() in _BASES:
        return _BASES[text.lower()]
    prefix, base = text[:1], text[1:]
    found = _BASES.get(base.lower())
    if prefix not in _PREFIXES or found is None or found[0] not in _WITH_PREFIX:
        return None
    if base == "hz" and prefix == "m":  # 'mhz' may be milli or mega
        return None
    return found[0], round(found[1] * _PREFIXES[prefix], 15), 0.0


def from_header(cells: Sequence[str], units: Sequence[str] | None = None) -> dict[str, Column]:
    """Return name -> column of the header cells that are understood; the first of equal names wins.

    Parameters
    ----------
    cells : the names, each with or without a unit.
    units : a row of units below the names, where the file has one.

    Raises
    ------
    UnknownUnitError  when a known column has an unknown unit.

    Example
    -------
    >>> c = from_header(["freq/Hz", "Re(Z)/kOhm", "-Im(Z)/kOhm", "Cs/µF"])
    >>> c["impedance_imag"].sign, c["impedance_imag"].factor, sorted(c)
    (-1, 1000.0, ['frequency', 'impedance_imag', 'impedance_real'])
    """
    found: dict[str, Column] = {}
    for index, cell in enumerate(cells):
        name, sign, unit = _split(cell)
        if name is None or name in found:
            continue
        if units is not None and not unit and index < len(units):
            unit = units[index].strip()
        if name in _SIDE and unit and not _fits(name, unit):
            continue
        column = _with_unit(name, index, sign, unit)
        if column is not None:
            found[name] = column
    return found


def _fits(name: str, unit: str) -> bool:
    factor = unit_factor(unit)
    return factor is not None and factor[0] == look_up(name).si


def name_of(cell: str) -> str | None:
    """Return the nomenclature name of a header cell, None when it is not in the table.

    Example
    -------
    >>> name_of("-Z'' (Ω)"), name_of("Status")
    ('impedance_imag', None)
    """
    return _split(cell)[0]


def _with_unit(name: str, index: int, sign: int, unit: str) -> Column | None:
    """Return the column, or None where a unit is needed and missing."""
    text = unit or _ASSUMED_UNIT[name]
    if text is None:
        return None
    factor = unit_factor(text.split(" vs")[0])
    if factor is None or factor[0] != look_up(name).si:
        raise UnknownUnitError(
            f"the column '{name}' has the unit '{unit[:30]}', which is not a unit of {look_up(name).si}"
        )
    return Column(name, index, sign, factor[1], factor[2], unit)


_UNIT = re.compile(r"^(?P<name>.*?)\s*(?:\[(?P<square>[^\[\]]*)\]|\((?P<round>[^()]*)\)|/\s*(?P<slash>[^/()\[\]]+))$")


def split_unit(cell: str) -> tuple[str, str]:
    """Split a header cell into the name as it stands there and the unit, '' where it states none.

    Example
    -------
    >>> split_unit("Test_Time(s)"), split_unit("Cap. [Ah]"), split_unit("Voltage / V"), split_unit("Cyc#")
    (('Test_Time', 's'), ('Cap.', 'Ah'), ('Voltage', 'V'), ('Cyc#', ''))
    """
    text = cell[:80].strip().strip("\ufeff").strip('"').strip()
    match = _UNIT.match(text)
    if match is None:
        return text, ""
    return match["name"].strip(), (match["square"] or match["round"] or match["slash"] or "").strip()


def _split(cell: str) -> tuple[str | None, int, str]:
    """Split a header cell into nomenclature name (None when unknown), sign and unit."""
    text = cell[:80].strip().strip("\ufeff")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    match = _UNIT.match(text)
    if match is not None:
        unit = match["square"] or match["round"] or match["slash"] or ""
        # '(Z)' of 'Re(Z)' is part of the name; '(a.u.)' of 'Z' (a.u.)' is a unit, though an unknown one
        if _NAME_OF.get(_plain(text).lstrip("-")) is None:
            name = _plain(match["name"])
            if match["name"].strip() == "T":  # as in 'T/K'; a small t is the time
                name = "temperature"
            return _NAME_OF.get(name.lstrip("-")), -1 if name.startswith("-") else 1, unit.strip()
    name = _plain(text)
    return _NAME_OF.get(name.lstrip("-")), -1 if name.startswith("-") else 1, ""


def _plain(name: str) -> str:
    """Write a header name as in ALIASES."""
    text = name.lower().translate(_LOOK_ALIKES)
    return re.sub(r"[\s_]", "", text).replace("''''", "''")


_LOOK_ALIKES = str.maketrans(
    {"″": "''", "′": "'", "’": "'", "´": "'", "`": "'", '"': "''", "−": "-", "–": "-", "—": "-"}
)


def from_request(text: str) -> tuple[int, dict[str, Column]]:
    """Read the user's `columns`: names in the order of the file.

    Parameters
    ----------
    text : 'frequency[kHz],impedance_real,-impedance_imag,_': nomenclature names, a unit in brackets where it is not the
        SI unit, '-' where the file holds the negative, '_' for a column to skip.

    Returns
    -------
    number of columns, name -> column.

    Raises
    ------
    StudyError  when a name or unit is unknown, or a name occurs twice.

    Example
    -------
    >>> n, c = from_request("_,frequency[kHz],impedance_real,-impedance_imag")
    >>> n, c["frequency"].index, c["frequency"].factor, c["impedance_imag"].sign
    (4, 1, 1000.0, -1)
    """
    found: dict[str, Column] = {}
    parts = [part.strip() for part in text.split(",")]
    for index, part in enumerate(parts):
        if part in ("_", ""):
            continue
        match = re.fullmatch(r"(-?)\s*(\w+)\s*(?:\[([^\[\]]*)\])?", part)
        if match is None:
            raise StudyError(
                f"'{part[:50]}' in columns is not a name.", hint="Write for example 'frequency[kHz]' or '_'."
            )
        sign, name, unit = -1 if match[1] else 1, match[2], match[3]
        if name not in NAMES:
            raise StudyError(f"'{name[:50]}' in columns is not a name closo knows.", hint=did_you_mean(name, ALIASES))
        row = look_up(name)
        if name in found:
            raise StudyError(f"columns names '{name}' twice.", hint="Write '_' for the column to skip.")
        if name == "impedance":
            raise StudyError(
                "columns needs 'impedance_real' and 'impedance_imag', not 'impedance'.", hint="Name both parts."
            )
        factor, offset = (1.0, 0.0) if not unit or unit == row.si else _requested_unit(name, unit)
        found[name] = Column(name, index, sign, factor, offset, unit or row.si)
    _need_pairs(found)
    return len(parts), found


def _requested_unit(name: str, unit: str) -> tuple[float, float]:
    row = look_up(name)
    if unit == row.shown:
        return row.factor, row.offset
    factor = unit_factor(unit)
    if factor is None or factor[0] != row.si:
        known = " or ".join(dict.fromkeys((row.si, row.shown)))
        raise StudyError(f"'{unit[:30]}' is not a unit of {name}.", hint=f"Use {known}.")
    return factor[1], factor[2]


def _need_pairs(found: dict[str, Column]) -> None:
    """Check that an impedance is asked for whole."""
    if not found:
        raise StudyError(
            "columns names no column.", hint="Write for example 'frequency,impedance_real,-impedance_imag'."
        )
    halves = {"impedance_real": "impedance_imag", "impedance_modulus": "phase"}
    for one, other in (halves | {b: a for a, b in halves.items()}).items():
        if one in found and other not in found:
            raise StudyError(f"columns names '{one}' but not '{other}'.", hint="An impedance needs both.")
    if "frequency" not in found and ("impedance_real" in found or "impedance_modulus" in found):
        raise StudyError("columns names an impedance but no 'frequency'.", hint="Name the column of the frequency.")
