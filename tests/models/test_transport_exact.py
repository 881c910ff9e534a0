"""Solved images against exact conductivities of the geometries that they show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closo.models import mixing
from closo.models.percolation import checkerboard, cubic_array, from_corners, square_array
from closo.models.transport import resolved, solve


def octant(cells: int, phi: float, shell_ratio: float, *, subvoxels: int) -> np.ndarray:
    """Return an eighth of the cubic cell, a sphere at its corner: mirrors at the sides, potentials at the ends."""
    x = (np.arange(cells * subvoxels) + 0.5) / (2 * cells * subvoxels)
    r = np.sqrt(x[:, None, None] ** 2 + x[:, None] ** 2 + x**2)
    radius = (3 * phi / (4 * np.pi)) ** (1 / 3)
    return np.select([r <= radius, r <= radius * (1 + 2 * shell_ratio)], [0, 2], 1).astype(np.uint8)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_random_laminates_are_exact(data):
    layers = np.array(data.draw(st.lists(st.sampled_from([1, 2, 3]), min_size=2, max_size=12)), np.uint8)
    sigma = {1: 1.0, 2: 1e3, 3: data.draw(st.floats(1e-3, 1e3))}
    labels = np.broadcast_to(layers[:, None, None], (len(layers), 3, 2)).copy()
    of = np.array([sigma[layer] for layer in layers])
    boundary = data.draw(st.sampled_from(["electrode", "periodic"]))
    for axis, exact in ((0, 1 / np.mean(1 / of)), (1, np.mean(of))):
        found = solve(labels, sigma, axis=axis, boundary=boundary, tolerance=1e-11)
        assert found.effective_conductivity == pytest.approx(exact, rel=1e-10)


def board(contrast: float, voxels: tuple[int, ...]) -> list[float]:
    """Return the conductivities of checkerboards with so many voxels along the side of a square."""
    found = []
    for n in voxels:
        i = np.arange(2 * n) // n
        labels = (1 + (i[:, None] + i) % 2).astype(np.uint8)
        found.append(solve(labels, {1: 1.0, 2: contrast}, boundary="periodic", tolerance=1e-7).effective_conductivity)
    return found


@pytest.mark.parametrize("contrast", [3.0, 10.0, 100.0, 1000.0])
def test_checkerboard_is_within_the_stated_error_of_the_extrapolation(contrast):
    """Each grid is low, at contrast 100 by 40 % with 64 voxels a square: the corners. The stated error says so."""
    exact = float(checkerboard(1.0, contrast))
    grids = board(contrast, (16, 32, 64))
    assert np.all(np.diff(grids) > 0)
    assert grids[-1] < exact
    value, u = from_corners(grids, contrast)
    assert abs(value - exact) <= u
    if contrast <= 100:
        assert u < 0.05 * value
        assert abs(value - exact) < 0.1 * (exact - grids[-1])  # the extrapolation is worth its while
    else:
        assert u > 0.5 * value  # and says where it is not


def extrapolated(images: tuple[np.ndarray, np.ndarray], sigma: dict[int, float]) -> float:
    """Return 2 fine - coarse: what composite links get wrong falls with the first power of the cell."""
    coarse, fine = (solve(image, sigma, subvoxels=4).effective_conductivity for image in images)
    return 2 * fine - coarse


COATED = [(100.0, 0.125), (1000.0, 0.125), (100.0, 0.25)]


@pytest.mark.parametrize(("contrast", "shell_ratio"), COATED)
def test_two_grids_are_within_half_a_percent_and_the_stated_error_of_coated_cubic_arrays(contrast, shell_ratio):
    phi = 0.30 / (1 + 2 * shell_ratio) ** 3
    exact = cubic_array(phi, core=0.0, shell=contrast, shell_ratio=shell_ratio)
    found = resolved(
        lambda cells: octant(cells, phi, shell_ratio, subvoxels=4),
        16,
        {0: 0.0, 1: 1.0, 2: contrast},
        boundary="electrode",
        subvoxels=4,
    )
    assert found.effective_conductivity == pytest.approx(exact, rel=5e-3)
    assert abs(found.effective_conductivity - exact) <= 2 * found.u
    assert found.fine.effective_conductivity > 1.01 * exact  # one grid smears a shell that touches no other


@pytest.mark.parametrize("core", [0.0, 10.0])
def test_bare_cubic_array_on_two_grids_is_within_half_a_percent(core):
    images = tuple(octant(cells, 0.45, 0.0, subvoxels=4) for cells in (16, 32))
    assert extrapolated(images, {0: core, 1: 1.0}) == pytest.approx(cubic_array(0.45, core=core), rel=5e-3)


def test_binary_voxels_of_a_cubic_array_extrapolate_to_it():
    """One grid of binary voxels is low by more than half a percent; its error falls with the step."""
    exact = cubic_array(0.154, core=0.0)
    found = [solve(octant(n, 0.154, 0.0, subvoxels=1), {0: 0.0, 1: 1.0}).effective_conductivity for n in (16, 32, 64)]
    errors = np.abs(np.array(found) / exact - 1)
    assert np.all(np.diff(errors) < 0)
    value, u = 2 * found[2] - found[1], abs(found[2] - found[1]) / 2
    assert abs(value - exact) <= 2 * u


@pytest.mark.parametrize("core", [0.0, 20.0])
def test_square_array_of_cylinders_on_two_grids_is_within_half_a_percent(core):
    def quarter(cells: int) -> np.ndarray:
        x = (np.arange(4 * cells) + 0.5) / (8 * cells)
        inside = x[:, None] ** 2 + x**2 <= 0.5 / np.pi
        return np.repeat(np.where(inside, 0, 1).astype(np.uint8)[:, :, None], 4, axis=2)

    images = (quarter(24), quarter(48))
    assert extrapolated(images, {0: core, 1: 1.0}) == pytest.approx(square_array(0.5, core=core), rel=5e-3)


@pytest.mark.parametrize("shell_ratio", [0.125, 0.25])
def test_neutral_coated_spheres_leave_the_matrix_as_it_is(shell_ratio):
    """Hashin's coated sphere in a matrix of its own conductivity changes no field: exact for every arrangement."""
    matrix = float(mixing.coated_sphere(0.0, 10.0, shell_ratio))
    phi = 0.4 / (1 + 2 * shell_ratio) ** 3
    images = tuple(octant(cells, phi, shell_ratio, subvoxels=4) for cells in (16, 32))
    assert extrapolated(images, {0: 0.0, 1: matrix, 2: 10.0}) == pytest.approx(matrix, rel=5e-3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), axis=st.integers(0, 2), boundary=st.sampled_from(["electrode", "periodic"]))
def test_a_wall_of_any_shape_gives_exactly_zero(seed, axis, boundary):
    random = np.random.default_rng(seed)
    labels = random.choice(4, p=[0.1, 0.4, 0.4, 0.1], size=(9, 6, 7)).astype(np.uint8)
    height = random.integers(2, 7, (6, 7))
    low, high = height.copy(), height.copy()
    for d in (0, 1):
        for step in (1, -1):  # closed where the wall steps, also across the periodic sides
            other = np.roll(height, step, d)
            low, high = np.minimum(low, other), np.maximum(high, other)
    i = np.arange(9)[:, None, None]
    labels[(i >= low) & (i <= high)] = random.choice([0, 3])
    sigma = {0: 0.0, 1: 1.0, 2: 1e4, 3: 0.0}
    found = solve(np.moveaxis(labels, 0, axis).copy(), sigma, axis=axis, boundary=boundary)
    assert (found.effective_conductivity, found.lower, found.upper) == (0.0, 0.0, 0.0)
    assert found.reason
