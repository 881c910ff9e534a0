"""Radiation, structures, profiles and settings: against closed forms and published values."""

import gemmi
import numpy as np
import pytest
from twins import CO, cif, salt

from closo.errors import DataError, StudyError
from closo.techniques.diffraction.profile import Instrument, combine, split
from closo.techniques.diffraction.reflections import add_peaks
from closo.techniques.diffraction.request import make_request
from closo.techniques.diffraction.structure import inverse_spacings, load, march
from closo.techniques.diffraction.wavelengths import radiation_of

CUBE = (5.6402, 5.6402, 5.6402, 90, 90, 90)


def saved(tmp_path, name, text):
    path = tmp_path / f"{name}.cif"
    path.write_text(text)
    return str(path)


def rock_salt(tmp_path):
    atoms = [("Na", (0, 0, 0), 1, 0.02), ("Cl", (0.5, 0.5, 0.5), 1, 0.015)]
    return load(saved(tmp_path, "salt", cif("salt", "F m -3 m", CUBE, atoms)), CO, largest_angle=90.0)


def test_rock_salt(tmp_path):
    """Halite: density 2.163 g/cm3; (200) is the strongest line, (111) about a tenth of it; multiplicities 8, 6, 12."""
    phase = rock_salt(tmp_path)
    assert phase.density == pytest.approx(2.163, abs=0.003)
    order = np.argsort(inverse_spacings(phase.cell, phase.hkl))
    assert [sorted(abs(h) for h in hkl) for hkl in phase.hkl[order[:3]].tolist()] == [[1, 1, 1], [0, 0, 2], [0, 2, 2]]
    per_line = phase.strength[order[:3]] * phase.volume**2 / np.array([8, 6, 12])
    # F(111) = 4 (f_Cl - f_Na), F(200) = 4 (f_Cl + f_Na); f at these angles from International Tables C
    assert np.sqrt(per_line[0]) == pytest.approx(4 * (13.4 - 8.9), rel=0.1)
    assert np.sqrt(per_line[1]) == pytest.approx(4 * (12.4 + 8.6), rel=0.05)


def test_charges_that_are_stated_count_by_half(tmp_path):
    """F(111) = 4 (f_Cl - f_Na) and F(200) = 4 (f_Cl + f_Na) lie halfway from atoms to ions (18 and 10 electrons)."""
    neutral = rock_salt(tmp_path)
    atoms = [("Na1+", (0, 0, 0), 1, 0.02), ("Cl1-", (0.5, 0.5, 0.5), 1, 0.015)]
    charged = load(saved(tmp_path, "ions", cif("ions", "F m -3 m", CUBE, atoms)), CO, largest_angle=90.0)
    assert charged.density == pytest.approx(neutral.density)
    gemmi.IT92_set_ignore_charge(False)
    form = {
        (name, charge): gemmi.IT92_get_exact(gemmi.Element(name), charge).calculate_sf
        for name in ("Na", "Cl")
        for charge in (0, {"Na": 1, "Cl": -1}[name])
    }
    assert form["Na", 1](0.0) == pytest.approx(10.0, abs=0.01)
    assert form["Cl", -1](0.0) == pytest.approx(18.0, abs=0.1)
    spacing = inverse_spacings(neutral.cell, neutral.hkl)
    for line, sign, many in ((int(np.argmin(spacing)), -1.0, 8), (int(np.argsort(spacing)[1]), 1.0, 6)):
        s2 = (0.5 * spacing[line]) ** 2
        moved = {name: form[name, q](s2) - form[name, 0](s2) for name, q in (("Na", 1), ("Cl", -1))}
        warm = {name: np.exp(-8.0 * np.pi**2 * s2 * u) for name, u in (("Na", 0.02), ("Cl", 0.015))}
        change = 0.5 * 4.0 * (warm["Cl"] * moved["Cl"] + sign * warm["Na"] * moved["Na"])
        half = np.sqrt(charged.strength[line]) - np.sqrt(neutral.strength[line])
        assert half * neutral.volume / np.sqrt(many) == pytest.approx(change, rel=0.05, abs=0.02)


def test_disordered_atoms_keep_their_images(tmp_path):
    """One twelfth of an atom on 48 places beside a mirror: 24 B and 24 H per cell."""
    phase = load(saved(tmp_path, "beta", salt("beta")), CO, largest_angle=80.0)
    assert phase.mass == pytest.approx(24 * (10.81 + 1.008) + 4 * 22.99, rel=1e-4)
    assert phase.density == pytest.approx(1.256, abs=0.002)


def test_spacings_of_a_triclinic_cell():
    """1/d2 from the closed form of International Tables."""
    a, b, c, angles = 5.0, 6.0, 7.0, np.radians([80.0, 95.0, 105.0])
    ca, cb, cg = np.cos(angles)
    h, k, n = 1, -2, 3
    volume2 = (a * b * c) ** 2 * (1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg)
    q2 = (
        (h * b * c * np.sin(angles[0])) ** 2
        + (k * a * c * np.sin(angles[1])) ** 2
        + (n * a * b * np.sin(angles[2])) ** 2
    )
    q2 += 2 * h * k * a * b * c**2 * (ca * cb - cg) + 2 * k * n * a**2 * b * c * (cb * cg - ca)
    q2 += 2 * h * n * a * b**2 * c * (ca * cg - cb)
    found = inverse_spacings((a, b, c, 80.0, 95.0, 105.0), np.array([[h, k, n]]))
    assert found[0] == pytest.approx(np.sqrt(q2 / volume2))


