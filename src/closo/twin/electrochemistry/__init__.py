"""Everything of a study that is measured with direct current: files, lines of study.toml, and the truth behind them.

| cell | figure | file | what |
|---|---|---|---|
| blocking | S9, S10 | .par | pellet between steel, spectrum, then 0.1, 0.2 and 0.3 V |
| transference | S11 | .par | Na on both sides, 10 mV between two spectra |
| sweep | S12, S13 | .par | to 4.4 V between two spectra |
| symmetric | S14 | .mpr | Na on both sides, 0.05 mA/cm2 for 156 h |
| staircase-A200, staircase-A90 | S15 | .mpt | rising current density until a short |
| warm-cell | 5a, 5b, S16 | .mpr | Na against Prussian white at 40 degC, 50 cycles, spectra between them |
| room-cell | 5c, 5d | .mpt | the same at room temperature, logged |
| tis2-cell | S17 | .mpt | Na against TiS2 at 60 degC, discharged first, 3 cycles |

One truth is shared by all of them: every separator has the conductivity of its sample at its own temperature, and what is in
the oven has the oven's offset.
"""

from __future__ import annotations

from pathlib import Path

from closo.errors import StudyError
from closo.twin.electrochemistry.cells import write_room_cell, write_tis2_cell, write_warm_cell
from closo.twin.electrochemistry.polarizations import write_blocking, write_sweep, write_transference
from closo.twin.electrochemistry.records import CellRecord
from closo.twin.electrochemistry.symmetric import write_staircase, write_symmetric
from closo.twin.truth import Truth

__all__ = ["CellRecord", "write_electrochemistry"]


def write_electrochemistry(raw: Path, truth: Truth, kind: str = "full") -> list[CellRecord]:
    """Write the files of every cell and return what study.toml needs, with the truth. Equal seeds give equal bytes.

    Parameters
    ----------
    raw : folder of the files; it must exist.
    kind : 'full' (9 cells, 50 cycles), or 'small': blocking, transference and 12 cycles at 40 degC.

    Raises
    ------
    StudyError  when `kind` is neither.
    """
    if kind not in ("full", "small"):
        raise StudyError(f"kind = '{kind}' is not a kind of twin.", hint="It must be 'full' or 'small'.")
    first = [write_blocking(raw, truth), write_transference(raw, truth)]
    if kind == "small":
        return [*first, write_warm_cell(raw, truth, cycles=12)]
    return [
        *first,
        write_sweep(raw, truth),
        write_symmetric(raw, truth),
        write_staircase(raw, truth, "A200-35-4h", day=10),
        write_staircase(raw, truth, "A90-35-4h", day=14),
        write_warm_cell(raw, truth),
        write_room_cell(raw, truth),
        write_tis2_cell(raw, truth),
    ]
