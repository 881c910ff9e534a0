"""Results from results: whatever the rows of COMBINATIONS want of a study, and the figure of any result.

A combined result is cached like a measured one, by the fingerprints of what went into it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from closo.combine import combinations
from closo.combine.doubts import judged, marked
from closo.combine.view import View
from closo.errors import StudyError
from closo.figures import FigureSpec
from closo.nomenclature import to_shown
from closo.pipeline.code import code_version
from closo.pipeline.obtaining import Combining, compute_here, obtain
from closo.pipeline.records import Obtained
from closo.result import Result
from closo.store import Store
from closo.study import Study
from closo.techniques import get

if TYPE_CHECKING:
    from closo.pipeline.workers import Crew


def combine_all(study: Study, measured: Obtained, *, store: Store, crew: Crew | None = None) -> Obtained:
    """Return the combined results of a study, and why some of them are not there.

    A second result of the same key is called 'KEY 2', a third 'KEY 3'.

    Parameters
    ----------
    crew : computes what takes long; all is computed here without one.
    """
    combined = Obtained()
    inputs_marked, why = marked(measured.results)
    made: dict[str, Result] = {}
    view = View(study, inputs_marked, made)
    for row in combinations().values():
        code = code_version("closo.pipeline.combining", *([row.module] if row.finds else []))
        known = {**measured.fingerprints, **combined.fingerprints}
        tasks: dict[str, Combining] = {}
        for wanted in row.wanted(view):
            if isinstance(wanted, str):
                combined.notes.append(wanted)
                continue
            key = _free(wanted.key, {*combined.fingerprints, *tasks})
            inputs = {used: known[used] for used in wanted.used if used in known}
            tables = [repr(table) for table in wanted.tables]
            tasks[key] = Combining(key, partial(_made, wanted.make, dict(why)), inputs, tables, wanted.about, code)
        compute = crew.compute if crew is not None and row.slow else compute_here
        obtain(combined, list(tasks.values()), store=store, compute=compute)
        seen, failed = marked({key: combined.results[key] for key in tasks if key in combined.results})
        made.update(seen)
        why |= failed
    return combined


def _made(make: Callable[[], Result], why: Mapping[str, str]) -> Result:
    """Return a combined result, judged where it was made of numbers that failed a check (`why`: key -> their names)."""
    return judged(make(), why)


def _free(key: str, taken: Container[str]) -> str:
    """Return a key that no result has yet."""
    number, wanted = 1, key
    while key in taken:
        number += 1
        key = f"{wanted} {number}"
    return key


def figure(result: Result) -> FigureSpec:
    """Return the figure of any result.

    Raises
    ------
    StudyError  when nothing draws results of this kind.
    """
    row = combinations().get(result.technique)
    if row is None:
        drawn = get(result.technique).figure(result)
    elif row.draws:
        drawn = row.figure(result)
    else:
        raise StudyError(f"'{result.name}' is a {result.technique.replace('_', ' ')}; it has no figure of its own.")
    return replace(drawn, title=_headed(drawn.title, result))


def _headed(title: str, result: Result) -> str:
    """Return the title of a figure with the sample, the branch and the temperature, where it does not say them itself."""
    kelvin = result.quantities.get("temperature")
    celsius = "" if kelvin is None or kelvin.value is None else f"{to_shown('temperature', kelvin.value):.4g} °C"
    words = [result.about.sample or result.about.owner, title, result.about.branch, celsius]
    return ", ".join(word for word in words if word and (word is title or word not in title))


def headline(result: Result) -> str:
    """Return the key of a result's main quantity; empty where it has none."""
    return next(iter(main_quantities(result)), "")


def main_quantities(result: Result) -> list[str]:
    """Return the keys of a result's quantities, the main ones first, then the others that are not one of several."""
    known = combinations()
    keys = known[result.technique].headline if result.technique in known else get(result.technique).headline
    others = [key for key in result.quantities if ":" not in key and key != "temperature"] or list(result.quantities)
    main = [
        key
        for wanted in keys
        for key in result.quantities
        if wanted == key or (wanted[-1] == ":" and key.startswith(wanted))
    ]
    return list(dict.fromkeys([*main, *others]))
