"""Ctrl-C at the right moment: never inside a transaction of the ledger, which would stay open and block the next one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class CtrlC:
    """A context in which Ctrl-C interrupts at once inside `window`, and elsewhere as soon as the next window opens."""

    def __init__(self) -> None:
        self._asked = self._open = False
        self._mine = False

    def __enter__(self) -> CtrlC:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._mine = True
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._asked and kind is None:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if self._open:
            raise KeyboardInterrupt

    @contextmanager
    def window(self) -> Iterator[None]:
        """Let Ctrl-C interrupt what stands inside; nothing there may hold a transaction."""
        self._open = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._open = False


@contextmanager
def ignored() -> Iterator[None]:
    """Ignore Ctrl-C inside, so that a process that is started here ignores it from its first moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
