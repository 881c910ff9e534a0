"""Closed forms between recipe, pellet, powder and cell.

Every argument is a `quantity.Number` in SI (or a plain float); what comes back carries the uncertainty of all of them.
Nothing has a hidden default: a density, a nut factor or a number of electrons is always said.

Sources
-------
Equivalent sphere: Brunauer, Emmett, Teller, J. Am. Chem. Soc. 1938, 60, 309, DOI 10.1021/ja01269a023 (surface area);
d = 6/(rho S) is the geometry of a sphere. Screws: F = M/(K d), Bickford, Introduction to the Design and Behavior of
Bolted Joints, 4th ed., 2007, ISBN 978-0-8493-8176-8; K scatters by about 30 % between screws as bought.
"""

from __future__ import annotations

import math

from closo.constants import FARADAY
from closo.errors import StudyError
from closo.nomenclature import to_shown
from closo.quantity import Number, Quantity, uncertain

_STANDARD_GRAVITY = 9.80665  # m/s2, exact
MAXIMUM_PORE_VOLUME = 5e-3  # m3/kg = 5 cm3/g: 92 % porosity for silica; only aerogels come near


def _positive(name: str, number: Number) -> Number:
    """Return `number` if it is finite and > 0."""
    value = Quantity(name, number).value
    if value is None or not (math.isfinite(value) and value > 0):
        shown = None if value is None else to_shown(name, value)
        raise StudyError(f"{name} = {shown} is not valid: it must be finite and > 0.", hint="Correct the value.")
    return number


def _fraction(name: str, number: Number) -> Number:
    """Return `number` if it lies in 0..1."""
    value = Quantity(name, number).value
    if value is None or not 0.0 <= value <= 1.0:
        raise StudyError(f"{name} = {value} is not valid: it must lie between 0 and 1.", hint="35 vol% is 0.35.")
    return number


# --- mixtures -------------------------------------------------------------------------------------------------------


def mixture_density(filler_fraction: Number, filler_density: Number, matrix_density: Number) -> Number:
    """Return the full density [kg/m3] of a mixture whose filler has the volume fraction `filler_fraction` [1].

    Raises
    ------
    StudyError  when the fraction is outside 0..1 or a density is not positive.

    Example
    -------
    >>> round(mixture_density(0.35, 2200.0, 1190.0), 1)
    1543.5
    """
    _fraction("volume_fraction", filler_fraction)
    filler, matrix = _positive("density", filler_density), _positive("density", matrix_density)
    return filler_fraction * filler + (1.0 - filler_fraction) * matrix


def mass_fraction(filler_fraction: Number, filler_density: Number, matrix_density: Number) -> Number:
    """Return the mass fraction [1] of a filler of volume fraction `filler_fraction` [1]; densities [kg/m3].

    Example
    -------
    >>> round(mass_fraction(0.35, 2200.0, 1195.0), 3)
    0.498
    """
    density = mixture_density(filler_fraction, filler_density, matrix_density)
    return filler_fraction * filler_density / density


def volume_fraction(filler_mass_fraction: Number, filler_density: Number, matrix_density: Number) -> Number:
    """Return the volume fraction [1] of a filler of mass fraction `filler_mass_fraction` [1]; densities [kg/m3].

    Example
    -------
    >>> round(volume_fraction(0.4989, 2200.0, 1190.0), 3)
    0.35
    """
    _fraction("mass_fraction", filler_mass_fraction)
    filler, matrix = _positive("density", filler_density), _positive("density", matrix_density)
    filler_volume = filler_mass_fraction / filler
    return filler_volume / (filler_volume + (1.0 - filler_mass_fraction) / matrix)


def mixture_volume_fraction(
    filler_mass: Number, matrix_mass: Number, *, filler_density: Number, matrix_density: Number
) -> Number:
    """Return the volume fraction [1] of the filler from the masses weighed [kg] and the densities [kg/m3]."""
    filler = _positive("mass", filler_mass) / _positive("density", filler_density)
    matrix = _positive("mass", matrix_mass) / _positive("density", matrix_density)
    return filler / (filler + matrix)


def batch_masses(
    batch_mass: Number, filler_fraction: Number, *, filler_density: Number, matrix_density: Number
) -> tuple[Number, Number]:
    """Return the masses of filler and matrix [kg] to weigh for `batch_mass` [kg] at volume fraction `filler_fraction`.

    Example
    -------
    >>> silica, salt = batch_masses(500e-6, 0.35, filler_density=2200.0, matrix_density=1190.0)
    >>> round(silica * 1e6, 1), round(salt * 1e6, 1)
    (249.4, 250.6)
    """
    filler = _positive("mass", batch_mass) * mass_fraction(filler_fraction, filler_density, matrix_density)
    return filler, batch_mass - filler


