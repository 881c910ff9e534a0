"""A study of the files on the bench: study.toml with one owner per kind, and the files in raw/."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from closo.errors import StudyError
from closo.techniques import get
from closo.toml import toml_table, toml_text
from closo.web.bench import Bench, Measured

_NAME = re.compile(r"[\w][\w .+-]{0,79}")
_CELL = {
    **{name: name for name in ("area", "diameter", "pressure", "active_mass", "theoretical_capacity")},
    "thickness": "separator_thickness",
}
_PELLET = ("area", "diameter", "thickness", "pressure", "lead_resistance")


def make_study(bench: Bench, home: Path, name: str) -> Path:
    """Write a study of every measurement that gave a result, and return its folder.

    Raises
    ------
    StudyError  when the name is none, the folder is there already, or nothing gave a result.
    """
    name = name.strip()
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise StudyError(f"'{name[:60]}' cannot be the name of a folder.", hint="Use letters, digits, spaces, - and _.")
    folder = home / name
    if folder.exists():
        raise StudyError("this folder already exists.", file=folder, hint="Choose another name.")
    measured = [one for one in bench.measured() if one.result is not None]
    if not measured:
        raise StudyError("no file has given a result yet.", hint="Drop instrument files first.")
    (folder / "raw").mkdir(parents=True)
    files = {}
    for one in measured:
        if one.file.id not in files:
            target = folder / "raw" / one.file.name
            if target.exists():
                target = folder / "raw" / f"{one.file.id}_{one.file.name}"
            shutil.copyfile(one.file.path, target)
            files[one.file.id] = f"raw/{target.name}"
    _copy_supplied(bench, measured, folder)
    owners: dict[str, dict[str, str]] = {}
    blocks = [line for one in measured for line in _measurement(one, files[one.file.id], bench.given, owners)]
    head = [
        f"title = {toml_text(name)}",
        "",
        "# Made from dropped files. Say what each one is: samples, pellets, cells.",
        "",
    ]
    tables = [line for owner, entries in owners.items() for line in toml_table(f"[{owner}]", entries)]
    (folder / "study.toml").write_text("\n".join([*head, *tables, *blocks]), encoding="utf-8")
    return folder


def _copy_supplied(bench: Bench, measured: Sequence[Measured], folder: Path) -> None:
    """Copy the files that settings name; in a study they lie in its folder."""
    for one in measured:
        named = [str(one.settings[key]) for key in get(one.technique).file_settings if one.settings.get(key)]
        for name in {name.strip() for text in named for name in text.split(",")}:
            shutil.copyfile(bench.named(name).path, folder / name)


def _measurement(one: Measured, file: str, given: Mapping[str, str], owners: dict[str, dict[str, str]]) -> list[str]:
    """Return the table of one measurement, and put its owner among `owners`: one for each geometry that was given."""
    stated = given if one.given is None else one.given
    row = get(one.technique)
    if row.cells and "blocking cell" not in row.cells:
        kind, word, keys, table = "cells", "cell", _CELL, {}
    elif "thickness" in row.inputs or "area" in row.inputs:
        owners.setdefault("samples.sample1", {})
        kind, word, keys, table = "specimens", "pellet", {key: key for key in _PELLET}, {"sample": "sample1"}
    else:
        kind, word, keys, table = "samples", "sample", {}, {}
    table |= {keys[key]: text for key, text in stated.items() if key in keys}
    name, number = f"{word}1", 1
    while owners.get(f"{kind}.{name}", table) != table:
        number += 1
        name = f"{word}{number}"
    owners[f"{kind}.{name}"] = table
    entries: dict[str, Any] = {"of": name, "technique": one.technique, "file": file, "part": one.part}
    if "temperature" in row.inputs:
        entries["temperature"] = stated.get("temperature")
    entries |= {"columns": one.file.columns, "settings": one.settings}
    return toml_table("[[measurements]]", {key: value for key, value in entries.items() if value})
