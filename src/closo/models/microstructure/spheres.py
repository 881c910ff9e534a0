"""Spheres in a periodic box: overlapping (Boolean model), hard, in fractal aggregates, or in agglomerates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from closo.errors import StudyError
from closo.models.microstructure.records import Spheres, box_of, checked_fraction, checked_length

_COUNTING = 128  # samples along the longest edge when the volume of a union is counted
_RSA_MOST = 0.30  # random sequential addition jams at 0.382; far below that it is quick
_PACKING_MOST = 0.60  # random close packing is 0.64
_GROWN = 1.003  # pairs are pushed a little further apart than touching, so that the pushing comes to an end
_SWEEPS = 20_000
_MOST_SPHERES = 2_000_000

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def boolean_fraction(number_density: float, diameter: float, sigma_ln: float = 0.0) -> float:
    """Return the expected volume fraction of overlapping spheres, 1 - exp(-n <v>).

    Parameters
    ----------
    number_density : n [1/m3].
    diameter : median [m]; `sigma_ln` is the standard deviation of ln(diameter).

    Source
    ------
    Torquato, Random Heterogeneous Materials, 2002, ISBN 978-0-387-95167-6, chapter 5.

    Example
    -------
    >>> round(boolean_fraction(1.0, 1.0), 4)
    0.4076
    """
    mean_volume = math.pi / 6 * diameter**3 * math.exp(4.5 * sigma_ln**2)
    return -math.expm1(-number_density * mean_volume)


def overlapping_spheres(
    box: float | Sequence[float], diameter: float, fraction: float, *, seed: int, sigma_ln: float = 0.0
) -> Spheres:
    """Return spheres at independent places (Boolean model), added one by one until their union fills `fraction`.

    Parameters
    ----------
    box : edge length(s) of the periodic box [m].
    diameter : median diameter [m].
    fraction : volume fraction wanted, 0..0.98. What was reached is in the result: one sphere more or less is the step.
    seed : of the random numbers; the same seed gives the same spheres.
    sigma_ln : standard deviation of ln(diameter), 0 for equal spheres.

    Raises
    ------
    StudyError  when a length or fraction is impossible, or a sphere is larger than the box.

    Example
    -------
    >>> spheres = overlapping_spheres(60e-9, 10e-9, 0.35, seed=1)
    >>> abs(spheres.reached - 0.35) < 0.002
    True
    """
    edges = _checked(box, diameter, sigma_ln)
    checked_fraction("The particle fraction", fraction)

    def draw(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places = random.random((count, 4))
        normal = random.standard_normal(count)
        radii = diameter / 2 * np.exp(sigma_ln * normal)
        return places[:, :3] * edges, radii, np.arange(count)

    centres, radii, _, reached = count_until(edges, fraction, draw, seed=seed)
    size = f"diameter {diameter * 1e9:.3g} nm" + (f", sigma_ln {sigma_ln:g}" if sigma_ln else "")
    text = f"{len(radii)} overlapping spheres, {size}, {100 * reached:.2f} vol%"
    return Spheres(edges, centres, radii, fraction, reached, seed, text)


def count_until(
    box: tuple[float, float, float], fraction: float, draw: Draw, *, seed: int, forbidden: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return (centres, radii, groups, reached): spheres of `draw` one by one until their union is nearest to `fraction`.

    The union is counted on a fixed grid that no later sampling changes.

    Parameters
    ----------
    draw : (random, count) -> centres, radii, groups of the next spheres, at least one.
    forbidden : bool grid of `counting_shape(box)` whose samples do not count (they belong to somebody else).
    """
    from closo.models.microstructure.painting import cover

    random = np.random.default_rng(seed)
    shape = counting_shape(box)
    step = np.array(box) / shape
    taken = np.zeros(shape, np.bool_) if forbidden is None else forbidden.copy()
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    counts: list[np.ndarray] = []
    wanted, before, have = fraction * taken.size, 0, 0
    while before < wanted:
        centres, radii, groups = draw(random, 64)
        parts.append((centres % np.array(box), radii, groups + (parts[-1][2][-1] + 1 if parts else 0)))
        counts.append(cover(taken, rows(parts[-1][0], parts[-1][1]), step))
        before += int(counts[-1].sum())
        have += len(radii)
        if have > _MOST_SPHERES:
            raise StudyError(
                f"{have} spheres fill {before / taken.size:.3f} of the box, and {fraction:.3f} was wanted.",
                hint="Use a smaller box or a smaller fraction.",
            )
    if not parts:
        return np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), 0.0
    centres, radii, groups = (np.concatenate([part[i] for part in parts]) for i in range(3))
    filled = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    number = int(np.argmin(np.abs(filled - wanted)))
    return centres[:number], radii[:number], groups[:number], float(filled[number] / taken.size)


