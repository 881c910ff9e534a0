"""Excel workbooks: which sheet is read, what cells may hold, and what is refused."""

import datetime as dt
import io
import zipfile

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import LineChart, Reference

from closo.errors import ReadError, StudyError
from closo.readers import read, sniff

NAMES = ["DataPoint", "Step Index", "Step Type", "Total Time", "Current(A)", "Voltage(V)", "Date"]
HOURS = dt.timedelta(hours=9)
START = dt.datetime(2024, 3, 1, 9, 0)


def record(n=12):
    return [
        [k + 1, 1 + k // 6, "CC Chg", HOURS * k, 0.001 if k < 6 else -0.001, 3.0 + 0.01 * k, START + HOURS * k]
        for k in range(n)
    ]  # fmt: skip


def save(path, **sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_record_sheet_among_sums(tmp_path):
    sums = [["Cycle Index", "Time(s)", "Voltage(V)", "Current(A)"], *[[k, k, 9.0, 9.0] for k in range(12)]]
    path = save(tmp_path / "n.xlsx", unit=[["a", "b"]], cycle=sums, step=sums, record=[NAMES, *record()])
    assert sniff(path).name == "spreadsheet"
    (data,) = read(path)
    np.testing.assert_allclose(data["time"], 9 * 3600 * np.arange(12))
    np.testing.assert_allclose(data["voltage"], 3.0 + 0.01 * np.arange(12))
    np.testing.assert_allclose(data["current"], [0.001] * 6 + [-0.001] * 6)


def test_numbers_as_text_and_empty_columns(tmp_path):
    rows = [[None, "Frequency (Hz)", None, "Z' (kOhm)", "-Z'' (kOhm)", "note"]]
    rows += [[None, str(f), None, "0.5", 0.1, None] for f in (1e5, 1e4, 1e3, 1e2)]
    (data,) = read(save(tmp_path / "e.xlsx", one=[["sample", "x"], [], *rows]))
    np.testing.assert_allclose(data["frequency"], [1e5, 1e4, 1e3, 1e2])
    np.testing.assert_allclose(data["impedance"], 500 - 100j)


def test_several_sheets_are_named(tmp_path):
    other = [[*row[:5], row[5] + 1.0, row[6]] for row in record()]
    path = save(tmp_path / "two.xlsx", first=[NAMES, *record()], second=[NAMES, *other])
    with pytest.raises(ReadError, match="'first', 'second'") as refused:
        read(path)
    assert "--sheet 'first'" in str(refused.value.hint)
    for sheet, voltage in (("first", 3.0), ("second", 4.0), ("Second", 4.0)):
        (data,) = read(path, columns=f"sheet={sheet}:")
        assert data["voltage"].values[0] == pytest.approx(voltage)
    with pytest.raises(ReadError, match="no sheet 'seccond'") as missing:
        read(path, columns="sheet=seccond")
    assert "Did you mean 'second'?" in str(missing.value.hint)


def test_columns_reach_the_sheet_that_they_fit(tmp_path):
    rows = [["a", "b", "c"], *[[10.0 * k, 3000.0 + k, 0.1 if k < 6 else -0.1] for k in range(12)]]
    path = save(tmp_path / "one.xlsx", notes=[["x", "y"], ["nobody", "nothing"]], data=rows)
    for columns in ("time,voltage[mV],current[mA]", "sheet=data: time,voltage[mV],current[mA]"):
        (data,) = read(path, columns=columns)
        assert (data.attrs["kind"], data.sizes["point"]) == ("cycling", 12)
        np.testing.assert_allclose(data["current"], [1e-4] * 6 + [-1e-4] * 6)
    (said,) = read(path, columns="sheet=data: voltammetry: time,voltage[mV],current[mA]")
    assert said.attrs["kind"] == "voltammetry"
    with pytest.raises(ReadError, match="no sheet of the workbook has the columns"):
        read(path, columns="time,voltage,current,step")
    two = save(tmp_path / "two.xlsx", data=rows, again=rows)
    with pytest.raises(ReadError, match="2 sheets"):
        read(two, columns="time,voltage[mV],current[mA]")
    with pytest.raises(StudyError, match="not a name"):
        read(path, columns="sheet=data: time,volt")


def test_only_a_workbook_has_sheets(tmp_path):
    (tmp_path / "a.csv").write_text("time/s,voltage/V,current/A\n1,2,3\n2,3,4\n")
    with pytest.raises(StudyError, match="not a workbook"):
        read(tmp_path / "a.csv", columns="sheet=data:")


def test_no_sheet(tmp_path):
    with pytest.raises(ReadError, match=r"no sheet .*'words'"):
        read(save(tmp_path / "w.xlsx", words=[["a", "b"], [1, 2]]))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"), (b"PK\x03\x04 xl/workbook.xml", "complete")],
)
def test_no_workbook(tmp_path, content, said):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=said):
        read(path)


