"""N2 sorption: the surface of a powder by BET, its pores by t-plot, Gurvich and BJH, and the size of its particles.

Measures
    How much gas a degassed powder takes up over the relative pressure x = p/p0 at the boiling point of the gas (N2, 77 K).

Protocol
    Degas until the mass is constant (silica: 16 h at 150 to 270 degC below 0.1 mbar). Weigh the tube filled with the same
    gas before and after, with 5 m2 of powder or more. Measure free space and p0; take ten points or more from x = 0.01 to
    0.30, go on to 0.99 and back.

Needs
    `adsorbed_amount` [mol/kg] with `relative_pressure`, or with `gas_pressure` and the setting `saturation_pressure`;
    `desorption` marks the other branch. `density` [kg/m3] of the solid for a diameter: none is assumed. Gas and mass: file
    or settings.

Gives
    `monolayer_capacity` n_m = 1/(slope + intercept) and `bet_constant` C = 1 + slope/intercept of the line through x/(n (1
    - x)); `specific_surface_area` n_m N_A a_m, a_m = 0.162 nm2 for N2 unless stated: in the `window` asked for, else in the
    median of all windows that pass (`specific_surface_area:all windows` beside it). `specific_surface_area:external`,
    `micropore_volume`: slope and intercept of the t-plot. `pore_volume`: gas at x = `gurvich` (0.95) as liquid.
    `particle_diameter`: 6/(rho S). Curves: BET plot; pore sizes by BJH of the adsorption branch (the other shows a false
    peak at 3.8 nm).

Uncertainty sources
    `fit:<name>` (slope and intercept with their covariance, which most programs leave out: they print 20 % more),
    `window:<name>` (the windows that pass), `model:<name>` (no surface is that of the equation: n_m with micropores beside
    it; 1.2 % at least), `cross_section:<gas>` (10 %; N2 upright on OH takes 0.135 nm2), `mass:<name>` (0.3 mg),
    `amount:<name>` (0.5 %), `free_space:<name>` (1 umol at saturation), `saturation_pressure:<name>` (0.2 %),
    `thickness:<name>` (curves and ranges of the t-plot), `interpolation:<name>`, `density:...`. That of the windows
    is what holds 95 % of them, over 1.96, beyond what the fit explains; others are root mean squares about the value.

Checks
    In the window: C > 0, n (1 - x) rises, n_m lies inside and within 20 % of 1/(sqrt C + 1), R2 and points, no
    condensation. Windows that pass; surface in the tube; whether the instrument's own BET comes out of its points again.

Limits
    No positive C, no area. The area of a microporous powder is an equivalent one; voids between particles count as pores,
    so x is part of a pore volume. BJH and t-plot are for N2 only; sizes below 2 nm mean nothing. What is not known to 40 %
    is withheld.

Sources
    Brunauer, Emmett, Teller 1938, doi:10.1021/ja01269a023; Thommes et al. (IUPAC) 2015, doi:10.1515/pac-2014-1117. Windows:
    Rouquerol et al. 2007, doi:10.1016/S0167-2991(07)80008-5; Osterrieth et al. 2022, doi:10.1002/adma.202201502. Film:
    Harkins, Jura 1944, doi:10.1021/ja01236a048; Jaroniec et al. 1999, doi:10.1021/la990136e. BJH: doi:10.1021/ja01145a126.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo import dataset
from closo.constants import AVOGADRO
from closo.errors import DataError, StudyError
from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.fit import straight_line
from closo.nomenclature import look_up, to_shown
from closo.quantity import Number, Quantity, from_fit, parse, uncertain, withheld
from closo.result import Check, Result
from closo.techniques import adsorption as kernel

_GASES = {"N2": (0.162e-18, 34.67e-6), "Ar": (0.142e-18, 28.7e-6), "Kr": (0.202e-18, np.nan)}  # m2, liquid [m3/mol]
_SECTION_U, _AMOUNT_U, _P0_U, _MODEL_U = 0.10, 0.005, 0.002, 0.012  # relative
_MASS_U, _FREE_SPACE, _USUAL_MASS = 0.3e-6, 1e-6, 0.1e-3  # kg, mol, kg
_FILM, _LEAST_C, _T_PLOT = (0.08, 0.30), 60.0, 0.8  # of a t-plot: p/p0 (films of 0.35 to 0.50 nm), least C, end drawn
_NOTHING, _TOO_VAGUE, _LEAST_SURFACE, _SUPERSATURATED = 1e-12, 0.4, 5.0, 1.2  # mol/kg; relative u; m2 in the tube; p/p0
_AREA = "specific_surface_area"
_BET = ("monolayer_capacity", "bet_constant", _AREA)


@dataclass(frozen=True)
class _Asked:
    """The settings, parsed."""

    window: tuple[float, float] | None
    gas: str | None
    at: float
    section: Number | None
    mass: Number | None
    p0: Number | None


@dataclass(frozen=True)
class _Branch:
    """The adsorption branch, rising, and what belongs to it: rows of the window, of the median of `passing`, of the film."""

    name: str
    x: np.ndarray
    n: np.ndarray
    gas: str
    section: Number
    mass: tuple[float, float]
    p0_u: float
    passing: np.ndarray
    window: np.ndarray
    median: np.ndarray
    film: np.ndarray


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise StudyError for settings that can be known to be wrong."""
    _asked(settings)


