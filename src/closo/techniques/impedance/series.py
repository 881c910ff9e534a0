"""One global fit over a temperature series of one pellet.

Every spectrum keeps its own resistances and its own blocking electrode; what cannot change with temperature is common: the
inductance of the leads, and capacitance and exponent of each arc (the exponent where it is not left free). So the arc that
is plain to see at low temperature helps at high temperature, where it has left the measured range, and arcs keep their names
through the series. An arc is described by (R_i, C, n) with Q_i = C^n R_i^(n-1), so that C is the effective capacitance of
every spectrum. Whether the data allow this is judged by `series_plan`.

Given the common parameters the spectra are independent. The uncertainty of each theta is therefore the sum of its own part
(`fit:<name>`) and a part through the common parameters (`fit shared:<series>`), which correlates the temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Fit, Function, covariance_of, least_squares
from closo.quantity import Number, from_fit
from closo.techniques.impedance.circuit import Circuit
from closo.techniques.impedance.fitting import (
    EXPONENTS,
    CircuitFit,
    Prior,
    arc_capacitance,
    fit_circuit,
    lead_inductance,
)
from closo.techniques.impedance.selection import Choice


@dataclass(frozen=True)
class Spectrum:
    """One member of the series: its name, frequencies [Hz], impedance [ohm], sd of Re and Im [ohm], its own best fits."""

    name: str
    frequency: np.ndarray
    impedance: np.ndarray
    sd: np.ndarray
    single: Choice
    others: dict[str, CircuitFit] = field(default_factory=dict, repr=False)  # fits of circuits that were not among them

    def fit_of(self, circuit: Circuit) -> CircuitFit:
        """Return its own fit of a circuit; fitted now where the choice did not try it.

        Raises
        ------
        ConvergenceError  when it cannot be fitted.
        """
        for fit in self.single.fits:
            if fit.circuit.text == circuit.text:
                return fit
        if circuit.text not in self.others:
            self.others[circuit.text] = fit_circuit(circuit, self.frequency, self.impedance, sd=self.sd, most_starts=2)
        return self.others[circuit.text]


@dataclass(frozen=True)
class SeriesFit:
    """The outcome of a global fit."""

    circuit: Circuit  # common to all spectra
    fits: tuple[CircuitFit, ...]  # per spectrum, as if fitted alone (theta in the circuit's own parameters)
    shared: tuple[str, ...]  # names of the common parameters, e.g. ('L1', 'C of R1', 'n of R1')
    common: np.ndarray  # shape (s,), their values (logarithms, except n)
    common_covariance: np.ndarray  # shape (s, s)
    own: tuple[np.ndarray, ...]  # per spectrum, shape (p, p): covariance of theta with the common parameters held
    slopes: tuple[np.ndarray, ...]  # per spectrum, shape (p, s): dtheta/dcommon
    bic: float  # criterion of the global fit
    single_bic: float  # the sum over single fits
    df: int  # degrees of freedom of the global fit

    @property
    def preferred(self) -> bool:
        """True when the data allow common parameters, with exponents that a CPE can have."""
        exponents = [n for name, n in zip(self.shared, self.common, strict=True) if name.startswith("n of")]
        return self.bic < self.single_bic and all(EXPONENTS[0] < n < EXPONENTS[1] for n in exponents)


@dataclass(frozen=True)
class _Layout:
    """Where the common and the own parameters of the global fit stand, and how they make theta."""

    circuit: Circuit
    shared: tuple[str, ...]
    inductors: tuple[int, ...]  # theta index of each common inductance
    arcs: tuple[tuple[int, int, bool, bool], ...]  # theta index of R and of Q or C; a CPE; with a common exponent
    own: tuple[int, ...]  # theta indices that every spectrum has for itself

    def theta(self, common: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return theta, shape (p,), and its derivative with respect to (common, own), shape (p, s + o)."""
        theta = np.zeros(self.circuit.size)
        slope = np.zeros((self.circuit.size, common.size + own.size))
        theta[list(self.own)] = own
        slope[list(self.own), common.size + np.arange(own.size)] = 1.0
        for k, index in enumerate(self.inductors):
            theta[index], slope[index, k] = common[k], 1.0
        at = len(self.inductors)
        for r, storage, is_cpe, alike in self.arcs:
            log_c, log_r, column = common[at], theta[r], common.size + self.own.index(r)
            n = 1.0 if not is_cpe else common[at + 1] if alike else theta[storage + 1]
            theta[storage] = n * log_c + (n - 1.0) * log_r
            slope[storage, at], slope[storage, column] = n, n - 1.0
            if is_cpe:
                of_n = at + 1 if alike else common.size + self.own.index(storage + 1)
                theta[storage + 1], slope[storage + 1, of_n] = n, 1.0
                slope[storage, of_n] = log_c + log_r
            at += 2 if alike else 1
        return theta, slope


