"""Kink, jump, Vogel curvature and outliers: found when they are there, not found when they are not."""

import math

import numpy as np
import pytest

from closo.combine.arrhenius import Point, arrhenius, figure, predict
from closo.combine.arrhenius.points import table_of
from closo.combine.arrhenius.shape import judge_shape
from closo.quantity import uncertain

EV = 1.602176634e-19
K_B_EV = 8.617333262e-5
UP = [30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 130.0]
BOTH = UP + UP[::-1]
BRANCHES = ["heating"] * 7 + ["cooling"] * 7
DESIGNS = {"both branches": (BOTH, BRANCHES), "one branch": (UP, None), "five": ([30.0, 50.0, 70.0, 90.0, 110.0], None)}


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def vogel_law(t0: float, log10_sigma: float = 10.0):
    """A Vogel curve whose apparent energy is 0.38 eV at 353 K."""
    b = 0.38 / K_B_EV * ((353.0 - t0) / 353.0) ** 2
    return lambda kelvin: log10_sigma - b / (kelvin - t0) - np.log(kelvin)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "unstated"), [("both branches", 0.0), ("one branch", 0.01), ("five", 0.01)])
def test_false_alarms_are_rare(pellet, straight, design, unstated):
    """A straight line is refused in at most 5 % of 400 pellets, also where the scatter is twice as large as stated."""
    celsius, branches = DESIGNS[design]
    alarms = 0
    for seed in range(400):
        points = pellet(np.random.default_rng(seed), celsius, straight(0.38, 7.5), branches=branches, unstated=unstated)
        alarms += judge_shape(table_of(points, "p"), "sigmaT").kind != "line"
    assert alarms <= 0.05 * 400


@pytest.mark.slow
def test_false_alarms_are_rare_without_stated_uncertainties(pellet, straight):
    alarms = 0
    for seed in range(200):
        points = pellet(np.random.default_rng(seed), UP, straight(0.38, 7.5), fit=0.0, scatter=0.0, unstated=0.03)
        alarms += judge_shape(table_of(points, "p"), "sigmaT").kind != "line"
    assert 0 < alarms <= 0.05 * 200  # the level is 1 %


@pytest.mark.parametrize("design", DESIGNS)
def test_a_kink_is_found(pellet, kinked, design):
    """0.45 eV below 80 degC, 0.35 eV above: both energies and the transition come out, one energy is withheld."""
    celsius, branches = DESIGNS[design]
    inside = {"activation_energy:low": 0, "activation_energy:high": 0, "transition_temperature": 0}
    truth = {"activation_energy:low": 0.45 * EV, "activation_energy:high": 0.35 * EV, "transition_temperature": 353.0}
    found = 0
    for seed in range(20):
        points = pellet(np.random.default_rng(seed), celsius, kinked(0.45, 0.35, 353.0), branches=branches)
        result = arrhenius(points, name="p")
        found += result.findings["model"] == "kink"
        assert result.quantities["activation_energy"].value is None
        assert "activation_energy:low" in (result.quantities["activation_energy"].why or "")
        assert check(result, "one straight line").passed is False
        for key in inside:
            low, high = result.quantities[key].interval()
            inside[key] += low <= truth[key] <= high
    assert found >= 18  # the rest: a jump
    assert min(inside.values()) >= 16


def test_predictions_take_the_side_of_the_kink(pellet, kinked):
    law = kinked(0.58, 0.38, 358.0)
    result = arrhenius(pellet(np.random.default_rng(1), BOTH, law, branches=BRANCHES), name="p")
    for kelvin in (303.15, 393.15):
        low, high = predict(result, kelvin).interval()
        assert low < math.exp(law(kelvin)) < high
    assert "low-temperature line" in predict(result, 303.15).method
    assert "high-temperature line" in predict(result, 393.15).method


def test_a_transition_with_thermal_hysteresis_is_a_jump(pellet, kinked):
    """Two decades at 95 degC on heating and at 82 degC on cooling: no point is counted to the wrong phase."""
    rng = np.random.default_rng(2)
    up = pellet(rng, UP, kinked(0.7, 0.3, 368.0, 4.6), name="u", branches=["heating"] * 7)
    down = pellet(rng, UP, kinked(0.7, 0.3, 355.0, 4.6), name="d", branches=["cooling"] * 7)
    level = kinked(0.7, 0.3, 355.0)(355.0) - kinked(0.7, 0.3, 368.0)(368.0)
    assert abs(level) < 0.1  # both laws are anchored at their own transition; the branches differ little there
    result = arrhenius(up + down, name="p")
    assert result.findings["model"] == "jump"
    heating, cooling = (result.quantities[f"transition_temperature:{b}"].interval() for b in ("heating", "cooling"))
    assert heating[0] < 368.0 < heating[1]
    assert cooling[0] < 355.0 < cooling[1]
    assert np.abs(result.curves["residual"].values).max() < 1.0
    assert "activation_energy:heating" not in result.quantities  # one line through both phases would mean nothing
    assert figure(result).panels[0].spans


