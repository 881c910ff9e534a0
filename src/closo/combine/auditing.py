"""The study's recipes, pellets, cells, presses and printed numbers as records for `combine.audit`."""

from __future__ import annotations

from typing import Any

from closo.combine import audit
from closo.quantity import Number
from closo.result import Check
from closo.study import Cell, Press, Range, Study

__all__ = ["audit_study", "cell_checks", "press_checks"]

_PELLET = ("area", "diameter", "thickness", "mass", "pressure", "force")
_CELL = (
    "area", "diameter", "cathode_mass", "active_fraction", "electrolyte_fraction", "carbon_fraction",
    "theoretical_capacity", "molar_mass", "electrons",
    "areal_capacity", "current_density", "c_rate", "separator_mass", "separator_thickness",
)  # fmt: skip
_PRESS = ("torque", "screws", "screw_diameter", "nut_factor", "area", "pressure", "force")
_POWDER = ("specific_surface_area", "pore_volume", "particle_size")
_PRINTED = ("quantity", "value", "of", "to", "temperature", "relation", "convention", "where")


def audit_study(study: Study) -> list[Check]:
    """Return every check that recipes, geometry and printed numbers allow; passed is None where one cannot be made."""
    densities = {name: m.density for name, m in study.materials.items() if m.density is not None}
    recipes = {
        name: audit.Recipe(
            name=name,
            matrix=sample.recipe.matrix,
            filler=sample.recipe.filler,
            filler_fraction=sample.recipe.filler_fraction,
            masses=sample.recipe.masses,
            batch_mass=sample.recipe.batch_mass,
            densities=densities,
        )
        for name, sample in study.samples.items()
        if sample.recipe is not None
    }
    full = {name: audit.recipe_density(recipe) for name, recipe in recipes.items()}
    return audit.audit(
        materials=[audit.Material(name=name, density=m.density) for name, m in study.materials.items()],
        powders=[
            audit.Powder(name=name, density=densities.get(p.material or ""), **_fields(p, _POWDER))
            for name, p in study.powders.items()
        ],
        recipes=list(recipes.values()),
        pellets=[
            audit.Pellet(name=name, density=full.get(s.sample), **_fields(s, _PELLET))
            for name, s in study.specimens.items()
        ],
        cells=[_cell(name, c, _density(full, c.separator_sample)) for name, c in study.cells.items()],
        presses=[_press(name, p) for name, p in study.presses.items()],
        printed=[audit.Printed(**_fields(p, _PRINTED)) for p in study.printed],
    )


def cell_checks(name: str, cell: Cell, density: Number | None) -> list[Check]:
    """Return the checks of one cell; `density` [kg/m3] is the full one of its electrolyte."""
    return audit.audit_cells([_cell(name, cell, density)])


def press_checks(name: str, press: Press) -> list[Check]:
    """Return the checks of one press."""
    return audit.audit_presses([_press(name, press)])


def _cell(name: str, cell: Cell, density: Number | None) -> audit.Cell:
    return audit.Cell(name=name, separator_density=density, **_fields(cell, _CELL))


def _press(name: str, press: Press) -> audit.Press:
    return audit.Press(name=name, **_fields(press, _PRESS))


def _fields(table: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a table of the study; a range becomes the pair of its ends."""
    values = {name: getattr(table, name) for name in names}
    return {k: (v.low, v.high) if isinstance(v, Range) else v for k, v in values.items()}


def _density(full: dict[str, Number | None], sample: str | None) -> Number | None:
    return None if sample is None else full.get(sample)
