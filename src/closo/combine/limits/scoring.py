"""How well each mechanism explains what was measured on some cells: likelihood, evidence, fit.

Every cell is simulated over a grid of values of one mechanism, all at once. What is not known of a cell is averaged over:
charge that does not come back in the first cycle, the hysteresis of the active material without current (one for all
cells), double layers and the slope of the potential behind a spectrum. Values and activation energies have the priors of
`mechanisms`, cut to where the mechanism changes something that the data could show: a mechanism without effect is "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.limits.evidence import FREQUENCIES, Evidence, features
from closo.combine.limits.mechanisms import MECHANISMS, NONE, OTHER, Mechanism
from closo.constants import BOLTZMANN, ELECTRONVOLT, FARADAY, GAS
from closo.models.cell.porous import cycle, impedance
from closo.models.cell.stack import T20, Stack

POINTS = 25  # values of a mechanism
_LOST = np.linspace(0.0, 0.45, 16)  # share of the first charge that does not come back, beyond what a mechanism holds
_LOST_SD = 0.15
_HYSTERESIS = np.linspace(0.0, 0.15, 7)  # V, of the active material itself
_HYSTERESIS_SD = 0.05
_LAYERS = np.geomspace(0.05, 100.0, 11)  # double layer of the cathode, times that assumed; near enough to have no gaps
_METAL_LAYERS = np.geomspace(0.1, 10.0, 5)  # that of sodium
_SLOPES = (0.04, 1.0, 20.0)  # V, of the potential over content behind a spectrum
# What the model itself may be wrong by, standard deviations; a gap also relative to itself, |Z| at all frequencies at once
# (a contact in series, an area) and at each.
_MODEL = {"capacity": 0.03, "ratio": 0.015, "gap": 0.015, "gap_relative": 0.15, "impedance": 0.2, "shape": 0.15}
_FRONT = 0.10  # 1/V: what costs voltage is a front in the electrode, whose capacity hangs on details of the model
_EFFECT = 4.0  # chi2 that a mechanism must make to be another one than "none"
_ENERGIES = np.linspace(-2.0, 2.0, 9)  # standard deviations of an energy


@dataclass(frozen=True)
class Row:
    """A mechanism on one cell: coordinates (K,), features (K,), (K,), (K, 3), and |Z| (K, n, 5) over its nuisances."""

    grid: np.ndarray
    capacity: np.ndarray
    ratio: np.ndarray
    gaps: np.ndarray
    impedance: np.ndarray | None


@dataclass(frozen=True)
class Score:
    """One mechanism against all cells."""

    name: str  # of the mechanism
    evidence: float  # ln of the probability of the data, averaged over priors
    best: float  # smallest -2 ln of (likelihood over its highest value), priors of nuisances included
    dof: int  # data - parameters
    posterior: np.ndarray  # points of the prior, shape (P, 3): coordinate at 20 degC, energy [eV], weight


def simulate_row(
    cell: Evidence, *, kelvin: float, c_rate: float, only: Sequence[str] | None = None, with_spectrum: bool = True
) -> dict[str, Row]:
    """Return each mechanism (`only` some) on a cell at a temperature and rate, in one batch; 'none' has one point."""
    stacks, places = [cell.stack], {NONE: slice(0, 1)}
    for mechanism in MECHANISMS:
        if only is not None and mechanism.name not in only:
            continue
        if mechanism.field:
            grid = mechanism.grid(POINTS)
            places[mechanism.name] = slice(len(stacks), len(stacks) + len(grid))
            stacks += [mechanism.on(cell.stack, x) for x in grid]
    capacity, ratio, gaps = features(cycle(stacks, kelvin, c_rate, window=cell.window), stacks)
    rows = {}
    for name, place in places.items():
        grid = np.zeros(1) if name == NONE else next(m for m in MECHANISMS if m.name == name).grid(POINTS)
        z = None
        if with_spectrum and cell.impedance is not None:
            z = np.array([_spectra(stack, cell.impedance_kelvin) for stack in stacks[place]])
        rows[name] = Row(grid, capacity[place], ratio[place], gaps[place], z)
    return rows | _imitations(rows[NONE], only)


def _imitations(none: Row, only: Sequence[str] | None) -> dict[str, Row]:
    """Return what looks like a slow process and is none, from a cell in which nothing is slow."""
    made = {}
    one = np.ones(POINTS)
    z = None if none.impedance is None else np.repeat(none.impedance, POINTS, axis=0)
    for mechanism in MECHANISMS:
        if mechanism.field or (only is not None and mechanism.name not in only):
            continue
        grid = mechanism.grid(POINTS)
        left, extra = (one, grid) if mechanism.unit == "V" else (grid, 0.0 * grid)
        gaps = none.gaps + extra[:, None]
        made[mechanism.name] = Row(grid, none.capacity * left, none.ratio / left, gaps, z)
    return made


def _spectra(stack: Stack, kelvin: float) -> np.ndarray:
    """Return |Z| of a cell for each combination of its nuisances, (n, 5)."""
    made = []
    for layer in _LAYERS:
        for metal in _METAL_LAYERS:
            changed = replace(
                stack, double_layer=stack.double_layer * layer, sodium_double_layer=stack.sodium_double_layer * metal
            )
            made += [np.abs(impedance(changed, kelvin, FREQUENCIES, content=0.9, slope=s)) for s in _SLOPES]
    return np.array(made)


def _likelihood(cell: Evidence, row: Row) -> tuple[np.ndarray, np.ndarray]:
    """Return ln likelihood over (grid, hysteresis), averaged over the cell's own nuisances, and the best of them.

    The best has the nuisances' priors relative to their maxima, and lacks the constants: -2 best is a chi2.
    """
    dead = ~np.isfinite(row.capacity)
    capacity = np.where(dead, 0.0, row.capacity)
    front = _FRONT * np.clip(np.where(dead, 2.0, row.gaps[:, 1]), 0.0, 1.0)
    sd = np.hypot(math.hypot(_MODEL["capacity"], cell.capacity_u), front)
    best_capacity = -0.5 * ((cell.capacity - capacity) / sd) ** 2
    log_capacity = best_capacity - np.log(sd)
    loose = np.hypot(_MODEL["ratio"], front)[:, None]
    expected = np.log(np.where(dead, 1.0, row.ratio))[:, None] + np.log1p(_LOST)[None, :]
    each = -0.5 * ((math.log(cell.ratio) - expected) / loose) ** 2 - 0.5 * (_LOST / _LOST_SD) ** 2
    log_ratio, best_ratio = _averaged(each, -0.5 * (_LOST / _LOST_SD) ** 2)
    gaps = np.where(np.isfinite(row.gaps), row.gaps, 2.0)[:, None, :] + _HYSTERESIS[None, :, None]
    sds = np.hypot(_MODEL["gap"], _MODEL["gap_relative"] * gaps)
    chi = -0.5 * ((cell.gaps - gaps) / sds) ** 2
    log_gaps = (chi - np.log(sds)).sum(axis=2)
    total = (log_capacity + log_ratio - np.log(loose[:, 0]))[:, None] + log_gaps
    best = (best_capacity + best_ratio)[:, None] + chi.sum(axis=2)
    if row.impedance is not None and cell.impedance is not None:
        n, own = len(FREQUENCIES), _MODEL["shape"] ** 2
        common = _MODEL["impedance"] ** 2 + cell.stack.conductivity_u**2
        away = np.log(cell.impedance / row.impedance)
        each = -0.5 * ((away**2).sum(axis=2) - common / (own + n * common) * away.sum(axis=2) ** 2) / own
        log_z, best_z = _averaged(each, np.zeros(each.shape[1]))
        total = total + (log_z - 0.5 * (n * math.log(own) + math.log1p(n * common / own)))[:, None]
        best = best + best_z[:, None]
    return total, best


def _averaged(each: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of the mean of exp(each) over axis 1, weighted as `prior` (already in `each`), and the highest."""
    top = each.max(axis=1)
    return top + np.log(np.exp(each - top[:, None]).sum(axis=1)) - math.log(np.exp(prior).sum()), top


