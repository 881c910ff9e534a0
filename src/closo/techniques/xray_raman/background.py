"""What lies under an edge: models of the valence Compton profile, and the normalised edge that each of them leaves.

Linear models are fitted by least squares without weights, whose result is linear in the counts: no bias at few counts. What
the choice between models moves is a source of its own: at high momentum transfer it is far larger than counting.

Sources: Biggs, Mendelsohn, Mann 1975, doi:10.1016/0092-640X(75)90030-3 (atomic profiles); Sahle et al., J. Synchrotron
Rad. 2015, 22, 400, doi:10.1107/S1600577514027581 (Pearson VII and Hartree-Fock backgrounds); Schwarz 1978,
doi:10.1214/aos/1176344136 (BIC).
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from closo.errors import ConvergenceError, DataError, StudyError
from closo.fit import least_squares
from closo.techniques.xray_raman.edges import Window

_HARTREE, _BOHR, _ALPHA = 27.2114, 5.29177e-11, 1.0 / 137.036
_WORSE = 10.0  # difference of BIC beyond which a model is no longer among those that may be true
_LEAST_POINTS = 8
_PLASMONS = 80.0  # eV: below it the loss spectrum is not smooth


@dataclass(frozen=True)
class Background:
    """One model: its curve over the whole spectrum, BIC within the window, and whether it may be true.

    `operator`, shape (n, n_window): curve = operator @ spectrum[window], of linear models.
    """

    name: str
    curve: np.ndarray
    bic: float
    operator: np.ndarray | None = None


def inside(energy: np.ndarray, window: Window) -> np.ndarray:
    """Return which points lie in a window; shape (n,) of bool."""
    return np.asarray((energy >= window[0]) & (energy <= window[1]))


def integral(energy: np.ndarray, window: Window) -> np.ndarray:
    """Return the weights, shape (n,), with which a spectrum gives its area between exact limits (trapezoids).

    Example
    -------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> float(integral(x, (0.5, 2.5)) @ (2.0 * x))
    6.0
    """
    low, high = max(window[0], energy[0]), min(window[1], energy[-1])
    edges = np.unique(np.concatenate([[low, high], energy[(energy > low) & (energy < high)]]))
    weights = np.zeros(energy.size)
    half = 0.5 * np.diff(edges)
    for ends in (edges[:-1], edges[1:]):
        at = np.clip(np.searchsorted(energy, ends, "right") - 1, 0, energy.size - 2)
        share = (ends - energy[at]) / (energy[at + 1] - energy[at])
        np.add.at(weights, at, half * (1.0 - share))
        np.add.at(weights, at + 1, half * share)
    return weights


def backgrounds(
    energy: np.ndarray, signal: np.ndarray, variance: np.ndarray, window: Window, *, shape: np.ndarray | None = None
) -> list[Background]:
    """Return models of what lies under an edge, the one that is used first.

    It is the best by BIC of those with at most two parameters: constant, line, exponential where the signal is well above
    zero, and `shape` (n,), an atomic Compton profile, times a factor plus a constant. A parabola (of the logarithm
    where there is an exponential) and Pearson VII, where the spectrum reaches far below the window, often fit the window
    better and extrapolate worse: they only take part in the spread, as do the others but a constant that the window
    rejects.

    Raises
    ------
    DataError  when fewer than 8 points lie in the window.
    """
    chosen = inside(energy, window)
    if chosen.sum() < _LEAST_POINTS:
        raise DataError(
            f"the background needs {_LEAST_POINTS} points from {window[0]:g} to {window[1]:g} eV, and {chosen.sum()} are "
            f"there; the spectrum reaches from {energy[0]:.5g} to {energy[-1]:.5g} eV.",
            hint="Name another window: --set background=LOW-HIGH.",
        )
    t = (energy - energy[chosen].mean()) / (0.5 * np.ptp(energy[chosen]))
    powers = np.stack([np.ones_like(t), t, t * t], axis=1)
    level, scatter = float(np.mean(signal[chosen])), float(np.mean(variance[chosen]))
    positive = (
        level > 5.0 * math.sqrt(scatter)
        and float(np.min(np.polyval(np.polyfit(t[chosen], signal[chosen], 1), t[chosen]))) > 0
    )
    bases = {"constant": powers[:, :1], "line": powers[:, :2]}
    if not positive:
        bases["parabola"] = powers
    if shape is not None:
        bases["Compton"] = np.stack([shape, np.ones_like(t)], axis=1)
    curves = {name: (basis @ np.linalg.pinv(basis[chosen]) @ signal[chosen], basis) for name, basis in bases.items()}
    if positive:
        for name, basis in (("exponential", powers[:, :2]), ("exponential of a parabola", powers)):
            curve = _exponential(basis, signal, chosen)
            curves[name] = (curve, curve[:, None] * basis)
    found = [
        Background(
            name, curve, _bic(signal - curve, variance, chosen, basis.shape[1]), basis @ np.linalg.pinv(basis[chosen])
        )
        for name, (curve, basis) in curves.items()
    ]
    best = min((m for m in found if "parabola" not in m.name), key=lambda m: m.bic)
    found = [m for m in found if m.name != "constant" or m.bic - best.bic < _WORSE]
    pearson = _pearson(energy, signal, window, level)
    if pearson is not None:
        found.append(Background("Pearson VII", pearson, _bic(signal - pearson, variance, chosen, 5)))
    return sorted(found, key=lambda m: m is not best)


def _bic(left: np.ndarray, variance: np.ndarray, chosen: np.ndarray, parameters: int) -> float:
    return float(np.sum(left[chosen] ** 2 / variance[chosen])) + parameters * math.log(chosen.sum())


def _exponential(basis: np.ndarray, signal: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return exp(a + b t ...), fitted within the window."""
    level = float(np.mean(signal[chosen]))

    def curve(p: np.ndarray) -> np.ndarray:
        return np.asarray(level * np.exp(np.clip(basis @ p, -50.0, 50.0)))

    fit = least_squares(
        lambda p: (curve(p) - signal)[chosen] / level,
        np.zeros(basis.shape[1]),
        jacobian=lambda p: curve(p)[chosen, None] / level * basis[chosen],
        with_covariance=False,
    )
    return curve(fit.values)


