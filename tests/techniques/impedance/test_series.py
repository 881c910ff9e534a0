"""Global fit of a temperature series: shared capacitance helps where the arc has left, and is refused if wrong."""

import numpy as np
import pytest
from spectra import FREQUENCY, dataset, noisy, omega

from closo.errors import DataError
from closo.quantity import correlation, parse
from closo.techniques.impedance import analyse, analyse_series

RESISTANCE = np.geomspace(3e4, 60.0, 8)


def series(seed, capacitance=3e-11, drift=0.0):
    jw = omega()
    spectra = []
    for i, r in enumerate(RESISTANCE):
        c = capacitance * (1 + drift) ** i
        z = jw * 1e-6 + 1 / (1 / r + jw * c) + 1 / (1e-6 * jw**0.9)
        spectra.append(dataset(noisy(z, 100 * seed + i), source=f"s{seed}_{i}.par"))
    return spectra


def total(results):
    return [r.quantities["total_resistance"] for r in results]


def test_shared_capacitance_is_used_and_more_precise():
    data = series(0)
    found = analyse_series(data, name="p1")
    assert all(r.findings["series"]["used"] for r in found)
    np.testing.assert_allclose([q.value for q in total(found)], RESISTANCE, rtol=0.003)
    alone = [analyse(d, drt=False).quantities["total_resistance"] for d in data]
    assert np.mean([q.u for q in total(found)]) <= np.mean([q.u for q in alone])
    assert {r.findings["circuit"] for r in found} == {"L1-(R1|C1)-Q1"}


@pytest.mark.slow
def test_resistances_of_the_global_fit_are_calibrated():
    pulls = []
    for seed in range(40):
        found = total(analyse_series(series(seed), name=f"p{seed}"))
        pulls += [(q.value - r) / q.u for q, r in zip(found, RESISTANCE, strict=True)]
    pulls = np.array(pulls)
    assert 0.9 < pulls.std() < 1.15, pulls.std()
    assert 0.92 < np.mean(np.abs(pulls) < 1.96) < 0.98


def test_capacitance_that_changes_with_temperature_is_refused():
    found = analyse_series(series(1, drift=0.15), name="p1")
    assert {r.findings["series"]["mode"] for r in found} == {"one circuit"}
    assert any(c.name == "global fit of the series" and c.passed is False for c in found[0].checks)
    np.testing.assert_allclose([q.value for q in total(found)], RESISTANCE, rtol=0.005)


def test_members_are_correlated_through_the_common_parameters_only():
    found = total(analyse_series(series(2), name="p1"))
    assert 0 <= abs(correlation(found[0].number, found[1].number)) < 0.9
    assert "fit shared:p1" in found[-1].budget()


def test_temperatures_must_match():
    with pytest.raises(DataError, match="8 spectra but 1 temperatures"):
        analyse_series(series(0), name="p1", temperatures=[parse("30 degC", "temperature")])


def test_order_of_the_spectra_does_not_matter():
    data = series(3)
    forward, backward = analyse_series(data, name="p"), analyse_series(data[::-1], name="p")
    np.testing.assert_allclose([q.value for q in total(forward)], [q.value for q in total(backward)][::-1], rtol=1e-6)
    assert FREQUENCY.size == 61
