"""Variants of the scenarios: the same kinds of fault by other shapes, sizes and places; all are ill posed in some way.

None of them may be used to tune an analysis: they are there to find what a bar that was met hides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.stress_ceramics import three_arcs, two_arcs, two_asymmetric
from benchmarks.stress_circuits import given, wrong_circuit
from benchmarks.stress_spectra import (
    VACUUM,
    Array,
    Case,
    Draw,
    arc,
    finite_warburg,
    jw,
    log_normal,
    loop,
    pellet,
    reflective,
    truth_of,
)  # fmt: skip

__all__ = ["variants"]

Make = Callable[[Draw], Case]


def _plain(d: Draw, f: Array | None = None, **how: float) -> Case:
    """A bulk arc and an electrode, blocking in two of three."""
    f = d.sweep() if f is None else f
    g, r, z = pellet(d, f, n=d.flat(0.85, 1.0), tail=d.one("blocking", "blocking", "electrode"), peak=how.get("peak"))
    return Case(f, d.noise(z, how.get("noise"), floor=False), truth_of(g, r), g)


def _range(case: Case, low: float, high: float) -> Case:
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
        case = _plain(d)
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


def _range_step(d: Draw, f: Array, z: Array) -> None:
    """The instrument changes its range: everything below a frequency is off by a few per cent."""
    z[f < d.log(10 * f.min(), 0.1 * f.max())] *= 1 + d.one(-1, 1) * d.flat(0.01, 0.05)


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


# Shapes -----------------------------------------------------------------------------------------------------------------


def _electrolyte(shape: Callable[[Draw, Array, float, float], Array]) -> Make:
    """One electrolyte arc of a shape of its own, and a blocking electrode."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(), d.geometry()
        r, c = d.bulk(g, d.log(max(1e3 * f.min(), 1e3), 0.05 * f.max()))
        return Case(f, d.noise(shape(d, f, r, c) + d.blocking(f, g)), truth_of(g, r), g)

    return make


def _davidson(d: Draw, f: Array, r: float, c: float) -> Array:
    return arc(f, r, c, b=d.flat(0.35, 0.8))


def _slow_side(d: Draw, f: Array, r: float, c: float) -> Array:
    """Asymmetric towards low frequency: the mirror image of Havriliak-Negami."""
    a, b = d.flat(0.8, 1.0), d.flat(0.4, 0.8)
    return r * (1 - (1 + (jw(f) * r * c) ** -a) ** -b)


def _layers(d: Draw, f: Array, r: float, c: float) -> Array:
    """A gradient of conductivity through the pellet: slices of one permittivity in series, resistances up to 10 to 1."""
    parts = d.log(2, 10) ** np.linspace(0, 1, 20)
    return np.sum([arc(f, r * x, 20 * c) for x in parts / parts.sum()], axis=0)


def _wide(d: Draw, f: Array, r: float, c: float) -> Array:
    return log_normal(f, r, c, d.flat(2.0, 3.0))


# Electrodes -------------------------------------------------------------------------------------------------------------


