"""Conductivities of several samples side by side: where is the maximum, how large are the differences?

Measures
    ionic_conductivity:<member> at one temperature, <axis>:maximum (vol%, milling time), conductivity_ratio:spread
    (largest over smallest), conductivity_ratio:<highest> over <member>, and conductivity_ratio:<covariate> (the change
    over the range of a covariate such as the BET area of the filler).
Needs
    two members or more, each one conductivity with its sources; a number on the axis where there is one.
Uncertainty sources
    those of the members with their labels: what they share cancels in every ratio. `resolution:<name>`: the maximum is
    only known to lie between the neighbours of the highest member. `scatter:<name>` about the line in the covariate.
Checks
    is one member the highest beyond doubt (probability from 20 000 draws), is the maximum inside the range, does the
    conductivity hardly depend on the covariate (less than a factor 2 over its range)?
Limits
    The largest of several equal members is partly chance: the spread is an upper estimate when they agree. The
    uncertainty of the covariate is not used.
Source
    JCGM 101:2008 (propagation by draws; a source with few degrees of freedom is drawn from Student's t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from closo.combine.arrhenius.points import celsius, check_temperature
from closo.combine.doubts import marks_of, with_marks
from closo.combine.regression import regress, scatter_numbers, split, tabulate, weighted_sum
from closo.combine.replicates import pooled_spread, replicates
from closo.constants import LN10, S_PER_CM
from closo.errors import DataError, StudyError
from closo.figures.spec import Axis, FigureSpec, Panel, Trace
from closo.nomenclature import NAMES, look_up, to_shown
from closo.quantity import Number, Quantity, exp, log, uncertain, withheld
from closo.result import Check, Result

__all__ = ["Member", "figure", "pair", "pooled_spread", "replicates", "series"]

_DRAWS = 20_000
_SURE = 0.95
_HARDLY = math.log10(2.0)  # decades over the range of the covariate
_NEAR_ZERO = 0.1  # of the place of the maximum: as far as a neighbour at zero counts


@dataclass(frozen=True)
class Member:
    """One sample of a series."""

    label: str  # the sample
    conductivity: Number  # [S/m] at the temperature of the series
    position: float | None = None  # where it stands on the axis [SI], None on an axis of words
    covariate: float | None = None  # another property [SI], None to leave this member out of that line
    pellets: tuple[float, ...] = ()  # conductivities of its single pellets [S/m], drawn in the figure


_BESIDE = 0.15  # of a column: where pellets stand, so that they do not cover their mean


def series(
    members: Sequence[Member], *, name: str, axis: str, temperature: float, covariate: str | None = None
) -> Result:
    """Compare the members of a series at one temperature.

    Parameters
    ----------
    members : two or more.
    name : of the series.
    axis : 'volume_fraction', 'milling_time' (any name of the nomenclature) when the members have positions, otherwise
        any words ('silica type').
    temperature : [K] of all conductivities.
    covariate : name of the nomenclature of `Member.covariate`, e.g. 'specific_surface_area'.

    Returns
    -------
    Result
        technique 'series'; findings hold the probability of each member to be the highest (`probability_highest`) and
        the bracket of the maximum.

    Raises
    ------
    DataError  when there are fewer than two members, a value is impossible, or labels repeat.
    StudyError  when axis or covariate are unknown to the nomenclature.

    Example
    -------
    >>> points = [(0.25, 0.117), (0.35, 0.140), (0.45, 0.110)]
    >>> members = [Member(f"{100 * x:.0f} vol%", uncertain(s, {f"fit:{x}": 0.01 * s}), x) for x, s in points]
    >>> result = series(members, name="silica content", axis="volume_fraction", temperature=333.15)
    >>> result.findings["probability_highest"]["35 vol%"]
    1.0
    >>> result.quantities["volume_fraction:maximum"].method
    'highest of 3 members with probability 1.00; resolution-limited: between 25 and 45 vol%'
    """
    ordered = _checked(members, name, axis=axis, temperature=temperature)
    logs = [log(m.conductivity) for m in ordered]
    probability = _probability_highest(logs)
    quantities: dict[str, Quantity] = {
        f"ionic_conductivity:{m.label}": Quantity("ionic_conductivity", m.conductivity, f"at {celsius(temperature)}")
        for m in ordered
    }
    best = int(np.argmax(probability))
    findings: dict[str, Any] = {"highest": ordered[best].label, "members": [m.label for m in ordered]}
    findings["probability_highest"] = {m.label: float(p) for m, p in zip(ordered, probability, strict=True)}
    checks = [_check_highest(ordered, probability)]
    if ordered[0].position is not None:
        maximum = _maximum(ordered, probability, axis=axis, name=name)
        quantities[f"{axis}:maximum"] = with_marks(maximum, marks_of(*logs))
        findings["bracket"] = list(_bracket(ordered, best))
        checks.append(_check_inside(ordered, best))
    quantities |= _ratios(ordered, best, temperature)
    if covariate is not None:
        change = with_marks(_change(ordered, covariate, name), marks_of(*logs))
        quantities[f"conductivity_ratio:{covariate}"] = change
        findings["covariate"] = covariate
        checks.append(_check_hardly(change, covariate))
    settings = {"axis": axis, "temperature": temperature}
    return Result("series", name, quantities, _curves(ordered, name), tuple(checks), settings, findings=findings)


def pair(result: Result, first: str, second: str) -> Quantity:
    """Return log10(sigma_first / sigma_second) of two members of a series; shared sources cancel.

    Raises
    ------
    StudyError  when a member is not in the series.
    """
    members = list(result.findings["members"])
    for label in (first, second):
        if label not in members:
            raise StudyError(f"'{label}' is not in the series '{result.name}'.", hint=f"It has: {', '.join(members)}.")
    two = (result.quantities[f"ionic_conductivity:{label}"].number for label in (first, second))
    a, b = (number for number in two if number is not None)
    method = f"{first} over {second} at {celsius(float(result.settings['temperature']))}"
    return Quantity("conductivity_ratio", (log(a) - log(b)) / LN10, method)


def _checked(members: Sequence[Member], name: str, *, axis: str, temperature: float) -> list[Member]:
    """Return the members in order of their position, after all values were looked at."""
    check_temperature(temperature, f"the series '{name}'")
    if len(members) < 2:
        raise DataError(f"The series '{name}' needs two members or more, and has {len(members)}.")
    labels = [m.label for m in members]
    for m in members:
        if labels.count(m.label) > 1:
            raise DataError(
                f"The series '{name}' has two members called '{m.label}'.", hint="Average replicates first."
            )
        if not (math.isfinite(m.conductivity.x) and m.conductivity.x > 0 and math.isfinite(m.conductivity.u)):
            raise DataError(f"The conductivity of '{m.label}' is {m.conductivity.x:g} S/m; it must be finite and > 0.")
    placed = [m for m in members if m.position is not None]
    if not placed:
        return list(members)
    look_up(axis)
    if len(placed) < len(members) or not all(math.isfinite(m.position or 0.0) for m in placed):
        missing = next(m.label for m in members if m.position is None or not math.isfinite(m.position))
        raise DataError(f"'{missing}' has no {axis}, but other members of the series '{name}' have one.")
    ordered = sorted(placed, key=lambda m: (m.position or 0.0, m.label))
    for left, right in pairwise(ordered):
        if left.position == right.position:
            raise DataError(
                f"'{left.label}' and '{right.label}' have the same {axis}.", hint="Average replicates first."
            )
    return ordered


def _draws(logs: list[Number]) -> np.ndarray:
    """Return draws of ln sigma, shape (draws, members); sources with few degrees of freedom from Student's t."""
    found = tabulate(logs)
    rng = np.random.default_rng(20260102)
    standard = rng.standard_normal((_DRAWS, len(found.labels)))
    for df in np.unique(found.df[np.isfinite(found.df)]):
        mine = found.df == df
        standard[:, mine] *= np.sqrt(df / rng.chisquare(df, (_DRAWS, int(mine.sum()))))
    return np.asarray(np.array([float(y.x) for y in logs]) + standard @ found.matrix.T)


