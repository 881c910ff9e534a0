"""Every real instrument file: read to the known result, or refused with a sentence that says what to do.

The files were made by others and are not part of the repository; without them these tests skip.
"""

from pathlib import Path

import numpy as np
import pytest

from closo.dataset import from_bytes, to_bytes
from closo.errors import ReadError
from closo.readers import read, sniff

THREE = "frequency,impedance_real,impedance_imag"

# file -> reader, kind and number of points of each part
READ = {
    "eisfitpython/Example_header.txt": ("novocontrol", [("impedance", 50)]),
    "eisfitpython/example2/Example2a.txt": ("novocontrol", [("impedance", 51)]),
    "elchempy/N2_EIS-range_1500rpm_JOS2_high-load_263.par": ("versastudio", [("impedance", 51)] * 14),
    "elchempy/N2_EIS-range_1500rpm_JOS4_low-load_263.par": ("versastudio", [("impedance", 51)] * 14),
    "elchempy/N2_EIS-range_1500rpm_JOSxx_263.par": ("versastudio", [("impedance", 51)] * 14),
    "elchempy/N2_HPRR_DW28_0.1MHClO4+10mMH2O2_disk_298.par": (
        "versastudio",
        [("chronoamperometry", 5), ("voltammetry", 2000)] * 2,
    ),
    "elchempy/O2_ORR_DW28_0.5MH2SO4_PDX_Ch1_disk.par": (
        "versastudio",
        [("chronoamperometry", 5), ("voltammetry", 2000)] * 5,
    ),
    "elchempy/OCP_RHE1_AgAgCl4.par": ("versastudio", [("open_circuit", 30)]),
    "hybrid-drt/EISGALV_EISTest3.DTA": ("gamry", [("impedance", 71)]),
    "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C.mpr": ("mpr", [("impedance", 79)]),
    "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C.txt": ("biologic", [("impedance", 79)]),
    "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt": ("relaxis", [("impedance", 79)]),
    "impedance.py/Circuit1_EIS_1.z": ("zplot", [("impedance", 48)]),
    "impedance.py/Circuit1_EIS_2.z": ("zplot", [("impedance", 48)]),
    "impedance.py/Circuit3_EIS_1.z": ("zplot", [("impedance", 53)]),
    "impedance.py/Circuit3_EIS_2.z": ("zplot", [("impedance", 53)]),
    "impedance.py/exampleDataAutolab.txt": ("autolab", [("impedance", 41)]),
    "impedance.py/exampleDataBioLogic.mpt": ("biologic", [("impedance", 43)]),
    "impedance.py/exampleDataGamry.DTA": ("gamry", [("open_circuit", 387), ("impedance", 72)]),
    "impedance.py/exampleDataPowersuite.txt": ("par_text", [("impedance", 30)]),
    "impedance.py/exampleDataVersaStudio.par": ("versastudio", [("impedance", 61)]),
    "pyDRTtools/1ZARC.csv": ("text", [("impedance", 81)]),
    "pyDRTtools/2ZARC0.csv": ("text", [("impedance", 81)]),
    "pyimpspec/case-multiple-spectra.mpt": ("biologic", [("impedance", 29)] * 3),
    "pyimpspec/data-comma-decimal-separator.csv": ("text", [("impedance", 29)]),
    "pyimpspec/data.P00": ("p00", [("impedance", 29)]),
    "pyimpspec/data.dfr": ("dfr", [("impedance", 29)]),
    "pyimpspec/data.dta": ("gamry", [("open_circuit", 40), ("impedance", 29)]),
    "pyimpspec/data.i2b": ("i2b", [("impedance", 29)]),
    "pyimpspec/data.idf": ("ivium", [("impedance", 29)]),
    "pyimpspec/data.mpt": ("biologic", [("impedance", 29)]),
    "pyimpspec/data.z": ("zplot", [("impedance", 29)]),
    "pyimpspec/drift-corrected-data.dta": ("gamry", [("open_circuit", 41), ("impedance", 55)]),
    "yadg/ca.mpr": ("mpr", [("chronoamperometry", 721)]),
    "yadg/ca.mpt": ("biologic", [("chronoamperometry", 721)]),
    "yadg/cp.mpr": ("mpr", [("chronopotentiometry", 121)]),
    "yadg/cp.mpt": ("biologic", [("chronopotentiometry", 121)]),
    "yadg/lsv.mpr": ("mpr", [("voltammetry", 1186)]),
    "yadg/lsv.mpt": ("biologic", [("voltammetry", 1186)]),
    "yadg/ocv.mpr": ("mpr", [("open_circuit", 602)]),
    "yadg/ocv.mpt": ("biologic", [("open_circuit", 602)]),
    "yadg/peis.mpr": ("mpr", [("impedance", 32)]),
    "yadg/peis.mpt": ("biologic", [("impedance", 32)]),
}

