"""EMSA/MAS spectral data (.msa, .emsa), text.

Recognised by `#FORMAT : EMSA/MAS Spectral Data File` in the first line.

Structure: lines `#KEYWORD : value`, then numbers, then `#ENDOFDATA` (which some programs leave out). With `#DATATYPE
: XY` a row is energy and value; with `Y` it has `#NCOLUMNS` values, and energies follow from `#OFFSET` and
`#XPERCHAN`. `#XUNITS` is eV or keV. `#SIGNALTYPE` says what was measured: ELS (energy loss), EDS, EDX or XEDS
(X-rays). Where it is missing, `#YUNITS` e- means energy loss.

There are no other columns; whole numbers are counts.

Refused: a file without this header (its numbers have no meaning), another number of values than `#NPOINTS`, axes that
are not energies, energies that do not rise, a signal that is neither.

Source: ISO 22029:2022; Egerton et al. 1991, EMSA/MAS standard file format.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.microscopes import measurement, per_electronvolt
from closo.readers.tools.text import Text, load

_SIGNALS = {"ELS": "energy_loss", "EELS": "energy_loss", "EDS": "energy", "EDX": "energy", "XEDS": "energy"}
_KEPT = {
    "TITLE": "title",
    "DATE": "date",
    "TIME": "time",
    "OWNER": "owner",
    "BEAMKV": "beam_voltage_kV",
    "YUNITS": "unit",
}
_KEPT |= {"CONVANGLE": "convergence_angle_mrad", "COLLANGLE": "collection_angle_mrad", "COMMENT": "comment"}
_AGAIN = "Export it again as EMSA/MAS (.msa)."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectrum of an EMSA/MAS file.

    Raises
    ------
    ReadError  when it has no header, or says one thing and holds another.
    """
    text = load(path)
    header, first, last = _header(text)
    axis = _SIGNALS.get(header.get("SIGNALTYPE", "").upper())
    if axis is None and not header.get("SIGNALTYPE") and header.get("YUNITS", "").lower() in ("e-", "electrons"):
        axis = "energy_loss"
    unit = per_electronvolt(header.get("XUNITS", ""))
    if axis is None or unit is None:
        said = f"SIGNALTYPE '{header.get('SIGNALTYPE', '')}' over '{header.get('XUNITS', '')}'"
        raise text.error(f"{said} is neither an energy-loss nor an X-ray spectrum in eV or keV.", _AGAIN)
    numbers = _numbers(text, first, last)
    pairs = header.get("DATATYPE", "Y").upper().startswith("XY")
    if pairs and (numbers.ndim != 2 or numbers.shape[1] != 2):
        raise text.error("DATATYPE is XY, but its rows are not pairs of energy and value.", _AGAIN, line=first)
    values = numbers[:, 1] if pairs else numbers.ravel()
    points = _number(text, header, "NPOINTS")
    if round(points) != len(values):
        raise text.error(f"NPOINTS is {points:g}, but {len(values)} values follow.", _AGAIN)
    stated = _number(text, header, "OFFSET") + _number(text, header, "XPERCHAN") * np.arange(len(values))
    energies = unit * (numbers[:, 0] if pairs else stated)
    cut = last == len(text.lines) and not text.complete
    warned = ("The file does not end with #ENDOFDATA: check that its last number is whole.",) if cut else ()
    if any(line.strip() for line in text.lines[last + 1 :]):
        warned = ("What follows #ENDOFDATA (another spectrum?) was not read.",)
    kept = {name: header[key] for key, name in _KEPT.items() if header.get(key)}
    title = kept.get("title", "")
    return (measurement(path, values, axis=axis, energies=energies, title=title, metadata=kept, warnings=warned),)


def _header(text: Text) -> tuple[dict[str, str], int, int]:
    """Return keyword -> value, and the first line of the numbers and the one behind their last."""
    header: dict[str, str] = {}
    first = 0
    for first, line in enumerate(text.lines):  # noqa: B007
        match = re.match(r"#\s*([A-Za-z]+)[^:]*:\s*(.*)$", line)
        if match is None:
            break
        key, value = match[1].upper(), match[2].strip()
        header[key] = f"{header[key]} {value}" if key in header else value
    if "EMSA" not in header.get("FORMAT", "").upper():
        said = "it has no EMSA/MAS header, so nothing says what its numbers are."
        raise text.error(said, "Export it again with the header, or as a table with names of columns (.csv).")
    ends = [k for k, line in enumerate(text.lines) if line.upper().startswith("#ENDOFDATA")]
    last = ends[0] if ends else len(text.lines)
    return header, first, last


def _number(text: Text, header: dict[str, str], key: str) -> float:
    try:
        value = float(header.get(key, ""))
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise text.error(f"its header says {key} '{header.get(key, '')}', which is not a number.", _AGAIN)
    return value


def _numbers(text: Text, first: int, last: int) -> np.ndarray:
    """Return the rows as a table, shape (rows, columns); one long column where rows differ in length (Y)."""
    rows: list[list[float]] = []
    for i, line in enumerate(text.lines[first:last], first):
        words = line.replace(",", " ").split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            raise text.error(f"'{line.strip()[:40]}' is not a number.", _AGAIN, line=i) from None
        if numbers:
            rows.append(numbers)
    if not rows:
        raise ReadError("its header is followed by no numbers.", file=text.path, hint=_AGAIN)
    if len({len(row) for row in rows}) > 1:
        return np.array([value for row in rows for value in row])
    return np.array(rows)
