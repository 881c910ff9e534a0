"""What is wanted of powders: what milling does to the surface of the silicas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from closo.combine.silanol import silanol_exchange
from closo.combine.view import View, Wanted
from closo.result import Result

__all__ = ["silanol"]


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
