"""One database over many studies: what all pellets of a group conduct, and where each number comes from.

    add(["studies/2024", "studies/2025"], library="group.sqlite")
    found = find(["sigma(30 degC) > 1e-4 S/cm", "kind = specimen"], library="group.sqlite")
    print(found.hits[0].owner, found.hits[0])

A library holds numbers with their intervals, checks, owners and provenance; everything in it comes from the stores of the
studies, which stay where they are. It is a SQLite file, or a PostgreSQL database (`postgresql://USER@HOST/DATABASE`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closo import pipeline
from closo.database import Database
from closo.errors import ClosoError, StudyError
from closo.library import adding, running
from closo.library.database import default_place, open_database
from closo.library.exporting import write_hits
from closo.library.finding import Found, Hit, find, studies
from closo.processes import Progress, cores
from closo.store import existing_store
from closo.study import load

__all__ = ["Added", "Found", "Hit", "add", "default_place", "find", "remove", "studies", "write_hits"]


@dataclass(frozen=True)
class Added:
    """What became of one study."""

    folder: str
    results: int = 0  # how many it has
    missing: int = 0  # how many are not computed or failed
    error: ClosoError | None = None  # why it could not be added; the others were


def add(
    places: Sequence[str | Path],
    *,
    library: str | Path,
    compute: bool = True,
    workers: int = 1,
    scheduler: Any = None,
    progress: Progress | None = None,
) -> list[Added]:
    """Put the results of studies into a library, in the place of what it had of them.

    Parameters
    ----------
    places : folders of studies, or their study.toml.
    library : file or address; made where there is none.
    compute : first compute what is stale; else only what is there and still true is added.
    workers : number of processes; 0 takes as many as there are cores. Of several studies each is analysed by one process, a
        single one by all.
    scheduler : address of a Dask scheduler (on this computer, or tls://) whose workers see the folders under the same path;
        they compute instead.
    progress : called with the numbers of finished and of all studies, and the name of one.

    Raises
    ------
    StudyError  when the library cannot be used, or the scheduler does not answer. A study that is wrong is in the answer,
        with the reason.
    """
    database = open_database(library, create=True)
    tell: Callable[[int, str], None] = lambda k, what: progress(k, len(places), what) if progress else None  # noqa: E731
    failed: dict[Path, ClosoError] = {}
    if compute:
        ready = [place for place in places if _is_stale(place)]
        many = workers or cores()
        if len(ready) == 1 or (many == 1 and scheduler is None):
            for place in ready:
                try:
                    pipeline.analyse(place, workers=workers, scheduler=scheduler)
                except ClosoError as error:
                    failed[Path(place)] = error
        elif ready:
            failed = running.analyse_all([Path(p) for p in ready], workers=many, scheduler=scheduler, tell=tell)
    done = []
    for number, place in enumerate(places):
        tell(number, str(place))
        try:
            if Path(place) in failed:
                raise failed[Path(place)]
            done.append(_add_one(database, place))
        except ClosoError as error:
            if error.file == database.shown:
                raise
            done.append(Added(str(place), error=error))
    return done


def _is_stale(place: str | Path) -> bool:
    """Return whether something of a study must be computed, or tried again; not where the study cannot be read at all."""
    try:
        known = pipeline.recall(place)
    except ClosoError:
        return False
    return bool(known.waiting or known.failures)


def _add_one(database: Database, place: str | Path) -> Added:
    study = load(place)
    folder = study.folder.resolve()
    state = adding.state_of(folder)
    analysis = pipeline.recall(study)
    store = existing_store(folder)
    adding.add(database, analysis, {} if store is None else store.keys(), state=state)
    return Added(str(folder), len(analysis.results), len(analysis.failures) + len(analysis.waiting))


def remove(places: Sequence[str | Path], *, library: str | Path) -> list[str]:
    """Forget studies; their folders stay as they are. Return the folders that were forgotten.

    Raises
    ------
    StudyError  when the library cannot be used or does not have a study.
    """
    known = {row["folder"] for row in studies(library)}
    paths = [Path(place).resolve() for place in places]
    folders = [str(path.parent if path.name == "study.toml" else path) for path in paths]
    for folder in folders:
        if folder not in known:
            raise StudyError("the library has no such study.", file=folder, hint="`closo library list` shows them all.")
    database = open_database(library)
    return [folder for folder in folders if adding.remove(database, folder)]
