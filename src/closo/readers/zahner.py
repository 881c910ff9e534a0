"""Zahner Thales text export of a spectrum.

Recognised by `Impedance/Ohm` among the names.

Columns: `Frequency/Hz` frequency, `Impedance/Ohm` |Z| [ohm], `Phase/deg` phase (negative when capacitive). `Number`,
`Significance` and lines above the names are passed over; separated by tabs or blanks.

Refused: what the reader `text` refuses, which reads the table. The binary .ism is read by the
reader `ism`; of .isc, .iss and .isw export the measurement as text from Thales or Zahner Analysis.
"""

from closo.readers.delimited import read

__all__ = ["read"]
