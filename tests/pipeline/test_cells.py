"""Cells: which spectra belong to a step, and what is combined."""

import pytest

from closo.combine.electronic import electronic_fraction
from closo.dataset import Dataset
from closo.errors import DataError
from closo.pipeline.cells import spectra_around
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result


def result(technique: str, **settings) -> Result:
    return Result(technique, technique, {}, Dataset(), (), settings)


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
