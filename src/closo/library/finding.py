"""Find results over many studies: all conditions must hold for one sample, powder, specimen or cell.

A condition on a specimen may also be met by the sample that it is made of, and one on a sample by a specimen of it. A value
counts where it lies beyond the bound; `sure` asks that its whole 95 % interval does. What is withheld never counts.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from closo.library.adding import state_of
from closo.library.conditions import Number, Word, read_all
from closo.library.database import open_database
from closo.library.tables import OWNERS, QUANTITIES, RESULTS, STUDIES
from closo.nomenclature import look_up, to_shown
from closo.units import read_as

_OWNER, _SAMPLE = OWNERS.alias("owner"), OWNERS.alias("sample")
_Q = QUANTITIES.c
_ABOUT_RESULT = (
    RESULTS.join(STUDIES, STUDIES.c.id == RESULTS.c.study_id)
    .join(_OWNER, _OWNER.c.id == RESULTS.c.owner_id)
    .outerjoin(_SAMPLE, _SAMPLE.c.id == _OWNER.c.sample_id)
)
_WORDS: dict[str, sa.ColumnElement[str]] = {  # of a condition -> column of _ABOUT_RESULT
    "kind": _OWNER.c.kind,
    "owner": _OWNER.c.name,
    "sample": sa.case((_OWNER.c.kind == "sample", _OWNER.c.name), else_=sa.func.coalesce(_SAMPLE.c.name, "")),
    "technique": RESULTS.c.technique,
    "branch": RESULTS.c.branch,
    "stage": RESULTS.c.stage,
    "study": STUDIES.c.title,
}
_ORDER = (_Q.value.desc(), _Q.result_id, _Q.key)


@dataclass(frozen=True)
class Hit:
    """One number that was asked for."""

    asked: str  # the condition that it meets
    study: str  # its title
    synthetic: bool
    folder: str  # where the study lies
    owner: str
    kind: str
    sample: str
    technique: str
    branch: str
    result: str  # key in that study
    key: str
    name: str
    value: float  # SI
    u: float
    low: float  # ends of the 95 % interval
    high: float
    temperature: float | None  # K; None where the result states none
    basis: str
    failed: str  # names of the checks that the result failed
    sure: bool  # whether the whole 95 % interval meets the condition
    stale: bool = False  # whether the study has changed since it was added

    def __str__(self) -> str:
        row = look_up(self.name)
        number, unit = read_as(to_shown(self.name, self.value), self.u / row.factor, row.shown)
        return number if unit == "1" else f"{number} {unit}"

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` prints: numbers in the shown unit."""
        row = look_up(self.name)
        numbers = {end: to_shown(self.name, getattr(self, end)) for end in ("value", "low", "high")}
        kelvin = self.temperature
        shown = {"unit": row.shown, "value": numbers["value"], "u": self.u / row.factor}
        shown |= {"interval": [numbers["low"], numbers["high"]]}
        shown |= {"temperature": None if kelvin is None else to_shown("temperature", kelvin)}  # degC
        return {k: v for k, v in vars(self).items() if k not in ("low", "high")} | shown


@dataclass(frozen=True)
class Found:
    """What a question found."""

    hits: tuple[Hit, ...]  # as many as were asked for; those of the first condition first, the largest first
    total: int  # how many there are
    withheld: int  # numbers of the first condition that have no value, so that they could not be compared
    unplaced: int  # numbers of the first condition that state no temperature where one is asked for


def find(conditions: Sequence[str], *, library: str | Path, sure: bool = False, most: int | None = 100) -> Found:
    """Return the numbers of all studies that meet all conditions.

    Parameters
    ----------
    conditions : see `closo.library.conditions`; at least one asks for a number.
    sure : count a number only where its whole 95 % interval meets the condition.
    most : how many hits are returned of each condition; None for all.

    Raises
    ------
    StudyError  when a condition cannot be read, or the library does not answer.
    """
    numbers, words = read_all(conditions)
    state_now = cache(lambda folder: state_of(Path(folder)))
    hits: list[Hit] = []
    total = 0
    with open_database(library).transaction() as connection:
        for asked in numbers:
            others = [_owner_meets(other, sure=sure) for other in numbers if other is not asked]
            where = sa.and_(_meets(asked, sure=sure), *others, *_fitting(words, asked))
            rows = connection.execute(_rows(where, most)).mappings().all()
            hits += [_hit(asked, row, state_now) for row in rows]
            total += rows[0]["every"] if rows else 0
        first = numbers[0]
        fitting = _fitting(words, first)
        withheld = _count(connection, sa.and_(_named(first), _at(first), _Q.value.is_(None), *fitting))
        unplaced = 0
        if first.at is not None:
            where = sa.and_(_named(first), _Q.temperature.is_(None), _between(first, sure=sure), *fitting)
            unplaced = _count(connection, where)
    return Found(tuple(hits), total, withheld, unplaced)


def studies(library: str | Path) -> list[dict[str, Any]]:
    """Return folder, title, numbers of results and what is missing of every study, and whether it has changed since."""
    with open_database(library).transaction() as connection:
        rows = connection.execute(sa.select(STUDIES).order_by(STUDIES.c.folder)).mappings().all()
    return [
        {key: row[key] for key in ("folder", "title", "synthetic", "added", "results", "missing")}
        | {"stale": state_of(Path(row["folder"])) != row["state"]}
        for row in rows
    ]


