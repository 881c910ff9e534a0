"""Voltage and charge balance of a cell: what each part costs in voltage, where the charge goes, and how cells compare.

Measures
    `overpotential_ledger`: overpotential:<part> of pellet, sodium interface, ion and electron path of the cathode and
    charge transfer; what of the measured gap between charge and discharge they explain; what diffusion withholds of the
    capacity. `charge_ledger`: charge put in and not got back, summed over cycles, against the capacity lost; electrons
    per anion of the cathode's electrolyte; the side current, against a sweep and against electronic conduction.
    `compare_cells`: capacities side by side, and whether their difference can be attributed.
Needs
    a CellParameters of what is known (`cell_from_masses` makes one from masses, densities and mixing ratio), results of
    cycling, voltammetry and conductivity. What is missing is named in the line that needs it; nothing is assumed.
Gives
    Results; `findings["answer"]` is one sentence, and says 'not identifiable' where the numbers do not tell.
Uncertainty sources
    those of the inputs with their labels: what cells share cancels in ratios. Added here: `scatter of the cycles:<name>`,
    `scatter of the capacity:<name>`, `sweep at <E> V:<name>`, `molar volume:sodium`. The current's offset and gain are
    those of the result of cycling, under the same labels.
Checks
    all shares known; shares fit into the gap; the pellet is not the limit; the reaction in the cathode is uniform; the
    diffusion profile is steady; the missing charge is resolved, and is (or is not) lost capacity; the difference of two
    cells is attributable.
Limits
    One dimension, one temperature and current, symmetric kinetics, equal losses on charge and discharge. A leak is known
    no better than the offset of the instrument's current. A sweep's current is an upper limit of the steady one, and
    belongs to its own electrode: only a factor 3 counts.
Sources
    Newman, Tobias 1962, doi:10.1149/1.2425269 (porous electrode); Bruggeman 1935, doi:10.1002/andp.19354160705.
    The gap of 0.15 V that tells diffusion from interfaces and paths: simulations of sodium cells with one mechanism each
    switched on (0.03 V for diffusion and lost contact, 0.26 V and more for the others).
"""

from closo.combine.ledgers.charge import charge_ledger
from closo.combine.ledgers.comparing import compare_cells
from closo.combine.ledgers.overpotential import overpotential_ledger
from closo.combine.ledgers.pictures import figure_charge, figure_comparison, figure_overpotential
from closo.combine.ledgers.records import CellParameters, cell_from_masses

__all__ = [
    "CellParameters",
    "cell_from_masses",
    "charge_ledger",
    "compare_cells",
    "figure_charge",
    "figure_comparison",
    "figure_overpotential",
    "overpotential_ledger",
]
