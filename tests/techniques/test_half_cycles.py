"""Half cycles: known charges, and what must not be counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closo.errors import DataError
from closo.readers import read
from closo.techniques import half_cycles
from closo.techniques.half_cycles import RULES, find_legs

I0 = 1e-4


def record(*parts, dt=10.0):
    """Return time, current, voltage of parts (current, seconds); a row at the beginning of a part and every dt."""
    current = np.concatenate([np.full(int(seconds / dt), value) for value, seconds in parts])
    return np.arange(len(current)) * dt, current, 3.0 + np.sign(current) * 0.1


def test_signs_rests_and_charges_are_those_of_the_program():
    legs = find_legs(*record((0.0, 600), (I0, 3600), (0.0, 600), (-I0, 1800), (-I0, 1800), (I0, 900)))
    assert legs.sign.tolist() == [1, -1, 1]
    np.testing.assert_allclose(legs.charge, [I0 * 3590, -I0 * 3590, I0 * 890])
    np.testing.assert_allclose(legs.duration, [3590, 3590, 890])
    np.testing.assert_allclose(legs.mean_current, [I0, -I0, I0])
    np.testing.assert_allclose(legs.mean_voltage, [3.1, 2.9, 3.1])
    assert legs.start.tolist() == [60, 480, 840]
    assert legs.stop.tolist() == [420, 840, 930]
    assert np.isnan(legs.counter).all()
    assert len(legs) == 3
    assert legs.active.sum() == 360 + 360 + 90


def test_a_rest_inside_a_leg_does_not_end_it_and_is_not_integrated():
    legs = find_legs(*record((I0, 1800), (0.0, 86400), (I0, 1800), (-I0, 3600)))
    np.testing.assert_allclose(legs.charge, [I0 * 2 * 1790, -I0 * 3590])


def test_the_rows_of_a_spectrum_do_not_count_and_do_not_end_a_leg():
    """The direct current in the rows of a spectrum has the other sign here: it would end the leg and change its charge."""
    t, i, v = record((I0, 1800), (-I0 / 3, 300), (I0, 1800), (-I0, 3600))
    f = np.where((t >= 1800) & (t < 2100), 1000.0, 0.0)
    legs = find_legs(t, i, v, frequency=f)
    np.testing.assert_allclose(legs.charge, [I0 * 2 * 1790, -I0 * 3590])
    assert legs.interludes.tolist() == [1, 0]
    counted = find_legs(t, i, v, frequency=f, counter=np.cumsum(i) * 10.0)
    np.testing.assert_allclose(counted.counter, counted.charge)


def test_two_spectra_with_a_rest_between_are_one_interruption_of_the_leg_that_follows():
    t, i, v = record((-I0, 3600), (0.0, 100), (1e-6, 300), (0.0, 100), (1e-6, 300), (0.0, 100), (I0, 3600))
    f = np.where((np.abs(i) < 0.5 * I0) & (i != 0), 1000.0, 0.0)
    assert find_legs(t, i, v, frequency=f).interludes.tolist() == [0, 1]


def test_tapering_current_at_constant_voltage_belongs_to_the_leg():
    """The charge of a tail that decays to 1 % of the current is tau (1 - 0.01) I."""
    t = np.arange(0.0, 3600.0)
    tail = I0 * np.exp(-np.arange(0.0, 1800.0 * np.log(100.0)) / 1800.0)
    current = np.concatenate([np.full(len(t), I0), tail, [0.0], np.full(3600, -I0)])
    legs = find_legs(np.arange(len(current), dtype=float), current, np.full(len(current), 3.0))
    assert legs.charge[0] == pytest.approx(I0 * (3600 + 1800 * 0.99), rel=1e-4)


def test_noise_of_a_long_rest_and_spikes_are_not_legs():
    t, i, v = record((I0, 36000), (0.0, 360000), (-I0, 36000))
    rest = i == 0
    i[rest] = 0.0005 * I0 * np.random.default_rng(1).standard_normal(rest.sum())
    i[4000], i[5000] = I0, -I0
    legs = find_legs(t, i, v)
    assert legs.sign.tolist() == [1, -1]
    np.testing.assert_allclose(legs.charge, [I0 * 35990, -I0 * 35990], rtol=1e-12)


def test_a_gap_in_the_record_is_not_integrated_unless_the_counter_says_so():
    t, i, v = record((I0, 3600), (-I0, 3600))
    t[200:] += 50000.0
    legs = find_legs(t, i, v)
    np.testing.assert_allclose(legs.charge, [I0 * 3580, -I0 * 3590])
    assert legs.gaps.tolist() == [1, 0]
    passed = find_legs(t, i, v, counter=np.concatenate([[0.0], np.cumsum(i[1:] * np.diff(t))]))
    np.testing.assert_allclose(passed.charge, [I0 * 53590, -I0 * 3590])
    assert passed.gaps.tolist() == [0, 0]


def test_time_that_runs_backwards_is_never_integrated():
    t, i, v = record((I0, 3600), (-I0, 3600))
    t[100:] -= 500.0
    np.testing.assert_allclose(find_legs(t, i, v).charge, [I0 * 3580, -I0 * 3590])


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_the_one_that_gives_the_counter(rule):
    """Uneven steps and a ramped current tell the three rules apart."""
    rng = np.random.default_rng(2)
    t = np.cumsum(rng.uniform(1.0, 100.0, 300))
    i = np.linspace(0.5, 1.0, 300) * I0 * np.where(np.arange(300) < 150, 1.0, -1.0)
    mean = {"backward": i[1:], "forward": i[:-1], "trapezoid": 0.5 * (i[1:] + i[:-1])}[rule]
    counter = np.concatenate([[0.0], np.cumsum(mean * np.diff(t))])
    legs = find_legs(t, i, np.full(300, 3.0), counter=counter)
    assert legs.rule == rule
    np.testing.assert_allclose(legs.charge, legs.counter, rtol=1e-9)


def test_rows_without_time_or_current_are_passed_over_and_row_numbers_stay_those_of_the_record():
    t, i, v = record((0.0, 600), (I0, 3600), (-I0, 3600))
    i[200], t[300] = np.nan, np.nan
    v[250] = np.nan
    legs = find_legs(t, i, v)
    np.testing.assert_allclose(legs.charge, [I0 * 3590, -I0 * 3590])
    assert legs.start.tolist() == [60, 420]
    assert legs.stop.tolist() == [420, 780]
    assert not legs.active[[200, 300]].any()
    np.testing.assert_allclose(legs.mean_voltage, [3.1, 2.9])


def test_sampling_is_the_step_in_which_the_end_lies():
    t, i, v = record((I0, 3600), (0.0, 100), (-I0, 3600))
    t[360:] -= 9.5  # the rest begins half a second after the last row of the first leg
    assert find_legs(t, i, v).sampling.tolist() == pytest.approx([0.5, 10.0])


def test_nothing_flows_nothing_is_found():
    assert len(find_legs(*record((0.0, 600)))) == 0
    assert len(find_legs(np.array([]), np.array([]), np.array([]))) == 0
    assert len(find_legs(np.zeros(5), np.full(5, I0), np.zeros(5))) == 0


def test_unequal_arrays_and_impossible_thresholds_are_refused():
    t, i, v = record((I0, 600))
    with pytest.raises(DataError, match="one length"):
        find_legs(t, i[:-1], v)
    with pytest.raises(DataError, match="positive"):
        find_legs(t, i, v, threshold=-1.0)


@pytest.mark.parametrize("name", ["time", "current", "voltage", "charge"])
def test_a_value_that_no_cell_reaches_is_refused_by_name_and_row(name):
    time, current, voltage = record((I0, 3600), (-I0, 3600))
    columns = {"time": time, "current": current, "voltage": voltage, "charge": np.cumsum(current * 10.0)}
    columns[name][[4, 5]] = 1e300
    with pytest.raises(DataError, match=f"The {name} in row 5 is 1e"):
        find_legs(columns["time"], columns["current"], columns["voltage"], counter=columns["charge"])


def test_an_infinite_voltage_is_one_that_is_not_known():
    time, current, voltage = record((I0, 3600), (-I0, 3600))
    voltage[4] = np.inf
    assert find_legs(time, current, voltage).mean_voltage.tolist() == pytest.approx([3.1, 2.9])


def test_the_noise_of_a_charge_is_that_of_its_readings():
    """Over 300 records the error of a charge has the standard deviation that each record tells."""
    time, current, voltage = record((I0, 7200), (-I0 / 2, 3600), (-I0, 3600))
    noise = 1e-7
    errors, told = [], []
    for seed in range(300):
        read = current + noise * np.random.default_rng(seed).standard_normal(len(current))
        legs = find_legs(time, read, voltage, counter=np.cumsum(read * np.diff(time, prepend=time[0])))
        errors.append(legs.charge - [I0 * 7190, -I0 * 1.5 * 3600 + I0 / 2 * 10])
        told.append(legs.noise)
    assert np.std(errors, axis=0) == pytest.approx(np.mean(told, axis=0), rel=0.12)
    assert np.mean(told, axis=0) == pytest.approx(noise * 10 * np.sqrt([719, 719]), rel=0.02)  # the step moves nothing


def test_a_current_without_noise_or_with_few_readings_has_none():
    assert find_legs(*record((I0, 3600), (-I0, 3600))).noise.tolist() == [0.0, 0.0]
    assert find_legs(*record((I0, 40), (-I0, 40))).noise.tolist() == [0.0, 0.0]


@given(st.floats(1e-9, 1e3), st.integers(0, 10**6))
def test_charges_scale_with_the_current_whatever_its_unit(scale, seed):
    rng = np.random.default_rng(seed)
    i = np.repeat(rng.choice([1.0, -1.0, 0.0, 0.3], 20), 30) * I0
    t = np.cumsum(rng.uniform(1.0, 60.0, i.size))
    one, other = (find_legs(t, i * k, np.full(i.size, 3.0)) for k in (1.0, scale))
    assert one.start.tolist() == other.start.tolist()
    np.testing.assert_allclose(other.charge, one.charge * scale)


def test_lithium_symmetric_cell_of_384_hours(shared_data):
    """32 half cycles of 0.1320 mAh; mean |U| of the second half of them is another technique's."""
    (data,) = read(shared_data / "cycling" / "symmetric" / "li_b12h12_sym_gcpl.mpr")
    legs = find_legs(*(data[k].values for k in ("time", "current", "potential")), counter=data["charge"].values)
    assert len(legs) == 32
    assert np.round(np.abs(legs.charge) / 3.6, 4).tolist() == [0.1320] * 32
    assert legs.sign.tolist() == [-1, 1] * 16