def score(
    cells: Sequence[Evidence], rows: Sequence[dict[str, Row]], *, tell: Callable[[str], None] | None = None
) -> list[Score]:
    """Return the scores of all mechanisms on the same cells, best first.

    Parameters
    ----------
    cells : with what was measured. rows : `simulate_row` of each.
    """
    nothing = [row[NONE] for row in rows]
    found = [_score_none(cells, nothing), _score_other(cells, nothing)]
    for mechanism in MECHANISMS:
        if tell is not None:
            tell(mechanism.name)
        found.append(_score(mechanism, cells, [row[mechanism.name] for row in rows], nothing))
    return sorted(found, key=lambda s: -s.evidence)


def _count(cells: Sequence[Evidence]) -> int:
    return sum(5 + (0 if c.impedance is None else len(FREQUENCIES)) for c in cells)


def _prior_hysteresis() -> np.ndarray:
    weight = -0.5 * (_HYSTERESIS / _HYSTERESIS_SD) ** 2
    return np.asarray(weight - np.log(np.exp(weight).sum()))


def _score_none(cells: Sequence[Evidence], rows: Sequence[Row]) -> Score:
    total, best = np.zeros(len(_HYSTERESIS)), np.zeros(len(_HYSTERESIS))
    for cell, row in zip(cells, rows, strict=True):
        a, b = _likelihood(cell, row)
        total, best = total + a[0], best + b[0]
    evidence = float(np.logaddexp.reduce(total + _prior_hysteresis()))
    chi2 = -2.0 * float(np.max(best - 0.5 * (_HYSTERESIS / _HYSTERESIS_SD) ** 2))
    return Score(NONE, evidence, chi2, _count(cells), np.array([[0.0, 0.0, 1.0]]))


