"""Run a sweep: lease tasks, have them computed, write what came of them, until nothing is left."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from closo import __version__
from closo.engine.cluster import connect
from closo.engine.interrupting import CtrlC
from closo.engine.places import Here, Place, Processes
from closo.errors import StudyError, did_you_mean
from closo.processes import Progress
from closo.sweep.calling import CALL, Outcome
from closo.sweep.functions import SWEEPS, importable
from closo.sweep.ledger import Ledger, Row, new_owner, open_ledger
from closo.sweep.reading import table
from closo.sweep.tasks import Task, key_of

_WAIT = 1.0  # s, at most, for a task to finish before more are leased
_PAUSE = 0.2  # s before looking again at what others compute


def run(
    tasks: Sequence[Task],
    ledger: Path,
    *,
    workers: int = 1,
    scheduler: Any = None,
    attempts: int = 3,
    lease: float = 60.0,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Compute what is not finished of some tasks, keep each result as it comes, and return the table of all.

    Parameters
    ----------
    tasks : from `plan`; they are added to the ledger where they are new.
    ledger : path of the ledger, made where there is none.
    workers : number of processes; 1 computes in this one. With a scheduler: tasks under way, at least.
    scheduler : address of a Dask scheduler (on this computer, or tls://), or a `distributed.Client`.
    attempts : how often a task is tried when it raises or its worker dies. A ClosoError is final at once.
    lease : time after which the tasks of somebody who has vanished are taken over [s].
    retry_failed : try failed tasks again.
    progress : called with the numbers of finished and of all tasks, and a word about what goes on.

    Returns
    -------
    One row per task in the order of `tasks`: its arguments, its result, and `state` ('done' or 'failed'), `failure`,
    `attempts`, `wall_time` [s].

    Raises
    ------
    StudyError  when the ledger cannot be used, or the scheduler is refused, does not answer or is lost.

    Example
    -------
    >>> from closo.sweep import plan
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = run(plan("closo.errors:did_you_mean", {"name": ["x"], "known": [["y"]]}), Path(folder) / "s.sqlite")
    >>> rows[0]["state"], rows[0]["failure"]
    ('failed', 'The function returned a str, not a dict of numbers.')
    """
    paths = {task.function: importable(task.function) for task in tasks}
    book = open_ledger(Path(ledger), create=True)
    book.add(tasks)
    if retry_failed:
        book.retry([task.key for task in tasks])
    states = book.states()
    left = [task for task in tasks if states[task.key] in ("waiting", "leased")]
    if left:
        book.expire_dead()
        place = _place(workers, scheduler, len(left))
        sweep = _Sweep(book, left, paths=paths, total=len(tasks), attempts=attempts, lease=lease, progress=progress)
        try:
            with CtrlC() as ctrl_c, _heartbeat(book, sweep.owner, lease):
                sweep.work(place, ctrl_c)
        finally:
            place.close()
            book.release(sweep.owner)
    return table(book.rows(), [task.key for task in tasks])


