"""Cells: which spectra belong to a step, and what is combined."""

import math

import pytest

from closo.claims import judge, load_claims
from closo.combine.audit import Cell, Press
from closo.combine.cell_recipe import cell_recipe, press_recipe
from closo.combine.cells import first_and_last, spectra_around
from closo.combine.electronic import electronic_fraction
from closo.combine.samples import quantity
from closo.dataset import Dataset
from closo.errors import DataError
from closo.pipeline import analyse, check
from closo.pipeline.combining import combine_all
from closo.pipeline.records import Obtained
from closo.quantity import Quantity, uncertain, withheld
from closo.result import About, Result
from closo.store import open_store
from closo.study import Cell as StudyCell
from closo.twin import write_study


def result(technique: str, stage: str = "") -> Result:
    return Result(technique, technique, {}, Dataset(), about=About(stage=stage))


def test_parts_of_one_file_are_ordered_by_their_number():
    spectra = {f"c/impedance/a.par#{n}": result("impedance") for n in (1, 3, 4)}
    step = "c/polarization/a.par#2"
    assert spectra_around({**spectra, step: result("polarization")}, step, spectra) == (
        "c/impedance/a.par#1",
        "c/impedance/a.par#3",
    )


def test_files_are_ordered_as_the_study_lists_them():
    spectra = {f"c/impedance/{name}.par#1": result("impedance") for name in ("first", "second", "third")}
    step = "c/voltammetry/sweep.par#1"
    listed = {}
    for key, spectrum in spectra.items():
        listed[key] = spectrum
        if "second" in key:
            listed[step] = result("voltammetry")
    assert spectra_around(listed, step, spectra) == ("c/impedance/second.par#1", "c/impedance/third.par#1")


def test_a_stage_in_the_study_decides():
    spectra = {
        "c/impedance/b.par#1": result("impedance", stage="after"),
        "c/impedance/a.par#1": result("impedance", stage="before"),
        "c/impedance/z.par#1": result("impedance"),
    }
    step = "c/voltammetry/s.par#1"
    assert spectra_around({**spectra, step: result("voltammetry")}, step, spectra) == (
        "c/impedance/a.par#1",
        "c/impedance/b.par#1",
    )


def test_a_step_without_spectra_has_none():
    step = "c/voltammetry/s.par#1"
    assert spectra_around({step: result("voltammetry")}, step, {}) == (None, None)


def with_quantity(technique: str, **quantities: Quantity) -> Result:
    named = {key.replace("__", ":"): q for key, q in quantities.items()}
    return Result(technique, technique, named, Dataset())


SIGMA = Quantity("ionic_conductivity", uncertain(0.05, {"fit:z": 0.001, "thickness:p": 0.002}), "L/(R A)")


def test_what_two_measurements_of_a_pellet_share_cancels_in_the_electronic_share():
    leak = uncertain(1e-7, {"fit:i": 1e-8, "thickness:p": 4e-9})
    polarization = with_quantity(
        "polarization", electronic_conductivity=Quantity("electronic_conductivity", leak, "I L")
    )
    made = electronic_fraction(polarization, with_quantity("impedance", ionic_conductivity=SIGMA), name="p")
    share = made.quantities["electronic_fraction"]
    assert share.value == pytest.approx(2e-6)
    assert "thickness:p" not in {s for s, u in share.budget().items() if u > 1e-12}
    assert [c.passed for c in made.checks] == [True]


def test_below_the_floor_the_limit_is_given():
    polarization = with_quantity(
        "polarization",
        electronic_conductivity=withheld("electronic_conductivity", "below the floor"),
        electronic_conductivity__upper_limit=Quantity(
            "electronic_conductivity", uncertain(2e-8, {"fit:i": 1e-9}), "95 %"
        ),
    )
    made = electronic_fraction(polarization, with_quantity("impedance", ionic_conductivity=SIGMA), name="p")
    assert made.quantities["electronic_fraction"].why == "below the floor"
    assert made.quantities["electronic_fraction:upper_limit"].value == pytest.approx(4e-7)
    assert made.checks[0].passed is True


