"""Cells and presses: whether capacities, currents, separators and stack pressures follow from what is stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from closo.combine.audit.judge import (
    LIMIT,
    differ,
    digits,
    exceeds,
    implausible,
    listed,
    plain,
    uncertainty,
    value,
    with_u,
)
from closo.combine.audit.pellets import SUSPICIOUS_DENSITY, area_check, force_check
from closo.combine.audit.records import Cell, Press
from closo.models.recipe import (
    apparent_density,
    areal_capacity,
    assumed_nut_factor,
    current_density,
    disc_area,
    stack_pressure,
    theoretical_capacity,
)
from closo.quantity import Number, uncertain
from closo.result import Check

_METRIC_SCREWS = (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)  # mm
_CHANCE = 0.01  # agreement of cells that is less probable than this is not chance


def _area(cell: Cell | Press) -> Number | None:
    """Return the area stated, or that of the disc."""
    diameter = cell.diameter if isinstance(cell, Cell) else None
    return disc_area(diameter) if cell.area is None and diameter is not None else cell.area


def _factor(found: float, causes: dict[float, str], *, within: float = 0.05) -> str:
    """Return ': why' for the first factor of `causes` that explains `found` within a share of it, else ''."""
    near = (why for factor, why in causes.items() if found > 0 and abs(math.log(found / factor)) < math.log1p(within))
    return next((f": {why}" for why in near), "")


# --- cells ----------------------------------------------------------------------------------------------------------


def audit_cells(cells: Sequence[Cell]) -> list[Check]:
    """Return the checks of cells.

    Tests, where the numbers are stated: sizes and loading against what occurs; area against diameter; shares of the
    cathode against 100 %; theoretical capacity against molar mass; areal capacity against mass, active fraction,
    theoretical capacity and area, of each cell and of all together; current against areal capacity and C-rate; density
    that the separator's mass and thickness imply.
    """
    checks: list[Check] = []
    checks += [c for cell in cells for c in _plausible(cell)]
    wrong = [cell for cell in cells if not _fraction_possible(cell)]
    for cell in wrong:
        found = plain("mass_fraction", cell.active_fraction)
        detail = f"{cell.name}: an active fraction of {found} is not valid; it lies between 0 and 100 %."
        checks.append(Check(f"active fraction: {cell.name}", False, detail, ("active_fraction",)))
    for cell in (c for c in cells if c not in wrong):
        checks += _judging(
            (area_check(cell.name, cell.area, cell.diameter), "area diameter"),
            (_composite_check(cell), "active_fraction electrolyte_fraction carbon_fraction"),
            (_active_check(cell), "active_mass cathode_mass active_fraction"),
            (_theoretical_check(cell), "theoretical_capacity molar_mass"),
            (_areal_check(cell), "cathode_mass active_fraction theoretical_capacity areal_capacity area"),
            (_current_check(cell), "current_density c_rate areal_capacity"),
            (_separator_check(cell), "separator_mass separator_thickness area"),
        )
    return checks + _capacities_together([c for c in cells if c not in wrong])


def _judging(*made: tuple[Check | None, str]) -> list[Check]:
    """Return the checks that could be made, each with the fields of study.toml that it judges."""
    return [replace(check, judges=tuple(fields.split())) for check, fields in made if check is not None]


def _plausible(cell: Cell) -> list[Check]:
    """Return a failed check for each value that no laboratory cell has."""
    sizes = {
        "area": cell.area,
        "diameter": cell.diameter,
        "mass": cell.separator_mass,
        "thickness": cell.separator_thickness,
    }
    problems = [implausible(name, number) for name, number in sizes.items() if number is not None]
    area = _area(cell)
    if cell.cathode_mass is not None and area is not None:
        wrong = implausible("areal_mass", cell.cathode_mass / area)
        given = f"{plain('mass', cell.cathode_mass)} of cathode on {plain('area', area)}"
        problems.append(None if wrong is None else f"{given}: {wrong}")
    elif cell.cathode_mass is not None:
        problems.append(implausible("mass", cell.cathode_mass))
    name = f"plausible size: {cell.name}"
    return [Check(name, False, f"{cell.name}: {p}; check its unit.") for p in problems if p is not None]


def _fraction_possible(cell: Cell) -> bool:
    return cell.active_fraction is None or 0.0 < value(cell.active_fraction) <= 1.0


def _composite_check(cell: Cell) -> Check | None:
    """Test whether the mass fractions of the cathode add up to 100 %; None where the electrolyte's is not stated."""
    shares = {"active": cell.active_fraction, "electrolyte": cell.electrolyte_fraction, "carbon": cell.carbon_fraction}
    stated = {part: share for part, share in shares.items() if share is not None}
    if not {"active", "electrolyte"} <= set(stated):
        return None
    total = sum(stated.values(), uncertain(0.0, {}))
    given = listed(f"{plain('mass_fraction', share)} {part}" for part, share in stated.items())
    given = f"{cell.name}: {given} add up to {with_u('mass_fraction', total)}"
    if not differ(total, 1.0):
        return Check(f"composite: {cell.name}", True, f"{given}, as they should.")
    carbon = "" if "carbon" in stated or value(total) > 1.0 else ": is carbon_fraction missing?"
    return Check(f"composite: {cell.name}", False, f"{given}, not to 100 wt%{carbon or '.'}")


