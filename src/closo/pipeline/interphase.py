"""A study's results -> the composites that `closo.combine.interphase` needs, and its result.

Explaining takes a minute, so `analyse` does not do it; what `closo infer interphase` found is kept in the study's store,
and `analyse` finds it there as long as nothing has changed that it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from closo.combine.comparing import spread_between_pellets
from closo.combine.interphase import Composite, interphase
from closo.combine.interphase.forward import Ratio
from closo.combine.samples import conductivity, specimens_of
from closo.constants import CELSIUS, ONE_TEMPERATURE
from closo.errors import DataError, StudyError
from closo.models.recipe import mixture_volume_fraction, volume_fraction
from closo.pipeline.code import code_version
from closo.pipeline.jobs import fingerprint_of
from closo.pipeline.records import Analysis
from closo.quantity import Number
from closo.result import Provenance, Result
from closo.store import Store, open_store
from closo.study import Powder, Sample, Study, as_number

__all__ = ["INTERPHASE", "composites_of", "infer_interphase", "keep_interphase", "recall_interphase"]

INTERPHASE = "interphase"  # key of the result

_MOST = 4  # temperatures per sample; more say nothing new about an Arrhenius line


def infer_interphase(
    analysis: Analysis,
    *,
    ratio: Ratio | None = None,
    chemical: Mapping[str, Number] | None = None,
    draws: int = 1500,
    seed: int = 0,
) -> Result:
    """Return which interphase explains the conductivities of a study.

    Parameters
    ----------
    analysis : of the study.
    ratio : of shell structures; the atlas of voxel solves where absent.
    chemical : sample -> share of the salt that X-ray Raman sees changed, in place of what the study states.
    draws : of each posterior; seed : of the sampling.

    Raises
    ------
    StudyError  when the density of the silica is not stated.
    DataError  when there are fewer than four composites with a conductivity.
    """
    study = analysis.study
    stated = {name: s.changed_fraction for name, s in study.samples.items() if s.changed_fraction is not None}
    composites, notes = composites_of(study, analysis.results, chemical={**stated, **(chemical or {})})
    density = _filler_density(study)
    known = {name: p for name, p in study.powders.items() if p.specific_surface_area is not None}
    made = interphase(
        composites,
        name=study.title,
        filler_density=density,
        ratio=ratio,
        silicas={name: (float(p.specific_surface_area.x), _pores(p)) for name, p in known.items()},
        draws=draws,
        seed=seed,
    )
    used = {
        key: fingerprint_of([repr(r.quantities), repr(r.settings), repr(r.findings)])
        for key, r in analysis.results.items()
        if key != INTERPHASE
    }
    provenance = Provenance(
        inputs=used,
        reader="",
        function="closo.combine.interphase",
        closo_version=code_version(__name__),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return replace(made, notes=(*made.notes, *notes), provenance=provenance)


def keep_interphase(analysis: Analysis, result: Result, *, wait: float = 5.0) -> None:
    """Keep what `infer_interphase` found in the study's store, for `analyse`, claims and report.

    Raises
    ------
    StudyError  when another closo process uses the study for longer than `wait` [s].
    """
    store = open_store(analysis.study.folder)
    with store.locked(wait=wait):
        store.save(INTERPHASE, result, _fingerprint(analysis.study, set(analysis.results), store.keys()))


def recall_interphase(
    study: Study, fingerprints: Mapping[str, str], store: Store
) -> tuple[Result | None, str | None, str | None]:
    """Return the explanation that was kept and its fingerprint; or None, and a note where it is of other data.

    Parameters
    ----------
    fingerprints : of all results as they are now.
    """
    kept = store.keys().get(INTERPHASE)
    if kept is None:
        return None, None, None
    now = _fingerprint(study, set(fingerprints), fingerprints)
    if kept != now:
        return None, None, "The interphase was explained from other data: run `closo infer interphase` again."
    return store.find(now), now, None


def _fingerprint(study: Study, keys: set[str], fingerprints: Mapping[str, str]) -> str:
    """Return the sha256 of all that an explanation is made from: results, recipes, powders, densities, code."""
    tables = [repr(table) for group in (study.samples, study.powders, study.materials) for table in group.values()]
    used = {key: fingerprints[key] for key in sorted(keys - {INTERPHASE}) if key in fingerprints}
    return fingerprint_of([INTERPHASE, used, tables, code_version(__name__)])


def composites_of(
    study: Study, results: Mapping[str, Result], *, chemical: Mapping[str, Number]
) -> tuple[list[Composite], list[str]]:
    """Return the composites of a study with their conductivities, and what was left out and why."""
    found, notes = [], []
    for name, sample in study.samples.items():
        if not specimens_of(results, name):
            continue
        try:
            found.append(_composite(study, results, sample, name, share=chemical.get(name)))
        except DataError as error:
            notes.append(f"'{name}' is left out: {error}")
    return found, notes


def _composite(
    study: Study, results: Mapping[str, Result], sample: Sample, name: str, *, share: Number | None
) -> Composite:
    """Return one sample as a composite."""
    fraction = _filler_fraction(study, sample)
    filler = sample.recipe.filler_type if sample.recipe is not None else None
    powder = study.powders.get(filler or "")
    if fraction > 0 and (powder is None or powder.specific_surface_area is None):
        raise DataError("the surface area of its silica is not stated.", hint="Add it to [powders].")
    readings = []
    for kelvin in _temperatures(results, name):
        spread = spread_between_pellets(study, results, kelvin)
        number = conductivity(results, name, kelvin, spread=spread).quantities["ionic_conductivity"].number
        readings.append((kelvin, number))
    time = None if sample.milling is None else as_number(sample.milling.time)
    return Composite(
        label=name,
        filler_fraction=fraction,
        milling_time=0.0 if time is None else float(time.x),
        conductivities=tuple(readings),
        filler=filler or "",
        specific_surface_area=float(powder.specific_surface_area.x) if powder is not None and fraction > 0 else None,
        pore_volume=None if powder is None else _pores(powder),
        chemical_fraction=share,
    )


def _temperatures(results: Mapping[str, Result], sample: str) -> list[float]:
    """Return up to four temperatures [K], to whole degrees Celsius, at which a sample was measured."""
    specimens = specimens_of(results, sample)
    measured = {
        round(float(r.quantities["temperature"].value or 0.0) - CELSIUS) + CELSIUS
        for r in results.values()
        if r.about.owner in specimens
        and "temperature" in r.quantities
        and "ionic_conductivity" in r.quantities
        and r.quantities["ionic_conductivity"].number is not None
    }
    apart: list[float] = []
    for kelvin in sorted(measured):
        if not apart or kelvin - apart[-1] > ONE_TEMPERATURE:
            apart.append(kelvin)
    if len(apart) <= _MOST:
        return apart
    usual = min(apart, key=lambda t: abs(t - 333.15))  # what composites are compared at
    rest = [t for t in apart if t != usual]
    step = (len(rest) - 1) / (_MOST - 2)
    return sorted({usual, *(rest[round(k * step)] for k in range(_MOST - 1))})


def _filler_fraction(study: Study, sample: Sample) -> float:
    """Return the volume fraction of silica: from the masses weighed where there are, else as stated."""
    recipe = sample.recipe
    if recipe is None:
        raise DataError("it has no recipe.", hint="Add its matrix, filler and filler_fraction.")
    if recipe.filler is None and recipe.filler_fraction is None:
        return 0.0
    density = {name: m.density for name, m in study.materials.items()}
    filler, matrix = (density.get(name or "") for name in (recipe.filler, recipe.matrix))
    masses = [recipe.masses.get(name or "") for name in (recipe.filler, recipe.matrix)]
    stated = recipe.filler_fraction
    if filler is not None and matrix is not None and None not in masses:
        number = mixture_volume_fraction(masses[0], masses[1], filler_density=filler, matrix_density=matrix)
    elif stated is not None and stated.name == "volume_fraction":
        number = stated.number
    elif stated is not None and filler is not None and matrix is not None:
        number = volume_fraction(stated.number, filler, matrix)
    else:
        raise DataError("its silica content is not stated.", hint="Add filler_fraction, or masses and densities.")
    return float(number.x)


def _filler_density(study: Study) -> float:
    """Return the density [kg/m3] of the silica."""
    fillers = {s.recipe.filler for s in study.samples.values() if s.recipe is not None and s.recipe.filler is not None}
    densities = [study.materials[f].density for f in sorted(fillers) if f in study.materials]
    known = [float(d.x) for d in densities if d is not None]
    if len(known) != 1:
        raise StudyError(
            f"An interphase needs the density of one filler, and {len(known)} are stated.",
            where="materials",
            hint='Write for example [materials.SiO2] density = "2.20 ± 0.02 g/cm3".',
        )
    return known[0]


def _pores(powder: Powder) -> float | None:
    """Return the pore volume [m3/kg] of a powder."""
    return None if powder.pore_volume is None else float(powder.pore_volume.x)
