"""Write the settings of a measurement into study.toml, and leave every other character as it was.

The file is parsed before and after; where anything else than those settings would differ, nothing is written.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from closo.errors import StudyError
from closo.pipeline.plan import key_of
from closo.study import Study
from closo.techniques import get
from closo.toml import toml_text

_HEADER = re.compile(r"\s*\[\[\s*measurements\s*\]\]\s*(#.*)?")
_TABLE = re.compile(r"\s*\[")
_SETTINGS = re.compile(r"\s*settings\s*=")


def keep_settings(study: Study, key: str, settings: Mapping[str, Any]) -> None:
    """Write the settings of the measurement behind a result.

    Raises
    ------
    StudyError  when the text of study.toml does not allow it; the line to write by hand is in the message.
    """
    number = next((k for k, m in enumerate(study.measurements) if key.startswith(f"{key_of(study, m)}#")), None)
    path = study.folder / "study.toml"
    if number is None:
        raise StudyError("the study does not ask for this measurement any more.", file="study.toml")
    settings = _own(study, number, settings)
    text = path.read_text(encoding="utf-8")
    written = _replaced(text, number, settings)
    if written is None or not _differs_there_only(text, written, number, settings):
        raise StudyError(
            "the settings of this measurement are written in a way that is not changed from here.",
            file="study.toml",
            hint=f"Write settings = {toml_text(settings)} in its table.",
        )
    part = path.with_name(f".study.toml.{os.getpid()}")
    part.write_text(written, encoding="utf-8")
    part.replace(path)


def _own(study: Study, number: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the study does not state for all measurements, or of their owner, already.

    Raises
    ------
    StudyError  when one of those was emptied: it would count again as soon as the study is analysed.
    """
    measurement = study.measurements[number]
    row = get(measurement.technique)
    stated = {k: v for k, v in study.owner_of(measurement).states().items() if k in row.settings}
    common = {**study.settings.get(measurement.technique, {}), **stated}
    emptied = [key for key in common if key not in settings]
    if emptied:
        raise StudyError(
            f"{emptied[0]} = {common[emptied[0]]!r} holds for more than this measurement, and was emptied for it alone.",
            file="study.toml",
            hint=f"Give {emptied[0]} another value here, or take it out of [settings.{measurement.technique}].",
        )
    return {key: value for key, value in settings.items() if key not in common or common[key] != value}


def _replaced(text: str, number: int, settings: Mapping[str, Any]) -> str | None:
    lines = text.splitlines(keepends=True)
    heads = [k for k, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\n"))]
    if number >= len(heads):
        return None
    first = heads[number]
    end = next((k for k in range(first + 1, len(lines)) if _TABLE.match(lines[k])), len(lines))
    line = f"settings = {toml_text(settings)}\n"
    old = next((k for k in range(first + 1, end) if _SETTINGS.match(lines[k])), None)
    if old is not None:
        lines[old : old + 1] = [line] if settings else []
    elif settings:
        lines.insert(first + 1, line)
    return "".join(lines)


def _differs_there_only(before: str, after: str, number: int, settings: Mapping[str, Any]) -> bool:
    try:
        old, new = tomllib.loads(before), tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    asked = old["measurements"][number]
    asked.pop("settings", None)
    if settings:
        asked["settings"] = dict(settings)
    return bool(old == new)
