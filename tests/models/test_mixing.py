"""Theories of mixtures: bounds in their order, exact and dilute limits, thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closo.errors import StudyError
from closo.models import mixing

PHI = np.linspace(0.0, 1.0, 41)
positive = st.floats(1e-6, 1e6)


@pytest.mark.parametrize("dimension", [2, 3])
@settings(max_examples=60, deadline=None)
@given(sigma=st.lists(st.one_of(st.just(0.0), positive), min_size=2, max_size=4), weights=st.data())
def test_bounds_and_bruggeman_stand_in_their_order(dimension, sigma, weights):
    part = np.array([weights.draw(st.floats(0.01, 1.0)) for _ in sigma])
    part /= part.sum()
    low, high = mixing.wiener(sigma, part)
    lower, upper = mixing.hashin_shtrikman(sigma, part, dimension=dimension)
    grains = mixing.bruggeman(sigma, part, dimension=dimension)
    slack = 1e-9 * max(sigma)
    assert low <= lower + slack
    assert lower <= grains + slack
    assert grains <= upper + slack
    assert upper <= high + slack


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize(("matrix", "core"), [(1.0, 100.0), (1.0, 0.01), (1.0, 0.0), (1e-6, 1.0)])
def test_coated_spheres_attain_the_bounds(dimension, matrix, core):
    found = mixing.maxwell_garnett(matrix, core, PHI, dimension=dimension)
    bound = mixing.hashin_shtrikman([matrix, core], [1 - PHI, PHI], dimension=dimension)[int(core < matrix)]
    np.testing.assert_allclose(found, bound, rtol=1e-9, atol=0)


def test_two_dimensional_bounds_are_dual():
    """Keller: sigma(s1, s2) sigma(s2, s1) = s1 s2 with the phases exchanged; bounds exchange their roles."""
    low, high = mixing.hashin_shtrikman([3.0, 50.0], [1 - PHI, PHI], dimension=2)
    turned_low, turned_high = mixing.hashin_shtrikman([50.0, 3.0], [1 - PHI, PHI], dimension=2)
    np.testing.assert_allclose(low * turned_high, 150.0, rtol=1e-12)
    np.testing.assert_allclose(high * turned_low, 150.0, rtol=1e-12)
    swapped = mixing.bruggeman([50.0, 3.0], [1 - PHI, PHI], dimension=2)
    np.testing.assert_allclose(mixing.bruggeman([3.0, 50.0], [1 - PHI, PHI], dimension=2) * swapped, 150.0, rtol=1e-12)


def theories(core: float, phi: np.ndarray) -> dict[str, np.ndarray]:
    """Return each two-phase theory for spheres `core` in a matrix of 1."""
    low, high = (core, 1.0) if core < 1 else (1.0, core)
    better = 1 - phi if core < 1 else phi
    return {
        "lower": mixing.hashin_shtrikman([1.0, core], [1 - phi, phi])[0],
        "upper": mixing.hashin_shtrikman([1.0, core], [1 - phi, phi])[1],
        "maxwell_garnett": mixing.maxwell_garnett(1.0, core, phi),
        "bruggeman": mixing.bruggeman([1.0, core], [1 - phi, phi]),
        "gem": mixing.general_effective_medium(low, high, better, threshold=0.2, t=1.9, s=0.8),
        "uvarov": mixing.uvarov([1.0, core], [1 - phi, phi], 0.3),
    }


@pytest.mark.parametrize("core", [0.02, 50.0])
def test_theories_are_monotone_and_end_at_the_phases(core):
    for name, sigma in theories(core, PHI).items():
        assert np.all(np.diff(sigma) * np.sign(core - 1) > 0), name
        np.testing.assert_allclose(sigma[[0, -1]], [1.0, core], rtol=1e-9, err_msg=name)


def test_without_contrast_there_is_one_conductivity():
    for name, sigma in theories(1.0, PHI).items():
        np.testing.assert_allclose(sigma, 1.0, rtol=1e-12, err_msg=name)
    for coated in (mixing.coated_maxwell_garnett, mixing.coated_bruggeman):
        np.testing.assert_allclose(coated(PHI[:11], 0.1, matrix=2.0, shell=2.0, core=2.0), 2.0, rtol=1e-12)


@pytest.mark.parametrize("core", [0.0, 0.1, 30.0, 1e6])
def test_dilute_limits(core):
    """d sigma / d phi at 0 is 3 (core - 1) / (core + 2) for spheres, twice the difference for discs."""
    h = 1e-7
    for dimension in (2, 3):
        slope = dimension * (core - 1) / (core + dimension - 1)
        for theory in (
            mixing.maxwell_garnett(1.0, core, h, dimension=dimension),
            mixing.bruggeman([1.0, core], [1 - h, h], dimension=dimension),
        ):
            assert (theory - 1) / h == pytest.approx(slope, rel=1e-5)


def test_dilute_limit_of_coated_spheres():
    ratio, shell, h = 0.25, 100.0, 1e-7
    grown = 1.5**3
    inside = shell * 2 * (1 - 1 / grown) / (2 + 1 / grown)
    slope = 3 * (inside - 1) / (inside + 2) * grown
    for theory in (mixing.coated_maxwell_garnett, mixing.coated_bruggeman):
        assert (theory(h, ratio, matrix=1.0, shell=shell) - 1) / h == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("dimension", [2, 3])
def test_bruggeman_has_its_threshold_at_one_over_d(dimension):
    over = np.array([-0.2, -1e-6, 0.0, 1e-6, 1e-2, 0.3])
    f = 1 / dimension + over
    found = mixing.bruggeman([0.0, 1.0], [1 - f, f], dimension=dimension)
    exact = np.maximum(over, 0.0) * dimension / (dimension - 1)  # linear for an insulator
    np.testing.assert_allclose(found, exact, rtol=1e-8, atol=0)
    assert np.all(found[over <= 0] == 0.0)


def test_bruggeman_of_two_phases_solves_its_quadratic_at_a_contrast_of_a_million():
    f = np.linspace(0.01, 0.99, 99)
    b = (3 * f - 1) * 1e6 + (2 - 3 * f)
    root = np.where(b > 0, (b + np.sqrt(b**2 + 8e6)) / 4, 2e6 / (np.sqrt(b**2 + 8e6) - b))
    np.testing.assert_allclose(mixing.bruggeman([1.0, 1e6], [1 - f, f]), root, rtol=1e-9)


def test_bruggeman_of_many_phases_satisfies_its_equation():
    sigma, part = np.array([0.0, 1.0, 1e6, 30.0]), np.array([0.3, 0.3, 0.1, 0.3])
    k = mixing.bruggeman(sigma, part)
    terms = part * (sigma - k) / (sigma + 2 * k)
    assert abs(terms.sum()) < 1e-12


def test_general_effective_medium_becomes_bruggeman_and_a_power_law():
    for dimension in (2, 3):
        found = mixing.general_effective_medium(1.0, 1e4, PHI, threshold=1 / dimension, t=1.0)
        np.testing.assert_allclose(found, mixing.bruggeman([1.0, 1e4], [1 - PHI, PHI], dimension=dimension), rtol=1e-9)
    above = np.maximum((PHI - 0.16) / 0.84, 0.0) ** 2
    np.testing.assert_allclose(mixing.general_effective_medium(0.0, 1.0, PHI, threshold=0.16), above, rtol=1e-9)
    below = np.linspace(0.0, 0.15, 5)  # high -> infinite: low (1 - f / threshold)^-s
    found = mixing.general_effective_medium(1.0, 1e30, below, threshold=0.16, t=2.0, s=0.73)
    np.testing.assert_allclose(found, (1 - below / 0.16) ** -0.73, rtol=1e-6)


def test_coated_sphere_in_its_limits():
    for core in (0.0, 3.0):
        assert mixing.coated_sphere(core, 7.0, 0.0) == pytest.approx(core)
    v = 1.5**-3
    assert mixing.coated_sphere(0.0, 7.0, 0.25) == pytest.approx(14 * (1 - v) / (2 + v), rel=1e-12)
    assert mixing.coated_sphere(7.0, 7.0, 0.25) == pytest.approx(7.0, rel=1e-12)


def test_coated_theories_beyond_the_room_for_shells():
    full = 1.5**-3
    assert np.isnan(mixing.coated_maxwell_garnett(full * 1.01, 0.25, matrix=1.0, shell=10.0))
    phi = np.array([full * (1 - 1e-9), full * (1 + 1e-9), 0.6])
    found = mixing.coated_bruggeman(phi, 0.25, matrix=1.0, shell=10.0)
    np.testing.assert_allclose(found, 10 * 2 * (1 - phi) / (2 + phi), rtol=1e-7)


def test_power_mean_has_wiener_at_its_ends():
    sigma, part = [1.0, 40.0, 5.0], [0.2, 0.3, 0.5]
    low, high = mixing.wiener(sigma, part)
    np.testing.assert_allclose(mixing.uvarov(sigma, part, np.array([-1.0, 1.0])), [low, high], rtol=1e-12)
    near = mixing.uvarov(sigma, part, np.array([-1e-6, 0.0, 1e-6]))
    assert np.all(np.diff(near) > 0)
    np.testing.assert_allclose(near, near[1], rtol=1e-5)
    assert mixing.uvarov([0.0, 1.0], [0.5, 0.5], 0.5) == pytest.approx(0.25)
    np.testing.assert_array_equal(mixing.uvarov([0.0, 1.0], [0.5, 0.5], np.array([-0.5, 0.0])), 0.0)


def test_interface_term_is_linear_in_the_area():
    one, two = (mixing.space_charge(0.1, area, 2e-9, matrix=1.0, percolating=0.5) for area in (6e8, 12e8))
    assert two - one == pytest.approx(0.5 * 0.1 * 6e8 * 2e-9)


def test_what_is_no_mixture_is_said():
    with pytest.raises(StudyError, match="add up"):
        mixing.wiener([1.0, 2.0], [0.5, 0.6])
    with pytest.raises(StudyError, match="each phase"):
        mixing.bruggeman([1.0, 2.0], [1.0])
    with pytest.raises(StudyError, match="0 or more"):
        mixing.bruggeman([-1.0, 2.0], [0.5, 0.5])
    with pytest.raises(StudyError, match="Exchange"):
        mixing.general_effective_medium(2.0, 1.0, 0.5, threshold=0.3)
    with pytest.raises(StudyError, match="dimension"):
        mixing.maxwell_garnett(1.0, 2.0, 0.1, dimension=4)
