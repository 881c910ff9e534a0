"""Numbers share their sources, also when the numbers read first are gone."""

import gc
import math

import pytest

from closo.number import uncertain


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
