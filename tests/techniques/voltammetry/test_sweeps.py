"""Which part of a voltammogram is judged."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closo.techniques.noise import sample_noise
from closo.techniques.voltammetry.curve import find_baseline, jump, smoothed
from closo.techniques.voltammetry.sweeps import find_sweeps, first_rising


def triangle(*corners, step=0.01):
    legs = [np.arange(a, b, step if b > a else -step) for a, b in pairwise(corners)]
    return np.concatenate([*legs, [corners[-1]]])


def test_turning_points_of_a_cyclic_voltammogram():
    e = triangle(2.5, 1.5, 5.5, 1.5, 3.0)
    sweeps = find_sweeps(e)
    assert [s.sign for s in sweeps] == [-1, 1, -1, 1]
    assert [e[s.start] for s in sweeps] == pytest.approx([2.5, 1.5, 5.5, 1.5], abs=0.011)
    assert sweeps[0].start == 0
    assert sweeps[-1].stop == e.size
    rising = first_rising(e)
    assert (e[rising.start], e[rising.stop - 1]) == pytest.approx((1.5, 5.5), abs=0.011)


def test_short_way_up_from_open_circuit_is_not_the_sweep():
    rising = first_rising(triangle(2.0, 2.5, 1.0, 5.0, 2.0))
    assert rising.stop - rising.start > 300


def test_noise_does_not_turn_the_potential():
    rng = np.random.default_rng(0)
    e = np.linspace(2.0, 4.4, 2000) + 0.01 * rng.standard_normal(2000)
    assert [s.sign for s in find_sweeps(e)] == [1]


def test_nothing_rises():
    assert first_rising(np.linspace(4.0, 1.0, 500)) is None
    assert first_rising(np.full(500, 2.0)) is None


@given(
    st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=8).filter(
        lambda v: all(abs(a - b) > 1.0 for a, b in pairwise(v))
    )
)
def test_sweeps_cover_every_row_in_order(corners):
    e = triangle(*corners, step=0.05)
    sweeps = find_sweeps(e)
    assert sweeps[0].start == 0
    assert sweeps[-1].stop == e.size
    assert all(a.stop - 1 == b.start and a.sign == -b.sign for a, b in pairwise(sweeps))


def test_jump_is_found_where_the_current_leaves_all_before_behind():
    e = np.linspace(2.0, 4.4, 500)
    rise = 1e-6 * np.exp((e - 4.0) / 0.06)  # a factor of 1.08 from sample to sample
    assert jump(rise) is None
    shorted = rise.copy()
    shorted[400:] += 1e-3
    assert jump(shorted) == 399
    coarse = np.round(rise / 1e-7) * 1e-7  # from nothing to the first digit is no jump
    assert jump(coarse) is None


def test_running_mean_and_noise():
    x = np.arange(10.0)
    assert smoothed(x, 3)[[0, 5, 9]] == pytest.approx([0.5, 5.0, 8.5])
    rng = np.random.default_rng(1)
    curve = np.exp(np.linspace(0.0, 3.0, 4000)) + 0.1 * rng.standard_normal(4000)
    assert sample_noise(curve) == pytest.approx(0.1, rel=0.05)


def test_baseline_of_a_line_with_noise():
    rng = np.random.default_rng(2)
    e = np.linspace(2.0, 4.0, 1000)
    i = 1e-7 + 3e-9 * (e - 2.0) + 1e-8 * rng.standard_normal(1000)
    base = find_baseline(e, i)
    assert base.slope == pytest.approx(3e-9, abs=4 * np.sqrt(base.covariance[1, 1]))
    assert base.sd == pytest.approx(1e-8, rel=0.1)
    assert e[base.stop - 1] - e[base.start] > 1.5
    assert base.at(np.array([3.0]))[0] == pytest.approx(1.03e-7, abs=4 * base.u_at(3.0))
