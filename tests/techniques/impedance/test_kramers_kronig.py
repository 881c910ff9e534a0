"""Kramers-Kronig: valid spectra pass, drift fails, the noise is measured, swapped columns are named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import FREQUENCY, SPIKES, arc, noisy, omega, spike, two_arcs

from closo.errors import DataError
from closo.techniques.impedance.kramers_kronig import kramers_kronig, orientation_problem

VALID = {"arc": arc(), "two arcs": two_arcs(), **{name: spike(p) for name, p in SPIKES.items()}}
VALID["dummy cell"] = 29.1 + 46.7 / (1 + omega() * 46.7 * 1.04e-5)


@pytest.mark.parametrize("name", VALID)
def test_valid_spectra_pass_and_their_noise_is_found(name):
    found = [kramers_kronig(FREQUENCY, noisy(VALID[name], seed)) for seed in range(40)]
    assert sum(not kk.passed for kk in found) == 0
    assert np.mean([kk.noise for kk in found]) == pytest.approx(0.003, rel=0.08)


@pytest.mark.parametrize("drift", [0.05, 0.2])
def test_a_cell_that_drifts_fails(drift):
    z = arc() * (1 + drift * np.linspace(0, 1, FREQUENCY.size) ** 4)
    assert sum(kramers_kronig(FREQUENCY, noisy(z, seed)).passed for seed in range(40)) <= 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(0, 6), st.floats(-6.5, -0.5), st.floats(0.6, 1.0)), min_size=1, max_size=3),
    st.floats(0.6, 1.0),
    st.integers(0, 1000),
)
def test_any_ladder_of_arcs_is_valid(arcs, n, seed):
    jw = omega()
    z = 1.0 + sum(10**r / (1 + (jw * 10**tau) ** m) for r, tau, m in arcs) + 1 / (1e-6 * jw**n)
    assert kramers_kronig(FREQUENCY, noisy(z, seed)).passed


@pytest.mark.parametrize("name", ["arc", "two arcs", "76 ohm, 0.15 uH", "dummy cell"])
def test_swapped_and_inverted_columns_are_named(name):
    z = noisy(VALID[name], 1)
    readings = {
        "the sign of Z'' inverted (the file holds -Z'')": np.conj(z),
        "Z' and Z'' swapped": z.imag + 1j * z.real,
        "Z' and -Z'' swapped": -z.imag - 1j * z.real,
    }
    assert orientation_problem(FREQUENCY, z, kramers_kronig(FREQUENCY, z)) is None
    for words, wrong in readings.items():
        assert orientation_problem(FREQUENCY, wrong, kramers_kronig(FREQUENCY, wrong)) == words


def test_order_of_rows_does_not_matter():
    z = noisy(arc(), 5)
    order = np.random.default_rng(2).permutation(z.size)
    a, b = kramers_kronig(FREQUENCY, z), kramers_kronig(FREQUENCY[order], z[order])
    np.testing.assert_allclose(a.residual[order], b.residual, atol=1e-9)


def test_too_few_points():
    with pytest.raises(DataError, match="6 frequencies; there are 4"):
        kramers_kronig(FREQUENCY[:4], arc()[:4])
