"""The ledger of a sweep: one SQLite file with a row per task, and every change of it.

A task is `waiting`, `leased` (somebody computes it), `done` or `failed`. A lease has an owner and an expiry; the owner
renews it while it lives. A result is written only by the owner of the lease, so a late twin changes nothing, and a
finished task is never leased again: both are conditions of single UPDATE statements, which SQLite and PostgreSQL
execute one after the other. SQLite runs with its rollback journal and synchronous=FULL.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from closo import __version__
from closo.database import Database, Kind
from closo.errors import StudyError
from closo.sweep.calling import Outcome
from closo.sweep.tasks import Task, to_json

SCHEMA_VERSION = 1
STATES = ("waiting", "leased", "done", "failed")
_CHUNK = 500  # keys in one statement

_TABLES = sa.MetaData()
sa.Table("about", _TABLES, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text))
_TASKS = sa.Table(
    "tasks",
    _TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),  # order in which they were asked for
    sa.Column("function", sa.Text, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),  # JSON
    sa.Column("closo", sa.Text, nullable=False),  # its version
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("expiry", sa.Float),  # of the lease, seconds since 1970
    sa.Column("result", sa.Text),  # JSON
    sa.Column("failure", sa.Text),  # reason of the last try that failed
    sa.Column("wall_time", sa.Float),  # s
    sa.Column("finished", sa.Float),  # seconds since 1970
)
_T = _TASKS.c
_ADD = sa.insert(_TASKS).from_select(
    ["key", "number", "function", "arguments", "closo", "state", "attempts"],
    sa.select(
        sa.bindparam("k", type_=sa.Text),
        sa.bindparam("n", type_=sa.Integer),
        sa.bindparam("f", type_=sa.Text),
        sa.bindparam("a", type_=sa.Text),
        sa.literal(__version__, sa.Text),
        sa.literal("waiting", sa.Text),
        sa.literal(0, sa.Integer),
    ).where(~sa.exists().where(_T.key == sa.bindparam("k", type_=sa.Text))),
)
_MINE = sa.and_(_T.key == sa.bindparam("k"), _T.state == "leased", _T.owner == sa.bindparam("o"))
_FINISH = (
    sa.update(_TASKS)
    .where(_MINE)
    .values(
        state=sa.bindparam("s"),
        result=sa.bindparam("r"),
        failure=sa.func.coalesce(sa.bindparam("f", type_=sa.Text), _T.failure),  # a later success keeps it
        wall_time=sa.bindparam("w"),
        finished=sa.bindparam("t"),
        owner=None,
        expiry=None,
    )
)


@dataclass(frozen=True)
class Row:
    """A task as the ledger knows it; `result` where it is done, `failure` where a try of it failed."""

    key: str
    function: str
    arguments: dict[str, Any]
    closo: str
    state: str
    attempts: int
    result: dict[str, Any] | None
    failure: str | None
    wall_time: float | None


def new_owner() -> str:
    """Return a name for somebody who leases: host, process, and a word that nobody else has."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(8)}"


def open_ledger(path: Path, *, create: bool = False) -> Ledger:
    """Open a ledger; with `create`, make it where there is none.

    Raises
    ------
    StudyError  when there is none, it is not a ledger, it is damaged, or a newer closo wrote it.
    """
    path = Path(path)
    if path.is_dir() or not (path.exists() or create):
        what = "this is a folder, not a ledger." if path.is_dir() else "there is no such ledger."
        raise StudyError(what, file=path, hint="`closo sweep run GRID.toml --ledger FILE` makes one.")
    if not path.parent.is_dir():
        raise StudyError("there is no such folder.", file=path.parent, hint="Make it first.")
    hint = "Name another file, or put a copy in its place."
    kind = Kind("ledger", "closo sweep", SCHEMA_VERSION, _TABLES, "the ledger cannot be used", hint)
    ledger = Ledger(sa.URL.create("sqlite", database=str(path)), str(path), kind)
    ledger.prepare(create=create)
    return ledger


