"""Global fit of a temperature series: shared capacitance helps where the arc has left, and is refused if wrong."""

import numpy as np
import pytest
from spectra import FREQUENCY, dataset, noisy, omega

from closo.errors import DataError, StudyError
from closo.quantity import correlation, parse
from closo.readers import read
from closo.techniques.impedance import analyse, analyse_series
from closo.twin import temperature_run

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


# --- one circuit, two circuits, outlying temperatures -----------------------------------------------------------------

KELVIN = np.linspace(270.0, 390.0, 9)
F = np.logspace(6.5, 0, 66)


def ceramic(seed, *, top=1e5, noise=0.003, energies=(0.35, 0.55), dead=None, broken=None):
    """Bulk and grain boundary with energies of their own at nine temperatures; the bulk peaks at `top` Hz in the middle.

    `dead` : a member of which all capacitances are 20 times larger. `broken` : function of T [K] -> factor on both of them.
    """
    random, jw = np.random.default_rng(seed), 2j * np.pi * F
    spectra, truth = [], []
    for k, kelvin in enumerate(KELVIN):
        x = (1 / kelvin - 1 / KELVIN.mean()) / 8.617333262e-5
        c = 2e-11 * (20 if k == dead else 1) * (broken(kelvin) if broken else 1)
        bulk, boundary = (
            r * kelvin / KELVIN.mean() * np.exp(e * x) / (2 * np.pi * top * 2e-11)
            for r, e in zip((1.0, 1.5), energies, strict=True)
        )
        z = 1 / (1 / bulk + (c * bulk) ** 0.97 / bulk * jw**0.97)
        z = z + 1 / (1 / boundary + (40 * c * boundary) ** 0.9 / boundary * jw**0.9) + 1 / (2e-6 * jw**0.85)
        z = z * (1 + noise * (random.standard_normal(F.size) + 1j * random.standard_normal(F.size)))
        spectra.append(dataset(z, F, source=f"c{seed}_{k}.txt"))
        truth.append({"bulk_resistance": bulk, "grain_boundary_resistance": boundary})
    return spectra, truth


def together(spectra, **settings):
    temperatures = [parse(f"{t} K", "temperature") for t in KELVIN]
    geometry = {
        "area": parse("0.785 ± 0.001 cm2", "area", label="area:p"),
        "thickness": parse("1 ± 0.001 mm", "thickness", label="thickness:p"),
    }
    return analyse_series(spectra, name="p", temperatures=temperatures, **geometry, **settings)


def test_arcs_do_not_come_and_go():
    """The single choices differ over the series; one circuit with common capacitances has both arcs at every temperature."""
    spectra, _ = ceramic(1, top=1e6, energies=(0.5, 0.9))
    singles = {analyse(d, drt=False).findings["circuit"] for d in spectra}
    found = together(spectra)
    assert len(singles) > 1
    assert {r.findings["circuit"] for r in found} == {found[0].findings["series"]["circuit"]}
    assert all(r.findings["series"]["mode"] == "common parameters" for r in found)


@pytest.mark.slow
def test_bulk_and_boundary_of_a_series_are_calibrated_where_given():
    pulls, given, inside = [], 0, 0
    for seed in range(12):
        spectra, truth = ceramic(seed, top=10 ** (4.5 + 0.12 * seed), noise=0.002 + 0.0004 * seed)
        for result, true in zip(together(spectra), truth, strict=True):
            for key, value in true.items():
                quantity = result.quantities[key]
                if quantity.number is None:
                    continue
                low, high = quantity.interval()
                given, inside = given + 1, inside + (low <= value <= high)
                pulls.append(np.log(quantity.value / value) / (quantity.u / quantity.value))
    assert given > 0.6 * 12 * 2 * len(KELVIN)
    assert 0.92 <= inside / given <= 0.98
    assert 0.85 < np.std(pulls) < 1.15


def test_a_temperature_that_does_not_belong_to_the_rest_is_named():
    spectra, truth = ceramic(3, dead=4)
    found = together(spectra)
    assert found[0].findings["series"]["outlying"] == [found[4].name]
    (check,) = [c for c in found[0].checks if c.name == "outlying temperatures"]
    assert check.passed is False
    assert f"{KELVIN[4] - 273.15:.4g} degC" in check.detail
    assert "circuit changes" not in check.detail
    for k in (0, 3, 5, 8):
        assert found[k].quantities["bulk_resistance"].value == pytest.approx(truth[k]["bulk_resistance"], rel=0.02)


