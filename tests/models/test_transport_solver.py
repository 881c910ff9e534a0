"""Conduction through voxel images: references, hard cases, tensor, composite links, maps, and the error of the grid."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from benchmarks.transport_images import spheres as benchmark_image

from closo.errors import StudyError
from closo.figures.draw import to_svg
from closo.models.microstructure import overlapping_spheres, sample
from closo.models.transport import (
    Options,
    current_figure,
    current_map,
    elimination,
    iteration,
    kernels,
    multigrid,
    over_seeds,
    resolved,
    solve,
    tensor,
)
from closo.models.transport.network import WALLS

REFERENCES = json.loads((Path(__file__).parents[2] / "benchmarks" / "transport_references.json").read_text())


def direct(labels: np.ndarray, sigma: np.ndarray, *, periodic: bool = False, gradient: int = 0) -> np.ndarray:
    """Mean current density at a mean field of 1 along axis `gradient`, from a sparse direct solve face by face."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    s = sigma[labels]
    index = np.arange(s.size).reshape(s.shape)
    a, b, g, jump, axis = [], [], [], [], []
    for d in range(3):
        n = s.shape[d]
        for lower, upper, over in ((np.arange(n - 1), np.arange(1, n), 0.0), ([n - 1], [0], 1.0)):
            if over and not periodic:
                continue
            p, q = np.take(s, lower, axis=d), np.take(s, upper, axis=d)
            with np.errstate(invalid="ignore", divide="ignore"):
                h = np.where(p * q > 0, 2 * p * q / (p + q), 0.0).ravel()
            a.append(np.take(index, lower, axis=d).ravel())
            b.append(np.take(index, upper, axis=d).ravel())
            g.append(h)
            jump.append(np.full(h.size, over * (d == gradient)))
            axis.append(np.full(h.size, d))
    a, b, g, jump, axis = (np.concatenate(v) for v in (a, b, g, jump, axis))
    source = np.zeros(s.size)
    np.add.at(source, a, -g * jump)
    np.add.at(source, b, g * jump)
    ground = np.zeros(s.size)
    if not periodic:
        ground[index[0].ravel()] += 2 * s[0].ravel()
        source[index[0].ravel()] += 2 * s[0].ravel()
        ground[index[-1].ravel()] += 2 * s[-1].ravel()
    used = np.zeros(s.size, bool)
    used[s.ravel() > 0] = True
    if periodic:
        ground[np.flatnonzero(used)[0]] += 1.0
    rows, columns = np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b])
    matrix = coo_matrix((np.concatenate([-g, -g, g, g]), (rows, columns)), shape=(s.size, s.size)).tocsc()
    matrix.setdiag(matrix.diagonal() + ground + np.where(used, 1e-9, 1.0))  # islands float: a little ground holds them
    x = spsolve(matrix, source)
    current = g * (x[a] - x[b] + jump)
    if not periodic:
        total = float((2 * s[0].ravel() * (1 - x[index[0].ravel()])).sum())
        return np.array([total * s.shape[0] / (s.shape[1] * s.shape[2])])
    return np.array([current[axis == d].sum() for d in range(3)]) * s.shape[gradient] / s.size


@pytest.mark.parametrize("contrast", [100.0, 1000.0])
@pytest.mark.parametrize("n", [64, 96])
def test_overlapping_spheres_agree_with_tight_references(n, contrast):
    found = solve(benchmark_image(n), {0: 0.0, 1: 1.0, 2: contrast}, tolerance=1e-4)
    expected = REFERENCES[f"spheres-{n}"][f"face {contrast:g}"]
    assert found.effective_conductivity == pytest.approx(expected, rel=1e-5)
    assert found.upper - found.lower < 1e-4 * found.effective_conductivity
    assert found.lower <= expected * (1 + 1e-9)
    assert expected <= found.upper * (1 + 1e-9)


@pytest.mark.parametrize("boundary", ["electrode", "periodic"])
def test_smoothing_after_the_coarse_grid_only_needs_fewer_steps_where_few_are_needed(boundary, monkeypatch):
    steps = []
    for many in (multigrid.MANY, 0):  # 0: every cycle is symmetric
        monkeypatch.setattr(iteration, "MANY", many)
        found = solve(benchmark_image(48), {0: 0.0, 1: 1.0, 2: 1000.0}, boundary=boundary, tolerance=1e-6)
        steps.append(found.iterations)
    assert steps[0] < steps[1]


