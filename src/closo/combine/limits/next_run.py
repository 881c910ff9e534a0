"""The run that would tell mechanisms apart: expected information of every run of the same cells at other conditions.

A cell is simulated at other temperatures and rates with each mechanism that remains, over its posterior. How much a run
would say is the mutual information of mechanism and outcome: of the capacity relative to that already measured on the
same cell (so that its mass drops out), of the ratio of charge and discharge where nothing else is charged, and of the
distance between them. Of runs that say nearly as much as the best: one of the cell that lacks most, that changes
least, and then the one with the larger capacity (whose relative errors are smaller).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from closo.combine.limits.evidence import Evidence
from closo.combine.limits.mechanisms import MECHANISMS
from closo.combine.limits.scoring import POINTS, Row, Score, simulate_row
from closo.constants import BOLTZMANN, CELSIUS, ELECTRONVOLT
from closo.models.cell.stack import T20

TEMPERATURES = (0.0, 20.0, 40.0, 60.0)  # degC
FACTORS = (0.5, 1.0, 2.0)  # of the rate
_DRAWS = 60
_SD = (0.03, 0.02)  # of ln capacity of one cell; of a gap [V]
_NEARLY = 0.9  # of the information of the best run
_SAME = 3.0  # K


@dataclass(frozen=True)
class NextRun:
    """A run that was not made."""

    cell: str  # its name
    kelvin: float  # [K]
    c_rate: float  # [1/h]
    information: float  # expected, in bits
    most: float  # what would settle all, in bits
    expected: Mapping[str, tuple[float, float]]  # mechanism -> median discharge over theoretical capacity, distance [V]


def next_runs(
    cells: Sequence[Evidence],
    rows: Sequence[Mapping[str, Row]],
    scores: Sequence[Score],
    alive: Mapping[str, float],
    *,
    tell: Callable[[str], None] | None = None,
    seed: int = 0,
) -> list[NextRun]:
    """Return runs that were not made, the best first.

    Parameters
    ----------
    rows : of each cell as it ran. scores : of the mechanisms. alive : mechanism -> probability, of those that remain.
    """
    rng = np.random.default_rng(seed)
    total = sum(alive.values())
    weight = {name: p / total for name, p in alive.items()}
    draws = {s.name: _draws(s, rng) for s in scores if s.name in weight}
    found: list[tuple[NextRun, tuple[float, ...]]] = []
    for cell, row in zip(cells, rows, strict=True):
        for celsius in TEMPERATURES:
            if tell is not None:
                tell(f"{cell.name}, {celsius:g} degC")
            for factor in FACTORS:
                kelvin = celsius + CELSIUS
                if abs(kelvin - cell.kelvin) < _SAME and factor == 1.0:
                    continue
                new = simulate_row(
                    cell, kelvin=kelvin, c_rate=factor * cell.c_rate, only=tuple(weight), with_spectrum=False
                )
                outcome = {name: _outcomes(name, draws[name], (cell, row[name], new[name], kelvin)) for name in weight}
                bits = _information(outcome, weight, rng)
                expected = {name: (float(np.median(y[:, 2])), float(np.median(y[:, 1]))) for name, y in outcome.items()}
                most = -sum(p * np.log2(p) for p in weight.values() if p > 0)
                run = NextRun(cell.name, kelvin, factor * cell.c_rate, bits, float(most), expected)
                given = sum(weight[name] * c for name, (c, _) in expected.items())
                change = round(abs(kelvin - cell.kelvin) / 5.0)  # in steps of 5 K
                found.append((run, (cell.capacity, abs(np.log(factor)), change, -given)))
    best = max(run.information for run, _ in found)
    order = sorted(found, key=lambda f: (f[0].information < _NEARLY * best, *f[1]))
    return [run for run, _ in order]


def _draws(score: Score, rng: np.random.Generator) -> np.ndarray:
    """Return value at 20 degC (as its coordinate) and energy of draws of a posterior, (draws, 2)."""
    points = score.posterior
    chosen = rng.choice(len(points), size=_DRAWS, p=points[:, 2] / points[:, 2].sum())
    return np.asarray(points[chosen, :2])


def _outcomes(name: str, draws: np.ndarray, known: tuple[Evidence, Row, Row, float]) -> np.ndarray:
    """Return ln of the capacity over that measured, the gap [V] and the capacity over theory of each draw, (draws, 3)."""
    cell, old, new, kelvin = known
    mechanism = next((m for m in MECHANISMS if m.name == name), None)
    if mechanism is None:
        before = after = np.zeros(len(draws))
        grid = np.zeros(1)
    else:
        grid = mechanism.grid(POINTS)
        coordinate = draws[:, 0]
        if mechanism.spread is None:  # its value is another one in each cell: that which its capacity says
            known_value = float(np.interp(cell.capacity, np.nan_to_num(old.capacity), grid))
            coordinate = np.full(len(draws), known_value)
        shift = [0.0, 0.0]
        if mechanism.energy_field:
            shift = [-ELECTRONVOLT / BOLTZMANN * (1.0 / t - 1.0 / T20) for t in (cell.kelvin, kelvin)]
        before, after = (coordinate + draws[:, 1] * s for s in shift)
    capacity = [
        np.maximum(np.interp(x, grid, np.nan_to_num(row.capacity)), 0.005) for x, row in ((before, old), (after, new))
    ]
    gap = np.interp(after, grid, np.where(np.isfinite(new.gaps[:, 1]), new.gaps[:, 1], 2.0))
    ratio = np.log(capacity[1] / capacity[0])
    return np.column_stack([ratio, gap, cell.capacity * np.exp(ratio)])


def _information(outcome: Mapping[str, np.ndarray], weight: Mapping[str, float], rng: np.random.Generator) -> float:
    """Return the mutual information [bit] of mechanism and outcome, by drawing outcomes."""
    sd = np.array(_SD)
    bits = 0.0
    for name, p in weight.items():
        y = outcome[name][:, :2] + sd * rng.standard_normal((len(outcome[name]), 2))
        density = {
            other: np.exp(-0.5 * (((y[:, None, :] - made[None, :, :2]) / sd) ** 2).sum(axis=2)).mean(axis=1) + 1e-12
            for other, made in outcome.items()
        }
        mixed = sum(weight[other] * d for other, d in density.items())
        bits += p * float(np.mean(np.log2(density[name] / mixed)))
    return max(bits, 0.0)
