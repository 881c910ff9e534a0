"""What is wanted of powders: what surface and pores of a filler mean for a sample, and what milling does to its silanol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from closo.combine.comparing import filler_share
from closo.combine.filler import filler_budget
from closo.combine.silanol import silanol_exchange
from closo.combine.view import View, Wanted
from closo.quantity import Number, uncertain
from closo.result import Result


def fillers(view: View) -> Iterator[Wanted | str]:
    """Yield what surface and pores of its filler mean for each sample: as measured by gas sorption, else as stated."""
    study = view.study
    for name, sample in study.samples.items():
        recipe = sample.recipe
        powder = None if recipe is None else study.powders.get(recipe.filler_type or "")
        if recipe is None or powder is None:
            continue
        both = (study.materials[m].density for m in (recipe.filler, recipe.matrix) if m in study.materials)
        densities = [density for density in both if density is not None]
        share = filler_share(study, sample)
        if share is None or len(densities) < 2:
            continue
        measured = view.of(recipe.filler_type or "", "sorption")
        known = {key: _mean(measured, key, powder.given(key)) for key in ("specific_surface_area", "pore_volume")}
        make = partial(
            filler_budget,
            name,
            filler_fraction=share,
            filler_density=densities[0],
            matrix_density=densities[1],
            silanol_density=powder.silanol_density,
            matrix_molar_mass=study.materials[recipe.matrix or ""].molar_mass,
            **known,
        )
        tables = [sample, powder, *study.materials.values()]
        yield Wanted(f"{name}/filler budget", make, list(measured), tables, study.about(name))


def _mean(measured: Mapping[str, Result], key: str, stated: Number | None) -> Number | None:
    """Return the mean of repeated measurements of a powder, with the scatter of a mean of them; of none what is stated."""
    found = (r.quantities[key].number for r in measured.values() if key in r.quantities)
    numbers = [number for number in found if number is not None]
    if len(numbers) < 2:
        return numbers[0] if numbers else stated
    name = f"{key}:{next(iter(measured.values())).about.owner}"
    scatter = float(np.std([float(n.x) for n in numbers], ddof=1)) / len(numbers) ** 0.5
    return sum(numbers[1:], numbers[0]) / len(numbers) + uncertain(
        0.0, {f"scatter of {name}": scatter}, df=len(numbers) - 1
    )


def silanol(view: View) -> Iterator[Wanted | str]:
    """Yield the O-H gained against the silanol lost, where three silicas have infrared spectra before and after milling.

    Before it counts the first sample with that silica that was not milled, else the silica as bought; after it the first one
    that was, in the order of the study.
    """
    before: dict[str, tuple[str, Result]] = {}
    mixed: dict[str, tuple[str, Result]] = {}
    after: dict[str, tuple[str, Result]] = {}
    for powder in view.study.powders:
        for key, result in view.of(powder, "infrared").items():
            before.setdefault(powder, (key, result))
    for name, sample in view.study.samples.items():
        silica = None if sample.recipe is None else sample.recipe.filler_type
        for key, result in view.of(name, "infrared").items():
            if silica is not None and sample.milling is not None:
                after.setdefault(silica, (key, result))
            elif silica is not None:
                mixed.setdefault(silica, (key, result))
    before |= mixed
    yield from _left_out(view)
    both = [silica for silica in before if silica in after]
    if len(both) < 3:
        if both:
            yield f"No exchange of silanol: spectra before and after milling are needed of three silicas, not {len(both)}."
        return
    pairs = ({silica: found[silica][1] for silica in both} for found in (before, after))
    used = [found[silica][0] for found in (before, after) for silica in both]
    yield Wanted("powders/silanol exchange", partial(silanol_exchange, *pairs), used)


def _left_out(view: View) -> Iterator[str]:
    """Yield a sentence on each powder or sample of whose spectra only the first is used."""
    for name in (*view.study.powders, *view.study.samples):
        spectra = list(view.of(name, "infrared"))
        if len(spectra) > 1:
            yield f"Exchange of silanol: of the {len(spectra)} spectra of '{name}' the first is used, {spectra[0]}."
