"""A study becomes rows of a library: owners, results with their checks and provenance, quantities with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from closo.database import Database
from closo.library.tables import INPUTS, OWNERS, QUANTITIES, RESULTS, STUDIES
from closo.pipeline import Analysis
from closo.result import Result
from closo.study.stating import stated

STATED = "study.toml"
"""The technique of what the study states about its samples, powders, specimens and cells."""


def state_of(folder: Path) -> str:
    """Return what changes when study.toml or the stored results of a study change; empty where there is no study."""
    times = []
    for path in (folder / "study.toml", folder / ".closo" / "store.sqlite"):
        try:
            status = path.stat()
        except OSError:
            return ""
        times.append(f"{status.st_mtime_ns}/{status.st_size}")
    return " ".join(times)


def add(database: Database, analysis: Analysis, fingerprints: Mapping[str, str], *, state: str) -> None:
    """Put the results of a study in the place of what the library had of it, in one transaction.

    Parameters
    ----------
    fingerprints : key -> what the result was computed from, as the store has it.
    state : `state_of` its folder before they were read.
    """
    study = analysis.study
    folder = str(study.folder.resolve())
    with database.transaction(write=True) as connection:
        _remove(connection, folder)
        rows = _Rows({t.name: _next(connection, t) for t in (STUDIES, OWNERS, RESULTS)})
        study_id = rows.take(
            STUDIES,
            {
                "folder": folder,
                "title": study.title,
                "synthetic": study.synthetic,
                "added": datetime.now(UTC).isoformat(timespec="seconds"),
                "state": state,
                "results": len(analysis.results),
                "missing": len(analysis.failures) + len(analysis.waiting),
            },
        )
        for key, result in _all(analysis):
            _take_result(rows, study_id, key, result, fingerprint=fingerprints.get(key, ""))
        for table, entries in rows.found.items():
            if entries:
                connection.execute(sa.insert(table), entries)


def remove(database: Database, folder: str) -> bool:
    """Forget a study; return whether it was there."""
    with database.transaction(write=True) as connection:
        return _remove(connection, folder)


def _remove(connection: sa.Connection, folder: str) -> bool:
    study = connection.execute(sa.select(STUDIES.c.id).where(STUDIES.c.folder == folder)).scalar()
    if study is None:
        return False
    mine = sa.select(RESULTS.c.id).where(RESULTS.c.study_id == study)
    for table in (INPUTS, QUANTITIES):
        connection.execute(sa.delete(table).where(table.c.result_id.in_(mine)))
    for table in (RESULTS, OWNERS):
        connection.execute(sa.delete(table).where(table.c.study_id == study))
    connection.execute(sa.delete(STUDIES).where(STUDIES.c.id == study))
    return True


def _next(connection: sa.Connection, table: sa.Table) -> int:
    """Return a number that no row has; nobody else writes now."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()) + 1


@dataclass
class _Rows:
    """The rows of a study, and the number that the next row of each table gets."""

    next: dict[str, int]
    found: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    owners: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, table: sa.Table, row: dict[str, Any]) -> int:
        """Add a row and return its number."""
        number = self.next[table.name]
        self.next[table.name] += 1
        self.add(table, {"id": number, **row})
        return number

    def add(self, table: sa.Table, *rows: dict[str, Any]) -> None:
        """Add rows that have no number of their own."""
        self.found.setdefault(table, []).extend(rows)

    def owner(self, study_id: int, name: str, kind: str, sample: str) -> tuple[int, int | None]:
        """Return the number of an owner and that of the sample it is made of."""
        made_of = None if kind == "sample" or not sample else self.owner(study_id, sample, "sample", sample)[0]
        if (name, kind) not in self.owners:
            self.owners[name, kind] = self.take(
                OWNERS, {"study_id": study_id, "name": name, "kind": kind, "sample_id": made_of}
            )
        return self.owners[name, kind], made_of


def _all(analysis: Analysis) -> Iterator[tuple[str, Result]]:
    """Yield key and result of all that was computed, then what study.toml states about each owner, as a result too."""
    yield from analysis.results.items()
    study = analysis.study
    for table in (study.samples, study.powders, study.specimens, study.cells):
        for name, owner in table.items():
            inner = (getattr(owner, part, None) for part in ("recipe", "milling"))
            quantities = {key: q for t in (owner, *inner) if t is not None for key, q in stated(t).items()}
            if quantities:
                yield f"{name}/{STATED}", Result(STATED, name, quantities, about=owner.about(name))


def _take_result(rows: _Rows, study_id: int, key: str, result: Result, *, fingerprint: str) -> None:
    about, origin = result.about, result.provenance
    owner, sample = rows.owner(study_id, about.owner, about.kind, about.sample)
    number = rows.take(
        RESULTS,
        {
            "study_id": study_id,
            "owner_id": owner,
            "key": key,
            "technique": result.technique,
            "branch": about.branch,
            "stage": about.stage,
            "failed": ", ".join(dict.fromkeys(check.name for check in result.failed_checks)),
            "fingerprint": fingerprint,
            "closo": "" if origin is None else origin.closo_version,
            "time": "" if origin is None else origin.time,
        },
    )
    inputs = {} if origin is None else origin.inputs
    rows.add(INPUTS, *({"result_id": number, "name": name, "sha256": sha} for name, sha in inputs.items()))
    ids = {"result_id": number, "owner_id": owner, "sample_id": sample}
    rows.add(QUANTITIES, *(ids | _quantity(result, key) for key in result.quantities))


def _quantity(result: Result, key: str) -> dict[str, Any]:
    """Return the row of a quantity: SI values, the ends of its interval, and the temperature it was measured at."""
    quantity = result.quantities[key]
    low, high = quantity.interval() or (None, None)
    return {
        "key": key,
        "name": quantity.name,
        "main": ":" not in key or result.technique == STATED,
        "value": _finite(quantity.value),
        "u": _finite(quantity.u),
        "low": _finite(low),
        "high": _finite(high),
        "temperature": _temperature(result, key),
        "basis": quantity.basis,
        "why": "" if quantity.value is not None else quantity.why or "not determined",
    }


def _temperature(result: Result, key: str) -> float | None:
    """Return the temperature [K] at which a quantity was measured, or for which it was computed."""
    temperature = result.quantities.get(f"temperature:{key.partition(':')[2]}", result.quantities.get("temperature"))
    if temperature is not None:
        return _finite(temperature.value)
    asked = result.settings.get("temperature")
    return float(asked) if isinstance(asked, int | float) and not isinstance(asked, bool) else None


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
