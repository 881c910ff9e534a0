"""Basytec text: header lines that begin with `~`, then rows separated by tabs.

Recognised by `Basytec` or a line that begins with `~Time[`.

Columns: `~Time[h]`, `~Time[min]` or `~Time[s]` time, `U[V]` voltage, `I[A]` or `I[mA]` current (> 0 charges), `Cyc-Count`
cycle, `T1[°C]` temperature. `t-Step`, `Line`, `Ah` and the others are passed over. Latin-1 or
UTF-8, decimal point or comma. A step begins at the moment at which the one before ends, so that times may repeat there.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