def analyse(
    data: dataset.Dataset,
    *,
    window: str | None = None,
    gas: str | None = None,
    cross_section: str | float | None = None,
    mass: str | float | None = None,
    saturation_pressure: str | float | None = None,
    gurvich: float = 0.95,
    density: Number | None = None,
) -> Result:
    """Return surface, pores and particle diameter of an isotherm.

    Parameters
    ----------
    data : a measurement of kind 'isotherm'.
    window : relative pressures of the BET line, '0.05-0.30'; the median of all windows that pass when absent.
    gas, mass, saturation_pressure : what the file does not state: 'N2', '0.1013 ± 0.0003 g', '101.3 ± 0.2 kPa'.
    cross_section : of a molecule, '0.162 ± 0.016 nm2'; without ± it is agreed upon and has no uncertainty.
    gurvich : relative pressure of the pore volume.
    density : of the solid [kg/m3], with its source.

    Raises
    ------
    DataError  when there is no adsorption branch, the gas is unknown, or there is more of it than any powder holds.
    StudyError  when a setting is wrong.
    """
    numbers = {"cross_section": cross_section, "mass": mass, "saturation_pressure": saturation_pressure}
    asked = _asked(numbers | {"window": window, "gas": gas, "gurvich": gurvich})
    x, n, back = _points(data, asked)
    branch, notes = _branch(data, asked, (x[~back], n[~back]))
    quantities = _bet(branch, branch.window, gurvich) | _film(branch, gurvich) | _pores(branch, gurvich)
    if asked.window is not None:
        quantities[f"{_AREA}:all windows"] = _bet(branch, branch.median, gurvich)[_AREA]
    quantities["particle_diameter"] = _diameter(quantities[_AREA], density)
    ends = branch.x[branch.window[[0, -1]]].tolist() if len(branch.window) else None
    checks = _checks(branch, quantities[_AREA], data.attrs["metadata"].get("vendor") or {})
    if len(x) < data.sizes["point"]:
        notes += (f"{data.sizes['point'] - len(x)} points without gas or outside 0 < p/p0 < 1 are left out.",)
    drawn, t = branch.gas == "N2" and len(branch.film) > 3, kernel.thickness(branch.x[branch.film])
    line = straight_line(t, branch.n[branch.film]).values if drawn else ()
    curves, said = _curves(branch, (x, n, back)), (*notes, *data.attrs["warnings"])
    findings = {"t_plot": np.array([t[0], t[-1], *line]).tolist()} if drawn else {}
    used = {"window": ends, "gas": branch.gas}
    return Result("sorption", branch.name, quantities, curves, checks, used, said, findings=findings)


def _asked(given: Mapping[str, Any]) -> _Asked:
    """Return the settings, parsed; StudyError when one is wrong."""
    window, gas, at = given.get("window"), given.get("gas"), given.get("gurvich", 0.95)
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(?:-|–|to)\s*(\d*\.?\d+)\s*", str(window)[:50])
    ends = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if window is not None and not 0.0 < ends[0] < ends[1] < 1.0:
        raise StudyError(f"window = '{str(window)[:50]}' is not a range of p/p0.", hint="Write for example 0.05-0.30.")
    called, wrong = (None, "") if gas is None else kernel.gas_of(gas)
    if wrong:
        raise StudyError(f"gas = '{str(gas)[:30]}' is not one that closo knows.", hint=f"Known: {', '.join(_GASES)}.")
    if not 0.0 < at < 1.0:
        raise StudyError(f"gurvich = {at} is not a relative pressure.", hint="Between 0 and 1; 0.95 is usual.")
    number: dict[str, Number | None] = dict.fromkeys(("cross_section", "mass", "saturation_pressure"))
    for name in (key for key in number if given.get(key) is not None):
        number[name] = parse(given[name], name, label=f"{name}:stated", default_u=_MASS_U if name == "mass" else None)
    return _Asked(ends if match else None, called, at, *number.values())


