"""The columns of a table: what `names` understands of a header, chosen and with units, and the `columns` text of the user.

A name that is not in the tables of `names` is skipped; a known name with an unknown unit is an error, because the numbers
would be wrong by an unknown factor. Where two cells have one name, the first that has a fitting unit is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from closo.errors import StudyError, did_you_mean
from closo.nomenclature import NAMES, look_up
from closo.readers.tools.immittance import PAIRS, pair_in
from closo.readers.tools.names import ALIASES, BESIDE_A_FREQUENCY, Cell, si_of, split_unit, understand
from closo.readers.tools.units import unit_factor, unit_for

__all__ = [
    "ALIASES",
    "Column",
    "UnknownUnitError",
    "from_header",
    "from_request",
    "name_of",
    "names_in",
    "split_unit",
    "to_request",
    "unit_factor",
]

# what a number is taken as when its header states no unit; those that are not here must state it
_ASSUMED_UNIT = {
    "frequency": "Hz", "impedance_real": "ohm", "impedance_imag": "ohm", "impedance_modulus": "ohm", "time": "s",
    "potential": "V", "voltage": "V", "current": "A", "cycle": "1", "step": "1", "step_time": "s", "date_time": "s",
    "parallel_resistance": "ohm", "dissipation": "1", "quality": "1",
}  # fmt: skip
_SIDE = (  # left out where their unit is not known
    "charge", "set_current", "cycle", "step", "temperature", "step_time", "date_time",
)  # fmt: skip
_TIMES = ("time", "step_time", "date_time")
_ZVIEW = (("impedance_real", "a"), ("impedance_imag", "b"))  # Z'(a) and Z''(b) of ZView: the two parts, not units
_CLOCK_UNIT = re.compile(r"(?:d+\D{1,2})?h{1,2}\W?m(?:m|in)?(?:\W?s{1,2}\W?[s0mf]*)?|hms|dhms", re.IGNORECASE)


class UnknownUnitError(Exception):
    """A known column has a unit that is not in the table (caught by the readers, which know file and line)."""


@dataclass(frozen=True)
class Column:
    """One understood column: SI value = sign * (number * factor + offset)."""

    name: str  # of the nomenclature, or of `names.BESIDE_A_FREQUENCY`, or 'step_time', 'date_time'
    index: int  # position in the row, from 0
    sign: int = 1  # -1 where the file holds the negative
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""  # as written, '' where the header states none
    reference: str = ""  # of a potential, as in 'Na+/Na'; '' where the header states none


def from_header(cells: Sequence[str], units: Sequence[str] | None = None) -> dict[str, Column]:
    """Return name -> column of the header cells that are understood; of equal names the first with a fitting unit wins.

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
    wrong: dict[str, str] = {}
    for index, cell in sorted(_named(cells).items(), key=lambda entry: (entry[1].rank, entry[0])):
        name = str(cell.name)
        if name in found:
            continue
        unit = cell.unit
        if units is not None and not unit and index < len(units):
            unit = units[index].strip()
        try:
            column = _with_unit(replace(cell, unit=unit), index)
        except UnknownUnitError as error:
            wrong.setdefault(name, str(error))
            continue
        if column is not None:
            found[name] = column
    for name, message in wrong.items():
        if name not in found and not _to_spare(name, found):
            raise UnknownUnitError(message)
    return found


def _to_spare(name: str, found: Mapping[str, Column]) -> bool:
    """Return True for a column that a record does without: an E that is an energy beside U, a Z that is a position."""
    if name in ("potential", "voltage"):
        return "potential" in found or "voltage" in found
    return "time" in found and "frequency" not in found and any(name in pair for pair in PAIRS)


def _named(cells: Sequence[str]) -> dict[int, Cell]:
    """Return position -> what the cell names, of the cells that are used.

    A name that says too little alone counts beside a frequency only, and only where it completes an impedance that the sure
    names do not make. Of several times one is taken: the total before the time of a step, and a date last.
    """
    found = {i: cell for i, cell in enumerate(map(understand, cells)) if cell.name is not None}
    named = [cell.name for cell in found.values()]
    found = {i: c for i, c in found.items() if c.rank < 2 or named.count(c.name) == 1}  # not 'Hours, Minutes, Seconds'
    sure = {cell.name for cell in found.values() if cell.sure}
    used = set(sure)
    if "frequency" in sure and pair_in(sure) not in PAIRS[:2]:
        used |= set(pair_in({cell.name for cell in found.values() if _possible(cell)}) or ())
    time = next((name for name in _TIMES if name in sure), None)
    used -= {name for name in _TIMES if name != time}
    return {i: c for i, c in found.items() if c.name in used and (c.sure or (c.name not in sure and _possible(c)))}


def _possible(cell: Cell) -> bool:
    """Return False for a unit that cannot be one of what an unsure name means."""
    return cell.sure or not cell.unit or _fits(str(cell.name), cell.unit)


def _fits(name: str, unit: str) -> bool:
    factor = unit_factor(unit, si_of(name))
    return factor is not None and factor[0] == si_of(name)


def name_of(cell: str) -> str | None:
    """Return the nomenclature name of a header cell, None when it is not in the table or says too little alone.

    Example
    -------
    >>> name_of("-Z'' (Ω)"), name_of("Status"), name_of("Rs (ohm)")
    ('impedance_imag', None, None)
    """
    found = understand(cell)
    return found.name if found.sure else None


