"""Several pellets of one sample at one temperature -> its conductivity, with the spread between pellets.

Measures
    ionic_conductivity of a sample: the mean of ln sigma over its pellets (the geometric mean of sigma).
Needs
    one conductivity or more, at one temperature or with an activation energy to bring them there.
Uncertainty sources
    what all pellets share (chamber offset, die area) keeps its label; everything in which they differ (thickness,
    contact, fit) is judged by what is seen: `pellet spread:<name>` with n - 1 degrees of freedom, never smaller than
    the stated uncertainties. So two pellets get the t-factor of one degree of freedom, unless the spread is pooled
    over several samples (`pooled_spread`): then it is `pellet spread:study`, one estimate for all of them, whose degrees
    of freedom count once in whatever is made of several samples, though their pellets deviate independently.
Limits
    One pellet shows no spread; unless a pooled one is given, its own sources are all there is, and a check says so.
Source
    GUM (JCGM 100:2008) 4.2; interlaboratory spread of pressed pellets: Ohno et al. 2020,
    doi:10.1021/acsenergylett.9b02764.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from closo.combine.arrhenius.points import K_B, Point, celsius, check_temperature
from closo.combine.doubts import marks_of, with_marks
from closo.combine.regression import split, tabulate, weighted_sum
from closo.errors import DataError
from closo.quantity import Number, Quantity, exp, log, sources, uncertain
from closo.result import Check, Result

ASSUMED_ENERGY = "assumed activation energy:"  # begins the label of one that nobody measured
_SAME = 2.0  # K; further apart, conductivities are not averaged without an activation energy


def replicates(
    points: Sequence[Point],
    *,
    name: str,
    temperature: float,
    activation_energy: Number | None = None,
    spread: tuple[float, int] | None = None,
) -> Result:
    """Return the mean conductivity of a sample over its pellets.

    Parameters
    ----------
    points : conductivities; those with one `source` belong to one pellet and are averaged first.
    name : the sample.
    temperature : [K] at which the mean is stated.
    activation_energy : [J] of ln(sigma T); brings each point to `temperature`, and the uncertainty of its temperature
        into its conductivity. Without it the points must lie within 2 K.
    spread : standard deviation of ln sigma between pellets and its degrees of freedom, pooled over several samples.

    Returns
    -------
    Result
        technique 'replicates': ionic_conductivity, and ionic_conductivity:<source> of each pellet.

    Raises
    ------
    DataError  when there is no point, a value is impossible, or the temperatures differ.

    Example
    -------
    >>> pellets = [Point(uncertain(303.15, {}), uncertain(s, {f"thickness:{s}": 0.02 * s}), "", f"p{s}")
    ...            for s in (0.050, 0.052, 0.047)]
    >>> print(replicates(pellets, name="A200", temperature=303.15).quantities["ionic_conductivity"])
    0.496 ± 0.015 mS/cm
    """
    check_temperature(temperature, f"'{name}'")
    if not points:
        raise DataError(f"The mean conductivity of '{name}' needs a pellet, and there is none.")
    pellets: dict[str, list[Number]] = {}
    for place, point in enumerate(points, start=1):
        pellet = point.source or f"pellet {place}"
        y = _ln_sigma(point, pellet, temperature=temperature, energy=activation_energy)
        pellets.setdefault(pellet, []).append(y)
    logs = {source: _mean(ys) for source, ys in sorted(pellets.items())}
    mean, sd = mean_of_pellets(list(logs.values()), name=name, spread=spread)
    method = _method(len(logs), temperature, activation_energy, spread)
    quantities = {"ionic_conductivity": Quantity("ionic_conductivity", exp(mean), method)}
    at = f"at {celsius(temperature)}"
    quantities |= {f"ionic_conductivity:{s}": Quantity("ionic_conductivity", exp(y), at) for s, y in logs.items()}
    findings = {
        "n": len(logs),
        "pellet_spread": None if math.isnan(sd) else sd,
        "pellets": list(logs),
    }
    checks, settings = (_check(len(logs), sd, spread),), {"temperature": temperature}
    return Result("replicates", name, quantities, checks=checks, settings=settings, findings=findings)


def pooled_spread(results: Sequence[Result]) -> tuple[float, int] | None:
    """Return the standard deviation of ln sigma between pellets of one sample, pooled over samples, with its df.

    Parameters
    ----------
    results : of `replicates`; those with one pellet say nothing. None is returned when all are of this kind.

    Example
    -------
    >>> pooled_spread([])
    """
    shown = [(r.findings["pellet_spread"], r.findings["n"] - 1) for r in results if r.findings["n"] > 1]
    df = sum(count for _, count in shown)
    if not df:
        return None
    return math.sqrt(sum(sd * sd * count for sd, count in shown) / df), df


def spread_source(*names: str, pooled: bool) -> str:
    """Return the label of the deviation of a sample's pellets, or of one pellet of it, from what the sample is like.

    Parameters
    ----------
    names : the sample, and the pellet where it is about a single one.
    pooled : whether the spread is one estimate for all samples of a study, of which this is a direction of its own.

    Example
    -------
    >>> spread_source("A380", pooled=False), spread_source("A380", pooled=True)
    ('pellet spread:A380', 'pellet spread:study[361183194]')
    """
    if pooled:
        return f"pellet spread:study[{crc32('/'.join(names).encode())}]"
    return f"pellet spread:{names[0]}" + (f"[{crc32(names[1].encode())}]" if len(names) > 1 else "")


def _ln_sigma(point: Point, pellet: str, *, temperature: float, energy: Number | None) -> Number:
    """Return ln sigma of a point at the stated temperature."""
    measured, sigma = float(point.temperature.x), float(point.conductivity.x)
    check_temperature(measured, f"'{pellet}'")
    if not (math.isfinite(sigma) and sigma > 0):
        raise DataError(f"The conductivity of '{pellet}' is {sigma:g} S/m; it must be finite and > 0.")
    if energy is None:
        if abs(measured - temperature) > _SAME:
            raise DataError(
                f"'{pellet}' was measured at {celsius(measured)}, the mean is asked for at {celsius(temperature)}.",
                hint="Give an activation energy to bring it there, or choose points at one temperature.",
            )
        return log(point.conductivity)
    return log(point.conductivity) + activation(point.temperature, temperature, energy)


def activation(measured: Number, temperature: float, energy: Number) -> Number:
    """Return ln of what brings a conductivity from the temperature at which it was measured to another.

    Parameters
    ----------
    measured, temperature : [K].
    energy : [J] of ln(sigma T). Of one that is only assumed, the spread counts also where both temperatures read the same:
        u(E) u(T)/kT2 is what is left of an offset that two samples share, since their energies differ.
    """
    bring = log(measured / temperature) + energy / K_B * (1.0 / measured - 1.0 / temperature)
    for assumed in (label for label in sources(energy) if label.startswith(ASSUMED_ENERGY)):
        for label, (u, df) in sources(measured).items():
            left = float(energy.u) * u / (K_B * temperature**2)
            bring = bring + uncertain(0.0, {f"{assumed}, {label}": left}, df=df)
    return bring


def _mean(numbers: Sequence[Number]) -> Number:
    """Return the plain mean of numbers."""
    value = float(np.mean([float(n.x) for n in numbers]))
    return weighted_sum(np.full(len(numbers), 1.0 / len(numbers)), numbers, value=value)


def mean_of_pellets(logs: list[Number], *, name: str, spread: tuple[float, int] | None) -> tuple[Number, float]:
    """Return the mean of ln sigma with its sources, and the standard deviation seen between pellets."""
    n = len(logs)
    values = np.array([float(y.x) for y in logs])
    sd = float(values.std(ddof=1)) if n > 1 else math.nan
    if n == 1 and spread is None:
        return logs[0], sd
    used, df = spread if spread is not None else (sd, n - 1)
    source = spread_source(name, pooled=spread is not None)
    if n == 1:
        return logs[0] + uncertain(0.0, {source: used}, df=df), sd
    found = tabulate(logs)
    _, own = split(found.matrix)
    shared = np.count_nonzero(found.matrix, axis=0) > 1
    mean = uncertain(float(values.mean()), {})
    for k in np.flatnonzero(shared):
        mean = mean + uncertain(0.0, {found.labels[k]: float(found.matrix[:, k].mean())}, df=float(found.df[k]))
    u = max(used / math.sqrt(n), math.sqrt(float(own.sum())) / n)
    return with_marks(mean + uncertain(0.0, {source: u}, df=df), marks_of(*logs)), sd


def _method(n: int, temperature: float, energy: Number | None, spread: tuple[float, int] | None) -> str:
    """Return how the mean was made."""
    text = f"mean of ln sigma over {n} pellet{'s' if n > 1 else ''} at {celsius(temperature)}"
    if spread is not None:
        text += f"; spread between pellets {100 * spread[0]:.2g} %, pooled with {spread[1]} degrees of freedom"
    return text + ("" if energy is not None else "; uncertainty of the temperatures not included")


def _check(n: int, sd: float, spread: tuple[float, int] | None) -> Check:
    """Is the spread between pellets known?"""
    if n > 1:
        return Check("replicates", True, f"{n} pellets, standard deviation {100 * sd:.2g} %")
    if spread is not None:
        return Check("replicates", None, f"one pellet; a pooled spread of {100 * spread[0]:.2g} % is used")
    return Check("replicates", False, "one pellet: the spread between pellets is not in the uncertainty")
