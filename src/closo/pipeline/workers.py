"""Compute jobs, here or in worker processes. A worker that dies costs one try; then its job fails and the rest goes on."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from closo.errors import DataError, StudyError
from closo.pipeline.jobs import Computed, Job, compute
from closo.processes import end_with_parent

__all__ = ["compute_all"]

_PAYS = 8  # jobs; a process takes about as long to start as these take


def compute_all(jobs: Sequence[Job], *, workers: int = 1) -> Iterator[tuple[Job, Computed]]:
    """Yield every job with what came of it, as soon as it is finished.

    Parameters
    ----------
    workers : number of processes; 1 computes in this one, 0 takes as many as there are cores and as pay.
    """
    workers = workers or max(1, min(_cores(), len(jobs) // _PAYS))
    if workers <= 1 or len(jobs) < 2:
        for job in jobs:
            yield job, compute(job)
        return
    if multiprocessing.parent_process() is not None:
        raise StudyError(
            "a worker process was asked to start workers of its own.",
            hint="In a script, put the call of analyse(workers=...) under if __name__ == '__main__'.",
        )
    left = dict(enumerate(jobs))
    for number, computed in _run_pool(left, workers):
        yield left.pop(number), computed
    yield from _one_by_one(list(left.values()))  # a worker died and took the pool with it: who was it?


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_pool(jobs: Mapping[int, Job], workers: int) -> Iterator[tuple[int, Computed]]:
    """Yield what the pool finishes; when a worker dies, stop early."""
    with _pool(workers) as pool:
        waiting: dict[Future[list[Computed]], list[int]] = {}
        try:
            with suppress(BrokenProcessPool):
                for numbers in _by_file(jobs, workers):
                    waiting[pool.submit(_compute_several, [jobs[number] for number in numbers])] = numbers
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    numbers = waiting.pop(future)
                    with suppress(BrokenProcessPool):
                        yield from zip(numbers, future.result(), strict=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _by_file(jobs: Mapping[int, Job], workers: int) -> list[list[int]]:
    """Return jobs in groups of one file each, so that it is read once; none so large that the others wait for it."""
    most = max(1, len(jobs) // (4 * workers))
    groups: list[list[int]] = []
    for number, job in jobs.items():
        if groups and jobs[groups[-1][0]].path == job.path and len(groups[-1]) < most:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _compute_several(jobs: Sequence[Job]) -> list[Computed]:
    return [compute(job) for job in jobs]


def _one_by_one(jobs: Sequence[Job]) -> Iterator[tuple[Job, Computed]]:
    """Compute jobs in one other process; the job during which it dies fails with a sentence, the rest goes on."""
    pool: ProcessPoolExecutor | None = None
    try:
        for job in jobs:
            pool = pool or _pool(1)
            try:
                yield job, pool.submit(compute, job).result()
            except BrokenProcessPool:
                pool.shutdown()
                pool = None
                yield job, _killed(job)
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _killed(job: Job) -> Computed:
    error = DataError(
        "the process that analysed this file was killed, twice.",
        file=job.file,
        hint="Is there enough memory? Else report the file.",
    )
    return Computed(error={"kind": "DataError", **error.as_json()})


def _pool(workers: int) -> ProcessPoolExecutor:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core each; the processes would fight for them
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Set up a process of the pool."""
    if "xarray" not in sys.modules:  # which remembers whether dask is there
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # else xarray imports it, to ask whether it is used
    end_with_parent()
