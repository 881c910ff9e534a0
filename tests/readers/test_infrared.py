"""Infrared spectra: OMNIC, OPUS, JCAMP-DX and tables, against hand-written files and real ones."""

import struct

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff
from closo.twin.infrared import write_jcamp

HEAD = """##TITLE=synthetic
##JCAMP-DX=4.24 $$ a comment
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS={units}
##XFACTOR=1.0
##YFACTOR={factor}
##FIRSTX=400
##LASTX=409
##NPOINTS=10
##XYDATA=(X++(Y..Y))
"""
VALUES = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]  # of the example in the definition of the format


def jcamp(tmp_path, rows, units="ABSORBANCE", factor=1.0, head=HEAD, end="##END=\n"):
    path = tmp_path / "a.dx"
    path.write_text(head.format(units=units, factor=factor) + rows + end)
    return path


@pytest.mark.parametrize(
    "rows",
    [
        "400 1 2 3 3 2 1 0 -1 -2 -3\n",
        "400 1 2 3 3\n404 2 1 0 -1 -2 -3\n",
        "400+1+2+3+3+2+1+0-1-2-3\n",
        "400ABCCBA@abc\n",
        "400AJJ%jjjjjj\n",
        "400AJJ%jX\n",
        "400AJJ%j\n404BjW\n",
        "400 AJT%jX\n",
        "400 ABCTBA@abc\n",
    ],
)
def test_every_form_of_numbers_gives_the_same_values(tmp_path, rows):
    (data,) = read(jcamp(tmp_path, rows))
    np.testing.assert_allclose(data["absorbance"], VALUES)
    np.testing.assert_allclose(data["wavenumber"], np.arange(400, 410))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("400AJJ%j\n404CjW\n", "check value"),
        ("400 1 2 3 3\n405 2 1 0 -1 -2 -3\n", "expected 404 after 4 points"),
        ("400 1 2 3\n", "10 points are announced, 3 are there"),
        ("400 1 2 x 3 3 2 1 0 -1 -2 -3\n", "not a number of JCAMP-DX"),
        ("400J\n", "no value is before it"),
        ("400AS99999999\n", "repeats nothing, or too often"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, rows, said):
    with pytest.raises(ReadError, match=said):
        read(jcamp(tmp_path, rows))


def test_a_file_that_is_cut_off_or_of_another_kind_is_refused(tmp_path):
    rows = "400 1 2 3 3 2 1 0 -1 -2 -3\n"
    with pytest.raises(ReadError, match="cut off"):
        read(jcamp(tmp_path, rows, end=""))
    with pytest.raises(ReadError, match="not an infrared spectrum"):
        read(jcamp(tmp_path, rows, head=HEAD.replace("INFRARED SPECTRUM", "NMR SPECTRUM")))
    with pytest.raises(ReadError, match="abscissa is in 'MICROMETERS'"):
        read(jcamp(tmp_path, rows, head=HEAD.replace("1/CM", "MICROMETERS")))
    with pytest.raises(ReadError, match="ordinate 'FURLONGS' is not known"):
        read(jcamp(tmp_path, rows, units="FURLONGS"))


@pytest.mark.parametrize(
    ("units", "name", "first"),
    [
        ("%T", "transmittance", 0.01),
        ("TRANSMITTANCE", "transmittance", 1.0),
        ("PERCENT REFLECTANCE", "reflectance", 0.01),
        ("KUBELKA-MUNK", "kubelka_munk", 1.0),
        ("LOG(1/R)", "absorbance", 1.0),
        ("ARBITRARY UNITS", "intensity", 1.0),
    ],
)
def test_the_ordinate_is_what_the_file_says(tmp_path, units, name, first):
    (data,) = read(jcamp(tmp_path, "400 1 2 3 3 2 1 0 -1 -2 -3\n", units=units))
    assert float(data[name][0]) == pytest.approx(first)


def test_two_blocks_and_pairs(tmp_path):
    path = jcamp(tmp_path, "400AJJ%jX\n")
    block = path.read_text()
    pairs = block.replace("##XYDATA=(X++(Y..Y))\n400AJJ%jX", "##XYPOINTS=(XY..XY)\n" + "".join(
        f"{400 + k}, {y}; " for k, y in enumerate(VALUES)
    ))  # fmt: skip
    path.write_text("##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=2\n" + block + pairs + "##END=\n")
    found = read(path)
    assert len(found) == 2
    for data in found:
        np.testing.assert_allclose(data["absorbance"], VALUES)


