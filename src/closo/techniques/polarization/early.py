"""The current at the beginning of a polarization, from its first samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LAWS: dict[str, tuple[float, ...]] = {"line": (0.0, 1.0), "parabola": (0.0, 1.0, 2.0), "square root": (0.0, 0.5)}
_COUNTS = (8, 12, 20, 30, 50, 80, 120, 200)  # samples tried, largest first


@dataclass(frozen=True)
class Early:
    """The current extrapolated to the moment of the step."""

    current: float  # mean over the laws [A]
    fit_u: float  # [A]
    spread: float  # standard deviation over the laws [A]
    slope: float  # dI/dt at the beginning [A/s]
    samples: int  # how many were used
    laws: tuple[str, ...]  # those that leave no more than noise
    df: int  # degrees of freedom
    first: float  # the first sample [A]
    second: float  # the second sample [A]


def initial(since: np.ndarray, current: np.ndarray, noise: float) -> Early:
    """Extrapolate the first samples to t = 0 by a line, a parabola and a + b sqrt(t), each where it fits.

    Parameters
    ----------
    since : shape (n,), time since the step [s], > 0.
    current : shape (n,) [A].
    noise : standard deviation of a sample [A].

    Notes
    -----
    The largest number of samples that two laws or more describe down to the noise is used; else the fewest samples,
    all laws, and the distance from the first sample is added to their spread. Laws count alike: nobody saw what was before
    the first sample.
    """
    chosen: list[_Fit] = []
    for count in reversed([c for c in _COUNTS if c <= current.size]):
        fits = [_fit(law, since[:count], current[:count], noise) for law in _LAWS]
        chosen = [f for f in fits if f.reduced < 1.0 + 2.5 * np.sqrt(2.0 / f.df)]
        if len(chosen) >= 2:
            break
    seen = len(chosen) >= 2
    if not seen:  # the samples are too few and far between: every law counts, and so does what they may have missed
        chosen = fits
    values = np.array([f.current for f in chosen])
    middle = float(values.mean())
    return Early(
        current=middle,
        fit_u=float(np.sqrt(np.mean([f.u**2 * (f.reduced if seen else 1.0) for f in chosen]))),
        spread=float(values.std()) if seen else float(np.hypot(values.std(), middle - current[0])),
        slope=float(np.mean([f.slope for f in chosen])),
        samples=count,
        laws=tuple(f.law for f in chosen),
        df=min(f.df for f in chosen),
        first=float(current[0]),
        second=float(current[1]),
    )


@dataclass(frozen=True)
class _Fit:
    law: str
    current: float
    u: float
    slope: float
    reduced: float
    df: int


def _fit(law: str, t: np.ndarray, i: np.ndarray, noise: float) -> _Fit:
    """Return I(0), its u, the mean slope, and how well the law fits."""
    powers = _LAWS[law]
    design = np.column_stack([(t / t[-1]) ** p for p in powers]) / noise
    values = np.linalg.lstsq(design, i / noise, rcond=None)[0]
    covariance = np.linalg.pinv(design.T @ design)
    df = t.size - len(powers)
    chi2 = float(np.sum((design @ values - i / noise) ** 2))
    u = float(np.sqrt(covariance[0, 0]))
    return _Fit(law, float(values[0]), u, float(np.sum(values[1:]) / t[-1]), chi2 / df, df)
