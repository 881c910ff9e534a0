"""How the noise of a spectrum depends on the frequency, judged by what a Kramers-Kronig fit leaves.

Noise proportional to |Z| is what is assumed until the residuals speak against it: for a constant part in ohm (offsets,
pick-up on a small impedance), a power of the frequency, or any smooth function of it, in this order of freedom. The squares
of complex Gaussian residuals are exponentially distributed; the logarithm of their mean is fitted by maximum likelihood,
where a square beyond four times its mean counts only by its logarithm, so that a few outliers do not decide.

Source: Davidian, Carroll, J. Am. Stat. Assoc. 1987, 82, 1079, doi:10.1080/01621459.1987.10478543 (variance functions from
residuals). Checked by tests/techniques/impedance/test_kramers_kronig.py.
"""

from __future__ import annotations

import numpy as np

_FEWEST = 20  # points below which a dependence is not distinguishable from chance
_CAP = 4.0  # squares beyond so many times their mean count by their logarithm
_CAPPED_MEAN = 1.0 - np.exp(-_CAP)  # mean of min(u, cap) for exponential u
_CROSSINGS = 16  # trial values of |Z| at which constant and proportional noise are equal
_KNOTS = 5
_DEPARTURE = 6.0  # what a dependence must gain in twice ln(likelihood) beyond the information criterion
_SHARED = 1.9  # neighbouring squares share residuals: so many count as one (sum of their squared correlations)
_ROUNDS = 25
_CLEAR = 6.0  # what a constant part must gain in twice ln(likelihood) of the residuals of a circuit


def median(x: np.ndarray) -> np.ndarray:
    """Median along the first axis, at a fifth of what numpy's costs."""
    low, high = (len(x) - 1) // 2, len(x) // 2
    ordered = np.partition(x, (low, high), axis=0)
    return np.asarray(0.5 * (ordered[low] + ordered[high]))


