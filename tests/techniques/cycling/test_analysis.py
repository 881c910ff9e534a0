"""What the technique says about cells whose truth is known, and what it refuses to say."""

import numpy as np
import pytest
from cyclers import CURRENT, FULL, RANGE, SECONDS, Record, cathode_cell
from hypothesis import given, settings
from hypothesis import strategies as st

from closo.dataset import from_bytes, new, to_bytes
from closo.errors import DataError, StudyError
from closo.figures import to_csv, to_svg
from closo.quantity import uncertain
from closo.techniques import get
from closo.techniques.cycling import analyse, figure
from closo.techniques.cycling.cells import CELLS

TEN = np.full(10, 0.95), np.full(10, 0.99)


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def test_efficiency_is_shifted_by_the_offset_and_the_interval_says_so():
    """An offset o adds o T to the charge and takes it from the discharge: -2 o/I at CE = 1."""
    record = cathode_cell(np.full(4, 1.0), np.full(4, 1.0))
    offset = 0.001 * RANGE
    plain, shifted = (analyse(record.dataset(offset=o), cell="cathode") for o in (0.0, offset))
    change = shifted.quantities["coulombic_efficiency"].value - plain.quantities["coulombic_efficiency"].value
    assert change == pytest.approx(-2.0 * offset / CURRENT, rel=2e-3)
    stated = plain.quantities["coulombic_efficiency"].budget()["current offset:cell.mpr#1"]  # at CE = 1
    assert stated == pytest.approx(2.0 * offset / CURRENT, rel=2e-3)


def test_gain_cancels_in_ratios_and_not_in_charges():
    record = cathode_cell(*TEN)
    plain, wrong = (analyse(record.dataset(gain=g), cell="cathode") for g in (0.0, 0.01))
    for key in ("coulombic_efficiency", "capacity_retention"):
        assert wrong.quantities[key].value == pytest.approx(plain.quantities[key].value, rel=1e-12)
        assert not any("gain" in source for source in wrong.quantities[key].budget())
    assert wrong.quantities["charge:last"].value == pytest.approx(1.01 * plain.quantities["charge:last"].value)


def test_intensive_numbers_need_mass_and_area():
    data = cathode_cell(*TEN).dataset()
    bare = analyse(data, cell="cathode").quantities
    assert bare["specific_capacity:first_discharge"].why == "needs active_mass"
    assert bare["areal_capacity:first_discharge"].why == "needs area"
    mass, area = uncertain(0.9e-6, {"active_mass:c": 0.03e-6}), uncertain(0.283e-4, {"area:c": 0.002e-4})
    full = analyse(data, cell="cathode", active_mass=mass, area=area).quantities
    charge = full["charge:first_discharge"].value
    assert full["specific_capacity:first_discharge"].value == pytest.approx(charge / 0.9e-6)
    assert full["areal_capacity:first_discharge"].value == pytest.approx(charge / 0.283e-4)
    assert full["current_density"].value == pytest.approx(CURRENT / 0.283e-4)
    assert "active_mass:c" in full["specific_capacity:last"].budget()
    assert "active_mass:c" not in full["coulombic_efficiency"].budget()


def test_windows_and_single_cycles():
    ce = 0.98 + 0.001 * np.arange(10)
    result = analyse(
        cathode_cell(np.linspace(1.0, 0.91, 10), ce).dataset(),
        cell="full cell",
        efficiency_cycles="2-4, 10, 20-30",
        retention_cycles="5, 40",
        reference_cycle=2,
    )
    q = result.quantities
    assert q["coulombic_efficiency:2-4"].value == pytest.approx(ce[1:4].mean(), abs=2e-3)
    assert q["coulombic_efficiency:10"].value == pytest.approx(ce[9], abs=2e-3)
    assert q["coulombic_efficiency:20-30"].value is None
    assert q["capacity_retention:5"].value == pytest.approx(0.96 / 0.99, abs=3e-3)
    assert "ends with cycle 10" in q["capacity_retention:40"].why
    assert "cycle 2" in q["capacity_retention"].method


