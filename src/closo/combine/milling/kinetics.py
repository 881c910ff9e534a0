"""A series over milling time, and the laws fitted to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.interphase.inference import draw
from closo.combine.interphase.likelihood import Density
from closo.combine.interphase.mechanisms import DISCREPANCY, SCATTER, Parameter, natural
from closo.combine.regression import tabulate
from closo.errors import DataError
from closo.fit import least_squares
from closo.models.milling import Law, shares
from closo.quantity import Number, log

HOUR = 3600.0
BEYOND = 1.25  # the times measured say something to this factor before the first and after the last
_LEAST = 4  # milling times
_REPEAT = 0.01  # of ln sigma
_SHARE = (0.02, 0.02)  # of a share of a phase: least of each, and what all shares of one state have in common (texture)
_CLOCK = 0.03  # of the milling time of a sample: starting, stopping, speeding up
_FAR = 0.7  # of ln time over which what a law misses is alike


@dataclass(frozen=True)
class Milled:
    """One sample of a series over milling time.

    Attributes
    ----------
    label : the sample; time : of milling [s].
    conductivity : [S/m] at the temperature of the series, None where it was not measured.
    shares : 'A', 'B' or 'C' -> share of the salt in that state.
    """

    label: str
    time: float
    conductivity: Number | None = None
    shares: tuple[tuple[str, Number], ...] = ()


@dataclass(frozen=True)
class Kinetics(Density):
    """A law with the data, as a density over z.

    Attributes
    ----------
    law : of the shares; parameters : d of them.
    hours, y : shape (n,), times and ln sigma; then shares.
    state : shape (n,), '' for a conductivity, else the state whose share it is.
    covariance : shape (n, n), from the named sources.
    """

    law: Law
    parameters: tuple[Parameter, ...]
    hours: np.ndarray
    y: np.ndarray
    state: np.ndarray
    covariance: np.ndarray

    @property
    def name(self) -> str:
        """Name of the law."""
        return self.law.name

    @property
    def structure(self) -> int:
        """The parameter of the ridge: how much of the current C carries is traded for how fast it forms."""
        return [p.name for p in self.parameters].index("over_milled")

    def expected(self, z: np.ndarray, hours: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Return ln sigma and the shares of A, B, C at times [h], each of shape (draws, times)."""
        v = natural(self.parameters, z)
        states = shares(self.law.name, hours, v)
        p = np.where(np.abs(v["mixing"]) < 1e-3, 1e-3, v["mixing"])  # 0 averages logarithms
        carried = sum(x * w**p for w, x in zip((v["as_received"], 1.0, v["over_milled"]), states, strict=True))
        return np.log(v["best_conductivity"]) + np.log(np.maximum(carried, 1e-300)) / p, states

    def least(self) -> float:
        """Return ln det of the named sources alone."""
        return float(np.linalg.slogdet(self.covariance)[1])

    def white(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers whose squares add up to r^T C^-1 r, shape (draws, n), and ln det C (draws,)."""
        y, states = self.expected(z, self.hours)
        missed = self.missing(z, y) * (self.state == "")
        alike = missed[:, :, None] * missed[:, None, :] * _alike(self.hours, self.hours)
        factor = np.linalg.cholesky(self.noise(z, y) + alike)
        for name, share in zip("ABC", states, strict=True):
            y = np.where(self.state == name, share, y)
        white = np.linalg.solve(factor, (self.y - y)[..., None])[..., 0]
        return white, 2.0 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)

    def missing(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the standard deviation of what the law misses of ln sigma where it expects y, both (draws, times).

        To first order in the shares of A and C every rule of sharing the current is the same, as what each takes away is
        fitted; they differ from the second order on, and in proportion where little is left of the conductivity.
        """
        v = natural(self.parameters, z)
        below = np.maximum(np.log(v["best_conductivity"]) - y, 0.0)
        return np.asarray(np.hypot(v["discrepancy"], v["rule_error"] * below**2 / (1.0 + below)))

    def noise(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the covariance (draws, n, n) of the data where ln sigma is y (draws, n): named sources, scatter, clock."""
        late = self.expected(z, self.hours * (1.0 + _CLOCK))[0] - y
        own = np.hypot(natural(self.parameters, z)["scatter"], late) * (self.state == "")
        return np.asarray(self.covariance + own[:, :, None] ** 2 * np.eye(len(self.y)))


@dataclass(frozen=True)
class Fitted:
    """A law after sampling: draws z, its evidence, its AICc, and draws of the best time [h] and ln sigma there."""

    kinetics: Kinetics
    z: np.ndarray
    log_evidence: float
    aicc: float
    best: np.ndarray
    peak: np.ndarray


def checked(samples: Sequence[Milled]) -> np.ndarray:
    """Return the different milling times [h] with a conductivity, rising."""
    for m in samples:
        if not (math.isfinite(m.time) and m.time >= 0):
            raise DataError(f"The milling time of '{m.label}' is {m.time:g} s; it must be finite and not negative.")
        if m.conductivity is not None and not m.conductivity.x > 0:
            raise DataError(f"The conductivity of '{m.label}' is {m.conductivity.x:g} S/m; it must be > 0.")
        if any(not -0.2 <= share.x <= 1.2 for _, share in m.shares):
            raise DataError(f"A share of a phase of '{m.label}' lies outside 0 to 1.")
    times = np.unique([round(m.time / HOUR, 6) for m in samples if m.conductivity is not None and m.time > 0])
    if len(times) < _LEAST:
        raise DataError(
            f"Milling kinetics need the conductivity after {_LEAST} milling times, and there are {len(times)}.",
            hint="Mill one recipe for different times.",
        )
    return times


def kinetics_of(law: Law, samples: Sequence[Milled]) -> Kinetics:
    """Return a law with the data; its priors are as wide as the times are apart."""
    used = [m for m in samples if m.conductivity is not None and m.time > 0]
    known = [(m.time / HOUR, s, x) for m in samples for s, x in m.shares]
    hours = np.array([m.time / HOUR for m in used] + [t for t, *_ in known])
    numbers = [log(m.conductivity) for m in used if m.conductivity is not None] + [x for *_, x in known]
    state = np.array([""] * len(used) + [s for _, s, _ in known])
    matrix = tabulate(numbers).matrix
    least = np.diag(np.where(state == "", _REPEAT, _SHARE[0]) ** 2)
    alike = (state[:, None] == state) & (state != "") & (state[:, None] != "")
    y = np.array([float(n.x) for n in numbers])
    middle = float(np.exp(np.mean(np.log([m.time / HOUR for m in used]))))
    offered = {
        "k1": Parameter("k1", "1/h", 1.5 / middle, 1.2, "A -> B: rate, or hits on a small volume"),
        "k2": Parameter("k2", "1/h", 0.15 / middle, 1.3, "B -> C: over-milling"),
        "n": Parameter("n", "1", 1.3, 0.4, "Avrami exponent"),
        "n1": Parameter("n1", "1", 1.5, 0.4, "hits that make B"),
        "more": Parameter("more", "1", 12.0, 1.0, "further hits that make C"),
    }
    common = (
        Parameter("best_conductivity", "S/m", math.exp(float(y[state == ""].max())), 0.7, "the salt all in state B"),
        Parameter("as_received", "1", 3e-3, 2.0, "conductivity of A over that of B"),
        Parameter("over_milled", "1", 0.3, 1.0, "conductivity of C over that of B"),
        Parameter(
            "mixing", "1", 0.0, 0.6, "exponent of the mean by which the states share the current", positive=False
        ),
        SCATTER,
        replace(DISCREPANCY, centre=0.04, spread=0.6),
        Parameter("rule_error", "1", 0.1, 0.8, "what the rule of sharing misses, per ln far below the best state"),
    )
    own = tuple(offered[key] for key in ("k1", *law.parameters))
    return Kinetics(law, (*own, *common), hours, y, state, matrix @ matrix.T + least + _SHARE[1] ** 2 * alike)


def fit(kinetics: Kinetics, times: np.ndarray, *, draws: int, seed: int) -> Fitted:
    """Sample a law, and find its highest likelihood and its best milling time."""
    z, _, log_evidence, _ = draw(kinetics, draws=draws, seed=seed)
    start = z[int(np.argmax(kinetics.log_likelihood(z)))]
    d, n = len(start), len(kinetics.y)
    highest = float(kinetics.log_likelihood(start[None])[0])
    if n > d:
        found = least_squares(
            lambda x: np.asarray(kinetics.residuals(x[None])[0, :-d]), start, with_covariance=False, max_evaluations=200
        )
        highest = max(highest, float(kinetics.log_likelihood(np.clip(found.values, -8.0, 8.0)[None])[0]))
    aicc = 2.0 * d - 2.0 * highest + 2.0 * d * (d + 1) / (n - d - 1) if n > d + 1 else math.inf
    grid = _grid(times)
    y = with_missed(kinetics, z, grid, seed=seed)
    at = np.argmax(y, axis=1)
    return Fitted(kinetics, z, log_evidence, aicc, grid[at], y[np.arange(len(z)), at])


def _alike(hours: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how alike a law errs at two times: over a factor of two or three, shape (hours, others)."""
    steps = np.log(np.maximum(hours, 1e-3))[:, None] - np.log(np.maximum(others, 1e-3))
    return np.asarray(np.exp(-0.5 * (steps / _FAR) ** 2))


def with_missed(kinetics: Kinetics, z: np.ndarray, grid: np.ndarray, *, seed: int) -> np.ndarray:
    """Return draws of ln sigma at times [h], what a law misses included, as its data say it, shape (draws, times).

    A draw without data is corrected by the residual that it leaves (Matheron's rule; Wilson et al. 2021, JMLR 22, 105).
    """
    rng = np.random.default_rng([20260714, seed])
    own = kinetics.state == ""
    hours, n = kinetics.hours[own], int(own.sum())
    everywhere = np.concatenate([grid, hours])
    factor = np.linalg.cholesky(_alike(everywhere, everywhere) + 1e-8 * np.eye(len(everywhere)))
    y, known = kinetics.expected(z, grid)[0], kinetics.expected(z, hours)[0]
    there, here = kinetics.missing(z, y), kinetics.missing(z, known)
    free = np.hstack([there, here]) * (rng.standard_normal((len(z), len(everywhere))) @ factor.T)
    noise = kinetics.noise(z, kinetics.expected(z, kinetics.hours)[0])[:, own][:, :, own]
    seen = free[:, -n:] + np.einsum("kij,kj->ki", np.linalg.cholesky(noise), rng.standard_normal((len(z), n)))
    whole = noise + here[:, :, None] * here[:, None, :] * _alike(hours, hours)
    pull = np.linalg.solve(whole, (kinetics.y[own] - known - seen)[..., None])[..., 0]
    return np.asarray(y + free[:, :-n] + there * ((here * pull) @ _alike(hours, grid)))


def _grid(times: np.ndarray) -> np.ndarray:
    """Return times [h] a little beyond the first and the last, in steps of 1 %; further out nothing is known."""
    return np.asarray(np.exp(np.arange(math.log(times[0] / BEYOND), math.log(times[-1] * BEYOND) + 0.005, 0.01)))
