"""The rest before the first current."""

import numpy as np
import pytest

from closo.techniques.cycling.rest import first_rest
from closo.techniques.half_cycles import find_legs


def rest(time, current, frequency=None):
    time, current = np.asarray(time, float), np.asarray(current, float)
    frequency = None if frequency is None else np.asarray(frequency, float)
    legs = find_legs(time, current, np.ones(len(time)), frequency=frequency)
    return first_rest(time, legs, frequency=frequency, name="c")


def test_it_ends_between_the_last_row_of_rest_and_the_first_under_current():
    found = rest([100, 3700, 7300, 7312, 7400, 7500], [0, 0, 0, 1e-5, 1e-5, 1e-5])
    assert found.value == pytest.approx(7206.0)  # 7200 to 7212 s after the first row
    assert found.budget()["sampling of the rest:c"] == pytest.approx(12 / 12**0.5)
    assert found.basis == "measured"


def test_where_both_rows_have_one_time_only_the_clock_is_left():
    found = rest([0, 5400, 10800, 10800, 10900], [0, 0, 0, 1e-5, 1e-5])
    assert found.value == pytest.approx(10800.0)
    assert list(found.budget()) == ["clock:c"]
    assert found.u == pytest.approx(1.08)  # 0.01 %


def test_a_spectrum_in_it_is_rest_and_is_named():
    found = rest([0, 100, 110, 120, 200, 300, 400], [0, -1e-7, -1e-7, 0, 0, 1e-5, 1e-5], [0, 10, 1, 0, 0, 0, 0])
    assert 200 < found.value < 300
    assert "with 1 spectrum in it" in found.method


def test_without_a_rest_in_the_record_it_is_withheld():
    assert "begins under current" in rest([0, 10, 20], [1e-5, 1e-5, 1e-5]).why
    assert "time decreases" in rest([0, 100, 50, 60, 70], [0, 0, 0, 1e-5, 1e-5]).why
