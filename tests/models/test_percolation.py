"""Amounts of shell, thresholds, exact arrays, the checkerboard, and the figure over filler fraction."""

from __future__ import annotations

import numpy as np
import pytest

from closo.errors import StudyError
from closo.figures import save
from closo.models import mixing, percolation
from closo.models.percolation import Points, conductivity_figure, cubic_array, square_array

# Sangani and Acrivos 1983 (DOI 10.1098/rspa.1983.0020): simple cubic coefficients of their series, as published
SERIES = (1.3047, 0.2305, 0.4054, 0.07231, 0.1526, 0.0105)


def series(phi: float, k: float) -> float:
    """Return the published series for spheres of conductivity k, good to terms of phi^(25/3)."""
    a, b, c, d, e, f = SERIES
    first, second, third, fourth, fifth = (
        1.0 if np.isinf(k) else (k - 1) / (k + 2 * i / (2 * i - 1)) for i in range(1, 6)
    )
    below = -1 / first + phi
    below += a * second * phi ** (10 / 3) * (1 + b * third * phi ** (11 / 3)) / (1 - c * second * phi ** (7 / 3))
    below += d * third * phi ** (14 / 3) + e * fourth * phi**6 + f * fifth * phi ** (22 / 3)
    return 1 - 3 * phi / below


@pytest.mark.parametrize("k", [np.inf, 10.0, 0.1, 0.0])
@pytest.mark.parametrize("phi", [0.05, 0.1, 0.2])
def test_cubic_arrays_agree_with_the_published_series(k, phi):
    assert cubic_array(phi, core=k) == pytest.approx(series(phi, k), rel=2e-5)


@pytest.mark.parametrize("core", [np.inf, 0.0, 100.0])
def test_cubic_arrays_converge_to_a_millionth_up_to_half(core):
    for phi in (0.3, 0.45, 0.5):
        assert cubic_array(phi, core=core) == pytest.approx(cubic_array(phi, core=core, order=61), rel=1e-6)


def test_nearly_touching_conductors_follow_the_logarithm():
    """Keller 1963, DOI 10.1063/1.1729580: sigma grows by pi/2 per factor e of the gap between perfect conductors."""
    gap = np.array([0.03, 0.02])  # of the distance between centres
    sigma = [cubic_array(np.pi / 6 * (1 - g) ** 3, core=np.inf, order=51) for g in gap]
    assert (sigma[1] - sigma[0]) / np.log(gap[0] / gap[1]) == pytest.approx(np.pi / 2, rel=0.1)


def test_cubic_arrays_in_their_limits():
    assert cubic_array(0.3, core=5.0, matrix=5.0) == pytest.approx(5.0, rel=1e-12)
    assert cubic_array(1e-4, core=0.0) == pytest.approx(mixing.maxwell_garnett(1.0, 0.0, 1e-4), rel=1e-9)
    same = cubic_array(0.1, core=0.0, matrix=1.0, shell=1.0, shell_ratio=0.2)
    assert same == pytest.approx(cubic_array(0.1, core=0.0), rel=1e-9)
    thick = cubic_array(0.1, core=7.0, matrix=1.0, shell=7.0, shell_ratio=0.2)
    assert thick == pytest.approx(cubic_array(0.1 * 1.4**3, core=7.0), rel=1e-9)
    bare = cubic_array(0.1, core=0.0, matrix=1.0, shell=0.0, shell_ratio=0.2)
    assert bare == pytest.approx(cubic_array(0.1 * 1.4**3, core=0.0), rel=1e-9)


def test_a_neutral_coated_sphere_is_not_seen():
    matrix = float(mixing.coated_sphere(0.0, 10.0, 0.125))
    assert cubic_array(0.2, core=0.0, matrix=matrix, shell=10.0, shell_ratio=0.125) == pytest.approx(matrix, rel=1e-12)