def test_bomb(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(50_000_000))
    with pytest.raises(ReadError, match="too much"):
        read(path)


def test_claimed_dimension_is_not_believed(tmp_path):
    plain = save(tmp_path / "p.xlsx", one=[NAMES, *record()])
    content = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:G13"', b'ref="A1:XFD1048576"'))
    plain.write_bytes(content.getvalue())
    (data,) = read(plain)
    assert data.sizes["point"] == 12


def test_a_hidden_sheet_is_read_only_by_its_name(tmp_path):
    other = [[*row[:5], row[5] + 1.0, row[6]] for row in record()]
    for visible in ([NAMES, *record()], [["a", "b"], [1, 2]]):
        path = save(tmp_path / "h.xlsx", secret=[NAMES, *other], data=visible)
        book = load_workbook(path)
        book["secret"].sheet_state = "hidden"
        book.save(path)
        if visible[0] is NAMES:
            assert read(path)[0]["voltage"].values[0] == pytest.approx(3.0)
        else:
            with pytest.raises(ReadError, match=r"only a hidden sheet .*'secret'"):
                read(path)
        assert read(path, columns="sheet=secret:")[0]["voltage"].values[0] == pytest.approx(4.0)


def test_empty_first_sheet_chart_merged_title_and_names_in_row_three(tmp_path):
    path = save(tmp_path / "c.xlsx", Sheet1=[], data=[["Cell A", None, None], [], NAMES, *record()])
    book = load_workbook(path)
    book["data"].merge_cells("A1:C1")
    chart = LineChart()
    chart.add_data(Reference(book["data"], min_col=6, min_row=3, max_row=15))
    book.create_chartsheet("Chart", 0).add_chart(chart)
    book.save(path)
    (data,) = read(path)
    np.testing.assert_allclose(data["voltage"], 3.0 + 0.01 * np.arange(12))


@pytest.mark.parametrize("above", [False, True])
def test_a_row_of_units_below_or_above_the_names(tmp_path, above):
    head = [["Time", "Voltage", "Current"], ["h", "mV", "uA"]]
    rows = [[9.0 * k, 3000 + 10 * k, 1000 if k < 6 else -1000] for k in range(12)]
    (data,) = read(save(tmp_path / "u.xlsx", one=[*(head[::-1] if above else head), *rows]))
    np.testing.assert_allclose(data["time"], 9 * 3600 * np.arange(12))
    np.testing.assert_allclose(data["voltage"], 3.0 + 0.01 * np.arange(12))
    np.testing.assert_allclose(data["current"], [0.001] * 6 + [-0.001] * 6)


def test_commas_in_cells_of_text(tmp_path):
    names = ["Time (s)", "Voltage (mV)", "Current (mA)"]
    rows = [[60 * k, f"{3000 + k:,}", 1 if k < 6 else -1] for k in range(12)]  # '3,000'
    with pytest.raises(ReadError, match="'3,000' in a cell could have a decimal comma or a thousands separator"):
        read(save(tmp_path / "t.xlsx", one=[names, *rows]))
    rows = [[60 * k, f"{3.0 + 0.001 * k:.3f}".replace(".", ","), "0,001" if k < 6 else "-0,001"] for k in range(12)]
    (data,) = read(save(tmp_path / "d.xlsx", one=[["Time (s)", "Voltage (V)", "Current (A)"], *rows]))
    np.testing.assert_allclose(data["voltage"], 3.0 + 0.001 * np.arange(12))