# file -> what the refusal says, and the number of points that the proposed columns give
REFUSED = {
    "autoeis/battery_data.npy": ("NumPy .npy array", None),
    "eisfitpython/CSV_Example.csv": (f"--columns {THREE}", 50),
    "eisfitpython/Example_noheader.txt": (f"--columns {THREE}", 42),
    "impedance.py/exampleData.csv": (f"--columns {THREE}", 66),
    "pyDRTtools/1ZARC_DRT-RR.csv": ("no table of numbers with at least two columns", None),
    "pyDRTtools/LIB_data.txt": (f"--columns {THREE}", 107),
    "pyDRTtools/data_1.csv": (f"--columns {THREE}", 107),
    "pyDRTtools/gamma_data.csv": ("--columns time_constant,distribution", 1070),
    "pyimpspec/data.json": ("this is JSON", None),
}


@pytest.fixture(scope="module")
def eis(shared_data) -> Path:
    return shared_data / "eis"


def test_every_file_is_in_one_of_the_two_lists(eis):
    there = {p.relative_to(eis).as_posix() for p in eis.rglob("*") if p.is_file()}
    assert there == READ.keys() | REFUSED.keys()
    assert len(there) == 52


@pytest.mark.parametrize("name", READ)
def test_read(eis, name):
    reader, expected = READ[name]
    parts = read(eis / name)
    assert sniff(eis / name).name == reader
    assert [(d.attrs["kind"], d.sizes["point"]) for d in parts] == expected
    assert [d.attrs["part"] for d in parts] == list(range(1, len(parts) + 1))
    assert len({d.attrs["title"] for d in parts}) == len(parts)
    for data in parts:
        assert all(np.isfinite(v.values).all() for v in data.data_vars.values())
        assert data.attrs["uncalibrated"] == (reader == "versastudio" and data.attrs["kind"] == "impedance")
        again = from_bytes(to_bytes(data))
        assert again.attrs["suggestions"] == data.attrs["suggestions"]
        assert all(np.array_equal(again[v], data[v]) for v in data.data_vars)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_sentence_that_helps(eis, name):
    message, points = REFUSED[name]
    with pytest.raises(ReadError) as caught:
        read(eis / name)
    assert message in str(caught.value)
    assert caught.value.hint
    assert caught.value.file == str(eis / name)
    if points is not None:
        (data,) = read(eis / name, columns=str(caught.value).split("--columns ")[1])
        assert data.sizes["point"] == points


def test_warnings_appear_only_where_something_is_missing(eis):
    warned = {name for name in READ if any(d.attrs["warnings"] for d in read(eis / name))}
    assert warned == {"pyDRTtools/1ZARC.csv", "pyDRTtools/2ZARC0.csv", "pyimpspec/data-comma-decimal-separator.csv"}


@pytest.mark.parametrize("name", [n for n, (reader, _) in READ.items() if reader == "versastudio"])
def test_versastudio_rows_are_all_there(eis, name):
    """Count the rows of the <Segment> section independently of the reader."""
    lines = (eis / name).read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.count(",") == 23 and line[0].isdigit()]
    assert sum(d.sizes["point"] for d in read(eis / name)) == len(rows)


def test_versastudio_impedance_is_the_quotient(eis):
    for name in ("elchempy/N2_EIS-range_1500rpm_JOS2_high-load_263.par", "impedance.py/exampleDataVersaStudio.par"):
        rows = [r.split(",") for r in (eis / name).read_text(encoding="utf-8").splitlines() if r.count(",") == 23]
        table = np.array([r for r in rows if r[0].isdigit()], dtype=float)
        quotient = (table[:, 10] + 1j * table[:, 11]) / (table[:, 12] + 1j * table[:, 13])
        parts = read(eis / name)
        stored = np.concatenate([d["impedance"].values for d in parts])
        assert np.max(np.abs(stored / quotient - 1)) < 1e-6  # seven digits are stored
        assert all(d.attrs["metadata"]["action_id"] == 21 for d in parts)


