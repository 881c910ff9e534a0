"""Pathways, maps and cells: what they show is what was computed, in the page, its twin and its files."""

from __future__ import annotations

import csv
import io
import re
import time

import numpy as np
import pytest

from closo import pipeline
from closo.errors import DataError
from closo.models import atlas
from closo.pipeline.explained import CELL, keep_explained
from closo.techniques.line_profile import profile_between
from closo.web.workplace import Workplace


def test_the_conductivity_is_that_of_the_table_and_moves_with_the_sliders(bench):
    shown = bench.json("/pathways?filler=35&diameter=8&thickness=2&matrix=2e-5&shell=2e-3")
    value, u = atlas.ratio(0.35, 0.25, 100.0)
    assert shown["quantity"]["value"] == pytest.approx(2e-5 * np.exp(value))
    assert shown["quantity"]["u"] == pytest.approx(2e-5 * np.exp(value) * u)
    over, piece = shown["figures"]
    assert [panel["name"] for panel in piece["panels"]] == ["phases", "pathways"]
    assert over["table"]["total"] >= 121
    thin = bench.json("/pathways?filler=35&diameter=8&thickness=0.3&matrix=2e-5&shell=2e-3")
    assert thin["quantity"]["value"] < 0.2 * shown["quantity"]["value"]
    comma = bench.json("/pathways?filler=35,0&diameter=8&thickness=2&matrix=2e-5&shell=2e-3")
    assert comma["quantity"] == shown["quantity"]
    assert bench.get(over["files"]["csv"]).text.count("\n") > 121
    seen = re.sub(r"<script.*?</script>", "", bench.get("/pathways?matrix=2e-5&shell=2e-3").text, flags=re.S)
    assert "S cm⁻¹" in seen
    assert "S/cm" not in seen
    assert bench.get(piece["files"]["svg"]).content.startswith(b"<?xml")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("filler=4", "5 to 65"),
        ("filler=nan", "is not a number"),
        ("diameter=1e9", "is not a number"),
        ("thickness=%24(id)", "is not a number"),
        ("matrix=0", "is not a number"),
        ("thickness=20&diameter=2", "outside the table"),
        ("filler=" + "9" * 5000, "is not a number"),
    ],
)
def test_what_cannot_be_a_composite_is_said_beside_the_form(bench, asked, said):
    answer = bench.client.get(f"/pathways?{asked}")
    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="filler"' in answer.text
    assert "ffective conductivity" not in answer.text


def test_a_profile_is_the_mean_of_whole_pixels_with_their_uncertainty():
    draw = np.random.default_rng(3)
    truth = np.tile(np.linspace(0.0, 40.0, 30), (20, 1))
    pulls = []
    for _ in range(40):
        d, mean, u = profile_between(
            truth + draw.normal(0.0, 2.0, truth.shape), np.full(truth.shape, 2.0), (0.5, 10.5, 29.5, 10.5), 5
        )
        assert d[-1] == pytest.approx(29.0)
        assert u == pytest.approx(2.0 / np.sqrt(5))
        pulls.append((mean - truth[10]) / u)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.06)
    there = profile_between(truth, truth, (0.5, 0.5, 29.5, 19.5), 1)[1]
    back = profile_between(truth, truth, (29.5, 19.5, 0.5, 0.5), 1)[1]
    assert there == pytest.approx(back[::-1])
    holes = np.where(truth > 20.0, np.nan, truth)
    assert np.isnan(profile_between(holes, truth, (0.5, 0.5, 29.5, 0.5))[1][-1])


@pytest.mark.parametrize("ends", [(-0.1, 0, 5, 5), (0, 0, 31, 5), (0, 0, 5, 20.1), (3.1, 3.1, 3.9, 3.8)])
def test_a_line_that_is_none_is_refused(ends):
    with pytest.raises(DataError):
        profile_between(np.ones((20, 30)), np.ones((20, 30)), ends)


def test_a_map_with_its_uncertainty_and_a_profile(bench, element_map):
    assert "No result has maps yet" in bench.get("/maps").text
    bench.drop(element_map)
    shown = bench.json("/maps?map=Si&x1=0.5&y1=18.5&x2=35.5&y2=18.5&width=3")
    assert shown["size"] == [36, 36]
    assert [panel["name"] for panel in shown["figure"]["panels"]] == ["Si", "u of Si", "profile"]
    result = bench.place.bench("you").find(shown["key"].removeprefix("drop:")).result
    values, u = (result.curves[f"{name}:Si"].values for name in ("map", "map_u"))
    drawn = shown["figure"]["panels"][2]["data"][0]
    assert drawn["y"] == pytest.approx(values[17:20].mean(axis=0), rel=1e-6)
    assert drawn["error_y"]["array"] == pytest.approx(np.sqrt((u[17:20] ** 2).sum(axis=0)) / 3, rel=1e-6)
    rows = list(csv.reader(io.StringIO(bench.get(shown["figure"]["files"]["csv"]).text)))
    assert len(rows) > 36 * 36
    wrong = bench.client.get("/maps?map=Si&x1=0&y1=0&x2=99&y2=1")
    assert wrong.status_code == 422
    assert "leaves the map" in wrong.text
    assert "u of Si" in wrong.text  # the map is there all the same
    assert bench.client.get("/maps?key=nobody").status_code == 422
    assert bench.json("/maps?map=Xx")["map"] in shown["names"]


def test_what_limits_the_cells_is_kept_with_the_study_until_it_changes(study, tmp_path, serve_page, limited):
    text = (study / "study.toml").read_text() + '\n[cells.one]\narea = "0.785 cm2"\n'
    (study / "study.toml").write_text(text, encoding="utf-8")
    with serve_page(Workplace(study, tmp_path)) as served:
        page = served.get("/cell").text
        assert "Nothing is known" in page
        assert "closo infer cell" in page
        analysis = pipeline.analyse(study)
        keep_explained(analysis, CELL, limited)
        shown = served.json("/cell")
        assert shown["answer"] == "These cells are limited by: slow diffusion."
        assert [row["name"] for row in shown["ranking"]] == ["slow diffusion", "separator"]
        assert shown["checks"]["failed"] == 1
        assert "✗ no" in served.get("/cell").text
        assert served.get("/study?q=cell_limits").text.count("cell_limits") >= 1
        for kind in ("svg", "csv"):
            assert served.get(f"/download/figure.{kind}?key=cell").status_code == 200
        (study / "study.toml").write_text(text.replace("0.785 cm2", "0.5 cm2"), encoding="utf-8")
        assert not served.json("/cell")["known"]
        assert "cell" in served.json("/study")["waiting"]
        pipeline.analyse(study)
        assert not served.json("/cell")["known"]
        assert any("closo infer cell" in note for note in served.json("/study")["notes"])


def test_what_cannot_be_explained_is_said(opened):
    assert opened.post("/work/explain", data={"what": "everything"}).status_code == 422
    assert opened.post("/work/explain", data={"what": "interphase"}).status_code == 200
    while not (shown := opened.json("/work")["work"])["done"]:
        time.sleep(0.1)
    assert "composites" in shown["error"]["error"]
    assert "composites" in opened.get("/work").text
    assert opened.post("/work/analyse").status_code == 200
    while not opened.json("/work")["work"]["done"]:
        time.sleep(0.1)
    assert "✓ Done" in opened.get("/work").text
