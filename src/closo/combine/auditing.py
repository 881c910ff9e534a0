"""The study's recipes, pellets, cells, presses and printed numbers as records for `combine.audit`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from closo.combine import audit
from closo.quantity import Number
from closo.result import Check
from closo.study import Cell, Press, Range, Study


def audit_study(study: Study) -> list[Check]:
    """Return every check that recipes, geometry and printed numbers allow; passed is None where one cannot be made."""
    densities = {name: m.density for name, m in study.materials.items() if m.density is not None}
    recipes = {name: made for name in study.samples if (made := recipe_record(study, name)) is not None}
    full = {name: audit.recipe_density(recipe) for name, recipe in recipes.items()}
    return audit.audit(
        materials=[audit.Material(name=name, density=m.density) for name, m in study.materials.items()],
        powders=[
            audit.Powder(name=name, density=densities.get(p.material or ""), **_stated(p, audit.Powder))
            for name, p in study.powders.items()
        ],
        recipes=list(recipes.values()),
        pellets=[
            audit.Pellet(name=name, density=full.get(s.sample), **_stated(s, audit.Pellet))
            for name, s in study.specimens.items()
        ],
        cells=[cell_record(name, c, full.get(c.separator_sample or "")) for name, c in study.cells.items()],
        presses=[press_record(name, p) for name, p in study.presses.items()],
        printed=[audit.Printed(**_stated(p, audit.Printed)) for p in study.printed],
    )


def recipe_record(study: Study, sample: str) -> audit.Recipe | None:
    """Return what a sample is made of for the audit, None where it is not stated."""
    recipe = study.samples[sample].recipe if sample in study.samples else None
    densities = {name: m.density for name, m in study.materials.items() if m.density is not None}
    return None if recipe is None else audit.Recipe(name=sample, densities=densities, **_stated(recipe, audit.Recipe))


def cell_record(name: str, cell: Cell, density: Number | None) -> audit.Cell:
    """Return a cell for the audit; `density` [kg/m3] is the full one of its electrolyte."""
    return audit.Cell(name=name, separator_density=density, **_stated(cell, audit.Cell))


def press_record(name: str, press: Press) -> audit.Press:
    """Return a press for the audit."""
    return audit.Press(name=name, **_stated(press, audit.Press))


def _stated(table: object, record: type[Any]) -> dict[str, Any]:
    """Return the fields that a table of the study shares with a record; a range becomes the pair of its ends."""
    names = {field.name for field in fields(record)} - {"name", "density", "densities", "separator_density"}
    values = {name: getattr(table, name) for name in names}
    return {k: (v.low, v.high) if isinstance(v, Range) else v for k, v in values.items()}
