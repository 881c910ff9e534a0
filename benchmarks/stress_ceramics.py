"""Ceramics with two arcs, single spectra and temperature series, and what theory lets one know of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.stress_spectra import (
    VACUUM,
    Array,
    Case,
    Draw,
    Geometry,
    arc,
    cpe,
    truth_of,
)

__all__ = ["ceramic", "ceramic_series", "series_scenarios", "three_arcs", "two_arcs", "two_asymmetric"]

BOLTZMANN = 8.617333262e-5  # eV/K


def _ceramic_model(f: Array, theta: Array) -> Array:
    """Bulk (ln R, ln C, n), grain boundary (ln R, ln C, n), blocking electrode (ln Q, n)."""
    rb, cb, nb, rg, cg, ng, q, n = theta
    return arc(f, np.exp(rb), np.exp(cb), nb) + arc(f, np.exp(rg), np.exp(cg), ng) + cpe(f, np.exp(q), n)


def _known(f: Array, theta: Array, noise: float) -> tuple[str, ...]:
    """Return which of the two resistances theory lets one know.

    Both peaks lie inside the window, and the Cramer-Rao bound of the true model, from its Fisher matrix under the relative
    noise, is below 10 % for each resistance.
    """
    z = _ceramic_model(f, theta)
    rows = []
    for k in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[k], down[k] = up[k] + 1e-5, down[k] - 1e-5
        slope = (_ceramic_model(f, up) - _ceramic_model(f, down)) / 2e-5 / (noise * np.abs(z))
        rows.append(np.concatenate([slope.real, slope.imag]))
    jacobian = np.array(rows)
    bound = np.sqrt(np.diag(np.linalg.pinv(jacobian @ jacobian.T)))
    inside = [f.min() < 1 / (2 * np.pi * np.exp(theta[k] + theta[k + 1])) < f.max() for k in (0, 3)]
    if not all(inside) or max(bound[0], bound[3]) > 0.1:
        return ()
    return ("bulk_resistance", "grain_boundary_resistance")


_Twin = tuple[Geometry, Mapping[str, float]]


def _twin(d: Draw) -> _Twin:
    """Sizes of a ceramic at 300 K: relative permittivity 5-100, grain boundary 5e-12 to 5e-10 F/cm, at least 2 C_b."""
    g = d.geometry()
    c = d.log(5, 100) * VACUUM / g.constant
    c_gb = max(d.log(5e-10, 5e-8) / g.constant, 2 * c)
    sizes = {"c": c, "c_gb": c_gb, "n": d.flat(0.9, 1.0), "n_gb": d.flat(0.8, 1.0)}
    sizes |= {"q": d.log(3e-3, 0.1) * g.area, "n_q": d.flat(0.7, 0.95)}
    return g, sizes | {"ratio": d.log(0.2, 10), "peak": d.log(3e3, 1e6), "noise": d.log(1e-3, 1e-2)}


def _ceramic_case(d: Draw, f: Array, twin: _Twin, resistances: tuple[float, float]) -> Case:
    (g, p), (r, r_gb) = twin, resistances
    theta = np.array(
        [np.log(r), np.log(p["c"]), p["n"], np.log(r_gb), np.log(p["c_gb"]), p["n_gb"], np.log(p["q"]), p["n_q"]]
    )
    z = d.noise(_ceramic_model(f, theta), p["noise"], floor=False)
    return Case(f, z, truth_of(g, r, r_gb), g, known=_known(f, theta, p["noise"]))


def ceramic(seed: int) -> Case:
    """One spectrum of a ceramic with two arcs."""
    d = Draw("ceramic", seed)
    f, (g, p) = d.sweep(d.one(1e6, 7e6), d.one(1.0, 0.1)), _twin(d)
    r = 1 / (2 * np.pi * p["peak"] * p["c"])
    return _ceramic_case(d, f, (g, p), (r, r * p["ratio"]))


def ceramic_series(seed: int) -> list[Case]:
    """The same pellet at 6 to 8 temperatures; bulk and grain boundary follow Arrhenius laws of their own."""
    return _series(Draw("ceramic series", seed))


def _series(d: Draw, *, bend: float = 1.0, peak: float | None = None) -> list[Case]:
    """A temperature series; `bend` multiplies both resistances above the middle (a transition), `peak` [Hz] is there."""
    f, (g, p) = d.sweep(d.one(1e6, 7e6), d.one(1.0, 0.1)), _twin(d)
    at_middle = 1 / (2 * np.pi * (peak or p["peak"]) * p["c"])
    energy, energy_gb = d.flat(0.2, 0.6), d.flat(0.25, 0.9)
    start, step, count = d.flat(240.0, 300.0), d.flat(8.0, 20.0), int(d.random.integers(6, 9))
    middle = start + step * count / 2
    cases = []
    for t in start + step * np.arange(count):
        x, more = (1 / t - 1 / middle) / BOLTZMANN, bend if t > middle else 1.0
        r = more * t / middle * np.exp(energy * x) * at_middle
        r_gb = more * t / middle * np.exp(energy_gb * x) * p["ratio"] * at_middle
        cases.append(replace(_ceramic_case(d, f, (g, p), (r, r_gb)), temperature=float(t)))
    return cases


def _transition_series(seed: int) -> list[Case]:
    """Both resistances drop by 3 to 30 times at a transition in the middle."""
    d = Draw("transition", seed)
    return _series(d, bend=1 / d.log(3, 30))


def _leaving_series(seed: int) -> list[Case]:
    """The bulk arc leaves the window in the middle of the series; beyond it only the total can be known."""
    d = Draw("leaving", seed)
    return _series(d, peak=d.log(1e6, 1e7))


def _mislabelled_series(seed: int) -> list[Case]:
    """Two temperatures are exchanged, the rows and the members are shuffled."""
    d = Draw("mislabelled", seed)
    cases = _series(d)
    i, k = d.random.choice(len(cases), 2, replace=False)
    ti, tk = cases[i].temperature, cases[k].temperature
    cases[i], cases[k] = replace(cases[i], temperature=tk), replace(cases[k], temperature=ti)
    shuffled = [cases[j] for j in d.random.permutation(len(cases))]
    order = d.random.permutation(cases[0].frequency.size)
    return [replace(c, frequency=c.frequency[order], impedance=c.impedance[order]) for c in shuffled]


def _outlying_series(seed: int) -> list[Case]:
    """One spectrum of the series has an outlier of 10 to 50 %, another a dead contact (all of Z times 2 to 5)."""
    d = Draw("outlying", seed)
    cases = _series(d)
    i, k = d.random.choice(len(cases), 2, replace=False)
    z = cases[i].impedance.copy()
    z[int(d.random.integers(z.size))] *= 1 + d.one(-1, 1) * d.flat(0.1, 0.5)
    times = d.log(2, 5)
    truth = {n: v / times if "conductivity" in n else v * times for n, v in cases[k].truth.items()}
    cases[i] = replace(cases[i], impedance=z)
    cases[k] = replace(cases[k], impedance=cases[k].impedance * times, truth=truth)
    return cases


def series_scenarios() -> dict[str, Callable[[int], list[Case]]]:
    """Return name -> function of a seed, each a temperature series of one pellet."""
    return {
        "ceramic series": ceramic_series,
        "variant: series with a transition": _transition_series,
        "variant: series, arc leaves": _leaving_series,
        "variant: series, mislabelled": _mislabelled_series,
        "variant: series, outlying": _outlying_series,
    }


# Variants -----------------------------------------------------------------------------------------------------------------


def two_arcs(
    apart: tuple[float, float], ratio: tuple[float, float], eps: tuple[float, float] = (5.0, 100.0)
) -> Callable[[Draw], Case]:
    """Bulk and grain boundary: time constants `apart`, resistances by `ratio`, relative permittivity of the bulk."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(low=0.1), d.geometry()
        c = d.log(*eps) * VACUUM / g.constant
        r = 1 / (2 * np.pi * c * d.log(3e3, 3e5))
        share = d.log(*ratio)
        boundary = arc(f, r * share, c * d.log(*apart) / share, d.flat(0.8, 1.0))
        z = arc(f, r, c, d.flat(0.9, 1.0)) + boundary + d.blocking(f, g)
        return Case(f, d.noise(z), truth_of(g, r, r * share), g)

    return make


