"""Verify an archive: every file against its hash, every result against its files; and compute all of it again, if asked.

Nothing of an archive is believed or run. It is read as a stream; only `unpack`, and `verify_archive` with `rerun`, write the
files of its study to a folder, under names that were checked.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closo import pipeline
from closo.documents import from_document
from closo.errors import ClosoError, ReadError, StudyError
from closo.exchange.archive import Archive, opened
from closo.exchange.crate import METADATA
from closo.pipeline.explained import EXPLAINED
from closo.pipeline.verifying import misfits
from closo.processes import Progress
from closo.quantity import Quantity
from closo.result import Result

_MOST_METADATA = 100_000_000  # bytes
_MOST_RESULT = 50_000_000
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError, ClosoError)


@dataclass(frozen=True)
class Checked:
    """What an archive is."""

    files: int  # how many were hashed
    results: int  # how many results of closo are in it
    faults: tuple[str, ...]  # a sentence for each thing that does not fit; empty where everything does
    repeated: int | None = None  # how many quantities were computed again and agree; None where that was not asked


def verify_archive(path: Path, *, rerun: bool = False, workers: int = 1, progress: Progress | None = None) -> Checked:
    """Check an archive of `closo export`, or the files of an .eln of another program.

    Parameters
    ----------
    rerun : compute the study again in a temporary folder, and compare every quantity.
    workers : number of processes that compute it.

    Raises
    ------
    ReadError  when it is not an archive, should not be opened, or has no metadata.
    """
    with opened(Path(path)) as archive:
        root, entries = _metadata(archive)
        faults, hashes = _check_files(archive, root, entries)
        results, more = _check_results(archive, root, hashes)
        faults += more
        if not rerun:
            return Checked(len(hashes), len(results), tuple(faults))
        with tempfile.TemporaryDirectory(prefix="closo-") as folder:
            _unpack(archive, root, Path(folder))
            analysis = pipeline.analyse(folder, workers=workers, progress=progress)
    repeated, more = _compare(results, analysis.results)
    return Checked(len(hashes), len(results), (*faults, *more), repeated)


def unpack(path: Path, folder: Path) -> Path:
    """Write the study of an archive into a new folder, and return it.

    Raises
    ------
    ReadError   when the archive should not be opened, or holds no study of closo.
    StudyError  when the folder is not empty or cannot be written.
    """
    folder = Path(folder)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise StudyError("the folder is not empty.", file=folder, hint="Choose another one.")
        with opened(Path(path)) as archive:
            root, _ = _metadata(archive)
            folder.mkdir(parents=True, exist_ok=True)
            _unpack(archive, root, folder)
    except OSError as error:
        raise StudyError(f"the study cannot be unpacked ({error.strerror or error}).", file=folder) from None
    return folder


def results_of(path: Path) -> dict[str, Result]:
    """Return the results that an archive states, without their curves.

    Raises
    ------
    ReadError  when it is not an archive of closo, or damaged.
    """
    with opened(Path(path)) as archive:
        root, _ = _metadata(archive)
        results, faults = _check_results(archive, root, {})
    if not results and faults:
        raise ReadError(faults[0], file=path)
    return results


def _metadata(archive: Archive) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """Return the folder of the crate, with '/' at its end, and its files: name -> what is said of it."""
    names = [name for name in archive.members if name.rpartition("/")[2] == METADATA and name.count("/") <= 1]
    if len(names) != 1:
        raise ReadError(
            f"the archive holds {len(names)} files {METADATA}; a crate has one.",
            file=archive.path,
            hint="`closo export STUDY --to FILE.eln` writes one.",
        )
    try:
        graph = json.loads(archive.read(names[0], most=_MOST_METADATA))["@graph"]
        entries = {
            str(one["@id"]).removeprefix("./"): one
            for one in graph
            if "File" in (one["@type"] if isinstance(one["@type"], list) else [one["@type"]])
        }
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ReadError(f"its metadata are damaged ({str(error)[:80]}).", file=archive.path, where=names[0]) from None
    return names[0].removesuffix(METADATA), entries


def _check_files(
    archive: Archive, root: str, entries: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], dict[str, str]]:
    """Return what does not fit, and name -> sha256 of every file in the folder of the crate."""
    faults = [
        f"{name}: named in the metadata, and not in the archive."
        for name in entries
        if root + name not in archive.members
    ]
    hashes: dict[str, str] = {}
    for whole in archive.members:
        name = whole.removeprefix(root)
        if name == METADATA:
            continue
        if not whole.startswith(root) or name not in entries:
            faults.append(f"{whole}: in the archive, and not named in the metadata.")
            continue
        hashes[name] = archive.sha256(whole)
        stated = entries[name].get("sha256")
        if stated is None:
            faults.append(f"{name}: the metadata state no hash.")
        elif str(stated).lower() != hashes[name]:
            faults.append(
                f"{name}: has changed since it was exported ({str(stated)[:8]} then, {hashes[name][:8]} now)."
            )
    return faults, hashes


def _check_results(archive: Archive, root: str, hashes: Mapping[str, str]) -> tuple[dict[str, Result], list[str]]:
    """Return the results, and what in their provenance does not fit the files beside them."""
    results: dict[str, Result] = {}
    kept: dict[str, tuple[str, str, str]] = {}  # key -> fingerprint, document, inputs
    faults = []
    for whole in archive.members:
        name = whole.removeprefix(root)
        if not (name.startswith("results/") and name.endswith(".json")):
            continue
        try:
            stored = json.loads(archive.read(whole, most=_MOST_RESULT))
            key, document = str(stored["key"]), stored["document"]
            results[key] = from_document(document, b"")
            kept[key] = (str(stored["fingerprint"]), json.dumps({"provenance": document["provenance"]}), name)
            curves = f"{name.removesuffix('.json')}.npz"
            if hashes and hashes.get(curves) != stored["curves_sha256"]:
                faults.append(f"{key}: its curves ({curves}) are not those that were computed with it.")
        except _DAMAGE as error:
            faults.append(f"{name}: this is not a result ({str(error)[:80]}).")
    fingerprints = {key: row[0] for key, row in kept.items()}
    if hashes:
        now = lambda name: hashes.get(f"study/{name}", f"the file {name} is not in the archive.")  # noqa: E731
        faults += [f"{key}: {text}" for key, row in kept.items() for text in misfits(row[1], fingerprints, now)]
    return results, faults


def _unpack(archive: Archive, root: str, folder: Path) -> None:
    inside = f"{root}study/"
    if f"{inside}study.toml" not in archive.members:
        raise ReadError("the archive holds no study of closo.", file=archive.path, hint="Its files can be verified.")
    for whole in archive.members:
        if whole.startswith(inside):
            target = folder / whole.removeprefix(inside)
            if not target.resolve().is_relative_to(folder.resolve()):
                raise ReadError("a name leads out of the folder.", file=archive.path, where=whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                for piece in archive.chunks(whole):
                    file.write(piece)


def _compare(stated: Mapping[str, Result], made: Mapping[str, Result]) -> tuple[int, list[str]]:
    """Return how many quantities agree, and a sentence for each that does not."""
    faults = [
        f"{key}: computed again, this result does not come out."
        for key in stated
        if key not in made and key not in EXPLAINED  # `closo infer` makes them, and no analysis
    ]
    faults += [f"{key}: computed again, this result is new." for key in made if key not in stated]
    agree = 0
    for key in stated.keys() & made.keys():
        before, after = stated[key].quantities, made[key].quantities
        for name in dict.fromkeys((*before, *after)):
            one, other = before.get(name), after.get(name)
            if one is not None and other is not None and _agree(one, other):
                agree += 1
            else:
                faults.append(f"{key}, {name}: {one} in the archive, {other} computed again.")
    return agree, faults


def _agree(one: Quantity, other: Quantity) -> bool:
    """Return whether two numbers are the same but for what another processor makes of the last digits."""
    if one.value is None or other.value is None or one.u is None or other.u is None:
        return one.value is None and other.value is None
    slack = max(0.01 * max(one.u, other.u), 1e-9 * abs(one.value))
    return abs(one.value - other.value) <= slack and math.isclose(
        one.u, other.u, rel_tol=0.02, abs_tol=1e-9 * abs(one.value)
    )
