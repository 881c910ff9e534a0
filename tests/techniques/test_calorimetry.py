"""Runs of a calorimeter whose transition is known, and runs that have none."""

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.techniques import get
from closo.twin.calorimetry import HEAT, heat_flow

CALORIMETRY = get("calorimetry")
ONSET = 529.0


def run(seed=0, heat=HEAT, *, cooling=False, sign=1.0):
    """Return a run; heat and temperature are off by their calibration."""
    random = np.random.default_rng(seed)
    time, t, flow = heat_flow(random, heat=heat, onset=ONSET)
    t, flow = t + random.normal(0.0, 0.5), flow * (1.0 + random.normal(0.0, 0.03)) * sign
    if cooling:
        t, flow = 2.0 * ONSET - t, -flow
    columns = {"time": time, "temperature": t, "heat_flow": flow}
    return new("calorimetry", columns, source=f"run{seed}.txt")


def test_onset_and_heat_of_a_transition():
    """95 % intervals hold the truth in 92 to 98 % of 200 runs; baselines bend, drift and step, the peak is skewed."""
    inside = {"transition_temperature": 0, "transition_enthalpy": 0}
    truth = {"transition_temperature": ONSET, "transition_enthalpy": HEAT}
    for seed in range(200):
        found = CALORIMETRY.analyse(run(seed)).quantities
        for name in inside:
            low, high = found[name].interval()
            inside[name] += low <= truth[name] <= high
    assert all(0.92 <= count / 200 <= 0.98 for count in inside.values()), inside


def test_where_there_is_none_the_limit_is_true():
    """Of 200 runs without a transition at most one in twenty shows one; what the limit says is found with 95 %."""
    limits, false = [], 0
    for seed in range(200):
        result = CALORIMETRY.analyse(run(1000 + seed, heat=0.0))
        found = result.quantities
        if found["transition_temperature"].value is not None:
            false += 1
            continue
        assert "no event above" in found["transition_enthalpy"].why
        limits.append(found["transition_enthalpy:upper_limit"].value)
    assert false <= 10
    limit = float(np.median(limits))
    assert 200.0 < limit < 1500.0
    seen = [CALORIMETRY.analyse(run(3000 + seed, heat=limit)).quantities for seed in range(100)]
    assert np.mean([found["transition_temperature"].value is not None for found in seen]) >= 0.95


def test_cooling_and_its_sign():
    cooled = CALORIMETRY.analyse(run(cooling=True))
    assert cooled.quantities["transition_enthalpy"].value == pytest.approx(HEAT, rel=0.15)
    assert "cooling at 10 K/min" in cooled.quantities["transition_temperature"].method
    assert all(check.passed for check in cooled.checks)
    turned = CALORIMETRY.analyse(run(sign=-1.0))
    (sign,) = [check for check in turned.checks if check.name == "sign of the heat"]
    assert sign.passed is False
    assert "given off on heating: is exo up" in sign.detail
    assert CALORIMETRY.analyse(run(sign=-1.0), exo="up").quantities["transition_enthalpy"].value > 0
    said = run()
    said.attrs["metadata"] = {"exo": "up"}  # the reader has turned it already
    assert CALORIMETRY.analyse(said, exo="up").quantities["transition_enthalpy"].value > 0
    assert CALORIMETRY.analyse(said, exo="down").quantities["transition_enthalpy"].value < 0


