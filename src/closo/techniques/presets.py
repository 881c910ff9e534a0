"""Presets: the settings of a technique in a file, applied to the next batch.

A preset is TOML with one table, `[settings.impedance]`, whose keys are those of `--set`. The same table may stand in
study.toml.

    [settings.impedance]
    circuit = "(R1|Q1)-(R2|Q2)-Q3"
    hold = "n3=0.85"
    assign = "R1:bulk, R2:grain_boundary"
    f_max = "1 MHz"
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closo.errors import StudyError, did_you_mean
from closo.techniques import Technique, get
from closo.techniques.choices import fits
from closo.toml import read_toml, toml_table

if TYPE_CHECKING:
    from closo.result import Result


def read_preset(technique: str, path: str | Path) -> dict[str, Any]:
    """Return the settings of a preset, or those that the model file of another program means.

    Raises
    ------
    StudyError, ReadError  when the file is missing, no preset, or has a setting that cannot be.
    """
    row, path = get(technique), Path(path)
    if path.suffix.lower() in row.model_files:
        found: dict[str, Any] = importlib.import_module(row.module).read_model(path)
        return found
    settings = _table(read_toml(path), row, path)
    for key, value in settings.items():
        if key not in row.settings:
            raise StudyError(
                f"'{key}' is not a setting of {technique}.", file=path, hint=did_you_mean(key, row.settings)
            )
        kind, meaning = row.settings[key]
        if not fits(value, kind):
            raise StudyError(f"{key} = {value!r} is not a {kind.__name__} ({meaning}).", file=path)
        wrong = row.wrong_choice(key, value)
        if wrong is not None:
            raise StudyError(wrong, file=path)
    try:
        row.check_settings(settings)
    except StudyError as error:
        raise StudyError(error.message, file=path, hint=error.hint) from None
    return settings


def _table(content: dict[str, Any], row: Technique, path: Path) -> dict[str, Any]:
    """Return the table of the technique; a file without it, or with anything else, is not a preset."""
    settings = content.get("settings")
    tables = settings if isinstance(settings, dict) else {}
    table = tables.get(row.name)
    others = [*(k for k in content if k != "settings"), *(k for k in tables if k != row.name)]
    if not isinstance(table, dict) or others:
        found = f"it has {', '.join(others[:3])}" if others else "it is empty"
        raise StudyError(
            f"a preset has one table, [settings.{row.name}]; {found}.",
            file=path,
            hint="--save-preset writes one.",
        )
    return table


def save_preset(technique: str, path: str | Path, settings: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Write what was asked for, and of a single result the circuit and the values it ended with, as values to begin with.

    Parameters
    ----------
    path : `.toml`, or the ending of a model file that the technique writes; then one result is needed.
    settings : what was asked for.
    results : what came out.

    Returns
    -------
    One sentence that says what was written.

    Raises
    ------
    StudyError  when there is nothing to save, or the file cannot be written.
    """
    row, path = get(technique), Path(path)
    module = importlib.import_module(row.module)
    if path.suffix.lower() in row.model_files:
        if len(results) != 1:
            raise StudyError(
                f"{path.name} holds one model, and {len(results)} results came out.", hint="Name one file."
            )
        _write(path, module.model_text(results[0]))
        return f"The fitted circuit of {results[0].name} is in {path}."
    if path.suffix.lower() != ".toml":
        possible = ", ".join((".toml", *row.model_files))
        raise StudyError(f"a preset cannot end in '{path.suffix}'.", file=path, hint=f"Possible: {possible}.")
    kept = dict(settings)
    if row.model_files and len(results) == 1:
        kept |= module.settings_of(results[0])  # these two, as they ended; the rest as it was asked
    if not kept:
        raise StudyError(
            "there is nothing to save: no setting was given.", file=path, hint="Use --set, or analyse a single file."
        )
    command = f"# Settings for: closo run {row.name} FILE... --preset THIS_FILE"
    table = toml_table(f"[settings.{row.name}]", {key: kept[key] for key in row.settings if key in kept})
    _write(path, "\n".join([command, *table]))
    whose = f", with the values of {results[0].name} to begin with" if len(results) == 1 and "start" in kept else ""
    return f"{len(kept)} settings are in {path}{whose}."


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(text.encode())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StudyError(f"the preset cannot be written ({error.strerror}).", file=path) from None