def _probability_highest(logs: list[Number]) -> np.ndarray:
    """Return the probability of each member to be the highest, shape (members,); members without u share ties."""
    drawn = _draws(logs)
    top = drawn >= drawn.max(axis=1, keepdims=True)
    return np.asarray((top / top.sum(axis=1, keepdims=True)).mean(axis=0))


def _bracket(ordered: list[Member], place: int) -> tuple[float, float]:
    """Return the positions of the neighbours of a member (its own position at an edge)."""
    positions = [float(m.position or 0.0) for m in ordered]
    return positions[max(place - 1, 0)], positions[min(place + 1, len(ordered) - 1)]


def _maximum(ordered: list[Member], probability: np.ndarray, *, axis: str, name: str) -> Quantity:
    """Return where the maximum lies: at the most probable member, known as well as its neighbours allow."""
    best = int(np.argmax(probability))
    unit = look_up(axis).shown
    low, high = (f"{to_shown(axis, p):g}" for p in _bracket(ordered, best))
    told = f"highest of {len(ordered)} members with probability {probability[best]:.2f}"
    if best in (0, len(ordered) - 1):
        end = "lower" if best == 0 else "upper"
        why = f"the highest, {ordered[best].label}, stands at the {end} end; the maximum may lie beyond"
        return withheld(axis, why, method=told)
    centre = float(ordered[best].position or 0.0)
    scaled = look_up(axis).positive and centre > 0.0  # then neighbours are so many times away
    variance = 0.0
    for place, p in enumerate(probability):  # a maximum at this member lies evenly between its neighbours
        left, right = (
            math.log(max(edge / centre, _NEAR_ZERO)) if scaled else edge - centre for edge in _bracket(ordered, place)
        )
        variance += float(p) * (left * left + left * right + right * right) / 3.0
    spread = uncertain(0.0, {f"resolution:{name}": math.sqrt(variance)})
    number = centre * exp(spread) if scaled else centre + spread
    return Quantity(axis, number, f"{told}; resolution-limited: between {low} and {high} {unit}")


