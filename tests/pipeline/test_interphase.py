"""From a study's results to composites, and `closo infer interphase`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from closo import pipeline
from closo.cli import main
from closo.combine.interphase import analysis as interphase_analysis
from closo.dataset import Dataset, new
from closo.errors import StudyError
from closo.pipeline import explained as pipeline_explained
from closo.pipeline import interphase as pipeline_interphase
from closo.pipeline.explained import keep_explained
from closo.pipeline.interphase import composites_of, infer_interphase
from closo.pipeline.records import Analysis
from closo.quantity import Quantity, uncertain
from closo.result import About, Check, Result
from closo.study import load
from closo.twin.interphase import PRINTED, bruggeman_ratio, composites

EXAMPLE = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2"


def measured(sample: str, specimen: str, celsius: float, sigma: float) -> Result:
    """One measurement as the pipeline keeps it."""
    parts = {f"thickness:{specimen}": 0.01 * sigma}
    quantities = {
        "temperature": Quantity("temperature", uncertain(celsius + 273.15, {f"temperature:{specimen}": 0.1})),
        "ionic_conductivity": Quantity("ionic_conductivity", uncertain(sigma, parts)),
    }
    return Result(
        "impedance", f"{specimen} {celsius}", quantities, Dataset(), about=About(specimen, "specimen", sample)
    )


@pytest.fixture(scope="module")
def analysed() -> Analysis:
    """The example study with conductivities of a milled salt at 60 degC, as if they had been measured."""
    study = load(EXAMPLE)
    made = {
        (c.filler, round(c.filler_fraction, 2)): c
        for c in composites("milled", {}, seed=3, design=PRINTED, celsius=(60.0,))
    }
    results = {}
    for name, sample in study.samples.items():
        recipe = sample.recipe
        stated = recipe.filler_fraction
        key = ("", 0.0) if stated is None else (recipe.filler_type, round(stated.value, 2))
        specimen = next((s for s, pellet in study.specimens.items() if pellet.sample == name), None)
        if specimen is None:  # a mixture of which only spectra were taken
            continue
        hours = 0.0 if sample.milling is None else sample.milling.time.x / 3600.0
        if hours in (0.0, 4.0):
            sigma = made[key].conductivities[0][1].x if hours else 1e-4
            results[f"{specimen}/1"] = measured(name, specimen, 60.0, sigma)
    return Analysis(study=study, results=results, failures=(), notes=(), computed=0, cached=0)


def test_composites_have_what_the_study_states(analysed):
    found, notes = composites_of(analysed.study, analysed.results, chemical={"A380-35-4h": uncertain(0.2, {"x": 0.05})})
    by_label = {c.label: c for c in found}
    assert notes == []
    a380 = by_label["A380-35-4h"]
    # weighed: 249.13 mg of 2.20 g/cm3 and 250.39 mg of 1.19 g/cm3
    expected = (249.13 / 2.20) / (249.13 / 2.20 + 250.39 / 1.19)
    assert a380.filler_fraction == pytest.approx(expected, rel=1e-9)
    assert (a380.filler, a380.specific_surface_area, a380.pore_volume) == ("A380", 349.2e3, pytest.approx(0.692e-3))
    assert a380.milling_time == pytest.approx(4 * 3600.0)
    assert a380.chemical_fraction.x == 0.2
    assert by_label["milled"].filler_fraction == 0.0
    assert by_label["pristine"].milling_time == 0.0
    assert "A380-35-8h" not in by_label  # nothing was measured on it here


def test_milled_salt_is_not_explained_by_one_shell(analysed):
    result = infer_interphase(analysed, ratio=bruggeman_ratio, draws=150)
    assert result.findings["left_out"] == ["pristine"]
    assert result.findings["reference_temperature"] == pytest.approx(333.15)
    assert {c.name: c.passed for c in result.checks}["one shell thickness for all silicas"] is False
    assert result.provenance.function == "closo.combine.interphase"
    assert set(result.provenance.inputs) == set(analysed.results)


def test_the_density_of_the_silica_is_needed(analysed):
    materials = {name: m for name, m in analysed.study.materials.items() if name != "SiO2"}
    study = analysed.study.model_copy(update={"materials": materials})
    with pytest.raises(StudyError, match="needs the density of one filler"):
        infer_interphase(Analysis(study, analysed.results, (), (), 0, 0), ratio=bruggeman_ratio)


def test_the_verb_shows_ranking_and_next_sample(analysed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "analyse", lambda *_, **__: analysed)
    monkeypatch.setattr(interphase_analysis, "_atlas", lambda _: bruggeman_ratio)
    kept = []
    monkeypatch.setattr(pipeline_explained, "keep_explained", lambda *what: kept.append(what))
    slow = pipeline_interphase.interphase
    monkeypatch.setattr(pipeline_interphase, "interphase", lambda *a, **k: slow(*a, **{**k, "draws": 100}))
    with pytest.raises(SystemExit) as done:
        main(["infer", "interphase", str(EXAMPLE), "--json", "--figures", str(tmp_path / "figures")])
    assert done.value.code == 1  # one shell thickness for all silicas is refused
    said = json.loads(capsys.readouterr().out)
    assert [what[:2] for what in kept] == [(analysed, "interphase")]
    assert said["synthetic"] is True
    assert {row["name"] for row in said["settings"]["ranking"]} >= {"shell", "milled", "pores"}
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 2


def test_what_was_found_is_known_until_the_data_change(fake, make_study):
    folder = make_study(1)
    first = pipeline.analyse(folder)
    assert "interphase" not in first.results
    curves = new("record", {"time": [0.0, 1.0]}, source="interphase")
    thickness = Quantity("shell_thickness", uncertain(1.5e-9, {"posterior:a": 0.2e-9}), "a test")
    made = Result("interphase", "A", {"shell_thickness": thickness}, curves)
    keep_explained(first, "interphase", made)
    again = pipeline.analyse(folder)
    assert again.results["interphase"].quantities["shell_thickness"].value == pytest.approx(1.5e-9)
    assert pipeline.analyse(folder).notes == first.notes  # and it is kept by an analysis that finds it
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace("301 ± 5 um", "402 ± 5 um"), encoding="utf-8")
    changed = pipeline.analyse(folder)
    assert "interphase" not in changed.results
    assert any("explained from other data" in note for note in changed.notes)
    keep_explained(again, "interphase", made)  # began before the edit, and ended after it
    assert "interphase" not in pipeline.analyse(folder).results


def test_shares_that_x_ray_raman_sees_are_read_from_the_study(analysed):
    study = analysed.study
    seen = study.samples["A380-35-4h"].model_copy(update={"changed_fraction": uncertain(0.2, {"x": 0.05})})
    samples = {**study.samples, "A380-35-4h": seen}
    told = Analysis(study.model_copy(update={"samples": samples}), analysed.results, (), (), 0, 0)
    result = infer_interphase(told, ratio=bruggeman_ratio, draws=100)
    assert next(c for c in result.checks if "Raman" in c.name).passed is not None


def test_a_doubted_conductivity_judges_the_interphase(analysed):
    key, doubted = next((k, r) for k, r in analysed.results.items() if r.about.sample == "A380-35-4h")
    check = Check("residuals", False, "far too large", ("ionic_conductivity",))
    results = {**analysed.results, key: replace(doubted, checks=(check,))}
    result = infer_interphase(replace(analysed, results=results), ratio=bruggeman_ratio, draws=100)
    (said,) = (c for c in result.failed_checks if c.name == "input")
    assert said.detail == f"it is made of numbers that failed a check: {key} (residuals)"
    assert {k for k, q in result.quantities.items() if q.value is not None} <= set(said.judges)
    elsewhere = replace(doubted, checks=(Check("residuals", False, "far too large", ("total_resistance",)),))
    result = infer_interphase(replace(analysed, results={**results, key: elsewhere}), ratio=bruggeman_ratio, draws=100)
    assert "input" not in [c.name for c in result.checks]