def test_legs_of_any_length_are_summed_whole(monkeypatch):
    rng = np.random.default_rng(5)
    lengths = rng.integers(3, 40, 60)
    sign = np.repeat((-1.0) ** np.arange(60), lengths)
    time = np.cumsum(rng.uniform(0.5, 2.0, len(sign)))
    current, voltage = sign * rng.uniform(0.5, 1.5, len(sign)), rng.uniform(3.0, 4.0, len(sign))
    whole = find_legs(time, current, voltage)
    monkeypatch.setattr(half_cycles, "_PIECE", 7)
    in_pieces = find_legs(time, current, voltage)
    ends = np.cumsum(lengths)
    for k, (a, b) in enumerate(zip(ends - lengths, ends, strict=True)):
        dq = 0.5 * (current[a + 1 : b] + current[a : b - 1]) * np.diff(time[a:b])
        assert whole.charge[k] == pytest.approx(dq.sum(), rel=1e-12)
        middle = 0.5 * (voltage[a + 1 : b] + voltage[a : b - 1])
        assert whole.mean_voltage[k] == pytest.approx((middle * dq).sum() / dq.sum(), rel=1e-12)
    np.testing.assert_array_equal(in_pieces.charge, whole.charge)
    np.testing.assert_array_equal(in_pieces.duration, whole.duration)
