"""A linear sweep to high potential with the spectra before and after it (Figs. S12, S13).

*printed*: in the text of the reference study (Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d, CC BY 3.0).
*free*: a choice of this twin, because that text prints none; plausible, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from closo.twin.impedance import Instrument, arc, frequencies, measured
from closo.twin.truth import Nuisances, stream


@dataclass(frozen=True)
class LinearSweepTruth:
    """An oxidation behind a resistance; the onset of 3.9 V (by tangents) is printed, everything else is free."""

    conductance: float = 2e-8  # g of the baseline [S]
    exchange_current: float = 1e-6  # i0 [A]
    reference_potential: float = 3.595  # E_r [V]
    slope: float = 0.060  # s [V per factor e]
    resistance: float = 1000.0  # R in series [ohm]; that of bulk and interface before the sweep
    start: float = 2.0  # of the sweep [V]
    end: float = 4.4  # V
    scan_rate: float = 1e-4  # V/s
    interval: float = 10.0  # between two samples [s]
    noise: float = 2e-8  # standard deviation of a sample [A]
    potential_noise: float = 5e-5  # of a reading of the potential [V]
    bulk_resistance: float = 700.0  # of the spectra [ohm]
    interface_before: float = 300.0  # ohm
    interface_after: float = 650.0  # ohm
    interface: tuple[float, float] = (2e-7, 0.9)  # Q [S s^n] and n of the interface's arc
    blocking: tuple[float, float] = (5e-5, 0.9)  # the same of the electrode
    inductance: float = 1e-6  # of the leads [H]


@dataclass(frozen=True)
class LinearSweep:
    """A sweep: time [s], potential [V], current [A], shape (n,); frequency [Hz] and the spectra [ohm], shape (m,)."""

    time: np.ndarray
    potential: np.ndarray
    current: np.ndarray
    frequency: np.ndarray
    before: np.ndarray
    after: np.ndarray
    truth: LinearSweepTruth


def current_at(potential: np.ndarray, truth: LinearSweepTruth) -> np.ndarray:
    """Return i = g E + i0 exp((E - i R - E_r)/s) [A] without noise, shape of `potential` [V].

    Solved for x = ln((i - gE)/i0) by Newton's method: x + R i0 e^x/s = (E - g E R - E_r)/s is convex, one root.

    Example
    -------
    >>> i = current_at(np.array([3.59, 3.70, 3.74]), LinearSweepTruth())
    >>> (1e6 * i).round(1).tolist()
    [1.0, 5.3, 9.6]
    """
    base = truth.conductance * potential
    target = (potential - base * truth.resistance - truth.reference_potential) / truth.slope
    ratio = truth.resistance * truth.exchange_current / truth.slope
    x = np.minimum(target, np.log(1.0 + np.maximum(target, 0.0) / max(ratio, 1e-300)))
    for _ in range(60):
        e = ratio * np.exp(x)
        x = x - (x + e - target) / (1.0 + e)
    current: np.ndarray = base + truth.exchange_current * np.exp(x)
    return current


def linear_sweep(
    truth: LinearSweepTruth, seed: int, *, instrument: Instrument | None = None, nuisances: Nuisances | None = None
) -> LinearSweep:
    """Return the sweep and the spectra before and after it.

    Example
    -------
    >>> sweep = linear_sweep(LinearSweepTruth(), seed=1)
    >>> sweep.potential.size, float(sweep.time[-1])
    (2401, 24010.0)
    """
    rng = stream(seed, "linear sweep")
    count = round((truth.end - truth.start) / (truth.scan_rate * truth.interval)) + 1
    time = truth.interval * np.arange(1, count + 1)
    potential = truth.start + truth.scan_rate * (time - truth.interval)
    current = current_at(potential, truth) + truth.noise * rng.standard_normal(count)
    frequency = frequencies(1e6, 0.1)
    used, noise = instrument or Instrument(), nuisances or Nuisances()
    read = partial(measured, frequency, instrument=used, nuisances=noise, rng=rng)
    interfaces = (truth.interface_before, truth.interface_after)
    before, after = (read(_spectrum(frequency, truth, interface)) for interface in interfaces)
    readings = potential + truth.potential_noise * rng.standard_normal(count)
    return LinearSweep(time, readings, current, frequency, before, after, truth)


def _spectrum(frequency: np.ndarray, truth: LinearSweepTruth, interface: float) -> np.ndarray:
    """Return jwL + R_b + 1/(1/R + Q (jw)^n) + 1/(Q_e (jw)^n_e) [ohm]."""
    jw = 2j * np.pi * frequency
    electrode = 1.0 / (truth.blocking[0] * jw ** truth.blocking[1])
    leads = jw * truth.inductance + truth.bulk_resistance
    return np.asarray(leads + arc(jw, interface, *truth.interface) + electrode)
