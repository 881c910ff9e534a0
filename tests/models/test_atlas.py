"""The atlas of conductivities: limits, monotony, interpolation of a known function, and fresh solves between the nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closo.errors import StudyError
from closo.models import atlas
from closo.models.atlas import making
from closo.models.microstructure import aggregates, overlapping_spheres, sample
from closo.models.transport import resolved

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
    """Two grids of a geometry that the table has not seen."""
    phi = 0.3
    solved, error = fresh(phi, 0.1, 1.0, aggregation="dispersed", width=6)
    value, u = atlas.ratio(phi, 0.1, 1.0)
    assert abs(value - solved) < 3 * math.hypot(u, error, 0.02)  # a box of 6 diameters scatters by 2 %
    assert u < 0.03


@BOTH
def test_a_thicker_shell_gains_more_from_the_first_contrast(aggregation):
    shells = np.geomspace(0.03, 0.5, 17)
    gain = np.subtract(*(atlas.ratio(0.37, shells, contrast, aggregation)[0] for contrast in (1.05, 1.0)))
    assert np.all(np.diff(gain) > 0)
    assert gain[0] < 0.2 * gain[-1] < 0.2 * math.log(1.05)


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
    """What a solve would give if its grid added 0.05 to every value."""
    shell, contrast = np.array(making.SHELLS)[:, None], np.array(making.CONTRASTS)[None]
    value = known(task.fraction, shell, contrast)
    if task.refined:
        return np.stack([np.full_like(value, -0.05), np.zeros_like(value), np.full_like(value, 0.01)])
    step = 1e-4
    slope = (known(task.fraction, shell, contrast * (1 + step)) - value) / math.log1p(step)
    return np.stack([np.stack([value + 0.05, slope])] * len(making.AXES), axis=1)


def test_a_known_law_comes_back_between_the_nodes_within_its_uncertainty(monkeypatch):
    table = making.reduce({task: made_up(task) for task in making.tasks()})
    assert table["u_scatter"].max() < 1e-12
    monkeypatch.setattr(atlas, "_table", lambda: table)
    phi, shell, contrast = inside(300, seed=5)
    for aggregation in atlas.AGGREGATIONS:
        value, u = atlas.ratio(phi, shell, contrast, aggregation)
        truth = np.array([known(p, s, c) for p, s, c in zip(phi, shell, contrast, strict=True)])
        assert np.abs(value - truth).max() < 0.1
        assert (np.abs(value - truth) < u).mean() > 0.9  # u also holds a doubt about the grid, which is right here


def test_boxes_that_finer_grids_change_differently_are_doubted():
    results = {task: made_up(task) for task in making.tasks()}
    for task, result in results.items():
        if task.seed == making.FINE_SEEDS[0]:
            result[0] += 0.2
    table = making.reduce(results)
    assert table["u_grid"] == pytest.approx(math.hypot(0.01, 0.1))  # half of the difference


def test_a_task_gives_conductivities_and_their_derivatives(monkeypatch):
    for name, value in (("BOX", {"dispersed": 3}), ("FINE_BOX", 3), ("GRID", 4), ("SHELLS", (0.2,)), ("AXES", (0, 2))):
        monkeypatch.setattr(making, name, value)
    monkeypatch.setattr(making, "MOST_CELLS", 24**3)
    task = making.Task("dispersed", 0.2, 5)
    found = making.run(task)
    assert found.shape == (2, 2, 1, 4)
    geometry, contrast = overlapping_spheres(3, 1, 0.2, seed=5), making.CONTRASTS[1]
    labels = sample(geometry, 12, subvoxels=4, shell=0.2).labels
    assert found[0, 1, 0, 1] == making.conduct(labels, contrast, axis=2)[0]
    monkeypatch.setattr(making, "_TOLERANCE", 1e-7)
    up, down = (making.conduct(labels, contrast * f, axis=2)[0] for f in (1.01, 1 / 1.01))
    assert found[1, 1, 0, 1] == pytest.approx((up - down) / (2 * math.log(1.01)), rel=0.02)


def test_a_task_on_finer_grids_gives_what_they_add(monkeypatch):
    for name, value in (("FINE_BOX", 3), ("GRID", 4), ("SHELLS", (0.2, 0.3)), ("MOST_CELLS", 24**3)):
        monkeypatch.setattr(making, name, value)
    found = making.run(making.Task("dispersed", 0.2, making.FINE_SEEDS[0]))
    assert found.shape == (3, 2, 4)
    assert np.array_equal(found[::2, 0, 0], found[::2, 1, 0])  # without contrast the shell makes no difference
    assert found[1, 0, 0] != found[1, 1, 0]  # but to what more contrast would
    geometry, contrast = overlapping_spheres(3, 1, 0.2, seed=making.FINE_SEEDS[0]), making.CONTRASTS[2]

    def labels(cells: int) -> np.ndarray:
        return sample(geometry, cells, subvoxels=4, shell=0.3).labels

    fine = resolved(labels, 12, {0: 0.0, 1: 1.0, 2: contrast}, subvoxels=4)
    plain, _ = making.conduct(labels(12), contrast)
    assert found[0, 1, 2] == pytest.approx(math.log(fine.effective_conductivity) - plain, abs=1e-3)
    assert found[2, 1, 2] == pytest.approx(fine.relative_u, rel=0.02)


def fresh(phi: float, shell: float, contrast: float, *, aggregation: str, width: int) -> tuple[float, float]:
    """Return ln(ratio) of an unseen box, the mean of two directions from two grids, and the uncertainty of the grids."""
    grow = overlapping_spheres if aggregation == "dispersed" else aggregates
    geometry = grow(width, 1, phi, seed=91)

    def labels(cells: int) -> np.ndarray:
        return sample(geometry, cells, subvoxels=4, shell=shell).labels

    phases = {0: 0.0, 1: 1.0, 2: contrast}
    found = [resolved(labels, 8 * width, phases, axis=a, subvoxels=4, tolerance=5e-4) for a in (0, 1)]
    return float(np.mean([math.log(each.effective_conductivity) for each in found])), found[0].relative_u


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize(
    ("phi", "shell", "contrast"), [(0.12, 0.4, 300.0), (0.23, 0.14, 1e3), (0.37, 0.22, 40.0), (0.5, 0.08, 2e3)]
)
def test_fresh_solves_between_the_nodes_lie_within_the_stated_error(aggregation, phi, shell, contrast):
    value, u = atlas.ratio(phi, shell, contrast, aggregation)
    solved, error = fresh(phi, shell, contrast, aggregation=aggregation, width=5)
    scatter = 0.12  # of one box of 5 diameters in two directions, in ln
    assert abs(value - solved) < 2 * math.hypot(u, scatter, error)