def test_a_spectrum_survives_being_written(tmp_path):
    x = np.linspace(4000.0, 650.0, 1700)
    y = 0.5 + 0.3 * np.sin(x / 90.0)
    write_jcamp(tmp_path / "twin.dx", x, y, title="twin")
    (data,) = read(tmp_path / "twin.dx")
    np.testing.assert_allclose(data["reflectance"], y, atol=1e-7)
    np.testing.assert_allclose(data["wavenumber"], x, atol=1e-5)
    assert "SYNTHETIC" in data.attrs["metadata"]["origin"]


@pytest.mark.parametrize(
    ("names", "rows", "found"),
    [
        ("Wavenumbers (cm-1);Absorbance", "4000,5;0,25\n3999,5;0,26\n", {"absorbance": 0.25}),
        ("cm-1,%T", "4000,25\n3999,26\n", {"transmittance": 0.25}),
        ("Wavenumber / cm⁻¹\t% Reflectance\tKubelka-Munk", "4000\t50\t0.25\n3999\t51\t0.24\n",
         {"reflectance": 0.5, "kubelka_munk": 0.25}),
    ],
)  # fmt: skip
def test_tables_with_names(tmp_path, names, rows, found):
    path = tmp_path / "a.csv"
    path.write_text(names + "\n" + rows, encoding="utf-8")
    assert sniff(path).name == "infrared_table"
    for data, (name, first) in zip(read(path), found.items(), strict=True):
        assert float(data[name][0]) == pytest.approx(first)


def test_tables_without_names_are_asked_for_them(tmp_path):
    path = tmp_path / "a.dpt"
    path.write_text("4000.0,0.25\n3999.0,0.26\n3998.0,0.27\n")
    with pytest.raises(ReadError, match="--columns wavenumber,absorbance") as caught:
        read(path)
    assert "4000.0,0.25" in str(caught.value)
    (data,) = read(path, columns="wavenumber,reflectance[%]")
    assert data.attrs["kind"] == "infrared"
    np.testing.assert_allclose(data["reflectance"], [0.0025, 0.0026, 0.0027])


def test_per_cent_that_is_not_named_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Wavenumber,Reflectance\n4000,50\n3999,51\n")
    with pytest.raises(ReadError, match=r"reflectance\[%\]"):
        read(path)


def spa(points=4, key=17, abscissa=1, length=None, sections=2):
    head = struct.pack("<4xIB3xB3xff", points, abscissa, key, 4000.0, 3997.0).ljust(56, b"\0")
    data = struct.pack("<4f", 10.0, 20.0, 30.0, 40.0)
    table = struct.pack("<BxII6x", 2, 336, len(head)) + struct.pack("<BxII6x", 3, 392, length or len(data))
    top = b"Spectral Data File\r\n".ljust(30, b"\0") + b"name".ljust(264, b"\0") + struct.pack("<HI4x", sections, 1)
    return top + table + head + data


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (spa(abscissa=2), "interferogram"),
        (spa(key=99), "code 99"),
        (spa(points=5), "announces 5 points"),
        (spa(length=999), "cut off"),
        (spa(sections=60000), "cut off"),
        (spa(sections=1), "1 headers and 0 spectra"),
    ],
)
def test_wrong_omnic_files(tmp_path, content, said):
    path = tmp_path / "a.spa"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=said):
        read(path)


def test_per_cent_of_omnic_is_a_fraction(tmp_path):
    path = tmp_path / "a.spa"
    path.write_bytes(spa(key=11))
    (data,) = read(path)
    np.testing.assert_allclose(data["reflectance"], [0.1, 0.2, 0.3, 0.4])
    assert data.attrs["title"] == "name"


