"""closo's own exports, .csv and .nc: they come back as they were read from the instrument's file.

Recognised by the mark `"written_by": "closo"` in the comments of a .csv, or by `CDF` at the beginning of a .nc.

Structure of a .csv: one line of names (of the nomenclature), one of SI units, one of comments, of which the first is a JSON
object of what the measurement states; then the rows, with all digits. A .nc is netCDF 3 with the same content as attributes.

Columns: the impedance as `impedance_real` and `impedance_imag` [ohm], Im Z < 0 capacitive; `current` > 0 charges. Kind,
title, metadata, suggestions, warnings, failed checks and whether the values are uncalibrated are those of the measurement;
the metadata say which file it was exported from.

Refused: a table whose JSON object is damaged, or that has other names or units; netCDF that closo did not write.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import KINDS, Dataset, load
from closo.nomenclature import NAMES
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.table import read_rows
from closo.readers.tools.text import Text, head
from closo.readers.tools.text import load as load_text

_STATED = ("kind", "source", "part", "title", "metadata", "suggestions", "warnings", "failed_checks", "uncalibrated")
_HINT = "Export it again with closo convert; --reader text reads the numbers alone, without what the file states."


def described(data: Dataset) -> dict[str, Any]:
    """Return what a measurement states beside its numbers, as plain values."""
    return {"written_by": "closo"} | {k: data.attrs[k] for k in _STATED if k in data.attrs}


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a measurement that `closo convert` wrote.

    Raises
    ------
    ReadError  when it is no such file, or damaged.
    """
    path = Path(path)
    if head(path).startswith("CDF"):
        text = Text(path, "", "binary")
        saved = load(path)
        if len(saved.dims) > 1:  # an image has no rows that could be bad
            return (saved,)
        stated: Any = described(saved)
        columns = _real(text, saved)
    else:
        text = load_text(path)
        stated, columns, warnings = _table(text)
        stated = stated | {"warnings": [*_sentences(stated.get("warnings")), *warnings]}
    part = part_of(stated, columns)
    unknown = [name for name in columns if name.removesuffix("_u") not in NAMES]
    if part is None or unknown:
        what = f"no names of closo: {', '.join(unknown)[:80]}" if unknown else "what the measurement states is damaged"
        raise text.error(f"this is not a measurement that closo wrote ({what}).", _HINT)
    return finished(text, part, stated)


def part_of(stated: Any, columns: Mapping[str, np.ndarray]) -> Part | None:
    """Return the measurement that `described` describes; None where the description is not whole.

    Parameters
    ----------
    stated : what `described` returned, as it came back from JSON.
    columns : name -> values [SI], shape (n,).
    """
    if not isinstance(stated, Mapping) or stated.get("written_by") != "closo":
        return None
    kind, uncalibrated, metadata = stated.get("kind"), stated.get("uncalibrated"), stated.get("metadata")
    if kind not in tuple(KINDS) or not isinstance(uncalibrated, bool) or not isinstance(metadata, Mapping):
        return None
    if kind == "impedance" and not {"frequency", "impedance_real", "impedance_imag"} <= set(columns):
        return None
    technique = re.sub(r" \d+$", "", str(stated.get("title", "")))[:80] or kind
    origin = {"exported_from": f"{stated.get('source')}, part {stated.get('part')}"[:200]}
    part = Part(kind, technique, columns, 0, origin | dict(metadata), uncalibrated=uncalibrated)
    return replace(
        part, warnings=_sentences(stated.get("warnings")), failed_checks=_checks(stated.get("failed_checks"))
    )


def finished(
    text: Text,
    part: Part,
    stated: Mapping[str, Any],
    *,
    metadata: Mapping[str, Any] | None = None,
    warnings: Iterable[str] = (),
) -> tuple[Dataset]:
    """Return the measurement with the title and suggestions that are stated, and each warning once."""
    suggestions = _suggestions(stated.get("suggestions"))
    (data,) = finish(text, [part], metadata=metadata, suggestions=suggestions, warnings=warnings)
    data.attrs["title"] = str(stated.get("title", data.attrs["title"]))[:200]
    data.attrs["warnings"] = tuple(dict.fromkeys(data.attrs["warnings"]))
    return (data,)


def _table(text: Text) -> tuple[Mapping[str, Any], dict[str, np.ndarray], tuple[str, ...]]:
    """Return what a .csv states, its columns, and what is wrong with its rows."""
    separator = next((s for s in ",;\t" if s in text.lines[0]), ",")
    try:
        names, units, comments = list(csv.reader(text.lines[:3], delimiter=separator, strict=True))
        stated = json.loads(comments[0])
    except (ValueError, IndexError, csv.Error, RecursionError):
        raise text.error("what the measurement states cannot be read.", _HINT, line=2) from None
    if not isinstance(stated, dict) or len(set(names)) != len(names) or len(units) != len(names):
        raise text.error("the three lines above the rows do not fit each other.", _HINT, line=2)
    for name, unit in zip(names, units, strict=True):
        known = NAMES.get(name.removesuffix("_u"))
        if known is None or known.si != unit:
            raise text.error(f"the column {name[:40]!r} in {unit[:20]!r} is not one that closo writes.", _HINT, line=0)
    lines = range(3, len(text.lines))
    rows = read_rows(text, lines, separator, wanted=list(range(len(names))), width=len(names))
    return stated, {name: rows.values[:, k] for k, name in enumerate(names)}, rows.warnings


def _real(text: Text, saved: Dataset) -> dict[str, np.ndarray]:
    """Return the variables of a .nc, each complex one as its two parts."""
    columns: dict[str, np.ndarray] = {}
    for variable, content in saved.variables.items():
        values, name = np.atleast_1d(content.values), str(variable)
        if values.ndim != 1 or values.dtype.kind not in "fiuc":
            raise text.error(f"{name[:40]!r} in it is not a row of numbers.", _HINT)
        if np.iscomplexobj(values):
            columns |= {f"{name}_real": values.real, f"{name}_imag": values.imag}
        else:
            columns[name] = values
    return columns


def _sentences(found: Any) -> tuple[str, ...]:
    return tuple(w for w in found if isinstance(w, str) and w.endswith(".")) if isinstance(found, list | tuple) else ()


def _checks(found: Any) -> tuple[Mapping[str, str], ...]:
    rows = found if isinstance(found, list | tuple) else ()
    return tuple(c for c in rows if isinstance(c, dict) and {"name", "detail"} == set(c))


def _suggestions(found: Any) -> dict[str, Any]:
    rows = found if isinstance(found, Mapping) else {}
    return {n: s for n, s in rows.items() if isinstance(s, Mapping) and set(s) == {"value", "from"}}
