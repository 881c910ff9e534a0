"""The layers of a cell: from masses, mixing ratio and densities, with every parameter of its model.

One record of plain numbers, so that a model takes it whole and a hypothesis is one `replace`. Thicknesses follow from
masses at the density given; rates of processes are stated at a reference temperature and follow exp(-E/kT), the
conductivity of the electrolyte sigma T = const exp(-E/kT).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from closo.constants import BOLTZMANN, ELECTRONVOLT
from closo.errors import StudyError
from closo.models.cell.chemistry import Chemistry
from closo.models.cell.forms import electrode_fractions, electrode_thickness, specific_interface
from closo.quantity import Number, Quantity

T20 = 293.15  # K, where rates of the cathode are stated
SODIUM_REFERENCE = 303.15  # K, where conductivity and sodium interface are stated
_CARBON = 2000.0  # kg/m3, assumed


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Na | electrolyte | cathode. SI units; energies in eV."""

    name: str
    chemistry: Chemistry  # of the active material; its values are the defaults of the fields below of the same names
    area: float  # [m2]
    separator_thickness: float  # [m]
    cathode_thickness: float  # [m]
    active: float  # volume fraction in the cathode, as the next two
    electrolyte: float
    carbon: float
    active_mass: float  # [kg]
    cathode_mass: float  # [kg]
    separator_mass: float  # [kg]
    conductivity: float = 0.05  # of the electrolyte at 30 degC [S/m]
    conductivity_energy: float = 0.38  # of its sigma T [eV]
    conductivity_u: float = 0.0  # relative standard uncertainty of the conductivity
    transference: float = 1.0  # share of the current that Na+ carries; 1 for a single-ion conductor
    electrolyte_diffusivity: float = 1e-12  # of the salt where `transference` < 1 [m2/s]
    # Conductivity in the cell over `conductivity` at 20 degC: a pellet worse than those measured.
    separator_factor: float = 1.0
    separator_energy: float = 0.0  # what that adds to the energy [eV]
    sodium_exchange: float = 10.0  # exchange current density of Na against the electrolyte at 30 degC [A/m2]
    sodium_energy: float = 0.40  # of that [eV]
    sodium_double_layer: float = 0.5
    lead_resistance: float = 0.0  # [ohm]
    active_share: float = 1.0  # share of the active material that takes part
    particle_radius: float
    diffusivity: float
    diffusion_energy: float
    exchange_current_density: float
    exchange_energy: float
    electronic_conductivity: float
    electronic_energy: float
    bruggeman: float
    double_layer: float

    @property
    def capacity(self) -> float:
        """Theoretical capacity of the active material weighed [C]."""
        return self.active_mass * self.chemistry["theoretical_capacity"]

    @property
    def interface(self) -> float:
        """Surface of the particles per volume of the cathode [1/m], of those that take part."""
        return float(specific_interface(self.active * self.active_share, self.particle_radius))

    @property
    def sites(self) -> float:
        """Charge that the active material holds per volume of cathode [C/m3]."""
        return self.capacity * self.active_share / (self.area * self.cathode_thickness)

    def current(self, c_rate: float) -> float:
        """Return the current [A] at a C-rate [1/h], of the theoretical capacity."""
        return self.capacity * c_rate / 3600.0

    def sigma(self, kelvin: float) -> float:
        """Return the conductivity of the electrolyte [S/m] as measured on its pellets."""
        return (
            self.conductivity
            * SODIUM_REFERENCE
            / kelvin
            * arrhenius(self.conductivity_energy, kelvin, SODIUM_REFERENCE)
        )

    def sigma_separator(self, kelvin: float) -> float:
        """Return the conductivity of the separator in this cell [S/m]."""
        return self.sigma(kelvin) * self.separator_factor * arrhenius(self.separator_energy, kelvin)

    def cathode_drop(self, kelvin: float, c_rate: float) -> float:
        """Return what an even reaction would cost along the cathode [V], electrons and ions together."""
        electrons = self.electronic_conductivity * arrhenius(self.electronic_energy, kelvin)
        ions = self.sigma(kelvin) * self.electrolyte**self.bruggeman
        density = self.current(c_rate) / self.area
        return float(0.5 * density * self.cathode_thickness * (1.0 / electrons + 1.0 / ions))

    def separator_resistance(self, kelvin: float) -> float:
        """Return L/sigma of the separator [ohm m2]."""
        return self.separator_thickness / self.sigma_separator(kelvin)


