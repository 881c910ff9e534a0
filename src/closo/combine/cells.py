"""What is wanted of the measurements on one cell, and of all cells together.

For a cell: transference number (a polarization between spectra), change of resistance (a sweep or other stress between
spectra), interface (plating, with the conductivity of its electrolyte), overpotential and charge ledgers (cycling). For a
pellet between blocking electrodes: the electronic share. For several cells: their capacities compared.

Spectra belong to a step by `stage = "before"` or `"after"` in study.toml. Where the study says nothing, they are the
last one before the step and the first one after it, in the order of the study and of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from closo.combine.conditions import temperature_of
from closo.combine.electronic import electronic_fraction
from closo.combine.interface import interfacial_resistance, plating_stress
from closo.combine.ledgers import CellParameters, charge_ledger, compare_cells, overpotential_ledger
from closo.combine.ledgers.parameters import parameters_of, salt_fraction
from closo.combine.resistance_change import resistance_change
from closo.combine.samples import conductivity_at
from closo.combine.transference import transference
from closo.combine.view import View, Wanted
from closo.constants import ONE_TEMPERATURE
from closo.models.cell.forms import anions_in_electrode
from closo.quantity import Number
from closo.result import Result
from closo.study import Cell

_WITH_CAPACITY = ("cathode half cell", "anode half cell", "full cell")


def electronic_shares(view: View) -> Iterator[Wanted | str]:
    """Yield the electronic share of each pellet that was polarized between blocking electrodes."""
    cells = (name for name, cell in view.study.cells.items() if cell.kind == "blocking cell")
    for name in (*view.study.specimens, *cells):
        for key, step in view.of(name, "polarization").items():
            if step.settings.get("electrodes") == "nonblocking":
                continue
            kelvin = _temperature(step)
            spectra = {k: r for k, r in view.of(name, "impedance").items() if _near(kelvin, _temperature(r))}
            if not spectra:
                yield f"{name}: no spectrum at the temperature of its polarization."
                continue
            before, after = spectra_around(view.measured, key, spectra)
            chosen = before or after or next(iter(spectra))
            make = partial(electronic_fraction, step, spectra[chosen], name=name)
            yield Wanted(f"{name}/electronic fraction", make, [key, chosen], about=view.study.about(name))


def spectra_around(
    results: Mapping[str, Result], step: str, spectra: Mapping[str, Result]
) -> tuple[str | None, str | None]:
    """Return the keys of the spectra before and after a step.

    Parameters
    ----------
    results : all single measurements, in the order of the study.
    step : key of the step.
    spectra : key -> spectrum, those of the same cell.
    """
    before = [key for key, r in spectra.items() if r.about.stage == "before"]
    after = [key for key, r in spectra.items() if r.about.stage == "after"]
    if before or after:
        return (before[-1] if before else None), (after[0] if after else None)
    order = list(results)
    place = order.index(step)
    earlier = [key for key in spectra if order.index(key) < place]
    later = [key for key in spectra if order.index(key) > place]
    file = step.partition("#")[0].rpartition("/")[2]
    same = [key for key in spectra if key.partition("#")[0].rpartition("/")[2] == file]
    if same:  # parts of one file are listed technique by technique; their numbers tell the order in time
        number = _part(step)
        earlier = [key for key in same if _part(key) < number] or earlier
        later = [key for key in same if _part(key) > number] or later
    return (earlier[-1] if earlier else None), (later[0] if later else None)


def _part(key: str) -> int:
    return int(key.rpartition("#")[2])


def transference_numbers(view: View) -> Iterator[Wanted | str]:
    """Yield the transference number of each cell that was polarized between two spectra."""
    for name in view.study.cells:
        spectra = view.of(name, "impedance")
        for key, step in view.of(name, "polarization").items():
            if step.settings.get("electrodes") != "nonblocking":
                continue
            before, after = spectra_around(view.measured, key, spectra)
            if not (before and after):
                yield f"{name}: no transference number, which needs a spectrum before the polarization and one after it."
                continue
            make = partial(transference, step, spectra[before], spectra[after], name=name)
            yield Wanted(f"{name}/transference", make, [key, before, after], about=view.study.about(name))


def resistance_changes(view: View) -> Iterator[Wanted | str]:
    """Yield how the resistance of each cell changed by a sweep, or while it ran."""
    for name in view.study.cells:
        spectra = view.of(name, "impedance")
        pairs = [spectra_around(view.measured, step, spectra) for step in view.of(name, "voltammetry")]
        if any(view.of(name, technique) for technique in ("cycling", "plating", "critical_current")):
            pairs.append(first_and_last(spectra))
        for before, after in pairs:
            if before and after:
                make = partial(resistance_change, spectra[before], spectra[after], name=name)
                yield Wanted(f"{name}/resistance change", make, [before, after], about=view.study.about(name))


def first_and_last(spectra: Mapping[str, Result]) -> tuple[str | None, str | None]:
    """Return the keys of the first and the last spectrum of a cell that ran between them, by stage where the study says."""
    before = [key for key, r in spectra.items() if r.about.stage == "before"]
    after = [key for key, r in spectra.items() if r.about.stage == "after"]
    keys = list(spectra)
    if before or after or len(keys) < 2:
        return (before[0] if before else None), (after[-1] if after else None)
    return keys[0], keys[-1]


def interfaces(view: View) -> Iterator[Wanted | str]:
    """Yield the interfacial resistance of each symmetric cell whose electrolyte is known."""
    for name, key, plating in _plated(view):
        cell = view.study.cells[name]
        temperature = temperature_of(plating)
        assert temperature is not None
        sigma = conductivity_at(view.results, cell.separator_sample or "", temperature, pellet=name)
        make = partial(
            interfacial_resistance, plating, conductivity=sigma, thickness=cell.separator_thickness, name=name
        )
        used = [key, *_electrolyte(view, cell.separator_sample or "")]
        yield Wanted(f"{name}/interface", make, used, [cell], view.study.about(name))


def plating_stresses(view: View) -> Iterator[Wanted | str]:
    """Yield the metal moved in each plating test, compared with that of the cell with the largest areal capacity."""
    cells = [(q, c) for c in view.study.cells.values() if (q := c.areal_capacity) is not None]
    most, hardest = max(cells, key=lambda pair: float(pair[0].x), default=(None, None))
    for name, key, plating in _plated(view):
        moved = _number(plating, "areal_capacity:half_cycle")
        if hardest is None or most is None or moved is None:
            continue
        make = partial(
            plating_stress,
            test_capacity=moved,
            cell_capacity=most,
            test_current=_number(plating, "current_density"),
            cell_current=hardest.current_density,
            name=f"{name} against {hardest.label.removeprefix('cell ')}",
        )
        yield Wanted(f"{name}/plating stress", make, [key], [hardest], view.study.about(name))


def _plated(view: View) -> Iterator[tuple[str, str, Result]]:
    """Yield name, key and plating of each cell whose electrolyte, its thickness and the temperature are known."""
    for name, cell in view.study.cells.items():
        for key, plating in view.of(name, "plating").items():
            if not any(x is None for x in (cell.separator_sample, cell.separator_thickness, temperature_of(plating))):
                yield name, key, plating


def overpotentials(view: View) -> Iterator[Wanted | str]:
    """Yield where the voltage of each cycled cell goes."""
    for name, key, cycling in _cycled(view):
        cell, parameters = view.study.cells[name], _known(view, name, cycling)
        if parameters.temperature is None or parameters.current_density is None:
            yield f"{name}: no overpotential ledger, which needs temperature and area."
            continue
        electrolyte = [] if cell.separator_sample is None else _electrolyte(view, cell.separator_sample)
        yield Wanted(
            f"{name}/overpotential ledger",
            partial(_overpotentials, view, parameters, cell.separator_sample, cycling),
            [key, *electrolyte],
            [cell, *view.study.samples.values(), *view.study.materials.values()],
            view.study.about(name),
        )


def charges(view: View) -> Iterator[Wanted | str]:
    """Yield where the charge of each cycled cell goes."""
    study = view.study
    for name, key, cycling in _cycled(view):
        sweep, change = _sweep_of(view, study.cells[name], cycling), f"{name}/resistance change"
        used = [key, *([change] if change in view.combined else []), *([sweep] if sweep else [])]
        tables = [study.cells[name], *study.samples.values(), *study.materials.values(), *study.cells.values()]
        make = partial(_charges, view, name, cycling, sweep=sweep)
        yield Wanted(f"{name}/charge ledger", make, used, tables, study.about(name))


def _cycled(view: View) -> Iterator[tuple[str, str, Result]]:
    """Yield name, key and cycling of each cell but the symmetric ones."""
    for name in view.study.cells:
        for key, cycling in view.of(name, "cycling").items():
            if cycling.settings.get("cell") != "symmetric cell":
                yield name, key, cycling


def _sweep_of(view: View, cell: Cell, cycling: Result) -> str | None:
    """Return the sweep on the same electrolyte and against the same reference, the nearest in temperature."""
    kelvin = _temperature(cycling)
    found: list[tuple[float, str]] = []
    for name, other in view.study.cells.items():
        alike = other.separator_sample == cell.separator_sample and other.reference == cell.reference
        if alike and cell.separator_sample is not None:
            for key, sweep in view.of(name, "voltammetry").items():
                at = _temperature(sweep)
                found.append((abs(at - kelvin) if at is not None and kelvin is not None else 0.0, key))
    return min(found, default=(0.0, None), key=lambda pair: pair[0])[1]


def _known(view: View, name: str, cycling: Result) -> CellParameters:
    """Return the parameters of a cell with the temperature and current that were measured."""
    parameters = parameters_of(view.study, name)
    found = {key: cycling.quantities.get(key) for key in ("temperature", "current_density")}
    measured: Any = {key: q.number for key, q in found.items() if q is not None and q.number is not None}
    return replace(parameters, **measured)


def _overpotentials(view: View, cell: CellParameters, sample: str | None, cycling: Result) -> Result:
    temperature = temperature_of(cycling)
    sigma = None
    if sample is not None and temperature is not None:
        sigma = conductivity_at(view.results, sample, temperature, pellet=cell.name)
    gap = _number(cycling, "voltage_hysteresis")
    return overpotential_ledger(
        cell,
        conductivity=sigma,
        measured_hysteresis=None if gap is None or gap.x <= 0 else gap,
        measured_capacity=_number(cycling, "specific_capacity:first_discharge"),
    )


def _charges(view: View, name: str, cycling: Result, *, sweep: str | None) -> Result:
    cell = view.study.cells[name]
    anions = None
    salt = salt_fraction(view.study, cell)
    mass, share, molar = cell.cathode_mass, cell.electrolyte_fraction, cell.electrolyte_molar_mass
    if mass is not None and share is not None and molar is not None and salt is not None:
        anions = anions_in_electrode(mass, share, salt_fraction=salt, molar_mass=molar)
    change = view.combined.get(f"{name}/resistance change")
    lsv = None if sweep is None else view.measured[sweep]
    swept = None if lsv is None else parameters_of(view.study, lsv.about.owner).area
    return charge_ledger(
        cycling,
        area=parameters_of(view.study, name).area,
        anions=anions,
        lsv=lsv,
        lsv_area=swept,
        thickness=cell.separator_thickness,
        resistance_ratio=None if change is None else _number(change, "resistance_ratio"),
    )


def capacities_compared(view: View) -> Iterator[Wanted | str]:
    """Yield the capacities of the cells that were cycled, compared: those of one active material, that of most cells."""
    cycled: dict[str, Result] = {}
    used = []
    study = view.study
    materials = [study.cells[name].active_material for name, _, _ in _cycled(view)]
    most = max(materials, key=materials.count, default=None)
    for name, key, result in _cycled(view):
        if study.cells[name].active_material != most:
            continue
        if result.settings.get("cell") in _WITH_CAPACITY and name not in cycled:
            cycled[name] = result
            used.append(key)
    if len(cycled) < 2:
        return
    parameters = {name: _known(view, name, result) for name, result in cycled.items()}
    tables = [*(study.cells[name] for name in cycled), *study.samples.values(), *study.materials.values()]
    yield Wanted("cells/comparison", partial(compare_cells, cycled, parameters), used, tables)


def _electrolyte(view: View, sample: str) -> list[str]:
    """Return the keys of the results that a sample's conductivity comes from."""
    return [k for k, r in view.results.items() if r.about.sample == sample]


def _number(result: Result, key: str) -> Number | None:
    found = result.quantities.get(key)
    return None if found is None else found.number


def _near(a: float | None, b: float | None) -> bool:
    """Say whether two temperatures count as one; an unknown one does."""
    return a is None or b is None or abs(a - b) <= ONE_TEMPERATURE


def _temperature(result: Result) -> float | None:
    """Return the temperature [K] of a result, None where it has none."""
    number = temperature_of(result)
    return None if number is None else float(number.x)
