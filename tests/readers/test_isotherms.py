"""Files of gas adsorption: tables, Micromeritics reports, AIF and pyGAPS, written by hand and real."""

import json

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

ROWS = [(0.05, 1.8), (0.1, 2.0), (0.3, 2.8), (0.95, 16.5), (0.5, 3.9)]
STP = 22.414  # cm3/mmol


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def table(names, rows=tuple(ROWS), separator=","):
    return "\n".join([names, *(separator.join(f"{value:g}" for value in row) for row in rows)]) + "\n"


# tables


@pytest.mark.parametrize(
    ("names", "factor"),
    [
        ("Relative Pressure (P/Po),Quantity Adsorbed (mmol/g)", 1.0),
        ("relative_pressure,quantity_adsorbed_cm3STP_per_g", 1.0 / STP),
        ("p/p0;Volume @ STP (cc/g)", 1.0 / STP),
        ("P/Po\tAmount Adsorbed / cm³(STP) g⁻¹", 1.0 / STP),
    ],
)
def test_names_and_units_of_a_table(tmp_path, names, factor):
    separator = next(s for s in "\t;," if s in names)
    path = write(tmp_path / "a.csv", table(names, separator=separator))
    assert sniff(path).name == "isotherms"
    (data,) = read(path)
    assert data.attrs["kind"] == "isotherm"
    np.testing.assert_allclose(data["relative_pressure"], [x for x, _ in ROWS])
    np.testing.assert_allclose(data["adsorbed_amount"], [factor * n for _, n in ROWS])
    assert data["desorption"].values.tolist() == [0, 0, 0, 0, 1]  # what follows the highest pressure


def test_decimal_comma_comments_and_pressures(tmp_path):
    text = "Sample A\nBET lab\n" + table("Absolute Pressure (mmHg);Saturation Pressure (mmHg);Quantity Adsorbed (mmol/g)",
                                         [(760 * x, 760, n) for x, n in ROWS], ";").replace(".", ",")  # fmt: skip
    (data,) = read(write(tmp_path / "a.csv", text))
    np.testing.assert_allclose(data["relative_pressure"], [x for x, _ in ROWS], rtol=1e-5)
    assert float(data["saturation_pressure"][0]) == pytest.approx(101325.0, rel=1e-6)
    assert data.attrs["metadata"]["comment"] == "Sample A\nBET lab"


def test_a_volume_that_does_not_say_stp_is_taken_for_it_and_told(tmp_path):
    (data,) = read(write(tmp_path / "a.csv", table("p/p0,Quantity Adsorbed (cm3/g)")))
    assert float(data["adsorbed_amount"][0]) == pytest.approx(1.8 / STP)
    assert "taken as cm3 of gas at 0 degC" in data.attrs["warnings"][0]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("p/p0,Quantity Adsorbed (mg/g)", "the unit 'mg/g'"),
        ("p/p0,Quantity Adsorbed", "no unit of adsorbed_amount"),
        ("Absolute Pressure (furlong),Quantity Adsorbed (mmol/g)", "the unit 'furlong'"),
        ("time,Quantity Adsorbed (mmol/g)", "no line names an adsorbed amount beside a pressure"),
    ],
)
def test_a_table_that_is_not_understood_says_what_is_missing(tmp_path, names, found):
    with pytest.raises(ReadError, match=found) as caught:
        read(write(tmp_path / "a.csv", table(names)))
    assert caught.value.hint


def test_pressures_that_do_not_fit_together_are_told(tmp_path):
    rows = [(x, 760 * x, 101.325, n) for x, n in ROWS]
    names = "p/p0,Absolute Pressure (mmHg),Saturation Pressure (mmHg),Quantity Adsorbed (mmol/g)"
    (data,) = read(write(tmp_path / "a.csv", table(names, rows)))
    assert "p over p0 is 7.5 times" in data.attrs["warnings"][0]


# Micromeritics


