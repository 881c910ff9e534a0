"""Readers of diffraction patterns: every version, real files against their twins, and archives that mean harm."""

import io
import struct
import zipfile

import numpy as np
import pytest

from closo.errors import ClosoError, ReadError
from closo.readers import read
from closo.techniques import get

COUNTS = [12, 15, 140, 1180, 160, 14]
FLOATS = struct.pack("<6f", *COUNTS)


def only(path):
    (data,) = read(path)
    return data


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def version1(ranges=1):
    content = b""
    for k in range(ranges):
        angles = (20.0 + 10 * k, 10.0, 0.0, 0.0)
        numbers = (b"RAW ", 6, 2.0, 0.5, 0, *angles, b"salt", 1.5406, 1.54439, int(k + 1 < ranges))
        head = struct.pack("<4sIffI4xffff32sff72xI", *numbers)
        content += head + FLOATS
    return content


def version2(ranges=1):
    content = bytearray(256)
    content[:4], content[188:190] = b"RAW2", b"Co"
    struct.pack_into("<H", content, 4, ranges)
    struct.pack_into("<3f", content, 190, 1.78897, 1.79285, 0.5)
    part = struct.pack("<HH4xfff26xH", 52, 6, 2.0, 0.5, 20.0, 300) + bytes(4) + FLOATS
    return bytes(content) + ranges * part


def segment(kind, length, **fields):
    made = bytearray(length)
    struct.pack_into("<II", made, 0, kind, length)
    for at, (form, value) in fields.items():
        struct.pack_into("<" + form, made, int(at[1:]), value)
    return bytes(made)


def version4(drive=b"2Theta", record=8):
    tube = segment(30, 130, _80=("d", 1.5406), _88=("d", 1.54439), _104=("d", 0.5), _116=("4s", b"Cu"))
    name = segment(10, 50, _12=("24s", b"SAMPLEID"), _36=("14s", b"salt"))
    moving = segment(50, 64, _8=("I", 1), _12=("24s", drive), _56=("d", 20.0))
    still = segment(50, 64, _12=("24s", b"Theta"), _56=("d", 10.0))
    head = bytearray(160)
    struct.pack_into("<24s", head, 32, b"Locked Coupled")
    struct.pack_into("<ddIf", head, 72, 20.0, 0.5, 6, 500.0)
    struct.pack_into("<II", head, 136, record, len(moving + still))
    rows = b"".join(struct.pack("<f", y) + b"\1" * (record - 4) for y in COUNTS)
    return b"RAW4.00".ljust(61, b"\0") + name + tube + bytes(head) + still + moving + rows


@pytest.mark.parametrize("content", [version1(), version2(), version4(), version4(record=4)])
def test_each_version_of_raw(tmp_path, content):
    data = only(written(tmp_path, "a.raw", content))
    assert data["counts"].values.tolist() == COUNTS
    assert data["two_theta"].values.tolist() == [20.0, 20.5, 21.0, 21.5, 22.0, 22.5]
    assert data.attrs["metadata"]["wavelength_alpha2"] > data.attrs["metadata"]["wavelength"] > 1e-10


@pytest.mark.parametrize(("content", "parts"), [(version1(2), 2), (version2(3), 3)])
def test_ranges_are_parts(tmp_path, content, parts):
    assert [d.attrs["part"] for d in read(written(tmp_path, "a.raw", content))] == list(range(1, parts + 1))


def test_a_rocking_curve_is_refused(tmp_path):
    with pytest.raises(ReadError, match="'Phi', not along 2theta"):
        read(written(tmp_path, "a.raw", version4(drive=b"Phi")))


@pytest.mark.parametrize("content", [version1() + b"rest", version2()[:-4], version4()[:-1], version2(2)[:-28]])
def test_a_header_that_does_not_add_up_is_refused(tmp_path, content):
    with pytest.raises(ReadError) as caught:
        read(written(tmp_path, "a.raw", content))
    assert "a.raw" in str(caught.value)
    assert str(caught.value).count(". ") <= 3


