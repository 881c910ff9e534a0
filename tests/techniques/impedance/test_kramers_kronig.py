"""Kramers-Kronig: valid spectra pass, drift fails, the noise is measured, outliers and swapped columns are named."""

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


def any_spectrum(random):
    """One to three arcs, blocked, diffusing or neither, 30 to 90 points."""
    low, high, points = random.uniform(-2, 1), random.uniform(5, 7), int(random.integers(30, 90))
    f = np.logspace(high, low, points)
    jw = omega(f)
    z = 10 ** random.uniform(0, 4) * np.ones(points, complex)
    for _ in range(int(random.integers(1, 4))):
        peak = 10 ** random.uniform(low - 1, high + 1)
        z += 10 ** random.uniform(1, 6) / (1 + (jw / (2 * np.pi * peak)) ** random.uniform(0.6, 1))
    ends = (0.0, 1 / (10 ** random.uniform(-7, -4) * jw ** random.uniform(0.6, 1)), 1e3 / np.sqrt(jw), jw * 1e-6)
    return f, z + ends[random.integers(0, 4)]


def disturbed(z, sd, random):
    return z + sd * (random.standard_normal(z.size) + 1j * random.standard_normal(z.size))


def test_clean_spectra_of_every_kind_pass_and_keep_their_points():
    random = np.random.default_rng(1)
    found = []
    for _ in range(150):
        f, z = any_spectrum(random)
        sd = 10 ** random.uniform(-3, -2)
        kk = kramers_kronig(f, disturbed(z, sd * np.abs(z), random))
        found.append((not kk.passed, kk.outliers.size > 0, np.ptp(kk.sd / np.abs(kk.fitted)) > 0.5 * kk.noise))
    failed, outlying, varying = np.sum(found, axis=0)
    assert failed <= 3
    assert outlying <= 3
    assert varying <= 3


