"""What one fitted circuit says of the electrolyte, and what it cannot say.

The total is the sum of all resistors that are neither an electrode's nor the leads'. A bulk resistance needs evidence: an
arc with its top inside the window, of a permittivity that a solid can have, and no resistance left in series with it that
could be the true bulk above the window. A grain boundary is what is slower than that bulk; without a bulk nobody knows how
much of an arc it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from closo.fit import correlations
from closo.techniques.impedance.fitting import CircuitFit
from closo.techniques.impedance.terms import DIFFUSION, Term, kinds, overlap, terms

VACUUM_PERMITTIVITY = 8.8541878188e-12  # F/m, CODATA 2022
NO_BOUNDARY = "no arc has a grain-boundary capacitance"
CORRELATED, VAGUE = 0.95, 0.4  # limits beyond which a parameter is withheld
BULK_PERMITTIVITY = (1.5, 100.0)  # of an arc that can be the bulk of an ion conductor
ASSIGNED_PERMITTIVITY = (1.5, 500.0)  # where the user says so: titanates such as LLTO have more than 100, SrTiO3 300
_UNRESOLVED = 0.05  # resistance in series, over that of the fastest arc, that could be a bulk above the window
_ELECTRODE_PER_AREA = 2e-4  # F/m2 (0.02 uF/cm2) below which a series CPE is not an electrode
_DOMINANT = 0.3  # total resistance over |Z|, reached somewhere in the window
_UNEXPLAINED = 4.0  # residual variance over the noise beyond which a circuit clearly misses the data
_FLAT, _SMEARED = 0.75, 0.15  # exponent below which an arc is not a single process; relative u of it per unit below
_EXTRAPOLATED = 0.15  # relative u of that part of a resistance that lies below the lowest frequency
_UNSEEN = 0.65  # share of the total that lies below the lowest frequency
_NEGLIGIBLE = 0.02  # share of the total up to which it does not matter what an arc is


@dataclass(frozen=True)
class Reading:
    """The resistors of one fit by what they are; indices are those of theta."""

    fit: CircuitFit
    total: tuple[Term, ...]  # of the electrolyte; empty where there is none
    left_out: tuple[Term, ...]  # resistors that are an electrode's (or the leads')
    bulk: tuple[Term, ...]  # of one arc; empty where bulk and boundary cannot be told
    boundary: tuple[Term, ...]  # of the other arcs
    why_total: str  # reason why it cannot be given, '' where it can; as the next two
    why_bulk: str
    why_boundary: str
    lowest: float  # the lowest frequency [Hz]
    # Label of a resistor -> what the user says, or the class that it has beside that; empty without an assignment.
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def lonely(self) -> bool:
        """One depressed arc is all there is, and nobody says what it is."""
        arcs = [t for t in self.total if t.storage is not None]
        return len(arcs) == 1 and not arcs[0].ideal and not self.said

    @property
    def distributed(self) -> bool:
        """Two arcs lie so near to each other that they may be one arc of another shape."""
        arcs = [t for t in self.total if t.storage is not None]
        return overlap(arcs, arcs)

    def unseen(self, part: Sequence[Term]) -> float:
        """Share of a sum of resistances that lies below the lowest frequency."""
        return _unseen(self.fit, part, self.lowest)

    def doubts(self, part: Sequence[Term]) -> tuple[float, float, float]:
        """Relative u of a sum of resistances for what lies below the window, for flat arcs, and for the misfit."""
        return _EXTRAPOLATED * self.unseen(part), self._smeared(part), self.misfit

    def _smeared(self, part: Sequence[Term]) -> float:
        """Relative u of a sum with arcs that are too flat for one process: what they stand for ends in another way."""
        cpes = [(t, t.storage.first + 1) for t in part if t.storage is not None and t.storage.kind.symbol == "Q"]
        flat = sum(self.value([t]) * max(_FLAT - float(self.fit.theta[n]), 0.0) for t, n in cpes)
        return _SMEARED * flat / self.value(part)

    @property
    def misfit(self) -> float:
        """Relative u where the circuit misses the data by more than their noise: twice what is missed of |Z|."""
        fit = self.fit
        return 2.0 * fit.rms * float(np.sqrt(1.0 - 1.0 / fit.reduced)) if fit.reduced > _UNEXPLAINED else 0.0

    def value(self, part: Sequence[Term]) -> float:
        """Sum of some resistances [ohm]."""
        return _sum(self.fit, part)


def relative_spread(fit: CircuitFit, part: Sequence[Term]) -> float:
    """Relative standard deviation of a sum of resistances, inf where nothing fixes it."""
    index = [t.resistor.first for t in part]
    value = np.exp(np.minimum(fit.theta[index], 300.0))
    variance = value @ fit.covariance[np.ix_(index, index)] @ value
    return float(np.sqrt(max(variance, 0.0)) / value.sum()) if np.isfinite(variance) else np.inf


def read_fit(fit: CircuitFit, frequency: np.ndarray, area: float | None, thickness: float | None) -> Reading:
    """Say what each resistor of `fit` is.

    Parameters
    ----------
    frequency : shape (n,) of the fit [Hz].
    area [m2], thickness [m] : of the specimen, None where unknown: then bulk and grain boundary cannot be told.
    """
    constant = None if area is None or thickness is None else thickness / area
    found, blocked = terms(fit.circuit, fit.theta), fit.circuit.blocking is not None
    kind = dict(zip(found, kinds(found, constant, area=area, blocked=blocked), strict=True))
    total = tuple(t for t in found if kind[t] in ("series", "electrolyte", "unknown"))
    left_out = tuple(t for t in found if kind[t] in ("electrode", "lead"))
    if not total and blocked:  # between blocking electrodes stands what one wants to know
        total = tuple(t for t in left_out if not t.shorted)
        left_out = tuple(t for t in left_out if t.shorted)
    unknown = tuple(t for t in found if kind[t] == "unknown")
    arcs = tuple(sorted((t for t in total if t.storage is not None), key=lambda t: t.time_constant))
    lowest = float(frequency.min())
    why = (
        _why_no_total(fit, total, unknown, constant)
        or not_closed(_unseen(fit, total, lowest))
        or _why_no_electrode(fit, frequency, area)
    )
    if constant is None:
        bulk: tuple[Term, ...] = ()
        boundary: tuple[Term, ...] = ()
        why_bulk = why_boundary = "arcs are assigned by capacitance, which needs area and thickness"
    else:
        series = tuple(t for t in total if t.storage is None)
        bulk, boundary, why_bulk, why_boundary = _split(fit, arcs, series, frequency=frequency, constant=constant)
    why_bulk = why_bulk or not_closed(_unseen(fit, bulk, lowest))
    why_boundary = why_boundary or not_closed(_unseen(fit, boundary, lowest))
    return Reading(fit, total, left_out, bulk, boundary, why, why_bulk, why_boundary, lowest)


def not_known(spread: float) -> str:
    """Say that a resistance has too large a relative uncertainty; NaN where no covariance exists."""
    if not np.isfinite(spread):
        return "not identifiable: the data do not fix it"
    return f"not identifiable: its relative uncertainty is {spread:.2g}"


def not_closed(unseen: float) -> str:
    """Say that too large a share of a resistance lies below the lowest frequency, '' where it does not."""
    if unseen <= _UNSEEN:
        return ""
    return f"the sweep ends before the arc closes: {100 * unseen:.0f} % of the resistance is extrapolated"


def _why_no_total(fit: CircuitFit, total: tuple[Term, ...], unknown: tuple[Term, ...], constant: float | None) -> str:
    if not total:
        return f"no resistor of {fit.circuit.text} is the electrolyte's: an electrode or an inductor lies across each"
    whole = _sum(fit, total)
    doubtful = [t for t in unknown if _sum(fit, (t,)) > _NEGLIGIBLE * whole]
    if doubtful:
        return _doubt(fit, doubtful[0], "a specimen of unknown geometry" if constant is None else "this specimen")
    spread, nearest = relative_spread(fit, total), float(np.abs(fit.model).min()) / whole
    if not spread < VAGUE:
        return not_known(spread)
    if nearest > 1.0 / _DOMINANT:
        return f"not identifiable: |Z| is nowhere below {nearest:.2g} times the resistance of {fit.circuit.text}"
    return ""


def _sum(fit: CircuitFit, part: Sequence[Term]) -> float:
    return float(sum(np.exp(min(fit.theta[t.resistor.first], 300.0)) for t in part))


def _doubt(fit: CircuitFit, term: Term, specimen: str) -> str:
    """Say why it cannot be told what a resistor belongs to."""
    label = term.resistor.label
    if term.shared:
        return f"not identifiable: what {label} of {fit.circuit.text} carries is not distinguishable from the circuit"
    return (
        f"{label} of {fit.circuit.text} lies beside {1e6 * max(term.capacitances):.2g} uF, which in {specimen} can be a "
        f"grain boundary or an electrode; say which with assign={label}:electrode"
    )


def _why_no_electrode(fit: CircuitFit, frequency: np.ndarray, area: float | None) -> str:
    """Say that the series CPE is not an electrode: it is the flank of an arc that the sweep does not close."""
    block = fit.circuit.blocking
    if block is None or area is None:
        return ""
    jw = 2j * np.pi * np.array([frequency.min()])
    z = block.evaluate(jw, np.log(jw), fit.theta)[0][0]
    capacitance = float(abs((-1.0 / (z.imag * jw[0].imag)) if z.imag else 0.0))
    if capacitance / area > _ELECTRODE_PER_AREA:
        return ""
    return (
        f"{block.label} of {fit.circuit.text} holds {100 * capacitance / area:.2g} uF/cm2, too little for an electrode: the "
        "sweep ends before the arc closes"
    )


def _unseen(fit: CircuitFit, total: Sequence[Term], lowest: float) -> float:
    """Share of a sum of resistances that its real part has not yet reached at the lowest frequency."""
    if not total:
        return 0.0
    missing, whole = 0.0, 0.0
    for term in total:
        r = float(np.exp(min(fit.theta[term.resistor.first], 300.0)))
        whole += r
        if term.storage is not None:
            n = fit.theta[term.storage.first + 1] if term.storage.kind.symbol == "Q" else 1.0
            x = (2j * np.pi * lowest * term.time_constant) ** n
            missing += r * (1.0 - float((1.0 / (1.0 + x)).real))
    return missing / whole


def _split(
    fit: CircuitFit, arcs: tuple[Term, ...], series: tuple[Term, ...], *, frequency: np.ndarray, constant: float
) -> tuple[tuple[Term, ...], tuple[Term, ...], str, str]:
    """Return bulk, boundary and why each is not given."""
    only_total = "only the total is known"
    known = [t for t in arcs if is_known(fit, t)]
    if not arcs or arcs[0] not in known:
        why = f"no bulk arc lies inside the measured frequencies: {only_total}"
        return (), (), why, why
    first = arcs[0]
    resistance = np.exp(fit.theta[first.resistor.first])
    epsilon = permittivity(first, constant)
    low, high = BULK_PERMITTIVITY
    unresolved = sum(np.exp(fit.theta[t.resistor.first]) for t in series)
    why = ""
    if any(t.resistor.kind.symbol in DIFFUSION for t in arcs):
        why = f"its arc is asymmetric and no sum of arcs: {only_total}"
    elif first.time_constant * 2 * np.pi * frequency.max() < 1.0:
        why = f"the top of the fastest arc lies above the highest frequency: {only_total}"
    elif not low < epsilon < high:
        which = "only a titanate's bulk or a grain boundary" if low < epsilon < ASSIGNED_PERMITTIVITY[1] else "no bulk"
        why = f"the fastest arc has a permittivity of {epsilon:.3g}, which {which} has: {only_total}"
    elif unresolved > _UNRESOLVED * resistance:
        label = ", ".join(t.resistor.label for t in series)
        why = (
            f"{label} in series with the fastest arc can be a bulk above the highest frequency: {only_total}; "
            f"if it is not, say assign={first.resistor.label}:bulk"
        )
    if why:
        return (), (), why, why
    rest = arcs[1:]
    if any(not is_known(fit, t) for t in rest):
        why = "not identifiable: the slower arcs are not known well enough"
        return ((), (), why, why) if overlap([first], rest) else ((first,), (), "", why)
    if _tied(fit, arcs):
        why = "not identifiable: the arcs' resistances are correlated beyond 0.95"
        return (), (), why, why
    return (first,), rest, "", "" if rest else NO_BOUNDARY


def _tied(fit: CircuitFit, arcs: Sequence[Term]) -> bool:
    index = [t.resistor.first for t in arcs]
    matrix = np.abs(np.triu(correlations(fit.covariance)[np.ix_(index, index)], 1))
    return bool(matrix.size and matrix.max() > CORRELATED)


def permittivity(term: Term, constant: float) -> float:
    """Relative permittivity of an arc; `constant` is L/A [1/m]."""
    return max(term.capacitances) * constant / VACUUM_PERMITTIVITY


def is_known(fit: CircuitFit, term: Term) -> bool:
    """True where R and C of an arc are known, and C not through another element only (as through L of a spike)."""
    assert term.storage is not None
    r, c = term.resistor.first, term.storage.first
    spread = np.sqrt(np.diag(fit.covariance))
    if not max(spread[r], spread[c]) < VAGUE:
        return False
    own = range(c, c + len(term.storage.kind.parameters))
    others = np.abs(np.delete(correlations(fit.covariance)[c], list(own)))
    return not (others.size and others.max() > CORRELATED and spread[c] > 0.1)