def _active_check(cell: Cell) -> Check | None:
    """Test a mass of active material against that of the composite and its share."""
    if cell.active_mass is None or cell.cathode_mass is None or cell.active_fraction is None:
        return None
    expected = cell.cathode_mass * cell.active_fraction
    given = f"{plain('mass', cell.cathode_mass)} x {plain('mass_fraction', cell.active_fraction)}"
    given = f"{cell.name}: {given} is {with_u('active_mass', expected)}"
    agree = not differ(cell.active_mass, expected)
    stated = plain("active_mass", cell.active_mass)
    detail = (
        f"{given}; the stated {stated} agrees." if agree else f"{given}, not the stated {stated} of active material."
    )
    return Check(f"active mass: {cell.name}", agree, detail)


def _theoretical_check(cell: Cell) -> Check | None:
    """Test the theoretical capacity against n F/M."""
    if cell.molar_mass is None or cell.electrons is None or cell.theoretical_capacity is None:
        return None
    expected = theoretical_capacity(cell.molar_mass, electrons=cell.electrons)
    stated = plain("specific_capacity", cell.theoretical_capacity)
    electrons = "1 electron" if cell.electrons == 1 else f"{cell.electrons} electrons"
    given = (
        f"{cell.name}: {electrons} per {plain('molar_mass', cell.molar_mass)} are {value(expected) / 3600.0:.4g} mAh/g"
    )
    if not differ(expected, cell.theoretical_capacity):
        return Check(f"theoretical capacity: {cell.name}", True, f"{given}, as stated ({stated}).")
    ratio = value(cell.theoretical_capacity) / value(expected)
    wholes = {n / cell.electrons: f"that is {n} electron{'s' * (n > 1)}" for n in range(1, 7) if n != cell.electrons}
    return Check(f"theoretical capacity: {cell.name}", False, f"{given}, not {stated}{_factor(ratio, wholes)}.")


def _recomputed(cell: Cell) -> Number | None:
    """Return the areal capacity from mass, active fraction, theoretical capacity and area; None where one is missing."""
    area = _area(cell)
    mass, share, capacity = cell.cathode_mass, cell.active_fraction, cell.theoretical_capacity
    if mass is None or share is None or capacity is None or area is None:
        return None
    return areal_capacity(mass, share, theoretical_capacity=capacity, area=area)


def _areal_check(cell: Cell) -> Check | None:
    """Test one areal capacity."""
    expected = _recomputed(cell)
    if expected is None or cell.areal_capacity is None:
        return None
    name = f"areal capacity: {cell.name}"
    composite = f"{plain('mass', cell.cathode_mass)} x {plain('mass_fraction', cell.active_fraction)}"
    capacity = plain("specific_capacity", cell.theoretical_capacity)
    given = f"{cell.name}: {composite} x {capacity} on {plain('area', _area(cell))}"
    given += f" is {with_u('areal_capacity', expected)}"
    stated = plain("areal_capacity", cell.areal_capacity)
    if not differ(cell.areal_capacity, expected):
        return Check(name, True, f"{given}; the stated {stated} agrees.")
    ratio, active = value(cell.areal_capacity) / value(expected), value(cell.active_fraction)
    causes = {
        1.0 / active: "the active fraction was left out (or the mass is that of the active material)",
        active: "the active fraction was applied twice",
        1000.0: "uAh and mAh, or mg and g, are mixed up",
        1e-3: "mAh and Ah, or g and mg, are mixed up",
        0.25: "the diameter was taken as radius",
        4.0: "the radius was taken as diameter",
    }
    return Check(name, False, f"{given}, not the stated {stated}{_factor(ratio, causes)}.")


def _capacities_together(cells: Sequence[Cell]) -> list[Check]:
    """Return one check per group of cells that share area and theoretical capacity."""
    groups: dict[tuple[float, float], list[Cell]] = {}
    for cell in cells:
        if _recomputed(cell) is not None and cell.areal_capacity is not None:
            groups.setdefault((value(cell.theoretical_capacity), value(_area(cell))), []).append(cell)
    return [_together(group) for group in groups.values() if len(group) > 1]


