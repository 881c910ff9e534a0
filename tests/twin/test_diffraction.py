"""The example's patterns give back what went in: cells, amounts, and that a form is gone."""

from pathlib import Path

import pytest

from closo.readers import read
from closo.techniques import get
from closo.twin.composite import phase_fractions
from closo.twin.diffraction import PHASES, PROFILE, write_patterns
from closo.twin.truth import Truth


@pytest.fixture(scope="module")
def patterns(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patterns")
    hours = {"PM": (0.0, 0.5), "2h": (2.0, 0.5), "8h": (8.0, 0.5)}
    write_patterns(folder, folder / "structures", Truth(seed=7), hours)
    return folder


def analysed(folder: Path, name: str):
    (data,) = read(folder / f"{name}.uxd")
    files = ",".join(str(folder / "structures" / f"{phase}.cif") for phase in PHASES)
    return get("diffraction").analyse(data, phases=files, profile=PROFILE, halo="silica", smallest_size=6.0).quantities


def test_amounts_and_main_reflections(patterns):
    a, b, _ = phase_fractions(2.0, k1=0.64, k2=0.064)
    found = analysed(patterns, "2h")
    share = found["mass_fraction:monoclinic"]
    assert share.value == pytest.approx(a / (a + b), abs=2.0 * share.u)
    assert share.u < 0.04
    assert found["main_reflection:monoclinic"].value == pytest.approx(17.62, abs=0.08)
    assert found["main_reflection:cubic"].value == pytest.approx(18.39, abs=0.08)


def test_a_form_that_is_gone_is_not_found_in_the_glass(patterns):
    """0.9 wt% of 3 nm crystallites would look like the hump of the milled salt: it must not be found as 17 wt%."""
    for name, gone in (("8h", "monoclinic"), ("PM", "cubic")):
        found = analysed(patterns, name)
        assert found[f"mass_fraction:{gone}"].value is None
        assert found[f"mass_fraction:{gone} upper_limit"].value > (0.009 if name == "8h" else 0.0)


def test_equal_seeds_give_equal_bytes_and_a_header(patterns, tmp_path):
    write_patterns(tmp_path, tmp_path / "structures", Truth(seed=7), {"2h": (2.0, 0.5)})
    assert (tmp_path / "2h.uxd").read_bytes() == (patterns / "2h.uxd").read_bytes()
    assert "SYNTHETIC" in (tmp_path / "structures" / "cubic.cif").read_text()
