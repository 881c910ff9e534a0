"""Spectra whose readings are at fault: bad points, noise that is not white, a specimen that changes during the sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.stress_spectra import Array, Case, Draw, arc, pellet, truth_of

__all__ = ["moving", "plain", "readings"]

Make = Callable[[Draw], Case]


def plain(d: Draw, f: Array | None = None, **how: float) -> Case:
    """A bulk arc and an electrode, blocking in two of three."""
    f = d.sweep() if f is None else f
    g, r, z = pellet(d, f, n=d.flat(0.85, 1.0), tail=d.one("blocking", "blocking", "electrode"), peak=how.get("peak"))
    return Case(f, d.noise(z, how.get("noise"), floor=False), truth_of(g, r), g)


def moving(case: Case, low: float, high: float) -> Case:
    """Return the case with a resistance that moves between low and high times what it was."""
    moved = {}
    for key, value in case.truth.items():
        ends = (value / high, value / low) if "conductivity" in key else (value * low, value * high)
        moved[key] = ends if value else value
    return replace(case, truth=moved)


# Bad points -------------------------------------------------------------------------------------------------------------


def _spoiled(spoil: Callable[[Draw, Array, Array], None]) -> Make:
    """A plain spectrum of which some points are changed in place."""

    def make(d: Draw) -> Case:
        case = plain(d)
        spoil(d, case.frequency, case.impedance)
        return case

    return make


def _two_outliers(d: Draw, _: Array, z: Array) -> None:
    first = int(d.random.integers(z.size - 1))
    second = d.one(first + 1, int(d.random.integers(z.size)))
    for k in (first, second):
        z[k] *= 1 + d.one(-1, 1) * d.flat(0.1, 0.6)


def _overload(d: Draw, _: Array, z: Array) -> None:
    bad = 9.9e37
    z[d.random.choice(z.size, d.one(1, 2, 3), replace=False)] = d.one(bad, complex(bad, bad), complex(bad, -bad))


def _at_the_ends(d: Draw, _: Array, z: Array) -> None:
    z[d.one(0, -1)] *= 1 + d.one(-1, 1) * d.flat(0.1, 0.5)


def _decade_slip(d: Draw, _: Array, z: Array) -> None:
    k = int(d.random.integers(z.size))
    z[k] = d.one(10 * z[k], 0.1 * z[k], z[k].conjugate(), -z[k])


def _block(d: Draw, _: Array, z: Array) -> None:
    k = int(d.random.integers(z.size - 4))
    z[k : k + d.one(3, 4)] *= 1 + d.one(-1, 1) * d.flat(0.05, 0.3)


def _mains(d: Draw, f: Array, z: Array) -> None:
    near = np.min(np.abs(np.log(f[:, None] / np.array([50.0, 100.0, 150.0]))), axis=1) < 0.08
    near[int(np.argmin(np.abs(f - 50)))] = True
    size = d.flat(0.03, 0.3) * np.abs(z)
    z += near * size * (d.random.standard_normal(z.size) + 1j * d.random.standard_normal(z.size))


def _correlated(d: Draw, _: Array, z: Array) -> None:
    """Errors of neighbouring points go together (correlation 0.8, 0.3 to 1 % of |Z|)."""
    e = d.random.standard_normal(z.size) + 1j * d.random.standard_normal(z.size)
    for k in range(1, z.size):
        e[k] = 0.8 * e[k - 1] + 0.6 * e[k]
    z += d.log(3e-3, 1e-2) * np.abs(z) * e


def _red(d: Draw, f: Array, z: Array) -> None:
    """Noise that grows to 10 % at the lowest frequency."""
    size = 0.1 * np.abs(z) * (f.min() / f) ** d.flat(0.3, 0.7)
    z += size * (d.random.standard_normal(z.size) + 1j * d.random.standard_normal(z.size))


def _delay(d: Draw, f: Array, z: Array) -> None:
    """A delay of the instrument: 0.4 to 4 degrees at 1 MHz."""
    z *= np.exp(-1j * 2 * np.pi * f * d.log(1e-9, 1e-8))


def _range_step(d: Draw) -> Case:
    """The instrument changes its range: everything below a frequency is off by a few per cent, none knows which is right."""
    case, step = plain(d), 1 + d.one(-1, 1) * d.flat(0.01, 0.05)
    f = case.frequency
    z = np.where(f < d.log(10 * f.min(), 0.1 * f.max()), step, 1.0) * case.impedance
    return moving(replace(case, impedance=z), min(step, 1.0), max(step, 1.0))


# Changes during the sweep -----------------------------------------------------------------------------------------------


def _changing(course: Callable[[Draw, Array], Array]) -> Make:
    """The resistance follows `course` of the time since the start (0 to 1)."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=d.one(0.1, 0.01)), d.geometry()
        r, c = d.bulk(g, d.log(max(100 * f.min(), 100.0), 0.1 * f.max()))
        time = np.cumsum(np.maximum(0.5, 2 / f))
        factor = course(d, time / time[-1])
        z = arc(f, r * factor, c, d.flat(0.85, 1.0)) + d.blocking(f, g)
        return moving(Case(f, d.noise(z), truth_of(g, r), g), float(factor.min()), float(factor.max()))

    return make


def _wave(d: Draw, t: Array) -> Array:
    return 1 + d.flat(0.03, 0.1) * np.sin(2 * np.pi * (d.flat(1, 4) * t + d.flat(0, 1)))


def _settling(d: Draw, t: Array) -> Array:
    """Fast at first: the sample still warms up."""
    return 1 + d.flat(0.05, 0.2) * np.exp(-t / d.log(0.003, 0.3))


def _jump(d: Draw, t: Array) -> Array:
    at = int(d.random.integers(5, t.size - 5))
    return np.where(np.arange(t.size) < at, 1.0, 1 + d.one(-1, 1) * d.flat(0.05, 0.2))


def _down_then_up(d: Draw) -> Case:
    """One file holds the sweep down and the sweep up; the second is off by 0 to 30 %."""
    f, g = d.sweep(1e6, 1.0), d.geometry()
    r, c = d.bulk(g, d.log(1e3, 1e5))
    second, n, blocking = 1 + d.one(0.0, d.flat(0.05, 0.3)), d.flat(0.85, 1.0), d.blocking(f, g)
    z = np.concatenate([arc(f, r, c, n) + blocking, (arc(f, r * second, c, n) + blocking)[::-1]])
    return moving(Case(np.concatenate([f, f[::-1]]), d.noise(z), truth_of(g, r), g), 1.0, second)


def readings() -> dict[str, Make]:
    """Return name -> function of a `Draw`."""
    return {
        "two outliers": _spoiled(_two_outliers),
        "overload 9.9e37": _spoiled(_overload),
        "outlier at an end": _spoiled(_at_the_ends),
        "decade slip, sign": _spoiled(_decade_slip),
        "block of points off": _spoiled(_block),
        "step of the range": _range_step,
        "mains 50 Hz": _spoiled(_mains),
        "correlated noise": _spoiled(_correlated),
        "noise rising to low f": _spoiled(_red),
        "delay of instrument": _spoiled(_delay),
        "wave of R": _changing(_wave),
        "settling of R": _changing(_settling),
        "jump of R": _changing(_jump),
        "down, then up": _down_then_up,
    }
