"""Recipes and pellets: whether masses, fractions, densities and geometry fit together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from closo.combine.audit.judge import (
    differ,
    digits,
    ends,
    exceeds,
    implausible,
    listed,
    plain,
    uncertainty,
    value,
    with_u,
)
from closo.combine.audit.records import NumberOrRange, Pellet, Recipe
from closo.models.recipe import (
    disc_area,
    mass_fraction,
    mixture_density,
    pressing_force,
    relative_density,
    theoretical_thickness,
    tonnes_force,
    volume_fraction,
)
from closo.quantity import Number
from closo.result import Check

_USUAL_AREA = (3e-6, 2e-3)  # m2, discs of 2 to 50 mm
_NAMED = 4  # pellets of a group that are named one by one
_NOMINAL = 0.03  # a batch is weighed to its nominal mass this well
SUSPICIOUS_DENSITY = 0.5  # a pellet pressed at > 100 MPa is denser; a loose powder has about 0.1 to 0.4

# by what factor a slip changes the relative density -> (field, the slip, unit that was meant)
_SLIPS = (
    (1e-3, "thickness", "the thickness is in um, not mm"),
    (1e3, "thickness", "the thickness is in mm, not um"),
    (1e3, "mass", "the mass is in mg, not g"),
    (1e-3, "mass", "the mass is in g, not mg"),
    (1e-2, "area", "the area is in mm2, not cm2"),
    (1e2, "area", "the area is in cm2, not mm2"),
    (0.25, "area", "the area was computed with the diameter as radius"),
    (4.0, "area", "the area was computed with the radius as diameter"),
)


# --- recipes --------------------------------------------------------------------------------------------------------


def recipe_density(recipe: Recipe | None) -> Number | None:
    """Return the full density [kg/m3] of what a recipe makes, or None where it does not say enough.

    From the filler fraction and the two densities; from the masses where no fraction is stated; from the matrix alone
    where there is no filler.
    """
    if recipe is None:
        return None
    fraction = _volume_fraction(recipe)
    matrix, filler = recipe.densities.get(recipe.matrix or ""), recipe.densities.get(recipe.filler or "")
    if fraction is not None and matrix is not None and filler is not None:
        return mixture_density(fraction, filler, matrix)
    if recipe.masses and all(name in recipe.densities for name in recipe.masses):
        volumes = _volumes(recipe)
        return _total(list(recipe.masses.values())) / _total(list(volumes.values()))
    return matrix if recipe.filler is None and recipe.filler_fraction is None else None


def _volume_fraction(recipe: Recipe) -> Number | None:
    """Return the filler's stated fraction as volume fraction."""
    stated = recipe.filler_fraction
    if stated is None or stated.number is None:
        return None
    if stated.name == "volume_fraction":
        return stated.number
    matrix, filler = recipe.densities.get(recipe.matrix or ""), recipe.densities.get(recipe.filler or "")
    return None if matrix is None or filler is None else volume_fraction(stated.number, filler, matrix)


def _total(numbers: Sequence[Number]) -> Number:
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def _volumes(recipe: Recipe) -> dict[str, Number]:
    return {name: mass / recipe.densities[name] for name, mass in recipe.masses.items()}


def audit_recipes(recipes: Sequence[Recipe]) -> list[Check]:
    """Return the checks of recipes: stated fraction against masses and densities, batch mass against their sum."""
    checks: list[Check] = []
    for recipe in recipes:
        checks += [c for c in (_fraction_check(recipe), _batch_check(recipe)) if c is not None]
    return checks


def _fraction_check(recipe: Recipe) -> Check | None:
    """Test the stated fraction of the filler against the masses weighed."""
    stated, filler = recipe.filler_fraction, recipe.filler
    if stated is None or stated.number is None or filler is None:
        return None
    name = f"filler fraction: {recipe.name}"
    given = f"{recipe.name}: {plain(stated.name, stated.number)} {filler}"
    needed = {filler, *recipe.masses} | ({recipe.matrix} if recipe.matrix else set())
    missing = sorted(m for m in needed if m not in recipe.densities)
    if missing:
        return Check(name, None, f"{given} cannot be checked: the density of {listed(missing)} is not stated.")
    if filler not in recipe.masses or len(recipe.masses) < 2:
        return Check(name, None, f"{given}{_weight_sentence(recipe)}; no masses are stated to compare with.")
    volumes = _volumes(recipe)
    found = {
        "volume_fraction": volumes[filler] / _total(list(volumes.values())),
        "mass_fraction": recipe.masses[filler] / _total(list(recipe.masses.values())),
    }
    weighed = listed(f"{plain('mass', mass)} {material}" for material, mass in recipe.masses.items())
    here = found.pop(stated.name)
    other_name, other = found.popitem()
    if not differ(here, stated.number):
        return Check(name, True, f"{given} agrees with the masses: {weighed} give {with_u(stated.name, here)}.")
    detail = f"{given} disagrees with the masses: {weighed} give {with_u(stated.name, here)}"
    if not differ(other, stated.number):
        detail += f", but {with_u(other_name, other)}: the unit of the fraction is probably wrong"
    elif not differ(1.0 - here, stated.number):
        detail += ": filler and matrix are probably exchanged"
    return Check(name, False, detail + ".")


