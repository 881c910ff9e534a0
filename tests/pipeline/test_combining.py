"""Samples from pellets, series from samples, claims from all of them: on studies whose truth is known."""

import json
import math
from dataclasses import replace

import pytest

from closo.combine import combinations
from closo.combine.doubts import marked
from closo.combine.pellets import guess_branches
from closo.errors import StudyError
from closo.pipeline import analyse, check, combining, figure, judge
from closo.result import Check

EV = 1.602176634e-19
SERIES = """
[materials.NaX]
density = "1.19 ± 0.01 g/cm3"
[materials.SiO2]
density = "2.20 ± 0.02 g/cm3"
[powders.small]
specific_surface_area = "350 ± 5 m2/g"
[[series]]
name = "composition"
axis = "volume_fraction"
samples = ["a", "b", "c"]
temperature = "60 degC"
[[series]]
name = "milling"
axis = "milling_time"
samples = ["c", "b", "a"]
temperature = "60 degC"
[[series]]
name = "types"
axis = "filler_type"
samples = ["a", "b", "c"]
temperature = "60 degC"
"""
MASSES = 'masses = { SiO2 = "350 ± 0.1 mg", NaX = "351.6 ± 0.1 mg" }'
SAMPLES = {  # sample: its recipe, hours of milling, resistances of two pellets at 60 degC / ohm
    "a": ('filler_fraction = "25 vol%", filler_type = "small"', "1 h", (60.0, 62.0)),
    "b": (MASSES, "4 h", (38.0, 40.0)),  # 35 vol%
    "c": ('filler_fraction = "60 wt%"', "8 h", (70.0, 66.0)),  # 44.8 vol%
}


