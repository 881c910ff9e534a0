"""What is made of the measurements on one cell, and of all cells together.

For a cell: transference number (a polarization between spectra), change of resistance (a sweep or other stress between
spectra), interface (plating, with the conductivity of its electrolyte), overpotential and charge ledgers (cycling). For a
pellet between blocking electrodes: the electronic share. For several cells: their capacities compared.

Spectra belong to a step by `stage = "before"` or `"after"` in study.toml. Where the study says nothing, they are the
last one before the step and the first one after it, in the order of the study and of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from closo.combine.conditions import NEAR, temperature_of
from closo.combine.electronic import electronic_fraction
from closo.combine.interface import interfacial_resistance, plating_stress
from closo.combine.ledgers import CellParameters, charge_ledger, compare_cells, overpotential_ledger
from closo.combine.resistance_change import resistance_change
from closo.combine.samples import conductivity_at
from closo.combine.transference import transference
from closo.models.cell import anions_in_electrode
from closo.pipeline.cell_parameters import parameters_of, salt_fraction
from closo.pipeline.obtaining import obtain
from closo.pipeline.recipes import recipe_of_cell, recipe_of_press
from closo.pipeline.records import Obtained
from closo.quantity import Number
from closo.result import Result
from closo.store import Store
from closo.study import Cell, Study, stated

__all__ = ["combine_cells", "spectra_around"]

_WITH_CAPACITY = ("cathode half cell", "anode half cell", "full cell")


@dataclass(frozen=True)
class _Work:
    """What the functions of this module share."""

    study: Study
    measured: Obtained
    combined: Obtained
    store: Store

    @property
    def results(self) -> dict[str, Result]:
        """All results up to now."""
        return {**self.measured.results, **self.combined.results}

    def of(self, owner: str, technique: str) -> dict[str, Result]:
        """Return the results of one technique on a specimen or cell, in the order of the study."""
        found = self.measured.results.items()
        return {k: r for k, r in found if r.settings.get("specimen") == owner and r.technique == technique}

    def add(self, key: str, make: Callable[[], Result], *, used: Sequence[str], tables: Sequence[object] = ()) -> None:
        """Find or make a result from the results `used` and from tables of the study.

        A second one of the same kind is called 'KEY 2', a third 'KEY 3'.
        """
        number, wanted = 1, key
        while key in self.combined.fingerprints:
            number += 1
            key = f"{wanted} {number}"
        known = {**self.measured.fingerprints, **self.combined.fingerprints}
        owner = key.partition("/")[0]
        context = {"specimen": owner} if owner in self.study.cells or owner in self.study.specimens else {}
        obtain(
            self.combined,
            key,
            make,
            inputs={k: known[k] for k in used if k in known},
            settings={"tables": [repr(table) for table in tables]},
            context=context,
            store=self.store,
        )


def combine_cells(study: Study, measured: Obtained, combined: Obtained, *, store: Store) -> None:
    """Add to `combined` what the cells and blocking pellets of a study allow."""
    work = _Work(study, measured, combined, store)
    for name in (*study.specimens, *(n for n, cell in study.cells.items() if cell.kind == "blocking cell")):
        _electronic(work, name)
    for name in study.cells:
        _recipe(work, name)
        _between_spectra(work, name)
    for name, press in study.presses.items():
        tables = [press, *(q.method for q in stated(press).values())]
        work.add(f"presses/{name}", partial(recipe_of_press, work.study, name), used=[], tables=tables)
    for name in study.cells:
        _interface(work, name)
        _ledgers(work, name)
    _compare(work)


def _recipe(work: _Work, name: str) -> None:
    """Add what a cell states, and what masses, geometry and formula imply."""
    cell = work.study.cells[name]
    said = stated(cell)
    if said:
        tables = [
            cell,
            *(q.method for q in said.values()),
            *work.study.samples.values(),
            *work.study.materials.values(),
        ]
        work.add(f"{name}/recipe", partial(recipe_of_cell, work.study, name), used=[], tables=tables)


def _electronic(work: _Work, name: str) -> None:
    """Add the electronic share of a pellet that was polarized between blocking electrodes."""
    steps = {k: r for k, r in work.of(name, "polarization").items() if r.settings.get("electrodes") != "nonblocking"}
    for key, step in steps.items():
        kelvin = _temperature(step)
        spectra = {k: r for k, r in work.of(name, "impedance").items() if _near(kelvin, _temperature(r))}
        if not spectra:
            work.combined.notes.append(f"{name}: no spectrum at the temperature of its polarization.")
            continue
        before, after = spectra_around(work.measured.results, key, spectra)
        chosen = before or after or next(iter(spectra))
        make = partial(electronic_fraction, step, spectra[chosen], name=name)
        work.add(f"{name}/electronic fraction", make, used=[key, chosen])


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
    before = [key for key, r in spectra.items() if r.settings.get("stage") == "before"]
    after = [key for key, r in spectra.items() if r.settings.get("stage") == "after"]
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


def _between_spectra(work: _Work, name: str) -> None:
    """Add what two spectra around a step say: the transference number, or how a stress changed the resistance."""
    spectra = work.of(name, "impedance")
    for step_key, step in work.of(name, "polarization").items():
        before, after = spectra_around(work.measured.results, step_key, spectra)
        if step.settings.get("electrodes") != "nonblocking":
            continue
        if not (before and after):
            text = "no transference number, which needs a spectrum before the polarization and one after it"
            work.combined.notes.append(f"{name}: {text}.")
        else:
            make = partial(transference, step, spectra[before], spectra[after], name=name)
            work.add(f"{name}/transference", make, used=[step_key, before, after])
    for step_key in work.of(name, "voltammetry"):
        _change(work, name, *spectra_around(work.measured.results, step_key, spectra))
    if any(work.of(name, technique) for technique in ("cycling", "plating", "critical_current")):
        _change(work, name, *first_and_last(spectra))


def first_and_last(spectra: Mapping[str, Result]) -> tuple[str | None, str | None]:
    """Return the keys of the first and the last spectrum of a cell that ran between them, by stage where the study says."""
    before = [key for key, r in spectra.items() if r.settings.get("stage") == "before"]
    after = [key for key, r in spectra.items() if r.settings.get("stage") == "after"]
    keys = list(spectra)
    if before or after or len(keys) < 2:
        return (before[0] if before else None), (after[-1] if after else None)
    return keys[0], keys[-1]


def _change(work: _Work, name: str, before: str | None, after: str | None) -> None:
    """Add how the resistance of a cell changed between two spectra."""
    if before and after:
        known = work.measured.results
        make = partial(resistance_change, known[before], known[after], name=name)
        work.add(f"{name}/resistance change", make, used=[before, after])


def _interface(work: _Work, name: str) -> None:
    """Add the interfacial resistance of a symmetric cell, and how hard its test was compared with the study's cells."""
    cell = work.study.cells[name]
    for key, plating in work.of(name, "plating").items():
        temperature = temperature_of(plating)
        if temperature is None or cell.separator_sample is None or cell.separator_thickness is None:
            continue
        sigma = conductivity_at(work.results, cell.separator_sample, temperature, pellet=name)
        make = partial(
            interfacial_resistance, plating, conductivity=sigma, thickness=cell.separator_thickness, name=name
        )
        work.add(f"{name}/interface", make, used=[key, *_electrolyte(work, cell.separator_sample)], tables=[cell])
        _stress(work, name, key, plating)