def _behind(
    end: Callable[[Draw, Array, Array, float], Array], *, stated: bool = True, low: float | None = None
) -> Make:
    """A bulk arc, and something behind it that is not electrolyte; `end` gets the area in a one-element array."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=low), d.geometry()
        r, c = d.bulk(g, d.log(max(1e3 * f.min(), 1e3), 0.2 * f.max()))
        z = arc(f, r, c, d.flat(0.85, 1.0)) + end(d, f, np.array([g.area]), r)
        known = g if stated else None
        return Case(f, d.noise(z), truth_of(known, r), known)

    return make


def _film_of_nf(d: Draw, f: Array, _: Array, __: float) -> Array:
    """An insulating film or a gap between pellet and electrode: it blocks, with 1 to 50 nF."""
    return 1 / (jw(f) * d.log(1e-9, 5e-8))


def _microfarad(d: Draw, f: Array, area: Array, r: float) -> Array:
    return arc(f, r * d.log(0.1, 5), d.log(0.5e-6, 5e-6), d.flat(0.8, 1.0)) + 0 * area


def _reflecting(d: Draw, f: Array, _: Array, r: float) -> Array:
    return reflective(f, r * d.log(0.1, 2), d.log(1, 100))


def _gerischer(d: Draw, f: Array, _: Array, r: float) -> Array:
    return r * d.log(0.2, 3) / np.sqrt(1 + jw(f) * d.log(0.1, 30))


def _porous(d: Draw, f: Array, area: Array, r: float) -> Array:
    """A blocking porous electrode (de Levie)."""
    pore, c = r * d.log(0.1, 1), d.log(0.1, 1) * float(area[0])
    return reflective(f, pore, pore * c)


def _two_electrodes(d: Draw, f: Array, area: Array, r: float) -> Array:
    """Two unlike electrodes: two arcs of 1 to 50 uF/cm2."""
    first = arc(f, r * d.log(0.2, 3), d.log(1e-2, 0.5) * float(area[0]), d.flat(0.8, 1.0))
    return first + arc(f, r * d.log(0.2, 3), d.log(1e-2, 0.5) * float(area[0]), d.flat(0.8, 1.0))


def _series_loop(d: Draw) -> Case:
    """A negative relaxation in series; the electrolyte's resistance is taken with it or without."""
    case = _plain(d, d.sweep(low=0.01))
    r = float(case.truth["total_resistance"])
    negative = r * d.log(0.05, 0.4)
    z = case.impedance - negative / (1 + jw(case.frequency) * d.log(1, 10))
    return _range(replace(case, impedance=z), 1 - negative / r, 1.0)


def _fast_loop(d: Draw) -> Case:
    """An electrode with an inductive loop of which the sweep sees a part only."""
    f, g = d.sweep(low=0.1), d.geometry()
    r, c = d.bulk(g, d.log(1e4, 0.2 * f.max()))
    r_ct = r * d.log(0.2, 3)
    branch = (r_ct * d.log(0.5, 5), d.log(0.3, 10))
    z = arc(f, r, c, d.flat(0.85, 1.0)) + loop(f, (r_ct, d.log(1e-2, 0.2) * g.area), branch)
    return Case(f, d.noise(z), truth_of(g, r), g)


# Windows and sizes ------------------------------------------------------------------------------------------------------


def _ideal_not_closed(d: Draw) -> Case:
    f, g = d.sweep(1e6, d.one(1.0, 10.0)), d.geometry()
    r, c = d.bulk(g, f.min() / d.log(2, 50))
    return Case(f, d.noise(arc(f, r, c), floor=False), truth_of(g, r), g)


def _second_not_closed(d: Draw) -> Case:
    """The bulk arc is plain to see; the grain-boundary arc is cut off near its peak."""
    f, g = d.sweep(1e6, d.one(1.0, 10.0)), d.geometry()
    r, c = d.bulk(g, d.log(1e4, 2e5))
    boundary, peak = r * d.log(0.3, 10), f.min() * d.log(0.2, 2)
    z = arc(f, r, c, d.flat(0.9, 1.0)) + arc(f, boundary, 1 / (2 * np.pi * boundary * peak), d.flat(0.8, 1.0))
    return Case(f, d.noise(z), truth_of(g, r, boundary), g)


def _low_only(d: Draw) -> Case:
    """The sweep starts at 1 to 20 kHz: the bulk is far above, the grain-boundary arc half inside."""
    f, g = d.sweep(d.log(1e3, 2e4), 0.1), d.geometry()
    r, c = d.bulk(g, d.log(1e6, 1e8))
    boundary = r * d.log(0.3, 3)
    z = arc(f, r, c) + arc(f, boundary, 1 / (2 * np.pi * boundary * f.max() * d.log(0.1, 3)), d.flat(0.8, 1.0))
    return Case(f, d.noise(z + d.blocking(f, g)), truth_of(g, r, boundary), g)


