"""Pellets: drawn from the truth, with the readings that a laboratory notebook would hold about them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from closo.twin.composite import unfilled_pore_fraction, volume_fraction
from closo.twin.impedance import VACUUM_PERMITTIVITY, PelletCircuit
from closo.twin.truth import Recipe, SampleTruth, Truth, stream


@dataclass(frozen=True)
class Batch:
    """One milled batch of 500 mg: what was weighed, and what it became."""

    recipe: Recipe
    masses: dict[str, float]  # component -> reading [kg]
    fraction: float  # true volume fraction of silica
    density: float  # true, of the solid without voids [kg/m3]
    truth: SampleTruth  # true conductivity of the sample


@dataclass(frozen=True)
class Pellet:
    """A pressed pellet. `*_reading` is what the notebook says, the rest is the truth."""

    name: str
    batch: Batch
    mass: float  # kg
    area: float  # m2
    thickness: float  # m
    void: float
    spread: float  # conductivity of this pellet over that of its sample
    lead_resistance: float  # ohm
    mass_reading: float
    area_reading: float
    thickness_reading: float
    lead_resistance_reading: float

    def conductivity(self, temperature: float, branch: str, hysteresis: float) -> float:
        """Return the true conductivity of the pellet [S/m] at `temperature` [K] on its heating or cooling branch."""
        half = 0.5 * hysteresis if branch == "cooling" else -0.5 * hysteresis
        return self.batch.truth.conductivity(temperature) * self.spread * math.exp(half)


def _densities(truth: Truth) -> tuple[float, float]:
    """Return the true densities of salt and silica [kg/m3]: of the powders, so common to a whole study."""
    draw = stream(truth.seed, "densities").standard_normal(2)
    u = truth.nuisances.density
    return truth.density_salt * (1.0 + u * draw[0]), truth.density_silica * (1.0 + u * draw[1])


def draw_batch(truth: Truth, name: str) -> Batch:
    """Return the batch of the sample called `name`: 500 mg, weighed for the nominal volume fraction."""
    recipe, u = truth.recipe(name), truth.nuisances
    rng = stream(truth.seed, "batch", name)
    salt_density, silica_density = _densities(truth)
    silica_volume, salt_volume = recipe.fraction / 1.0, 1.0 - recipe.fraction
    silica_share = silica_volume * truth.density_silica
    silica_share /= silica_share + salt_volume * truth.density_salt
    taken = [500e-6 * share + u.portioning * rng.standard_normal() for share in (1.0 - silica_share, silica_share)]
    readings = [round(mass + u.weighing * rng.standard_normal(), 8) for mass in taken]
    if recipe.filler is None:
        return Batch(recipe, {"Na2B12H12": readings[0]}, 0.0, salt_density, truth.sample(name))
    phi = volume_fraction(taken[1], taken[0], density_filler=silica_density, density_matrix=salt_density)
    density = phi * silica_density + (1.0 - phi) * salt_density
    masses = {"Na2B12H12": readings[0], "SiO2": readings[1]}
    return Batch(recipe, masses, phi, density, truth.sample(name, fraction=phi))


def draw_pellet(truth: Truth, batch: Batch, name: str) -> Pellet:
    """Return a pellet pressed from `batch`: 40 mg of salt or 45 mg of composite, within the printed 40-50 mg."""
    u, recipe = truth.nuisances, batch.recipe
    rng = stream(truth.seed, "pellet", name)
    mass = (40e-6 if recipe.filler is None else 45e-6) + 1e-6 * rng.standard_normal()
    void = rng.uniform(*u.void)
    if recipe.filler is not None:
        pores = truth.silica(recipe.filler).pore_volume
        empty = unfilled_pore_fraction(batch.fraction, pore_volume=pores, density=truth.density_silica)
        void = 1.0 - (1.0 - void) * (1.0 - empty)
    area = truth.area + u.area * rng.standard_normal()
    thickness = mass / (batch.density * (1.0 - void) * area)
    return Pellet(
        name=name,
        batch=batch,
        mass=mass,
        area=area,
        thickness=thickness,
        void=void,
        spread=math.exp(u.pellet_spread * rng.standard_normal()),
        lead_resistance=u.lead_resistance,
        mass_reading=round(mass + u.mass * rng.standard_normal(), 8),
        area_reading=truth.area,
        thickness_reading=round(thickness + u.thickness * rng.standard_normal(), 7),
        lead_resistance_reading=round(u.lead_resistance + u.lead_resistance_u * rng.standard_normal(), 3),
    )


def pellet_circuit(truth: Truth, pellet: Pellet, conductivity: float) -> PelletCircuit:
    """Return the circuit of a pellet whose material has this conductivity [S/m]."""
    return PelletCircuit(
        bulk_resistance=pellet.thickness / (conductivity * pellet.area),
        geometric_capacitance=VACUUM_PERMITTIVITY * truth.permittivity * pellet.area / pellet.thickness,
        lead_resistance=pellet.lead_resistance,
        inductance=truth.nuisances.inductance,
        cpe_coefficient=truth.cpe_coefficient * pellet.area,
        cpe_exponent=truth.cpe_exponent,
    )
