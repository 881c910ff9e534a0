"""Real cells with known charges and efficiencies; nothing is set but the kind of cell."""

import numpy as np
import pytest

from closo.readers import read
from closo.techniques.cycling import analyse, figure
from closo.techniques.half_cycles import find_legs

MAH = 3.6


def cycling(path):
    """Return the cycling record of a file."""
    return next(d for d in read(path) if d.attrs["kind"] == "cycling")


def efficiencies(result):
    return np.round(100.0 * result.curves["coulombic_efficiency"].values, 2).tolist()


def test_sodium_cobaltate_starts_with_a_partial_discharge(shared_data):
    name = "jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09.mpr"
    result = analyse(cycling(shared_data / "cycling" / "na_nacoo2" / name), cell="cathode half cell")
    legs = [
        -0.2065, 0.9868, -0.8529, 0.9371, -0.8763, 0.9419, -0.8747, 0.9479, -0.8767, 0.9517, -0.8786, 0.9559, -0.8795
    ]  # fmt: skip
    assert np.round(result.curves["leg_charge"].values / MAH, 4).tolist() == legs
    assert efficiencies(result) == [86.43, 93.52, 92.86, 92.48, 92.32, 92.01]
    assert result.quantities["charge:initial_discharge"].value == pytest.approx(0.2065 * MAH, abs=5e-5 * MAH)
    assert all(check.passed is not False for check in result.checks)
    assert any("7000.000 mg" in note and "default" in note for note in result.notes)
    assert any("0.001 cm2" in note and "default" in note for note in result.notes)


@pytest.mark.parametrize("ending", ["mpt", "mpr"])
def test_hard_carbon_is_charge_over_the_discharge_before(shared_data, ending):
    path = shared_data / "cycling" / "na_hardcarbon" / f"gcpl.pr_182.1.{ending}"
    result = analyse(cycling(path), cell="anode half cell")
    legs = [-3.2520, 2.6161, -2.2524, 2.0926, -2.1195, 1.9882, -2.0883, 1.9789]
    assert np.round(result.curves["leg_charge"].values / MAH, 4).tolist() == legs
    assert efficiencies(result) == [80.45, 92.91, 93.80, 94.76]
    assert analyse(cycling(path)).settings["cell"] == "anode half cell"


@pytest.mark.parametrize("ending", ["mpt", "mpr"])
def test_spectra_are_not_charge(shared_data, ending):
    """The instrument's half cycles give 2.8010 / 2.9023 uAh and 96.5 %: it counts the direct current of the spectra."""
    data = cycling(shared_data / "cycling" / "symmetric" / f"li_tape_peis_interludes_mb.{ending}")
    result = analyse(data, cell="symmetric cell")
    first, second = result.curves["leg_charge"].values[2:4] / MAH * 1000.0
    assert (round(float(first), 4), round(float(second), 4)) == (2.8010, -2.7991)
    assert round(100 * result.quantities["coulombic_efficiency"].value, 2) == 99.93
    assert result.curves["next_to_interlude"].values.all()
    spectra = result.curves["interlude_charge"].values / MAH * 1000.0
    assert spectra[1] + spectra[2] == pytest.approx(-(2.9023 - 2.7991), abs=2e-4)
    assert figure(result).panels[1].spans


def test_lnmo_full_cell(shared_data):
    """Cycle 4 is the first one up to 4.6 V and at ten times the current: both of its legs ended at their limits."""
    result = analyse(cycling(shared_data / "cycling" / "biologic_misc" / "gcpl.issue_228.mpr"), cell="full cell")
    found = efficiencies(result)
    assert [*found[:5], found[10]] == [85.80, 97.56, 97.70, 94.79, 98.94, 99.33]
    assert len(found) == 11
    assert any("no partner" in note for note in result.notes)
    assert "another rate" in result.quantities["capacity_retention"].why
    later = analyse(
        cycling(shared_data / "cycling" / "biologic_misc" / "gcpl.issue_228.mpr"), cell="full", reference_cycle=4
    )
    assert later.quantities["capacity_retention"].value == pytest.approx(1.8971 / 1.9463, abs=1e-4)


def test_neware_first_cycle(shared_data):
    result = analyse(
        cycling(shared_data / "cycling" / "neware" / "BTS85-36-6-5-110-20240424.ndax"), cell="cathode half cell"
    )
    assert round(result.quantities["charge:first_charge"].value / MAH, 4) == 1.0570
    assert round(result.quantities["charge:first_discharge"].value / MAH, 4) == 1.0260
    assert int(result.curves["rate_group"].values.max()) == 6


def test_neware_cell_that_starts_partly_charged(shared_data):
    """Cycle 2: discharge 37.992 mAh; the 33.259 mAh on record for its charge are the step before the hold at 4.2 V."""
    data = cycling(shared_data / "cycling" / "neware" / "nw4-120-6-1-36.ndax")
    result = analyse(data, cell="full cell")
    table = result.curves
    assert round(float(table["discharge"][1]) / MAH, 3) == 37.992
    legs = find_legs(*(data[k].values for k in ("time", "current", "voltage")), counter=data["charge"].values)
    rows = slice(legs.start[2], legs.stop[2])
    hold = int(np.flatnonzero(np.diff(data["step"].values[rows]))[0])
    counter = data["charge"].values[rows] / MAH
    assert round(float(counter[hold] - counter[0]), 3) == 33.259
    assert float(table["charge"][1]) / MAH == pytest.approx(float(counter[-1] - counter[0]), rel=1e-4)
    assert table["partial"].values.tolist() == [1, 0, 0, 0, 0]
    assert result.settings["reference_cycle"] == 2
    assert next(c for c in result.checks if c.name == "complete cycles").passed is False


def test_a_clock_that_jumps_is_seen_and_not_integrated(shared_data):
    """A rate test whose time jumps at the beginning of steps: plain integration gives efficiencies up to 2777 %."""
    (path,) = (shared_data / "cycling" / "bdf").glob("*Time_Bug*")
    result = analyse(cycling(path), cell="full cell")
    found = 100.0 * result.curves["coulombic_efficiency"].values[1:]
    assert np.all((found > 99.0) & (found < 100.5))
    check = next(c for c in result.checks if c.name == "record without gaps")
    assert check.passed is False
    assert "10 intervals" in check.detail
