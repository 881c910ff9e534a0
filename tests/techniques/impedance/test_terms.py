"""What each resistor, and finite diffusion, of a fitted circuit is."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks import stress
from benchmarks.stress_scenarios import scenarios
from spectra import FREQUENCY, dataset, noisy

from closo.quantity import uncertain
from closo.techniques.impedance import analyse
from closo.techniques.impedance.circuit import parse, relaxation_time
from closo.techniques.impedance.terms import kinds, overlap, terms

CONSTANT = 10.0  # L/A [1/m]


@pytest.mark.parametrize(
    "resistance, tau, kind",
    [
        (1e5, 1e-5, "electrolyte"),  # 0.1 nF, beside an arc of 3 us
        (1e5, 1e-2, "diffusion"),  # the capacitance of an arc, but another process
        (1.0, 1e-5, "diffusion"),  # 10 uF: an electrode
    ],
)
def test_finite_diffusion_is_part_of_an_arc_that_it_overlaps(resistance, tau, kind):
    circuit = parse("(R|C)-Ws")
    theta = np.log([1e5, 3e-11, resistance, tau])
    assert kinds(terms(circuit, theta), CONSTANT, blocked=False) == ["electrolyte", kind]


def test_an_asymmetric_arc_keeps_its_resistance():
    """Fitted by two arcs and finite diffusion; without the latter the total was up to 40 % too small."""
    for seed in (8, 33, 44, 51):
        case = scenarios()["Havriliak-Negami"](seed)
        result = stress.analyse(case)
        assert result.quantities["total_resistance"].value == pytest.approx(case.truth["total_resistance"], rel=0.01)
        assert result.quantities["bulk_resistance"].value is None


def test_the_time_constant_of_an_arc():
    circuit = parse("(R|Q)")
    theta = np.array([np.log(1e4), np.log(1e-9), 0.8])
    assert relaxation_time(theta[0], circuit.arcs[0].storage, theta) == pytest.approx((1e4 * 1e-9) ** 1.25)


def test_the_electrode_of_a_thin_pellet_is_one_of_its_area():
    """0.9 uF/cm2 on 0.5 cm2 x 0.2 mm: 2e-8 F/cm, which on a large area could be a grain boundary's, and could be none."""
    circuit = parse("(R|Q)-(R|Q)")
    theta = circuit.to_theta(np.array([4e4, 2e-11, 1.0, 9e3, 4.5e-7, 1.0]))
    found = terms(circuit, theta)
    assert kinds(found, 4.0, area=5e-5, blocked=False) == ["electrolyte", "electrode"]
    assert kinds(found, 4.0, area=5e-3, blocked=False) == ["electrolyte", "unknown"]
    assert kinds(found, 2.0, area=5e-3, blocked=False) == ["electrolyte", "electrolyte"]


def test_a_total_with_an_arc_too_flat_for_one_process_knows_it():
    """A Havriliak-Negami arc of b = 0.5 is fitted by arcs of exponents down to 0.5, whose sum is off by a per cent."""
    jw, pulls = 2j * np.pi * FREQUENCY, []
    for seed in range(8):
        z = 1e6 / (1 + (jw * 1e6 * 2e-11) ** 0.8) ** 0.5 + 3e5 / (1 + jw * 3e5 * 1e-6)
        total = analyse(dataset(noisy(z, seed)), area=uncertain(5e-5, {}), thickness=uncertain(1e-3, {}), drt=False)
        quantity = total.quantities["total_resistance"]
        pulls.append((quantity.value / 1e6 - 1) / (quantity.u / quantity.value))
    assert np.sqrt(np.mean(np.square(pulls))) < 1.5


def test_an_arc_whose_time_constant_vanishes_overlaps_none():
    arc = terms(parse("(R|Q)"), np.log([100.0, 1e-9, 0.9]))[0]
    vanished = replace(arc, time_constant=0.0)
    assert not overlap([arc, vanished], [arc, vanished])
    assert overlap([arc], [replace(arc)])
