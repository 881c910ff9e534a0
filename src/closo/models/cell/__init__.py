"""A cell of sodium, a composite electrolyte and a composite cathode: closed forms and models.

- `forms`: closed forms, whose names are also names of this package;
- `chemistry`: parameters of active materials, each with its source or the word "assumed";
- `stack`: masses, mixing ratio and densities -> layers;
- `porous`: the porous electrode of a single-ion conductor, many parameter sets at once, and its impedance;
- `simulation`: the same cell in pybamm (SPMe, DFN; the extra `closo[cell]`);
- `design`: energy of a stack against thickness, loading and temperature.
"""

from __future__ import annotations

from closo.models.cell.forms import (
    FARADAY,
    SODIUM_MOLAR_VOLUME,
    anions_in_electrode,
    charge_transfer_overpotential,
    charge_transfer_resistance,
    diffusion_loss,
    diffusion_sensitivity,
    diffusion_time,
    effective_conductivity,
    electrode_fractions,
    electrode_resistance,
    electrode_thickness,
    electrons_per_anion,
    layer_resistance,
    leak_current_density,
    loss_at,
    moved_thickness,
    path_resistance,
    specific_interface,
)

__all__ = [
    "FARADAY",
    "SODIUM_MOLAR_VOLUME",
    "anions_in_electrode",
    "charge_transfer_overpotential",
    "charge_transfer_resistance",
    "diffusion_loss",
    "diffusion_sensitivity",
    "diffusion_time",
    "effective_conductivity",
    "electrode_fractions",
    "electrode_resistance",
    "electrode_thickness",
    "electrons_per_anion",
    "layer_resistance",
    "leak_current_density",
    "loss_at",
    "moved_thickness",
    "path_resistance",
    "specific_interface",
]