def _named(asked: Number) -> sa.ColumnElement[bool]:
    if not asked.name:
        return _Q.main.is_(sa.true())
    if asked.key is not None:
        return sa.and_(_Q.name == asked.name, _Q.key == asked.key)
    return sa.and_(_Q.name == asked.name, _Q.main.is_(sa.true()))


def _at(asked: Number) -> sa.ColumnElement[bool]:
    return sa.true() if asked.at is None else _Q.temperature.between(*asked.at)


def _between(asked: Number, *, sure: bool) -> sa.ColumnElement[bool]:
    """Return whether the value, and with `sure` its whole interval, lies between the bounds."""
    above, below = (operator.gt, operator.lt) if asked.strict else (operator.ge, operator.le)
    conditions: list[sa.ColumnElement[bool]] = [_Q.value.is_not(None)]
    for side, bound, end in ((above, asked.low, _Q.low), (below, asked.high, _Q.high)):
        if math.isfinite(bound):  # the value stands in the index, the end of its interval does not
            conditions += [side(column, bound) for column in ((_Q.value, end) if sure else (_Q.value,))]
    return sa.and_(*conditions)


def _meets(asked: Number, *, sure: bool) -> sa.ColumnElement[bool]:
    return sa.and_(_named(asked), _at(asked), _between(asked, sure=sure))


def _owner_meets(asked: Number, *, sure: bool) -> sa.ColumnElement[bool]:
    """Return whether the owner of a row meets a condition: itself, its sample, or a specimen of it."""
    meets = _meets(asked, sure=sure)
    owners = sa.select(_Q.owner_id).where(meets)
    samples = sa.select(_Q.sample_id).where(meets, _Q.sample_id.is_not(None))
    return sa.or_(_Q.owner_id.in_(owners), _Q.sample_id.in_(owners), _Q.owner_id.in_(samples))


def _fitting(words: Sequence[Word], asked: Number) -> list[sa.ColumnElement[bool]]:
    """Return whether owner and result of a quantity fit all words."""

    def fits(chosen: Sequence[str]) -> list[sa.ColumnElement[bool]]:
        return [_WORDS[w.word].like(_like(w.pattern), escape="\\") for w in words if w.word in chosen]

    conditions: list[sa.ColumnElement[bool]] = []
    if of_owner := fits(("kind", "owner", "sample")):
        owners = _OWNER.outerjoin(_SAMPLE, _SAMPLE.c.id == _OWNER.c.sample_id)
        ids = sa.select(_OWNER.c.id).select_from(owners).where(*of_owner)
        if not asked.name:  # the words alone must lead to the rows
            conditions.append(_Q.result_id.in_(sa.select(RESULTS.c.id).where(RESULTS.c.owner_id.in_(ids))))
        conditions.append(_Q.owner_id.in_(ids))
    if of_result := fits(("technique", "branch", "stage", "study")):
        results = sa.select(RESULTS.c.id).join(STUDIES, STUDIES.c.id == RESULTS.c.study_id).where(*of_result)
        conditions.append(
            sa.exists(results.where(RESULTS.c.id == _Q.result_id)) if asked.name else _Q.result_id.in_(results)
        )
    return conditions


def _like(pattern: str) -> str:
    """Return a pattern with * as SQL writes it."""
    plain = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return plain.replace("*", "%")


def _rows(where: sa.ColumnElement[bool], most: int | None) -> sa.Select[Any]:
    """Return the statement that finds the first rows, and looks up only for these what belongs to them."""
    every = sa.func.count().over().label("every")
    first = sa.select(_Q.result_id, _Q.key, every).where(where).order_by(*_ORDER).limit(most).subquery("first")
    mine = sa.and_(_Q.result_id == first.c.result_id, _Q.key == first.c.key)
    about = _ABOUT_RESULT.join(first, first.c.result_id == RESULTS.c.id).join(QUANTITIES, mine)
    columns: list[sa.ColumnElement[Any]] = [
        _Q[n] for n in ("key", "name", "value", "u", "low", "high", "temperature", "basis")
    ]
    columns += [STUDIES.c[n] for n in ("synthetic", "folder", "state")]
    columns += [RESULTS.c.failed, RESULTS.c.key.label("result")]
    columns += [_WORDS[word].label(word) for word in ("study", "technique", "branch", "owner", "kind", "sample")]
    return sa.select(first.c.every, *columns).select_from(about).order_by(*_ORDER)


def _count(connection: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(QUANTITIES).where(where)).scalar_one())


def _hit(asked: Number, row: Mapping[Any, Any], state_now: Callable[[str], str]) -> Hit:
    within = operator.lt if asked.strict else operator.le
    known = row["low"] is not None and row["high"] is not None
    sure = known and within(asked.low, row["low"]) and within(row["high"], asked.high)
    values = {key: value for key, value in row.items() if key not in ("state", "every")}
    return Hit(**values, asked=asked.text, sure=sure, stale=state_now(row["folder"]) != row["state"])
