"""Where results live: STUDY/.closo/ with one SQLite file and one netCDF file per set of curves.

- A result's quantities keep their labelled sources, so two results saved apart stay correlated after being read back.
- Curves are content-addressed: `arrays/ab/ab34...nc`, named by the sha256 of their bytes, never changed.
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
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from closo.dataset import from_bytes, to_bytes
from closo.errors import ClosoError, StudyError
from closo.quantity import Quantity
from closo.result import About, Check, Provenance, Result

__all__ = ["SCHEMA_VERSION", "Store", "from_document", "open_store", "to_document"]

SCHEMA_VERSION = 1
_BUSY_TIMEOUT = 30_000  # ms

_TABLES = sa.MetaData()
_ABOUT = sa.Table("about", _TABLES, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text))
_RESULTS = sa.Table(
    "results",
    _TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),  # the result as JSON
    sa.Column("document_sha256", sa.Text, nullable=False),
    sa.Column("curves_sha256", sa.Text, nullable=False),
    sa.Column("saved", sa.Text, nullable=False),
)
_LISTINGS = sa.Table(  # what a file holds, so that an unchanged file need not be read again
    "listings",
    _TABLES,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
)


def to_document(result: Result) -> tuple[dict[str, Any], bytes]:
    """Return a result as plain JSON values and its curves as netCDF bytes; `from_document` rebuilds it."""
    document = {
        "technique": result.technique,
        "name": result.name,
        "quantities": {key: quantity.as_stored() for key, quantity in result.quantities.items()},
        "checks": [[c.name, None if c.passed is None else bool(c.passed), c.detail] for c in result.checks],
        "settings": dict(result.settings),
        "findings": dict(result.findings),
        "about": result.about.as_json(),
        "notes": list(result.notes),
        "provenance": None if result.provenance is None else vars(result.provenance),
    }
    return json.loads(_dump(document)), to_bytes(result.curves)


def from_document(document: Mapping[str, Any], curves: bytes) -> Result:
    """Rebuild a result from `to_document`."""
    provenance = document["provenance"]
    return Result(
        technique=document["technique"],
        name=document["name"],
        quantities={key: Quantity.from_stored(stored) for key, stored in document["quantities"].items()},
        curves=from_bytes(curves),
        checks=tuple(Check(*row) for row in document["checks"]),
        settings=document["settings"],
        findings=document["findings"],
        about=About(**document["about"]),
        notes=tuple(document["notes"]),
        provenance=None if provenance is None else Provenance(**provenance),
    )


def _dump(document: object) -> str:
    return json.dumps(document, sort_keys=False, ensure_ascii=False, default=_plain)


def _plain(value: object) -> Any:
    """Turn what numpy left in settings into plain JSON values."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a result's settings hold a {type(value).__name__}, which is no plain JSON value")


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


