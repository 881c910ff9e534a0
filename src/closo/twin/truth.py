"""The one declared truth of a synthetic study: everything that goes into its files, and nothing that analysis may see.

*printed*: in the text of the reference study (Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d, CC BY 3.0).
*free*: a choice of this twin, because that text prints none; plausible, and nothing more. A twin shows that closo gets
back what went in. It cannot show that the reference study is right.

| parameter | value | kind |
|---|---|---|
| density of Na2B12H12 | 1.19 g/cm3 | literature: monoclinic cell, Her et al. 2009; gives the printed thicknesses |
| density of SiO2 (skeleton) | 2.20 g/cm3 | literature: amorphous silica |
| pristine salt | 1.6e-7 S/cm at 30 degC | free: 3.5 orders below the composite, between the printed "~3" and "4" |
| | 0.71 eV | printed |
| milled salt | 1.9e-5 S/cm at 60 degC, 0.58 eV | printed; milled for 4 h: free |
| A200 composite, 35 vol%, 4 h | 5e-4 S/cm at 30 degC, 0.38 eV | printed; that the silica is A200: free |
| every other composite | 0.38 eV | free: only one value is printed |
| shell over grain radius | 0.65 | free: puts the maximum at the printed 35 vol% |
| conductivity of the shell | 5.4e-3 S/cm at 60 degC | free: gives the printed 1.4e-3 S/cm there (A380) |
| milling, A to B to C | 0.640 and 0.064 1/h | free: B peaks at the printed 4 h; A is 7.7 %, after 8 h 0.6 % |
| conductivity of C over B | 0.3 | free: a slight fall from 4 h to 8 h |
| A90, A300 over A380 | 0.90, 1.05 | free: the printed "minor effect" of the surface area |
| SBA-15 over A380 | 0.40 | free: it "conducts less"; its pores stay 30 % empty (salt/pore volume 0.70) |
| transition of the salt | 529 K, 0.1 S/cm above | printed in the introduction (256 degC, "~0.1") |
| energy above it | 0.26 eV | literature: anion reorientation, Verdal et al., J. Phys. Chem. C 2014 |
| relative permittivity | 10 | free |
| blocking electrodes | 5e-6 S s^n/cm2, n = 0.9 | free |
| BET areas, pore volumes | Table 1 | printed (pore volumes read as mm3/g) |
| pellets | 0.785 cm2, 187 MPa, 40 and 45 mg | printed (40-50 mg); thickness follows from mass, density and void |
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np

from closo.constants import BOLTZMANN, ELECTRONVOLT
from closo.errors import StudyError, did_you_mean
from closo.twin.composite import phase_fractions, shell_conductivity

ZERO_CELSIUS = 273.15  # K
SYNTHETIC = "SYNTHETIC DATA made by closo.twin from a declared truth; this is not a measurement"


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random numbers of one thing (a pellet, a spectrum) for one seed.

    Each thing has a stream of its own, so that a pellet more in a study does not change the others.
    """
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


