"""Who owns a measurement: a powder, a sample, a specimen or a cell; and what a technique outside closo needs to be known."""

import json
import shutil
from pathlib import Path

import example_technique
import numpy as np
import pytest

import closo
import closo.techniques
from closo.cli import main
from closo.dataset import new, save
from closo.errors import StudyError
from closo.nomenclature import NAMES
from closo.pipeline import analyse, check, figure, headline, judge
from closo.report.build import build
from closo.study import load
from closo.twin import write_study

POWDER = """
title = "Silica as bought"
[powders.A200]
specific_surface_area = "200 ± 10 m2/g"
[[measurements]]
of = "A200"
technique = "bright_share"
file = "raw/image.nc"
"""
CLAIM = """
[[claims]]
id = "1"
text = "Half of the image is bright."
where = "nowhere"
kind = "value"
of = ["A200"]
quantity = "volume_fraction"
relation = "="
value = "50 vol%"
"""


@pytest.fixture
def technique(monkeypatch):
    monkeypatch.setattr(closo.techniques, "TECHNIQUES", (*closo.techniques.TECHNIQUES, example_technique.ROW))


@pytest.fixture
def powder(tmp_path, technique) -> Path:
    folder = tmp_path / "study"
    (folder / "raw").mkdir(parents=True)
    image = np.random.default_rng(0).uniform(size=(40, 50))
    save(new("image", {"intensity": image}, source="image.nc"), folder / "raw" / "image.nc")
    (folder / "study.toml").write_text(POWDER, encoding="utf-8")
    (folder / "claims.toml").write_text(CLAIM, encoding="utf-8")
    return folder


def exit_code(*arguments) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


def test_a_powder_with_an_image_is_analysed_judged_and_reported(powder, capsys):
    analysis = analyse(powder)
    (key,) = (k for k in analysis.results if "#" in k)
    result = analysis.results[key]
    assert (analysis.failures, analysis.notes) == ((), ())
    assert key == "A200/bright_share/image.nc#1"
    assert result.about.as_json() == {"owner": "A200", "kind": "powder"}
    assert headline(result) == "volume_fraction"
    assert figure(result).panels[0].images
    assert [v.verdict for v in judge(analysis)] == ["consistent"]
    assert [p for p in check(powder) if p.level != "note"] == []
    page = build(analysis, powder / "report", verdicts=judge(analysis), problems=check(powder))
    text = page.read_text(encoding="utf-8")
    assert 'id="powders"' in text
    assert "volume fraction" in text
    assert "conductivity" not in " ".join(str(p) for p in check(powder))


@pytest.mark.parametrize("verb", ["analyse", "claims", "show", "report", "check"])
def test_the_verbs_on_it_leave_with_0_and_never_speak_of_a_conductivity(powder, verb, capsys):
    assert exit_code(verb, powder) == 0
    shown = capsys.readouterr()
    assert "onductivity" not in shown.out + shown.err


def test_it_runs_on_the_loose_file(powder, capsys):
    capsys.readouterr()
    assert exit_code("run", "bright_share", powder / "raw" / "image.nc", "--set", "threshold=0.25", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["quantities"][0]["value"] == pytest.approx(75.0, abs=5.0)
    assert shown["settings"]["threshold"] == 0.25
    assert set(shown["findings"]) == {"level"}


def test_its_names_are_those_of_the_nomenclature():
    assert set(example_technique.ROW.headline) <= set(NAMES)


@pytest.fixture(scope="module")
def twin(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("owners") / "study"
    write_study(folder, seed=3, kind="small")
    return folder


def only(twin: Path, folder: Path, tables: str) -> Path:
    """Return a study of the twin's files with these tables alone."""
    shutil.copytree(twin / "raw", folder / "raw")
    (folder / "study.toml").write_text('title = "A part"\n' + tables, encoding="utf-8")
    return folder


def test_a_sample_that_was_only_polarized_asks_for_no_conductivity(twin, tmp_path):
    part = next(m.part for m in load(twin).measurements if m.cell == "blocking" and m.technique == "polarization")
    tables = f"""
[samples.S]
[specimens.p1]
sample = "S"
area = "0.785 ± 0.005 cm2"
thickness = "400 ± 5 um"
[[measurements]]
of = "p1"
technique = "polarization"
file = "raw/blocking.par"
part = {part or 3}
temperature = "30 ± 0.1 degC"
"""
    folder = only(twin, tmp_path / "study", tables)
    analysis = analyse(folder)
    assert analysis.failures == ()
    assert "p1/polarization/blocking.par#3" in analysis.results or len(analysis.results) == 1
    assert "S/conductivity" not in analysis.results
    assert exit_code("analyse", folder) in (0, 1)  # 1: a check of the record itself


def test_a_study_of_a_cell_only(twin, tmp_path):
    tables = """
[cells.C]
kind = "cathode half cell"
area = "0.283 ± 0.003 cm2"
[[measurements]]
of = "C"
technique = "cycling"
file = "raw/warm-cell.mpr"
temperature = "40 ± 0.5 degC"
"""
    folder = only(twin, tmp_path / "study", tables)
    analysis = analyse(folder)
    assert analysis.failures == ()
    assert all(r.about.owner == "C" for r in analysis.results.values())
    assert not [p for p in check(folder) if "conductivit" in p.text]


def test_a_cell_named_by_of_is_the_cell(twin, tmp_path):
    cell = '[cells.C]\nkind = "anode half cell"\n'
    entry = '[[measurements]]\n{} = "C"\ntechnique = "cycling"\nfile = "raw/warm-cell.mpr"\n'
    results = []
    for word in ("of", "cell"):
        folder = only(twin, tmp_path / word, cell + entry.format(word))
        results.append({k: r.as_json() | {"provenance": None} for k, r in analyse(folder).results.items()})
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ("", "'Silca' is not one of the samples, powders, specimens or cells"),
        ("[powders.Silca]\n[samples.Silca]\n", "'Silca' is both a sample and a powder. Rename one"),
        ("[powders.Silica]\n", "Did you mean 'Silica'"),
    ],
)
def test_an_owner_that_is_none_or_two_is_named(tmp_path, tables, words):
    entry = '[[measurements]]\nof = "Silca"\ntechnique = "impedance"\nfile = "a.par"\n'
    (tmp_path / "study.toml").write_text(f'title = "T"\n{tables}{entry}', encoding="utf-8")
    with pytest.raises(StudyError, match=words):
        load(tmp_path)


def test_of_beside_another_owner_is_refused(tmp_path):
    entry = '[[measurements]]\nof = "S"\nspecimen = "p"\ntechnique = "impedance"\nfile = "a.par"\n'
    (tmp_path / "study.toml").write_text(f'title = "T"\n[samples.S]\n{entry}', encoding="utf-8")
    with pytest.raises(StudyError, match="is of one thing"):
        load(tmp_path)