def _weight_sentence(recipe: Recipe) -> str:
    """Return ' is 49.9 wt%, full density 1.5435 g/cm3', where the densities allow it."""
    fraction, density = _volume_fraction(recipe), recipe_density(recipe)
    if fraction is None or density is None or recipe.filler is None or recipe.matrix is None:
        return ""
    weight = mass_fraction(fraction, recipe.densities[recipe.filler], recipe.densities[recipe.matrix])
    return f" is {with_u('mass_fraction', weight)}, full density {with_u('density', density)}"


def _batch_check(recipe: Recipe) -> Check | None:
    """Test the batch mass against the sum of the masses."""
    if recipe.batch_mass is None or not recipe.masses:
        return None
    total = _total(list(recipe.masses.values()))
    batch = plain("mass", recipe.batch_mass)
    detail = f"{recipe.name}: the masses add up to {with_u('mass', total)}, the batch is {batch}"
    agrees = not differ(total, recipe.batch_mass)
    if agrees:
        return Check(f"batch mass: {recipe.name}", True, f"{detail}.")
    share = value(total) / value(recipe.batch_mass)
    if abs(share - 1.0) < _NOMINAL:
        return Check(f"batch mass: {recipe.name}", True, f"{detail}, near enough for a nominal mass.")
    cause = "a component is missing" if share < 0.95 else "a mass or the batch mass is wrong"
    return Check(f"batch mass: {recipe.name}", False, f"{detail}: {cause}.")


# --- pellets --------------------------------------------------------------------------------------------------------


def audit_pellets(pellets: Sequence[Pellet]) -> list[Check]:
    """Return the checks of pellets.

    Tests, where the numbers are stated: values that can occur; area against diameter; relative density at most 1 and
    not below `SUSPICIOUS_DENSITY`, of a range at its extreme corners; pressure against force and area; copies.
    """
    checks: list[Check] = []
    for pellet in pellets:
        checks += _plausible(pellet)
        made = (area_check(pellet.name, pellet.area, pellet.diameter), _density_check(pellet))
        checks += [c for c in made if c is not None]
    return checks + _force_checks(pellets) + _copies(pellets)


def _plausible(pellet: Pellet) -> list[Check]:
    """Return a failed check for each value that no laboratory pellet has."""
    problems = [
        implausible(name, number)
        for name in ("thickness", "mass", "area", "diameter", "pressure")
        if (number := getattr(pellet, name)) is not None
    ]
    return [
        Check(f"plausible size: {pellet.name}", False, f"{pellet.name}: {problem}; check its unit.")
        for problem in problems
        if problem is not None
    ]


def area_check(name: str, area: Number | None, diameter: Number | None) -> Check | None:
    """Test an area against the diameter of its disc; None where one of them is not stated."""
    if area is None or diameter is None:
        return None
    disc = disc_area(diameter)
    given = f"{name}: a diameter of {plain('diameter', diameter)} gives {with_u('area', disc)}"
    if not differ(area, disc):
        return Check(f"area: {name}", True, f"{given}, as stated ({plain('area', area)}).")
    ratio = value(area) / value(disc)
    causes = {
        4.0: "the diameter was taken as radius",
        0.25: "the radius was taken as diameter",
        4.0 / math.pi: "the area is the diameter squared",
        100.0: "the area is in mm2",
        0.01: "the area is in dm2, or the diameter in cm",
    }
    cause = next((f": {why}" for factor, why in causes.items() if abs(ratio / factor - 1.0) < 0.05), "")
    return Check(f"area: {name}", False, f"{given}, not the stated {plain('area', area)}{cause}.")