def test_a_run_that_is_cut_off_or_has_a_wild_point_is_told():
    """Cut off at its top it had four fifths of the heat; a wild point was the transition."""
    data = run(5)
    flow = data["heat_flow"].values
    spike = flow + 20.0 * flow.max() * (np.arange(flow.size) == flow.size // 3)
    for values, says in (
        (np.minimum(flow, np.sort(flow)[-15]), "cut off"),
        (spike, "1 points stand alone"),
        (flow, ""),
    ):
        made = new("calorimetry", {k: values if k == "heat_flow" else data[k].values for k in data}, source="a.txt")
        (check,) = [c for c in CALORIMETRY.analyse(made).checks if c.name == "points"]
        assert check.passed is (not says)
        assert says in check.detail


def test_the_scale_of_the_heat_changes_no_temperature():
    data = run(5)
    ten = new("calorimetry", {k: data[k].values * (10.0 if k == "heat_flow" else 1.0) for k in data}, source="run5.txt")
    one, other = (CALORIMETRY.analyse(d).quantities for d in (data, ten))
    assert other["transition_enthalpy"].value == pytest.approx(10.0 * one["transition_enthalpy"].value, rel=1e-9)
    assert other["transition_temperature"].value == pytest.approx(one["transition_temperature"].value, rel=1e-12)


def test_what_is_no_single_run_is_refused():
    data = run()
    both = {k: np.concatenate([data[k].values, data[k].values[::-1]]) for k in ("temperature", "heat_flow")}
    with pytest.raises(DataError, match="goes up and down"):
        CALORIMETRY.analyse(
            new("calorimetry", both | {"time": np.arange(float(len(both["heat_flow"])))}, source="a.txt")
        )
    bare = new("calorimetry", {k: data[k].values for k in ("temperature", "heat_flow")}, source="a.txt")
    with pytest.raises(DataError, match="needs the rate"):
        CALORIMETRY.analyse(bare)
    assert CALORIMETRY.analyse(bare, rate=10.0).quantities["transition_enthalpy"].value == pytest.approx(HEAT, rel=0.15)
    with pytest.raises(DataError, match="left of the run"):
        CALORIMETRY.analyse(data, t_min=300.0, t_max=305.0)
    with pytest.raises(StudyError, match="leave no range"):
        CALORIMETRY.check_settings({"t_min": 300.0, "t_max": 100.0})


def test_isothermal_ends_count_for_nothing_and_an_uneven_rate_is_refused():
    data = run(3)
    time, t, flow = (data[k].values for k in ("time", "temperature", "heat_flow"))
    held = {
        "time": np.append(time, time[-1] + 2.0 * np.arange(1, 400)),
        "temperature": np.append(t, np.full(399, t[-1])),
        "heat_flow": np.append(flow, np.full(399, 0.1 * flow[-1])),
    }
    one, other = (CALORIMETRY.analyse(d).quantities for d in (data, new("calorimetry", held, source="run3.txt")))
    assert other["transition_enthalpy"].value == pytest.approx(one["transition_enthalpy"].value, rel=0.01)
    assert other["transition_temperature"].value == pytest.approx(one["transition_temperature"].value, abs=0.3)
    slow = {"time": np.where(time > 800, 800 + 3 * (time - 800), time), "temperature": t, "heat_flow": flow}
    with pytest.raises(DataError, match="the rate changes from"):
        CALORIMETRY.analyse(new("calorimetry", slow, source="a.txt"))


def other(data, **columns):
    return new("calorimetry", {k: data[k].values for k in data} | columns, source="a.txt")


def failed(data, name):
    (check,) = [c for c in CALORIMETRY.analyse(data).checks if c.name == name]
    return check.detail if check.passed is False else ""


def test_a_derivative_and_a_step_are_no_transition():
    """Each gave a temperature, the step a heat as well, with all checks passed."""
    for seed in range(5):
        data, flat = run(seed), run(seed, heat=0.0)
        assert not failed(data, "one peak")
        slope = np.gradient(data["heat_flow"].values, data["time"].values)
        assert "derivative" in failed(other(data, heat_flow=slope), "one peak")
        for height in (60.0, -60.0):
            step = height / (1.0 + np.exp(-(flat["temperature"].values - ONSET) / 6.0))
            assert "step" in failed(other(flat, heat_flow=flat["heat_flow"].values + step), "one peak")


def test_wrong_units_of_a_run_are_told_where_they_can_be():
    """A run in degC named K begins colder than liquid nitrogen, one in K named degC at 50 degC + 273."""
    data = run(3)
    t, flow = data["temperature"].values, data["heat_flow"].values
    assert not failed(data, "units")
    assert "are they degC, named K" in failed(other(data, temperature=t - 273.15), "units")
    (check,) = [c for c in CALORIMETRY.analyse(other(data, temperature=t + 273.15)).checks if c.name == "units"]
    assert check.passed is None  # a run may begin there
    assert "are they K, named degC" in check.detail
    assert "named W/g" in failed(other(data, heat_flow=1e3 * flow), "units")
