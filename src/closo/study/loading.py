"""study.toml -> tables, or a sentence for every place where it is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from closo.errors import did_you_mean
from closo.study.tables import Study
from closo.toml import read_toml

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """Something to know before computing."""

    level: Level  # 'error' (no result, or a wrong one), 'warning' (a doubtful one), 'note'
    where: str  # place in study.toml ('specimens.pellet1.thickness', 'measurements[3].file'; counted from 1)
    text: str  # one sentence or two: what was found, what to do

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.text}" if self.where else f"{self.level}: {self.text}"


def read_study(file: Path) -> tuple[Study | None, list[Problem]]:
    """Return the study, or None and every place where the file does not fit the tables.

    Raises
    ------
    StudyError  when there is no such file or it is not TOML.
    """
    document = read_toml(file)
    problems = [Problem("error", where, text) for where, text in _reserved(document)]
    try:
        study = Study.model_validate(_with_labels(document, file.parent))
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        problems += [_as_problem(dict(e)) for e in wrong[:_LISTED]]
        if len(wrong) > _LISTED:
            problems.append(
                Problem("error", "study.toml", f"and {len(wrong) - _LISTED} more mistakes. Correct these first.")
            )
        return None, problems
    return (None if problems else study), problems


_LISTED = 200  # mistakes of one file that are told one by one
_FILLED_IN = ("folder", "label", "joined")
_LABELS = {"cells": "cell ", "presses": "press "}  # these share field names with specimens, not their sources


def _with_labels(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document with the `label` that each table's numbers carry."""
    filled: dict[str, Any] = {**document, "folder": folder, "label": "study"}
    for kind in ("materials", "powders", "chambers", "samples", "specimens", "cells", "presses"):
        if isinstance(document.get(kind), dict):
            filled[kind] = {
                name: _label(table, f"{_LABELS.get(kind, '')}{name}") for name, table in document[kind].items()
            }
    for kind in ("measurements", "series", "printed"):
        if isinstance(document.get(kind), list):
            filled[kind] = [_label(table, _entry_label(kind, table, k)) for k, table in enumerate(document[kind], 1)]
    return filled


def _entry_label(kind: str, table: Any, k: int) -> str:
    """Return the label of entry `k` of an array of tables."""
    what = [str(table[key]) for key in ("of", "quantity") if key in table] if isinstance(table, dict) else []
    return "/".join([*what, str(k)]) if kind == "printed" else f"{kind} {k}"


def _label(table: Any, label: str) -> Any:
    """Return a table and the tables inside it that bear its label."""
    if not isinstance(table, dict):
        return table
    labelled = {**table, "label": label}
    for inner in ("recipe", "milling"):
        if isinstance(table.get(inner), dict):
            labelled[inner] = {**table[inner], "label": label}
    if isinstance(table.get("conditions"), list):
        labelled["conditions"] = [_label(entry, label) for entry in table["conditions"]]
    return labelled


def _reserved(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys that only closo may fill in."""
    for key in _FILLED_IN:
        if key in document:
            yield key, f"'{key}' is not a key of study.toml. Delete it."
    for kind, tables in document.items():
        entries = (
            tables.items() if isinstance(tables, dict) else enumerate(tables, 1) if isinstance(tables, list) else ()
        )
        for name, table in entries:
            if isinstance(table, dict) and kind != "settings" and "label" in table:
                yield f"{kind}.{name}.label", "'label' is not a key of this table. Use 'note' for remarks."


def _as_problem(error: Mapping[str, Any]) -> Problem:
    """Turn an error of pydantic into a sentence with the TOML path."""
    location = tuple(k for k in error["loc"] if k != "[key]")
    where, entry = _toml_path(location), error.get("input")
    kind, last = error["type"], str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        table = _toml_path(location[:-1]) or "study.toml"
        text = f"'{last}' is not a key of {table}. {did_you_mean(last, _keys_at(location[:-1]))}"
    elif kind == "missing":
        text = f"'{last}' is missing. Add it."
    elif kind == "value_error":
        text = str(error["ctx"]["error"])
    elif kind == "literal_error":
        text = f"{_short(entry)} is not possible here. It must be {error['ctx']['expected']}."
    else:
        text = f"{_short(entry)} does not fit: {_PLAIN.get(kind, error['msg'][0].lower() + error['msg'][1:])}."
    return Problem("error", where, text)


_PLAIN = {
    "string_type": "text in quotes is needed",
    "bool_type": "true or false is needed",
    "dict_type": "a table is needed",
    "model_type": "a table is needed",
    "model_attributes_type": "a table is needed",
    "tuple_type": "a list is needed",
    "int_type": "a whole number is needed",
}


def _toml_path(location: Iterable[str | int]) -> str:
    """Return 'measurements[3].file' for ('measurements', 2, 'file')."""
    path = ""
    for key in location:
        if isinstance(key, int):
            path += f"[{key + 1}]"
        else:
            plain = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key[:80], ensure_ascii=False)
            path += f".{plain}" if path else plain
    return path


def _keys_at(location: Iterable[str | int]) -> list[str]:
    """Return the keys that the table at `location` may have."""
    model: type[BaseModel] = Study
    steps = iter(location)
    for key in steps:
        annotation = model.model_fields[str(key)].annotation
        inside = list(_models_in(annotation))
        if not inside:
            return []
        model = inside[0]
        if get_origin(annotation) in (dict, tuple):
            next(steps, None)  # the name or the index
    return [name for name in model.model_fields if name not in _FILLED_IN]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models inside `dict[Name, Model]`, `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
