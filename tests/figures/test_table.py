"""The plotted numbers as CSV."""

from __future__ import annotations

import csv
import io
import math

import pytest

from closo.figures import Axis, Band, FigureSpec, Image, Panel, Trace, to_csv
from closo.figures.labels import literal, pretty, shorten
from closo.figures.table import csv_text, neutral


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_three_header_rows_then_numbers_with_the_uncertainty_in_its_own_column():
    trace = Trace([1.0, 2.0], [-3.5, math.nan], "pellet 1", y_u=[0.25, 0.5])
    panel = Panel(Axis("1000/T / K-1"), Axis("-Z'' / ohm"), [trace], bands=[Band([1.0], [2.0], [3.0], "95 %")])
    rows = rows_of(to_csv(FigureSpec("f", [panel])))
    assert rows[0] == ["1000/T", "−Z″", "u(−Z″)", "1000/T", "−Z″ (low)", "−Z″ (high)"]
    assert rows[1] == ["K⁻¹", "Ω", "Ω", "K⁻¹", "Ω", "Ω"]
    assert rows[2] == ["pellet 1"] * 3 + ["95 %"] * 3
    assert rows[3] == ["1", "-3.5", "0.25", "1", "2", "3"]
    assert rows[4] == ["2", "", "0.5", "", "", ""]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1", "\n=1"]
)
def test_text_that_a_spreadsheet_would_run_is_neutralised(text: str):
    assert neutral(text) == f"'{text}"


def test_harmless_text_and_negative_numbers_stay_as_they_are():
    assert neutral("a=b-c") == "a=b-c"
    assert csv_text([["pellet-1", -1.5, 2, None, math.inf]]) == "pellet-1,-1.5,2,,\n"


def test_a_label_of_a_user_cannot_become_a_formula():
    panel = Panel(Axis("x"), Axis("y"), [Trace([1], [2], "=HYPERLINK(A1)")])
    assert rows_of(to_csv(FigureSpec("f", [panel])))[2] == ["'=HYPERLINK(A1)"] * 2


def test_names_are_shortened_in_the_middle():
    assert shorten("short", 10) == "short"
    long = shorten("sample-" + "x" * 100 + "-pellet-17", 30)
    assert len(long) == 30
    assert long.startswith("sample-")
    assert long.endswith("-17")


@pytest.mark.parametrize(
    ("label", "printed"),
    [
        ("sigma / S/cm", "σ / S cm⁻¹"),
        ("log10(sigma / S cm-1)", "log₁₀(σ / S cm⁻¹)"),
        ("Z' / ohm", "Z′ / Ω"),
        ("Z' / ohm cm2", "Z′ / Ω cm²"),
        ("T / degC", "T / °C"),
        ("j / mA/cm2", "j / mA cm⁻²"),
        ("A200-4h", "A200-4h"),
    ],
)
def test_our_labels_look_like_print(label: str, printed: str):
    assert pretty(label) == printed


def test_literal_keeps_everything_that_a_file_can_hold():
    assert literal("a$b%c<d>&e µ±日") == "a$b%c<d>&e µ±日"
    assert literal("a\nb\x07\ud800\uffff") == "a b���"


def test_an_image_is_one_row_per_cell_with_its_centre():
    image = Image([[0, 1], [2, 2]], [0.0, 1.0, 3.0], [0.0, 2.0, 4.0], names={0: "silica", 1: "salt"})
    rows = rows_of(to_csv(FigureSpec("f", [Panel(Axis("x / nm"), Axis("y / nm"), images=[image])])))
    assert rows[:3] == [["x", "y", "phase"], ["nm", "nm", ""], ["0 silica, 1 salt"] * 3]
    assert rows[3:] == [["0.5", "1", "0"], ["2", "1", "1"], ["0.5", "3", "2"], ["2", "3", "2"]]
