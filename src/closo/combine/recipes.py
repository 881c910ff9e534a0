"""What a study states about its cells and presses, and what follows from it by arithmetic: one result each.

Nothing of it was measured; every quantity says so (`Quantity.basis`), and so does the verdict on a claim that rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from closo.combine.audit import audit_cells, audit_presses
from closo.combine.auditing import cell_record, press_record
from closo.combine.cell_recipe import cell_recipe, composite, press_recipe, with_statements
from closo.combine.ledgers.parameters import electrolyte_density
from closo.combine.view import View, Wanted
from closo.quantity import Number
from closo.result import Result
from closo.study import Cell, Study, stated


def cells(view: View) -> Iterator[Wanted | str]:
    """Yield what each cell states, and what masses, geometry and formula imply."""
    study = view.study
    for name, cell in study.cells.items():
        numbers = stated(cell)
        if numbers:
            methods = (q.method for q in numbers.values())
            tables = [cell, *methods, *study.samples.values(), *study.materials.values()]
            yield Wanted(f"{name}/recipe", partial(recipe_of_cell, study, name), [], tables, study.about(name))


def presses(view: View) -> Iterator[Wanted | str]:
    """Yield what each press states and implies."""
    for name, press in view.study.presses.items():
        tables = [press, *(q.method for q in stated(press).values())]
        yield Wanted(f"presses/{name}", partial(recipe_of_press, view.study, name), [], tables)


def recipe_of_cell(study: Study, name: str) -> Result:
    """Return what a cell's table states and implies; without quantities where it states no number.

    Parameters
    ----------
    name : one of the study's cells.
    """
    cell = study.cells[name]
    density = electrolyte_density(study, cell)
    record = cell_record(name, cell, density)
    made = cell_recipe(record)
    shares = {"active": cell.active_fraction, "electrolyte": cell.electrolyte_fraction, "carbon": cell.carbon_fraction}
    mixed = composite(
        {part: share for part, share in shares.items() if share is not None},
        _densities(study, cell, density),
        porosity=cell.porosity,
    )
    made = replace(made, quantities={**made.quantities, **mixed})
    return with_statements(made, stated(cell), audit_cells([record]))


def _densities(study: Study, cell: Cell, electrolyte: Number | None) -> dict[str, Number | None]:
    """Return the density of each part of a cathode, None where the study does not state it."""
    found: dict[str, Number | None] = {"electrolyte": electrolyte}
    for part, material in (("active", cell.active_material), ("carbon", cell.carbon_material)):
        known = study.materials.get(material or "")
        found[part] = None if known is None else known.density
    return found


def recipe_of_press(study: Study, name: str) -> Result:
    """Return what a press's table states and implies.

    Parameters
    ----------
    name : one of the study's presses.
    """
    press = study.presses[name]
    record = press_record(name, press)
    return with_statements(press_recipe(record), stated(press), audit_presses([record]))
