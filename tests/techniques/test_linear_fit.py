"""The linear kernel against exact answers of others: at few counts, with limits, in chunks, with noise that remembers."""

import numpy as np
import pytest
from scipy.optimize import nnls

from closo.errors import DataError, StudyError
from closo.techniques import linear_fit
from closo.techniques.linear_fit import block_bootstrap, effective_points, fit_linear

X = np.linspace(0.0, 1.0, 300)
COMPONENTS = np.array([np.exp(-2 * X), np.exp(-0.5 * ((X - 0.4) / 0.05) ** 2), np.clip((X - 0.6) / 0.1, 0, 1)])


def test_known_variance_is_the_textbook_answer():
    rng = np.random.default_rng(3)
    sd = 0.5 + X
    y = np.array([2.0, 1.0, 3.0]) @ COMPONENTS + rng.normal(size=300) * sd
    fit = fit_linear(COMPONENTS, y, variance=sd**2)
    expected, chi2, *_ = np.linalg.lstsq((COMPONENTS / sd).T, y / sd, rcond=None)
    assert fit.values == pytest.approx(expected, rel=1e-9)
    assert fit.covariance == pytest.approx(np.linalg.inv((COMPONENTS / sd**2) @ COMPONENTS.T), rel=1e-9)
    assert float(fit.chi2) == pytest.approx(chi2[0], rel=1e-9)
    assert fit.df == 297
    assert fit.scaled().u == pytest.approx(fit.u * np.sqrt(chi2[0] / 297))


def test_non_negative_agrees_with_nnls():
    rng = np.random.default_rng(4)
    spectra = rng.normal(size=(40, 300)) + 0.05 * COMPONENTS.sum(0)
    fit = fit_linear(COMPONENTS, spectra, variance=np.ones(300), limits="non-negative")
    for values, row in zip(fit.values, spectra, strict=True):
        assert values == pytest.approx(nnls(COMPONENTS.T, row)[0], abs=1e-9)
    assert np.any(fit.values == 0)


def test_simplex_is_the_best_of_a_fine_grid():
    rng = np.random.default_rng(5)
    spectra = np.array([[0.9, 0.15, -0.05], [0.2, 0.5, 0.3], [1.5, -0.2, -0.3]]) @ COMPONENTS
    spectra += 0.05 * rng.normal(size=spectra.shape)
    fit = fit_linear(COMPONENTS, spectra, variance=np.full(300, 0.05**2), limits="simplex")
    grid = np.array([(a, b, 200 - a - b) for a in range(201) for b in range(201 - a)]) / 200
    assert fit.values.sum(axis=1) == pytest.approx(1.0)
    assert np.all(fit.values >= 0)
    for values, row, chi2 in zip(fit.values, spectra, fit.chi2, strict=True):
        costs = np.sum((row - grid @ COMPONENTS) ** 2, axis=1) / 0.05**2
        assert chi2 <= costs.min() + 1e-6
        assert np.abs(values - grid[np.argmin(costs)]).max() < 0.006
    assert fit.covariance.sum(axis=(1, 2)) == pytest.approx(0.0, abs=1e-12)  # the sum is known


def test_a_free_background_beside_limits_may_be_negative():
    y = np.array([-1.0, 2.0]) @ np.array([np.ones(300), COMPONENTS[1]])
    fit = fit_linear(
        np.array([COMPONENTS[1], np.ones(300)]), y, variance=np.ones(300), limits="non-negative", bounded=1
    )
    assert fit.values == pytest.approx([2.0, -1.0])


@pytest.mark.parametrize("limits", linear_fit.LIMITS)
def test_adding_a_component_never_raises_chi2(limits):
    rng = np.random.default_rng(6)
    parts = np.concatenate([COMPONENTS, rng.random((2, 300))])
    for _ in range(20):
        y = rng.dirichlet(np.ones(5)) @ parts + 0.1 * rng.normal(size=300)
        chi2 = [
            float(fit_linear(parts[:k], y, variance=np.full(300, 0.01), limits=limits).chi2) for k in (1, 2, 3, 4, 5)
        ]
        assert np.all(np.diff(chi2) <= 1e-9)


@pytest.mark.parametrize("own", [True, False])
def test_three_counts_per_channel_without_bias(own):
    """Bias below 1 %, pulls between 0.9 and 1.1, also of a component that a single spectrum shows at 2 u."""
    rng = np.random.default_rng(7)
    truth = np.array([6.5, 2.0, 1.5])  # 3.4 counts per channel
    mean = truth @ COMPONENTS
    spectra = rng.poisson(mean, (3000 if own else 20000, 300)).astype(np.uint16)
    fit = fit_linear(COMPONENTS, spectra, own_weights=own)
    pulls = (fit.values - truth) / fit.u
    chance = 3 * fit.u.mean(0) / truth / np.sqrt(len(spectra))
    assert np.all(np.abs(fit.values.mean(0) / truth - 1) < np.maximum(chance, 0.005))
    assert np.all(chance < 0.03)
    assert np.all((pulls.std(0) > 0.9) & (pulls.std(0) < 1.1))
    assert np.abs(fit.chi2 / fit.df).mean() == pytest.approx(1.0, abs=0.02)