def report(decimal=","):
    """Return the cells of a report: heading, isotherm and BET side by side, parted by '|'."""
    left = {(0, 0): "A laboratory", (1, 0): "TriStar II 3020", (5, 0): "Sample:", (5, 1): "silica",
            (11, 2): "Analysis adsorptive:", (11, 3): "N2", (14, 0): "Sample mass:", (14, 1): "0.1013 g",
            (16, 2): "Sample density:", (16, 3): "1.000 g/cm³", (25, 0): "Isotherm Tabular Report",
            (27, 0): "Relative Pressure (p/p°)", (27, 1): "Absolute Pressure (mmHg)",
            (27, 2): "Quantity Adsorbed (cm³/g STP)", (27, 3): "Elapsed Time (h:min)",
            (27, 4): "Saturation Pressure (mmHg)"}  # fmt: skip
    right = {(25, 7): "BET Report", (27, 7): "BET surface area:", (27, 8): "1,194.7493 ± 0.5313 m²/g", (28, 7): "C:",
             (28, 8): "107.292458 ", (29, 7): "Qm:", (29, 8): "44.7434 cm³/g STP",
             (30, 7): "Molecular cross-sectional area:", (30, 8): "0.1620 nm²",
             (35, 7): "Relative Pressure (p/p°)", (35, 8): "Quantity Adsorbed (cm³/g STP)"}  # fmt: skip
    texts = left | right
    if decimal == ",":
        turned = str.maketrans(".,", ",.")
        texts = {place: text.translate(turned) if text[0].isdigit() else text for place, text in texts.items()}
    cells: dict[tuple[int, int], str | float] = dict(texts)
    cells |= {(row, 6): "|" for row in range(40)}
    cells |= {(28, 3): "01:50", (28, 4): 750.0}  # before the first point
    for row, (x, n) in enumerate(ROWS, start=29):
        cells |= {(row, 0): x, (row, 1): 750.0 * x, (row, 2): n * STP, (row, 3): "02:00"}
    cells[31, 4] = 760.0
    return cells | {(36 + k, 7): x for k, (x, _) in enumerate(ROWS[:3])}


@pytest.mark.parametrize("decimal", [",", "."])
def test_a_report_with_what_the_program_found(tmp_path, old_workbook, decimal):
    path = tmp_path / "a.xls"
    path.write_bytes(old_workbook(report(decimal)))
    assert sniff(path).name == "micromeritics"
    (data,) = read(path)
    np.testing.assert_allclose(data["adsorbed_amount"], [n for _, n in ROWS])
    np.testing.assert_allclose(data["saturation_pressure"] / 133.322387415, [750, 750, 760, 760, 760])
    assert data["desorption"].values.tolist() == [0, 0, 0, 0, 1]
    stated = data.attrs["metadata"]
    assert (stated["gas"], stated["mass"], stated["density"]) == ("N2", "0.1013 g", "1.000 g/cm³")
    vendor = stated["vendor"]
    assert vendor["specific_surface_area"] == {"value": 1194.7493, "unit": "m2/g", "si": 1194749.3, "u": 0.5313}
    assert vendor["bet_constant"]["value"] == 107.292458
    assert vendor["monolayer_capacity"]["si"] == pytest.approx(44.7434 / STP)
    assert vendor["cross_section"]["si"] == pytest.approx(0.162e-18)
    assert vendor["points"] == [0.05, 0.3, 3]


def test_a_workbook_without_an_isotherm_is_refused(tmp_path, old_workbook):
    path = tmp_path / "a.xls"
    path.write_bytes(old_workbook({(0, 0): "time", (0, 1): "current", (1, 0): 1.0, (1, 1): 2.0}))
    with pytest.raises(ReadError, match="not a Micromeritics report with an isotherm"):
        read(path)


# AIF and pyGAPS

AIF = """data_a
_exptl_adsorptive 'N2'
_adsnt_sample_mass 0.0339
_units_mass g
_units_pressure kPa
_units_loading mmol/g
_exptl_p0 100.0

loop_
_adsorp_pressure
_adsorp_amount
5.0 1.8
10.0 2.0
95.0 16.5

loop_
_desorp_pressure
_desorp_amount
50.0 3.9
"""


def test_aif_with_a_fixed_saturation_pressure(tmp_path):
    (data,) = read(write(tmp_path / "a.aif", AIF))
    np.testing.assert_allclose(data["relative_pressure"], [0.05, 0.1, 0.95, 0.5])
    assert data["desorption"].values.tolist() == [0, 0, 0, 1]
    assert data.attrs["metadata"]["mass"] == "0.0339 g"
    assert data.attrs["metadata"]["gas"] == "N2"


