"""Novonix UHPC .csv: a header in brackets, then a table with column names.

Recognised by `Novonix` or `Run Time (h),Step Time (h)`.

Structure: `[Summary]`, `[Protocol]` and so on, then `[Data]`, a line of names, and rows separated by commas. The lines above
the names are passed over.

Columns: `Run Time (h)` time, `Current (A)` current (> 0 charges), `Potential (V)` potential between the terminals,
`Cycle Number`, `Step Number`, `Temperature (°C)` of the cell (not `Circuit Temperature`). Others are passed over; `Date and
Time` is compared with the time.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
