"""Closed forms of recipe, pellet, powder, cell and press."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closo.errors import StudyError
from closo.models import recipe
from closo.quantity import Quantity, correlation, parse, uncertain

fractions = st.floats(0.001, 0.999)
densities = st.floats(300.0, 22000.0)
positive = st.floats(1e-9, 1e6)


def value(number):
    return Quantity("mass", number).value


# --- the numbers of the literature, worked out by hand ---------------------------------------------------------------


def test_wt_percent_of_silica_in_na2b12h12():
    """25, 30, 35, 40, 50, 75 vol% of 2.20 g/cm3 in 1.195 g/cm3: by hand, e.g. .35*2.2/(.35*2.2+.65*1.195) = .4978."""
    found = [recipe.mass_fraction(p / 100, 2200.0, 1195.0) * 100 for p in (25, 30, 35, 40, 50, 75)]
    assert found == pytest.approx([38.0, 44.1, 49.8, 55.1, 64.8, 84.7], abs=0.06)


def test_pellet_thickness_printed_by_hehn_et_al():
    """35 and 45 mg on 0.283 cm2 are printed as 0.80 and 1.03 mm."""
    density = recipe.mixture_density(0.35, 2200.0, 1190.0)
    found = [recipe.theoretical_thickness(m * 1e-6, 0.283e-4, density) * 1e3 for m in (35, 45)]
    assert [round(x, 2) for x in found] == [0.80, 1.03]


def test_pressure_of_a_press():
    """187 MPa on a 10 mm die is 1.50 t, 347 MPa on a 6 mm die 1.00 t."""
    for pressure, diameter, tonnes in ((187e6, 10e-3, 1.50), (347e6, 6e-3, 1.00)):
        force = recipe.pressing_force(pressure, recipe.disc_area(diameter))
        assert recipe.tonnes_force(force) == pytest.approx(tonnes, abs=0.005)


def test_stack_pressure_names_its_thirty_percent():
    number = recipe.stack_pressure(
        1.2, screws=3, screw_diameter=6e-3, nut_factor=recipe.assumed_nut_factor("frame"), area=0.283e-4
    )
    pressure = Quantity("pressure", number)
    assert pressure.value == pytest.approx(3 * 1.2 / (0.2 * 6e-3) / 0.283e-4)
    assert list(pressure.budget()) == ["nut factor:frame"]
    assert pressure.u / pressure.value == pytest.approx(0.3)


def test_theoretical_capacities():
    """TiS2 (111.99 g/mol, one electron) 239 mAh/g; Na2MnFe(CN)6 (312.87 g/mol, two) 171 mAh/g."""
    assert recipe.theoretical_capacity(0.11199, electrons=1) / 3600 == pytest.approx(239.3, abs=0.05)
    assert recipe.theoretical_capacity(0.31287, electrons=2) / 3600 == pytest.approx(171.3, abs=0.05)


def test_porosity_and_pores_of_sba15():
    assert recipe.pore_diameter(1.207e-3, 804.4e3) == pytest.approx(6.0e-9, rel=0.01)
    assert recipe.porosity(1.207e-3, 2200.0) == pytest.approx(1.207 / (1.207 + 1 / 2.2))


@pytest.mark.parametrize(("volume", "other"), [(0.152, 0.152e-3), (1.207, 1.207e-3), (4.9e-3, None), (9.0, None)])
def test_pore_volume_guard(volume, other):
    """More than 5 cm3/g is impossible; read as mm3/g it may be possible, beyond 5000 not even that helps."""
    found = recipe.pore_volume_in_other_unit(volume)
    assert found == (None if other is None else pytest.approx(other))


# --- round trips and units -------------------------------------------------------------------------------------------


@given(fractions, densities, densities)
def test_volume_to_mass_fraction_and_back(phi, filler, matrix):
    w = recipe.mass_fraction(phi, filler, matrix)
    assert 0 < w < 1
    assert (w > phi) == (filler > matrix) or w == pytest.approx(phi)
    assert recipe.volume_fraction(w, filler, matrix) == pytest.approx(phi, rel=1e-9)


@given(st.floats(1e-6, 1e-2), fractions, densities, densities)
def test_batch_masses_give_the_fraction_back(batch, phi, filler, matrix):
    m_filler, m_matrix = recipe.batch_masses(batch, phi, filler_density=filler, matrix_density=matrix)
    assert m_filler + m_matrix == pytest.approx(batch)
    back = recipe.mixture_volume_fraction(m_filler, m_matrix, filler_density=filler, matrix_density=matrix)
    assert back == pytest.approx(phi, rel=1e-6)


@given(fractions, densities, densities)
def test_mixture_density_lies_between_and_agrees_with_the_masses(phi, filler, matrix):
    density = recipe.mixture_density(phi, filler, matrix)
    assert min(filler, matrix) * (1 - 1e-12) <= density <= max(filler, matrix) * (1 + 1e-12)
    w = recipe.mass_fraction(phi, filler, matrix)
    assert 1 / density == pytest.approx(w / filler + (1 - w) / matrix)  # specific volumes add by mass


@given(positive, positive, densities)
def test_a_pellet_of_theoretical_thickness_is_dense(mass, area, density):
    thickness = recipe.theoretical_thickness(mass, area, density)
    assert recipe.relative_density(mass, area, thickness, density=density) == pytest.approx(1.0)
    assert recipe.relative_density(mass, area, 2 * thickness, density=density) == pytest.approx(0.5)


@given(st.floats(1e3, 1e6), densities)
def test_size_and_density_invert_each_other(surface, density):
    """And N spheres of that size and density have that area per mass."""
    size = recipe.equivalent_size(surface, density)
    assert recipe.implied_density(size, surface) == pytest.approx(density)
    sphere_area, sphere_mass = math.pi * size**2, density * math.pi * size**3 / 6
    assert sphere_area / sphere_mass == pytest.approx(surface)


@given(st.floats(1e-7, 1e-4), fractions, st.floats(1e5, 1e7), st.floats(1e-6, 1e-3))
def test_areal_capacity_inverts(mass, active, capacity, area):
    q = recipe.areal_capacity(mass, active, theoretical_capacity=capacity, area=area)
    assert recipe.implied_specific_capacity(q, mass, active_fraction=active, area=area) == pytest.approx(capacity)
    assert q * area / capacity == pytest.approx(mass * active)  # charge / specific capacity = active mass


@given(st.floats(1.0, 1e6), st.floats(1e-6, 1.0))
def test_current_and_c_rate_invert(capacity, rate):
    current = recipe.current_density(capacity, rate)
    assert recipe.c_rate(current, capacity) == pytest.approx(rate)
    assert capacity / current == pytest.approx(1 / rate)  # the charge lasts 1/C


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        ("78.5 mm2", "0.785 cm2", "area"),
        ("1543.5 kg/m3", "1.5435 g/cm3", "density"),
        ("437 mm3/g", "0.437 ml/g", "pore_volume"),
        ("27.1 uA/cm2", "0.271 A/m2", "current_density"),
        ("0.8 mm", "800 um", "thickness"),
        ("14.68 kN", "14680 N", "force"),
        ("120 N cm", "1.2 N m", "torque"),
    ],
)
def test_units_people_write(a, b, name):
    assert value(parse(a, name)) == pytest.approx(value(parse(b, name)), rel=1e-12)


# --- uncertainty -----------------------------------------------------------------------------------------------------


def test_relative_density_adds_the_relative_uncertainties():
    number = recipe.relative_density(
        uncertain(40e-6, {"mass:p": 0.4e-6}),
        uncertain(0.785e-4, {"area:p": 0.00785e-4}),
        uncertain(330e-6, {"thickness:p": 6.6e-6}),
        density=uncertain(1543.5, {"density:mix": 0.0}),
    )
    q = Quantity("relative_density", number)
    assert q.u / q.value == pytest.approx(math.hypot(0.01, 0.01, 0.02), rel=1e-6)
    assert next(iter(q.budget())) == "thickness:p"


def test_a_common_area_correlates_two_pellets():
    area = uncertain(0.785e-4, {"area:die": 0.0157e-4})
    pellets = [
        recipe.relative_density(
            uncertain(40e-6, {f"mass:{p}": 0.4e-6}), area, uncertain(330e-6, {f"thickness:{p}": 1e-6}), density=1543.5
        )
        for p in "ab"
    ]
    share = 0.02**2 / (0.02**2 + 0.01**2 + (1 / 330) ** 2)
    assert correlation(*pellets) == pytest.approx(share, rel=1e-6)


def test_fraction_from_masses_matches_monte_carlo():
    """The linear propagation against 20000 draws of masses and densities."""
    import numpy as np

    rng = np.random.default_rng(7)
    mean = np.array([249.4e-6, 250.6e-6, 2200.0, 1190.0])
    u = np.array([2e-6, 2e-6, 20.0, 10.0])
    draws = rng.normal(mean, u, (20000, 4))
    volumes = draws[:, 0] / draws[:, 2], draws[:, 1] / draws[:, 3]
    fraction = volumes[0] / (volumes[0] + volumes[1])
    names = ("mass:SiO2", "mass:salt", "density:SiO2", "density:salt")
    numbers = [uncertain(m, {n: s}) for m, s, n in zip(mean, u, names, strict=True)]
    found = Quantity(
        "volume_fraction",
        recipe.mixture_volume_fraction(numbers[0], numbers[1], filler_density=numbers[2], matrix_density=numbers[3]),
    )
    assert found.value == pytest.approx(0.35, abs=0.0002)
    assert found.u == pytest.approx(fraction.std(), rel=0.03)


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: recipe.mixture_density(35.0, 2200.0, 1190.0), "volume_fraction"),
        (lambda: recipe.mass_fraction(-0.1, 2200.0, 1190.0), "volume_fraction"),
        (lambda: recipe.volume_fraction(0.5, 0.0, 1190.0), "density"),
        (lambda: recipe.theoretical_thickness(0.0, 1e-4, 1500.0), "mass"),
        (lambda: recipe.relative_density(1e-6, 1e-4, -1e-4, density=1500.0), "thickness"),
        (lambda: recipe.equivalent_size(0.0, 2200.0), "specific_surface_area"),
        (lambda: recipe.equivalent_size(2e5, math.nan), "density"),
        (lambda: recipe.theoretical_capacity(0.3, electrons=0), "electrons"),
        (
            lambda: recipe.stack_pressure(1.2, screws=0, screw_diameter=6e-3, nut_factor=0.2, area=1e-4),
            "screws",
        ),
    ],
)
def test_impossible_input_is_refused_by_name(call, word):
    with pytest.raises(StudyError, match=word):
        call()