def _layout(circuit: Circuit, exponents: bool) -> _Layout:
    """Return the layout of a circuit; `exponents`: those of the arcs are common, too."""
    inductors = tuple(e.first for e in circuit.single if e.kind.symbol == "L")
    cpes = [a.storage.kind.symbol == "Q" for a in circuit.arcs]
    arcs = tuple(
        (a.resistor.first, a.storage.first, q, q and exponents) for a, q in zip(circuit.arcs, cpes, strict=True)
    )
    taken = {i for i in inductors} | {s for _, s, _, _ in arcs} | {s + 1 for _, s, _, alike in arcs if alike}
    names = [e.label for e in circuit.single if e.kind.symbol == "L"]
    for arc, (_, _, _, alike) in zip(circuit.arcs, arcs, strict=True):
        names += [f"C of {arc.resistor.label}"] + ([f"n of {arc.resistor.label}"] if alike else [])
    return _Layout(circuit, tuple(names), inductors, arcs, tuple(k for k in range(circuit.size) if k not in taken))


def fit_series(
    spectra: Sequence[Spectrum], circuit: Circuit, *, capacitance: Prior | None = None, exponents: bool = True
) -> SeriesFit:
    """Fit `circuit` to all spectra at once.

    Parameters
    ----------
    spectra : at least 2, of one pellet.
    circuit : a ladder with at least one arc.
    capacitance : prior of ln C of the fastest arc (the geometric capacitance).
    exponents : False leaves those of the arcs free at every temperature.

    Raises
    ------
    ConvergenceError  when the circuit has nothing to share or no fit is found.
    """
    layout = _layout(circuit, exponents)
    if not circuit.is_ladder or not layout.shared or len(spectra) < 2:
        raise ConvergenceError(f"{circuit.text} over {len(spectra)} spectra has no common parameters to fit.")
    prior = _priors(layout, spectra, capacitance)
    start = _start(layout, spectra)
    residual, jacobian = _functions(layout, spectra, prior)
    with np.errstate(all="ignore"):
        fit = least_squares(residual, start, jacobian=jacobian, max_evaluations=60, with_covariance=False)
        return _series_fit(layout, spectra, fit, slopes=jacobian(fit.values))


def _priors(layout: _Layout, spectra: Sequence[Spectrum], capacitance: Prior | None) -> list[tuple[int, Prior]]:
    lowest = min(spectra, key=lambda s: float(np.abs(s.impedance).min()))
    lead = lead_inductance(lowest.frequency, lowest.impedance)
    priors = [(k, lead) for k in range(len(layout.inductors))]
    if capacitance is not None and layout.arcs:
        priors.append((len(layout.inductors), capacitance))
    return priors


def _start(layout: _Layout, spectra: Sequence[Spectrum]) -> np.ndarray:
    """Start from single fits of the same circuit; common parameters from the spectrum that knows them best."""
    fits = [spectrum.fit_of(layout.circuit) for spectrum in spectra]
    common = []
    for k in range(len(layout.inductors)):
        common.append(float(_best_known(fits, layout.inductors[k]).theta[layout.inductors[k]]))
    for arc, (_, storage, _, alike) in zip(layout.circuit.arcs, layout.arcs, strict=True):
        best = _best_known(fits, storage)
        common.append(float(np.log(arc_capacitance(arc, best.theta))))
        if alike:
            common.append(float(best.theta[storage + 1]))
    own = [fit.theta[list(layout.own)] for fit in fits]
    return np.concatenate([np.array(common), *own])


def _best_known(fits: list[CircuitFit], index: int) -> CircuitFit:
    return min(fits, key=lambda fit: fit.covariance[index, index])


