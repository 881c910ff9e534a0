"""How the capacity moves from cycle to cycle: its scatter, the end of the early change, its sensitivity to temperature.

Only complete cycles at one rate and away from spectra are compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import fdtri

from closo.errors import ConvergenceError
from closo.fit import covariance_of, least_squares
from closo.quantity import Quantity, uncertain, withheld
from closo.techniques.cycling.cycles import NO_LOG, Cycles
from closo.techniques.noise import Scatter, memory_factor, scatter_of

_SMALL = 0.01  # the early change counts as over where less than this share of the capacity is left of it
_FEWEST = 8  # cycles for a trend as a result
_FEWEST_FADE = 6  # cycles for an early change that is only taken off: four parameters, and two degrees of freedom
_WIDEST = 0.02  # 1/K, standard uncertainty beyond which a sensitivity says nothing
_TWINS = 0.9  # share of the variance of T that the trend explains, beyond which the two cannot be told apart
_ROUNDS = 8  # of fade and sensitivity, each with the other taken off


@dataclass(frozen=True)
class Fade:
    """The early change of capacity, q = level + slope (n - n0) + height exp(-(n - n0)/tau)."""

    values: np.ndarray  # level [C], slope [C], height [C], tau [cycles]
    covariance: np.ndarray  # (4, 4)
    start: int  # n0, number of the first cycle used
    df: int  # degrees of freedom

    def at(self, number: np.ndarray) -> np.ndarray:
        """Return the capacity at each cycle [C]."""
        x = number - self.start
        return np.asarray(self.values[0] + self.values[1] * x + self.values[2] * np.exp(-x / self.values[3]))

    def directions(self, number: np.ndarray) -> np.ndarray:
        """Return d ln q/d(parameter) at each cycle, (n, 4)."""
        x = number - self.start
        decay = np.exp(-x / self.values[3])
        slopes = [np.ones_like(decay), x, decay, self.values[2] * decay * x / self.values[3] ** 2]
        return np.asarray(np.column_stack(slopes) / self.at(number)[:, None])


@dataclass(frozen=True)
class Trend:
    """How the capacity moves over the cycles."""

    fade: Fade | None  # the early change, None where there is none
    scatter: Scatter  # from cycle to cycle, as it is
    scatter_at_equal_temperature: Scatter  # the same with the effect of temperature taken off
    sensitivity: Quantity  # `temperature_sensitivity`, or why not


def compared(cycles: Cycles, level: int | None = None) -> np.ndarray:
    """Return the indices of the cycles that can be compared: plain, at the rate that most of them have, or at `level`."""
    plain = np.flatnonzero(cycles.plain)
    if not len(plain):
        return plain
    levels = cycles.rate_level[plain]
    return np.asarray(plain[levels == (np.argmax(np.bincount(levels)) if level is None else level)])


def trend_of(cycles: Cycles, *, name: str) -> Trend:
    """Return early change, scatter and sensitivity to temperature of the capacity, found together."""
    use = compared(cycles)
    number, q = cycles.number[use].astype(float), cycles.capacity[use]
    warmth, why = _warmth(cycles.temperature[use])
    slope, u, df = 0.0, 0.0, 1
    fade = early_fade(number, q)
    if not why:
        for _ in range(_ROUNDS):
            before = slope
            slope, u, df, why = _sensitivity(number, q, warmth, fade)
            if why:
                break
            fade = early_fade(number, q * np.exp(-slope * warmth))
            if abs(slope - before) < 0.01 * u:
                break
        if not why and fade is not None:
            fade = _with_temperature(number, q * np.exp(-slope * warmth), warmth, fade)
    method = (
        "regression of ln(capacity) on the mean logged temperature of each half cycle, with the trend over the cycles"
    )
    key = "temperature_sensitivity"
    if not why and u > _WIDEST:
        why = f"not identifiable: {100 * slope:.1f} ± {100 * u:.1f} %/K"
    if why:
        slope = 0.0
        fade = early_fade(number, q)
        found = withheld(key, why, method=method)
    else:
        found = Quantity(key, uncertain(slope, {f"regression:{name}": u}, df=df), method)
    left = np.log(q) if fade is None else np.log(q / fade.at(number))
    fitted = None if fade is None else fade.directions(number)
    scatter = scatter_of(number, left, fitted=fitted)
    if not slope:
        return Trend(fade, scatter, scatter, found)
    base = np.ones((len(number), 1)) if fitted is None else fitted
    with_warmth = np.column_stack([base, warmth])
    return Trend(fade, scatter, scatter_of(number, left - slope * warmth, fitted=with_warmth), found)


def _warmth(kelvin: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the temperature about its mean [K], and why it cannot be used ('' where it can)."""
    if not np.isfinite(kelvin).all() or not len(kelvin):
        return np.zeros(len(kelvin)), NO_LOG
    warmth = kelvin - kelvin.mean()
    return warmth, f"fewer than {_FEWEST} cycles to compare" if len(kelvin) < _FEWEST else ""


