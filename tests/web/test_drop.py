"""Drop files without a study: recognised, analysed, shown, and made a study of."""

from __future__ import annotations

import csv
import io
import time
import tomllib

import numpy as np
import pytest

from closo import pipeline
from closo.web.bench import clean_name
from closo.web.child import look


def test_a_file_is_recognised_and_gives_its_number(bench, spectrum):
    shown = bench.drop(spectrum)
    (file,) = shown["files"]
    (one,) = file["measured"]
    assert (file["state"], one["kind"], one["size"]) == ("done", "impedance", "37 points")
    main = one["result"]["main"][0]
    assert main["key"] == "total_resistance"
    assert abs(main["value"] - 500.0) < 3 * main["u"]
    assert (
        shown["figure"]["panels"][0]["data"][0]["customdata"][0][1] == 1
    )  # the point of the file behind the first mark
    page = bench.get("/drop").text
    assert main["text"] in page
    assert spectrum.name in page


def test_what_is_given_for_all_files_counts_and_nonsense_is_refused(bench, spectrum):
    bench.drop(spectrum)
    refused = bench.post("/drop/given", data={"area": "0,785 cm2"})
    assert refused.status_code == 422
    assert "decimal comma" in refused.text
    assert bench.post("/drop/given", data={"area": "1 cm2", "thickness": "1 mm"}).status_code == 200
    main = bench.settle()["files"][0]["measured"][0]["result"]["main"][0]
    assert main["key"] == "ionic_conductivity"
    assert main["value"] == pytest.approx(0.1 / 500.0, rel=0.05)  # thickness / (R area) [S/cm]


def test_a_file_that_is_none_says_why_in_the_words_of_the_command_line(bench, tmp_path, closo):
    path = tmp_path / "notes.csv"
    path.write_text("hello,world\n1,2\n3,4\n")
    (file,) = bench.drop(path)["files"]
    _, _, said = closo("convert", path)
    assert file["state"] == "failed"
    assert file["error"]["error"] in said
    assert file["error"]["error"] in bench.get("/drop").text.replace("&#39;", "'").replace("&#34;", '"')


def test_a_table_without_names_is_read_when_its_columns_are_named(bench, spectrum, tmp_path):
    path = tmp_path / "bare.txt"
    path.write_text("\n".join(spectrum.read_text().splitlines()[1:]))
    (file,) = bench.drop(path)["files"]
    assert file["state"] == "failed"
    bench.post("/drop/columns", data={"file": file["id"], "columns": "frequency,impedance_real,impedance_imag"})
    (one,) = bench.settle()["files"][0]["measured"]
    assert one["result"]["main"][0]["value"] == pytest.approx(500.0, rel=0.02)


def test_the_same_file_twice_is_one_and_a_cleared_bench_is_empty(bench, spectrum):
    bench.drop(spectrum)
    assert len(bench.drop(spectrum)["files"]) == 1
    assert bench.post("/drop/clear").status_code == 200
    assert bench.json("/drop")["files"] == []


def test_the_study_made_of_files_gives_the_numbers_of_the_page(bench, spectrum, tmp_path):
    bench.drop(spectrum)
    bench.post("/drop/given", data={"area": "1 cm2", "thickness": "1 mm", "temperature": "25 degC"})
    shown = bench.settle()["files"][0]["measured"][0]["result"]["main"][0]
    made = bench.post("/drop/study", data={"name": "my study"})
    assert made.status_code == 200
    assert "Analysing my study" in made.text
    text = tomllib.loads((tmp_path / "my study" / "study.toml").read_text())
    assert text["measurements"][0]["of"] == "pellet1"
    assert [p for p in pipeline.check(tmp_path / "my study") if p.level == "error"] == []
    end = time.monotonic() + 90.0
    while not bench.json("/study")["work"]["done"] and time.monotonic() < end:
        time.sleep(0.1)
    analysis = pipeline.recall(tmp_path / "my study")
    assert analysis.waiting == {}  # nobody had to ask for it
    assert "at 25 °C" in bench.get("/study").text
    results = analysis.results
    (found,) = [r for key, r in results.items() if key.startswith("pellet1/impedance/")]
    assert found.quantities["ionic_conductivity"].as_json()["value"] == pytest.approx(shown["value"])


