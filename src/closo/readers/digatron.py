"""Digatron .csv: names and units with `#` between them, rows separated by semicolons.

Recognised by `Voltage#V` or `Current#A`.

Columns: `Program Duration#s` (or `#h`, `#ms`) time, `Voltage#V` voltage, `Current#A` current (> 0 charges), `Step`,
`T1#°C` temperature. `Step Duration` and the ampere hours are passed over; `Timestamp` is compared with the time: a duration
in milliseconds under the name of seconds is refused. Decimal point or comma.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
