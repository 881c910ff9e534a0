"""Zahner Thales text export of a spectrum.

Recognised by `Frequency/Hz` beside `Impedance/Ohm`.

Columns: `Frequency/Hz` frequency, `Impedance/Ohm` |Z| [ohm], `Phase/deg` phase (negative when capacitive). `Number`,
`Significance` and lines above the names are passed over; separated by tabs or blanks.

Refused: what the reader `text` refuses, which reads the table. The binary .ism and .isc are not read, because no public
description of their layout was found: in Thales or Zahner Analysis export the spectrum as text.
"""

from closo.readers.delimited import read

__all__ = ["read"]
