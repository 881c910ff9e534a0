"""Landt .csv (LANDdt export): names with the unit as their last word.

Recognised by `date_time_iso_string` or `test_time_s,step_time_s`.

Columns: `test_time_s` time, `voltage_V` voltage, `current_A` or `current_mA` current (> 0 charges), `cycle_index`,
`step_index`. `step_time_s`, capacities and the name of the step are passed over; the date is compared with the time. Lines
above the names are passed over.

Refused: what the reader `text` refuses, which reads the table.
"""

from closo.readers.delimited import read

__all__ = ["read"]
