"""Which circuit: fit the candidates, compare them by the Bayesian information criterion, keep the alternatives.

Two families: cells with blocking electrodes (a CPE in series with everything) and cells that pass direct current. Each
grows by one arc at a time until the criterion stops improving. Leads have an inductance; it takes part where one
microhenry would be seen above the noise. A pellet without a visible arc is L-(R||C)-CPE with the geometric capacitance of
the pellet as a prior: it stays unbiased and calibrated where Re Z at 1 MHz and R-CPE fail.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from closo.errors import ConvergenceError
from closo.techniques.impedance.circuit import Circuit, parse
from closo.techniques.impedance.fitting import CircuitFit, Prior, fit_circuit, physical_exponents, time_constant
from closo.techniques.impedance.kramers_kronig import lag_one

__all__ = ["SPIKE", "Choice", "choose", "geometric_prior", "inductance_matters"]

_VACUUM_PERMITTIVITY = 8.8541878188e-12  # F/m, CODATA 2022
SPIKE = "L-(R|C)-Q"
_BLOCKING, _PASSING = 0, 1
_LEVELS = (  # ever larger circuits: blocking, then passing direct current
    ((SPIKE, "(R|Q)-Q"), ("(R|C)", "(R|Q)", "R-(R|C)", "R-(R|Q)")),
    (("R-(R|Q)-Q", "(R|Q)-(R|Q)-Q"), ("(R|Q)-(R|Q)", "R-(R|Q)-W", "R-(R|Q)-(R|Q)")),
    (("R-(R|Q)-(R|Q)-Q", "(R|Q)-(R|Q)-(R|Q)-Q"), ("R-(R|Q)-(R|Q)-W", "R-(R|Q)-(R|Q)-(R|Q)")),
)
_EXPLAINED = 1.1  # residual variance over the Kramers-Kronig noise; below it no larger circuit can win
_STRUCTURE = 3.0  # standard deviations of the residuals' correlation along frequency
_UNEXPLAINED = 2.25  # residuals of 1.5 times the noise and more
_PROMISING = 30.0  # residual variance over that of the best, up to which further starts are tried
_NEARLY = 9.0  # the same, up to which a circuit shares in the spread where none explains the data
_RELEVANT = 10.0  # candidates within this difference of the criterion share in the spread over models


@dataclass(frozen=True)
class Choice:
    """The best circuit and those it was compared with.

    Attributes
    ----------
    best : the fit with the lowest criterion among the physical ones.
    fits : all physical fits, best first.
    weights : shape (fits,), share of each in the spread over models, normalised.
    """

    best: CircuitFit
    fits: tuple[CircuitFit, ...]
    weights: np.ndarray


def geometric_prior(area: float | None, thickness: float | None) -> Prior:
    """Prior of ln C for the dielectric capacitance of a pellet.

    With area [m2] and thickness [m]: relative permittivity 15 within a factor of 3, which includes some picofarads of
    cables; without: 80 pF within a factor of 3.3.
    """
    if area is None or thickness is None:
        return Prior(float(np.log(8e-11)), 1.2)
    return Prior(float(np.log(15.0 * _VACUUM_PERMITTIVITY * area / thickness)), 1.1)


def inductance_matters(frequency: np.ndarray, impedance: np.ndarray, noise: float) -> bool:
    """True where the reactance of 1 uH exceeds the noise at some frequency."""
    return bool(np.any(2 * np.pi * frequency * 1e-6 > max(noise, 1e-3) * np.abs(impedance)))


def choose(
    frequency: np.ndarray,
    impedance: np.ndarray,
    *,
    sd: np.ndarray,
    noise: float,
    capacitance: Prior,
    noise_known: bool = False,
) -> Choice:
    """Fit all candidates that can matter and rank them.

    Parameters
    ----------
    frequency, impedance, sd : shape (n,) [Hz, ohm, ohm].
    noise : relative noise that Kramers-Kronig found.
    capacitance : prior of the geometric capacitance.

    Raises
    ------
    ConvergenceError  when no candidate gives a physical fit.
    """
    families = _families(frequency, impedance)
    fits: list[CircuitFit] = []
    for level in _LEVELS:
        texts = [text for family in families for text in level[family]]
        fits += _fit_all(
            texts, frequency, impedance, sd=sd, noise=noise, capacitance=capacitance, noise_known=noise_known
        )
        if any(_explains(fit, frequency) for fit in fits):
            break
    physical = sorted((fit for fit in fits if _is_physical(fit, frequency)), key=lambda fit: fit.bic)
    if not physical:
        raise ConvergenceError(
            f"None of {len(fits)} circuits fits this spectrum physically.", hint="Give a circuit with --set circuit=..."
        )
    return Choice(physical[0], tuple(physical), _weights(physical))


def _weights(fits: list[CircuitFit]) -> np.ndarray:
    """Share of each circuit in the spread over models.

    Where the best one explains the data down to their noise, the criterion decides. Where none does, what is left is not
    noise and the criterion would trust the best far too much: all that fit nearly as well count alike.
    """
    if fits[0].reduced > _UNEXPLAINED:
        close = np.array([fit.reduced < _NEARLY * fits[0].reduced for fit in fits], float)
        return np.asarray(close / close.sum())
    difference = np.array([fit.bic - fits[0].bic for fit in fits])
    weights = np.where(difference < _RELEVANT, np.exp(-0.5 * difference), 0.0)
    return np.asarray(weights / weights.sum())


def _families(f: np.ndarray, z: np.ndarray) -> tuple[int, ...]:
    """Return which families the slowest points allow: a spike steeper than 60 deg blocks, less can be either."""
    slowest = np.argsort(f)[:3]
    phase = -np.degrees(np.median(np.angle(z[slowest])))
    return (_BLOCKING,) if phase > 60.0 else (_BLOCKING, _PASSING)


def _fit_all(
    texts: list[str],
    f: np.ndarray,
    z: np.ndarray,
    *,
    sd: np.ndarray,
    noise: float,
    capacitance: Prior,
    noise_known: bool,
) -> list[CircuitFit]:
    """Fit each circuit from its best start; where none explains the data, the better ones from further starts too."""
    lead = "L-" if inductance_matters(f, z, noise) else ""
    circuits = [parse(text if text == SPIKE else lead + text) for text in texts]

    def fit(circuit: Circuit, most_starts: int) -> CircuitFit | None:
        priors = {circuit.arcs[0].storage.first: capacitance} if circuit.text == parse(SPIKE).text else None
        with suppress(ConvergenceError):
            return fit_circuit(
                circuit,
                f,
                z,
                sd=sd,
                priors=priors,
                most_starts=most_starts,
                noise_known=noise_known,
                max_evaluations=120,
                draw=False,
            )
        return None

    found = [first for circuit in circuits if circuit.size <= f.size and (first := fit(circuit, 1)) is not None]
    least = min((first.reduced for first in found), default=np.inf)
    if any(_explains(first, f) for first in found):
        return found
    return [(fit(first.circuit, 6) or first) if first.reduced < _PROMISING * least else first for first in found]


def _explains(fit: CircuitFit, frequency: np.ndarray) -> bool:
    """A physical fit whose residuals are noise: small, or at least without structure. A larger circuit cannot win then."""
    small = fit.reduced < _EXPLAINED
    white = fit.reduced < _UNEXPLAINED and lag_one(fit.residual[np.argsort(frequency)], fit.circuit.size) < _STRUCTURE
    return (small or white) and _is_physical(fit, frequency)


def _is_physical(fit: CircuitFit, frequency: np.ndarray) -> bool:
    """Resistances known within a factor of e, exponents between 0.3 and 1.05, arcs not wholly outside the data."""
    circuit = fit.circuit
    spread = np.sqrt(np.diag(fit.covariance))
    if not physical_exponents(circuit, fit.theta):
        return False
    for k, (key, _) in enumerate(circuit.parameters):
        if key.startswith("resistance") and not spread[k] < 1.0:
            return False
    w = 2 * np.pi * frequency
    if circuit.blocking is not None and _blocked_share(fit, frequency) < 0.005:
        return False
    if circuit.text == parse(SPIKE).text:
        return True
    return all(0.02 / w.max() < time_constant(arc, fit.theta) < 20.0 / w.min() for arc in circuit.arcs)


def _blocked_share(fit: CircuitFit, frequency: np.ndarray) -> float:
    """Return how much of |Z| at the lowest frequency is the blocking element: without a spike nothing is blocked."""
    block = fit.circuit.blocking
    if block is None:
        return 0.0
    jw = 2j * np.pi * np.array([frequency.min()])
    share = np.abs(block.evaluate(jw, np.log(jw), fit.theta)[0][0]) / np.abs(fit.model[np.argmin(frequency)])
    return float(share)
