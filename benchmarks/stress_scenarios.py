"""Scenarios of synthetic impedance spectra with a known truth: well-posed ones, and those that hide what they are asked for.

Each is a function of a seed; the sizes are drawn over the ranges that pellets, electrodes and instruments have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.stress_ceramics import ceramic, ceramic_series, series_scenarios
from benchmarks.stress_circuits import randles, shunted_inductor
from benchmarks.stress_spectra import (
    VACUUM,
    Case,
    Draw,
    arc,
    finite_warburg,
    jw,
    leads,
    log_normal,
    loop,
    pellet,
    truth_of,
)
from benchmarks.stress_variants import variants

__all__ = ["ceramic", "ceramic_series", "scenarios", "series_scenarios"]

Array = np.ndarray

# Well posed -------------------------------------------------------------------------------------------------------------


def _one_arc(**how: Any) -> Callable[[Draw], Case]:
    """A bulk arc and an electrode: window, density, noise, exponents and electrode as stated, else drawn."""

    def make(d: Draw) -> Case:
        f = d.sweep(how.get("top"), how.get("low"), how.get("density"))
        g, r, z = pellet(d, f, n=how.get("n") or d.flat(0.85, 1.0), tail=how.get("tail", "blocking"))
        z = d.noise(z + (leads(d, f) if how.get("lead") else 0.0), how.get("noise"), how.get("floor"))
        order = d.random.permutation(f.size) if how.get("shuffled") else np.arange(f.size)[:: how.get("step", 1)]
        known = g if how.get("geometry", True) else None
        return Case(f[order], z[order], truth_of(known, r), known)

    return make


def _spike(
    top: float, n: tuple[float, float] = (0.7, 0.95), r: tuple[float, float] = (10.0, 1e3)
) -> Callable[[Draw], Case]:
    """A pellet whose bulk arc lies far above the window: leads, resistance, blocking electrode."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(top, d.one(1.0, 0.1)), d.geometry()
        resistance = d.log(*r)
        c = min(d.log(5, 100) * VACUUM / g.constant, 1 / (2 * np.pi * 5 * top * resistance))
        z = arc(f, resistance, c) + d.blocking(f, g, d.flat(*n), most=resistance) + leads(d, f)
        return Case(f, d.noise(z), truth_of(g, resistance), g)

    return make


def _two_arcs(tail: str) -> Callable[[Draw], Case]:
    """Bulk and grain boundary at least a factor of 50 apart in frequency, resistances within a factor of 5."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=0.1), d.geometry()
        r, c = d.bulk(g, d.log(3e4, 3e5))
        more = d.log(30, 300)
        ratio = max(d.log(0.2, 5), 50 / more)
        z = arc(f, r, c, d.flat(0.9, 1.0)) + arc(f, r * ratio, c * more, d.flat(0.85, 1.0))
        z = z + (d.blocking(f, g) if tail == "blocking" else d.electrode(f, g, r * d.log(0.3, 3)))
        return Case(f, d.noise(z), truth_of(g, r, r * ratio), g)

    return make


def _dummy(series: bool, exponent: bool) -> Callable[[Draw], Case]:
    """Resistor and capacitor (or CPE) in parallel, with or without a resistor in series; no geometry."""

    def make(d: Draw) -> Case:
        f = d.sweep(1e6, 0.1)
        r = d.log(100, 1e6)
        c = 1 / (2 * np.pi * r * d.log(1e3, 1e5))
        first = r * d.log(0.05, 0.5) if series else 0.0
        z = first + arc(f, r, c, d.flat(0.8, 1.0) if exponent else 1.0)
        return Case(f, d.noise(z), {"total_resistance": r + first})

    return make


def _liquid(tail: str) -> Callable[[Draw], Case]:
    """A resistance without any dispersion (conducting electrolyte) and an electrode."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(1e5, d.one(0.1, 0.01)), d.geometry()
        r = d.log(30, 1e3)
        end = (
            d.electrode(f, g, r * d.log(0.5, 5))
            if tail == "electrode"
            else r * d.log(1, 30) / np.sqrt(jw(f) / (2 * np.pi))
        )
        return Case(f, d.noise(r + end), truth_of(g, r), g)

    return make


