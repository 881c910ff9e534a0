"""check: everything that is wrong with a study, before anything is computed."""

import pytest

from closo.errors import DataError, StudyError
from closo.pipeline import analyse, check, judge
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


def _cell_study(folder, cell, measurement=None, *, columns=None):
    """Write a study with one cell and, where asked, one cycling file of the given rows (t, I, U)."""
    lines = ['title = "one cell"', "[cells.C1]", *cell]
    if measurement is not None:
        lines += ["[[measurements]]", 'cell = "C1"', 'file = "run.csv"', 'temperature = "30 ± 0.5 degC"', *measurement]
        rows = ["time / s,current / A,voltage / V", *(f"{t},{i},{u}" for t, i, u in columns)]
        (folder / "run.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [p for p in check(folder) if p.level in ("error", "warning")]


AREA = 'area = "0.283 ± 0.003 cm2"'
HALF_CELL = [(60.0 * k, 1e-5 if k // 30 % 2 == 0 else -1e-5, 3.5 if k // 30 % 2 == 0 else 2.0) for k in range(120)]
SYMMETRIC = [(t, i, 0.01 if i > 0 else -0.01) for t, i, _ in HALF_CELL]


@pytest.mark.parametrize("kind", ["cathode half cell", "anode half cell", "full cell", "blocking cell"])
@pytest.mark.parametrize("technique", ["plating", "critical_current"])
def test_plating_needs_a_symmetric_cell(tmp_path, kind, technique):
    cell = [AREA, f'kind = "{kind}"']
    found = _cell_study(tmp_path, cell, [f'technique = "{technique}"'], columns=HALF_CELL)
    assert [p.where for p in found] == ["measurements[1]"]
    article = "an" if kind.startswith("a") else "a"
    assert f"two equal electrodes, but 'C1' is {article} {kind}." in found[0].text
    assert "kind = 'symmetric cell'" in found[0].text


def test_a_symmetric_cell_does_not_run_at_two_volts(tmp_path):
    cell = [AREA, 'kind = "symmetric cell"']
    (found,) = _cell_study(tmp_path, cell, ['technique = "cycling"'], columns=HALF_CELL)
    assert (found.level, found.where) == ("error", "measurements[1]")
    assert "about 2.00 V in discharge and 3.50 V in charge" in found.text
    assert _cell_study(tmp_path, cell, ['technique = "cycling"'], columns=SYMMETRIC) == []


def test_a_half_cell_does_not_swing_about_zero(tmp_path):
    cell = [AREA, 'kind = "cathode half cell"']
    (found,) = _cell_study(tmp_path, cell, ['technique = "cycling"'], columns=SYMMETRIC)
    assert "changes its sign with the current (-0.01 and 0.01 V)" in found.text
    assert _cell_study(tmp_path, cell, ['technique = "cycling"'], columns=HALF_CELL) == []


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ('cell = "foo"', "'foo' is not possible for cell."),
        ('cell = "catode half cell"', "Did you mean 'cathode half cell'?"),
        ('cell = "Cathode"', None),
        ('cell = "full cell"', None),
    ],
)
def test_a_kind_of_cell_that_does_not_exist(tmp_path, setting, text):
    found = _cell_study(tmp_path, [AREA], ['technique = "cycling"', f"settings = {{ {setting} }}"], columns=HALF_CELL)
    if text is None:
        assert found == []
    else:
        assert [(p.level, p.where) for p in found] == [("error", "measurements[1].settings.cell")]
        assert text in found[0].text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            'cathode_mass = "10 g"',
            "10000 mg of cathode on 0.283 cm2: areal mass 35336 mg/cm2 is outside 0.01 to 300 mg/cm2",
        ),
        ('cathode_mass = "1.2 ug"', "areal mass 4.24e-3 mg/cm2 is outside"),
        ('separator_mass = "45 g"', "mass 45000 mg is outside"),
        ('separator_thickness = "10 cm"', "thickness 100000 um is outside"),
        ('cathode_mass = "1.2 mg"', None),
        ('cathode_mass = "40 mg"', None),
    ],
)
def test_a_cell_of_an_impossible_size(tmp_path, line, text):
    found = _cell_study(tmp_path, [AREA, line])
    assert (found == []) if text is None else (text in found[0].text and "check its unit" in found[0].text)


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        (("60 wt%", "30 wt%", "10 wt%"), None),
        (("60 wt%", "30 wt%", "5 wt%"), "add up to 95.00 ± 0.50 wt%, not to 100 wt%"),
        (("60 wt%", "30 wt%", None), "is carbon_fraction missing?"),
        (("70 wt%", "30 wt%", None), None),
    ],
)
def test_the_shares_of_a_cathode_are_all_of_it(tmp_path, shares, text):
    names = ("active_fraction", "electrolyte_fraction", "carbon_fraction")
    lines = [f'{name} = "{share}"' for name, share in zip(names, shares, strict=True) if share]
    found = _cell_study(tmp_path, [AREA, *lines])
    assert (found == []) if text is None else (text in found[0].text)