def test_without_an_ionic_conductivity_there_is_no_share():
    lone = with_quantity("impedance", ionic_conductivity=withheld("ionic_conductivity", "the area is not known"))
    with pytest.raises(DataError, match="the area is not known"):
        electronic_fraction(with_quantity("polarization"), lone, name="p")


def test_a_measured_cell_without_an_area_is_pointed_out(tmp_path):
    write_study(tmp_path, seed=3, kind="small")
    file = tmp_path / "study.toml"
    before, cell, after = file.read_text(encoding="utf-8").partition("[cells.transference]")
    lines = [line for line in after.splitlines(keepends=True)]
    lines.pop(next(k for k, line in enumerate(lines) if line.startswith("area =")))
    file.write_text(before + cell + "".join(lines), encoding="utf-8")
    found = [problem for problem in check(tmp_path) if problem.where == "cells.transference"]
    assert [problem.level for problem in found] == ["warning"]
    assert "area (or diameter) not given" in found[0].text


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells") / "study"
    write_study(folder, seed=4, kind="small")
    return analyse(folder)


def test_what_is_combined_of_the_cells_of_a_study(small):
    assert small.failures == ()
    combined = {key for key in small.results if "#" not in key}
    assert combined >= {
        "blocking/electronic fraction",
        "transference/transference",
        "transference/recipe",
        "warm-cell/recipe",
        "warm-cell/overpotential ledger",
        "warm-cell/charge ledger",
        "presses/cell frame",
    }
    assert small.results["warm-cell/cycling/warm-cell.mpr#1"].settings["cell"] == "cathode half cell"  # from [cells.*]
    assert small.results["transference/transference"].about.owner == "transference"
    areal = small.results["warm-cell/recipe"].quantities["areal_capacity:theoretical"]
    assert areal.value / 36000.0 == pytest.approx(1.2 * 0.7 * 0.171 / 0.283, rel=1e-6)  # mg mAh/mg / cm2
    assert "cathode_mass:cell warm-cell" in areal.budget()


def test_the_pellet_of_a_cell_costs_what_its_own_sample_says(small):
    share = small.results["warm-cell/overpotential ledger"].quantities["overpotential:separator"]
    sigma = quantity(small.results, "A200-35-4h", "ionic_conductivity", temperature=313.15).value
    thickness = small.study.cells["warm-cell"].separator_thickness.x
    assert share.value == pytest.approx(thickness / sigma * 0.5051, rel=0.03)  # L/sigma times 50.51 uA/cm2


def test_combined_results_of_cells_are_kept(small):
    again = analyse(small.study)
    assert again.computed == 0
    assert set(again.results) == set(small.results)


def test_recipe_claims_of_the_twin_end_in_the_verdicts_that_its_recipe_allows(small):
    made = {v.claim.id: v for v in judge(load_claims(small.study.folder), small.results)}
    expected = {
        "C051": ("supported", "stated"),  # 7:2.5:0.5
        "C054": ("consistent", "stated"),  # 1.2 mg, weighed to 0.05 mg: wider than the digit claimed
        "C054b": ("supported", "derived"),  # what 0.505 mAh/cm2 needs
        "C056": ("supported", "stated"),
        "C057b": ("supported", "stated"),
        "C060": ("supported", "stated"),
        "C061": ("no data", ""),
        "C063": ("supported", "stated"),
        "C064": ("undecided", "derived"),  # the nut factor is known to 30 %
        "C065": ("supported", "measured"),  # 3 h, and a spectrum between two rests of 1 h
    }
    assert {key: (made[key].verdict, made[key].basis) for key in expected} == expected
    assert "1.00 t" in made["C056"].reason
    assert 5.0 < made["C065"].quantities[0].value / 3600.0 < 6.0


def test_volume_fractions_follow_from_the_mixing_ratio(small):
    """C051: 7:2.5:0.5 with 1.90, 1.5435 and 2.0 g/cm3 and 5 % of pores."""
    recipe = small.results["warm-cell/recipe"].quantities
    expected = {"active": 0.630, "electrolyte": 0.277, "carbon": 0.043}
    for part, share in expected.items():
        assert recipe[f"volume_fraction:{part}"].value == pytest.approx(share, abs=6e-4)
        assert recipe[f"volume_fraction:{part}"].basis == "derived"
    assert "porosity:cell warm-cell" in recipe["volume_fraction:active"].budget()


