"""The steady state behind a tail: I_k + a sum_j h_j f(t - t_j), with four laws f and the spread between them.

Every step k has its own steady current I_k; the tail of a step of height h_j lives on through the later ones
(superposition). Samples are averaged in bins of equal width in ln(t - t_k), so that a fit costs the same for 300 and for
300 000 samples and sees low-frequency noise as scatter between the bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closo.errors import ConvergenceError
from closo.fit import Function, covariance_of, least_squares
from closo.techniques.noise import sample_noise
from closo.techniques.polarization.steps import Step

_WINDOWS = (0.01, 0.03, 0.1, 0.3)  # first part of each step that is left out, as a share of its length
_BINS = 40  # of each step
_GOOD = 1.2  # chi2 per bin below which no second start is tried
_LEAST_SAMPLES = 3  # of a step that are always left out

_LN_TAU, _POWER, _STRETCH = (float(np.log(0.2)), 1.5), (0.75, 0.25), (0.6, 0.2)
# law -> (start, sd of the normal prior) of its parameters; times in units of the longest step
LAWS: dict[str, tuple[tuple[float, float], ...]] = {
    "exponential": (_LN_TAU,),  # exp(-t/tau): ln tau
    "power law": (_POWER,),  # (t/t1)^-n: n
    "stretched": (_LN_TAU, _STRETCH),  # exp(-(t/tau)^b): ln tau, b
    "exponential + power law": (_LN_TAU, _POWER),
}


@dataclass(frozen=True)
class Tail:
    """The steady currents behind the tails."""

    steady: np.ndarray  # shape (k,), mean over the laws [A]
    covariance: np.ndarray  # shape (k, k), of the fits [A2]
    spread: np.ndarray  # shape (k, k), covariance between the laws [A2]
    weights: dict[str, float]  # law -> its share
    window: float  # share of each step that was left out
    reduced: float  # chi2 over degrees of freedom of the best law, in units of the samples' noise
    df: int  # degrees of freedom of the best law
    noise: float  # standard deviation of a sample [A]
    left: np.ndarray  # shape (k,), what of the tail is left at the end of each step [A]
    # (time on the record's clock [s], current [A], its standard error [A], step), each of shape (m,).
    bins: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    model: np.ndarray  # shape (m,), mean over the laws at the bins [A]


@dataclass(frozen=True)
class _Fitted:
    law: str
    steady: np.ndarray
    covariance: np.ndarray
    chi2: float
    size: int
    model: np.ndarray
    left: np.ndarray
    parameters: np.ndarray


def fit_tails(time: np.ndarray, current: np.ndarray, steps: Sequence[Step]) -> Tail:
    """Return the steady currents of all steps.

    Parameters
    ----------
    time, current : shape (n,) [s, A].

    Notes
    -----
    The window is the earliest in which some law leaves no more than noise; where none does, the latest one, with the
    covariance scaled by what is left.

    Raises
    ------
    ConvergenceError  when no law can be fitted.
    """
    tail: Tail | None = None
    for window in _WINDOWS:
        found = _in_window(time, current, steps, window)
        if found is None:
            continue
        tail = found
        if tail.reduced < 1.0 + 2.0 * np.sqrt(2.0 / tail.df):
            break
    if tail is None:
        raise ConvergenceError(
            "No law of the tail could be fitted to the current.", hint="Look at the record: does it decay at all?"
        )
    return tail


def _in_window(time: np.ndarray, current: np.ndarray, steps: Sequence[Step], window: float) -> Tail | None:
    """Fit all laws after leaving out the first `window` of each step."""
    mean_time, mean, count, owner = _binned(time, current, steps, window)
    late = [current[s.start + max(_LEAST_SAMPLES, int(window * (s.stop - s.start))) : s.stop] for s in steps]
    noise = float(np.sqrt(np.mean([sample_noise(part) ** 2 for part in late])))
    noise = max(noise, 1e-6 * float(np.max(np.abs(current))), 1e-18)
    error = noise / np.sqrt(count)
    fits: list[_Fitted] = []
    for law in LAWS:
        part = next((f.parameters for f in fits if f.law == law.partition(" + ")[0]), None)
        found = _fit(law, (mean_time, mean, error, owner), time, steps, part=part)
        fits += [] if found is None else [found]
    if not fits:
        return None
    best = min(fits, key=lambda f: f.chi2)
    df = max(mean.size - best.size, 1)
    reduced = best.chi2 / df
    scale = max(reduced, 1.0)
    criterion = np.array([f.chi2 / scale + 2.0 * f.size for f in fits])
    weights = np.exp(-0.5 * (criterion - criterion.min()))
    weights = weights / weights.sum()
    rows = np.array([f.steady for f in fits])
    steady = weights @ rows
    away = rows - steady
    return Tail(
        steady=steady,
        covariance=scale * np.einsum("l,lij->ij", weights, np.array([f.covariance for f in fits])),
        spread=np.einsum("l,li,lj->ij", weights, away, away),
        weights={f.law: float(w) for f, w in zip(fits, weights, strict=True)},
        window=window,
        reduced=reduced,
        df=df,
        noise=noise,
        left=weights @ np.array([f.left for f in fits]),
        bins=(mean_time, mean, error, owner),
        model=weights @ np.array([f.model for f in fits]),
    )


def _binned(
    time: np.ndarray, current: np.ndarray, steps: Sequence[Step], window: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean time, mean current, number of samples and step of each bin."""
    columns: list[list[np.ndarray]] = [[], [], [], []]
    for number, step in enumerate(steps):
        first = step.start + max(_LEAST_SAMPLES, int(window * (step.stop - step.start)))
        t, i = time[first : step.stop], current[first : step.stop]
        since = np.log(np.maximum(t - step.begin, 1e-9))
        edges = np.linspace(since[0], since[-1], _BINS + 1)
        which = np.clip(np.searchsorted(edges, since, side="right") - 1, 0, _BINS - 1)
        count = np.bincount(which, minlength=_BINS)
        there = count > 0
        columns[0].append(np.bincount(which, t, _BINS)[there] / count[there])
        columns[1].append(np.bincount(which, i, _BINS)[there] / count[there])
        columns[2].append(count[there].astype(float))
        columns[3].append(np.full(int(there.sum()), number))
    mean_time, mean, count_all, owner = (np.concatenate(c) for c in columns)
    return mean_time, mean, count_all, owner


