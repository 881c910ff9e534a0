"""Near-edge spectra and X-ray Raman scans: real files of LERIX, Athena and XDI, and what must be refused."""

import gzip

import h5py
import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff
from closo.readers.tools.joining import join


def test_scans_of_lerix(shared_data):
    """Totals of the counts as they stand in the files; the commanded energy, not the encoder."""
    folder = shared_data / "core" / "xrs" / "lerix_graphite"
    (data,) = read(folder / "NIXS.0001")
    assert sniff(folder / "NIXS.0001").name == "lerix"
    assert dict(data.sizes) == {"point": 322, "analyser": 19}
    assert float(data["counts"].sum()) == pytest.approx(18363268.87844897, rel=1e-12)
    assert data["energy"].values[0] == 10148.99133976
    assert data["monitor"].values[0] == 568859.0
    assert data["dwell_time"].values[0] == 4.0
    assert data.attrs["metadata"]["comment"] == "NIXS scans for graphite"


def test_scan_of_a_motor_is_refused(shared_data):
    with pytest.raises(ReadError, match="drives 'LRX-V-m5', not the energy"):
        read(shared_data / "core" / "xrs" / "lerix_graphite" / "allign.0001")


def test_athena_projects(shared_data):
    folder = shared_data / "core" / "xas"
    groups = {d.attrs["title"]: d for d in read(folder / "cyanobacteria.prj")}
    assert len(groups) == 17
    assert groups["7.03"].attrs["metadata"]["energy_shift"] == -0.24
    assert groups["7.03"]["energy"].values[0] == pytest.approx(11720.11122586 - 0.24, abs=1e-6)
    assert any("moved by -0.24 eV" in text for text in groups["7.03"].attrs["warnings"])
    assert groups["Au foil"].attrs["warnings"] == ()
    flavours = [read(folder / "prj" / name) for name in ("Cl_CAMD.prj", "json_unzipped.prj")]
    assert [len(groups) for groups in flavours] == [7, 4]


@pytest.mark.parametrize(
    ("name", "points", "titles"),
    [
        ("fe3c_rt", 348, ["mutrans"]),
        ("v_foil", 463, ["ln(I0/It)"]),
        ("fe_xanes_8ch", 100, ["Fe_Ka, 8 channels, over I0"]),
        ("se_na2so4_rt", 469, ["ln(I0/It)"]),
    ],
)
def test_xdi(shared_data, name, points, titles):
    found = read(shared_data / "core" / "xas" / "xdi" / f"{name}.xdi")
    assert [d.attrs["title"] for d in found] == titles
    assert all(d.sizes["energy"] == points for d in found)


def test_athena_is_unpacked_and_shifted(tmp_path):
    text = (
        "# Athena project file -- synthetic\n$old_group = 'a';\n@args = ('label','a, b','bkg_eshift','-0.5','is_nor',1);\n"
        "@x = ('1','2','3','4','5','6');\n@y = ('0','0','1','1','1','1');\n"
    )
    path = tmp_path / "a.prj"
    path.write_bytes(gzip.compress(text.encode()))
    (data,) = read(path)
    assert data["energy"].values.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert data.attrs["title"] == "a, b"
    assert data.attrs["metadata"]["ordinate"] == "normalised"
    path.write_bytes(gzip.compress(text.encode())[:-20])
    with pytest.raises(ReadError, match=r"whole|unpacked"):
        read(path)


