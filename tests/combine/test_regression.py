"""Linear fits of numbers with named sources: against closed forms, and the sources they keep."""

import numpy as np
import pytest

from closo.combine.regression import regress, scatter_numbers, solve, split, tabulate, weighted_sum
from closo.quantity import Quantity, sources, uncertain


def test_weighted_line_is_the_textbook_one():
    x, y, u = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.1, 2.9, 5.2, 8.8]), np.array([0.1, 0.2, 0.1, 0.3])
    fit = regress(np.column_stack([np.ones(4), x]), y, stated=np.diag(u**2), excess=u**2)
    w = 1.0 / u**2
    delta = w.sum() * (w * x * x).sum() - (w * x).sum() ** 2
    slope = (w.sum() * (w * x * y).sum() - (w * x).sum() * (w * y).sum()) / delta
    intercept = ((w * x * x).sum() * (w * y).sum() - (w * x).sum() * (w * x * y).sum()) / delta
    assert fit.values == pytest.approx([intercept, slope], rel=1e-12)
    assert fit.chi2 == pytest.approx((w * (y - intercept - slope * x) ** 2).sum(), rel=1e-12)
    # chi2 = 4.6 of 2 degrees of freedom: variances grow by the Birge ratio squared
    assert fit.chi2 > fit.df
    assert fit.covariance[1, 1] == pytest.approx(w.sum() / delta * fit.chi2 / fit.df, rel=1e-5)


def test_common_source_changes_neither_the_estimate_nor_chi2():
    design = np.column_stack([np.ones(5), np.arange(5.0)])
    y = np.array([0.0, 1.2, 1.9, 3.1, 3.8])
    own = np.full(5, 0.01)
    plain = regress(design, y, stated=np.diag(own), excess=own)
    shared = regress(design, y, stated=np.diag(own) + 4.0, excess=own)  # one offset with u = 2 for all
    assert shared.values == pytest.approx(plain.values, rel=1e-9)
    assert shared.chi2 == pytest.approx(plain.chi2, rel=1e-6)
    assert shared.covariance[0, 0] == pytest.approx(plain.covariance[0, 0] + 4.0, rel=1e-9)


def test_scatter_makes_chi2_equal_its_degrees_of_freedom():
    rng = np.random.default_rng(3)
    y = rng.normal(size=12)
    stated = np.diag(np.full(12, 0.04)) + 0.01
    fit = regress(np.ones((12, 1)), y, stated=stated, excess=np.ones(12))
    assert solve(np.ones((12, 1)), y, stated + np.diag(fit.scatter**2))[2] == pytest.approx(11.0, rel=1e-5)


def test_unknown_uncertainty_comes_from_the_residuals():
    y = np.array([1.0, 2.0, 4.0, 3.0])
    fit = regress(np.ones((4, 1)), y, stated=np.zeros((4, 4)), excess=np.ones(4), known=False)
    assert np.isnan(fit.chi2)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(y.std(ddof=1) / 2.0, rel=1e-5)


def test_result_keeps_every_label():
    numbers = [uncertain(v, {"thickness:p": 0.1, f"fit:{i}": 0.2}) for i, v in enumerate((1.0, 2.0, 9.0))]
    common, own = split(tabulate(numbers).matrix)
    fit = regress(np.ones((3, 1)), np.array([1.0, 2.0, 9.0]), stated=common + np.diag(own), excess=own)
    mean = weighted_sum(fit.estimator[0], scatter_numbers(numbers, fit, label="scatter:s"), value=float(fit.values[0]))
    found = sources(mean)
    assert found["thickness:p"][0] == pytest.approx(0.1, rel=1e-9)
    assert not any(label.startswith("fit") for label in found)  # 4.4 times too small: the scatter takes over
    assert {df for label, (_, df) in found.items() if label.startswith("scatter")} == {2.0}
    assert Quantity("conductivity_ratio", mean).u ** 2 == pytest.approx(float(fit.covariance[0, 0]), rel=1e-9)


def test_sufficient_uncertainties_stay_as_they_are():
    numbers = [uncertain(v, {"thickness:p": 0.1, f"fit:{i}": 0.2}) for i, v in enumerate((1.0, 1.1, 0.9))]
    common, own = split(tabulate(numbers).matrix)
    fit = regress(np.ones((3, 1)), np.array([1.0, 1.1, 0.9]), stated=common + np.diag(own), excess=own)
    assert scatter_numbers(numbers, fit, label="scatter:s") == numbers
    mean = weighted_sum(fit.estimator[0], numbers, value=float(fit.values[0]))
    assert sources(mean)["fit:1"] == (pytest.approx(0.2 / 3.0, rel=1e-9), np.inf)


def test_split_separates_what_is_shared():
    common, own = split(np.array([[1.0, 2.0, 0.0], [1.0, 0.0, 3.0]]))
    assert common.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert own.tolist() == [4.0, 9.0]
