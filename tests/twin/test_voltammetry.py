"""The sweep's forward model against its own equation and the numbers of the study."""

from dataclasses import replace

import numpy as np
import pytest

from closo.twin.truth import Nuisances
from closo.twin.voltammetry import LinearSweepTruth, current_at, linear_sweep


def test_current_solves_the_implicit_equation():
    truth = LinearSweepTruth()
    e = np.linspace(1.0, 6.0, 501)
    i = current_at(e, truth)
    right = 2e-8 * e + 1e-6 * np.exp((e - i * 1000.0 - 3.595) / 0.060)
    assert i == pytest.approx(right, rel=1e-9)
    assert np.all(np.diff(i) > 0)


def test_thresholds_and_tangent_of_the_study():
    truth = LinearSweepTruth()
    e = np.linspace(3.4, 4.4, 100_001)
    i = current_at(e, truth)
    found = [float(np.interp(level, i, e)) for level in (1e-6, 5e-6, 1e-5)]
    assert found == pytest.approx([3.59, 3.70, 3.74], abs=0.005)
    slope = (i[-1] - i[-2]) / (e[-1] - e[-2])
    assert e[-1] - (i[-1] - 2e-8 * e[-1]) / slope == pytest.approx(3.90, abs=0.005)


def test_without_resistance_it_is_an_exponential():
    truth = replace(LinearSweepTruth(), resistance=0.0, conductance=0.0)
    assert current_at(np.array([3.595, 3.655]), truth) == pytest.approx([1e-6, np.e * 1e-6])


def test_sweep_is_at_its_rate_with_its_noise():
    truth = LinearSweepTruth()
    sweep = linear_sweep(truth, seed=2)
    assert np.polyfit(sweep.time, sweep.potential, 1)[0] == pytest.approx(1e-4, rel=1e-4)
    true = current_at(truth.start + 1e-4 * (sweep.time - 10.0), truth)
    assert np.std(sweep.current - true) == pytest.approx(2e-8, rel=0.06)
    assert sweep.potential[[0, -1]] == pytest.approx([2.0, 4.4], abs=5e-4)


def test_resistance_rises_by_the_interface():
    clean = Nuisances(noise=0.0, noise_edge=0.0, mains=0.0)
    sweep = linear_sweep(LinearSweepTruth(), seed=2, nuisances=clean)
    middle = np.argmin(np.abs(sweep.frequency - 30.0))
    assert (sweep.after - sweep.before)[middle].real == pytest.approx(350.0, rel=0.01)
    assert sweep.before[0].real == pytest.approx(700.0, rel=0.01)


def test_equal_seeds_give_equal_data():
    first, again, other = (linear_sweep(LinearSweepTruth(), s) for s in (4, 4, 5))
    assert np.array_equal(first.current, again.current)
    assert not np.array_equal(first.after, other.after)
