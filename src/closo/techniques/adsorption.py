"""Kernels of gas adsorption: the BET plot and its windows, the film on an open surface, pores by the Kelvin equation.

x is the pressure over the saturation pressure, n the amount adsorbed [mol/kg], both of the adsorption branch and
rising, shape (m,). Sources: see `closo.techniques.sorption`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from closo.constants import AVOGADRO
from closo.errors import ConvergenceError, DataError
from closo.fit import Fit, least_squares, straight_line

Points = tuple[np.ndarray, np.ndarray]  # p/p0 and amount [mol/kg]
_LEAST_POINTS, _LEAST_R2, _AGREE = 5, 0.995, 0.2  # of a BET window; how far n_m may be from where C puts it
_CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # film of N2 at 77 K [m]: oxides and carbons; silica
    "harkins jura": lambda x: 1e-10 * np.sqrt(13.99 / (0.034 - np.log10(x))),
    "kruk jaroniec sayari": lambda x: 1e-10 * (60.65 / (0.03071 - np.log10(x))) ** 0.3968,
}
_CALLED = {"nitrogen": "N2", "n2": "N2", "argon": "Ar", "ar": "Ar", "krypton": "Kr", "kr": "Kr"}
_BATHS = {"N2": 77.4, "Ar": 87.3, "Kr": 77.4}  # K; argon is measured in liquid nitrogen, too
_MOST_ENDS = 400  # points at which windows begin and end; of more, every second, third, ... is one
_MOST, _FALLS = 144.0, 0.1  # mol/kg, that fill 5 cm3/g; share by which adsorption may fall, desorption lie below it
_WIDEST = 0.1  # between the points about the p/p0 of a pore volume
_LAYER = 0.354e-9  # m: thickness of a layer of N2
_FILM_U = 0.03e-9  # m: by which the films on two open surfaces differ at any pressure
_LOW_C = 30.0  # least of an open surface, which micropores may hide
_KELVIN = 9.53e-10  # m: 2 gamma V/(R T) of N2 at 77.35 K
_MULTILAYER = (0.04, 0.36)  # where monolayer and constant amount can be told apart


def kelvin(text: str) -> float | None:
    """Return the temperature that a file states, None where it is none.

    Example
    -------
    >>> kelvin("77.300 K"), round(kelvin("-195.850 °C"), 2), kelvin("77.35"), kelvin("cold")
    (77.3, 77.3, 77.35, None)
    """
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(K|°C|degC|C)?\s*", text[:40])
    return None if found is None else float(found[1]) + (273.15 if found[2] not in (None, "K") else 0.0)


def gas_of(name: str, bath: str = "") -> tuple[str, str]:
    """Return the gas, and what is wrong with it or with the temperature of its bath, '' where nothing is.

    Example
    -------
    >>> gas_of("Nitrogen", "77.3 K"), gas_of("N2", "25 °C")[1][:24], gas_of("CO2")[1][:16]
    (('N2', ''), 'the bath was at 298.1 K;', "the gas is 'CO2'")
    """
    gas, kelvins = _CALLED.get(name.strip().lower(), ""), kelvin(bath)
    if not gas:
        return gas, f"the gas is '{name[:30]}', for which closo has no cross-section."
    if kelvins is not None and abs(kelvins / _BATHS[gas] - 1.0) > 0.15:
        return gas, f"the bath was at {kelvins:.4g} K; areas and pores are those of {gas} near {_BATHS[gas]:g} K."
    return gas, ""


def gas_in(text: str) -> str:
    """Return another gas than N2 that a comment names, '' where it names none or N2 beside it.

    Example
    -------
    >>> gas_in("Analysis adsorptive: Argon"), gas_in("Ar, then N2"), gas_in("CO2 at 25 C"), gas_in("Area")
    ('Argon', '', 'CO2', '')
    """
    found = re.search(r"\b((?i:argon|krypton|co2|carbon dioxide|oxygen|water)|Ar|Kr)\b", text)
    return "" if found is None or re.search(r"(?i)\b(?:nitrogen|n2)\b", text) else found[1]


def refuse_impossible(x: np.ndarray, n: np.ndarray, back: np.ndarray, *, file: object) -> None:
    """Refuse more gas than any powder holds, and points of which those that adsorb are no one branch, or desorb in truth.

    x, n : used points of both branches; back : True where they desorb.

    Raises
    ------
    DataError  for a wrong unit, amounts that fall by more than a tenth of their range, desorption below adsorption.
    """
    most = float(n.max())
    if most > _MOST:
        text = f"{most:.4g} mmol/g would fill pores of {most * 0.03467:.3g} cm3/g; no powder has more than 5 cm3/g."
        raise DataError(text, file=file, hint="The unit of the amount is wrong: was cm3(STP)/g read as mmol/g?")
    order = np.lexsort((np.arange(np.sum(~back)), x[~back]))
    rise, up = x[~back][order], n[~back][order]
    falls = np.maximum(-np.diff(up), 0.0)
    both = back & (x > 0.05) & (x >= rise[0]) & (x <= rise[-1])
    below = float(np.quantile(n[both] / np.interp(x[both], rise, up), 0.1)) if both.sum() > 2 else 1.0
    if falls.sum() > _FALLS * float(np.ptp(up)):
        k = int(np.argmax(falls))
        text = f"the adsorption branch falls from {up[k]:.3g} to {up[k + 1]:.3g} mmol/g at p/p0 {rise[k]:.3g}."
    elif below < 1.0 - _FALLS:
        text = f"desorption lies at {below:.2g} of adsorption, which it cannot fall below."
    else:
        return
    hint = "Two runs are in one, or desorption comes first: mark each row in a column 'desorption' (0 or 1)."
    raise DataError(text, file=file, hint=hint)


def bet_transform(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return x/(n(1-x)) [kg/mol], the ordinate of the BET plot."""
    return np.asarray(x / (n * (1.0 - x)))