BAD_CLAIMS = """
[[claims]]
id = "good"
text = "Ea is 38.6 kJ/mol."
quantity = "activation_energy"
of = "S"
value = "38.6 kJ/mol"

[[claims]]
id = "unit"
text = "t"
quantity = "activation_energy"
of = "S"
value = "0.4 ohm"

[[claims]]
id = "kind"
text = "t"
kind = "comparison"

[[claims]]
id = "good"
text = "the id again"
quantity = "activation_energy"
of = "S"
value = "0.4 eV"

[[claims]]
id = "log"
text = "Three orders of magnitude."
kind = "ratio"
of = "S"
to = "S"
value = "3"

[[claim]]
id = "stray"
"""


def test_every_bad_claim_is_listed_and_none_stops_another(fake, make_study):
    folder = make_study(1)
    (folder / "claims.toml").write_text(BAD_CLAIMS, encoding="utf-8")
    found = {p.where: p for p in check(folder) if p.where.startswith("claims.toml")}
    assert {where for where, p in found.items() if p.level == "error"} == {
        "claims.toml, claims[2] (unit)",
        "claims.toml, claims[3] (kind)",
        "claims.toml, claims[4]",
        "claims.toml, claim",
    }
    assert "Use eV or J or kJ/mol" in found["claims.toml, claims[2] (unit)"].text
    assert "Was kind = 'decades' meant?" in found["claims.toml, log"].text
    verdicts = {v.claim.text: v for v in judge(analyse(folder))}
    assert verdicts["Ea is 38.6 kJ/mol."].verdict in ("consistent", "undecided")
    assert (
        "cannot be judged as it is written. claims[4]: the id 'good' is there twice" in verdicts["the id again"].reason
    )
    assert len(verdicts) == 5  # two have the same text


@pytest.mark.parametrize(
    ("area", "question"),
    [
        ('area = "78.5 cm2"', "Was 78.5 mm2 meant?"),
        ('area = "2.01 mm2"', "Was 2.01 cm2 meant?"),
        ('diameter = "10 cm"', "Was 10 mm meant?"),
        ('area = "0.785 cm2"', None),
    ],
)
def test_an_odd_area_is_a_question(fake, make_study, area, question):
    folder = make_study(1)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace('area = "0.785 ± 0.005 cm2"', area), encoding="utf-8")
    asked = [p.text for p in check(folder) if p.where == "specimens.p1" and p.level == "warning"]
    assert [question in text for text in asked] == ([True] if question else [])


@pytest.mark.parametrize(("text", "doubted"), [("303.15 degC", True), ("30 K", True), ("30 degC", False)])
def test_a_temperature_in_the_wrong_unit_is_doubted(fake, make_study, text, doubted):
    study = make_study(1)
    file = study / "study.toml"
    file.write_text(file.read_text().replace('"30 ± 0.3 degC"', f'"{text}"', 1))
    found = [problem for problem in check(study) if problem.where == "measurements[1].temperature"]
    assert [problem.level for problem in found] == (["warning"] if doubted else [])
    assert all("Check the unit." in problem.text for problem in found)


def test_the_folder_of_raw_files_is_not_taken_for_the_study(fake, make_study):
    study = make_study(1)
    with pytest.raises(StudyError, match=r"no study.toml here\. A study lies in the folder"):
        check(study / "raw")
