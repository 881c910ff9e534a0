"""Fits against a known truth: no wrong optimum, calibrated uncertainties, ordered arcs."""

import numpy as np
import pytest
from spectra import ARC, FREQUENCY, SPIKES, arc, dataset, noisy, omega, spike, two_arcs

from closo.errors import ConvergenceError
from closo.techniques.impedance import analyse, fitting, selection
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.fitting import Prior, fit_circuit, time_constant
from closo.techniques.impedance.kramers_kronig import kramers_kronig


def fit(text, z, **more):
    kk = kramers_kronig(FREQUENCY, z)
    return fit_circuit(parse(text), FREQUENCY, z, sd=kk.noise * np.abs(z), **more)


def pulls(text, z0, truth, seeds, **more):
    """Shape (seeds, parameters): (fit - truth)/u in theta, and relative errors."""
    circuit = parse(text)
    target = circuit.to_theta(np.array(truth))
    fits = [fit(text, noisy(z0, seed), **more) for seed in seeds]
    error = np.array([f.theta - target for f in fits])
    return error / np.array([np.sqrt(np.diag(f.covariance)) for f in fits]), error


@pytest.mark.slow
def test_visible_arc_never_wrong_and_calibrated():
    """(20 kohm || CPE 3e-10, 0.88) + CPE with 0.3 % noise, starts found by the program: 200 of 200."""
    pull, error = pulls("(R|Q)-Q", arc(), list(ARC.values()), range(200))
    assert np.all(np.abs(pull) < 5)  # a wrong optimum is hundreds of u away
    assert np.all(np.abs(error[:, 0]) < 0.005)
    spread = pull.std(axis=0)
    assert np.all((spread[:2] > 0.9) & (spread[:2] < 1.15)), spread
    assert abs(error[:, 0].mean()) < 0.0002


@pytest.mark.slow
@pytest.mark.parametrize("name", SPIKES)
def test_spike_only_pellet_is_unbiased_and_calibrated(name):
    p = SPIKES[name]
    prior = {2: Prior(float(np.log(8e-11)), 1.2)}
    pull, error = pulls("L-(R|C)-Q", spike(p), list(p.values()), range(200), priors=prior)
    assert abs(error[:, 1].mean()) < 0.001
    assert 0.88 < pull[:, 1].std() < 1.12, pull[:, 1].std()
    assert 0.9 <= np.mean(np.abs(pull[:, 1]) < 1.96) <= 0.99


def test_arcs_come_in_order_of_time_constant_from_any_start():
    circuit = parse("(R|Q)-(R|Q)-Q")
    z = noisy(two_arcs(), 3)
    swapped = circuit.to_theta(np.array([2e4, 2e-8, 0.9, 1e4, 1e-10, 0.95, 1e-6, 0.85]))
    for start in (None, swapped):
        found = fit("(R|Q)-(R|Q)-Q", z, start=start)
        times = [time_constant(a, found.theta) for a in found.circuit.arcs]
        assert times == sorted(times)
        assert found.value("R1") == pytest.approx(1e4, rel=0.01)
        assert found.value("R2") == pytest.approx(2e4, rel=0.01)


def test_nested_circuit_from_random_draws():
    circuit = parse("R-(Q|(R-W))")
    truth = circuit.to_theta(np.array([50.0, 2e-6, 0.9, 400.0, 300.0]))
    frequency = np.logspace(5, -2, 71)
    z = noisy(circuit.impedance(frequency, truth), 0, 0.002)
    found = fit_circuit(circuit, frequency, z, sd=0.002 * np.abs(z))
    np.testing.assert_allclose(found.theta, truth, atol=0.05)


def test_finite_length_diffusion():
    circuit = parse("R-(R|Q)-Ws")
    truth = circuit.to_theta(np.array([20.0, 100.0, 1e-5, 0.85, 300.0, 30.0]))
    frequency = np.logspace(5, -3, 81)
    z = noisy(circuit.impedance(frequency, truth), 0, 0.002)
    found = fit_circuit(circuit, frequency, z, sd=0.002 * np.abs(z))
    np.testing.assert_allclose(found.theta, truth, atol=0.05)


