"""What is wanted of pellets: one fit of all spectra, an Arrhenius law, the mean of a sample's pellets, samples compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from closo.combine.arrhenius import Point, arrhenius, parts_of
from closo.combine.comparing import average_sample, compare
from closo.combine.impedance_series import SERIES_SETTINGS, impedance_series
from closo.combine.view import View, Wanted
from closo.constants import ONE_TEMPERATURE
from closo.quantity import Quantity
from closo.result import Result


def series_of_spectra(view: View) -> Iterator[Wanted | str]:
    """Yield one fit of all spectra of each specimen that was measured at two temperatures or more.

    It needs three spectra of different names. What the study asks of each of them (circuit, parameters held, arcs assigned)
    is asked of the series; where it asks different things of different spectra, they are left alone.
    """
    shared = view.study.settings.get("impedance_series", {}).get("shared", "auto")
    for name, specimen in view.study.specimens.items():
        keys = list(_points_over_temperature(view, name))
        results = [view.measured[key] for key in keys]
        asked = [{key: r.settings.get(key) for key in SERIES_SETTINGS} for r in results]
        alike = all(r.technique == "impedance" for r in results) and all(one == asked[0] for one in asked)
        if not alike or len(results) < 3 or len({r.name for r in results}) < len(results):
            continue
        geometry = {what: specimen.given(what) for what in ("area", "thickness", "lead_resistance")}
        stored = [Quantity(what, n).as_stored() for what, n in geometry.items() if n is not None]
        make = partial(impedance_series, results, name=name, shared=shared, **geometry)
        yield Wanted(f"{name}/impedance series", make, keys, [*stored, shared], view.study.about(name))


def laws(view: View) -> Iterator[Wanted | str]:
    """Yield the Arrhenius law of every specimen that was measured at two temperatures or more."""
    convention: Literal["sigmaT", "sigma"] = view.study.settings.get("arrhenius", {}).get("convention", "sigmaT")
    for name in view.study.specimens:
        points = _points_over_temperature(view, name)
        if not points:
            continue
        used = list(points)
        together = view.combined.get(f"{name}/impedance series")
        if together is not None:
            used.append(f"{name}/impedance series")
            points = _with_common_fit(points, together)
        mine = {key: r for key, r in view.measured.items() if r.about.owner == name}
        branches = {point.source: point.branch for point in points.values()}
        parts = parts_of(mine.values(), branches, together=together)
        used += [key for key, r in mine.items() if "bulk_resistance" in r.quantities and key not in points]
        make = partial(arrhenius, list(points.values()), name=name, convention=convention, parts=parts)
        yield Wanted(f"{name}/arrhenius", make, used, [convention], view.study.about(name))


def means(view: View) -> Iterator[Wanted | str]:
    """Yield the mean over the pellets of every sample of which a conductivity was measured."""
    for sample in view.study.samples:
        of_sample = [r for r in view.measured.values() if r.about.sample == sample]
        if not of_sample:
            yield f"{sample}: nothing was measured on it."
        if any("ionic_conductivity" in r.quantities for r in of_sample):
            make = partial(average_sample, view.study, view.results, sample)
            yield Wanted(f"{sample}/conductivity", make, list(view.results), about=view.study.about(sample))


def comparisons(view: View) -> Iterator[Wanted | str]:
    """Yield the series of samples that the study asks for."""
    study = view.study
    for wanted in study.series:
        samples = (study.samples[s] for s in wanted.samples)
        tables = [wanted, *samples, *study.materials.values(), *study.powders.values()]
        make = partial(compare, study, view.results, wanted)
        yield Wanted(f"series/{wanted.name}", make, list(view.results), tables)


def _points_over_temperature(view: View, specimen: str) -> dict[str, Point]:
    """Return the points of a specimen, none where all were measured at one temperature."""
    points = points_of(view.measured, specimen)
    kelvin = [point.temperature.x for point in points.values()]
    return points if kelvin and max(kelvin) - min(kelvin) >= ONE_TEMPERATURE else {}


def _with_common_fit(points: Mapping[str, Point], together: Result) -> dict[str, Point]:
    """Return the points with the conductivities of the global fit, where the data allowed one."""
    if not together.findings.get("used"):
        return dict(points)
    common = {key: together.quantities[f"ionic_conductivity:{point.source}"].number for key, point in points.items()}
    return {key: p if (n := common[key]) is None else replace(p, conductivity=n) for key, p in points.items()}


def points_of(results: Mapping[str, Result], specimen: str) -> dict[str, Point]:
    """Return key -> Point of every result of a specimen that has a conductivity and a temperature.

    Where the study names no branch, the temperatures up to the highest are heating and those after it cooling.
    """
    usable = {
        key: result
        for key, result in results.items()
        if result.about.owner == specimen and _has(result, "ionic_conductivity", "temperature")
    }
    celsius = [result.quantities["temperature"].value or 0.0 for result in usable.values()]
    guessed = guess_branches(celsius)
    return {
        key: Point(
            temperature=kelvin,
            conductivity=sigma,
            branch=result.about.branch or branch,
            source=result.name,
        )
        for (key, result), branch in zip(usable.items(), guessed, strict=True)
        if (kelvin := result.quantities["temperature"].number) is not None
        and (sigma := result.quantities["ionic_conductivity"].number) is not None
    }


def guess_branches(temperatures: Sequence[float]) -> list[str]:
    """Return heating or cooling for temperatures in the order of measurement.

    Example
    -------
    >>> guess_branches([30, 60, 90, 60, 30])
    ['heating', 'heating', 'heating', 'cooling', 'cooling']
    >>> guess_branches([90, 60, 30])
    ['cooling', 'cooling', 'cooling']
    """
    if not temperatures:
        return []
    top = list(temperatures).index(max(temperatures))
    last_heating = top if top > 0 or len(temperatures) == 1 else -1
    return ["heating" if k <= last_heating else "cooling" for k in range(len(temperatures))]


def _has(result: Result, *keys: str) -> bool:
    return all(key in result.quantities and result.quantities[key].number is not None for key in keys)
