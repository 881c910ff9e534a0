"""Study, compare, claims, progress, downloads: each is JSON too, and says what the command line says."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest

from closo import pipeline
from closo.figures import to_plotly
from closo.web.compare import overlay


def test_the_study_page_lists_every_result(opened, study):
    page = opened.json("/study")
    known = pipeline.recall(study)
    assert [row["key"] for row in page["measurements"]] == list(known.results)[:100]
    assert page["synthetic"] is True
    assert {card["name"] for card in page["samples"]} == set(known.study.samples)
    found = opened.json("/study?q=impedance+milled")["measurements"]
    assert found
    assert all("impedance" in row["search"] and "milled" in row["search"] for row in found)


def test_problems_are_those_of_check(opened, study):
    said = [one["text"] for one in opened.json("/study/problems")["problems"]]
    assert said == [problem.text for problem in pipeline.check(study)]


def test_claims_are_judged_as_on_the_command_line(opened, study, closo):
    page = opened.json("/claims")
    _, out, _ = closo("claims", study, "--json", "--no-analyse")
    printed = {one["id"]: (one["verdict"], one["reason"]) for one in json.loads(out)}
    assert {one["id"]: (one["verdict"], one["reason"]) for one in page["claims"]} == printed
    assert sum(page["tally"].values()) == page["total"] == len(printed)
    some = opened.json("/claims?verdict=supported")["claims"]
    assert {one["verdict"] for one in some} == {"supported"}
    for one in page["claims"]:  # an interval inside the claim is drawn inside the claim
        if one["axis"] and one["verdict"] == "supported" and len(one["axis"]["found"]) == 1:
            (bar,) = one["axis"]["found"]
            assert one["axis"]["claim"][0] - 0.1 <= bar["from"] <= bar["to"] <= one["axis"]["claim"][1] + 0.1


def test_results_over_one_another_keep_their_numbers(study):
    known = pipeline.recall(study).results
    keys = [key for key, result in known.items() if result.technique == "impedance"][:3]
    (spec,) = overlay({key: known[key] for key in keys})
    points = [t for t in spec.panels[0].traces if t.label]
    assert len(points) == 3
    assert len({t.label for t in points}) == 3
    for trace, key in zip(points, keys, strict=True):
        assert list(trace.x) == list(pipeline.figure(known[key]).panels[0].traces[0].x)
    assert to_plotly(spec)["panels"]


def test_pages_of_every_result_have_a_twin(opened, study):
    for key, result in pipeline.recall(study).results.items():
        page = opened.client.get("/measurement", params={"key": key, "format": "json"})
        assert page.status_code == 200, key
        assert [q["key"] for q in page.json()["result"]["quantities"]]
        assert {q["key"] for q in page.json()["result"]["quantities"]} == set(result.quantities)
        assert opened.client.get("/measurement", params={"key": key}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("csv", b"T,"), ("exe", None)]
)
def test_figures_are_downloaded(opened, kind, start):
    answer = opened.get(f"/download/figure.{kind}?key=milled-p1/arrhenius")
    if start is None:
        assert answer.status_code == 404
        return
    assert answer.status_code == 200
    assert answer.content.startswith(start) or kind == "csv"
    if kind == "csv":
        assert "synthetic" in answer.text or "S cm" in answer.text


def test_the_report_is_written_and_downloaded(opened):
    assert opened.get("/download/report.zip").status_code == 422
    opened.post("/work/report")
    end = time.monotonic() + 240
    while not (work := opened.json("/work")["work"])["done"] and time.monotonic() < end:
        time.sleep(0.3)
    assert work["error"] is None
    with zipfile.ZipFile(io.BytesIO(opened.get("/download/report.zip").content)) as archive:
        names = archive.namelist()
    assert any(name.endswith(".html") for name in names)
    assert any(name.endswith(".pdf") for name in names)
    assert any(name.endswith("tables.xlsx") for name in names)


def test_long_work_is_stopped_and_what_is_finished_is_kept(study, tmp_path, serve_page):
    import shutil

    from closo.web.workplace import Workplace

    shutil.rmtree(study / ".closo")
    with serve_page(Workplace(study, tmp_path)) as served:
        assert served.json("/study")["waiting_count"] > 0
        served.post("/work/analyse")
        end = time.monotonic() + 200
        while served.json("/work")["work"]["finished"] < 2 and time.monotonic() < end:
            time.sleep(0.02)
        served.post("/work/cancel")
        while not (work := served.json("/work")["work"])["done"] and time.monotonic() < end:
            time.sleep(0.05)
        assert "cancelled" in work["error"]["error"]
        assert len(served.json("/study")["measurements"]) >= 1
        served.post("/work/analyse")
        while not (work := served.json("/work")["work"])["done"] and time.monotonic() < end:
            time.sleep(0.2)
        assert work["error"] is None
        assert served.json("/study")["waiting_count"] == 0
        assert work["result"]["computed"] < work["result"]["results"]


def test_without_a_study_its_pages_say_what_to_do(bench):
    for address in ("/study", "/claims", "/study/problems"):
        answer = bench.get(address)
        assert answer.status_code == 422
        assert "closo serve STUDY" in answer.text
    assert bench.get("/nothing").status_code == 404