def _ratios(ordered: list[Member], best: int, temperature: float) -> dict[str, Quantity]:
    """Return largest over smallest, and the highest member over every other one, in decades."""
    values = [float(m.conductivity.x) for m in ordered]
    top, bottom = ordered[int(np.argmax(values))], ordered[int(np.argmin(values))]
    at = f"at {celsius(temperature)}"
    spread = (log(top.conductivity) - log(bottom.conductivity)) / LN10
    method = f"{top.label} over {bottom.label}, largest over smallest of {len(ordered)} {at}"
    found = {"conductivity_ratio:spread": Quantity("conductivity_ratio", spread, method)}
    highest = ordered[best]
    for m in ordered:
        if m is not highest:
            decades = (log(highest.conductivity) - log(m.conductivity)) / LN10
            key = f"conductivity_ratio:{highest.label} over {m.label}"
            found[key] = Quantity("conductivity_ratio", decades, at)
    return found


def _change(ordered: list[Member], covariate: str, name: str) -> Quantity:
    """Return the change of log10 sigma over the range of the covariate, from a weighted line."""
    unit = look_up(covariate).shown
    used = [m for m in ordered if m.covariate is not None]
    x = np.array([float(m.covariate or 0.0) for m in used])
    if len(used) < 3 or not np.isfinite(x).all() or float(np.ptp(x)) == 0.0:
        return withheld("conductivity_ratio", f"a line needs three members with different {covariate}")
    logs = [log(m.conductivity) for m in used]
    common, own = split(tabulate(logs).matrix)
    fit = regress(
        np.column_stack([np.ones(len(x)), (x - x.mean()) / np.ptp(x)]),
        np.array([float(y.x) for y in logs]),
        stated=common + np.diag(own),
        excess=np.ones(len(x)),
        known=bool((own > 0).all()),
    )
    numbers = scatter_numbers(logs, fit, label=f"scatter:{name}")
    decades = weighted_sum(fit.estimator[1] / LN10, numbers, value=float(fit.values[1]) / LN10)
    low, high = (f"{to_shown(covariate, v):g}" for v in (x.min(), x.max()))
    method = f"change of log10 sigma over {covariate} {low} to {high} {unit}, weighted line through {len(used)} members"
    return Quantity("conductivity_ratio", decades, method)


def _check_highest(ordered: list[Member], probability: np.ndarray) -> Check:
    """Is one member the highest beyond doubt?"""
    order = np.argsort(-probability, kind="stable")
    told = ", ".join(f"{ordered[k].label} {probability[k]:.2f}" for k in order[:3])
    sure = bool(probability[order[0]] >= _SURE)
    return Check("highest member", True if sure else None, f"probability to be the highest: {told}")


