"""The database of a library: one SQLite file, or PostgreSQL through pg8000 (extra `postgres`), by the same statements.

SQLite runs with synchronous=FULL, and with its rollback journal where its write-ahead log can corrupt (before 3.51.3). A
library of an older closo is brought up to date when it is opened, step by step in one transaction; before that it is
copied: to `<file>.v<version>.backup`, or on PostgreSQL into the schema `closo_v<version>_backup`.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from closo.errors import StudyError
from closo.library import tables
from closo.library.tables import ABOUT, KIND, TABLES

_BUSY_TIMEOUT = 30.0  # s
_SAFE_LOG = (3, 51, 3)  # SQLite from which on its write-ahead log does not corrupt


def default_place() -> str:
    """Return where the library is: what CLOSO_LIBRARY says, or a file in the home folder."""
    return os.environ.get("CLOSO_LIBRARY") or str(Path.home() / ".closo" / "library.sqlite")


def open_database(place: str | Path, *, create: bool = False) -> Database:
    """Open a library; with `create`, make it where there is none.

    Parameters
    ----------
    place : a file, or postgresql://USER@HOST/DATABASE; the password may stand in PGPASSWORD.

    Raises
    ------
    StudyError  when there is none, it is not a library, it is damaged, or a newer closo wrote it.
    """
    text = str(place)
    if "://" in text:
        url = _server(text)
        shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
    else:
        path = Path(text).expanduser().absolute()
        if path.is_dir() or not (path.exists() or create):
            what = "this is a folder, not a library." if path.is_dir() else "there is no such library."
            raise StudyError(what, file=path, hint="`closo library add STUDY... --library FILE` makes one.")
        if create:
            _make_folder(path.parent)
        url, shown = sa.URL.create("sqlite", database=str(path)), str(path)
    database = Database(url, shown)
    database.prepare(create=create)
    return database


def _server(text: str) -> sa.URL:
    """Return the address of a PostgreSQL server, as SQLAlchemy wants it."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StudyError(
            "this is not the address of a database.", hint="Write postgresql://USER@HOST/DATABASE."
        ) from None
    if url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise StudyError(
            f"a library cannot be kept in '{url.drivername}'.",
            hint="Name a file (SQLite), or postgresql://USER@HOST/DATABASE.",
        )
    if importlib.util.find_spec("pg8000") is None:
        raise StudyError(
            "A library on PostgreSQL needs pg8000.", hint="Install it with: pip install 'closo[postgres]'."
        )
    return url.set(drivername="postgresql+pg8000", password=url.password or os.environ.get("PGPASSWORD"))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"the folder cannot be made ({error.strerror or error}).", file=folder) from None


class Database:
    """A library that is open."""

    def __init__(self, url: sa.URL, shown: str) -> None:
        self.shown = shown
        self.on_sqlite = url.drivername == "sqlite"
        self._file = Path(url.database or "") if self.on_sqlite else None
        waiting = {"timeout": _BUSY_TIMEOUT} if self.on_sqlite else {"timeout": 10}
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=waiting)
        if self.on_sqlite:
            sa.event.listen(self._engine, "connect", _set_up_connection)

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """Open one transaction; only one at a time writes. Problems of the database become a sentence."""
        try:
            with self._engine.connect() as connection, connection.begin():
                if self.on_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                elif write:
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('closo library'))")
                yield connection
        except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
            raise self._as_sentence(error) from None

    def _as_sentence(self, error: Exception) -> StudyError:
        cause: Any = getattr(error, "orig", None) or error
        told = cause.args[0] if cause.args else cause
        reason = str(told.get("M") if isinstance(told, dict) else told)  # pg8000 gives the fields of the message
        hint = "Make another one with `closo library add`; everything in it comes from the studies."
        if "locked" in reason:
            hint = "Another program holds it: wait, or keep it on a local disk."
        elif not self.on_sqlite:
            hint = "Is the server running, and may this user use the database?"
        elif any(word in reason for word in ("readonly", "unable to open", "disk I/O", "full")):
            hint = "Make room, or give yourself the right to write there."
        return StudyError(f"the library does not answer ({reason}).", file=self.shown, hint=hint)

    def prepare(self, *, create: bool) -> None:
        """Check that this is a library; make its tables where nothing is, and bring those of an older closo up to date."""
        version = self._version()
        if version is None and create:
            self._make()
            version = self._version()
        if version is None:
            raise StudyError("this database is not a library of closo.", file=self.shown, hint="Name another one.")
        if version > tables.SCHEMA_VERSION:
            raise StudyError(
                f"the library was written by a newer closo (version {version}; this one knows {tables.SCHEMA_VERSION}).",
                file=self.shown,
                hint="Update closo, or name another library.",
            )
        if version < tables.SCHEMA_VERSION:
            self._migrate(version)

    def _version(self) -> int | None:
        """Return the version of the tables, None where they are not those of a library."""
        with self.transaction() as connection:
            if "about" not in sa.inspect(connection).get_table_names():
                return None
            about = {row.key: row.value for row in connection.execute(sa.select(ABOUT))}
        version = str(about.get("schema_version", ""))
        return int(version) if about.get("kind") == KIND and version.isdigit() else None

    def _make(self) -> None:
        if self.on_sqlite and sqlite3.sqlite_version_info >= _SAFE_LOG:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # stays with the file
        with self.transaction(write=True) as connection:
            if not sa.inspect(connection).get_table_names():  # nobody was faster, and it is not somebody else's
                TABLES.create_all(connection)
                about = {"kind": KIND, "schema_version": str(tables.SCHEMA_VERSION)}
                connection.execute(sa.insert(ABOUT), [{"key": k, "value": v} for k, v in about.items()])

    def _migrate(self, version: int) -> None:
        """Copy the library, then bring it up to date in one transaction."""
        if self._file is not None:
            self._copy(self._file.with_name(f"{self._file.name}.v{version}.backup"))
        with self.transaction(write=True) as connection:
            of_others = connection.execute(sa.select(ABOUT.c.value).where(ABOUT.c.key == "schema_version")).scalar_one()
            if int(of_others) != version:  # another process was faster
                return
            if not self.on_sqlite:
                _copy_schema(connection, f"closo_v{version}_backup")
            for number in range(version, tables.SCHEMA_VERSION):
                for statement in tables.MIGRATIONS[number]:
                    connection.exec_driver_sql(statement)
            now = sa.update(ABOUT).where(ABOUT.c.key == "schema_version")
            connection.execute(now.values(value=str(tables.SCHEMA_VERSION)))

    def _copy(self, backup: Path) -> None:
        """Write a whole copy of the SQLite file; it appears under its name when it is complete."""
        scratch = backup.with_name(f"{backup.name}.{os.getpid()}")
        try:
            scratch.unlink(missing_ok=True)
            with self._engine.connect() as connection:
                connection.exec_driver_sql("VACUUM INTO ?", (str(scratch),))
            scratch.replace(backup)
        except (sa.exc.DBAPIError, OSError) as error:
            scratch.unlink(missing_ok=True)
            raise self._as_sentence(error) from None


def _copy_schema(connection: sa.Connection, schema: str) -> None:
    """Copy all tables into another schema of the same database."""
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    for table in sa.inspect(connection).get_table_names():
        connection.exec_driver_sql(f'CREATE TABLE {schema}."{table}" AS TABLE "{table}"')


def _set_up_connection(connection: Any, _record: Any) -> None:
    """Set what SQLite forgets between connections."""
    connection.isolation_level = None  # transactions begin where we say so, in `transaction`
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT * 1000)}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA case_sensitive_like = ON")  # as on PostgreSQL
    cursor.close()