def test_two_geometries_make_two_pellets(bench, spectrum, tmp_path):
    other = spectrum.with_name("thicker.csv")
    other.write_text(spectrum.read_text().replace("1.000000e+00,", "1.000001e+00,"))
    shown = bench.drop(spectrum, other)
    bench.post("/drop/given", data={"area": "1 cm2", "thickness": "1 mm"})
    bench.settle()
    key = shown["files"][1]["measured"][0]["key"]
    bench.post("/measurement/run", data={"key": key, "given-area": "1 cm2", "given-thickness": "2 mm"})
    bench.post("/measurement/keep", data={"key": key})
    bench.post("/drop/study", data={"name": "two"})
    made = tomllib.loads((tmp_path / "two" / "study.toml").read_text())
    assert [made["specimens"][m["of"]]["thickness"] for m in made["measurements"]] == ["1 mm", "2 mm"]


@pytest.mark.parametrize("name", ["..", "../evil", "a/b", "", ".hidden", "C:\\x", "a\0b", "con.", "x" * 200])
def test_a_study_lies_where_closo_was_started_and_nowhere_else(bench, spectrum, tmp_path, name):
    bench.drop(spectrum)
    before = sorted(tmp_path.parent.rglob("study.toml"))
    answer = bench.post("/drop/study", data={"name": name})
    assert answer.status_code == 422
    assert "cannot be the name of a folder" in answer.text or "already exists" in answer.text
    assert sorted(tmp_path.parent.rglob("study.toml")) == before


def test_the_table_of_all_files_opens_anywhere(bench, spectrum):
    bench.drop(spectrum)
    rows = list(csv.reader(io.StringIO(bench.get("/download/table.csv").text)))
    assert rows[0][:4] == ["result", "technique", "quantity", "value"]
    plain = {row[2]: row[3] for row in rows[3:]}
    comma = list(csv.reader(io.StringIO(bench.get("/download/table.csv?comma=true").text), delimiter=";"))
    assert {row[2]: row[3].replace(",", ".") for row in comma[3:]} == plain
    assert bench.get("/download/table.xlsx").content[:2] == b"PK"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..", ".", "", "a\\b\\..\\c", "nul\0.txt", "a" * 500, "µ°$%+ é.mpr", "<b>.mpr", " .x ", "%2e"],
)
def test_the_name_of_a_file_is_a_label(name):
    cleaned = clean_name(name)
    assert cleaned
    assert not cleaned.startswith(".")
    assert not set(cleaned) & set('/\\:*?"<>|\0')
    assert len(cleaned.encode()) <= 180


def test_what_gives_no_result_is_drawn_as_it_was_measured(bench, tmp_path):
    path = tmp_path / "pattern.xy"
    path.write_text("\n".join(f"{10 + 0.02 * k:.2f} {100 + k % 7}" for k in range(5000)))
    shown = bench.drop(path)
    (one,) = shown["files"][0]["measured"]
    assert "phases" in one["error"]["error"]
    drawn = shown["figure"]["panels"][0]["data"][0]
    assert drawn["x"][0] == 10.0
    assert 2500 <= len(drawn["x"]) <= 4000
    assert set(drawn["y"]) <= set(range(100, 107))
    page = bench.json(f"/measurement?key={one['key']}")
    assert page["figure"]["panels"][0]["layout"]["xaxis"]["title"]["text"].startswith("two theta / ")
    assert bench.get(f"/download/figure.csv?key={one['key']}").status_code == 200


@pytest.mark.parametrize(("volts", "first"), [(3.0, "cycling"), (0.04, "plating"), (-0.04, "plating")])
def test_constant_current_on_a_cell_that_stores_energy_is_shown_as_cycling(tmp_path, volts, first):
    names = "mode\tNs\ttime/s\tEwe/V\t<I>/mA"
    rows = "\n".join(f"1\t0\t{360 * k}\t{volts + 0.001 * k:.6f}\t{np.copysign(1.0, volts):.6f}" for k in range(30))
    head = "EC-Lab ASCII FILE\nNb header lines : 5\n\nChronopotentiometry\n"
    (tmp_path / "cp.mpt").write_text(f"{head}{names}\n{rows}\n")
    said, _ = look(str(tmp_path / "cp.mpt"), {"given": {}})
    assert said["entries"][0]["kind"] == "chronopotentiometry"
    assert said["entries"][0]["techniques"][0] == first
