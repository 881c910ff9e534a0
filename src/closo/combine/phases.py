"""Phases of one powder over the time of milling or the temperature, and how much of it still goes through its transition.

Measures
    Over time or temperature: the mass fraction of each phase at each point with its limits, where the first phase falls
    below one half (`milling_time:half of PHASE`, `transition_temperature`) and from where on it is not found
    (`milling_time:no PHASE`). Over milling, where the files state how long was counted, also how much of what was
    crystalline in the first pattern is glass: `amorphous_fraction TIME`; that pattern is the external standard.
    From heat: `transforming_fraction`, the heat of a sample's transition over that of the salt as bought, per mass of salt.
Needs
    Two patterns or more of mixtures of one recipe (diffraction), at times of milling or at temperatures that are stated; a
    run of a calorimeter with an event on the salt that was not milled.
Uncertainty sources
    those of the fractions with their labels; `resolution:<series>`: a half or an end lies anywhere between two neighbours;
    `packing:<pattern>`: 4 % of the intensity, by how a holder is filled. What is not found counts as a fraction between 0
    and its limit.
Limits
    Fractions are among the phases named in the patterns. The external standard needs one instrument with unchanged slits,
    specimens that no ray passes through, and the same recipe, which absorbs alike. Heat is lost to glass, too, and to salt
    in another phase: no transition says that less than X % of the salt is in the phase that has it, not in which it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from closo.combine.comparing import filler_share
from closo.combine.doubts import marks_of, with_marks
from closo.combine.view import View, Wanted
from closo.constants import CELSIUS
from closo.dataset import new
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.models.recipe import mass_fraction
from closo.nomenclature import look_up, to_shown
from closo.quantity import Number, Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.study import Sample

_SHARE = "mass_fraction:"
_PACKING = 0.04  # relative, of the intensity of a specimen that is filled again


def phases(view: View) -> Iterator[Wanted | str]:
    """Yield the phases of each recipe over the time of milling in one way, and of each owner over temperature."""
    groups: dict[tuple[str, str], list[tuple[float, str, Result]]] = {}
    fresh: dict[
        str, list[tuple[float, str, Result]]
    ] = {}  # of each recipe what was not milled: the beginning of every way
    recipes: dict[str, str] = {}
    for name, sample in view.study.samples.items():
        for key, result in view.of(name, "diffraction").items():
            stated, made = result.quantities.get("temperature"), _recipe(sample)
            if stated is not None and stated.value is not None:
                branch = (
                    f", {result.about.branch}" if result.about.branch else ""
                )  # a transition back comes at another one
                groups.setdefault((f"{name}{branch}", "temperature"), []).append((stated.value, key, result))
            elif made and sample.milling is None:
                fresh.setdefault(made, []).append((0.0, key, result))
            elif made and sample.milling is not None and sample.milling.time is not None:
                way = f"{made}{_way(view, made, sample)}"
                recipes[way] = made
                groups.setdefault((way, "milling_time"), []).append((float(sample.milling.time.x), key, result))
    for (name, axis), found in groups.items():
        found = sorted([*fresh.get(recipes.get(name, ""), []), *found], key=lambda one: one[0])
        if len({place for place, _, _ in found}) < 2:
            continue
        make = partial(phase_series, [(place, result) for place, _, result in found], name=name, axis=axis)
        tables = [] if axis == "temperature" else list(view.study.samples.values())
        key = f"phases/{name}" + (" over temperature" if axis == "temperature" else "")
        yield Wanted(key, make, [key for _, key, _ in found], tables)


def _recipe(sample: Sample) -> str:
    """Return a recipe in words, '' where none is stated: what is not known is not compared."""
    made = sample.recipe
    if made is None or not made.matrix:
        return ""
    words, stated = [made.matrix, made.filler_type or made.filler or ""], made.filler_fraction
    if stated is not None and stated.value is not None:
        words.append(f"{to_shown(stated.name, stated.value):.4g} {look_up(stated.name).shown}")
    return " ".join(word for word in words if word)


def _way(view: View, recipe: str, sample: Sample) -> str:
    """Return speed and balls of a sample's milling, '' where all samples of the recipe were milled alike."""

    def told(one: Sample) -> str:
        numbers = (getattr(one.milling, key) for key in ("speed", "ball_to_powder"))
        return " ".join("?" if n is None else f"{float(n.x):.4g}" for n in numbers)

    ways = {told(s) for s in view.study.samples.values() if s.milling is not None and _recipe(s) == recipe}
    speed = None if sample.milling is None else sample.milling.speed
    said = "unknown speed" if speed is None else f"{to_shown('milling_speed', float(speed.x)):.4g} rpm"
    return f", {said} ({told(sample).split()[1]} balls)" if len(ways) > 1 else ""


