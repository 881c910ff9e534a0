"""How the spectra of one pellet are fitted together: one circuit, or two with the temperature of the change.

A series is one thing. In this order, the first that the data do not refuse is taken:

1. one circuit, in which the inductance and the capacitance (and exponent) of each arc are common to all temperatures;
2. the same without the few spectra that do not belong to the rest (a dead contact, a label of another pellet): those whose
   residuals the common parameters raise most; they are named, and keep their own fits of the same circuit;
3. two circuits, or one with two sets of common parameters, below and above one temperature, where both are allowed, or one
   of two different circuits;
4. one circuit with all parameters free at every temperature, where it fits every spectrum as well as its own choice;
5. the single choices.

Common parameters are allowed where the criterion of the global fit lies below the sum over the single fits, and where the
exponents are such as a CPE can have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from closo.errors import ConvergenceError
from closo.techniques.impedance.circuit import Arc, parse
from closo.techniques.impedance.fitting import CircuitFit, arc_capacitance
from closo.techniques.impedance.selection import SPIKE, Choice, geometric_prior, is_physical
from closo.techniques.impedance.series import SeriesFit, Spectrum, fit_series

SHARED = ("auto", "all", "capacitance", "none")
_CANDIDATES = 3  # most frequent choices of the single spectra, beside the pellet without an arc
_OUTLYING = 4  # of so many spectra one may be outlying
_ALIKE = 0.05  # difference in ln C that is none
_FEWEST = 3  # spectra of one circuit beside another
_AS_GOOD = 1.05  # residual variance over that of the best circuit up to which a spectrum takes the common one


@dataclass(frozen=True)
class Plan:
    """How a series is fitted."""

    mode: str  # 'common parameters', 'two circuits', 'one circuit' or 'single fits'
    groups: tuple[tuple[tuple[int, ...], SeriesFit], ...] = ()  # members (indices) -> their global fit
    circuit: str = ""  # of the members in no group, '' where each has its own choice
    outlying: tuple[int, ...] = ()  # members that do not belong to the rest
    change: int | None = None  # position, in order of temperature, of the first member with the second circuit
    refused: SeriesFit | None = field(default=None, repr=False)  # the best fit of all, where not taken


def plan_series(
    spectra: Sequence[Spectrum], *, circuit: str | None = None, shared: str = "auto", order: Sequence[int] = ()
) -> Plan:
    """Return how to fit the spectra.

    Parameters
    ----------
    circuit : common circuit; chosen among those of the single spectra when absent.
    shared : 'auto' lets the data judge; 'all' has common capacitances and exponents, 'capacitance' free exponents,
        whatever the data say; 'none' leaves every parameter free.
    order : indices in order of temperature; none where that is not known.
    """
    everyone = tuple(range(len(spectra)))
    if shared in ("all", "capacitance"):
        whole = _best(spectra, everyone, circuit, exponents=(shared == "all",))
        return _together(everyone, whole) if whole is not None else _free(spectra, circuit, None)
    whole = _best(spectra, everyone, circuit) if shared == "auto" else None
    if whole is not None and whole.preferred:
        return _together(everyone, whole)
    if whole is not None:
        plan = _without_outlying(spectra, whole) or _two(spectra, circuit, order, whole)
        if plan is not None:
            return _as_change(plan, order)
    return _free(spectra, circuit, whole)


def _together(everyone: tuple[int, ...], whole: SeriesFit) -> Plan:
    return Plan("common parameters", ((everyone, whole),), whole.circuit.text)


def with_circuit(spectrum: Spectrum, text: str) -> Choice | None:
    """Return the choice of one spectrum with the named circuit as its best; None where that cannot be fitted."""
    fit = _fit_of(spectrum, text)
    if fit is None:
        return None
    others = [
        (f, w) for f, w in zip(spectrum.single.fits, spectrum.single.weights, strict=True) if f.circuit.text != text
    ]
    own = 1.0 - sum(w for _, w in others)
    return Choice(fit, (fit, *(f for f, _ in others)), np.array([own, *(w for _, w in others)]))


def _fit_of(spectrum: Spectrum, text: str) -> CircuitFit | None:
    with suppress(ConvergenceError):
        return spectrum.fit_of(parse(text))
    return None


def _candidates(spectra: Sequence[Spectrum], members: Sequence[int], circuit: str | None) -> list[str]:
    """Return the circuits to try: those that the single spectra choose most often, and the pellet without an arc."""
    if circuit is not None:
        return [parse(circuit).text]
    votes = Counter(spectra[i].single.best.circuit.text for i in members)
    lead = any(text.startswith("L") for text in votes)
    wanted = [("L-" + t if lead and not t.startswith("L") else t) for t, _ in votes.most_common()]
    return list(dict.fromkeys(parse(text).text for text in [*wanted[:_CANDIDATES], SPIKE]))


def _best(
    spectra: Sequence[Spectrum], members: Sequence[int], circuit: str | None, exponents: Sequence[bool] = (True, False)
) -> SeriesFit | None:
    """Return the global fit with the lowest criterion, one that the data allow before any other.

    Exponents are left free only where common ones are refused.
    """
    some = [spectra[i] for i in members]
    best: SeriesFit | None = None
    for alike in exponents:
        fits = [_global(some, text, alike) for text in _candidates(spectra, members, circuit)]
        best = min((f for f in (best, *fits) if f is not None), key=lambda s: (not s.preferred, s.bic), default=None)
        if best is not None and best.preferred:
            break
    return best


def _global(spectra: Sequence[Spectrum], text: str, exponents: bool) -> SeriesFit | None:
    lowest = min(spectra, key=lambda s: float(np.abs(s.impedance).min()))  # there the arc is farthest away
    circuit = parse(text)
    dielectric = bool(circuit.arcs) and circuit.arcs[0].storage.kind.symbol == "C"
    prior = geometric_prior(lowest.frequency, lowest.impedance) if dielectric else None
    with suppress(ConvergenceError):
        return fit_series(spectra, circuit, capacitance=prior, exponents=exponents)
    return None


def _without_outlying(spectra: Sequence[Spectrum], whole: SeriesFit) -> Plan | None:
    """Take out one spectrum after the other until the data allow common parameters to the rest.

    The common fit bends towards a spectrum that is far off. So two are tried each time: the one that it fits worst, and the
    one whose own capacitances are farthest from those of most; the better rest is kept.
    """
    members, fit, text = list(range(len(spectra))), whole, whole.circuit.text
    strangeness = _strangeness(spectra, text)
    for _ in range(min(len(spectra) // _OUTLYING, len(spectra) - _FEWEST)):
        best = [spectra[i].single.best for i in members]
        excess = [f.bic / max(b.reduced * b.df, 1e-300) for f, b in zip(fit.fits, best, strict=True)]
        worst = members[int(np.argmax(excess))]
        strangest = max(members, key=lambda i: strangeness[i])
        rests = [[i for i in members if i != gone] for gone in dict.fromkeys((worst, strangest))]
        smaller = [(rest, found) for rest in rests if (found := _best(spectra, rest, text)) is not None]
        if not smaller:
            return None
        members, fit = min(smaller, key=lambda pair: pair[1].bic - pair[1].single_bic)
        if fit.preferred:
            outlying = tuple(i for i in range(len(spectra)) if i not in members)
            return Plan("common parameters", ((tuple(members), fit),), text, outlying, refused=whole)
    return None


def _strangeness(spectra: Sequence[Spectrum], text: str) -> np.ndarray:
    """Return how far the capacitances of each spectrum's own fit are from their medians, over their uncertainties."""
    fits = [_fit_of(spectrum, text) for spectrum in spectra]
    found = np.full(len(spectra), np.inf)
    known = [i for i, fit in enumerate(fits) if fit is not None]
    both = np.array([[_log_capacitance(fit, arc) for arc in fit.circuit.arcs] for fit in fits if fit is not None])
    if both.size:
        value, u = both[..., 0], np.hypot(both[..., 1], _ALIKE)
        found[known] = np.max(np.abs(value - np.median(value, axis=0)) / u, axis=1)
    return found


