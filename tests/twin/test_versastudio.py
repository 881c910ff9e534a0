from datetime import datetime

import numpy as np
import pytest

from closo.readers import read
from closo.twin import temperature_run, versastudio
from closo.twin.impedance import frequencies
from closo.twin.truth import SYNTHETIC

DATE = datetime(2026, 1, 5, 9, 0, 0)


def rows_of(path):
    """Parse the rows of a `.par` with nothing but split: an independent reading of the layout."""
    lines = path.read_text(encoding="utf-8").split("\n")
    start, end = lines.index("<Segment1>"), lines.index("</Segment1>")
    definition, *rows = lines[start + 3 : end]
    names = definition.removeprefix("Definition=").split(", ")
    table = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    assert table.shape[1] == len(names) - 1  # the last name, '0', has no column, as in real files
    return {name: table[:, k] for k, name in enumerate(names[:-1])}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return temperature_run("A200-35-4h", seed=4, folder=tmp_path_factory.mktemp("raw"))


def test_file_says_first_that_it_is_synthetic(run):
    raw = run.file.read_bytes()
    lines = raw.decode("ascii").split("\r\n")
    assert lines[:2] == ["<Application>", f"Note={SYNTHETIC}"]
    assert any(line.startswith(f"Comment={SYNTHETIC}") for line in lines)
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_rows_hold_rest_and_spectrum_in_turn(run):
    table = rows_of(run.file)
    segment = table["Segment #"]
    assert sorted(set(segment)) == list(range(26))
    assert np.array_equal(table["Point #"], np.arange(segment.size))
    assert np.all(np.diff(table["Elapsed Time(s)"]) > 0)
    for k, point in enumerate(run.points):
        rest, spectrum = segment == 2 * k, segment == 2 * k + 1
        assert set(table["ActionId"][rest]) == {41}
        assert set(table["Frequency(Hz)"][rest]) == {0}
        assert set(table["ActionId"][spectrum]) == {21}
        assert table["Frequency(Hz)"][spectrum] == pytest.approx(point.frequency, rel=1e-6)
        assert table["Z Real"][spectrum] == pytest.approx(point.impedance.real, rel=1e-6)
        assert table["Z Imag"][spectrum] == pytest.approx(point.impedance.imag, rel=1e-6)


def test_impedance_is_the_quotient_of_potential_and_current(run):
    table = rows_of(run.file)
    ac = table["Frequency(Hz)"] > 0
    e = table["E Real"][ac] + 1j * table["E Imag"][ac]
    i = table["I Real"][ac] + 1j * table["I Imag"][ac]
    z = table["Z Real"][ac] + 1j * table["Z Imag"][ac]
    assert np.max(np.abs(e / i / z - 1)) < 2e-6
    assert np.abs(e) == pytest.approx(0.010, rel=0.06)  # 10 mV


def test_the_reader_gives_back_what_went_in(run):
    spectra = [d for d in read(run.file) if d.attrs["kind"] == "impedance"]
    assert len(spectra) == 13
    for data, point in zip(spectra, run.points, strict=True):
        assert data["frequency"].values == pytest.approx(point.frequency, rel=1e-6)
        assert data["impedance"].values == pytest.approx(point.impedance, rel=2e-6)
        assert data.attrs["uncalibrated"]
        assert SYNTHETIC in str(data.attrs["metadata"])
    rests = [d for d in read(run.file) if d.attrs["kind"] == "open_circuit"]
    assert len(rests) == 13


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_comment_in_either_encoding_and_a_48_kb_line(tmp_path, encoding):
    f = frequencies()
    actions = [versastudio.potentiostatic_eis(f, 100.0 - 50j / f, np.random.default_rng(1))]
    path = tmp_path / "µ.par"
    versastudio.write_par(path, actions, comment="Dicke 310 µm", date=DATE, encoding=encoding, blob=48_000)
    text = path.read_bytes().decode(encoding)
    assert "Dicke 310 µm" in text
    assert max(map(len, text.split("\r\n"))) > 47_000
    (data,) = read(path)
    assert data["impedance"].values == pytest.approx(100.0 - 50j / f, rel=2e-6)
    assert "Dicke 310 µm" in str(data.attrs["metadata"])


def test_date_is_english_and_fixed(tmp_path):
    path = tmp_path / "a.par"
    actions = [versastudio.open_circuit(60.0, 6, np.random.default_rng(1))]
    versastudio.write_par(path, actions, comment="", date=datetime(2026, 3, 1, 0, 5, 9))
    text = path.read_text(encoding="utf-8")
    assert "TimeAcquired=12:05:09 AM" in text
    assert "DateAcquired=Sunday, March 1, 2026" in text


