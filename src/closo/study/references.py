"""What one table of a study says about another: names that must exist, and things that must not be there twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.readers import READERS
from closo.study.loading import Problem
from closo.study.tables import Measurement, Study
from closo.techniques import get
from closo.techniques.choices import fits

COMBINED_SETTINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "arrhenius": {"convention": ("sigmaT", "sigma")},
    "impedance_series": {"shared": ("auto", "all", "capacitance", "none")},
}
"""Settings of what is combined from several results: [settings.arrhenius] convention = 'sigmaT'."""


def name_measurement(study: Study, measurement: Measurement) -> str:
    """Return the file name that stands for a measurement in keys and labels, unique in the study.

    It is the bare file name, or the path with '_' for '/' where two measured files have the same name: equal labels
    would make two fits one source of uncertainty.
    """
    bare = measurement.file.rpartition("/")[2]
    return bare if bare in study.unique_names else measurement.file.replace("/", "_")


def unknown_names(study: Study) -> Iterator[Problem]:
    """Yield every name that is used but not defined, with the nearest one."""
    yield from _unknown_samples(study)
    yield from _unknown_in_cells(study)
    yield from _unknown_materials(study)
    for k, measurement in enumerate(study.measurements, 1):
        where = f"measurements[{k}]"
        yield from _unknown_owner(study, measurement, where)
        chambers = {measurement.chamber, *(c.chamber for c in measurement.conditions)} - {None}
        for chamber in sorted(str(c) for c in chambers):
            yield from _unknown(f"{where}.chamber", chamber, study.chambers, "chambers")
        readers = [*(row.name for row in READERS), *(entry.name for entry in entry_points(group="closo.readers"))]
        yield from _unknown(f"{where}.reader", measurement.reader, readers, "readers")
        yield from _wrong_settings(where, measurement.technique, measurement.settings)
        if measurement.conditions and (measurement.temperature or measurement.branch or measurement.stage):
            text = "temperature, branch or stage is given twice, for the measurement and in its conditions. Keep one."
            yield Problem("error", f"{where}.conditions", text)
    for name, settings in study.settings.items():
        yield from _wrong_settings(f"settings.{name}", name, settings)
    yield from _unreadable_settings(study)


def _unknown_owner(study: Study, measurement: Measurement, where: str) -> Iterator[Problem]:
    name = measurement.owner
    if measurement.cell is not None:
        yield from _unknown(f"{where}.cell", name, study.cells, "cells")
    elif measurement.specimen is not None:
        yield from _unknown(f"{where}.specimen", name, study.specimens, "specimens")
    else:
        names = [*study.samples, *study.powders, *study.specimens, *study.cells]
        yield from _unknown(f"{where}.of", name, names, "samples, powders, specimens or cells")
        kinds = [owner.kind_of_owner for owner in study.owners(name)]
        if len(kinds) > 1:
            text = f"'{name}' is both a {' and a '.join(kinds)}. Rename one."
            yield Problem("error", f"{where}.of", text)


def _unknown_samples(study: Study) -> Iterator[Problem]:
    """Yield samples and materials that are named but not there."""
    for name, specimen in study.specimens.items():
        yield from _unknown(f"specimens.{name}.sample", specimen.sample, study.samples, "samples")
    for name, powder in study.powders.items():
        yield from _unknown(f"powders.{name}.material", powder.material, study.materials, "materials")
    for k, series in enumerate(study.series, 1):
        for sample in series.samples:
            yield from _unknown(f"series[{k}].samples", sample, study.samples, "samples")


def _unknown_in_cells(study: Study) -> Iterator[Problem]:
    """Yield samples and materials of cells that are not there, and names that stand for two things."""
    for name, cell in study.cells.items():
        if name in study.specimens or name in study.samples:
            text = "a specimen or sample has the same name, and results could not tell them apart. Rename one."
            yield Problem("error", f"cells.{name}", text)
        yield from _unknown(f"cells.{name}.separator_sample", cell.separator_sample, study.samples, "samples")
        for key in ("active_material", "carbon_material"):
            yield from _unknown(f"cells.{name}.{key}", getattr(cell, key), study.materials, "materials")


def _unknown_materials(study: Study) -> Iterator[Problem]:
    """Yield materials of a recipe whose density is not given."""
    for name, made in study.samples.items():
        recipe = made.recipe
        used = [] if recipe is None else [recipe.matrix, recipe.filler, *recipe.masses]
        for material in dict.fromkeys(m for m in used if m is not None):
            if material not in study.materials:
                hint = did_you_mean(material, study.materials) if study.materials else "Add it with its density."
                text = f"'{material}' is not among [materials], so its volume is unknown. {hint}"
                yield Problem("warning", f"samples.{name}.recipe", text)


def _unknown(where: str, name: str | None, known: Iterable[str], kind: str) -> Iterator[Problem]:
    names = list(known)
    if name is not None and name not in names:
        hint = did_you_mean(name, names) if names else f"There is no [{kind}] table."
        yield Problem("error", where, f"'{name}' is not one of the {kind}. {hint}")


def _wrong_settings(where: str, technique: str, settings: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield an unknown technique, or the settings it does not know or that are of the wrong type."""
    if technique in COMBINED_SETTINGS and not where.startswith("measurements"):
        choices = COMBINED_SETTINGS[technique]
        for key, value in settings.items():
            if key not in choices:
                hint = did_you_mean(key, choices)
                yield Problem("error", f"{where}.{key}", f"'{key}' is not a setting of {technique}. {hint}")
            elif value not in choices[key]:
                text = f"{value!r} is not possible. It must be {' or '.join(choices[key])}."
                yield Problem("error", f"{where}.{key}", text)
        return
    try:
        row = get(technique)
    except StudyError as error:
        yield Problem("error", f"{where}.technique" if where.startswith("measurements") else where, str(error))
        return
    known = row.settings
    for key, value in settings.items():
        if key not in known:
            text = f"'{key}' is not a setting of {technique}. {did_you_mean(key, known)}"
            yield Problem("error", f"{where}.settings.{key}", text)
        elif not fits(value, known[key][0]):
            text = f"{value!r} is not a {known[key][0].__name__} ({known[key][1]})."
            yield Problem("error", f"{where}.settings.{key}", text)
        elif (wrong := row.wrong_choice(key, value)) is not None:
            yield Problem("error", f"{where}.settings.{key}", wrong)