@pytest.mark.parametrize("column", [0, 2, 3])
def test_formulas_that_were_saved_without_values(tmp_path, column):
    rows = [[60 * k, 3.0 + 0.01 * k, 0.001 if k < 6 else -0.001, 0.0] for k in range(12)]
    for k, row in enumerate(rows):
        row[column] = f"=A{k}*2"
    path = save(tmp_path / "f.xlsx", one=[["Time (s)", "Voltage (V)", "Current (A)", "P (W)"], *rows])
    if column == 0:
        with pytest.raises(
            ReadError, match=r"'Time .s.' holds '=A0.2', .* a formula that was saved without its value"
        ) as no:
            read(path)
        assert "save it" in str(no.value.hint)
        return
    (data,) = read(path)
    said = any("'Current (A)' holds '=A0*2'" in w and "formula" in w for w in data.attrs["warnings"])
    assert said is (column == 2)
    assert ("current" in data) is (column != 2)


def test_sheets_that_count_on_are_one_record(tmp_path):
    info, parts = [["TEST REPORT", "x"]], [[NAMES, *record()[:7]], [NAMES, *record()[7:]]]
    (data,) = read(save(tmp_path / "a.xlsx", Info=info, Channel_1_1=parts[0], Channel_1_2=parts[1]))
    np.testing.assert_allclose(data["time"], 9 * 3600 * np.arange(12))
    np.testing.assert_allclose(data["current"], [0.001] * 6 + [-0.001] * 6)
    for other in ([NAMES, *record()[8:]], [[*NAMES[:5], "Potential(V)", "Date"], *record()[7:]], [NAMES, *record()]):
        with pytest.raises(ReadError, match="2 sheets of the workbook can be read"):
            read(save(tmp_path / "b.xlsx", Info=info, Channel_1_1=parts[0], Channel_1_2=other))


@pytest.mark.parametrize("named", [0, 1, 2])
def test_one_sheet_of_a_record_names_the_others(tmp_path, named):
    rows, sheets = record(), {}
    for k in range(3):
        sheets[f"Channel_1_{k + 1}"] = [NAMES, *rows[4 * k : 4 * k + 4]]
    other = [[100 + row[0], *row[1:]] for row in rows]
    path = save(tmp_path / "a.xlsx", **sheets, Channel_2_1=[NAMES, *other], note=[["5", "a"]])
    (data,) = read(path, columns=f"sheet=Channel_1_{named + 1}:")
    assert data.sizes["point"] == 4
    (told,) = [warning for warning in data.attrs["warnings"] if "not read" in warning]
    assert [f"'{name}'" in told for name in sheets] == [k != named for k in range(3)]
    assert "Channel_2_1" not in told
    (alone,) = read(path, columns="sheet=Channel_2_1:")
    assert not any("not read" in warning for warning in alone.attrs["warnings"])


def test_times_as_clocks_and_as_numbers_of_days(tmp_path):
    def table(name, title, times):
        rows = [[t, 3.0 + 0.01 * k, 0.001 if k < 6 else -0.001] for k, t in enumerate(times)]
        path = save(tmp_path / name, one=[[title, "Voltage(V)", "Current(A)"], *rows])
        return path

    (data,) = read(table("n.xlsx", "Time(h:min:s.ms)", [f"{9 * k}:00:00.000" for k in range(12)]))
    np.testing.assert_allclose(data["time"], 9 * 3600 * np.arange(12))
    path = table("d.xlsx", "Time", [0.375 * k for k in range(12)])
    book = load_workbook(path)
    for (cell,) in book["one"].iter_rows(min_row=2, max_col=1):
        cell.number_format = "[h]:mm:ss"
    book.save(path)
    (data,) = read(path)
    np.testing.assert_allclose(data["time"], 9 * 3600 * np.arange(12))
    with pytest.raises(ReadError, match=r"'Date Time' holds '45352.375', which is not clearly a date and time"):
        read(table("s.xlsx", "Date Time", [45352.375 + 0.375 * k for k in range(12)]))