def _functions(
    layout: _Layout, spectra: Sequence[Spectrum], priors: list[tuple[int, Prior]]
) -> tuple[Function, Function]:
    """Residuals of all spectra (and priors), and their Jacobian."""
    jw = [2j * np.pi * s.frequency for s in spectra]
    log_jw = [np.log(w) for w in jw]
    s, o = len(layout.shared), len(layout.own)
    pulls = np.zeros((len(priors), s + o * len(spectra)))
    for row, (k, prior) in enumerate(priors):
        pulls[row, k] = 1.0 / prior.sd

    def member(x: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
        return layout.theta(x[:s], x[s + i * o : s + (i + 1) * o])

    def residual(x: np.ndarray) -> np.ndarray:
        x = np.clip(x, -90.0, 90.0)
        parts = []
        for i, spectrum in enumerate(spectra):
            z, _ = layout.circuit.root.evaluate(jw[i], log_jw[i], member(x, i)[0])
            r = (z - spectrum.impedance) / spectrum.sd
            parts += [r.real, r.imag]
        parts.append(np.array([(x[k] - prior.mean) / prior.sd for k, prior in priors]))
        return np.concatenate(parts)

    def jacobian(x: np.ndarray) -> np.ndarray:
        x = np.clip(x, -90.0, 90.0)
        blocks = []
        for i, spectrum in enumerate(spectra):
            theta, slope = member(x, i)
            _, dz = layout.circuit.root.evaluate(jw[i], log_jw[i], theta)
            chain = (np.array(dz) / spectrum.sd).T @ slope
            block = np.zeros((2 * spectrum.frequency.size, x.size))
            stacked = np.concatenate([chain.real, chain.imag])
            block[:, :s] = stacked[:, :s]
            block[:, s + i * o : s + (i + 1) * o] = stacked[:, s:]
            blocks.append(block)
        return np.concatenate([*blocks, pulls])

    return residual, jacobian


def _series_fit(layout: _Layout, spectra: Sequence[Spectrum], fit: Fit, *, slopes: np.ndarray) -> SeriesFit:
    """Split the covariance into common and own parts, spectrum by spectrum."""
    s, o = len(layout.shared), len(layout.own)
    points = sum(2 * p.frequency.size for p in spectra)
    df = points - fit.values.size
    data = fit.residuals[:points]
    reduced = float(data @ data) / df
    fisher = slopes[:points].T @ slopes[:points] / reduced + slopes[points:].T @ slopes[points:]
    covariance = covariance_of(fisher)
    covariance = np.where(np.isfinite(covariance), covariance, 1e6)
    common = covariance[:s, :s]
    fits, own, through = [], [], []
    first = 0
    for i, spectrum in enumerate(spectra):
        block = slice(s + i * o, s + (i + 1) * o)
        theta, chain = layout.theta(fit.values[:s], fit.values[block])
        carried = np.linalg.solve(common, covariance[:s, block]).T
        held = covariance[block, block] - carried @ common @ carried.T
        r = data[first : first + 2 * spectrum.frequency.size]
        first += r.size
        own_df = r.size - o - s / len(spectra)
        # the noise of a single spectrum is known to some ten per cent: its own part follows its own residuals
        own_reduced = float(r @ r) / max(own_df, 1.0)
        own.append(chain[:, s:] @ held @ chain[:, s:].T * (own_reduced / max(reduced, 1e-300)))
        through.append(chain[:, :s] + chain[:, s:] @ carried)
        whole = own[-1] + through[-1] @ common @ through[-1].T
        fits.append(
            _member(
                layout.circuit,
                spectrum,
                theta,
                residuals=r,
                reduced=own_reduced,
                df=max(int(own_df), 1),
                covariance=whole,
            )
        )
    bic = points * float(np.log(data @ data / points)) + fit.values.size * float(np.log(points))
    single = np.array([p.single.best.reduced * max(p.single.best.df, 1) for p in spectra])
    size = sum(p.single.best.circuit.size for p in spectra)
    single_bic = points * float(np.log(single.sum() / points)) + size * float(np.log(points))
    parts = (tuple(fits), layout.shared, fit.values[:s], common, tuple(own), tuple(through))
    return SeriesFit(layout.circuit, *parts, bic, single_bic, df)


def _member(
    circuit: Circuit,
    spectrum: Spectrum,
    theta: np.ndarray,
    *,
    residuals: np.ndarray,
    reduced: float,
    df: int,
    covariance: np.ndarray,
) -> CircuitFit:
    """Describe one spectrum of the global fit as a fit of its own."""
    jw = 2j * np.pi * spectrum.frequency
    model, dz = circuit.root.evaluate(jw, np.log(jw), theta)
    chain = np.array(dz) / spectrum.sd
    relative = (spectrum.impedance - model) / np.abs(spectrum.impedance)
    return CircuitFit(
        circuit=circuit,
        theta=theta,
        covariance=covariance,
        model=model,
        residual=relative,
        rms=float(np.sqrt(np.mean(np.abs(relative) ** 2) / 2.0)),
        reduced=reduced,
        bic=float(residuals @ residuals),
        jacobian=np.concatenate([chain.real.T, chain.imag.T]),
        sd=spectrum.sd,
        df=df,
        starts_used=1,
    )


def series_theta(series: SeriesFit, spectra: Sequence[Spectrum], *, name: str) -> list[list[Number]]:
    """Return theta of every spectrum as numbers: own source `fit:<spectrum>`, common source `fit shared:<name>`."""
    none = np.zeros(series.common.size)
    common = from_fit(none, series.common_covariance, label=f"fit shared:{name}", df=series.df)
    found = []
    for spectrum, fit, own, slope in zip(spectra, series.fits, series.own, series.slopes, strict=True):
        numbers = from_fit(fit.theta, own, label=f"fit:{spectrum.name}", df=fit.df)
        for k in range(fit.theta.size):
            for j in range(series.common.size):
                if slope[k, j]:
                    numbers[k] = numbers[k] + float(slope[k, j]) * common[j]
        found.append(numbers)
    return found
