"""Direct-current polarization: between blocking electrodes (Figs. S9, S10), and of a Na cell with its spectra (Fig. S11).

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
class BlockingTruth:
    """Polarization between blocking electrodes; every number is free, but for the area, which is printed (0.785 cm2)."""

    electronic_conductivity: float = 1e-7  # sigma_e [S/m]; 1e-9 S/cm
    thickness: float = 300e-6  # of the pellet [m]
    area: float = 0.785e-4  # m2
    voltages: tuple[float, ...] = (0.1,)  # one step after the other [V]
    duration: float = 3600.0  # of each step [s]
    interval: float = 1.0  # between two samples [s]
    charging_resistance: float = 5e6  # R [ohm] of slow charging, dV/R exp(-t/RC) after each step dV
    charging_capacitance: float = 6e-6  # C [F]
    absorption: float = 4.1e-7  # dielectric, 1 s after 1 V [A/V]: Q/Gamma(1 - n) of a blocking CPE, Q = 3.9e-6 S s^n
    absorption_exponent: float = 0.9  # n of t^-n
    offset_u: float = 1e-9  # standard deviation of the instrument's current offset [A], and
    gain_u: float = 0.005  # of its scale; one draw per record
    noise: float = 1e-9  # standard deviation of a sample [A]
    voltage_noise: float = 2e-5  # of a reading of the voltage [V]

    @property
    def conductance(self) -> float:
        """Electronic conductance sigma_e A/L [S]."""
        return self.electronic_conductivity * self.area / self.thickness


@dataclass(frozen=True)
class BlockingPolarization:
    """A record: time [s], current [A] and voltage [V], shape (n,); the truth, and the offset that was drawn [A]."""

    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    truth: BlockingTruth
    offset: float


def blocking_polarization(truth: BlockingTruth, seed: int) -> BlockingPolarization:
    """Return the current after one or several voltage steps.

    i(t) = offset + sigma_e A/L V(t) + sum over steps dV_k [exp(-s/RC)/R + a s^-n], s = t - t_k; earlier steps live on
    (superposition). The first sample of a step lies one interval after it.

    Example
    -------
    >>> record = blocking_polarization(BlockingTruth(duration=600.0), seed=1)
    >>> float(record.time[0]), record.current.size
    (1.0, 600)
    """
    rng = stream(seed, "blocking polarization")
    offset, gain = float(truth.offset_u * rng.standard_normal()), float(1.0 + truth.gain_u * rng.standard_normal())
    per_step = round(truth.duration / truth.interval)
    time = truth.interval * np.arange(1, per_step * len(truth.voltages) + 1)
    voltage = np.repeat(np.array(truth.voltages), per_step)
    current = truth.conductance * voltage
    heights = np.diff(np.array(truth.voltages), prepend=0.0)
    for k, height in enumerate(heights):
        since = time - k * truth.duration
        after = since > 0.5 * truth.interval
        s = since[after]
        charging = np.exp(-s / (truth.charging_resistance * truth.charging_capacitance)) / truth.charging_resistance
        current[after] += height * (charging + truth.absorption * s**-truth.absorption_exponent)
    current = gain * current + offset + truth.noise * rng.standard_normal(time.size)
    return BlockingPolarization(
        time, current, voltage + truth.voltage_noise * rng.standard_normal(time.size), truth, offset
    )


@dataclass(frozen=True)
class BruceVincentTruth:
    """A Na | electrolyte | Na cell: printed is t+ = 0.97, everything else is free."""

    transference_number: float = 0.97  # t+
    bulk_resistance: float = 566.0  # R_b [ohm]
    initial_interface: float = 283.0  # R_0 of both interfaces when the voltage comes [ohm]
    steady_interface: float = 311.0  # R_ss at the end [ohm]
    voltage: float = 0.010  # step dV [V]
    cpe_coefficient: float = 2e-6  # Q of the interfaces [S s^n]
    cpe_exponent: float = 0.85  # n
    inductance: float = 1e-6  # of the leads [H]
    arc_drift: float = 0.025  # sd of ln(R_0 of the spectrum / R_0 of the polarization), and of that of R_ss
    fast: float = 120.0  # time constants of the decay [s], half of it each
    slow: float = 900.0
    charging_time: float = 3e-4  # of the double layers [s]; over before the first sample
    duration: float = 7200.0  # of the polarization [s]
    interval: float = 1.0  # s
    noise: float = 1e-8  # standard deviation of a sample [A]
    offset_u: float = 1e-9  # of the current offset [A]
    gain_u: float = 0.005  # of the current's gain
    voltage_offset_u: float = 1e-4  # of the true dV about the stated one [V]

    @property
    def initial_current(self) -> float:
        """I_0 = dV/(R_b + R_0) [A]; 11.78 uA."""
        return self.voltage / (self.bulk_resistance + self.initial_interface)

    @property
    def steady_current(self) -> float:
        """I_ss [A] that gives t+ in t+ = I_ss (dV - I_0 R_0)/(I_0 (dV - I_ss R_ss)); 11.18 uA."""
        scaled = self.transference_number * self.initial_current
        return (
            scaled
            * self.voltage
            / (self.voltage - self.initial_current * self.initial_interface + scaled * self.steady_interface)
        )


@dataclass(frozen=True)
class BruceVincent:
    """What a Bruce-Vincent experiment leaves behind: spectra of shape (m,), a polarization of shape (n,)."""

    frequency: np.ndarray  # Hz
    before: np.ndarray  # the spectra [ohm], complex
    after: np.ndarray
    time: np.ndarray  # s
    current: np.ndarray  # A
    voltage: np.ndarray  # V
    truth: BruceVincentTruth


def bruce_vincent(
    truth: BruceVincentTruth, seed: int, *, instrument: Instrument | None = None, nuisances: Nuisances | None = None
) -> BruceVincent:
    """Return spectrum, polarization and spectrum of one cell.

    The current decays from I_0 to I_ss; the charging of the double layers lasts less than a millisecond and no sample
    sees it. The interfaces of the spectra differ from those of the polarization by `arc_drift`.

    Example
    -------
    >>> cell = bruce_vincent(BruceVincentTruth(), seed=1)
    >>> f"{1e6 * cell.truth.initial_current:.2f} {1e6 * cell.truth.steady_current:.2f}"
    '11.78 11.18'
    """
    rng = stream(seed, "bruce-vincent")
    gain, offset, shift, drift, later_drift = rng.standard_normal(5)
    frequency = frequencies(1e6, 0.1)
    jw = 2j * np.pi * frequency
    leads = jw * truth.inductance + truth.bulk_resistance  # the arc of the bulk lies beyond 100 MHz
    used, noise = instrument or Instrument(), nuisances or Nuisances()
    read = partial(measured, frequency, instrument=used, nuisances=noise, rng=rng)
    cpe = truth.cpe_coefficient, truth.cpe_exponent
    ends = ((truth.initial_interface, drift), (truth.steady_interface, later_drift))
    spectra = [read(leads + arc(jw, r * np.exp(truth.arc_drift * d), *cpe)) for r, d in ends]
    time = truth.interval * np.arange(1, round(truth.duration / truth.interval) + 1)
    decay = 0.5 * np.exp(-time / truth.fast) + 0.5 * np.exp(-time / truth.slow)
    first, last = truth.initial_current, truth.steady_current
    charging = (truth.voltage / truth.bulk_resistance - first) * np.exp(-time / truth.charging_time)
    current = (last + (first - last) * decay + charging) * (1.0 + truth.gain_u * gain)
    current = current + truth.offset_u * offset + truth.noise * rng.standard_normal(time.size)
    stated = float(truth.voltage + truth.voltage_offset_u * shift)
    voltage = stated + 2e-5 * rng.standard_normal(time.size)
    return BruceVincent(frequency, spectra[0], spectra[1], time, current, voltage, truth)
