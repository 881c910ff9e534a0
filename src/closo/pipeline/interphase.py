"""A study's results -> the composites that `closo.combine.interphase` needs, and its result."""

from __future__ import annotations

from collections.abc import Mapping

from closo.combine.comparing import filler_share, spread_between_pellets
from closo.combine.doubts import fitted, judged, marked, marks_of
from closo.combine.interphase import Composite, interphase
from closo.combine.interphase.forward import Ratio
from closo.combine.samples import conductivity, specimens_of
from closo.constants import CELSIUS, ONE_TEMPERATURE
from closo.errors import DataError, StudyError
from closo.number import value_of
from closo.pipeline.changed import changed_shares
from closo.pipeline.explained import stamped
from closo.pipeline.records import Analysis
from closo.quantity import Number
from closo.result import Result
from closo.study import Powder, Sample, Study, as_number

_MOST = 4  # temperatures per sample; more say nothing new about an Arrhenius line


def infer_interphase(
    analysis: Analysis,
    *,
    ratio: Ratio | None = None,
    draws: int = 1200,
    seed: int = 0,
) -> Result:
    """Return which interphase explains the conductivities of a study.

    Parameters
    ----------
    analysis : of the study.
    ratio : of shell structures; the atlas of voxel solves where absent.
    draws : of each posterior; seed : of the sampling.

    Raises
    ------
    StudyError  when the density of the silica is not stated.
    DataError  when there are fewer than four composites with a conductivity.
    """
    study = analysis.study
    results, why = marked(analysis.results)
    stated = {name: s.changed_fraction for name, s in study.samples.items() if s.changed_fraction is not None}
    seen = changed_shares(study, results)
    composites, notes = composites_of(study, results, chemical={**seen, **stated})
    density = _filler_density(study)
    surfaces = {name: s for name, p in study.powders.items() if (s := p.specific_surface_area) is not None}
    result = interphase(
        composites,
        name=study.title,
        filler_density=density,
        ratio=ratio,
        silicas={name: (float(s.x), _pores(study.powders[name])) for name, s in surfaces.items()},
        draws=draws,
        seed=seed,
    )
    fitted_to = [number for c in composites for number in (*dict(c.conductivities).values(), c.chemical_fraction)]
    doubts = marks_of(*fitted_to)
    return stamped(judged(fitted(result, doubts), why, doubts), analysis, notes)


def composites_of(
    study: Study, results: Mapping[str, Result], *, chemical: Mapping[str, Number]
) -> tuple[list[Composite], list[str]]:
    """Return the composites of a study with their conductivities, and what was left out and why."""
    composites, notes = [], []
    for name, sample in study.samples.items():
        if not specimens_of(results, name):
            continue
        try:
            composites.append(_composite(study, results, sample, name, changed=chemical.get(name)))
        except DataError as error:
            notes.append(f"'{name}' is left out: {error}")
    return composites, notes


def _composite(
    study: Study, results: Mapping[str, Result], sample: Sample, name: str, *, changed: Number | None
) -> Composite:
    if sample.recipe is None:
        raise DataError("it has no recipe.", hint="Add its matrix, filler and filler_fraction.")
    share = filler_share(study, sample)
    if share is None:
        raise DataError("its silica content is not stated.", hint="Add filler_fraction, or masses and densities.")
    fraction = float(value_of(share))
    filler = sample.recipe.filler_type
    powder = study.powders.get(filler or "")
    surface = None if powder is None else powder.specific_surface_area
    if fraction > 0 and surface is None:
        raise DataError("the surface area of its silica is not stated.", hint="Add it to [powders].")
    readings = []
    for kelvin in _temperatures(results, name):
        spread = spread_between_pellets(study, results, kelvin)
        number = conductivity(results, name, kelvin, spread=spread).quantities["ionic_conductivity"].number
        assert number is not None
        readings.append((kelvin, number))
    time = None if sample.milling is None else as_number(sample.milling.time)
    return Composite(
        label=name,
        filler_fraction=fraction,
        milling_time=0.0 if time is None else float(time.x),
        conductivities=tuple(readings),
        filler=filler or "",
        specific_surface_area=float(surface.x) if surface is not None and fraction > 0 else None,
        pore_volume=None if powder is None else _pores(powder),
        chemical_fraction=changed,
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


def _filler_density(study: Study) -> float:
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
    return None if powder.pore_volume is None else float(powder.pore_volume.x)
