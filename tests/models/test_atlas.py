"""The atlas of conductivities: limits, monotony, interpolation of a known function, and fresh solves between the nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closo.errors import StudyError
from closo.models import atlas
from closo.models.atlas import making
from closo.models.microstructure import aggregates, overlapping_spheres, sample

BOTH = pytest.mark.parametrize("aggregation", atlas.AGGREGATIONS)


def inside(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random points of the table's range."""
    random = np.random.default_rng(seed)
    phi = random.uniform(0.05, 0.65, count)
    return phi, np.exp(random.uniform(math.log(0.03), math.log(0.5), count)), 10 ** random.uniform(0, 4, count)


@BOTH
def test_without_contrast_the_shell_makes_no_difference(aggregation):
    shells = np.geomspace(0.03, 0.5, 17)
    value, _ = atlas.ratio(0.37, shells, 1.0, aggregation)
    assert np.ptp(value) < 1e-9
    assert value[0] < math.log((1 - 0.37) / (1 + 0.37 / 2))  # Hashin and Shtrikman: no insulating filler does better


def test_without_contrast_it_is_the_conductivity_around_insulating_spheres():
    """Two grids extrapolated, of a geometry that the table has not seen."""
    phi, found = 0.3, []
    geometry = overlapping_spheres(6, 1, phi, seed=77)
    for grid in (4, 8):
        labels = sample(geometry, 6 * grid, subvoxels=4).labels
        found.append(np.mean([making.conduct(labels, 1.0, axis=axis)[0] for axis in range(3)]))
    fresh = 2 * found[1] - found[0]
    value, u = atlas.ratio(phi, 0.1, 1.0)
    assert abs(value - fresh) < 3 * math.hypot(u, 0.02)  # a box of 6 diameters scatters by 2 %
    assert u < 0.03


@BOTH
def test_more_contrast_never_conducts_less_and_never_more_than_in_proportion(aggregation):
    phi, shell, _ = inside(60)
    contrast = np.geomspace(1, 1e4, 81)
    value, _ = atlas.ratio(phi[:, None], shell[:, None], contrast[None], aggregation)
    steps = np.diff(value, axis=1)
    assert steps.min() >= -1e-12
    assert np.all(value <= np.log(contrast) + 1e-9)


@BOTH
def test_it_is_smooth(aggregation):
    """A step a thousand times smaller changes thousand times less, everywhere."""
    phi, shell, contrast = inside(200, seed=3)
    phi, shell, contrast = np.clip(phi, 0.051, 0.649), np.clip(shell, 0.031, 0.49), np.clip(contrast, 1.01, 9.9e3)
    here, _ = atlas.ratio(phi, shell, contrast, aggregation)
    for step in ((1e-6, 0, 0), (0, 1e-6, 0), (0, 0, 1e-6)):
        there, _ = atlas.ratio(phi * (1 + step[0]), shell * (1 + step[1]), contrast * (1 + step[2]), aggregation)
        assert np.abs(there - here).max() < 1e-4


def test_shapes_broadcast_and_uncertainties_are_positive():
    value, u = atlas.ratio(np.full((4, 1), 0.3), [0.1, 0.2, 0.3], 100.0)
    assert value.shape == u.shape == (4, 3)
    assert np.all(u > 0)
    assert atlas.ratio(0.3, 0.2, 10.0)[0].shape == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0.7, 0.1, 10.0), r"filler_fraction = 0\.7 .* 0\.05 to 0\.65"),
        ((0.3, 0.6, 10.0), r"shell_ratio = 0\.6 .* 0\.03 to 0\.5"),
        ((0.3, 0.1, 0.5), r"contrast = 0\.5 .* 1 to 10000"),
        ((0.3, float("nan"), 10.0), "shell_ratio = nan"),
        ((0.3, 0.1, 10.0, "agregated"), "agregated.*Did you mean 'aggregated'"),
    ],
)
def test_outside_of_the_table_is_said(arguments, said):
    with pytest.raises(StudyError, match=said):
        atlas.ratio(*arguments)


def test_hermite_is_exact_for_a_cubic_and_monotone_leaves_it_alone():
    nodes, at = np.array([0.0, 1.0, 2.5]), np.linspace(0, 2.5, 26)
    values, slopes = nodes + nodes**3 / 10, 1 + 0.3 * nodes**2
    rising = atlas.monotone(nodes, values[None], slopes[None])
    assert np.allclose(rising[1], slopes)
    found = atlas.hermite(nodes, *(np.repeat(r, 26, axis=0) for r in rising), at)
    assert found == pytest.approx(at + at**3 / 10)