# --- pellets --------------------------------------------------------------------------------------------------------


def disc_area(diameter: Number) -> Number:
    """Return the area [m2] of a disc of `diameter` [m]."""
    return _positive("diameter", diameter) ** 2 * (math.pi / 4.0)


def apparent_density(mass: Number, area: Number, thickness: Number) -> Number:
    """Return mass / volume [kg/m3] of a disc: mass [kg], area [m2], thickness [m]."""
    return _positive("mass", mass) / (_positive("area", area) * _positive("thickness", thickness))


def theoretical_thickness(mass: Number, area: Number, density: Number) -> Number:
    """Return the thickness [m] of a disc without pores: mass [kg], area [m2], full density [kg/m3].

    Example
    -------
    >>> round(theoretical_thickness(40e-6, 0.785e-4, 1543.5) * 1e6)
    330
    """
    return _positive("mass", mass) / (_positive("area", area) * _positive("density", density))


def relative_density(mass: Number, area: Number, thickness: Number, *, density: Number) -> Number:
    """Return mass / (full density x volume) [1]; above 1 is impossible. Units as in `theoretical_thickness`.

    Example
    -------
    >>> round(relative_density(40e-6, 0.785e-4, 200e-6, density=1543.5), 2)
    1.65
    """
    return apparent_density(mass, area, thickness) / _positive("density", density)


# --- powders --------------------------------------------------------------------------------------------------------


def equivalent_size(specific_surface_area: Number, density: Number) -> Number:
    """Return the diameter [m] of equal spheres of surface `specific_surface_area` [m2/kg] and `density` [kg/m3].

    Example
    -------
    >>> round(equivalent_size(191.2e3, 2200.0) * 1e9, 1)
    14.3
    """
    return 6.0 / (_positive("density", density) * _positive("specific_surface_area", specific_surface_area))


def implied_density(particle_size: Number, specific_surface_area: Number) -> Number:
    """Return the density [kg/m3] that a size [m] and a surface area [m2/kg] imply together, 6/(d S).

    Example
    -------
    >>> round(implied_density(31.4e-9, 191.2e3))
    999
    """
    size = _positive("particle_size", particle_size)
    return 6.0 / (size * _positive("specific_surface_area", specific_surface_area))


def porosity(pore_volume: Number, density: Number) -> Number:
    """Return the share of pores [1] in a powder: pore volume [m3/kg], density of the solid [kg/m3]."""
    volume = _positive("pore_volume", pore_volume)
    return volume / (volume + 1.0 / _positive("density", density))


def pore_diameter(pore_volume: Number, specific_surface_area: Number) -> Number:
    """Return the mean diameter 4V/S [m] of cylindrical pores: volume [m3/kg], surface area [m2/kg].

    Example
    -------
    >>> round(pore_diameter(1.207e-3, 804.4e3) * 1e9, 1)
    6.0
    """
    return 4.0 * _positive("pore_volume", pore_volume) / _positive("specific_surface_area", specific_surface_area)


def pore_volume_in_other_unit(pore_volume: Number) -> Number | None:
    """Return an impossible pore volume [m3/kg] read as mm3/g instead of cm3/g; None where that is not a remedy.

    A volume up to `MAXIMUM_PORE_VOLUME` is possible and gives None.

    Example
    -------
    >>> pore_volume_in_other_unit(0.152), pore_volume_in_other_unit(0.152e-3)
    (0.000152, None)
    """
    value = Quantity("pore_volume", _positive("pore_volume", pore_volume)).value or 0.0
    if MAXIMUM_PORE_VOLUME < value <= 1000.0 * MAXIMUM_PORE_VOLUME:
        return pore_volume / 1000.0
    return None


# --- cells ----------------------------------------------------------------------------------------------------------


def theoretical_capacity(molar_mass: Number, *, electrons: int) -> Number:
    """Return n F/M [C/kg] for `electrons` per formula unit of `molar_mass` [kg/mol].

    Example
    -------
    >>> round(theoretical_capacity(0.312871, electrons=2) / 3600.0, 1)   # Na2MnFe(CN)6, mAh/g
    171.3
    """
    if electrons < 1:
        raise StudyError(
            f"electrons = {electrons} is not valid: at least one is exchanged.", hint="Correct the number."
        )
    return electrons * FARADAY / _positive("molar_mass", molar_mass)


