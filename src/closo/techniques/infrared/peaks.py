"""The maximum of a band, and whether the band is one or three."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Fit, least_squares
from closo.techniques.infrared.kernels import BROADEST, baseline_of, binned, parabola_of, scatter_of, width_of
from closo.techniques.infrared.request import Band

_HEIGHTS = (0.9, 0.8, 0.7)  # of the peak: where its top begins; the first is quoted
_RIVAL = 0.95  # of the peak: another maximum of this height makes it undecided
_SURE, _NONE = 10.0, 2.0  # differences of BIC: strong evidence, none worth mentioning (Kass, Raftery 1995)
_SMALLEST_SHARE = 0.05  # of the area: less is not a component
_APART = 0.5  # of their width: components that are nearer are one


@dataclass(frozen=True)
class Position:
    """A maximum [1/cm] with its standard deviations: from noise, from a top that is skewed, from the baseline."""

    place: float
    noise: float
    top: float
    model: float


@dataclass(frozen=True)
class Components:
    """Whether a band is one or three.

    Attributes
    ----------
    count : 1, 3, or None where the data do not decide.
    difference : BIC of one component minus BIC of three; > 0 speaks for three.
    places, splitting, splitting_u : of the three [1/cm], and between the outer ones.
    why : in words.
    df : degrees of freedom of the fit with three.
    residuals : wavenumbers [1/cm] of the means, and what one and three leave of them [ordinate]: measured - fit.
    """

    count: int | None
    difference: float
    places: tuple[float, ...]
    splitting: float
    splitting_u: float
    why: str
    df: int
    residuals: tuple[np.ndarray, ...] = ()


def position_of(x: np.ndarray, y: np.ndarray, band: Band) -> Position | str:
    """Return the maximum of a band above its baseline, or why there is none.

    The tilt of the line is that of the background or of tails under its anchors, which a broad, Gaussian band has not.

    Parameters
    ----------
    x, y : shape (n,), even steps.
    """
    scatter = scatter_of(x, y, band)
    above = y - baseline_of(x, y, band).at(x)
    first = _maximum(x, above, band, scatter)
    if isinstance(first, str):
        return first
    others = [_maximum(x, values, band, scatter) for values in (y - parabola_of(x, y, band), y)]
    bent, level = (0.0 if isinstance(other, str) else other[0] - first[0] for other in others)
    tilt = level / math.sqrt(3.0) if width_of(x, above, band)[1] < BROADEST else 0.0
    return Position(first[0], first[1], first[2], math.hypot(bent, tilt))


def _maximum(x: np.ndarray, above: np.ndarray, band: Band, scatter: float) -> tuple[float, float, float] | str:
    """Return place and noise of the maximum, and its error by a skewed top; or why there is none.

    The vertex of a skewed top moves in proportion to how much of the top is taken: from 0.9 to 0.7 of the peak by twice
    its error at 0.9. What noise alone moves it (of nested fits: the difference of the variances) does not count.
    """
    limits = np.flatnonzero((x >= band.limits[0]) & (x <= band.limits[1]))
    if limits.size < 5:
        return "fewer than five points lie between its limits"
    top = int(limits[np.argmax(above[limits])])
    if top in (limits[0], limits[-1]) or above[top] <= 0:
        return "the largest value lies at a limit: what is seen is the edge of another band"
    low, high = _top(above, limits, top, 0.5 * (_HEIGHTS[0] + _HEIGHTS[1]))
    rivals = np.concatenate([limits[limits < low], limits[limits > high]])
    if rivals.size and float(np.max(above[rivals])) > _RIVAL * above[top]:
        other = float(x[rivals[np.argmax(above[rivals])]])
        return f"two maxima of like height, at {x[top]:.0f} and {other:.0f} 1/cm"
    found = [_vertex(x, above, limits, top, share=share, scatter=scatter) for share in _HEIGHTS]
    known = [(share, *vertex) for share, vertex in zip(_HEIGHTS, found, strict=True) if vertex is not None]
    if len(known) < 2:
        return "its top is not a maximum beyond the noise"
    (upper, first, noise), (lower, last, its_noise) = known[0], known[-1]
    moved = math.sqrt(max((last - first) ** 2 - abs(noise**2 - its_noise**2), 0.0))
    return first, noise, moved * (1.0 - upper) / (upper - lower)


def _top(above: np.ndarray, limits: np.ndarray, top: int, share: float) -> tuple[int, int]:
    """Return the first and last point around a maximum that are above a share of it."""
    low = high = top
    while low > limits[0] and above[low - 1] >= share * above[top]:
        low -= 1
    while high < limits[-1] and above[high + 1] >= share * above[top]:
        high += 1
    return low, high


def _vertex(
    x: np.ndarray, above: np.ndarray, limits: np.ndarray, top: int, *, share: float, scatter: float
) -> tuple[float, float] | None:
    """Return the vertex of a parabola through the points above a share of the peak, and its standard deviation.

    The points scatter as their neighbourhood does, or as they do about the parabola where that is more (lines of vapour).
    """
    low, high = _top(above, limits, top, share)
    low, high = min(low, max(top - 2, 0)), max(high, min(top + 2, x.size - 1))
    t, values = x[low : high + 1] - x[top], above[low : high + 1]
    powers = np.vander(t, 3, increasing=True)
    c = np.linalg.lstsq(powers, values, rcond=None)[0]
    if c[2] >= 0:
        return None
    place = float(-c[1] / (2.0 * c[2]))
    if not t[0] <= place <= t[-1]:
        return None
    lever = np.array([0.0, -1.0 / (2.0 * c[2]), -place / c[2]])
    rest = values - powers @ c
    about = math.sqrt(float(rest @ rest) / max(values.size - 3, 1))
    each = max(4.0 / float(x[1] - x[0]), 1.0)
    spread = math.sqrt(max(float(lever @ np.linalg.inv(powers.T @ powers) @ lever), 0.0) * each)
    return float(x[top]) + place, spread * max(scatter, about)


def components_of(x: np.ndarray, y: np.ndarray, band: Band) -> Components:
    """Compare a band as one profile, which may be skewed, with three of one width, by the information criterion.

    BIC = n ln(RSS/n) + k ln n, on means over 4 1/cm, so that points which share their noise are not counted as many.
    Profiles are sums of Gaussian and Lorentzian above a straight line. Three count where BIC is better by 10, each has 5 %
    of the area, and they are apart by half of their width; one where three gain less than 2, or are no three.

    Source: Schwarz, Ann. Stat. 1978, 6, 461, doi:10.1214/aos/1176344136; Kass, Raftery, J. Am. Stat. Assoc. 1995, 90, 773,
    doi:10.1080/01621459.1995.10476572 (what a difference means).
    """
    inside = (x >= band.span[0]) & (x <= band.span[1])
    places, values = binned(x[inside], x[inside]), binned(x[inside], y[inside])
    height = float(np.ptp(values)) or 1.0
    centre, half = 0.5 * sum(band.limits), 0.5 * (band.limits[1] - band.limits[0])
    t, z = (places - centre) / half, values / height
    try:
        one, three = _fitted(t, z, _one, _starts_of_one(t, z)), _fitted(t, z, _three, _starts_of_three(t, z))
    except ConvergenceError as error:
        return Components(
            None, math.nan, (), math.nan, math.nan, f"the profiles could not be fitted ({error.message})", 0
        )
    n = t.size
    difference = n * math.log(max(one.chi2, 1e-30) / max(three.chi2, 1e-30)) + (7 - 10) * math.log(n)
    p = three.values
    order = np.argsort(p[:3])
    where, heights = p[:3][order], p[3:6][order]
    splitting = float(where[2] - where[0]) * half
    u = math.hypot(_splitting_u(three, order) * half, _profile_spread(t, z, three) * half)
    real = bool(np.min(heights) > _SMALLEST_SHARE * heights.sum() and np.min(np.diff(where)) > _APART * abs(p[6]))
    count, why = _decided(difference, real)
    told = tuple(float(centre + half * place) for place in where)
    left = (places, *(-height * fit.residuals for fit in (one, three)))
    return Components(count, difference, told, splitting, u, why, three.df, left)


def _splitting_u(fit: Fit, order: np.ndarray) -> float:
    """Return the standard deviation of the distance of the outer components from the scatter; inf where nothing fixes it."""
    outer = np.ix_([order[0], order[2]], [order[0], order[2]])
    covariance = fit.covariance[outer]
    if not np.all(np.isfinite(covariance)):
        return math.inf
    return math.sqrt(max(float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]), 0.0))


def _profile_spread(t: np.ndarray, z: np.ndarray, best: Fit) -> float:
    """Return the standard deviation of the same distance for the choice of the profile, Gaussian to Lorentzian."""
    low, high = (np.asarray(b) for b in _BOUNDS["_three"])
    found = []
    for mix in (0.0, 1.0):
        floor, ceiling = low.copy(), high.copy()
        floor[7], ceiling[7] = mix - 1e-3, mix + 1e-3
        start = best.values.copy()
        start[7] = mix
        fit = least_squares(
            lambda p: _three(p, t) - z,
            np.clip(start, floor + 1e-6, ceiling - 1e-6),
            bounds=(floor, ceiling),
            max_evaluations=30,
            tolerance=1e-5,
            with_covariance=False,
        )
        found.append(float(np.ptp(fit.values[:3])))
    return max(abs(one - float(np.ptp(best.values[:3]))) for one in found)


def _decided(difference: float, real: bool) -> tuple[int | None, str]:
    """Return how many components there are, and why."""
    said = f"BIC of one component is {abs(difference):.0f} {'above' if difference > 0 else 'below'} that of three"
    if difference > _SURE and real:
        return 3, said
    if difference > _SURE:
        return 1, f"{said}, but of the three two coincide or one is below {_SMALLEST_SHARE:.0%} of the area"
    if difference < _NONE:
        return 1, said
    return None, f"{said}, which decides nothing"


def _profile(t: np.ndarray, centre: float, width: float | np.ndarray, mix: float) -> np.ndarray:
    """Return a Gaussian and a Lorentzian of one full width, mixed, of height 1."""
    r = ((t - centre) / width) ** 2
    return np.asarray((1.0 - mix) * np.exp(-4.0 * math.log(2.0) * r) + mix / (1.0 + 4.0 * r))


def _one(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    centre, height, width, mix, skew, level, slope = p
    widths = width * (1.0 + skew * np.tanh((t - centre) / width))
    return np.asarray(height * _profile(t, centre, widths, mix) + level + slope * t)


def _three(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    total = p[8] + p[9] * t
    for k in range(3):
        total = total + p[3 + k] * _profile(t, p[k], p[6], p[7])
    return np.asarray(total)


_BOUNDS = {
    "_one": ([-1.0, 0.0, 0.03, 0.0, -0.8, -9.0, -9.0], [1.0, 9.0, 3.0, 1.0, 0.8, 9.0, 9.0]),
    "_three": ([-1.0] * 3 + [0.0] * 3 + [0.03, 0.0, -9.0, -9.0], [1.0] * 3 + [9.0] * 3 + [2.0, 1.0, 9.0, 9.0]),
}


def _fitted(t: np.ndarray, z: np.ndarray, model: object, starts: list[list[float]]) -> Fit:
    """Return the best fit of several starts."""
    bounds = _BOUNDS[model.__name__]  # type: ignore[attr-defined]
    low, high = (np.asarray(b) for b in bounds)

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray(model(p, t) - z)  # type: ignore[operator]

    fits = [
        least_squares(
            residual, np.clip(start, low + 1e-6, high - 1e-6), bounds=(low, high), max_evaluations=100, tolerance=1e-7
        )
        for start in starts
    ]
    return min(fits, key=lambda fit: fit.chi2)


def _starts_of_one(t: np.ndarray, z: np.ndarray) -> list[list[float]]:
    top = float(t[np.argmax(z)])
    return [[top, 1.0, width, 0.5, 0.0, float(z.min()), 0.0] for width in (0.25, 0.6)]


def _starts_of_three(t: np.ndarray, z: np.ndarray) -> list[list[float]]:
    """Return three components at quantiles of the area, near and far."""
    above = np.clip(z - z.min(), 0.0, None)
    share = np.cumsum(above) / max(float(above.sum()), 1e-30)
    starts = []
    for low, high, width in ((0.25, 0.75, 0.3), (0.15, 0.85, 0.15)):
        where = [float(np.interp(q, share, t)) for q in (low, 0.5, high)]
        starts.append([*where, 0.5, 0.6, 0.5, width, 0.5, float(z.min()), 0.0])
    return starts
