"""What one server works on: a study, its results as they are on disk, the benches of its users, and long work."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from closo import pipeline
from closo.errors import ClosoError, StudyError
from closo.pipeline import Analysis
from closo.processes import cores
from closo.web import child, sandbox
from closo.web.bench import Bench, Draft

Made = TypeVar("Made")


@dataclass
class Work:
    """Long work in a child: what it is, how far it is, and what came of it."""

    title: str
    finished: int = 0
    total: int = 0
    what: str = ""
    done: bool = False
    error: dict[str, Any] | None = None
    result: dict[str, Any] = field(default_factory=dict)
    running: sandbox.Running = field(default_factory=sandbox.Running)

    def tell(self, said: Any) -> None:
        """Note how far it is."""
        self.finished, self.total, self.what = int(said[0]), int(said[1] or 0), str(said[2])[:200]


class Workplace:
    """A study (or none), and a folder for what is dropped."""

    def __init__(self, study: Path | None, home: Path) -> None:
        self.home = home
        self.folder: Path | None = None
        self.title = ""
        self.work: Work | None = None
        self.drafts: dict[tuple[str, str], Draft] = {}
        self.scratch = Path(tempfile.mkdtemp(prefix="closo-"))  # goes when the server ends
        self._benches: dict[str, Bench] = {}
        self._known: tuple[object, Analysis] | None = None
        self._made: dict[Callable[[Analysis], Any], tuple[Analysis, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        if study is not None:
            self.open(study)

    def open(self, study: Path) -> None:
        """Work on a study from now on.

        Raises
        ------
        StudyError  when it is none.
        """
        from closo.study import load

        loaded = load(study)
        self.folder, self.title, self._known = loaded.folder, loaded.title, None
        self.drafts.clear()

    def bench(self, user: str) -> Bench:
        """Return the bench of a user."""
        if user not in self._benches:
            self._benches[user] = Bench(self.scratch / f"{len(self._benches)}")
        return self._benches[user]

    def analysis(self) -> Analysis:
        """Return what is known of the study; read again when study.toml or the store has changed.

        Raises
        ------
        StudyError  when there is no study, or it is wrong.
        """
        if self.folder is None:
            raise StudyError(
                "no study is open.", hint="Start with `closo serve STUDY`, or make a study of dropped files."
            )
        stamp = tuple(_stamp(self.folder / name) for name in ("study.toml", ".closo/store.sqlite", "claims.toml"))
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, pipeline.recall(self.folder))
        return self._known[1]

    def once(self, make: Callable[[Analysis], Made]) -> Made:
        """Return what `make` makes of the results of the study; made again when they have changed."""
        analysis = self.analysis()
        if make not in self._made or self._made[make][0] is not analysis:
            self._made[make] = (analysis, make(analysis))
        value: Made = self._made[make][1]
        return value

    def analyse(self, title: str = "") -> None:
        """Begin to analyse the study."""
        title = title or f"Analysing {self.title}"
        self.begin(title, child.analyse_study, (str(self.analysis().study.folder), cores()))

    def progress(self) -> dict[str, Any] | None:
        """Return how far the long work is, at work or done, as the pages say it."""
        keys = ("title", "finished", "total", "what", "done", "error", "result")
        return None if self.work is None else {key: getattr(self.work, key) for key in keys}

    def begin(self, title: str, work: Any, arguments: tuple[Any, ...]) -> Work:
        """Begin long work; what is at work already is not begun twice."""
        if self.work is not None and not self.work.done:
            return self.work
        self.work = Work(title)
        task = asyncio.get_running_loop().create_task(self._do(self.work, work, arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self.work

    async def _do(self, now: Work, work: Any, arguments: tuple[Any, ...]) -> None:
        limits = sandbox.Limits(cpu=None, memory=16 * 1024**3, file=4 * 1024**3)
        try:
            said, _ = await asyncio.to_thread(
                sandbox.call, work, arguments, limits=limits, running=now.running, tell=now.tell
            )
            now.error, now.result = said.get("error"), said
        except ClosoError as error:
            now.error = child.said(error)
        now.done = True

    def close(self) -> None:
        """End what is at work and remove what was dropped."""
        for bench in self._benches.values():
            bench.cancel()
        if self.work is not None and not self.work.done:
            self.work.running.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
