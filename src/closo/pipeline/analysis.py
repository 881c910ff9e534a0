"""Analyse a whole study: compute what is stale, keep each result as it finishes, go on past what is bad."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from closo.errors import ClosoError
from closo.pipeline.jobs import File, Job
from closo.pipeline.listing import Listings
from closo.pipeline.obtaining import Compute, obtain
from closo.pipeline.plan import key_of, plan, plan_measurement
from closo.pipeline.recalling import basis_of, sealed, write_seal
from closo.pipeline.records import Analysis, Failure, Obtained
from closo.processes import Progress
from closo.store import PATIENCE, Store, existing_store, open_store
from closo.study import Study, load
from closo.techniques import get

if TYPE_CHECKING:
    from closo.pipeline.workers import Crew


def analyse(
    study: Study | str | Path,
    *,
    workers: int = 1,
    scheduler: Any = None,
    progress: Progress | None = None,
    wait: float = PATIENCE,
) -> Analysis:
    """Return all results of a study; what is on disk and still true is not computed again.

    A result is computed again when the file's content, the part, the inputs from study.toml with their uncertainties,
    the settings, or closo's code have changed. Killed at any moment and started again, it goes on where it was.

    Parameters
    ----------
    study : a study, its folder, or its study.toml.
    workers : number of processes that analyse measurements; 0 takes as many as there are cores.
    scheduler : address of a Dask scheduler (on this computer, or tls://) whose workers see the study under the same path,
        or a `distributed.Client`; they analyse the measurements instead.
    progress : called with (finished, total, what); what is waited for is told with total = 0.
    wait : how long to wait for another closo that works on the study [s].

    Raises
    ------
    StudyError  when the study is wrong, its folder cannot be written, another closo process is using it, or the scheduler
    does not answer or is lost; what was finished is kept.
    """
    asked, study = study, study if isinstance(study, Study) else load(study)
    store = open_store(study.folder)
    report = progress or _silent
    known = sealed(study, store)
    if known is not None and not known.failures:  # what failed is tried again
        report(len(known.results), len(known.results), "known")
        return known
    from closo.engine.places import refuse_workers_of_workers
    from closo.pipeline.workers import Crew  # starting processes: not for who finds all known

    if workers != 1 and scheduler is None:
        refuse_workers_of_workers()  # not in the lock, for which the leader of this worker has it
    with store.locked(wait=wait, tell=progress and (lambda text: report(0, 0, text))) as waited:
        if waited:  # the study may have been edited meanwhile, and the other have done the work
            study = asked if isinstance(asked, Study) else load(asked)
            known = sealed(study, store)
            if known is not None and not known.failures:
                return known
        basis = basis_of(study)
        with Crew(workers, scheduler) as crew:
            if not store.keys():
                crew.expect([get(measurement.technique) for measurement in study.measurements])
            measured = _measure(study, store, compute=crew.compute, report=report)
            analysis, fingerprints = _combined(study, measured, store, crew)
        _forget(store, fingerprints, analysis.failures)
        write_seal(analysis, store, basis)
    return analysis


def look_up(study: Study, store: Store) -> Analysis:
    """Return the results that are in a store and still true, and which are waiting to be computed.

    Parameters
    ----------
    store : that is only read.
    """
    measured = _measure(study, store, compute=lambda _jobs: iter(()), report=_silent)
    analysis, _ = _combined(study, measured, store)
    unread = [f.key for f in analysis.failures if isinstance(f.error, _UnreadError)]
    kept = tuple(store.keys())
    missing = [*unread, *analysis.waiting]
    if missing:  # what is made of them cannot be looked up, and is no longer true
        missing += [key for key in kept if key not in analysis.results and not key.startswith(tuple(missing))]
    waiting = {
        key: "changed since it was computed" if any(k.startswith(key) for k in kept) else "not computed yet"
        for key in missing
    }
    failures = tuple(f for f in analysis.failures if not isinstance(f.error, _UnreadError))
    return replace(analysis, failures=failures, waiting=waiting, notes=() if waiting else analysis.notes)


def job_of(study: Study, key: str) -> Job | None:
    """Return what a result of a study is computed from, None where the study does not ask for it, or has not been analysed.

    The file is not opened, except for its hash.
    """
    listings = Listings(existing_store(study.folder), _not_now)
    for measurement in study.measurements:
        if key.startswith(f"{key_of(study, measurement)}#"):
            for job in plan_measurement(study, measurement, listings.parts_of):
                if isinstance(job, Job) and job.key == key:
                    return replace(job, read_by=listings.read_by[job.sha256, job.reader, job.columns])
    return None


def _combined(
    study: Study, measured: Obtained, store: Store, crew: Crew | None = None
) -> tuple[Analysis, dict[str, str]]:
    """Return the analysis with what is made of the measurements, and key -> fingerprint of every result."""
    from closo.pipeline.combining import combine_all
    from closo.pipeline.explained import recall_explained

    combined = combine_all(study, measured, store=store, crew=crew)
    fingerprints = {**measured.fingerprints, **combined.fingerprints}
    explained, own, notes = recall_explained(study, fingerprints, store)
    combined.results.update(explained)
    fingerprints.update(own)
    combined.notes.extend(notes)
    analysis = Analysis(
        study=study,
        results={**measured.results, **combined.results},
        failures=(*measured.failures, *combined.failures),
        notes=tuple(combined.notes),
        computed=measured.computed + combined.computed,
        cached=measured.cached + combined.cached,
        waiting=dict.fromkeys((*measured.waiting, *combined.waiting), ""),
        fingerprints=fingerprints,
    )
    return analysis, fingerprints


class _UnreadError(ClosoError):
    """A file that must be read before it is known what it holds, where nothing may be computed."""


def _silent(_finished: int, _total: int | None, _what: str) -> None:
    """Show nothing."""


def _measure(study: Study, store: Store, *, compute: Compute[Job], report: Progress) -> Obtained:
    """Return the results of all single measurements, from disk or computed now."""
    report(0, len(study.measurements), "reading files")
    planned = _plan(study, store)
    jobs = [job for job in planned if isinstance(job, Job)]
    obtained = Obtained(failures=[failure for failure in planned if isinstance(failure, Failure)])
    failed = len(obtained.failures)
    obtain(
        obtained,
        jobs,
        store=store,
        compute=compute,
        report=lambda done, what: report(failed + done, len(planned), what),
    )
    return obtained


def _plan(study: Study, store: Store) -> list[Job | Failure]:
    """Return what the study asks for; files that have not changed are not read again to see what they hold."""
    listings = Listings(store, _not_now if store.read_only else None)
    planned = [
        replace(job, read_by=listings.read_by[job.sha256, job.reader, job.columns]) if isinstance(job, Job) else job
        for job in plan(study, listings.parts_of)
    ]
    if listings.new:
        store.save_listings(listings.new)
    return planned


def _not_now(_file: File) -> NoReturn:
    raise _UnreadError("not read yet")


def _forget(store: Store, keys: Container[str], failures: Sequence[Failure]) -> None:
    """Forget results of what left the study; keep those whose file is only bad or missing for now."""
    bad = tuple(failure.key for failure in failures)
    store.keep_only(key for key in store.keys() if key in keys or (bad and key.startswith(bad)))
