"""One temperature for what is compared, and what a small difference of temperatures is worth."""

import math

import pytest

from closo.combine.conditions import at_one_temperature, temperature_factor
from closo.combine.samples import conductivity_at
from closo.dataset import Dataset
from closo.errors import DataError
from closo.quantity import Quantity, sources, uncertain
from closo.result import About, Result


def at(celsius: float, name: str, *, own: float = 0.1, offset: float = 0.5) -> Result:
    kelvin = uncertain(celsius + 273.15, {f"temperature:{name}": own, "temperature offset:oven": offset})
    return Result("impedance", name, {"temperature": Quantity("temperature", kelvin)}, Dataset())


def test_far_temperatures_are_refused_by_name():
    at_one_temperature([at(30, "a"), at(31.5, "b"), Result("impedance", "c", {}, Dataset())], "A ratio")
    with pytest.raises(DataError, match=r"'a' was made at 30 .*'d' at 60"):
        at_one_temperature([at(30, "a"), at(31.5, "b"), at(60, "d")], "A ratio")


def test_the_offset_of_one_oven_cancels_and_the_scatter_does_not():
    factor = temperature_factor(at(30, "a"), at(30, "b"), name="cell")
    assert factor.x == pytest.approx(1.0)
    slope = 0.5 / (8.617333e-5 * 303.15**2)  # per kelvin
    assert factor.u == pytest.approx(slope * math.hypot(0.1, 0.1), rel=1e-3)
    assert abs(sources(factor).get("temperature offset:oven", (0.0, 0.0))[0]) < 1e-12


def test_a_warmer_resistance_is_made_larger():
    factor = temperature_factor(at(30, "a"), at(31, "b"), name="cell")
    assert factor.x == pytest.approx(math.exp(0.5 / 8.617333e-5 * (1 / 303.15 - 1 / 304.15)), rel=1e-6)
    assert temperature_factor(at(30, "a"), Result("impedance", "b", {}, Dataset()), name="cell") == 1.0


def pellet(celsius: float) -> dict[str, Result]:
    """A pellet measured once, in the oven whose offset moved its conductivity by 5 % per kelvin."""
    kelvin = uncertain(celsius + 273.15, {"temperature offset:oven": 0.5})
    sigma = uncertain(0.05, {"fit:z": 0.0005})
    quantities = {
        "temperature": Quantity("temperature", kelvin),
        "ionic_conductivity": Quantity("ionic_conductivity", sigma, "L/(R A)"),
    }
    return {"p/impedance/z#1": Result("impedance", "z", quantities, Dataset(), about=About("p", "specimen", "S"))}


def test_what_two_cells_share_of_an_oven_cancels_in_a_conductivity():
    results = pellet(30.0)
    same = conductivity_at(results, "S", uncertain(303.15, {"temperature offset:oven": 0.5}))
    other = conductivity_at(results, "S", uncertain(303.15, {"temperature offset:room": 0.5}))
    assert same.value == other.value == pytest.approx(0.05, rel=1e-9)
    assert same.budget().get("temperature offset:oven", 0.0) < 0.05 * other.budget()["temperature offset:room"]
    assert other.budget()["temperature offset:room"] / 0.05 == pytest.approx(0.5 * 0.06, rel=0.15)
