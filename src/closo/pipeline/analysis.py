"""Analyse a whole study: compute what is stale, keep each result as it finishes, go on past what is bad."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

from closo.claims import Verdict, read_claims
from closo.claims import judge as judge_claims
from closo.pipeline.combining import combine_all
from closo.pipeline.interphase import INTERPHASE, recall_interphase
from closo.pipeline.jobs import Job, as_closo_error, list_parts
from closo.pipeline.plan import plan
from closo.pipeline.records import Analysis, Failure, Obtained
from closo.pipeline.workers import compute_all
from closo.store import Store, from_document, open_store
from closo.study import Study, load

__all__ = ["Progress", "analyse", "judge"]

Progress = Callable[[int, int, str], None]  # finished, total, what is being done


def analyse(
    study: Study | str | Path, *, workers: int = 1, progress: Progress | None = None, wait: float = 5.0
) -> Analysis:
    """Return all results of a study; what is on disk and still true is not computed again.

    A result is computed again when the file's content, the part, the inputs from study.toml with their uncertainties,
    the settings, or closo's code have changed. Killed at any moment and started again, it goes on where it was.

    Parameters
    ----------
    study : a study, its folder, or its study.toml.
    workers : number of processes that analyse measurements.
    progress : called with (finished, total, what).
    wait : how long to wait for another closo that works on the study [s].

    Raises
    ------
    StudyError  when the study is wrong, its folder cannot be written, or another closo works on it.
    """
    study = study if isinstance(study, Study) else load(study)
    store = open_store(study.folder)
    report = progress or _silent
    with store.locked(wait=wait):
        measured = _measure(study, store, workers=workers, report=report)
        combined = combine_all(study, measured, store=store)
        failures = (*measured.failures, *combined.failures)
        fingerprints = {**measured.fingerprints, **combined.fingerprints}
        explained, fingerprint, note = recall_interphase(study, fingerprints, store)
        if explained is not None and fingerprint is not None:
            combined.results[INTERPHASE] = explained
            fingerprints[INTERPHASE] = fingerprint
        combined.notes.extend([note] if note else [])
        _forget(store, fingerprints, failures)
    return Analysis(
        study=study,
        results={**measured.results, **combined.results},
        failures=failures,
        notes=tuple(combined.notes),
        computed=measured.computed + combined.computed,
        cached=measured.cached + combined.cached,
    )


def judge(analysis: Analysis) -> list[Verdict]:
    """Return the verdict on every claim of the study's claims.toml; one that is not written as a claim is undecided.

    Raises
    ------
    StudyError  when claims.toml is not TOML.
    """
    return judge_claims(read_claims(analysis.study.folder), analysis.results)


def _silent(_finished: int, _total: int, _what: str) -> None:
    """Show nothing."""


def _measure(study: Study, store: Store, *, workers: int, report: Progress) -> Obtained:
    """Return the results of all single measurements, from disk or computed now."""
    report(0, len(study.measurements), "reading files")
    planned = _plan(study, store)
    jobs = [job for job in planned if isinstance(job, Job)]
    obtained = Obtained(failures=[failure for failure in planned if isinstance(failure, Failure)])
    obtained.fingerprints.update({job.key: job.fingerprint for job in jobs})
    found = {job.key: store.find(obtained.fingerprints[job.key]) for job in jobs}
    stale = [job for job in jobs if found[job.key] is None]
    obtained.cached = len(jobs) - len(stale)
    report(len(planned) - len(stale), len(planned), "analysing")
    for k, (job, computed) in enumerate(compute_all(stale, workers=workers), 1):
        if computed.document is None:
            obtained.failures.append(Failure(job.key, as_closo_error(computed.error or {})))
        else:
            store.save_document(job.key, computed.document, computed.curves, obtained.fingerprints[job.key])
            found[job.key] = from_document(computed.document, computed.curves)
            obtained.computed += 1
        report(len(planned) - len(stale) + k, len(planned), job.key)
    obtained.results.update({key: result for key, result in found.items() if result is not None})  # order of the study
    return obtained


def _plan(study: Study, store: Store) -> list[Job | Failure]:
    """Return what the study asks for; files that have not changed are not read again to see what they hold."""
    known = store.listings()
    new: dict[str, list[dict[str, Any]]] = {}

    def list_file(
        fingerprint: str, file: tuple[str | tuple[str, ...], str, str | None, str | None]
    ) -> list[dict[str, Any]]:
        if fingerprint not in known:
            known[fingerprint] = new[fingerprint] = list_parts(file)
        return known[fingerprint]

    planned = list(plan(study, list_file))
    store.save_listings(new)
    return planned


def _forget(store: Store, keys: Container[str], failures: Sequence[Failure]) -> None:
    """Forget results of what left the study; keep those whose file is only bad or missing for now."""
    bad = tuple(failure.key for failure in failures)
    store.keep_only(key for key in store.keys() if key in keys or (bad and key.startswith(bad)))
