"""Microstructures: fractions and shells against closed forms, hard spheres, fractal aggregates, repeatability, pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closo.errors import StudyError
from closo.figures import render, to_csv
from closo.models.microstructure import (
    Spheres,
    agglomerates,
    aggregate,
    aggregates,
    boolean_fraction,
    channel_fraction,
    connected_share,
    crossing,
    film_thickness,
    from_labels,
    hard_spheres,
    hexagonal_channels,
    overlapping_spheres,
    pathways_figure,
    radius_of_gyration,
    sample,
    slice_figure,
    with_void_spheres,
)

D = 10e-9
NAMES = ("overlapping", "hard", "aggregates", "agglomerates")


def make(kind: str, *, seed: int = 1, fraction: float = 0.25) -> Spheres:
    if kind == "overlapping":
        return overlapping_spheres(60e-9, D, fraction, seed=seed, sigma_ln=0.2)
    if kind == "hard":
        return hard_spheres(60e-9, D, fraction, seed=seed)
    if kind == "aggregates":
        return aggregates(60e-9, D, fraction, seed=seed, particles=8)
    return agglomerates(60e-9, D, fraction, seed=seed, domain_diameter=30e-9)


def periodic_distances(spheres: Spheres) -> np.ndarray:
    gap = spheres.centres[:, None] - spheres.centres[None]
    gap -= np.array(spheres.box) * np.round(gap / spheres.box)
    distance = np.linalg.norm(gap, axis=2)
    np.fill_diagonal(distance, np.inf)
    return distance


def one_sphere(box: float, radius: float) -> Spheres:
    return Spheres((box, box, box), np.full((1, 3), 0.43 * box), np.array([radius]), 0, 0, 0, "one sphere")


@pytest.mark.parametrize("kind", NAMES)
def test_the_fraction_wanted_is_reached_and_the_one_reached_is_what_a_sampling_counts(kind):
    spheres = make(kind)
    one = 4 / 3 * math.pi * spheres.radii.max() ** 3 / math.prod(spheres.box)
    assert spheres.reached == pytest.approx(0.25, abs=one)
    made = sample(spheres, 48, subvoxels=4)
    assert made.fractions[0] == pytest.approx(spheres.reached, abs=1e-3)
    assert made.asked[0] == 0.25
    assert sum(made.fractions.values()) == pytest.approx(1)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_the_number_of_overlapping_spheres_is_that_of_the_boolean_model(fraction):
    """Mean and scatter over seeds: the volume one sphere adds near the end is its own times what is free."""
    box = 100e-9
    expected = [
        boolean_fraction(len(overlapping_spheres(box, D, fraction, seed=seed).radii) / box**3, D) for seed in range(8)
    ]
    mean, error = np.mean(expected), np.std(expected, ddof=1) / math.sqrt(8)
    assert abs(mean - fraction) < 4 * error
    assert error < 0.01


def test_sizes_are_lognormal_with_the_median_asked_for():
    sizes = np.log(2 * overlapping_spheres(200e-9, D, 0.6, seed=5, sigma_ln=0.3).radii / D)
    count = len(sizes)
    assert count > 3000
    assert abs(sizes.mean()) < 4 * 0.3 / math.sqrt(count)
    assert abs(sizes.std() - 0.3) < 4 * 0.3 / math.sqrt(2 * count)


@pytest.mark.parametrize("thickness", [0.5e-9, 2e-9])
def test_the_shell_of_one_sphere_approaches_its_volume_as_the_grid_grows(thickness):
    box, radius = 40e-9, 9e-9
    exact = 4 / 3 * math.pi * ((radius + thickness) ** 3 - radius**3) / box**3
    errors = [
        abs(sample(one_sphere(box, radius), n, subvoxels=s, shell=thickness).fractions[2] / exact - 1)
        for n, s in ((10, 4), (20, 4), (20, 8))
    ]
    assert errors[-1] < 0.01
    assert errors[-1] < errors[0]


def test_the_distance_to_many_spheres_is_that_to_the_nearest_image():
    spheres, shell = make("overlapping", fraction=0.2), 3e-9
    made = sample(spheres, 20, subvoxels=2, shell=shell)
    places = (np.random.default_rng(0).integers(0, 40, (500, 3)) + 0.5) * made.edge
    gap = places[:, None] - spheres.centres[None]
    gap -= np.array(spheres.box) * np.round(gap / spheres.box)
    distance = (np.linalg.norm(gap, axis=2) - spheres.radii).min(axis=1)
    wanted = np.where(distance <= 0, 0, np.where(distance <= shell, 2, 1))
    found = made.labels[tuple((places / made.edge).astype(int).T)]
    clear = (np.abs(distance) > 1e-14) & (np.abs(distance - shell) > 1e-14)  # single precision
    assert clear.sum() > 490
    assert np.array_equal(found[clear], wanted[clear])


@pytest.mark.parametrize("fraction", [0.15, 0.3, 0.45, 0.58])
def test_hard_spheres_never_overlap(fraction):
    spheres = hard_spheres((60e-9, 70e-9, 80e-9), D, fraction, seed=2)
    assert periodic_distances(spheres).min() >= D * (1 - 1e-12)
    assert len(spheres.radii) * math.pi / 6 * D**3 / math.prod(spheres.box) == pytest.approx(spheres.reached)
    assert spheres.centres.min() >= 0
    assert np.all(spheres.centres < spheres.box)


def test_hard_spheres_of_many_sizes_never_overlap():
    for fraction in (0.25, 0.5):
        spheres = hard_spheres(60e-9, D, fraction, seed=3, sigma_ln=0.3)
        touching = spheres.radii[:, None] + spheres.radii[None]
        assert (periodic_distances(spheres) / touching).min() >= 1 - 1e-12


def test_hard_spheres_that_cannot_be_packed_say_what_can():
    with pytest.raises(StudyError, match=r"0\.6 is reachable"):
        hard_spheres(60e-9, D, 0.63, seed=1)


@pytest.mark.parametrize("dimension", [1.6, 1.8, 2.1])
def test_aggregates_have_the_fractal_dimension_asked_for(dimension):
    """Slope of ln N against ln Rg over sizes; the range is the scatter expected of single aggregates of 16 to 128."""
    numbers = (16, 32, 64, 128)
    radii = [
        np.mean([radius_of_gyration(aggregate(n, 1.0, seed=s, fractal_dimension=dimension)) for s in range(3)])
        for n in numbers
    ]
    slope = np.polyfit(np.log(radii), np.log(numbers), 1)[0]
    assert slope == pytest.approx(dimension, abs=0.05)


def test_mass_inside_a_radius_grows_with_the_fractal_dimension():
    """The independent way to see it: particles within r of a particle, for r between contacts and the edge."""
    inner = np.geomspace(1.5, 5, 6)
    mass = np.zeros(6)
    for seed in range(4):
        centres = aggregate(256, 1.0, seed=seed, fractal_dimension=1.8, overlap=0.0)
        distance = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        mass += [(distance < r).sum(axis=1).mean() for r in inner]
    slope = np.polyfit(np.log(inner), np.log(mass), 1)[0]
    assert 1.4 < slope < 2.1  # edges of finite clusters lower it; compact ones would give 3, chains 1


def test_an_aggregate_is_connected_and_its_neighbours_overlap_as_asked():
    from scipy.sparse.csgraph import connected_components

    centres = aggregate(64, D, seed=4, overlap=0.2)
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    assert connected_components(distance < 0.8 * D * (1 + 1e-6))[0] == 1
    np.fill_diagonal(distance, np.inf)
    assert distance.min() == pytest.approx(0.8 * D, rel=1e-5)


def test_aggregates_leave_larger_holes_than_independent_spheres():
    apart = overlapping_spheres(120e-9, D, 0.1, seed=1)
    together = aggregates(120e-9, D, 0.1, seed=1, particles=64, fractal_dimension=2.1)
    assert film_thickness(together, 0.95) > 1.2 * film_thickness(apart, 0.95)


def test_agglomerates_cluster_spheres_that_do_not_overlap():
    spheres = agglomerates(100e-9, D, 0.2, seed=1, domain_diameter=50e-9)
    distance = periodic_distances(spheres)
    assert distance.min() >= D * (1 - 1e-12)
    assert spheres.reached == pytest.approx(0.2, abs=math.pi / 6 * D**3 / 100e-9**3)
    dispersed = hard_spheres(100e-9, D, 0.2, seed=1)
    near = [(d < 1.5 * D).sum(axis=1).mean() for d in (distance, periodic_distances(dispersed))]
    assert near[0] > 1.5 * near[1]


@pytest.mark.parametrize("kind", NAMES)
def test_a_seed_repeats_and_another_seed_differs(kind):
    first, again, other = make(kind), make(kind), make(kind, seed=2)
    assert first.centres.tobytes() == again.centres.tobytes()
    assert first.radii.tobytes() == again.radii.tobytes()
    assert first.centres.tobytes() != other.centres.tobytes()
    assert sample(first, 12).labels.tobytes() == sample(again, 12).labels.tobytes()


def test_two_resolutions_are_the_same_composite():
    spheres = with_void_spheres(make("aggregates"), 6e-9, 0.1, seed=9)
    coarse = sample(spheres, 20, shell=2e-9)
    fine = sample(spheres, 20, subvoxels=1, shell=2e-9)
    assert coarse.labels.tobytes() == fine.labels.tobytes()
    thrice = sample(spheres, 60, shell=2e-9)  # the middle of three samples is the sample of the coarse grid
    assert np.array_equal(thrice.labels[1::3, 1::3, 1::3], coarse.labels)


def test_voids_fill_what_was_asked_and_only_outside_of_particles():
    spheres = with_void_spheres(make("overlapping", fraction=0.4), 5e-9, 0.15, seed=3)
    made, solid = (
        sample(spheres, 48, subvoxels=2, shell=1e-9),
        sample(make("overlapping", fraction=0.4), 48, subvoxels=2),
    )
    assert made.fractions[3] == pytest.approx(0.15, abs=2e-3)
    assert made.fractions[3] == pytest.approx(spheres.void_reached, abs=1e-3)
    assert np.array_equal(made.labels == 0, solid.labels == 0)
    with pytest.raises(StudyError, match="pores already"):
        sample(spheres, 12, filled_fraction=0.5)
    with pytest.raises(StudyError, match="void fraction"):
        with_void_spheres(spheres, 5e-9, 0.7, seed=3)


@pytest.mark.parametrize("filled", [0.0, 0.4, 0.9, 1.0])
def test_salt_fills_from_the_surface_outwards(filled):
    spheres = make("overlapping", fraction=0.3)
    made = sample(spheres, 48, subvoxels=2, shell=1e-9, filled_fraction=filled)
    outside = 1 - made.fractions[0]
    assert made.fractions[3] / outside == pytest.approx(1 - filled, abs=3e-3)
    assert made.asked[3] == pytest.approx((1 - filled) * 0.7)
    if 0 < filled < 1:  # every void is farther from the surface than any salt
        film = film_thickness(spheres, filled)
        salt = sample(spheres, 48, subvoxels=2, shell=film)
        assert np.array_equal(made.labels == 3, salt.labels == 1)


def test_channels_have_their_fraction_and_their_film():
    pitch, width, shell = 10e-9, 7e-9, 1e-9
    made = sample(hexagonal_channels(pitch, width), (4, 300, 520), shell=shell)
    assert 1 - made.fractions[0] == pytest.approx(channel_fraction(pitch, width), rel=2e-3)
    assert made.fractions[1] == pytest.approx(channel_fraction(pitch, width - 2 * shell), rel=2e-3)
    assert np.array_equal(made.labels[0], made.labels[3])
    empty = sample(hexagonal_channels(pitch, width), (4, 60, 104), filled_fraction=0)
    assert set(np.unique(empty.labels)) == {0, 3}
    half = sample(hexagonal_channels(pitch, width), (4, 300, 520), filled_fraction=0.5)
    assert half.fractions[3] == pytest.approx(channel_fraction(pitch, width) / 2, rel=1e-2)
    centre = channel_fraction(pitch, width / math.sqrt(2))  # the void is the inner half of each cylinder
    assert half.fractions[3] == pytest.approx(centre, rel=1e-2)


def test_channels_are_one_lattice_however_often_they_are_repeated():
    once = sample(hexagonal_channels(10e-9, 6e-9), (2, 30, 52)).labels
    twice = sample(hexagonal_channels(10e-9, 6e-9, repeats=2), (2, 60, 104)).labels
    assert (np.tile(once, (1, 2, 2)) != twice).mean() < 1e-3


def test_a_box_need_not_be_a_cube():
    spheres = overlapping_spheres((30e-9, 60e-9, 45e-9), D, 0.3, seed=1)
    made = sample(spheres, 12, subvoxels=2, shell=1e-9)
    assert made.labels.shape == (24, 48, 36)
    assert made.voxel_size == pytest.approx((2.5e-9,) * 3)
    with pytest.raises(StudyError, match="cubic"):
        sample(spheres, 11)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: overlapping_spheres(60e-9, D, 1.2, seed=1), "fraction"),
        (lambda: overlapping_spheres(60e-9, D, float("nan"), seed=1), "fraction"),
        (lambda: overlapping_spheres(60e-9, -1.0, 0.3, seed=1), "diameter"),
        (lambda: overlapping_spheres(5e-9, D, 0.3, seed=1), "fit"),
        (lambda: overlapping_spheres((1e-8, 2e-8), D, 0.3, seed=1), "edge"),
        (lambda: overlapping_spheres(6e-8, D, 0.3, seed=1, sigma_ln=3.0), "sigma_ln"),
        (lambda: aggregate(0, D, seed=1), "particles"),
        (lambda: aggregate(8, D, seed=1, fractal_dimension=2.9), "dimension"),
        (lambda: aggregate(8, D, seed=1, overlap=0.7), "overlap"),
        (lambda: agglomerates(60e-9, D, 0.55, seed=1, domain_diameter=30e-9), "below"),
        (lambda: hexagonal_channels(10e-9, 10e-9), "overlap"),
        (lambda: sample(make("overlapping"), 12, subvoxels=3), "even"),
        (lambda: sample(make("overlapping"), 12, shell=-1e-9), "shell"),
        (lambda: sample(make("overlapping"), 0), "cells"),
        (lambda: sample(make("overlapping"), 100_000), "samples"),
        (lambda: sample(make("overlapping"), 12, filled_fraction=1.5), "filled"),
    ],
)
def test_what_cannot_be_made_is_said(wrong, said):
    with pytest.raises(StudyError, match=said):
        wrong()


def test_a_box_without_particles_is_all_matrix():
    for made in (sample(overlapping_spheres(60e-9, D, 0.0, seed=1), 8), sample(hard_spheres(60e-9, D, 0.0, seed=1), 8)):
        assert made.fractions == {0: 0.0, 1: 1.0, 2: 0.0, 3: 0.0}


def test_what_crosses_is_found_and_dead_ends_belong_to_it_but_islands_do_not():
    image = np.zeros((5, 6, 1), np.uint8)
    image[:, 1] = 2  # crosses along axis 0
    image[2, 2] = 2  # a dead end of it
    image[0:4, 4] = 2  # stops before the other side
    made = from_labels(image, {0: 0, 2: 2}, 1e-9)
    found = crossing(made, [2])
    assert found[:, 1].all()
    assert found[2, 2].all()
    assert not found[:, 4].any()
    assert connected_share(made, [2]) == pytest.approx(6 / 10)
    assert connected_share(made, [2], axis=1) == 0
    assert connected_share(made, [1]) == 0


def test_shells_of_few_spheres_do_not_percolate_and_those_of_many_do():
    """Overlapping coated spheres percolate at 34.2 vol% (core and shell together), far away from both cases."""
    few, many = (
        sample(overlapping_spheres(80e-9, D, fraction, seed=1), 40, subvoxels=2, shell=2.5e-9)
        for fraction in (0.04, 0.25)
    )
    assert connected_share(few, [2]) == 0
    assert connected_share(many, [2]) > 0.9


def test_pictures_show_the_slice_that_was_asked_for():
    image = np.zeros((3, 4, 5), np.uint8)
    image[1, 2, 3] = 1
    made = from_labels(image, {0: 0, 1: 1}, 1e-9)
    picture = slice_figure(made, 0, 1).panels[0].images[0]
    assert picture.z.shape == (5, 4)  # up: the last axis
    assert picture.z[3, 2] == 1
    assert picture.x_edges[-1] == pytest.approx(4)
    assert slice_figure(made, 0, 0).panels[0].images[0].z.max() == 0
    with pytest.raises(StudyError, match="0 to 2"):
        slice_figure(made, 0, 3)


def test_the_picture_of_pathways_separates_what_crosses_from_islands():
    image = np.ones((4, 5, 1), np.uint8)
    image[:, 1] = 2
    image[2, 3] = 2
    made = from_labels(image, {1: 1, 2: 2}, 1e-9)
    spec = pathways_figure(made, [2])
    shown = spec.panels[1].images[0]
    named = {shown.names[int(label)] for label in np.unique(shown.z)}
    assert named == {"matrix", "shell, connects both sides", "shell, dead end or island"}
    assert "80.0 %" in spec.summary
    assert len(render(spec, ("png",))["png"]) > 1000
    assert to_csv(spec).count("\n") == 3 + 20
