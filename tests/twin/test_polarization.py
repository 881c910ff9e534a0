"""Forward models of polarization against their closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from closo.twin.impedance import Instrument
from closo.twin.polarization import BlockingTruth, BruceVincentTruth, blocking_polarization, bruce_vincent
from closo.twin.truth import Nuisances

SILENT = {"noise": 0.0, "offset_u": 0.0, "gain_u": 0.0}


def test_a_step_is_charging_absorption_and_leak():
    truth = replace(BlockingTruth(), voltage_noise=0.0, **SILENT)
    record = blocking_polarization(truth, seed=3)
    leak = 1e-7 * 0.785e-4 / 300e-6 * 0.1  # sigma_e A V / L
    at_100_s = 0.1 * (np.exp(-100.0 / 30.0) / 5e6 + 4.1e-7 * 100.0**-0.9)
    assert leak == pytest.approx(2.617e-9, rel=1e-3)
    assert record.current[99] == pytest.approx(leak + at_100_s, rel=1e-12)
    assert record.time[0] == 1.0
    assert record.voltage[[0, -1]] == pytest.approx(0.1)


def test_steps_add_up():
    single = replace(BlockingTruth(), voltages=(0.3,), duration=200.0, **SILENT)
    double = replace(single, voltages=(0.1, 0.3), duration=100.0)
    one = blocking_polarization(replace(single, voltages=(0.1,)), 1).current
    late = blocking_polarization(replace(single, voltages=(0.2,), duration=100.0), 1).current
    both = blocking_polarization(double, 1).current
    assert both[100:] == pytest.approx(one[100:] + late)


def test_absorption_is_that_of_a_constant_phase_element():
    from scipy.special import gamma

    q = 5e-6 * 0.785  # S s^n, blocking electrodes of the study's pellets
    assert BlockingTruth().absorption == pytest.approx(q / gamma(0.1), rel=0.02)


def test_offset_gain_and_noise_have_the_stated_size():
    truth = replace(BlockingTruth(), duration=40.0, offset_u=5e-9)
    assert np.std([blocking_polarization(truth, s).offset for s in range(400)]) == pytest.approx(5e-9, rel=0.1)
    quiet = replace(truth, noise=0.0, offset_u=0.0)
    noisy = replace(quiet, noise=2e-9, duration=2000.0)
    rest = blocking_polarization(noisy, 5).current - blocking_polarization(replace(noisy, noise=0.0), 5).current
    assert np.std(rest) == pytest.approx(2e-9, rel=0.06)
    ratios = [blocking_polarization(quiet, s).current[9] for s in range(400)]
    assert np.std(ratios) / np.mean(ratios) == pytest.approx(0.005, rel=0.15)


def test_currents_of_bruce_and_vincent_are_those_of_the_study():
    truth = BruceVincentTruth()
    i_0, i_ss = truth.initial_current, truth.steady_current
    assert i_0 == pytest.approx(11.78e-6, abs=5e-9)
    assert i_ss == pytest.approx(11.18e-6, abs=5e-9)
    assert i_ss / i_0 == pytest.approx(0.949, abs=5e-4)
    t = i_ss * (0.010 - i_0 * 283.0) / (i_0 * (0.010 - i_ss * 311.0))
    assert t == pytest.approx(0.97, rel=1e-12)


def test_first_sample_misses_the_double_layer_and_the_last_is_steady():
    truth = replace(BruceVincentTruth(), arc_drift=0.0, **SILENT)
    cell = bruce_vincent(truth, seed=1)
    assert cell.current[0] == pytest.approx(truth.initial_current, rel=1e-3)
    assert cell.current[-1] == pytest.approx(truth.steady_current, rel=1e-4)
    assert cell.current[0] < 0.8 * truth.voltage / truth.bulk_resistance  # what flows before the layers are charged


def test_spectra_have_the_resistances():
    clean = Nuisances(noise=0.0, noise_edge=0.0, mains=0.0)
    truth = replace(BruceVincentTruth(), arc_drift=0.0)
    cell = bruce_vincent(truth, seed=1, nuisances=clean)
    assert cell.before[-1].real == pytest.approx(566.0 + 283.0, rel=1e-3)
    assert cell.after[-1].real == pytest.approx(566.0 + 311.0, rel=1e-3)
    assert cell.before[10].real == pytest.approx(566.0, abs=5.0)
    doubled = bruce_vincent(truth, seed=1, nuisances=clean, instrument=Instrument(gain=2.0))
    assert doubled.before == pytest.approx(2.0 * cell.before)


def test_equal_seeds_give_equal_data():
    first, again, other = (bruce_vincent(BruceVincentTruth(duration=60.0), s) for s in (4, 4, 5))
    assert np.array_equal(first.current, again.current)
    assert np.array_equal(first.before, again.before)
    assert not np.array_equal(first.current, other.current)