def _log_capacitance(fit: CircuitFit, arc: Arc) -> tuple[float, float]:
    """Return ln C of an arc, C being its effective capacitance, and its standard uncertainty."""
    slope, (r, q, *n) = np.zeros(fit.theta.size), arc.slots
    exponent = fit.theta[n[0]] if n else 1.0
    slope[[r, q]] = 1.0 / exponent - 1.0, 1.0 / exponent
    slope[n] = -(fit.theta[r] + fit.theta[q]) / exponent**2
    variance = float(slope @ np.where(np.isfinite(fit.covariance), fit.covariance, 1e6) @ slope)
    return float(np.log(arc_capacitance(arc, fit.theta))), float(np.sqrt(max(variance, 0.0)))


def _as_change(plan: Plan, order: Sequence[int]) -> Plan:
    """Two spectra and more at one end of the temperatures are no outliers: there the circuit changes."""
    out, size = set(plan.outlying), len(plan.outlying)
    if size < 2 or not order or out not in ({*order[:size]}, {*order[-size:]}):
        return plan
    cut = size if out == {*order[:size]} else len(order) - size
    return replace(plan, mode="two circuits", circuit="", outlying=(), change=cut)


def _two(spectra: Sequence[Spectrum], circuit: str | None, order: Sequence[int], whole: SeriesFit) -> Plan | None:
    """Split the series where the criterion is lowest; each side gets the circuit that is most often chosen there."""
    if circuit is not None or len(order) < 2 * _FEWEST:
        return None
    plans = []
    for cut in range(_FEWEST, len(order) - _FEWEST + 1):
        sides = [tuple(order[:cut]), tuple(order[cut:])]
        fits = [_global([spectra[i] for i in side], _candidates(spectra, side, None)[0], True) for side in sides]
        allowed = [(side, f) for side, f in zip(sides, fits, strict=True) if f is not None and f.preferred]
        alike = len({f.circuit.text for f in fits if f is not None}) < 2  # then it is the capacitances that change
        if len(allowed) == 1 and not alike and not _changes(spectra, sides, fits):
            allowed = []
        if len(allowed) == 2 or (allowed and not alike):
            gain = sum(f.bic - f.single_bic for _, f in allowed)
            plans.append((gain, Plan("two circuits", tuple(allowed), "", change=cut, refused=whole)))
    return min(plans, key=lambda pair: pair[0])[1] if plans else None


