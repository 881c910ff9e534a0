import json
import re
import tomllib
from pathlib import Path

import pytest

from closo.claims import load_claims
from closo.errors import StudyError
from closo.study import load
from closo.twin import write_study
from closo.twin.powders import MIXTURES
from closo.twin.truth import SYNTHETIC, Truth

EXAMPLE = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2"


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The example, made anew: (folder, runs, truth as written)."""
    base = tmp_path_factory.mktemp("twin")
    runs = write_study(base / "study", seed=2026, truth_file=base / "truth.json")
    return base / "study", runs, json.loads((base / "truth.json").read_text(encoding="utf-8"))


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_committed_example_is_what_the_code_makes(full):
    made = contents(full[0])
    committed = {n: b for n, b in contents(EXAMPLE).items() if not n.startswith((".closo/", "results/", "report/"))}
    assert sorted(committed) == sorted(made)
    assert [name for name in made if made[name] != committed[name]] == []


def test_study_parses_and_every_file_is_there(full):
    folder, runs, _ = full
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    assert study["synthetic"] is True
    named = {m["file"] for m in study["measurements"]}
    named |= {f for m in study["measurements"] for f in m.get("settings", {}).get("references", "").split(",") if f}
    assert sorted(named) == sorted(p.relative_to(folder).as_posix() for p in (folder / "raw").iterdir())
    pellets = [m for m in study["measurements"] if "specimen" in m]
    assert sum(len(m.get("conditions", [1])) for m in pellets) == sum(len(r.points) for r in runs) == 177
    mixed = {MIXTURES.format(silica=silica.name) for silica in Truth().silicas}
    powders = mixed | {"A380-50-4h", "A380-75-4h"}  # of X-ray Raman scattering alone: no pellet of them was pressed
    assert {s["sample"] for s in study["specimens"].values()} == set(study["samples"]) - powders
    assert {m["of"] for m in study["measurements"] if "of" in m} >= mixed | {s.name for s in Truth().silicas}
    assert {m["specimen"] for m in pellets} == set(study["specimens"])
    assert {m["cell"] for m in study["measurements"] if "cell" in m} == set(study["cells"]) - {"TiS2"}
    for series in study["series"]:
        assert set(series["samples"]) <= set(study["samples"])


def test_closo_loads_it(full):
    study = load(full[0])
    assert study.synthetic
    assert len(study.specimens) == 39


def test_every_file_says_that_it_is_synthetic(full):
    for name, content in contents(full[0]).items():
        header = 20_000 if name.endswith((".mpt", ".mpr")) else 400  # there it is the comment of the settings
        start = content[:header].decode("ascii", errors="replace").lower()
        assert "synthetic" in start, name


def test_no_truth_in_the_study(full):
    folder, runs, truth = full
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert not re.search(r"(?<![\d.])0\.(38|58|71)(?!\d)| eV|S/cm", text)
    for run in runs:
        assert f"{run.pellet.thickness * 1e6:.3f}" not in text
        assert run.pellet.thickness != run.pellet.thickness_reading
    assert truth["note"] == SYNTHETIC
    assert len(truth["spectra"]) == 177
    assert not list(folder.rglob("truth*"))


def test_claims_name_what_the_study_holds(full):
    folder, _, _ = full
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    claims = tomllib.loads((folder / "claims.toml").read_text(encoding="utf-8"))["claims"]
    names = set(study["samples"]) | set(study["cells"]) | {f"series/{s['name']}" for s in study["series"]}
    names |= {f"presses/{name}" for name in study["presses"]} | set(study["powders"])
    names |= {"powders/silanol exchange", "phases/Na2B12H12 A380 35 vol%"}
    assert len(claims) == len(load_claims(folder)) >= 44  # closo takes every one of them
    for claim in claims:
        of = [claim["of"]] if isinstance(claim["of"], str) else claim["of"]
        assert {*of, claim.get("to", of[0])} <= names
        assert claim["where"]
        assert "value" in claim or "no_data" in claim or claim["kind"] == "ordering"


def test_the_example_stays_small():
    assert sum(len(content) for content in contents(EXAMPLE).values()) < 8_000_000


def test_small_study_is_repeatable(tmp_path):
    for name in ("one", "two"):
        runs = write_study(tmp_path / name, seed=5, kind="small")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (len(runs), sum(len(r.points) for r in runs)) == (2, 10)
    write_study(tmp_path / "two", seed=6, kind="small")
    assert contents(tmp_path / "one") != contents(tmp_path / "two")


def test_a_twin_replaces_a_twin_completely(tmp_path):
    write_study(tmp_path / "a", seed=1)
    write_study(tmp_path / "a", seed=1, kind="small")
    write_study(tmp_path / "b", seed=1, kind="small")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_real_study_is_never_overwritten(tmp_path):
    (tmp_path / "study.toml").write_text("title = 'mine'\n", encoding="utf-8")
    with pytest.raises(StudyError, match="not a twin"):
        write_study(tmp_path)
    assert contents(tmp_path) == {"study.toml": b"title = 'mine'\n"}


def test_truth_inside_the_study_and_unknown_kind_are_refused(tmp_path):
    with pytest.raises(StudyError, match="must not lie inside"):
        write_study(tmp_path / "s", kind="small", truth_file=tmp_path / "s" / "truth.json")
    with pytest.raises(StudyError, match="'full' or 'small'"):
        write_study(tmp_path / "s", kind="tiny")
    assert not (tmp_path / "s").exists()