def archive(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("Experiment0/DataContainer.xml", "<DataContainer/>")
        for name, text in members.items():
            made.writestr(name.replace("__", "/"), text)
    return content.getvalue()


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><RawData>&c;</RawData>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive(Experiment0__RawData0xml="", **{"Experiment0/RawData0.xml": LAUGHS}), "document type or entities"),
        (archive(**{"Experiment0/RawData0.xml": LAUGHS.encode("utf-16")}), "document type or entities"),
        (archive(**{"Experiment0/RawData0.xml": " " * 30_000_000}), "times its own size"),
        (archive(**{"../../etc/RawData0.xml": "<RawData/>"}), "leads out of it"),
        (archive(**{"C:\\RawData0.xml": "<RawData/>"}), "leads out of it"),
        (archive(), "no RawData0.xml"),
        (archive(**{"Experiment0/RawData0.xml": "<RawData/>"}), "no scan of the archive has points"),
    ],
)
def test_a_hostile_archive_is_refused_in_a_sentence(tmp_path, content, says):
    with pytest.raises(ReadError, match=says) as caught:
        read(written(tmp_path, "a.brml", content))
    assert caught.value.message.count(". ") == 0
    assert caught.value.hint


def xrdml(points, axis="Gonio"):
    scan = f'<scan scanAxis="{axis}"><dataPoints>{points}</dataPoints></scan>'
    return f"<xrdMeasurements><xrdMeasurement>{scan}</xrdMeasurement></xrdMeasurements>".encode()


ENDS = '<positions axis="2Theta"><startPosition>20</startPosition><endPosition>22</endPosition></positions>'


def test_an_attenuator_is_corrected_for_and_told(tmp_path):
    points = f"{ENDS}<beamAttenuationFactors>1 1 8.5 8.5 1</beamAttenuationFactors><intensities>1 2 3 4 5</intensities>"
    data = only(written(tmp_path, "a.xrdml", xrdml(points)))
    np.testing.assert_allclose(data["intensity"], [1, 2, 25.5, 34, 5])
    assert "attenuator moved" in data.attrs["warnings"][0]


def test_an_automatic_slit_is_named_and_such_a_pattern_refused(tmp_path):
    """Its intensities rise with sin theta: fractions and displacement factors would be wrong."""
    ends = ENDS.replace(">22<", ">80<")
    counts = " ".join(["7"] * 600)
    path = "<incidentBeamPath><divergenceSlit {} name='Prog. Div. Slit'/></incidentBeamPath><scan "
    kind = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{}DivergenceSlitType"'
    for word in ("automatic", "fixed"):
        content = xrdml(f"{ends}<counts>{counts}</counts>").replace(b"<scan ", path.format(kind.format(word)).encode())
        data = only(written(tmp_path, f"{word}.xrdml", content))
        assert (data.attrs["metadata"].get("divergence_slit") == "automatic") is (word == "automatic")
        with pytest.raises(ClosoError) as caught:
            get("diffraction").analyse(data, phases=str(tmp_path / "none.cif"), anode="Cu")
        assert ("divergence slit was automatic" in caught.value.message) is (word == "automatic")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (xrdml(f"{ENDS}<counts>1 2 3</counts>", axis="Phi"), "'Phi', not along 2theta"),
        (xrdml(f"{ENDS}<counts>1 2 x</counts>"), "something that is none"),
        (xrdml(f"{ENDS}<counts></counts>"), "no intensities"),
        (b"<!DOCTYPE x><xrdMeasurements/>", "document type"),
    ],
)
def test_wrong_xrdml(tmp_path, content, says):
    with pytest.raises(ReadError, match=says):
        read(written(tmp_path, "a.xrdml", content))


def test_columns_of_text(tmp_path):
    data = only(written(tmp_path, "a.xye", b"# made by hand\n22.0 5 2.2\n21.0 7.5 2.7\n20.0 3 1.7\n"))
    assert data["two_theta"].values.tolist() == [20.0, 21.0, 22.0]
    assert data["intensity"].values.tolist() == [3.0, 7.5, 5.0]
    with pytest.raises(ReadError, match="back to 20 deg at point 3"):
        read(written(tmp_path, "b.xy", b"20 1\n21 2\n20 3\n21 4\n"))
    with pytest.raises(ReadError, match="between -180 and 180"):
        read(written(tmp_path, "c.xy", b"200 1\n210 2\n220 3\n"))


def test_uxd_without_angles(tmp_path):
    text = b"_FILEVERSION=2\n_ANODE='Co'\n_DRIVE='2THETA'\n_START=20\n_STEPSIZE=0.5\n_COUNTS\n12 15 140\n1180 160 14\n"
    data = only(written(tmp_path, "a.uxd", text))
    assert data["counts"].values.tolist() == COUNTS
    assert data["two_theta"].values[-1] == 22.5


