"""Where tasks are computed: in this process, in processes of this computer, or on a Dask cluster.

A place has `size` (how many tasks it wants at a time), `submit`, `wait` (outcomes of those that are finished) and
`close`. A worker that dies costs the task that it computed one try, and no other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Protocol

from closo.engine.calling import Outcome, attempt
from closo.engine.interrupting import ignored
from closo.errors import StudyError
from closo.processes import end_with_parent, is_worker

_IN_A_SCRIPT = "In a script, put the call that has workers=... under if __name__ == '__main__'."


def refuse_workers_of_workers() -> None:
    """Raise a StudyError in a worker: it would start workers that start workers."""
    if is_worker():
        raise StudyError("a worker process was asked to start workers of its own.", hint=_IN_A_SCRIPT)


class Place(Protocol):
    """Somewhere that tasks are computed."""

    @property
    def size(self) -> int:
        """How many tasks it wants to have at a time."""
        ...

    def submit(self, key: str, path: str, arguments: Mapping[str, Any]) -> None:
        """Take a task; `path` is 'module:function'."""
        ...

    def wait(self, timeout: float) -> list[Outcome]:
        """Return the outcomes of what is finished; wait at most `timeout` [s] for the first."""
        ...

    def close(self) -> None:
        """Stop at once; what is not finished is lost."""
        ...


class Here:
    """The process of the caller, one task after the other."""

    size = 1

    def __init__(self) -> None:
        self._tasks: deque[tuple[str, str, Mapping[str, Any]]] = deque()

    def submit(self, key: str, path: str, arguments: Mapping[str, Any]) -> None:
        """Take a task."""
        self._tasks.append((key, path, arguments))

    def wait(self, timeout: float) -> list[Outcome]:
        """Compute the next task, however long it takes."""
        return [attempt(*self._tasks.popleft())]

    def close(self) -> None:
        """Forget what was not begun."""
        self._tasks.clear()


@dataclass
class _Seat:
    """A worker process, our end of the pipe to it, and the key of the task that it computes."""

    process: BaseProcess
    pipe: Connection
    key: str | None = None
    begun: float = 0.0


class Processes:
    """Worker processes of this computer; one that dies is replaced."""

    def __init__(self, workers: int) -> None:
        refuse_workers_of_workers()
        self.size = workers
        self._begun = False
        self._seats = [_new_seat() for _ in range(workers)]

    def submit(self, key: str, path: str, arguments: Mapping[str, Any]) -> None:
        """Give a task to a worker that has none."""
        seat = next(seat for seat in self._seats if seat.key is None)
        try:
            seat.pipe.send((key, path, dict(arguments)))
        except OSError:  # it died while it had nothing to do
            self._replace(seat)
            seat.pipe.send((key, path, dict(arguments)))
        seat.key, seat.begun = key, time.perf_counter()

    def wait(self, timeout: float) -> list[Outcome]:
        """Return the outcomes of what is finished."""
        ready = wait_for_any([seat.pipe for seat in self._seats if seat.key is not None], timeout)
        return [self._collect(seat) for seat in self._seats if seat.pipe in ready]

    def _collect(self, seat: _Seat) -> Outcome:
        key, seat.key = str(seat.key), None
        try:
            outcome = seat.pipe.recv()
        except (EOFError, OSError):
            seat.process.join(5.0)
            if seat.process.exitcode == 1 and not self._begun:  # of an error in the script that it imports
                raise StudyError("a worker process ends before it begins.", hint=_IN_A_SCRIPT) from None
            reason = f"The worker process died ({_exit(seat.process.exitcode)}). Is there enough memory?"
            wall_time = time.perf_counter() - seat.begun
            self._replace(seat)
            return Outcome(key, failure=reason, wall_time=wall_time)
        self._begun = True
        return outcome  # type: ignore[no-any-return]

    def _replace(self, seat: _Seat) -> None:
        _stop(seat)
        fresh = _new_seat()
        seat.process, seat.pipe = fresh.process, fresh.pipe

    def close(self) -> None:
        """Kill the workers."""
        for seat in self._seats:
            _stop(seat)


def _new_seat() -> _Seat:
    """Start a worker; only it holds the other end of its pipe, so each side notices the death of the other."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    with ignored(), _no_script():
        process.start()
    theirs.close()
    return _Seat(process, ours)


@contextmanager
def _no_script() -> Iterator[None]:
    """Hide the script that runs: a worker would run it too, and start workers of its own."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _stop(seat: _Seat) -> None:
    seat.pipe.close()
    seat.process.kill()
    seat.process.join()
    seat.process.close()


def _serve(pipe: Connection) -> None:
    """Compute what comes through the pipe until its other end is gone (what a worker process does).

    When the leader is killed, it ends at once, also in the middle of a task.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # there are as many workers as there should be threads
    with suppress(OSError):
        os.dup2(2, 1)  # standard output belongs to the command line
    with suppress(EOFError, OSError):
        while True:
            pipe.send(attempt(*pipe.recv()))


def _exit(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