@pytest.mark.parametrize(
    "wrong",
    [
        {"cell": "flow cell"},
        {"efficiency_cycles": "7 to 10"},
        {"efficiency_cycles": "10-7"},
        {"retention_cycles": "4-5"},
        {"reference_cycle": 0},
        {"reference_cycle": 99},
        {"current_offset": "a little"},
        {"current_offset": "-1 %"},
        {"current_offset": "5 V"},
        {"current_gain": 2.0},
    ],
)
def test_wrong_settings_are_named(wrong):
    with pytest.raises(StudyError) as caught:
        analyse(cathode_cell(*TEN).dataset(), **{"cell": "cathode"} | wrong)
    assert next(iter(wrong)).split("_")[0] in str(caught.value) or "cell" in str(caught.value)


@pytest.mark.parametrize("text, amperes", [("0.1 %", 1e-7), ("50 nA", 5e-8), ("0.002", 2e-7), (0.002, 2e-7)])
def test_offset_in_percent_of_the_range_in_amperes_or_as_a_fraction(text, amperes):
    found = analyse(cathode_cell(*TEN).dataset(), cell="cathode", current_offset=text).quantities["current"].budget()
    assert found["current offset:cell.mpr#1"] == pytest.approx(amperes)


def test_an_interrupted_cycle_is_flagged_and_left_out():
    record = cathode_cell(np.full(3, 0.95), np.full(3, 0.99))
    record.leg(+1, 0.96 * FULL)
    record.leg(-1, 0.4 * FULL, stop_at=0.42)  # somebody pressed stop
    record.rest(3600)
    for _ in range(3):
        record.leg(+1, 0.96 * FULL)
        record.leg(-1, 0.95 * FULL)
    result = analyse(record.dataset(), cell="cathode")
    assert result.curves["partial"].values.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert check(result, "complete cycles").passed is False
    assert "cycle 4" in check(result, "complete cycles").detail
    assert result.quantities["coulombic_efficiency"].value == pytest.approx(0.99, abs=2e-3)
    with pytest.raises(StudyError, match="interrupted"):
        analyse(record.dataset(), cell="cathode", reference_cycle=4)


def test_the_last_leg_cut_off_by_the_end_of_the_file():
    record = cathode_cell(np.full(4, 0.95), np.full(4, 0.99))
    record.leg(+1, 0.96 * FULL)
    record.leg(-1, 0.5 * FULL, stop_at=0.52)
    result = analyse(record.dataset(), cell="cathode")
    assert result.curves["partial"].values.tolist() == [0, 0, 0, 0, 1]
    assert result.quantities["charge:last"].value == pytest.approx(0.95 * FULL, rel=3e-3)


def test_a_cell_that_starts_partly_charged_has_no_first_efficiency():
    record = Record()
    record.leg(+1, 0.2 * FULL, limits=(3.4, 3.8))
    for _ in range(4):
        record.leg(-1, 0.95 * FULL)
        record.leg(+1, 0.96 * FULL)
    result = analyse(record.dataset(), cell="full")
    assert result.curves["partial"].values.tolist() == [1, 0, 0, 0]
    assert "partly charged" in check(result, "complete cycles").detail
    assert result.settings["reference_cycle"] == 2


def test_each_kind_of_cell_pairs_its_own_legs():
    record = Record()
    for _ in range(5):
        record.leg(-1, 1.0 * FULL, limits=(0.01, 1.5))
        record.leg(+1, 0.9 * FULL, limits=(0.01, 1.5))
    data = record.dataset()
    anode, cathode = (analyse(data, cell=c) for c in ("anode half cell", "cathode half cell"))
    assert anode.quantities["coulombic_efficiency"].value == pytest.approx(0.9, abs=2e-3)
    assert cathode.quantities["coulombic_efficiency"].value is None
    assert "gave back more" in cathode.quantities["coulombic_efficiency"].why
    assert cathode.quantities["charge:initial_discharge"].value == pytest.approx(FULL, rel=3e-3)
    guessed = analyse(data)
    assert guessed.settings["cell"] == "anode half cell"
    assert any("Taken as an anode half cell" in note for note in guessed.notes)


