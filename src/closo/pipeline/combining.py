"""Results from results: Arrhenius per specimen, replicates per sample, series over samples.

A combined result is cached like a measured one, by the fingerprints of what went into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from closo.combine.arrhenius import Point, arrhenius, parts_of
from closo.combine.arrhenius import figure as arrhenius_figure
from closo.combine.impedance_series import figure as impedance_series_figure
from closo.combine.impedance_series import impedance_series
from closo.combine.interphase import figure as interphase_figure
from closo.combine.ledgers import figure_charge, figure_comparison, figure_overpotential
from closo.combine.resistance_change import figure as resistance_change_figure
from closo.combine.samples import specimens_of
from closo.combine.series import figure as series_figure
from closo.combine.transference import figure as transference_figure
from closo.errors import StudyError
from closo.figures import FigureSpec
from closo.pipeline.cells import combine_cells
from closo.pipeline.comparing import average_sample, compare
from closo.pipeline.obtaining import obtain
from closo.pipeline.plan import store_inputs
from closo.pipeline.records import Obtained
from closo.quantity import Quantity
from closo.result import Result
from closo.store import Store
from closo.study import Series, Study
from closo.techniques import get

__all__ = ["combine_all", "figure", "guess_branches", "points_of"]

_RESOLVED = 2.0  # K: temperatures closer than this are one temperature


def combine_all(study: Study, measured: Obtained, *, store: Store) -> Obtained:
    """Return the combined results of a study, and why some of them are not there."""
    combined = Obtained()
    _laws(study, measured, combined, store=store)
    known = {**measured.results, **combined.results}
    inputs = {key: {**measured.fingerprints, **combined.fingerprints}[key] for key in known}
    for sample in study.samples:
        if not specimens_of(known, sample):
            combined.notes.append(f"{sample}: nothing was measured on it.")
            continue
        obtain(
            combined,
            f"{sample}/conductivity",
            partial(average_sample, study, known, sample),
            inputs=inputs,
            settings={},
            context={"sample": sample},
            store=store,
        )
    for wanted in study.series:
        obtain(
            combined,
            f"series/{wanted.name}",
            partial(compare, study, known, wanted),
            inputs=inputs,
            settings=_what_decides(study, wanted),
            context={},
            store=store,
        )
    combine_cells(study, measured, combined, store=store)
    return combined


def _laws(study: Study, measured: Obtained, combined: Obtained, *, store: Store) -> None:
    """Add the Arrhenius law of every specimen that was measured at two temperatures or more."""
    convention: Literal["sigmaT", "sigma"] = study.settings.get("arrhenius", {}).get("convention", "sigmaT")
    for name, specimen in study.specimens.items():
        points = points_of(measured.results, name)
        temperatures = [point.temperature.x for point in points.values()]
        if not temperatures or max(temperatures) - min(temperatures) < _RESOLVED:
            continue
        inputs = {key: measured.fingerprints[key] for key in points}
        together = _spectra_together(study, measured, combined, name=name, keys=list(points), store=store)
        if together is not None:
            inputs[together] = combined.fingerprints[together]
            points = _with_common_fit(points, combined.results[together])
        mine = {key: r for key, r in measured.results.items() if r.settings.get("specimen") == name}
        branches = {point.source: point.branch for point in points.values()}
        parts = parts_of(mine.values(), branches, together=combined.results.get(together or ""))
        inputs |= {key: measured.fingerprints[key] for key, r in mine.items() if "bulk_resistance" in r.quantities}
        obtain(
            combined,
            f"{name}/arrhenius",
            partial(arrhenius, list(points.values()), name=name, convention=convention, parts=parts),
            inputs=inputs,
            settings={"convention": convention},
            context={"specimen": name, "sample": specimen.sample},
            store=store,
        )


def _spectra_together(
    study: Study, measured: Obtained, combined: Obtained, *, name: str, keys: Sequence[str], store: Store
) -> str | None:
    """Fit the spectra of a specimen together; return the key of the result, None where that is not possible.

    It needs three spectra of different names. A circuit that the study names for single spectra is left alone.
    """
    results = [measured.results[key] for key in keys]
    alike = all(r.technique == "impedance" and not r.settings.get("circuit_given") for r in results)
    if not alike or len(results) < 3 or len({r.name for r in results}) < len(results):
        return None
    specimen = study.specimens[name]
    key = f"{name}/impedance series"
    stored = store_inputs(get("impedance"), specimen, None)
    numbers = {quantity: Quantity.from_stored(document).number for quantity, document in stored.items()}
    make = partial(
        impedance_series,
        results,
        name=name,
        area=numbers["area"],
        thickness=numbers["thickness"],
        lead_resistance=numbers.get("lead_resistance"),
    )
    inputs = {k: measured.fingerprints[k] for k in keys}
    context = {"specimen": name, "sample": specimen.sample}
    obtain(combined, key, make, inputs=inputs, settings={"geometry": stored}, context=context, store=store)
    return key if key in combined.results else None


def _with_common_fit(points: Mapping[str, Point], together: Result) -> dict[str, Point]:
    """Return the points with the conductivities of the global fit, where the data allowed one."""
    if not together.settings.get("used"):
        return dict(points)
    found = {key: together.quantities[f"ionic_conductivity:{point.source}"].number for key, point in points.items()}
    return {
        key: replace(p, conductivity=p.conductivity if found[key] is None else found[key]) for key, p in points.items()
    }


def _what_decides(study: Study, wanted: Series) -> dict[str, object]:
    """Return what a series takes from the study itself, as plain values for its fingerprint."""
    tables = [wanted, *(study.samples[s] for s in wanted.samples), *study.materials.values(), *study.powders.values()]
    return {"tables": [repr(table) for table in tables]}


_FIGURES: Mapping[str, Callable[[Result], FigureSpec]] = {
    "arrhenius": arrhenius_figure,
    "impedance_series": impedance_series_figure,
    "series": series_figure,
    "interphase": interphase_figure,
    "transference": transference_figure,
    "resistance_change": resistance_change_figure,
    "overpotential_ledger": figure_overpotential,
    "charge_ledger": figure_charge,
    "cell_comparison": figure_comparison,
}
_WITHOUT_FIGURE = (
    "replicates",
    "electronic_fraction",
    "interface",
    "plating_stress",
    "cell_recipe",
    "press_recipe",
)


def figure(result: Result) -> FigureSpec:
    """Return the figure of any result.

    Raises
    ------
    StudyError  when nothing draws results of this kind.
    """
    if result.technique in _FIGURES:
        return _FIGURES[result.technique](result)
    if result.technique in _WITHOUT_FIGURE:
        raise StudyError(f"'{result.name}' is a {result.technique.replace('_', ' ')}; it has no figure of its own.")
    return get(result.technique).figure(result)


def points_of(results: Mapping[str, Result], specimen: str) -> dict[str, Point]:
    """Return key -> Point of every result of a specimen that has a conductivity and a temperature.

    Where the study names no branch, the temperatures up to the highest are heating and those after it cooling.
    """
    usable = {
        key: result
        for key, result in results.items()
        if result.settings.get("specimen") == specimen and _has(result, "ionic_conductivity", "temperature")
    }
    celsius = [result.quantities["temperature"].value or 0.0 for result in usable.values()]
    guessed = guess_branches(celsius)
    return {
        key: Point(
            temperature=result.quantities["temperature"].number,
            conductivity=result.quantities["ionic_conductivity"].number,
            branch=str(result.settings.get("branch") or branch),
            source=result.name,
        )
        for (key, result), branch in zip(usable.items(), guessed, strict=True)
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