def _together(cells: Sequence[Cell]) -> Check:
    """Test whether the areal capacities of several cells are off by one common factor.

    Alone, each may be explained by the rounding of its mass. But masses are rounded independently: when the factors
    agree much better than that, the capacities were computed from the masses as printed, and the common factor belongs
    to what the cells share: theoretical capacity or area. Three conditions make the alarm: the factors agree within
    the digits of the capacities, such an agreement would be chance in less than 1 % of cases, and the common factor
    differs from 1 by more than 2 u of what is shared.
    """
    names = listed(c.name for c in cells)
    name = f"areal capacities together: {names}"
    ratios = [value(c.areal_capacity) / value(_recomputed(c)) for c in cells]
    digits = [uncertainty(c.areal_capacity) / value(c.areal_capacity) for c in cells]
    masses = [math.hypot(_relative_u(c.cathode_mass), _relative_u(c.active_fraction)) for c in cells]
    common = sum(ratios) / len(ratios)
    scatter = [r - common for r in ratios]
    agree = _chi2(scatter, digits) <= LIMIT**2 * (len(cells) - 1)
    wide = [math.hypot(d, m) for d, m in zip(digits, masses, strict=True)]
    from scipy.special import chdtr

    chance = float(chdtr(len(cells) - 1, _chi2(scatter, wide)))
    first = cells[0]
    shared = math.hypot(_relative_u(first.theoretical_capacity), _relative_u(_area(first)))
    u_common = math.hypot(shared, math.sqrt(sum(d * d for d in digits)) / len(digits))
    found = f"{names}: the areal capacities are {listed(f'{r:.4f}' for r in ratios)} of what mass, active fraction, "
    found += "theoretical capacity and area give"
    if not (agree and chance < _CHANCE and abs(common - 1.0) > 2.0 * u_common):
        why = "no common error" if agree else "they do not share one factor"
        return Check(name, True, f"{found}: {why}.")
    return Check(name, False, f"{found}; {_shared_cause(cells, common, chance)}.")


def _relative_u(number: Number | None) -> float:
    return uncertainty(number) / value(number)


def _chi2(residuals: Sequence[float], u: Sequence[float]) -> float:
    return sum(
        (r / s) ** 2 if s > 0 else (0.0 if abs(r) < 1e-9 else math.inf) for r, s in zip(residuals, u, strict=True)
    )


def _shared_cause(cells: Sequence[Cell], common: float, chance: float) -> str:
    """Return the sentence part on what the cells share, with the specific capacity or the area it would take."""
    capacity, area = cells[0].theoretical_capacity, _area(cells[0])
    rounding = listed(f"{100.0 * _relative_u(c.cathode_mass):.1f} %" for c in cells)
    return (
        f"masses known to {rounding} would agree so well by chance in {100.0 * chance:.1g} % of cases, so the common "
        f"factor {common:.4f} is an input's: {value(capacity) * common / 3600.0:.1f} mAh/g was used instead of "
        f"{plain('specific_capacity', capacity)}, or an area of {value(area) / common * 1e4:.4f} cm2 instead of "
        f"{plain('area', area)}"
    )


def _current_check(cell: Cell) -> Check | None:
    """Test the current density against areal capacity x C-rate."""
    if cell.current_density is None or cell.c_rate is None or cell.areal_capacity is None:
        return None
    expected = current_density(cell.areal_capacity, cell.c_rate)
    current = cell.current_density if value(cell.current_density) > 0 else -cell.current_density  # of discharge: < 0
    hours = 1.0 / (value(cell.c_rate) * 3600.0)
    rate = f"C/{hours:.4g}" if hours > 1.0 else f"{1.0 / hours:.4g}C"
    given = f"{cell.name}: {rate} of {plain('areal_capacity', cell.areal_capacity)} is {_microampere(expected)}"
    stated = f"{digits(value(current) * 100.0, uncertainty(current) * 100.0)} uA/cm2"
    if not differ(current, expected):
        return Check(f"current: {cell.name}", True, f"{given}; the stated {stated} agrees{_spurious(cell)}.")
    ratio = value(current) / value(expected)
    causes = {1000.0: "uA and mA are mixed up", 1e-3: "uA and mA are mixed up"}
    causes |= {f: f"the rate is {value(cell.c_rate) * 3600.0 * f:.3g} C" for f in (0.25, 0.5, 2.0, 4.0, 0.1, 10.0)}
    return Check(f"current: {cell.name}", False, f"{given}, not the stated {stated}{_factor(ratio, causes)}.")


def _microampere(density: Number) -> str:
    return f"{value(density) * 100.0:.2f} ± {uncertainty(density) * 100.0:.2f} uA/cm2"


def _spurious(cell: Cell) -> str:
    """Return a remark when the mass does not carry the digits of the current."""
    if cell.cathode_mass is None or not value(cell.current_density):
        return ""
    if _relative_u(cell.cathode_mass) < 10.0 * abs(_relative_u(cell.current_density)):
        return ""
    return f", with more digits than the mass carries (known to {100.0 * _relative_u(cell.cathode_mass):.1f} %)"