def test_a_symmetric_cell_is_recognised_by_its_voltage():
    record = Record()
    for _ in range(4):
        record.leg(+1, 0.1 * FULL, limits=(0.01, 0.011))
        record.leg(-1, 0.0999 * FULL, limits=(-0.011, -0.01))
    result = analyse(record.dataset())
    assert result.settings["cell"] == "symmetric cell"
    assert result.quantities["energy_efficiency"].why == "a symmetric cell stores no energy"
    assert check(result, "sign of the current").passed


def test_an_inverted_current_is_seen():
    data = cathode_cell(*TEN).dataset()
    data["current"].values[:] *= -1.0
    assert check(analyse(data, cell="cathode"), "sign of the current").passed is False


def test_capacity_beyond_theory_and_headers_that_are_defaults():
    data = cathode_cell(*TEN).dataset(
        suggestions={"active_mass": {"value": "7000.000 mg", "from": "header"}, "area": {"value": "1.131 cm2"}}
    )
    mass, theory = uncertain(1e-6, {"active_mass:c": 2e-8}), uncertain(171.3 * 3600.0, {"theoretical_capacity:pw": 1.0})
    result = analyse(data, cell="cathode", active_mass=mass, theoretical_capacity=theory)
    assert check(result, "capacity below theory").passed is False
    assert any("7000.000 mg" in note and "default" in note for note in result.notes)
    assert any("1.131 cm2" in note and "not used unless" in note for note in result.notes)
    right = analyse(data, cell="cathode", active_mass=6.0 * mass, theoretical_capacity=theory)
    assert check(right, "capacity below theory").passed
    assert right.quantities["c_rate"].value == pytest.approx(CURRENT / (6e-6 * 171.3 * 3600.0), rel=1e-6)


def test_a_counter_that_disagrees_is_in_the_check_and_in_the_budget():
    data = cathode_cell(*TEN).dataset(counter=True)
    data["charge"].values[:] *= 1.02
    result = analyse(data, cell="cathode")
    assert check(result, "integral against counter").passed is False
    budget = result.quantities["charge:last"].budget()
    assert budget["integration:cell.mpr#1"] == pytest.approx(0.02 * 0.95 * FULL / np.sqrt(3.0), rel=5e-3)
    of_ratio = result.quantities["coulombic_efficiency"].budget()
    assert of_ratio.get("integration:cell.mpr#1", 0.0) < 1e-12  # a common factor cancels


def test_the_range_that_is_assumed_and_a_range_far_too_large():
    data = cathode_cell(*TEN).dataset(ranges=False)
    assert "next decade" in check(analyse(data, cell="cathode"), "current range").detail
    far = data.assign(current_range=("point", np.full(data.sizes["point"], 0.1)))
    result = analyse(far, cell="cathode")
    assert check(result, "current range").passed is False
    assert result.quantities["coulombic_efficiency"].u > 0.5  # 50 uA of offset on 80 uA


def test_spectra_cost_efficiency_and_are_kept_out_of_the_charge():
    ce = np.full(12, 0.99)
    ce[[3, 7]] = 0.98
    with_spectra = cathode_cell(np.full(12, 0.95), ce, spectra_before=(4, 8)).dataset()
    result = analyse(with_spectra, cell="cathode")
    assert result.curves["next_to_interlude"].values.nonzero()[0].tolist() == [3, 7]
    assert result.quantities["coulombic_efficiency"].value == pytest.approx(0.99, abs=2e-3)
    assert result.quantities["coulombic_efficiency:after_interlude"].value == pytest.approx(-0.01, abs=2e-3)
    assert result.quantities["charge:interludes"].value == pytest.approx(2 * 300.0 * 2e-6, rel=0.3)
    assert result.curves["interlude_cycle"].values.tolist() == [4, 8]
    without = analyse(cathode_cell(np.full(12, 0.95), ce).dataset(), cell="cathode")
    assert "charge:interludes" not in without.quantities
    np.testing.assert_allclose(without.curves["discharge"].values, result.curves["discharge"].values, rtol=1e-12)