def _points(data: dataset.Dataset, asked: _Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return relative pressure, amount, and whether a point desorbs, of the points with 0 < p/p0 < 1 and an amount > 0."""
    dataset.require(data, "adsorbed_amount", who="sorption")
    file = data.attrs.get("source")
    if "gas_pressure" in data and asked.p0 is not None:
        x = np.asarray(data["gas_pressure"].values / Quantity("saturation_pressure", asked.p0).value, float)
    elif "relative_pressure" in data:
        x = np.asarray(data["relative_pressure"].values, float)
    else:
        text = "sorption needs relative_pressure; the file states no saturation pressure."
        raise DataError(text, file=file, hint="Say which: --set saturation_pressure='101.3 ± 0.2 kPa'.")
    n = np.asarray(data["adsorbed_amount"].values, float)
    back = data["desorption"].values > 0.5 if "desorption" in data else np.arange(len(x)) > int(np.argmax(x))
    if (highest := float(np.max(x[np.isfinite(x)], initial=0.0))) > _SUPERSATURATED:
        text = f"p/p0 reaches {highest:.4g}: it is in per cent or a pressure, or the saturation pressure is wrong."
        raise DataError(text, file=file, hint="Name the column with its unit: 'p/p0 (%)', 'Absolute Pressure (mmHg)'.")
    good = np.isfinite(x) & np.isfinite(n) & (x > 0) & (x < 1) & (n > _NOTHING)
    if (there := len(np.unique(x[good & ~back]))) < 3:
        text = f"sorption needs an adsorption branch; {there} points of it have 0 < p/p0 < 1 and an amount > 0."
        raise DataError(text, file=file, hint="Check the columns, their units, and the saturation pressure.")
    kernel.refuse_impossible(x[good], n[good], back[good], file=file)
    return x[good], n[good], back[good]


def _branch(data: dataset.Dataset, asked: _Asked, points: kernel.Points) -> tuple[_Branch, tuple[str, ...]]:
    """Return the branch with its windows, and sentences on what had to be assumed."""
    x, first = np.unique(points[0], return_index=True)
    apart = np.append(True, np.diff(x) > 1e-9 * x[1:])
    x, n, stated, notes = x[apart], points[1][first][apart], data.attrs["metadata"], []
    gas, wrong = kernel.gas_of(asked.gas or str(stated.get("gas") or "N2"), str(stated.get("temperature")))
    unnamed = not (asked.gas or stated.get("gas"))
    if unnamed and (other := kernel.gas_in(str(stated.get("comment", "")))):
        wrong = f"a line above the columns names {other}, but the gas is stated nowhere."
    if wrong:
        hint = "Use the isotherm of N2, Ar or Kr at the boiling point; the setting gas says which it is."
        raise DataError(wrong, file=data.attrs.get("source"), hint=hint)
    if unnamed:
        notes.append("The file does not state the gas (setting gas): N2 is assumed.")
    usual, weighed = uncertain(_GASES[gas][0], {f"cross_section:{gas}": _SECTION_U * _GASES[gas][0]}), asked.mass
    section = usual if asked.section is None else asked.section
    if weighed is None and re.fullmatch(r"\d[\d.]*(?:e-?\d+)? m?g", str(stated.get("mass"))):
        weighed = parse(str(stated["mass"]), "mass", default_u=_MASS_U)
    mass, p0 = Quantity("mass", weighed), Quantity("saturation_pressure", asked.p0)
    if mass.value is None:
        notes.append("The file states no mass (setting mass): weighing and free space are as uncertain as with 0.1 g.")
    if str(stated.get("density", "")).startswith("1.000 g"):
        notes.append("The report's sample density is 1.000 g/cm3, a default: its particle size would be 6000/S.")
    passing = kernel.passing_windows(x, n)
    order = passing[np.argsort(passing[:, 2], kind="stable"), :2].astype(int)
    median = np.arange(*order[len(order) // 2]) if len(order) else np.arange(0)
    ends = asked.window
    window = median if ends is None else np.flatnonzero((x >= ends[0]) & (x <= ends[1]))
    film = np.flatnonzero((x >= _FILM[0]) & (x <= min(_FILM[1], kernel.condensation(x, n))))
    weight = (mass.value or _USUAL_MASS, mass.u or _MASS_U)
    p0_u = p0.u / p0.value if p0.value and p0.u else _P0_U
    return _Branch(dataset.name_of(data), x, n, gas, section, weight, p0_u, passing, window, median, film), tuple(notes)


def _estimates(branch: _Branch, rows: np.ndarray, at: float, points: kernel.Points) -> dict[str, float]:
    """Return the numbers that points give: of the BET line of these rows, the t-plot, and the volume at p/p0 = `at`."""
    (x, n), liquid, film = points, _GASES[branch.gas][1], branch.film
    slope, intercept = kernel.bet_line(x[rows], n[rows]).values if len(rows) > 2 else (1.0, 1.0)
    area, rest = straight_line(kernel.thickness(x[film]), n[film] * liquid).values if len(film) > 2 else (0.0, 0.0)
    found = {"n_m": 1.0 / (slope + intercept), "C": 1.0 + slope / intercept, "film": area, "micropores": rest}
    return found | {"pores": float(np.interp(at, x, n)) * liquid}


def _errors(branch: _Branch, rows: np.ndarray, at: float) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the numbers, and of each the effects of what was wrong by one standard uncertainty: all is evaluated again."""
    x, n, (mass, u) = branch.x, branch.n, branch.mass
    wrong = {
        "amount": (x, n * (1.0 + _AMOUNT_U)),
        "mass": (x, n * (1.0 - u / mass)),
        "free_space": (x, n + _FREE_SPACE / mass * x),
        "saturation_pressure": (x * (1.0 + branch.p0_u), n),
    }
    base = _estimates(branch, rows, at, (x, n))
    moved = {f"{source}:{branch.name}": _estimates(branch, rows, at, points) for source, points in wrong.items()}
    return base, {key: {source: new[key] - base[key] for source, new in moved.items()} for key in base}


def _known(name: str, number: Number, method: str, most: float = 0.0) -> Quantity:
    """Return a quantity, withheld with its limit where it is not known to 40 %; it may be as large as `most`."""
    found = Quantity(name, number, method)
    value, u = float(found.value or 0.0), float(found.u or 0.0)
    if value > 0.0 and u <= _TOO_VAGUE * value:
        return found
    limit = f"{to_shown(name, max(value, most, 0.0) + 1.645 * u):.2g} {look_up(name).shown}".removesuffix(" 1")
    return withheld(name, f"not known to 40 %: below {limit} (95 %)", method=method)


def _bet(branch: _Branch, rows: np.ndarray, at: float) -> dict[str, Quantity]:
    """Return monolayer, C and area from the rows of a window, or why not."""
    x, n = branch.x[rows], branch.n[rows]
    how = "median of the windows that pass" if rows is branch.median else "window as asked"
    if len(rows) < 3:
        why = "no window passes the criteria" if rows is branch.median else f"the window holds {len(rows)} points"
        return {name: withheld(name, why, method=f"BET, {how}") for name in _BET}
    how = f"BET, p/p0 {x[0]:.4g} to {x[-1]:.4g}, {len(rows)} points, {how}"
    line = kernel.bet_line(x, n)
    value, errors = _errors(branch, rows, at)
    if line.values.min() <= 0.0:
        why = (
            f"C = {value['C']:.3g} from p/p0 {x[0]:.3g} to {x[-1]:.3g}: the BET equation needs C > 0 and does not hold"
        )
        return {name: withheld(name, why, method=how) for name in _BET}
    slope, intercept = from_fit(line.values, line.covariance, label=f"fit:{branch.name}", df=line.df)
    noise = {"n_m": float((1.0 / (slope + intercept)).u), "C": float((slope / intercept).u)}
    for k, key in ((2, "n_m"), (3, "C")) if len(branch.passing) else ():
        reach = float(np.quantile(np.abs(branch.passing[:, k] - value[key]), 0.95)) / 1.96
        errors[key][f"window:{branch.name}"] = max(reach**2 - noise[key] ** 2, 0.0) ** 0.5
    other = kernel.beside_micropores(branch.x, branch.n, (value["n_m"], value["C"]))
    apart = 0.0 if other is None else abs(other[0] - value["n_m"])  # either may be true
    errors["n_m"][f"model:{branch.name}"] = max(apart / 2.0**0.5, _MODEL_U * value["n_m"])
    capacity = 1.0 / (slope + intercept) + uncertain(0.0, errors["n_m"])
    constant = 1.0 + slope / intercept + uncertain(0.0, errors["C"])
    section = f"{how}; {Quantity('cross_section', branch.section).to('nm2')[0]:.4g} nm2 per {branch.gas}"
    found = (capacity, how), (constant, how), (capacity * AVOGADRO * branch.section, section)
    return {name: _known(name, *told) for name, told in zip(_BET, found, strict=True)}


def _film(branch: _Branch, at: float) -> dict[str, Quantity]:
    """Return external surface and micropore volume from the t-plot."""
    keys, rows, why = {f"{_AREA}:external": "film", "micropore_volume": "micropores"}, branch.film, None
    errors = _errors(branch, branch.window, at)[1]
    lines = [_estimates(branch, k, at, (branch.x, branch.n))["C"] for k in (branch.window, branch.median) if len(k) > 2]
    constant = next((c for c in lines if c > 0.0), np.nan)
    if branch.gas != "N2" or len(rows) < 4:
        why = f"the t-plot is made for N2 and needs four points from p/p0 0.08 to 0.30, not {len(rows)} of {branch.gas}"
    elif 0.0 < constant < _LEAST_C:
        why = f"C = {constant:.3g} is far below that of the surfaces on which thickness curves were gauged (about 100)"
    if why is not None:
        return {key: withheld(key.split(":")[0], why, method="t-plot") for key in keys}
    constant = (kernel.beside_micropores(branch.x, branch.n, (float(branch.n[rows[0]]), 100.0)) or (0.0, constant))[1]
    line, spread, most = kernel.film_line(branch.x, branch.n * _GASES["N2"][1], rows, constant)
    how = f"t-plot (Harkins, Jura), p/p0 {branch.x[rows[0]]:.3g} to {branch.x[rows[-1]]:.3g}, {len(rows)} points"
    fitted = from_fit(line.values, line.covariance, label=f"fit t-plot:{branch.name}", df=line.df)
    found = {}
    for k, (key, part) in enumerate(keys.items()):
        number = fitted[k] + uncertain(0.0, errors[part] | {f"thickness:{branch.name}": float(spread[k])})
        number = number if k else number * branch.section / _GASES["N2"][0]  # gauged where areas are BET's, 0.162 nm2
        found[key] = _known(key.split(":")[0], number, how, most if k else 0.0)
    return found


def _pores(branch: _Branch, at: float) -> dict[str, Quantity]:
    """Return the volume of the liquid in the powder at p/p0 = `at` (Gurvich)."""
    how = f"all gas at p/p0 {at:.4g} as liquid"
    off = kernel.gurvich(branch.x, branch.n, at)[1] * _GASES[branch.gas][1]
    if not np.isfinite(off):
        why = f"no two points of {branch.gas} enclose p/p0 {at:g} within 0.1; the last is at {branch.x[-1]:.4g}"
        return {"pore_volume": withheld("pore_volume", why, method=how)}
    value, errors = _errors(branch, branch.film[:0], at)
    number = uncertain(value["pores"], errors["pores"] | {f"interpolation:{branch.name}": off})
    return {"pore_volume": _known("pore_volume", number, how)}


def _diameter(area: Quantity, density: Number | None) -> Quantity:
    """Return 6/(rho S); without a density, which no isotherm tells, withheld."""
    if density is None or area.number is None:
        why = "it needs the density of the solid" if density is None else f"the area is withheld: {area.why}"
        return withheld("particle_diameter", why, method="6/(rho S)")
    how = f"spheres, 6/(rho S) with rho = {Quantity('density', density)}"
    return Quantity("particle_diameter", 6.0 / (density * area.number), how)


def _checks(branch: _Branch, area: Quantity, vendor: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return what window and measurement passed or failed."""
    count, surface = len(branch.passing), (area.value or np.nan) * branch.mass[0]
    tests: list[tuple[str, bool | None, str]] = [
        ("windows that pass", count > 0, f"{count} windows of the BET plot pass all criteria")
    ]
    if len(branch.window) > 2:
        tests += kernel.window_tests(branch.x, branch.n, branch.window)
    if area.value is not None:
        detail = f"{surface:.3g} m2 of powder in the tube (at least {_LEAST_SURFACE:g} m2)"
        tests.append(("surface in the tube", surface >= _LEAST_SURFACE, detail))
    printed, rule = vendor.get(_AREA), [vendor.get("points"), vendor.get("cross_section")]
    if printed and all(rule):
        usual = _GASES["N2"][0] if branch.gas != "N2" else np.nan
        tests.append(("instrument's BET", *kernel.as_printed((branch.x, branch.n), printed, rule, usual)))
    return tuple(Check(name, None if passed is None else bool(passed), detail) for name, passed, detail in tests)


def _curves(branch: _Branch, points: tuple[np.ndarray, np.ndarray, np.ndarray]) -> dataset.Dataset:
    """Return the isotherm with its BET plot (adsorption up to p/p0 0.5), and the pores by BJH."""
    (x, n, back), rows = points, branch.window
    y = np.where(back | (x > 0.5), np.nan, kernel.bet_transform(x, n))
    slope, start = kernel.bet_line(branch.x[rows], branch.n[rows]).values if len(rows) > 2 else (np.nan,) * 2
    sizes = kernel.pore_sizes(branch.x, branch.n * _GASES["N2"][1]) if branch.gas == "N2" else (np.zeros(0),) * 3
    pores = dict(zip(("pore_diameter", "pore_size_distribution", "cumulative_pore_volume"), sizes, strict=True))
    isotherm = {"relative_pressure": x, "adsorbed_amount": n, "desorption": back.astype(float)}
    isotherm["film_thickness"] = np.where(back | (x > _T_PLOT), np.nan, kernel.thickness(x))
    named = [("point", isotherm | {"bet_transform": y, "bet_fit": slope * x + start + 0.0 * y}), ("pore", pores)]
    import xarray as xr

    return xr.Dataset({k: (dim, v, {"units": look_up(k).si}) for dim, group in named for k, v in group.items()})


def figure(result: Result) -> FigureSpec:
    """Return isotherm with the window shaded, BET plot with its line, residuals, t-plot, and pore sizes."""
    c = {str(name): np.asarray(values) for name, values in result.curves.data_vars.items()}
    x, n, y, back = c["relative_pressure"], c["adsorbed_amount"], c["bet_transform"], c["desorption"] > 0.5
    window, plot, pressure = result.settings["window"], ~np.isnan(c["bet_transform"]), Axis("p/p0")
    spans = [Span(window[0], window[1], "BET window")] if window else []
    down = Trace(x[back], n[back], "desorption", "both", color=1, marker=1, filled=False)
    line = [Trace(x[plot], y[plot], "measured"), Trace(x[plot], c["bet_fit"][plot], "BET line", "dashed", color=3)]
    panels = [
        Panel(pressure, Axis("n / (mmol/g)"), [Trace(x[~back], n[~back], "adsorption", "both"), down], spans=spans),
        Panel(pressure, Axis("p/[n(p0 - p)] / (g/mmol)"), line if window else line[:1], spans=spans),
    ]
    if window:
        used = plot & (x >= window[0]) & (x <= window[1])
        rest = Trace(x[used], 100.0 * (y[used] / c["bet_fit"][used] - 1.0), style="both")
        zero = Trace(window, (0.0, 0.0), style="dashed", color=7)
        panels.append(Panel(pressure, Axis("residual / %"), [zero, rest], title="measured over the BET line"))
    if "t_plot" in result.findings:
        low, high, slope, start = result.findings["t_plot"]
        t, ends = c["film_thickness"], np.array([0.0, np.nanmax(c["film_thickness"])])
        film = [Trace(1e9 * t, n, "adsorption"), Trace(1e9 * ends, slope * ends + start, "t-plot", "dashed", color=3)]
        fitted = [Span(1e9 * low, 1e9 * high, "fitted")]
        panels.append(Panel(Axis("t / nm"), Axis("n / (mmol/g)"), film, spans=fitted))
    if len(c["pore_diameter"]):
        sizes = Trace(1e9 * c["pore_diameter"], 1e3 * c["pore_size_distribution"], style="both", color=2)
        panels.append(Panel(Axis("D / nm", "log"), Axis("dV/dlog10(D) / (cm3/g)"), [sizes], title="BJH, adsorption"))
    summary = f"Isotherm of {result.name}, BET line and window, t-plot, pore sizes; area {result.quantities[_AREA]}."
    return FigureSpec(f"sorption {result.name}", panels, result.name, summary, columns=3)
