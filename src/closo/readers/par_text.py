"""Text tables of Princeton Applied Research programs: VersaStudio copy and paste, and PowerSUITE.

Recognised by the column names `Zre (ohms)` (VersaStudio) or `Frequency Zre Zimg` (PowerSUITE).

VersaStudio: the data view copied as text: one line of names, then rows, separated by tabs or commas. Columns used:
`Frequency (Hz)`, `Zre (ohms)`, `Zim (ohms)` (negative when capacitive), `|Z| (ohms)` and `Phase of Z (deg)` (compared),
`Elapsed Time (s)`, `Potential (V)`, `Current (A)`. Rows at frequency 0 are a DC record. These numbers are calibrated,
unlike those of the .par file: prefer this export where there is a choice.

PowerSUITE: `Frequency`, `Zre`, `Zimg` without units (Hz, ohm), tabs, line ends CR CR LF.

Refused: a table without rows, names that do not make a spectrum or a record.
"""

from __future__ import annotations

from pathlib import Path

from closo.dataset import Dataset
from closo.readers.delimited import read_named
from closo.readers.tools.text import load


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a text table of VersaStudio or PowerSUITE."""
    text = load(path)
    software = "PowerSUITE" if "Zimg" in text.content[:2000] else "VersaStudio"
    return read_named(text, metadata={"software": software}, units_known=software == "PowerSUITE")
