"""PalmSens PSTrace .csv of a spectrum: UTF-16 or UTF-8, names with ' / ' before the unit.

Recognised by `freq / Hz` beside `neg. Phase` or `Z / Ohm`.

Columns: `freq / Hz` frequency, `Z' / Ohm` and `-Z'' / Ohm` (the negative) impedance; without them `Z / Ohm` |Z| and
`neg. Phase / °` (the negative of the phase). `Idc / uA` current. Cs, Y and lines above the names are passed over. Several
measurements under names of their own are all read.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
