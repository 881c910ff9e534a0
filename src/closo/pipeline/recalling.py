"""What a study's store holds, read without computing and without the lock: also while `analyse` runs.

When `analyse` has finished it leaves a seal: a hash of everything that it looked at (study.toml, the bytes of the files, the
code) beside the keys of its results, its failures and notes. While the seal holds, all of them are true, and reading them
needs neither readers nor techniques. Where it is broken, each result is looked up by what it is computed from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from closo import readers
from closo.combine import combinations
from closo.errors import ClosoError
from closo.pipeline.code import code_version
from closo.pipeline.explained import EXPLAINED
from closo.pipeline.jobs import as_closo_error, fingerprint_of
from closo.pipeline.plan import hash_of, supplied_files
from closo.pipeline.records import Analysis, Failure
from closo.store import Store, existing_store
from closo.study import Study, files_of, load
from closo.techniques import get

if TYPE_CHECKING:
    from closo.claims import Verdict

_SEAL = "seal"


def recall(study: Study | str | Path) -> Analysis:
    """Return the results of a study that are on disk and still true; nothing is computed or written.

    Parameters
    ----------
    study : a study, its folder, or its study.toml.

    Returns
    -------
    Analysis
        with `waiting`: what `analyse` has still to do.

    Raises
    ------
    StudyError  when the study is wrong, or its store is damaged or of a newer closo.
    """
    study = study if isinstance(study, Study) else load(study)
    store = existing_store(study.folder)
    if store is None:
        return Analysis(study, {}, waiting={"all results": "not computed yet"})
    known = sealed(study, store)
    if known is None:
        from closo.pipeline.analysis import look_up

        known = look_up(study, store)
    return known


def judge(analysis: Analysis) -> list[Verdict]:
    """Return the verdict on every claim of the study's claims.toml; one that is not written as a claim is undecided.

    Raises
    ------
    StudyError  when claims.toml is not TOML.
    """
    from closo.claims import judge as judge_claims
    from closo.claims import read_claims

    return judge_claims(read_claims(analysis.study.folder), analysis.results)


def sealed(study: Study, store: Store) -> Analysis | None:
    """Return what the last `analyse` returned, None where something has changed since, or has been damaged."""
    text = store.remembered(_SEAL)
    seal = {} if text is None else json.loads(text)
    if not seal or seal["results"] != store.keys() or seal["basis"] != basis_of(study):
        return None
    results = store.find_all({key: seal["results"][key] for key in seal["order"]})
    if len(results) < len(seal["order"]):
        return None
    failures = tuple(Failure(key, as_closo_error(fields)) for key, fields in seal["failures"])
    return Analysis(study, results, failures, tuple(seal["notes"]), cached=len(results), fingerprints=seal["results"])


def write_seal(analysis: Analysis, store: Store, basis: str) -> None:
    """Leave a seal on all that `analyse` is about to return.

    Parameters
    ----------
    basis : `basis_of` the study before anything was read.
    """
    seal = {
        "basis": basis,
        "results": store.keys(),
        "order": list(analysis.results),
        "failures": [[f.key, {"kind": type(f.error).__name__, **f.error.as_json()}] for f in analysis.failures],
        "notes": list(analysis.notes),
    }
    store.remember(_SEAL, json.dumps(seal))


def basis_of(study: Study) -> str:
    """Return the sha256 of everything that the results of a study depend on: its tables, its files, all code."""
    techniques = sorted({get(m.technique).module for m in study.measurements})
    everything = readers.modules_of(", ".join(row.name for row in readers.READERS))
    combined = sorted({row.module for row in combinations().values() if row.module})
    tables = ("closo.pipeline.analysis", "closo.readers", "closo.techniques", "closo.combine")
    code = code_version(*tables, *everything, *techniques, *combined, *EXPLAINED.values())
    return fingerprint_of([repr(study.model_copy(update={"folder": Path()})), dict(_hashes(study)), code])


def _hashes(study: Study) -> Iterable[tuple[str, str]]:
    """Yield the name and the hash of every file that is measured or named by a setting, or why it has none."""
    for measurement in study.measurements:
        try:
            yield from (
                (str(path.relative_to(study.folder.resolve())), hash_of(path)) for path in files_of(study, measurement)
            )
            settings = {**study.settings.get(measurement.technique, {}), **measurement.settings}
            yield from supplied_files(study, get(measurement.technique), settings).items()
        except ClosoError as error:
            yield measurement.file, str(error)
