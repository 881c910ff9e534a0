"""A database that several processes write at a time: an SQLite file or a PostgreSQL server, by the same statements.

Its table `about` says what it holds. SQLite runs with synchronous=FULL and its rollback journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from closo.errors import StudyError

_BUSY_TIMEOUT = 30.0  # s


@dataclass(frozen=True)
class Kind:
    """What a database holds, and how closo speaks of it."""

    name: str  # 'ledger'
    mark: str  # in `about`
    version: int  # of its tables, that this closo knows
    tables: sa.MetaData  # with `about`, of key and value
    trouble: str  # 'the ledger cannot be used'
    remedy: str  # where it is damaged


class Database:
    """A database that is open."""

    def __init__(self, url: sa.URL, shown: str, kind: Kind) -> None:
        self.shown = shown
        self.kind = kind
        self.on_sqlite = url.drivername == "sqlite"
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
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('{self.kind.mark}'))")
                yield connection
        except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
            raise self.as_sentence(error) from None

    def as_sentence(self, error: Exception) -> StudyError:
        """Return what went wrong, with what to do about it."""
        cause: Any = getattr(error, "orig", None) or error
        told = cause.args[0] if cause.args else cause
        reason = str(told.get("M") if isinstance(told, dict) else told)  # pg8000 gives the fields of the message
        hint = self.kind.remedy
        if "locked" in reason:
            hint = "Another program holds it: wait, or keep it on a local disk."
        elif not self.on_sqlite:
            hint = "Is the server running, and may this user use the database?"
        elif any(word in reason for word in ("readonly", "unable to open", "disk I/O", "full")):
            hint = "Make room, or give yourself the right to write there."
        return StudyError(f"{self.kind.trouble} ({reason}).", file=self.shown, hint=hint)

    def prepare(self, *, create: bool) -> int:
        """Check what this is, with `create` make the tables where nothing is; return their version."""
        version, name = self._version(), self.kind.name
        if version is None and create:
            self._make()
            version = self._version()
        if version is None:
            raise StudyError(f"this database is not a {name} of closo.", file=self.shown, hint="Name another one.")
        if version > self.kind.version:
            raise StudyError(
                f"the {name} was written by a newer closo (version {version}; this one knows {self.kind.version}).",
                file=self.shown,
                hint=f"Update closo, or name another {name}.",
            )
        return version

    def _version(self) -> int | None:
        """Return the version of the tables, None where they are others."""
        with self.transaction() as connection:
            if "about" not in sa.inspect(connection).get_table_names():
                return None
            rows = connection.execute(sa.select(self.kind.tables.tables["about"])).all()
        about = {row.key: row.value for row in rows}
        version = str(about.get("schema_version", ""))
        return int(version) if about.get("kind") == self.kind.mark and version.isdigit() else None

    def _make(self) -> None:
        with self.transaction(write=True) as connection:
            if not sa.inspect(connection).get_table_names():  # nobody was faster, and it is not somebody else's
                self.kind.tables.create_all(connection)
                about = {"kind": self.kind.mark, "schema_version": str(self.kind.version)}
                entries = [{"key": key, "value": value} for key, value in about.items()]
                connection.execute(sa.insert(self.kind.tables.tables["about"]), entries)


def _set_up_connection(connection: Any, _record: Any) -> None:
    """Set what SQLite forgets between connections; the journal mode is that of the file and stays."""
    connection.isolation_level = None  # transactions begin where we say so, in `transaction`
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT * 1000)}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA case_sensitive_like = ON")  # as on PostgreSQL
    cursor.close()
