"""The elements of equivalent circuits: one row each, with formula and logarithmic derivatives.

Parameters are fitted as logarithms (R, L, C, Q, A, tau: positive, and they span twelve orders of magnitude) except the
exponent n, which is fitted as it is. `theta` below means these internal values. Every formula is checked against the code,
and every derivative against the formula, by tests/techniques/impedance/test_circuit.py.

Sources: Boukamp, Solid State Ionics 2004, 169, 65, doi:10.1016/j.ssi.2003.07.002 (R, C, L, CPE, Warburg family);
Boukamp & Bouwmeester, Solid State Ionics 2003, 157, 29, doi:10.1016/S0167-2738(02)00185-6 (Gerischer).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Complex = np.ndarray
Evaluation = tuple[Complex, tuple[Complex, ...]]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an element: symbol in the formula, name in the nomenclature, and whether it is fitted as ln."""

    symbol: str
    name: str
    logarithmic: bool = True


@dataclass(frozen=True)
class ElementKind:
    """One kind of element."""

    symbol: str  # as written in a circuit
    title: str  # for people
    formula: str  # the impedance, in the symbols of its parameters; w: angular frequency, I: imaginary unit
    parameters: tuple[Parameter, ...]  # in the order of theta
    evaluate: Callable[..., Evaluation]  # (jw, ln jw, theta...) -> (Z, (dZ/dtheta, ...)), shape (frequencies,)


def _resistor(jw: Complex, _: Complex, log_r: float) -> Evaluation:
    z = np.full(jw.shape, np.exp(log_r), complex)
    return z, (z,)


def _inductor(jw: Complex, _: Complex, log_l: float) -> Evaluation:
    z = jw * np.exp(log_l)
    return z, (z,)


def _capacitor(jw: Complex, _: Complex, log_c: float) -> Evaluation:
    z = np.exp(-log_c) / jw
    return z, (-z,)


def _constant_phase(_: Complex, log_jw: Complex, log_q: float, n: float) -> Evaluation:
    turn = np.exp(-0.5j * np.pi * n)  # (jw)^-n = w^-n exp(-j n pi/2): a real power, one complex factor
    z = np.exp(-log_q - n * log_jw.real) * turn
    return z, (-z, -log_jw * z)


def _warburg(_: Complex, log_jw: Complex, log_a: float) -> Evaluation:
    z = np.exp(log_a - 0.5 * log_jw)
    return z, (z,)


def _transmissive(jw: Complex, _: Complex, log_r: float, log_tau: float) -> Evaluation:
    x = np.sqrt(jw * np.exp(log_tau))
    tanh = _tanh(x)
    z = np.exp(log_r) * tanh / x
    slope = np.exp(log_r) * 0.5 * ((1.0 - tanh * tanh) - tanh / x)  # dZ/dln tau = x/2 dZ/dx
    return z, (z, slope)


def _reflective(jw: Complex, _: Complex, log_r: float, log_tau: float) -> Evaluation:
    x = np.sqrt(jw * np.exp(log_tau))
    coth = 1.0 / _tanh(x)
    z = np.exp(log_r) * coth / x
    slope = np.exp(log_r) * 0.5 * ((1.0 - coth * coth) - coth / x)
    return z, (z, slope)


def _gerischer(jw: Complex, _: Complex, log_r: float, log_tau: float) -> Evaluation:
    s = 1.0 + jw * np.exp(log_tau)
    z = np.exp(log_r) / np.sqrt(s)
    return z, (z, -0.5 * z * (s - 1.0) / s)


def _tanh(x: Complex) -> Complex:
    """Tanh for Re x >= 0 that does not overflow."""
    e = np.exp(-2.0 * x)
    return (1.0 - e) / (1.0 + e)


_R = Parameter("R", "resistance")
_TAU = Parameter("tau", "time_constant")

ELEMENTS: dict[str, ElementKind] = {
    kind.symbol: kind
    for kind in (
        ElementKind("R", "resistor", "R", (_R,), _resistor),
        ElementKind("L", "inductor", "I*w*L", (Parameter("L", "inductance"),), _inductor),
        ElementKind("C", "capacitor", "1/(I*w*C)", (Parameter("C", "capacitance"),), _capacitor),
        ElementKind(
            "Q",
            "constant-phase element (CPE)",
            "1/(Q*(I*w)**n)",
            (Parameter("Q", "cpe_coefficient"), Parameter("n", "cpe_exponent", logarithmic=False)),
            _constant_phase,
        ),
        ElementKind(
            "W", "semi-infinite Warburg diffusion", "A/sqrt(I*w)", (Parameter("A", "warburg_coefficient"),), _warburg
        ),
        ElementKind(
            "Ws",
            "finite-length diffusion, transmissive end",
            "R*tanh(sqrt(I*w*tau))/sqrt(I*w*tau)",
            (_R, _TAU),
            _transmissive,
        ),
        ElementKind(
            "Wo",
            "finite-space diffusion, reflective end",
            "R*coth(sqrt(I*w*tau))/sqrt(I*w*tau)",
            (_R, _TAU),
            _reflective,
        ),
        ElementKind("G", "Gerischer", "R/sqrt(1+I*w*tau)", (_R, _TAU), _gerischer),
    )
}
