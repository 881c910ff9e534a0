"""Phases over milling time and temperature, and the heat that is left, of results with known numbers."""

from dataclasses import replace

import numpy as np
import pytest

from closo.combine.phases import figure, phase_series, phases, transforming
from closo.combine.view import View
from closo.dataset import new
from closo.figures import to_svg
from closo.quantity import Quantity, uncertain, withheld
from closo.result import About, Result
from closo.study import load

HOUR = 3600.0


def pattern(name, share, u=0.02, limit=0.05):
    """Return a result of 'diffraction' with a share of alpha; None where it is not found."""
    quantities = {}
    for phase, value in (("alpha", share), ("beta", None if share is None else 1.0 - share)):
        key = f"mass_fraction:{phase}"
        if value is None:
            value = 1.0 if phase == "beta" else None
        if value:
            quantities[key] = Quantity("mass_fraction", uncertain(value, {f"fit:{name}": u}), "x")
        else:
            quantities[key] = withheld("mass_fraction", "not detected: below 5 wt% (95 %)")
            number = uncertain(limit, {f"estimate of the limit:{name}": 0.25 * limit})
            quantities[f"{key} upper_limit"] = Quantity("mass_fraction", number, "x")
    curves = new("record", {"time": [0.0]}, source=name)
    return Result("diffraction", name, quantities, curves, settings={"names": ["alpha", "beta"]})


def test_glass_against_the_first_pattern_of_the_mixture():
    """Half of the crystals in twice the time of counting: a quarter is left; the model of one phase alone cancels."""
    told = {"masses": [2.0, 0.0], "relative_u": {}, "model_u": 0.06}
    points = []
    for hours, masses, seconds in ((0.0, [2.0, 0.0], 1.0), (1.0, [2.0, 0.0], 1.05), (4.0, [1.0, 0.0], 2.0)):
        one = pattern(f"p{hours}", 1.0)
        findings = {"crystalline": told | {"masses": masses}, "time_per_step": seconds}
        points.append((HOUR * hours, replace(one, findings=findings)))
    found = phase_series(points, name="mix", axis="milling_time").quantities
    assert found["amorphous_fraction 4 h"].value == pytest.approx(0.75)
    assert found["amorphous_fraction 4 h"].u == pytest.approx(0.25 * 0.04 * 2.0**0.5, rel=1e-3)
    assert found["amorphous_fraction 1 h"].why.startswith("not detected: below 1")
    points[0] = (0.0, replace(points[0][1], findings=points[0][1].findings | {"time_per_step": None}))
    assert not any("amorphous" in key for key in phase_series(points, name="mix", axis="milling_time").quantities)


def over(shares, axis="milling_time", scale=HOUR):
    return phase_series([(scale * t, pattern(f"p{t}", s)) for t, s in shares.items()], name="mix", axis=axis)


def test_halves_and_ends_lie_between_neighbours():
    made = over({0: 1.0, 1: 0.53, 2: 0.29, 4: 0.09, 8: None})
    half, end = (made.quantities[f"milling_time:{word} alpha"] for word in ("half of", "no"))
    assert half.to("h") == pytest.approx((1.5, 1.0 / 12**0.5))
    assert "between 1 and 2 h" in half.method
    assert end.to("h")[0] == pytest.approx(6.0)
    assert "below 4.9 wt%" in end.method  # 2.5 + 1.645 x 5/sqrt(12)
    assert made.quantities["mass_fraction:alpha 4 h"].value == pytest.approx(0.09)
    assert made.quantities["mass_fraction:alpha 8 h upper_limit"].value == pytest.approx(0.05)
    assert all(check.passed for check in made.checks)
    assert "<svg" in to_svg(figure(made))


def test_a_transition_over_temperature_or_what_it_stays_below():
    made = over({300.0: 1.0, 500.0: 0.98, 520.0: 0.03, 560.0: None}, "temperature", 1.0)
    found = made.quantities["transition_temperature"]
    assert found.value == pytest.approx(510.0)
    assert found.u == pytest.approx(20.0 / 12**0.5)
    none = over({300.0: 0.96, 500.0: 0.97, 560.0: 0.95}, "temperature", 1.0).quantities["transition_temperature"]
    assert none.value is None
    assert none.why.startswith("none between 26.85 and 286.9 degC: less than 5.7 wt% of alpha changes")


def test_what_rises_again_fails_a_check_and_has_no_half():
    made = over({0: 1.0, 1: 0.4, 2: 0.8})
    assert made.quantities["milling_time:half of alpha"].value is None
    assert made.checks[0].passed is False


