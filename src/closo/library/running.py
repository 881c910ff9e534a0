"""Analyse many studies at once, each by one worker: here, in processes of this computer, or on a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from closo import pipeline
from closo.engine.cluster import connect
from closo.engine.places import Place, Processes
from closo.errors import ClosoError, DataError

_TRIES = 3
_WAIT = 1.0  # s
_ANALYSE = f"{__name__}:analyse_one"


def analyse_one(folder: str) -> int:
    """Analyse one study in a worker; return the number of its results."""
    return len(pipeline.analyse(folder, workers=1).results)


def analyse_all(
    folders: Sequence[Path], *, workers: int, scheduler: Any = None, tell: Callable[[int, str], None]
) -> dict[Path, ClosoError]:
    """Analyse studies; return those that could not be, with the reason. What a killed worker had finished is kept.

    Parameters
    ----------
    workers : number of processes.
    scheduler : address of a Dask scheduler whose workers see the folders under the same paths.
    tell : called with the number of finished studies and the name of one of them.
    """
    place: Place = Processes(min(workers, len(folders))) if scheduler is None else connect(scheduler, at_least=2)
    waiting = deque((folder, 1) for folder in folders)
    under_way: dict[str, tuple[Path, int]] = {}
    failed: dict[Path, ClosoError] = {}
    sent = done = 0
    try:
        while waiting or under_way:
            while waiting and len(under_way) < place.size:
                sent += 1
                under_way[str(sent)] = waiting.popleft()
                place.submit(str(sent), _ANALYSE, {"folder": str(under_way[str(sent)][0])})
            for outcome in place.wait(_WAIT):
                folder, tries = under_way.pop(outcome.key)
                if outcome.failure is not None and not outcome.final and tries < _TRIES:
                    waiting.append((folder, tries + 1))
                    continue
                if outcome.failure is not None:
                    failed[folder] = DataError(outcome.failure, file=folder)
                done += 1
                tell(done, folder.name)
    finally:
        place.close()
    return failed
