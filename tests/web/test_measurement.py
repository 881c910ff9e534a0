"""Fit again: range, points, circuit, held and bounded parameters, arcs; old beside new; keep or discard."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from closo import pipeline
from closo.errors import StudyError
from closo.study import load
from closo.techniques import TECHNIQUES, get
from closo.web.controls import controls_of, settings_from
from closo.web.keeping import keep_settings

KEY = "milled-p1/impedance/milled-p1.par#2"


@pytest.fixture
def dropped(bench, spectrum):
    """Return the bench with a spectrum on it, and the key of its page."""
    shown = bench.drop(spectrum)
    return bench, shown["files"][0]["measured"][0]["key"]


def test_the_page_shows_what_the_command_line_prints(dropped, spectrum, closo):
    import json

    bench, key = dropped
    page = bench.json(f"/measurement?key={key}")
    _, out, _ = closo("run", "impedance", spectrum, "--json")
    printed = {q["key"]: q for q in json.loads(out)[0]["quantities"]}
    assert [q["key"] for q in page["result"]["quantities"]]
    for shown in page["result"]["quantities"]:
        same = printed[shown["key"]]
        assert {k: shown[k] for k in ("value", "u", "unit", "interval")} == {
            k: same[k] for k in ("value", "u", "unit", "interval")
        }
    html = bench.get(f"/measurement?key={key}").text
    assert all(shown["text"] in html for shown in page["result"]["quantities"])


def test_a_rerun_is_a_draft_until_it_is_kept(dropped):
    bench, key = dropped
    before = bench.json(f"/measurement?key={key}")["result"]["quantities"]
    form = {
        "key": key,
        "set-f_min": "10 Hz",
        "mode-n1": "hold",
        "value-n1": "0.999",
        "mode-R1": "free",
        "value-R1": "",
    }
    assert bench.post("/measurement/run", data=form).status_code == 200
    page = bench.json(f"/measurement?key={key}")
    assert page["result"]["quantities"] == before
    (total,) = [one for one in page["draft"]["changes"] if one["key"] == "total_resistance"]
    assert total["new"] != total["old"]
    assert "Ω" in total["new"]
    assert total["moved"] != 0
    assert page["draft"]["settings"]["hold"] == "n1=0.999"
    assert page["draft"]["settings"]["circuit"]  # the names are those of the circuit that was shown
    assert [t["name"] for t in page["figure"]["panels"][0]["data"]].count("before the re-run") == 1

    bench.post("/measurement/discard", data={"key": key})
    assert bench.json(f"/measurement?key={key}")["draft"] is None
    bench.post("/measurement/run", data=form)
    bench.post("/measurement/keep", data={"key": key})
    page = bench.json(f"/measurement?key={key}")
    assert page["draft"] is None
    assert page["result"]["settings"]["hold"] == "n1=0.999"
    assert len(page["history"]) == 1
    (row,) = [one for one in page["controls"]["parameters"] if one["name"] == "n1"]
    assert (row["mode"], row["value"]) == ("hold", "0.999")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"set-f_min": "fast"}, "is not a frequency"),
        ({"set-f_min": "1 MHz", "set-f_max": "1 Hz"}, "is not below"),
        ({"mode-R1": "hold", "value-R1": ""}, "is to be hold, at nothing"),
        ({"mode-R1": "bound", "value-R1": "5"}, "is not a range"),
        ({"set-circuit": "(R|Q"}, ""),
        ({"set-circuit": "R", "mode-R7": "hold", "value-R7": "5"}, "no parameter R7"),
        ({"set-leave_out": "-4"}, "which is not a point"),
        ({"set-weights": "heavy"}, "not possible for weights"),
        ({"given-area": "5 kg"}, ""),
        ({"technique": "cycling"}, ""),
    ],
)
def test_a_request_that_cannot_be_says_so_and_changes_nothing(dropped, form, said):
    bench, key = dropped
    before = bench.json(f"/measurement?key={key}")["result"]
    answer = bench.post("/measurement/run", data={"key": key, **form})
    page = bench.json(f"/measurement?key={key}")
    draft = page["draft"] or {"error": {"error": ""}}
    assert answer.status_code == 422 or draft["error"]["error"]
    assert said in answer.text.replace("&#39;", "'")
    assert page["result"] == before


def test_a_point_that_is_left_out_is_hollow_and_counts_no_more(dropped):
    bench, key = dropped
    bench.post("/measurement/run", data={"key": key, "set-leave_out": "3, 7-9"})
    traces = bench.json(f"/measurement?key={key}")["figure"]["panels"][0]["data"]
    (left,) = [t for t in traces if t["name"] == "left out"]
    used = next(t for t in traces if t["name"] == "data")
    assert {row[1] for row in left["customdata"]} == {3, 7, 8, 9}
    assert {row[1] for row in used["customdata"]} == set(range(1, 38)) - {3, 7, 8, 9}
    assert left["marker"]["symbol"].endswith("-open")
    frequency = dict((row[1], row[2]) for row in used["customdata"])
    assert frequency[1] == pytest.approx(1e6)
    assert frequency[37] == pytest.approx(1.0)


def test_every_parameter_can_be_held_also_one_at_the_end_of_what_it_can_be(dropped):
    bench, key = dropped
    form = bench.json(f"/measurement?key={key}")["controls"]
    letters = [letter for letter in form["model"]["found"] if letter in "RQC"]
    exponents = letters.count("Q")
    assert len(form["parameters"]) == len(letters) + exponents  # of an ideal capacitor the exponent is 1
    assert {"R1", "Q1", "n1"} <= {one["name"] for one in form["parameters"]}


def test_an_arc_is_what_the_user_says(dropped):
    bench, key = dropped
    form = {
        "key": key,
        "given-area": "1 cm2",
        "given-thickness": "1 mm",
        "mode-R1": "free",
        "role-R1": "grain_boundary",
    }
    bench.post("/measurement/run", data=form)
    draft = bench.json(f"/measurement?key={key}")["draft"]
    found = {q["key"]: q for q in draft["result"]["quantities"]}
    assert draft["settings"]["assign"] == "R1:grain_boundary"
    assert found["grain_boundary_resistance"]["value"] == pytest.approx(500.0, rel=0.03)


def test_the_script_gives_the_number_of_the_page(dropped, spectrum):
    bench, key = dropped
    form = {"key": key, "set-f_max": "100 kHz", "given-area": "1 cm2", "given-thickness": "1 mm"}
    bench.post("/measurement/run", data=form)
    bench.post("/measurement/keep", data={"key": key})
    page = bench.json(f"/measurement?key={key}")
    text = bench.get(f"/download/script.py?key={key}").text
    ran = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, cwd=spectrum.parent, timeout=120, check=True
    )
    shown = next(q for q in page["result"]["quantities"] if q["key"] == "ionic_conductivity")
    line = next(line for line in ran.stdout.splitlines() if "ionic_conductivity" in line)
    assert f"{shown['value']:.2e}".split("e")[0] in line


def test_settings_are_tried_on_all_files_of_a_series(bench, spectrum, tmp_path):
    other = tmp_path / "pellet 35C.csv"
    other.write_text(spectrum.read_text().replace("1.000000e+00,", "1.000001e+00,"))
    shown = bench.drop(spectrum, other)
    first, second = (file["measured"][0]["key"] for file in shown["files"])
    bench.post("/measurement/run", data={"key": first, "set-circuit": "(R|C)-C"})
    bench.post("/measurement/keep", data={"key": first})
    bench.post("/measurement/series", data={"key": first})
    assert bench.json(f"/measurement?key={second}")["draft"]["settings"] == {"circuit": "(R|C)-C"}
    assert bench.json("/drop")["drafts"] == 1
    bench.post("/measurement/settle", data={"what": "keep"})
    page = bench.json(f"/measurement?key={second}")
    assert page["draft"] is None
    assert page["result"]["findings"]["circuit"].replace("1", "").replace("2", "") == "(R|C)-C"


@pytest.mark.parametrize("name", [row.name for row in TECHNIQUES])
def test_every_technique_has_its_form(name):
    """No page knows a technique: what is in the row is on the page, and an empty form asks for nothing."""
    row = get(name)
    form = controls_of(row, {}, None)
    shown = [field["key"] for field in form["fields"] + form["range"]]
    shown += [form[part]["key"] for part in ("leave_out", "model") if form[part]]
    assert sorted(shown) == sorted(row.settings)
    assert settings_from(row, {f"set-{key}": " " for key in row.settings}, None) == {}


def test_keeping_in_a_study_changes_the_settings_and_nothing_else(opened, study):
    before = (study / "study.toml").read_text()
    old = opened.json(f"/measurement?key={KEY.replace('#', '%23')}")["result"]["quantities"][0]
    assert opened.post("/measurement/run", data={"key": KEY, "set-f_max": "500 kHz"}).status_code == 200
    page = opened.json(f"/measurement?key={KEY.replace('#', '%23')}")
    assert page["draft"]["settings"] == {"f_max": "500 kHz"}
    assert (study / "study.toml").read_text() == before
    opened.post("/measurement/keep", data={"key": KEY})
    after = (study / "study.toml").read_text()
    new, was = tomllib.loads(after), tomllib.loads(before)
    changed = [k for k, (a, b) in enumerate(zip(new["measurements"], was["measurements"], strict=True)) if a != b]
    assert len(changed) == 1
    assert new["measurements"][changed[0]].pop("settings") == {"f_max": "500 kHz"}
    assert new == was
    assert len(after.splitlines()) - len(before.splitlines()) in (0, 1)
    import time

    end = time.monotonic() + 200
    while not opened.json("/work")["work"]["done"] and time.monotonic() < end:
        time.sleep(0.2)
    kept = pipeline.recall(study)
    assert kept.waiting == {}
    assert kept.results[KEY].settings["f_max"] == 500e3
    shown = opened.json(f"/measurement?key={KEY.replace('#', '%23')}")["result"]["quantities"][0]
    assert shown["value"] == kept.results[KEY].quantities[shown["key"]].as_json()["value"] != old["value"]


def test_a_setting_for_all_is_not_emptied_for_one(study):
    """It would count again when the study is analysed: another number than the one that was kept."""
    path = study / "study.toml"
    path.write_text(path.read_text() + "\n[settings.impedance]\ndrt = false\nf_min = 5.0\n")
    loaded, before = load(study), path.read_text()
    with pytest.raises(StudyError, match="holds for more than this measurement"):
        keep_settings(loaded, KEY, {"f_min": 5.0})
    assert path.read_text() == before
    keep_settings(loaded, KEY, {"f_min": 10.0, "drt": False})
    number = next(k for k, m in enumerate(loaded.measurements) if "milled-p1" in m.file and m.technique == "impedance")
    assert tomllib.loads(path.read_text())["measurements"][number]["settings"] == {"f_min": 10.0}


def test_settings_written_in_another_way_are_left_to_the_user(study):
    path = study / "study.toml"
    text = path.read_text()
    first = text.index("[[measurements]]")
    end = text.find("\n[[", first + 5)
    path.write_text(text[:end] + "\n[measurements.settings]\nf_min = 5.0\n" + text[end:])
    before = path.read_text()
    loaded = load(study)
    measurement = loaded.measurements[0]
    key = f"{measurement.owner}/{measurement.technique}/{measurement.file.rpartition('/')[2]}#1"
    with pytest.raises(StudyError, match="written in a way"):
        keep_settings(loaded, key, {"f_min": 10.0})
    assert path.read_text() == before


def test_a_combined_result_has_a_page_without_settings(opened):
    page = opened.json("/measurement?key=milled-p1/arrhenius")
    assert page["controls"] is None
    assert page["figure"]["panels"]
    assert opened.post("/measurement/run", data={"key": "milled-p1/arrhenius"}).status_code == 422
