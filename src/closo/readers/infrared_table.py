"""Infrared spectra as columns of text: CSV of OMNIC, OPUS .dpt and Spectrum, and tables with names.

Recognised by a column of wavenumbers (`Wavenumber`, `Wavenumbers (cm-1)`, or `cm-1` in front of `%T`, `%R` or `A`) among the
first lines; a .dpt by its name.

Columns: the wavenumber [1/cm], and one or more ordinates, each a spectrum of its own: `absorbance`, `A`, `log(1/R)`,
`transmittance`, `%T`, `reflectance`, `%R`, `Kubelka-Munk`, `KM`, `F(R)`, `single beam`, in any capitals, with `%` or
`percent` where they are in per cent. A row of units may stand below the names. Separators, decimal comma and cut rows as
in other tables. Lines above the names are passed over; one that begins with `#` is kept as the comment.

Refused: no names (they do not say whether 0.35 is an absorbance or a reflectance: `--columns` names them), a wavenumber
in another unit, no known ordinate, transmittance or reflectance above 1.5 that is not said to be in per cent.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.infrared import PERCENT, measurement
from closo.readers.tools.table import SEPARATORS, best_separator, cells, numeric_cells, read_rows
from closo.readers.tools.text import Text, load, shown

_SEARCHED = 200  # lines
_HINT = (
    "Name them: --columns wavenumber,absorbance, or in its place reflectance[%], transmittance[%] or kubelka_munk; '_' "
    "skips a column."
)
_NAMES = {
    "absorbance": "absorbance", "abs": "absorbance", "a": "absorbance", "log(1/r)": "log(1/R)", "log1/r": "log(1/R)",
    "transmittance": "transmittance", "transmission": "transmittance", "t": "transmittance",
    "reflectance": "reflectance", "diffusereflectance": "reflectance", "r": "reflectance",
    "kubelkamunk": "Kubelka-Munk", "km": "Kubelka-Munk", "f(r)": "Kubelka-Munk", "singlebeam": "single beam",
}  # fmt: skip
_UNIT = r"cm(?:\^?[-−–]1|⁻¹|\^\(?-1\)?)|1/cm"


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every spectrum of a table.

    Raises
    ------
    ReadError  when no line names wavenumber and ordinate, or no rows follow.
    """
    text = load(path)
    header = _header(text)
    if header is None:
        first = next((line for line in text.lines[:_SEARCHED] if best_separator(line) is not None), "")
        raise text.error(f"no line names wavenumber and ordinate; the first row is {shown(first)}.", _HINT)
    line, separator, axis, found = header
    width = len(cells(text.lines[line], separator))
    below = range(line + 1, len(text.lines))
    start = next((i for i in below if numeric_cells(text.lines[i], separator) > 1), len(text.lines))
    rows = read_rows(
        text, range(start, len(text.lines)), separator, wanted=[axis, *(k for k, _, _ in found)], width=width
    )
    if len(rows.values) < 2:
        raise text.error("fewer than two rows of numbers follow the names.", "Export the spectrum again.", line=line)
    comment = "\n".join(entry.lstrip("# ").strip()[:300] for entry in text.lines[:line][:20] if entry.startswith("#"))
    parts = []
    for k, (place, ordinate, factor) in enumerate(found):
        values = rows.values[:, k + 1] * factor
        _refuse_per_cent(text, line, ordinate, values)
        title = cells(text.lines[line], separator)[place].strip()
        about = {"comment": comment} if comment else {}
        parts.append(
            measurement(
                path,
                rows.values[:, 0],
                values,
                ordinate=ordinate,
                part=k + 1,
                title=title,
                metadata=about,
                warnings=rows.warnings,
            )
        )
    return tuple(parts)


def _header(text: Text) -> tuple[int, str, int, list[tuple[int, str, float]]] | None:
    """Return line, separator, position of the wavenumber, and (position, ordinate, factor) of each spectrum."""
    for i, line in enumerate(text.lines[:_SEARCHED]):
        if not re.search(rf"wavenumber|{_UNIT}", line[:2000], re.IGNORECASE):
            continue
        for separator in SEPARATORS[:3]:
            names = [name.strip() for name in cells(line[:2000], separator)]
            axis = next((k for k, name in enumerate(names) if _is_axis(name)), None)
            found = [(k, *known) for k, name in enumerate(names) if k != axis and (known := _ordinate(name))]
            if axis is not None and found and numeric_cells(line, separator) == 0:
                return i, separator, axis, found
    return None


def _is_axis(name: str) -> bool:
    """Return True for the name of wavenumbers in 1/cm.

    Example
    -------
    >>> _is_axis("Wavenumbers (cm⁻¹)"), _is_axis("cm-1"), _is_axis("wavenumber / 1/m"), _is_axis("conductivity / S cm-1")
    (True, True, False, False)
    """
    return re.fullmatch(
        rf"(?:wavenumbers?|nu|ν)?[\s/(\[,in]*(?:{_UNIT})?[\s)\]]*", name, re.IGNORECASE
    ) is not None and bool(name.strip())


def _ordinate(name: str) -> tuple[str, float] | None:
    """Return the ordinate that a name means and its factor, None where it is not known.

    Example
    -------
    >>> _ordinate("% Reflectance"), _ordinate("Absorbance / 1"), _ordinate("Kubelka-Munk (a.u.)"), _ordinate("sample 3")
    (('reflectance', 0.01), ('absorbance', 1.0), ('Kubelka-Munk', 1.0), None)
    """
    percent = "%" in name or "percent" in name.lower()
    plain = re.sub(r"percent|%|\(a\.?u\.?\)|\[a\.?u\.?\]|/ ?(?:1|a\.?u\.?)$|\(\)|\[\]|[\s_-]", "", name.lower())
    ordinate = _NAMES.get(plain.strip("/ "))
    return None if ordinate is None else (ordinate, PERCENT if percent else 1.0)


def _refuse_per_cent(text: Text, line: int, ordinate: str, values: np.ndarray) -> None:
    """Refuse shares far above 1: they are per cent that nobody named, or another quantity."""
    if ordinate in ("reflectance", "transmittance") and float(np.nanmedian(values)) > 1.5:
        raise text.error(
            f"the {ordinate} is {np.nanmedian(values):.3g} in half of the rows, which no share of light is.",
            f"If it is in per cent, say so: --columns wavenumber,{ordinate}[%] ('_' skips a column).",
            line=line,
        )