# direct current
TIME = np.round(np.arange(1, 201) * 0.5, 3)


def noisy(values, seed=3):
    return values * (1 + 1e-4 * np.random.default_rng(seed).standard_normal(len(TIME)))


ACTIONS = {
    "chronoamperometry": versastudio.chronoamperometry(
        TIME, noisy(2e-6 + 8e-6 * np.exp(-TIME / 20)), noisy(np.full(len(TIME), 0.01))
    ),
    "chronopotentiometry": versastudio.chronopotentiometry(
        TIME, noisy(3.0 + 1e-3 * TIME), noisy(np.full(len(TIME), 5e-5))
    ),
    "linear_sweep": versastudio.linear_sweep(2.0 + 1e-3 * TIME, noisy(1e-9 * TIME), TIME, 1e-3),
    "cyclic_voltammetry": versastudio.cyclic_voltammetry(1.0 - np.abs(TIME - 50) / 50, noisy(1e-9 * TIME), TIME, 0.02),
}
KINDS = {
    "chronoamperometry": "chronoamperometry",
    "chronopotentiometry": "chronopotentiometry",
    "linear_sweep": "voltammetry",
    "cyclic_voltammetry": "voltammetry",
}


@pytest.mark.parametrize("name", ACTIONS)
def test_direct_current_actions_come_back(tmp_path, name):
    path = tmp_path / "a.par"
    rest = versastudio.open_circuit(60.0, 6, np.random.default_rng(1))
    versastudio.write_par(path, [rest, ACTIONS[name]], comment="", date=DATE)
    before, data = read(path)
    assert (before.attrs["kind"], data.attrs["kind"]) == ("open_circuit", KINDS[name])
    columns = ACTIONS[name].columns
    np.testing.assert_allclose(data["current"], columns["I(A)"], rtol=1e-6)
    np.testing.assert_allclose(data["potential"], columns["E(V)"], rtol=1e-6)
    np.testing.assert_allclose(data["time"], 60.0 + TIME, atol=5e-4)
    assert data.attrs["metadata"]["action"] == ACTIONS[name].name
    assert SYNTHETIC in str(data.attrs["metadata"])
    assert data.attrs["warnings"] == ()


def test_settings_state_what_was_asked_for():
    assert "Potential (V),Value=0.01" in versastudio.chronoamperometry(TIME, TIME, TIME, level=0.01).settings
    assert "Current (A),Value=5E-05" in versastudio.chronopotentiometry(TIME, TIME, TIME, level=5e-5).settings
    assert "Scan Rate (V/s)=0.001" in ACTIONS["linear_sweep"].settings
    assert "Time Per Point (s)=0.5" in ACTIONS["chronoamperometry"].settings


@pytest.mark.parametrize(
    ("largest", "full_scale", "code", "name"),
    [
        (1.9e-3, 0.0, 5, "2mA"),
        (2.1e-3, 0.0, 4, "20mA"),
        (5e-5, 0.0, 6, "200uA"),
        (5e-5, 0.2, 3, "200mA"),
        (5.0, 0.0, 3, "200mA"),
    ],
)
def test_current_range_is_the_smallest_that_holds_the_current_or_the_one_given(largest, full_scale, code, name):
    action = versastudio.chronopotentiometry(TIME, TIME, np.full(200, -largest), full_scale=full_scale)
    assert action.columns["Current Range"] == code
    assert f"Current Range={name}" in action.settings


def test_cycling_with_spectra_comes_back_as_one_record(tmp_path):
    f = frequencies()
    path = tmp_path / "a.par"
    eis = versastudio.potentiostatic_eis(f, 100.0 - 50j / f, np.random.default_rng(1))
    charge = versastudio.chronopotentiometry(TIME, 3.0 + 1e-3 * TIME, np.full(200, 5e-5))
    discharge = versastudio.chronopotentiometry(TIME, 3.1 - 1e-3 * TIME, np.full(200, -5e-5))
    versastudio.write_par(path, [charge, eis, discharge, eis], comment="", date=DATE)
    record, *spectra = read(path)
    assert [d.attrs["kind"] for d in (record, *spectra)] == ["cycling", "impedance", "impedance"]
    assert record.sizes["point"] == 400 + 2 * f.size
    assert np.all(np.diff(record["time"]) >= 0)
    assert int(np.sum(record["frequency"].values > 0)) == 2 * f.size
    assert record["current"].values[record["step"].values == 2] == pytest.approx(-5e-5)
