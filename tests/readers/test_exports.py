"""closo's own exports come back whole: numbers, kind, range, what is uncalibrated, and what the file stated."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from closo.dataset import Dataset, new, save
from closo.errors import ReadError
from closo.readers import read, sniff
from closo.report.measurements import write_measurement

KINDS = ("csv", "nc", "bdf")


def spectrum(**said) -> Dataset:
    f = np.geomspace(1e6, 1.0, 21)
    z = 12.3 + 75.9 / (1 + 1j * f / 3e3) + 1e-3 / np.sqrt(1j * f)
    rows = {
        "frequency": f,
        "impedance": z,
        "time": np.arange(21) / 3.0,
        "potential": np.full(21, 0.1),
        "current": f * 1e-9,
    }
    return new("impedance", rows, source="raw.par", part=2, title="PEIS 2", uncalibrated=True, **said)


def record() -> Dataset:
    t = np.arange(30) / 7.0
    rows = {
        "time": t,
        "potential": 2.5 + t / 11,
        "current": np.where(t < 2, 1e-4, -1e-4),
        "current_range": np.where(t < 2, 1e-3, 1e-4),
        "cycle": np.ones(30),
        "temperature": np.full(30, 303.15),
        "charge": t * 1e-4,
    }
    metadata = {"instrument": "VersaSTAT 3", "current_sign": "positive charges", "settings": {'a, "b"': "1\n2;3"}}
    return new(
        "cycling", rows, source="raw.mpt", metadata=metadata, suggestions={"area": {"value": "1 cm2", "from": "header"}}
    )


def same(found: Dataset, data: Dataset) -> None:
    assert set(found.data_vars) == set(data.data_vars)
    for name, variable in data.data_vars.items():
        np.testing.assert_allclose(found[name].values, variable.values, rtol=1e-14, atol=0)
    for name in ("kind", "title", "uncalibrated", "failed_checks"):
        assert found.attrs[name] == data.attrs[name]
    assert dict(data.attrs["metadata"]).items() <= found.attrs["metadata"].items()
    assert set(data.attrs["warnings"]) <= set(found.attrs["warnings"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [spectrum, record])
def test_an_export_comes_back_whole(tmp_path: Path, kind: str, make):
    data = make()
    path = write_measurement(data, tmp_path, stem="x", kind=kind)
    (found,) = read(path)
    same(found, data)
    assert found.attrs["metadata"]["exported_from"] == f"{data.attrs['source']}, part {data.attrs['part']}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_of_an_export_is_the_same(tmp_path: Path, kind: str):
    data = spectrum(
        warnings=("A row was left out.",), failed_checks=({"name": "Z against E/I", "detail": "Z differs"},)
    )
    (once,) = read(write_measurement(data, tmp_path / "a", stem="x", kind=kind))
    (twice,) = read(write_measurement(once, tmp_path / "b", stem="x", kind=kind))
    same(twice, data)
    assert list(twice.attrs["warnings"]) == list(once.attrs["warnings"])


def test_an_open_circuit_without_a_current_comes_back(tmp_path: Path):
    data = new("open_circuit", {"time": np.arange(12.0), "voltage": np.linspace(3, 3.1, 12)}, source="a.DTA")
    for kind in KINDS:
        (found,) = read(write_measurement(data, tmp_path, stem="x", kind=kind))
        same(found, data)


def test_a_bdf_table_alone_still_says_uncalibrated_and_the_range(tmp_path: Path):
    path = write_measurement(spectrum(), tmp_path, stem="x", kind="bdf")
    path.with_name("x_part2.bdf.metadata.json").unlink()
    spectra = [d for d in read(path) if d.attrs["kind"] == "impedance"]
    assert [d.attrs["uncalibrated"] for d in spectra] == [True]
    path = write_measurement(record(), tmp_path, stem="y", kind="bdf")
    path.with_name("y_part1.bdf.metadata.json").unlink()
    np.testing.assert_array_equal(read(path)[0]["current_range"].values, record()["current_range"].values)


def test_a_csv_saved_again_by_a_spreadsheet_with_decimal_commas(tmp_path: Path):
    path = write_measurement(spectrum(), tmp_path, stem="x", kind="csv")
    import csv as table

    rows = list(table.reader(path.read_text().splitlines()))
    rows[3:] = [[cell.replace(".", ",") for cell in row] for row in rows[3:]]
    with path.open("w", newline="") as file:
        table.writer(file, delimiter=";").writerows(rows)
    (found,) = read(path)
    same(found, spectrum())


@pytest.mark.parametrize(
    "change", [("ohm", "kohm"), ('""uncalibrated"": true', '""uncalibrated"": ""no""'), ('""kind""', '""knd""')]
)
def test_a_changed_csv_is_refused(tmp_path: Path, change):
    path = write_measurement(spectrum(), tmp_path, stem="x", kind="csv")
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(ReadError, match="closo"):
        read(path)


def test_damaged_and_foreign_netcdf_is_refused(tmp_path: Path):
    path = tmp_path / "a.nc"
    save(record(), path)
    content = path.read_bytes()
    assert sniff(path).name == "closo"
    rng = np.random.default_rng(1)
    for end in (4, 30, 200, 900, len(content) // 2):
        path.write_bytes(content[:end])
        with pytest.raises(ReadError):
            read(path)
    for _ in range(200):
        damaged = bytearray(content)
        for at in rng.integers(4, 1500, 4):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        with suppress(ReadError):
            assert np.isfinite(read(path)[0]["time"]).all()
    import xarray as xr

    path.write_bytes(bytes(xr.Dataset({"a": ("x", [1.0])}).to_netcdf(format="NETCDF3_64BIT", engine="scipy")))
    with pytest.raises(ReadError, match="not a measurement"):
        read(path)


def test_the_description_is_one_json_object(tmp_path: Path):
    import csv as table

    path = write_measurement(record(), tmp_path, stem="x", kind="csv")
    comment = list(table.reader(path.read_text().splitlines()))[2][0]
    assert json.loads(comment)["metadata"]["instrument"] == "VersaSTAT 3"