def _separator_check(cell: Cell) -> Check | None:
    """Test the density that the separator's mass and thickness imply."""
    area = _area(cell)
    if cell.separator_mass is None or cell.separator_thickness is None or area is None:
        return None
    name = f"separator: {cell.name}"
    implied = apparent_density(cell.separator_mass, area, cell.separator_thickness)
    thickness = digits(value(cell.separator_thickness) * 1e3, uncertainty(cell.separator_thickness) * 1e3)
    size = f"{plain('mass', cell.separator_mass)} and {thickness} mm"
    given = f"{cell.name}: {size} on {plain('area', area)} imply {with_u('density', implied)}"
    if cell.separator_density is None:
        return Check(name, None, f"{given}; the full density of the separator is not known.")
    relative = implied / cell.separator_density
    percent = f"{100.0 * value(relative):.1f} % of the full density {value(cell.separator_density) / 1000.0:.4g} g/cm3"
    if exceeds(relative, 1.0):
        return Check(name, False, f"{given}, {percent}, which is impossible: mass, thickness or area is wrong.")
    if exceeds(1.0 / relative, 1.0 / SUSPICIOUS_DENSITY):
        return Check(name, False, f"{given}, only {percent}: mass, thickness or area is wrong.")
    theory = abs(value(relative) - 1.0) < uncertainty(relative) < 0.02  # a pressed pellet has a few percent of pores
    tail = (
        ": the thickness is that of a pellet without pores, probably computed and not a measured one" if theory else ""
    )
    return Check(name, True, f"{given}, {percent}{tail}.")


# --- presses --------------------------------------------------------------------------------------------------------


def audit_presses(presses: Sequence[Press]) -> list[Check]:
    """Return the checks of presses: pressure against torque (with the nut factor's ±30 %) and against force."""
    checks: list[Check] = []
    for press in presses:
        checks += _judging((_torque_check(press), "torque screw_diameter nut_factor pressure area"))
        if press.force is not None or press.torque is None:
            force = force_check(press.name, press.pressure, press.area, press.force)
            checks += _judging((force, "pressure force area"))
    return checks


def _torque_check(press: Press) -> Check | None:
    """Test a stack pressure against the torque on the screws."""
    if press.torque is None or press.screws is None or press.area is None:
        return None
    name = f"stack pressure: {press.name}"
    nut_factor = assumed_nut_factor(press.name) if press.nut_factor is None else press.nut_factor
    assumed = (
        "a nut factor of 0.2 assumed, ± 30 %" if press.nut_factor is None else f"nut factor {value(nut_factor):.3g}"
    )
    given = f"{press.name}: {press.screws} screws at {plain('torque', press.torque)} on {plain('area', press.area)}"
    if press.screw_diameter is None:
        return Check(name, None, f"{given} ({assumed}){_fitting_screw(press, press.screws, nut_factor)}.")
    pressure = stack_pressure(
        press.torque,
        screws=press.screws,
        screw_diameter=press.screw_diameter,
        nut_factor=nut_factor,
        area=press.area,
    )
    given = given.replace(" screws ", f" screws M{value(press.screw_diameter) * 1e3:.3g} ")
    given += f" give {with_u('pressure', pressure)} ({assumed})"
    if press.pressure is None:
        return Check(name, None, f"{given}; no pressure is stated to compare with.")
    stated = plain("pressure", press.pressure)
    if differ(press.pressure, pressure):
        ratio = value(press.pressure) / value(pressure)
        causes = {1.0 / press.screws: "that is the pressure of one screw", 1000.0: "kPa and MPa are mixed up"}
        return Check(name, False, f"{given}, not {stated}{_factor(ratio, causes, within=1.0)}.")
    share = 100.0 * uncertainty(pressure) / value(pressure)
    return Check(name, True, f"{given}; the stated {stated} agrees, but is known to no better than {share:.0f} %.")


def _fitting_screw(press: Press, screws: int, nut_factor: Number) -> str:
    """Return which screw diameter gives the stated pressure."""
    if press.pressure is None:
        return ": the pressure cannot be computed, the screw diameter is not stated"
    assert press.torque is not None
    assert press.area is not None
    needed = screws * press.torque / (nut_factor * press.pressure * press.area)
    nearest = min(_METRIC_SCREWS, key=lambda size: abs(math.log(size * 1e-3 / value(needed))))
    metric = f" (as M{nearest:.3g} has)" if abs(value(needed) / (nearest * 1e-3) - 1.0) < 0.1 else ""
    stated = f"{plain('pressure', press.pressure)} need a screw diameter of {with_u('diameter', needed)}{metric}"
    return f": {stated}; the diameter is not stated"
