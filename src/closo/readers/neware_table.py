"""Neware tables, as BTS and BTSDA export them (.csv, .txt; a workbook is read by `spreadsheet`).

Recognised by `Step Type` beside `Chg. Cap.`, `DataPoint` or `Cycle Index`.

Columns: `Current(A)` (mA, µA) current (> 0 charges), `Voltage(V)` (mV) voltage, `Cycle Index`, `Step Index` step. The
time is `Total Time`; without it `Time`, which starts again with each step, so that the times of the steps are added, with
a warning. Both may be h:mm:ss, h:mm:ss.sss, days and a time, or a number with a unit. `Date` is compared with the time
and counts where no time stands beside it. Capacities and energies are passed over. UTF-8, UTF-16, Latin-1, and GBK, in
which the micro sign of BTSDA stands. A step begins at the moment at which the one before ends: that its time repeats is
no fault.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
