"""ZPlot .z and its imitator, the Z60W text of Autolab."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

SPECTRUM = [(1e5, 50 + 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j)]
ROWS = [(f, 0.01, 0, k, z.real, z.imag, 0, 0, 4) for k, (f, z) in enumerate(SPECTRUM)]
NAMES = "Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange"


def z_file(rows=ROWS, separator="\t", points=4, area="1", names=NAMES):
    head = ["ZPLOT2 ASCII", "  Measured Data, ZPlot:       3.2c", "  Date:                       10-12-2018"]
    head += [
        f"    Surface Area:             {area}",
        f"  Data Points:                {points}",
        "  " + names,
        "End Comments",
    ]
    return "\n".join([*head, *(separator.join(f"{v:.6E}" for v in row) for row in rows)]) + "\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.z"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("separator", ["\t", ", ", "   "])
def test_spectrum(write, separator):
    (data,) = read(write(z_file(separator=separator)))
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM])
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])
    np.testing.assert_allclose(data["time"], [0, 1, 2, 3])
    assert data.attrs["metadata"]["software"] == "3.2c"
    assert data.attrs["warnings"] == ()


def test_area_is_a_suggestion(write):
    assert read(write(z_file(area="0.785")))[0].attrs["suggestions"]["area"]["value"] == "0.785 cm2"


def test_missing_points_are_told(write):
    (data,) = read(write(z_file(points=9)))
    assert "announces 9 points, 4 are there" in data.attrs["warnings"][0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (z_file(rows=()), "no rows follow"),
        (z_file().replace("End Comments", ""), "no line 'End Comments'"),
        (z_file(names="Pt\tE\tI\tT"), "not an impedance spectrum"),
        (z_file(rows=()) + "a b c\n", "expected nine numbers"),
    ],
)
def test_refused(write, content, message):
    with pytest.raises(ReadError, match=message):
        read(write(content))


def z60w(rows=ROWS, names=True):
    head = ['"Z60W Data File: Version 1.1"', '""', '"second pellet"', "0,2,0,1,0.1,10000", "4"]
    head += ["\"  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\""] if names else []
    return "\n".join([*head, *(",".join(f"{v:.10g}" for v in row) for row in rows)]) + "\n"


def test_autolab_text(write):
    path = write("\ufeff" + z60w(), name="a.txt")
    (data,) = read(path)
    assert sniff(path).name == "autolab"
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])
    assert data.attrs["metadata"]["comment"] == "second pellet"


def test_autolab_cut_off(write):
    assert "announces 4 points, 2 are there" in read(write(z60w(ROWS[:2])))[0].attrs["warnings"][0]


def test_autolab_without_names_is_refused(write):
    with pytest.raises(ReadError, match="no line of column names"):
        read(write(z60w(names=False)))


def test_columns_stand_where_the_names_say(write):
    """Other programs write fewer columns, in another order, or the negative; the names decide, not the positions."""
    rows = [(z.real, -z.imag, f) for f, z in SPECTRUM]
    (data,) = read(write(z_file(rows=rows, names="Z'(a)\t-Z''(b)\tFreq(Hz)")))
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM])
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])


def test_names_in_another_order_that_do_not_fit_the_rows_are_refused(write):
    with pytest.raises(ReadError, match=r"names 4 columns .* but the row has 9"):
        read(write(z_file(names="Z'(a)\tZ''(b)\tFreq(Hz)\tAmpl")))


def test_plain_numbers_with_the_suffix_get_a_proposal_that_works(write):
    path = write("".join(f"{f}\t{z.real}\t{z.imag}\n" for f, z in SPECTRUM))
    with pytest.raises(ReadError, match=r"taken for ZPlot and ZView \.z by its suffix") as caught:
        read(path)
    (data,) = read(path, columns=str(caught.value).split("--columns ")[1])
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM])
