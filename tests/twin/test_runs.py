import re

import numpy as np
import pytest

from closo.errors import StudyError
from closo.quantity import Quantity, correlation
from closo.twin import Nuisances, Truth, temperature_run
from closo.twin.pellet import draw_batch, draw_pellet
from closo.twin.runs import chamber_text, draw_run, specimen_texts


def reading(text):
    """'413.1 ± 5 um' -> (413.1, 5.0)."""
    value, u = re.match(r"([-\d.]+) ± ([\d.]+)", text).groups()
    return float(value), float(u)


def test_a_run_is_repeatable_and_changes_with_the_seed(tmp_path):
    first = temperature_run("milled", seed=7, folder=tmp_path / "a")
    again = temperature_run("milled", seed=7, folder=tmp_path / "b")
    other = temperature_run("milled", seed=8, folder=tmp_path / "a")
    assert first.file.read_bytes() == again.file.read_bytes() != other.file.read_bytes()
    assert first.specimen == again.specimen != other.specimen


def test_a_run_gives_what_an_analysis_needs(tmp_path):
    run = temperature_run("A200-35-4h", seed=1, folder=tmp_path)
    assert len(run.points) == len(run.conditions) == len(run.temperatures()) == 13
    assert [c["branch"] for c in run.conditions] == ["heating"] * 7 + ["cooling"] * 6
    assert run.conditions[0]["temperature"] == "30 ± 0.1 degC"
    numbers = run.numbers()
    assert set(numbers) == {"area", "thickness", "lead_resistance"}
    assert Quantity("thickness", numbers["thickness"]).u == pytest.approx(5e-6)
    cold, hot = run.temperatures()[0], run.temperatures()[6]
    assert correlation(cold, hot) == pytest.approx(0.25 / 0.26)  # they share the chamber's offset
    assert Quantity("temperature", cold).u == pytest.approx(np.hypot(0.5, 0.1))


def test_the_truth_of_a_point_is_consistent(tmp_path):
    run = temperature_run("milled", seed=3, folder=tmp_path)
    p, sample = run.pellet, run.pellet.batch.truth
    for point in run.points:
        half = {"heating": -0.015, "cooling": 0.015}[point.branch]
        expected = sample.conductivity(point.temperature) * p.spread * np.exp(half)
        assert point.conductivity == pytest.approx(expected)
        assert point.resistance == pytest.approx(p.thickness / (expected * p.area))
    assert p.mass == pytest.approx(p.batch.density * (1 - p.void) * p.area * p.thickness)
    assert 0.02 <= p.void <= 0.08


def test_without_nuisances_the_spectrum_is_the_forward_model():
    calm = Nuisances(gain=0, delay=0, noise=0, noise_edge=0, mains=0, temperature_offset=0, temperature_scatter=0)
    truth = Truth(seed=1, nuisances=calm)
    pellet = draw_pellet(truth, draw_batch(truth, "A200-35-4h"), "p")
    (point,) = draw_run(truth, pellet, [(60.0, "heating")])
    assert point.temperature == 333.15
    f, z = point.frequency, point.impedance
    electrodes = 1 / (truth.cpe_coefficient * pellet.area * (2j * np.pi * f) ** 0.9)
    bulk = 1 / (1 / point.resistance + 2j * np.pi * f * 8.8541878188e-12 * 10 * pellet.area / pellet.thickness)
    assert z == pytest.approx(2j * np.pi * f * 1e-6 + 0.5 + bulk + electrodes)


def test_every_reading_errs_as_much_as_it_states():
    """The heart of an honest twin: over many seeds (reading - truth) / stated u has mean 0 and standard deviation 1."""
    pulls = {key: [] for key in ("mass", "thickness", "area", "lead_resistance", "scatter", "offset", "fraction")}
    for seed in range(600):
        truth = Truth(seed=seed)
        batch = draw_batch(truth, "A380-35-4h")
        pellet = draw_pellet(truth, batch, "p")
        units = {"mass": 1e-6, "thickness": 1e-6, "area": 1e-4, "lead_resistance": 1.0}
        for key, unit in units.items():
            value, u = reading(specimen_texts(truth, pellet)[key])
            pulls[key].append((value - getattr(pellet, key) / unit) / u)
        first, second = draw_run(truth, pellet, [(30.0, "heating"), (60.0, "heating")])
        errors = first.temperature - 303.15, second.temperature - 333.15
        pulls["scatter"].append((errors[0] - errors[1]) / (np.sqrt(2) * 0.1))
        pulls["offset"].append(np.mean(errors) / np.hypot(reading(chamber_text(truth))[1], 0.1 / np.sqrt(2)))
        salt, silica = batch.masses["Na2B12H12"] / 1190.0, batch.masses["SiO2"] / 2200.0
        phi = silica / (salt + silica)
        u_phi = phi * (1 - phi) * np.hypot(0.01, 0.01)  # two densities known to 1 %; weighing is far below
        pulls["fraction"].append((phi - batch.fraction) / u_phi)
    for key, pull in pulls.items():
        assert abs(np.mean(pull)) < 0.16, key
        assert 0.9 < np.std(pull) < 1.1, key


def test_pellets_of_one_sample_spread_as_declared():
    spreads = []
    for seed in range(300):
        truth = Truth(seed=seed)
        batch = draw_batch(truth, "milled")
        spreads += [np.log(draw_pellet(truth, batch, f"p{k}").spread) for k in (1, 2)]
    assert np.std(spreads) == pytest.approx(0.06, rel=0.1)
    assert abs(np.corrcoef(spreads[::2], spreads[1::2])[0, 1]) < 0.2


def test_unknown_sample_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(StudyError, match="Did you mean 'milled'"):
        temperature_run("miled", seed=0, folder=tmp_path / "new")
    assert not (tmp_path / "new").exists()
