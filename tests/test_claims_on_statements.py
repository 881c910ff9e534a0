"""Claims that are held against what a study only states: the verdict says so, and statements must fit each other."""

import json

import pytest

from closo.claims import Claim, judge
from closo.claims.reading import claimed_range
from closo.errors import StudyError
from closo.pipeline import analyse
from closo.quantity import Quantity, uncertain
from closo.study import load, stated

STUDY = """
title = "statements"
[materials.salt]
density = "1.2 ± 0.01 g/cm3"
[materials.active]
density = "3.0 ± 0.05 g/cm3"
[samples.mix]
recipe = { matrix = "salt" }
[presses.die]
pressure = "347 MPa"
area = "0.283 cm2"
[cells.C1]
area = "0.283 ± 0.001 cm2"
cathode_mass = "1.50 ± 0.01 mg"
active_fraction = "60 wt%"
electrolyte_fraction = "40 wt%"
active_material = "active"
separator_sample = "mix"
theoretical_capacity = "171 mAh/g"
areal_capacity = "0.544 mAh/cm2"
c_rate = "C/20"
[specimens.p1]
sample = "mix"
thickness = "200-400 um"
"""


def results(tmp_path, text=STUDY):
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    return analyse(tmp_path).results


def verdict(found, **keywords):
    (made,) = judge([Claim(**{"id": "C", "text": "so it is", "of": ("C1",)} | keywords)], found)
    return made


