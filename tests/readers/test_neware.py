"""Neware .nda and .ndax: the vendor's own export is the reference; archives that are not safe are not opened."""

import io
import logging
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff
from closo.readers.neware import _cumulative, _set_currents

EXPORTED = ["21_10_7_85.ndax", "nda_v22.nda", "nda_v8.nda", "test_2.ndax"]


@pytest.fixture(scope="module")
def neware(shared_data):
    return shared_data / "cycling/neware"


@pytest.mark.parametrize("name", EXPORTED)
def test_agrees_with_the_export_of_btsda(neware, name):
    """0.05 mV and 0.5 uA: half the last digit of the export, and the single precision of both tables."""
    import polars as pl

    (data,) = read(neware / name)
    table = pl.read_parquet((neware / name).with_suffix(".parquet"))
    voltage = 1e-3 * table["Voltage(mV)"].cast(pl.Float64).to_numpy()
    current = 1e-6 * table["Current(uA)"].cast(pl.Float64).to_numpy()
    single = np.spacing(np.abs(voltage).max().astype(np.float32)).astype(float)
    assert data.sizes["point"] == len(table)
    np.testing.assert_allclose(data["voltage"], voltage, rtol=0, atol=0.05e-3 + single)
    np.testing.assert_allclose(data["current"], current, rtol=0, atol=0.5e-6)
    np.testing.assert_array_equal(data["time"], table["Total Time"].to_numpy())
    np.testing.assert_array_equal(data["step"], table["Step Index"].to_numpy())
    assert data.attrs["warnings"] == ()
    assert data.attrs["metadata"]["current_sign"] == "positive charges"


@pytest.mark.parametrize("name", EXPORTED)
def test_charge_is_the_capacity_of_the_export_summed_over_the_steps(neware, name):
    import polars as pl

    (data,) = read(neware / name)
    table = pl.read_parquet((neware / name).with_suffix(".parquet"))
    counted = 1e-3 * table["Capacity(mAs)"].cast(pl.Float64).to_numpy()  # C, without sign, from 0 in every step
    sign = np.where(table["Step Type"].cast(pl.String).str.contains("DChg").to_numpy(), -1.0, 1.0)
    expected, passed = [], 0.0
    step = table["Step Count"].to_numpy()
    for k, (q, s) in enumerate(zip(counted, sign, strict=True)):
        if k and step[k] != step[k - 1]:
            passed = expected[-1]
        expected.append(passed + s * q)
    # single precision of the capacity, in each of the steps; the old nda writes 1 mA s
    np.testing.assert_allclose(data["charge"], expected, rtol=1e-6, atol=1e-3 if name.endswith(".nda") else 1e-6)


def test_resting_file_is_an_open_circuit(neware):
    (data,) = read(neware / "21_10_7_85.ndax")
    assert data.attrs["kind"] == "open_circuit"
    assert data.attrs["metadata"]["program"] == "testOCV.xml"


def test_known_capacities_of_the_files_without_an_export(neware):
    """First legs of the large file: 1.0570 and 1.0260 mAh; the third and second of the other: 33.259 and 37.992 mAh."""
    (data,) = read(neware / "BTS85-36-6-5-110-20240424.ndax")
    assert data.sizes["point"] == 699_677
    charge, sign = data["charge"].values / 3.6, np.sign(data["current"].values)
    ends = np.append(np.flatnonzero((sign[1:] < 0) & (sign[:-1] > 0)), np.flatnonzero((sign[1:] > 0) & (sign[:-1] < 0)))
    first, second = np.sort(ends)[:2]
    assert charge[first] == pytest.approx(1.0570, abs=5e-5)
    assert charge[first] - charge[second] == pytest.approx(1.0260, abs=5e-5)
    assert any("negative jumps" in w for w in data.attrs["warnings"])
    assert np.all(np.diff(data["time"]) >= 0)


def test_nothing_is_printed_and_the_process_is_left_as_it_was(neware, capfd, caplog):
    decompress = zlib.decompressobj
    logger = logging.getLogger("fastnda")
    before = (list(logger.handlers), logger.propagate)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(neware / "BTS85-36-6-5-110-20240424.ndax")
    assert caught == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert zlib.decompressobj is decompress
    assert (list(logger.handlers), logger.propagate) == before


