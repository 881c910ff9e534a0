"""Closed forms for the conductivity of a mixture: bounds, and theories that know fractions but not positions.

Every function takes numbers or arrays that broadcast, conductivities in one unit and volume fractions, and returns an
array (or a number for numbers) in the same unit. Conductivities may be exactly 0. `dimension` is 3, or 2 for a picture
that does not change along the third axis. What the theories miss is shown by the direct solution,
`closo.models.transport`: for thin conducting shells around insulating spheres they err by factors of 3 to 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from closo.errors import StudyError

_DECADES = 690.0  # natural logarithms below the largest conductivity that a root is looked for: all of them
_HALVINGS = 64  # of that range, down to the rounding of a logarithm


def wiener(conductivities: Sequence[Any], fractions: Sequence[Any]) -> tuple[Any, Any]:
    """Return the lower and upper bound: layers in series, layers in parallel.

    Parameters
    ----------
    conductivities, fractions : one entry per phase; fractions add up to 1.

    Raises
    ------
    StudyError  when conductivities are negative, or fractions are negative or do not add up to 1.

    Notes
    -----
    Holds for any geometry. Wiener 1912, Abh. Saechs. Ges. Wiss. 32, 509.

    Example
    -------
    >>> [float(bound) for bound in wiener([1.0, 3.0], [0.5, 0.5])]
    [1.5, 2.0]
    """
    sigma, part = _phases(conductivities, fractions)
    return _out(_series(sigma, part, 0.0)), _out((sigma * part).sum(0))


def hashin_shtrikman(conductivities: Sequence[Any], fractions: Sequence[Any], *, dimension: int = 3) -> tuple[Any, Any]:
    """Return the lower and upper bound for isotropic mixtures of any number of phases; parameters as in `wiener`.

    Notes
    -----
    For two phases both bounds are attained by assemblages of coated spheres (see `maxwell_garnett`). The lower one is 0
    as soon as a phase insulates. Hashin and Shtrikman 1962, DOI 10.1063/1.1728579.

    Example
    -------
    >>> low, high = hashin_shtrikman([0.0, 1.0], [0.4, 0.6])
    >>> float(low), float(round(high, 12))
    (0.0, 0.5)
    """
    sigma, part = _phases(conductivities, fractions)
    around = _around(dimension)
    low, high = _extreme(sigma, part)
    return _out(_series(sigma, part, around * low)), _out(_series(sigma, part, around * high))


def maxwell_garnett(matrix: Any, inclusion: Any, fraction: Any, *, dimension: int = 3) -> Any:
    """Return the conductivity of a matrix with separate spheres (discs in two dimensions) of a volume fraction.

    Notes
    -----
    Dilute limit: matrix (1 + 3 B fraction), B = (inclusion - matrix) / (inclusion + 2 matrix). Exact for Hashin's
    assemblage of coated spheres of all sizes (`matrix` is the coat), so it is one of the Hashin-Shtrikman bounds.
    Maxwell Garnett 1904, DOI 10.1098/rsta.1904.0024; Hashin and Shtrikman 1962, DOI 10.1063/1.1728579.

    Example
    -------
    >>> float(round(maxwell_garnett(1.0, 0.0, 0.4), 12))
    0.5
    """
    m, s, f = np.broadcast_arrays(*(np.asarray(v, float) for v in (matrix, inclusion, fraction)))
    around = _around(dimension)
    with np.errstate(invalid="ignore", divide="ignore"):
        up, down = s + around * m + around * f * (s - m), s + around * m - f * (s - m)
        found = np.where(down > 0, m * up / np.where(down > 0, down, 1.0), 0.0)
    return _out(np.where(f == 1, s, found))


def coated_sphere(core: Any, shell: Any, shell_ratio: Any) -> Any:
    """Return the conductivity of the homogeneous sphere that acts like a coated one in a uniform field.

    Parameters
    ----------
    shell_ratio : thickness of the shell / diameter of the core.

    Notes
    -----
    With an insulating core 2 shell (1 - v) / (2 + v), v = (1 + 2 shell_ratio)^-3 the core's part of the volume. Exact.

    Example
    -------
    >>> float(coated_sphere(0.0, 1.0, 0.5))
    0.8235294117647058
    """
    return maxwell_garnett(shell, core, _core_share(shell_ratio))


def coated_maxwell_garnett(filler_fraction: Any, shell_ratio: Any, *, matrix: Any, shell: Any, core: Any = 0.0) -> Any:
    """Return the conductivity of a matrix with separate coated spheres; nan where shells fill more than the volume.

    Notes
    -----
    First order in the distance between spheres; low by factors where shells of neighbours touch. Dilute limit as in
    `maxwell_garnett` with the sphere of `coated_sphere`.

    Example
    -------
    >>> float(round(coated_maxwell_garnett(0.1, 0.25, matrix=1.0, shell=100.0), 4))
    2.4215
    """
    share = np.asarray(filler_fraction, float) / _core_share(shell_ratio)
    grain = coated_sphere(core, shell, shell_ratio)
    return _out(np.where(share <= 1, maxwell_garnett(matrix, grain, np.minimum(share, 1.0)), np.nan))


def bruggeman(conductivities: Sequence[Any], fractions: Sequence[Any], *, dimension: int = 3) -> Any:
    """Return the conductivity of a mixture of equal grains (symmetric effective medium); parameters as in `wiener`.

    Notes
    -----
    Root of sum f (s - k) / (s + (d - 1) k), exactly 0 where the phases that conduct fill 1/d or less. Dilute limit as in
    `maxwell_garnett`. Bruggeman 1935, DOI 10.1002/andp.19354160705; Landauer 1952, DOI 10.1063/1.1702301.

    Example
    -------
    >>> float(round(bruggeman([0.0, 1.0], [0.4, 0.6]), 12)), float(bruggeman([0.0, 1.0], [0.7, 0.3]))
    (0.4, 0.0)
    """
    sigma, part = _phases(conductivities, fractions)
    around = _around(dimension)
    conducts = np.where(sigma > 0, part, 0.0).sum(0)

    def balance(k: np.ndarray) -> np.ndarray:
        return np.asarray((part * (sigma - k) / (sigma + around * k)).sum(0))

    return _out(np.where(conducts * dimension > 1 + 1e-14, _root(balance, sigma.max(0)), 0.0))


def coated_bruggeman(filler_fraction: Any, shell_ratio: Any, *, matrix: Any, shell: Any, core: Any = 0.0) -> Any:
    """Return the conductivity of equal grains of matrix and of coated spheres ("composite grains").

    Notes
    -----
    Where the shells would fill more than the volume, all that is not filler is shell: the composite grain alone. The
    shells percolate where composite grains fill a third, hence far too early for thick shells. Nan 1993, DOI
    10.1016/0079-6425(93)90004-5 (after Nan and Smith 1991).

    Example
    -------
    >>> float(round(coated_bruggeman(0.0, 0.25, matrix=2.0, shell=100.0), 12))
    2.0
    """
    phi = np.asarray(filler_fraction, float)
    share = np.minimum(phi / _core_share(shell_ratio), 1.0)
    within = np.maximum(_core_share(shell_ratio), phi)
    grain = maxwell_garnett(shell, core, within)
    return bruggeman([matrix, grain], [1 - share, share])


def general_effective_medium(
    low: Any, high: Any, fraction: Any, *, threshold: float, t: float = 2.0, s: float | None = None
) -> Any:
    """Return the conductivity by the general effective medium equation, with a threshold and exponents of its own.

    Parameters
    ----------
    low, high : conductivities of the two phases; fraction : of the better conductor.
    threshold : fraction at which the better conductor percolates.
    t, s : exponents above and below it; s is t where it is not given.

    Notes
    -----
    high ((fraction - threshold) / (1 - threshold))^t for low = 0; threshold 1/3 with t = s = 1 is `bruggeman`.
    McLachlan 1987, DOI 10.1088/0022-3719/20/7/004; two exponents: McLachlan and Sauti 2007, DOI 10.1155/2007/30389.

    Example
    -------
    >>> float(round(general_effective_medium(0.0, 1.0, 0.58, threshold=0.16), 12))
    0.25
    """
    if not (0 < threshold < 1 and t > 0 and (s is None or s > 0)):
        raise StudyError(
            f"threshold is {threshold}, t {t}, s {s}; a threshold lies between 0 and 1, exponents above 0."
        )
    sigma, part = _phases([low, high], [1 - np.asarray(fraction, float), fraction])
    if np.any(sigma[0] > sigma[1]):
        raise StudyError(
            "low is above high.", hint="Exchange the phases, and give the fraction of the better conductor."
        )
    over = (1 - threshold) / threshold
    top = np.where(sigma[1] > 0, sigma[1], 1.0)

    def balance(k: np.ndarray) -> np.ndarray:
        total = np.zeros(np.shape(k))
        for one, f, power in zip(sigma, part, (s or t, t), strict=True):
            x, y = (one / top) ** (1 / power), (k / top) ** (1 / power)
            total = total + f * (x - y) / (x + over * y)
        return total

    some = (sigma[0] > 0) | (part[1] > threshold)
    return _out(np.where(some & (sigma[1] > 0), _root(balance, top), 0.0))


def space_charge(
    filler_fraction: Any, area_per_volume: Any, excess: Any, *, matrix: Any, percolating: Any = 1.0
) -> Any:
    """Return the conductivity of a matrix whose interfaces conduct in parallel to it.

    Parameters
    ----------
    area_per_volume : of filler [1/m]; 6 / diameter for spheres.
    excess : excess conductance of the interface [conductivity x m]: 2 Debye lengths x mean excess conductivity.
    percolating : part of the interface that carries current (about 0.2 to 0.7).

    Notes
    -----
    (1 - phi) matrix + percolating x area_per_volume x phi x excess: linear in the area. Holds for little filler, below
    the overlap of layers. Maier 1995, DOI 10.1016/0079-6786(95)00004-E.

    Example
    -------
    >>> float(round(space_charge(0.1, 6e8, 5e-8, matrix=1.0, percolating=0.5), 12))
    2.4
    """
    phi = np.asarray(filler_fraction, float)
    return _out((1 - phi) * np.asarray(matrix, float) + percolating * np.asarray(area_per_volume) * phi * excess)


def uvarov(conductivities: Sequence[Any], fractions: Sequence[Any], exponent: Any) -> Any:
    """Return the power mean of the conductivities (generalised mixing rule); parameters as in `wiener`.

    Parameters
    ----------
    exponent : -1 (series) to 1 (parallel); 0 is the geometric mean. May be an array, as it may depend on the fraction.

    Notes
    -----
    For exponents of 0 and less a phase that insulates gives 0. Uvarov's share of interface is
    `closo.models.percolation.interface_fraction`. Uvarov 2011, DOI 10.1007/s10008-008-0739-4.

    Example
    -------
    >>> float(round(uvarov([1.0, 4.0], [0.5, 0.5], 0.0), 12)), float(uvarov([1.0, 4.0], [0.5, 0.5], 0.5))
    (2.0, 2.25)
    """
    a = np.asarray(exponent, float)
    sigma, part = _phases([np.asarray(c, float) + 0 * a for c in conductivities], fractions)
    used = part > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(used, sigma, 1.0))
        weighed = np.where(used, part * logs, 0.0).sum(0)
        safe = np.where(a == 0, 1.0, a)
        top = np.where(safe > 0, logs, -logs).max(0) * np.sign(safe)  # keeps the powers within the range of numbers
        top = np.where(np.isfinite(top), top, 0.0)
        mean = np.where(used, part * np.exp(safe * (logs - top)), 0.0).sum(0)
        power = np.exp(top + np.log(mean) / safe)
    return _out(np.where(a == 0, np.exp(weighed), power))


def _phases(conductivities: Sequence[Any], fractions: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return conductivities and fractions, phases along the first axis, broadcast."""
    if len(conductivities) != len(fractions) or not len(conductivities):
        raise StudyError(
            f"{len(conductivities)} conductivities and {len(fractions)} fractions; each phase has one of both."
        )
    every = np.broadcast_arrays(*(np.asarray(v, float) for v in (*conductivities, *fractions)))
    sigma, part = np.stack(every[: len(fractions)]), np.stack(every[len(fractions) :])
    if not (np.all(np.isfinite(sigma)) and np.all(sigma >= 0)):
        raise StudyError(
            f"A conductivity is {sigma[~(np.isfinite(sigma) & (sigma >= 0))][0]}; it is finite, 0 or more."
        )
    if np.any(part < -1e-12) or np.any(np.abs(part.sum(0) - 1) > 1e-9):
        raise StudyError("Fractions are negative or do not add up to 1.", hint="Give one for every phase, voids too.")
    return sigma, np.maximum(part, 0.0)