def test_steps_of_the_rate_are_listed_and_not_compared():
    record = Record()
    for current in (CURRENT, 2.0 * CURRENT, 4.0 * CURRENT):
        for _ in range(3):
            record.leg(+1, 0.9 * FULL, current=current)
            record.leg(-1, 0.9 * FULL, current=current)
    result = analyse(record.dataset(ranges=False), cell="full cell")
    ratio = [result.quantities[f"c_rate:rate_step_{k}"].value / result.quantities["c_rate"].value for k in (1, 2, 3)]
    assert ratio == pytest.approx([1.0, 2.0, 4.0], rel=1e-9)
    assert "another rate" in result.quantities["capacity_retention"].why


def test_withheld_where_the_temperature_only_drifts():
    kelvin = 293.15 + 0.1 * np.arange(20)
    result = analyse(cathode_cell(np.linspace(1.0, 0.9, 20), np.full(20, 0.99), temperatures=kelvin).dataset())
    assert "cannot be told apart" in result.quantities["temperature_sensitivity"].why
    assert result.quantities["temperature"].value == pytest.approx(kelvin.mean(), abs=0.05)
    assert check(result, "temperature log").passed


def test_a_constant_log_is_no_log():
    data = cathode_cell(*TEN).dataset()
    data = data.assign(temperature=("point", np.full(data.sizes["point"], 273.15)))
    assert check(analyse(data, cell="cathode"), "temperature log").passed is None


def test_energy_and_mean_voltages():
    """A cell with constant voltages 3.1 and 3.0 V and CE 0.99: hysteresis 100 mV, energy efficiency 0.99 x 3.0/3.1."""
    record = Record()
    for _ in range(3):
        record.leg(+1, FULL / 0.99, limits=(3.1, 3.1))
        record.leg(-1, FULL, limits=(3.0, 3.0))
    q = analyse(record.dataset(), cell="full cell").quantities
    assert q["voltage_hysteresis"].value == pytest.approx(0.1, rel=1e-9)
    assert q["mean_voltage:first_charge"].value == pytest.approx(3.1, rel=1e-9)
    assert q["energy_efficiency"].value == pytest.approx(0.99 * 3.0 / 3.1, rel=2e-3)


def test_differential_capacity_holds_the_charge():
    result = analyse(cathode_cell(*TEN).dataset(), cell="cathode")
    curves, step = result.curves, result.findings["differential_capacity_step"]
    first = (curves["slope_cycle"].values == 1) & (curves["slope_sign"].values == 1)
    area = float(curves["slope_differential_capacity"].values[first].sum()) * step
    assert area == pytest.approx(float(curves["charge"][0]), rel=1e-6)
    flat = np.median(curves["slope_differential_capacity"].values[first])
    assert flat == pytest.approx(0.95 * FULL / 0.99 / 1.8, rel=0.01)  # the voltage is linear from 2.0 to 3.8 V


def test_the_result_is_drawn_and_kept():
    data = cathode_cell(*TEN, spectra_before=(5,), temperatures=293.15 + np.sin(np.arange(10))).dataset()
    result = analyse(data, cell="cathode")
    spec = figure(result)
    assert len(spec.panels) == 5
    assert "<svg" in to_svg(spec)
    assert to_csv(spec).count("\n") > 100
    assert set(from_bytes(to_bytes(result.curves)).variables) == set(result.curves.variables)
    result.as_json()