def test_preferred_orientation_keeps_the_mean(tmp_path):
    """March's weights average to 1 over all directions, and plates raise the planes that lie flat by ratio^-3."""
    phase = rock_salt(tmp_path)
    assert march(phase, (0, 0, 1), 1.0) == pytest.approx(np.ones(len(phase.hkl)))
    cubic = march(phase, (0, 0, 1), 0.8)
    line = [sorted(abs(h) for h in hkl) for hkl in phase.hkl.tolist()].index([0, 0, 2])
    assert cubic[line] == pytest.approx((0.8**-3 + 2 * 0.8**1.5) / 3)


@pytest.mark.parametrize("axial", [0.0, 0.05])
def test_reflections_keep_their_area_and_width(axial):
    x = np.arange(10.0, 60.0, 0.005)
    y = add_peaks(x, np.array([35.0]), fwhm=np.array([0.2]), share=np.array([0.3]), area=np.array([7.0]), axial=axial)
    assert np.sum(y) * 0.005 == pytest.approx(7.0, rel=0.03)  # Lorentzian tails beyond the reach are left out
    above = x[y > 0.5 * y.max()]
    assert above[-1] - above[0] == pytest.approx(0.2, abs=0.02 if axial else 0.006)
    assert float(np.sum(x * y) / np.sum(y)) == pytest.approx(
        35.0 - 0.05**2 / 12 / np.tan(np.radians(35)) * 57.3 * (axial > 0), abs=0.004
    )


def test_parts_of_a_profile_combine_to_the_whole():
    for share in (0.0, 0.3, 0.7, 1.0):
        gauss, lorentz = split(share)
        width, found = combine(np.array([gauss * 0.4]), np.array([lorentz * 0.4]))
        assert width[0] == pytest.approx(0.4, rel=0.01)
        assert found[0] == pytest.approx(share, abs=0.02)


def test_instrument_survives_its_text():
    assert (
        str(Instrument.parse(str(Instrument(0.001, -0.002, 0.003, 0.01, 0.02, 0.03))))
        == "0.001 -0.002 0.003 0.01 0.02 0.03"
    )
    with pytest.raises(StudyError, match="is not an instrument profile"):
        Instrument.parse("1 2 3")


@pytest.mark.parametrize(
    ("metadata", "asked", "says"),
    [
        ({}, {}, "needs the wavelength, which this file does not state"),
        ({"anode": "Cu"}, {"anode": "Co"}, r"states Cu K alpha \(1.54059 angstrom\), but Co K alpha \(1.78900\)"),
        ({"wavelength": 1.78897e-10}, {"wavelength": 1.5406}, "asked for"),
    ],
)
def test_a_missing_or_contradicted_wavelength_is_one_sentence(metadata, asked, says):
    with pytest.raises(DataError, match=says) as caught:
        radiation_of(metadata, **({"anode": None, "wavelength": None} | asked), file="a.xy")
    assert caught.value.message.count(". ") == 0
    assert caught.value.hint


def test_the_lines_of_the_file_win_over_those_of_the_anode():
    stated = {"anode": "CO", "wavelength": 1.78897e-10, "wavelength_alpha2": 1.79285e-10, "alpha2_ratio": 0.4}
    radiation = radiation_of(stated, anode="Co", wavelength=None, file="a.raw")
    assert radiation.main == pytest.approx(1.78897)
    assert radiation.lines[1][1] == pytest.approx(0.4 / 1.4)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "needs phases"),
        ({"phases": "a.cif,b/a.cif"}, "too many or some twice"),
        ({"phases": "a.cif", "anode": "Cr"}, "'Cr' is not known"),
        ({"phases": "a.cif", "halo": "quartz"}, "halo = 'quartz'"),
        ({"phases": "a.cif,b.cif", "standard": True}, "a standard is one phase"),
        ({"phases": "a.cif", "two_theta_min": 50.0, "two_theta_max": 20.0}, "leave no range"),
        ({"phases": "a.cif", "cell_limit": 50.0}, "cell_limit = 50 is not valid"),
        ({"phases": "a.cif", "internal_standard": "b=20 wt%"}, "names 'b', which is not a phase"),
        ({"phases": "a.cif", "internal_standard": "a=120 wt%"}, "is not valid"),
        ({"phases": "a.cif", "texture": "a:0 0 0"}, "texture = 'a:0 0 0' is not valid"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, says):
    with pytest.raises(StudyError, match=says) as caught:
        make_request(settings)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", "not a CIF file"),
        ("data_a\n_cell_length_a 5\n", "no atoms in a cell"),
        (cif("a", "X y z", CUBE, [("Na", (0, 0, 0), 1, 0.01)]), "space group 'X y z' is not known"),
        (cif("a", "P 1", (900, 900, 900, 90, 90, 90), [("Na", (0, 0, 0), 1, 0.01)]), "no unit cell that can be"),
        (cif("a", "P 1", CUBE, [("Qq", (0, 0, 0), 1, 0.01)]), "no element"),
        (cif("a", "P 1", CUBE, [("Na", (0, 0, 0), 3, 0.01)]), "occupancy that is not valid"),
    ],
)
def test_wrong_cif_files(tmp_path, text, says):
    path = saved(tmp_path, "a", text)
    with pytest.raises(StudyError, match=says) as caught:
        load(path, CO, largest_angle=80.0)
    assert caught.value.file == path
    with pytest.raises(StudyError, match="no such CIF file"):
        load(f"{path}x", CO, largest_angle=80.0)