class Store:
    """The results of one study, by key and by fingerprint (what they were computed from)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        url = sa.URL.create("sqlite", database=str(folder / "store.sqlite"))
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": _BUSY_TIMEOUT / 1000})
        sa.event.listen(self._engine, "connect", _set_up_connection)

    @contextmanager
    def _database(self) -> Iterator[sa.Connection]:
        """Open one transaction; problems of the database become a sentence."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            reason = str(getattr(error, "orig", None) or error)
            hint = f"Delete the folder {self.folder}; closo computes everything in it again."
            if "locked" in reason:
                hint = "Wait until the other closo has finished."
            elif "readonly" in reason or "disk" in reason or "full" in reason:
                hint = "Make room or give yourself the right to write there."
            raise StudyError(f"the store of results does not answer ({reason}).", file=self.folder, hint=hint) from None

    def prepare(self) -> None:
        """Make the tables, or check that this closo knows them."""
        with self._database() as connection:
            for table in _TABLES.sorted_tables:  # another process may be doing the same
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
            found = connection.execute(sa.select(_ABOUT.c.value).where(_ABOUT.c.key == "schema_version")).scalar()
            if found is None:
                _replace(connection, _ABOUT, {"key": "schema_version", "value": str(SCHEMA_VERSION)})
                found = str(SCHEMA_VERSION)
        if int(found) > SCHEMA_VERSION:
            raise StudyError(
                f"the store was written by a newer closo (version {found}; this one knows {SCHEMA_VERSION}).",
                file=self.folder,
                hint="Update closo, or delete the folder: everything in it can be computed again.",
            )

    def save(self, key: str, result: Result, fingerprint: str) -> None:
        """Keep a result; it is on disk, whole, when this returns."""
        document, curves = to_document(result)
        self.save_document(key, document, curves, fingerprint)

    def save_document(self, key: str, document: Mapping[str, Any], curves: bytes, fingerprint: str) -> None:
        """Keep a result that `to_document` made."""
        text = _dump(document)
        row = {
            "key": key,
            "fingerprint": fingerprint,
            "document": text,
            "document_sha256": _sha256(text.encode()),
            "curves_sha256": self._write_array(curves),
            "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._database() as connection:
            _replace(connection, _RESULTS, row)

    def load(self, key: str) -> Result | None:
        """Return the result called `key`, or None."""
        return self._one(_RESULTS.c.key == key)

    def find(self, fingerprint: str) -> Result | None:
        """Return the result that was computed from exactly this, or None."""
        return self._one(_RESULTS.c.fingerprint == fingerprint)

    def keys(self) -> dict[str, str]:
        """Return key -> fingerprint of all results."""
        with self._database() as connection:
            return {r.key: r.fingerprint for r in connection.execute(sa.select(_RESULTS.c.key, _RESULTS.c.fingerprint))}

    def keep_only(self, keys: Iterable[str]) -> int:
        """Forget all results but these (of measurements that left the study); return how many were forgotten."""
        stale = sorted(set(self.keys()) - set(keys))
        with self._database() as connection:
            for key in stale:
                connection.execute(sa.delete(_RESULTS).where(_RESULTS.c.key == key))
            used = {r.curves_sha256 for r in connection.execute(sa.select(_RESULTS.c.curves_sha256))}
        for path in (self.folder / "arrays").glob("*/*.nc"):
            if path.stem not in used:
                path.unlink(missing_ok=True)
        for path in (self.folder / "tmp").iterdir():
            path.unlink(missing_ok=True)
        return len(stale)

    def save_listings(self, listings: Mapping[str, list[dict[str, Any]]]) -> None:
        """Remember what files hold, by fingerprint."""
        with self._database() as connection:
            for fingerprint, parts in listings.items():
                _replace(connection, _LISTINGS, {"fingerprint": fingerprint, "document": _dump(parts)})

    def listings(self) -> dict[str, list[dict[str, Any]]]:
        """Return all that is remembered about files."""
        with self._database() as connection:
            return {r.fingerprint: json.loads(r.document) for r in connection.execute(sa.select(_LISTINGS))}

    def verify(self) -> list[str]:
        """Return a sentence for everything that is damaged or half-written; an empty list is a whole store."""
        with self._database() as connection:
            found = [str(r[0]) for r in connection.execute(sa.text("PRAGMA integrity_check")) if r[0] != "ok"]
            rows = connection.execute(sa.select(_RESULTS)).all()
        for row in rows:
            if _sha256(row.document.encode()) != row.document_sha256:
                found.append(f"{row.key}: the stored numbers have changed since they were saved.")
                continue
            try:
                from_document(json.loads(row.document), self._read_array(row.curves_sha256))
            except (ClosoError, KeyError, TypeError, ValueError) as error:
                found.append(f"{row.key}: {error}")
        return found

    @contextmanager
    def locked(self, *, wait: float = 5.0) -> Iterator[None]:
        """Work alone on this study; the lock ends with the process, also when it is killed.

        Raises
        ------
        StudyError  when another closo holds it for longer than `wait` [s], with its process number.
        """
        note = self.folder / "lock.txt"
        connection = sqlite3.connect(self.folder / "lock.sqlite", timeout=0.0, isolation_level=None)
        try:
            _wait_for_lock(connection, note, wait)
            note.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%H:%M:%S')}")
            yield
            note.unlink(missing_ok=True)
        finally:
            connection.close()

    def _one(self, condition: sa.ColumnElement[bool]) -> Result | None:
        with self._database() as connection:
            row = connection.execute(sa.select(_RESULTS).where(condition).limit(1)).first()
        if row is None:
            return None
        try:
            return from_document(json.loads(row.document), self._read_array(row.curves_sha256))
        except (StudyError, KeyError, TypeError, ValueError):
            return None  # damaged: compute it again; `verify` says what is wrong

    def _array_path(self, sha256: str) -> Path:
        return self.folder / "arrays" / sha256[:2] / f"{sha256}.nc"

    def _read_array(self, sha256: str) -> bytes:
        try:
            content = self._array_path(sha256).read_bytes()
        except OSError as error:
            raise StudyError(f"its curves are missing ({error.strerror}).") from None
        if _sha256(content) != sha256:
            raise StudyError("its curves have changed since they were saved.")
        return content

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


def _replace(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Put a row in the place of the one with the same primary key."""
    primary = next(iter(table.primary_key.columns))
    connection.execute(sa.delete(table).where(primary == row[primary.name]))
    connection.execute(sa.insert(table), row)


def _set_up_connection(connection: Any, _record: Any) -> None:
    """Set what SQLite forgets between connections; the journal mode is the default one and stays."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _wait_for_lock(connection: sqlite3.Connection, note: Path, wait: float) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if time.monotonic() >= end:
                holder = "another process"
                with suppress(OSError):
                    holder = note.read_text()
                raise StudyError(
                    f"another closo works on this study ({holder}; {error}).",
                    file=note.parent.parent,
                    hint="Wait until it has finished, and start again.",
                ) from None
            time.sleep(0.05)
        else:
            return


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