def _well_posed() -> dict[str, Callable[[Draw], Case]]:
    return {
        "arc, blocking": _one_arc(),
        "ideal arc, blocking": _one_arc(n=1.0),
        "arc n 0.8": _one_arc(n=0.8),
        "arc, 6 points a decade": _one_arc(density=6),
        "arc, 12 points a decade": _one_arc(density=12),
        "arc, noise 0.1 %": _one_arc(noise=1e-3, floor=False),
        "arc, noise 1 %": _one_arc(noise=1e-2, floor=False),
        "arc, 7 MHz": _one_arc(top=7e6),
        "arc, 100 kHz to 10 mHz": _one_arc(top=1e5, low=0.01),
        "arc, 1 Hz": _one_arc(low=1.0),
        "arc, floor of noise": _one_arc(floor=True),
        "arc, shuffled rows": _one_arc(shuffled=True),
        "arc, rising sweep": _one_arc(step=-1),
        "arc, leads": _one_arc(lead=True),
        "arc, electrode arc": _one_arc(tail="electrode"),
        "ideal arc, electrode arc": _one_arc(n=1.0, tail="electrode"),
        "arc, no geometry": _one_arc(geometry=False),
        "arc, electrode arc, 12 a decade": _one_arc(tail="electrode", density=12),
        "spike 1 MHz": _spike(1e6),
        "spike 7 MHz": _spike(7e6),
        "spike 100 kHz": _spike(1e5),
        "spike n 0.75": _spike(1e6, (0.74, 0.76)),
        "spike 10-30 ohm": _spike(1e6, r=(10.0, 30.0)),
        "two arcs, blocking": _two_arcs("blocking"),
        "two arcs, electrode arc": _two_arcs("electrode"),
        "dummy R|C": _dummy(series=False, exponent=False),
        "dummy R-(R|C)": _dummy(series=True, exponent=False),
        "dummy R-(R|Q)": _dummy(series=True, exponent=True),
        "resistance, electrode arc": _liquid("electrode"),
        "resistance, Warburg": _liquid("warburg"),
    }


# Ill posed --------------------------------------------------------------------------------------------------------------


def _bulk_above(d: Draw) -> Case:
    f, g = d.sweep(1e6, 0.1), d.geometry()
    r, c = d.bulk(g, 1e6 * d.log(2, 100))
    ratio = d.log(0.2, 3)
    boundary = arc(f, ratio * r, d.boundary((r, c), ratio * r, 3e5), d.flat(0.8, 1.0))
    z = arc(f, r, c, d.flat(0.95, 1.0)) + boundary + d.blocking(f, g) + leads(d, f)
    return Case(f, d.noise(z), truth_of(g, r, ratio * r), g)


def _not_closed(factor: float) -> Callable[[Draw], Case]:
    def make(d: Draw) -> Case:
        low = d.one(1.0, 10.0, 100.0)
        f = d.sweep(1e6, low)
        g, r, z = pellet(d, f, n=d.one(1.0, d.flat(0.8, 1.0)), tail="blocking", peak=low / factor)
        return Case(f, d.noise(z), truth_of(g, r), g)

    return make


def _outlier(d: Draw) -> Case:
    case = _one_arc(tail=d.one("blocking", "electrode"))(d)
    z, k = case.impedance.copy(), int(d.random.integers(case.frequency.size))
    z[k] *= 1 + d.one(-1, 1) * d.flat(0.1, 0.5)
    return replace(case, impedance=z)


def _shape(kind: str) -> Callable[[Draw], Case]:
    """One electrolyte arc of another shape than a ZARC."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(), d.geometry()
        r, c = d.bulk(g, d.log(max(1e3 * f.min(), 1e3), 0.05 * f.max()))
        if kind == "havriliak":
            z = arc(f, r, c, d.flat(0.75, 1.0), b=d.flat(0.5, 0.85))
        else:
            z = log_normal(f, r, c, d.flat(0.5, 2.0))
        end = d.blocking(f, g) if d.random.random() < 0.7 else d.electrode(f, g, r * d.log(0.2, 3))
        return Case(f, d.noise(z + end), truth_of(g, r), g)

    return make


def _drift(size: float) -> Callable[[Draw], Case]:
    """The resistance changes in proportion to the time since the start; a point takes 2 periods, or half a second."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=d.one(0.1, 0.01)), d.geometry()
        r, c = d.bulk(g, d.log(max(100 * f.min(), 100.0), 0.1 * f.max()))
        time = np.cumsum(np.maximum(0.5, 2 / f))
        ending = 1 + d.one(-1, 1) * size
        z = arc(f, r * (1 + (ending - 1) * time / time[-1]), c, d.flat(0.85, 1.0)) + d.blocking(f, g)
        low, high = sorted((1.0, ending))
        truth: dict[str, float | tuple[float, float]] = {
            k: (v * low, v * high) for k, v in truth_of(None, r).items() if isinstance(v, float) and v
        }
        truth |= {"grain_boundary_resistance": 0.0, "ionic_conductivity": (g.constant / r / high, g.constant / r / low)}
        return Case(f, d.noise(z), truth, g)

    return make


