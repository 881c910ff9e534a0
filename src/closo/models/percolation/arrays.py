"""Simple cubic arrays of coated spheres and square arrays of cylinders, exact but for a truncation that is stated.

Rayleigh's method: around each sphere the potential is a series of multipoles; what a sphere feels is the applied field
and the multipoles of all others, summed over the lattice (here by Ewald's method). Cutting the series at degree `order`
leaves a linear system. Rayleigh 1892, DOI 10.1080/14786449208620364; McPhedran and McKenzie 1978, DOI
10.1098/rspa.1978.0031; Sangani and Acrivos 1983, DOI 10.1098/rspa.1983.0020; cylinders: Perrins, McKenzie and McPhedran
1979, DOI 10.1098/rspa.1979.0160. A coated sphere is, for each multipole, a sphere of its own conductivity.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from closo.errors import StudyError

_REACH = 8  # cells of the lattice in each direction; both Ewald sums have converged to rounding at 5
_TOUCH_3D, _TOUCH_2D = np.pi / 6, np.pi / 4


def cubic_array(
    filler_fraction: float,
    *,
    core: float,
    matrix: float = 1.0,
    shell: float | None = None,
    shell_ratio: float = 0.0,
    order: int = 41,
) -> float:
    """Return the conductivity of spheres at the points of a simple cubic lattice.

    Parameters
    ----------
    filler_fraction : of the cores.
    core, matrix, shell : conductivities; core may be 0 or inf. Without a shell the sphere is the core.
    shell_ratio : thickness of the shell / diameter of the core; spheres with their shells may not touch.
    order : highest degree of the multipoles (odd). The error falls as exp(-2 order arccosh(g)), g = distance between
        centres / outer diameter: below 1e-6 with 41 for outer fractions up to 0.50.

    Raises
    ------
    StudyError  where spheres touch, a conductivity is unusable or the order is not odd.

    Example
    -------
    >>> round(cubic_array(0.001, core=0.0), 6)  # Maxwell: 0.998501
    0.998501
    """
    fraction = _checked(filler_fraction * (1 + 2 * shell_ratio) ** 3, _TOUCH_3D, order)
    _check_conductivities(matrix, core, shell)
    radius = (3 * fraction / (4 * np.pi)) ** (1 / 3)
    degree = np.array([d for d in range(1, order + 1, 2) for _ in range(0, d + 1, 4)])
    response = _response(degree, core / matrix, None if shell is None else shell / matrix, shell_ratio)
    # felt = applied + sums x made, made = response radius^(2l+1) felt; times radius^(l+1/2) the system is well scaled
    scale = radius ** (degree + 0.5)
    system = np.eye(len(degree)) - _coupling(order) * scale[:, None] * (scale * response)[None, :]
    applied = np.zeros(len(degree))
    applied[0] = scale[0]
    felt = np.linalg.solve(system, applied)[0] / scale[0]
    x = fraction * response[0] * felt
    return float(matrix * (1 + 3 * x / (1 - x)))


def square_array(filler_fraction: float, *, core: float, matrix: float = 1.0, order: int = 41) -> float:
    """Return the conductivity, across their axes, of cylinders at the points of a square lattice.

    Parameters
    ----------
    filler_fraction : of the cylinders, below pi/4.
    core, matrix : conductivities; core may be 0 or inf.
    order : highest degree of the multipoles (odd).

    Example
    -------
    >>> a, b = square_array(0.6, core=50.0), square_array(0.6, core=1 / 50.0)
    >>> round(a * b, 10)  # Keller's theorem
    1.0
    """
    fraction = _checked(filler_fraction, _TOUCH_2D, order)
    _check_conductivities(matrix, core, None)
    k = core / matrix
    response = 1.0 if np.isinf(k) else (k - 1) / (k + 1)
    radius = np.sqrt(fraction / np.pi)
    degree = np.arange(1, order + 1, 2)
    total = degree[:, None] + degree[None, :]
    sums = np.array([0.0] * 3 + [_square_sum(n) if n % 4 == 0 else 0.0 for n in range(3, 2 * order + 1)])
    choose = np.exp(_log_factorial(total - 1) - _log_factorial(degree[:, None]) - _log_factorial(degree[None, :] - 1))
    system = np.eye(len(degree)) - response * choose * sums[total] * radius ** (2.0 * degree[None, :])
    applied = np.zeros(len(degree))
    applied[0] = 1.0
    balance = radius ** (degree - 1.0)  # similarity transform: keeps the system well scaled
    felt = np.linalg.solve(system * balance[:, None] / balance[None, :], applied)[0]
    x = fraction * response * felt
    return float(matrix * (1 + 2 * x / (1 - x)))


def _checked(fraction: float, touch: float, order: int) -> float:
    if not 0 <= fraction < touch:
        raise StudyError(f"The outer spheres fill {fraction:.4g} of the volume; they touch at {touch:.4g}.")
    if order < 1 or order % 2 == 0:
        raise StudyError(f"order is {order}; it is odd and positive.")
    return float(fraction)


def _check_conductivities(matrix: float, core: float, shell: float | None) -> None:
    if not (0 < matrix < np.inf and core >= 0 and (shell is None or 0 <= shell < np.inf)):
        raise StudyError(f"matrix is {matrix}, core {core}, shell {shell}; the matrix conducts, none is negative.")


def _response(degree: np.ndarray, core: float, shell: float | None, shell_ratio: float) -> np.ndarray:
    """Return the multipole polarisability / outer radius^(2l+1) of a coated sphere in a matrix of conductivity 1."""

    def sphere(k: np.ndarray | float) -> np.ndarray:
        if np.all(np.isinf(k)):
            return np.ones(len(degree))
        return np.asarray(degree * (k - 1) / (degree * k + degree + 1))

    if shell is None or shell_ratio == 0:
        return sphere(core)
    if shell == 0:
        return sphere(0.0)
    inner = sphere(core / shell) * (1 + 2 * shell_ratio) ** -(2.0 * degree + 1)
    return sphere(shell * (1 + (degree + 1) / degree * inner) / (1 - inner))


@lru_cache(maxsize=8)
def _coupling(order: int) -> np.ndarray:
    """Return the field of degree (l', m') that multipoles (l, m) of all other sites make, m a multiple of 4.

    Harmonics are scaled by sqrt((l - m)! (l + m)!); degrees are odd, cosines of m phi by symmetry.
    """
    sums = _cubic_sums(2 * order)
    modes = [(d, m) for d in range(1, order + 1, 2) for m in range(0, d + 1, 4)]
    log = _log_factorial(np.arange(4 * order + 1))
    result = np.zeros((len(modes), len(modes)))
    for i, (d, m) in enumerate(modes):
        for j, (e, n) in enumerate(modes):
            own = log[d - m] + log[d + m] + log[e - n] + log[e + n]
            for k in {abs(n - m), n + m} if n else {m}:
                weight = 2.0 if n and m == 0 else 1.0
                result[i, j] += weight * sums[d + e, k] * np.exp((log[d + e - k] + log[d + e + k] - own) / 2)
    return result


@lru_cache(maxsize=8)
def _cubic_sums(top: int) -> np.ndarray:
    """Return (top + 1, top + 1): sums over the cubic lattice, without the origin, of harmonics (L, M) / R^(L + 1).

    Semi-normalised harmonics; Ewald's method with the Gaussian of equal width in both spaces. Degree 2 is 0 by symmetry:
    the sum over a sphere, with Lorentz's field outside.
    """
    from scipy.special import gammaincc, gammaln

    n = np.arange(-_REACH, _REACH + 1)
    x, y, z = (v.ravel() for v in np.meshgrid(n, n, n, indexing="ij"))
    keep = (x**2 + y**2 + z**2 > 0) & (x**2 + y**2 + z**2 <= _REACH**2)
    x, y, z = x[keep], y[keep], z[keep]
    r = np.sqrt(x**2 + y**2 + z**2)
    cosine, angle = z / r, np.arctan2(y, x)
    result = np.zeros((top + 1, top + 1))
    for m in range(0, top + 1, 4):
        turn = np.cos(m * angle)
        for degree, legendre in _legendre(cosine, m, top):
            if degree % 2 or degree < 4:
                continue
            near = r ** -(degree + 1.0) * gammaincc(degree + 0.5, np.pi * r**2)
            logs = (degree - 2) * np.log(np.pi * r) - np.pi * r**2 - gammaln(degree + 0.5)
            far = (-1) ** (degree // 2) * np.pi**1.5 * np.exp(logs)
            result[degree, m] = np.sum(legendre * turn * (near + far))
    return result


def _legendre(x: np.ndarray, m: int, top: int) -> list[tuple[int, np.ndarray]]:
    """Return (l, sqrt((l - m)!/(l + m)!) P_lm(x)) for l = m .. top."""
    first = np.ones(len(x))
    for k in range(1, m + 1):
        first = first * np.sqrt((2 * k - 1) / (2 * k)) * np.sqrt(1 - x**2)
    found, before = [(m, first)], np.zeros(len(x))
    for degree in range(m + 1, top + 1):
        now = found[-1][1]
        above = (2 * degree - 1) * x * now - np.sqrt((degree - 1) ** 2 - m**2) * before
        before = now
        found.append((degree, above / np.sqrt(degree**2 - m**2)))
    return found


@lru_cache(maxsize=256)
def _square_sum(n: int) -> float:
    """Return the sum of (x + i y)^-n over the square lattice without the origin, n a multiple of 4 (Eisenstein series)."""
    from scipy.special import gammaln, zeta

    if n > 60:  # next and second neighbours are all that is left
        return 4.0 + 4.0 * float(((1 + 1j) ** -n).real)
    k = np.arange(1, 41)
    divisors = np.array([sum((d / q) ** (n - 1) for d in range(1, q + 1) if q % d == 0) for q in k])
    logs = n * np.log(2 * np.pi) - gammaln(n) + (n - 1) * np.log(k) - 2 * np.pi * k
    return float(2 * zeta(n) + 2 * np.sum(divisors * np.exp(logs)))


def _log_factorial(n: np.ndarray) -> np.ndarray:
    from scipy.special import gammaln

    return np.asarray(gammaln(np.asarray(n, float) + 1))
