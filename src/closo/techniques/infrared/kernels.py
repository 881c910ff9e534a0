"""A band as arrays: baselines through its anchors as linear functionals, and what it owes to them.

An area above a baseline is a sum of weights times ordinates. So noise and displaced copies of the same sum, which show
what the spectrum gives where no band is, come from the weights alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from closo.techniques.infrared.request import Band, Range
from closo.techniques.noise import sample_noise

_DIGIT = 6e-8  # of a value: what a 4-byte float keeps
_BIN = 4.0  # 1/cm: points that are nearer share their noise (resolution and zero filling)
_WIDER = 2.0  # times the anchors that fix a parabola
BROADEST = 100.0  # 1/cm: no band of one kind of bond is a wider Lorentzian; what is broader is spread, and a Gaussian
_FREE = ((1360.0, 1540.0), (2050.0, 2270.0), (2625.0, 2655.0), (3785.0, 4400.0))  # 1/cm: no band of silica, salt or air
_FEWEST_PLACES = 3.0  # displaced copies that do not overlap
_NOISE_REACH = 150.0  # 1/cm to both sides from which the noise is taken


@dataclass(frozen=True)
class Line:
    """A straight line below a band, y = level + slope (x - centre)."""

    centre: float
    level: float
    slope: float

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the line at wavenumbers [1/cm]."""
        return np.asarray(self.level + self.slope * (x - self.centre))


@dataclass(frozen=True)
class Area:
    """What is above the baseline between the limits of a band.

    Attributes
    ----------
    value : area [ordinate / cm].
    noise : standard deviation from the scatter of the points.
    anchors : standard deviation over parts of the anchors.
    model : from the bend of a parabola through wider anchors (its distance over the root of 3).
    structure : what the same sum scatters where no band is, beyond all of these.
    places : how many such places do not overlap; 0 where there is no room.
    slope : change with a shift of the limits [ordinate].
    """

    value: float
    noise: float
    anchors: float
    model: float
    structure: float
    places: float
    slope: float


def area_of(x: np.ndarray, y: np.ndarray, band: Band, *, taken: tuple[Range, ...] = ()) -> Area:
    """Return the area of a band and what it owes to noise, anchors and baseline.

    Parameters
    ----------
    x, y : shape (n,), even steps, no NaN between the ends of the wider anchors.
    taken : ranges of other bands [1/cm], where no displaced copy may lie.
    """
    lines = np.array([_weights(x, band, left, right) for left, right in _parts(band)])
    weights = lines.mean(axis=0)
    curved = _weights(x, band, *_wide(x, band), degree=2)
    scatter = scatter_of(x, y, band)
    measured, y = y, _known(y)
    step = float(x[1] - x[0])
    noise = _propagated(x, weights, scatter)
    structure, places = _displaced(x, measured, weights, band, taken=taken)
    apart = (lines - weights) @ y
    by_noise = sum(_propagated(x, line - weights, scatter) ** 2 for line in lines)
    anchors = math.sqrt(max(float(apart @ apart) - by_noise, 0.0) / (len(lines) - 1))
    by_noise_alone = _propagated(x, curved - weights, scatter)
    far = max(abs(value - float(weights @ y)) for value in _by_parabola(x, y, band, (weights, curved)))
    model = band.bend * math.sqrt(max(far**2 - by_noise_alone**2, 0.0) / 3.0)
    moved = (_integral(x, _moved(band.limits, step)) - _integral(x, _moved(band.limits, -step))) @ y / (2.0 * step)
    inside = baseline_of(x, y, band).at(np.array(band.limits))
    local = noise**2 + anchors**2 + model**2
    return Area(
        value=float(weights @ y),
        noise=noise,
        anchors=anchors,
        model=model,
        structure=math.sqrt(max(structure**2 - local, 0.0)) if places else 0.0,
        places=places,
        slope=float(moved - (inside[1] - inside[0])),
    )


