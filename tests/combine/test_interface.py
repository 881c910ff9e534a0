"""Interface of the metal: what is left of a cell's resistance, and how hard a plating test is."""

import numpy as np
import pytest
import xarray as xr

from closo.combine.interface import interfacial_resistance, plating_stress
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result

KEY = "area_specific_resistance"


def plating(number, key=KEY):
    return Result("plating", "Na|Na", {key: Quantity(KEY, number)}, xr.Dataset())


def test_cell_of_the_paper():
    """10 mV at 0.05 mA/cm2 are 200 ohm cm2; 0.80 mm at 5e-4 S/cm take 160: 20 ohm cm2 for each interface."""
    whole = uncertain(10e-3 / 0.5, {"voltage:c": 1e-4})
    result = interfacial_resistance(plating(whole), conductivity=uncertain(0.05, {"fit:p": 2e-4}), thickness=8e-4)
    assert result.quantities["interfacial_resistance"].value * 1e4 == pytest.approx(20.0)
    assert result.quantities["area_specific_resistance:electrolyte"].value * 1e4 == pytest.approx(160.0)
    assert all(c.passed for c in result.checks)
    assert result.findings["share_of_electrolyte"] == pytest.approx(0.8)


def test_geometry_of_the_same_pellet_cancels():
    """sigma = L/(R A) of this very pellet: L/sigma = R A, so thickness goes out and the area is common to both."""
    length, area = uncertain(8e-4, {"thickness:p": 2e-5}), uncertain(0.785e-4, {"area:p": 2e-6})
    sigma = length / (uncertain(160e-4 / 0.785e-4, {"fit:eis": 1.0}) * area)
    whole = uncertain(10e-3, {"voltage:c": 1e-4}) * area / (0.5 * 0.785e-4)
    found = interfacial_resistance(plating(whole), conductivity=sigma, thickness=length)
    interface = found.quantities["interfacial_resistance"]
    assert interface.budget()["thickness:p"] == pytest.approx(0.0, abs=1e-12)
    assert interface.budget()["area:p"] / interface.value == pytest.approx(2e-6 / 0.785e-4)
    other = uncertain(0.05, {"fit:other": 0.05 * 0.025})  # another pellet: its geometry stays
    apart = interfacial_resistance(plating(whole), conductivity=other, thickness=length)
    assert apart.quantities["interfacial_resistance"].number is None or (
        apart.quantities["interfacial_resistance"].u > 2 * interface.u
    )


def test_difference_that_is_not_resolved_is_withheld_with_its_limit():
    whole = uncertain(165e-4, {"voltage:c": 5e-4})
    result = interfacial_resistance(plating(whole), conductivity=uncertain(0.05, {"fit:p": 0.001}), thickness=8e-4)
    found = result.quantities["interfacial_resistance"]
    assert found.number is None
    # (5 ± sqrt(5^2 + 3.2^2)) / 2 = 2.5 ± 2.97; 95 %: 2.5 + 1.96 x 2.97 = 8.3
    assert found.why == "not resolved: 2.5 ± 3 ohm cm2, at most 8.3 ohm cm2 (95 %)"
    assert [c.passed for c in result.checks] == [True, False]


def test_cell_below_its_electrolyte_is_no_interface():
    whole = uncertain(100e-4, {"voltage:c": 1e-4})
    result = interfacial_resistance(plating(whole), conductivity=0.05, thickness=8e-4)
    assert "below that of its electrolyte by 60" in result.quantities["interfacial_resistance"].why
    assert result.checks[0].passed is False


def test_what_is_not_known_is_said():
    given = plating(uncertain(0.02, {"v": 1e-4}), key=f"{KEY}:first")
    sigma = withheld("ionic_conductivity", "no law")
    assert (
        interfacial_resistance(given, conductivity=sigma, thickness=8e-4).quantities["interfacial_resistance"].why
        == "no law"
    )
    no_area = Result("plating", "x", {KEY: withheld(KEY, "needs the electrode area")}, xr.Dataset())
    result = interfacial_resistance(no_area, conductivity=0.05, thickness=8e-4)
    assert result.quantities["interfacial_resistance"].why == "needs the electrode area"
    unknown = interfacial_resistance(given, conductivity=0.05, thickness=None)
    assert "thickness" in unknown.quantities["interfacial_resistance"].why
    with pytest.raises(DataError, match="no area-specific resistance"):
        interfacial_resistance(Result("plating", "x", {}, xr.Dataset()), conductivity=0.05, thickness=8e-4)


def test_stress_of_the_paper():
    """0.44 um a half cycle in the test, 4.8 um in the cell; the current is the same."""
    result = plating_stress(
        test_capacity=0.5 * 3600.0, cell_capacity=0.541 * 36000.0, test_current=0.5, cell_current=0.5051, name="Na"
    )
    q = result.quantities
    assert [round(q[f"thickness:{k}"].value * 1e6, d) for k, d in (("test", 2), ("cell", 1))] == [0.44, 4.8]
    assert q["ratio:thickness"].value == pytest.approx(0.541 * 10 / 0.5)
    assert q["ratio:thickness"].budget()["molar volume:sodium"] == pytest.approx(0.0, abs=1e-12)
    assert q["ratio:current"].value == pytest.approx(1.01, abs=0.001)
    assert result.checks[0].passed is False
    even = plating_stress(test_capacity=1e4, cell_capacity=1e4, name="Na")
    assert even.checks[0].passed is True
    assert even.notes == ()


def test_interface_lies_in_its_interval():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        area, length = 0.785e-4, 8e-4
        measured_area = uncertain(area * (1 + 0.01 * rng.standard_normal()), {"area:p": 0.01 * area})
        measured_length = uncertain(length * (1 + 0.02 * rng.standard_normal()), {"thickness:p": 0.02 * length})
        resistance, polarization = 160e-4 / area, 200e-4 / area  # ohm
        eis = uncertain(resistance * (1 + 0.005 * rng.standard_normal()), {"fit:eis": 0.005 * resistance})
        ohm = uncertain(polarization * (1 + 0.005 * rng.standard_normal()), {"voltage:c": 0.005 * polarization})
        sigma = measured_length / (eis * measured_area)
        found = interfacial_resistance(plating(ohm * measured_area), conductivity=sigma, thickness=measured_length)
        low, high = found.quantities["interfacial_resistance"].interval()
        inside += low <= 20e-4 <= high
    assert 184 <= inside <= 196


def test_temperature_within_the_test_is_a_source():
    """Whole cycles at 0, 1, -1, -1, 1, 0 % about 10 mV: no slope, 1 % of scatter, so 1 % of 200 ohm cm2, halved."""
    cycles = 10e-3 * (1.0 + 0.01 * np.array([0.0, 1.0, -1.0, -1.0, 1.0, 0.0]))
    half = np.repeat(cycles, 2) * np.tile([1.1, 0.9], 6)  # the polarities differ: that is no scatter
    curves = xr.Dataset({"polarization": ("half_cycle", half), "used": ("half_cycle", np.ones(12))})
    test = Result("plating", "Na|Na", {KEY: Quantity(KEY, uncertain(200e-4, {}))}, curves)
    found = interfacial_resistance(test, conductivity=uncertain(0.05, {}), thickness=8e-4)
    budget = found.quantities["interfacial_resistance"].budget()
    assert budget == {"wander of the polarization:Na|Na": pytest.approx(1e-4)}
