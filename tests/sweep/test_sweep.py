"""Sweeps in one process: tasks and keys, the grid file, the ledger, failures, what a file cannot make closo do."""

from __future__ import annotations

import math
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from closo.errors import StudyError
from closo.sweep import SWEEPS, Task, plan, read_grid, results, resume, run, status, write_csv
from closo.sweep import ledger as ledger_module
from closo.sweep.calling import Outcome
from closo.sweep.functions import Parameter, SweepFunction
from closo.sweep.ledger import open_ledger
from closo.sweep.tasks import key_of

GIVEN = {"filler_fraction": [0.1, 0.2], "shell_ratio": [0.25], "contrast": [100.0]}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "sweep.sqlite"


@pytest.fixture
def calls(tmp_path: Path):
    """Return the file of calls and a function that gives the first word of each line in it."""
    path = tmp_path / "calls.txt"
    path.touch()
    return str(path), lambda: [line.split()[0] for line in path.read_text().splitlines()]


# --- tasks


def test_a_grid_runs_its_last_parameter_fastest_and_keeps_equal_points_once():
    tasks = plan("swept:square", {"x": [2, 1, 2], "delay": [0.0, 0.5]})
    assert [(t.arguments["x"], t.arguments["delay"]) for t in tasks] == [(2, 0.0), (2, 0.5), (1, 0.0), (1, 0.5)]
    assert len({t.key for t in tasks}) == 4


def test_a_key_depends_on_function_arguments_and_version_only():
    key = key_of("f", {"a": 1, "b": [1, 2]}, "1.0")
    assert key == key_of("f", {"b": [1, 2], "a": 1}, "1.0")
    others = [key_of("g", {"a": 1, "b": [1, 2]}, "1.0"), key_of("f", {"a": 1, "b": [2, 1]}, "1.0")]
    others += [key_of("f", {"a": 1, "b": [1, 2]}, "1.1"), key_of("f", {"a": "1", "b": [1, 2]}, "1.0")]
    assert len({key, *others}) == 5


def test_defaults_and_whole_numbers_do_not_change_a_key():
    short = plan("conductivity", GIVEN, fixed={})
    spelled = plan("conductivity", GIVEN | {"contrast": [100]}, fixed={"geometry": "overlapping", "seed": 0})
    assert [t.key for t in short] == [t.key for t in spelled]


@pytest.mark.parametrize(
    ("function", "grid", "fixed", "said"),
    [
        ("conductivty", {}, {}, "Did you mean 'conductivity'"),
        ("conductivity", GIVEN | {"sed": [1]}, {}, "'sed' is not a parameter of conductivity. Did you mean 'seed'"),
        ("conductivity", {"seed": [1]}, {}, "needs 'filler_fraction'"),
        ("conductivity", GIVEN | {"seed": [1.5]}, {}, "'seed' is 1.5"),
        ("conductivity", GIVEN | {"seed": [True]}, {}, "'seed' is True"),
        ("conductivity", GIVEN | {"geometry": ["hrad"]}, {}, "'geometry' is 'hrad'. Did you mean 'hard'"),
        ("conductivity", GIVEN | {"seed": 1}, {}, "A list is needed"),
        ("conductivity", GIVEN | {"seed": "12"}, {}, "A list is needed"),
        ("conductivity", GIVEN | {"seed": []}, {}, "has no values"),
        ("conductivity", GIVEN, {"contrast": 1.0}, "in the grid and fixed"),
        ("swept:square", {"x": list(range(1001)), "delay": list(range(1000))}, {}, "1001000 points"),
        ("swept:square", {"x": [1], "state": [1]}, {}, "'state' is a column of every table"),
        ("swept:square", {"x": [object()]}, {}, "not a plain JSON value"),
    ],
)
def test_a_wrong_grid_is_refused_with_a_sentence(function, grid, fixed, said):
    with pytest.raises(StudyError) as caught:
        plan(function, grid, fixed=fixed)
    assert said in str(caught.value)


def write_grid(folder: Path, text: str) -> Path:
    path = folder / "grid.toml"
    path.write_text(text)
    return path


