"""How many processes there may be, and how far they are; they do not outlive the one that started them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import wait
from threading import Thread

Progress = Callable[[int, int | None, str], None]  # finished, total where it is known, what is being done
_LEADER = "leader"  # name of a process that may have workers although another one has started it


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_worker() -> bool:
    """Return whether another process has started this one to compute, so that it has none of its own."""
    this = multiprocessing.current_process()
    begun = multiprocessing.parent_process() is not None  # not while it imports the script that started it
    return (begun or getattr(this, "_inheriting", False)) and this.name != _LEADER


def lead() -> None:
    """Let this process have workers, although another one has started it."""
    multiprocessing.current_process().name = _LEADER


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone: a killed leader cannot tell its workers to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
