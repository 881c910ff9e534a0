"""Loose files on the bench of one user: what they are, what came of them, and what was tried on them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from closo.documents import from_document
from closo.errors import ClosoError, DataError, StudyError
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.result import Result
from closo.techniques import Technique, get
from closo.web import child, sandbox

MOST_FILES = 2000
_CHUNK = 1024**2
_ODD = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')


def clean_name(name: str) -> str:
    r"""Return the last part of a file's name, without what a file system or a page could take for more than a name.

    Example
    -------
    >>> clean_name("../../etc/passwd"), clean_name("C:\\a\\b.mpr"), clean_name("..")
    ('passwd', 'b.mpr', 'file')
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    last = _ODD.sub("_", "".join(c for c in last if c.isprintable())).strip(" .") or "file"
    while len(last.encode()) > 180:
        last = last[1:]
    return last


@dataclass
class Draft:
    """A re-run that is neither kept nor discarded."""

    settings: Mapping[str, Any]
    given: Mapping[str, str]
    result: Result | None = None
    error: Mapping[str, Any] | None = None


@dataclass
class Measured:
    """One measurement of a file, and what came of it."""

    id: str
    file: Dropped
    part: int
    title: str
    kind: str
    size: str
    technique: str
    techniques: list[str]
    suggestions: Mapping[str, str]
    result: Result | None = None
    error: Mapping[str, Any] | None = None
    seen: FigureSpec | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, str] | None = None
    draft: Draft | None = None
    history: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the file, and of the part where it holds several."""
        return self.file.name if len(self.file.measured) == 1 else f"{self.file.name} · {self.title}"


@dataclass
class Dropped:
    """A file: stored under the hash of its bytes; its name is a label."""

    id: str
    name: str
    path: Path
    state: str = "waiting"  # working, done, failed, cancelled
    reader: str = ""
    columns: str = ""
    error: Mapping[str, Any] | None = None
    measured: list[Measured] = field(default_factory=list)
    running: sandbox.Running = field(default_factory=sandbox.Running)


def _plain(name: str, seen: Mapping[str, Any]) -> FigureSpec:
    """Return the plain plot of a measurement without a result."""
    x, y = (Axis(label) for label in seen["labels"])
    panel = Panel(x, y, [Trace(seen["x"], seen["y"], style="line")])
    return FigureSpec(name, [panel], name, "What was measured; nothing is computed from it yet.")


class Bench:
    """The files of one user, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Dropped] = {}
        self.given: dict[str, str] = {}
        self.use_header = False
        self._free = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()

    def store(self, name: str, content: BinaryIO) -> Dropped:
        """Write a file that arrives into the folder, under its hash, and put it on the bench."""
        if len(self.files) >= MOST_FILES:
            raise StudyError(
                f"there are {MOST_FILES} files already.", hint="Clear the bench first, or make a study of them."
            )
        digest, label = hashlib.sha256(), clean_name(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        arriving = self.folder / f".arriving-{id(content)}"
        try:
            with arriving.open("wb") as out:
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
            place = self.folder / digest.hexdigest()
            place.mkdir(exist_ok=True)
            path = place / label
            arriving.replace(path)
        finally:
            arriving.unlink(missing_ok=True)
        key = hashlib.sha256(f"{digest.hexdigest()}/{label}".encode()).hexdigest()[:12]
        if key not in self.files or self.files[key].state == "cancelled":
            self.files[key] = Dropped(key, label, path)
        return self.files[key]

    def start(self, file: Dropped) -> None:
        """Have a file looked at, when its turn comes."""
        if file.state in ("working", "waiting") and file.running.process is not None:
            return
        file.state, file.running = "waiting", sandbox.Running()
        task = asyncio.get_running_loop().create_task(self._look(file))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, file: Dropped) -> None:
        asked = {"given": self.given, "use_header": self.use_header, "columns": file.columns or None}
        async with self._free:
            if file.running.stopped:
                file.state = "cancelled"
                return
            file.state = "working"
            try:
                said, curves = await asyncio.to_thread(
                    sandbox.call, child.look, (str(file.path), asked), running=file.running
                )
            except sandbox.CancelledError:
                file.state = "cancelled"
                return
            except ClosoError as error:
                said, curves = {"error": child.said(error)}, []
        self._take(file, said, curves)

    def _take(self, file: Dropped, said: Mapping[str, Any], curves: list[bytes]) -> None:
        file.error, file.reader = said.get("error"), said.get("reader", "")
        file.state = "failed" if file.error else "done"
        known = {one.part: one for one in file.measured}
        file.measured = []
        left = iter(curves)
        for entry in said.get("entries", ()):
            result = from_document(entry["document"], next(left)) if "document" in entry else None
            fields = {key: value for key, value in entry.items() if key not in ("document", "seen")}
            one = Measured(id=f"{file.id}-{entry['part']}", file=file, result=result, **fields)
            one.seen = _plain(one.name, entry["seen"]) if entry.get("seen") else None
            one.history = known[one.part].history if one.part in known else []
            file.measured.append(one)

    def named(self, name: str) -> Dropped:
        """Return the file of a name that a setting names: only what was dropped is ever opened.

        Raises
        ------
        StudyError  when none was dropped under this name.
        """
        known = next((file for file in self.files.values() if file.name == name.strip()), None)
        if known is None:
            raise StudyError(f"no file '{name.strip()[:100]}' is on the bench.", hint="Drop it too, then name it here.")
        return known

    def supplied(self, row: Technique, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings with the paths of dropped files in place of the names of files.

        Raises
        ------
        StudyError  when one was not dropped.
        """
        paths = {
            key: ",".join(str(self.named(name).path) for name in str(settings[key]).split(","))
            for key in row.file_settings
            if settings.get(key)
        }
        return {**settings, **paths}

    async def rerun(self, one: Measured, technique: str, draft: Draft) -> Draft:
        """Analyse a measurement with other settings; what comes of it is a draft."""
        settings = self.supplied(get(technique), draft.settings)
        asked: dict[str, Any] = {"given": draft.given, "settings": settings, "technique": technique}
        asked |= {"part": one.part, "columns": one.file.columns or None}
        try:
            said, curves = await asyncio.to_thread(sandbox.call, child.look, (str(one.file.path), asked))
        except ClosoError as error:
            said, curves = {"error": child.said(error)}, []
        entry = next(
            iter(said.get("entries", ())), {"error": said.get("error") or child.said(DataError("no such part."))}
        )
        draft.error = entry.get("error")
        draft.result = from_document(entry["document"], curves[0]) if "document" in entry else None
        return draft

    def cancel(self) -> None:
        """Stop everything that is waiting or at work."""
        for file in self.files.values():
            if file.state in ("waiting", "working"):
                file.running.stop()
                file.state = "cancelled"

    def clear(self) -> None:
        """Take everything off the bench."""
        self.cancel()
        for file in self.files.values():
            file.path.unlink(missing_ok=True)
        self.files.clear()

    def measured(self) -> Iterator[Measured]:
        """Yield every measurement, in the order in which the files came."""
        for file in self.files.values():
            yield from file.measured

    def find(self, key: str) -> Measured | None:
        """Return a measurement by its id."""
        return next((one for one in self.measured() if one.id == key), None)
