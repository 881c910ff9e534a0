"""recall: what is on disk, without computing, without the lock, also while another process analyses."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from closo.pipeline import analyse, recall
from closo.store import is_in_use, open_store

HERE = Path(__file__).parent
DRIVER = """
import sys
sys.path.insert(0, {here!r})
import fake_technique
fake_technique.install()
from closo.pipeline import analyse
analyse({study!r})
"""


def numbers(results) -> list[str]:
    return [json.dumps({"key": key, **r.as_json()}, sort_keys=True) for key, r in results.items()]


def replace(study: Path, old: str, new: str) -> None:
    text = (study / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (study / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


def test_before_anything_is_computed_nothing_is_there_and_nothing_is_written(fake, make_study):
    study = make_study(1)
    known = recall(study)
    assert (known.results, known.waiting) == ({}, {"all results": "not computed yet"})
    assert fake() == 0
    assert not (study / ".closo").exists()


def test_it_gives_what_analyse_gave(fake, make_study):
    study = make_study(2)
    (study / "raw" / "p1_0_30C.txt").write_bytes(b"")
    made = analyse(study)
    calls = fake()
    known = recall(study)
    assert fake() == calls
    assert numbers(known.results) == numbers(made.results)
    assert list(known.results["p2/arrhenius"].curves.variables) == list(made.results["p2/arrhenius"].curves.variables)
    assert [(f.key, str(f.error), type(f.error)) for f in known.failures] == [
        (f.key, str(f.error), type(f.error)) for f in made.failures
    ]
    assert (known.notes, known.waiting, known.computed) == (made.notes, {}, 0)


def test_a_copied_study_is_known_too(fake, make_study, tmp_path):
    import shutil

    made = analyse(make_study(1))
    shutil.copytree(tmp_path / "study", tmp_path / "copy")
    assert numbers(recall(tmp_path / "copy").results) == numbers(made.results)


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ('"301 ± 5 um"', '"301 ± 6 um"', 5),
        ('"30 ± 0.3 degC"', '"31 ± 0.3 degC"', 1),
        ('title = "A small study"', 'title = "Another"', 0),
    ],
)
def test_what_has_changed_is_named_and_not_shown(fake, make_study, old, new, stale):
    study = make_study()
    made = analyse(study)
    calls = fake()
    replace(study, old, new)
    known = recall(study)
    measured = [key for key in known.waiting if "/fake/" in key]
    assert len(measured) == stale
    assert set(known.waiting.values()) <= {"changed since it was computed"}
    assert set(known.results) == set(made.results) - set(known.waiting)
    assert ("p1/arrhenius" in known.waiting) == (stale > 0)
    assert "p2/arrhenius" in known.results
    assert fake() == calls


def test_a_file_that_is_new_is_waiting_and_not_read(fake, make_study):
    study = make_study(1)
    analyse(study)
    (study / "raw" / "p1_1_50C.txt").write_text((study / "raw" / "p1_0_30C.txt").read_text() + "0.1 1000 -2000\n")
    known = recall(study)
    assert known.waiting["p1/fake/p1_1_50C.txt"] == "changed since it was computed"
    assert known.failures == ()


def test_it_answers_while_another_process_analyses(fake, make_study, tmp_path):
    study = make_study(2, delay=0.4)
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(here=str(HERE), study=str(study)))
    process = subprocess.Popen([sys.executable, str(script)])
    try:
        end = time.monotonic() + 60.0
        busy, known = is_in_use(study), recall(study)
        while sum("/fake/" in key for key in known.results) < 2 and time.monotonic() < end:
            time.sleep(0.05)
            busy, known = is_in_use(study), recall(study)
        assert busy
        measured = [key for key in known.results if "/fake/" in key]
        assert 2 <= len(measured) < 10
        assert set(known.waiting.values()) == {"not computed yet"}
        assert len(measured) + sum("/fake/" in key for key in known.waiting) == 10
        assert all(known.results[key].curves.sizes["point"] == 12 for key in measured)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
    assert not is_in_use(study)
    assert recall(study).waiting == {}
    assert open_store(study).verify() == []


def test_damaged_curves_are_told_when_they_are_touched(fake, make_study):
    from closo.errors import StudyError

    study = make_study(1)
    analyse(study)
    for array in (study / ".closo" / "arrays").glob("*/*.npz"):
        array.write_bytes(array.read_bytes()[:-8])
    known = recall(study)
    with pytest.raises(StudyError, match="curves have changed since they were saved"):
        _ = known.results["p1/arrhenius"].curves
    assert analyse(study).computed == 7
