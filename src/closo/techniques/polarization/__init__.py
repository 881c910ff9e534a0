"""Direct-current polarization: electronic leakage between blocking electrodes, or the currents of Bruce and Vincent.

Measures
    The current after one or several voltage steps, down to its steady state.

Needs
    `time` [s] and `current` [A] of a chronoamperometry; `voltage` or `potential` [V] where the file has it (a record
    is split where it steps), else the setting `voltage`. `area` [m2] and `thickness` [m] for a conductivity.

Gives
    `electrodes = blocking` (stainless steel on both sides): `steady_state_current` of each step,
    `electronic_conductivity` = I_inf L/(V A); where the current is not distinguishable from zero it is withheld, and
    `electronic_conductivity:upper_limit` (one-sided, 95 %) is given instead. With several voltages the slope of I_inf
    against V is used, which is free of the current offset. `electrodes = nonblocking` (Na on both sides):
    `initial_current`, `steady_state_current`, `current_fraction` = I_ss/I_0 (a transference number needs the interfaces as
    well: see combine.transference). Always `applied_voltage` and `current_noise`.

Uncertainty sources
    `fit:<name>` (noise, scaled by what the tail leaves), `tail model:<name>` (spread over exponential, power-law,
    stretched and combined tails, weighted by the Akaike information criterion), `extrapolation:<name>` (of what is left
    of the tail at the end of the record nobody knows what becomes: half of it, less what the two sources before hold
    already; so of tails that follow no law the intervals hold 95 to 98 %), `current offset:<name>` (setting
    `current_offset`; 0.1 % of the range where it is not given), `current gain:<instrument>` (`current_gain`, 0.1 %),
    `voltage:<name>` (readings) and `voltage offset:<name>` (setting `voltage_offset`, 0.1 mV), `early model:<name>` and
    `start time:<name>` (extrapolation of the first samples), `nonlinearity:<name>` (scatter about the line through
    several voltages), `area:...`, `thickness:...` as given.

Checks
    steady state, floor of the instrument, tail model, linearity (several voltages), size of the voltage (at most
    10 mV for nonblocking electrodes), first sample; current range (no late current above the range that the file states);
    set voltage (the second half of each step is at the potential that the program asked for, within 5 mV + 1 %).

Limits
    I_0 is the current when the double layers are charged and before the interfaces and the salt polarize. The first
    samples give it only if they lie between the two. A tail that never ends is not distinguishable from a leak: the spread
    over the laws and what is left of the tail are then large, and a record much shorter than the slowest process is still
    wrong (see the check of the steady state). The sum over earlier steps is linear superposition. Electronic leakage and
    the transference number answer different questions.

Sources
    Bruce, Vincent, J. Electroanal. Chem. 1987, 225, 1, doi:10.1016/0022-0728(87)80001-3; Evans, Vincent, Bruce, Polymer
    1987, 28, 2324, doi:10.1016/0032-3861(87)90394-6; Jonscher, Dielectric Relaxation in Solids, 1983 (the t^-n tail).
"""

from closo.techniques.polarization.analysis import analyse
from closo.techniques.polarization.pictures import figure

__all__ = ["analyse", "figure"]
