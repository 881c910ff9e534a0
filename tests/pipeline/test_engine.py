"""A study and a library on the engine of sweeps: processes or a cluster, workers killed on the way, the same results."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from closo.errors import StudyError
from closo.pipeline import analyse, verify
from closo.store import existing_store, open_store

HERE = Path(__file__).parent
PRELUDE = """
import os, signal, sys
sys.path.insert(0, {here!r})
import fake_technique
fake_technique.install()
"""
KILLER = """
import multiprocessing

moments = [4, 12]

def kill(finished, total, what):
    if moments and finished >= moments[0]:
        moments.pop(0)
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
"""
STUDY = """
from closo.pipeline import analyse
analysis = analyse({study!r}, workers=2, progress=kill)  # without a guard: workers do not run the script
print("computed", analysis.computed, "failed", len(analysis.failures), "left", len(moments))
"""
LIBRARY = """
if __name__ == "__main__":
    from closo import library
    moments = [1]
    done = library.add({studies!r}, library={place!r}, workers=2, progress=kill)
    errors = [str(one.error) for one in done if one.error]
    print("added", [one.results for one in done], "errors", errors, "left", len(moments))
"""

COMMAND = """
if __name__ == "__main__":
    from closo.cli import main
    main(sys.argv[1:])
"""


def run(tmp_path: Path, *parts: str, **names: object) -> str:
    script = tmp_path / "leader.py"
    script.write_text("".join(parts).format(here=str(HERE), **names))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(results) -> list[str]:
    """Return the results without the times at which they were made."""
    return [json.dumps({"key": key, **r.as_json(), "provenance": None}, sort_keys=True) for key, r in results.items()]


@pytest.fixture
def undisturbed(fake, make_study, tmp_path):
    return table(analyse(make_study(4, folder=tmp_path / "undisturbed")).results)


def test_two_processes_of_which_two_are_killed_give_what_one_gives(undisturbed, make_study, tmp_path):
    study = make_study(4, delay=0.02)
    said = run(tmp_path, PRELUDE, KILLER, STUDY, study=str(study))
    assert said == "computed 25 failed 0 left 0\n"
    again = analyse(study)
    assert again.computed == 0
    assert [text.replace('"delay": 0.02', '"delay": 0.0') for text in table(again.results)] == undisturbed
    assert verify(study).faults == ()


def test_a_library_whose_worker_is_killed_has_all_studies(fake, make_study, tmp_path):
    studies = [str(make_study(1, delay=0.05, folder=tmp_path / name)) for name in "abc"]
    said = run(tmp_path, PRELUDE, KILLER, LIBRARY, studies=studies, place=str(tmp_path / "library.sqlite"))
    assert said == "added [7, 7, 7] errors [] left 0\n"
    for study in studies:
        assert verify(study).faults == ()
        assert verify(study).waiting == {}


@pytest.mark.slow
def test_a_leader_of_two_workers_that_is_killed_loses_nothing_that_was_finished(undisturbed, make_study, tmp_path):
    study, script = make_study(4, delay=0.3), tmp_path / "leader.py"
    script.write_text(f"{PRELUDE}moments = []\nkill = None\n{STUDY}".format(here=str(HERE), study=str(study)))
    seen: set[str] = set()
    for wanted in (1, 2, 5):
        leader = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 100.0
        while len(kept := keys_of(study)) < len(seen) + wanted and time.monotonic() < end and leader.poll() is None:
            time.sleep(0.02)
        os.kill(leader.pid, signal.SIGKILL)
        leader.wait()
        assert seen <= kept
        seen = kept
        assert verify(study).faults == ()
    assert 5 < len(seen) < 25
    last = analyse(study)
    assert last.failures == ()
    assert last.computed <= 25 - len(seen)  # a worker's last result may have come in between
    assert [text.replace('"delay": 0.3', '"delay": 0.0') for text in table(last.results)] == undisturbed
    assert verify(study).faults == ()


def keys_of(study: Path) -> set[str]:
    store = existing_store(study)
    return set() if store is None else set(store.keys())


@pytest.mark.slow
def test_a_cluster_of_which_two_workers_are_killed_gives_what_one_process_gives(undisturbed, make_study, tmp_path):
    distributed = pytest.importorskip("distributed")
    preload = tmp_path / "preload.py"
    preload.write_text(f"{PRELUDE.format(here=str(HERE))}\ndef dask_setup(worker):\n    pass\n")
    study = make_study(4, delay=0.05)
    kills = [5, 15]
    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "silence_logs": logging.CRITICAL}
    options |= {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**options, preload=[str(preload)]) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):

        def kill(finished: int, _total: int, _what: str) -> None:
            if kills and finished >= kills[0]:
                kills.pop(0)
                os.kill(next(nanny.pid for nanny in cluster.workers.values() if nanny.pid), signal.SIGKILL)

        analysis = analyse(study, scheduler=client, progress=kill)
    assert (analysis.computed, analysis.failures, kills) == (25, (), [])
    assert [text.replace('"delay": 0.05', '"delay": 0.0') for text in table(analysis.results)] == undisturbed
    assert verify(study).faults == ()


def test_a_scheduler_that_does_not_answer_is_one_sentence_and_the_study_is_free(fake, make_study, monkeypatch):
    monkeypatch.setattr("closo.engine.cluster._PATIENCE", 0.2)
    study = make_study(1)
    with pytest.raises(StudyError, match="does not answer"):
        analyse(study, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(StudyError, match="not encrypted"):
        analyse(study, scheduler="tcp://10.1.2.3:8786")
    with open_store(study).locked(wait=0.0):
        pass
    assert len(analyse(study).results) == 7


@pytest.mark.slow
def test_two_that_analyse_and_two_that_read_at_once_see_no_lock_and_lose_nothing(fake, make_study, tmp_path):
    """For CLOSO_TOGETHER seconds, 15 without it: a file changes all the time, and four processes work on the study."""
    study, script = make_study(2), tmp_path / "command.py"
    script.write_text((PRELUDE + COMMAND).format(here=str(HERE)))
    raw = sorted((study / "raw").glob("*.txt"))
    texts = [path.read_text() for path in raw]
    end = time.monotonic() + float(os.environ.get("CLOSO_TOGETHER", "15"))
    verbs = (
        ["analyse", "--workers", "1"],
        ["analyse", "--workers", "2"],
        ["show", "--no-analyse", "--json"],
        ["verify"],
    )
    running: dict[int, subprocess.Popen] = {}
    runs = dict.fromkeys(range(4), 0)
    while time.monotonic() < end or running:
        for k, (verb, *more) in enumerate(verbs):
            if k in running and running[k].poll() is not None:
                said = (tmp_path / f"said {k}.txt").read_text()
                assert running.pop(k).returncode in ((0, 1) if verb == "verify" else (0,)), said
                assert "lock" not in said
                assert "not answer" not in said
                runs[k] += 1
            if k not in running and time.monotonic() < end:
                command = [sys.executable, str(script), verb, str(study), *more]
                with (tmp_path / f"said {k}.txt").open("w") as file:  # a pipe that nobody reads stops who fills it
                    running[k] = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        number = int(time.monotonic()) % len(raw)
        new = tmp_path / "new.txt"  # whole when it takes the place of the old one
        new.write_text(texts[number] + "\n" * (int(time.monotonic()) % 5))
        new.replace(raw[number])
        time.sleep(0.2)
    assert min(runs.values()) > 0
    for path, text in zip(raw, texts, strict=True):
        path.write_text(text)
    last = analyse(study)
    assert last.failures == ()
    assert table(last.results) == table(analyse(make_study(2, folder=tmp_path / "fresh")).results)
    assert verify(study).faults == ()