def test_what_a_cell_implies_needs_its_numbers():
    assert cell_recipe(Cell(name="empty")).quantities == {}
    disc = cell_recipe(Cell(name="die", diameter=uncertain(6e-3, {"diameter:die": 1e-5}))).quantities
    assert disc["area:disc"].value == pytest.approx(math.pi * 9e-6)
    assert disc["area:disc"].u / disc["area:disc"].value == pytest.approx(2e-5 / 6e-3)
    pressed = press_recipe(Press(name="jaw", force=9810.0, area=0.283e-4)).quantities
    assert pressed["pressure:force"].value == pytest.approx(9810.0 / 0.283e-4)
    assert "pressure:torque" not in pressed


def changed(tmp_path, old, new, *, count=1):
    write_study(tmp_path, seed=4, kind="small")
    file = tmp_path / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, count), encoding="utf-8")
    return tmp_path


def test_the_kind_of_a_cell_says_what_its_electrodes_do(tmp_path):
    folder = changed(tmp_path, 'electrodes = "nonblocking", ', "")
    result = analyse(folder).results["transference/polarization/transference.par#3"]
    assert result.settings["electrodes"] == "nonblocking"
    assert "electronic_conductivity" not in result.quantities


def test_a_measurement_that_contradicts_its_cell_is_refused(tmp_path):
    folder = changed(tmp_path, 'electrodes = "nonblocking"', 'electrodes = "blocking"')
    errors = [p.text for p in check(folder) if p.level == "error"]
    assert len(errors) == 1
    assert "electrodes = 'blocking', but 'transference' is a symmetric cell" in errors[0]


def test_spectra_at_another_temperature_give_no_transference_number(tmp_path):
    write_study(tmp_path, seed=4, kind="small")
    file = tmp_path / "study.toml"
    before, mark, after = file.read_text(encoding="utf-8").partition('file = "raw/transference.par"')
    file.write_text(before + mark + after.replace('"30 ± 0.1 degC"', '"60 ± 0.1 degC"', 1), encoding="utf-8")
    analysis = analyse(tmp_path)
    failed = {failure.key: str(failure.error) for failure in analysis.failures}
    assert "needs measurements at one temperature" in failed["transference/transference"]


def test_a_second_result_of_one_kind_does_not_replace_the_first(small):
    of_cell = {key: r for key, r in small.results.items() if key.startswith("transference/") and "#" in key}
    (step,) = (key for key in of_cell if "polarization" in key)
    results = {**of_cell, f"{step}x": of_cell[step]}
    measured = Obtained(results=results, fingerprints={key: key for key in results})
    one_cell = small.study.model_copy(update={"cells": {"transference": small.study.cells["transference"]}})
    combined = combine_all(one_cell, measured, store=open_store(small.study.folder))
    found = {key for key in combined.results if key.startswith("transference/transference")}
    assert found == {"transference/transference", "transference/transference 2"}


def test_a_cell_that_ran_is_compared_by_its_first_and_last_spectrum():
    spectra = {f"c/impedance/a.mpr#{n}": result("impedance") for n in (2, 3, 4)}
    assert first_and_last(spectra) == ("c/impedance/a.mpr#2", "c/impedance/a.mpr#4")
    assert first_and_last(dict(list(spectra.items())[:1])) == (None, None)
    named = {"x": result("impedance", stage="after"), "y": result("impedance")}
    assert first_and_last(named) == (None, "x")


def test_a_stated_active_mass_counts_without_the_composite():
    cell = Cell(name="c", active_mass=1e-6, area=1e-4, theoretical_capacity=100 * 3600.0)
    assert cell_recipe(cell).quantities["areal_capacity:theoretical"].value == pytest.approx(1e-6 * 3.6e5 / 1e-4)
    table = StudyCell(active_mass="1.2 ± 0.1 mg", cathode_mass="2 mg", active_fraction="50 wt%", label="cell")
    assert Quantity("active_mass", table.given("active_mass")).value == pytest.approx(1.2e-6)