def _score_other(cells: Sequence[Evidence], rows: Sequence[Row]) -> Score:
    """Return the score of "whatever it is": in each cell any share of capacity and any distance, its spectrum within e."""
    share, gap = (x.ravel() for x in np.meshgrid(np.linspace(0.1, 1.0, POINTS), np.linspace(0.0, 1.2, POINTS)))
    evidence = 0.0
    for cell, none in zip(cells, rows, strict=True):
        free = Row(share, none.capacity * share, none.ratio * np.ones_like(share), none.gaps + gap[:, None], None)
        total = _likelihood(cell, free)[0] + _prior_hysteresis()
        evidence += float(np.logaddexp.reduce(total.ravel())) - math.log(len(share))
        if cell.impedance is not None and none.impedance is not None:
            away = np.log(cell.impedance / none.impedance[0]).reshape(-1, len(FREQUENCIES))
            evidence += float(np.max(-0.5 * (away**2).sum(axis=1)))
    return Score(OTHER, evidence, 0.0, max(_count(cells) - 4 * len(cells), 1), np.array([[0.0, 0.0, 1.0]]))


def _score(mechanism: Mechanism, cells: Sequence[Evidence], rows: Sequence[Row], nothing: Sequence[Row]) -> Score:
    """Return the score of one mechanism: an average over value at 20 degC, energy, and hysteresis."""
    grid = rows[0].grid
    made = [_likelihood(cell, row) for cell, row in zip(cells, rows, strict=True)]
    effects = [_effect(cell, row, none) for cell, row, none in zip(cells, rows, nothing, strict=True)]
    if mechanism.spread is None:
        return _score_apart(mechanism, cells, made, effects)
    steps, weights = (_ENERGIES, np.exp(-0.5 * _ENERGIES**2)) if mechanism.energy_field else (np.zeros(1), np.ones(1))
    weights = weights / weights.sum()
    terms, allowed, tops = [], [], []
    for step in steps:
        energy = mechanism.energy[0] + mechanism.energy[1] * step
        total, top, effect = 0.0, _prior_hysteresis(), np.zeros(len(grid))
        for cell, (log_l, log_best), change in zip(cells, made, effects, strict=True):
            at = grid + _shift(mechanism, energy, cell.kelvin)
            near = _nearness(grid, at, mechanism.spread)
            total = total + np.logaddexp.reduce(_normal(near)[:, :, None] + log_l, axis=1)
            top = top + np.max(near[:, :, None] + log_best, axis=1)
            effect = np.maximum(effect, np.interp(at, grid, change))
        other = _from_elsewhere(mechanism, cells, grid, energy) + np.where(effect >= _EFFECT, 0.0, -np.inf)
        allowed.append(effect >= _EFFECT)
        terms.append(np.logaddexp.reduce(total + _prior_hysteresis(), axis=1) + other)
        tops.append(float(np.max(top - _prior_hysteresis().max() + other[:, None])) - 0.5 * step**2)
    flat = (np.array(terms) + np.log(weights)[:, None]).ravel()
    norm = math.log(max(float((np.array(allowed) * weights[:, None]).sum()), 1e-300))
    highest = flat.max()
    weight = np.exp(flat - highest) if np.isfinite(highest) else np.ones(flat.size)
    points = [(x, mechanism.energy[0] + mechanism.energy[1] * step) for step in steps for x in grid]
    posterior = np.column_stack([np.array(points), weight / weight.sum()])
    dof = _count(cells) - (2 if mechanism.energy_field else 1)
    return Score(mechanism.name, float(np.logaddexp.reduce(flat)) - norm, -2.0 * max(tops), dof, posterior)


