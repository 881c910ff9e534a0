"""Athena project files (.prj) of Demeter, in the flavour of Perl and that of JSON, packed with gzip or not.

Recognised by `Athena project file` in the first line; packed, by the suffix .prj.

A group is one spectrum of its own, in the order of the file, named by its label; its columns are energy [eV] and
absorption (no counts). Perl: `@args = ('key',value, ...);`, then
`@x`, `@y` (and `@i0`, `@stddev`). JSON: a group is an object with `args`, `x`, `y`. Used of `args`: `label`,
`bkg_eshift` (**added to the energies**, as Athena does: without it a fraction may move by five per cent), `bkg_e0` (on the
shifted axis), `bkg_pre1`, `bkg_pre2`, `bkg_nor1`, `bkg_nor2`, `bkg_nnorm` (ranges of the pre-edge line and of the
post-edge polynomial, eV from e0) and `is_nor`, which marks a spectrum as normalised. All but the energies stay as they are.

Refused: chi(k) and detector records without energies, groups whose x and y differ in length, no whole group at all.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.edges import spectrum
from closo.readers.tools.text import load_bytes

_LARGEST = 200_000_000  # bytes, unpacked
_AGAIN = "Save the project again, or export its groups as columns."
_ITEM = re.compile(r"'((?:[^'\\]|\\.)*)'|(\[[^\]]*\])|([^,()\s\[\]]+)")
_STATED = {  # of args -> name in the metadata
    "bkg_e0": "e0", "bkg_pre1": "pre1", "bkg_pre2": "pre2", "bkg_nor1": "nor1", "bkg_nor2": "nor2", "bkg_nnorm": "nnorm",
    "bkg_eshift": "energy_shift",
}  # fmt: skip


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every group of a project.

    Raises
    ------
    ReadError  when it is no such project, or holds no spectrum.
    """
    text = _unpacked(path)
    groups = _json(path, text) if text.lstrip().startswith("{") else _perl(text)
    found: list[Dataset] = []
    left = 0
    for args, columns in groups:
        x, y = columns.get("x"), columns.get("y")
        if x is None or y is None or len(x) != len(y) or len(x) < 5 or args.get("is_chi") in ("1", 1):
            left += 1
            continue
        found.append(_group(path, args, columns, part=len(found) + 1))
    if not found:
        raise ReadError(f"it holds no spectrum over energy ({left} groups are none).", file=path, hint=_AGAIN)
    return tuple(found)


def _unpacked(path: Path) -> str:
    raw = bytes(load_bytes(path))
    if raw.startswith(b"\x1f\x8b"):
        try:
            unpacker = zlib.decompressobj(wbits=31)
            raw = unpacker.decompress(raw, _LARGEST)
            if unpacker.unconsumed_tail or not unpacker.eof:
                raise ReadError("it is not whole, or too large when unpacked.", file=path, hint=_AGAIN)
        except (zlib.error, gzip.BadGzipFile) as error:
            raise ReadError(f"it cannot be unpacked ({error}).", file=path, hint=_AGAIN) from None
    text = raw.decode("latin-1")
    if "Athena project file" not in text[:500]:
        raise ReadError("it does not begin as an Athena project does.", file=path, hint=_AGAIN)
    return text


def _perl(text: str) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Yield args and columns of each group: lines `@name = (...);` up to the next `$old_group`."""
    args: dict[str, Any] = {}
    columns: dict[str, np.ndarray] = {}
    for line in (*text.split("\n"), "$old_group"):
        if line.startswith("$old_group"):
            if args:
                yield args, columns
            args, columns = {}, {}
        elif line.startswith("@") and " = (" in line and line.rstrip().endswith(");"):
            name, _, rest = line[1:].partition(" = (")
            if name == "args":
                items = [quoted or plain for quoted, _, plain in _ITEM.findall(rest.rpartition(")")[0])]
                args = dict(zip(items[::2], items[1::2], strict=False))
            else:
                columns[name] = _numbers(re.findall(r"[^',()\s;]+", rest))


def _json(path: Path, text: str) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    try:
        project = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"its JSON is damaged ({str(error)[:80]}).", file=path, hint=_AGAIN) from None
    for group in project.values() if isinstance(project, dict) else ():
        if isinstance(group, dict) and isinstance(group.get("args"), dict):
            yield group["args"], {k: _numbers(v) for k, v in group.items() if isinstance(v, list)}


def _numbers(items: list[Any]) -> np.ndarray:
    try:
        return np.array([float(item) for item in items])
    except (TypeError, ValueError, OverflowError):
        return np.empty(0)


def _group(path: Path, args: Mapping[str, Any], columns: Mapping[str, np.ndarray], *, part: int) -> Dataset:
    """Return one group, its energies moved by the shift that is stored with it."""
    stated: dict[str, Any] = {"axis": "energy"}
    for key, name in _STATED.items():
        value = _numbers([args.get(key)])
        if value.size and np.isfinite(value[0]) and abs(value[0]) < 1e6:
            stated[name] = float(value[0])
    if str(args.get("is_nor")) == "1":
        stated["ordinate"] = "normalised"
    shift = float(stated.get("energy_shift", 0.0))
    told = (f"The energies were moved by {shift:g} eV, the shift stored in the project.",) if shift else ()
    error = columns.get("stddev")
    with np.errstate(all="ignore"):
        return spectrum(
            path,
            columns["x"] + shift,
            columns["y"],
            error=error if error is not None and len(error) == len(columns["x"]) else None,
            part=part,
            title=str(args.get("label") or f"group {part}").strip(),
            metadata=stated,
            warnings=told,
        )