class Ledger(Database):
    """The tasks in one file."""

    def add(self, tasks: Sequence[Task]) -> None:
        """Add the tasks that are not there yet."""
        with self.transaction(write=True) as connection:
            first = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_T.number), -1))).scalar_one() + 1
            rows = [
                {"k": task.key, "n": first + i, "f": task.function, "a": to_json(dict(task.arguments))}
                for i, task in enumerate(tasks)
            ]
            if rows:
                connection.execute(_ADD, rows)

    def states(self) -> dict[str, str]:
        """Return key -> state of all tasks."""
        with self.transaction() as connection:
            return {row.key: row.state for row in connection.execute(sa.select(_T.key, _T.state))}

    def rows(self) -> list[Row]:
        """Return all tasks in the order in which they were asked for.

        Raises
        ------
        StudyError  when the text of a row is not JSON.
        """
        with self.transaction() as connection:
            table = connection.execute(sa.select(_TASKS).order_by(_T.number, _T.key)).all()
        try:
            return [_row(row) for row in table]
        except (TypeError, ValueError) as error:
            raise StudyError(f"the ledger is damaged ({error}).", file=self.shown, hint="Name another file.") from None

    def step(
        self,
        owner: str,
        outcomes: Sequence[Outcome],
        wanted: Sequence[str],
        *,
        again: Collection[str],
        attempts: int,
        lease: float,
    ) -> dict[str, int]:
        """Write outcomes and lease tasks, in one transaction; return key -> number of the attempt of what is leased now.

        Parameters
        ----------
        outcomes : of tasks that `owner` had leased; those whose lease somebody else has taken over are dropped.
        wanted : keys to lease where nobody else does.
        again : of the outcomes that are failures, the keys that wait for another attempt.
        attempts : how often a task is tried before it is failed.
        lease : time until the lease expires [s].
        """
        now = time.time()
        expired = sa.and_(_T.key.in_(wanted), _T.state == "leased", _T.expiry < now)
        with self.transaction(write=True) as connection:
            if outcomes:
                connection.execute(_FINISH, [_values(o, owner, now, again) for o in outcomes])
            if not wanted:
                return {}
            why = f"Whoever computed it died or was stopped, {'once' if attempts == 1 else f'{attempts} times'}."
            gone = {"state": "failed", "failure": why, "owner": None, "expiry": None, "finished": now}
            connection.execute(sa.update(_TASKS).where(expired, _T.attempts >= attempts).values(gone))
            mine = {"state": "leased", "owner": owner, "expiry": now + lease, "attempts": _T.attempts + 1}
            free = sa.or_(sa.and_(_T.key.in_(wanted), _T.state == "waiting"), expired)
            leased = connection.execute(sa.update(_TASKS).where(free).values(mine).returning(_T.key, _T.attempts))
            attempt = {row.key: row.attempts for row in leased}
        return {key: attempt[key] for key in wanted if key in attempt}

    def renew(self, owner: str, *, lease: float) -> None:
        """Renew all leases of `owner`: its heartbeat."""
        mine = sa.and_(_T.state == "leased", _T.owner == owner)
        with self.transaction(write=True) as connection:
            connection.execute(sa.update(_TASKS).where(mine).values(expiry=time.time() + lease))

    def release(self, owner: str) -> None:
        """Give back all leases of `owner`, as if it had not tried."""
        mine = sa.and_(_T.state == "leased", _T.owner == owner)
        back = {"state": "waiting", "owner": None, "expiry": None, "attempts": _T.attempts - 1}
        with self.transaction(write=True) as connection:
            connection.execute(sa.update(_TASKS).where(mine).values(back))

    def expire_dead(self) -> None:
        """Let leases of processes of this computer that live no more expire at once."""
        with self.transaction(write=True) as connection:
            owners = connection.execute(sa.select(_T.owner).where(_T.state == "leased").distinct()).scalars().all()
            for owner in owners:
                if owner is not None and _is_dead(owner):
                    mine = sa.and_(_T.state == "leased", _T.owner == owner)
                    connection.execute(sa.update(_TASKS).where(mine).values(expiry=0.0))

    def retry(self, keys: Sequence[str]) -> None:
        """Let failed tasks wait again, with all attempts before them."""
        with self.transaction(write=True) as connection:
            for i in range(0, len(keys), _CHUNK):
                failed = sa.and_(_T.key.in_(keys[i : i + _CHUNK]), _T.state == "failed")
                connection.execute(sa.update(_TASKS).where(failed).values(state="waiting", attempts=0))


def _values(outcome: Outcome, owner: str, now: float, again: Collection[str]) -> dict[str, Any]:
    state = "done" if outcome.failure is None else "waiting" if outcome.key in again else "failed"
    return {
        "k": outcome.key,
        "o": owner,
        "s": state,
        "r": None if outcome.result is None else to_json(outcome.result),
        "f": outcome.failure,
        "w": outcome.wall_time,
        "t": None if state == "waiting" else now,
    }


def _row(row: sa.Row[Any]) -> Row:
    result = None if row.result is None else json.loads(row.result)
    arguments = json.loads(row.arguments)
    if not isinstance(arguments, dict) or not isinstance(result, dict | None):
        raise TypeError("a row holds something else than a table of values")
    return Row(row.key, row.function, arguments, row.closo, row.state, row.attempts, result, row.failure, row.wall_time)


def _is_dead(owner: str) -> bool:
    """Return True where an owner ran on this computer and its process is no more."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    if host != socket.gethostname() or not rest.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
