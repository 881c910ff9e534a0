"""Parameters held, bounded and begun with: they stay, and what the fit says of the others is what theory says."""

import numpy as np
import pytest
from spectra import ARC, FREQUENCY, arc, noisy, two_arcs

from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.fitting import fit_circuit

CIRCUIT = parse("(R|Q)-Q")
TRUTH = CIRCUIT.to_theta(np.array(list(ARC.values())))


def fit(z, text="(R|Q)-Q", noise=0.003, **more):
    return fit_circuit(parse(text), FREQUENCY, z, sd=noise * np.abs(z), **more)


def schur(covariance, held):
    """Covariance of what is left when `held` become known."""
    kept = [k for k in range(len(covariance)) if k not in held]
    across = covariance[np.ix_(kept, held)]
    return covariance[np.ix_(kept, kept)] - across @ np.linalg.solve(covariance[np.ix_(held, held)], across.T)


@pytest.mark.parametrize("held", [[0], [2], [1, 2], [0, 3, 4]])
def test_held_parameters_stay_and_the_others_shrink_as_the_schur_complement_says(held):
    z = noisy(arc(), 1, noise=0.002)
    free = fit(z, noise_known=True)  # residuals below the noise: the scale is 1 in both fits
    assert free.reduced < 1
    found = fit(z, held={k: free.theta[k] for k in held}, noise_known=True)
    kept = [k for k in range(5) if k not in held]
    assert [found.theta[k] for k in held] == [free.theta[k] for k in held]
    np.testing.assert_allclose(found.theta, free.theta, atol=1e-6)
    np.testing.assert_allclose(found.covariance[np.ix_(kept, kept)], schur(free.covariance, held), rtol=1e-4)
    assert not np.any(found.covariance[held])
    assert not np.any(found.covariance[:, held])
    assert np.all(np.diag(found.covariance)[kept] < np.diag(free.covariance)[kept])
    assert found.df == free.df + len(held)
    assert found.held == frozenset(held)


def test_the_schur_complement_holds_with_noise_from_the_residuals_too():
    z = noisy(arc(), 2)
    free = fit(z)
    found = fit(z, held={2: free.theta[2]})
    shrunk = schur(free.covariance, [2]) * free.df / found.df  # one parameter less is fitted to the same residuals
    np.testing.assert_allclose(found.covariance[np.ix_([0, 1, 3, 4], [0, 1, 3, 4])], shrunk, rtol=1e-4)


def test_held_at_a_wrong_value_it_stays_and_the_misfit_shows():
    z = noisy(arc(), 3)
    found = fit(z, held={0: TRUTH[0] + 0.3})
    assert found.theta[0] == TRUTH[0] + 0.3
    assert found.reduced > 10


def test_everything_held_is_no_fit():
    z = noisy(arc(), 4)
    found = fit(z, held=dict(enumerate(TRUTH)))
    np.testing.assert_array_equal(found.theta, TRUTH)
    assert not np.any(found.covariance)
    assert found.reduced == pytest.approx(1, abs=0.3)


def test_bounds_that_do_not_touch_change_nothing():
    z = noisy(arc(), 5)
    free, found = fit(z), fit(z, bounds={0: (TRUTH[0] - 1, TRUTH[0] + 1), 2: (0.5, 1.0)})
    np.testing.assert_allclose(found.theta, free.theta, atol=1e-6)
    np.testing.assert_allclose(found.covariance, free.covariance, rtol=1e-4)
    assert not found.at_bound


@pytest.mark.parametrize(("side", "low", "high"), [("upper", -1.0, -0.2), ("lower", 0.2, 1.0)])
@pytest.mark.parametrize("k", range(5))
def test_a_parameter_that_the_data_would_have_outside_ends_at_its_bound(k, side, low, high):
    z = noisy(arc(), 6)
    bounds = (TRUTH[k] + 0.5 * low, TRUTH[k] + 0.5 * high)
    found = fit(z, bounds={k: bounds})
    assert found.theta[k] == bounds[side == "upper"]
    assert found.at_bound == {k: side}
    held = fit(z, held={k: found.theta[k]})
    np.testing.assert_allclose(found.theta, held.theta, atol=1e-4)


def test_the_uncertainty_goes_from_free_to_held_as_the_bound_moves_away():
    """Bound 0 to 30 u inside what the data want: from the free uncertainty (half a normal) to that of a held one."""
    z = noisy(arc(), 7)
    free = fit(z)
    u = np.sqrt(np.diag(free.covariance))
    spread = []
    for distance in (0.0, 1.0, 3.0, 10.0, 30.0):
        bound = free.theta[0] - distance * u[0]
        found = fit(z, bounds={0: (bound - 2.0, bound)})
        scale = np.sqrt(found.reduced / free.reduced)
        spread.append(np.sqrt(np.diag(found.covariance)) / u / scale)
    at = np.array(spread)[:, 0]
    assert at[0] == pytest.approx(1.0, rel=0.02)
    assert np.all(np.diff(at) < 0)
    held = np.sqrt(np.diag(schur(free.covariance, [0])))[0] / u[1]
    assert np.array(spread)[0, 1] == pytest.approx(1.0, rel=0.02)
    assert np.array(spread)[-1, 1] == pytest.approx(held, rel=0.05)


