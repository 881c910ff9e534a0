"""One untrusted file, one child process: with limits of memory, CPU time and files, and without a network.

A child that dies (a native library on a crafted file) is one sentence on the page, and the server goes on. What a child
answers is text and bytes, never an object that this process would have to unpickle.

Children are forked from a process that has imported what they need, so that one starts in milliseconds; where there is no
fork (Windows), they are spawned, and without limits.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from closo.errors import ClosoError, DataError
from closo.processes import end_with_parent

_PRELOADED = ("closo.web.warm",)
_LONGEST_ANSWER = 512 * 1024**2  # bytes


class CancelledError(ClosoError):
    """Somebody stopped the work."""


@dataclass(frozen=True)
class Limits:
    """Of one child: CPU time [s], memory beyond what the libraries take [bytes], size of a file that it writes [bytes]."""

    cpu: int | None = 120
    memory: int = 3 * 1024**3
    file: int = 64 * 1024**2


@dataclass
class Running:
    """A handle on a child at work: `stop()` ends it, from any thread."""

    process: Any = None
    stopped: bool = False

    def stop(self) -> None:
        """End the child, or keep it from starting."""
        self.stopped = True
        if self.process is not None:
            self.process.kill()


def _context() -> Any:
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOADED])
    return context


def warm_up() -> None:
    """Start the process that children are forked from, so that the first file need not wait for it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(ClosoError, EOFError, OSError):  # of a server that is ended before it has begun
        call(_nothing, ())


def call(
    work: Callable[..., tuple[object, Sequence[bytes]]],
    arguments: tuple[Any, ...],
    *,
    limits: Limits | None = None,
    running: Running | None = None,
    tell: Callable[[Any], None] | None = None,
) -> tuple[Any, list[bytes]]:
    """Run `work(*arguments)` in a child and return its answer: plain JSON values, and bytes.

    Parameters
    ----------
    work : a function of a module; where `tell` is given it gets a keyword of this name.
    running : to stop it from elsewhere.
    tell : called with what the child tells on its way.

    Raises
    ------
    CancelledError  when `running.stop()` was called.
    DataError  when the child ended without an answer: what it was that ended it.
    """
    running, limits = running or Running(), limits or Limits()
    if running.stopped:
        raise CancelledError("it was cancelled.")
    here, there = _context().Pipe(duplex=False)
    process = _context().Process(target=_begin, args=(there, (work, arguments), limits, tell is not None))
    process.start()
    running.process = process  # only what has begun can be ended
    if running.stopped:
        process.kill()  # type: ignore[unreachable]  # another thread has said so meanwhile
    there.close()
    try:
        while True:
            kind, content = json.loads(here.recv_bytes(_LONGEST_ANSWER))
            if kind == "told":
                if tell is not None:
                    tell(content)
                continue
            return content[0], [here.recv_bytes(_LONGEST_ANSWER) for _ in range(int(content[1]))]
    except (EOFError, OSError, ValueError):
        running.process.join(10)
        raise _what_ended(running, limits) from None
    finally:
        here.close()
        if running.process.is_alive():
            running.process.join(1)
        if running.process.is_alive():
            running.process.kill()


def _what_ended(running: Running, limits: Limits) -> ClosoError:
    if running.stopped:
        return CancelledError("it was cancelled.")
    code = running.process.exitcode
    reason = {-24: f"it took more than {limits.cpu} s of computing", -9: "it took too long, or too much memory",
              -11: "it crashed the program that reads it", 1: "it needs more memory than a file may have"}  # fmt: skip
    why = reason.get(code, f"the program that reads it ended with code {code}")
    return DataError(f"nothing came of the file: {why}.", hint="The other files are not concerned.")


def _begin(answer: Connection, task: tuple[Callable[..., Any], tuple[Any, ...]], limits: Limits, told: bool) -> None:
    """Take the limits and work; what is answered is JSON, then bytes."""
    end_with_parent()
    work, arguments = task
    _limit(limits)
    if "xarray" not in sys.modules:
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # else xarray imports it, to ask whether it is used
    more = {"tell": lambda content: answer.send_bytes(json.dumps(["told", content]).encode())} if told else {}
    said, files = work(*arguments, **more)
    answer.send_bytes(json.dumps(["answer", [said, len(files)]]).encode())
    for content in files:
        answer.send_bytes(content)


def _limit(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    import resource

    size = 0
    with suppress(OSError):
        with open("/proc/self/statm", encoding="ascii") as text:  # noqa: PTH123  no file of a user
            size = int(text.read().split()[0]) * resource.getpagesize()
    wanted = [
        (resource.RLIMIT_AS, size + limits.memory),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
    ]
    if limits.cpu is not None:
        wanted.append((resource.RLIMIT_CPU, limits.cpu))
    for which, most in wanted:
        hard = resource.getrlimit(which)[1]
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    _leave_network()


def _leave_network() -> None:
    """Leave the network, where Linux lets an ordinary user do so."""
    if sys.platform != "linux":
        return
    import ctypes

    new_user, new_network = 0x10000000, 0x40000000
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        if libc.unshare(new_network) != 0:
            libc.unshare(new_user | new_network)


def _nothing() -> tuple[object, Sequence[bytes]]:
    return None, []
