"""Fractal aggregates of primary spheres, as in fumed silica, and spherical agglomerates, as electron microscopes show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from closo.errors import StudyError
from closo.models.microstructure.records import Spheres, box_of, checked_fraction, checked_length
from closo.models.microstructure.spheres import count_until, hard_spheres

_PREFACTOR = 1.3
_TRIALS = 400


def aggregate(
    number: int,
    diameter: float,
    *,
    seed: int | np.random.Generator,
    fractal_dimension: float = 1.8,
    overlap: float = 0.1,
) -> np.ndarray:
    """Return the centres (number, 3) [m] of one cluster-cluster aggregate, its centre of mass at the origin.

    Clusters of half the size are joined at one contact, again and again; of many random orientations the one is taken
    whose centres are as far apart as the scaling law N = k (Rg / a)^D wants, with k = 1.3 and 2 a the distance of
    neighbours.

    Parameters
    ----------
    diameter : of the primary particles [m].
    fractal_dimension : D, 1.5..2.3 (fumed silica: 1.7 to 1.9).
    overlap : neighbours' centres are (1 - overlap) diameters apart, 0..0.5; sintered primary particles overlap.

    Raises
    ------
    StudyError  when a number is outside its range.

    Source
    ------
    Filippov, Zurita, Rosner, J. Colloid Interface Sci. 2000, 229, 261, DOI 10.1006/jcis.2000.7027;
    prefactor of diffusion-limited clusters: Sorensen, Aerosol Sci. Technol. 2011, 45, 765, DOI 10.1080/02786826.2011.560909.

    Example
    -------
    >>> centres = aggregate(32, 10e-9, seed=1)
    >>> centres.shape
    (32, 3)
    """
    checked_length("The diameter", diameter)
    if not 1 <= number <= 4096:
        raise StudyError(f"An aggregate has {number} particles; 1 to 4096 are possible.")
    if not 1.5 <= fractal_dimension <= 2.3:
        raise StudyError(f"The fractal dimension is {fractal_dimension:g}; it must lie between 1.5 and 2.3.")
    if not 0 <= overlap <= 0.5:
        raise StudyError(f"The overlap is {overlap:g}; it must lie between 0 and 0.5.")
    random = np.random.default_rng(seed)
    centres: np.ndarray = _grow(number, fractal_dimension, random) * (diameter * (1 - overlap))
    return centres


def _grow(number: int, dimension: float, random: np.random.Generator) -> np.ndarray:
    """Return an aggregate of spheres whose contacts have length 1."""
    if number == 1:
        return np.zeros((1, 3))
    first = _grow((number + 1) // 2, dimension, random)
    second = _grow(number // 2, dimension, random)
    joined: np.ndarray = _join(first, second, _distance_wanted(first, second, dimension), random)
    joined -= joined.mean(axis=0)
    return joined


def _distance_wanted(first: np.ndarray, second: np.ndarray, dimension: float) -> float:
    """Return the distance of the centres of mass by which the joined cluster obeys the scaling law."""
    one, two = len(first), len(second)
    total = one + two
    gyration = 0.25 * (total / _PREFACTOR) ** (2 / dimension)  # a = 1/2
    rest = total * gyration - one * radius_of_gyration(first) ** 2 - two * radius_of_gyration(second) ** 2
    return math.sqrt(max(rest * total / (one * two), 0.0))


def _join(first: np.ndarray, second: np.ndarray, wanted: float, random: np.random.Generator) -> np.ndarray:
    """Return both clusters in contact, with their centres of mass nearly `wanted` apart."""
    from closo.models.microstructure.packing import join

    trials = np.empty((_TRIALS, 5, 3))
    trials[:, :3] = rotations(random, _TRIALS)
    trials[:, 3] = _directions(random)
    sideways = np.cross(trials[:, 3], _directions(random))
    trials[:, 4] = sideways * (wanted * random.random((_TRIALS, 1)))
    trials[0, 4] = 0.0  # head-on: there is always one attempt that meets
    return np.concatenate([first, join(first, second, trials, wanted)])


def radius_of_gyration(centres: np.ndarray) -> float:
    """Return the root mean square distance of `centres` (n, 3) from their mean."""
    return float(np.sqrt(((centres - centres.mean(axis=0)) ** 2).sum(axis=1).mean()))


def rotations(random: np.random.Generator, count: int) -> np.ndarray:
    """Return random rotations (count, 3, 3), uniform over all orientations (unit quaternions)."""
    q = random.standard_normal((4, count))
    a, b, c, d = q / np.linalg.norm(q, axis=0)
    rows = [
        [1 - 2 * (c * c + d * d), 2 * (b * c - d * a), 2 * (b * d + c * a)],
        [2 * (b * c + d * a), 1 - 2 * (b * b + d * d), 2 * (c * d - b * a)],
        [2 * (b * d - c * a), 2 * (c * d + b * a), 1 - 2 * (b * b + c * c)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _directions(random: np.random.Generator) -> np.ndarray:
    vectors = random.standard_normal((_TRIALS, 3))
    units: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


def aggregates(
    box: float | Sequence[float],
    diameter: float,
    fraction: float,
    *,
    seed: int,
    particles: int = 32,
    fractal_dimension: float = 1.8,
    overlap: float = 0.1,
) -> Spheres:
    """Return fractal aggregates at random places and orientations, until their union fills `fraction` of the box.

    Aggregates may penetrate each other; the last one may be incomplete.

    Parameters
    ----------
    box, fraction, seed : see `overlapping_spheres`.
    diameter : of the primary particles [m].
    particles : per aggregate.
    fractal_dimension, overlap : see `aggregate`.

    Raises
    ------
    StudyError  when a number is outside its range.

    Example
    -------
    >>> made = aggregates(80e-9, 10e-9, 0.3, seed=1)
    >>> abs(made.reached - 0.3) < 0.002
    True
    """
    edges = box_of(box)
    checked_fraction("The particle fraction", fraction)
    aggregate(1, diameter, seed=0, fractal_dimension=fractal_dimension, overlap=overlap)

    def draw(random: np.random.Generator, _count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        one = aggregate(particles, diameter, seed=random, fractal_dimension=fractal_dimension, overlap=overlap)
        return one + random.random(3) * edges, np.full(particles, diameter / 2), np.zeros(particles, np.int64)

    centres, radii, groups, reached = count_until(edges, fraction, draw, seed=seed)
    text = (
        f"{len(np.unique(groups))} aggregates of {particles} primary particles, diameter {diameter * 1e9:.3g} nm, "
        f"fractal dimension {fractal_dimension:g}, {100 * reached:.2f} vol%"
    )
    return Spheres(edges, centres, radii, fraction, reached, seed, text, groups=groups)


def agglomerates(
    box: float | Sequence[float],
    diameter: float,
    fraction: float,
    *,
    seed: int,
    domain_diameter: float,
    packing: float = 0.5,
) -> Spheres:
    """Return hard spheres packed inside larger spherical domains at random places, with matrix between the domains.

    Parameters
    ----------
    box, diameter, seed : see `overlapping_spheres`.
    fraction : volume fraction of the particles in the whole box, below `packing`.
    domain_diameter : of the agglomerates [m], at least two diameters. Domains may overlap.
    packing : volume fraction of the particles inside the domains, up to 0.6.

    Raises
    ------
    StudyError  when a number is outside its range.

    Example
    -------
    >>> made = agglomerates(100e-9, 10e-9, 0.2, seed=1, domain_diameter=40e-9)
    >>> abs(made.reached - 0.2) < 0.001
    True
    """
    edges = box_of(box)
    if not 0 <= fraction < packing:
        raise StudyError(f"The particle fraction is {fraction:g}; inside agglomerates it must lie below {packing:g}.")
    checked_length("The diameter of an agglomerate", domain_diameter)
    if not 2 * diameter <= domain_diameter < min(edges):
        raise StudyError(
            f"The agglomerates are {domain_diameter:.3g} m wide; they must lie between two particle diameters and the box."
        )
    filled = hard_spheres(edges, diameter, packing, seed=seed)
    random = np.random.default_rng([seed, 1])
    wanted = fraction / packing * len(filled.radii)
    rank = np.full(len(filled.radii), np.inf)  # number of the domain that took the particle, then its distance
    order = 0
    while np.isfinite(rank).sum() < wanted:
        gap = filled.centres - random.random(3) * edges
        gap -= np.array(edges) * np.round(gap / edges)
        away = np.linalg.norm(gap, axis=1) / (domain_diameter / 2)
        new = ~np.isfinite(rank) & (away < 1)
        rank[new] = order + away[new]
        order += 1
    kept = np.argsort(rank, kind="stable")[: round(wanted)]
    reached = float(4 / 3 * math.pi * np.sum(filled.radii[kept] ** 3) / math.prod(edges))
    groups = np.floor(rank[kept]).astype(np.int64)
    text = (
        f"{len(kept)} hard spheres, diameter {diameter * 1e9:.3g} nm, in {len(np.unique(groups))} agglomerates of "
        f"{domain_diameter * 1e9:.3g} nm, {100 * reached:.2f} vol%"
    )
    return Spheres(edges, filled.centres[kept], filled.radii[kept], fraction, reached, seed, text, groups=groups)