def arrhenius(energy: float, kelvin: float, reference: float = T20) -> float:
    """Return exp(-E/k (1/T - 1/T0)); E in eV.

    Example
    -------
    >>> round(arrhenius(0.55, 313.15), 2)
    4.02
    """
    return math.exp(-energy * ELECTRONVOLT / BOLTZMANN * (1.0 / kelvin - 1.0 / reference))


def defaults_of(chemistry: Chemistry) -> dict[str, float]:
    """Return the fields of a `Stack` that a chemistry gives."""
    return {field.name: chemistry[field.name] for field in fields(Stack) if field.name in chemistry.values}


def stack_from_masses(
    name: str,
    chemistry: Chemistry,
    *,
    area: float,
    cathode_mass: float,
    separator_mass: float,
    ratio: tuple[float, float, float],
    electrolyte_density: float,
) -> Stack:
    """Return the layers that masses, mixing ratio and densities give.

    Parameters
    ----------
    name : of the cell. chemistry : of its active material.
    area : [m2]. cathode_mass : of the composite [kg]. separator_mass : of the electrolyte pellet [kg].
    ratio : active material, electrolyte, carbon by mass; any scale.
    electrolyte_density : [kg/m3]; 2.0 g/cm3 is assumed for carbon, full density for the separator.

    Raises
    ------
    StudyError  when a number cannot be.

    Example
    -------
    >>> from closo.models.cell.chemistry import chemistry
    >>> rt = stack_from_masses("RT", chemistry("PW"), area=0.283e-4, cathode_mass=1.5e-6, separator_mass=35e-6,
    ...     ratio=(6, 3, 1), electrolyte_density=1543.5)
    >>> round(rt.separator_thickness * 1e6), round(rt.cathode_thickness * 1e6, 1), round(rt.capacity / 3.6, 3)
    (801, 31.3, 0.154)
    """
    void = chemistry["porosity"]
    numbers = {
        "area": area,
        "mass of the cathode": cathode_mass,
        "density of the electrolyte": electrolyte_density,
        "mass of the separator": separator_mass,
    }
    _check_masses(name, ratio, numbers)
    parts = ("active", "electrolyte", "carbon")[: 3 if ratio[2] > 0 else 2]
    shares = {part: share / sum(ratio) for part, share in zip(parts, ratio, strict=False)}
    densities = dict(zip(parts, (chemistry["density"], electrolyte_density, _CARBON), strict=False))
    fractions = electrode_fractions(shares, densities, porosity=void)
    thickness = electrode_thickness(cathode_mass, area, mass_fractions=shares, densities=densities, porosity=void)
    return Stack(
        name=name,
        chemistry=chemistry,
        area=area,
        separator_thickness=separator_mass / (electrolyte_density * area),
        cathode_thickness=float(thickness),
        active=float(fractions["active"]),
        electrolyte=float(fractions["electrolyte"]),
        carbon=float(fractions.get("carbon", 0.0)),
        active_mass=cathode_mass * shares["active"],
        cathode_mass=cathode_mass,
        separator_mass=separator_mass,
        **defaults_of(chemistry),
    )


def _check_masses(name: str, ratio: tuple[float, float, float], numbers: dict[str, float]) -> None:
    """Refuse what is not valid; `numbers` by what they are, in SI."""
    for what, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            raise StudyError(f"Cell '{name}': the {what} is {number:g} (SI).", hint="It must be finite and > 0.")
    if not (ratio[0] > 0 and ratio[1] > 0 and ratio[2] >= 0 and math.isfinite(sum(ratio))):
        text = ":".join(f"{x:g}" for x in ratio)
        raise StudyError(f"Cell '{name}': a cathode cannot be mixed {text}.", hint="Active material, electrolyte > 0.")


def scatter(area: Number, cathode_mass: Number, separator_mass: Number) -> dict[str, Number]:
    """Return numbers about 1, with what capacity per area and resistance of the separator owe to masses and area.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> found = scatter(uncertain(0.3e-4, {"area": 0.003e-4}), 1.5e-6, uncertain(40e-6, {"mass": 1e-6}))
    >>> round(found["series_resistance"].u, 3)   # area twice: mass -> thickness, and the resistance itself
    0.032
    """
    a, c, s = (n / float(Quantity("ratio", n).value or 1.0) for n in (area, cathode_mass, separator_mass))
    return {"areal_capacity:discharge": c / a, "series_resistance": s / (a * a)}
