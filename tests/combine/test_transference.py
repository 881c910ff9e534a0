"""Bruce, Vincent and Evans: the formula by hand, the budget, the checks, and coverage from raw spectra and currents."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from closo.combine.transference import arcs_of, figure, transference
from closo.dataset import new
from closo.errors import StudyError
from closo.figures import to_csv, to_svg
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result
from closo.store import from_document, to_document
from closo.techniques import impedance, polarization
from closo.twin.impedance import Instrument
from closo.twin.polarization import BruceVincentTruth, bruce_vincent

TRUTH = BruceVincentTruth()
T = "transference_number"


def spectrum(frequency, z, source, **attrs):
    data = new("impedance", {"frequency": frequency, "impedance": z}, source=source, **attrs)
    return impedance.analyse(data, drt=False)


def members(truth, seed, instrument=None, **attrs):
    cell = bruce_vincent(truth, seed, instrument=instrument)
    columns = {"time": cell.time, "current": cell.current, "voltage": cell.voltage}
    data = new("chronoamperometry", columns, source="cell.par", part=3)
    stated = {"current_offset": f"{truth.offset_u} A", "current_gain": truth.gain_u}
    step = polarization.analyse(data, electrodes="nonblocking", **stated)
    return (
        step,
        spectrum(cell.frequency, cell.before, "cell.par", part=2, **attrs),
        spectrum(cell.frequency, cell.after, "cell.par", part=4, **attrs),
    )


def by_hand(i_0=11.78e-6, i_ss=11.18e-6, resistances=(566.0, 283.0, 311.0), *, u_i=0.0, u_r=0.0, u_v=0.0):
    """Results with the given numbers and nothing else: t+ can be computed on paper."""
    step_curves = xr.Dataset({"time": ("point", np.array([1.0, 2.0])), "current": ("point", np.array([i_0, i_ss]))})
    first = uncertain(i_0, {"first samples:step": u_i * i_0})
    last = uncertain(i_ss, {"fit:step": u_i * i_ss})
    quantities = {
        "initial_current": Quantity("initial_current", first),
        "steady_state_current": Quantity("steady_state_current", last),
        "current_fraction": Quantity("current_fraction", last / first),
        "applied_voltage": Quantity("applied_voltage", uncertain(0.010, {"voltage:step": u_v})),
    }
    settings, findings = {"electrodes": "nonblocking"}, {"steps": [[0.0, 2.0, 0.01]]}
    step = Result("polarization", "step", quantities, step_curves, (), settings, findings=findings)
    bulk, *interfaces = resistances
    return step, *(_fitted(f"s{k}", bulk, r, u_r) for k, r in enumerate(interfaces))


def _fitted(name, bulk, interface, u, capacitance=1e-6):
    z = np.array([bulk + 0j, bulk + interface])
    curves = xr.Dataset(
        {
            "frequency": ("point", np.array([1e6, 1.0])),
            "impedance": ("point", z),
            "impedance_fit": ("point", z),
        }
    )
    quantities = {
        "resistance:R1": Quantity("resistance", uncertain(bulk, {f"bulk:{name}": 1e-6 * bulk})),
        "resistance:R2": Quantity("resistance", uncertain(interface, {f"fit:{name}": u * interface})),
    }
    theta = [np.log(bulk), np.log(interface), np.log(capacitance)]
    return Result("impedance", name, quantities, curves, findings={"circuit": "R1-(R2|C1)", "theta": theta})


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def test_formula_on_paper():
    result = transference(*by_hand(), name="cell", drift=0.0)
    first = 11.18 * (10.0 - 11.78 * 0.283) / (11.78 * (10.0 - 11.18 * 0.311))
    i_0 = 10.0 / 0.849
    eis = 11.18 * (10.0 - i_0 * 0.283) / (i_0 * (10.0 - 11.18 * 0.311))
    assert result.quantities[f"{T}:first_samples"].value == pytest.approx(first, rel=1e-9)
    assert result.quantities[f"{T}:eis"].value == pytest.approx(eis, rel=1e-9)
    assert first == pytest.approx(0.970, abs=5e-4)
    assert result.quantities["current_fraction"].value == pytest.approx(0.949, abs=5e-4)
    assert result.quantities["initial_current:eis"].value == pytest.approx(i_0 * 1e-6)


def test_uncertainty_of_the_study():
    """0.5 % in each current and 5 % in each arc: u = 0.04, and 1 is inside."""
    result = transference(*by_hand(u_i=0.005), name="cell", drift=0.05)
    quantity = result.quantities[f"{T}:first_samples"]
    assert quantity.u == pytest.approx(0.04, abs=0.005)
    assert check(result, "distinguishable from 1").passed is False
    assert "not distinguishable from 1" in result.notes[0]
    # 1 % in I_0 or I_ss moves t+ by 0.015 where the interface is half of the bulk
    share = quantity.budget()["fit:step"] / 0.005 * 0.01
    assert share == pytest.approx(0.0149, abs=0.0005)


def test_large_interfaces_make_it_worthless():
    i_0 = 0.010 / (100.0 + 660.0)
    result = transference(*by_hand(i_0, 0.999 * i_0, (100.0, 660.0, 660.0), u_i=0.01), name="cell", drift=0.0)
    budget = result.quantities[f"{T}:first_samples"].budget()
    assert budget["first samples:step"] == pytest.approx(0.076, abs=0.002)  # 0.075 per 1 % in the notes of the field


def test_above_one_is_not_clipped():
    result = transference(*by_hand(i_ss=11.6e-6, u_i=1e-4), name="cell", drift=1e-4)
    assert result.quantities[T].value > 1.02
    assert check(result, "distinguishable from 1").passed


def test_weights_are_those_of_least_variance():
    result = transference(*by_hand(u_i=0.005, u_v=1e-4), name="cell", drift=0.05)
    q = result.quantities
    share = result.findings["weight_first_samples"]
    assert 0.0 <= share <= 1.0
    mixed = share * q[f"{T}:first_samples"].number + (1 - share) * q[f"{T}:eis"].number
    assert q[T].value == pytest.approx(float(mixed.x))
    assert q[T].u <= min(q[f"{T}:first_samples"].u, q[f"{T}:eis"].u) + 1e-12


def test_initial_currents_that_contradict_each_other():
    result = transference(*by_hand(i_0=11.2e-6, u_i=1e-3), name="cell", drift=0.001)
    assert not check(result, "two initial currents agree").passed
    assert result.quantities[T].budget()["initial current:cell"] > 0.02
    assert check(transference(*by_hand(u_i=1e-3), name="cell"), "two initial currents agree").passed


def test_gain_of_both_spectra_cancels_in_the_first_samples():
    step, before, after = members(TRUTH, 1, uncalibrated=True, metadata={"instrument": "X1"})
    result = transference(step, before, after, name="cell")
    gain = "calibration gain:X1"
    one, eis = (result.quantities[f"{T}:{way}"].budget()[gain] for way in ("first_samples", "eis"))
    assert one < 0.001
    assert 0.01 < eis < 0.02
    # and it does cancel: with an instrument that is wrong by 2 % the first way stays and the second moves
    scaled = transference(*members(TRUTH, 1, Instrument(gain=1.02)), name="cell").quantities
    plain = transference(*members(TRUTH, 1), name="cell").quantities
    assert scaled[f"{T}:first_samples"].value == pytest.approx(plain[f"{T}:first_samples"].value, abs=0.002)
    assert scaled[f"{T}:eis"].value == pytest.approx(plain[f"{T}:eis"].value * 1.03, abs=0.004)


def test_interfaces_are_found_by_capacitance_or_by_name():
    small = _fitted("s", 500.0, 300.0, 0.01, capacitance=1e-10)  # a grain boundary
    assert "is not distinguishable from the electrolyte" in arcs_of(small).why
    assert arcs_of(small, interface=("R2",)).labels == ("R2",)
    large = arcs_of(_fitted("s", 500.0, 300.0, 0.01))
    assert (float(large.electrolyte.x), float(large.interface.x)) == (500.0, 300.0)
    with pytest.raises(StudyError, match="R9"):
        arcs_of(small, interface=("R9",))


def test_withheld_resistance_withholds_the_number():
    step, before, after = by_hand()
    lost = dict(before.quantities) | {"resistance:R2": withheld("resistance", "not identifiable: correlated")}
    result = transference(step, replace(before, quantities=lost), after, name="cell")
    assert "R2 of s0: not identifiable" in result.quantities[T].why
    assert result.quantities["current_fraction"].value is not None
    assert "<svg" in to_svg(figure(result))


def test_wrong_members_are_refused():
    step, before, after = by_hand()
    with pytest.raises(StudyError, match="result of 'impedance'"):
        transference(step, step, after, name="cell")
    blocking = replace(step, quantities={}, settings={"electrodes": "blocking"})
    with pytest.raises(StudyError, match="nonblocking"):
        transference(blocking, before, after, name="cell")
    with pytest.raises(StudyError, match="drift"):
        transference(step, before, after, name="cell", drift=-0.1)


def test_changes_between_the_spectra_are_flagged():
    grown = transference(*by_hand(resistances=(566.0, 283.0, 500.0)), name="cell")
    assert not check(grown, "interfaces changed little").passed
    assert check(transference(*by_hand(), name="cell"), "interfaces changed little").passed


def test_figure_and_disk():
    result = transference(*members(replace(TRUTH, duration=1800.0), 1), name="cell")
    spec = figure(result)
    assert spec.panels[0].equal
    assert {"before", "after", "Iₛₛ", "I₀, EIS", "I₀, first samples"} <= {
        t.label for p in spec.panels for t in p.traces
    }
    assert "<svg" in to_svg(spec)
    assert to_csv(spec).count("\n") > 100
    again = from_document(*to_document(result))
    assert again.quantities[T].u == pytest.approx(result.quantities[T].u)
    assert np.array_equal(again.curves["impedance_before"], result.curves["impedance_before"])


def covered(results, key, true):
    intervals = [r.quantities[key].interval() for r in results]
    return float(np.mean([low <= true <= high for low, high in intervals]))


def test_coverage_of_the_combination():
    """400 sets of currents, resistances and a voltage, each drawn as its uncertainty says."""
    rng = np.random.default_rng(7)
    results = []
    for _ in range(400):
        i = [x * (1 + 0.005 * rng.standard_normal()) for x in (TRUTH.initial_current, TRUTH.steady_current)]
        r = [x * (1 + 0.05 * rng.standard_normal()) for x in (283.0, 311.0)]
        step, before, after = by_hand(*i, (566.0, *r), u_i=0.005, u_v=1e-4)
        volt = uncertain(0.010 + 1e-4 * rng.standard_normal(), {"voltage:step": 1e-4})
        step = replace(step, quantities=step.quantities | {"applied_voltage": Quantity("applied_voltage", volt)})
        results.append(transference(step, before, after, name="cell", drift=0.05))
    for key in (T, f"{T}:first_samples", f"{T}:eis"):
        assert 0.92 <= covered(results, key, 0.97) <= 0.98, key
    assert np.mean([r.quantities[f"{T}:first_samples"].u for r in results]) == pytest.approx(0.04, abs=0.003)


def test_coverage_from_raw_data():
    """200 cells from spectra and currents, every source of the budget drawn; not bought with width: pulls near 1."""
    truth = replace(TRUTH, interval=4.0)
    results = [transference(*members(truth, seed), name="cell") for seed in range(200)]
    for key in (T, f"{T}:first_samples", f"{T}:eis"):
        assert 0.92 <= covered(results, key, 0.97) <= 0.98, key
        assert 0.8 <= pull(results, key, 0.97) <= 1.1, key
    fraction = TRUTH.steady_current / TRUTH.initial_current
    assert covered(results, "current_fraction", fraction) >= 0.92
    assert np.mean([check(r, "two initial currents agree").passed for r in results]) > 0.9


def pull(results, key, true):
    return float(np.std([(r.quantities[key].value - true) / r.quantities[key].u for r in results]))


def test_an_interface_that_changed_much_is_known_less_well():
    """R_ss/R_0 = 1.1: 2.5 %; 1.3: a sixth of ln 1.3 = 4.4 %."""
    for factor, u in ((1.1, 0.025), (1.3, np.log(1.3) / 6.0)):
        result = transference(*by_hand(resistances=(566.0, 283.0, 283.0 * factor)), name="cell")
        assert result.findings["drift"] == pytest.approx(u)
