"""Points -> the Arrhenius result of a pellet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.combine.arrhenius.checks import checks_of
from closo.combine.arrhenius.laws import Law, kinked, refused, straight, vogel_curve
from closo.combine.arrhenius.line import ORDINATE, Convention, Line, fit_line, fit_vogel
from closo.combine.arrhenius.parts import PARTS, Part, with_parts, without_part
from closo.combine.arrhenius.points import Point, Table, table_of
from closo.combine.arrhenius.prediction import conductivity_at, predict
from closo.combine.arrhenius.shape import Shape, judge_shape
from closo.errors import DataError, StudyError, did_you_mean
from closo.nomenclature import look_up
from closo.quantity import Quantity, withheld
from closo.result import Result

if TYPE_CHECKING:
    from closo.dataset import Dataset

_MATERIAL = 0.05  # a kink or curvature that changes the energy by less is a source of the one energy, not a refusal
_LINE_POINTS = 13


def arrhenius(
    points: Sequence[Point],
    *,
    name: str,
    convention: Convention = "sigmaT",
    parts: Mapping[str, Part] | None = None,
) -> Result:
    """Fit the Arrhenius law of one pellet.

    Parameters
    ----------
    points : conductivities over temperature; the order does not matter.
    name : what they belong to (the pellet); labels the sources `scatter:<name>`, `hysteresis:<name>`, ...
    convention : 'sigmaT' quotes the slope of ln(sigma T), 'sigma' that of ln sigma; both are always given.
    parts : 'bulk' and 'grain_boundary' -> what the spectra say of them (`parts_of`).

    Returns
    -------
    Result
        quantities activation_energy (in the convention), activation_energy:lnsigmaT, activation_energy:lnsigma,
        prefactor (of ln(sigma T)), log_prefactor (in the convention), ionic_conductivity:reference, and where they
        apply hysteresis, activation_energy:heating, :cooling, :low, :high, :vogel, transition_temperature,
        vogel_temperature; of each part activation_energy:bulk, log_prefactor:bulk, ... Where one straight line is
        refused, or there is only one point, the single energy is withheld with the reason.

    Raises
    ------
    DataError  when there is no point, a value is impossible, or several points share one temperature.
    StudyError  when the convention is unknown.

    Example
    -------
    >>> from closo.quantity import uncertain
    >>> printed = {303.15: 0.05, 333.15: 0.14}
    >>> points = [Point(uncertain(t, {}), uncertain(s, {f"fit:{t}": 0.01 * s})) for t, s in printed.items()]
    >>> print(arrhenius(points, name="printed").quantities["activation_energy"])
    0.3261 ± 0.0041 eV
    """
    if convention not in ORDINATE:
        raise StudyError(
            f"'{convention}' is not a convention of the Arrhenius law.", hint=did_you_mean(convention, ORDINATE)
        )
    given = parts or {}
    laws = {part: _law_of(given[part], part, name=name, convention=convention) for part in PARTS if part in given}
    return with_parts(_law(points, name=name, convention=convention), laws)


def _law_of(part: Part, key: str, *, name: str, convention: Convention) -> Result:
    """Return the law of a part; what it cannot have is said, and refuses nothing of the total."""
    label = f"{name} {PARTS[key]}"
    try:
        law = _law(part.points, name=label, convention=convention)
    except DataError as error:
        return _no_part(label, without_part(part, name, error.message), convention)
    why = law.quantities["activation_energy"].why
    return _no_part(label, without_part(part, name, why or ""), convention) if law.findings["model"] == "none" else law


def _no_part(label: str, why: str, convention: Convention) -> Result:
    energy = withheld("activation_energy", why, method=f"slope of {ORDINATE[convention]} against 1/T")
    settings, note = {"convention": convention}, (f"No activation energy: {why}.",)
    quantities = {"activation_energy": energy}
    return Result("arrhenius", label, quantities, settings=settings, notes=note, findings={"model": "none"})


def _law(points: Sequence[Point], *, name: str, convention: Convention) -> Result:
    """Fit the law of some points."""
    table = table_of(points, name)
    if len(table.points) < 2:
        return _without_law(table, name, convention, "one point has no slope; measure at two temperatures or more")
    lines = {c: fit_line(table, c, label=name) for c in ORDINATE}
    line = lines[convention]
    if not line.weighted and line.regression.df == 0:
        given = f"{len(table.points)} points without uncertainties of their own give a slope but not its uncertainty"
        why = f"{given}; state that of the conductivities or of the temperatures"
        return _without_law(table, name, convention, why)
    shape = judge_shape(table, convention)
    law, shape = _choose(table, shape, lines, name=name, convention=convention)
    findings = _findings(table, law, shape)
    branches = _branch_energies(table, convention, name=name) if law.findings["model"] == "line" else {}
    quantities = dict(law.quantities) | _hysteresis(law) | branches
    checks = checks_of(table, law, shape, quantities)
    settings = {"convention": convention}
    result = Result(
        "arrhenius", name, quantities, checks=checks, settings=settings, notes=_notes(law), findings=findings
    )
    return replace(result, curves=_curves(result, table, shape.high))


def _choose(
    table: Table, shape: Shape, lines: dict[Convention, Line], *, name: str, convention: Convention
) -> tuple[Law, Shape]:
    """Return the law to quote: the straight line unless a kink or a curve is certain and changes the energy."""
    other: Law | None = None
    if shape.kind == "curvature":
        vogel = fit_vogel(table, convention, label=name)
        if vogel is None:  # bends the wrong way: two lines describe it
            shape = replace(shape, kind="kink")
        else:
            other = vogel_curve(table, vogel, convention)
    if shape.kind in ("kink", "jump"):
        other = kinked(table, shape, convention, name=name)
    if other is None:
        return straight(table, lines, convention=convention, name=name), shape
    low, high = other.ends
    if abs(high - low) < _MATERIAL * 0.5 * abs(high + low) and abs(other.step) < 2.0 * _MATERIAL:
        return straight(table, lines, convention=convention, name=name, energy_range=abs(high - low)), shape
    return refused(other, shape, convention), shape


def _without_law(table: Table, name: str, convention: Convention, why: str) -> Result:
    """Return a result whose quantities are withheld."""
    keys = ["activation_energy", *(f"activation_energy:ln{c}" for c in ORDINATE), "prefactor", "log_prefactor"]
    method = f"slope of {ORDINATE[convention]} against 1/T"
    quantities = {key: withheld(key.split(":")[0], why, method=method) for key in keys}
    findings = {"model": "none", "n": len(table.points), "temperature_range": _range(table)}
    settings, notes = {"convention": convention}, (f"No activation energy: {why}.",)
    result = Result("arrhenius", name, quantities, settings=settings, notes=notes, findings=findings)
    return replace(result, curves=_curves(result, table, None))


def _range(table: Table) -> list[float]:
    """Return lowest and highest temperature [K]."""
    return [float(table.temperature.min()), float(table.temperature.max())]


def _findings(table: Table, law: Law, shape: Shape) -> dict[str, Any]:
    """Return the choices and sums behind the result as plain JSON values."""
    return {
        **law.findings,
        "n": len(table.points),
        "temperature_range": _range(table),
        "branches": list(table.branches),
        "chi2": None if np.isnan(law.chi2) else law.chi2,
        "df": law.df,
        "scatter": law.scatter,
        "straight_line_p": shape.p_value,
        "alternatives_bic": shape.bic,
    }


def _hysteresis(law: Law) -> dict[str, Quantity]:
    """Return the hysteresis where both branches are there."""
    if law.hysteresis is None:
        return {}
    method = "mean ln(cooling/heating) at equal temperatures, from one fit with a level per branch"
    return {"hysteresis": Quantity("hysteresis", law.hysteresis, method)}


def _branch_energies(table: Table, convention: Convention, *, name: str) -> dict[str, Quantity]:
    """Return the activation energy of each branch alone, where it has two temperatures."""
    found: dict[str, Quantity] = {}
    for branch in table.branches if len(table.branches) > 1 else ():
        part = table.subset(np.array([p.branch == branch for p in table.points]))
        if not branch or len(part.distinct()) < 2:
            continue
        line = fit_line(part, convention, label=f"{name}:{branch}")
        if line.weighted or line.regression.df:
            method = f"slope of {ORDINATE[convention]} against 1/T, {branch} only, {len(part.points)} points"
            found[f"activation_energy:{branch}"] = Quantity("activation_energy", line.energy, method)
    return found


def _notes(law: Law) -> tuple[str, ...]:
    """Return what the reader of the report should know."""
    energy = law.quantities["activation_energy"]
    return (f"No single activation energy: {energy.why}.",) if energy.number is None else ()


def _curves(result: Result, table: Table, high: np.ndarray | None) -> Dataset:
    """Return points, residuals of ln sigma, and the law with its 95 % band."""
    points = {
        "temperature": table.temperature,
        "temperature_u": np.array([float(p.temperature.u) for p in table.points]),
        "ionic_conductivity": np.exp(table.ln_sigma),
        "ionic_conductivity_u": np.array([float(p.conductivity.u) for p in table.points]),
    }
    line: dict[str, np.ndarray] = {}
    if result.findings["model"] != "none":
        phases = [""] * len(points["temperature"])
        if high is not None and "transition" in result.findings:
            phases = [":high" if h else ":low" for h in high]
        fitted = [conductivity_at(result, float(t), phase) for t, phase in zip(table.temperature, phases, strict=True)]
        points["residual"] = table.ln_sigma - np.log(fitted)
        temperatures = _line_temperatures(result, table)
        predicted = [predict(result, float(t)) for t in temperatures]
        bands = np.array([q.interval() or (np.nan, np.nan) for q in predicted])
        values = np.array([q.value for q in predicted], float)
        line = {"temperature": temperatures, "conductivity": values, "low": bands[:, 0], "high": bands[:, 1]}
    units = {key: look_up(key.removesuffix("_u")).si for key in points}
    variables = {key: ("point", values, {"units": units[key]}) for key, values in points.items()}
    variables |= {
        f"line_{key}": ("line", values, {"units": "K" if key == "temperature" else "S/m"})
        for key, values in line.items()
    }
    named = {"branches": [p.branch for p in table.points], "sources": [p.source for p in table.points]}
    from closo.dataset import Dataset

    return Dataset(variables, attrs={"kind": "arrhenius", "source": result.name, "metadata": named})


def _line_temperatures(result: Result, table: Table) -> np.ndarray:
    """Return temperatures, even in 1/T, over the measured range; both sides of a transition where there is one."""
    low, high = _range(table)
    even = 1.0 / np.linspace(1.0 / low, 1.0 / high, _LINE_POINTS)
    transition = result.findings.get("transition")
    if transition is None:
        return np.asarray(even)
    return np.sort(np.append(even, [transition * (1.0 - 1e-9), transition]))