def spg(spectra):
    """Write a group: per spectrum title, header and intensities."""
    sections = []
    for k, values in enumerate(spectra):
        head = struct.pack("<4xIB3xB3xff", len(values), 1, 17, 4000.0, 3997.0).ljust(212, b"\0")
        sections += [(107, f"spectrum {k + 1}".encode().ljust(260, b"\0")), (2, head)]
        sections += [(3, struct.pack(f"<{len(values)}f", *values))]
    at, table, body = 304 + 16 * len(sections), b"", b""
    for key, content in sections:
        table += struct.pack("<BxII6x", key, at + len(body), len(content))
        body += content
    top = b"Spectral Data File\r\n".ljust(30, b"\0") + b"group".ljust(264, b"\0")
    return top + struct.pack("<HI4x", len(sections), 0) + table + body


def test_a_group_of_omnic(tmp_path):
    path = tmp_path / "a.spg"
    path.write_bytes(spg([(0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)]))
    first, second = read(path)
    assert (first.attrs["title"], second.attrs["title"]) == ("spectrum 1", "spectrum 2")
    np.testing.assert_allclose(second["absorbance"], [0.5, 0.6, 0.7, 0.8], rtol=1e-6)
    np.testing.assert_allclose(second["wavenumber"], [4000.0, 3999.0, 3998.0, 3997.0])


REFERENCE = {  # file -> points, sum and first moment of the intensities, by spectrochempy-omnic 0.2.1 and brukeropus 1.4.3
    "is50_silica/3-SILICA_0.SPA": (11098, 6152.995340764523, 39259669.85018307),
    "is50_silica/3-SILICA_2.SPA": (11098, 6126.3497800678015, 39105291.82846762),
    "is50_silica/3-SILICA_3.SPA": (11098, 5194.311797767878, 32453650.42003654),
    "is50_silica/2-BaSO4_0.SPA": (11098, 25228.12563198805, 132576626.54291645),
    "is50_silica/9-Z25-S6_5.SPA": (11098, 4474.818012624979, 32079451.889124155),
    "is50_silica/BG1-BCKG_0.SPA": (11098, 205836.11694812775, 1447793835.609002),
    "other/7_CZ0-100_Pd_101.SPA": (5549, 4722.647387549281, 12317640.918775588),
    "other/spectre.SPA": (3734, 6299.9591075163335, 8868626.611597067),
    "other/opus_test.0000": (2567, 311.5438036054825, 352884.35154163354),
    "other/opus_background.0": (4096, 294.2280921487543, 746239.153774377),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_real_files_are_read_as_other_readers_read_them(shared_data, name):
    (data,) = read(shared_data / "structure" / "ftir" / name)
    values = next(iter(data.data_vars.values())).values
    points, total, moment = REFERENCE[name]
    assert values.size == points
    assert values.sum() == pytest.approx(total, rel=1e-13)
    assert values @ np.arange(points) == pytest.approx(moment, rel=1e-13)


def test_real_abscissas_and_what_stands_beside(shared_data):
    folder = shared_data / "structure" / "ftir"
    (data,) = read(folder / "is50_silica" / "3-SILICA_3.SPA")
    assert float(data["wavenumber"][0]) == 6000.041015625
    assert float(data["wavenumber"][-1]) == pytest.approx(649.9039916992188)
    assert data.attrs["metadata"]["date"].startswith("2020-11-12T09:44:04")
    assert data.attrs["metadata"]["scans"] == 32
    (opus,) = read(folder / "other" / "opus_test.0000")
    assert float(opus["wavenumber"][0]) == pytest.approx(3998.3449384537757)
    assert "single beam (sample)" in opus.attrs["metadata"]["spectra_in_file"]
    with pytest.raises(ReadError, match="interferogram"):
        read(folder / "other" / "interfero.SPA")


def test_values_beyond_what_an_opus_file_states_are_refused(shared_data, tmp_path):
    damaged = bytearray((shared_data / "structure" / "ftir" / "other" / "opus_test.0000").read_bytes())
    damaged[26808:26812] = struct.pack("<f", 99.0)
    path = tmp_path / "a.0"
    path.write_bytes(damaged)
    with pytest.raises(ReadError, match="the file states"):
        read(path)


def test_real_text_file(shared_data):
    (data,) = read(shared_data / "structure" / "ftir" / "other" / "datalab_FTIRText020.txt")
    assert float(data["transmittance"][0]) == pytest.approx(0.81708257)
