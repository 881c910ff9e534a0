"""Hash everything again: stored numbers, curves, and the raw files that results say they were computed from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from closo.errors import ClosoError
from closo.pipeline.plan import hash_of
from closo.store import Store, existing_store
from closo.study import Study, load, path_in

_TRIES = 5


@dataclass(frozen=True)
class Verification:
    """What was hashed again."""

    results: int  # how many, with their curves
    files: int  # how many the results were computed from
    faults: tuple[str, ...]  # a sentence for each thing that does not fit; empty where everything does
    waiting: Mapping[str, str]  # key -> why a result is not there: not computed yet, or out of date


def verify(study: Study | str | Path) -> Verification:
    """Hash everything again that a study and its store hold, and hold it against what was noted when it was computed.

    Nothing is changed, and nothing computed.

    Raises
    ------
    StudyError  when the study is wrong, or its store cannot be opened at all.
    """
    study = study if isinstance(study, Study) else load(study)
    store = existing_store(study.folder)
    if store is None:
        return Verification(0, 0, (), {"all results": "not computed yet"})
    for _ in range(_TRIES):  # while another closo is at work, what was read first and last may not belong together
        known = store.keys()
        verified = _verified(study, store, known)
        if not verified.faults or store.keys() == known:
            break
    return verified


def _verified(study: Study, store: Store, known: Mapping[str, str]) -> Verification:
    """Hash everything once."""
    from closo.pipeline.recalling import recall

    faults = store.verify()
    waiting = recall(study).waiting
    files: set[str] = set()

    @cache
    def hash_now(name: str) -> str:
        files.add(name)
        try:
            return hash_of(path_in(study, name))
        except ClosoError as error:
            return str(error)

    for key in known:
        row = store.stored(key)
        texts = [] if row is None else misfits(row["document"], known, hash_now)
        old = key.startswith(tuple(waiting))  # that a result which it was made of is newer is why it waits
        faults += [f"{key}: {text}" for text in texts if not (old and text.startswith("the result "))]
    return Verification(len(known), len(files), tuple(faults), waiting)


def misfits(document: str, known: Mapping[str, str], hash_now: Callable[[str], str]) -> list[str]:
    """Return a sentence for each input of a stored result that is not what it was when the result was computed.

    Parameters
    ----------
    document : JSON of `to_document`.
    known : key -> fingerprint of all results.
    hash_now : of a file of the study, or why it has none.
    """
    try:
        provenance = json.loads(document)["provenance"]
        inputs, measured = dict(provenance["inputs"]), not str(provenance["function"]).startswith("closo.combine")
    except (KeyError, TypeError, ValueError, RecursionError):
        return ["it does not say what it was computed from."]
    faults = []
    for name, sha256 in inputs.items():
        now = hash_now(name) if measured else known.get(name, f"there is no result {name} any more.")
        if now == sha256:
            continue
        if " " in now:
            faults.append(now)
        else:
            what = "the file" if measured else "the result"
            faults.append(f"{what} {name} has changed since this was computed ({str(sha256)[:8]} then, {now[:8]} now).")
    return faults