def test_what_a_table_states_is_found_by_name_and_field(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    found = stated(load(tmp_path).cells["C1"])
    mass = found["mass:cathode_mass"]
    assert (mass.value, mass.u, mass.basis) == (pytest.approx(1.5e-6), pytest.approx(1e-8), "stated")
    assert mass.method == 'cathode_mass = "1.50 ± 0.01 mg" of study.toml'
    assert found["mass_fraction:active_fraction"].basis == "digits"
    assert found["c_rate:c_rate"].value == pytest.approx(1 / 20 / 3600)
    low, high = stated(load(tmp_path).specimens["p1"])["thickness:thickness"].interval(1.0)  # nothing lies outside
    assert (low, high) == (pytest.approx(2e-4), pytest.approx(4e-4))
    assert set(stated(load(tmp_path).presses["die"])) == {"pressure:pressure", "area:area"}


def test_digits_have_sharp_ends_and_a_stated_uncertainty_has_not():
    half = 0.5
    digits = Quantity("torque", uncertain(10.0, {"t": half / 3**0.5}), basis="digits")
    assert digits.interval() == (pytest.approx(10 - 0.95 * half), pytest.approx(10 + 0.95 * half))
    normal = Quantity("temperature_difference", uncertain(10.0, {"t": half / 3**0.5}))
    assert normal.interval()[1] == pytest.approx(10 + 1.95996 * half / 3**0.5)


def test_the_basis_survives_the_disk_and_an_unknown_one_is_refused():
    for basis in ("measured", "derived", "stated", "digits"):
        kept = json.loads(json.dumps(Quantity("mass", uncertain(1.0, {"a": 0.1}), basis=basis).as_stored()))
        assert Quantity.from_stored(kept).basis == basis
        shown = Quantity("mass", uncertain(1.0, {"a": 0.1}), basis=basis).as_json()
        assert shown.get("basis", "measured") == basis
    with pytest.raises(StudyError, match="Did you mean 'stated'"):
        Quantity("mass", None, basis="state")


def test_a_statement_supports_a_claim_but_says_that_nothing_was_measured(tmp_path):
    found = results(tmp_path)
    made = verdict(found, quantity="mass:cathode_mass", value="1.5 mg")
    assert (made.verdict, made.basis) == ("supported", "stated")
    assert made.as_json()["basis"] == "stated"
    assert made.reason.startswith("stated, not measured: ")
    assert 'cathode_mass = "1.50 ± 0.01 mg" of study.toml' in made.reason
    assert "Cross-check: C1: 1.50 mg x 60 wt% x 171 mAh/g on 0.283 cm2" in made.reason
    assert verdict(found, quantity="mass:cathode_mass", value="1.6 mg").verdict == "contradicted"
    assert verdict(found, quantity="mass:cathode_mass", value="1.50 mg").verdict == "consistent"


def test_the_same_digits_support_each_other(tmp_path):
    made = verdict(results(tmp_path), of=("presses/die",), quantity="pressure:pressure", value="347 MPa")
    assert (made.verdict, made.basis) == ("supported", "stated")
    assert "9.82 kN (1.00 t)" in made.reason  # 347 MPa on 0.283 cm2, against g = 9.80665
    assert "Nothing to check it with" in made.reason


def test_what_follows_from_statements_is_no_measurement_either(tmp_path):
    made = verdict(results(tmp_path), quantity="mass:areal_capacity", value="1.5 mg")
    assert (made.verdict, made.basis) == ("supported", "derived")
    expected = 0.544 * 0.283 / (0.6 * 0.171)  # mAh/cm2 cm2 / (mAh/mg)
    assert made.quantities[0].value == pytest.approx(expected * 1e-6)
    assert made.reason.startswith("computed from what the study states, not measured: ")


def test_statements_that_contradict_each_other_decide_nothing(tmp_path):
    wrong = STUDY.replace('areal_capacity = "0.544', 'areal_capacity = "0.907')  # as without the active fraction
    made = verdict(results(tmp_path, wrong), quantity="mass:cathode_mass", value="1.5 mg")
    assert made.verdict == "undecided"
    assert made.reason.startswith("The study's statements contradict each other, so none of them decides. C1: ")
    assert "the active fraction was left out" in made.reason


def test_what_is_not_stated_is_no_data(tmp_path):
    made = verdict(results(tmp_path), quantity="mass:separator_mass", value="35 mg")
    assert (made.verdict, made.basis) == ("no data", "")
    assert "'C1' has no mass:separator_mass" in made.reason


PARTS = {"kind": "proportions", "quantity": "mass_fraction", "parts": ("active_fraction", "electrolyte_fraction")}


@pytest.mark.parametrize(
    ("value", "tolerance", "word"),
    [
        ("6:4", None, "supported"),
        ("3:2", None, "supported"),
        ("60:40", None, "supported"),  # the digits of the study and of the claim
        ("60.0:40.0", None, "consistent"),  # claimed more sharply than stated
        ("7:3", None, "contradicted"),
        ("60.0:40.0", "2 wt%", "supported"),
    ],
)
def test_proportions_are_shares_of_their_sum(tmp_path, value, tolerance, word):
    made = verdict(results(tmp_path), value=value, tolerance=tolerance, **PARTS)
    assert (made.verdict, made.basis) == (word, "stated")
    # 0.6/3.0 and 0.4/1.2 in volume
    assert "volume_fraction:active 37.5" in made.reason


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"value": "6:3:1"}, "'6:3:1' is not 2 numbers, one for each of active_fraction, electrolyte_fraction"),
        ({"value": "6"}, "is not 2 numbers"),
        ({"value": "6:4 wt%"}, "is not 2 numbers"),
        ({"value": "6:4", "quantity": "mass"}, "about shares"),
        ({"value": "6:4", "relation": ">"}, "about shares"),
    ],
)
def test_proportions_that_are_none_are_refused(change, text):
    from closo.claims.reading import claimed_shares

    with pytest.raises(StudyError, match=text):
        claimed_shares(Claim(**{"id": "C", "text": "t", "of": ("C1",)} | PARTS | change))


def test_a_bound_with_a_tolerance_is_wider():
    bound = Claim(id="C", text="t", quantity="duration", value="3 h", relation=">", of=("C1",))
    assert claimed_range(bound, "duration")[0] == pytest.approx(10800.0)
    wider = Claim(id="C", text="t", quantity="duration", value="3 h", relation=">", of=("C1",), tolerance="1 min")
    assert claimed_range(wider, "duration")[0] == pytest.approx(10740.0)
    below = Claim(id="C", text="t", quantity="duration", value="3 h", relation="<", of=("C1",), tolerance="1 min")
    assert claimed_range(below, "duration")[1] == pytest.approx(10860.0)
