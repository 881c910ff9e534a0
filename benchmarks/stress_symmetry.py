"""Answers that must not change: when units are, when rows are shuffled, when less is said of the pellet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.stress_judge import analyse
from benchmarks.stress_scenarios import scenarios
from benchmarks.stress_spectra import Case, Draw
from closo.result import Result

__all__ = ["equivariance", "without_geometry"]


def equivariance(count: int = 200, seed: int = 0) -> dict[str, Any]:
    """Scale Z by a and f by b, each 1e-3 to 1e3, shuffle the rows, and compare circuit, resistances and their u.

    The geometry is scaled with them, L/A by a b, so that relative permittivities stay. Every other time, and without
    geometry, a b = 1, so that capacitances stay too and all resistances must; else those of the circuit are compared. A
    resistance that only one of the two analyses gives is a failure.
    """
    names = list(scenarios())
    failures, largest_r, largest_u = [], 0.0, 0.0
    for k in range(count):
        d = Draw("equivariance", seed + k)
        name, own = d.one(*names), int(d.random.integers(10_000))
        case = scenarios()[name](own)
        a, b = d.log(1e-3, 1e3), d.log(1e-3, 1e3)
        named = k % 2 == 0 or case.geometry is None
        b = 1 / a if named else b
        moved, expected = analyse(_scaled(case, a, b, d.random.permutation(case.frequency.size))), analyse(case)
        difference = _difference(expected, moved, a, named=named)
        label = f"{name}, seed {own}, Z x {a:.3g}, f x {b:.3g}"
        if isinstance(difference, str):
            failures.append(f"{label}: {difference}")
            continue
        largest_r, largest_u = max(largest_r, difference[0]), max(largest_u, difference[1])
        if difference[0] > 1e-6 or difference[1] > 1e-3:
            failures.append(f"{label}: R by {difference[0]:.2g}, u by {difference[1]:.2g}")
    return {"n": count, "failed": len(failures), "largest_R": largest_r, "largest_u": largest_u, "failures": failures}


def _scaled(case: Case, a: float, b: float, order: np.ndarray) -> Case:
    """Return the case with Z times a, f times b, L/A times a b, and its rows in another order."""
    g = case.geometry
    moved = g and replace(g, thickness=g.thickness * a * b, stated_thickness=g.stated_thickness * a * b)
    return replace(case, frequency=b * case.frequency[order], impedance=a * case.impedance[order], geometry=moved)


def _difference(
    one: Result | Exception, other: Result | Exception, a: float, *, named: bool
) -> str | tuple[float, float]:
    """Return the largest relative differences of R and of u, or what else differs."""
    if isinstance(one, Exception) or isinstance(other, Exception):
        same = type(one) is type(other)
        return (0.0, 0.0) if same else f"{type(one).__name__} became {type(other).__name__}"
    if one.findings["circuit"] != other.findings["circuit"]:
        return f"{one.findings['circuit']} became {other.findings['circuit']}"
    of_r = of_u = 0.0
    for key in (key for key in one.quantities if key.startswith("resistance:") or (named and "resistance" in key)):
        p, q = one.quantities[key], other.quantities.get(key)
        if q is None or (p.value is None) != (q.value is None):
            return f"{key} is given by one of them only"
        if p.value and p.u and q.value and q.u:
            of_r, of_u = max(of_r, abs(q.value / (a * p.value) - 1)), max(of_u, abs(q.u / (a * p.u) - 1))
    return of_r, of_u


def without_geometry(count: int = 100, seed: int = 0) -> dict[str, Any]:
    """Leave area and thickness out of random spectra: the total must be the same, or withheld.

    What is known of a pellet may tell which arcs belong to it; a total that changes without a word had two meanings. Totals
    are compared where both are given and neither result has failed a check; they may differ by 3 u of their difference.
    """
    failures, compared = [], 0
    for k in range(count):
        d = Draw("without geometry", seed + k)
        name, own = d.one(*scenarios()), int(d.random.integers(10_000))
        case = scenarios()[name](own)
        results = [analyse(case), analyse(replace(case, geometry=None))]
        if any(isinstance(r, Exception) or any(c.passed is False for c in r.checks) for r in results):
            continue
        p, q = (r.quantities["total_resistance"] for r in results if isinstance(r, Result))
        if p.value and q.value and p.u and q.u:
            compared += 1
            if abs(p.value - q.value) > 3 * float(np.hypot(p.u, q.u)):
                failures.append(f"{name}, seed {own}: {p.value:.4g} with geometry, {q.value:.4g} without")
    return {"n": compared, "failed": len(failures), "failures": failures}
