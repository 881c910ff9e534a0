"""Distribution of relaxation times against the exact one of a ZARC."""

import numpy as np
import pytest
from scipy.optimize import nnls
from spectra import ARC, FREQUENCY, arc, noisy, omega, two_arcs

from closo.errors import DataError
from closo.techniques.impedance.drt import _best_strength, _non_negative, relaxation_times


def exact_gamma(tau, r, q, n):
    """Source: Boukamp & Rolle, Solid State Ionics 2017, 302, 12, eq. 9 (ZARC)."""
    x = np.log(tau / (r * q) ** (1 / n))
    return r / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * x) - np.cos((1 - n) * np.pi))


def bulk_area(found):
    inside = (found.tau >= 1e-7) & (found.tau <= 3e-5)
    return found.gamma[inside].sum() * np.log(found.tau[1] / found.tau[0])


def exact_bulk_area():
    tau = np.geomspace(1e-7, 3e-5, 20001)
    return np.trapezoid(exact_gamma(tau, ARC["R"], ARC["Q"], ARC["n"]), np.log(tau))


def test_area_of_an_arc_beside_a_blocking_electrode():
    errors = []
    for seed in range(20):
        found = relaxation_times(FREQUENCY, noisy(arc(), seed), noise=0.003, blocking_exponent=0.85)
        errors.append(bulk_area(found) / exact_bulk_area() - 1)
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


ARCS = {  # resistance, time constant, exponent; series resistance, blocking
    "two, blocked": (((1e4, 1e-6, 0.95), (2e4, 4e-4, 0.9)), 0.0, True),
    "one, not blocked": (((100.0, 1e-3, 0.9),), 5.0, False),
    "two close together": (((100.0, 1e-4, 0.9), (100.0, 1e-3, 0.9)), 20.0, False),
    "three": (((100.0, 1e-5, 0.9), (200.0, 1e-3, 0.8), (50.0, 3e-2, 0.95)), 20.0, False),
}


@pytest.mark.parametrize("name", ARCS)
def test_bands_hold_the_truth_of_several_arcs(name):
    arcs, series, blocked = ARCS[name]
    jw = omega()
    z = series + sum(r / (1 + (jw * t) ** n) for r, t, n in arcs) + (1 / (1e-6 * jw**0.85) if blocked else 0)
    inside = []
    for seed in range(20):
        found = relaxation_times(FREQUENCY, noisy(z, seed), noise=0.003, blocking_exponent=0.85 if blocked else None)
        truth = sum(exact_gamma(found.tau, r, t**n / r, n) for r, t, n in arcs)
        where = truth > 0.05 * truth.max()
        inside.append(np.mean(((found.low <= truth) & (truth <= found.high))[where]))
    assert 0.86 < np.mean(inside)  # sharp tops are smoothed: the tops of two arcs in three lie above their bands


def test_the_width_of_the_bands_is_the_scatter():
    """Over many draws of the noise gamma scatters as the bands of one draw say, where it is not cut off at 0."""
    found = [relaxation_times(FREQUENCY, noisy(arc(), s), noise=0.003, blocking_exponent=0.85) for s in range(60)]
    gamma = np.array([d.gamma for d in found])
    where = gamma.mean(axis=0) > 0.2 * gamma.max()
    stated = np.mean([(d.high - d.low)[where] / 3.92 for d in found], axis=0)
    ratio = gamma.std(axis=0)[where] / stated
    assert 0.3 < np.median(ratio) < 1.1  # the prior counts in the band, and does not scatter


def test_the_solution_is_exact():
    random = np.random.default_rng(0)
    for _ in range(30):
        matrix = (
            random.standard_normal((40, 25)) @ np.diag(np.geomspace(1, 1e-2, 25)) @ random.standard_normal((25, 25))
        )
        matrix /= np.linalg.norm(matrix, axis=0)
        target = random.standard_normal(40)
        expected = nnls(matrix, target)[0]
        for begin in (np.ones(25, bool), random.random(25) > 0.5):
            found = _non_negative(matrix.T @ matrix, matrix.T @ target, begin)
            np.testing.assert_allclose(found, expected, atol=1e-7)


def test_the_strength_is_that_of_the_exact_evidence():
    """The prior's covariance is written out, and its determinant taken: no eigenvalue, no kernel of lower rank."""
    random = np.random.default_rng(1)
    matrix, target = random.standard_normal((12, 20)), 3.0 * random.standard_normal(12)
    strengths = np.geomspace(1e-12, 1e6, 109)
    covariance = [matrix @ matrix.T / s + np.eye(12) for s in strengths]
    evidence = [-target @ np.linalg.solve(c, target) - np.linalg.slogdet(c)[1] for c in covariance]
    assert _best_strength(matrix, target) == pytest.approx(strengths[np.argmax(evidence)])