def _above_and_electrode(d: Draw) -> Case:
    """The bulk above the window, a grain-boundary arc, and an electrode that passes direct current."""
    f, g = d.sweep(1e6, 0.01), d.geometry()
    r, c = d.bulk(g, 1e6 * d.log(2, 50))
    boundary = r * d.log(0.3, 3)
    z = arc(f, r, c) + arc(f, boundary, 1 / (2 * np.pi * boundary * d.log(1e4, 3e5)), d.flat(0.8, 1.0))
    return Case(f, d.noise(z + d.electrode(f, g, r * d.log(0.3, 3))), truth_of(g, r, boundary), g)


def _gigaohm(d: Draw) -> Case:
    """1e8 to 1e10 ohm and a constant floor of noise: Re Z is negative at some frequencies."""
    f, g = d.sweep(1e6, 0.01), d.geometry()
    r, c = d.log(1e8, 1e10), d.log(5, 100) * VACUUM / g.constant
    z = arc(f, r, c, d.flat(0.9, 1.0))
    sd = np.hypot(d.log(2e-3, 2e-2) * np.abs(z), 1e-3 * r / (1 + f / 0.1))
    z = z + sd * (d.random.standard_normal(f.size) + 1j * d.random.standard_normal(f.size))
    return Case(f, z, truth_of(g, r), g)


def _milliohm(d: Draw) -> Case:
    """A battery: milliohms, leads of 20 to 500 nH, two arcs of farads, diffusion; no geometry."""
    f = d.sweep(1e4, 0.01)
    r = d.log(2e-3, 5e-2)
    z = r + jw(f) * d.log(2e-8, 5e-7) * r / 0.02
    for low, high in ((0.05, 0.5), (1.0, 10.0)):
        z = z + arc(f, r * d.log(0.2, 2), d.log(low, high) * 0.02 / r, d.flat(0.75, 1.0))
    z = z + r * d.log(0.03, 0.3) / np.sqrt(jw(f))
    return Case(f, d.noise(z, floor=False), {"total_resistance": r})


def _long_leads(d: Draw) -> Case:
    f, g = d.sweep(1e6, 1.0), d.geometry()
    r = d.log(2, 30)
    z = r + d.blocking(f, g) + jw(f) * d.log(2e-6, 2e-5)
    return Case(f, d.noise(z), truth_of(g, r), g)


def _lossy_leads(d: Draw) -> Case:
    """Leads with a skin effect: (jw)^0.9 instead of jw."""
    f, g = d.sweep(7e6, 1.0), d.geometry()
    r = d.log(5, 100)
    z = r + d.blocking(f, g) + jw(f) ** d.flat(0.85, 0.95) * d.log(1e-7, 1e-6) * 4
    return Case(f, d.noise(z), truth_of(g, r), g)


def _stray(d: Draw) -> Case:
    """Cables in parallel to the whole cell: 5 to 50 pF."""
    case = _plain(d, noise=1e-9)
    z = 1 / (1 / case.impedance + jw(case.frequency) * d.log(5e-12, 5e-11))
    return replace(case, impedance=d.noise(z, floor=False))


def _sparse(d: Draw) -> Case:
    return _plain(d, d.sweep(density=d.one(3, 4, 5)))


def _few(d: Draw) -> Case:
    f = np.geomspace(1e6, 10.0, int(d.random.integers(7, 12)))
    return _plain(d, f)


def _wide_sweep(d: Draw) -> Case:
    f, g = d.sweep(7e6, 1e-4, 8), d.geometry()
    r, c = d.bulk(g, d.log(1e3, 1e6))
    z = (
        arc(f, r, c, d.flat(0.85, 1.0))
        + d.electrode(f, g, r * d.log(0.2, 3))
        + finite_warburg(f, r * d.log(0.2, 3), d.log(10, 1e3))
    )
    return Case(f, d.noise(z), truth_of(g, r), g)


