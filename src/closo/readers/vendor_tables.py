"""Tables of vendors that the reader `text` reads by the names of their columns: a row each, with its marks and its page.

What `text` refuses is refused; columns that a page does not name are passed over, and so are the lines above the names.
"""

from closo.readers.row import Reader


def _table(name: str, title: str, magic: tuple[str, ...], page: str) -> Reader:
    return Reader(name, title, (), magic, "closo.readers.delimited", page)


VENDOR_TABLES: tuple[Reader, ...] = (
    _table(
        "novonix",
        "Novonix UHPC .csv",
        ("Novonix", "Run Time (h),Step Time (h)"),
        """
Structure: `[Summary]`, `[Protocol]` and so on, then `[Data]`, a line of names, and rows separated by commas.

Columns: `Run Time (h)` time, `Current (A)` current (> 0 charges), `Potential (V)` potential between the terminals,
`Cycle Number`, `Step Number`, `Temperature (°C)` of the cell (not `Circuit Temperature`). `Date and Time` is compared
with the time.""",
    ),
    _table(
        "basytec",
        "Basytec text",
        ("Basytec", "~Time["),
        """
Structure: header lines that begin with `~`, then rows separated by tabs. Latin-1 or UTF-8, decimal point or comma.

Columns: `~Time[h]`, `~Time[min]` or `~Time[s]` time, `U[V]` voltage, `I[A]` or `I[mA]` current (> 0 charges), `Cyc-Count`
cycle, `T1[°C]` temperature; not `t-Step`, `Line` and `Ah`. A step begins at the moment at which the one before ends, so
that times may repeat there.""",
    ),
    _table(
        "landt",
        "Landt .csv",
        ("date_time_iso_string", "test_time_s,step_time_s"),
        """
Columns (export of LANDdt, the unit is the last word of the name): `test_time_s` time, `voltage_V` voltage,
`current_A` or `current_mA` current (> 0 charges), `cycle_index`, `step_index`; not `step_time_s`, capacities and the name
of the step. The date is compared with the time.""",
    ),
    _table(
        "digatron",
        "Digatron .csv",
        ("Voltage#V", "Current#A"),
        """
Structure: names and units with `#` between them, rows separated by semicolons, decimal point or comma.

Columns: `Program Duration#s` (or `#h`, `#ms`) time, `Voltage#V` voltage, `Current#A` current (> 0 charges), `Step`,
`T1#°C` temperature; not `Step Duration` and the ampere hours. `Timestamp` is compared with the time: a duration in
milliseconds under the name of seconds is refused.""",
    ),
    _table(
        "zahner",
        "Zahner Thales text",
        ("Impedance/Ohm",),
        """
Columns: `Frequency/Hz` frequency, `Impedance/Ohm` |Z| [ohm], `Phase/deg` phase (negative when capacitive); not
`Number` and `Significance`. Separated by tabs or blanks. The binary .ism is read by the reader `ism`; of .isc, .iss and
.isw export the measurement as text from Thales or Zahner Analysis.""",
    ),
    _table(
        "pstrace",
        "PalmSens PSTrace .csv",
        ("freq / Hz",),
        """
Structure: UTF-16 or UTF-8, names with ' / ' before the unit. Several measurements under names of their own are all
read.

Columns: `freq / Hz` frequency, `Z' / Ohm` and `-Z'' / Ohm` (the negative) impedance; without them `Z / Ohm` |Z| and
`neg. Phase / °` (the negative of the phase). `Idc / uA` current.""",
    ),
    _table(
        "lcr",
        "LCR meters, Keysight analysers .csv",
        ("BEGIN CH1_DATA", "!Keysight", "!Agilent", "Cp (F)", "Cp(F)", "Cs (F)", "Cs(F)", "Cp[F]", "Cp/F"),
        """
Columns (Keysight E4980A, E4990A and others): `Frequency (Hz)` frequency, and any two that make an impedance [ohm]:
|Z| and theta (`Trace1(|Z|)`, `Trace2(theta-z)`; degrees where the numbers are too large for radians), Rs and X, Cp and
Rp, Cp and D, Cp and Q, Cp and G, Cs and Rs, Cs and D, Ls and Rs, Lp and Rp, G and B. They are converted exactly:
Z = 1/(1/Rp + i w Cp), 1/(w Cp (D + i)) and so on; Im Z < 0 is capacitive.

Refused: a capacitance without a unit, one column alone.""",
    ),
    _table(
        "pybamm",
        "PyBaMM solution .csv",
        ("Terminal voltage [V]", "Battery voltage [V]"),
        """
Columns (as `Solution.save_data` writes them): `Time [s]`, `Time [min]` or `Time [h]` time, `Terminal voltage [V]`
voltage, `Current [A]` current.

Sign: in PyBaMM a current > 0 *discharges*; the column is taken as it stands, and the check 'sign of the current' of cycling
fails. Read it with --columns and '-current', or write the current with the other sign.""",
    ),
    _table(
        "neware_table",
        "Neware BTS, BTSDA table",
        ("Chg. Cap.", "DataPoint,Cycle Index", "DataPoint\tCycle Index", "Cycle Index,Step Index,Step Type"),
        """
Columns (.csv, .txt; a workbook is read by `spreadsheet`): `Current(A)` (mA, µA) current (> 0 charges), `Voltage(V)`
(mV) voltage, `Cycle Index`, `Step Index` step; not capacities and energies. The time is `Total Time`; without it `Time`,
which starts again with each step, so that the times of the steps are added, with a warning. Both may be h:mm:ss,
h:mm:ss.sss, days and a time, or a number with a unit. `Date` is compared with the time and counts where no time stands
beside it. UTF-8, UTF-16, Latin-1, and GBK, in which the micro sign of BTSDA stands. A step begins at the moment at which
the one before ends: that its time repeats is no fault.""",
    ),
)
