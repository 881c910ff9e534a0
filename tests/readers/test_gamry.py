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


# charge and discharge
def curve(potentials, current, *, name="CURVE", start=0, temp="2.50000E+001", step=10):
    lines = [f"{name}\tTABLE\t{len(potentials)}", "\tPt\tT\tVf\tIm\tVu\tPwr\tTemp\tIERange\tOver"]
    lines.append("\t#\ts\tV\tA\tV\tW\tdeg C\t#\tbits")
    return lines + [
        f"\t{k}\t{start + step * k}\t{v}\t{current}\t0\t{v * current}\t{temp}\t10\t..........a"
        for k, v in enumerate(potentials)
    ]


CHARGE, DISCHARGE = curve([3.0, 3.1, 3.2], 2e-3, name="CURVE1"), curve([3.1, 3.0], -2e-3, name="CURVE2")


@pytest.mark.parametrize(
    ("tag", "title", "kind"),
    [
        ("PWR800_CHARGE", "charge 1", "chronopotentiometry"),
        ("PWR800_DISCHARGE", "discharge 1", "chronopotentiometry"),
        ("PWR800_READVOLTAGE", "OCV 1", "open_circuit"),
        ("CHRONOP", "CP 1", "chronopotentiometry"),
        ("PWR800_CYCLICCHARGEDISCHARGE", "cycling 1", "cycling"),
    ],
)
def test_steps_of_a_cycling_experiment(write, tag, title, kind):
    (data,) = read(write(dta(curve([3.0, 3.1, 3.2], 2e-3), tag=tag)))
    assert (data.attrs["title"], data.attrs["kind"]) == (title, kind)
    np.testing.assert_allclose(data["current"], 2e-3)
    np.testing.assert_allclose(data["temperature"], 298.15)
    assert data.attrs["metadata"]["current_sign"] == "positive charges"


def test_several_galvanostatic_curves_are_one_cycling_record(write):
    ocv, data = read(write(dta(OCV, CHARGE, DISCHARGE, tag="PWR800_CYCLICCHARGEDISCHARGE")))
    assert ocv.attrs["kind"] == "open_circuit"
    assert (data.attrs["kind"], data.attrs["title"]) == ("cycling", "cycling 1")
    assert data["time"].values.tolist() == [0, 10, 20, 20, 30]  # the clock of the second curve starts again
    assert data["current"].values.tolist() == [2e-3, 2e-3, 2e-3, -2e-3, -2e-3]
    assert data["step"].values.tolist() == [1, 1, 1, 2, 2]


def test_a_clock_that_goes_on_is_left_alone(write):
    later = curve([3.1, 3.0], -2e-3, name="CURVE2", start=100)
    (data,) = read(write(dta(CHARGE, later, tag="CHRONOP")))
    assert data["time"].values.tolist() == [0, 10, 20, 100, 110]


def test_several_curves_of_a_voltammogram_stay_apart(write):
    assert [d.attrs["title"] for d in read(write(dta(CHARGE, DISCHARGE, tag="CV")))] == ["CV 1", "CV 2"]


def test_a_sensor_that_is_not_there_is_left_out(write):
    (data,) = read(write(dta(curve([3.0, 3.1], 2e-3, temp="-3.27597E+002"), tag="PWR800_CHARGE")))
    assert "temperature" not in data


def test_another_current_convention_is_told(write):
    content = dta(curve([3.0, 3.1], 2e-3), tag="CHRONOP").replace(
        "PSTAT\tPSTAT", "CONVENTION\tIQUANT\t0\tCurrent\nPSTAT\tPSTAT"
    )
    assert any("CONVENTION is '0', not 1" in w for w in read(write(content))[0].attrs["warnings"])
    assert read(write(content.replace("IQUANT\t0", "IQUANT\t1")))[0].attrs["warnings"] == ()


def test_a_summary_of_half_cycles_is_refused_with_advice(write):
    summary = [
        "CAPACITYCURVE\tTABLE",
        "\tPt\tTime\tType\tCycle\tCharge",
        "\t#\ts\t#\t#\tC",
        "\t1\t3493\t0\t1\t4362.108",
    ]
    with pytest.raises(ReadError, match="capacity of each half cycle") as caught:
        read(write(dta(summary, tag="PWR800_CYCLICCHARGEDISCHARGE")))
    assert "CHARGE_#1.DTA" in caught.value.hint


def test_real_direct_current_files(shared_data):
    (data,) = read(shared_data / "cycling/gamry/chronoa_data.dta")
    assert (data.attrs["kind"], data.sizes["point"]) == ("chronoamperometry", 10)
    assert data["current"].values[1] == 1.40441e-8
    rest, sweep = read(shared_data / "cycling/gamry/ocvcurve_data.dta")
    assert (rest.attrs["kind"], rest.sizes["point"], rest["potential"].values[0]) == ("open_circuit", 40, 0.28347)
    assert sweep.attrs["kind"] == "voltammetry"


@pytest.mark.parametrize("damaged", ["\xb5", "?", "\xb0\x81", "", "C"])
def test_a_damaged_degree_sign_costs_the_comparison_only(write, damaged):
    lines = zcurve()
    lines[2] = lines[2].replace("°", damaged)
    (data,) = read(write(dta(lines)))
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])
    assert any("Zphz of ZCURVE was left out" in w for w in data.attrs["warnings"])


def test_a_damaged_unit_of_a_needed_column_is_refused(write):
    lines = zcurve()
    lines[2] = lines[2].replace("\tHz", "\tH?")
    with pytest.raises(ReadError, match="unit 'H\\?' of frequency"):
        read(write(dta(lines)))


def test_signs_of_utf_8_survive_a_damaged_byte_elsewhere(tmp_path):
    path = tmp_path / "a.DTA"
    path.write_bytes(dta(zcurve()).encode().replace(b"pellet 7", b"pellet \xff7"))
    (data,) = read(path)
    assert data.attrs["warnings"] == ()


@pytest.mark.parametrize(("name", "factor"), [("I/μA", 1e-6), ("I/mA", 1e-3)])
def test_signs_in_gbk(tmp_path, name, factor):
    path = tmp_path / "a.csv"
    rows = "".join(f"{k},{3 + k / 100},{k + 1},30\n" for k in range(12))
    path.write_bytes(
        f"时间,Time/s,U/V,{name},温度/℃\n".encode("gbk").replace("时间,".encode("gbk"), b"") + rows.encode()
    )
    (data,) = read(path)
    np.testing.assert_allclose(data["current"], factor * np.arange(1, 13))


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["ISTEP1\tQUANT\t2.00000E-003\tStep 1 Current (A)"], [0, 2e-3, 2e-3, 2e-3]),
        (
            ["ISTEP1\tQUANT\t2.0E-003\tStep 1", "TSTEP1\tQUANT\t15\t1", "ISTEP2\tQUANT\t-1.0E-003\t2", "TSTEP2\tQUANT\t9\t"],
            [0, 2e-3, -1e-3, 0],
        ),
        (["ISTEP1\tQUANT\tnone\tStep 1 Current (A)"], None),
        ([], None),
    ],
)  # fmt: skip
def test_set_current_of_a_chronopotentiometry(write, lines, wanted):
    (data,) = read(write(dta(lines, curve([3.0, 3.1, 3.2, 3.3], 2e-3), tag="CHRONOP")))
    assert (data["set_current"].values.tolist() if "set_current" in data else None) == wanted
