"""A study's results -> the series over milling time that `closo.combine.milling` needs, with the dose of the mill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from closo.combine.comparing import filler_share, spread_between_pellets
from closo.combine.doubts import fitted, judged, marked, marks_of
from closo.combine.milling import Milled, milling
from closo.combine.samples import conductivity, specimens_of, temperatures_of
from closo.errors import DataError
from closo.models.milling import duty, impact_energy, impact_rate, milling_dose
from closo.number import value_of
from closo.pipeline.explained import stamped
from closo.pipeline.records import Analysis
from closo.quantity import Number, Quantity
from closo.result import Result
from closo.study import Sample, Study, as_number

_LEAST = 4


def infer_milling(
    analysis: Analysis, *, phases: Mapping[str, str] | None = None, draws: int = 1000, seed: int = 0
) -> Result:
    """Return how long the study's salt should be milled.

    Parameters
    ----------
    phases : state 'A', 'B' or 'C' -> the phase of a diffraction result (its CIF name) that is the salt in that state.
    draws : of each posterior; seed : of the sampling.

    Raises
    ------
    DataError  when no recipe was milled for four times or more and measured at one temperature.
    """
    study, (results, why) = analysis.study, marked(analysis.results)
    names = series_over_time(study, results)
    temperature, samples = _samples(study, results, names, phases=phases or {})
    first = study.samples[names[0]]
    notes = [*_clock(first), *_phases_unsaid(results, names, phases or {})]
    doubts = marks_of(*(number for s in samples for number in (s.conductivity, *dict(s.shares).values())))
    result = fitted(milling(samples, name=study.title, temperature=temperature, draws=draws, seed=seed), doubts)
    dose, missing = _dose(study, first, result.quantities["milling_time:optimum"])
    quantities, settings = {**result.quantities, **dose}, {**result.settings, "phases": dict(phases or {})}
    result = judged(replace(result, quantities=quantities, settings=settings), why, doubts)
    return stamped(result, analysis, [*notes, *missing])


def series_over_time(study: Study, results: Mapping[str, Result]) -> list[str]:
    """Return the samples of the recipe that was milled for most different times, in the order of these.

    Raises
    ------
    DataError  when there are fewer than four times.
    """
    groups: dict[tuple[object, ...], dict[float, str]] = {}
    for name, sample in study.samples.items():
        time = None if sample.milling is None else as_number(sample.milling.time)
        share = filler_share(study, sample)
        if time is None or share is None or not specimens_of(results, name):
            continue
        mill = sample.milling
        same = [repr(as_number(getattr(mill, key))) for key in ("speed", "ball_to_powder")]
        filler = None if sample.recipe is None else sample.recipe.filler_type
        groups.setdefault((filler, round(value_of(share), 2), *same), {}).setdefault(value_of(time), name)
    best = max(groups.values(), key=len, default={})
    if len(best) < _LEAST:
        raise DataError(
            f"Milling kinetics need one recipe milled for {_LEAST} times and measured; the longest series has {len(best)}.",
            hint="State milling = { time = ... } of each sample; contents may differ by 0.5 vol%.",
        )
    return [best[time] for time in sorted(best)]


def _samples(
    study: Study, results: Mapping[str, Result], names: list[str], *, phases: Mapping[str, str]
) -> tuple[float, list[Milled]]:
    """Return the temperature that most of the samples share, and them with their conductivities and shares of phases."""
    temperatures = [t for name in names for t in temperatures_of(results, [name]) or []]
    if not temperatures:
        raise DataError("none of the milled samples was measured at a known temperature.")
    common = max(sorted(temperatures), key=lambda t: sum(abs(t - other) < 1.0 for other in temperatures))
    spread = spread_between_pellets(study, results, common)
    samples = []
    for name in names:
        milled = study.samples[name].milling
        stated = None if milled is None else as_number(milled.time)
        time = 0.0 if stated is None else value_of(stated)
        try:
            number = conductivity(results, name, common, spread=spread).quantities["ionic_conductivity"].number
        except DataError:
            number = None
        samples.append(Milled(name, time, number, _shares(results, name, phases)))
    return common, samples


def _shares(results: Mapping[str, Result], name: str, phases: Mapping[str, str]) -> tuple[tuple[str, Number], ...]:
    """Return the share of the salt in each state, from the diffraction of a sample."""
    for r in results.values():
        if r.technique == "diffraction" and name in (r.about.sample, r.about.owner):
            seen = {state: r.quantities.get(f"mass_fraction:{phase}") for state, phase in phases.items()}
            return tuple((state, q.number) for state, q in seen.items() if q is not None and q.number is not None)
    return ()


def _phases_unsaid(results: Mapping[str, Result], names: list[str], phases: Mapping[str, str]) -> list[str]:
    """Return a note where there are patterns of the samples and nobody said which phase is which state."""
    seen = sorted(
        {
            key.partition(":")[2]
            for r in results.values()
            if r.technique == "diffraction" and {r.about.sample, r.about.owner} & set(names)
            for key in r.quantities
            if key.startswith("mass_fraction:")
        }
    )
    if not seen or phases:
        return []
    told = f"Shares of phases ({', '.join(seen)}) were not used"
    return [f"{told}: say which is the salt as received, as --phase A={seen[0]}."]


def _clock(sample: Sample) -> list[str]:
    """Return what is known of the clock of the milling times: with or without pauses."""
    mill = sample.milling
    part = None if mill is None or mill.pattern is None else duty(mill.pattern)
    if mill is None or part is None:
        return ["Whether the milling times count pauses is not stated."] if mill is not None and mill.pattern else []
    if mill.time_counts is not None:
        words = "with" if mill.time_counts == "total" else "without"
        return [f"Milling times count {words} the pauses of '{mill.pattern}'."]
    return [
        f"Whether the milling times count the pauses of '{mill.pattern}' is not stated: the net time, and with it the dose, "
        f'is as stated or {part:.2g} of it. Say time_counts = "net" or "total".'
    ]


def _dose(study: Study, sample: Sample, optimum: Quantity) -> tuple[dict[str, Quantity], list[str]]:
    """Return impact energy, power and dose at the best time as upper limits; or what is missing for them."""
    mill = sample.milling
    assert mill is not None
    wanted = ("speed", "ball_mass", "ball_diameter", "vial_diameter", "disc_radius", "ball_to_powder", "speed_ratio")
    known = {key: as_number(getattr(mill, key)) for key in wanted}
    missing = [key for key, number in known.items() if number is None]
    if missing:
        return {}, [f"No dose: the milling of the samples does not state {', '.join(missing)}."]
    n: dict[str, Number] = {key: number for key, number in known.items() if number is not None}
    ratio = value_of(n["speed_ratio"])
    geometry = {key: n[key] for key in ("ball_diameter", "vial_diameter", "disc_radius")}
    energy = impact_energy(n["speed"], n["ball_mass"], **geometry, ratio=ratio)
    told = "at most: all balls fly and none slides"
    quantities = {"impact_energy:upper_limit": Quantity("impact_energy", energy, told)}
    part = (duty(mill.pattern or "") or 1.0) if mill.time_counts == "total" else 1.0
    if optimum.number is not None:
        net = part * optimum.number
        dose = milling_dose(
            energy,
            impact_rate(n["speed"], ratio),
            ball_mass=n["ball_mass"],
            ball_to_powder=n["ball_to_powder"],
            time=net,
        )
        quantities["milling_dose:upper_limit"] = Quantity("milling_dose", dose, f"{told}; after the best milling time")
    return quantities, [
        "The dose is an upper bound and a relative axis: measured balls do not move as the kinematics say."
    ]
