"""The verbs of a library: what people and scripts see."""

import csv
import json

import pytest


@pytest.fixture
def place(tmp_path, monkeypatch, closo, small):
    """Return a library with the small study, which CLOSO_LIBRARY names."""
    path = tmp_path / "deep" / "library.sqlite"
    monkeypatch.setenv("CLOSO_LIBRARY", str(path))
    code, out, _ = closo("library", "add", small, "--no-analyse", "--json")
    assert (code, json.loads(out)[0]["error"]) == (0, None)
    return path


def test_find_shows_the_numbers_and_says_what_it_left_out(place, closo, small):
    code, out, err = closo("library", "find", "sigma(30 degC) > 1e-4 S/cm", "kind = specimen")
    assert code == 0
    assert "A200-35-4h-p1" in out
    assert f"{small.name}:" in out
    assert "A200-35-4h-p1/impedance" in out
    assert "2 numbers." in err
    code, out, err = closo("library", "find", "sigma > 1e-9 S/cm", "--most", "1")
    assert "--most" in err
    code, out, _ = closo("library", "find", "sigma(30 degC) > 1e-4 S/cm", "kind = specimen", "--json")
    found = json.loads(out)
    assert found["total"] == len(found["hits"]) == 2
    hit = found["hits"][0]
    assert (hit["unit"], hit["temperature"], hit["synthetic"]) == ("S/cm", pytest.approx(30.0), True)
    assert hit["interval"][0] < hit["value"] < hit["interval"][1]
    _, shown, _ = closo("show", small, hit["result"], "--no-analyse", "--json")
    known = next(q for q in json.loads(shown)["quantities"] if q["key"] == hit["key"])
    assert (known["value"], known["u"], known["interval"]) == (hit["value"], hit["u"], hit["interval"])


def test_nothing_found_is_said(place, closo):
    code, out, err = closo("library", "find", "sigma > 1 S/cm")
    assert (code, out) == (0, "")
    assert "0 numbers." in err


def test_export_writes_every_digit_and_no_formula(place, closo, tmp_path):
    file = tmp_path / "all.csv"
    code, _, _ = closo("library", "export", "--to", file)
    assert code == 0
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    _, out, _ = closo("library", "find", "owner = *", "--most", "100000", "--json")
    hits = json.loads(out)["hits"]
    assert [float(row["value"]) for row in rows] == [hit["value"] for hit in hits]
    assert {row["sample"] for row in rows} >= {"milled", "A200-35-4h"}
    code, _, err = closo("library", "export", "--to", tmp_path / "all.txt")
    assert (code, "written as .csv" in err) == (2, True)


def test_list_update_and_remove(place, closo, small):
    code, out, _ = closo("library", "list", "--json")
    assert (code, [row["folder"] for row in json.loads(out)]) == (0, [str(small)])
    code, out, _ = closo("library", "update", "--no-analyse")
    assert (code, "1 studies" in out) == (0, True)
    code, out, _ = closo("library", "remove", small, "--json")
    assert (code, json.loads(out)) == (0, {"removed": [str(small)]})
    code, _, err = closo("library", "find", "nonsense")
    assert (code, "is not a condition" in err) == (2, True)


def test_a_study_that_is_wrong_is_said_and_sets_the_exit_code(place, closo, tmp_path, small):
    code, out, err = closo("library", "add", tmp_path / "nowhere", small, "--no-analyse")
    assert code == 2
    assert "not added:" in err
    assert "1 studies with" in out


def test_without_a_library_the_way_to_make_one_is_said(closo, tmp_path):
    code, _, err = closo("library", "find", "sigma > 1 S/cm", "--library", tmp_path / "none.sqlite")
    assert (code, "closo library add" in err) == (2, True)
