"""Variants of the scenarios: the same kinds of fault by other shapes, sizes and places; all are ill posed in some way.

None of them may be used to tune an analysis: they are there to find what a bar that was met hides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.stress_ceramics import three_arcs, two_arcs, two_asymmetric
from benchmarks.stress_circuits import given, wrong_circuit
from benchmarks.stress_readings import moving, plain, readings
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
    reflective,
    truth_of,
)  # fmt: skip

__all__ = ["variants"]

Make = Callable[[Draw], Case]


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
    return arc(f, r * d.log(0.1, 5), d.log(1e-6, 1e-5), d.flat(0.8, 1.0)) + 0 * area


def _reflecting(d: Draw, f: Array, _: Array, r: float) -> Array:
    return reflective(f, r * d.log(0.1, 2), d.log(1, 100))


def _gerischer(d: Draw, f: Array, _: Array, r: float) -> Array:
    return r * d.log(0.2, 3) / np.sqrt(1 + jw(f) * d.log(0.1, 30))


def _porous(d: Draw, f: Array, area: Array, r: float) -> Array:
    """A blocking porous electrode (de Levie)."""
    pore, c = r * d.log(0.1, 1), d.log(0.1, 1) * float(area[0])
    return reflective(f, pore, pore * c)


def _slow_electrode(d: Draw, f: Array, area: Array, r: float) -> Array:
    """An electrode arc with its peak at 0.01 to 3 times the lowest frequency."""
    c = d.log(1e-2, 0.2) * float(area[0])
    return arc(f, 1 / (2 * np.pi * c * f.min() * d.log(0.01, 3)), c, d.flat(0.75, 1.0)) + 0 * r


def _two_electrodes(d: Draw, f: Array, area: Array, r: float) -> Array:
    """Two unlike electrodes: two arcs of 1 to 50 uF/cm2."""
    first = arc(f, r * d.log(0.2, 3), d.log(1e-2, 0.5) * float(area[0]), d.flat(0.8, 1.0))
    return first + arc(f, r * d.log(0.2, 3), d.log(1e-2, 0.5) * float(area[0]), d.flat(0.8, 1.0))


def _series_loop(d: Draw) -> Case:
    """A negative relaxation in series; the electrolyte's resistance is taken with it or without."""
    case = plain(d, d.sweep(low=0.01))
    r = float(case.truth["total_resistance"])
    negative = r * d.log(0.05, 0.4)
    z = case.impedance - negative / (1 + jw(case.frequency) * d.log(1, 10))
    return moving(replace(case, impedance=z), 1 - negative / r, 1.0)


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
    f, g = d.sweep(1e6, d.one(10.0, 100.0)), d.geometry()
    r, c = d.bulk(g, d.log(1e4, 2e5))
    more = d.log(20, 200)
    boundary = 1 / (2 * np.pi * more * c * f.min() * d.log(0.2, 2))
    z = arc(f, r, c, d.flat(0.9, 1.0)) + arc(f, boundary, more * c, d.flat(0.8, 1.0))
    return Case(f, d.noise(z), truth_of(g, r, boundary), g)


def _low_only(d: Draw) -> Case:
    """The bulk is far above the window, and the grain-boundary arc has its peak near the highest frequency."""
    g = d.geometry()
    r, c = d.bulk(g, d.log(1e6, 3e7))
    boundary, more = r * d.log(0.3, 3), d.log(100, 1000)
    f = d.sweep(max(200.0, d.log(0.3, 10) / (2 * np.pi * boundary * more * c)), 0.1)
    z = arc(f, r, c) + arc(f, boundary, more * c, d.flat(0.8, 1.0))
    return Case(f, d.noise(z + d.blocking(f, g)), truth_of(g, r, boundary), g)


def _above_and_electrode(d: Draw) -> Case:
    """The bulk above the window, a grain-boundary arc, and an electrode that passes direct current."""
    f, g = d.sweep(1e6, 0.01), d.geometry()
    r, c = d.bulk(g, 1e6 * d.log(2, 50))
    boundary = r * d.log(0.3, 3)
    z = arc(f, r, c) + arc(f, boundary, d.boundary((r, c), boundary, 3e5), d.flat(0.8, 1.0))
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
    case = plain(d, noise=1e-9)
    z = 1 / (1 / case.impedance + jw(case.frequency) * d.log(5e-12, 5e-11))
    return replace(case, impedance=d.noise(z, floor=False))


def _sparse(d: Draw) -> Case:
    return plain(d, d.sweep(density=d.one(3, 4, 5)))


def _few(d: Draw) -> Case:
    f = np.geomspace(1e6, 10.0, int(d.random.integers(7, 12)))
    return plain(d, f)


def _wide_sweep(d: Draw) -> Case:
    f, g = d.sweep(7e6, 1e-4, 8), d.geometry()
    r, c = d.bulk(g, d.log(1e3, 1e6))
    z = (
        arc(f, r, c, d.flat(0.85, 1.0))
        + d.electrode(f, g, r * d.log(0.2, 3))
        + finite_warburg(f, r * d.log(0.2, 3), d.log(10, 1e3))
    )
    return Case(f, d.noise(z), truth_of(g, r), g)


def variants() -> dict[str, Make]:
    """Return name -> function of a `Draw`."""
    made = readings() | {
        "Cole-Davidson": _electrolyte(_davidson),
        "asymmetric, slow side": _electrolyte(_slow_side),
        "graded pellet": _electrolyte(_layers),
        "log-normal, wide": _electrolyte(_wide),
        "two asymmetric arcs": two_asymmetric,
        "film of nF blocks": _behind(_film_of_nf),
        "electrode 1-10 uF, no geometry": _behind(_microfarad, stated=False),
        "electrode 1-10 uF": _behind(_microfarad),
        "reflective diffusion": _behind(_reflecting, low=0.01),
        "Gerischer electrode": _behind(_gerischer, low=0.01),
        "porous electrode": _behind(_porous, low=0.01),
        "electrode arc not closed": _behind(_slow_electrode),
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
        "arcs 1.5-5 apart": two_arcs((1.5, 5), (0.3, 3)),
        "small grain boundary": two_arcs((5, 100), (0.03, 0.2)),
        "small bulk": two_arcs((300, 3000), (10, 100)),
        "thin boundaries": two_arcs((300, 3000), (1, 5)),
        "permittivity 100-1000": two_arcs((10, 60), (0.3, 3), (100.0, 1000.0)),
        "three arcs": three_arcs,
        "wrong circuit given": wrong_circuit,
    }
    for circuit in ("R-(C|(R-W))", "L-R-(Q|(R-Wo))", "R-(Q|(R-(R|Q)))", "(R|Q)-(R|Q)-(Q|(R-W))", "(R|L)-(R|Q)-Q"):
        made[f"given {circuit}"] = given(circuit)
    return {f"variant: {name}": make for name, make in made.items()}
