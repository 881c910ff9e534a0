"""Kinds of measurement with their dimensions: what fits, what is refused, and that it comes back from disk."""

import numpy as np
import pytest
import xarray as xr

from closo import readers
from closo.dataset import KINDS, load, new, require, save
from closo.errors import DataError
from closo.report.measurements import describe, write_measurement

ANGLE = np.linspace(10.0, 12.0, 5)


def image(counts=None):
    counts = np.arange(24).reshape(2, 3, 4) if counts is None else counts
    return new("energy_loss_image", {"energy_loss": np.arange(4.0), "counts": counts}, source="a.dm4")


def test_a_pattern_runs_along_its_angle_in_degrees():
    data = new("diffraction", {"two_theta": ANGLE, "counts": np.arange(5)}, source="a.xy")
    assert data["counts"].dims == ("two_theta",)
    assert data["two_theta"].attrs["units"] == "deg"
    require(data, "two_theta", "counts", who="a test")


def test_an_image_keeps_three_dimensions_and_whole_counts(tmp_path):
    data = image()
    assert dict(data.sizes) == {"y": 2, "x": 3, "energy_loss": 4}
    save(data, tmp_path / "a.nc")
    back = load(tmp_path / "a.nc")
    assert back["counts"].dtype.kind == "i"
    xr.testing.assert_equal(back, data)


def test_what_has_fewer_dimensions_says_along_which():
    thickness = xr.Variable(("y", "x"), np.ones((2, 3)))
    data = new(
        "energy_loss_image",
        {"energy_loss": np.arange(4.0), "counts": np.ones((2, 3, 4)), "thickness": thickness},
        source="a.dm4",
    )
    assert data["thickness"].dims == ("y", "x")
    assert data["thickness"].attrs["units"] == "m"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"two_theta": ANGLE, "counts": np.arange(4)}, r"differ in length: two_theta \(5,\), counts \(4,\)"),
        ({"counts": np.arange(5)}, "needs two_theta"),
        ({"two_theta": ANGLE}, "needs counts or intensity"),
        (
            {"two_theta": ANGLE, "counts": np.ones((5, 2))},
            "counts has 2 dimensions, but a diffraction pattern has two_theta",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(variables, words):
    with pytest.raises(DataError, match=words):
        new("diffraction", variables, source="a.xy")


def test_a_measurement_without_points_is_refused_by_whoever_needs_it():
    empty = new("diffraction", {"two_theta": [], "counts": []}, source="a.xy")
    with pytest.raises(DataError, match="no points"):
        require(empty, "counts", who="a test")


@pytest.mark.parametrize("kind", [row.name for row in KINDS.values() if len(row.dims) == 1 and row.name != "impedance"])
@pytest.mark.parametrize("suffix", ["csv", "nc"])
def test_every_kind_with_one_dimension_comes_back_from_an_export(kind, suffix, tmp_path):
    row = KINDS[kind]
    names = {group[0] for group in row.needs} | ({row.dims[0]} - {"point"}) or {"current"}
    data = new(kind, {name: np.arange(1.0, 6.0) for name in sorted(names)}, source="a.dat", metadata={"by": "a test"})
    path = write_measurement(data, tmp_path, stem="a", kind=suffix)
    (back,) = readers.read(path)
    assert back.attrs["kind"] == kind
    for name in names:
        assert back[name].dims == row.dims
        np.testing.assert_array_equal(back[name].values, data[name].values)


def test_an_image_comes_back_as_netcdf_and_is_refused_as_a_table(tmp_path):
    (back,) = readers.read(write_measurement(image(), tmp_path, stem="a", kind="nc"))
    xr.testing.assert_equal(back, image())
    with pytest.raises(DataError, match="values along y, x, energy_loss"):
        write_measurement(image(), tmp_path, stem="a", kind="csv")
    assert describe(back)["sizes"] == {"y": 2, "x": 3, "energy_loss": 4}
