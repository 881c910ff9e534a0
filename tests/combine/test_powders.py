"""What a study states of its powders, and several measurements of one powder."""

import pytest

from closo.combine.powders import fillers, silanol
from closo.combine.view import View
from closo.dataset import new
from closo.quantity import Quantity, uncertain
from closo.result import About, Result
from closo.study import load

STUDY = """
title = "mix"
[materials.salt]
density = "1.195 ± 0.010 g/cm3"
molar_mass = "187.8 g/mol"
[materials.SiO2]
density = "2.20 ± 0.02 g/cm3"
[powders.A380]
pore_volume = "0.692 cm3/g"
silanol_density = "3.8 ± 0.5 1/nm2"
[samples.mix]
recipe = { matrix = "salt", filler = "SiO2", filler_type = "A380", filler_fraction = "35 vol%" }
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return load(tmp_path)


def result(technique, name, quantities=None):
    curves = new("record", {"time": [0.0]}, source=name)
    return Result(technique, name, quantities or {}, curves, about=About("A380", "powder"))


def isotherm(name, area):
    number = uncertain(area, {"cross_section:N2": 0.1 * area, f"fit:{name}": 0.001 * area})
    return result("sorption", name, {"specific_surface_area": Quantity("specific_surface_area", number, "x")})


def test_silanol_per_anion_from_what_the_study_states(study):
    (wanted,) = fillers(View(study, {"one": isotherm("one", 349.2e3)}))
    found = wanted.make().quantities["silanol_per_anion"]
    assert found.value == pytest.approx(0.410, abs=1e-3)
    assert {"silanol_density:A380", "cross_section:N2", "fit:one"} <= set(found.budget())


def test_several_isotherms_are_a_mean_with_their_scatter(study):
    measured = {name: isotherm(name, area) for name, area in (("one", 330e3), ("two", 350e3), ("three", 340e3))}
    (wanted,) = fillers(View(study, measured))
    assert sorted(wanted.used) == ["one", "three", "two"]
    found = wanted.make().quantities["silanol_amount"]
    assert found.value == pytest.approx(340e3 * 3.8e18 / 6.02214076e23)
    budget = {source: u / found.value for source, u in found.budget().items()}
    assert budget["scatter of specific_surface_area:A380"] == pytest.approx(10.0 / 340.0 / 3**0.5)
    assert budget["cross_section:N2"] == pytest.approx(0.1)  # common to all: no mean makes it smaller


def test_spectra_that_are_not_used_are_said(study):
    told = list(silanol(View(study, {"a": result("infrared", "a"), "b": result("infrared", "b")})))
    assert told == ["Exchange of silanol: of the 2 spectra of 'A380' the first is used, a."]
