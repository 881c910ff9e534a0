"""What the masses, the geometry and the formula of a cell imply, before anything is measured; and the pressure of a press.

Measures
    theoretical_capacity:formula, active_mass, areal_capacity:theoretical, mass:areal_capacity (of the composite, from the
    areal capacity stated), current_density:c_rate, volume_fraction:active, :electrolyte and :carbon of the cathode,
    theoretical_thickness and relative_density of the separator, area:disc; pressure and force of a press. With
    `with_statements`, also what is stated itself, and the checks of it.
Needs
    what study.toml states of a cell or a press; each line needs its own few numbers, and is left out without them.
Uncertainty sources
    those of the inputs with their labels.
Limits
    Arithmetic on what was written down. `closo check` says where it contradicts other things that were written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import xarray as xr

from closo.combine.audit import Cell, Press
from closo.errors import StudyError
from closo.models import recipe
from closo.models.cell.forms import electrode_fractions
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check, Result


def cell_recipe(cell: Cell) -> Result:
    """Return what follows from a cell's masses, geometry and formula.

    Example
    -------
    >>> cell = Cell(name="RT", area=0.283e-4, cathode_mass=1.5e-6, active_fraction=0.6, theoretical_capacity=171 * 3600.0)
    >>> round(cell_recipe(cell).quantities["areal_capacity:theoretical"].value / 36000.0, 4)
    0.5438
    """
    disc = _of(cell, recipe.disc_area, "diameter")
    formula = _of(cell, lambda m, n: recipe.theoretical_capacity(m, electrons=n), "molar_mass electrons")
    capacity = formula if cell.theoretical_capacity is None else cell.theoretical_capacity
    cell = replace(cell, area=disc if cell.area is None else cell.area, theoretical_capacity=capacity)
    loaded, whole = cell, uncertain(1.0, {})
    if cell.active_mass is not None:
        loaded = replace(cell, cathode_mass=cell.active_mass, active_fraction=whole)
    areal = _of(
        loaded,
        lambda m, w, q, a: recipe.areal_capacity(m, w, theoretical_capacity=q, area=a),
        "cathode_mass active_fraction theoretical_capacity area",
    )
    implied = _of(
        cell,
        lambda c, w, q, a: recipe.implied_mass(c, w, theoretical_capacity=q, area=a),
        "areal_capacity active_fraction theoretical_capacity area",
    )
    separator = "separator_mass area separator_density"
    density = _of(
        cell, lambda m, a, d, t: recipe.relative_density(m, a, t, density=d), f"{separator} separator_thickness"
    )
    full = "mass / (full density x area"
    found = {
        "area:disc": (disc, "pi d2/4"),
        "theoretical_capacity:formula": (formula, f"{cell.electrons} F/M"),
        "active_mass": (_of(cell, lambda m, w: m * w, "cathode_mass active_fraction"), "composite x share"),
        "areal_capacity:theoretical": (areal, "composite mass x active share x theoretical capacity / area"),
        "mass:areal_capacity": (
            implied,
            "areal capacity as stated x area / (active share x theoretical capacity)",
        ),
        "current_density:c_rate": (
            _of(replace(cell, areal_capacity=areal), recipe.current_density, "areal_capacity c_rate"),
            "C-rate x areal capacity from the masses",
        ),
        "theoretical_thickness": (_of(cell, recipe.theoretical_thickness, separator), f"{full})"),
        "relative_density": (density, f"{full} x thickness)"),
    }
    return _result("cell_recipe", cell.name, found)


def press_recipe(press: Press) -> Result:
    """Return the pressure that torque on screws or a force gives, or the force behind a pressure."""
    factor = recipe.assumed_nut_factor(press.name) if press.nut_factor is None else press.nut_factor
    tightened = _of(
        press,
        lambda t, n, d, a: recipe.stack_pressure(t, screws=n, screw_diameter=d, nut_factor=factor, area=a),
        "torque screws screw_diameter area",
    )
    found = {
        "pressure:torque": (tightened, "n M/(K d A)"),
        "pressure:force": (_of(press, lambda f, a: f / a, "force area"), "F/A"),
        "force:pressure": (_of(press, recipe.pressing_force, "pressure area"), "p A"),
    }
    return _result("press_recipe", press.name, found)


def composite(
    shares: Mapping[str, Number], densities: Mapping[str, Number | None], *, porosity: Number | None
) -> dict[str, Quantity]:
    """Return the volume fractions that a mixing ratio by mass implies, as 'volume_fraction:<part>'.

    Parameters
    ----------
    shares : part -> mass fraction [1]; densities : part -> density [kg/m3]; porosity : share of pores [1], None for none.

    Returns
    -------
    Nothing where a density is not known or the shares do not add up to 1.

    Example
    -------
    >>> mix = composite({"active": 0.7, "electrolyte": 0.3}, {"active": 3250.0, "electrolyte": 1543.5}, porosity=None)
    >>> {key: round(q.value, 3) for key, q in mix.items()}
    {'volume_fraction:active': 0.526, 'volume_fraction:electrolyte': 0.474}
    """
    known = {part: density for part in shares if (density := densities.get(part)) is not None}
    if len(known) < len(shares) or len(shares) < 2:
        return {}
    try:
        volumes = electrode_fractions(shares, known, porosity=0.0 if porosity is None else porosity)
    except StudyError:  # the audit says what is wrong with the numbers
        return {}
    method = "from mass fractions and densities" + ("" if porosity is None else ", with the pores stated")
    return {
        f"volume_fraction:{part}": Quantity("volume_fraction", volume, method, basis="derived")
        for part, volume in volumes.items()
    }


_VOLUMES = ("volume_fraction:active", "volume_fraction:electrolyte", "volume_fraction:carbon")
_IMPLIES = dict.fromkeys(("active_fraction", "electrolyte_fraction", "carbon_fraction"), _VOLUMES)  # field -> keys


def with_statements(made: Result, stated: Mapping[str, Quantity], checks: Sequence[Check]) -> Result:
    """Return a recipe with what is stated itself, and with the checks that hold the statements against each other.

    Parameters
    ----------
    stated : '<name>:<field>' -> quantity.
    checks : of the audit, of this owner alone, which judge fields; in the result they judge its keys.
        `findings["implied"]` says which quantities follow from which key without being judged by a check.
    """
    judged = [replace(c, judges=tuple(k for k in stated if k.partition(":")[2] in c.judges)) for c in checks]
    implied = {key: [k for k in _IMPLIES.get(key.partition(":")[2], ()) if k in made.quantities] for key in stated}
    findings = {**made.findings, "implied": {key: keys for key, keys in implied.items() if keys}}
    return replace(made, quantities={**made.quantities, **stated}, checks=tuple(judged), findings=findings)


def _of(table: Cell | Press, make: Callable[..., Number], fields: str) -> Number | None:
    """Return what `make` gives of some fields, None where one of them is not known."""
    numbers = [getattr(table, field) for field in fields.split()]
    return None if any(number is None for number in numbers) else make(*numbers)


def _result(technique: str, name: str, found: dict[str, tuple[Number | None, str]]) -> Result:
    known = {
        key: Quantity(key.partition(":")[0], n, method, basis="derived")
        for key, (n, method) in found.items()
        if n is not None
    }
    return Result(technique, name, known, xr.Dataset())
