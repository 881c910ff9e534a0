"""Samples from their pellets, and series from their samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from closo.combine.samples import conductivity, specimens_of, temperatures_of
from closo.combine.series import Member, pooled_spread, series
from closo.constants import CELSIUS, ONE_TEMPERATURE
from closo.errors import DataError
from closo.models.recipe import mixture_volume_fraction, volume_fraction
from closo.quantity import Number, uncertain
from closo.result import Result
from closo.study import Sample, Series, Study
from closo.toml import read_number

_ROOM = 303.15  # K, preferred where several temperatures serve equally well


def common_temperature(study: Study, results: Mapping[str, Result]) -> float | None:
    """Return the measured temperature [K] at which most samples can be compared, None where nothing was measured.

    Equal temperatures are those within 2 K; of several that serve as many samples, the one nearest to 30 degC.
    """
    measured = {
        sample: [
            float(r.quantities["temperature"].value or 0.0)
            for r in results.values()
            if r.about.sample == sample and "temperature" in r.quantities and "ionic_conductivity" in r.quantities
        ]
        for sample in study.samples
    }
    candidates = sorted({round(t - CELSIUS) + CELSIUS for temperatures in measured.values() for t in temperatures})

    def served(candidate: float) -> int:
        return sum(
            any(abs(t - candidate) <= ONE_TEMPERATURE for t in temperatures) for temperatures in measured.values()
        )

    return max(candidates, key=lambda t: (served(t), -abs(t - _ROOM)), default=None)


def spread_between_pellets(study: Study, results: Mapping[str, Result], temperature: float) -> tuple[float, int] | None:
    """Return the spread between pellets of one sample, pooled over the samples, with its degrees of freedom."""
    seen = []
    for sample in study.samples:
        try:
            seen.append(conductivity(results, sample, temperature))
        except DataError:  # not measured at this temperature: it says nothing about the spread
            continue
    return pooled_spread(seen)


def average_sample(study: Study, results: Mapping[str, Result], sample: str) -> Result:
    """Return the conductivity of a sample at the temperature common to most samples, or at its own lowest one.

    Raises
    ------
    DataError  when no pellet of it has a conductivity.
    """
    common = common_temperature(study, results)
    if common is None:
        raise DataError(f"nothing of '{sample}' was measured at a known temperature.")
    spread = spread_between_pellets(study, results, common)
    try:
        return conductivity(results, sample, common, spread=spread)
    except DataError:
        own = temperatures_of(results, [sample])
        if own is None or abs(own[0] - common) <= ONE_TEMPERATURE:
            raise
        return conductivity(results, sample, own[0], spread=spread)


def compare(study: Study, results: Mapping[str, Result], wanted: Series) -> Result:
    """Return a series of samples at its temperature.

    Raises
    ------
    DataError  when a sample has no conductivity there, or no place on the axis.
    """
    temperature = float(read_number(wanted.temperature, "temperature", label="series").x)
    spread = spread_between_pellets(study, results, temperature)
    members, missing = [], []
    for name in wanted.samples:
        if not specimens_of(results, name):
            missing.append(f"'{name}' is left out: nothing was measured on it.")
            continue
        try:
            mean = conductivity(results, name, temperature, spread=spread)
        except DataError as error:
            missing.append(f"'{name}' is left out: {error}")
            continue
        members.append(_member(study, wanted, mean, sample=name))
    covariate = "specific_surface_area" if sum(m.covariate is not None for m in members) >= 3 else None
    axis = "filler type" if wanted.axis == "filler_type" else wanted.axis
    if len(members) < 2:
        raise DataError(f"the series '{wanted.name}' needs two samples with a conductivity.", hint=" ".join(missing))
    made = series(members, name=wanted.name, axis=axis, temperature=temperature, covariate=covariate)
    return replace(made, notes=(*made.notes, *missing))


def _member(study: Study, wanted: Series, mean: Result, *, sample: str) -> Member:
    made = study.samples[sample]
    filler = made.recipe.filler_type if made.recipe is not None else None
    powder = study.powders.get(filler or "")
    area = None if powder is None else powder.specific_surface_area
    sigma = mean.quantities["ionic_conductivity"].number
    assert sigma is not None
    return Member(
        label=sample,
        conductivity=sigma,
        position=None if wanted.axis == "filler_type" else _position(study, made, sample, axis=wanted.axis),
        covariate=float(area.x) if area is not None and wanted.axis == "filler_type" else None,
        pellets=tuple(
            float(q.value)
            for k, q in mean.quantities.items()
            if k.startswith("ionic_conductivity:") and q.value is not None
        ),
    )


def _position(study: Study, made: Sample, sample: str, *, axis: str) -> float:
    """Return where a sample stands on an axis of numbers [SI]; without milling or filler, at 0."""
    if axis == "milling_time":
        if made.milling is None:
            return 0.0
        number = made.milling.time
    else:
        number = filler_share(study, made)
    if number is None:
        raise DataError(f"the sample '{sample}' states no {axis}.", hint="Add it to its recipe or milling.")
    return float(number.x)


def filler_share(study: Study, made: Sample) -> Number | None:
    """Return the volume fraction of the filler: from the masses weighed, else as stated; 0 for the salt alone.

    What was weighed is what is in the sample; what a recipe states is what it was meant to be. None where neither is known.
    """
    recipe = made.recipe
    if recipe is None:
        return None
    if recipe.filler is None and recipe.filler_fraction is None:
        return uncertain(0.0, {})
    density = {name: m.density for name, m in study.materials.items()}
    filler, matrix = (density.get(name or "") for name in (recipe.filler, recipe.matrix))
    weighed, salt = (recipe.masses.get(name or "") for name in (recipe.filler, recipe.matrix))
    if filler is not None and matrix is not None and weighed is not None and salt is not None:
        return mixture_volume_fraction(weighed, salt, filler_density=filler, matrix_density=matrix)
    stated = recipe.filler_fraction
    if stated is None or stated.number is None or stated.name == "volume_fraction":
        return None if stated is None else stated.number
    return None if filler is None or matrix is None else volume_fraction(stated.number, filler, matrix)
