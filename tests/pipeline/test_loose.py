"""run: loose files and folders without a study."""

import shutil

import pytest

from closo.errors import StudyError
from closo.pipeline import run
from closo.quantity import correlation

GEOMETRY = {"area": "0.785 ± 0.005 cm2", "thickness": "310 ± 5 um"}


@pytest.fixture
def raw(fake, make_study):
    return make_study(1) / "raw"


def test_files_of_one_pellet_share_its_geometry(raw):
    files = sorted(raw.iterdir())[:2]
    a, b = run("fake", files, **GEOMETRY, temperature="30 ± 0.5 degC")
    assert (a.file, a.part, a.error) == (files[0], 1, None)
    sigma = [outcome.result.quantities["ionic_conductivity"] for outcome in (a, b)]
    assert {"area:command line", "thickness:command line", "fit:p1_0_30C.txt#1"} == set(sigma[0].budget())
    assert correlation(sigma[0].number, sigma[1].number) > 0.5
    assert a.result.provenance.inputs.keys() == {str(files[0])}
    assert a.result.quantities["temperature"].value == pytest.approx(303.15)


def test_without_geometry_the_resistance_remains(raw):
    outcome = next(run("fake", [sorted(raw.iterdir())[0]]))
    assert outcome.result.quantities["total_resistance"].value > 0
    assert outcome.result.quantities["ionic_conductivity"].value is None


def test_a_folder_is_every_file_and_bad_ones_do_not_stop_it(raw):
    (raw / "deep").mkdir()
    shutil.copy(raw / "p1_0_30C.txt", raw / "deep" / "p1_0_30C.txt")
    (raw / "a_broken.par").write_bytes(b"\x00" * 100)
    (raw / "b_empty.dta").touch()
    (raw / "notes.md").write_text("# Notes\nwe measured today\n")
    (raw / ".hidden.txt").write_text("1 2 3")
    outcomes = list(run("fake", [raw], **GEOMETRY))
    good = [o for o in outcomes if o.result is not None]
    assert len(good) == 6
    assert len({o.result.name for o in good}) == 6  # equal file names get names of their own
    bad = {o.file.name: o for o in outcomes if o.error is not None}
    assert set(bad) == {"a_broken.par", "b_empty.dta", "notes.md"}
    assert {name for name, o in bad.items() if o.skipped} == {"notes.md"}


def test_a_named_file_is_never_skipped(raw, tmp_path):
    (tmp_path / "notes.md").write_text("# Notes\n")
    outcomes = list(run("fake", [tmp_path / "notes.md", tmp_path / "nothing.par", sorted(raw.iterdir())[0]]))
    assert [o.error is None for o in outcomes] == [False, False, True]
    assert not any(o.skipped for o in outcomes)
    assert "there is no such file" in str(outcomes[1].error)


@pytest.mark.parametrize(
    ("technique", "keywords", "text"),
    [
        ("fak", {}, "Did you mean 'fake'?"),
        ("fake", {"area": "0,785 cm2"}, "decimal comma"),
        ("fake", {"area": "0.785"}, "has no unit"),
        ("fake", {"settings": {"dely": 1.0}}, "Did you mean 'delay'?"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_read(raw, technique, keywords, text):
    with pytest.raises(StudyError) as caught:
        run(technique, [raw], **keywords)
    assert text in str(caught.value)


def test_an_empty_folder_is_one_sentence(fake, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="the folder holds no files"):
        run("fake", [tmp_path / "empty"])


def test_a_part_can_be_chosen(raw):
    file = sorted(raw.iterdir())[0]
    assert next(run("fake", [file], part=1)).result is not None
    outcome = next(run("fake", [file], part=7))
    assert "part 7 does not exist; the file holds 1 " in str(outcome.error)


def test_an_error_names_its_file(tmp_path):
    path = tmp_path / "cell.csv"
    path.write_text(
        "time/s,current/A,voltage/V\n" + "\n".join(f"{t},{1e-4 if t < 500 else -1e-4},3" for t in range(1000))
    )
    outcome = next(run("cycling", [path], settings={"cell": "foo"}))
    assert "not a kind of cell" in str(outcome.error)
    assert outcome.error.file == str(path)


def test_parts_are_counted_from_one(raw):
    with pytest.raises(StudyError, match=r"part = 0 does not exist\. Parts are counted from 1"):
        run("fake", [raw], part=0)
