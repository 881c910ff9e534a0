"""From composites to one result: posteriors of every explanation, their ranking, and the sample to make next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from closo.combine.arrhenius.points import celsius
from closo.combine.interphase.checks import checks_of, shell_of_main_silica
from closo.combine.interphase.curves import curves_of
from closo.combine.interphase.edges import beyond_table, tabulated
from closo.combine.interphase.forward import Ratio
from closo.combine.interphase.inference import Posterior, sample
from closo.combine.interphase.likelihood import Model
from closo.combine.interphase.mechanisms import MECHANISMS, Mechanism, summary_of
from closo.combine.interphase.planning import plan, to_tell_apart, told_next
from closo.combine.interphase.quantities import quantities_of
from closo.combine.interphase.ranking import BEST, Rank, leading, left_over, rank
from closo.combine.interphase.records import Composite, Silica, Table, table_of
from closo.errors import DataError
from closo.result import Result


def interphase(
    composites: Sequence[Composite],
    *,
    name: str,
    filler_density: float,
    ratio: Ratio | None = None,
    temperature: float | None = None,
    silicas: Mapping[str, Silica] | None = None,
    explanations: Sequence[Mechanism] = MECHANISMS,
    draws: int = 1200,
    seed: int = 0,
) -> Result:
    """Fit every explanation to the conductivities of composites, rank them, and name the next sample.

    Parameters
    ----------
    composites : milled ones are used; at least four of them with silica.
    name : of the study, for the labels of sources; filler_density : of the silica's skeleton [kg/m3].
    ratio : (filler fraction, shell thickness over diameter, sigma_interphase/sigma_matrix, aggregation) ->
        (ln(sigma_effective/sigma_matrix), its standard uncertainty), all arrays of one shape; `closo.models.atlas.ratio`
        where absent.
    temperature : [K] to which the parameters refer; where absent the one at which most composites were measured.
    silicas : name -> (BET area [m2/kg], pore volume [m3/kg]) of the silicas at hand; those of the composites if absent.
    explanations : that compete; 'shell' must be one of them.
    draws : of each posterior; seed : the same one gives the same numbers.

    Returns
    -------
    Result : keys with ':<explanation>' belong to that explanation; those without to the leading one, withheld where they
        are not identifiable.

    Raises
    ------
    DataError  when there are fewer than four composites with silica, or a value is impossible.
    ConvergenceError  when a posterior cannot be sampled.
    """
    reference = _common_temperature(composites) if temperature is None else temperature
    table = table_of(composites, filler_density=filler_density, temperature=reference)
    used, notes = _possible(table, explanations)
    ratio = ratio or _atlas(table)
    posteriors = {m.name: sample(Model.of(m, table, ratio), draws=draws, seed=seed) for m in used}
    ranking = rank(list(posteriors.values()))
    shell = shell_of_main_silica(posteriors["shell"].model, draws=draws, seed=seed)
    offered = dict(silicas) if silicas is not None else _silicas(table)
    full = {key: silica for key, silica in offered.items() if silica[1] is not None}  # without, pores cannot be judged
    leader = posteriors[ranking[0].name]
    made = plan(posteriors, ranking, silicas=full, filler_density=filler_density)
    told = [told_next(made, to_tell_apart(ranking), celsius(reference))] if made else []
    curves = curves_of(posteriors, ranking, shell=shell, silicas=offered, filler_density=filler_density)
    left_out = [c.label for c in composites if c not in table.composites]
    return Result(
        "interphase",
        name,
        quantities_of(posteriors, ranking, name=name),
        curves.assign(made),
        checks_of(posteriors, ranking, shell=shell),
        {"draws": draws, "seed": seed},
        (*notes, *_sentences(leader, ranking), *told),
        findings=_found(posteriors, ranking) | {"left_out": left_out},
    )


def _found(posteriors: Mapping[str, Posterior], ranking: Sequence[Rank]) -> dict[str, Any]:
    """Return what came out besides numbers: to what the parameters refer, and the ranking."""
    table = posteriors[ranking[0].name].model.table
    return {
        "reference_temperature": table.place.reference_temperature,
        "reference_milling_time": 3600.0 * table.place.reference_hours,
        "samples": [c.label for c in table.composites],
        "leading": leading(ranking),
        "ranking": [
            vars(row) | {"parameters": summary_of((p := posteriors[row.name]).model.parameters, p.z)} for row in ranking
        ],
    }


def _atlas(table: Table) -> Ratio:
    """Return the ratio of the voxel solves, fast at the contents of the data, continued beyond the edges of their table."""
    from closo.models import atlas

    low, high = atlas.RANGES["filler_fraction"]
    inside = [c.filler_fraction for c in table.composites if low <= c.filler_fraction <= high]
    return beyond_table(tabulated(atlas.ratio, atlas.RANGES, inside), atlas.RANGES)


def _common_temperature(composites: Sequence[Composite]) -> float:
    """Return the temperature at which most composites have a conductivity; of several the one nearest to 30 degC."""
    counts = Counter(round(t, 2) for c in composites for t, _ in c.conductivities)
    if not counts:
        raise DataError("An interphase needs conductivities, and there are none.")
    return max(counts, key=lambda t: (counts[t], -abs(t - 303.15)))


def _possible(table: Table, explanations: Sequence[Mechanism]) -> tuple[list[Mechanism], list[str]]:
    """Return the explanations that the data allow to be tried, and what was left out."""
    unknown = [c.label for c in table.composites if c.filler_fraction > 0 and c.pore_volume is None]
    if not unknown:
        return list(explanations), []
    kept = [m for m in explanations if not any(p.name == "pore_retention" for p in m.parameters)]
    return kept, [f"Explanations with pores were not tried: the pore volume of {unknown[0]} is not known."]


def _silicas(table: Table) -> dict[str, Silica]:
    """Return the silicas of the composites."""
    found = {c.filler: (c.specific_surface_area, c.pore_volume) for c in table.composites if c.filler_fraction > 0}
    return {filler: (area, pores) for filler, (area, pores) in found.items() if area is not None}


def _sentences(leader: Posterior, ranking: Sequence[Rank]) -> list[str]:
    """Return what the result says, in sentences."""
    table = leader.model.table
    titles = {m.name: m.title for m in MECHANISMS}
    equal = [row for row in ranking[1:] if row.verdict == "not distinguishable"]
    first = ranking[0]
    left = 100.0 * float(np.median(left_over(leader)))
    if first.verdict == "none fits":
        told = f"None of the {len(ranking)} explanations tried fits: '{first.name}', the nearest, leaves {left:.0f} %."
    elif equal:
        told = f"The data do not tell {', '.join(f'{row.name!r}' for row in equal)} from the leading '{first.name}'."
    elif first.verdict == "leads":
        told = f"'{first.name}' ({titles[first.name]}) leads {len(ranking)} tried, with doubts; it leaves {left:.0f} %."
    else:
        told = f"{BEST.capitalize()} ({len(ranking)}): '{first.name}' ({titles[first.name]}); it leaves {left:.0f} %."
    likeliest = max(ranking, key=lambda row: row.log_evidence)
    agrees = "agrees" if likeliest.name == first.name else f"prefers '{likeliest.name}'"
    sentences = [told, f"The evidence {agrees} (probability {likeliest.probability:.2f})."]
    if not any(c.filler_fraction == 0 for c in table.composites):
        sentences.append(
            "The salt milled alone was not measured: the matrix is known from the prior and the composites."
        )
    if not table.chemical.any():
        sentences.append("X-ray Raman: no data.")
    return sentences
