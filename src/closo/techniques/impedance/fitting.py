"""Fit of one circuit to one spectrum: starts from the data, multistart where it matters, arcs in order of time constant.

The residual is (model - Z)/s with s the standard deviation of Re and Im. With modulus weights s is |Z| times the relative
noise that the Kramers-Kronig fit found; it only sets the scale against the priors, and the covariance is scaled by what the
fit itself leaves. Priors are normal in theta and enter as extra residuals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Fit, Function, covariance_of
from closo.techniques.impedance.circuit import Arc, Circuit, relaxation_time
from closo.techniques.impedance.constraints import Constraints, covariance_within, settle
from closo.techniques.impedance.noise import binned
from closo.techniques.impedance.start import FAR, starts
from closo.techniques.impedance.units import OwnUnits

MOST = 2000  # points; of more than that, averages of neighbours choose the circuit and the start
EXPONENTS = (0.3, 1.05)  # of a CPE: below, it is a smear; above, it is an artefact
_GOOD_ENOUGH = 1.1  # residual variance over the noise that Kramers-Kronig found; below it no further start is tried
_HOPELESS = 1000.0  # after two starts with residuals of 30 times the noise a ladder is the wrong circuit
_DRAWN = 60  # draws into which the values named by the user are put, for a circuit that is not a ladder
_LEAD_REACTANCE = (np.log(0.01), 2.3)  # prior of w L at the highest frequency over the smallest |Z|, a factor of ten


@dataclass(frozen=True)
class Prior:
    """A normal prior on a parameter's theta: for positive parameters mean and sd are those of the logarithm."""

    mean: float
    sd: float


@dataclass(frozen=True)
class CircuitFit:
    """A fitted circuit."""

    circuit: Circuit  # what was fitted
    theta: np.ndarray  # shape (p,), internal parameters, arcs in order of rising time constant
    covariance: np.ndarray  # shape (p, p), of theta, scaled by the residuals
    model: np.ndarray  # complex, shape (n,) [ohm]
    residual: np.ndarray  # complex, shape (n,), (Z - model)/|Z| [1]
    rms: float  # root mean square of Re and Im of `residual`, corrected for the parameters [1]
    reduced: float  # residual variance in units of the assumed noise
    bic: float  # Bayesian information criterion (differences matter)
    jacobian: np.ndarray  # shape (2n, p), d(model/s)/dtheta, Re above Im
    sd: np.ndarray  # shape (n,), the s of the residual [ohm]
    df: int  # degrees of freedom
    starts_used: int  # how many starts were tried
    held: frozenset[int] = frozenset()  # indices of theta that were not fitted
    at_bound: Mapping[int, str] = field(default_factory=dict)  # index of theta -> the end that the data would pass
    noise_known: bool = False  # whether `sd` was measured

    @property
    def scale(self) -> float:
        """Factor on the variance `sd`^2 that the covariance rests on."""
        return max(self.reduced, 1.0 if self.noise_known else 1e-300)

    def value(self, symbol: str) -> float:
        """Return the value (SI) of a parameter such as 'R1'."""
        k = [s for _, s in self.circuit.parameters].index(symbol)
        return float(self.circuit.to_values(self.theta)[k])


def fit_circuit(
    circuit: Circuit,
    frequency: np.ndarray,
    impedance: np.ndarray,
    *,
    sd: np.ndarray,
    priors: Mapping[int, Prior] | None = None,
    start: np.ndarray | None = None,
    held: Mapping[int, float] | None = None,
    bounds: Mapping[int, tuple[float, float]] | None = None,
    begin: Mapping[int, float] | None = None,
    most_starts: int = 6,
    noise_known: bool = False,
    max_evaluations: int = 400,
    draw: bool = True,
) -> CircuitFit:
    """Fit `circuit`.

    Parameters
    ----------
    frequency : shape (n,) [Hz].
    impedance : complex, shape (n,) [ohm].
    sd : shape (n,), standard deviation of Re and of Im [ohm]; its scale is corrected by the fit unless `noise_known`.
    priors : index of theta -> Prior, beside the weak prior that every inductance has.
    start : theta to begin with (warm start along a series), tried before those from the data.
    held : index of theta -> its value, which is not fitted.
    bounds : index of theta -> (lowest, highest).
    begin : index of theta -> value put into every start. Arcs of which a parameter is held, bounded or begun with keep
        their place; the others come in order of rising time constant.
    noise_known : True where `sd` was measured; the covariance is then scaled up, never down.
    draw : False gives up on a ladder for which the data hold no start, instead of drawing at random.

    Raises
    ------
    ConvergenceError  when there are too few points or no start leads anywhere.
    """
    how = _How(
        priors=priors or {},
        start=start,
        given=Constraints(held or {}, bounds or {}, begin or {}),
        most_starts=most_starts,
        noise_known=noise_known,
        max_evaluations=max_evaluations,
        draw=draw,
    )
    fit, data = (_fit_as_given if how.given.named else _fit_in_own_units), (frequency, impedance, sd)
    if frequency.size > MOST and start is None:  # the average of neighbours tells where the fit of all has to begin
        first = fit(circuit, binned(*data, most=MOST), how).theta
        given = replace(how.given, begin={k: float(first[k]) for k in how.given.begin})
        how = replace(how, start=first, given=given, most_starts=0)
    return fit(circuit, data, how)


