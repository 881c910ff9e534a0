"""BioLogic EC-Lab and BT-Lab binary (.mpr), read without any other program.

Recognised by `BIO-LOGIC MODULAR FILE` at the beginning.

Structure: 52 bytes with the mark, then modules: `MODULE`, short name (10 bytes), long name (25), length, version, date
(8: MM/DD/YY), body. Since EC-Lab 11.50 the length is FFFFFFFF and followed by one of 64 bits. `VMP Set` holds the settings,
`VMP data` the points, `VMP LOG` start, channel and device; any other module is passed over, and log and settings may lack.
Data of version 2, 3 and 11: number of points, number of columns (1 byte, 2 in version 11), the ids of the columns (2 bytes
each), and from byte 405, 406 or 1007 of the module one packed little-endian record per point. The length of the module
must be that of all records exactly.

Columns: which id is which column of which type stands in `layout.py` with the file that proves it. Six of them share one
byte: mode, ox/red, error, control changes, Ns changes, counter inc. Columns whose id is not in that table are left out
with a warning where the length of a record leaves no doubt about their width (one such column, or several side by side);
otherwise the file is refused, because every later column could be wrong. Units as in the .mpt: Ohm, Hz, deg, V, mA, mA.h
or C, s; -Im(Z) holds the negative. Current > 0 charges. Used: `time/s`, `Ewe/V` or `<Ewe>/V` potential, `I/mA` or
`<I>/mA` current, `(Q-Qo)` charge, `cycle number`, `half cycle`, `Ns` step, `control/mA`, or `control/V/mA` where `mode`
is 1 (galvanostatic), set_current (0 elsewhere), else `control/V` set_potential, `I Range` current_range (codes in
`measurements.py`), `freq/Hz`, `Re(Z)`, `-Im(Z)`, else `|Z|` and `Phase(Z)`. A GCPL stores no current: it is the charge
since the row before over the time since then, which is what EC-Lab exports as <I>; the metadata say so.

Techniques, spectra inside a record, suggestions: as for .mpt. `columns(path)` gives every column under its EC-Lab name, with
those that EC-Lab computes on export (`derived.py`).

A file that ends early gives the points that are there, with a warning.
Refused: no mark; no data module; no points; another version of the data module; unknown columns of doubtful width;
records that do not fill their module.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.biologic.derived import derived
from closo.readers.biologic.layout import Contents, load
from closo.readers.biologic.measurements import (
    CODES,
    EXTRA,
    control_columns,
    kind_of,
    measurements,
    with_counters,
)
from closo.readers.biologic.settings import insertion, metadata, suggestions
from closo.readers.tools.parts import finish
from closo.readers.tools.text import Text

_RAD = np.pi / 180.0
_USED = {  # stored column -> name here, factor to SI
    "time/s": ("time", 1.0),
    "Ewe/V": ("potential", 1.0),
    "<Ewe>/V": ("potential", 1.0),
    "I/mA": ("current", 1e-3),
    "<I>/mA": ("current", 1e-3),
    "(Q-Qo)/mA.h": ("charge", 3.6),
    "(Q-Qo)/C": ("charge", 1.0),
    "dq/mA.h": ("charge_step", 3.6),
    "cycle number": ("cycle", 1.0),
    "freq/Hz": ("frequency", 1.0),
    "Re(Z)/Ohm": ("impedance_real", 1.0),
    "-Im(Z)/Ohm": ("impedance_imag", -1.0),
    "|Z|/Ohm": ("impedance_modulus", 1.0),
    "Phase(Z)/deg": ("phase", _RAD),
    **{stored: (name, 1.0) for stored, name in EXTRA.items()},
}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read all measurements of a .mpr file.

    Raises
    ------
    ReadError  when it is not a .mpr, holds no points, or has a version or column that is not known.
    """
    contents = load(path)
    known = CODES.get(contents.settings[0]) if contents.settings else None
    with np.errstate(all="ignore"):  # damaged records hold any number; `finish` leaves them out
        table = _si(contents)
        technique = known or kind_of(table, contents.names)
        table, said = with_counters(table, technique.kind)
    warnings = list(contents.warnings)
    if known is None:
        code = f"code {contents.settings[0]}" if contents.settings else "no settings in the file"
        warnings.append(
            f"The technique ({code}) is not one that closo knows; the columns are those of '{technique.kind}'."
        )
    return finish(
        Text(contents.path, "", "binary"),
        measurements(table, technique),
        metadata=metadata(contents) | said,
        suggestions=suggestions(contents),
        warnings=warnings,
    )


def columns(path: Path | str) -> dict[str, np.ndarray]:
    """Return every column of a .mpr under the name that EC-Lab gives it, in EC-Lab's units.

    Returns
    -------
    name -> values, shape (points,): first the stored columns, in their own type and unchanged, then those that EC-Lab
    computes when it exports the file.

    Raises
    ------
    ReadError  as `read`.
    """
    contents = load(path)
    stored = {name: contents.column(name) for name in contents.names}
    with np.errstate(all="ignore"):  # damaged records, and quotients by zero that the rules replace
        return stored | derived(stored, insertion(contents))


def _si(contents: Contents) -> dict[str, np.ndarray]:
    """Return name -> values [SI] of the columns that measurements use."""
    chosen: dict[str, str] = {}
    for stored in contents.names:
        if stored in _USED:
            chosen.setdefault(_USED[stored][0], stored)
    control = control_columns(contents.names)
    flags = [stored for stored in control if stored in contents.bits]
    chosen |= {name: stored for stored, name in control.items() if stored not in flags}
    numbers = contents.numbers({stored: _USED.get(stored, ("", 1.0))[1] for stored in chosen.values()})
    return {name: numbers[stored] for name, stored in chosen.items()} | {control[f]: contents.column(f) for f in flags}
