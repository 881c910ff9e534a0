"""Files of electron microscopes: totals of real ones, and what must be refused."""

import json
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read
from closo.twin.digital_micrograph import write_dm4

HEAD = (
    "#FORMAT      : EMSA/MAS Spectral Data File\n#VERSION     : 1.0\n#NPOINTS     : {n}\n#XUNITS      : {x}\n"
    "#DATATYPE    : {kind}\n#XPERCHAN    : 0.5\n#OFFSET      : 180\n#SIGNALTYPE  : {signal}\n#SPECTRUM    : \n"
)
TOTALS = {  # of signals as they stand in the file
    "eels/exspy_coreloss_spectrum.msa": [4.70201e7],
    "eels/exspy_lowloss_spectrum.msa": [1.25438e6],
    "eels/pyeelsmodel/hl.msa": [1.87637e7],
    "eels/pyeelsmodel/ll.msa": [196227],
    "eels/eelsdb/test_1/data.msa": [108.804],
    "eels/eelsdb/test_2/data.msa": [5.81554e6],
    "eels/eelsdb/test_3/data.msa": [2.90066e6],
    "eels/pytemlib/AL-DFoffset0.00.dm3": [4.87554e9],
    "eels/rsciio/EELS_SI.dm4": [7.16907e6],
    "eels/rsciio/test-EELS_spectrum.dm3": [-7678.56],
    "eds/rsciio/test-EDS_spectrum.dm3": [17051],
    "eds/pytemlib/EDS-STO.emd": [190830, 8501, 77188, 70797, 34344],
    "eds/exspy/EDS_SEM_TM002.hspy": [1.00028e6],
    "eds/rsciio/16x16_12bit_packed_8bit.bcf": [20194],
    "eds/rsciio/Hitachi_TM3030Plus.bcf": [171804],
    "eds/rsciio/P45_the_default_job.bcf": [165941],
    "eds/rsciio/over16bit.bcf": [1.76786e8],
}


def values_of(data):
    return data["counts" if "counts" in data else "intensity"].values.astype(float)


@pytest.mark.parametrize("name", TOTALS)
def test_real_files_have_their_totals(shared_data, name):
    if name.endswith((".bcf", ".hspy")):
        pytest.importorskip("rsciio", reason="rosettasciio (extra em) is not installed")
    found = [d for d in read(shared_data / "core" / name) if d.attrs["kind"] != "image"]
    for data, total in zip(found, TOTALS[name], strict=True):
        assert values_of(data).sum() == pytest.approx(total, rel=5e-6)


@pytest.mark.parametrize("name", [name for name in TOTALS if name.endswith((".dm3", ".dm4", ".msa"))])
def test_value_by_value_as_rosettasciio(shared_data, name):
    pytest.importorskip("rsciio", reason="rosettasciio (extra em) is not installed")
    from rsciio import digitalmicrograph, msa

    path = shared_data / "core" / name
    (own,) = read(path)
    (other,) = (msa if path.suffix == ".msa" else digitalmicrograph).file_reader(str(path))
    k = next(k for k, axis in enumerate(other["axes"]) if axis["units"] in ("eV", "keV"))
    axis, scale = other["axes"][k], 1e3 if other["axes"][k]["units"] == "keV" else 1.0
    np.testing.assert_array_equal(values_of(own), np.moveaxis(other["data"], k, -1).astype(float))
    energies = scale * (axis["offset"] + axis["scale"] * np.arange(axis["size"]))
    name = "energy" if "energy" in own else "energy_loss"
    np.testing.assert_allclose(own[name], energies, atol=0.2 * scale * axis["scale"])  # XY rows are rounded


def test_a_raster_that_does_not_fit_its_stream_is_refused(shared_data, tmp_path):
    """Settings of 128 x 128, 319 steps: a map would put all counts into the first 320 of 16384 pixels."""
    pytest.importorskip("h5py", reason="h5py (extra em) is not installed")
    with zipfile.ZipFile(shared_data / "core/eds/rsciio/velox_EELS_EDS.zip") as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".emd"))
        path = tmp_path / "a.emd"
        path.write_bytes(archive.read(name))
    with pytest.raises(ReadError, match=r"128 x 128 pixels, but a stream has 319 steps"):
        read(path)


def test_a_file_without_header_is_refused(tmp_path):
    path = tmp_path / "a.msa"
    path.write_text("180.0, 500\n180.5, 490\n181.0, 480\n")
    with pytest.raises(ReadError, match="no EMSA/MAS header"):
        read(path)


