"""Scatter about a curve and resemblance of neighbours: what is put in comes out, curve or not."""

import numpy as np
import pytest

from closo.techniques.noise import memory_factor, neighbour_scatter, sample_noise, scatter_of, white_noise

N = 4000
NOISE = np.random.default_rng(5).standard_normal(N)
CURVE = 40.0 * np.exp(-np.arange(N) / 900.0) + 0.01 * np.arange(N)


@pytest.mark.parametrize("estimate", [sample_noise, white_noise, lambda v: neighbour_scatter(v)[0]])
def test_noise_is_told_from_its_curve(estimate):
    """sd 1 within 5 %, three standard errors of the median of 4000; twice the noise gives twice the number."""
    assert estimate(NOISE + CURVE) == pytest.approx(1.0, rel=0.05)
    assert estimate(2.0 * NOISE) == pytest.approx(2.0 * estimate(NOISE))
    assert estimate(CURVE[:3:2]) == 0.0


def test_medians_do_not_see_single_wrong_samples_and_squares_do():
    wrong = NOISE.copy()
    wrong[::200] += 1000.0
    assert white_noise(wrong) == pytest.approx(1.0, rel=0.08)
    assert sample_noise(wrong) == pytest.approx(1.0, rel=0.08)
    assert neighbour_scatter(wrong)[0] > 50.0


def test_evenly_spaced_values_scatter_alike_by_both_formulas():
    values = NOISE[:12] + CURVE[:12]
    found = scatter_of(np.arange(12.0), values)
    s, df = neighbour_scatter(values)
    assert found.s == pytest.approx(s)
    assert df == pytest.approx(10 / 1.944)
    assert found.df == pytest.approx(df, rel=0.1)  # the exact sum knows that the ends overlap less
    assert neighbour_scatter(values[:2]) == (0.0, np.inf)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_memory_widens_as_a_first_order_autoregression_does(memory):
    """The variance of a mean grows by (1 + r)/(1 - r)."""
    left = np.zeros(N)
    for k in range(1, N):
        left[k] = memory * left[k - 1] + NOISE[k]
    assert memory_factor(left) == pytest.approx((1 + memory) / (1 - memory), rel=0.15)
    assert memory_factor(np.zeros(5)) == 1.0
    assert memory_factor(np.array([1.0, -1.0, 1.0, -1.0])) == 1.0  # that neighbours differ makes no fit better
