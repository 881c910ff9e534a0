"""One instrument has one zero, one gain and one sign, whatever technique reads its file."""

import inspect

import numpy as np
import pytest

from closo.dataset import new
from closo.documents import from_document, to_document
from closo.quantity import correlation, sources
from closo.techniques import critical_current, cycling, plating, polarization
from closo.techniques.instrument import GAIN, OFFSET, full_scale, instrument_name, read_offset, time_check

VMP3 = {"instrument": "VMP3", "channel": "1"}
CURRENT, T = 1.4e-5, 3600.0  # A, s of a leg


def square(source, metadata=VMP3, ranges=1e-4):
    """Four legs of +-14 uA through a resistance of 700 ohm about 0 V, read every minute."""
    time = np.arange(0.0, 4 * T, 60.0)
    current = np.where(time // T % 2 == 0, CURRENT, -CURRENT)
    columns = {"time": time, "current": current, "voltage": 700.0 * current}
    if ranges is not None:
        columns["current_range"] = np.full(time.size, ranges)
    return new("cycling", columns, source=source, metadata=metadata)


def step(source, metadata=VMP3):
    time = np.arange(1.0, 2001.0)
    rng = np.random.default_rng(0)
    current = CURRENT + 1e-6 * np.exp(-time / 50.0) + 1e-9 * rng.standard_normal(time.size)
    columns = {"time": time, "current": current, "voltage": np.full(time.size, 0.01)}
    return new("chronoamperometry", columns, source=source, metadata=metadata)


def currents(metadata=VMP3):
    """Return technique -> a current, each of a record of its own; +14 uA wherever the technique has a sign."""
    cycled = cycling.analyse(square("a.mpr", metadata), cell="symmetric cell").quantities
    return {
        "cycling": cycled["current"].number,
        "plating": plating.analyse(square("b.mpr", metadata)).quantities["current"].number,
        "polarization": polarization.analyse(step("c.mpr", metadata), electrodes="nonblocking")
        .quantities["steady_state_current"]
        .number,
    }


def test_every_technique_assumes_the_same_instrument():
    for technique in (cycling, plating, critical_current, polarization):
        default = inspect.signature(technique.analyse).parameters["current_gain"].default
        assert default in (None, GAIN)
        assert inspect.signature(technique.analyse).parameters["current_offset"].default is None
    for name, number in currents().items():
        gain = {label: u for label, (u, _) in sources(number).items() if label.startswith("current gain:")}
        assert gain == {"current gain:VMP3, channel 1": pytest.approx(GAIN * float(number.x))}, name


def test_gains_of_one_instrument_have_the_sign_of_the_reading():
    """Currents read by one instrument: covariance of any two is (0.1 %)^2 of their product, and positive."""
    found = currents()
    for a in found.values():
        for b in found.values():
            if a is not b:
                assert correlation(a, b) * float(a.u) * float(b.u) == pytest.approx((GAIN * CURRENT) ** 2, rel=0.01)
    ratio = found["cycling"] / found["plating"]
    assert not any(label.startswith("current gain:") and abs(u) > 1e-12 for label, (u, _) in sources(ratio).items())


def test_channels_and_unknown_instruments_do_not_share_their_gain():
    one, two = currents(), currents({"instrument": "VMP3", "channel": "2"})
    assert correlation(one["plating"], two["plating"]) == 0.0
    unknown = currents({})
    assert correlation(unknown["plating"], unknown["polarization"]) == 0.0
    assert instrument_name(square("d.csv", {})) == "d.csv"


def test_an_offset_has_the_sign_of_the_reading_in_every_technique():
    """A reading too large by o: |I| of a positive leg grows by o, R = U/|I| of it falls by R o/I."""
    record = square("e.mpr")
    label, o = "current offset:e.mpr#1", OFFSET * 1e-4
    current = cycling.analyse(record, cell="symmetric cell").quantities["current"].number
    assert sources(current)[label][0] == pytest.approx(-o, rel=1e-6)  # of the second leg, which is negative
    q = plating.analyse(record).quantities
    assert sources(q["resistance:first"].number)[label][0] == pytest.approx(-700.0 * o / CURRENT, rel=1e-6)
    assert sources(q["resistance:last"].number)[label][0] == pytest.approx(700.0 * o / CURRENT, rel=1e-6)
    tail = polarization.analyse(step("f.mpr"), current_offset=f"{o} A", electrodes="nonblocking").quantities
    assert sources(tail["steady_state_current"].number)["current offset:f.mpr#1"][0] == pytest.approx(o, rel=1e-6)


def test_a_range_that_is_not_named_is_the_next_decade():
    named, guessed = (plating.analyse(square("g.csv", ranges=r)).quantities["resistance:first"] for r in (1e-4, None))
    assert guessed.budget()["current offset:g.csv#1"] == pytest.approx(named.budget()["current offset:g.csv#1"])
    assert full_scale(np.array([0.0, np.nan, 1e-3]), np.array([2e-5, -1e-4, 1e-5])).tolist() == [1e-4, 1e-4, 1e-3]
    assert read_offset(None) == (OFFSET, 0.0)


def stairs(*, factor=1.0, set_current=True):
    """Return a staircase of 10, 12 and 14 uA through 700 ohm, two half cycles each; the program asked for 1/factor of it."""
    time = np.arange(0.0, 6 * T, 60.0)
    level = 1e-5 + 2e-6 * (time // (2 * T))
    current = np.where(time // T % 2 == 0, level, -level)
    columns = {"time": time, "current": current, "voltage": 700.0 * current, "current_range": np.full(time.size, 1e-4)}
    if set_current:
        columns["set_current"] = np.where(time > 600.0, current / factor, 0.0)
    return new("cycling", columns, source="stairs.mpr")


@pytest.mark.parametrize(
    ("factor", "passed"), [(1.0, True), (1.005, True), (1.03, False), (0.97, False), (1000.0, False)]
)
def test_the_measured_current_is_held_against_the_set_one(factor, passed):
    """2 u are 1.7 % of 12 uA on a range of 100 uA: the zero is 0.1 % of it."""
    data = stairs(factor=factor)
    for result in (
        critical_current.analyse(data),
        cycling.analyse(data, cell="symmetric cell"),
        plating.analyse(square("b.mpr").assign(set_current=lambda d: d["current"] / factor)),
    ):
        (check,) = [c for c in result.checks if c.name == "set current"]
        assert check.passed is passed, result.technique
        assert any(map(check.concerns, result.quantities))
        assert not check.concerns("coulombic_efficiency")
        assert passed or "the measured current is not the set one" in check.detail


@pytest.mark.parametrize(("factor", "hard"), [(1.03, False), (1.2, True), (1000.0, True)])
def test_a_current_that_is_surely_not_the_set_one_withholds_what_hangs_on_it(factor, hard):
    data = stairs(factor=factor)
    symmetric = square("b.mpr").assign(set_current=lambda d: d["current"] / factor)
    for result, keys, free in (
        (
            critical_current.analyse(data),
            ["charge:cumulative", "current:survived", "resistance:low_steps"],
            "duration:half_cycle",
        ),
        (plating.analyse(symmetric), ["charge:half_cycle", "current", "resistance:first"], "polarization:first"),
        (cycling.analyse(data, cell="symmetric cell"), ["current"], "mean_voltage:charge"),
    ):
        for key in keys:
            quantity = result.quantities[key]
            assert (quantity.value is None) == hard, (result.technique, key)
            assert not hard or "the check 'set current' failed" in quantity.why
        assert free not in result.quantities or result.quantities[free].value is not None
        again = from_document(*to_document(result))
        assert again.failed_checks == result.failed_checks
        assert [q.value for q in again.quantities.values()] == [q.value for q in result.quantities.values()]


def test_a_zero_that_is_off_is_told_from_a_gain():
    """5 uA more in both directions change an efficiency; 30 % more of both do not."""
    data = stairs()
    set_current = data["set_current"]
    moved = {
        "zero": data.assign(current=data["current"] + 5e-6 * (data["current"] != 0)),
        "gain": data.assign(set_current=set_current / 1.3),
    }
    for what, changed in moved.items():
        (check,) = [c for c in cycling.analyse(changed, cell="symmetric cell").checks if c.name == "set current"]
        assert check.passed is False
        assert check.concerns("coulombic_efficiency:first") == (what == "zero")


def test_a_clock_of_years_gives_no_charge():
    data = square("b.mpr")
    years = data.assign(time=data["time"] * 5e4)
    for result in (plating.analyse(years), cycling.analyse(years, cell="symmetric cell")):
        (check,) = [c for c in result.checks if c.name == "time"]
        assert (check.passed, check.hard) == (False, True)
        for key, quantity in result.quantities.items():
            assert quantity.value is None or not check.concerns(key)
    assert result.quantities["coulombic_efficiency"].value is not None  # a ratio does not need the unit


def test_a_polarization_above_its_range_is_told():
    data = step("a.par")
    inside, above = (data.assign(current_range=lambda d, r=r: 0 * d["current"] + r) for r in (1e-4, 1e-5))
    for record, passed in ((inside, True), (above, False)):
        result = polarization.analyse(record, voltage=0.1)
        (check,) = [c for c in result.checks if c.name == "current range"]
        assert check.passed is passed
        assert check.concerns("steady_state_current")


def test_no_set_current_is_no_check():
    empty = stairs().assign(set_current=lambda d: 0.0 * d["current"])
    for data in (stairs(set_current=False), empty):
        for result in (critical_current.analyse(data), cycling.analyse(data, cell="symmetric cell")):
            assert "set current" not in [c.name for c in result.checks]


def test_noise_does_not_fail_the_set_current():
    data, rng = stairs(), np.random.default_rng(3)
    noisy = data.assign(current=data["current"] * (1.0 + 0.02 * rng.standard_normal(data.sizes["point"])))
    checks = {c.name: c.passed for c in cycling.analyse(noisy, cell="symmetric cell").checks}
    assert checks["set current"] is True


def rows_of(time, current):
    return [np.asarray(values, float) for values in (time, current)]


@pytest.mark.parametrize("every", [1.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize("seconds", [600.0, 3600.0])
def test_milliseconds_for_seconds_fail(every, seconds):
    """Short legs, of which nothing else tells; a true clock of the same rows passes."""
    time = np.arange(0.0, 4 * seconds, every)
    current = np.where(time // seconds % 2 == 0, 1e-3, -1e-3)
    jitter = 1.003  # of its own clock
    true, wrong = (time_check(*rows_of(scale * time, current)) for scale in (jitter, 1000.0 * jitter))
    assert true.passed is True
    assert wrong.passed is False
    assert "milliseconds" in wrong.detail


@pytest.mark.parametrize("every", [10.0, 60.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0])
def test_intervals_that_people_set_pass(every):
    time = np.arange(0.0, 400 * every, every)
    assert time_check(*rows_of(time, np.full(time.size, 1e-3))).passed is True


def test_a_time_that_repeats_between_two_steps_is_no_fault():
    """Each step begins at the moment at which the one before ended: C, D, C, D of 5 rows. A clock too coarse is one."""
    time = np.concatenate([np.linspace(a, a + 40.0, 5) for a in (0.0, 40.0, 80.0, 120.0)])
    current = np.repeat([1e-3, -1e-3, 1e-3, -1e-3], 5)
    assert time_check(*rows_of(time, current)).passed is True
    coarse = time_check(*rows_of(np.floor(np.arange(0.0, 20.0, 0.5)), np.full(40, 1e-3)))
    assert coarse.passed is False
    assert "20 of 39 times repeat" in coarse.detail
