"""Gamry .DTA: spectra and curves, decimal comma, drift correction, units row."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read

SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j)]


def zcurve(unit="ohm", corrected=False):
    names = ["Pt", "Time", "Freq", "Zreal", "Zimag", "Zsig", "Zmod", "Zphz"]
    units = ["#", "s", "Hz", unit, unit, "V", unit, "°"]
    if corrected:
        names += ["ZrealDrCor", "ZimagDrCor", "ZmodDrCor", "ZphzDrCor"]
        units += [unit, unit, unit, "°"]
    lines = ["ZCURVE\tTABLE", "\t" + "\t".join([*names, "Idc", "Vdc"]), "\t" + "\t".join([*units, "A", "V"])]
    for k, (f, z) in enumerate(SPECTRUM):
        cells = [k, k, f, z.real, z.imag, 1, abs(z), np.degrees(np.angle(z))]
        if corrected:
            z = 1.1 * z
            cells += [z.real, z.imag, abs(z), np.degrees(np.angle(z))]
        lines.append("\t" + "\t".join(f"{c:.7g}" for c in [*cells, 1e-3, 0.5]))
    return lines


OCV = ["OCVCURVE\tTABLE\t3", "\tPt\tT\tVf\tVm\tOver", "\t#\ts\tV vs. Ref.\tV\tbits"] + [
    f"\t{k}\t{k + 0.5}\t0.25\t0.3\t......a" for k in range(3)
]


def dta(*tables, tag="EISPOT", area="1.00000E+000"):
    head = [
        "EXPLAIN", f"TAG\t{tag}", "TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier", "DATE\tLABEL\t4/23/2018\tDate",
        "TIME\tLABEL\t16:43:15\tTime", "NOTES\tNOTES\t1\t&Notes...", "\tpellet 7", "PSTAT\tPSTAT\tREF3000\tPotentiostat",
        f"AREA\tQUANT\t{area}\t&Area (cm^2)",
    ]  # fmt: skip
    return "\n".join([*head, *(line for t in tables for line in t)]) + "\n"


@pytest.fixture
def write(tmp_path):
    def write(content, encoding="latin-1"):
        path = tmp_path / "a.DTA"
        path.write_bytes(content.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_open_circuit_and_spectrum(write, encoding):
    ocv, eis = read(write(dta(OCV, zcurve()), encoding))
    assert (ocv.attrs["title"], ocv.attrs["kind"], ocv.sizes["point"]) == ("OCV 1", "open_circuit", 3)
    assert eis.attrs["title"] == "PEIS 1"
    np.testing.assert_allclose(eis["impedance"], [z for _, z in SPECTRUM])
    np.testing.assert_allclose(eis["current"], 1e-3)
    assert eis.attrs["warnings"] == ()
    assert eis.attrs["metadata"]["comment"] == "pellet 7"
    assert "default" in eis.attrs["suggestions"]["area"]["from"]


def test_galvanostatic_file_without_open_circuit(write):
    (eis,) = read(write(dta(zcurve(), tag="GALVEIS", area="0.785")))
    assert eis.attrs["title"] == "GEIS 1"
    assert eis.attrs["suggestions"]["area"] == {"value": "0.785 cm2", "from": "header: AREA"}


def test_decimal_comma(write):
    _, eis = read(write(dta(OCV, zcurve()).replace(".", ",")))
    np.testing.assert_allclose(eis["impedance"], [z for _, z in SPECTRUM])


def test_drift_corrected_columns_are_taken_and_named(write):
    (eis,) = read(write(dta(zcurve(corrected=True))))
    np.testing.assert_allclose(eis["impedance"], [1.1 * z for _, z in SPECTRUM], rtol=1e-6)
    assert eis.attrs["metadata"]["drift_corrected"] is True


def test_units_row_is_obeyed(write):
    (eis,) = read(write(dta(zcurve(unit="kohm"))))
    np.testing.assert_allclose(eis["impedance"], [1e3 * z for _, z in SPECTRUM])


def test_unknown_unit_is_refused(write):
    with pytest.raises(ReadError, match="unit 'ohm cm2' of impedance_real"):
        read(write(dta(zcurve(unit="ohm cm2"))))


@pytest.mark.parametrize(
    ("tag", "title", "kind"),
    [
        ("CHRONOA", "CA 1", "chronoamperometry"),
        ("CV", "CV 1", "voltammetry"),
        ("LSV", "LSV 1", "voltammetry"),
        ("XYZ", "XYZ 1", "record"),
    ],
)
def test_curves_get_their_kind_from_the_tag(write, tag, title, kind):
    curve = ["CURVE\tTABLE\t4", "\tPt\tT\tVf\tIm", "\t#\ts\tV vs. Ref.\tmA"] + [
        f"\t{k}\t{k}\t{0.1 * k + 0.1}\t2" for k in range(4)
    ]
    (data,) = read(write(dta(curve, tag=tag)))
    assert (data.attrs["title"], data.attrs["kind"]) == (title, kind)
    np.testing.assert_allclose(data["current"], 2e-3)


def test_fewer_rows_than_announced_is_told(write):
    lines = [OCV[0].replace("3", "40"), *OCV[1:]]
    assert "40 rows are announced, 3 are there" in read(write(dta(lines)))[0].attrs["warnings"][0]


@pytest.mark.parametrize("tables", [(), (zcurve()[:3],), (["OTHER\tTABLE", "\ta", "\tb", "\t1"],)])
def test_no_table_with_rows_is_refused(write, tables):
    with pytest.raises(ReadError, match="no ZCURVE, OCVCURVE or CURVE with rows"):
        read(write(dta(*tables)))


def test_spectrum_without_its_columns_is_refused(write):
    lines = [line.replace("Zimag", "Zother") for line in zcurve()]
    with pytest.raises(ReadError, match="no column for impedance_imag"):
        read(write(dta(lines)))
