"""Arrhenius fits: closed forms, invariants, conventions, branches, predictions, refusals."""

import json
import math

import numpy as np
import pytest

from closo.combine.arrhenius import Point, arrhenius, decompose, figure, figure_overlay, predict, ratio
from closo.dataset import from_bytes, to_bytes
from closo.errors import DataError, StudyError
from closo.quantity import Quantity, correlation, sources, uncertain
from closo.result import Result

EV = 1.602176634e-19
K_B = 1.380649e-23
UP = [30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 130.0]
BOTH = UP + UP[::-1]
BRANCHES = ["heating"] * 7 + ["cooling"] * 7


def energy(result: Result, key: str = "activation_energy") -> Quantity:
    return result.quantities[key]


def check(result: Result, name: str):
    return next(c for c in result.checks if c.name == name)


def reloaded(result: Result) -> Result:
    """Return the result as the disk gives it back."""
    stored = json.loads(json.dumps({k: q.as_stored() for k, q in result.quantities.items()}))
    quantities = {k: Quantity.from_stored(s) for k, s in stored.items()}
    settings, findings = (json.loads(json.dumps(dict(d), allow_nan=False)) for d in (result.settings, result.findings))
    curves = from_bytes(to_bytes(result.curves))
    return Result(result.technique, result.name, quantities, curves, (), settings, findings=findings)


# --- closed forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("convention", ["sigmaT", "sigma"])
def test_slope_is_the_weighted_regression(pellet, straight, convention):
    fits = [0.01, 0.02, 0.005, 0.01, 0.03, 0.01, 0.004]
    points = pellet(np.random.default_rng(1), UP, straight(0.4, 7.0), fit=fits, scatter=0.0, offset=0.0)
    kelvin = np.array([p.temperature.x for p in points])
    y = np.log([p.conductivity.x for p in points]) + (np.log(kelvin) if convention == "sigmaT" else 0.0)
    (slope, _), covariance = np.polyfit(1.0 / kelvin, y, 1, w=1.0 / np.array(fits), cov="unscaled")
    result = arrhenius(points, name="p", convention=convention)
    assert energy(result).value == pytest.approx(-K_B * slope, rel=1e-9)
    birge = max(1.0, result.findings["chi2"] / 5.0)
    assert energy(result).u == pytest.approx(K_B * math.sqrt(covariance[0, 0] * birge), rel=1e-4)


def test_two_points_of_the_paper():
    """5e-4 S/cm at 30 degC and 1.4e-3 S/cm at 60 degC give 0.326 eV (sigma T) and 0.299 eV (sigma)."""
    points = [
        Point(uncertain(t, {}), uncertain(s, {f"printed:{t}": 0.003 * s})) for t, s in ((303.15, 0.05), (333.15, 0.14))
    ]
    result = arrhenius(points, name="printed")
    assert energy(result, "activation_energy:lnsigmaT").value / EV == pytest.approx(0.326, abs=5e-4)
    assert energy(result, "activation_energy:lnsigma").value / EV == pytest.approx(0.299, abs=5e-4)
    assert energy(result).df == math.inf
    assert check(result, "enough points").passed is False
    assert check(result, "one straight line").passed is None
    u = K_B * math.sqrt(2.0) * 0.003 / (1.0 / 303.15 - 1.0 / 333.15)
    assert energy(result).u == pytest.approx(u, rel=1e-9)


def test_conventions_differ_by_kt_and_the_method_names_the_one_quoted(pellet, straight):
    points = pellet(np.random.default_rng(2), UP, straight(0.38, 7.5))
    results = {c: arrhenius(points, name="p", convention=c) for c in ("sigmaT", "sigma")}
    for one in results.values():
        gap = energy(one, "activation_energy:lnsigmaT").value - energy(one, "activation_energy:lnsigma").value
        assert gap == pytest.approx(K_B * 350.0, rel=0.03)
    assert energy(results["sigmaT"]).value == energy(results["sigma"], "activation_energy:lnsigmaT").value
    assert "ln(sigma T)" in energy(results["sigmaT"]).method
    assert "ln sigma against" in energy(results["sigma"]).method
    assert "S/cm" in results["sigma"].quantities["log_prefactor"].method


