"""analyse: the whole study, the cache, bad files, workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from closo.errors import ClosoError, StudyError
from closo.pipeline import analyse
from closo.quantity import correlation
from closo.store import open_store

HERE = Path(__file__).parent


def replace(study: Path, old: str, new: str) -> None:
    text = (study / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (study / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


def test_results_have_keys_in_order_and_say_where_they_come_from(fake, make_study):
    analysis = analyse(make_study())
    keys = list(analysis.results)
    assert keys[:5] == [f"p1/fake/p1_{k}_{t}C.txt#1" for k, t in enumerate([30, 50, 70, 50, 30])]
    assert keys[10:] == ["p1/arrhenius", "p2/arrhenius", "S/conductivity"]
    assert (analysis.failures, analysis.cached) == ((), 0)
    result = analysis.results[keys[0]]
    assert result.name == "p1_0_30C.txt#1"
    assert result.about.owner == "p1"
    assert result.about.sample == "S"
    provenance = result.provenance
    assert set(provenance.inputs) == {"raw/p1_0_30C.txt"}
    assert len(provenance.inputs["raw/p1_0_30C.txt"]) == 64
    assert provenance.reader == "text"
    assert provenance.function == "fake_technique.analyse"
    arrhenius = analysis.results["p1/arrhenius"]
    assert set(arrhenius.provenance.inputs) == set(keys[:5])
    assert arrhenius.quantities["activation_energy"].value / 1.602176634e-19 == pytest.approx(0.4, abs=0.002)


def test_pellet_geometry_is_common_and_the_fit_is_not(fake, make_study):
    results = analyse(make_study(1)).results
    a, b = (results[f"p1/fake/p1_{k}_{t}C.txt#1"].quantities["ionic_conductivity"] for k, t in ((0, 30), (1, 50)))
    common = sum(u * u for s, u in a.budget().items() if s in ("area:p1", "thickness:p1")) / a.u**2
    assert 0.5 < common < 0.9
    assert correlation(a.number, b.number) == pytest.approx(common, rel=0.02)


def test_a_second_run_does_nothing(fake, make_study):
    study = make_study()
    first = analyse(study)
    before = fake()
    second = analyse(study)
    assert fake() == before == 10
    assert (second.computed, second.cached) == (0, first.computed)
    assert [r.as_json() for r in second.results.values()] == [r.as_json() for r in first.results.values()]


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ('"301 ± 5 um"', '"301 ± 6 um"', 5),  # an input of one pellet
        ("delay = 0.0", "delay = 0.001", 10),  # a setting of all
        ('"0 ± 0.5 K"', '"0 ± 0.6 K"', 10),
        ('"30 ± 0.3 degC"', '"31 ± 0.3 degC"', 1),
        ('title = "A small study"', 'title = "Another"', 0),
        ('note = "a powder"', 'note = "the powder"', 0),
    ],
)
def test_only_what_is_stale_is_computed(fake, make_study, old, new, again):
    study = make_study()
    analyse(study)
    before = fake()
    replace(study, old, new)
    assert analyse(study).failures == ()
    assert fake() - before == again


def test_changed_bytes_are_noticed_and_dates_are_not(fake, make_study):
    study = make_study()
    analyse(study)
    before = fake()
    files = sorted((study / "raw").iterdir())
    os.utime(files[0], (0, 0))
    analyse(study)
    assert fake() == before
    files[0].write_text(files[0].read_text() + "0.1 1000 -2000\n")
    analyse(study)
    assert fake() == before + 1


def test_other_code_makes_old_results_stale(fake, make_study, monkeypatch):
    study = make_study(1)
    analyse(study)
    before = fake()
    from closo.pipeline import combining, explained, jobs, plan, recalling

    for module in (combining, explained, jobs, plan, recalling):
        monkeypatch.setattr(module, "code_version", lambda *_: "0.0.0+other")
    analyse(study)
    assert fake() == before + 5


def test_bad_files_are_recorded_and_the_rest_goes_on(fake, make_study):
    study = make_study()
    files = sorted((study / "raw").iterdir())
    files[0].write_bytes(b"")
    files[1].unlink()
    files[2].write_bytes(b"\x00\xff" * 500)
    analysis = analyse(study)
    assert [f.key for f in analysis.failures] == [f"p1/fake/{f.name}" for f in files[:3]]
    assert all(isinstance(f.error, ClosoError) and str(f.error) for f in analysis.failures)
    assert sum("/fake/" in key for key in analysis.results) == 7
    assert {"p1/arrhenius", "p2/arrhenius"} & set(analysis.results)


@pytest.mark.parametrize(
    ("mood", "text"), [("sad", "the data are sad."), ("broken", "ZeroDivisionError (nobody saw this coming)")]
)
def test_errors_of_a_technique_are_recorded(fake, make_study, mood, text):
    study = make_study()
    replace(study, 'technique = "fake"', f'technique = "fake"\nsettings = {{ mood = "{mood}" }}')
    analysis = analyse(study)
    assert [f.key for f in analysis.failures] == ["p1/fake/p1_0_30C.txt#1"]
    assert text in str(analysis.failures[0].error)
    assert sum("/fake/" in key for key in analysis.results) == 9


def test_a_file_that_is_gone_for_a_while_is_not_computed_again(fake, make_study):
    study = make_study(1)
    analyse(study)
    before = fake()
    file = study / "raw" / "p1_0_30C.txt"
    file.rename(study / "elsewhere.txt")
    assert len(analyse(study).failures) == 1
    (study / "elsewhere.txt").rename(file)
    assert analyse(study).failures == ()
    assert fake() == before


def test_what_leaves_the_study_leaves_the_store(fake, make_study):
    study = make_study(2)
    analyse(study)
    make_study(1)
    analysis = analyse(study)
    store = open_store(study)
    assert set(store.keys()) == set(analysis.results)
    assert len(list((study / ".closo" / "arrays").glob("*/*.npz"))) == len(analysis.results)
    assert store.verify() == []


def test_equal_file_names_do_not_share_their_fits(fake, make_study):
    study = make_study(1)
    (study / "more").mkdir()
    (study / "raw" / "p1_4_30C.txt").rename(study / "more" / "p1_0_30C.txt")
    replace(study, "raw/p1_4_30C.txt", "more/p1_0_30C.txt")
    results = analyse(study).results
    a, b = (results[f"p1/fake/{folder}_p1_0_30C.txt#1"].quantities["total_resistance"] for folder in ("raw", "more"))
    assert correlation(a.number, b.number) == 0.0


def test_progress_ends_at_the_total(fake, make_study):
    seen = []
    analyse(make_study(), progress=lambda done, total, what: seen.append((done, total, what)))
    assert seen[-1][:2] == (10, 10)
    assert [d for d, _, _ in seen] == sorted(d for d, _, _ in seen)


def test_a_folder_that_cannot_be_written_is_one_sentence(fake, make_study):
    study = make_study(1)
    (study / ".closo").write_text("a file in the way")
    with pytest.raises(StudyError, match="results cannot be kept here"):
        analyse(study)


DRIVER = """
import sys
sys.path.insert(0, {here!r})
import fake_technique
fake_technique.install()
if __name__ == "__main__":
    from closo.pipeline import analyse
    analysis = analyse({study!r}, workers={workers}, wait=60)
    for failure in analysis.failures:
        print("failed", failure.key, failure.error)
    print("computed", analysis.computed, "cached", analysis.cached)
