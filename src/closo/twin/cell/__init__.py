"""The all-solid-state cell Na | Na2B12H12-SiO2 | Prussian white, cycled: forward models of the figures on cells.

A single-particle model: slow diffusion of Na in Prussian white limits the capacity; separator and interfaces only cost a
few millivolt. Capacity fades through the share of the active material that takes part. A side current at high potential
makes charges longer than discharges. Spectra between cycles make the next charge longer.

- `truth`: every parameter, printed or free, and the two cells `WARM_CELL` (40 degC) and `ROOM_CELL`; `TIS2_CELL` (60 degC);
- `cycle_cell`: the rows that a cycler records, and what really happened in each cycle.
"""

from __future__ import annotations

from closo.twin.cell.run import CellRun, CycleTruth, cycle_cell
from closo.twin.cell.truth import ROOM_CELL, TIS2_CELL, WARM_CELL, CellNuisances, CellTruth, Interludes, Leak

__all__ = [
    "ROOM_CELL",
    "TIS2_CELL",
    "WARM_CELL",
    "CellNuisances",
    "CellRun",
    "CellTruth",
    "CycleTruth",
    "Interludes",
    "Leak",
    "cycle_cell",
]