def _series(sigma: np.ndarray, part: np.ndarray, shift: Any) -> np.ndarray:
    """Return 1 / sum(part / (sigma + shift)) - shift; 0 where a phase that is there has sigma + shift = 0."""
    below = sigma + shift
    blocked = ((below == 0) & (part > 0)).any(0)
    total = np.where(below > 0, part / np.where(below > 0, below, 1.0), 0.0).sum(0)
    found = np.where(blocked, 0.0, 1 / np.where(total > 0, total, 1.0) - shift)
    return np.asarray(np.clip(found, np.where(blocked, 0.0, _extreme(sigma, part)[0]), _extreme(sigma, part)[1]))


def _extreme(sigma: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest conductivity of the phases that are there."""
    return np.where(part > 0, sigma, np.inf).min(0), np.where(part > 0, sigma, -np.inf).max(0)


def _root(balance: Callable[[np.ndarray], np.ndarray], top: np.ndarray) -> np.ndarray:
    """Return where a balance that falls with k > 0 is 0, by halving the range of ln k below the largest conductivity."""
    high = np.log(np.where(top > 0, top, 1.0))
    low = high - _DECADES
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            above = balance(np.exp(middle)) > 0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))


def _core_share(shell_ratio: Any) -> Any:
    """Return the core's part of the volume of a coated sphere."""
    return (1 + 2 * np.asarray(shell_ratio, float)) ** -3.0


def _around(dimension: int) -> int:
    """Return d - 1."""
    if dimension not in {2, 3}:
        raise StudyError(f"dimension is {dimension}; it is 2 or 3.")
    return dimension - 1


def _out(value: Any) -> Any:
    """Return a number for numbers, an array for arrays."""
    found = np.asarray(value, float)
    return np.float64(found) if found.ndim == 0 else found