def test_aif_with_relative_pressures_and_two_blocks(tmp_path):
    one = AIF.replace("kPa", "relative").replace("95.0 ", "0.95 ").replace("50.0 ", "0.5 ").replace("5.0 ", "0.05 ")
    one = one.replace("10.0 2", "0.1 2")
    found = read(write(tmp_path / "a.aif", one + one.replace("data_a", "data_b")))
    assert [d.attrs["metadata"]["name"] for d in found] == ["a", "b"]
    np.testing.assert_allclose(found[1]["relative_pressure"], [0.05, 0.1, 0.95, 0.5])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("_units_loading mmol/g\n", "", "_units_loading is missing"),
        ("kPa", "furlong", "furlong"),
        ("10.0 2.0", "10.0 two", "'two' in a loop"),
        ("10.0 2.0", "10.0", "a row of a loop has 1 cells, not 2"),
        ("_adsorp_amount", "_adsorp_loading", "no loop with _adsorp_pressure"),
    ],
)
def test_aif_that_is_not_understood(tmp_path, old, new, found):
    text = AIF.replace(old, new)
    text = text.replace("_desorp_amount", "_desorp_loading") if "_adsorp_loading" in text else text
    with pytest.raises(ReadError, match=found):
        read(write(tmp_path / "a.aif", text))


def pygaps(**changed):
    rows = [{"pressure": x, "loading": n} for x, n in ROWS[:4]] + [{"pressure": 0.5, "loading": 3.9, "branch": "des"}]
    stated = {"adsorbate": "nitrogen", "pressure_mode": "absolute", "pressure_unit": "bar", "loading_basis": "molar",
              "loading_unit": "mmol", "material_unit": "g", "isotherm_data": rows}  # fmt: skip
    return json.dumps(stated | changed)


def test_pygaps_absolute_pressure_has_no_relative_one(tmp_path):
    (data,) = read(write(tmp_path / "a.json", pygaps()))
    assert "relative_pressure" not in data
    assert float(data["gas_pressure"][0]) == pytest.approx(5000.0)
    assert data["desorption"].values.tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "changed", [{"loading_basis": "fraction"}, {"pressure_unit": "furlong"}, {"loading_unit": "mg"}]
)
def test_pygaps_units_that_are_not_known(tmp_path, changed):
    with pytest.raises(ReadError, match="does not know"):
        read(write(tmp_path / "a.json", pygaps(**changed)))


def test_pygaps_that_is_cut_off(tmp_path):
    with pytest.raises(ReadError, match="cut off"):
        read(write(tmp_path / "a.json", pygaps()[:-20]))


# real files

REAL = {  # file -> reader, points, points of the desorption branch
    "micromeritics_xls/Sample_A.xls": ("micromeritics", 84, 36),
    "micromeritics_xls/Sample_D.xls": ("micromeritics", 66, 21),
    "micromeritics_xls/Sample_E.xls": ("micromeritics", 66, 21),
    "micromeritics_xls/Sample_L.xls": ("micromeritics", 134, 34),
    "micromeritics_xls/Sample_N.xls": ("micromeritics", 78, 19),
    "reference/SiO2_N2_77K.json": ("pygaps", 42, 15),
    "reference/betsi_MCM-41.csv": ("isotherms", 38, 0),
    "reference/micromeritics_carbon_black.csv": ("isotherms", 44, 0),
    "reference/micromeritics_mcm_41.csv": ("isotherms", 186, 0),
    "reference/micromeritics_zsm_5.csv": ("isotherms", 61, 0),
    "aif/AC_Ar_77K.aif": ("aif", 150, 52),
    "aif/NK_DUT-6_LP_N2_114PKT.aif": ("aif", 106, 24),
}


@pytest.mark.parametrize("name", REAL)
def test_real_file(shared_data, name):
    path = shared_data / "structure" / "sorption" / name
    reader, points, down = REAL[name]
    assert sniff(path).name == reader
    (data,) = read(path)
    assert (data.sizes["point"], int(data["desorption"].sum())) == (points, down)


def test_decimal_commas_of_a_real_report(shared_data):
    (data,) = read(shared_data / "structure/sorption/micromeritics_xls/Sample_N.xls")
    stated = data.attrs["metadata"]
    assert (stated["mass"], stated["temperature"], stated["gas"]) == ("0.0908 g", "86.886 K", "Ar")
    assert stated["vendor"]["specific_surface_area"]["value"] == 1589.6174
    assert stated["vendor"]["specific_surface_area"]["u"] == 7.6619
    assert stated["vendor"]["bet_constant"]["value"] == 3549.378661
