"""Conduction through voxel images: closed forms, a dense solve, bounds, derivatives, dead ends."""

from __future__ import annotations

import numpy as np
import pytest

from closo.errors import ConvergenceError, StudyError
from closo.models.transport import solve

BOUNDARIES = ("electrode", "periodic")


def dense(labels: np.ndarray, sigma: np.ndarray, boundary: str) -> float:
    """Effective conductivity along axis 0 from the resistor network written out face by face (least squares)."""
    shape = labels.shape
    index = np.arange(labels.size).reshape(shape)
    a, b = np.zeros((labels.size, labels.size)), np.zeros(labels.size)
    constant = 0.0
    for d in range(3):
        for cell in np.ndindex(shape):
            other = list(cell)
            other[d] += 1
            wraps = other[d] == shape[d]
            if wraps and boundary == "electrode":
                continue
            other[d] %= shape[d]
            s, t = sigma[labels[cell]], sigma[labels[tuple(other)]]
            g = 2 * s * t / (s + t) if s + t > 0 else 0.0
            i, j, jump = index[cell], index[tuple(other)], float(wraps and d == 0)
            for p, q, sign in ((i, j, 1.0), (j, i, -1.0)):
                a[p, p] += g
                a[p, q] -= g
                b[p] -= -g * jump * sign
            constant += g * jump**2
    if boundary == "electrode":
        for j, k in np.ndindex(shape[1:]):
            g, i = 2 * sigma[labels[0, j, k]], index[0, j, k]
            a[i, i] += g
            b[i] += g
            constant += g
            g, i = 2 * sigma[labels[-1, j, k]], index[-1, j, k]
            a[i, i] += g
    x = np.linalg.lstsq(a, b, rcond=1e-12)[0]
    return float((constant - b @ x) * shape[0] / (shape[1] * shape[2]))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_laminates_are_exact(boundary, axis):
    labels = np.ones((6, 3, 5), np.uint8)
    labels[::2] = 2
    found = solve(labels, {1: 1.0, 2: 1000.0}, axis=axis, boundary=boundary, tolerance=1e-11)
    exact = 2 / (1 + 1e-3) if axis == 0 else 500.5
    assert found.effective_conductivity == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("seed", range(20))
def test_random_media_agree_with_a_dense_solve_inside_the_bounds(boundary, seed):
    random = np.random.default_rng(seed)
    labels = random.choice(3, p=[0.35, 0.4, 0.25], size=random.integers(2, 8, 3)).astype(np.uint8)
    sigma = {0: 0.0, 1: 1.0, 2: 10.0 ** random.uniform(0, 4)}
    exact = dense(labels, np.array(list(sigma.values())), boundary)
    for tolerance in (1e-2, 1e-4, 1e-8):
        found = solve(labels, sigma, boundary=boundary, tolerance=tolerance)
        assert found.lower * (1 - 1e-9) <= exact <= found.upper * (1 + 1e-9) + 1e-9
        assert found.upper - found.lower <= tolerance * found.effective_conductivity


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_derivatives_agree_with_differences_and_with_homogeneity(boundary):
    labels = np.random.default_rng(3).choice(3, p=[0.1, 0.5, 0.4], size=(9, 6, 7)).astype(np.uint8)
    sigma = {0: 0.0, 1: 1.0, 2: 50.0}
    found = solve(labels, sigma, boundary=boundary, tolerance=1e-10)
    for phase in (1, 2):
        up, down = (
            solve(labels, sigma | {phase: sigma[phase] * f}, boundary=boundary, tolerance=1e-10) for f in (1.001, 0.999)
        )
        slope = (up.effective_conductivity - down.effective_conductivity) / (0.002 * sigma[phase])
        assert found.derivatives[phase] == pytest.approx(slope, rel=1e-4)
    total = sum(found.derivatives[p] * sigma[p] for p in (1, 2))
    assert total == pytest.approx(found.effective_conductivity, rel=1e-9)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_wall_gives_exactly_zero_with_a_reason(boundary):
    labels = np.ones((8, 5, 5), np.uint8)
    labels[3] = 0
    found = solve(labels, {0: 0.0, 1: 1.0}, boundary=boundary)
    assert (found.effective_conductivity, found.lower, found.upper) == (0.0, 0.0, 0.0)
    assert "path" in found.reason
    assert found.dropped_fraction == 1


def test_a_staircase_conducts_periodically_only_where_it_winds():
    labels = np.zeros((4, 4, 1), np.uint8)
    for i in range(4):
        labels[i, i] = labels[i, (i + 1) % 4] = 1
    sigma = {0: 0.0, 1: 1.0}
    found = solve(labels, sigma, boundary="periodic", tolerance=1e-8)
    assert found.effective_conductivity == pytest.approx(dense(labels, np.array([0.0, 1.0]), "periodic"), rel=1e-7)
    ring = np.zeros((5, 5, 1), np.uint8)
    ring[2] = 1
    ring[0:3, 1] = 1
    assert solve(ring, sigma, boundary="periodic").effective_conductivity == 0.0


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 3), (7, 1, 1), (5, 3)])
def test_one_phase_is_its_own_conductivity(boundary, shape):
    found = solve(np.full(shape, 7, np.uint8), {7: 2.5e-6}, boundary=boundary)
    assert found.effective_conductivity == pytest.approx(2.5e-6, rel=1e-4)


def test_contrast_of_a_million_and_voxels_that_are_not_cubes():
    labels = np.random.default_rng(5).integers(0, 2, (12, 10, 9)).astype(np.uint8)
    sigma = {0: 1.0, 1: 1e6}
    found = solve(labels, sigma)
    assert found.lower <= dense(labels, np.array([1.0, 1e6]), "electrode") <= found.upper
    coarse = solve(labels, sigma, tolerance=1e-8, voxel_size=(2.0, 1.0, 1.0)).effective_conductivity
    fine = solve(labels, sigma, tolerance=1e-8, voxel_size=(2e-9, 1e-9, 1e-9)).effective_conductivity
    assert coarse == pytest.approx(fine, rel=1e-7)


def test_permuting_the_axes_permutes_the_conductivity():
    labels = np.random.default_rng(8).integers(0, 3, (5, 6, 7)).astype(np.uint8)
    sigma = {0: 0.1, 1: 1.0, 2: 30.0}
    one = solve(labels, sigma, axis=1, tolerance=1e-8)
    other = solve(labels.transpose(1, 2, 0), sigma, axis=0, tolerance=1e-8)
    assert one.effective_conductivity == pytest.approx(other.effective_conductivity, rel=1e-7)


def test_what_cannot_be_solved_is_said():
    labels = np.random.default_rng(0).integers(1, 3, (9, 9, 9)).astype(np.uint8)
    with pytest.raises(StudyError, match="phase 2"):
        solve(labels, {1: 1.0})
    with pytest.raises(StudyError, match="uint8"):
        solve(labels.astype(float), {1: 1.0, 2: 1.0})
    with pytest.raises(StudyError, match="not negative"):
        solve(labels, {1: 1.0, 2: float("nan")})
    with pytest.raises(ConvergenceError, match="between"):
        solve(
            np.tile(labels, (2, 2, 2)), {1: 1.0, 2: 1e6}, tolerance=1e-8, max_iterations=1
        )  # too many loops to eliminate
