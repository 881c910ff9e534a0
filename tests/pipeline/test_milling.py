"""From a study's results to a series over milling time, `closo infer milling`, and `closo next`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from closo import pipeline
from closo.cli import main
from closo.combine.interphase import offers
from closo.dataset import Dataset
from closo.errors import DataError
from closo.pipeline import explained as pipeline_explained
from closo.pipeline import milling as pipeline_milling
from closo.pipeline.milling import infer_milling, series_over_time
from closo.pipeline.records import Analysis
from closo.quantity import Quantity, uncertain
from closo.result import About, Check, Result
from closo.study import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2"
SERIES = ["A380-35-1h", "A380-35-2h", "A380-35-4h", "A380-35-8h"]
SIGMA = [0.08, 0.125, 0.147, 0.110]  # S/m


def result_of(sample, specimen, sigma):
    quantities = {
        "temperature": Quantity("temperature", uncertain(333.15, {f"temperature:{specimen}": 0.1})),
        "ionic_conductivity": Quantity("ionic_conductivity", uncertain(sigma, {f"thickness:{specimen}": 0.01 * sigma})),
    }
    return Result("impedance", specimen, quantities, Dataset(), about=About(specimen, "specimen", sample))


def pattern_of(sample, share):
    quantity = Quantity("mass_fraction", uncertain(share, {f"profile:{sample}": 0.02}))
    return Result(
        "diffraction", sample, {"mass_fraction:alpha": quantity}, Dataset(), about=About(sample, "sample", sample)
    )


@pytest.fixture(scope="module")
def analysed():
    study = load(EXAMPLE)
    specimens = {s.sample: name for name, s in reversed(study.specimens.items())}
    results = {f"{specimens[s]}/1": result_of(s, specimens[s], v) for s, v in zip(SERIES, SIGMA, strict=True)}
    results |= {f"{s}/x": pattern_of(s, share) for s, share in zip(SERIES, (0.53, 0.28, 0.08, 0.01), strict=True)}
    return Analysis(study=study, results=results, failures=(), notes=(), computed=0, cached=0)


def with_mill(analysed, **more):
    """The same study with the geometry of its mill."""
    study, mill = (
        analysed.study,
        {"ball_mass": 0.98e-3, "ball_diameter": 6.3e-3, "vial_diameter": 41e-3, "disc_radius": 70e-3},
    )
    samples = {
        name: s.model_copy(update={"milling": s.milling.model_copy(update={**mill, "speed_ratio": -2.0, **more})})
        if s.milling is not None
        else s
        for name, s in study.samples.items()
    }
    return Analysis(study.model_copy(update={"samples": samples}), analysed.results, (), (), 0, 0)


def test_the_series_is_the_recipe_with_most_times(analysed):
    assert series_over_time(analysed.study, analysed.results) == SERIES
    fewer = {key: r for key, r in analysed.results.items() if "8h" not in key}
    with pytest.raises(DataError, match="longest series has 3"):
        series_over_time(analysed.study, fewer)


def test_what_is_not_said_of_clock_phases_and_mill_is_said(analysed):
    notes = " ".join(infer_milling(analysed, draws=60).notes)
    assert "is as stated or 0.5 of it" in notes
    assert "Shares of phases (alpha) were not used" in notes
    assert "does not state ball_mass, ball_diameter, vial_diameter, disc_radius, speed_ratio" in notes


def test_phases_are_used_where_their_states_are_named_and_the_dose_follows_the_clock(analysed):
    result, total = (
        infer_milling(with_mill(analysed, time_counts=clock), phases={"A": "alpha"}, draws=60)
        for clock in ("net", "total")
    )
    assert sorted(result.curves["share"].values.tolist()) == pytest.approx([0.01, 0.08, 0.28, 0.53])
    assert result.quantities["impact_energy:upper_limit"].value == pytest.approx(8.3e-3, rel=0.01)
    assert "without the pauses" in " ".join(result.notes)
    doses = [r.quantities.get("milling_dose:upper_limit") for r in (result, total)]
    if all(doses):
        assert doses[0].value == pytest.approx(2.0 * doses[1].value)


def test_the_verb_shows_laws_and_keeps_the_result(analysed, tmp_path, monkeypatch, capsys):
    kept = []
    quick = pipeline_milling.milling
    monkeypatch.setattr(pipeline, "analyse", lambda *_, **__: analysed)
    monkeypatch.setattr(pipeline_milling, "milling", lambda *a, **k: quick(*a, **{**k, "draws": 60}))
    monkeypatch.setattr(pipeline_explained, "keep_explained", lambda *what: kept.append(what[1]))
    with pytest.raises(SystemExit):
        main(["infer", "milling", str(EXAMPLE), "--phase", "A=alpha", "--figures", str(tmp_path / "f")])
    said = capsys.readouterr().out
    assert all(law in said for law in ("consecutive", "impacts", "JMAK"))
    assert kept == ["milling"]
    assert len(list((tmp_path / "f").glob("*.svg"))) == 1
    with pytest.raises(SystemExit) as done:
        main(["infer", "milling", str(EXAMPLE), "--phase", "alpha"])
    assert done.value.code == 2


def explained(verdict):
    """A result of `interphase` with two offers, or none where no explanation fits."""
    values = {
        "silica": ["A90", "A380"],
        "fraction": [0.15, 0.3],
        "time": [14400.0, 7200.0],
        "low": [0.01, 0.1],
        "median": [0.02, 0.2],
        "high": [0.04, 0.3],
        "mean": [0.022, 0.2],
        "better": [0.0, 0.8],
        "information": [1.5, 0.2],
    }
    curves = Dataset({f"offer_{k}": ("offer", v) for k, v in values.items()}) if verdict != "none fits" else Dataset()
    findings = {"reference_temperature": 333.15, "ranking": [{"name": "shell", "verdict": verdict}]}
    return Result("interphase", "x", {}, curves, notes=("None of them fits.",), findings=findings)


def test_next_names_what_conducts_best_and_what_teaches_most(analysed, tmp_path, monkeypatch, capsys):
    known = Analysis(analysed.study, {"interphase": explained("leads")}, (), (), 0, 0)
    monkeypatch.setattr(pipeline, "analyse", lambda *_, **__: known)
    with pytest.raises(SystemExit) as done:
        main(["next", str(EXAMPLE), "--json", "--figures", str(tmp_path)])
    said = json.loads(capsys.readouterr().out)
    assert done.value.code == 0
    assert (said["conducts_best"][0]["silica"], said["teaches_most"][0]["silica"]) == ("A380", "A90")
    assert len(list(tmp_path.glob("*.svg"))) == 1
    with pytest.raises(SystemExit):
        main(["next", str(EXAMPLE)])
    assert "0.001 to 0.003" in capsys.readouterr().out


def test_next_names_nothing_where_no_explanation_fits(analysed, monkeypatch, capsys):
    known = Analysis(analysed.study, {"interphase": explained("none fits")}, (), (), 0, 0)
    monkeypatch.setattr(pipeline, "analyse", lambda *_, **__: known)
    with pytest.raises(SystemExit) as done:
        main(["next", str(EXAMPLE)])
    assert done.value.code == 1
    assert "No sample can be named. None of them fits." in capsys.readouterr().out
    assert offers(explained("none fits"), by="mean") == []


def test_a_doubted_conductivity_or_share_judges_the_answer_and_not_the_mill(analysed):
    key = next(k for k, r in analysed.results.items() if r.about.sample == SERIES[1] and r.technique == "impedance")
    pattern = f"{SERIES[2]}/x"
    for doubted, judges, phases in (
        (key, "ionic_conductivity", {}),
        (pattern, "mass_fraction", {"A": "alpha"}),
        (pattern, "mass_fraction", {}),
    ):
        check = Check("residuals", False, "far too large", (judges,))
        results = {**analysed.results, doubted: replace(analysed.results[doubted], checks=(check,))}
        of = with_mill(replace(analysed, results=results), time_counts="net")
        result = infer_milling(replace(of, results=results), phases=phases, draws=60)
        inputs = [c for c in result.failed_checks if c.name == "input"]
        used = doubted == key or bool(phases)
        assert len(inputs) == used
        if used:
            assert f"{doubted} (residuals)" in inputs[0].detail
            known = {k for k, q in result.quantities.items() if q.value is not None}
            assert set(inputs[0].judges) == known - {"impact_energy:upper_limit"}
        assert not any("doubt" in label for q in result.quantities.values() for label in q.budget())