def area_question(area: Number | None, diameter: Number | None) -> str | None:
    """Ask about an area that occurs, but of which a mistaken unit is likelier; None where it is usual or not stated.

    Example
    -------
    >>> area_question(78.5e-4, None)
    'area 78.5 cm2 is a disc of 100 mm, unusual for a pellet or cell. Was 78.5 mm2 meant?'
    >>> area_question(0.785e-4, None), area_question(None, 0.1)
    (None, 'diameter 100 mm is unusual for a pellet or cell. Was 10 mm meant?')
    """
    found = disc_area(diameter) if area is None and diameter is not None else area
    if found is None or _USUAL_AREA[0] <= value(found) <= _USUAL_AREA[1]:
        return None
    large = value(found) > _USUAL_AREA[1]
    across = math.sqrt(4.0 * value(found) / math.pi) * 1e3  # mm
    if area is None:
        meant = f"{across / 10.0 if large else across * 10.0:.4g} mm"
        return f"diameter {across:.4g} mm is unusual for a pellet or cell. Was {meant} meant?"
    shown = value(found) * (1e4 if large else 1e6)
    given, meant = (f"{shown:.4g} cm2", f"{shown:.4g} mm2") if large else (f"{shown:.4g} mm2", f"{shown:.4g} cm2")
    return f"area {given} is a disc of {across:.3g} mm, unusual for a pellet or cell. Was {meant} meant?"


def _density_check(pellet: Pellet) -> Check | None:
    """Test whether the pellet has room for its mass."""
    area, density = _area(pellet), pellet.density
    if pellet.mass is None or pellet.thickness is None or area is None:
        return None
    name = f"relative density: {pellet.name}"
    if density is None:
        return Check(name, None, f"{pellet.name}: the full density of its material is not known; state the densities.")
    densest, loosest = _corners(pellet.mass, pellet.thickness, area, density)
    if exceeds(densest, 1.0):
        return Check(name, False, _too_dense(pellet, densest, area, density))
    if exceeds(1.0 / loosest, 1.0 / SUSPICIOUS_DENSITY):
        cause = _slip(pellet, value(loosest)) or "the pellet is very porous, broken, or a value is wrong"
        detail = f"{_given(pellet)} give a relative density of only {_percent(pellet, densest, loosest)}: {cause}."
        return Check(name, False, detail)
    tail = ", full within its uncertainty" if value(densest) > 1.0 else ""
    return Check(name, True, f"{_given(pellet)} give a relative density of {_percent(pellet, densest, loosest)}{tail}.")


def _corners(mass: NumberOrRange, thickness: NumberOrRange, area: Number, density: Number) -> tuple[Number, Number]:
    """Return the relative densities that must have occurred at the thin and at the thick end.

    A range of thicknesses says that its ends occurred, each with some mass of the mass's range: the thin end is tested
    with the lightest, the thick end with the heaviest. At one single thickness both ends of the mass occurred.
    """
    (light, heavy), (thin, thick) = ends(mass), ends(thickness)
    if not _is_range(thickness):
        light, heavy = heavy, light
    return relative_density(light, area, thin, density=density), relative_density(heavy, area, thick, density=density)


def _area(pellet: Pellet) -> Number | None:
    """Return the area stated, or that of the disc."""
    return disc_area(pellet.diameter) if pellet.area is None and pellet.diameter is not None else pellet.area


def _is_range(number: NumberOrRange | None) -> bool:
    return isinstance(number, tuple)


def _percent(pellet: Pellet, densest: Number, loosest: Number) -> str:
    """Return the relative density, or its two corners where mass or thickness is a range."""
    if _is_range(pellet.mass) or _is_range(pellet.thickness):
        a, b = sorted((value(densest), value(loosest)))
        return f"{100.0 * a:.0f} to {100.0 * b:.0f} %"
    return with_u("relative_density", densest)


def _given(pellet: Pellet) -> str:
    """Return 'pellet1: 45 mg, 310 um on 0.785 cm2 at a full density of 1.54 g/cm3'."""
    size = f"{plain('mass', pellet.mass)}, {plain('thickness', pellet.thickness)} on {plain('area', _area(pellet))}"
    return f"{pellet.name}: {size} at a full density of {value(pellet.density) / 1000.0:.4g} g/cm3"


def _too_dense(pellet: Pellet, densest: Number, area: Number, density: Number) -> str:
    """Say why a pellet is impossible, what is the least thickness, and what the conductivity inherits."""
    assert pellet.mass is not None
    assert pellet.thickness is not None
    (light, heavy), (thin, thick) = ends(pellet.mass), ends(pellet.thickness)
    light = light if _is_range(pellet.thickness) else heavy  # see `_corners`
    least = theoretical_thickness(light, area, density)
    start = f"{pellet.name}: {plain('mass', light)} on {plain('area', area)} at a full density of "
    start += f"{value(density) / 1000.0:.4g} g/cm3 are at least {with_u('theoretical_thickness', least)} thick"
    lost = "powder was lost after weighing, or the thickness is wrong and the conductivity L/(R A) with it"
    cause = _slip(pellet, value(densest)) or lost
    if not _is_range(pellet.thickness):
        found = f"{plain('thickness', thin)} would be a relative density of {with_u('relative_density', densest)}"
        return f"{start}; {found}, which is impossible: {cause}."
    found = f"{plain('thickness', thin)} would be {100.0 * value(densest):.0f} % of the full density"
    if _is_range(pellet.mass):
        start += f" ({plain('mass', heavy)}: {value(theoretical_thickness(heavy, area, density)) * 1e6:.0f} um)"
        worst = relative_density(heavy, area, thin, density=density)
        found += f" ({100.0 * value(worst):.0f} % with {plain('mass', heavy)})"
    upper = (100.0 * value(relative_density(m, area, thick, density=density)) for m in (light, heavy))
    at_thick = " to ".join(dict.fromkeys(f"{percent:.0f}" for percent in upper))
    return f"{start}; {found}, which is impossible, and {plain('thickness', thick)} {at_thick} %: {cause}."


