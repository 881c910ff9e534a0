import math

import numpy as np
import pytest

from closo.errors import StudyError
from closo.twin.composite import phase_fractions, salt_to_pore_ratio, shell_conductivity
from closo.twin.truth import ELECTRONVOLT, RECIPES, Truth, stream

TRUTH = Truth()


def at(name, celsius):
    return TRUTH.sample(name).conductivity(celsius + 273.15) / 100.0  # S/cm


def test_printed_conductivities_are_the_anchors():
    assert at("A200-35-4h", 30) == pytest.approx(5e-4, rel=1e-9)
    assert at("milled", 60) == pytest.approx(1.9e-5, rel=1e-9)
    assert at("A380-35-4h", 60) == pytest.approx(1.4e-3, abs=0.05e-3)


def test_printed_activation_energies():
    for name, energy in (("A200-35-4h", 0.38), ("milled", 0.58), ("pristine", 0.71)):
        hot, cold = (at(name, t) * (t + 273.15) for t in (100, 30))
        slope = math.log(hot / cold) / (1 / 303.15 - 1 / 373.15) * 8.617333262e-5
        assert slope == pytest.approx(energy, rel=1e-6)


def test_orders_of_magnitude_at_30_degc():
    assert math.log10(at("A200-35-4h", 30) / at("pristine", 30)) == pytest.approx(3.5, abs=0.01)
    assert math.log10(at("A200-35-4h", 30) / at("milled", 30)) == pytest.approx(2.25, abs=0.01)


def test_composition_series_has_its_maximum_at_35_percent():
    series = {p: at(f"A380-{p}-4h", 60) for p in (25, 30, 35, 40)}
    assert max(series, key=series.get) == 35
    assert [series[p] for p in (25, 30, 40)] == pytest.approx([1.17e-3, 1.35e-3, 1.35e-3], rel=0.01)


def test_milling_series_has_its_maximum_at_4_h():
    series = {h: at(f"A380-35-{h}h", 60) for h in (1, 2, 4, 8)}
    assert max(series, key=series.get) == 4
    assert 0.85 < series[8] / series[4] < 1.0


def test_fumed_silicas_lie_within_30_percent_and_sba15_below():
    reference = at("A380-35-4h", 60)
    fumed = {n: at(f"{n}-35-4h", 60) / reference for n in ("A90", "A200", "A300", "A380")}
    assert all(0.7 < ratio < 1.3 for ratio in fumed.values())
    assert max(fumed, key=fumed.get) == "A200"
    assert at("SBA15-35-4h", 60) < 0.5 * reference


def test_only_sba15_has_too_little_salt_for_its_pores():
    ratios = {s.name: salt_to_pore_ratio(0.35, pore_volume=s.pore_volume, density=2200.0) for s in TRUTH.silicas}
    assert [round(ratios[n], 1) for n in ("A90", "A200", "A300", "A380", "SBA15")] == [5.6, 1.9, 1.1, 1.2, 0.7]


def test_pristine_salt_becomes_superionic_at_529_k():
    pristine = TRUTH.sample("pristine")
    assert pristine.conductivity(529.0) == pytest.approx(10.0)  # S/m
    assert pristine.conductivity(528.9) < 2.0
    assert TRUTH.sample("milled").transition is None


@pytest.mark.parametrize("phi", [0.05, 0.35, 0.6])
def test_effective_medium_solves_bruggemans_equation(phi):
    x, shell, matrix = 0.65, 0.54, 1.9e-3
    s = shell_conductivity(phi, shell=x, sigma_shell=shell, sigma_matrix=matrix)
    total = 1 - (1 - phi) ** ((1 + x) ** 3)
    parts = ((phi, 0.0), (total - phi, shell), (1 - total, matrix))
    assert sum(f * (si - s) / (si + 2 * s) for f, si in parts) == pytest.approx(0.0, abs=1e-12)


def test_effective_medium_limits():
    same = shell_conductivity(0.3, shell=0.65, sigma_shell=1.0, sigma_matrix=1.0)
    assert same == pytest.approx(1.0 - 1.5 * 0.3)
    assert shell_conductivity(0.7, shell=0.65, sigma_shell=1.0, sigma_matrix=0.1) == 0.0


def test_milling_fractions_add_up_and_b_peaks_where_the_rates_say():
    k1, k2 = 0.640, 0.064
    hours = np.linspace(0.0, 24.0, 2401)
    fractions = np.array([phase_fractions(t, k1=k1, k2=k2) for t in hours])
    assert fractions.sum(axis=1) == pytest.approx(1.0)
    assert hours[np.argmax(fractions[:, 1])] == pytest.approx(math.log(k1 / k2) / (k1 - k2), abs=0.01)
    assert phase_fractions(8.0, k1=k1, k2=k2)[0] == pytest.approx(0.006, abs=0.0005)


def test_every_recipe_has_a_truth_and_unknown_names_are_suggested():
    for recipe in RECIPES:
        sample = TRUTH.sample(recipe.name)
        assert 0.3 * ELECTRONVOLT < sample.activation_energy < 0.8 * ELECTRONVOLT
        assert sample.conductivity(333.15) > 0
    with pytest.raises(StudyError, match="A200-35-4h"):
        TRUTH.sample("A200-35-4")


def test_streams_are_repeatable_and_independent():
    a, b, c = (stream(*key).standard_normal(2000) for key in ((1, "x"), (1, "x"), (1, "y")))
    assert np.array_equal(a, b)
    assert abs(np.corrcoef(a, c)[0, 1]) < 0.1
