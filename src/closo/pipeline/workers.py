"""Compute tasks here, in worker processes or on a cluster. A task whose worker dies is tried once more, alone."""

from __future__ import annotations

import importlib
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from closo.engine.calling import Outcome
from closo.engine.places import Place, Processes
from closo.errors import DataError
from closo.pipeline.jobs import Computed, Job, compute
from closo.pipeline.obtaining import Combining, SomeTask, combine
from closo.processes import cores

if TYPE_CHECKING:
    from closo.techniques import Technique

_PAYS = 8  # spectra; a process takes about as long to start as these take
_MOST = 50  # spectra in one group: they are lost together
_WAIT = 1.0  # s
_COMPUTE = f"{__name__}:compute_several"


class Crew:
    """Who computes for one analysis: this process, worker processes, or a Dask cluster. Processes start where they pay.

    Parameters
    ----------
    workers : number of processes; 1 computes in this one, 0 takes as many as there are cores and as pay.
    scheduler : address of a Dask scheduler whose workers see the files under the same paths, or a `distributed.Client`.
    """

    def __init__(self, workers: int = 1, scheduler: Any = None) -> None:
        self._workers, self._scheduler = workers, scheduler
        self._place: Place | None = None
        self._under_way: dict[str, Sequence[Any]] = {}
        self._sent = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._place is not None:
            self._place.close()

    def expect(self, techniques: Sequence[Technique]) -> None:
        """Start the processes that will pay, so that they import what they need while the files are read."""
        self._begin(sum(technique.cost for technique in techniques), len(techniques))
        if isinstance(self._place, Processes):
            modules = list(dict.fromkeys(technique.module for technique in techniques))
            for _ in range(self._place.size):
                self._submit([], modules)

    def compute(self, tasks: Sequence[SomeTask]) -> Iterator[tuple[SomeTask, Computed]]:
        """Yield every task with what came of it, as soon as it is finished."""
        self._begin(sum(task.cost for task in tasks), len(tasks))
        if self._place is None or not tasks:
            for task in tasks:
                yield task, compute_one(task)
            return
        yield from self._on(self._place, tasks)

    def _begin(self, cost: int, most: int) -> None:
        """Find a place where one pays for what this costs."""
        if self._place is not None or not most:
            return
        if self._scheduler is not None:
            from closo.engine.cluster import connect

            self._place = connect(self._scheduler, at_least=max(self._workers, 2))
            return
        workers = min(self._workers or min(cores(), cost // _PAYS), most)
        if workers > 1:
            self._place = Processes(workers)

    def _submit(self, tasks: Sequence[Any], modules: Sequence[str] = ()) -> None:
        assert self._place is not None
        self._sent += 1
        name = str(self._sent)
        self._under_way[name] = tasks
        self._place.submit(name, _COMPUTE, {"tasks": tasks, "modules": modules})

    def _on(self, place: Place, tasks: Sequence[SomeTask]) -> Iterator[tuple[SomeTask, Computed]]:
        """Yield what a place finishes; what costs most is begun first.

        A worker gets its next tasks before the last are handed on: keeping them takes a while.
        """
        waiting = deque(_grouped(tasks, place.size))
        deaths: Counter[str] = Counter()
        while waiting or self._under_way:
            outcomes: list[tuple[Outcome, Sequence[SomeTask]]] = []
            if self._under_way:
                outcomes = [(outcome, self._under_way.pop(outcome.key)) for outcome in place.wait(_WAIT)]
            while waiting and len(self._under_way) < place.size:
                self._submit(waiting.popleft())
            for outcome, finished in outcomes:
                if outcome.failure is None:
                    yield from zip(finished, outcome.result, strict=True)
                    continue
                for task in finished:  # one of them was it: each is tried once more, alone
                    deaths[task.key] += 1
                    if deaths[task.key] > 1:
                        yield task, _killed(task, outcome)
                    else:
                        waiting.append([task])


def compute_several(tasks: Sequence[Job | Combining], modules: Sequence[str] = ()) -> list[Computed]:
    """Compute tasks in a worker; what the techniques in `modules` need is imported first."""
    if "xarray" not in sys.modules:  # which remembers whether dask is there
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # else xarray imports it, to ask whether it is used
    for module in modules:
        _ = importlib.import_module(module).analyse
    return [compute_one(task) for task in tasks]


def compute_one(task: Job | Combining) -> Computed:
    """Compute a task; an error comes back as data."""
    return compute(task) if isinstance(task, Job) else combine(task)


def _grouped(tasks: Sequence[SomeTask], size: int) -> list[list[SomeTask]]:
    """Return tasks in groups of one file each, so that it is read once: the most costly first, none so large that the others
    wait for it.
    """
    most = max(1, min(_MOST, sum(task.cost for task in tasks) // (4 * size)))
    groups: list[list[SomeTask]] = []
    for task in tasks:
        last = groups[-1] if groups else []
        if last and _file(last[0]) == _file(task) and _cost(last) + task.cost <= most:
            last.append(task)
        else:
            groups.append([task])
    return sorted(groups, key=_cost, reverse=True)


def _file(task: Job | Combining) -> str | tuple[str, ...]:
    """Return what a task is read from."""
    return task.path if isinstance(task, Job) else task.key


def _cost(tasks: Sequence[Job | Combining]) -> int:
    return sum(task.cost for task in tasks)


def _killed(task: Job | Combining, outcome: Outcome) -> Computed:
    what, hint = f"it went wrong twice: {outcome.failure}", "Do the workers have closo, and the same folders?"
    if "died" in str(outcome.failure):
        what = "the process that analysed this was killed, twice."
        hint = "Is there enough memory? Else report the file."
    error = DataError(what, file=task.file if isinstance(task, Job) else task.key, hint=hint)
    return Computed(error={"kind": "DataError", **error.as_json()})