def _shapes(law: str, since: np.ndarray, parameters: np.ndarray, first: float) -> list[np.ndarray]:
    """Return the terms f(t) of a law, each of the shape of `since` (in units of the longest step; <= 0 gives 0).

    `first` is where a power law is 1.
    """
    t = np.maximum(since, 1e-12)
    terms = []
    with np.errstate(all="ignore"):
        if law != "power law":
            power = parameters[1] if law == "stretched" else 1.0
            terms.append(np.exp(-((t / np.exp(parameters[0])) ** power)))
        if law.endswith("power law"):
            terms.append((t / first) ** -parameters[-1])
    return [np.where(since > 0, f, 0.0) for f in terms]


def _fit(
    law: str,
    bins: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    time: np.ndarray,
    steps: Sequence[Step],
    *,
    part: np.ndarray | None = None,
) -> _Fitted | None:
    """Fit one law to the bins; None where it cannot be fitted. `part` : what was found for the first of its two terms.

    Only the law's own parameters are sought; the currents I_k and the amplitudes of the tail, in which the model is linear,
    are solved for at each of them (variable projection: Golub, Pereyra 1973, doi:10.1137/0710036).
    """
    t, mean, error, owner = bins
    ends = np.array([float(time[s.stop - 1]) for s in steps])
    unit = max(end - s.begin for end, s in zip(ends, steps, strict=True))
    heights = np.diff([s.voltage for s in steps], prepend=0.0)
    heights = heights / (np.max(np.abs(heights)) or 1.0)
    first = float(np.min([t[owner == k].min() - s.begin for k, s in enumerate(steps) if np.any(owner == k)])) / unit
    priors = np.array(LAWS[law])
    own = (owner[:, None] == np.arange(len(steps))).astype(float)

    def tails(at: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        each = [_shapes(law, (at - s.begin) / unit, parameters, first) for s in steps]
        summed = np.sum([h * np.array(terms) for h, terms in zip(heights, each, strict=True)], axis=0)
        return np.asarray(summed.T)

    def solved(parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = np.column_stack([own, tails(t, parameters)])
        weighted = design / error[:, None]
        size = np.sqrt(np.sum(weighted**2, axis=0)) + 1e-300
        linear = np.linalg.lstsq(weighted / size, mean / error, rcond=1e-12)[0] / size
        return design, linear

    def residual(parameters: np.ndarray) -> np.ndarray:
        design, linear = solved(np.clip(parameters, -12.0, 12.0))
        return np.concatenate([(design @ linear - mean) / error, (parameters - priors[:, 0]) / priors[:, 1]])

    found = _search(residual, _starts(law, priors[:, 0], part), enough=2 if part is not None else 1)
    if found is None:
        return None
    parameters, chi2 = found
    design, linear = solved(parameters)
    slopes = _slopes(lambda p: tails(t, p) @ linear[len(steps) :], parameters)
    jacobian = np.column_stack([design, slopes]) / error[:, None]
    pull = np.zeros((priors.shape[0], jacobian.shape[1]))
    pull[:, -priors.shape[0] :] = np.diag(1.0 / priors[:, 1])
    covariance = covariance_of(jacobian.T @ jacobian + pull.T @ pull)[: len(steps), : len(steps)]
    if not np.all(np.isfinite(covariance)):
        return None
    left = tails(ends, parameters) @ linear[len(steps) :]
    size = linear.size + parameters.size
    return _Fitted(law, linear[: len(steps)], covariance, chi2, size, design @ linear, np.asarray(left), parameters)


def _starts(law: str, middle: np.ndarray, part: np.ndarray | None) -> list[np.ndarray]:
    """Return where to look for the parameters of a law: a time constant is sought from two places.

    A sum of two laws begins where the first alone ended: it can then be no worse than that one. A power law whose exponent
    goes to 0 is no longer told from the steady current, and a minimum there would say that any current is possible.
    """
    shifts = (0.0,) if law == "power law" else (0.0, -2.5)
    starts = [np.append(middle[0] + shift, middle[1:]) for shift in shifts]
    return starts if part is None else [np.append(part, middle[part.size :]), *starts]


def _search(residual: Function, starts: Sequence[np.ndarray], *, enough: int) -> tuple[np.ndarray, float] | None:
    """Return the best parameters of the law and their chi2; after `enough` starts a good one ends the search."""
    best: tuple[np.ndarray, float] | None = None
    for tried, begin in enumerate(starts, start=1):
        try:
            fit = least_squares(residual, begin, noise_known=True, with_covariance=False, tolerance=1e-8)
        except ConvergenceError:
            continue
        if best is None or fit.chi2 < best[1]:
            best = (np.clip(fit.values, -12.0, 12.0), fit.chi2)
        if tried >= enough and best[1] < _GOOD * fit.residuals.size:
            break
    return best


def _slopes(function: Function, at: np.ndarray) -> np.ndarray:
    """Return the derivatives of `function` along each parameter, shape (m, parameters)."""
    columns = []
    for k in range(at.size):
        step = np.zeros_like(at)
        step[k] = 1e-5
        columns.append((function(at + step) - function(at - step)) / 2e-5)
    return np.stack(columns, axis=1)
