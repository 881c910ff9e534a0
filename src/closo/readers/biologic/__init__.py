"""BioLogic EC-Lab and BT-Lab text (.mpt, or .txt with the same content); the binary .mpr is read by `mpr`.

Recognised by `EC-Lab ASCII FILE` or `BT-Lab ASCII FILE` in the first line, or by the suffix .mpt.

Structure: line 2 `Nb header lines : N`; line 4 the technique; settings; line N the column names; then the rows, separated
by tabs, decimal point or (German and other locales) decimal comma; Latin-1 or UTF-8. A header of three lines (mark,
number, names) and a file that begins with the names or even without any mark are read too; then the columns decide on the
kind, with a warning.

Columns used: `freq/Hz`, `Re(Z)/Ohm`, `-Im(Z)/Ohm` (the negative), `|Z|/Ohm` and `Phase(Z)/deg` (compared), `time/s`,
`Ewe/V` or `<Ewe>/V` potential, `Ecell/V` voltage, `I/mA` or `<I>/mA` current (> 0 charges), `(Q-Qo)/mA.h` or `/C` charge,
`cycle number`, `half cycle`, `Ns` step, `control/mA` (or `control/V/mA` where `mode` is 1) set_current, else `control/V`
set_potential, `I Range` current_range (only where every code of the file is known), `Temperature/°C`. Others are passed
over. A cycling record without a current gets the charge since the row before over the time since then, and the metadata
say so.

Techniques: PEIS, GEIS (and their staircase forms), CA, CP, LSV, CV, OCV, GCPL, MB (Modulo Bat). Several spectra in one
file are split where `z cycle` or `cycle number` changes or the frequency starts again. In a file that mixes spectra with
cycling, the cycling record (MB, GCPL, and without a header what has `control/V/mA`) keeps every row in file order, with
`frequency` > 0 in the rows of a spectrum, so that their charge can be told from capacity; other records keep the rows at
frequency 0.

A file of more than 4 MB is read piece by piece where it is regular throughout, which gives the same numbers.

Suggestions only: electrode area, characteristic mass, mass of active material (0.001, 0 and 7000 mg are the software's
defaults).

Where the header names more columns than the rows have, those up to |Z| are read when Re(Z), -Im(Z) and |Z| agree.

Refused: a table without rows; columns of no known technique; names that are shifted against the values (|Z| that is the
modulus of Re(Z) and Im(Z) in hardly a row, flags other than 0 and 1, counters that are not whole numbers).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.biologic.fitting import fitted
from closo.readers.biologic.measurements import (
    EXTRA,
    TECHNIQUES,
    Technique,
    control_columns,
    kind_of,
    measurements,
    with_counters,
)
from closo.readers.biologic.settings import suggested
from closo.readers.delimited import unnamed
from closo.readers.tools.bulk import read_rows
from closo.readers.tools.named import find_header, named_tables
from closo.readers.tools.parts import finish
from closo.readers.tools.streamed import IrregularError, rows_to_the_end
from closo.readers.tools.table import Rows
from closo.readers.tools.text import Text, load, load_beginning, size_of

__all__ = ["read"]

_LARGE = 4_000_000  # bytes, from which a file is read piece by piece
_BEGINNING = 1_000_000  # bytes, which hold header and first rows

_STATED = {  # line of the header -> metadata
    "Run on channel": "channel",
    "Acquisition started on": "date",
    "Technique started on": "technique_started",
    "Device": "instrument",
    "EC-Lab for windows": "software",
    "EC-LAB for windows": "software",
    "BT-Lab for windows": "software",
    "Electrode material": "electrode_material",
    "Electrolyte": "electrolyte",
    "Comments": "comment",
    "Reference electrode": "reference_electrode",
}
_SUGGESTED = (
    ("Electrode surface area", "area"),
    ("Characteristic mass", "mass"),
    ("Mass of active material", "active_mass"),
)


def read(path: Path) -> tuple[Dataset, ...]:
    """Read all measurements of an EC-Lab text file.

    Raises
    ------
    ReadError  when it is no such file or holds no measurement.
    """
    if size_of(path) > _LARGE:
        try:
            return _read(_beginning(path), rows_to_the_end)
        except (IrregularError, ReadError):  # a reason to look at every line, which also finds the right words
            pass
    return _read(load(path), read_rows)


def _read(text: Text, rows_of: Callable[..., Rows]) -> tuple[Dataset, ...]:
    """Read the measurements; `text` holds at least the header and some rows, `rows_of` gets all rows."""
    text = _mended(text)
    header = _header_line(text)
    text, left_out = fitted(text, header)
    names = [n.strip() for n in text.lines[header].split("\t")]
    extra = EXTRA | control_columns(names)
    separator = "\t" if "\t" in text.lines[header] else None
    (table,) = named_tables(text, header, separator=separator, extra=extra, rows_of=rows_of, most=1)
    lines = text.lines[: min(header, 2000)]
    technique = _technique(lines)
    warnings = [*left_out, *table.warnings]
    if technique is None:
        technique = kind_of(table.columns, names)
        if technique.kind != "impedance":
            warnings.append(
                f"The header names no technique that closo knows; the columns are those of '{technique.kind}'."
            )
    with np.errstate(all="ignore"):  # damaged cells hold any number; `finish` leaves them out
        columns, said = with_counters(table.columns, technique.kind)
    metadata: dict[str, Any] = _metadata(lines) | said
    if table.unused:
        metadata["columns_not_used"] = list(table.unused)
    parts = measurements(columns, technique, line=header)
    return finish(text, parts, metadata=metadata, suggestions=_suggestions(lines), warnings=warnings)


def _beginning(path: Path) -> Text:
    """Return the first lines of a long file, with the header and some rows."""
    text = load_beginning(path, _BEGINNING)
    stated = _stated_lines(text)
    if stated is not None and stated >= len(text.lines) - 1:
        raise IrregularError
    return text


def _mended(text: Text) -> Text:
    """Return the text with `°C` and `cm²` where a conversion of the file has lost the sign."""
    if "\ufffd" not in text.content:
        return text
    content = text.content.replace("/\ufffdC", "/°C").replace(" cm\ufffd", " cm²")
    return Text(text.path, content, text.encoding)


def _header_line(text: Text) -> int:
    """Return the line of the column names: where the header says, else the first that looks like it."""
    stated = _stated_lines(text)
    if stated is not None and 0 < stated <= len(text.lines) and find_header(text, stated - 1) == stated - 1:
        return stated - 1
    found = find_header(text)
    if found is None:
        raise unnamed(text)
    return found


def _stated_lines(text: Text) -> int | None:
    match = re.search(r"^Nb header lines\s*:\s*(\d{1,6})", text.content[:2000], re.MULTILINE)
    return None if match is None else int(match[1])


def _technique(lines: list[str]) -> Technique | None:
    """Return the technique that the header states, None when it states none that is known."""
    for line in lines[:12]:
        for technique in TECHNIQUES:
            if line.strip().startswith(technique.beginning):
                return technique
    return None


def _metadata(lines: list[str]) -> dict[str, Any]:
    """Return what the header states; several comment lines are joined."""
    found: dict[str, Any] = {}
    technique = next((line.strip() for line in lines[2:12] if line.strip() and ":" not in line), "")
    if technique:
        found["technique"] = technique
    for line in lines:
        for beginning, key in _STATED.items():
            if line.startswith(beginning):
                value = line.split(" : ", 1)[1].strip() if " : " in line else line.strip()
                if value:
                    found[key] = f"{found[key]}\n{value}" if key in found else value
    return found


def _suggestions(lines: list[str]) -> dict[str, dict[str, str]]:
    """Return area and masses of the header with where they come from; the software's defaults are marked."""
    found = {}
    for line in lines:
        for beginning, name in _SUGGESTED:
            match = re.match(beginning + r"\s*:\s*([\d.,]{1,20})\s*(\S{1,5})\s*$", line[:200])
            if match is not None:
                found[name] = suggested(beginning, match[1].replace(",", "."), match[2].replace("²", "2"))
    return found