def run(name, heat, limit=300.0, searched=(400.0, 600.0)):
    """Return a result of 'calorimetry' with a transition at 529 K of some heat [J/kg], or none."""
    onset = Quantity("transition_temperature", uncertain(529.0, {"temperature calibration": 0.5}), "x")
    most = Quantity("transition_enthalpy", uncertain(limit, {f"limit:{name}": 0.1 * limit}), "x")
    number = uncertain(heat, {"heat calibration": 0.03 * heat, f"noise:{name}": 0.01 * heat}) if heat else None
    none = withheld("transition_enthalpy", "no event above 0.3 J/g (95 %)")
    quantities = {
        "transition_temperature": onset if heat else withheld("transition_temperature", "no event"),
        "transition_enthalpy": Quantity("transition_enthalpy", number, "x") if heat else none,
        "transition_enthalpy:upper_limit": none if heat else most,
    }
    curves = new("record", {"time": [0.0]}, source=name)
    return Result("calorimetry", name, quantities, curves, findings={"searched": list(searched)})


def test_heat_left_of_the_salt():
    whole = run("salt", 60e3)
    half = transforming("mix", run("mix", 15e3), whole, share=0.5).quantities["transforming_fraction"]
    assert half.value == pytest.approx(0.5)
    assert half.u == pytest.approx(0.5 * 0.01 * np.sqrt(2.0), rel=1e-6)  # the calibration cancels
    made = transforming("mix", run("mix", 0.0), whole, share=0.5)
    assert made.quantities["transforming_fraction"].why == "no transition: below 1 % of the salt (95 %)"
    assert made.quantities["transforming_fraction:upper_limit"].value == pytest.approx(0.01)


def test_a_run_that_ends_below_the_transition_says_nothing():
    made = transforming("mix", run("mix", 0.0, searched=(400.0, 500.0)), run("salt", 60e3), share=0.5)
    assert "transforming_fraction:upper_limit" not in made.quantities
    assert "outside the 127 to 227 degC" in made.quantities["transforming_fraction"].why


STUDY = """
title = "mix"
[samples.mixed]
recipe = { matrix = "salt", filler = "SiO2", filler_type = "A380", filler_fraction = "35 vol%" }
[samples.slow]
recipe = { matrix = "salt", filler = "SiO2", filler_type = "A380", filler_fraction = "35 vol%" }
milling = { time = "4 h", speed = "200 rpm", ball_to_powder = 140 }
[samples.fast]
recipe = { matrix = "salt", filler = "SiO2", filler_type = "A380", filler_fraction = "35 vol%" }
milling = { time = "4 h", speed = "400 rpm", ball_to_powder = 140 }
[samples.unknown]
milling = { time = "8 h", speed = "400 rpm" }
[samples.other]
"""


def test_what_was_milled_in_other_ways_is_not_one_series(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    owners = ("mixed", "slow", "fast", "unknown", "other")
    measured = {name: replace(pattern(name, 0.9), about=About(name, "sample", sample=name)) for name in owners}
    wanted = list(phases(View(load(tmp_path), measured)))
    assert {one.key: list(one.used) for one in wanted} == {
        "phases/salt A380 35 vol%, 200 rpm (140 balls)": ["mixed", "slow"],
        "phases/salt A380 35 vol%, 400 rpm (140 balls)": ["mixed", "fast"],
    }


def test_heating_and_cooling_are_two_series(tmp_path):
    """A transition comes back at another temperature: patterns of both ways are not sorted into one row."""
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    measured = {}
    shares = {"heating": {300.0: 0.95, 400.0: 0.9, 500.0: 0.1}, "cooling": {300.0: 0.9, 400.0: 0.1, 500.0: 0.1}}
    for branch, series in shares.items():
        for kelvin, share in series.items():
            one = pattern(f"{branch} {kelvin}", share)
            one.quantities["temperature"] = Quantity("temperature", uncertain(kelvin, {"temperature": 1.0}))
            measured[f"{branch} {kelvin}"] = replace(one, about=About("other", "sample", "other", branch=branch))
    wanted = {one.key: one for one in phases(View(load(tmp_path), measured))}
    assert set(wanted) == {"phases/other, heating over temperature", "phases/other, cooling over temperature"}
    for branch, middle in (("heating", 450.0), ("cooling", 350.0)):
        made = wanted[f"phases/other, {branch} over temperature"].make()
        assert made.quantities["transition_temperature"].value == pytest.approx(middle)


def test_nothing_known_draws_and_says_so():
    lost = [(HOUR * t, replace(pattern(f"p{t}", None), quantities={})) for t in (0.0, 1.0)]
    made = phase_series(lost, name="mix", axis="milling_time")
    assert "not the larger part" in made.quantities["milling_time:half of alpha"].why
    assert "<svg" in to_svg(figure(made))
