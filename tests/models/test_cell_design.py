"""The energy of stacks against sums by hand, and what limits them against what must."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from benchmarks import limits

from closo.errors import StudyError
from closo.models.cell.design import Extras, design, energies, figure, scaled

cell = partial(limits.cell, conductivity_u=0.0)
SMALL = {"thicknesses": (10e-6, 1.1e-3), "loadings": (0.2 * 36000.0, 8.0 * 36000.0), "celsius": (20.0,)}


def test_the_energy_of_the_two_cells_is_their_capacity_times_their_voltage_over_all_masses():
    """Discharge of 169 mAh/g at 3.46 V; sodium twice 8.84 um per mAh/cm2, two collectors of 15 um aluminium."""
    result = design(cell(), c_rate=0.05, cells=[cell("room"), cell("warm")], **SMALL)
    for name, active, composite, electrolyte in (("room", 0.9, 1.5, 35.0), ("warm", 0.84, 1.2, 45.0)):
        energy = active * 0.1692 * 3.46  # mWh
        areal = active * 0.1713 / 0.283  # mAh/cm2
        sodium = 2 * 8.84e-4 * areal * 0.97 * 0.283 * 1e3  # mg
        aluminium = 2 * 15e-4 * 2.7 * 0.283 * 1e3
        expected = energy / (composite + electrolyte + sodium + aluminium) * 1e3  # Wh/kg
        assert result.quantities[f"specific_energy:{name} at 20 degC"].to("Wh/kg")[0] == pytest.approx(
            expected, rel=0.01
        )


def test_thin_and_thick_stacks_are_limited_by_what_must_limit_them():
    result = design(cell(), c_rate=0.2, **SMALL)
    found = {(round(c["thickness"] * 1e6), round(c["loading"] / 36000.0, 1)): c for c in result.findings["corners"]}
    assert found[10, 0.2]["limit"] == "mass of sodium and collectors"
    assert found[1100, 0.2]["limit"] == "mass of the separator"
    assert found[1100, 8.0]["limit"] == "separator resistance"  # 350 ohm cm2 at 1.6 mA/cm2 are 0.56 V each way
    assert found[10, 8.0]["process"] == "ions in the cathode"
    assert found[10, 8.0]["specific_energy"] > 10 * found[1100, 0.2]["specific_energy"]
    assert len(figure(result).panels) == 3


def test_warmth_and_thinner_electrolyte_never_cost_energy():
    result = design(cell(), c_rate=0.2, celsius=(20.0, 60.0))
    energy = result.curves["specific_energy"].values
    assert np.all(np.diff(energy, axis=0) >= -1e-6 * energy.max())
    assert np.all(np.diff(energy, axis=1) <= 1e-6 * energy.max())


def test_scaling_keeps_the_composition():
    thick = scaled(cell(), thickness=20e-6, loading=4.0 * cell().capacity / cell().area)
    assert thick.capacity == pytest.approx(4.0 * cell().capacity)
    assert thick.sites == pytest.approx(cell().sites)
    low, high = energies([cell(), thick], 293.15, 0.05)
    assert high == pytest.approx(4.0 * low, rel=0.02)


def test_what_is_assumed_is_said_and_can_be_changed():
    bare = design(cell(), c_rate=0.05, extras=Extras(sodium_excess=0.0, collector=1e-9), **SMALL)
    usual = design(cell(), c_rate=0.05, **SMALL)
    key = "specific_energy:room at 20 degC"
    assert bare.quantities[key].value > usual.quantities[key].value
    assert "100 % over need" in usual.notes[0]


@pytest.mark.parametrize("wrong", [{"c_rate": 0.0}, {"c_rate": float("nan")}, {"c_rate": 0.1, "celsius": ()}])
def test_what_cannot_be_is_refused(wrong: dict):
    with pytest.raises(StudyError):
        design(cell(), **(SMALL | wrong))


def test_the_command_needs_no_extra(closo, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pybamm", None)
    code, out, _ = closo("simulate", "design", "--celsius", "20")
    assert code == 0
    assert "mass of the separator" in out