def test_rounding_in_the_weights_moves_nothing():
    """A noise of 1e-12 of the weights is what another order of operations makes of them."""
    random = np.random.default_rng(2)
    for seed in range(6):
        z = noisy(arc() + 300.0 / (1 + 1e-3j * FREQUENCY), seed)
        sd = 0.003 * np.abs(z)
        one, other = (
            relaxation_times(FREQUENCY, z, noise=0.003, sd=weights)
            for weights in (sd, sd * (1 + 1e-12 * random.standard_normal(sd.size)))
        )
        assert one.strength == other.strength
        np.testing.assert_allclose(one.gamma, other.gamma, atol=1e-6 * one.gamma.max())


def test_units_and_the_order_of_rows_do_not_matter():
    random = np.random.default_rng(8)
    for seed in range(10):
        z = noisy(two_arcs() if seed % 2 else arc(), seed)
        a, b, order = 10 ** random.uniform(-3, 3), 10 ** random.uniform(-3, 3), random.permutation(z.size)
        kinds = {"noise": 0.003, "blocking_exponent": 0.85, "inductive": seed % 3 == 0}
        one = relaxation_times(FREQUENCY, z, **kinds)
        other = relaxation_times(b * FREQUENCY[order], a * z[order], **kinds)
        assert len(one.peaks) == len(other.peaks) > 0
        for p, q in zip(one.peaks, other.peaks, strict=True):
            assert q.resistance == pytest.approx(a * p.resistance, rel=1e-6)
            assert q.resistance_u == pytest.approx(a * p.resistance_u, rel=1e-5)
            assert q.time_constant == pytest.approx(p.time_constant / b, rel=1e-6)
        np.testing.assert_allclose(other.high, a * one.high, rtol=1e-5, atol=1e-8 * a * one.high.max())
        np.testing.assert_allclose(other.fitted, a * one.fitted[order], rtol=1e-8)


def test_uneven_noise_weighs_the_points():
    relative = np.where((FREQUENCY > 1e4) & (FREQUENCY < 1e5), 0.1, 0.003)
    sd = relative * np.abs(arc())
    even, weighed = [], []
    for seed in range(15):
        random = np.random.default_rng(seed)
        z = arc() + sd * (random.standard_normal(61) + 1j * random.standard_normal(61))
        even.append(bulk_area(relaxation_times(FREQUENCY, z, noise=0.04, blocking_exponent=0.85)))
        weighed.append(bulk_area(relaxation_times(FREQUENCY, z, noise=0.04, sd=sd, blocking_exponent=0.85)))
    assert np.std(weighed) < 0.5 * np.std(even)
    same = relaxation_times(FREQUENCY, z, noise=0.5, sd=0.003 * np.abs(z), blocking_exponent=0.85)
    white = relaxation_times(FREQUENCY, z, noise=0.003, blocking_exponent=0.85)
    np.testing.assert_allclose(same.gamma, white.gamma, rtol=1e-9)


def test_many_points_are_averaged():
    f = np.logspace(6, 0, 50_000)
    found = relaxation_times(f, noisy(arc(f), 0), noise=0.003, blocking_exponent=0.85)
    np.testing.assert_allclose(found.fitted, arc(f), rtol=0.005)
    assert bulk_area(found) == pytest.approx(exact_bulk_area(), rel=0.005)


def test_too_few_points():
    with pytest.raises(DataError, match="10 frequencies; there are 8"):
        relaxation_times(FREQUENCY[:8], arc()[:8], noise=0.01)


@pytest.mark.parametrize("apart, n", [(1e2, 0.95), (1e3, 0.9), (1e4, 0.85)])
def test_the_resistance_under_a_peak_is_as_certain_as_it_says(apart, n):
    """Two depressed arcs: their wings overlap, and the valley between them is no border."""
    pulls = []
    for seed in range(12):
        jw = omega()
        z = 1e4 / (1 + (jw * 1e-5) ** n) + 1.5e4 / (1 + (jw * 1e-5 * apart) ** n)
        found = relaxation_times(FREQUENCY, noisy(z, seed), noise=0.003)
        assert len(found.peaks) == 2
        pulls += [(p.resistance - r) / p.resistance_u for p, r in zip(found.peaks, (1e4, 1.5e4), strict=True)]
    assert 0.4 < np.sqrt(np.mean(np.square(pulls))) < 1.5


@pytest.mark.parametrize("n", [1.0, 0.97, 0.93, 0.8])
@pytest.mark.parametrize("blocked", [True, False])
def test_the_peak_of_one_arc_has_its_whole_resistance(n, blocked):
    """The wings of an arc break up into small maxima; they count to it, and what cannot be known is in its uncertainty."""
    pulls, errors = [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        jw = omega()
        z = 1e4 / (1 + (jw * 10 ** random.uniform(-5, -3)) ** n) + (1 / (2e-5 * jw**0.85) if blocked else 2e3)
        found = relaxation_times(FREQUENCY, noisy(z, seed), noise=0.003, blocking_exponent=0.85 if blocked else None)
        (peak,) = found.peaks
        errors.append(peak.resistance / 1e4 - 1)
        pulls.append(1e4 * errors[-1] / peak.resistance_u)
    assert abs(np.mean(errors)) < 0.004
    assert np.sqrt(np.mean(np.square(pulls))) < 1.6
