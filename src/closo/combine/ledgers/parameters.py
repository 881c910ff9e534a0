"""A cell's table in study.toml -> the parameters that its ledgers need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from closo.combine import audit
from closo.combine.auditing import recipe_record
from closo.combine.ledgers import CellParameters, cell_from_masses
from closo.errors import ClosoError
from closo.models.recipe import mass_fraction
from closo.quantity import Number, uncertain
from closo.study import Cell, Study, as_number

_GIVEN = (
    "diffusivity",
    "diffusion_energy",
    "exchange_current_density",
    "cathode_ionic_conductivity",
    "cathode_electronic_conductivity",
    "cathode_thickness",
    "particle_radius",
)


def parameters_of(study: Study, name: str) -> CellParameters:
    """Return what the study says about a cell; what follows from masses and densities is worked out.

    Parameters
    ----------
    name : one of the study's cells.
    """
    cell = study.cells[name]
    area = cell.given("area")
    known = CellParameters(
        name=name,
        area=area,
        separator_thickness=cell.separator_thickness,
        theoretical_capacity=cell.given("theoretical_capacity"),
        active_mass=cell.given("active_mass"),
        interface_resistance=cell.interfacial_resistance,
        current_density=cell.current_density,
    )
    made = _from_masses(study, cell, name, area)
    if made is not None:
        known = replace(
            made,
            separator_thickness=cell.separator_thickness or made.separator_thickness,
            theoretical_capacity=known.theoretical_capacity,
            interface_resistance=known.interface_resistance,
            current_density=known.current_density,
        )
    given: dict[str, Any] = {key: as_number(getattr(cell, key)) for key in _GIVEN}
    return replace(known, **{key: number for key, number in given.items() if number is not None})


def electrolyte_density(study: Study, cell: Cell) -> Number | None:
    """Return the full density [kg/m3] of the sample that a cell's electrolyte is made of, None where unknown."""
    recipe = recipe_record(study, cell.separator_sample or "")
    return audit.recipe_density(recipe)


def salt_fraction(study: Study, cell: Cell) -> Number | None:
    """Return the mass fraction of the salt in a cell's electrolyte, None where its recipe does not tell."""
    sample = study.samples.get(cell.separator_sample or "")
    recipe = None if sample is None else sample.recipe
    if recipe is None:
        return None
    if recipe.filler is None:
        return uncertain(1.0, {})
    salt, filled = (recipe.masses.get(name or "") for name in (recipe.matrix, recipe.filler))
    if salt is not None and filled is not None:
        weighed: Number = salt / (salt + filled)
        return weighed
    stated = recipe.filler_fraction
    density = {name: m.density for name, m in study.materials.items()}
    filler, matrix = (density.get(name or "") for name in (recipe.filler, recipe.matrix))
    if stated is None or stated.number is None:
        return None
    if stated.name == "mass_fraction":
        return 1.0 - stated.number
    return None if filler is None or matrix is None else 1.0 - mass_fraction(stated.number, filler, matrix)


def _from_masses(study: Study, cell: Cell, name: str, area: Number | None) -> CellParameters | None:
    """Return the geometry of the cathode from its masses; None where something for it is missing."""
    shares = {"active": cell.active_fraction, "electrolyte": cell.electrolyte_fraction, "carbon": cell.carbon_fraction}
    materials = {"active": cell.active_material, "carbon": cell.carbon_material}
    densities = {
        role: study.materials[material].density
        for role, material in materials.items()
        if material is not None and material in study.materials
    }
    densities["electrolyte"] = electrolyte_density(study, cell)
    present = {role: share for role, share in shares.items() if share is not None}
    known = {role: density for role in present if (density := densities.get(role)) is not None}
    if area is None or cell.cathode_mass is None or {"active", "electrolyte"} - set(present):
        return None
    if len(known) < len(present):
        return None
    try:
        return cell_from_masses(
            name,
            area=area,
            cathode_mass=cell.cathode_mass,
            mass_fractions=present,
            densities=known,
            separator_mass=cell.separator_mass,
            porosity=0.0 if cell.porosity is None else cell.porosity,
        )
    except ClosoError:  # the audit says what is wrong with the numbers
        return None