@pytest.mark.parametrize("number", [1, 2, 4])
def test_binary_cobalt_scans_equal_their_text(shared_data, number):
    folder = shared_data / "structure/xrd/co_d5000"
    raw, text = only(folder / f"D5000_{number}.RAW"), only(folder / f"D5000_{number}.xy")
    np.testing.assert_array_equal(raw["counts"], text["counts"])
    np.testing.assert_allclose(raw["two_theta"], text["two_theta"], atol=1e-9)
    assert raw.attrs["metadata"]["anode"] == "Co"
    assert raw.attrs["metadata"]["wavelength"] == pytest.approx(1.78897e-10)


def ras(rows, axis="Theta/2-Theta", unit="counts"):
    head = (
        f'*RAS_HEADER_START\n*FILE_SAMPLE "salt"\n*HW_XG_TARGET_NAME "Cu"\n*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"\n'
        f'*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"\n*MEAS_SCAN_AXIS_X "{axis}"\n*MEAS_SCAN_SPEED "3.0"\n'
        f'*MEAS_SCAN_SPEED_UNIT "deg/min"\n*MEAS_SCAN_STEP "0.5"\n*MEAS_SCAN_UNIT_Y "{unit}"\n*RAS_HEADER_END\n'
    )
    return head + "*RAS_INT_START\n" + rows + "*RAS_INT_END\n"


def test_rigaku_scans_are_parts_and_the_attenuator_counts(tmp_path):
    plain = "".join(f"{20 + 0.5 * k:.4f} {y:.4f} 1.0000\r\n" for k, y in enumerate(COUNTS))
    weak = "".join(
        f"{20 + 0.5 * k:.4f} {y / (10 if y > 1000 else 1):.4f} {10 if y > 1000 else 1}\n" for k, y in enumerate(COUNTS)
    )
    text = "*RAS_DATA_START\n" + ras(plain) + ras(weak, axis="TwoThetaTheta") + "*RAS_DATA_END\n"
    first, second = read(written(tmp_path, "a.ras", text.encode()))
    for data in (first, second):
        assert data["counts"].values.tolist() == COUNTS
        assert data["two_theta"].values == pytest.approx([20.0, 20.5, 21.0, 21.5, 22.0, 22.5])
    assert first.attrs["metadata"]["wavelength"] == pytest.approx(1.540593e-10)
    assert first.attrs["metadata"]["time_per_step"] == pytest.approx(10.0)
    assert (first.attrs["metadata"]["anode"], first.attrs["warnings"]) == ("Cu", ())
    assert "attenuator moved" in second.attrs["warnings"][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ras("20 1 1\n", axis="Omega"), "runs along 'Omega'"),
        (ras("20 12 1\n20.5 15 1\n").replace("*RAS_INT_END\n", ""), "do not end with"),
        (ras(""), "no points follow"),
        (ras("20 1 1 1\n"), "a point has 4 numbers"),
        ("*RAS_HEADER_START\n*RAS_HEADER_END\n", "no points behind"),
    ],
)
def test_a_rigaku_file_that_is_no_pattern_is_refused(tmp_path, text, words):
    with pytest.raises(ReadError, match=words):
        read(written(tmp_path, "a.ras", text.encode()))


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ("STD", "".join(f" 1{y:6d}" for y in COUNTS)),
        ("", "".join(f"  {y:6d}" for y in COUNTS)),
        ("ESD", "".join(f"{y:8d}{y**0.5:8.2f}" for y in COUNTS)),
        ("FXY", "\n".join(f"{2000 + 50 * k} {y}" for k, y in enumerate(COUNTS))),
        ("FXYE", "\n".join(f"{2000 + 50 * k}.0 {y} {y**0.5:.3f}" for k, y in enumerate(COUNTS))),
    ],
)
def test_each_form_of_gsas(tmp_path, form, rows):
    text = f"salt, milled\n# a comment\nBANK 1 6 1 CONST 2000.0 50.0 0.0 0.0 {form}   \n{rows}\n"
    data = only(written(tmp_path, "a.gsa", text.encode()))
    assert data["counts"].values.tolist() == COUNTS
    assert data["two_theta"].values == pytest.approx([20.0, 20.5, 21.0, 21.5, 22.0, 22.5])