def _stress(work: _Work, name: str, key: str, plating: Result) -> None:
    """Compare the metal moved in a plating test with that of the cell with the largest areal capacity."""
    moved = plating.quantities.get("areal_capacity:half_cycle")
    cells = [c for c in work.study.cells.values() if c.areal_capacity is not None]
    if moved is None or moved.number is None or not cells:
        return
    hardest = max(cells, key=lambda c: float(c.areal_capacity.x))
    current = plating.quantities.get("current_density")
    make = partial(
        plating_stress,
        test_capacity=moved.number,
        cell_capacity=hardest.areal_capacity,
        test_current=None if current is None else current.number,
        cell_current=hardest.current_density,
        name=f"{name} against {hardest.label.removeprefix('cell ')}",
    )
    work.add(f"{name}/plating stress", make, used=[key], tables=[hardest])


def _ledgers(work: _Work, name: str) -> None:
    """Add the overpotential and the charge ledger of a cycled cell."""
    cell = work.study.cells[name]
    for key, cycling in work.of(name, "cycling").items():
        if cycling.settings.get("cell") == "symmetric cell":
            continue
        parameters = _known(work, name, cycling)
        electrolyte = [] if cell.separator_sample is None else _electrolyte(work, cell.separator_sample)
        tables = [cell, *work.study.samples.values(), *work.study.materials.values()]
        if parameters.temperature is None or parameters.current_density is None:
            work.combined.notes.append(f"{name}: no overpotential ledger, which needs temperature and area.")
        else:
            work.add(
                f"{name}/overpotential ledger",
                partial(_overpotentials, work, parameters, cell.separator_sample, cycling),
                used=[key, *electrolyte],
                tables=tables,
            )
        sweep, change = _sweep_of(work, cell, cycling), f"{name}/resistance change"
        work.add(
            f"{name}/charge ledger",
            partial(_charges, work, name, cycling, sweep=sweep),
            used=[key, change, *([sweep] if sweep else [])],
            tables=[*tables, *work.study.cells.values()],
        )