@pytest.mark.parametrize("t0", [150.0, 200.0])
def test_a_vogel_curve_is_found(pellet, t0):
    found = inside = 0
    for seed in range(20):
        law = vogel_law(t0)
        result = arrhenius(pellet(np.random.default_rng(seed), BOTH, law, branches=BRANCHES), name="p")
        found += result.findings["model"] == "vogel"
        low, high = result.quantities["vogel_temperature"].interval()
        inside += low <= t0 <= high
        assert result.quantities["activation_energy"].value is None
        assert result.quantities["activation_energy:low"].value > result.quantities["activation_energy:high"].value
        low, high = predict(result, 303.15).interval()
        inside += low < math.exp(law(303.15)) < high
    assert found == 20
    assert inside >= 36


def test_curvature_that_hardly_changes_the_energy_is_a_source(pellet):
    """The energy changes by 2 % over the range: certain with 0.02 % data, but no reason to withhold it."""
    law = vogel_law(12.0)
    points = pellet(np.random.default_rng(3), BOTH, law, branches=BRANCHES, fit=1e-4, scatter=0.001, offset=0.0)
    result = arrhenius(points, name="p")
    assert check(result, "one straight line").passed is False
    energy = result.quantities["activation_energy"]
    assert energy.budget()["curvature:p"] > 2.0 * energy.budget()["scatter:p"]
    low, high = energy.interval()
    assert low < 0.38 * EV < high


def test_one_bad_point_is_named_and_kept(pellet, straight):
    points = pellet(np.random.default_rng(4), BOTH, straight(0.38, 7.5), branches=BRANCHES)
    bad = points[3]
    points[3] = Point(bad.temperature, 1.3 * bad.conductivity, bad.branch, bad.source)
    result = arrhenius(points, name="p")
    assert result.findings["n"] == 14
    assert check(result, "outliers").passed is False
    assert "'p.3' heating" in check(result, "outliers").detail
    assert "75 degC" in check(result, "outliers").detail
    assert check(result, "one straight line").passed is True
    low, high = result.quantities["activation_energy"].interval()
    assert low < 0.38 * EV < high


def test_lead_resistance_common_to_all_points_is_no_kink(straight):
    """A wrong lead resistance bends the plot; where it is a stated source, it explains the bend."""
    points, blind = [], []
    for i, t in enumerate(UP):
        kelvin, law = t + 273.15, straight(0.38, 7.5)
        sigma = math.exp(law(kelvin))
        resistance = 300e-6 / (sigma * 0.785e-4)
        share = 0.3 / resistance  # 0.3 ohm were left in: 0.4 % at 30 degC, 11 % at 130 degC
        fit = {f"fit:{i}": 0.005 * sigma}
        measured = sigma / (1.0 + share)
        points.append(
            Point(uncertain(kelvin, {}), uncertain(measured, fit | {"lead:rig": 0.2 / resistance * measured}))
        )
        blind.append(Point(uncertain(kelvin, {}), uncertain(measured, fit)))
    assert check(arrhenius(blind, name="p"), "one straight line").passed is False
    result = arrhenius(points, name="p")
    assert check(result, "one straight line").passed is True
    low, high = result.quantities["activation_energy"].interval()
    assert low < 0.38 * EV < high


def test_exact_line_is_straight_whatever_the_rounding(straight):
    law = straight(0.38, 7.5)
    points = [Point(uncertain(t + 273.15, {}), uncertain(math.exp(law(t + 273.15)), {})) for t in UP]
    result = arrhenius(points, name="p")
    assert check(result, "one straight line").passed is True
    assert result.quantities["activation_energy"].value == pytest.approx(0.38 * EV, rel=1e-8)


def test_three_points_are_not_tested(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(5), [30.0, 60.0, 90.0], straight(0.38, 7.5)), name="p")
    assert check(result, "one straight line").passed is None
    assert check(result, "outliers").passed is None