def test_temperature_uncertainty_counts_through_the_slope(pellet, straight):
    exact = arrhenius(pellet(np.random.default_rng(3), UP, straight(0.4, 7.0), scatter=0.0), name="p")
    loose = arrhenius(pellet(np.random.default_rng(3), UP, straight(0.4, 7.0), scatter=1.0, fit=0.001), name="p")
    kelvin = np.array(UP) + 273.15
    u = 0.4 * EV / K_B / kelvin**2 - 1.0 / kelvin  # 1 K in ln(sigma T): Ea/kT2, less the T of sigma T itself
    w = 1.0 / (u**2 + 0.001**2)
    x = 1.0 / kelvin
    expected = K_B / math.sqrt((w * (x - (w * x).sum() / w.sum()) ** 2).sum())
    own = [v for k, v in energy(loose).budget().items() if k.startswith(("fit", "temperature:"))]
    assert math.hypot(*own) == pytest.approx(expected, rel=0.02)
    assert energy(loose).u > 3.0 * energy(exact).u


def test_geometry_moves_the_prefactor_and_leaves_the_energy(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(4), UP, straight(0.38, 7.5)), name="p")
    assert energy(result).budget().get("thickness:p", 0.0) < 1e-9 * energy(result).value
    prefactor = result.quantities["prefactor"]
    assert prefactor.budget()["thickness:p"] == pytest.approx(0.02 * prefactor.value, rel=1e-6)
    assert predict(result, 303.15).budget()["area:die"] == pytest.approx(0.01 * predict(result, 303.15).value, rel=1e-6)


def test_chamber_offset_moves_the_energy_a_little(pellet, straight):
    """0.5 K for all points: Ea = -k d(ln sigma T)/d(1/T) changes by about 2 dT/T."""
    result = arrhenius(pellet(np.random.default_rng(5), UP, straight(0.38, 7.5)), name="p")
    share = sources(energy(result).number)["temperature offset:oven"][0] / energy(result).value
    assert abs(share) == pytest.approx(2.0 * 0.5 / 350.0, rel=0.15)


def test_intercept_and_slope_covariance_gives_the_band(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(6), UP, straight(0.38, 7.5)), name="p")
    covariance = np.array(result.findings["intercept_slope_covariance"])
    gradient = np.array([1.0, 1.0 / 320.0])
    q = predict(result, 320.0)
    assert q.u / q.value == pytest.approx(math.sqrt(gradient @ covariance @ gradient), rel=1e-6)
    value = result.findings["intercept"] + result.findings["slope"] / 320.0 - math.log(320.0)
    assert math.log(q.value) == pytest.approx(value, rel=1e-9)


# --- invariants -----------------------------------------------------------------------------------------------------


def test_twice_the_thickness_doubles_the_prefactor_only(pellet, straight):
    points = pellet(np.random.default_rng(7), BOTH, straight(0.38, 7.5), branches=BRANCHES)
    thicker = [Point(p.temperature, 2.0 * p.conductivity, p.branch, p.source) for p in points]
    one, two = (arrhenius(p, name="p") for p in (points, thicker))
    assert energy(two).value == pytest.approx(energy(one).value, rel=1e-9)
    assert energy(two).u == pytest.approx(energy(one).u, rel=1e-9)
    assert two.quantities["prefactor"].value == pytest.approx(2.0 * one.quantities["prefactor"].value, rel=1e-9)


def test_order_of_the_points_does_not_matter(pellet, straight):
    points = pellet(np.random.default_rng(8), BOTH, straight(0.38, 7.5), branches=BRANCHES, unstated=0.02)
    shuffled = [points[i] for i in np.random.default_rng(0).permutation(14)]
    one, two = (arrhenius(p, name="p") for p in (points, shuffled))
    assert {k: q.as_stored() for k, q in one.quantities.items()} == {
        k: q.as_stored() for k, q in two.quantities.items()
    }


def test_a_result_from_the_disk_predicts_the_same(pellet, straight):
    drawn = {"offset": 0.3, "area": -0.5}
    rng = np.random.default_rng(9)
    a = arrhenius(pellet(rng, BOTH, straight(0.38, 7.5), name="a", branches=BRANCHES, drawn=drawn), name="a µ °")
    b = arrhenius(pellet(rng, UP, straight(0.58, 8.6), name="b", drawn=drawn), name="b")
    fresh, stored = ratio(a, b, 303.15), ratio(reloaded(a), reloaded(b), 303.15)
    assert stored.value == pytest.approx(fresh.value, rel=1e-12)
    assert stored.u == pytest.approx(fresh.u, rel=1e-9)
    assert predict(reloaded(a), 250.0).as_json() == predict(a, 250.0).as_json()
    assert figure(reloaded(a)).panels[0].bands[0].low == pytest.approx(figure(a).panels[0].bands[0].low)