def _by_parabola(
    x: np.ndarray, y: np.ndarray, band: Band, weights: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """Return the area above a parabola, and the same corrected for the tails of the band itself.

    A parabola follows a bent background, but also bends up under the tails of the band; a Lorentzian as wide as the band is
    seen to be says by how much. `weights` are those of line and parabola.
    """
    line, curved = weights
    area = float(curved @ y)
    centre, width = width_of(x, y - baseline_of(x, y, band).at(x), band)
    t = (x - centre) / max(width, _BIN)
    tails = 1.0 / (1.0 + 4.0 * t**2) if width < BROADEST else np.exp(-4.0 * math.log(2.0) * t**2)
    alone = float(curved @ tails)
    return area, area * float(line @ tails) / alone if area > 0 and alone > 0 else area


def parabola_of(x: np.ndarray, y: np.ndarray, band: Band) -> np.ndarray:
    """Return the parabola through the anchors of a band, made wider, at all wavenumbers."""
    centre = 0.5 * (band.limits[0] + band.limits[1])
    left, right = _wide(x, band)
    c = _projection(x, _inside(x, left) | _inside(x, right), centre, 2) @ _known(y)
    t = x - centre
    return np.asarray(c[0] + t * (c[1] + t * c[2]))


def baseline_of(x: np.ndarray, y: np.ndarray, band: Band) -> Line:
    """Return the line through the anchors of a band, mean over their parts."""
    centre = 0.5 * (band.limits[0] + band.limits[1])
    found = [_projection(x, _inside(x, a) | _inside(x, b), centre, 1) @ _known(y) for a, b in _parts(band)]
    level, slope = np.mean(found, axis=0)
    return Line(centre, float(level), float(slope))


def _known(y: np.ndarray) -> np.ndarray:
    """Return 0 where there was no light: such points have no weight, but 0 times NaN is NaN."""
    return np.asarray(np.where(np.isfinite(y), y, 0.0))


def _parts(band: Band) -> list[tuple[Range, Range]]:
    """Return the anchors and their halves, in all pairs."""

    def halves(low: float, high: float) -> tuple[Range, ...]:
        middle = 0.5 * (low + high)
        return (low, high), (low, middle), (middle, high)

    return list(product(halves(*band.left), halves(*band.right)))


def _wide(x: np.ndarray, band: Band) -> tuple[Range, Range]:
    """Return the anchors, made wider outwards as far as the spectrum goes."""
    (a, b), (c, d) = band.left, band.right
    return (max(b - _WIDER * (b - a), float(x[0])), b), (c, min(c + _WIDER * (d - c), float(x[-1])))


def _moved(limits: Range, by: float) -> Range:
    return limits[0] + by, limits[1] + by


def _inside(x: np.ndarray, ends: Range) -> np.ndarray:
    """Return True at the points of a range, at least the two nearest its middle."""
    inside = (x >= ends[0]) & (x <= ends[1])
    if inside.sum() < 2:
        inside = np.zeros(x.size, bool)
        inside[np.argsort(np.abs(x - 0.5 * (ends[0] + ends[1])))[:2]] = True
    return np.asarray(inside)


def _integral(x: np.ndarray, limits: Range) -> np.ndarray:
    """Return the weights of the integral between two limits, of straight lines between the points."""
    step = float(x[1] - x[0])

    def up_to(end: float) -> np.ndarray:
        """Weights of the integral from x[0] to `end`."""
        place = min(max((end - x[0]) / step, 0.0), x.size - 1.0)
        k = min(int(place), x.size - 2)
        part = place - k
        weights = np.zeros(x.size)
        if k:
            weights[:k] += 0.5 * step
            weights[1 : k + 1] += 0.5 * step
        weights[k] += step * (part - 0.5 * part**2)
        weights[k + 1] += step * 0.5 * part**2
        return weights

    return np.asarray(up_to(limits[1]) - up_to(limits[0]))


def _projection(x: np.ndarray, chosen: np.ndarray, centre: float, degree: int) -> np.ndarray:
    """Return the matrix (degree + 1, n) that gives the coefficients of a polynomial through the chosen points."""
    scale = max(float(np.max(np.abs(x[chosen] - centre))), 1e-9)
    powers = np.vander((x[chosen] - centre) / scale, degree + 1, increasing=True)
    matrix = np.zeros((degree + 1, x.size))
    matrix[:, chosen] = np.linalg.pinv(powers) / scale ** np.arange(degree + 1)[:, None]
    return matrix


def _weights(x: np.ndarray, band: Band, left: Range, right: Range, *, degree: int = 1) -> np.ndarray:
    """Return the weights of the area above a polynomial through two anchors."""
    low, high = band.limits
    centre = 0.5 * (low + high)
    half = 0.5 * (high - low)
    moments: np.ndarray = np.array([2.0 * half, 0.0, 2.0 * half**3 / 3.0])[: degree + 1]
    below = moments @ _projection(x, _inside(x, left) | _inside(x, right), centre, degree)
    return np.asarray(_integral(x, band.limits) - below)


def scatter_of(x: np.ndarray, y: np.ndarray, band: Band) -> float:
    """Return the standard deviation of means over 4 1/cm about a smooth curve, near a band."""
    places, means = binned(x, x), binned(x, y)
    near = np.isfinite(means) & (places > band.span[0] - _NOISE_REACH) & (places < band.span[1] + _NOISE_REACH)
    return max(sample_noise(means[near]), _DIGIT * float(np.max(np.abs(means[near]), initial=0.0)))


def binned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the means over 4 1/cm."""
    each = max(round(_BIN / float(x[1] - x[0])), 1)
    return np.asarray(y[: x.size // each * each].reshape(-1, each).mean(axis=1))


def shared_noise(x: np.ndarray, y: np.ndarray) -> float:
    """Return the scatter of means over 4 1/cm over that of means two and three further on, as variances.

    From medians of fourth differences. Of spectra at 4 1/cm it is 0.1 to 0.5; below that the values were smoothed, or
    recorded at 8 1/cm or more.
    """
    means = binned(x, y)
    means = means[np.isfinite(means)]
    lags = [
        np.abs(sum(weight * means[k * lag : len(means) - (4 - k) * lag] for k, weight in enumerate((1, -4, 6, -4, 1))))
        for lag in (1, 2, 3)
    ]
    first, *further = (float(np.median(apart)) ** 2 if len(apart) > 50 else np.nan for apart in lags)
    return first / max(float(np.mean(further)), 1e-300)


def _propagated(x: np.ndarray, weights: np.ndarray, scatter: float) -> float:
    """Return the standard deviation of a weighted sum; the points within 4 1/cm are taken to have one error."""
    each = max(round(_BIN / float(x[1] - x[0])), 1)
    return scatter * each * float(np.linalg.norm(binned(x, weights)))


def _displaced(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, band: Band, *, taken: tuple[Range, ...]
) -> tuple[float, float]:
    """Return the standard deviation of the same sum where no band is, and the number of places that do not overlap."""
    step = float(x[1] - x[0])
    used = np.flatnonzero(weights)
    kernel = weights[used[0] : used[-1] + 1]
    length = (kernel.size - 1) * step
    values: list[np.ndarray] = []
    places = 0.0
    for low, high in _FREE:
        if any(low < b and a < high for a, b in taken):
            continue
        inside = (x >= low) & (x <= high) & np.isfinite(y)
        if inside.sum() < kernel.size:
            continue
        values.append(np.correlate(y[inside], kernel, "valid"))
        places += min(1.0 + (inside.sum() - kernel.size) * step / length, 6.0)
    if places < _FEWEST_PLACES:
        return 0.0, 0.0
    return float(np.sqrt(np.mean(np.concatenate(values) ** 2))), places


def width_of(x: np.ndarray, above: np.ndarray, band: Band) -> tuple[float, float]:
    """Return place and full width at half height of what is above the baseline [1/cm], within the span of the band."""
    inside = np.flatnonzero((x >= band.span[0]) & (x <= band.span[1]))
    limits = np.flatnonzero((x >= band.limits[0]) & (x <= band.limits[1]))
    top = int(limits[np.argmax(above[limits])])
    half = 0.5 * above[top]
    low, high = int(inside[0]), int(inside[-1])
    left = next((k for k in range(top, low, -1) if above[k - 1] < half), low)
    right = next((k for k in range(top, high) if above[k + 1] < half), high)

    def crossing(a: int, b: int) -> float:
        if not (0 <= b < x.size) or above[a] == above[b]:
            return float(x[a])
        return float(x[a] + (x[b] - x[a]) * min(max((above[a] - half) / (above[a] - above[b]), 0.0), 1.0))

    return float(x[top]), crossing(right, min(right + 1, high)) - crossing(left, max(left - 1, low))
