"""Presets: what was asked of one batch is asked of the next, and a file that is none is refused."""

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import ClosoError, StudyError
from closo.techniques import TECHNIQUES, get
from closo.techniques.presets import read_preset, save_preset
from closo.toml import read_toml

TWO = "(R1|Q1)-(R2|Q2)-Q3"


def spectrum(factor=1.0, seed=0):
    f = np.logspace(6, 0, 61)
    jw = 2j * np.pi * f
    z = factor / (1e-4 + 1e-10 * jw**0.95) + factor / (1 / 2e4 + 2e-8 * jw**0.9) + 1 / (1e-6 * jw**0.85)
    random = np.random.default_rng(seed)
    z = z * (1 + 0.003 * (random.standard_normal(61) + 1j * random.standard_normal(61)))
    return new("impedance", {"frequency": f, "impedance": z}, source="a.par")


ALL = {
    "circuit": TWO,
    "hold": "n3=0.85",
    "start": "R1=1e4 ohm",
    "bound": "Q1=1e-12..1e-9",
    "assign": "R1:bulk, R2:grain_boundary",
    "weights": "unit",
    "f_min": "2 Hz",
    "f_max": 9e5,
    "leave_out": "3, 7-9",
    "calibrated": True,
    "drt": False,
}


def test_every_setting_survives_the_file(tmp_path):
    assert set(ALL) == set(get("impedance").settings)
    save_preset("impedance", tmp_path / "p.toml", ALL, [])
    assert read_preset("impedance", tmp_path / "p.toml") == ALL
    assert read_toml(tmp_path / "p.toml") == {"settings": {"impedance": ALL}}  # as it may stand in study.toml
    assert get("impedance").analyse(spectrum(), **read_preset("impedance", tmp_path / "p.toml")).quantities


def test_a_single_result_gives_circuit_and_start(tmp_path):
    asked = {"hold": "n3=0.85", "circuit": "(R|Q)-(R|Q)-Q", "f_min": "2 Hz", "bound": "R1=1..1e5", "drt": False}
    first = get("impedance").analyse(spectrum(), **asked)
    said = save_preset("impedance", tmp_path / "p.toml", asked, [first])
    assert said.endswith("with the values of a.par#1 to begin with.")
    preset = read_preset("impedance", tmp_path / "p.toml")
    assert {key: preset[key] for key in ("hold", "f_min", "bound", "drt")} == {
        key: asked[key] for key in ("hold", "f_min", "bound", "drt")
    }
    assert preset["circuit"] == TWO
    again = get("impedance").analyse(spectrum(), **preset)
    np.testing.assert_allclose(again.findings["theta"], first.findings["theta"], atol=1e-6)
    for key, quantity in first.quantities.items():
        assert str(again.quantities[key]) == str(quantity), key
    save_preset("impedance", tmp_path / "q.toml", preset, [again])
    assert (tmp_path / "q.toml").read_text() == (tmp_path / "p.toml").read_text()


@pytest.mark.parametrize("factor", [0.05, 30.0])
def test_a_preset_serves_another_temperature(tmp_path, factor):
    """Resistances far from those of the preset: the arcs keep their names and the fit is the one of the data."""
    first = get("impedance").analyse(spectrum(), circuit=TWO, drt=False)
    save_preset("impedance", tmp_path / "p.toml", {}, [first])
    other = spectrum(factor, seed=1)
    with_preset = get("impedance").analyse(other, drt=False, **read_preset("impedance", tmp_path / "p.toml"))
    without = get("impedance").analyse(other, drt=False, circuit=TWO)
    np.testing.assert_allclose(with_preset.findings["theta"], without.findings["theta"], atol=1e-4)


def test_a_result_at_its_bound_or_with_an_odd_exponent_can_be_saved(tmp_path):
    asked = {"circuit": "(R|Q)-Q", "bound": "R1=..5000, n2=0.5..0.9", "drt": False}
    result = get("impedance").analyse(spectrum(), **asked)
    save_preset("impedance", tmp_path / "p.toml", asked, [result])
    assert read_preset("impedance", tmp_path / "p.toml")["bound"] == asked["bound"]


def test_other_techniques_save_what_was_asked(tmp_path):
    asked = {"cell": "full cell", "efficiency_cycles": "7-10"}
    save_preset("cycling", tmp_path / "p.toml", asked, [])
    assert read_preset("cycling", tmp_path / "p.toml") == asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("circuit = 'R'", r"a preset has one table, \[settings.impedance\]; it has circuit"),
        ("[settings.cycling]\ncell = 'full cell'", "it has cycling"),
        ("settings = 3", "it is empty"),
        ("[settings.impedance]\ncircut = 'R'", "Did you mean 'circuit'"),
        ("[settings.impedance]\ndrt = 'no'", "drt = 'no' is not a bool"),
        ("[settings.impedance]\nf_min = true", "f_min = True is not a number or text"),
        ("[settings.impedance]\nweights = 'unity'", "'unity' is not possible for weights"),
        ("[settings.impedance]\nhold = 'R1=1'", "names parameters, but of no circuit"),
        ("[settings.impedance]\ncircuit = 'R-'", "has the end at position"),
        ("[settings.impedance", "not TOML"),
    ],
)
def test_a_file_that_is_no_preset_is_refused_with_its_name(tmp_path, text, said):
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(StudyError, match=said) as caught:
        read_preset("impedance", tmp_path / "p.toml")
    assert caught.value.file == str(tmp_path / "p.toml")


def test_what_cannot_be_saved_is_said(tmp_path):
    with pytest.raises(StudyError, match="nothing to save"):
        save_preset("impedance", tmp_path / "p.toml", {}, [])
    with pytest.raises(StudyError, match="holds one model, and 0 results"):
        save_preset("impedance", tmp_path / "p.mdl", {}, [])
    with pytest.raises(StudyError, match=r"cannot end in '\.json'"):
        save_preset("impedance", tmp_path / "p.json", ALL, [])
    with pytest.raises(StudyError, match="cannot be written"):
        save_preset("impedance", tmp_path / "missing" / "p.toml", ALL, [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ClosoError):
        read_preset("impedance", tmp_path / "missing.toml")


def test_model_files_belong_to_techniques_that_have_all_their_functions():
    import importlib

    for row in TECHNIQUES:
        module = importlib.import_module(row.module)
        if row.model_files:
            assert all(hasattr(module, name) for name in ("read_model", "model_text", "settings_of"))
        assert row.tells_wrong_settings == hasattr(module, "check_settings")
