"""EC-Lab text: locales, headers of any length, techniques, several spectra in one file."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

NAMES = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\t<Ewe>/V\t<I>/mA\tCs/µF\tcycle number\t"
SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j)]


def row(k, frequency, z, cycle=1):
    values = (frequency, z.real, -z.imag, abs(z), np.degrees(np.angle(z)), k, 0.25, -1.5, 0, cycle)
    return "\t".join(f"{v:.7E}" for v in values)


def rows(cycle=1, scale=1.0):
    return [row(k, f, scale * z, cycle) for k, (f, z) in enumerate(SPECTRUM)]


def mpt(lines, names=NAMES, technique="Potentio Electrochemical Impedance Spectroscopy", settings=()):
    header = [
        "EC-Lab ASCII FILE",
        "Nb header lines : {n}",
        "",
        technique,
        "",
        "Run on channel : 1 (SN 1)",
        "Acquisition started on : 02/04/2018 10:02:46",
        "Device : SP-150 (SN 2)",
        "Electrode surface area : 0.001 cm²",
        "Characteristic mass : 6.52 mg",
        "Mass of active material : 7000.000 mg",
        "Comments : first",
        "Comments : second",
        *settings,
        "",
        names,
    ]
    header[1] = f"Nb header lines : {len(header)}"
    return "\n".join([*header, *lines])


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.mpt", encoding="latin-1"):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding))
        return path

    return write


def test_spectrum(write):
    (data,) = read(write(mpt(rows())))
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM], rtol=1e-6)
    np.testing.assert_allclose(data["current"], -1.5e-3)
    np.testing.assert_allclose(data["potential"], 0.25)
    assert (data.attrs["title"], data.attrs["uncalibrated"], data.attrs["warnings"]) == ("PEIS 1", False, ())
    metadata = data.attrs["metadata"]
    assert metadata["technique"] == "Potentio Electrochemical Impedance Spectroscopy"
    assert metadata["comment"] == "first\nsecond"
    assert metadata["columns_not_used"] == ["Cs/µF", "cycle number"] or "Cs/µF" in metadata["columns_not_used"]


def test_defaults_of_the_header_are_marked_suggestions(write):
    suggestions = read(write(mpt(rows())))[0].attrs["suggestions"]
    assert suggestions["area"]["value"] == "0.001 cm2"
    assert "default" in suggestions["area"]["from"]
    assert suggestions["mass"] == {"value": "6.52 mg", "from": "header: Characteristic mass"}
    assert "default" in suggestions["active_mass"]["from"]


def test_german_locale_gives_the_same_numbers(write):
    (point,) = read(write(mpt(rows())))
    (comma,) = read(write(mpt([r.replace(".", ",") for r in rows()]), name="b.mpt"))
    np.testing.assert_array_equal(point["impedance"], comma["impedance"])
    np.testing.assert_array_equal(point["time"], comma["time"])


def test_three_line_header_and_no_header(write):
    short = "\n".join(["EC-Lab ASCII FILE", "Nb header lines : 3", NAMES, *rows()])
    bare = "\n".join([NAMES, *rows()])
    for content in (short, bare):
        (data,) = read(write(content))
        assert (data.attrs["kind"], data.attrs["title"], data.sizes["point"]) == ("impedance", "EIS 1", 4)


def test_wrong_header_count_is_no_obstacle(write):
    content = mpt(rows()).replace("Nb header lines : 15", "Nb header lines : 11")
    assert read(write(content))[0].sizes["point"] == 4


def test_rows_alone_are_refused_with_columns_to_paste(write):
    with pytest.raises(ReadError, match=r"--columns frequency,impedance_real,-impedance_imag,_,_,_,_,_,_,_$"):
        read(write("\n".join(rows())))


@pytest.mark.parametrize("cycles", [(1, 2, 3), (0, 0, 0)])
def test_stacked_spectra_are_split_by_cycle_or_by_frequency(write, cycles):
    lines = [line for k, c in enumerate(cycles) for line in rows(c, 1.0 + k)]
    parts = read(write(mpt(lines)))
    assert [d.attrs["title"] for d in parts] == ["PEIS 1", "PEIS 2", "PEIS 3"]
    np.testing.assert_allclose(parts[2]["impedance"], 3 * parts[0]["impedance"], rtol=1e-6)


@pytest.mark.parametrize(
    ("technique", "names", "title", "kind"),
    [
        ("Chronoamperometry / Chronocoulometry", "time/s\tcontrol/V\tEwe/V\tI/mA", "CA 1", "chronoamperometry"),
        ("Chronopotentiometry", "time/s\tcontrol/mA\t<Ewe>/V\tI/mA", "CP 1", "chronopotentiometry"),
        ("Linear Sweep Voltammetry", "time/s\tcontrol/V\tEwe/V\t<I>/mA", "LSV 1", "voltammetry"),
        ("Cyclic Voltammetry", "time/s\tcontrol/V\tEwe/V\t<I>/mA", "CV 1", "voltammetry"),
        ("Open Circuit Voltage", "time/s\tmode\tEwe/V\terror", "OCV 1", "open_circuit"),
        (
            "Galvanostatic Cycling with Potential Limitation",
            "time/s\tcontrol/V/mA\tEcell/V\t<I>/mA",
            "GCPL 1",
            "cycling",
        ),
        ("Modulo Bat", "time/s\tcontrol/V/mA\tEcell/V\tI/mA", "MB 1", "cycling"),
        ("A technique of the future", "time/s\tmode\tEwe/V\tI/mA", "record 1", "record"),
    ],
)
def test_techniques(write, technique, names, title, kind):
    (data,) = read(
        write(mpt([f"{k}\t0.5\t{0.1 * k + 1}\t{k + 1}" for k in range(5)], names=names, technique=technique))
    )
    assert (data.attrs["title"], data.attrs["kind"]) == (title, kind)
    voltage = "voltage" if "Ecell" in names else "potential"
    np.testing.assert_allclose(data[voltage], 0.1 * np.arange(5) + 1)
    if "I/mA" in names or "<I>/mA" in names:
        np.testing.assert_allclose(data["current"], 1e-3 * (np.arange(5) + 1))


@pytest.mark.parametrize(
    ("control", "kind"), [("control/V/mA", "cycling"), ("control/mA", "chronopotentiometry"), ("control/V", "record")]
)
def test_kind_from_the_columns_without_a_technique(write, control, kind):
    content = "\n".join([f"mode\ttime/s\t{control}\tEwe/V\tI/mA", *(f"1\t{k}\t1\t{k}\t2" for k in range(4))])
    (data,) = read(write(content))
    assert data.attrs["kind"] == kind
    assert any("names no technique" in w for w in data.attrs["warnings"])


def test_spectra_between_cycling_rows_are_kept_apart(write):
    names = "mode\ttime/s\tEwe/V\tI/mA\tfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\tz cycle\tcycle number"
    direct = [f"1\t{k}\t3.1\t0.5\t0\t0\t0\t0\t1" for k in range(4)]
    first = [f"2\t{k + 4}\t3\t0\t{f}\t{z.real}\t{-z.imag}\t1\t1" for k, (f, z) in enumerate(SPECTRUM)]
    second = [line.replace("\t1\t1", "\t2\t1") for line in first]
    parts = read(write(mpt([*direct, *first, *second, *direct], names=names, technique="Modulo Bat")))
    assert [(d.attrs["title"], d.sizes["point"]) for d in parts] == [("MB DC 1", 8), ("PEIS 1", 4), ("PEIS 2", 4)]


def test_cut_off_last_row_is_left_out(write):
    content = mpt(rows())
    (data,) = read(write(content[:-60]))
    assert data.sizes["point"] == 3
    assert any("cut off" in w for w in data.attrs["warnings"])


def test_header_without_rows_is_refused(write):
    with pytest.raises(ReadError, match="no rows of numbers follow"):
        read(write(mpt([])))


def test_wrong_phase_sign_is_told(write):
    lines = ["\t".join([*r.split("\t")[:4], r.split("\t")[4].replace("-", ""), *r.split("\t")[5:]]) for r in rows()]
    assert any("opposite" in w for w in read(write(mpt(lines)))[0].attrs["warnings"])


def test_recognised_by_content(write):
    assert sniff(write(mpt(rows()), name="a.txt")).name == "biologic"
    assert sniff(write(mpt(rows()).replace("EC-Lab", "BT-Lab"), name="a.txt")).name == "biologic"
