"""A Dask cluster as a place: the scheduler is somebody else's, the tasks and the attempts are the ledger's.

Whoever reaches a Dask scheduler can run code on it. So closo speaks to one on this computer, or to one that is
reached by TLS with certificates (dask's settings `distributed.comm.tls`), and to no other.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import ipaddress
import logging
import math
import re
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from closo.engine.calling import Outcome, attempt
from closo.errors import StudyError

_ADDRESS = re.compile(r"((?P<protocol>[a-z]+)://)?(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d+|[\w./-]*)")
_PATIENCE = 10.0  # s until a scheduler answers
_RECOUNT = 2.0  # s between counts of the workers


@dataclass(frozen=True)
class _Sent:
    """A task, and when it came."""

    key: str
    path: str
    arguments: Mapping[str, Any]
    begun: float


def check_address(address: str) -> str:
    """Return the address of a scheduler that may be spoken to.

    Raises
    ------
    StudyError  when it is not on this computer and not tls://.

    Example
    -------
    >>> check_address("tcp://127.0.0.1:8786"), check_address("tls://login1:8786")
    ('tcp://127.0.0.1:8786', 'tls://login1:8786')
    """
    address = address.strip()
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise StudyError(
            f"'{address}' is not the address of a scheduler.", hint="Give for example tcp://127.0.0.1:8786."
        )
    if parts["protocol"] in ("tls", "inproc") or _is_loopback(parts["host"].strip("[]")):
        return address
    raise StudyError(
        f"The scheduler {address} is not on this computer, and the way to it is not encrypted.",
        hint="Start it with certificates and give its tls:// address: whoever reaches an open scheduler runs code on it.",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(scheduler: Any, *, at_least: int) -> Cluster:
    """Return a place on the Dask cluster of `scheduler`: an address, or a `distributed.Client` that stays open.

    Raises
    ------
    StudyError  when Dask is not installed, the address is refused, or nobody answers there.
    """
    if sys.modules.get("dask", "") is None:  # hidden from xarray, to which it is only a slow import
        del sys.modules["dask"]
    if importlib.util.find_spec("distributed") is None:
        raise StudyError("Computing on a cluster needs Dask.", hint="Install it with: pip install 'closo[hpc]'.")
    if not isinstance(scheduler, str):
        check_address(scheduler.scheduler.address)
        return Cluster(scheduler, at_least=at_least, ours=False)
    address = check_address(scheduler)
    try:
        return Cluster(_client(address), at_least=at_least, ours=True)
    except (OSError, TypeError, ValueError) as error:  # distributed raises TypeError for missing certificates
        problem = str(error)
    gc.collect()  # closes dask's half-open client here: in the middle of the start of another it waits for itself
    hint = "Is it running? `dask scheduler --host 127.0.0.1 --dashboard-address 127.0.0.1:0` starts one."
    if address.startswith("tls://"):
        hint = "Is it running, and do dask's settings distributed.comm.tls name ca-file, client.cert and client.key?"
    raise StudyError(f"The scheduler {address} does not answer ({problem}).", hint=hint)


def _client(address: str) -> Any:
    distributed: Any = importlib.import_module("distributed")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what goes wrong is said by our own errors
    return distributed.Client(address, timeout=_PATIENCE, set_as_default=False)


class Cluster:
    """The workers of a Dask scheduler. Twice as many tasks are under way as there are threads, so that none waits.

    Dask blames a dead worker on every task that was there. So a task that is blamed is sent once more, one such task at
    a time, and has failed only if it is blamed again.
    """

    def __init__(self, client: Any, *, at_least: int, ours: bool) -> None:
        self._dask: Any = importlib.import_module("distributed")
        self._client = client
        self._at_least = at_least
        self._ours = ours
        self._futures: dict[Any, _Sent] = {}
        self._blamed: set[str] = set()  # keys
        self._waiting: deque[_Sent] = deque()  # blamed, and not sent again yet
        self._size, self._counted = at_least, -math.inf

    @property
    def size(self) -> int:
        """How many tasks should be under way; workers come and go."""
        if time.monotonic() - self._counted > _RECOUNT:
            self._check()
            threads = sum(self._client.nthreads().values())
            self._size, self._counted = max(2 * threads, self._at_least), time.monotonic()
        return self._size

    def submit(self, key: str, path: str, arguments: Mapping[str, Any]) -> None:
        """Send a task; dask computes it once, unless the worker dies."""
        task = _Sent(key, path, arguments, time.perf_counter())
        if key in self._blamed:
            self._waiting.append(task)
            self._send_blamed()
        else:
            self._send(task)

    def _send(self, task: _Sent) -> None:
        self._check()
        name = f"closo-{task.key}-{time.monotonic_ns()}"
        given = (task.key, task.path, dict(task.arguments))
        self._futures[self._client.submit(attempt, *given, key=name, pure=False)] = task

    def _send_blamed(self) -> None:
        """Send the next of the blamed tasks when none of them is under way."""
        if self._waiting and not any(task.key in self._blamed for task in self._futures.values()):
            self._send(self._waiting.popleft())

    def wait(self, timeout: float) -> list[Outcome]:
        """Return the outcomes of what is finished."""
        with suppress(TimeoutError, self._dask.CancelledError), self._client.as_current():
            self._dask.wait(list(self._futures), timeout=timeout, return_when="FIRST_COMPLETED")
        self._check()
        finished = [self._collect(future) for future in list(self._futures) if future.status != "pending"]
        self._send_blamed()
        return [outcome for outcome in finished if outcome is not None]

    def _collect(self, future: Any) -> Outcome | None:
        """Return what came of a task, or None where it is to be sent once more."""
        task = self._futures.pop(future)
        reason = f"The scheduler gave it up ({future.status})."
        try:
            if future.status == "finished":
                return future.result()  # type: ignore[no-any-return]
            error = future.exception() if future.status == "error" else None
        except (self._dask.KilledWorker, self._dask.CancelledError) as lost:  # while the result was on its way
            error = lost
            self._check()
        if isinstance(error, self._dask.KilledWorker):
            reason = "The Dask worker died, also when it was tried again. Is there enough memory?"
            if task.key not in self._blamed:
                self._blamed.add(task.key)
                self._waiting.append(task)
                return None
        elif error is not None:
            reason = f"{type(error).__name__}: {error}"  # outside of the function: closo is not there, for example
        return Outcome(task.key, failure=reason, wall_time=time.perf_counter() - task.begun)

    def _check(self) -> None:
        if self._client.status != "running":
            raise StudyError(
                "The connection to the scheduler is lost. What was finished is kept.",
                hint="Started again, it goes on where it was.",
            )

    def close(self) -> None:
        """Cancel what is not finished, and leave."""
        with suppress(OSError, TimeoutError):
            if self._futures and self._client.status == "running":
                self._client.cancel(list(self._futures))
        self._futures.clear()
        self._waiting.clear()
        if self._ours:
            self._client.close()
