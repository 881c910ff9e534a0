"""Direct-current polarization: between blocking electrodes (Figs. S9, S10), and of a Na cell with its spectra (Fig. S11).

*printed*: in the text of the reference study (Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d, CC BY 3.0).
*free*: a choice of this twin, because that text prints none; plausible, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.twin.impedance import Instrument, frequencies, measured
from closo.twin.truth import Nuisances, stream


@dataclass(frozen=True)
class BlockingTruth:
    """Polarization between blocking electrodes; every number is free, but for the area, which is printed (0.785 cm2).

    Attributes
    ----------
    electronic_conductivity : sigma_e [S/m]; 1e-9 S/cm.
    thickness [m], area [m2] : of the pellet.
    voltages : one step after the other [V].
    duration : of each step [s]; interval : between two samples [s].
    charging_resistance [ohm], charging_capacitance [F] : slow charging, dV/R exp(-t/RC) after each step dV.
    absorption : current of dielectric absorption 1 s after a step of 1 V [A/V]; that of the pellet's blocking CPE,
        Q/Gamma(1 - n) with Q = 3.9e-6 S s^n.
    absorption_exponent : n of t^-n.
    offset_u : standard deviation of the instrument's current offset [A]; gain_u : of its scale [1]; one draw per record.
    noise : standard deviation of a sample [A]; voltage_noise : of a reading of the voltage [V].
    """

    electronic_conductivity: float = 1e-7
    thickness: float = 300e-6
    area: float = 0.785e-4
    voltages: tuple[float, ...] = (0.1,)
    duration: float = 3600.0
    interval: float = 1.0
    charging_resistance: float = 5e6
    charging_capacitance: float = 6e-6
    absorption: float = 4.1e-7
    absorption_exponent: float = 0.9
    offset_u: float = 1e-9
    gain_u: float = 0.005
    noise: float = 1e-9
    voltage_noise: float = 2e-5

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
    """A Na | electrolyte | Na cell: printed is t+ = 0.97, everything else is free.

    Attributes
    ----------
    transference_number : t+ [1].
    bulk_resistance : R_b [ohm].
    initial_interface : R_0 of both interfaces [ohm] when the voltage comes; steady_interface : R_ss at the end.
    voltage : step dV [V].
    cpe_coefficient : Q of the interfaces [S s^n]; cpe_exponent : n.
    inductance : of the leads [H].
    arc_drift : standard deviation of ln(R_0 of the spectrum / R_0 of the polarization), and of that of R_ss.
    fast, slow : time constants of the decay [s], half of it each.
    charging_time : of the double layers [s]; over before the first sample.
    duration, interval : of the polarization [s].
    noise : standard deviation of a sample [A]; offset_u : of the current offset [A]; gain_u : of the current's gain [1].
    voltage_offset_u : standard deviation of the true dV about the stated one [V].
    """

    transference_number: float = 0.97
    bulk_resistance: float = 566.0
    initial_interface: float = 283.0
    steady_interface: float = 311.0
    voltage: float = 0.010
    cpe_coefficient: float = 2e-6
    cpe_exponent: float = 0.85
    inductance: float = 1e-6
    arc_drift: float = 0.025
    fast: float = 120.0
    slow: float = 900.0
    charging_time: float = 3e-4
    duration: float = 7200.0
    interval: float = 1.0
    noise: float = 1e-8
    offset_u: float = 1e-9
    gain_u: float = 0.005
    voltage_offset_u: float = 1e-4

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
    """What a Bruce-Vincent experiment leaves behind.

    Attributes
    ----------
    frequency : [Hz], shape (m,); before, after : the spectra [ohm], complex, shape (m,).
    time, current, voltage : of the polarization [s, A, V], shape (n,).
    truth : what went in; stated_voltage : what the file says of dV [V].
    """

    frequency: np.ndarray
    before: np.ndarray
    after: np.ndarray
    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    truth: BruceVincentTruth
    stated_voltage: float


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
    used, noise = instrument or Instrument(), nuisances or Nuisances()
    spectra = [
        measured(
            frequency,
            _spectrum(frequency, truth, r * np.exp(truth.arc_drift * d)),
            instrument=used,
            nuisances=noise,
            rng=rng,
        )
        for r, d in ((truth.initial_interface, drift), (truth.steady_interface, later_drift))
    ]
    time = truth.interval * np.arange(1, round(truth.duration / truth.interval) + 1)
    decay = 0.5 * np.exp(-time / truth.fast) + 0.5 * np.exp(-time / truth.slow)
    first, last = truth.initial_current, truth.steady_current
    charging = (truth.voltage / truth.bulk_resistance - first) * np.exp(-time / truth.charging_time)
    current = (last + (first - last) * decay + charging) * (1.0 + truth.gain_u * gain)
    current = current + truth.offset_u * offset + truth.noise * rng.standard_normal(time.size)
    stated = float(truth.voltage + truth.voltage_offset_u * shift)
    voltage = stated + 2e-5 * rng.standard_normal(time.size)
    return BruceVincent(frequency, spectra[0], spectra[1], time, current, voltage, truth, stated)


def _spectrum(frequency: np.ndarray, truth: BruceVincentTruth, interface: float) -> np.ndarray:
    """Return jwL + R_b + 1/(1/R + Q (jw)^n) [ohm]; the arc of the bulk lies beyond 100 MHz."""
    jw = 2j * np.pi * frequency
    arc = 1.0 / (1.0 / interface + truth.cpe_coefficient * jw**truth.cpe_exponent)
    total: np.ndarray = jw * truth.inductance + truth.bulk_resistance + arc
    return total
