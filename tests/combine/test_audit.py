"""The audit finds what is wrong in the printed numbers of a paper, what is injected, and nothing else."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closo.combine import audit as a
from closo.combine.auditing import audit_study
from closo.quantity import Quantity, parse, uncertain
from closo.study import load
from closo.toml import read_number

ROOT = Path(__file__).parents[2]


def n(text, name, label=None):
    return read_number(text, name, label=label or f"{name}:{text}")


def failed(checks, prefix=""):
    return [c for c in checks if c.passed is False and c.name.startswith(prefix)]


def numbers(text):
    return [float(x) for x in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?", text)]


# --- the printed numbers of Hehn et al. 2026 -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper():
    return {c.name: c for c in audit_study(load(ROOT / "examples" / "paper-printed"))}


def test_paper_has_just_these_failures(paper):
    found = {name.split(":")[0] for name, c in paper.items() if c.passed is False}
    assert found == {
        "pore volume",
        "particle size",
        "particle sizes together",
        "relative density",
        "areal capacities together",
        "activation energy",
        "orders of magnitude",
    }


@pytest.mark.parametrize(
    ("silica", "size", "area"),
    [("90", 85.5, 70.2), ("200", 31.4, 191.2), ("300", 22.1, 271.5), ("380", 17.2, 349.2)],
)
def test_paper_sizes_were_computed_with_water(paper, silica, size, area):
    check = paper[f"particle size: Aerosil {silica}"]
    assert not check.passed
    assert "the size was computed with 1.000 g/cm3" in check.detail
    assert f"{6000 / size / area:.3f}" in check.detail  # the implied density
    assert f"it is {6000 / 2.20 / area:.1f} nm" in check.detail


def test_paper_sizes_have_one_common_cause(paper):
    """By hand: 6000/(d S) = 0.99967, 0.99940, 1.00001, 0.99895, weighted by rounding 0.9996 ± 0.0004."""
    detail = paper["particle sizes together"].detail
    assert "0.99959 ± 0.00042 g/cm3, not 2.20" in detail
    assert "too large by a factor of 2.20" in detail


@pytest.mark.parametrize(
    ("powder", "printed"),
    [("Aerosil 90", 152), ("Aerosil 200", 437), ("Aerosil 300", 742), ("Aerosil 380", 692), ("SBA-15", 1207)],
)
def test_paper_pore_volumes_cannot_be_millilitres(paper, powder, printed):
    check = paper[f"pore volume: {powder}"]
    assert not check.passed
    assert "impossible" in check.detail
    assert f"must be mm3/g, which makes it {printed / 1000} cm3/g" in check.detail


def test_paper_pellet_is_impossible(paper):
    """40 mg / (0.785 cm2 x 1.5435 g/cm3) = 330.1 um, 50 mg 412.7 um; 200 um are 165 and 206 %, 400 um 83 and 103 %."""
    check = paper["relative density: impedance pellets"]
    assert not check.passed
    for part in ("40 mg on 0.785 cm2", "330.1 ±", "50 mg: 413 um", "200 um would be 165 %", "206 %", "83 to 103 %"):
        assert part in check.detail


def test_paper_areal_capacities_share_a_factor(paper):
    """By hand: 0.541/(1.5 x .6 x .171/.283) = 0.9948, 0.505/(1.2 x .7 x .171/.283) = 0.9949; x 171 = 170.1."""
    check = paper["areal capacities together: RT and 40C"]
    assert not check.passed
    for part in ("0.9948 and 0.9950", "170.1 mAh/g was used instead of 171", "0.2845 cm2 instead of 0.283 cm2"):
        assert part in check.detail
    for cell in ("RT", "40C"):  # alone, neither is suspicious: its mass is known to 2 %
        assert paper[f"areal capacity: {cell}"].passed


def test_paper_activation_energy_does_not_follow_from_its_conductivities(paper):
    """By hand: ln(2.8)/(1/kT1 - 1/kT2) = 0.2987 eV, with + ln(333.15/303.15) 0.3261 eV; 0.38 eV needs 1.69e-3."""
    check = paper["activation energy: nanocomposite"]
    assert not check.passed
    inverse = (1 / 303.15 - 1 / 333.15) / 8.617333e-5
    low, high = math.log(2.8) / inverse, math.log(2.8 * 333.15 / 303.15) / inverse
    assert 5e-4 * math.exp(0.38 * inverse) * 303.15 / 333.15 == pytest.approx(1.686e-3, abs=5e-7)
    for part in (f"{high:.3f} ±", f"{low:.3f} ±", "not the printed 0.38 eV", "1.686e-3 S/cm"):
        assert part in check.detail


def test_paper_orders_of_magnitude_are_not_uniform(paper):
    check = paper["orders of magnitude: nanocomposite / pristine"]
    assert not check.passed
    for part in ("> 3", "about 4", "about 3", "0.38 eV and 0.71 eV", "0.49 orders between 30 degC and 60 degC"):
        assert part in check.detail


def test_paper_ratio_to_the_milled_salt_holds_at_30_degrees_only(paper):
    """5e-4 against 2.8e-6 at 30 degC is 2.25 orders; 1.4e-3 against 1.9e-5 at 60 degC is 1.87."""
    check = paper["conductivity ratio: nanocomposite / ball-milled"]
    assert check.passed
    found = numbers(check.detail)
    assert math.log10(1.4e-3 / 1.9e-5) == pytest.approx(found[3], abs=0.001)
    assert "only at 30 degC" in check.detail


def test_paper_what_is_right_is_called_right(paper):
    """The currents, separators, theoretical capacities and forces of the paper are consistent."""
    for name in ("current: RT", "current: 40C", "separator: RT", "separator: 40C", "theoretical capacity: TiS2"):
        assert paper[name].passed, name
    assert "1.546" in paper["separator: RT"].detail
    assert "1.544" in paper["separator: 40C"].detail
    assert "not a measured one" in paper["separator: RT"].detail
    assert "50.50" in paper["current: 40C"].detail
    assert "(1.50 t)" in paper["pressing force: impedance pellets"].detail
    assert "(1.00 t)" in paper["pressing force: cathode"].detail
    assert "as M6 has" in paper["stack pressure: cell frame"].detail


def test_stack_pressure_of_the_paper_with_m6_screws():
    frame = a.Press(
        name="frame",
        torque=n("1.2 N m", "torque"),
        screws=3,
        screw_diameter=n("6 ± 0 mm", "diameter"),
        area=n("0.283 cm2", "area"),
        pressure=n("106 MPa", "pressure"),
    )
    (check,) = a.audit_presses([frame])
    assert check.passed
    assert "106 ± 32 MPa" in check.detail
    assert "no better than 30 %" in check.detail


# --- single cases -----------------------------------------------------------------------------------------------------


def test_one_quantity_printed_with_two_values():
    rows = [
        a.Printed(
            quantity="ionic_conductivity", value=n(text, "ionic_conductivity"), of="x", temperature=n(t, "temperature")
        )
        for text, t in (("5e-4 S/cm", "30 degC"), ("4.6e-4 S/cm", "30 degC"), ("9.0e-4 S/cm", "60 degC"))
    ]
    assert not failed(a.audit_printed(rows))  # 5e-4 may be anything from 4.5e-4 to 5.5e-4
    rows[0] = replace(rows[0], value=n("5.0e-4 S/cm", "ionic_conductivity"))
    (check,) = failed(a.audit_printed(rows))
    assert "5e-4 S/cm at 30 degC" in check.detail
    assert "4.6e-4 S/cm" in check.detail


def test_stated_temperatures_reconcile_orders_of_magnitude():
    def ratio(text, relation, temperature):
        t = None if temperature is None else n(temperature, "temperature")
        return a.Printed(
            quantity="conductivity_ratio",
            value=n(text, "conductivity_ratio"),
            of="x",
            to="y",
            relation=relation,
            temperature=t,
        )

    assert failed(a.audit_printed([ratio("4", "about", None), ratio("3", "=", None)]))
    assert not failed(a.audit_printed([ratio("4", "about", "30 degC"), ratio("3", "=", "60 degC")]))
    assert failed(a.audit_printed([ratio("4", "about", "30 degC"), ratio("3", "=", "30 degC")]))
    assert failed(a.audit_printed([ratio("4", ">", None), ratio("3", "<", None)]))
    assert not failed(a.audit_printed([ratio("3", ">", None), ratio("3.4", "=", None), ratio("4", "<", None)]))


def test_mass_range_at_one_thickness_uses_the_heaviest():
    """50 mg do not fit into 350 um although 40 mg do; with a range of thicknesses they may."""
    pellet = a.Pellet(
        name="p",
        area=n("0.785 cm2", "area"),
        density=n("1.5435 g/cm3", "density"),
        mass=(n("40 mg", "mass"), n("50 mg", "mass")),
        thickness=n("350 um", "thickness"),
    )
    assert failed(a.audit_pellets([pellet]), "relative density")
    fits = replace(pellet, thickness=(n("350 um", "thickness"), n("450 um", "thickness")))
    assert not failed(a.audit_pellets([fits]))


def test_area_from_the_diameter_where_only_that_is_stated():
    pellet = a.Pellet(
        name="p",
        diameter=n("10.0 mm", "diameter"),
        mass=n("40.0 mg", "mass"),
        thickness=n("200 um", "thickness"),
        density=n("1.5435 g/cm3", "density"),
    )
    (check,) = failed(a.audit_pellets([pellet]))
    assert "330" in check.detail


# --- what is not known ------------------------------------------------------------------------------------------------


def test_missing_densities_are_said_not_guessed():
    powder = a.Powder(
        name="silica",
        specific_surface_area=n("191.2 m2/g", "specific_surface_area"),
        particle_size=n("31.4 nm", "particle_size"),
    )
    (check,) = a.audit_powders([powder])
    assert check.passed is None
    assert "0.99939 ± 0.00093 g/cm3" in check.detail
    pellet = a.Pellet(
        name="p", area=n("0.785 cm2", "area"), mass=n("40 mg", "mass"), thickness=n("200 um", "thickness")
    )
    (check,) = a.audit_pellets([pellet])
    assert check.passed is None
    assert "state the densities" in check.detail


def test_recipe_density_from_fraction_masses_or_matrix_alone():
    densities = {"salt": n("1.190 g/cm3", "density", "density:salt"), "oxide": n("2.200 g/cm3", "density", "density:o")}
    masses = {"salt": n("250.6 mg", "mass", "mass:s"), "oxide": n("249.4 mg", "mass", "mass:o")}
    volume = Quantity("volume_fraction", n("35.0 vol%", "volume_fraction"))
    weight = Quantity("mass_fraction", n("49.88 wt%", "mass_fraction"))
    common = {"matrix": "salt", "filler": "oxide", "densities": densities}
    by_volume = a.recipe_density(a.Recipe(name="r", filler_fraction=volume, **common))
    by_weight = a.recipe_density(a.Recipe(name="r", filler_fraction=weight, **common))
    by_mass = a.recipe_density(a.Recipe(name="r", masses=masses, **common))
    for number in (by_volume, by_weight, by_mass):
        assert Quantity("density", number).value == pytest.approx(1543.5, rel=2e-4)
    pure = a.Recipe(name="r", matrix="salt", densities=densities)
    assert Quantity("density", a.recipe_density(pure)).value == pytest.approx(1190.0)
    assert a.recipe_density(a.Recipe(name="r", **(common | {"densities": {}}))) is None
    assert a.recipe_density(None) is None


def test_an_empty_study_has_nothing_to_check():
    assert a.audit() == []
    assert a.audit(pellets=[a.Pellet(name="p")], cells=[a.Cell(name="c")], presses=[a.Press(name="f")]) == []


# --- never a crash ----------------------------------------------------------------------------------------------------


def number_of(value, relative):
    return uncertain(value, {f"any:{value!r}:{relative!r}": relative * value})


sizes = st.floats(-25.0, 25.0).map(lambda power: 10.0**power)
maybe = st.none() | st.builds(number_of, sizes, st.floats(0.0, 0.5))
ranges = maybe | st.tuples(sizes, sizes).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_positive_numbers_give_checks_not_errors(data):
    def draw(strategy=maybe):
        return data.draw(strategy)

    powder = a.Powder(
        name="p", specific_surface_area=draw(), pore_volume=draw(), particle_size=draw(ranges), density=draw()
    )
    pellet = a.Pellet(
        name="p",
        area=draw(),
        diameter=draw(),
        thickness=draw(ranges),
        mass=draw(ranges),
        pressure=draw(),
        force=draw(),
        density=draw(),
    )
    cell = a.Cell(
        name="c",
        area=draw(),
        cathode_mass=draw(),
        active_fraction=draw(st.none() | st.sampled_from([0.0, 0.6, 1.0, 60.0])),
        theoretical_capacity=draw(),
        areal_capacity=draw(),
        current_density=draw(st.none() | st.sampled_from([0.0, -1.0, 3.0])),
        c_rate=draw(),
        molar_mass=draw(),
        electrons=draw(st.none() | st.integers(1, 12)),
        separator_mass=draw(),
        separator_thickness=draw(),
        separator_density=draw(),
    )
    press = a.Press(
        name="f",
        torque=draw(),
        screws=draw(st.none() | st.integers(1, 100)),
        screw_diameter=draw(),
        nut_factor=draw(),
        area=draw(),
        pressure=draw(),
        force=draw(),
    )
    quantities = ("ionic_conductivity", "activation_energy", "conductivity_ratio")
    printed = [
        a.Printed(quantity=q, value=draw(sizes), of=of, to="b", temperature=draw(), relation=relation)
        for q in quantities
        for of in "ab"
        for relation in ("=", ">")
    ]
    checks = a.audit(
        materials=[a.Material(name="m", density=draw())],
        powders=[powder, replace(powder, name="q")],
        pellets=[pellet, replace(pellet, name="q")],
        cells=[cell, replace(cell, name="d")],
        presses=[press],
        printed=printed,
    )
    assert all(c.detail.endswith(".") and "nan" not in c.detail for c in checks)


def test_a_measured_thickness_with_some_pores_is_not_called_theoretical():
    """A separator of 35 mg on 0.283 cm2, 0.832 mm thick: 96.3 ± 1.7 %, two u below full density."""
    made = {
        "area": parse("0.283 ± 0.00283 cm2", "area", label="area:c"),
        "separator_mass": parse("35 ± 0.1 mg", "mass", label="m:c"),
        "separator_density": parse("1.5435 ± 0.016 g/cm3", "density", label="rho:c"),
    }
    for thickness, said in (("832 ± 10 um", False), ("801 ± 2 um", True)):
        number = parse(thickness, "thickness", label="l:c")
        (check,) = a.audit_cells([a.Cell(name="c", separator_thickness=number, **made)])
        assert (check.passed, "without pores" in check.detail) == (True, said)


def test_an_active_mass_is_held_against_the_composite_and_its_share():
    made = {"cathode_mass": uncertain(2e-6, {"m": 2e-8}), "active_fraction": uncertain(0.6, {"w": 0.005})}
    for mass, agrees in ((1.2e-6, True), (2.0e-6, False)):
        checks = a.audit_cells([a.Cell(name="c", active_mass=uncertain(mass, {"a": 1e-8}), **made)])
        (check,) = [check for check in checks if check.name == "active mass: c"]
        assert check.passed is agrees
        assert check.judges == ("active_mass", "cathode_mass", "active_fraction")