def names_in(cells: Sequence[str]) -> list[str | None]:
    """Return the name of each cell of a header, None for those that are not used.

    Example
    -------
    >>> names_in(["Frequency (Hz)", "Cp (F)", "D", "Cs (F)"])
    ['frequency', 'parallel_capacitance', 'dissipation', None]
    """
    found = _named(cells)
    return [found[i].name if i in found else None for i in range(len(cells))]


def _with_unit(cell: Cell, index: int) -> Column | None:
    """Return the column, or None where it may be left out: a unit is needed and missing, or of no matter."""
    name, unit = str(cell.name), cell.unit
    if (name in _TIMES and _CLOCK_UNIT.fullmatch(unit)) or (name, unit) in _ZVIEW:
        unit = ""
    text = unit or _ASSUMED_UNIT.get(name)
    if text is None or (name in _SIDE and not _fits(name, text)):
        return None
    factor = unit_factor(text, si_of(name))
    if factor is None or factor[0] != si_of(name):
        raise UnknownUnitError(f"the column '{name}' has the unit '{unit[:30]}', which is not a unit of {si_of(name)}")
    return Column(name, index, cell.sign, factor[1], factor[2], unit, cell.reference)


def to_request(width: int, columns: Iterable[Column]) -> str:
    """Return the text of `columns` that names these columns, with sign and unit.

    Example
    -------
    >>> to_request(4, from_header(["No", "f (kHz)", "Z' (kOhm)", "-Z'' (kOhm)"]).values())
    '_,frequency[kHz],impedance_real[kohm],-impedance_imag[kohm]'
    """
    parts = ["_"] * width
    for column in columns:
        si = si_of(column.name)
        unit = unit_for(si, column.factor, column.offset)
        plain = (column.factor, column.offset) == (1.0, 0.0)
        parts[column.index] = f"{'-' if column.sign < 0 else ''}{column.name}{'' if plain else f'[{unit}]'}"
    return ",".join(parts)


def from_request(text: str) -> tuple[int, dict[str, Column]]:
    """Read the user's `columns`: names in the order of the file.

    Parameters
    ----------
    text : 'frequency[kHz],impedance_real,-impedance_imag,_': nomenclature names, a unit in brackets where it is not the
        SI unit, '-' where the file holds the negative, '_' for a column to skip; '<name>_u' for standard uncertainties.

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
    parts = [part.strip() for part in text.strip().strip("'\"").split(",")]
    for index, part in enumerate(parts):
        if part in ("_", ""):
            continue
        match = re.fullmatch(r"(-?)\s*(\w+)\s*(?:\[([^\[\]]*)\])?", part)
        if match is None:
            raise StudyError(
                f"'{part[:50]}' in columns is not a name.", hint="Write for example 'frequency[kHz]' or '_'."
            )
        sign, name, unit = -1 if match[1] else 1, match[2], match[3]
        if name.removesuffix("_u") not in NAMES and name not in _EXTRA:
            raise StudyError(f"'{name[:50]}' in columns is not a name closo knows.", hint=did_you_mean(name, _COMMON))
        if name in found:
            raise StudyError(f"columns names '{name}' twice.", hint="Write '_' for the column to skip.")
        if name == "impedance":
            raise StudyError(
                "columns needs 'impedance_real' and 'impedance_imag', not 'impedance'.", hint="Name both parts."
            )
        si = si_of(name)
        factor, offset = (1.0, 0.0) if not unit or unit == si else _requested_unit(name, unit)
        found[name] = Column(name, index, sign, factor, offset, unit or si)
    _need_pairs(found)
    return len(parts), found


_EXTRA = {"step_time", "date_time"} | (set(BESIDE_A_FREQUENCY) - set(NAMES))
_COMMON = [name for name in ALIASES if name not in ("step", "step_time", "date_time")]


def _requested_unit(name: str, unit: str) -> tuple[float, float]:
    si = si_of(name)
    shown = look_up(name) if name in NAMES else None
    if shown is not None and unit == shown.shown:
        return shown.factor, shown.offset
    factor = unit_factor(unit, si)
    if factor is None or factor[0] != si:
        known = " or ".join(dict.fromkeys((si, shown.shown if shown else si)))
        raise StudyError(f"'{unit[:30]}' is not a unit of {name}.", hint=f"Use {known}.")
    return factor[1], factor[2]


def _need_pairs(found: Mapping[str, Column]) -> None:
    """Check that an impedance is asked for whole."""
    if not found:
        raise StudyError(
            "columns names no column.", hint="Write for example 'frequency,impedance_real,-impedance_imag'."
        )
    pair = pair_in(found)
    if pair is None:
        for name in found:
            others = [b if name == a else a for a, b in PAIRS if name in (a, b)]  # the usual one first
            if others:
                raise StudyError(
                    f"columns names '{name}' but not '{others[0]}'.",
                    hint="An impedance needs both."
                    if len(others) == 1 or others[0] in PAIRS[0]
                    else f"An impedance needs one of {', '.join(others)} beside it.",
                )
    elif "frequency" not in found:
        raise StudyError("columns names an impedance but no 'frequency'.", hint="Name the column of the frequency.")