def _sweep_of(work: _Work, cell: Cell, cycling: Result) -> str | None:
    """Return the sweep on the same electrolyte and against the same reference, the nearest in temperature."""
    kelvin = _temperature(cycling)
    found: list[tuple[float, str]] = []
    for name, other in work.study.cells.items():
        alike = other.separator_sample == cell.separator_sample and other.reference == cell.reference
        if alike and cell.separator_sample is not None:
            for key, sweep in work.of(name, "voltammetry").items():
                at = _temperature(sweep)
                found.append((abs(at - kelvin) if at is not None and kelvin is not None else 0.0, key))
    return min(found, default=(0.0, None), key=lambda pair: pair[0])[1]


def _known(work: _Work, name: str, cycling: Result) -> CellParameters:
    """Return the parameters of a cell with the temperature and current that were measured."""
    parameters = parameters_of(work.study, name)
    found = {key: cycling.quantities.get(key) for key in ("temperature", "current_density")}
    measured = {key: q.number for key, q in found.items() if q is not None and q.number is not None}
    return replace(parameters, **measured)


def _overpotentials(work: _Work, cell: CellParameters, sample: str | None, cycling: Result) -> Result:
    temperature = temperature_of(cycling)
    sigma = None
    if sample is not None and temperature is not None:
        sigma = conductivity_at(work.results, sample, temperature, pellet=cell.name)
    gap = _number(cycling, "voltage_hysteresis")
    return overpotential_ledger(
        cell,
        conductivity=sigma,
        measured_hysteresis=None if gap is None or gap.x <= 0 else gap,
        measured_capacity=_number(cycling, "specific_capacity:first_discharge"),
    )


def _charges(work: _Work, name: str, cycling: Result, *, sweep: str | None) -> Result:
    cell = work.study.cells[name]
    anions = None
    salt = salt_fraction(work.study, cell)
    if None not in (cell.cathode_mass, cell.electrolyte_fraction, cell.electrolyte_molar_mass, salt):
        anions = anions_in_electrode(
            cell.cathode_mass, cell.electrolyte_fraction, salt_fraction=salt, molar_mass=cell.electrolyte_molar_mass
        )
    change = work.combined.results.get(f"{name}/resistance change")
    lsv = None if sweep is None else work.measured.results[sweep]
    swept = None if lsv is None else parameters_of(work.study, str(lsv.settings["specimen"])).area
    return charge_ledger(
        cycling,
        area=parameters_of(work.study, name).area,
        anions=anions,
        lsv=lsv,
        lsv_area=swept,
        thickness=cell.separator_thickness,
        resistance_ratio=None if change is None else _number(change, "resistance_ratio"),
    )


def _compare(work: _Work) -> None:
    """Compare the capacities of the cells that were cycled."""
    cycled: dict[str, Result] = {}
    used = []
    for name in work.study.cells:
        for key, result in work.of(name, "cycling").items():
            if result.settings.get("cell") in _WITH_CAPACITY and name not in cycled:
                cycled[name] = result
                used.append(key)
    if len(cycled) < 2:
        return
    parameters = {name: _known(work, name, result) for name, result in cycled.items()}
    tables = [
        *(work.study.cells[name] for name in cycled),
        *work.study.samples.values(),
        *work.study.materials.values(),
    ]
    work.add("cells/comparison", partial(compare_cells, cycled, parameters), used=used, tables=tables)


def _electrolyte(work: _Work, sample: str) -> list[str]:
    """Return the keys of the results that a sample's conductivity comes from."""
    return [k for k, r in work.results.items() if r.settings.get("sample") == sample]


def _number(result: Result, key: str) -> Number | None:
    found = result.quantities.get(key)
    return None if found is None else found.number


def _near(a: float | None, b: float | None) -> bool:
    """Say whether two temperatures count as one; an unknown one does."""
    return a is None or b is None or abs(a - b) <= NEAR


def _temperature(result: Result) -> float | None:
    """Return the temperature [K] of a result, None where it has none."""
    number = temperature_of(result)
    return None if number is None else float(number.x)
