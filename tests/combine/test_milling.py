"""Milling: kinematics and laws against closed forms, and the best time on synthetic series."""

import math
from dataclasses import replace

import numpy as np
import pytest

from closo.combine.milling import Milled, figure, milling
from closo.combine.milling.kinetics import kinetics_of
from closo.errors import DataError, StudyError
from closo.figures import render
from closo.models.milling import LAWS, duty, impact_energy, impact_rate, milling_dose, shares
from closo.quantity import uncertain
from closo.twin.milling import best_time, milled, truth_of

VALUES = {"k1": 0.64, "k2": 0.064, "n": 1.4, "n1": 2.0, "more": 9.0}


def arrays(**given):
    return {k: np.array(v) for k, v in {**VALUES, **given}.items()}


@pytest.mark.parametrize("law", [law.name for law in LAWS])
def test_shares_begin_with_all_of_a_end_with_all_of_c_and_add_up(law):
    hours = np.linspace(0.0, 200.0, 401)
    states = np.stack(shares(law, hours, arrays()))
    assert states.sum(axis=0) == pytest.approx(np.ones(401), abs=1e-12)
    assert states.min() > -1e-12
    assert states[:, 0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-12)
    assert states[2, -1] == pytest.approx(1.0, abs=1e-4)


def test_hits_are_those_of_poisson():
    """Two hits make B, eleven make C; 0.64 x 5 = 3.2 hits on average."""
    mean = 0.64 * 5.0
    chance = [math.exp(-mean) * mean**k / math.factorial(k) for k in range(11)]
    found = [float(x[0]) for x in shares("impacts", np.array([5.0]), arrays())]
    assert found == pytest.approx([sum(chance[:2]), sum(chance[2:]), 1.0 - sum(chance)], rel=1e-10)


def test_one_hit_to_b_is_a_reaction_of_first_order_and_so_is_jmak_with_exponent_one():
    hours = np.linspace(0.1, 20.0, 50)
    first = shares("consecutive", hours, arrays())[0]
    assert shares("impacts", hours, arrays(n1=1.0))[0] == pytest.approx(first, rel=1e-10)
    assert shares("JMAK", hours, arrays(n=1.0))[0] == pytest.approx(first, rel=1e-10)


def test_dose_goes_as_the_cube_of_the_speed_and_the_clock_counts():
    given = {"ball_diameter": 6.3e-3, "vial_diameter": 41e-3, "disc_radius": 70e-3, "ratio": -2.0}

    def dose(speed, hours):
        hit = impact_energy(speed, 0.98e-3, **given)
        return milling_dose(hit, impact_rate(speed, -2.0), ball_mass=0.98e-3, ball_to_powder=140.0, time=3600.0 * hours)

    assert dose(800 / 60, 4.0) / dose(400 / 60, 4.0) == pytest.approx(8.0)
    assert dose(400 / 60, 2.0) / dose(400 / 60, 4.0) == pytest.approx(0.5)
    assert dose(400 / 60, 4.0) == pytest.approx(0.35e9, rel=0.05)  # J/kg


def test_a_ball_flies_at_the_difference_of_two_kinetic_energies():
    """Burgio et al. 1991: v_before^2 = (W R)^2 + w^2 r^2 (1 - 2 w/W), v_after = W R + w r."""
    disc, vial, radius, arm, mass = 2 * math.pi * 400 / 60, -2.0 * 2 * math.pi * 400 / 60, 0.07, 0.01735, 0.98e-3
    before = (disc * radius) ** 2 + vial**2 * arm**2 * (1 - 2 * vial / disc)
    after = (disc * radius + vial * arm) ** 2
    found = impact_energy(400 / 60, mass, ball_diameter=6.3e-3, vial_diameter=41e-3, disc_radius=radius, ratio=-2.0)
    assert found == pytest.approx(0.5 * mass * (before - after), rel=1e-12)


