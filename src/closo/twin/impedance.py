"""The impedance of a pellet between blocking electrodes, and what an instrument makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.twin.truth import Nuisances, stream

VACUUM_PERMITTIVITY = 8.8541878188e-12  # F/m, CODATA 2022


@dataclass(frozen=True)
class PelletCircuit:
    """The elements of a pellet's impedance."""

    bulk_resistance: float  # R_b [ohm]
    geometric_capacitance: float  # C_g, parallel to it [F]
    lead_resistance: float  # R_l [ohm]
    inductance: float  # L [H]
    cpe_coefficient: float  # Q of both blocking electrodes together [S s^n]
    cpe_exponent: float  # n
    grain_boundary: tuple[float, float, float] | None = None  # resistance [ohm], Q [S s^n] and n of a second arc


def frequencies(highest: float = 1e6, lowest: float = 1.0, per_decade: int = 10) -> np.ndarray:
    """Return the measured frequencies [Hz], from high to low, both ends included, shape (61,) by default."""
    count = round(np.log10(highest / lowest) * per_decade)
    return highest * 10.0 ** (-np.arange(count + 1) / per_decade)


def impedance(frequency: np.ndarray, circuit: PelletCircuit) -> np.ndarray:
    """Return the impedance [ohm], complex, shape of `frequency`; capacitive is negative imaginary.

    Z = jwL + R_l + 1/(1/R_b + jw C_g) [+ 1/(1/R_gb + Q_gb (jw)^n_gb)] + 1/(Q (jw)^n)
    """
    jw = 2j * np.pi * frequency
    z = jw * circuit.inductance + circuit.lead_resistance
    z = z + 1.0 / (1.0 / circuit.bulk_resistance + jw * circuit.geometric_capacitance)
    if circuit.grain_boundary is not None:
        z = z + arc(jw, *circuit.grain_boundary)
    total: np.ndarray = z + 1.0 / (circuit.cpe_coefficient * jw**circuit.cpe_exponent)
    return total


def arc_frequency(conductivity: float, permittivity: float) -> float:
    """Return the frequency at the top of the bulk arc [Hz]: sigma / (2 pi eps_0 eps_r), whatever the geometry.

    Example
    -------
    >>> [f"{arc_frequency(s * 100.0, 10.0):.1e}" for s in (5e-8, 2.8e-6, 5e-4)]  # S/cm: only two lie below 1 MHz
    ['9.0e+03', '5.0e+05', '9.0e+07']
    """
    return conductivity / (2.0 * np.pi * VACUUM_PERMITTIVITY * permittivity)


def noise_level(frequency: np.ndarray, nuisances: Nuisances) -> np.ndarray:
    """Return the standard deviation of Re Z and of Im Z over |Z|: noise, edges, and what the mains adds near 50 Hz."""
    level = np.where((frequency >= 499e3) | (frequency <= 2.0), nuisances.noise_edge, nuisances.noise)
    nearest = np.argmin(np.abs(frequency - 50.0))
    if abs(frequency[nearest] - 50.0) < 5.0:
        level[nearest] = np.hypot(level[nearest], nuisances.mains)
    return level


@dataclass(frozen=True)
class Instrument:
    """What an uncalibrated analyser does to every spectrum: it scales Z by `gain` and turns it by `delay` [rad] at 1 MHz.

    The angle is in proportion to frequency, as that of a cable or an amplifier is.
    """

    gain: float = 1.0
    delay: float = 0.0


def draw_instrument(seed: int, nuisances: Nuisances) -> Instrument:
    """Return the one instrument of a study."""
    gain, delay = stream(seed, "instrument").standard_normal(2)
    return Instrument(1.0 + nuisances.gain * gain, nuisances.delay * delay)


def measured(
    frequency: np.ndarray, true: np.ndarray, *, instrument: Instrument, nuisances: Nuisances, rng: np.random.Generator
) -> np.ndarray:
    """Return what `instrument` says of the impedance `true` [ohm]; the noise of each Re and Im is independent."""
    z = true * instrument.gain * np.exp(1j * instrument.delay * frequency / 1e6)
    noise = rng.standard_normal(z.size) + 1j * rng.standard_normal(z.size)
    noisy: np.ndarray = z + np.abs(z) * noise_level(frequency, nuisances) * noise
    return noisy


def arc(jw: np.ndarray, resistance: float, coefficient: float, exponent: float) -> np.ndarray:
    """Return the impedance of a resistance [ohm] beside a constant-phase element [S s^n], 1/(1/R + Q (jw)^n)."""
    return np.asarray(1.0 / (1.0 / resistance + coefficient * jw**exponent))
