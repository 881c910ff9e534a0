"""Numbers share their sources, also when the numbers read first are gone."""

import gc
import math

import numpy as np
import pytest

from closo.number import from_fit, uncertain


def test_a_source_is_the_same_after_its_first_numbers_are_gone():
    """What was made from a number keeps its source alive, so that a number read later is correlated with it."""
    first, second = uncertain(3.0, {"area:p": 0.1, "noise:a": 0.2}, df=5.0), uncertain(2.0, {"area:p": 0.1}, df=5.0)
    difference = first - second
    del first, second
    gc.collect()
    later = uncertain(2.0, {"area:p": 0.1}, df=5.0)
    assert (difference + later).u == pytest.approx(math.hypot(0.1, 0.2))  # 0.1 of the area once, not beside itself
    assert (later / uncertain(4.0, {"area:p": 0.2}, df=5.0)).u == pytest.approx(0.0, abs=1e-15)
    assert later.df == pytest.approx(5.0)


def test_a_value_that_nothing_fixes_does_not_swamp_the_others():
    u = np.array([6e37, 0.2, 3e-4])
    correlation = np.array([[1.0, -0.85, 0.33], [-0.85, 1.0, -0.5], [0.33, -0.5, 1.0]])
    numbers = from_fit([600.0, 7.0, 0.3], correlation * np.outer(u, u), label="fit:x", df=100.0)
    assert [float(number.u) for number in numbers] == pytest.approx(u, rel=1e-9)
    assert float((numbers[1] + numbers[2]).u) == pytest.approx(
        np.sqrt(0.2**2 + 3e-4**2 - 2 * 0.5 * 0.2 * 3e-4), rel=1e-9
    )
