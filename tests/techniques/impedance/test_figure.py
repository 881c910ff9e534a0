"""Figures of spectra: several in one panel, and fits without corners."""

import numpy as np
import pytest

from closo.dataset import new
from closo.quantity import uncertain
from closo.techniques import get
from closo.techniques.impedance import analyse
from closo.techniques.impedance.pictures import _smooth

F = np.logspace(6, 0, 25)  # four points a decade: an arc of few corners


def arc(f: np.ndarray, r: float = 1e3) -> np.ndarray:
    return r / (1.0 + 2j * np.pi * f * r * 1e-9) + 1.0 / (2e-6 * (2j * np.pi * f) ** 0.9)


def test_a_fit_is_drawn_as_the_curve_that_it_is():
    reach = 2200.0
    drawn = _smooth(F, arc(F), reach)
    exact = arc(np.logspace(6, 0, 20001))
    assert len(drawn) > len(F)
    near = drawn[np.abs(drawn) < reach]
    assert max(np.abs(exact - z).min() for z in near) < 0.005 * reach
    chords = np.abs(np.diff(near))
    assert chords.max() < 0.75 * np.abs(np.diff(arc(F)[np.abs(arc(F)) < reach])).max()


def test_frequencies_that_turn_are_joined_as_they_are():
    f = np.array([1.0, 10.0, 100.0, 50.0, 5.0])
    assert np.array_equal(_smooth(f, arc(f), 1e3), arc(f))


@pytest.fixture(scope="module")
def series():
    return [
        analyse(
            new("impedance", {"frequency": F, "impedance": arc(F, r)}, source=f"{name}.txt"),
            circuit="(R|C)-Q",
            drt=False,
            temperature=uncertain(kelvin, {f"temperature:{name}": 0.2}),
        )
        for name, r, kelvin in (("hot", 300.0, 333.15), ("cold", 1000.0, 303.15))
    ]


def test_a_series_is_one_panel_in_the_order_of_its_temperatures(series):
    spec = get("impedance").overlay(series)
    names = [trace.label for trace in spec.panels[0].traces if trace.label]
    assert names == ["30 °C", "60 °C"]
    assert len({trace.color for trace in spec.panels[0].traces}) == 2
    assert get("impedance").overlay(series[:1]) is None
    assert get("cycling").overlay(series) is None


def test_spectra_of_one_temperature_go_by_their_names(series):
    spec = get("impedance").overlay([series[0], series[0]])
    assert [trace.label for trace in spec.panels[0].traces if trace.label] == [series[0].name] * 2