def relative_shape(frequency: np.ndarray, modulus: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return the sd of the noise over |Z| along the spectrum, with a mean square of 1; exactly 1 without evidence.

    Parameters
    ----------
    frequency, modulus : shape (n,) [Hz, ohm].
    power : shape (n - 2,), of all but the ends: mean square of Re and Im, over |Z|^2, of how far a residual is from the
        mean of its neighbours, over its degrees of freedom [1]; NaN where the point is not to be counted.
    """
    uniform = np.ones(frequency.size)
    counted = 1 + np.flatnonzero(np.isfinite(power))
    if counted.size < _FEWEST or not (middle := float(median(power[counted - 1]))) > 0:
        return uniform
    square = np.maximum(power[counted - 1], 1e-9 * middle)
    logarithm = np.log(frequency)
    x = (logarithm - logarithm.min()) / max(float(np.ptp(logarithm)), 1e-12)
    mixed = _mixed(modulus)
    slope = np.stack([uniform, x - x.mean()], axis=1)
    candidates = [_level(square, np.zeros((counted.size, 1))), _level(square, mixed[counted])]
    freedom = np.array([0, 1, 1, _KNOTS - 1])
    cost = np.where(freedom > 0, freedom * np.log(counted.size) + _DEPARTURE, 0.0)
    enough = candidates[0][0] - 0.5 * _SHARED * cost
    candidates += [_fit(square, b[counted], middle, enough[k]) for k, b in ((2, slope), (3, _hats(x)))]
    best = int(np.argmin(2.0 * np.array([loss for loss, _ in candidates]) / _SHARED + cost))
    if best == 0:
        return uniform
    b = candidates[best][1]
    found = mixed[:, int(b[0])] if best == 1 else (slope if best == 2 else _hats(x)) @ b
    relative = np.exp(found - found.max())
    return np.asarray(np.sqrt(relative / relative.mean()))


def with_floor(modulus: np.ndarray, sd: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Return the sd of noise with a constant part beside the proportional one where residuals speak for it, else sd.

    A circuit has fewer parameters than a Kramers-Kronig fit, and shows the noise of the few points of smallest |Z|.

    Parameters
    ----------
    modulus, sd : shape (n,) [ohm].
    square : shape (n,), mean square of Re and Im of the residuals over their degrees of freedom [ohm2].
    """
    relative = np.maximum(square / modulus**2, 1e-9 * median(square / modulus**2))
    if modulus.size < _FEWEST or not relative.min() > 0:
        return sd
    mixed = _mixed(modulus)
    loss, column = _level(relative, mixed)
    if 2.0 * (_level(relative, 2.0 * np.log(sd / modulus)[:, None])[0] - loss) < _CLEAR:
        return sd
    shape = np.exp(mixed[:, int(column[0])])
    return np.asarray(modulus * np.sqrt(shape * np.mean(relative / shape)))


def _mixed(modulus: np.ndarray) -> np.ndarray:
    """Return ln of (proportional + constant) over proportional variance, one column per |Z| at which both are equal."""
    crossings = np.exp(np.linspace(np.log(modulus.min()), np.log(10.0 * modulus.max()), _CROSSINGS))
    return np.asarray(np.log1p((crossings / modulus[:, None]) ** 2))


def binned(f: np.ndarray, z: np.ndarray, sd: np.ndarray, *, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average a spectrum of more than `most` points over narrow bins of ln f, weighted by 1/sd^2; f, z, sd of the means.

    A smaller one is only put in order of rising frequency.
    """
    order = np.lexsort((z.imag, z.real, f))
    f, z, sd = f[order], z[order], sd[order]
    if f.size <= most or f[0] == f[-1]:
        return f, z, sd
    position = np.floor(np.log(f / f[0]) / np.log(f[-1] / f[0]) * 0.999 * most)
    start = np.flatnonzero(np.diff(position, prepend=-1.0))
    weight = 1.0 / sd**2
    total = np.add.reduceat(weight, start)
    mean_f = np.exp(np.add.reduceat(weight * np.log(f), start) / total)
    return mean_f, np.add.reduceat(weight * z, start) / total, 1.0 / np.sqrt(total)


def _hats(x: np.ndarray) -> np.ndarray:
    """Piecewise linear functions on x in 0..1, shape (n, knots)."""
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(x[:, None] * (_KNOTS - 1) - np.arange(_KNOTS))))


def _loss(square: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    """Return the sum over points of minus ln(likelihood) for ln(mean square) = logarithm, shape (n, ...)."""
    u = square * np.exp(-logarithm)
    lost = np.where(u < _CAP, u, _CAP * (1.0 + np.log(np.maximum(u, _CAP) / _CAP)))
    return np.asarray(np.sum(_CAPPED_MEAN * logarithm + lost, axis=0))


def _level(square: np.ndarray, offsets: np.ndarray) -> tuple[float, np.ndarray]:
    """Fit ln(mean square) = offset + constant for every column of offsets: the least loss, and the column's index."""
    scaled = square[:, None] * np.exp(-offsets)
    level = np.log(median(scaled) / np.log(2.0))
    for _ in range(_ROUNDS):
        change = np.log(np.minimum(scaled * np.exp(-level), _CAP).sum(axis=0) / (len(scaled) * _CAPPED_MEAN))
        level = level + change
        if np.abs(change).max() < 1e-3:
            break
    losses = _loss(square[:, None], offsets + level)
    return float(losses.min()), np.array([np.argmin(losses)])


def _fit(square: np.ndarray, basis: np.ndarray, middle: float, enough: float) -> tuple[float, np.ndarray]:
    """Fit ln(mean square) = basis b by Newton's method on the convex loss: the loss, and b.

    It ends early where the loss, less three times what the step promised, stays above `enough`: it could not win.
    """
    b = np.where(basis.min(axis=0) >= 0.0, np.log(middle / np.log(2.0)), 0.0)
    ridge = 1e-3 * np.eye(b.size)
    for _ in range(_ROUNDS):
        u = square * np.exp(-basis @ b)
        gradient = basis.T @ (_CAPPED_MEAN - np.minimum(u, _CAP))
        curvature = np.where(u < _CAP, u, 0.2)
        hessian = basis.T @ (basis * curvature[:, None]) + ridge
        step = np.linalg.solve(hessian, -gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 2.0))
        b = b + step
        if np.abs(step).max() < 1e-3 or _loss(square, basis @ b) + 3.0 * gradient @ step > enough:
            break
    return float(_loss(square, basis @ b)), b
