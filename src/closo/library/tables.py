"""The tables of a library, the same on SQLite and PostgreSQL, and how an older library becomes one of today."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

TABLES = sa.MetaData()


def _id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


# Bytes decide the order on both: the one of a server's language would sort and cut a list differently.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False, **more)


ABOUT = sa.Table("about", TABLES, _text("key", primary_key=True), _text("value"))
STUDIES = sa.Table(
    "studies",
    TABLES,
    _id(),
    _text("folder", unique=True),  # absolute
    _text("title"),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    _text("added"),  # ISO 8601, UTC
    _text("state"),  # of study.toml and its store when they were read
    sa.Column("results", sa.Integer, nullable=False),
    sa.Column("missing", sa.Integer, nullable=False),  # results that were not computed, or failed
)
OWNERS = sa.Table(  # samples, powders, specimens and cells; an empty name is what is about several of them
    "owners",
    TABLES,
    _id(),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    _text("name"),
    _text("kind"),
    sa.Column("sample_id", sa.Integer),  # the owner that it is made of
)
RESULTS = sa.Table(
    "results",
    TABLES,
    _id(),
    sa.Column("study_id", sa.Integer, nullable=False, index=True),
    sa.Column("owner_id", sa.Integer, nullable=False, index=True),
    _text("key"),
    _text("technique"),
    _text("branch"),
    _text("stage"),
    _text("failed"),  # names of the failed checks
    _text("fingerprint"),
    _text("closo"),  # version and code that computed it
    _text("time"),  # ISO 8601, UTC
)
INPUTS = sa.Table(  # provenance: what each result was computed from
    "inputs",
    TABLES,
    _id("result_id"),
    _text("name", primary_key=True),  # a file of the study, or the key of another result
    _text("sha256", index=True),
)
QUANTITIES = sa.Table(  # in SI
    "quantities",
    TABLES,
    _id("result_id"),
    _text("key", primary_key=True),
    _text("name"),  # of the nomenclature
    sa.Column("main", sa.Boolean, nullable=False),  # the one meant by the name alone, not one of several
    sa.Column("owner_id", sa.Integer, nullable=False),
    sa.Column("sample_id", sa.Integer),
    sa.Column("value", sa.Double),  # NULL where it is withheld
    sa.Column("u", sa.Double),
    sa.Column("low", sa.Double),  # ends of the 95 % interval
    sa.Column("high", sa.Double),
    sa.Column("temperature", sa.Double),  # at which it was measured [K]
    _text("basis"),
    _text("why"),  # where it is withheld
    sqlite_with_rowid=False,  # the indices then end with the key of the row
)
_Q = QUANTITIES.c
# Whatever decides whether a row is a hit stands in an index, so that only the hits that are shown are looked up.
sa.Index("ix_quantities_at", _Q.name, _Q.main, _Q.temperature, _Q.value, _Q.owner_id, _Q.sample_id)
sa.Index("ix_quantities_of", _Q.name, _Q.main, _Q.value, _Q.owner_id, _Q.sample_id)

# From each version to the next: statements that SQLite and PostgreSQL both understand. Version 1 is the first.
MIGRATIONS: dict[int, tuple[str, ...]] = {}
SCHEMA_VERSION = 1 + len(MIGRATIONS)
