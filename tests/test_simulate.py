"""closo simulate: the command that keeps its meaning, its errors, and the model composite."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from closo.errors import StudyError
from closo.models import simulation, transport


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    labels = np.ones((8, 6, 4), np.uint8)
    labels[::2] = 2
    labels[:, 0] = 0
    path = tmp_path / "labels.npy"
    np.save(path, labels)
    return path


def conductivity(image: Path, *more: object) -> list[object]:
    phases = ["--phase", "0=0", "--phase", "1=1", "--phase", "2=100"]
    return ["simulate", "conductivity", "--image", image, *phases, *more]


@pytest.mark.parametrize("boundary", ["electrode", "periodic"])
@pytest.mark.parametrize("axis, exact", [(0, 2 / 1.01 * 5 / 6), (1, 0.0), (2, 50.5 * 5 / 6)])
def test_conductivity_of_layers(closo, layers, axis, exact, boundary):
    arguments = conductivity(layers, "--axis", axis, "--boundary", boundary, "--tolerance", 1e-6, "--json")
    code, out, _ = closo(*arguments)
    answer = json.loads(out)
    assert answer["effective_conductivity"] == pytest.approx(exact, rel=1e-6)
    assert answer["lower"] <= exact * (1 + 1e-9) + 1e-12
    assert answer["upper"] >= exact * (1 - 1e-9)
    assert answer["unit"] == "S/cm"
    assert code == (1 if exact == 0 else 0)
    assert ("path" in answer["reason"]) if exact == 0 else answer["reason"] is None
    quantity = answer["quantities"][0]
    assert quantity["name"] == "effective_conductivity"
    assert quantity["value"] == pytest.approx(exact, rel=1e-6)


def test_words_and_figures(closo, layers, tmp_path):
    code, out, err = closo(*conductivity(layers, "--figures", tmp_path / "figures"))
    assert code == 0
    assert "effective_conductivity" in out
    assert "between" in out
    assert "current_density.svg" in err
    assert {p.suffix for p in (tmp_path / "figures").iterdir()} == {".svg", ".pdf", ".csv"}


@pytest.mark.parametrize(
    "change, words",
    [
        (["--phase", "1=2"], "twice"),
        (["--phase", "7"], "LABEL=CONDUCTIVITY"),
        (["--phase", "3=-1"], "negative"),
        (["--phase", "3=nan"], "finite"),
        (["--boundary", "open"], "boundary"),
        (["--subvoxels", "3"], "even"),
        (["--tolerance", "0"], "tolerance"),
    ],
)
def test_a_wrong_request_is_one_sentence(closo, layers, change, words):
    code, out, _ = closo(*conductivity(layers, *change, "--json"))
    assert code == 2
    assert words in json.loads(out)["error"]


def test_a_phase_without_conductivity_and_a_file_that_is_no_image(closo, layers, tmp_path):
    code, out, _ = closo("simulate", "conductivity", "--image", layers, "--phase", "1=1", "--phase", "0=0", "--json")
    assert code == 2
    assert "phase 2" in json.loads(out)["error"]
    garbage = tmp_path / "garbage.npy"
    garbage.write_bytes(b"\x93NUMPY\x01\x00garbage")
    code, out, _ = closo(*conductivity(garbage, "--json"))
    assert code == 3
    assert json.loads(out)["file"].endswith("garbage.npy")


def test_a_model_composite_carries_its_budget(closo, tmp_path):
    code, out, _ = closo(
        "simulate", "composite", "--filler", 20, "--shell-ratio", 0.2, "--matrix", 1e-5, "--shell", 1e-3,
        "--cells", 30, "--subvoxels", 4, "--seeds", 2, "--figures", tmp_path, "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert code == 0
    assert 1e-5 < answer["effective_conductivity"] < 1e-3
    sources = {entry["source"].split(":")[0] for entry in answer["quantities"][0]["budget"]}
    assert sources == {"boxes", "grid", "links", "solver"}
    assert len(answer["figures"]) == 3


def test_a_composite_whose_grid_is_too_coarse_says_so(closo, monkeypatch):
    small = ("--filler", 20, "--shell-ratio", 0.1, "--matrix", 1e-5, "--shell", 1e-2, "--cells", 12, "--seeds", 2)
    monkeypatch.setattr(transport, "resolved", partial(transport.resolved, most=30**3))
    code, out, _ = closo("simulate", "composite", *small, "--within", 1, "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["settings"]["finest_cells"] == [24, 24]
    assert [c["name"] for c in answer["checks"] if not c["passed"]] == ["grid fine enough"]
    assert any("1 % was asked for: the finest has 24^3 cells" in note for note in answer["notes"])


def test_an_unknown_geometry_names_the_nearest():
    with pytest.raises(StudyError, match="overlaping") as raised:
        simulation.composite("overlaping", filler_fraction=0.2, shell_ratio=0.2, matrix=1.0, shell=2.0)
    assert "overlapping" in (raised.value.hint or "")
