"""What each resistor of a circuit is: part of the electrolyte, of an electrode, of the leads, or nobody can tell.

The electrolyte's resistance is what stands in series with no storage element across it, plus arcs of a capacitance that an
electrolyte can have, also where they are nested. A resistor with an inductor across it carries no direct current. What
shares its current with another resistor cannot be told. Finite diffusion with the capacitance and nearly the time constant
of an arc of the electrolyte is its asymmetric end: it belongs to the electrolyte, too.

Source: Irvine, Sinclair, West, Adv. Mater. 1990, 2, 132, doi:10.1002/adma.19900020304 (capacitances of bulk, grain
boundary, electrode).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from closo.techniques.impedance.circuit import Circuit, Element, Node, Parallel, Series, relaxation_time

ELECTRODE_FARAD = 1e-6  # an arc of 1 uF and more is not an electrolyte, whatever the geometry
_ELECTROLYTE_FARAD = 2e-8  # below, an arc of unknown geometry is part of the electrolyte
_BESIDE_BLOCKING_FARAD = 3e-7  # above, beside a blocking electrode, it is part of that electrode
_IDEAL = 0.01  # distance of an exponent from 1; no electrode comes so near
DIFFUSION = ("Ws", "G")  # finite diffusion that passes direct current
_SAME_PROCESS = 30.0  # ratio of time constants within which two arcs are one distributed process
_ELECTRODE_PER_AREA = 5e-3  # F/m2 (0.5 uF/cm2) above which it is one of an electrode, in a thin specimen too
_ELECTRODE = 3e-6  # C L/A [F/m] above which it is part of an electrode (3e-8 F/cm)
_DOUBTFUL = 1e-6  # C L/A [F/m] above which a layer on the electrode looks like a grain boundary (1e-8 F/cm)


@dataclass(frozen=True)
class Term:
    """One resistor and what lies across it."""

    resistor: Element
    storage: Element | None  # the nearest C or CPE across it, None for a resistor that stands in series
    capacitances: tuple[float, ...]  # effective capacitance [F] of every storage element across it, the nearest first
    shorted: bool  # an inductor lies across it
    shared: bool  # its current can also take a path through another resistor or diffusion element
    time_constant: float  # of the nearest arc [s], 0 for a resistor that stands in series
    ideal: bool = False  # the nearest storage element is a capacitor, or a CPE that is not distinguishable from one


def terms(circuit: Circuit, theta: np.ndarray) -> tuple[Term, ...]:
    """Return one Term per resistor of `circuit`, in order of appearance, then of finite diffusion in series.

    Example
    -------
    >>> from closo.techniques.impedance.circuit import parse
    >>> nested = parse("R-(Q|(R-W))")
    >>> [(t.resistor.label, t.storage is not None) for t in terms(nested, np.zeros(nested.size))]
    [('R1', False), ('R2', True)]
    """
    resistors = tuple(_term(theta, *found) for found in _resistors(circuit.root, ()))
    return resistors + tuple(_diffusion(theta, e) for e in circuit.single if e.kind.symbol in DIFFUSION)


def _diffusion(theta: np.ndarray, element: Element) -> Term:
    """Describe what passes direct current like an arc: its resistance, and its time constant over it as capacitance."""
    log_r, log_tau = np.clip(theta[element.first : element.first + 2], -300.0, 300.0)
    tau = float(np.exp(log_tau))
    return Term(element, element, (float(np.exp(log_tau - log_r)),), False, False, tau)


_Across = tuple[Node, tuple[Node, ...]]  # a branch of a parallel group, and the other branches


def _resistors(node: Node, around: tuple[_Across, ...]) -> Iterator[tuple[Element, tuple[_Across, ...]]]:
    """Yield every resistor with the parallel groups that it lies in, the innermost first."""
    if isinstance(node, Element):
        if node.kind.symbol == "R":
            yield node, around
        return
    for part in node.parts:
        others = tuple(p for p in node.parts if p is not part)
        yield from _resistors(part, ((part, others), *around) if isinstance(node, Parallel) else around)


def _term(theta: np.ndarray, resistor: Element, around: tuple[_Across, ...]) -> Term:
    shorted, shared = False, False
    storages: list[tuple[Element, float]] = []
    for branch, others in around:
        resistors = [e for e in _leaves(branch) if e.kind.symbol == "R"]
        resistance = sum(float(np.exp(np.clip(theta[e.first], -300.0, 300.0))) for e in resistors)
        for other in others:
            symbols = {e.kind.symbol for e in _leaves(other)}
            if symbols == {"L"}:
                shorted = True
            elif isinstance(other, Element) and symbols <= {"C", "Q"}:
                storages.append((other, relaxation_time(np.log(resistance), other, theta) / resistance))
            elif not symbols <= {"C", "Q"}:
                shared = True
    if not storages:
        return Term(resistor, None, (), shorted, shared, 0.0)
    nearest, capacitance = storages[0]
    tau = capacitance * float(np.exp(min(theta[resistor.first], 300.0)))
    ideal = nearest.kind.symbol == "C" or abs(theta[nearest.first + 1] - 1.0) < _IDEAL
    return Term(resistor, nearest, tuple(c for _, c in storages), shorted, shared, tau, ideal)


def _leaves(node: Node) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
        return
    for part in node.parts if isinstance(node, Series | Parallel) else ():
        yield from _leaves(part)


def kinds(found: Sequence[Term], cell_constant: float | None, *, area: float | None = None, blocked: bool) -> list[str]:
    """Say what each resistor is: 'series', 'electrolyte', 'electrode', 'lead', 'diffusion', or 'unknown'.

    Parameters
    ----------
    cell_constant : L/A [1/m], None for a specimen of unknown geometry: an arc of 0.02 to 1 uF can then be either, and one
        with an ideal capacitor is a component of a dummy cell; no electrode is ideal. Where L/A is known, one of 10 to 30
        nF/cm can be either.
    area : of the specimen [m2], None where unknown; the capacitance of an electrode is one per area.
    blocked : a blocking electrode stands in series with everything.
    """
    said = [_kind(term, cell_constant, area, blocked) for term in found]
    arcs = [t for t, kind in zip(found, said, strict=True) if kind == "electrolyte" and not _diffuses(t)]
    return [
        "diffusion" if _diffuses(t) and not (kind == "electrolyte" and overlap([t], arcs)) else kind
        for t, kind in zip(found, said, strict=True)
    ]


def _diffuses(term: Term) -> bool:
    return term.resistor.kind.symbol in DIFFUSION


def overlap(some: Sequence[Term], others: Sequence[Term]) -> bool:
    """True where an arc lies so near to another one in frequency that both may be one distributed process."""
    pairs = ((a.time_constant, b.time_constant) for a in some for b in others if a is not b)
    return any(b / _SAME_PROCESS < a < b * _SAME_PROCESS for a, b in pairs)  # one that vanishes is near none


def _kind(term: Term, cell_constant: float | None, area: float | None, blocked: bool) -> str:
    component = cell_constant is None and term.ideal and not blocked
    beside = blocked and cell_constant is None and any(c > _BESIDE_BLOCKING_FARAD for c in term.capacitances)
    if beside or (not component and any(_is_electrode(c, cell_constant, area) for c in term.capacitances)):
        return "electrode"
    if term.shorted:
        return "lead"
    if term.shared:
        return "unknown"
    most = _ELECTROLYTE_FARAD if cell_constant is None else _DOUBTFUL / cell_constant
    if not component and any(c > most for c in term.capacitances):
        return "unknown"
    return "series" if term.storage is None else "electrolyte"


def _is_electrode(capacitance: float, cell_constant: float | None, area: float | None) -> bool:
    specific = 0.0 if cell_constant is None else capacitance * cell_constant
    per_area = 0.0 if area is None else capacitance / area
    return capacitance > ELECTRODE_FARAD or specific > _ELECTRODE or per_area > _ELECTRODE_PER_AREA