def test_curves_stay_small_for_long_records():
    n = 60
    result = analyse(cathode_cell(np.full(n, 0.95), np.full(n, 0.99), dt=10.0).dataset(), cell="cathode")
    assert result.curves.sizes["curve"] <= 8 * 1500
    assert result.curves.sizes["cycles"] == n


def test_records_that_give_nothing_say_why():
    rest = Record()
    rest.rest(3600)
    with pytest.raises(DataError, match="current that flows"):
        analyse(rest.dataset())
    with pytest.raises(DataError, match="current"):
        analyse(new("open_circuit", {"time": [0.0, 1.0], "potential": [1.0, 1.0]}, source="ocv.mpr"))
    with pytest.raises(DataError, match="potential"):
        analyse(new("cycling", {"time": [0.0, 1.0], "current": [1.0, 1.0]}, source="x.csv"))
    one = Record()
    one.leg(+1, FULL)
    result = analyse(one.dataset(), cell="cathode")
    assert result.quantities["coulombic_efficiency"].why.startswith("no complete cycle")
    assert result.quantities["charge:initial_charge"].value == pytest.approx(FULL, rel=3e-3)
    assert "<svg" in to_svg(figure(result))


@settings(max_examples=20)
@given(st.floats(1e-7, 10.0), st.floats(0.2, 1.0), st.floats(0.5, 1.0))
def test_efficiency_does_not_depend_on_the_unit_of_the_current(scale, q, ce):
    data = cathode_cell([q] * 3, [ce] * 3, dt=600.0).dataset(ranges=False)
    scaled = data.assign(current=("point", data["current"].values * scale))
    one, other = (analyse(d, cell="cathode").quantities["coulombic_efficiency:last"].value for d in (data, scaled))
    assert other == pytest.approx(one, rel=1e-9)


def test_duration_of_a_full_leg_is_that_of_the_program():
    result = analyse(cathode_cell(np.full(3, 1.0), np.full(3, 1.0)).dataset(), cell="cathode")
    assert result.curves["leg_duration"].values == pytest.approx(SECONDS, abs=60.0)


def test_what_the_reader_warned_of_is_said_first():
    data = cathode_cell(*TEN).dataset()
    data.attrs["warnings"] = ("The file was cut off after row 100.",)
    assert analyse(data, cell="cathode").notes[0] == "The file was cut off after row 100."


def test_a_clock_that_runs_backwards_or_stands_still_fails_a_check():
    data = cathode_cell(*TEN).dataset()
    assert check(analyse(data, cell="cathode"), "time").passed is True
    back = data.copy(deep=True)
    back["time"].values[200:] -= 3600.0
    assert check(analyse(back, cell="cathode"), "time").passed is False
    double = data.copy(deep=True)
    double["time"].values[1::2] = double["time"].values[: len(double["time"]) - 1 : 2]
    assert check(analyse(double, cell="cathode"), "time").passed is False
    stopped = data.copy(deep=True)
    stopped["time"].values[:] = 0.0
    with pytest.raises(DataError, match="does not run forward"):
        analyse(stopped, cell="cathode")


def test_a_capacity_beyond_any_material_is_a_wrong_unit():
    light = uncertain(1e-9, {"active_mass:cell": 1e-11})
    result = analyse(cathode_cell(*TEN).dataset(), cell="cathode", active_mass=light)
    assert result.quantities["specific_capacity:first_charge"].value > 5000 * 3600
    assert check(result, "capacity below theory").passed is False


def test_an_efficiency_and_a_retention_over_the_same_cycles_share_no_scatter():
    rng = np.random.default_rng(0)
    record = cathode_cell(1.0 + 0.01 * rng.standard_normal(20), 0.99 + 0.002 * rng.standard_normal(20))
    quantities = analyse(record.dataset(), cell="cathode", efficiency_cycles="11-20").quantities
    scatters = [
        {source for source in quantities[key].budget() if source.startswith("scatter of cycles")}
        for key in ("coulombic_efficiency:11-20", "capacity_retention:plateau")
    ]
    assert all(scatters)
    assert not set.intersection(*scatters)


