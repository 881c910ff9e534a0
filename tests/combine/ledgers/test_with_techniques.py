"""The ledgers on what the techniques give, from records with a known leak; and real cells where they are at hand."""

import numpy as np
import pytest

from closo.combine.interface import interfacial_resistance
from closo.combine.ledgers import charge_ledger, overpotential_ledger
from closo.combine.ledgers.records import CellParameters
from closo.dataset import new
from closo.quantity import uncertain
from closo.readers import read
from closo.techniques import cycling, plating, voltammetry

AREA, CURRENT, LEAK, INNER = 0.283e-4, 14e-6, 0.06e-6, 0.3  # m2, A, A, C
LOCK = uncertain(AREA, {"area:die": 0.002e-4})


def leg(seconds, current, volts, start):
    """Rows of a leg at constant current, every 60 s and at its end."""
    t = np.append(np.arange(0.0, seconds, 60.0), seconds)
    return np.column_stack([start + t, np.full(len(t), current), np.interp(t, [0.0, seconds], volts)])


def record(gap=0.1, cycles=12):
    """A cathode half cell with a leak that flows in both legs: (I - L) t_charge = (I + L) t_discharge."""
    rows, now = [np.array([[0.0, 0.0, 3.0], [600.0, 0.0, 3.0]])], 660.0
    for _ in range(cycles):
        up, down = INNER / (CURRENT - LEAK), INNER / (CURRENT + LEAK)
        rows.append(leg(up, CURRENT, (3.4 + gap / 2, 3.6 + gap / 2), now))
        rows.append(leg(down, -CURRENT, (3.6 - gap / 2, 3.4 - gap / 2), now + up + 1e-3))
        now += up + down + 2e-3
    t, i, v = np.vstack(rows).T
    return new(
        "cycling", {"time": t, "current": i, "voltage": v, "current_range": np.full(len(t), 1e-4)}, source="pw.mpr"
    )


def test_a_leak_is_found_again_and_with_the_usual_offset_it_is_not():
    analysed = {
        offset: cycling.analyse(record(), cell="cathode half cell", current_offset=offset, area=LOCK)
        for offset in ("1 nA", None)
    }
    ledgers = {offset: charge_ledger(result, area=LOCK) for offset, result in analysed.items()}
    leak = ledgers["1 nA"].quantities["leak_current_density"]
    assert leak.value == pytest.approx(LEAK / AREA, rel=0.01)
    assert abs(leak.value - LEAK / AREA) < 2.0 * leak.u
    assert leak.budget()["current offset:pw.mpr#1"] == pytest.approx(1e-9 / AREA, rel=0.01)
    # 0.1 % of 100 uA are 100 nA, more than the leak itself: nothing can be said
    assert ledgers[None].findings["verdict"] == "current offset"
    assert ledgers[None].quantities["leak_current_density"].budget()["current offset:pw.mpr#1"] == pytest.approx(
        100e-9 / AREA, rel=0.01
    )


def test_sweep_of_the_technique_is_compared_at_the_voltage_of_the_charge():
    e = np.arange(2.5, 4.5, 0.001)
    i = 1e-9 * np.exp((e - 3.55) / 0.06) + 1e-12 * np.random.default_rng(1).standard_normal(len(e))
    data = new("voltammetry", {"time": e * 1e4, "current": i, "potential": e}, source="lsv.par")
    sweep = voltammetry.analyse(data, area=uncertain(0.785e-4, {"area:lsv": 1e-6}), reference="Na+/Na")
    analysed = cycling.analyse(record(), cell="cathode half cell", current_offset="1 nA", area=LOCK)
    found = charge_ledger(analysed, area=LOCK, lsv=sweep).quantities["leak_current_density:sweep"]
    assert found.value == pytest.approx(1e-9 / 0.785e-4, rel=0.05)  # mean voltage of the charge: 3.55 V
    assert found.method.endswith("at 3.55 V vs. Na+/Na")


def test_gap_and_capacity_of_the_technique_enter_the_overpotential_ledger():
    mass, capacity = uncertain(0.9e-6, {"mass:pw": 0.02e-6}), 171.0 * 3600.0
    analysed = cycling.analyse(record(gap=0.3), cell="cathode half cell", area=LOCK, active_mass=mass)
    q = analysed.quantities
    cell = CellParameters(
        name="pw",
        area=LOCK,
        active_mass=mass,
        theoretical_capacity=capacity,
        separator_thickness=8e-4,
        temperature=293.15,
        current_density=CURRENT / LOCK,
    )
    result = overpotential_ledger(
        cell,
        conductivity=0.0315,
        measured_hysteresis=q["voltage_hysteresis"].number,
        measured_capacity=q["specific_capacity:first_discharge"].number,
    )
    assert result.quantities["overpotential:measured"].value == pytest.approx(0.15, rel=0.01)
    given = INNER * (CURRENT / (CURRENT + LEAK)) / 0.9e-6
    assert result.quantities["capacity_loss:measured"].value == pytest.approx(1.0 - given / capacity, abs=0.002)
    assert "at a large gap" in result.findings["answer"]


def test_interface_of_a_plating_test():
    """+-0.05 mA/cm2 on 0.785 cm2, 200 ohm cm2 in all, 160 of them the electrolyte's."""
    area, hour = 0.785e-4, 3600.0
    t = np.arange(0.0, 20 * hour, 10.0)
    sign = np.where((t // hour) % 2 == 0, 1.0, -1.0)
    noise = 2e-5 * np.random.default_rng(0).standard_normal(len(t))
    columns = {"time": t, "current": 0.5 * area * sign, "voltage": 0.5 * 200e-4 * sign + noise}
    test = plating.analyse(new("cycling", columns, source="na.par"), area=uncertain(area, {"area:p": 0.2e-6}))
    result = interfacial_resistance(test, conductivity=uncertain(0.05, {"fit:eis": 0.0002}), thickness=8e-4)
    cell = result.quantities["area_specific_resistance:cell"]
    assert cell.value * 1e4 == pytest.approx(200.0, abs=2.0 * cell.u * 1e4)
    interface = result.quantities["interfacial_resistance"]
    assert interface.number is not None, interface.why
    assert interface.value * 1e4 == pytest.approx(20.0, abs=2.0 * interface.u * 1e4)


def test_real_sodium_cell(shared_data):
    """Na | NaxCoO2: 1 - CE of six pairs by legs, 13.57 + 6.48 + 7.14 + 7.52 + 7.68 + 7.99 = 50.38 %; no capacity is lost."""
    path = shared_data / "cycling/na_nacoo2/jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09.mpr"
    (data,) = (part for part in read(path) if part.attrs["kind"] == "cycling")
    result = charge_ledger(cycling.analyse(data), area=None)
    assert result.quantities["missing_charge"].value * 100 == pytest.approx(50.38, abs=0.03)
    assert result.quantities["capacity_loss"].value < 0
    assert result.findings["verdict"] == "not distinguishable"