# Changes during the sweep -----------------------------------------------------------------------------------------------


def _changing(course: Callable[[Draw, Array], Array]) -> Make:
    """The resistance follows `course` of the time since the start (0 to 1)."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=d.one(0.1, 0.01)), d.geometry()
        r, c = d.bulk(g, d.log(max(100 * f.min(), 100.0), 0.1 * f.max()))
        time = np.cumsum(np.maximum(0.5, 2 / f))
        factor = course(d, time / time[-1])
        z = arc(f, r * factor, c, d.flat(0.85, 1.0)) + d.blocking(f, g)
        return _range(Case(f, d.noise(z), truth_of(g, r), g), float(factor.min()), float(factor.max()))

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
    return _range(Case(np.concatenate([f, f[::-1]]), d.noise(z), truth_of(g, r), g), 1.0, second)


def variants() -> dict[str, Make]:
    """Return name -> function of a `Draw`."""
    made: dict[str, Make] = {
        "two outliers": _spoiled(_two_outliers),
        "overload 9.9e37": _spoiled(_overload),
        "outlier at an end": _spoiled(_at_the_ends),
        "decade slip, sign": _spoiled(_decade_slip),
        "block of points off": _spoiled(_block),
        "step of the range": _spoiled(_range_step),
        "mains 50 Hz": _spoiled(_mains),
        "correlated noise": _spoiled(_correlated),
        "noise rising to low f": _spoiled(_red),
        "delay of instrument": _spoiled(_delay),
        "Cole-Davidson": _electrolyte(_davidson),
        "asymmetric, slow side": _electrolyte(_slow_side),
        "graded pellet": _electrolyte(_layers),
        "log-normal, wide": _electrolyte(_wide),
        "two asymmetric arcs": two_asymmetric,
        "film of nF blocks": _behind(_film_of_nf),
        "electrode 0.5-5 uF, no geometry": _behind(_microfarad, stated=False),
        "electrode 0.5-5 uF": _behind(_microfarad),
        "reflective diffusion": _behind(_reflecting, low=0.01),
        "Gerischer electrode": _behind(_gerischer, low=0.01),
        "porous electrode": _behind(_porous, low=0.01),
        "two electrode arcs": _behind(_two_electrodes, low=0.01),
        "negative relaxation": _series_loop,
        "loop half seen": _fast_loop,
        "ideal arc not closed": _ideal_not_closed,
        "second arc not closed": _second_not_closed,
        "low frequencies only": _low_only,
        "bulk above, electrode arc": _above_and_electrode,
        "gigaohm": _gigaohm,
        "milliohm": _milliohm,
        "long leads": _long_leads,
        "lossy leads": _lossy_leads,
        "stray capacitance": _stray,
        "3-5 points a decade": _sparse,
        "7-11 points": _few,
        "7 MHz to 0.1 mHz": _wide_sweep,
        "wave of R": _changing(_wave),
        "settling of R": _changing(_settling),
        "jump of R": _changing(_jump),
        "down, then up": _down_then_up,
        "arcs 1.5-5 apart": two_arcs((1.5, 5), (0.3, 3)),
        "small grain boundary": two_arcs((30, 300), (0.03, 0.2)),
        "small bulk": two_arcs((30, 1000), (10, 100)),
        "thin boundaries": two_arcs((1e3, 3e4), (0.2, 3)),
        "permittivity 100-1000": two_arcs((10, 300), (0.3, 3), (100.0, 1000.0)),
        "three arcs": three_arcs,
        "wrong circuit given": wrong_circuit,
    }
    for circuit in ("R-(C|(R-W))", "L-R-(Q|(R-Wo))", "R-(Q|(R-(R|Q)))", "(R|Q)-(R|Q)-(Q|(R-W))", "(R|L)-(R|Q)-Q"):
        made[f"given {circuit}"] = given(circuit)
    return {f"variant: {name}": make for name, make in made.items()}