@pytest.mark.parametrize("dead", [0, 8])
def test_one_temperature_at_the_end_is_outlying_or_the_circuit_changes_there(dead):
    """One spectrum cannot tell a bad contact from another circuit beyond a transition: both are said."""
    spectra, truth = ceramic(5, dead=dead)
    found = together(spectra)
    assert found[0].findings["series"]["outlying"] == [found[dead].name]
    (check,) = [c for c in found[0].checks if c.name == "outlying temperatures"]
    assert f"({KELVIN[dead] - 273.15:.4g} degC) it can also be that the circuit changes there" in check.detail
    for k in (1, 4, 7):
        assert found[k].quantities["bulk_resistance"].value == pytest.approx(truth[k]["bulk_resistance"], rel=0.02)


def test_the_temperature_at_which_the_circuit_changes_is_named():
    """A transition at 335 K changes the capacitances."""
    spectra, _ = ceramic(4, broken=lambda kelvin: 40.0 if kelvin > 335.0 else 1.0)
    found = together(spectra)
    series = found[0].findings["series"]
    assert series["mode"] == "two circuits"
    low, high = (float(t.removesuffix(" degC")) + 273.15 for t in series["change"])
    assert low < 335.0 < high
    assert any(c.name == "one circuit" and c.passed is False for c in found[0].checks)


@pytest.mark.parametrize("shared, mode", [("all", "common parameters"), ("none", "one circuit")])
def test_what_is_shared_is_a_setting(shared, mode):
    found = together(ceramic(5)[0], shared=shared)
    assert {r.findings["series"]["mode"] for r in found} == {mode}
    assert len({r.findings["circuit"] for r in found}) == 1
    assert any("fit shared:p" in r.quantities["total_resistance"].budget() for r in found) == (shared == "all")


def test_exponents_may_be_free_where_capacitances_are_common():
    series = together(ceramic(5)[0], shared="capacitance")[0].findings["series"]
    assert "C of R1" in series["shared"]
    assert not any(key.startswith("n of") for key in series["shared"])


def test_the_settings_of_one_spectrum_hold_for_a_series():
    spectra, _ = ceramic(6)
    found = together(
        spectra,
        circuit="(R|Q)-(R|Q)-Q",
        hold="n1=0.97",
        assign="R1:grain_boundary, R2:bulk",
        f_min="10 Hz",
        f_max="1 MHz",
        leave_out="3, 20-21",
    )
    for result in found:
        f = result.curves["frequency"].values
        assert 10.0 <= f.min()
        assert f.max() <= 1e6
        assert not np.any(np.isclose(f[:, None], F[[2, 19, 20]], rtol=1e-9))
        assert "as assigned" in result.quantities["bulk_resistance"].method
        assert result.quantities["cpe_exponent:Q1"].value == 0.97
        assert result.findings["series"]["mode"] == "one circuit"


@pytest.mark.parametrize(
    "settings, said",
    [({"shared": "some"}, "shared = 'some'"), ({"hold": "n1=0.9"}, "of no circuit"), ({"f_min": "10 ohm"}, "no")],
)
def test_a_wrong_setting_of_a_series_is_refused(settings, said):
    with pytest.raises(StudyError, match=said):
        together(ceramic(7)[0], **settings)


@pytest.mark.parametrize("seed", [84, 86])
def test_errors_of_an_instrument_are_no_change_of_the_circuit(seed, tmp_path):
    """One process at every temperature; gain, delay and mains make single spectra choose now this circuit, now that one."""
    run = temperature_run("milled", seed=seed, folder=tmp_path)
    spectra = [d for d in read(run.file) if d.attrs["kind"] == "impedance"]
    found = analyse_series(spectra, name="p", temperatures=run.temperatures(), **run.numbers())
    assert "change" not in found[0].findings["series"]
    assert all(c.name != "one circuit" for c in found[0].checks)
    pulls = [(q.value - p.resistance) / q.u for q, p in zip(total(found), run.points, strict=True)]
    assert np.max(np.abs(pulls)) < 3.5
