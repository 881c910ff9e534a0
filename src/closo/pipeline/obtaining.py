"""Find results in the store, or have them computed and keep each as it comes; a failure is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeVar

from closo.pipeline.jobs import Computed, Job, as_closo_error, as_data, fingerprint_of
from closo.pipeline.records import Failure, Obtained
from closo.result import About, Provenance, Result
from closo.store import Store


@dataclass(frozen=True)
class Combining:
    """What one combined result is computed from."""

    key: str  # of the result
    make: Callable[[], Result]  # computes it
    inputs: Mapping[str, str]  # key of each result that it is made from -> fingerprint
    tables: Sequence[str]  # of the study that it is made from, as text
    about: About  # whom it is about
    code: str  # hash of the code that makes it

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of everything that decides the numbers."""
        return fingerprint_of([self.key, self.inputs, {"tables": self.tables}, vars(self.about), self.code])

    @property
    def cost(self) -> int:
        """How long it takes, counted in spectra."""
        return len(self.inputs)


SomeTask = TypeVar("SomeTask", Job, Combining)  # what one result is computed from
Compute = Callable[[Sequence[SomeTask]], Iterator[tuple[SomeTask, Computed]]]


def combine(task: Combining) -> Computed:
    """Make a combined result and stamp it."""
    return as_data(partial(_stamped, task), task.key)


def compute_here(tasks: Sequence[Combining]) -> Iterator[tuple[Combining, Computed]]:
    """Yield combined results, made one after the other in this process."""
    return ((task, combine(task)) for task in tasks)


def _stamped(task: Combining) -> Result:
    result = task.make()
    provenance = Provenance(
        inputs=dict(task.inputs),
        reader="",
        function=f"closo.combine.{result.technique}",
        closo_version=task.code,
    )
    return replace(result, about=task.about, provenance=provenance)


def obtain(
    into: Obtained,
    tasks: Sequence[SomeTask],
    *,
    store: Store,
    compute: Compute[SomeTask],
    report: Callable[[int, str], None] | None = None,
) -> None:
    """Add the results of tasks: from the store, or computed now.

    Where the store is only read, what is not in it is left waiting.

    Parameters
    ----------
    compute : yields each task with what came of it, in any order.
    report : called with how many are done, and the key of the last.
    """
    wanted = {task.key: task.fingerprint for task in tasks}
    into.fingerprints.update(wanted)
    results = store.find_all(wanted)
    stale = [task for task in tasks if task.key not in results]
    done = len(tasks) - len(stale)
    into.cached += done
    if store.read_only:
        into.waiting += [task.key for task in stale]
        stale = []
    for task, computed in compute(stale):
        if computed.document is None:
            into.failures.append(Failure(task.key, as_closo_error(computed.error or {})))
        else:
            results[task.key] = store.save_document(task.key, computed.document, computed.curves, wanted[task.key])
            into.computed += 1
        done += 1
        if report is not None:
            report(done, task.key)
    into.results.update({key: results[key] for key in wanted if key in results})  # in the order of the tasks
