"""Cycling of a cell: half cycles, coulombic efficiency, capacity and its retention, with what the current is worth.

Measures
    Charge and discharge of a half, full or symmetric cell at constant current (with or without a constant-voltage
    part), also with spectra in between.

Needs
    `time` [s], `current` [A] (> 0 charges), `voltage` or `potential` [V]; of use: `charge` [C] (the instrument's
    counter), `frequency` [Hz] (> 0 in the rows of a spectrum), `temperature` [K], `current_range` [A]. Of the cell:
    `active_mass` [kg], `area` [m2], `theoretical_capacity` [C/kg]. `cell` says which half cycle is divided by which.

Gives
    `coulombic_efficiency` (mean over complete cycles away from spectra; `:first` (cycle 1 only), `:last`, `:all`, and the
    windows asked for), `charge`, `specific_capacity`, `areal_capacity` of the first and the last complete cycle
    (`:initial_...` for a half cycle before the first cycle), `capacity_retention` (last cycle; `:45` as asked; `:local`, the
    median of the last five; `:plateau`, the mean after cycle 10; `:at_equal_temperature`), `cycle:stabilised` (end of
    the early change), mean voltages, `voltage_hysteresis`, `energy_efficiency`, `c_rate`, `current_density`, one
    capacity per rate step, `temperature` and `temperature_sensitivity` from a log, `duration:first_rest` (from the first
    row to the first current), and the effect of spectra:
    `coulombic_efficiency:after_interlude` (paired difference) and `charge:interludes`. Curves: the table of cycles,
    voltage over capacity, differential capacity.

    A cycle is two half cycles (`closo.techniques.half_cycles`), never a number of the instrument: cathode half cells and
    full cells, discharge after charge; anode half cells, charge after discharge; symmetric cells, second after first.

Uncertainty sources
    `current offset:<name>` (does not cancel in an efficiency: about 2 offset/I; one error in all cycles; by default 0.1
    % of the range), `current gain:<instrument>` (0.1 %, cancels in ratios), `late end of half cycles:<name>` and
    `sampling at the cut-off:<name>` (a half cycle ends somewhere in the last step before the next row; nothing where
    the steps show that a row was written at the end), `readings of the other sign:<name>` (replaced ones that no
    voltage confirms), `integration:<name>` (integral against counter), `current noise:<name>` (of the readings that a
    charge is summed from; single charges and efficiencies, and retentions of too few cycles), `scatter of
    cycles:<name>` about their trend (means and retention, in which it contains the noise), `active_mass:...`,
    `area:...` as given, `sampling of the rest:<name>` and `clock:<name>` 0.005 % (of a duration), `voltage gain:<name>`
    0.05 %, `voltage offset:<name>` 1 mV, `voltage linearity:<name>` 0.1 mV in differences.

Checks
    Sign of the current, integral against counter, first half cycle, complete cycles (both half cycles ended at a limit,
    the first did not start half way), efficiency possible, one rate, gaps, current range, capacity below theory,
    temperature log, time; set current (the measured current is the one that the program asked for, within 2 u; beyond
    6 u what hangs on the current is withheld), where the file states it.

Limits
    An efficiency is not a retention: with a reservoir of sodium a cell can lose charge in each cycle and keep its
    capacity. A half cycle counts as interrupted when its end is like that of no other half cycle; the only half cycle
    of its sign cannot be judged. The charge of a half cycle is that between its rows: where it ended between two of
    them it is too small by up to one step, which is in the uncertainty and not corrected. A mean of efficiencies that
    still drift is the mean of those cycles; its uncertainty holds their scatter about the trend, not the drift. A
    retention is that of the cell's state: it carries the scatter from cycle to cycle, and is wider than the error of
    the two cycles where a room is warmer on one day than on the next; with 4 or 5 comparable cycles the bend of an
    early fade is not distinguishable from scatter, and is in it; with fewer only the noise of the current is. It does
    not carry a slow drift of a temperature that was not logged. Whether the current is as linear in charge as in
    discharge is not in the budget. Differential capacity is not resolved below the step that is stated.

Sources
    JCGM 100:2008 (GUM); Gasser et al., Biometrika 1986, 73, 625, doi:10.1093/biomet/73.3.625 (scatter about a trend).
"""

from closo.techniques.cycling.analysis import analyse
from closo.techniques.cycling.figure import figure

__all__ = ["analyse", "figure"]
