"""The two currents of Bruce and Vincent: known answers, what the first samples cannot see, coverage."""

from dataclasses import replace

import numpy as np
import pytest

from closo.dataset import new
from closo.figures import to_svg
from closo.techniques.polarization import analyse, figure
from closo.twin.polarization import BruceVincentTruth, bruce_vincent

TRUTH = BruceVincentTruth()


def measured(truth, seed, **keywords):
    cell = bruce_vincent(truth, seed)
    columns = {"time": cell.time, "current": cell.current, "voltage": cell.voltage}
    data = new("chronoamperometry", columns, source="cell.par", metadata={"instrument": "X1"})
    stated = {"current_offset": f"{truth.offset_u} A", "current_gain": truth.gain_u}
    return analyse(data, **({"electrodes": "nonblocking"} | stated | keywords))


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def test_currents_of_the_study():
    exact = replace(TRUTH, gain_u=0.0, offset_u=0.0, voltage_offset_u=0.0)
    result = measured(exact, 1)
    q = result.quantities
    assert q["initial_current"].value == pytest.approx(11.78e-6, abs=0.06e-6)
    assert q["steady_state_current"].value == pytest.approx(11.18e-6, abs=0.005e-6)
    assert q["current_fraction"].value == pytest.approx(0.949, abs=0.004)
    assert q["applied_voltage"].value == pytest.approx(0.010, abs=1e-5)
    assert all(c.passed for c in result.checks if c.name != "tail model")


def test_gain_and_offset_are_common_to_both_currents():
    q = measured(TRUTH, 1).quantities
    gain = "current gain:X1"
    assert q["initial_current"].budget()[gain] == pytest.approx(0.005 * q["initial_current"].value)
    assert q["current_fraction"].budget().get(gain, 0.0) < 1e-12
    assert q["current_fraction"].u < 0.004


def test_a_slow_sampler_says_that_it_missed_the_beginning():
    blind = replace(TRUTH, interval=120.0, duration=14400.0)
    result = measured(blind, 2)
    assert not check(result, "first sample").passed
    assert result.quantities["initial_current"].u > 1.3 * measured(TRUTH, 2).quantities["initial_current"].u


def test_a_large_voltage_is_flagged():
    assert check(measured(TRUTH, 1), "small voltage").passed
    assert not check(measured(replace(TRUTH, voltage=0.050), 1), "small voltage").passed


def test_stopped_before_the_steady_state():
    assert not check(measured(replace(TRUTH, duration=600.0), 1), "steady state").passed


def test_rest_before_the_step_is_not_the_step():
    cell = bruce_vincent(TRUTH, 1)
    time = np.concatenate([np.arange(-300.0, 0.0) + 1.0, cell.time]) + 300.0
    current = np.concatenate([1e-9 * np.random.default_rng(0).standard_normal(300), cell.current])
    voltage = np.concatenate([np.zeros(300), cell.voltage])
    columns = {"time": time, "current": current, "voltage": voltage}
    late = analyse(
        new("chronoamperometry", columns, source="cell.par"), electrodes="nonblocking", current_offset="1e-9 A"
    )
    alone = measured(TRUTH, 1).quantities
    for key in ("initial_current", "steady_state_current"):
        assert late.quantities[key].value == pytest.approx(alone[key].value, rel=1e-6)


def test_no_current_gives_no_fraction():
    t = np.arange(1.0, 601.0)
    current = 1e-9 * np.random.default_rng(0).standard_normal(600)
    columns = {"time": t, "current": current, "voltage": np.full(600, 0.01)}
    result = analyse(new("chronoamperometry", columns, source="cell.par"), electrodes="nonblocking")
    assert "is not distinguishable from zero" in result.quantities["current_fraction"].why
    assert not check(result, "floor of the instrument").passed


def test_coverage_of_the_initial_current_over_samplings():
    inside, times = [], []
    for seed in range(60):
        truth = replace(TRUTH, interval=(1.0, 3.0, 10.0)[seed % 3], fast=(60.0, 120.0)[seed % 2], duration=3600.0)
        found = measured(truth, seed).quantities["initial_current"]
        low, high = found.interval()
        inside.append(low <= truth.initial_current <= high)
        slope = 0.5 * (truth.initial_current - truth.steady_current) / truth.fast  # half of the decay is the fast one
        drawn = (truth.gain_u * truth.initial_current, truth.offset_u, slope * truth.interval / np.sqrt(12.0))
        times.append(found.u / np.linalg.norm(drawn))
    assert np.mean(inside) >= 0.90  # 60 draws: 95 % give fewer in 3 % of all cases
    assert 1.0 < np.median(times) < 1.25  # gain, offset and the moment of the first sample are most of it


def test_figure_draws():
    spec = figure(measured(replace(TRUTH, duration=900.0), 1))
    assert len(spec.panels) == 2
    assert "<svg" in to_svg(spec)
