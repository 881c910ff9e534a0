"""Whole patterns of known truth: amounts, limits, amorphous parts, and refusals."""

import numpy as np
import pytest
from twins import cif, milled, salt

from closo.combine.phases import phase_series
from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.quantity import uncertain
from closo.readers import read
from closo.techniques import get
from closo.techniques.diffraction.structure import inverse_spacings, load
from closo.techniques.diffraction.wavelengths import radiation_of

DIFFRACTION = get("diffraction")
CRYSTALS = {
    "halite": ("F m -3 m", 5.6402, [("Na", (0, 0, 0), 1, 0.02), ("Cl", (0.5, 0.5, 0.5), 1, 0.015)]),
    "silicon": ("F d -3 m :1", 5.4309, [("Si", (0, 0, 0), 1, 0.006)]),
    "fluorite": ("F m -3 m", 5.4626, [("Ca", (0, 0, 0), 1, 0.006), ("F", (0.25, 0.25, 0.25), 1, 0.008)]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("crystals")
    for name, (group, a, atoms) in CRYSTALS.items():
        (made / f"{name}.cif").write_text(cif(name, group, (a, a, a, 90, 90, 90), atoms))
    for kind in ("alpha", "beta"):
        (made / f"{kind}.cif").write_text(salt(kind))
    return made


def mixture(folder, masses, *, seed=0, anode="Cu", scale=1.0, glass=0.0, times=1):
    """Return Gaussian reflections of some masses, 3 A cells off by 0.1 %, with glass, and Poisson noise."""
    radiation = radiation_of({}, anode=anode, wavelength=None, file="")
    x = np.arange(20.0, 80.0, 0.02)
    y = np.full(x.size, 150.0) + 600.0 * glass * np.exp(-2.8 * ((x - 24.0) / 8.0) ** 2)
    for name, mass in masses.items():
        phase = load(str(folder / f"{name}.cif"), radiation, largest_angle=80.0)
        for wavelength, part in radiation.lines:
            angle = 2.0 * np.arcsin(0.5 * wavelength * inverse_spacings(phase.cell, phase.hkl) * 1.001)
            theta = 0.5 * angle
            height = (
                part * phase.strength * (1 + np.cos(angle) ** 2) / (np.sin(theta) ** 2 * np.cos(theta)) / phase.density
            )
            width = 0.10 + 0.05 * np.tan(theta)
            y += (100.0 * mass * height / width * np.exp(-2.8 * ((x[:, None] - np.degrees(angle)) / width) ** 2)).sum(
                axis=1
            )
    counts = np.random.default_rng(seed).poisson(scale * y)
    return new(
        "diffraction", {"two_theta": x, "counts": counts * times}, source="mixture.xy", metadata={"anode": anode}
    )


def analysed(folder, data, *names, **settings):
    return DIFFRACTION.analyse(data, phases=",".join(str(folder / f"{n}.cif") for n in names), **settings)


def test_amounts_cells_and_checks(folder):
    result = analysed(folder, mixture(folder, {"halite": 0.7, "silicon": 0.3}), "halite", "silicon")
    found = result.quantities
    assert found["mass_fraction:halite"].value == pytest.approx(0.7, abs=0.015)
    assert found["mass_fraction:halite"].value + found["mass_fraction:silicon"].value == pytest.approx(1.0)
    assert found["lattice_a:silicon"].value == pytest.approx(5.4309e-10 / 1.001, abs=3 * found["lattice_a:silicon"].u)
    parts = {source.partition(":")[0]: u for source, u in found["lattice_a:silicon"].budget().items()}
    assert parts.pop("goniometer zero") == pytest.approx(0.8e-13, rel=0.2)  # 0.05 deg
    assert max(parts.values()) < 5e-14
    assert "above" in found["crystallite_size:halite"].why
    assert all(check.passed for check in result.checks), result.checks
    assert any(source.startswith("structure model:silicon") for source in found["mass_fraction:halite"].budget())


@pytest.mark.parametrize("zero", [0.06, 0.1, 0.2])
def test_a_shift_may_be_that_of_the_zero(folder, zero):
    """All angles too high: fitted as a displacement, which moves the cell; its u says so."""
    data = mixture(folder, {"halite": 0.7, "silicon": 0.3})
    off = data.assign_coords(two_theta=data["two_theta"] + zero)
    found, shifted = (analysed(folder, one, "halite", "silicon").quantities["lattice_a:silicon"] for one in (data, off))
    true = 5.4309e-10 / 1.001
    assert abs(shifted.value - true) > 5.0 * abs(found.value - true)
    assert abs(shifted.value - true) < 2.0 * shifted.u
    assert next(iter(shifted.budget())).startswith("goniometer zero")


@pytest.mark.slow
def test_cells_hold_whatever_of_a_shift_was_that_of_the_zero(folder):
    """Zeros of up to 0.1 deg, which the height of the specimen adds to or undoes: the cells hold, amounts stay."""
    rng, hits, parts = np.random.default_rng(4), [], []
    for seed in range(20):
        zero, height = rng.choice([0.0, 0.03, -0.03, 0.06, -0.06, 0.1, -0.1]), rng.normal(0.0, 0.06)
        data = mixture(folder, {"halite": 0.7, "silicon": 0.3}, seed=seed)
        shift = zero + height * np.cos(np.radians(data["two_theta"] / 2.0))
        found = analysed(
            folder, data.assign_coords(two_theta=data["two_theta"] + shift), "halite", "silicon"
        ).quantities
        cell = found["lattice_a:silicon"]
        hits.append(abs(cell.value - 5.4309e-10 / 1.001) < 1.96 * cell.u)
        parts.append(found["mass_fraction:halite"].value)
    assert 0.90 <= np.mean(hits)
    assert np.mean(parts) == pytest.approx(0.7, abs=0.005)
    assert np.std(parts) < 0.005  # counting alone gives 0.0025


def test_a_powder_gives_less_than_its_structure_says(folder):
    """A tenth of the halite is glass: a response that a weighed mixture told brings the mass back, with its own u."""
    data = mixture(folder, {"halite": 0.9 * 0.6, "silicon": 0.4})
    plain, told = (
        analysed(folder, data, "halite", "silicon", **s).quantities["mass_fraction:halite"]
        for s in ({}, {"response": "halite=90 ± 2 %"})
    )
    assert plain.value == pytest.approx(0.54 / 0.94, abs=0.015)
    assert told.value == pytest.approx(0.6, abs=0.015)
    assert told.budget()["response:halite"] == pytest.approx(0.6 * 0.4 * 0.02, rel=0.05)  # 2 % of it
    assert "structure model:halite" not in {k for k, u in told.budget().items() if u > 0}
    for wrong, says in (
        ("salt=90 %", "is not a phase"),
        ("halite=0.9", "is not valid"),
        ("halite", "is not a mass_fraction"),
    ):
        with pytest.raises(StudyError, match=says):
            DIFFRACTION.check_settings({"phases": "halite.cif,silicon.cif", "response": wrong})


def leaves(path, draws=200_000):
    """Return by Monte Carlo what leaves spheres under 90 deg, `path` is (mu - mean mu) times the diameter."""
    random = np.random.default_rng(0)
    inside = random.normal(size=(draws, 3))
    inside *= (random.uniform(size=draws) ** (1 / 3) / np.linalg.norm(inside, axis=1))[:, None]
    ways = [np.sqrt(inside[:, k] ** 2 + 1.0 - (inside**2).sum(axis=1)) - inside[:, k] for k in (0, 1)]
    return float(np.exp(-0.5 * path * (ways[0] + ways[1])).mean())


def test_dead_time_of_the_detector_fails_a_check(folder):
    """The highest point 20 % low; without dead time the check passes (`test_amounts_cells_and_checks`)."""
    data = mixture(folder, {"halite": 0.7, "silicon": 0.3})
    lost = data["counts"] / (1.0 + 0.25 * data["counts"] / data["counts"].max())
    result = analysed(folder, data.assign(counts=lost.round()), "halite", "silicon")
    (failed,) = [check for check in result.checks if not check.passed]
    assert failed.name == "detector linear"
    assert "dead time" in failed.detail


def test_particles_whose_size_is_stated_are_corrected(folder):
    """Silicon of 30 um and halite of 20 um: what leaves them is simulated apart, for the shares by volume that are true."""
    radiation = radiation_of({}, anode="Cu", wavelength=None, file="")
    phases = [load(str(folder / f"{name}.cif"), radiation, largest_angle=80.0) for name in ("halite", "silicon")]
    volume = np.array([0.6 / phases[0].density, 0.4 / phases[1].density])
    mu = np.array([phase.attenuation for phase in phases])
    paths = 1e-4 * (mu - volume @ mu / volume.sum()) * np.array([20.0, 30.0])
    data = mixture(folder, {"halite": 0.6 * leaves(paths[0]), "silicon": 0.4 * leaves(paths[1])})
    bare = analysed(folder, data, "halite", "silicon").quantities["mass_fraction:halite"]
    asked = {"particle_size": "halite:20 ± 4, silicon:30 ± 6"}
    found = analysed(folder, data, "halite", "silicon", **asked).quantities["mass_fraction:halite"]
    assert abs(bare.value - 0.6) > 0.01
    assert found.value == pytest.approx(0.6, abs=0.01)
    assert "Brindley" in found.method
    assert found.budget()["micro-absorption:silicon"] > 0.001
    none, wide = (
        analysed(folder, data, "halite", "silicon", particle_size=most).quantities["mass_fraction:halite"]
        for most in (0, 40)
    )
    assert "Brindley" not in none.method
    assert abs(none.value - bare.value) < 0.1 * abs(bare.value - 0.6)  # 0.5 um of 20
    assert abs(wide.value - 0.6) < 2.0 * wide.u  # 20 ± 20 um of both
    assert wide.budget()["micro-absorption:silicon"] > 20.0 * bare.budget()["micro-absorption:silicon"]
    coarse = analysed(folder, data, "halite", "silicon", particle_size=1000).quantities["mass_fraction:halite"]
    assert abs(coarse.value - 0.6) < 2.0 * coarse.u  # far beyond the formula
    for wrong, says in (
        ("quartz:3", "is not a phase"),
        ("halite:0", "is not valid"),
        ("-2", "not valid"),
    ):
        with pytest.raises(StudyError, match=says):
            DIFFRACTION.check_settings({"phases": "halite.cif,silicon.cif", "particle_size": wrong})


def test_a_phase_that_is_not_there_gets_a_limit(folder):
    result = analysed(folder, mixture(folder, {"halite": 1.0}), "halite", "fluorite")
    absent = result.quantities["mass_fraction:fluorite"]
    assert absent.value is None
    assert "not detected: below" in absent.why
    assert float(absent.why.split("below ")[1].split(" ")[0]) < 5.0
    assert result.quantities["lattice_a:fluorite"].value is None
    assert 0 < result.quantities["detection_limit:fluorite"].value < 0.05


def test_a_little_of_a_phase_is_found_or_lies_below_the_bound(folder):
    little = analysed(folder, mixture(folder, {"halite": 0.996, "fluorite": 0.004}, seed=5), "halite", "fluorite")
    why = little.quantities["mass_fraction:fluorite"].why
    assert float(why.split("below ")[1].split(" ")[0]) > 0.4
    more = analysed(folder, mixture(folder, {"halite": 0.992, "fluorite": 0.008}, seed=5), "halite", "fluorite")
    found = more.quantities["mass_fraction:fluorite"]
    assert found.value == pytest.approx(0.008, abs=2 * found.u)
    assert 0.001 < found.u < 0.003


def test_amorphous_part_against_what_was_weighed_in(folder):
    """20 wt% silicon weighed in; 40 wt% of the sample is glass: crystals 0.48, silicon 0.2, glass 0.32."""
    data = mixture(folder, {"halite": 0.48, "silicon": 0.20}, glass=1.0)
    asked = {"halo": "silica", "internal_standard": "silicon=20.0 ± 0.1 wt%"}
    found = analysed(folder, data, "halite", "silicon", **asked).quantities["amorphous_fraction"]
    assert found.value == pytest.approx(0.40, abs=2 * found.u)
    assert found.u < 0.06
    whole = analysed(folder, mixture(folder, {"halite": 0.8, "silicon": 0.2}), "halite", "silicon", **asked)
    assert "not detected" in whole.quantities["amorphous_fraction"].why
    overfull = analysed(folder, mixture(folder, {"halite": 0.9, "silicon": 0.1}), "halite", "silicon", **asked)
    assert "check the weighing" in overfull.quantities["amorphous_fraction"].why


def test_a_halo_that_was_measured(folder, tmp_path):
    """Glass of another place and width than silica: its own pattern as halo, with noise and a background of its own."""
    data = mixture(folder, {"halite": 0.6, "silicon": 0.4}, glass=2.0)
    x = np.arange(18.0, 82.0, 0.05)
    alone = np.random.default_rng(1).poisson(90.0 + 400.0 * np.exp(-2.8 * ((x - 24.0) / 8.0) ** 2))
    rows = "".join(f"{angle:.2f} {count}\n" for angle, count in zip(x, alone, strict=True))
    (tmp_path / "glass.xy").write_text(f"# glass alone\n{rows}")
    asked = {"halo_file": read(tmp_path / "glass.xy"), "background": 3}
    result = analysed(folder, data, "halite", "silicon", **asked)
    found = result.quantities["mass_fraction:halite"]
    assert found.value == pytest.approx(0.6, abs=2 * found.u)
    assert result.settings["halo"] == "file"
    drawn = result.curves["halo"].values
    assert drawn.max() == pytest.approx(1200.0 * (1.0 + 90.0 / 400.0), rel=0.1)  # with the background of its own file
    assert result.curves["two_theta"].values[drawn.argmax()] == pytest.approx(24.0, abs=0.6)


def test_the_profile_of_the_instrument_from_a_pattern_of_a_standard(folder):
    """As if the numbers that a run with standard=true prints had been written down."""
    standard = mixture(folder, {"silicon": 1.0}, seed=9)
    silicon, data = str(folder / "silicon.cif"), mixture(folder, {"halite": 0.7, "silicon": 0.3})
    printed = analysed(folder, standard, "silicon", standard=True).settings["instrument"]
    asked = {"profile_file": [standard], "profile_phase": silicon}
    by_file, by_hand = (
        analysed(folder, data, "halite", "silicon", **asked),
        analysed(folder, data, "halite", "silicon", profile=printed),
    )
    for key, quantity in by_hand.quantities.items():
        assert by_file.quantities[key].value == quantity.value
        assert by_file.quantities[key].why == quantity.why
    assert "the instrument's profile is not known" not in by_file.quantities["crystallite_size:halite"].why
    assert by_file.settings["profile_file"] == standard.attrs["title"]
    with pytest.raises(StudyError, match="needs profile_phase"):
        analysed(folder, data, "halite", "silicon", profile_file=[standard])
    with pytest.raises(StudyError, match="shows no profile"):
        analysed(folder, data, "halite", "silicon", profile_file=[standard], profile_phase=str(folder / "alpha.cif"))


def strained(folder, strain, size):
    """Return fluorite of a strain and a size [angstrom], Lorentzian each, in an instrument of 0.08 deg."""
    radiation = radiation_of({}, anode="Cu", wavelength=None, file="")
    x = np.arange(20.0, 110.0, 0.02)
    phase, y = load(str(folder / "fluorite.cif"), radiation, largest_angle=110.0), np.zeros(x.size)
    for wavelength, part in radiation.lines:
        angle = 2.0 * np.arcsin(0.5 * wavelength * inverse_spacings(phase.cell, phase.hkl))
        theta = 0.5 * angle
        height = part * phase.strength * (1 + np.cos(angle) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        width = np.degrees(0.9 * wavelength / (size * np.cos(theta))) + np.degrees(4.0 * strain * np.tan(theta))
        width = np.hypot(width, 0.08)
        y += (height / width / (1.0 + 4.0 * ((x[:, None] - np.degrees(angle)) / width) ** 2)).sum(axis=1)
    counts = np.random.default_rng(0).poisson(100.0 + 3000.0 * y / y.max())
    return new("diffraction", {"two_theta": x, "counts": counts}, source="s.xy", metadata={"anode": "Cu"})


def test_strain_is_told_from_size_by_enough_lines_alone(folder):
    profile = {"profile": "0 0 0.0064 0 0 0.0"}
    found = analysed(folder, strained(folder, 0.003, 400.0), "fluorite", **profile).quantities
    assert found["microstrain:fluorite"].value == pytest.approx(0.003, abs=2 * found["microstrain:fluorite"].u)
    assert found["crystallite_size:fluorite"].value == pytest.approx(40e-9, rel=0.2)
    none = analysed(folder, strained(folder, 0.0, 400.0), "fluorite", **profile).quantities["microstrain:fluorite"]
    assert none.why.startswith("not detected: below 0.")
    few = analysed(folder, strained(folder, 0.003, 400.0), "fluorite", two_theta_max=60.0, **profile)
    assert "reflections stand alone; 6 tell strain" in few.quantities["microstrain:fluorite"].why
    blind = analysed(folder, strained(folder, 0.003, 400.0), "fluorite")
    assert "profile is not known" in blind.quantities["microstrain:fluorite"].why


def test_counts_times_a_factor_change_no_digit(folder):
    """Counts per second, or counts with a gain, are the same pattern: the noise is taken from neighbours."""
    data = mixture(folder, {"halite": 0.7, "silicon": 0.3}, seed=3)
    results = []
    for factor in (0.125, 512.0):
        values = {"two_theta": data["two_theta"].values, "intensity": data["counts"].values * factor}
        again = new("diffraction", values, source="mixture.xy", metadata={"anode": "Cu"})
        results.append(analysed(folder, again, "halite", "silicon").quantities["mass_fraction:halite"])
    assert results[0].value == pytest.approx(results[1].value, rel=1e-6)
    assert results[0].u == pytest.approx(results[1].u, rel=1e-3)
    plain = analysed(folder, data, "halite", "silicon").quantities["mass_fraction:halite"]
    assert results[0].value == pytest.approx(plain.value, abs=0.005)


def test_another_anode_than_that_of_the_tube_gives_no_number_and_a_hint(folder):
    data = mixture(folder, {"halite": 0.7, "silicon": 0.3}, anode="Co")
    data.attrs["metadata"] = {}
    result = analysed(folder, data, "halite", "silicon", anode="Mo")
    assert {q.value for q in result.quantities.values()} == {None}
    assert "with Co radiation" in result.quantities["mass_fraction:halite"].why


def test_a_phase_that_was_not_named_fails_a_check(folder):
    data = mixture(folder, {"halite": 0.6, "silicon": 0.3, "fluorite": 0.1})
    result = analysed(folder, data, "halite", "silicon")
    check = next(c for c in result.checks if c.name == "all reflections explained")
    assert check.passed is False
    assert "is a phase missing?" in check.detail


@pytest.mark.slow
def test_the_limits_of_an_absent_phase_are_true(folder):
    """What is stated of a pattern without the phase is found when it is there (ten seeds of each: docs/diffraction.md)."""

    def found(share, seed):
        masses = {"halite": 1.0 - share} | ({"fluorite": share} if share else {})
        data = mixture(folder, masses, seed=seed)
        return analysed(folder, data, "halite", "fluorite", two_theta_max=60.0).quantities

    stated = [found(0.0, seed) for seed in range(2)]
    assert all(one["mass_fraction:fluorite"].value is None for one in stated)
    limit = float(np.mean([one["detection_limit:fluorite"].value for one in stated]))
    assert 0.003 < limit < 0.02
    assert sum(found(limit, seed)["mass_fraction:fluorite"].value is not None for seed in range(100, 105)) >= 4


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (
            np.arange(20.0, 80.0, 0.1),
            lambda x: np.where(np.arange(len(x)) % 3, 10.0, -5.5),
            "are negative, which no detector gives",
        ),
        (np.arange(20.0, 80.0, 0.1), lambda x: 0.0 * x, "has no counts"),
        (np.arange(20.0, 22.0, 0.01), lambda x: 5.0 + 0.0 * x, "100 points over 5 deg"),
        (np.arange(20.0, 80.0, 0.1), lambda x: np.full(len(x), np.nan), "finite angles and intensities"),
    ],
)
def test_what_is_no_pattern_is_refused(folder, x, y, says):
    data = new("diffraction", {"two_theta": x, "intensity": y(x)}, source="odd.xy", metadata={"anode": "Cu"})
    with pytest.raises(DataError, match=says) as caught:
        analysed(folder, data, "halite")
    assert caught.value.file == "odd.xy"
    assert caught.value.message.count(". ") == 0


@pytest.mark.slow
def test_nanocrystalline_mixtures_under_a_halo(folder, tmp_path):
    """Halo, cells, positions, profiles and background are not those fitted; 60 such patterns are in docs/diffraction.md."""
    errors, pulls = [], []
    for seed in range(300, 310):
        data, truth = milled(seed, (0.3, 0.4, 0.5, 0.6, 0.7)[seed % 5], tmp_path)
        result = analysed(folder, data, "alpha", "beta", halo="silica", profile="0 0 0.0064 0 0 0.02")
        found = result.quantities["mass_fraction:alpha"]
        assert found.value is not None, found.why
        errors.append(found.value - truth["mass_fraction:alpha"])
        pulls.append(errors[-1] / found.u)
    assert abs(np.mean(errors)) < 0.05
    assert np.sqrt(np.mean(np.square(pulls))) < 1.7  # 10 pulls: 99.9 % below
    assert np.max(np.abs(errors)) < 0.12


@pytest.mark.slow
def test_a_transition_over_temperature_from_whole_patterns(folder, tmp_path):
    """Patterns under a halo, with cells that differ as heat makes them: the monoclinic salt goes between 450 and 500 K."""
    asked = {"halo": "silica", "profile": "0 0 0.0064 0 0 0.02"}
    shares = {350.0: 0.9, 400.0: 0.88, 450.0: 0.85, 500.0: 0.1}
    points = []
    for seed, (kelvin, share) in enumerate(shares.items(), 400):
        data, _ = milled(seed, share, tmp_path)
        points.append(
            (kelvin, analysed(folder, data, "alpha", "beta", temperature=uncertain(kelvin, {"t": 1.0}), **asked))
        )
    made = phase_series(points, name="salt", axis="temperature")
    assert points[0][1].quantities["temperature"].value == 350.0
    found = made.quantities["transition_temperature"]
    assert found.value == pytest.approx(475.0)
    assert made.findings["first"] == "alpha"
    still = phase_series(points[:3], name="salt", axis="temperature").quantities["transition_temperature"]
    assert "none between" in still.why