def test_cubic_arrays_lie_within_the_bounds():
    phi = 0.4
    for core in (0.01, 20.0):
        low, high = mixing.hashin_shtrikman([1.0, core], [1 - phi, phi])
        assert low < cubic_array(phi, core=core) < high


@pytest.mark.parametrize("phi", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("k", [2.0, 50.0, np.inf])
def test_square_arrays_obey_kellers_theorem(phi, k):
    assert square_array(phi, core=k) * square_array(phi, core=1 / k) == pytest.approx(1.0, rel=1e-9)


def test_square_arrays_agree_with_rayleighs_series():
    """sigma = 1 - 2 phi / (T + phi - 0.305827 phi^4 / T - 0.013362 phi^8 / T), T = (1 + k)/(1 - k): Perrins 1979."""
    for k in (10.0, 0.0):
        for phi in (0.2, 0.4):
            t = (1 + k) / (1 - k)
            below = t + phi - 0.305827 * phi**4 * t / (t**2 - 1.402958 * phi**8) - 0.013362 * phi**8 / t
            assert square_array(phi, core=k) == pytest.approx(1 - 2 * phi / below, rel=1e-5)


def test_spheres_that_touch_are_refused():
    with pytest.raises(StudyError, match="touch"):
        cubic_array(0.3, core=0.0, shell=1.0, shell_ratio=0.25)
    with pytest.raises(StudyError, match="odd"):
        cubic_array(0.3, core=0.0, order=4)
    with pytest.raises(StudyError, match="matrix"):
        square_array(0.3, core=1.0, matrix=0.0)


def test_overlapping_fractions_agree_with_random_points():
    random = np.random.default_rng(1)
    diameter, ratio, box, phi = 1.0, 0.25, 8.0, 0.3
    found = []
    for _ in range(24):
        count = random.poisson(-np.log(1 - phi) * box**3 * 6 / np.pi)
        centres, point = random.uniform(0, box, (count, 3)), random.uniform(0, box, (400, 1, 3))
        apart = np.abs(point - centres)
        nearest = np.sqrt((np.minimum(apart, box - apart) ** 2).sum(-1)).min(1)
        found.append([np.mean(nearest < 0.5 * diameter), np.mean(nearest < (0.5 + ratio) * diameter)])
    mean, u = np.mean(found, 0), np.std(found, 0, ddof=1) / np.sqrt(len(found))
    filler, shell, matrix = percolation.overlapping_fractions(phi, ratio)
    assert filler + shell + matrix == pytest.approx(1.0)
    assert np.all(np.abs(mean - [filler, filler + shell]) < 4 * u)


def test_little_filler_has_the_shell_of_single_spheres():
    phi = 1e-6
    overlapping, hard = percolation.overlapping_fractions(phi, 0.3)[1], percolation.hard_fractions(phi, 0.3)[1]
    assert overlapping == pytest.approx(hard, rel=1e-5)
    assert percolation.hard_fractions(percolation.hard_saturation(0.3), 0.3)[2] == pytest.approx(0.0, abs=1e-12)


def test_surface_density_and_pores_by_hand():
    """A silica of 200 m2/g and 2.2 g/cm3: 13.6 nm; without the density it would be 30 nm."""
    assert percolation.sphere_diameter(200e3, density=2200.0) == pytest.approx(13.636e-9, rel=1e-4)
    thin = percolation.shell_fraction_of_surface(0.3, 200e3, 1e-12, density=2200.0, overlapping=False)
    assert thin == pytest.approx(0.3 * 2200 * 200e3 * 1e-12, rel=1e-3)  # area x thickness
    film = percolation.film_thickness(0.3, 200e3, density=2200.0)
    assert film * 0.3 * 2200 * 200e3 == pytest.approx(0.7)
    phi = percolation.pore_filling_fraction(0.693e-3, density=2200.0)
    assert phi / 2200 * (1 + 2200 * 0.693e-3) == pytest.approx(1 / 2200)
    assert percolation.interface_fraction(0.5, 10.0) == 1.0


def test_thresholds():
    """Shells of no thickness: the spheres' own threshold 0.2896 (DOI 10.1063/1.1338506)."""
    assert percolation.overlapping(0.0).onset == pytest.approx(0.28957, abs=1e-5)
    onsets = percolation.overlapping(np.array([0.0, 0.1, 0.3, 1.0])).onset
    assert np.all(np.diff(onsets) < 0)
    p = np.linspace(0, 1, 11)
    np.testing.assert_allclose(sum(percolation.cube_bonds(p)), 1.0)
    np.testing.assert_allclose(percolation.cube_bonds(p)[0], percolation.cube_bonds(1 - p)[2])


def test_cubes_join_at_their_threshold():
    """Cubes that touch at least at a corner span boxes more often above the threshold than below, larger boxes more."""
    from scipy.ndimage import label

    def spanning(p: float, edge: int) -> float:
        hits = 0
        for seed in range(20):
            found, _ = label(np.random.default_rng(seed).random((edge, edge, edge)) < p, np.ones((3, 3, 3)))
            hits += bool(set(found[0].ravel()) & set(found[-1].ravel()) - {0})
        return hits / 20

    onset = percolation.cubes().onset
    assert spanning(onset - 0.02, 32) <= 0.2
    assert spanning(onset + 0.02, 32) >= 0.8


def test_power_laws_have_their_exponents():
    near, far = percolation.near_onset(np.array([0.099, 0.09]), 0.1)
    assert np.log(near / far) / np.log(10) == pytest.approx(percolation.S_3D)
    near, far = percolation.near_end(np.array([0.89, 0.8]), 0.9)
    assert np.log(far / near) / np.log(10) == pytest.approx(percolation.T_3D)
    assert percolation.at_onset(1.0) == 1.0


@pytest.mark.parametrize("contrast", [2.0, 100.0, 1e4])
def test_corner_exponent_solves_the_conditions_at_the_edges(contrast):
    """A field even about the middle of one square, odd about that of the next: s1 tan(l pi/4) = s2 / tan(l pi/4)."""
    angle = percolation.corner_exponent(contrast) * np.pi / 4
    assert contrast * np.tan(angle) == pytest.approx(1 / np.tan(angle))
    assert percolation.corner_exponent(1 / contrast) == pytest.approx(percolation.corner_exponent(contrast))


def test_corner_extrapolation_needs_three_grids():
    with pytest.raises(StudyError, match="three"):
        percolation.from_corners([1.0, 2.0], 10.0)
    with pytest.raises(StudyError, match="contrast"):
        percolation.corner_exponent(0.0)


def test_figure_has_its_lines_and_points(tmp_path):
    x = np.array([0.1, 0.3, 0.5])
    voxels = Points(x, [2e-5, 2e-4, 1e-4], [2e-6, 2e-5, 1e-5], "voxels")
    data = Points(x, [3e-5, 1e-4, 5e-5], [1e-5, 3e-5, 1e-5], "measured")
    spec = conductivity_figure(matrix=1e-5, shell=1e-3, shell_ratio=0.25, voxels=voxels, data=[data])
    labels = [trace.label for trace in spec.panels[0].traces]
    assert {"Wiener, upper", "Bruggeman, coated", "voxels", "measured"} <= set(labels)
    assert all(np.all(np.asarray(trace.y) > 0) for trace in spec.panels[0].traces)
    wiener = spec.panels[0].traces[0]
    assert wiener.y[0] == pytest.approx(1e-5)
    assert all(path.stat().st_size > 0 for path in save(spec, tmp_path, ("png",)))
    with pytest.raises(StudyError, match="above 0"):
        conductivity_figure(matrix=0.0, shell=1.0, shell_ratio=0.25)
    with pytest.raises(StudyError, match="as many"):
        conductivity_figure(matrix=1.0, shell=2.0, shell_ratio=0.25, data=[Points([0.1], [1.0, 2.0])])