"""


@pytest.fixture
def driver(tmp_path, fake):
    """Return a function that starts `analyse` in a process of its own."""

    def start(study: Path, workers: int = 1) -> subprocess.Popen:
        script = tmp_path / f"driver{workers}.py"
        script.write_text(DRIVER.format(here=str(HERE), study=str(study), workers=workers))
        return subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def test_two_workers_give_what_one_gives(driver, make_study, tmp_path):
    one = make_study(folder=tmp_path / "one")
    two = make_study(folder=tmp_path / "two")
    out, err = driver(two, workers=2).communicate(timeout=120)
    assert out == "computed 13 cached 0\n", err
    a, b = analyse(one).results, analyse(two)
    assert b.computed == 0
    shown = [{**r.as_json(), "provenance": None} for r in a.values()]
    assert shown == [{**r.as_json(), "provenance": None} for r in b.results.values()]


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_file_only(driver, make_study):
    study = make_study()
    replace(study, 'technique = "fake"', 'technique = "fake"\nsettings = { mood = "deadly" }')
    out, err = driver(study, workers=2).communicate(timeout=200)
    assert "failed p1/fake/p1_0_30C.txt#1 raw/p1_0_30C.txt: the process that analysed this was killed, twice." in out
    assert "computed 12 cached 0" in out, err
