"""O-H gained against silanol lost over types of silica: a straight line with errors in both variables.

Milling takes the free silanol band away. Where its protons stay as hydrogen-bonded O-H, the O-H band gains in proportion;
the slope (area of O-H per area of silanol) compares with the ratio of their absorption coefficients, which is not 1.

Both variables are band areas over the silica overtone, after milling minus before. A silanol band that is gone afterwards
has only an upper limit: anything below it is equally likely.

Source: York, Evensen, Martinez, Delgado, Am. J. Phys. 2004, 72, 367, doi:10.1119/1.1632486 (line with errors in both
variables, and the covariance used here). Checked by tests/combine/test_silanol.py against Pearson's data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from closo.combine.doubts import marks_of, with_marks
from closo.dataset import Dataset, new
from closo.errors import DataError
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.quantity import Number, Quantity, correlation, uncertain, withheld
from closo.result import Check, Result

_LOST, _GAINED = "band_ratio:silanol/overtone", "band_ratio:O-H/overtone"
_FEWEST = 3  # silicas
_STEPS = 100
_UNSURE = 0.4


@dataclass(frozen=True)
class Line:
    """y = level + slope x with its covariance (level, slope), shape (2, 2), and chi2 of `df` degrees of freedom."""

    level: float
    slope: float
    covariance: np.ndarray
    chi2: float
    df: int


def york(x: np.ndarray, y: np.ndarray, x_u: np.ndarray, y_u: np.ndarray, *, r: np.ndarray | float = 0.0) -> Line:
    """Return the straight line through points with errors in both variables.

    Parameters
    ----------
    x, y, x_u, y_u : shape (n,), values and standard uncertainties, > 0.
    r : correlation of the errors of x and y of a point.

    Example
    -------
    >>> one = np.ones(4)
    >>> line = york(np.arange(4.0), 1.0 + 2.0 * np.arange(4.0), 0.1 * one, 0.1 * one)
    >>> round(line.level, 9), round(line.slope, 9)
    (1.0, 2.0)
    """
    wx, wy = 1.0 / x_u**2, 1.0 / y_u**2
    alpha = np.sqrt(wx * wy)
    slope = float(np.polyfit(x, y, 1)[0])
    for _ in range(_STEPS):
        w = wx * wy / (wx + slope**2 * wy - 2.0 * slope * r * alpha)
        x_mean, y_mean = float(w @ x / w.sum()), float(w @ y / w.sum())
        u, v = x - x_mean, y - y_mean
        beta = w * (u / wy + slope * v / wx - (slope * u + v) * r / alpha)
        before, slope = slope, float((w * beta) @ v / ((w * beta) @ u))
        if abs(slope - before) <= 1e-12 * abs(slope):
            break
    adjusted = x_mean + beta
    centre = float(w @ adjusted / w.sum())
    variance = 1.0 / float(w @ (adjusted - centre) ** 2)
    level = y_mean - slope * x_mean
    covariance = np.array(
        [[1.0 / float(w.sum()) + centre**2 * variance, -centre * variance], [-centre * variance, variance]]
    )
    return Line(level, slope, covariance, float(w @ (y - level - slope * x) ** 2), len(x) - 2)


def silanol_exchange(
    before: Mapping[str, Result], after: Mapping[str, Result], *, name: str = "silanol exchange"
) -> Result:
    """Return the O-H band gained per silanol band lost over types of silica.

    Parameters
    ----------
    before, after : type of silica -> result of technique 'infrared', of the unmilled mixture (or the silica) and of the
        composite; only those that both hold are used.
    name : of the result.

    Returns
    -------
    Result
        `hydroxyl_gain` (slope), `hydroxyl_gain:intercept`, `band_ratio:silanol lost TYPE`, `band_ratio:O-H gained TYPE`.
        The scatter about the line, where it is larger than the uncertainties, scales them.

    Raises
    ------
    DataError  when fewer than three silicas have both numbers, with the reasons.
    """
    lost: dict[str, Number] = {}
    gained: dict[str, Number] = {}
    left: list[str] = []
    for silica in sorted(set(before) & set(after)):
        one, other = before[silica], after[silica]
        try:
            change = _ratio(one, _LOST) - _ratio(other, _LOST), _ratio(other, _GAINED) - _ratio(one, _GAINED)
        except DataError as error:
            left.append(f"{silica}: {error.message}")
            continue
        lost[silica], gained[silica] = change
    if len(lost) < _FEWEST:
        reasons = "; ".join(left) or f"{len(lost)} stand in both lists"
        raise DataError(
            f"a line of O-H gained over silanol lost needs at least {_FEWEST} silicas; {len(lost)} have both ({reasons}).",
            hint="Measure the silica before and after milling, with the overtone in the spectrum.",
        )
    x, y = list(lost.values()), list(gained.values())
    line = york(
        np.array([float(n.x) for n in x]),
        np.array([float(n.x) for n in y]),
        np.array([float(n.u) for n in x]),
        np.array([float(n.u) for n in y]),
        r=np.array([correlation(a, b) for a, b in zip(x, y, strict=True)]),
    )
    doubts = marks_of(*x, *y)
    quantities = {key: with_marks(found, doubts) for key, found in _coefficients(line, name).items()} | {
        f"band_ratio:{word} {silica}": Quantity("band_ratio", number, method)
        for word, numbers, method in (
            ("silanol lost", lost, "silanol over overtone, before minus after"),
            ("O-H gained", gained, "O-H over overtone, after minus before"),
        )
        for silica, number in numbers.items()
    }
    settings = {word: {s: spectra[s].name for s in lost} for word, spectra in (("before", before), ("after", after))}
    findings = {"silicas": list(lost), "level": line.level, "slope": line.slope}
    notes = tuple(f"Left out: {reason}." for reason in left)
    return Result("silanol", name, quantities, _curves(x, y), _checks(line), settings, notes, findings=findings)


def _ratio(result: Result, key: str) -> Number:
    """Return a band over the overtone; where it is not detected, half of its limit, rectangular from 0 to the limit."""
    found = result.quantities.get(key)
    if found is not None and found.number is not None:
        return found.number
    limit = result.quantities.get(f"{key} upper_limit")
    if limit is None or limit.number is None:
        why = "it has none" if found is None else found.why
        raise DataError(f"'{result.name}' has no {key} ({why})")
    highest = float(limit.number.x)
    return uncertain(0.5 * highest, {f"below limit {key}:{result.name}": highest / math.sqrt(12.0)})


def _coefficients(line: Line, name: str) -> dict[str, Quantity]:
    """Return slope and intercept; more scatter than stated widens both."""
    scale = max(line.chi2 / line.df, 1.0) if line.df else 1.0
    method = f"line with errors in both variables, {line.df + 2} silicas, chi2 {line.chi2:.2g} of {line.df}"
    found = {}
    for key, value, k in (("hydroxyl_gain", line.slope, 1), ("hydroxyl_gain:intercept", line.level, 0)):
        u = math.sqrt(scale * float(line.covariance[k, k]))
        df = float(max(line.df, 1)) if scale > 1.0 else math.inf
        number = uncertain(value, {f"line {key}:{name}": u}, df=df)
        if k == 1 and u > _UNSURE * abs(value):
            low, high = Quantity(key, number).interval() or (math.nan, math.nan)
            found[key] = withheld(key, f"not determined: between {low:.2g} and {high:.2g} (95 %)", method=method)
        else:
            found[key] = Quantity("hydroxyl_gain", number, method)
    return found


def _checks(line: Line) -> tuple[Check, ...]:
    u = math.sqrt(float(line.covariance[1, 1]) * max(line.chi2 / max(line.df, 1), 1.0))
    away = line.slope / u
    through = line.level / math.sqrt(float(line.covariance[0, 0]))
    return (
        Check("O-H rises with silanol lost", bool(away > 2.0), f"the slope is {away:.1f} times its u (limit 2)"),
        Check(
            "line through the origin", bool(abs(through) < 2.0), f"the intercept is {through:.1f} times its u (limit 2)"
        ),
        Check(
            "scatter about the line",
            bool(line.chi2 <= line.df + 3.0 * math.sqrt(2.0 * line.df)) if line.df else None,
            f"chi2 is {line.chi2:.2g} of {line.df} degrees of freedom",
        ),
    )


def _curves(x: list[Number], y: list[Number]) -> Dataset:
    columns = {
        "band_ratio": [float(n.x) for n in x],
        "band_ratio_u": [float(n.u) for n in x],
        "hydroxyl_gain": [float(n.x) for n in y],
        "hydroxyl_gain_u": [float(n.u) for n in y],
    }
    return new("record", columns, source="silanol")


def figure(result: Result) -> FigureSpec:
    """Return O-H gained against silanol lost."""
    data = result.curves
    x, y = data["band_ratio"].values, data["hydroxyl_gain"].values
    ends = np.array([min(0.0, float(x.min())), 1.1 * float(x.max())])
    at = result.findings
    x_u, y_u = data["band_ratio_u"].values, data["hydroxyl_gain_u"].values
    points = [  # each its own mark and name: names beside the points would lie on them
        Trace(x[k : k + 1], y[k : k + 1], silica, marker=k, color=k, x_u=x_u[k : k + 1], y_u=y_u[k : k + 1])
        for k, silica in enumerate(at["silicas"])
    ]
    line = Trace(ends, at["level"] + at["slope"] * ends, "line, errors in both axes", style="dashed", color=6)
    panel = Panel(Axis("silanol lost / overtone"), Axis("O-H gained / overtone"), traces=[*points, line])
    summary = f"O-H gained against silanol lost for {len(x)} silicas; {result.quantities['hydroxyl_gain']}."
    return FigureSpec(result.name, [panel], title=result.name, summary=summary)