# --- scatter, weights -----------------------------------------------------------------------------------------------


def test_scatter_beyond_the_stated_one_widens_by_birge_with_few_degrees_of_freedom(pellet, straight):
    points = pellet(np.random.default_rng(10), UP, straight(0.38, 7.5), unstated=0.05, offset=0.0)
    result = arrhenius(points, name="p")
    birge = result.findings["chi2"] / 5.0
    assert birge > 4.0
    assert check(result, "scatter").passed is False
    budget = energy(result).budget()
    assert not any(source.startswith(("fit", "temperature:")) for source in budget)  # the scatter took over from them
    kelvin = np.array(UP) + 273.15
    slope = energy(result).value / K_B
    own = np.hypot(0.005, 0.1 * (slope / kelvin**2 - 1.0 / kelvin))
    x, w = 1.0 / kelvin, 1.0 / own**2
    stated = K_B / math.sqrt((w * (x - (w * x).sum() / w.sum()) ** 2).sum())
    assert budget["scatter:p"] == pytest.approx(stated * math.sqrt(birge), rel=1e-2)
    assert energy(result).df == pytest.approx(5.0, rel=0.1)  # a little more: the offset of the chamber is known


def test_points_without_uncertainty_weigh_the_same(pellet, straight):
    points = pellet(np.random.default_rng(11), UP, straight(0.38, 7.5), fit=0.0, scatter=0.0, offset=0.0, unstated=0.02)
    kelvin = np.array([p.temperature.x for p in points])
    y = np.log([p.conductivity.x for p in points]) + np.log(kelvin)
    (slope, _), covariance = np.polyfit(1.0 / kelvin, y, 1, cov=True)
    result = arrhenius(points, name="p")
    assert energy(result).value == pytest.approx(-K_B * slope, rel=1e-9)
    assert energy(result).u == pytest.approx(K_B * math.sqrt(covariance[0, 0]), rel=1e-4)
    assert energy(result).df == pytest.approx(5.0)
    assert result.findings["chi2"] is None
    assert "equal weights" in energy(result).method


def test_two_points_without_uncertainty_are_withheld(pellet, straight):
    points = pellet(np.random.default_rng(12), [30.0, 60.0], straight(0.38, 7.5), fit=0.0, scatter=0.0, offset=0.0)
    result = arrhenius(points, name="p")
    assert energy(result).value is None
    assert "state that of" in (energy(result).why or "")


# --- branches -------------------------------------------------------------------------------------------------------


def test_branches_are_kept_apart(pellet, straight):
    points = pellet(np.random.default_rng(13), BOTH, straight(0.38, 7.5), branches=BRANCHES, hysteresis=0.10)
    result = arrhenius(points, name="p")
    assert {"activation_energy:heating", "activation_energy:cooling"} <= set(result.quantities)
    hysteresis = result.quantities["hysteresis"]
    low, high = hysteresis.interval()
    assert low < 0.10 < high
    assert hysteresis.u < 0.01
    assert hysteresis.budget().get("thickness:p", 0.0) < 1e-9
    assert check(result, "hysteresis").passed is False
    assert check(result, "one straight line").passed is True


def test_a_small_hysteresis_is_told_but_not_flagged(pellet, straight):
    points = pellet(np.random.default_rng(14), BOTH, straight(0.38, 7.5), branches=BRANCHES, hysteresis=0.03)
    result = arrhenius(points, name="p")
    assert check(result, "hysteresis").passed is True
    assert ", significant;" in check(result, "hysteresis").detail


def test_two_branches_have_one_degree_of_freedom(pellet, straight):
    points = pellet(np.random.default_rng(15), BOTH, straight(0.38, 7.5), branches=BRANCHES, hysteresis=0.5)
    level = arrhenius(points, name="p").quantities["ionic_conductivity:reference"]
    assert level.df < 1.1
    assert level.u / level.value == pytest.approx(0.25, rel=0.05)
    low, high = level.interval()
    assert high / low > 100.0  # t = 12.7


def test_different_energies_of_the_branches_are_flagged(pellet, straight):
    rng = np.random.default_rng(16)
    up = pellet(rng, UP, straight(0.38, 7.5), name="u", branches=["heating"] * 7)
    down = pellet(rng, UP, straight(0.43, 8.25), name="d", branches=["cooling"] * 7)
    assert check(arrhenius(up + down, name="p"), "equal energies").passed is False