@pytest.fixture
def composition(tmp_path, fake):
    """Write three samples with two pellets each, measured at 60 degC only."""
    folder = tmp_path / "composition"
    (folder / "raw").mkdir(parents=True)
    text = ['title = "Composition"', '[chambers.oven]\ntemperature_offset = "0 ± 0.5 K"', SERIES]
    for sample, (recipe, hours, resistances) in SAMPLES.items():
        text.append(f'[samples.{sample}]\nrecipe = {{ matrix = "NaX", filler = "SiO2", {recipe} }}')
        text.append(f'milling = {{ time = "{hours}" }}')
        for k, r in enumerate(resistances):
            rows = "\n".join(f"{10 ** (6 - j / 2):.6g} {r} -1" for j in range(12))
            (folder / "raw" / f"{sample}{k}.txt").write_text(f"frequency impedance_real impedance_imag\n{rows}\n")
            text.append(
                f'[specimens.{sample}{k}]\nsample = "{sample}"\narea = "0.785 ± 0.002 cm2"\nthickness = "310 ± 3 um"\n'
                f'[[measurements]]\nspecimen = "{sample}{k}"\ntechnique = "fake"\nfile = "raw/{sample}{k}.txt"\n'
                'temperature = "60 ± 0.3 degC"\nchamber = "oven"'
            )
    (folder / "study.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
    return folder


def sigma(r: float) -> float:
    return 310e-6 / (r * 0.785e-4)


def test_a_sample_is_the_mean_of_its_pellets(composition):
    results = analyse(composition).results
    found = results["a/conductivity"].quantities["ionic_conductivity"]
    assert found.value == pytest.approx(math.sqrt(sigma(60.0) * sigma(62.0)), rel=1e-6)
    assert "pooled with 3 degrees of freedom" in found.method
    assert "assumed 0.50 ± 0.15 eV" in found.method
    assert {"pellet spread:study", "temperature offset:oven"} <= set(found.budget())
    offset = found.budget()["temperature offset:oven"] / found.value
    assert offset == pytest.approx(0.5 * (0.5 * EV / 1.380649e-23 / 333.15**2 - 1 / 333.15), rel=0.01)


def test_a_series_places_its_samples(composition):
    analysis = analyse(composition)
    assert analysis.failures == ()
    series = analysis.results["series/composition"]
    assert series.findings["members"] == ["a", "b", "c"]
    assert list(series.curves["position"].values) == pytest.approx([0.25, 0.35, 0.448], abs=0.002)
    assert series.findings["highest"] == "b"
    assert series.quantities["volume_fraction:maximum"].value == pytest.approx(0.35, abs=0.002)
    milling = analysis.results["series/milling"]
    assert list(milling.curves["position"].values) == [3600.0, 4 * 3600.0, 8 * 3600.0]
    assert "filler type:maximum" not in analysis.results["series/types"].quantities


def test_a_changed_recipe_changes_only_the_series_and_what_its_filler_means(composition):
    analyse(composition)
    text = (composition / "study.toml").read_text(encoding="utf-8")
    (composition / "study.toml").write_text(text.replace('"25 vol%"', '"20 vol%"'), encoding="utf-8")
    analysis = analyse(composition)
    of_recipes = [key for key in analysis.results if key.startswith("series/") or key == "a/filler budget"]
    assert analysis.computed == len(of_recipes) == 4
    assert analysis.results["series/composition"].curves["position"].values[0] == pytest.approx(0.20)


def test_a_sample_without_data_is_left_out_of_the_series_and_said(composition):
    (composition / "raw" / "a0.txt").unlink()
    (composition / "raw" / "a1.txt").unlink()
    analysis = analyse(composition)
    assert analysis.results["series/composition"].findings["members"] == ["b", "c"]
    assert analysis.results["series/composition"].notes == ("'a' is left out: nothing was measured on it.",)
    assert "a: nothing was measured on it." in analysis.notes
    (composition / "raw" / "b0.txt").unlink()
    (composition / "raw" / "b1.txt").unlink()
    failures = {f.key: str(f.error) for f in analyse(composition).failures}
    assert "needs two samples" in failures["series/composition"]


def test_results_have_figures_or_say_why_not(composition, make_study):
    results = analyse(composition).results
    assert figure(results["series/composition"]).panels
    with pytest.raises(StudyError, match="no figure"):
        figure(results["a/conductivity"])
    assert figure(analyse(make_study(1)).results["p1/arrhenius"]).panels


CLAIMS = """
[[claims]]
id = "1"
text = "the maximum is at 35 vol%"
kind = "maximum"
quantity = "ionic_conductivity"
of = "series/composition"
value = "35 vol%"
tolerance = "15 vol%"
[[claims]]
id = "2"
text = "b conducts best"
kind = "ordering"
quantity = "ionic_conductivity"
of = ["b", "a"]
relation = ">"
temperature = "60 degC"
[[claims]]
id = "3"
text = "hardly any difference"
kind = "spread"
quantity = "ionic_conductivity"
of = "series/types"
temperature = "60 degC"
relation = "<"
value = "1.2"
[[claims]]
id = "4"
text = "of something never made"
kind = "value"
quantity = "ionic_conductivity"
of = "bb"
temperature = "60 degC"
value = "1e-3 S/cm"
"""


def test_claims_on_a_whole_study(composition):
    (composition / "claims.toml").write_text(CLAIMS, encoding="utf-8")
    verdicts = {v.claim.id: v for v in judge(analyse(composition))}
    assert {key: v.verdict for key, v in verdicts.items()} == {
        "1": "supported", "2": "supported", "3": "contradicted", "4": "no data",
    }  # fmt: skip
    assert "at 60 degC" in verdicts["2"].reason
    warnings = [p for p in check(composition) if p.level == "warning" and "claims" in p.where]
    said = "'bb' is not a sample, powder, specimen, cell or series. Did you mean 'b'?"
    assert [(p.where, p.text) for p in warnings] == [("claims.toml, 4", said)]


def test_a_broken_claims_file_is_a_problem_and_no_claims_are_none(composition):
    assert judge(analyse(composition)) == []
    (composition / "claims.toml").write_text("[[claims]]\nid = '1'\n", encoding="utf-8")
    errors = [p for p in check(composition) if p.level == "error"]
    assert len(errors) == 1
    assert "'text' is missing" in errors[0].text


def test_branches_are_guessed_from_the_order():
    assert guess_branches([30, 30, 60]) == ["heating"] * 3
    assert guess_branches([30, 60, 60]) == ["heating", "heating", "cooling"]
    assert guess_branches([30]) == ["heating"]
    assert guess_branches([]) == []


@pytest.mark.slow
def test_the_small_twin_goes_all_the_way(tmp_path):
    from closo.twin import write_study

    write_study(tmp_path / "twin", kind="small", truth_file=tmp_path / "truth.json")
    analysis = analyse(tmp_path / "twin")
    assert analysis.failures == ()
    truth = json.loads((tmp_path / "truth.json").read_text())
    for sample, row in truth["samples"].items():
        law = analysis.results[f"{sample}-p1/arrhenius"].quantities["activation_energy:lnsigmaT"]
        low, high = (end / EV for end in law.interval(0.999))
        assert low < row["activation_energy / eV"] < high
    assert len(judge(analysis)) > 5
    again = analyse(tmp_path / "twin")
    assert (again.computed, again.cached) == (0, analysis.computed)
    assert [r.as_json() for r in again.results.values()] == [r.as_json() for r in analysis.results.values()]


@pytest.mark.slow
def test_every_combined_number_hands_on_the_doubts_of_what_was_measured(tmp_path, monkeypatch):
    """All measured numbers of the small twin doubted: no combined one goes without, but those that rest on statements."""
    from closo.twin import write_study

    def doubted(results):
        measured = {k: r for k, r in results.items() if r.technique not in combinations()}
        checks = {k: Check("doubted", False, "for this test", tuple(r.quantities)) for k, r in measured.items()}
        return marked({**results, **{k: replace(r, checks=(*r.checks, checks[k])) for k, r in measured.items()}})

    monkeypatch.setattr(combining, "marked", doubted)
    write_study(tmp_path / "twin", seed=3, kind="small")
    results = analyse(tmp_path / "twin", workers=1).results
    combined = [r for r in results.values() if r.technique in combinations()]
    without = {r.technique for r in combined if not any(c.name == "input" for c in r.checks)}
    assert without == {"cell_recipe", "press_recipe", "filler_budget"}  # of the small study, which measures no pores
    assert len({r.technique for r in combined}) > 8
    for result in (r for r in combined if r.technique not in without):
        (check,) = (c for c in result.checks if c.name == "input")
        assert [k for k, q in result.quantities.items() if q.value is not None and not check.concerns(k)] == []


def test_what_is_made_of_numbers_that_failed_a_check_is_judged_by_a_check_of_its_own(fake, make_study):
    root = make_study()
    file = root / "raw" / "p1_1_50C.txt"  # beside Z' and Z'' a phase that is not theirs in any row
    names, *rows = file.read_text(encoding="utf-8").splitlines()
    text = [f"{names} phase/deg", *(f"{row} 45" for row in rows)]
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    analysis = analyse(root)
    assert analysis.failures == ()
    read = next(c for c in analysis.results["p1/fake/p1_1_50C.txt#1"].checks if c.name == "phase against Z")
    assert (read.passed, set(read.judges)) == (False, {"total_resistance", "ionic_conductivity", "temperature"})
    inputs = {key: [c for c in r.failed_checks if c.name == "input"] for key, r in analysis.results.items()}
    assert [key for key, checks in inputs.items() if checks] == ["p1/arrhenius", "S/conductivity"]
    law = inputs["p1/arrhenius"][0]
    assert "p1/fake/p1_1_50C.txt#1 (phase against Z)" in law.detail
    assert "p1_0_30C" not in law.detail
    assert law.concerns("activation_energy")
    mean = inputs["S/conductivity"][0]
    assert set(mean.judges) == {"ionic_conductivity", "ionic_conductivity:p1"}
    told = '[[claims]]\nid = "%s"\ntext = "0.4 eV"\nof = "%s"\nquantity = "activation_energy"\n'
    told += 'value = "0.4 eV"\nconvention = "sigmaT"\n'
    (root / "claims.toml").write_text(told % ("1", "p1") + told % ("2", "p2"), encoding="utf-8")
    first, second = judge(analysis)
    assert (first.verdict, second.verdict) == ("undecided", "supported")
    assert "The check 'input' of this number failed" in first.reason
    assert "input" not in second.reason