def _unreadable_settings(study: Study) -> Iterator[Problem]:
    """Yield what a technique itself says of the settings of a measurement, those of the whole study included."""
    said = set()
    for k, measurement in enumerate(study.measurements, 1):
        whole = study.settings.get(measurement.technique, {})
        settings = {**whole, **measurement.settings}
        where = f"measurements[{k}].settings" if measurement.settings else f"settings.{measurement.technique}"
        if any(True for _ in _wrong_settings(where, measurement.technique, settings)):
            continue  # said already, key by key
        try:
            get(measurement.technique).check_settings(settings)
        except StudyError as error:
            if (where, str(error)) not in said:
                yield Problem("error", where, str(error))
            said.add((where, str(error)))


def repeats(study: Study) -> Iterator[Problem]:
    """Yield measurements that are listed twice: they would count double, or make two sources one."""
    seen: dict[tuple[str, str, object], int] = {}
    owners: dict[tuple[str, object], str] = {}
    names: dict[str, str] = {}
    for k, m in enumerate(study.measurements, 1):
        where = f"measurements[{k}]"
        for file in m.files:
            first = next((n for part in (m.part, None) if (n := seen.get((m.technique, file, part))) is not None), None)
            if first is not None:
                text = f"'{file}' (part {m.part or 'all'}) is already measurements[{first}]. Delete one."
                yield Problem("error", where, text)
            seen.setdefault((m.technique, file, m.part), k)
            if owners.setdefault((file, m.part), m.owner) != m.owner:
                kind = "cell" if m.cell is not None else "specimen" if m.specimen is not None else "of"
                what = "owner" if kind == "of" else kind
                yield Problem("error", f"{where}.{kind}", f"'{file}' cannot belong to two {what}s.")
        name = name_measurement(study, m)
        if names.setdefault(name, m.file) != m.file:
            text = f"'{m.file}' and '{names[name]}' would both be called '{name}'. Rename one file."
            yield Problem("error", f"{where}.file", text)
