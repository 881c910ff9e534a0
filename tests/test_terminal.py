"""What a person sees: no number split, no word broken, at any width; tables that pandas reads."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from closo.cli.screen import shortened, table_lines
from closo.twin import write_study

WIDTHS = (60, 80, 120)
WORD = st.text("abcdefgh_:0123456789.µΩ", min_size=1, max_size=14)
NUMBER = st.builds("{} ± {} mS/cm".format, st.integers(1, 99999), st.integers(1, 999))
CELL = st.one_of(st.just(""), WORD, NUMBER, st.lists(WORD, min_size=2, max_size=12).map(" ".join))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terminal") / "study"
    write_study(folder, seed=5, kind="small")
    return folder


def check_screen(text: str) -> None:
    """No number is apart from its uncertainty."""
    for line in text.splitlines():
        assert not re.search(r"(^|[ (])±\s*$", line), line
        assert not re.match(r"^\s*± ", line), line


@given(st.lists(st.tuples(WORD, NUMBER, CELL), min_size=1, max_size=5), st.sampled_from(WIDTHS))
def test_a_table_breaks_no_word_and_no_number(rows, width):
    lines = table_lines(["name", "value", "method"], rows, width)
    whole = "\n".join(lines)
    check_screen(whole)
    for row in rows:
        for cell in row:
            for number in re.findall(r"\d+ ± \d+", cell):
                assert number in whole
            assert set(cell.split()) <= set(re.split(r"[\s]+", whole))
    assert all(len(line) <= width for line in lines)


@given(st.lists(WORD, min_size=1, max_size=20).map(" ".join), st.integers(20, 80))
def test_a_text_is_cut_between_words(text, width):
    short = shortened(text, width)
    assert len(short) <= width
    if short != text:
        assert short.endswith(" …")
        assert text.startswith(short.removesuffix(" …"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("verb", ["check", "analyse", "claims", "show"])
def test_a_verb_on_a_study_at_any_width(closo, study, monkeypatch, verb, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for more in ((), ("-v",)) if verb in ("analyse", "claims") else ((),):
        _, out, err = closo(verb, study, *more)
        check_screen(out + err)
        assert out.strip()


@pytest.mark.parametrize("width", WIDTHS)
def test_one_spectrum_takes_six_lines(closo, study, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    file = study / "raw" / "A200-35-4h-p1.par"
    _, out, err = closo("run", "impedance", file, "--part", "2", "--area", "0.785 cm2", "--thickness", "400 um")
    lines = [*out.splitlines(), *err.splitlines()]
    assert len(lines) <= 7  # six, and the tally on the other channel
    assert all(len(line) <= width for line in lines)
    assert any("ionic_conductivity" in line and "±" in line for line in lines)
    _, full, _ = closo("run", "impedance", file, "--part", "2", "--area", "0.785 cm2", "--thickness", "400 um", "-v")
    check_screen(full)
    assert len(full.splitlines()) > 12


def test_claims_take_a_line_each_with_text_verdict_and_number(closo, study, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    _, out, err = closo("claims", study)
    claims = len(re.findall(r"(?m)^\[\[claims\]\]", (study / "claims.toml").read_text()))
    assert len(out.splitlines()) == claims
    assert all(len(line) <= 120 for line in out.splitlines())
    texts = re.findall(r'(?m)^text = "(.*)"$', (study / "claims.toml").read_text())
    for line, text in zip(out.splitlines(), texts, strict=True):
        assert re.match(r"supported|consistent, ±|contradicted|undecided|no data", line)
        assert " ".join(text.split()[:2]) in line
    assert sum("±" in line.split("  ")[-1] for line in out.splitlines()) > claims / 2
    assert re.search(rf"{claims} claims: \d+ supported", err)


def test_many_spectra_are_a_row_each_with_temperature(closo, study, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    _, out, err = closo("run", "impedance", study / "raw" / "A200-35-4h-p1.par")
    rows = [line for line in out.splitlines() if ".par#" in line]
    assert len(rows) == 5
    assert "total_resistance" in out.splitlines()[0]
    assert re.search(r"\d+ results", err)


def test_a_table_of_measurements_for_pandas(closo, study, tmp_path):
    file = study / "raw" / "A200-35-4h-p1.par"
    for name in ("t.csv", "t.xlsx"):
        closo("run", "impedance", file, "--area", "0.785 cm2", "--thickness", "400 um", "--table", tmp_path / name)
    frame = pd.read_csv(tmp_path / "t.csv")
    assert list(frame["part"]) == [2, 4, 6, 8, 10]
    assert np.all(frame["ionic_conductivity_u"] > 0)
    assert frame["ionic_conductivity"].between(1e-6, 1).all()  # S/cm
    sheet = load_workbook(tmp_path / "t.xlsx").active
    assert [cell.value for cell in sheet[1]][:2] == ["file", "part"]
    assert sheet.max_row == 6
    closo("run", "impedance", file, "--table", tmp_path / "o.csv", "--origin")
    assert (tmp_path / "o.csv").read_text().splitlines()[1].split(",")[3] in ("ohm", "")


def test_a_table_of_cycles_agrees_with_the_result(closo, study, tmp_path):
    closo("run", "cycling", study / "raw" / "warm-cell.mpr", "--cycles", tmp_path / "c.csv", "--json")
    frame = pd.read_csv(tmp_path / "c.csv")
    assert list(frame["cycle"]) == list(range(1, len(frame) + 1))
    whole = frame[frame["complete"] == 1]
    put_in = whole["charge"].to_numpy()
    np.testing.assert_array_less(0.5, whole["coulombic_efficiency"] / 100.0)
    assert np.all(put_in > 0)
    np.testing.assert_allclose(
        whole["energy_charge"], whole["charge"] * whole["mean_voltage_charge"], rtol=1e-6
    )  # mAh V = mWh
    np.testing.assert_allclose(
        whole["voltage_hysteresis"] / 1e3, whole["mean_voltage_charge"] - whole["mean_voltage_discharge"], atol=1e-6
    )
    assert set(frame["interlude"]) <= {0, 1}


def test_cycles_of_something_else_is_one_sentence(closo, study, tmp_path):
    file = study / "raw" / "A200-35-4h-p1.par"
    code, _, err = closo("run", "impedance", file, "--part", "2", "--cycles", tmp_path / "c.csv")
    assert code == 2
    assert "--cycles needs results of the technique cycling" in err
    code, _, err = closo("run", "impedance", file, "--part", "2", "--table", tmp_path / "c.ods")
    assert code == 2
    assert "neither a .csv nor an .xlsx" in err


@pytest.mark.parametrize("width", WIDTHS)
def test_verbs_beside_the_study_at_any_width(closo, study, tmp_path, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    archive, library = tmp_path / "study.eln", tmp_path / "library.sqlite"
    for words in (
        ("verify", study),
        ("export", study, "--to", archive),
        ("verify", archive),
        ("library", "add", study, "--library", library),
        ("library", "list", "--library", library),
        ("library", "find", "sigma > 1e-9 S/cm", "--library", library),
        ("techniques",),
        ("techniques", "cycling"),
    ):
        code, out, err = closo(*words)
        assert code in (0, 1), (words, err)
        check_screen(out + err)
        assert (out + err).strip()
        assert "1 results" not in out + err
        assert "1 files" not in out + err


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "words", ["serve", "next", "infer cell", "infer milling", "simulate cell", "library", "export"]
)
def test_the_help_of_a_verb_fits_the_terminal(closo, monkeypatch, width, words):
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = closo(*words.split(), "--help")
    assert code == 0
    assert all(len(line) <= width for line in out.splitlines())
    check_screen(out)


def test_milliseconds_under_the_name_of_seconds_are_seen_everywhere(tmp_path, closo):
    """No second clock tells, so the numbers stand; the six lines, the claim and the report say that they may be wrong."""
    time = np.arange(0.0, 4 * 3600.0, 1.003)
    current = np.where(time // 3600 % 2 < 1, 1e-3, -1e-3)
    voltage = 3.3 + np.sign(current) * (0.4 * (time % 3600.0) / 3600.0 - 0.2)
    rows = [f"{1000.0 * t:.0f},{v:.6f},{i:.6f}" for t, v, i in zip(time, voltage, current, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["Time/s,Voltage/V,Current/A", *rows]))
    (tmp_path / "study.toml").write_text(
        'title = "clock"\n[cells.a]\nkind = "full cell"\n[[measurements]]\nof = "a"\nfile = "a.csv"\ntechnique = "cycling"\n'
    )
    (tmp_path / "claims.toml").write_text(
        '[[claims]]\nid = "much"\ntext = "more than 0.9 mAh"\nkind = "value"\nof = ["a"]\n'
        'quantity = "charge:first_charge"\nrelation = ">"\nvalue = "0.9 mAh"\n'
    )
    _, out, _ = closo("run", "cycling", tmp_path / "a.csv")
    lines = out.splitlines()[: out.splitlines().index("") if "" in out.splitlines() else None]
    assert sum("FAILED time: under current there is a row every 1003 s" in line for line in lines) == 1
    assert len(lines) <= 6
    _, out, _ = closo("claims", tmp_path)
    assert re.search(r"^undecided +much", out, re.MULTILINE)
    closo("report", tmp_path)
    page = (tmp_path / "report" / "report.html").read_text()
    assert (
        page.count("milliseconds: charges and durations are 1000 times too large") >= 2
    )  # at the result, and the claim