def three_arcs(d: Draw) -> Case:
    """Bulk, grain boundary, and a contact of 0.3 to 3 nF/cm that may count as grain boundary or not."""
    f, g = d.sweep(low=0.1), d.geometry()
    r, c = d.bulk(g, d.log(3e4, 3e5))
    boundary, contact = r * d.log(0.3, 3), r * d.log(0.2, 1)
    z = arc(f, r, c, d.flat(0.9, 1.0)) + arc(f, boundary, 40 * c, d.flat(0.85, 1.0))
    z = z + arc(f, contact, d.log(3e-8, 3e-7) / g.constant, d.flat(0.85, 1.0)) + d.blocking(f, g)
    truth = truth_of(g, r, boundary) | {
        "total_resistance": (r + boundary, r + boundary + contact),
        "ionic_conductivity": (g.constant / (r + boundary + contact), g.constant / (r + boundary)),
        "grain_boundary_resistance": (boundary, boundary + contact),
    }
    return Case(f, d.noise(z), truth, g)


def two_asymmetric(d: Draw) -> Case:
    f, g = d.sweep(low=0.1), d.geometry()
    r, c = d.bulk(g, d.log(1e4, 3e5))
    ratio = d.log(0.3, 3)
    boundary = arc(f, ratio * r, c * d.log(50, 500) / ratio, d.flat(0.8, 1.0), b=d.flat(0.6, 0.9))
    z = arc(f, r, c, d.flat(0.85, 1.0), b=d.flat(0.6, 0.9)) + boundary + d.blocking(f, g)
    return Case(f, d.noise(z), truth_of(g, r, ratio * r), g)
