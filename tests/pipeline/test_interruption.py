"""Killed at any moment and started again; two at once; a full disk."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from closo.errors import StudyError
from closo.pipeline import analyse, recall
from closo.store import is_in_use, open_store

HERE = Path(__file__).parent
DRIVER = """
import sys
import threading
sys.path.insert(0, {here!r})
import fake_technique
fake_technique.install()
from closo.pipeline import analyse, recall
print("ready", flush=True)
sys.stdin.readline()
try:
    analysis = analyse({study!r}, wait={wait})
    print("computed", analysis.computed, "cached", analysis.cached, "failed", len(analysis.failures), flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""


@pytest.fixture
def start(tmp_path, fake):
    """Return a function that starts a process which waits for a line before it analyses."""
    started = []

    def begin(study: Path, wait: float = 60.0) -> subprocess.Popen:
        script = tmp_path / f"driver{len(started)}.py"
        script.write_text(DRIVER.format(here=str(HERE), study=str(study), wait=wait))
        process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen) -> None:
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def numbers(results) -> list[str]:
    """Return the results without the times at which they were made."""
    return [json.dumps({**r.as_json(), "provenance": None}, sort_keys=True) for r in results.values()]


def kill_at_random(study: Path, draw: random.Random, calls) -> None:
    """Analyse in a forked process and kill it: early, or some time after a few more analyses have begun."""
    child = os.fork()
    if child == 0:
        try:
            analyse(study)
        finally:
            os._exit(0)
    wanted = calls() + draw.choice([0, 0, 1, 2, 3])
    end = time.monotonic() + 30.0
    while calls() < wanted and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(draw.uniform(0.0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.slow
def test_killed_at_30_moments_nothing_is_lost_half_written_or_repeated(fake, make_study, tmp_path):
    undisturbed = analyse(make_study(12, delay=0.005, folder=tmp_path / "undisturbed"))
    calls_before = fake()
    study = make_study(12, delay=0.005)
    draw = random.Random(20261124)
    kills = 0
    seen = set()
    while kills < 30:
        kill_at_random(study, draw, fake)
        kills += 1
        store = open_store(study)
        assert store.verify() == []
        assert set(store.keys()) >= seen  # nothing finished is lost
        seen = set(store.keys())
    kept = len(seen)
    assert 10 < kept < 73
    last = analyse(study)
    assert (last.computed, last.cached, last.failures) == (73 - kept, kept, ())
    repeated = fake() - calls_before - 60
    assert 0 <= repeated <= kills  # at most the one analysis during which it was killed
    assert numbers(last.results) == numbers(undisturbed.results)
    assert open_store(study).verify() == []
    assert list((study / ".closo" / "tmp").iterdir()) == []
    assert arrays_of(study) == arrays_of(tmp_path / "undisturbed")


def arrays_of(study: Path) -> list[str]:
    return sorted(path.name for path in (study / ".closo" / "arrays").glob("*/*.npz"))


@pytest.mark.slow
def test_two_at_once_wait_for_each_other(fake, make_study, start):
    study = make_study(1, delay=0.1)
    both = [start(study), start(study)]
    for process in both:
        go(process)
    said = sorted(process.stdout.readline() for process in both)
    assert said == ["computed 0 cached 7 failed 0\n", "computed 7 cached 0 failed 0\n"]
    assert fake() == 5
    assert open_store(study).verify() == []


def test_a_second_one_that_does_not_wait_is_told_who_works(fake, make_study, start):
    study = make_study(1)
    with open_store(study).locked():
        with pytest.raises(
            StudyError, match=r"another closo process is using this study \(process \d+ on .*Wait until"
        ):
            analyse(study, wait=0.1)
    assert analyse(study).failures == ()


def test_who_waits_says_so_and_goes_on_with_the_study_as_it_is_then(fake, make_study):
    study, told, found = make_study(1), [], []
    asked = threading.Thread(target=lambda: found.append(analyse(study, progress=lambda *said: told.append(said))))
    with open_store(study).locked():
        asked.start()
        end = time.monotonic() + 60.0
        while not told and time.monotonic() < end:
            time.sleep(0.05)
        text = (study / "study.toml").read_text(encoding="utf-8")
        (study / "study.toml").write_text(text.replace("301 ± 5 um", "402 ± 5 um"), encoding="utf-8")
    asked.join(60.0)
    assert told[0][:2] == (0, 0)
    assert re.fullmatch(r"waiting for another closo on this study \(process \d+ on .*\), 10 min at most", told[0][2])
    assert sum(what.startswith("waiting") for _, _, what in told) == 1
    assert numbers(found[0].results) == numbers(analyse(study).results)
    assert recall(study).waiting == {}  # it kept the results of the study as edited


def test_only_who_works_is_taken_for_at_work(make_study):
    study = make_study(1)
    assert not is_in_use(study)
    with open_store(study).locked():
        assert is_in_use(study)
    with closing(sqlite3.connect(study / ".closo" / "lock.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM sqlite_master").fetchall()  # another that looks at the same moment
        assert not is_in_use(study)


def test_a_result_that_is_still_to_be_computed_is_told_from_one_that_nobody_asks_for(fake, make_study):
    study = make_study(1)
    key = next(iter(analyse(study).results))
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text.replace("301 ± 5 um", "402 ± 5 um"), encoding="utf-8")
    with pytest.raises(StudyError, match="changed since it was computed"):
        recall(study).result(key)
    with pytest.raises(StudyError, match="not a result of this study"):
        analyse(study).result("nothing")


def test_a_damaged_result_is_found_and_made_again(fake, make_study):
    study = make_study(1)
    first = analyse(study)
    arrays = sorted((study / ".closo" / "arrays").glob("*/*.npz"))
    arrays[0].write_bytes(arrays[0].read_bytes()[:-8])
    arrays[1].unlink()
    store = open_store(study)
    assert len(store.verify()) == 2
    again = analyse(study)
    assert again.computed == 2
    assert store.verify() == []
    assert numbers(again.results) == numbers(first.results)


def test_the_store_can_be_deleted(fake, make_study):
    study = make_study(1)
    first = analyse(study)
    shutil.rmtree(study / ".closo")
    assert numbers(analyse(study).results) == numbers(first.results)