# --- predictions, ratios, decomposition -----------------------------------------------------------------------------


def test_extrapolation_is_said_and_widens(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(17), UP, straight(0.38, 7.5)), name="p")
    inside, outside = predict(result, 353.15), predict(result, 253.15)
    assert "extrapolated" not in inside.method
    assert "extrapolated 50 K beyond the measured 30 degC to 130 degC" in outside.method
    assert outside.u / outside.value > inside.u / inside.value


def test_temperature_of_the_same_chamber_is_correlated(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(18), UP, straight(0.38, 7.5), offset=2.0), name="p")
    same = predict(result, uncertain(333.15, {"temperature offset:oven": 2.0}))
    other = predict(result, uncertain(333.15, {"temperature offset:other": 2.0}))
    assert same.u / same.value < 0.03 < other.u / other.value


def test_ratio_of_a_result_to_itself_is_exactly_nothing(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(19), UP, straight(0.38, 7.5)), name="p")
    q = ratio(result, reloaded(result), 303.15)
    assert q.value == pytest.approx(0.0, abs=1e-12)
    assert q.u == pytest.approx(0.0, abs=1e-12)


def test_ratio_cancels_what_both_samples_share(pellet, straight):
    rng = np.random.default_rng(20)
    drawn = {"offset": 1.0, "area": 1.0}
    a, b = (
        arrhenius(pellet(rng, UP, straight(e, p), name=n, drawn=drawn, area=0.3), name=n)
        for n, e, p in (("a", 0.38, 7.5), ("b", 0.58, 8.6))
    )
    q = ratio(a, b, 303.15)
    assert q.budget().get("area:die", 0.0) < 1e-9
    assert q.u < 0.02 < predict(a, 303.15).u / predict(a, 303.15).value / math.log(10.0)
    assert "30 degC" in q.method


def test_decomposition_of_the_papers_gain(pellet, straight):
    """0.38 eV, 10^5.5 against 0.71 eV, 10^7.5 S K/cm: 5.5 decades from the energy, -2 from the prefactor at 30 degC."""
    rng = np.random.default_rng(21)
    nano = arrhenius(pellet(rng, UP, straight(0.38, 7.5), name="n"), name="nano")
    pristine = arrhenius(pellet(rng, UP, straight(0.71, 9.5), name="p"), name="pristine")
    split = decompose(nano, pristine, 303.15)
    parts = {k: q for k, q in split.quantities.items()}
    total, from_energy = parts["conductivity_ratio"], parts["conductivity_ratio:activation_energy"]
    assert from_energy.interval()[0] < 0.33 * EV / (K_B * 303.15 * math.log(10.0)) < from_energy.interval()[1]
    assert (
        parts["conductivity_ratio:prefactor"].interval()[0] < -2.0 < parts["conductivity_ratio:prefactor"].interval()[1]
    )
    assert total.value == pytest.approx(from_energy.value + parts["conductivity_ratio:prefactor"].value, rel=1e-12)
    isokinetic = parts["temperature:isokinetic"]
    meeting = 0.33 * EV / (K_B * 2.0 * math.log(10.0))  # 832 K
    assert isokinetic.interval()[0] < meeting < isokinetic.interval()[1]
    assert split.checks[0].passed is True
    assert split.settings["temperature"] == 303.15


def test_decomposition_does_not_claim_what_the_prefactor_does(pellet, straight):
    rng = np.random.default_rng(22)
    a = arrhenius(pellet(rng, UP, straight(0.40, 9.0), name="a"), name="a")
    b = arrhenius(pellet(rng, UP, straight(0.38, 7.0), name="b"), name="b")
    assert decompose(a, b, 303.15).checks[0].passed is False


def test_decomposition_refuses_two_conventions(pellet, straight):
    points = pellet(np.random.default_rng(23), UP, straight(0.40, 9.0))
    a, b = (arrhenius(points, name=c, convention=c) for c in ("sigma", "sigmaT"))
    with pytest.raises(StudyError, match="cannot be compared"):
        decompose(a, b, 303.15)


# --- refusals -------------------------------------------------------------------------------------------------------


def _points(kelvin, sigma, u=0.01):
    return [
        Point(uncertain(t, {}), uncertain(s, {f"fit:{i}": u * abs(s)}), "", f"m{i}")
        for i, (t, s) in enumerate(zip(kelvin, sigma, strict=True))
    ]


