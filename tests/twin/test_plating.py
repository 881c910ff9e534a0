"""Symmetric cells of the twin: closed forms of the voltage, and events that do what they say."""

from dataclasses import replace

import numpy as np
import pytest

from closo.twin.plating import Cell, Disturbances, Event, Staircase, Symmetric, staircase, symmetric_cell
from plating_draws import draw_staircase, draw_symmetric

QUIET = Disturbances(noise=0.0)
KINDS = ("none", "hard short", "soft short", "contact loss")


def rng(*seed):
    return np.random.default_rng(list(seed) or [0])


def test_voltage_is_ohmic_plus_two_interfaces():
    """0.5 A/m2 x (160 + 2 x 20) ohm cm2 = 10 mV; the interfaces' kinetics take 4e-5 of their 2 mV off."""
    record = symmetric_cell(Symmetric(disturbances=QUIET, half_cycles=4), rng())
    np.testing.assert_allclose(np.abs(record.voltage), 10e-3, rtol=1e-4)
    np.testing.assert_allclose(np.abs(record.ohmic_voltage), 8e-3, rtol=1e-12)
    assert record.time[-1] == pytest.approx(4 * 3600.0)
    np.testing.assert_allclose(np.abs(record.current), 0.5 * 0.283e-4)
    assert np.all(record.voltage * record.current > 0)


def test_kinetics_follow_asinh():
    """R_i = 200 ohm cm2 at 1 mA/cm2: j R_i = 200 mV, so 2 x 2RT/F asinh(0.2 V F/2RT) with RT/F = 26.124 mV at 30 degC."""
    truth = Symmetric(Cell(interface=200e-4), QUIET, current_density=10.0, half_cycles=1)
    record = symmetric_cell(truth, rng())
    expected = 10.0 * 160e-4 + 4 * 0.0261237 * np.arcsinh(0.2 / (2 * 0.0261237))
    assert record.voltage[5] == pytest.approx(expected, rel=1e-4)


def test_growth_adds_twice_its_rate():
    """Each interface grows by 1e-8 ohm m2/s: 2 x 0.5 A/m2 x 1e-8 x 36 000 s = 0.36 mV (kinetics: 1e-4 less)."""
    truth = Symmetric(Cell(growth=1e-8), QUIET, half_cycles=10)
    record = symmetric_cell(truth, rng())
    assert abs(record.voltage[-1]) - abs(record.voltage[0]) == pytest.approx(0.36e-3, rel=1e-3)


def test_hard_short_leaves_its_own_resistance():
    """1 % of L/sigma across a cell of 200 ohm cm2: 1.6 parallel to 200 ohm cm2."""
    event = Event("hard short", 0.5, ratio=0.01)
    record = symmetric_cell(Symmetric(disturbances=QUIET, event=event, half_cycles=4), rng())
    after = record.time >= record.event_time
    assert record.event_time == pytest.approx(0.5 * 4 * 3600)
    np.testing.assert_allclose(np.abs(record.voltage[after]), 0.5 * 1e-4 / (1 / 1.6 + 1 / 200), rtol=1e-3)
    np.testing.assert_allclose(np.abs(record.voltage[~after]), 10e-3, rtol=1e-4)


def test_soft_short_divides_and_heals():
    """A short of the cell's own resistance halves the voltage; after `healing` the cell is as before."""
    event = Event("soft short", 0.25, ratio=1.0, onset=1.0, healing=3600.0)
    record = symmetric_cell(Symmetric(disturbances=QUIET, event=event, half_cycles=4), rng())
    since = record.time - record.event_time
    during, later = (since > 10) & (since < 3600), since > 3700
    np.testing.assert_allclose(np.abs(record.voltage[during]), 5e-3, rtol=1e-3)
    np.testing.assert_allclose(np.abs(record.voltage[later]), 10e-3, rtol=1e-4)


@pytest.mark.parametrize("hyperbolic", [False, True])
def test_contact_loss_is_superlinear_and_ends_at_the_limit(hyperbolic):
    event = Event("contact loss", 0.2, rise=7200.0, limit=1.0, hyperbolic=hyperbolic)
    record = symmetric_cell(Symmetric(disturbances=QUIET, event=event, half_cycles=10), rng())
    size = np.abs(record.voltage)
    assert size[-1] >= 1.0
    assert np.all(size[:-1] < 1.0)
    rise = size[(record.time >= record.event_time) & (record.tau > 1)]  # even steps of 10 s
    assert np.all(np.diff(rise, 2) > -1e-12)
    assert record.time[-1] <= record.event_time + 7200 + 20


def test_contact_loss_of_one_side_spares_the_other():
    event = Event("contact loss", 0.2, rise=7200.0, limit=1.0, one_sided=True)
    record = symmetric_cell(Symmetric(disturbances=QUIET, event=event, half_cycles=10), rng())
    np.testing.assert_allclose(record.voltage[record.current < 0], -10e-3, rtol=1e-4)
    assert record.voltage[-1] >= 1.0


def test_staircase_breaks_down_in_the_first_step_that_reaches_it():
    truth = Staircase(disturbances=QUIET, event=Event("hard short", 0.3, ratio=0.01), breakdown=2.7)
    record = staircase(truth, rng())
    at = int(np.searchsorted(record.time, record.event_time))
    assert abs(record.current[at]) / truth.cell.area == pytest.approx(3.0)  # steps 2.5, 3.0
    np.testing.assert_allclose(np.unique(np.abs(record.current)) / truth.cell.area, 0.5 * np.arange(1, 13))


def test_staircase_below_the_breakdown_stays_whole():
    record = staircase(Staircase(event=Event("hard short"), breakdown=100.0), rng())
    assert np.isnan(record.event_time)


def test_rests_and_spectra_are_marked():
    d = Disturbances(rest_every=2, rest=1800.0, spectra=True)
    record = symmetric_cell(Symmetric(disturbances=d, half_cycles=6), rng())
    assert np.all(record.current[record.frequency > 0] == 0)
    assert int(np.sum(np.diff((record.frequency > 0).astype(int)) == 1)) == 2
    assert np.all(np.diff(record.time) > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_repeat_and_are_complete(kind):
    for seed in range(10):
        for draw, make in ((draw_symmetric, symmetric_cell), (draw_staircase, staircase)):
            one, two = (make(draw(kind, r), r) for r in (rng(seed), rng(seed)))
            np.testing.assert_array_equal(one.voltage, two.voltage)
            assert np.isfinite(one.event_time) == (kind != "none")
            assert np.all(np.isfinite(one.voltage))
            assert one.time.shape == one.current.shape == one.voltage.shape == one.frequency.shape == one.tau.shape


def test_noise_is_as_declared():
    truth = Symmetric(disturbances=Disturbances(noise=2e-4), half_cycles=10)
    record = symmetric_cell(truth, rng())
    quiet = symmetric_cell(replace(truth, disturbances=QUIET), rng())
    assert np.std(record.voltage - quiet.voltage) == pytest.approx(2e-4, rel=0.05)