def test_a_mill_that_cannot_be_is_refused():
    given = {"ball_diameter": 6.3e-3, "vial_diameter": 41e-3, "disc_radius": 70e-3}
    with pytest.raises(StudyError, match="turns against the disc"):
        impact_energy(6.7, 1e-3, **given, ratio=2.0)
    with pytest.raises(StudyError, match="larger than the vial"):
        impact_energy(6.7, 1e-3, **{**given, "ball_diameter": 5e-2}, ratio=-2.0)
    assert duty("5 min on / 10 min off") == pytest.approx(1 / 3)
    assert duty("5 min off / 10 min on") is None  # which is which is not guessed


@pytest.fixture(scope="module")
def found():
    return milling(milled("consecutive", seed=6), name="twin", temperature=333.15, draws=300)


def test_the_best_time_lies_in_its_interval(found):
    low, high = found.quantities["milling_time:optimum"].interval()
    assert low < 3600.0 * best_time("consecutive", truth_of("consecutive", 6)) < high
    assert found.findings["ranking"][0]["name"] == "consecutive"
    assert set(found.quantities["milling_time:optimum"].budget()) == {"posterior:twin"}
    assert {c.name: c.passed for c in found.checks}["maximum inside the times"] is True


def test_the_figure_is_drawn(found):
    assert render(figure(found), ("svg",))["svg"].startswith(b"<?xml")


def test_the_unit_of_conductivity_changes_no_choice():
    series = milled("consecutive", seed=6)
    scaled = [replace(m, conductivity=7.0 * m.conductivity) for m in series if m.conductivity is not None]
    one, two = (kinetics_of(LAWS[0], made) for made in (series, scaled))
    z = 0.3 * np.random.default_rng(5).standard_normal((4, len(one.parameters)))
    assert two.log_posterior(z) == pytest.approx(one.log_posterior(z), rel=1e-9)


def test_a_series_that_still_rises_has_no_best_time_yet():
    early = [m for m in milled("consecutive", seed=6) if m.time <= 3 * 3600.0]
    result = milling(early, name="twin", temperature=333.15, draws=200)
    assert "do not hold the maximum" in result.quantities["milling_time:optimum"].why
    assert result.quantities["ionic_conductivity:optimum"].number is None
    assert any(note.startswith("No best milling time") for note in result.notes)


def test_three_times_are_too_few_and_impossible_values_are_refused():
    series = milled("consecutive", seed=6)
    with pytest.raises(DataError, match="after 4 milling times, and there are 3"):
        milling(series[:3], name="x", temperature=333.15)
    with pytest.raises(DataError, match="must be > 0"):
        milling([*series, Milled("bad", 3600.0, uncertain(-1.0, {"a": 0.1}))], name="x", temperature=333.15)
    with pytest.raises(DataError, match="outside 0 to 1"):
        milling(
            [*series, Milled("bad", 3600.0, None, (("A", uncertain(40.0, {"a": 1.0})),))], name="x", temperature=333.15
        )


def test_least_squares_minimises_the_posterior():
    kinetics = kinetics_of(LAWS[0], milled("consecutive", seed=1))
    z = 0.3 * np.random.default_rng(2).standard_normal((4, len(kinetics.parameters)))
    total = 0.5 * (kinetics.residuals(z) ** 2).sum(axis=1) + kinetics.log_posterior(z)
    assert total == pytest.approx(np.full(4, total[0]), rel=1e-9)


@pytest.mark.slow
def test_intervals_hold_the_best_time():
    inside = []
    for seed in range(60):
        law = LAWS[seed % 3].name
        result = milling(milled(law, seed=seed), name="twin", temperature=333.15, draws=300)
        interval = result.quantities["milling_time:optimum"].interval()
        if interval is not None:
            inside.append(interval[0] < 3600.0 * best_time(law, truth_of(law, seed)) < interval[1])
    assert len(inside) > 30
    assert np.mean(inside) > 0.88
