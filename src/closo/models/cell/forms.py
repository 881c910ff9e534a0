"""Closed forms of a cell: what each part costs in voltage, what diffusion costs in capacity, what a leak costs in charge.

Every argument is a `quantity.Number` in SI (or a plain float); what comes back carries the uncertainty of all of them.
All are per electrode area, for one-dimensional current through flat layers.

Sources
-------
Paths and kinetics of a porous electrode: Newman, Tobias, J. Electrochem. Soc. 1962, 109, 1183, DOI 10.1149/1.2425269
(linear kinetics; L/3 of each path where the reaction is uniform). Exponent 3/2: Bruggeman, Ann. Phys. 1935, 416, 636,
DOI 10.1002/andp.19354160705. Diffusion at constant flux into a sphere: Crank, The Mathematics of Diffusion, 2nd ed.,
1975, chapter 6 (from memory; checked against the series solution in the tests).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from closo.constants import BOLTZMANN, FARADAY, GAS
from closo.errors import StudyError
from closo.number import Number, Same, exp, log, sqrt, value_of

SODIUM_MOLAR_VOLUME = 2.37e-5  # m3/mol: 22.99 g/mol at 0.970 g/cm3 (0.968 to 0.971 in tables)


def _positive(what: str, number: Same) -> Same:
    """Return `number` if it is finite and > 0."""
    value = value_of(number)
    if not (math.isfinite(value) and value > 0):
        raise StudyError(f"{what} = {value} (SI) is not valid: it must be finite and > 0.", hint="Correct the value.")
    return number


# --- geometry -------------------------------------------------------------------------------------------------------


def _volumes(mass_fractions: Mapping[str, Same], densities: Mapping[str, Same]) -> dict[str, Same]:
    """Return the volume [m3] that each component has in 1 kg of composite."""
    lacking = [part for part in mass_fractions if part not in densities]
    if lacking or not mass_fractions:
        raise StudyError(
            f"The density of {', '.join(lacking) or 'every component'} is not known.", hint="State it [kg/m3]."
        )
    total = sum(value_of(w) for w in mass_fractions.values())
    if abs(total - 1.0) > 1e-3:
        raise StudyError(f"The mass fractions add up to {total:.4g}, not to 1.", hint="6:3:1 is 0.6, 0.3 and 0.1.")
    return {
        part: _positive(f"mass fraction of {part}", w) / _positive(f"density of {part}", densities[part])
        for part, w in mass_fractions.items()
    }


def electrode_fractions(
    mass_fractions: Mapping[str, Same], densities: Mapping[str, Same], *, porosity: Same | float
) -> dict[str, Same]:
    """Return the volume fraction [1] of each component of a pressed composite.

    Parameters
    ----------
    mass_fractions : component -> mass fraction [1]; they add up to 1.
    densities : component -> density [kg/m3].
    porosity : volume fraction of pores [1].

    Raises
    ------
    StudyError  when a density is missing, a value is not positive, or the fractions do not add up to 1.

    Example
    -------
    >>> mix, rho = {"PW": 0.6, "SE": 0.3, "C": 0.1}, {"PW": 1900.0, "SE": 1543.5, "C": 2000.0}
    >>> {part: round(v, 3) for part, v in electrode_fractions(mix, rho, porosity=0.05).items()}
    {'PW': 0.536, 'SE': 0.33, 'C': 0.085}
    """
    volumes = _volumes(mass_fractions, densities)
    total = sum(volumes.values())
    return {part: v / total * (1.0 - porosity) for part, v in volumes.items()}


def electrode_thickness(
    mass: Same,
    area: Same,
    *,
    mass_fractions: Mapping[str, Same],
    densities: Mapping[str, Same],
    porosity: Same | float,
) -> Same:
    """Return the thickness [m] of a pressed composite of `mass` [kg] on `area` [m2]; other units as above.

    Example
    -------
    >>> mix, rho = {"PW": 0.6, "SE": 0.3, "C": 0.1}, {"PW": 1900.0, "SE": 1543.5, "C": 2000.0}
    >>> round(electrode_thickness(1.5e-6, 0.283e-4, mass_fractions=mix, densities=rho, porosity=0.05) * 1e6, 1)
    31.3
    """
    volume = sum(_volumes(mass_fractions, densities).values()) * _positive("mass", mass)
    return volume / (1.0 - porosity) / _positive("area", area)


def specific_interface(active_fraction: Same, particle_radius: Same) -> Same:
    """Return the surface of spheres per volume of electrode, 3 phi/R [1/m]; phi [1], R [m]."""
    return 3.0 * _positive("active fraction", active_fraction) / _positive("particle radius", particle_radius)


# --- resistances and overpotentials ---------------------------------------------------------------------------------


def layer_resistance(thickness: Number, conductivity: Number) -> Number:
    """Return L/sigma [ohm m2] of a layer: thickness [m], conductivity [S/m].

    Example
    -------
    >>> round(layer_resistance(800e-6, 0.05) * 1e4)          # ohm cm2
    160
    """
    return _positive("thickness", thickness) / _positive("conductivity", conductivity)


def path_resistance(thickness: Number, conductivity: Number) -> Number:
    """Return L/(3 sigma) [ohm m2]: a path through a porous electrode in which the reaction is uniform.

    Parameters
    ----------
    thickness : of the electrode [m].
    conductivity : effective one of the path, tortuosity included [S/m].
    """
    return layer_resistance(thickness, conductivity) / 3.0


def effective_conductivity(conductivity: Number, volume_fraction: Number, exponent: Number) -> Number:
    """Return sigma phi^b [S/m]; b = 3/2 for spheres around which the conductor is continuous (Bruggeman).

    Example
    -------
    >>> round(effective_conductivity(0.05, 0.33, 1.5) / 0.05, 2)
    0.19
    """
    sigma, fraction = _positive("conductivity", conductivity), _positive("volume fraction", volume_fraction)
    return sigma * exp(exponent * log(fraction))


def charge_transfer_resistance(exchange_current_density: Number, roughness: Number, temperature: Number) -> Number:
    """Return RT/(F j0 r) [ohm m2] of a one-electron reaction at small overpotential.

    Parameters
    ----------
    exchange_current_density : per surface of the particles [A/m2].
    roughness : surface of the particles per electrode area [1]; `specific_interface` x thickness; 1 for a flat metal.
    temperature : [K].

    Example
    -------
    >>> round(charge_transfer_resistance(5.0, 1.0, 298.15) * 1e4)          # ohm cm2
    51
    """
    j0 = _positive("exchange current density", exchange_current_density) * _positive("roughness", roughness)
    return GAS * _positive("temperature", temperature) / (FARADAY * j0)


def charge_transfer_overpotential(current_density: Number, resistance: Number, temperature: Number) -> Number:
    """Return (2RT/F) asinh(j R F/(2RT)) [V]: Butler-Volmer with symmetric coefficients, at any overpotential.

    Parameters
    ----------
    current_density : per electrode area [A/m2].
    resistance : `charge_transfer_resistance` [ohm m2].
    temperature : [K].

    Example
    -------
    >>> small, large = (charge_transfer_overpotential(j, 0.1, 298.15) for j in (0.01, 10.0))
    >>> round(small * 1e3, 3), round(large * 1e3)            # mV; a resistor would take 1000
    (1.0, 188)
    """
    scale = 2.0 * GAS * _positive("temperature", temperature) / FARADAY
    x = current_density * _positive("resistance", resistance) / scale
    return scale * log(x + sqrt(x * x + 1.0))


def electrode_resistance(ion_path: Number, electron_path: Number, charge_transfer: Number) -> Number:
    """Return the resistance [ohm m2] of a porous electrode with linear kinetics and two resistive paths, exactly.

    Where the charge transfer is slow it is the sum of the three; where it is fast the reaction moves to where the paths
    are short and the electrode costs less than the sum.

    Parameters
    ----------
    ion_path, electron_path : L/(3 sigma) of each path, `path_resistance` [ohm m2].
    charge_transfer : `charge_transfer_resistance` [ohm m2].

    Example
    -------
    >>> round(electrode_resistance(2.0, 1.0, 100.0), 2), round(electrode_resistance(2.0, 1.0, 0.01), 2)
    (103.0, 2.17)
    """
    ions, electrons = 3.0 * ion_path, 3.0 * electron_path
    nu = sqrt((ions + electrons) / _positive("resistance", charge_transfer))
    decay = exp(-nu)
    inverse_sinh = 2.0 * decay / (1.0 - decay * decay)
    coth = (1.0 + decay * decay) / (1.0 - decay * decay)
    both = ions * electrons / (ions + electrons)
    return both * (1.0 + (2.0 * inverse_sinh + (ions / electrons + electrons / ions) * coth) / nu)


# --- diffusion ------------------------------------------------------------------------------------------------------


def diffusion_time(particle_radius: Number, diffusivity: Number) -> Number:
    """Return R^2/D [s]: radius [m], diffusivity [m2/s]."""
    return _positive("particle radius", particle_radius) ** 2 / _positive("diffusivity", diffusivity)


def diffusion_loss(time: Number, full_leg: Number) -> Number:
    """Return the share of the capacity [1] that diffusion in spheres withholds at one end of a leg.

    The surface runs ahead of the mean by R^2/(15 D) divided by the time of a full leg, so the cut-off is met that much
    too early. A discharge that follows such a charge lacks it twice. Holds once the profile is steady (losses below
    about 0.3) and where the potential is flat but for its ends.

    Parameters
    ----------
    time : R^2/D [s].
    full_leg : theoretical capacity over current [s].

    Example
    -------
    >>> one_end = diffusion_loss(diffusion_time(0.5e-6, 1.5e-18), 20 * 3600.0)
    >>> round(171 * (1 - 2 * one_end))                      # mAh/g; a full simulation of that cell gives 116
    118
    """
    return _positive("diffusion time", time) / (15.0 * _positive("time of a complete half cycle", full_leg))


def diffusion_sensitivity(loss: Number, activation_energy: Number, temperature: Number) -> Number:
    """Return the relative change of capacity with temperature [1/K] when diffusion withholds 2 x `loss` of it.

    Parameters
    ----------
    loss : `diffusion_loss` [1].
    activation_energy : of the diffusivity [J].
    temperature : [K].

    Example
    -------
    >>> round(100 * diffusion_sensitivity(0.154, 0.55 * 1.602176634e-19, 293.15), 1)      # %/K
    3.3
    """
    kelvin = _positive("temperature", temperature)
    return 2.0 * loss / (1.0 - 2.0 * loss) * activation_energy / (BOLTZMANN * kelvin * kelvin)


def loss_at(loss: Number, activation_energy: Number, measured_at: Number, wanted_at: Number) -> Number:
    """Return the share of capacity [1] that diffusion withholds at another temperature, at the same current.

    Parameters
    ----------
    loss : withheld at `measured_at` [1].
    activation_energy : of the diffusivity [J].
    measured_at, wanted_at : [K].

    Example
    -------
    >>> round(169 * (1 - loss_at(1 - 116.4 / 169, 0.55 * 1.602176634e-19, 293.15, 313.15)))  # simulated: 156 mAh/g
    156
    """
    inverse = 1.0 / _positive("temperature", wanted_at) - 1.0 / _positive("temperature", measured_at)
    return loss * exp(activation_energy / BOLTZMANN * inverse)


# --- charge ---------------------------------------------------------------------------------------------------------


def leak_current_density(missing: Same, duration: float) -> Same:
    """Return the side current [A/m2] that makes `missing` = charge - discharge [C/m2] in a cycle of `duration` [s].

    It flows in both halves: it adds to the charge and takes from the discharge, so the whole cycle counts.

    Example
    -------
    >>> q = 0.303 * 36000.0                                 # C/m2, charged and discharged in 6 h each
    >>> round(leak_current_density((1 - 0.987) * q, 12 * 3600.0) * 100, 2)        # uA/cm2
    0.33
    """
    return missing / _positive("duration", duration)


def anions_in_electrode(
    electrode_mass: Number, electrolyte_fraction: Number, *, salt_fraction: Number, molar_mass: Number
) -> Number:
    """Return the amount of anions [mol] in a composite electrode.

    Parameters
    ----------
    electrode_mass : of the whole composite [kg].
    electrolyte_fraction : mass fraction of the solid electrolyte in it [1].
    salt_fraction : mass fraction of the salt in the solid electrolyte [1].
    molar_mass : of the salt, per anion [kg/mol].

    Example
    -------
    >>> n = anions_in_electrode(1.2e-6, 0.25, salt_fraction=0.5011, molar_mass=0.18781)
    >>> round(n / 0.283 * 1e6, 2)                            # umol/cm2
    2.83
    """
    electrolyte = _positive("mass", electrode_mass) * _positive("electrolyte fraction", electrolyte_fraction)
    return electrolyte * _positive("salt fraction", salt_fraction) / _positive("molar mass", molar_mass)


def electrons_per_anion(charge: Number, anions: Number) -> Number:
    """Return the electrons that each anion would have given [1]: charge [C], anions [mol]."""
    return charge / (FARADAY * _positive("amount of anions", anions))


def moved_thickness(areal_charge: Same, molar_volume: Same | float = SODIUM_MOLAR_VOLUME) -> Same:
    """Return the thickness [m] of metal that an areal charge [C/m2] moves (one electron an atom).

    Example
    -------
    >>> round(moved_thickness(36000.0) * 1e6, 2)             # um per mAh/cm2 of sodium
    8.84
    """
    return areal_charge / FARADAY * molar_volume