def _check_inside(ordered: list[Member], best: int) -> Check:
    """Does the maximum lie inside the range?"""
    inside = 0 < best < len(ordered) - 1
    where = "inside" if inside else "at the end of"
    detail = f"the maximum, {ordered[best].label}, is {where} the range of {len(ordered)} members"
    return Check("maximum inside the range", inside or None, detail)


def _check_hardly(change: Quantity, covariate: str) -> Check:
    """Does the conductivity hardly depend on the covariate?"""
    words = covariate.replace("_", " ")
    name = f"hardly depends on {words}"
    interval = change.interval()
    if interval is None:
        return Check(name, None, change.why or "")
    low, high = interval
    beyond = low > _HARDLY or high < -_HARDLY
    passed = True if max(abs(low), abs(high)) < _HARDLY else False if beyond else None
    factors = f"{10**low:.2g} to {10**high:.2g}"
    detail = f"sigma changes by a factor of {factors} (95 %) over the {words}; 'hardly' is within 1/2 to 2"
    return Check(name, passed, detail)


def _curves(ordered: list[Member], name: str) -> xr.Dataset:
    """Return what the figure shows; positions are counted where the axis has words."""
    places = [float(k) if m.position is None else m.position for k, m in enumerate(ordered)]
    single = [(place, s) for place, m in zip(places, ordered, strict=True) for s in m.pellets]
    variables = {
        "position": ("point", np.array(places)),
        "ionic_conductivity": ("point", np.array([float(m.conductivity.x) for m in ordered]), {"units": "S/m"}),
        "ionic_conductivity_u": ("point", np.array([float(m.conductivity.u) for m in ordered]), {"units": "S/m"}),
        "pellet_position": ("pellet", np.array([place for place, _ in single])),
        "pellet_conductivity": ("pellet", np.array([s for _, s in single]), {"units": "S/m"}),
    }
    return xr.Dataset(variables, attrs={"kind": "series", "source": name})


_ENDS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


def figure(result: Result) -> FigureSpec:
    """Return conductivity against composition, time or type, with standard uncertainties, on a logarithmic axis."""
    curves, axis = result.curves, str(result.settings["axis"])
    words = f"{axis}:maximum" not in result.quantities
    members = [str(label) for label in result.findings["members"]]
    positions = [curves[key].values.astype(float) for key in ("position", "pellet_position")]
    if words:
        x = Axis(
            NAMES[axis].label if axis in NAMES else axis,
            ticks=tuple(enumerate(members)),
            range=(-0.5, len(members) - 0.5),
        )
    else:
        positions = [np.array([to_shown(axis, p) for p in place]) for place in positions]
        x = Axis(look_up(axis).label)
    keys = ("ionic_conductivity", "ionic_conductivity_u", "pellet_conductivity")
    values, u, pellets = (curves[key].values / S_PER_CM for key in keys)
    several = len(pellets) > len(values)
    shown = np.concatenate([values - u, values + u, pellets])
    mean = Trace(positions[0], values, label="mean ± u" if several else "", style="points" if words else "both", y_u=u)
    beside = _BESIDE if words else 0.0
    single = Trace(positions[1] + beside, pellets, label="pellets", color=1, marker=1, filled=False)
    at = celsius(float(result.settings["temperature"]))
    notes = [check.detail for check in result.checks]
    return FigureSpec(
        name=f"series {result.name}",
        panels=[Panel(x, _log_axis("sigma / S/cm", shown), traces=[single, mean] if several else [mean])],
        title=f"Series {result.name}, {at}",
        summary=f"Conductivity of {', '.join(members)} at {at}.",
        columns=1,
        notes=tuple(notes),
    )


def _log_axis(label: str, values: np.ndarray) -> Axis:
    """Return a logarithmic axis that ends at numbers of one or two digits."""
    low, high = float(values[values > 0].min()), float(values.max())
    grid = [d * 10.0**k for k in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1) for d in _ENDS]
    return Axis(
        label, "log", range=(max(v for v in grid if v <= low), min((v for v in grid if v >= high), default=high))
    )