def _free(spectra: Sequence[Spectrum], circuit: str | None, whole: SeriesFit | None) -> Plan:
    """Take one circuit with free parameters where it fits every spectrum, else the single choices."""
    for text in _candidates(spectra, range(len(spectra)), circuit):
        if circuit is not None or all(_as_good(spectrum, text) for spectrum in spectra):
            return Plan("one circuit", circuit=text, refused=whole)
    return Plan("single fits", refused=whole)


def _changes(spectra: Sequence[Spectrum], sides: Sequence[tuple[int, ...]], fits: Sequence[SeriesFit | None]) -> bool:
    """Return whether each side has its own circuit: one that fits all its spectra, where that of the other side does not.

    Spectra that choose now this circuit, now that one, show the errors of an instrument, not another electrolyte.
    """
    own = [fit.circuit.text for fit in fits if fit is not None]
    if len(own) < 2:
        return True
    return all(
        all(_as_good(spectra[i], text) for i in side) for side, text in zip(sides, own, strict=True)
    ) and not any(
        all(_as_good(spectra[i], text) for i in side) for side, text in zip(sides, reversed(own), strict=True)
    )


def _as_good(spectrum: Spectrum, text: str) -> bool:
    """Return whether a circuit fits a spectrum physically and as well as the spectrum's own choice."""
    fit = _fit_of(spectrum, text)
    within = fit is not None and fit.reduced < _AS_GOOD * spectrum.single.best.reduced
    return within and fit is not None and is_physical(fit, spectrum.frequency)