@dataclass(frozen=True)
class Nuisances:
    """What stands between the truth and a reading. Each standard deviation is the one that study.toml states."""

    mass: float = 0.1e-6  # standard deviation of a pellet's weighed mass [kg]
    thickness: float = 5e-6  # of its measured thickness [m]
    area: float = 0.00785e-4  # of the true electrode area about the nominal one [m2]; 1 % of 0.785 cm2
    density: float = 0.01  # of a powder's true density about the literature value, relative
    weighing: float = 0.2e-6  # of each weighed mass of a recipe [kg]
    portioning: float = 0.5e-6  # of the mass really taken about the mass aimed at [kg]; the reading follows it
    temperature_offset: float = 0.5  # of the chamber's thermometer [K]; one draw for a whole study
    temperature_scatter: float = 0.1  # of each measurement's temperature about that [K]
    void: tuple[float, float] = (0.02, 0.08)  # smallest and largest share of voids in a pellet; uniform
    pellet_spread: float = 0.06  # of ln(conductivity) from pellet to pellet of one sample; free, nobody states it
    hysteresis: float = 0.03  # ln of the cooling over the heating branch, half on each side of the truth
    lead_resistance: float = 0.5  # of rods and leads, true [ohm]
    lead_resistance_u: float = 0.02  # of its reading from a short-circuit run [ohm]
    inductance: float = 1e-6  # of the leads [H]
    noise: float = 0.003  # standard deviation of Re Z and of Im Z over |Z|, each independent
    noise_edge: float = 0.01  # the same at and above 500 kHz and at and below 2 Hz
    mains: float = 0.01  # extra standard deviation at the frequency nearest 50 Hz, over |Z|
    gain: float = 0.01  # of the scale of Z: what an uncalibrated file is worth; one draw for a whole study
    delay: float = math.radians(1.0)  # of the phase at 1 MHz [rad], in proportion to frequency; one draw for a study


@dataclass(frozen=True)
class Silica:
    """A silica powder."""

    name: str  # as in Table 1 of the reference study, without its 'SiO2-'
    specific_surface_area: float  # m2/kg; printed there
    pore_volume: float  # m3/kg; printed there
    factor: float  # conductivity of its composite over that with A380, all else equal


@dataclass(frozen=True)
class Recipe:
    """What a sample is meant to be. `filler` is None for the salt alone; `hours` of milling, 0 for as received."""

    name: str
    filler: str | None = None
    fraction: float = 0.0
    hours: float = 0.0


RECIPES: tuple[Recipe, ...] = (
    Recipe("pristine"),
    Recipe("milled", hours=4.0),
    Recipe("A200-35-4h", "A200", 0.35, 4.0),
    Recipe("A380-25-4h", "A380", 0.25, 4.0),
    Recipe("A380-30-4h", "A380", 0.30, 4.0),
    Recipe("A380-35-4h", "A380", 0.35, 4.0),
    Recipe("A380-40-4h", "A380", 0.40, 4.0),
    Recipe("A380-35-1h", "A380", 0.35, 1.0),
    Recipe("A380-35-2h", "A380", 0.35, 2.0),
    Recipe("A380-35-8h", "A380", 0.35, 8.0),
    Recipe("A90-35-4h", "A90", 0.35, 4.0),
    Recipe("A300-35-4h", "A300", 0.35, 4.0),
    Recipe("SBA15-35-4h", "SBA15", 0.35, 4.0),
)


@dataclass(frozen=True)
class SampleTruth:
    """The true conductivity of a sample: sigma T = sigma_0 exp(-Ea / kT), and a transition where there is one."""

    name: str
    prefactor: float  # sigma_0 [S K/m]
    activation_energy: float  # of ln(sigma T) [J]
    transition: float | None = None  # temperature above which the salt is superionic [K]
    conductivity_above: float = 10.0  # S/m at the transition
    activation_energy_above: float = 0.26 * ELECTRONVOLT

    def conductivity(self, temperature: float) -> float:
        """Return the conductivity [S/m] at `temperature` [K].

        Example
        -------
        >>> round(Truth().sample("A200-35-4h").conductivity(303.15), 6)  # S/m
        0.05
        """
        if self.transition is not None and temperature >= self.transition:
            return _arrhenius(temperature, self.transition, self.conductivity_above, self.activation_energy_above)
        return self.prefactor / temperature * math.exp(-self.activation_energy / (BOLTZMANN * temperature))