def resume(
    ledger: Path,
    *,
    functions: Sequence[str] = (),
    workers: int = 1,
    scheduler: Any = None,
    attempts: int = 3,
    lease: float = 60.0,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Compute what is not finished in a ledger; see `run`.

    Parameters
    ----------
    functions : paths 'module:function' that may be imported besides those in `SWEEPS`, because you know them.

    Raises
    ------
    StudyError  as `run`; also for a function that is neither in `SWEEPS` nor in `functions`, and for a ledger of
        another version of closo with unfinished tasks, whose results would not belong together.
    """
    tasks = [_known(row, functions, ledger) for row in open_ledger(Path(ledger)).rows()]
    return run(
        tasks,
        ledger,
        workers=workers,
        scheduler=scheduler,
        attempts=attempts,
        lease=lease,
        retry_failed=retry_failed,
        progress=progress,
    )


def _known(row: Row, functions: Sequence[str], ledger: Path) -> Task:
    """Return the task of a row that we may compute."""
    if row.function not in SWEEPS and row.function not in functions:
        raise StudyError(
            f"the ledger asks for '{row.function[:200]}', which is not a function that can be swept by name.",
            file=ledger,
            hint=f"{did_you_mean(row.function, SWEEPS)} In Python: resume(..., functions=['{row.function[:200]}']).",
        )
    if row.closo != __version__ and row.state != "done":
        raise StudyError(
            f"the ledger has unfinished tasks of closo {row.closo}, and this is closo {__version__}.",
            file=ledger,
            hint="Run the grid with another ledger, so that results of two versions are not mixed.",
        )
    if row.key != key_of(row.function, row.arguments, row.closo):
        raise StudyError(
            "a task in the ledger has been changed.", file=ledger, hint="Run the grid with another ledger."
        )
    return Task(row.key, row.function, row.arguments)


def _place(workers: int, scheduler: Any, tasks: int) -> Place:
    if workers < 1:
        raise StudyError(f"{workers} workers cannot compute anything.", hint="Give at least one.")
    if scheduler is not None:
        return connect(scheduler, at_least=workers)
    if workers == 1:
        return Here()
    return Processes(min(workers, tasks))


class _Sweep:
    """The tasks that are not finished, and which of them are under way here."""

    def __init__(
        self,
        book: Ledger,
        left: Sequence[Task],
        *,
        paths: Mapping[str, str],
        total: int,
        attempts: int,
        lease: float,
        progress: Progress | None,
    ) -> None:
        self.owner = new_owner()
        self._book = book
        self._all = {task.key: task for task in left}
        self._left = dict(self._all)  # not finished, as far as we know
        self._queue = deque(self._left)  # of those left, the ones to lease; others may have been faster
        self._ours: dict[str, int] = {}  # under way here -> number of the attempt
        self._outcomes: list[Outcome] = []  # not yet written
        self._paths, self._total, self._attempts, self._lease = paths, total, attempts, lease
        self._progress = progress
        self._failed = 0

    def work(self, place: Place, ctrl_c: CtrlC) -> None:
        """Go on until every task is finished, by us or by others."""
        try:
            while self._left or self._look_again():
                self._report()
                self._lease_more(place)
                if self._ours:
                    with ctrl_c.window():
                        self._outcomes = place.wait(_WAIT)
                elif self._left and self._look_again():
                    with ctrl_c.window():
                        time.sleep(_PAUSE)
        finally:
            self._write(())
        self._report()

    def _lease_more(self, place: Place) -> None:
        """Write the outcomes and lease as many tasks as the place wants, in one transaction where nobody is faster."""
        while True:
            free = place.size - (len(self._ours) - len(self._outcomes))
            wanted = [self._queue.popleft() for _ in range(min(free, len(self._queue)))]
            for key, number in self._write(wanted).items():
                self._ours[key] = number
                task = self._left[key]
                place.submit(key, CALL, {"path": self._paths[task.function], "arguments": dict(task.arguments)})
            if len(self._ours) >= place.size or not self._queue:
                return

    def _write(self, wanted: Sequence[str]) -> dict[str, int]:
        """Write the outcomes, lease what is wanted and free, and return it with the number of the attempt."""
        outcomes, self._outcomes = self._outcomes, []
        again = {o.key for o in outcomes if o.failure and not o.final and self._ours[o.key] < self._attempts}
        if not outcomes and not wanted:
            return {}
        leased = self._book.step(self.owner, outcomes, wanted, again=again, attempts=self._attempts, lease=self._lease)
        for outcome in outcomes:
            del self._ours[outcome.key]
            if outcome.key in again:
                self._queue.append(outcome.key)
            else:
                del self._left[outcome.key]
                self._failed += outcome.failure is not None
        return leased

    def _look_again(self) -> bool:
        """Ask the ledger what is left; True where others compute it (or have vanished)."""
        self._book.expire_dead()
        states = self._book.states()
        self._left = {k: t for k, t in self._all.items() if states.get(k) in ("waiting", "leased")}
        self._queue = deque(key for key in self._left if key not in self._ours)
        return bool(self._left)

    def _report(self) -> None:
        if self._progress is not None:
            what = f"({self._failed} failed)" if self._failed else ""
            self._progress(self._total - len(self._left), self._total, what)


@contextmanager
def _heartbeat(book: Ledger, owner: str, lease: float) -> Iterator[None]:
    """Renew the leases of `owner` for as long as the block runs."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(lease / 4):
            with suppress(StudyError):  # the ledger does not answer now: the next beat may be in time
                book.renew(owner, lease=lease)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