def test_recognised_by_content_and_the_name_must_agree(neware, tmp_path):
    content = (neware / "nda_v8.nda").read_bytes()
    (tmp_path / "a.nda").write_bytes(content)
    (tmp_path / "a.dat").write_bytes(content)
    assert sniff(tmp_path / "a.dat").name == "neware"
    assert len(read(tmp_path / "a.nda")) == 1
    (tmp_path / "a.zip").write_bytes((neware / "21_10_7_85.ndax").read_bytes())
    with pytest.raises(ReadError, match=r"content is that of a \.ndax file.*Rename it to a\.ndax"):
        read(tmp_path / "a.zip")
    with pytest.raises(ReadError, match=r"content is that of a \.nda file"):
        read(tmp_path / "a.dat")


def test_cumulative_counter():
    counter = np.array([0.0, 0.0, 1.0, 2.0, -0.5, -1.5, 0.0])
    step = np.array([1, 1, 2, 2, 3, 3, 4])
    assert _cumulative(counter, step).tolist() == [0.0, 0.0, 1.0, 2.0, 1.5, 0.5, 0.5]


@pytest.mark.parametrize("name", ["BTS85-36-6-5-110-20240424.ndax", "nw4-120-6-1-36.ndax", "test_2.ndax"])
def test_the_program_gives_the_set_current(neware, name):
    (data,) = read(neware / name)
    wanted = data["set_current"].values
    assert np.all(wanted[data["current"].values == 0] == 0) or name.startswith("test")
    for level in np.unique(wanted[wanted != 0]):
        seen = np.median(data["current"].values[wanted == level])
        assert seen == pytest.approx(level, rel=2e-3)


def test_steps_at_constant_current_of_a_program():
    step = {"Step_ID": "2", "Step_Type": "1", "Limit": {"Main": {"Curr": {"Value": "22.5"}}}}
    program = {
        "Num": "5", "Step2": step, "Step3": step | {"Step_ID": "3", "Step_Type": "2"},
        "Step4": step | {"Step_ID": "4", "Step_Type": "3"}, "Step5": {"Step_ID": "x", "Step_Type": "1"}, "Step6": {},
    }  # fmt: skip
    assert _set_currents(program) == {2: pytest.approx(22.5e-3), 3: pytest.approx(-22.5e-3)}


# archives
def archive(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as written:
        for name, content in members:
            written.writestr(name, content)
    return path


def declared(path, size):
    """Write an archive whose directory declares that data.ndc unpacks to `size` bytes."""
    archive(path, [("data.ndc", b"\x00" * 1000)])
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "..\\x", "C:\\x"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(ReadError, match="leaves the folder"):
        read(archive(tmp_path / "a.ndax", [("data.ndc", b"x"), (name, b"x")]))


def test_bombs_are_refused_before_they_are_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile.ZipFile, "read", None)  # nothing may be unpacked
    with pytest.raises(ReadError, match=r"unpack to 4 GB, more than 2 GB; it was not opened"):
        read(declared(tmp_path / "a.ndax", 4_000_000_000))
    with pytest.raises(ReadError, match=r"unpack to 500 MB, .* times its own size"):
        read(declared(tmp_path / "b.ndax", 500_000_000))


def test_a_lying_directory_does_not_unpack_more_than_it_declares(tmp_path):
    """100 MB of zeros declared as 1000 bytes: the size that counts is the declared one."""
    path = declared(archive(tmp_path / "a.ndax", [("data.ndc", b"\x00" * 1000)]), 1000)
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("data.ndc", b"\x00" * 100_000_000)
    content = bytearray(big.getvalue())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(mark) + offset
        content[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(bytes(content))
    with pytest.raises(ReadError):
        read(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("other.ndc", b"x")], r"holds no data\.ndc"),
        ([("data.ndc", b"")], "fastnda cannot read it"),
        ([("data.ndc", bytes([1, 0, 99]))], "version 99 filetype 1 is not yet supported"),
        ([(f"{k}", b"x") for k in range(1001)], "too many"),
    ],
)
def test_what_is_no_measurement_is_refused_with_a_sentence(tmp_path, members, message):
    with pytest.raises(ReadError, match=message) as caught:
        read(archive(tmp_path / "a.ndax", members))
    assert caught.value.hint


def test_packed_in_an_odd_way(tmp_path):
    with pytest.raises(ReadError, match="packed in a way that Neware does not use"):
        read(archive(tmp_path / "a.ndax", [("data.ndc", b"x")], zipfile.ZIP_BZIP2))


def test_a_link_and_a_folder_are_not_followed(tmp_path, neware):
    (tmp_path / "a.nda").symlink_to(neware / "nda_v8.nda")
    (tmp_path / "b.nda").mkdir()
    for name, what in (("a.nda", "symbolic link"), ("b.nda", "folder")):
        with pytest.raises(ReadError, match=what):
            read(tmp_path / name)
