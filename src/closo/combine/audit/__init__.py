"""The audit of a study's own numbers, before anything is measured: recipe, geometry, units, printed values.

Each function takes frozen records (`records`) and returns `result.Check`s whose `detail` is one sentence with the
numbers found, the limit, and the likely cause. `passed` is None where a number that the test needs is not stated.

>>> from closo.combine.audit import Pellet, audit_pellets
>>> from closo.quantity import parse
>>> pellet = Pellet(name="p1", area=parse("0.785 ± 0.005 cm2", "area", label="area:p1"),
...                 mass=parse("40.0 ± 0.1 mg", "mass", label="mass:p1"),
...                 thickness=parse("200 ± 5 um", "thickness", label="thickness:p1"),
...                 density=parse("1.5435 ± 0.01 g/cm3", "density", label="density:mix"))
>>> [check.passed for check in audit_pellets([pellet])]
[False]
"""

from __future__ import annotations

from collections.abc import Sequence

from closo.combine.audit.cells import audit_cells, audit_presses
from closo.combine.audit.pellets import area_question, audit_pellets, audit_recipes, recipe_density
from closo.combine.audit.powders import audit_materials, audit_powders
from closo.combine.audit.printed import audit_printed
from closo.combine.audit.records import Cell, Material, Pellet, Powder, Press, Printed, Recipe
from closo.result import Check

__all__ = [
    "Cell",
    "Material",
    "Pellet",
    "Powder",
    "Press",
    "Printed",
    "Recipe",
    "area_question",
    "audit",
    "audit_cells",
    "audit_materials",
    "audit_pellets",
    "audit_powders",
    "audit_presses",
    "audit_printed",
    "audit_recipes",
    "recipe_density",
]


def audit(
    *,
    materials: Sequence[Material] = (),
    powders: Sequence[Powder] = (),
    recipes: Sequence[Recipe] = (),
    pellets: Sequence[Pellet] = (),
    cells: Sequence[Cell] = (),
    presses: Sequence[Press] = (),
    printed: Sequence[Printed] = (),
) -> list[Check]:
    """Return all checks of a study, in the order of its tables."""
    return [
        *audit_materials(materials),
        *audit_powders(powders),
        *audit_recipes(recipes),
        *audit_pellets(pellets),
        *audit_cells(cells),
        *audit_presses(presses),
        *audit_printed(printed),
    ]
