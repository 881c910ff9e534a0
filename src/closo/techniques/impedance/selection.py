"""Which circuit: fit the candidates, compare them by the Bayesian information criterion, keep the alternatives.

Two families always compete: cells with blocking electrodes (a CPE in series with everything) and cells that pass direct
current. Each grows by one arc at a time until the residuals are noise, and by one more, because what is not needed must be
shown not to be needed. Each circuit is tried with and without the inductance of the leads. A pellet without a visible arc is
L-(R|C)-Q with weak priors on L and C: it stays unbiased where Re Z at 1 MHz and R-CPE fail.

Nothing here knows an ohm, a hertz or a farad: Z -> a Z and f -> b f change no choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from closo.errors import ConvergenceError
from closo.techniques.impedance.circuit import Circuit, parse
from closo.techniques.impedance.fitting import (
    MOST,
    CircuitFit,
    Prior,
    fit_circuit,
    lead_inductance,
    physical_exponents,
    time_constant,
)
from closo.techniques.impedance.kramers_kronig import lag_one
from closo.techniques.impedance.noise import binned
from closo.techniques.impedance.start import grown

SPIKE = "L-(R|C)-Q"
_LEVELS = (  # ever larger circuits, without the leads: blocking, and passing direct current
    (SPIKE, "(R|Q)-Q", "(R|C)", "(R|Q)", "R-(R|C)", "R-(R|Q)"),
    (
        "R-(R|Q)-Q",
        "(R|C)-(R|Q)-Q",
        "(R|Q)-(R|Q)-Q",
        "(R|Q)-(R|Q)",
        "R-(R|Q)-W",
        "R-(R|Q)-(R|Q)",
        "R-Ws",
        "(R|Q)-Ws",
        "R-(R|Q)-Ws",
    ),
    ("R-(R|Q)-(R|Q)-Q", "(R|Q)-(R|Q)-(R|Q)-Q", "R-(R|Q)-(R|Q)-(R|Q)", "(R|Q)-(R|Q)-(R|Q)", "(R|Q)-(R|Q)-Ws"),
)
_GEOMETRIC = (np.log(0.01), 1.6)  # prior of w R C of a pellet without a visible arc, at the highest frequency
_EXPLAINED = 1.1  # residual variance over the Kramers-Kronig noise; below it no larger circuit can win
_FINEST = 2e-4  # residuals below this part of |Z| are finer than any instrument: they ask for no larger circuit
STRUCTURE = 3.0  # standard deviations of the residuals' correlation along frequency
_UNEXPLAINED = 2.25  # residuals of 1.5 times the noise and more
_PROMISING, _NEAR = 30.0, 6.0  # residual variance over that of the best, up to which leads and further starts are tried
_FLAT = 0.65  # exponent of a series CPE below which finite diffusion is tried beside it
_SEEN = 2.0  # standard deviations of an inductance that is worth a fit
_BRIEF, _LONG = 12, 80  # evaluations of a first fit, and of the fit of a promising circuit
_RELEVANT = 14.0  # candidates within this difference of the criterion share in the spread over models


@dataclass(frozen=True)
class Choice:
    """The best circuit and those it was compared with."""

    best: CircuitFit  # the fit with the lowest criterion among the physical ones
    fits: tuple[CircuitFit, ...]  # all physical fits, best first
    weights: np.ndarray  # shape (fits,), share of each in the spread over models, normalised


def geometric_prior(frequency: np.ndarray, impedance: np.ndarray) -> Prior:
    """Return the prior of ln C of a pellet whose arc lies above the window: w R C is 0.01 within a factor of five."""
    scale = np.log(2 * np.pi * frequency.max() * np.abs(impedance).min())
    return Prior(float(_GEOMETRIC[0] - scale), _GEOMETRIC[1])


def choose(frequency: np.ndarray, impedance: np.ndarray, *, sd: np.ndarray, noise_known: bool = False) -> Choice:
    """Fit all candidates that can matter and rank them.

    Parameters
    ----------
    frequency, impedance, sd : shape (n,) [Hz, ohm, ohm].

    Raises
    ------
    ConvergenceError  when no candidate gives a physical fit.
    """
    if frequency.size > MOST:
        few = binned(frequency, impedance, sd, most=MOST)
        found = choose(few[0], few[1], sd=few[2], noise_known=noise_known)
        circuit, start = found.best.circuit, found.best.theta
        priors = _prior(circuit, frequency, impedance)
        best = fit_circuit(
            circuit, frequency, impedance, sd=sd, priors=priors, start=start, most_starts=0, noise_known=noise_known
        )
        return Choice(best, (best, *found.fits[1:]), found.weights)
    fits: list[CircuitFit] = []
    explained: list[CircuitFit] = []
    for level in _LEVELS:
        texts, leads = (_rivals(level, explained), _leads(explained)) if explained else (level, None)
        fits += _fit_level(texts, frequency, impedance, sd=sd, noise_known=noise_known, leads=leads, smaller=fits)
        if explained:  # by a smaller circuit: this level was its rival
            break
        explained = [fit for fit in fits if _explains(fit, frequency)]
    physical = sorted((fit for fit in fits if is_physical(fit, frequency)), key=lambda fit: fit.bic)
    if not physical:
        raise ConvergenceError(
            f"None of {len(fits)} circuits fits this spectrum physically.", hint="Give a circuit with --set circuit=..."
        )
    return Choice(physical[0], tuple(physical), _weights(physical))


def correlation_factor(fit: CircuitFit) -> float:
    """Return by how much neighbouring residuals that go together raise a variance, 1 where they look independent.

    Residuals with a lag-one correlation r along frequency count like (1 - r)/(1 + r) of their number.
    """
    if lag_one(fit.residual, fit.circuit.size) < STRUCTURE:  # the fit is in order of frequency
        return 1.0
    r = fit.residual / (fit.sd / np.abs(fit.model))
    lag = float(np.sum((r[1:] * r[:-1].conj()).real) / max(np.sum(np.abs(r) ** 2), 1e-300))
    return float((1 + min(lag, 0.9)) / (1 - min(lag, 0.9))) if lag > 0 else 1.0


def _weights(fits: list[CircuitFit]) -> np.ndarray:
    """Share of each circuit in the spread over models: the criterion, over as many residuals as are independent."""
    difference = np.array([fit.bic - fits[0].bic for fit in fits]) / correlation_factor(fits[0])
    weights = np.where(difference < _RELEVANT, np.exp(-0.5 * difference), 0.0)
    return np.asarray(weights / weights.sum())


def _rivals(texts: tuple[str, ...], explained: list[CircuitFit]) -> tuple[str, ...]:
    """Return the larger circuits of the families (blocking, passing) that explain the data.

    A series CPE of an exponent near 0.5 may be diffusion whose end the sweep does not reach.
    """
    ends = [fit.circuit.blocking for fit in explained]
    families = {end is not None for end in ends}
    flat = any(e is not None and fit.theta[e.first + 1] < _FLAT for e, fit in zip(ends, explained, strict=True))
    return tuple(text for text in texts if text.endswith("-Q") in families or (flat and text.endswith("-Ws")))


def _leads(explained: list[CircuitFit]) -> bool:
    """True where what explains the data has the inductance of the leads."""
    best = min(explained, key=lambda fit: fit.bic)
    return best.circuit.text != parse(SPIKE).text and best.circuit.text.startswith("L")


def _fit_level(
    texts: tuple[str, ...],
    f: np.ndarray,
    z: np.ndarray,
    *,
    sd: np.ndarray,
    noise_known: bool,
    leads: bool | None,
    smaller: Sequence[CircuitFit],
) -> list[CircuitFit]:
    """Fit each circuit briefly from its best starts; then the promising ones with leads, to the end, and from more starts.

    `leads`: whether the inductance is needed, None where that is not known; then nothing explains the data so far.
    `smaller`: fits of the levels before, from which a larger circuit starts too.
    """
    fitted = partial(fit_circuit, sd=sd, noise_known=noise_known, draw=False)

    def fit(
        text: str, *, start: np.ndarray | None = None, most_starts: int = 0, long: bool = True
    ) -> CircuitFit | None:
        circuit = parse(text)
        if circuit.size > f.size:
            return None
        with suppress(ConvergenceError):
            most = _LONG if long else _BRIEF
            priors = _prior(circuit, f, z)
            return fitted(circuit, f, z, priors=priors, start=start, most_starts=most_starts, max_evaluations=most)
        return None

    found: dict[str, CircuitFit] = {}
    valleys: dict[str, list[CircuitFit]] = {}  # from each start: leads may turn the worse one into the better
    for text in [f"L-{text}" if leads and text != SPIKE else text for text in texts]:
        brief = [fit(text, start=_first_start(text, f, z, sd), most_starts=1, long=False)]
        begun = [*_grown(text, smaller, (f, z, sd)), *_diffusive(text, [*smaller, *found.values()])]
        brief += [fit(text, start=start, long=False) for start in begun]
        valleys[text] = [one for one in brief if one is not None and _keep(found, text, one)]
    lead = np.array([lead_inductance(f, z).mean])
    for text in _within(found, _PROMISING) if leads is None else ():
        first = found[text]  # residuals with structure do not tell what is missing
        if text != SPIKE and (first.reduced > _UNEXPLAINED or _inductive(first, f) > _SEEN):
            for one in valleys[text]:
                _keep(found, f"L-{text}", fit(f"L-{text}", start=np.concatenate([lead, one.theta]), long=False))
    for text in _within(found, _NEAR):
        _keep(found, text, fit(text, start=found[text].theta))
    if leads is None and not any(_explains(one, f) for one in found.values()):
        for text in _within(found, _NEAR):
            _keep(found, text, fit(text, most_starts=6))
    return list(found.values())


def _prior(circuit: Circuit, f: np.ndarray, z: np.ndarray) -> dict[int, Prior]:
    """Return the prior of the capacitance of a pellet without a visible arc, none for other circuits."""
    return {circuit.arcs[0].storage.first: geometric_prior(f, z)} if circuit.text == parse(SPIKE).text else {}


def _grown(
    text: str, smaller: Sequence[CircuitFit], spectrum: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> list[np.ndarray]:
    """Start a circuit at the best fit of the one with an arc less: one start, none where there is no such fit."""
    arc = "(R|Q)"
    before, found, after = text.rpartition(arc)
    without = parse(f"{before}{after}".replace("--", "-").strip("-")).text if found and text != arc else ""
    parents = [fit for fit in smaller if fit.circuit.text == without]
    if not parents:
        return []
    best = min(parents, key=lambda fit: fit.reduced)
    start = grown(parse(text), best.circuit, best.theta, spectrum=spectrum)
    return [] if start is None else [start]


def _diffusive(text: str, fitted: Sequence[CircuitFit]) -> list[np.ndarray]:
    """Start finite diffusion where the best fit with an arc in its place has that arc: its top is at w tau = 2.54."""
    twin = parse(f"{text.removesuffix('-Ws')}-(R|Q)").text if text.endswith("-Ws") else ""
    twins = [fit for fit in fitted if fit.circuit.text == twin]
    if not twins:
        return []
    best = min(twins, key=lambda fit: fit.reduced)
    tau = time_constant(best.circuit.arcs[-1], best.theta)
    return [np.append(best.theta[:-2], np.log(2.54 * tau))] if 0.0 < tau < np.inf else []


def _inductive(fit: CircuitFit, f: np.ndarray) -> float:
    """Return by how many standard deviations the residuals ask for an inductance in series."""
    column = f / fit.sd  # d(residual)/dL, up to a factor
    residual = fit.residual.imag * np.abs(fit.model) / fit.sd
    return float(residual @ column / np.sqrt(column @ column) / np.sqrt(max(fit.reduced, 1e-300)))


def _within(found: dict[str, CircuitFit], factor: float) -> list[str]:
    """Return the circuits whose residual variance is within `factor` of the least."""
    least = min((fit.reduced for fit in found.values()), default=np.inf)
    return [text for text, fit in found.items() if fit.reduced < factor * least]


def _keep(found: dict[str, CircuitFit], text: str, fit: CircuitFit | None) -> bool:
    """Keep the better fit of a circuit; False where there is none."""
    if fit is not None and (text not in found or fit.reduced <= found[text].reduced):
        found[text] = fit
    return fit is not None


def _first_start(text: str, f: np.ndarray, z: np.ndarray, sd: np.ndarray) -> np.ndarray | None:
    """Start L-(R|C)-Q at L-R-Q, with C at its prior: the data alone can send it into a false minimum."""
    if text != SPIKE:
        return None
    with suppress(ConvergenceError):
        series = fit_circuit(parse("L-R-Q"), f, z, sd=sd, most_starts=1, max_evaluations=20, draw=False).theta
        return np.array([series[0], series[1], geometric_prior(f, z).mean, series[2], series[3]])
    return None


def _explains(fit: CircuitFit, frequency: np.ndarray) -> bool:
    """A physical fit whose residuals are noise: small, or at least without structure. A larger circuit cannot win then."""
    small = fit.reduced < _EXPLAINED or fit.rms < _FINEST
    white = fit.reduced < _UNEXPLAINED and lag_one(fit.residual, fit.circuit.size) < STRUCTURE
    return (small or white) and is_physical(fit, frequency)


def is_physical(fit: CircuitFit, frequency: np.ndarray) -> bool:
    """Resistances known within a factor of e, exponents between 0.3 and 1.05, arcs not wholly outside the data."""
    circuit = fit.circuit
    if not physical_exponents(circuit, fit.theta):
        return False
    spread = np.sqrt(np.diag(fit.covariance))
    if not all(spread[k] < 1.0 for k, (key, _) in enumerate(circuit.parameters) if key.startswith("resistance")):
        return False
    w = 2 * np.pi * frequency
    if circuit.blocking is not None and _blocked_share(fit, frequency) < 0.005:
        return False
    if circuit.text == parse(SPIKE).text:
        return True
    least = {
        "C": 0.002,
        "Q": 0.02,
    }  # what is left of a faster arc with a capacitor is its reactance, that of a CPE is anything
    return all(
        least[arc.storage.kind.symbol] / w.max() < time_constant(arc, fit.theta) < 100.0 / w.min()
        for arc in circuit.arcs
    )


def _blocked_share(fit: CircuitFit, frequency: np.ndarray) -> float:
    """Return how much of |Z| at the lowest frequency is the blocking element: without a spike nothing is blocked."""
    block = fit.circuit.blocking
    if block is None:
        return 0.0
    jw = 2j * np.pi * np.array([frequency.min()])
    share = np.abs(block.evaluate(jw, np.log(jw), fit.theta)[0][0]) / np.abs(fit.model[np.argmin(frequency)])
    return float(share)
