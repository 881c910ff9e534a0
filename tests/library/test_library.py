"""One database over many studies: what is found, what is not, and that both databases answer alike."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
import time

import pytest
import sqlalchemy as sa

from closo import library, pipeline
from closo.errors import StudyError
from closo.library import adding, tables
from closo.library.conditions import read_condition
from closo.library.database import open_database
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.study import load

QUESTIONS = (
    ["sigma(30 degC) > 1e-4 S/cm"],
    ["sigma(30 degC) > 1e-4 S/cm", "kind = specimen"],
    ["sigma(30 degC) < 1e-4 S/cm", "activation_energy = 0.3-0.6 eV"],
    ["sigma(30 degC) > 1e-7 S/cm", "volume_fraction > 30 %"],
    ["specific_capacity:last > 50 mAh/g"],
    ["sample = a200*"],
    ["sample = A200*"],
)

STUDY = """
title = "Pellets"
[samples.S]
recipe = { matrix = "M", filler = "F", filler_fraction = "35 vol%" }
[samples.T]
recipe = { matrix = "M", filler = "F", filler_fraction = "5 vol%" }
[specimens.p1]
sample = "S"
thickness = "300 ± 5 um"
[specimens.p2]
sample = "S"
[specimens.p3]
sample = "T"
"""


def sigma(
    value: float, u: float = 1e-4, *, celsius: float | None = 30.0, **quantities: Quantity
) -> dict[str, Quantity]:
    found = {"ionic_conductivity": Quantity("ionic_conductivity", uncertain(value, {"fit": u}))}
    if celsius is not None:
        found["temperature"] = Quantity("temperature", uncertain(celsius + 273.15, {"t": 0.5}))
    return found | quantities


@pytest.fixture
def pellets(tmp_path):
    """Return a function that puts results of three pellets into a library."""
    folder = tmp_path / "pellets"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    study = load(folder)

    def fill(place: str, results: dict[str, dict[str, Quantity]], **more: object) -> None:
        made = {}
        for key, quantities in results.items():
            owner = key.partition("/")[0]
            made[key] = Result("impedance", key, quantities, about=study.about(owner), **more)
        analysis = pipeline.Analysis(study, made)
        adding.add(open_database(place, create=True), analysis, {}, state="")

    return fill


def keys(found: library.Found) -> list[str]:
    return [f"{hit.result}:{hit.key}" for hit in found.hits]


def test_a_whole_study_is_found_again_with_every_digit(small, place):
    added = library.add([small], library=place, compute=False)
    known = pipeline.recall(small).results
    assert [(one.results, one.missing, one.error) for one in added] == [(len(known), 0, None)]
    found = library.find(["sigma(30 degC) > 1e-4 S/cm"], library=place, most=None)
    expected = {
        f"{key}:ionic_conductivity"
        for key, r in known.items()
        if (q := r.quantities.get("ionic_conductivity")) is not None
        and q.value is not None
        and q.value > 0.01
        and abs(
            (r.quantities["temperature"].value if "temperature" in r.quantities else r.settings["temperature"]) - 303.15
        )
        <= 2.0
    }
    assert set(keys(found)) == expected != set()
    for hit in found.hits:
        quantity = known[hit.result].quantities[hit.key]
        assert (hit.value, hit.u, (hit.low, hit.high)) == (quantity.value, quantity.u, quantity.interval())
        assert hit.as_json()["value"] == quantity.as_json()["value"]
        assert not hit.stale


def test_both_databases_answer_alike(small, tmp_path, postgres):
    places = [str(tmp_path / "library.sqlite"), postgres]
    for place in places:
        library.add([small], library=place, compute=False)
    for question in QUESTIONS:
        for sure in (False, True):
            answers = [library.find(question, library=place, sure=sure, most=7) for place in places]
            assert answers[0] == answers[1]
        assert (answers[0].total > 0) == (question != ["sample = a200*"]), question
    first, second = ([{**row, "added": ""} for row in library.studies(place)] for place in places)
    assert first == second


def test_a_specimen_has_what_its_sample_has_but_not_what_its_neighbour_has(pellets, place):
    density = Quantity("relative_density", uncertain(0.95, {"w": 0.01}))
    pellets(place, {"p1/a": sigma(0.02), "p2/a": sigma(0.001, relative_density=density), "p3/a": sigma(0.02)})
    found = library.find(["sigma > 1e-4 S/cm", "volume_fraction > 30 %"], library=place)
    assert keys(found) == ["p1/a:ionic_conductivity", "S/study.toml:volume_fraction:filler_fraction"]
    assert library.find(["sigma > 1e-4 S/cm", "relative_density > 90 %"], library=place).total == 0
    stated = library.find(["thickness > 200 um"], library=place)
    assert [(hit.owner, hit.basis) for hit in stated.hits] == [("p1", "stated")]


def test_what_is_near_a_bound_is_not_sure_and_what_is_withheld_is_counted(pellets, place):
    pellets(
        place,
        {
            "p1/a": sigma(0.0101, 5e-4),
            "p2/a": sigma(0.05),
            "p3/a": {
                "ionic_conductivity": withheld("ionic_conductivity", "no area"),
                "temperature": sigma(1)["temperature"],
            },
            "p3/b": sigma(0.05, celsius=None),
            "p3/c": sigma(0.05, celsius=33.0),
        },
        checks=(Check("Kramers-Kronig", False, "drifts"), Check("other", True, "")),
    )
    found = library.find(["sigma(30 degC) > 1e-4 S/cm"], library=place)
    assert [(hit.result, hit.sure, hit.failed) for hit in found.hits] == [
        ("p2/a", True, "Kramers-Kronig"),
        ("p1/a", False, "Kramers-Kronig"),
    ]
    assert (found.total, found.withheld, found.unplaced) == (2, 1, 1)
    assert keys(library.find(["sigma(30 degC) > 1e-4 S/cm"], library=place, sure=True)) == ["p2/a:ionic_conductivity"]
    assert library.find(["sigma(30 ± 5 degC) > 1e-4 S/cm"], library=place).total == 3
    assert library.find(["sigma(32-40 degC) > 1e-4 S/cm"], library=place).total == 1


def test_the_bound_itself_is_out_of_more_than(pellets, place):
    pellets(place, {"p1/a": sigma(0.01)})
    assert library.find(["sigma > 1e-4 S/cm"], library=place).total == 0
    assert library.find(["sigma >= 1e-4 S/cm"], library=place).total == 1
    assert library.find(["sigma <= 1e-4 S/cm"], library=place).total == 1


def test_added_again_a_study_is_replaced_and_removed_it_is_gone(small, pellets, place, tmp_path):
    pellets(place, {"p1/a": sigma(0.02), "p2/a": sigma(0.03)})
    library.add([small], library=place, compute=False)
    before = library.find(["sigma > 1e-9 S/cm"], library=place).total
    pellets(place, {"p1/a": sigma(0.02)})
    assert library.find(["sigma > 1e-9 S/cm"], library=place).total == before - 1
    assert library.remove([tmp_path / "pellets"], library=place) == [str(tmp_path / "pellets")]
    assert library.find(["sigma > 1e-9 S/cm"], library=place).total == before - 2
    with pytest.raises(StudyError, match=r"no such study.*library list"):
        library.remove([tmp_path / "pellets"], library=place)
    library.remove([small], library=place)
    with open_database(place).transaction() as connection:
        for table in tables.TABLES.tables.values():
            rows = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            assert rows == (2 if table.name == "about" else 0), table.name


def test_more_than_is_shown_is_counted(pellets, place):
    pellets(place, {f"p1/{k}": sigma(0.02 + k) for k in range(9)})
    found = library.find(["sigma > 1e-4 S/cm"], library=place, most=4)
    assert (len(found.hits), found.total) == (4, 9)
    assert [hit.value for hit in found.hits] == [8.02, 7.02, 6.02, 5.02]


def test_a_study_that_has_changed_is_marked(small, tmp_path):
    place = str(tmp_path / "library.sqlite")
    library.add([small], library=place, compute=False)
    text = (small / "study.toml").read_text(encoding="utf-8")
    try:
        (small / "study.toml").write_text(text + "\n# changed\n", encoding="utf-8")
        assert all(hit.stale for hit in library.find(["sigma > 1e-9 S/cm"], library=place).hits)
        assert library.studies(place)[0]["stale"]
    finally:
        (small / "study.toml").write_text(text, encoding="utf-8")


def test_a_bad_study_does_not_stop_the_others(small, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "study.toml").write_text("title = ", encoding="utf-8")
    done = library.add([tmp_path / "bad", small, tmp_path / "none"], library=tmp_path / "l.sqlite", compute=False)
    assert [one.error is None for one in done] == [False, True, False]


def test_a_scheduler_that_does_not_answer_is_said(small, tmp_path):
    """Nothing is added in silence as it was before."""
    study = tmp_path / "study"
    shutil.copytree(small, study, ignore=shutil.ignore_patterns(".closo"))
    done = library.add([study], library=tmp_path / "l.sqlite", scheduler="tcp://10.1.2.3:8786")
    assert "not encrypted" in str(done[0].error)
    assert library.studies(tmp_path / "l.sqlite") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sigma", "is not a condition"),
        ("sigma > 1e-4", "has no unit"),
        ("sigma > 1e-4 V", "not a unit of ionic_conductivity"),
        ("sigme > 1 S/cm", "not a quantity closo knows"),
        ("sigma(warm) > 1 S/cm", "not a temperature"),
        ("sigma = 1e-4 S/cm", "no measured number is equal to it"),
        ("kind > specimen", "can only be equal"),
        ("sigma > 1 S/cm; DROP TABLE studies", "not a unit"),
        ("sigma = 3-2 S/cm", "ends before it begins"),
        ("(" * 5000, "is not a condition"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(text, said):
    with pytest.raises(StudyError, match=said):
        read_condition(text)


def test_words_of_sql_are_only_text(pellets, place):
    pellets(place, {"p1/a": sigma(0.02)})
    for pattern in ("' OR 1=1 --", "%", "_1", "p%"):
        assert library.find([f"owner = {pattern}", "sigma > 1e-9 S/cm"], library=place).total == 0
    assert library.find(["owner = p*", "sigma > 1e-9 S/cm"], library=place).total == 1


def test_what_is_no_library_is_refused_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "text.sqlite").write_text("no database at all, and long enough to be looked at" * 20)
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE about (key TEXT, value TEXT)")
    for name, said in (
        ("none.sqlite", "no such library"),
        ("text.sqlite", "does not answer"),
        ("other.sqlite", "not a library"),
        ("", "this is a folder"),
        ("mysql://me@host/db", "cannot be kept in 'mysql'"),
        (
            "postgresql://me:secret@127.0.0.1:1/db",
            r"postgresql://me:\*\*\*@127.*does not answer.*Is the server running",
        ),
    ):
        place = name if "://" in name else tmp_path / name
        with pytest.raises(StudyError, match=said) as caught:
            library.find(["sigma > 1 S/cm"], library=place)
        assert "secret" not in str(caught.value)
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    with pytest.raises(StudyError, match=r"pip install 'closo\[postgres\]'"):
        library.find(["sigma > 1 S/cm"], library="postgresql://me@127.0.0.1/db")


@pytest.mark.parametrize(("version", "mode"), [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal")])
def test_the_log_is_written_ahead_only_where_it_cannot_corrupt(tmp_path, monkeypatch, version, mode):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    with open_database(tmp_path / "library.sqlite", create=True).transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == mode
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def next_version(monkeypatch) -> None:
    monkeypatch.setattr(tables, "MIGRATIONS", {1: ("ALTER TABLE studies ADD COLUMN institution TEXT",)})
    monkeypatch.setattr(tables, "SCHEMA_VERSION", 2)


def test_an_older_library_is_copied_and_brought_up_to_date(pellets, place, monkeypatch):
    pellets(place, {"p1/a": sigma(0.02)})
    before = library.find(["sigma > 1e-9 S/cm"], library=place)
    next_version(monkeypatch)
    assert library.find(["sigma > 1e-9 S/cm"], library=place) == before
    database = open_database(place)
    with database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT institution FROM studies").scalar() is None
        if not database.on_sqlite:
            assert connection.exec_driver_sql("SELECT count(*) FROM closo_v1_backup.quantities").scalar() > 0
    monkeypatch.undo()
    with pytest.raises(StudyError, match=r"newer closo \(version 2; this one knows 1\)"):
        open_database(place)
    if database.on_sqlite:
        assert library.find(["sigma > 1e-9 S/cm"], library=f"{place}.v1.backup") == before


def test_a_migration_that_fails_changes_nothing(pellets, place, monkeypatch):
    pellets(place, {"p1/a": sigma(0.02)})
    before = library.find(["sigma > 1e-9 S/cm"], library=place)
    monkeypatch.setattr(tables, "MIGRATIONS", {1: ("DELETE FROM quantities", "ALTER TABLE nowhere ADD COLUMN x TEXT")})
    monkeypatch.setattr(tables, "SCHEMA_VERSION", 2)
    with pytest.raises(StudyError, match="does not answer"):
        open_database(place)
    monkeypatch.undo()
    assert library.find(["sigma > 1e-9 S/cm"], library=place) == before


def _migrate_slowly(place: str) -> None:
    slow = (
        "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 20000) UPDATE studies SET results = "
    )
    tables.MIGRATIONS = {1: tuple(f"{slow} (SELECT max(n) FROM k) + {k}" for k in range(9))}
    tables.SCHEMA_VERSION = 2
    open_database(place)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_migration_killed_at_25_moments_is_whole_or_not_at_all(pellets, tmp_path):
    place = str(tmp_path / "library.sqlite")
    pellets(place, {f"p1/{k}": sigma(0.02) for k in range(20)})
    original = (tmp_path / "library.sqlite").read_bytes()
    before = library.find(["sigma > 1e-9 S/cm"], library=place)
    seen = set()
    for k in range(25):
        (tmp_path / "library.sqlite").write_bytes(original)
        process = multiprocessing.get_context("fork").Process(target=_migrate_slowly, args=(place,))
        process.start()
        time.sleep(0.006 * k)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with sqlite3.connect(place) as connection:  # rolls back what was left
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            version, results = connection.execute(
                "SELECT value, results FROM about, studies WHERE key = 'schema_version'"
            ).fetchone()
        assert (version, results) in (("1", 20), ("2", 20008))
        seen.add(version)
        if version == "1":
            assert library.find(["sigma > 1e-9 S/cm"], library=place) == before
    assert "1" in seen


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_an_addition_killed_at_12_moments_is_whole_or_not_at_all(pellets, tmp_path):
    place = str(tmp_path / "library.sqlite")
    many = {f"p1/{k}": sigma(0.02) for k in range(300)}
    pellets(place, {"p1/old": sigma(0.02)})
    seen = set()
    for k in range(12):
        process = multiprocessing.get_context("fork").Process(target=pellets, args=(place, many))
        process.start()
        time.sleep(0.02 * k)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        found = library.find(["sigma > 1e-9 S/cm"], library=place)
        assert found.total in (1, 300)
        seen.add(found.total)
        if found.total == 300:
            pellets(place, {"p1/old": sigma(0.02)})
    assert 1 in seen


def test_two_that_add_at_once_both_succeed(small, place):
    library.add([small], library=place, compute=False)
    count = library.find(["sigma > 1e-9 S/cm"], library=place).total
    script = multiprocessing.get_context("spawn")
    both = [
        script.Process(target=library.add, args=([small],), kwargs={"library": place, "compute": False}) for _ in "ab"
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert library.find(["sigma > 1e-9 S/cm"], library=place).total == count