def bet_line(x: np.ndarray, n: np.ndarray) -> Fit:
    """Fit the BET plot: n_m = 1/(slope + intercept), C = 1 + slope/intercept."""
    return straight_line(x, bet_transform(x, n))


def thickness(x: np.ndarray, curve: str = "harkins jura") -> np.ndarray:
    """Return the thickness [m] of an N2 film on an open surface, 0 < x < 1.

    Example
    -------
    >>> (1e9 * thickness(np.array([0.1, 0.3]))).round(3).tolist()
    [0.368, 0.501]
    """
    return np.asarray(_CURVES[curve](np.asarray(x, float)))


def condensation(x: np.ndarray, n: np.ndarray) -> float:
    """Return the x from which pores fill: twice in a row dn/dt is 1.5 times its median between 0.05 and 0.3; 0.5 at most."""
    seen = x > 0.05
    x, slopes = x[seen], np.diff(n[seen]) / np.diff(thickness(x[seen]))
    if len(slopes) < 3:
        return 0.5
    usual = slopes[x[1:] <= 0.3]
    steep = slopes > 1.5 * float(np.median(usual if len(usual) > 1 else slopes))
    begin = np.flatnonzero(steep[:-1] & steep[1:] & (x[:-2] > 0.15))
    return min(0.5, float(x[begin[0]])) if len(begin) else 0.5


