"""The cell in pybamm against known answers, and the fast porous electrode against pybamm's DFN."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from benchmarks import limits

from closo.cli import main
from closo.constants import BOLTZMANN, ELECTRONVOLT
from closo.errors import ConvergenceError, StudyError
from closo.models.cell.chemistry import CHEMISTRIES, chemistry
from closo.models.cell.porous import cycle, impedance
from closo.models.cell.results import figure, simulated
from closo.models.cell.simulation import MODELS, Protocol, run, spectrum
from closo.models.cell.stack import stack_from_masses

pytest.importorskip("pybamm", reason="the extra closo[cell] is not installed")
KELVIN = {"room": 293.15, "warm": 313.15}
RATE = {"room": 0.05, "warm": 0.1}
# Published survey of scenarios: one mechanism on, discharge capacity of the three runs in mAh/g (at 171 mAh/g in theory).
SCENARIOS = {
    "none": ({}, (169.0, 169.0, 169.1)),
    "diffusion": ({"diffusivity": 1.5e-18, "diffusion_energy": 0.55}, (116.4, 142.8, 156.0)),
    "charge transfer": ({"exchange_current_density": 6e-5, "exchange_energy": 0.70}, (166.0, 166.7, 167.3)),
    "electronic path": ({"electronic_conductivity": 2e-6, "electronic_energy": 0.5}, (23.6, 55.6, 82.2)),
    "tortuosity": ({"bruggeman": 6.3}, (167.9, 162.3, 168.7)),
    "isolated grains": ({"active_share": 0.6}, (101.3, 135.2, 101.4)),
    "separator": ({"conductivity": 8e-4, "conductivity_energy": 0.60}, (9.5, 164.0, 167.7)),
    "sodium interface": ({"sodium_exchange": 2e-3, "sodium_energy": 0.7}, (164.9, 165.9, 166.6)),
}
cell = partial(limits.cell, conductivity_u=0.0, electronic_conductivity=0.1, diffusion_energy=0.45)


def test_the_layers_are_those_of_the_reference_study():
    assert cell().separator_thickness == pytest.approx(0.801e-3, abs=1e-6)
    assert cell("warm").separator_thickness == pytest.approx(1.030e-3, abs=1e-6)
    assert cell().cathode_thickness == pytest.approx(31.25e-6, abs=0.05e-6)


@pytest.mark.parametrize("mechanism", SCENARIOS)
def test_capacities_of_the_survey_within_two_percent(mechanism: str, monkeypatch):
    changes, expected = SCENARIOS[mechanism]
    # the survey has 15 points in the cathode; where the reaction is a sharp front its capacity depends on them
    monkeypatch.setitem(sys.modules["closo.models.cell.simulation"]._MESH, "x_p", 15)
    for (name, kelvin), printed in zip((("room", 293.15), ("warm", 313.15), ("room", 313.15)), expected, strict=True):
        own = dict(changes)
        if mechanism == "isolated grains" and name == "warm":
            own["active_share"] = 0.8
        stack = cell(name, **own)
        done = run(stack, Protocol(kelvin, RATE[name]), model="DFN")
        measured = done.discharge[0] / stack.active_mass / 3600.0 * 171.0 / 171.3
        assert measured == pytest.approx(printed, rel=0.02)


def test_the_capacity_behind_a_sharp_front_is_that_of_a_fine_mesh(monkeypatch):
    """The survey's 23.6 and 55.6 mAh/g are those of its 15 points; from 40 to 160 points the capacity moves by 1.4 %.

    The fast electrode, which shares no code with pybamm, comes to the same on fine steps.
    """
    mesh = sys.modules["closo.models.cell.simulation"]._MESH
    stacks = {name: cell(name, **SCENARIOS["electronic path"][0]) for name in KELVIN}
    usual = {n: run(s, Protocol(KELVIN[n], RATE[n]), model="DFN").discharge[0] for n, s in stacks.items()}
    monkeypatch.setitem(mesh, "x_p", 120)
    electrode = sys.modules["closo.models.cell.porous"]
    for name, value in (("_NODES", 48), ("_STEP", 0.0025), ("_FINEST", 0.08)):
        monkeypatch.setattr(electrode, name, value)
    for name, stack in stacks.items():
        fine = run(stack, Protocol(KELVIN[name], RATE[name]), model="DFN").discharge[0]
        assert usual[name] == pytest.approx(fine, rel=0.015)
        assert -cycle([stack], KELVIN[name], RATE[name]).charge[1, 0] == pytest.approx(fine, rel=0.02)
        assert fine / stack.active_mass / 3600.0 == pytest.approx({"room": 20.7, "warm": 55.85}[name], rel=0.01)


def test_a_front_in_the_cathode_is_no_case_for_the_spme():
    front = cell("warm", **SCENARIOS["electronic path"][0])
    protocol = Protocol(KELVIN["warm"], RATE["warm"])
    checks = {
        m: {c.name: c.passed for c in simulated(front, protocol, model=m, with_spectrum=False).checks} for m in MODELS
    }
    assert checks["SPMe"]["even reaction"] is False  # 10 mAh/g, where the DFN has 56
    assert "even reaction" not in checks["DFN"]
    even = simulated(cell("warm"), protocol, with_spectrum=False)
    assert all(check.passed for check in even.checks)


@pytest.mark.parametrize("mechanism", SCENARIOS)
def test_the_fast_electrode_follows_the_dfn(mechanism: str):
    changes, _ = SCENARIOS[mechanism]
    for name, kelvin in KELVIN.items():
        stack = cell(name, **changes)
        fast = cycle([stack], kelvin, RATE[name])
        done = run(stack, Protocol(kelvin, RATE[name]), model="DFN")
        # a front as sharp as that of the electronic path moves by a cell of the grid, in either model
        tolerance = 0.15 if mechanism == "electronic path" else 0.01
        assert abs(fast.charge[0, 0]) == pytest.approx(done.charge[0], rel=tolerance, abs=0.003 * stack.capacity)
        assert abs(fast.charge[1, 0]) == pytest.approx(done.discharge[0], rel=tolerance, abs=0.003 * stack.capacity)
        if mechanism != "electronic path" and done.charge[0] > 0.3 * stack.capacity:
            gap = [np.nanmedian(v) for _, v in fast.curves]
            slow = [np.median(done.voltage[done.leg == k]) for k in (0, 1)]
            assert gap[0] - gap[1] == pytest.approx(slow[0] - slow[1], abs=0.012)


@pytest.mark.parametrize("model", ["SPMe", "DFN"])
def test_charge_is_conserved_and_the_salt_stays(model: str):
    done = run(cell(diffusivity=1.5e-18), Protocol(293.15, 0.05, cycles=3), model=model)
    assert done.imbalance < 1e-6
    assert done.concentration_spread < 1e-10


def test_with_a_transference_number_below_one_the_salt_moves():
    stack = cell(transference=0.97, electrolyte_diffusivity=1e-12)
    done = run(stack, Protocol(293.15, 0.05), model="DFN")
    assert 0.003 < done.concentration_spread < 0.02  # 0.7 % in the survey
    assert done.imbalance < 1e-6


@pytest.mark.parametrize("name", ["room", "warm"])
def test_the_spectrum_begins_at_the_separator_and_the_leads(name: str):
    stack = cell(name, lead_resistance=7.0, electronic_conductivity=1.0)
    kelvin = KELVIN[name]
    slope = 0.38 * ELECTRONVOLT / BOLTZMANN
    sigma = 0.05 * 303.15 / kelvin * np.exp(-slope * (1 / kelvin - 1 / 303.15))
    expected = stack.separator_thickness / (sigma * 0.283e-4) + 7.0
    assert spectrum(stack, kelvin, np.array([1e6]))[0].real == pytest.approx(expected, rel=0.01)


def test_the_closed_form_of_the_spectrum_is_that_of_the_dfn():
    stack = cell(exchange_current_density=2e-3, sodium_exchange=1.0, diffusivity=1e-16)
    frequency = np.logspace(4, -2, 25)
    exact, closed = spectrum(stack, 293.15, frequency), impedance(stack, 293.15, frequency)
    assert np.max(np.abs(closed / exact - 1.0)) < 0.01


def test_a_full_cathode_is_charged_first_and_an_empty_one_discharged():
    tis2 = stack_from_masses(
        "TiS2",
        chemistry("TiS2"),
        area=0.283e-4,
        cathode_mass=1.2e-6,
        separator_mass=45e-6,
        ratio=(7, 3, 0),
        electrolyte_density=1543.5,
    )
    done = run(tis2, Protocol(333.15, 0.1))
    assert done.current[1] < 0 < run(cell(), Protocol(293.15, 0.05)).current[1]
    assert done.discharge[0] / tis2.active_mass / 3600 == pytest.approx(232, abs=4)  # 232/234 in the survey
    assert np.median(done.voltage[done.leg == 0]) == pytest.approx(1.89, abs=0.03)
    with pytest.raises(StudyError, match="made full of sodium, so its first half cycle cannot be a discharge"):
        run(cell(), Protocol(293.15, 0.05, first="discharge"))
    with pytest.raises(StudyError, match="made empty"):
        run(tis2, Protocol(333.15, 0.1, first="charge"))


@pytest.mark.parametrize(
    ("changes", "protocol"),
    [
        ({}, Protocol(293.15, -0.05)),
        ({}, Protocol(float("nan"), 0.05)),
        ({}, Protocol(293.15, 0.05, window=(4.0, 2.0))),
        ({"transference": 1.2}, Protocol(293.15, 0.05)),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, float], protocol: Protocol):
    with pytest.raises(StudyError):
        run(cell(**changes), protocol)


def test_a_cell_without_capacity_says_so_instead_of_an_empty_result():
    with pytest.raises(ConvergenceError, match="overpotential fit into the voltage window"):
        run(cell(separator_factor=1e-3), Protocol(293.15, 0.05))


def test_every_parameter_has_a_source_or_says_assumed():
    for material in CHEMISTRIES:
        assert all(known.source for known in material.values.values())
        assert "assumed" in material.potential_source
    result = simulated(replace(cell(), conductivity_u=0.06), Protocol(293.15, 0.05), with_spectrum=False)
    rows = {row["name"]: row["source"] for row in result.findings["parameters"]}
    assert rows["particle_radius"] == "assumed"
    assert rows["electronic_conductivity"] == "stated"  # of the survey, not that of the chemistry
    assert result.quantities["voltage_hysteresis"].budget()
    assert len(figure(result).panels) == 1


def test_fifty_cycles_take_less_than_five_seconds(at_once):
    at_once(lambda: run(cell(diffusivity=1.5e-18), Protocol(293.15, 0.05, cycles=50)), 5.0)


def test_without_the_extra_the_sentence_names_the_command(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pybamm", None)
    with pytest.raises(SystemExit) as stopped:
        main(["simulate", "cell"])
    assert stopped.value.code == 2
    assert "pip install 'closo[cell]'" in capsys.readouterr().err


def test_the_telemetry_is_off_before_pybamm_is_imported():
    code = "from closo.models.cell.simulation import _pybamm; p = _pybamm(); print(type(p.telemetry._posthog).__name__)"
    environment = {"PATH": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "MockTelemetry"


def test_the_command_prints_a_table_and_draws(capsys, tmp_path):
    words = ["simulate", "cell", "--figures", str(tmp_path), "--set", "diffusivity=1.5e-18"]
    with pytest.raises(SystemExit) as stopped:
        main(words)
    out = capsys.readouterr().out
    assert stopped.value.code == 0
    assert re.search(r"140.3\s+116.6", out), out  # 140 and 116.4 of 171 mAh/g in the survey
    assert "assumed" in out
    assert list(tmp_path.glob("*.svg"))


def test_the_uncertainty_of_a_mass_is_that_of_a_capacity_per_area(closo):
    words = ("--no-spectrum", "--json", "--cathode-mass", "1.5 ± 0.05 mg", "--area", "0.283 ± 0.003 cm2")
    code, out, _ = closo("simulate", "cell", *words)
    found = {q["name"]: q for q in json.loads(out)["quantities"]}
    areal = next(q for name, q in found.items() if name.startswith("areal_capacity"))
    assert code == 0
    assert areal["u"] / areal["value"] == pytest.approx(np.hypot(0.05 / 1.5, 0.003 / 0.283), rel=0.02)
    assert {b["source"] for b in areal["budget"]} >= {"mass:cathode", "area:stated"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--active", "TiS3"], "no parameters of an active material"),
        (["--ratio", "six to three"], "not a mixing ratio"),
        (["--set", "diffusivty=1e-18"], "no parameter 'diffusivty'"),
        (["--set", "diffusivity=-1"], "finite and > 0"),
        (["--window", "2-4"], "not a pair of voltages"),
        (["--model", "P2D"], "no cell model 'P2D'"),
    ],
)
def test_a_wrong_word_gets_a_sentence(words: list[str], sentence: str, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["simulate", "cell", *words])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err
