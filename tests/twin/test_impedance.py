import numpy as np
import pytest

from closo.twin.impedance import (
    Instrument,
    PelletCircuit,
    arc_frequency,
    draw_instrument,
    frequencies,
    impedance,
    measured,
    noise_level,
)
from closo.twin.truth import Nuisances

QUIET = 1e30  # a blocking capacity so large that the electrodes do not count


def circuit(**changes):
    values = {
        "bulk_resistance": 2e4,
        "geometric_capacitance": 15e-12,
        "lead_resistance": 0.5,
        "inductance": 1e-6,
        "cpe_coefficient": QUIET,
        "cpe_exponent": 0.9,
    }
    return PelletCircuit(**(values | changes))


def test_frequencies_are_ten_per_decade_from_1_mhz_to_1_hz():
    f = frequencies()
    assert f.shape == (61,)
    assert (f[0], f[-1]) == pytest.approx((1e6, 1.0))
    assert f[10] == pytest.approx(1e5)


def test_arc_is_a_semicircle_with_its_top_where_omega_r_c_is_one():
    c = circuit(inductance=0.0)
    top = 1.0 / (2 * np.pi * c.bulk_resistance * c.geometric_capacitance)
    z = impedance(np.array([1e-3, top, 1e14]), c)
    assert z[0] == pytest.approx(20000.5)
    assert z[1] == pytest.approx(0.5 + 1e4 * (1 - 1j))
    assert z[2] == pytest.approx(0.5, abs=0.01)


def test_inductance_and_electrodes_alone():
    f = np.array([1e6, 1.0])
    c = circuit(bulk_resistance=1e-9, lead_resistance=0.0, cpe_coefficient=4e-6)
    expected = 2j * np.pi * f * 1e-6 + 1 / (4e-6 * (2 * np.pi * f) ** 0.9) * np.exp(-0.45j * np.pi)
    assert impedance(f, c) == pytest.approx(expected, abs=1e-6)


def test_grain_boundary_adds_its_resistance_at_low_frequency_only():
    f = np.array([1e-4, 1e9])
    plain, with_boundary = impedance(f, circuit()), impedance(f, circuit(grain_boundary=(5e3, 1e-8, 1.0)))
    assert with_boundary[0] - plain[0] == pytest.approx(5e3, rel=1e-4)
    assert abs(with_boundary[1] - plain[1]) < 0.1


def test_arc_frequency_does_not_depend_on_geometry():
    sigma, thickness, area = 2.8e-4, 400e-6, 0.785e-4
    r, c = thickness / (sigma * area), 8.8541878188e-12 * 10 * area / thickness
    assert arc_frequency(sigma, 10) == pytest.approx(1 / (2 * np.pi * r * c))
    assert arc_frequency(5e-6, 10) == pytest.approx(9e3, rel=0.01)
    assert arc_frequency(2.8e-4, 10) == pytest.approx(0.5e6, rel=0.01)
    assert arc_frequency(1e-2, 10) > 1e6


def test_noise_has_the_declared_size_everywhere():
    u = Nuisances()
    f = frequencies()
    true = impedance(f, circuit(cpe_coefficient=4e-6))
    rng = np.random.default_rng(5)
    draws = np.array([measured(f, true, instrument=Instrument(), nuisances=u, rng=rng) for _ in range(2000)])
    relative = (draws - true) / np.abs(true)
    level = noise_level(f, u)
    assert np.std(relative.real, axis=0) == pytest.approx(level, rel=0.1)
    assert np.std(relative.imag, axis=0) == pytest.approx(level, rel=0.1)
    assert abs(np.mean(relative.real * relative.imag) / np.mean(relative.real**2)) < 0.02
    assert level[f > 499e3] == pytest.approx(0.01)
    assert level[(f < 499e3) & (f > 60)] == pytest.approx(0.003)
    assert level[np.argmin(abs(f - 50))] == pytest.approx(np.hypot(0.003, 0.01))


def test_an_instrument_scales_and_turns_all_spectra_alike():
    calm = Nuisances(noise=0.0, noise_edge=0.0, mains=0.0)
    f = frequencies()
    true = impedance(f, circuit())
    rng = np.random.default_rng(6)
    ratio = measured(f, true, instrument=Instrument(1.02, 0.01), nuisances=calm, rng=rng) / true
    assert np.abs(ratio) == pytest.approx(1.02)
    assert np.angle(ratio) == pytest.approx(0.01 * f / 1e6)


def test_instruments_differ_as_declared():
    drawn = [draw_instrument(seed, Nuisances()) for seed in range(1000)]
    assert draw_instrument(3, Nuisances()) == drawn[3]
    assert np.std([i.gain for i in drawn]) == pytest.approx(0.01, rel=0.08)
    assert np.degrees(np.std([i.delay for i in drawn])) == pytest.approx(1.0, rel=0.08)
    assert np.mean([i.gain for i in drawn]) == pytest.approx(1.0, abs=0.001)
