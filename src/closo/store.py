"""Where results live: STUDY/.closo/ with one SQLite file and one NPZ file per set of curves.

- A result's quantities keep their labelled sources, so two results saved apart stay correlated after being read back.
- Curves are content-addressed: `arrays/ab/ab34...npz`, named by the sha256 of their bytes, never changed, and read when
  they are first touched.
- Every file is written to a temporary name, flushed to disk and renamed; the row that names it comes after. Whoever is
  killed at any moment leaves a store without half-written results.
- SQLite runs with a rollback journal and synchronous=FULL: the write-ahead log of SQLite before 3.51.3 can corrupt.

`Store.locked()` lets one process at a time work on a study.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from closo.documents import dump, from_document, from_text, to_document
from closo.errors import ClosoError, StudyError
from closo.result import Result

__all__ = ["SCHEMA_VERSION", "Store", "existing_store", "from_document", "is_in_use", "open_store", "to_document"]

SCHEMA_VERSION = 1
PATIENCE = 600.0  # s for another closo that works on the study
_BUSY_TIMEOUT = 30_000  # ms
_CHUNK = 200  # results in one statement

_TABLES = (
    "CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, document TEXT NOT NULL, "
    "document_sha256 TEXT NOT NULL, curves_sha256 TEXT NOT NULL, saved TEXT NOT NULL)",  # the document is JSON
    "CREATE INDEX IF NOT EXISTS ix_results_fingerprint ON results (fingerprint)",
    # what a file holds, so that an unchanged file need not be read again
    "CREATE TABLE IF NOT EXISTS listings (fingerprint TEXT PRIMARY KEY, document TEXT NOT NULL)",
)


def open_store(study_folder: Path) -> Store:
    """Open the store of a study, and make it where there is none.

    Raises
    ------
    StudyError  when the folder cannot be written, the store is damaged, or a newer closo wrote it.
    """
    folder = Path(study_folder) / ".closo"
    try:
        (folder / "arrays").mkdir(parents=True, exist_ok=True)
        (folder / "tmp").mkdir(exist_ok=True)
        if not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise StudyError(
            f"results cannot be kept here ({error.strerror or error}).",
            file=folder,
            hint="Copy the study to a folder that you may write.",
        ) from None
    store = Store(folder)
    store.prepare()
    return store


def existing_store(study_folder: Path) -> Store | None:
    """Open the store of a study to read what is in it, also while another process fills it; None where there is none.

    Raises
    ------
    StudyError  when the store is damaged, or a newer closo wrote it.
    """
    store = Store(Path(study_folder) / ".closo", read_only=True)
    if not (store.folder / "store.sqlite").exists() or not store.is_made():
        return None
    store.prepare()
    return store


def is_in_use(study_folder: Path) -> bool:
    """Return whether a process is computing the results of a study now."""
    file = Path(study_folder) / ".closo" / "lock.sqlite"
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", timeout=0.0, uri=True)) as connection:
        try:
            connection.execute("SELECT 1 FROM sqlite_master")  # many may look at once
        except sqlite3.OperationalError as error:
            return "locked" in str(error)
    return False


class Store:
    """The results of one study, by key and by fingerprint (what they were computed from).

    `read_only` opens what is there and changes nothing; curves are then checked when they are touched.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.read_only = read_only

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Open one transaction; problems of the database become a sentence."""
        try:
            place = f"{(self.folder / 'store.sqlite').absolute().as_uri()}?mode={'rw' if self.read_only else 'rwc'}"
            with closing(sqlite3.connect(place, timeout=_BUSY_TIMEOUT / 1000, uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT}")
                connection.execute("PRAGMA synchronous = FULL")
                with connection:
                    yield connection
        except sqlite3.DatabaseError as error:
            reason = str(error)
            hint = f"Delete the folder {self.folder}; closo computes everything in it again."
            if "locked" in reason:
                hint = "Wait until the other closo has finished."
            elif "readonly" in reason or "disk" in reason or "full" in reason:
                hint = "Free disk space, or check write permission."
            raise StudyError(
                f"the results database could not be opened ({reason}).", file=self.folder, hint=hint
            ) from None

    def is_made(self) -> bool:
        """Return whether the tables are there; another process may be about to make them."""
        with self._database() as connection:
            return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'listings'").fetchone() is not None

    def prepare(self) -> None:
        """Make the tables, or check that this closo knows them."""
        if not self.read_only:
            with self._database() as connection:
                for table in _TABLES:  # another process may be doing the same
                    connection.execute(table)
        version = self.remembered("schema_version")
        if version is None:
            self.remember("schema_version", version := str(SCHEMA_VERSION))
        if int(version) > SCHEMA_VERSION:
            raise StudyError(
                f"the store was written by a newer closo (version {version}; this one knows {SCHEMA_VERSION}).",
                file=self.folder,
                hint="Update closo, or delete the folder: everything in it can be computed again.",
            )

    def save(self, key: str, result: Result, fingerprint: str) -> None:
        """Keep a result; it is on disk, whole, when this returns."""
        document, curves = to_document(result)
        self.save_document(key, document, curves, fingerprint)

    def save_document(self, key: str, document: Mapping[str, Any], curves: bytes, fingerprint: str) -> Result:
        """Keep a result that `to_document` made, and return it as it will be found again."""
        text = dump(document)
        row = {
            "key": key,
            "fingerprint": fingerprint,
            "document": text,
            "document_sha256": _sha256(text.encode()),
            "curves_sha256": self._write_array(curves),
            "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._database() as connection:
            columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(f"REPLACE INTO results ({columns}) VALUES ({marks})", row)
        return self._result(row)

    def remember(self, key: str, value: str) -> None:
        """Keep a text about the store."""
        with self._database() as connection:
            connection.execute("REPLACE INTO about (key, value) VALUES (?, ?)", (key, value))

    def remembered(self, key: str) -> str | None:
        """Return what `remember` kept, or None."""
        with self._database() as connection:
            row = connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row["value"])

    def load(self, key: str) -> Result | None:
        """Return the result called `key`, or None."""
        return self._one("key", key)

    def find(self, fingerprint: str) -> Result | None:
        """Return the result that was computed from exactly this, or None."""
        return self._one("fingerprint", fingerprint)

    def find_all(self, fingerprints: Mapping[str, str]) -> dict[str, Result]:
        """Return the results of several keys that were computed from exactly this, in their order.

        Parameters
        ----------
        fingerprints : key -> fingerprint.
        """
        results: dict[str, Result | None] = {}
        asked = list(fingerprints.items())
        for few in (asked[k : k + _CHUNK] for k in range(0, len(asked), _CHUNK)):  # all texts at once fill the memory
            marks = ", ".join("?" * len(few))
            with self._database() as connection:
                chosen = connection.execute(
                    f"SELECT * FROM results WHERE fingerprint IN ({marks})", [wanted for _, wanted in few]
                )
                rows = {row["fingerprint"]: row for row in chosen}
            results |= {key: self._whole(rows[wanted]) for key, wanted in few if wanted in rows}
        return {key: result for key, result in results.items() if result is not None}

    def keys(self) -> dict[str, str]:
        """Return key -> fingerprint of all results."""
        with self._database() as connection:
            return dict(tuple(row) for row in connection.execute("SELECT key, fingerprint FROM results ORDER BY key"))

    def keep_only(self, keys: Iterable[str]) -> int:
        """Forget all results but these (of measurements that left the study); return how many were forgotten."""
        stale = sorted(set(self.keys()) - set(keys))
        with self._database() as connection:
            connection.executemany("DELETE FROM results WHERE key = ?", [(key,) for key in stale])
            used = {row["curves_sha256"] for row in connection.execute("SELECT curves_sha256 FROM results")}
        for path in (self.folder / "arrays").glob("*/*"):
            if path.stem not in used:
                path.unlink(missing_ok=True)
        for path in (self.folder / "tmp").iterdir():
            path.unlink(missing_ok=True)
        return len(stale)

    def save_listings(self, listings: Mapping[str, Any]) -> None:
        """Remember what files hold, by fingerprint."""
        with self._database() as connection:
            rows = [(fingerprint, dump(parts)) for fingerprint, parts in listings.items()]
            connection.executemany("REPLACE INTO listings (fingerprint, document) VALUES (?, ?)", rows)

    def listings(self) -> dict[str, Any]:
        """Return all that is remembered about files."""
        with self._database() as connection:
            rows = connection.execute("SELECT fingerprint, document FROM listings").fetchall()
        return {row["fingerprint"]: json.loads(row["document"]) for row in rows}

    def stored(self, key: str) -> dict[str, str] | None:
        """Return what is kept of a result as it is written: key, fingerprint, document (JSON), the hashes; or None."""
        with self._database() as connection:
            row = connection.execute("SELECT * FROM results WHERE key = ?", (key,)).fetchone()
        return None if row is None else dict(row)

    def curves_of(self, sha256: str) -> bytes:
        """Return curves as bytes.

        Raises
        ------
        StudyError  when they are missing or have changed.
        """
        try:
            content = self._array_path(sha256).read_bytes()
        except OSError as error:
            raise StudyError(f"its curves are missing ({error.strerror}).") from None
        if _sha256(content) != sha256:
            raise StudyError("its curves have changed since they were saved.")
        return content

    def verify(self) -> list[str]:
        """Return a sentence for everything that is damaged or half-written; an empty list is a whole store."""
        with self._database() as connection:
            faults = [str(r[0]) for r in connection.execute("PRAGMA integrity_check") if r[0] != "ok"]
        for key in self.keys():  # one by one: the whole would fill the memory, and lock the store
            row = self.stored(key)
            while row is not None and (damage := self._damage(row)):
                if (again := self.stored(key)) == row:  # nobody has replaced it meanwhile
                    faults.append(f"{key}: {damage}")
                    break
                row = again
        return faults

    def _damage(self, row: Mapping[str, str]) -> str:
        """Return what is wrong with a result, or nothing."""
        if _sha256(row["document"].encode()) != row["document_sha256"]:
            return "the stored numbers have changed since they were saved."
        try:
            _ = from_document(json.loads(row["document"]), self.curves_of(row["curves_sha256"])).curves
        except (ClosoError, KeyError, TypeError, ValueError) as error:
            return str(error)
        return ""

    @contextmanager
    def locked(self, *, wait: float = PATIENCE, tell: Callable[[str], None] | None = None) -> Iterator[bool]:
        """Work alone on this study; the lock ends with the process, also when it is killed.

        Yields whether another closo had it first: what was known of the study before may be out of date.

        Parameters
        ----------
        tell : called once with a sentence where there is something to wait for; it goes to standard error without one.

        Raises
        ------
        StudyError  when another closo holds it for longer than `wait` [s], with its process number.
        """
        note = self.folder / "lock.txt"
        connection = sqlite3.connect(self.folder / "lock.sqlite", timeout=0.0, isolation_level=None)
        try:
            waited = _wait_for_lock(connection, note, wait, tell or partial(print, file=sys.stderr, flush=True))
            note.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%H:%M:%S')}")
            yield waited
            note.unlink(missing_ok=True)
        finally:
            connection.close()

    def _one(self, column: str, value: str) -> Result | None:
        with self._database() as connection:
            row = connection.execute(f"SELECT * FROM results WHERE {column} = ? LIMIT 1", (value,)).fetchone()
        if row is None:
            return None
        return self._whole(row)

    def _whole(self, row: Mapping[str, Any] | sqlite3.Row) -> Result | None:
        """Return a result with its curves still closed; None where it is damaged (`verify` says what is wrong)."""
        try:
            if not self.read_only:
                self.curves_of(row["curves_sha256"])
            if _sha256(row["document"].encode()) != row["document_sha256"]:
                return None
            return self._result(row)
        except (StudyError, KeyError, TypeError, ValueError):
            return None

    def _result(self, row: Mapping[str, Any] | sqlite3.Row) -> Result:
        return from_text(row["document"], partial(self.curves_of, row["curves_sha256"]))

    def _array_path(self, sha256: str) -> Path:
        return self.folder / "arrays" / sha256[:2] / f"{sha256}.npz"

    def _write_array(self, content: bytes) -> str:
        """Write content-addressed curves; return their sha256."""
        sha256 = _sha256(content)
        path = self._array_path(sha256)
        try:
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_whole(path, content, scratch=self.folder / "tmp")
        except OSError as error:
            raise StudyError(
                f"results cannot be written ({error.strerror or error}).",
                file=self.folder,
                hint="Make room on the disk.",
            ) from None
        return sha256


def _wait_for_lock(connection: sqlite3.Connection, note: Path, wait: float, tell: Callable[[str], None]) -> bool:
    """Take the lock, and return whether another had it."""
    begin, waited, told = time.monotonic(), False, False
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise StudyError(f"this study cannot be locked ({error}).", file=note.parent.parent) from None
        else:
            return waited
        waited, so_far, holder = True, time.monotonic() - begin, "another process"
        with suppress(OSError):
            holder = note.read_text() or holder
        if so_far >= wait:
            raise StudyError(
                f"another closo process is using this study ({holder}).",
                file=note.parent.parent,
                hint=f"Wait until it has finished, and start again; it was given {wait:g} s.",
            )
        if so_far > 1.0 and not told:
            tell(f"waiting for another closo on this study ({holder}), {wait / 60.0:.0f} min at most")
            told = True
        time.sleep(0.05)


def _write_whole(path: Path, content: bytes, *, scratch: Path) -> None:
    """Write a file so that it is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=scratch)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
