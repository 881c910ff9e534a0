"""Check a study before anything is computed: names, files, parts, geometry, recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from closo.claims import Claim, claimed_range, read_claims
from closo.combine.audit import area_question
from closo.combine.auditing import audit_study
from closo.errors import StudyError, did_you_mean
from closo.nomenclature import to_shown
from closo.pipeline.checking_cells import cell_problems, technique_called, voltage_problems
from closo.pipeline.listing import Listings
from closo.pipeline.plan import plan_measurement
from closo.pipeline.records import Failure, Problem
from closo.store import existing_store
from closo.study import Study, examine, problems
from closo.toml import read_number


def check(study: Study | str | Path) -> list[Problem]:
    """Return every problem of a study, the worst first; nothing is computed.

    Parameters
    ----------
    study : a study, its folder, or its study.toml. Of a file that is too wrong to be a study, all its mistakes are
        listed.

    Raises
    ------
    StudyError  when there is no study.toml, or it is not TOML.
    """
    if isinstance(study, Study):
        found = problems(study)
    else:
        loaded, found = examine(study)
        if loaded is None:
            return found
        study = loaded
    found = [*found, *_files(study, found), *_geometry(study), *cell_problems(study), *_temperatures(study)]
    found += [*_recipes(study), *_claims(study)]
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(dict.fromkeys(found), key=lambda problem: order[problem.level])


def _files(study: Study, found: list[Problem]) -> Iterator[Problem]:
    """Yield files that no reader understands, parts that do not exist, conditions and voltages that do not fit."""
    listings = Listings(existing_store(study.folder))
    wrong = {p.where.partition(".")[0] for p in found if p.level == "error"}
    for k, measurement in enumerate(study.measurements, 1):
        where = f"measurements[{k}]"
        if where in wrong:
            continue
        for job in plan_measurement(study, measurement, listings.parts_of):
            if isinstance(job, Failure):
                yield Problem("error", where, str(job.error))
            else:
                yield from voltage_problems(study, measurement, listings.voltages_of(job), where=where)


def _geometry(study: Study) -> Iterator[Problem]:
    """Yield pellets whose area or thickness is not known well enough for what was measured on them."""
    for name, specimen in study.specimens.items():
        doubt = area_question(specimen.area, specimen.diameter)
        if doubt is not None:
            yield Problem("warning", f"specimens.{name}", doubt)
        used = [m.technique for m in study.measurements if m.owner == name and m.cell is None]
        if not used:
            yield Problem("note", f"specimens.{name}", "nothing is measured on this specimen.")
        wanted = {key for row in map(technique_called, used) if row is not None for key in row.inputs}
        words = {"area": "area (or diameter)", "thickness": "thickness"}
        missing = [text for key, text in words.items() if key in wanted and specimen.given(key) is None]
        if missing:
            text = f"{' and '.join(missing)} not given: its conductivities are withheld, only resistances come out."
            yield Problem("warning", f"specimens.{name}", text)


_USE_OF_TEMPERATURE = {"specimen": "it is left out of the Arrhenius plot", "cell": "nothing can be compared with it"}


_USUAL = (150.0, 523.15)  # K, from -123 to 250 degC


def _temperatures(study: Study) -> Iterator[Problem]:
    """Yield measurements without a temperature, which have no place in an Arrhenius plot, or with the wrong unit."""
    for k, m in enumerate(study.measurements, 1):
        texts = [m.temperature, *(condition.temperature for condition in m.conditions)]
        for text in dict.fromkeys(text for text in texts if text is not None):
            kelvin = read_number(text, "temperature", label="").x
            if not _USUAL[0] <= kelvin <= _USUAL[1]:
                shown = f"{to_shown('temperature', kelvin):.4g} degC, {kelvin:.5g} K"
                doubt = f"'{text}' is {shown}: far from what is usual. Check the unit."
                yield Problem("warning", f"measurements[{k}].temperature", doubt)
        owner = next(iter(study.owners(m.owner)), None)
        what = _USE_OF_TEMPERATURE.get(owner.kind_of_owner) if owner is not None else None
        row = technique_called(m.technique)
        if what is None or row is None or "temperature" not in row.inputs:
            continue
        lacking = [c for c in m.conditions if c.temperature is None] if m.conditions else [m]
        if m.temperature is None and lacking:
            text = f"'{m.file}' has no temperature: {what}. Add '30 ± 0.5 degC'."
            yield Problem("warning", f"measurements[{k}]", text)


def _recipes(study: Study) -> Iterator[Problem]:
    """Yield what the audit of recipe, geometry, cells and printed numbers finds impossible or could not judge."""
    for verdict in audit_study(study):
        if verdict.passed is not True:
            owner = verdict.name.rpartition(": ")[2]
            text = verdict.detail.removeprefix(f"{owner}: ")
            yield Problem("error" if verdict.passed is False else "note", verdict.name, text)


def _doubts(claim: Claim, axes: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what a claim may not mean: a ratio where the text speaks of logarithms, a value of another axis."""
    where = f"claims.toml, {claim.id}"
    if claim.kind == "ratio" and re.search(r"orders? of magnitude|decades?\b|log", claim.text, re.IGNORECASE):
        text = (
            f"the text speaks of orders of magnitude, but kind = 'ratio' is held against the plain factor {claim.value}. "
            "Was kind = 'decades' meant?"
        )
        yield Problem("warning", where, text)
    axis = axes.get(claim.of[0], "filler_type") if claim.kind == "maximum" and claim.no_data is None else "filler_type"
    if axis != "filler_type":
        try:
            claimed_range(claim, axis)
        except StudyError as error:
            yield Problem("error", where, str(error))


def _claims(study: Study) -> Iterator[Problem]:
    """Yield what is wrong with claims.toml: its form, and samples that the study does not have; every claim is looked at."""
    try:
        claims = read_claims(study.folder)
    except StudyError as error:
        yield Problem("error", "claims.toml", " ".join(t for t in (error.where, error.message, error.hint) if t))
        return
    axes = {f"series/{s.name}": s.axis for s in study.series}
    known = {*study.samples, *study.powders, *study.specimens, *study.cells, "cells", "presses", "powders", *axes}
    for claim in claims:
        if claim.fault is not None:
            where, _, text = claim.fault.partition(": ")
            yield Problem("error", f"claims.toml, {where}", text)
            continue
        yield from _doubts(claim, axes)
        for name in (*claim.of, *([claim.to] if claim.to else [])):
            if name not in known and name.partition("/")[0] not in known and claim.no_data is None:
                text = f"'{name}' is not a sample, powder, specimen, cell or series. {did_you_mean(name, known)}"
                yield Problem("warning", f"claims.toml, {claim.id}", text)
