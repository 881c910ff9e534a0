"""What is wanted of powders: what surface and pores of a filler mean for a sample, and what milling does to its silanol."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from closo.combine.comparing import filler_share
from closo.combine.filler import filler_budget
from closo.combine.silanol import silanol_exchange
from closo.combine.view import View, Wanted
from closo.result import Result

__all__ = ["fillers", "silanol"]


def fillers(view: View) -> Iterator[Wanted | str]:
    """Yield what surface and pores of its filler mean for each sample: as measured by gas sorption, else as stated."""
    study = view.study
    for name, sample in study.samples.items():
        recipe = sample.recipe
        powder = None if recipe is None else study.powders.get(recipe.filler_type or "")
        if recipe is None or powder is None:
            continue
        densities = [study.materials[m].density for m in (recipe.filler, recipe.matrix) if m in study.materials]
        share = filler_share(study, sample)
        if share is None or len(densities) < 2 or None in densities:
            continue
        measured = dict(list(view.of(recipe.filler_type or "", "sorption").items())[:1])
        known = {key: powder.given(key) for key in ("specific_surface_area", "pore_volume")}
        for result in measured.values():
            numbers = {key: result.quantities[key].number for key in known if key in result.quantities}
            known |= {key: number for key, number in numbers.items() if number is not None}
        make = partial(
            filler_budget,
            name,
            filler_fraction=share,
            filler_density=densities[0],
            matrix_density=densities[1],
            **known,
        )
        tables = [sample, powder, *study.materials.values()]
        yield Wanted(f"{name}/filler budget", make, list(measured), tables, study.about(name))


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
    both = [silica for silica in before if silica in after]
    if len(both) < 3:
        if both:
            yield f"No exchange of silanol: spectra before and after milling are needed of three silicas, not {len(both)}."
        return
    pairs = ({silica: found[silica][1] for silica in both} for found in (before, after))
    used = [found[silica][0] for found in (before, after) for silica in both]
    yield Wanted("powders/silanol exchange", partial(silanol_exchange, *pairs), used)