def _score_apart(
    mechanism: Mechanism,
    cells: Sequence[Evidence],
    made: list[tuple[np.ndarray, np.ndarray]],
    effects: list[np.ndarray],
) -> Score:
    """Return the score of a mechanism whose value is another one in every cell."""
    total, top = _prior_hysteresis(), -0.5 * (_HYSTERESIS / _HYSTERESIS_SD) ** 2
    marginal = []
    for (log_l, log_best), change in zip(made, effects, strict=True):
        allowed = np.where(change >= 1.0, 0.0, -np.inf)[:, None]
        total = total + np.logaddexp.reduce(log_l + allowed, axis=0) - math.log(max(int((change >= 1.0).sum()), 1))
        top = top + np.max(log_best + allowed, axis=0)
        marginal.append(np.logaddexp.reduce(log_l + allowed + _prior_hysteresis(), axis=1))
    grid = mechanism.grid(POINTS)
    flat = marginal[0]
    weight = np.exp(flat - flat.max())
    posterior = np.column_stack([grid, np.zeros_like(grid), weight / weight.sum()])
    evidence = float(np.logaddexp.reduce(total))
    return Score(mechanism.name, evidence, -2.0 * float(np.max(top)), _count(cells) - len(cells), posterior)


def _shift(mechanism: Mechanism, energy: float, kelvin: float, reference: float = T20) -> float:
    """Return what an energy adds to the logarithm of a value from 20 degC to another temperature."""
    return 0.0 if not mechanism.energy_field else -energy * ELECTRONVOLT / BOLTZMANN * (1.0 / kelvin - 1.0 / reference)


def _nearness(grid: np.ndarray, at: np.ndarray, sd: float) -> np.ndarray:
    """Return ln of how near the values of a cell (columns) are to those expected `at` it (rows), 0 at best; (K, K)."""
    width = max(sd, 0.5 * float(grid[1] - grid[0]))
    each = -0.5 * ((grid[None, :] - np.clip(at, grid[0], grid[-1])[:, None]) / width) ** 2
    return np.asarray(each - each.max(axis=1)[:, None])


def _normal(log_weights: np.ndarray) -> np.ndarray:
    return np.asarray(log_weights - np.logaddexp.reduce(log_weights, axis=1)[:, None])


def _effect(cell: Evidence, row: Row, none: Row) -> np.ndarray:
    """Return the chi2 (K,) that a value makes against a cell in which nothing is slow, without nuisances."""
    sd = math.hypot(_MODEL["capacity"], cell.capacity_u)
    capacity = np.where(np.isfinite(row.capacity), row.capacity, 0.0)
    gaps = np.where(np.isfinite(row.gaps), row.gaps, 2.0)
    wide = math.hypot(_MODEL["gap"], _HYSTERESIS_SD)
    return np.asarray(((capacity - none.capacity[0]) / sd) ** 2 + np.mean(((gaps - none.gaps[0]) / wide) ** 2, axis=1))


def _from_elsewhere(mechanism: Mechanism, cells: Sequence[Evidence], grid: np.ndarray, energy: float) -> np.ndarray:
    """Return ln of what another cell says of the sodium interface, at its maximum 0; 0 for other mechanisms."""
    known = [c.sodium for c in cells if c.sodium is not None]
    if mechanism.field != "sodium_exchange" or not known:
        return np.zeros(len(grid))
    resistance, kelvin = known[0]
    measured = math.log(GAS * kelvin / (FARADAY * resistance))
    at = grid + _shift(mechanism, energy, kelvin)
    return np.asarray(-0.5 * (np.minimum(at - measured, 0.0) / 0.7) ** 2)  # a faster one limits nothing
