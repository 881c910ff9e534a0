"""Excel workbooks: which sheet is read, what cells may hold, and what is refused."""

import datetime as dt
import io
import zipfile

import numpy as np
import pytest
from openpyxl import Workbook

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