@dataclass(frozen=True)
class _How:
    """What `fit_circuit` was asked for, beside circuit and spectrum."""

    priors: Mapping[int, Prior]
    start: np.ndarray | None
    given: Constraints
    most_starts: int
    noise_known: bool
    max_evaluations: int
    draw: bool


_Data = tuple[np.ndarray, np.ndarray, np.ndarray]  # frequency, impedance, sd


def _fit_in_own_units(circuit: Circuit, data: _Data, how: _How) -> CircuitFit:
    """Fit in units of the data, and turn the outcome back to SI."""
    frequency, impedance, sd = data
    units = OwnUnits.of(frequency, impedance)
    matrix, shift = units.back(circuit)
    own = (frequency / units.frequency, impedance / units.impedance, sd / units.impedance)
    priors = {k: Prior(p.mean - shift[k], p.sd) for k, p in how.priors.items()}
    start = None if how.start is None else np.linalg.solve(matrix, how.start - shift)
    fit = _fit_as_given(circuit, own, replace(how, priors=priors, start=start))
    covariance = matrix @ np.where(np.isfinite(fit.covariance), fit.covariance, 0.0) @ matrix.T
    blind = np.flatnonzero(~np.isfinite(np.diag(fit.covariance)))
    covariance[blind, blind] = np.inf
    return replace(
        fit,
        theta=matrix @ fit.theta + shift,
        covariance=covariance,
        model=fit.model * units.impedance,
        jacobian=np.linalg.solve(matrix.T, fit.jacobian.T).T,
        sd=sd,
    )


def _fit_as_given(circuit: Circuit, data: _Data, how: _How) -> CircuitFit:
    (frequency, impedance, sd), given = data, how.given
    size = circuit.size - len(given.held)
    if 2 * frequency.size <= size:
        raise ConvergenceError(f"{frequency.size} frequencies cannot fix the {size} parameters of {circuit.text}.")
    residual, jacobian = _functions(circuit, frequency, impedance, sd=sd, priors=how.priors)
    with np.errstate(all="ignore"):  # a trial step may overflow; `least_squares` refuses what is not finite
        most = _DRAWN if given.named and not circuit.is_ladder and how.start is None else how.most_starts
        first = () if how.start is None else (how.start,)
        queue: Iterable[np.ndarray] = chain(first, starts(circuit, frequency, impedance, count=most, draw=how.draw))
        if given.named:
            queue = given.starts(circuit, queue, residual, most=max(how.most_starts, 2))
        longest = how.max_evaluations
        points = 2 * frequency.size
        best, used = _best_of(circuit, queue, residual, jacobian, given=given, points=points, max_evaluations=longest)
        if best is None:
            raise ConvergenceError(f"No start value of {circuit.text} led to a fit.", hint="Try a simpler circuit.")
        best, ended = settle(given, best, residual, jacobian, max_evaluations=longest)
        best = replace(best, values=best.values[_arc_order(circuit, best.values, given.named)])
        slopes = jacobian(best.values)
    limits = (given, ended)
    return _finish(
        circuit, impedance, best, slopes=slopes, sd=sd, limits=limits, starts_used=used, noise_known=how.noise_known
    )


def _functions(
    circuit: Circuit, frequency: np.ndarray, impedance: np.ndarray, *, sd: np.ndarray, priors: Mapping[int, Prior]
) -> tuple[Function, Function]:
    """Residual (Re, Im, priors) and its Jacobian, of all of theta."""
    jw = 2j * np.pi * frequency
    log_jw = np.log(jw)
    index, mean, width = _priors(circuit, priors, lead_inductance(frequency, impedance))
    pull = np.zeros((index.size, circuit.size))
    pull[np.arange(index.size), index] = 1.0 / width

    @lru_cache(maxsize=1)  # the optimiser asks for residual and Jacobian of one theta in turn: half of the time
    def evaluate(theta: bytes) -> tuple[np.ndarray, list[np.ndarray]]:
        return circuit.root.evaluate(jw, log_jw, np.minimum(np.maximum(np.frombuffer(theta), -FAR), FAR))

    def residual(theta: np.ndarray) -> np.ndarray:
        r = (evaluate(theta.tobytes())[0] - impedance) / sd
        return np.concatenate([r.real, r.imag, (theta[index] - mean) / width])

    def jacobian(theta: np.ndarray) -> np.ndarray:
        slopes = np.array(evaluate(theta.tobytes())[1]) / sd
        return np.concatenate([slopes.real.T, slopes.imag.T, pull])

    return residual, jacobian