def test_the_kinds_of_cell_that_a_setting_may_name_are_those_that_are_known():
    assert set(get("cycling").choices["cell"]) == set(CELLS)


def test_no_later_cycle_is_called_the_first():
    """Cycle 1 starts half charged: its charges are given as read, its efficiency is not, and cycle 2 has its own number."""
    record = Record()
    record.leg(+1, 0.4 * FULL)
    for _ in range(3):
        record.leg(-1, 0.95 * FULL)
        record.leg(+1, 0.97 * FULL)
    record.leg(-1, 0.95 * FULL)
    q = analyse(record.dataset(), cell="full cell", active_mass=1e-6).quantities
    assert q["coulombic_efficiency:first"].value is None
    assert (
        "cycle 1 is not complete: its charge (half cycle 1) started from a partly charged cell"
        in q["coulombic_efficiency:first"].why
    )
    assert q["coulombic_efficiency:2"].value == pytest.approx(0.95 / 0.97, rel=2e-3)
    assert q["charge:first_charge"].value == pytest.approx(0.4 * FULL, rel=2e-3)
    assert "partly charged" in q["charge:first_charge"].method
    assert q["specific_capacity:first_charge"].value is None
    assert q["charge:2_charge"].value == pytest.approx(0.97 * FULL, rel=2e-3)
    assert "mean_voltage:first_charge" not in q
    assert "mean_voltage:2_charge" in q


def test_a_charge_without_its_discharge_is_named():
    record = Record()
    record.leg(+1, FULL)
    found = analyse(record.dataset(), cell="full cell").quantities["coulombic_efficiency:first"]
    assert "ends with a charge (half cycle 1) that none follows" in found.why


def test_a_pulse_test_is_called_by_its_name():
    record = Record(dt=1.0)
    record.leg(+1, 0.2 * FULL)
    for _ in range(8):
        record.leg(-1, 0.02 * FULL)
        record.rest(60.0)
        record.leg(+1, 0.0003 * FULL)
    with pytest.raises(DataError, match="is a pulse test, not cycling: 8 of 17 half cycles last up to 10 s"):
        analyse(record.dataset(), cell="full cell")


@pytest.mark.parametrize(("factor", "says"), [(1000.0, "milliseconds"), (3e4, "years")])
def test_a_clock_in_another_unit_fails_the_check(factor, says):
    data = cathode_cell([1.0, 0.99], [0.98, 0.98], dt=30.0).dataset()
    fine = next(c for c in analyse(data, cell="cathode").checks if c.name == "time")
    assert fine.passed
    slow = next(c for c in analyse(data.assign(time=data["time"] * factor), cell="cathode").checks if c.name == "time")
    assert slow.passed is False
    assert says in slow.detail


def test_misread_signs_are_replaced_and_said_and_real_pulses_count():
    """One reading in 97 flips: as a misread one it costs nothing, as a real pulse (the voltage moves) twice its charge."""
    data = cathode_cell([1.0, 0.99, 0.98], [0.985] * 3).dataset()
    rows = np.flatnonzero(data["current"].values > 0)[48::97]
    n = int(np.sum(rows < np.flatnonzero(data["current"].values < 0)[0]))
    true = analyse(data, cell="cathode").quantities["charge:first_charge"].value
    misread, pulsed = data.copy(deep=True), data.copy(deep=True)
    for record in (misread, pulsed):
        record["current"].values[rows] *= -1.0
    pulsed["voltage"].values[rows] -= 0.1
    found = analyse(misread, cell="cathode")
    assert found.quantities["charge:first_charge"].value == pytest.approx(true, rel=1e-9)
    assert any(
        note.startswith(f"{len(rows)} single readings of the current have the other sign") for note in found.notes
    )
    found = analyse(pulsed, cell="cathode")
    assert found.quantities["charge:first_charge"].value == pytest.approx(true - 2 * n * 60.0 * CURRENT, rel=1e-6)
    assert any("real pulses" in note for note in found.notes)
    misread["voltage"].values[:] = np.nan
    found = analyse(misread, cell="cathode").quantities["charge:first_charge"]
    part = {k: v for k, v in found.budget().items() if k.startswith("readings of the other sign")}
    assert len(part) == 1