def test_a_grid_file_gives_the_same_tasks_as_plan(tmp_path: Path):
    path = write_grid(
        tmp_path,
        'function = "conductivity"\n[grid]\nfiller_fraction = [0.1, 0.2]\n[fixed]\nshell_ratio = 0.25\ncontrast = 100\n',
    )
    assert [t.key for t in read_grid(path)] == [t.key for t in plan("conductivity", GIVEN)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[grid]\n", "does not say which function"),
        ('function = "conductivty"', "function: 'conductivty' is not a function that can be swept. Did you mean"),
        ('function = "os:system"\n[fixed]\ncommand = "true"', "'os:system' is not a function that can be swept"),
        ('function = "conductivity"\n[gird]\n', "'gird' is not a part of a grid file. Did you mean 'grid'"),
        ('function = "conductivity"\ngrid = 3', "'grid' is not a table"),
        ('function = "conductivity"\n[grid]\ncontrst = [1.0]', "Did you mean 'contrast'"),
        ('function = "conductivity', "not TOML"),
    ],
)
def test_a_wrong_grid_file_is_refused_with_its_name(tmp_path: Path, text: str, said: str):
    path = write_grid(tmp_path, text)
    with pytest.raises(StudyError) as caught:
        read_grid(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


# --- running


def test_what_is_finished_is_not_computed_again(ledger: Path, calls):
    file, made = calls
    first = run(plan("swept:square", {"x": [3, 1, 2]}, fixed={"calls": file}), ledger)
    assert [(row["x"], row["squared"], row["state"], row["attempts"]) for row in first] == [
        (3, 9, "done", 1),
        (1, 1, "done", 1),
        (2, 4, "done", 1),
    ]
    more = run(plan("swept:square", {"x": [4, 3, 2, 1]}, fixed={"calls": file}), ledger)
    assert [row["squared"] for row in more] == [16, 9, 4, 1]
    assert made() == ["3", "1", "2", "4"]
    assert [row["x"] for row in results(ledger)] == [3, 1, 2, 4]  # as they were asked for
    assert status(ledger)["done"] == 4


def test_a_poison_task_fails_with_its_reason_and_the_others_finish(ledger: Path, calls):
    file, made = calls
    rows = run(plan("swept:moody", {"x": range(6)}, fixed={"mood": "broken", "calls": file}), ledger, attempts=3)
    assert [row["state"] for row in rows] == ["done"] * 3 + ["failed"] + ["done"] * 2
    assert rows[3]["failure"] == "ZeroDivisionError: nobody saw this coming"
    assert rows[3]["attempts"] == 3
    assert "squared" not in rows[3]
    assert sorted(made()) == ["0", "1", "2", "3", "3", "3", "4", "5"]
    assert status(ledger)["failures"][0]["failure"] == rows[3]["failure"]
    run(plan("swept:moody", {"x": [3]}, fixed={"mood": "broken", "calls": file}), ledger)
    assert len(made()) == 8  # failed is finished, too
    run(plan("swept:moody", {"x": [3]}, fixed={"mood": "broken", "calls": file}), ledger, retry_failed=True, attempts=2)
    assert len(made()) == 10


@pytest.mark.parametrize(
    ("mood", "tries", "reason"),
    [("sad", 1, "the data are sad. Cheer them up."), ("leaving", 2, "SystemExit: 1")],
)
def test_an_error_of_closo_is_final_at_once(ledger: Path, calls, mood: str, tries: int, reason: str):
    file, made = calls
    rows = run(plan("swept:moody", {"x": [3]}, fixed={"mood": mood, "calls": file}), ledger, attempts=2)
    assert (rows[0]["failure"], rows[0]["attempts"], len(made())) == (reason, tries, tries)


def test_nan_and_infinity_survive(ledger: Path, tmp_path: Path):
    row = run(plan("swept:odd_numbers", {"x": [math.inf]}), ledger)[0]
    again = results(ledger)[0]
    for found in (row, again):
        assert math.isnan(found["a"])
        assert (found["x"], found["b"], found["c"], found["d"]) == (math.inf, math.inf, -math.inf, None)
        assert found["e"] == 0.1 + 0.2
        assert found["f"] is True
    lines = write_csv([row], tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "x,a,b,c,d,e,f,state,failure,attempts,wall_time"
    assert lines[1].startswith("inf,nan,inf,-inf,,0.30000000000000004,True,done,,1,")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("list", "'y' = a list"),
        ("argument", "'x', which is the name of an argument"),
        ("column", "'state', which is the name of a column"),
        ("number", "returned a int, not a dict"),
    ],
)
def test_a_result_that_is_no_row_is_a_failure(ledger: Path, kind: str, said: str):
    row = run(plan("swept:wrong_results", {"x": [kind]}), ledger)[0]
    assert row["state"] == "failed"
    assert said in row["failure"]
    assert row["attempts"] == 1


@pytest.mark.parametrize(
    ("function", "said"),
    [("not_there:f", "ModuleNotFoundError"), ("swept:nothing", "AttributeError"), ("swept:odd_numbers", "TypeError")],
)
def test_a_function_that_cannot_be_called_is_a_failure(ledger: Path, function: str, said: str):
    assert said in run(plan(function, {"unknown": [1]}), ledger, attempts=1)[0]["failure"]