@pytest.mark.parametrize(
    ("fields", "rows", "message"),
    [
        ({"n": 4}, "1\n2\n3\n", "NPOINTS is 4, but 3 values follow"),
        ({"x": "nm"}, "1\n2\n3\n", "neither an energy-loss nor an X-ray spectrum"),
        ({"signal": "CLS"}, "1\n2\n3\n", "'CLS' over 'eV'"),
        ({"kind": "XY"}, "1\n2\n3\n", "not pairs"),
        ({"kind": "XY"}, "2, 1\n1, 1\n0, 1\n", "do not rise"),
        ({}, "1\nx\n3\n", "'x' is not a number"),
        ({}, "1\nnan\n3\n", "not finite"),
        ({}, "", "followed by no numbers"),
        ({"n": "many"}, "1\n2\n3\n", "NPOINTS 'many', which is not a number"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, fields, rows, message):
    path = tmp_path / "a.msa"
    path.write_text(
        HEAD.format(**{"n": 3, "x": "eV", "kind": "Y", "signal": "ELS"} | fields) + rows + "#ENDOFDATA : \n"
    )
    with pytest.raises(ReadError, match=message):
        read(path)


def test_columns_pairs_and_units(tmp_path):
    path = tmp_path / "a.msa"
    path.write_text(HEAD.format(n=4, x="keV", kind="Y", signal="EDS") + "1, 2\n3, 4\n#ENDOFDATA : \n")
    (data,) = read(path)
    assert data.attrs["kind"] == "x_ray"
    assert data["energy"].values.tolist() == [180e3, 180.5e3, 181e3, 181.5e3]
    assert data["counts"].values.tolist() == [1, 2, 3, 4]
    path.write_text(HEAD.format(n=2, x="eV", kind="XY", signal="EELS") + "10.0 1.5\n10.4 -2\n")
    (data,) = read(path)
    assert data["energy_loss"].values.tolist() == [10.0, 10.4]
    assert data["intensity"].values.tolist() == [1.5, -2.0]
    assert "not whole numbers" in data.attrs["warnings"][-1]


def test_axes_of_a_spectrum_image_come_energy_last(tmp_path):
    """DigitalMicrograph writes the energies first."""
    cube = np.random.default_rng(0).poisson(5.0, (7, 2, 3)).astype(np.uint16)
    write_dm4(tmp_path / "a.dm4", cube, [(180.0, 0.5, "eV"), (0.0, 2.0, "nm"), (0.0, 2.0, "nm")])
    (data,) = read(tmp_path / "a.dm4")
    np.testing.assert_array_equal(data["counts"].values, np.moveaxis(cube, 0, -1))
    assert data["energy_loss"].values[[0, -1]].tolist() == [180.0, 183.0]
    assert data["x"].values.tolist() == pytest.approx([0.0, 2e-9, 4e-9])
    assert "synthetic" in data.attrs["title"].lower()


def test_damaged_tags_are_refused(tmp_path):
    path = tmp_path / "a.dm4"
    write_dm4(path, np.ones((2, 5), np.uint16), [(0.0, 1.0, "nm"), (180.0, -0.5, "eV")])
    with pytest.raises(ReadError, match="energy axis is not calibrated"):
        read(path)
    path.write_bytes(struct.pack(">iqi", 4, 10, 1) + struct.pack(">BBq", 1, 0, 2**60))
    with pytest.raises(ReadError, match="cut off or damaged"):
        read(path)


def test_rosettasciio_gets_the_library_that_the_command_line_keeps_from_xarray(shared_data):
    pytest.importorskip("rsciio", reason="rosettasciio (extra em) is not installed")
    file = shared_data / "core" / "eds/rsciio/16x16_12bit_packed_8bit.bcf"
    done = subprocess.run(
        [sys.executable, "-m", "closo.cli", "convert", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "part 1" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(("name", "module"), [("a.emd", "h5py"), ("a.bcf", "rsciio")])
def test_a_missing_extra_is_one_sentence(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / name
    path.write_bytes(b"\x89HDF" + bytes(100))
    with pytest.raises(ReadError, match=r"which is not installed\. .*pip install 'closo\[em\]'"):
        read(path)


def test_a_large_file_is_mapped_and_read_in_blocks(tmp_path, monkeypatch):
    """Beyond the limit of a file that is read whole: the same numbers; beyond that of a map: one sentence, nothing read."""
    from closo.readers import digital_micrograph
    from closo.readers.tools import microscopes

    cube = np.random.default_rng(0).poisson(5.0, (50, 6, 7)).astype(np.uint16)
    axes = [(100.0, 0.5, "eV"), (0.0, 2.0, "nm"), (0.0, 2.0, "nm")]
    write_dm4(tmp_path / "a.dm4", cube, axes, signal="EELS")
    (whole,) = read(tmp_path / "a.dm4")
    np.testing.assert_array_equal(whole["counts"].values, np.moveaxis(cube, 0, -1))
    monkeypatch.setattr(digital_micrograph, "MAX_BYTES", 100)
    monkeypatch.setattr(microscopes, "_BLOCK", 512)
    (mapped,) = read(tmp_path / "a.dm4")
    assert mapped.identical(whole)
    monkeypatch.setattr(digital_micrograph, "LARGEST", 1000)
    with pytest.raises(ReadError, match="more than 0 MB"):
        read(tmp_path / "a.dm4")


def test_fio_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "a.fio").write_text(
        "%c\nscan\n%d\n Col 1 energy DOUBLE\n Col 2 counts DOUBLE\n 9690.0 12\n 9690.1 13\n"
    )
    with pytest.raises(ReadError, match=r"no .fio file \(PETRA III\) was at hand") as caught:
        read(tmp_path / "a.fio")
    assert "%d" in caught.value.hint


def test_pixels_that_are_not_square_have_no_length_and_the_end_of_a_range_is_named(tmp_path):
    cube = np.minimum(np.random.default_rng(0).poisson(250.0, (9, 4, 5)), 255).astype(np.uint8)
    write_dm4(tmp_path / "a.dm4", cube, [(180.0, 0.5, "eV"), (0.0, 4.0, "nm"), (0.0, 2.0, "nm")])
    (data,) = read(tmp_path / "a.dm4")
    assert "x" not in data
    assert "values are 255, the end of their range" in data.attrs["warnings"][-1]


def test_events_of_one_place_are_counted(tmp_path, monkeypatch):
    from closo.readers.tools import microscopes

    monkeypatch.setattr(microscopes, "_BLOCK", 64)  # parts of eight events
    random = np.random.default_rng(1)
    pixels, channels = random.integers(0, 12, 500), random.integers(0, 7, 500)
    keys = (pixels * 7 + channels).astype(np.uint32)
    data = microscopes.events(tmp_path / "a.emd", keys, raster=(3, 4), energies=(0.0, 5.0, 7), pixel=1e-9)
    dense, found = np.zeros((12, 7), int), np.zeros((12, 7), int)
    np.add.at(dense, (pixels, channels), 1)
    found[data["pixel"].values, data["channel"].values] = data["counts"].values
    np.testing.assert_array_equal(found, dense)


def test_a_stream_is_read_in_blocks_and_refused_where_it_is_too_large(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py", reason="h5py (extra em) is not installed")
    from closo.readers import velox

    words = [word for k in range(12) for word in (*[k % 3] * (k + 1), 65535)]
    detector = {"DetectorName": "Synthetic", "Dispersion": "10", "OffsetEnergy": "-50"}
    texts = {
        "AcquisitionSettings": {"bincount": "3", "RasterScanDefinition": {"Width": "4", "Height": "3"}},
        "Metadata": {"BinaryResult": {"Detector": "Synthetic"}, "Detectors": {"0": detector}},
    }
    with h5py.File(tmp_path / "a.emd", "w") as file:
        file["Version"] = [b'{"format": "Velox"}']
        stream = file.create_group("Data/SpectrumStream/0")
        stream["Data"] = np.array(words, np.uint16)[:, None]
        stream["AcquisitionSettings"] = [json.dumps(texts["AcquisitionSettings"]).encode()]
        stream["Metadata"] = np.frombuffer(json.dumps(texts["Metadata"]).encode().ljust(600, b"\0"), np.uint8)[:, None]
    monkeypatch.setattr(velox, "_BLOCK", 7)
    (data,) = read(tmp_path / "a.emd")
    assert data["counts"].values.tolist() == list(range(1, 13))
    assert data["pixel"].values.tolist() == list(range(12))
    monkeypatch.setattr(velox, "MOST_EVENTS", 5)
    with pytest.raises(ReadError, match="million X-rays"):
        read(tmp_path / "a.emd")


def test_a_second_spectrum_in_an_msa_is_named(tmp_path):
    text = HEAD.format(n=3, x="eV", kind="Y", signal="EDS") + "1\n2\n3\n#ENDOFDATA : \n"
    (tmp_path / "a.msa").write_text(text * 2)
    assert "another spectrum" in read(tmp_path / "a.msa")[0].attrs["warnings"][-1]
    (tmp_path / "a.msa").write_text(text)
    assert read(tmp_path / "a.msa")[0].attrs["warnings"] == ()


@pytest.mark.parametrize(
    "name", ["rsciio/16x16_12bit_packed_8bit.bcf", "rsciio/P45_the_default_job.bcf", "exspy/EDS_SEM_TM002.hspy"]
)
def test_a_damaged_file_is_refused_or_read(shared_data, tmp_path, name):
    """The compiled unpacker of .bcf ended the process at one; what else broke while a map was loaded came out as a bug."""
    pytest.importorskip("rsciio", reason="rosettasciio (extra em) is not installed")
    whole, random, refused = (shared_data / "core/eds" / name).read_bytes(), np.random.default_rng(0), 0
    path = tmp_path / f"a{name[-5:]}"
    spoilt = [whole[: int(share * len(whole))] for share in (0.0, 0.1, 0.3, 0.5, 0.9, 0.99)]
    for at in random.integers(0, len(whole), (20, 3)):
        content = bytearray(whole)
        for k in at:
            content[k] = random.integers(0, 256)
        spoilt.append(bytes(content))
    for content in spoilt:
        path.write_bytes(content)
        try:
            read(path)
        except ReadError:  # nothing else may come out
            refused += 1
    assert refused >= 6