def test_versastudio_encodings_and_comment(eis):
    (data,) = read(eis / "impedance.py/exampleDataVersaStudio.par")
    assert data.attrs["metadata"]["comment"] == "エクスペリメントのコメントを入力"


def test_three_formats_of_one_pellet_hold_the_same_numbers(eis):
    (ec_lab,) = read(eis / "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C.txt")
    (relaxis,) = read(eis / "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt")
    np.testing.assert_allclose(relaxis["frequency"][::-1], ec_lab["frequency"], rtol=1e-7)
    np.testing.assert_allclose(relaxis["impedance"][::-1], ec_lab["impedance"], rtol=1e-7)
    assert ec_lab.attrs["suggestions"]["temperature"]["value"] == "-25 degC"
    assert "default" in ec_lab.attrs["suggestions"]["area"]["from"]


@pytest.mark.parametrize(
    ("name", "rtol"),
    [
        ("data.mpt", 1e-6), ("data.z", 1e-6), ("data.dfr", 1e-12), ("data.i2b", 1e-12), ("data.idf", 1e-5),
        ("data.P00", 5e-3), ("case-multiple-spectra.mpt", 1e-6), ("data-comma-decimal-separator.csv", 1e-12),
    ],
)  # fmt: skip
def test_one_spectrum_in_many_formats(eis, name, rtol):
    """The decimal-comma .dta is the reference; the tolerance is the number of digits of the other file."""
    reference = read(eis / "pyimpspec/data.dta")[1]
    for data in read(eis / "pyimpspec" / name):
        np.testing.assert_allclose(data["frequency"], reference["frequency"], rtol=rtol)
        np.testing.assert_allclose(data["impedance"], reference["impedance"], rtol=rtol)


def test_drift_corrected_columns_are_the_ones_read(eis):
    data = read(eis / "pyimpspec/drift-corrected-data.dta")[1]
    last = (eis / "pyimpspec/drift-corrected-data.dta").read_text(encoding="latin-1").strip().splitlines()[-1]
    cells = [c.replace(",", ".") for c in last.strip().split("\t")]
    assert data["impedance"].values[-1] == complex(float(cells[8]), float(cells[9]))
    assert complex(float(cells[3]), float(cells[4])) != data["impedance"].values[-1]


@pytest.mark.parametrize(("name", "r0", "r1"), [("Circuit1_EIS_1.z", 29.1, 46.7), ("Circuit3_EIS_2.z", 1510, 4630)])
def test_dummy_circuits_have_their_resistances_at_the_ends(eis, name, r0, r1):
    """R0 + R1 at low frequency; R0 at high frequency, where the inductance of the leads shows in Z'' only."""
    (data,) = read(eis / "impedance.py" / name)
    real = data["impedance"].values.real
    assert real[0] == pytest.approx(r0, rel=0.015)
    assert real[-1] == pytest.approx(r0 + r1, rel=0.01)


def test_ec_lab_units_are_si(eis):
    (data,) = read(eis / "yadg/cp.mpt")
    np.testing.assert_allclose(data["current"], -0.1, rtol=0.01)  # -100 mA
    assert data["charge"].values[-1] == pytest.approx(-11.889417)  # stored in C
    (data,) = read(eis / "yadg/ca.mpt")
    assert data["potential"].values[5] == pytest.approx(0.3, abs=0.003)
    assert data.attrs["suggestions"]["area"] == {"value": "1.131 cm2", "from": "header: Electrode surface area"}


def test_modulo_bat_file_keeps_spectra_out_of_the_charge(shared_data):
    parts = read(shared_data / "cycling/symmetric/li_tape_peis_interludes_mb.mpt")
    assert [d.attrs["kind"] for d in parts] == ["cycling"] + ["impedance"] * 8
    for data in parts[1:]:
        f = data["frequency"].values
        assert f[0] == pytest.approx(1e6, rel=1e-3)
        assert f[-1] == pytest.approx(0.1, rel=1e-2)
        assert np.all(np.diff(f) < 0)


def test_defaults_of_the_software_are_never_values(eis):
    for name, (_, _parts) in READ.items():
        for data in read(eis / name):
            assert not {"area", "mass", "thickness", "temperature"} & set(data.data_vars)
            assert not {"area", "mass"} & set(data.attrs["metadata"])