def test_progress_ends_at_all(ledger: Path):
    seen = []
    run(plan("swept:square", {"x": range(5)}), ledger, progress=lambda *now: seen.append(now))
    assert seen[0] == (0, 5, "")
    assert seen[-1] == (5, 5, "")
    assert [finished for finished, _, _ in seen] == sorted(finished for finished, _, _ in seen)


# --- leases


def lease_as(ledger: Path, owner: str, tasks: list[Task], lease: float, attempts: int = 3) -> dict[str, int]:
    book = open_ledger(ledger, create=True)
    book.add(tasks)
    keys = [task.key for task in tasks]
    return book.step(owner, (), keys, again=(), attempts=attempts, lease=lease)


def finish(ledger: Path, owner: str, key: str, value: int) -> None:
    outcome = Outcome(key, result={"squared": value}, wall_time=0.0)
    open_ledger(ledger).step(owner, [outcome], (), again=(), attempts=3, lease=60.0)


def test_an_expired_lease_is_taken_over_and_its_late_result_is_dropped(ledger: Path, calls):
    file, made = calls
    tasks = plan("swept:square", {"x": [5]}, fixed={"calls": file})
    assert lease_as(ledger, "elsewhere/1/a", tasks, lease=0.7) == {tasks[0].key: 1}
    assert lease_as(ledger, "elsewhere/2/b", tasks, lease=0.7) == {}  # it is not free
    begun = time.monotonic()
    row = run(tasks, ledger)[0]
    assert time.monotonic() - begun > 0.5
    assert (row["squared"], row["attempts"], made()) == (25, 2, ["5"])
    finish(ledger, "elsewhere/1/a", tasks[0].key, 26)
    assert results(ledger)[0]["squared"] == 25


def test_the_lease_of_a_process_that_is_dead_expires_at_once(ledger: Path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    tasks = plan("swept:square", {"x": [5]})
    lease_as(ledger, f"{os.uname().nodename}/{child.pid}/a", tasks, lease=3600.0)
    assert run(tasks, ledger)[0]["squared"] == 25


def test_a_lease_is_renewed_while_a_long_task_runs(ledger: Path, calls):
    file, made = calls
    tasks = plan("swept:square", {"x": [5]}, fixed={"calls": file, "delay": 1.5})
    both = [threading.Thread(target=run, args=(tasks, ledger), kwargs={"lease": 0.6}) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert made() == ["5"]
    assert results(ledger)[0]["attempts"] == 1


def test_a_task_that_takes_its_process_with_it_every_time_ends_as_failed(ledger: Path):
    tasks = plan("swept:square", {"x": [5, 6]})
    for number in (1, 2):
        assert lease_as(ledger, f"elsewhere/1/{number}", tasks[:1], lease=0.0, attempts=2) == {tasks[0].key: number}
        time.sleep(0.01)
    rows = run(tasks, ledger, attempts=2)
    assert [row["state"] for row in rows] == ["failed", "done"]
    assert rows[0]["failure"] == "Whoever computed it died or was stopped, 2 times."


def test_who_stops_in_good_order_gives_the_attempt_back(ledger: Path, calls, monkeypatch):
    file, made = calls

    def interrupted(finished: int, total: int, what: str) -> None:
        if finished == 2:
            raise KeyboardInterrupt

    tasks = plan("swept:square", {"x": range(4)}, fixed={"calls": file})
    with pytest.raises(KeyboardInterrupt):
        run(tasks, ledger, progress=interrupted)
    states = [row["state"] for row in results(ledger)]
    assert states == ["done", "done", "done", "waiting"]  # the third was computed and not yet written
    assert [row["attempts"] for row in run(tasks, ledger)] == [1, 1, 1, 1]
    assert made() == ["0", "1", "2", "3"]


def test_the_statements_are_sql_that_postgresql_understands(monkeypatch, ledger: Path):
    said = []
    tasks = plan("swept:square", {"x": [1, 2]})
    book = open_ledger(ledger, create=True)
    engine = book._engine
    sa.event.listen(engine, "before_execute", lambda *given: said.append(given[1]))
    book.add(tasks)
    keys = list(book.step("me", (), [t.key for t in tasks], again=(), attempts=3, lease=60.0))
    book.step("me", [Outcome(keys[0], {"a": 1.0})], keys, again=(), attempts=3, lease=60.0)
    book.renew("me", lease=60.0)
    book.release("me")
    book.retry(keys)
    book.states()
    book.rows()
    compiled = [str(statement.compile(dialect=postgresql.dialect())) for statement in said]
    assert len(compiled) >= 8
    assert any("RETURNING tasks.key" in text for text in compiled)
    assert not any(word in text for text in compiled for word in ("PRAGMA", "OR REPLACE", "OR IGNORE", "rowid"))


# --- files that are not what they should be


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    draw = random.Random(1)
    for i in range(4096, len(content)):
        content[i] = draw.randrange(256)
    path.write_bytes(bytes(content))


def another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tasks (key TEXT, state TEXT)")
    database.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE about SET value = '99' WHERE key = 'schema_version'")
    database.close()


def not_json(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE tasks SET result = '{\"squared\": ' WHERE number = 3")
    database.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b"name,value\n" * 500), "the ledger cannot be used (file is not a database)"),
        (cut, "the ledger cannot be used (database disk image is malformed)"),
        (scramble, "malformed"),
        (another_program, "this database is not a ledger of closo"),
        (newer, "written by a newer closo (version 99; this one knows 1)"),
        (not_json, "the ledger is damaged"),
    ],
)
def test_a_damaged_foreign_or_newer_ledger_is_one_sentence(ledger: Path, damage, said: str):
    tasks = plan("swept:square", {"x": range(200)})
    run(tasks[:4], ledger)
    open_ledger(ledger).add(tasks)
    damage(ledger)
    before = ledger.read_bytes()
    for action in (lambda: status(ledger), lambda: results(ledger), lambda: run(tasks[:4], ledger)):
        with pytest.raises(StudyError) as caught:
            action()
        assert said in str(caught.value)
        assert str(ledger) in str(caught.value)
        assert str(caught.value).count(". ") <= 2
    assert ledger.read_bytes() == before


