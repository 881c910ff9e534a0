"""`fit.least_squares` against the certified values of NIST StRD (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml)."""

import numpy as np
import pytest

from closo.errors import ConvergenceError
from closo.fit import correlations, covariance_of, least_squares

MISRA1A = (
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0],
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78],
    lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    [[500, 1e-4], [250, 5e-4]],
    [2.3894212918e02, 5.5015643181e-04],
    [2.7070075241e00, 7.2668688436e-06],
    1.2455138894e-01,
)
RAT43 = (
    list(range(1, 16)),
    [
        16.08,
        33.83,
        65.80,
        97.20,
        191.55,
        326.20,
        386.87,
        520.53,
        590.03,
        651.92,
        724.93,
        699.56,
        689.96,
        637.56,
        717.41,
    ],
    lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    [[100, 10, 1, 1], [700, 5, 0.75, 1.3]],
    [6.9964151270e02, 5.2771253025e00, 7.5962938329e-01, 1.2792483859e00],
    [1.6302297817e01, 2.0828735829e00, 1.9566123451e-01, 6.8761936385e-01],
    8.7864049080e03,
)
BOXBOD = (
    [1, 2, 3, 5, 7, 10],
    [109, 149, 149, 191, 213, 224],
    lambda b, x: b[0] * (1 - np.exp(-b[1] * x)),
    [[100, 0.75]],  # NIST's start II; from start I (1, 1) a local method ends on the plateau b2 -> inf, as MINPACK does
    [2.1380940889e02, 5.4723748542e-01],
    [1.2354515176e01, 1.0455993237e-01],
    1.1680088766e03,
)
MGH09 = (
    [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
    [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
    lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    [[0.25, 0.39, 0.415, 0.39]],
    [1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01],
    [1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02],
    3.0750560385e-04,
)


@pytest.mark.parametrize("case", [MISRA1A, RAT43, BOXBOD, MGH09], ids=["Misra1a", "Rat43", "BoxBOD", "MGH09"])
def test_certified_values(case):
    x, y, model, starts, values, deviations, squares = case
    x, y = np.array(x, float), np.array(y, float)
    for start in starts:
        fit = least_squares(lambda b: model(b, x) - y, np.array(start, float), max_evaluations=5000, tolerance=1e-12)
        np.testing.assert_allclose(fit.values, values, rtol=1e-5)
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), deviations, rtol=1e-4)
        assert fit.chi2 == pytest.approx(squares, rel=1e-8)
        assert fit.df == x.size - len(values)


def test_a_direction_without_information_is_infinite_not_small():
    fisher = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 25.0]])  # only the sum of the first two is known
    covariance = covariance_of(fisher)
    assert np.isinf(covariance[0, 0])
    assert np.isinf(covariance[1, 1])
    assert covariance[2, 2] == pytest.approx(1 / 25)
    assert np.all(np.isfinite(correlations(covariance)))


def test_it_is_infinite_too_where_the_model_goes_through_all_points():
    fit = least_squares(lambda b: np.array([b[0], b[0], b[0]]) - 1.0, np.array([1.0, 5.0]))
    assert fit.covariance[0, 0] == 0.0
    assert np.isinf(fit.covariance[1, 1])


def test_noise_known_keeps_the_stated_size():
    random = np.random.default_rng(1)
    x = np.linspace(0, 1, 50)
    y = 3 * x + 0.01 * random.standard_normal(50)
    known = least_squares(lambda b: (b[0] * x - y) / 0.02, np.array([1.0]), noise_known=True)
    scaled = least_squares(lambda b: (b[0] * x - y) / 0.02, np.array([1.0]))
    assert np.sqrt(known.covariance[0, 0]) == pytest.approx(0.02 / np.sqrt(x @ x))
    assert np.sqrt(scaled.covariance[0, 0]) == pytest.approx(0.01 / np.sqrt(x @ x), rel=0.25)


def test_too_few_data_and_a_model_that_is_not_finite():
    with pytest.raises(ConvergenceError, match="1 data values cannot fix 2"):
        least_squares(lambda b: np.array([b[0] + b[1]]), np.zeros(2))
    with pytest.raises(ConvergenceError, match="not finite at the start"):
        least_squares(lambda b: np.array([np.inf, b[0]]), np.zeros(1))


def test_bounds_keep_the_values_inside():
    x = np.arange(5.0)
    y = 2.0 * x + 1.0
    limits = (np.array([-np.inf, -np.inf]), np.array([1.5, np.inf]))
    fit = least_squares(lambda p: p[0] * x + p[1] - y, np.zeros(2), bounds=limits)
    np.testing.assert_allclose(fit.values, [1.5, 2.0], atol=1e-6)  # the mean of y - 1.5 x is left
    assert fit.values[0] <= 1.5