def test_a_table_of_analysers(tmp_path):
    path = tmp_path / "a.txt"
    rows = "".join(f"{9690 + k}\t{5000 + k}\t{k}\t{2 * k}\n" for k in range(8))
    path.write_text("# energy_eV\tI0\tanalyser_01\tanalyser_03\n" + rows)
    (data,) = read(path)
    assert data.attrs["kind"] == "raman_scan"
    assert data["analyser"].values.tolist() == [1, 3]
    assert data["counts"].values[3].tolist() == [3, 6]
    (other,) = read(path)
    whole = join([("a", [data]), ("b", [other])])
    assert whole["scan"].values.tolist() == [1] * 8 + [2] * 8
    with pytest.raises(ReadError, match="analysers are not those"):
        join([("a", [data]), ("b", [other.isel(analyser=[0])])])


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("# energy (keV)\tmu\n", None),
        ("# theta_eV\tmu_eV\n", "names its 2 columns"),
        ("# energy (eV)\tk\n", "no column holds a spectrum"),
    ],
)
def test_names_of_columns(tmp_path, head, said):
    path = tmp_path / "a.txt"
    path.write_text(head + "".join(f"{0.5 + 0.001 * k:.3f}\t{k}\n" for k in range(9)))
    if said is None:
        assert read(path, reader="edge_table")[0]["energy"].values[:2].tolist() == [500.0, 501.0]
    else:
        with pytest.raises(ReadError, match=said):
            read(path, reader="edge_table")


def test_energies_that_jump_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("energy (eV),mu\n" + "".join(f"{500 + 10 * (k % 4)},{k}\n" for k in range(40)))
    with pytest.raises(ReadError, match="jump to and fro"):
        read(path)


def test_errors_that_are_none_are_left_out(shared_data):
    """The errors of an upstream file are 1e24."""
    path = shared_data / "core" / "xrs" / "id20_water" / "h2o_pixel_lq_ref.dat"
    (data,) = read(path, columns="energy,intensity,intensity_u")
    assert data.attrs["kind"] == "near_edge"
    table = np.loadtxt(path)
    titled = path.read_text().splitlines()
    assert len(table) == len(titled) == data.sizes["energy"]


def test_nxdata(tmp_path):
    path = tmp_path / "a.nxs"
    energy = np.linspace(0.50, 0.56, 31)
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs["signal"], group.attrs["axes"] = "y", "x"
        group["x"], group["y"], group["y_errors"] = energy, energy**2, np.full(31, 0.1)
        group["x"].attrs["units"] = "keV"
        file["other"] = np.arange(31.0)
    (data,) = read(path)
    np.testing.assert_allclose(data["energy"], 1000.0 * energy)
    assert data["intensity_u"].values[0] == 0.1
    with h5py.File(path, "w") as file:
        file["entry/pressure"] = np.arange(31.0)
    with pytest.raises(ReadError, match="/entry/pressure"):
        read(path)


def test_spectra_side_by_side_have_axes_of_their_own(tmp_path):
    """The second had been read over the axis of the first, 1 eV off."""
    rows = "".join(f"{185 + 0.2 * k:.1f}\t{k}\t{186 + 0.2 * k:.1f}\t{2 * k}\n" for k in range(20))
    (tmp_path / "a.txt").write_text("energy loss (eV)\tA\tenergy loss (eV)\tB\n" + rows)
    found = read(tmp_path / "a.txt")
    assert [d["energy"].values[0] for d in found] == [185.0, 186.0]
    assert [d.attrs["title"] for d in found] == ["A", "B"]
    assert [d.attrs["part"] for d in found] == [1, 2]


def test_a_table_in_kev(tmp_path):
    (tmp_path / "a.txt").write_text(
        "energy loss (keV)\tA\n" + "".join(f"{0.185 + k / 5000:.4f}\t{k}\n" for k in range(20))
    )
    assert read(tmp_path / "a.txt")[0]["energy"].values[[0, -1]].tolist() == pytest.approx([185.0, 188.8])


def test_a_scan_without_time_or_monitor_in_its_rows_says_so(tmp_path):
    rows = "".join(f"{9690 + k}\t{-5}\t{k}\n" for k in range(8))
    (tmp_path / "a.txt").write_text("# energy_eV\tI0\tanalyser_01\n" + rows)
    with pytest.raises(ReadError, match="a monitor and a time above zero"):
        read(tmp_path / "a.txt")
