"""A real chronoamperometry: 12 h at 0.3 V, down to a few nanoampere."""

import pytest

from closo.quantity import uncertain
from closo.readers import read
from closo.techniques.polarization import analyse


def test_record_of_twelve_hours(shared_data):
    (data,) = read(shared_data / "eis" / "yadg" / "ca.mpt")
    area, thickness = uncertain(1.131e-4, {"area:p": 1e-6}), uncertain(5e-4, {"thickness:p": 1e-5})
    result = analyse(data, area=area, thickness=thickness)
    assert result.quantities["applied_voltage"].value == pytest.approx(0.2985, abs=5e-4)
    steady = result.quantities["steady_state_current"]
    last = float(data["current"].values[-60:].mean())
    assert abs(steady.value) < 1.2 * last  # the tail still falls: I_inf lies below the last hour, how far nobody knows
    assert steady.budget()["tail model:ca.mpt#1"] > 0.3 * last
    assert not next(c for c in result.checks if c.name == "steady state").passed
    assert result.quantities["electronic_conductivity"].value is None
    # the first of 721 readings was taken before the potential had arrived; it is left out
    assert data["potential"].values[0] < 0.2
    assert result.findings["steps"][0][0] == pytest.approx(float(data["time"].values[0]), abs=1.0)


def test_five_samples_are_too_few(shared_data):
    from closo.errors import DataError

    data = read(shared_data / "eis" / "elchempy" / "N2_HPRR_DW28_0.1MHClO4+10mMH2O2_disk_298.par")[0]
    with pytest.raises(DataError, match="at least 20 samples"):
        analyse(data)


@pytest.mark.parametrize("ending", ["mpt", "mpr"])
@pytest.mark.parametrize(("off", "passed"), [(0.0, True), (0.012, False), (0.1, False)])
def test_the_measured_voltage_is_held_against_the_set_one(shared_data, ending, off, passed):
    """0.3 V are set and 0.2986 V read; readings that are off by more than a potentiostat may be are said."""
    (data,) = read(shared_data / "eis" / "yadg" / f"ca.{ending}")
    assert float(data["set_potential"].values[-1]) == pytest.approx(0.3, abs=1e-4)
    result = analyse(data.assign(potential=data["potential"] + off))
    check = next(c for c in result.checks if c.name == "set voltage")
    assert check.passed is passed
    assert "applied_voltage" in check.judges


def test_versastudio_states_the_set_potential(shared_data):
    parts = read(shared_data / "eis" / "elchempy" / "N2_HPRR_DW28_0.1MHClO4+10mMH2O2_disk_298.par")
    held = [data for data in parts if data.attrs["kind"] == "chronoamperometry"]
    assert len(held) == 2
    for data in held:
        assert float(abs(data["potential"] - data["set_potential"]).max()) < 1e-3