def test_cycles_become_symmetric_where_many_are_needed(monkeypatch):
    labels = np.random.default_rng(0).integers(0, 3, (20, 20, 20)).astype(np.uint8)
    found = solve(labels, {0: 0.0, 1: 1.0, 2: 1e4}, boundary="periodic")
    monkeypatch.setattr(iteration, "MANY", 10**6)
    never = solve(labels, {0: 0.0, 1: 1.0, 2: 1e4}, boundary="periodic", max_iterations=2000)
    assert multigrid.MANY < found.iterations < never.iterations
    assert found.effective_conductivity == pytest.approx(never.effective_conductivity, rel=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_sites_near_the_threshold_agree_with_a_direct_solve(seed):
    labels = (np.random.default_rng(seed).random((24, 24, 24)) < 0.36).astype(np.uint8)
    found = solve(labels, {0: 0.0, 1: 1.0})
    if found.reason is not None:
        pytest.skip("this realisation does not percolate")
    assert found.effective_conductivity == pytest.approx(direct(labels, np.array([0.0, 1.0]))[0], rel=1e-4)


@pytest.mark.parametrize(("contrast", "boundary"), [(1.0, "electrode"), (50.0, "electrode"), (50.0, "periodic")])
def test_a_network_that_is_almost_a_tree_is_eliminated_and_agrees_with_the_iterations(monkeypatch, contrast, boundary):
    random, n = np.random.default_rng(1), 40 if boundary == "electrode" else 24
    labels = (random.random((n, n, n)) < 0.37) * random.integers(1, 3, (n, n, n)).astype(np.uint8)
    settings = {"conductivities": {0: 0.0, 1: 1.0, 2: contrast}, "voxel_size": (1.0, 2.0, 0.5), "boundary": boundary}
    found = solve(labels, **settings)
    assert found.iterations == 0
    assert found.upper - found.lower < 1e-6 * found.upper
    monkeypatch.setattr(elimination, "_LOOPS", -np.inf)
    iterated = solve(labels, **settings, tolerance=1e-5, max_iterations=3000)
    assert iterated.iterations > 0
    assert found.effective_conductivity == pytest.approx(iterated.effective_conductivity, rel=1e-5)
    assert found.derivatives == pytest.approx(iterated.derivatives, rel=1e-2)
    assert sum(d * c for d, c in zip(found.derivatives.values(), (contrast, 1.0), strict=True)) == pytest.approx(
        found.effective_conductivity, rel=1e-9
    )


def test_elimination_bears_a_contrast_at_which_iterations_do_not_end():
    random = np.random.default_rng(1)
    labels = (random.random((24, 24, 24)) < 0.4) * random.integers(1, 3, (24, 24, 24)).astype(np.uint8)
    found = solve(labels, {0: 0.0, 1: 1.0, 2: 1e7}, tolerance=1e-8)
    assert found.iterations == 0
    leaking = direct(labels, np.array([0.0, 1.0, 1e7]))[0]  # its ground of 1e-9 a cell takes 1e-6 of the current here
    assert found.effective_conductivity == pytest.approx(leaking, rel=1e-5)


def test_channels_that_are_not_connected_to_each_other_conduct_side_by_side_periodically():
    labels = np.zeros((12, 12, 12), np.uint8)
    for j in range(0, 12, 4):
        labels[:, j : j + 2, 3:7] = 1 + (j // 4) % 2
    found = solve(labels, {0: 0.0, 1: 1.0, 2: 5.0}, boundary="periodic", tolerance=1e-8)
    assert found.effective_conductivity == pytest.approx((2 * 8 * 1.0 + 8 * 5.0) / 144, rel=1e-7)


@pytest.mark.parametrize("contrast", [1e3, 1e6])
@pytest.mark.parametrize("boundary", ["electrode", "periodic"])
@pytest.mark.parametrize("shape", [(18, 18, 18), (40, 10, 6), (5, 17, 33)])
def test_thin_shells_and_necks_at_high_contrast_end_within_their_bounds(shape, boundary, contrast):
    random = np.random.default_rng(4)
    labels = np.ones(shape, np.uint8)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    for _ in range(25):
        r = np.linalg.norm(grid - random.random(3) * shape, axis=-1)
        labels[(r < 4) & (labels != 0)] = 2
        labels[r < 3] = 0
    found = solve(labels, {0: 0.0, 1: 1.0, 2: contrast}, boundary=boundary)
    assert math.isfinite(found.effective_conductivity)
    if found.reason is None:
        assert 0 < found.lower <= found.effective_conductivity <= found.upper
        exact = direct(labels, np.array([0.0, 1.0, contrast]), periodic=boundary == "periodic")[0]
        assert found.effective_conductivity == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("layers", [[2, 3, 3, 1], [1, 2, 3], [1, 1, 2], [3, 2]])
def test_small_odd_periodic_boxes_at_high_contrast_reach_double_precision(layers):
    # Single precision alone gave an energy of 0 for the first and never arrived for the second.
    sigma = {1: 1.0, 2: 1e3, 3: 1e-3}
    labels = np.broadcast_to(np.array(layers, np.uint8)[:, None, None], (len(layers), 3, 2)).copy()
    found = solve(labels, sigma, boundary="periodic", tolerance=1e-11)
    exact = 1 / np.mean([1 / sigma[layer] for layer in layers])
    assert found.effective_conductivity == pytest.approx(exact, rel=1e-10)


def test_the_tensor_agrees_with_a_direct_solve():
    labels = np.random.default_rng(2).integers(0, 3, (6, 7, 8)).astype(np.uint8)
    sigma = np.array([0.3, 1.0, 30.0])
    found = tensor(labels, dict(enumerate(sigma)), tolerance=1e-8)
    for axis in range(3):
        exact = direct(labels, sigma, periodic=True, gradient=axis)
        assert found.conductivity[axis] == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert (np.abs(found.error) < 1e-6).all()


@pytest.mark.parametrize("boundary", ["electrode", "periodic"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_composite_links_are_exact_for_layers_thinner_than_a_cell(axis, boundary):
    labels = np.ones((16, 8, 8), np.uint8)
    labels[::2] = 2
    found = solve(labels, {1: 1.0, 2: 1000.0}, axis=axis, boundary=boundary, subvoxels=4, tolerance=1e-7)
    exact = 2 / (1 + 1e-3) if axis == 0 else 500.5
    assert found.effective_conductivity == pytest.approx(exact, rel=2e-7)  # links are single precision


@pytest.mark.parametrize("rod_share", [0.0, 0.5])
def test_derivatives_of_composite_links_agree_with_differences(rod_share):
    labels = np.random.default_rng(1).integers(1, 4, (16, 12, 12)).astype(np.uint8)
    sigma = {1: 1.0, 2: 7.0, 3: 40.0}
    settings = {"subvoxels": 4, "rod_share": rod_share, "tolerance": 1e-7}
    found = solve(labels, sigma, **settings)
    for phase, value in sigma.items():
        up, down = (solve(labels, sigma | {phase: value * f}, **settings) for f in (1.01, 0.99))
        slope = (up.effective_conductivity - down.effective_conductivity) / (0.02 * value)
        assert found.derivatives[phase] == pytest.approx(slope, rel=1e-3)
    total = sum(found.derivatives[p] * s for p, s in sigma.items())
    assert total == pytest.approx(found.effective_conductivity, rel=1e-6)


def test_a_closed_wall_of_samples_gives_exactly_zero_with_composite_links():
    labels = np.ones((16, 8, 8), np.uint8)
    labels[9] = 0
    found = solve(labels, {0: 0.0, 1: 1.0}, subvoxels=4)
    assert found.effective_conductivity == 0.0
    assert "path" in found.reason


def coated_array(n: int) -> np.ndarray:
    """One cell of a simple-cubic array of insulating spheres with a shell: 30 vol% with shell, core 0.8 of the radius."""
    radius = (0.30 * 3 / (4 * math.pi)) ** (1 / 3)
    x = (np.arange(n) + 0.5) / n - 0.5
    r = np.sqrt(x[:, None, None] ** 2 + x[None, :, None] ** 2 + x[None, None, :] ** 2)
    return np.where(r < 0.8 * radius, 0, np.where(r < radius, 2, 1)).astype(np.uint8)


def test_a_path_of_samples_that_no_link_follows_is_said():
    labels = np.zeros((8, 8, 4), np.uint8)
    labels[:5, 3, 0] = labels[4:, 4, 0] = 1
    assert solve(labels, {0: 0.0, 1: 1.0}).effective_conductivity > 0
    found = solve(labels, {0: 0.0, 1: 1.0}, subvoxels=4)
    assert found.effective_conductivity == 0.0
    assert "use more cells" in found.reason


@pytest.mark.parametrize("seed", range(5))
def test_cells_that_links_leave_out_take_no_share_of_the_energy(seed):
    blocks = np.random.default_rng(seed).choice(3, p=[0.6, 0.2, 0.2], size=(8, 8, 8)).astype(np.uint8)
    labels = np.kron(blocks, np.ones((3, 3, 3), np.uint8))  # blocks of 3 samples on cells of 4
    sigma = {0: 0.0, 1: 1.0, 2: 20.0}
    found = solve(labels, sigma, subvoxels=4, tolerance=1e-6)
    total = sum(slope * sigma[label] for label, slope in found.derivatives.items())
    assert total == pytest.approx(found.effective_conductivity, rel=1e-5)


# By multipoles (Sangani and Acrivos 1983, DOI 10.1098/rspa.1983.0020) at a shell 100 times better than the matrix.
COATED_ARRAY = 2.1913


def test_a_coated_sphere_array_on_two_grids_is_right_within_half_a_percent_and_its_error():
    found = resolved(coated_array, 64, {0: 0.0, 1: 1.0, 2: 100.0})
    assert found.effective_conductivity == pytest.approx(COATED_ARRAY, rel=5e-3)
    assert abs(found.effective_conductivity - COATED_ARRAY) < 2 * found.u


def test_composite_links_smear_a_lonely_shell_and_the_error_says_so():
    found = resolved(lambda n: coated_array(4 * n), 32, {0: 0.0, 1: 1.0, 2: 100.0}, subvoxels=4)
    assert abs(found.effective_conductivity - COATED_ARRAY) < 2 * found.u
    assert found.u < 0.04 * COATED_ARRAY


def test_the_current_map_has_the_mean_current_and_no_current_in_what_does_not_conduct():
    image = benchmark_image(64)[:32, :24, :20]
    found = current_map(image, {0: 0.0, 1: 1.0, 2: 100.0}, Options(axis=1))
    assert found.current_density.shape == image.shape
    assert (found.current_density[image == 0] == 0).all()
    along = found.current_density.mean(axis=(0, 2))  # at least the mean current through every plane, as a modulus
    assert (along > 0.999).all()
    spec = current_figure(found, image)
    assert "times the mean" in spec.summary
    assert to_svg(spec).startswith("<?xml")
    with pytest.raises(StudyError, match="no slice"):
        current_figure(found, image, index=99)


def test_the_map_of_layers_is_known():
    labels = np.ones((8, 6, 4), np.uint8)
    labels[:, ::2] = 2
    found = current_map(labels, {1: 1.0, 2: 3.0})
    assert found.current_density[:, 1] == pytest.approx(0.5, rel=1e-5)
    assert found.current_density[:, 0] == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize(
    ("filled", "shell", "contrast"),
    [(0.354, 2.0, 100.0), (0.354, 2.0, 1000.0), (0.354, 1.0, 100.0), (0.354, 1.0, 1000.0), (0.2, 1.0, 1000.0)],
)
def test_the_stated_error_at_four_cells_per_radius_holds_the_limit_of_fine_grids(filled, shell, contrast):
    # The limit is judged from 12 cells per radius with both kinds of links. For shells of one cell at a contrast of 1000
    # that is itself a few percent high: there `benchmarks/grids.py`, with 32 cells per radius, is the sharper judge.
    geometry = overlapping_spheres(24.0, 8.0, filled, seed=3)

    def labels(cells: int) -> np.ndarray:
        return sample(geometry, cells, subvoxels=4, shell=shell).labels

    sigma = {0: 0.0, 1: 1.0, 2: contrast, 3: 0.0}
    found = resolved(labels, 24, sigma, subvoxels=4)
    image, settings = labels(72), {"boundary": "periodic", "subvoxels": 4, "tolerance": 1e-3}
    above, below = (solve(image, sigma, rod_share=share, **settings).effective_conductivity for share in (0.0, 0.5))
    limit, doubt = (above + below) / 2, (above - below) / 2
    assert abs(found.effective_conductivity - limit) < 2 * found.u + doubt
    if shell == 2.0:  # two cells: one grid is right to 1 %
        assert abs(found.effective_conductivity - limit) < 0.01 * limit + doubt
        assert found.u < 0.03 * limit
    elif filled < 0.3:  # close to where shells connect, which u must say
        assert found.u > 0.1 * limit
    else:
        assert found.u < 0.06 * limit


def test_cells_are_halved_until_the_error_asked_for_is_met():
    geometry, sigma = overlapping_spheres(3.0, 1.0, 0.35, seed=2), {0: 0.0, 1: 1.0, 2: 100.0}

    def labels(cells: int) -> np.ndarray:
        return sample(geometry, cells, subvoxels=4, shell=0.25).labels

    first = resolved(labels, 8, sigma, subvoxels=4)
    asked = resolved(labels, 8, sigma, subvoxels=4, within=0.02)
    assert first.relative_u > 0.02 >= asked.relative_u
    assert first.cells == 16 < asked.cells
    assert asked.effective_conductivity == resolved(labels, asked.cells // 2, sigma, subvoxels=4).effective_conductivity
    assert abs(first.effective_conductivity - asked.effective_conductivity) < 2 * first.u
    few = resolved(labels, 8, sigma, subvoxels=4, within=0.02, most=20**3)
    assert (few.cells, few.effective_conductivity, few.u) == (first.cells, first.effective_conductivity, first.u)


def test_without_samples_cells_are_halved_too():
    def layers(cells: int) -> np.ndarray:  # a third of the box conducts twice as well: no grid of 4, 8, 16 cells fits
        image = np.ones((cells, cells, cells), np.uint8)
        image[: round(cells / 3)] = 2
        return image

    found = resolved(layers, 4, {1: 1.0, 2: 2.0}, within=0.01)
    assert found.cells > 8
    assert found.effective_conductivity == pytest.approx(1 / (2 / 3 + 1 / 6), rel=0.02)


def test_a_path_that_only_the_coarse_grid_has_is_none_with_a_doubt():
    def labels(cells: int) -> np.ndarray:
        image = np.zeros((cells, cells, cells), np.uint8)
        image[:, 0] = 1
        if cells == 8:
            image[3] = 0
        return image

    found = resolved(labels, 8, {0: 0.0, 1: 1.0})
    assert found.effective_conductivity == 0
    assert found.u == pytest.approx(found.coarse.effective_conductivity)


def test_all_threads_find_what_one_does(monkeypatch):
    phases = {0: 0.0, 1: 1.0, 2: 100.0}
    one = solve(benchmark_image(24), phases)
    monkeypatch.setattr(kernels, "_LARGE", 0)
    both = solve(benchmark_image(24), phases)
    assert both.effective_conductivity == pytest.approx(one.effective_conductivity, rel=1e-4)
    assert both.iterations == one.iterations


def test_colours_in_one_pass_are_colours_one_after_the_other():
    random = np.random.default_rng(4)
    rho = random.choice(np.array([0.5, 50.0, WALLS[np.float32]], np.float32), (9, 8, 11))
    grid = (rho, np.zeros((3, 0, 1, 1), np.float32), np.ones(3, np.float32))
    source = np.zeros(rho.shape, np.float32)
    source[1:-1, 1:-1, 1:-1] = random.standard_normal((7, 6, 9))
    one, other = np.zeros_like(source), np.zeros_like(source)
    coarse = random.standard_normal((6, 5, 7)).astype(np.float32)
    kernels.prolong.one(one, coarse)
    for colour in (1, 0, 1, 0, 1):
        kernels.relax.one(grid, one, source, colour)
    kernels.relax_in_one_pass(grid, other, (source, coarse), (1, 0, 1, 0, 1))
    assert np.abs(one).max() > 0.1
    assert np.array_equal(one, other)


def test_what_two_grids_and_seeds_cannot_do_is_said():
    with pytest.raises(StudyError, match="even"):
        resolved(lambda n: np.ones((n, n, n), np.uint8), 5, {1: 1.0})
    with pytest.raises(StudyError, match="multiple of 4"):
        resolved(lambda n: np.ones((2 * n, 2 * n, 2 * n), np.uint8), 4, {1: 1.0}, subvoxels=2)
    with pytest.raises(StudyError, match=r"0\.2 % is asked for; two grids never tell less than 0\.3 %"):
        resolved(lambda n: np.ones((n, n, n), np.uint8), 4, {1: 1.0}, within=0.002)
    with pytest.raises(StudyError, match="scatter"):
        over_seeds(lambda seed: 1.0, [1])
    assert over_seeds(float, [1, 3]).u == pytest.approx(1.0)
