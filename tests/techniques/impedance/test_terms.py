"""What each resistor, and finite diffusion, of a fitted circuit is."""

import numpy as np
import pytest
from benchmarks import stress
from benchmarks.stress_scenarios import scenarios

from closo.techniques.impedance.circuit import parse, relaxation_time
from closo.techniques.impedance.terms import kinds, terms

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