def _sensitivity(
    number: np.ndarray, q: np.ndarray, warmth: np.ndarray, fade: Fade | None
) -> tuple[float, float, int, str]:
    """Return d ln q/dT [1/K], its u and degrees of freedom, and why it cannot be known ('' where it can)."""
    x = number - number.mean()
    others = np.column_stack([np.ones_like(x), x]) if fade is None else fade.directions(number)
    own = warmth - others @ np.linalg.lstsq(others, warmth, rcond=None)[0]
    if float(np.ptp(warmth)) < 1e-6 or float(own @ own) < (1.0 - _TWINS) * float(warmth @ warmth):
        return 0.0, 0.0, 1, "the temperature moved with the cycle number (or not at all): the two cannot be told apart"
    design = np.column_stack([others, warmth])
    y = np.log(q) if fade is None else np.log(q / fade.at(number))
    p, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ p
    df = len(x) - design.shape[1]
    if df < 1:
        return 0.0, 0.0, 1, "too few cycles to compare"
    variance = float(left @ left) / df * float(covariance_of(design.T @ design)[-1, -1])
    return float(p[-1]), math.sqrt(variance * memory_factor(left)), df, ""


def _with_temperature(number: np.ndarray, q: np.ndarray, warmth: np.ndarray, fade: Fade) -> Fade:
    """Return the early change with the covariance of a fit of it together with the sensitivity to temperature."""
    left = np.log(q / fade.at(number))
    design = np.column_stack([fade.directions(number), warmth])
    df = len(q) - design.shape[1]
    covariance = covariance_of(design.T @ design) * float(left @ left) / df * memory_factor(left)
    return replace(fade, covariance=covariance[:4, :4], df=df)


def early_fade(number: np.ndarray, q: np.ndarray) -> Fade | None:
    """Fit the early change of capacity [C] over cycles; None where a line does as well or there are too few cycles.

    Deviations are relative: the scatter of a capacity is taken as a share of it.
    """
    if len(number) < _FEWEST_FADE:
        return None
    x = number - number[0]
    line = np.column_stack([np.ones_like(x), x]) / q[:, None]
    one = np.ones_like(q)
    best: tuple[float, np.ndarray] = (math.inf, np.zeros(4))
    for tau in np.geomspace(0.5, max(1.0, x[-1] / 2.0), 24):
        chi2, p = _linear(np.column_stack([line, np.exp(-x / tau) / q]), one)
        if chi2 < best[0]:
            best = (chi2, np.append(p, math.log(tau)))
    straight, _ = _linear(line, one)
    df = len(x) - 4
    if straight - best[0] <= 2.0 * float(fdtri(2, df, 0.99)) * best[0] / df:
        return None
    scale = np.array([q.mean()] * 3 + [1.0])  # the fit has capacities over their mean, and ln tau

    def residual(p: np.ndarray) -> np.ndarray:
        level, slope, height, log_tau = p * scale
        return np.asarray((level + slope * x + height * np.exp(-x / np.exp(log_tau))) / q - 1.0)

    try:
        fit = least_squares(residual, best[1] / scale)
    except ConvergenceError:
        return None
    tau = math.exp(float(fit.values[3]))
    to = np.append(scale[:3], tau)
    covariance = fit.covariance * np.outer(to, to) * memory_factor(fit.residuals)
    found = Fade(np.append(fit.values[:3] * scale[:3], tau), covariance, int(number[0]), df)
    return found if np.all(found.at(number) > 0) else None


def _linear(design: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the sum of squares and the parameters of a linear fit."""
    p, *_ = np.linalg.lstsq(design, y, rcond=None)
    return float(np.sum((design @ p - y) ** 2)), np.asarray(p)


def stabilised(cycles: Cycles, fade: Fade | None, *, name: str) -> Quantity:
    """Return the cycle from which on the early change of capacity is below 1 % of the capacity."""
    method = "end of the early change (exponential and line, fitted): less than 1 % of the capacity is left of it"
    few = len(compared(cycles)) < _FEWEST
    if few or fade is None:
        why = f"fewer than {_FEWEST} cycles to compare" if few else "no early change that differs from a straight line"
        return withheld("cycle", why, method=method)
    level, _, height, tau = fade.values
    last = int(cycles.number[compared(cycles)][-1])
    if not np.all(np.isfinite(np.diag(fade.covariance))) or tau > (last - fade.start) / 2.0 or level <= 0:
        return withheld("cycle", "the capacity is still changing at the end of the record", method=method)
    if abs(height) <= _SMALL * level:
        return withheld("cycle", "the early change is below 1 % of the capacity from the start", method=method)
    cycles_needed = tau * math.log(abs(height) / (_SMALL * level))
    gradient = np.array([-tau / level, 0.0, tau / height, cycles_needed / tau])
    u = math.sqrt(float(gradient @ fade.covariance @ gradient))
    number = uncertain(fade.start + cycles_needed, {f"fit of the fade:{name}": u}, df=fade.df)
    return Quantity("cycle", number, method)
