"""Real patterns: round-robin mixtures of weighed truth, and certified cells."""

import numpy as np
import pytest

from closo.dataset import new
from closo.readers import read
from closo.techniques import get

DIFFRACTION = get("diffraction")
WEIGHED = {  # wt% of corundum, zincite, fluorite (Madsen et al. 2001)
    "1a": (1.15, 4.04, 94.81),
    "1c": (5.04, 93.59, 1.36),
    "1e": (55.12, 15.25, 29.62),
    "1g": (31.37, 34.21, 34.42),
    "1h": (35.12, 30.19, 34.69),
}
PHASES = ("corundum", "zincite", "fluorite")


@pytest.fixture(scope="session")
def models(shared_data):
    folder = shared_data.parent / "models"
    if not folder.is_dir():
        pytest.skip(f"the model cells are not on this machine ({folder})")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", WEIGHED)
def test_round_robin(shared_data, models, name):
    (data,) = read(shared_data / f"structure/xrd/cpd_qpa/cpd-{name}.prn")
    files = ",".join(str(models / f"{phase}.cif") for phase in PHASES)
    result = DIFFRACTION.analyse(data, phases=files, anode="Cu", monochromator=26.6, two_theta_min=20.0)
    for phase, weighed in zip(PHASES, WEIGHED[name], strict=True):
        found = result.quantities[f"mass_fraction:{phase}"]
        assert 100 * found.value == pytest.approx(weighed, abs=2.0)
        assert abs(100 * found.value - weighed) < 200 * found.u


def lab6(shared_data):
    (data,) = read(shared_data / "structure/xrd/standards/LaB6_Jan2018.raw")
    return data


def certified(shared_data):
    """Return the measured scan of SRM 660c: 2theta, intensity and weight in columns of a CIF file."""
    lines = (shared_data / "structure/xrd/standards/nist_srm660c_100a.cif").read_text().splitlines()
    rows = [line.split() for line in lines[128:]]
    end = next(k for k, row in enumerate(rows) if len(row) != 3)
    x, y, _ = np.array(rows[:end], float).T
    return new("diffraction", {"two_theta": x, "intensity": y}, source="srm660c.cif", metadata={"anode": "Cu"})


@pytest.mark.parametrize(
    ("scan", "a", "settings"), [(lab6, 4.1569, {"two_theta_min": 18.0}), (certified, 4.15678, {"monochromator": 26.6})]
)
def test_cell_of_a_standard(shared_data, models, scan, a, settings):
    data = scan(shared_data)
    result = DIFFRACTION.analyse(data, phases=str(models / "LaB6.cif"), standard=True, radius=217.5, **settings)
    found = result.quantities["lattice_a:LaB6"]
    assert 1e10 * found.value == pytest.approx(a, abs=0.0002)
    assert abs(1e10 * found.value - a) < 2e10 * found.u
    assert any("--set profile=" in note for note in result.notes)
    if scan is certified:  # the file states that the specimen stood 78.77 um too low
        assert result.quantities["displacement"].value == pytest.approx(-78.77e-6, abs=5e-6)


def test_scrambled_counts_are_refused(closo, shared_data, models):
    file = shared_data / "structure/xrd/bruker/SCRAMBLED_bruker4_diffrac_eva.raw"
    code, out, err = closo("run", "diffraction", file, "--set", f"phases={models / 'corundum.cif'}")
    assert code != 0
    assert "intensities are negative, which no detector gives" in " ".join((out + err).split())