def test_banks_of_gsas_are_parts_and_zeros_that_fill_a_line_are_told(tmp_path):
    bank = "BANK {} 10 1 CONST 2000 50 0 0 STD\n" + "".join(f"{y:8d}" for y in [*COUNTS, 11, 12, 0, 0]) + "\n"
    first, second = read(written(tmp_path, "a.gsa", ("\n" + bank.format(1) + bank.format(2)).encode()))
    assert first["counts"].values.tolist() == second["counts"].values.tolist() == [*COUNTS, 11, 12]
    assert "2 points at the end are 0" in first.attrs["warnings"][0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("BANK 1 6 1 RALF 2000 50 0 0 STD", "not by a constant angle"),
        ("BANK 1 6 1 CONST 2000 50 0 0 ALT", "in the form 'ALT'"),
        ("BANK 1 7 1 CONST 2000 50 0 0 STD", "states 7 points and holds 6"),
        ("BANK 1 6 1 CONST", "does not state where it begins"),
        ("BANK 1", "does not say points"),
    ],
)
def test_a_bank_that_is_no_pattern_is_refused(tmp_path, line, words):
    text = f"salt\n{line}\n" + "".join(f"{y:8d}" for y in COUNTS) + "\n"
    with pytest.raises(ReadError, match=words):
        read(written(tmp_path, "a.gsa", text.encode()))


FLUORAPATITE = """data_fluorapatite
_symmetry_space_group_name_H-M 'P 63/m'
_cell_length_a 9.385
_cell_length_b 9.385
_cell_length_c 6.882
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Ca1 Ca 0.33333 0.66667 0.0010
Ca2 Ca -0.0071 0.2423 0.25
P1 P 0.3690 0.3985 0.25
O1 O 0.4849 0.3273 0.25
O2 O 0.4667 0.5875 0.25
O3 O 0.2575 0.3421 0.0705
F1 F 0 0 0.25
"""  # Hughes, Cameron, Crowley, Am. Mineral. 1989, 74, 870, rounded; the cell is not that of the pattern


def test_fluorapatite_of_gsas_has_the_cell_that_gsas_found(shared_data, tmp_path):
    data = only(shared_data / "structure/xrd/standards/FAP.XRA")
    phase = written(tmp_path, "fluorapatite.cif", FLUORAPATITE.encode())
    result = get("diffraction").analyse(data, phases=str(phase), anode="Cu")
    for name, cell, u in (("a", 9.371724, 3.6e-5), ("c", 6.885867, 3.7e-5)):
        length = result.quantities[f"lattice_{name}:fluorapatite"]
        assert abs(1e10 * length.value - cell) < 2 * np.hypot(1e10 * length.u, u)
        assert 1e10 * length.u < 0.003


def test_binary_scan_equals_its_uxd(shared_data):
    folder = shared_data / "structure/xrd/bruker"
    raw, text = only(folder / "BT86.raw"), only(folder / "BT86_.UXD")
    np.testing.assert_array_equal(raw["counts"], text["counts"])
    np.testing.assert_allclose(
        raw["two_theta"], text["two_theta"], atol=0.005
    )  # the text has three decimals, rounded steps
    assert raw.attrs["metadata"]["goniometer_radius"] == text.attrs["metadata"]["goniometer_radius"] == 0.2005


@pytest.mark.parametrize(
    ("name", "points", "first", "last", "largest"),
    [
        ("bruker/TiO2_raw4.raw", [1647], 10.0, 70.041, 11493.0),
        ("bruker/Keokuk_kaolinite_2scans.RAW", [4001, 3501], 10.0, 90.0, 4880.0),
        ("bruker/23-012-AG_2thomegascan_long.brml", [2001], 44.0, 48.0, 495559.8),
        ("dara_mixtures/TiO2_0p4009-ZnO_0p6010--8min.xrdml", [8282], 10.0094, 99.9944, 14028.0),
    ],
)
def test_real_files(shared_data, name, points, first, last, largest):
    found = read(shared_data / "structure/xrd" / name)
    assert [d.sizes["two_theta"] for d in found] == points
    angle = found[0]["two_theta"].values
    assert (angle[0], angle[-1]) == pytest.approx((first, last), abs=1e-3)
    values = found[0]["counts" if "counts" in found[0] else "intensity"].values
    assert values.max() == pytest.approx(largest)
