"""Which sample would decide between the explanations?

For every silica at hand and a range of contents, each explanation says what it expects of ln sigma at the reference
temperature: a normal distribution with the spread of its posterior, of samples, of the voxel solves and of the
measurement. The expected log Bayes factor of one measurement is the Kullback-Leibler divergence between two of them,
averaged over which of the two is true. The best candidate has the highest mean over the rivals of the leading
explanation, each counted up to 5 (a factor of 150: decided).

Source: Lindley 1956, 10.1214/aoms/1177728069 (the information that an experiment is expected to give).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from closo.combine.interphase.inference import Posterior
from closo.combine.interphase.records import Composite, Place, Silica, Table, places_of

CONTENTS = tuple(round(0.15 + 0.05 * k, 2) for k in range(9))  # 15 to 55 vol%
DECIDED = 5.0  # ln of a Bayes factor
MEASUREMENT = 0.04  # standard uncertainty of ln sigma of a new pellet: thickness, area, temperature
_NEW = 0.02  # contents closer to one that was made are not new
_DRAWS = 400


@dataclass(frozen=True)
class Candidate:
    """A sample that could be made.

    Attributes
    ----------
    filler : silica; filler_fraction : its content.
    score : mean over the rivals of the expected log Bayes factor, each up to 5.
    log_bayes_factor : rival -> expected ln of the Bayes factor against the leading explanation.
    expected : explanation -> ln(sigma / (S/m)) at the reference temperature and its standard uncertainty.
    """

    filler: str
    filler_fraction: float
    score: float
    log_bayes_factor: dict[str, float]
    expected: dict[str, tuple[float, float]]


def choose(
    leader: Posterior, rivals: Sequence[Posterior], *, silicas: Mapping[str, Silica], filler_density: float
) -> list[Candidate]:
    """Return the candidates, the most telling one first.

    Parameters
    ----------
    silicas : at hand.
    filler_density : of the silica's skeleton [kg/m3].
    """
    table = leader.model.table
    samples = offered(table, silicas, [table.place.reference_hours])
    if not samples or not rivals:
        return []
    place = place_at_reference(samples, table, filler_density=filler_density)
    says = {p.model.mechanism.name: expected(p, place) for p in (leader, *rivals)}
    own = says[leader.model.mechanism.name]
    gains = {p.model.mechanism.name: _divergence(own, says[p.model.mechanism.name]) for p in rivals}
    score = np.mean([np.minimum(gain, DECIDED) for gain in gains.values()], axis=0)
    found = [
        Candidate(
            c.filler,
            c.filler_fraction,
            float(score[k]),
            {name: float(gain[k]) for name, gain in gains.items()},
            {name: (float(mean[k]), float(np.sqrt(variance[k]))) for name, (mean, variance) in says.items()},
        )
        for k, c in enumerate(samples)
    ]
    return sorted(found, key=lambda c: -c.score)


def expected(posterior: Posterior, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the measured ln sigma of new samples, shape (places,)."""
    y, own = posterior.predicted(place, draws=_DRAWS)
    return y.mean(axis=0), y.var(axis=0) + own.mean(axis=0) + MEASUREMENT**2


def place_at_reference(composites: Sequence[Composite], table: Table, *, filler_density: float) -> Place:
    """Return where composites stand at the reference temperature."""
    kelvin = np.full(len(composites), table.place.reference_temperature)
    return places_of(composites, kelvin, filler_density=filler_density, like=table.place)


def offered(table: Table, silicas: Mapping[str, Silica], times: Sequence[float]) -> list[Composite]:
    """Return every silica at every content and milling time [h], but not what was made already."""
    made = [(c.filler, c.filler_fraction, c.milling_time / 3600.0) for c in table.composites]
    return [
        Composite("", phi, 3600.0 * hours, (), name, *silica)
        for name, silica in silicas.items()
        for phi in CONTENTS
        for hours in times
        if not any(f == name and abs(x - phi) < _NEW and abs(h - hours) < 0.05 * hours for f, x, h in made)
    ]


def _divergence(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the Kullback-Leibler divergence of two normal distributions, mean of both directions."""
    gap = (a[0] - b[0]) ** 2
    return np.asarray(0.25 * ((a[1] + gap) / b[1] + (b[1] + gap) / a[1] - 2.0))
