"""Spectra that come with the circuit of the user: nested, with an inductor, and one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.stress_ceramics import two_arcs
from benchmarks.stress_spectra import (
    Array,
    Case,
    Draw,
    arc,
    cpe,
    finite_warburg,
    jw,
    leads,
    reflective,
    truth_of,
)

__all__ = ["given", "randles", "shunted_inductor", "wrong_circuit"]


def randles(d: Draw) -> Case:
    """The user's circuit is nested and right; the electrolyte is the resistor in series, or the arc of pF in front."""
    f, g = d.sweep(1e6, 0.01), d.geometry()
    r = d.log(10, 1e3)
    r_ct = r * d.log(0.3, 5)
    w = r_ct * d.log(0.1, 2)
    c, n, kind = d.log(1e-2, 0.2) * g.area, d.flat(0.8, 1.0), d.one("W", "Ws", "arc")
    diffusion = finite_warburg(f, w, d.log(1, 100)) if kind == "Ws" else w / np.sqrt(jw(f))
    q = c**n * r_ct ** (n - 1)
    front = np.full(f.size, r, complex)
    if kind == "arc":
        r, c_bulk = d.bulk(g, d.log(1e4, 1e5))
        r_ct, w = r_ct + r, w + r
        front = arc(f, r, c_bulk, d.flat(0.9, 1.0))
        diffusion = w / np.sqrt(jw(f))
    z = front + 1 / (1 / cpe(f, q, n) + 1 / (r_ct + diffusion))
    circuit = {"W": "R-(Q|(R-W))", "Ws": "R-(Q|(R-Ws))", "arc": "(R|Q)-(Q|(R-W))"}[kind]
    return Case(f, d.noise(z, floor=False), truth_of(g, r), g, {"circuit": circuit})


def shunted_inductor(d: Draw) -> Case:
    """(R|L) at high frequency, then a series resistance, an electrode arc and a tail; the user's circuit is right."""
    f, g = d.sweep(1e5, 0.1), d.geometry()
    r = d.log(0.5, 30)
    shunt, lead = r * d.log(0.2, 2), d.log(3e-7, 3e-6)
    lead = max(lead, shunt / (2 * np.pi * 3e4))
    passing = r * d.log(0.3, 5)
    c = 1 / (2 * np.pi * passing * d.log(10, 1e3))
    z = r + 1 / (1 / shunt + 1 / (jw(f) * lead)) + arc(f, passing, c, d.flat(0.8, 1.0))
    z = z + cpe(f, d.log(30, 300) * c, d.flat(0.5, 0.8))
    return Case(f, d.noise(z, d.log(1e-3, 3e-3), floor=False), truth_of(g, r), g, {"circuit": "(R|L)-R-(R|Q)-Q"})


def given(circuit: str) -> Callable[[Draw], Case]:
    """The user's circuit is right; R or (R|Q) at the front is the electrolyte, the rest an electrode of 1 to 20 uF/cm2."""

    def make(d: Draw) -> Case:
        f, g = d.sweep(1e6, 0.01), d.geometry()
        r, r_ct, c, n = d.log(10, 1e3), 0.0, d.log(1e-2, 0.2) * g.area, d.flat(0.8, 0.95)
        front: Array | float = r
        if "(R|Q)-(R|Q)-" in circuit:
            r, c_bulk = d.bulk(g, d.log(1e4, 1e5))
            front = arc(f, r, c_bulk, 0.95)
        elif circuit.startswith("(R|L)-(R|Q)"):
            r, c_bulk = d.bulk(g, d.log(1e4, 1e5))
            shunt = r * d.log(0.1, 1)
            front = arc(f, r, c_bulk, 0.95) + 1 / (1 / shunt + 1 / (jw(f) * shunt / (2 * np.pi * 2e5)))
        r_ct = r * d.log(0.3, 3)
        boundary = 0.0
        if "(R|Q)-(R|Q)-" in circuit:
            boundary = r * d.log(0.3, 3)
            front = front + arc(f, boundary, 100 * c_bulk, 0.9)
        faradaic = r_ct + _diffusion(d, f, circuit, r_ct)
        storage = 1 / (jw(f) * c) if "(C|" in circuit else cpe(f, c**n * r_ct ** (n - 1), n)
        z = front + (storage if circuit.endswith(")-Q") else 1 / (1 / storage + 1 / faradaic))
        z = z + (leads(d, f) if circuit.startswith("L-") else 0.0)
        return Case(f, d.noise(z, floor=False), truth_of(g, r, boundary), g, {"circuit": circuit})

    return make


def _diffusion(d: Draw, f: Array, circuit: str, r_ct: float) -> Array:
    if "(R-Wo)" in circuit:
        return reflective(f, r_ct * d.log(0.1, 2), d.log(1, 100))
    if "(R-(R|Q))" in circuit:
        return arc(f, r_ct * d.log(0.5, 2), d.log(0.1, 1) / r_ct, 0.9)
    return r_ct * d.log(0.1, 1) / np.sqrt(jw(f))


def wrong_circuit(d: Draw) -> Case:
    """Two arcs and a circuit of the user with one."""
    made = two_arcs((30, 300), (0.3, 3))(d)
    return replace(made, settings={"circuit": d.one("R-(R|Q)-Q", "(R|Q)-Q", "(R|C)-Q", "L-(R|C)-Q")})
