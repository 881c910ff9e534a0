"""Distribution of relaxation times against the exact one of a ZARC."""

import numpy as np
import pytest
from spectra import ARC, FREQUENCY, arc, noisy, omega, two_arcs

from closo.errors import DataError
from closo.techniques.impedance.drt import relaxation_times


def exact_gamma(tau, r, q, n):
    """Source: Boukamp & Rolle, Solid State Ionics 2017, 302, 12, eq. 9 (ZARC)."""
    x = np.log(tau / (r * q) ** (1 / n))
    return r / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * x) - np.cos((1 - n) * np.pi))


def bulk_area(found):
    inside = (found.tau >= 1e-7) & (found.tau <= 3e-5)
    return found.gamma[inside].sum() * np.log(found.tau[1] / found.tau[0])


def test_area_of_an_arc_beside_a_blocking_electrode():
    tau = np.geomspace(1e-7, 3e-5, 20001)
    exact = np.trapezoid(exact_gamma(tau, ARC["R"], ARC["Q"], ARC["n"]), np.log(tau))
    errors = []
    for seed in range(20):
        found = relaxation_times(FREQUENCY, noisy(arc(), seed), noise=0.003, blocking_exponent=0.85)
        errors.append(bulk_area(found) / exact - 1)
    assert abs(np.mean(errors)) < 0.005
    assert np.std(errors) < 0.005


def test_band_holds_the_truth():
    inside = []
    for seed in range(20):
        found = relaxation_times(FREQUENCY, noisy(arc(), seed), noise=0.003, blocking_exponent=0.85)
        truth = exact_gamma(found.tau, ARC["R"], ARC["Q"], ARC["n"])
        where = truth > 0.05 * truth.max()
        inside.append(np.mean(((found.low <= truth) & (truth <= found.high))[where]))
    assert np.mean(inside) > 0.9


def test_peak_table_of_one_and_two_arcs():
    one = relaxation_times(FREQUENCY, noisy(arc(), 0), noise=0.003, blocking_exponent=0.85)
    assert len(one.peaks) == 1
    assert one.peaks[0].resistance == pytest.approx(2e4, rel=0.02)
    assert one.peaks[0].time_constant == pytest.approx((2e4 * 3e-10) ** (1 / 0.88), rel=0.05)
    two = relaxation_times(FREQUENCY, noisy(two_arcs(), 0), noise=0.003, blocking_exponent=0.85)
    assert [p.resistance for p in two.peaks] == pytest.approx([1e4, 2e4], rel=0.05)


def test_inductance_and_series_resistance_do_not_become_peaks():
    jw = omega()
    z = 5.0 + jw * 1e-6 + 100 / (1 + (jw * 1e-3) ** 0.9)
    found = relaxation_times(FREQUENCY, noisy(z, 0), noise=0.003, inductive=True)
    assert found.series_resistance == pytest.approx(5.0, rel=0.05)
    assert [p.resistance for p in found.peaks] == pytest.approx([100.0], rel=0.02)


def test_gamma_is_never_negative_and_seeded():
    a = relaxation_times(FREQUENCY, noisy(arc(), 0), noise=0.003, blocking_exponent=0.85)
    b = relaxation_times(FREQUENCY, noisy(arc(), 0), noise=0.003, blocking_exponent=0.85)
    assert np.all(a.gamma >= 0)
    np.testing.assert_array_equal(a.high, b.high)


def test_too_few_points():
    with pytest.raises(DataError, match="10 frequencies; there are 8"):
        relaxation_times(FREQUENCY[:8], arc()[:8], noise=0.01)
