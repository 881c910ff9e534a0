"""Synthetic spectra with a known truth, shared by the impedance tests."""

import numpy as np

from closo.dataset import new

FREQUENCY = np.logspace(6, 0, 61)
ARC = {"R": 2.0e4, "Q": 3.0e-10, "n": 0.88, "Q2": 1.0e-6, "n2": 0.85}
SPIKES = {
    "76 ohm, 0.15 uH": {"L": 1.5e-7, "R": 76.0, "C": 4.6e-11, "Q": 2e-6, "n": 0.88},
    "27 ohm, 1 uH": {"L": 1e-6, "R": 27.0, "C": 4.6e-11, "Q": 2e-6, "n": 0.88},
    "76 ohm, sloped spike": {"L": 1.5e-7, "R": 76.0, "C": 4.6e-11, "Q": 1e-5, "n": 0.75},
    "600 ohm, arc at 1.8 MHz": {"L": 1.5e-7, "R": 600.0, "C": 1.5e-10, "Q": 2e-6, "n": 0.88},
}


def omega(frequency=FREQUENCY):
    return 2j * np.pi * frequency


def arc(frequency=FREQUENCY, p=ARC):
    jw = omega(frequency)
    return 1 / (1 / p["R"] + p["Q"] * jw ** p["n"]) + 1 / (p["Q2"] * jw ** p["n2"])


def spike(p, frequency=FREQUENCY):
    jw = omega(frequency)
    return jw * p["L"] + 1 / (1 / p["R"] + jw * p["C"]) + 1 / (p["Q"] * jw ** p["n"])


def two_arcs(frequency=FREQUENCY):
    jw = omega(frequency)
    return 1 / (1e-4 + 1e-10 * jw**0.95) + 1 / (1 / 2e4 + 2e-8 * jw**0.9) + 1 / (1e-6 * jw**0.85)


def noisy(z, seed, noise=0.003):
    random = np.random.default_rng(seed)
    return z + noise * np.abs(z) * (random.standard_normal(z.size) + 1j * random.standard_normal(z.size))


def dataset(z, frequency=FREQUENCY, source="test.par", **more):
    return new("impedance", {"frequency": frequency, "impedance": z}, source=source, **more)
