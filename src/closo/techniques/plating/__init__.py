"""Plating and stripping at constant current in a symmetric cell.

Measures
    The voltage of a cell with two equal electrodes (Na | electrolyte | Na) while a constant current plates and strips,
    its sign changing every half cycle.

Needs
    `time` [s], `current` [A], and `voltage` between the terminals (or `potential` of a two-electrode cell) [V];
    `frequency` [Hz] where spectra lie between the half cycles, `charge` [C] as the instrument's counter. Of the cell:
    `area` [m2]; `thickness` [m] and `ionic_conductivity` [S/m] *at the temperature of the cell* for the interfaces and
    the ohmic floor; `temperature` [K] and `pressure` [Pa] to be stated.

Gives
    `polarization` (mean |U| of the second half of a half cycle) and `area_specific_resistance` = |U|/j of the `:first`
    and `:last` complete half cycle, `interfacial_resistance` = (|U|/j - L/sigma)/2 of one interface, `polarization_drift`,
    `polarization_asymmetry` (positive minus negative), `duration` (time under current until the event, or the end) and
    `duration:elapsed`, `current_density`, `areal_capacity:half_cycle`, `cumulative_areal_capacity`; without area the
    extensive `resistance`, `current`, `charge:half_cycle` and `charge:cumulative` only.
    In a record with several currents all of them belong to the one that flowed longest.

Uncertainty sources
    `noise:<name>` of the samples; `voltage zero:<name>` and `voltage gain:<name>`, `current gain:<instrument>` (settings,
    0.1 mV and 0.1 % each unless said otherwise), `current offset:<name>` (0.1 % of the range, of the next decade above the
    current where the file names none): it counts fully where the current flows one way, and cancels in a mean over both
    polarities; `current noise:<name>`; `clock:<name>` (0.01 % of durations and charges); `sampling:<name>` (where the
    current began and ended between two rows), `moment:<name>` (of an event, between the last sample that was looked at
    without it and the first with it); `charge scatter:<name>` and `scatter:<name>` from half cycle to half cycle;
    `fit drift:<name>` of the drift, from the residuals *and their correlation in time* (a cell that follows the room
    makes long waves, and a line through them is worth few degrees of freedom); `area:...`, `thickness:...`,
    `ionic_conductivity:...` as given. A resistance, current or charge with a u of more than 40 % is withheld.

Checks
    'no short' (hard and soft told apart, with moment and evidence, `closo.techniques.plating.events`), 'no contact loss',
    'ohmic floor' (the first half cycle lies above j L/sigma, of the
    best solid where sigma is not known), 'unit' (|U| is below 5 V), 'symmetric' (polarities within 10 %), 'drift is a line';
    'no gap in the record' where it pauses under current; 'current range' (no current above the range that the file states);
    'set current' (the measured current is the one that the program asked for, within 2 u; beyond 6 u what hangs on the
    current is withheld) where the file states it;
    'time' (the clock runs forward, in seconds).

Limits
    A staircase of one polarity is refused: it is critical_current, or no symmetric cell.
    A drift needs three days and four cycles: in less, a line cannot tell it from what the temperature of the room does.
    Loss of contact is dated by the half cycle in which the resistance has doubled, which is after it began.
    A short that was there from the beginning is seen only against L/sigma. One that shows in fewer than five
    samples at a time, fewer than four times in four half cycles, is not seen. Charge that a soft short carries is still
    counted, and a short that forms slowly is dated when it is first seen. The asymmetry holds the zero error of the
    voltage twice.

Sources
    Definitions of shorts by the ohmic floor and of polarization follow usage in the field; a standard of reporting for
    critical currents, with the charge per half cycle, is argued for in Commun. Chem. 2023, doi:10.1038/s42004-023-01002-4.
    Restricted likelihood of correlated residuals: Harville 1977, doi:10.1080/01621459.1977.10480998.
"""

from closo.techniques.plating.analysis import analyse
from closo.techniques.plating.figure import figure

__all__ = ["analyse", "figure"]