def lead_inductance(frequency: np.ndarray, impedance: np.ndarray) -> Prior:
    """Return the prior of ln L: at the highest frequency its reactance is 1 % of the smallest |Z| within a factor of ten."""
    scale = np.log(np.abs(impedance).min() / (2 * np.pi * frequency.max()))
    return Prior(float(_LEAD_REACTANCE[0] + scale), _LEAD_REACTANCE[1])


def _priors(circuit: Circuit, given: Mapping[int, Prior], lead: Prior) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return index, mean and sd of the priors given and of the weak one that every inductance has."""
    priors = {e.first: lead for e in circuit.elements if e.kind.symbol == "L"} | dict(given)
    index = sorted(priors)
    return np.array(index, int), np.array([priors[k].mean for k in index]), np.array([priors[k].sd for k in index])


def physical_exponents(circuit: Circuit, theta: np.ndarray) -> bool:
    """True when every CPE has an exponent that a CPE can have."""
    exponents = theta[~circuit.logarithmic]
    return bool(np.all((exponents > EXPONENTS[0]) & (exponents < EXPONENTS[1])))


def _best_of(
    circuit: Circuit,
    queue: Iterable[np.ndarray],
    residual: Function,
    jacobian: Function,
    *,
    given: Constraints,
    points: int,
    max_evaluations: int,
) -> tuple[Fit | None, int]:
    """Fit from one start after the other until one is as good as the noise allows."""
    best: Fit | None = None
    used = 0
    for theta in queue:
        used += 1
        try:
            fit = given.solve(residual, jacobian, theta, max_evaluations=max_evaluations)
        except ConvergenceError:
            continue
        if best is None or fit.chi2 < best.chi2:
            best = fit
        arrived = best.chi2 < _GOOD_ENOUGH * points and physical_exponents(circuit, best.values)
        hopeless = used >= 2 and best.chi2 > _HOPELESS * points and circuit.is_ladder and not given.named
        if arrived or hopeless:
            break
    return best, used


def _finish(
    circuit: Circuit,
    impedance: np.ndarray,
    fit: Fit,
    *,
    slopes: np.ndarray,
    sd: np.ndarray,
    limits: tuple[Constraints, Mapping[int, str]],
    starts_used: int,
    noise_known: bool,
) -> CircuitFit:
    """Scale the covariance by the residuals, form the criterion; rows past 2n are priors."""
    given, ended = limits
    points = 2 * impedance.size
    size = circuit.size - len(given.held)
    data, of_data, of_priors = fit.residuals[:points], slopes[:points], slopes[points:]
    df = points - size
    reduced = float(data @ data) / max(df, 1)
    scale = max(reduced, 1.0) if noise_known else max(reduced, 1e-300)
    difference = -(data[: impedance.size] + 1j * data[impedance.size :]) * sd
    relative = difference / np.abs(impedance)
    log_size = float(np.log(points))
    fisher = of_data.T @ of_data / scale + of_priors.T @ of_priors
    slope = of_data.T @ data / scale + of_priors.T @ fit.residuals[points:]
    return CircuitFit(
        circuit=circuit,
        theta=fit.values,
        covariance=covariance_within(fisher, slope, given, ended) if given.named else covariance_of(fisher),
        model=impedance - difference,
        residual=relative,
        rms=float(np.sqrt(np.sum(np.abs(relative) ** 2) / max(df, 1))),
        reduced=reduced,
        bic=points * float(np.log(max(data @ data, 1e-300) / points)) + size * log_size,
        jacobian=of_data,
        sd=sd,
        df=df,
        starts_used=starts_used,
        held=frozenset(given.held),
        at_bound=ended,
        noise_known=noise_known,
    )


def _arc_order(circuit: Circuit, theta: np.ndarray, named: frozenset[int]) -> np.ndarray:
    """Return the permutation of theta that puts equal kinds of arcs in order of rising time constant.

    An arc with a parameter that the user named keeps its place.
    """
    order = np.arange(theta.size)
    for symbol in ("C", "Q"):
        arcs = [a for a in circuit.arcs if a.storage.kind.symbol == symbol and named.isdisjoint(a.slots)]
        by_time = sorted(arcs, key=lambda a: time_constant(a, theta))
        for place, arc in zip(arcs, by_time, strict=True):
            order[list(place.slots)] = arc.slots
    return order


def in_order(fit: CircuitFit) -> bool:
    """True when the arcs of each kind come in order of rising time constant."""
    return bool(np.all(_arc_order(fit.circuit, fit.theta, frozenset()) == np.arange(fit.theta.size)))


def time_constant(arc: Arc, theta: np.ndarray) -> float:
    """Return (R Q)^(1/n) or R C [s]."""
    return relaxation_time(theta[arc.resistor.first], arc.storage, theta)


def arc_capacitance(arc: Arc, theta: np.ndarray) -> float:
    """Return the effective capacitance (R^(1-n) Q)^(1/n) = tau/R of an arc [F]."""
    return time_constant(arc, theta) / float(np.exp(theta[arc.resistor.first]))