def _slip(pellet: Pellet, found: float) -> str:
    """Return the mistaken unit or geometry that explains a relative density, or ''."""
    causes = []
    for factor, name, why in _SLIPS:
        corrected = found / factor
        if SUSPICIOUS_DENSITY <= corrected <= 1.05 and _is_odd(pellet, name, factor):
            causes.append(why)
    return f"probably {' or '.join(causes)}" if causes else ""


def _is_odd(pellet: Pellet, name: str, factor: float) -> bool:
    """Tell whether correcting the field by `factor` brings it nearer to what pellets usually are."""
    typical = {"thickness": 4e-4, "mass": 5e-5, "area": 0.6e-4}[name]
    low, high = ends(getattr(pellet, name))
    now = math.sqrt(value(low) * value(high))
    # the relative density goes with the mass, and against thickness and area
    then = now / factor if name == "mass" else now * factor
    return abs(math.log(then / typical)) < abs(math.log(now / typical))


def _force_checks(pellets: Sequence[Pellet]) -> list[Check]:
    """Return one check per pellet with a force, and one per pressure and area of the pellets without."""
    checks = [force_check(p.name, p.pressure, _area(p), p.force) for p in pellets if p.force is not None]
    alike: dict[tuple[float, float], list[Pellet]] = {}
    for pellet in pellets:
        if pellet.force is None and pellet.pressure is not None and _area(pellet) is not None:
            alike.setdefault((value(pellet.pressure), value(_area(pellet))), []).append(pellet)
    for group in alike.values():
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        checks.append(force_check(f"{group[0].name}{others}", group[0].pressure, _area(group[0]), None))
    return [c for c in checks if c is not None]


def force_check(name: str, pressure: Number | None, area: Number | None, force: Number | None) -> Check | None:
    """Test a pressing pressure against force and area; without a force, say what the press must show."""
    if pressure is None or area is None:
        return None
    needed = pressing_force(pressure, area)
    tonnes = f"{value(needed) / 1000.0:.4g} kN ({value(tonnes_force(needed)):.2f} t)"
    given = f"{name}: {plain('pressure', pressure)} on {plain('area', area)} is {tonnes}"
    if force is None:
        return Check(f"pressing force: {name}", None, f"{given}; no force is stated to compare with.")
    stated = f"{digits(value(force) / 1000.0, uncertainty(force) / 1000.0)} kN"
    if not differ(force, needed):
        return Check(f"pressing force: {name}", True, f"{given}, as stated ({stated}).")
    ratio = value(force) / value(needed)
    cause = ": the force is probably in kg, not N (or t, not kN)" if abs(ratio * 9.80665 - 1.0) < 0.05 else ""
    return Check(f"pressing force: {name}", False, f"{given}, not the stated {stated}{cause}.")


def _copies(pellets: Sequence[Pellet]) -> list[Check]:
    """Find pellets with the same mass and the same thickness to the last digit."""
    alike: dict[tuple[float, float], list[Pellet]] = {}
    for pellet in pellets:
        mass, thickness = pellet.mass, pellet.thickness
        if not (mass is None or thickness is None or isinstance(mass, tuple) or isinstance(thickness, tuple)):
            alike.setdefault((value(mass), value(thickness)), []).append(pellet)
    checks = []
    for group in (group for group in alike.values() if len(group) > 1):
        names = [pellet.name for pellet in group[:_NAMED]]
        more = [f"{len(group) - _NAMED} more"] if len(group) > _NAMED else []
        same = f"{plain('mass', group[0].mass)} and {plain('thickness', group[0].thickness)}"
        both = "both have" if len(group) == 2 else "all have"
        detail = f"{listed([*names, *more])} {both} {same}: one was copied, or the values are nominal, not measured."
        checks.append(Check(f"copied: {', '.join(names[:2])}", False, detail))
    return checks
