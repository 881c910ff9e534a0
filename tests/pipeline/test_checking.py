"""check: everything that is wrong with a study, before anything is computed."""

import pytest

from closo.errors import DataError, StudyError
from closo.pipeline import check
from closo.pipeline.plan import choose_parts
from closo.study import Condition, Measurement
from closo.techniques import get

PARTS = [
    {"part": 1, "kind": "open_circuit", "title": "OCV 1"},
    {"part": 2, "kind": "impedance", "title": "PEIS 1"},
    {"part": 3, "kind": "chronoamperometry", "title": "CA 1"},
    {"part": 4, "kind": "impedance", "title": "PEIS 2"},
    {"part": 5, "kind": "impedance", "title": "PEIS 2"},
]


def measurement(**keywords) -> Measurement:
    keywords = {"label": "m", "specimen": "p1", "technique": "impedance", "file": "a.par"} | keywords
    return Measurement(**keywords)


def conditions(*entries) -> tuple[Condition, ...]:
    return tuple(Condition(label="c", **entry) for entry in entries)


def numbers(**keywords) -> list[int]:
    return [part for part, _ in choose_parts(PARTS, get("impedance"), measurement=measurement(**keywords))]


def test_parts_are_chosen_by_kind_number_or_title():
    assert numbers() == [2, 4, 5]
    assert numbers(part=4) == [4]
    assert numbers(part="PEIS 1") == [2]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (9, "part 9 does not exist; the file holds 1 'OCV 1' (open_circuit), 2 'PEIS 1' (impedance)"),
        ("PEIS1", "Did you mean 'PEIS 1'?"),
        ("PEIS 2", "2 parts are called 'PEIS 2'. Use a number: 4, 5."),
        (3, "part 3 is of the kind 'chronoamperometry', but impedance needs 'impedance'."),
    ],
)
def test_a_part_that_cannot_be_is_one_sentence(part, text):
    with pytest.raises(DataError) as caught:
        numbers(part=part)
    assert text in str(caught.value)


def test_conditions_are_one_per_part():
    three = conditions(*({"temperature": f"{t} degC"} for t in (30, 60, 90)))
    chosen = choose_parts(PARTS, get("impedance"), measurement=measurement(conditions=three))
    assert [(part, c.temperature) for part, c in chosen] == [(2, "30 degC"), (4, "60 degC"), (5, "90 degC")]
    with pytest.raises(DataError, match="conditions has 2 entries, but the file holds 3 measurements"):
        numbers(conditions=three[:2])


def test_conditions_that_name_their_part_lose_only_the_missing_one():
    some = conditions({"part": 4, "temperature": "60 degC"}, {"part": 8, "temperature": "90 degC"})
    (first, _), (second, error) = choose_parts(PARTS, get("impedance"), measurement=measurement(conditions=some))
    assert (first, second) == (4, 8)
    assert isinstance(error, DataError)


def test_a_file_without_such_a_measurement_is_one_sentence():
    with pytest.raises(DataError, match="needs a measurement of the kind 'impedance'; the file holds 1 'OCV 1'"):
        choose_parts(PARTS[:1], get("impedance"), measurement=measurement())


def test_a_good_study_has_no_errors_and_nothing_is_computed(fake, make_study):
    study = make_study()
    assert [p for p in check(study) if p.level == "error"] == []
    assert fake() == 0
    assert not (study / ".closo").exists()


def test_everything_wrong_is_listed_worst_first(fake, make_study):
    study = make_study()
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = text.replace('area = "0.785 ± 0.005 cm2"\n', "", 1)
    text = text.replace('temperature = "50 ± 0.3 degC"\n', "", 1)
    text = text.replace('file = "raw/p2_0_30C.txt"', 'file = "raw/p2_0_30C.txt"\npart = 3')
    (study / "study.toml").write_text(text, encoding="utf-8")
    (study / "raw" / "p1_0_30C.txt").unlink()
    (study / "raw" / "p1_2_70C.txt").write_text("not a spectrum")
    found = check(study)
    errors = {p.where for p in found if p.level == "error"}
    assert errors == {"measurements[1].file", "measurements[3]", "measurements[6]"}
    warnings = {p.where: p.text for p in found if p.level == "warning"}
    assert "area (or diameter) not given" in warnings["specimens.p1"]
    assert "has no temperature" in warnings["measurements[2]"]
    levels = [p.level for p in found]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)


def test_impossible_geometry_is_an_error(fake, make_study):
    study = make_study(1)
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = text.replace(
        "[samples.S]", '[materials.NaX]\ndensity = "1.19 ± 0.01 g/cm3"\n[samples.S]\nrecipe = { matrix = "NaX" }'
    )
    text = text.replace("[specimens.p1]\n", '[specimens.p1]\nmass = "90 ± 0.1 mg"\n')
    (study / "study.toml").write_text(text, encoding="utf-8")
    errors = [p for p in check(study) if p.level == "error"]
    assert len(errors) == 1
    assert "p1" in f"{errors[0].where} {errors[0].text}"
    assert "%" in errors[0].text


def test_a_study_too_wrong_to_be_one_lists_its_mistakes(tmp_path):
    (tmp_path / "study.toml").write_text("titel = 'x'\n[specimens.a]\nthickness = 3\n", encoding="utf-8")
    assert {p.where for p in check(tmp_path)} == {"title", "titel", "specimens.a.sample", "specimens.a.thickness"}
    with pytest.raises(StudyError, match="there is no such file"):
        check(tmp_path / "nowhere")