@pytest.mark.parametrize(
    ("kelvin", "sigma", "message"),
    [
        ([], [], "there are none"),
        ([303.15, 333.15], [0.05, -0.1], "conductivity of 'm1' is -0.1"),
        ([303.15, 333.15], [0.05, 0.0], "must be finite and > 0"),
        ([303.15, 333.15], [0.05, math.nan], "conductivity of 'm1' is nan"),
        ([303.15, math.nan], [0.05, 0.1], "temperature of 'm1' is nan"),
        ([30.0, 60.0], [0.05, 0.1], "Was 30 degC meant"),
        ([303.15, -5.0], [0.05, 0.1], "outside 100 to 2000 K"),
        ([333.15, 333.15], [0.05, 0.1], "all at 60 degC"),
        ([333.15, 333.151, 333.152], [0.05, 0.1, 0.1], "needs two temperatures"),
    ],
)
def test_impossible_points_are_refused(kelvin, sigma, message):
    with pytest.raises(DataError) as caught:
        arrhenius(_points(kelvin, sigma), name="p")
    assert message in str(caught.value)


def test_temperatures_that_are_not_resolved_are_refused():
    points = [
        Point(uncertain(t, {f"temperature:{t}": 2.0}), uncertain(s, {f"fit:{t}": 0.01 * s}))
        for t, s in ((303.15, 0.05), (308.15, 0.06))
    ]
    with pytest.raises(DataError, match="± 2 K"):
        arrhenius(points, name="p")


def test_one_point_is_withheld_not_an_error():
    result = arrhenius(_points([333.15], [0.14]), name="p")
    assert energy(result).value is None
    assert predict(result, 303.15).value is None
    assert "two temperatures" in (energy(result).why or "")
    assert len(figure(result).panels) == 1
    json.dumps(result.as_json(), allow_nan=False)


def test_unknown_convention_suggests_the_right_one():
    with pytest.raises(StudyError, match="sigmaT"):
        arrhenius(_points([303.15, 333.15], [0.05, 0.14]), name="p", convention="sigma_T")  # type: ignore[arg-type]


def test_conductivity_that_falls_with_temperature_is_implausible():
    result = arrhenius(_points([303.15, 333.15, 363.15], [0.3, 0.2, 0.1]), name="p")
    assert check(result, "plausible energy").passed is False


def test_prediction_refuses_celsius_by_mistake(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(24), UP, straight(0.38, 7.5)), name="p")
    with pytest.raises(DataError, match="Was 30 degC meant"):
        predict(result, 30.0)


# --- figures --------------------------------------------------------------------------------------------------------


def test_figure_follows_the_conventions(pellet, straight):
    points = pellet(np.random.default_rng(25), BOTH, straight(0.38, 7.5), branches=BRANCHES)
    result = arrhenius(points, name="p")
    spec = figure(result)
    panel = spec.panels[0]
    heating, cooling = panel.traces[:2]
    assert (heating.label, heating.filled) == ("heating", True)
    assert (cooling.label, cooling.filled) == ("cooling", False)
    assert panel.x.label == "1000/T / K-1"
    first = min(points, key=lambda p: p.temperature.x)
    assert max(heating.x) == pytest.approx(1000.0 / first.temperature.x)
    ticks = {text: position for position, text in panel.top.ticks}
    assert ticks["60"] == pytest.approx(1000.0 / 333.15)
    band = panel.bands[0]
    assert np.all(np.asarray(band.low) < np.asarray(band.high))
    low, _ = predict(result, 1000.0 / float(band.x[0])).interval()
    assert band.low[0] == pytest.approx(math.log10(low / 100.0), rel=1e-9)
    assert any("ln(sigma T)" in note and "ln sigma" in note for note in spec.notes)


def test_overlay_gives_each_sample_its_colour(pellet, straight):
    rng = np.random.default_rng(26)
    results = [arrhenius(pellet(rng, UP, straight(e, 7.5), name=n), name=n) for n, e in (("a", 0.3), ("b", 0.5))]
    spec = figure_overlay(results)
    colours = {trace.label: trace.color for trace in spec.panels[0].traces if trace.label}
    assert colours == {"a": 0, "b": 1}
    with pytest.raises(DataError):
        figure_overlay([])


def test_both_conventions_are_strongly_correlated(pellet, straight):
    result = arrhenius(pellet(np.random.default_rng(27), UP, straight(0.38, 7.5), unstated=0.03), name="p")
    a, b = (energy(result, f"activation_energy:{c}").number for c in ("lnsigma", "lnsigmaT"))
    assert correlation(a, b) > 0.99