def _pearson(energy: np.ndarray, signal: np.ndarray, window: Window, level: float) -> np.ndarray | None:
    """Return a Pearson VII profile plus a constant; None where the spectrum does not reach far below the window."""
    wide = inside(energy, (max(_PLASMONS, float(energy[0])), window[1]))
    width = window[1] - window[0]
    if level <= 0 or np.ptp(energy[wide]) < 2.5 * width or np.diff(energy[wide]).max() > 0.5 * width:
        return None

    def curve(p: np.ndarray) -> np.ndarray:
        m = math.exp(min(p[2], 6.0))
        profile = (1.0 + ((energy - p[0]) / math.exp(min(p[1], 9.0))) ** 2 / m) ** -m
        return np.asarray(level * (p[3] * profile + p[4]))

    top = int(np.argmax(signal[wide]))
    start = np.array([energy[wide][top], math.log(60.0), 0.7, float(signal[wide][top]) / level, 0.0])
    try:
        fit = least_squares(lambda p: (curve(p) - signal)[wide] / level, start, with_covariance=False)
    except ConvergenceError:
        return None
    return curve(fit.values)


def compton_shape(energy: np.ndarray, formula: str, momentum: float, *, before: float) -> np.ndarray:
    """Return the Compton profile of a formula by free atoms over the energy loss, in arbitrary units.

    S(q, w) = sum over shells of J(pz)/q, pz = (w - q^2/2)/q in atomic units; a shell takes part above its binding
    energy, and the one whose edge lies above `before` does not.

    Parameters
    ----------
    energy : loss [eV]; formula : 'Na2B12H12'; momentum : q [1/m].

    Raises
    ------
    StudyError  when the formula holds an element that is not in the table (H, B, C, N, O, Na, Si).
    """
    text = (files("closo.techniques.xray_raman") / "compton.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    pz = np.array([float(p) for p in rows[0][3:]])
    atoms = re.findall(r"([A-Z][a-z]?)(\d*(?:\.\d+)?)", formula)
    known = {row[0] for row in rows[1:]}
    if not atoms or "".join(a + n for a, n in atoms) != formula.replace(" ", "") or not {a for a, _ in atoms} <= known:
        raise StudyError(f"formula = '{formula[:40]}' is not of {', '.join(sorted(known))}.", hint="Write 'Na2B12H12'.")
    q, w = momentum * _BOHR, energy / _HARTREE
    p = np.abs((w - 0.5 * q * q) / q)
    total = np.zeros(energy.size)
    for symbol, count in atoms:
        for row in (row for row in rows[1:] if row[0] == symbol and float(row[2]) < before):
            profile = np.interp(p, pz, np.array([float(j) for j in row[3:]]))
            total += float(count or 1) * float(row[1]) * np.where(energy > float(row[2]), profile, 0.0)
    return np.asarray(total / total.max())
