"""Plating and stripping: numbers by hand, coverage over 200 cells, real symmetric cells, refusals."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.figures import to_svg
from closo.quantity import Quantity, uncertain
from closo.readers import read
from closo.techniques.plating import analyse, figure
from closo.techniques.plating.half_cycles import find_half_cycles, levels_of
from closo.techniques.plating.trend import asymmetry, trend
from closo.twin.plating import Cell, Disturbances, Event, Symmetric, symmetric_cell
from plating_draws import draw_symmetric

SEEDS = 200
HALF_CYCLES = 76
RANGE = 2e-5  # A, above the 14 uA of these cells
OFFSET = 1e-3 * RANGE
GEOMETRY = {"area": 0.283e-4, "thickness": 0.80e-3, "ionic_conductivity": 0.05}


def data_of(record, name="cell.par"):
    columns = {"time": record.time, "current": record.current, "voltage": record.voltage, "frequency": record.frequency}
    return new("cycling", columns, source=name)


def inputs(area=0.01, thickness=0.01, ionic_conductivity=0.03, **values):
    """Return inputs with relative u; values other than those of GEOMETRY by keyword."""
    u = {"area": area, "thickness": thickness, "ionic_conductivity": ionic_conductivity}
    values = GEOMETRY | values
    return {key: uncertain(values[key], {f"{key}:cell": u[key] * values[key]}) for key in u}


@functools.cache
def quiet():
    truth = Symmetric(disturbances=Disturbances(noise=1e-6), half_cycles=80, sampling=60.0)
    return data_of(symmetric_cell(truth, np.random.default_rng(0)))


def test_numbers_by_hand():
    """0.05 mA/cm2: 8 mV in L/sigma = 160 ohm cm2, 1 mV in each interface of 20 ohm cm2, 0.05 mAh/cm2 in each hour."""
    q = analyse(quiet(), **inputs()).quantities
    assert q["polarization:first"].value == pytest.approx(10e-3, rel=1e-3)
    assert q["area_specific_resistance:last"].value == pytest.approx(200e-4, rel=1e-3)
    assert q["interfacial_resistance:first"].value == pytest.approx(20e-4, rel=1e-2)
    assert q["current_density"].value == pytest.approx(0.5, rel=1e-6)
    assert q["areal_capacity:half_cycle"].value == pytest.approx(0.5 * 3600, rel=1e-6)
    assert q["cumulative_areal_capacity"].value == pytest.approx(0.5 * 3600 * 80, rel=1e-6)
    assert q["duration"].value == pytest.approx(80 * 3600, abs=0.2)
    assert abs(q["polarization_drift"].value) < 1e-12


def test_budget_of_the_interface_by_hand():
    """R_i = (R A - L/sigma)/2: 1 % of 200, 1 % and 3 % of 160 ohm cm2, halved: 1.0, 0.8 and 2.4 ohm cm2."""
    budget = analyse(quiet(), **inputs()).quantities["interfacial_resistance:first"].budget()
    shown = {key.split(":")[0]: u * 1e4 for key, u in budget.items()}
    assert shown["area"] == pytest.approx(1.0, rel=1e-3)
    assert shown["thickness"] == pytest.approx(0.8, rel=1e-3)
    assert shown["ionic_conductivity"] == pytest.approx(2.4, rel=1e-3)
    assert shown["voltage zero"] == pytest.approx(1e-4 / 0.5 * 1e4 / 2, rel=1e-3)  # 0.1 mV / 0.5 A/m2, halved


def test_without_area_intensive_numbers_are_withheld_with_the_reason():
    q = analyse(quiet()).quantities
    for key in ("area_specific_resistance:first", "current_density", "cumulative_areal_capacity"):
        assert q[key].value is None
        assert "area" in q[key].why
    assert "thickness, ionic_conductivity, area" in q["interfacial_resistance:last"].why
    assert q["charge:half_cycle"].value == pytest.approx(0.5 * 0.283e-4 * 3600, rel=1e-6)
    assert q["resistance:first"].value == pytest.approx(200e-4 / 0.283e-4, rel=1e-3)


def test_numbers_belong_to_the_time_before_the_event():
    event = Event("hard short", 0.5, ratio=0.01)
    truth = Symmetric(disturbances=Disturbances(noise=1e-6), event=event, half_cycles=60, sampling=60.0)
    record = symmetric_cell(truth, np.random.default_rng(0))
    result = analyse(data_of(record), **inputs())
    q = result.quantities
    assert q["polarization:last"].value == pytest.approx(10e-3, rel=1e-3)
    assert q["duration"].value == pytest.approx(30 * 3600, abs=420)  # the first 6 min of a half cycle are left out
    assert q["cumulative_areal_capacity"].value == pytest.approx(0.5 * 30 * 3600, rel=5e-3)
    assert {c.name: c.passed for c in result.checks}["no short"] is False


def test_short_in_the_first_half_cycle_withholds_the_polarization():
    truth = Symmetric(event=Event("hard short", 0.02, ratio=0.01), half_cycles=10)
    q = analyse(data_of(symmetric_cell(truth, np.random.default_rng(0))), **inputs()).quantities
    assert q["polarization:first"].value is None
    assert "hard short" in q["polarization:first"].why
    assert q["cumulative_areal_capacity"].u > 0


def test_drift_needs_three_days():
    truth = Symmetric(half_cycles=70, sampling=60.0)
    q = analyse(data_of(symmetric_cell(truth, np.random.default_rng(0)))).quantities
    assert q["polarization_drift"].value is None
    assert "72 h" in q["polarization_drift"].why


def test_asymmetry_is_flagged_and_not_taken_for_drift():
    """R_i 200 ohm cm2, 40 % apart: 2 x 0.5 A/m2 x 0.4 x 200 ohm cm2 = 8 mV of 28 mV (kinetics: 3 % less)."""
    cell = Cell(interface=200e-4, asymmetry=0.4)
    truth = Symmetric(cell, Disturbances(noise=1e-6), half_cycles=80, sampling=60.0)
    result = analyse(data_of(symmetric_cell(truth, np.random.default_rng(0))))
    assert result.quantities["polarization_asymmetry"].value == pytest.approx(8e-3, rel=0.05)
    assert {c.name: c.passed for c in result.checks}["symmetric"] is False
    assert abs(result.quantities["polarization_drift"].value) < 1e-11


def drawn(seed):
    """Return a record without event, whose interfaces grow steadily, with readings of its geometry, and the truth."""
    rng = np.random.default_rng([seed, 11])
    truth = draw_symmetric("none", rng, half_cycles=HALF_CYCLES, sampling=60.0)
    growth = rng.uniform(0, 1) * truth.cell.interface / (HALF_CYCLES * 3600)
    cell = replace(truth.cell, parabolic=0.0, forming=0.0, growth=growth)
    zero = OFFSET * np.random.default_rng([seed, 12]).standard_normal()
    truth = replace(truth, cell=cell, disturbances=replace(truth.disturbances, current_zero=zero))
    record = symmetric_cell(truth, rng)
    means = np.array([true_means(record, k) for k in range(HALF_CYCLES)])
    j, (first, ohmic), last = truth.current_density, means[0], means[-1][0]
    sign = np.where(np.arange(HALF_CYCLES) % 2 == 0, 1, -1)
    true = {
        "polarization:first": first,
        "polarization:last": last,
        "area_specific_resistance:first": first / j,
        "area_specific_resistance:last": last / j,
        "interfacial_resistance:first": (first - ohmic) / (2 * j),
        "polarization_drift": 2 * growth * j,
        "polarization_asymmetry": asymmetry(means[:, 0], sign)[0],
        "current_density": j,
        "cumulative_areal_capacity": j * 3600 * HALF_CYCLES,
    }
    actual = cell.thickness * j / ohmic  # conductivity at the temperature that the first half cycle really had
    nominal = {"area": cell.area, "thickness": cell.thickness, "ionic_conductivity": actual}
    u = {"area": 0.01, "thickness": 0.0125, "ionic_conductivity": 0.03}
    readings = {key: value * (1 + u[key] * rng.standard_normal()) for key, value in nominal.items()}
    data = data_of(record, f"seed{seed}.par")
    data["current_range"] = ("point", np.full(record.time.size, RANGE), {"units": "A"})
    return data, given(readings, u), true


def given(readings, u):
    return {key: uncertain(value, {f"{key}:cell": u[key] * value}) for key, value in readings.items()}


def true_means(record, k):
    """Return the mean |U| of the second half of half cycle k without errors, and its ohmic share [V]."""
    rows = record.half_cycle == k
    late = record.tau[rows] >= 1800.0
    time = record.time[rows][late]
    return [
        np.trapezoid(np.abs(values[rows][late]), time) / (time[-1] - time[0])
        for values in (record.true_voltage, record.ohmic_voltage)
    ]


@functools.cache
def coverage():
    inside = {}
    for seed in range(SEEDS):
        data, readings, true = drawn(seed)
        quantities = analyse(data, **readings).quantities
        for key, value in true.items():
            low, high = quantities[key].interval()
            inside.setdefault(key, []).append(low <= value <= high)
    return {key: float(np.mean(hits)) for key, hits in inside.items()}


@pytest.mark.parametrize(
    "key",
    [
        "polarization:first",
        "polarization:last",
        "area_specific_resistance:first",
        "area_specific_resistance:last",
        "interfacial_resistance:first",
        "polarization_drift",
        "polarization_asymmetry",
        "current_density",
        "cumulative_areal_capacity",
    ],
)
def test_coverage(key):
    assert 0.92 <= coverage()[key] <= 0.98


def test_hydridoborate_cell(shared_data):
    """Known: 32 half cycles of 0.1320 mAh, 105.3 mV at first and 111-113 mV at last, no short."""
    data = read(shared_data / "cycling/symmetric/li_b12h12_sym_gcpl.mpr")[0]
    result = analyse(data)
    q = result.quantities
    assert result.findings["half_cycles"] == 32
    assert result.findings["event"] == "no short"
    assert q["charge:half_cycle"].value / 3.6 == pytest.approx(0.1320, abs=5e-5)
    assert q["polarization:first"].value == pytest.approx(105.3e-3, abs=5e-5)
    last = result.curves["polarization"].values[-2:]
    assert np.all((last > 0.1110) & (last < 0.1131))
    assert q["duration"].value == pytest.approx(384 * 3600, rel=1e-3)
    assert "<svg" in svg(result)


def test_interludes_stay_out_of_the_charge(shared_data):
    """Known: +2.8010 / -2.7991 uAh per half cycle; with the rows of the spectra it would be -2.9023."""
    data = read(shared_data / "cycling/symmetric/li_tape_peis_interludes_mb.mpt")[0]
    result = analyse(data)
    charge = result.curves["half_cycle_charge"].values / 3.6e-3
    np.testing.assert_allclose(charge[::2], 2.8010, atol=2e-4)
    np.testing.assert_allclose(charge[1::2], 2.7991, atol=2e-4)
    assert result.findings["event"] == "no short"
    assert any("spectra" in note for note in result.notes)


@pytest.mark.parametrize(
    ("factor", "wanted"), [(0.01, "hard short"), (0.4, "soft short")], ids=["hard short", "soft short"]
)
def test_shorts_put_into_real_records(shared_data, factor, wanted):
    """Real noise, transients and bumps; the short is ours: from the middle of a half cycle on U times a factor."""
    for name in ("li_b12h12_sym_gcpl.mpr", "li_tape_peis_interludes_mb.mpt"):
        data = read(shared_data / "cycling/symmetric" / name)[0].copy(deep=True)
        half = analyse(data).curves
        k = half.sizes["half_cycle"] // 2
        moment = 0.5 * float(half["half_cycle_begin"][k] + half["half_cycle_end"][k])
        after = data["time"].values >= moment
        data["potential"].values[after] = data["potential"].values[after] * factor
        result = analyse(data)
        assert result.findings["event"] == wanted, name
        begin = float(half["half_cycle_begin"][0])
        assert result.quantities["duration:elapsed"].value + begin == pytest.approx(moment, abs=400), name


def svg(result):
    return to_svg(figure(result))


@pytest.mark.parametrize("kind", ["none", "hard short", "soft short", "contact loss"])
def test_figure_draws(kind):
    rng = np.random.default_rng(5)
    record = symmetric_cell(draw_symmetric(kind, rng, half_cycles=60, sampling=60.0), rng)
    assert "<svg" in svg(analyse(data_of(record), **inputs()))
    assert "<svg" in svg(analyse(data_of(record)))


T = 10.0 * np.arange(400)
SQUARE = np.where((T // 500) % 2 == 0, 1e-5, -1e-5)


@pytest.mark.parametrize(
    ("time", "current", "voltage", "said"),
    [
        (T, 0 * T, 0 * T, "half cycles"),
        (T, SQUARE, -1e3 * SQUARE, "against the current"),
        (T[:2], SQUARE[:2], SQUARE[:2], "points in a half cycle"),
        (T, SQUARE, np.full(400, np.nan), "half cycles"),
        (T[:0], T[:0], T[:0], "no points"),
    ],
    ids=["no current", "sign swapped", "two points", "no voltage", "empty"],
)
def test_unusable_records_are_refused_in_a_sentence(time, current, voltage, said):
    data = new("cycling", {"time": time, "current": current, "voltage": voltage}, source="bad.par")
    with pytest.raises(DataError, match=said) as caught:
        analyse(data)
    assert "bad.par" in str(caught.value)


@pytest.mark.parametrize("setting", [{"fixed_time": -1.0}, {"voltage_zero": -1.0}, {"current_gain": float("nan")}])
def test_wrong_settings_are_refused(setting):
    with pytest.raises(StudyError):
        analyse(quiet(), **setting)


def test_voltage_of_zero_is_not_called_healthy():
    result = analyse(new("cycling", {"time": T, "current": SQUARE, "voltage": 5.0 * SQUARE}, source="a.par"))
    assert {c.name: c.passed for c in result.checks}["no short"] is None


def test_voltage_at_a_fixed_time():
    voltage = np.sign(SQUARE) * (0.1 + 1e-5 * (T % 500))
    data = new("cycling", {"time": T, "current": SQUARE, "voltage": voltage}, source="a.par")
    found = analyse(data, fixed_time=200.0).curves["polarization_at_fixed_time"].values
    np.testing.assert_allclose(found, 0.102, rtol=1e-9)


def test_steps_within_one_sign_are_half_cycles_of_their_own():
    current = 1e-5 * (1 + T // 1000)
    half = find_half_cycles(T, current, 1e3 * current)
    np.testing.assert_allclose(half.current, 1e-5 * np.arange(1, 5), rtol=1e-9)
    np.testing.assert_allclose(half.polarization, 1e-2 * np.arange(1, 5), rtol=1e-9)
    assert levels_of(half.current, half.sign).tolist() == [0, 1, 2, 3]


def test_a_zero_that_is_off_makes_no_second_level():
    half = find_half_cycles(T, SQUARE + 3e-7, 1e4 * SQUARE)  # 3 % of 10 uA: the polarities differ by 6 %
    assert np.ptp(half.current) > 5e-7
    assert set(levels_of(half.current, half.sign).tolist()) == {0}
    asymmetric = np.where(SQUARE > 0, SQUARE, 2 * SQUARE)
    half = find_half_cycles(T, asymmetric, 1e4 * asymmetric)
    assert set(levels_of(half.current, half.sign).tolist()) == {0, 1}


def test_trend_without_noise_is_exact_and_short_ones_are_none():
    time, sign = 3600.0 * np.arange(80), np.where(np.arange(80) % 2 == 0, 1, -1)
    line = trend(time, 0.01 + 2e-9 * time + 0.001 * sign, sign)
    assert line.slope == pytest.approx(2e-9, rel=1e-9)
    assert line.intercept == pytest.approx(0.01, rel=1e-9)
    assert trend(time[:40], time[:40], sign[:40]) is None


def slope_u(time, memory):
    """Return the standard deviation of the slope [V/s] that generalised least squares has when the memory is known."""
    middle = 0.5 * (time[::2] + time[1::2])
    apart = np.abs(np.subtract.outer(np.arange(80), np.arange(80)))
    pairs = 0.5 * (np.eye(80)[::2] + np.eye(80)[1::2])
    covariance = pairs @ (1e-4**2 * memory**apart) @ pairs.T
    design = np.column_stack([np.ones(40), middle - middle.mean()])
    return float(np.sqrt(np.linalg.inv(design.T @ np.linalg.solve(covariance, design))[1, 1]))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 0.95])
def test_trend_covers_white_and_slow_residuals(memory):
    """300 series of 80 half cycles, neighbours correlated more or less (a temperature that wanders over hours).

    The memory r is not known to the fit, so white residuals are covered more often than in 95 of 100. 40 cycles tell it to
    s = sqrt((1 - r^2)/40); u grows as sqrt((1 + r)/(1 - r)), so at r + 2 s it is 1.4 to 2 times that of a known memory.
    """
    rng = np.random.default_rng(3)
    time, sign = 3600.0 * np.arange(80), np.where(np.arange(80) % 2 == 0, 1, -1)
    inside, times = 0, []
    known = slope_u(time, memory)
    for _ in range(300):
        noise = np.empty(80)
        noise[0] = rng.standard_normal()
        for k in range(1, 80):
            noise[k] = memory * noise[k - 1] + np.sqrt(1 - memory**2) * rng.standard_normal()
        line = trend(time, 0.01 + 1e-4 * noise, sign)
        number = uncertain(line.slope, {"fit": line.slope_u}, df=line.df)
        a, b = Quantity("polarization_drift", number).interval()
        inside += a <= 0.0 <= b
        times.append(line.slope_u / known)
    assert 0.92 <= inside / 300
    assert np.median(times) < 2.0


def half_cell(time):
    """Charged and discharged by turns between 2 and 3.5 V."""
    sign = np.where(time // 3600 % 2 == 0, 1, -1)
    return 1e-4 * sign, 2.75 + 0.75 * sign * (2 * (time % 3600) / 3600 - 1)


def test_a_cell_that_is_not_symmetric_is_refused():
    time = np.arange(0.0, 10 * 3600.0, 20.0)
    current, voltage = half_cell(time)
    data = new("cycling", {"time": time, "current": current, "voltage": voltage}, source="half.csv")
    with pytest.raises(DataError, match=r"needs a symmetric cell.*Was the technique cycling meant"):
        analyse(data, **inputs())


def test_a_rest_far_from_zero_before_one_polarity_is_refused():
    time = np.arange(0.0, 7200.0, 20.0)
    current = np.where(time < 3600, 0.0, 1e-4)
    data = new(
        "chronopotentiometry", {"time": time, "current": current, "voltage": 2.0 + 1e4 * current}, source="a.csv"
    )
    with pytest.raises(DataError, match="at rest is about 0; here it is 2 V"):
        analyse(data)
    near = new(
        "chronopotentiometry", {"time": time, "current": current, "voltage": 0.03 + 1e3 * current}, source="a.csv"
    )
    assert analyse(near).quantities["polarization:first"].value == pytest.approx(0.13, rel=1e-6)


def test_a_clock_that_runs_backwards_is_a_failed_check():
    record = quiet()
    assert next(c for c in analyse(record).checks if c.name == "time").passed is True
    time = record["time"].values.copy()
    time[len(time) // 2 :] -= 30 * 3600.0
    data = record.copy()
    data["time"] = ("point", time, record["time"].attrs)
    check = next(c for c in analyse(data).checks if c.name == "time")
    assert check.passed is False
    assert "decreases at one point" in check.detail


def test_a_duration_is_not_known_better_than_the_clock():
    duration = analyse(quiet()).quantities["duration"]
    assert duration.budget()["clock:cell.par#1"] == pytest.approx(1e-4 * 80 * 3600, rel=1e-3)


def test_numbers_of_a_wrong_unit_fail_a_check():
    """Without a conductivity, that of the best solid is the limit; two equal electrodes do not stand 5 V apart."""
    cell = inputs()
    del cell["ionic_conductivity"]
    for current, volts, wrong in ((1.0, 1.0, []), (1.0, 1e3, ["unit"]), (1e4, 1.0, ["ohmic floor"])):
        columns = {"time": T, "current": current * SQUARE, "voltage": 1e3 * volts * SQUARE}
        failed = [c for c in analyse(new("cycling", columns, source="a.csv"), **cell).failed_checks]
        assert [c.name for c in failed] == wrong
        assert all(c.concerns("resistance:first") for c in failed)


@pytest.mark.parametrize("column", ["current", "voltage"])
def test_a_column_without_its_sign_is_refused(column):
    columns = {"time": T, "current": SQUARE, "voltage": 1e3 * SQUARE}
    data = new("cycling", columns | {column: np.abs(columns[column])}, source="a.csv")
    with pytest.raises(DataError, match="against the current in 50 % of the readings"):
        analyse(data)
