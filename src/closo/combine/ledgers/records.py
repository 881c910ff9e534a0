"""What a cell is made of and how it was run: a plain record, filled from what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from closo.models.cell import forms
from closo.models.recipe import theoretical_thickness
from closo.quantity import Number


@dataclass(frozen=True, kw_only=True)
class CellParameters:
    """A cell of metal, solid electrolyte and composite cathode; every value a number in SI, None where nobody knows it."""

    name: str  # the cell; labels its sources
    area: Number | None = None  # [m2]
    separator_thickness: Number | None = None  # of the electrolyte pellet [m]
    cathode_thickness: Number | None = None  # [m]
    active_fraction: Number | None = None  # volume fraction in the cathode [1], as the next two
    electrolyte_fraction: Number | None = None
    carbon_fraction: Number | None = None
    # Component -> its share of the cathode [1], to compare cells.
    mass_fractions: Mapping[str, Number] = field(default_factory=dict)
    active_mass: Number | None = None  # of active material [kg]
    theoretical_capacity: Number | None = None  # of the active material [C/kg]
    particle_radius: Number | None = None  # of the active material [m]
    diffusivity: Number | None = None  # effective one of sodium in the active material [m2/s]
    diffusion_energy: Number | None = None  # its activation energy [J]
    # Between active material and electrolyte, per surface of the particles [A/m2].
    exchange_current_density: Number | None = None
    cathode_ionic_conductivity: Number | None = None  # effective one in the cathode [S/m]
    cathode_electronic_conductivity: Number | None = None  # effective one in the cathode [S/m]
    # Exponent b of sigma phi^b, where the effective ionic conductivity is not known [1].
    tortuosity_exponent: Number | None = None
    interface_resistance: Number | None = None  # of the metal against the electrolyte [ohm m2]
    temperature: Number | None = None  # at which the cell runs [K]
    current_density: Number | None = None  # at which it runs, > 0 [A/m2]


def cell_from_masses(
    name: str,
    *,
    area: Number,
    cathode_mass: Number,
    mass_fractions: Mapping[str, Number],
    densities: Mapping[str, Number],
    separator_mass: Number | None = None,
    porosity: Number | float = 0.0,
) -> CellParameters:
    """Return the geometry that masses, mixing ratio and densities give; what else is known is added by `replace`.

    Parameters
    ----------
    name : the cell.
    area : [m2].
    cathode_mass : of the whole composite [kg].
    mass_fractions : 'active', 'electrolyte' and, where there is some, 'carbon' -> mass fraction in the cathode [1].
    densities : of the same components -> density [kg/m3].
    separator_mass : of the electrolyte pellet [kg]; its thickness is that at full density.
    porosity : of the cathode [1].

    Raises
    ------
    StudyError  when a density is missing, a value cannot be, or the fractions do not add up to 1.

    Example
    -------
    >>> cell = cell_from_masses(
    ...     "RT", area=0.283e-4, cathode_mass=1.5e-6, porosity=0.05, separator_mass=35e-6,
    ...     mass_fractions={"active": 0.6, "electrolyte": 0.3, "carbon": 0.1},
    ...     densities={"active": 1900.0, "electrolyte": 1543.5, "carbon": 2000.0},
    ... )
    >>> round(cell.cathode_thickness * 1e6), round(cell.separator_thickness * 1e6)
    (31, 801)
    """
    fractions = forms.electrode_fractions(mass_fractions, densities, porosity=porosity)
    separator = None
    if separator_mass is not None:
        separator = theoretical_thickness(separator_mass, area, densities["electrolyte"])
    return CellParameters(
        name=name,
        area=area,
        separator_thickness=separator,
        cathode_thickness=forms.electrode_thickness(
            cathode_mass, area, mass_fractions=mass_fractions, densities=densities, porosity=porosity
        ),
        active_fraction=fractions["active"],
        electrolyte_fraction=fractions["electrolyte"],
        carbon_fraction=fractions.get("carbon"),
        mass_fractions=dict(mass_fractions),
        active_mass=cathode_mass * mass_fractions["active"],
    )
