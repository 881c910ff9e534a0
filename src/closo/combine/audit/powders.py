"""Materials and powders: whether densities, pore volumes and sizes are possible and fit together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from closo.combine.audit.judge import LIMIT, deviation, differ, ends, implausible, listed, plain, value, with_u
from closo.combine.audit.records import Material, Powder
from closo.models.recipe import (
    MAXIMUM_PORE_VOLUME,
    equivalent_size,
    implied_density,
    pore_diameter,
    pore_volume_in_other_unit,
    porosity,
)
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check

_REPORT_DEFAULT = 1000.0  # kg/m3: the "sample density" that sorption software assumes when nobody enters one
_NITROGEN = 0.36e-9  # m: diameter of N2, which measured the pores
_SAME_DENSITY = 0.05  # two handbooks differ by this much on an amorphous solid
_TOLERANCE = 0.3  # a size from microscopy may differ this much from 6/(rho S) of the same powder


def audit_materials(materials: Sequence[Material]) -> list[Check]:
    """Return one check per material with a density, whether a solid can have it."""
    checks = []
    for material in materials:
        if material.density is None:
            continue
        density = material.density
        problem = implausible("density", density)
        if problem is None:
            detail = f"{material.name}: {plain('density', density)} is possible for a solid."
        else:
            factor = 1000.0 if value(density) < 1000.0 else 1e-3
            other = implausible("density", density * factor) is None
            cause = f" In kg/m3 instead of g/cm3 (or the reverse) it is {plain('density', density * factor)}."
            detail = f"{material.name}: {problem}.{cause if other else ' Correct the value.'}"
        checks.append(Check(f"density: {material.name}", problem is None, detail))
    return checks


def audit_powders(powders: Sequence[Powder]) -> list[Check]:
    """Return the checks of powders.

    Tests, where the numbers are stated: surface area possible; pore volume possible (`MAXIMUM_PORE_VOLUME`) and its
    pores wider than the N2 that filled them; density implied by size and surface area, of each powder and of all
    together; numbers that were copied from one powder to another.
    """
    checks: list[Check] = []
    for powder in powders:
        checks += [c for c in (_surface(powder), _pores(powder), _size(powder)) if c is not None]
    return checks + _sizes_together(powders) + _copies(powders)


def _surface(powder: Powder) -> Check | None:
    surface = powder.specific_surface_area
    problem = None if surface is None else implausible("specific_surface_area", surface)
    if problem is None:
        return None
    return Check(f"surface area: {powder.name}", False, f"{powder.name}: {problem}. Check its unit.")


def _pores(powder: Powder) -> Check | None:
    """Test the pore volume against the solid around it and against the surface that lines it."""
    volume, surface = powder.pore_volume, powder.specific_surface_area
    if volume is None:
        return None
    name = f"pore volume: {powder.name}"
    shown = f"{powder.name}: a pore volume of {plain('pore_volume', volume)}"
    if value(volume) > MAXIMUM_PORE_VOLUME:
        void = ""
        if powder.density is not None:
            void = f" ({100.0 * value(porosity(volume, powder.density)):.4g} % of it void)"
        other = pore_volume_in_other_unit(volume)
        cause = f"; the unit must be mm3/g, which makes it {plain('pore_volume', other)}" if other is not None else ""
        limit = plain("pore_volume", MAXIMUM_PORE_VOLUME)
        return Check(name, False, f"{shown} is impossible for a powder{void}, the limit is {limit}{cause}.")
    if surface is None:
        return Check(name, True, f"{shown} is possible (limit {plain('pore_volume', MAXIMUM_PORE_VOLUME)}).")
    width = pore_diameter(volume, surface)
    tail = f"with {plain('specific_surface_area', surface)} its pores are 4V/S = {value(width) * 1e9:.2g} nm wide"
    if value(width) < _NITROGEN:
        cause = "the volume is too small by a factor (mm3/g or m3/kg read as cm3/g?)"
        return Check(name, False, f"{shown} is impossible: {tail}, less than the N2 molecule (0.36 nm); {cause}.")
    return Check(name, True, f"{shown} is possible: {tail}.")


def _size(powder: Powder) -> Check | None:
    """Test a size against 6/(rho S)."""
    size, surface, density = powder.particle_size, powder.specific_surface_area, powder.density
    if size is None or surface is None:
        return None
    name = f"particle size: {powder.name}"
    given = f"{powder.name}: {plain('particle_size', size)} and {plain('specific_surface_area', surface)}"
    # the low end of a size belongs to the high end of the density
    high, low = (implied_density(end, surface) for end in ends(size))
    implied = plain("density", (low, high)) if isinstance(size, tuple) else with_u("density", high)
    if density is None:
        return Check(name, None, f"{given} imply a density of {implied}; the powder's own is not stated.")
    expected = f"{value(equivalent_size(surface, density)) * 1e9:.1f} nm"
    too_low, too_high = deviation(high, density) < -LIMIT, deviation(low, density) > LIMIT
    far = value(high) < value(density) * (1.0 - _TOLERANCE) or value(low) > value(density) / (1.0 - _TOLERANCE)
    if not (too_low or too_high):
        return Check(name, True, f"{given} imply {implied}, as stated ({plain('density', density)}).")
    if not far:
        cause = f"the size does not come from this area, from which it would be {expected}"
        return Check(name, True, f"{given} imply {implied}, near {plain('density', density)}: {cause}.")
    if not differ(high, _REPORT_DEFAULT):
        cause = f"the size was computed with 1.000 g/cm3; with {plain('density', density)} it is {expected}"
    else:
        cause = f"6/(rho S) is {expected}; the size was computed with another density, or is that of something else"
    return Check(name, False, f"{given} imply a density of {implied}, not {plain('density', density)}: {cause}.")


def _sizes_together(powders: Sequence[Powder]) -> list[Check]:
    """Test whether all sizes were computed with one and the same, wrong density."""
    known = [
        (p.name, p.particle_size, p.specific_surface_area, p.density)
        for p in powders
        if not (p.particle_size is None or p.specific_surface_area is None or p.density is None)
        and not isinstance(p.particle_size, tuple)
    ]
    if len(known) < 2:
        return []
    implied = [implied_density(size, surface) for _, size, surface, _ in known]
    common = _mean(implied)
    names = listed(name for name, *_ in known)
    if any(differ(one, common) for one in implied):
        detail = f"{names}: the sizes imply different densities, so they were not all computed with one."
        return [Check("particle sizes together", None, detail)]
    own = known[0][3]
    found = f"{names}: all {len(known)} sizes imply one density, {with_u('density', common)}"
    near = abs(value(common) / value(own) - 1.0) < _SAME_DENSITY
    if near or any(differ(density, own) for *_, density in known) or not differ(common, own):
        return [Check("particle sizes together", True, f"{found}; stated is {plain('density', own)}.")]
    factor = value(own) / value(common)
    size = f"every size is too large by a factor of {factor:.2f}"
    if factor < 1.0:
        size = f"every size is too small by a factor of {1.0 / factor:.2f}"
    software = ""
    if not differ(common, _REPORT_DEFAULT):
        software = " (1.000 g/cm3 is what sorption software assumes when no density is entered)"
    detail = f"{found}, not {plain('density', own)}{software}: {size}."
    return [Check("particle sizes together", False, detail)]


def _mean(numbers: Sequence[Number]) -> Number:
    """Return the mean weighted by 1/u2 (equal weights where a number has no uncertainty)."""
    variances = [float(Quantity("density", n).u or 0.0) ** 2 for n in numbers]
    weights = [1.0 / v for v in variances] if all(variances) else [1.0] * len(numbers)
    total = uncertain(0.0, {})
    for weight, number in zip(weights, numbers, strict=True):
        total = total + number * (weight / sum(weights))
    return total


def _copies(powders: Sequence[Powder]) -> list[Check]:
    """Find powders that share two printed numbers."""
    checks = []
    for a, b in combinations(powders, 2):
        shared = [
            f"{name.replace('_', ' ')} {plain(name, getattr(a, name))}"
            for name in ("specific_surface_area", "pore_volume", "particle_size")
            if getattr(a, name) is not None and getattr(b, name) is not None
            if [value(n) for n in ends(getattr(a, name))] == [value(n) for n in ends(getattr(b, name))]
        ]
        if len(shared) >= 2:
            detail = f"{a.name} and {b.name} have the same {listed(shared)}: one row was probably copied."
            checks.append(Check(f"copied: {a.name}, {b.name}", False, detail))
    return checks
