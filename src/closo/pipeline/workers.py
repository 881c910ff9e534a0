"""Compute jobs here, in worker processes or on a cluster. A job whose worker dies is tried once more, alone."""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from closo.engine.calling import Outcome
from closo.engine.places import Place, Processes
from closo.errors import DataError
from closo.pipeline.jobs import Computed, Job, compute
from closo.processes import cores

_PAYS = 8  # jobs; a process takes about as long to start as these take
_MOST = 50  # jobs in one group: they are lost together
_WAIT = 1.0  # s
_COMPUTE = f"{__name__}:compute_several"


def compute_all(jobs: Sequence[Job], *, workers: int = 1, scheduler: Any = None) -> Iterator[tuple[Job, Computed]]:
    """Yield every job with what came of it, as soon as it is finished.

    Parameters
    ----------
    workers : number of processes; 1 computes in this one, 0 takes as many as there are cores and as pay.
    scheduler : address of a Dask scheduler whose workers see the files under the same paths, or a `distributed.Client`.
    """
    if scheduler is None:
        workers = workers or max(1, min(cores(), len(jobs) // _PAYS))
        if workers <= 1 or len(jobs) < 2:
            for job in jobs:
                yield job, compute(job)
            return
    elif not jobs:
        return
    place = _place(workers, scheduler)
    try:
        yield from _on(place, jobs, workers=max(workers, 1))
    finally:
        place.close()


def compute_several(jobs: Sequence[Job]) -> list[Computed]:
    """Compute jobs of one file, in a worker."""
    if "xarray" not in sys.modules:  # which remembers whether dask is there
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # else xarray imports it, to ask whether it is used
    return [compute(job) for job in jobs]


def _place(workers: int, scheduler: Any) -> Place:
    if scheduler is not None:
        from closo.engine.cluster import connect

        return connect(scheduler, at_least=max(workers, 2))
    return Processes(workers)


def _on(place: Place, jobs: Sequence[Job], *, workers: int) -> Iterator[tuple[Job, Computed]]:
    """Yield what a place finishes."""
    waiting = deque(_by_file(dict(enumerate(jobs)), workers))
    under_way: dict[str, list[int]] = {}
    deaths: Counter[int] = Counter()
    sent = 0
    while waiting or under_way:
        while waiting and len(under_way) < place.size:
            sent += 1
            under_way[str(sent)] = numbers = waiting.popleft()
            place.submit(str(sent), _COMPUTE, {"jobs": [jobs[number] for number in numbers]})
        for outcome in place.wait(_WAIT):
            numbers = under_way.pop(outcome.key)
            if outcome.failure is None:
                yield from zip((jobs[number] for number in numbers), outcome.result, strict=True)
                continue
            for number in numbers:  # one of them was it: each is tried once more, alone
                deaths[number] += 1
                if deaths[number] > 1:
                    yield jobs[number], _killed(jobs[number], outcome)
                else:
                    waiting.append([number])


def _by_file(jobs: Mapping[int, Job], workers: int) -> list[list[int]]:
    """Return jobs in groups of one file each, so that it is read once; none so large that the others wait for it."""
    most = max(1, min(_MOST, len(jobs) // (4 * workers)))
    groups: list[list[int]] = []
    for number, job in jobs.items():
        if groups and jobs[groups[-1][0]].path == job.path and len(groups[-1]) < most:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _killed(job: Job, outcome: Outcome) -> Computed:
    died = "died" in str(outcome.failure)
    what = (
        "the process that analysed this file was killed, twice." if died else f"it went wrong twice: {outcome.failure}"
    )
    hint = (
        "Is there enough memory? Else report the file." if died else "Do the workers have closo, and the same folders?"
    )
    return Computed(error={"kind": "DataError", **DataError(what, file=job.file, hint=hint).as_json()})
