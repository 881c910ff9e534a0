"""A line with errors in both variables, against published values, and O-H gained over silanol lost."""

import math

import numpy as np
import pytest

from closo.combine.silanol import figure, silanol_exchange, york
from closo.dataset import new
from closo.errors import DataError
from closo.figures import to_csv, to_svg
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result

LOST, GAINED = "band_ratio:silanol/overtone", "band_ratio:O-H/overtone"
SURFACES = {"A90": 90.0, "A200": 200.0, "A300": 300.0, "A380": 380.0}


def test_york_on_pearsons_data():
    """Published: 5.47991 and -0.480533, standard uncertainties 0.295 and 0.058, S = 11.866 (York et al. 2004)."""
    x = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
    y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
    wx = np.array([1000.0, 1000.0, 500.0, 800.0, 200.0, 80.0, 60.0, 20.0, 1.8, 1.0])
    wy = np.array([1.0, 1.8, 4.0, 8.0, 20.0, 20.0, 70.0, 70.0, 100.0, 500.0])
    line = york(x, y, wx**-0.5, wy**-0.5)
    assert line.level == pytest.approx(5.47991022, abs=1e-7)
    assert line.slope == pytest.approx(-0.480533407, abs=1e-8)
    assert np.sqrt(np.diag(line.covariance)) == pytest.approx([0.29497, 0.057985], abs=1e-5)
    assert line.chi2 == pytest.approx(11.86635, abs=1e-4)
    turned = york(y, x, wy**-0.5, wx**-0.5)  # no variable is the better one
    assert turned.slope == pytest.approx(1.0 / line.slope, rel=1e-8)


def spectrum(name, silanol, hydroxyl, *, u=0.02, random=None, gone=False):
    """Return a result of 'infrared' with the two ratios."""
    off = random.standard_normal(2) if random is not None else (0.0, 0.0)
    quantities = {GAINED: Quantity("band_ratio", uncertain(hydroxyl + 5 * u * off[1], {f"O-H:{name}": 5 * u}), "x")}
    if gone:
        quantities[LOST] = withheld("band_ratio", "not detected, < 0.02 (95 %)")
        quantities[f"{LOST} upper_limit"] = Quantity("band_ratio", uncertain(0.02, {f"limit:{name}": 0.004}), "x")
    else:
        quantities[LOST] = Quantity("band_ratio", uncertain(silanol + u * off[0], {f"silanol:{name}": u}), "x")
    return Result("infrared", name, quantities, new("record", {"time": [0.0]}, source=name))


def series(slope=8.0, random=None, **changes):
    before = {s: spectrum(f"{s} pristine", 1e-3 * a + 0.05, 2.0, random=random) for s, a in SURFACES.items()}
    after = {
        s: spectrum(f"{s} milled", 0.05, 2.0 + slope * 1e-3 * a, random=random, **changes) for s, a in SURFACES.items()
    }
    return before, after


def test_the_slope_is_what_went_in():
    result = silanol_exchange(*series())
    gain = result.quantities["hydroxyl_gain"]
    assert gain.value == pytest.approx(8.0, rel=1e-9)
    assert result.quantities["hydroxyl_gain:intercept"].value == pytest.approx(0.0, abs=1e-9)
    assert all(check.passed for check in result.checks)
    assert result.findings["silicas"] == sorted(SURFACES)
    assert "<svg" in to_svg(figure(result))
    assert all(silica in to_csv(figure(result)) for silica in SURFACES)  # each a column of its own


def test_the_slope_covers_the_truth():
    inside, pulls = 0, []
    for seed in range(400):
        result = silanol_exchange(*series(random=np.random.default_rng(seed)))
        gain = result.quantities["hydroxyl_gain"]
        low, high = gain.interval() if gain.number is not None else (-math.inf, math.inf)
        inside += low <= 8.0 <= high
        pulls += [(gain.value - 8.0) / gain.u] if gain.number is not None else []
    assert 0.92 <= inside / 400 <= 0.99
    assert abs(np.mean(pulls)) < 0.3


def test_silanol_that_is_gone_counts_with_its_limit():
    result = silanol_exchange(*series(gone=True))
    lost = result.quantities["band_ratio:silanol lost A380"]
    assert lost.value == pytest.approx(0.43 - 0.01)
    assert lost.u == pytest.approx(math.hypot(0.02, 0.02 / math.sqrt(12.0)))


def test_what_is_missing_is_named():
    before, after = series()
    del after["A90"]
    after["A200"] = Result("infrared", "bad", {}, new("record", {"time": [0.0]}, source="bad"))
    with pytest.raises(DataError, match=r"at least 3 silicas; 2 have both \(A200: 'bad' has no band_ratio:silanol"):
        silanol_exchange(before, after)


def test_a_slope_that_nothing_fixes_is_withheld():
    before, after = series(slope=0.0)
    gain = silanol_exchange(before, after).quantities["hydroxyl_gain"]
    assert gain.number is None
    assert "between" in gain.why
