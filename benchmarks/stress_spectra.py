"""Synthetic impedance spectra with a known truth, written without closo's circuit code, for `benchmarks.stress`.

The impedances are plain formulas in numpy. An arc is drawn by its resistance, its capacitance C and its exponent n, with
the time constant R C; a pellet by its geometry, its relative permittivity and the frequency of its bulk peak. The scenarios
made of them are in `benchmarks.stress_scenarios`; many of the shapes are none that closo fits.

What is called true is what a direct current meets in the electrolyte: bulk and grain boundary in series, without electrodes,
leads or whatever an inductor short-circuits.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "VACUUM",
    "Array",
    "Case",
    "Draw",
    "Geometry",
    "arc",
    "cpe",
    "finite_warburg",
    "jw",
    "leads",
    "log_normal",
    "loop",
    "pellet",
    "reflective",
    "truth_of",
]

Array = np.ndarray
VACUUM = 8.8541878188e-12  # F/m


@dataclass(frozen=True)
class Geometry:
    """True area [m2] and thickness [m], and what is stated of them: the truth within 0.1 % (one standard deviation)."""

    area: float
    thickness: float
    stated_area: float
    stated_thickness: float
    relative_u: float = 1e-3

    @property
    def constant(self) -> float:
        """L/A [1/m]."""
        return self.thickness / self.area


@dataclass(frozen=True)
class Case:
    """A spectrum and what is true of it.

    Attributes
    ----------
    frequency, impedance : shape (n,) [Hz, ohm].
    truth : name of a quantity -> its true value [SI], or (low, high) where it moves during the sweep.
    geometry : of the pellet, None where it is not stated.
    settings : keywords of the analysis, such as the user's circuit.
    known : names of the quantities that the true model lets one know (Cramer-Rao below 10 %, peaks inside the window).
    temperature : of the spectrum [K], for a series.
    """

    frequency: Array
    impedance: Array
    truth: Mapping[str, float | tuple[float, float]]
    geometry: Geometry | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    temperature: float | None = None


# Impedances -------------------------------------------------------------------------------------------------------------


def jw(f: Array) -> Array:
    """Imaginary unit times angular frequency."""
    return 2j * np.pi * f


def arc(f: Array, r: float | Array, c: float, n: float = 1.0, *, b: float = 1.0) -> Array:
    """Depressed arc of time constant r c; with b < 1 asymmetric (Havriliak-Negami)."""
    return r / (1 + (jw(f) * r * c) ** n) ** b


def log_normal(f: Array, r: float, c: float, width: float) -> Array:
    """Arc whose time constants follow a log-normal law around r c, `width` standard deviations of ln tau."""
    x, step = np.linspace(-6, 6, 601, retstep=True)
    weight = np.exp(-0.5 * x * x) * step / np.sqrt(2 * np.pi)
    return r * (weight / (1 + np.outer(jw(f), r * c * np.exp(width * x)))).sum(axis=1)


def cpe(f: Array, q: float, n: float) -> Array:
    """Constant-phase element."""
    return 1 / (q * jw(f) ** n)


def finite_warburg(f: Array, r: float, tau: float) -> Array:
    """Diffusion through a layer with a transmissive end; r at low frequency."""
    s = np.sqrt(jw(f) * tau)
    e = np.exp(-2 * s)
    return r * (1 - e) / (1 + e) / s


def reflective(f: Array, r: float, tau: float) -> Array:
    """Diffusion through a layer with a reflecting end, or a blocking porous electrode."""
    s = np.sqrt(jw(f) * tau)
    e = np.exp(-2 * s)
    return r / s * (1 + e) / (1 - e)


def loop(f: Array, charge: tuple[float, float], branch: tuple[float, float]) -> Array:
    """Electrode with an adsorbed intermediate: (R_ct || C || R_b-L_b), inductive at low frequency; L_b = R_b tau."""
    (r_ct, c), (r_b, tau) = charge, branch
    return 1 / (1 / r_ct + jw(f) * c + 1 / (r_b * (1 + jw(f) * tau)))


# Draws ------------------------------------------------------------------------------------------------------------------


class Draw:
    """Random sizes of one case; equal names and seeds give equal cases."""

    def __init__(self, name: str, seed: int) -> None:
        self.random = np.random.default_rng([zlib.crc32(name.encode()), seed])

    def log(self, low: float, high: float) -> float:
        """Uniform in the logarithm."""
        return float(np.exp(self.random.uniform(np.log(low), np.log(high))))

    def flat(self, low: float, high: float) -> float:
        """Uniform."""
        return float(self.random.uniform(low, high))

    def one(self, *choices: Any) -> Any:
        """One of the choices."""
        return choices[int(self.random.integers(len(choices)))]

    def geometry(self) -> Geometry:
        """0.2 to 1 cm2, 0.2 to 2 mm."""
        area, thickness = self.flat(0.2e-4, 1e-4), self.log(0.2e-3, 2e-3)
        a, t = 1 + 1e-3 * self.random.standard_normal(2)
        return Geometry(area, thickness, area * a, thickness * t)

    def sweep(self, top: float | None = None, low: float | None = None, density: int | None = None) -> Array:
        """Frequencies from high to low."""
        top = top or self.one(1e6, 1e6, 7e6)
        low = low or self.one(1.0, 0.1, 0.01)
        density = density or int(self.random.integers(6, 13))
        return np.logspace(np.log10(top), np.log10(low), round(density * np.log10(top / low)) + 1)

    def noise(self, z: Array, level: float | None = None, floor: bool | None = None) -> Array:
        """Relative noise on Re and Im; one spectrum in five also has a constant floor, up to 0.1 % of the median |Z|."""
        level = self.log(1e-3, 1e-2) if level is None else level
        has_floor = self.random.random() < 0.2 if floor is None else floor
        sd = np.hypot(level * np.abs(z), self.log(1e-4, 1e-3) * np.median(np.abs(z)) if has_floor else 0.0)
        return z + sd * (self.random.standard_normal(z.size) + 1j * self.random.standard_normal(z.size))

    def blocking(self, f: Array, g: Geometry, n: float | None = None, *, most: float = np.inf) -> Array:
        """Blocking electrode of 0.3 to 10 uF/cm2, and more where |Z| exceeds `most` ohm at the highest frequency."""
        z = cpe(f, self.log(3e-3, 0.1) * g.area, n or self.flat(0.7, 0.95))
        return z * min(1.0, most / abs(z[np.argmax(f)]))

    def electrode(self, f: Array, g: Geometry, r: float, *, closed: bool = True) -> Array:
        """Electrode arc of 1 to 20 uF/cm2 that passes direct current, with its peak inside the window where closed."""
        c, n = self.log(1e-2, 0.2) * g.area, self.flat(0.75, 1.0)
        return arc(f, min(r, 1 / (2 * np.pi * c * 5 * f.min())) if closed else r, c, n)

    def bulk(self, g: Geometry, peak: float) -> tuple[float, float]:
        """Resistance and capacitance of a bulk whose arc has its peak at `peak` Hz; relative permittivity 5 to 100."""
        c = self.log(5.0, 100.0) * VACUUM / g.constant
        return 1 / (2 * np.pi * peak * c), c

    def boundary(self, bulk: tuple[float, float], r: float, highest: float) -> float:
        """Capacitance of a grain boundary of resistance r: 10 to 1000 times the bulk's, and a peak below `highest` Hz."""
        return max(bulk[1] * self.log(10, 1000), 1 / (2 * np.pi * r * highest))


def truth_of(g: Geometry | None, bulk: float, boundary: float = 0.0) -> dict[str, float | tuple[float, float]]:
    """Return what is true of a pellet; without geometry there is no conductivity."""
    truth: dict[str, float | tuple[float, float]] = {
        "total_resistance": bulk + boundary,
        "bulk_resistance": bulk,
        "grain_boundary_resistance": boundary,
    }
    return truth if g is None else truth | {"ionic_conductivity": g.constant / (bulk + boundary)}


def leads(d: Draw, f: Array) -> Array:
    """Inductance of 0.1 to 1 uH."""
    return jw(f) * d.log(1e-7, 1e-6)


def pellet(
    d: Draw, f: Array, *, n: float = 1.0, tail: str = "", peak: float | None = None
) -> tuple[Geometry, float, Array]:
    """A bulk arc well inside the window and what follows it; returns geometry, R and the noiseless impedance."""
    g = d.geometry()
    r, c = d.bulk(g, peak or d.log(max(1e3 * f.min(), 300.0), 0.2 * f.max()))
    tail = tail or d.one("blocking", "electrode")
    end = d.blocking(f, g) if tail == "blocking" else d.electrode(f, g, r * d.log(0.2, 3))
    return g, r, arc(f, r, c, n) + end