def test_looking_makes_no_ledger(ledger: Path, tmp_path: Path):
    for action in (status, results, resume):
        with pytest.raises(StudyError, match="there is no such ledger"):
            action(ledger)
        with pytest.raises(StudyError, match="this is a folder"):
            action(tmp_path)
    assert not ledger.exists()
    with pytest.raises(StudyError, match="there is no such folder"):
        run(plan("swept:square", {"x": [1]}), tmp_path / "missing" / "sweep.sqlite")


# --- what a ledger cannot make closo do


def test_a_ledger_imports_nothing_that_is_not_in_the_table(ledger: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(
        f"import os\nos.mkdir({str(tmp_path / 'mark')!r})\ndef f(x): return {{'y': x}}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    open_ledger(ledger, create=True).add(plan("evil_module:f", {"x": [1]}))
    status(ledger)
    results(ledger)
    with pytest.raises(StudyError, match="asks for 'evil_module:f', which is not a function that can be swept by name"):
        resume(ledger)
    assert not (tmp_path / "mark").exists()
    assert status(ledger)["waiting"] == 1
    assert resume(ledger, functions=["evil_module:f"])[0]["y"] == 1  # the caller knows it
    assert (tmp_path / "mark").exists()


def test_a_function_in_the_table_is_resumed_by_name(ledger: Path, monkeypatch):
    row = SweepFunction("square", "swept:square", "Squares.", {"x": Parameter(int, "a number")})
    monkeypatch.setitem(SWEEPS, "square", row)
    open_ledger(ledger, create=True).add(plan("square", {"x": [1, 2]}))
    assert [row["squared"] for row in resume(ledger)] == [1, 4]


def test_a_changed_task_and_a_task_of_another_version_are_not_resumed(ledger: Path):
    open_ledger(ledger, create=True).add(plan("swept:square", {"x": [1, 2]}))
    database = sqlite3.connect(ledger)
    with database:
        database.execute("UPDATE tasks SET arguments = replace(arguments, '2', '20') WHERE number = 1")
    with pytest.raises(StudyError, match="a task in the ledger has been changed"):
        resume(ledger, functions=["swept:square"])
    with database:
        database.execute("UPDATE tasks SET closo = '0.0.1'")
    database.close()
    with pytest.raises(StudyError, match=r"unfinished tasks of closo 0\.0\.1"):
        resume(ledger, functions=["swept:square"])


def test_the_ledger_keeps_the_rollback_journal_and_full_synchronisation(ledger: Path):
    with open_ledger(ledger, create=True).transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert ledger_module.SCHEMA_VERSION == 1


@pytest.mark.parametrize("name", SWEEPS)
def test_every_row_of_the_table_leads_to_a_function_with_these_parameters(name: str):
    import importlib
    import inspect

    module, _, function = SWEEPS[name].path.partition(":")
    found = inspect.signature(getattr(importlib.import_module(module), function)).parameters
    assert list(found) == list(SWEEPS[name].parameters)
    for key, parameter in SWEEPS[name].parameters.items():
        default = found[key].default
        assert parameter.default == (None if default is inspect.Parameter.empty else default)