def test_row_order_does_not_matter():
    z = noisy(arc(), 7)
    forward = fit("(R|Q)-Q", z)
    kk = kramers_kronig(FREQUENCY, z)
    order = np.random.default_rng(0).permutation(z.size)
    mixed = fit_circuit(parse("(R|Q)-Q"), FREQUENCY[order], z[order], sd=(kk.noise * np.abs(z))[order])
    np.testing.assert_allclose(forward.theta, mixed.theta, atol=1e-6)


def test_impedance_scaled_by_a_thousand_gives_resistance_times_a_thousand():
    z = noisy(arc(), 8)
    small, large = fit("(R|Q)-Q", z), fit("(R|Q)-Q", 1000 * z)
    assert large.value("R1") / small.value("R1") == pytest.approx(1000, rel=1e-6)
    assert large.covariance[0, 0] == pytest.approx(small.covariance[0, 0], rel=1e-4)


def test_fewer_points_than_parameters():
    f = FREQUENCY[:3]
    with pytest.raises(ConvergenceError, match="3 frequencies cannot fix"):
        fit_circuit(parse("L-R-(R|Q)-(R|Q)-Q"), f, 10 + omega(f) * 1e-7, sd=np.ones(3))


@pytest.mark.parametrize("text", ["R", "R-Q", "L-R-Q", "R-C", "L-R-W"])
def test_circuits_without_an_arc(text):
    circuit = parse(text)
    values = {"R": 50.0, "L": 1e-6, "C": 1e-6, "Q": 1e-6, "n": 0.85, "A": 200.0}
    truth = circuit.to_theta(np.array([values[s.rstrip("123")] for _, s in circuit.parameters]))
    z = noisy(circuit.impedance(FREQUENCY, truth), 0, 0.002)
    found = fit_circuit(circuit, FREQUENCY, z, sd=0.002 * np.abs(z))
    np.testing.assert_allclose(found.theta, truth, atol=0.02)


@pytest.mark.parametrize("hold", [None, "n1=0.88"])
@pytest.mark.parametrize("circuit", [None, "(R|Q)-Q", "R-(Q|R)-Q"])
def test_many_points_are_averaged_for_the_start_and_all_are_fitted(monkeypatch, circuit, hold):
    """5000 points: the choice and the fit that the averages lead to are those that all points would lead to."""
    if circuit is None and hold:
        pytest.skip("hold needs a circuit")
    frequency = np.random.default_rng(4).permutation(np.geomspace(1e6, 1.0, 5000))
    data = dataset(noisy(arc(frequency), 5), frequency)
    quick = analyse(data, circuit=circuit, hold=hold, drt=False)
    for module in (fitting, selection):
        monkeypatch.setattr(module, "MOST", 10**9)
    whole = analyse(data, circuit=circuit, hold=hold, drt=False)
    assert quick.findings["circuit"] == whole.findings["circuit"]
    a, b = (r.quantities["resistance:R" + str(1 + (circuit or "").startswith("R-"))] for r in (quick, whole))
    assert a.value == pytest.approx(b.value, rel=1e-6)
    assert a.u == pytest.approx(b.u, rel=1e-3)
    assert np.allclose(quick.curves["impedance_fit"], whole.curves["impedance_fit"], rtol=1e-5)


def test_a_constant_noise_at_the_smallest_impedances_is_in_the_uncertainty():
    """It reaches five points of sixty, which are all that knows the resistance; elsewhere the noise is proportional."""
    pulls = []
    for seed in range(24):
        z = spike({"L": 1.5e-7, "R": 40.0, "C": 4.6e-11, "Q": 3e-7, "n": 0.75})
        random = np.random.default_rng(seed)
        sd = np.hypot(0.003 * np.abs(z), 4 * 0.003 * np.abs(z).min())
        noise = sd * (random.standard_normal(z.size) + 1j * random.standard_normal(z.size))
        total = analyse(dataset(z + noise), drt=False).quantities["total_resistance"]
        pulls.append((total.value - 40.0) / total.u)
    assert 0.7 < np.sqrt(np.mean(np.square(pulls))) < 1.3  # 1 within 0.15; 1.46 with proportional noise alone
