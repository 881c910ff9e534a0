"""LCR meters and impedance analysers (Keysight E4980A, E4990A and others), .csv.

Recognised by a Keysight or Agilent header (`!CSV`, `BEGIN CH1_DATA`), or a frequency beside `Cp (F)`, `Cs (F)` or `Rp`.

Columns: `Frequency (Hz)` frequency, and any two that make an impedance [ohm]: |Z| and theta (`Trace1(|Z|)`,
`Trace2(theta-z)`; degrees where the numbers are too large for radians), Rs and X, Cp and Rp, Cp and D, Cp and Q, Cp and
G, Cs and Rs, Cs and D, Ls and Rs, Lp and Rp, G and B. They are converted exactly: Z = 1/(1/Rp + i w Cp), 1/(w Cp (D + i))
and so on; Im Z < 0 is capacitive.

Refused: what the reader `text` refuses, which reads the table: a capacitance without a unit, one column alone.
"""

from closo.readers.delimited import read

__all__ = ["read"]