def areal_capacity(
    cathode_mass: Number, active_fraction: Number, *, theoretical_capacity: Number, area: Number
) -> Number:
    """Return the capacity per area [C/m2] of a composite cathode.

    Parameters
    ----------
    cathode_mass : mass of the whole composite [kg].
    active_fraction : mass fraction of active material in it [1].
    theoretical_capacity : of the active material [C/kg].
    area : [m2].

    Example
    -------
    >>> q = areal_capacity(1.5e-6, 0.6, theoretical_capacity=171 * 3600.0, area=0.283e-4)
    >>> round(q / 36000.0, 3)                                                        # mAh/cm2
    0.544
    """
    active = _positive("mass", cathode_mass) * _fraction("mass_fraction", active_fraction)
    return active * _positive("specific_capacity", theoretical_capacity) / _positive("area", area)


def implied_specific_capacity(
    areal_capacity: Number, cathode_mass: Number, *, active_fraction: Number, area: Number
) -> Number:
    """Return the specific capacity [C/kg] that an areal capacity [C/m2] implies; other units as `areal_capacity`."""
    active = _positive("mass", cathode_mass) * _positive("mass_fraction", active_fraction)
    return _positive("areal_capacity", areal_capacity) * _positive("area", area) / active


def implied_mass(
    areal_capacity: Number, active_fraction: Number, *, theoretical_capacity: Number, area: Number
) -> Number:
    """Return the mass [kg] of the composite that an areal capacity [C/m2] implies; other units as `areal_capacity`.

    Example
    -------
    >>> m = implied_mass(0.541 * 36000.0, 0.6, theoretical_capacity=171 * 3600.0, area=0.283e-4)
    >>> round(m * 1e6, 3)                                                            # mg
    1.492
    """
    per_mass = _positive("mass_fraction", active_fraction) * _positive("specific_capacity", theoretical_capacity)
    return _positive("areal_capacity", areal_capacity) * _positive("area", area) / per_mass


def current_density(areal_capacity: Number, c_rate: Number) -> Number:
    """Return the current density [A/m2] of a C-rate [1/s] on an areal capacity [C/m2].

    Example
    -------
    >>> round(current_density(0.541 * 36000.0, 1 / 20 / 3600.0) * 100.0, 2)          # uA/cm2
    27.05
    """
    return _positive("areal_capacity", areal_capacity) * _positive("c_rate", c_rate)


def c_rate(current_density: Number, areal_capacity: Number) -> Number:
    """Return the C-rate [1/s] of a current density [A/m2] on an areal capacity [C/m2]."""
    return current_density / _positive("areal_capacity", areal_capacity)


# --- presses --------------------------------------------------------------------------------------------------------


def assumed_nut_factor(press: str) -> Number:
    """Return the nut factor K [1] of steel screws as bought, 0.20 ± 30 %, with the source `nut factor:<press>`.

    Example
    -------
    >>> Quantity("nut_factor", assumed_nut_factor("frame")).budget()
    {'nut factor:frame': 0.06}
    """
    return uncertain(0.20, {f"nut factor:{press}": 0.06})


def stack_pressure(torque: Number, *, screws: int, screw_diameter: Number, nut_factor: Number, area: Number) -> Number:
    """Return the pressure [Pa] of screws tightened with a torque.

    Parameters
    ----------
    torque : of each screw [N m].
    screws : their number.
    screw_diameter : nominal diameter [m], 6 mm for M6.
    nut_factor : K [1]; `assumed_nut_factor` where nobody has measured it.
    area : that carries the force [m2].

    Example
    -------
    >>> p = stack_pressure(1.2, screws=3, screw_diameter=6e-3, nut_factor=assumed_nut_factor("frame"), area=0.283e-4)
    >>> str(Quantity("pressure", p))
    '106 ± 32 MPa'
    """
    if screws < 1:
        raise StudyError(f"screws = {screws} is not valid: at least one carries the force.", hint="Correct the number.")
    force = _positive("torque", torque) / (_positive("nut_factor", nut_factor) * _positive("diameter", screw_diameter))
    return screws * force / _positive("area", area)


def pressing_force(pressure: Number, area: Number) -> Number:
    """Return the force [N] that gives `pressure` [Pa] on `area` [m2]."""
    return _positive("pressure", pressure) * _positive("area", area)


def tonnes_force(force: Number) -> Number:
    """Return a force [N] in tonnes, as the gauge of a hydraulic press shows it (1 t = 9806.65 N).

    Example
    -------
    >>> round(tonnes_force(pressing_force(187e6, 0.785e-4)), 2)
    1.5
    """
    return force / (1000.0 * _STANDARD_GRAVITY)
