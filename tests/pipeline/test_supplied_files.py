"""Files that a setting names: they lie in the study's folder, and a changed one makes its result stale."""

import hashlib

import numpy as np
import pytest

from closo.dataset import new, save
from closo.pipeline import analyse, recall
from closo.pipeline.loose import run

CIF = """data_salt
_symmetry_space_group_name_H-M 'F m -3 m'
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na Na 0 0 0
Cl Cl 0.5 0.5 0.5
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "raw").mkdir()
    x = np.arange(25.0, 60.0, 0.03)
    y = 100.0 + sum(
        h * np.exp(-(((x - c) / 0.1) ** 2)) for c, h in ((27.37, 400), (31.70, 4000), (45.45, 2300), (56.48, 700))
    )
    counts = np.random.default_rng(0).poisson(y)
    data = new("diffraction", {"two_theta": x, "counts": counts}, source="a.nc", metadata={"anode": "Cu"})
    save(data, tmp_path / "raw" / "a.nc")
    (tmp_path / "raw" / "salt.cif").write_text(CIF.format(a=5.6402))
    (tmp_path / "study.toml").write_text(
        'title = "Salt"\n[powders.salt]\n[[measurements]]\nof = "salt"\ntechnique = "diffraction"\nfile = "raw/a.nc"\n'
        'settings = { phases = "raw/salt.cif" }\n'
    )
    return tmp_path


def test_a_changed_structure_makes_the_result_stale(study, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))  # names are relative to the study, not to here
    first = analyse(study)
    assert first.failures == ()
    (result,) = first.results.values()
    assert result.settings["phases"] == "raw/salt.cif"
    assert set(result.provenance.inputs) == {"raw/a.nc", "raw/salt.cif"}
    assert recall(study).waiting == {}
    (study / "raw" / "salt.cif").write_text(CIF.format(a=5.6502))
    assert list(recall(study).waiting) == list(first.results)
    again = analyse(study)
    assert again.computed == 1


def test_a_missing_structure_is_one_sentence(study):
    (study / "raw" / "salt.cif").rename(study / "raw" / "rock salt.cif")
    (failure,) = analyse(study).failures
    assert "raw/salt.cif" in str(failure.error)
    assert "Did you mean" in str(failure.error)


def test_a_structure_outside_the_study_is_refused(study):
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(text.replace("raw/salt.cif", "../salt.cif"))
    (study.parent / "salt.cif").write_text(CIF.format(a=5.6402))
    (failure,) = analyse(study).failures
    assert "leaves the study folder" in str(failure.error)


def test_a_loose_file_says_which_structures_it_was_fitted_with(study):
    file = study / "raw" / "salt.cif"
    (outcome,) = run("diffraction", study / "raw" / "a.nc", settings={"phases": str(file)})
    assert outcome.result.provenance.inputs[str(file)] == hashlib.sha256(file.read_bytes()).hexdigest()