def phase_series(points: Sequence[tuple[float, Result]], *, name: str, axis: str) -> Result:
    """Return the fractions of the phases over an axis, and where the first phase goes.

    Parameters
    ----------
    points : place on the axis [s] or [K], rising, and the result of a pattern.
    axis : 'milling_time' or 'temperature'.
    """
    names = [str(phase) for phase in points[0][1].settings["names"]]
    quantities: dict[str, Quantity] = {}
    shares: dict[str, list[tuple[float, float]]] = {phase: [] for phase in names}
    count: dict[str, int] = {}
    for place, result in points:
        label = f"{to_shown(axis, place):.4g} {look_up(axis).shown}"
        count[label] = count.get(label, 0) + 1
        label += f" {count[label]}" if count[label] > 1 else ""
        for phase in names:
            own = result.quantities.get(
                f"{_SHARE}{phase}", withheld("mass_fraction", "the pattern was not asked for it")
            )
            quantities[f"{_SHARE}{phase} {label}"] = own
            limit = result.quantities.get(f"{_SHARE}{phase} upper_limit")
            if limit is not None:
                quantities[f"{_SHARE}{phase} {label} upper_limit"] = limit
            shares[phase].append(_share(own, limit))
    first = _first(names, shares)
    quantities |= _amorphous(points, names) if axis == "milling_time" else {}
    places = [place for place, _ in points]
    doubts = marks_of(*(q for key, q in quantities.items() if key.startswith(f"{_SHARE}{first} ")))
    turning = _turning(places, shares[first], first, name=name, axis=axis)
    quantities |= {key: with_marks(found, doubts) for key, found in turning.items()}
    columns: dict[str, Any] = {axis: places}
    columns |= {"mass_fraction": [s[0] for s in shares[first]], "mass_fraction_u": [s[1] for s in shares[first]]}
    findings = {"phases": names, "first": first, "shares": {phase: list(map(list, s)) for phase, s in shares.items()}}
    checks = (_falls(first, shares[first]),)
    return Result(
        "phases", name, quantities, new("record", columns, source=name), checks, {"axis": axis}, findings=findings
    )


def _share(own: Quantity, limit: Quantity | None) -> tuple[float, float]:
    """Return fraction and u; of what is not found half of the limit, rectangular from 0; nan where nothing is known."""
    if own.value is not None:
        return own.value, own.u or 0.0
    if limit is not None and limit.value is not None:
        return 0.5 * limit.value, limit.value / math.sqrt(12.0)
    return math.nan, math.nan


def _amorphous(points: Sequence[tuple[float, Result]], names: Sequence[str]) -> dict[str, Quantity]:
    """Return the glass at each time: 1 - crystalline intensity over that of the first pattern, per time of counting."""
    sums = []
    for place, result in points:
        told, seconds = result.findings.get("crystalline") or {}, result.findings.get("time_per_step")
        if not told or not seconds or result.settings["names"] != list(names):
            return {}
        rate = sum(told["masses"]) / seconds
        sources = {label: rate * u for label, u in told["relative_u"].items()} | {
            f"packing:{result.name}": _PACKING * rate
        }
        parts = zip(names, told["masses"], strict=True)
        sources |= {f"structure model:{phase}": told["model_u"] * mass / seconds for phase, mass in parts}
        sums.append((f"amorphous_fraction {to_shown('milling_time', place):.4g} h", uncertain(rate, sources)))
    how = "1 - crystalline intensity over that of the first pattern, of the salt; the same mixture is the external standard"
    found = {}
    for key, rate in sums[1:]:
        share = Quantity("amorphous_fraction", 1.0 - rate / sums[0][1], how)
        value, u = share.value or 0.0, share.u or 0.0
        most = 100.0 * (max(value, 0.0) + 1.645 * u)
        why = f"not detected: below {most:.2g} wt% of the salt (95 %)"
        found[key] = share if value > 2.5 * u else withheld("amorphous_fraction", why, method=how)
    return found


