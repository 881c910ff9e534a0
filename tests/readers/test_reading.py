"""`read` and `sniff`: which reader takes a file, and what both refuse."""

import pytest

from closo.errors import ReadError, StudyError
from closo.readers import READERS, read, sniff


def test_content_wins_over_the_suffix(tmp_path):
    path = tmp_path / "a.par"
    path.write_text("ZPLOT2 ASCII\nEnd Comments\n", encoding="ascii")
    assert sniff(path).name == "zplot"


@pytest.mark.parametrize("row", [r for r in READERS if r.suffixes], ids=lambda r: r.name)
def test_suffix_decides_when_the_content_has_no_mark(tmp_path, row):
    path = tmp_path / f"a{row.suffixes[0].upper()}"
    path.write_text("nothing known", encoding="ascii")
    assert sniff(path).name == row.name


def test_failure_of_a_reader_found_by_suffix_alone_names_the_way_out(tmp_path):
    path = tmp_path / "a.z"
    path.write_text("f/Hz,Z'/ohm,Z''/ohm\n1,2,-3\n2,3,-4\n", encoding="ascii")
    with pytest.raises(ReadError, match=r"taken for ZPlot and ZView \.z by its suffix\. .* --reader text reads it"):
        read(path)
    assert read(path, reader="text")[0].sizes["point"] == 2


def test_unknown_reader_is_told_with_the_nearest(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2,3\n", encoding="ascii")
    with pytest.raises(StudyError, match="Did you mean 'versastudio'"):
        read(path, reader="versastudo")


def test_named_reader_is_used_whatever_the_content(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("f/Hz,Z'/ohm,Z''/ohm\n1,2,-3\n2,3,-4\n", encoding="ascii")
    with pytest.raises(ReadError, match="End Comments"):
        read(path, reader="zplot")
    assert read(str(path), reader="text")[0].sizes["point"] == 2


def test_file_name_guesses_are_suggestions(tmp_path):
    path = tmp_path / "A200_4h_45mg_0.785cm2_-25°C_1C.csv"
    path.write_text("f/Hz,Z'/ohm,Z''/ohm\n1,2,-3\n2,3,-4\n", encoding="ascii")
    (data,) = read(path)
    assert {k: v["value"] for k, v in data.attrs["suggestions"].items()} == {
        "temperature": "-25 degC",
        "mass": "45 mg",
        "area": "0.785 cm2",
        "milling_time": "4 h",
    }
    assert set(data.data_vars) == {"frequency", "impedance"}