def test_a_map_of_unequal_spectra_has_true_variances():
    rng = np.random.default_rng(8)
    truth = rng.random((5000, 3)) * [40.0, 5.0, 10.0]
    fit = fit_linear(COMPONENTS, rng.poisson(truth @ COMPONENTS).astype(np.uint16).reshape(50, 100, 300))
    pulls = (fit.values.reshape(-1, 3) - truth) / fit.u.reshape(-1, 3)
    assert np.all(np.abs(pulls.mean(0)) < 0.06)
    assert pulls.std(0) == pytest.approx(1.0, abs=0.05)


def test_chunks_and_kinds_of_numbers_change_nothing(monkeypatch, tmp_path):
    rng = np.random.default_rng(9)
    counts = rng.poisson(np.array([3000.0, 200.0, 500.0]) @ COMPONENTS, (70, 300)).astype(np.uint16)
    whole = fit_linear(COMPONENTS, counts.astype(float), limits="non-negative")
    np.save(tmp_path / "cube.npy", counts)
    monkeypatch.setattr(linear_fit, "_CHUNK", 300 * 16)
    chunked = fit_linear(COMPONENTS, np.load(tmp_path / "cube.npy", mmap_mode="r"), limits="non-negative")
    assert chunked.values == pytest.approx(whole.values, rel=1e-5)
    assert chunked.covariance == pytest.approx(whole.covariance, rel=1e-4)
    assert chunked.chi2 == pytest.approx(whole.chi2, rel=1e-4)


def test_a_scale_of_components_or_known_noise_changes_no_choice():
    rng = np.random.default_rng(10)
    y = np.array([1.0, 0.01, 0.5]) @ COMPONENTS + 0.1 * rng.normal(size=300)
    one = fit_linear(COMPONENTS, y, variance=np.full(300, 0.01), limits="non-negative")
    other = fit_linear(COMPONENTS * [[1e9], [1e-6], [1.0]], y * 1e3, variance=np.full(300, 1e4), limits="non-negative")
    assert other.values * [1e9, 1e-6, 1.0] == pytest.approx(one.values * 1e3, rel=1e-7)
    assert float(other.chi2) == pytest.approx(float(one.chi2))


def test_noise_of_the_references_counts():
    """References with a tenth of the counts' noise: pulls stay 1 only with it in the weights."""
    rng = np.random.default_rng(11)
    pulls, without = [], []
    for _ in range(300):
        noisy = COMPONENTS + 0.05 * rng.normal(size=COMPONENTS.shape)
        y = np.array([1.0, 2.0, 1.0]) @ COMPONENTS + 0.05 * rng.normal(size=300)
        known = {"variance": np.full(300, 0.0025), "own_weights": True}
        fit = fit_linear(noisy, y, **known, components_variance=np.full(COMPONENTS.shape, 0.0025))
        bare = fit_linear(noisy, y, **known)
        pulls.append((fit.values[0] - 1.0) / fit.u[0])
        without.append((bare.values[0] - 1.0) / bare.u[0])
    assert np.std(pulls) == pytest.approx(1.0, abs=0.12)
    assert np.std(without) > 1.8


def test_what_cannot_be_fitted_is_refused():
    y = np.ones(300)
    with pytest.raises(DataError, match=r"Components 1, 3 cannot be told apart"):
        fit_linear(np.array([COMPONENTS[0], COMPONENTS[1], 3 * COMPONENTS[0]]), y)
    with pytest.raises(DataError, match="is zero in the range"):
        fit_linear(np.array([COMPONENTS[0], np.zeros(300)]), y)
    with pytest.raises(DataError, match="not finite"):
        fit_linear(np.full((1, 300), np.nan), y)
    with pytest.raises(DataError, match="3 components of 300 points"):
        fit_linear(COMPONENTS, np.ones(200))
    with pytest.raises(StudyError, match="Known: free, non-negative, simplex"):
        fit_linear(COMPONENTS, y, limits="positive")


def test_an_empty_map_is_zero_with_its_variance_unknown():
    fit = fit_linear(COMPONENTS, np.zeros((4, 300), np.uint16))
    assert np.all(fit.values == 0)
    assert np.all(np.isnan(fit.chi2))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_effective_points_of_noise_that_remembers(memory):
    """A first-order process has n (1 - rho)/(1 + rho) independent points."""
    rng, found = np.random.default_rng(12), []
    for _ in range(60):
        white, noise = rng.normal(size=2000), np.zeros(2000)
        for i in range(2000):
            noise[i] = memory * noise[i - 1] + white[i]
        found.append(effective_points(noise))
    assert np.mean(found) == pytest.approx(2000 * (1 - memory) / (1 + memory), rel=0.1)


def test_blocks_find_the_scatter_that_single_points_miss():
    """Noise smoothed over seven points: the fit's own uncertainty is too small, that of blocks is not."""
    rng, kernel = np.random.default_rng(13), np.ones(7) / np.sqrt(7.0)

    def noisy():
        return np.array([1.0, 2.0, 1.0]) @ COMPONENTS + 0.1 * np.convolve(rng.normal(size=306), kernel, "valid")

    variance = np.full(300, 0.01)
    true = np.std([fit_linear(COMPONENTS, noisy(), variance=variance).values for _ in range(400)], axis=0)
    blocks = [block_bootstrap(COMPONENTS, noisy(), variance=variance, block=25).std(0) for _ in range(20)]
    single = fit_linear(COMPONENTS, noisy(), variance=variance).u
    assert np.all(single < 0.6 * true)
    assert np.mean(blocks, axis=0) == pytest.approx(true, rel=0.25)
    with pytest.raises(DataError, match="Blocks of 200 points"):
        block_bootstrap(COMPONENTS, noisy(), variance=variance, block=200)
