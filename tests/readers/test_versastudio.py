"""VersaStudio .par: every action of a file, with what can be wrong with it."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

COLUMNS = (
    "Segment #, Point #, E(V), I(A), Elapsed Time(s), ADC Sync Input(V), Current Range, Status, E Applied(V), "
    "Frequency(Hz), E Real, E Imag, I Real, I Imag, Z Real, Z Imag, E2 Status, E2(V), E2 Real, E2 Imag, Z2 Real, "
    "Z2 Imag, ActionId, AC Amplitude, 0"
)


def ac_row(segment, point, frequency, z, action=21):
    current = 1e-4 * np.exp(1j * point)
    e = z * current
    return (
        f"{segment},{point},0.1,1E-06,{point + 1},0,5,53,0,{float(frequency):.7g},{e.real:.7g},{e.imag:.7g},"
        f"{current.real:.7g},{current.imag:.7g},{z.real:.7g},{z.imag:.7g},0,0,0,0,0,0,{action},0.01"
    )


def dc_row(segment, point, potential, current, action):
    return f"{segment},{point},{potential},{current},{point},0,5,5,0,0,0,0,0,0,0,0,0,0,0,0,0,0,{action},0"


def par(rows, *, actions=("Potentiostatic EIS",), comment="pellet", extra="", end="</Segment1>\r\n"):
    blocks = "".join(
        f"<Action{k}>\r\nAmplitude (mV RMS)=10\r\nSegments=1\r\nName={name}\r\n</Action{k}>\r\n\r\n"
        for k, name in enumerate(actions, 1)
    )
    return (
        "<Application>\r\nName=VersaStudio\r\nVersion=2.60.6.0\r\n</Application>\r\n\r\n"
        "<Action0>\r\nMass (g)=0\r\nWorking Electrode Area (cm2)=1\r\nName=Common\r\n"
        f"Comment={comment}\r\n</Action0>\r\n\r\n"
        "<Instrument>\r\nType=VersaSTAT4\r\nModel=-400\r\n</Instrument>\r\n\r\n"
        "<Experiment>\r\nTimeAcquired=9:40:30 AM\r\nDateAcquired=Thursday, July 19, 2018\r\n</Experiment>\r\n\r\n"
        f"{blocks}{extra}<Segment1>\r\nType=2\r\nVersion=3\r\nDefinition={COLUMNS}\r\n"
        + "".join(r + "\r\n" for r in rows)
        + end
    )


SPECTRUM = [(1e5, 50 - 1j), (1e4, 55 - 8j), (1e3, 60 - 20j), (1e2, 62 - 90j), (1e1, 63 - 800j)]


def spectrum(segment=0, scale=1.0):
    return [ac_row(segment, k, f, scale * z) for k, (f, z) in enumerate(SPECTRUM)]


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.par", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def test_spectrum_has_values_units_and_marks(write):
    (data,) = read(write(par(spectrum())))
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM], rtol=1e-7)
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM], rtol=1e-6)
    np.testing.assert_allclose(data["time"], [1, 2, 3, 4, 5])
    assert data["impedance"].attrs["units"] == "ohm"
    assert data.attrs["uncalibrated"] is True
    assert (data.attrs["kind"], data.attrs["part"], data.attrs["title"]) == ("impedance", 1, "PEIS 1")
    assert data.attrs["warnings"] == ()


def test_header_goes_into_metadata_and_its_defaults_are_only_suggestions(write):
    (data,) = read(write(par(spectrum()), name="a200_-25C_310um.par"))
    metadata = data.attrs["metadata"]
    assert metadata["date"] == "Thursday, July 19, 2018 9:40:30 AM"
    assert metadata["instrument"] == "VersaSTAT4 -400"
    assert metadata["comment"] == "pellet"
    assert metadata["settings"]["Amplitude (mV RMS)"] == "10"
    suggestions = data.attrs["suggestions"]
    assert suggestions["area"] == {"value": "1 cm2", "from": "header, the software's default"}
    assert suggestions["temperature"] == {"value": "-25 degC", "from": "file name"}
    assert suggestions["thickness"]["value"] == "310 um"
    assert "area" not in data
    assert "area" not in metadata


def test_multi_action_file_is_split_by_segment_number(write):
    rows = [
        *spectrum(0),
        *(dc_row(1, k, 0.01, 1e-6 / (k + 1), 3) for k in range(4)),
        *spectrum(2, 1.1),
        *(dc_row(3, k, 0.01 * k, 1e-6 * k, 38) for k in range(6)),
        *(dc_row(4, k, 0.3, 0, 41) for k in range(3)),
    ]
    actions = (
        "DAC Control",
        "Potentiostatic EIS",
        "Chronoamperometry",
        "Potentiostatic EIS",
        "Cyclic Voltammetry",
        "Open Circuit",
    )
    parts = read(write(par(rows, actions=actions)))
    assert [(d.attrs["title"], d.attrs["kind"], d.sizes["point"]) for d in parts] == [
        ("PEIS 1", "impedance", 5),
        ("CA 1", "chronoamperometry", 4),
        ("PEIS 2", "impedance", 5),
        ("CV 1", "voltammetry", 6),
        ("OCP 1", "open_circuit", 3),
    ]
    assert [d.attrs["part"] for d in parts] == [1, 2, 3, 4, 5]
    assert [d.attrs["metadata"]["action"] for d in parts][:2] == ["Potentiostatic EIS", "Chronoamperometry"]
    assert not parts[1].attrs["uncalibrated"]
    np.testing.assert_allclose(parts[2]["impedance"], 1.1 * parts[0]["impedance"], rtol=1e-6)


def test_rows_of_two_segment_sections_are_all_read(write):
    second = f"<Segment2>\r\nDefinition={COLUMNS}\r\n" + "\r\n".join(spectrum(0)) + "\r\n</Segment2>\r\n"
    assert len(read(write(par(spectrum()) + second))) == 2


def test_galvanostatic_impedance_is_found_by_its_frequency(write):
    rows = [ac_row(0, k, f, z, action=77) for k, (f, z) in enumerate(SPECTRUM)]
    (data,) = read(write(par(rows, actions=("Galvanostatic EIS",))))
    assert (data.attrs["title"], data.attrs["metadata"]["action_id"]) == ("GEIS 1", 77)


def test_unknown_action_is_a_record_with_its_id(write):
    (data,) = read(write(par([dc_row(0, k, 0.1, 1e-6, 99) for k in range(3)], actions=("Something new",))))
    assert (data.attrs["kind"], data.attrs["title"]) == ("record", "action 99 1")


def test_named_action_with_unknown_id_gets_its_kind(write):
    (data,) = read(
        write(par([dc_row(0, k, 0.1 * k, 1e-6, 99) for k in range(3)], actions=("Linear Scan Voltammetry",)))
    )
    assert (data.attrs["kind"], data.attrs["title"]) == ("voltammetry", "LSV 1")


def test_direct_rows_inside_an_impedance_segment_are_kept_apart(write):
    rows = [dc_row(0, 0, 0.1, 2e-6, 21), dc_row(0, 1, 0.1, 1e-6, 21), *spectrum(0)]
    parts = read(write(par(rows)))
    assert [(d.attrs["kind"], d.sizes["point"]) for d in parts] == [("record", 2), ("impedance", 5)]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_comment_with_micro_sign_in_both_encodings(write, encoding):
    (data,) = read(write(par(spectrum(), comment="35 µm pellet"), encoding=encoding))
    assert data.attrs["metadata"]["comment"] == "35 µm pellet"


def test_long_lines_and_xml_are_passed_over(write):
    blob = "<PStatACCalibrationE1>\r\n" + "[Magnitude_2A=[1 2 3]]" * 2200 + "\r\n</PStatACCalibrationE1>\r\n"
    xml = '<DockingLayout>\r\n<?xml version="1.0" encoding="utf-16"?>\r\n<DockPanel A="1">\r\n'
    xml += "</DockPanel>\r\n</DockingLayout>\r\n"
    (data,) = read(write(par(spectrum(), extra=blob) + xml))
    assert data.sizes["point"] == 5


def test_header_without_rows_is_refused(write):
    with pytest.raises(ReadError, match="header but no rows") as caught:
        read(write(par([])))
    assert caught.value.where is not None
    assert "save it again" in str(caught.value)


def test_binary_flag_alone_does_not_refuse(write):
    content = par(spectrum()).replace("Type=2\r\n", "Type=2\r\nDataFormat=Binary\r\n")
    assert read(write(content))[0].sizes["point"] == 5


def test_binary_rows_are_refused_with_advice(write):
    content = par(["x"]).replace("Type=2\r\n", "Type=2\r\nDataFormat=Binary\r\n").encode()
    with pytest.raises(ReadError, match="Save New Data to Binary File"):
        read(write(content.replace(b"x\r\n</Seg", bytes(range(128, 255)) * 9 + b"\r\n</Seg")))


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("titles_too", [True, False])
def test_decimal_commas_between_semicolons_or_tabs_are_the_same_numbers(write, separator, titles_too):
    rows = [*spectrum(0), *(dc_row(1, k, 0.01, 1e-6 / (k + 1), 3) for k in range(4))]
    actions = ("Potentiostatic EIS", "Chronoamperometry")
    usual, abroad = (
        par(lines, actions=actions).replace("Area (cm2)=1", area)
        for lines, area in (
            (rows, "Area (cm2)=0.785"),
            ([row.replace(",", separator).replace(".", ",") for row in rows], "Area (cm2)=0,785"),
        )
    )
    if titles_too:
        abroad = abroad.replace(COLUMNS, COLUMNS.replace(",", separator))
    for one, other in zip(read(write(usual)), read(write(abroad, name="b.par")), strict=True):
        assert one.attrs["suggestions"] == other.attrs["suggestions"]
        assert other.attrs["warnings"] == ()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_decimal_commas_between_commas_are_refused_with_the_way_out(write):
    with pytest.raises(ReadError, match=r"24 columns are named|25 columns are named") as caught:
        read(write(par([row.replace(".", ",") for row in spectrum()])))
    assert "decimal sign of Windows" in str(caught.value)
    assert "binary" not in str(caught.value).lower()


def test_impedance_that_is_not_the_quotient_is_told_with_the_figure(write):
    rows = spectrum()
    rows[2] = rows[2].replace(",60,-20,", ",66,-22,")
    (data,) = read(write(par(rows)))
    (warning,) = data.attrs["warnings"]
    assert "Z differs from E/I in 1 of 5 rows, by up to 0.1 of |Z| (at 1000 Hz)" in warning


def test_cut_off_file_keeps_its_whole_rows_and_says_so(write):
    content = par(spectrum(), end="")
    (data,) = read(write(content[: content.rindex(",62,") + 2]))
    assert data.sizes["point"] == 3
    assert any("cut off" in w for w in data.attrs["warnings"])
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM[:3]], rtol=1e-6)


def test_bad_rows_are_counted(write):
    rows = [
        *spectrum(),
        ac_row(0, 5, 1, complex(70, np.nan)),
        ac_row(0, 6, 0, 70 - 1j),
        "0,7,0.1",
        ac_row(0, 8, 1, 70 - 1j).replace(",0,1,", ",0,1e999,"),
    ]
    content = par(rows)
    line = content.split("\r\n").index("0,7,0.1") + 1
    (data,) = read(write(content))
    assert data.attrs["warnings"] == (
        f"1 row without 24 values left out (line {line}).",
        "2 rows without a finite frequency and impedance left out.",
        "1 row with a frequency of zero or less left out.",
    )
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM])


def test_file_without_the_data_section_is_refused(write):
    with pytest.raises(ReadError, match="no <Segment> section"):
        read(write("<Application>\nName=VersaStudio\n</Application>\n"))


def test_wrong_number_of_columns_is_refused(write):
    with pytest.raises(ReadError, match="25 columns are named, but the row has 4"):
        read(write(par(["0,1,2,3"])))


def test_recognised_by_content_under_any_name(write):
    assert sniff(write(par(spectrum()), name="data.txt")).name == "versastudio"


def test_old_definition_without_ids_is_read(write):
    content = par([]).replace(COLUMNS, "Segment #, Point #, E(V), I(A), Elapsed Time(s), Frequency(Hz), Z Real, Z Imag")
    rows = "".join(f"0,{k},0,0,{k},{f},{z.real},{z.imag}\r\n" for k, (f, z) in enumerate(SPECTRUM))
    (data,) = read(write(content.replace("</Segment1>", rows + "</Segment1>")))
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])


# direct current
def steps(segment, n, potential, current, action):
    return [dc_row(segment, 10 * segment + k, potential + 0.01 * k, current, action) for k in range(n)]


def test_two_galvanostatic_actions_make_one_cycling_record(write):
    names = (
        "Open Circuit",
        "Chronopotentiometry",
        "Potentiostatic EIS",
        "Chronopotentiometry",
        "Linear Scan Voltammetry",
    )
    rows = [*steps(0, 3, 1.0, 0.0, 41), *steps(1, 3, 1.1, 2e-5, 77), *spectrum(2), *steps(3, 4, 1.4, -2e-5, 77)]
    rows += steps(4, 3, 0.1, 1e-9, 78)
    parts = read(write(par(rows, actions=names)))
    assert [(d.attrs["kind"], d.sizes["point"]) for d in parts] == [
        ("cycling", 15),
        ("impedance", 5),
        ("voltammetry", 3),
    ]
    record = parts[0]
    assert record["step"].values.tolist() == [0] * 3 + [1] * 3 + [2] * 5 + [3] * 4
    assert record["frequency"].values.tolist() == [0] * 6 + [f for f, _ in SPECTRUM] + [0] * 4
    assert record["current"].values[3:6].tolist() == [2e-5] * 3
    np.testing.assert_allclose(record["current"].values[11:], -2e-5)
    np.testing.assert_allclose(record["current_range"].values[:6], 2e-3)
    assert record.attrs["metadata"]["current_sign"] == "positive charges"
    assert record.attrs["metadata"]["actions"] == list(names)


def test_set_current_of_galvanostatic_actions(write):
    names = ("Open Circuit", "Chronopotentiometry", "Constant Current")
    rows = [*steps(0, 3, 1.0, 0.0, 41), *steps(1, 3, 1.1, 2e-5, 77), *steps(2, 4, 1.4, -2e-5, 78)]
    content = par(rows, actions=names)
    for name, level in zip(names[1:], ("Current (A),Value=2E-05", "Current (A)=-2.1E-05"), strict=True):
        content = content.replace(f"Name={name}\r\n", f"Name={name}\r\n{level}\r\n")
    (data,) = read(write(content))
    assert data["set_current"].values.tolist() == [0] * 3 + [2e-5] * 3 + [-2.1e-5] * 4


def test_one_galvanostatic_action_stays_what_it_is(write):
    rows = [*steps(0, 3, 1.0, 0.0, 41), *steps(1, 3, 1.1, 2e-5, 77)]
    parts = read(write(par(rows, actions=("Open Circuit", "Chronopotentiometry"))))
    assert [d.attrs["kind"] for d in parts] == ["open_circuit", "chronopotentiometry"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Constant Current", "chronopotentiometry"), ("Charge", "chronopotentiometry"), ("Discharge", "chronopotentiometry"),
        ("Constant Potential", "chronoamperometry"), ("Something New", "record"),
    ],
)  # fmt: skip
def test_kind_by_the_name_of_the_action(write, name, kind):
    (data,) = read(write(par(steps(0, 3, 1.0, 1e-5, 77), actions=(name,))))
    assert data.attrs["kind"] == kind


def test_a_loop_is_read_by_the_only_name_whose_id_is_not_known(write):
    """One action, four segments: real loops were not at hand, so the conclusion is told."""
    rows = [
        r for k in range(4) for r in (steps(k, 3, 1.0, 1e-5 * (-1) ** k, 77) if k < 3 else steps(k, 3, 1.0, 0.0, 41))
    ]
    (data,) = read(write(par(rows, actions=("Chronopotentiometry",))))
    assert (data.attrs["kind"], data.sizes["point"]) == ("cycling", 12)
    assert any("3 of 4 segments are taken for 'Chronopotentiometry'" in w for w in data.attrs["warnings"])
    both = read(write(par(rows, actions=("Chronopotentiometry", "Linear Scan Voltammetry"))))
    assert [d.attrs["kind"] for d in both] == ["record"] * 3 + ["open_circuit"]


@pytest.mark.parametrize(("code", "full_scale"), [("3", 0.2), ("5", 2e-3), ("9", 2e-7), ("99", None), ("", None)])
def test_current_range(write, code, full_scale):
    rows = [row.replace(",0,5,5,", f",0,{code},5,") for row in steps(0, 3, 1.0, 1e-5, 3)]
    (data,) = read(write(par(rows)))
    assert ("current_range" in data) == (full_scale is not None)
    if full_scale:
        assert data["current_range"].values.tolist() == [full_scale] * 3


def test_a_damaged_cell_of_a_cycling_record_costs_its_row_not_the_column(write):
    rows = [*steps(0, 3, 1.0, 1e-5, 77), *steps(1, 3, 1.0, -1e-5, 77)]
    rows[1] = rows[1].replace(",1e-05,", ",?,")
    (data,) = read(write(par(rows, actions=("Chronopotentiometry",) * 2)))
    assert data.sizes["point"] == 5
    assert data["current"].values.tolist() == [1e-5, 1e-5, -1e-5, -1e-5, -1e-5]
    assert any("1 row without a finite" in w for w in data.attrs["warnings"])


def test_codes_of_the_current_range_fit_the_currents_of_real_files(shared_data):
    """A range that was chosen by the instrument holds its current, and the next smaller one does not hold the largest."""
    widest = {}
    for path in sorted((shared_data / "eis/elchempy").glob("*disk*.par")):
        for data in read(path):
            for full_scale in np.unique(data["current_range"]):
                largest = float(np.abs(data["current"].values[data["current_range"].values == full_scale]).max())
                widest[full_scale] = max(widest.get(full_scale, 0.0), largest)
    for full_scale in (2e-7, 2e-6, 2e-5, 2e-4):  # the ranges that the sweep through zero went up and down
        assert 0.9 * full_scale < widest[full_scale] < 1.01 * full_scale