def counting_shape(box: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return the shape of the grid on which volumes are counted."""
    a, b, c = (max(8, round(_COUNTING * edge / max(box))) for edge in box)
    return a, b, c


def hard_spheres(
    box: float | Sequence[float], diameter: float, fraction: float, *, seed: int, sigma_ln: float = 0.0
) -> Spheres:
    """Return spheres that do not overlap.

    Up to 30 vol% by random sequential addition (each sphere at the first random place that is free). Above, random places
    are pushed apart until no pair overlaps: a dense liquid rather than a random addition.

    Parameters
    ----------
    box, diameter, seed, sigma_ln : see `overlapping_spheres`.
    fraction : volume fraction wanted, 0..0.6; reached to within one sphere, exactly known.

    Raises
    ------
    StudyError  when the fraction is beyond what random packing reaches.

    Source
    ------
    Random sequential addition jams at 0.3841: Zhang and Torquato, Phys. Rev. E 2013, 88, 053312,
    DOI 10.1103/PhysRevE.88.053312. Pushing apart: Jodrey and Tory, Phys. Rev. A 1985, 32, 2347,
    DOI 10.1103/PhysRevA.32.2347.

    Example
    -------
    >>> hard_spheres(60e-9, 10e-9, 0.5, seed=1).description
    '206 hard spheres, diameter 10 nm, 49.94 vol%'
    """
    edges = _checked(box, diameter, sigma_ln)
    if fraction > _PACKING_MOST:
        raise StudyError(
            f"Hard spheres cannot fill {fraction:.3g} of the box at random; about {_PACKING_MOST} is reachable.",
            hint="Ask for less, or use overlapping spheres.",
        )
    checked_fraction("The particle fraction", fraction)
    random = np.random.default_rng(seed)
    radii = _radii_until(random, diameter, sigma_ln, volume=fraction * math.prod(edges))
    reached = float(4 / 3 * math.pi * np.sum(radii**3) / math.prod(edges))
    if not len(radii):
        return Spheres(edges, np.empty((0, 3)), radii, fraction, 0.0, seed, "no spheres")
    radii = np.sort(radii)[::-1]  # the large ones first: small ones still find room
    place = _add_one_by_one if fraction <= _RSA_MOST else _push_apart
    # lengths in units of the diameter keep the numbers near 1
    centres = place(random, radii / diameter, np.array(edges) / diameter, fraction) * diameter
    size = f"diameter {diameter * 1e9:.3g} nm" + (f", sigma_ln {sigma_ln:g}" if sigma_ln else "")
    text = f"{len(radii)} hard spheres, {size}, {100 * reached:.2f} vol%"
    return Spheres(edges, centres, radii, fraction, reached, seed, text)


def _radii_until(random: np.random.Generator, diameter: float, sigma_ln: float, *, volume: float) -> np.ndarray:
    """Return radii whose spheres together come nearest to `volume`."""
    mean = math.pi / 6 * diameter**3 * math.exp(4.5 * sigma_ln**2)
    count = int(1.5 * volume / mean) + 200
    if count > _MOST_SPHERES:
        raise StudyError(f"This box needs {count} spheres.", hint="Use a smaller box.")
    radii: np.ndarray = diameter / 2 * np.exp(sigma_ln * random.standard_normal(count))
    filled = np.concatenate([[0.0], np.cumsum(4 / 3 * math.pi * radii**3)])
    return radii[: int(np.argmin(np.abs(filled - volume)))]


def _add_one_by_one(random: np.random.Generator, radii: np.ndarray, box: np.ndarray, fraction: float) -> np.ndarray:
    from closo.models.microstructure.packing import add_hard

    spheres, placed = rows(np.zeros((len(radii), 3)), radii), 0
    for _ in range(400):
        if placed == len(radii):
            return spheres[:, :3]
        placed = add_hard(spheres, box, random.random((20_000, 3)) * box, placed)
    reached = float(4 / 3 * math.pi * np.sum(radii[:placed] ** 3) / np.prod(box))
    raise StudyError(
        f"Random addition of hard spheres came to {reached:.3f} of the box, and {fraction:.3f} was wanted.",
        hint="Ask for less, or use a larger box.",
    )


def _push_apart(random: np.random.Generator, radii: np.ndarray, box: np.ndarray, fraction: float) -> np.ndarray:
    from closo.models.microstructure.packing import push_apart

    spheres, least = rows(random.random((len(radii), 3)) * box, radii), 0.0
    for _ in range(_SWEEPS):
        before = spheres[:, :3].copy()
        least = push_apart(spheres, box, _GROWN)
        if least >= 1 + 1e-9:
            return before
    raise StudyError(
        f"Pushing hard spheres apart left pairs at {least:.4f} of touching; {fraction * least**3:.3f} of the box is "
        f"reachable, and {fraction:.3f} was wanted.",
        hint="Ask for less, or use another seed.",
    )


def rows(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return spheres as rows (x, y, z, r), as the kernels take them."""
    return np.column_stack([centres, radii])


def with_void_spheres(geometry: Spheres, diameter: float, fraction: float, *, seed: int) -> Spheres:
    """Return `geometry` with spherical pores in its matrix and shells, added one by one until they fill `fraction`.

    Parameters
    ----------
    diameter : of the pores [m].
    fraction : volume of the pores (outside of the particles) per volume of the composite.

    Raises
    ------
    StudyError  when there is less room than this outside of the particles.

    Example
    -------
    >>> spheres = with_void_spheres(overlapping_spheres(60e-9, 10e-9, 0.3, seed=1), 5e-9, 0.1, seed=2)
    >>> abs(spheres.void_reached - 0.1) < 0.001
    True
    """
    from closo.models.microstructure.painting import cover

    checked_length("The diameter of the pores", diameter)
    checked_fraction("The void fraction", fraction, most=0.97 * (1 - geometry.reached))
    box = geometry.box

    def draw(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return random.random((count, 3)) * box, np.full(count, diameter / 2), np.arange(count)

    solid = np.zeros(counting_shape(box), np.bool_)
    cover(solid, rows(geometry.centres, geometry.radii), np.array(box) / solid.shape)
    centres, radii, _, reached = count_until(box, fraction, draw, seed=seed, forbidden=solid)
    text = f"{geometry.description}; {len(radii)} pores of {diameter * 1e9:.3g} nm, {100 * reached:.2f} vol%"
    with_pores = replace(geometry, void_centres=centres, void_radii=radii, description=text)
    return replace(with_pores, void_asked=fraction, void_reached=reached)


def _checked(box: float | Sequence[float], diameter: float, sigma_ln: float) -> tuple[float, float, float]:
    edges = box_of(box)
    checked_length("The diameter", diameter)
    if not 0 <= sigma_ln <= 1:
        raise StudyError(f"sigma_ln is {sigma_ln}; it must lie between 0 (equal spheres) and 1.")
    if diameter >= min(edges):
        raise StudyError(
            f"The diameter {diameter:.3g} m does not fit into the box of {min(edges):.3g} m.",
            hint="Use a box of six diameters or more.",
        )
    return edges
