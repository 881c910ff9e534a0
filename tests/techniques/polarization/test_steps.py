"""Where a record is split, what its voltage is, and what it is refused for."""

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.techniques import get
from closo.techniques.noise import sample_noise
from closo.techniques.polarization import analyse
from closo.techniques.polarization.early import initial
from closo.techniques.polarization.steps import find_steps


def record(voltage=None, n=120, current=None, name="voltage", **metadata):
    time = np.arange(1.0, n + 1.0)
    columns = {"time": time, "current": np.full(n, 1e-8) if current is None else current}
    if voltage is not None:
        columns[name] = voltage
    return new("chronoamperometry", columns, source="x.par", metadata=metadata)


def steps_of(data, typed=None):
    return find_steps(data, data["time"].values, typed)[0]


def test_splits_at_the_steps_and_drops_the_way_there():
    rng = np.random.default_rng(0)
    volts = np.repeat([0.1, 0.3, -0.2], 40) + 3e-5 * rng.standard_normal(120)
    volts[40] = 0.17  # a sample on the way from one to the other
    steps = steps_of(record(volts))
    assert [(s.start, s.stop) for s in steps] == [(0, 40), (41, 80), (80, 120)]
    assert [s.voltage for s in steps] == pytest.approx([0.1, 0.3, -0.2], abs=2e-5)
    assert [s.begin for s in steps] == [0.0, 41.0, 80.0]
    assert steps[0].voltage_u == pytest.approx(3e-5 / np.sqrt(40), rel=0.4)


def test_noise_of_a_coarse_voltmeter_is_no_step():
    rng = np.random.default_rng(1)
    coarse = 0.010 + 3e-4 * rng.integers(-1, 2, 120)
    assert len(steps_of(record(coarse))) == 1


def test_clock_that_starts_late_or_at_zero():
    time = np.arange(0.0, 120.0)
    data = new("chronoamperometry", {"time": time, "current": np.ones(120), "voltage": np.full(120, 0.1)}, source="x")
    assert steps_of(data)[0].begin == 0.0
    data = data.assign(time=("point", time + 1e5))
    assert steps_of(data)[0].begin == 1e5 - 1.0


def test_open_circuit_counts_only_where_the_file_applies_against_it():
    volts = np.full(120, 0.538455)
    against = {"open_circuit": "528.455 mV", "settings": {"Potential (V),Versus": "vs OC"}}
    assert steps_of(record(volts, name="potential", **against))[0].voltage == pytest.approx(0.010)
    reference = {"open_circuit": "528.455 mV", "settings": {"Potential (V),Versus": "vs Ref"}}
    assert steps_of(record(volts, name="potential", **reference))[0].voltage == pytest.approx(0.538455)


def test_typed_voltage():
    assert steps_of(record(), 0.01)[0].voltage == 0.01
    assert steps_of(record(np.full(120, 0.2)), 0.01)[0].voltage == 0.01
    with pytest.raises(DataError, match="--set voltage=") as caught:
        steps_of(record())
    assert caught.value.file == "x.par"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": np.r_[np.arange(60.0), np.arange(60.0)]}, "row 61 is at 0 s"),
        ({"current": np.r_[np.full(119, 1e-8), np.nan]}, "1 of 120 rows"),
        ({"voltage": np.zeros(120)}, "stays at 0 mV"),
    ],
    ids=["clock goes back", "not finite", "no voltage"],
)
def test_refused_with_one_clear_sentence(change, message):
    data = record(np.full(120, 0.1))
    for name, values in change.items():
        data = data.assign({name: ("point", values)})
    with pytest.raises(DataError) as caught:
        analyse(data)
    assert message in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("size", [1, 2, 19])
def test_too_short(size):
    with pytest.raises(DataError, match="at least 20 samples"):
        analyse(record(np.full(size, 0.1), n=size))


def test_wrong_settings():
    data = record(np.full(120, 0.1))
    with pytest.raises(StudyError, match="Did you mean 'nonblocking'"):
        analyse(data, electrodes="non-blocking")
    with pytest.raises(StudyError, match="offset"):
        analyse(data, current_offset="-1e-9 A")
    assert get("polarization").setting("current_offset", "1 nA") == "1 nA"


def test_sample_noise_does_not_count_a_trend():
    rng = np.random.default_rng(2)
    noise = rng.standard_normal(5000)
    assert sample_noise(noise + 50.0 * np.exp(-np.arange(5000) / 300.0)) == pytest.approx(1.0, rel=0.04)
    assert sample_noise(np.round(0.2 * noise)) > 0  # a coarse last digit: most differences are zero


def test_initial_current_of_known_laws():
    t = np.arange(1.0, 301.0)
    rng = np.random.default_rng(3)
    for true in (5.0 - 0.01 * t, 5.0 - 0.02 * np.sqrt(t)):
        early = initial(t, true + 0.01 * rng.standard_normal(300), 0.01)
        assert abs(early.current - 5.0) < 2.0 * np.hypot(early.fit_u, early.spread)
        assert early.spread < 0.05


@pytest.mark.parametrize("electrodes", ["blocking", "nonblocking"])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 19])
def test_a_few_samples_at_a_typed_voltage_are_refused(count, electrodes):
    time = 10.0 * np.arange(count)
    columns = {"time": time, "current": 1e-6 * np.exp(-time / 30.0) + 1e-7}
    with pytest.raises(DataError, match="at least 20 samples"):
        analyse(new("chronoamperometry", columns, source="a.csv"), voltage=0.01, electrodes=electrodes)
