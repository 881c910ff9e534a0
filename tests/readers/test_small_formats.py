"""The small text formats: .dfr, .i2b, .P00, Ivium .idf, RelaxIS, Novocontrol, CHI, PAR text tables."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j)]


@pytest.fixture
def write(tmp_path):
    def write(content, name, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding))
        return path

    return write


def check(data, rtol=1e-6):
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM], rtol=rtol)
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM], rtol=rtol)


# Autolab FRA .dfr
def dfr(points=SPECTRUM, announced=4, version="8.0"):
    lines = [f"VERSION{version}", f" {announced}", " 1"]
    lines += [f" {v}" for f, z in points for v in (f, z.real, -z.imag, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
    return "\n".join([*lines, " 2.0", " 2.0"]) + "\n"


def test_dfr(write):
    path = write(dfr(), "a.dfr")
    assert sniff(path).name == "dfr"
    check(read(path)[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (dfr(announced=40), "the file ends before the last"),
        (dfr(version="4.9"), "expected VERSION8.0"),
        (dfr(announced="x"), "expected the number of points"),
    ],
)
def test_dfr_refused(write, content, message):
    with pytest.raises(ReadError, match=message):
        read(write(content, "a.dfr"))


# .i2b
def i2b(announced=4):
    return "\n".join(["pellet 3", "", f"{announced}", *(f"{f} {z.real} {z.imag}" for f, z in SPECTRUM)]) + "\n"


def test_i2b(write):
    (data,) = read(write(i2b(), "a.i2b"))
    check(data)
    assert data.attrs["metadata"]["comment"] == "pellet 3"


def test_i2b_refused(write):
    with pytest.raises(ReadError, match="5 points are announced, 4 are there"):
        read(write(i2b(5), "a.i2b"))
    with pytest.raises(ReadError, match="no line holds the number of points"):
        read(write("only\ntext\n", "a.i2b"))


# .P00
def p00(announced=4):
    head = ["Procedure : pellet", "1.1.2020 - 1.1.2020 i(init)= 183.1nA - i(end)= 7.88nA", "free text", "t =  736.4 s"]
    head += [" f/Hz       \t Z'/Ohm     \t -Z''/Ohm   \t time/s    \t Edc/V     \t Idc/A     \t", f" {announced} "]
    return (
        "\n".join(
            head + [f" {f:.3e}\t {z.real:.3e}\t {-z.imag:.3e}\t 5.9e+01\t 3.1e-02\t 1.8e-08\t" for f, z in SPECTRUM]
        )
        + "\n"
    )


def test_p00(write):
    path = write(p00(), "a.P00")
    assert sniff(path).name == "p00"
    (data,) = read(path)
    check(data)
    np.testing.assert_allclose(data["current"], 1.8e-8)
    assert data.attrs["metadata"]["procedure"] == "pellet"
    assert data.attrs["warnings"] == ()


def test_p00_cut_off_is_told(write):
    assert "9 points are announced, 4 are there" in read(write(p00(9), "a.P00"))[0].attrs["warnings"][0]


# Ivium .idf
def idf(method="Impedance", announced=4, marker="primary_data    "):
    head = (
        "\x00\x00H\x00\x00\x00\r\nPeaks=false\r\nCorrosion=false\r\nSolarcell=false\r\n<\x07\x00\x00\r\nstarttime=\r\n"
    )
    head += f"Method={method}\r\nTechnique=Constant E\r\nTitle=pellet\r\nData Options.Area=1\r\n"
    head += f"\x02\r\n{marker}\r\n3         \r\n"
    rows = "".join(f"{z.real:.5E}  {z.imag:.5E}\t{f:.5E} \r\n" for f, z in SPECTRUM)
    return head + f"{announced}        \r\n" + rows + "osc_data\r\n1\r\n3\r\n"


def test_ivium(write):
    path = write(idf(), "a.idf", "latin-1")
    assert sniff(path).name == "ivium"
    (data,) = read(path)
    check(data)
    assert data.attrs["metadata"]["comment"] == "pellet"
    assert "default" in data.attrs["suggestions"]["area"]["from"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idf(method="CyclicVoltammetry"), "only impedance is read"),
        (idf(announced=7), "7 rows are announced|do not have 3 values"),
        (idf(announced="x"), "expected 3 columns and a number of rows"),
        (idf(marker="other"), "no 'primary_data'"),
    ],
)
def test_ivium_refused(write, content, message):
    with pytest.raises(ReadError, match=message):
        read(write(content, "a.idf", "latin-1"))


# RelaxIS
def relaxis(spectra=1):
    lines = [
        "RelaxIS 3.0 Spectrum export",
        "Date: 12/16/2025",
        "Data: Frequency\tData: Z'\tData: Z''\tData: |Z|\tData: Theta (Z)",
    ]
    for k in range(spectra):
        lines.append(f"DC=-0.08, TM=3{k}\tModel: none\tpellet_{k}\t\t")
        lines += [f"{f}\t{z.real}\t{z.imag}\t{abs(z)}\t{np.degrees(np.angle(z))}" for f, z in SPECTRUM]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("spectra", [1, 3])
def test_relaxis(write, spectra):
    path = write(relaxis(spectra), "a.txt")
    assert sniff(path).name == "relaxis"
    parts = read(path)
    assert len(parts) == spectra
    for k, data in enumerate(parts):
        check(data)
        assert f"pellet_{k}" in data.attrs["metadata"]["information"]
        assert data.attrs["warnings"] == ()


def test_relaxis_refused(write):
    with pytest.raises(ReadError, match="no measurement in it"):
        read(write("\n".join(relaxis().split("\n")[:4]) + "\n", "a.txt"))
    with pytest.raises(ReadError, match="no line names"):
        read(write("RelaxIS 3.0 Spectrum export\n1\t2\t3\n", "a.txt"))


# Novocontrol
NOVO = [
    "s1_25deg, 26.02.2025, 15:11",
    "Diameter[mm]: 1.300e+01  Thickness[mm]: 7.500e-01  Electrode Thickness[mm]: 4.00e+00",
    "Fixed value(s) :  AC Volt  [Vrms]=7.1e-03  ",
    "     Freq.[Hz]\t      Zs'[ohm]\t     Zs''[ohm]",
]
NOVO_ROWS = [f" {f:.6e}\t {z.real:.6e}\t{z.imag:.6e}" for f, z in SPECTRUM]


def test_novocontrol(write):
    path = write("\n".join(NOVO + NOVO_ROWS), "a.txt")
    assert sniff(path).name == "novocontrol"
    (data,) = read(path)
    check(data)
    assert data.attrs["suggestions"] == {
        "diameter": {"value": "1.300e+01 mm", "from": "header"},
        "thickness": {"value": "7.500e-01 mm", "from": "header"},
    }


def test_novocontrol_temperature_series(write):
    names = "Freq. [Hz]\tTemp. [°C]\tZs' [ohm]\tZs'' [ohm]"
    rows = [f"{f}\t{t}\t{z.real}\t{z.imag}" for t in (-20.0, 30.0) for f, z in SPECTRUM]
    cold, warm = read(write("\n".join([names, *rows]) + "\n", "a.txt"))
    check(cold)
    np.testing.assert_allclose(warm["temperature"], 303.15)


def test_novocontrol_of_permittivity_is_refused(write):
    with pytest.raises(ReadError, match="no line names"):
        read(write("Freq. [Hz]\tEps'\tEps''\n1\t2\t3\n2\t3\t4\n", "a.txt"))


# CH Instruments
def chi(technique="A.C. Impedance", names="Freq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg", rows=None):
    rows = rows or [
        f"{f:.3e}, {z.real:.3e}, {z.imag:.3e}, {abs(z):.3e}, {np.degrees(np.angle(z)):.1f}" for f, z in SPECTRUM
    ]
    head = [
        "Nov. 23, 2024   17:47:14",
        technique,
        "File: eis.bin",
        "Data Source:  Experiment",
        "Instrument Model:  CHI660E",
    ]
    head += ["Header: pellet", "Note: ", "", "Init E (V) = 0.848", "High Frequency (Hz) = 1e+5", "", names, ""]
    return "\n".join([*head, *rows]) + "\n"


def test_chi(write):
    path = write(chi(), "a.txt")
    assert sniff(path).name == "chi"
    (data,) = read(path)
    check(data)
    assert data.attrs["metadata"]["settings"]["Init E (V)"] == "0.848"
    assert data.attrs["warnings"] == ()


def test_chi_with_negated_imaginary_part(write):
    rows = [f"{f}, {z.real}, {-z.imag}, {abs(z)}, {np.degrees(np.angle(z))}" for f, z in SPECTRUM]
    check(read(write(chi(names="Freq/Hz, Z'/ohm, -Z\"/ohm, Z/ohm, Phase/deg", rows=rows), "a.txt"))[0])


@pytest.mark.parametrize(
    ("technique", "names", "kind"),
    [
        ("Linear Sweep Voltammetry", "Potential/V, Current/A", "voltammetry"),
        ("Amperometric i-t Curve", "Time/sec, Current/A", "chronoamperometry"),
        ("Open Circuit Potential - Time", "Time/sec, Potential/V", "open_circuit"),
    ],
)
def test_chi_direct_current(write, technique, names, kind):
    (data,) = read(write(chi(technique, names, ["0.1, 1.5e-6", "0.2, 2.5e-6", "0.3, 3.5e-6"]), "a.txt"))
    assert data.attrs["kind"] == kind
    assert any("cathodic" in w for w in data.attrs["warnings"]) == ("Current" in names)


def test_chi_refused(write):
    with pytest.raises(ReadError, match="no line of column names"):
        read(write(chi(names="A, B, C"), "a.txt"))


# PAR text
@pytest.mark.parametrize("separator", ["\t", ","])
def test_versastudio_copy_and_paste(write, separator):
    names = [
        "Frequency (Hz)",
        "Zre (ohms)",
        "Zim (ohms)",
        "|Z| (ohms)",
        "Phase of Z (deg)",
        "Elapsed Time (s)",
        "Potential (V)",
    ]
    rows = [[f, z.real, z.imag, abs(z), np.degrees(np.angle(z)), k, 0.2] for k, (f, z) in enumerate(SPECTRUM)]
    direct = [[0, 0, 0, 0, 0, 9 + k, 0.3] for k in range(3)]
    lines = [separator.join(names), *(separator.join(str(c) for c in r) for r in rows + direct)]
    path = write("\n".join(lines) + "\n", "a.txt")
    assert sniff(path).name == "par_text"
    eis, record = read(path)
    check(eis)
    assert eis.attrs["uncalibrated"] is False
    assert (record.attrs["kind"], record.sizes["point"]) == ("record", 3)


def test_powersuite(write):
    lines = ["Frequency\t Zre\t Zimg", *(f"{f}\t {z.real}\t {z.imag}" for f, z in SPECTRUM)]
    (data,) = read(write("\r\r\n".join(lines) + "\r\r\n", "a.txt"))
    check(data)
    assert data.attrs["metadata"]["software"] == "PowerSUITE"
    assert data.attrs["warnings"] == ()