def _first(names: Sequence[str], shares: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return the phase that there is most of at the beginning."""
    return max(names, key=lambda phase: -1.0 if math.isnan(shares[phase][0][0]) else shares[phase][0][0])


def _turning(
    places: Sequence[float], share: Sequence[tuple[float, float]], first: str, *, name: str, axis: str
) -> dict[str, Quantity]:
    """Return where the first phase falls below one half for good, and from where on it is not found."""
    known = [(p, *s) for p, s in zip(places, share, strict=True) if not math.isnan(s[0])]
    quantity = "transition_temperature" if axis == "temperature" else axis
    half = quantity if axis == "temperature" else f"{axis}:half of {first}"
    left = known[-1][1] + 1.645 * known[-1][2] if known else math.nan
    if len(known) < 2 or not known[0][1] > 0.5:
        return {half: withheld(quantity, f"{first} is not the larger part at the beginning")}
    below = next((k for k in range(len(known)) if all(one[1] < 0.5 for one in known[k:])), None)
    if below is None:
        low, high = (to_shown(axis, known[k][0]) for k in (0, -1))
        most = max(known[0][1] - min(one[1] for one in known), 0.0) + 1.645 * math.hypot(known[0][2], known[-1][2])
        where = f"none between {low:.4g} and {high:.4g} {look_up(axis).shown}"
        return {half: withheld(quantity, f"{where}: less than {100 * most:.2g} wt% of {first} changes")}
    found = {half: _between((known[below - 1][0], known[below][0]), quantity, name, f"{first} falls below one half")}
    ends = next((k for k in range(len(known)) if all(one[1] < 2.0 * one[2] for one in known[k:])), None)
    if axis != "temperature":
        key = f"{axis}:no {first}"
        if ends is None or ends == 0:
            found[key] = withheld(axis, f"{first} is found to the end, below {100 * left:.2g} wt%")
        else:
            how = f"{first} is not found any more, below {100 * left:.2g} wt%"
            found[key] = _between((known[ends - 1][0], known[ends][0]), axis, name, how)
    return found


def _between(ends: tuple[float, float], quantity: str, name: str, how: str) -> Quantity:
    low, high = ends
    number = uncertain(0.5 * (low + high), {f"resolution:{name}": (high - low) / math.sqrt(12.0)})
    shown = [f"{to_shown(quantity, value):.4g}" for value in (low, high)]
    return Quantity(
        quantity, number, f"{how}; resolution-limited: between {shown[0]} and {shown[1]} {look_up(quantity).shown}"
    )


def _falls(first: str, share: Sequence[tuple[float, float]]) -> Check:
    known = [s for s in share if not math.isnan(s[0])]
    rises = [k for k, (a, b) in enumerate(pairwise(known)) if b[0] - a[0] > 2.0 * math.hypot(a[1], b[1])]
    detail = f"{first} grows at {len(rises)} of {max(len(known) - 1, 0)} steps by more than 2 u"
    return Check(f"{first} falls throughout", not rises, detail)


def heats(view: View) -> Iterator[Wanted | str]:
    """Yield how much of each milled sample's salt still goes through the transition that the salt as bought shows."""
    runs: dict[str, list[tuple[str, str, Result]]] = {}
    for name, sample in view.study.samples.items():
        if sample.recipe is not None and sample.recipe.matrix:
            found = [(name, key, result) for key, result in view.of(name, "calorimetry").items()]
            runs.setdefault(sample.recipe.matrix, []).extend(found)
    for matrix, found in runs.items():
        plain = [
            n for n, s in view.study.samples.items() if s.milling is None and s.recipe and not s.recipe.filler_type
        ]
        pure = [one for one in found if one[0] in plain and one[2].quantities["transition_enthalpy"].value]
        for name, key, result in found:
            if name in plain:
                continue
            if not pure:
                yield f"The heat of '{name}' is not compared: no run of {matrix} as bought shows a transition."
                continue
            share = _salt(view, name)
            if share is None:
                yield f"'{name}' does not state how much salt it holds: its heat is not compared."
                continue
            _, reference, whole = pure[0]
            make = partial(transforming, name, result, whole, share=share)
            tables = [*view.study.samples.values(), *view.study.materials.values()]
            yield Wanted(f"{name}/transforming fraction", make, [key, reference], tables, view.study.about(name))


def _salt(view: View, name: str) -> Number | None:
    """Return the mass fraction of the matrix in a sample, None where it is not known."""
    study, sample = view.study, view.study.samples[name]
    share, recipe = filler_share(study, sample), sample.recipe
    if share is None or recipe is None:
        return None
    if recipe.filler is None:
        return uncertain(1.0, {})
    both = (study.materials[m].density for m in (recipe.filler, recipe.matrix) if m in study.materials)
    densities = [density for density in both if density is not None]
    return None if len(densities) < 2 else 1.0 - mass_fraction(share, *densities)


def transforming(name: str, run: Result, whole: Result, *, share: Number) -> Result:
    """Return the share of a sample's salt that goes through a transition: its heat over that of the salt alone.

    Parameters
    ----------
    run, whole : results of technique 'calorimetry', of the sample and of the salt as bought.
    share : mass fraction of the salt in the sample.
    """
    full = whole.quantities["transition_enthalpy"].number
    assert full is not None
    heat, limit = (run.quantities[f"transition_enthalpy{word}"] for word in ("", ":upper_limit"))
    how = "heat of the transition over that of the salt as bought, per mass of salt"
    quantities: dict[str, Quantity] = {}
    if heat.number is not None:
        quantities["transforming_fraction"] = Quantity("transforming_fraction", heat.number / (full * share), how)
    else:
        most = (
            Quantity("transforming_fraction", limit.number / (full * share), how) if limit.number is not None else None
        )
        why = f"no transition: below {100 * most.value:.2g} % of the salt (95 %)" if most and most.value else heat.why
        quantities["transforming_fraction"] = withheld("transforming_fraction", why or "no transition", method=how)
        if most is not None:
            quantities["transforming_fraction:upper_limit"] = most
    expected, searched = whole.quantities["transition_temperature"], run.findings["searched"]
    seen = bool(expected.value is not None and searched[0] < expected.value < searched[1])
    ends = " to ".join(f"{t - CELSIUS:.0f}" for t in searched)
    told = f"{expected} lies {'within' if seen else 'outside'} the {ends} degC that the run shows"
    checks = (Check("transition within the run", seen, told),)
    if not seen:
        quantities = {"transforming_fraction": withheld("transforming_fraction", told, method=how)}
    return Result("transformation", name, quantities, new("record", {"time": [0.0]}, source=name), checks)


def figure(result: Result) -> FigureSpec:
    """Return the fractions of all phases over time or temperature."""
    axis = str(result.settings["axis"])
    x = np.array([to_shown(axis, v) for v in result.curves[axis].values])
    traces = [
        Trace(x, 100.0 * np.array(share)[:, 0], phase, "both", y_u=100.0 * np.array(share)[:, 1], color=k, marker=k)
        for k, (phase, share) in enumerate(result.findings["shares"].items())
    ]
    told = "; ".join(f"{key} {q}" for key, q in result.quantities.items() if not key.startswith(_SHARE))
    panel = Panel(Axis(look_up(axis).label), Axis("mass fraction / wt%"), traces)
    return FigureSpec(f"phases {result.name}", [panel], result.name, f"Phases of {result.name}: {told}.", notes=(told,))