def test_monotone_repairs_what_falls():
    nodes = np.array([0.0, 1.0, 2.0])
    values, slopes = atlas.monotone(nodes, np.array([[0.0, 2.0, 1.9]]), np.array([[-1.0, 9.0, 3.0]]))
    found = atlas.hermite(nodes, np.repeat(values, 50, axis=0), np.repeat(slopes, 50, axis=0), np.linspace(0, 2, 50))
    assert np.diff(found).min() >= -1e-12


def known(phi: float, shell: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """A smooth made-up law that rises with the contrast: weighted mean of two phases, and some tortuosity."""
    weight = 1 - np.exp(-4 * phi * shell)
    return np.log1p(weight * (contrast - 1)) + 1.5 * np.log1p(-phi)


def made_up(task: making.Task) -> np.ndarray:
    """What a solve would give if the error of the grid were linear in the width of a cell."""
    shell, contrast = np.array(task.shells)[:, None], np.array(making.CONTRASTS)[None]
    value = known(task.fraction, shell, contrast) - 0.2 / task.grid
    step = 1e-4
    slope = (known(task.fraction, shell, contrast * (1 + step)) - known(task.fraction, shell, contrast)) / math.log1p(
        step
    )
    return np.stack([np.stack([value, slope])] * len(task.axes), axis=1)


def test_a_known_law_comes_back_between_the_nodes_within_its_uncertainty(monkeypatch):
    table = making.reduce({task: made_up(task) for task in making.tasks()})
    assert table["u_scatter"].max() < 1e-12
    monkeypatch.setattr(atlas, "_table", lambda: table)
    phi, shell, contrast = inside(300, seed=5)
    for aggregation in atlas.AGGREGATIONS:
        value, u = atlas.ratio(phi, shell, contrast, aggregation)
        truth = np.array([known(p, s, c) for p, s, c in zip(phi, shell, contrast, strict=True)])
        assert np.abs(value - truth).max() < 0.1
        assert (np.abs(value - truth) < u).mean() > 0.9  # u also holds the doubt about the grid, which is none here


def test_the_line_through_grids_finds_what_is_linear_and_doubts_what_is_not():
    shape = (2, len(making.SHELLS), len(making.CONTRASTS))

    def fine(error):  # (seed, grid) -> results
        return {
            (seed, grid): np.full(shape, 3.0)[:, : making.THIN if grid == 16 else None] - error(1 / grid)
            for seed in making.FINE_SEEDS
            for grid in making.GRIDS
        }

    correction, doubt = making.grid_correction(fine(lambda h: 0.8 * h))
    assert correction == pytest.approx(0.8 / 4)
    assert doubt.max() <= 0.8 / 12 / 2 + 1e-9
    bent, more = making.grid_correction(fine(lambda h: 0.8 * h + 4 * h**2))
    assert np.all(np.abs(bent - (0.8 / 4 + 4 / 16))[0] < more)


def test_a_task_gives_conductivities_and_their_derivatives():
    task = making.Task("dispersed", 0.2, 5, 3, 4, (0, 2), (0.2,))
    found = making.run(task)
    assert found.shape == (2, 2, 1, 4)
    labels = sample(overlapping_spheres(3, 1, 0.2, seed=5), 12, subvoxels=4, shell=0.2).labels
    up, down = (making.conduct(labels, 10 ** (4 / 3) * f, axis=2, tolerance=1e-7)[0] for f in (1.01, 1 / 1.01))
    assert found[1, 1, 0, 1] == pytest.approx((up - down) / (2 * math.log(1.01)), rel=0.02)


def fresh(phi: float, shell: float, contrast: float, *, aggregation: str, seed: int) -> tuple[float, float]:
    """Return ln(ratio) of an unseen box of 5 diameters, extrapolated over two grids, and what the extrapolation adds."""
    grow = overlapping_spheres if aggregation == "dispersed" else aggregates
    geometry = grow(5, 1, phi, seed=seed)
    grids = (6, 12)
    coarse, finer = (
        np.mean(
            [
                making.conduct(sample(geometry, 5 * g, subvoxels=4, shell=shell).labels, contrast, axis=a)[0]
                for a in (0, 1)
            ]
        )
        for g in grids
    )
    return float(2 * finer - coarse), float(abs(finer - coarse))


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize(
    ("phi", "shell", "contrast"), [(0.12, 0.4, 300.0), (0.23, 0.14, 1e3), (0.37, 0.22, 40.0), (0.5, 0.08, 2e3)]
)
def test_fresh_solves_between_the_nodes_lie_within_the_stated_error(aggregation, phi, shell, contrast):
    value, u = atlas.ratio(phi, shell, contrast, aggregation)
    solved, step = fresh(phi, shell, contrast, aggregation=aggregation, seed=91)
    scatter = 0.12  # of one box of 5 diameters in two directions, in ln
    assert abs(value - solved) < 2 * math.sqrt(u**2 + scatter**2 + (step / 2) ** 2)