@pytest.mark.parametrize("where", [0, -1])
def test_misread_signs_at_the_first_and_last_row_of_a_leg_cost_nothing(where):
    """Rests of 3.0 V around each leg; of the other sign, and as large as the current, a reading there is misread."""
    record = Record()
    for _ in range(3):
        record.rest(600.0, 3.0)
        record.leg(1, FULL, limits=(3.05, 3.8))
        record.rest(600.0, 3.0)
        record.leg(-1, 0.98 * FULL, limits=(2.0, 2.95))
    record.rest(600.0, 3.0)
    data = record.dataset()
    true = analyse(data, cell="cathode").quantities
    wrong, small, real = (data.copy(deep=True) for _ in range(3))
    sign = np.sign(data["current"].values)
    starts = np.flatnonzero((sign != 0) & (np.append(0.0, sign[:-1]) == 0))
    stops = np.flatnonzero((sign != 0) & (np.append(sign[1:], 0.0) == 0))
    rows = starts if where == 0 else stops
    assert len(rows) == 6
    wrong["current"].values[rows] *= -1.0
    small["current"].values[rows] *= -0.05
    real["current"].values[rows] *= -1.0
    real["voltage"].values[rows] = 3.0 - 0.1 * sign[rows]
    found = analyse(wrong, cell="cathode")
    for key in ("charge:first_charge", "charge:first_discharge", "coulombic_efficiency"):
        assert found.quantities[key].value == pytest.approx(true[key].value, rel=1e-9), key
        assert found.quantities[key].u == pytest.approx(true[key].u, rel=1e-3)
    assert any(note.startswith("6 single readings of the current have the other sign") for note in found.notes)
    for other in (small, real):
        less = analyse(other, cell="cathode").quantities["charge:first_charge"].value
        assert less < true["charge:first_charge"].value - 0.9 * 60.0 * CURRENT
    wrong["voltage"].values[rows] = 3.0
    doubted = analyse(wrong, cell="cathode").quantities["charge:first_charge"]
    assert doubted.value == pytest.approx(true["charge:first_charge"].value, rel=1e-9)
    assert any(source.startswith("readings of the other sign") for source in doubted.budget())


def test_a_sign_that_fits_only_half_of_the_legs_fails():
    data = cathode_cell([1.0] * 6, [0.98] * 6).dataset()
    rows = np.arange(data.sizes["point"]) > 0.7 * data.sizes["point"]
    data["voltage"].values[rows] = 6.0 - data["voltage"].values[rows]
    check = next(c for c in analyse(data, cell="cathode").checks if c.name == "sign of the current")
    assert check.passed is False


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_a_current_that_lost_its_sign_fails(noise):
    """Charge and discharge under currents > 0 make one long half cycle: the voltage goes there and back in it."""
    data = cathode_cell([1.0] * 3, [0.98] * 3).dataset()
    data["voltage"].values[:] += noise * np.random.default_rng(1).standard_normal(data.sizes["point"])
    charge = data.isel(point=slice(0, int(np.argmax(data["current"].values < 0))))
    assert check(analyse(charge, cell="cathode"), "sign of the current").passed
    for sign in (1.0, -1.0):
        lost = data.copy(deep=True)
        lost["current"].values[:] = sign * np.abs(lost["current"].values)
        failed = check(analyse(lost, cell="cathode"), "sign of the current")
        assert failed.passed is False
        assert failed.concerns("charge:first_charge")
        assert "lost its sign" in failed.detail or "sign inverted" in failed.detail
