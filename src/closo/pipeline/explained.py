"""What `closo infer` found, kept with the study: `analyse`, claims, show and report find it until its data change.

Explaining takes longer than analysing, so it is made on request only, and never again for the same data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from closo.pipeline.code import code_version
from closo.pipeline.jobs import fingerprint_of
from closo.pipeline.records import Analysis
from closo.result import Provenance, Result
from closo.store import PATIENCE, Store, open_store
from closo.study import Study

INTERPHASE, MILLING, CELL = "interphase", "milling", "cell"  # keys of the results
_MODULES = ("interphase", "milling", "limits")
EXPLAINED = {key: f"closo.pipeline.{name}" for key, name in zip((INTERPHASE, MILLING, CELL), _MODULES, strict=True)}


def stamped(made: Result, analysis: Analysis, notes: list[str]) -> Result:
    """Return a result with further notes and the results that it was made from."""
    used = {
        key: fingerprint_of([repr(r.quantities), repr(r.settings), repr(r.findings)])
        for key, r in analysis.results.items()
        if key not in EXPLAINED
    }
    provenance = Provenance(
        inputs=used,
        reader="",
        function=f"closo.combine.{made.technique}",
        closo_version=code_version(__name__),
    )
    return replace(made, notes=(*made.notes, *notes), provenance=provenance)


def keep_explained(analysis: Analysis, key: str, result: Result, *, wait: float = PATIENCE) -> None:
    """Keep an explanation under its key in the study's store, for `analyse`, claims and report.

    Raises
    ------
    StudyError  when another closo works on the study for longer than `wait` [s].
    """
    store = open_store(analysis.study.folder)
    with store.locked(wait=wait):
        known = analysis.fingerprints  # not those in the store: somebody may have edited the study meanwhile
        store.save(key, result, _fingerprint(key, analysis.study, set(analysis.results), known))


def recall_explained(
    study: Study, fingerprints: Mapping[str, str], store: Store
) -> tuple[dict[str, Result], dict[str, str], list[str]]:
    """Return the explanations that were kept, their fingerprints, and a note on each that is of other data or code.

    Parameters
    ----------
    fingerprints : of all results as they are now.
    """
    results, states, notes = {}, {}, []
    kept = store.keys()
    for key in EXPLAINED:
        if key not in kept:
            continue
        now = _fingerprint(key, study, set(fingerprints), fingerprints)
        result = store.find(now) if kept[key] == now else None
        if result is None:
            notes.append(f"The {key} was explained from other data or code: run `closo infer {key}` again.")
        else:
            results[key], states[key] = result, now
    return results, states, notes


def _fingerprint(key: str, study: Study, keys: set[str], fingerprints: Mapping[str, str]) -> str:
    """Return the sha256 of all that an explanation is made from: results, recipes, powders, densities, cells, code."""
    groups = (study.samples, study.powders, study.materials, study.cells if key == CELL else {})
    tables = [repr(table) for group in groups for table in group.values()]
    used = {name: fingerprints[name] for name in sorted(keys - set(EXPLAINED)) if name in fingerprints}
    return fingerprint_of([key, used, tables, code_version(__name__, EXPLAINED[key])])
