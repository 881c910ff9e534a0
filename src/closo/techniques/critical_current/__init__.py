"""Critical current density from a staircase of current densities in a symmetric cell.

Measures
    The voltage of a symmetric cell while the current density grows from step to step, a few half cycles each, until the
    cell fails.

Needs
    `time` [s], `current` [A], and `voltage` between the terminals (or `potential` of a two-electrode cell) [V], with at
    least two levels of the current; `frequency` [Hz], `charge` [C] where there. Of the cell: `area` [m2]; `thickness` [m]
    and `ionic_conductivity` [S/m] *at the temperature of the cell* for the ohmic floor; `temperature` [K] and `pressure`
    [Pa] to be stated.

Gives
    A bracket: `critical_current_density:survived` (the highest step completed before the failure) and `:failed` (the
    step in which the cell shorted); between them `critical_current_density`. `current_density:step`, `:limit` (where
    contact was lost), `duration:half_cycle`, `duration:failure`, `areal_capacity:survived` and `:failed` (charge per half
    cycle), `cumulative_areal_capacity` to the failure, `area_specific_resistance:low_steps` (the cell's own ohmic
    response); without area the extensive `current:...`, `charge:...` and `resistance:low_steps` only.

Uncertainty sources
    `bracket:<name>`: the critical current lies between two steps, and nothing in the record says where: a uniform
    distribution, u = width/sqrt(12). (The 95 % interval that is formed from this u is a little wider than the bracket
    itself, so it holds the truth more often than in 95 % of cases; a finer staircase is the only way to a better number.)
    `current gain:<instrument>` (a setting, 0.1 %), `current offset:<name>` (fully in a staircase of one polarity; it
    cancels in the mean over both), `current noise:<name>`, `voltage gain:<name>`, `voltage zero:<name>`,
    `sampling:<name>`, `moment:<name>` and `clock:<name>` (of charges and of the failure), `fit ohmic:<name>`; `area:...` as
    given.

Checks
    'no short', 'no contact loss' (`closo.techniques.plating.events`), 'staircase' (steps rise and are even), 'ohmic floor',
    'failure reached'; 'current range' and 'set current' (the measured current is it, within 2 u; beyond 6 u what hangs on
    the current is withheld) where the file states them;
    'time' (the clock runs forward, in seconds).

Limits
    A hard and a soft short are failures of the electrolyte: a critical current. Loss of contact, or a voltage limit that
    is reached by it, is a failure of the electrode: *not* a critical current, which is then withheld; the current is
    given as `current_density:limit`. Without a failure there is a lower bound only. A critical current depends on the
    charge per half cycle, on what the cell went through before, on temperature and pressure: they belong to the number.
    A short that a step set off may show a step later; then the bracket is one step too high.

Sources
    Charge per half cycle and a standard of reporting: Commun. Chem. 2023, doi:10.1038/s42004-023-01002-4. Uniform
    distribution of a value known by its bounds: JCGM 100:2008 (GUM), 4.3.7.
"""

from closo.techniques.critical_current.analysis import analyse
from closo.techniques.critical_current.figure import figure

__all__ = ["analyse", "figure"]