def _finite_warburg(d: Draw) -> Case:
    f = d.sweep(low=d.one(0.1, 0.01))
    g = d.geometry()
    r, c = d.bulk(g, d.log(max(1e3 * f.min(), 300.0), 0.2 * f.max()))
    z = arc(f, r, c, d.flat(0.85, 1.0)) + finite_warburg(f, r * d.log(0.1, 5), d.log(0.3, 300))
    return Case(f, d.noise(z), truth_of(g, r), g)


def _loop(d: Draw) -> Case:
    f, g = d.sweep(low=0.01), d.geometry()
    r, c = d.bulk(g, d.log(1e4, 0.2 * f.max()))
    r_ct = r * d.log(0.2, 3)
    z = arc(f, r, c, d.flat(0.85, 1.0)) + loop(
        f, (r_ct, d.log(1e-2, 0.2) * g.area), (r_ct * d.log(0.5, 5), d.log(1, 30))
    )
    return Case(f, d.noise(z), truth_of(g, r), g)


def _truncated(d: Draw) -> Case:
    f = d.sweep(low=0.1)
    peak = d.log(30, 0.1 * f.max())
    g, r, z = pellet(d, f, n=d.flat(0.8, 1.0), tail="blocking", peak=peak)
    used = f >= peak * d.log(0.1, 3)
    used[:8] = True
    return Case(f[used], d.noise(z)[used], truth_of(g, r), g)


# All -------------------------------------------------------------------------------------------------------------------


def _seeded(name: str, make: Callable[[Draw], Case]) -> Callable[[int], Case]:
    return lambda seed: make(Draw(name, seed))


def _on_top(faults: list[Callable[[Draw], Case]]) -> dict[str, Callable[[Draw], Case]]:
    """One of the faults, and another thing on top of it."""

    def outlier(d: Draw) -> Case:
        case = d.one(*faults)(d)
        z, k = case.impedance.copy(), int(d.random.integers(case.frequency.size))
        z[k] *= 1 + d.one(-1, 1) * d.flat(0.1, 0.5)
        return replace(case, impedance=z)

    def shuffled(d: Draw) -> Case:
        case = d.one(*faults)(d)
        order = d.random.permutation(case.frequency.size)
        return replace(case, frequency=case.frequency[order], impedance=case.impedance[order])

    def unstated(d: Draw) -> Case:
        case = d.one(*faults)(d)
        truth = {name: value for name, value in case.truth.items() if name != "ionic_conductivity"}
        return replace(case, geometry=None, truth=truth)

    return {"fault and outlier": outlier, "fault, shuffled rows": shuffled, "fault, no geometry": unstated}


def scenarios() -> dict[str, Callable[[int], Case]]:
    """Return name -> function of a seed; names of well-posed ones begin with 'ok: ', of variants with 'variant: '."""
    stress: dict[str, Callable[[Draw], Case]] = {
        "bulk above the window": _bulk_above,
        "not closed, 1 times": _not_closed(1.0),
        "not closed, 3 times": _not_closed(3.0),
        "not closed, 10 times": _not_closed(10.0),
        "outlier 10-50 %": _outlier,
        "Havriliak-Negami": _shape("havriliak"),
        "log-normal tau": _shape("log-normal"),
        "drift 3 %": _drift(0.03),
        "drift 10 %": _drift(0.10),
        "finite Warburg": _finite_warburg,
        "inductive loop": _loop,
        "truncated sweep": _truncated,
        "Randles, circuit given": randles,
        "(R|L), circuit given": shunted_inductor,
    }
    made = {f"ok: {name}": make for name, make in _well_posed().items()} | stress | variants()
    made |= {f"variant: {name}": make for name, make in _on_top([*stress.values(), *variants().values()]).items()}
    return {name: _seeded(name, make) for name, make in made.items()} | {"ceramic": ceramic}