def passing_windows(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the windows of the BET plot that pass all criteria: rows (first, last + 1, n_m, C), shape (k, 4).

    n (1 - x) rises; C > 0; n_m is reached inside, at an x that agrees with 1/(sqrt C + 1) to 20 %; R2 is at least
    0.995; there are five points or more, all below capillary condensation.
    """
    used = x <= condensation(x, n)
    x, n = x[used], n[used]
    y, rising = bet_transform(x, n), n * (1.0 - x)
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (x, y, x * x, x * y, y * y)]
    found, step = [np.empty((0, 4))], len(x) // _MOST_ENDS + 1
    for first in range(0, len(x), step):
        falls = np.flatnonzero(np.diff(rising[first:]) <= 0)
        stop = np.arange(first + _LEAST_POINTS, (first + int(falls[0]) + 1 if len(falls) else len(x)) + 1, step)
        size = stop - first
        sx, sy, sxx, sxy, syy = (s[stop] - s[first] for s in sums)
        with np.errstate(all="ignore"):
            sxx, sxy, syy = sxx - sx * sx / size, sxy - sx * sy / size, syy - sy * sy / size
            intercept = (sy - sxy / sxx * sx) / size
            capacity, constant = 1.0 / (sxy / sxx + intercept), 1.0 + sxy / sxx / intercept
            at = np.interp(capacity, n, x)
            good = (intercept > 0) & (sxy * sxy >= _LEAST_R2 * sxx * syy) & (at >= x[first]) & (at <= x[stop - 1])
            good &= np.abs(1.0 / (np.sqrt(np.abs(constant)) + 1.0) - at) <= _AGREE * at
        found.append(np.stack([np.full(len(stop), first), stop, capacity, constant], axis=1)[good])
    return np.concatenate(found)


def window_tests(x: np.ndarray, n: np.ndarray, rows: np.ndarray) -> list[tuple[str, bool, str]]:
    """Return which criteria of `passing_windows` the window of these rows passes: name, whether it does, its numbers."""
    at, line, top = x[rows], bet_line(x[rows], n[rows]), condensation(x, n)
    y, slope, intercept = bet_transform(at, n[rows]), *line.values
    constant, r2 = float(1.0 + slope / intercept), 1.0 - line.chi2 / float(np.sum((y - y.mean()) ** 2))
    full = float(np.interp(1.0 / (slope + intercept), n, x))
    wanted = float(1.0 / (1.0 + np.sqrt(constant))) if constant > 0 else np.nan
    inside, falls = bool(at[0] <= full <= at[-1]), int(np.sum(np.diff(n[rows] * (1.0 - at)) <= 0))
    return [
        ("BET constant", constant > 0, f"C = {constant:.4g} (must be > 0)"),
        ("Rouquerol", falls == 0, f"n (1 - p/p0) falls at {falls} of {len(at) - 1} steps in the window (must rise)"),
        (
            "monolayer in the window",
            inside and abs(wanted - full) <= _AGREE * full,
            f"n_m is reached at p/p0 {full:.3g}, by C at {wanted:.3g} (must lie in the window and agree to 20 %)",
        ),
        (
            "straight line",
            r2 >= _LEAST_R2 and len(at) >= _LEAST_POINTS,
            f"R2 = {r2:.5f} over {len(at)} points (at least {_LEAST_R2} and {_LEAST_POINTS})",
        ),
        ("below condensation", bool(at[-1] <= top), f"the window ends at {at[-1]:.3g}; pores fill from {top:.3g} on"),
    ]


def as_printed(
    points: Points, printed: Mapping[str, Any], rule: Sequence[Any], usual: float
) -> tuple[bool | None, str]:
    """Return whether points give the BET area again that an instrument's program printed, and both.

    printed : 'value', 'unit', 'u', 'si'. rule : first and last p/p0 and number of its points; its cross-section ('si').
    usual : the cross-section [m2] of N2, where the gas is another: a program that keeps it is wrong.
    """
    (x, n), (window, section) = points, rule
    rows = np.flatnonzero((x >= window[0] * (1 - 1e-9)) & (x <= window[1] * (1 + 1e-9)))
    if len(rows) < 3:
        return None, "fewer than three points of the adsorption branch are in its window"
    line = bet_line(x[rows], n[rows])
    area = AVOGADRO * section["si"] / float(line.values.sum()) / 1e3
    u, without = area / float(line.values.sum()) * np.sqrt([line.covariance.sum(), np.trace(line.covariance)])
    same = abs(1e3 * area / printed["si"] - 1.0) < 5e-4 and len(rows) == window[2]
    detail = f"{printed['value']} {printed['unit']} printed; its {window[2]} points give {area:.4f} ± {u:.4f} m2/g"
    detail += f" (± {without:.4f} without the covariance; printed ± {printed.get('u')})"
    if abs(section["si"] - usual) < 1e-22:
        return False, f"{detail}; its 0.162 nm2 is that of N2, which the gas is not"
    return bool(same), detail


def film_line(x: np.ndarray, volume: np.ndarray, rows: np.ndarray, constant: float) -> tuple[Fit, np.ndarray, float]:
    """Return the t-plot of these rows (slope [m2/kg], intercept [m3/kg]), standard uncertainties of both by the choice
    of film and range, and the intercept of the film that leaves most for micropores.

    volume : adsorbed, as liquid [m3/kg]. constant : C of the open surface, beside micropores, which raise that of the
    whole; where it is > 0, a film that grows as the BET equation says is one of the curves. The film of silica by Kruk
    and others, gauged for the width of pores, has no say in the intercept: on powders without micropores (carbon black,
    silica, MCM-41) it leaves -0.10 to -0.14 nm times the surface. How far the film of this surface is from the usual
    one, and how far those of any two are apart, is one error: the larger counts.
    """
    films = [thickness(x, curve) for curve in _CURVES] + (
        [_bet_film(x, max(constant, _LOW_C))] if constant > 0.0 else []
    )
    line = straight_line(films[0][rows], volume[rows])
    ways = np.array([[straight_line(f[k], volume[k]).values for k in (rows, rows[:-1], rows[1:])] for f in films])
    apart = (ways - line.values) ** 2
    area, rest = apart[..., 0], np.delete(apart[..., 1], 1, axis=0)
    offset = _FILM_U * float(line.values[0])
    spread = np.sqrt([np.sum(area) / (area.size - 3), max(np.mean(rest), offset**2)])
    flattest = straight_line(_bet_film(x, _LOW_C)[rows], volume[rows])
    return line, spread, float(max(line.values[1], flattest.values[1]))


def _bet_film(x: np.ndarray, constant: float) -> np.ndarray:
    """Return the film [m] that grows as the BET equation says."""
    return np.asarray(_LAYER * constant * x / ((1.0 - x) * (1.0 + (constant - 1.0) * x)))


def gurvich(x: np.ndarray, n: np.ndarray, at: float) -> tuple[float, float]:
    """Return the amount at x = `at`, on the line between two points, and how far a curve or a step there may be from it.

    Both are nan beyond the points, and where the two points that enclose it are more than 0.1 apart.
    """
    k = int(np.searchsorted(x, at))
    if at < x[0] or at > x[-1] or (x[k] != at and x[k] - x[k - 1] > _WIDEST):
        return np.nan, np.nan
    if x[k] == at:
        return float(n[k]), 0.0
    slopes = np.diff(n) / np.diff(x)
    bend = float(np.abs(np.diff(slopes[max(k - 2, 0) : k + 1])).max(initial=0.0))
    off = bend * float((at - x[k - 1]) * (x[k] - at) / (x[k] - x[k - 1]))
    return float(np.interp(at, x, n)), off / 3.0**0.5


def beside_micropores(x: np.ndarray, n: np.ndarray, start: tuple[float, float]) -> tuple[float, float] | None:
    """Return the monolayer [mol/kg] of n = n_0 + BET(n_m, C), n_0 included, and C of the open surface: what they are if
    micropores are full beforehand.

    start : n_m and C to begin with. None where fewer than six points lie between x = 0.04 and 0.36, or the fit does
    not arrive.
    """
    low, high = _MULTILAYER
    used = (x >= low) & (x <= min(high, condensation(x, n)))
    if used.sum() < 6:
        return None
    x, n = x[used], n[used]

    def residual(p: np.ndarray) -> np.ndarray:
        c = np.exp(p[1])
        return np.asarray((p[2] + p[0] * c * x / ((1.0 - x) * (1.0 + (c - 1.0) * x))) * start[0] / n - 1.0)

    try:
        fit = least_squares(residual, np.array([1.0, np.log(start[1]), 0.0]), with_covariance=False)
    except ConvergenceError:
        return None
    return float(fit.values[0] + fit.values[2]) * start[0], float(np.exp(min(fit.values[1], 20.0)))


def bjh(x: np.ndarray, volume: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pore diameters [m] (edges, falling, shape (m,)) and the volume [m3/kg] of the pores between them, shape
    (m - 1,).

    x : one branch, falling, 0 < x < 1, shape (m,); volume : adsorbed, as liquid [m3/kg]. Each step empties cores of
    the Kelvin radius after the film in wider pores has thinned; a step that the thinning alone explains holds no
    pores.
    """
    t, kelvin = thickness(x), _KELVIN / -np.log(x)
    middle, core, film = (0.5 * (v[1:] + v[:-1]) for v in (kelvin + t, kelvin, t))
    areas, found = np.zeros(len(middle)), np.zeros(len(middle))
    for k in range(len(middle)):
        thinner = t[k] - t[k + 1]
        from_film = thinner * float(np.sum(areas[:k] * (middle[:k] - film[k]) / middle[:k]))
        emptied = max(float(volume[k] - volume[k + 1]) - from_film, 0.0)
        found[k] = emptied * (middle[k] / (core[k] + 0.5 * thinner)) ** 2
        areas[k] = 2.0 * found[k] / middle[k]
    return 2.0 * (kelvin + t), found


def pore_sizes(x: np.ndarray, volume: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return diameters [m], falling, dV/dlog10(D) and the volume of wider pores [m3/kg] by `bjh`, from x = 0.3 on."""
    wide = np.flatnonzero(x > 0.3)[::-1]
    if len(wide) < 3:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    edges, found = bjh(x[wide], volume[wide])
    return 0.5 * (edges[1:] + edges[:-1]), found / -np.diff(np.log10(edges)), np.cumsum(found)
