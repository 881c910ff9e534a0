"""Every name closo uses, once: symbol, SI unit, shown unit, label and meaning.

Inside closo all values are SI (spectral axes keep the field's unit). This table alone knows how a value is shown:
`shown = (SI - offset) / factor`.  A quantity or variable that is not in the table does not exist; add a row.
"""

from __future__ import annotations

from closo.errors import StudyError, did_you_mean
from closo.nomenclature import cells, electrical, powders, spectra
from closo.nomenclature.row import Name

__all__ = ["NAMES", "Name", "from_shown", "look_up", "to_shown"]

NAMES: dict[str, Name] = {row.name: row for row in (*electrical.ROWS, *powders.ROWS, *cells.ROWS, *spectra.ROWS)}


def look_up(name: str) -> Name:
    """Return the row of `name`.

    Raises
    ------
    StudyError  if the name is not in the nomenclature; the nearest one is suggested.
    """
    if name not in NAMES:
        raise StudyError(f"'{name}' is not a name closo knows.", hint=did_you_mean(name, NAMES))
    return NAMES[name]


def to_shown(name: str, si: float) -> float:
    """Convert an SI value into the unit in which `name` is shown.

    Example
    -------
    >>> to_shown("ionic_conductivity", 0.05)
    0.0005
    """
    row = look_up(name)
    return (si - row.offset) / row.factor


def from_shown(name: str, shown: float) -> float:
    """Convert a value in the shown unit of `name` into SI.

    Example
    -------
    >>> from_shown("temperature", 30.0)
    303.15
    """
    row = look_up(name)
    return shown * row.factor + row.offset