@pytest.mark.parametrize("kind", ["modulus", "phase", "overload"])
def test_outliers_are_named_and_do_not_enter_the_noise(kind):
    random = np.random.default_rng(2)
    missed = extra = total = 0
    ratios = []
    for _ in range(40):
        f, z = any_spectrum(random)
        sd = 10 ** random.uniform(-3, -2.3)
        z = disturbed(z, sd * np.abs(z), random)
        at = random.choice(f.size, int(random.integers(1, min(5, f.size // 8 + 1))), replace=False)
        size = random.uniform(0.1, 0.5, at.size) * random.choice([-1, 1], at.size)
        if kind == "overload":
            z[at] = 9.9e37
        else:
            z[at] *= 1 + size if kind == "modulus" else np.exp(1j * size)
        kk = kramers_kronig(f, z)
        missed += len(set(at) - set(kk.outliers))
        extra += len(set(kk.outliers) - set(at))
        total += at.size
        ratios.append(kk.noise / sd)
        assert np.all(np.isfinite(kk.fitted))
    assert missed <= 0.04 * total
    assert extra <= 3
    assert np.mean(ratios) == pytest.approx(1, abs=0.08)


def test_outliers_at_both_ends_and_side_by_side():
    for at in ([0], [60], [0, 60], [30, 31], [0, 1], [59, 60], [20, 21, 45, 46]):
        z = noisy(arc(), 3)
        z[at] *= 1.3
        assert list(kramers_kronig(FREQUENCY, z).outliers) == at


def test_a_jump_is_not_a_row_of_outliers():
    for first in (15, 30, 45, 55):
        z = arc()
        z[first:] = 1.1 * z[first:]
        assert sum(kramers_kronig(FREQUENCY, noisy(z, seed)).passed for seed in range(10)) <= 3


@pytest.mark.parametrize("change", [1.0, 1.03, 1.24])
@pytest.mark.parametrize("apart", [1.0, 1.0004])
def test_sweeps_down_and_up_agree_or_fail(change, apart):
    f = np.logspace(6, 0, 49)
    both = np.concatenate([f, apart * f[::-1]])
    jw = omega(both)
    r = np.concatenate([np.full(49, 500.0), np.full(49, 500.0 * change)])
    z = 1 / (1 / r + 1e-11 * jw) + 1 / (1e-6 * jw**0.85)
    passed = sum(kramers_kronig(both, noisy(z, seed, 0.002)).passed for seed in range(10))
    assert passed == 10 if change == 1.0 else passed <= 1


def test_noise_that_is_constant_or_grows_is_followed():
    random = np.random.default_rng(4)
    z = arc()
    for sd in (np.full(61, 60.0), np.abs(z) * np.geomspace(1e-3, 3e-2, 61), np.hypot(0.002 * np.abs(z), 50.0)):
        honest = np.maximum(sd, 1e-4 * np.abs(z))  # nothing is claimed to be finer than 0.01 %
        found = [kramers_kronig(FREQUENCY, disturbed(z, sd, random)) for _ in range(10)]
        assert all(kk.passed for kk in found)
        assert np.mean([np.sqrt(np.mean(np.log(kk.sd / honest) ** 2)) for kk in found]) < 0.35


def test_noise_that_does_not_depart_is_exactly_proportional():
    z = noisy(arc(), 1)
    kk = kramers_kronig(FREQUENCY, z)
    np.testing.assert_allclose(kk.sd, kk.noise * np.abs(z), rtol=1e-12)


def test_units_and_the_order_of_rows_do_not_matter():
    random = np.random.default_rng(6)
    for trial in range(15):
        f, z = any_spectrum(random)
        z = disturbed(z, 0.003 * np.abs(z), random)
        if trial % 3 == 0:
            z[random.integers(0, f.size)] *= 1.4
        kk = kramers_kronig(f, z)
        a, b, order = 10 ** random.uniform(-3, 3), 10 ** random.uniform(-3, 3), random.permutation(f.size)
        other = kramers_kronig(b * f[order], a * z[order])
        assert other.terms == kk.terms
        assert set(order[other.outliers]) == set(kk.outliers)
        assert other.noise == pytest.approx(kk.noise, rel=1e-9)
        assert other.structure == pytest.approx(kk.structure, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(other.sd, a * kk.sd[order], rtol=1e-9)
        np.testing.assert_allclose(other.residual, kk.residual[order], atol=1e-9 * kk.noise)
        if trial > 4:
            continue
        conjugate = kramers_kronig(b * f, a * np.conj(z))
        assert orientation_problem(b * f, a * np.conj(z), conjugate) == orientation_problem(
            f, np.conj(z), kramers_kronig(f, np.conj(z))
        )


def test_many_points_cost_little_and_an_outlier_among_them_is_found():
    f = np.logspace(6, 0, 100_000)
    z = noisy(arc(f), 0)
    z[12_345] *= 1.2
    kk = kramers_kronig(f, z)
    assert kk.passed
    assert list(kk.outliers) == [12_345]
    assert kk.noise == pytest.approx(0.003, rel=0.1)
    assert kk.sd.size == kk.residual.size == f.size


def test_too_few_points():
    with pytest.raises(DataError, match="6 frequencies; there are 4"):
        kramers_kronig(FREQUENCY[:4], arc()[:4])


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-6])
def test_a_computed_spectrum_is_no_broken_one(noise):
    """Without noise nothing but rounding is left; it must not be taken for noise of some shape."""
    rng = np.random.default_rng(3)
    for _ in range(12):
        f = np.geomspace(10 ** rng.uniform(5, 7), 10 ** rng.uniform(-2, 1), int(rng.integers(50, 90)))
        z = 500.0 / (1.0 + 2j * np.pi * f * 10 ** rng.uniform(-7, -1)) + 50.0 * (1j * f / f.max()) ** -rng.choice(
            [0.85, 1.0]
        )
        found = kramers_kronig(f, z * (1.0 + noise * (rng.normal(size=f.size) + 1j * rng.normal(size=f.size))))
        assert found.passed
        assert found.noise < 1e-3


def test_large_noise_at_one_end_is_no_crowd_of_outliers():
    """A constant noise in ohm is large where |Z| is small: no point there is an outlier, and the noise is what it is."""
    f = np.logspace(6, 0, 61)
    w = 2j * np.pi * f
    z = 2e6 / (1 + (w * 2e6 * 2e-11) ** 0.95) + 1 / (1e-7 * w**0.85)
    sd = np.hypot(0.002 * np.abs(z), 4e-4 * np.median(np.abs(z)))
    ratios, outliers = [], 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        found = kramers_kronig(f, z + sd * (random.standard_normal(f.size) + 1j * random.standard_normal(f.size)))
        ratios.append(np.log(found.sd[:10] / sd[:10]).mean())
        outliers += found.outliers.size
    assert sd[0] > 5 * 0.002 * np.abs(z[0])
    assert outliers <= 3
    assert abs(np.mean(ratios)) < 0.2
