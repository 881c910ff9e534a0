"""PyBaMM solution written as .csv (`Solution.save_data`).

Recognised by `Terminal voltage [V]`, `Battery voltage [V]` or `Voltage [V]` beside `Current [A]` and `Time [`.

Columns: `Time [s]`, `Time [min]` or `Time [h]` time, `Terminal voltage [V]` voltage, `Current [A]` current.
Others are passed over.

Sign: in PyBaMM a current > 0 *discharges*; the column is taken as it stands, and the check 'sign of the current' of cycling
fails. Read it with --columns and '-current', or write the current with the other sign.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
