"""The database of a library: one SQLite file, or PostgreSQL through pg8000 (extra `postgres`), by the same statements.

SQLite runs with its rollback journal where its write-ahead log can corrupt (before 3.51.3). A library of an older closo is
brought up to date when it is opened, step by step in one transaction; before that it is copied: to
`<file>.v<version>.backup`, or on PostgreSQL into the schema `closo_v<version>_backup`.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from closo.database import Database, Kind
from closo.errors import StudyError
from closo.library import tables
from closo.library.tables import ABOUT

_SAFE_LOG = (3, 51, 3)  # SQLite from which on its write-ahead log does not corrupt


def default_place() -> str:
    """Return where the library is: what CLOSO_LIBRARY says, or a file in the home folder."""
    return os.environ.get("CLOSO_LIBRARY") or str(Path.home() / ".closo" / "library.sqlite")


def open_database(place: str | Path, *, create: bool = False) -> Library:
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
    hint = "Make another one with `closo library add`; everything in it comes from the studies."
    kind = Kind("library", "closo library", tables.SCHEMA_VERSION, tables.TABLES, "the library does not answer", hint)
    database = Library(url, shown, kind)
    if (version := database.prepare(create=create)) < tables.SCHEMA_VERSION:
        database.migrate(version)
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


class Library(Database):
    """A library that is open."""

    def _make(self) -> None:
        if self.on_sqlite and sqlite3.sqlite_version_info >= _SAFE_LOG:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # stays with the file
        super()._make()

    def migrate(self, version: int) -> None:
        """Copy the library, then bring it up to date in one transaction."""
        if self.on_sqlite:
            self._copy(Path(f"{self.shown}.v{version}.backup"))
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
            raise self.as_sentence(error) from None


def _copy_schema(connection: sa.Connection, schema: str) -> None:
    """Copy all tables into another schema of the same database."""
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    for table in sa.inspect(connection).get_table_names():
        connection.exec_driver_sql(f'CREATE TABLE {schema}."{table}" AS TABLE "{table}"')
