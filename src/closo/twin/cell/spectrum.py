"""The impedance of the whole cell: leads, separator, both interfaces, and diffusion in the cathode."""

from __future__ import annotations

import numpy as np

from closo.constants import BOLTZMANN
from closo.twin.cell.truth import CellTruth
from closo.twin.truth import Nuisances, Truth

_LEADS = 0.5  # ohm, as in the pellets' holder
_INTERFACE_AT, _CATHODE_AT = 303.15, 293.15  # K, where the truth states the two resistances


def _scaled(value: float, energy: float, at: float, temperature: float) -> float:
    return value * float(np.exp(energy / BOLTZMANN * (1.0 / temperature - 1.0 / at)))


def separator_resistance(truth: CellTruth, temperature: float, area: float) -> float:
    """Return L/(sigma A) of the separator [ohm] with its voids, at `temperature` [K]; `area` in m2."""
    thickness = truth.separator_thickness / (1.0 - truth.separator_void)
    return thickness / (Truth().sample(truth.separator_sample).conductivity(temperature) * area)


def interface_resistances(truth: CellTruth, temperature: float, area: float) -> tuple[float, float]:
    """Return the resistances [ohm] of Na against electrolyte and of Prussian white against electrolyte."""
    sodium = _scaled(truth.interface, truth.interface_energy, _INTERFACE_AT, temperature)
    cathode = _scaled(truth.charge_transfer, truth.charge_transfer_energy, _CATHODE_AT, temperature)
    return sodium / area, cathode / area


def cell_impedance(frequency: np.ndarray, truth: CellTruth, temperature: float, area: float) -> np.ndarray:
    """Return the impedance [ohm] of the cell, complex, shape of `frequency` [Hz]; capacitive is negative imaginary.

    Z = jwL + R_l + R_se|C_se + R_Na|C_Na + R_ct|C_ct + 1/(Q (jw)^0.5)
    """
    jw = 2j * np.pi * frequency
    sodium, cathode = interface_resistances(truth, temperature, area)
    z = jw * Nuisances().inductance + _LEADS
    z = z + 1.0 / (1.0 / separator_resistance(truth, temperature, area) + jw * truth.electrolyte_capacitance)
    z = z + 1.0 / (1.0 / sodium + jw * truth.interface_capacitance * area)
    z = z + 1.0 / (1.0 / cathode + jw * truth.charge_transfer_capacitance * area)
    total: np.ndarray = z + 1.0 / (truth.diffusion_coefficient * area * jw**0.5)
    return total