@pytest.mark.slow
def test_uncertainty_at_a_bound_covers_the_truth():
    """Truth 0.5 u inside the bound: the others, and the bounded one itself, lie within 2 u."""
    u = np.sqrt(np.diag(fit(arc()[:] * 1.0, noise=0.003, noise_known=True).covariance))
    inside = []
    for seed in range(200):
        found = fit(noisy(arc(), seed), bounds={0: (TRUTH[0] - 1.0, TRUTH[0] + 0.5 * u[0])})
        inside.append(np.abs(found.theta - TRUTH) <= 1.96 * np.sqrt(np.diag(found.covariance)))
    share = np.mean(inside, axis=0)
    assert np.all(share > 0.92), share


def test_names_stay_with_what_the_user_named():
    """R1 is the slow arc because the user says so, by holding it, by a start or by bounds."""
    z = noisy(two_arcs(), 3)
    text = "(R|Q)-(R|Q)-Q"
    slow = float(np.log(2e4))
    for more in (
        {"held": {0: slow}},
        {"begin": {0: slow, 1: float(np.log(2e-8))}},
        {"bounds": {1: (np.log(1e-9), np.log(1e-7))}},
    ):
        found = fit(z, text, **more)
        assert found.value("R1") == pytest.approx(2e4, rel=0.02), more
        assert found.value("R2") == pytest.approx(1e4, rel=0.02), more
        assert found.reduced < 1.5
    assert fit(z, text).value("R1") == pytest.approx(1e4, rel=0.02)


def test_an_arc_that_nobody_named_is_still_ordered_by_time_constant():
    jw = 2j * np.pi * FREQUENCY
    z = noisy(two_arcs() + 1 / (1 / 3e3 + 5e-7 * jw**0.95), 0, 0.001)
    found = fit(z, "(R|Q)-(R|Q)-(R|Q)-Q", noise=0.001, held={3: float(np.log(1e4)), 4: float(np.log(1e-10))})
    error = found.theta[[0, 3, 6]] - np.log([2e4, 1e4, 3e3])
    assert np.all(np.abs(error) <= 3.0 * np.sqrt(np.diag(found.covariance)[[0, 3, 6]]))
    assert found.theta[3] == float(np.log(1e4))
    assert found.covariance[6, 6] < 0.2**2


def test_start_values_decide_where_a_nested_circuit_begins():
    circuit = parse("R-(Q|(R-W))")
    truth = circuit.to_theta(np.array([50.0, 2e-6, 0.9, 400.0, 300.0]))
    frequency = np.logspace(5, -2, 71)
    z = noisy(circuit.impedance(frequency, truth), 0, 0.002)
    begin = dict(enumerate(truth + 0.1))
    found = fit_circuit(circuit, frequency, z, sd=0.002 * np.abs(z), begin=begin, most_starts=1)
    np.testing.assert_allclose(found.theta, truth, atol=0.05)
    held = fit_circuit(circuit, frequency, z, sd=0.002 * np.abs(z), held={4: truth[4]})
    np.testing.assert_allclose(held.theta, truth, atol=0.05)
    assert held.theta[4] == truth[4]


def test_a_start_from_another_temperature_does_not_end_in_another_valley():
    """R1 and R2 begun with a factor of 1000 off: the names stay, and the minimum is the one of the data."""
    z = noisy(two_arcs(), 3)
    text = "(R|Q)-(R|Q)-Q"
    free = fit(z, text)
    order = [3, 4, 5, 0, 1, 2, 6, 7]  # the user calls the slow arc R1
    begin = dict(enumerate(free.theta[order] + np.array([7, 0, 0, 7, 0, 0, 0, 0])))
    found = fit(z, text, begin=begin)
    np.testing.assert_allclose(found.theta, free.theta[order], atol=1e-5)


def test_a_bound_with_one_open_end():
    z = noisy(arc(), 8)
    free, found = fit(z), fit(z, bounds={0: (-np.inf, TRUTH[0] - 0.1), 2: (0.0, np.inf)})
    assert found.theta[0] == TRUTH[0] - 0.1
    assert found.at_bound == {0: "upper"}
    assert np.all(np.isfinite(found.covariance))
    assert found.reduced > 2 * free.reduced