@dataclass(frozen=True)
class Truth:
    """The declared truth. Conductivities in S/m, temperatures in K, energies in J, densities in kg/m3.

    `pristine`, `milled` and `composite` are anchors: (temperature, conductivity, activation energy of ln(sigma T)).
    The module's table says which values are printed and which are free.
    """

    seed: int = 0
    pristine: tuple[float, float, float] = (303.15, 1.6e-5, 0.71 * ELECTRONVOLT)
    milled: tuple[float, float, float] = (333.15, 1.9e-3, 0.58 * ELECTRONVOLT)
    composite: tuple[float, float, float] = (303.15, 5.0e-2, 0.38 * ELECTRONVOLT)  # 35 vol% A200, 4 h
    transition: float = 529.0
    shell: float = 0.65
    conductivity_shell: float = 0.54
    temperature_shell: float = 333.15
    milling_rates: tuple[float, float] = (0.640, 0.064)  # 1/h
    over_milled: float = 0.3
    density_salt: float = 1190.0
    density_silica: float = 2200.0
    permittivity: float = 10.0
    cpe_coefficient: float = 5e-2  # S s^n/m2
    cpe_exponent: float = 0.9
    area: float = 0.785e-4
    nuisances: Nuisances = Nuisances()
    silicas: tuple[Silica, ...] = (
        Silica("A90", 70.2e3, 0.152e-3, 0.90),
        Silica("A200", 191.2e3, 0.437e-3, math.nan),  # from `composite`
        Silica("A300", 271.5e3, 0.742e-3, 1.05),
        Silica("A380", 349.2e3, 0.692e-3, 1.0),
        Silica("SBA15", 804.4e3, 1.207e-3, 0.40),
    )

    def recipe(self, name: str) -> Recipe:
        """Return the recipe of the sample called `name`.

        Raises
        ------
        StudyError  when the twin has no such sample.
        """
        known = {recipe.name: recipe for recipe in RECIPES}
        if name not in known:
            raise StudyError(f"The twin has no sample '{name}'.", hint=did_you_mean(name, known))
        return known[name]

    def silica(self, name: str) -> Silica:
        """Return the silica called `name`."""
        return next(silica for silica in self.silicas if silica.name == name)

    def sample(self, name: str, *, fraction: float | None = None) -> SampleTruth:
        """Return the true conductivity of a sample.

        Parameters
        ----------
        name : one of RECIPES.
        fraction : volume fraction of silica that the weighed masses really gave; the nominal one when absent.
        """
        recipe = self.recipe(name)
        if recipe.filler is None:
            temperature, sigma, energy = self.milled if recipe.hours else self.pristine
            transition = None if recipe.hours else self.transition
        else:
            temperature, energy, transition = self.temperature_shell, self.composite[2], None
            sigma = self._composite_conductivity(recipe, recipe.fraction if fraction is None else fraction)
        prefactor = sigma * temperature * math.exp(energy / (BOLTZMANN * temperature))
        return SampleTruth(name, prefactor, energy, transition)

    def _composite_conductivity(self, recipe: Recipe, fraction: float) -> float:
        """Return the conductivity of a composite [S/m] at `temperature_shell`."""
        assert recipe.filler is not None
        sigma_matrix = _arrhenius(self.temperature_shell, *self.milled)
        k1, k2 = self.milling_rates

        def shell(phi: float) -> float:
            return shell_conductivity(
                phi, shell=self.shell, sigma_shell=self.conductivity_shell, sigma_matrix=sigma_matrix
            )

        def milled(hours: float) -> float:
            _, b, c = phase_fractions(hours, k1=k1, k2=k2)
            return b + self.over_milled * c

        factor = self.silica(recipe.filler).factor
        if math.isnan(factor):
            factor = _arrhenius(self.temperature_shell, *self.composite) / shell(0.35)
        return shell(fraction) * milled(recipe.hours) / milled(4.0) * factor


def _arrhenius(temperature: float, reference: float, sigma: float, energy: float) -> float:
    """Return the conductivity at `temperature` of a sigma T that follows Arrhenius through (reference, sigma)."""
    exponent = -energy / BOLTZMANN * (1.0 / temperature - 1.0 / reference)
    return sigma * reference / temperature * math.exp(exponent)
